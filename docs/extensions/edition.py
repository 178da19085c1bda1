"""Which edition of the course this is, and where it lies: each fact stands in one file of the root."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _project(root):
    return tomllib.loads((Path(root) / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def version(root=ROOT):
    """Return the version of pyproject.toml."""
    return _project(root)["version"]


def repository(root=ROOT):
    """Return the address of the repository, such as https://github.com/OWNER/NAME, without a slash at its end.

    It stands in pyproject.toml, in the table [project.urls] under `Repository`; "" while it is not set. The links to
    edit a page, to report a mistake and to open a chapter in Colab or Binder are made of it.
    """
    return _project(root).get("urls", {}).get("Repository", "").rstrip("/").removesuffix(".git")


def date(root=ROOT):
    """Return the date of the newest edition in CHANGELOG.md, such as 2026-11-27."""
    text = (Path(root) / "CHANGELOG.md").read_text(encoding="utf-8")
    return re.search(r"^## \S+ \((\d{4}-\d{2}-\d{2})\)", text, re.MULTILINE)[1]
