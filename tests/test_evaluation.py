"""course_utils.evaluation against scikit-learn, SciPy, closed forms, and the properties each method must have."""

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats
from sklearn import calibration, linear_model, metrics

from course_utils import evaluation as ev

without_deadline = settings(deadline=None, max_examples=60)
fractions = st.floats(0.01, 0.99)
seeds = st.integers(0, 2**32 - 1)


def example(n=120, seed=0, over_confidence=1.0):
    """Labels drawn from true risks, and probabilities whose logits are the true ones times `over_confidence`."""
    rng = np.random.default_rng(seed)
    risks = rng.beta(1.2, 1.8, n)
    labels = (rng.random(n) < risks).astype(int)
    labels[:2] = 0, 1
    return labels, special.expit(over_confidence * special.logit(risks))


@st.composite
def labels_and_scores(draw, ties=True):
    n = draw(st.integers(2, 40))
    labels = np.array([0, 1] + draw(st.lists(st.integers(0, 1), min_size=n - 2, max_size=n - 2)))
    scores = draw(st.lists(st.integers(-50, 50), min_size=n, max_size=n, unique=not ties))
    return labels, np.array(scores, dtype=float)


# --- metrics ---------------------------------------------------------------------------------------------------------


@given(labels_and_scores())
@without_deadline
def test_metrics_equal_scikit_learn(data):
    labels, scores = data
    probabilities = special.expit(scores)
    assert ev.roc_auc(labels, scores) == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert ev.pr_auc(labels, scores) == metrics.average_precision_score(labels, scores)
    assert ev.brier_score(labels, probabilities) == pytest.approx(np.mean((labels - probabilities) ** 2))


@given(labels_and_scores())
@without_deadline
def test_roc_auc_is_the_share_of_pairs_in_the_right_order(data):
    labels, scores = data
    pairs = np.subtract.outer(scores[labels == 1], scores[labels == 0])
    assert ev.roc_auc(labels, scores) == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))


@given(labels_and_scores())
@without_deadline
def test_roc_auc_ignores_monotone_transformations(data):
    labels, scores = data
    assert ev.roc_auc(labels, scores) == ev.roc_auc(labels, 3 * scores**3 + 7)


@pytest.mark.parametrize("largest", [2**53 + 1, -(2**53) - 1, np.iinfo(np.int64).min])
def test_whole_numbers_that_floats_do_not_tell_apart_are_refused(largest):
    scores = np.array([0, 2**53, -(2**53), 1, 2, largest])
    with pytest.raises(ValueError, match="scores must not hold whole numbers beyond"):
        ev.roc_auc([0, 1, 0, 1, 0, 1], scores)
    assert ev.roc_auc([0, 1, 0, 1, 0], scores[:5]) == pytest.approx(5 / 6)


@given(labels_and_scores(ties=False))
@without_deadline
def test_roc_auc_of_negated_scores_is_the_complement(data):
    labels, scores = data
    assert ev.roc_auc(labels, -scores) == pytest.approx(1 - ev.roc_auc(labels, scores))


def test_a_probability_equal_to_the_threshold_predicts_the_disease():
    assert ev.accuracy([0, 1, 1], [0.2, 0.5, 0.4]) == pytest.approx(2 / 3)
    assert ev.accuracy([0, 1, 1], [0.2, 0.5, 0.4], threshold=0.4) == 1
    assert ev.sensitivity_specificity([0, 0, 1, 1], [1.0, 2.0, 2.0, 3.0], threshold=2) == (1.0, 0.5)


@given(labels_and_scores(), st.integers(-50, 50))
@without_deadline
def test_sensitivity_specificity_equal_scikit_learn(data, threshold):
    labels, scores = data
    sensitivity, specificity = ev.sensitivity_specificity(labels, scores, threshold)
    assert sensitivity == pytest.approx(metrics.recall_score(labels, scores >= threshold))
    assert specificity == pytest.approx(metrics.recall_score(labels, scores >= threshold, pos_label=0))


@given(st.integers(0, 1000))
@without_deadline
def test_a_score_reaches_a_threshold_of_the_same_digits_in_every_precision(thousandths):
    """As float32, 0.7 is 0.699999988; it shall reach the threshold 0.7 all the same."""
    threshold = thousandths / 1000
    for precision in (np.float16, np.float32, np.float64):
        score = np.array([threshold, threshold]).astype(precision)
        assert ev.accuracy([1, 1], score, threshold) == 1
        assert ev.sensitivity_specificity([0, 1], score, threshold) == (1, 0)
        assert ev.bootstrap_interval(lambda y, s: ev.accuracy(y, s, threshold), [1, 1], score, n_resamples=3).low == 1
        if 0 < threshold < 1:
            curve = ev.decision_curve([0, 1], score, [threshold])
            assert curve.model == curve.treat_all
    above = np.nextafter(np.float32(threshold), np.float32(2))  # the next float32 is another number
    assert ev.accuracy([1], np.array([threshold], np.float32), min(float(above), 1.0)) == (threshold == 1)


def test_a_threshold_beyond_float32_is_reached_by_nobody():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ev.sensitivity_specificity([0, 1], np.array([1, 2], np.float32), 1e300) == (0, 1)
        assert ev.sensitivity_specificity([0, 1], np.array([1, 2], np.float32), -1e300) == (1, 0)


@given(labels_and_scores(), st.sampled_from([np.float16, np.float32]))
@without_deadline
def test_the_chosen_thresholds_are_reached_in_their_own_precision(data, precision):
    labels, scores = data
    scores = (scores / 7).astype(precision)
    found, _ = ev.sensitivity_specificity(labels, scores, ev.threshold_at_sensitivity(labels, scores, 1))
    assert found == 1
    youden = sum(ev.sensitivity_specificity(labels, scores, ev.youden_threshold(labels, scores)))
    assert youden == pytest.approx(max(sum(ev.sensitivity_specificity(labels, scores, float(t))) for t in scores))


def test_predictive_values_equal_a_counted_population():
    # 1,000 people, 10 of them diseased; the test finds 9, and alarms 99 of the 990 healthy.
    ppv, npv = ev.predictive_values(sensitivity=0.9, specificity=0.9, prevalence=0.01)
    assert ppv == pytest.approx(9 / (9 + 99))
    assert npv == pytest.approx(891 / (891 + 1))


@given(labels_and_scores(), st.integers(-50, 50))
@without_deadline
def test_predictive_values_at_the_prevalence_of_the_set_equal_precision(data, threshold):
    labels, scores = data
    positive = scores >= threshold
    if positive.all() or not positive.any():
        return
    ppv, npv = ev.predictive_values(*ev.sensitivity_specificity(labels, scores, threshold), labels.mean())
    assert ppv == pytest.approx(labels[positive].mean())
    assert npv == pytest.approx(1 - labels[~positive].mean())


@pytest.mark.parametrize(("sensitivity", "specificity", "name"), [(0, 1, "positive"), (1, 0, "negative")])
def test_predictive_value_of_a_result_that_nobody_gets_is_an_error(sensitivity, specificity, name):
    with pytest.raises(ValueError, match=f"nobody tests {name}"):
        ev.predictive_values(sensitivity, specificity, 0.1)


# --- thresholds ------------------------------------------------------------------------------------------------------


@given(labels_and_scores())
@without_deadline
def test_youden_threshold_is_the_best_of_all_thresholds(data):
    labels, scores = data

    def youden(threshold):
        return round(sum(ev.sensitivity_specificity(labels, scores, threshold)), 9)

    best = max(youden(threshold) for threshold in scores)
    assert ev.youden_threshold(labels, scores) == max(t for t in scores if youden(t) == best)


def test_youden_threshold_is_the_larger_of_two_equals_although_floats_differ():
    assert 2 / 3 - 0 < 1 - 1 / 3  # the index at the scores 5 and 3, equal but for rounding
    assert ev.youden_threshold([1, 1, 0, 1, 0, 0], [6, 5, 4, 3, 2, 1]) == 5


@given(labels_and_scores(), st.floats(0.001, 1))
@without_deadline
def test_threshold_at_sensitivity_is_the_largest_that_reaches_it(data, wanted):
    labels, scores = data
    threshold = ev.threshold_at_sensitivity(labels, scores, wanted)
    assert ev.sensitivity_specificity(labels, scores, threshold)[0] >= wanted
    larger = scores[scores > threshold]
    if len(larger):
        assert ev.sensitivity_specificity(labels, scores, larger.min())[0] < wanted


def test_threshold_at_sensitivity_is_exact_where_floats_are_not():
    labels, scores = np.repeat([1, 0], 100), np.arange(200, 0, -1.0)
    assert 0.07 * 100 > 7  # counting with this product would find eight
    assert ev.threshold_at_sensitivity(labels, scores, 0.07) == scores[6]


# --- intervals -------------------------------------------------------------------------------------------------------


def test_interval_prints_estimate_and_limits():
    assert str(ev.Interval(0.91234, 0.8741, 0.9449, 0.95)) == "0.912 [0.874, 0.945]"


def test_interval_is_frozen_and_checked():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ev.Interval(0.5, 0.4, 0.6, 0.95).low = 0.1
    with pytest.raises(ValueError, match="low must not be above high"):
        ev.Interval(0.5, 0.6, 0.4, 0.95)
    with pytest.raises(ValueError, match="high must be finite"):
        ev.Interval(0.5, 0.4, float("nan"), 0.95)


# --- intervals of the area under the ROC curve -----------------------------------------------------------------------


def delong_by_loops(labels, scores_a, scores_b, groups):
    """Areas, variances and covariance as in Obuchowski 1997, in plain loops; one group a row gives DeLong's."""
    names = list(dict.fromkeys(groups))
    sums, areas = {}, []
    n_rows = {label: sum(labels == label) for label in (0, 1)}
    for model, scores in enumerate((scores_a, scores_b)):
        wins = {
            (i, j): 1.0 if scores[i] > scores[j] else 0.5 if scores[i] == scores[j] else 0.0
            for i in np.flatnonzero(labels == 1)
            for j in np.flatnonzero(labels == 0)
        }
        area = sum(wins.values()) / len(wins)
        areas.append(area)
        for name in names:
            sums[model, 1, name] = sums[model, 0, name] = 0.0
        for i in range(len(labels)):
            others = [value for pair, value in wins.items() if i in pair]
            sums[model, labels[i], groups[i]] += sum(others) / len(others) - area

    def covariance(a, b):
        total = 0.0
        for first in (0, 1):
            for second in (0, 1):
                with_class = names
                if first == second:
                    with_class = {group for label, group in zip(labels, groups, strict=True) if label == first}
                factor = len(with_class) / (len(with_class) - 1) / (n_rows[first] * n_rows[second])
                total += factor * sum(sums[a, first, name] * sums[b, second, name] for name in names)
        return total

    return areas, covariance(0, 0), covariance(1, 1), covariance(0, 1)


def variance_of_the_area(labels, scores, groups):
    codes = ev._group_codes(groups)
    return ev._auc_variance(ev._auc_and_pulls(labels, scores, codes)[1], ev._groups_of_each_class(labels, codes))


@pytest.mark.parametrize("digits", [0, 8])  # rounded to whole numbers there are ties
@pytest.mark.parametrize("kind", ["rows", "one class a group", "both classes in a group"])
def test_variances_equal_plain_loops(kind, digits):
    rng = np.random.default_rng(digits)
    labels = np.repeat([0, 1], [14, 10])
    groups = {"rows": np.arange(24), "one class a group": np.arange(24) // 2}.get(kind, np.arange(24) % 7)
    a, b = (np.round(2 * rng.normal(labels, 1), digits) for _ in range(2))
    areas, variance_a, variance_b, covariance = delong_by_loops(labels, a, b, groups)
    assert areas[0] == pytest.approx(metrics.roc_auc_score(labels, a))
    assert variance_of_the_area(labels, a, groups) == pytest.approx(variance_a)
    pulls = ev._auc_and_pulls(labels, a, groups)[1] - ev._auc_and_pulls(labels, b, groups)[1]
    of_difference = ev._auc_variance(pulls, ev._groups_of_each_class(labels, groups))
    assert of_difference == pytest.approx(variance_a + variance_b - 2 * covariance)


def test_the_interval_of_a_large_sample_is_delongs_on_the_logit_scale():
    labels, scores = example(4000)
    area, (_, variance, _, _) = (
        ev.roc_auc(labels, scores),
        delong_by_loops(labels[:60], scores[:60], scores[:60], range(60)),
    )
    assert variance_of_the_area(labels[:60], scores[:60], np.arange(60)) == pytest.approx(variance)
    variance = variance_of_the_area(labels, scores, np.arange(4000))
    half = stats.norm.ppf(0.975) * np.sqrt(variance) / (area * (1 - area))
    interval = ev.auc_interval(labels, scores)
    assert interval.estimate == pytest.approx(area)
    assert interval.low == pytest.approx(special.expit(special.logit(area) - half), abs=1e-4)
    assert interval.high == pytest.approx(special.expit(special.logit(area) + half), abs=1e-4)


def coverage(intervals, truth):
    return np.mean([interval.low <= truth <= interval.high for interval in intervals])


def binormal(rng, n_positives, n_negatives, area):
    labels = np.repeat([1, 0], [n_positives, n_negatives])
    return labels, rng.normal(np.sqrt(2) * stats.norm.ppf(area) * labels, 1)


@pytest.mark.parametrize(
    ("n_positives", "n_negatives", "area", "least", "most"),
    [(64, 107, 0.99, 0.93, 0.97), (64, 107, 0.86, 0.93, 0.97), (64, 107, 0.69, 0.93, 0.97), (10, 10, 0.96, 0.93, 1)],
)
def test_the_interval_of_the_area_covers_the_truth(n_positives, n_negatives, area, least, most):
    rng = np.random.default_rng(1)
    data = [binormal(rng, n_positives, n_negatives, area) for _ in range(2000)]
    intervals = [ev.auc_interval(labels, scores) for labels, scores in data]
    assert least <= coverage(intervals, area) <= most
    assert all(interval.low < interval.high for interval in intervals)  # with 10 and 10 a quarter is separated


def test_the_percentile_bootstrap_does_not_cover_near_one():
    """Why there is another method: its intervals are too short, and some have no width."""
    rng = np.random.default_rng(1)
    data = [binormal(rng, 10, 10, 0.96) for _ in range(150)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        intervals = [ev.bootstrap_interval(ev.roc_auc, *one, n_resamples=100) for one in data]
    assert coverage(intervals, 0.96) < 0.85
    assert np.mean([interval.low == interval.high for interval in intervals]) > 0.15


def test_the_percentile_bootstrap_covers_less_at_the_size_of_chapter_00():
    """What `bootstrap_interval` and chapter 00 say: 89 %, and the formula about 96 %."""
    rng = np.random.default_rng(1)
    data = [binormal(rng, 64, 107, 0.99) for _ in range(200)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one in some hundred is separated
        by_bootstrap = [ev.bootstrap_interval(ev.roc_auc, *one, n_resamples=150) for one in data]
    assert 0.83 <= coverage(by_bootstrap, 0.99) <= 0.92
    assert 0.94 <= coverage([ev.auc_interval(*one) for one in data], 0.99) <= 0.98


@pytest.mark.parametrize(("n_positives", "n_negatives"), [(64, 107), (10, 10)])
def test_the_interval_covers_the_truth_where_scores_are_tied(n_positives, n_negatives):
    rng = np.random.default_rng(2)
    shares = np.array([0.05, 0.15, 0.2, 0.3, 0.3])  # of five grades among the positives; reversed for the negatives
    area = sum(shares[i] * (sum(shares[::-1][:i]) + shares[::-1][i] / 2) for i in range(5))
    labels = np.repeat([1, 0], [n_positives, n_negatives])
    intervals = []
    for _ in range(1000):
        grades = [rng.choice(5, n, p=p) for n, p in ((n_positives, shares), (n_negatives, shares[::-1]))]
        intervals.append(ev.auc_interval(labels, np.concatenate(grades)))
    assert 0.93 <= coverage(intervals, area) <= 0.98


@pytest.mark.parametrize(
    ("n_groups", "area", "shared", "both_classes"),
    [(60, 0.9, 1.0, False), (60, 0.9, 0.5, False), (171, 0.99, 1.0, False), (30, 0.9, 0.5, True)],
)
def test_the_interval_of_grouped_rows_covers_the_truth(n_groups, area, shared, both_classes):
    """Eight rows a patient; `shared` of the variance of the scores is the patient's, 1: eight identical rows."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(n_groups), 8)
    by_patient, by_row = [], []
    for _ in range(600):
        labels = (rng.random(8 * n_groups) < 0.4 if both_classes else groups < 0.4 * n_groups).astype(int)
        noise = np.sqrt(shared) * rng.normal(size=n_groups)[groups] + np.sqrt(1 - shared) * rng.normal(size=len(groups))
        scores = np.sqrt(2) * stats.norm.ppf(area) * labels + noise
        by_patient.append(ev.auc_interval(labels, scores, groups=groups))
        by_row.append(ev.auc_interval(labels, scores))
    assert 0.92 <= coverage(by_patient, area) <= 0.98
    assert both_classes or coverage(by_row, area) < 0.85


def test_perfect_separation_has_a_width_that_shrinks_with_more_patients():
    def interval(n):
        return ev.auc_interval(np.repeat([0, 1], n), np.arange(2.0 * n))

    assert str(interval(10)) == "1.000 [0.722, 1.000]"
    assert str(ev.auc_interval(np.repeat([1, 0], 10), np.arange(20.0))) == "0.000 [0.000, 0.278]"
    lows = [interval(n).low for n in (3, 10, 64, 1000)]
    assert lows == sorted(lows) and lows[-1] > 0.99
    # A pair in the wrong order lets more errors appear possible, not fewer.
    labels, scores = np.repeat([0, 1], 10), np.arange(20.0)
    scores[9], scores[10] = scores[10], scores[9]
    assert ev.auc_interval(labels, scores).low <= interval(10).low + 0.1


def test_one_odd_patient_does_not_make_the_interval_absurd():
    labels, scores = np.repeat([1, 0], [64, 107]), np.repeat([5.0, 0.0], [64, 107])
    scores[0] = -1  # 63 of 64 found: about the interval of that share
    interval = ev.auc_interval(labels, scores)
    share = stats.binomtest(63, 64).proportion_ci(method="wilson")
    assert interval.low == pytest.approx(share.low) and share.low > 0.9


def test_copies_of_rows_are_no_new_evidence_for_the_intervals_by_patient():
    labels, scores = example(60)
    other = scores + np.random.default_rng(1).normal(0, 0.3, 60)
    four = [np.repeat(values, 4) for values in (labels, scores, other)]
    patients = np.repeat(np.arange(60), 4)
    for once, copied in [
        (ev.auc_interval(labels, scores), ev.auc_interval(*four[:2], groups=patients)),
        (ev.auc_difference(labels, scores, other), ev.auc_difference(*four, groups=patients)),
    ]:
        assert (copied.estimate, copied.low, copied.high) == pytest.approx((once.estimate, once.low, once.high))
    by_patient, by_row = ev.auc_interval(*four[:2], groups=patients), ev.auc_interval(*four[:2])
    assert by_patient.high - by_patient.low > 1.5 * (by_row.high - by_row.low)


@pytest.mark.parametrize(("n", "areas"), [(64, (0.86, 0.80)), (64, (0.99, 0.97)), (10, (0.96, 0.96))])
def test_the_interval_of_a_difference_covers_the_truth(n, areas):
    rng = np.random.default_rng(4)
    labels = np.repeat([1, 0], n)
    gain = np.sqrt(2) * stats.norm.ppf(areas)
    intervals = []
    for _ in range(1000):
        shared, own = rng.normal(size=2 * n), rng.normal(size=(2, 2 * n))
        a, b = np.outer(gain, labels) + np.sqrt(0.5) * (shared + own)
        intervals.append(ev.auc_difference(labels, a, b))
    assert 0.92 <= coverage(intervals, areas[0] - areas[1]) <= 1
    assert all(interval.low < interval.high for interval in intervals)


@pytest.mark.parametrize(
    ("n_positives", "n_negatives", "area", "least", "most"),
    [(3, 200, 0.86, 0.80, 0.88), (5, 100, 0.80, 0.87, 0.93), (10, 300, 0.95, 0.85, 0.91)],
)
def test_with_few_patients_of_a_class_the_true_area_is_below_the_interval(n_positives, n_negatives, area, least, most):
    """What the text of `auc_interval` says of its weak side."""
    rng = np.random.default_rng(1)
    data = [binormal(rng, n_positives, n_negatives, area) for _ in range(1000)]
    intervals = [ev.auc_interval(labels, scores) for labels, scores in data]
    assert least <= coverage(intervals, area) <= most
    n_too_high, n_too_low = sum(i.low > area for i in intervals), sum(i.high < area for i in intervals)
    assert n_too_high > 3 * n_too_low


@pytest.mark.parametrize(
    ("n_positives", "n_negatives", "areas", "least", "most"),
    [(64, 107, (0.995, 0.976), 0.89, 0.94), (10, 10, (0.983, 0.921), 0.88, 0.95), (5, 100, (0.983, 0.921), 0.75, 0.83)],
)
def test_a_large_lead_near_one_is_larger_than_its_interval(n_positives, n_negatives, areas, least, most):
    """What the notes of `auc_difference` say of its weak side: it understates a lead, and does not invent one."""
    rng = np.random.default_rng(1)
    labels, lead, intervals = np.repeat([1, 0], [n_positives, n_negatives]), areas[0] - areas[1], []
    for _ in range(1000):
        shared, own = rng.normal(size=len(labels)), rng.normal(size=(2, len(labels)))
        a, b = np.outer(np.sqrt(2) * stats.norm.ppf(areas), labels) + 0.8 * shared + 0.6 * own
        intervals.append(ev.auc_difference(labels, a, b))
    assert least <= coverage(intervals, lead) <= most
    assert np.mean([interval.low > lead for interval in intervals]) < 0.01


def test_difference_of_areas_is_paired_and_agrees_with_the_bootstrap_in_the_middle():
    labels, scores = example(400)
    worse = scores + np.random.default_rng(1).normal(0, 0.1, 400)
    ours = ev.auc_difference(labels, scores, worse)
    bootstrap = ev.bootstrap_difference(ev.roc_auc, labels, scores, worse)
    assert ours.estimate == pytest.approx(bootstrap.estimate)
    assert (ours.low, ours.high) == pytest.approx((bootstrap.low, bootstrap.high), abs=0.003)
    single = ev.auc_interval(labels, scores)
    assert ours.high - ours.low < 0.7 * (single.high - single.low)


def test_difference_has_no_width_only_where_the_order_is_the_same():
    labels, scores = np.repeat([0, 1], 10), np.arange(20.0)
    assert ev.auc_difference(labels, scores, np.exp(scores / 9)) == ev.Interval(0, 0, 0, 0.95)
    both_perfect = ev.auc_difference(labels, scores, np.where(labels == 1, 50 - scores, scores))
    assert str(both_perfect) == "0.000 [-0.278, 0.278]"


def test_the_same_score_for_everyone_is_one_half_exactly():
    assert ev.auc_interval([0, 1] * 5, np.full(10, 0.3)) == ev.Interval(0.5, 0.5, 0.5, 0.95)


@st.composite
def patients_with_scores(draw):
    """Labels, two sets of scores and groups, where each class is in three groups or more: ties, extremes, any sizes."""
    n = draw(st.integers(6, 24))
    labels = np.array([0, 1] * 3 + draw(st.lists(st.integers(0, 1), min_size=n - 6, max_size=n - 6)))
    value = draw(st.sampled_from([st.integers(0, 2), st.just(7), st.floats(-1e300, 1e300), st.floats(-1e-300, 1e-300)]))
    a, b = (np.array(draw(st.lists(value, min_size=n, max_size=n)), dtype=float) for _ in range(2))
    first = draw(st.sampled_from([[0, 1, 2, 3, 4, 5], [0, 0, 1, 1, 2, 2], [0, 1, 0, 2, 3, 3]]))
    groups = np.array(first + draw(st.lists(st.integers(0, 8), min_size=n - 6, max_size=n - 6)))
    return labels, a, b, groups


def holds_three_groups_of_each_class(labels, groups):
    return min(len(set(groups[labels == label])) for label in (0, 1)) >= 3


@given(patients_with_scores(), st.floats(0.01, 0.999), st.booleans())
@without_deadline
def test_intervals_of_areas_hold_their_estimate_whatever_comes(data, level, grouped):
    labels, a, b, groups = data
    if not holds_three_groups_of_each_class(labels, groups):
        return
    options = {"groups": groups if grouped else None, "level": level}
    with np.errstate(all="raise", under="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        interval, difference = ev.auc_interval(labels, a, **options), ev.auc_difference(labels, a, b, **options)
    assert interval.estimate == pytest.approx(metrics.roc_auc_score(labels, a))
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1
    assert interval.low < interval.high or len(set(a)) == 1
    assert -1 <= difference.low <= difference.estimate <= difference.high <= 1
    mirrored = ev.auc_interval(1 - labels, a, **options)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - interval.high, 1 - interval.low), abs=1e-9)
    swapped = ev.auc_difference(labels, b, a, **options)
    assert (swapped.low, swapped.high) == pytest.approx((-difference.high, -difference.low), abs=1e-9)


@given(patients_with_scores(), st.booleans())
@without_deadline
def test_variances_equal_plain_loops_whatever_comes(data, grouped):
    labels, a, b, groups = data
    groups = groups if grouped else np.arange(len(labels))
    if holds_three_groups_of_each_class(labels, groups):
        _, variance, _, _ = delong_by_loops(labels, a, b, groups)
        assert variance_of_the_area(labels, a, groups) == pytest.approx(variance, abs=1e-12)


@pytest.mark.parametrize("function", [ev.auc_interval, lambda y, s, **options: ev.auc_difference(y, s, -s, **options)])
def test_too_few_patients_of_a_class_have_no_interval_of_the_area(function):
    labels, scores = np.array([1, 1] + [0] * 40), np.arange(42.0)
    with pytest.raises(ValueError, match=r"label 1 occurs in only 2 group\(s\)"):
        function(labels, scores)
    with pytest.raises(ValueError, match=r"label 0 occurs in only 1 group\(s\)"):
        function(1 - labels[1:], scores[1:], groups=["a"] * 30 + list(range(11)))


# --- intervals of shares ---------------------------------------------------------------------------------------------


@given(st.integers(0, 60), st.integers(1, 60), st.floats(0.5, 0.999))
@without_deadline
def test_interval_of_a_share_equals_scipys_wilson(n_right, n_wrong, level):
    correct = np.repeat([1, 0], [n_right, n_wrong])
    for answers in (correct, 1 - correct):
        interval = ev.proportion_interval(answers, level=level)
        wilson = stats.binomtest(int(answers.sum()), len(answers)).proportion_ci(level, method="wilson")
        assert (interval.low, interval.high) == pytest.approx((wilson.low, wilson.high), abs=1e-9)
        assert interval.estimate == answers.mean()


def test_interval_of_a_share_takes_what_a_comparison_gives():
    labels, probabilities = example(50)
    interval = ev.proportion_interval((probabilities >= 0.5) == labels)
    assert interval.estimate == ev.accuracy(labels, probabilities)
    assert str(ev.proportion_interval([True] * 10)) == "1.000 [0.722, 1.000]"


@pytest.mark.parametrize(
    ("n_groups", "share", "correlation"), [(60, 0.95, 1.0), (60, 0.98, 0.3), (25, 0.9, 0.3), (12, 0.8, 0.2)]
)
def test_interval_of_a_grouped_share_covers_the_truth(n_groups, share, correlation):
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(n_groups), 8)
    by_patient, by_row = [], []
    for _ in range(800):
        of_patient = rng.random(n_groups) < share
        if correlation < 1:
            strength = 1 / correlation - 1
            of_patient = rng.beta(share * strength, (1 - share) * strength, n_groups)
        correct = rng.random(len(groups)) < of_patient[groups]
        by_patient.append(ev.proportion_interval(correct, groups=groups))
        by_row.append(ev.proportion_interval(correct))
    assert 0.92 <= coverage(by_patient, share) <= 0.99
    assert coverage(by_row, share) < 0.9


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=2, max_size=40), st.floats(0.01, 0.999))
@without_deadline
def test_interval_of_a_grouped_share_holds_its_estimate_whatever_comes(rows, level):
    correct, groups = np.array(rows).T
    if len(set(groups)) < 2:
        return
    interval = ev.proportion_interval(correct, groups=groups, level=level)
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1
    assert interval.low < interval.high
    mirrored = ev.proportion_interval(1 - correct, groups=groups, level=level)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - interval.high, 1 - interval.low), abs=1e-9)


def test_copies_of_answers_are_no_new_evidence():
    correct = np.random.default_rng(0).random(60) < 0.9
    once = ev.proportion_interval(correct)
    copied = ev.proportion_interval(np.repeat(correct, 8), groups=np.repeat(np.arange(60), 8))
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high), abs=0.003)
    with pytest.raises(ValueError, match="at least 2 groups"):
        ev.proportion_interval([1, 0, 1], groups=["a"] * 3)
    with pytest.raises(ValueError, match="correct must be 0 or 1, got 2"):
        ev.proportion_interval([1, 2])
    with pytest.raises(ValueError, match="correct and groups must have the same length, got 2 and 1"):
        ev.proportion_interval([1, 0], groups=["a"])


# --- bootstrap -------------------------------------------------------------------------------------------------------


@given(patients_with_scores(), st.booleans())
@settings(deadline=None, max_examples=25)
def test_bootstrap_of_the_area_equals_the_plain_way(data, grouped):
    """The fast way counts; the plain way draws rows group by group and sorts each resample."""
    labels, scores, _, groups = data
    if not holds_three_groups_of_each_class(labels, groups):
        return
    names = groups if grouped else np.arange(len(labels))
    rows_of_group = [np.flatnonzero(names == name) for name in dict.fromkeys(names)]
    rng, values = np.random.default_rng(7), []
    while len(values) < 10:
        drawn = rng.integers(len(rows_of_group), size=len(rows_of_group))
        rows = np.concatenate([rows_of_group[group] for group in drawn])
        if len(set(labels[rows])) == 2:
            values.append(metrics.roc_auc_score(labels[rows], scores[rows]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = ev.bootstrap_interval(ev.roc_auc, labels, scores, groups=names, n_resamples=10, seed=7)
    assert (ours.low, ours.high) == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])))


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_bootstrap_of_the_accuracy_equals_the_plain_way(precision):
    labels, probabilities = example(50)
    probabilities = np.round(probabilities, 1).astype(precision)  # some are 0.5

    def plain(y, p):
        return ev.accuracy(y, p)

    groups = np.arange(50) // 4
    for options in ({"n_resamples": 30}, {"groups": groups, "n_resamples": 30}):
        ours = ev.bootstrap_interval(ev.accuracy, labels, probabilities, **options)
        assert ours == ev.bootstrap_interval(plain, labels, probabilities, **options)
    with pytest.raises(ValueError, match="scores must be between 0 and 1, got .*is this a logit"):
        ev.bootstrap_interval(ev.accuracy, labels, probabilities + 1)


def test_the_stored_intervals_of_the_chapters_stay():
    """The random draws of a seed must not change: chapters print what they gave."""
    labels, scores = example(60, seed=1)
    groups = np.arange(60) // 3
    by_row = ev.bootstrap_interval(ev.brier_score, labels, scores, n_resamples=40, seed=2)
    by_group = ev.bootstrap_interval(ev.brier_score, labels, scores, groups=groups, n_resamples=40, seed=2)
    assert (by_row.low, by_row.high) == pytest.approx((0.16086415823855404, 0.2775032410432395), abs=1e-12)
    assert (by_group.low, by_group.high) == pytest.approx((0.17484717517647363, 0.2664364851552635), abs=1e-12)


def test_three_groups_are_asked_for_before_resampling():
    labels, scores = np.array([1, 1] + [0] * 4), np.arange(6.0)
    for seed in range(5):  # three resamples may all hold both classes
        with pytest.raises(ValueError, match=r"label 1 occurs in only 2 group\(s\)"):
            ev.bootstrap_interval(ev.roc_auc, labels, scores, n_resamples=3, seed=seed)
        with pytest.raises(ValueError, match=r"label 0 occurs in only 2 group\(s\)"):
            ev.bootstrap_difference(metrics.roc_auc_score, 1 - labels, scores, -scores, n_resamples=3, seed=seed)
    assert ev.bootstrap_interval(ev.brier_score, labels, scores / 5, n_resamples=3).high <= 1  # needs no two classes


def test_an_interval_without_width_is_warned_of():
    labels, scores = np.repeat([0, 1], 10), np.arange(20.0)
    with pytest.warns(UserWarning, match="Use auc_interval") as caught:
        ev.bootstrap_interval(ev.roc_auc, labels, scores, n_resamples=20)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="no width"):
        ev.bootstrap_difference(ev.roc_auc, labels, scores, 2 * scores + 1, n_resamples=20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ev.bootstrap_interval(ev.roc_auc, labels, np.zeros(20), n_resamples=20)  # exactly 0.5 in every test set
        ev.bootstrap_difference(ev.roc_auc, labels, scores, scores, n_resamples=20)


def test_bootstrap_interval_of_a_mean_equals_scipy():
    labels, scores = example(200)
    interval = ev.bootstrap_interval(lambda y, s: s.mean(), labels, scores, n_resamples=3000)
    result = stats.bootstrap((scores,), np.mean, n_resamples=3000, method="percentile", rng=np.random.default_rng(1))
    assert interval.estimate == scores.mean()
    # Both are random: 3,000 resamples leave 0.05 standard errors to chance in each limit.
    tolerance = 0.2 * result.standard_error
    assert interval.low == pytest.approx(result.confidence_interval.low, abs=tolerance)
    assert interval.high == pytest.approx(result.confidence_interval.high, abs=tolerance)


def test_bootstrap_is_repeatable_and_depends_on_the_seed():
    labels, scores = example()
    first = ev.bootstrap_interval(ev.roc_auc, labels, scores, n_resamples=50, seed=3)
    assert first == ev.bootstrap_interval(ev.roc_auc, labels, scores, n_resamples=50, seed=3)
    assert first != ev.bootstrap_interval(ev.roc_auc, labels, scores, n_resamples=50, seed=4)


def test_every_row_its_own_group_equals_no_groups():
    labels, scores = example()
    names = np.random.default_rng(0).permutation([f"patient {i}" for i in range(len(labels))])
    grouped = ev.bootstrap_interval(ev.roc_auc, labels, scores, groups=names, n_resamples=50)
    assert grouped == ev.bootstrap_interval(ev.roc_auc, labels, scores, n_resamples=50)


def test_copies_of_rows_are_no_new_evidence_for_the_group_bootstrap():
    labels, scores = example(60)
    four_labels, four_scores, patients = (np.repeat(values, 4) for values in (labels, scores, np.arange(60)))
    original = ev.bootstrap_interval(ev.roc_auc, labels, scores, n_resamples=200)
    by_patient = ev.bootstrap_interval(ev.roc_auc, four_labels, four_scores, groups=patients, n_resamples=200)
    by_row = ev.bootstrap_interval(ev.roc_auc, four_labels, four_scores, n_resamples=200)
    assert (by_patient.low, by_patient.high) == pytest.approx((original.low, original.high))
    assert by_patient.high - by_patient.low > 1.5 * (by_row.high - by_row.low)


def test_groups_are_drawn_whole():
    labels = np.array([0, 1, 0, 1, 0, 1, 0, 1, 0])  # each class in all three groups: nothing to try but resamples
    groups = np.array(list("abcabcabc"))
    seen = []

    def record(y, s):
        seen.append(sorted(s))
        return s.mean()

    ev.bootstrap_interval(record, labels, np.arange(9.0), groups=groups, n_resamples=20)
    rows = {"a": [0, 3, 6], "b": [1, 4, 7], "c": [2, 5, 8]}
    for resample in seen:
        counts = np.bincount(np.array(resample, dtype=int), minlength=9)
        assert sum(counts) == 9
        assert all(len(set(counts[rows[group]])) == 1 for group in rows)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    # Accuracy of a model that is right with probability 0.8; 95 % intervals miss it in about one case of twenty.
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(100):
        labels = rng.integers(0, 2, 100)
        correct = rng.random(100) < 0.8
        interval = ev.bootstrap_interval(
            lambda y, p: np.mean(y == p), labels, np.where(correct, labels, 1 - labels), n_resamples=100, seed=seed
        )
        hits += interval.low <= 0.8 <= interval.high
    assert 86 <= hits <= 99


def test_difference_of_a_model_with_itself_is_zero():
    labels, scores = example()
    assert ev.bootstrap_difference(ev.roc_auc, labels, scores, scores, n_resamples=30) == ev.Interval(0, 0, 0, 0.95)


def test_difference_is_a_minus_b_and_paired():
    labels, scores = example(200)
    worse = scores + np.random.default_rng(1).normal(0, 0.1, 200)
    interval = ev.bootstrap_difference(ev.roc_auc, labels, scores, worse, n_resamples=200)
    single = ev.bootstrap_interval(ev.roc_auc, labels, scores, n_resamples=200)
    assert interval.estimate == pytest.approx(ev.roc_auc(labels, scores) - ev.roc_auc(labels, worse))
    assert interval.estimate != 0
    assert interval.high - interval.low < 0.7 * (single.high - single.low)  # unpaired it would be about 1.4 times


def test_resamples_of_one_class_are_drawn_again_without_a_warning():
    labels, scores = np.array([1, 1, 1] + [0] * 40), np.arange(43.0) % 10
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = ev.bootstrap_interval(ev.roc_auc, labels, scores, n_resamples=200)
        theirs = ev.bootstrap_interval(metrics.roc_auc_score, labels, scores, n_resamples=200)  # NaN for one class
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


def test_resamples_of_one_class_stay_where_the_metric_is_defined():
    labels = np.array([1] + [0] * 9)
    interval = ev.bootstrap_interval(lambda y, s: y.mean(), labels, np.zeros(10), n_resamples=400)
    assert interval.low == 0  # a third of the resamples hold no positive at all


def test_too_few_patients_of_a_class_are_an_error():
    labels, scores = np.array([1, 1] + [0] * 40), np.arange(42.0)
    with pytest.raises(ValueError, match=r"label 1 occurs in only 2 group\(s\)"):
        ev.bootstrap_interval(ev.roc_auc, labels, scores)
    groups = np.array(["one patient"] * 10 + [f"healthy {i}" for i in range(32)])
    labels = np.array([1] * 10 + [0] * 32)
    with pytest.raises(ValueError, match=r"label 1 occurs in only 1 group\(s\)"):
        ev.bootstrap_interval(ev.roc_auc, labels, scores, groups=groups)


def test_one_group_is_an_error():
    with pytest.raises(ValueError, match="at least 2 groups"):
        ev.bootstrap_interval(ev.roc_auc, [0, 1, 1], [1.0, 2.0, 3.0], groups=["a", "a", "a"])


@pytest.mark.parametrize(
    ("metric", "error", "message"),
    [
        (lambda y, s: (0.5, 0.6), TypeError, "metric must return one number, got tuple"),
        (lambda y, s: float("nan"), ValueError, "metric must return a finite number, got nan"),
        (lambda y, s: None, TypeError, "metric must return one number, got NoneType"),
    ],
)
def test_a_metric_that_gives_no_number_is_an_error(metric, error, message):
    with pytest.raises(error, match=message):
        ev.bootstrap_interval(metric, *example(), n_resamples=5)


# --- calibration -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@pytest.mark.parametrize("n", [7, 300])
def test_reliability_curve_equals_scikit_learn(strategy, n):
    labels, probabilities = example(n)
    probabilities[:3] = 0.0, 0.5, 1.0  # on the edges of bins
    curve = ev.reliability_curve(labels, probabilities, n_bins=8, strategy=strategy)
    observed, predicted = calibration.calibration_curve(labels, probabilities, n_bins=8, strategy=strategy)
    np.testing.assert_allclose(curve.observed, observed)
    np.testing.assert_allclose(curve.mean_predicted, predicted)
    assert curve.counts.sum() == n


def test_wilson_interval_equals_its_closed_form():
    curve = ev.reliability_curve(*example(300), n_bins=5, level=0.9)
    n, p, z = curve.counts, curve.observed, stats.norm.ppf(0.95)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half_width = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    np.testing.assert_allclose(curve.low, centre - half_width)
    np.testing.assert_allclose(curve.high, centre + half_width)


def test_calibration_error_by_hand():
    labels = np.array([0, 0, 1, 1, 1, 0])
    probabilities = np.array([0.1, 0.3, 0.2, 0.9, 0.7, 0.8])
    # Two bins of three: mean 0.2 against 1/3, and 0.8 against 2/3.
    assert ev.expected_calibration_error(labels, probabilities, n_bins=2) == pytest.approx(0.4 / 3)


def test_calibration_error_weighs_bins_by_their_counts():
    labels = np.array([0] * 9 + [0])
    probabilities = np.array([0.0] * 9 + [1.0])
    assert ev.expected_calibration_error(labels, probabilities) == pytest.approx(0.1)


def test_a_perfectly_calibrated_model_shows_an_error_and_the_range_holds_it():
    inside, above = 0, 0
    for seed in range(40):
        labels, probabilities = example(150, seed)
        perfect = ev.calibration_error_if_perfect(probabilities, n_simulations=200, seed=seed)
        error = ev.expected_calibration_error(labels, probabilities)
        inside += perfect.low <= error <= perfect.high
        above += error > perfect.estimate
    assert perfect.low > 0.02  # far from 0, although the truth is 0
    assert inside >= 35
    assert 10 <= above <= 30


def test_an_over_confident_model_is_outside_the_range():
    labels, probabilities = example(600, over_confidence=2.5)
    error = ev.expected_calibration_error(labels, probabilities)
    assert error > ev.calibration_error_if_perfect(probabilities, n_simulations=200).high


@pytest.mark.parametrize(("over_confidence", "truth"), [(1.0, 0.0), (1.5, 0.060), (2.5, 0.128)])
def test_calibration_error_interval_covers_the_truth(over_confidence, truth):
    # Truth: the error of 400,000 predictions of the same kind. The percentile bootstrap covers it in 0 to 90 %.
    big = ev.expected_calibration_error(*example(400_000, 99, over_confidence))
    assert big == pytest.approx(truth, abs=0.003)
    hits = 0
    for seed in range(40):
        interval = ev.calibration_error_interval(*example(200, seed, over_confidence), n_resamples=100, seed=seed)
        assert 0 <= interval.low <= interval.estimate <= interval.high
        hits += interval.low <= truth <= interval.high
    assert hits >= 33


def test_calibration_error_interval_mirrors_the_percentile_interval():
    labels, probabilities = example(300, over_confidence=2.5)
    mirrored = ev.calibration_error_interval(labels, probabilities, n_resamples=100)
    percentile = ev.bootstrap_interval(ev.expected_calibration_error, labels, probabilities, n_resamples=100)
    assert mirrored.low == pytest.approx(2 * mirrored.estimate - percentile.high)
    assert mirrored.high == pytest.approx(2 * mirrored.estimate - percentile.low)


def test_calibration_error_interval_is_wider_by_patient():
    labels, probabilities = (np.repeat(values, 4) for values in example(100, over_confidence=2.5))
    by_patient = ev.calibration_error_interval(
        labels, probabilities, groups=np.repeat(np.arange(100), 4), n_resamples=100
    )
    by_row = ev.calibration_error_interval(labels, probabilities, n_resamples=100)
    assert by_patient.high - by_patient.low > 1.3 * (by_row.high - by_row.low)


def test_eight_identical_rows_of_calibrated_patients_are_no_sign_of_bad_calibration():
    """The lower limit may exceed 0 in 2.5 % of the sets; drawn row by row, the null does so in nearly all of them."""
    patients = np.repeat(np.arange(60), 8)
    above, above_by_row = [], []
    for seed in range(200):
        labels, probabilities = (np.repeat(values, 8) for values in example(60, seed))
        options = {"n_simulations": 60, "seed": seed}
        error = ev.expected_calibration_error(labels, probabilities)
        above.append(error > ev.calibration_error_if_perfect(probabilities, groups=patients, **options).high)
        if seed < 20:
            above_by_row.append(error > ev.calibration_error_if_perfect(probabilities, **options).high)
    assert np.mean(above) <= 0.06  # 0.025 and three standard errors
    assert np.mean(above_by_row) > 0.9


@pytest.mark.parametrize("shared", [0.0, 0.5])
def test_the_range_by_patient_errs_on_the_wide_side_where_rows_depend_less(shared):
    rng = np.random.default_rng(0)
    patients, above = np.repeat(np.arange(40), 8), 0
    for seed in range(60):
        risks = rng.beta(1.2, 1.8, 320)
        fate = np.sqrt(shared) * rng.normal(size=40)[patients] + np.sqrt(1 - shared) * rng.normal(size=320)
        error = ev.expected_calibration_error(special.ndtr(fate) < risks, risks)
        above += error > ev.calibration_error_if_perfect(risks, groups=patients, n_simulations=60, seed=seed).high
    assert above <= 3


def test_the_interval_asks_the_range_by_patient():
    labels, probabilities = (np.repeat(values, 8) for values in example(60, 2))
    patients = np.repeat(np.arange(60), 8)
    error = ev.expected_calibration_error(labels, probabilities)
    by_row = ev.calibration_error_interval(labels, probabilities, n_resamples=100)
    by_patient = ev.calibration_error_interval(labels, probabilities, groups=patients, n_resamples=100)
    assert ev.calibration_error_if_perfect(probabilities, n_simulations=100).high < error
    assert ev.calibration_error_if_perfect(probabilities, groups=patients, n_simulations=100).high > error
    assert by_row.low > 0 and by_patient.low == 0


def test_every_row_its_own_patient_equals_no_groups_for_the_range_too():
    _, probabilities = example(50)
    names = [f"patient {i}" for i in range(50)]
    grouped = ev.calibration_error_if_perfect(probabilities, groups=names, n_simulations=20)
    assert grouped == ev.calibration_error_if_perfect(probabilities, n_simulations=20)
    with pytest.raises(ValueError, match="probabilities and groups must have the same length, got 50 and 3"):
        ev.calibration_error_if_perfect(probabilities, groups=names[:3])


@pytest.mark.parametrize("over_confidence", [0.4, 1.0, 3.0])
def test_fitted_temperature_finds_the_over_confidence(over_confidence):
    assert ev.fit_temperature(*example(40_000, 1, over_confidence)) == pytest.approx(over_confidence, rel=0.05)


def test_fitted_temperature_has_the_smallest_log_loss():
    labels, probabilities = example(100, over_confidence=2)
    fitted = ev.fit_temperature(labels, probabilities)

    def log_loss(temperature):
        return metrics.log_loss(labels, ev.apply_temperature(probabilities, temperature))

    assert log_loss(fitted) < min(log_loss(0.99 * fitted), log_loss(1.01 * fitted), log_loss(1.0))


def test_fit_temperature_takes_probabilities_of_zero_and_one():
    temperature = ev.fit_temperature([0, 1, 1, 0, 1, 0], np.array([0, 1, 1, 1, 1, 0], dtype=np.float32))
    assert temperature > 1  # one certain prediction is wrong


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [([0, 1, 1], [0.1, 0.8, 0.9], "correct side of 0.5"), ([0, 1, 1], [0.9, 0.2, 0.6], "no better than 0.5")],
)
def test_fit_temperature_without_a_best_temperature_is_an_error(labels, probabilities, message):
    with pytest.raises(ValueError, match=message):
        ev.fit_temperature(labels, probabilities)


@given(labels_and_scores(), st.floats(0.2, 10))
@without_deadline
def test_temperature_keeps_the_roc_auc(data, temperature):
    labels, scores = data
    probabilities = special.expit(scores / 8)  # from 0.002 to 0.998
    scaled = ev.apply_temperature(probabilities, temperature)
    assert ev.roc_auc(labels, scaled) == ev.roc_auc(labels, probabilities)


def test_a_very_small_temperature_makes_ties_as_documented():
    labels, probabilities = [0, 0, 1, 1], special.expit([3.6, 3.7, 3.8, 3.9])
    assert ev.roc_auc(labels, probabilities) == ev.roc_auc(labels, ev.apply_temperature(probabilities, 0.2)) == 1
    scaled = ev.apply_temperature(probabilities, 0.1)
    assert scaled[0] < 1 and all(scaled[1:] == 1)  # logit / temperature is 36, 37, 38 and 39
    assert ev.roc_auc(labels, scaled) == 0.75


@given(st.lists(st.floats(0.001, 0.999), min_size=1), st.floats(0.5, 5))
@without_deadline
def test_temperature_is_undone_by_its_inverse(probabilities, temperature):
    there = ev.apply_temperature(probabilities, temperature)
    np.testing.assert_allclose(ev.apply_temperature(there, 1 / temperature), probabilities, rtol=1e-6)


def test_temperature_keeps_certainty_and_softens_the_rest():
    np.testing.assert_allclose(ev.apply_temperature([0.0, 0.1, 0.5, 1.0], 2), [0, 0.25, 0.5, 1])


@given(st.lists(st.floats(0, 1), min_size=1), fractions, fractions)
@without_deadline
def test_prior_correction_is_undone_by_its_inverse(probabilities, before, after):
    there = ev.correct_prior(probabilities, before, after)
    np.testing.assert_allclose(ev.correct_prior(there, after, before), probabilities, rtol=1e-6, atol=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1), fractions)
@without_deadline
def test_prior_correction_at_equal_prevalences_changes_nothing(probabilities, prevalence):
    np.testing.assert_allclose(ev.correct_prior(probabilities, prevalence, prevalence), probabilities)


@given(fractions, fractions, fractions, fractions)
@without_deadline
def test_prior_correction_agrees_with_bayes(sensitivity, specificity, before, after):
    ppv_before, _ = ev.predictive_values(sensitivity, specificity, before)
    ppv_after, _ = ev.predictive_values(sensitivity, specificity, after)
    np.testing.assert_allclose(ev.correct_prior([ppv_before], before, after), [ppv_after])


# --- decision curve --------------------------------------------------------------------------------------------------


def test_decision_curve_by_hand():
    # At 0.2: 2 true and 1 false positive of 5, so 2/5 - 1/5 * 0.2/0.8 = 0.35.
    curve = ev.decision_curve([1, 1, 0, 0, 0], [0.9, 0.2, 0.3, 0.1, 0.1], [0.2, 0.5])
    np.testing.assert_allclose(curve.model, [0.35, 0.2])
    np.testing.assert_allclose(curve.treat_all, [0.4 - 0.6 * 0.25, 0.4 - 0.6])
    np.testing.assert_array_equal(curve.treat_none, [0, 0])


@given(labels_and_scores(), fractions)
@without_deadline
def test_no_model_beats_the_prevalence_and_a_perfect_one_reaches_it(data, threshold):
    labels, scores = data
    curve = ev.decision_curve(labels, special.expit(scores), [threshold])
    assert curve.model[0] <= labels.mean() + 1e-12
    assert ev.decision_curve(labels, labels, [threshold]).model[0] == pytest.approx(labels.mean())


def test_treating_all_is_worth_nothing_at_the_prevalence():
    labels, probabilities = example(200)
    assert ev.decision_curve(labels, probabilities, [labels.mean()]).treat_all[0] == pytest.approx(0)


# --- splits ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 12), min_size=2, max_size=60), st.floats(0.1, 0.5), seeds)
@without_deadline
def test_group_split_never_crosses_and_loses_no_row(groups, test_size, seed):
    groups = np.array(groups)
    if len(set(groups)) < 2:
        return
    train, test = ev.group_split(groups, test_size, seed)
    assert not set(groups[train]) & set(groups[test])
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(len(groups)))
    assert len(set(groups[test])) == np.ceil(test_size * len(set(groups)))


@given(st.integers(0, 10_000))
@without_deadline
def test_stratified_group_split_keeps_the_share_of_positive_patients(seed):
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(50), 3))
    labels = np.isin(groups, np.arange(10)) & (rng.random(150) < 0.8)  # some rows of positive patients are 0
    positive = {group for group in range(50) if labels[groups == group].any()}
    train, test = ev.group_split(groups, test_size=0.3, seed=seed, labels=labels)
    assert not set(groups[train]) & set(groups[test])
    assert len(train) + len(test) == 150
    assert abs(len(positive & set(groups[test])) - 0.3 * len(positive)) < 1


def test_group_split_is_repeatable_and_depends_on_the_seed():
    groups = np.repeat(np.arange(30), 2)
    first, again, other = (ev.group_split(groups, seed=seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_group_split_does_not_merge_a_number_with_its_text():
    groups = [1, "1"] * 5 + [2, 3]
    train, test = ev.group_split(groups, test_size=0.5)
    ev.assert_groups_disjoint(groups, train, test)
    assert len({groups[row] for row in np.concatenate([train, test])}) == 4


@pytest.mark.parametrize(
    ("groups", "labels", "test_size", "message"),
    [
        (["a"] * 4, None, 0.3, "leaves none to train on"),
        (["a", "b", "c"], None, 0.9, "leaves none to train on"),
        (["a", "b", "c", "d"], [0, 0, 0, 1], 0.5, "too few"),
        (["a", "b", "c", "d"], [0, 0, 1, 1], 0.1, "too few"),
        (list(range(22)), [1, 1] + [0] * 20, 0.1, "too few"),
    ],
)
def test_too_few_groups_to_fill_both_sides_is_an_error(groups, labels, test_size, message):
    with pytest.raises(ValueError, match=message):
        ev.group_split(groups, test_size=test_size, labels=labels)


def test_assert_groups_disjoint_names_the_groups_that_cross():
    groups = ["ann", "bob", "ann", "bob", "cyd"]
    ev.assert_groups_disjoint(groups, [0, 2], [1, 3, 4])
    with pytest.raises(AssertionError, match=r"2 group\(s\).*ann, bob"):
        ev.assert_groups_disjoint(groups, [0, 1, 4], [2, 3])


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        ([], ValueError, "test_index must not be empty"),
        ([True, False], TypeError, "row numbers"),
        ([0, 2], ValueError, "from 0 to 1"),
        ([-1], ValueError, "from 0 to 1"),
    ],
)
def test_assert_groups_disjoint_refuses_what_are_no_row_numbers(index, error, message):
    with pytest.raises(error, match=message):
        ev.assert_groups_disjoint(["a", "b"], [0], index)


# --- slope of calibration --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("over_confidence", [0.5, 1, 3])
def test_calibration_slope_equals_scikit_learn_and_the_curvature_of_the_loss(over_confidence):
    labels, probabilities = example(300, over_confidence=over_confidence)
    slope, intercept = ev.calibration_slope(labels, probabilities)
    logits = special.logit(probabilities)
    fit = linear_model.LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000).fit(logits[:, None], labels)
    assert slope.estimate == pytest.approx(fit.coef_[0, 0], abs=1e-4)
    assert intercept.estimate == pytest.approx(fit.intercept_[0], abs=1e-4)

    def loss(line):
        return np.sum(np.logaddexp(0, np.where(labels == 1, -1, 1) * (line[0] * logits + line[1])))

    found = optimize.minimize(loss, [0.0, 0.0], method="BFGS", options={"gtol": 1e-8})
    curvature = optimize.approx_fprime(found.x, lambda line: optimize.approx_fprime(line, loss, 1e-5), 1e-4)
    half = 1.959964 * np.sqrt(np.diag(np.linalg.inv(curvature)))
    for interval, value, width in zip((slope, intercept), found.x, half, strict=True):
        assert (interval.estimate, interval.level) == (pytest.approx(value, abs=1e-4), 0.95)
        assert [interval.low, interval.high] == pytest.approx([value - width, value + width], rel=0.01)


def test_calibration_slope_of_two_probabilities_is_the_odds_ratio_with_woolfs_interval():
    labels = np.repeat([1, 0, 1, 0], [30, 10, 8, 32])  # of 40 who are given 0.8, 30 are ill; of 40 given 0.2, 8
    slope, intercept = ev.calibration_slope(labels, np.repeat([0.8, 0.2], 40), level=0.9)
    apart = 2 * np.log(4)  # between the logits of 0.8 and 0.2, on which 0 lies half way
    ratio, error = np.log(30 * 32 / (10 * 8)), np.sqrt(1 / 30 + 1 / 10 + 1 / 8 + 1 / 32)
    assert slope.estimate == pytest.approx(ratio / apart)
    assert slope.high - slope.low == pytest.approx(2 * 1.644854 * error / apart)
    assert intercept.estimate == pytest.approx((np.log(30 / 10) + np.log(8 / 32)) / 2)


@pytest.mark.parametrize("temperature", [0.5, 2.0, 50.0])
def test_a_temperature_multiplies_the_slope_and_leaves_the_intercept(temperature):
    labels, probabilities = example(200)
    before, after = (
        ev.calibration_slope(labels, p) for p in (probabilities, ev.apply_temperature(probabilities, temperature))
    )
    for name in ("estimate", "low", "high"):
        assert getattr(after[0], name) == pytest.approx(temperature * getattr(before[0], name), rel=1e-5)
        assert getattr(after[1], name) == pytest.approx(getattr(before[1], name), abs=1e-5)


def test_a_prior_correction_moves_the_intercept_alone():
    labels, probabilities = example(200)
    before = ev.calibration_slope(labels, probabilities)
    after = ev.calibration_slope(labels, ev.correct_prior(probabilities, 0.5, 0.1))
    assert after[0].estimate == pytest.approx(before[0].estimate, abs=1e-6)
    assert after[1].estimate == pytest.approx(before[1].estimate + before[0].estimate * np.log(9), abs=1e-5)


def test_a_line_recalibrates_those_it_was_fitted_on():
    labels, probabilities = example(300, over_confidence=3)
    slope, intercept = ev.calibration_slope(labels, probabilities)
    repaired = special.expit(intercept.estimate + slope.estimate * special.logit(probabilities))
    again = ev.calibration_slope(labels, repaired)
    assert [part.estimate for part in again] == pytest.approx([1, 0], abs=1e-5)
    assert repaired.mean() == pytest.approx(labels.mean())


def test_the_intervals_of_the_calibration_line_cover_the_truth():
    rng, held = np.random.default_rng(1), []
    for _ in range(400):
        logits = rng.normal(-1, 1.5, 200)
        labels = (rng.random(200) < special.expit(0.2 + 0.7 * logits)).astype(int)
        slope, intercept = ev.calibration_slope(labels, special.expit(logits))
        held.append([slope.low <= 0.7 <= slope.high, intercept.low <= 0.2 <= intercept.high])
    assert (np.mean(held, axis=0) > 0.92).all() and (np.mean(held, axis=0) < 0.98).all()


def test_calibration_slope_takes_probabilities_of_zero_and_one():
    labels, probabilities = example(60)
    probabilities[:4] = 0, 1, 1, 0
    same = np.clip(probabilities, 1e-7, 1 - 1e-7)
    assert ev.calibration_slope(labels, probabilities) == ev.calibration_slope(labels, same)


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([0, 1, 0, 1], [0.3, 0.3, 0.3, 0.3], "probabilities must differ for a slope, got only 0.3"),
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], "no slope is best"),
        ([0, 0, 1, 1], [0.1, 0.3, 0.3, 0.4], "no slope is best"),
        ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], "no slope is best"),
    ],
)
def test_a_calibration_slope_that_does_not_exist_is_an_error(labels, probabilities, message):
    with pytest.raises(ValueError, match=message):
        ev.calibration_slope(labels, probabilities)


# --- bad input -------------------------------------------------------------------------------------------------------

BINARY = np.array([0, 1, 0, 1])
GOOD = np.array([0.2, 0.4, 0.6, 0.8])
TAKES_SCORES = {
    "roc_auc": ev.roc_auc,
    "pr_auc": ev.pr_auc,
    "sensitivity_specificity": lambda y, s: ev.sensitivity_specificity(y, s, 0.5),
    "youden_threshold": ev.youden_threshold,
    "threshold_at_sensitivity": lambda y, s: ev.threshold_at_sensitivity(y, s, 0.9),
    "auc_interval": ev.auc_interval,
    "auc_difference": lambda y, s: ev.auc_difference(y, s, s),
    "bootstrap_interval": lambda y, s: ev.bootstrap_interval(ev.roc_auc, y, s, n_resamples=5),
    "bootstrap_difference": lambda y, s: ev.bootstrap_difference(ev.roc_auc, y, s, s, n_resamples=5),
}
TAKES_PROBABILITIES = {
    "accuracy": ev.accuracy,
    "brier_score": ev.brier_score,
    "reliability_curve": ev.reliability_curve,
    "expected_calibration_error": ev.expected_calibration_error,
    "calibration_error_interval": lambda y, p: ev.calibration_error_interval(y, p, n_resamples=5),
    "fit_temperature": ev.fit_temperature,
    "calibration_slope": ev.calibration_slope,
    "decision_curve": lambda y, p: ev.decision_curve(y, p, [0.3]),
}
PROBABILITIES_ONLY = {
    "calibration_error_if_perfect": lambda p: ev.calibration_error_if_perfect(p, n_simulations=5),
    "apply_temperature": lambda p: ev.apply_temperature(p, 2.0),
    "correct_prior": lambda p: ev.correct_prior(p, 0.5, 0.1),
}
BOTH = TAKES_SCORES | TAKES_PROBABILITIES


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(
    ("labels", "values", "error", "message"),
    [
        ([0, 1, 2, 1], GOOD, ValueError, "labels must be 0 or 1, got 2"),
        ([-1, 1, -1, 1], GOOD, ValueError, "labels must be 0 or 1, got -1"),
        ([0, 1, np.nan, 1], GOOD, ValueError, "labels must be finite.*row 2"),
        (["no", "yes", "no", "yes"], GOOD, TypeError, "labels must be an array of numbers"),
        (np.eye(4)[:, :2], GOOD, ValueError, r"labels must have one dimension, got shape \(4, 2\)"),
        ([], [], ValueError, "labels must not be empty"),
        (BINARY, GOOD[:3], ValueError, "same length, got 4 and 3"),
        (BINARY, [0.1, np.nan, 0.2, 0.3], ValueError, "must be finite.*row 1"),
        (BINARY, [0.1, 0.2, 0.3, np.inf], ValueError, "must be finite.*row 3"),
        (BINARY, GOOD[:, None], ValueError, r"shape \(4, 1\); a Keras model predicts one column"),
        (BINARY, [0.1, None, 0.2, 0.3], TypeError, "must be an array of numbers"),
        (BINARY, 0.5, ValueError, "must have one dimension"),
        (np.ma.array(BINARY, mask=[0, 1, 0, 0]), GOOD, ValueError, "labels must not be masked, got 1 masked"),
        (BINARY, np.ma.array(GOOD, mask=[0, 1, 1, 0]), ValueError, "must not be masked, got 2 masked"),
        (BINARY, pd.Series([0.1, pd.NA, 0.2, 0.3]), TypeError, "must be an array of numbers, got dtype object"),
    ],
)
def test_bad_labels_and_values_are_one_clear_error(name, labels, values, error, message):
    with pytest.raises(error, match=message):
        BOTH[name](labels, values)


@pytest.mark.parametrize("value", [-0.1, 1.1])
@pytest.mark.parametrize("name", TAKES_PROBABILITIES)
def test_probabilities_outside_zero_and_one_are_an_error(name, value):
    with pytest.raises(ValueError, match=f"probabilities must be between 0 and 1, got {value}"):
        TAKES_PROBABILITIES[name](BINARY, [0.1, value, 0.3, 0.4])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "must not be empty"),
        ([0.5, 1.5], "must be between 0 and 1, got 1.5"),
        ([0.5, np.nan], "must be finite"),
        ([[0.5], [0.5]], "one dimension"),
    ],
)
@pytest.mark.parametrize("name", PROBABILITIES_ONLY)
def test_bad_probabilities_alone_are_an_error(name, values, message):
    with pytest.raises(ValueError, match=message):
        PROBABILITIES_ONLY[name](values)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("name", [*TAKES_SCORES, "fit_temperature", "calibration_slope", "decision_curve"])
def test_one_class_is_an_error_where_the_value_is_undefined(name, label):
    with pytest.raises(ValueError, match=f"both classes, got only {label}"):
        BOTH[name]([label] * 4, GOOD)


@pytest.mark.parametrize("name", ["accuracy", "brier_score", "expected_calibration_error"])
def test_one_class_is_allowed_where_the_value_is_defined(name):
    assert np.isfinite(BOTH[name]([1] * 4, GOOD))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([], "groups must not be empty"),
        (["a", "b", "c"], "same length, got 4 and 3"),
        (["a", "b", None, "c"], "a group for every row, got None in row 2"),
        (["a", "", "b", "c"], "a group for every row, got '' in row 1"),
        (np.array([1.0, 2.0, 3.0, np.nan]), "a group for every row, got nan in row 3"),
        ([["a"], ["b"], ["c"], ["d"]], "one dimension"),
        (["a", "b", "c", pd.NA], "a group for every row, got <NA> in row 3"),
        (["a", "b", pd.NaT, "c"], "a group for every row, got NaT in row 2"),
        (["a", float("nan"), "b", "c"], "a group for every row, got nan in row 1"),
        (pd.Series(["a", None, "b", "c"], dtype="string"), "a group for every row, got <NA> in row 1"),
        (pd.Series([1, 2, None, 3], dtype="Int64"), "a group for every row, got <NA> in row 2"),
        (pd.Categorical(["a", "b", "c", None]), "a group for every row, got nan in row 3"),
        (np.array(["a", "", "b", "c"]), "a group for every row, got '' in row 1"),
        (
            np.array(["2020-01-01", "NaT", "2020-01-02", "2020-01-03"], "M8[D]"),
            "a group for every row, got None in row 1",
        ),
        (np.ma.array([1, 2, 3, 4], mask=[0, 0, 1, 0]), "groups must not be masked, got 1 masked"),
    ],
)
@pytest.mark.parametrize(
    "function",
    [
        lambda groups: ev.auc_interval(BINARY, GOOD, groups=groups),
        lambda groups: ev.auc_difference(BINARY, GOOD, GOOD, groups=groups),
        lambda groups: ev.proportion_interval(BINARY, groups=groups),
        lambda groups: ev.bootstrap_interval(ev.roc_auc, BINARY, GOOD, groups=groups),
        lambda groups: ev.bootstrap_difference(ev.roc_auc, BINARY, GOOD, GOOD, groups=groups),
        lambda groups: ev.calibration_error_interval(BINARY, GOOD, groups=groups),
        lambda groups: ev.group_split(groups, labels=BINARY),
    ],
)
def test_bad_groups_are_one_clear_error(function, groups, message):
    with pytest.raises(ValueError, match=message):
        function(groups)


def test_groups_may_be_named_in_any_way():
    dates = np.array(["2020-01-01", "2020-01-02", "2020-01-01", "2020-01-03"], "M8[D]")
    expected = [0, 1, 0, 2]
    for groups in (
        ["b", "a", "b", "c"],
        [7, "7", 7, 7.5],
        pd.Series([(1, 2), (1, 3), (1, 2), (2, 2)]),
        np.array(["b", "a", "b", "c"]),
        np.array([3.0, 1.0, 3.0, -2.0], np.float32),
        pd.Series(["b", "a", "b", "c"], index=[9, 8, 7, 6], dtype="category"),
        pd.Series([5, 4, 5, 6], dtype="Int64"),
        dates,
        np.ma.array([5, 4, 5, 6], mask=False),
    ):
        assert ev._group_codes(groups).tolist() == expected
    with pytest.raises(TypeError, match="groups must be names or numbers"):
        ev.group_split(np.array([["a"], ["a", "b"], ["c"]], dtype=object))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: ev.brier_score([0, 1], [0.5, 1.0000001]), r"between 0 and 1, got 1\.0000001; is this a logit"),
        (lambda: ev.accuracy([0, 1], [0.5, 0.5], 1.0000001), r"threshold must be between 0 and 1, got 1\.0000001"),
        (lambda: ev.roc_auc([0, 1.0000001], [0.5, 0.5]), r"labels must be 0 or 1, got 1\.0000001"),
        (lambda: ev.decision_curve([0, 1], [0.5, 0.5], [1.0000001]), r"thresholds must .* got 1\.0000001"),
        (lambda: ev.Interval(0.5, 0.50000001, 0.5, 0.95), r"got low=0\.50000001 and high=0\.5"),
        (lambda: ev.predictive_values(-1e-9, 1, 0.5), r"sensitivity must be between 0 and 1, got -1e-09"),
        (lambda: ev.group_split(["a", "b"], 0.99999999), r"test_size 0\.99999999 of 2"),
    ],
)
def test_messages_print_enough_digits(function, message):
    with pytest.raises(ValueError, match=message):
        function()


@pytest.mark.parametrize("value", [-0.1, 0, 1, 1.1, float("nan")])
@pytest.mark.parametrize(
    ("argument", "function"),
    [
        ("prevalence", lambda x: ev.predictive_values(0.9, 0.9, x)),
        ("prevalence_training", lambda x: ev.correct_prior(GOOD, x, 0.1)),
        ("prevalence_deployment", lambda x: ev.correct_prior(GOOD, 0.1, x)),
        ("level", lambda x: ev.auc_interval(BINARY, GOOD, level=x)),
        ("level", lambda x: ev.auc_difference(BINARY, GOOD, GOOD, level=x)),
        ("level", lambda x: ev.proportion_interval(BINARY, level=x)),
        ("level", lambda x: ev.bootstrap_interval(ev.roc_auc, BINARY, GOOD, level=x)),
        ("level", lambda x: ev.bootstrap_difference(ev.roc_auc, BINARY, GOOD, GOOD, level=x)),
        ("level", lambda x: ev.calibration_error_interval(BINARY, GOOD, level=x)),
        ("level", lambda x: ev.calibration_error_if_perfect(GOOD, level=x)),
        ("level", lambda x: ev.calibration_slope(BINARY, GOOD, level=x)),
        ("level", lambda x: ev.reliability_curve(BINARY, GOOD, level=x)),
        ("level", lambda x: ev.Interval(0.5, 0.4, 0.6, x)),
        ("thresholds", lambda x: ev.decision_curve(BINARY, GOOD, [0.5, x])),
        ("test_size", lambda x: ev.group_split(["a", "b", "c"], x)),
    ],
)
def test_fractions_out_of_range_are_an_error(argument, function, value):
    with pytest.raises(ValueError, match=rf"^{argument} must be (between 0 and 1, ends excluded|finite)"):
        function(value)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("inf")])
@pytest.mark.parametrize(
    ("argument", "function"),
    [
        ("sensitivity", lambda x: ev.predictive_values(x, 0.9, 0.1)),
        ("specificity", lambda x: ev.predictive_values(0.9, x, 0.1)),
        ("sensitivity", lambda x: ev.threshold_at_sensitivity(BINARY, GOOD, x)),
        ("threshold", lambda x: ev.accuracy(BINARY, GOOD, x)),
    ],
)
def test_fractions_with_ends_out_of_range_are_an_error(argument, function, value):
    with pytest.raises(ValueError, match=f"^{argument} must be (between 0 and 1, got|finite)"):
        function(value)


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda: ev.threshold_at_sensitivity(BINARY, GOOD, 0), ValueError, "sensitivity must be above 0"),
        (lambda: ev.sensitivity_specificity(BINARY, GOOD, np.nan), ValueError, "threshold must be finite"),
        (lambda: ev.sensitivity_specificity(BINARY, GOOD, [0.5]), TypeError, "threshold must be a number"),
        (lambda: ev.predictive_values("0.9", 0.9, 0.1), TypeError, "sensitivity must be a number, got '0.9'"),
        (lambda: ev.apply_temperature(GOOD, 0), ValueError, "temperature must be above 0, got 0"),
        (lambda: ev.apply_temperature(GOOD, np.inf), ValueError, "temperature must be finite"),
        (lambda: ev.expected_calibration_error(BINARY, GOOD, 0), ValueError, "n_bins must be at least 1, got 0"),
        (lambda: ev.reliability_curve(BINARY, GOOD, 2.5), TypeError, "n_bins must be an integer, got 2.5"),
        (lambda: ev.reliability_curve(BINARY, GOOD, strategy="width"), ValueError, "strategy must be one of"),
        (lambda: ev.calibration_error_if_perfect(GOOD, n_simulations=0), ValueError, "n_simulations must be at least"),
        (lambda: ev.bootstrap_interval(ev.roc_auc, BINARY, GOOD, n_resamples=0), ValueError, "n_resamples must be at"),
        (lambda: ev.bootstrap_interval(ev.roc_auc, BINARY, GOOD, seed=-1), ValueError, "seed must be between 0"),
        (lambda: ev.bootstrap_interval(ev.roc_auc, BINARY, GOOD, seed=None), TypeError, "seed must be an integer"),
        (lambda: ev.bootstrap_difference(ev.roc_auc, BINARY, GOOD, GOOD[:2]), ValueError, "labels and scores_b must"),
        (lambda: ev.group_split(["a", "b"], seed=1.5), TypeError, "seed must be an integer, got 1.5"),
        (lambda: ev.group_split(["a", "b", "c"], labels=[0, 1]), ValueError, "same length, got 2 and 3"),
        (lambda: ev.decision_curve(BINARY, GOOD, []), ValueError, "thresholds must not be empty"),
        (lambda: ev.decision_curve(BINARY, GOOD, 0.5), ValueError, "thresholds must have one dimension"),
    ],
)
def test_other_bad_arguments_are_one_clear_error(function, error, message):
    with pytest.raises(error, match=message):
        function()


def test_inputs_are_not_changed():
    labels, probabilities = example(50)
    before = labels.copy(), probabilities.copy()
    ev.reliability_curve(labels, probabilities)
    ev.calibration_slope(labels, probabilities)
    ev.correct_prior(probabilities, 0.3, 0.1)
    ev.apply_temperature(probabilities, 2)
    ev.bootstrap_interval(ev.roc_auc, labels, probabilities, groups=np.arange(50) // 2, n_resamples=5)
    np.testing.assert_array_equal(labels, before[0])
    np.testing.assert_array_equal(probabilities, before[1])


# --- conformal prediction --------------------------------------------------------------------------------------------


def test_the_conformal_interval_by_hand():
    residuals = np.array([3.0, -1, 2, -5, 4, 0.5, -2.5, 1.5, 3.5])
    found = ev.conformal_interval(10 + residuals, np.full(9, 10), [0.0, 7.0], level=0.9)
    assert found.quantile == 5 and found.low.tolist() == [-5, 2] and found.high.tolist() == [5, 12]  # rank 9 of 9
    assert ev.conformal_interval(10 + residuals, np.full(9, 10), [0.0], level=0.8).quantile == 4  # rank 8
    assert ev.conformal_interval(10 + residuals, np.full(9, 10), [0.0], level=0.5).quantile == 2.5  # rank 5
    # The rank of a level that is a rounded sum: 30 of 99, not 31.
    assert ev.conformal_interval(np.arange(1.0, 100.0), np.zeros(99), [0.0], level=0.1 + 0.2).quantile == 30
    assert found.coverage([5.0, 12.1]) == 0.5 and found.level == 0.9
    spread = np.array([3.0, 1, 1, 5, 4, 1, 1, 1, 1])
    scaled = ev.conformal_interval(10 + residuals, np.full(9, 10), [0.0, 0.0], spread=spread, new_spread=[1, 2])
    assert scaled.quantile == 3.5 and scaled.high.tolist() == [3.5, 7]


@given(st.integers(20, 60), st.sampled_from([0.5, 0.8, 0.9, 0.95]), seeds)
@without_deadline
def test_the_quantile_is_that_of_the_method(n, level, seed):
    residuals = np.random.default_rng(seed).normal(size=n)
    found = ev.conformal_interval(residuals, np.zeros(n), [0.0], level=level)
    within, below = np.sum(np.abs(residuals) <= found.quantile), np.sum(np.abs(residuals) < found.quantile)
    assert below + 1e-9 < (n + 1) * level <= within + 1e-9  # the smallest residual that holds (n + 1) level of them


@pytest.mark.parametrize("scaled", [False, True])
def test_conformal_intervals_hold_what_they_promise(scaled):
    """Averaged over calibration sets, coverage is exactly k / (n + 1), whatever the errors look like."""
    rng, n, runs, new = np.random.default_rng(1), 39, 3000, 20
    held = np.empty(runs)
    for run in range(runs):
        spread = rng.gamma(2, size=n + new)
        error = spread * rng.exponential(size=n + new)  # lopsided, and of different width
        truth = 3 + error
        options = {"spread": spread[:n], "new_spread": spread[n:]} if scaled else {}
        found = ev.conformal_interval(truth[:n], np.full(n, 3.0), np.full(new, 3.0), level=0.9, **options)
        held[run] = found.coverage(truth[n:])
    standard_error = held.std() / np.sqrt(runs)
    assert abs(held.mean() - 36 / 40) < 4 * standard_error and standard_error < 0.002


def test_a_shifted_set_is_not_held():
    rng = np.random.default_rng(0)
    calibration, new = rng.normal(size=500), rng.normal(scale=3, size=500)
    found = ev.conformal_interval(calibration, np.zeros(500), np.zeros(500))
    assert found.coverage(calibration) >= 0.9 and found.coverage(new) < 0.6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"true": np.ones(8), "predicted": np.ones(8)},
            "true must have at least 9 rows for an interval of level 0.9, got 8",
        ),
        ({"level": 0.95}, "true must have at least 19 rows for an interval of level 0.95, got 9"),
        ({"level": 0.99}, "true must have at least 99 rows"),
        ({"level": 1}, "level must be between 0 and 1"),
        ({"predicted": np.ones(8)}, "true and predicted must have the same length, got 9 and 8"),
        ({"true": np.full(9, np.nan)}, "true must be finite"),
        ({"new_predicted": [[1.0]]}, "new_predicted must have one dimension"),
        ({"spread": np.ones(9)}, "spread and new_spread must be given together"),
        ({"spread": np.zeros(9), "new_spread": [1, 1]}, "spread must be above 0, got 0.0 in row 0"),
        ({"spread": np.ones(9), "new_spread": [1, -1]}, "new_spread must be above 0, got -1.0 in row 1"),
        ({"spread": np.ones(8), "new_spread": [1, 1]}, "spread and true must have the same length"),
        ({"spread": np.ones(9), "new_spread": [1]}, "new_spread and new_predicted must have the same length"),
    ],
)
def test_a_conformal_interval_that_cannot_be_made_says_why(change, message):
    good = {"true": np.arange(9.0), "predicted": np.zeros(9), "new_predicted": [0.0, 1.0]}
    with pytest.raises(ValueError, match=message):
        ev.conformal_interval(**good | change)


def test_coverage_needs_one_outcome_for_each_interval():
    found = ev.conformal_interval(np.arange(9.0), np.zeros(9), [0.0, 1.0])
    with pytest.raises(ValueError, match="true and intervals must have the same length, got 1 and 2"):
        found.coverage([1.0])
