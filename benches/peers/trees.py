"""Trees to measure on, and what is looked for in them."""

import random
import re
import shutil
import subprocess

QUESTIONS = """how is the buffer grown when it is full
where are errors turned into messages for people
what happens when the input ends in the middle of a token
how are hash collisions avoided
which code decides how many threads are used
where is the checksum computed
how is a lock released after a panic
parse a number from text
where are environment variables read
what is done about unaligned memory
how are bytes converted to hexadecimal text
where is the default configuration built
how are features of the processor detected at run time
compare two slices in constant time
what keeps an iterator from being used after it has ended
where are temporary files removed
how is a path made absolute
which function writes the header
how are strings escaped
when is memory given back to the system
where is the table of prime numbers
how are unknown fields treated
what limits the depth of recursion
how is a timeout implemented""".splitlines()

LITERALS = ["unwrap_or_default()", "pub fn new(", "zq_nowhere_at_all", "#[inline]", "unsafe {", "memory_order_acq_rel"]
REGEXES = [r"fn \w+_unchecked\(", r"impl.*\bIterator for \w+", r"(?i)deprecated since", r"(SAFETY|NOTE|WARNING): \w+ly\b",
           r"0x[0-9a-f]{8}_u(32|64)", r"[A-Z]\d[A-Z]\d[A-Z]\d"]

DEFINITION = re.compile(r"^\s*(?:pub\s+)?(?:fn|struct|enum|trait|class|def|func|type)\s+([A-Za-z_]\w{5,40})", re.MULTILINE)


class Tree:
    """A repository of one commit made of a folder, and a copy of it for every tool."""

    def __init__(self, source, scratch):
        self.name, self.scratch = source.name, scratch / source.name
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.origin = self.scratch / "origin" / self.name
        shutil.copytree(source, self.origin, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        git = ["git", "-C", self.origin, "-c", "gc.auto=0", "-c", "user.name=peers", "-c", "user.email=peers@localhost"]
        for step in (["init"], ["add", "--all"], ["commit", "-m", "all"], ["gc"]):
            subprocess.run([*git, *step], check=True, capture_output=True)
        self.symbols = self.some_symbols()
        self.mutable = self.some_file()

    def copy_for(self, tool):
        """A copy of the tree, and an empty folder for what the tool keeps."""
        place = self.scratch / re.sub(r"\W+", "-", tool.name)
        shutil.copytree(self.origin, place / self.name, symlinks=True)
        (place / "kept").mkdir()
        return place / self.name, place / "kept"

    def some_symbols(self):
        """Names that are defined once in the tree, drawn by chance but always the same."""
        counts = {}
        for file in sorted(self.origin.rglob("*")):
            if file.suffix in {".rs", ".py", ".go", ".ts", ".java"} and file.is_file():
                for name in DEFINITION.findall(file.read_text(errors="replace")):
                    counts[name] = counts.get(name, 0) + 1
        once = sorted(name for name, count in counts.items() if count == 1)
        return random.Random(7).sample(once, min(48, len(once)))

    def some_file(self):
        """A small source that a function can be added to, and that no program claims to have generated."""
        for file in sorted(self.origin.rglob("*.rs")):
            if 1_000 < file.stat().st_size < 20_000 and "generated" not in file.read_text(errors="replace"):
                return file.relative_to(self.origin)
        return None

    def facts(self):
        files = [file for file in self.origin.rglob("*") if file.is_file() and ".git" not in file.relative_to(self.origin).parts]
        return f"{len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.1f} MB"

    def remove(self):
        shutil.rmtree(self.scratch, ignore_errors=True)
