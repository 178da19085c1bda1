"""The site and the slides: one small chapter is built, and what stands in the pages is looked at."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[1]
ALT = 'One red pixel: "warm" & small, < 2 px.'
# A red image of one pixel.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
TOC = """
- {file: 00_start_here, number: "00", title: Start here, section: "-", part: Orientation}
- {file: 01_later, number: "1", title: Not written yet, section: "1", part: Orientation}
- {file: 02_last, number: "2", title: Last, section: "2", part: Labs}
"""
FIRST = r"""# 00 First

Inline $\hat p_i = \sigma(\mathbf{w}^\top \mathbf{x}_i)$, and code `$x$`.

$$\boldsymbol{\theta} \leftarrow \boldsymbol{\theta} - \eta\, \nabla_{\boldsymbol{\theta}} \mathcal{L}$$

[primer](../docs/notation.md), [chapter 2](02_last.ipynb),
[chapter 1](01_later.ipynb), [catalogue](../data/README.md), [the licence](../LICENSE)

<details>
<summary>Answer</summary>

Folded.

</details>
"""


def slide(kind):
    return {"slideshow": {"slide_type": kind}}


def first_chapter(alt=ALT, text=FIRST):
    new = nbformat.v4
    image = new.new_output("display_data", {"image/png": PIXEL, "text/plain": "<Figure>"})
    cells = [
        new.new_markdown_cell(text, metadata=slide("slide")),
        new.new_code_cell("plot()", outputs=[image], metadata={"alt": alt, **slide("subslide")} if alt else {}),
        new.new_code_cell(
            "claim('One is one', 1 == 1)", metadata={"tags": ["nbval-check-output"], **slide("fragment")}
        ),
        new.new_markdown_cell("## Going deeper: a side room", metadata=slide("skip")),
    ]
    python = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    return new.new_notebook(cells=cells, metadata={**python, "language_info": {"name": "python"}})


@pytest.fixture
def course(tmp_path):
    """A course of its own: the real folder docs/, three entries in the reading order, two chapters written."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("_build", "chapters"))
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "benchmarks").mkdir()
    for name in ("README.md", "LICENSE", "CITATION.cff", "data/README.md", "benchmarks/RESULTS.md"):
        (tmp_path / name).write_text("# Title\n", encoding="utf-8")
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "docs" / "published.toml").unlink()  # asks for rows of benchmarks
    index = tmp_path / "docs" / "index.md"
    index.write_text(re.sub(r" \(\[4\.\d\]\([^)]*\)\)", "", index.read_text("utf-8")), encoding="utf-8")  # no labs here
    glossary = "# Glossary\n\n| term | chapter |\n|---|---|\n| bootstrap | [00](../notebooks/00_start_here.ipynb) |\n"
    (tmp_path / "docs" / "glossary.md").write_text(glossary, encoding="utf-8")  # the real ones link to other chapters
    (tmp_path / "docs" / "class_kit.md").write_text("# Class kit\n", encoding="utf-8")
    (tmp_path / "notebooks" / "_toc.yml").write_text(TOC, encoding="utf-8")
    nbformat.write(first_chapter(), tmp_path / "notebooks" / "00_start_here.ipynb")
    last = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 2 Last")])
    nbformat.write(last, tmp_path / "notebooks" / "02_last.ipynb")
    return tmp_path


@pytest.fixture
def tiny_course(course):
    """The same without the pages of docs/: enough to see a build refused, and quicker."""
    for page in (course / "docs").glob("*.md"):
        page.unlink()
    (course / "docs" / "index.md").write_text("# Site\n", encoding="utf-8")
    return course


def run(course, *command):
    return subprocess.run([sys.executable, "-m", *command], cwd=course, capture_output=True, text=True)


def build_site(course):
    return run(course, "sphinx", "-W", "-q", "-b", "html", "docs", "docs/_build/html")


def read(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def outside_addresses(page):
    """What the browser would fetch from elsewhere: links to click on do not count."""
    found = [tag.get("src") or tag.get("href") for tag in page.select("script[src], link[href], img[src]")]
    return [address for address in found if re.match(r"(https?:)?//", address)]


@pytest.mark.slow
def test_site_shows_chapters_and_pages(course):
    built = build_site(course)
    assert built.returncode == 0, built.stderr
    html = course / "docs" / "_build" / "html"
    index, chapter = read(html / "index.html"), read(html / "chapters" / "00_start_here.html")

    # the alt text of the cell stands in the page
    assert [image["alt"] for image in chapter.select("article img")] == [ALT]
    # formulas are marked as such, code is not; what draws them lies on the site, and nothing comes from elsewhere
    assert len(chapter.select("article .math")) == 2
    assert "$x$" in chapter.select_one("article code").get_text()
    mathjax = [tag["src"].split("?")[0] for tag in chapter.select("script[src*=mathjax]")]
    assert [(html / "chapters" / address).is_file() for address in mathjax] == [True]
    assert not outside_addresses(chapter)
    assert not outside_addresses(index)
    # an answer is inside its fold
    assert "Folded." in chapter.select_one("article details").get_text()
    # the code of a claim is folded
    assert "One is one" in chapter.select_one("article details.hide").get_text()
    # the page made from the chapters names them, with a map that can be read aloud
    glance = read(html / "at_a_glance.html")
    assert "make site" not in glance.get_text()
    assert "Map of the chapters" in glance.select_one("article svg")["aria-label"]
    assert "chapters/00_start_here.html" in [link["href"] for link in glance.select("article td a")]
    # links lead to pages of the site, or are plain text
    targets = {link.get_text(): link["href"] for link in chapter.select("article p a")}
    assert targets == {"primer": "../notation.html", "chapter 2": "02_last.html", "catalogue": "data.html"}
    assert "the licence" in chapter.select_one("article").get_text()
    # the parts of the course in reading order, without the chapter that is not written yet
    captions = [caption.get_text(strip=True) for caption in index.select("nav .caption-text")]
    assert list(dict.fromkeys(captions)) == ["Orientation", "Labs", "Pages"]
    assert "chapters/01_later.html" not in str(index)
    assert "Nothing here is for clinical use" in index.get_text()
    assert "Map of the chapters" in index.select_one("article svg")["aria-label"]
    assert "chapters/02_last.html" in [link["href"] for link in index.select("article svg a")]
    # links of the other pages lead to chapters on the site, too
    targets = {link.get_text(): link["href"] for link in index.select("article p a")}
    assert targets["Start here: your first model within a minute"] == "chapters/00_start_here.html"
    assert targets["the README"] == "chapters/install.html"
    assert (html / index.select_one("article a.download[href$='CITATION.cff']")["href"]).is_file()
    assert read(html / "glossary.html").select_one("article td a")["href"] == "chapters/00_start_here.html"


def test_the_pages_can_be_read_without_the_site():
    """GitHub shows the files of docs/ as they are: no directives, and no link that leads nowhere."""
    for path in (ROOT / "docs").glob("*.md"):
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"^(?:```|:::)\{.+", text, re.MULTILINE), f"{path.name}: a directive of Sphinx"
        assert text.startswith("# "), f"{path.name}: GitHub would show the lines above the title"
        links = re.findall(r"\]\(([^)\s:#]+)(?:#[^)\s]*)?\)", text)
        assert not [link for link in links if not (path.parent / link).exists()], path.name


@pytest.mark.slow
def test_site_refuses_faulty_chapters(tiny_course):
    text = "# 00 First\n\n[nowhere](../docs/no_such_page.md)"
    nbformat.write(first_chapter(alt=None, text=text), tiny_course / "notebooks" / "00_start_here.ipynb")
    built = build_site(tiny_course)
    assert built.returncode != 0
    assert "00_start_here.ipynb: cell 1 has an image and no alt text" in built.stderr
    assert "no_such_page" in built.stderr


@pytest.mark.slow
def test_slides_stand_on_their_own(course):
    config = "docs/slides_template/config.py"
    built = run(course, "nbconvert", "--log-level=WARN", "--config", config, "notebooks/00_start_here.ipynb")
    assert built.returncode == 0, built.stderr
    assert built.stderr == "", "nbconvert warns of a missing alt text, for example"
    slides = course / "docs" / "_build" / "slides"
    deck = read(slides / "00_start_here.slides.html")

    assert [image["alt"] for image in deck.select("img")] == [ALT]
    assert len(deck.select(".slides > section > section")) == 3  # title, figure, sources
    assert "side room" not in deck.get_text()
    assert "plot()" not in deck.get_text() and "claim(" not in deck.get_text()
    index = read(slides / "index.html")
    assert all((slides / link["href"]).exists() for link in index.select("a") if "00" in link["href"])
    assert not outside_addresses(deck)
    local = [tag.get("src") or tag.get("href") for tag in deck.select("script[src], link[href]")]
    assert {"reveal.js/dist/reveal.js", "reveal.js/dist/theme/course.css", "mathjax/tex-svg-full.js"} <= set(local)
    assert all((slides / address).is_file() for address in local), local
