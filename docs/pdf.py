"""Print the chapters of the built site to PDF: docs/_build/pdf/<chapter>.pdf.

    python docs/pdf.py            every chapter            (`make pdf`)
    python docs/pdf.py 3.1.1      one chapter              (`make pdf CHAPTER=3.1.1`)

Chromium prints them, so that they look like the pages. What follows a prediction is open; answers and solutions stand
at the end, numbered.
"""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS / "extensions"), str(DOCS.parent)]

import browser  # noqa: E402  (found only after the line above)

from course_utils import notebooks  # noqa: E402

TYPESET = "window.MathJax && MathJax.startup ? MathJax.startup.promise.then(() => true) : true"


def print_pages(entries, html, target):
    """Print these chapters from the folder of the site into the folder `target`; yield each file."""
    target.mkdir(parents=True, exist_ok=True)
    with browser.Browser() as chromium:
        page = chromium.page()
        for entry in entries:
            page.open(f"{(html / 'chapters' / f'{entry.file}.html').as_uri()}?paper")
            page.ask(TYPESET)
            file = target / f"{entry.file}.pdf"
            page.pdf(file)
            yield file


def main(names):
    html = DOCS / "_build" / "html"
    if browser.find() is None:
        raise SystemExit(browser.MISSING)
    try:
        entries = [notebooks.find_chapter(name) for name in names] or notebooks.chapters()
    except ValueError as problem:
        raise SystemExit(str(problem)) from None
    if not (html / "index.html").exists():
        raise SystemExit("there is no site to print yet: make site")
    for file in print_pages(entries, html, DOCS / "_build" / "pdf"):
        print(f"{file.relative_to(DOCS.parent)}  {file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
