"""course_utils.training: the progress line, in a notebook, in a terminal, and in a file."""

import io
import re

import nbclient
import nbformat
import numpy as np
import pytest

FINAL_LINE = r"epoch 3 of 3: loss \d+\.\d{3}, validation loss \d+\.\d{3}"

FIT = """
import numpy as np, keras
from course_utils.training import OneLineProgress
model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
model.compile(loss="mse")
x = np.ones((8, 2), dtype="float32")
history = model.fit(x, x[:, :1], epochs=3, validation_split=0.5, verbose=0, callbacks=[OneLineProgress(3)])
"""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_file_gets_the_last_line_only(capsys):
    exec(FIT, {})
    assert re.fullmatch(FINAL_LINE + "\n", capsys.readouterr().out)


def test_a_terminal_shows_every_epoch_in_the_same_line(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    exec(FIT, {})
    text = terminal.getvalue()
    assert text.count("\n") == 1 and text.endswith("\n")
    before, *shown = text.removesuffix("\n").split("\r")
    assert before == ""
    assert [line[:12] for line in shown] == ["epoch 1 of 3", "epoch 2 of 3", "epoch 3 of 3"]
    assert re.fullmatch(FINAL_LINE, shown[-1].rstrip())


def test_a_shorter_line_covers_the_longer_one_before_it(monkeypatch):
    from course_utils.training import OneLineProgress

    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    progress = OneLineProgress(2)
    progress.on_train_begin()
    progress.on_epoch_end(0, {"loss": 1000.5})
    progress.on_epoch_end(1, {"loss": 0.5})
    _, long, short = terminal.getvalue().split("\r")
    assert len(short) >= len(long.rstrip())


def test_a_stored_notebook_holds_one_clean_line():
    sources = ["import keras", FIT]  # the import may write to stderr, so it has a cell of its own
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbclient.NotebookClient(notebook, timeout=120, record_timing=False).execute()
    (output,) = notebook.cells[1].outputs
    assert output.output_type == "display_data"
    assert set(output.data) == {"text/plain"}
    assert re.fullmatch(FINAL_LINE, output.data["text/plain"])
    assert output.metadata == {}


def test_a_second_training_begins_a_new_line(capsys):
    from course_utils.training import OneLineProgress

    progress = OneLineProgress(2)
    for _ in range(2):
        progress.on_train_begin()
        progress.on_epoch_end(0, {"loss": 0.5, "accuracy": 0.9})
        progress.on_epoch_end(1, {"loss": np.float32(0.25), "accuracy": 0.9})
        progress.on_train_end()
    assert capsys.readouterr().out == "epoch 2 of 2: loss 0.250\n" * 2


def test_training_without_an_epoch_prints_nothing(capsys):
    from course_utils.training import OneLineProgress

    progress = OneLineProgress(2)
    progress.on_train_begin()
    progress.on_train_end()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("epochs", "error"), [(0, ValueError), (2.5, TypeError), (True, TypeError), (None, TypeError)])
def test_epochs_must_be_a_positive_integer(epochs, error):
    from course_utils.training import OneLineProgress

    with pytest.raises(error, match="epochs must be"):
        OneLineProgress(epochs)
