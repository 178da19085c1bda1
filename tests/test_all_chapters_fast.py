"""Every chapter through papermill in its fast profile. (The full profile is nbval's, in notebooks/.)"""

import json

import papermill
import pytest

from course_utils import notebooks

pytestmark = pytest.mark.slow


def run_fast(entry, folder, monkeypatch):
    """Execute a chapter as an instructor's own papermill run would; return the notebook and its logged claims."""
    log = folder / "claims.jsonl"
    monkeypatch.setenv("COURSE_CLAIMS_LOG", str(log))
    executed = papermill.execute_notebook(
        str(entry.path),
        str(folder / "executed.ipynb"),
        parameters=notebooks.fast_parameters(notebooks.read(entry.path)),
        cwd=str(entry.folder),
        progress_bar=False,
    )
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return executed, [json.loads(line) for line in lines]


@pytest.mark.parametrize("entry", notebooks.chapters(), ids=lambda entry: entry.file)
def test_chapter_runs_in_the_fast_profile(entry, tmp_path, monkeypatch):
    executed, claims = run_fast(entry, tmp_path, monkeypatch)
    assert not notebooks.stderr_cells(executed)
    assert {claim["chapter"] for claim in claims} == {entry.number}
    assert all(claim["holds"] is True for claim in claims if claim["kind"] == "exact")
    assert all(claim["holds"] is None for claim in claims if claim["kind"] == "quality")
