"""Checks behind the exercises of chapter 5.4, Multimodal data."""

import numpy as np

from course_utils.exercises import Exercise, Misconception, Right

_NO_FUNCTION = "A function is asked for: give its name, without calling it."
_NOTHING = "Your function returns nothing: does it end with `return`?"

# --- 5.4-a: draw the patients anew ------------------------------------------------------------------------------------

_ONE_EACH = "One difference for each draw is asked for: `n_draws` numbers."
_NOT_PAIRED = (
    "Two models that answer alike must differ by 0 in every draw. Here they do not: were both judged on the same "
    "drawn patients?"
)
_TURNED = "The sign is turned round: model a minus model b."
_NO_LABELS = (
    "The differences are near 0 although model a ranks these patients far better. Are the labels those of the drawn "
    "patients?"
)
_ALL_EQUAL = (
    "Every draw gives the same difference. In a draw some patients come twice, and others not at all: is a patient "
    "put back after being drawn?"
)
_TOO_NARROW = "The draws differ too little from each other: as many patients are drawn as there are, each put back."
_TOO_WIDE = "The draws differ too much from each other: as many patients are drawn as there are."
_OWN_CHANCE = "The same generator gave other differences: the chance must come from `rng` alone."
_FIXED = "Generators with different seeds gave the same differences: draw with `rng`."
_NO_SIGN = "Two models that are equally good must differ in both directions over the draws: some above 0, some below."
_SOMEBODY = "Over many draws some patients never came. Each of them must be as likely as the others."
_WRONG_MIDDLE = "The middle of the draws is far from the difference on all patients. What is compared with what?"


def _study(seed, n=90, gain=1.4):
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 3 == 0).astype(int)
    common = rng.normal(size=n)
    a = (0.2 + gain) * y + common + 0.7 * rng.normal(size=n)
    b = 0.2 * y + common + 0.7 * rng.normal(size=n)
    rows = rng.permutation(n)
    return y[rows], a[rows], b[rows]


def _gains(y, a, b, n_draws, rng):
    from course_utils import evaluation

    found = []
    for _ in range(n_draws):
        rows = rng.integers(len(y), size=len(y))
        found.append(evaluation.roc_auc(y[rows], a[rows]) - evaluation.roc_auc(y[rows], b[rows]))
    return np.array(found)


def _gains_by_choice(y, a, b, n_draws, rng):
    from course_utils import evaluation

    found = np.zeros(n_draws)
    for k in range(n_draws):
        rows = rng.choice(np.arange(len(y)), size=len(y), replace=True)
        found[k] = evaluation.roc_auc(y[rows], a[rows]) - evaluation.roc_auc(y[rows], b[rows])
    return found.tolist()


def _gains_by_class(y, a, b, n_draws, rng):
    from sklearn.metrics import roc_auc_score

    found = []
    for _ in range(n_draws):
        rows = np.concatenate([rng.choice(np.flatnonzero(y == k), np.sum(y == k)) for k in (0, 1)])
        found.append(roc_auc_score(y[rows], a[rows]) - roc_auc_score(y[rows], b[rows]))
    return found


def _gains_not_paired(y, a, b, n_draws, rng):
    from course_utils import evaluation

    found = []
    for _ in range(n_draws):
        first, second = rng.integers(len(y), size=(2, len(y)))
        found.append(evaluation.roc_auc(y[first], a[first]) - evaluation.roc_auc(y[second], b[second]))
    return found


def _gains_turned(y, a, b, n_draws, rng):
    return -_gains(y, a, b, n_draws, rng)


def _gains_old_labels(y, a, b, n_draws, rng):
    from course_utils import evaluation

    found = []
    for _ in range(n_draws):
        rows = rng.integers(len(y), size=len(y))
        found.append(evaluation.roc_auc(y, a[rows]) - evaluation.roc_auc(y, b[rows]))
    return found


def _gains_permuted(y, a, b, n_draws, rng):
    from course_utils import evaluation

    found = []
    for _ in range(n_draws):
        rows = rng.permutation(len(y))
        found.append(evaluation.roc_auc(y[rows], a[rows]) - evaluation.roc_auc(y[rows], b[rows]))
    return found


def _gains_of_most(y, a, b, n_draws, rng):
    from course_utils import evaluation

    found = []
    for _ in range(n_draws):
        rows = rng.choice(len(y), size=int(0.9 * len(y)), replace=False)
        found.append(evaluation.roc_auc(y[rows], a[rows]) - evaluation.roc_auc(y[rows], b[rows]))
    return found


def _gains_of_few(y, a, b, n_draws, rng):
    from course_utils import evaluation

    found = []
    for _ in range(n_draws):
        rows = rng.integers(len(y), size=len(y) // 3)
        found.append(evaluation.roc_auc(y[rows], a[rows]) - evaluation.roc_auc(y[rows], b[rows]))
    return found


def _gains_absolute(y, a, b, n_draws, rng):
    return np.abs(_gains(y, a, b, n_draws, rng))


def _gains_without_the_last(y, a, b, n_draws, rng):
    from course_utils import evaluation

    found = []
    for _ in range(n_draws):
        rows = rng.integers(len(y) - 1, size=len(y))
        found.append(evaluation.roc_auc(y[rows], a[rows]) - evaluation.roc_auc(y[rows], b[rows]))
    return found


def _gains_of_two_thirds(y, a, b, n_draws, rng):
    from course_utils import evaluation

    found = []
    for _ in range(n_draws):
        rows = rng.integers(len(y), size=2 * len(y) // 3)
        found.append(evaluation.roc_auc(y[rows], a[rows]) - evaluation.roc_auc(y[rows], b[rows]))
    return found


def _gains_fixed(y, a, b, n_draws, rng):
    return _gains(y, a, b, n_draws, np.random.default_rng(0))


def _gains_own_chance(y, a, b, n_draws, rng):
    return _gains(y, a, b, n_draws, np.random.default_rng())


def _gains_mean(y, a, b, n_draws, rng):
    return np.mean(_gains(y, a, b, n_draws, rng))


def _gains_silent(y, a, b, n_draws, rng):
    _gains(y, a, b, n_draws, rng)


def _gains_complaint(gains):
    """Try the reader's function on studies whose answer is known."""
    from course_utils import evaluation

    if not callable(gains):
        return _NO_FUNCTION
    y, a, b = _study(1)

    def ask(seed, n_draws=200, second=b):
        return gains(y.copy(), a.copy(), second.copy(), n_draws, np.random.default_rng(seed))

    answer = ask(1, 7)
    if answer is None:
        return _NOTHING
    if np.shape(answer) != (7,):
        return _ONE_EACH
    if np.any(np.abs(np.asarray(ask(1, 20, a), dtype=float)) > 1e-9):
        return _NOT_PAIRED
    found = np.asarray(ask(1, 1000), dtype=float)
    truth = evaluation.roc_auc(y, a) - evaluation.roc_auc(y, b)
    expected = np.std(_gains(y, a, b, 1000, np.random.default_rng(7)))
    if found.std() < 1e-9:
        return _ALL_EQUAL
    if abs(found.mean() + truth) < 0.05:
        return _TURNED
    if abs(found.mean()) < 0.05:
        return _NO_LABELS
    if abs(found.mean() - truth) > 0.05:
        return _WRONG_MIDDLE
    if found.std() < 0.85 * expected:
        return _TOO_NARROW
    if found.std() > 1.14 * expected:
        return _TOO_WIDE
    if not np.allclose(ask(1, 50), ask(1, 50)):
        return _OWN_CHANCE
    if np.allclose(ask(2, 50), ask(1, 50)):
        return _FIXED
    y, a, b = _study(3, gain=0)
    found = np.asarray(ask(4, 200, b), dtype=float)
    if found.min() >= 0 or found.max() <= 0:
        return _NO_SIGN
    y, b = np.arange(60) % 3 == 0, np.zeros(60)
    for odd in (0, 59):  # only the first, then only the last patient tells the two models apart
        a = np.where(np.arange(60) == odd, 1.0, 0.0)
        found = gains(y.astype(int), a, b.copy(), 60, np.random.default_rng(odd))
        if np.all(np.abs(np.asarray(found, dtype=float)) < 1e-12):
            return _SOMEBODY
    return ""


# --- 5.4-b: add the log-odds of those who answer ----------------------------------------------------------------------


def _fuse(answers, prior):
    base = np.log(prior / (1 - prior))
    total = np.full(len(answers), base)
    for i, row in enumerate(answers):
        for p in row:
            if not np.isnan(p):
                total[i] += np.log(p / (1 - p)) - base
    return 1 / (1 + np.exp(-total))


def _fuse_by_mask(answers, prior):
    base = np.log(prior) - np.log(1 - prior)
    extra = np.log(answers) - np.log(1 - answers) - base
    total = base + np.where(np.isnan(extra), 0, extra).sum(axis=1)
    return 1 / (1 + np.exp(-total))


def _fuse_by_odds(answers, prior):
    found = []
    for row in answers:
        odds = prior / (1 - prior)
        for p in row[~np.isnan(row)]:
            odds = odds * (p / (1 - p)) / (prior / (1 - prior))
        found.append(odds / (1 + odds))
    return found


def _fuse_by_helper(answers, prior):
    from course_utils import fusion

    filled = np.where(np.isnan(answers), prior, answers)
    return fusion.late_fusion(list(filled.T), prior)


def _fuse_mean(answers, prior):
    return np.nanmean(answers, axis=1)


def _fuse_without_prior(answers, prior):
    odds = np.nanprod(answers / (1 - answers), axis=1)
    return odds / (1 + odds)


def _fuse_prior_each(answers, prior):
    base = prior / (1 - prior)
    odds = np.nanprod(answers / (1 - answers) / base, axis=1)
    return odds / (1 + odds)


def _fuse_prior_added(answers, prior):
    odds = np.nanprod(answers / (1 - answers), axis=1) * prior / (1 - prior)
    return odds / (1 + odds)


def _fuse_half(answers, prior):
    return _fuse(np.where(np.isnan(answers), 0.5, answers), prior)


def _fuse_nan(answers, prior):
    base = np.log(prior / (1 - prior))
    total = base + np.sum(np.log(answers / (1 - answers)) - base, axis=1)
    return 1 / (1 + np.exp(-total))


def _fuse_log_odds(answers, prior):
    p = _fuse(answers, prior)
    return np.log(p / (1 - p))


def _fuse_odds(answers, prior):
    p = _fuse(answers, prior)
    return p / (1 - p)


def _fuse_mean_log_odds(answers, prior):
    o = np.nanmean(np.log(answers / (1 - answers)), axis=1)
    return 1 / (1 + np.exp(-o))


def _fuse_all_priors(answers, prior):
    """Take the prior away as often as there are columns, missing ones too."""
    base = np.log(prior / (1 - prior))
    o = np.nansum(np.log(answers / (1 - answers)), axis=1)
    return 1 / (1 + np.exp(-(o - (answers.shape[1] - 1) * base)))


def _fuse_product(answers, prior):
    return np.nanprod(answers, axis=1)


_nan = np.nan
_FUSE_CASES = (
    (np.array([[0.8, 0.6], [0.3, 0.7], [0.9, 0.9]]), 0.5),
    (np.array([[0.8, 0.6], [0.3, 0.1]]), 0.2),
    (np.array([[0.8, 0.6, 0.4], [0.05, 0.2, 0.7], [0.1, 0.1, 0.3]]), 0.1),
    (np.array([[0.8, _nan], [_nan, 0.3], [0.6, 0.6]]), 0.2),
    (np.array([[0.8, _nan, 0.6], [_nan, _nan, 0.3], [0.6, 0.6, 0.2]]), 0.3),
)

# --- 5.4-c: a head that sees both -------------------------------------------------------------------------------------

_NO_TENSOR = "`head` shall return what a Keras layer returns when it is called: a tensor with one number a patient."
_SHAPE = "One number for each patient is asked for, shape (None, 1): which layer comes last?"
_TOO_LARGE = "The head has more than 200 parameters. It can be done with fewer."
_ADDITIVE = (
    "Your head adds a number that depends on the image and a number that depends on the laboratory value: that is late "
    "fusion. Where can the effect of one depend on the other?"
)
_JOINED = "Here the two are joined, as in the joint network of the text. Let them meet in another way."
_ONE_ONLY = "The output does not depend on both inputs: which of them is left out?"
_SIGMOID = "The outputs are probabilities. The text asks for the logit, the number before the sigmoid."
_NO_SIGN_OF_LOGIT = "None of the outputs is below 0. A logit takes both signs: which activation stands at the end?"
_BOUNDED = "The output lies between -1 and 1. A logit has no bounds: which activation stands at the end?"
_WEAK = "After training, the AUC on new patients is only {auc:.2f}. More numbers between inputs and output may help."


def _sees_both(head):
    """Train small encoders with the reader's head on simulated patients, and judge it on others."""
    if not callable(head):
        return _NO_FUNCTION
    import keras
    from keras import layers
    from scipy.ndimage import gaussian_filter

    from course_utils import evaluation, fusion

    def features(n, seed):
        pairs = fusion.simulate_pairs(n, seed=seed)
        brightest = gaussian_filter(pairs.images[..., 0], (0, 1.5, 1.5)).max(axis=(1, 2))
        return [(brightest[:, np.newaxis] - 0.55) / 0.2, pairs.lab[:, np.newaxis]], pairs.y

    seen, y = features(3000, 541)
    new, y_new = features(2000, 542)
    best = 0
    for attempt in range(2):  # small networks now and then get stuck: a second start
        keras.utils.set_random_seed(attempt)
        image, lab = keras.Input((1,)), keras.Input((1,))
        encoders = layers.Dense(8, activation="relu"), layers.Dense(8, activation="relu")
        out = head(encoders[0](image), encoders[1](lab))
        if out is None:
            return _NOTHING
        if not keras.backend.is_keras_tensor(out):
            return _NO_TENSOR
        if tuple(out.shape) != (None, 1):
            return _SHAPE
        network = keras.Model([image, lab], out)
        if network.count_params() - 32 > 200:
            return _TOO_LARGE
        if any(type(step).__name__ == "Concatenate" for step in network.operations):
            return _JOINED
        complaint = _form_of(network, seen)
        if complaint:
            return complaint
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        network.compile(keras.optimizers.Adam(0.01), loss, steps_per_execution=20)
        network.fit(seen, y[:, np.newaxis].astype("float32"), batch_size=50, epochs=12, verbose=0)
        auc = evaluation.roc_auc(y_new, network(new).numpy()[:, 0])
        best = max(best, auc)
        if network(new).numpy().min() >= 0:
            return _NO_SIGN_OF_LOGIT
        if best > 0.8:
            return Right(f"{network.count_params() - 32} parameters; AUC {best:.2f} on new simulated patients.")
    return _WEAK.format(auc=best)


def _form_of(network, seen):
    """Say if the untrained output leaves one input out, is a probability, has bounds, or is a sum of two parts."""
    import keras

    for weight in network.trainable_variables:  # no bias of 0, so that no unit is silent everywhere by accident
        if len(weight.shape) == 1:
            weight.assign(keras.random.normal(weight.shape, stddev=0.3, seed=1))
    a, b = (values[:300] for values in seen)
    other_a, other_b = (values[300:600] for values in seen)

    def out(first, second):
        return network([first, second]).numpy()[:, 0].astype(float)

    both, only_a, only_b, none = out(a, b), out(a, other_b), out(other_a, b), out(other_a, other_b)
    if np.allclose(both, only_a, atol=1e-6) or np.allclose(both, only_b, atol=1e-6):
        return _ONE_ONLY
    if both.min() >= 0 and both.max() <= 1 and network.layers[-1].get_config().get("activation") == "sigmoid":
        return _SIGMOID
    if network.layers[-1].get_config().get("activation") == "tanh":
        return _BOUNDED
    if np.abs(both + none - only_a - only_b).max() < 1e-4 * np.abs(both).max():
        return _ADDITIVE
    return ""


def _head_product(h_image, h_lab):
    from keras import layers

    crossed = layers.Multiply()([layers.Dense(8)(h_image), layers.Dense(8)(h_lab)])
    return layers.Dense(1)(crossed)


def _head_product_by_sign(h_image, h_lab):
    from keras import layers

    h = layers.Dense(8)(h_image) * layers.Dense(8)(h_lab)
    return layers.Dense(1)(h)


def _head_tanh_last(h_image, h_lab):
    from keras import layers

    crossed = layers.Multiply()([layers.Dense(8)(h_image), layers.Dense(8)(h_lab)])
    return layers.Dense(1, activation="tanh")(crossed)


def _head_sum_first(h_image, h_lab):
    from keras import layers

    h = layers.Add()([layers.Dense(8)(h_image), layers.Dense(8)(h_lab)])
    return layers.Dense(1)(layers.Activation("relu")(h))


def _head_gate(h_image, h_lab):
    from keras import layers

    gate = layers.Dense(8, activation="sigmoid")(h_lab)
    return layers.Dense(1)(layers.Multiply()([layers.Dense(8)(h_image), gate]))


def _head_joint(h_image, h_lab):
    from keras import layers

    h = layers.Concatenate()([h_image, h_lab])
    return layers.Dense(1)(layers.Dense(8, activation="relu")(h))


def _head_joined_by_operation(h_image, h_lab):
    from keras import layers, ops

    return layers.Dense(1)(ops.concatenate([h_image, h_lab], axis=-1))


def _head_added(h_image, h_lab):
    from keras import layers

    return layers.Dense(1)(layers.Add()([h_image, h_lab]))


def _head_late(h_image, h_lab):
    from keras import layers

    parts = []
    for h in (h_image, h_lab):
        parts.append(layers.Dense(1)(layers.Dense(8, activation="relu")(h)))
    return layers.Add()(parts)


def _head_without_relu(h_image, h_lab):
    from keras import layers

    return layers.Dense(1)(layers.Dense(8)(layers.Add()([h_image, h_lab])))


def _head_image_only(h_image, h_lab):
    from keras import layers

    return layers.Dense(1)(layers.Dense(8, activation="relu")(h_image))


def _head_wide(h_image, h_lab):
    from keras import layers

    return layers.Dense(1)(layers.Multiply()([layers.Dense(64)(h_image), layers.Dense(64)(h_lab)]))


def _head_eight(h_image, h_lab):
    from keras import layers

    return layers.Multiply()([h_image, h_lab])


def _head_sigmoid(h_image, h_lab):
    from keras import layers

    return layers.Dense(1, activation="sigmoid")(layers.Multiply()([layers.Dense(8)(h_image), layers.Dense(8)(h_lab)]))


def _head_relu_last(h_image, h_lab):
    from keras import layers

    crossed = layers.Multiply()([layers.Dense(8)(h_image), layers.Dense(8)(h_lab)])
    return layers.Dense(1, activation="relu")(crossed)


def _head_layer(h_image, h_lab):
    from keras import layers

    return layers.Dense(1)


# --- 5.4-d: attention over what is there ------------------------------------------------------------------------------


def _pool(values, scores, present):
    weights = np.where(present == 1, np.exp(scores), 0.0)
    weights = weights / weights.sum(axis=1, keepdims=True)
    return np.sum(weights[:, :, np.newaxis] * values, axis=1)


def _pool_by_loop(values, scores, present):
    found = []
    for v, s, there in zip(values, scores, present, strict=True):
        v, s = v[there == 1], s[there == 1]
        e = np.exp(s - s.max())
        found.append(e @ v / e.sum())
    return found


def _pool_by_infinity(values, scores, present):
    masked = np.where(present > 0, scores, -np.inf)
    e = np.exp(masked - masked.max(axis=1, keepdims=True))
    a = e / e.sum(axis=1, keepdims=True)
    return np.einsum("nm,nmk->nk", a, values)


def _softmax(scores, axis=1):
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _weighted(weights, values):
    return np.sum(weights[:, :, np.newaxis] * values, axis=1)


def _pool_zero_scores(values, scores, present):
    return _weighted(_softmax(scores * present), values)


def _pool_not_renormed(values, scores, present):
    return _weighted(_softmax(scores) * present, values)


def _pool_unmasked(values, scores, present):
    return _weighted(_softmax(scores), values)


def _pool_mean(values, scores, present):
    return _weighted(present / present.sum(axis=1, keepdims=True), values)


def _pool_over_patients(values, scores, present):
    return _weighted(_softmax(np.where(present == 1, scores, -1e9), axis=0), values)


def _pool_zero_values(values, scores, present):
    return _weighted(_softmax(scores), values * present[:, :, np.newaxis])


def _pool_no_exp(values, scores, present):
    kept = scores * present
    return _weighted(kept / kept.sum(axis=1, keepdims=True), values)


def _pool_weights(values, scores, present):
    return _softmax(np.where(present == 1, scores, -1e9))


def _pool_sum(values, scores, present):
    return _weighted(np.where(present == 1, np.exp(scores), 0.0), values)


def _pool_highest(values, scores, present):
    best = np.argmax(np.where(present == 1, scores, -1e9), axis=1)
    return values[np.arange(len(values)), best]


def _pool_cases():
    rng = np.random.default_rng(54)
    cases = []
    for n, modalities, width in ((2, 2, 1), (3, 3, 2), (4, 3, 5)):
        present = np.ones((n, modalities))
        if modalities > 2:
            present[0, 1] = present[1, 0] = present[1, 2] = 0
        values = rng.normal(size=(n, modalities, width)).round(2)
        values[present == 0] = 9.0  # something stands there, and means nothing
        cases.append((values, (rng.normal(size=(n, modalities)) + 0.7).round(1), present))
    return tuple(cases)


# --- 5.4-e: two losses, one of them with gaps -------------------------------------------------------------------------


def _cross_entropy(labels, p):
    return -(labels * np.log(p) + (1 - labels) * np.log(1 - p))


def _two_task_loss(y, p, z, q, weight):
    first = _cross_entropy(y, p).mean()
    known = ~np.isnan(z)
    if not known.any():
        return first
    return first + weight * _cross_entropy(z[known], q[known]).mean()


def _two_task_by_loop(y, p, z, q, weight):
    total = sum(-np.log(b) if a == 1 else -np.log(1 - b) for a, b in zip(y, p, strict=True)) / len(y)
    second, count = 0.0, 0
    for a, b in zip(z, q, strict=True):
        if a == 0 or a == 1:
            second += -np.log(b) if a == 1 else -np.log(1 - b)
            count += 1
    return float(total + weight * second / max(count, 1))


def _two_task_by_where(y, p, z, q, weight):
    known = np.where(np.isnan(z), 0.0, 1.0)
    second = np.sum(known * _cross_entropy(np.nan_to_num(z), q)) / max(known.sum(), 1)
    return np.mean(_cross_entropy(y, p)) + weight * second


def _two_task_divided_by_all(y, p, z, q, weight):
    return _cross_entropy(y, p).mean() + weight * np.nansum(_cross_entropy(z, q)) / len(z)


def _two_task_zero_filled(y, p, z, q, weight):
    return _cross_entropy(y, p).mean() + weight * _cross_entropy(np.nan_to_num(z), q).mean()


def _two_task_half_filled(y, p, z, q, weight):
    return _cross_entropy(y, p).mean() + weight * _cross_entropy(np.where(np.isnan(z), 0.5, z), q).mean()


def _two_task_only_positive(y, p, z, q, weight):
    known = ~np.isnan(z)
    second = -np.mean(z[known] * np.log(q[known])) if known.any() else 0
    return -np.mean(y * np.log(p)) + weight * second


def _two_task_turned(y, p, z, q, weight):
    return _two_task_loss(y, 1 - p, z, 1 - q, weight)


def _two_task_nan(y, p, z, q, weight):
    return _cross_entropy(y, p).mean() + weight * _cross_entropy(z, q).mean()


def _two_task_nan_of_nobody(y, p, z, q, weight):
    known = ~np.isnan(z)
    return _cross_entropy(y, p).mean() + weight * _cross_entropy(z[known], q[known]).mean()


def _two_task_complete_only(y, p, z, q, weight):
    known = ~np.isnan(z)
    if not known.any():
        return _cross_entropy(y, p).mean()
    return _cross_entropy(y, p)[known].mean() + weight * _cross_entropy(z, q)[known].mean()


def _two_task_unweighted(y, p, z, q, weight):
    return _two_task_loss(y, p, z, q, 1.0)


def _two_task_weight_on_first(y, p, z, q, weight):
    return weight * _cross_entropy(y, p).mean() + _two_task_loss(y, p, z, q, 1.0) - _cross_entropy(y, p).mean()


def _two_task_shared(y, p, z, q, weight):
    first = _cross_entropy(y, p).mean()
    return (1 - weight) * first + weight * (_two_task_loss(y, p, z, q, 1.0) - first)


def _two_task_sums(y, p, z, q, weight):
    return _cross_entropy(y, p).sum() + weight * np.nansum(_cross_entropy(z, q))


def _two_task_sign(y, p, z, q, weight):
    return -_two_task_loss(y, p, z, q, weight)


_y, _p = np.array([1.0, 0, 1, 0]), np.array([0.8, 0.3, 0.6, 0.1])
_z, _q = np.array([1.0, _nan, _nan, 0]), np.array([0.7, 0.4, 0.2, 0.4])
_LOSS_CASES = (
    (_y, _p, np.array([1.0, 0, 0, 1]), _q, 1.0),
    (_y, _p, _z, _q, 1.0),
    (_y, _p, _z, _q, 0.3),
    (_y, _p, np.full(4, _nan), _q, 0.3),
    (np.array([0.0, 1, 1]), np.array([0.3, 0.9, 0.5]), np.array([_nan, 1.0, _nan]), np.array([0.9, 0.8, 0.1]), 2.0),
    (np.array([1.0, 0]), np.array([0.02, 0.97]), np.array([1.0, _nan]), np.array([0.03, 0.5]), 1.0),
)

EXERCISES = [
    Exercise(
        id="5.4-a",
        requirement=_gains_complaint,
        solutions=(_gains, _gains_by_choice, _gains_by_class),
        misconceptions=(
            Misconception(_gains_not_paired, _NOT_PAIRED),
            Misconception(_gains_turned, _TURNED),
            Misconception(_gains_old_labels, _NO_LABELS),
            Misconception(_gains_permuted, _ALL_EQUAL),
            Misconception(_gains_of_most, _TOO_NARROW),
            Misconception(_gains_of_few, _TOO_WIDE, also=(_gains_of_two_thirds,)),
            Misconception(_gains_absolute, _NO_SIGN),
            Misconception(_gains_without_the_last, _SOMEBODY),
            Misconception(_gains_fixed, _FIXED),
            Misconception(_gains_own_chance, _OWN_CHANCE),
            Misconception(_gains_mean, _ONE_EACH),
            Misconception(_gains_silent, _NOTHING),
            Misconception(3, _NO_FUNCTION),
        ),
        error_hint="`rng.integers(n, size=n)` gives n row numbers; `y[rows]` are the labels of these patients.",
        seconds=20,
    ),
    Exercise(
        id="5.4-b",
        expected=_fuse,
        cases=_FUSE_CASES,
        solutions=(_fuse_by_mask, _fuse_by_odds, _fuse_by_helper),
        misconceptions=(
            Misconception(
                _fuse_mean, "This is a mean. Two models that both say 0.9, each for its own reason, make more than 0.9."
            ),
            Misconception(_fuse_mean_log_odds, "The log-odds are averaged. Evidence from two sources adds up."),
            Misconception(
                _fuse_without_prior,
                "Where the prior is not 0.5, it stands in the answer of every model, and is counted once for each.",
            ),
            Misconception(_fuse_prior_each, "The prior was taken out of every answer, and not put back once."),
            Misconception(_fuse_prior_added, "The prior is in every answer already: one more makes it worse."),
            Misconception(
                _fuse_half,
                "A missing answer counted like an answer of 0.5. Which answer says nothing new about a patient?",
                also=(_fuse_all_priors,),
            ),
            Misconception(_fuse_nan, "A missing answer made the sum missing (NaN). Leave it out of the sum."),
            Misconception(_fuse_log_odds, "These are log-odds. Probabilities are asked for."),
            Misconception(_fuse_odds, "These are odds. Probabilities are asked for."),
            Misconception(_fuse_product, "Probabilities were multiplied: two answers of 0.6 would then make 0.36."),
        ),
        hint="What does each answer add to the log-odds of the prior? Go patient by patient, answer by answer.",
        error_hint="`answers[i]` are the answers for patient i; `np.isnan` says which of them are missing.",
    ),
    Exercise(
        id="5.4-c",
        requirement=_sees_both,
        solutions=(_head_product, _head_product_by_sign, _head_sum_first, _head_gate),
        misconceptions=(
            Misconception(_head_late, _ADDITIVE, also=(_head_added, _head_without_relu)),
            Misconception(_head_joint, _JOINED, also=(_head_joined_by_operation,)),
            Misconception(_head_image_only, _ONE_ONLY),
            Misconception(_head_wide, _TOO_LARGE),
            Misconception(_head_eight, _SHAPE),
            Misconception(_head_sigmoid, _SIGMOID),
            Misconception(_head_relu_last, _NO_SIGN_OF_LOGIT),
            Misconception(_head_tanh_last, _BOUNDED),
            Misconception(_head_layer, _NO_TENSOR),
            Misconception("joint", _NO_FUNCTION),
        ),
        error_hint="Make a Keras layer, then call it: `layers.Dense(8)(h)`. `layers.Add()` takes a list.",
        seconds=60,
    ),
    Exercise(
        id="5.4-d",
        expected=_pool,
        cases=_pool_cases(),
        solutions=(_pool_by_loop, _pool_by_infinity),
        misconceptions=(
            Misconception(
                _pool_zero_scores, "A score of 0 is not nothing: its exponential is 1, and the modality gets a weight."
            ),
            Misconception(
                _pool_not_renormed,
                "The weights of a patient with a missing modality do not sum to 1 any more.",
                also=(_pool_zero_values,),
            ),
            Misconception(_pool_unmasked, "What is missing still gets a weight: `present` is not used."),
            Misconception(_pool_mean, "This is the mean of what is there: the scores are not used."),
            Misconception(_pool_over_patients, "The softmax runs over the patients, not over the modalities of one."),
            Misconception(
                _pool_no_exp,
                "The scores themselves were divided by their sum. A score may be negative: what makes it positive?",
            ),
            Misconception(_pool_weights, "These are the weights. The weighted sum of the values is asked for."),
            Misconception(_pool_sum, "The weights do not sum to 1."),
            Misconception(_pool_highest, "Only the modality with the highest score is kept. The others count too."),
        ),
        hint="First the weights, shape (n, M): which of them must be 0, and what must each row sum to?",
        error_hint="To multiply weights (n, M) with values (n, M, k), the weights need a third axis: "
        "`weights[:, :, np.newaxis]`.",
    ),
    Exercise(
        id="5.4-e",
        expected=_two_task_loss,
        cases=_LOSS_CASES,
        solutions=(_two_task_by_loop, _two_task_by_where),
        misconceptions=(
            Misconception(
                _two_task_divided_by_all,
                "The second loss was divided by all patients, though only some have that label: the fewer have it, the "
                "less it counts.",
            ),
            Misconception(_two_task_zero_filled, 'A missing label was taken for 0, "no lesion". Nobody has said so.'),
            Misconception(
                _two_task_nan, "One missing label made the whole loss missing (NaN): no gradient would be left."
            ),
            Misconception(
                _two_task_nan_of_nobody, "Where nobody has the second label, the mean of nothing is NaN. What remains?"
            ),
            Misconception(
                _two_task_complete_only,
                "Patients without the second label were left out of the first loss too. They have a first label.",
            ),
            Misconception(
                _two_task_half_filled,
                "A missing label was taken for 0.5: half a lesion. Leave the patient out instead.",
            ),
            Misconception(
                _two_task_only_positive,
                "Patients with the label 0 add nothing to your loss. Look at the second half of the hint.",
            ),
            Misconception(
                _two_task_turned, "The labels are turned round: where the label is 1, a high probability is good."
            ),
            Misconception(_two_task_unweighted, "`weight` is not used."),
            Misconception(_two_task_weight_on_first, "The weight belongs to the second task."),
            Misconception(_two_task_shared, "The first loss counts fully; only the second is multiplied by `weight`."),
            Misconception(_two_task_sums, "The losses were summed over the patients. Means are asked for."),
            Misconception(_two_task_sign, "The sign: a cross-entropy is not negative."),
        ),
        hint="Check the cross-entropy of one patient by hand first. Then two means: over which patients is each taken?",
        error_hint="`np.isnan(z)` says whose second label is missing; `~` turns yes into no.",
    ),
]
