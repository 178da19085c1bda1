"""Checks behind the exercises of chapter 3.1.2, Training and optimisation."""

import math

import numpy as np

from course_utils.exercises import Exercise, Misconception

# --- a: statistics of the training set ---------------------------------------------------------------------------


def _standardise_like(training, new):
    return (new - training.mean(axis=0)) / training.std(axis=0)


def _with_everything(training, new):
    everything = np.concatenate([training, new])
    return _standardise_like(everything, new)


_TRAINING = np.array([[60.0, 1.0], [70.0, 3.0], [95.0, 2.0], [75.0, 6.0]])
_NEW = np.array([[80.0, 2.0], [50.0, 7.0], [90.0, 4.0]])

# --- b: a loss from a likelihood ---------------------------------------------------------------------------------


def _poisson_loss(y, o):
    return np.exp(o) - y * o


def _output_as_mean(y, o):
    with np.errstate(invalid="ignore"):  # a negative mean has no logarithm: that is the mistake
        return o - y * np.log(o)


# --- c: a learning rate for every step ---------------------------------------------------------------------------


def _rate(step, warm_up, total, peak):
    if step < warm_up:
        return peak * step / warm_up
    return peak / 2 * (1 + math.cos(math.pi * (step - warm_up) / (total - warm_up)))


def _rate_without_warm_up(step, warm_up, total, peak):
    return peak / 2 * (1 + math.cos(math.pi * step / total))


def _rate_late_cosine(step, warm_up, total, peak):
    return peak * step / warm_up if step < warm_up else _rate_without_warm_up(step, warm_up, total, peak)


def _rate_whole_cosine(step, warm_up, total, peak):
    return peak * step / warm_up if step < warm_up else 2 * _rate(step, warm_up, total, peak)


def _rate_long_cosine(step, warm_up, total, peak):
    if step < warm_up:
        return peak * step / warm_up
    return peak / 2 * (1 + math.cos(math.pi * (step - warm_up) / total))


def _rate_rising(step, warm_up, total, peak):
    return peak * step / warm_up if step < warm_up else peak - _rate(step, warm_up, total, peak)


def _rate_in_degrees(step, warm_up, total, peak):
    if step < warm_up:
        return peak * step / warm_up
    return peak / 2 * (1 + math.cos(180 * (step - warm_up) / (total - warm_up)))


# --- d: early stopping -------------------------------------------------------------------------------------------


def _walk(losses, patience):
    """Return (best epoch, epoch of the stop), both counted from 1."""
    best, best_epoch = math.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < best:
            best, best_epoch = loss, epoch
        elif epoch - best_epoch >= patience:
            return best_epoch, epoch
    return best_epoch, len(losses)


def _against_the_epoch_before(losses, patience):
    worse = 0
    for epoch in range(1, len(losses)):
        worse = worse + 1 if losses[epoch] >= losses[epoch - 1] else 0
        if worse >= patience:
            return int(np.argmin(losses[: epoch + 1])) + 1
    return int(np.argmin(losses)) + 1


_BUMPY = [0.70, 0.60, 0.50, 0.55, 0.53, 0.52, 0.40, 0.45]
_FALLING = [0.70, 0.60, 0.50, 0.40]
_RISING = [0.60, 0.65, 0.70, 0.75, 0.80]
_LATE = [0.60, 0.65, 0.70, 0.75, 0.40]

# --- e: the audit of a split -------------------------------------------------------------------------------------


def _leaked_share(patients, train, test):
    return float(np.mean(np.isin(patients[test], patients[train])))


def _share_of_test_patients(patients, train, test):
    return float(np.mean(np.isin(np.unique(patients[test]), patients[train])))


def _share_of_training_rows(patients, train, test):
    return float(np.mean(np.isin(patients[train], patients[test])))


def _share_of_all_patients(patients, train, test):
    both = np.intersect1d(patients[test], patients[train])
    return len(both) / len(np.unique(patients))


_PATIENTS = np.array([7, 7, 7, 3, 3, 5, 5, 5, 9, 9])
_SPLITS = [
    ([0, 1, 3, 5, 6], [2, 4, 7, 8, 9]),
    ([0, 1, 3, 4, 5, 6], [2, 8, 9]),
    ([0, 1, 2, 5, 6, 7], [3, 4, 8, 9]),
    ([0, 3, 5, 8], [1, 2, 4, 6, 7, 9]),
]

EXERCISES = [
    Exercise(
        "3.1.2-a",
        expected=_standardise_like,
        cases=((_TRAINING, _NEW), (_TRAINING, _NEW[:2])),
        misconceptions=(
            Misconception(
                lambda training, new: (new - new.mean(axis=0)) / new.std(axis=0),
                "You used the statistics of the new patients. The same patient would then get other numbers in other "
                "company, and the network never learned on that scale.",
            ),
            Misconception(
                _with_everything,
                "You put training and new patients together: the new patients have taken part in training.",
            ),
            Misconception(
                lambda training, new: (new - training.mean()) / training.std(),
                "One mean over all columns mixes the units. Each feature has its own: `axis=0`.",
            ),
            Misconception(
                lambda training, new: new - training.mean(axis=0),
                "The mean is gone, the unit is not: divide by the standard deviation.",
            ),
            Misconception(
                lambda training, new: (new - training.mean(axis=0)) / training.var(axis=0),
                "You divided by the variance. Its unit is squared; take the standard deviation.",
            ),
            Misconception(
                lambda training, new: (new - training.mean(axis=0)) / training.std(axis=0, ddof=1),
                "Nearly: this divides by n - 1. Here the plain standard deviation is asked for, as in the formula.",
            ),
            Misconception(
                lambda training, new: _standardise_like(training, training),
                "You returned the training patients. The new ones are asked for.",
            ),
        ),
        hint="Mean and standard deviation of each column of `training`, applied to `new`.",
    ),
    Exercise(
        "3.1.2-b",
        expected=_poisson_loss,
        cases=((0, 0.3), (2, 0.3), (3, -1.0), (np.array([0, 1, 4]), np.array([0.5, -0.5, 2.0]))),
        misconceptions=(
            Misconception(lambda y, o: y * o - np.exp(o), "That is the log-likelihood. A loss is to be made small."),
            Misconception(
                lambda y, o: np.exp(o) + y * o,
                "A sign: the logarithm of the probability is y·o - exp(o), and the loss is minus all of it.",
            ),
            Misconception(
                _output_as_mean,
                "You took the output for the mean. The mean is exp(o), so that it cannot become negative.",
            ),
            Misconception(
                lambda y, o: (y - np.exp(o)) ** 2,
                "That is the squared error: the loss of a Gaussian with constant spread. A count spreads more where "
                "its mean is larger.",
            ),
            Misconception(
                lambda y, o: (
                    np.exp(o) - y * o + np.array([math.lgamma(v + 1) for v in np.atleast_1d(y)]).reshape(np.shape(y))
                ),
                "Right, with the term log(y!) that was to be left out: it does not depend on the output.",
            ),
            Misconception(lambda y, o: np.exp(o) - o, "The count y is missing: log of mean to the power of y is y·o."),
            Misconception(
                lambda y, o: np.exp(o) - y * np.exp(o),
                "The logarithm of exp(o) to the power of y is y·o: the exponential goes.",
            ),
            Misconception(
                lambda y, o: np.exp(-np.exp(o)) * np.exp(y * o),
                "That is the probability (without y!). Take minus its logarithm.",
            ),
        ),
        hint="Minus the logarithm of each factor: of exp(-mean), and of mean to the power of y, with mean = exp(o).",
    ),
    Exercise(
        "3.1.2-c",
        expected=_rate,
        cases=((0, 10, 100, 0.1), (5, 10, 100, 0.1), (10, 10, 100, 0.1), (55, 10, 100, 0.1), (100, 10, 100, 0.1)),
        misconceptions=(
            Misconception(_rate_without_warm_up, "The warm-up is missing: below `warm_up` the rate rises on a line."),
            Misconception(
                _rate_late_cosine,
                "The cosine starts where the warm-up ends: count its steps from there, and the rate will not jump.",
            ),
            Misconception(_rate_whole_cosine, "1 + cos begins at 2. Half of the peak is its factor."),
            Misconception(
                _rate_long_cosine,
                "The rate does not reach 0: only `total - warm_up` steps are left for the half wave.",
            ),
            Misconception(
                _rate_rising,
                "After the warm-up your rate rises. The cosine falls from 1 to -1: it is added to 1.",
            ),
            Misconception(_rate_in_degrees, "`math.cos` takes radians: half a wave is `math.pi`, not 180."),
        ),
        hint="Below warm_up: peak·step/warm_up. After it: the share of the remaining steps, times π, into the cosine.",
    ),
    Exercise(
        "3.1.2-d",
        expected=lambda losses, patience: _walk(losses, patience)[0],
        cases=((_BUMPY, 2), (_BUMPY, 3), (_BUMPY, 5), (_FALLING, 2), (_RISING, 1), (_LATE, 2)),
        misconceptions=(
            Misconception(
                lambda losses, patience: int(np.argmin(losses)) + 1,
                "You looked into the future: training had stopped before that epoch, so its loss was never seen.",
            ),
            Misconception(
                lambda losses, patience: _walk(losses, patience)[1],
                "That is the epoch in which training stops. The weights to keep are those of the best epoch before.",
            ),
            Misconception(
                lambda losses, patience: _walk(losses, patience)[0] - 1,
                "Nearly: you count from 0. The first epoch is epoch 1.",
            ),
            Misconception(
                _against_the_epoch_before,
                "You compared each epoch with the one before. Patience counts epochs without a new *best* loss.",
            ),
            Misconception(
                lambda losses, patience: _walk(losses, patience + 1)[0],
                "You waited one epoch too long: training stops when `patience` epochs have brought nothing better.",
            ),
        ),
        hint="Go through the epochs, remember the best loss and its epoch, stop when it is `patience` epochs old.",
    ),
    Exercise(
        "3.1.2-e",
        expected=_leaked_share,
        cases=tuple((_PATIENTS, np.array(train), np.array(test)) for train, test in _SPLITS),
        misconceptions=(
            Misconception(_share_of_test_patients, "You counted patients. Asked for is the share of test *rows*."),
            Misconception(_share_of_training_rows, "Other way round: count among the test rows."),
            Misconception(_share_of_all_patients, "You counted patients on both sides. Count rows of the test set."),
            Misconception(
                lambda patients, train, test: float(np.mean(np.isin(test, train))),
                "You compared row numbers. No row is in both sets; the patient behind it may be: `patients[train]`.",
            ),
            Misconception(
                lambda patients, train, test: 1 - _leaked_share(patients, train, test),
                "That is the share of clean rows.",
            ),
            Misconception(
                lambda patients, train, test: int(np.isin(patients[test], patients[train]).sum()),
                "That is a count. Divide by the number of test rows.",
            ),
            Misconception(
                lambda patients, train, test: bool(np.isin(patients[test], patients[train]).any()),
                "You said whether there is a leak. Say how large it is.",
            ),
        ),
        hint="`np.isin(a, b)` says of each entry of a whether it occurs in b. Compare patients, not rows.",
    ),
]
