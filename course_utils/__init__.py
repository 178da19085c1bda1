"""Helpers of the course *Deep learning in medicine*.

Importing this package is instant and has no side effects. Every notebook begins with two of its functions:

* `setup` makes a run repeatable and quiet;
* `claim` checks a statement of the text each time the notebook runs.

The other helpers live in modules of their own: `from course_utils import datasets, evaluation, exercises`.
"""

import json
import os
import sys
from contextlib import contextmanager

from course_utils import _checks

__all__ = ["ClaimError", "claim", "setup"]

_run = {"chapter": "", "seed": 0, "fast": False}


class ClaimError(AssertionError):
    """A statement of the text does not hold in this run."""


def setup(seed=0, fast=False, chapter=""):
    """Make the notebook repeatable and quiet, and give its figures the course's style.

    Seeds Python, NumPy and Keras; imports TensorFlow without its start-up messages; runs no TensorFlow
    operation, so that devices can still be configured afterwards.

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

    Taught in: 00_start_here
    """
    seed, fast = _checks.seed(seed), _checks.boolean(fast, "fast")
    chapter = _checks.text(chapter, "chapter", "a string such as '3.1.1'")

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _native_stderr_silenced():
        import tensorflow as tf
    tf.get_logger().setLevel("ERROR")  # its retracing warnings carry memory addresses

    import keras

    from course_utils import plots

    keras.utils.set_random_seed(int(seed))
    plots.use_course_style()
    _run.update(chapter=chapter, seed=int(seed), fast=fast)


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


def _log_claim(statement, kind, holds, margin):
    path = os.environ.get("COURSE_CLAIMS_LOG")
    if not path:
        return
    line = {"chapter": _run["chapter"], "statement": statement, "kind": kind, "seed": _run["seed"]}
    line.update(holds=holds, margin=margin)
    with open(path, "a", encoding="utf-8") as log:
        log.write(json.dumps(line, ensure_ascii=False) + "\n")


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
