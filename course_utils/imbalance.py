"""When one class is rare: resampling, SMOTE, focal loss and how to undo it, and thresholds that follow from costs.

Class weights are an argument of scikit-learn and of Keras, and the correction for another prevalence is
`evaluation.correct_prior`: neither is written again here. Label 1 is the event, whether it is the rarer class or not.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special
from sklearn import neighbors

from course_utils import _checks

__all__ = [
    "LinearModel",
    "best_threshold",
    "cost_threshold",
    "expected_cost",
    "focal_regression",
    "resampled_rows",
    "rows_at_prevalence",
    "smote",
    "undo_focal",
]


# ---------------------------------------------------------------------------------------------------------------------
# Changing the training set
# ---------------------------------------------------------------------------------------------------------------------


def resampled_rows(labels, how="oversample", seed=0):
    """Row numbers of a training set in which both classes are equally frequent.

    "oversample" keeps every row and draws rows of the rarer class again, with replacement; "undersample" keeps every
    row of the rarer class and draws as many of the other, without replacement. Use it on training rows alone: a copy
    of a row that lies in the test set gives its answer away.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
        Both classes must be there.
    how : str
        "oversample" or "undersample".
    seed : int from 0 to 2**32 - 1, or numpy.random.Generator

    Returns
    -------
    array of int64, ascending
        Row numbers from 0 to n - 1; with "oversample" some stand there more than once.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Taught in: 05_2_class_imbalance
    """
    labels = _checks.labels(labels, both_classes=True)
    how, rng = _checks.choice(how, "how", ("oversample", "undersample")), _checks.generator(seed)
    rare, frequent = _rare_and_frequent(labels)
    if how == "oversample":
        extra = rng.choice(rare, len(frequent) - len(rare), replace=True)
        return np.sort(np.concatenate([rare, frequent, extra]))
    return np.sort(np.concatenate([rare, rng.choice(frequent, len(rare), replace=False)]))


def rows_at_prevalence(labels, prevalence, seed=0):
    """Row numbers of a set with another prevalence: one class is kept whole, rows of the other are left out at random.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
        Both classes must be there.
    prevalence : float between 0 and 1, ends excluded
        The share of rows with label 1 that is wanted.
    seed : int from 0 to 2**32 - 1, or numpy.random.Generator

    Returns
    -------
    array of int64, ascending
        As many row numbers as possible, none twice. Their prevalence is the wanted one as nearly as whole rows allow.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or so few rows of a class would be left that it has none.

    Taught in: 05_2_class_imbalance
    """
    labels = _checks.labels(labels, both_classes=True)
    prevalence, rng = _checks.share(prevalence, "prevalence"), _checks.generator(seed)
    positive, negative = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    odds = prevalence / (1 - prevalence)
    wanted = round(len(negative) * odds)  # label 1 beside all the rows with label 0
    if wanted <= len(positive):
        positive = rng.choice(positive, wanted, replace=False)
    else:
        negative = rng.choice(negative, round(len(positive) / odds), replace=False)
    if not (len(positive) and len(negative)):
        raise ValueError(f"prevalence {prevalence} leaves no row of one class among {len(labels)} rows")
    return np.sort(np.concatenate([positive, negative]))


def smote(features, labels, n_new=None, n_neighbours=5, seed=0):
    """Add invented rows of the rarer class, each on the line between a row of it and one of that row's neighbours.

    Synthetic Minority Over-sampling Technique: draw a row of the rarer class, draw one of its nearest neighbours
    within that class, and go a random part of the way from the one to the other. Distances are Euclidean: features
    must have comparable scales, and a column of 0 and 1 gets values in between. Use it on training rows alone.

    Parameters
    ----------
    features : array of finite numbers, shape (n, d)
    labels : array of 0 and 1, shape (n,)
        Both classes must be there, the rarer one in more than `n_neighbours` rows.
    n_new : int, optional
        How many rows to add; as many as make both classes equally frequent if it is left out.
    n_neighbours : int
        From how many nearest neighbours one is drawn, at least 1.
    seed : int from 0 to 2**32 - 1, or numpy.random.Generator

    Returns
    -------
    (features, labels) : arrays, shapes (n + n_new, d) and (n + n_new,)
        The rows as they came, as float64, and below them the new ones.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: Chawla et al. 2002, https://doi.org/10.1613/jair.953

    Taught in: 05_2_class_imbalance
    """
    features, labels = _rows_and_labels(features, labels)
    n_neighbours, rng = _checks.integer(n_neighbours, "n_neighbours", least=1), _checks.generator(seed)
    rare, frequent = _rare_and_frequent(labels)
    missing = len(frequent) - len(rare)
    n_new = missing if n_new is None else _checks.integer(n_new, "n_new", least=0)
    if len(rare) <= n_neighbours:
        raise ValueError(f"n_neighbours must be below the {len(rare)} row(s) of the rarer class, got {n_neighbours}")
    near = neighbors.NearestNeighbors(n_neighbors=n_neighbours).fit(features[rare])
    near = near.kneighbors(return_distance=False)  # [rows of the class, n_neighbours], none its own neighbour
    start = rng.integers(len(rare), size=n_new)
    other = near[start, rng.integers(n_neighbours, size=n_new)]
    new = _between(features[rare], start, other, rng.random(n_new))
    return np.vstack([features, new]), np.concatenate([labels, np.full(n_new, labels[rare[0]])])


def _between(points, start, other, part):
    """Go this part of the way from each starting point to the other point."""
    return points[start] + part[:, np.newaxis] * (points[other] - points[start])


# ---------------------------------------------------------------------------------------------------------------------
# Focal loss
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LinearModel:
    """What `focal_regression` returns: a weighted sum of the features, turned into a number between 0 and 1.

    Taught in: 05_2_class_imbalance
    """

    weights: np.ndarray  # [d]
    intercept: float

    def predict(self, features):
        """Return the outputs, shape (n,), for features of shape (n, d)."""
        features = _checks.array(features, "features", axes=2)
        if features.shape[1] != len(self.weights):
            raise ValueError(f"features must have {len(self.weights)} columns, got shape {features.shape}")
        return special.expit(features @ self.weights + self.intercept)


def focal_regression(features, labels, gamma=2.0, penalty=1.0):
    """Fit a weighted sum of the features with the focal loss; with gamma 0 this is logistic regression.

    The focal loss of one row is -(1 - p)^gamma log(p), where p is the output for the class that the row has. The sum
    over the rows, plus penalty / 2 times the sum of the squared weights, is made as small as possible; the intercept
    is free.

    Parameters
    ----------
    features : array of finite numbers, shape (n, d)
        Standardised, so that one penalty suits all weights.
    labels : array of 0 and 1, shape (n,)
        Both classes must be there.
    gamma : float of at least 0
        The larger, the less a row counts that is predicted well already.
    penalty : float above 0
        1 / C of `sklearn.linear_model.LogisticRegression`.

    Returns
    -------
    LinearModel
        Its outputs are no probabilities unless gamma is 0: see `undo_focal`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or no minimum was found: gamma is too large, or the scales of the features
        are too different.

    Source: Lin et al. 2017, https://arxiv.org/abs/1708.02002

    Taught in: 05_2_class_imbalance
    """
    features, labels = _rows_and_labels(features, labels)
    gamma = _checks.number(gamma, "gamma", least=0)
    penalty = _checks.number(penalty, "penalty", above=0)
    sign = 2 * labels - 1  # 1 and -1
    centre = features.mean(axis=0)  # the intercept is free: moving the features changes no weight
    moved = features - centre

    def loss_and_gradient(parameters):
        weights, intercept = parameters[:-1], parameters[-1]
        margin = sign * (moved @ weights + intercept)
        right, log_right, wrong = special.expit(margin), special.log_expit(margin), special.expit(-margin)
        loss = -np.sum(wrong**gamma * log_right) + penalty / 2 * weights @ weights
        slope = sign * wrong**gamma * (gamma * right * log_right - wrong)
        return loss, np.append(moved.T @ slope + penalty * weights, slope.sum())

    start = np.zeros(features.shape[1] + 1)
    least = loss_and_gradient(start)[0]
    found = optimize.minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-14})
    if not np.isfinite(found.fun) or np.abs(found.jac).max() > 1e-3 * least or least < 1e-6:
        raise ValueError(
            f"no minimum of the focal loss was found with gamma {gamma}: make it smaller, or standardise the features"
        )
    weights = found.x[:-1]
    return LinearModel(weights=weights, intercept=float(found.x[-1] - centre @ weights))


def undo_focal(outputs, gamma=2.0):
    """The probability at which the focal loss is smallest on average if a model answers this output.

    Whoever answers q to patients of whom a share eta have the event has the mean focal loss
    -eta (1 - q)^gamma log(q) - (1 - eta) q^gamma log(1 - q). It is smallest at a q nearer to 0.5 than eta. This
    function goes back from q to eta:

        odds(eta) = odds(q)^gamma * (q - gamma (1 - q) log(1 - q)) / (1 - q - gamma q log(q))

    Parameters
    ----------
    outputs : array of numbers between 0 and 1, shape (n,)
    gamma : float of at least 0
        That of the training; 0 changes nothing.

    Returns
    -------
    array of numbers between 0 and 1, shape (n,)
        In the same order of patients: the map is increasing.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: the loss: Lin et al. 2017, https://arxiv.org/abs/1708.02002; that it does not estimate probabilities, and
    what does: Charoenphakdee et al. 2021, https://arxiv.org/abs/2011.09172

    Taught in: 05_2_class_imbalance
    """
    q, gamma = _checks.probabilities(outputs, "outputs"), _checks.number(gamma, "gamma", least=0)
    if gamma == 0:
        return q.copy()
    with np.errstate(divide="ignore"):  # 0 and 1 have infinite logits, and stay what they are
        upper = np.log(q - gamma * special.xlog1py(1 - q, -q))
        lower = np.log(1 - q - gamma * special.xlogy(q, q))
        return special.expit(gamma * special.logit(q) + upper - lower)


# ---------------------------------------------------------------------------------------------------------------------
# Deciding by cost
# ---------------------------------------------------------------------------------------------------------------------


def cost_threshold(cost_miss, cost_alarm):
    """The probability from which acting costs less than waiting: cost_alarm / (cost_alarm + cost_miss).

    Parameters
    ----------
    cost_miss : float of at least 0
        What is lost when a patient with the event is left alone, beyond what acting would have cost.
    cost_alarm : float of at least 0
        What is lost when a patient without the event is acted on. Both in one unit; one of them is above 0.

    Returns
    -------
    float from 0 to 1
        It serves probabilities that are calibrated; for others see `best_threshold`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: Elkan 2001, https://dl.acm.org/doi/10.5555/1642194.1642224

    Taught in: 05_2_class_imbalance
    """
    cost_miss, cost_alarm = _costs(cost_miss, cost_alarm)
    return cost_alarm / 2 / (cost_alarm / 2 + cost_miss / 2)  # the sum of two huge costs would be infinite


def expected_cost(labels, probabilities, threshold, cost_miss, cost_alarm):
    """Mean cost of a patient if those with a probability of at least `threshold` are acted on.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    probabilities : array of numbers between 0 and 1, shape (n,)
    threshold : float of at least 0
        Above 1 nobody is acted on.
    cost_miss, cost_alarm : float of at least 0
        As in `cost_threshold`.

    Returns
    -------
    float of at least 0, in the unit of the costs

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Taught in: 05_2_class_imbalance
    """
    labels, probabilities = _labels_and_probabilities(labels, probabilities)
    threshold = _checks.number(threshold, "threshold", least=0)
    cost_miss, cost_alarm = _costs(cost_miss, cost_alarm)
    acted_on = probabilities >= threshold
    misses, alarms = np.mean((labels == 1) & ~acted_on), np.mean((labels == 0) & acted_on)
    return float(cost_miss * misses + cost_alarm * alarms)


def best_threshold(labels, probabilities, cost_miss, cost_alarm):
    """The threshold with the lowest mean cost on these patients; of several, the largest.

    Choose it on validation patients. On the patients on whom it was chosen the cost is too low.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
        Both classes must be there.
    probabilities : array of numbers between 0 and 1, shape (n,)
        Calibrated or not.
    cost_miss, cost_alarm : float of at least 0
        As in `cost_threshold`.

    Returns
    -------
    float above or equal to 0
        One of the probabilities; just above the largest of them where acting on nobody costs least.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Taught in: 05_2_class_imbalance
    """
    labels, probabilities = _labels_and_probabilities(labels, probabilities, both_classes=True)
    cost_miss, cost_alarm = _costs(cost_miss, cost_alarm)
    order = np.argsort(-probabilities, kind="stable")
    ordered, ill = probabilities[order], labels[order] == 1
    cost_miss, cost_alarm = (cost / max(cost_miss, cost_alarm) for cost in (cost_miss, cost_alarm))
    # Acting on the first 0, 1, 2, ... patients, from the largest probability down.
    costs = cost_miss * (ill.sum() - np.append(0, np.cumsum(ill))) + cost_alarm * np.append(0, np.cumsum(~ill))
    possible = np.append(True, np.append(ordered[:-1] > ordered[1:], True))  # ties are acted on together
    costs = np.where(possible, costs, np.inf)
    first = int(np.argmin(costs))
    return float(ordered[first - 1]) if first else float(np.nextafter(ordered[0], 2))


# ---------------------------------------------------------------------------------------------------------------------
# Checks of the input
# ---------------------------------------------------------------------------------------------------------------------


def _rare_and_frequent(labels):
    """Return the rows of the rarer class and those of the other; at a tie label 1 counts as the rarer."""
    rare = int(np.mean(labels) <= 0.5)
    return np.flatnonzero(labels == rare), np.flatnonzero(labels != rare)


def _rows_and_labels(features, labels):
    features = _checks.array(features, "features", axes=2).astype(float)
    labels = _checks.labels(labels, both_classes=True)
    _checks.same_length(features=features, labels=labels)
    return features, labels


def _labels_and_probabilities(labels, probabilities, both_classes=False):
    labels = _checks.labels(labels, both_classes=both_classes)
    probabilities = _checks.probabilities(probabilities)
    _checks.same_length(labels=labels, probabilities=probabilities)
    return labels, probabilities


def _costs(cost_miss, cost_alarm):
    cost_miss = _checks.number(cost_miss, "cost_miss", least=0)
    cost_alarm = _checks.number(cost_alarm, "cost_alarm", least=0)
    if cost_miss == cost_alarm == 0:
        raise ValueError("cost_miss and cost_alarm must not both be 0: nothing would be worth a decision")
    return cost_miss, cost_alarm
