"""What the benchmarks share: rows written to a CSV file as they finish, and sections of RESULTS.md."""

import argparse
import csv
import datetime
import os
import platform
import re
import sys
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


def command():
    """Return the command by which the running benchmark was started."""
    return "python benchmarks/" + " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])


def options(description, declared, arguments=None):
    """Read the two options of a benchmark that runs declared seeds: `--seeds` and `--report`."""
    parser = argparse.ArgumentParser(description=description)
    seeds = f"other seeds than {min(declared)} to {max(declared)}; nothing is written"
    parser.add_argument("--seeds", type=int, nargs="+", help=seeds)
    parser.add_argument("--report", action="store_true", help="only write RESULTS.md anew from the stored rows")
    return parser.parse_args(arguments)


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


class RecipeRows:
    """The CSV file of a benchmark of recipes: one row for each part, recipe and seed, with its origin.

    `measured` names the columns between the key and the origin. Parts named in `again` are run although their rows
    are in the file.
    """

    key = ("part", "recipe", "seed")
    origin = ("threads", "date", "machine", "command")

    def __init__(self, path, measured):
        self.path = path
        self.columns = [*self.key, *measured, *self.origin]
        self.again = set()

    def read(self):
        return read_rows(self.path)

    def is_done(self, part, recipe, seed):
        done = {tuple(row[name] for name in self.key) for row in self.read()}
        return part not in self.again and (part, recipe, seed_text(seed)) in done

    def save(self, part, recipe, seed, row):
        row = {name: f"{value:.6g}" if isinstance(value, float) else value for name, value in row.items()}
        row |= {"part": part, "recipe": recipe, "seed": seed_text(seed)}
        row |= {"threads": os.environ.get("TF_NUM_INTRAOP_THREADS", "default"), "date": today()}
        row |= {"machine": machine(), "command": command()}
        put_row(self.path, self.columns, self.key, row)
        shown = {name: row[name] for name in self.columns[: -len(self.origin)] if row.get(name) not in (None, "")}
        print(", ".join(f"{name} {value}" for name, value in shown.items()), flush=True)


def seed_text(seed):
    """Return one seed, or several whose results were combined, as the file shows it: `3` or `0+1+2`."""
    return "+".join(map(str, seed)) if isinstance(seed, tuple) else str(seed)


def made_by(rows):
    """Return the sentence that says on which machine, when and how these rows were measured."""

    def distinct(name):
        return list(dict.fromkeys(row[name] for row in rows))

    commands = ", ".join(f"`{text}`" for text in distinct("command"))
    machines, dates, threads = (
        "; ".join(distinct("machine")),
        ", ".join(distinct("date")),
        ", ".join(distinct("threads")),
    )
    return f"Machine: {machines}. Date: {dates}. Command: {commands}. Threads of one operation: {threads}."


def yes(holds):
    """Return the answer to "was it met?", a no in bold."""
    return "yes" if holds else "**no**"


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
