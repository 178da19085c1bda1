"""How good is a model? Metrics, intervals, thresholds, calibration, decision curves, and splits by patient.

NumPy arrays go in; numbers or small frozen dataclasses come out. scikit-learn and SciPy do the computing wherever
they can. What this module adds are checks of the input, intervals that respect patients, and calibration.

Two words are used with care. A *score* is any number that is larger for patients more likely to have the disease. A
*probability* is a score between 0 and 1 that is meant to be read as a frequency.
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats
from sklearn import linear_model, metrics, model_selection

from course_utils import _checks

__all__ = [
    "DecisionCurve",
    "Interval",
    "PredictionIntervals",
    "ReliabilityCurve",
    "accuracy",
    "apply_temperature",
    "assert_groups_disjoint",
    "auc_difference",
    "auc_interval",
    "bootstrap_difference",
    "bootstrap_interval",
    "brier_score",
    "calibration_error_if_perfect",
    "calibration_error_interval",
    "calibration_slope",
    "conformal_interval",
    "correct_prior",
    "decision_curve",
    "expected_calibration_error",
    "fit_temperature",
    "group_split",
    "pr_auc",
    "predictive_values",
    "proportion_interval",
    "reliability_curve",
    "roc_auc",
    "sensitivity_specificity",
    "threshold_at_sensitivity",
    "youden_threshold",
]

# With three groups of a class among many, one resample in twenty holds none of them (exp(-3) = 0.05).
_FEWEST_GROUPS_PER_CLASS = 3

# A network whose output is 0 or 1 has an infinite logit. Keras clips probabilities at the same distance, where it
# cannot see the logits behind them.
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
    labels, scores = _labels_and_scores(labels, scores, both_classes=True)
    # These two calls are what roc_auc_score does, in half its time.
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
    labels, scores = _labels_and_scores(labels, scores, both_classes=True)
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

    Taught in: 00_start_here
    """
    threshold = _in_precision_of(probabilities, _checks.share(threshold, "threshold", ends_allowed=True))
    labels, probabilities = _labels_and_probabilities(labels, probabilities)
    return float(np.mean((probabilities >= threshold) == labels))


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
    threshold = _in_precision_of(scores, _checks.number(threshold, "threshold"))
    labels, scores = _labels_and_scores(labels, scores, both_classes=True)
    positive = scores >= threshold
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
    sensitivity = _checks.share(sensitivity, "sensitivity", ends_allowed=True)
    specificity = _checks.share(specificity, "specificity", ends_allowed=True)
    prevalence = _checks.share(prevalence, "prevalence")
    true_positives = sensitivity * prevalence
    false_positives = (1 - specificity) * (1 - prevalence)
    true_negatives = specificity * (1 - prevalence)
    false_negatives = (1 - sensitivity) * prevalence
    for name, share in [("positive", true_positives + false_positives), ("negative", true_negatives + false_negatives)]:
        if share == 0:
            raise ValueError(
                f"with sensitivity {sensitivity} and specificity {specificity} nobody tests {name}: "
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
    labels, scores = _labels_and_scores(labels, scores, both_classes=True)
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
    labels, scores = _labels_and_scores(labels, scores, both_classes=True)
    sensitivity = _checks.share(sensitivity, "sensitivity", ends_allowed=True)
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
            _checks.number(getattr(self, name), name)
        _checks.share(self.level, "level")
        if self.low > self.high:
            raise ValueError(f"low must not be above high, got low={self.low} and high={self.high}")

    def __str__(self):
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"


def auc_interval(labels, scores, *, groups=None, level=0.95):
    """Interval of the ROC-AUC that also holds near 1, and with several rows for a patient (DeLong, logit scale).

    Each row says how much it pulls the area up or down: by the share of the other class on whose right side it lies.
    DeLong's variance adds up the squares of these pulls; with `groups`, the pulls of one patient are added before they
    are squared (Obuchowski). The interval is made on the logit scale, so it never leaves 0 to 1 and is longer towards
    0.5. Few errors say little about how often errors happen: the fewer rows carry the variance, the longer it is.

    It is never longer than the interval of a share (Wilson) of k independent pairs of patients in the right order, k
    being the number of patients in the smaller class. That one is left where every positive scores higher than every
    negative and there is no error to learn from: with 10 and 10 patients it goes from 0.722 to 1, not from 1 to 1.

    Where one class is small and the other large, the interval is too short, and its `low` too high: with 3 and 200
    patients it covers the true area in 84 to 89 of 100 test sets, with 10 and 300 and an area of 0.95 in 88. Do not
    lean on `low` there. (With few patients in both classes it is rather too long.)

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    scores : array of finite numbers, shape (n,)
    groups : array of patient names or numbers, shape (n,), optional
        Without it every row is its own patient.
    level : float between 0 and 1, ends excluded

    Returns
    -------
    Interval, whose estimate is `roc_auc(labels, scores)`. The same score for everyone is 0.5 with no width, exactly.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or fewer than three groups hold one of the classes.

    Notes
    -----
    Coverage of the 95 % interval in simulations: 0.95-0.97 with 64 and 107 patients and areas from 0.69 to 0.99;
    0.98 with 10 and 10 and with 4 and 4; 0.93-0.97 with 12 to 171 patients of eight rows each. It misses more often
    where one class is small and the other large: 0.91-0.94 with 20 and 300, 0.88-0.92 with 10 and 300, 0.84-0.89 with
    3 and 200, where most misses lie on one side: the true area is below `low`. The interval also misses more often
    where a few patients are of another kind than the rest (wrong labels, a rare form of the disease): a test set that
    happens to hold none of them cannot warn of them.

    More errors can give a shorter interval, because the rule changes where the first error is seen: with 64 and 107
    patients it goes from 0.943 to 1 in perfect order, and from 0.993 to 1 with one pair of 6,848 in the wrong order.

    Source: variance: DeLong, DeLong and Clarke-Pearson 1988, https://doi.org/10.2307/2531595; groups: Obuchowski
    1997, https://doi.org/10.2307/2533958; logit scale, and the need for another rule where no pair is in the wrong
    order: Perme and Manevski 2019, https://doi.org/10.1177/0962280218814556. The quantile is that of Student's t, its
    degrees of freedom Satterthwaite's, corrected by von Davier 2024, https://arxiv.org/abs/2409.14606.

    Taught in: 00_start_here
    """
    labels, scores = _labels_and_scores(labels, scores, both_classes=True)
    level = _checks.share(level, "level")
    codes = _group_codes(groups, labels=labels)
    groups_per_class = _groups_of_each_class(labels, codes)
    auc, pulls = _auc_and_pulls(labels, scores, codes)
    if np.all(scores == scores[0]):
        return Interval(auc, auc, auc, level)
    low, high = _wilson(auc, _n_independent_pairs(labels, codes), _normal_quantile(level))
    variance = _auc_variance(pulls, groups_per_class)
    if variance > 0:
        half = _t_quantile(pulls.sum(axis=0), level) * np.sqrt(variance) / (auc * (1 - auc))
        low = max(low, special.expit(special.logit(auc) - half))
        high = min(high, special.expit(special.logit(auc) + half))
    return Interval(auc, float(min(low, auc)), float(max(high, auc)), level)


def auc_difference(labels, scores_a, scores_b, *, groups=None, level=0.95):
    """Interval of the difference ROC-AUC(a) - ROC-AUC(b) of two models tested on the same patients (DeLong, paired).

    What makes a patient hard for both models pulls both areas down, and cancels out in the difference. As in
    `auc_interval`, pulls are added by patient, and few errors make a long interval.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    scores_a, scores_b : arrays of finite numbers, shape (n,)
        The scores of the two models, in the same order of rows.
    groups, level
        As in `auc_interval`.

    Returns
    -------
    Interval of the difference; 0 inside it means that the data do not tell which model is better. It has no width if
    both models put the rows in the same order: their areas are then equal in any test set like this one.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or fewer than three groups hold one of the classes.

    Notes
    -----
    Coverage of the 95 % interval in simulations: 0.94-0.99 with 64 and 107 patients, 0.92-1.00 with 10 and 10, where
    the areas are equal or not close to 1. The interval is too short where they are unequal and close to 1, or where a
    class is small: 0.91-0.93 with 64 and 107 patients and areas of 0.995 and 0.976; 0.90-0.93 with 10 and 10 (0.98 and
    0.92); 0.79 with 5 and 100 (0.98 and 0.92). Nearly all these misses lie on one side: the true lead is larger than
    the end that is farther from 0. So "a is better than b" is safe to read from it there, and "a is better by at most
    this much" is not.

    Where the models differ in no pair of patients (both are perfect, say), k pairs without a difference are read as in
    `auc_interval`: with 10 and 10 patients the interval goes from -0.278 to 0.278, with 64 and 107 from -0.057 to
    0.057. There, too, the first error that is seen makes it far shorter.

    Source: DeLong, DeLong and Clarke-Pearson 1988, https://doi.org/10.2307/2531595; groups: Obuchowski 1997,
    https://doi.org/10.2307/2533958

    Taught in: 00_start_here
    """
    labels, scores_a = _labels_and_scores(labels, scores_a, "scores_a", both_classes=True)
    labels, scores_b = _labels_and_scores(labels, scores_b, "scores_b", both_classes=True)
    level = _checks.share(level, "level")
    codes = _group_codes(groups, labels=labels)
    groups_per_class = _groups_of_each_class(labels, codes)
    auc_a, pulls_a = _auc_and_pulls(labels, scores_a, codes)
    auc_b, pulls_b = _auc_and_pulls(labels, scores_b, codes)
    difference, pulls = auc_a - auc_b, pulls_a - pulls_b
    variance = _auc_variance(pulls, groups_per_class)
    if variance > 0:
        half = _t_quantile(pulls.sum(axis=0), level) * np.sqrt(variance)
    elif np.array_equal(stats.rankdata(scores_a), stats.rankdata(scores_b)):
        half = 0.0
    else:
        half = 1 - _wilson(1.0, _n_independent_pairs(labels, codes), _normal_quantile(level))[0]
    return Interval(difference, float(max(difference - half, -1)), float(min(difference + half, 1)), level)


def proportion_interval(correct, *, groups=None, level=0.95):
    """Interval of a share, such as an accuracy or a sensitivity, that also holds near 0 and 1 (Wilson).

    Ten right answers of ten do not prove that the eleventh is right: the interval is 0.722 to 1. With `groups`, the
    answers about one patient resemble each other and count as fewer: the number of rows is replaced by the number of
    independent rows that would vary as much. Where all answers are right (or wrong), each patient counts once, and the
    interval is never longer than that.

    Parameters
    ----------
    correct : array of 0 and 1 (or False and True), shape (n,)
        Accuracy: `(probabilities >= 0.5) == labels`; sensitivity: `scores[labels == 1] >= threshold`.
    groups : array of patient names or numbers, shape (n,), optional
        Without it every row is its own patient.
    level : float between 0 and 1, ends excluded

    Returns
    -------
    Interval, whose estimate is the share of ones.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or there is only one group.

    Notes
    -----
    Coverage of the 95 % interval in simulations: 0.94-0.98 without groups, at shares from 0.90 to 0.99 (percentile
    bootstrap: 0.85-0.94); 0.94-0.98 with 12 to 60 patients of 8 to 20 rows each (percentile bootstrap: 0.84-0.95).

    Source: Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953; for groups, the number of rows divided by the
    design effect: Franco et al. 2019, https://pmc.ncbi.nlm.nih.gov/articles/PMC6690503, with Student's quantile as in
    `auc_interval`.

    Taught in: 00_start_here
    """
    correct = _checks.labels(correct, "correct")
    level = _checks.share(level, "level")
    codes = _group_codes(groups, correct=correct)
    n_rows, n_groups, share = len(correct), codes.max() + 1, float(correct.mean())
    low, high = _wilson(share, _n_independent(codes), _normal_quantile(level))
    if n_groups < n_rows:
        _require_two_groups(n_groups)
        # How much each group pulls the share up or down; whole numbers, so that equal groups give exactly 0.
        pulls = (n_rows * np.bincount(codes, correct) - correct.sum() * np.bincount(codes)) / n_rows**2
        if pulls.any():
            variance = n_groups / (n_groups - 1) * np.sum(pulls**2)
            n_effective = min(n_rows, share * (1 - share) / variance)
            by_spread = _wilson(share, n_effective, _t_quantile(pulls, level))
            low, high = max(low, by_spread[0]), min(high, by_spread[1])
    return Interval(share, float(min(low, share)), float(max(high, share)), level)


def bootstrap_interval(metric, labels, scores, *, groups=None, n_resamples=1000, level=0.95, seed=0):
    """Interval of any metric: how much would it change with another test set of this size? (percentile bootstrap)

    The test set is drawn again and again from itself, with replacement, and the metric is computed on each resample.
    Rows of one patient resemble each other, so they are no independent evidence. With `groups`, whole patients are
    drawn with all their rows.

    The interval covers the choice of test patients only. It does not cover another training run, or another hospital.

    Near the end of a metric's range the interval is too short, because resamples cannot hold errors that the test set
    does not hold. With 64 and 107 patients and a ROC-AUC of 0.99, the 95 % interval covered the truth in 89 % of
    simulations; where all is right it has no width. Use `auc_interval` and `proportion_interval` there.

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

    Warns
    -----
    UserWarning
        If all resamples give the same value although the scores differ: the interval then has no width.

    Notes
    -----
    A resample may happen to hold one class only. Where the metric is undefined on it, the resample is drawn again.

    Source: for groups, the cluster bootstrap: Field and Welsh, Bootstrapping clustered data, Journal of the Royal
    Statistical Society B 69 (2007) 369-390.

    Taught in: 00_start_here
    """
    labels, scores = _labels_and_scores(labels, scores)
    interval = _percentile_interval(_of_rows(metric, labels, scores), labels, groups, n_resamples, level, seed)
    if interval.low == interval.high and not np.all(scores == scores[0]):
        _warn_of_no_width()
    return interval


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

    Warns
    -----
    UserWarning
        If all resamples give the same difference although the scores of the models differ. For two nearly perfect
        models use `auc_difference`.

    Taught in: 00_start_here
    """
    labels, scores_a = _labels_and_scores(labels, scores_a, "scores_a")
    labels, scores_b = _labels_and_scores(labels, scores_b, "scores_b")
    metric_a, metric_b = _of_rows(metric, labels, scores_a), _of_rows(metric, labels, scores_b)

    def difference(rows):
        return metric_a(rows) - metric_b(rows)

    interval = _percentile_interval(difference, labels, groups, n_resamples, level, seed)
    if interval.low == interval.high and not np.array_equal(scores_a, scores_b):
        _warn_of_no_width()
    return interval


@dataclass(frozen=True)
class PredictionIntervals:
    """What `conformal_interval` returns: an interval for each new row.

    `low` and `high` are arrays of float, shape (m,), in the units of the outcome; `level` is the share of outcomes that
    they are made to hold, such as 0.9; `quantile` is the residual (divided by the spread, where one was given) that
    makes their half width.
    """

    low: np.ndarray
    high: np.ndarray
    level: float
    quantile: float

    def coverage(self, true):
        """Return the share of the outcomes, shape (m,), that lie in their intervals, ends included."""
        true = _checks.array(true, "true", axes=1, booleans=False)
        _checks.same_length(true=true, intervals=self.low)
        return float(np.mean((self.low <= true) & (true <= self.high)))


def conformal_interval(true, predicted, new_predicted, *, spread=None, new_spread=None, level=0.9):
    """Intervals for new outcomes from the errors on a calibration set: split conformal prediction.

    The half width is the ceil((n + 1) level)-th smallest of the n absolute residuals. Whatever the model, an interval
    then holds the outcome of a new row with a chance of at least `level`, on average over calibration sets, as long as
    the calibration rows and the new row are exchangeable: drawn alike, and none of them seen in training.

    Parameters
    ----------
    true, predicted : arrays of finite numbers, shape (n,)
        Outcomes and predictions of the calibration set.
    new_predicted : array of finite numbers, shape (m,)
        Predictions of the new rows.
    spread : array of positive numbers, shape (n,), optional
        How uncertain the model is of each calibration row, such as the standard deviation of an ensemble. Residuals
        are divided by it, so that uncertain rows get wider intervals.
    new_spread : array of positive numbers, shape (m,), optional
        The same of the new rows; given together with `spread`.
    level : float
        Share of the new outcomes that the intervals shall hold.

    Returns
    -------
    PredictionIntervals
        `low`, `high`, `level`, `quantile`; `coverage(true)` counts how many outcomes they hold.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or if the calibration set is too small for the level: n must be at least
        level / (1 - level), which is 9 for 0.9 and 19 for 0.95.

    Source: Lei J, et al. (2018). Journal of the American Statistical Association 113:1094-1111.
    https://doi.org/10.1080/01621459.2017.1307116

    Taught in: 03_2_2_drug_activity_prediction
    """
    true, predicted = (_checks.numbers_row(values, name) for values, name in ((true, "true"), (predicted, "predicted")))
    _checks.same_length(true=true, predicted=predicted)
    new_predicted, level = _checks.numbers_row(new_predicted, "new_predicted"), _checks.share(level, "level")
    if (spread is None) != (new_spread is None):
        raise ValueError("spread and new_spread must be given together, got only one of them")
    if spread is None:
        spread, new_spread = np.ones(len(true)), np.ones(len(new_predicted))
    spread, new_spread = _positive(spread, "spread"), _positive(new_spread, "new_spread")
    _checks.same_length(spread=spread, true=true)
    _checks.same_length(new_spread=new_spread, new_predicted=new_predicted)
    hair = 1e-9  # (99 + 1) * (0.1 + 0.2) is 30, although the computer has a little more
    rank = math.ceil((len(true) + 1) * level - hair)
    if rank > len(true):
        fewest = math.ceil(level / (1 - level) - hair)
        raise ValueError(f"true must have at least {fewest} rows for an interval of level {level}, got {len(true)}")
    quantile = float(np.sort(np.abs(true - predicted) / spread)[rank - 1])
    half = quantile * new_spread
    return PredictionIntervals(new_predicted - half, new_predicted + half, level, quantile)


def _positive(values, name):
    values = _checks.numbers_row(values, name)
    if values.min() <= 0:
        raise ValueError(f"{name} must be above 0, got {values.min()} in row {np.argmin(values)}")
    return values


def _auc_and_pulls(labels, scores, codes):
    """The area, and how much each group pulls it up or down: row 0 through its negatives, row 1 its positives."""
    n_groups = codes.max() + 1
    pulls = []
    for label in (0, 1):
        rows, others = labels == label, np.sort(scores[labels != label])
        n_rows, n_others = int(rows.sum()), len(others)
        # Twice the number of the other class on whose right side each row is: a tie counts 1.
        right = np.searchsorted(others, scores[rows], "left") + np.searchsorted(others, scores[rows], "right")
        right = right if label == 1 else 2 * n_others - right
        deviations = n_rows * right - right.sum()  # whole numbers, so that equal patients give exactly 0
        pulls.append(np.bincount(codes[rows], deviations, minlength=n_groups) / (2 * n_rows**2 * n_others))
    return float(right.sum() / (2 * n_rows * n_others)), np.array(pulls)


def _auc_variance(pulls, groups_per_class):
    """DeLong's variance of an area (or of a difference, from differences of pulls), by group: Obuchowski 1997."""
    n_groups = pulls.shape[1]
    own = sum(n / (n - 1) * np.sum(pulls[label] ** 2) for label, n in enumerate(groups_per_class))
    within_groups = n_groups / (n_groups - 1) * np.sum(pulls[0] * pulls[1])  # 0 if no group holds both classes
    return own + 2 * within_groups if pulls.sum(axis=0).any() else 0.0


def _normal_quantile(level):
    return special.ndtri((1 + level) / 2)


def _t_quantile(pulls, level):
    """Student's quantile for a variance that is the sum of the squares of these pulls: the fewer carry it, the larger.

    Satterthwaite's degrees of freedom, corrected for parts of one degree each: n - 2 for n normal pulls.
    """
    squares = pulls**2
    return special.stdtrit(max(2, 3 * np.sum(squares) ** 2 / np.sum(squares**2) - 2), (1 + level) / 2)


def _wilson(share, n, quantile):
    """Wilson's interval; unlike SciPy's it takes a number of rows that is not whole."""
    centre = (share + quantile**2 / (2 * n)) / (1 + quantile**2 / n)
    half = quantile / (1 + quantile**2 / n) * np.sqrt(share * (1 - share) / n + quantile**2 / (4 * n**2))
    return max(centre - half, 0.0), min(centre + half, 1.0)


def _n_independent(codes):
    """The number of groups; fewer if their sizes differ (Kish: as many equal groups would vary as much)."""
    return len(codes) ** 2 / np.sum(np.bincount(codes) ** 2)


def _n_independent_pairs(labels, codes):
    """How many pairs, a positive and a negative of another group, can be made so that no group is used twice?"""
    return min(_n_independent(codes[labels == 0]), _n_independent(codes[labels == 1]), (codes.max() + 1) / 2)


def _groups_of_each_class(labels, codes):
    """How many groups hold a 0, and how many a 1: at least three each."""
    counts = [np.count_nonzero(np.bincount(codes[labels == label])) for label in (0, 1)]
    for label, count in enumerate(counts):
        if count < _FEWEST_GROUPS_PER_CLASS:
            raise _too_few_groups(label, count)
    return counts


def _too_few_groups(label, count):
    return ValueError(
        f"the metric needs both classes, but label {label} occurs in only {count} group(s) (patients): too few for an "
        f"interval, which needs at least {_FEWEST_GROUPS_PER_CLASS}"
    )


def _require_two_groups(n_groups):
    if n_groups < 2:
        raise ValueError("an interval needs at least 2 groups (patients), got 1")


def _warn_of_no_width():
    warnings.warn(
        "all resamples give the same value, so the bootstrap interval has no width: it cannot know errors that this "
        "test set does not hold. Use auc_interval, auc_difference or proportion_interval",
        stacklevel=3,
    )


def _percentile_interval(statistic, labels, groups, n_resamples, level, seed):
    level = _checks.share(level, "level")
    estimate, values = _bootstrap_values(statistic, labels, groups, n_resamples, seed)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate, float(low), float(high), level)


def _bootstrap_values(statistic, labels, groups, n_resamples, seed):
    """The statistic of all rows, and of `n_resamples` resamples; `statistic(rows)` takes row numbers."""
    codes = _group_codes(groups, labels=labels)
    n_resamples = _checks.integer(n_resamples, "n_resamples", least=1)
    rng = np.random.default_rng(_checks.seed(seed))
    n_groups = codes.max() + 1
    _require_two_groups(n_groups)

    estimate = statistic(np.arange(len(labels)))
    for label in (0, 1):
        count, others = len(np.unique(codes[labels == label])), np.flatnonzero(labels != label)
        if count < _FEWEST_GROUPS_PER_CLASS and len(others) and not _is_defined(statistic, others):
            raise _too_few_groups(label, count)

    rows_by_group = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    first = np.cumsum(sizes) - sizes  # where each group begins in rows_by_group
    positive = labels == 1
    values = []
    while len(values) < n_resamples:
        drawn = rng.integers(n_groups, size=n_groups)
        if n_groups == len(codes):  # every row is its own group, numbered in the order of rows
            rows = drawn
        else:  # all rows of each group drawn, one group after the other
            n_drawn = sizes[drawn]
            begins = first[drawn] - np.cumsum(n_drawn) + n_drawn
            rows = rows_by_group[np.repeat(begins, n_drawn) + np.arange(n_drawn.sum())]
        if _all_equal(positive[rows]) and not _is_defined(statistic, rows):
            continue
        values.append(statistic(rows))
    return estimate, np.array(values)


def _of_rows(metric, labels, scores):
    """The metric as a function of row numbers. Two of ours need not check, or sort, each resample anew."""
    if metric is roc_auc:
        return _auc_of_rows(labels, scores)
    if metric is accuracy:
        _checks.probabilities(scores, "scores")
        right = (scores >= 0.5) == labels
        return lambda rows: float(right[rows].mean())
    return lambda rows: _metric_value(metric, labels[rows], scores[rows])


def _auc_of_rows(labels, scores):
    """`roc_auc` as a function of row numbers. The scores are sorted once, and each resample is only counted."""
    values, value_of_row = np.unique(scores, return_inverse=True)
    cell_of_row = 2 * value_of_row + labels

    def statistic(rows):
        negatives, positives = np.bincount(cell_of_row[rows], minlength=2 * len(values)).reshape(-1, 2).T
        n_pairs = int(negatives.sum()) * int(positives.sum())
        if n_pairs == 0:
            _checks.labels(labels[rows], both_classes=True)  # raises
        twice_below = 2 * np.cumsum(negatives) - negatives  # a tie counts half
        return float(positives @ twice_below / (2 * n_pairs))

    return statistic


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
    level = _checks.share(level, "level")
    n_bins, strategy = _bin_options(n_bins, strategy)
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
    return _calibration_error(labels, probabilities, *_bin_options(n_bins, strategy))


def calibration_error_interval(
    labels, probabilities, *, n_bins=10, strategy="uniform", groups=None, n_resamples=1000, level=0.95, seed=0
):
    """Approximate interval of the expected calibration error (bootstrap, mirrored because the error is biased).

    Resampling adds chance to chance: the ECE of a resample is on average larger than that of the data, which is
    already larger than the true one. The usual percentile interval therefore lies too high and often misses the truth
    altogether. This interval mirrors the resamples at the estimate: low = 2 * estimate - (upper quantile of the
    resamples), and high likewise. Its lower limit is 0 if a perfectly calibrated model could well show the estimate
    (see `calibration_error_if_perfect`, which is asked with the same groups).

    Mirroring takes away most of the bias, not all: where the model is badly calibrated, the 95 % interval covered the
    truth in 86-92 % of simulations.

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
    level = _checks.share(level, "level")
    n_bins, strategy = _bin_options(n_bins, strategy)

    def statistic(rows):
        return _calibration_error(labels[rows], probabilities[rows], n_bins, strategy)

    estimate, values = _bootstrap_values(statistic, labels, groups, n_resamples, seed)
    options = {"n_bins": n_bins, "strategy": strategy, "groups": groups, "level": level, "seed": seed}
    if_perfect = calibration_error_if_perfect(probabilities, n_simulations=n_resamples, **options)
    upper_quantile, lower_quantile = np.quantile(values, [(1 + level) / 2, (1 - level) / 2])
    low = 0 if estimate <= if_perfect.high else max(0, 2 * estimate - upper_quantile)
    high = max(estimate, 2 * estimate - lower_quantile)
    return Interval(estimate, float(low), float(high), level)


def calibration_error_if_perfect(
    probabilities, *, n_bins=10, strategy="uniform", groups=None, n_simulations=1000, level=0.95, seed=0
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
    groups : array of patient names or numbers, shape (n,), optional
        Without it the labels of all rows are drawn independently. With it one draw decides about all rows of a
        patient: rows with equal probabilities get equal labels. No dependence is stronger, so where the rows of a
        patient depend less on each other the range is wider than it need be.
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

    Source: the bias: Roelofs et al. 2022, https://arxiv.org/abs/2012.08668; the simulation follows the consistency
    bars of Bröcker and Smith 2007, https://journals.ametsoc.org/view/journals/wefo/22/3/waf993_1.xml

    Taught in: 04_1_image_diagnosis_lab
    """
    probabilities = _checks.probabilities(probabilities)
    level = _checks.share(level, "level")
    n_bins, strategy = _bin_options(n_bins, strategy)
    codes = _group_codes(groups, probabilities=probabilities)
    n_simulations = _checks.integer(n_simulations, "n_simulations", least=1)
    rng = np.random.default_rng(_checks.seed(seed))
    errors = []
    for _ in range(n_simulations):
        labels = (rng.random(codes.max() + 1)[codes] < probabilities).astype(int)
        errors.append(_calibration_error(labels, probabilities, n_bins, strategy))
    low, high = np.quantile(errors, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(np.mean(errors)), float(low), float(high), level)


def calibration_slope(labels, probabilities, *, level=0.95):
    """Slope and intercept of calibration: logistic regression of the labels on the logits of the probabilities.

    If the predicted logit rises by 1, the logit of what happens rises by the slope. A calibrated model has slope 1 and
    intercept 0. With a slope below 1 its probabilities are too extreme, above 1 they stay too near the middle. The two
    numbers also recalibrate: `expit(intercept + slope * logit(p))`, fitted on patients who are not judged with it.

    Parameters
    ----------
    labels : array of 0 and 1, shape (n,)
    probabilities : array of numbers between 0 and 1, shape (n,)
        Probabilities closer than 1e-7 to 0 or 1 are moved to that distance, because their logit is infinite.
    level : float between 0 and 1, ends excluded

    Returns
    -------
    (slope, intercept) : two Interval
        The slope has no unit, the intercept is in logits. Both come from one fit: the intercept is not the one that is
        found with the slope held at 1 ("calibration in the large").

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described; if the labels hold one class only; if all probabilities are the same; or if
        one threshold divides the classes without an error, so that no slope is best (the steeper, the better).

    Notes
    -----
    The intervals are estimate plus and minus a normal quantile times the standard error (Wald). They take rows as
    independent: with several rows for a patient use `bootstrap_interval` with `groups`. Coverage of the 95 % intervals
    in simulations: 0.95-0.96 with 200 and 1,000 patients, a fifth or half of them ill; 0.96-0.97 with 50.

    Source: Van Calster et al. 2019, https://doi.org/10.1186/s12916-019-1466-7; fit:
    `sklearn.linear_model.LogisticRegression` without a penalty

    Taught in: 01_background
    """
    labels, probabilities = _labels_and_probabilities(labels, probabilities, both_classes=True)
    level = _checks.share(level, "level")
    logits = special.logit(np.clip(probabilities, _LOGIT_EPSILON, 1 - _LOGIT_EPSILON))
    if _all_equal(logits):
        raise ValueError(f"probabilities must differ for a slope, got only {probabilities[0]}")
    ill, healthy = logits[labels == 1], logits[labels == 0]
    if healthy.max() <= ill.min() or ill.max() <= healthy.min():
        raise ValueError(
            "no slope is best: one threshold divides the classes without an error, so that a steeper slope always fits "
            "better; use more (or harder) data"
        )
    centre, spread = logits.mean(), logits.std()  # the solver is safest where numbers have mean 0 and spread 1
    standardised = ((logits - centre) / spread).reshape(-1, 1)
    fit = linear_model.LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-8).fit(standardised, labels)
    slope = fit.coef_[0, 0] / spread
    estimates = np.array([slope, fit.intercept_[0] - slope * centre])
    fitted = special.expit(estimates[1] + slope * logits)
    columns = np.column_stack([logits, np.ones(len(logits))])
    information = columns.T @ (columns * (fitted * (1 - fitted)).reshape(-1, 1))
    half = _normal_quantile(level) * np.sqrt(np.diag(np.linalg.inv(information)))
    low, high = estimates - half, estimates + half
    return tuple(Interval(float(e), float(a), float(b), level) for e, a, b in zip(estimates, low, high, strict=True))


def _bin_options(n_bins, strategy):
    n_bins = _checks.integer(n_bins, "n_bins", least=1)
    return n_bins, _checks.choice(strategy, "strategy", ["uniform", "quantile"])


def _calibration_error(labels, probabilities, n_bins, strategy):
    mean_predicted, observed, counts = _bin_means(labels, probabilities, n_bins, strategy)
    return float(np.average(np.abs(mean_predicted - observed), weights=counts))


def _bin_means(labels, probabilities, n_bins, strategy):
    """Mean prediction, observed frequency and number of predictions of each bin that is not empty."""
    edges = np.linspace(0, 1, n_bins + 1)
    if strategy == "quantile":
        edges = np.quantile(probabilities, edges)
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
    labels, probabilities = _labels_and_probabilities(labels, probabilities, both_classes=True)
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

    The order of the patients stays the same, so the ROC-AUC does not change, as long as numbers can tell the results
    apart. From logit(p) / temperature = 37 on, the result is exactly 1, and patients tie: expect it below a temperature
    of about 0.2.

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
    probabilities = _checks.probabilities(probabilities)
    temperature = _checks.number(temperature, "temperature", above=0)
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
    probabilities = _checks.probabilities(probabilities)
    before = _checks.share(prevalence_training, "prevalence_training")
    after = _checks.share(prevalence_deployment, "prevalence_deployment")
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
    thresholds = _checks.array(thresholds, "thresholds", axes=1).astype(float)
    for threshold in thresholds:
        _checks.share(threshold, "thresholds")
    compared = [_in_precision_of(probabilities, threshold) for threshold in thresholds]
    labels, probabilities = _labels_and_probabilities(labels, probabilities, both_classes=True)

    def net_benefit(treated, threshold):
        true_positives = np.mean(treated & (labels == 1))
        false_positives = np.mean(treated & (labels == 0))
        return true_positives - false_positives * threshold / (1 - threshold)

    everyone = np.ones(len(labels), dtype=bool)
    model = np.array([net_benefit(probabilities >= c, t) for c, t in zip(compared, thresholds, strict=True)])
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
    test_size = _checks.share(test_size, "test_size")
    seed = _checks.seed(seed)
    n_groups = codes.max() + 1
    if n_groups - np.ceil(test_size * n_groups) < 1:
        raise ValueError(f"test_size {test_size} of {n_groups} group(s) (patients) leaves none to train on")
    if labels is None:
        splitter = model_selection.GroupShuffleSplit(n_splits=1, test_size=test_size, random_state=seed)
        train_index, test_index = next(splitter.split(codes, groups=codes))
    else:
        labels = _checks.labels(labels)
        _checks.same_length(labels=labels, groups=codes)
        in_test = np.isin(codes, _stratified_test_groups(labels, codes, test_size, seed))
        train_index, test_index = np.flatnonzero(~in_test), np.flatnonzero(in_test)
    assert_groups_disjoint(groups, train_index, test_index)
    return train_index, test_index


def _stratified_test_groups(labels, codes, test_size, seed):
    group_labels = (np.bincount(codes, weights=labels) > 0).astype(int)
    too_few = ValueError(
        f"{len(group_labels)} groups (patients), {group_labels.sum()} of them positive, are too few for a test set "
        f"of {test_size} in which both sides hold both classes"
    )
    if min(np.bincount(group_labels, minlength=2)) < 2:
        raise too_few
    try:
        train, test = model_selection.train_test_split(
            np.arange(len(group_labels)), test_size=test_size, random_state=seed, stratify=group_labels
        )
    except ValueError:  # one side is smaller than the number of classes
        raise too_few from None
    if _all_equal(group_labels[train]) or _all_equal(group_labels[test]):
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


def _labels_and_scores(labels, scores, name="scores", both_classes=False):
    labels, scores = _checks.labels(labels), _checks.array(scores, name, axes=1)
    _checks.same_length(**{"labels": labels, name: scores})
    if both_classes:
        _checks.labels(labels, both_classes=True)
    if scores.dtype.kind in "iu" and max(-int(scores.min()), int(scores.max())) > 2**53:
        raise ValueError(f"{name} must not hold whole numbers beyond 2**53: as floats they are not told apart")
    return labels, scores if scores.dtype.kind == "f" else scores.astype(float)


def _labels_and_probabilities(labels, probabilities, both_classes=False):
    labels, probabilities = _checks.labels(labels), _checks.probabilities(probabilities)
    _checks.same_length(labels=labels, probabilities=probabilities)
    if both_classes:
        _checks.labels(labels, both_classes=True)
    return labels, probabilities


def _in_precision_of(scores, threshold):
    """Round a threshold as the scores were rounded: a float32 score of 0.7 is 0.699999988, and shall reach 0.7."""
    dtype = np.asarray(scores).dtype
    if dtype.kind != "f":
        return threshold
    with np.errstate(over="ignore"):  # a threshold beyond the range of float32 becomes infinite: nobody reaches it
        return float(dtype.type(threshold))


def _all_equal(labels):
    return bool(np.all(labels == labels[0]))


def _group_codes(groups, **rows):
    """Number the groups 0, 1, ... in the order of their first rows; without groups every row is one.

    `rows` is the argument, given by name, that must have as many rows as there are groups.
    """
    if groups is None and rows:
        return np.arange(len(*rows.values()))
    import pandas as pd  # only here: pandas takes longer to import than this module

    _checks.not_masked(groups, "groups")
    # As objects, because NumPy would turn the list [1, "1"] into the same text twice.
    groups = groups if isinstance(groups, np.ndarray) else np.asarray(groups, dtype=object)
    if groups.ndim != 1:
        raise ValueError(f"groups must have one dimension, got shape {groups.shape}")
    if groups.size == 0:
        raise ValueError("groups must not be empty")
    if rows:
        _checks.same_length(**rows, groups=groups)
    try:
        codes, names = pd.factorize(groups)  # None, NaN, NaT and NA get -1
    except TypeError as error:  # a list is no name
        raise TypeError(f"groups must be names or numbers: {error}") from None
    missing = (codes < 0) | np.isin(codes, [code for code, name in enumerate(names) if name == ""])
    if missing.any():
        row = np.argmax(missing)
        raise ValueError(f"groups must name a group for every row, got {groups.astype(object)[row]!r} in row {row}")
    return codes


def _row_numbers(index, name, n_rows):
    index = _checks.array(index, name, axes=1)
    if index.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold row numbers (integers), got dtype {index.dtype}")
    if index.min() < 0 or index.max() >= n_rows:
        raise ValueError(f"{name} must hold row numbers from 0 to {n_rows - 1}, got {index.min()} to {index.max()}")
    return index
