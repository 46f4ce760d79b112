"""Fine-tune the distilled table on the mined pairs, and measure both on pairs of packages kept apart.

    python train.py WORK

A text is the sum over its distinct tokens of sqrt(tf) * E_t, L2-normalised. Symmetric InfoNCE over batches of 2,048 pairs, made of
blocks of 64 pairs of one package so that a batch holds hard negatives. Writes WORK/tuned.npy and prints retrieval figures.
"""

import hashlib
import pathlib
import pickle
import random
import sys
import time

import numpy
import torch

from tokens import Tokenizer

BATCH, BLOCK = 2048, 64
TEMPERATURE, RATE, WARM_UP = 0.05, 3e-3, 0.05
EPOCHS = 1     # three gave the same held-out figures
HELD_OUT_PERCENT = 4
HELD_OUT_PAIRS = 4000


def held_out(package):
    """Whole packages are kept apart, so that no file is on both sides."""
    return int(hashlib.blake2b(package.encode(), digest_size=4).hexdigest(), 16) % 100 < HELD_OUT_PERCENT


class Bags:
    """Token bags of many texts in one flat array."""

    def __init__(self, tokenizer, texts):
        ids, weights, starts = [], [], [0]
        for text in texts:
            tokens, counts = numpy.unique(numpy.array(tokenizer.ids(text), numpy.int32), return_counts=True)
            ids.append(tokens)
            weights.append(numpy.sqrt(counts).astype(numpy.float32))
            starts.append(starts[-1] + len(tokens))
        self.ids, self.weights, self.starts = numpy.concatenate(ids), numpy.concatenate(weights), numpy.array(starts)

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


def main():
    work = pathlib.Path(sys.argv[1])
    torch.manual_seed(0)
    rng = random.Random(0)
    start = numpy.load(work / "distilled.npz")
    tokenizer = Tokenizer(list(start["starts"]), list(start["continuations"]))
    pairs = pickle.loads((work / "pairs.pickle").read_bytes())
    kinds, packages = numpy.array([p[0] for p in pairs]), [p[2] for p in pairs]
    queries, bodies = Bags(tokenizer, [p[3] for p in pairs]), Bags(tokenizer, [p[4] for p in pairs])
    filled = (numpy.diff(queries.starts) > 0) & (numpy.diff(bodies.starts) > 0)
    apart = [row for row in range(len(pairs)) if held_out(packages[row]) and filled[row]]
    rows = [row for row in range(len(pairs)) if not held_out(packages[row]) and filled[row]]
    rng.shuffle(apart)
    apart = numpy.array(apart[:HELD_OUT_PAIRS])
    distilled = torch.from_numpy(start["vectors"])
    print(len(rows), "pairs to train on,", len(apart), "held out; kind: (pairs, MRR, R@1, R@10)")
    print("distilled", measure(distilled, queries, bodies, kinds, apart), flush=True)

    table = torch.nn.Parameter(distilled.clone())
    gain = torch.nn.Parameter(torch.zeros(len(distilled)))
    plan = [batch for _ in range(EPOCHS) for batch in batches(rows, packages, rng)]
    optimizer = torch.optim.Adam([{"params": [table], "lr": RATE}, {"params": [gain], "lr": 3 * RATE}], betas=(0.9, 0.98), fused=True)
    rates = [group["lr"] for group in optimizer.param_groups]
    steps, began, mean = len(plan), time.monotonic(), None
    for step, chosen in enumerate(plan):
        scale = min((step + 1) / (WARM_UP * steps), 1) * (1 - step / steps)
        for group, rate in zip(optimizer.param_groups, rates):
            group["lr"] = rate * scale
        weighted = []
        for side in (queries, bodies):
            ids, offsets, weights = side.sparse(chosen)
            weighted.append(encode(table, (ids, offsets, weights * gain[ids].exp())))
        scores = weighted[0] @ weighted[1].T / TEMPERATURE
        target = torch.arange(len(chosen))
        loss = (torch.nn.functional.cross_entropy(scores, target) + torch.nn.functional.cross_entropy(scores.T, target)) / 2
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        mean = loss.item() if mean is None else 0.95 * mean + 0.05 * loss.item()
        if step % 40 == 0:
            print(f"step {step}/{steps} loss {mean:.3f} {time.monotonic() - began:.0f}s", flush=True)
    tuned = (table * gain.exp().unsqueeze(1)).detach()
    print("tuned", measure(tuned, queries, bodies, kinds, apart))
    scale = tuned.abs().amax(1, keepdim=True) / 127
    scale[scale == 0] = 1
    print("tuned int8", measure((tuned / scale).round() * scale, queries, bodies, kinds, apart))
    numpy.save(work / "tuned.npy", tuned.numpy())


if __name__ == "__main__":
    main()
