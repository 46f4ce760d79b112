"""Fetch and unpack the permissively licensed packages of sources.toml.

    python fetch.py WORK

fills WORK/packages/<registry>/<name>/ and writes sources.lock.tsv beside this file: registry, name, version, licence and the
archive's SHA-256. When the lock file exists, the versions it names are the ones fetched.
"""

import concurrent.futures
import csv
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import threading
import tomllib
import zipfile

HERE = pathlib.Path(__file__).parent
WORKERS = 6      # downloads mostly wait for the network
PATIENCE = 240   # seconds a download may take
LISTS = threading.Lock()


def normal(licence):
    """One spelling for the many ways of naming a licence."""
    text = licence.strip().lower()
    text = re.sub(r"^the\s+|\s+licen[sc]e$|\s+software\s+licen[sc]e$|licen[sc]e\s*::.*::\s*", "", text).strip()
    named = {
        "apache 2.0": "apache-2.0", "apache license 2.0": "apache-2.0", "apache software": "apache-2.0", "apache 2": "apache-2.0",
        "apache license, version 2.0": "apache-2.0", "apache license version 2.0": "apache-2.0", "version 2.0": "apache-2.0",
        "apache license": "apache-2.0", "apache-2": "apache-2.0",
        "bsd license": "bsd", "new bsd": "bsd-3-clause", "3-clause bsd": "bsd-3-clause", "bsd 3-clause": "bsd-3-clause",
        "modified bsd": "bsd-3-clause", "mit license": "mit", "python software foundation": "psf", "isc license (iscl)": "isc",
    }
    return named.get(text, text)


def is_permissive(licence, permissive):
    """True when at least one alternative is permissive and nothing joined by `and` is not."""
    alternatives = re.split(r"\s+or\s+|/", licence.strip().strip("()"), flags=re.I)
    return any(
        all(normal(part) in permissive for part in re.split(r"\s+and\s+|,", alternative, flags=re.I) if part.strip(" ()"))
        for alternative in alternatives if alternative.strip(" ()")
    )


def unpack(archive, target):
    """Unpack a zip or tar file below `target`; names that leave it are refused by the libraries' own filters."""
    target.mkdir(parents=True, exist_ok=True)
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as file:
            file.extractall(target)
    else:
        with tarfile.open(archive) as file:
            file.extractall(target, filter="data")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(command, cwd):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE)


def pypi(name, version, downloads):
    wanted = f"{name}=={version}" if version else name
    folder = downloads / "pypi" / name
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", ".", wanted], folder)
    for archive in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(archive) as file:
            member = next(n for n in file.namelist() if n.endswith(".dist-info/METADATA"))
            head = file.read(member).decode("utf-8", "replace").split("\n\n")[0]
        field = lambda key: [line.split(":", 1)[1].strip() for line in head.splitlines() if line.startswith(key + ":")]
        classes = [line.rsplit("::", 1)[1].strip() for line in field("Classifier") if line.startswith("License ::")]
        classes = [c for c in classes if c != "OSI Approved"]
        licence = (field("License-Expression") or [" OR ".join(classes)] if classes or field("License-Expression") else field("License"))
        return [archive], field("Version")[0], licence[0] if licence else ""
    return [], "", ""


def npm(name, version, downloads):
    wanted = f"{name}@{version}" if version else name
    folder = downloads / "npm" / name.replace("/", "__")
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        run(["npm", "pack", "--silent", wanted], folder)
    for archive in sorted(folder.glob("*.tgz")):
        with tarfile.open(archive) as file:
            member = next(m for m in file if m.name.count("/") == 1 and m.name.endswith("/package.json"))
            manifest = json.load(file.extractfile(member))
        licence = manifest.get("license", "")
        return [archive], manifest["version"], licence if isinstance(licence, str) else licence.get("type", "")
    return [], "", ""


def debian_lists(state):
    """Options that make apt-get use lists of its own below `state`, fetched on the first call."""
    options = ["-o", f"Dir::Etc::SourceList={state}/sources.list", "-o", "Dir::Etc::SourceParts=/nonexistent",
               "-o", f"Dir::State::Lists={state}/lists", "-o", f"Dir::Cache={state}/cache"]
    with LISTS:
        if not (state / "updated").exists():
            (state / "lists" / "partial").mkdir(parents=True, exist_ok=True)
            (state / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
            mirror = os.environ["DEBIAN_MIRROR"]  # the address of a Debian mirror, without a closing slash
            lists = "\n".join(f"deb-src {mirror} bookworm{s} main" for s in ("", "-updates"))
            (state / "sources.list").write_text(lists + "\n")
            run(["apt-get", *options, "update"], state)
            (state / "updated").touch()
    return options


def debian_source(name, version, downloads):
    folder = downloads / "debian_source" / name
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        options = debian_lists(downloads / "apt")
        wanted = f"{name}={version}" if version else name
        run(["apt-get", *options, "source", "--download-only", wanted], folder)
    packaging = next(iter(sorted(folder.glob("*.debian.tar.*"))), None)
    if packaging is None:
        return [], "", ""
    with tarfile.open(packaging) as file:
        text = file.extractfile("debian/copyright").read().decode("utf-8", "replace")
    paragraph = re.search(r"^Files:\s*\*.*?\n(?:.*\n)*?License:\s*(.+)$", text, re.M)
    archives = sorted(p for p in folder.glob("*.orig*.tar.*") if p.suffix != ".asc")
    version = packaging.name.split("_", 1)[1].split(".debian.tar")[0]
    return archives, version, paragraph.group(1).strip() if paragraph else ""


REGISTRIES = {"pypi": pypi, "npm": npm, "debian_source": debian_source}


def fetched(registry, name, pinned, permissive, work):
    """Fetch and unpack one package; its row of the lock file, or None when it is missing or not permissive."""
    try:
        archives, version, licence = REGISTRIES[registry](name, pinned[2] if pinned else None, work / "downloads")
        if not archives or not is_permissive(licence, permissive):
            print(f"left out: {registry} {name} {version} ({licence or 'not found'})", file=sys.stderr)
            return None
        sha = hashlib.sha256("".join(digest(a) for a in archives).encode()).hexdigest()
        if pinned and pinned[4] != sha:
            raise ValueError("archive differs from sources.lock.tsv")
        target = work / "packages" / registry / name.replace("/", "__")
        if not target.exists():
            for archive in archives:
                unpack(archive, target)
    except Exception as error:
        print(f"{registry} {name}: {error}", file=sys.stderr)
        return None
    return registry, name, version, licence, sha


def main():
    work = pathlib.Path(sys.argv[1])
    sources = tomllib.loads((HERE / "sources.toml").read_text())
    permissive, excluded = set(sources["permissive"]), set(sources["excluded"])
    lock_path = HERE / "sources.lock.tsv"
    locked = {}
    if lock_path.exists():
        with lock_path.open() as file:
            locked = {(row[0], row[1]): row for row in csv.reader(file, delimiter="\t")}
    wanted = [(registry, name) for registry in REGISTRIES for name in sources[registry]
              if name.lower() not in excluded and (not locked or (registry, name) in locked)]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        found = pool.map(lambda pair: fetched(*pair, locked.get(pair), permissive, work), wanted)
        rows = [row for row in found if row]
    if not locked:
        with lock_path.open("w", newline="") as file:
            csv.writer(file, delimiter="\t", lineterminator="\n").writerows(rows)
    print(f"{len(rows)} packages")


if __name__ == "__main__":
    main()
