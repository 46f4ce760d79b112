#!/bin/sh
# Keeps what this version writes, so that later versions can be tried on it:
#
#   clients/aiex/tests/goldens/make.sh target/release/aiex 2026-11
#
# A format that changes gets a new archive; the old ones stay. `tests/it/formats.rs` reads them all.
set -eu
program=$(realpath "$1")
archive=$(realpath "$(dirname "$0")")/$2.tar.gz
place=/tmp/aiex-golden
mkdir "$place"
trap 'rm -rf "$place"' EXIT

mkdir -p "$place/home" "$place/sample/src" "$place/sample/tools"
cd "$place/sample"
cat > src/retry.rs <<'RUST'
//! When a request is tried again.

/// The longest pause between two attempts, in milliseconds.
pub const LONGEST_PAUSE: u64 = 30_000;

/// How long to wait before attempt `n`: twice as long each time, up to a bound.
pub fn next_delay(n: u32) -> u64 {
    (100 << n.min(20)).min(LONGEST_PAUSE)
}
RUST
cat > tools/report.py <<'PYTHON'
"""Prints what was fetched."""


def format_report(rows):
    """One line for each row, the largest first."""
    return "\n".join(str(row) for row in sorted(rows, reverse=True))
PYTHON
printf '# Sample\n\nA program that fetches pages and tries again.\n' > README.md
git init -q --template=
git add -A
git -c user.name=A -c user.email=a@example.org commit -qm 'Try again after a failure'

aiex() {
    env -i PATH="$PATH" HOME="$place/home" AIEX_HOME="$place/aiex" "$program" "$@"
}
aiex repos add --yes
aiex search 'how long until the next attempt' --wait-fresh
aiex search next_delay --sources git
aiex bookmark add src/retry.rs:6-9 --note 'doubled, up to 30 s' --tag retries
aiex research 'how are retries delayed?' --depth quick --sources code,git
aiex daemon stop

# What belongs to a daemon that runs is no format.
rm -r "$place/aiex/state/c1"
tar -C "$place" --owner=0 --group=0 --numeric-owner -cSzf "$archive" aiex sample
ls -l "$archive"
