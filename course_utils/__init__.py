"""Helpers of the course *Deep learning in medicine*.

Importing this package is instant and has no side effects. Every notebook begins with two of its functions:

* `setup` makes a run repeatable and quiet;
* `claim` checks a statement of the text each time the notebook runs.

The other helpers live in modules of their own: `from course_utils import datasets, evaluation, exercises`.
"""

import gc
import importlib.util
import json
import locale
import os
import sys
import tempfile
from contextlib import contextmanager, nullcontext

from course_utils import _checks

__all__ = ["ClaimError", "claim", "setup"]

_run = {"chapter": "", "seed": 0, "fast": False}


class ClaimError(AssertionError):
    """A statement of the text does not hold in this run."""


def setup(seed=0, fast=False, chapter=""):
    """Make the notebook repeatable and quiet, and give its figures the course's style.

    Seeds Python, NumPy and Keras; imports TensorFlow without its start-up messages; runs no TensorFlow
    operation, so that devices can still be configured afterwards. Settings of your own for Keras and matplotlib
    (keras.json, matplotlibrc, environment variables) do not reach the course: Keras runs on TensorFlow, in float32,
    and figures appear below their cell.

    Parameters
    ----------
    seed : int from 0 to 2**32 - 1
        The same seed gives the same numbers on the same machine. Other machines differ in the last digits.
    fast : bool
        The fast profile: the notebook is run with small settings to see that it works. Claims that depend on
        training or data are then not checked (see `claim`).
    chapter : str
        The chapter's number, such as "3.1.1". It names the chapter in the log of claims.

    Raises
    ------
    TypeError, ValueError
        If `seed`, `fast` or `chapter` is not as described.
    RuntimeError
        If Keras runs on something else than TensorFlow already, or matplotlib cannot read a settings file that lies
        in the folder of the notebook.

    Taught in: 00_start_here
    """
    seed, fast = _checks.seed(seed), _checks.boolean(fast, "fast")
    chapter = _checks.text(chapter, "chapter", "a string such as '3.1.1'")

    plots, keras = _import_plots(), _import_keras()  # in this order: Keras imports matplotlib too
    keras.utils.set_random_seed(seed)
    plots.use_course_style()
    _run.update(chapter=chapter, seed=seed, fast=fast)


def claim(statement, holds, *, kind="exact", margin=None):
    """Check a statement of the text: print it with a tick, or raise.

    Parameters
    ----------
    statement : str
        The statement, true on every machine and for every seed the course supports. A constant: numbers that
        can drift do not belong in it.
    holds : bool, or a function without arguments that returns one
        Whether the statement holds. A function is called only when the statement is checked.
    kind : "exact" or "quality"
        "exact": mathematics, or equality with a library; checked in every run. "quality": depends on training
        or data; not checked in the fast profile.
    margin : float, or a function without arguments that returns one
        How far the statement is from failing, in its own units. Required for "quality".

    Raises
    ------
    ClaimError
        If the statement does not hold.
    TypeError, ValueError
        If an argument is not as described, or `margin` contradicts `holds`.

    Notes
    -----
    When the environment variable COURSE_CLAIMS_LOG names a file, every claim appends one line of JSON to it:
    chapter, statement, kind, seed, holds, margin. `holds` is null for a claim that was not checked.

    Taught in: 00_start_here
    """
    if not _checks.text(statement, "statement").strip():
        raise ValueError("statement must not be empty")
    kind = _checks.choice(kind, "kind", ("exact", "quality"))
    if kind == "quality" and margin is None:
        raise ValueError("margin is missing: a 'quality' claim says how far it is from failing")

    if kind == "quality" and _run["fast"]:
        _log_claim(statement, kind, None, None)
        print(f"– not checked in the fast profile: {statement}")
        return

    holds = _checks.boolean(holds() if callable(holds) else holds, "holds")
    margin = _as_margin(margin() if callable(margin) else margin)
    if margin is not None and (margin < 0 if holds else margin > 0):
        raise ValueError(f"margin {margin:g} contradicts holds={holds}: it is negative just when the claim fails")
    _log_claim(statement, kind, holds, margin)
    if not holds:
        by = "" if margin is None else f" (missed by {-margin:.3g})"
        raise ClaimError(f"✗ {statement}{by}")
    print(f"✓ {statement}")


def _as_margin(margin):
    if getattr(margin, "shape", None) == ():  # an array or a tensor of one number
        margin = margin.item() if hasattr(margin, "item") else margin.numpy().item()
    return None if margin is None else _checks.number(margin, "margin")


def _import_keras():
    loaded = sys.modules.get("keras")
    if loaded is None:  # what a failed import left behind would be used again
        for name in [name for name in sys.modules if name.startswith("keras.")]:
            del sys.modules[name]
    elif loaded.config.backend() != "tensorflow":
        raise RuntimeError(f"Keras runs on {loaded.config.backend()!r} already: restart the kernel, begin with setup")

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    # The first two make TensorFlow talk all the same; the last ends the process if it names an unknown option.
    for name in ("TF_CPP_MAX_VLOG_LEVEL", "TF_CPP_VMODULE", "TF_XLA_FLAGS"):
        os.environ.pop(name, None)
    settings = {name: None for name in os.environ if name.startswith("KERAS_")}
    settings |= {"KERAS_BACKEND": "tensorflow", "KERAS_HOME": _keras_home(), "TF_USE_LEGACY_KERAS": None}
    once = _garbage_left() if loaded is None else nullcontext()
    with _environment(settings), _native_stderr_silenced(), once:
        import keras
        import tensorflow as tf
    tf.get_logger().setLevel("ERROR")  # its retracing warnings carry memory addresses

    # Keras may have been imported before, with the reader's settings.
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)
    return keras


@contextmanager
def _garbage_left():
    """Collect no garbage meanwhile: an import makes hardly any, and looking for it takes a sixth of the time.

    What the import made stays to the end. Once frozen it is not looked through at each later collection.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


def _keras_home():
    """Return a folder for Keras in which no keras.json of the reader lies."""
    home = os.environ.get("KERAS_HOME") or os.path.expanduser(os.path.join("~", ".keras"))
    if home.startswith("~"):  # a user without a home
        home = tempfile.gettempdir()
    return os.path.join(home, "course")


def _import_plots():
    """Import matplotlib with its own default settings. A matplotlibrc in the current folder comes before all others."""
    (folder,) = importlib.util.find_spec("matplotlib").submodule_search_locations
    defaults = os.path.join(folder, "mpl-data", "matplotlibrc")
    try:
        with _environment({"MPLBACKEND": None, "MATPLOTLIBRC": defaults}):
            from course_utils import plots
    except (ValueError, OSError, locale.Error) as error:
        if not os.path.exists("matplotlibrc"):
            raise
        path = os.path.abspath("matplotlibrc")
        raise RuntimeError(f"matplotlib cannot use the settings in {path} ({error}): rename this file") from None
    return plots


def _log_claim(statement, kind, holds, margin):
    path = os.environ.get("COURSE_CLAIMS_LOG")
    if not path:
        return
    line = {"chapter": _run["chapter"], "statement": statement, "kind": kind, "seed": _run["seed"]}
    line.update(holds=holds, margin=margin)
    with open(path, "a", encoding="utf-8") as log:
        log.write(json.dumps(line, ensure_ascii=False) + "\n")


@contextmanager
def _environment(settings):
    """Set environment variables for a while; None takes one away."""
    before = {name: os.environ.get(name) for name in settings}

    def apply(values):
        for name, value in values.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    apply(settings)
    try:
        yield
    finally:
        apply(before)


@contextmanager
def _native_stderr_silenced():
    """Send file descriptor 2 to nowhere: TensorFlow's C++ code writes there before it reads its log level."""
    sys.stderr.flush()
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)
