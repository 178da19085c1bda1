"""The decks: what stands on a slide, what is said beside it, and that every chapter has a deck to present."""

import re
import sys
from pathlib import Path

import nbformat
import pytest

from course_utils import notebooks

sys.path.insert(0, str(Path(__file__).parents[1] / "docs" / "extensions"))
import decks

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
CHAPTERS = notebooks.chapters()
LONG = "This sentence has exactly eight words in it. " * 20


def text(source, kind="slide", **course):
    metadata = {"slideshow": {"slide_type": kind}}
    return nbformat.v4.new_markdown_cell(source, metadata={**metadata, "course": course} if course else metadata)


def code(source="x = 1", printed="", picture=False, kind="-", tags=()):
    new = nbformat.v4
    outputs = [new.new_output("stream", text=printed)] if printed else []
    outputs += [new.new_output("display_data", {"image/png": PIXEL, "text/plain": "<Figure>"})] if picture else []
    metadata = {"slideshow": {"slide_type": kind}, "tags": list(tags), "alt": "One pixel."}
    return new.new_code_cell(source, outputs=outputs, metadata=metadata)


def chapter(*cells):
    title = text("# 9 A chapter\n\nWhat is asked?\n\n**Reading time** 5 min")
    sources = text(
        "## References\n\n1. Altman DG, Bland JM (1994). Diagnostic tests 2. https://doi.org/10", kind="skip"
    )
    return nbformat.v4.new_notebook(cells=[title, *cells, sources])


def made(*cells, **more):
    return decks.slides(chapter(*cells), **more)


def test_the_first_slide_has_the_question_and_the_last_the_sources():
    first, last = made()
    assert (first.heading, first.text) == ("9 A chapter", ["What is asked?"])
    assert (last.heading, last.text) == ("Sources", ["Altman (1994)"])
    assert "https://doi.org/10" in last.notes[0]


def test_a_source_named_twice_stands_once():
    sources = "## References\n\n1. Wong A (2021). One.\n2. Wong A (2021). Two.\n3. Hinton GE (2017, first 2012). Three."
    last = decks._sources(nbformat.v4.new_notebook(cells=[text(sources)]))
    assert last.text == ["Wong (2021) · Hinton (2017)"] and len(last.notes) == 3


def test_a_long_paragraph_is_said_not_shown():
    slide = made(text(f"## Long\n\n{LONG}"))[1]
    assert 40 < decks.words(slide.text[0]) <= decks.MOST_WORDS
    assert decks.words(" ".join([*slide.text, *slide.notes])) == 160, "nothing is lost"


def test_a_picture_has_its_heading_and_the_sentence_that_says_what_to_see():
    see = "What to see: the left is dark. The right is not."
    for cells in (
        [text(f"## Two halves\n\n{LONG}\n\n{see}"), code("plot()", picture=True)],
        [text(f"## Two halves\n\n{LONG}"), code("plot()", picture=True), text(see, kind="-")],
    ):
        slide = made(*cells)[1]
        assert (slide.kind, slide.heading) == (decks.PICTURE, "Two halves")
        assert slide.code.source == "" and slide.code.metadata["alt"] == "One pixel."
        assert "dark" in slide.text[0] and "This sentence" not in slide.text[0]
        assert any("eight words" in note for note in slide.notes)


def test_a_result_never_stands_on_the_slide_of_its_question():
    question = "**Before you run it:** what do you expect?"
    slides = made(
        text(f"## Guess\n\nTwo lines come.\n\n{question}"), code("f()", printed="42"), text("So it is 42.", "-")
    )
    asked, answered = slides[1:3]
    assert asked.kind == decks.QUESTION and asked.text == ["Two lines come.", question]
    assert "42" not in " ".join(asked.text) and "42" in notebooks.printed(answered.code)


def test_the_answer_of_a_dropped_slide_becomes_the_next_step_of_its_question():
    slides = [
        decks.Slide(decks.QUESTION, "Guess", text=["What?"], keep=True),
        decks.Slide(decks.CODE, "Guess", text=["It is more."], code=code("f()", printed="42\n"), notes=["Why."]),
        decks.Slide(decks.FRAME, "End"),
    ]
    short = decks._fewer(slides, 2)
    assert [slide.heading for slide in short] == ["Guess", "End"]
    assert "42" in short[0].answer and "It is more." in short[0].answer and "Why." in short[0].notes


def test_a_short_answer_is_as_large_as_the_question():
    def answer(printed):
        return decks._as_answer(decks.Slide(decks.CODE, "Guess", code=code("f()", printed=printed)))

    assert answer("AUC 0.83\nAUC 1.00\n") == "`AUC 0.83`  \n`AUC 1.00`"
    for block in ("a  1\nbb 2", "x" * 61, "1\n2\n3\n4"):
        assert answer(block) == f"```text\n{block}\n```"


def test_text_goes_before_code_and_code_before_formulas():
    kinds = [decks.FRAME, decks.TEXT, decks.CODE, decks.FORMULA, decks.PICTURE, decks.TEXT]
    for most, left in [(5, 1), (4, 0)]:
        short = decks._fewer([decks.Slide(kind, kind, text=["word"]) for kind in kinds], most)
        assert sum(slide.kind == decks.TEXT for slide in short) == left
    assert [s.kind for s in decks._fewer([decks.Slide(k, k) for k in kinds], 3)] == kinds[:1] + kinds[3:5]
    assert len(decks._fewer([decks.Slide(decks.PICTURE, "p") for _ in range(9)], 3)) == 9, "pictures stay"


def test_a_formula_keeps_its_symbols_and_an_exercise_its_demand():
    formula = "## The rule\n\nLet $a$ be a number.\n\n$$b = 2a$$\n\n- $b$: its double.\n\nIt is simple."
    slide = made(text(formula))[1]
    assert slide.text == ["Let $a$ be a number.", "$$b = 2a$$", "- $b$: its double."] and slide.notes == [
        "It is simple."
    ]
    hint = "<details><summary>Hint</summary>\n\nAdd.\n\n</details>"
    exercise = text(f"### Exercise 9-a: double\n\n{LONG}\n\nGive the double.\n\n{hint}")
    solution = nbformat.v4.new_notebook(
        cells=[exercise, code('double = 4\n\nexercises.check("9-a", double)'), text("Two and two.", "skip")]
    )
    slide = made(exercise, code("double = ..."), solution=solution, mistakes={"9-a": ["You squared."]})[1]
    assert slide.text[-1] == "Give the double." and sum(map(decks.words, slide.text)) <= decks.MOST_WORDS
    assert slide.answer == "```python\ndouble = 4\n```"
    assert {"Hint: Add.", "Listen for: You squared.", "The solution: Two and two."} <= set(slide.notes)


def test_a_quiz_question_shows_its_answer_on_the_next_step():
    answer = "<details><summary>Answer</summary>\n\n**B** is right: yes. **A** is not.\n\n</details>"
    quiz = text(f"## Quiz\n\n**Question 1.** Which?\n\n- A. This\n- B. That\n\n{answer}")
    slide = made(quiz)[1]
    assert "right" not in slide.text[0] and slide.answer == "**B** is right."
    left_out = text(quiz.source, deck="drop")
    shown = made(left_out, *(text(quiz.source.replace("Which", f"Which of {n}")) for n in range(4)))
    assert [slide.text[0][16:27] for slide in shown if slide.heading == "Quiz"] == [
        "Which of 0?",
        "Which of 1?",
        "Which of 2?",
    ]


def test_authors_have_the_last_word():
    slides = made(text(f"## Own\n\n{LONG}", slide="Eight words."), text(f"## Silent\n\n{LONG}", slide=""))
    assert slides[1].text == ["Eight words."] and len(slides) == 3
    assert any("eight words" in note for note in slides[1].notes)
    kept, dropped = text("## A\n\nKept.", deck="keep"), text("## B\n\nDropped.", deck="drop")
    many = [cell for i in range(50) for cell in (text(f"## P{i}"), code("plot()", picture=True))]
    headings = [slide.heading for slide in made(kept, dropped, *many[:60])]
    assert "A" in headings and "B" not in headings
    silent = code("x = 1\n" * 11)  # too long for a slide, and prints nothing
    silent.metadata["course"] = {"deck": "drop"}
    assert len(made(text("## P"), silent, code("plot()", picture=True))) == 3


def test_an_author_writes_the_sentence_beside_a_figure_an_output_or_a_question():
    drawn, printed = code("plot()", picture=True), code("f()", printed="42")
    drawn.metadata["course"], printed.metadata["course"] = {"slide": "Look left."}, {"slide": "It is 42."}
    see = text("What to see: the left is dark.", "-")
    slides = made(text(f"## Own\n\n{LONG}"), drawn, see, text(f"## More\n\n{LONG}"), printed)
    assert [slide.text for slide in slides[1:3]] == [["Look left."], ["It is 42."]]
    assert all("eight words" in " ".join(slide.notes) for slide in slides[1:3])
    assert "the left is dark" in " ".join(slides[1].notes)
    question = "**Before you run it:** what do you expect?"
    asked = made(text(f"## Guess\n\n{LONG}\n\n{question}", slide="Two lines come."), printed)[1]
    assert asked.kind == decks.QUESTION and asked.text == ["Two lines come.", question]


def test_what_is_folded_below_a_question_is_its_answer():
    answer = "<details><summary>Why</summary>\n\nThe **label**.\n\n</details>"
    case = f"## Help\n\nIt helps.\n\n**Before you unfold:** why?\n\n{answer}"
    for cell in (text(case), text(case, slide="It helps.")):
        slide = made(cell)[1]
        assert slide.text == ["It helps.", "**Before you unfold:** why?"] and slide.answer == "The **label**."
        assert "The **label**." in slide.notes


def test_a_figure_that_nobody_explains_gets_the_reply_after_it():
    reply = "One of two: no more. What to see: the left is dark."
    slide = made(text("## Two halves"), code("plot()", picture=True), text(f"{reply}\n\nAnd so on.", "-"))[1]
    assert slide.text == ["One of two: no more. The left is dark."] and "And so on." in slide.notes
    for other in ("- a list", "| a | table |", "$$a = b$$", "**By hand**, for 1:"):
        slide = made(text("## Two halves"), code("plot()", picture=True), text(other, "-"))[1]
        assert slide.text == [] and other in slide.notes


def test_what_is_printed_before_a_drawing_does_not_stand_alone():
    hidden = code("f()", printed="42", tags=["slides-hide-input"])
    question = text("## Guess\n\n**Before you run it:** what do you expect?")
    again = code("g()", printed="43", tags=["slides-hide-input"])
    slides = made(question, hidden, again, code("plot()", picture=True), text("More.", "-"))
    assert [slide.kind for slide in slides[1:3]] == [decks.QUESTION, decks.PICTURE]
    assert "42" in slides[1].answer and "43" in slides[2].notes[0]
    hidden.metadata["course"] = {"deck": "drop"}
    slides = made(question, hidden, code("plot()", picture=True))
    assert [slide.answer for slide in slides[1:3]] == ["", ""] and "42" not in " ".join(slides[2].notes)
    ticks = code("if there: claim()", printed="✓ It holds.\n✓ So does that.")
    slides = made(text("## Two halves"), code("plot()", picture=True), ticks)
    assert slides[1].ticks == ["✓ It holds.", "✓ So does that."] and len(slides) == 3
    ticks.metadata["course"] = {"deck": "drop"}
    slide = made(text("## Two halves"), code("plot()", picture=True), ticks)[1]
    assert slide.ticks == [] and "Checked each time: It holds.." in slide.notes


def test_a_formula_keeps_the_sentence_that_leads_to_it():
    slide = made(text(f"## The rule\n\n{LONG}\n\nThe double is\n\n$$b = 2a$$"))[1]
    assert slide.text[0].startswith("This sentence") and slide.text[1:] == ["The double is", "$$b = 2a$$"]
    assert decks.words(" ".join([*slide.text, *slide.notes])) == 164, "nothing is lost"


def test_a_heading_within_a_cell_begins_a_slide():
    slides = made(text("## Cases\n\nFive of them.\n\n### 1. The films\n\n**Before you run it:** why?"))
    assert [(slide.heading, slide.text) for slide in slides[1:3]] == [
        ("Cases", ["Five of them."]),
        ("1. The films", ["**Before you run it:** why?"]),
    ]


def test_long_code_and_what_slides_skip_are_not_shown():
    ten = "\n".join(f"x = {i}" for i in range(10))
    slides = made(text("## Code"), code(ten), code(ten + "\nx = 11"), code("secret()", printed="hidden", kind="skip"))
    assert [slide.code.source for slide in slides if slide.code] == [ten]


def test_a_deck_becomes_a_notebook_with_a_note_for_every_slide():
    notebook = decks.as_notebook(made(text("## One\n\nA word.")), {})
    kinds = [notebooks.slide_type(cell) for cell in notebook.cells]
    assert kinds == ["slide", "notes"] * 3
    assert notebook.cells[1].source.startswith("**About 1 min.**")
    nbformat.validate(notebook)


@pytest.fixture(scope="module", params=CHAPTERS, ids=lambda entry: entry.file)
def deck(request):
    entry = request.param
    solution = notebooks.read(entry.solution_path)
    return entry, decks.slides(notebooks.read(entry.path), solution, decks._mistakes(entry.number))


def test_a_deck_stands_on_its_own(deck):
    entry, slides = deck
    assert decks.FEWEST_SLIDES <= len(slides) <= decks.MOST_SLIDES
    headings = [slide.heading for slide in slides]
    assert (
        headings[:2] == [f"{entry.number} {entry.title}", "What you will be able to do"] and headings[-1] == "Sources"
    )
    assert "Key points" in headings and "Quiz" in headings
    assert "?" in " ".join(slides[0].text), "the title slide asks the chapter's question"
    asked = [name for heading in headings for name in re.findall(r"Exercise (\S+):", heading)]
    path = [name for name, *_ in notebooks.exercises(notebooks.read(entry.path))]
    assert set(asked) == set(path)
    assert sum(slide.kind == decks.PICTURE for slide in slides) >= 4


def test_a_slide_holds_a_picture_or_few_words(deck):
    _, slides = deck
    for number, slide in enumerate(slides[:-1], start=1):
        where = f"slide {number}, {slide.heading}"
        assert sum(map(decks.words, slide.text)) <= decks.MOST_WORDS, where
        assert decks.words(decks.FORMULA_BLOCK.sub("", slide.answer.partition("```")[0])) <= decks.MOST_WORDS, where
        if slide.code is not None and slide.kind != decks.PICTURE:
            assert len([line for line in slide.code.source.splitlines() if line.strip()]) <= decks.CODE_LINES, where
        assert slide.text or slide.code is not None, f"{where}: nothing stands there"
        for shown in slide.text:
            assert shown.count("$$") % 2 == 0 and "<details" not in shown, where


def test_what_a_chapter_says_is_in_the_notes(deck):
    """A deck is shorter than its chapter; its speaker is not."""
    entry, slides = deck
    silent = [
        f"{n}: {s.heading}" for n, s in enumerate(slides, 1) if s.kind == decks.PICTURE and not (s.notes or s.text)
    ]
    assert not silent, silent
    exercises = [slide for slide in slides if slide.heading.startswith("Exercise ")]
    assert all(any(note.startswith("Listen for:") for note in slide.notes) for slide in exercises)
