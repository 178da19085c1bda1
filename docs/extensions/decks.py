"""Make the deck of a chapter: 20 to 35 slides from the notebook that readers read. Nothing is written twice.

A slide holds a picture, a formula, a question or at most 60 words. The paragraph around it goes into the speaker's
notes, with the minutes that it takes. What the rules below choose badly, the author says in the cell's metadata:

    "course": {"slide": "The sentence that stands on the slide."}      "" shows none of the cell's text
    "course": {"deck": "keep"}              or "drop": the slide stays, or goes (of a claim, the ticks)

The sentence in a cell of code stands beside its figure or its output; the one in a text that asks for a prediction
stands before the question, and in every other text on a slide of its own.

The rules. A figure makes a slide, below its heading and the sentence that says what to see; where nothing says so, the
first sentences after it. A display formula, with the sentence that leads to it, a prediction and an exercise make a
slide each; the answer of an exercise comes from the solution notebook, on the next step. Code stands on a slide if it
has at most ten lines; what it prints does not stand alone. What claims check stands below the figure, as ticks. If the
deck is then too long, text goes first, then code, then formulas: into the notes of the slide before.
"""

import html
import re
from dataclasses import dataclass, field

import nbformat
from nbconvert.preprocessors import Preprocessor

from course_utils import notebooks

MOST_SLIDES, FEWEST_SLIDES, MOST_QUIZ = 35, 20, 3
MOST_WORDS, CAPTION_WORDS, TICK_WORDS, CODE_LINES, OUTPUT_LINES, TABLE_ROWS = 60, 30, 18, 10, 8, 5
LARGE_LINE = 60  # characters: what is printed in a few short lines is set as large as the text
PICTURE, QUESTION, FORMULA, CODE, TEXT, FRAME = "picture", "question", "formula", "code", "text", "frame"
GO_FIRST = (TEXT, CODE, FORMULA)  # what a deck that is too long gives up, in this order
FORMULA_BLOCK = re.compile(r"\$\$.*?\$\$", re.DOTALL)
FOLDED = re.compile(r"<details.*?</details>", re.DOTALL)
CITATION = re.compile(r"\s*\[\d+(?:[,-] ?\d+)*\](?!\()")
ASKS = re.compile(r"\?(?:\s|$)|^(?:Write|Give|Return|Compute|Change|Find|Choose|Which|How|What|Build|Count|Set|Name)\b")
PREDICTION = ("**Before you run it:", "**Before you unfold:")
SENTENCE_END = re.compile(r"(?<=[.?!])\s+(?=[A-Z*`$\[])")
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\([^)\s]+\)")


INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Deep learning in medicine: slides</title>
<style>
body {{ font: 20px/1.6 "Noto Sans", "Segoe UI", Helvetica, Arial, sans-serif; }}
body {{ max-width: 40em; margin: 2em auto; padding: 0 1em; }}
h1 {{ color: #123a5e; }} a {{ color: #0b5cad; }}
</style>
</head>
<body>
<h1>Deep learning in medicine: slides</h1>
<p>One deck a chapter. Space or the right arrow goes on, S opens the notes of the speaker, F fills the screen, Esc shows
all slides. Copy this whole folder to take the decks with you: they need no network. For paper open a deck with
<code>?print-pdf</code> at the end of its address and print it.</p>
<ul>
{items}
</ul>
<p>Nothing here is for clinical use.</p>
</body>
</html>
"""


@dataclass
class Slide:
    """One slide: what stands on it, what is said beside it, and how long that takes."""

    kind: str
    heading: str
    text: list = field(default_factory=list)
    code: object = None  # a cell with code, its output or both
    ticks: list = field(default_factory=list)
    answer: str = ""  # shown by the next step
    notes: list = field(default_factory=list)
    minutes: float = 0.0
    keep: bool = False
    top: bool = False  # begins a section
    dropped: bool = False  # by its author
    seen: bool = False  # says what to see


def words(text):
    """Count the words on a slide: a formula is one."""
    text = FORMULA_BLOCK.sub(" formula ", FOLDED.sub("", text))
    text = re.sub(r"\$[^$\n]+\$", " formula ", re.sub(r"`[^`\n]*`", " code ", text))
    return len(re.findall(r"[^\W_][^\s|]*", text))


def plain(text):
    """Return a text without citations and links: a slide has its sources at the end."""
    return CITATION.sub("", LINK.sub(r"\1", text))


def paragraphs(source):
    """Split Markdown at its blank lines, but not within a formula, a list or a fenced block."""
    blocks = []
    for block in re.split(r"\n\s*\n", FOLDED.sub("", source).strip()):
        if blocks and (blocks[-1].count("$$") % 2 or blocks[-1].count("```") % 2):
            blocks[-1] += "\n\n" + block
        elif block.strip():
            blocks.append(block.strip())
    return blocks


def folded(source):
    """Return what a cell folds away, without the line that unfolds it."""
    return [text.strip() for text in re.findall(r"</summary>(.*?)</details>", source, re.DOTALL)]


def sentences(paragraph):
    """Split a paragraph into sentences; lists, tables and formulas stay whole."""
    if re.match(r"[-*|>]|\d+\. |\$\$|```", paragraph):
        return [paragraph]
    return SENTENCE_END.split(paragraph)


def too_tall(block):
    """Has a table too many rows to be read from the last one?"""
    return block.startswith("|") and len(block.splitlines()) > TABLE_ROWS + 2


def asked(blocks, budget):
    """Return the sentences that ask for something, as many others as fit beside them, and the rest."""
    listed = [(number, sentence) for number, block in enumerate(blocks) for sentence in sentences(block)]
    order = sorted(range(len(listed)), key=lambda i: (not ASKS.search(listed[i][1]), i))
    chosen = set()
    for i in order:
        cost = words(listed[i][1])
        if cost <= budget and not too_tall(listed[i][1]):
            chosen.add(i)
            budget -= cost
    shown = [
        " ".join(sentence for i, (of, sentence) in enumerate(listed) if of == number and i in chosen)
        for number in range(len(blocks))
    ]
    return [block for block in shown if block], [s for i, (_, s) in enumerate(listed) if i not in chosen]


def shortened(blocks, budget):
    """Return as many leading sentences of the blocks as the budget of words allows, and the rest."""
    shown, rest, full = [], [], False
    for block in blocks:
        fitting = []
        for sentence in sentences(block):
            cost = words(sentence)
            if not full and cost <= budget and not too_tall(block):
                fitting.append(sentence)
                budget -= cost
            else:
                full = True
                rest.append(sentence)
        if fitting:
            shown.append(" ".join(fitting))
    return shown, rest


def leading(blocks, room):
    """Return the first sentences before a formula and the one that leads to it, if there is room, and the rest."""
    last = sentences(blocks[-1])[-1] if blocks else "."
    cost = words(last)
    if last.endswith((".", "?", "!")) or too_tall(last) or cost > room:
        return shortened(blocks, min(room, CAPTION_WORDS))
    before = [*blocks[:-1], " ".join(sentences(blocks[-1])[:-1])]
    shown, rest = shortened([block for block in before if block], min(room - cost, CAPTION_WORDS))
    if shown and blocks[-1].startswith(shown[-1]):  # of one paragraph
        return [*shown[:-1], f"{shown[-1]} {last}"], rest
    return [*shown, last], rest


def own_sentence(cell):
    """Return the sentence that an author wrote for the slide of a cell, or None."""
    return cell.metadata.get("course", {}).get("slide")


class _Writer:
    """Walks through the cells of a chapter and writes its slides."""

    def __init__(self, notebook, answers, mistakes):
        self.notebook, self.answers, self.mistakes = notebook, answers, mistakes
        self.slides, self.heading, self.top, self.waiting = [], "", True, []
        self.fresh, self.choice = True, None  # no slide since the last heading; the author's word for the next one
        self.answers_to_write = [code for _, _, code, _ in notebooks.exercises(notebook)]

    # --- what waits for a slide

    def flush(self):
        """Put the text that waits on a slide of its own: a formula, or the first sentences."""
        blocks, self.waiting = self.waiting, []
        if not blocks:
            return
        has_formula = any(block.startswith("$$") for block in blocks)
        if has_formula:
            formulas = [block for block in blocks if block.startswith("$$")]
            after = blocks[blocks.index(formulas[-1]) + 1 :]
            symbols = [block for block in after if block.startswith("-")][:1]
            before = blocks[: blocks.index(formulas[0])]
            room = MOST_WORDS - len(formulas) - sum(words(block) for block in symbols)
            if room < 0:
                symbols, room = [], MOST_WORDS - len(formulas)
            first, rest = leading(before, room)
            where = [block for block in after if block not in symbols]
            room -= sum(words(block) for block in first)
            meaning, where = shortened(where, min(room, CAPTION_WORDS)) if not symbols else ([], where)
            between = blocks[blocks.index(formulas[0]) : blocks.index(formulas[-1])]
            shown = [*first, *formulas, *symbols, *meaning]
            said = [*rest, *(block for block in between if block not in formulas), *where]
        else:
            shown, said = shortened(blocks, MOST_WORDS)
        self.add(Slide(FORMULA if has_formula else TEXT, self.heading, text=shown, notes=said))

    def add(self, slide):
        slide.top, self.top, self.fresh = self.top, False, False
        if self.choice:
            slide.keep, slide.kind = self.choice == "keep", TEXT if self.choice == "drop" else slide.kind
            slide.dropped, self.choice = self.choice == "drop", None
        self.slides.append(slide)
        return slide

    # --- the cells

    def markdown(self, cell):
        marks = re.match(r"(#{1,4}) +(.+)", cell.source.strip())
        source = cell.source.strip()
        if marks:
            self.flush()
            self.heading, self.top, self.fresh = marks[2].strip(), len(marks[1]) <= 2, True
            source = source.partition("\n")[2].strip()
        own = own_sentence(cell)
        exercise = re.match(r"Exercise (\S+):", self.heading) if marks else None
        if exercise:
            self.exercise(exercise[1], source, own)
        elif self.heading == "Quiz":
            self.quiz(source)
        elif own is not None:
            self.flush()
            blocks, replies = paragraphs(source), folded(source)
            question = [plain(block) for block in blocks if block.startswith(PREDICTION)]
            if question:
                said = [block for block in blocks if not block.startswith(PREDICTION)]
                self.question([own, *question] if own else question, said, replies)
            elif own:
                self.add(Slide(TEXT, self.heading, text=[own], notes=[*blocks, *replies], keep=True))
            elif self.slides:
                self.slides[-1].notes += [*blocks, *replies]
        elif self.heading in ("Key points", "What you will be able to do"):
            self.points(source)
        else:
            self.blocks(paragraphs(source), folded(source))

    def points(self, source):
        """Show a list on one slide, or on two; of each point its first sentence."""
        lines = [re.sub(r" \([\d., a-z-]+\)(?=[;.]?$)", "", line) for line in re.split(r"\n(?=- )", plain(source))]
        firsts = ["- " + re.split(r"(?<=[.?!])\s+(?=[A-Z*`$])", line.removeprefix("- "))[0] for line in lines]
        counts = [words(first) for first in firsts]
        pages = [firsts]
        if sum(counts) > MOST_WORDS:  # two slides, about equally full
            half = min(range(1, len(firsts)), key=lambda k: abs(sum(counts[:k]) - sum(counts[k:])))
            pages = [shortened(firsts[:half], MOST_WORDS)[0], shortened(firsts[half:], MOST_WORDS)[0]]
        for page in pages:
            self.add(Slide(FRAME, self.heading, text=["\n".join(page)], notes=[] if page is not pages[-1] else lines))

    def question(self, shown, said, replies):
        """Add the slide of a prediction; what is folded below it is the answer."""
        replied = [sentence for reply in replies for sentence in SENTENCE_END.split(plain(reply))]
        answer = " ".join(shortened(replied, CAPTION_WORDS)[0])
        self.add(Slide(QUESTION, self.heading, text=shown, answer=answer, notes=[*said, *replies], keep=True))

    def blocks(self, blocks, replies=()):
        for block in blocks:
            if marks := re.match(r"#{2,4} +(.+)$", block):  # a heading within the cell
                self.flush()
                self.heading, self.fresh = marks[1].strip(), True
            elif block.startswith(PREDICTION):
                said, self.waiting = self.waiting, []
                question, rest = asked([*said, plain(block)], MOST_WORDS)
                self.question(question, rest, replies)
            elif block.startswith("What to see") and self.pictured():
                self.caption(self.slides[-1], block)
            elif self.slides and self.slides[-1].kind == PICTURE and not self.fresh:
                silent = self.pictured() and not self.slides[-1].text
                reply = silent and not re.match(r"[-*|>#]|\d+\. |\$\$|```", block)
                self.caption(self.slides[-1], block) if reply else self.slides[-1].notes.append(block)
            else:
                self.waiting.append(plain(block))

    def pictured(self):
        last = self.slides[-1] if self.slides else None
        return last is not None and last.kind == PICTURE and not last.seen and not self.fresh

    def caption(self, slide, block):
        sees = block.startswith("What to see")
        block = re.sub(r"\bWhat to see(?: \w+)?: *(.)", lambda match: match[1].upper(), plain(block))
        shown, said = shortened([block], CAPTION_WORDS)
        if shown and not shown[0].endswith(":"):
            slide.text, slide.notes, slide.seen = shown, [*slide.text, *slide.notes], sees
            slide.notes += said
        else:
            slide.notes.append(block)

    def exercise(self, name, source, own):
        blocks = [plain(block) for block in paragraphs(source)]
        shown, said = ([own], blocks) if own else asked(blocks, MOST_WORDS)
        hint = re.search(r"</summary>(.*?)</details>", source, re.DOTALL)
        said += [f"Hint: {hint[1].strip()}"] if hint else []
        said += [f"Listen for: {mistake}" for mistake in self.mistakes.get(name, [])[:3]]
        answer, why = self.answers.get(name, ("", ""))
        said += [f"The solution: {why}"] if why else []
        self.add(Slide(QUESTION, self.heading, text=shown, answer=answer, notes=said, minutes=8, keep=True))

    def quiz(self, source):
        for part in re.split(r"(?=\*\*Question \d)", source):
            if not part.startswith("**Question"):
                continue
            folded = re.search(r"</summary>(.*?)</details>", part, re.DOTALL)
            answer = folded[1].strip() if folded else ""
            right = re.match(r"\*\*([A-E])\*\* is right", answer)
            text = plain(FOLDED.sub("", part)).strip()
            shown = f"**{right[1]}** is right." if right else ""
            asked_so_far = sum(slide.heading == "Quiz" and not slide.dropped for slide in self.slides)
            if words(text) <= MOST_WORDS and asked_so_far < MOST_QUIZ:
                self.add(Slide(FRAME, "Quiz", text=[text], answer=shown, notes=[plain(answer)], minutes=1.5, keep=True))
            elif self.slides:
                self.slides[-1].notes += [f"One question more: {text}", plain(answer)]

    def code(self, cell):
        images = [
            output for output in cell.outputs if any(kind.startswith("image/") for kind in output.get("data", {}))
        ]
        printed = notebooks.printed(cell).strip().splitlines()
        only_ticks = printed and not images and all(line.strip().startswith("✓") for line in printed)
        if "nbval-check-output" in notebooks.tags(cell) or only_ticks:
            self.claims(cell)
        elif any(cell is code for code in self.answers_to_write):
            return  # the reader's stub
        elif images:
            self.picture(cell, images)
        else:
            self.plain_code(cell)

    def picture(self, cell, images):
        shown_cell = nbformat.v4.new_code_cell("", outputs=images, metadata={"alt": cell.metadata.get("alt", "")})
        shown_cell.metadata["tags"] = ["slides-hide-input"]
        see = [block for block in self.waiting if block.startswith("What to see")]
        said = [block for block in self.waiting if block not in see and not block.startswith("$$")]
        formulas = [block for block in self.waiting if block.startswith("$$")]
        if formulas:  # the formula first, then its drawing
            self.waiting = [block for block in self.waiting if block not in see]
            self.flush()
            said = []
        self.waiting = []
        alt = cell.metadata.get("alt", "")
        shown_alt = [f"The figure: {alt}"] if alt else []
        slide = self.add(Slide(PICTURE, self.heading, code=shown_cell, notes=said))
        own = own_sentence(cell)
        if own is not None:
            slide.text, slide.notes, slide.seen = [own] if own else [], [*said, *see], True
        elif see:
            self.caption(slide, see[-1])
        elif said:
            slide.text, slide.notes = shortened(said, CAPTION_WORDS)
        slide.notes += shown_alt

    def plain_code(self, cell):
        hidden = "slides-hide-input" in notebooks.tags(cell) or cell.metadata.get("jupyter", {}).get("source_hidden")
        lines = [line for line in cell.source.splitlines() if line.strip()]
        shows_code = not hidden and len(lines) <= CODE_LINES
        outputs = [output for output in cell.outputs if 0 < _lines(output) <= OUTPUT_LINES]
        if not shows_code and not outputs:
            return
        shown_cell = nbformat.v4.new_code_cell(cell.source if shows_code else "", outputs=outputs)
        if not shows_code:
            shown_cell.metadata["tags"] = ["slides-hide-input"]
        text, said = shortened(self.waiting, CAPTION_WORDS)
        if any(block.startswith("$$") for block in self.waiting):
            self.flush()
            text, said = [], []
        self.waiting = []
        own = own_sentence(cell)
        if own is not None:
            text, said = [own] if own else [], [*text, *said]
        self.add(Slide(CODE, self.heading, text=text, code=shown_cell, notes=said, keep=own is not None))

    def claims(self, cell):
        ticks = [line.strip() for line in notebooks.printed(cell).splitlines() if line.strip().startswith("✓")]
        if self.waiting:
            self.flush()
        if self.slides:
            last = self.slides[-1]
            last.notes += [f"Checked each time: {tick[1:].strip()}." for tick in ticks]
            if last.kind in (PICTURE, CODE) and self.choice != "drop":
                last.ticks += [tick for tick in ticks if words(tick) <= TICK_WORDS]


def _lines(output):
    """Count the lines that an output takes."""
    text = output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "")
    return len(text.strip().splitlines())


def _minutes(cells):
    text = " ".join(notebooks.without_code_blocks(cell.source) for cell in cells if cell.cell_type == "markdown")
    return words(text) / 110  # spoken, slower than read


def _answers(solution):
    """Return {exercise: (the answer as Markdown, why)} of a solution notebook."""
    found = {}
    for name, _, code, after in notebooks.exercises(solution) if solution else []:
        if code is None:
            continue
        kept = [line for line in code.source.splitlines() if not line.startswith("exercises.check(")]
        lines = [line for line in kept if line.strip()]
        why = plain(after.source) if after is not None and after.cell_type == "markdown" else ""
        if len(lines) <= CODE_LINES:
            answer = "```python\n" + "\n".join(kept).strip() + "\n```"
        else:
            answer = " ".join(shortened(paragraphs(why), MOST_WORDS)[0]) or "The solution stands in its notebook."
        found[name] = (answer, why)
    return found


def _mistakes(number):
    """Return {exercise: the mistakes that its check knows, in words}."""
    from course_utils import exercises

    own = [exercise for exercise in exercises.all_exercises() if exercise.id.rpartition("-")[0] == number]
    return {exercise.id: [mistake.hint for mistake in exercise.misconceptions] for exercise in own}


def slides(notebook, solution=None, mistakes=None):
    """Return the list of `Slide` of a chapter, at most `MOST_SLIDES` of them."""
    rooms = notebooks.side_rooms(notebook)[0]
    writer = _Writer(notebook, _answers(solution), mistakes or {})
    first = notebook.cells[0]
    title, *opening = paragraphs(first.source)
    question, rest = asked([plain(block) for block in opening[:-1]], MOST_WORDS)
    own = first.metadata.get("course", {}).get("slide")
    writer.add(Slide(FRAME, title.lstrip("# "), text=[own] if own else question, notes=rest, keep=True))
    writer.heading = title.lstrip("# ")
    sections, skipped = "", ("Before you start", "References", "Next", "Side rooms")
    for index, cell in enumerate(notebook.cells[1:], start=1):
        if cell.cell_type == "markdown" and (section := re.match(r"## +(.+)", cell.source.strip())):
            sections = section[1].strip()
        if index in rooms or sections in skipped or notebooks.slide_type(cell) == "skip":
            continue
        before = len(writer.slides)
        if choice := cell.metadata.get("course", {}).get("deck"):
            if cell.cell_type == "markdown":
                writer.flush()
            writer.choice = choice
        if cell.cell_type == "markdown":
            writer.markdown(cell)
        else:
            writer.code(cell)
            writer.choice = None  # a cell without a slide leaves its author's word to no other
        made = writer.slides[before:] or writer.slides[-1:]
        made[-1].minutes += _minutes([cell])
    writer.flush()
    return [*_fewer(_answered(writer.slides), MOST_SLIDES - 1), _sources(notebook)]


def _answered(made):
    """Let what is printed right after a prediction, and nothing else, be the next step of its slide.

    What is printed elsewhere without a word, and drawn on the next slide, goes into the notes of the drawing.
    """
    kept = []
    for number, slide in enumerate(made):
        before, after = kept[-1] if kept else None, made[number + 1] if number + 1 < len(made) else None
        empty = not slide.text and slide.code is None
        only_printed = slide.kind == CODE and not slide.code.source and not slide.top and not slide.keep
        drawn_next = after is not None and after.kind == PICTURE and after.heading == slide.heading
        waits = before is not None and before.kind == QUESTION and not before.answer
        if empty and before or only_printed and waits and _as_answer(slide):
            before.answer = before.answer or ("" if empty else _as_answer(slide))
            before.notes += [*slide.text, *slide.notes]
            before.minutes += slide.minutes
            if after is not None:
                after.top = after.top or slide.top
        elif only_printed and drawn_next and not slide.text and _as_answer(slide):
            after.notes[:0] = [f"Printed before it:\n\n{_as_answer(slide)}", *slide.notes]
            after.minutes += slide.minutes
        else:
            kept.append(slide)
    return kept


def _fewer(made, most):
    """Leave out slides until the deck is short enough; what they say goes to the slide before."""
    for kind in (None, *GO_FIRST):
        while len(made) > most or kind is None:
            candidates = [i for i, slide in enumerate(made) if _may_go(slide, kind) and i > 0]
            if not candidates:
                break
            gone = min(candidates, key=lambda i: _worth(made[i]))
            slide, before = made.pop(gone), made[gone - 1]
            if before.kind == QUESTION and not before.answer and not slide.dropped:
                before.answer = _as_answer(slide)  # the reply to a prediction stays
            before.notes += [*slide.text, *slide.notes]
            before.minutes += slide.minutes
            if slide.top and gone < len(made):
                made[gone].top = True
    return made


def _worth(slide):
    """Code that shows no result says least, then what has few words."""
    silent = slide.code is not None and not notebooks.printed(slide.code)
    return not silent, sum(words(text) for text in slide.text)


def _may_go(slide, kind):
    """May this slide go in the round of this kind? In the first round, None, go those that the author drops."""
    return slide.dropped if kind is None else slide.kind == kind and not slide.keep


def _as_answer(slide):
    """Return what a slide says in a few words: what its code prints, and its text."""
    printed = notebooks.printed(slide.code).strip() if slide.code is not None else ""
    short = printed and "<" not in printed and len(printed.splitlines()) <= OUTPUT_LINES
    text = shortened([text for text in slide.text if not text.startswith("$$")], CAPTION_WORDS)[0]
    lines = printed.splitlines()
    large = len(lines) <= 3 and all(len(line) <= LARGE_LINE and not re.search("  |`", line.strip()) for line in lines)
    block = "  \n".join(f"`{line.strip()}`" for line in lines) if large else f"```text\n{printed}\n```"
    return "\n\n".join([*([block] if short else []), *text])


def _sources(notebook):
    """Return the last slide: the sources, without their addresses."""
    text = notebooks.section(notebook, "References") or ""
    entries = re.findall(r"^\d+\. +(.+)$", text, re.MULTILINE)
    short = []
    for entry in entries:
        author, year, rest = re.match(r"(.*?)\s*(\(\d{4}[a-z]?(?:,[^)]*)?\)|$)(.*)", entry).groups()
        name = " ".join(re.split(r",| [A-Z]{1,3}\b", author)[0].split()[:2])
        short.append(f"{name} {re.sub(',.*', ')', year)}" if year else entry.split(".")[0])
    return Slide(FRAME, "Sources", text=[" · ".join(dict.fromkeys(short))], notes=entries, keep=True)


def as_notebook(made, metadata):
    """Return the slides as a notebook, as nbconvert expects them."""
    new, cells = nbformat.v4, []
    for slide in made:
        level = "#" if not cells else "##" if slide.top else "###"
        body = "\n\n".join([f"{level} {slide.heading}", *slide.text])
        kind = {"slideshow": {"slide_type": "slide"}}
        cells.append(new.new_markdown_cell(body, metadata=kind))
        if slide.code is not None:
            slide.code.metadata["slideshow"] = {"slide_type": "-"}
            cells.append(slide.code)
        if slide.ticks:
            room, ticks = MOST_WORDS - sum(words(text) for text in slide.text), []
            for tick in slide.ticks[:3]:
                if words(tick) <= room:
                    ticks.append(tick)
                    room -= words(tick)
            if ticks:
                step = {"slideshow": {"slide_type": "-"}}
                cells.append(new.new_markdown_cell("  \n".join(ticks), metadata=step))
        if slide.answer:
            step = {"slideshow": {"slide_type": "fragment"}}
            cells.append(new.new_markdown_cell(slide.answer, metadata=step))
        minutes = max(1, round(slide.minutes))
        said = "\n\n".join([f"**About {minutes} min.**", *(note for note in slide.notes if note.strip())])
        cells.append(new.new_markdown_cell(said, metadata={"slideshow": {"slide_type": "notes"}}))
    return new.new_notebook(cells=cells, metadata=metadata)


def index(chapters, folder):
    """Write index.html: a list of the decks, which opens from any folder, a USB stick as well."""
    link = '<li><a href="{0.file}.slides.html">{0.number} {1}</a></li>'
    items = [link.format(entry, html.escape(entry.title)) for entry in chapters]
    page = INDEX.format(items="\n".join(items))
    (folder / "index.html").write_text(page, encoding="utf-8")


class Deck(Preprocessor):
    """Hand nbconvert the deck of a chapter in place of its notebook."""

    def preprocess(self, notebook, resources):
        entry = next((e for e in notebooks.table_of_contents() if e.file == resources["metadata"]["name"]), None)
        solution, mistakes = None, {}
        if entry is not None:
            solution = notebooks.read(entry.solution_path) if entry.solution_path.exists() else None
            mistakes = _mistakes(entry.number)
        return as_notebook(slides(notebook, solution, mistakes), notebook.metadata), resources
