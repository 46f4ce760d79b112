"""Quantise a table and write the model file and the fixture that the Rust tests compare with.

    python export.py WORK MODEL_FOLDER

writes MODEL_FOLDER/aiex-static-v2.bin (layout: indexer/aiex-embed/src/static_model/format.rs) and MODEL_FOLDER/golden.json.
"""

import json
import pathlib
import struct
import sys

import blake3
import numpy

from tokens import Tokenizer

NAME = "aiex-static-v2"
SAMPLES = [
    "",
    "\u4e2d\u6587 \u2014 \u00a7",
    "read a file line by line",
    "fn parse_http_request(buf: &[u8]) -> Result<Request, ParseError> {",
    "HTTPServer getIDs utf8ToUtf16 sha256sum x86_64 _private __init__ CONST_VALUE",
    "Caf\u00e9 na\u00efve re\u0301sume\u0301 \u017ear\u00d8 \u0130stanbul stra\u00dfe",
    "aaaaaaaaaaaaaaaaaaaaaaaaa 12345678 123456 internationalization qzxwvkjq",
    "def merge_sort(items):\n    if len(items) <= 1:\n        return items\n    mid = len(items) // 2\n    return merge(merge_sort(items[:mid]), merge_sort(items[mid:]))\n",
    "the the the the quick brown fox",
]


def embed(tokenizer, scales, rows, text):
    tokens, counts = numpy.unique(numpy.array(tokenizer.ids(text), numpy.int64), return_counts=True)
    vector = (numpy.sqrt(counts) * scales[tokens].astype(numpy.float64)) @ rows[tokens].astype(numpy.float64) if len(tokens) else numpy.zeros(rows.shape[1])
    return vector / (numpy.linalg.norm(vector) or 1.0)


def main():
    work, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    start = numpy.load(work / "distilled.npz")
    starts, continuations = [str(t) for t in start["starts"]], [str(t) for t in start["continuations"]]
    table = numpy.load(work / "tuned.npy")
    scales = (numpy.abs(table).max(1) / 127).astype(numpy.float32)
    scales[scales == 0] = 1
    rows = numpy.round(table / scales[:, None]).clip(-127, 127).astype(numpy.int8)
    vocabulary, name = "\n".join(starts + continuations).encode(), NAME.encode()
    content = b"".join([
        b"AIEXSTAT", struct.pack("<IIII", 1, table.shape[1], len(starts), len(continuations)), struct.pack("<I", len(name)), name,
        struct.pack("<I", len(vocabulary)), vocabulary, scales.astype("<f4").tobytes(), rows.tobytes(),
    ])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.bin").write_bytes(content + blake3.blake3(content).digest())
    tokenizer = Tokenizer(starts, continuations)
    golden = [{"text": text, "ids": tokenizer.ids(text), "head": [round(float(x), 7) for x in embed(tokenizer, scales, rows, text)[:8]]}
              for text in SAMPLES]
    (folder / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
    print(len(content) + 32, "bytes")


if __name__ == "__main__":
    main()
