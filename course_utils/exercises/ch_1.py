"""Checks behind the exercises of chapter 1, Background."""

import functools
import math
from collections import abc

import numpy as np

from course_utils.exercises import Exercise, Misconception, Right
from course_utils.exercises._answers import show

# --- 1-a: the missing number ------------------------------------------------

_MISSING = {"A": "specificity", "B": "prevalence", "C": "interval", "D": "external result"}
_ASK = {
    "A": "Release A speaks of films with cancer only. Telling ill from healthy takes two numbers.",
    "B": "Release B has both numbers, with intervals, from many places. What is special about people who are "
    "invited, and were not sent by a doctor?",
    "C": "Release C was tested in other hospitals, and 9,000 sounds like many. How many of them could it have missed?",
    "D": "Release D has an AUC with a short interval. Whose patients are these, and whose will yours be?",
}


def _misses_a_number(answer):
    if type(answer).__name__ == "Series":
        answer = answer.to_dict()
    if not isinstance(answer, abc.Mapping):
        return f"A dictionary with the letters A, B, C and D is asked for, not {show(answer)}."
    given = {str(letter).strip().upper(): value for letter, value in answer.items()}
    if any(letter.lower() in _MISSING.values() for letter in given):
        return "The letters stand before the colon, and the names after it."
    lacking = [letter for letter in _MISSING if letter not in given or given[letter] in (..., None, "...")]
    if lacking or len(given) > 4:
        return f"Give one name for each of the four letters. Without one: {', '.join(lacking) or 'none'}."
    chosen = {letter: " ".join(str(value).lower().split()) for letter, value in given.items()}
    for letter, value in chosen.items():
        if value not in _MISSING.values():
            return f"{letter}: {show(given[letter])} is none of the four names. Copy one of them, as it is written."
    wrong = [letter for letter in _MISSING if chosen[letter] != _MISSING[letter]]
    return f"{4 - len(wrong)} of 4. {_ASK[wrong[0]]}" if wrong else ""


def _choice(a, b, c, d):
    return {"A": a, "B": b, "C": c, "D": d}


# --- 1-b: what a sensitivity means ------------------------------------------------


def _meaning(sensitivity, specificity, prevalence, n):
    missed = n * prevalence * (1 - sensitivity)
    return missed, (1 - specificity) * (1 - prevalence) / (sensitivity * prevalence)


def _meaning_by_counting(sensitivity, specificity, prevalence, n):
    ill = prevalence * n
    found = ill * sensitivity
    alarms = (n - ill) - (n - ill) * specificity
    return [ill - found, alarms / found]


def _meaning_as_array(sensitivity, specificity, prevalence, n):
    return np.array([n * prevalence - n * prevalence * sensitivity, (1 / sensitivity) * (1 / prevalence - 1)]) * [
        1,
        1 - specificity,
    ]


_CASES = ((0.95, 0.9, 0.006, 100_000), (0.9, 0.92, 0.02, 10_000), (0.6, 0.75, 0.3, 400), (0.85, 0.9, 0.013, 1000))


def _slip(change):
    """A wrong function: `change` gets sensitivity, specificity, prevalence, n and the two right numbers."""

    def slipped(sensitivity, specificity, prevalence, n):
        return change(sensitivity, specificity, prevalence, n, *_meaning(sensitivity, specificity, prevalence, n))

    return slipped


# --- 1-c: the leak ------------------------------------------------

_COLUMNS = ["patient", "age", "lactate", "crp", "highest_fever", "antibiotics", "days"]
_LEAKS = {"patient", "highest_fever", "antibiotics", "days"}


def _leaves_a_leak(answer):
    if isinstance(answer, str) or not hasattr(answer, "__iter__"):
        return f"A list of names of columns is asked for, not {show(answer)}."
    names = [str(name).strip().lower() for name in answer]
    unknown = [name for name in names if name not in _COLUMNS]
    if unknown:
        return f"There is no column {show(unknown[0])}. The table has {', '.join(_COLUMNS)}."
    if set(names) and set(names) <= set(_COLUMNS) - _LEAKS:
        return "Your columns may stay, all of them. Asked for are the others: what must the model *not* see?"
    if "lactate" in names:
        return "The lactate is strong, and it was measured in time. A high AUC alone is no leak."
    honest = sorted(set(names) - _LEAKS)
    if honest:
        return f"{honest[0]} was known in time, and nobody's later decision is in it. Why should it not be used?"
    lacking = _LEAKS - set(names)
    if lacking == {"patient"}:
        return "What was written down too late is there. Which value was known in time, and then overwritten?"
    if "antibiotics" in lacking and len(lacking) == 1:
        return "One is lacking. Two hours after admission, what has not been done yet on the first day?"
    if lacking:
        return f"{len(lacking)} more. Go down the right column: what is known within two hours?"
    return ""


# --- 1-d: a network of the reader's own ------------------------------------------------


@functools.cache
def _potassium():
    """Return 1,600 simulated patients in two halves: (potassium, label) to train on and to judge on."""
    rng = np.random.default_rng(11)
    level = rng.normal(size=(1600, 1)).astype("float32")
    risk = 1 / (1 + np.exp(-4 * (np.abs(level[:, 0]) - 1)))
    label = (rng.random(1600) < risk).astype(int)
    return (level[:800], label[:800]), (level[800:], label[800:])


def _network(widths, cut="relu", last="sigmoid", inputs=1, outputs=1):
    """Return the function that builds such a network, as a reader writes it."""

    def build():
        import keras

        hidden = [keras.layers.Dense(width, activation=cut) for width in widths]
        return keras.Sequential([keras.Input((inputs,)), *hidden, keras.layers.Dense(outputs, activation=last)])

    return build


_eight = _network([8])
_twelve = _network([12])
_four_and_four = _network([4, 4])
_tanh = _network([6], cut="tanh")
_no_hidden_layer = _network([])
_no_cut = _network([8], cut=None)
_one_unit = _network([1])
_too_many = _network([64])
_thirty_inputs = _network([1], inputs=30)
_two_outputs = _network([4], outputs=2)
_no_sigmoid = _network([8], last=None)
_softmax = _network([8], last="softmax")


def _functional():
    import keras

    level = keras.Input((1,))
    hidden = keras.layers.Dense(10, "relu")(level)
    return keras.Model(level, keras.layers.Dense(1, "sigmoid")(hidden))


def _a_list():
    return list(_eight().layers)


def _nothing_comes_back():
    _eight()


def _falls_short(build):
    """Say what the network that `build()` returns lacks: first its form, then what it has learnt; or its lead."""
    import keras

    if isinstance(build, keras.Model):
        return "This is a network. The check asks for the function that builds it: hand over `build` without brackets."
    if not callable(build):
        return f"A function `build` is asked for, not {show(build)}."
    keras.utils.set_random_seed(0)
    network = build()
    if network is None:
        return "Nothing comes back from your function: does it end with `return`?"
    if isinstance(network, list | tuple):
        return "This is a list. Put the layers into `keras.Sequential(...)`."
    if not isinstance(network, keras.Model):
        return f"A Keras network is asked for, not {show(network)}."
    return _form(network) or _skill(network)


def _form(network):
    shape = getattr(network, "input_shape", None)
    if isinstance(shape, tuple) and shape != (None, 1):
        return f"It takes {shape[-1]} numbers for each patient. Here each patient has one."
    level = np.linspace(-3, 3, 61, dtype="float32").reshape(61, 1)
    p = np.asarray(network(level), dtype=float)
    if p.shape != (61, 1):
        return f"For 61 patients the output has the shape {p.shape}: one number for each patient is asked for."
    if np.all(p == 1):
        return "It says 1 whatever comes in: `softmax` divides by the sum over the units, and here is only one."
    if p.min() < 0 or p.max() > 1:
        return f"Its output goes from {p.min():.2f} to {p.max():.2f}. What makes a probability of a sum?"
    if network.count_params() > 40:
        return f"It has {network.count_params()} parameters, more than 40. How many has each hidden unit?"
    logit = np.log(np.clip(p[:, 0], 1e-6, 1 - 1e-6)) - np.log(np.clip(1 - p[:, 0], 1e-6, 1 - 1e-6))
    if np.allclose(np.diff(logit, 2), 0, atol=1e-4):
        if sum(np.ndim(weight) == 2 for weight in network.trainable_weights) < 2:
            return "This is one unit, which is logistic regression. Can one weighted sum be high at both ends?"
        return "It computes no more than one unit does: a weighted sum of weighted sums. What stands between layers?"
    return ""


def _skill(network):
    import keras
    from sklearn.linear_model import LogisticRegression

    from course_utils import evaluation

    (level, label), (level_judge, label_judge) = _potassium()
    network.compile(optimizer=keras.optimizers.Adam(0.02), loss="binary_crossentropy")
    network.fit(level, label, epochs=25, batch_size=32, verbose=0)
    p = np.asarray(network(level_judge), dtype=float)[:, 0]
    simple = LogisticRegression().fit(level, label).predict_proba(level_judge)[:, 1]
    lead = evaluation.auc_difference(label_judge, p, simple)
    if lead.low > 0.2:
        return Right(f"{network.count_params()} parameters; lead in AUC over logistic regression {lead}.")
    return (
        f"After training its lead in AUC over logistic regression is {lead}. It has learnt one side at most: are there "
        "units enough to bend the curve on both sides, even if some get stuck?"
    )


EXERCISES = [
    Exercise(
        "1-a",
        requirement=_misses_a_number,
        solutions=(
            dict(_MISSING),
            {letter.lower(): value.upper() for letter, value in _MISSING.items()},
        ),
        misconceptions=(
            Misconception(
                _choice("prevalence", "specificity", "interval", "external result"),
                "speaks of films",
                also=(_choice("external result", "interval", "prevalence", "specificity"),),  # in the order of the text
            ),
            Misconception(_choice("specificity", "external result", "interval", "prevalence"), "who are invited"),
            Misconception(_choice("specificity", "prevalence", "external result", "interval"), "could it have missed"),
            Misconception(_choice("specificity", "prevalence", "interval", "interval"), "Whose patients are these"),
            Misconception(_choice("specificity", "prevalence", "interval", "AUC"), "none of the four names"),
            Misconception({"A": "specificity", "B": "prevalence"}, "for each of the four letters"),
            Misconception({value: letter for letter, value in _MISSING.items()}, "The letters stand before the colon"),
            Misconception(["specificity", "prevalence", "interval", "external result"], "A dictionary"),
        ),
        hint="About whom does each release say nothing?",
    ),
    Exercise(
        "1-b",
        expected=_meaning,
        cases=_CASES,
        solutions=(_meaning_by_counting, _meaning_as_array),
        misconceptions=(
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: (missed, sp * (1 - pi) / (se * pi))),
                "The specificity is the share of the healthy who are *not* alarmed.",
            ),
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: (missed, (1 - sp) / (se * pi))),
                "The false alarms are a share of the healthy, and these are not all people.",
            ),
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: (n * (1 - se), alarms)),
                "You counted as if everybody were ill. Only the ill can be missed.",
            ),
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: (n * pi * se, alarms)),
                "Your first number are those who are found.",
            ),
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: (pi * (1 - se), alarms)),
                "Your first number is a share. People are asked for: there are `n` of them.",
            ),
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: (1 - se, alarms)),
                "Your first number is a share of the ill. People are asked for.",
            ),
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: (missed, (1 - sp) * (1 - pi) / pi)),
                "You divided by all who are ill. Each *found* patient is asked for.",
            ),
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: (missed, n * (1 - sp) * (1 - pi))),
                "Your second number are all false alarms. How many come with each patient who is found?",
            ),
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: (missed, alarms / (1 + alarms))),
                "Your second number is the share of the alarms that are false. Divide by the patients found instead.",
            ),
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: (missed, 1 / (1 + alarms))),
                "Your second number is the positive predictive value. Alarms for each patient found are asked for.",
            ),
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: (missed, 1 / alarms)),
                "Your second number is upside down: patients found for each false alarm.",
            ),
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: (alarms, missed)),
                "Two right numbers in the wrong order: first the missed, then the alarms.",
            ),
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: (round(missed), round(alarms))),
                "Do not round.",
                also=(
                    _slip(lambda se, sp, pi, n, missed, alarms: (round(missed), round(alarms, 1))),
                    _slip(lambda se, sp, pi, n, missed, alarms: (missed, round(alarms, 1))),
                    _slip(lambda se, sp, pi, n, missed, alarms: (round(missed), alarms)),
                    _slip(lambda se, sp, pi, n, missed, alarms: (int(missed), alarms)),
                    _slip(lambda se, sp, pi, n, missed, alarms: (math.ceil(missed), alarms)),
                ),
            ),
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: _meaning(sp, se, pi, n)),
                "You took the sensitivity for the specificity, and the reverse.",
            ),
            Misconception(
                _slip(lambda se, sp, pi, n, missed, alarms: missed), "Two numbers are asked for, and one comes back."
            ),
        ),
        hint="How many are ill, and how many of them are found? How many are healthy, and how many of them alarmed?",
    ),
    Exercise(
        "1-c",
        requirement=_leaves_a_leak,
        solutions=(
            ["patient", "highest_fever", "antibiotics", "days"],
            ("days", "antibiotics", "patient", "highest_fever"),
            set(_LEAKS),
            np.array(sorted(_LEAKS)),
        ),
        misconceptions=(
            Misconception(["lactate", "highest_fever", "days", "antibiotics"], "no leak"),
            Misconception(["highest_fever", "antibiotics", "days"], "then overwritten"),
            Misconception(["patient", "highest_fever", "days"], "One is lacking"),
            Misconception(["days"], "3 more"),
            Misconception(["patient", "age", "highest_fever", "antibiotics", "days"], "was known in time"),
            Misconception(["fever"], "There is no column"),
            Misconception(["age", "lactate", "crp"], "may stay, all of them"),
            Misconception("days", "A list of names"),
        ),
        hint="When was each column written down, and by whom?",
    ),
    Exercise(
        "1-d",
        requirement=_falls_short,
        solutions=(_eight, _twelve, _four_and_four, _tanh, _functional),
        misconceptions=(
            Misconception(_no_hidden_layer, "which is logistic regression"),
            Misconception(_no_cut, "a weighted sum of weighted sums"),
            Misconception(_one_unit, "one side at most"),
            Misconception(_too_many, "more than 40"),
            Misconception(_thirty_inputs, "Here each patient has one"),
            Misconception(_two_outputs, "one number for each patient"),
            Misconception(_no_sigmoid, "What makes a probability"),
            Misconception(_softmax, "divides by the sum over the units"),
            Misconception(_a_list, "Put the layers into"),
            Misconception(_nothing_comes_back, "does it end with `return`"),
        ),
        hint="Begin with `twin`, the network of two hidden units, and change one thing at a time.",
        seconds=60,
    ),
]
