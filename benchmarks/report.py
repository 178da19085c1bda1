"""What the benchmarks share: rows written to a CSV file as they finish, and sections of RESULTS.md."""

import csv
import datetime
import os
import platform
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "RESULTS.md"
HEAD = "# Results of the benchmarks\n\nWritten by the scripts in this folder, never by hand. `README.md` says how.\n"


def machine():
    """Return processor, number of its cores this process may use, and the versions that matter."""
    import keras
    import numpy
    import tensorflow

    processor = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
        processor = f"{found[1].strip()} ({platform.machine()})" if found else processor
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = f"Python {platform.python_version()}, TensorFlow {tensorflow.__version__}, Keras {keras.__version__}"
    return f"{processor}, {cores} cores; {platform.system()}; {versions}, NumPy {numpy.__version__}"


def today():
    return datetime.date.today().isoformat()


def read_rows(path):
    """Return the rows of a CSV file as dictionaries of texts; none if there is no file."""
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def put_row(path, columns, key, row):
    """Append one row at once, so that a run that is cut short loses nothing; a row with the same key is replaced."""
    rows = read_rows(path)
    row = {name: str(row.get(name, "")) for name in columns}
    same = [i for i, old in enumerate(rows) if all(old[name] == row[name] for name in key)]
    if same:
        rows[same[0]] = row
    else:
        rows.append(row)
    unfinished = path.with_suffix(".part")
    with open(unfinished, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    unfinished.replace(path)


def table(header, rows):
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def write_section(name, text, path=RESULTS):
    """Write one benchmark's section of RESULTS.md; the sections of the others stay as they are."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    section = f"{begin}\n{text.strip()}\n{end}\n"
    old = path.read_text("utf-8") if path.exists() else HEAD
    before, found, rest = old.partition(begin)
    if found:
        new = before + section + rest.partition(f"{end}\n")[2]
    else:
        new = old + "\n" + section
    path.write_text(new, encoding="utf-8")
