"""What a teacher hands out and gets back: exercise sheets on paper, and a table of what a class has solved.

    python -m course_utils sheets 3.1.1 --solutions

Students never need this module. A sheet is made from the chapter and its solution notebook: nothing is kept twice.
"""

import html
import importlib.metadata
import re
import shutil
from pathlib import Path

from course_utils import machine, notebooks

SHEETS = machine.ROOT / "docs" / "_build" / "sheets"
MATHJAX = "mathjax/tex-svg-full.js"

# --- sheets: what stands on them -------------------------------------------------------------------------------

FOLDED = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL)
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]*\)")  # to another page of the course: on paper its words alone


def sheet(entry, solutions=False):
    """Return the exercise sheet of one chapter as a web page that prints on A4 or letter paper.

    Parameters
    ----------
    entry : notebooks.Entry
        The chapter. With `solutions` its solution notebook must exist, or a ValueError says that it does not.
    solutions : bool
        Also the solutions with their reasoning, the answers of the quiz, and what each listed wrong answer shows.

    Returns
    -------
    str
        HTML; formulas are drawn by the file mathjax/tex-svg-full.js beside it (see `write_sheets`).
    """
    chapter = notebooks.read(entry.path)
    solved = _solutions(entry) if solutions else {}
    parts, hints = [], []
    hint_cells = dict(notebooks.hints(chapter))
    for exercise_id, text, stub, _ in notebooks.exercises(chapter):
        hints += _hint(exercise_id, hint_cells.get(exercise_id))
        parts.append('<section class="exercise">')
        parts.append(_markdown(FOLDED.sub("", text.source)))
        if stub is not None:
            parts.append(_code(stub.source))
        if solutions:
            parts += ['<div class="solution"><h4>Solution</h4>', *map(_cell, solved.get(exercise_id, [])), "</div>"]
            parts.append(_expected_mistakes(exercise_id))
        else:
            parts.append('<div class="room"></div>')
        parts.append("</section>")
    quiz = notebooks.section(chapter, "Quiz")
    if quiz:
        answered = FOLDED.sub(r'\n\n<div class="solution">\n\n\2\n\n</div>\n\n', quiz)
        parts += ['<section class="quiz"><h2>Quiz</h2>', _markdown(answered if solutions else FOLDED.sub("", quiz))]
        parts.append("</section>")
    if hints:
        parts += ['<section class="hints"><h2>Hints</h2>', *hints, "</section>"]
    title = f"{entry.number} {entry.title}: {'exercises and solutions' if solutions else 'exercises'}"
    name = "" if solutions else '<p class="name"><span>Name</span><span>Date</span></p>'
    return PAGE.format(title=html.escape(title), name=name, chapter=html.escape(entry.path.name), body="\n".join(parts))


def write_sheets(entries, folder, solutions=False):
    """Write one page for each chapter, and what draws the formulas, into a folder; return the paths of the pages.

    Sheets with solutions get other names than those without, so that a folder can hold both.
    """
    folder = Path(folder)
    pages = {f"{entry.file}{'_solutions' if solutions else ''}.html": sheet(entry, solutions) for entry in entries}
    (folder / MATHJAX).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(_mathjax(), folder / MATHJAX)
    for name, page in pages.items():
        (folder / name).write_text(page, encoding="utf-8", newline="\n")
    return [folder / name for name in pages]


def mistakes(exercise_id):
    """Return what the listed wrong answers of an exercise show, as (wrong answers, hint).

    The wrong answers are shown as in a message of the check; the text is empty where the answers are functions.
    """
    from course_utils import exercises
    from course_utils.exercises._answers import show

    found = {}
    for misconception in exercises.find(exercise_id).misconceptions:
        values = found.setdefault(misconception.hint, [])
        if not callable(misconception.answer):
            values.append(show(misconception.answer))
    return [(", ".join(values), hint) for hint, values in found.items()]


def _solutions(entry):
    """Return the cells of each exercise's solution: what follows its text, to the next exercise."""
    if not entry.solution_path.exists():
        raise ValueError(f"chapter {entry.number} has no solution notebook: {entry.solution_path.name} is missing")
    found, current = {}, None
    notebook = notebooks.read(entry.solution_path)
    texts = {id(text): exercise_id for exercise_id, text, *_ in notebooks.exercises(notebook)}
    for cell in notebook.cells:
        if id(cell) in texts:
            current = found.setdefault(texts[id(cell)], [])
        elif current is not None:
            current.append(cell)
    return found


def _hint(exercise_id, cell):
    texts = FOLDED.findall(cell.source) if cell is not None else []
    return [_markdown(f"**{exercise_id}**  {text.strip()}") for summary, text in texts if "Hint" in summary]


def _expected_mistakes(exercise_id):
    try:
        listed = mistakes(exercise_id)
    except ValueError:  # a chapter of one's own, without checks
        listed = []
    if not listed:
        return ""
    items = [f"<li>{_markdown(f'*{values}:* {hint}' if values else hint)}</li>" for values, hint in listed]
    return "\n".join(['<div class="mistakes"><h4>What a wrong answer shows</h4><ul>', *items, "</ul></div>"])


# --- sheets: how they look -------------------------------------------------------------------------------------


def _cell(cell):
    return _code(cell.source) if cell.cell_type == "code" else _markdown(FOLDED.sub(r"\2", cell.source))


def _code(source):
    return f"<pre><code>{html.escape(source)}</code></pre>"


def _markdown(source):
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    return markdown2html_mistune(LINK.sub(r"\1", source))


def _mathjax():
    package = "sphinx-mathjax-offline"
    for file in importlib.metadata.files(package) or []:
        if str(file).replace("\\", "/").endswith(MATHJAX):
            return file.locate()
    raise FileNotFoundError(f"the package {package} should hold {MATHJAX}: run `make lab` again")


PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<script>window.MathJax = {{tex: {{inlineMath: [["$", "$"], ["\\\\(", "\\\\)"]]}}}};</script>
<script defer src="mathjax/tex-svg-full.js"></script>
<style>
@page {{ margin: 18mm; }}
body {{ font: 11pt/1.45 Georgia, "Times New Roman", serif; max-width: 44em; margin: 2em auto; padding: 0 1em;
  color: #111; background: #fff; }}
h1 {{ font-size: 1.5em; }} h2 {{ font-size: 1.25em; }} h3 {{ font-size: 1.1em; }} h4 {{ margin: .6em 0 .2em; }}
h1, h2, h3, h4 {{ font-family: Helvetica, Arial, sans-serif; line-height: 1.2; break-after: avoid; }}
pre {{ font-size: 9.5pt; line-height: 1.35; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #888;
  padding: .6em .8em; break-inside: avoid; }}
table {{ border-collapse: collapse; }} td, th {{ border: 1px solid #888; padding: .15em .6em; }}
img, svg {{ max-width: 100%; }}
a.anchor-link {{ display: none; }}
.name span {{ display: inline-block; width: 45%; border-bottom: 1px solid #111; margin-right: 4%; }}
.room {{ height: 45mm; border: 1px dotted #888; break-inside: avoid; }}
.solution, .mistakes {{ border-left: 3px solid #123a5e; padding-left: 1em; }}
.mistakes {{ border-left-color: #888; font-size: .92em; }} .mistakes p {{ margin: 0; }}
.hints {{ break-before: page; }}
</style>
</head>
<body>
<h1>{title}</h1>
{name}
<p>The exercises use what the notebook <code>{chapter}</code> explains and defines. There each answer is checked at
once.</p>
{body}
</body>
</html>
"""
