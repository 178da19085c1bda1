"""Fixtures of the unit tests."""

import pytest
import small_course as small
from hypothesis import settings

settings.register_profile("course", deadline=None, print_blob=True)
settings.load_profile("course")

# The fixture chapter and its broken copies are run by tests of their own.
collect_ignore_glob = ["fixtures/*"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Every test has a cache folder and a progress file of its own."""
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))


@pytest.fixture
def small_course(tmp_path):
    """A course of one chapter in a folder with a space in its name."""
    folder = tmp_path / "a course" / "notebooks"
    small.make(folder)
    return folder
