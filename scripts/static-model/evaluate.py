"""Compare model files on held-out mined pairs and on a retrieval benchmark, by the vectors alone.

    python evaluate.py WORK BENCHMARK.jsonl CORPORA MODEL.bin [MODEL.bin ...]

WORK/pairs.pickle gives the held-out pairs (see train.py). BENCHMARK.jsonl has one query a line: id, corpus, query, suite and
relevant [{path, grade}]; CORPORA/<corpus>/ holds the files. Files are cut into whole-line chunks of about 750 characters, and a file
scores as its best chunk. Figures are NDCG@10 over files, graded, averaged over the queries of a suite; and the mean over suites.
WORK/evaluation/ keeps the chunks. `-` in place of WORK or of BENCHMARK leaves that part out.
"""

import collections
import json
import math
import pathlib
import pickle
import random
import struct
import sys
import tempfile

import numpy
import torch

from tokens import Tokenizer
from train import HELD_OUT_PAIRS, Bags, encode, held_out, measure

CHUNK = 750
LARGEST = 1_000_000                            # larger files are not read
SKIPPED = {"p-kafka", "l-kafka", "s-rails"}    # large, and much like the others
BATCH = 4096


def load(path):
    """(tokenizer, f32 table, name) of a model file."""
    data = pathlib.Path(path).read_bytes()
    assert data[:8] == b"AIEXSTAT"
    _, dimensions, starts, continuations, length = struct.unpack_from("<IIIII", data, 8)
    at = 28 + length
    size, = struct.unpack_from("<I", data, at)
    vocabulary = data[at + 4:at + 4 + size].decode().split("\n")
    at += 4 + size
    count = starts + continuations
    scales = numpy.frombuffer(data, "<f4", count, at)
    rows = numpy.frombuffer(data, numpy.int8, count * dimensions, at + 4 * count).reshape(count, dimensions)
    return Tokenizer(vocabulary[:starts], vocabulary[starts:]), torch.from_numpy(scales[:, None] * rows.astype(numpy.float32))


def chunks(text):
    """Whole lines joined to pieces of about 750 characters; longer lines are cut."""
    lines = [line[at:at + CHUNK] for line in text.splitlines(keepends=True) for at in range(0, len(line), CHUNK)]
    piece = ""
    for line in lines:
        if piece and len(piece) + len(line) > CHUNK:
            yield piece
            piece = ""
        piece += line
    if piece.strip():
        yield piece


def corpus(folder, kept):
    """([path of each chunk], [chunk]) of one corpus; the result is kept in a file."""
    kept = kept / (folder.name + ".pickle")
    if not kept.exists():
        paths, texts = [], []
        for path in sorted(folder.rglob("*")):
            if ".git" in path.parts or path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
                continue
            data = path.read_bytes()
            if b"\0" in data[:8192]:
                continue
            found = list(chunks(data.decode("utf-8", "replace")))
            paths += [str(path.relative_to(folder))] * len(found)
            texts += found
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps((paths, texts), protocol=5))
    return pickle.loads(kept.read_bytes())


def embed(tokenizer, table, texts):
    out = []
    with torch.inference_mode():
        for at in range(0, len(texts), BATCH):
            bags = Bags(tokenizer, texts[at:at + BATCH])
            out.append(encode(table, bags.sparse(numpy.arange(len(bags.starts) - 1))))
    return torch.cat(out)


def dcg(gains):
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))


def ndcg(relevant, files):
    grades = {}
    for target in relevant:
        grades[target["path"]] = max(grades.get(target["path"], 0), target.get("grade", 1))
    return dcg([grades.get(path, 0) for path in files]) / dcg(sorted(grades.values(), reverse=True)[:10])


def benchmark(models, queries, corpora, kept):
    """{suite: [one list of NDCG a model]}"""
    by_corpus = collections.defaultdict(list)
    for query in queries:
        if query["corpus"] not in SKIPPED and (corpora / query["corpus"]).is_dir():
            by_corpus[query["corpus"]].append(query)
    scores = collections.defaultdict(lambda: [[] for _ in models])
    for name in sorted(by_corpus):
        paths, texts = corpus(corpora / name, kept)
        names = sorted(set(paths))
        file_of = torch.from_numpy(numpy.searchsorted(numpy.array(names), numpy.array(paths)))
        for index, (tokenizer, table) in enumerate(models):
            d = embed(tokenizer, table, texts)
            q = embed(tokenizer, table, [query["query"] for query in by_corpus[name]])
            for row, query in zip(q @ d.T, by_corpus[name]):
                best = torch.full((len(names),), -2.0).scatter_reduce(0, file_of, row, "amax")
                top = [names[i] for i in best.topk(min(10, len(names))).indices.tolist()]
                scores[query["suite"]][index].append(ndcg(query["relevant"], top))
    return scores


def main():
    work, bench, corpora = sys.argv[1:4]
    models = [load(path) for path in sys.argv[4:]]
    if work != "-":
        pairs = pickle.loads((pathlib.Path(work) / "pairs.pickle").read_bytes())
        apart = [pair for pair in pairs if held_out(pair[2])]
        random.Random(0).shuffle(apart)
        apart = apart[:HELD_OUT_PAIRS]
        kinds, rows = numpy.array([p[0] for p in apart]), numpy.arange(len(apart))
        for path, (tokenizer, table) in zip(sys.argv[4:], models):
            print(path, measure(table, Bags(tokenizer, [p[3] for p in apart]), Bags(tokenizer, [p[4] for p in apart]), kinds, rows))
    if bench != "-":
        queries = [json.loads(line) for line in open(bench) if line.strip()]
        kept = pathlib.Path(work if work != "-" else tempfile.gettempdir()) / "evaluation"
        scores = benchmark(models, queries, pathlib.Path(corpora), kept)
        suites = sorted(scores)
        print(" ".join(f"{s:>10}" for s in [*suites, "mean"]))
        print(" ".join(f"{len(scores[s][0]):>10}" for s in suites))
        for index, path in enumerate(sys.argv[4:]):
            means = [sum(scores[s][index]) / len(scores[s][index]) for s in suites]
            print(" ".join(f"{m:>10.4f}" for m in [*means, sum(means) / len(means)]), path, flush=True)


if __name__ == "__main__":
    main()
