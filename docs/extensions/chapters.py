"""Bring the chapters, which stand beside the folder docs/, into the site.

Sphinx reads one folder only. So each notebook named in notebooks/_toc.yml that exists is copied to docs/chapters/ (and
so are the data catalogue and the results of the benchmarks), with changes that leave the original as it is:

* the code of claims is folded: their statements are what a reader looks for;
* the alt text, which authors write into the metadata of a cell, goes where myst-nb looks for it;
* links point to where pages and chapters are on the site; links to files that are not on it become plain text.

The pages of docs/ are plain Markdown, so that they can be read without the site too. What only the site can show is
added while Sphinx reads them: the chapters to the front page, and all of "The course at a glance" (overview.py).
"""

import re
from pathlib import Path
from posixpath import dirname, normpath, relpath

import nbformat
import overview
from sphinx.util import logging

from course_utils import notebooks

logger = logging.getLogger(__name__)

PAGES = [
    "at_a_glance",
    "primer_arrays_and_plots",
    "primer_clinical_statistics",
    "notation",
    "glossary",
    "instructors_guide",
    "class_kit",
    "chapters/data",
    "chapters/results",
]
COPIED = {"data/README.md": "data.md", "benchmarks/RESULTS.md": "results.md"}
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


def on_the_site(path, chapters):
    """Where a file of the course stands on the site, such as chapters/00_start_here.ipynb; None if it is not there."""
    if path.startswith("docs/") and path.endswith(".md"):
        return path.removeprefix("docs/")
    if path in COPIED:
        return f"chapters/{COPIED[path]}"
    return f"chapters/{path.removeprefix('notebooks/')}" if path in chapters else None


def rewrite_links(text, root, page):
    """Let the relative links of `page`, such as docs/index.md, lead to pages of the site."""
    chapters = {
        f"notebooks/{entry.file}.ipynb": entry.path for entry in notebooks.table_of_contents(root / "notebooks")
    }
    present = {path for path, file in chapters.items() if file.exists()}
    folder = dirname(on_the_site(page, chapters))

    def rewrite(link):
        path = normpath(f"{dirname(page)}/{link['target']}")
        if target := on_the_site(path, present):
            return f"[{link['text']}]({relpath(target, folder or '.')}{link['anchor'] or ''})"
        if path in chapters or (root / path).exists():
            return link["text"]  # a chapter not written yet, or a file of the repository
        return link.group()  # leads nowhere: Sphinx will say so

    return LINK.sub(rewrite, text)


def copy_chapters(root, docs):
    """Write docs/chapters/ anew."""
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
                cell.source = rewrite_links(cell.source, root, f"notebooks/{name}")
            elif not add_alt_text(cell):
                logger.warning("%s: cell %d has an image and no alt text in its metadata", name, number)
            fold_claims(cell)
        write_if_new(target / name, nbformat.writes(notebook))
    for path, name in COPIED.items():
        write_if_new(target / name, rewrite_links((root / path).read_text(encoding="utf-8"), root, path))
    write_if_new(target / "map.svg", overview.drawing(summaries))
    write_if_new(target / "at_a_glance.txt", overview.page(summaries))
    write_if_new(
        target / "contents.txt", f"## The chapters\n\n{overview.picture(summaries)}\n\n{table_of_contents(present)}"
    )


def table_of_contents(present):
    """One toctree for each part of the course, and one for the other pages, as MyST text."""
    parts = {part: [] for part in dict.fromkeys(entry.part for entry in present)}
    for entry in present:
        parts[entry.part].append(f"chapters/{entry.file}")
    parts["Pages"] = PAGES
    blocks = []
    for part, files in parts.items():
        blocks.append("\n".join(["```{toctree}", f":caption: {part}", ":maxdepth: 1", "", *files, "```", ""]))
    return "\n".join(blocks)


def write_if_new(path, text):
    """Leave an unchanged file alone, so that Sphinx does not read it again."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def bring_chapters(app):
    copy_chapters(Path(app.confdir).parent, app.srcdir)


def complete_page(app, docname, source):
    """Change the text of a page of docs/ while it is read: its links, and what only the site can show."""
    if docname.startswith("chapters/"):
        return
    source[0] = rewrite_links(source[0], Path(app.confdir).parent, f"docs/{docname}.md")
    added = {"index": "contents.txt", "at_a_glance": "at_a_glance.txt"}.get(docname)
    if added:
        file = Path(app.srcdir) / "chapters" / added
        app.env.note_dependency(str(file))  # a new chapter: the page is read again
        text = file.read_text(encoding="utf-8")
        source[0] = text if docname == "at_a_glance" else f"{source[0]}\n{text}"


def setup(app):
    app.connect("builder-inited", bring_chapters)  # before Sphinx looks for pages
    app.connect("source-read", complete_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
