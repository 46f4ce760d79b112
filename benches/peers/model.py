"""Writes aiex's static table in the form of Model2Vec, for tools whose own model cannot be had offline.

The rows and words are the same. The form has no place for two things that aiex does: names are not split at capitals, and a
word that stands several times in a text counts every time. What it costs to embed is a table's cost; how well it finds is a
little less than in aiex, and is not what is measured here.
"""

import json
import struct


def export(table, folder):
    """Reads `table` (layout: `indexer/aiex-embed/src/static_model/format.rs`) and writes the three files into `folder`."""
    content, at = table.read_bytes(), 8

    def number():
        nonlocal at
        at += 4
        return struct.unpack_from("<I", content, at - 4)[0]

    _, dimensions, starts, continuations = number(), number(), number(), number()
    name = number()
    at += name
    length = number()
    words = content[at:at + length].decode().split("\n")
    at += length
    rows = starts + continuations
    scales = struct.unpack_from(f"<{rows}f", content, at)
    at += 4 * rows
    vocabulary = words[:starts] + ["##" + word for word in words[starts:]] + ["[UNK]"]
    folder.mkdir(parents=True, exist_ok=True)
    header = {"embeddings": {"dtype": "F32", "shape": [rows + 1, dimensions], "data_offsets": [0, 4 * dimensions * (rows + 1)]}}
    header = json.dumps(header).encode()
    header += b" " * (-len(header) % 8)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for row, scale in enumerate(scales):
            components = struct.unpack_from(f"{dimensions}b", content, at + row * dimensions)
            file.write(struct.pack(f"<{dimensions}f", *(scale * component for component in components)))
        file.write(bytes(4 * dimensions))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer(vocabulary)))
    config = {"model_type": "model2vec", "architectures": ["StaticModel"], "normalize": True, "hidden_dim": dimensions}
    (folder / "config.json").write_text(json.dumps(config))


def tokenizer(vocabulary):
    """Lower case, accents folded, split at what is no letter or digit, then the longest pieces that are known."""
    unknown = {"id": len(vocabulary) - 1, "content": "[UNK]", "single_word": False, "lstrip": False, "rstrip": False,
               "normalized": False, "special": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [unknown],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": True,
                       "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": None, "decoder": None,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                  "vocab": {word: place for place, word in enumerate(vocabulary)}},
    }
