"""Installs the tools that aiex is compared with, each in its own way, and writes down what could not be had and why."""

import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile

CRATES = {"rg": "ripgrep", "sifs": "sifs", "ripvec": "ripvec", "ck": "ck-search", "colgrep": "colgrep"}
ZOEKT = ["github.com/sourcegraph/zoekt/cmd/zoekt-index@latest", "github.com/sourcegraph/zoekt/cmd/zoekt@latest"]


def install(folder, minutes):
    """Installs what is not there yet; what takes longer than `minutes` each is given up. Writes `install.json`."""
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "GOBIN": str(folder / "bin")}
    outcome = {}
    for program, crate in CRATES.items():
        if (folder / "bin" / program).exists():
            outcome[crate] = "installed"
        elif not shutil.which("cargo"):
            outcome[crate] = "not built here: no cargo"
        else:
            command = ["cargo", "install", crate, "--locked", "--jobs", "1", "--root", folder, "--target-dir", folder / "target"]
            outcome[crate] = attempt(command, minutes, env)
        print(crate, outcome[crate], flush=True)
    outcome["probe"] = probe(folder, minutes, env)
    if not (folder / "semble" / "bin" / "semble").exists():
        steps = [[sys.executable, "-m", "venv", folder / "semble"], [folder / "semble" / "bin" / "pip", "install", "semble"]]
        outcome["semble"] = attempts(steps, minutes, env)
    if shutil.which("go"):
        outcome["zoekt"] = attempts([["go", "install", part] for part in ZOEKT], minutes, env)
    else:
        outcome["zoekt"] = "not built here: needs Go, which is not installed"
    (folder / "install.json").write_text(json.dumps(outcome, indent=1) + "\n")
    return outcome


def probe(folder, minutes, env):
    """The package of probe holds a program for every platform; its own start goes through Node, which is not measured."""
    if (folder / "bin" / "probe").exists():
        return "installed"
    if not shutil.which("npm"):
        return "not installed here: no npm"
    said = attempt(["npm", "pack", "@probelabs/probe", "--silent", "--pack-destination", folder], minutes, env)
    if said != "installed":
        return said
    wanted = f"{platform.machine()}-unknown-linux-musl.tar.gz"
    with tarfile.open(next(folder.glob("probelabs-probe-*.tgz"))) as package:
        name = next((name for name in package.getnames() if name.endswith(wanted)), None)
        if name is None:
            return f"not installed here: the package has no program for {platform.machine()} and Linux"
        with tarfile.open(fileobj=package.extractfile(name)) as inner:
            program = next(member for member in inner.getmembers() if member.name.endswith("/probe"))
            (folder / "bin" / "probe").write_bytes(inner.extractfile(program).read())
    (folder / "bin" / "probe").chmod(0o755)
    return "installed"


def attempts(steps, minutes, env):
    """Runs steps until one does not succeed."""
    for step in steps:
        said = attempt(step, minutes, env)
        if said != "installed":
            return said
    return "installed"


def attempt(command, minutes, env):
    """Runs a step of an installation below everything else; returns how it ended."""
    try:
        done = subprocess.run(["nice", "-n", "19", *command], env=env, timeout=60 * minutes, capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        return f"not built here: not done after {minutes} minutes"
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return "installed" if done.returncode == 0 else f"not built here: {last[:200]}"
