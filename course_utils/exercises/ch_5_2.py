"""Checks behind the exercises of chapter 5.2, Class imbalance."""

from fractions import Fraction

import numpy as np

from course_utils.exercises import Exercise, Misconception

# --- 5.2-b: undo the weights -----------------------------------------------------------------------------------------


def _undo_weights(p, w1, w0):
    return p * w0 / (p * w0 + (1 - p) * w1)


def _undo_by_odds(p, w1, w0):
    odds = p / (1 - p) / (w1 / w0)
    return odds / (1 + odds)


def _undo_by_loop(p, w1, w0):
    found = []
    for value in p:
        odds = value / (1 - value) * w0 / w1
        found.append(odds / (1 + odds))
    return found


def _undo_by_logit(p, w1, w0):
    return 1 / (1 + np.exp(-(np.log(p) - np.log(1 - p) - np.log(w1 / w0))))


def _undo_by_prior(p, w1, w0):
    from course_utils import evaluation

    return evaluation.correct_prior(p, w1 / (w0 + w1), 0.5)


def _wrong_way(p, w1, w0):
    return p * w1 / (p * w1 + (1 - p) * w0)


def _probabilities_divided(p, w1, w0):
    return p * w0 / w1


def _odds_returned(p, w1, w0):
    return p / (1 - p) * w0 / w1


def _only_w1(p, w1, w0):
    return (p / w1) / (p / w1 + 1 - p)


def _not_normed(p, w1, w0):
    return (p / w1) / (p / w1 + (1 - p) * w0)


def _odds_of_the_share(p, w1, w0):
    return p / (p + w1 / w0)


# --- 5.2-c: one honest fold ------------------------------------------------------------------------------------------

_FOUR = "Four arrays are asked for, in this order: features and labels to learn from, features and labels to judge."
_JUDGED = "Every person of `judge` is judged once, in the order of `judge`: nobody is copied, left out or moved there."
_JUDGED_SCALE = (
    "The features to judge are not on the scale of the others: which mean and which standard deviation were asked for?"
)
_ALL_ROWS = (
    "Mean and standard deviation were taken from all people. The people to judge are then known before they are judged."
)
_AFTER_COPIES = "Mean and standard deviation were taken after the copies were added: standardise first, copy then."
_OWN_SCALE = "The people to judge were standardised by their own mean and standard deviation, not by those of `learn`."
_LEAK = "People of `judge` stand among those to learn from. Of whom may copies be made?"
_RAW = "The features are as they were measured: standardise them."
_LEFT_OUT = "Some people of `learn` are missing from the training part. Nobody is left out: the rarer class is copied."
_UNEQUAL = "The two classes are not equally frequent in the training part. How many copies are missing?"
_FREQUENT = "There are copies of people with label 0, the frequent class."
_STRANGERS = "There are rows that are no copy of anybody in `learn`. Copies were asked for, not invented people."
_WRONG_LABELS = (
    "Features and labels no longer belong together in the training part: cut both with the same row numbers."
)
_SAME = "Two generators with different seeds gave the same copies: draw them with `rng`."
_FIRST = "Over many calls some people with label 1 were never copied: draw from all of them."
_OTHER_CHANCE = "Two generators with the same seed gave different copies: the chance must come from `rng` alone."


def _fold(seed):
    """Make up a small study; label 1 is the rarer one among the people to learn from."""
    rng = np.random.default_rng(seed)
    X = rng.normal(50, 12, size=(40, 3)).round(2)
    y = np.zeros(40, dtype=int)
    rows = rng.permutation(40)
    learn, judge = np.sort(rows[:28]), np.sort(rows[28:])
    y[learn[rng.permutation(28)[:7]]] = 1
    y[judge[rng.permutation(12)[:5]]] = 1
    X[judge] += 30  # so that it matters whose mean is taken
    return X, y, learn, judge


def _prepare_complaint(prepare):
    """Try the reader's function on two folds, with several generators."""
    if not callable(prepare):
        return "A function is asked for: give its name, without calling it."
    for study in (1, 2):
        X, y, learn, judge = _fold(study)
        drawn, copied = [], set()
        for seed in range(12):
            answer = prepare(X.copy(), y.copy(), learn.copy(), judge.copy(), np.random.default_rng(seed))
            complaint, copies = _fold_complaint(answer, X, y, learn, judge)
            if complaint:
                return complaint
            drawn.append(copies)
            copied |= set(copies)
        if all(copies == drawn[0] for copies in drawn):
            return _SAME
        if copied < set(learn[y[learn] == 1].tolist()):
            return _FIRST
        again = prepare(X.copy(), y.copy(), learn.copy(), judge.copy(), np.random.default_rng(3))
        if _fold_complaint(again, X, y, learn, judge)[1] != drawn[3]:
            return _OTHER_CHANCE
    return ""


def _fold_complaint(answer, X, y, learn, judge):
    """Return what is wrong with one answer, and whom it copied."""
    if answer is None:
        return "Your function returns nothing: does it end with `return`?", []
    if not isinstance(answer, tuple | list) or len(answer) != 4:
        return _FOUR, []
    Z_learn, y_learn, Z_judge, y_judge = (np.asarray(part) for part in answer)
    if Z_learn.ndim != 2 or Z_judge.ndim != 2 or Z_learn.shape[1:] != X.shape[1:] or Z_judge.shape[1:] != X.shape[1:]:
        return f"{_FOUR} Features have one row for each person and {X.shape[1]} columns.", []
    if y_learn.shape != Z_learn.shape[:1] or y_judge.shape != Z_judge.shape[:1]:
        return f"{_FOUR} There is one label for each row of features.", []
    if len(Z_judge) != len(judge) or not np.array_equal(y_judge, y[judge]):
        return _JUDGED, []
    mean, std = X[learn].mean(axis=0), X[learn].std(axis=0)
    complaint = _scale_complaint(Z_judge, Z_learn, X, y, learn, judge)
    if complaint:
        return complaint, []
    Z = (X - mean) / std
    distances = np.abs(Z_learn[:, np.newaxis] - Z).max(axis=2)
    who = np.argmin(distances, axis=1)
    known = distances.min(axis=1) < 1e-6
    if known.any() and np.isin(who[known], judge).any():
        return _LEAK, []
    if not known.all():
        return _STRANGERS, []
    if not np.array_equal(y_learn, y[who]):
        return _WRONG_LABELS, []
    counts = np.bincount(who, minlength=len(y))
    if (counts[learn] == 0).any():
        return _LEFT_OUT, []
    if (counts[learn][y[learn] == 0] > 1).any():
        return _FREQUENT, []
    if np.sum(y_learn == 1) != np.sum(y_learn == 0):
        return _UNEQUAL, []
    return "", sorted(np.repeat(np.arange(len(y)), np.maximum(counts - 1, 0)).tolist())


def _scale_complaint(Z_judge, Z_learn, X, y, learn, judge):
    """Find out by which mean and standard deviation the people to judge were standardised."""

    def by(rows, judged=judge, ddof=0):
        return (X[judged] - X[rows].mean(axis=0)) / X[rows].std(axis=0, ddof=ddof)

    rare = learn[y[learn] == 1]
    if np.allclose(Z_judge, by(learn), atol=1e-6):
        return ""
    if np.allclose(Z_judge, X[judge]):
        return _RAW
    if np.allclose(Z_judge, by(np.arange(len(X))), atol=1e-6):
        return _ALL_ROWS
    if np.allclose(Z_judge, by(judge), atol=1e-6):
        return _OWN_SCALE
    if np.allclose(Z_judge, by(learn, ddof=1), atol=1e-6):
        return "The standard deviation divides by n, as `np.std` and `StandardScaler` do, not by n - 1."
    if len(Z_learn) >= len(learn) + len(rare) and np.allclose(Z_learn.mean(axis=0), 0, atol=1e-6):
        return _AFTER_COPIES
    return _JUDGED_SCALE


def _prepare_with_scaler(X, y, learn, judge, rng):
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(X[learn])
    rare = learn[y[learn] == 1]
    copies = rng.choice(rare, len(learn) - 2 * len(rare))
    rows = np.concatenate([learn, copies])
    return scaler.transform(X[rows]), y[rows], scaler.transform(X[judge]), y[judge]


def _prepare_by_loop(X, y, learn, judge, rng):
    mean, std = X[learn].mean(axis=0), X[learn].std(axis=0)
    rows = [int(row) for row in learn]
    rare = [row for row in rows if y[row] == 1]
    while sum(y[row] == 1 for row in rows) < sum(y[row] == 0 for row in rows):
        rows.append(rare[rng.integers(len(rare))])
    Z = (X - mean) / std
    return [Z[rows], y[rows], Z[judge], y[judge]]


def _prepare_by_helper(X, y, learn, judge, rng):
    from course_utils import imbalance

    Z = (X - X[learn].mean(axis=0)) / X[learn].std(axis=0)
    rows = learn[imbalance.resampled_rows(y[learn], "oversample", rng)]
    return Z[rows], y[rows], Z[judge], y[judge]


def _scaled_on_all(X, y, learn, judge, rng):
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    rare = learn[y[learn] == 1]
    rows = np.concatenate([learn, rng.choice(rare, len(learn) - 2 * len(rare))])
    return Z[rows], y[rows], Z[judge], y[judge]


def _scaled_after(X, y, learn, judge, rng):
    rare = learn[y[learn] == 1]
    rows = np.concatenate([learn, rng.choice(rare, len(learn) - 2 * len(rare))])
    mean, std = X[rows].mean(axis=0), X[rows].std(axis=0)
    return (X[rows] - mean) / std, y[rows], (X[judge] - mean) / std, y[judge]


def _scaled_apart(X, y, learn, judge, rng):
    Z, labels, _, y_judge = _prepare_with_scaler(X, y, learn, judge, rng)
    return Z, labels, (X[judge] - X[judge].mean(axis=0)) / X[judge].std(axis=0), y_judge


def _not_scaled(X, y, learn, judge, rng):
    rare = learn[y[learn] == 1]
    rows = np.concatenate([learn, rng.choice(rare, len(learn) - 2 * len(rare))])
    return X[rows], y[rows], X[judge], y[judge]


def _copies_of_all(X, y, learn, judge, rng):
    Z = (X - X[learn].mean(axis=0)) / X[learn].std(axis=0)
    rare = np.flatnonzero(y == 1)  # also those to judge
    missing = np.sum(y[learn] == 0) - np.sum(y[learn] == 1)
    rows = np.concatenate([learn, rng.choice(rare, missing)])
    return Z[rows], y[rows], Z[judge], y[judge]


def _both_balanced(X, y, learn, judge, rng):
    Z, labels, Z_judge, y_judge = _prepare_with_scaler(X, y, learn, judge, rng)
    more = np.concatenate([np.arange(len(judge)), np.flatnonzero(y_judge == 1)[:2]])
    return Z, labels, Z_judge[more], y_judge[more]


def _undersampled(X, y, learn, judge, rng):
    Z = (X - X[learn].mean(axis=0)) / X[learn].std(axis=0)
    rare, frequent = learn[y[learn] == 1], learn[y[learn] == 0]
    rows = np.concatenate([rare, rng.choice(frequent, len(rare), replace=False)])
    return Z[rows], y[rows], Z[judge], y[judge]


def _drawn_anew(X, y, learn, judge, rng):
    Z = (X - X[learn].mean(axis=0)) / X[learn].std(axis=0)
    rare, frequent = learn[y[learn] == 1], learn[y[learn] == 0]
    rows = np.concatenate([frequent, rng.choice(rare[1:], len(frequent))])  # the rare ones are not kept
    return Z[rows], y[rows], Z[judge], y[judge]


def _too_many(X, y, learn, judge, rng):
    Z = (X - X[learn].mean(axis=0)) / X[learn].std(axis=0)
    rare, frequent = learn[y[learn] == 1], learn[y[learn] == 0]
    rows = np.concatenate([learn, rng.choice(rare, len(frequent))])
    return Z[rows], y[rows], Z[judge], y[judge]


def _invented(X, y, learn, judge, rng):
    from course_utils import imbalance

    Z = (X - X[learn].mean(axis=0)) / X[learn].std(axis=0)
    return *imbalance.smote(Z[learn], y[learn], n_neighbours=3, seed=rng), Z[judge], y[judge]


def _always_the_same(X, y, learn, judge, rng):
    return _prepare_with_scaler(X, y, learn, judge, np.random.default_rng(0))


def _only_first(X, y, learn, judge, rng):
    Z = (X - X[learn].mean(axis=0)) / X[learn].std(axis=0)
    rare = learn[y[learn] == 1]
    rows = np.concatenate([learn, rng.choice(rare[:3], len(learn) - 2 * len(rare))])
    return Z[rows], y[rows], Z[judge], y[judge]


def _chance_of_its_own(X, y, learn, judge, rng):
    return _prepare_with_scaler(X, y, learn, judge, np.random.default_rng())


def _labels_in_old_order(X, y, learn, judge, rng):
    Z, labels, Z_judge, y_judge = _prepare_with_scaler(X, y, learn, judge, rng)
    return Z, np.sort(labels), Z_judge, y_judge


def _three(X, y, learn, judge, rng):
    return _prepare_with_scaler(X, y, learn, judge, rng)[:3]


def _silent(X, y, learn, judge, rng):
    _prepare_with_scaler(X, y, learn, judge, rng)


# --- 5.2-d: choose a threshold ---------------------------------------------------------------------------------------

_NO_NUMBER = "A threshold is one number."
_SWAPPED = "The two costs are swapped: which of them belongs to people with label 1 who are not called?"
_FORMULA = (
    "This is the formula for calibrated outputs. These outputs are none, so the threshold must be chosen on the people."
)
_COST_RETURNED = "This is the lowest cost. Asked for is the threshold at which it is reached."
_NOBODY = "Here it costs least to call nobody: is a threshold above all outputs among your candidates?"
_EVERYBODY = "Here it costs least to call everybody: does the lowest output reach your threshold?"
_STRICT = "People whose output is equal to the threshold are called too: `>=`, not `>`."
_GRID = "Between the thresholds you tried lie cheaper ones. Which thresholds can make a difference at all?"
_EQUAL = "Your threshold is the best one where both errors cost the same. Here they do not."
_INDEX = "This is a place in a list of thresholds. Asked for is the threshold that stands there."
_RATES = "Shares within each class were added up. The total cost counts people: so many misses, so many false alarms."
_DEAREST = "Your threshold is the dearest of all, not the cheapest."


def _total(labels, outputs, threshold, cost_miss, cost_alarm):
    called = np.asarray(outputs) >= threshold
    return cost_miss * np.sum(~called & (labels == 1)) + cost_alarm * np.sum(called & (labels == 0))


def _validation(seed, n=60, low=0.0, high=1.0, signal=1.2):
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % 6 == 0).astype(int)
    raw = rng.normal(size=n) + signal * labels
    outputs = low + (high - low) / (1 + np.exp(-raw))
    return labels, outputs.round(3)


_STUDIES = (
    (*_validation(1, signal=1.6), 4.0, 1.0),
    (*_validation(2, low=0.4, high=0.6), 4.0, 1.0),
    (*_validation(3, low=0.3, high=0.34), 7.0, 2.0),
    (np.array([0, 0, 1, 0, 1]), np.array([0.9, 0.2, 0.7, 0.4, 0.4]), 3.0, 1.0),  # a tie of both labels
    (np.array([1, 0, 0, 0, 0, 0]), np.array([0.2, 0.9, 0.8, 0.7, 0.6, 0.97]), 1.0, 1.0),  # nobody
    (np.array([1, 1, 0, 1, 0]), np.array([0.1, 0.0, 0.3, 0.2, 0.9]), 20.0, 1.0),  # everybody
    (np.array([0, 1, 0, 0]), np.array([1.0, 0.3, 0.6, 0.5]), 3.0, 2.0),  # nobody, and an output of 1
    (np.array([0, 1, 1, 0, 0, 1, 0]), 0.6 + np.arange(1, 8) * 1e-7, 2.0, 1.0),  # finer than any grid
)


def _threshold_complaint(choose_threshold):
    if not callable(choose_threshold):
        return "A function is asked for: give its name, without calling it."
    for labels, outputs, miss, alarm in _STUDIES:
        answer = choose_threshold(labels.copy(), outputs.copy(), miss, alarm)
        complaint = _one_threshold_complaint(answer, labels, outputs, miss, alarm)
        if complaint:
            return complaint
    return ""


def _one_threshold_complaint(answer, labels, outputs, miss, alarm):
    if answer is None:
        return "Your function returns nothing: does it end with `return`?"
    array = np.asarray(answer)
    if array.shape not in ((), (1,)) or array.dtype.kind not in "iuf" or np.isnan(array).any():
        return _NO_NUMBER
    threshold = float(array.reshape(()) if array.shape == () else array[0])
    candidates = [*np.unique(outputs), np.inf]
    costs = np.array([_total(labels, outputs, t, miss, alarm) for t in candidates])
    reached = _total(labels, outputs, threshold, miss, alarm)
    if np.isclose(reached, costs.min()):
        return ""
    n, best = len(labels), candidates[int(np.argmin(costs))]
    if np.any(np.isclose(threshold, [costs.min(), costs.min() / n])):
        return _COST_RETURNED
    if np.isclose(threshold, alarm / (alarm + miss)):
        return _FORMULA
    if np.isinf(best):
        return _NOBODY
    if best == outputs.min():
        return _EVERYBODY

    def is_lowest(total):
        """Is this the best threshold for somebody who counts the cost in another way?"""
        return np.isclose(total(threshold), min(total(t) for t in candidates))

    def strictly(t):
        return _total(labels, outputs, np.nextafter(t, 9), miss, alarm)

    def swapped(t):
        return _total(labels, outputs, t, alarm, miss)

    def equal(t):
        return _total(labels, outputs, t, 1, 1)

    def rates(t):
        return _total(labels, outputs, t, miss / np.sum(labels == 1), alarm / np.sum(labels == 0))

    on_an_output = np.any(np.isclose(threshold, outputs, rtol=0, atol=1e-9))
    if array.dtype.kind in "iu" and threshold > 1:
        return _INDEX
    of_a_grid = not float(threshold).is_integer() and np.isclose(100 * threshold, round(100 * threshold), atol=1e-9)
    if (on_an_output or threshold < outputs.min()) and is_lowest(strictly) and not of_a_grid:
        return _STRICT
    if miss != alarm and is_lowest(swapped):
        return _SWAPPED
    if miss != alarm and is_lowest(equal):
        return _EQUAL
    if is_lowest(rates):
        return _RATES
    if of_a_grid or not on_an_output:
        return _GRID
    if np.isclose(reached, costs.max()):
        return _DEAREST
    return (
        f"With the costs {miss:g} and {alarm:g} your threshold {threshold:.3g} costs {reached:g} on {n} people; "
        f"another one costs less. Count misses and false alarms for each threshold that makes a difference."
    )


def _choose(labels, outputs, cost_miss, cost_alarm):
    best, lowest = None, np.inf
    for threshold in [*outputs, 2.0]:
        called = outputs >= threshold
        cost = cost_miss * np.sum(~called & (labels == 1)) + cost_alarm * np.sum(called & (labels == 0))
        if cost < lowest:
            best, lowest = threshold, cost
    return best


def _choose_with_array(labels, outputs, cost_miss, cost_alarm):
    thresholds = np.append(np.unique(outputs), 1.5)
    called = outputs[np.newaxis] >= thresholds[:, np.newaxis]
    misses, alarms = (~called & (labels == 1)).sum(axis=1), (called & (labels == 0)).sum(axis=1)
    return thresholds[np.argmin(cost_miss * misses + cost_alarm * alarms)]


def _choose_by_helper(labels, outputs, cost_miss, cost_alarm):
    from course_utils import imbalance

    return imbalance.best_threshold(labels, outputs, cost_miss, cost_alarm)


def _place_of_the_threshold(labels, outputs, cost_miss, cost_alarm):
    return np.argmin([_total(labels, outputs, t, cost_miss, cost_alarm) for t in [*outputs, 2.0]])


def _by_rates(labels, outputs, cost_miss, cost_alarm):
    return _choose(labels, outputs, cost_miss / np.sum(labels == 1), cost_alarm / np.sum(labels == 0))


def _one_above_all(labels, outputs, cost_miss, cost_alarm):
    return min([*outputs, 1.0], key=lambda t: _total(labels, outputs, t, cost_miss, cost_alarm))


def _choose_in_the_middle(labels, outputs, cost_miss, cost_alarm):
    ordered = np.unique(outputs)
    thresholds = np.concatenate([[-1.0], (ordered[1:] + ordered[:-1]) / 2, [np.inf]])
    return min(thresholds, key=lambda t: _total(labels, outputs, t, cost_miss, cost_alarm))


def _choose_on_fine_grid(labels, outputs, cost_miss, cost_alarm):
    thresholds = np.append(np.linspace(0, 1, 5001), 1.1)
    return min(thresholds, key=lambda t: _total(labels, outputs, t, cost_miss, cost_alarm))


def _swapped_costs(labels, outputs, cost_miss, cost_alarm):
    return _choose(labels, outputs, cost_alarm, cost_miss)


def _by_formula(labels, outputs, cost_miss, cost_alarm):
    return cost_alarm / (cost_alarm + cost_miss)


def _lowest_cost_itself(labels, outputs, cost_miss, cost_alarm):
    return min(_total(labels, outputs, t, cost_miss, cost_alarm) for t in [*outputs, 2.0])


def _on_coarse_grid(labels, outputs, cost_miss, cost_alarm):
    return min(np.linspace(0, 1.1, 12), key=lambda t: _total(labels, outputs, t, cost_miss, cost_alarm))


def _without_nobody(labels, outputs, cost_miss, cost_alarm):
    return min(outputs, key=lambda t: _total(labels, outputs, t, cost_miss, cost_alarm))


def _without_everybody(labels, outputs, cost_miss, cost_alarm):
    return min([*np.unique(outputs)[1:], 2.0], key=lambda t: _total(labels, outputs, t, cost_miss, cost_alarm))


def _strictly_above(labels, outputs, cost_miss, cost_alarm):
    def cost(threshold):
        called = outputs > threshold
        return cost_miss * np.sum(~called & (labels == 1)) + cost_alarm * np.sum(called & (labels == 0))

    return min([-1.0, *np.unique(outputs)], key=cost)


def _fewest_errors(labels, outputs, cost_miss, cost_alarm):
    return _choose(labels, outputs, 1, 1)


def _dearest(labels, outputs, cost_miss, cost_alarm):
    return max([*outputs, 2.0], key=lambda t: _total(labels, outputs, t, cost_miss, cost_alarm))


def _all_thresholds(labels, outputs, cost_miss, cost_alarm):
    return [_choose(labels, outputs, cost_miss, cost_alarm), 0.5]


EXERCISES = [
    Exercise(
        id="5.2-a",
        expected=0.625,
        solutions=(np.float64(0.625), Fraction(5, 8), np.mean([1, 2 / 4, 3 / 8])),
        misconceptions=(
            Misconception(
                answer=14 / 21,
                hint="This is the AUC, which counts pairs. Asked for is an average of positive predictive values.",
                also=(0.667, 0.66, 0.67),
            ),
            Misconception(
                answer=0.3,
                hint="This is the PPV if everybody is called: the prevalence, which no knowledge is needed for.",
            ),
            Misconception(
                answer=0.375,
                hint="This is the PPV at the last of the three places. Average over all three.",
            ),
            Misconception(
                answer=(1 + 1 / 4 + 1 / 8) / 3,
                hint="At place 4 two of the four people called had the event, not one: count all squares so far.",
                also=(0.458,),
            ),
            Misconception(answer=0.63, hint="Nearly. At least three decimals are asked for.", also=(0.62,)),
            Misconception(
                answer=1.875,
                hint="This is the sum of the three. By how many is it divided?",
            ),
            Misconception(
                answer=0.1875,
                hint="The sum is divided by the number of people with the event, not by that of all people.",
                also=(0.188,),
            ),
            Misconception(
                answer=13 / 3,
                hint="This is the mean place. A place is no share: how many of those called down to it had the event?",
                also=(4.33, 4.333),
            ),
        ),
        hint="Stop at each place where somebody had the event: what share of the people so far had it?",
        tolerance=6e-4,
    ),
    Exercise(
        id="5.2-b",
        expected=_undo_weights,
        cases=(
            (np.array([0.5, 0.8, 0.1]), 9.0, 1.0),
            (np.array([0.25, 0.999, 0.001, 0.6]), 6.0, 6 / 11),
            (np.array([0.7]), 1.0, 4.0),
            (np.array([0.3, 0.9]), 2, 2),
        ),
        solutions=(_undo_by_odds, _undo_by_loop, _undo_by_logit, _undo_by_prior),
        misconceptions=(
            Misconception(answer=_wrong_way, hint="You have applied the weights once more. The way back divides."),
            Misconception(
                answer=_probabilities_divided,
                hint="Probabilities were divided. The weights multiply the odds: go there first, and back.",
            ),
            Misconception(answer=_odds_returned, hint="These are odds. Turn them back into probabilities."),
            Misconception(
                answer=_only_w1, hint="The weight of the people without the event counts as well: both matter."
            ),
            Misconception(
                answer=_not_normed, hint="The odds are multiplied by the ratio of the weights, not by both of them."
            ),
            Misconception(
                answer=_odds_of_the_share,
                hint="The odds of an output are it divided by one minus it; here the second part is missing.",
            ),
        ),
        hint="Take the output 0.5 with the weights 9 and 1: the example by hand says what stands behind it.",
        error_hint="`p` is an array, the weights are numbers: no loop is needed.",
    ),
    Exercise(
        id="5.2-c",
        expected=_prepare_with_scaler,
        solutions=(_prepare_by_loop, _prepare_by_helper),
        misconceptions=(
            Misconception(answer=_scaled_on_all, hint=_ALL_ROWS),
            Misconception(answer=_scaled_after, hint=_AFTER_COPIES),
            Misconception(answer=_scaled_apart, hint=_OWN_SCALE),
            Misconception(answer=_not_scaled, hint=_RAW),
            Misconception(answer=_copies_of_all, hint=_LEAK),
            Misconception(answer=_both_balanced, hint=_JUDGED),
            Misconception(answer=_undersampled, hint=_LEFT_OUT, also=(_drawn_anew,)),
            Misconception(answer=_too_many, hint=_UNEQUAL),
            Misconception(answer=_invented, hint=_STRANGERS),
            Misconception(answer=_always_the_same, hint=_SAME),
            Misconception(answer=_only_first, hint=_FIRST),
            Misconception(answer=_chance_of_its_own, hint=_OTHER_CHANCE),
            Misconception(answer=_labels_in_old_order, hint=_WRONG_LABELS),
            Misconception(answer=_three, hint=_FOUR),
            Misconception(answer=_silent, hint="Your function returns nothing: does it end with `return`?"),
        ),
        requirement=_prepare_complaint,
        error_hint="`learn` and `judge` are row numbers: `X[learn]` are the people to learn from. "
        "The same person may be copied more than once.",
    ),
    Exercise(
        id="5.2-d",
        expected=_choose,
        solutions=(_choose_with_array, _choose_by_helper, _choose_in_the_middle),
        misconceptions=(
            Misconception(answer=_swapped_costs, hint=_SWAPPED),
            Misconception(answer=_by_formula, hint=_FORMULA),
            Misconception(answer=_lowest_cost_itself, hint=_COST_RETURNED),
            Misconception(answer=_on_coarse_grid, hint=_GRID, also=(_choose_on_fine_grid,)),
            Misconception(answer=_without_nobody, hint=_NOBODY, also=(_one_above_all,)),
            Misconception(answer=_place_of_the_threshold, hint=_INDEX),
            Misconception(answer=_by_rates, hint=_RATES),
            Misconception(answer=_without_everybody, hint=_EVERYBODY),
            Misconception(answer=_strictly_above, hint=_STRICT),
            Misconception(answer=_fewest_errors, hint=_EQUAL),
            Misconception(answer=_dearest, hint=_DEAREST),
            Misconception(answer=_all_thresholds, hint=_NO_NUMBER),
        ),
        requirement=_threshold_complaint,
        error_hint="`labels` and `outputs` are arrays; `outputs >= 0.3` gives one answer a person.",
    ),
]
