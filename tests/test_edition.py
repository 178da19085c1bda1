"""Version, date, citation and the table of published results: the files that name them agree."""

import csv
import sys
import tomllib

import pytest
import yaml

from course_utils import notebooks

sys.path.insert(0, str(notebooks.ROOT / "docs" / "extensions"))
import edition  # noqa: E402  (found only after the line above)
import published  # noqa: E402

ROOT = notebooks.ROOT


def edition_problems(root):
    """Return what is wrong with CITATION.cff and CHANGELOG.md."""
    citation = yaml.safe_load((root / "CITATION.cff").read_text("utf-8"))
    needed = {"cff-version", "message", "title", "authors", "version", "date-released", "license"}
    problems = [f"CITATION.cff: no {key}" for key in sorted(needed - set(citation))]
    if str(citation.get("version")) != edition.version(root):
        problems.append("CITATION.cff has another version than pyproject.toml")
    if str(citation.get("date-released")) != edition.date(root):
        problems.append("CITATION.cff has another date than CHANGELOG.md")
    if citation.get("repository-code", edition.repository(root)) != edition.repository(root):
        problems.append("CITATION.cff has another address than pyproject.toml")
    if f"## {edition.version(root)} (" not in (root / "CHANGELOG.md").read_text("utf-8"):
        problems.append("CHANGELOG.md does not know the version of pyproject.toml")
    return problems


def test_version_and_date_are_the_same_everywhere():
    assert edition_problems(ROOT) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "problems"),
    [
        ("CITATION.cff", "\nversion: ", "\nversion: 9", 1),
        ("CITATION.cff", "date-released: 20", "date-released: 19", 1),
        ("CITATION.cff", "authors:", "writers:", 1),
        ("CITATION.cff", "type: software", "repository-code: https://example.org/elsewhere", 1),
        ("pyproject.toml", 'version = "', 'version = "9', 2),
    ],
)
def test_editions_that_differ_are_noticed(tmp_path, file, old, new, problems):
    for name in ("CITATION.cff", "CHANGELOG.md", "pyproject.toml"):
        text = (ROOT / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace(old, new, 1) if name == file else text, encoding="utf-8")
    assert len(edition_problems(tmp_path)) == problems


def test_the_address_of_the_repository_stands_in_one_place(tmp_path):
    head = '[project]\nname = "x"\n'
    for text, address in [
        (head, ""),
        (f'{head}[project.urls]\nRepository = "https://example.org/a/b.git"\n', "https://example.org/a/b"),
    ]:
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
        assert edition.repository(tmp_path) == address


def test_each_published_result_stands_beside_rows_of_a_benchmark():
    results = tomllib.loads((ROOT / "docs" / "published.toml").read_text("utf-8"))["result"]
    text = published.table(ROOT)
    for result in results:
        rows = published.rows(result, ROOT / "benchmarks" / "results")
        assert len({row["seed"] for row in rows}) == len(rows) >= 2, f"{result['task']}: one row a seed"
        mean = sum(float(row[result["column"]]) for row in rows) / len(rows)
        assert f"{mean:.3f} (" in text and "https://doi.org/" in result["source"]


def test_a_row_that_is_gone_is_noticed(tmp_path):
    with open(tmp_path / "x.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["recipe", "seed", "auc"], ["a", 0, 0.5]])
    with pytest.raises(ValueError, match="x.csv has no row"):
        published.rows({"file": "x", "where": {"recipe": "b"}}, tmp_path)
