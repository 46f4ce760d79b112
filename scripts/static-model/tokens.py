"""Text to token ids: the Python twin of the Rust tokenizer in indexer/aiex-embed/src/tokenizer.rs.

A word is a run of ASCII letters or of ASCII digits after accents are folded away; camelCase ends a word; everything else
separates. A word is then cut greedily into the longest pieces of the vocabulary (WordPiece).
"""

import re
import unicodedata

MAX_WORD = 24     # longer runs are hashes and encoded data, not words; 24 bytes also fit three machine words
MAX_DIGITS = 6    # longer numbers say nothing that another text would share

COMBINING = re.compile("[\u0300-\u036f]")
LATIN = re.compile("[\u00c0-\u017f]")
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|[0-9]+")


def fold_table():
    """Base letters of U+00C0..U+017F; a space where there is none."""
    table = []
    for code in range(0xC0, 0x180):
        base = unicodedata.normalize("NFD", chr(code))[0]
        table.append(base if base.isascii() and base.isalpha() else " ")
    return "".join(table)


FOLD = fold_table()


def words(text):
    """The lower-case words of a text, in order."""
    if not text.isascii():
        text = COMBINING.sub("", text)
        text = LATIN.sub(lambda m: FOLD[ord(m.group()) - 0xC0], text)
    for match in WORD.finditer(text):
        word = match.group()
        if len(word) <= (MAX_DIGITS if word[0].isdigit() else MAX_WORD):
            yield word.lower()


class Tokenizer:
    """Greedy longest-match WordPiece over whole-word tokens and `##` continuations."""

    def __init__(self, starts, continuations):
        self.starts = {word: index for index, word in enumerate(starts)}
        self.continuations = {word: len(starts) + index for index, word in enumerate(continuations)}
        self.cache = {}

    def pieces(self, word):
        found = self.cache.get(word)
        if found is None:
            found = self.cache[word] = self.cut(word)
        return found

    def cut(self, word):
        ids, at, table = [], 0, self.starts
        while at < len(word):
            end = next((e for e in range(len(word), at, -1) if word[at:e] in table), None)
            if end is None:
                return []
            ids.append(table[word[at:end]])
            at, table = end, self.continuations
        return ids

    def ids(self, text):
        return [token for word in words(text) for token in self.pieces(word)]
