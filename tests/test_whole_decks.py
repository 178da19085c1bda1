"""The decks of all chapters, built and looked at in Chromium: nothing is too tall, nothing is asked of the network.

Debian and Ubuntu: `apt-get install chromium`. Without it these tests are skipped.
"""

import shutil
import subprocess
import sys

import pytest
from axe import SEE_COLOURS, serious

from course_utils import notebooks

ROOT = notebooks.ROOT
sys.path.insert(0, str(ROOT / "docs" / "extensions"))
import browser  # noqa: E402  (found only after the line above)
import decks  # noqa: E402

pytestmark = pytest.mark.slow
READY = "window.Reveal && Reveal.isReady && Reveal.isReady()"
# Goes through all slides, shows every step, and returns what does not fit: heading and pixels too many.
TOO_TALL = """(() => {
  const found = [];
  for (const slide of document.querySelectorAll(".slides section:not(:has(section))")) {
    const place = Reveal.getIndices(slide);
    Reveal.slide(place.h, place.v);
    slide.querySelectorAll(".fragment").forEach(step => step.classList.add("visible"));
    fit(slide);
    const blocks = [slide, ...slide.querySelectorAll(".jp-MarkdownOutput")];
    const wide = Math.max(...blocks.map(block => block.scrollWidth - block.clientWidth));
    const more = [slide.scrollHeight - slide.clientHeight, wide];
    if (Math.max(...more) > 2) found.push([(slide.querySelector("h1, h2, h3") || {}).textContent, ...more]);
  }
  return found;
})()"""


@pytest.fixture(scope="module")
def slides(tmp_path_factory):
    """The folder of all decks."""
    if browser.find() is None:
        pytest.skip(browser.MISSING)
    folder = tmp_path_factory.mktemp("slides")
    left_out = shutil.ignore_patterns(".*", "_build", "chapters", "my_course", "reports", "__pycache__", "*.npz")
    course = shutil.copytree(ROOT, folder / "course", ignore=left_out)
    command = [sys.executable, "-m", "nbconvert", "--log-level=WARN", "--config", "docs/slides_template/config.py"]
    chapters = [str(entry.path.relative_to(ROOT)) for entry in notebooks.chapters()]
    built = subprocess.run([*command, *chapters], cwd=course, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return course / "docs" / "_build" / "slides"


@pytest.fixture(scope="module")
def page(slides):
    with browser.Browser() as chromium:
        yield chromium.page(1280, 720)


@pytest.mark.parametrize("entry", notebooks.chapters(), ids=lambda entry: entry.file)
def test_every_slide_fits_the_screen(slides, page, entry):
    page.open((slides / f"{entry.file}.slides.html").as_uri(), READY)
    assert page.ask("Reveal.getTotalSlides()") >= decks.FEWEST_SLIDES
    assert page.ask(TOO_TALL) == []
    assert page.errors() == []
    assert all(address.startswith(("file:", "data:", "blob:", "about:")) for address in page.requests())
    assert not page.ask("document.querySelector('mjx-merror') && document.querySelector('mjx-merror').textContent")


def test_the_list_of_decks_leads_to_each(slides, page):
    page.open((slides / "index.html").as_uri())
    links = page.ask("[...document.querySelectorAll('a')].map(link => link.getAttribute('href'))")
    assert links == [f"{entry.file}.slides.html" for entry in notebooks.chapters()]
    assert all((slides / link).exists() for link in links)


def test_everybody_can_use_the_list_and_a_deck(slides, page):
    page.open((slides / "index.html").as_uri())
    assert serious(page) == []
    page.scheme("dark")
    page.open((slides / "index.html").as_uri())
    assert serious(page, SEE_COLOURS) == []
    page.open((slides / f"{notebooks.chapters()[0].file}.slides.html").as_uri(), READY)
    for _ in range(4):
        assert serious(page) == []
        page.ask("Reveal.next(), document.querySelectorAll('.fragment').forEach(step => step.classList.add('visible'))")


def test_a_slide_that_is_too_tall_is_noticed(slides, page):
    page.open((slides / f"{notebooks.chapters()[0].file}.slides.html").as_uri(), READY)
    page.ask("document.querySelector('.slides section section').insertAdjacentHTML('beforeend', '<p>x</p>'.repeat(60))")
    assert page.ask(TOO_TALL)
