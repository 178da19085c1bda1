"""What the benchmark scripts share (benchmarks/report.py), and that their stored results fit them."""

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ("alignment", "brain_lesions", "convolution", "image_diagnosis", "patient_leakage", "secondary_structure")
ORIGIN = {"threads": "1", "date": "2026-01-02", "machine": "a machine", "command": "python benchmarks/x.py"}


@pytest.fixture
def load(monkeypatch):
    """Import a script of the folder `benchmarks`, which is no package."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module


@pytest.fixture
def report(load):
    return load("report")


@pytest.fixture
def results(report, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "machine", lambda: "a machine")
    monkeypatch.setattr(sys, "argv", ["/somewhere/x.py", "--only", "seeds"])
    return report.RecipeRows(tmp_path / "x.csv", ["auc", "note"])


def test_a_saved_row_holds_its_key_its_numbers_and_its_origin(results, monkeypatch, capsys):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    results.save("seeds", "final", 3, {"auc": 0.123456789})
    row = results.read()[0]
    assert list(row) == ["part", "recipe", "seed", "auc", "note", "threads", "date", "machine", "command"]
    assert [row[name] for name in ("part", "recipe", "seed", "auc", "note")] == ["seeds", "final", "3", "0.123457", ""]
    assert (row["threads"], row["machine"]) == ("1", "a machine")
    assert row["command"] == "python benchmarks/x.py --only seeds"  # without the folder of this machine
    assert capsys.readouterr().out == "part seeds, recipe final, seed 3, auc 0.123457\n"


def test_a_row_with_the_same_key_is_replaced_where_it_stands(results):
    for seed, auc in ((0, 0.5), ((0, 1), 0.6), (0, 0.7)):
        results.save("seeds", "final", seed, {"auc": auc})
    assert [(row["seed"], row["auc"]) for row in results.read()] == [("0", "0.7"), ("0+1", "0.6")]
    assert not list(results.path.parent.glob("*.part"))


def test_what_is_stored_is_done_unless_asked_for_again(results):
    assert not results.is_done("seeds", "final", 0)  # there is no file yet
    results.save("seeds", "final", (0, 1), {})
    assert results.is_done("seeds", "final", (0, 1))
    assert not results.is_done("seeds", "final", 0) and not results.is_done("views", "final", (0, 1))
    results.again.add("seeds")
    assert not results.is_done("seeds", "final", (0, 1))


def test_the_origin_of_several_rows_names_each_machine_and_date_once(report):
    rows = [ORIGIN, ORIGIN, ORIGIN | {"date": "2026-01-03"}]
    assert report.made_by(rows) == (
        "Machine: a machine. Date: 2026-01-02, 2026-01-03. Command: `python benchmarks/x.py`. "
        "Threads of one operation: 1."
    )
    assert (report.yes(True), report.yes(False)) == ("yes", "**no**")


def test_the_options_name_the_declared_seeds(report, capsys):
    options = report.options("Measure.", (10, 11, 12), ["--seeds", "1", "2"])
    assert (options.seeds, options.report) == ([1, 2], False)
    with pytest.raises(SystemExit):
        report.options("Measure.", (10, 11, 12), ["--help"])
    assert "other seeds than 10 to 12" in " ".join(capsys.readouterr().out.split())


def test_a_section_is_replaced_and_the_others_stay(report, tmp_path):
    path = tmp_path / "RESULTS.md"
    for name, text in (("a", "FIRST"), ("b", "OTHER"), ("a", "NEW")):
        report.write_section(name, text, path)
    text = path.read_text("utf-8")
    assert "FIRST" not in text and text.index("NEW") < text.index("OTHER") and text.count("<!-- begin") == 2


@pytest.mark.parametrize("name", ["image_diagnosis", "secondary_structure"])
def test_the_stored_rows_have_the_columns_of_their_script(load, name):
    with_path = load(name).results
    assert with_path.path == ROOT / "benchmarks" / "results" / f"{name}.csv"
    assert [list(row) for row in with_path.read()[:1]] == [with_path.columns]


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_stored_report_is_what_the_stored_rows_give(load, report, name, monkeypatch):
    """A script may be changed, but not so that RESULTS.md would read otherwise."""
    sections = {}
    monkeypatch.setattr(report, "write_section", lambda section, text: sections.update({section: text.strip()}))
    script = load(name)
    (getattr(script, "write_results", None) or script.write_report)()
    stored = (ROOT / "benchmarks" / "RESULTS.md").read_text("utf-8")
    assert f"<!-- begin {name} -->\n{sections[name]}\n<!-- end {name} -->" in stored
