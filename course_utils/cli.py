"""The commands of the course: `python -m course_utils lab / run / check / data / progress`."""

import argparse
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from course_utils import bootstrap, notebooks

MY_COURSE = notebooks.ROOT / "my_course"


def main(arguments=None):
    """Run one command and return its exit code: 0 fine, 1 something failed, 2 the command was not understood."""
    parser = argparse.ArgumentParser(prog="python -m course_utils", description="Deep learning in medicine")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    lab = commands.add_parser("lab", help="open the course in JupyterLab, in your own folder my_course/")
    lab.epilog = "Further options are handed to `jupyter lab`."
    lab.set_defaults(run=_lab)

    run = commands.add_parser("run", help="run chapters and show seconds, memory and claims of each")
    run.add_argument("chapters", nargs="*", help="chapter numbers such as 3.1.1 (default: all)")
    run.add_argument("--fast", action="store_true", help="small settings; quality claims are not checked")
    run.add_argument("--seeds", type=int, nargs="+", help="run once for each of these seeds")
    run.add_argument("--save", action="store_true", help="write the outputs into the notebooks (for authors)")
    run.add_argument("--solutions", action="store_true", help="also run the solutions")
    run.add_argument("--folder", type=Path, default=notebooks.FOLDER, help=argparse.SUPPRESS)
    run.set_defaults(run=_run)

    check = commands.add_parser("check", help="is this computer ready? With a chapter: all tests of that chapter")
    check.add_argument("chapter", nargs="?", help="chapter number such as 3.1.1")
    check.add_argument("--folder", type=Path, default=notebooks.FOLDER, help=argparse.SUPPRESS)
    check.set_defaults(run=_check)

    data = commands.add_parser("data", help="list the data sets, and where each one is")
    data.add_argument("fetch", nargs="*", metavar="NAME", help="download these benchmark data sets")
    data.set_defaults(run=_data)

    progress = commands.add_parser("progress", help="which exercises you have solved")
    progress.set_defaults(run=_progress)

    options, further = parser.parse_known_args(arguments)
    if further and options.command != "lab":
        parser.error(f"not understood: {' '.join(further)}")
    options.further = further
    try:
        return options.run(options)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


# --- lab -------------------------------------------------------------------------------------------------------


def copy_course(folder=notebooks.FOLDER, my_course=MY_COURSE):
    """Copy the chapters into the reader's folder and return what to tell the reader.

    A file that is there already is never overwritten. When the course's version has changed since it was
    copied, a line says so.
    """
    my_course.mkdir(exist_ok=True)
    record_file = my_course / ".copied.json"
    record = json.loads(record_file.read_text(encoding="utf-8")) if record_file.exists() else {}
    messages = []
    for entry in notebooks.chapters(folder):
        for source in (entry.path, entry.solution_path):
            if not source.exists():
                continue
            name = source.relative_to(folder).as_posix()
            fingerprint = _fingerprint(source)
            target = my_course / name
            if not target.exists():
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(source.read_bytes())
                record[name] = fingerprint
            elif record.get(name) != fingerprint:
                messages.append(
                    f"{name} has changed in the course. Your copy stays as it is; "
                    "rename or delete it to get the new one next time."
                )
    record_file.write_text(json.dumps(record, indent=1), encoding="utf-8")
    return messages


def _fingerprint(path):
    # Of the sources alone: another run's outputs are no news to the reader.
    text = json.dumps(notebooks.sources(notebooks.read(path)))
    return hashlib.sha256(text.encode()).hexdigest()


def _lab(options):
    for message in copy_course():
        print(message)
    print(f"Your own copies of the chapters are in {MY_COURSE.name}/. The course opens in your browser;")
    print("if it does not, copy the address below into it. To stop, press Ctrl+C here, twice.", flush=True)
    first = f"/lab/tree/{MY_COURSE.name}/00_start_here.ipynb"
    command = [sys.executable, "-m", "jupyter", "lab", f"--ServerApp.root_dir={notebooks.ROOT}"]
    command.append(f"--LabApp.default_url={first}")
    command.append("--Application.log_level=ERROR")  # of its messages only the address
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container
    command += options.further
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        return 0


# --- run -------------------------------------------------------------------------------------------------------


def _run(options):
    import tempfile

    from tqdm import tqdm

    entries = [notebooks.find_chapter(name, options.folder) for name in options.chapters]
    jobs = []
    for entry in entries or notebooks.chapters(options.folder):
        for seed in options.seeds or [None]:
            jobs.append((entry, entry.path, seed))
        if options.solutions and entry.solution_path.exists():
            jobs.append((entry, entry.solution_path, None))

    rows, claims, failures = [], [], []
    with tempfile.TemporaryDirectory() as scratch, tqdm(jobs, unit="notebook", disable=None) as bar:
        for entry, path, seed in bar:
            name = path.relative_to(options.folder).as_posix()
            bar.set_description(name)
            notebook = notebooks.read(path)
            is_chapter = path == entry.path
            parameters = notebooks.fast_parameters(notebook) if options.fast and is_chapter else {}
            if seed is not None:
                parameters["SEED"] = seed
            log = Path(scratch) / f"{len(rows)}.jsonl"
            environment = {"COURSE_CLAIMS_LOG": str(log)}
            run = notebooks.execute(notebook, path.parent, parameters, environment)
            lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
            run_claims = [json.loads(line) for line in lines]
            claims += run_claims
            error = run.error or _refusal(run, options.save)
            if error:
                failures.append(f"{name}{'' if seed is None else f' (seed {seed})'}: {error}")
            elif options.save:
                _save(run.notebook, path)
            rows.append((name, seed, run.seconds, run.peak_gb, run_claims, error))

    _print_table(rows)
    if options.seeds:
        _print_margins(claims)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _refusal(run, save):
    if not save:
        return ""
    noisy = notebooks.stderr_cells(run.notebook)
    return f"not written: cell {noisy[0]} wrote to stderr" if noisy else ""


def _save(notebook, path):
    import nbformat

    notebooks.tidy(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.pop("transient", None)
    nbformat.write(notebook, path)


def _print_table(rows):
    width = max(len(row[0]) for row in rows)
    print(f"{'notebook':{width}}  seed  seconds  peak GB  claims checked")
    for name, seed, seconds, peak_gb, claims, error in rows:
        checked = sum(claim["holds"] is not None for claim in claims)
        seed = "" if seed is None else seed
        end = "  FAILED" if error else ""
        print(f"{name:{width}}  {seed:>4}  {seconds:7.1f}  {peak_gb:7.2f}  {checked:3d} of {len(claims)}{end}")
    print(f"{'all':{width}}        {sum(row[2] for row in rows):7.1f}  {max(row[3] for row in rows):7.2f}")


def _print_margins(claims):
    """For every claim with a margin: the smallest over the seeds, so that an author sees how safe it is."""
    margins = {}
    for claim in claims:
        if claim["margin"] is not None:
            margins.setdefault((claim["chapter"], claim["statement"]), []).append(claim["margin"])
    if margins:
        print("\nsmallest margin over the seeds")
    for (chapter, statement), values in margins.items():
        print(f"{min(values):10.4g}  {chapter}: {statement}")


# --- check -----------------------------------------------------------------------------------------------------


def _check(options):
    if options.chapter is None:
        return 0 if check_environment() else 1
    entry = notebooks.find_chapter(options.chapter, options.folder)
    command = [sys.executable, "-m", "pytest", "tests", str(options.folder), "-k", entry.file]
    return subprocess.run(command, cwd=notebooks.ROOT, check=False).returncode


def check_environment():
    """Say in plain words whether this computer is ready for the course, and what is missing if it is not.

    Returns
    -------
    bool
        True when everything needed is there.

    Taught in: 00_start_here
    """
    import psutil

    problems = []
    complaint = bootstrap.complaint(sys.version_info, None)
    _report(not complaint, f"Python {platform.python_version()}", complaint, problems)
    _report(*_packages(), problems)
    memory_gb = psutil.virtual_memory().total / 1e9
    _report(
        memory_gb > 3.5,
        f"{memory_gb:.0f} GB of memory",
        f"This computer has {memory_gb:.1f} GB of memory; the largest chapter needs 2.5 GB for itself.",
        problems,
    )
    cores = os.cpu_count() or 1
    _report(cores >= 2, f"{cores} processor cores", "With one core the course runs, at half the speed.", problems)
    embedded = (notebooks.ROOT / "data" / "catalogue.toml").exists()
    _report(embedded, "the embedded data", "The folder data/ is missing: run the course from its own folder.", problems)
    print("\nEverything is ready." if not problems else "\n" + "\n".join(problems))
    return not problems


def _report(fine, what, problem, problems):
    print(f"{'✓' if fine else '✗'} {what}")
    if not fine:
        problems.append(problem)


def _packages():
    """Compare what is installed with the pins of requirements.txt."""
    from packaging.requirements import Requirement

    missing, other = [], []
    for line in (notebooks.ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if not re.match(r"[a-z]", line):
            continue
        pin = Requirement(line.split(" #")[0])
        if pin.marker and not pin.marker.evaluate():
            continue
        try:
            if importlib.metadata.version(pin.name) not in pin.specifier:
                other.append(pin.name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(pin.name)
    if missing:
        return False, "packages", f"Not installed: {', '.join(missing)}. Run `make lab` again."
    if other:
        # Another version is no fault of the reader's, as long as the course's tests pass with it.
        return True, f"packages (other versions than tested: {', '.join(other)})", ""
    return True, "all packages, in the tested versions", ""


# --- data and progress -----------------------------------------------------------------------------------------


def _data(options):
    from course_utils import datasets

    for name in options.fetch:
        print(f"{name}: {datasets.fetch(name)}")
    for entry in datasets.catalogue():
        print(f"{entry.name:20} {datasets.status(entry.name):20} {entry.title}")
    missing = [entry.name for entry in datasets.catalogue() if datasets.status(entry.name) == "not here"]
    if missing:
        print(f"\nTo download one: .venv/bin/python -m course_utils data {missing[0]}")
        print("Without it the chapter that wants it runs on embedded data, and says so.")
    return 0


def _progress(options):
    from course_utils import exercises

    solved = set(exercises.solved())
    by_chapter = {}
    for exercise in exercises.all_exercises():
        by_chapter.setdefault(exercise.id.rsplit("-", 1)[0], []).append(exercise.id)
    for chapter, ids in by_chapter.items():
        marks = "  ".join(f"{'✓' if item in solved else '○'} {item}" for item in ids)
        print(f"{chapter:8} {sum(item in solved for item in ids)} of {len(ids)}   {marks}")
    every = [item for ids in by_chapter.values() for item in ids]
    print(f"{'all':8} {sum(item in solved for item in every)} of {len(every)}")
    return 0
