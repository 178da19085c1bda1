"""Privacy: anonymous tables, noisy answers with a guarantee, private training, and hospitals that train together.

TensorFlow, SciPy and dp-accounting are imported only inside the functions that need them, so that importing this module
stays light.

A guarantee is a pair: ``epsilon`` and ``delta``. Two data sets are neighbours if one has one person more than the other
(dp-accounting calls this "add or remove one"). A mechanism is (epsilon, delta)-differentially private if for every two
neighbours and every set of answers ``P(answer on one) <= exp(epsilon) P(answer on the other) + delta``.
"""

import functools
import math
from collections.abc import Hashable

import numpy as np

from course_utils import _checks

__all__ = [
    "clip_rows",
    "dp_sgd",
    "dp_sgd_step",
    "epsilon_from_renyi",
    "epsilon_spent",
    "federated_average",
    "gaussian_delta",
    "gaussian_noise_multiplier",
    "k_anonymity",
    "l_diversity",
    "laplace_mechanism",
    "noise_multiplier_for",
    "pairwise_masks",
    "poisson_batch",
    "private_mean",
    "renyi_divergences",
]


# --- Tables that should not name anybody -----------------------------------------------------------------------------


def k_anonymity(rows):
    """Return the size of the smallest group of rows that cannot be told apart: a table is k-anonymous with this k.

    Parameters
    ----------
    rows : list of tuples, array or DataFrame, shape (n, quasi-identifiers)
        What an outsider may know of each person: age band, sex, district. Nothing else belongs here.

    Returns
    -------
    int
        At least 1; 1 says that somebody stands alone.

    Raises
    ------
    TypeError, ValueError
        If there is no row, if the rows differ in length, or if they hold what cannot be compared, such as lists.

    Source: Sweeney L (2002). k-anonymity: a model for protecting privacy. *International Journal of Uncertainty,
    Fuzziness and Knowledge-Based Systems* 10:557-570. https://doi.org/10.1142/S0218488502001648

    Taught in: 05_3_privacy
    """
    return min(map(len, _groups(rows).values()))


def l_diversity(rows, sensitive):
    """Return how many different sensitive values the poorest group holds: a table is (distinct) l-diverse with this l.

    Parameters
    ----------
    rows : list of tuples, array or DataFrame, shape (n, quasi-identifiers)
        As in `k_anonymity`.
    sensitive : list, array or Series, shape (n,)
        What must stay unknown, such as a diagnosis. A missing value counts as one more value.

    Returns
    -------
    int
        At least 1; 1 says that in some group everybody has the same: who is known to be in it has no secret.

    Raises
    ------
    TypeError, ValueError
        If there is no row, if the rows differ in length, or if the arguments do.

    Source: Machanavajjhala A, Kifer D, Gehrke J, Venkitasubramaniam M (2007). l-diversity: privacy beyond k-anonymity.
    *ACM Transactions on Knowledge Discovery from Data* 1:3. https://doi.org/10.1145/1217299.1217302. They define
    several kinds; this is the simplest, "distinct l-diversity".

    Taught in: 05_3_privacy
    """
    groups = _groups(rows)
    sensitive = _values(sensitive, "sensitive")
    n = sum(map(len, groups.values()))
    if len(sensitive) != n:
        raise ValueError(f"rows and sensitive must have the same length, got {n} and {len(sensitive)}")
    return min(len({sensitive[i] for i in places}) for places in groups.values())


def _groups(rows):
    """Return the places of the rows of each kind."""
    rows = [tuple(_values(row, "a row of rows")) for row in _values(rows, "rows")]
    if not rows:
        raise ValueError("rows must hold at least one row, got none")
    lengths = sorted(set(map(len, rows)))
    if len(lengths) > 1 or not lengths[0]:
        raise ValueError(f"rows must all have the same quasi-identifiers, one or more, got lengths {lengths}")
    groups = {}
    for place, row in enumerate(rows):
        groups.setdefault(row, []).append(place)
    return groups


def _values(values, name):
    """Return a list of what can be compared; a missing number (NaN) becomes None, which equals itself."""
    if isinstance(values, str | bytes | dict) or values is None:
        raise TypeError(f"{name} must be a list, a tuple or an array, got {_checks._short(values)}")
    _checks.not_masked(values, name)
    values = values.to_numpy() if hasattr(values, "to_numpy") else values
    found = []
    for value in _checks.listed(values, name):
        value = value.item() if isinstance(value, np.generic) else value
        found.append(None if isinstance(value, float) and math.isnan(value) else value)
        if name.endswith("sensitive") or name.startswith("a row"):
            try:
                hash(value)
            except TypeError:
                raise TypeError(f"{name} must hold numbers or strings, got {_checks._short(value)}") from None
    return found


# --- Noisy answers ---------------------------------------------------------------------------------------------------


def laplace_mechanism(value, sensitivity, epsilon, seed=0):
    """Add noise of the Laplace distribution to an answer: epsilon-differentially private, with delta = 0.

    The noise has scale ``sensitivity / epsilon``, so its standard deviation is the square root of 2 times that.

    A warning for earnest use: the gaps between floating-point numbers can betray the answer that was hidden; a library
    that is made for it rounds in a safe way.

    Parameters
    ----------
    value : array or number
        The true answer. For an array the sensitivity is the largest **sum** of the changes of its entries.
    sensitivity : number
        By how much one person more or less can change the answer, at least 0.
    epsilon : number
        Above 0.
    seed : int or NumPy generator
        A generator goes on; a number begins anew, and gives the same noise again: for lessons and tests.

    Returns
    -------
    float, or array of float64 of the shape of `value`

    Raises
    ------
    TypeError, ValueError
        If an argument is no number, epsilon not above 0, or the sensitivity negative.

    Source: Dwork C, McSherry F, Nissim K, Smith A (2006). Calibrating noise to sensitivity in private data analysis.
    https://doi.org/10.1007/11681878_14

    Taught in: 05_3_privacy
    """
    scale = _checks.number(sensitivity, "sensitivity", least=0) / _checks.number(epsilon, "epsilon", above=0)
    generator = _checks.generator(seed)
    if np.ndim(value) == 0 and not isinstance(value, np.ndarray):
        return float(_checks.number(value, "value") + generator.laplace(0, scale))
    value = _checks.array(value, "value", booleans=False)
    return value + generator.laplace(0, scale, value.shape)


def gaussian_delta(noise_multiplier, epsilon):
    """Return the smallest delta for which one answer with normal noise is (epsilon, delta)-differentially private.

    ``delta = Phi(1/(2s) - epsilon s) - exp(epsilon) Phi(-1/(2s) - epsilon s)``, where s is the noise multiplier and Phi
    the distribution function of the standard normal distribution. Nothing is lost: this is exact.

    Parameters
    ----------
    noise_multiplier : number
        Standard deviation of the noise divided by the sensitivity, above 0.
    epsilon : number
        At least 0.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is no number or out of range.

    Source: Balle B, Wang YX (2018). Improving the Gaussian mechanism for differential privacy: analytical calibration
    and optimal denoising. https://proceedings.mlr.press/v80/balle18a.html, theorem 8

    Taught in: 05_3_privacy
    """
    from scipy.stats import norm

    s = _checks.number(noise_multiplier, "noise_multiplier", above=0)
    epsilon = _checks.number(epsilon, "epsilon", least=0)
    # exp(epsilon) alone would overflow where the second term is tiny.
    second = math.exp(min(0.0, epsilon + norm.logcdf(-1 / (2 * s) - epsilon * s)))
    return min(1.0, max(0.0, float(norm.cdf(1 / (2 * s) - epsilon * s) - second)))


def gaussian_noise_multiplier(epsilon, delta):
    """Return the least noise multiplier with which one answer is (epsilon, delta)-differentially private.

    Parameters
    ----------
    epsilon : number
        Above 0.
    delta : number
        Between 0 and 1, ends excluded.

    Returns
    -------
    float
        The noise's standard deviation is this number times the sensitivity.

    Raises
    ------
    TypeError, ValueError
        If an argument is no number or out of range.

    Source: see `gaussian_delta`

    Taught in: 05_3_privacy
    """
    epsilon, delta = _checks.number(epsilon, "epsilon", above=0), _checks.share(delta, "delta")
    low, high = 1e-9, 1.0
    while gaussian_delta(high, epsilon) > delta:
        high *= 2
        if high > 1e12:
            raise ValueError(f"epsilon and delta must allow a noise that can be computed, got {epsilon} and {delta}")
    for _ in range(200):  # delta falls with the noise: halve the interval
        middle = math.sqrt(low * high)
        low, high = (middle, high) if gaussian_delta(middle, epsilon) > delta else (low, middle)
        if high / low < 1 + 1e-12:
            break
    return high


# --- Training on clipped gradients with noise ------------------------------------------------------------------------


def clip_rows(gradients, clip_norm):
    """Shorten each row that is longer than `clip_norm` to this length; the others stay as they are.

    Parameters
    ----------
    gradients : array, shape (persons, P)
        One gradient a person.
    clip_norm : number
        Above 0.

    Returns
    -------
    array of float64, shape (persons, P)

    Raises
    ------
    TypeError, ValueError
        If the gradients are no finite table of numbers, or the norm is not above 0.

    Taught in: 05_3_privacy
    """
    gradients = _checks.array(gradients, "gradients", axes=2, booleans=False).astype(float)
    clip_norm = _checks.number(clip_norm, "clip_norm", above=0)
    # Divided by the largest entry first, so that no square overflows.
    largest = np.maximum(np.abs(gradients).max(axis=1, keepdims=True), np.finfo(float).tiny)
    norms = largest * np.linalg.norm(gradients / largest, axis=1, keepdims=True)
    return gradients * np.minimum(1.0, clip_norm / np.maximum(norms, np.finfo(float).tiny))


def private_mean(gradients, clip_norm, noise_multiplier, expected_size, seed=0):
    """Return the noisy mean of clipped gradients: what one step of DP-SGD uses instead of the gradient.

    Each row is clipped, the clipped rows are added up, normal noise of standard deviation ``noise_multiplier *
    clip_norm`` is added to each entry of the **sum**, and the sum is divided by the size that the batch has on average.
    The size that was drawn is no divisor: it depends on who is in the data.
    Strictly the number of persons does, too: the guarantee takes it as public, or a fixed number near it is used.

    Parameters
    ----------
    gradients : table of numbers, shape (persons drawn, P)
        No row is allowed: a step in which nobody was drawn is a step of noise.
    clip_norm : number
        Above 0.
    noise_multiplier : number
        At least 0; without noise there is no privacy.
    expected_size : number
        Sampling rate times number of persons, above 0.
    seed : int or NumPy generator
        As in `laplace_mechanism`.

    Returns
    -------
    array of float64, shape (P,)

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Source: Abadi M, Chu A, Goodfellow I, et al. (2016). Deep learning with differential privacy.
    https://doi.org/10.1145/2976749.2978318, algorithm 1

    Taught in: 05_3_privacy
    """
    noise_multiplier = _checks.number(noise_multiplier, "noise_multiplier", least=0)
    expected_size = _checks.number(expected_size, "expected_size", above=0)
    clip_norm = _checks.number(clip_norm, "clip_norm", above=0)
    shape = np.shape(gradients)
    if len(shape) == 2 and shape[0] == 0 and shape[1] > 0:
        total = np.zeros(shape[1])
    else:
        total = clip_rows(gradients, clip_norm).sum(axis=0)
    noise = _checks.generator(seed).normal(0, noise_multiplier * clip_norm, total.shape)
    return (total + noise) / expected_size


def poisson_batch(n, sampling_rate, seed=0, capacity=None):
    """Draw each of `n` persons by a coin of its own, and fill the batch up to a fixed size with rows of weight 0.

    A fixed size lets TensorFlow compile one step for all batches.

    Parameters
    ----------
    n : int
        Number of persons, at least 1.
    sampling_rate : number
        Chance of each person to be drawn, above 0 and at most 1.
    seed : int or NumPy generator
        As in `laplace_mechanism`.
    capacity : int, optional
        The fixed size. Without it: the mean plus six standard deviations, and at most `n`. A batch that would be larger
        (one in a hundred million where about 50 or more are expected) raises an error and is not cut.

    Returns
    -------
    indices : array of int64, shape (capacity,)
        Who was drawn; the places that fill up hold 0.
    weights : array of float32, shape (capacity,)
        1 for those drawn, 0 for the rest.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range, or the batch larger than its capacity.

    Source: Chua L, Ghazi B, Kamath P, et al. (2024). How private are DP-SGD implementations?
    https://arxiv.org/abs/2403.17673 (why a shuffled batch does not have the guarantee of this one)

    Taught in: 05_3_privacy
    """
    n = _checks.integer(n, "n", least=1)
    q = _sampling_rate(sampling_rate)
    if capacity is None:
        capacity = _capacity(n, q)
    capacity = _checks.integer(capacity, "capacity", least=1)
    drawn = np.flatnonzero(_checks.generator(seed).random(n) < q)
    if len(drawn) > capacity:
        raise ValueError(f"capacity must hold every person drawn, got {capacity} for {len(drawn)}")
    indices, weights = np.zeros(capacity, np.int64), np.zeros(capacity, np.float32)
    indices[: len(drawn)], weights[: len(drawn)] = drawn, 1
    return indices, weights


def _capacity(n, q):
    return min(n, math.ceil(n * q + 6 * math.sqrt(n * q * (1 - q))) + 1)


def _sampling_rate(value, name="sampling_rate"):
    value = _checks.number(value, name, above=0)
    if value > 1:
        raise ValueError(f"{name} must be at most 1 (a chance, not a batch size), got {value}")
    return value


def dp_sgd_step(model, loss, *, learning_rate, clip_norm, noise_multiplier, expected_size, seed=0):
    """Return one step of DP-SGD for a Keras model, compiled: a gradient per person, clipped, added up, with noise.

    `tf.vectorized_map` computes the gradients of all persons of the batch at once. Batch normalisation is refused: it
    mixes the persons of a batch, so that no gradient belongs to one of them.

    Parameters
    ----------
    model : Keras model
        Built; its trainable weights are changed by each step.
    loss : function
        Of labels (1, ...) and model outputs (1, ...), such as a Keras loss object: the loss of one person.
    learning_rate, clip_norm, expected_size : number
        Above 0.
    noise_multiplier : number
        At least 0.
    seed : int or NumPy generator
        As in `laplace_mechanism`.

    Returns
    -------
    function
        ``step(features, labels, weights)`` makes one step. Shapes (capacity, ...), (capacity, ...) and (capacity,), as
        `poisson_batch` fills them.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or the model has a layer of batch normalisation or no trainable weight.

    Source: as `private_mean`

    Taught in: 05_3_privacy
    """
    learning_rate = _checks.number(learning_rate, "learning_rate", above=0)
    clip_norm = _checks.number(clip_norm, "clip_norm", above=0)
    noise_multiplier = _checks.number(noise_multiplier, "noise_multiplier", least=0)
    expected_size = _checks.number(expected_size, "expected_size", above=0)
    generator = _checks.generator(seed)
    _check_model(model)
    if not callable(loss):
        raise TypeError(f"loss must be a function of labels and outputs, got {_checks._short(loss)}")
    import tensorflow as tf

    # Compiled once for a model and a loss: trained again, from other weights or with other settings, it is not again.
    compiled = _compiled_step if isinstance(loss, Hashable) else _compiled_step.__wrapped__
    one_step = compiled(model, loss, tuple(map(id, model.trainable_variables)))
    settings = tf.constant([learning_rate, clip_norm, noise_multiplier * clip_norm, expected_size], tf.float32)
    n_weights = sum(math.prod(variable.shape) for variable in model.trainable_variables)

    def step(features, labels, weights):
        noise = generator.standard_normal(n_weights, np.float32)
        one_step(features, labels, weights, tf.constant(noise), settings)

    return step


@functools.lru_cache(maxsize=4)
def _compiled_step(model, loss, _trained):
    """Compile a step whose settings and whose noise, a standard normal number for each weight, are arguments."""
    import tensorflow as tf

    shapes = [tuple(variable.shape) for variable in model.trainable_variables]
    sizes = list(map(math.prod, shapes))

    def gradient_of_one(person):
        features, label = person
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(loss(label[None], model(features[None], training=True)))
        return tape.gradient(value, model.trainable_variables)

    @tf.function(reduce_retracing=True)
    def one_step(features, labels, weights, noise, settings):
        learning_rate, clip_norm, noise_scale, expected_size = tf.unstack(settings)
        gradients = tf.vectorized_map(gradient_of_one, (features, labels))
        squares = [tf.reduce_sum(g**2, axis=list(range(1, len(g.shape)))) for g in gradients]
        norms = tf.sqrt(tf.add_n(squares))
        factors = weights * tf.minimum(1.0, clip_norm / tf.maximum(norms, 1e-12))
        parts = tf.split(noise, sizes)
        for variable, gradient, part, shape in zip(model.trainable_variables, gradients, parts, shapes, strict=True):
            total = tf.tensordot(factors, gradient, axes=1) + noise_scale * tf.reshape(part, shape)
            variable.assign_sub(learning_rate * total / expected_size)

    return one_step


def dp_sgd(
    model, features, labels, *, sampling_rate, noise_multiplier, clip_norm, steps, learning_rate=1.0, loss=None, seed=0
):
    """Train a Keras model with DP-SGD on Poisson batches. The guarantee is that of `epsilon_spent`.

    The number of persons is taken as public. What the guarantee does **not** cover: means and ranges by which the
    features were scaled, if these persons' values went into them, and every setting that was chosen by looking at
    results on these persons.

    Parameters
    ----------
    model : Keras model
        Changed in place. With the default loss its output is one logit, shape (n, 1).
    features : array of numbers, shape (n, ...)
    labels : array, shape (n,)
    sampling_rate : number
        Chance of each person in each step, above 0 and at most 1.
    noise_multiplier : number
        At least 0. With 0 the gradients are clipped and nothing else: no privacy, but the same bias.
    clip_norm : number
        Above 0.
    steps : int
        At least 1.
    learning_rate : number
        Above 0.
    loss : function, optional
        As in `dp_sgd_step`; by default the cross-entropy of a logit.
    seed : int or NumPy generator
        As in `laplace_mechanism`: for the batches and the noise.

    Returns
    -------
    the model

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range or the lengths differ.

    Taught in: 05_3_privacy
    """
    features = _checks.array(features, "features", booleans=False).astype(np.float32)
    labels = _checks.array(labels, "labels", axes=1).astype(np.float32)
    _checks.same_length(features=features, labels=labels)
    q, steps = _sampling_rate(sampling_rate), _checks.integer(steps, "steps", least=1)
    generator = _checks.generator(seed)
    _check_model(model)
    import tensorflow as tf

    step = dp_sgd_step(
        model,
        _cross_entropy if loss is None else loss,
        learning_rate=learning_rate,
        clip_norm=clip_norm,
        noise_multiplier=noise_multiplier,
        expected_size=q * len(labels),
        seed=generator,
    )
    for _ in range(steps):
        indices, weights = poisson_batch(len(labels), q, generator)
        step(tf.constant(features[indices]), tf.constant(labels[indices]), tf.constant(weights))
    return model


def _cross_entropy(label, logit):
    import tensorflow as tf

    return tf.nn.sigmoid_cross_entropy_with_logits(labels=label[:, None], logits=logit)


def _check_model(model):
    if not hasattr(model, "trainable_variables") or not callable(model):
        raise TypeError(f"model must be a Keras model, got {_checks._short(model)}")
    if not model.trainable_variables:
        raise ValueError("model must have trainable weights: is it built?")
    for layer in getattr(model, "_flatten_layers", lambda: [])():
        if "BatchNormalization" in type(layer).__name__:
            raise ValueError("model must not normalise over the batch: no gradient would belong to one person")


# --- What has been spent ---------------------------------------------------------------------------------------------


def renyi_divergences(sampling_rate, noise_multiplier, orders):
    """Return what one step of DP-SGD costs in Renyi differential privacy, for whole orders.

    Costs of steps add up. Without sampling (rate 1) it is ``order / (2 s^2)``, with s for the noise multiplier; with
    sampling a sum over how often a person can be among `order` draws.

    Parameters
    ----------
    sampling_rate : number
        Above 0 and at most 1.
    noise_multiplier : number
        Above 0.
    orders : array of int, shape (orders,)
        Each at least 2.

    Returns
    -------
    array of float64, shape (orders,)

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range, or an order is not whole.

    Source: Mironov I, Talwar K, Zhang L (2019). Renyi differential privacy of the sampled Gaussian mechanism.
    https://arxiv.org/abs/1908.10530, section 3.3

    Taught in: 05_3_privacy
    """
    from scipy.special import gammaln, logsumexp

    q = _sampling_rate(sampling_rate)
    s = _checks.number(noise_multiplier, "noise_multiplier", above=0)
    _checks.not_masked(orders, "orders")
    orders = [_checks.integer(order, "orders", least=2) for order in _checks.listed(orders, "orders")]
    if not orders:
        raise ValueError("orders must hold at least one order, got none")
    if q == 1:
        return np.array(orders) / (2 * s**2)
    found = []
    for order in orders:
        k = np.arange(order + 1)
        binomial = gammaln(order + 1) - gammaln(k + 1) - gammaln(order - k + 1)
        terms = binomial + k * math.log(q) + (order - k) * math.log1p(-q) + k * (k - 1) / (2 * s**2)
        found.append(max(0.0, float(logsumexp(terms))) / (order - 1))
    return np.array(found)


def epsilon_from_renyi(orders, divergences, delta, conversion="improved"):
    """Turn costs in Renyi differential privacy into an epsilon for one delta: the best over the orders.

    Parameters
    ----------
    orders : array, shape (orders,)
        Each above 1.
    divergences : array, shape (orders,)
        Cost of **all** steps at each order, at least 0.
    delta : number
        Between 0 and 1, ends excluded.
    conversion : "improved" or "classic"
        Two theorems about the same numbers; the improved one is never worse.

    Returns
    -------
    float
        At least 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range, or the lengths differ.

    Source: Mironov I (2017). Renyi differential privacy. https://arxiv.org/abs/1702.07476, proposition 3 (classic);
    Canonne C, Kamath G, Steinke T (2020). The discrete Gaussian for differential privacy.
    https://arxiv.org/abs/2004.00010, proposition 12 (improved)

    Taught in: 05_3_privacy
    """
    orders = _checks.numbers_row(orders, "orders")
    divergences = _checks.numbers_row(divergences, "divergences")
    _checks.same_length(orders=orders, divergences=divergences)
    if orders.min() <= 1:
        raise ValueError(f"orders must be above 1, got {orders.min()}")
    if divergences.min() < 0:
        raise ValueError(f"divergences must be at least 0, got {divergences.min()}")
    delta = _checks.share(delta, "delta")
    conversion = _checks.choice(conversion, "conversion", ["improved", "classic"])
    epsilons = divergences - math.log(delta) / (orders - 1)
    if conversion == "improved":
        epsilons += np.log1p(-1 / orders) - np.log(orders) / (orders - 1)
    return max(0.0, float(epsilons.min()))


def epsilon_spent(sampling_rate, noise_multiplier, steps, delta, accountant="pld"):
    """Return the epsilon of DP-SGD with Poisson sampling, computed by the library dp-accounting.

    Parameters
    ----------
    sampling_rate : number
        Chance of each person in each step, above 0 and at most 1.
    noise_multiplier : number
        Above 0.
    steps : int
        At least 1.
    delta : number
        Between 0 and 1, ends excluded; well below 1 / (number of persons).
    accountant : "pld" or "rdp"
        Privacy loss distributions (a tight bound) or Renyi differential privacy (a looser one).

    Returns
    -------
    float
        An upper bound, for neighbours that differ by one person added or removed.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Source: Google. dp-accounting. https://github.com/google/differential-privacy

    Taught in: 05_3_privacy
    """
    q = _sampling_rate(sampling_rate)
    s = _checks.number(noise_multiplier, "noise_multiplier", above=0)
    steps = _checks.integer(steps, "steps", least=1)
    delta = _checks.share(delta, "delta")
    accountant = _checks.choice(accountant, "accountant", ["pld", "rdp"])
    import dp_accounting

    if accountant == "pld":
        from dp_accounting.pld import pld_privacy_accountant

        book = pld_privacy_accountant.PLDAccountant()
    else:
        from dp_accounting.rdp import rdp_privacy_accountant

        book = rdp_privacy_accountant.RdpAccountant()
    book.compose(dp_accounting.PoissonSampledDpEvent(q, dp_accounting.GaussianDpEvent(s)), steps)
    return float(book.get_epsilon(delta))


def noise_multiplier_for(epsilon, delta, sampling_rate, steps, accountant="pld", tolerance=1e-3):
    """Return the least noise multiplier, rounded up, with which `steps` steps spend no more than `epsilon`.

    Where less than about 0.1 would do, the search ends there: so little noise protects nobody.

    Parameters
    ----------
    epsilon : number
        Above 0.
    delta, sampling_rate : number
        As in `epsilon_spent`.
    steps : int
        As in `epsilon_spent`.
    accountant : "pld" or "rdp"
        As in `epsilon_spent`.
    tolerance : number
        How far above the least one the answer may lie, above 0.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range, or no noise up to 1e4 is enough.

    Taught in: 05_3_privacy
    """
    epsilon = _checks.number(epsilon, "epsilon", above=0)
    tolerance = _checks.number(tolerance, "tolerance", above=0)

    def spent(noise):
        return epsilon_spent(sampling_rate, noise, steps, delta, accountant)

    low, high = 0.0, 1.0
    while spent(high) > epsilon:
        low, high = high, 2 * high
        if high > 1e4:
            raise ValueError(f"epsilon must be reachable with a noise multiplier up to 1e4, got {epsilon}")
    while high - low > tolerance:
        middle = (low + high) / 2
        if middle < 0.1:  # less noise is no protection, and the accountants become slow
            break
        low, high = (middle, high) if spent(middle) > epsilon else (low, middle)
    return high


# --- Hospitals that train together -----------------------------------------------------------------------------------


def federated_average(weights, sizes):
    """Average the weights of several sites, each as heavy as its number of persons.

    Parameters
    ----------
    weights : list of lists of arrays
        For each site what `model.get_weights()` returns; the same shapes at every site.
    sizes : list of int, one a site
        Number of persons, at least 1.

    Returns
    -------
    list of arrays
        For `model.set_weights`.

    Raises
    ------
    TypeError, ValueError
        If there is no site, the lengths or shapes differ, or a size is not at least 1.

    Source: McMahan B, Moore E, Ramage D, Hampson S, Aguera y Arcas B (2017). Communication-efficient learning of deep
    networks from decentralized data. https://proceedings.mlr.press/v54/mcmahan17a.html

    Taught in: 05_3_privacy
    """
    weights = [_checks.listed(site, "a site of weights") for site in _checks.listed(weights, "weights")]
    sizes = [_checks.integer(size, "sizes", least=1) for size in _checks.listed(sizes, "sizes")]
    _checks.same_length(weights=weights, sizes=sizes)
    if not sizes:
        raise ValueError("weights must hold at least one site, got none")
    if not weights[0]:
        raise ValueError("weights must hold at least one array a site, got none")
    arrays = [[_site_array(part) for part in site] for site in weights]
    shapes = [[part.shape for part in site] for site in arrays]
    for number, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(f"weights must have the same shapes at every site, got {shape} at site {number}")
    total = sum(sizes)
    return [
        sum(size / total * part for size, part in zip(sizes, parts, strict=True)) for parts in zip(*arrays, strict=True)
    ]


def _site_array(part):
    return np.asarray(_checks.array(part, "weights", booleans=False))


def pairwise_masks(n_sites, size, seed=0):
    """Draw masks for secure aggregation: each is a random vector, and all of them together are zero.

    For each pair of sites one random vector is drawn; the first of the two adds it, the second subtracts it. In earnest
    the two agree on it by an exchange of keys, and count in whole numbers of fixed range, where a masked value says
    nothing at all about the true one; here floating-point numbers show the idea.

    Parameters
    ----------
    n_sites : int
        At least 2.
    size : int
        Length of a mask, at least 1.
    seed : int or NumPy generator
        As in `laplace_mechanism`.

    Returns
    -------
    array of float64, shape (n_sites, size)

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Source: Bonawitz K, Ivanov V, Kreuter B, et al. (2017). Practical secure aggregation for privacy-preserving machine
    learning. https://doi.org/10.1145/3133956.3133982

    Taught in: 05_3_privacy
    """
    n_sites = _checks.integer(n_sites, "n_sites", least=2)
    size = _checks.integer(size, "size", least=1)
    generator = _checks.generator(seed)
    masks = np.zeros((n_sites, size))
    for first in range(n_sites):
        for second in range(first + 1, n_sites):
            shared = generator.normal(0, 100, size)
            masks[first] += shared
            masks[second] -= shared
    return masks
