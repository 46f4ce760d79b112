"""The tools: how each is asked for an index, an answer, all matches.

Every tool works on its own copy of a tree and keeps what it persists in a folder of its own. A step returns what it cost; a
tool that cannot do a step lacks the method.
"""

import json
import pathlib
import shutil
import time

from launcher import Failed, cpu_of, peak_of, size_of, wait_until_quiet
from resident import AiexDaemon, SemblePython, SifsDaemon

LIMIT = "10"
NOWHERE = "http://127.0.0.1:9"  # refuses at once, so that nobody waits for a network that may not be there
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_ENDPOINT": NOWHERE, "HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE, "NO_COLOR": "1"}


class Tool:
    """A program, a copy of a tree, and a folder for what the program keeps."""

    name = ""
    model = "none"
    keeps = True  # whether anything lies on disk between runs

    def __init__(self, program, launcher, table):
        self.program, self.launcher, self.table = str(program), launcher, table
        self.tree = self.folder = None
        self.env = dict(OFFLINE)

    def at(self, tree, folder, mutable):
        """Moves on to another tree; `mutable` is the file in it that may be changed."""
        self.tree, self.folder, self.mutable = tree, folder, mutable

    def version(self):
        return self.launcher.run([self.program, "--version"], self.env)[1].strip().splitlines()[0]

    def run(self, *arguments, seconds=60.0, cwd="/", ok=(0, 1)):
        return self.launcher.run([self.program, *arguments], self.env, cwd, seconds, ok)

    def search(self, query, seconds=60.0):
        """Ten answers; returns cost and output."""
        raise NotImplementedError

    def question(self, query):
        return self.search(query)[0]

    def symbol(self, name):
        return self.search(name)[0]

    def forget(self):
        """Deletes what the tool keeps."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def cold(self, query, seconds):
        """From nothing to the first answer out of everything."""
        self.forget()
        cost = self.search(query, seconds)[0]
        cost.disk = size_of(self.folder) if self.keeps else 0
        return cost

    def unchanged(self, query):
        """An answer that has seen every change on disk; there is none."""
        return self.question(query)

    def changed(self, token, seconds=20.0):
        """From a change on disk until a run prints it; `token` stands nowhere yet. The costs are those of all runs."""
        with open(self.tree / self.mutable, "a") as file:
            file.write(f"\nfn {token}() {{}}\n")
        began, total = time.perf_counter(), None
        while True:
            cost, printed = self.fresh(token)
            total = cost if total is None else total.followed_by(cost)
            total.wall = time.perf_counter() - began
            if f"fn {token}" in printed:
                return total
            if total.wall > seconds:
                raise Failed(f"not found in {seconds:.0f} s, {total.runs} runs")

    def fresh(self, query):
        return self.search(query)

    def close(self):
        """Ends what runs."""


class Aiex(Tool):
    name, model = "aiex", "its own static table"

    def at(self, tree, folder, mutable):
        super().at(tree, folder, mutable)
        self.env = {**OFFLINE, "AIEX_HOME": str(folder)}
        self.daemon = None

    def pid(self):
        return json.loads(next(self.folder.glob("state/*/aiexd.json")).read_text())["pid"]

    def forget(self):
        self.close()
        super().forget()

    def close(self):
        if self.folder and any(self.folder.glob("state/*/aiexd.json")):
            self.run("daemon", "stop", ok=(0, 1, 3))
        self.daemon = None

    def cold(self, query, seconds):
        """`repos add` from no daemon until the index is complete and durable; then until the daemon rests."""
        self.forget()
        cost, _ = self.run("repos", "add", "--yes", self.tree, seconds=seconds, ok=(0,))
        if not wait_until_quiet(self.pid()):
            raise Failed("the daemon did not come to rest")
        cost = cost.plus(cpu_of(self.pid()), peak_of(self.pid()))
        cost.disk = size_of(self.folder / "cache")
        return cost

    def ask(self, *arguments, seconds=60.0):
        """A run of the client, with the daemon's part of the CPU time and its peak memory so far."""
        pid = self.pid()
        before = cpu_of(pid)
        cost, printed = self.run("search", "--repo", self.tree, *arguments, seconds=seconds)
        return cost.plus(cpu_of(pid) - before, peak_of(pid)), printed

    def search(self, query, seconds=60.0):
        return self.ask("--limit", LIMIT, "--", query, seconds=seconds)

    def unchanged(self, query):
        return self.ask("--limit", LIMIT, "--wait-fresh=30s", "--", query)[0]

    def fresh(self, query):
        return self.ask("--limit", LIMIT, "--full", "--wait-fresh=30s", "--", query)

    def connection(self):
        if self.daemon is None:
            info = json.loads(next(self.folder.glob("state/*/aiexd.json")).read_text())
            self.daemon = AiexDaemon(info["socket"], info["build"]["version"])
        return self.daemon

    def resident(self, query):
        return self.connection().search(self.tree, query)

    def left_out(self):
        """Why files are not in the index, by path."""
        return self.connection().left_out(self.tree)

    def pages(self, mode, pattern):
        """Every match: a run a page, for a page has ten thousand at most."""
        total, records, after = None, [], []
        while True:
            cost, printed = self.ask(f"--{mode}", "--limit", "10000", "--json", *after, "--", pattern)
            total = cost if total is None else total.followed_by(cost)
            page = [json.loads(line) for line in printed.splitlines()]
            records += page
            if not page or "next" not in page[-1]:
                return total, records
            after = ["--after", page[-1]["next"]]

    def exhaustive(self, mode, pattern):
        return self.pages(mode, pattern)[0]

    def matches(self, mode, pattern):
        """The set of (file, line)."""
        return {(record["path"], record["start_line"]) for record in self.pages(mode, pattern)[1] if "path" in record}

    def holds(self):
        repo, = json.loads(self.run("daemon", "status", "--json")[1])["repos"]
        return f"{repo['files_indexed']} files, {repo['chunks']} pieces"


class Ripgrep(Tool):
    name, keeps = "ripgrep", False
    cold = question = unchanged = None

    def search(self, query, seconds=60.0):
        return self.run("--line-number", "--no-heading", "--fixed-strings", query, self.tree, seconds=seconds)

    def exhaustive(self, mode, pattern):
        return self.run("--line-number", "--no-heading", *self.read_as(mode), "--regexp", pattern, self.tree)[0]

    def read_as(self, mode):
        return ["--fixed-strings"] if mode == "literal" else []

    def matches(self, mode, pattern):
        printed = self.run("--json", *self.read_as(mode), "--regexp", pattern, cwd=self.tree)[1]
        records = (json.loads(line) for line in printed.splitlines())
        found = (record["data"] for record in records if record["type"] == "match")
        return {(data["path"]["text"].removeprefix("./"), data["line_number"]) for data in found}

    def files(self):
        return {path.removeprefix("./") for path in self.run("--files", cwd=self.tree)[1].splitlines()}


class Probe(Tool):
    name, keeps, cold, unchanged = "probe", False, None, None
    model = "none (BM25 over what it scans)"

    def search(self, query, seconds=60.0):
        return self.run("search", query, self.tree, "--max-results", LIMIT, "--format", "plain", "--allow-tests", seconds=seconds)


class Ripvec(Tool):
    """Indexes in memory at every run. Its model is named in the program: a folder of that name beside it stands in."""

    name, keeps, cold, unchanged = "ripvec", False, None, None
    model = "aiex's table; without its reranker"

    def search(self, query, seconds=300.0):
        beside = self.folder / "minishlab"
        if not beside.exists():
            beside.mkdir(parents=True)
            (beside / "potion-base-32M").symlink_to(self.table)
        self.env = {**OFFLINE, "HF_HOME": str(self.folder / "hub")}
        return self.run(query, self.tree, "-n", LIMIT, "--format", "plain", cwd=self.folder, seconds=seconds)


class Semble(Tool):
    name, model = "semble", "aiex's table"

    def at(self, tree, folder, mutable):
        super().at(tree, folder, mutable)
        self.process = None
        self.env = {**OFFLINE, "SEMBLE_MODEL_NAME": str(self.table), "SEMBLE_CACHE_LOCATION": str(folder)}

    def search(self, query, seconds=120.0):
        return self.run("search", query, self.tree, "--top-k", LIMIT, "--content", "all", seconds=seconds)

    def resident(self, query):
        if self.process is None:
            self.process = SemblePython(pathlib.Path(self.program).with_name("python"), self.tree, self.env)
        return self.process.search(query)

    def holds(self):
        chunks = json.loads(next(self.folder.rglob("chunks.json")).read_text())
        metadata = json.loads(next(self.folder.rglob("metadata.json")).read_text())
        return f"{len(metadata['files'])} files, {len(chunks)} pieces"

    def close(self):
        if self.process:
            self.process.close()
            self.process = None


class Sifs(Tool):
    """Fetches its grammars at run time, `--offline` or not; where it cannot, it cuts files by lines."""

    name, model = "sifs", "aiex's table; without grammars"

    def at(self, tree, folder, mutable):
        super().at(tree, folder, mutable)
        self.kept = folder / "kept"
        runtime = {"SIFS_DAEMON_RUNTIME_DIR": str(folder / "none")}
        self.env = {**OFFLINE, **runtime, "SIFS_MODEL": str(self.table), "HOME": str(folder)}

    def search(self, query, seconds=120.0):
        return self.run("search", query, "--source", self.tree, "--limit", LIMIT, "--offline", "--include-docs",
                        "--cache-dir", self.kept, seconds=seconds)

    def holds(self):
        stats = json.loads(self.run("status", "--source", self.tree, "--offline", "--include-docs", "--cache-dir", self.kept,
                                    "--json")[1])["index_stats"]
        return f"{stats['indexed_files']} files, {stats['total_chunks']} pieces"


class SifsWithDaemon(Sifs):
    name = "sifs, daemon"

    def at(self, tree, folder, mutable):
        super().at(tree, folder, mutable)
        self.daemon = None

    def cold(self, query, seconds):
        self.close()
        self.forget()
        self.daemon = SifsDaemon(self.program, self.folder / "run", self.env)
        self.env = self.daemon.env
        cost = self.search(query, seconds)[0]
        cost.disk = size_of(self.folder)
        return cost

    def search(self, query, seconds=120.0):
        pid = self.daemon.process.pid
        before = cpu_of(pid)
        cost, printed = super().search(query, seconds)
        return cost.plus(cpu_of(pid) - before, peak_of(pid)), printed

    def resident(self, query):
        return self.daemon.search(self.tree, query, self.table, self.kept)

    def close(self):
        if self.daemon:
            self.daemon.close()
            self.daemon = None


def present(arguments, launcher, table):
    """The tools that can be had, and what is missing."""
    bin_folder, venv = arguments.peers / "bin", arguments.peers / "semble" / "bin"
    programs = [(Aiex, arguments.aiex), (Semble, venv / "semble"), (Sifs, bin_folder / "sifs"),
                (SifsWithDaemon, bin_folder / "sifs"), (Ripvec, bin_folder / "ripvec"), (Probe, bin_folder / "probe"),
                (Ripgrep, bin_folder / "rg")]
    tools = [kind(path, launcher, table) for kind, path in programs if path.exists()]
    return tools, [kind.name for kind, path in programs if not path.exists()]
