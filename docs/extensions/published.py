"""The table "Beside published results" of the front page: docs/published.toml, with our numbers from the benchmarks."""

import csv
import tomllib
from pathlib import Path

from course_utils import notebooks

HEAD = """\
## Beside published results

Our numbers are written by scripts that you can run. What was seen of a test set before, and by how much results
scatter, stands beside [all results](chapters/results.md).

| task | published | here, mean over seeds | command |
|---|---|---|---|
"""


def rows(result, folder):
    """Return the rows of the benchmark that a table of docs/published.toml asks for."""
    with open(Path(folder) / f"{result['file']}.csv", encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    wanted = {key: value if isinstance(value, list) else [value] for key, value in result["where"].items()}
    found = [line for line in lines if all(line.get(key) in values for key, values in wanted.items())]
    if not found:
        raise ValueError(f"benchmarks/results/{result['file']}.csv has no row for docs/published.toml: {wanted}")
    return found


def line(result, folder):
    """Return one row of the table."""
    found = rows(result, folder)
    values = [float(row[result["column"]]) for row in found]
    here = f"{sum(values) / len(values):.3f} ({result['model']}; {len(values)} seeds)"
    commands = "; ".join(f"`{command}`" for command in dict.fromkeys(row["command"] for row in found))
    return f"| {result['task']} | {result['published']}, {result['source']} | {here} | {commands} |"


def table(root=notebooks.ROOT):
    """Return the section as Markdown; nothing where the course has no such file."""
    file = Path(root) / "docs" / "published.toml"
    if not file.exists():
        return ""
    results = tomllib.loads(file.read_text(encoding="utf-8"))["result"]
    return HEAD + "\n".join(line(result, Path(root) / "benchmarks" / "results") for result in results) + "\n"
