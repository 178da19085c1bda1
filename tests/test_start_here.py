"""The map and the list of data in chapter 00 show the course as it is now, although they were stored earlier."""

import contextlib
import io

import matplotlib.pyplot as plt

from course_utils import datasets, notebooks, plots

CHAPTER = notebooks.FOLDER / "00_start_here.ipynb"
AGAIN = "there is a new chapter or a new data set: run `make notebooks CHAPTER=00`"


def cell_with(words):
    (found,) = [cell for cell in notebooks.read(CHAPTER).cells if cell.cell_type == "code" and words in cell.source]
    return found


def test_the_map_of_00_start_here_is_that_of_today():
    """The cell prints, below the map, which chapters it has drawn as still to come."""
    cell = cell_with("plots.course_map")
    (stored,) = [output.text for output in cell.outputs if output.output_type == "stream"]
    with contextlib.redirect_stdout(io.StringIO()) as now:
        exec(cell.source, {"notebooks": notebooks, "plots": plots, "plt": plt})
    plt.close("all")
    assert stored == now.getvalue(), AGAIN


def test_the_data_of_00_start_here_are_those_of_today():
    cell = cell_with("datasets.catalogue_table")
    (output,) = cell.outputs
    assert output.data["text/html"] == eval(cell.source, {"datasets": datasets})._repr_html_(), AGAIN
