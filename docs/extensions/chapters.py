"""Bring the chapters, which stand beside the folder docs/, into the site.

Sphinx reads one folder only. So each notebook named in notebooks/_toc.yml that exists is copied to docs/chapters/,
with changes that leave the original as it is:

* the code of claims is folded: their statements are what a reader looks for;
* the alt text, which authors write into the metadata of a cell, goes where myst-nb looks for it;
* links to pages of docs/ point to where these pages are on the site;
* links to files that are not on the site become plain text.

Of the chapters it also makes the page "The course at a glance" (overview.py).
"""

import re
from pathlib import Path
from posixpath import normpath

import nbformat
import overview
from sphinx.util import logging

from course_utils import notebooks

logger = logging.getLogger(__name__)

LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s:#]+)(?P<anchor>#[^)\s]*)?\)")


def add_alt_text(cell):
    """Copy a code cell's own alt text to the place where myst-nb reads it. Return False if an image has none."""
    has_image = any(kind.startswith("image/") for output in cell.get("outputs", []) for kind in output.get("data", {}))
    alt = cell.metadata.get("alt")
    if has_image and alt:
        cell.metadata.setdefault("mystnb", {}).setdefault("image", {})["alt"] = alt
    return bool(alt) or not has_image


def fold_claims(cell):
    """Let the site show the statements of a claim cell, and its code on demand."""
    if "nbval-check-output" in cell.metadata.get("tags", []) and re.search(r"\bclaim\(", cell.source):
        cell.metadata["tags"] = [*cell.metadata["tags"], "hide-input"]


def rewrite_links(text, root, order):
    """Let the relative links of a chapter lead to pages of the site."""
    chapters = {f"notebooks/{entry.file}.ipynb" for entry in order}

    def rewrite(link):
        path = normpath(f"notebooks/{link['target']}")
        if path.startswith("docs/") and path.endswith(".md"):
            return f"[{link['text']}](../{path.removeprefix('docs/')}{link['anchor'] or ''})"
        if path in chapters and (root / path).exists():
            return link.group()
        if path in chapters or (root / path).exists():
            return link["text"]  # a chapter not written yet, or a file of the repository
        return link.group()  # leads nowhere: Sphinx will say so

    return LINK.sub(rewrite, text)


def copy_chapters(root, docs):
    """Write docs/chapters/ anew and return its table of contents as MyST text."""
    root, target = Path(root), Path(docs) / "chapters"
    target.mkdir(exist_ok=True)
    order = notebooks.table_of_contents(root / "notebooks")
    present = notebooks.chapters(root / "notebooks")
    for old in target.glob("*.ipynb"):
        if old.stem not in {entry.file for entry in present}:
            old.unlink()
    summaries = []
    for entry in present:
        name = entry.path.name
        notebook = notebooks.read(entry.path)
        summaries.append(overview.summarise(entry, notebook, {entry.number for entry in order}))
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type == "markdown":
                cell.source = rewrite_links(cell.source, root, order)
            elif not add_alt_text(cell):
                logger.warning("%s: cell %d has an image and no alt text in its metadata", name, number)
            fold_claims(cell)
        write_if_new(target / name, nbformat.writes(notebook))
    write_if_new(target / "overview.txt", overview.page(summaries))
    write_if_new(target / "map.svg", overview.drawing(summaries))
    write_if_new(target / "map.txt", f"```{{image}} chapters/map.svg\n:alt: {overview.in_words(summaries)}\n```\n")
    return table_of_contents(present)


def table_of_contents(present):
    """One toctree for each part of the course."""
    blocks = []
    for part in dict.fromkeys(entry.part for entry in present):
        files = [f"chapters/{entry.file}" for entry in present if entry.part == part]
        blocks.append("\n".join(["```{toctree}", f":caption: {part}", ":maxdepth: 1", "", *files, "```", ""]))
    return "\n".join(blocks)


def write_if_new(path, text):
    """Leave an unchanged file alone, so that Sphinx does not read it again."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def bring_chapters(app):
    contents = copy_chapters(Path(app.confdir).parent, app.srcdir)
    write_if_new(Path(app.srcdir) / "chapters" / "contents.txt", contents)


def setup(app):
    app.connect("builder-inited", bring_chapters)  # before Sphinx looks for pages
    return {"parallel_read_safe": True, "parallel_write_safe": True}
