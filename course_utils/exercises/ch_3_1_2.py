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


def _standardise_column_by_column(training, new):
    columns = []
    for j in range(training.shape[1]):
        mean, spread = training[:, j].mean(), training[:, j].std()
        columns.append([(value - mean) / spread for value in new[:, j]])
    return [list(row) for row in zip(*columns, strict=True)]


def _standardise_by_library(training, new):
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit(training).transform(new)


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


def _rate_with_where(step, warm_up, total, peak):
    cosine = (1 + np.cos(np.pi * (step - warm_up) / (total - warm_up))) / 2
    return np.where(step < warm_up, step / warm_up, cosine) * peak


def _rate_as_product(step, warm_up, total, peak):
    if step <= warm_up:
        return step / warm_up * peak
    return peak * math.cos(math.pi / 2 * (step - warm_up) / (total - warm_up)) ** 2


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


def _walk_with_a_counter(losses, patience):
    lowest, kept, waited = float("inf"), 0, 0
    for i in range(len(losses)):
        if losses[i] < lowest:
            lowest, kept, waited = losses[i], i + 1, 0
        else:
            waited += 1
        if waited == patience:
            break
    return kept


def _walk_with_arrays(losses, patience):
    lowest = np.minimum.accumulate(losses)
    best = np.array([np.argmin(losses[: epoch + 1]) for epoch in range(len(losses))])
    stopped = np.flatnonzero(np.arange(len(lowest)) - best >= patience)
    return best[stopped[0] if len(stopped) else -1] + 1


def _equal_counts_as_better(losses, patience):
    best, kept = math.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss <= best:
            best, kept = loss, epoch
        elif epoch - kept >= patience:
            break
    return kept


def _counter_never_reset(losses, patience):
    best, kept, waited = math.inf, 0, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < best:
            best, kept = loss, epoch
        else:
            waited += 1
        if waited >= patience:
            break
    return kept


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
_UP_AND_DOWN = [0.70, 0.80, 0.60, 0.65, 0.50]
_LEVEL = [0.60, 0.50, 0.50, 0.50, 0.40]

# --- e: the audit of a split -------------------------------------------------------------------------------------


def _leaked_share(patients, train, test):
    return float(np.mean(np.isin(patients[test], patients[train])))


def _leaked_share_by_counting(patients, train, test):
    known = {patients[row] for row in train}
    return sum(patients[row] in known for row in test) / len(test)


def _leaked_share_by_table(patients, train, test):
    return (patients[test][:, None] == patients[train][None, :]).any(axis=1).mean()


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
        cases=((_TRAINING, _NEW), (_TRAINING, _NEW[:2]), (_TRAINING, _NEW[:1])),
        solutions=(_standardise_column_by_column, _standardise_by_library),
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
        hint="Whose mean and spread did the network learn with? And is it one for the table, or one a column?",
    ),
    Exercise(
        "3.1.2-b",
        expected=_poisson_loss,
        cases=((0, 0.3), (2, 0.3), (3, -1.0), (1, -0.5), (4, 2.0)),
        solutions=(
            lambda y, o: math.exp(o) - y * o,
            lambda y, o: -(y * np.log(np.exp(o)) - np.exp(o)),
            lambda y, o: -np.log(np.exp(o) ** y * np.exp(-np.exp(o))),
        ),
        misconceptions=(
            Misconception(lambda y, o: y * o - np.exp(o), "That is the log-likelihood. A loss is to be made small."),
            Misconception(
                lambda y, o: np.exp(o) + y * o,
                "One sign is wrong: the minus before the logarithm stands before both of its terms.",
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
                lambda y, o: np.exp(o) - y * o + math.lgamma(y + 1),
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
        hint="The logarithm of a product is a sum: take the factors one by one, with exp(o) for the mean.",
    ),
    Exercise(
        "3.1.2-c",
        expected=_rate,
        cases=tuple((step, 10, 100, 0.1) for step in (0, 5, 10, 55, 100)) + ((3, 5, 50, 0.02), (20, 5, 50, 0.02)),
        solutions=(_rate_with_where, _rate_as_product),
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
        hint="Check three steps by hand: the first, the last of the warm-up, the last of all. Where is the peak?",
    ),
    Exercise(
        "3.1.2-d",
        expected=lambda losses, patience: _walk(losses, patience)[0],
        cases=(
            (_BUMPY, 2),
            (_BUMPY, 3),
            (_BUMPY, 5),
            (_FALLING, 2),
            (_RISING, 1),
            (_LATE, 2),
            (_UP_AND_DOWN, 2),
            (_LEVEL, 2),
        ),
        solutions=(_walk_with_a_counter, _walk_with_arrays),
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
                _equal_counts_as_better, "A loss as low as the lowest so far is no *new* lowest: patience runs on."
            ),
            Misconception(
                _counter_never_reset,
                "Your counter is never set back: `patience` epochs *in a row* must bring nothing better.",
            ),
            Misconception(
                lambda losses, patience: _walk(losses, patience + 1)[0],
                "You waited one epoch too long: training stops when `patience` epochs have brought nothing better.",
            ),
        ),
        hint="Follow this list by hand: after each epoch, what is the lowest loss so far, and how old is it?",
    ),
    Exercise(
        "3.1.2-e",
        expected=_leaked_share,
        cases=tuple((_PATIENTS, np.array(train), np.array(test)) for train, test in _SPLITS),
        solutions=(_leaked_share_by_counting, _leaked_share_by_table),
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
        hint="Take one test row: whose is it, and how do you see whether this patient is in the training set?",
    ),
]
