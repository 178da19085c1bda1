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


@pytest.mark.slow
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


# --- LossCurves --------------------------------------------------------------------------------------------------


def small_model(dropout=0.0):
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Input((3,)), keras.layers.Dropout(dropout), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
    return model


def data(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 3)).astype("float32"), rng.normal(size=(n, 1)).astype("float32")


def test_the_last_value_of_each_curve_is_the_loss_of_the_trained_model():
    from course_utils.training import LossCurves

    model, training, other = small_model(dropout=0.5), data(40), data(300, seed=1)
    watch = LossCurves(training=training, other=other)
    model.fit(*training, epochs=3, verbose=0, callbacks=[watch])
    assert {name: len(curve) for name, curve in watch.curves.items()} == {"training": 3, "other": 3}
    for name, (x, y) in {"training": training, "other": other}.items():
        by_hand = np.mean((model(x, training=False).numpy() - y) ** 2)
        assert watch.curves[name][-1] == pytest.approx(by_hand, rel=1e-5)
        assert type(watch.curves[name][-1]) is float


def test_watching_changes_neither_the_training_nor_its_history():
    from course_utils.training import LossCurves

    plain, watched, training = small_model(dropout=0.5), small_model(dropout=0.5), data(40)
    import keras

    histories = []
    for model, callbacks in ((plain, []), (watched, [LossCurves(training=training, other=data(30, seed=1))])):
        keras.utils.set_random_seed(1)
        histories.append(model.fit(*training, epochs=3, verbose=0, callbacks=callbacks).history["loss"])
    assert histories[0] == pytest.approx(histories[1], rel=1e-6)
    for a, b in zip(plain.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_a_second_training_begins_new_curves():
    from course_utils.training import LossCurves

    model, training = small_model(), data(20)
    watch = LossCurves(training=training)
    for epochs in (3, 2):
        model.fit(*training, epochs=epochs, verbose=0, callbacks=[watch])
        assert len(watch.curves["training"]) == epochs


@pytest.mark.parametrize(
    ("sets", "error", "message"),
    [
        ({}, ValueError, "sets must hold at least one"),
        ({"validation": np.ones(3)}, TypeError, "validation must be a pair"),
        (
            {"validation": (np.ones((3, 2)), np.ones(2))},
            ValueError,
            "validation inputs and validation targets must have the same length, got 3 and 2",
        ),
        ({"training": (np.ones((0, 2)), np.ones(0))}, ValueError, "training inputs must not be empty"),
    ],
)
def test_a_set_must_be_inputs_and_targets(sets, error, message):
    from course_utils.training import LossCurves

    with pytest.raises(error, match=message):
        LossCurves(**sets)
