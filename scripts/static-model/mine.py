"""Mine (query, code) pairs from permissively licensed sources.

    python mine.py WORK CARGO_REGISTRY_SRC [KEPT_OUT ...]

reads WORK/packages (see fetch.py), the cargo registry's sources whose Cargo.toml names a permissive licence, and Python's own
library, and writes WORK/pairs.pickle: a list of (kind, language, package, query, code). Four kinds: `doc` (a documentation
comment's first sentences and the code below it), `name` (a split name and its body without the name), `path` (path words and a
chunk of the file), `head` (a heading or title and its section). Pairs whose code is found in a KEPT_OUT folder (benchmark corpora
that no project name tells) are dropped.
"""

import ast
import hashlib
import multiprocessing
import pathlib
import pickle
import random
import re
import sys
import sysconfig
import tomllib

from fetch import is_permissive
from tokens import words

HERE = pathlib.Path(__file__).parent
SOURCES = tomllib.loads((HERE / "sources.toml").read_text())
PERMISSIVE, EXCLUDED = set(SOURCES["permissive"]), set(SOURCES["excluded"])
FOREIGN = {"vendor", "_vendor", "vendored", "third_party", "thirdparty", "third-party", "node_modules", "external", "deps", "extern",
           "dist", "build", "min", "site-packages", "locale", "locales", "testdata", "fixtures", "snapshots", "bundles", "umd"}
LANGUAGES = {
    "rs": "rust", "py": "python", "js": "javascript", "mjs": "javascript", "jsx": "javascript", "ts": "typescript", "tsx": "typescript",
    "go": "go", "java": "java", "kt": "kotlin", "scala": "scala", "c": "c", "h": "c", "cc": "cpp", "cpp": "cpp", "hpp": "cpp",
    "cs": "csharp", "php": "php", "rb": "ruby", "hs": "haskell", "lua": "lua", "md": "markdown", "swift": "swift", "sh": "shell",
    "rst": "markdown", "cxx": "cpp", "kts": "kotlin", "m": "objc", "mm": "objc", "erl": "erlang", "METADATA": "markdown",
}
MAX_BODY, MAX_QUERY_WORDS = 1000, 48
PER_PACKAGE = 3000          # no package may dominate
PER_LANGUAGE = {"python": 240_000, "javascript": 130_000}   # nor a language
OTHER_LANGUAGE = 90_000
MAX_FILE = 300_000          # larger files are generated
PACKAGE_BYTES = 3_000_000

BLOCK = re.compile(r"/\*\*(?P<block>(?:[^*]|\*(?!/)){20,4000})\*/\s*\n|(?P<lines>(?:^[ \t]*(?:///|//|--|#)(?!!).*\n){1,40})", re.M)
NAMED = re.compile(
    r"(?:fn|func|function|def|class|interface|struct|enum|trait|type|fun|object|module|impl|sub|macro_rules!)\s+(?:\([^)]*\)\s*)?"
    r"([A-Za-z_]\w{2,})|\b([A-Za-z_]\w{2,})\s*(?:<[^>()]*>)?\s*\(|\b([A-Za-z_]\w{2,})\s*[:=]"
)
DECLARES = re.compile(r"^\s*(?:[\w@\[#<\"'*&~$]).*[({:=]|^\s*(?:pub|def|class|module|data|type)\b")
TAGS = re.compile(r"^\s*(?:@\w+|:\w+|\\\w+|(?:Args|Arguments|Parameters|Returns?|Yields?|Raises|Throws|Examples?|Usage|See Also|Notes?)\s*(?::|$)|---|===|#+ )",
                  re.I)
HEADING = re.compile(r"^#{1,4}\s+(.{4,80})\n|^(\S.{3,78}\S)\n[=~^*-]{4,}\n", re.M)
NOISE = re.compile(r"copyright|licen[sc]e|eslint|todo|fixme|clang-format|SPDX|generated|nolint|noqa|pragma|rustfmt", re.I)


def summary(comment):
    """The first sentences of a documentation comment, up to 48 words; empty when it says too little."""
    kept = []
    for line in comment.splitlines():
        line = re.sub(r"^\s*(?:/\*\*?|\*+/?|///?|--\s*\|?|#+)\s?", "", line).strip()
        if TAGS.match(line) or line.startswith("```") or (not line and kept):
            break
        if line:
            kept.append(line)
    text = re.sub(r"\{@\w+\s+([^}]*)\}|<[^>]{1,40}>|\[([^\]]*)\](?:\([^)]*\))?|`+", lambda m: m.group(1) or m.group(2) or "", " ".join(kept))
    parts = text.split()[:MAX_QUERY_WORDS]
    text = " ".join(parts)
    good = len(parts) >= 3 and sum(map(str.isalpha, text)) > 0.6 * len(text) and not NOISE.search(text)
    return text if good else ""


def body_below(source, start, language):
    """The declaration at `start` and what belongs to it: to the closing brace's indentation, or the next shallower line."""
    lines, size = [], 0
    indent = None
    for line in source[start:start + 4 * MAX_BODY].splitlines():
        depth = len(line) - len(line.lstrip())
        if indent is None and line.strip():
            indent = depth
        elif line.strip() and depth < (indent or 0):
            break
        elif not line.strip() and lines and re.match(r"\s*(\}|end\b|\);?)", lines[-1]) and len(lines[-1]) - len(lines[-1].lstrip()) <= indent:
            break
        size += len(line) + 1
        if size > MAX_BODY:
            break
        lines.append(line)
        if len(lines) > 1 and depth == indent and re.match(r"\s*(\}|end\b)", line):
            break
    return "\n".join(lines).strip("\n")


def name_of(body):
    match = NAMED.search(body[:400])
    return next((g for g in match.groups() if g), "") if match else ""


def name_pair(name, body):
    """(split name, body with the name blanked), or None when the name or the body says too little."""
    parts = list(words(name))
    if len(parts) < 2 or body.count("\n") < 3:
        return None
    return " ".join(parts), re.sub(rf"\b{re.escape(name)}\b", "", body)


def from_python(source):
    tree = ast.parse(source)
    lines = source.splitlines()
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        doc = ast.get_docstring(node, clean=True)
        code = lines[node.lineno - 1:node.end_lineno]
        if doc is not None:
            first = node.body[0]
            del code[first.lineno - node.lineno:first.end_lineno - node.lineno + 1]
        body = "\n".join(code)[:MAX_BODY]
        query = summary(doc) if doc else ""
        if query and len(body) > 60:
            yield "doc", query, body
        # In half of the named pairs the comment stays, as it does in the chunks that are searched.
        shown = "\n".join(lines[node.lineno - 1:node.end_lineno])[:MAX_BODY] if len(body) % 2 else body
        pair = name_pair(node.name, shown)
        if pair:
            yield "name", *pair


def from_comments(source, language):
    for match in BLOCK.finditer(source):
        text = match.group("block") or match.group("lines")
        if match.group("lines"):
            marker = text.lstrip()[:1]
            if marker == "#" and language not in ("ruby", "shell") or text.startswith("--") and language not in ("haskell", "lua"):
                continue
        start = match.end()
        while re.match(r"[ \t]*(?:#\[|@\w)", source[start:start + 80]):
            start = source.find("\n", start) + 1
            if start == 0:
                break
        body = body_below(source, start, language)
        if len(body) < 40 or not DECLARES.match(body.split("\n", 1)[0]):
            continue
        query = summary(text)
        if query:
            yield "doc", query, body
        pair = name_pair(name_of(body), (text + "\n" + body)[:MAX_BODY] if len(body) % 2 else body)
        if pair:
            yield "name", *pair


def from_markdown(source):
    """A heading of two words or more and the section below it; Markdown and reStructuredText."""
    pieces = HEADING.split(source)
    for hashed, underlined, section in zip(pieces[1::3], pieces[2::3], pieces[3::3]):
        title, section = (hashed or underlined).strip(" #*`"), section.strip()[:MAX_BODY]
        if len(section) > 120 and len(list(words(title))) > 1 and not NOISE.search(title):
            yield "head", title, section


def language_of(path):
    """The language by the file's suffix; a Python package's METADATA holds its README."""
    return LANGUAGES.get(path.suffix[1:] or path.name)


def pairs_of_file(path, root):
    language = language_of(path)
    source = path.read_text("utf-8", "strict").replace("\r\n", "\n")
    if len(source) > MAX_FILE or max(map(len, source.splitlines()), default=0) > 600 or "generated" in source[:400].lower():
        return
    relative = str(path.relative_to(root))
    rng = random.Random(relative)
    found = list(from_python(source) if language == "python" else from_markdown(source) if language == "markdown"
                 else from_comments(source, language))
    if re.search(r"(^|/|_|\.)(tests?|spec|bench(es|marks?)?|examples?)(/|_|\.)", relative.lower()):
        found = rng.sample(found, min(3, len(found)))
    for kind, query, body in found:
        if kind != "name" and rng.random() < 0.5:
            body = relative + "\n" + body
        yield kind, language, query, body
    if len(source) > 400 and language != "markdown":
        at = rng.randrange(max(1, len(source) - 750))
        chunk = source[source.find("\n", at) + 1:][:750]
        parts = [w for w in words(" ".join(path.with_suffix("").parts[-3:])) if w not in ("src", "lib", "mod", "main", "init", "index")]
        if len(chunk) > 300 and len(parts) > 1:
            yield "path", language, " ".join(parts), chunk


def pairs_of_package(task):
    name, root = task
    rng = random.Random(name)
    files = [p for p in sorted(pathlib.Path(root).rglob("*")) if language_of(p) and p.is_file() and not p.is_symlink()]
    rng.shuffle(files)
    pairs, size = [], 0
    for path in files:
        parts = {part.lower() for part in path.relative_to(root).with_suffix("").parts}
        if parts & FOREIGN or parts & EXCLUDED or ".min." in path.name or path.name.endswith(".d.ts"):
            continue
        try:
            pairs.extend((kind, language, name, query, body) for kind, language, query, body in pairs_of_file(path, root))
        except (UnicodeDecodeError, SyntaxError, ValueError, RecursionError, OSError):
            continue
        size += path.stat().st_size
        if len(pairs) > 2 * PER_PACKAGE or size > PACKAGE_BYTES:
            break
    return rng.sample(pairs, min(PER_PACKAGE, len(pairs)))


def shingles(text):
    """Hashes of every two neighbouring lines, blank ones and spaces left out."""
    lines = ["".join(line.split()) for line in text.splitlines()]
    lines = [line for line in lines if line]
    return [hashlib.blake2b("\n".join(pair).encode(), digest_size=8).digest() for pair in zip(lines, lines[1:])]


def is_known(body, known):
    """True when half of a body's neighbouring lines stand in the folders kept out."""
    found = shingles(body)
    return bool(found) and 2 * sum(s in known for s in found) >= len(found)


def packages(work, registry):
    """(name, folder, licence) of every source that may be read; the licence is empty where fetch.py has checked it."""
    for folder in sorted((work / "packages").glob("*/*")):
        yield folder.name, str(folder), ""
    yield "python-standard-library", sysconfig.get_path("stdlib"), ""
    for folder in sorted(registry.glob("*/*")):
        name = re.sub(r"-\d.*$", "", folder.name)
        if name in EXCLUDED or name.split("-")[0].split("_")[0] in ("axum", "tokio", "serde", "clap", "cargo"):
            continue
        try:
            licence = tomllib.loads((folder / "Cargo.toml").read_text())["package"].get("license", "")
        except (OSError, tomllib.TOMLDecodeError):
            continue
        if licence and is_permissive(licence, PERMISSIVE):
            yield name, str(folder), licence


def write_crates(found):
    """Which crates were read, beside sources.lock.tsv."""
    rows = [f"{pathlib.Path(folder).name}\t{licence}\n" for _, folder, licence in found if licence]
    (HERE / "crates.lock.tsv").write_text("".join(rows))


def main():
    work = pathlib.Path(sys.argv[1])
    registry = pathlib.Path(sys.argv[2])
    known = {s for folder in sys.argv[3:] for path in pathlib.Path(folder).rglob("*") if path.is_file()
             for s in shingles(path.read_text("utf-8", "replace"))}
    found = list(packages(work, registry))
    write_crates(found)
    tasks = [(name, folder) for name, folder, _ in found]
    with multiprocessing.Pool(2) as pool:
        mined = [pair for batch in pool.imap(pairs_of_package, tasks, chunksize=4) for pair in batch]
    random.Random(0).shuffle(mined)
    seen, bodies, per_language, kept, dropped = set(), {}, {}, [], 0
    for pair in mined:
        kind, language, package, query, body = pair
        key = hashlib.blake2b((query + "\0" + body).encode(), digest_size=12).digest()
        small = hashlib.blake2b("".join(words(body)).encode(), digest_size=12).digest()
        count = per_language.get(language, 0)
        # A body may answer one query of each kind; generated families of near copies are cut here.
        if key in seen or (kind, small) in bodies or count >= PER_LANGUAGE.get(language, OTHER_LANGUAGE):
            continue
        if known and is_known(body, known):
            dropped += 1
            continue
        seen.add(key)
        bodies[(kind, small)] = True
        per_language[language] = count + 1
        kept.append(pair)
    (work / "pairs.pickle").write_bytes(pickle.dumps(kept, protocol=5))
    kinds = {}
    for pair in kept:
        kinds[pair[0]] = kinds.get(pair[0], 0) + 1
    print(len(tasks), "packages,", len(kept), "pairs,", dropped, "kept out", kinds, dict(sorted(per_language.items(), key=lambda x: -x[1])))


if __name__ == "__main__":
    main()
