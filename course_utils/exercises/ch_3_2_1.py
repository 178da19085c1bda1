"""Checks behind the exercises of chapter 3.2.1, Generative adversarial networks."""

import functools

import numpy as np

from course_utils.exercises import Exercise, Misconception

# --- 3.2.1-a: the best answer in an unfair mixture -------------------------------------------------------------------


def _best(p, q, share_real):
    return share_real * p / (share_real * p + (1 - share_real) * q)


def _best_by_odds(p, q, share_real):
    answers = np.ones(len(p))
    for i in range(len(p)):
        if q[i] > 0 and share_real < 1:
            odds = share_real * p[i] / ((1 - share_real) * q[i])
            answers[i] = odds / (1 + odds)
    return answers


def _best_by_counts(p, q, share_real):
    counts = np.stack([100 * share_real * p, 100 * (1 - share_real) * q])
    return (counts[0] / counts.sum(axis=0)).tolist()


_P, _Q = np.array([0.4, 0.2, 0.05, 0.3]), np.array([0.1, 0.2, 0.45, 0.0])

# --- 3.2.1-b: the work of moving sand --------------------------------------------------------------------------------


def _work(a, b):
    return float(np.abs(np.cumsum(np.array(a) - np.array(b))).sum())


def _work_by_loop(a, b):
    carried, work = 0.0, 0.0
    for left, right in zip(a, b, strict=True):
        carried = carried + left - right
        work += abs(carried)
    return work


def _work_by_scipy(a, b):
    from scipy.stats import wasserstein_distance

    return wasserstein_distance(range(len(a)), range(len(b)), a, b)


# --- 3.2.1-c: one training step --------------------------------------------------------------------------------------

_RATES = {"discriminator": 0.1, "generator": 0.05}  # two rates, so that exchanged optimisers are seen
_NO_CHANGE = (
    "No weight has changed. A tape only computes gradients: `optimizer.apply(gradients, variables)` makes the step."
)
_ONE_ONLY = {
    "discriminator": "The discriminator's weights are as before: its half of the step is missing, or was not applied.",
    "generator": (
        "The generator's weights are as before: its half of the step is missing, or was not applied to its variables."
    ),
}
_HINTS = {  # a slip of the reader -> what is said
    "labels swapped": "Your discriminator learns to call real samples made, and made ones real.",
    "real forgotten": "Your discriminator's step looks at the made samples only: what about the real ones?",
    "made forgotten": "Your discriminator's step looks at the real samples only: what about the made ones?",
    "saturating": "That is the saturating loss: it has no pull just where the generator is worst.",
    "wrong sign": "Your generator helps the discriminator: it makes its samples look *less* real.",
    "no logits": "The discriminator answers with a logit, any number; your loss takes it for a probability.",
    "both fooled": (
        "In the generator's half the discriminator's weights moved as well: it learned to be fooled. Look at your "
        "second list of variables."
    ),
    "both help": (
        "In the discriminator's half the generator's weights moved as well: it learned to be found out. Look at your "
        "first list of variables."
    ),
    "generator first": "The generator has made its step first. The discriminator begins.",
    "left frozen": (
        "After the first step your discriminator never moves again: what did your function leave behind for the second?"
    ),
    "optimisers swapped": "Each network has its own optimiser: which one made the generator's step?",
    "old discriminator": (
        "Your generator listened to the discriminator as it was before its step. First a whole step, then the next."
    ),
    "summed": "Your pull grows with the size of the batch: a mean over the samples is asked for.",
    "generator summed": "Your generator's pull grows with the size of the batch: a mean is asked for, as before.",
}
_FRESH_NOISE = "Your step draws noise of its own: the same `z` is asked for in both halves."
_ERRORS = {  # what TensorFlow or Keras says -> what is said
    "No gradients provided": (
        "Nothing leads from your loss back to the weights in your list: what was computed before the tape was opened?"
    ),
    "non-persistent": "A tape can be asked only once: each half of the step has its own.",
    "nknown variable": (
        "One optimiser was given the weights of both networks, one after the other: each network has its own optimiser."
    ),
}


def _networks():
    """Return a generator and a discriminator with fixed weights, and two batches of real samples and noise."""
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(5)
    generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(2)])
    discriminator = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1)]
    )
    for model in (generator, discriminator):
        model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])
    # Logits between 0 and 1: there a loss that takes them for probabilities makes a step too, and can be recognised.
    *hidden, last, _ = discriminator.get_weights()
    discriminator.set_weights([*hidden, 0.1 * last, np.array([0.5])])
    batches = [(rng.normal(1, 1, size=(8, 2)), rng.normal(size=(8, 3))) for _ in range(2)]
    return generator, discriminator, [[tf.constant(part, "float32") for part in batch] for batch in batches]


def _optimisers():
    import keras

    return keras.optimizers.SGD(_RATES["generator"]), keras.optimizers.SGD(_RATES["discriminator"])


def _step(generator, discriminator, g_optimizer, d_optimizer, real, z, slip="", scale=1.0):
    """Make a whole step, right or with one slip."""
    import tensorflow as tf

    mean, softplus = tf.reduce_mean, tf.nn.softplus
    if slip == "optimisers swapped":
        g_optimizer, d_optimizer = d_optimizer, g_optimizer
    scale = len(real) * scale if slip == "summed" else scale
    g_scale = len(real) if slip in ("summed", "generator summed") else 1.0

    def first():
        with tf.GradientTape() as tape:
            o_real, o_made = discriminator(real), discriminator(generator(z))
            if slip == "labels swapped":
                o_real, o_made = -o_real, -o_made
            parts = [mean(softplus(-o_real)), mean(softplus(o_made))]
            if slip == "no logits":
                p_real, p_made = (tf.clip_by_value(o, 1e-7, 1 - 1e-7) for o in (o_real, o_made))
                parts = [-mean(tf.math.log(p_real)), -mean(tf.math.log(1 - p_made))]
            parts = {"real forgotten": parts[1:], "made forgotten": parts[:1]}.get(slip, parts)
            loss = scale * sum(parts)
        variables = list(discriminator.trainable_variables)
        if not variables:  # left frozen
            return
        if slip == "both help":
            extra = list(generator.trainable_variables)
            slopes = tape.gradient(loss, variables + extra)
            g_optimizer.apply(slopes[len(variables) :], extra)
            d_optimizer.apply(slopes[: len(variables)], variables)
        else:
            d_optimizer.apply(tape.gradient(loss, variables), variables)

    def second():
        with tf.GradientTape() as tape:
            o = discriminator(generator(z))
            loss = g_scale * mean(softplus(-o))
            if slip == "saturating":
                loss = -mean(softplus(o))
            elif slip == "wrong sign":
                loss = mean(softplus(o))
            elif slip == "no logits":
                loss = -mean(tf.math.log(tf.clip_by_value(o, 1e-7, 1 - 1e-7)))
        variables = list(generator.trainable_variables)
        extra = list(discriminator.trainable_variables) if slip == "both fooled" else []
        slopes = tape.gradient(loss, variables + extra)
        if slip == "old discriminator":
            first()
        g_optimizer.apply(slopes[: len(variables)], variables)
        for slope, variable in zip(slopes[len(variables) :], extra, strict=True):
            variable.assign_sub(_RATES["generator"] * slope)

    halves = {"generator first": (second, first), "old discriminator": (second,)}
    for half in halves.get(slip, (first, second)):
        half()
    if slip == "left frozen":
        discriminator.trainable = False


def _weights_after(step, **options):
    """Let `step` make two steps, on two batches, and return the weights."""
    generator, discriminator, batches = _networks()
    optimisers = _optimisers()
    for real, z in batches:
        step(generator, discriminator, *optimisers, real, z, **options)
    return {"generator": generator.get_weights(), "discriminator": discriminator.get_weights()}


@functools.cache
def _weights_after_slip(slip, scale):
    return _weights_after(_step, slip=slip, scale=scale)


def _alike(first, second, names=("generator", "discriminator")):
    return all(
        np.allclose(a, b, rtol=1e-3, atol=1e-5)
        for name in names
        for a, b in zip(first[name], second[name], strict=True)
    )


def _step_complaint(training_step):
    """Let the reader's function make two steps, and compare the weights with those of a right one."""
    if not callable(training_step):
        return "A function is asked for: give its name, without calling it."
    try:
        found = _weights_after(training_step)
    except (ValueError, RuntimeError, KeyError) as error:
        for words, hint in _ERRORS.items():
            if words in str(error):
                return hint
        raise
    start = _weights_after(lambda *arguments: None)
    if any(not np.all(np.isfinite(weight)) for weights in found.values() for weight in weights):
        return "After your step some weights are no numbers any more. Which loss takes the logarithm of a logit?"
    if any(_alike(found, _weights_after_slip("", scale)) for scale in (1.0, 0.5)):  # the sum or the mean of both
        return ""
    if _alike(found, start):
        return _NO_CHANGE
    for name, hint in _ONE_ONLY.items():
        if _alike(found, start, [name]):
            return hint
    for slip, hint in _HINTS.items():
        if any(_alike(found, _weights_after_slip(slip, scale)) for scale in (1.0, 0.5)):
            return hint
    if not _alike(found, _weights_after_again(training_step, found)):
        return _FRESH_NOISE
    return (
        "Compare the halves with the text, one by one: the loss of one logit, the mean over the samples, the same `z`, "
        "and the order. Does your first half alone do the same as `discriminator_step` above?"
    )


def _weights_after_again(training_step, found):
    """Return the weights after the same two steps once more; those found before, where a function runs only once."""
    try:
        return _weights_after(training_step)
    except Exception:  # a compiled function may refuse other networks
        return found


def _step_with_softplus(generator, discriminator, g_optimizer, d_optimizer, real, z):
    import tensorflow as tf

    made = generator(z)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softplus(-discriminator(real)))
        loss += tf.reduce_mean(tf.nn.softplus(discriminator(made)))
    variables = discriminator.trainable_variables
    d_optimizer.apply(tape.gradient(loss, variables), variables)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softplus(-discriminator(generator(z))))
    variables = generator.trainable_variables
    g_optimizer.apply(tape.gradient(loss, variables), variables)


def _step_with_keras_losses(generator, discriminator, g_optimizer, d_optimizer, real, z):
    import keras
    import tensorflow as tf

    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    n = len(real)
    samples = tf.concat([real, generator(z)], axis=0)
    labels = tf.concat([tf.ones((n, 1)), tf.zeros((n, 1))], axis=0)
    with tf.GradientTape() as tape:
        loss = entropy(labels, discriminator(samples, training=True))
    slopes = tape.gradient(loss, discriminator.trainable_weights)
    d_optimizer.apply_gradients(zip(slopes, discriminator.trainable_weights, strict=True))
    with tf.GradientTape() as tape:
        loss = entropy(tf.ones((n, 1)), discriminator(generator(z, training=True)))
    slopes = tape.gradient(loss, generator.trainable_weights)
    g_optimizer.apply_gradients(zip(slopes, generator.trainable_weights, strict=True))


def _step_with_one_tape(generator, discriminator, g_optimizer, d_optimizer, real, z):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        p_real, p_made = tf.sigmoid(discriminator(real)), tf.sigmoid(discriminator(generator(z)))
        loss = -tf.reduce_mean(tf.math.log(p_real)) - tf.reduce_mean(tf.math.log(1 - p_made))
    slopes = tape.gradient(loss, discriminator.trainable_variables)
    d_optimizer.apply(slopes, discriminator.trainable_variables)
    with tf.GradientTape() as tape:
        loss_g = -tf.reduce_mean(tf.math.log(tf.sigmoid(discriminator(generator(z)))))
    g_optimizer.apply(tape.gradient(loss_g, generator.trainable_variables), generator.trainable_variables)


def _with_slip(slip):
    def training_step(generator, discriminator, g_optimizer, d_optimizer, real, z):
        _step(generator, discriminator, g_optimizer, d_optimizer, real, z, slip=slip)

    return training_step


def _step_frozen_and_freed(generator, discriminator, g_optimizer, d_optimizer, real, z):
    import tensorflow as tf

    discriminator.trainable = True
    _discriminator_only(generator, discriminator, g_optimizer, d_optimizer, real, z)
    discriminator.trainable = False
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softplus(-discriminator(generator(z))))
    g_optimizer.apply(tape.gradient(loss, generator.trainable_variables), generator.trainable_variables)


def _fresh_noise(generator, discriminator, g_optimizer, d_optimizer, real, z):
    import tensorflow as tf

    _discriminator_only(generator, discriminator, g_optimizer, d_optimizer, real, z)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softplus(-discriminator(generator(tf.random.normal(z.shape)))))
    g_optimizer.apply(tape.gradient(loss, generator.trainable_variables), generator.trainable_variables)


def _made_before_the_tape(generator, discriminator, g_optimizer, d_optimizer, real, z):
    import tensorflow as tf

    made = generator(z)
    _discriminator_only(generator, discriminator, g_optimizer, d_optimizer, real, z)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softplus(-discriminator(made)))
    g_optimizer.apply(tape.gradient(loss, generator.trainable_variables), generator.trainable_variables)


def _one_tape_asked_twice(generator, discriminator, g_optimizer, d_optimizer, real, z):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        o_real, o_made = discriminator(real), discriminator(generator(z))
        loss_d = tf.reduce_mean(tf.nn.softplus(-o_real)) + tf.reduce_mean(tf.nn.softplus(o_made))
        loss_g = tf.reduce_mean(tf.nn.softplus(-o_made))
    d_optimizer.apply(tape.gradient(loss_d, discriminator.trainable_variables), discriminator.trainable_variables)
    g_optimizer.apply(tape.gradient(loss_g, generator.trainable_variables), generator.trainable_variables)


def _one_optimiser(generator, discriminator, g_optimizer, d_optimizer, real, z):
    _step(generator, discriminator, g_optimizer, g_optimizer, real, z)


def _discriminator_only(generator, discriminator, g_optimizer, d_optimizer, real, z):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softplus(-discriminator(real)) + tf.nn.softplus(discriminator(generator(z))))
    variables = discriminator.trainable_variables
    d_optimizer.apply(tape.gradient(loss, variables), variables)


def _gradients_only(generator, discriminator, g_optimizer, d_optimizer, real, z):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softplus(-discriminator(generator(z))))
    return tape.gradient(loss, generator.trainable_variables)


# --- 3.2.1-d: valid, unique, novel -----------------------------------------------------------------------------------


def _count(made, training):
    valid = [text for text in made if text is not None]
    different = set(valid)
    return len(valid) / len(made), len(different) / len(valid), len(different - set(training)) / len(different)


def _count_by_loop(made, training):
    n_valid, different, new = 0, [], 0
    for text in made:
        if text is None:
            continue
        n_valid += 1
        if text not in different:
            different.append(text)
            if text not in training:
                new += 1
    return [n_valid / len(made), len(different) / n_valid, new / len(different)]


def _count_with_pandas(made, training):
    import pandas as pd

    valid = pd.Series(made, dtype=object).dropna()
    different = valid.drop_duplicates()
    return np.array([len(valid) / len(made), len(different) / len(valid), (~different.isin(training)).mean()])


def _unique_of_all(made, training):
    valid, unique, novel = _count(made, training)
    return valid, unique * valid, novel


def _novel_of_texts(made, training):
    valid = [text for text in made if text is not None]
    return (*_count(made, training)[:2], sum(text not in training for text in valid) / len(valid))


def _with_none(made, training):
    different = set(made)
    valid = [text for text in made if text is not None]
    return len(valid) / len(made), len(different) / len(valid), len(different - set(training)) / len(different)


def _known_instead(made, training):
    valid, unique, novel = _count(made, training)
    return valid, unique, 1 - novel


def _of_all(made, training):
    valid, unique, novel = _count(made, training)
    return valid, unique * valid, novel * unique * valid


_COUNT_CASES = (
    (["CCO", "CCO", None, "c1ccccc1", "CCN"], ["CCO", "CCC"]),
    ([None, "CCC", "CCC", "CCC", "CO", None, "CN", "CN"], ["CN", "CCC", "CCCl"]),
    (["C", "CC", "CCC"], ["O", "N"]),
    (["CO", "CO", "CO", "CO", None], ["CO", "N"]),
)

EXERCISES = [
    Exercise(
        "3.2.1-a",
        expected=_best,
        tolerance=1e-4,
        cases=((_P, _Q, 0.5), (_P, _Q, 0.9), (_P, _Q, 0.2), (_P[:2], _Q[:2], 1.0)),
        solutions=(_best_by_odds, _best_by_counts),
        misconceptions=(
            Misconception(
                lambda p, q, share_real: p / (p + q),
                "You left out the share: where real samples are rare, a sample is more often made.",
            ),
            Misconception(
                lambda p, q, share_real: share_real * p / (p + q),
                "The share belongs to each kind: which share do the made samples have, in the lower line too?",
            ),
            Misconception(
                lambda p, q, share_real: share_real * p / (share_real * p + q),
                "The real samples have got their share. Which share have the made ones?",
            ),
            Misconception(
                lambda p, q, share_real: _best(p, q, 1 - share_real),
                "The two shares are exchanged: `share_real` belongs to `p`.",
            ),
            Misconception(
                lambda p, q, share_real: 1 - _best(p, q, share_real),
                "That is the probability of being made.",
            ),
            Misconception(
                lambda p, q, share_real: np.round(_best(p, q, share_real), 2),
                "Do not round: the exact shares are asked for.",
            ),
            Misconception(
                lambda p, q, share_real: share_real * p / ((1 - share_real) * q + 1e-300),
                "These are the odds, real to made. A probability divides by both together.",
            ),
        ),
        hint="Take the first place and a share of 0.9: how many of 100 samples lie there, of each kind?",
    ),
    Exercise(
        "3.2.1-b",
        expected=_work,
        cases=(
            ([1.0, 0.0, 0.0], [0.0, 0.0, 1.0]),
            ([0.5, 0.5, 0.0], [0.0, 0.5, 0.5]),
            ([0.0, 1.0, 0.0], [0.5, 0.0, 0.5]),
            ([0.25, 0.25, 0.25, 0.25], [0.25, 0.25, 0.25, 0.25]),
            ([0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]),
        ),
        solutions=(_work_by_loop, _work_by_scipy),
        misconceptions=(
            Misconception(
                lambda a, b: float(np.abs(np.array(a) - np.array(b)).sum()),
                "You compared place by place: that does not see how far the sand has to go.",
            ),
            Misconception(
                lambda a, b: float(np.abs(np.array(a) - np.array(b)).sum() / 2),
                "That is how much sand must move, not how far.",
            ),
            Misconception(
                lambda a, b: float(np.cumsum(np.array(a) - np.array(b)).sum()),
                "Sand that goes left and sand that goes right cancel in your sum: both are work.",
            ),
            Misconception(
                lambda a, b: float(abs(np.cumsum(np.array(a) - np.array(b)).sum())),
                "You took the absolute value of the whole sum (that is the difference of the means). Each border is "
                "crossed by itself.",
            ),
            Misconception(
                lambda a, b: float(np.abs(np.cumsum(np.array(a) - np.array(b))).max()),
                "That is the busiest border. The work is done at every border.",
            ),
            Misconception(
                lambda a, b: float(np.abs(np.cumsum(np.array(a) - np.array(b))).mean()),
                "You took the mean over the places. Work adds up.",
            ),
            Misconception(
                lambda a, b: np.abs(np.cumsum(np.array(a) - np.array(b))).tolist(),
                "That is the work at each border. Asked for is one number.",
            ),
        ),
        hint="Write the two lists under each other. What stands too much on the left of each border?",
        error_hint="Lists cannot be subtracted from each other: `np.array(a)` can.",
    ),
    Exercise(
        "3.2.1-c",
        requirement=_step_complaint,
        solutions=(_step_with_softplus, _step_with_keras_losses, _step_with_one_tape, _step_frozen_and_freed),
        misconceptions=(
            *(Misconception(_with_slip(slip), hint) for slip, hint in _HINTS.items()),
            Misconception(_fresh_noise, _FRESH_NOISE),
            Misconception(_made_before_the_tape, _ERRORS["No gradients provided"]),
            Misconception(_one_tape_asked_twice, _ERRORS["non-persistent"]),
            Misconception(_one_optimiser, _ERRORS["nknown variable"]),
            Misconception(_discriminator_only, _ONE_ONLY["generator"]),
            Misconception(_gradients_only, _NO_CHANGE),
        ),
        seconds=60,
    ),
    Exercise(
        "3.2.1-d",
        expected=_count,
        cases=_COUNT_CASES,
        solutions=(_count_by_loop, _count_with_pandas),
        misconceptions=(
            Misconception(_unique_of_all, "The second share is among the valid ones, not among all."),
            Misconception(
                _novel_of_texts,
                "The third share counts *different* molecules: a copy of a new one is not new once more.",
            ),
            Misconception(_with_none, "`None` is no molecule: it must not count as a different one."),
            Misconception(_known_instead, "Your third share is of those that *are* in the training set."),
            Misconception(_of_all, "Each share is taken of what the one before has left, not of all texts."),
            Misconception(
                lambda made, training: tuple(_count(made, training)[:2]),
                "Three shares are asked for.",
            ),
            Misconception(
                lambda made, training: tuple(100 * share for share in _count(made, training)),
                "These are percentages: a share lies between 0 and 1.",
            ),
            Misconception(
                lambda made, training: (
                    sum(text is not None for text in made),
                    len(set(made) - {None}),
                    len(set(made) - {None, *training}),
                ),
                "These are counts. Each has to be divided: by which number?",
            ),
        ),
        hint="Do the first case on paper: which are valid, which of these are different, which of those are new?",
    ),
]
