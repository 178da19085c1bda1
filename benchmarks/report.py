"""What the benchmarks share: the options of a script, its rows in results/<name>.csv, and its section of RESULTS.md.

    python benchmarks/report.py      every section anew from the stored rows; nothing is measured (part of `make pages`)

A script benchmarks/<name>.py holds

    benchmark = report.Benchmark(__file__, key=[...], seeds=[...])
    PARTS = {"name of a part": function}    # without arguments: measures, and saves each row when it is finished
    def section(): ...                      # Markdown, made from benchmark.rows()
    def main(arguments=None):
        return benchmark.main(__doc__, PARTS, section, arguments)
"""

import argparse
import csv
import datetime
import importlib
import os
import platform
import re
import shlex
import sys
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ORIGIN = ("threads", "date", "machine", "command")
HEAD = """\
# Results of the benchmarks

<!-- Joined from the Markdown files of results/ by `make pages`; those are written by the scripts, never by hand. -->

The scripts of `benchmarks/` measured these numbers; the `README.md` beside them says how.
"""


class Benchmark:
    """One benchmark: the options it was started with, and the rows it has measured.

    Parameters
    ----------
    script : path
        The script itself, `__file__`.
    key : sequence of str
        The columns that tell one row from another.
    measured : sequence of str, optional
        The columns between the key and the origin. The default is what the first row holds.
    seeds : sequence of int, optional
        Every declared seed.
    digits : int
        How many digits of a number are stored.
    """

    def __init__(self, script, key, measured=(), seeds=(), digits=6):
        self.name = Path(script).stem
        self.path = FOLDER / "results" / f"{self.name}.csv"
        self.key, self.measured, self.seeds, self.digits = list(key), list(measured), list(seeds), digits
        self.options = argparse.Namespace(seeds=None, again=False, dry_run=False)

    def main(self, description, parts, section, arguments=None, **lists):
        """Do what the command line says. `lists` are further options, each with the names to choose from."""
        self.read_options(description, parts, arguments, **lists)
        for part in [] if self.options.report else self.options.only:
            parts[part]()
            self.write(section)  # after each part: a run that is cut short leaves what it has
        if self.options.report:
            self.write(section)
        return 0

    def read_options(self, description, parts, arguments=None, **lists):
        parser = argparse.ArgumentParser(
            description=description, formatter_class=argparse.RawDescriptionHelpFormatter, prog=f"{self.name}.py"
        )
        parser.set_defaults(only=list(parts), seeds=None)
        if len(parts) > 1:
            parser.add_argument("--only", nargs="+", choices=list(parts), help="only these parts")
        for name, values in lists.items():
            parser.add_argument(f"--{name}", nargs="+", choices=list(values), default=list(values), help="only these")
        if self.seeds:
            parser.add_argument(
                "--seeds",
                nargs="+",
                type=int,
                metavar="N",
                help="only these; others than the declared ones only with --dry-run",
            )
        parser.add_argument("--again", action="store_true", help="measure also what is in the file, and replace it")
        parser.add_argument("--dry-run", action="store_true", help="measure, show, and store nothing")
        parser.add_argument("--report", action="store_true", help="measure nothing; write the section anew")
        self.options = parser.parse_args(arguments)
        other = sorted(set(self.options.seeds or ()) - set(self.seeds))
        if other and not self.options.dry_run:
            parser.error(f"--seeds: {', '.join(map(str, other))} not declared in the script; only with --dry-run")

    def wanted(self, declared):
        """Return which of a part's declared seeds to run: all, or those asked for."""
        asked = self.options.seeds
        if asked is None or self.options.dry_run:
            return list(asked or declared)
        return [seed for seed in declared if seed in asked]

    def rows(self):
        """Return the stored rows, as dictionaries of texts."""
        return read_rows(self.path)

    def is_done(self, *key):
        """Is a row with this key in the file, so that a run that was cut short goes on where it ended?"""
        if self.options.again or self.options.dry_run:
            return False
        return any([row[name] for name in self.key] == [key_text(value) for value in key] for row in self.rows())

    def save(self, *key, row):
        """Print a row and store it at once, with its origin; a row with the same key is replaced."""
        row = dict(zip(self.key, map(key_text, key), strict=True)) | row
        row = {name: f"{value:.{self.digits}g}" if isinstance(value, float) else value for name, value in row.items()}
        print(", ".join(f"{name} {value}" for name, value in row.items() if value not in (None, "")), flush=True)
        if not self.options.dry_run:
            origin = (os.environ.get("TF_NUM_INTRAOP_THREADS", "default"), today(), machine(), command())
            put_row(self.path, self.columns(row), self.key, row | dict(zip(ORIGIN, origin, strict=True)))

    def columns(self, row):
        """Return the columns of the file: those it has, or else the key, what was measured, and the origin."""
        stored = self.rows()
        found = list(stored[0]) if stored else [*self.key, *(self.measured or row), *ORIGIN]
        found = list(dict.fromkeys(found))
        if unknown := [name for name in row if name not in found]:
            raise ValueError(f"{self.path.name} has no column for {', '.join(unknown)}")
        return found

    def write(self, section):
        """Write results/<name>.md and RESULTS.md anew."""
        if self.rows() and not self.options.dry_run:
            text = section().strip() + "\n"
            self.path.with_suffix(".md").write_text(text, encoding="utf-8", newline="\n")
            (FOLDER / "RESULTS.md").write_text(results_page(), encoding="utf-8", newline="\n")


def key_text(value):
    """Return a value of a key as the file shows it; several seeds whose results were combined are `0+1+2`."""
    return "+".join(map(str, value)) if isinstance(value, tuple) else str(value)


# --- where a row comes from ------------------------------------------------------------------------------------------


def machine():
    """Return processor, number of its cores this process may use, and the versions that matter."""
    processor = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
        processor = f"{found[1].strip()} ({platform.machine()})" if found else processor
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = ", ".join(f"{name} {version(name.lower())}" for name in ("TensorFlow", "Keras", "NumPy"))
    return f"{processor}, {cores} cores; {platform.system()}; Python {platform.python_version()}, {versions}"


def today():
    return datetime.date.today().isoformat()


def command():
    """Return the command by which the running benchmark was started."""
    return shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])


def made_by(rows):
    """Return the sentence that says on which machine, when and how these rows were measured."""

    def distinct(name):
        return list(dict.fromkeys(row[name] for row in rows if row.get(name)))

    commands = ", ".join(f"`{text}`" for text in distinct("command"))
    sentence = f"Machine: {'; '.join(distinct('machine'))}. Date: {', '.join(distinct('date'))}. Command: {commands}."
    threads = distinct("threads")
    return f"{sentence} Threads of one operation: {', '.join(threads)}." if threads else sentence


# --- files -----------------------------------------------------------------------------------------------------------


def read_rows(path):
    """Return the rows of a CSV file as dictionaries of texts; none if there is no file."""
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def put_row(path, columns, key, row):
    """Put one row into a CSV file: at its end, or in the place of the row with the same key."""
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


def scripts():
    """Return the names of the benchmarks: every script of the folder but this one."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "report")


def results_page():
    """Return the text of RESULTS.md: the sections of the benchmarks, one after the other."""
    sections = sorted((FOLDER / "results").glob("*.md"))
    return "\n".join([HEAD, *(path.read_text("utf-8") for path in sections)])


# --- Markdown --------------------------------------------------------------------------------------------------------


def yes(holds):
    """Return the answer to "was it met?", a no in bold."""
    return "yes" if holds else "**no**"


def table(header, rows):
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def main():
    sys.path.insert(0, str(FOLDER))
    for name in scripts():
        script = importlib.import_module(name)
        script.benchmark.write(script.section)


if __name__ == "__main__":
    main()
