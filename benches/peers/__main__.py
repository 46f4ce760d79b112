"""aiex beside the tools that it competes with: the same trees, the same machine, by turns.

    python3 benches/peers --install FOLDER
    python3 benches/peers --peers FOLDER --aiex PROGRAM --trees TREE… [--rounds N] [--cold-rounds N] [--json FILE]

Prints Markdown. Every number is the cost of a real command, or a resident process's own clock; nothing is computed from
published figures. Runs of one step are interleaved: the first run of every tool, in turn, then the second, each round with
another tool first. A slow minute of the machine then falls on all of them.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict

import install
import model
import report
from compare import compare
from launcher import Failed, Launcher
from tools import present
from trees import LITERALS, QUESTIONS, REGEXES, Tree

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE.parent.parent / "indexer/aiex-embed/model/aiex-static-v2.bin"


def main():
    arguments = parse()
    if arguments.install:
        install.install(arguments.install, arguments.install_minutes)
        return
    with tempfile.TemporaryDirectory(prefix="peers-", dir=arguments.scratch) as scratch:
        scratch = pathlib.Path(scratch)
        launcher = Launcher(scratch)
        try:
            results = measure(arguments, launcher, scratch)
        finally:
            launcher.close()
    print(report.whole(results))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--install", type=pathlib.Path, help="install the tools into this folder, and end")
    parser.add_argument("--install-minutes", type=int, default=15, help="give up on a tool after this long")
    parser.add_argument("--peers", type=pathlib.Path, help="the folder that they were installed into")
    parser.add_argument("--aiex", type=pathlib.Path, help="the aiex program")
    parser.add_argument("--trees", type=pathlib.Path, nargs="+", default=[], help="folders of source code; they are copied")
    parser.add_argument("--only", nargs="+", help="only these tools")
    parser.add_argument("--rounds", type=int, default=9, help="runs of every step")
    parser.add_argument("--cold-rounds", type=int, default=3, help="indexes from nothing")
    parser.add_argument("--cold-seconds", type=float, default=900, help="give up on an index after this long")
    parser.add_argument("--scratch", type=pathlib.Path, help="where copies and indexes go")
    parser.add_argument("--json", type=pathlib.Path, help="where the samples go")
    arguments = parser.parse_args()
    if not arguments.install and not (arguments.peers and arguments.aiex and arguments.trees):
        parser.error("either --install, or --peers, --aiex and --trees")
    if arguments.rounds > len(QUESTIONS) // 2:
        parser.error(f"{len(QUESTIONS) // 2} rounds at most: no question is asked twice, for answers are remembered")
    return arguments


def measure(arguments, launcher, scratch):
    """All trees, all steps, all tools."""
    model.export(TABLE, scratch / "model")
    tools, missing = present(arguments, launcher, scratch / "model")
    tools = [tool for tool in tools if not arguments.only or tool.name in arguments.only]
    outcome = {name: "not installed" for name in missing}
    record = arguments.peers / "install.json"
    if record.exists():
        outcome |= {name: said for name, said in json.loads(record.read_text()).items() if said != "installed"}
    results = {
        "tools": [tool.name for tool in tools], "missing": outcome, "cores": os.cpu_count(), "loads": [], "trees": {},
        "versions": {tool.name: tool.version() for tool in tools}, "models": {tool.name: tool.model for tool in tools},
        "samples": {}, "failures": {}, "holds": {}, "comparisons": {},
    }
    for source in arguments.trees:
        tree = Tree(source.resolve(), scratch)
        results["trees"][tree.name] = tree.facts()
        run = Run(tree, tools, results)
        try:
            run.steps(arguments)
        finally:
            for tool in tools:
                tool.close()
            tree.remove()
        if arguments.json:
            arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    return results


class Run:
    """The steps on one tree."""

    def __init__(self, tree, tools, results):
        self.tree, self.tools, self.results = tree, tools, results
        self.samples = results["samples"][tree.name] = defaultdict(lambda: defaultdict(list))
        self.failures = results["failures"][tree.name] = defaultdict(dict)
        for tool in tools:
            tool.at(*tree.copy_for(tool), tree.mutable)

    def steps(self, arguments):
        rounds, names = arguments.rounds, self.tree.symbols
        cold = arguments.cold_rounds
        self.step("cold", cold, lambda tool, turn: tool.cold(f"first, {QUESTIONS[turn]}", arguments.cold_seconds), "cold")
        self.step("warm", 1, lambda tool, _: tool.search(names[-10])[0], "search")
        self.step("question", rounds, lambda tool, turn: tool.question(QUESTIONS[turn]), "question")
        self.step("symbol", rounds, lambda tool, turn: tool.symbol(names[turn]), "symbol")
        self.step("resident question", rounds, lambda tool, turn: tool.resident(QUESTIONS[-1 - turn]), "resident")
        self.step("resident symbol", rounds, lambda tool, turn: tool.resident(names[rounds + turn]), "resident")
        self.step("unchanged", rounds, lambda tool, turn: tool.unchanged(f"{QUESTIONS[turn]} again"), "unchanged")
        for mode, patterns in (("literal", LITERALS), ("regex", REGEXES)):
            self.step(mode, len(patterns), lambda tool, turn, mode=mode, patterns=patterns: tool.exhaustive(mode, patterns[turn]),
                      "exhaustive")
        self.hold()
        patterns = [("literal", one) for one in LITERALS] + [("regex", one) for one in REGEXES]
        by_name = {tool.name: tool for tool in self.tools}
        if "aiex" in by_name and "ripgrep" in by_name:
            self.results["comparisons"][self.tree.name] = compare(by_name["aiex"], by_name["ripgrep"], patterns)
        self.step("changed", rounds, lambda tool, turn: tool.changed(f"zq_token_{turn}"), "changed")

    def step(self, name, rounds, act, method):
        """Runs a step of every tool that has it, in turn. A tool that was late once or failed twice is left out of the
        rounds that follow."""
        failed = defaultdict(int)
        for turn in range(rounds):
            self.results["loads"].append(os.getloadavg()[0])
            first = turn % len(self.tools)
            for tool in self.tools[first:] + self.tools[:first]:
                if not getattr(tool, method, None) or failed[tool.name] > 1:
                    continue
                try:
                    sample = act(tool, turn)
                    self.samples[name][tool.name].append(sample if isinstance(sample, float) else asdict(sample))
                except (Failed, OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
                    failed[tool.name] += 2 if "not done after" in str(error) else 1
                    self.failures[name][tool.name] = f"failed: {error}" if isinstance(error, Failed) else f"failed: {error!r}"
            print(self.tree.name, name, turn + 1, "of", rounds, file=sys.stderr, flush=True)

    def hold(self):
        """What each tool says that its index holds."""
        held = self.results["holds"][self.tree.name] = {}
        for tool in self.tools:
            if hasattr(tool, "holds"):
                try:
                    held[tool.name] = tool.holds()
                except (Failed, OSError, ValueError, KeyError, StopIteration) as error:
                    held[tool.name] = f"not told: {error!r}"


if __name__ == "__main__":
    main()
