"""Checks behind the exercises of chapter 3.1.2, Training and optimisation."""

import math

import numpy as np

from course_utils.exercises import Exercise, Misconception

# --- a: backpropagation with another hidden layer ------------------------------------------------------------------


def _sigmoid(o):
    return 1 / (1 + np.exp(-o))


def _tanh_forward(x, W, b, w, b_out):
    h = np.tanh(x @ W + b)
    return h, _sigmoid(h @ w + b_out)


def _tanh_gradient(x, y, W, b, w, b_out):
    h, p = _tanh_forward(x, W, b, w, b_out)
    return np.outer(x, (p - y) * w * (1 - h**2))


def _tanh_gradient_with_loops(x, y, W, b, w, b_out):
    n_inputs, n_hidden = len(x), len(b)
    h = [math.tanh(b[k] + sum(x[j] * W[j][k] for j in range(n_inputs))) for k in range(n_hidden)]
    p = 1 / (1 + math.exp(-(b_out + sum(h[k] * w[k] for k in range(n_hidden)))))
    return [[x[j] * (p - y) * w[k] * (1 - h[k] * h[k]) for k in range(n_hidden)] for j in range(n_inputs)]


def _tanh_gradient_by_differences(x, y, W, b, w, b_out):
    found = np.zeros(W.shape)
    for place in np.ndindex(W.shape):
        change = np.zeros(W.shape)
        change[place] = 1e-5
        losses = []
        for moved in (W + change, W - change):
            p = _tanh_forward(x, moved, b, w, b_out)[1]
            losses.append(-math.log(p if y else 1 - p))
        found[place] = (losses[0] - losses[1]) / 2e-5
    return found


def _tanh_gradient_with(factor):
    """Return backpropagation with something else in place of the derivative of tanh."""

    def gradient(x, y, W, b, w, b_out):
        h, p = _tanh_forward(x, W, b, w, b_out)
        return np.outer(x, (p - y) * w * factor(h))

    return gradient


def _tanh_gradient_of_squared_error(x, y, W, b, w, b_out):
    p = _tanh_forward(x, W, b, w, b_out)[1]
    return _tanh_gradient(x, y, W, b, w, b_out) * 2 * p * (1 - p)


def _tanh_gradient_of_output(x, y, W, b, w, b_out):
    """The derivative of the logit, not of the loss: the first factor is missing."""
    h = np.tanh(x @ W + b)
    return np.outer(x, w * (1 - h**2))


def _tanh_gradient_from_logit(x, y, W, b, w, b_out):
    h = np.tanh(x @ W + b)
    return np.outer(x, (h @ w + b_out - y) * w * (1 - h**2))


def _tanh_gradient_from_probability(x, y, W, b, w, b_out):
    """What stands at the probability is carried back as if it stood at the logit."""
    h, p = _tanh_forward(x, W, b, w, b_out)
    return np.outer(x, (-y / p + (1 - y) / (1 - p)) * w * (1 - h**2))


def _tanh_gradient_without_biases(x, y, W, b, w, b_out):
    return _tanh_gradient(x, y, W, 0 * b, w, b_out)


def _tanh_gradient_without_last_bias(x, y, W, b, w, b_out):
    return _tanh_gradient(x, y, W, b, w, 0.0)


def _tanh_gradient_without_w(x, y, W, b, w, b_out):
    h, p = _tanh_forward(x, W, b, w, b_out)
    return np.outer(x, (p - y) * (1 - h**2))


def _tanh_gradient_with_h_for_w(x, y, W, b, w, b_out):
    h, p = _tanh_forward(x, W, b, w, b_out)
    return np.outer(x, (p - y) * h * (1 - h**2))


_NETWORKS = (
    (
        np.array([2.0, 1.0]),
        1,
        np.array([[0.5, -0.3, 0.2], [-0.4, 0.6, 0.1]]),
        np.array([0.1, 0.0, -0.2]),
        np.array([1.0, -2.0, 0.5]),
        0.3,
    ),
    (np.array([0.5, -1.5]), 0, np.array([[0.2, 0.7], [0.3, -0.4]]), np.array([0.0, 0.3]), np.array([0.8, 1.2]), -0.1),
    (
        np.array([1.0, -0.5, 2.0]),
        1,
        np.array([[0.3, -0.2], [0.1, 0.5], [-0.6, 0.4]]),
        np.array([0.2, -0.1]),
        np.array([-1.0, 0.7]),
        0.0,
    ),
)

# --- b: Adam -------------------------------------------------------------------------------------------------------


def _adam(theta, gradients, eta, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        theta = theta - eta * (m / (1 - beta_1**t)) / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
    return theta


def _adam_as_in_keras(theta, gradients, eta):
    m, v, t = 0.0, 0.0, 0
    for g in gradients:
        t += 1
        m, v = m + 0.1 * (g - m), v + 0.001 * (g * g - v)
        theta = theta - eta * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
    return theta


def _adam_weight_by_weight(theta, gradients, eta):
    result = []
    for j in range(len(theta)):
        weight, m, v = float(theta[j]), 0.0, 0.0
        for t in range(1, len(gradients) + 1):
            g = float(gradients[t - 1][j])
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g**2
            weight -= eta * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-7)
        result.append(weight)
    return result


def _adam_uncorrected(theta, gradients, eta):
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for g in gradients:
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        theta = theta - eta * m / (np.sqrt(v) + 1e-7)
    return theta


def _adam_with_uncorrected_squares(theta, gradients, eta):
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        theta = theta - eta * (m / (1 - 0.9**t)) / (np.sqrt(v) + 1e-7)
    return theta


def _adam_with_uncorrected_gradients(theta, gradients, eta):
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        theta = theta - eta * m / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)
    return theta


def _adam_with_one_mean_of_squares(theta, gradients, eta):
    m, v = np.zeros_like(theta), 0.0
    for t, g in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * np.mean(g * g)
        theta = theta - eta * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)
    return theta


def _adam_that_keeps_the_corrected(theta, gradients, eta):
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        m = (0.9 * m + 0.1 * g) / (1 - 0.9**t)
        v = (0.999 * v + 0.001 * g**2) / (1 - 0.999**t)
        theta = theta - eta * m / (np.sqrt(v) + 1e-7)
    return theta


def _adam_counting_from_zero(theta, gradients, eta):
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        with np.errstate(all="ignore"):
            theta = theta - eta * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)
    return theta


def _adam_corrected_as_if_first(theta, gradients, eta):
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for g in gradients:
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        theta = theta - eta * (m / (1 - 0.9)) / (np.sqrt(v / (1 - 0.999)) + 1e-7)
    return theta


def _adam_without_epsilon(theta, gradients, eta):
    with np.errstate(all="ignore"):
        return _adam(theta, gradients, eta, epsilon=0.0)


def _adam_without_root(theta, gradients, eta):
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        theta = theta - eta * (m / (1 - 0.9**t)) / (v / (1 - 0.999**t) + 1e-7)
    return theta


def _adam_that_forgets(theta, gradients, eta):
    """Both running means begin anew at each step."""
    for g in gradients:
        theta = theta - eta * g / (np.abs(g) + 1e-7)
    return theta


def _momentum(theta, gradients, eta):
    u = np.zeros_like(theta)
    for g in gradients:
        u = 0.9 * u + g
        theta = theta - eta * u
    return theta


def _gradient_descent(theta, gradients, eta):
    return theta - eta * np.sum(gradients, axis=0)


_ADAM_CASES = (
    (np.array([0.0]), [np.array([4.0]), np.array([-2.0])], 0.1),
    (np.array([1.0, -2.0, 0.5]), [np.array([3.0, -0.5, 20.0])], 0.01),
    (
        np.array([0.3, 0.7]),
        [np.array([1.0, -5.0]), np.array([2.0, 4.0]), np.array([-1.5, 0.5]), np.array([0.7, 3.0])],
        0.05,
    ),
    (np.array([1.0, 2.0]), [np.array([0.0, 3.0]), np.array([-1.0, 0.0])], 0.1),
)

# --- c: early stopping -------------------------------------------------------------------------------------------


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


def _last_when_never_stopped(losses, patience):
    best_epoch, stop = _walk(losses, patience)
    return best_epoch if stop - best_epoch >= patience else len(losses)


def _keeps_the_later_of_equals(losses, patience):
    best, stop = _walk(losses, patience)
    return max(epoch for epoch in range(1, stop + 1) if losses[epoch - 1] == losses[best - 1])


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
_LARGE = [250.0, 180.0, 190.0, 1.5, 1.6, 1.7]


_SMALL_STEPS = [0.6, 0.5, 0.4995, 0.6, 0.7]


def _wants_a_large_step(losses, patience):
    best, kept = math.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < best - 0.001:
            best, kept = loss, epoch
        elif epoch - kept >= patience:
            break
    return kept


def _start_at_one(losses, patience):
    best, kept, waited = 1.0, 0, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < best:
            best, kept, waited = loss, epoch, 0
        else:
            waited += 1
        if waited >= patience:
            break
    return kept


# --- d: dropout, judged by what a network does with it ---------------------------------------------------------------


def _dropout_mask(shape, share, rng):
    return (rng.random(shape) >= share) / (1 - share)


def _dropout_mask_by_choice(shape, share, rng):
    return rng.choice([0.0, 1 / (1 - share)], size=shape, p=[share, 1 - share])


def _dropout_mask_by_loop(shape, share, rng):
    return [[0 if rng.random() < share else 1 / (1 - share) for _ in range(shape[1])] for _ in range(shape[0])]


def _dropout_mask_by_binomial(shape, share, rng):
    mask = rng.binomial(1, 1 - share, size=shape).astype("float32")
    return mask / (1 - share)


def _simulated_patients(n_patients, seed):
    """The patients of the chapter: ill far from normal, in whatever direction."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_patients, 2))
    true_logit = 3 * (np.sum(X**2, axis=1) - 1.4)
    return X, (rng.random(n_patients) < _sigmoid(true_logit)).astype(int)


def _loss_of_new_patients(make_mask, n_hidden=50, steps=2000, n_masks=50, seed=4):
    """Train the chapter's network with these masks, and return its mean cross-entropy on 1,000 new patients."""
    X, y = _simulated_patients(80, seed)
    rng, mask_rng = np.random.default_rng(seed), np.random.default_rng(seed)
    theta = [rng.normal(size=(2, n_hidden)), 0.5 * rng.normal(size=n_hidden)]
    theta += [rng.normal(size=n_hidden) / np.sqrt(n_hidden), 0.0]
    u = [0.0, 0.0, 0.0, 0.0]
    masks = [make_mask((len(X), n_hidden), mask_rng) for _ in range(n_masks)]  # taken in turn: a slow way may pass
    for step in range(steps):
        W, b, w, b_out = theta
        mask = masks[step % n_masks]
        H = np.maximum(X @ W + b, 0) * mask
        delta = (_sigmoid(H @ w + b_out) - y) / len(y)
        delta_hidden = np.outer(delta, w) * (H > 0) * mask
        for k, slope in enumerate([X.T @ delta_hidden, delta_hidden.sum(axis=0), H.T @ delta, delta.sum()]):
            u[k] = 0.9 * u[k] + slope
            theta[k] = theta[k] - 0.1 * u[k]
    X, y = _simulated_patients(1000, seed + 1000)
    o = np.maximum(X @ theta[0] + theta[1], 0) @ theta[2] + theta[3]
    return np.mean(np.maximum(o, 0) - o * y + np.log1p(np.exp(-np.abs(o))))


def _judge_dropout(make_mask):
    """Return what is wrong with a function that makes the masks of dropout, or an empty string."""
    rng = np.random.default_rng(0)
    shape = (200, 100)
    for share in (0.25, 0.5, 0.8):
        returned = make_mask(shape, share, rng)
        if returned is None:
            return "Nothing came back from your function. Does it end with `return`?"
        try:
            mask = np.asarray(returned, dtype=float)
        except (TypeError, ValueError):
            return f"An array of numbers is asked for, not {type(returned).__name__}."
        if mask.shape != shape:
            return f"For the shape {shape} your mask has the shape {mask.shape}."
        zero = np.mean(mask == 0)
        if np.isclose(zero, 1) or np.isclose(zero, 0):
            return f"With a share of {share}, {zero:.0%} of your mask is 0. Each unit is drawn by chance."
        if abs(zero - share) > 0.03:
            other = "That is the share to keep." if abs(zero - (1 - share)) < 0.03 else "Count how many you drop."
            return f"With a share of {share}, {zero:.0%} of your mask is 0. {other}"
        kept = np.unique(mask[mask != 0].round(9))
        if len(kept) > 1:
            return "The units that stay all count alike: your mask holds more than one number beside 0."
        if np.isclose(kept[0], 1):
            return (
                "The right units are dropped, but those that stay still count once: the sum of the layer becomes "
                "smaller in training than in use."
            )
        if share != 0.5 and np.isclose(kept[0], 1 / share):
            return "The right units are dropped, but the others are divided by the wrong share: by that of the dropped."
        if abs(mask.mean() - 1) > 0.05:
            return (
                f"With a share of {share} the mean of your mask is {mask.mean():.2f}: a layer with such a mask is not "
                "as large, on average, as in use."
            )
        rows_differ, columns_differ = len(np.unique(mask, axis=0)) > 1, len(np.unique(mask, axis=1).T) > 1
        if not rows_differ or not columns_differ:
            return "Your mask repeats one row or one column: draw anew for every unit of every patient."
        again = np.asarray(make_mask(shape, share, rng), dtype=float)
        if np.array_equal(mask, again):
            return "Two steps get the same mask. Draw from `rng`, which goes on from call to call."
    twice = [np.asarray(make_mask(shape, 0.5, np.random.default_rng(1)), dtype=float) for _ in range(2)]
    if not np.array_equal(*twice):
        return "Two generators that begin alike must give the same mask. Draw from `rng`, and from nothing else."
    if not np.allclose(np.asarray(make_mask((3, 4), 0.0, rng), dtype=float), 1):
        return "With a share of 0 nothing is dropped: every number of the mask is 1."
    with_dropout = _loss_of_new_patients(lambda shape, rng: np.asarray(make_mask(shape, 0.5, rng), dtype=float))
    without = _loss_of_new_patients(lambda shape, rng: 1.0)
    if not with_dropout < without - 0.1:
        return f"Trained with your masks the network costs new patients {with_dropout:.2f}, without them {without:.2f}."
    return ""


# --- e: what a leak pretends -----------------------------------------------------------------------------------------


def _leaked_share(patients, train, test):
    return float(np.mean(np.isin(patients[test], patients[train])))


def _pretended_accuracy(patients, train, test):
    leaked = _leaked_share(patients, train, test)
    return leaked + (1 - leaked) / 2


def _pretended_by_counting(patients, train, test):
    known = {patients[row] for row in train}
    right = 0.0
    for row in test:
        right += 1 if patients[row] in known else 0.5
    return right / len(test)


def _pretended_by_table(patients, train, test):
    sister = (patients[test][:, np.newaxis] == patients[train][np.newaxis, :]).any(axis=1)
    return np.where(sister, 1.0, 0.5).mean()


def _of_patients(patients, train, test):
    leaked = float(np.mean(np.isin(np.unique(patients[test]), patients[train])))
    return leaked + (1 - leaked) / 2


def _of_training_rows(patients, train, test):
    leaked = float(np.mean(np.isin(patients[train], patients[test])))
    return leaked + (1 - leaked) / 2


def _of_row_numbers(patients, train, test):
    leaked = float(np.mean(np.isin(test, train)))
    return leaked + (1 - leaked) / 2


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
        expected=_tanh_gradient,
        cases=_NETWORKS,
        solutions=(_tanh_gradient_with_loops, _tanh_gradient_by_differences),
        misconceptions=(
            Misconception(
                _tanh_gradient_with(lambda h: h > 0),
                "Your walk back treats the units as ReLU, on or off. Here each unit has a slope of its own.",
            ),
            Misconception(
                _tanh_gradient_with(lambda h: 1.0),
                "The walk back does not pass through the hidden units: the slope of tanh is missing.",
            ),
            Misconception(
                _tanh_gradient_with(lambda h: 1 - np.tanh(h) ** 2),
                "You took tanh twice: the hidden value already is the tanh of its sum.",
            ),
            Misconception(
                _tanh_gradient_with(lambda h: 1 - h),
                "Look at the derivative again: something in it is squared.",
            ),
            Misconception(
                lambda *network: -_tanh_gradient(*network),
                "Every sign is turned round: at the logit the derivative is probability minus label.",
            ),
            Misconception(
                lambda *network: _tanh_gradient(*network).T,
                "The numbers are there, but rows and columns are exchanged: `W` has a row for each *input*.",
            ),
            Misconception(
                _tanh_gradient_without_w,
                "On the way from the logit to a hidden unit one multiplies by the weight between them.",
            ),
            Misconception(
                _tanh_gradient_with_h_for_w,
                "From the logit back to unit k the factor is the weight of the wire, not the value of the unit.",
            ),
            Misconception(
                _tanh_gradient_without_biases,
                "The hidden units have biases, and your forward walk leaves them out.",
            ),
            Misconception(_tanh_gradient_without_last_bias, "The output has a bias too, and you left it out."),
            Misconception(
                _tanh_gradient_of_output,
                "That is how the *logit* changes. The walk begins one step later, at the loss.",
            ),
            Misconception(
                _tanh_gradient_from_logit,
                "You subtracted the label from the logit. It is subtracted from the probability.",
            ),
            Misconception(
                _tanh_gradient_from_probability,
                "That is the derivative at the probability. Between it and the logit lies the sigmoid.",
            ),
            Misconception(
                _tanh_gradient_of_squared_error,
                "That belongs to the squared error. The derivative of the cross-entropy at the logit is simpler.",
            ),
        ),
        hint="Walk with the first case on paper: what stands at the logit, what at each hidden unit, what at a wire?",
        tolerance=1e-5,
    ),
    Exercise(
        "3.1.2-b",
        expected=_adam,
        cases=_ADAM_CASES,
        solutions=(_adam_as_in_keras, _adam_weight_by_weight),
        misconceptions=(
            Misconception(_adam_with_uncorrected_squares, "The mean of the squares is too small at first as well."),
            Misconception(_adam_with_uncorrected_gradients, "The mean of the gradients is too small at first as well."),
            Misconception(
                _adam_without_epsilon,
                "Here a weight has the gradient 0 at first. Which number of the formula keeps you from dividing by 0?",
            ),
            Misconception(_adam_with_one_mean_of_squares, "Each weight has a mean of squares of its own."),
            Misconception(_adam_uncorrected, "Both running means are too small at first: their correction is missing."),
            Misconception(
                _adam_that_keeps_the_corrected,
                "The corrected values went into the next running mean. Give them names of their own.",
            ),
            Misconception(_adam_counting_from_zero, "The first step has the number 1: with 0 one divides by nothing."),
            Misconception(
                _adam_corrected_as_if_first,
                "You corrected every step as if it were the first: the correction depends on the number of the step.",
            ),
            Misconception(_adam_without_root, "The mean of the *squared* gradients has a squared unit: take its root."),
            Misconception(
                _adam_that_forgets,
                "Your running means begin anew at every step. Set them to 0 once, before the loop.",
            ),
            Misconception(
                _gradient_descent,
                "That is gradient descent. Adam divides by the size that the gradients have had.",
            ),
            Misconception(_momentum, "That is momentum: the second running mean, of the squares, is missing."),
            Misconception(
                lambda theta, gradients, eta: theta - (theta - _adam(theta, gradients, eta)) / eta,
                "Your steps do not depend on the learning rate.",
            ),
            Misconception(
                lambda theta, gradients, eta: 2 * theta - _adam(theta, gradients, eta),
                "You walk uphill: a step goes against the gradient.",
            ),
            Misconception(
                lambda theta, gradients, eta: _adam(theta, gradients, eta, beta_1=0.999, beta_2=0.9),
                "The two constants are exchanged: the squares are the ones that are remembered long.",
            ),
            Misconception(
                lambda theta, gradients, eta: _adam(theta, gradients[:1], eta),
                "Only the first gradient was used. Is the `return` inside the loop?",
            ),
        ),
        hint="Print both running means after each step for the gradients 4 and -2, and compare with the table by hand.",
        tolerance=1e-5,
    ),
    Exercise(
        "3.1.2-c",
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
            (_LARGE, 2),
            (_SMALL_STEPS, 2),
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
                lambda losses, patience: losses[_walk(losses, patience)[0] - 1],
                "That is the lowest loss. Asked for is the number of its epoch.",
            ),
            Misconception(
                _equal_counts_as_better, "A loss as low as the lowest so far is no *new* lowest: patience runs on."
            ),
            Misconception(
                _keeps_the_later_of_equals, "Of two equal losses the first is kept: the second is no *new* lowest."
            ),
            Misconception(
                _last_when_never_stopped,
                "The list ended before the training was stopped. Even then the last epoch need not be the best so far.",
            ),
            Misconception(
                _wants_a_large_step, "A new lowest loss counts, however little it lies below the one before."
            ),
            Misconception(_start_at_one, "What if every loss is larger than the value that you started with?"),
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
        "3.1.2-d",
        requirement=_judge_dropout,
        solutions=(_dropout_mask, _dropout_mask_by_choice, _dropout_mask_by_loop, _dropout_mask_by_binomial),
        misconceptions=(
            Misconception(
                lambda shape, share, rng: (rng.random(shape) >= share) * 1.0,
                "The right units are dropped, but those that stay still count once",
            ),
            Misconception(
                lambda shape, share, rng: (rng.random(shape) < share) / share,
                "That is the share to keep.",
            ),
            Misconception(
                lambda shape, share, rng: (rng.random(shape) >= share) / share if share else np.ones(shape),
                "divided by the wrong share",
            ),
            Misconception(
                lambda shape, share, rng: (rng.random(shape) >= share) * 2.0,
                "a layer with such a mask is not as large, on average, as in use",
            ),
            Misconception(
                lambda shape, share, rng: np.tile((rng.random(shape[1]) >= share) / (1 - share), (shape[0], 1)),
                "Your mask repeats one row or one column",
            ),
            Misconception(
                lambda shape, share, rng: (np.random.default_rng(0).random(shape) >= share) / (1 - share),
                "Two steps get the same mask.",
            ),
            Misconception(
                lambda shape, share, rng: (np.random.random(shape) >= share) / (1 - share),
                "Draw from `rng`, and from nothing else.",
            ),
            Misconception(lambda shape, share, rng: np.ones(shape), "Each unit is drawn by chance."),
            Misconception(
                lambda shape, share, rng: (rng.random(shape) >= share) * rng.random(shape),
                "your mask holds more than one number beside 0",
            ),
        ),
        seconds=30,
    ),
    Exercise(
        "3.1.2-e",
        expected=_pretended_accuracy,
        cases=tuple((_PATIENTS, np.array(train), np.array(test)) for train, test in _SPLITS),
        solutions=(_pretended_by_counting, _pretended_by_table),
        misconceptions=(
            Misconception(
                _leaked_share, "That is the share of leaked rows. Where the program guesses it is sometimes right, too."
            ),
            Misconception(_of_patients, "You counted patients. Asked for is the accuracy over test *rows*."),
            Misconception(_of_training_rows, "Other way round: look at each *test* row, and ask for its patient."),
            Misconception(
                _of_row_numbers,
                "You compared row numbers. No row is in both sets; the patient behind it may be.",
            ),
            Misconception(
                lambda patients, train, test: 1 - _leaked_share(patients, train, test) / 2,
                "You exchanged the two kinds: for which rows does the program know the label, and where does it guess?",
            ),
            Misconception(
                lambda patients, train, test: 1.0 if _leaked_share(patients, train, test) else 0.5,
                "One leaked row does not give away all the others: go row by row.",
            ),
            Misconception(
                lambda patients, train, test: 100 * _pretended_accuracy(patients, train, test),
                "That is per cent. Asked for is a number between 0 and 1.",
            ),
            Misconception(
                lambda patients, train, test: len(test) * _pretended_accuracy(patients, train, test),
                "That is the number of right answers. Divide by the number of test rows.",
            ),
        ),
        hint="Take one test row: whose is it, is this patient in the training set, and how often is the program right?",
    ),
]
