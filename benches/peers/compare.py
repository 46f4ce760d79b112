"""Whether aiex's exhaustive search and ripgrep find the same lines, and why not."""

from collections import Counter


def compare(aiex, ripgrep, patterns):
    """A row a pattern: how many each found, how many in files that both consider, and what explains the rest."""
    left_out, considered = aiex.left_out(), ripgrep.files()
    rows = []
    for mode, pattern in patterns:
        ours, theirs = aiex.matches(mode, pattern), ripgrep.matches(mode, pattern)
        reasons = Counter()
        for path, _ in theirs - ours:
            reasons[f"only ripgrep, {'left out by aiex as ' + left_out[path] if path in left_out else 'UNEXPLAINED'}"] += 1
        for path, _ in ours - theirs:
            reasons["only aiex, UNEXPLAINED" if path in considered else "only aiex, in a file that ripgrep passes over"] += 1
        unexplained = [match for match in sorted(theirs ^ ours)
                       if match[0] not in left_out and not (match in ours and match[0] not in considered)]
        rows.append({"mode": mode, "pattern": pattern, "aiex": len(ours), "ripgrep": len(theirs), "both": len(ours & theirs),
                     "reasons": dict(reasons), "unexplained": unexplained[:5]})
    return rows
