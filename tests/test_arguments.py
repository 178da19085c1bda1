"""Every public function of these modules answers bad arguments alike: functions and arguments are found by inspection.

An argument's kind is read from its docstring, or from its default value. What the functions need beside it stands in
`GOOD`, by the name of the argument.
"""

import dataclasses
import importlib
import inspect
import re

import numpy as np
import pytest

import course_utils
from course_utils import fusion, images

MODULES = (
    "",
    "brain_lesions",
    "convolution",
    "efficiency",
    "explain",
    "fusion",
    "generative",
    "imbalance",
    "images",
    "molecules",
    "plots",
    "privacy",
    "proteins",
    "survival",
)
MODULES += ("training",)


class Model:
    """What a function needs to see of a Keras model."""

    output_shape = (None, 1)

    def predict(self, images, **options):
        return np.full((len(images), 1), 0.5)

    def __call__(self, codes, training):
        return np.zeros((*codes.shape, 3))

    def compile(self, *arguments):
        pass

    def fit(self, *arguments, **options):
        pass


def first_column(rows):
    """A critic without weights."""
    return rows[:, :1]


def row_sums(rows):
    """A model of a table without weights."""
    return rows.sum(axis=1)


def tiny_network():
    """The smallest network that can be trained."""
    import keras

    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])


def nothing(rank, n_hosts):
    """What a host does that has nothing to do."""
    return {"rank": rank}


NUMBERS = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype("float32")
POINTS = np.random.default_rng(1).normal(size=(6, 3))
DISTANCES = np.linalg.norm(POINTS[:, None] - POINTS, axis=-1)
STATES = np.array([0, 1, 2, 2, 1, 0])
PAIRS = fusion.simulate_pairs(3, size=8)
GOOD = {
    "images": NUMBERS,
    "baseline": NUMBERS[::-1],
    "maps": DISTANCES[np.newaxis],
    "masks": DISTANCES[np.newaxis] < 1,
    "background": POINTS[::-1],
    "predict": row_sums,
    "image": NUMBERS[0],
    "kernel": NUMBERS[:3, :3, :1, :],
    "values": NUMBERS,
    "bias": np.zeros(1),
    "blocks": [("dense", 8)],
    "labels": np.array([0, 1, 0, 1]),
    "true": STATES,
    "predicted": STATES[::-1],
    "mask": STATES < 2,
    "coordinates": POINTS,
    "moving": POINTS,
    "fixed": POINTS[::-1],
    "distances": DISTANCES,
    "contacts": DISTANCES < 1,
    "scores": DISTANCES,
    "template": np.full((6, 6, 4), 0.9),
    "white_matter": np.full((6, 6, 4), 0.9),
    "weights": np.array([1.0, 2.0, 3.0]),
    "chains": [np.array([1.0, 2.0]), np.array([3.0])],
    "smiles": ["CCO", "Cc1ccccc1", "CC1CC1"],
    "a": np.array([[0, 1, 1], [1, 0, 0]]),
    "b": np.array([[1, 1, 0]]),
    "atoms": np.array([[1, 3, 0]]),
    "bonds": np.array([[[0, 1, 0], [1, 0, 0], [0, 0, 0]]]),
    "bits": 64,
    "max_atoms": 8,
    "max_heavy_atoms": 8,
    "first": POINTS,
    "second": POINTS[:4],
    "generated": POINTS,
    "reference": POINTS[:4],
    "fingerprints": np.array([[0, 1, 1], [1, 0, 0]]),
    "training": ["CCO", "CC"],
    "time": np.array([4.0, 2.0, 9.0, 4.0, 6.0, 9.0]),
    "event": np.array([1, 1, 1, 0, 0, 0]),
    "risk": np.array([3.0, 5.0, 1.0, 2.0, 4.0, 0.5]),
    "survival": np.full((6, 2), 0.5),
    "features": np.array([[0.0], [1.0], [2.0], [4.0]]),
    "probabilities": np.array([0.1, 0.8, 0.3, 0.6]),
    "outputs": np.array([0.1, 0.8, 0.3]),
    "n_neighbours": 1,
    "prevalence": 0.5,
    "threshold": 0.5,
    "cost_miss": 9.0,
    "cost_alarm": 1.0,
    "horizons": np.array([3.0, 7.0]),
    "horizon": 5.0,
    "edges": np.array([0.0, 3.0, 9.0]),
    "group": ["a", "b", "a", "b", "a", "b"],
    "y_true": np.array([[0, 1], [1, -1]]),
    "y_pred": np.zeros((2, 2)),
    "n": 3,
    "sequence": "MKV",
    "sequences": ["MKV", "MK"],
    "input_shape": (8, 8, 1),
    "model": Model(),
    "kind": "cnn",
    "layers": [(3, 1), (2, 2)],
    "history": {"loss": [0.5, 0.4]},
    "chapter": "9.9",
    "statement": "one is less than two",
    "holds": True,
    "margin": 0.5,
    "size": 2,
    "kernel_size": 3,
    "centre": 40,
    "width": 12,
    "epochs": 2,
    "length": 2,
    "top": 2,
    "stride": 1,
    "slices_per_patient": 2,
    "n_patients": 4,
    "batch_size": 2,
    "separation": 2,
    "epsilon": 1.0,
    "delta": 0.01,
    "noise_multiplier": 1.0,
    "sampling_rate": 0.5,
    "steps": 2,
    "clip_norm": 1.0,
    "learning_rate": 0.1,
    "expected_size": 2.0,
    "accountant": "rdp",
    "gradients": POINTS,
    "rows": [("a", 1), ("a", 1), ("b", 2)],
    "sensitive": ["x", "y", "x"],
    "orders": np.array([2, 3]),
    "divergences": np.array([0.1, 0.2]),
    "n_sites": 2,
    "sizes": [1, 3],
    "call": dict,
    "low": -1.0,
    "high": 1.0,
    "q": np.array([[1, -2, 3], [3, 0, 5]]),
    "scale": 0.5,
    "share": 0.5,
    "repeats": 5,
    "function": nothing,
    "n_hosts": 1,
    "sensitivity": 0.9,
    "specificity": 0.8,
    "prior": 0.5,
    "modalities": [NUMBERS, POINTS[:4]],
    "pairs": PAIRS,
}
# Where one function needs something else under the same name.
SPECIAL = {
    "output_size": {"size": 8},
    "simulate_brain_lesions": {"size": 32},
    "smote": {"n_new": 3},
    "simulate_calcifications": {"n_images": 4},
    "simulate_pairs": {"size": 8},
    "late_fusion": {"probabilities": [np.array([0.1, 0.8]), np.array([0.3, 0.6])]},
    "number_grid": {"values": DISTANCES, "window": (0, 0, 1, 3), "weights": np.array([[1.0, 2.0, 3.0]])},
    "network_units": {"layers": [[1, 2], [3]], "weights": [[[1], [2]]]},
    "train_secondary_structure": {"labels": [np.array([0, 1, 2]), np.array([0, 1])]},
    "claim": {"kind": "quality"},
    "canonical": {"smiles": "OCC"},
    "critic_loss": {
        "critic": first_column,
        "real": POINTS.astype("float32"),
        "fake": POINTS[::-1].astype("float32"),
        "mix": np.full((6, 1), 0.5, dtype="float32"),
    },
    "graph_gan": {"places": 3, "elements": 2},
    "graph_rows": {"elements": 3},
    "draw_molecules": {"labels": ["ethanol", "toluene", "methylcyclopropane"]},
    "calibration_at": {"predicted": np.full(6, 0.5)},
    "laplace_mechanism": {"value": np.array([1.0, 2.0])},
    "federated_average": {"weights": [[np.zeros(2)], [np.ones(2)]]},
    "poisson_batch": {"n": 20, "capacity": 20},
    "dp_sgd": {"model": tiny_network(), "features": POINTS, "labels": np.array([0, 1, 0, 1, 1, 0])},
    "dp_sgd_step": {"model": tiny_network(), "loss": first_column},
    "concordance_interval": {"n_resamples": 3, "risk_b": np.array([1.0, 2.0, 0.5, 4.0, 3.0, 0.0])},
    "measure_molecules": {"generated": ["CCO", None]},
    "magnitude_masks": {"weights": [POINTS, POINTS[0]]},
    "to_litert": {"precision": "int8", "samples": NUMBERS},
    "shapley_values": {"features": POINTS},
    "kernel_shap": {"features": POINTS, "n_coalitions": 6, "seed": 0},
    "scaffold_split": {"shares": (0.4, 0.6), "seed": 3},
}
# They take no numbers.
NOT_CALLED = {
    "LiteRTModel",
    "LossCurves",
    "arrow",
    "course_map",
    "decision_curve_plot",
    "interval_plot",
    "reliability_diagram",
    "use_course_style",
}

BAD = {
    "int": ["a", "3", 2.5, 3.0, True, np.False_, np.nan, -1, [3], np.array([1, 2]), 1j, None],
    "float": ["a", "0.5", True, np.True_, np.nan, -np.inf, [0.5], np.array([0.5, 0.5]), 1j, None],
    "bool": [0, 1, "True", 1.0, [True], np.array([True, False]), None],
    "number": ["a", [0.5, 0.5], 1j, None],  # of any kind
}
MAY_BE_NEGATIVE = {"centre", "high", "low", "margin"}


def functions():
    found = {}
    for module_name in MODULES:
        module = importlib.import_module(f"course_utils.{module_name}".rstrip("."))
        for name in module.__all__:
            thing = getattr(module, name)
            is_error = inspect.isclass(thing) and issubclass(thing, Exception)
            if callable(thing) and not dataclasses.is_dataclass(thing) and not is_error and name not in NOT_CALLED:
                found[name] = thing
    return found


FUNCTIONS = functions()


def kinds(function):
    """Return {argument: "int", "float", "bool", "number", "array", "list of arrays" or ""} of a function."""
    text = inspect.getdoc(function) or ""
    said = {}
    for names, kind in re.findall(r"^(\w[\w, ]*) : ?(.*)$", text, flags=re.MULTILINE):
        said |= dict.fromkeys(names.split(", "), kind)
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        words = said.get(name) or type(parameter.default).__name__
        known = re.match(r"list of arrays|arrays?\b|int\b|float\b|bool\b|number\b", words)
        found[name] = known[0].replace("arrays", "array").replace("of array", "of arrays") if known else ""
    return found


def call(name, **changes):
    function = FUNCTIONS[name]
    arguments = {}
    for parameter in inspect.signature(function).parameters.values():
        good = GOOD | SPECIAL.get(name, {})
        if parameter.name in good:
            arguments[parameter.name] = good[parameter.name]
        elif parameter.kind is not parameter.VAR_KEYWORD and parameter.default is parameter.empty:
            pytest.fail(f"{name} needs a good value of {parameter.name} in GOOD")
    if name in ("grad_cam", "layer_costs", "to_litert", "saliency", "integrated_gradients", "occlusion"):
        arguments["model"] = images.small_cnn((8, 8, 1), width=2)
    return function(**arguments | changes)


def arguments_of(*wanted):
    return [
        (name, argument) for name in FUNCTIONS for argument, kind in kinds(FUNCTIONS[name]).items() if kind in wanted
    ]


@pytest.fixture(autouse=True)
def no_training_and_no_traces(monkeypatch):
    import keras
    import matplotlib.pyplot as plt

    monkeypatch.setattr(course_utils, "_run", {"chapter": "", "seed": 0, "fast": False})
    monkeypatch.setattr(keras.Model, "fit", lambda self, *arguments, **options: None)
    yield
    plt.close("all")


def test_the_functions_are_found_and_their_arguments_understood():
    assert {"conv2d", "train_small_cnn", "OneLineProgress", "image_grid", "pad", "setup"} < set(FUNCTIONS)
    assert kinds(FUNCTIONS["train_small_cnn"]) == {
        "images": "array",
        "labels": "array",
        "seed": "int",
        "epochs": "int",
        "batch_size": "int",
        "max_shift": "int",
        "flip": "bool",
        "balanced": "bool",
        "label_smoothing": "float",
        "validation_data": "",
        "callbacks": "",
        "width": "int",
    }
    assert len(arguments_of("int")) > 40 and len(arguments_of("float", "number")) > 8 and len(arguments_of("bool")) > 6


@pytest.mark.parametrize("name", FUNCTIONS)
def test_good_arguments_are_accepted(name):
    call(name)


@pytest.mark.parametrize(("name", "argument"), arguments_of("int", "float", "bool", "number"))
def test_a_bad_number_is_one_error_that_names_the_argument(name, argument):
    kind = kinds(FUNCTIONS[name])[argument]
    default = inspect.signature(FUNCTIONS[name]).parameters[argument].default
    bad = [value for value in BAD[kind] if not (value is None and default is None)]
    if kind == "float" and argument not in MAY_BE_NEGATIVE:
        bad.append(-1)
    for value in bad:
        with pytest.raises((TypeError, ValueError)) as caught:
            call(name, **{argument: value})
        assert re.search(rf"\b{argument}\b", str(caught.value)), (value, caught.value)


@pytest.mark.parametrize(("name", "argument"), arguments_of("int"))
def test_whole_numbers_of_numpy_are_accepted(name, argument):
    default = inspect.signature(FUNCTIONS[name]).parameters[argument].default
    good = (GOOD | SPECIAL.get(name, {})).get(argument, default)
    for type_of_number in (np.int64, np.uint8):
        call(name, **{argument: type_of_number(good)})


@pytest.mark.parametrize(("name", "argument"), arguments_of("array", "list of arrays"))
def test_an_array_with_hidden_or_no_numbers_is_refused(name, argument):
    good = (GOOD | SPECIAL.get(name, {}))[argument]
    is_list = kinds(FUNCTIONS[name])[argument] == "list of arrays" or isinstance(good, list)
    first = np.asarray(good[0] if is_list else good)
    hidden = np.ma.array(first, mask=np.arange(first.size).reshape(first.shape) == 0)
    for bad, message in ((hidden, "masked"), (first.astype(str), None), (first + 1j, None), (first[:0], None)):
        with pytest.raises((TypeError, ValueError), match=message) as caught:
            call(name, **{argument: [bad, *good[1:]] if is_list else bad})
        assert re.search(rf"\b{argument}\b", str(caught.value)), (bad, caught.value)
