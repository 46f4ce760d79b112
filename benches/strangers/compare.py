"""Asks aiex and semble the questions of `questions.jsonl`, side by side, over repositories that nothing here was tuned on.

    python3 benches/strangers/compare.py --repos FOLDER --aiex target/release/aiex [--semble VENV/bin/python] [--misses]

Repositories that are not in FOLDER yet are fetched from where `repositories.json` says, at its commits. semble gets aiex's static
table, since its own model cannot be had offline. Both index everything they can and give ten hits.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "peers"))
import model  # noqa: E402

TABLE = HERE.parents[1] / "indexer/aiex-embed/model/aiex-static-v2.bin"
HITS = 10
SEMBLE = """
import json, sys
from semble.index import SembleIndex
from semble.types import ContentType as C
index = SembleIndex.from_path(sys.argv[1], content=(C.CODE, C.DOCS, C.CONFIG))
for line in sys.stdin:
    query = json.loads(line)
    answers = []
    for options in ({}, {"alpha": 0.0, "rerank": False}):
        hits = [found.chunk for found in index.search(query, top_k=%d, **options)]
        answers.append([[hit.file_path, hit.start_line, hit.end_line] for hit in hits])
    print(json.dumps(answers), flush=True)
""" % HITS


def lay_out(folder, repositories):
    for name, source in repositories.items():
        tree = folder / name
        if tree.exists():
            continue
        tree.mkdir(parents=True)
        for step in (["init", "-q"], ["fetch", "-q", "--depth", "1", source["url"], source["commit"]],
                     ["checkout", "-q", "FETCH_HEAD"]):
            subprocess.run(["git", "-C", tree, *step], check=True)


def ask_aiex(program, tree, questions):
    """Each question's hits, by the program and a daemon with an empty home."""
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "AIEX_HOME": home, "NO_COLOR": "1"}
        for name in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
            env[name] = home
        search = [program, "search", "--repo", tree, "--yes", "--complete", "--json", "--limit", str(HITS)]
        answers = []
        try:
            for question in questions:
                out = subprocess.run([*search, question], env=env, check=True, capture_output=True, text=True).stdout
                hits = [json.loads(line) for line in out.splitlines()]
                answers.append([[hit["path"], hit["start_line"], hit["end_line"]] for hit in hits])
        finally:
            subprocess.run([program, "daemon", "stop"], env=env, capture_output=True)
        return {"aiex": answers}


def ask_semble(python, tree, questions, table):
    with tempfile.TemporaryDirectory() as cache:
        env = {**os.environ, "SEMBLE_MODEL_NAME": str(table), "SEMBLE_CACHE_LOCATION": cache, "HF_HUB_OFFLINE": "1"}
        asked = "".join(json.dumps(question) + "\n" for question in questions)
        ended = subprocess.run([python, "-c", SEMBLE, tree], env=env, capture_output=True, text=True, input=asked)
        if ended.returncode:
            print(f"semble fails on {tree.name}: {ended.stderr.splitlines()[-1]}", file=sys.stderr)
            answers = [([], []) for _ in questions]
        else:
            answers = [json.loads(line) for line in ended.stdout.splitlines()]
        return {"semble, hybrid": [answer[0] for answer in answers], "semble, BM25": [answer[1] for answer in answers]}


def place_of_file(hits, paths):
    """The place of the first file that is among `paths`, from 1; none when there is none. Files count once."""
    files = list(dict.fromkeys(hit[0] for hit in hits))
    return next((place for place, file in enumerate(files, 1) if file in paths), None)


def judge(question, hits):
    """The ranks of the right file and of the right lines; a hit has the lines when it overlaps an answer."""
    answers = question["answers"]

    def has_lines(hit):
        return any(hit[0] == answer["path"] and hit[1] <= answer["to"] and answer["from"] <= hit[2] for answer in answers)

    span = next((place for place, hit in enumerate(hits, 1) if has_lines(hit)), None)
    return place_of_file(hits, {answer["path"] for answer in answers}), span


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--repos", type=pathlib.Path, required=True)
    arguments.add_argument("--aiex", type=pathlib.Path, required=True)
    arguments.add_argument("--semble", type=pathlib.Path)
    arguments.add_argument("--misses", action="store_true", help="name what aiex has not among the first three")
    arguments = arguments.parse_args()
    repositories = json.loads((HERE / "repositories.json").read_text())
    lay_out(arguments.repos, repositories)
    questions = [json.loads(line) for line in (HERE / "questions.jsonl").read_text().splitlines()]
    ranks = {}
    with tempfile.TemporaryDirectory() as folder:
        table = pathlib.Path(folder) / "table"
        model.export(TABLE, table)
        for name in repositories:
            tree = (arguments.repos / name).resolve()
            own = [question for question in questions if question["repo"] == name]
            asked = [question["query"] for question in own]
            answers = ask_aiex(arguments.aiex.resolve(), tree, asked)
            if arguments.semble:
                answers |= ask_semble(arguments.semble, tree, asked, table)
            for tool, lists in answers.items():
                for question, hits in zip(own, lists, strict=True):
                    ranks.setdefault(tool, {})[question["id"]] = judge(question, hits)
                    if arguments.misses and tool == "aiex" and not in_first(ranks[tool][question["id"]][1], 3):
                        print(f"{question['id']}: {ranks[tool][question['id']]}", *hits[:4], sep="\n    ", file=sys.stderr)
    print(table_of(questions, ranks))


def in_first(place, most):
    return place is not None and place <= most


def table_of(questions, ranks):
    count = len(questions)
    kinds = list(dict.fromkeys(question["kind"] for question in questions))
    lines = [f"| of {count} | file in the first 3 | span in the first 3 | file first | mean reciprocal rank | " + " | ".join(kinds) + " |",
             "|---" * (5 + len(kinds)) + "|"]
    for tool, own in ranks.items():
        files, spans = [file for file, _ in own.values()], [span for _, span in own.values()]
        by_kind = [sum(in_first(own[q["id"]][0], 3) for q in questions if q["kind"] == kind) for kind in kinds]
        cells = [tool, sum(in_first(place, 3) for place in files), sum(in_first(place, 3) for place in spans),
                 sum(place == 1 for place in files), f"{sum(1 / place for place in files if place) / count:.3f}", *by_kind]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
