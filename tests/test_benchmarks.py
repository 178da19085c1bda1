"""What the benchmark scripts share (benchmarks/report.py), and that their stored results fit them."""

import importlib
import shlex
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "report")
ORIGIN = {"threads": "1", "date": "2026-01-02", "machine": "a machine", "command": "python benchmarks/x.py"}


@pytest.fixture
def load(monkeypatch):
    """Import a script of the folder `benchmarks`, which is no package."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.fixture
def report(load):
    return load("report")


@pytest.fixture
def folder(report, tmp_path, monkeypatch):
    (tmp_path / "results").mkdir()
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def benchmark(report, folder, monkeypatch):
    monkeypatch.setattr(report, "machine", lambda: "a machine")
    monkeypatch.setattr(sys, "argv", ["/somewhere/x.py", "--recipes", "wide, long", "cnn"])
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    return report.Benchmark("/somewhere/x.py", ["recipe", "seed"], ["auc", "note"], seeds=[0, 1])


@pytest.fixture
def run(benchmark):
    """Run a small benchmark with two parts as its script would; return what was measured, as (part, seed)."""

    def run(*arguments):
        measured = []

        def part(name, seeds):
            for seed in benchmark.wanted(seeds):
                if not benchmark.is_done(name, seed):
                    measured.append((name, seed))
                    benchmark.save(name, seed, row={"auc": 0.5})

        parts = {"first": lambda: part("first", [0, 1]), "second": lambda: part("second", [0])}

        def section():
            return f"## X\n\n{len(benchmark.rows())} rows"

        assert benchmark.main("Measure.", parts, section, list(arguments), colours=["red", "blue"]) == 0
        return measured

    return run


def test_a_saved_row_holds_its_key_its_numbers_and_its_origin(benchmark, monkeypatch, capsys):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    benchmark.save("final", 3, row={"auc": 0.123456789})
    row = benchmark.rows()[0]
    assert list(row) == ["recipe", "seed", "auc", "note", "threads", "date", "machine", "command"]
    assert [row[name] for name in ("recipe", "seed", "auc", "note")] == ["final", "3", "0.123457", ""]
    assert (row["threads"], row["machine"]) == ("1", "a machine")
    # without the folder of this machine, and so that a shell reads the names as they were meant
    assert row["command"] == "python benchmarks/x.py --recipes 'wide, long' cnn"
    assert capsys.readouterr().out == "recipe final, seed 3, auc 0.123457\n"


def test_a_row_with_the_same_key_is_replaced_where_it_stands(benchmark):
    for seed, auc in ((0, 0.5), ((0, 1), 0.6), (0, 0.7)):
        benchmark.save("final", seed, row={"auc": auc})
    assert [(row["seed"], row["auc"]) for row in benchmark.rows()] == [("0", "0.7"), ("0+1", "0.6")]
    assert not list(benchmark.path.parent.glob("*.part"))


def test_a_file_keeps_its_columns(benchmark):
    benchmark.path.write_text("recipe,seed,auc,date\nfinal,0,0.5,2026-01-02\n", encoding="utf-8")
    benchmark.save("final", 1, row={"auc": 0.6})
    assert [list(row) for row in benchmark.rows()] == [["recipe", "seed", "auc", "date"]] * 2
    with pytest.raises(ValueError, match="x.csv has no column for loss"):
        benchmark.save("final", 2, row={"loss": 0.6})
    assert len(benchmark.rows()) == 2


def test_what_was_measured_gives_the_columns_if_none_are_named(report, folder):
    benchmark = report.Benchmark("y.py", ["seed"])
    benchmark.save(0, row={"auc": 0.5, "gap": 0.1})
    assert list(benchmark.rows()[0]) == ["seed", "auc", "gap", *report.ORIGIN]


def test_a_run_goes_on_where_it_ended(run):
    assert run("--only", "second") == [("second", 0)]
    assert run() == [("first", 0), ("first", 1)]
    assert run() == []


def test_a_run_can_be_asked_for_again(run, benchmark):
    run()
    assert run("--again", "--seeds", "1") == [("first", 1)]  # the second part has no seed 1
    assert run("--again", "--only", "second") == [("second", 0)]
    assert len(benchmark.rows()) == 3


def test_after_each_part_the_report_is_written(run, benchmark, folder):
    run("--only", "first")
    assert (folder / "results" / "x.md").read_text("utf-8") == "## X\n\n2 rows\n"
    assert "2 rows" in (folder / "RESULTS.md").read_text("utf-8")
    (folder / "RESULTS.md").unlink()
    assert run("--report") == []
    assert "2 rows" in (folder / "RESULTS.md").read_text("utf-8")


def test_a_dry_run_stores_nothing(run, folder, capsys):
    assert run("--dry-run", "--seeds", "7", "--only", "first") == [("first", 7)]
    assert "recipe first, seed 7, auc 0.5" in capsys.readouterr().out
    assert not list((folder / "results").iterdir()) and not (folder / "RESULTS.md").exists()
    run()
    (folder / "RESULTS.md").unlink()
    assert run("--dry-run") == [("first", 0), ("first", 1), ("second", 0)]
    assert not (folder / "RESULTS.md").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "1", "7"], "--seeds: 7 not declared"),
        (["--only", "third"], "invalid choice: 'third'"),
        (["--colours", "green"], "invalid choice: 'green'"),
        (["--sed", "1"], "unrecognized arguments: --sed"),
    ],
)
def test_wrong_options_are_answered(run, folder, capsys, arguments, message):
    with pytest.raises(SystemExit):
        run(*arguments)
    assert message in capsys.readouterr().err
    assert not list((folder / "results").iterdir())


def test_a_benchmark_without_parts_and_seeds_has_no_such_options(report, folder, capsys):
    with pytest.raises(SystemExit):
        report.Benchmark("y.py", ["case"]).main("Measure.", {"all": print}, str, ["--help"])
    shown = capsys.readouterr().out
    assert "--again" in shown and "--only" not in shown and "--seeds" not in shown


def test_the_origin_of_several_rows_names_each_machine_and_date_once(report):
    rows = [ORIGIN, ORIGIN, ORIGIN | {"date": "2026-01-03"}]
    sentence = "Machine: a machine. Date: 2026-01-02, 2026-01-03. Command: `python benchmarks/x.py`."
    assert report.made_by(rows) == f"{sentence} Threads of one operation: 1."
    assert report.made_by([{k: v for k, v in row.items() if k != "threads"} for row in rows]) == sentence
    assert (report.yes(True), report.yes(False)) == ("yes", "**no**")


def test_the_page_joins_the_sections_in_the_order_of_their_names(report, folder):
    for name in ("b", "a"):
        (folder / "results" / f"{name}.md").write_text(f"## {name.upper()}\n", encoding="utf-8")
    assert report.results_page() == f"{report.HEAD}\n## A\n\n## B\n"


def test_this_machine_is_named_with_its_versions(report):
    import numpy

    assert f"NumPy {numpy.__version__}" in report.machine() and "cores; " in report.machine()


# --- the benchmarks of the folder ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_stored_rows_fit_their_script(load, report, name):
    script = load(name)
    benchmark, rows = script.benchmark, script.benchmark.rows()
    assert benchmark.path == FOLDER / "results" / f"{name}.csv"
    keys = [tuple(row[column] for column in benchmark.key) for row in rows]
    assert rows and len(set(keys)) == len(keys)
    measured = set(rows[0]) - set(benchmark.key) - set(report.ORIGIN)
    assert measured == set(benchmark.measured or measured)
    assert all(row[column] for row in rows for column in ("date", "machine", "command"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_stored_commands_are_understood_by_their_script(load, name, monkeypatch):
    script = load(name)
    monkeypatch.setattr(script.benchmark, "write", lambda section: None)
    commands = {row["command"] for row in script.benchmark.rows()}
    for command in commands:
        python, path, *arguments = shlex.split(command)
        assert (python, path) == ("python", f"benchmarks/{name}.py")
        script.main([*arguments, "--report"])  # reads the options and measures nothing


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_stored_section_is_what_the_stored_rows_give(load, name):
    """A script may be changed, but not so that its section would read otherwise."""
    script = load(name)
    stored = script.benchmark.path.with_suffix(".md").read_text("utf-8")
    assert stored == script.section().strip() + "\n", "run `make pages`"
    assert f"({name}.py)" in stored.splitlines()[0] and stored.startswith("## ")


def test_the_stored_page_joins_the_sections(report):
    assert {path.stem for path in (FOLDER / "results").iterdir()} == set(SCRIPTS)
    assert (FOLDER / "RESULTS.md").read_text("utf-8") == report.results_page(), "run `make pages`"
