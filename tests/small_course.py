"""A course of one chapter, for the tests of the commands."""

import nbformat


def make(folder):
    """Write a course of one chapter and one to come."""
    (folder / "solutions").mkdir(parents=True)
    (folder / "_toc.yml").write_text(
        '- {file: 00_one, number: "00", title: One, section: "-", part: P}\n'
        '- {file: 01_two, number: "1", title: To come, section: "-", part: P}\n',
        encoding="utf-8",
    )
    write_notebook(folder / "00_one.ipynb", "from course_utils import claim, setup", "N = 1", "claim('true', N == 1)")
    write_notebook(folder / "solutions" / "00_one.ipynb", "1 + 1")


def write_notebook(path, *sources):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for cell in notebook.cells:
        if cell.source == "N = 1":
            cell.metadata["tags"] = ["parameters"]
    nbformat.write(notebook, path)
