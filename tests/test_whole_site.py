"""The site of the whole course: built once, read as HTML, and looked at in Chromium where there is one.

Debian and Ubuntu: `apt-get install chromium`. Without it the tests that need a browser are skipped.
"""

import re
import shutil
import subprocess
import sys
from urllib.parse import quote

import pytest
from axe import SEE_COLOURS, serious
from bs4 import BeautifulSoup

from course_utils import notebooks

ROOT = notebooks.ROOT
sys.path[:0] = [str(ROOT / "docs" / "extensions"), str(ROOT / "docs")]
import browser  # noqa: E402  (found only after the line above)
import pdf  # noqa: E402

pytestmark = pytest.mark.slow
CHAPTER = "chapters/03_1_1_convolutional_networks.html"
PAGES = ["index", "at_a_glance", "glossary", "notation", "instructors_guide", "class_kit", "classroom", "search"]
PAGES += ["primer_arrays_and_plots", "primer_clinical_statistics", "genindex"]
PAGES += [f"chapters/{name}" for name in ("data", "results", "install", "changelog", "slides", "solutions")]
FILES = [entry.file for entry in notebooks.chapters()]
CHAPTERS = [f"chapters/{folder}{file}" for folder in ("", "solutions/") for file in FILES]
# In the browser: every page, and of the chapters and their solutions, which are alike, these.
LOOKED_AT = [*PAGES, CHAPTER.removesuffix(".html"), CHAPTERS[-1]]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the whole site, and what Sphinx said."""
    folder = tmp_path_factory.mktemp("site")
    left_out = shutil.ignore_patterns(".*", "_build", "chapters", "my_course", "reports", "__pycache__", "*.npz")
    course = shutil.copytree(ROOT, folder / "course", ignore=left_out)
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", "docs", "docs/_build/html"]
    built = subprocess.run(command, cwd=course, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return course / "docs" / "_build" / "html"


@pytest.fixture(scope="module")
def pages(site):
    """Every page, as a tree."""
    files = [path for path in site.glob("**/*.html") if not {"_static", "slides"} & set(path.parts)]
    return {
        str(path.relative_to(site)).replace("\\", "/"): BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for path in files
    }


@pytest.fixture(scope="module")
def page(site):
    """One tab of one browser for all tests; `show` opens a page of the site and waits for its formulas."""
    if browser.find() is None:
        pytest.skip(browser.MISSING)
    with browser.Browser() as chromium:
        tab = chromium.page()

        def show(name, width=1280, scheme="light", query=""):
            tab.resize(width)
            tab.scheme(scheme)
            tab.open((site / name).as_uri() + query)
            tab.ask(pdf.TYPESET)
            assert [each for each in tab.requests() if not each.startswith(("file:", "data:", "blob:"))] == []
            assert tab.errors() == []
            return tab

        tab.show = show
        yield tab


# --- without a browser -----------------------------------------------------------------------------------------


def outside_addresses(tree):
    """What the browser would fetch from elsewhere: links to click on do not count."""
    found = [tag.get("src") or tag.get("href") for tag in tree.select("script[src], link[href], img[src]")]
    return [address for address in found if re.match(r"(https?:)?//", address)]


def test_the_site_of_the_whole_course_builds(pages):
    """No page has a dead link, a figure without alt text, a heading level left out or a table without headings."""
    assert {f"{name}.html" for name in PAGES + CHAPTERS} == set(pages)
    for name, tree in pages.items():
        article = tree.select_one("article") or tree
        assert all(image.get("alt") for image in article.select("img")), name
        assert len(article.select("h1")) <= 1, name
        levels = [int(heading.name[1]) for heading in article.select("h1, h2, h3, h4, h5")]
        assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False)), (
            f"{name}: a level of heading is left out"
        )
        assert all(table.select("th") for table in article.select("table")), f"{name}: a table without headings"
        assert not outside_addresses(tree), name


@pytest.mark.parametrize("entry", notebooks.chapters(), ids=lambda entry: entry.file)
def test_what_a_chapter_folds(pages, entry):
    """Each exercise has its folded solution, each prediction folds its answer, claims fold their code."""
    tree, notebook = pages[f"chapters/{entry.file}.html"], notebooks.read(entry.path)
    wanted = [f"Solution of {name}" for name, *_ in notebooks.exercises(notebook)]
    solutions = tree.select("details.solution")
    assert [fold.summary.get_text() for fold in solutions] == wanted
    assert all(".check(" in fold.get_text() and "✓" in fold.get_text() for fold in solutions)
    predictions = tree.select("details.prediction")
    questions = sum("**Before you run it" in cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert questions / 2 <= len(predictions) <= questions
    assert all(fold.select(".cell") and not fold.select("h1, h2, h3, h4") for fold in predictions)
    assert not tree.select("details[open]")
    claims = tree.select("article .tag_nbval-check-output")
    assert claims and all(cell.select("details.hide .cell_input") for cell in claims)
    assert "hide-input" in str(tree.select_one("article"))
    assert tree.select("article a.term[href*='glossary.html#term-']")
    assert tree.select(".prev-next-area a")


def test_the_terms_lead_to_rows_of_the_glossary(pages):
    rows = {row.get("id") for row in pages["glossary.html"].select("tr")} | {
        mark.get("id") for mark in pages["glossary.html"].select("tr span[id]")
    }
    for name, tree in pages.items():
        targets = {link["href"].split("#")[1] for link in tree.select("a.term")}
        assert targets <= rows, f"{name}: {sorted(targets - rows)[:3]}"
        assert not tree.select("h1 a.term, h2 a.term, code a.term, a a.term"), name


def test_the_search_knows_every_section_and_no_solution(site, pages):
    text = (site / "_static" / "search_data.js").read_text("utf-8")
    addresses = set(re.findall(r'"((?:chapters/)?\w+\.html(?:#[^"]+)?)",', text))
    for entry in notebooks.chapters():
        sections = pages[f"chapters/{entry.file}.html"].select("article section section[id]")
        assert {f"chapters/{entry.file}.html#{section['id']}" for section in sections} <= addresses
    assert "output_by_hand = ..." in text and "output_by_hand = [[" not in text


def test_the_notebooks_lie_beside_the_pages(site):
    for entry in notebooks.chapters():
        plain = notebooks.read(site / "notebooks" / f"{entry.file}.ipynb")
        assert notebooks.sources(plain) == notebooks.sources(notebooks.read(entry.path))
        assert not any(cell.get("outputs") for cell in plain.cells)
        for_colab = notebooks.read(site / "colab" / f"{entry.file}.ipynb")
        assert notebooks.sources(for_colab)[1:] == notebooks.sources(plain)


# --- in the browser --------------------------------------------------------------------------------------------


# Every fold is open. In code the kind of a word decides its colour: a chapter has thousands, one of each kind stays.
UNFOLD = """(() => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  for (const fade of document.getAnimations()) fade.finish();  // what opens is pale at first
  const seen = new Set();
  for (const word of document.querySelectorAll("pre span")) {
    const kind = [word.className, word.getAttribute("style"), Boolean(word.closest(".cell_output"))].join();
    if (seen.has(kind)) word.replaceWith(...word.childNodes);
    seen.add(kind);
  }
})()"""


def dark(page):
    """Let the page that is open be dark, as when the reader's system becomes so."""
    page.scheme("dark")
    page.wait("document.documentElement.dataset.theme == 'dark'", patience=10)


WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("name", LOOKED_AT)
def test_everybody_can_use_the_page(page, name):
    """On a phone without sideways scrolling, and by axe-core in light and in dark."""
    page.show(f"{name}.html", width=360)
    page.ask(UNFOLD)
    assert page.ask(WIDER) <= 0
    page.resize(1280)
    assert serious(page) == []
    dark(page)
    assert serious(page, SEE_COLOURS) == []


@pytest.mark.parametrize(
    ("name", "fault", "in_light", "in_dark"),
    [
        ("index", "article img').removeAttribute('alt')", "image-alt", ""),
        ("index", "article p').style.color = '#ddd'", "color-contrast", ""),
        ("index", "article p').style.color = '#444'", "", "color-contrast"),
        (CHAPTERS[-1], "pre .n').style.color = '#aaa'", "color-contrast", ""),
        ("chapters/06_faq", "details.prediction pre .n').style.color = '#555'", "", "color-contrast"),
    ],
)
def test_a_page_that_not_everybody_can_use_is_noticed(page, name, fault, in_light, in_dark):
    page.show(f"{name}.html")
    page.ask(f"document.querySelector('{fault}")
    page.ask(UNFOLD)
    assert [each.split(":")[0] for each in serious(page)] == in_light.split()
    dark(page)
    assert [each.split(":")[0] for each in serious(page, SEE_COLOURS)] == in_dark.split()


def test_a_page_too_wide_for_a_phone_is_noticed(page):
    page.show("index.html", width=360)
    page.ask("document.querySelector('article h1').style.width = '700px'")
    assert page.ask(WIDER) > 0


RESULTS = "[...document.querySelectorAll('#search-results li')].map(item => item.innerText)"


def test_the_search_finds_sections_with_excerpts_from_a_folder(page):
    page.show("search.html", query=f"?q={quote('receptive field')}")
    found = page.ask(RESULTS)
    assert len(found) > 3 and any("3.1.1 Convolutional networks: " in each for each in found[:5])
    assert page.ask("document.querySelectorAll('#search-results mark').length") >= len(found[:5])
    target = page.ask("document.querySelector('#search-results a[href*=\"#\"]').href")
    assert target.startswith("file:")
    page.call("Page.navigate", url=target)
    page.wait("document.readyState == 'complete' && location.hash && document.querySelector(':target') != null")


@pytest.mark.parametrize(
    ("query", "first"), [("填充", "Glossary: padding"), ("kaplan meyer", "Kaplan"), ("zzzzqq", None)]
)
def test_the_search_forgives_and_knows_chinese(page, query, first):
    page.show("search.html", query=f"?q={quote(query)}")
    found = page.ask(RESULTS)
    assert first in found[0] if first else found == []
    assert bool(found) == (page.ask("document.getElementById('search-count').innerText") != "Nothing was found.")


def test_a_term_shows_its_meaning_and_its_chinese(page):
    page.show(CHAPTER)
    bubble = "document.getElementById('term-bubble')"
    assert page.ask(f"{bubble}.hidden")
    page.ask("document.querySelector('a.term.term-padding').focus()")
    assert not page.ask(f"{bubble}.hidden")
    assert re.search(r"^padding 填充\n.*zeros", page.ask(f"{bubble}.innerText"))
    box = page.ask(f"(({{left, right, top}}) => [left, right, top])({bubble}.getBoundingClientRect())")
    assert box[0] >= 0 and box[1] <= 1280 and box[2] >= 0
    page.ask("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape'}))")
    assert page.ask(f"{bubble}.hidden")


def test_code_and_formulas_can_be_copied(page):
    page.show(CHAPTER)
    buttons = "document.querySelectorAll('.cell_input .copybtn').length"
    assert page.ask(buttons) == page.ask("document.querySelectorAll('.cell_input pre').length") > 50
    assert page.ask("document.querySelectorAll('.cell_output .copybtn').length") == 0
    page.ask(
        """document.querySelector('mjx-container').dispatchEvent(
        new MouseEvent('contextmenu', {bubbles: true, cancelable: true, button: 2}))"""
    )
    page.wait(
        "document.querySelector('.CtxtMenu_Menu') && /Copy to Clipboard/.test(document.body.innerText)", patience=10
    )


def test_the_contents_follow_the_reader(page):
    page.show(CHAPTER)
    active = "[...document.querySelectorAll('.bd-sidebar-secondary a.active')].map(link => link.hash)"
    page.ask("document.getElementById('pooling').scrollIntoView()")
    page.wait(f"({active}).includes('#pooling')", patience=10)


ARTICLE = "document.querySelector('article.bd-article').innerHTML"


def test_paper_has_its_answers_at_the_end(page, tmp_path):
    page.show(CHAPTER)
    before = page.ask(ARTICLE)
    page.ask("window.dispatchEvent(new Event('beforeprint'))")
    assert page.ask("[...document.querySelectorAll('details.prediction')].every(fold => fold.open)")
    assert page.ask("document.querySelectorAll('.answers-on-paper details.solution[open]').length") == 5
    assert page.ask("document.querySelectorAll('article > section > .answers-on-paper:last-child').length") == 1
    page.ask("window.dispatchEvent(new Event('afterprint'))")
    assert page.ask(ARTICLE) == before
    page.show(CHAPTER, query="?paper")
    assert page.ask("document.querySelectorAll('.answers-on-paper details').length") > 5
    page.pdf(tmp_path / "chapter.pdf")
    data = (tmp_path / "chapter.pdf").read_bytes()
    assert data.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", data)) > 15


def test_on_paper_no_code_is_cut(page):
    page.show(CHAPTER, width=700, query="?paper")
    page.call("Emulation.setEmulatedMedia", media="print")
    try:
        cut = (
            "[...document.querySelectorAll('article pre')].filter(box => box.scrollWidth > box.clientWidth + 1).length"
        )
        assert page.ask(cut) == 0
        assert page.ask("getComputedStyle(document.querySelector('article h1')).display") != "none"
        number = "getComputedStyle(document.querySelector('.answers-on-paper > .on-paper')).breakAfter"
        assert page.ask(number) == "avoid"  # it stands on the page of its answer
    finally:
        page.call("Emulation.setEmulatedMedia", media="")
