"""Checks behind the exercises of chapter 3.4, Medical prediction models."""

import numpy as np

from course_utils.exercises import Exercise, Misconception

# --- a: who is still followed --------------------------------------------------------------------------------------


def _still_followed(time, event, t):
    share = 1.0
    for moment in np.unique(time[event == 0]):
        if moment < t:
            left = np.sum(time >= moment) - np.sum((time == moment) & (event == 1))
            share = share * (1 - np.sum((time == moment) & (event == 0)) / left)
    return share


def _still_followed_one_by_one(time, event, t):
    """Walk from patient to patient; of equal times the events come first."""
    share, left = 1.0, len(time)
    for moment, seen in sorted(zip(time.tolist(), (1 - event).tolist(), strict=True)):
        if moment >= t:
            break
        if seen:
            share *= (left - 1) / left
        left -= 1
    return share


def _still_followed_at_once(time, event, t):
    moments, counts = np.unique(time[(event == 0) & (time < t)], return_counts=True)
    later = (time[None, :] > moments[:, None]).sum(axis=1)
    censored = ((time[None, :] == moments[:, None]) & (event == 0)).sum(axis=1)
    return np.prod(1 - counts / (later + censored))


def _of(keep, left, leaving):
    """Return the loop with another rule for the times, for those at risk, and for those who leave."""

    def wrong(time, event, t):
        share = 1.0
        for moment in np.unique(time):
            if keep(moment, t) and leaving(time, event, moment):
                share = share * (1 - leaving(time, event, moment) / max(left(time, event, moment), 1))
        return share

    return wrong


def _right_left(time, event, moment):
    return np.sum(time >= moment) - np.sum((time == moment) & (event == 1))


def _censored(time, event, moment):
    return np.sum((time == moment) & (event == 0))


def _events(time, event, moment):
    return np.sum((time == moment) & (event == 1))


def _everybody(time, event, moment):
    return np.sum(time >= moment)


def _later(time, event, moment):
    return np.sum(time > moment)


def _before(moment, t):
    return moment < t


def _up_to(moment, t):
    return moment <= t


_SEVEN = (np.array([1.0, 2, 2, 4, 5, 7, 8]), np.array([1, 1, 0, 1, 0, 1, 0]))
_TEN = (np.array([5.0, 3, 3, 3, 6, 8, 5, 1, 9, 2]), np.array([0, 1, 0, 0, 1, 0, 1, 0, 1, 1]))
_FOLLOWED = [(*_SEVEN, 7.0), (*_SEVEN, 5.0), (*_SEVEN, 1.0), (*_TEN, 5.0), (*_TEN, 6.0), (*_TEN, 9.0), (*_TEN, 3.0)]

# --- b: the loss of the Cox model ----------------------------------------------------------------------------------


def _tf():
    import tensorflow as tf

    return tf


def _loss_by_table(time, event, risk):
    tf = _tf()
    at_risk = time[None, :] >= time[:, None]
    table = tf.where(at_risk, risk[None, :], -np.inf)
    terms = tf.reduce_logsumexp(table, axis=1) - risk
    return tf.reduce_sum(event * terms) / tf.reduce_sum(event)


def _loss_by_order(time, event, risk):
    tf = _tf()
    order = tf.argsort(time)
    risk, event = tf.gather(risk, order), tf.gather(event, order)
    behind = tf.math.cumulative_logsumexp(risk, reverse=True)
    return tf.reduce_mean(tf.boolean_mask(behind - risk, event > 0))


def _loss_by_loop(time, event, risk):
    tf = _tf()
    total = 0.0
    for i in range(len(time)):
        if event[i] == 1:
            total += tf.reduce_logsumexp(risk[time >= time[i]]) - risk[i]
    return total / tf.reduce_sum(event)


def _loss_of(compare=None, over=None, sign=1.0, events_only=False, mean=True, plain_exp=False):
    """Return the loss with one thing changed."""

    def wrong(time, event, risk):
        tf = _tf()
        at_risk = time[None, :] >= time[:, None] if compare is None else compare(tf, time)
        if events_only:
            at_risk = at_risk & (event[None, :] == 1)
        if plain_exp:
            total = tf.math.log(tf.reduce_sum(tf.where(at_risk, tf.exp(risk)[None, :], 0.0), axis=1))
        else:
            total = tf.reduce_logsumexp(tf.where(at_risk, risk[None, :], -1e9), axis=1)
        terms = sign * (total - risk) * (event if over is None else over(tf, event))
        return tf.reduce_sum(terms) / (tf.reduce_sum(event) if mean is True else mean(tf, event))

    return wrong


def _loss_with_zeros(time, event, risk):
    """Who is not at risk gets the score 0 in the table, which counts as one patient."""
    tf = _tf()
    table = tf.where(time[None, :] >= time[:, None], risk[None, :], 0.0)
    return tf.reduce_sum(event * (tf.reduce_logsumexp(table, axis=1) - risk)) / tf.reduce_sum(event)


def _loss_of_columns(time, event, risk):
    """The scores stand along the rows, so that each row holds one score only."""
    tf = _tf()
    table = tf.where(time[None, :] >= time[:, None], risk[:, None], -1e9)
    return tf.reduce_sum(event * (tf.reduce_logsumexp(table, axis=1) - risk)) / tf.reduce_sum(event)


def _loss_down_the_columns(time, event, risk):
    """The sum runs over the rows, so that each column holds one score only."""
    tf = _tf()
    table = tf.where(time[None, :] >= time[:, None], risk[None, :], -np.inf)
    return tf.reduce_sum(event * (tf.reduce_logsumexp(table, axis=0) - risk)) / tf.reduce_sum(event)


def _loss_without_self(time, event, risk):
    """Whoever has the event is not at risk, and others get a score of minus infinity: the last row is empty."""
    tf = _tf()
    table = tf.where(time[None, :] > time[:, None], risk[None, :], -np.inf)
    return tf.reduce_sum(event * (tf.reduce_logsumexp(table, axis=1) - risk)) / tf.reduce_sum(event)


def _loss_unsorted(time, event, risk):
    tf = _tf()
    behind = tf.math.cumulative_logsumexp(risk, reverse=True)
    return tf.reduce_sum(event * (behind - risk)) / tf.reduce_sum(event)


def _wrong_losses():
    """What is told by a wrong value: pairs of a loss and what it betrays."""
    return [
        (
            _loss_of(compare=lambda tf, time: time[None, :] <= time[:, None]),
            "Your risk sets look back: they hold those whose time is earlier. At risk is who is still there.",
        ),
        (
            _loss_of(compare=lambda tf, time: time[None, :] > time[:, None]),
            "The patient who has the event is at risk as well, and belongs into the sum.",
        ),
        (
            _loss_of(compare=lambda tf, time: tf.ones((len(time), len(time)), tf.bool)),
            "You sum over everybody. Who left earlier is no longer at risk.",
        ),
        (
            _loss_of(events_only=True),
            "Your sums leave out the censored. They have no term of their own, but they were at risk.",
        ),
        (
            _loss_of(over=lambda tf, event: tf.ones_like(event), mean=lambda tf, event: float(len(event))),
            "Censored patients got a term of their own. Which i does the outer sum run over?",
        ),
        (
            _loss_with_zeros,
            "A score of 0 in the table still counts: `exp(0)` is 1. Which score adds nothing to a sum of exponentials?",
        ),
        (
            _loss_of_columns,
            "Each row of your table repeats the score of patient i. Its columns should hold the scores of the others.",
        ),
        (
            _loss_down_the_columns,
            "You summed down the columns. The sum for patient i runs over j, along the row of i.",
        ),
        (_loss_unsorted, "A cumulative sum takes the patients in the order they come. They come in any order."),
        (_loss_of(sign=-1.0), "The sign is turned round: training would make the likelihood small."),
        (_loss_of(mean=lambda tf, event: 1.0), "The sum is right. The loss is that sum per event."),
        (
            _loss_of(mean=lambda tf, event: float(len(event))),
            "You divided by the number of patients. The loss is per event.",
        ),
    ]


def _cohorts():
    rng = np.random.default_rng(5)
    for n in (6, 40):
        time = rng.permutation(n).astype("float32") + 0.5
        event = (rng.random(n) < 0.6).astype("float32")
        event[[0, 1]] = 1.0, 0.0
        yield time, event, rng.normal(size=n).astype("float32")


def _right_loss(time, event, risk):
    return float(np.mean([np.log(np.exp(risk[time >= time[i]]).sum()) - risk[i] for i in np.flatnonzero(event)]))


def _judge_loss(network_loss):
    tf = _tf()
    if not callable(network_loss):
        return "A function is asked for."
    for time, event, risk in _cohorts():
        tensors = [tf.constant(values) for values in (time, event, risk)]
        with tf.GradientTape() as tape:
            tape.watch(tensors[2])
            value = network_loss(*tensors)
        try:
            number = float(np.asarray(value))
        except (TypeError, ValueError):
            return f"One number is asked for, got something of shape {np.shape(value)}."
        right = _right_loss(time, event, risk)
        if not np.isclose(number, right, rtol=1e-3, atol=1e-4):
            for wrong, hint in _wrong_losses():
                if np.isclose(number, float(wrong(*tensors)), rtol=1e-4, atol=1e-5):
                    return hint
            if not number > -1e6:
                return "In one row of your table nobody is at risk. Who is always there when patient i has the event?"
            return (
                f"For {len(time)} patients your loss is {number:.4g}, and that is not right. Try it on the seven "
                "patients of the chapter, and print one risk set after the other."
            )
        gradient = tape.gradient(value, tensors[2]) if tf.is_tensor(value) else None
        if gradient is None:
            return "The value is right, but no gradient flows back to the scores: use functions of TensorFlow only."
        slope = _slope(time, event, risk)
        if not np.allclose(np.asarray(tf.convert_to_tensor(gradient)), slope, atol=2e-3):
            return "The value is right, but its gradient is not: is a part of the loss kept from the tape?"
    time, event, risk = next(iter(_cohorts()))
    large = [tf.constant(time), tf.constant(event), tf.constant(risk + np.float32(200))]
    with tf.GradientTape() as tape:
        tape.watch(large[2])
        value = network_loss(*large)
    if not np.isclose(float(value), _right_loss(time, event, risk), rtol=1e-2, atol=1e-3):
        return (
            "For scores around 200 the exponential overflows. Is there a function that takes logarithm and sum at once?"
        )
    if not np.isfinite(np.asarray(tf.convert_to_tensor(tape.gradient(value, large[2])))).all():
        return "For scores around 200 the value is right, but the gradient is not a number."
    return ""


def _slope(time, event, risk):
    moved = np.zeros(len(risk))
    for k in range(len(risk)):
        change = np.zeros(len(risk))
        change[k] = 1e-3
        moved[k] = (_right_loss(time, event, risk + change) - _right_loss(time, event, risk - change)) / 2e-3
    return moved


def _loss_in_numpy(time, event, risk):
    return _right_loss(np.asarray(time), np.asarray(event), np.asarray(risk))


# --- c: which way round --------------------------------------------------------------------------------------------


def _count(better, comparable=None, tie=0.5):
    """Count pairs, with a rule for the right order and one for what can be compared."""

    def index(time, event, predicted):
        right = pairs = 0.0
        for i in range(len(time)):
            for j in range(len(time)):
                if (comparable or _comparable)(time, event, i, j):
                    pairs += 1
                    right += float(better(predicted[i], predicted[j])) + tie * (predicted[i] == predicted[j])
        return right / pairs

    return index


def _comparable(time, event, i, j):
    return event[i] == 1 and (time[j] > time[i] or (time[j] == time[i] and event[j] == 0))


def _earlier_is_lower(first, second):
    return first < second


def _earlier_is_higher(first, second):
    return first > second


def _without_equals(time, event, predicted):
    """Leave pairs of equal predictions out, instead of counting them one half."""
    right = pairs = 0
    for i in range(len(time)):
        for j in range(len(time)):
            if _comparable(time, event, i, j) and predicted[i] != predicted[j]:
                pairs, right = pairs + 1, right + (predicted[i] < predicted[j])
    return right / pairs


def _by_table(time, event, predicted):
    pairs = (event[:, None] == 1) & (
        (time[None, :] > time[:, None]) | ((time[None, :] == time[:, None]) & (event[None, :] == 0))
    )
    right = (predicted[None, :] > predicted[:, None]) + 0.5 * (predicted[None, :] == predicted[:, None])
    return (right * pairs).sum() / pairs.sum()


def _by_course(time, event, predicted):
    from course_utils import survival

    return survival.concordance_index(time, event, -predicted)


def _by_lifelines(time, event, predicted):
    from lifelines.utils import concordance_index

    return concordance_index(time, predicted, event)


def _from_risk(time, event, predicted):
    from course_utils import survival

    return survival.concordance_index(time, event, 1 - predicted)


_PAIRS = [
    (_SEVEN[0], _SEVEN[1], np.array([0.1, 0.6, 0.3, 0.2, 0.9, 0.4, 0.9])),
    (_TEN[0], _TEN[1], np.array([0.4, 0.5, 0.2, 0.5, 0.7, 0.3, 0.4, 0.8, 0.6, 0.1])),
    (np.array([2.0, 2, 3, 5, 5, 5, 1]), np.array([1, 1, 0, 1, 1, 0, 1]), np.array([0.2, 0.5, 0.4, 0.6, 0.9, 0.8, 0.3])),
    (np.array([3.0, 1, 2, 5, 4, 2]), np.array([1, 0, 1, 0, 1, 0]), np.array([0.6, 0.2, 0.3, 0.7, 0.7, 0.1])),
]

# --- d: the honest table -------------------------------------------------------------------------------------------


def _landmark_table(time, event, start, when):
    there = time > when
    return np.column_stack([time[there] - when, event[there], start[there] <= when])


def _landmark_by_loop(time, event, start, when):
    rows = []
    for i in range(len(time)):
        if time[i] > when:
            rows.append([time[i] - when, event[i], 1 if start[i] <= when else 0])
    return rows


def _landmark_by_frame(time, event, start, when):
    import pandas as pd

    table = pd.DataFrame({"left": time - when, "event": event, "treated": (start <= when).astype(int)})
    return table[table["left"] > 0].to_numpy()


def _landmark_by_rows(time, event, start, when):
    return [[t - when, e, s <= when] for t, e, s in zip(time, event, start, strict=True) if t > when]


def _landmark_as_frame(time, event, start, when):
    import pandas as pd

    table = pd.DataFrame({"left": time - when, "event": event == 1, "treated": start <= when})
    return table[table["left"] > 0]


def _landmark_with(rows=None, left=None, treated=None):
    """Return the table with another rule for the rows, for the first or for the last column."""

    def wrong(time, event, start, when):
        there = time > when if rows is None else rows(time, event, start, when)
        first = time - when if left is None else left(time, when)
        last = start <= when if treated is None else treated(time, start, when)
        return np.column_stack([first[there], event[there], last[there]])

    return wrong


_STARTS = [
    (np.array([1.0, 2, 6, 4, 8, 3, 7]), np.array([1, 0, 1, 1, 0, 1, 0]), np.array([0.5, 3, 1, 3, 9, 2, 5]), 2.0),
    (np.array([5.0, 3, 8, 3, 6, 9]), np.array([1, 1, 0, 0, 1, 0]), np.array([3.0, 1, 4, 7, 9, 2]), 3.0),
    (np.array([4.0, 2, 7, 1]), np.array([0, 1, 1, 1]), np.array([0.0, 1, 6, 8]), 1.5),
]

EXERCISES = [
    Exercise(
        "3.4-a",
        expected=_still_followed,
        cases=_FOLLOWED,
        solutions=(_still_followed_one_by_one, _still_followed_at_once),
        misconceptions=(
            Misconception(
                _of(_before, _everybody, _events),
                "That is the curve of the events. Here the censored are the ones who leave.",
                also=(_of(_up_to, _everybody, _events),),
            ),
            Misconception(
                _of(_before, _everybody, _censored),
                "Who has an event at the very time of a censoring was counted as at risk there. Events come first.",
            ),
            Misconception(
                _of(_before, _later, _censored),
                "The one who is censored was not counted as at risk. Until that moment, that patient was there.",
            ),
            Misconception(
                _of(_up_to, _right_left, _censored), "A censoring at `t` itself was counted: just before `t` it is not."
            ),
            Misconception(
                _of(_up_to, _everybody, _censored),
                "Two things are left: events at the time of a censoring come first, and `t` itself does not count yet.",
            ),
            Misconception(
                lambda time, event, t: 1 - np.mean((time < t) & (event == 0)),
                "You divided by all patients. At each censoring, divide by those still at risk.",
            ),
            Misconception(
                lambda time, event, t: np.mean(time >= t),
                "Those with an event have left as well. They were not censored.",
            ),
            Misconception(
                lambda time, event, t: 1 - _still_followed(time, event, t),
                "That is the chance to *be* censored before `t`.",
            ),
            Misconception(
                lambda time, event, t: _still_followed(time, event, np.inf),
                "You multiplied over all censorings. Stop before `t`.",
            ),
        ),
        hint="Go through the censorings of the first case on paper: who is at risk at each, and who leaves?",
    ),
    Exercise(
        "3.4-b",
        requirement=_judge_loss,
        solutions=(_loss_by_table, _loss_by_order, _loss_by_loop),
        misconceptions=(
            *(Misconception(wrong, hint) for wrong, hint in _wrong_losses()),
            Misconception(_loss_of(plain_exp=True), "For scores around 200 the exponential overflows."),
            Misconception(_loss_without_self, "Who is always there when patient i has the event?"),
            Misconception(_loss_in_numpy, "no gradient flows back to the scores"),
        ),
        seconds=30,
    ),
    Exercise(
        "3.4-c",
        expected=_count(_earlier_is_lower),
        cases=_PAIRS,
        solutions=(_by_table, _by_course, _by_lifelines, _from_risk),
        misconceptions=(
            Misconception(
                _count(_earlier_is_higher),
                "A perfect model would get 0 from you: that is the direction of a risk score.",
            ),
            Misconception(
                _count(_earlier_is_lower, tie=0.0), "Pairs with equal predictions count one half, and you gave them 0."
            ),
            Misconception(
                _without_equals,
                "You left out the pairs with equal predictions. They count as pairs, and one half is right.",
            ),
            Misconception(
                _count(_earlier_is_lower, tie=1.0), "Pairs with equal predictions count one half, and you gave them 1."
            ),
            Misconception(
                _count(_earlier_is_lower, lambda time, event, i, j: time[j] > time[i]),
                "You compared pairs whose earlier time is a censoring: nobody knows who came first there.",
            ),
            Misconception(
                _count(
                    _earlier_is_lower, lambda time, event, i, j: event[i] == 1 and event[j] == 1 and time[j] > time[i]
                ),
                "You left out the pairs of an event and a patient who was censored later. Their order is known.",
            ),
            Misconception(
                _count(_earlier_is_lower, lambda time, event, i, j: event[i] == 1 and time[j] > time[i]),
                "A patient censored at the time of an event was seen for longer: that pair is comparable.",
            ),
            Misconception(
                _count(_earlier_is_lower, lambda time, event, i, j: event[i] == 1 and time[j] >= time[i] and i != j),
                "Two events at one time cannot be put in order, so this pair does not count.",
            ),
        ),
        hint="Take the first case: which pairs does patient 0 open, and which of them has your function right?",
    ),
    Exercise(
        "3.4-d",
        expected=_landmark_table,
        cases=_STARTS,
        flags=True,
        solutions=(_landmark_by_loop, _landmark_by_frame, _landmark_by_rows, _landmark_as_frame),
        misconceptions=(
            Misconception(
                _landmark_with(treated=lambda time, start, when: start < time),
                "You marked who was *ever* treated. On the day of the landmark nobody knows that.",
                also=(_landmark_with(treated=lambda time, start, when: start <= time),),
            ),
            Misconception(
                _landmark_with(treated=lambda time, start, when: start < when),
                "Who begins on the day of the landmark counts as treated.",
            ),
            Misconception(
                _landmark_with(left=lambda time, when: time),
                "Time still runs from the beginning. Until the landmark nobody in this table could have the event.",
            ),
            Misconception(
                _landmark_with(rows=lambda time, event, start, when: time >= when),
                "Who was last seen exactly at the landmark has no time after it.",
            ),
            Misconception(
                _landmark_with(rows=lambda time, event, start, when: time > 0),
                "Patients who were gone before the landmark are still in your table.",
            ),
            Misconception(
                _landmark_with(
                    rows=lambda time, event, start, when: (time > when) & ((start <= when) | (start >= time))
                ),
                "You left out those who begin later. That choice looks into the future too: they are untreated so far.",
            ),
            Misconception(
                _landmark_with(rows=lambda time, event, start, when: start <= when),
                "You kept the treated only. The table holds everybody who is still under observation.",
            ),
            Misconception(
                _landmark_with(treated=lambda time, start, when: start > when),
                "The last column is turned round: 1 stands for the treated.",
            ),
        ),
        hint="Write the rows of the first case on paper: who is still there after year 2, and what is known by then?",
    ),
]
