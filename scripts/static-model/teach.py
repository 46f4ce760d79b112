"""Embed a sample of the mined texts with the teacher, all-MiniLM-L6-v2, for train.py to imitate.

    python teach.py WORK

reads WORK/pairs.pickle and writes WORK/teacher/<number>.npz, each a shard of texts with their vectors: documentation sentences and
headings, half of them as questions (see questions.py), and the beginnings of code. The shards are independent draws, so training
may use fewer. The teacher's linear layers run in int8; vectors are mean pooled and L2-normalised.
"""

import pathlib
import pickle
import random
import sys
import time

import numpy
import torch
import transformers

from distil import folder
from questions import question

SHARDS = 10
SHORT, BODIES = 16_000, 2_200    # texts a shard
SHORT_TOKENS, BODY_TOKENS = 48, 128
BODY_CHARACTERS = 450
BATCH_TOKENS = 4096


def draw(pairs):
    """The texts of each shard: sentences first, then code."""
    rng = random.Random(1)
    sentences = [row for row, pair in enumerate(pairs) if pair[0] in ("doc", "head")]
    rng.shuffle(sentences)
    bodies = list(range(len(pairs)))
    rng.shuffle(bodies)
    for shard in range(SHARDS):
        chosen = sentences[shard * SHORT:(shard + 1) * SHORT]
        short = [question(pairs[row][3], pairs[row][1], rng) if pairs[row][0] == "doc" and rng.random() < 0.5 else pairs[row][3] for row in chosen]
        yield short, [pairs[row][4][:BODY_CHARACTERS] for row in bodies[shard * BODIES:(shard + 1) * BODIES]]


def embed(tokenizer, model, texts, most):
    """Mean-pooled unit vectors, in batches of texts of about one length."""
    encoded = tokenizer(texts, truncation=True, max_length=most)["input_ids"]
    out = numpy.zeros((len(texts), 384), numpy.float32)
    order = sorted(range(len(texts)), key=lambda i: (len(encoded[i]), i))
    at = 0
    with torch.inference_mode():
        while at < len(order):
            rows = order[at:at + max(1, BATCH_TOKENS // max(len(encoded[order[at]]), 8))]
            inputs = tokenizer.pad({"input_ids": [encoded[i] for i in rows]}, return_tensors="pt")
            hidden = model(**inputs).last_hidden_state
            mask = inputs["attention_mask"].unsqueeze(-1)
            out[rows] = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1)).numpy()
            at += len(rows)
    return out


def main():
    work = pathlib.Path(sys.argv[1])
    pairs = pickle.loads((work / "pairs.pickle").read_bytes())
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder())
    model = transformers.AutoModel.from_pretrained(folder()).eval()
    model = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
    (work / "teacher").mkdir(exist_ok=True)
    began = time.monotonic()
    for shard, (short, bodies) in enumerate(draw(pairs)):
        vectors = numpy.concatenate([embed(tokenizer, model, short, SHORT_TOKENS), embed(tokenizer, model, bodies, BODY_TOKENS)])
        part = work / "teacher" / f"{shard:02}.part.npz"
        numpy.savez(part, texts=numpy.array(short + bodies), vectors=vectors.astype(numpy.float16))
        part.rename(work / "teacher" / f"{shard:02}.npz")
        print(f"shard {shard + 1}/{SHARDS} {time.monotonic() - began:.0f}s", flush=True)


if __name__ == "__main__":
    main()
