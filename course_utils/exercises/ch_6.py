"""Checks behind the exercises of chapter 6, Frequent questions."""

from fractions import Fraction

import numpy as np

from course_utils.exercises import Exercise, Misconception

# --- 6-b: the local level --------------------------------------------------------------------------------------------

_FORM_B = "An array is asked for, with one new output for each old one."
_OUTSIDE = "Some new outputs are not between 0 and 1: odds, not outputs, are multiplied."
_RATIO = (
    "You multiplied by the odds of the wanted mean over the odds of the old mean. The mean of the new outputs then "
    "comes near the mean of `y`, but does not reach it: odds do not average like probabilities."
)
_MULTIPLIED = "The outputs themselves were multiplied. Go to the odds first, and come back at the end."
_ADDED = "The same number was added to every output. The odds are to be multiplied."
_EVERYBODY_ALIKE = "Everybody gets the same output: the order of the patients is lost."
_ODDS_B = "These are odds. Turn them back into probabilities."
_SPREAD = (
    "The spread has changed as well: odds were not all multiplied by the same number. (Rounding the outputs does that.)"
)
_LEVEL = (
    "The mean of the new outputs is not yet the mean of `y`. If you searched: is the number you need inside the range?"
)
_NAN = "Some new outputs are not numbers (NaN): was something divided by zero?"
_UNCHANGED = "The outputs are as they were."


def _local_patients():
    """Outputs and labels of five places: too high, too low, nearly right, one with extreme outputs, one near 1."""
    rng = np.random.default_rng(6)
    for shift, n, spread in ((-2.5, 80, 1.5), (1.5, 60, 1.0), (0.4, 50, 2.0), (-5.0, 200, 3.0)):
        logit = rng.normal(0.3, spread, n)
        y = (rng.random(n) < 1 / (1 + np.exp(-logit - shift))).astype(int)
        y[:2] = 0, 1
        yield 1 / (1 + np.exp(-logit)), y
    yield 1 / (1 + np.exp(-rng.normal(8, 0.5, 60))), np.repeat([0, 1], 30)  # the number is below a thousandth


def _level_complaint(set_level):
    if not callable(set_level):
        return "A function is asked for: give its name, without calling it."
    for p, y in _local_patients():
        answer = set_level(p.copy(), y.copy())
        if answer is None:
            return "Your function returns nothing: does it end with `return`?"
        new = np.asarray(answer, dtype=float)
        if new.shape != p.shape:
            return _FORM_B
        complaint = _one_level_complaint(new, p, y)
        if complaint:
            return complaint
    return ""


def _one_level_complaint(new, p, y):
    if np.isnan(new).any():
        return _NAN
    odds = p / (1 - p)
    ratio = y.mean() / (1 - y.mean()) / (p.mean() / (1 - p.mean()))
    if np.allclose(new, p):
        return _UNCHANGED
    if np.ptp(new) < 1e-9:
        return _EVERYBODY_ALIKE
    if np.allclose(new, p * y.mean() / p.mean()):
        return _MULTIPLIED
    if np.allclose(new - p, (new - p)[0]):
        return _ADDED
    if np.allclose(new / odds, (new / odds)[0]):
        return _ODDS_B
    if not np.all((new > 0) & (new < 1)):
        return _OUTSIDE
    factors = new / (1 - new) / odds
    if np.allclose(factors, ratio, rtol=1e-4):
        return _RATIO
    if not np.allclose(factors, np.median(factors), rtol=1e-3):
        return _SPREAD
    if abs(new.mean() - y.mean()) < 6e-4:
        return ""
    return f"{_LEVEL} Yours is {new.mean():.4f}, that of `y` {y.mean():.4f}."


def _by_halving(p, y):
    odds, low, high = p / (1 - p), 1e-6, 1e6
    for _ in range(100):
        factor = np.sqrt(low * high)
        if np.mean(factor * odds / (1 + factor * odds)) > np.mean(y):
            high = factor
        else:
            low = factor
    return factor * odds / (1 + factor * odds)


def _by_root(p, y):
    from scipy import optimize, special

    shift = optimize.brentq(lambda move: special.expit(special.logit(p) + move).mean() - y.mean(), -30, 30)
    return special.expit(special.logit(p) + shift)


def _by_small_steps(p, y):
    logit = [float(np.log(value / (1 - value))) for value in p]
    shift, wanted = 0.0, sum(y) / len(y)
    for _ in range(3000):
        outputs = [1 / (1 + np.exp(-value - shift)) for value in logit]
        shift += 2 * (wanted - sum(outputs) / len(outputs))
        if abs(wanted - sum(outputs) / len(outputs)) < 1e-6:
            break
    return outputs


def _by_grid(p, y):
    odds = p / (1 - p)
    shifts = np.exp(np.linspace(-12, 12, 24001))
    means = [np.mean(shift * odds / (1 + shift * odds)) for shift in shifts]
    shift = shifts[np.argmin(np.abs(np.array(means) - y.mean()))]
    return shift * odds / (1 + shift * odds)


def _by_ratio_of_odds(p, y):
    odds = p / (1 - p) * y.mean() / (1 - y.mean()) / (p.mean() / (1 - p.mean()))
    return odds / (1 + odds)


def _outputs_multiplied(p, y):
    return p * y.mean() / p.mean()


def _difference_added(p, y):
    return p + y.mean() - p.mean()


def _share_for_all(p, y):
    return np.full(len(p), y.mean())


def _odds_left(p, y):
    new = _by_halving(p, y)
    return new / (1 - new)


def _slope_too(p, y):
    from sklearn.linear_model import LogisticRegression

    logit = np.log(p / (1 - p))[:, np.newaxis]
    return LogisticRegression(C=1e9).fit(logit, y).predict_proba(logit)[:, 1]


def _too_coarse(p, y):
    odds = p / (1 - p)
    factors = np.arange(0.25, 8, 0.25)
    means = [np.mean(factor * odds / (1 + factor * odds)) for factor in factors]
    factor = factors[np.argmin(np.abs(np.array(means) - y.mean()))]
    return factor * odds / (1 + factor * odds)


def _too_narrow(p, y):
    odds, low, high = p / (1 - p), 0.001, 1000
    for _ in range(100):
        factor = np.sqrt(low * high)
        if np.mean(factor * odds / (1 + factor * odds)) > np.mean(y):
            high = factor
        else:
            low = factor
    return factor * odds / (1 + factor * odds)


def _rounded(p, y):
    return np.round(_by_halving(p, y), 3)


def _not_numbers(p, y):
    return np.full(len(p), np.nan)


def _left_as_it_is(p, y):
    return p.copy()


def _factor_alone(p, y):
    new = _by_halving(p, y)
    return float((new / (1 - new) / (p / (1 - p)))[0])


# --- 6-c: the audit --------------------------------------------------------------------------------------------------

_NAMES = "A list of names of groups is asked for."
_EVERYBODY = "You looked at all patients of a group. The sensitivity is a share of its ill patients."
_WELL = "You looked at the well patients of a group: that is about the specificity."
_ESTIMATE = "You compared the estimate with the promise: a group of two, one of them found, would be accused."
_LOW_END = (
    "You compared the lower end with the promise. An interval that reaches above the promise does not lie below it."
)
_CALLED = "You looked at those who were called: that is the predictive value. Who of the ill was called?"
_KEPT = "You name the groups that keep the promise. Those that break it are asked for."
_ALL_TOGETHER = "Each group is judged by its own patients, not by the whole hospital."
_OTHER_INTERVAL = "This is another interval of a share. Take that of `evaluation.proportion_interval`."
_LONGER = "The interval is longer than the one of 95 %: asked for is the plain one, for each group by itself."
_MISSED = "This is about the ill whom the model missed. The sensitivity is the share that it found."
_PROMISE = "The promise of the audit is an argument: a promise of 0.6 accuses fewer groups than one of 0.9."


def _hospital(seed, sizes, ill_share, found):
    rng = np.random.default_rng(seed)
    groups = np.concatenate([np.repeat(name, size) for name, size in sizes.items()])
    labels, calls = np.zeros(len(groups), dtype=int), np.zeros(len(groups), dtype=int)
    for name in sizes:
        here = np.flatnonzero(groups == name)
        n_ill = round(ill_share[name] * len(here))
        labels[here[:n_ill]] = 1
        calls[here[: round(found[name][0] * n_ill)]] = 1
        calls[here[n_ill : n_ill + round(found[name][1] * (len(here) - n_ill))]] = 1
    mixed = rng.permutation(len(groups))
    return labels[mixed], calls[mixed], groups[mixed]


def _studies():
    first = _hospital(
        1,
        {"north": 400, "south": 300, "east": 20, "west": 200, "island": 15},
        {"north": 0.5, "south": 0.4, "east": 0.3, "west": 0.5, "island": 0.0},
        {"north": (0.82, 0.1), "south": (0.6, 0.3), "east": (0.67, 0.2), "west": (0.78, 0.7), "island": (0, 0.4)},
    )
    second = _hospital(
        2,
        {"women": 500, "men": 500, "unknown": 9},
        {"women": 0.2, "men": 0.3, "unknown": 0.6},
        {"women": (0.55, 0.02), "men": (0.75, 0.4), "unknown": (0.2, 0.5)},
    )
    third = _hospital(
        3, {"day": 300, "night": 300}, {"day": 0.8, "night": 0.5}, {"day": (0.9, 0.1), "night": (0.4, 0.6)}
    )
    studies = [(*first, 0.8), (*first, 0.72), (*first, 0.95), (*second, 0.6), (*second, 0.9), (*second, 0.3)]
    fourth = _hospital(
        4, {"ward": 16, "clinic": 60}, {"ward": 0.5, "clinic": 0.5}, {"ward": (0.5, 0.25), "clinic": (0.9, 0.1)}
    )
    return [*studies, (*third, 0.7), (*fourth, 0.8)]  # 4 of 8 found: only just below 0.8


def _audit(labels, calls, groups, promised):
    from course_utils import evaluation

    broken = []
    for name in np.unique(groups):
        found = calls[(groups == name) & (labels == 1)]
        if len(found) > 0 and evaluation.proportion_interval(found).high < promised:
            broken.append(str(name))
    return broken


def _audit_with_pandas(labels, calls, groups, promised):
    import pandas as pd

    from course_utils import evaluation

    table = pd.DataFrame({"ill": labels, "called": calls, "group": groups})
    broken = set()
    for name, rows in table[table["ill"] == 1].groupby("group"):
        if evaluation.proportion_interval(rows["called"].to_numpy()).high < promised:
            broken.add(name)
    return broken


def _audit_by_counting(labels, calls, groups, promised):
    ill, found = {}, {}
    for label, call, name in zip(labels.tolist(), calls.tolist(), groups.tolist(), strict=True):
        if label == 1:
            ill[name] = ill.get(name, 0) + 1
            found[name] = found.get(name, 0) + call
    broken = []
    for name, n in ill.items():
        share, z = found[name] / n, 1.959963984540054
        middle = share + z * z / (2 * n)
        high = (middle + z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n)
        if high < promised:
            broken.append(name)
    return broken[::-1]


def _audit_as_array(labels, calls, groups, promised):
    return np.array(_audit(labels, calls, groups, promised))


def _variant(keep, decide):
    """Return an audit that looks at other patients or compares something else with the promise."""

    def audit(labels, calls, groups, promised):
        from course_utils import evaluation

        broken = []
        for name in np.unique(groups):
            values = keep(labels, calls, groups == name)
            if len(values) > 0 and decide(evaluation.proportion_interval(values), promised):
                broken.append(str(name))
        return broken

    return audit


def _found_of_the_ill(labels, calls, here):
    return calls[here & (labels == 1)]


def _wholly_below(interval, promised):
    return interval.high < promised


_calls_of_everybody = _variant(lambda labels, calls, here: calls[here], _wholly_below)
_accuracy_of_everybody = _variant(lambda labels, calls, here: (calls == labels)[here].astype(int), _wholly_below)
_spared_of_the_well = _variant(lambda labels, calls, here: 1 - calls[here & (labels == 0)], _wholly_below)
_calls_of_the_well = _variant(lambda labels, calls, here: calls[here & (labels == 0)], _wholly_below)
_missed_of_the_ill = _variant(lambda labels, calls, here: 1 - calls[here & (labels == 1)], _wholly_below)
_ill_of_the_called = _variant(lambda labels, calls, here: labels[here & (calls == 1)], _wholly_below)
_estimate_below = _variant(_found_of_the_ill, lambda interval, promised: interval.estimate < promised)
_low_end_below = _variant(_found_of_the_ill, lambda interval, promised: interval.low < promised)
_keepers = _variant(_found_of_the_ill, lambda interval, promised: interval.high >= promised)
_fixed_promise = _variant(_found_of_the_ill, lambda interval, promised: interval.high < 0.8)


def _by_other_interval(upper_end):
    """Return an audit with another interval of a share, whose upper end is computed from found and ill."""

    def audit(labels, calls, groups, promised):
        broken = []
        for name in np.unique(groups):
            found = calls[(groups == name) & (labels == 1)]
            if len(found) > 0 and upper_end(int(found.sum()), len(found)) < promised:
                broken.append(str(name))
        return broken

    return audit


def _exact_end(found, n):
    from scipy import stats

    return 1.0 if found == n else stats.beta.ppf(0.975, found + 1, n - found)


def _normal_end(found, n):
    return found / n + 1.96 * np.sqrt(found / n * (1 - found / n) / n)


_exact_interval, _normal_interval = _by_other_interval(_exact_end), _by_other_interval(_normal_end)


def _corrected_for_groups(labels, calls, groups, promised):
    from course_utils import evaluation

    names, broken = np.unique(groups), []
    for name in names:
        found = calls[(groups == name) & (labels == 1)]
        level = 1 - 0.05 / len(names)
        if len(found) > 0 and evaluation.proportion_interval(found, level=level).high < promised:
            broken.append(str(name))
    return broken


def _audit_against_all(labels, calls, groups, promised):
    from course_utils import evaluation

    overall = evaluation.proportion_interval(calls[labels == 1]).high
    return list(np.unique(groups)) if overall < promised else []


def _numbers_of_groups(labels, calls, groups, promised):
    names = list(np.unique(groups))
    return [names.index(name) for name in _audit(labels, calls, groups, promised)]


def _silent_audit(labels, calls, groups, promised):
    _audit(labels, calls, groups, promised)


def _audit_complaint(audit):
    if not callable(audit):
        return "A function is asked for: give its name, without calling it."
    answers, wanted = [], []
    for labels, calls, groups, promised in _studies():
        answer = audit(labels.copy(), calls.copy(), groups.copy(), promised)
        if answer is None:
            return "Your function returns nothing: does it end with `return`?"
        if isinstance(answer, str) or not hasattr(answer, "__iter__"):
            return _NAMES
        names = [str(name) for name in answer]
        if not set(names) <= set(groups.tolist()):
            return f"{_NAMES} {names[0]!r} is the name of none."
        answers.append(sorted(set(names)))
        wanted.append(sorted(_audit(labels, calls, groups, promised)))
    if answers == wanted:
        return ""
    for wrong, hint in _WRONG_AUDITS.items():
        if answers == [sorted(wrong(*study)) for study in _studies()]:
            return hint
    first = next(i for i, (a, w) in enumerate(zip(answers, wanted, strict=True)) if a != w)
    too_many, missing = set(answers[first]) - set(wanted[first]), set(wanted[first]) - set(answers[first])
    promised = _studies()[first][3]
    if too_many:
        return f"With a promise of {promised} you name {min(too_many)!r}: does its interval end below the promise?"
    return f"With a promise of {promised} you do not name {min(missing)!r}: look at its ill patients."


_WRONG_AUDITS = {
    _calls_of_everybody: _EVERYBODY,
    _accuracy_of_everybody: _EVERYBODY,
    _spared_of_the_well: _WELL,
    _calls_of_the_well: _WELL,
    _missed_of_the_ill: _MISSED,
    _exact_interval: _OTHER_INTERVAL,
    _normal_interval: _OTHER_INTERVAL,
    _corrected_for_groups: _LONGER,
    _ill_of_the_called: _CALLED,
    _estimate_below: _ESTIMATE,
    _low_end_below: _LOW_END,
    _keepers: _KEPT,
    _audit_against_all: _ALL_TOGETHER,
    _fixed_promise: _PROMISE,
}

# --- 6-d: plan the study ---------------------------------------------------------------------------------------------


def _standard_error(auc, n_ill, n_well):
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    upper = auc * (1 - auc) + (n_ill - 1) * (q1 - auc**2) + (n_well - 1) * (q2 - auc**2)
    return (upper / (n_ill * n_well)) ** 0.5


def _needed(auc, half, n=2):
    while 1.96 * _standard_error(auc, n, n) > half:
        n += 1
    return n


def _needed_at_once(auc, half):
    n = np.arange(2, 100_000)
    return n[1.96 * _standard_error(auc, n, n) <= half][0]


def _needed_by_formula(auc, half):
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    both = q1 + q2 - 2 * auc**2
    wanted = (half / 1.96) ** 2  # wanted * n^2 - both * n - (auc (1 - auc) - both) = 0
    root = (both + np.sqrt(both**2 + 4 * wanted * (auc * (1 - auc) - both))) / (2 * wanted)
    return max(2, int(np.ceil(root - 1e-9)))


def _both_kinds(auc, half):
    return 2 * _needed(auc, half)


def _without_196(auc, half):
    n = 2
    while _standard_error(auc, n, n) > half:
        n += 1
    return n


def _whole_length(auc, half):
    return _needed(auc, half / 2)


def _one_more(auc, half):
    return _needed(auc, half) + 1


def _one_less(auc, half):
    return max(2, _needed(auc, half) - 1)


def _from_one(auc, half):
    return _needed(auc, half, n=1)


def _gives_up(auc, half):
    return min(_needed(auc, half), 1000)


def _variance_not_rooted(auc, half):
    n = 2
    while 1.96 * _standard_error(auc, n, n) ** 2 > half:
        n += 1
    return n


def _as_a_share(auc, half):
    return int(np.ceil(auc * (1 - auc) * (1.96 / half) ** 2))


EXERCISES = [
    Exercise(
        id="6-a",
        expected=float(Fraction(77, 95)),
        solutions=((7 / 3) * (3 / 2) / (9 / 11) / (1 + (7 / 3) * (3 / 2) / (9 / 11)), 0.8105),
        misconceptions=(
            Misconception(
                answer=0.9, hint="This is what the joint model reads from the cell. Late fusion does not see the cells."
            ),
            Misconception(
                answer=7 / 9, also=(0.778, 0.7778), hint="The odds of all patients are now in it twice: divide by them."
            ),
            Misconception(answer=0.65, hint="This is the mean of two probabilities. Late fusion multiplies odds."),
            Misconception(answer=0.42, hint="This is the product of two probabilities. Late fusion multiplies odds."),
            Misconception(
                answer=float(Fraction(77, 18)), also=(4.28, 4.278), hint="These are odds. Turn them into a probability."
            ),
            Misconception(
                answer=float(Fraction(63, 85)),
                also=(0.741, 0.7412),
                hint="You multiplied by the odds of all patients. Each finding changes them: what is divided by what?",
            ),
            Misconception(
                answer=0.45, hint="This is the share of the ill among all patients, before any finding is known."
            ),
        ),
        hint="Write down three odds first: of all 400, of the 200 with image +, of the 200 with laboratory +.",
        tolerance=6e-4,
    ),
    Exercise(
        id="6-b",
        expected=_by_halving,
        solutions=(_by_halving, _by_root, _by_small_steps, _by_grid),
        misconceptions=(
            Misconception(answer=_by_ratio_of_odds, hint=_RATIO),
            Misconception(answer=_outputs_multiplied, hint=_MULTIPLIED),
            Misconception(answer=_difference_added, hint=_ADDED),
            Misconception(answer=_share_for_all, hint=_EVERYBODY_ALIKE),
            Misconception(answer=_odds_left, hint=_ODDS_B),
            Misconception(answer=_slope_too, also=(_rounded,), hint=_SPREAD),
            Misconception(answer=_too_coarse, also=(_too_narrow,), hint=_LEVEL),
            Misconception(answer=_not_numbers, hint=_NAN),
            Misconception(answer=_left_as_it_is, hint=_UNCHANGED),
            Misconception(answer=_factor_alone, hint=_FORM_B),
        ),
        requirement=_level_complaint,
        error_hint="`p` and `y` are arrays: odds of all patients are one line, without a loop.",
    ),
    Exercise(
        id="6-c",
        expected=_audit,
        solutions=(_audit, _audit_with_pandas, _audit_by_counting, _audit_as_array),
        misconceptions=(
            Misconception(answer=_calls_of_everybody, also=(_accuracy_of_everybody,), hint=_EVERYBODY),
            Misconception(answer=_spared_of_the_well, also=(_calls_of_the_well,), hint=_WELL),
            Misconception(answer=_missed_of_the_ill, hint=_MISSED),
            Misconception(answer=_exact_interval, also=(_normal_interval,), hint=_OTHER_INTERVAL),
            Misconception(answer=_corrected_for_groups, hint=_LONGER),
            Misconception(answer=_ill_of_the_called, hint=_CALLED),
            Misconception(answer=_estimate_below, hint=_ESTIMATE),
            Misconception(answer=_low_end_below, hint=_LOW_END),
            Misconception(answer=_keepers, hint=_KEPT),
            Misconception(answer=_audit_against_all, hint=_ALL_TOGETHER),
            Misconception(answer=_fixed_promise, hint=_PROMISE),
            Misconception(answer=_numbers_of_groups, hint=_NAMES),
            Misconception(answer=_silent_audit, hint="Your function returns nothing: does it end with `return`?"),
        ),
        requirement=_audit_complaint,
        error_hint="One group has no ill patient: `evaluation.proportion_interval` refuses an empty array.",
    ),
    Exercise(
        id="6-d",
        expected=_needed,
        cases=((0.8, 0.1), (0.9, 0.05), (0.75, 0.08), (0.95, 0.25), (0.7, 0.03), (0.98, 0.28), (0.6, 0.02)),
        solutions=(_needed_at_once, _needed_by_formula),
        misconceptions=(
            Misconception(answer=_both_kinds, hint="These are all patients. Asked for is the number of ill ones."),
            Misconception(
                answer=_without_196, hint="The interval reaches 1.96 standard errors to either side, not one."
            ),
            Misconception(answer=_whole_length, hint="`half` is already half of the interval."),
            Misconception(
                answer=_one_more, hint="One patient fewer is enough as well: look at the end of your search."
            ),
            Misconception(answer=_one_less, hint="With so few the interval is still a little too long."),
            Misconception(
                answer=_from_one, hint="At least two of each kind: with one of each there is nothing to vary."
            ),
            Misconception(answer=_gives_up, hint="The search ends too early: a study can need more than 1,000."),
            Misconception(answer=_variance_not_rooted, hint="The formula gives the square of the standard error."),
            Misconception(
                answer=_as_a_share, hint="An AUC is no share of patients: its standard error is given above."
            ),
        ),
        hint="Try it on paper with the example: 25 and 25 patients reach 0.124 to either side for an AUC of 0.8.",
        error_hint="Start the search at 2: with one patient of each kind there is nothing to vary.",
    ),
]
