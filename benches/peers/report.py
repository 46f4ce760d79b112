"""Turns samples into a Markdown table: a row a measure, a column a tool, the median and, in brackets, the 90th percentile."""

ROWS = [
    ("cold", "index from nothing, wall", "wall", "s"),
    ("cold", "… CPU", "cpu", "s"),
    ("cold", "… peak memory", "peak", "MB"),
    ("cold", "… on disk", "disk", "MB"),
    ("question", "question, a process, wall", "wall", "ms"),
    ("question", "… CPU", "cpu", "ms"),
    ("question", "… peak memory", "peak", "MB"),
    ("symbol", "symbol, a process, wall", "wall", "ms"),
    ("symbol", "… CPU", "cpu", "ms"),
    ("resident question", "question, inside a resident process", None, "ms"),
    ("resident symbol", "symbol, inside a resident process", None, "ms"),
    ("unchanged", "question that saw that nothing changed, wall", "wall", "ms"),
    ("unchanged", "… CPU", "cpu", "ms"),
    ("changed", "one file changed → found, wall", "wall", "ms"),
    ("changed", "… CPU", "cpu", "ms"),
    ("literal", "every match of a text, wall", "wall", "ms"),
    ("literal", "… CPU", "cpu", "ms"),
    ("literal", "… peak memory", "peak", "MB"),
    ("regex", "every match of a regular expression, wall", "wall", "ms"),
    ("regex", "… CPU", "cpu", "ms"),
]
FACTOR = {"s": 1, "ms": 1e3, "MB": 1e-6}


def quantile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(part * len(values)))]


def middle(values):
    values = sorted(values)
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def cell(samples, failure, field, unit):
    if not samples:
        return failure or "–"
    values = [(sample if field is None else sample[field]) * FACTOR[unit] for sample in samples]
    return f"{number(middle(values))} ({number(quantile(values, 0.9))})" + (f"; {failure}" if failure else "")


def table(tree, results):
    """The table of one tree."""
    tools = results["tools"]
    lines = [f"| {tree} | " + " | ".join(tools) + " |", "|---" * (len(tools) + 1) + "|"]
    samples, failures = results["samples"][tree], results["failures"][tree]
    for step, title, field, unit in ROWS:
        cells = [cell(samples.get(step, {}).get(tool), failures.get(step, {}).get(tool), field, unit) for tool in tools]
        if any(one != "–" for one in cells):
            lines.append(f"| {title}, {unit} | " + " | ".join(cells) + " |")
    holds = results["holds"][tree]
    lines.append("| in the index | " + " | ".join(holds.get(tool, "–") for tool in tools) + " |")
    return "\n".join(lines)


def comparison(tree, rows):
    lines = ["| pattern | aiex | ripgrep | both | the rest |", "|---|---|---|---|---|"]
    for row in rows:
        rest = "; ".join(f"{count} {reason}" for reason, count in row["reasons"].items()) or "none"
        pattern = row["pattern"].replace("|", "\\|")
        lines.append(f"| `{pattern}` | {row['aiex']} | {row['ripgrep']} | {row['both']} | {rest} |")
    return f"Lines found in {tree}:\n\n" + "\n".join(lines)


def whole(results):
    """Everything, as Markdown."""
    versions = ["| tool | version | model |", "|---|---|---|"]
    versions += [f"| {tool} | {results['versions'][tool]} | {results['models'][tool]} |" for tool in results["tools"]]
    loads = sorted(results["loads"])
    parts = ["\n".join(versions)]
    if results["missing"]:
        parts.append("Not measured: " + "; ".join(f"{name}: {why}" for name, why in results["missing"].items()) + ".")
    parts.append(f"{results['cores']} cores; load average {loads[0]:.1f} at least, {middle(loads):.1f} in the middle, "
                 f"{loads[-1]:.1f} at most. Median (90th percentile).")
    for tree in results["trees"]:
        parts.append(f"{tree}: {results['trees'][tree]}.")
        parts.append(table(tree, results))
        if tree in results["comparisons"]:
            parts.append(comparison(tree, results["comparisons"][tree]))
    return "\n\n".join(parts)
