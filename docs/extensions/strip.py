"""The line below a page's title: download, Colab, Binder, slides, edit, report.

What needs the address of the repository is absent while it is not set (edition.py says where). Colab opens the copies
of `make colab`, which are part of the site: they are taken from the branch to which the site is published.
"""

import copy
import re
import shutil
from html import escape
from pathlib import Path
from urllib.parse import quote

import colab
import edition
import nbformat

from course_utils import notebooks

BRANCH = "main"  # of the notebooks and pages
SITE_BRANCH = "gh-pages"  # of the built site
SOURCES = {
    "chapters/data": "data/README.md",
    "chapters/results": "benchmarks/RESULTS.md",
    "chapters/install": "README.md",
    "chapters/changelog": "CHANGELOG.md",
}


def source(docname):
    """Return the file of the repository from which a page is made, or None."""
    folder, _, name = docname.rpartition("/")
    if docname in SOURCES:
        return SOURCES[docname]
    if folder in ("chapters", "chapters/solutions") and name[:1].isdigit():
        return f"notebooks/{docname.removeprefix('chapters/')}.ipynb"
    return None if folder or docname in ("search", "genindex") else f"docs/{docname}.md"


def addresses(docname, repository, has_slides=False):
    """Return [(text, address)] of a page; addresses on the site are seen from its root."""
    file, found = source(docname), []
    if file is None:
        return found
    is_chapter = file.startswith("notebooks/") and "/solutions/" not in file
    name = docname.rpartition("/")[2]
    github = repository.startswith("https://github.com/") and repository.removeprefix("https://github.com/")
    if is_chapter:
        found.append(("Download the notebook", f"notebooks/{name}.ipynb"))
        if has_slides:
            found.append(("Slides", f"slides/{name}.slides.html"))
        if github:
            found.append(
                (
                    "Open in Colab",
                    f"https://colab.research.google.com/github/{github}/blob/{SITE_BRANCH}/colab/{name}.ipynb",
                )
            )
            found.append(
                ("Open in Binder", f"https://mybinder.org/v2/gh/{github}/{BRANCH}?urlpath=lab/tree/{quote(file)}")
            )
    if repository:
        found.append(("Edit this page", f"{repository}/edit/{BRANCH}/{file}"))
        found.append(("Report a mistake", f"{repository}/issues/new?title={quote(f'In {file}: ')}"))
    return found


def line(found, root):
    """Return the addresses as HTML, or nothing."""
    if not found:
        return ""
    links = []
    for text, address in found:
        inside = "://" not in address
        download = " download" if address.endswith(".ipynb") and inside else ""
        links.append(f'<a href="{escape(root + address if inside else address)}"{download}>{escape(text)}</a>')
    return f'<nav class="page-links" aria-label="This page elsewhere">{" ".join(links)}</nav>'


def add_line(app, pagename, templatename, context, doctree):
    """Put the line behind the title of a page."""
    if "body" not in context or app.builder.format != "html":
        return
    has_slides = (decks(app) / f"{pagename.rpartition('/')[2]}.slides.html").exists()
    found = addresses(pagename, edition.repository(Path(app.confdir).parent), has_slides)
    html = line(found, "../" * pagename.count("/"))
    if html:
        context["body"] = re.sub(r"</h1>", lambda end: f"{end[0]}\n{html}", context["body"], count=1)


def decks(app):
    """Return the folder of `make slides`."""
    return Path(app.confdir) / "_build" / "slides"


def copy_files(app, exception):
    """Lay beside the pages what they lead to: the notebooks without outputs, those for Colab, the slides if made."""
    if exception or app.builder.format != "html":
        return
    root, out = Path(app.confdir).parent, Path(app.outdir)
    for folder in ("notebooks", "colab"):
        (out / folder).mkdir(exist_ok=True)
    for entry in notebooks.chapters(root / "notebooks"):
        notebook = notebooks.read(entry.path)
        (out / "notebooks" / entry.path.name).write_text(nbformat.writes(without_outputs(notebook)), encoding="utf-8")
        for_colab = colab.copy_of(notebook, edition.repository(root))
        (out / "colab" / entry.path.name).write_text(nbformat.writes(for_colab), encoding="utf-8")
    if decks(app).exists():
        shutil.copytree(decks(app), out / "slides", dirs_exist_ok=True)


def without_outputs(notebook):
    """Return a copy as a reader begins with it."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def setup(app):
    app.connect("html-page-context", add_line)
    app.connect("build-finished", copy_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
