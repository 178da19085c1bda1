"""Time to an event: curves from censored data, the Cox model's parts, how predictions are measured, simulated cohorts.

`time` is the observed time of each patient, at least 0 and in one unit; `event` says whether the event was seen then
(1) or the patient was lost to view (0, censored). A risk score is larger for those who are expected to have the event
earlier. Where event and censoring fall on one time, the event comes first: who is censored at t was at risk at t.
Events at time 0 are allowed. TensorFlow is imported only inside the losses.
"""

import dataclasses

import numpy as np
from scipy import special, stats

from course_utils import _checks, evaluation

__all__ = [
    "Baseline",
    "CensoredCohort",
    "KaplanMeier",
    "LogRank",
    "NelsonAalen",
    "PersonPeriods",
    "SurvivalCalibration",
    "Visits",
    "breslow_baseline",
    "brier_score",
    "calibration_at",
    "concordance_index",
    "concordance_interval",
    "cox_loss",
    "discrete_time_loss",
    "discrete_time_rows",
    "integrated_brier_score",
    "kaplan_meier",
    "log_rank",
    "nelson_aalen",
    "simulate_censored",
    "simulate_visits",
    "time_dependent_auc",
    "uno_concordance",
]


# --- Curves without a model ------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class KaplanMeier:
    """What `kaplan_meier` returns: one entry for each distinct time, in order.

    `times`, and at each of them `at_risk` (patients under observation just before), `events`, `censored`, `survival`
    (the share without the event after that time), `low` and `high` (its interval at `level`).
    """

    times: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    censored: np.ndarray
    survival: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float

    def at(self, times):
        """Read the curve off at one time or at many: an array of the same shape. Beyond the last time it is unknown."""
        return self._read(self.survival, times)

    def interval_at(self, time):
        """Return the curve at one time with its interval, as an `evaluation.Interval`."""
        _checks.number(time, "time", least=0)
        values = [float(self._read(curve, time)) for curve in (self.survival, self.low, self.high)]
        return evaluation.Interval(*values, self.level)

    def median(self):
        """Return the first time at which at most half are without the event; NaN if the curve ends above one half."""
        below = np.flatnonzero(self.survival <= 0.5 + 1e-12)
        return float(self.times[below[0]]) if len(below) else float("nan")

    def _read(self, values, times):
        times = _checks.array(times, "times", booleans=False)
        if times.min() < 0:
            raise ValueError(f"times must be at least 0, got {times.min()}")
        if times.max() > self.times[-1] and self.survival[-1] > 0:
            raise ValueError(f"times must not be beyond the last time observed, {self.times[-1]}, got {times.max()}")
        return np.append(1.0, values)[np.searchsorted(self.times, times, side="right")]


def kaplan_meier(time, event, *, level=0.95):
    """Estimate the survival function from censored data: the product of the shares that pass each time.

    Parameters
    ----------
    time : array of numbers, shape (n,)
    event : array of 0 and 1, shape (n,)
        1 = the event was seen at that time, 0 = censored. Without any event the curve is 1.
    level : float between 0 and 1, ends excluded
        Level of the interval at each time (not of the curve as a whole).

    Returns
    -------
    KaplanMeier
        `times`, `at_risk`, `events`, `censored`, `survival`, `low`, `high`, `level`; `at(times)`, `interval_at(time)`
        and `median()` read it off.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, or a time is negative.

    Notes
    -----
    The interval is Greenwood's, on the scale log(-log S), where it cannot leave 0 to 1. Where the curve has come down
    to 0 that scale ends: there `low` is 0 and `high` stays where it was.

    Source: Kaplan EL, Meier P (1958). Journal of the American Statistical Association 53:457-481.
    https://doi.org/10.1080/01621459.1958.10501452; interval: the exponential Greenwood formula, which SciPy's `ecdf`
    offers as "log-log"

    Taught in: 03_4_medical_prediction_models
    """
    time, event = _cohort(time, event)
    level = _checks.share(level, "level")
    times, at_risk, events, censored = _counts(time, event)
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events)))) / np.log(survival)
        quantile = special.ndtri((1 + level) / 2)
        low, high = (survival ** np.exp(sign * quantile * spread) for sign in (-1, 1))
    inside = (survival > 0) & (survival < 1)
    low = np.where(inside, low, survival)
    high = np.where(inside, high, survival)
    if survival[-1] == 0:
        high[survival == 0] = high[survival > 0][-1] if (survival > 0).any() else 1.0
    return KaplanMeier(times, at_risk, events, censored, survival, low, high, level)


@dataclasses.dataclass(frozen=True, eq=False)
class NelsonAalen:
    """What `nelson_aalen` returns: `times`, `at_risk`, `events`, `cumulative_hazard`, `low`, `high`, and `level`."""

    times: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    cumulative_hazard: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float


def nelson_aalen(time, event, *, level=0.95):
    """Estimate the cumulative hazard from censored data: the sum of events divided by patients at risk.

    Parameters
    ----------
    time : array of numbers, shape (n,)
    event : array of 0 and 1, shape (n,)
    level : float between 0 and 1, ends excluded
        Level of the interval at each time, on the scale of the logarithm.

    Returns
    -------
    NelsonAalen
        Its `cumulative_hazard` is about -log of the Kaplan-Meier curve, and never above it.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, or a time is negative.

    Source: Aalen O (1978). Annals of Statistics 6:701-726. https://doi.org/10.1214/aos/1176344247

    Taught in: 03_4_medical_prediction_models
    """
    time, event = _cohort(time, event)
    level = _checks.share(level, "level")
    times, at_risk, events, _ = _counts(time, event)
    hazard = np.cumsum(events / at_risk)
    spread = np.zeros(len(times))
    np.divide(np.sqrt(np.cumsum(events / at_risk**2)), hazard, out=spread, where=hazard > 0)
    factor = np.exp(special.ndtri((1 + level) / 2) * spread)
    return NelsonAalen(times, at_risk, events, hazard, hazard / factor, hazard * factor, level)


@dataclasses.dataclass(frozen=True, eq=False)
class LogRank:
    """What `log_rank` returns.

    `names` of the groups, the number of events `observed` in each and the number `expected` if all groups had one
    hazard, the `statistic` (chi-squared, with `degrees` of freedom) and its `p_value`.
    """

    names: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    statistic: float
    degrees: int
    p_value: float


def log_rank(time, event, group):
    """Test whether groups have the same hazard: are there as many events in each as its share of those at risk expects?

    Parameters
    ----------
    time : array of numbers, shape (n,)
    event : array of 0 and 1, shape (n,)
        At least one 1.
    group : sequence of names or numbers, length n
        Two groups or more.

    Returns
    -------
    LogRank

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, if there is one group only, or if no event happened while more than one
        group was under observation.

    Source: Mantel N (1966). Cancer Chemotherapy Reports 50:163-170; Peto R, Peto J (1972). Journal of the Royal
    Statistical Society A 135:185-198. https://doi.org/10.2307/2344317

    Taught in: 03_4_medical_prediction_models
    """
    time, event = _cohort(time, event, needs_events=True)
    names, codes = _groups(group, time)
    times = np.unique(time[event == 1])
    # [times, groups]: how many are at risk, how many have the event
    at_risk = np.array([_at_least(time[codes == code], times) for code in range(len(names))]).T.astype(float)
    events = np.zeros_like(at_risk)
    seen = event == 1
    np.add.at(events, (np.searchsorted(times, time[seen]), codes[seen]), 1)
    n, d = at_risk.sum(axis=1), events.sum(axis=1)
    share = at_risk / n[:, None]
    observed, expected = events.sum(axis=0), (d[:, None] * share).sum(axis=0)
    scale = np.divide(d * (n - d), n - 1, out=np.zeros(len(n)), where=n > 1)
    covariance = np.diag(scale @ share) - (share * scale[:, None]).T @ share
    # The rows of the matrix add up to 0: one group says nothing that the others do not.
    if (rank := np.linalg.matrix_rank(covariance)) == 0:
        raise ValueError("group must have an event at a time when more than one group is under observation")
    difference = observed - expected
    statistic = float(difference @ np.linalg.pinv(covariance, hermitian=True) @ difference)
    p_value = float(stats.chi2.sf(statistic, rank))
    return LogRank(names, observed.astype(int), expected, statistic, int(rank), p_value)


# --- The Cox model ---------------------------------------------------------------------------------------------------


def cox_loss(ties="efron"):
    """Make the loss that trains a Keras model to give risk scores: minus the log partial likelihood, per event.

    ``model.compile(loss=survival.cox_loss())`` and ``model.fit(features, np.column_stack([time, event]),
    batch_size=n)``. The risk set of a patient is made of the batch, so that small batches have another loss. The
    absolute size of the scores is free: a bias in the last layer learns nothing.

    Parameters
    ----------
    ties : "efron" or "breslow"
        What is done about events at one time. Breslow leaves all of them in the risk set of each; Efron takes them out
        one after another, in equal parts. Without ties both are the same.

    Returns
    -------
    function
        Of `y_true`, shape (n, 2), with columns time and event, and `y_pred`, shape (n, 1) or (n,), the risk scores. It
        returns one number; 0 for a batch without events. For scores of any size there is no overflow.

    Raises
    ------
    ValueError
        If `ties` is not one of the two; when the function is called, if `y_true` does not have two columns.

    Source: Cox DR (1972). Journal of the Royal Statistical Society B 34:187-220.
    https://doi.org/10.1111/j.2517-6161.1972.tb00899.x; Efron B (1977). Journal of the American Statistical Association
    72:557-565. https://doi.org/10.1080/01621459.1977.10480613

    Taught in: 03_4_medical_prediction_models
    """
    ties = _checks.choice(ties, "ties", ("efron", "breslow"))

    def loss(y_true, y_pred):
        import tensorflow as tf

        risk = tf.convert_to_tensor(y_pred)
        y_true = tf.convert_to_tensor(y_true)
        if y_true.shape.rank != 2 or y_true.shape[1] != 2:
            raise ValueError(f"y_true must have two columns, time and event, got shape {tuple(y_true.shape)}")
        risk = tf.reshape(risk, [-1])
        order = tf.argsort(y_true[:, 0], stable=True)
        time = tf.gather(y_true[:, 0], order)
        event = tf.cast(tf.gather(y_true[:, 1], order), risk.dtype)
        risk = tf.gather(risk, order)
        # All that lie behind in this order are at risk; so are those before who have the same time.
        first = tf.searchsorted(time, time, side="left")
        log_at_risk = tf.gather(tf.math.cumulative_logsumexp(risk, reverse=True), first)
        if ties == "efron":
            n = tf.shape(risk)[0]
            # The largest score of the events at each time keeps the exponentials from overflowing.
            lowest = tf.fill([n], risk.dtype.min)
            top = tf.math.unsorted_segment_max(tf.where(event > 0, risk, lowest), first, n)
            top = tf.stop_gradient(tf.gather(top, first))
            shifted = tf.where(event > 0, risk - top, tf.zeros_like(risk))
            total = tf.gather(tf.math.unsorted_segment_sum(event * tf.exp(shifted), first, n), first)
            tied = tf.gather(tf.math.unsorted_segment_sum(event, first, n), first)
            before = tf.cumsum(event, exclusive=True)
            before -= tf.gather(before, first)  # how many of the tied events have been taken out
            is_tied = (event > 0) & (before > 0)
            # Where nothing is taken out nothing may flow back, not even 0 times infinity: values are set before.
            log_tied = top + tf.math.log(tf.where(is_tied, total, tf.ones_like(total)))
            ratio = tf.exp(tf.where(is_tied, log_tied - log_at_risk, tf.zeros_like(risk)))
            part = tf.where(is_tied, before / tf.maximum(tied, 1), tf.zeros_like(risk))
            log_at_risk += tf.math.log1p(-part * ratio)
        return tf.math.divide_no_nan(tf.reduce_sum(event * (log_at_risk - risk)), tf.reduce_sum(event))

    loss.__name__ = f"cox_loss_{ties}"
    return loss


@dataclasses.dataclass(frozen=True, eq=False)
class Baseline:
    """What `breslow_baseline` returns: the cumulative hazard of a patient whose risk score is 0, at each event time.

    The hazard is also kept as a logarithm: where all scores are far from 0, no float64 can hold the hazard itself.
    """

    times: np.ndarray
    log_cumulative_hazard: np.ndarray
    last_time: float  # the last time observed, event or not

    @property
    def cumulative_hazard(self):
        """The hazard itself, at each event time: array of float64, 0 or infinite where that leaves the range."""
        with np.errstate(over="ignore", under="ignore"):
            return np.exp(self.log_cumulative_hazard)

    def survival(self, risk, horizons):
        """Predict the survival of patients: S(t) = exp(-H_0(t) exp(risk)).

        Parameters
        ----------
        risk : array of numbers, shape (n,)
            Risk scores of the model that the baseline was made for.
        horizons : number or array of numbers, shape (k,)
            Not beyond the last time observed: what comes later was not estimated.

        Returns
        -------
        array of float64, shape (n, k), or (n,) for one number
        """
        risk = _checks.numbers_row(risk, "risk")
        times = _checks.array(horizons, "horizons", booleans=False)
        if times.ndim > 1 or times.min() < 0:
            raise ValueError(f"horizons must be one number or a row of them, at least 0, got {horizons!r}")
        if times.max() > self.last_time:
            raise ValueError(f"horizons must not be beyond the last time observed, {self.last_time}, got {times.max()}")
        log_hazard = np.append(-np.inf, self.log_cumulative_hazard)[np.searchsorted(self.times, times, side="right")]
        with np.errstate(over="ignore", under="ignore"):
            return np.exp(-np.exp(np.add.outer(risk, log_hazard)))


def breslow_baseline(time, event, risk):
    """Estimate the baseline of a model that gives risk scores, so that they become survival curves.

    At each event time the cumulative hazard grows by the number of events, divided by the sum of exp(risk) over those
    at risk. With equal scores it is the Nelson-Aalen estimate. All is done with logarithms: scores of any size will do,
    and a number added to all of them changes no prediction.

    Parameters
    ----------
    time : array of numbers, shape (n,)
    event : array of 0 and 1, shape (n,)
        At least one 1.
    risk : array of numbers, shape (n,)
        Risk scores, such as the output of a network trained on `cox_loss`, of the *training* patients.

    Returns
    -------
    Baseline
        `baseline.survival(risk, horizons)` predicts.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, a time is negative, or there is no event.

    Source: Breslow N (1972), in the discussion of Cox. Journal of the Royal Statistical Society B 34:216-217.

    Taught in: 03_4_medical_prediction_models
    """
    time, event = _cohort(time, event, needs_events=True)
    risk = _scores(risk, time)
    order = np.argsort(time, kind="stable")
    log_at_risk = np.logaddexp.accumulate(risk[order][::-1])[::-1]
    times, counts = np.unique(time[event == 1], return_counts=True)
    log_increments = np.log(counts) - log_at_risk[np.searchsorted(time[order], times, side="left")]
    return Baseline(times, np.logaddexp.accumulate(log_increments), float(time.max()))


# --- Discrete time ---------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class PersonPeriods:
    """What `discrete_time_rows` returns, in two forms that say the same.

    `targets` [n, K]: 1 where the event fell into the interval, 0 where the patient passed it, -1 where neither is
    known: what `discrete_time_loss` takes. `patient`, `interval` and `event`, [rows]: one row for each patient
    and each interval observed, as a logistic regression takes it. `edges` [K + 1] are the limits of the intervals.
    """

    targets: np.ndarray
    patient: np.ndarray
    interval: np.ndarray
    event: np.ndarray
    edges: np.ndarray


def discrete_time_rows(time, event, edges, *, censored="end"):
    """Cut follow-up into intervals: a patient becomes one row for each interval that was reached without the event.

    The interval k holds the times above `edges[k]` up to and with `edges[k + 1]`, the first one also time 0. Who goes
    on beyond the last edge passed them all. Who is censored inside an interval may have had the event in the rest of
    it: `censored` says whether that interval counts as passed.

    Parameters
    ----------
    time : array of numbers, shape (n,)
    event : array of 0 and 1, shape (n,)
        At least one 1 up to the last edge.
    edges : array of numbers, shape (K + 1,)
        Increasing, beginning with 0.
    censored : "end" or "middle"
        Which intervals a censored patient passed: those observed to their end, or those observed to their middle or
        beyond. A patient censored before the first such limit gives no row.

    Returns
    -------
    PersonPeriods

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, or if the last edge is beyond the last time.

    Notes
    -----
    "end" forgets the part of an interval that a censored patient passed, but keeps the interval in which an event was
    seen: hazards come out too high, and survival too low, the more so the wider the intervals. Where every censoring
    falls on an edge they are those of Kaplan-Meier. "middle" is the rule of the code of Gensheimer and Narasimhan; it
    errs little where patients leave evenly over an interval.

    Source: Singer JD, Willett JB (1993). Journal of Educational Statistics 18:155-195.
    https://doi.org/10.3102/10769986018002155; "middle": `make_surv_array` in
    https://github.com/MGensheimer/nnet-survival

    Taught in: 03_4_medical_prediction_models
    """
    time, event = _cohort(time, event, needs_events=True)
    edges = _checks.numbers_row(edges, "edges")
    if len(edges) < 2 or edges[0] != 0 or (np.diff(edges) <= 0).any():
        raise ValueError(f"edges must be at least 2 increasing numbers, the first 0, got {edges[:6].tolist()}")
    if edges[-1] > time.max():
        raise ValueError(f"edges must not go beyond the last time observed, {time.max()}, got {edges[-1]}")
    censored = _checks.choice(censored, "censored", ("end", "middle"))
    limits = edges[1:] if censored == "end" else edges[:-1] / 2 + edges[1:] / 2
    passed = time[:, None] >= np.where(event[:, None] == 1, edges[None, 1:], limits[None])
    # An event at an edge falls into the interval that ends there.
    inside = (time[:, None] > edges[None, :-1]) & (time[:, None] <= edges[None, 1:]) & (event[:, None] == 1)
    inside[:, 0] |= (time == 0) & (event == 1)
    targets = np.where(inside, 1, np.where(passed, 0, -1))
    if not inside.any():
        raise ValueError(f"event must hold at least one 1 up to the last edge, {edges[-1]}")
    patient, interval = np.nonzero(targets >= 0)
    return PersonPeriods(targets, patient, interval, targets[patient, interval], edges)


def discrete_time_loss(y_true, y_pred):
    """Loss of a Keras model that gives a hazard for each interval: minus the log likelihood, per patient.

    The sum over the intervals observed of the cross-entropy between "the event fell into it" and the hazard, which is
    the loss of a logistic regression on the person-period rows.

    Parameters
    ----------
    y_true : tensor, shape (n, K)
        `targets` of `discrete_time_rows`: 1, 0, or -1 for an interval that was not observed.
    y_pred : tensor, shape (n, K)
        Logits of the hazards. Survival up to the end of interval k is the product of 1 - hazard over 0 to k.

    Returns
    -------
    tensor, shape (n,)
        Keras takes their mean.

    Raises
    ------
    ValueError
        If the two have different numbers of intervals.

    Source: Gensheimer MF, Narasimhan B (2019). PeerJ 7:e6257. https://doi.org/10.7717/peerj.6257

    Taught in: 03_4_medical_prediction_models
    """
    import tensorflow as tf

    logits = tf.convert_to_tensor(y_pred)
    targets = tf.cast(tf.convert_to_tensor(y_true), logits.dtype)
    if targets.shape.rank != 2 or logits.shape.rank != 2 or targets.shape[1] != logits.shape[1]:
        shapes = f"{tuple(targets.shape)} and {tuple(logits.shape)}"
        raise ValueError(f"y_true and y_pred must both have one column for each interval, got shapes {shapes}")
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.maximum(targets, 0), logits=logits)
    return tf.reduce_sum(tf.where(targets >= 0, entropy, tf.zeros_like(entropy)), axis=1)


# --- Who comes first: concordance ------------------------------------------------------------------------------------


def concordance_index(time, event, risk):
    """Harrell's concordance index: of the pairs whose order is known, the share that the risk scores have right.

    The order of two patients is known if the earlier of their times is an event; of two equal times, if one is an event
    and the other is censored. The one with the earlier event should have the **higher** score. Equal scores count one
    half. Survival probabilities and predicted times run the other way: give their negatives.

    Parameters
    ----------
    time : array of numbers, shape (n,)
    event : array of 0 and 1, shape (n,)
    risk : array of numbers, shape (n,)
        Larger for those expected to have the event earlier.

    Returns
    -------
    float
        0.5 for scores without information, 1 for the right order, 0 for the reverse.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, a time is negative, or no pair can be compared.

    Notes
    -----
    Takes n (log n)^2 steps. Heavy censoring makes it too high: see
    `uno_concordance`.

    Source: Harrell FE, et al. (1982). JAMA 247:2543-2546. https://doi.org/10.1001/jama.1982.03320430047030

    Taught in: 03_4_medical_prediction_models
    """
    time, event = _cohort(time, event, needs_events=True)
    return _concordance(time, event, _scores(risk, time), np.ones(len(time)))


def uno_concordance(time, event, risk, *, horizon=None, censoring=None):
    """Uno's concordance index: Harrell's, with each event weighted so that censoring no longer decides which are seen.

    An event that was seen at time t stands for those that censoring hid: its weight is the inverse square of the chance
    not to be censored before t.

    Parameters
    ----------
    time : array of numbers, shape (n,)
    event : array of 0 and 1, shape (n,)
    risk : array of numbers, shape (n,)
        Larger for those expected to have the event earlier.
    horizon : number, optional
        Only events before this time count. Late events get large weights: a horizon keeps the estimate steady.
    censoring : pair of arrays, optional
        Times and events of the cohort from which censoring is estimated, such as the training set; otherwise this one.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, if no pair can be compared, or if an event lies where the cohort of
        `censoring` was censored to the last patient.

    Notes
    -----
    The chance is taken just before t: with the inverse of *that* as weights, the share of events up to t is exactly
    1 - Kaplan-Meier. scikit-survival 0.28 takes it at t itself, which differs where someone was censored at the very
    time of an event, as happens with times in whole days.

    Source: Uno H, et al. (2011). Statistics in Medicine 30:1105-1117. https://doi.org/10.1002/sim.4154

    Taught in: 03_4_medical_prediction_models
    """
    time, event = _cohort(time, event, needs_events=True)
    risk = _scores(risk, time)
    counted = event == 1
    if horizon is not None:
        counted &= time < _checks.number(horizon, "horizon", above=0)
        if not counted.any():
            raise ValueError(f"horizon must lie behind the first event, at {time[event == 1].min()}, got {horizon}")
    weights = np.zeros(len(time))
    weights[counted] = _inverse_censoring(time[counted], censoring, time, event, before=True) ** 2
    return _concordance(time, event, risk, weights)


def concordance_interval(time, event, risk, risk_b=None, *, groups=None, n_resamples=500, level=0.95, seed=0):
    """Interval of Harrell's concordance index, or of its difference between two models on the same patients.

    Percentile bootstrap over patients: both models are measured on the same resamples, so that what makes a resample
    easy for both cancels out of the difference.

    Parameters
    ----------
    time : array of numbers, shape (n,)
    event : array of 0 and 1, shape (n,)
        Events of three patients or more.
    risk : array of numbers, shape (n,)
        Risk scores.
    risk_b : array of numbers, shape (n,), optional
        Scores of another model. The interval is then that of the index of `risk` minus the index of `risk_b`.
    groups : sequence of patient names or numbers, length n, optional
        Without it every row is its own patient.
    n_resamples : int
    level : float between 0 and 1, ends excluded
    seed : int

    Returns
    -------
    evaluation.Interval

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, or no pair can be compared.

    Source: Efron B, Tibshirani R (1993). An Introduction to the Bootstrap, chapter 13; `evaluation.bootstrap_interval`

    Taught in: 04_4_medical_prediction_lab
    """
    time, event = _cohort(time, event, needs_events=True)
    scores = [_scores(risk, time)] + ([] if risk_b is None else [_scores(risk_b, time, "risk_b")])

    def index(events, rows):  # `scores` of the bootstrap are the numbers of the rows drawn
        rows = rows.astype(int)
        values = [_concordance(time[rows], events, score[rows], np.ones(len(rows))) for score in scores]
        return values[0] - sum(values[1:])

    _checks.integer(n_resamples, "n_resamples", least=1)
    options = {"n_resamples": n_resamples, "level": level, "seed": seed, "groups": groups}
    return evaluation.bootstrap_interval(index, event, np.arange(len(time)), **options)


# --- Probabilities, at a horizon -------------------------------------------------------------------------------------


def brier_score(time, event, survival, horizons, *, censoring=None):
    """Brier score of survival probabilities at one time or more: the mean squared error, corrected for censoring.

    Who was censored by the horizon has no known outcome. Those who have one are weighted by the inverse of the
    chance that it was seen: 1 / G(time) for an event, 1 / G(horizon) for who went beyond; G(t) is the chance not to be
    censored up to t.

    Parameters
    ----------
    time : array of numbers, shape (n,)
    event : array of 0 and 1, shape (n,)
    survival : array of numbers, shape (n, k), or (n,) for one horizon
        Predicted probability to be without the event after each horizon: not a risk.
    horizons : array of numbers, shape (k,), or one number
        Increasing, above 0, before the last time observed.
    censoring : pair of arrays, optional
        Times and events of the cohort from which censoring is estimated, such as the training set; otherwise this one.

    Returns
    -------
    array of float64, shape (k,), or float for one number
        0 is perfect; 0.25 is what "one half" for everybody has, about.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, a probability is outside 0 to 1, or a horizon beyond the last time,
        of this cohort or of that of `censoring`.

    Notes
    -----
    G is taken just before the time of an event: see `uno_concordance`.

    Source: Graf E, et al. (1999). Statistics in Medicine 18:2529-2545.
    https://doi.org/10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5

    Taught in: 03_4_medical_prediction_models
    """
    time, event = _cohort(time, event)
    times, is_one = _horizons(horizons, time)
    survival = _per_horizon(survival, "survival", time, times)
    if survival.min() < 0 or survival.max() > 1:
        wrong = survival[(survival < 0) | (survival > 1)][0]
        raise ValueError(f"survival must be between 0 and 1, got {wrong}; is this a risk score?")
    case, control = _cases_and_controls(time, event, times)
    weight = np.zeros(len(time))
    needed = case.any(axis=1)
    weight[needed] = _inverse_censoring(time[needed], censoring, time, event, before=True)
    beyond = _inverse_censoring(times, censoring, time, event, before=False)
    errors = case * survival**2 * weight[:, None] + control * (1 - survival) ** 2 * beyond
    scores = errors.mean(axis=0)
    return float(scores[0]) if is_one else scores


def integrated_brier_score(time, event, survival, horizons, *, censoring=None):
    """Average the Brier score over time: the area below it, by trapezia, divided by the span of the horizons.

    Parameters
    ----------
    time : array of numbers, shape (n,)
    event : array of 0 and 1, shape (n,)
    survival : array of numbers, shape (n, k)
        Predicted probability to be without the event after each horizon.
    horizons : array of numbers, shape (k,)
        At least two, increasing, above 0, before the last time observed.
    censoring : pair of arrays, optional
        As in `brier_score`.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        As `brier_score`, or if there is one horizon only.

    Source: Graf E, et al. (1999): see `brier_score`

    Taught in: 03_4_medical_prediction_models
    """
    times = _checks.array(horizons, "horizons", axes=1, booleans=False)
    if len(times) < 2:
        raise ValueError(f"horizons must be at least 2 times, got {len(times)}")
    scores = brier_score(time, event, survival, times, censoring=censoring)
    return float(np.trapezoid(scores, times) / (times[-1] - times[0]))


def time_dependent_auc(time, event, risk, horizons, *, censoring=None):
    """ROC-AUC at one time or more: those with the event up to then (cases) against those beyond it (controls).

    Cumulative cases, dynamic controls. Cases are weighted by the inverse of the chance not to be censored before their
    event; who was censored before the horizon is neither.

    Parameters
    ----------
    time : array of numbers, shape (n,)
    event : array of 0 and 1, shape (n,)
    risk : array of numbers, shape (n,), or (n, k) for scores that change with the horizon
        Larger for those expected to have the event earlier.
    horizons : array of numbers, shape (k,), or one number
        Increasing, above 0, before the last time observed, and not before the first event.
    censoring : pair of arrays, optional
        As in `uno_concordance`.

    Returns
    -------
    array of float64, shape (k,), or float for one number

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, or if there is no case at a horizon.

    Source: Uno H, et al. (2007). Journal of the American Statistical Association 102:527-537.
    https://doi.org/10.1198/016214507000000149

    Taught in: 03_4_medical_prediction_models
    """
    time, event = _cohort(time, event, needs_events=True)
    times, is_one = _horizons(horizons, time)
    risk = _checks.array(risk, "risk", booleans=False).astype(float)
    if risk.ndim == 1:
        risk = np.repeat(_scores(risk, time)[:, None], len(times), axis=1)
    risk = _per_horizon(risk, "risk", time, times)
    case, control = _cases_and_controls(time, event, times)
    if not case.any(axis=0).all():
        first = time[event == 1].min()
        raise ValueError(f"horizons must not lie before the first event, at {first}, got {times[0]}")
    weight = np.zeros(len(time))
    needed = case.any(axis=1)
    weight[needed] = _inverse_censoring(time[needed], censoring, time, event, before=True)
    areas = np.empty(len(times))
    for k in range(len(times)):
        scores, others = risk[case[:, k], k], np.sort(risk[control[:, k], k])
        below = np.searchsorted(others, scores, "left") + np.searchsorted(others, scores, "right")  # a tie counts once
        areas[k] = np.average(below / (2 * len(others)), weights=weight[case[:, k]])
    return float(areas[0]) if is_one else areas


@dataclasses.dataclass(frozen=True, eq=False)
class SurvivalCalibration:
    """What `calibration_at` returns: one entry for each group, from the lowest predicted risk to the highest.

    `mean_predicted`, `observed` (1 - Kaplan-Meier at the horizon) with `low` and `high`, `counts`; and for all patients
    together `overall_predicted` and `overall_observed`, an `evaluation.Interval`. `level` is that of the intervals.
    """

    mean_predicted: np.ndarray
    observed: np.ndarray
    low: np.ndarray
    high: np.ndarray
    counts: np.ndarray
    overall_predicted: float
    overall_observed: evaluation.Interval
    horizon: float
    level: float


def calibration_at(time, event, predicted, horizon, *, n_groups=5, level=0.95):
    """Compare predicted risks at a horizon with what Kaplan-Meier finds, in groups of similar predictions.

    Parameters
    ----------
    time : array of numbers, shape (n,)
    event : array of 0 and 1, shape (n,)
    predicted : array of numbers between 0 and 1, shape (n,)
        Predicted probability of the event up to the horizon: 1 - survival.
    horizon : float
        Above 0; in every group someone must have been observed up to it, or all have had the event.
    n_groups : int
        Groups of about equal size. Equal predictions stay together: then there may be fewer.
    level : float between 0 and 1, ends excluded

    Returns
    -------
    SurvivalCalibration
        Where `mean_predicted` lies between `low` and `high`, nothing speaks against the calibration of that group.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, or if the follow-up of a group ends before the horizon.

    Source: Royston P, Altman DG (2013), Kaplan-Meier curves for risk groups. BMC Medical Research Methodology 13:33.
    https://doi.org/10.1186/1471-2288-13-33

    Taught in: 03_4_medical_prediction_models
    """
    time, event = _cohort(time, event)
    predicted = _checks.probabilities(predicted, "predicted")
    _checks.same_length(predicted=predicted, time=time)
    horizon = _checks.number(horizon, "horizon", above=0)
    if horizon > time.max():
        raise ValueError(f"horizon must not be beyond the last time observed, {time.max()}, got {horizon}")
    n_groups = _checks.integer(n_groups, "n_groups", least=1)
    inner = np.quantile(predicted, np.arange(1, n_groups) / n_groups)
    codes = np.unique(np.searchsorted(inner, predicted, side="right"), return_inverse=True)[1]
    intervals, means = [], []
    for code in range(codes.max() + 1):
        rows = codes == code
        curve = kaplan_meier(time[rows], event[rows], level=level)
        if curve.times[-1] < horizon and curve.survival[-1] > 0:
            raise ValueError(
                f"horizon must not be beyond the follow-up of a group: that of group {code + 1} of {codes.max() + 1} "
                f"ends at {curve.times[-1]}, got {horizon}; take an earlier horizon or fewer groups"
            )
        intervals.append(curve.interval_at(horizon))
        means.append(predicted[rows].mean())
    whole = kaplan_meier(time, event, level=level).interval_at(horizon)
    return SurvivalCalibration(
        mean_predicted=np.array(means),
        observed=np.array([1 - interval.estimate for interval in intervals]),
        low=np.array([1 - interval.high for interval in intervals]),
        high=np.array([1 - interval.low for interval in intervals]),
        counts=np.bincount(codes),
        overall_predicted=float(predicted.mean()),
        overall_observed=evaluation.Interval(1 - whole.estimate, 1 - whole.high, 1 - whole.low, whole.level),
        horizon=horizon,
        level=whole.level,
    )


# --- Simulated cohorts, whose truth is known -------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class CensoredCohort:
    """What `simulate_censored` returns: simulated patients. `time` and `event` are what a study would see.

    `event_time` and `censoring_time` are the truth behind them, `risk` is what the cohort was made from.
    """

    time: np.ndarray  # [n] the earlier of the two times below
    event: np.ndarray  # [n] int64, 1 where that is the event
    event_time: np.ndarray  # [n]
    censoring_time: np.ndarray  # [n]
    risk: np.ndarray  # [n] logarithm of the hazard ratio
    shape: float
    scale: float

    def survival(self, horizons):
        """Return the true survival of each patient: array of shape (n, k), or (n,) for one number."""
        times = _checks.array(horizons, "horizons", booleans=False)
        if times.ndim > 1 or times.min() < 0:
            raise ValueError(f"horizons must be one number or a row of them, at least 0, got {horizons!r}")
        return np.exp(-np.multiply.outer(np.exp(self.risk), (times / self.scale) ** self.shape))


def simulate_censored(risk, *, shape=1.5, scale=10.0, censoring_rate=0.05, follow_up=15.0, dependence=0.0, seed=0):
    """Simulate patients with proportional hazards and a Weibull baseline, some of them censored.

    The hazard at time t is exp(risk) times (shape / scale) (t / scale)^(shape - 1). Patients leave at random, at a
    constant rate, and all are censored when the study ends.

    Parameters
    ----------
    risk : array of numbers, shape (n,)
        Logarithm of each patient's hazard ratio, such as ``features @ coefficients``, or any function of the features.
    shape : float
        Above 1 the hazard grows with time, below 1 it falls.
    scale : float
        Time, in years, after which a share of 1/e is without the event at risk 0.
    censoring_rate : float
        Rate at which patients leave, per year of observation: 0.15 means that 14 % have left after a year; 0 for none.
    follow_up : float
        Years until the study ends.
    dependence : number
        Where it is not 0, the rate of leaving is multiplied by exp(dependence * risk): those who are ill leave sooner
        (or later), and what the methods of this module assume of censoring is wrong.
    seed : int, or a NumPy generator
        Another one than that of the features: from one stream, times would go with features that do nothing.

    Returns
    -------
    CensoredCohort
        `time`, `event`, `event_time`, `censoring_time`, `risk`; `survival(horizons)` is the true one.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Source: Bender R, Augustin T, Blettner M (2005). Statistics in Medicine 24:1713-1723.
    https://doi.org/10.1002/sim.2059

    Taught in: 03_4_medical_prediction_models
    """
    risk = _checks.numbers_row(risk, "risk")
    shape, scale = _checks.number(shape, "shape", above=0), _checks.number(scale, "scale", above=0)
    rate = _checks.number(censoring_rate, "censoring_rate", least=0)
    follow_up = _checks.number(follow_up, "follow_up", above=0)
    dependence = _checks.number(dependence, "dependence")
    rng = _checks.generator(seed)
    with np.errstate(over="ignore", divide="ignore"):
        event_time = scale * (rng.exponential(size=len(risk)) * np.exp(-risk)) ** (1 / shape)
        leaves = rng.exponential(size=len(risk)) / (rate * np.exp(dependence * risk))
    censoring_time = np.minimum(leaves, follow_up)
    event = (event_time <= censoring_time).astype(np.int64)
    time = np.minimum(event_time, censoring_time)
    return CensoredCohort(time, event, event_time, censoring_time, risk.copy(), shape, scale)


@dataclasses.dataclass(frozen=True, eq=False)
class Visits:
    """What `simulate_visits` returns: simulated patients who were seen at irregular times. Padding is 0.

    `times` and `values` [n, most], with `mask` [n, most] (True where there was a visit) and `counts` [n]; `outcome` [n]
    is what will be measured `horizon` after the last visit. The truth: `level` and `slope` [n] of each patient, and
    `best` [n], the prediction of `outcome` that nobody can beat on average, from the visits and the rules of the
    simulation.
    """

    times: np.ndarray
    values: np.ndarray
    mask: np.ndarray
    counts: np.ndarray
    outcome: np.ndarray
    level: np.ndarray
    slope: np.ndarray
    best: np.ndarray
    horizon: float


def simulate_visits(
    n_patients=500, *, most=8, gap=0.5, horizon=1.0, noise=0.5, slope_spread=1.0, dependence=0.0, seed=0
):
    """Simulate a measured quantity that changes along a line of its own in each patient, at visits at irregular times.

    value = level + slope * time + noise; level and slope differ between patients, normally distributed around 0 with
    standard deviations 1 and `slope_spread`.

    Parameters
    ----------
    n_patients : int
    most : int
        Each patient has 2 to `most` visits, all numbers being equally likely; the first is at time 0.
    gap : float
        Mean time between visits, in years.
    horizon : float
        The outcome is measured so many years after the last visit.
    noise : float
        Standard deviation of what is added to each measurement, the outcome's too.
    slope_spread : float
        With 0 nobody changes.
    dependence : number
        Where it is not 0, the gaps of a patient are multiplied by exp(-dependence * slope): who gets worse is seen more
        often (or, below 0, less often). `best` does not use this: it is then not quite the best.
    seed : int, or a NumPy generator

    Returns
    -------
    Visits

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Source: a linear model with random intercept and slope: Laird NM, Ware JH (1982). Biometrics 38:963-974.
    https://doi.org/10.2307/2529876

    Taught in: 03_4_medical_prediction_models
    """
    n = _checks.integer(n_patients, "n_patients", least=1)
    most = _checks.integer(most, "most", least=2)
    gap, horizon = _checks.number(gap, "gap", above=0), _checks.number(horizon, "horizon", above=0)
    noise = _checks.number(noise, "noise", above=0)
    slope_spread = _checks.number(slope_spread, "slope_spread", least=0)
    dependence = _checks.number(dependence, "dependence")
    rng = _checks.generator(seed)
    level, slope = rng.normal(size=n), slope_spread * rng.normal(size=n)
    counts = rng.integers(2, most + 1, size=n)
    gaps = gap * rng.exponential(size=(n, most)) * np.exp(-dependence * slope)[:, None]
    gaps[:, 0] = 0.0
    mask = np.arange(most) < counts[:, None]
    times = np.where(mask, np.cumsum(gaps, axis=1), 0.0)
    values = np.where(mask, level[:, None] + slope[:, None] * times + noise * rng.normal(size=(n, most)), 0.0)
    then = times.max(axis=1) + horizon
    outcome = level + slope * then + noise * rng.normal(size=n)
    # The normal equations of level and slope, [n, 2, 2]; the prior adds the inverse of its variances. With a slope of
    # unit variance, times slope_spread, the case of no spread needs no exception.
    design = np.stack([mask, slope_spread * times], axis=-1)  # [n, most, 2]
    gram = np.einsum("nmi,nmj->nij", design, design) + noise**2 * np.eye(2)
    found = np.linalg.solve(gram, np.einsum("nmi,nm->ni", design, values)[..., None])[..., 0]
    best = found[:, 0] + found[:, 1] * slope_spread * then
    return Visits(times, values, mask, counts, outcome, level, slope, best, horizon)


# ---------------------------------------------------------------------------------------------------------------------


def _cohort(time, event, needs_events=False, time_name="time", event_name="event"):
    """Check observed times and events. Returns them as float64 and int64."""
    time, event = _checks.numbers_row(time, time_name), _checks.labels(event, event_name)
    _checks.same_length(**{time_name: time, event_name: event})
    if time.min() < 0:
        raise ValueError(f"{time_name} must be at least 0, got {time.min()} in row {np.argmin(time)}")
    if needs_events and not event.any():
        raise ValueError(f"{event_name} must hold at least one 1, got only 0: every patient is censored")
    return time, event


def _scores(risk, time, name="risk"):
    risk = _checks.numbers_row(risk, name)
    _checks.same_length(**{name: risk, "time": time})
    return risk


def _groups(group, time):
    """Return the names of the groups and each patient's number among them."""
    _checks.not_masked(group, "group")
    group = np.asarray(group)
    if group.ndim != 1 or group.dtype.kind not in "biufUS":
        raise TypeError(f"group must be a row of names or numbers, got dtype {group.dtype} and shape {group.shape}")
    _checks.same_length(group=group, time=time)
    if group.dtype.kind == "f" and not np.isfinite(group).all():
        raise ValueError("group must be finite, got NaN or infinite values")
    names, codes = np.unique(group, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"group must hold at least 2 groups, got only {names[0]!r}")
    return names, codes


def _counts(time, event):
    """Return distinct times, and how many are at risk just before, have the event, are censored at each."""
    times, codes = np.unique(time, return_inverse=True)
    events = np.bincount(codes, event, minlength=len(times)).astype(int)
    leaving = np.bincount(codes, minlength=len(times))
    at_risk = len(time) - np.append(0, np.cumsum(leaving)[:-1])
    return times, at_risk, events, leaving - events


def _at_least(values, limits):
    """Count for each limit how many values are not below it."""
    return len(values) - np.searchsorted(np.sort(values), limits, side="left")


def _inverse_censoring(times, censoring, time, event, before):
    """Return 1 / G: G is the chance not to be censored up to each time, or before it.

    `time` and `event` are the cohort that is measured: G is estimated from it where `censoring` is None.
    """
    if censoring is not None:
        if not isinstance(censoring, tuple | list) or len(censoring) != 2:
            raise TypeError("censoring must be a pair of arrays, the times and the events of a cohort")
        time, event = _cohort(*censoring, time_name="censoring[0]", event_name="censoring[1]")
    known, at_risk, events, censored = _counts(time, event)
    left = at_risk - events  # an event at the same time comes first
    share = np.divide(censored, left, out=np.zeros(len(known)), where=left > 0)
    chance = np.append(1.0, np.cumprod(1 - share))[np.searchsorted(known, times, side="left" if before else "right")]
    if (chance <= 0).any():
        raise ValueError(
            f"censoring must leave someone under observation, but nobody is at {np.asarray(times)[chance <= 0].min()}: "
            "take an earlier horizon, or a cohort that was followed for longer"
        )
    if (late := np.max(times, initial=0.0)) > time.max():
        raise ValueError(f"censoring must reach to {late}: it ends at {time.max()}, and what comes later is not known")
    return 1 / chance


def _horizons(horizons, time):
    """Check horizons. Returns them as an array, and whether one number came."""
    values = _checks.array(horizons, "horizons", booleans=False).astype(float)
    if values.ndim > 1:
        raise ValueError(f"horizons must be one number or a row of them, got shape {values.shape}")
    times = np.atleast_1d(values)
    if times[0] <= 0 or (np.diff(times) <= 0).any():
        raise ValueError(f"horizons must be above 0 and increasing, got {times[:6].tolist()}")
    if times[-1] >= time.max():
        raise ValueError(f"horizons must lie before the last time observed, {time.max()}, got {times[-1]}")
    return times, values.ndim == 0


def _per_horizon(values, name, time, times):
    """Check predictions, one column for each horizon."""
    values = _checks.array(values, name, booleans=False).astype(float)
    if values.ndim == 1 and len(times) == 1:
        values = values[:, None]
    if values.shape != (len(time), len(times)):
        expected = (len(time), len(times))
        raise ValueError(f"{name} must have one row a patient and one column a horizon, {expected}, got {values.shape}")
    return values


def _cases_and_controls(time, event, times):
    """[n, k]: who had the event up to each horizon, and who was still under observation after it."""
    return (time[:, None] <= times) & (event[:, None] == 1), time[:, None] > times


def _concordance(time, event, risk, weights):
    """Share of the right pairs, where each pair has the weight of its earlier event."""
    rows, right, tied, comparable = _pairs(time, event, risk)
    total = weights[rows] @ comparable
    if not total > 0:
        raise ValueError("event must be followed by a later time for at least one patient: no pair can be compared")
    return float(weights[rows] @ (right + tied / 2) / total)


def _pairs(time, event, risk):
    """For each event: how many later patients have a lower score, how many the same, how many there are.

    In the order of time, events before censorings, the later patients of an event are all from one place on. They are
    counted in blocks of 1, 2, 4, ... patients whose scores have been sorted: any such tail is made of a few blocks.
    """
    order = np.lexsort((1 - event, time))
    time, event, rank = time[order], event[order], np.unique(risk, return_inverse=True)[1][order]
    n = len(time)
    places = np.flatnonzero(event)
    # Events of one time cannot be compared with each other; who is censored then comes behind them.
    start = np.searchsorted(time, time[places], "left")
    events_until = np.append(0, np.cumsum(event))
    end = np.searchsorted(time, time[places], "right")
    tail = start + events_until[end] - events_until[start]
    comparable = n - tail
    mine = rank[places]
    right, upto = np.zeros(len(places), dtype=np.int64), np.zeros(len(places), dtype=np.int64)
    at, width, many = tail.copy(), 1, rank.max() + 2
    while width < n:
        chosen = np.flatnonzero((at & width) > 0)
        chosen = chosen[at[chosen] < n]
        if len(chosen):
            block = np.arange(n) // width
            keys = np.sort(block * many + rank)
            wanted = at[chosen] // width * many + mine[chosen]
            begin = at[chosen]
            right[chosen] += np.searchsorted(keys, wanted, "left") - begin
            upto[chosen] += np.searchsorted(keys, wanted, "right") - begin
            at[chosen] += width
        width *= 2
    return order[places], right, upto - right, comparable
