"""Tests of course_utils.fusion: Bayes' theorem by brute force, cases by hand, properties, scikit-learn as oracle."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB

from course_utils import evaluation, fusion

RULES = ("interaction", "additive")
MANY = {rule: fusion.simulate_pairs(20_000, rule=rule, seed=3) for rule in RULES}
shares = st.floats(0.01, 0.99)


# --- the simulated patients ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_pairs_have_the_described_shapes_and_types(rule):
    pairs = fusion.simulate_pairs(5, rule=rule, size=9, seed=1)
    assert pairs.images.shape == (5, 9, 9, 1) and pairs.images.dtype == pairs.lab.dtype == np.float32
    assert pairs.lesion.dtype == pairs.y.dtype == np.int64 and pairs.p.dtype == np.float64
    assert pairs.lab.shape == pairs.lesion.shape == pairs.y.shape == pairs.p.shape == (5,)
    assert set(pairs.lesion) | set(pairs.y) <= {0, 1}


def test_pairs_repeat_with_the_seed_and_go_on_with_a_generator():
    first, same, other = (fusion.simulate_pairs(20, seed=seed) for seed in (3, 3, 4))
    assert (first.images == same.images).all() and (first.y == same.y).all() and (first.lab != other.lab).all()
    rng = np.random.default_rng(3)
    one, two = fusion.simulate_pairs(20, seed=rng), fusion.simulate_pairs(20, seed=rng)
    assert (one.images == first.images).all() and (two.images != first.images).any()


def test_an_image_is_noise_and_a_blob_where_there_is_a_lesion():
    """The strength changes the lesions, and nothing else: not the noise, and not the outcome."""
    plain, marked = (fusion.simulate_pairs(2_000, strength=strength, seed=5) for strength in (0, 40))
    assert (plain.y == marked.y).all() and (plain.lab == marked.lab).all()
    assert abs(plain.images.mean()) < 0.01 and plain.images.std() == pytest.approx(1, abs=0.01)
    blobs = (marked.images - plain.images)[..., 0]
    assert (np.abs(blobs[marked.lesion == 0]) < 1e-6).all()
    blobs = blobs[marked.lesion == 1]
    peaks = np.array([np.unravel_index(np.argmax(blob), blob.shape) for blob in blobs])
    assert np.allclose(blobs.max(axis=(1, 2)), 40, atol=1e-4)
    # every place from row and column 3 to 12, about equally often
    assert sorted(set(peaks.ravel())) == list(range(3, 13))
    counts = np.bincount(peaks[:, 0] * 16 + peaks[:, 1], minlength=256).reshape(16, 16)[3:13, 3:13]
    assert counts.min() > 0 and stats.chisquare(counts.ravel()).pvalue > 0.001
    row, column = peaks[0]
    assert blobs[0, row, column + 1] == pytest.approx(40 * np.exp(-1 / 4.5), rel=1e-4)  # one pixel off: 1 / (2 * 1.5^2)
    assert blobs[0, row + 2, column + 1] == pytest.approx(40 * np.exp(-5 / 4.5), rel=1e-4)


def test_the_interaction_follows_its_rule_but_for_the_flips():
    pairs = MANY["interaction"]
    follows = (pairs.lesion == 1) != (pairs.lab > 0)
    assert np.mean(pairs.y == follows) == pytest.approx(0.9, abs=0.01)
    assert np.array_equal(pairs.p, np.where(follows, 0.9, 0.1))
    exact = fusion.simulate_pairs(200, flips=0)
    assert (exact.y == ((exact.lesion == 1) != (exact.lab > 0))).all() and (exact.p == exact.y).all()
    chance = fusion.simulate_pairs(20_000, flips=0.5)
    assert (chance.p == 0.5).all()
    assert abs(np.mean(chance.y == ((chance.lesion == 1) != (chance.lab > 0))) - 0.5) < 0.02
    # the two modalities are independent of one another
    assert abs(np.corrcoef(pairs.lesion, pairs.lab)[0, 1]) < 0.02 and pairs.lesion.mean() == pytest.approx(
        0.5, abs=0.02
    )
    assert stats.kstest(pairs.lab, "norm").pvalue > 0.001


def test_the_additive_rule_draws_both_modalities_from_the_outcome():
    pairs = MANY["additive"]
    assert pairs.y.mean() == pytest.approx(0.5, abs=0.02)
    for y, shows, mean in ((1, 0.75, 0.45), (0, 0.25, -0.45)):
        inside = pairs.y == y
        assert pairs.lesion[inside].mean() == pytest.approx(shows, abs=0.02)
        assert stats.kstest(pairs.lab[inside], "norm", (mean, 1)).pvalue > 0.001
        assert abs(np.corrcoef(pairs.lesion[inside], pairs.lab[inside])[0, 1]) < 0.03  # independent given the outcome
    odds = np.where(pairs.lesion == 1, 3, 1 / 3) * np.exp(0.9 * pairs.lab.astype(float))
    assert np.allclose(pairs.p, odds / (1 + odds), atol=1e-12)
    assert np.isnan(pairs.flips)


# --- the best answer -------------------------------------------------------------------------------------------------


def by_brute_force(pairs, use):
    """Bayes' theorem over every outcome, every lesion and every place of it, from the densities themselves."""
    size = pairs.images.shape[1]
    row, column = np.mgrid[:size, :size]
    places = [(i, j) for i in range(3, size - 3) for j in range(3, size - 3)]
    answers = []
    for image, lab in zip(pairs.images[..., 0].astype(float), pairs.lab.astype(float), strict=True):
        seen = {0: stats.norm.pdf(image).prod(), 1: 0.0}
        for i, j in places:
            blob = pairs.strength * np.exp(-((row - i) ** 2 + (column - j) ** 2) / (2 * 1.5**2))
            seen[1] += stats.norm.pdf(image, blob).prod() / len(places)
        if use == "lab":
            seen = {0: 1.0, 1: 1.0}
        joint = {0: 0.0, 1: 0.0}
        for y in (0, 1):
            for lesion in (0, 1):
                joint[y] += seen[lesion] * weight(pairs, y, lesion, None if use == "image" else lab)
        answers.append(joint[1] / (joint[0] + joint[1]))
    return np.array(answers)


def weight(pairs, y, lesion, lab):
    """P(y, lesion) times the density of lab, or its integral over all values."""
    if lab is None:
        low, high = (integrate.quad(lambda v: weight(pairs, y, lesion, v), *ends)[0] for ends in ((-9, 0), (0, 9)))
        return low + high
    if pairs.rule == "interaction":
        follows = int(lesion != (lab > 0))
        return 0.5 * stats.norm.pdf(lab) * (1 - pairs.flips if y == follows else pairs.flips)
    return 0.5 * (0.75 if y == lesion else 0.25) * stats.norm.pdf(lab, 0.45 if y else -0.45)


@pytest.mark.parametrize("use", ["both", "image", "lab"])
@pytest.mark.parametrize("rule", RULES)
def test_the_best_answer_is_that_of_bayes(rule, use):
    options = {"flips": 0.2} if rule == "interaction" else {}
    pairs = fusion.simulate_pairs(12, rule=rule, strength=1.2, size=8, seed=2, **options)
    assert np.allclose(fusion.best_probability(pairs, use), by_brute_force(pairs, use), atol=1e-6)


def test_an_interaction_leaves_nothing_to_one_modality():
    pairs = MANY["interaction"]
    for use in ("image", "lab"):
        assert (fusion.best_probability(pairs, use) == 0.5).all()
    assert 0.885 < roc_auc_score(pairs.y, fusion.best_probability(pairs)) < 0.91


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("use", ["both", "image", "lab"])
def test_the_best_answer_is_calibrated_and_no_better_than_the_truth(rule, use):
    pairs = fusion.simulate_pairs(20_000, rule=rule, strength=1.0, seed=8)
    p = fusion.best_probability(pairs, use)
    assert evaluation.expected_calibration_error(pairs.y, p) < 0.015
    assert roc_auc_score(pairs.y, p) <= roc_auc_score(pairs.y, pairs.p)


@pytest.mark.parametrize("rule", RULES)
def test_a_lesion_that_cannot_be_missed_leaves_the_truth_and_one_without_height_the_lab(rule):
    bright, none = (fusion.simulate_pairs(50, rule=rule, strength=strength) for strength in (1e4, 0))
    assert np.allclose(fusion.best_probability(bright), bright.p)
    assert np.allclose(fusion.best_probability(none), fusion.best_probability(none, "lab"))
    assert np.allclose(fusion.best_probability(none, "image"), 0.5)


def test_both_modalities_of_the_additive_rule_are_best_fused_late():
    """Given the outcome they are independent: the sum of the log-odds is Bayes' theorem."""
    pairs = MANY["additive"]
    image, lab = (fusion.best_probability(pairs, use) for use in ("image", "lab"))
    assert np.allclose(fusion.late_fusion([image, lab], 0.5), fusion.best_probability(pairs), atol=1e-12)
    alone = [roc_auc_score(pairs.y, p) for p in (image, lab)]
    assert all(0.70 < auc < 0.77 for auc in alone)
    assert 0.82 < roc_auc_score(pairs.y, fusion.best_probability(pairs)) < 0.86


# --- late fusion -----------------------------------------------------------------------------------------------------


def test_late_fusion_by_hand():
    # prior 0.2: odds 1/4. Odds of the models 1 and 2: (1/4) * 4 * 8 = 8, so 8 / 9
    assert fusion.late_fusion([[0.5], [2 / 3]], 0.2) == pytest.approx([8 / 9])
    # odds 1/9 and 1/9 at odds 1/9: nobody says anything
    assert fusion.late_fusion([[0.1], [0.1]], 0.1) == pytest.approx([0.1])
    assert fusion.late_fusion([[0.0, 0.0, 1.0], [0.3, 0.0, 0.9]], 0.5).tolist() == [0, 0, 1]


@settings(deadline=None, max_examples=60)
@given(st.lists(shares, min_size=1, max_size=6), shares)
def test_late_fusion_keeps_one_model_and_leaves_out_who_answers_the_prior(answers, prior):
    answers = np.array(answers)
    assert np.allclose(fusion.late_fusion([answers], prior), answers)
    silent = np.full(len(answers), prior)
    assert np.allclose(fusion.late_fusion([silent, answers, silent], prior), answers)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(shares, shares, shares), min_size=1, max_size=6), shares)
def test_late_fusion_has_no_order_no_side_and_no_brackets(rows, prior):
    one, two, three = np.array(rows).T
    all_three = fusion.late_fusion([one, two, three], prior)
    assert np.allclose(all_three, fusion.late_fusion([three, one, two], prior))
    assert np.allclose(all_three, fusion.late_fusion([fusion.late_fusion([one, two], prior), three], prior))
    other = fusion.late_fusion([1 - one, 1 - two, 1 - three], 1 - prior)
    assert np.allclose(all_three, 1 - other)


@settings(deadline=None, max_examples=60)
@given(st.tuples(*4 * [shares]), shares)
def test_late_fusion_is_bayes_theorem_for_two_independent_findings(chances, prior):
    """P(finding | y) of two findings that are there; the joint table is written out."""
    a1, a0, b1, b0 = chances
    first = prior * a1 / (prior * a1 + (1 - prior) * a0)
    second = prior * b1 / (prior * b1 + (1 - prior) * b0)
    both = prior * a1 * b1 / (prior * a1 * b1 + (1 - prior) * a0 * b0)
    assert fusion.late_fusion([[first], [second]], prior) == pytest.approx([both], abs=1e-9)


def test_late_fusion_of_single_features_is_naive_bayes():
    rng = np.random.default_rng(0)
    y = (rng.random(300) < 0.3).astype(int)
    x = rng.normal(size=(300, 3)) + y[:, np.newaxis] * [0.5, 1.0, -0.7]
    alone = [GaussianNB().fit(x[:, [j]], y).predict_proba(x[:, [j]])[:, 1] for j in range(3)]
    assert np.allclose(fusion.late_fusion(alone, y.mean()), GaussianNB().fit(x, y).predict_proba(x)[:, 1], atol=1e-6)


@pytest.mark.parametrize(
    ("probabilities", "prior", "message"),
    [
        ([], 0.5, "probabilities must hold the answers of one model or more, got an empty list"),
        (0.5, 0.5, "probabilities must be a list or a tuple, got 0.5"),
        ([0.5, 0.5], 0.5, "probabilities[0] must have one dimension, got shape ()"),
        ([[0.5], [[0.5]]], 0.5, "probabilities[1] must have one dimension, got shape (1, 1)"),
        ([[0.5], [1.5]], 0.5, "probabilities[1] must be between 0 and 1, got 1.5; is this a logit?"),
        ([[0.5], [np.nan]], 0.5, "probabilities[1] must be finite, got 1 NaN"),
        ([[0.5], [0.5, 0.5]], 0.5, "probabilities[0] and probabilities[1] must have the same length, got 1 and 2"),
        ([[0.5, 0.0], [0.5, 1.0]], 0.5, "must not be 0 in one model and 1 in another, got both in row 1"),
        (
            np.array([[0.8, 0.6], [0.3, 0.2]]),  # patients in rows, as in exercise 5.4-b
            0.5,
            "probabilities must be a list of arrays, one for each model, got one array of shape (2, 2)",
        ),
        (np.array([0.8, 0.6]), 0.5, "probabilities must be a list of arrays, one for each model, got one array of"),
        (pd.DataFrame({"a": [0.8], "b": [0.6]}), 0.5, "probabilities must be a list of arrays, one for each model"),
        ([[0.5]], 0, "prior must be between 0 and 1, ends excluded, got 0.0"),
        ([[0.5]], 1, "prior must be between 0 and 1, ends excluded, got 1.0"),
    ],
)
def test_what_cannot_be_fused_is_one_clear_error(probabilities, prior, message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        fusion.late_fusion(probabilities, prior)


# --- missing modalities ----------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 40), st.integers(2, 4), st.floats(0, 1), st.integers(0, 99))
def test_hiding_leaves_every_patient_something_and_says_what(n, n_modalities, share, seed):
    rng = np.random.default_rng(seed)
    modalities = [rng.normal(size=(n, *range(1, j + 1))) + 9 for j in range(n_modalities)]  # (n,), (n, 1), (n, 1, 2)
    before = [values.copy() for values in modalities]
    hidden, present = fusion.hide_modalities(modalities, share, seed=seed)
    assert present.shape == (n, n_modalities) and set(np.unique(present)) <= {0, 1} and present.dtype == np.float32
    assert (present.sum(axis=1) >= 1).all()
    for j, (values, old, kept) in enumerate(zip(hidden, before, modalities, strict=True)):
        assert values.shape == old.shape and values.dtype == old.dtype
        there = present[:, j] == 1
        assert (values[there] == old[there]).all() and (values[~there] == 0).all()
        assert (kept == old).all()  # what came is unchanged


def test_the_share_is_that_of_each_modality():
    modalities = [np.ones(20_000), np.ones((20_000, 2))]
    _, present = fusion.hide_modalities(modalities, 0.4, seed=1)
    # drawn with 0.4, and half of those with nothing left (0.16) get it back
    assert np.allclose(1 - present.mean(axis=0), 0.4 - 0.08, atol=0.015)
    assert np.mean(present.sum(axis=1) == 2) == pytest.approx(0.36, abs=0.015)  # independent: 0.6 * 0.6
    _, present = fusion.hide_modalities(modalities, 0.3, seed=1)
    assert np.allclose(1 - present.mean(axis=0), 0.255, atol=0.01)  # as the docstring says
    _, present = fusion.hide_modalities(modalities, [0.3, 0], seed=1)
    assert np.allclose(1 - present.mean(axis=0), [0.3, 0], atol=0.015)
    hidden, present = fusion.hide_modalities(modalities, (1, 0))
    assert present[:, 0].max() == 0 and present[:, 1].min() == 1 and hidden[0].max() == 0 and hidden[1].min() == 1
    _, present = fusion.hide_modalities(modalities, np.array([1, 0.5]))
    assert present[:, 0].max() == 0 and present[:, 1].min() == 1  # the second must stay
    _, present = fusion.hide_modalities(modalities, 1)
    assert (present.sum(axis=1) == 1).all() and np.allclose(present.mean(axis=0), 0.5, atol=0.015)
    _, present = fusion.hide_modalities(modalities, 0)
    assert present.min() == 1


def test_hiding_repeats_with_the_seed_and_goes_on_with_a_generator():
    modalities = [np.ones(200), np.ones(200)]
    first, same, other = (fusion.hide_modalities(modalities, 0.5, seed=seed)[1] for seed in (3, 3, 4))
    assert (first == same).all() and (first != other).any()
    rng = np.random.default_rng(3)
    one, two = (fusion.hide_modalities(modalities, 0.5, seed=rng)[1] for _ in range(2))
    assert (one == first).all() and (two != first).any()


@pytest.mark.parametrize(
    ("modalities", "share", "message"),
    [
        ([np.ones(3), np.ones((4, 2))], 0.5, "modalities[0] and modalities[1] must have the same length, got 3 and 4"),
        ([np.ones(3)], 0.5, "modalities must hold two or more, got 1: one alone cannot be hidden"),
        ([], 0.5, "modalities must hold two or more, got 0"),
        (3, 0.5, "modalities must be a list or a tuple, got 3"),
        (
            np.ones((5, 2)),
            0.5,
            "modalities must be a list of arrays, one for each modality, got one array of shape (5, 2)",
        ),
        ([np.ones(3), 1.0], 0.5, "modalities[1] must have one row for each patient, got one number"),
        ([np.ones(3), ["a", "b", "c"]], 0.5, "modalities[1] must be an array of numbers"),
        ([np.ones(3), [1, np.nan, 2]], 0.5, "modalities[1] must be finite, got 1 NaN"),
        ([np.ones(3), np.ones(3)], 1.5, "share must be between 0 and 1, got 1.5"),
        ([np.ones(3), np.ones(3)], [0.5, -0.1], "share must be between 0 and 1, got -0.1"),
        ([np.ones(3), np.ones(3)], [0.5], "share must be one number or 2, one for each modality, got 1"),
        ([np.ones(3), np.ones(3)], [], "share must be one number or 2, one for each modality, got 0"),
        ([np.ones(3), np.ones(3)], [0.1, [0.2, 0.3]], "share must be a number, got [0.2, 0.3]"),
        ([np.ones(3), np.ones(3)], "0.5", "share must be a number, got '0.5'"),
        ([np.ones(3), np.ones(3)], None, "share must be a number, got None"),
        ([np.ones(3), np.ones(3)], np.array(0.5), "share must be a number"),
    ],
)
def test_what_cannot_be_hidden_is_one_clear_error(modalities, share, message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        fusion.hide_modalities(modalities, share)


# --- bad arguments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n must be at least 1, got 0"),
        ({"rule": "xor"}, "rule must be one of 'interaction', 'additive', got 'xor'"),
        ({"rule": "aditive"}, "did you mean 'additive'?"),
        ({"size": 7}, "size must be at least 8, got 7"),
        ({"strength": -1}, "strength must be at least 0, got -1"),
        ({"flips": 0.6}, "flips must be from 0 to 0.5, got 0.6"),
        ({"flips": 0.1, "rule": "additive"}, "flips must be left out with the rule 'additive', got 0.1"),
    ],
)
def test_pairs_that_cannot_be_simulated_are_one_clear_error(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        fusion.simulate_pairs(**{"n": 4} | options)


def test_the_best_answer_wants_pairs_and_a_known_word():
    with pytest.raises(TypeError, match="pairs must be what simulate_pairs returned, got ndarray"):
        fusion.best_probability(np.zeros((4, 16, 16, 1)))
    with pytest.raises(
        ValueError, match="use must be one of 'both', 'image', 'lab', got 'images'; did you mean 'image'"
    ):
        fusion.best_probability(fusion.simulate_pairs(4), "images")


@pytest.mark.parametrize("rule", RULES)
def test_the_smallest_patients_are_simulated(rule):
    pairs = fusion.simulate_pairs(1, rule=rule, size=8)
    assert 0 < fusion.best_probability(pairs)[0] < 1
