"""The contract that every loader keeps. The loaders are found by asking the catalogue; nothing here names one.

What a loader needs for this stands beside its own tests, in the module test_<field>.py, and only where it is needed:

    STAND_INS   {data set: function that makes {path: content} in the form of its benchmark files}
    REFUSALS    [(data set, change, what the error says)]: a case for every `raise` in the module of the field
"""

import ast
import dataclasses
import importlib
import importlib.util
import inspect
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from course_utils import datasets

from .helpers import REAL_MIRROR, as_bytes, make_mirror, parts, use_copy_of_data

ENTRIES = {entry.name: entry for entry in datasets.catalogue()}
FROZEN = [entry.name for entry in ENTRIES.values() if entry.tier == "embedded" and entry.files[0].path]
BENCHMARK = [entry.name for entry in ENTRIES.values() if entry.tier == "benchmark"]


def module_of_tests(field):
    """Return the module test_<field>, or nothing: a field whose sets need no more than this contract."""
    name = f"{__package__}.test_{field}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


TEST_MODULES = {field: module_of_tests(field) for field in datasets.FIELDS}
STAND_INS = {}
for module in TEST_MODULES.values():
    STAND_INS |= getattr(module, "STAND_INS", {})


def contents_of(name):
    """Return {path: content} of a benchmark set: a stand-in, or the real files, or skip the test."""
    if name in STAND_INS:
        return STAND_INS[name]()
    paths = {file.path: Path(REAL_MIRROR or "") / file.path for file in ENTRIES[name].files}
    if not REAL_MIRROR or not all(path.is_file() for path in paths.values()):
        pytest.skip(f"the files of {name} are not in COURSE_DATA_DIR, and there is no stand-in")
    return {path: place.read_bytes() for path, place in paths.items()}


def load(name):
    return getattr(datasets, f"load_{name}")()


def field_of(name):
    """Return the module in which the loader of a data set stands: "images"."""
    return getattr(datasets, f"load_{name}").__module__.rpartition(".")[2]


@pytest.fixture(scope="module")
def loaded():
    """What was loaded before in this module, so that a slow simulation runs once."""
    return {}


def test_every_entry_has_a_loader_and_every_loader_an_entry():
    assert {name.removeprefix("load_") for name in datasets.__all__ if name.startswith("load_")} == set(ENTRIES)


# --- what a loader returns


@pytest.fixture(params=ENTRIES)
def entry(request, monkeypatch, mirror_of):
    """Each data set in turn, ready to be loaded without a network: one that is embedded needs nothing at all."""
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setattr(socket, "socket", lambda *_, **__: pytest.fail("a connection was attempted"))
    if request.param in BENCHMARK:
        mirror_of(contents_of(request.param))
    return ENTRIES[request.param]


def test_a_loader_credits_its_entry_and_nothing_it_returns_can_be_changed(entry, loaded):
    data = loaded[entry.name] = load(entry.name)
    assert (data.name, data.licence, data.citation) == (entry.name, entry.licence, entry.citation)
    for name, part in parts(data):
        if dataclasses.is_dataclass(part):
            with pytest.raises(dataclasses.FrozenInstanceError):
                part.name = "other"
        elif isinstance(part, np.ndarray):
            assert not part.flags.writeable and not part.dtype.hasobject, name
        else:
            assert part is None or isinstance(part, str | int | float | tuple | Path), f"{name} is a {type(part)}"


def test_loading_twice_gives_the_same(entry, loaded):
    first = loaded.get(entry.name) or load(entry.name)
    for (name, one), (_, other) in zip(parts(first), parts(load(entry.name)), strict=True):
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other, err_msg=name)
            assert one.dtype == other.dtype
        elif not dataclasses.is_dataclass(one) and not isinstance(one, tuple):
            assert one == other, name


# --- a file that is another


def changed_number(arrays):
    name = max(arrays, key=lambda name: arrays[name].size)  # a character of a text, or a bit of a number
    array = arrays[name].copy()
    array.view(np.uint8).reshape(-1)[0] ^= 1
    return arrays | {name: array}


def other_shape(arrays):
    return {name: array[:-1] for name, array in arrays.items()}


def other_names(arrays):
    return {f"{name}_2": array for name, array in arrays.items()}


@pytest.mark.parametrize("change", [changed_number, other_shape, other_names])
@pytest.mark.parametrize("name", FROZEN)
def test_a_frozen_file_with_other_contents_is_refused(name, change, monkeypatch, tmp_path):
    path = use_copy_of_data(tmp_path, monkeypatch, ENTRIES[name].files[0].path)
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **arrays)
    load(name)  # stored in another way, but the same
    np.savez(path, **change(arrays))
    with pytest.raises(datasets.DatasetCorrupt) as error:
        load(name)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("name", FROZEN)
def test_a_damaged_frozen_file_is_refused(name, monkeypatch, tmp_path):
    path = use_copy_of_data(tmp_path, monkeypatch, ENTRIES[name].files[0].path)
    sound = path.read_bytes()
    middle = len(sound) // 2
    flipped = sound[:middle] + bytes([sound[middle] ^ 1]) + sound[middle + 1 :]
    for damaged in (flipped, sound[:middle], b"", b"<html>", b"version https://git-lfs.github.com/spec/v1\n"):
        path.write_bytes(damaged)
        with pytest.raises(datasets.DatasetCorrupt) as error:
            load(name)
        assert str(path) in str(error.value)


@pytest.mark.parametrize("name", BENCHMARK)
def test_a_damaged_benchmark_file_is_refused(name, mirror_of):
    contents = contents_of(name)
    for number, (path, content) in enumerate(contents.items()):
        folder = mirror_of(contents)
        damaged = bytearray(as_bytes(content))
        damaged[len(damaged) // 2] ^= 1
        (folder / path).write_bytes(damaged)
        assert datasets.status(name) == "damaged"
        for use in (lambda: load(name), lambda number=number: datasets.fetch(name, number)):
            with pytest.raises(datasets.DatasetCorrupt, match="is damaged or was replaced") as error:
                use()
            assert str(folder / path) in str(error.value)


@pytest.mark.parametrize("name", BENCHMARK)
def test_another_file_in_the_place_of_a_benchmark_file_is_refused(name, mirror_of):
    contents = contents_of(name)
    for path in contents:
        for other in (b"another file\n", b"", "étranger\n".encode("utf-16")):  # SHA256SUMS vouches for it
            folder = mirror_of(contents | {path: other})
            with pytest.raises(datasets.DatasetCorrupt) as error:
                load(name)
            assert str(folder / path) in str(error.value)


@pytest.mark.parametrize("name", BENCHMARK)
def test_a_benchmark_set_that_cannot_be_had_says_what_to_do(name, monkeypatch, cache, tmp_path):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    entry, file = ENTRIES[name], ENTRIES[name].files[0]
    assert datasets.status(name) == "not here"
    with pytest.raises(datasets.DatasetUnavailable) as error:
        load(name)
    message = str(error.value)
    for fact in (
        f"The data set {name!r} is not on this computer",
        f"COURSE_DATA_DIR: there is no {tmp_path / file.path}",
        f"the cache: there is no {cache / file.path}",
        f"{file.address}: not tried, because COURSE_OFFLINE is set",
        f"save it as {cache / file.path}",
        "SHA256SUMS",
    ):
        assert fact in message
    if entry.instead:
        assert f"Instead, load_{entry.instead}() needs no download." in message
        assert ENTRIES[entry.instead].tier == "embedded"


# --- every refusal of a loader


def refuse(name, change, message, monkeypatch, folder):
    """Bring a case about and return the error that the loader answered with."""
    if isinstance(change, dict):
        with pytest.raises((TypeError, ValueError), match=message) as error:
            getattr(datasets, name)(**change)
        return error.value
    if name in BENCHMARK:
        contents = contents_of(name)
        path, content = next(iter(contents.items()))
        changed = change(content)
        make_mirror(folder, contents | ({} if changed is None else {path: changed}))
        monkeypatch.setenv("COURSE_DATA_DIR", str(folder))
    else:
        change(monkeypatch, folder)
    with pytest.raises(datasets.DatasetCorrupt, match=message) as error:
        load(name)
    return error.value


def raises_of(module):
    """Return first and last line of each `raise` in a module."""
    tree = ast.parse(inspect.getsource(module))
    return {(node.lineno, node.end_lineno) for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc}


def raised_at(error, module):
    """Return the line of a module where an error left it, or was raised in it."""
    lines, traceback = [0], error.__traceback__
    while traceback:
        if traceback.tb_frame.f_code.co_filename == module.__file__:
            lines.append(traceback.tb_lineno)
        traceback = traceback.tb_next
    return lines[-1]


def refusal_faults(module, refusals, monkeypatch, folder):
    """Return what is wrong with the cases of a module: one that is not answered, a `raise` that none reaches."""
    faults, reached = [], set()
    for number, (name, change, message) in enumerate(refusals):
        (folder / str(number)).mkdir()
        with monkeypatch.context() as patch:
            try:
                reached.add(raised_at(refuse(name, change, message, patch, folder / str(number)), module))
            except (Exception, pytest.fail.Exception) as error:
                faults.append(f"{name}, {message!r}: {error}")
    for first, last in sorted(raises_of(module)):
        if not reached & set(range(first, last + 1)):
            faults.append(f"{Path(module.__file__).name}, line {first}: no case of REFUSALS brings this error about")
    return faults


@pytest.mark.parametrize("field", datasets.FIELDS)
def test_every_refusal_has_been_seen(field, monkeypatch, tmp_path):
    module = sys.modules[f"course_utils.datasets.{field}"]
    refusals = getattr(TEST_MODULES[field], "REFUSALS", [])
    assert refusal_faults(module, refusals, monkeypatch, tmp_path) == []


def test_a_refusal_without_a_case_and_a_case_without_a_refusal_are_noticed(monkeypatch, tmp_path):
    module = sys.modules["course_utils.datasets.sequences"]
    *others, last = TEST_MODULES["sequences"].REFUSALS
    (fault,) = refusal_faults(module, others, monkeypatch, tmp_path)
    assert "sequences.py, line " in fault and "no case of REFUSALS brings this error about" in fault
    (tmp_path / "again").mkdir()
    name, _, message = last
    harmless = (name, lambda text: text, message)
    assert len(refusal_faults(module, [*others, harmless], monkeypatch, tmp_path / "again")) == 2


@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if not entry.files[0].path])
def test_a_set_inside_a_package_has_a_case_for_another_package(name):
    """What is computed here has arguments instead, and a test of its own for the checksum."""
    if not inspect.signature(getattr(datasets, f"load_{name}")).parameters:
        assert any(name == case[0] for module in TEST_MODULES.values() for case in getattr(module, "REFUSALS", []))


# --- options

FUNCTIONS = [getattr(datasets, name) for name in datasets.__all__ if name.startswith(("load_", "split_"))]
OPTIONS = [(function, name) for function in FUNCTIONS for name in inspect.signature(function).parameters]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_an_unknown_option_is_answered_with_its_name(function):
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        function(colour="red")


@pytest.mark.parametrize("value", ["240", 2.5, None, [1], np.float64(4), -1, -1000], ids=repr)
@pytest.mark.parametrize(("function", "option"), OPTIONS, ids=lambda x: getattr(x, "__name__", x))
def test_a_wrong_option_is_one_clear_error(function, option, value):
    with pytest.raises((TypeError, ValueError), match=rf"^{option} must be .*, got "):
        function(**{option: value})


# --- every trap of the catalogue

TRAPS = [(entry.name, number) for entry in ENTRIES.values() for number in range(len(entry.traps))]


def is_shown(expression, data):
    """Compute the expression of a trap. What it is allowed to use is explained at the head of catalogue.toml."""
    code = compile(f"({expression}\n)", "catalogue.toml", "eval")
    return eval(code, {"data": data, "np": np, "auc": roc_auc_score})


@pytest.mark.parametrize(("name", "number"), TRAPS)
def test_a_trap_is_as_the_catalogue_says(name, number, load_real, loaded):
    trap = ENTRIES[name].traps[number]
    if trap.shown_by:
        names = {node.id for node in ast.walk(ast.parse(f"({trap.shown_by}\n)")) if isinstance(node, ast.Name)}
        assert "data" in names, "the expression says nothing about the data"
        data = load_real(name) if name in BENCHMARK else loaded.get(name) or load(name)
        shown = is_shown(trap.shown_by, data)
        assert isinstance(shown, bool | np.bool_) and shown, trap.text
    elif trap.tested_by:
        assert hasattr(TEST_MODULES[field_of(name)], trap.tested_by), f"there is no test {trap.tested_by}"


def test_an_expression_may_have_several_lines_and_a_wrong_one_is_noticed():
    assert is_shown("data.sum()\n == 6 and np.sqrt(4) == 2", np.arange(4))
    assert not is_shown("data.sum() == 7", np.arange(4))
    assert is_shown("auc([0, 1], data) == 1", [0.2, 0.3])


def test_a_test_that_the_catalogue_names_loads_that_data_set():
    for entry in ENTRIES.values():
        for trap in entry.traps:
            if trap.tested_by:
                source = inspect.getsource(getattr(TEST_MODULES[field_of(entry.name)], trap.tested_by))
                asked = (f"load_{entry.name}(", f'load_real("{entry.name}")', f'load_from("{entry.name}"')
                assert any(call in source for call in asked), f"{trap.tested_by} does not load {entry.name}"
