"""course_utils.survival against small cases by hand, lifelines, scikit-survival, scikit-learn and known truths."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter, KaplanMeierFitter, NelsonAalenFitter
from lifelines.datasets import load_rossi
from lifelines.statistics import multivariate_logrank_test
from lifelines.utils import concordance_index as lifelines_concordance
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from course_utils import datasets, evaluation, survival

if importlib.util.find_spec("sksurv"):
    import sksurv.metrics
    import sksurv.nonparametric
    from sksurv.util import Surv

needs_sksurv = pytest.mark.skipif(importlib.util.find_spec("sksurv") is None, reason="scikit-survival is not installed")
with_examples = settings(deadline=None, max_examples=60)

# Seven patients: events at 2, 4, 4 and 9, censored at 4, 6 and 9. At 4 the event comes first.
TIME = np.array([4, 2, 9, 4, 6, 4, 9])
EVENT = np.array([1, 1, 1, 1, 0, 0, 0])
RISK = np.array([3.0, 5.0, 1.0, 2.0, 2.0, 4.0, 0.5])


def cohorts(least=6, most=40, needs_events=True):
    """Small cohorts with many ties: times 0 to 9, scores 0 to 5."""

    @st.composite
    def draw(draw):
        n = draw(st.integers(least, most))
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        time = rng.integers(0, 10, n).astype(float)
        event = (rng.random(n) < draw(st.sampled_from([0.1, 0.5, 0.9]))).astype(int)
        if needs_events:
            assume(event.any())
        return time, event, rng.integers(0, 6, n).astype(float)

    return draw()


def surv(time, event, nudged=False):
    """The form of scikit-survival; nudged, whoever is censored at the time of an event is censored just after it."""
    return Surv.from_arrays(event == 1, np.where(event == 1, time, time + 1e-6) if nudged else time)


def rossi():
    table = load_rossi()
    return table, table.drop(columns=["week", "arrest"]).to_numpy(float), table[["week", "arrest"]].to_numpy(float)


# --- Kaplan-Meier, Nelson-Aalen, log-rank


def test_kaplan_meier_of_seven_patients_by_hand():
    curve = survival.kaplan_meier(TIME, EVENT)
    assert curve.times.tolist() == [2, 4, 6, 9] and curve.at_risk.tolist() == [7, 6, 3, 2]
    assert curve.events.tolist() == [1, 2, 0, 1] and curve.censored.tolist() == [0, 1, 1, 1]
    np.testing.assert_allclose(curve.survival, [6 / 7, 4 / 7, 4 / 7, 2 / 7])
    np.testing.assert_allclose(curve.at([0, 1.9, 2, 5, 9]), [1, 1, 6 / 7, 4 / 7, 2 / 7])
    # Greenwood at 4: 1/(7*6) + 2/(6*4); log-log limits S^exp(+-1.96 se / log S)
    spread = 1.959963985 * np.sqrt(1 / 42 + 2 / 24) / np.log(4 / 7)
    interval = curve.interval_at(4)
    np.testing.assert_allclose(
        [interval.low, interval.high], [(4 / 7) ** np.exp(-spread), (4 / 7) ** np.exp(spread)], rtol=1e-8
    )
    assert curve.median() == 9 and survival.kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1]).median() == 2
    hazard = survival.nelson_aalen(TIME, EVENT)
    np.testing.assert_allclose(hazard.cumulative_hazard, np.cumsum([1 / 7, 2 / 6, 0, 1 / 2]))


def test_a_curve_that_comes_down_to_0_and_one_without_events():
    curve = survival.kaplan_meier([1, 2, 3], [1, 1, 1])
    assert curve.survival[-1] == curve.low[-1] == 0 and curve.high[-1] == curve.high[-2] and curve.at(100) == 0
    assert curve.median() == 2
    nobody = survival.kaplan_meier([1, 2], [0, 0])
    assert nobody.survival.tolist() == nobody.low.tolist() == nobody.high.tolist() == [1, 1]
    assert np.isnan(nobody.median())
    at_once = survival.kaplan_meier([0, 0, 3], [1, 1, 0])  # events at time 0
    assert at_once.at(0) == pytest.approx(1 / 3)
    assert survival.kaplan_meier([0.0], [1]).high.tolist() == [1.0]


@given(cohorts(needs_events=False), st.sampled_from([0.8, 0.95]))
@with_examples
def test_kaplan_meier_is_that_of_lifelines(cohort, level):
    time, event, _ = cohort
    curve = survival.kaplan_meier(time, event, level=level)
    fitted = KaplanMeierFitter(alpha=1 - level).fit(time, event)
    theirs = fitted.survival_function_.to_numpy()[:, 0]
    np.testing.assert_allclose(curve.survival, theirs[-len(curve.times) :], atol=1e-12)
    np.testing.assert_allclose(curve.at(fitted.survival_function_.index.to_numpy()), theirs, atol=1e-12)
    inside = (curve.survival > 0) & (curve.survival < 1)
    limits = fitted.confidence_interval_.to_numpy()[-len(curve.times) :]
    np.testing.assert_allclose(np.column_stack([curve.low, curve.high])[inside], limits[inside], atol=1e-9)
    median = fitted.median_survival_time_
    rounded = np.abs(curve.survival - 0.5).min() < 1e-9  # one half, as a product of fractions: rounding decides
    assert rounded or curve.median() == median or (np.isinf(median) and np.isnan(curve.median()))


@given(cohorts())
@with_examples
def test_nelson_aalen_is_that_of_lifelines(cohort):
    time, event, _ = cohort
    ours = survival.nelson_aalen(time, event)
    fitted = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(time, event)
    np.testing.assert_allclose(
        ours.cumulative_hazard, fitted.cumulative_hazard_.to_numpy()[-len(ours.times) :, 0], atol=1e-12
    )
    curve = survival.kaplan_meier(time, event).survival
    assert (np.exp(-ours.cumulative_hazard) >= curve - 1e-12).all()


@needs_sksurv
@given(cohorts())
@with_examples
def test_both_curves_are_those_of_scikit_survival(cohort):
    time, event, _ = cohort
    times, theirs = sksurv.nonparametric.kaplan_meier_estimator(event == 1, time)
    np.testing.assert_allclose(survival.kaplan_meier(time, event).at(times), theirs, atol=1e-12)
    times, theirs = sksurv.nonparametric.nelson_aalen_estimator(event == 1, time)
    ours = survival.nelson_aalen(time, event)
    assert ours.times.tolist() == times.tolist()
    np.testing.assert_allclose(ours.cumulative_hazard, theirs, atol=1e-12)


def test_the_interval_of_nelson_aalen_is_that_of_lifelines():
    rng = np.random.default_rng(0)
    time, event = rng.permutation(50) + 1.0, rng.integers(0, 2, 50)  # no ties: lifelines' variance is ours there
    ours, fitted = survival.nelson_aalen(time, event, level=0.9), NelsonAalenFitter(alpha=0.1).fit(time, event)
    limits, seen = fitted.confidence_interval_.to_numpy()[1:], ours.cumulative_hazard > 0
    np.testing.assert_allclose(np.column_stack([ours.low, ours.high])[seen], limits[seen], rtol=1e-9)


@given(cohorts(least=10), st.integers(2, 4))
@with_examples
def test_log_rank_is_that_of_lifelines(cohort, n_groups):
    time, event, risk = cohort
    group = risk.astype(int) % n_groups
    assume(len(np.unique(group)) == n_groups)
    try:
        ours = survival.log_rank(time, event, group)
    except ValueError as error:
        assert "group must have an event at a time when more than one group" in str(error)
        return
    assert ours.observed.sum() == event.sum() == pytest.approx(ours.expected.sum())
    theirs = multivariate_logrank_test(time, group, event)
    if ours.degrees == n_groups - 1:
        assert ours.statistic == pytest.approx(theirs.test_statistic, rel=1e-6, abs=1e-9)
        assert ours.p_value == pytest.approx(theirs.p_value, rel=1e-6, abs=1e-9)


def test_log_rank_of_two_groups_by_hand():
    # times 1 (a), 2 (b), 3 (a), 4 (b censored): expected in a 2/4 + 1/3 + 1/2
    test = survival.log_rank([1, 2, 3, 4], [1, 1, 1, 0], ["a", "b", "a", "b"])
    variance = 1 / 4 + 2 / 9 + 1 / 4
    assert test.names.tolist() == ["a", "b"] and test.observed.tolist() == [2, 1] and test.degrees == 1
    np.testing.assert_allclose(test.expected, [4 / 3, 5 / 3])
    assert test.statistic == pytest.approx((2 / 3) ** 2 / variance)
    assert test.p_value == pytest.approx(stats.chi2.sf(test.statistic, 1))


# --- concordance


def naive_concordance(time, event, risk, weights=None):
    right = total = 0.0
    for i in np.flatnonzero(event):
        for j in range(len(time)):
            if time[j] > time[i] or (time[j] == time[i] and not event[j]):
                weight = 1 if weights is None else weights[i]
                total += weight
                right += weight * (risk[i] > risk[j]) + weight * (risk[i] == risk[j]) / 2
    return right / total if total else None


def test_concordance_of_seven_patients_by_hand():
    # event at 2 (score 5): 6 pairs, 6 right. At 4, score 3: against 9, 6, 4 censored, 9: 3 right of 4.
    # At 4, score 2: right against 1 and 0.5, tied with 2, wrong against 4: 2.5 of 4. At 9, score 1: 1 of 1.
    assert survival.concordance_index(TIME, EVENT, RISK) == pytest.approx((6 + 3 + 2.5 + 1) / 15)
    assert survival.concordance_index(TIME, EVENT, -RISK) == pytest.approx(1 - 12.5 / 15)
    assert survival.concordance_index(TIME, EVENT, np.ones(7)) == 0.5
    assert survival.concordance_index(TIME, EVENT == 1, RISK.astype(np.float32)) == pytest.approx(12.5 / 15)


@given(cohorts(least=2, most=70))
@with_examples
def test_concordance_counts_every_pair(cohort):
    time, event, risk = cohort
    expected = naive_concordance(time, event, risk)
    if expected is None:
        with pytest.raises(ValueError, match="no pair can be compared"):
            survival.concordance_index(time, event, risk)
    else:
        assert survival.concordance_index(time, event, risk) == pytest.approx(expected, abs=1e-12)


@needs_sksurv
@given(cohorts(least=10))
@with_examples
def test_concordance_is_that_of_both_libraries(cohort):
    time, event, risk = cohort
    assume(naive_concordance(time, event, risk) is not None)
    ours = survival.concordance_index(time, event, risk)
    assert ours == pytest.approx(sksurv.metrics.concordance_index_censored(event == 1, time, risk)[0], abs=1e-12)
    assert ours == pytest.approx(lifelines_concordance(time, -risk, event), abs=1e-12)


def test_concordance_of_many_patients_is_that_of_lifelines():
    cohort = survival.simulate_censored(np.random.default_rng(0).normal(size=3000))
    time, risk = np.ceil(cohort.time * 10), np.round(cohort.risk, 1)
    ours = survival.concordance_index(time, cohort.event, risk)
    assert ours == pytest.approx(lifelines_concordance(time, -risk, cohort.event), abs=1e-12) and 0.6 < ours < 0.8


def test_the_sign_of_lifelines_is_the_other_one():
    table, features, outcome = rossi()
    risk = CoxPHFitter().fit(table, "week", "arrest").params_.to_numpy() @ features.T
    ours = survival.concordance_index(table["week"], table["arrest"], risk)
    assert ours == pytest.approx(0.6403, abs=5e-5) and ours == pytest.approx(
        1 - lifelines_concordance(table["week"], risk, table["arrest"]), abs=1e-12
    )


@needs_sksurv
@given(cohorts(least=15), st.sampled_from([None, 4.5, 8.0]))
@with_examples
def test_uno_is_that_of_scikit_survival(cohort, horizon):
    time, event, risk = cohort
    counted = event * (time < (horizon or np.inf))
    assume(counted.any() and naive_concordance(time, counted, risk) is not None)
    theirs = surv(time, event, nudged=True)
    try:
        expected = sksurv.metrics.concordance_index_ipcw(theirs, theirs, risk, tau=horizon)[0]
    except ValueError:  # nobody is left when the last event is seen
        return
    assert survival.uno_concordance(time, event, risk, horizon=horizon) == pytest.approx(expected, abs=1e-9)


@needs_sksurv
def test_censoring_may_be_estimated_from_another_cohort():
    rng = np.random.default_rng(1)
    train = survival.simulate_censored(rng.normal(size=300), seed=1)
    test = survival.simulate_censored(rng.normal(size=200), seed=2)
    censoring = (train.time, train.event)
    theirs = surv(train.time, train.event), surv(test.time, test.event)
    ours = survival.uno_concordance(test.time, test.event, test.risk, horizon=12.0, censoring=censoring)
    assert ours == pytest.approx(sksurv.metrics.concordance_index_ipcw(*theirs, test.risk, tau=12)[0], abs=1e-12)
    assert ours != survival.uno_concordance(test.time, test.event, test.risk, horizon=12.0)
    horizons = np.array([2.0, 5.0, 11.0])
    curves = test.survival(horizons)
    ours = survival.brier_score(test.time, test.event, curves, horizons, censoring=censoring)
    np.testing.assert_allclose(ours, sksurv.metrics.brier_score(*theirs, curves, horizons)[1], atol=1e-12)
    ours = survival.time_dependent_auc(test.time, test.event, test.risk, horizons, censoring=censoring)
    np.testing.assert_allclose(ours, sksurv.metrics.cumulative_dynamic_auc(*theirs, test.risk, horizons)[0], atol=1e-12)


def test_uno_is_right_where_harrell_depends_on_censoring():
    """Groups whose order changes with time: censoring hides the late events, and Harrell's index with them."""
    n, rng = 20_000, np.random.default_rng(0)
    risk = rng.integers(0, 2, n).astype(float)
    event_time = rng.weibull(np.where(risk == 1, 0.5, 4.0)) * 2  # early events are those of the high score
    truth = survival.concordance_index(np.minimum(event_time, 4), (event_time < 4).astype(int), risk)
    leaves = rng.exponential(1.5, n)
    time, event = np.minimum(event_time, leaves), (event_time <= leaves).astype(int)
    harrell = survival.concordance_index(time, event, risk)
    uno = survival.uno_concordance(time, event, risk, horizon=4)
    assert abs(uno - truth) < 0.015 < 0.04 < harrell - truth


def test_the_interval_of_a_concordance_pairs_the_models():
    cohort = survival.simulate_censored(np.random.default_rng(0).normal(size=150), seed=0)
    noisy = cohort.risk + np.random.default_rng(1).normal(size=150)
    options = {"n_resamples": 200, "seed": 3}
    single = survival.concordance_interval(cohort.time, cohort.event, cohort.risk, **options)
    assert single.low < single.estimate < single.high
    assert single.estimate == survival.concordance_index(cohort.time, cohort.event, cohort.risk)
    difference = survival.concordance_interval(cohort.time, cohort.event, cohort.risk, noisy, **options)
    expected = single.estimate - survival.concordance_index(cohort.time, cohort.event, noisy)
    assert difference.estimate == pytest.approx(expected) and 0 < difference.low
    near = survival.concordance_interval(cohort.time, cohort.event, cohort.risk, cohort.risk + noisy / 50, **options)
    assert near.low <= 0 <= near.high  # pairing: the noise of the patients is gone
    assert near.high - near.low < 0.2 * (single.high - single.low)
    by_pairs = survival.concordance_interval(
        np.repeat(cohort.time, 2), np.repeat(cohort.event, 2), np.repeat(cohort.risk, 2),
        groups=np.repeat(np.arange(150), 2), **options,
    )  # fmt: skip
    assert (by_pairs.high - by_pairs.low) > 0.8 * (single.high - single.low)


# --- Brier score, time-dependent AUC, calibration


def test_inverse_weights_of_the_time_before_give_kaplan_meier_exactly():
    """With ties of events and censoring: the weighted share of events up to t is 1 - Kaplan-Meier, for every t."""
    rng = np.random.default_rng(0)
    time, event = rng.integers(1, 12, 400).astype(float), rng.integers(0, 2, 400)
    horizons = np.arange(1.0, 11.0)
    shares = survival.brier_score(time, event, np.ones((400, 10)), horizons)  # error 1 for each event, 0 beyond
    np.testing.assert_allclose(shares, 1 - survival.kaplan_meier(time, event).at(horizons), atol=1e-12)


@needs_sksurv
@given(cohorts(least=20))
@with_examples
def test_brier_score_and_auc_are_those_of_scikit_survival(cohort):
    time, event, risk = cohort
    time = time + 1
    last, horizons = time.max(), np.array([1.5, 3.5, 5.5, 8.5])
    horizons = horizons[(horizons < last) & (horizons > time[event == 1].min())]
    assume(len(horizons) > 1 and (event[time == last] == 0).any())
    predicted = np.random.default_rng(0).random((len(time), len(horizons)))
    theirs = surv(time, event, nudged=True)
    ours = survival.brier_score(time, event, predicted, horizons)
    np.testing.assert_allclose(ours, sksurv.metrics.brier_score(theirs, theirs, predicted, horizons)[1], atol=1e-9)
    integrated = survival.integrated_brier_score(time, event, predicted, horizons)
    expected = sksurv.metrics.integrated_brier_score(theirs, theirs, predicted, horizons)
    assert integrated == pytest.approx(expected, abs=1e-9)
    for scores in (risk, np.round(predicted, 1)):
        ours = survival.time_dependent_auc(time, event, scores, horizons)
        expected = sksurv.metrics.cumulative_dynamic_auc(theirs, theirs, scores, horizons)[0]
        np.testing.assert_allclose(ours, expected, atol=1e-9)


def test_without_censoring_the_scores_are_the_ordinary_ones():
    rng = np.random.default_rng(0)
    time, event, predicted = rng.exponential(size=200), np.ones(200, dtype=int), rng.random(200)
    alive = time > 1
    score = survival.brier_score(time, event, predicted, 1.0)
    assert score == pytest.approx(evaluation.brier_score(alive.astype(int), predicted)) and isinstance(score, float)
    area = survival.time_dependent_auc(time, event, -predicted, 1.0)
    assert area == pytest.approx(roc_auc_score(~alive, -predicted)) and isinstance(area, float)
    assert survival.brier_score(time, event, alive.astype(float), 1.0) == 0


def test_brier_score_of_the_truth_is_the_one_without_censoring():
    """Censoring is taken out: the estimate from censored data is that from the true times, and the truth is best."""
    cohort = survival.simulate_censored(np.random.default_rng(0).normal(size=20_000), censoring_rate=0.15, seed=1)
    horizons = np.array([3.0, 8.0])
    curves = cohort.survival(horizons)
    censored = survival.brier_score(cohort.time, cohort.event, curves, horizons)
    alive = (cohort.event_time[:, None] > horizons).astype(int)
    whole = [evaluation.brier_score(alive[:, k], curves[:, k]) for k in range(2)]
    np.testing.assert_allclose(censored, whole, atol=0.005)
    assert (survival.brier_score(cohort.time, cohort.event, curves**1.5, horizons) > censored).all()
    dropped = cohort.event == 1  # who drops the censored is wrong
    naive = survival.brier_score(cohort.time[dropped], cohort.event[dropped], curves[dropped], horizons)
    assert naive[0] > whole[0] + 0.1


def test_calibration_of_the_truth_and_of_a_wrong_model():
    cohort = survival.simulate_censored(np.random.default_rng(0).normal(size=4000), seed=2)
    risk = 1 - cohort.survival(8.0)
    found = survival.calibration_at(cohort.time, cohort.event, risk, 8.0, n_groups=5)
    assert found.counts.tolist() == [800] * 5 and (np.diff(found.mean_predicted) > 0).all()
    assert (np.abs(found.mean_predicted - found.observed) < 0.06).all() and (found.low < found.observed).all()
    assert ((found.low < found.mean_predicted) & (found.mean_predicted < found.high)).sum() >= 4
    assert found.overall_observed.low < found.overall_predicted < found.overall_observed.high
    wrong = survival.calibration_at(cohort.time, cohort.event, risk**2, 8.0, n_groups=5)
    assert (wrong.mean_predicted < wrong.low).all()
    one = survival.calibration_at(cohort.time, cohort.event, np.full(4000, 0.5), 8.0)
    curve = survival.kaplan_meier(cohort.time, cohort.event).interval_at(8.0)
    assert one.counts.tolist() == [4000] and one.observed[0] == pytest.approx(1 - curve.estimate)
    assert (one.low[0], one.high[0]) == (1 - curve.high, 1 - curve.low)


def test_groups_of_equal_predictions_are_not_torn():
    time, event = np.arange(1, 13.0), np.tile([1, 0], 6)
    found = survival.calibration_at(time, event, np.repeat([0.1, 0.9], [2, 10]), 1.5, n_groups=4)
    assert found.counts.tolist() == [2, 10] and found.mean_predicted.tolist() == pytest.approx([0.1, 0.9])


# --- the Cox model


def partial_likelihood(time, event, risk, ties):
    """Minus the log partial likelihood per event, event time by event time."""
    total = 0.0
    for t in np.unique(time[event == 1]):
        here, at_risk = (time == t) & (event == 1), time >= t
        for k in range(here.sum()):
            taken = k / here.sum() if ties == "efron" else 0
            total += np.log(np.exp(risk[at_risk]).sum() - taken * np.exp(risk[here]).sum())
        total -= risk[here].sum()
    return total / event.sum()


def gradient(loss, outcome, risk):
    import tensorflow as tf

    risk = tf.constant(risk)
    with tf.GradientTape() as tape:
        tape.watch(risk)
        value = loss(outcome, risk)
    return float(value), tape.gradient(value, risk).numpy()


@given(cohorts(), st.sampled_from(["efron", "breslow"]))
@with_examples
def test_cox_loss_is_the_partial_likelihood(cohort, ties):
    time, event, risk = cohort
    loss = survival.cox_loss(ties)
    value, slope = gradient(loss, np.column_stack([time, event]), risk / 2)
    assert value == pytest.approx(partial_likelihood(time, event, risk / 2, ties), rel=1e-9)
    step = np.zeros(len(risk))
    step[len(risk) // 2] = 1e-5
    sides = [partial_likelihood(time, event, risk / 2 + sign * step, ties) for sign in (1, -1)]
    assert slope[len(risk) // 2] == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-6)
    assert slope.sum() == pytest.approx(0, abs=1e-9)  # the level of the scores is free


def test_without_ties_breslow_is_efron():
    outcome = np.column_stack([np.arange(20.0), np.tile([1, 0], 10)])
    risk = np.random.default_rng(0).normal(size=(20, 1)).astype(np.float32)
    losses = [float(survival.cox_loss(ties)(outcome, risk)) for ties in ("efron", "breslow")]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert survival.cox_loss("breslow").__name__ == "cox_loss_breslow"


def test_the_best_coefficients_are_those_of_lifelines():
    """Log likelihood and coefficients of the rossi data, with their ties: lifelines is at the minimum of the loss."""
    table, features, outcome = rossi()
    fitted = CoxPHFitter().fit(table, "week", "arrest")
    beta = fitted.params_.to_numpy()
    value, slope = gradient(survival.cox_loss(), outcome, features @ beta)
    assert -value * table["arrest"].sum() == pytest.approx(fitted.log_likelihood_, abs=1e-6)
    assert fitted.log_likelihood_ == pytest.approx(-658.748, abs=5e-4)
    assert np.abs(slope @ features).max() < 1e-6
    named = dict(zip(table.columns.drop(["week", "arrest"]), beta.round(4), strict=True))
    assert named == {
        "fin": -0.3794, "age": -0.0574, "race": 0.3139, "wexp": -0.1498, "mar": -0.4337, "paro": -0.0849, "prio": 0.0915
    }  # fmt: skip
    breslow, _ = gradient(survival.cox_loss("breslow"), outcome, features @ beta)
    assert breslow * table["arrest"].sum() > 658.748 + 0.3


def test_a_linear_network_learns_the_coefficients():
    import keras

    table, features, outcome = rossi()
    scale = features.std(axis=0)
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((7,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.Adam(0.05), loss=survival.cox_loss())
    standard = (features - features.mean(axis=0)) / scale
    model.fit(standard, outcome, batch_size=len(outcome), epochs=3, verbose=0)
    for _ in range(120):
        model.train_on_batch(standard, outcome)
    beta = CoxPHFitter().fit(table, "week", "arrest").params_.to_numpy()
    np.testing.assert_allclose(model.get_weights()[0][:, 0] / scale, beta, atol=0.01)


def test_keras_takes_both_losses_as_they_are():
    import keras

    cohort = survival.simulate_censored(np.random.default_rng(0).normal(size=64))
    inputs = cohort.risk[:, None]
    rows = survival.discrete_time_rows(cohort.time, cohort.event, [0, 2, 5, 10])
    for units, targets, loss in (
        (1, np.column_stack([cohort.time, cohort.event]), survival.cox_loss()),
        (3, rows.targets, survival.discrete_time_loss),
    ):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(units)])
        model.compile("sgd", loss=loss)
        direct = np.mean(loss(targets.astype(np.float32), model(inputs)))
        assert model.evaluate(inputs, targets, batch_size=64, verbose=0) == pytest.approx(direct, rel=1e-5)
        assert model.fit(inputs, targets, batch_size=20, verbose=0).history["loss"][0] > 0  # a last batch of 4


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_large_scores_do_not_overflow(ties):
    rng = np.random.default_rng(0)
    outcome = np.column_stack([rng.integers(1, 10, 60), rng.integers(0, 2, 60)]).astype(np.float32)
    for size in (0, 1, 500):
        for sign in (1, -1):
            risk = (sign * size * np.linspace(-1, 1, 60)).astype(np.float32)
            value, slope = gradient(survival.cox_loss(ties), outcome, risk)
            assert np.isfinite(value) and np.isfinite(slope).all()


def test_a_batch_without_events_has_no_loss():
    value, slope = gradient(survival.cox_loss(), np.array([[1.0, 0], [2, 0]]), np.zeros(2))
    assert value == 0 and slope.tolist() == [0, 0]


def test_a_small_batch_has_another_risk_set():
    cohort = survival.simulate_censored(np.random.default_rng(0).normal(size=256))
    outcome, loss = np.column_stack([cohort.time, cohort.event]), survival.cox_loss()
    whole = float(loss(outcome, cohort.risk))
    parts = np.mean([float(loss(outcome[k : k + 16], cohort.risk[k : k + 16])) for k in range(0, 256, 16)])
    assert parts < whole - 1


def test_the_baseline_is_that_of_lifelines():
    table, features, _ = rossi()
    fitted = CoxPHFitter().fit(table, "week", "arrest")
    risk = (features - features.mean(axis=0)) @ fitted.params_.to_numpy()
    baseline = survival.breslow_baseline(table["week"], table["arrest"], risk)
    theirs = fitted.baseline_cumulative_hazard_
    np.testing.assert_allclose(baseline.cumulative_hazard, theirs.loc[baseline.times].to_numpy()[:, 0], rtol=1e-10)
    horizons = [0.5, 10, 52]
    expected = fitted.predict_survival_function(table.iloc[:4], times=horizons[1:]).to_numpy().T
    curves = baseline.survival(risk[:4], horizons)
    np.testing.assert_allclose(curves[:, 1:], expected, rtol=1e-10)
    assert (curves[:, 0] == 1).all() and baseline.survival(risk[:4], 10).shape == (4,)


def test_the_baseline_without_information_is_nelson_aalen_and_large_scores_are_possible():
    hazard = survival.nelson_aalen(TIME, EVENT)
    baseline = survival.breslow_baseline(TIME, EVENT, np.zeros(7))
    np.testing.assert_allclose(baseline.cumulative_hazard, hazard.cumulative_hazard[hazard.events > 0])
    moved = survival.breslow_baseline(TIME, EVENT, RISK + 600)
    expected = survival.breslow_baseline(TIME, EVENT, RISK).survival(RISK, [3, 8])
    np.testing.assert_allclose(moved.survival(RISK + 600, [3, 8]), expected)


@pytest.mark.parametrize("shift", [-1000, -720, 720, 760, 1000])
def test_a_number_added_to_all_scores_changes_no_prediction(shift):
    expected = survival.breslow_baseline(TIME, EVENT, RISK).survival(RISK, [0.5, 3, 8])
    moved = survival.breslow_baseline(TIME, EVENT, RISK + shift).survival(RISK + shift, [0.5, 3, 8])
    np.testing.assert_allclose(moved, expected, rtol=1e-9)


def test_scores_that_lie_far_apart_give_the_limits():
    """Two patients of score 1000 and one of 0: with the first event the hazard of the last is nothing, then it is 1."""
    time, event, risk = np.array([1.0, 2, 3]), np.array([1, 1, 1]), np.array([1000.0, 1000, 0])
    baseline = survival.breslow_baseline(time, event, risk)
    curves = baseline.survival(risk, [1, 2, 3])
    np.testing.assert_allclose(curves[:2], np.exp([[-0.5, -1.5, -np.inf]] * 2), rtol=1e-9)
    np.testing.assert_allclose(curves[2], [1, 1, np.exp(-1)], rtol=1e-9)


# --- discrete time


def test_person_periods_by_hand():
    # intervals (0, 2], (2, 5], (5, 8]
    time = np.array([0, 2, 2, 4, 5, 8, 12, 1, 0])
    event = np.array([1, 1, 0, 0, 0, 1, 1, 0, 0])
    rows = survival.discrete_time_rows(time, event, [0, 2, 5, 8])
    assert rows.targets.tolist() == [
        [1, -1, -1],  # an event at time 0
        [1, -1, -1],  # at an edge: in the interval that ends there
        [0, -1, -1],  # censored at the edge: passed the first
        [0, -1, -1],  # censored within the second: not observed to its end
        [0, 0, -1],
        [0, 0, 1],
        [0, 0, 0],  # the event comes after the last edge
        [-1, -1, -1],  # censored before the first edge
        [-1, -1, -1],
    ]
    assert rows.patient.tolist() == [0, 1, 2, 3, 4, 4, 5, 5, 5, 6, 6, 6]
    assert rows.interval.tolist() == [0, 0, 0, 0, 0, 1, 0, 1, 2, 0, 1, 2]
    assert rows.event.tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]


def test_censored_in_the_second_half_of_an_interval_may_count_as_passed():
    time, event = np.array([0.9, 1, 3.4, 3.5, 3.6, 4, 6.5]), np.array([0, 0, 0, 0, 1, 1, 0])
    rows = survival.discrete_time_rows(time, event, [0, 2, 5, 6], censored="middle")
    assert rows.targets.tolist() == [
        [-1, -1, -1],
        [0, -1, -1],  # at the middle: passed
        [0, -1, -1],
        [0, 0, -1],
        [0, 1, -1],  # an event beyond the middle is no passing
        [0, 1, -1],
        [0, 0, 0],
    ]


def test_with_few_intervals_the_rule_of_the_middle_is_closer_to_kaplan_meier():
    cohort = survival.simulate_censored(np.zeros(20_000), shape=1.0, censoring_rate=0.2, seed=0)
    known = survival.kaplan_meier(cohort.time, cohort.event).at(6.0)
    wrong = {}
    for rule in ("end", "middle"):
        rows = survival.discrete_time_rows(cohort.time, cohort.event, [0, 2, 4, 6], censored=rule)
        hazards = [rows.event[rows.interval == k].mean() for k in range(3)]
        wrong[rule] = np.prod(1 - np.array(hazards)) - known
    assert wrong["end"] < -0.03 and abs(wrong["middle"]) < 0.01


def test_the_likelihood_of_discrete_time_is_logistic_regression_on_person_periods():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 2))
    cohort = survival.simulate_censored(features @ [0.8, -0.5], seed=0)
    rows = survival.discrete_time_rows(cohort.time, cohort.event, [0, 2, 4, 7, 11])
    design = np.column_stack([np.eye(4)[rows.interval], features[rows.patient]])
    fitted = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=5000).fit(design, rows.event)
    logits = fitted.coef_[0, :4] + (features @ fitted.coef_[0, 4:])[:, None]
    losses = survival.discrete_time_loss(rows.targets, logits)
    expected = log_loss(rows.event, fitted.predict_proba(design)[:, 1], normalize=False)
    assert losses.shape == (300,) and float(losses.numpy().sum()) == pytest.approx(expected, rel=1e-9)
    value, slope = gradient(lambda y, z: _sum(survival.discrete_time_loss(y, z)), rows.targets, logits)
    assert np.abs(slope.sum(axis=0)).max() < 1e-3 > np.abs(features.T @ slope.sum(axis=1)).max()  # its minimum too
    assert value == pytest.approx(expected, rel=1e-9)
    assert (slope[rows.targets < 0] == 0).all()


def _sum(tensor):
    import tensorflow as tf

    return tf.reduce_sum(tensor)


def test_without_features_the_hazards_are_those_of_a_life_table():
    rows = survival.discrete_time_rows(TIME, EVENT, [0, 2, 4, 9])
    hazards = [rows.event[rows.interval == k].mean() for k in range(3)]
    np.testing.assert_allclose(hazards, [1 / 7, 2 / 6, 1 / 2])
    np.testing.assert_allclose(np.cumprod(1 - np.array(hazards)), survival.kaplan_meier(TIME, EVENT).at([2, 4, 9]))


# --- simulated cohorts


def test_simulated_times_have_the_hazards_asked_for():
    risk = np.repeat([0.0, 1.0], 20_000)
    cohort = survival.simulate_censored(risk, shape=1.5, scale=10, censoring_rate=0.05, follow_up=15, seed=3)
    for value in (0, 1):
        group = risk == value
        curve = survival.kaplan_meier(cohort.time[group], cohort.event[group])
        np.testing.assert_allclose(curve.at([2, 6, 12]), cohort.survival([2, 6, 12])[group][0], atol=0.015)
        assert (cohort.event_time[group] > 6).mean() == pytest.approx(cohort.survival(6.0)[group][0], abs=0.015)
    assert cohort.survival(10.0)[0] == pytest.approx(np.exp(-1))
    assert cohort.survival(10.0)[-1] == pytest.approx(np.exp(-np.e))
    assert (cohort.time == np.minimum(cohort.event_time, cohort.censoring_time)).all() and cohort.time.max() <= 15
    assert ((cohort.event_time <= cohort.censoring_time) == cohort.event).all()
    assert (cohort.censoring_time < 10).mean() == pytest.approx(1 - np.exp(-0.5), abs=0.01)


def test_simulated_cohorts_follow_their_seed_and_options():
    risk = np.zeros(2000)
    first, again, other = (survival.simulate_censored(risk, seed=seed).time for seed in (0, 0, 1))
    assert (first == again).all() and (first != other).any()
    nobody_leaves = survival.simulate_censored(risk, censoring_rate=0, follow_up=1e9)
    assert nobody_leaves.event.all()
    mixed = np.random.default_rng(0).normal(size=20_000)
    free = survival.simulate_censored(mixed, seed=0)
    bound = survival.simulate_censored(mixed, dependence=1.0, seed=0)
    truth = free.survival(8.0).mean()
    found = [survival.kaplan_meier(c.time, c.event).at(8.0) for c in (free, bound)]
    assert abs(found[0] - truth) < 0.01 < found[1] - truth  # those who are ill leave, and the curve is too high


def test_nobody_beats_the_best_prediction_of_a_simulated_visit():
    visits = survival.simulate_visits(20_000, seed=0)
    last = np.take_along_axis(visits.values, visits.counts[:, None] - 1, axis=1)[:, 0]
    then = visits.times.max(axis=1) + visits.horizon
    errors = {
        "best": visits.outcome - visits.best,
        "last value": visits.outcome - last,
        "truth": visits.outcome - (visits.level + visits.slope * then),
        "nothing": visits.outcome,
    }
    rmse = {name: np.sqrt(np.mean(error**2)) for name, error in errors.items()}
    assert 0.49 < rmse["truth"] < 0.51 and rmse["truth"] < rmse["best"] < rmse["last value"] - 0.2 < rmse["nothing"]
    assert abs(np.mean(errors["best"] * visits.best)) < 0.03  # the error of a conditional mean is uncorrelated with it
    for weight in (0.9, 1.1):
        assert np.sqrt(np.mean((visits.outcome - weight * visits.best) ** 2)) > rmse["best"]


def test_simulated_visits_are_padded_and_irregular():
    visits = survival.simulate_visits(4000, most=6, gap=0.5, noise=0.1, slope_spread=2.0, seed=1)
    assert visits.times.shape == visits.values.shape == visits.mask.shape == (4000, 6)
    assert (visits.mask.sum(axis=1) == visits.counts).all() and set(visits.counts.tolist()) == {2, 3, 4, 5, 6}
    assert (visits.times[~visits.mask] == 0).all() and (visits.values[~visits.mask] == 0).all()
    gaps = np.diff(visits.times, axis=1)[visits.mask[:, 1:]]
    assert (gaps > 0).all() and gaps.mean() == pytest.approx(0.5, abs=0.03) and (visits.times[:, 0] == 0).all()
    line = visits.level[:, None] + visits.slope[:, None] * visits.times
    assert (visits.values - line)[visits.mask].std() == pytest.approx(0.1, abs=0.005)
    assert visits.slope.std() == pytest.approx(2, abs=0.1)
    assert np.corrcoef(visits.best, visits.outcome)[0, 1] > 0.95
    still = survival.simulate_visits(2000, slope_spread=0.0, seed=1)
    mean = np.array([v[m].sum() / (m.sum() + 0.25) for v, m in zip(still.values, still.mask, strict=True)])
    np.testing.assert_allclose(still.best, mean)  # shrunk towards 0 by noise^2 / prior variance
    ill = survival.simulate_visits(4000, dependence=1.0, seed=1)
    ill_gap = ill.times.max(axis=1) / (ill.counts - 1)
    assert np.median(ill_gap[ill.slope > 1]) < 0.4 * np.median(ill_gap[ill.slope < -1])


# --- real data


def test_cox_on_flchain_reaches_the_known_concordance():
    data = datasets.load_flchain()
    features = np.column_stack([data.features[:, :2], np.log(data.features[:, 3:5])])
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    import pandas as pd

    table = pd.DataFrame(standard, columns=["age", "male", "kappa", "lambda"])
    table["time"], table["event"] = data.time, data.event
    fitted = CoxPHFitter().fit(table, "time", "event")
    risk = standard @ fitted.params_.to_numpy()
    assert 0.78 < survival.concordance_index(data.time, data.event, risk) < 0.80
    value, slope = gradient(survival.cox_loss(), np.column_stack([data.time, data.event]), risk)
    assert -value * data.event.sum() == pytest.approx(fitted.log_likelihood_, rel=1e-9)


# --- what is refused

NO_EVENTS = np.zeros(7, dtype=int)
REFUSED = [
    (lambda: survival.kaplan_meier(-TIME, EVENT), "time must be at least 0, got -9"),
    (lambda: survival.kaplan_meier([1.0, np.nan], [0, 1]), "time must be finite"),
    (lambda: survival.kaplan_meier(TIME, EVENT + 1), "event must be 0 or 1, got 2"),
    (lambda: survival.kaplan_meier(TIME, EVENT[:-1]), "time and event must have the same length, got 7 and 6"),
    (lambda: survival.kaplan_meier(TIME, EVENT).at(9.5), "times must not be beyond the last time observed, 9"),
    (lambda: survival.kaplan_meier(TIME, EVENT).at(-1), "times must be at least 0"),
    (lambda: survival.concordance_index(TIME, NO_EVENTS, RISK), "event must hold at least one 1, .* censored"),
    (lambda: survival.concordance_index([3, 3], [1, 1], [1, 2]), "no pair can be compared"),
    (lambda: survival.concordance_index(TIME, EVENT, RISK[:3]), "risk and time must have the same length"),
    (lambda: survival.concordance_index(TIME, EVENT, RISK * np.nan), "risk must be finite"),
    (lambda: survival.breslow_baseline(TIME, EVENT, RISK * np.nan), "risk must be finite"),
    (lambda: survival.concordance_index(TIME, EVENT, RISK[:, None]), r"risk must have one dimension.*\[:, 0\]"),
    (lambda: survival.log_rank(TIME, EVENT, ["a"] * 7), "group must hold at least 2 groups, got only"),
    (lambda: survival.log_rank(TIME, EVENT, [None] * 7), "group must be a row of names or numbers"),
    (lambda: survival.log_rank(TIME, EVENT, [1, 2]), "group and time must have the same length"),
    (lambda: survival.log_rank(TIME, EVENT, [np.nan] * 7), "group must be finite"),
    (lambda: survival.log_rank([1, 2], [0, 1], "a b".split()), "more than one group is under observation"),
    (lambda: survival.cox_loss("exact"), "ties must be one of 'efron', 'breslow', got 'exact'"),
    (lambda: survival.cox_loss()(TIME[:, None], RISK), r"y_true must have two columns, .* got shape \(7, 1\)"),
    (lambda: survival.breslow_baseline(TIME, NO_EVENTS, RISK), "event must hold at least one 1"),
    (lambda: survival.breslow_baseline(TIME, EVENT, RISK).survival(RISK, 10), "horizons must not be beyond .* 9"),
    (lambda: survival.breslow_baseline(TIME, EVENT, RISK).survival(RISK, -1), "horizons must be one number"),
    (lambda: survival.discrete_time_rows(TIME, EVENT, [1, 5]), "edges must be at least 2 increasing numbers, the"),
    (lambda: survival.discrete_time_rows(TIME, EVENT, [0, 5, 5]), "edges must be at least 2 increasing numbers"),
    (lambda: survival.discrete_time_rows(TIME, EVENT, [0, 5], censored="half"), "censored must be one of 'end', 'mi"),
    (lambda: survival.discrete_time_rows(TIME, EVENT, [0, 5, 10]), "edges must not go beyond the last time"),
    (lambda: survival.discrete_time_rows(TIME, EVENT, [0, 1]), "event must hold at least one 1 up to the last edge"),
    (lambda: survival.discrete_time_loss(np.zeros((3, 4)), np.zeros((3, 5))), "one column for each interval"),
    (lambda: survival.uno_concordance(TIME, EVENT, RISK, horizon=2), "horizon must lie behind the first event, at 2"),
    (lambda: survival.uno_concordance(TIME, EVENT, RISK, censoring=TIME), "censoring must be a pair of arrays"),
    (
        lambda: survival.uno_concordance(TIME, EVENT, RISK, censoring=([1, 2, 3], [0, 0, 0])),
        "censoring must leave someone under observation, but nobody is at 4",
    ),
    (
        lambda: survival.brier_score(TIME, EVENT, RISK / 5, 5, censoring=([1, 2, 3], [0, 1, 1])),
        "censoring must reach to .*: it ends at 3.0",
    ),
    (lambda: survival.uno_concordance(TIME, EVENT, RISK, censoring=([-1], [0])), r"censoring\[0\] must be at least 0"),
    (lambda: survival.brier_score(TIME, EVENT, RISK / 5, 9), "horizons must lie before the last time observed, 9"),
    (lambda: survival.brier_score(TIME, EVENT, RISK / 5, 0), "horizons must be above 0 and increasing"),
    (lambda: survival.brier_score(TIME, EVENT, RISK, 5), "survival must be between 0 and 1, .* is this a risk score"),
    (lambda: survival.brier_score(TIME, EVENT, RISK / 5, [3, 5]), r"survival must have one row .* \(7, 2\), got"),
    (lambda: survival.brier_score(TIME, EVENT, RISK / 5, [[3.0]]), "horizons must be one number or a row of them"),
    (lambda: survival.integrated_brier_score(TIME, EVENT, RISK / 5, [5]), "horizons must be at least 2 times"),
    (lambda: survival.time_dependent_auc(TIME, EVENT, RISK, 1), "horizons must not lie before the first event, at 2"),
    (lambda: survival.calibration_at(TIME, EVENT, RISK, 5), "predicted must be between 0 and 1"),
    (lambda: survival.calibration_at(TIME, EVENT, RISK / 5, 9.5), "horizon must not be beyond the last time"),
    (
        lambda: survival.calibration_at([1, 2, 8, 9], [1, 0, 1, 0], [0.1, 0.1, 0.9, 0.9], 5, n_groups=2),
        "horizon must not be beyond the follow-up of a group: that of group 1 of 2 ends at 2",
    ),
    (lambda: survival.simulate_censored(np.zeros(3)).survival([[1.0]]), "horizons must be one number or a row"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_bad_input_is_one_clear_error(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


def test_importing_the_module_is_light():
    code = "import sys; from course_utils import survival; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not loaded & {"tensorflow", "keras", "lifelines", "sksurv", "h5py"}
