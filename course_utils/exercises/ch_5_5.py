"""Checks behind the exercises of chapter 5.5, Explainability."""

import itertools
import math
from fractions import Fraction

import numpy as np

from course_utils.exercises import Exercise, Misconception

_FUNCTION = "A function is asked for: give its name, without calling it."
_NOTHING = "Your function returns nothing: does it end with `return`?"

# --- 5.5-b: occlusion ------------------------------------------------------------------------------------------------


def _starts(length, size, stride):
    return list(range(0, length - size + 1, stride))


def _linear(weights):
    """Return a model that adds up the pixels times `weights`."""

    def predict(images):
        return np.asarray(images, dtype=float).reshape(len(images), -1) @ weights.ravel()

    return predict


def _product(images):
    """A model that is not linear: two corners matter together."""
    images = np.asarray(images, dtype=float)
    return images[:, 0, 0] * images[:, -1, -1] + images[:, 1, 2] ** 2


def _case(seed, shape, size, stride, model=None):
    rng = np.random.default_rng(seed)
    image, reference = rng.normal(2, 1, shape).round(1), rng.normal(0, 1, shape).round(1)
    weights = rng.integers(-3, 4, shape).astype(float)
    return model or _linear(weights), image, reference, size, stride


_CASES = (
    _case(1, (4, 4), 1, 1),
    _case(2, (4, 6), 2, 2),
    _case(3, (5, 5), 3, 1),
    _case(4, (6, 4), 2, 1, _product),
    _case(5, (7, 9), 3, 2, _product),
)


def _occlusion(predict, image, reference, size, stride):
    total, count = np.zeros(image.shape), np.zeros(image.shape)
    before = predict(image[np.newaxis])[0]
    for top in _starts(image.shape[0], size, stride):
        for left in _starts(image.shape[1], size, stride):
            window = slice(top, top + size), slice(left, left + size)
            covered = image.copy()
            covered[window] = reference[window]
            total[window] += before - predict(covered[np.newaxis])[0]
            count[window] += 1
    return total / count


def _occlusion_all_at_once(predict, image, reference, size, stride):
    masks = []
    for top in _starts(image.shape[0], size, stride):
        for left in _starts(image.shape[1], size, stride):
            mask = np.zeros(image.shape, dtype=bool)
            mask[top : top + size, left : left + size] = True
            masks.append(mask)
    masks = np.array(masks)
    drops = predict(image[np.newaxis]) - predict(np.where(masks, reference, image))
    return (drops[:, np.newaxis, np.newaxis] * masks).sum(axis=0) / masks.sum(axis=0)


def _occlusion_by_pixel(predict, image, reference, size, stride):
    before, height, width = float(predict(image[np.newaxis])[0]), *image.shape
    drops = {}
    for top in _starts(height, size, stride):
        for left in _starts(width, size, stride):
            covered = np.array([row.copy() for row in image])
            for i in range(top, top + size):
                for j in range(left, left + size):
                    covered[i, j] = reference[i, j]
            drops[top, left] = before - float(predict(np.array([covered]))[0])
    rows = []
    for i in range(height):
        row = []
        for j in range(width):
            over = [drop for (top, left), drop in drops.items() if top <= i < top + size and left <= j < left + size]
            row.append(sum(over) / len(over))
        rows.append(row)
    return rows


def _wrong_sign(predict, image, reference, size, stride):
    return -_occlusion(predict, image, reference, size, stride)


def _with_zero(predict, image, reference, size, stride):
    return _occlusion(predict, image, np.zeros(image.shape), size, stride)


def _with_mean(predict, image, reference, size, stride):
    return _occlusion(predict, image, np.full(image.shape, image.mean()), size, stride)


def _loop(predict, image, reference, size, stride, keep="sum", last=1, copy=True, outside=False, output=False):
    """Occlusion with one of the usual slips."""
    total, count, covered = np.zeros(image.shape), np.zeros(image.shape), image.copy()
    before = predict(image[np.newaxis])[0]
    for top in range(0, image.shape[0] - size + last, stride):
        for left in range(0, image.shape[1] - size + last, stride):
            window = slice(top, top + size), slice(left, left + size)
            if copy:
                covered = image.copy()
            if outside:
                covered = reference.copy()
                covered[window] = image[window]
            else:
                covered[window] = reference[window]
            after = predict(covered[np.newaxis])[0]
            drop = after if output else before - after
            if keep == "last":
                total[window], count[window] = drop, 1
            else:
                total[window] += drop
                count[window] += 1
    return total if keep == "total" else total / np.maximum(count, 1)


def _summed(*arguments):
    return _loop(*arguments, keep="total")


def _last_window(*arguments):
    return _loop(*arguments, keep="last")


def _one_short(*arguments):
    return _loop(*arguments, last=0)


def _never_uncovered(*arguments):
    return _loop(*arguments, copy=False)


def _all_but_the_window(*arguments):
    return _loop(*arguments, outside=True)


def _output_itself(*arguments):
    return _loop(*arguments, output=True)


def _without_stride(predict, image, reference, size, stride):
    return _loop(predict, image, reference, size, 1)


def _squared(predict, image, reference, size, stride):
    return np.abs(_occlusion(predict, image, reference, size, stride))


def _one_number_a_window(predict, image, reference, size, stride):
    before = predict(image[np.newaxis])[0]
    rows = []
    for top in _starts(image.shape[0], size, stride):
        row = []
        for left in _starts(image.shape[1], size, stride):
            covered = image.copy()
            covered[top : top + size, left : left + size] = reference[top : top + size, left : left + size]
            row.append(before - predict(covered[np.newaxis])[0])
        rows.append(row)
    return np.array(rows)


def _changes_the_image(predict, image, reference, size, stride):
    found = _occlusion(predict, image, reference, size, stride)
    image[:size, :size] = reference[:size, :size]
    return found


def _silent(*arguments):
    _occlusion(*arguments)


_SLIPS = (
    (_wrong_sign, "The sign is turned round: where covering makes the output fall, the map is positive."),
    (_with_zero, "The window was covered with 0. Cover it with the pixels of `reference`."),
    (_with_mean, "The window was covered with the mean of the image. Cover it with the pixels of `reference`."),
    (_summed, "The drops were added up. A pixel that many windows cover then looks important: what was asked for?"),
    (_last_window, "Each window overwrote what earlier windows had found for the same pixels."),
    (_one_short, "The last windows of a row or a column are missing: does your range end one step too soon?"),
    (_never_uncovered, "What was covered stayed covered: begin every window with a fresh copy of the image."),
    (_all_but_the_window, "Everything but the window was covered. Cover the window, and leave the rest as it is."),
    (_output_itself, "This is the output with the window covered. Asked for is how far it falls."),
    (_without_stride, "The window moved by one pixel each time. By how many should it move?"),
    (_squared, "All values are positive. Where covering makes the output rise, the map is negative."),
)


def _occlusion_complaint(occlusion_map):
    if not callable(occlusion_map):
        return _FUNCTION
    for predict, image, reference, size, stride in _CASES:
        given = image.copy()
        answer = occlusion_map(predict, given, reference.copy(), size, stride)
        if answer is None:
            return _NOTHING
        if not np.array_equal(given, image):
            return "Your function changed the image that it was given: work on a copy."
        answer = np.asarray(answer, dtype=float)
        windows = len(_starts(image.shape[0], size, stride)), len(_starts(image.shape[1], size, stride))
        if answer.shape == windows and windows != image.shape:
            return "This map has one number for each window. Asked for is one number for each pixel."
        if answer.shape != image.shape:
            return (
                f"For an image of {image.shape} the map has the shape {answer.shape}: one number a pixel is asked for."
            )
        if not np.isfinite(answer).all():
            return "The map holds values that are no numbers: is something divided by 0?"
    return _slip(occlusion_map)


def _slip(occlusion_map):
    """Find out which slip explains the answers on all cases."""
    answers = [np.asarray(occlusion_map(p, i.copy(), r.copy(), s, t), dtype=float) for p, i, r, s, t in _CASES]

    def same(function):
        return all(np.allclose(a, function(*case), atol=1e-5) for a, case in zip(answers, _CASES, strict=True))

    if same(_occlusion):
        return ""
    for function, hint in _SLIPS:
        if same(function):
            return hint
    for answer, case in zip(answers, _CASES, strict=True):
        right = np.asarray(_occlusion(*case))
        if not np.allclose(answer, right, atol=1e-5):
            wrong = np.argwhere(~np.isclose(answer, right, atol=1e-5))[0]
            return (
                f"With size {case[3]} and stride {case[4]} on an image of {right.shape} the pixel in row {wrong[0]}, "
                f"column {wrong[1]} is not right. List the windows that cover it: by how much does the output fall "
                "for each of them?"
            )
    return ""


# --- 5.5-d: Shapley values -------------------------------------------------------------------------------------------


def _shapley_by_orders(value, d):
    total = np.zeros(d)
    for order in itertools.permutations(range(d)):
        joined = frozenset()
        for j in order:
            total[j] += value(joined | {j}) - value(joined)
            joined = joined | {j}
    return total / math.factorial(d)


def _shapley_by_subsets(value, d):
    found = []
    for j in range(d):
        others, contribution = [k for k in range(d) if k != j], 0.0
        for size in range(d):
            for chosen in itertools.combinations(others, size):
                gain = value({*chosen, j}) - value(set(chosen))
                contribution += gain / (d * math.comb(d - 1, size))
        found.append(contribution)
    return found


def _shapley_with_dictionary(value, d):
    orders = list(itertools.permutations(range(d)))
    found = dict.fromkeys(range(d), 0.0)
    for order in orders:
        for place, j in enumerate(order):
            found[j] += value(frozenset(order[: place + 1])) - value(frozenset(order[:place]))
    return tuple(found[j] / len(orders) for j in range(d))


def _given_order_only(value, d):
    return np.array([value(frozenset(range(j + 1))) - value(frozenset(range(j))) for j in range(d)])


def _alone(value, d):
    return np.array([value(frozenset({j})) - value(frozenset()) for j in range(d)])


def _taken_away(value, d):
    everybody = frozenset(range(d))
    return np.array([value(everybody) - value(everybody - {j}) for j in range(d)])


def _all_subsets_alike(value, d):
    found = np.zeros(d)
    for j in range(d):
        others = [k for k in range(d) if k != j]
        gains = [
            value(frozenset({*chosen, j})) - value(frozenset(chosen))
            for size in range(d)
            for chosen in itertools.combinations(others, size)
        ]
        found[j] = np.mean(gains)
    return found


def _not_divided(value, d):
    return _shapley_by_orders(value, d) * math.factorial(d)


def _divided_by_d(value, d):
    return _not_divided(value, d) / d


def _equal_shares(value, d):
    return np.full(d, (value(frozenset(range(d))) - value(frozenset())) / d)


def _value_of_the_joined(value, d):
    total = np.zeros(d)
    for order in itertools.permutations(range(d)):
        for place, j in enumerate(order):
            total[j] += value(frozenset(order[: place + 1]))
    return total / math.factorial(d)


def _by_place(value, d):
    total = np.zeros(d)
    for order in itertools.permutations(range(d)):
        for place in range(d):
            total[place] += value(frozenset(order[: place + 1])) - value(frozenset(order[:place]))
    return total / math.factorial(d)


def _scaled(value, d):
    alone = _alone(value, d)
    whole = value(frozenset(range(d))) - value(frozenset())
    return alone if np.isclose(alone.sum(), 0) else alone * whole / alone.sum()


def _silent_shapley(value, d):
    _shapley_by_orders(value, d)


def _game(seed, d):
    worth = {}
    rng = np.random.default_rng(seed)
    for size in range(d + 1):
        for chosen in itertools.combinations(range(d), size):
            worth[frozenset(chosen)] = float(rng.integers(0, 20) + 5 * size)

    def value(features):
        return worth[frozenset(int(j) for j in features)]

    return value


_GAMES = ((_game(1, 2), 2), (_game(2, 3), 3), (_game(3, 4), 4), (_game(4, 5), 5))

_SHAPLEY_SLIPS = (
    (
        _given_order_only,
        "The features joined in one order only. Another order would give other shares: what is done with all orders?",
    ),
    (_alone, "This is what each feature adds to nothing. What does it add when others are there already?"),
    (
        _taken_away,
        "This is what is lost when a feature is taken away from all. Two features that can stand in for each other "
        "would both get nothing.",
    ),
    (
        _all_subsets_alike,
        "Every set of other features counted alike. How many orders have just this set before the feature?",
    ),
    (_not_divided, "These are sums over all orders. By how many orders are they divided?"),
    (_divided_by_d, "The sums were divided by the number of features. How many orders are there?"),
    (_equal_shares, "Everybody gets the same share, whatever it adds."),
    (_value_of_the_joined, "The value after joining was averaged, not what the joining adds to it."),
    (_by_place, "What a feature adds was credited to its place in the order. Whose is it?"),
    (_scaled, "What each feature adds to nothing was stretched until the sum is right. The shares are still not."),
)


def _shapley_complaint(shapley):
    if not callable(shapley):
        return _FUNCTION
    answers = []
    for value, d in _GAMES:
        answer = shapley(value, d)
        if answer is None:
            return _NOTHING
        if isinstance(answer, dict):
            answer = [answer.get(j, np.nan) for j in range(d)]
        answer = np.asarray(answer, dtype=float).ravel()
        if len(answer) != d:
            return f"With {d} features your function gives {len(answer)} numbers; one for each feature is asked for."
        answers.append(answer)

    def same(function):
        return all(np.allclose(a, function(*game), atol=1e-6) for a, game in zip(answers, _GAMES, strict=True))

    if same(_shapley_by_orders):
        return ""
    for function, hint in _SHAPLEY_SLIPS:
        if same(function):
            return hint
    for answer, (value, d) in zip(answers, _GAMES, strict=True):
        whole = value(range(d)) - value(())
        if not np.isclose(answer.sum(), whole):
            return (
                f"With {d} features your values add up to {answer.sum():.4g}, but the value of all features minus "
                f"`value(set())` is {whole:g}. In one order the gains add up to that: do yours?"
            )
    return "The sum is right, the shares are not: are all orders tried, each once?"


# --- 5.5-e: find the shortcut ----------------------------------------------------------------------------------------


def _study(seed, shortcut, tempting, hard, n=1200, hard_goes=0.0):
    """Make up a study: `shortcut` moves the output, `tempting` only goes with the label, `hard` makes noise."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    names = ["scanner", "tube", "ruler", "weekend"]
    recorded = {name: rng.integers(0, 2, n) for name in names}
    recorded[tempting] = np.where(rng.random(n) < 0.93, y, 1 - y)
    recorded[shortcut] = np.where(rng.random(n) < 0.65, y, 1 - y)
    if hard_goes:  # in one study, or the second closest to the label would always do
        recorded[hard] = np.where(rng.random(n) < hard_goes, y, 1 - y)
    signal = 1.6 * (2 * y - 1) + rng.normal(0, 1.3, n)
    noise = rng.normal(0, 3, n) * recorded[hard]
    o = signal + noise + 1.2 * (2 * recorded[shortcut] - 1)
    return y, 1 / (1 + np.exp(-o)), recorded, (shortcut, tempting, hard)


def _study_against(seed, shortcut, tempting, hard):
    """The same, but the shortcut lowers the output, and it is more frequent among label 0."""
    y, p, recorded, names = _study(seed, shortcut, tempting, hard)
    turned = dict(recorded)
    turned[shortcut] = 1 - recorded[shortcut]
    return y, p, turned, names


def _is_against(y, recorded, shortcut):
    return np.mean(recorded[shortcut] == y) < 0.5


_STUDIES = (
    _study(1, "tube", "scanner", "weekend"),
    _study(2, "ruler", "tube", "scanner"),
    _study_against(3, "scanner", "weekend", "ruler"),
    _study(4, "weekend", "ruler", "tube", hard_goes=0.78),
)


def _auc(y, p):
    from course_utils import evaluation

    return evaluation.roc_auc(y, p)


def _audit_within_labels(y, p, recorded):
    gaps = {}
    for name, flag in recorded.items():
        gaps[name] = 0.0
        for label in (0, 1):
            group = y == label
            gaps[name] += abs(p[group & (flag == 1)].mean() - p[group & (flag == 0)].mean())
    return max(gaps, key=gaps.get)


def _audit_by_conflict(y, p, recorded):
    worst, lowest = None, np.inf
    for name, flag in recorded.items():
        flag = flag if np.mean(flag == y) >= 0.5 else 1 - flag
        agree, conflict = flag == y, flag != y
        fall = _auc(y[conflict], p[conflict]) - _auc(y[agree], p[agree])
        if fall < lowest:
            worst, lowest = name, fall
    return worst


def _signed_conflict(y, p, recorded):
    falls = {}
    for name, flag in recorded.items():
        falls[name] = _auc(y[flag == y], p[flag == y]) - _auc(y[flag != y], p[flag != y])
    return max(falls, key=falls.get)


def _signed_change(y, p, recorded):
    changes = {}
    for name, flag in recorded.items():
        changes[name] = sum(
            p[(y == label) & (flag == 1)].mean() - p[(y == label) & (flag == 0)].mean() for label in (0, 1)
        )
    return max(changes, key=changes.get)


def _lowest_conflict(y, p, recorded):
    return min(recorded, key=lambda name: _auc(y[recorded[name] != y], p[recorded[name] != y]))


def _audit_by_regression(y, p, recorded):
    columns = np.column_stack([np.ones(len(y)), y, *recorded.values()])
    o = np.log(p / (1 - p))
    coefficients = np.linalg.lstsq(columns, o, rcond=None)[0]
    return list(recorded)[int(np.argmax(np.abs(coefficients[2:])))]


def _goes_with_the_label(y, p, recorded):
    return max(recorded, key=lambda name: abs(np.mean(y[recorded[name] == 1]) - np.mean(y[recorded[name] == 0])))


def _goes_with_the_output(y, p, recorded):
    return max(recorded, key=lambda name: abs(np.mean(p[recorded[name] == 1]) - np.mean(p[recorded[name] == 0])))


def _second_closest_to_the_label(y, p, recorded):
    return sorted(recorded, key=lambda name: abs(np.corrcoef(recorded[name], y)[0, 1]))[-2]


def _lowest_subgroup(y, p, recorded):
    return min(recorded, key=lambda name: min(_auc(y[recorded[name] == v], p[recorded[name] == v]) for v in (0, 1)))


def _most_errors(y, p, recorded):
    wrong = (p >= 0.5) != (y == 1)
    return max(recorded, key=lambda name: max(wrong[recorded[name] == v].mean() for v in (0, 1)))


def _whole_table(y, p, recorded):
    return {name: 0.0 for name in recorded}


def _silent_audit(y, p, recorded):
    _audit_within_labels(y, p, recorded)


_LABEL = (
    "This feature goes with the label, but the output does not follow it. Compare people with the same label: does "
    "the output change with the feature?"
)
_AGAINST = (
    "Among these slices the feature on which the model leans goes against the label: it lowers the output. Does your "
    "rule see only what raises it?"
)
_HARD = (
    "Among people with this feature the model makes more errors of both kinds: they are hard, and the output does not "
    "follow the feature in one direction. Compare those whose feature agrees with the label and those whose does not."
)


def _audit_complaint(find_shortcut):
    if not callable(find_shortcut):
        return _FUNCTION
    for y, p, recorded, (shortcut, tempting, hard) in _STUDIES:
        given, against = {name: flag.copy() for name, flag in recorded.items()}, _is_against(y, recorded, shortcut)
        answer = find_shortcut(y.copy(), p.copy(), given)
        if answer is None:
            return _NOTHING
        if isinstance(answer, tuple | list | np.ndarray) and len(np.ravel(answer)) == 1:
            answer = np.ravel(answer)[0]
        if not isinstance(answer, str) or str(answer) not in recorded:
            return "The name of one feature is asked for: a key of the dictionary."
        if answer == shortcut:
            continue
        if against and answer != tempting and answer != hard:
            return _AGAINST
        if answer == tempting:
            return _LABEL
        if answer == hard:
            return _HARD
        return "The feature that you name has to do neither with the label nor with the output. Try the hint."
    return ""


EXERCISES = [
    Exercise(
        id="5.5-a",
        expected=(6, 3),
        solutions=([6.0, 3.0], np.array([6, 3]), (Fraction(6), Fraction(3))),
        misconceptions=(
            Misconception(
                answer=(6, 9),
                hint="This is the gradient at the patient. Average it along the path, and multiply by the way.",
            ),
            Misconception(
                answer=(18, 9),
                hint="This is the gradient at the end of the path times the way. The gradient changes on the path.",
            ),
            Misconception(
                answer=(2, 3),
                hint="This is the mean gradient on the path. What is it multiplied by?",
            ),
            Misconception(
                answer=(3, 6),
                hint="Right numbers in the wrong order: the first belongs to the first sign.",
            ),
            Misconception(
                answer=(4.5, 4.5),
                hint="The difference was shared out equally. The two signs do not play the same part in f.",
            ),
            Misconception(
                answer=(9, 9),
                hint="This is what is lost when either sign is taken away: together more than the whole.",
            ),
            Misconception(
                answer=(4.5, 2.25),
                hint="The gradient in the middle of the path stands for the mean only if it grows along a line. "
                "Here it grows as a square.",
            ),
        ),
        hint="Write both derivatives for a point part of the way along the path. How do they grow on the way, and what "
        "is their mean? Do the two contributions add up to the change of the output?",
        tolerance=5e-3,
    ),
    Exercise(
        id="5.5-b",
        expected=_occlusion,
        solutions=(_occlusion_all_at_once, _occlusion_by_pixel),
        misconceptions=(
            *(Misconception(answer=function, hint=hint) for function, hint in _SLIPS),
            Misconception(
                answer=_one_number_a_window,
                hint="This map has one number for each window. Asked for is one number for each pixel.",
            ),
            Misconception(
                answer=_changes_the_image,
                hint="Your function changed the image that it was given: work on a copy.",
            ),
            Misconception(answer=_silent, hint=_NOTHING),
        ),
        requirement=_occlusion_complaint,
        error_hint="`predict` takes images in an array with one axis more, and returns one number an image: "
        "`predict(image[np.newaxis])[0]`.",
    ),
    Exercise(
        id="5.5-c",
        expected=0.29,
        solutions=(Fraction(29, 100), np.float64(0.29)),
        misconceptions=(
            Misconception(
                answer=0.32,
                hint="The network with random weights is one control. Another row comes nearer to the score, although "
                "nothing was learned there either.",
                also=("32%", 32),
            ),
            Misconception(
                answer=0.75,
                hint="Chance points anywhere. The question is what a map owes to the image alone, without training.",
                also=(75,),
            ),
            Misconception(
                answer=0.78,
                hint="This is the score itself. How much of it would the method reach with nothing learned?",
                also=(78,),
            ),
            Misconception(
                answer=0.47,
                hint="The network with shuffled labels is one control. Which of them comes nearest to the score?",
                also=(47,),
            ),
            Misconception(
                answer=0.49,
                hint="This is the control itself. How much of the score lies above it?",
                also=(49,),
            ),
            Misconception(
                answer=0.3718,
                hint="This control fits. A share of the slices is asked for, not a share of the 0.78.",
                also=(0.37, 0.372, "37%"),
            ),
            Misconception(answer=29, hint="A share is asked for, from 0 to 1.", also=("29%", "29 %", 145)),
        ),
        hint="Which rows were made without anything true learned? Which of them would a careful critic choose?",
        tolerance=1e-3,
    ),
    Exercise(
        id="5.5-d",
        expected=_shapley_by_orders,
        solutions=(_shapley_by_subsets, _shapley_with_dictionary),
        misconceptions=(
            *(Misconception(answer=function, hint=hint) for function, hint in _SHAPLEY_SLIPS),
            Misconception(answer=_silent_shapley, hint=_NOTHING),
        ),
        requirement=_shapley_complaint,
        error_hint="`value` takes a set of feature numbers, from the empty set to all of 0, ..., d - 1: "
        "`value({0, 2})`, `value(set())`.",
    ),
    Exercise(
        id="5.5-e",
        expected=_audit_within_labels,
        solutions=(_audit_by_conflict, _audit_by_regression),
        misconceptions=(
            Misconception(answer=_goes_with_the_label, hint=_LABEL, also=(_goes_with_the_output,)),
            Misconception(answer=_signed_conflict, hint=_AGAINST, also=(_signed_change, _lowest_conflict)),
            Misconception(answer=_lowest_subgroup, hint=_HARD, also=(_most_errors, _second_closest_to_the_label)),
            Misconception(answer=_whole_table, hint="The name of one feature is asked for: a key of the dictionary."),
            Misconception(answer=_silent_audit, hint=_NOTHING),
        ),
        requirement=_audit_complaint,
        error_hint="`recorded` is a dictionary: `for name, flag in recorded.items()` gives each name with its array.",
    ),
]
