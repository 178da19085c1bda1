"""Tests of course_utils.imbalance: hand-made values, properties, and scikit-learn and imbalanced-learn as oracles."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import SMOTE
from sklearn.linear_model import LogisticRegression

from course_utils import evaluation
from course_utils import imbalance as im

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = (np.arange(60) % 5 == 0).astype(int)  # 12 of 60
P = np.round(RNG.random(60), 2)

labels_of_both = st.lists(st.integers(0, 1), min_size=2, max_size=40).filter(lambda y: 0 < sum(y) < len(y))
shares = st.floats(0.01, 0.99)
costs = st.floats(0, 100).map(lambda cost: round(cost, 3))


# --- resampling ----------------------------------------------------------------------------------------------------


@given(labels_of_both, st.integers(0, 9))
def test_resampled_rows_are_balanced(labels, seed):
    labels = np.array(labels)
    more, fewer = (im.resampled_rows(labels, how, seed) for how in ("oversample", "undersample"))
    larger, smaller = max(np.bincount(labels)), min(np.bincount(labels))
    assert np.bincount(labels[more]).tolist() == [larger, larger]
    assert np.bincount(labels[fewer]).tolist() == [smaller, smaller]
    assert set(more) == set(range(len(labels)))  # no row is lost
    assert len(set(fewer)) == len(fewer)  # none stands twice
    assert (np.diff(more) >= 0).all() and (np.diff(fewer) > 0).all()


def test_resampled_rows_draw_evenly_and_repeat_with_the_seed():
    labels = np.array([1, 1, 0, 0, 0, 0] * 50)
    counts = np.zeros(len(labels))
    for seed in range(200):
        counts += np.bincount(im.resampled_rows(labels, "undersample", seed), minlength=len(labels)) / 200
    assert np.allclose(counts[labels == 1], 1) and np.abs(counts[labels == 0] - 0.5).max() < 0.15
    assert (im.resampled_rows(labels, seed=3) == im.resampled_rows(labels, seed=3)).all()
    assert (im.resampled_rows(labels, seed=3) != im.resampled_rows(labels, seed=4)).any()


def test_copies_and_class_weights_are_one_and_the_same():
    """48 rows against 12: each row of the rare class four times, or with a weight of 4."""
    copies = np.concatenate([np.flatnonzero(Y == 0), np.repeat(np.flatnonzero(Y == 1), 4)])
    by_copies = LogisticRegression(C=1, tol=1e-10).fit(X[copies], Y[copies])
    by_weight = LogisticRegression(C=1, tol=1e-10, class_weight={0: 1, 1: 4}).fit(X, Y)
    assert np.allclose(by_copies.coef_, by_weight.coef_, atol=1e-5)


@given(labels_of_both, st.floats(0.05, 0.95))
def test_rows_at_prevalence(labels, prevalence):
    labels = np.array(labels)
    try:
        rows = im.rows_at_prevalence(labels, prevalence, seed=1)
    except ValueError as error:
        assert "leaves no row of one class" in str(error)
        return
    positive, negative = labels[rows].sum(), (1 - labels[rows]).sum()
    assert positive == labels.sum() or negative == (1 - labels).sum()  # one class is whole
    assert len(set(rows)) == len(rows)
    # One row more or less of the class that was thinned out would not be nearer.
    odds = prevalence / (1 - prevalence)
    assert min(abs(positive - negative * odds), abs(negative - positive / odds)) <= 0.5 + 1e-9


def test_rows_at_prevalence_by_hand():
    labels = np.array([1] * 40 + [0] * 95)
    assert labels[im.rows_at_prevalence(labels, 0.05)].sum() == 5  # 5 of 100
    assert labels[im.rows_at_prevalence(labels, 0.5)].mean() == 0.5
    with pytest.raises(ValueError, match="leaves no row of one class"):
        im.rows_at_prevalence([0, 0, 1, 1], 0.01)


# --- SMOTE ---------------------------------------------------------------------------------------------------------


class Scripted(np.random.Generator):
    """A generator that answers with what it was told to."""

    def script(self, *answers):
        self.answers = list(answers)
        return self

    def integers(self, *arguments, **options):
        return self.answers.pop(0)

    def random(self, *arguments, **options):
        return self.answers.pop(0)


def test_smote_by_hand():
    """Two rare points, (0, 0) and (4, 2): a quarter of the way from the first to the second is (1, 0.5)."""
    features = np.array([[0.0, 0.0], [4.0, 2.0], [9.0, 9.0], [8.0, 9.0], [9.0, 8.0]])
    chance = Scripted(np.random.PCG64(0)).script(np.array([0]), np.array([0]), np.array([0.25]))
    more, labels = im.smote(features, [1, 1, 0, 0, 0], n_neighbours=1, seed=chance)
    assert more[:5].tolist() == features.tolist() and more[5].tolist() == [1, 0.5]
    assert labels.tolist() == [1, 1, 0, 0, 0, 1]


def test_smote_is_that_of_imbalanced_learn():
    theirs, their_labels = SMOTE(k_neighbors=5, random_state=7).fit_resample(X, Y)
    n_new, rare = len(theirs) - len(X), int(Y.sum())
    state = np.random.RandomState(7)  # the draws that imbalanced-learn makes, in its order
    drawn = state.randint(low=0, high=rare * 5, size=n_new)
    parts = state.uniform(size=n_new)
    ours, our_labels = im.smote(X, Y, seed=Scripted(np.random.PCG64(0)).script(drawn // 5, drawn % 5, parts))
    assert np.allclose(ours, theirs) and (our_labels == their_labels).all()


@settings(max_examples=25)
@given(st.integers(0, 99), st.integers(1, 6), st.integers(0, 30))
def test_smote_stays_between_neighbours(seed, n_neighbours, n_new):
    points = np.random.default_rng(seed).normal(size=(40, 2))
    labels = (np.arange(40) < 8).astype(int)
    more, more_labels = im.smote(points, labels, n_new, n_neighbours, seed)
    assert len(more) == 40 + n_new and (more[:40] == points).all() and more_labels[40:].sum() == n_new
    rare = points[:8]
    distances = np.linalg.norm(rare[:, None] - rare, axis=2)
    near = np.argsort(distances, axis=1)[:, 1 : n_neighbours + 1]
    for point in more[40:]:
        onto = [
            np.linalg.norm(point - rare[i]) + np.linalg.norm(point - rare[j]) - distances[i, j]
            for i in range(8)
            for j in near[i]
        ]
        assert min(onto) < 1e-9


def test_smote_takes_the_rarer_class_whatever_its_label():
    more, labels = im.smote(X, 1 - Y, n_neighbours=3)
    assert np.bincount(labels).tolist() == [48, 48] and labels[60:].sum() == 0
    assert more[60:, 0].min() >= X[Y == 1, 0].min()


# --- focal loss ----------------------------------------------------------------------------------------------------


def test_focal_regression_without_focus_is_logistic_regression():
    ours = im.focal_regression(X, Y, gamma=0, penalty=0.5)
    theirs = LogisticRegression(C=2, tol=1e-10, max_iter=1000).fit(X, Y)
    assert np.allclose(ours.weights, theirs.coef_[0], atol=1e-4)
    assert np.allclose(ours.predict(X), theirs.predict_proba(X)[:, 1], atol=1e-4)


@pytest.mark.parametrize("gamma", [0.5, 1, 2, 5])
def test_focal_regression_stands_at_a_minimum(gamma):
    """Keras computes the loss; no small step in any direction lowers it."""
    import keras

    fitted = im.focal_regression(X, Y, gamma, penalty=0.5)
    loss = keras.losses.BinaryFocalCrossentropy(gamma=gamma, reduction="sum")

    def total(weights, intercept):
        outputs = im.LinearModel(weights, intercept).predict(X)
        # Keras takes the mean over the last axis, which has one column.
        return float(loss(Y[:, None].astype("float64"), outputs[:, None])) + 0.25 * np.sum(weights**2)

    least = total(fitted.weights, fitted.intercept)
    for step in np.vstack([np.eye(4), -np.eye(4)]) * 0.05:
        assert total(fitted.weights + step[:3], fitted.intercept + step[3]) > least


@given(shares, st.floats(0, 6))
def test_undo_focal_goes_back_to_the_share(eta, gamma):
    """The output with the smallest mean focal loss, found by trying many, leads back to the share of events."""
    q = np.linspace(1e-4, 1 - 1e-4, 20_001)
    loss = -eta * (1 - q) ** gamma * np.log(q) - (1 - eta) * q**gamma * np.log(1 - q)
    best = q[np.argmin(loss)]
    low, high = im.undo_focal(np.clip([best - 2e-4, best + 2e-4], 0, 1), gamma)
    assert low - 1e-9 <= eta <= high + 1e-9


@given(st.floats(0, 4))
def test_undo_focal_keeps_order_ends_and_middle(gamma):
    q = np.linspace(0, 1, 101)
    eta = im.undo_focal(q, gamma)
    assert (np.diff(eta) > 0).all() and np.allclose(eta[[0, 50, 100]], [0, 0.5, 1])
    assert np.allclose(eta, 1 - eta[::-1])
    assert (np.abs(eta - 0.5) >= np.abs(q - 0.5) - 1e-12).all()


def test_undo_focal_by_hand():
    assert im.undo_focal([0.3], gamma=0)[0] == 0.3
    # gamma 1, q = 0.2: (0.2 / 0.8) * (0.2 - 0.8 log 0.8) / (0.8 - 0.2 log 0.2) = 0.25 * 0.37851 / 1.12189 = 0.08435
    assert im.undo_focal([0.2], gamma=1)[0] == pytest.approx(0.08435 / 1.08435, abs=1e-5)


@pytest.mark.parametrize("gamma", [0, 2])
def test_moved_features_get_the_same_weights(gamma):
    here, there = im.focal_regression(X, Y, gamma), im.focal_regression(X + 10_000, Y, gamma)
    assert np.allclose(here.weights, there.weights, atol=1e-4)
    assert np.allclose(here.predict(X), there.predict(X + 10_000), atol=1e-4)


def test_where_no_minimum_is_found_it_says_so():
    with pytest.raises(ValueError, match="no minimum of the focal loss was found with gamma 100"):
        im.focal_regression(X, Y, gamma=100)


def test_a_linear_model_wants_its_columns():
    with pytest.raises(ValueError, match=re.escape("features must have 3 columns, got shape (60, 2)")):
        im.focal_regression(X, Y).predict(X[:, :2])


# --- costs ---------------------------------------------------------------------------------------------------------


def test_costs_by_hand():
    assert im.cost_threshold(9, 1) == 0.1 and im.cost_threshold(1, 1) == 0.5
    assert im.cost_threshold(0, 1) == 1 and im.cost_threshold(1, 0) == 0
    labels, p = [1, 1, 0, 0, 0], [0.8, 0.05, 0.3, 0.05, 0.1]
    assert im.expected_cost(labels, p, 0.1, 9, 1) == pytest.approx((9 + 2) / 5)  # a miss; alarms at 0.3 and at 0.1
    assert im.expected_cost(labels, p, 0, 9, 1) == pytest.approx(3 / 5)
    assert im.expected_cost(labels, p, 1.5, 9, 1) == pytest.approx(18 / 5)
    assert im.best_threshold(labels, p, 9, 1) == 0.05  # three alarms (3) against one miss and no alarm (9)
    assert im.best_threshold(labels, p, 1, 9) == 0.8


def test_huge_costs_do_not_overflow():
    labels, p = [1, 0, 0, 1, 0], [0.9, 0.8, 0.3, 0.2, 0.1]
    assert im.cost_threshold(1e308, 1e308) == 0.5 and im.cost_threshold(9e307, 1e307) == pytest.approx(0.1)
    assert im.best_threshold(labels, p, 1e308, 1e307) == im.best_threshold(labels, p, 10, 1) == 0.2
    assert im.expected_cost(labels, p, 0.5, 1e308, 0) == pytest.approx(1e308 / 5)


@given(labels_of_both, costs, costs, st.randoms(use_true_random=False))
def test_best_threshold_is_best(labels, cost_miss, cost_alarm, random):
    if cost_miss == cost_alarm == 0:
        return
    p = np.array([random.choice([0, 0.1, 0.25, 0.5, 0.9, 1]) for _ in labels])
    best = im.best_threshold(labels, p, cost_miss, cost_alarm)
    least = im.expected_cost(labels, p, best, cost_miss, cost_alarm)
    for threshold in (0, 0.1, 0.2, 0.25, 0.5, 0.9, 1, 1.5):
        other = im.expected_cost(labels, p, threshold, cost_miss, cost_alarm)
        assert least <= other + 1e-9
        if threshold > best and np.any((p >= best) & (p < threshold)):
            assert other > least - 1e-9


@given(st.floats(0.1, 50), st.floats(0.1, 50))
def test_the_formula_is_best_for_true_probabilities(cost_miss, cost_alarm):
    """With a share of events that is the probability itself, no threshold of a fine grid beats the formula."""
    p = np.linspace(0.005, 0.995, 100)

    def mean_cost(threshold):
        acted_on = p >= threshold
        return np.mean(np.where(acted_on, cost_alarm * (1 - p), cost_miss * p))

    formula = mean_cost(im.cost_threshold(cost_miss, cost_alarm))
    assert all(formula <= mean_cost(threshold) + 1e-12 for threshold in np.linspace(0, 1.01, 102))


@given(st.floats(0.02, 0.98), st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_correcting_and_moving_the_threshold_decide_alike(threshold, trained_at, used_at):
    p = np.linspace(0.001, 0.999, 200)
    moved = evaluation.correct_prior([threshold], used_at, trained_at)[0]
    decided = evaluation.correct_prior(p, trained_at, used_at) >= threshold
    near = np.abs(p - moved) < 1e-9
    assert (decided == (p >= moved))[~near].all()


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: im.resampled_rows([1, 1]), ValueError, "labels must hold both classes, got only 1"),
        (
            lambda: im.resampled_rows(Y, "over"),
            ValueError,
            "how must be one of 'oversample', 'undersample', got 'over'",
        ),
        (lambda: im.rows_at_prevalence(Y, 0), ValueError, "prevalence must be between 0 and 1, ends excluded, got 0"),
        (lambda: im.rows_at_prevalence(Y * 0, 0.5), ValueError, "labels must hold both classes, got only 0"),
        (lambda: im.smote(X, Y[1:]), ValueError, "features and labels must have the same length, got 60 and 59"),
        (lambda: im.smote(X, Y * 0), ValueError, "labels must hold both classes, got only 0"),
        (lambda: im.smote(X[:, 0], Y), ValueError, "features must have 2 dimensions, got shape (60,)"),
        (lambda: im.smote(X, Y, n_neighbours=12), ValueError, "n_neighbours must be below the 12 row(s)"),
        (lambda: im.smote(X, Y, n_neighbours=0), ValueError, "n_neighbours must be at least 1, got 0"),
        (lambda: im.smote(X, Y, n_new=-1), ValueError, "n_new must be at least 0, got -1"),
        (lambda: im.smote(np.full((60, 2), np.nan), Y), ValueError, "features must be finite, got 120 NaN"),
        (lambda: im.focal_regression(X, Y, gamma=-1), ValueError, "gamma must be at least 0, got -1"),
        (lambda: im.focal_regression(X, Y, penalty=0), ValueError, "penalty must be above 0, got 0"),
        (lambda: im.focal_regression(X, Y * 0), ValueError, "labels must hold both classes, got only 0"),
        (lambda: im.undo_focal([1.2]), ValueError, "outputs must be between 0 and 1, got 1.2"),
        (lambda: im.undo_focal([0.2], gamma="2"), TypeError, "gamma must be a number, got '2'"),
        (lambda: im.cost_threshold(-1, 1), ValueError, "cost_miss must be at least 0, got -1"),
        (lambda: im.cost_threshold(1, -1), ValueError, "cost_alarm must be at least 0, got -1"),
        (lambda: im.cost_threshold(0, 0), ValueError, "cost_miss and cost_alarm must not both be 0"),
        (lambda: im.expected_cost(Y, P, -0.1, 1, 1), ValueError, "threshold must be at least 0, got -0.1"),
        (
            lambda: im.expected_cost(Y, P[1:], 0.1, 1, 1),
            ValueError,
            "labels and probabilities must have the same length",
        ),
        (lambda: im.best_threshold(Y * 0, P, 1, 1), ValueError, "labels must hold both classes, got only 0"),
        (lambda: im.best_threshold(Y, P * 2, 1, 1), ValueError, "probabilities must be between 0 and 1"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
