"""Fine-tune the distilled table on the mined pairs and on the teacher's vectors, and measure it on pairs of packages kept apart.

    python train.py WORK

A text is the sum over its distinct tokens of sqrt(tf) * E_t, L2-normalised. Two losses are added:

* symmetric InfoNCE over batches of 2,048 pairs, made of blocks of 64 pairs of one package so that a batch holds hard negatives;
  some of the documentation sentences stand as questions, and some of the code with its documentation;
* imitation of the teacher (see teach.py) on its texts: each vector, linearly mapped, should point where the teacher's does, and the
  similarities inside a batch should be ordered as the teacher's are.

The tables of three runs, one of them without the teacher, are averaged: each starts from the same table, so rows stay comparable.
Writes WORK/tuned.npy and prints retrieval figures. WORK/bags.pickle keeps the tokenised texts between runs.
"""

import array
import collections
import hashlib
import pathlib
import pickle
import random
import sys
import time

import numpy
import torch

from questions import question
from tokens import Tokenizer

BATCH, BLOCK = 2048, 64
TEMPERATURE, RATE, WARM_UP = 0.05, 3e-3, 0.05
EPOCHS = 1
QUESTIONS, DOCUMENTED = 0.4, 0.25             # shares of the documentation pairs
TAUGHT = 1024                                 # teacher texts a step
DIRECTION, RELATION = 4.0, 1.0                # weights of the two imitation losses
RUNS = (0, True), (1, True), (0, False)       # seed, and whether the teacher takes part; the tables are averaged
HELD_OUT_PERCENT = 4
HELD_OUT_PAIRS = 4000


def held_out(package):
    """Whole packages are kept apart, so that no file is on both sides."""
    return int(hashlib.blake2b(package.encode(), digest_size=4).hexdigest(), 16) % 100 < HELD_OUT_PERCENT


class Bags:
    """Token bags of many texts in one flat array."""

    def __init__(self, tokenizer, texts):
        ids, counts, starts = array.array("i"), array.array("i"), array.array("q", [0])
        for text in texts:
            bag = collections.Counter(tokenizer.ids(text))
            ids.extend(bag)
            counts.extend(bag.values())
            starts.append(len(ids))
        self.ids, self.starts = numpy.array(ids), numpy.array(starts)
        self.weights = numpy.sqrt(numpy.array(counts, numpy.float32))

    def sparse(self, rows):
        """The chosen texts as (token ids, offsets, weights) for embedding_bag."""
        lengths = self.starts[1:][rows] - self.starts[:-1][rows]
        bounds = numpy.concatenate([[0], numpy.cumsum(lengths)])
        at = numpy.arange(bounds[-1]) - numpy.repeat(bounds[:-1] - self.starts[:-1][rows], lengths)
        return torch.from_numpy(self.ids[at].astype(numpy.int64)), torch.from_numpy(bounds[:-1]), torch.from_numpy(self.weights[at])


def encode(table, bag):
    vectors = torch.nn.functional.embedding_bag(bag[0], table, bag[1], mode="sum", per_sample_weights=bag[2])
    return torch.nn.functional.normalize(vectors, dim=1)


def measure(table, queries, bodies, kinds, rows):
    """Mean reciprocal rank and recall@1/@10 of each query's own body among all held-out bodies, per kind."""
    with torch.inference_mode():
        q, d = encode(table, queries.sparse(rows)), encode(table, bodies.sparse(rows))
        scores = q @ d.T
        rank = (scores > scores.diagonal().unsqueeze(1)).sum(1).numpy() + 1
    result = {}
    for kind in ("all", *sorted(set(kinds[rows].tolist()))):
        chosen = rank if kind == "all" else rank[kinds[rows] == kind]
        result[kind] = (len(chosen), round(float((1 / chosen).mean()), 4), round(float((chosen == 1).mean()), 4),
                        round(float((chosen <= 10).mean()), 4))
    return result


def batches(rows, packages, rng):
    """One epoch: blocks of one package's pairs, shuffled and joined."""
    by_package = {}
    for row in rows:
        by_package.setdefault(packages[row], []).append(row)
    blocks, rest = [], []
    for package in sorted(by_package):
        members = by_package[package]
        rng.shuffle(members)
        whole = len(members) // BLOCK * BLOCK
        blocks.extend(members[at:at + BLOCK] for at in range(0, whole, BLOCK))
        rest.extend(members[whole:])
    rng.shuffle(rest)
    blocks.extend(rest[at:at + BLOCK] for at in range(0, len(rest) // BLOCK * BLOCK, BLOCK))
    rng.shuffle(blocks)
    per = BATCH // BLOCK
    return [numpy.array(sum(blocks[at:at + per], [])) for at in range(0, len(blocks) // per * per, per)]


def question_of(pair, rng):
    """The query of a pair in one epoch."""
    return question(pair[3], pair[1], rng) if pair[0] == "doc" and rng.random() < QUESTIONS else pair[3]


def body_of(pair, rng):
    """The code of a pair, some of it with its documentation, as in the chunks that are searched."""
    return pair[3] + "\n" + pair[4] if pair[0] == "doc" and rng.random() < DOCUMENTED else pair[4]


def prepare(work):
    """Everything training needs, tokenised: bags of the pairs' code, of their queries in each epoch, and of the teacher's texts."""
    kept = work / "bags.pickle"
    if not kept.exists():
        start = numpy.load(work / "distilled.npz")
        tokenizer = Tokenizer(start["starts"].tolist(), start["continuations"].tolist())
        pairs = pickle.loads((work / "pairs.pickle").read_bytes())
        apart = [pair for pair in pairs if held_out(pair[2])]
        random.Random(0).shuffle(apart)
        apart, pairs = apart[:HELD_OUT_PAIRS], [pair for pair in pairs if not held_out(pair[2])]
        rng = random.Random(2)
        texts = {"bodies": [body_of(pair, rng) for pair in pairs]}
        texts |= {f"queries {epoch}": [question_of(pair, rng) for pair in pairs] for epoch in range(EPOCHS)}
        texts |= {"apart queries": [pair[3] for pair in apart], "apart bodies": [pair[4] for pair in apart]}
        result = {name: Bags(tokenizer, side) for name, side in texts.items()}
        result["kinds"], result["packages"] = numpy.array([pair[0] for pair in apart]), [pair[2] for pair in pairs]
        kept.write_bytes(pickle.dumps(result, protocol=5))
    return pickle.loads(kept.read_bytes())


def lessons(work, tokenizer):
    """The teacher's texts as bags, and its vectors."""
    shards = [numpy.load(path) for path in sorted((work / "teacher").glob("??.npz"))]
    texts = [text for shard in shards for text in shard["texts"].tolist()]
    return Bags(tokenizer, texts), torch.from_numpy(numpy.concatenate([shard["vectors"] for shard in shards]))


def contrast(scores):
    target = torch.arange(len(scores))
    return (torch.nn.functional.cross_entropy(scores, target) + torch.nn.functional.cross_entropy(scores.T, target)) / 2


def imitate(student, teacher, axes):
    """(1 - cosine of the mapped vectors, divergence of the similarities inside the batch)"""
    direction = 1 - (torch.nn.functional.normalize(student @ axes, dim=1) * teacher).sum(1).mean()
    itself = torch.eye(len(student), dtype=torch.bool)
    mine = (student @ student.T / TEMPERATURE).masked_fill(itself, -30.0).log_softmax(1)
    theirs = (teacher @ teacher.T / TEMPERATURE).masked_fill(itself, -30.0).log_softmax(1)
    return direction, torch.nn.functional.kl_div(mine, theirs, log_target=True, reduction="batchmean")


def train(data, start, taught=None, direction=DIRECTION, relation=RELATION, epochs=EPOCHS, rate=RATE, seed=0, most=None):
    """The tuned table; `taught` is what `lessons` gives, `most` limits the steps."""
    rng = random.Random(seed)
    bodies = data["bodies"]
    table = torch.nn.Parameter(torch.from_numpy(start["vectors"]))
    gain = torch.nn.Parameter(torch.zeros(len(table)))
    axes = torch.nn.Parameter(torch.from_numpy(start["axes"].astype(numpy.float32)))
    groups = [{"params": [table], "lr": rate}, {"params": [gain], "lr": 3 * rate}, {"params": [axes], "lr": rate}]
    optimizer = torch.optim.Adam(groups, betas=(0.9, 0.98), fused=True)
    rates = [group["lr"] for group in optimizer.param_groups]
    plan = []
    for epoch in range(epochs):
        queries = data[f"queries {epoch % EPOCHS}"]
        filled = ((numpy.diff(queries.starts) > 0) & (numpy.diff(bodies.starts) > 0)).nonzero()[0].tolist()
        plan += [(queries, batch) for batch in batches(filled, data["packages"], rng)]
    plan = plan[:most]
    order = numpy.random.default_rng(seed).permutation(len(taught[1])) if taught else []

    def side(bags, rows):
        ids, offsets, weights = bags.sparse(rows)
        return encode(table, (ids, offsets, weights * gain[ids].exp()))

    began, mean = time.monotonic(), None
    for step, (queries, chosen) in enumerate(plan):
        scale = min((step + 1) / (WARM_UP * len(plan)), 1) * (1 - step / len(plan))
        for group, rate in zip(optimizer.param_groups, rates):
            group["lr"] = rate * scale
        parts = [contrast(side(queries, chosen) @ side(bodies, chosen).T / TEMPERATURE)]
        if taught:
            rows = order.take(range(step * TAUGHT, (step + 1) * TAUGHT), mode="wrap")
            parts += imitate(side(taught[0], rows), taught[1][rows].float(), axes)
        loss = sum(weight * part for weight, part in zip((1.0, direction, relation), parts))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        now = numpy.array([part.item() for part in parts])
        mean = now if mean is None else 0.95 * mean + 0.05 * now
        if step % 40 == 0:
            print(f"step {step}/{len(plan)} losses {mean.round(3)} {time.monotonic() - began:.0f}s", flush=True)
    return (table * gain.exp().unsqueeze(1)).detach()


def main():
    work = pathlib.Path(sys.argv[1])
    start = numpy.load(work / "distilled.npz")
    start = {name: start[name] for name in start.files}
    data = prepare(work)
    apart = data["apart queries"], data["apart bodies"], data["kinds"], numpy.arange(len(data["kinds"]))
    print(len(data["packages"]), "pairs to train on; kind: (pairs held out, MRR, R@1, R@10)")
    print("distilled", measure(torch.from_numpy(start["vectors"]), *apart), flush=True)
    taught = lessons(work, Tokenizer(start["starts"].tolist(), start["continuations"].tolist()))
    tables = []
    for seed, with_teacher in RUNS:
        tables.append(train(data, start, taught if with_teacher else None, seed=seed))
        print("seed", seed, "with teacher" if with_teacher else "alone", measure(tables[-1], *apart), flush=True)
    tuned = torch.stack(tables).mean(0)
    print("averaged", measure(tuned, *apart))
    scale = tuned.abs().amax(1, keepdim=True) / 127
    scale[scale == 0] = 1
    print("tuned int8", measure((tuned / scale).round() * scale, *apart))
    numpy.save(work / "tuned.npy", tuned.numpy())


if __name__ == "__main__":
    main()
