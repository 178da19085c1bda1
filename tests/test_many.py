"""Many jobs at a time: nothing is lost when a process is killed, and a second run does what is left."""

import csv
import json
import os
import signal
import threading
import time

import nbformat
import psutil
import pytest
from small_course import write_notebook

from course_utils import cli, many, notebooks

CELLS = ("import os, time", "N = 1", "from course_utils import claim\nclaim('N is small', N < 9, margin=9 - N)")


@pytest.fixture
def folder(small_course):
    """A course of one chapter with two parameters; it writes a line to the file `ran` in its folder each time."""
    write_notebook(small_course / "00_one.ipynb", *CELLS, "open('ran', 'a').write(f'{SEED} {N} {os.getpid()}\\n')")
    path = small_course / "00_one.ipynb"
    notebook = notebooks.read(path)
    notebook.cells[1].source = "SEED = 0\nN = 1"
    nbformat.write(notebook, path)
    return small_course


def add_cell(folder, source):
    notebook = notebooks.read(folder / "00_one.ipynb")
    notebook.cells.append(nbformat.v4.new_code_cell(source))
    nbformat.write(notebook, folder / "00_one.ipynb")


def jobs(folder, **options):
    return many.jobs(notebooks.chapters(folder), **options)


def ran(folder):
    return (folder / "ran").read_text().splitlines() if (folder / "ran").exists() else []


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


# --- jobs --------------------------------------------------------------------------------------------------------


def test_a_job_for_each_seed_and_each_combination_of_values(folder):
    found = jobs(folder, seeds=[0, 1], vary={"N": [1, 2]}, solutions=True)
    assert [many.name(job) for job in found] == [
        "00_one__SEED=0__N=1",
        "00_one__SEED=0__N=2",
        "00_one__SEED=1__N=1",
        "00_one__SEED=1__N=2",
        "solutions-00_one",
    ]
    assert found[0]["folder"] == str(folder) and json.loads(json.dumps(found)) == found
    assert jobs(notebooks.FOLDER)[0]["folder"] is None


def test_names_of_jobs_can_name_files_and_differ(folder):
    found = jobs(folder, vary={"N": ["a/b", "a:b", "x" * 300, "y" * 300, -1.5]})
    names = {many.name(job) for job in found}
    assert len(names) == 5 and all(len(name) < 140 and not set(name) & set('/\\:*?"<>| ') for name in names)


def test_values_are_read_as_python_where_they_are():
    assert many.varied(["EPOCHS=1, 2", "RATE=0.1", "DATA=pneumonia", "FAST=True", "N=None", "Z=1j"]) == {
        "EPOCHS": [1, 2],
        "RATE": [0.1],
        "DATA": ["pneumonia"],
        "FAST": [True],
        "N": [None],
        "Z": ["1j"],
    }


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--vary", "EPOCHS"], "--vary takes a parameter and its values, such as EPOCHS=1,2; got 'EPOCHS'"),
        (["--vary", "EPOCHS=1,"], "--vary takes a parameter and its values, such as EPOCHS=1,2; got 'EPOCHS=1,'"),
        (["--vary", "EPOCHS=1"], "chapter 00 has no parameter EPOCHS; it has SEED, N"),
        (["--workers", "0"], "--workers must be 1 or more, got 0"),
        (["--workers", "2", "--cluster", "x"], "--workers is for this machine, --cluster for others: choose one"),
        (["--workers", "2", "--save"], "--save stores one run in its notebook: leave --workers, --vary, --results and"),
    ],
)
def test_what_cannot_be_run_is_one_clear_line(folder, options, line, capsys):
    assert cli.main(["run", "--folder", str(folder), *options]) == 1
    said = capsys.readouterr().err
    assert said.startswith(line) and said.count("\n") == 1


def test_without_dask_a_cluster_is_one_clear_line(folder, monkeypatch, capsys):
    monkeypatch.setitem(many.sys.modules, "distributed", None)
    assert cli.main(["run", "--folder", str(folder), "--cluster", "tcp://127.0.0.1:1"]) == 1
    assert capsys.readouterr().err.startswith("a cluster needs Dask, which is not installed: .venv/bin/python -m pip")


# --- on this machine ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_results_and_failures_are_collected_and_a_second_run_does_the_rest(folder, tmp_path, capsys):
    add_cell(folder, "assert SEED == 0 or os.path.exists('mended'), 'not yet'")
    results = tmp_path / "my results"
    command = ["run", "--folder", str(folder), "--workers", "2", "--results", str(results), "--seeds", "0", "1"]
    assert cli.main(command) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("0 of 2 are done already\n")
    assert shown.err == "00_one.ipynb (seed 1): cell 5: AssertionError: not yet\n"
    (folder / "mended").touch()
    (results / "00_one__SEED=1.json").write_text("{")  # half a file counts as none
    assert cli.main(command) == 0
    out = capsys.readouterr().out
    assert out.startswith("1 of 2 are done already\n") and "N is small" in out
    assert [line.split()[0] for line in ran(folder)].count("0") == 1
    with (results / "results.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["SEED"], row["claims_checked"], row["error"]) for row in rows] == [("0", "1", ""), ("1", "1", "")]
    add_cell(folder, "1")  # another notebook: what is stored is of the old one
    assert many.done(results, jobs(folder, seeds=[0, 1])) == {}


# The first process of seed 1 waits to be killed; the next one finds that it was here.
WAITS = (
    "if SEED == 1 and not os.path.exists('first'):\n    open('first', 'w').write(str(os.getppid()))\n    time.sleep(90)"
)


@pytest.mark.slow
def test_the_job_of_a_killed_worker_is_run_again(folder):
    add_cell(folder, WAITS)
    results, first = {}, folder / "first"
    arguments = (jobs(folder, seeds=[0, 1, 2]), 2, lambda job, result: results.update({many.name(job): result}))
    thread = threading.Thread(target=many.run_here, args=arguments)
    thread.start()
    wait_for(lambda: first.exists() and first.read_text())
    os.kill(int(first.read_text()), signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    thread.join(60)
    assert {key: result["error"] for key, result in results.items()} == dict.fromkeys(
        ["00_one__SEED=0", "00_one__SEED=1", "00_one__SEED=2"], ""
    )
    assert [results[f"00_one__SEED={seed}"]["attempts"] for seed in (0, 1, 2)] == [1, 2, 1]
    assert sorted(line.split()[0] for line in ran(folder)) == ["0", "1", "1", "2"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_a_job_that_is_always_killed_is_a_failure(folder, monkeypatch):
    monkeypatch.setattr(many, "RUNS", 2)
    add_cell(folder, "os.kill(os.getppid(), 9)\ntime.sleep(60)")
    (job,) = jobs(folder)
    result = many.run_job(job)
    assert result["error"] == "its process was killed 2 times (signal 9): is there enough memory?"
    assert len(ran(folder)) == 2


def test_a_notebook_that_has_changed_since_is_not_run(folder):
    (job,) = jobs(folder)
    add_cell(folder, "1")
    result = many.run_job(job)
    assert "00_one.ipynb on " in result["error"] and result["error"].endswith("is not the one that was asked for")
    assert ran(folder) == [] and result["claims"] == []


@pytest.mark.slow
def test_what_stops_the_run_ends_its_processes(folder):
    add_cell(folder, "open(f'pid{SEED}', 'w').write(str(os.getpid()))\nif SEED:\n    time.sleep(90)")

    def stop(job, result):
        wait_for((folder / "pid1").exists)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        many.run_here(jobs(folder, seeds=[0, 1]), 2, stop)
    pid = int((folder / "pid1").read_text())
    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


# --- on a cluster ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_job_of_a_killed_worker_of_a_cluster_is_run_again(folder, tmp_path, capsys):
    distributed = pytest.importorskip("distributed", reason="run --cluster needs the extra `cluster`")
    add_cell(folder, WAITS)
    first = folder / "first"
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
    ) as cluster:
        before = {worker.pid for worker in cluster.workers.values()}

        def kill_the_worker():
            wait_for(lambda: first.exists() and first.read_text())
            worker = psutil.Process(int(first.read_text())).parent()
            assert worker.pid in before
            worker.kill()

        killer = threading.Thread(target=kill_the_worker)
        killer.start()
        command = ["run", "--folder", str(folder), "--cluster", cluster.scheduler_address, "--seeds", "0", "1", "2"]
        assert cli.main([*command, "--results", str(tmp_path / "results")]) == 0
        killer.join()
    assert sorted(line.split()[0] for line in ran(folder)) == ["0", "1", "1", "2"]
    assert len(list((tmp_path / "results").glob("*.json"))) == 3
    assert "N is small" in capsys.readouterr().out


@pytest.mark.slow
def test_no_scheduler_is_one_clear_line(folder, capsys):
    pytest.importorskip("distributed", reason="run --cluster needs the extra `cluster`")
    assert cli.main(["run", "--folder", str(folder), "--cluster", "tcp://127.0.0.1:9"]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("no Dask scheduler answers at tcp://127.0.0.1:9")
