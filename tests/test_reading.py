"""What `course_utils.notebooks` reads out of a notebook: how long it takes, what JupyterLab folds, what is debris."""

import copy

import nbformat
import pytest

from course_utils import notebooks


def words(text):
    return nbformat.v4.new_markdown_cell(text)


def code(text):
    return nbformat.v4.new_code_cell(text)


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=list(cells))


def path_minutes(*cells):
    return notebooks.reading_minutes(notebook(*cells))[0]


# --- time ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "minutes"),
    [
        ([words("word " * 1500)], 10),
        ([words("word " * 1100)], 5),
        ([words("word " * 1130)], 10),
        ([words("one")], 5),
        ([words("$a + b$ " * 1500)], 10),
        ([words("$$\n\\frac{a}{b}\n$$\n\n" * 1500)], 10),
        ([words("`name` " * 1500)], 10),
        ([words("[two words](https://example.org/a/b) " * 750)], 10),
        ([words("| a | b |\n" * 750)], 10),
        ([words("<details><summary>Answer</summary>\n\n" + "word " * 1499 + "\n\n</details>")], 10),
        (
            [
                words("## References\n\n" + "1. A work. https://example.org\n" * 500),
                words("## Next\n\n" + "word " * 1500),
            ],
            10,
        ),
        ([words("```\n" + "word " * 3000 + "\n```")], 5),
        ([code("x = 1\n\n# why\n" * 60)], 10),
        ([code("x = 1\n" * 89)], 5),
        ([code("x = 1\n" * 91)], 10),
        ([code("claim('It holds', x)\n" * 500)], 5),
        ([words("![a picture](picture.png)\n\n" * 10)], 10),
        ([code("fig = model()\nplt.show()")] * 9, 10),  # nine figures, eighteen lines
        ([words("### Exercise 1-a: one\n\nDo it."), code("exercises.check('1-a', f)")], 10),
        ([words("## Quiz\n\nWhy?"), code("y = 1\n" * 60)], 10),
    ],
)
def test_the_path_is_timed_by_the_rule(cells, minutes):
    assert path_minutes(*copy.deepcopy(cells)) == minutes


def test_side_rooms_are_timed_by_themselves():
    path, room = words("word " * 3000), words("### Going deeper: more\n\n" + "word " * 1500)
    after = words("## Key points\n\n" + "word " * 1500)
    book = notebook(path, words("## Side rooms"), room, after)
    assert notebooks.reading_minutes(book) == (30, 10)
    assert notebooks.reading_minutes(notebook(path)) == (20, 0)
    assert notebooks.reading_minutes(notebook()) == (0, 0)


# --- what is folded --------------------------------------------------------------------------------------------

IMPORTS = """
import numpy as np
import matplotlib.pyplot as plt
import keras
from course_utils import claim, images, plots
from sklearn.linear_model import LogisticRegression

def mine(x):
    return x
"""
PLOT = "fig, ax = plt.subplots()\nax.plot(x)\nplt.show()"


@pytest.mark.parametrize(
    "source",
    [
        "claim('It holds', x > 0)",
        "if data.name == 'a':\n    claim('It holds', x > 0)",
        PLOT,
        "ys = np.linspace(0, 1)\n" + PLOT,
        "plots.learning_curves(history)\nplt.show()",
        "for k in range(3):\n    plt.plot(x[k])\nplt.show()",
        "from matplotlib.patches import Circle\nplt.gca().add_patch(Circle((0, 0), 1))\nplt.show()",
    ],
)
def test_claims_and_plots_are_folded(source):
    later = code("fig, ax = plt.subplots()\nax.plot(fig.dpi)")
    assert notebooks.hidden_cells(notebook(code(IMPORTS), words("x"), code(source), later)) == {2}


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        "ax.plot(x)",  # nothing is shown
        "print(x)\n" + PLOT,
        "used_later = 3\n" + PLOT,
        "y = mine(x)\n" + PLOT,
        "y = images.augment(x)\n" + PLOT,
        "y = keras.ops.relu(x)\n" + PLOT,
        "y = network.predict(x)\n" + PLOT,
        "network.fit(x)\n" + PLOT,
        "y = LogisticRegression().fit(x)\n" + PLOT,
        "def curve(t):\n    return t\n\n\n" + PLOT.replace("plot(x)", "plot(curve(x))"),
        "this is no Python\n" + PLOT,
    ],
)
def test_code_that_teaches_stays_in_sight(source):
    book = notebook(code(IMPORTS), code(source), code("print(used_later)"))
    assert notebooks.hidden_cells(book) == set()


def test_tidy_leaves_what_the_course_uses_and_nothing_else():
    book = notebook(code(IMPORTS), code("claim('It holds', x)"), code("x = 1"), words("Words."))
    book.metadata.update(course={}, kernelspec={}, language_info={}, jupytext={}, widgets={}, papermill={})
    for cell in book.cells:
        cell.metadata.update(
            tags=["t"],
            alt="a",
            slideshow={},
            execution={},
            lines_to_next_cell=2,
            jupyter={"source_hidden": True, "outputs_hidden": True},
        )
    notebooks.tidy(book)
    assert set(book.metadata) == {"course", "kernelspec", "language_info"}
    assert [set(cell.metadata) - {"tags", "alt", "slideshow"} for cell in book.cells] == [
        set(),
        {"jupyter"},
        set(),
        set(),
    ]
    assert book.cells[1].metadata["jupyter"] == {"source_hidden": True}
    once = copy.deepcopy(book)
    notebooks.tidy(book)
    assert book == once


# --- exercises and rooms ---------------------------------------------------------------------------------------


def test_hints_are_found_in_the_text_or_below_it():
    hint = "<details><summary>Hint</summary>\n\nTry.\n\n</details>"
    book = notebook(
        words(f"### Exercise 1-a: one\n\nDo.\n\n{hint}"),
        code("a = ..."),
        words("### Exercise 1-b: two\n\nDo."),
        code("b = ..."),
        words("Take your time."),
        words(hint),
        words("### Exercise 1-c: three\n\nDo."),
        code("c = ..."),
        words("## Quiz"),
        words(hint),
    )
    assert notebooks.hints(book) == [("1-a", book.cells[0]), ("1-b", book.cells[5]), ("1-c", None)]


def test_side_rooms_end_with_the_next_section():
    book = notebook(
        words("# T"), words("## Side rooms\n\n### Going deeper: a"), code("x"), words("### Going deeper: b")
    )
    assert notebooks.side_rooms(book) == (range(1, 4), [1, 3])
    book.cells.append(words("## Key points"))
    assert notebooks.side_rooms(book) == (range(1, 4), [1, 3])
    assert notebooks.side_rooms(notebook(words("# T"))) == (range(0), [])


# --- running ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_widget_leaves_no_empty_box():
    shows = """
from IPython.display import display
display({"text/plain": "a slider", "application/vnd.jupyter.widget-view+json": {"model_id": "1"}}, raw=True)
print("below the slider")
"""
    run = notebooks.execute(notebook(code(shows)), notebooks.ROOT)
    assert [output.get("text") for output in run.notebook.cells[0].outputs] == ["below the slider\n"]
