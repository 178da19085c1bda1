"""Run many jobs, chapters x seeds x parameters: several at a time on this machine, or on a Dask cluster.

    python -m course_utils run 3.1.2 --seeds 0 1 2 --vary EPOCHS=5,20 --workers 2 --results my_results

Every job runs in a process of its own, here and on a cluster, and a job whose process is killed is run again. A job
is a dictionary of plain values, and so is its result: they are sent and stored as they are.
"""

import ast
import contextlib
import csv
import hashlib
import itertools
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from course_utils import machine, notebooks

RUNS = 3  # so often a job is started whose process is killed
NO_DASK = (
    'a cluster needs Dask, which is not installed: .venv/bin/python -m pip install -e ".[cluster]" '
    "(here, and wherever a worker runs)"
)

# --- jobs --------------------------------------------------------------------------------------------------------


def varied(texts):
    """Read what is to be varied, such as ["EPOCHS=1,2", "DROPOUT=0.1"], as {name: list of values}."""
    found = {}
    for text in texts or ():
        name, equals, values = text.partition("=")
        if not (name.isidentifier() and equals and all(value.strip() for value in values.split(","))):
            raise ValueError(f"--vary takes a parameter and its values, such as EPOCHS=1,2; got {text!r}")
        found[name] = [_value(value.strip()) for value in values.split(",")]
    return found


def _value(text):
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text  # a word, such as the name of a data set
    return value if isinstance(value, str | int | float | None) else text


def jobs(entries, seeds=(), vary=None, *, fast=False, solutions=False):
    """Return the jobs for these chapters: one for each seed and each combination of the values in `vary`.

    A parameter that a chapter does not have is a ValueError that lists those that it has. Solutions have no
    parameters: with `solutions` each is one job.
    """
    vary, found = dict(vary or {}), []
    if seeds:
        vary = {"SEED": list(seeds)} | vary
    for entry in entries:
        notebook = notebooks.read(entry.path)
        known = parameters(notebook)
        missing = [name for name in vary if name not in known]
        if missing:
            there = f"it has {', '.join(known)}" if known else "it has none"
            raise ValueError(f"chapter {entry.number} has no parameter {missing[0]}; {there}")
        for values in itertools.product(*vary.values()):
            chosen = (notebooks.fast_parameters(notebook) if fast else {}) | dict(zip(vary, values, strict=True))
            found.append(_job(entry.folder, entry.path, notebook, chosen))
        if solutions and entry.solution_path.exists():
            found.append(_job(entry.folder, entry.solution_path, notebooks.read(entry.solution_path), {}))
    return found


def parameters(notebook):
    """Return the names that the cell tagged `parameters` sets."""
    cells = [cell for cell in notebook.cells if "parameters" in notebooks.tags(cell)]
    statements = [statement for cell in cells for statement in notebooks.syntax(cell).body]
    targets = [statement.targets[0] for statement in statements if isinstance(statement, ast.Assign)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _job(folder, path, notebook, chosen):
    own = Path(folder).resolve() == notebooks.FOLDER.resolve()
    return {
        "notebook": path.relative_to(folder).as_posix(),
        "folder": None if own else str(Path(folder).resolve()),  # None: the course of whoever runs it
        "parameters": chosen,
        "sources": _fingerprint(notebook),
    }


def _fingerprint(notebook):
    return hashlib.sha256(json.dumps(notebooks.sources(notebook)).encode()).hexdigest()


def name(job):
    """Return a name for a job that may name a file: the notebook, and the values that differ from it."""
    values = [f"{key}={value}" for key, value in job["parameters"].items()]
    full = "__".join([job["notebook"].removesuffix(".ipynb").replace("/", "-"), *values])
    short = re.sub(r"[^\w.=+-]", "_", full)[:120]
    return short if short == full else f"{short}-{hashlib.sha256(full.encode()).hexdigest()[:8]}"


# --- results -----------------------------------------------------------------------------------------------------


def done(folder, todo):
    """Return {name: result} of the jobs that `folder` holds a result of: whole, and of the notebook as it is now."""
    found = {}
    for job in todo:
        try:
            stored = json.loads((Path(folder) / f"{name(job)}.json").read_text(encoding="utf-8"))
            if stored["job"] == job and not stored["result"]["error"]:
                found[name(job)] = stored["result"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # none, or half a file: it is run again
    return found


def store(folder, job, result):
    """Write a result whole or not at all; the name of the file is that of the job."""
    path = Path(folder) / f"{name(job)}.json"
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps({"job": job, "result": result}, indent=1), encoding="utf-8", newline="\n")
    os.replace(part, path)


def write_table(folder, results):
    """Write results.csv: a row for each (job, result), a column for each parameter."""
    varied_names = list(dict.fromkeys(key for job, _ in results for key in job["parameters"]))
    columns = ["notebook", *varied_names, "seconds", "peak_gb", "claims", "claims_checked", "computer", "error"]
    with open(Path(folder) / "results.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        for job, result in results:
            checked = sum(claim["holds"] is not None for claim in result["claims"])
            row = {key: result[key] for key in ("seconds", "peak_gb", "computer", "error")}
            row |= {"notebook": job["notebook"], "claims": len(result["claims"]), "claims_checked": checked}
            writer.writerow(row | job["parameters"])


# --- running -----------------------------------------------------------------------------------------------------


def run_here(todo, workers, on_result):
    """Run jobs on this machine, `workers` at a time; `on_result(job, result)` is called here for each one."""
    running = _Running()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        futures = {pool.submit(run_job, job, running): job for job in todo}
        try:
            for future in as_completed(futures):
                on_result(futures[future], future.result())
        except BaseException:  # the reader stops it, or the disk is full
            pool.shutdown(wait=False, cancel_futures=True)
            running.stop()
            raise


def run_on_cluster(todo, address, on_result):
    """Run jobs on the workers of a Dask scheduler. Dask gives the job of a worker that is killed to another one.

    Each worker runs the chapters of its own copy of the course; where they differ from those here, the job fails.
    """
    try:
        from distributed import Client
        from distributed import as_completed as as_they_come
    except ImportError:
        raise ValueError(NO_DASK) from None
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise ValueError(f"no Dask scheduler answers at {address}: {error or 'no answer within 10 seconds'}") from None
    with client:
        if not client.scheduler_info()["workers"]:
            print("The scheduler has no worker yet: the jobs wait for one.", flush=True)
        stamp = time.time_ns()  # a key of its own for each: Dask would give back the result of an earlier run
        futures = {client.submit(run_job, job, key=f"{name(job)}-{stamp}", pure=False): job for job in todo}
        try:
            for future in as_they_come(list(futures)):
                error = future.exception()
                result = future.result() if error is None else _failed(f"{type(error).__name__}: {error}")
                on_result(futures[future], result)
        except BaseException:
            client.cancel(list(futures))
            raise


def run_job(job, running=None):
    """Run one job in a process of its own and return its result; when the process is killed, start it again.

    `running` knows the process while it runs, so that it can be stopped.
    """
    running = running or _Running()
    for attempt in range(1, RUNS + 1):
        with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as scratch:
            files = Path(scratch) / "job.json", Path(scratch) / "result.json"
            files[0].write_text(json.dumps(job), encoding="utf-8")
            command = [sys.executable, "-m", "course_utils.many", *map(str, files)]
            process = subprocess.Popen(
                command, cwd=machine.ROOT, env=machine.environment(), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8", errors="replace",
            )  # fmt: skip
            try:
                with running.holding(process):
                    said = process.communicate()[1].strip().splitlines()
            except BaseException:
                process.kill()
                raise
            try:
                return json.loads(files[1].read_text(encoding="utf-8")) | {"attempts": attempt}
            except (OSError, ValueError):
                if process.returncode >= 0 or running.stopped:  # it was not killed, and would fail again
                    return _failed(said[-1] if said else f"its process ended with exit code {process.returncode}")
    return _failed(f"its process was killed {RUNS} times (signal {-process.returncode}): is there enough memory?")


class _Running:
    """The processes of jobs that run now."""

    def __init__(self):
        self.processes, self.stopped = set(), False

    @contextlib.contextmanager
    def holding(self, process):
        self.processes.add(process)
        if self.stopped:
            process.kill()
        try:
            yield
        finally:
            self.processes.discard(process)

    def stop(self):
        """End them all; none of their jobs is run again."""
        self.stopped = True
        for process in list(self.processes):
            process.kill()


def _failed(error):
    return {"error": error, "seconds": 0.0, "peak_gb": 0.0, "claims": [], "computer": platform.node(), "attempts": RUNS}


# --- in the process of a job -------------------------------------------------------------------------------------


def main(job_file, result_file):
    """Run a job in this process and write its result."""
    end_with_the_parent()
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    path = Path(job["folder"] or notebooks.FOLDER) / job["notebook"]
    log = Path(result_file).with_name("claims.jsonl")
    notebook = notebooks.read(path)
    if _fingerprint(notebook) != job["sources"]:
        raise SystemExit(f"{job['notebook']} on {platform.node()} is not the one that was asked for")
    run = notebooks.execute(notebook, path.parent, job["parameters"], {"COURSE_CLAIMS_LOG": str(log)})
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    result = {"error": run.error, "seconds": round(run.seconds, 1), "peak_gb": round(run.peak_gb, 3)}
    result |= {"claims": [json.loads(line) for line in lines], "computer": platform.node()}
    part = Path(f"{result_file}.part")
    part.write_text(json.dumps(result), encoding="utf-8")
    os.replace(part, result_file)


def end_with_the_parent():
    """End this process when the one who started it is gone, killed or not: nobody waits for the result any more."""
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    if os.name == "posix":
        threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
