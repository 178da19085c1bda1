"""The commands of the course: `python -m course_utils lab / run / check / data / progress / sheets / class`."""

import argparse
import errno
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from course_utils import bootstrap, lab, machine, notebooks


def main(arguments=None):
    """Run one command and return its exit code: 0 fine, 1 something failed, 2 the command was not understood."""
    machine.write_anywhere()
    parser, commands = _parser()
    options, options.further = parser.parse_known_args(arguments)
    if options.version:
        return _version()
    if options.command is None:
        parser.error(f"which command? One of {', '.join(commands.choices)}")
    if options.further and options.command not in ("lab", "check"):
        parser.error(f"not understood: {' '.join(options.further)}")
    try:
        return options.run(options)
    except ModuleNotFoundError as error:
        complaint = f"The package {error.name} is missing in {sys.executable}. Use the course's own Python:"
        print(f"{complaint} `make {options.command}`, or .venv/bin/python -m course_utils.", file=sys.stderr)
    except OSError as error:
        print(_in_one_line(error), file=sys.stderr)
    except ValueError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 1


def _parser():
    """Return the parser of the command line, and that of its commands."""
    parser = argparse.ArgumentParser(prog="python -m course_utils", description="Deep learning in medicine")
    parser.add_argument("--version", action="store_true", help="the versions of the course, Python and TensorFlow")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    opens = commands.add_parser("lab", help="open the course in JupyterLab, in your own folder my_course/")
    opens.add_argument("chapter", nargs="?", help="open this chapter, such as 3.1.1 (default: 00)")
    opens.add_argument("--port", type=int, help="the port of the address (default: a free one from 8888 on)")
    opens.add_argument("--no-browser", action="store_true", help="only print the address")
    opens.epilog = "Further options, written --name=value, are handed to JupyterLab."
    opens.set_defaults(run=_lab)

    run = commands.add_parser("run", help="run chapters and show seconds, memory and claims of each")
    run.add_argument("chapters", nargs="*", help="chapter numbers such as 3.1.1 (default: all)")
    run.add_argument("--fast", action="store_true", help="small settings; quality claims are not checked")
    run.add_argument("--seeds", type=int, nargs="+", help="run once for each of these seeds")
    run.add_argument("--save", action="store_true", help="write the outputs into the notebooks (for authors)")
    run.add_argument("--solutions", action="store_true", help="also run the solutions")
    run.add_argument("--workers", type=int, metavar="N", help="so many notebooks at a time")
    run.add_argument("--vary", action="append", metavar="NAME=A,B", help="run with each of these values of a parameter")
    run.add_argument("--results", type=Path, metavar="FOLDER", help="keep results here; a second run does the rest")
    run.add_argument("--cluster", metavar="ADDRESS", help="run on the workers of this Dask scheduler")
    run.add_argument("--folder", type=Path, default=notebooks.FOLDER, help=argparse.SUPPRESS)
    run.set_defaults(run=_run)

    check = commands.add_parser("check", help="is this computer ready? With a chapter: all tests of that chapter")
    check.add_argument("chapter", nargs="?", help="chapter number such as 3.1.1")
    check.add_argument("--folder", type=Path, default=notebooks.FOLDER, help=argparse.SUPPRESS)
    check.epilog = "Further options, written --name=value, are handed to pytest."
    check.set_defaults(run=_check)

    data = commands.add_parser("data", help="list the data sets, and where each one is")
    data.add_argument("fetch", nargs="*", metavar="NAME", help="download these benchmark data sets")
    data.set_defaults(run=_data)

    progress = commands.add_parser("progress", help="which exercises you have solved")
    progress.set_defaults(run=_progress)

    sheets = commands.add_parser("sheets", help="write exercise sheets to print, one for each chapter (for teachers)")
    sheets.add_argument("chapters", nargs="*", help="chapter numbers such as 3.1.1 (default: all)")
    sheets.add_argument("--solutions", action="store_true", help="with solutions, and what wrong answers show")
    sheets.add_argument("--out", type=Path, metavar="FOLDER", help="where to (default: docs/_build/sheets)")
    sheets.add_argument("--folder", type=Path, default=notebooks.FOLDER, help=argparse.SUPPRESS)
    sheets.set_defaults(run=_sheets)

    room = commands.add_parser("class", help="who has solved what, from students' folders (for teachers)")
    room.add_argument("returned", type=Path, metavar="FOLDER", help="holds one folder for each student")
    room.add_argument("chapters", nargs="*", help="chapter numbers such as 3.1.1 (default: all)")
    room.add_argument("--csv", type=Path, metavar="FILE", help="also write a row for each exercise of each student")
    room.add_argument("--seconds", type=float, default=60, help="for the cells of one exercise (default: 60)")
    room.add_argument("--memory", type=float, default=4, metavar="GB", help="of one student's process (default: 4)")
    room.add_argument("--workers", type=int, default=1, metavar="N", help="so many students at a time (default: 1)")
    room.add_argument("--folder", type=Path, default=notebooks.FOLDER, help=argparse.SUPPRESS)
    room.set_defaults(run=_class)
    return parser, commands


def _in_one_line(error):
    """Say what an OSError means for the reader."""
    if error.errno == errno.ENOSPC:
        return "The disk is full. What was written until now is whole; make room, and run the command again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{error.filename} cannot be written or read here. Copy the course into a folder of your own."
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)


def _version():
    names = ("course-utils", "tensorflow", "keras", "jupyterlab")
    try:
        versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    except importlib.metadata.PackageNotFoundError as error:
        versions = f"{error.name} is not installed"
    print(f"{versions}, Python {platform.python_version()}")
    return 0


# --- lab -------------------------------------------------------------------------------------------------------


def _lab(options):
    return lab.open_lab(options.chapter, options.port, not options.no_browser, options.further)


# --- run -------------------------------------------------------------------------------------------------------


def _run(options):
    if options.workers is not None or options.vary or options.results or options.cluster:
        return _run_many(options)
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
    with tempfile.TemporaryDirectory() as scratch, tqdm(total=len(jobs), unit="notebook", disable=None) as bar:
        for entry, path, seed in jobs:
            name = path.relative_to(options.folder).as_posix()
            bar.set_description(name)
            log = Path(scratch) / f"{len(rows)}.jsonl"
            try:
                notebook = notebooks.read(path)
            except ValueError as fault:  # the others run all the same
                failures.append(str(fault))
                bar.update()
                continue
            run = _run_one(notebook, path, path == entry.path and options.fast, seed, log, bar)
            error = run.error or (options.save and _refusal(run))
            if options.save and not error:
                _save(run.notebook, path)
            lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
            run_claims = [json.loads(line) for line in lines]
            claims += run_claims
            if error:
                failures.append(f"{name}{'' if seed is None else f' (seed {seed})'}: {error}")
            rows.append((name, seed, run.seconds, run.peak_gb, run_claims, error))
            bar.update()

    if rows:
        _print_table(rows)
    if options.seeds:
        _print_margins(claims)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _run_many(options):
    from tqdm import tqdm

    from course_utils import many

    if options.save:
        raise ValueError("--save stores one run in its notebook: leave --workers, --vary, --results and --cluster away")
    if options.workers is not None and options.cluster:
        raise ValueError("--workers is for this machine, --cluster for others: choose one")
    workers = 1 if options.workers is None else options.workers
    if workers < 1:
        raise ValueError(f"--workers must be 1 or more, got {workers}")
    entries = [notebooks.find_chapter(name, options.folder) for name in options.chapters]
    entries = entries or notebooks.chapters(options.folder)
    vary = many.varied(options.vary)
    jobs = many.jobs(entries, options.seeds or (), vary, fast=options.fast, solutions=options.solutions)
    results = {}
    if options.results:
        options.results.mkdir(parents=True, exist_ok=True)
        results = many.done(options.results, jobs)
        print(f"{len(results)} of {len(jobs)} are done already", flush=True)
    todo = [job for job in jobs if many.name(job) not in results]

    with tqdm(total=len(todo), unit="notebook", disable=None) as bar:

        def collect(job, result):
            results[many.name(job)] = result
            if options.results:
                many.store(options.results, job, result)
            bar.update()

        if todo and options.cluster:
            many.run_on_cluster(todo, options.cluster, collect)
        elif todo:
            many.run_here(todo, workers, collect)

    rows, failures = [], []
    for job in jobs:
        result, chosen = results[many.name(job)], dict(job["parameters"])
        seed = chosen.get("SEED") if options.seeds else None
        name = " ".join([job["notebook"], *(f"{key}={chosen[key]}" for key in vary if key in chosen)])
        rows.append((name, seed, result["seconds"], result["peak_gb"], result["claims"], result["error"]))
        if result["error"]:
            failures.append(f"{name}{'' if seed is None else f' (seed {seed})'}: {result['error']}")
    if options.results:
        many.write_table(options.results, [(job, results[many.name(job)]) for job in jobs])
    _print_table(rows)
    if options.seeds:
        _print_margins([claim for row in rows for claim in row[4]])
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _run_one(notebook, path, fast, seed, log, bar):
    parameters = notebooks.fast_parameters(notebook) if fast else {}
    if seed is not None:
        parameters["SEED"] = seed

    def show(cells_done):
        bar.set_postfix_str(f"cell {cells_done} of {len(notebook.cells)}")

    return notebooks.execute(notebook, path.parent, parameters, {"COURSE_CLAIMS_LOG": str(log)}, show)


def _refusal(run):
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
    command = [sys.executable, "-m", "pytest", "tests", str(options.folder), "--chapter", entry.file, entry.number]
    command += options.further
    return subprocess.run(command, cwd=notebooks.ROOT, env=machine.environment(), check=False).returncode


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
    problem = _import_problem()
    if problem:
        return False, "packages", problem
    if other:
        # Another version is no fault of the reader's, as long as the course's tests pass with it.
        return True, f"packages (other versions than tested: {', '.join(other)})", ""
    return True, "all packages, in the tested versions", ""


IMPORTED = ("numpy", "scipy", "pandas", "sklearn", "matplotlib.pyplot", "seaborn", "nilearn", "pydicom", "Bio")
IMPORTED += ("tensorflow", "keras")

# Run where the reader's notebooks are: a file of theirs called numpy.py would stand before the package there.
IMPORT_EACH = """
import importlib, pathlib, sys
for name in sys.argv[1:]:
    print(name, flush=True)
    file = importlib.import_module(name).__file__
    if file and pathlib.Path(file).resolve().parent == pathlib.Path.cwd().resolve():
        raise ImportError(f"{file} has the name of a package: rename it")
"""


def _import_problem():
    """Import the packages as a chapter would, in a process of its own, and say in one line what fails."""
    names = [name for name in IMPORTED if name not in sys.modules]
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH, *names],
        cwd=lab.MY_COURSE if lab.MY_COURSE.is_dir() else notebooks.FOLDER,
        env=machine.environment(),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return ""
    name = (done.stdout.split() or ["Python"])[-1]
    why = (done.stderr.strip().splitlines() or ["no message"])[-1][:300]
    if done.returncode < 0:  # it did not raise: it crashed
        why = f"Python crashed (signal {-done.returncode}); TensorFlow needs a processor with AVX"
    return f"{name} cannot be imported: {why}. If nothing else helps, delete the folder .venv and run `make lab` again."


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
    import numpy  # noqa: F401  (the checks need it: without it this is not the course's own Python)

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
    for fault in exercises.faults():
        print(f"! {fault}")
    return 0


# --- for teachers ----------------------------------------------------------------------------------------------


def _sheets(options):
    from course_utils import classroom

    entries = [notebooks.find_chapter(name, options.folder) for name in options.chapters]
    folder = options.out or classroom.SHEETS
    paths = classroom.write_sheets(entries or notebooks.chapters(options.folder), folder, options.solutions)
    for path in paths:
        print(path)
    print("Open a sheet in a browser and print it from there.")
    return 0


def _class(options):
    from tqdm import tqdm

    from course_utils import classroom

    for name in ("seconds", "memory", "workers"):
        if getattr(options, name) <= 0:
            raise ValueError(f"--{name} must be more than 0, got {getattr(options, name)}")
    entries = [notebooks.find_chapter(name, options.folder) for name in options.chapters]
    entries = entries or notebooks.chapters(options.folder)
    if options.csv:
        options.csv.touch()  # what cannot be written is said now, not after an hour
    with tqdm(unit="chapter", disable=None) as bar:
        results = classroom.review(
            options.returned, entries, seconds=options.seconds, memory_gb=options.memory, workers=options.workers,
            on_result=lambda results: bar.update(),
        )  # fmt: skip
    if not results:
        raise ValueError(f"no student in {options.returned} has returned one of these chapters")
    print("\n".join(classroom.table(results)))
    print("\n✓ solved  ✗ wrong  ○ not attempted  ! could not be checked  – its check is gone")
    wrong = classroom.what_went_wrong(results)
    if wrong:
        print("\nWhat the wrong answers show\n" + "\n".join(wrong))
    if options.csv:
        classroom.write_csv(results, options.csv)
        print(f"\n{options.csv}")
    return 0
