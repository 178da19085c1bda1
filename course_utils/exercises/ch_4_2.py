"""Checks behind the exercises of chapter 4.2, Lab: drug discovery."""

import numpy as np

from course_utils.exercises import Exercise, Misconception
from course_utils.exercises._answers import plain, show

# --- 4.2-a: a test of listings is judged on listings that it has not seen --------------------------------------------

_LISTING = """
generator = keras.Sequential([keras.Input((latent,)), layers.Dense(wide), layers.Dense(5, activation="tanh")])
critic = keras.Sequential([keras.Input((READ,)), layers.Dense(1)])
gan = keras.Sequential([generator, critic])
FREEZE
gan.compile(loss="mse", optimizer="sgd")
before = [weight.numpy().copy() for weight in gan.weights]
for epoch in range(rounds):
    BODY
"""
_TRAIN = "gan.train_on_batch(keras.ops.ones((2, latent)), keras.ops.ones((2, 1)))"
_VALUES = {"latent": 3, "wide": 4, "rounds": 2}


def _listings():
    """(what it is, the right word, code, names)."""

    def listing(read="5", body="...", freeze="", layer="layers.Dense(1)"):
        code = _LISTING.replace("READ", read).replace("BODY", body).replace("FREEZE", freeze)
        return code.replace("layers.Dense(1)", layer)

    without_end = {name: value for name, value in _VALUES.items() if name != "rounds"}
    return [
        ("that lacks the value of a name at its top", "name", listing(), {"rounds": 2}),
        ("that lacks the value of a name in its loop", "name", listing(), without_end),
        ("with a layer that Keras does not have", "layer", listing(layer="layers.Tanh(1)"), _VALUES),
        ("whose critic reads rows of another length", "sizes", listing(read="6"), _VALUES),
        ("whose loop does nothing", "untrained", listing(), _VALUES),
        ("whose loop predicts only", "untrained", listing(body="gan(keras.ops.ones((2, latent)))"), _VALUES),
        ("that trains both networks", "fine", listing(body=_TRAIN), _VALUES),
        ("that trains one network", "fine", listing(body=_TRAIN, freeze="generator.trainable = False"), _VALUES),
    ]


_WORDS = ("name", "layer", "sizes", "untrained", "fine")
_A_TEST = "Write a function: `fault(code, names)`."
_ONE_WORD = "Return one of the five words"
_NOT_RUN = "Your test ended in an error"


def _finds_faults(answer):
    """The requirement on the reader's test of listings: empty text, or the first listing that it takes for another."""
    if not callable(answer):
        return _A_TEST
    for what, word, code, names in _listings():
        try:
            said = plain(answer(code, dict(names)))
        except Exception as error:
            return f"{_NOT_RUN} for a listing {what} ({type(error).__name__}): let `first_error` run the code."
        if said not in _WORDS:
            return f"{_ONE_WORD}: for a listing {what} it returned {show(said)}. Does each way end with `return`?"
        if said != word:
            return f"For a listing {what} it says {show(said)}. What do the error and the weights say there?"
    return ""


def _first_error(code, **names):
    import keras

    made = {"keras": keras, "layers": keras.layers, **names}
    try:
        exec(code, made)
    except Exception as error:
        return type(error).__name__, made
    return "no error", made


def _fault_by(changed, words=None):
    words = words or {"NameError": "name", "AttributeError": "layer", "ValueError": "sizes"}

    def fault(code, names):
        error, made = _first_error(code, **names)
        if error != "no error":
            return words.get(error)
        return "fine" if changed(made["before"], [weight.numpy() for weight in made["gan"].weights]) else "untrained"

    return fault


def _any_changed(before, after):
    return any((old != new).any() for old, new in zip(before, after, strict=True))


def _not_all_close(before, after):
    return not all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))


def _sum_moved(before, after):
    return sum(float(np.abs(old - new).sum()) for old, new in zip(before, after, strict=True)) > 0


def _all_changed(before, after):
    return all((old != new).any() for old, new in zip(before, after, strict=True))


def _never_looks(before, after):
    return True


def _always_untrained(before, after):
    return False


def _other_objects(before, after):
    return any(old is not new for old, new in zip(before, after, strict=True))


def _runs_it_bare(code, names):
    made = {**names}
    exec(code, made)
    return "fine"


def _kind_of_error(code, names):
    return _first_error(code, **names)[0]


# --- 4.2-b: a test is judged by the triples that it lets through -----------------------------------------------------


def _triples():
    """(what is wrong, generator, discriminator, rows): the first two fit, each of the others has one fault."""
    import keras
    from keras import layers

    def dense(inputs, outputs):
        return keras.Sequential([keras.Input((inputs,)), layers.Dense(outputs)])

    rows = np.zeros((5, 7), dtype="float32")
    return [
        ("", dense(3, 7), dense(7, 1), rows),
        ("", dense(4, 6), dense(6, 1), np.zeros((2, 6), dtype="float32")),
        ("the discriminator reads rows of another length", dense(3, 7), dense(3, 1), rows),
        ("generator and discriminator agree, but the real rows are longer", dense(3, 6), dense(6, 1), rows),
        ("the discriminator gives two numbers for each row", dense(3, 7), dense(7, 2), rows),
        ("the generator writes rows of another length", dense(3, 6), dense(7, 1), rows),
        ("the generator's output has one axis more", _with_axis(3, 7), dense(7, 1), rows),
    ]


def _with_axis(inputs, outputs):
    import keras
    from keras import layers

    return keras.Sequential([keras.Input((inputs,)), layers.Dense(outputs), layers.Reshape((outputs, 1))])


_A_FUNCTION = "Write a function: `fits(generator, discriminator, rows)`."
_ERROR_THROUGH = "Your test ended in an error where it should say False"


def _tells_apart(answer):
    """The requirement on the reader's test: empty text, or what it lets through."""
    if not callable(answer):
        return _A_FUNCTION
    passing = []
    for fault, generator, discriminator, rows in _triples():
        try:
            verdict = plain(answer(generator, discriminator, rows))
        except (ValueError, TypeError, IndexError, AttributeError) as error:
            return f"{_ERROR_THROUGH}: {fault or 'with three that fit'} ({type(error).__name__})."
        if not isinstance(verdict, bool):
            return f"Return True or False: it returned {show(verdict)}. Does it end with `return`?"
        if not fault and not verdict:
            return f"It says False although the three fit: rows of shape {rows.shape}. Is the first axis compared too?"
        if fault and verdict:
            passing.append(fault)
    if len(passing) == 5:
        return "It says True whatever it is given."
    return f"It lets through: {passing[0]}." if passing else ""


def _fits(generator, discriminator, rows):
    width = rows.shape[1:]
    return (
        generator.output_shape[1:] == width
        and discriminator.input_shape[1:] == width
        and discriminator.output_shape[1:] == (1,)
    )


def _fits_by_trying(generator, discriminator, rows):
    latent = np.zeros((len(rows), *generator.input_shape[1:]), dtype="float32")
    fake = np.asarray(generator(latent))
    if fake.shape != rows.shape:
        return False
    try:
        scores = np.asarray(discriminator(fake))
    except ValueError:
        return False
    return scores.shape == (len(rows), 1)


def _fits_step_by_step(generator, discriminator, rows):
    n_columns = rows.shape[1]
    if len(generator.output_shape) != 2 or generator.output_shape[1] != n_columns:
        return False
    if discriminator.input_shape[-1] != n_columns:
        return False
    return np.bool_(discriminator.output_shape[-1] == 1)


def _always(generator, discriminator, rows):
    return True


def _without_the_rows(generator, discriminator, rows):
    return generator.output_shape == discriminator.input_shape and discriminator.output_shape[-1] == 1


def _without_the_output(generator, discriminator, rows):
    return generator.output_shape[1:] == rows.shape[1:] == discriminator.input_shape[1:]


def _without_the_discriminator(generator, discriminator, rows):
    return generator.output_shape[1:] == rows.shape[1:] and discriminator.output_shape[1:] == (1,)


def _whole_shapes(generator, discriminator, rows):
    return generator.output_shape == rows.shape == discriminator.input_shape


def _lets_errors_through(generator, discriminator, rows):
    return discriminator(generator(np.zeros((len(rows), *generator.input_shape[1:])))).shape == (len(rows), 1)


def _says_nothing(generator, discriminator, rows):
    assert generator.output_shape[1:] == rows.shape[1:] == discriminator.input_shape[1:]


# --- 4.2-c: the critic's loss, judged by its value and by what it sends to the weights -------------------------------


def _critics():
    """(critic, real, fake, mix): two weights as in the text, then networks whose gradient differs from row to row."""
    import keras
    import tensorflow as tf
    from keras import layers

    linear = keras.Sequential([keras.Input((2,)), layers.Dense(1, use_bias=False)])
    linear.set_weights([np.array([[3.0], [4.0]])])
    trials = [(linear, *map(tf.constant, ([[1.0, 0.0]], [[0.0, 1.0]], [[0.5]])))]
    rng = np.random.default_rng(0)
    for width, n in ((3, 4), (5, 6)):
        network = keras.Sequential([keras.Input((width,)), layers.Dense(6, activation="tanh"), layers.Dense(1)])
        network.set_weights([rng.normal(size=weight.shape) for weight in network.weights])
        real, fake = (tf.constant(rng.normal(shift, 1, (n, width)), tf.float32) for shift in (1, 0))
        trials.append((network, real, fake, tf.constant(rng.random((n, 1)), tf.float32)))
    return trials


def _value_and_gradient(loss, critic, real, fake, mix):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        value = loss(critic, real, fake, mix)
    if not tf.is_tensor(value):
        return value, None
    found = tape.gradient(value, critic.trainable_variables)
    return value, None if all(part is None for part in found) else found


_A_LOSS = "Write a function: `my_critic_loss(critic, real, fake, mix)`."
_NO_TENSOR = "It must return one tensor without axes"
_AXIS = "average over all axes, or take the one number out."
_CUT = "Its value is right, but no gradient reaches the critic's weights: is every step a TensorFlow operation?"
_PARTLY_CUT = "Its value is right, but the penalty sends no gradient to the weights: did it become a plain number?"


def _trains(answer):
    """The requirement on the reader's loss: empty text, or what is wrong with it."""
    import tensorflow as tf

    if not callable(answer):
        return _A_LOSS
    trials = _critics()
    results = []
    for trial in trials:
        value, gradient = _value_and_gradient(answer, *trial)
        if not tf.is_tensor(value) and not np.isscalar(value):
            return f"{_NO_TENSOR}, not {show(plain(value))}. Does it end with `return`?"
        one_number = tf.is_tensor(value) and int(tf.size(value)) == 1  # of one row: averaged or not, nobody knows
        if one_number and value.shape != () and len(trial[1]) > 1:
            return f"{_NO_TENSOR}; this one still has an axis of length 1: {_AXIS}"
        if tf.is_tensor(value) and value.shape != () and not one_number:
            return f"{_NO_TENSOR}; this one has the shape {tuple(value.shape)}: average over the rows."
        results.append((float(np.ravel(value)[0]), gradient))

    def equals(loss, which=slice(None)):
        wanted = [float(loss(*trial)) for trial in trials[which]]
        return np.allclose([value for value, _ in results[which]], wanted, rtol=1e-3, atol=1e-3)

    if equals(_loss):
        for trial, (_, gradient) in zip(trials, results, strict=True):
            if gradient is None:
                return _CUT
            _, wanted = _value_and_gradient(_loss, *trial)
            for found, right in zip(gradient, wanted, strict=True):
                found = tf.zeros_like(right) if found is None else found
                if right is not None and not np.allclose(found, right, rtol=1e-2, atol=1e-2):
                    return _PARTLY_CUT
        return ""
    for wrong, complaint in _WRONG_LOSSES:
        if equals(wrong):
            return complaint
    if equals(_loss, slice(1)):
        return "It is right for the critic of two weights, whose gradient is the same everywhere, and wrong for others."
    return f"For the critic of two weights of the text it gives {show(results[0][0])}. Follow the example by hand."


def _parts(critic, real, fake, between, axis=1):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(between)
        score = critic(between)
    gradient = tape.gradient(score, between)
    length = tf.sqrt(tf.reduce_sum(gradient**2, axis=axis) + 1e-12)
    return length, tf.reduce_mean(critic(fake)) - tf.reduce_mean(critic(real))


def _loss(critic, real, fake, mix):
    import tensorflow as tf

    length, difference = _parts(critic, real, fake, mix * real + (1 - mix) * fake)
    return difference + 10 * tf.reduce_mean((length - 1) ** 2)


def _loss_with_norm(critic, real, fake, mix):
    import tensorflow as tf

    between = fake + mix * (real - fake)
    with tf.GradientTape() as tape:
        tape.watch(between)
        total = tf.reduce_sum(critic(between))
    gradient = tape.gradient(total, between)
    penalty = tf.reduce_mean(tf.square(tf.norm(gradient, axis=1) - 1.0))
    return tf.reduce_mean(critic(fake) - critic(real)) + 10.0 * penalty


def _loss_in_one_pass(critic, real, fake, mix):
    import keras
    import tensorflow as tf

    n = real.shape[0]
    scores = critic(tf.concat([real, fake], axis=0))
    between = tf.Variable(mix * real + (1 - mix) * fake)
    with tf.GradientTape() as tape:
        score = critic(between)
    length = keras.ops.norm(tape.gradient(score, between), axis=-1)
    return keras.ops.mean(scores[n:]) - keras.ops.mean(scores[:n]) + 10 * keras.ops.mean((length - 1) ** 2)


def _library(critic, real, fake, mix):
    from course_utils import generative

    return generative.critic_loss(critic, real, fake, mix)


def _turned(critic, real, fake, mix):
    import tensorflow as tf

    length, difference = _parts(critic, real, fake, mix * real + (1 - mix) * fake)
    return -difference + 10 * tf.reduce_mean((length - 1) ** 2)


def _no_penalty(critic, real, fake, mix):
    return _parts(critic, real, fake, real)[1]


def _weak(critic, real, fake, mix):
    import tensorflow as tf

    length, difference = _parts(critic, real, fake, mix * real + (1 - mix) * fake)
    return difference + tf.reduce_mean((length - 1) ** 2)


def _no_root(critic, real, fake, mix):
    import tensorflow as tf

    length, difference = _parts(critic, real, fake, mix * real + (1 - mix) * fake)
    return difference + 10 * tf.reduce_mean((length**2 - 1) ** 2)


def _no_target(critic, real, fake, mix):
    import tensorflow as tf

    length, difference = _parts(critic, real, fake, mix * real + (1 - mix) * fake)
    return difference + 10 * tf.reduce_mean(length**2)


def _mixed_the_other_way(critic, real, fake, mix):
    import tensorflow as tf

    length, difference = _parts(critic, real, fake, (1 - mix) * real + mix * fake)
    return difference + 10 * tf.reduce_mean((length - 1) ** 2)


def _at_the_real(critic, real, fake, mix):
    import tensorflow as tf

    length, difference = _parts(critic, real, fake, real + 0 * fake)
    return difference + 10 * tf.reduce_mean((length - 1) ** 2)


def _summed(critic, real, fake, mix):
    import tensorflow as tf

    length, difference = _parts(critic, real, fake, mix * real + (1 - mix) * fake)
    return difference + 10 * tf.reduce_sum((length - 1) ** 2)


def _mean_before_square(critic, real, fake, mix):
    import tensorflow as tf

    length, difference = _parts(critic, real, fake, mix * real + (1 - mix) * fake)
    return difference + 10 * (tf.reduce_mean(length) - 1) ** 2


def _one_sided(critic, real, fake, mix):
    import tensorflow as tf

    length, difference = _parts(critic, real, fake, mix * real + (1 - mix) * fake)
    return difference + 10 * tf.reduce_mean(tf.nn.relu(length - 1) ** 2)


def _averaged_with_axis(critic, real, fake, mix):
    import tensorflow as tf

    return tf.reshape(_loss(critic, real, fake, mix), (1,))


def _whole_batch(critic, real, fake, mix):
    length, difference = _parts(critic, real, fake, mix * real + (1 - mix) * fake, axis=None)
    return difference + 10 * (length - 1) ** 2


def _along_columns(critic, real, fake, mix):
    import tensorflow as tf

    length, difference = _parts(critic, real, fake, mix * real + (1 - mix) * fake, axis=0)
    return difference + 10 * tf.reduce_mean((length - 1) ** 2)


def _numbers_only(critic, real, fake, mix):
    import tensorflow as tf

    return tf.constant(float(_loss(critic, real, fake, mix)))


def _penalty_as_number(critic, real, fake, mix):
    length, difference = _parts(critic, real, fake, mix * real + (1 - mix) * fake)
    return difference + 10 * float(np.mean((length.numpy() - 1) ** 2))


def _one_for_each_row(critic, real, fake, mix):
    length, difference = _parts(critic, real, fake, mix * real + (1 - mix) * fake)
    return difference + 10 * (length - 1) ** 2


def _average_score_in_the_tape(critic, real, fake, mix):
    import tensorflow as tf

    length, difference = _parts(critic, real, fake, mix * real + (1 - mix) * fake)
    return difference + 10 * tf.reduce_mean((length / len(real) - 1) ** 2)  # the gradient of the average score


def _summed_scores(critic, real, fake, mix):
    import tensorflow as tf

    length, _ = _parts(critic, real, fake, mix * real + (1 - mix) * fake)
    difference = tf.reduce_sum(critic(fake)) - tf.reduce_sum(critic(real))
    return difference + 10 * tf.reduce_mean((length - 1) ** 2)


def _no_square(critic, real, fake, mix):
    import tensorflow as tf

    length, difference = _parts(critic, real, fake, mix * real + (1 - mix) * fake)
    return difference + 10 * tf.reduce_mean(tf.abs(length - 1))


_WRONG_LOSSES = (
    (_turned, "The sign of the scores is turned: this critic would learn to prefer the fakes."),
    (_no_penalty, "The penalty is missing: only the difference of the scores is there."),
    (_weak, "The penalty is there, but too weak: what is its strength?"),
    (_no_root, "This is the square of the length: take the root before you compare it with 1."),
    (_no_target, "The length is pulled towards 0: towards which number should it be pulled?"),
    (_mixed_the_other_way, "`mix` is the share of the real row: at 1 the mixture is real."),
    (_at_the_real, "The gradient is taken at the real rows: it belongs between real and fake."),
    (_summed, "The penalties of the rows are added up: what does the bar over them stand for?"),
    (_mean_before_square, "The lengths are averaged before they are compared with 1: each row is compared by itself."),
    (_one_sided, "Lengths below 1 cost nothing here: the square counts them too."),
    (_whole_batch, "This is one length for the whole batch: each row has its own."),
    (_along_columns, "The length runs over the rows of each column: along which axis does one molecule stand?"),
    (
        _average_score_in_the_tape,
        "The gradient of the *average* score is n times too small: ask for that of each score, or of their sum.",
    ),
    (_summed_scores, "The scores are added up: what does the bar over them stand for?"),
    (_no_square, "The deviation from 1 is not squared."),
)

# --- 4.2-d: the funnel -----------------------------------------------------------------------------------------------


def _spelled(text):
    from course_utils import molecules

    try:
        return molecules.canonical(text)
    except (ValueError, TypeError):
        return None


def _funnel(drawn, known):
    valid = [text for text in map(_spelled, drawn) if text is not None]
    distinct = set(valid)
    return len(drawn), len(valid), len(distinct), len(distinct - {_spelled(text) for text in known})


def _funnel_by_loop(drawn, known):
    from course_utils import molecules

    known = [molecules.canonical(text) for text in known]
    n_valid, different, new = 0, [], 0
    for text in drawn:
        if text is None:
            continue
        try:
            written = molecules.canonical(text)
        except ValueError:
            continue
        n_valid += 1
        if written not in different:
            different.append(written)
            new += written not in known
    return [len(drawn), n_valid, len(different), new]


def _funnel_as_array(drawn, known):
    return np.array(_funnel(drawn, known))


def _only_texts(drawn, known):
    return _funnel([text for text in drawn if text is not None], known)


def _as_written(drawn, known):
    valid = [text for text in drawn if _spelled(text) is not None]
    return len(drawn), len(valid), len(set(valid)), len(set(valid) - set(known))


def _known_as_written(drawn, known):
    distinct = {text for text in map(_spelled, drawn) if text is not None}
    return (*_funnel(drawn, known)[:3], len(distinct - set(known)))


def _copies_are_new(drawn, known):
    known = {_spelled(text) for text in known}
    return (*_funnel(drawn, known)[:3], sum(t is not None and t not in known for t in map(_spelled, drawn)))


def _none_is_a_molecule(drawn, known):
    written = [_spelled(text) for text in drawn]
    return len(drawn), len(written), len(set(written)), len(set(written) - {_spelled(text) for text in known})


def _faulty_texts_are_valid(drawn, known):
    valid = [text for text in drawn if text is not None]
    return (len(drawn), len(valid), *_funnel(drawn, known)[2:])


def _shares(drawn, known):
    n, valid, distinct, new = _funnel(drawn, known)
    return n, valid / n, distinct / valid, new / distinct


_DRAWN = (["OCC", None, "CCO", "C(", "CC(=O)O", "c1ccccc1", "C1=CC=CC=C1", "CN", None], ["C(C)O", "NC"])
_MORE_DRAWN = (["CO", "OC", "CCN", "NCC", "C(C)N", None, "FC"], ["OC", "CCCC"])

# --- 4.2-e: the domain -----------------------------------------------------------------------------------------------


def _in_domain(new, known, threshold):
    from course_utils import molecules

    return molecules.tanimoto(new, known).max(axis=1) >= threshold


def _in_domain_by_loop(new, known, threshold):
    inside = []
    for row in np.asarray(new).astype(int):
        nearest = 0
        for other in np.asarray(known).astype(int):
            either = ((row + other) > 0).sum()
            nearest = max(nearest, (row * other).sum() / either if either else 0)
        inside.append(bool(nearest >= threshold))
    return inside


def _in_domain_any(new, known, threshold):
    from course_utils import molecules

    return tuple((molecules.tanimoto(new, known) >= threshold).any(axis=1).tolist())


def _by_reduction(reduce, strict=False):
    def inside(new, known, threshold):
        from course_utils import molecules

        value = reduce(molecules.tanimoto(new, known))
        return value > threshold if strict else value >= threshold

    return inside


def _largest(table):
    return table.max(axis=1)


def _mean(table):
    return table.mean(axis=1)


def _smallest(table):
    return table.min(axis=1)


def _other_axis(table):
    return table.max(axis=0)


def _first_only(table):
    return table[:, 0]


def _outside(new, known, threshold):
    return ~_in_domain(new, known, threshold)


def _similarities(new, known, threshold):
    from course_utils import molecules

    return molecules.tanimoto(new, known).max(axis=1)


_NEW = np.array([[1, 1, 0, 0, 0], [0, 0, 0, 1, 1], [1, 1, 1, 0, 0], [0, 0, 1, 0, 0]], dtype=np.uint8)
_KNOWN = np.array([[0, 0, 0, 1, 0], [1, 1, 1, 1, 0], [1, 1, 0, 0, 0]], dtype=np.uint8)
_DOMAIN = ((_NEW, _KNOWN, 0.5), (_NEW[:3], _KNOWN, 0.7), (_NEW, _KNOWN[:2], 0.25))


def _fixed_threshold(new, known, threshold):
    from course_utils import molecules

    return molecules.tanimoto(new, known).max(axis=1) >= 0.35


def _shared_of_new(new, known, threshold):
    new, known = np.asarray(new, int), np.asarray(known, int)
    return (new @ known.T / new.sum(axis=1, keepdims=True)).max(axis=1) >= threshold


def _whole_table(new, known, threshold):
    from course_utils import molecules

    return molecules.tanimoto(new, known) >= threshold


def _in_domain_as_numbers(new, known, threshold):
    return _in_domain(new, known, threshold).astype(int)


def _says_nothing_of_domain(new, known, threshold):
    _in_domain(new, known, threshold)


_A_RULE = "Write a function: `in_domain(new, known, threshold)`."
_ONE_EACH = "Asked for is one yes or no for each new molecule"
_WRONG_DOMAINS = (
    (_by_reduction(_mean), "One near relative is enough: the mean drowns it."),
    (_by_reduction(_smallest), "This asks for the least similar known molecule."),
    (_by_reduction(_first_only), "Only the first known molecule was looked at."),
    (_by_reduction(_largest, strict=True), "A similarity equal to the threshold is enough."),
    (_outside, "True and False are exchanged."),
    (_fixed_threshold, "The threshold of the text was written into the function: use the argument."),
    (
        _shared_of_new,
        "The shared pieces were divided by those of the new molecule alone: Tanimoto divides by the union.",
    ),
)


def _asks_the_domain(answer):
    """The requirement on the reader's rule: empty text, or what is wrong with it."""
    if not callable(answer):
        return _A_RULE
    found = []
    for case in _DOMAIN:
        value = np.asarray(plain(answer(*(part.copy() if isinstance(part, np.ndarray) else part for part in case))))
        if value.dtype == object:
            return f"{_ONE_EACH}; it returned {show(plain(value))}. Does it end with `return`?"
        if value.shape != (len(case[0]),):
            return f"{_ONE_EACH}, {len(case[0])} here; it returned an array of shape {value.shape}."
        if value.dtype.kind not in "biuf" or not set(value.tolist()) <= {0, 1}:
            return f"{_ONE_EACH}; these are other values: compare the similarities with the threshold."
        found.append(value.astype(bool).tolist())
    if found == [_in_domain(*case).tolist() for case in _DOMAIN]:
        return ""
    for wrong, complaint in _WRONG_DOMAINS:
        if found == [wrong(*case).tolist() for case in _DOMAIN]:
            return complaint
    return "Write the table of similarities for two new molecules, and mark the largest number of each row."


EXERCISES = [
    Exercise(
        id="4.2-a",
        requirement=_finds_faults,
        solutions=(_fault_by(_any_changed), _fault_by(_not_all_close), _fault_by(_sum_moved)),
        misconceptions=(
            Misconception(
                answer=_fault_by(_never_looks),
                also=(_fault_by(_other_objects),),
                hint="whose loop does nothing it says 'fine'",
            ),
            Misconception(answer=_fault_by(_always_untrained), hint="that trains both networks it says 'untrained'"),
            Misconception(answer=_fault_by(_all_changed), hint="that trains one network it says 'untrained'"),
            Misconception(
                answer=_fault_by(_any_changed, {"NameError": "name", "AttributeError": "sizes", "ValueError": "layer"}),
                hint="with a layer that Keras does not have it says 'sizes'",
            ),
            Misconception(
                answer=_kind_of_error, also=(_fault_by(_any_changed, {"NameError": "name"}),), hint=_ONE_WORD
            ),
            Misconception(answer=_runs_it_bare, hint=_NOT_RUN),
            Misconception(answer="name", hint=_A_TEST),
        ),
        seconds=60,
    ),
    Exercise(
        id="4.2-b",
        requirement=_tells_apart,
        solutions=(_fits, _fits_by_trying, _fits_step_by_step),
        misconceptions=(
            Misconception(answer=_always, hint="It says True whatever it is given."),
            Misconception(answer=_without_the_rows, hint="but the real rows are longer"),
            Misconception(answer=_without_the_output, hint="gives two numbers for each row"),
            Misconception(answer=_without_the_discriminator, hint="the discriminator reads rows of another length"),
            Misconception(answer=_whole_shapes, hint="Is the first axis compared too?"),
            Misconception(answer=_lets_errors_through, hint=_ERROR_THROUGH),
            Misconception(answer=_says_nothing, hint="Does it end with `return`?"),
            Misconception(answer=True, hint=_A_FUNCTION),
        ),
        seconds=30,
    ),
    Exercise(
        id="4.2-c",
        requirement=_trains,
        solutions=(_loss, _loss_with_norm, _loss_in_one_pass, _library),
        misconceptions=(
            *(Misconception(answer=wrong, hint=hint) for wrong, hint in _WRONG_LOSSES),
            Misconception(answer=_numbers_only, hint=_CUT),
            Misconception(answer=_penalty_as_number, hint=_PARTLY_CUT),
            Misconception(answer=_one_for_each_row, hint="average over the rows"),
            Misconception(answer=_averaged_with_axis, hint=_AXIS),
            Misconception(answer=161.0, hint=_A_LOSS),
        ),
        seconds=30,
    ),
    Exercise(
        id="4.2-d",
        expected=_funnel,
        cases=(_DRAWN, _MORE_DRAWN),
        solutions=(_funnel_by_loop, _funnel_as_array),
        misconceptions=(
            Misconception(answer=_only_texts, hint="A graph that is no molecule was drawn too: it must be counted."),
            Misconception(answer=_as_written, hint="Two spellings of one molecule were counted as two."),
            Misconception(answer=_known_as_written, hint="The known molecules have several spellings as well."),
            Misconception(answer=_copies_are_new, hint="A new molecule that was drawn twice is one new molecule."),
            Misconception(answer=_none_is_a_molecule, hint="`None` was counted as a molecule."),
            Misconception(answer=_faulty_texts_are_valid, hint="Not every text is a molecule: try to read each."),
            Misconception(answer=_shares, hint="Asked for are counts, not shares."),
        ),
        error_hint="A text may be no molecule: what does `canonical` do then, and what with None?",
        hint="Take the list of the example and tick off by hand which texts are left after each step.",
    ),
    Exercise(
        id="4.2-e",
        requirement=_asks_the_domain,
        solutions=(_in_domain, _in_domain_by_loop, _in_domain_any, _in_domain_as_numbers),
        misconceptions=(
            *(Misconception(answer=wrong, hint=hint) for wrong, hint in _WRONG_DOMAINS),
            Misconception(answer=_by_reduction(_other_axis), hint="it returned an array of shape (3,)"),
            Misconception(answer=_whole_table, hint="it returned an array of shape (4, 3)"),
            Misconception(answer=_similarities, hint="compare the similarities with the threshold"),
            Misconception(answer=_says_nothing_of_domain, hint="Does it end with `return`?"),
            Misconception(answer=True, hint=_A_RULE),
        ),
    ),
]
