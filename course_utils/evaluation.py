"""How good is a model? Metrics, intervals, thresholds, calibration, decision curves, and splits by patient.

NumPy arrays go in; numbers or small frozen dataclasses come out. scikit-learn and SciPy do the computing wherever
they can. What this module adds are checks of the input, intervals that respect patients, and calibration.

Two words are used with care. A *score* is any number that is larger for patients more likely to have the disease. A
*probability* is a score between 0 and 1 that is meant to be read as a frequency.
"""

import numbers
import warnings
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats
from sklearn import metrics, model_selection

__all__ = [
    "DecisionCurve",
    "Interval",
    "ReliabilityCurve",
    "accuracy",
    "apply_temperature",
    "assert_groups_disjoint",
    "bootstrap_difference",
    "bootstrap_interval",
    "brier_score",
    "calibration_error_if_perfect",
    "calibration_error_interval",
    "correct_prior",
    "decision_curve",
    "expected_calibration_error",
    "fit_temperature",
    "group_split",
    "pr_auc",
    "predictive_values",
    "reliability_curve",
    "roc_auc",
    "sensitivity_specificity",
    "threshold_at_sensitivity",
    "youden_threshold",
]

# With three groups of a class among many, one resample in twenty holds none of them (exp(-3) = 0.05).
_FEWEST_GROUPS_PER_CLASS = 3

# A network whose output is 0 or 1 has an infinite logit; Keras clips its losses at the same distance.
_LOGIT_EPSILON = 1e-7


# ---------------------------------------------------------------------------------------------------------------------
# Metrics
# ---------------------------------------------------------------------------------------------------------------------


def roc_auc(labels, scores):
    """Area under the ROC curve: how often a random positive scores higher than a random negative (ties count half).

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    scores : array of finite numbers, shape (n,)

    Returns
    -------
    float between 0 and 1; 0.5 is chance.

    Raises
    ------
    ValueError
        If the labels hold one class only (the area is then undefined), or an argument is not as described.

    Source: `sklearn.metrics.roc_auc_score`.

    Taught in: 00_start_here
    """
    labels, scores = _labels_and_scores(labels, scores)
    _require_both_classes(labels)
    # These two calls are what roc_auc_score does, in half its time; a bootstrap makes them a thousand times.
    false_positive_rate, sensitivity, _ = metrics.roc_curve(labels, scores)
    return float(metrics.auc(false_positive_rate, sensitivity))


def pr_auc(labels, scores):
    """Area under the precision-recall curve, as average precision.

    Chance is the prevalence, not 0.5, so values from sets with different prevalences cannot be compared.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    scores : array of finite numbers, shape (n,)

    Returns
    -------
    float between 0 and 1.

    Raises
    ------
    ValueError
        If the labels hold one class only, or an argument is not as described.

    Source: `sklearn.metrics.average_precision_score`.

    Taught in: 05_2_class_imbalance
    """
    labels, scores = _labels_and_scores(labels, scores)
    _require_both_classes(labels)
    return float(metrics.average_precision_score(labels, scores))


def brier_score(labels, probabilities):
    """Mean squared distance between probability and outcome: smaller is better, 0 is perfect.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    probabilities : array of numbers between 0 and 1, shape (n,)

    Returns
    -------
    float between 0 and 1.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: `sklearn.metrics.brier_score_loss`.

    Taught in: 04_1_image_diagnosis_lab
    """
    labels, probabilities = _labels_and_probabilities(labels, probabilities)
    return float(metrics.brier_score_loss(labels, probabilities))


def accuracy(labels, probabilities, threshold=0.5):
    """Share of patients whose class is predicted correctly; a probability of at least `threshold` predicts 1.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    probabilities : array of numbers between 0 and 1, shape (n,)
    threshold : float between 0 and 1

    Returns
    -------
    float between 0 and 1. Predicting the more frequent class for everyone reaches that class's share: compare with it.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: `sklearn.metrics.accuracy_score`.

    Taught in: 00_start_here
    """
    labels, probabilities = _labels_and_probabilities(labels, probabilities)
    threshold = _fraction(threshold, "threshold", ends_allowed=True)
    return float(metrics.accuracy_score(labels, probabilities >= threshold))


def sensitivity_specificity(labels, scores, threshold):
    """Share of the diseased who test positive, and share of the healthy who test negative.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
        1 = diseased according to the reference standard.
    scores : array of finite numbers, shape (n,)
    threshold : float
        A score of at least `threshold` is a positive test.

    Returns
    -------
    (sensitivity, specificity) : two floats between 0 and 1

    Raises
    ------
    ValueError, TypeError
        If the labels hold one class only (one of the two is then undefined), or an argument is not as described.

    Taught in: 00_start_here
    """
    labels, scores = _labels_and_scores(labels, scores)
    _require_both_classes(labels)
    positive = scores >= _finite_number(threshold, "threshold")
    sensitivity = np.mean(positive[labels == 1])
    specificity = np.mean(~positive[labels == 0])
    return float(sensitivity), float(specificity)


def predictive_values(sensitivity, specificity, prevalence):
    """How far to believe a positive and a negative test where the disease has this prevalence (Bayes' theorem).

    Parameters
    ----------
    sensitivity, specificity : float between 0 and 1
    prevalence : float between 0 and 1, ends excluded
        Share of diseased people among those who will be tested, which is rarely that of the training set.

    Returns
    -------
    (ppv, npv) : two floats between 0 and 1
        Share of diseased among those who test positive; share of healthy among those who test negative.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or nobody would test positive (or negative): its value is then undefined.

    Taught in: 00_start_here
    """
    sensitivity = _fraction(sensitivity, "sensitivity", ends_allowed=True)
    specificity = _fraction(specificity, "specificity", ends_allowed=True)
    prevalence = _fraction(prevalence, "prevalence")
    true_positives = sensitivity * prevalence
    false_positives = (1 - specificity) * (1 - prevalence)
    true_negatives = specificity * (1 - prevalence)
    false_negatives = (1 - sensitivity) * prevalence
    for name, share in [("positive", true_positives + false_positives), ("negative", true_negatives + false_negatives)]:
        if share == 0:
            raise ValueError(
                f"with sensitivity {sensitivity:g} and specificity {specificity:g} nobody tests {name}: "
                f"the {name} predictive value is undefined"
            )
    ppv = true_positives / (true_positives + false_positives)
    npv = true_negatives / (true_negatives + false_negatives)
    return ppv, npv


# ---------------------------------------------------------------------------------------------------------------------
# Thresholds
# ---------------------------------------------------------------------------------------------------------------------


def youden_threshold(labels, scores):
    """The threshold with the largest sensitivity + specificity - 1 (Youden's index).

    It treats a missed patient and a false alarm as equally bad shares of their class, which is seldom what a clinic
    wants. Choose it on validation data: chosen on the test set, it makes the test result look better than it is.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    scores : array of finite numbers, shape (n,)

    Returns
    -------
    float, one of the scores: a score of at least this value is positive. The largest one if several are equally good.

    Raises
    ------
    ValueError
        If the labels hold one class only, or an argument is not as described.

    Source: Schisterman et al., Epidemiology 2005, https://doi.org/10.1097/01.ede.0000147512.81966.ba

    Taught in: 02_core_concepts
    """
    labels, scores = _labels_and_scores(labels, scores)
    _require_both_classes(labels)
    false_positive_rate, sensitivity, thresholds = metrics.roc_curve(labels, scores, drop_intermediate=False)
    index = np.round(sensitivity - false_positive_rate, 12)  # else rounding errors would decide between equals
    best = 1 + np.argmax(index[1:])  # the first threshold of scikit-learn is infinite: nobody is positive
    return float(thresholds[best])


def threshold_at_sensitivity(labels, scores, sensitivity):
    """The largest threshold that finds at least this share of the diseased.

    Choose it on validation data, then report the sensitivity that it reaches on the test set.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    scores : array of finite numbers, shape (n,)
    sensitivity : float, above 0 and at most 1

    Returns
    -------
    float, the score of one of the positives: a score of at least this value is positive.

    Raises
    ------
    ValueError, TypeError
        If the labels hold one class only, or an argument is not as described.

    Taught in: 04_1_image_diagnosis_lab
    """
    labels, scores = _labels_and_scores(labels, scores)
    _require_both_classes(labels)
    sensitivity = _fraction(sensitivity, "sensitivity", ends_allowed=True)
    if sensitivity == 0:
        raise ValueError("sensitivity must be above 0: any threshold reaches a sensitivity of 0")
    descending = np.sort(scores[labels == 1])[::-1]
    found = np.arange(1, len(descending) + 1) / len(descending)  # share found with the threshold at each of them
    return float(descending[np.argmax(found >= sensitivity)])


# ---------------------------------------------------------------------------------------------------------------------
# Intervals
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval, printed as `0.912 [0.874, 0.945]`.

    `estimate`, `low` and `high` are in the units of the metric; `level` is the interval's level, such as 0.95.

    Taught in: 00_start_here
    """

    estimate: float
    low: float
    high: float
    level: float

    def __post_init__(self):
        for name in ("estimate", "low", "high"):
            _finite_number(getattr(self, name), name)
        _fraction(self.level, "level")
        if self.low > self.high:
            raise ValueError(f"low must not be above high, got low={self.low:g} and high={self.high:g}")

    def __str__(self):
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap_interval(metric, labels, scores, *, groups=None, n_resamples=1000, level=0.95, seed=0):
    """Interval of a metric: how much would it change with another test set of this size? (percentile bootstrap)

    The test set is drawn again and again from itself, with replacement, and the metric is computed on each resample.
    Rows of one patient resemble each other, so they are no independent evidence. With `groups`, whole patients are
    drawn with all their rows.

    The interval covers the choice of test patients only. It does not cover another training run, or another hospital.

    Parameters
    ----------
    metric : function
        `metric(labels, scores)` returns one number. Example: `roc_auc`.
    labels : array of 0 and 1, shape (n,)
    scores : array of finite numbers, shape (n,)
    groups : array of patient names or numbers, shape (n,), optional
        Without it every row is its own group.
    n_resamples : int
    level : float between 0 and 1, ends excluded
    seed : int

    Returns
    -------
    Interval, whose estimate is the metric on the data as they are.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described; if there is only one group; if the metric gives no finite number; if it
        needs both classes and fewer than three groups hold one of them.

    Notes
    -----
    A resample may happen to hold one class only. Where the metric is undefined on it, the resample is drawn again.

    Source: for groups, the cluster bootstrap: Field and Welsh, Bootstrapping clustered data, Journal of the Royal
    Statistical Society B 69 (2007) 369-390.

    Taught in: 00_start_here
    """
    labels, scores = _labels_and_scores(labels, scores)

    def statistic(rows):
        return _metric_value(metric, labels[rows], scores[rows])

    return _percentile_interval(statistic, labels, groups, n_resamples, level, seed)


def bootstrap_difference(metric, labels, scores_a, scores_b, *, groups=None, n_resamples=1000, level=0.95, seed=0):
    """Interval of the difference metric(a) - metric(b) of two models tested on the same patients (paired bootstrap).

    Both models are judged on the same resamples. What makes a resample hard for both then cancels out, which
    comparing two separate intervals by eye cannot do.

    Parameters
    ----------
    metric : function
        `metric(labels, scores)` returns one number.
    labels : array of 0 and 1, shape (n,)
    scores_a, scores_b : arrays of finite numbers, shape (n,)
        The scores of the two models, in the same order of rows.
    groups, n_resamples, level, seed
        As in `bootstrap_interval`, where the notes also apply.

    Returns
    -------
    Interval of the difference; 0 inside it means that the data do not tell which model is better.

    Raises
    ------
    ValueError, TypeError
        As in `bootstrap_interval`.

    Taught in: 00_start_here
    """
    labels, scores_a = _labels_and_scores(labels, scores_a, "scores_a")
    labels, scores_b = _labels_and_scores(labels, scores_b, "scores_b")

    def statistic(rows):
        return _metric_value(metric, labels[rows], scores_a[rows]) - _metric_value(metric, labels[rows], scores_b[rows])

    return _percentile_interval(statistic, labels, groups, n_resamples, level, seed)


def _percentile_interval(statistic, labels, groups, n_resamples, level, seed):
    level = _fraction(level, "level")
    estimate, values = _bootstrap_values(statistic, labels, groups, n_resamples, seed)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate, float(low), float(high), level)


def _bootstrap_values(statistic, labels, groups, n_resamples, seed):
    """The statistic of all rows, and of `n_resamples` resamples; `statistic(rows)` takes row numbers."""
    codes = np.arange(len(labels)) if groups is None else _group_codes(groups, len(labels))
    n_resamples = _positive_int(n_resamples, "n_resamples")
    rng = np.random.default_rng(_seed(seed))
    rows_of_group = _rows_of_each_group(codes)
    if len(rows_of_group) < 2:
        raise ValueError("an interval needs at least 2 groups (patients) to draw from, got 1")

    estimate = statistic(np.arange(len(labels)))
    values = []
    while len(values) < n_resamples:
        drawn = rng.integers(len(rows_of_group), size=len(rows_of_group))
        rows = np.concatenate([rows_of_group[group] for group in drawn])
        if _one_class(labels[rows]) and not _is_defined(statistic, rows):
            _require_groups_of_each_class(labels, codes)
            continue
        values.append(statistic(rows))
    return estimate, np.array(values)


def _metric_value(metric, labels, scores):
    value = metric(labels, scores)
    if np.ndim(value) != 0 or np.asarray(value).dtype.kind not in "biuf":
        raise TypeError(
            f"metric must return one number, got {type(value).__name__}; "
            "to pick one of several, wrap it: lambda labels, scores: metric(labels, scores)[0]"
        )
    value = float(value)
    if not np.isfinite(value):
        raise ValueError(f"metric must return a finite number, got {value}")
    return value


def _is_defined(statistic, rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of an undefined metric; here it is expected
        try:
            statistic(rows)
        except ValueError:
            return False
    return True


def _require_groups_of_each_class(labels, codes):
    for label in (0, 1):
        n_groups = len(np.unique(codes[labels == label]))
        if n_groups < _FEWEST_GROUPS_PER_CLASS:
            raise ValueError(
                f"the metric needs both classes, but label {label} occurs in only {n_groups} group(s) (patients): too "
                f"few for an interval, which needs at least {_FEWEST_GROUPS_PER_CLASS}"
            )


# ---------------------------------------------------------------------------------------------------------------------
# Calibration
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ReliabilityCurve:
    """What was predicted and what happened, bin by bin. Bins without predictions are left out.

    All arrays have one entry a bin: the mean predicted probability, the observed frequency of label 1 with the limits
    `low` and `high` of its interval at `level`, and the number of predictions (`counts`, whose sum is n).

    Taught in: 04_1_image_diagnosis_lab
    """

    mean_predicted: np.ndarray
    observed: np.ndarray
    counts: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float


def reliability_curve(labels, probabilities, n_bins=10, strategy="quantile", level=0.95):
    """Compare predicted probabilities with observed frequencies, in bins of similar predictions.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    probabilities : array of numbers between 0 and 1, shape (n,)
    n_bins : int
    strategy : "quantile" or "uniform"
        Bins with equal numbers of predictions, or of equal width.
    level : float between 0 and 1, ends excluded
        Level of the Wilson interval of each observed frequency. It takes rows as independent: with several rows for
        a patient it is too narrow.

    Returns
    -------
    ReliabilityCurve

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: bins as in `sklearn.calibration.calibration_curve`; interval: Wilson 1927,
    https://doi.org/10.1080/01621459.1927.10502953

    Taught in: 04_1_image_diagnosis_lab
    """
    labels, probabilities = _labels_and_probabilities(labels, probabilities)
    level = _fraction(level, "level")
    mean_predicted, observed, counts = _bin_means(labels, probabilities, n_bins, strategy)
    intervals = [
        stats.binomtest(round(frequency * count), int(count)).proportion_ci(level, method="wilson")
        for frequency, count in zip(observed, counts, strict=True)
    ]
    low = np.array([interval.low for interval in intervals])
    high = np.array([interval.high for interval in intervals])
    return ReliabilityCurve(mean_predicted, observed, counts, low, high, level)


def expected_calibration_error(labels, probabilities, n_bins=10, strategy="uniform"):
    """Expected calibration error (ECE): mean distance of predicted probability and observed frequency over the bins.

    Bins count by their number of predictions. The probability is that of label 1; some authors use the probability
    of the predicted class instead, and their numbers differ.

    The ECE is never negative, and chance alone makes observed frequencies differ from the best possible predictions.
    So even a perfectly calibrated model shows an ECE above 0, and the more so the fewer patients there are. Read it
    beside `calibration_error_if_perfect`.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    probabilities : array of numbers between 0 and 1, shape (n,)
    n_bins : int
    strategy : "uniform" or "quantile"
        Bins of equal width, or with equal numbers of predictions.

    Returns
    -------
    float between 0 and 1.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: Guo et al. 2017, https://arxiv.org/abs/1706.04599; its bias: Roelofs et al. 2022,
    https://arxiv.org/abs/2012.08668

    Taught in: 04_1_image_diagnosis_lab
    """
    labels, probabilities = _labels_and_probabilities(labels, probabilities)
    mean_predicted, observed, counts = _bin_means(labels, probabilities, n_bins, strategy)
    return float(np.average(np.abs(mean_predicted - observed), weights=counts))


def calibration_error_interval(
    labels, probabilities, *, n_bins=10, strategy="uniform", groups=None, n_resamples=1000, level=0.95, seed=0
):
    """Interval of the expected calibration error (bootstrap, mirrored because the error is biased).

    Resampling adds chance to chance: the ECE of a resample is on average larger than that of the data, which is
    already larger than the true one. The usual percentile interval therefore lies too high and often misses the truth
    altogether. This interval mirrors the resamples at the estimate: low = 2 * estimate - (upper quantile of the
    resamples), and high likewise. Its lower limit is 0 if a perfectly calibrated model could well show the estimate
    (see `calibration_error_if_perfect`).

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    probabilities : array of numbers between 0 and 1, shape (n,)
    n_bins, strategy
        As in `expected_calibration_error`.
    groups, n_resamples, level, seed
        As in `bootstrap_interval`.

    Returns
    -------
    Interval, from the estimate or below to the estimate or above, never below 0.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or there is only one group.

    Taught in: 04_1_image_diagnosis_lab
    """
    labels, probabilities = _labels_and_probabilities(labels, probabilities)
    level = _fraction(level, "level")

    def statistic(rows):
        return expected_calibration_error(labels[rows], probabilities[rows], n_bins, strategy)

    estimate, values = _bootstrap_values(statistic, labels, groups, n_resamples, seed)
    if_perfect = calibration_error_if_perfect(
        probabilities, n_bins=n_bins, strategy=strategy, n_simulations=n_resamples, level=level, seed=seed
    )
    upper_quantile, lower_quantile = np.quantile(values, [(1 + level) / 2, (1 - level) / 2])
    low = 0 if estimate <= if_perfect.high else max(0, 2 * estimate - upper_quantile)
    high = max(estimate, 2 * estimate - lower_quantile)
    return Interval(estimate, float(low), float(high), level)


def calibration_error_if_perfect(
    probabilities, *, n_bins=10, strategy="uniform", n_simulations=1000, level=0.95, seed=0
):
    """The expected calibration error that these predictions would show if they were perfectly calibrated.

    The ECE is biased upwards in small samples: with 20 patients in a bin and a true risk of 0.5, the observed
    frequency misses 0.5 by 0.09 on average, and the ECE counts every miss. To know what chance alone does, labels are
    drawn from the probabilities themselves (each patient has the disease with exactly the predicted probability) and
    the ECE is computed, many times over. An ECE inside this range is no evidence of bad calibration, and none of good
    calibration either if the range is wide.

    Parameters
    ----------
    probabilities : array of numbers between 0 and 1, shape (n,)
    n_bins, strategy
        As in `expected_calibration_error`.
    n_simulations : int
    level : float between 0 and 1, ends excluded
    seed : int

    Returns
    -------
    Interval, whose estimate is the mean of the simulated errors and whose limits hold the share `level` of them.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    Labels are drawn independently. With several rows for a patient chance does more than this range shows.

    Source: the bias: Roelofs et al. 2022, https://arxiv.org/abs/2012.08668; the simulation follows the consistency
    bars of Bröcker and Smith 2007, https://journals.ametsoc.org/view/journals/wefo/22/3/waf993_1.xml

    Taught in: 04_1_image_diagnosis_lab
    """
    probabilities = _probabilities(probabilities)
    level = _fraction(level, "level")
    n_simulations = _positive_int(n_simulations, "n_simulations")
    rng = np.random.default_rng(_seed(seed))
    errors = []
    for _ in range(n_simulations):
        labels = (rng.random(len(probabilities)) < probabilities).astype(int)
        errors.append(expected_calibration_error(labels, probabilities, n_bins, strategy))
    low, high = np.quantile(errors, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(np.mean(errors)), float(low), float(high), level)


def _bin_means(labels, probabilities, n_bins, strategy):
    """Mean prediction, observed frequency and number of predictions of each bin that is not empty."""
    n_bins = _positive_int(n_bins, "n_bins")
    if strategy == "uniform":
        edges = np.linspace(0, 1, n_bins + 1)
    elif strategy == "quantile":
        edges = np.quantile(probabilities, np.linspace(0, 1, n_bins + 1))
    else:
        raise ValueError(f"strategy must be 'uniform' or 'quantile', got {strategy!r}")
    bins = np.searchsorted(edges[1:-1], probabilities)
    counts = np.bincount(bins, minlength=n_bins)
    filled = counts > 0
    mean_predicted = np.bincount(bins, weights=probabilities, minlength=n_bins)[filled] / counts[filled]
    observed = np.bincount(bins, weights=labels, minlength=n_bins)[filled] / counts[filled]
    return mean_predicted, observed, counts[filled]


def fit_temperature(labels, probabilities):
    """The temperature T for which sigmoid(logit(p) / T) fits the labels best (smallest negative log-likelihood).

    T above 1 means that the model was too sure of itself. Fit it on validation data, never on the training set (where
    the model is always too sure) nor on the test set.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    probabilities : array of numbers between 0 and 1, shape (n,)
        Probabilities closer than 1e-7 to 0 or 1 are moved to that distance, because their logit is infinite.

    Returns
    -------
    float above 0

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described; if the labels hold one class only; or if no temperature is best: all
        predictions lie on the correct side of 0.5 (the smaller T, the better), or they are no better than 0.5 for
        everyone (the larger T, the better).

    Source: Guo et al. 2017, https://arxiv.org/abs/1706.04599

    Taught in: 04_1_image_diagnosis_lab
    """
    labels, probabilities = _labels_and_probabilities(labels, probabilities)
    _require_both_classes(labels)
    logits = special.logit(np.clip(probabilities, _LOGIT_EPSILON, 1 - _LOGIT_EPSILON))
    signed = np.where(labels == 1, logits, -logits)  # positive where the prediction is on the correct side of 0.5
    if np.all(signed >= 0):
        raise ValueError(
            "no temperature is best: all probabilities are on the correct side of 0.5, so that a smaller temperature "
            "always fits better; use more (or harder) validation data"
        )
    if np.mean(signed) <= 0:
        raise ValueError(
            "no temperature is best: the probabilities fit the labels no better than 0.5 for everyone, so that a "
            "larger temperature always fits better; check that the labels are not swapped"
        )

    def negative_log_likelihood(log_temperature):
        return np.mean(np.logaddexp(0, -signed / np.exp(log_temperature)))

    return float(np.exp(optimize.minimize_scalar(negative_log_likelihood, tol=1e-8).x))


def apply_temperature(probabilities, temperature):
    """Soften (temperature above 1) or sharpen (below 1) probabilities: sigmoid(logit(p) / temperature).

    The order of the patients stays the same, so the ROC-AUC does not change.

    Parameters
    ----------
    probabilities : array of numbers between 0 and 1, shape (n,)
    temperature : float above 0

    Returns
    -------
    array of numbers between 0 and 1, shape (n,)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: Guo et al. 2017, https://arxiv.org/abs/1706.04599

    Taught in: 04_1_image_diagnosis_lab
    """
    probabilities = _probabilities(probabilities)
    temperature = _finite_number(temperature, "temperature")
    if temperature <= 0:
        raise ValueError(f"temperature must be above 0, got {temperature:g}")
    return special.expit(special.logit(probabilities) / temperature)


def correct_prior(probabilities, prevalence_training, prevalence_deployment):
    """Carry probabilities from the prevalence a model was trained at to the prevalence where it will be used.

    Holds if only the share of diseased patients differs, and diseased (and healthy) patients look the same in both
    places. Also needed after training on a set that was balanced artificially.

    Parameters
    ----------
    probabilities : array of numbers between 0 and 1, shape (n,)
        Calibrated where the prevalence is `prevalence_training`.
    prevalence_training, prevalence_deployment : float between 0 and 1, ends excluded

    Returns
    -------
    array of numbers between 0 and 1, shape (n,)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: Saerens, Latinne and Decaestecker 2002, https://doi.org/10.1162/089976602753284446

    Taught in: 04_1_image_diagnosis_lab
    """
    probabilities = _probabilities(probabilities)
    before = _fraction(prevalence_training, "prevalence_training")
    after = _fraction(prevalence_deployment, "prevalence_deployment")
    diseased = probabilities * (after / before)
    healthy = (1 - probabilities) * ((1 - after) / (1 - before))
    return diseased / (diseased + healthy)


# ---------------------------------------------------------------------------------------------------------------------
# Decision curve
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class DecisionCurve:
    """Net benefit per patient at each threshold probability, for three ways to decide whom to treat.

    `model`: treat those whose probability reaches the threshold; `treat_all`; `treat_none` (zero by definition). All
    arrays have the shape of `thresholds`; the unit is true positives per patient.

    Taught in: 04_1_image_diagnosis_lab
    """

    thresholds: np.ndarray
    model: np.ndarray
    treat_all: np.ndarray
    treat_none: np.ndarray


def decision_curve(labels, probabilities, thresholds):
    """Net benefit of treating by the model, treating everyone, and treating no one.

    The threshold probability says how a clinician weighs the two errors: who treats from a risk of 10 % on accepts
    nine needless treatments for each patient found. Net benefit = TP / n - FP / n * threshold / (1 - threshold).

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    probabilities : array of numbers between 0 and 1, shape (n,)
    thresholds : array of numbers between 0 and 1, ends excluded, shape (k,)
        Threshold probabilities that are reasonable for the decision at hand.

    Returns
    -------
    DecisionCurve

    Raises
    ------
    ValueError, TypeError
        If the labels hold one class only, or an argument is not as described.

    Source: Vickers and Elkin 2006, https://doi.org/10.1177/0272989X06295361

    Taught in: 04_1_image_diagnosis_lab
    """
    labels, probabilities = _labels_and_probabilities(labels, probabilities)
    _require_both_classes(labels)
    thresholds = _numbers(thresholds, "thresholds")
    if not np.all((thresholds > 0) & (thresholds < 1)):
        worst = thresholds[(thresholds <= 0) | (thresholds >= 1)][0]
        raise ValueError(f"thresholds must be between 0 and 1, ends excluded, got {worst:g}")

    def net_benefit(treated, threshold):
        true_positives = np.mean(treated & (labels == 1))
        false_positives = np.mean(treated & (labels == 0))
        return true_positives - false_positives * threshold / (1 - threshold)

    everyone = np.ones(len(labels), dtype=bool)
    model = np.array([net_benefit(probabilities >= threshold, threshold) for threshold in thresholds])
    treat_all = np.array([net_benefit(everyone, threshold) for threshold in thresholds])
    return DecisionCurve(thresholds, model, treat_all, treat_none=np.zeros(len(thresholds)))


# ---------------------------------------------------------------------------------------------------------------------
# Splits
# ---------------------------------------------------------------------------------------------------------------------


def group_split(groups, test_size=0.3, seed=0, labels=None):
    """Split rows into training and test so that all rows of a patient are on the same side.

    Parameters
    ----------
    groups : array of patient names or numbers, shape (n,)
    test_size : float between 0 and 1, ends excluded
        Share of the patients (not of the rows) that go to the test set.
    seed : int
    labels : array of 0 and 1, shape (n,), optional
        With labels the split is stratified: the share of positive patients is as equal as possible on both sides. A
        patient is positive if at least one of the rows is.

    Returns
    -------
    (train_index, test_index) : arrays of row numbers, ascending
        Together they hold every row once.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or there are too few patients to fill both sides.

    Source: `sklearn.model_selection.GroupShuffleSplit`; with labels, `train_test_split` of the patients.

    Taught in: 03_1_2_training_and_optimisation
    """
    codes = _group_codes(groups)
    test_size = _fraction(test_size, "test_size")
    seed = _seed(seed)
    n_groups = codes.max() + 1
    if n_groups - np.ceil(test_size * n_groups) < 1:
        raise ValueError(f"test_size {test_size:g} of {n_groups} group(s) (patients) leaves none to train on")
    if labels is None:
        splitter = model_selection.GroupShuffleSplit(n_splits=1, test_size=test_size, random_state=seed)
        train_index, test_index = next(splitter.split(codes, groups=codes))
    else:
        labels = _labels(labels)
        _require_same_length(labels, "labels", codes, "groups")
        in_test = np.isin(codes, _stratified_test_groups(labels, codes, test_size, seed))
        train_index, test_index = np.flatnonzero(~in_test), np.flatnonzero(in_test)
    assert_groups_disjoint(groups, train_index, test_index)
    return train_index, test_index


def _stratified_test_groups(labels, codes, test_size, seed):
    group_labels = np.array([labels[rows].max() for rows in _rows_of_each_group(codes)])
    too_few = ValueError(
        f"{len(group_labels)} groups (patients), {group_labels.sum()} of them positive, are too few for a test set "
        f"of {test_size:g} in which both sides hold both classes"
    )
    if min(np.bincount(group_labels, minlength=2)) < 2:
        raise too_few
    try:
        train, test = model_selection.train_test_split(
            np.arange(len(group_labels)), test_size=test_size, random_state=seed, stratify=group_labels
        )
    except ValueError:  # one side is smaller than the number of classes
        raise too_few from None
    if _one_class(group_labels[train]) or _one_class(group_labels[test]):
        raise too_few
    return test


def assert_groups_disjoint(groups, train_index, test_index):
    """Stop if a patient has rows both in the training set and in the test set.

    Parameters
    ----------
    groups : array of patient names or numbers, shape (n,)
    train_index, test_index : arrays of row numbers from 0 to n - 1

    Raises
    ------
    AssertionError
        If a group is on both sides. The message names up to three of them.
    ValueError, TypeError
        If an argument is not as described.

    Taught in: 03_1_2_training_and_optimisation
    """
    codes = _group_codes(groups)
    train_index = _row_numbers(train_index, "train_index", len(codes))
    test_index = _row_numbers(test_index, "test_index", len(codes))
    crossing = np.intersect1d(codes[train_index], codes[test_index])
    if len(crossing):
        names = np.asarray(groups, dtype=object)
        examples = ", ".join(str(names[np.argmax(codes == code)]) for code in crossing[:3])
        raise AssertionError(
            f"{len(crossing)} group(s) (patients) are both in the training set and in the test set, such as {examples}"
        )


# ---------------------------------------------------------------------------------------------------------------------
# Checks of the input
# ---------------------------------------------------------------------------------------------------------------------


def _numbers(values, name):
    values = np.asarray(values)
    if values.ndim != 1:
        hint = "; a Keras model predicts one column, take predictions[:, 0]" if values.shape[1:] == (1,) else ""
        raise ValueError(f"{name} must have one dimension, got shape {values.shape}{hint}")
    if values.size == 0:
        raise ValueError(f"{name} must not be empty")
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of numbers, got dtype {values.dtype}")
    if not np.all(np.isfinite(values)):
        bad = np.flatnonzero(~np.isfinite(values))
        raise ValueError(f"{name} must be finite, got {len(bad)} NaN or infinite value(s), the first in row {bad[0]}")
    return values.astype(float)


def _labels(labels):
    labels = _numbers(labels, "labels")
    wrong = labels[(labels != 0) & (labels != 1)]
    if len(wrong):
        raise ValueError(f"labels must be 0 or 1, got {wrong[0]:g}")
    return labels.astype(int)


def _probabilities(probabilities):
    probabilities = _numbers(probabilities, "probabilities")
    wrong = probabilities[(probabilities < 0) | (probabilities > 1)]
    if len(wrong):
        raise ValueError(f"probabilities must be between 0 and 1, got {wrong[0]:g}; is this a logit?")
    return probabilities


def _labels_and_scores(labels, scores, name="scores"):
    labels, scores = _labels(labels), _numbers(scores, name)
    _require_same_length(labels, "labels", scores, name)
    return labels, scores


def _labels_and_probabilities(labels, probabilities):
    labels, probabilities = _labels(labels), _probabilities(probabilities)
    _require_same_length(labels, "labels", probabilities, "probabilities")
    return labels, probabilities


def _require_same_length(a, name_a, b, name_b):
    if len(a) != len(b):
        raise ValueError(f"{name_a} and {name_b} must have the same length, got {len(a)} and {len(b)}")


def _one_class(labels):
    return labels.min() == labels.max()


def _require_both_classes(labels):
    if _one_class(labels):
        raise ValueError(f"labels must hold both classes, got only {labels[0]}: this is undefined for one class")


def _group_codes(groups, n_rows=None):
    """Number the groups 0, 1, ... in the order of their first rows."""
    groups = np.asarray(groups, dtype=object)  # as objects, because NumPy would turn [1, "1"] into the same text
    if groups.ndim != 1:
        raise ValueError(f"groups must have one dimension, got shape {groups.shape}")
    if groups.size == 0:
        raise ValueError("groups must not be empty")
    if n_rows is not None and len(groups) != n_rows:
        raise ValueError(f"labels and groups must have the same length, got {n_rows} and {len(groups)}")
    numbers_of_groups = {}
    for row, group in enumerate(groups):
        if group is None or group == "" or group != group:
            raise ValueError(f"groups must name a group for every row, got {group!r} in row {row}")
        numbers_of_groups.setdefault(group, len(numbers_of_groups))
    return np.array([numbers_of_groups[group] for group in groups])


def _rows_of_each_group(codes):
    rows_sorted_by_group = np.argsort(codes, kind="stable")
    return np.split(rows_sorted_by_group, np.cumsum(np.bincount(codes))[:-1])


def _row_numbers(index, name, n_rows):
    index = np.asarray(index)
    if index.ndim != 1 or index.size == 0:
        raise ValueError(f"{name} must be a non-empty array with one dimension, got shape {index.shape}")
    if index.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold row numbers (integers), got dtype {index.dtype}")
    if index.min() < 0 or index.max() >= n_rows:
        raise ValueError(f"{name} must hold row numbers from 0 to {n_rows - 1}, got {index.min()} to {index.max()}")
    return index


def _finite_number(value, name):
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not np.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value}")
    return float(value)


def _fraction(value, name, ends_allowed=False):
    value = _finite_number(value, name)
    inside = 0 <= value <= 1 if ends_allowed else 0 < value < 1
    if not inside:
        ends = "" if ends_allowed else ", ends excluded"
        raise ValueError(f"{name} must be between 0 and 1{ends}, got {value:g}")
    return value


def _positive_int(value, name):
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return int(value)


def _seed(seed):
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral):
        raise TypeError(f"seed must be an integer, got {seed!r}")
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be between 0 and 2**32 - 1, got {seed}")
    return int(seed)
