"""Checks behind the exercises of chapter 4.3, Lab: biological sequences."""

import functools
import math
import time

import numpy as np

from course_utils import evaluation
from course_utils.exercises import Exercise, Misconception
from course_utils.exercises._answers import plain, show

# --- 4.3-a: a property is judged by the programs it lets through ---------------------------------------------------


def _score(a, b, reward=True, gap=1, borders=True, corner=True):
    """The right score (1, -1, -1); with `gap=None` a gap is charged like the pair of letters beside it."""
    F = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    if borders:
        F[:, 0], F[0, :] = -gap * np.arange(len(a) + 1), -gap * np.arange(len(b) + 1)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            pair = int(reward) if a[i - 1] == b[j - 1] else -1
            step = pair if gap is None else -gap
            F[i, j] = max(F[i - 1, j - 1] + pair, F[i - 1, j] + step, F[i, j - 1] + step)
    return int(F[-1, -1] if corner else F.max())


_WRONG_PROGRAMS = {
    "the document's own": {"reward": False, "gap": None, "borders": False, "corner": False},
    "the one where only a match was mended": {"gap": None, "borders": False, "corner": False},
    "the one with free gaps on the borders": {"borders": False, "corner": False},
    "the one that reads the maximum, not the corner": {"corner": False},
    "the fifth, whose gaps cost 2": {"gap": 2},
}
_PAIRS = [("A", "A"), ("A", "C"), ("A", "AA"), ("AC", "G"), ("ACGT", "ACGT"), ("GATTACA", "GCATGCG"), ("TTG", "CAGTT")]
_NOT_TRUE = "That is not true of the right score"
_ASSERT = " Does it end with `return`? An `assert` says nothing back."
_CONSTANT = "It is true of every wrong program too, also of the one that always says 0."
_THE_FIFTH = "It catches the four of the table, but not the fifth: nothing in it depends on what a gap costs."
_ZERO = "It lets the document's own function through: 0 satisfies your property. Ask for an exact score that is not 0."
_NO_GAP = "Does your pair need a gap at all? These programs differ only where there are gaps or letters left over."


def _bites(answer):
    """The requirement on the reader's property: empty text, or what is wrong with it."""
    if not callable(answer):
        return "Write a function: `my_property(score, a, b)`."
    for a, b in _PAIRS:
        holds = plain(answer(_score, a, b))
        if not isinstance(holds, bool):
            advice = _ASSERT if holds is None else ""
            return f"Return True or False: with {a!r} and {b!r} it returned {show(holds)}.{advice}"
        if not holds:
            return f"{_NOT_TRUE}: with {a!r} and {b!r} your property says False."
    passing = []
    for name, faults in _WRONG_PROGRAMS.items():
        wrong = functools.partial(_score, **faults)
        if all(answer(wrong, a, b) for a, b in _PAIRS):
            passing.append(name)
    if not passing:
        return ""
    if len(passing) == len(_WRONG_PROGRAMS):
        return _CONSTANT
    if passing == ["the fifth, whose gaps cost 2"]:
        return _THE_FIFTH
    if passing == ["the document's own"]:
        return _ZERO
    return f"It lets through: {'; '.join(passing)}. {_NO_GAP}"


def _with_assert(score, a, b):
    assert score(a + b, b) == len(b) - len(a)


def _tried_on_both_sides(score, a, b):
    for first, second in ((a, b), (b, a)):
        if score(first + second, second) != len(second) - len(first):
            return False
        if score(second, second + first) != len(second) - len(first):
            return False
    return True


# --- 4.3-b: conserved as what? --------------------------------------------------------------------------------------


def _carriers(variant, human, others, first_residue):
    reference, number, changed = variant[0], int(variant[1:-1]), variant[-1]
    letters = [column for column, letter in enumerate(human) if letter != "-"]
    column = letters[number - first_residue]
    in_others = [row[column] for row in others]
    return in_others.count(reference), in_others.count(changed)


def _carriers_by_walking(variant, human, others, first_residue):
    number, as_reference, as_variant = first_residue - 1, 0, 0
    for column in range(len(human)):
        if human[column] == "-":
            continue
        number += 1
        if number == int(variant[1:-1]):
            for row in others:
                as_reference += row[column] == variant[0]
                as_variant += row[column] == variant[-1]
    return [as_reference, as_variant]


def _carriers_by_table(variant, human, others, first_residue):
    numbers = first_residue - 1 + np.cumsum(np.array(list(human)) != "-")
    table = np.array([list(row) for row in others])[:, np.searchsorted(numbers, int(variant[1:-1]))]
    return np.array([(table == variant[0]).sum(), (table == variant[-1]).sum()])


def _in_column(find_column):
    """A wrong function that looks into another column."""

    def count(variant, human, others, first_residue):
        column = find_column(human, int(variant[1:-1]), first_residue)
        in_others = [row[column] for row in others]
        return in_others.count(variant[0]), in_others.count(variant[-1])

    return count


def _shifted(steps):
    def find_column(human, number, first_residue):
        letters = [column for column, letter in enumerate(human) if letter != "-"]
        return letters[number - first_residue + steps]

    return find_column


def _with_the_human(variant, human, others, first_residue):
    return _carriers(variant, human, [human, *others], first_residue)


def _turned_round(variant, human, others, first_residue):
    return _carriers(variant, human, others, first_residue)[::-1]


def _shares(variant, human, others, first_residue):
    return tuple(n / len(others) for n in _carriers(variant, human, others, first_residue))


def _as_dictionary(variant, human, others, first_residue):
    as_reference, as_variant = _carriers(variant, human, others, first_residue)
    return {variant[0]: as_reference, variant[-1]: as_variant}


def _reference_only(variant, human, others, first_residue):
    return _carriers(variant, human, others, first_residue)[0]


_ROWS = ("MK--LVPRAE", ["MKSTLVLRAE", "MK--LVLRPE", "MRS-IVPKAE", "MKS-LILRAD"])

# --- 4.3-c: what a variant costs ------------------------------------------------------------------------------------


def _log_odds(counts, window):
    share = (counts + 1) / (counts + 1).sum(axis=1, keepdims=True)
    return sum(np.log2(share[place, "ACGT".index(letter)] / 0.25) for place, letter in enumerate(window))


def _changed(window, place, letter):
    return window[:place] + letter + window[place + 1 :]


def _variant_effect(counts, window, place, letter):
    return _log_odds(counts, _changed(window, place, letter)) - _log_odds(counts, window)


def _effect_by_one_row(counts, window, place, letter):
    row = [count + 1 for count in counts[place]]
    return math.log2(row["ACGT".index(letter)] / row["ACGT".index(window[place])])


def _effect_by_table(counts, window, place, letter):
    weights = np.log2((counts + 1) / (counts.sum(axis=1)[:, None] + 4) / 0.25)
    before, after = (np.array([[x == y for y in "ACGT"] for x in w]) for w in (window, _changed(window, place, letter)))
    return (weights * after).sum() - (weights * before).sum()


def _reversed_effect(counts, window, place, letter):
    return -_variant_effect(counts, window, place, letter)


def _natural_logarithm(counts, window, place, letter):
    return _variant_effect(counts, window, place, letter) * np.log(2)


def _nothing_added(counts, window, place, letter):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log2(counts[place, "ACGT".index(letter)]) - np.log2(counts[place, "ACGT".index(window[place])])


def _rounded_effect(decimals):
    """A wrong function that keeps this many decimals only."""

    def effect(counts, window, place, letter):
        return round(float(_variant_effect(counts, window, place, letter)), decimals)

    return effect


def _score_of_the_variant(counts, window, place, letter):
    return _log_odds(counts, _changed(window, place, letter))


def _weight_of_the_letter(counts, window, place, letter):
    share = (counts + 1) / (counts + 1).sum(axis=1, keepdims=True)
    return np.log2(share[place, "ACGT".index(letter)] / 0.25)


def _difference_of_shares(counts, window, place, letter):
    share = (counts + 1) / (counts + 1).sum(axis=1, keepdims=True)
    return share[place, "ACGT".index(letter)] - share[place, "ACGT".index(window[place])]


def _places_from_one(counts, window, place, letter):
    row = counts[place - 1] + 1
    return np.log2(row["ACGT".index(letter)] / row["ACGT".index(window[place - 1])])


def _counts_from_one(counts, window, place, letter):
    row = counts[place - 1] + 1
    return np.log2(row["ACGT".index(letter)] / row["ACGT".index(window[place])])


def _ratio_of_shares(counts, window, place, letter):
    return 2 ** _variant_effect(counts, window, place, letter)


_FROM_ZERO = "Places count from 0 here: `place` 0 is the first letter and the first row."
_COUNTS = np.array([[7, 1, 0, 2], [0, 0, 10, 0], [1, 1, 0, 8]])
_FEW_COUNTS = np.array([[3, 0, 1, 0], [0, 5, 0, 2]])  # rows with different sums

# --- 4.3-d: a matrix as a layer -------------------------------------------------------------------------------------

_A_SCANNER = "Write a function: `scanner(weights, length)`."
_A_LIST = "This is a list. Put the layers into `keras.Sequential(...)`."
_A_NETWORK = "Return a network that can be called with one-hot letters"
_NO_RETURN = " Does your function end with `return`?"
_NOT_TAKEN = "does not take letters of the shape"
_SHAPE = "asked for is one score for each window"
_PADDED = "one for each letter, but near the ends stands no whole window: look at the padding."
_RANDOM = "It gives two answers to one question: are the weights still the random ones?"
_CUT = "Negative scores have become 0: a score is a plain sum. Look at the activation."
_BETWEEN = "All its scores lie between 0 and 1: a score is a plain sum. Look at the activation."
_TURNED = "The first place of the matrix meets the last letter of each window: Keras does not turn kernels round."
_CONSTANT_OFF = "All its scores are off by the same number: what does the layer add to each sum?"
_LETTERS = "The columns are exchanged: A must meet the weight of A."
_ORDER = "The scores stand from right to left."
_NOT_THE_SUM = "The letters AGGTT, with the matrix of the example, get other scores than in the text."
_EXAMPLE = np.log2((np.array([[1, 0, 7, 0], [0, 0, 8, 0], [0, 0, 0, 8]]) + 1) / 12 / 0.25)


def _one_hot(sequences):
    return np.array([[[float(x == y) for y in "ACGT"] for x in sequence] for sequence in sequences], dtype="float32")


def _scan_trials():
    """The example of the text, and a matrix of four places on three sequences."""
    rng = np.random.default_rng(0)
    sequences = ["".join(rng.choice(list("ACGT"), 20)) for _ in range(3)]
    return [(_EXAMPLE, _one_hot(["AGGTT"])), (rng.normal(0, 2, (4, 4)), _one_hot(sequences))]


def _scan(weights, letters):
    """The scores of all windows, shape (sequences, windows)."""
    n_windows = letters.shape[1] - len(weights) + 1
    return np.stack([(letters[:, i : i + len(weights)] * weights).sum(axis=(1, 2)) for i in range(n_windows)], axis=1)


def _scans(answer):
    """The requirement on the reader's scanner: empty text, or what is wrong with it."""
    if not callable(answer):
        return _A_SCANNER
    complaints = [_scans_one(answer, weights, letters) for weights, letters in _scan_trials()]
    # What both trials say is told from the larger one, in which every mistake can be seen.
    return (complaints[1] or complaints[0]) if any(complaints) else ""


def _scans_one(answer, weights, letters):
    found = []
    for _ in range(2):
        network = answer(weights.copy(), letters.shape[1])
        if isinstance(network, list | tuple):
            return _A_LIST
        if not callable(network):
            return f"{_A_NETWORK}, not {show(network)}.{_NO_RETURN if network is None else ''}"
        try:
            found.append(np.asarray(network(letters), dtype=float))
        except (TypeError, ValueError):
            return f"Your network {_NOT_TAKEN} {letters.shape}: look at its input."
    n, length, k = len(letters), letters.shape[1], len(weights)
    right = _scan(weights, letters)
    if found[0].shape not in (right.shape, (*right.shape, 1)):
        if found[0].shape[:2] == (n, length):
            return f"For {length} letters and k = {k} it gives {length} scores, {_PADDED}"
        shape = (n, length - k + 1, 1)
        return f"The output has the shape {found[0].shape}; {_SHAPE}, here the shape {shape}."
    first, second = (output.reshape(right.shape) for output in found)

    def equals(scores):
        return np.allclose(first, scores, atol=1e-3)

    if equals(right):
        return ""
    if not np.allclose(first, second, atol=1e-3):
        return _RANDOM
    for scores, complaint in (
        (np.maximum(right, 0), _CUT),
        (_scan(weights[::-1], letters), _TURNED),
        (_scan(weights[:, ::-1], letters), _LETTERS),
        (right[:, ::-1], _ORDER),
    ):
        if equals(scores):
            return complaint
    if np.ptp(first - right) < 1e-3:
        return _CONSTANT_OFF
    return _BETWEEN if first.min() >= 0 and first.max() <= 1 else _NOT_THE_SUM


def _one_convolution(weights, length, bias=0.0, **options):
    import keras

    layer = keras.layers.Conv1D(1, len(weights), **options)
    network = keras.Sequential([keras.Input((length, 4)), layer])
    layer.set_weights([np.asarray(weights)[:, :, np.newaxis], np.array([bias])])
    return network


def _layers_added(weights, length):
    import keras

    network = keras.Sequential()
    network.add(keras.Input(shape=(length, 4)))
    network.add(keras.layers.Conv1D(filters=1, kernel_size=weights.shape[0], padding="valid", use_bias=False))
    network.set_weights([weights.reshape(-1, 4, 1)])
    return network


def _functional(weights, length):
    import keras

    inputs = keras.Input((None, 4))
    start = keras.initializers.Constant(weights[..., None])
    return keras.Model(inputs, keras.layers.Conv1D(1, len(weights), kernel_initializer=start)(inputs))


def _dense_on_windows(weights, length):
    import keras

    k = len(weights)
    inputs = keras.Input((length, 4))
    rows = [keras.layers.Flatten()(inputs[:, i : i + k]) for i in range(length - k + 1)]
    dense = keras.layers.Dense(1, use_bias=False)
    scores = [keras.layers.Reshape((1, 1))(dense(row)) for row in rows]
    network = keras.Model(inputs, keras.layers.Concatenate(axis=1)(scores) if len(scores) > 1 else scores[0])
    dense.set_weights([weights.reshape(-1, 1)])
    return network


def _without_the_last_axis(weights, length):
    import keras

    inner = _one_convolution(weights, length)
    return keras.Sequential([keras.Input((length, 4)), inner, keras.layers.Reshape((length - len(weights) + 1,))])


def _not_set(weights, length):
    import keras

    return keras.Sequential([keras.Input((length, 4)), keras.layers.Conv1D(1, len(weights))])


def _padded(weights, length):
    return _one_convolution(weights, length, padding="same")


def _rectified(weights, length):
    return _one_convolution(weights, length, activation="relu")


def _squeezed(weights, length):
    return _one_convolution(weights, length, activation="sigmoid")


def _turned(weights, length):
    return _one_convolution(weights[::-1], length)


def _one_bias(weights, length):
    return _one_convolution(weights, length, bias=1.0)


def _columns_reversed(weights, length):
    return _one_convolution(weights[:, ::-1], length)


def _from_right_to_left(weights, length):
    import keras

    inner = _one_convolution(weights, length)
    return keras.Sequential([keras.Input((length, 4)), inner, keras.layers.Lambda(lambda scores: scores[:, ::-1])])


def _many_kernels(weights, length):
    import keras

    return keras.Sequential([keras.Input((length, 4)), keras.layers.Conv1D(32, len(weights))])


def _layers_in_a_list(weights, length):
    import keras

    return [keras.Input((length, 4)), keras.layers.Conv1D(1, len(weights))]


def _nothing_returned(weights, length):
    network = _one_convolution(weights, length)
    network.summary(print_fn=str)


def _input_turned(weights, length):
    import keras

    return keras.Sequential([keras.Input((4, length)), keras.layers.Conv1D(1, len(weights))])


def _scores_themselves(weights, length):
    return weights.sum()


# --- 4.3-e: a recogniser is judged by windows it has not seen ------------------------------------------------------

_SPLITS = range(5)
_ASKED = 0.01  # by which its area under the curve must be above that of the matrix
_A_FUNCTION = "Write a function: `recognise(sites, decoys, windows)`."
_ONE_EACH = "Return one number for each of the windows"
_NOT_FINITE = "Some scores are no finite numbers. What happens to a letter that was never seen at a place?"
_ALL_EQUAL = "All windows get the same number. (Each is new: to look it up among the sites does not help.)"
_ONE_BACKGROUND = "You compare every place with one background. Do the decoys have the same letters at every place?"
_TOO_SLOW = "That is too slow: five times may take 60 seconds in all. A smaller model, or fewer passes?"
_DECISION = "These are decisions, yes or no. Return a score, so that windows can be put in order."
_BACKWARDS = "It puts decoys above donors: the sign is the wrong way round."
_NO_DECOYS = "It gives the same scores whatever the decoys are. They say what the other places look like: use them."
_NOT_ENOUGH = "at least 0.01 above is asked for."


@functools.cache
def _trials():
    """Five times (sites, decoys, windows, labels of the windows, area under the curve of the chapter's matrix)."""
    from course_utils import datasets  # here, so that the other checks do not wait for it

    data = datasets.load_splice_donors()
    trials = []
    for seed in _SPLITS:
        train, test = evaluation.group_split(data.groups, test_size=0.3, seed=seed)
        sites = data.windows[train][data.labels[train] == 1].tolist()
        decoys = data.windows[train][data.labels[train] == 0].tolist()
        windows, labels = data.windows[test].tolist(), data.labels[test]
        area = evaluation.roc_auc(labels, _against_a_quarter(sites, decoys, windows))
        trials.append((sites, decoys, windows, labels, area))
    return trials


def _recognises(answer):
    """The requirement on the reader's recogniser: empty text, or what is wrong with it."""
    if not callable(answer):
        return _A_FUNCTION
    all_scores, gains, seconds = [], [], []
    for sites, decoys, windows, labels, area_of_matrix in _trials():
        start = time.perf_counter()
        scores = answer(list(sites), list(decoys), list(windows))
        seconds.append(time.perf_counter() - start)
        still_to_come = (len(_SPLITS) - len(seconds)) * min(seconds)
        if sum(seconds) > 25 and sum(seconds) + still_to_come > 60:
            return _TOO_SLOW
        try:
            scores = np.asarray(scores, dtype=float)
        except (TypeError, ValueError):
            return f"{_ONE_EACH}, not {show(scores)}."
        scores = scores[:, 0] if scores.ndim == 2 and scores.shape[1] == 1 else scores
        if scores.shape != (len(windows),):
            return f"{_ONE_EACH}: there are {len(windows)} windows, and the answer has the shape {scores.shape}."
        if not np.isfinite(scores).all():
            return _NOT_FINITE
        if len(np.unique(scores)) == 1:
            return _ALL_EQUAL
        if len(np.unique(scores)) == 2:
            return _DECISION
        all_scores.append(scores)
        gains.append(evaluation.roc_auc(labels, scores) - area_of_matrix)
    gain = float(np.mean(gains))
    if gain >= _ASKED:
        return ""
    if gain < -0.4:
        return _BACKWARDS
    sites, decoys, windows, *_ = _trials()[0]
    if np.allclose(all_scores[0], np.ravel(answer(list(sites), list(sites), list(windows)))):
        return _NO_DECOYS
    one_background = _against_one_background(sites, decoys, windows)
    if np.corrcoef(all_scores[0], one_background)[0, 1] > 0.999:
        return _ONE_BACKGROUND
    side = "above" if gain >= 0 else "below"
    return f"On windows it has not seen its AUC is {abs(gain):.3f} {side} that of our matrix; {_NOT_ENOUGH}"


def _count_letters(windows):
    return np.array([[sum(w[j] == x for w in windows) for x in "ACGT"] for j in range(len(windows[0]))])


def _scores(weights, windows):
    return [sum(weights[j]["ACGT".index(x)] for j, x in enumerate(w)) for w in windows]


def _against_a_quarter(sites, decoys, windows):
    counts = _count_letters(sites) + 1
    return _scores(np.log2(counts / counts.sum(axis=1, keepdims=True) / 0.25), windows)


def _against_one_background(sites, decoys, windows):
    letters = "".join(decoys)
    background = np.array([letters.count(x) for x in "ACGT"]) / len(letters)
    counts = _count_letters(sites) + 1
    return _scores(np.log2(counts / counts.sum(axis=1, keepdims=True) / background), windows)


def _against_decoys(sites, decoys, windows):
    of_sites, of_decoys = _count_letters(sites) + 1, _count_letters(decoys) + 1
    shares = [counts / counts.sum(axis=1, keepdims=True) for counts in (of_sites, of_decoys)]
    return _scores(np.log2(shares[0] / shares[1]), windows)


def _against_decoys_by_loops(sites, decoys, windows):
    scores = np.zeros((len(windows), 1))
    for j in range(len(windows[0])):
        for letter in "ACGT":
            a = (sum(site[j] == letter for site in sites) + 1) / (len(sites) + 4)
            b = (sum(decoy[j] == letter for decoy in decoys) + 1) / (len(decoys) + 4)
            for i, window in enumerate(windows):
                if window[j] == letter:
                    scores[i] += math.log(a / b)
    return scores


def _by_regression(sites, decoys, windows):
    from sklearn.linear_model import LogisticRegression

    def one_hot(some):
        return np.array([[x == y for x in window for y in "ACGT"] for window in some], dtype=float)

    model = LogisticRegression(max_iter=1000).fit(one_hot([*sites, *decoys]), [1] * len(sites) + [0] * len(decoys))
    return model.decision_function(one_hot(windows))


def _decoys_above(sites, decoys, windows):
    return _against_decoys(decoys, sites, windows)


def _too_few_decoys(sites, decoys, windows):
    with np.errstate(divide="ignore", invalid="ignore"):
        return _scores(np.log2(_count_letters(sites) / _count_letters(decoys[:20])), windows)


def _difference_of_counts(sites, decoys, windows):
    return _scores(_count_letters(sites) - _count_letters(decoys), windows)


def _remembered(sites, decoys, windows):
    return [window in set(sites) for window in windows]


def _decided(sites, decoys, windows):
    return [score > 0 for score in _against_decoys(sites, decoys, windows)]


def _one_score(sites, decoys, windows):
    return sum(_against_decoys(sites, decoys, windows))


EXERCISES = [
    Exercise(
        "4.3-a",
        requirement=_bites,
        solutions=(
            lambda score, a, b: score(a + b, b) == len(b) - len(a),
            lambda score, a, b: np.array(score(b, b + a)) == len(b) - len(a),
            _tried_on_both_sides,
        ),
        misconceptions=(
            Misconception(lambda score, a, b: score(a, b) == score(b, a), _CONSTANT),
            Misconception(lambda score, a, b: a == b or score(a, a) > score(a, b), _THE_FIFTH),
            Misconception(lambda score, a, b: score(a, a) == len(a), _NO_GAP),
            Misconception(lambda score, a, b: score(a + a, a) == 0, _ZERO),
            Misconception(lambda score, a, b: a == b or score(a, b) < 0, _NOT_TRUE),
            Misconception(lambda score, a, b: score(a, b), "Return True or False"),
            Misconception(_with_assert, _ASSERT),
        ),
    ),
    Exercise(
        "4.3-b",
        expected=_carriers,
        cases=(
            ("P278L", *_ROWS, 274),
            ("L276V", *_ROWS, 274),
            ("K275R", *_ROWS, 274),
            ("A7P", *_ROWS, 1),
        ),
        solutions=(_carriers_by_walking, _carriers_by_table),
        misconceptions=(
            Misconception(
                _in_column(lambda human, number, first: number - first),
                "You counted the gaps of the human row too. Gaps are no residues.",
            ),
            Misconception(
                _in_column(_shifted(-1)),
                "One column too early: the first letter has the number `first_residue` itself.",
            ),
            Misconception(
                _in_column(_shifted(1)), "One column too late: the first letter has the number `first_residue` itself."
            ),
            Misconception(_with_the_human, "Only the others are counted: the human row is not one of them."),
            Misconception(_turned_round, "First the letter of the reference, then the letter of the variant."),
            Misconception(_shares, "Return how many, not which share of them."),
            Misconception(_as_dictionary, "Return the two numbers alone, in the order of the text."),
            Misconception(_reference_only, "Two numbers are asked for: the second is about the letter of the variant."),
        ),
        hint="Take the first case on paper: in which column of the human row stands the residue of the variant?",
    ),
    Exercise(
        "4.3-c",
        expected=_variant_effect,
        cases=(
            (_COUNTS, "AGT", 0, "G"),
            (_COUNTS, "CGT", 2, "A"),
            (_COUNTS, "GGG", 2, "T"),
            (_FEW_COUNTS, "AC", 1, "G"),
        ),
        solutions=(_effect_by_one_row, _effect_by_table),
        misconceptions=(
            Misconception(_reversed_effect, "The sign is the wrong way round: the variant minus the reference."),
            Misconception(
                _rounded_effect(2),
                "That is rounded. Return all decimals.",
                also=(_rounded_effect(1), _rounded_effect(3)),
            ),
            Misconception(_natural_logarithm, "That is the natural logarithm. Here the unit is bits: `np.log2`."),
            Misconception(
                _nothing_added, "Add 1 to every count: a letter not seen in ten sites is rare, not impossible."
            ),
            Misconception(
                _score_of_the_variant, "That is the score with the variant. How far is it from the score before?"
            ),
            Misconception(_weight_of_the_letter, "That is the weight of the new letter. The old letter had one too."),
            Misconception(_difference_of_shares, "Shares are not subtracted: the score is a sum of logarithms."),
            Misconception(_places_from_one, _FROM_ZERO),
            Misconception(_counts_from_one, "Row and letter do not belong together: both count from 0."),
            Misconception(
                _ratio_of_shares, "That is how many times more likely it becomes. The question asks for bits."
            ),
        ),
        hint="Take the counts of that place alone: what is added to them, and which two of the four do you need?",
    ),
    Exercise(
        "4.3-d",
        requirement=_scans,
        solutions=(_one_convolution, _layers_added, _functional, _dense_on_windows, _without_the_last_axis),
        misconceptions=(
            Misconception(_not_set, _RANDOM),
            Misconception(_padded, _PADDED),
            Misconception(_rectified, _CUT),
            Misconception(_squeezed, _BETWEEN),
            Misconception(_turned, _TURNED),
            Misconception(_one_bias, _CONSTANT_OFF),
            Misconception(_columns_reversed, _LETTERS),
            Misconception(_from_right_to_left, _ORDER),
            Misconception(_many_kernels, _SHAPE),
            Misconception(_layers_in_a_list, _A_LIST),
            Misconception(_scores_themselves, _A_NETWORK),
            Misconception(_nothing_returned, _NO_RETURN),
            Misconception(_input_turned, _NOT_TAKEN),
            Misconception(0.9, _A_SCANNER),
        ),
        seconds=30,
    ),
    Exercise(
        "4.3-e",
        requirement=_recognises,
        solutions=(_against_decoys, _against_decoys_by_loops, _by_regression),
        misconceptions=(
            Misconception(_against_a_quarter, _NO_DECOYS),
            Misconception(_decoys_above, _BACKWARDS),
            Misconception(_too_few_decoys, _NOT_FINITE),
            Misconception(_difference_of_counts, _NOT_ENOUGH),
            Misconception(_against_one_background, _ONE_BACKGROUND),
            Misconception(_remembered, _ALL_EQUAL),
            Misconception(_decided, _DECISION),
            Misconception(_one_score, _ONE_EACH),
            Misconception(0.9, _A_FUNCTION),
        ),
        seconds=60,
    ),
]
