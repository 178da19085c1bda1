"""Checks behind the exercises of chapter 5.1, Efficient algorithms."""

import numpy as np

from course_utils.exercises import Exercise, Misconception

# --- a: a block that widens first ------------------------------------------------------------------------------------


def _block_macs(height, width, c_in, c_out, factor, kernel, stride):
    wide, left = factor * c_in, (height // stride) * (width // stride)
    return height * width * c_in * wide + left * kernel**2 * wide + left * wide * c_out


def _block_in_layers(height, width, c_in, c_out, factor, kernel, stride):
    total = 0
    for size, products in (
        ((height, width), c_in * c_in * factor),
        ((height // stride, width // stride), kernel * kernel * c_in * factor),
        ((height // stride, width // stride), c_in * factor * c_out),
    ):
        total += size[0] * size[1] * products
    return total


def _block_in_floats(height, width, c_in, c_out, factor, kernel, stride):
    before = height * width
    after = before / stride**2
    return c_in * factor * (before * c_in + after * (kernel**2 + c_out))


def _block_with(first=None, depthwise=None, last=None):
    """Return the count with one layer counted in another way; each gets (before, after, c_in, wide, c_out, kernel)."""

    def wrong(height, width, c_in, c_out, factor, kernel, stride):
        numbers = (height * width, height * width // stride**2, c_in, factor * c_in, c_out, kernel)
        right = (
            lambda before, after, c_in, wide, c_out, kernel: before * c_in * wide,
            lambda before, after, c_in, wide, c_out, kernel: after * kernel**2 * wide,
            lambda before, after, c_in, wide, c_out, kernel: after * wide * c_out,
        )
        rules = [mine or usual for mine, usual in zip((first, depthwise, last), right, strict=True)]
        return sum(rule(*numbers) for rule in rules)

    return wrong


def _block_of_weights(height, width, c_in, c_out, factor, kernel, stride):
    wide = factor * c_in
    return c_in * wide + kernel**2 * wide + wide * c_out


def _block_stride_once(height, width, c_in, c_out, factor, kernel, stride):
    """Divide the positions by the stride once instead of once per side."""
    wide, left = factor * c_in, height * width // stride
    return height * width * c_in * wide + left * (kernel**2 * wide + wide * c_out)


_BLOCKS = [(8, 8, 4, 6, 3, 3, 1), (8, 8, 4, 6, 3, 3, 2), (16, 8, 3, 5, 6, 5, 2), (12, 12, 2, 7, 4, 3, 3)]

# --- b: a loss for many classes --------------------------------------------------------------------------------------


def _tf():
    import tensorflow as tf

    return tf


def _soft_loss(teacher_logits, student_logits, temperature):
    tf = _tf()
    taught = tf.nn.softmax(teacher_logits / temperature)
    said = tf.nn.log_softmax(student_logits / temperature)
    return -tf.reduce_mean(tf.reduce_sum(taught * said, axis=1)) * temperature**2


def _soft_loss_of_tensorflow(teacher_logits, student_logits, temperature):
    tf = _tf()
    taught = tf.nn.softmax(teacher_logits / temperature)
    each = tf.nn.softmax_cross_entropy_with_logits(labels=taught, logits=student_logits / temperature)
    return tf.reduce_mean(each) * temperature**2


def _soft_loss_of_keras(teacher_logits, student_logits, temperature):
    import keras

    taught = keras.ops.softmax(teacher_logits / temperature)
    each = keras.losses.categorical_crossentropy(taught, student_logits / temperature, from_logits=True)
    return temperature * temperature * keras.ops.mean(each)


def _soft_loss_by_loop(teacher_logits, student_logits, temperature):
    tf = _tf()
    total = 0.0
    for i in range(teacher_logits.shape[0]):
        taught = tf.nn.softmax(teacher_logits[i] / temperature)
        scaled = student_logits[i] / temperature
        total -= tf.reduce_sum(taught * (scaled - tf.reduce_logsumexp(scaled)))
    return total * temperature**2 / teacher_logits.shape[0]


def _soft_loss_with(factor=2, teacher=True, student=True, mean="rows", swapped=False, entropy=False, hard=False):
    """Return the loss with one thing changed."""

    def wrong(teacher_logits, student_logits, temperature):
        tf = _tf()
        first, second = (student_logits, teacher_logits) if swapped else (teacher_logits, student_logits)
        taught = tf.nn.softmax(first / (temperature if teacher else 1.0))
        if hard:
            taught = tf.one_hot(tf.argmax(first, axis=1), first.shape[1])
        said = tf.nn.log_softmax(second / (temperature if student else 1.0))
        each = -tf.reduce_sum(taught * said, axis=1)
        if entropy:
            each += tf.reduce_sum(taught * tf.nn.log_softmax(first / temperature), axis=1)
        total = {"rows": tf.reduce_mean(each), "sum": tf.reduce_sum(each), "all": tf.reduce_mean(each) / first.shape[1]}
        return total[mean] * float(temperature) ** factor

    return wrong


def _soft_loss_across_rows(teacher_logits, student_logits, temperature):
    tf = _tf()
    taught = tf.nn.softmax(teacher_logits / temperature, axis=0)
    said = tf.nn.log_softmax(student_logits / temperature, axis=0)
    return -tf.reduce_mean(tf.reduce_sum(taught * said, axis=1)) * temperature**2


def _soft_loss_positive(teacher_logits, student_logits, temperature):
    return -_soft_loss(teacher_logits, student_logits, temperature)


def _soft_loss_of_sigmoids(teacher_logits, student_logits, temperature):
    tf = _tf()
    each = tf.nn.sigmoid_cross_entropy_with_logits(
        labels=tf.nn.sigmoid(teacher_logits / temperature), logits=student_logits / temperature
    )
    return tf.reduce_mean(tf.reduce_sum(each, axis=1)) * temperature**2


def _soft_loss_overflowing(teacher_logits, student_logits, temperature):
    """Divide exponentials: right for small logits, nan for large ones."""
    tf = _tf()
    taught, said = [tf.exp(logits / temperature) for logits in (teacher_logits, student_logits)]
    taught, said = [values / tf.reduce_sum(values, axis=1, keepdims=True) for values in (taught, said)]
    return -tf.reduce_mean(tf.reduce_sum(taught * tf.math.log(said), axis=1)) * temperature**2


def _soft_loss_with_a_small_number(teacher_logits, student_logits, temperature):
    tf = _tf()
    taught, said = [tf.nn.softmax(logits / temperature) for logits in (teacher_logits, student_logits)]
    return -tf.reduce_mean(tf.reduce_sum(taught * tf.math.log(said + 1e-7), axis=1)) * temperature**2


def _soft_loss_cut_off(teacher_logits, student_logits, temperature):
    tf = _tf()
    taught, said = [tf.nn.softmax(logits / temperature) for logits in (teacher_logits, student_logits)]
    said = tf.clip_by_value(said, 1e-12, 1.0)
    return -tf.reduce_mean(tf.reduce_sum(taught * tf.math.log(said), axis=1)) * temperature**2


def _soft_loss_in_numpy(teacher_logits, student_logits, temperature):
    return _number_of(np.asarray(teacher_logits), np.asarray(student_logits), temperature)


def _wrong_soft_losses():
    return [
        (_soft_loss_with(factor=0), "The sum is right. The square of the temperature is missing as a factor."),
        (_soft_loss_with(factor=1), "The factor is the *square* of the temperature."),
        (
            _soft_loss_with(factor=-2),
            "You divided by the square of the temperature. Dividing logits shrinks gradients.",
        ),
        (_soft_loss_with(teacher=False), "The teacher's probabilities are those of temperature 1. Both are softened."),
        (_soft_loss_with(student=False), "The student's probabilities are those of temperature 1. Both are softened."),
        (_soft_loss_with(swapped=True), "Teacher and student are exchanged: whose logarithm is taken?"),
        (
            _soft_loss_with(entropy=True),
            "That is the Kullback-Leibler divergence: the teacher's own entropy is subtracted. Asked for is the "
            "cross-entropy.",
        ),
        (
            _soft_loss_with(hard=True),
            "You took the teacher's most likely class. Then what it says of the others is lost.",
        ),
        (_soft_loss_with(mean="sum"), "You summed over the rows. The mean over the rows is asked for."),
        (
            _soft_loss_with(mean="all"),
            "You averaged over rows *and* classes. Over the classes the formula has a sum.",
        ),
        (_soft_loss_across_rows, "Your softmax runs down the rows. The probabilities of one row add up to 1."),
        (_soft_loss_positive, "The sign is turned round: training would drive the student away."),
        (_soft_loss_of_sigmoids, "Sigmoids let every class be likely at once. With softmax they add up to 1."),
    ]


def _number_of(teacher_logits, student_logits, temperature):
    taught, said = [np.asarray(logits, float) / temperature for logits in (teacher_logits, student_logits)]
    taught, said = [values - values.max(axis=1, keepdims=True) for values in (taught, said)]
    taught = np.exp(taught) / np.exp(taught).sum(axis=1, keepdims=True)
    said = said - np.log(np.exp(said).sum(axis=1, keepdims=True))
    return float(-(taught * said).sum(axis=1).mean() * temperature**2)


def _logits():
    rng = np.random.default_rng(4)
    for n, n_classes, temperature in ((5, 3, 2.0), (2, 4, 3.0), (4, 2, 1.5)):
        yield (*[2 * rng.normal(size=(n, n_classes)).astype("float32") for _ in range(2)], temperature)


def _judge_soft_loss(soft_loss):
    tf = _tf()
    if not callable(soft_loss):
        return "A function is asked for."
    for teacher_logits, student_logits, temperature in _logits():
        tensors = [tf.constant(values) for values in (teacher_logits, student_logits)]
        with tf.GradientTape() as tape:
            tape.watch(tensors[1])
            value = soft_loss(*tensors, temperature)
        try:
            number = float(np.asarray(value))
        except (TypeError, ValueError):
            return f"One number is asked for, got something of shape {np.shape(value)}."
        right = _number_of(teacher_logits, student_logits, temperature)
        if not np.isclose(number, right, rtol=1e-4, atol=1e-5):
            for wrong, hint in _wrong_soft_losses():
                if np.isclose(number, float(wrong(*tensors, temperature)), rtol=1e-4, atol=1e-5):
                    return hint
            return (
                f"For {len(teacher_logits)} rows, {teacher_logits.shape[1]} classes and temperature {temperature:g} "
                f"your loss is {number:.4g}, and that is not right. Compute one row on paper, with two classes."
            )
        gradient = tape.gradient(value, tensors[1]) if tf.is_tensor(value) else None
        if gradient is None:
            return "The value is right, but no gradient flows back to the student: use functions of TensorFlow only."
    large = [tf.constant([[1000.0, 0.0, 990.0]]), tf.constant([[0.0, 1000.0, 500.0]])]
    number = float(np.asarray(soft_loss(*large, 2.0)))
    if not np.isclose(number, _number_of(*[np.asarray(values) for values in large], 2.0), rtol=1e-3):
        return (
            "For logits near 1000 a probability becomes 0 or overflows, and a small number added to it, or cutting it "
            "off, changes the loss. Is there a function that gives the logarithm at once?"
        )
    return ""


# --- c: fewer bits, channel by channel -------------------------------------------------------------------------------


def _rounded(weights, bits):
    step = np.abs(weights).max(axis=0) / (2 ** (bits - 1) - 1)
    return np.round(weights / step) * step


def _rounded_by_loop(weights, bits):
    found = np.zeros(weights.shape)
    for column in range(weights.shape[1]):
        step = max(abs(value) for value in weights[:, column]) / (2 ** (bits - 1) - 1)
        for row in range(weights.shape[0]):
            found[row, column] = step * round(weights[row, column] / step)
    return found


def _rounded_to_list(weights, bits):
    return _rounded(weights, bits).tolist()


def _rounded_with(axis=0, levels=None, turn=np.round, back=True):
    def wrong(weights, bits):
        most = np.abs(weights).max(axis=axis, keepdims=True)
        step = most / (2 ** (bits - 1) - 1 if levels is None else levels(bits))
        return turn(weights / step) * (step if back else 1)

    return wrong


def _rounded_over_range(weights, bits):
    """Cover smallest to largest value, instead of a range around 0."""
    low, high = weights.min(axis=0), weights.max(axis=0)
    step = (high - low) / (2**bits - 1)
    return np.round((weights - low) / step) * step + low


def _rounded_range_step(weights, bits):
    """The step of the whole range, with zero point 0."""
    step = (weights.max(axis=0) - weights.min(axis=0)) / (2**bits - 1)
    return np.round(weights / step) * step


def _rounded_and_cut(weights, bits):
    """One level too many, and the largest value cut back to the last one."""
    step = np.abs(weights).max(axis=0) / 2 ** (bits - 1)
    return np.clip(np.round(weights / step), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * step


def _largest_signed(weights, bits):
    step = weights.max(axis=0) / (2 ** (bits - 1) - 1)
    return np.round(weights / step) * step


def _weight_tables():
    rng = np.random.default_rng(3)
    hand = np.array([[0.9, -2.0], [-0.4, 0.7], [0.1, 0.3]])
    table = rng.normal(size=(6, 3)) * [0.1, 1.0, 5.0]
    return [(hand, 3), (table, 4), (table, 8), (rng.normal(size=(5, 1)) - 0.5, 2)]


# --- d: unequal hosts ------------------------------------------------------------------------------------------------


def _shared_gradient(gradients, counts):
    total = 0.0
    for gradient, count in zip(gradients, counts, strict=True):
        if count > 0:
            total = total + count * gradient
    return total / sum(counts)


def _shared_by_average(gradients, counts):
    there = [gradient for gradient, count in zip(gradients, counts, strict=True) if count]
    return np.average(np.stack(there), axis=0, weights=[count for count in counts if count])


def _shared_with_zeros(gradients, counts):
    shares = np.array(counts) / np.sum(counts)
    return shares @ np.nan_to_num(np.array(gradients))


def _shared_place_by_place(gradients, counts):
    found = []
    for place in range(len(gradients[0])):
        found.append(sum(g[place] * c for g, c in zip(gradients, counts, strict=True) if c) / sum(counts))
    return found


def _shared_plain_mean(gradients, counts):
    there = [gradient for gradient, count in zip(gradients, counts, strict=True) if count]
    return np.mean(np.stack(there), axis=0)


def _shared_mean_of_all(gradients, counts):
    return np.mean(np.stack(gradients), axis=0)


def _shared_mean_with_zeros(gradients, counts):
    return np.mean(np.nan_to_num(np.array(gradients)), axis=0)


def _shared_with_nan(gradients, counts):
    return sum(count * gradient for count, gradient in zip(counts, gradients, strict=True)) / sum(counts)


def _shared_sum(gradients, counts):
    return _shared_gradient(gradients, counts) * sum(counts)


def _shared_over_hosts(gradients, counts):
    return _shared_sum(gradients, counts) / len(counts)


def _shared_sum_of_means(gradients, counts):
    return _shared_plain_mean(gradients, counts) * sum(count > 0 for count in counts)


def _shared_as_number(gradients, counts):
    """Average over the weights as well."""
    return np.mean(_shared_gradient(gradients, counts))


def _hosts():
    rng = np.random.default_rng(7)
    cases = [([np.array([1.0]), np.array([11 / 3])], [1, 3])]
    for counts in ([4, 4], [10, 2, 5], [3, 0, 9]):
        cases.append(([rng.normal(size=3).round(2) if count else np.full(3, np.nan) for count in counts], counts))
    return cases


EXERCISES = [
    Exercise(
        "5.1-a",
        expected=_block_macs,
        cases=_BLOCKS,
        solutions=(_block_in_layers, _block_in_floats),
        misconceptions=(
            Misconception(
                _block_with(depthwise=lambda before, after, c_in, wide, c_out, kernel: after * kernel**2 * wide * wide),
                "You counted the middle layer as a full convolution. In a depthwise one a channel sees only itself.",
            ),
            Misconception(
                _block_with(depthwise=lambda before, after, c_in, wide, c_out, kernel: after * kernel**2 * c_in),
                "The middle layer works on the widened channels.",
            ),
            Misconception(
                _block_with(last=lambda before, after, c_in, wide, c_out, kernel: before * wide * c_out),
                "The last layer comes after the stride: how many positions are left for it?",
            ),
            Misconception(
                _block_with(first=lambda before, after, c_in, wide, c_out, kernel: after * c_in * wide),
                "The first layer comes before the stride: it works at all positions.",
            ),
            Misconception(
                _block_with(
                    depthwise=lambda before, after, c_in, wide, c_out, kernel: before * kernel**2 * wide,
                    last=lambda before, after, c_in, wide, c_out, kernel: before * wide * c_out,
                ),
                "The stride is missing: the second layer computes outputs at fewer positions.",
            ),
            Misconception(
                _block_with(depthwise=lambda before, after, c_in, wide, c_out, kernel: before * kernel**2 * wide),
                "With a stride the depthwise layer computes fewer outputs; count at its *outputs*.",
            ),
            Misconception(
                _block_with(last=lambda before, after, c_in, wide, c_out, kernel: after * c_in * c_out),
                "The last layer takes the widened channels and leads them to the output.",
            ),
            Misconception(
                _block_with(first=lambda before, after, c_in, wide, c_out, kernel: before * c_in * c_in),
                "The first layer leads to the widened channels: how many outputs has one position?",
                also=(_block_with(first=lambda before, after, c_in, wide, c_out, kernel: before * wide),),
            ),
            Misconception(
                _block_of_weights,
                "That is the number of weights. Each is used at every position of the output.",
            ),
            Misconception(
                _block_stride_once,
                "A stride shortens the height *and* the width.",
            ),
            Misconception(
                _block_with(first=lambda before, after, c_in, wide, c_out, kernel: 0),
                "The layer that widens is missing.",
            ),
            Misconception(
                _block_with(depthwise=lambda before, after, c_in, wide, c_out, kernel: after * kernel * wide),
                "A window has as many places as its area: both sides count.",
            ),
        ),
        hint="Take the first case, where the stride is 1, and write down the products of each of the three layers.",
    ),
    Exercise(
        "5.1-b",
        requirement=_judge_soft_loss,
        solutions=(_soft_loss, _soft_loss_of_tensorflow, _soft_loss_of_keras, _soft_loss_by_loop),
        misconceptions=(
            *(Misconception(wrong, hint) for wrong, hint in _wrong_soft_losses()),
            Misconception(
                _soft_loss_overflowing,
                "For logits near 1000 a probability becomes 0 or overflows, and a small number added to it, or cutting "
                "it off, changes the loss. Is there a function that gives the logarithm at once?",
                also=(_soft_loss_with_a_small_number, _soft_loss_cut_off),
            ),
            Misconception(
                _soft_loss_in_numpy,
                "The value is right, but no gradient flows back to the student: use functions of TensorFlow only.",
            ),
        ),
        seconds=30,
    ),
    Exercise(
        "5.1-c",
        expected=_rounded,
        cases=_weight_tables(),
        solutions=(_rounded_by_loop, _rounded_to_list),
        tolerance=1e-6,
        misconceptions=(
            Misconception(
                _rounded_with(axis=None),
                "You used one step for the whole table. The column with small weights then has few levels left.",
            ),
            Misconception(
                _rounded_with(axis=1),
                "Your steps go along the rows. Which axis has the channels, and over which is the maximum taken?",
            ),
            Misconception(
                _rounded_with(levels=lambda bits: 2**bits - 1),
                "That is a step for positive values only. One bit is needed for the sign.",
            ),
            Misconception(
                _rounded_with(levels=lambda bits: 2 ** (bits - 1)),
                "The largest whole number is one less than half of the levels: 127 for eight bits, not 128.",
                also=(_rounded_and_cut,),
            ),
            Misconception(
                _rounded_with(turn=np.floor),
                "You rounded down. The error may then be a whole step; rounding to the nearest keeps it within half.",
                also=(_rounded_with(turn=np.trunc), _rounded_with(turn=np.ceil)),
            ),
            Misconception(
                _rounded_with(back=False),
                "Those are the whole numbers. Asked for are the values that they stand for.",
            ),
            Misconception(
                _rounded_over_range,
                "You covered the range from smallest to largest value. Here 0 must stay 0: the range is symmetric.",
                also=(_rounded_range_step,),
            ),
            Misconception(
                _largest_signed,
                "The largest weight of a column may be negative: the step depends on the largest magnitude.",
            ),
        ),
        hint="Do the first column of the first case on paper: its step, the whole numbers, the values.",
    ),
    Exercise(
        "5.1-d",
        expected=_shared_gradient,
        cases=_hosts(),
        solutions=(_shared_by_average, _shared_with_zeros, _shared_place_by_place),
        tolerance=1e-6,
        misconceptions=(
            Misconception(
                _shared_plain_mean,
                "Every host counts alike. A host with one patient then weighs as much as one with many.",
                also=(_shared_mean_of_all, _shared_mean_with_zeros),
            ),
            Misconception(
                _shared_with_nan,
                "A host without patients has turned everything into nan: 0 * nan is nan, not 0.",
            ),
            Misconception(_shared_sum, "That is the sum over all patients. By what is it to be divided?"),
            Misconception(_shared_over_hosts, "You divided by the number of hosts instead of the number of patients."),
            Misconception(_shared_sum_of_means, "You added the means of the hosts without weighting or dividing them."),
            Misconception(
                _shared_as_number, "The array keeps its shape: the mean runs over patients, not over weights."
            ),
        ),
        hint="Turn each host's mean back into the sum over its patients; then all patients are alike.",
    ),
]
