"""The glossary: each chapter's terms are complete and stand in the chapter, and the page is what its files give."""

import re
import sys

import pytest

from course_utils import notebooks

sys.path.insert(0, str(notebooks.ROOT / "docs" / "extensions"))
import glossary  # noqa: E402  (found only after the line above)

FILES = sorted(path.stem for path in glossary.FOLDER.glob("*.toml"))
WRITTEN = [entry.file for entry in notebooks.chapters()]
TO_BE_WRITTEN = set()  # terms that a chapter which exists will treat, and does not treat yet


def faults(term):
    """What is wrong with one term, one sentence each."""
    found = [f"{term.term!r}: {name} is empty" for name in ("term", "chinese", "meaning") if not getattr(term, name)]
    if not re.search("[\u4e00-\u9fff]", term.chinese):
        found.append(f"{term.term!r}: no Chinese characters in {term.chinese!r}")
    for name in ("term", "chinese", "meaning", "abbreviation"):
        text = getattr(term, name)
        if text != " ".join(text.split()) or "|" in text:
            found.append(f"{term.term!r}: a line break, a blank too many or a | in {name}")
    if term.meaning.endswith("."):
        found.append(f"{term.term!r}: the meaning ends with a full stop")
    if re.search(r"\([A-Z]{2,}\)$", term.term):
        found.append(f"{term.term!r}: write the abbreviation as `abbreviation`")
    return found


def twice(names):
    return sorted({name for name in names if names.count(name) > 1})


def missing(terms, notebook):
    """The terms of which neither a word nor the abbreviation stands in the chapter; endings may differ."""
    text = " ".join(cell.source for cell in notebook.cells).casefold()

    def stands(term):
        words = [word[:7] for word in re.findall(r"\w{2,}", term.term.casefold())]
        return any(word in text for word in [*words, term.abbreviation.casefold()] if word)

    return {term.term for term in terms if not stands(term)}


@pytest.mark.parametrize("file", FILES)
def test_the_terms_of_a_chapter_are_complete(file):
    assert file in {entry.file for entry in notebooks.table_of_contents()}, "no chapter of _toc.yml"
    assert not [fault for term in glossary.read(glossary.FOLDER / f"{file}.toml") for fault in faults(term)]


@pytest.mark.parametrize("file", WRITTEN)
def test_a_chapter_treats_its_terms(file):
    path = glossary.FOLDER / f"{file}.toml"
    terms = glossary.read(path) if path.exists() else []  # a chapter may bring no new word
    notebook = notebooks.read(notebooks.FOLDER / f"{file}.ipynb")
    assert missing(terms, notebook) == TO_BE_WRITTEN & {term.term for term in terms}


def test_every_term_and_every_abbreviation_stands_once():
    terms = glossary.terms()
    assert not twice([term.term.casefold() for term in terms])
    assert not twice([term.chinese for term in terms]), "two terms with one Chinese name"
    assert not twice([term.abbreviation for term in terms if term.abbreviation])


def test_the_page_is_what_the_files_give():
    stored = (notebooks.ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert stored == glossary.page(), "run `make pages`"


GOOD = {"file": "00_start_here", "term": "area under the curve", "chinese": "曲线下面积", "meaning": "a number"}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"meaning": ""}, "meaning is empty"),
        ({"chinese": "mianji"}, "no Chinese characters"),
        ({"meaning": "a | b"}, "a | in meaning"),
        ({"meaning": "two\nlines"}, "a line break"),
        ({"meaning": "A sentence."}, "full stop"),
        ({"term": "area under the curve (AUC)"}, "write the abbreviation"),
    ],
)
def test_a_broken_term_is_noticed(changed, fault):
    assert faults(glossary.Term(**GOOD)) == []
    assert any(fault in sentence for sentence in faults(glossary.Term(**GOOD | changed)))


def test_a_term_that_the_chapter_does_not_treat_is_noticed():
    from nbformat import v4

    chapter = v4.new_notebook(cells=[v4.new_markdown_cell("The areas under two curves."), v4.new_code_cell("roc()")])
    area, other = glossary.Term(**GOOD), glossary.Term(**GOOD | {"term": "dropout"})
    short = glossary.Term(**GOOD | {"term": "receiver", "abbreviation": "ROC"})
    assert missing([area, other, short], chapter) == {"dropout"}


@pytest.fixture
def folder(tmp_path):
    """Two chapters, of which the first is written, and their terms."""
    (tmp_path / "_toc.yml").write_text(
        '- {file: a_one, number: "1", title: One, section: "1", part: P}\n'
        '- {file: b_two, number: "2", title: Two, section: "2", part: P}\n'
    )
    (tmp_path / "a_one.ipynb").touch()
    (tmp_path / "a_one.toml").write_text('[[term]]\nterm = "zebra"\nchinese = "斑马"\nmeaning = "an animal"\n')
    text = '[[term]]\nterm = "Ape"\nabbreviation = "AP"\nchinese = "猿"\nmeaning = "another"\n'
    (tmp_path / "b_two.toml").write_text(text)
    return tmp_path


def test_the_page_is_alphabetical_and_links_to_the_chapters_that_exist(folder):
    rows = glossary.page(folder, folder).splitlines()[-2:]
    assert rows[0] == "| Ape (AP) | 猿 | another | 2 |"
    assert rows[1] == "| zebra | 斑马 | an animal | [1](../notebooks/a_one.ipynb) |"
    assert glossary.abbreviations(folder) == {"AP": "Ape"}


@pytest.mark.parametrize(
    "text",
    [
        '[[term]]\nterm = "zebra"\n',
        '[[term]]\nterm = "a"\nchinese = "b"\nmeaning = "c"\nchapter = "1"\n',
        "[[term]\n",
        '[term]\nterm = "a"\nchinese = "b"\nmeaning = "c"\n',
        "",
        'title = "x"\n[[term]]\nterm = "a"\nchinese = "b"\nmeaning = "c"\n',
    ],
)
def test_a_broken_file_is_named(folder, text):
    (folder / "a_one.toml").write_text(text)
    with pytest.raises(ValueError, match="docs/glossary/a_one.toml: "):
        glossary.terms(folder)
