"""What every chapter needs beside `model.fit`: progress in one line, and loss curves that can be compared."""

import sys

import keras
from IPython import display, get_ipython

from course_utils import _checks

__all__ = ["LossCurves", "OneLineProgress"]

BATCH = 512  # inputs at a time when a loss is only looked at; it changes the memory needed, not the result


class OneLineProgress(keras.callbacks.Callback):
    """Show the training in one line, which ends as `epoch 12 of 12: loss 0.123, validation loss 0.145`.

    Use it with `verbose=0`: `model.fit(..., verbose=0, callbacks=[OneLineProgress(EPOCHS)])`. In a notebook and in a
    terminal the line is renewed after each epoch; elsewhere (a file, a test) only its last state is printed. It holds
    no times, so that a stored notebook changes only where the training does.

    Parameters
    ----------
    epochs : int
        The number of epochs asked for; early stopping may end before.

    Raises
    ------
    TypeError, ValueError
        If `epochs` is not an integer of at least 1.

    Taught in: 00_start_here
    """

    def __init__(self, epochs):
        super().__init__()
        self.epochs = _checks.integer(epochs, "epochs", least=1)

    def on_train_begin(self, logs=None):
        self.line = None
        self.notebook_display = None
        self.in_notebook = hasattr(get_ipython(), "kernel")
        self.in_terminal = not self.in_notebook and sys.stdout.isatty()

    def on_epoch_end(self, epoch, logs=None):
        losses = {name.replace("val_", "validation "): value for name, value in (logs or {}).items() if "loss" in name}
        shown = ", ".join(f"{name} {float(value):.3f}" for name, value in losses.items())
        self.line = f"epoch {epoch + 1} of {self.epochs}: {shown}"
        if self.in_notebook:
            self._show_in_notebook()
        elif self.in_terminal:
            print(f"\r{self.line:<79}", end="", flush=True)  # padded, to cover a longer line before it

    def on_train_end(self, logs=None):
        if self.in_terminal:
            print()
        elif not self.in_notebook and self.line is not None:
            print(self.line)

    def _show_in_notebook(self):
        # Renewing a display replaces its text. Carriage returns would be stored, all of them.
        text = {"text/plain": self.line}
        if self.notebook_display is None:
            self.notebook_display = display.display(text, raw=True, display_id=True)
        else:
            self.notebook_display.update(text, raw=True)


class LossCurves(keras.callbacks.Callback):
    """Record the loss on several sets after every epoch, all in inference mode, so that the curves can be compared.

    The loss that `model.fit` reports for the training set is a mean over an epoch in which the weights change, with
    dropout switched on and batch normalisation in training mode; the validation loss is taken after the epoch, with
    dropout off. Their distance mixes overfitting with those differences. Here every set is treated alike.

    Parameters
    ----------
    **sets : name=(inputs, targets)
        At least one, such as `training=(x, y), validation=(x_validation, y_validation)`: what `model.evaluate` takes.

    Attributes
    ----------
    curves : dictionary of lists
        For each name the loss after every epoch. A new training begins new lists.

    Raises
    ------
    ValueError, TypeError
        If there is no set, or a set is no pair of inputs and targets of the same length.

    Taught in: 03_1_2_training_and_optimisation
    """

    def __init__(self, **sets):
        super().__init__()
        if not sets:
            raise ValueError("sets must hold at least one name=(inputs, targets), got none")
        for name, pair in sets.items():
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise TypeError(f"{name} must be a pair (inputs, targets), got {type(pair).__name__}")
            parts = {f"{name} inputs": pair[0], f"{name} targets": pair[1]}
            for part, values in parts.items():
                _checks.array(values, part, finite=False)
            _checks.same_length(**parts)
        self.sets = sets
        self.curves = {name: [] for name in sets}

    def on_train_begin(self, logs=None):
        self.curves = {name: [] for name in self.sets}

    def on_epoch_end(self, epoch, logs=None):
        for name, (inputs, targets) in self.sets.items():
            total = 0.0
            for start in range(0, len(inputs), BATCH):  # much faster on small sets than `model.evaluate`
                x, y = inputs[start : start + BATCH], targets[start : start + BATCH]
                total += len(x) * float(self.model.compute_loss(x, y, self.model(x, training=False), training=False))
            self.curves[name].append(total / len(inputs))
