"""Answers of readers in a plain form: whether they are right, in what they differ, and how they are shown.

Nothing here prints or compares an object of the reader's itself: it is turned into numbers, strings, lists, sets and
dictionaries first, so that no `__eq__` or `__repr__` of theirs runs.
"""

import collections
import math
import numbers
import textwrap
from collections import abc
from dataclasses import dataclass
from decimal import Decimal

MOST_ENTRIES = 200_000  # a longer answer than this is not looked into
MOST_LEVELS = 8  # nor one with more lists in lists; a list can hold itself


@dataclass(frozen=True, eq=False)
class Odd:
    """Something that no exercise asks for: what it is, and what to do about it."""

    what: str
    advice: str = ""


def plain(value, level=0):
    """Return a bool, int, float, str, None, list, frozenset or dict that says the same, or an `Odd`.

    Arrays, tensors, Series, tuples and ranges become lists; a 0-d array, a Fraction and a NumPy scalar become a number.
    """
    try:
        return _plain(value, level) if level <= MOST_LEVELS else Odd("…")
    except Exception:  # such as a tensor without values
        return Odd(f"a value of type {type(value).__name__}")


def _plain(value, level):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, numbers.Integral):
        number = int(value)
        if number.bit_length() < 200:
            return number
        return Odd("a whole number of more than 60 digits", "it is far too large")
    if isinstance(value, numbers.Real | Decimal):
        return float(value)
    if isinstance(value, abc.Mapping):
        return {_hashable(plain(key)): plain(value[key], level + 1) for key in value}
    if isinstance(value, abc.Set):
        return frozenset(_hashable(plain(item)) for item in value)
    if isinstance(value, abc.Iterator):
        return Odd(f"a {type(value).__name__}", "`list(...)` around it gives its values")
    if hasattr(value, "__array__"):
        return _plain_array(value, level)
    if isinstance(value, abc.Sequence | abc.ValuesView | collections.deque) and not isinstance(value, bytes):
        if len(value) > MOST_ENTRIES:
            return Odd(f"a list of {len(value):,} entries", "it is far too long")
        return [plain(item, level + 1) for item in value]
    return Odd(f"a value of type {type(value).__name__}")


def _plain_array(value, level):
    import numpy as np  # here, so that importing the package stays instant

    if np.ma.is_masked(value):
        return Odd("a masked array", "some of its values are masked")
    array = np.asarray(value)
    if array.size > MOST_ENTRIES:
        return Odd(f"an array of shape {array.shape}", "it is far too large")
    if array.dtype.kind in "biufU":
        return array.tolist()
    if array.dtype.kind == "V" and array.dtype.names is None:  # such as bfloat16
        return array.astype(float).tolist()
    items = array.tolist()
    return [plain(item, level + 1) for item in items] if isinstance(items, list) else plain(items, level + 1)


def flags_as_numbers(value):
    """Return a list or table in plain form, with 1 and 0 for True and False; any other answer as it is."""
    said = plain(value)
    return _without_flags(said) if isinstance(said, list) else value


def _without_flags(value):
    if isinstance(value, list):
        return [int(item) if isinstance(item, bool) else _without_flags(item) for item in value]
    return value


def _hashable(item):
    return tuple(map(_hashable, item)) if isinstance(item, list) else item


# --- right or wrong --------------------------------------------------------------------------------------------


def same(answer, right, tolerance):
    """Do two answers say the same? Strings are compared without case and outer spaces, True is no number."""
    return _same(plain(answer), plain(right), tolerance)


def _same(a, b, tolerance):
    if _is_number(b):
        return _is_number(a) and _close(a, b, tolerance)
    if isinstance(b, str):
        return isinstance(a, str) and a.strip().casefold() == b.strip().casefold()
    if isinstance(b, list):
        return (
            isinstance(a, list) and len(a) == len(b) and all(_same(x, y, tolerance) for x, y in zip(a, b, strict=True))
        )
    if isinstance(b, dict):
        return isinstance(a, dict) and a.keys() == b.keys() and all(_same(a[key], b[key], tolerance) for key in b)
    return type(a) is type(b) and a == b  # None, True, False, sets


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def _close(a, b, tolerance):
    if isinstance(b, int):  # a count is right or wrong, however large
        return abs(a - b) <= tolerance
    if math.isnan(b):
        return math.isnan(a)
    return a == b or abs(a - b) <= tolerance + tolerance * abs(b) < math.inf


# --- what is wrong with it, without saying what is right ---------------------------------------------------------


def wrong_form(answer, right):
    """Say in which form an answer differs from the right one (kind, length, shape), or return an empty string."""
    return _wrong_form(plain(answer), plain(right))


def _wrong_form(a, b):
    if isinstance(a, Odd):
        return a.advice or f"{_kind(b)} is asked for"
    if _kind(a) != _kind(b):
        if isinstance(a, list) and len(a) == 1 and _kind(a[0]) == _kind(b):
            return f"{_kind(b)} is asked for, not a list of one: take out what is in it"
        return f"{_kind(b)} is asked for, not {_kind(a)}"
    if _is_number(b) and math.isnan(a) and not math.isnan(b):
        return "NaN comes out where nothing is divided by nothing, or where a value is missing"
    if isinstance(b, dict) and a.keys() != b.keys():
        missing, extra = [key for key in b if key not in a], [key for key in a if key not in b]
        return f"there is no entry {missing[0]!r}" if missing else f"the entry {extra[0]!r} was not asked for"
    if isinstance(b, list):
        if shape(a) != shape(b) and shape(a) and shape(b):
            flat = len(shape(a)) == len(shape(b)) == 1  # a column of two rows has two values, too: its shape says more
            return _wrong_length(a, b, "values") if flat else f"its shape is {shape(a)}, not {shape(b)}"
        if len(a) != len(b):
            return _wrong_length(a, b, "values")
        return next((f"entry [{i}]: {_wrong_form(*ab)}" for i, ab in _pairs(a, b) if _wrong_form(*ab)), "")
    return ""


def wrong_value(answer, right, tolerance):
    """Say where or in which direction an answer of the right form differs, or return an empty string."""
    return _wrong_value(plain(answer), plain(right), tolerance)


def _wrong_value(a, b, tolerance):
    if _is_number(a) and _is_number(b) and not math.isnan(b):
        return "too small" if a < b else "too large"
    if isinstance(a, str) and isinstance(b, str):
        if len(a) != len(b):
            return _wrong_length(a, b, "characters")
        return next((f"character [{i}] is wrong" for i, (x, y) in _pairs(a, b) if x.casefold() != y.casefold()), "")
    if isinstance(a, list) and isinstance(b, list):
        for i, (x, y) in _pairs(a, b):
            if not _same(x, y, tolerance):
                return _said_of(f"entry [{i}]", _wrong_value(x, y, tolerance))
    if isinstance(a, dict) and isinstance(b, dict):
        for key in b:
            if not _same(a[key], b[key], tolerance):
                return _said_of(f"the entry {key!r}", _wrong_value(a[key], b[key], tolerance))
    if isinstance(a, frozenset) and isinstance(b, frozenset):
        return "something is missing" if b - a else "something does not belong to it"
    return ""


def _said_of(entry, wrong):
    """Join the name of an entry and what is wrong with it: "entry [0][1] is too small"."""
    if wrong in ("", "too small", "too large"):
        return f"{entry} is {wrong or 'wrong'}"
    if wrong.startswith("entry ["):
        return entry + wrong.removeprefix("entry ")
    return f"{entry}: {wrong}"


def _pairs(a, b):
    return enumerate(zip(a, b, strict=False))


def _kind(value):
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "True or False"
    names = {int: "a number", float: "a number", str: "a string", list: "a list", frozenset: "a set"}
    return names.get(type(value), "a dictionary")


def _wrong_length(a, b, unit):
    return f"it has {len(a)} {unit if len(a) != 1 else unit.removesuffix('s')}, not {len(b)}"


def shape(items):
    """Return the shape of a nested list, or None where its rows differ in length."""
    if not isinstance(items, list):
        return ()
    shapes = {shape(item) for item in items}
    if len(shapes) > 1 or None in shapes:
        return None
    return (len(items), *(shapes.pop() if shapes else ()))


# --- shown in a message ----------------------------------------------------------------------------------------


def show(value, width=100):
    """Return a short text for a value in a message: `6` and not `np.int64(6)`, the shape of what is large."""
    if callable(value) and not hasattr(value, "__array__"):
        return name_of(value)
    value = plain(value)
    return value.what if isinstance(value, Odd) else shorten(_text(value), width)


def _text(value):
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.6g}" if abs(value) < 1e5 else f"{value:.12g}"
    if isinstance(value, str) and len(value) > 60:
        return f"{value[:50]!r}… ({len(value):,} characters)"
    if isinstance(value, Odd):
        return value.what
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(_text, value)))}}}" if value else "an empty set"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_text(item)}' for key, item in value.items())}}}"
    if isinstance(value, tuple):  # in a set, or a key
        return f"({', '.join(map(_text, value))})"
    if isinstance(value, list):
        sizes = shape(value)
        if sizes and len(sizes) > 1 and math.prod(sizes) > 12:
            return f"an array of shape {sizes}"
        if len(value) > 12:
            return f"[{', '.join(map(_text, value[:3]))}, …] ({len(value):,} entries)"
        return f"[{', '.join(map(_text, value))}]"
    return repr(value)


def shorten(text, width):
    """Return a text on one line, cut between two words where it is longer than `width`."""
    text = " ".join(text.split())
    if len(text) <= width:
        return text
    short = textwrap.shorten(text, width, placeholder=" …")
    return short if len(short) > 2 else text[: width - 1] + "…"  # one endless word


def name_of(function):
    """Return the name of a function for a message."""
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) and name.isidentifier() else "your function"
