"""Checks behind the exercises of chapter 00, Start here."""

import functools
import re
from fractions import Fraction

import numpy as np

from course_utils.exercises import Exercise, Misconception, Right
from course_utils.exercises._answers import shorten, show


def _sensitivity(labels, predictions):
    return np.mean(predictions[labels == 1])


def _sensitivity_by_counting(labels, predictions):
    malignant = found = 0
    for label, prediction in zip(labels, predictions, strict=True):
        if label == 1:
            malignant += 1
            found += prediction
    return found / malignant


def _sensitivity_by_product(labels, predictions):
    return (labels * predictions).sum() / labels.sum()


_LABELS = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
_PREDICTIONS = np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0])

# --- 00-b: a network of the reader's own ------------------------------------------------------------------------------


def _network(widths, cut="relu", last="sigmoid", inputs=30, outputs=1):
    """Return the function that builds such a network, as a reader writes it."""

    def build():
        import keras

        cuts = cut if isinstance(cut, list) else [cut] * len(widths)
        hidden = [keras.layers.Dense(width, activation=name) for width, name in zip(widths, cuts, strict=True)]
        return keras.Sequential([keras.Input((inputs,)), *hidden, keras.layers.Dense(outputs, activation=last)])

    return build


_five_and_five = _network([5, 5])
_tanh_four_and_eight = _network([4, 8], cut="tanh")
_sixteen_and_sixteen = _network([16, 16])
_one_hidden_layer = _network([6])
_no_cut = _network([5, 5], cut=None)
_no_first_cut = _network([5, 5], cut=[None, "relu"])
_no_second_cut = _network([5, 5], cut=["relu", None])
_no_sigmoid = _network([5, 5], last=None)
_cut_output = _network([5, 5], last="relu")
_softmax = _network([5, 5], last="softmax")
_three_inputs = _network([5, 5], inputs=3)
_two_outputs = _network([4, 4], outputs=2)


def _functional():
    import keras

    inputs = keras.Input((30,))
    hidden = keras.layers.Dense(5, "relu")(inputs)
    hidden = keras.layers.Dense(3, "relu")(hidden)
    return keras.Model(inputs, keras.layers.Dense(1, "sigmoid")(hidden))


def _added_one_by_one():
    import keras

    network = keras.Sequential()
    network.add(keras.layers.Input(shape=(30,)))
    for width in (4, 4):
        network.add(keras.layers.Dense(width))
        network.add(keras.layers.ReLU())
    network.add(keras.layers.Dense(1))
    network.add(keras.layers.Activation("sigmoid"))
    return network


def _one_weak_unit():
    """A network whose only second unit is below zero for everyone."""
    network = _network([5, 1])()
    network.layers[1].set_weights([-np.ones((5, 1)), np.array([-1.0])])
    return network


def _list_of_layers():
    return [layer for layer in _five_and_five().layers]


def _no_comma():
    import keras

    return keras.Sequential([keras.Input(30), keras.layers.Dense(5, "relu"), keras.layers.Dense(1, "sigmoid")])


def _no_list():
    import keras

    dense = keras.layers.Dense
    return keras.Sequential(keras.Input((30,)), dense(5, "relu"), dense(5, "relu"), dense(1, "sigmoid"))


def _nothing_comes_back():
    _five_and_five()


@functools.cache
def _halves():
    """Return the training set of the chapter in two halves: (measurements, labels) to train on and to judge on.

    The measurements are standardised by the first half. Label 1 is malignant, as in the course.
    """
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    features, benign = load_breast_cancer(return_X_y=True)
    labels = 1 - benign
    train, _ = train_test_split(np.arange(len(labels)), test_size=0.3, stratify=labels, random_state=0)
    learn, judge = train_test_split(train, test_size=0.5, stratify=labels[train], random_state=0)
    scaled = StandardScaler().fit(features[learn]).transform(features).astype("float32")
    return (scaled[learn], labels[learn]), (scaled[judge], labels[judge])


def _falls_short(build):
    """Say what the network that `build()` returns lacks: first its form, then what it has learnt; or its lead."""
    import keras

    if isinstance(build, keras.Model):
        return "This is a network. The check asks for the function that builds it: hand over `build` without brackets."
    if not callable(build):
        return f"A function `build` is asked for, not {show(build)}."
    keras.utils.set_random_seed(0)
    try:
        network = build()
    except (TypeError, ValueError) as error:
        slip = next((advice for words, advice in _SLIPS.items() if words in str(error)), None)
        if slip is None:
            raise
        return slip
    return _form(network) or _skill(network)


_SLIPS = {  # what Keras says where a bracket or a comma is missing, and what that means
    "to a shape": "The shape that goes into `Input` is a pair of brackets with one number and a comma, as in `(2,)`.",
    "positional argument": "`keras.Sequential` takes one list: square brackets stand round all the layers.",
}


def _form(network):
    import keras

    if network is None:
        return "Nothing comes back from your function: does it end with `return`?"
    if isinstance(network, list | tuple):
        return "This is a list. Put the layers into `keras.Sequential(...)`."
    if not isinstance(network, keras.Model):
        return f"A Keras network is asked for, not {show(network)}."
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 200, 30)).astype("float32")
    try:
        p_a, p_b, p_middle = (np.asarray(network(x), dtype=float) for x in (a, b, (a + b) / 2))
    except (ValueError, TypeError) as error:
        inputs = getattr(network, "input_shape", None)
        if isinstance(inputs, tuple) and len(inputs) == 2 and inputs[1] != 30:
            return f"Its input takes {inputs[1]} numbers for each patient, not thirty."
        return f"It does not take thirty numbers for each patient. Keras says: {_plain_text(error)}"
    if p_a.shape != (200, 1):
        return f"For 200 patients the output has the shape {p_a.shape}: one number for each patient is asked for."
    if np.all(p_a == 1):
        return "It says 1 whatever comes in: `softmax` divides by the sum over the units, and here is only one."
    if p_a.min() < 0 or p_a.max() > 1:
        low, high = p_a.min(), p_a.max()
        what = "What is below 0 becomes 0, and nothing stops it above 1" if low == 0 else "That is no probability"
        return f"Its output goes from {low:.2f} to {high:.2f}. {what}. What makes a probability of a sum?"
    n_layers = sum(weight.ndim == 2 for weight in map(np.asarray, network.trainable_weights))
    if n_layers != 3:
        return (
            f"Two hidden layers are asked for. Layers whose weights training may change: {n_layers}, with the output."
        )
    if network.count_params() > 200:
        return f"It has {network.count_params()} parameters, more than 200. Which layer has most of them?"
    logits = [np.log(p) - np.log1p(-p) for p in np.clip([p_a, p_b, p_middle], 1e-6, 1 - 1e-6)]
    if np.ptp(p_a) > 1e-6 and np.allclose(logits[2], (logits[0] + logits[1]) / 2, atol=1e-3):
        return "It computes no more than a single unit does: a weighted sum. What stood between the layers?"
    for number, name in ((0, "first"), (1, "second")):
        if _passes_on_sums(network, number, a):
            return f"The {name} hidden layer passes its sums on as they are, and so adds nothing. What did `relu` do?"
    return ""


def _passes_on_sums(network, number, x):
    """Has hidden layer `number` (0 or 1) no cut, nor anything like it?

    Where it has none, its sums may be multiplied by -3 if the next layer divides by -3: the output stays the same.
    """
    weights = network.get_weights()
    tables = [place for place, weight in enumerate(weights) if weight.ndim == 2]
    shapes = [weights[place].shape for place in tables]
    if len(shapes) != 3 or any(before[1] != after[0] for before, after in zip(shapes, shapes[1:], strict=False)):
        return False  # another kind of network, which is judged by what it learns alone
    place, following = tables[number], tables[number + 1]
    changed = [weight.copy() for weight in weights]
    changed[place] *= -3
    if following - place > 1:
        changed[place + 1] *= -3  # its intercepts
    changed[following] /= -3
    before = np.asarray(network(x), dtype=float)
    network.set_weights(changed)
    after = np.asarray(network(x), dtype=float)
    network.set_weights(weights)
    return np.ptp(before) > 1e-6 and np.allclose(before, after, atol=1e-5)


def _plain_text(error):
    """A message of Keras on one line, without its codes for bold print."""
    return shorten(re.sub(r"\x1b\[[0-9;]*m", "", str(error)), 150)


def _skill(network):
    """Train it as the chapter does, in fewer and larger steps, and say how it compares with the mean radius."""
    import keras

    from course_utils import evaluation

    (x, y), (x_validation, y_validation) = _halves()
    network.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy")
    network.fit(x, y, epochs=20, batch_size=16, verbose=0)
    p = np.asarray(network(x_validation), dtype=float)[:, 0]
    if np.ptp(p) < 1e-6:
        return "After training it has the same answer for everyone: every unit of a layer is cut. Try a few more units."
    lead = evaluation.auc_difference(y_validation, p, x_validation[:, 0])
    if lead.low > 0:
        return Right(f"{network.count_params()} parameters; lead in AUC over the mean radius {lead}.")
    return f"Its lead in AUC over the mean radius is {lead}: the interval is not above 0. Has each layer enough units?"


EXERCISES = [
    Exercise(
        "00-a",
        expected=_sensitivity,
        cases=((_LABELS, _PREDICTIONS), (1 - _LABELS, _PREDICTIONS), (np.array([1, 0]), np.array([0, 1]))),
        solutions=(_sensitivity_by_counting, _sensitivity_by_product),
        misconceptions=(
            Misconception(
                lambda labels, predictions: np.mean(labels[predictions == 1]),
                "You divided by the positive predictions: that is the positive predictive value. "
                "Sensitivity divides by the malignant masses.",
            ),
            Misconception(
                lambda labels, predictions: np.mean(labels == predictions),
                "That is the accuracy: it counts the benign masses as well.",
            ),
            Misconception(
                lambda labels, predictions: 1 - np.mean(predictions[labels == 0]),
                "That is the specificity: it looks at the benign masses.",
            ),
            Misconception(
                lambda labels, predictions: np.sum(labels == predictions) / np.sum(labels == 1),
                "Does each comparison stand in its own brackets? Without them `&` joins its neighbours first.",
            ),
            Misconception(
                lambda labels, predictions: np.sum(predictions == 1) / np.sum(labels == 1),
                "Above the line you count false alarms too: so the share can be larger than 1.",
            ),
            Misconception(
                lambda labels, predictions: np.sum((labels == 1) & (predictions == 1)),
                "That is a count. Divide by the number of malignant masses.",
            ),
            Misconception(
                lambda labels, predictions: np.mean((labels == 1) & (predictions == 1)),
                "You divided by all masses. Sensitivity is a share of the malignant ones.",
            ),
            Misconception(
                lambda labels, predictions: 1 - np.mean(predictions[labels == 1]),
                "That is the share of the malignant masses that are missed.",
            ),
            Misconception(
                lambda labels, predictions: np.sum((labels == 1) & (predictions == 1)) / np.sum(labels == 0),
                "You divided by the number of benign masses.",
            ),
            Misconception(
                lambda labels, predictions: round(np.mean(predictions[labels == 1]), 2),
                "That is rounded. Give the share as it is.",
            ),
            Misconception(
                lambda labels, predictions: 100 * np.mean(predictions[labels == 1]),
                "Give a share between 0 and 1, not per cent.",
            ),
        ),
        hint="Below the line: the malignant masses. Above it: those of them that are predicted to be malignant.",
    ),
    Exercise(
        "00-b",
        requirement=_falls_short,
        solutions=(_five_and_five, _functional, _added_one_by_one, _tanh_four_and_eight),
        misconceptions=(
            Misconception(_sixteen_and_sixteen, "more than 200"),
            Misconception(_one_hidden_layer, "Two hidden layers are asked for"),
            Misconception(_no_cut, "no more than a single unit"),
            Misconception(_no_first_cut, "The first hidden layer passes its sums on"),
            Misconception(_no_second_cut, "The second hidden layer passes its sums on"),
            Misconception(_no_comma, "one number and a comma"),
            Misconception(_no_list, "takes one list"),
            Misconception(_no_sigmoid, "That is no probability"),
            Misconception(_cut_output, "below 0 becomes 0"),
            Misconception(_softmax, "divides by the sum over the units"),
            Misconception(_one_weak_unit, "the same answer"),
            Misconception(_three_inputs, "takes 3 numbers for each patient"),
            Misconception(_two_outputs, "one number for each patient"),
            Misconception(_list_of_layers, "Put the layers into"),
            Misconception(_nothing_comes_back, "does it end with `return`"),
        ),
        hint="Begin with the network of the chapter, and change one line at a time.",
        seconds=90,
    ),
    Exercise(
        "00-c",
        expected=0.90 * 0.01 / (0.90 * 0.01 + 0.05 * 0.99),
        solutions=(90 / (90 + 495), 0.154, Fraction(2, 13), np.float32(0.1538)),
        tolerance=2e-4,
        misconceptions=(
            Misconception(0.90, "That is the sensitivity: the share of the diseased who test positive."),
            Misconception(0.95, "That is the specificity: the share of the healthy who test negative."),
            Misconception(
                0.90 * 0.01 / (0.90 * 0.01 + 0.95 * 0.99),
                "The false positives are the healthy times 1 - 0.95, not times 0.95.",
            ),
            Misconception(0.90 * 0.01, "The true positives as a share of all people, not of all positives."),
            Misconception(0.90 / (0.90 + 0.05), "That would hold if half of the people had the disease."),
            Misconception(0.01, "That is the prevalence: what you knew before the test."),
            Misconception(
                0.05 * 0.99 / (0.90 * 0.01 + 0.05 * 0.99), "That is the share of the positives that is false."
            ),
            Misconception(
                15.4, "That is in per cent. Give a share between 0 and 1.", also=tuple(np.arange(15.3, 15.41, 0.005))
            ),
            Misconception(
                "15 %",
                "Give a number and no text, and a share between 0 and 1.",
                also=("15%", "15.3 %", "15.3%", "15.38 %", "15.38%", "15.385 %", "15.385%", "15.4 %", "15.4%"),
            ),
            Misconception(0.15, "Two decimals are too few."),
            Misconception(0.153, "Rounded to three decimals, please, not cut off after them."),
            Misconception(90 / 495, "That is true positives against false ones. Divide by all positives."),
            Misconception(
                0.90 * 0.01 / (0.90 * 0.01 + 0.05), "The 5 % are a share of the healthy, and these are not all people."
            ),
            Misconception((0, 154), "Python takes the comma for the end of a number: write a decimal point."),
            Misconception(
                (0.90 * 0.01 / (0.90 * 0.01 + 0.05 * 0.99), 0.95 * 0.99 / (0.95 * 0.99 + 0.10 * 0.01)),
                "These are two numbers, and one is asked for: which of them speaks of the positive results?",
            ),
            Misconception(
                0.95 * 0.99 / (0.95 * 0.99 + 0.10 * 0.01),
                "That is the negative predictive value: it speaks of the negative results.",
            ),
            Misconception([0.90 * 0.01 / (0.90 * 0.01 + 0.05 * 0.99)], "Take the number out of its brackets."),
        ),
        hint="Above the line stand the true positives, below it all positives. Is each a share of all people?",
    ),
]
