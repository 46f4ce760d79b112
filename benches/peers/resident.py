"""Asks a process that is there already: aiex's daemon, SIFS's daemon, semble in one Python process."""

import base64
import json
import os
import pathlib
import socket
import struct
import subprocess
import time

from launcher import Failed


class AiexDaemon:
    """A connection to aiex's daemon: JSON texts over a WebSocket over its Unix socket."""

    def __init__(self, socket_path, version):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(socket_path))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(("GET /v1/stream HTTP/1.1\r\nHost: aiex.localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        while self.stream.readline().strip():
            pass
        self.requests = 0
        build = {"version": version, "digest": "peers"}
        self.send({"type": "hello", "contract": 1, "build": build, "capabilities": [], "client": "bench"})
        answer = self.receive()
        if answer["type"] != "welcome":
            raise Failed(f"the daemon said {answer}")

    def send(self, frame):
        text = json.dumps(frame).encode()
        length = struct.pack("!BB", 0x81, 0x80 | len(text)) if len(text) < 126 else struct.pack("!BBH", 0x81, 0xFE, len(text))
        self.socket.sendall(length + bytes(4) + text)  # a mask of zeros leaves the text as it is

    def receive(self):
        text = b""
        while True:
            first, length = self.stream.read(2)
            if length == 126:
                length, = struct.unpack("!H", self.stream.read(2))
            elif length == 127:
                length, = struct.unpack("!Q", self.stream.read(8))
            part = self.stream.read(length)
            if first & 0x0F in (0, 1):
                text += part
                if first & 0x80:
                    return json.loads(text)

    def request(self, verb, arguments):
        """The events of a request, by name; of those of one name the last."""
        self.requests += 1
        self.send({"type": "request", "id": self.requests, "verb": verb, "args": arguments})
        events = {}
        while "done" not in events:
            event = self.receive()
            if event.get("id") != self.requests:
                continue
            if event["event"] == "error":
                raise Failed(str(event))
            events[event["event"]] = event.get("data")
        return events

    def search(self, tree, query):
        """Seconds that a search took, by the daemon's own clock."""
        arguments = {"query": query, "repo": str(tree), "limit": 10, "unrecorded": True}
        summary = self.request("search", arguments)["done"]["summary"]
        if summary["is_cached"]:
            raise Failed("the answer was remembered, not searched")
        return summary["took_us"] / 1e6

    def left_out(self, tree):
        """Why files are not in the index, by path."""
        report = self.request("skipped", {"repo": str(tree), "limit": 1_000_000})["skipped"]
        return {file["path"]: file["reason"] for file in report["files"]}


class SifsDaemon:
    """SIFS's daemon, and one request a connection: a line of JSON each way."""

    def __init__(self, program, runtime, env):
        self.runtime = pathlib.Path(runtime)
        self.runtime.mkdir(parents=True)
        self.env = {**env, "SIFS_DAEMON_RUNTIME_DIR": str(self.runtime)}
        self.process = subprocess.Popen([program, "daemon", "run", "--replace-existing-socket"], env={**os.environ, **self.env},
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while not (self.runtime / "sifs.sock").exists():
            if time.monotonic() > until or self.process.poll() is not None:
                raise Failed("the daemon did not start")
            time.sleep(0.02)

    def search(self, tree, query, model, cache, docs=True):
        """Seconds that a search took, over the socket; the answer is not taken from its cache of answers."""
        source = {"kind": "local_path", "source": str(tree)}
        encoder = {"model2_vec": {"model": str(model), "policy": "offline"}}
        options = {"encoder": encoder, "cache": {"custom": {"path": str(cache)}}, "extensions": None, "ignore": None,
                   "include_text_files": docs}
        search = {"top_k": 10, "mode": "Hybrid", "filter_languages": [], "filter_paths": [], "use_query_cache": False}
        request = {"type": "search", "source": source, "options": options, "query": query, "search": search}
        began = time.perf_counter()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(120)
            connection.connect(str(self.runtime / "sifs.sock"))
            connection.sendall(json.dumps({"protocol_version": 1, "request_id": "1", "request": request}).encode() + b"\n")
            answer = json.loads(connection.makefile("rb").readline())
        took = time.perf_counter() - began
        if "error" in answer:
            raise Failed(str(answer["error"])[:160])
        return took

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=30)


SEMBLE = """
import sys, time
from semble.index import SembleIndex
from semble.types import ContentType as C
index = SembleIndex.from_path(sys.argv[1], content=(C.CODE, C.DOCS, C.CONFIG))
print("ready", flush=True)
for line in sys.stdin:
    began = time.perf_counter()
    index.search(line.rstrip("\\n"), top_k=10)
    print(time.perf_counter() - began, flush=True)
"""


class SemblePython:
    """One Python process with semble's index loaded, timed inside."""

    def __init__(self, python, tree, env):
        self.process = subprocess.Popen([python, "-c", SEMBLE, str(tree)], env={**os.environ, **env}, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if self.process.stdout.readline().strip() != "ready":
            raise Failed("the Python process ended")

    def search(self, query):
        """Seconds that a search took."""
        self.process.stdin.write(query + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Failed("the Python process ended")
        return float(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
