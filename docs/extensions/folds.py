"""What the site folds in a chapter, so that nothing is seen too early: it changes cells of a copy, never the original.

* the code of claims, and of cells that only plot;
* what follows a prediction ("Before you run it"), up to the text that answers it, and the claims behind that text;
* the solution of each exercise, from the solution notebook, below the cell in which the exercise is solved.
"""

import copy
import re

import nbformat

from course_utils import notebooks

PREDICTION = "**Before you run it:"
ANSWER_SUMMARY = "I have a guess: show what happens"


def fold(cells, kind, summary, name):
    """Return the cells between an opening and a closing cell; `name` makes the cells' own ids."""
    opening = f'<details class="{kind}"><summary>{summary}</summary>'
    first = nbformat.v4.new_markdown_cell(opening, id=f"{name}-opens")
    return [first, *cells, nbformat.v4.new_markdown_cell("</details>", id=f"{name}-closes")]


def _has_heading(cell):
    text = notebooks.without_code_blocks(cell.source)
    return cell.cell_type == "markdown" and re.search(r"^#{1,6} ", text, re.MULTILINE)


def _is_claim(cell):
    return cell.cell_type == "code" and bool(notebooks.calls(notebooks.syntax(cell), "claim"))


def after_prediction(cells, index):
    """Return the end of what follows the prediction in cell `index`: the cells index + 1 ... end - 1 are folded.

    A heading or another prediction ends it, and so does the first text behind a code cell, with the claims behind it.
    Where no code follows, nothing is folded.
    """
    end, code = index + 1, False
    while end < len(cells):
        cell = cells[end]
        if _has_heading(cell) or PREDICTION in cell.source:
            break
        end += 1
        if cell.cell_type == "markdown" and code:
            while end < len(cells) and _is_claim(cells[end]):
                end += 1
            break
        code = code or cell.cell_type == "code"
    return end if code else index + 1


def solutions(notebook):
    """Return {exercise id: cells of its solution} of a solution notebook: what stands below the exercise's text."""
    starts = [index for index, cell in enumerate(notebook.cells) if _has_heading(cell)]
    found = {}
    for exercise, text, *_ in notebooks.exercises(notebook):
        first = next(index for index, cell in enumerate(notebook.cells) if cell is text) + 1
        last = min([index for index in starts if index >= first], default=len(notebook.cells))
        found[exercise] = notebook.cells[first:last]
    return found


def fold_code(cell):
    """Let the site show what a claim says and what a plot draws, and their code on demand."""
    tags = notebooks.tags(cell)
    if "hide-input" not in tags and (_is_claim(cell) or cell.metadata.get("jupyter", {}).get("source_hidden")):
        cell.metadata["tags"] = [*tags, "hide-input"]


def arrange(notebook, solved=None):
    """Fold what is folded in a chapter. `solved` is its solution notebook, if there is one. Changes the notebook."""
    for cell in notebook.cells:
        fold_code(cell)
    found = solutions(solved) if solved else {}
    exercises = {id(code): name for name, _, code, _ in notebooks.exercises(notebook) if code is not None}
    cells, index, number = [], 0, 0
    while index < len(notebook.cells):
        cell = notebook.cells[index]
        cells.append(cell)
        index += 1
        if name := exercises.get(id(cell)):
            if found.get(name):
                inside = [copy.deepcopy(part) for part in found[name]]
                for part in inside:
                    part.id = f"s-{part.id}"  # its own notebook may have numbered its cells like the chapter
                cells += fold(inside, "solution", f"Solution of {name}", f"solution-{name}".replace(".", "-"))
        elif cell.cell_type == "markdown" and PREDICTION in cell.source:
            end = after_prediction(notebook.cells, index - 1)
            if end > index and not any(id(part) in exercises for part in notebook.cells[index:end]):
                number += 1
                cells += fold(notebook.cells[index:end], "prediction", ANSWER_SUMMARY, f"prediction-{number}")
                index = end
    notebook.cells = cells
