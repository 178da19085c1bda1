"""Bring the chapters, which stand beside the folder docs/, into the site.

Sphinx reads one folder only. So each notebook named in notebooks/_toc.yml that exists is copied to docs/chapters/ (and
so are the pages in COPIED), with changes that leave the original as it is:

* claims and plots, what follows a prediction, and the solution of each exercise are folded (folds.py);
* the alt text, which authors write into the metadata of a cell, goes where myst-nb looks for it;
* links point to where pages and chapters are on the site; links to files that are not on it become plain text.

The pages of docs/ are plain Markdown, so that they can be read without the site too. What only the site can show is
added while Sphinx reads them: the chapters to the front page, and all of "The course at a glance" (overview.py).
"""

import copy
import re
from html import escape
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

import folds
import nbformat
import overview
import published
from sphinx.util import logging

from course_utils import notebooks

logger = logging.getLogger(__name__)

PAGES = [
    "at_a_glance",
    "primer_arrays_and_plots",
    "primer_clinical_statistics",
    "notation",
    "glossary",
    "chapters/solutions",
    "chapters/slides",
    "instructors_guide",
    "class_kit",
    "classroom",
    "chapters/data",
    "chapters/results",
    "chapters/install",
    "chapters/changelog",
]
COPIED = {
    "data/README.md": "data.md",
    "benchmarks/RESULTS.md": "results.md",
    "README.md": "install.md",
    "CHANGELOG.md": "changelog.md",
}
DOWNLOADS = {"CITATION.cff"}  # files that a page links to and that lie on the site as they are
LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s:#]+)(?P<anchor>#[^)\s]*)?\)")


def add_alt_text(cell):
    """Copy a code cell's own alt text to the place where myst-nb reads it. Return False if an image has none."""
    has_image = any(kind.startswith("image/") for output in cell.get("outputs", []) for kind in output.get("data", {}))
    alt = cell.metadata.get("alt")
    if has_image and alt:
        cell.metadata.setdefault("mystnb", {}).setdefault("image", {})["alt"] = alt
    return bool(alt) or not has_image


def on_the_site(path, chapters):
    """Where a file of the course stands on the site, such as chapters/00_start_here.ipynb; None if it is not there."""
    if path.startswith("docs/") and path.endswith(".md"):
        return path.removeprefix("docs/")
    if path in COPIED:
        return f"chapters/{COPIED[path]}"
    chapter = path.replace("notebooks/solutions/", "notebooks/")
    return f"chapters/{path.removeprefix('notebooks/')}" if chapter in chapters else None


def rewrite_links(text, root, page, shown_in=None):
    """Let the relative links of `page`, such as docs/index.md, lead to pages of the site.

    `shown_in` is the page that shows the text, where it is another one: a solution stands in its chapter, too.
    """
    chapters = {
        f"notebooks/{entry.file}.ipynb": entry.path for entry in notebooks.table_of_contents(root / "notebooks")
    }
    present = {path for path, file in chapters.items() if file.exists()}
    folder = dirname(on_the_site(shown_in or page, chapters))

    def rewrite(link):
        path = normpath(join(dirname(page), link["target"]))
        target = on_the_site(path, present)
        if target and (not path.startswith("notebooks/") or (root / path).exists()):
            return f"[{link['text']}]({relpath(target, folder or '.')}{link['anchor'] or ''})"
        if path in DOWNLOADS:
            return link.group()  # Sphinx brings the file along
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
    (target / "solutions").mkdir(exist_ok=True)
    for old in target.rglob("*.ipynb"):
        if old.stem not in {entry.file for entry in present}:
            old.unlink()
    summaries = []
    for entry in present:
        name = entry.path.name
        notebook = notebooks.read(entry.path)
        summaries.append(overview.summarise(entry, notebook, {entry.number for entry in order}))
        prepare(notebook, root, f"notebooks/{name}")
        solved = None
        if entry.solution_path.exists():
            page = f"notebooks/solutions/{name}"
            alone = notebooks.read(entry.solution_path)
            solved = prepare(copy.deepcopy(alone), root, page, f"notebooks/{name}")
            for cell in prepare(alone, root, page).cells:  # below the title, without the chapter's sections
                cell.source = re.sub(r"\A### Exercise", "## Exercise", cell.source)
            write_if_new(target / "solutions" / name, nbformat.writes(alone))
        folds.arrange(notebook, solved)
        write_if_new(target / name, nbformat.writes(notebook))
    write_if_new(target / "solutions.md", solutions_page(present))
    write_if_new(target / "slides.md", slides_page(present, Path(docs) / "_build" / "slides"))
    for path, name in COPIED.items():
        text = rewrite_links((root / path).read_text(encoding="utf-8"), root, path)
        if path == "README.md":  # the front page has its title
            text = re.sub(r"\A# .*", "# Install and use", text)
        write_if_new(target / name, text)
    write_if_new(target / "at_a_glance.txt", overview.page(summaries))
    contents = [published.table(root), "## The chapters", overview.picture(summaries), table_of_contents(present)]
    write_if_new(target / "contents.txt", "\n\n".join(contents))


def prepare(notebook, root, page, shown_in=None):
    """Let the links and the alternative texts of a notebook work on the site. Changes the notebook, and returns it."""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            cell.source = rewrite_links(cell.source, root, page, shown_in)
        elif not add_alt_text(cell):
            logger.warning("%s: cell %d has an image and no alt text in its metadata", page.split("/")[-1], number)
    return notebook


def solutions_page(present):
    """The page that leads to the solution notebooks, as MyST text."""
    files = [f"solutions/{entry.file}" for entry in present if entry.solution_path.exists()]
    head = "# Solutions\n\nEach chapter has them folded below its exercises; here they are by themselves.\n\n"
    return head + "\n".join(["```{toctree}", ":maxdepth: 1", "", *files, "```", ""])


def slides_page(present, decks):
    """The page that leads to the decks that have been made, as Markdown with links in HTML: they are no pages here."""
    lines = [
        f'<li><a href="../slides/{entry.file}.slides.html">{entry.number} {escape(entry.title)}</a></li>'
        for entry in present
        if (decks / f"{entry.file}.slides.html").exists()
    ]
    text = (
        "# Slides\n\nA deck for each chapter, for a screen and for paper; the instructor's guide says how to use them. "
    )
    if not lines:
        return f"{text}None has been made here: `make slides` makes them, and `make site` then brings them here.\n"
    return f"{text}They lie in the folder `slides` beside these pages and need no network.\n\n<ul>\n" + "\n".join(
        [*lines, "</ul>", ""]
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
