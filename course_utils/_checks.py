"""The checks of arguments that all modules of the course share: one wording and one kind of error for one fault.

Every function takes a value and the name of its argument, returns the value in a plain form, or raises an error that
names the argument, what was expected, and what came: `TypeError` for a value of the wrong kind, `ValueError` for one
out of range. Importing this module is instant: NumPy is imported only inside the functions that need it.
"""

import difflib
import math
import numbers


def integer(value, name, *, least=None, most=None):
    """Return a whole number as `int`. NumPy's integers are welcome; True and False, 3.0 and "3" are not."""
    if _is_bool(value) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    return _within(int(value), name, least, most)


def number(value, name, *, least=None, most=None, above=None, below=None):
    """Return a finite real number as `float`. `least` and `most` are allowed values, `above` and `below` are not."""
    if _is_bool(value) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    try:
        finite = math.isfinite(value)
    except OverflowError:  # an integer beyond all floating-point numbers
        raise ValueError(f"{name} must be a number that a float can hold, at most 1.8e308") from None
    if not finite:
        raise ValueError(f"{name} must be finite, got {value}")
    return _within(float(value), name, least, most, above, below)


def share(value, name, *, ends_allowed=False):
    """Return a number between 0 and 1, the ends excluded unless they are allowed."""
    value = number(value, name)
    if not (0 <= value <= 1 if ends_allowed else 0 < value < 1):
        raise ValueError(f"{name} must be between 0 and 1{'' if ends_allowed else ', ends excluded'}, got {value!r}")
    return value


def boolean(value, name):
    """Return True or False; NumPy's are welcome, 0 and 1 are not."""
    if not _is_bool(value):
        hint = "; an array becomes one answer by .all() or .any()" if getattr(value, "shape", ()) else ""
        raise TypeError(f"{name} must be True or False, got {_short(value)}{hint}")
    return bool(value)


def text(value, name, expected="a string"):
    """Return a string. `expected` says what it should hold, such as "a string of amino acids"."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be {expected}, got {_short(value)}")
    return value


def choice(value, name, options):
    """Return a value that is one of `options`; where it is a misspelt string, the nearest option is named."""
    options = list(options)
    for option in options if isinstance(value, str | numbers.Number) and not _is_bool(value) else []:
        if value == option:
            return option
    names = {option.lower(): option for option in options if isinstance(option, str)}
    near = difflib.get_close_matches(value.lower(), names, n=1, cutoff=0.5) if isinstance(value, str) else []
    hint = f"; did you mean {names[near[0]]!r}?" if near else ""
    raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}, got {_short(value)}{hint}")


def seed(value, name="seed"):
    """Return a seed for NumPy and Keras: an integer from 0 to 2**32 - 1."""
    value = integer(value, name)
    if not 0 <= value < 2**32:
        raise ValueError(f"{name} must be between 0 and 2**32 - 1, got {value}")
    return value


def generator(value, name="seed"):
    """Return a NumPy generator made from a seed, or the generator itself if one came."""
    import numpy as np

    return value if isinstance(value, np.random.Generator) else np.random.default_rng(seed(value, name))


def not_masked(values, name):
    """Refuse a masked array that hides values."""
    import numpy as np

    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(f"{name} must not be masked, got {np.ma.count_masked(values)} masked value(s): take them out")


def array(values, name, *, axes=None, finite=True, booleans=True):
    """Return an array of real numbers that is not empty, in its own type; `axes` is the number of axes it must have.

    `booleans=False` refuses an array of True and False: where grey values or coordinates belong it is a mistake.
    A masked array is refused: its hidden values would be used as if they were there.
    """
    import numpy as np

    not_masked(values, name)
    try:
        values = np.asarray(values)
    except ValueError:  # rows of different lengths
        raise ValueError(f"{name} must have rows of equal length") from None
    if values.dtype.kind not in ("biuf" if booleans else "iuf"):
        raise TypeError(f"{name} must be an array of numbers, got dtype {values.dtype}")
    if axes is not None and values.ndim != axes:
        count = "one dimension" if axes == 1 else f"{axes} dimensions"
        # The commonest slip of all: what a Keras model predicts is a column.
        is_column = axes == 1 and values.shape[1:] == (1,)
        hint = "; a Keras model predicts one column, take predictions[:, 0]" if is_column else ""
        raise ValueError(f"{name} must have {count}, got shape {values.shape}{hint}")
    if values.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {values.shape}")
    if finite and values.dtype.kind == "f" and not np.isfinite(values).all():
        bad = ~np.isfinite(values)
        where = f", the first in row {np.flatnonzero(bad)[0]}" if values.ndim == 1 else ""
        raise ValueError(f"{name} must be finite, got {np.count_nonzero(bad)} NaN or infinite value(s){where}")
    return values


def numbers_row(values, name):
    """Return a row of finite numbers, one axis, as an array of float64; True and False are none."""
    return array(values, name, axes=1, booleans=False).astype(float)


def listed(values, name):
    """Return a list of whatever can be gone through, such as a tuple or an array."""
    try:
        return list(values)
    except TypeError:
        raise TypeError(f"{name} must be a list or a tuple, got {_short(values)}") from None


def texts(values, name, *, of, none_allowed=False):
    """Return a list of strings that is not empty; `of` says what each stands for. One string alone is a slip."""
    if isinstance(values, str):
        raise TypeError(f"{name} must be a list of strings, got one string: write [{_short(values)}]")
    values = listed(values, name)
    if not values:
        raise ValueError(f"{name} must hold at least one {of}, got an empty list")
    for row, value in enumerate(values):
        if not isinstance(value, str) and not (none_allowed and value is None):
            expected = "strings or None" if none_allowed else "strings"
            raise TypeError(f"{name} must be a list of {expected}, got in row {row}: {_short(value)}")
    return values


def labels(values, name="labels", *, both_classes=False):
    """Return labels 0 and 1 as an array of int64 with one axis."""
    import numpy as np

    values = array(values, name, axes=1)
    wrong = values[(values != 0) & (values != 1)]
    if len(wrong):
        raise ValueError(f"{name} must be 0 or 1, got {wrong[0].item()!r}")
    values = values.astype(np.int64)
    if both_classes and values.min() == values.max():
        raise ValueError(f"{name} must hold both classes, got only {values[0]}")
    return values


def probabilities(values, name="probabilities"):
    """Return numbers between 0 and 1 as an array of float64 with one axis."""
    values = array(values, name, axes=1).astype(float)
    wrong = values[(values < 0) | (values > 1)]
    if len(wrong):
        raise ValueError(f"{name} must be between 0 and 1, got {wrong[0].item()!r}; is this a logit?")
    return values


def same_length(**arguments):
    """Demand that two or more arguments, given by name, have the same length."""
    lengths = [len(value) for value in arguments.values()]
    if len(set(lengths)) > 1:
        names, counts = " and ".join(arguments), " and ".join(map(str, lengths))
        raise ValueError(f"{names} must have the same length, got {counts}")


# ---------------------------------------------------------------------------------------------------------------------


def _is_bool(value):
    # NumPy's bool is asked for by its type's name, so that NumPy need not be imported.
    return isinstance(value, bool) or (type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_"))


def _within(value, name, least=None, most=None, above=None, below=None):
    inside = (
        (least is None or value >= least)
        and (most is None or value <= most)
        and (above is None or value > above)
        and (below is None or value < below)
    )
    if inside:
        return value
    if least is not None and most is not None:
        limits = f"from {least} to {most}"
    else:
        words = (("at least", least), ("above", above), ("at most", most), ("below", below))
        limits = " and ".join(f"{word} {limit}" for word, limit in words if limit is not None)
    raise ValueError(f"{name} must be {limits}, got {value!r}")


def _short(value):
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:79]}…"
