"""The small process that starts the commands: one order a line on its standard input, one answer a line on its output.

It imports as little as can be, for its own size shows in the peak memory of the commands.
"""

import json
import os
import signal
import sys
import time


def start_one(order):
    """Runs one command and returns what it cost."""
    os.chdir(order["cwd"])
    late = []
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
             (os.POSIX_SPAWN_OPEN, 1, order["out"], write, 0o600), (os.POSIX_SPAWN_OPEN, 2, order["err"], write, 0o600)]
    began = time.perf_counter()
    try:
        pid = os.posix_spawn(order["argv"][0], order["argv"], order["env"], file_actions=files, setpgroup=0)
    except OSError as error:
        write_text(order["err"], str(error))
        write_text(order["out"], "")
        return {"late": False, "code": 127, "wall": 0, "cpu": 0, "peak": 0}

    def stop(*_):
        late.append(True)
        os.killpg(pid, signal.SIGKILL)

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, order["seconds"])
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    signal.setitimer(signal.ITIMER_REAL, 0)
    return {"late": bool(late), "code": os.waitstatus_to_exitcode(status), "wall": wall,
            "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024}


def write_text(path, text):
    with open(path, "w") as file:
        file.write(text)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(start_one(json.loads(line))), flush=True)
