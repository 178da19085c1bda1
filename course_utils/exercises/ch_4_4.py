"""Checks behind the exercises of chapter 4.4, Lab: medical prediction."""

import numpy as np

from course_utils.exercises import Exercise, Misconception, Right

# --- 4.4-a: missing creatinine, filled by sex with what the training people have ---------------------------------

MALE, CREATININE = 1, 4

_TWO_ARRAYS = "Two arrays are asked for, `train` and `others`, both filled, in this order: `return a, b`."
_STILL_MISSING = "Some creatinine is still missing."
_OTHER_COLUMNS = "Something else than missing creatinine has changed: only the gaps of column 4 may be filled."
_CHANGED_INPUT = "The arrays that came in have been changed. Take a copy of both first: `x.copy()`."
_OWN_MEDIAN = (
    "The others were filled with a median of their own: what one test person gets then depends on who else is tested."
)
_POOLED = "The median was taken from both arrays together: the test people have a say in it. Learn from `train` alone."
_NO_SEX = "Women and men got the same value: one median was taken for both sexes."
_MEAN = "That looks like the mean of each sex. One kidney patient moves a mean; the text asks for the median."
_SWAPPED = "Women got the value of men, and men that of women: is 1 male?"
_TRAIN_WRONG = (
    "The others are right, the training people are not: their own gaps, too, are filled with the median of their sex."
)
_WITH_MISSING = "The gaps themselves went into the median: `np.median` of numbers with NaN is NaN."


def _people(seed, n, women, men):
    rng = np.random.default_rng(seed)
    people = rng.normal(size=(n, 5))
    people[:, MALE] = np.arange(n) % 2
    people[:, CREATININE] = np.where(people[:, MALE] == 1, men, women) + rng.exponential(0.3, size=n)
    people[rng.permutation(n)[: n // 4], CREATININE] = np.nan
    return people


def _fill_complaint(fill_by_sex):
    if not callable(fill_by_sex):
        return "A function is asked for: give its name, without calling it."
    train, others = _people(0, 61, -0.2, 0.4), _people(1, 30, 1.1, 2.3)
    given = train.copy(), others.copy()
    answer = fill_by_sex(*given)
    if answer is None:
        return "Your function returns nothing: does it end with `return`?"
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return _TWO_ARRAYS
    if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(given, (train, others), strict=True)):
        return _CHANGED_INPUT
    filled = [np.asarray(part, dtype=float) for part in answer]
    shapes = [part.shape for part in filled]
    if shapes != [train.shape, others.shape]:
        return f"{_TWO_ARRAYS} Shapes {train.shape} and {others.shape} were expected, {shapes[0]} and {shapes[1]} came."
    for part, before in zip(filled, (train, others), strict=True):
        known = ~np.isnan(before)
        if not np.array_equal(part[known], before[known]):
            return _OTHER_COLUMNS
        if np.isnan(part).any():
            return _STILL_MISSING if not np.isnan(part[np.isnan(before)]).all() else f"{_STILL_MISSING} {_WITH_MISSING}"
    return _fill_value_complaint(filled, train, others)


def _values(train, statistic):
    return {sex: statistic(train[train[:, MALE] == sex, CREATININE]) for sex in (0, 1)}


def _fill_value_complaint(filled, train, others):
    right = _values(train, np.nanmedian)
    both = np.concatenate([train, others])
    told = [
        ({0: right[1], 1: right[0]}, right, _SWAPPED),
        (_values(train, np.nanmean), None, _MEAN),
        (_values(both, np.nanmedian), None, _POOLED),
        (dict.fromkeys((0, 1), np.nanmedian(train[:, CREATININE])), None, _NO_SEX),
        (
            dict.fromkeys((0, 1), np.nanmedian(both[:, CREATININE])),
            None,
            f"{_NO_SEX} And it was taken from both arrays.",
        ),
    ]

    def filled_with(part, before, values):
        gaps = np.isnan(before[:, CREATININE])
        wanted = np.array([values[int(sex)] for sex in before[gaps, MALE]])
        return np.allclose(part[gaps, CREATININE], wanted)

    if filled_with(filled[0], train, right) and filled_with(filled[1], others, right):
        return ""
    if filled_with(filled[1], others, right):
        return _TRAIN_WRONG
    if any(filled_with(filled[1], others, _values(others, statistic)) for statistic in (np.nanmedian, np.nanmean)):
        return _OWN_MEDIAN
    if filled_with(filled[1], others, dict.fromkeys((0, 1), np.nanmedian(others[:, CREATININE]))):
        return f"{_NO_SEX} {_OWN_MEDIAN}"
    for values, _, hint in told:
        if filled_with(filled[1], others, values):
            return hint
    return "The gaps are filled with other numbers than the training medians of each sex. Print them for ten people."


def _fill_by_mask(train, others):
    filled = train.copy(), others.copy()
    for sex in (0, 1):
        median = np.nanmedian(train[train[:, 1] == sex, 4])
        for part in filled:
            part[(part[:, 1] == sex) & np.isnan(part[:, 4]), 4] = median
    return filled


def _fill_by_loop(train, others):
    medians = {sex: np.nanmedian([row[4] for row in train if row[1] == sex]) for sex in (0, 1)}
    results = []
    for part in (train, others):
        rows = [row.copy() for row in part]
        for row in rows:
            if np.isnan(row[4]):
                row[4] = medians[int(row[1])]
        results.append(np.array(rows))
    return results


def _fill_by_pandas(train, others):
    import pandas as pd

    known = pd.DataFrame(train)
    medians = known.groupby(1)[4].median()
    parts = [pd.DataFrame(part) for part in (train, others)]
    filled = [part.assign(**{"c": part[4].fillna(part[1].map(medians))}) for part in parts]
    return tuple(part[[0, 1, 2, 3, "c"]].to_numpy() for part in filled)


def _fill_where(train, others):
    women, men = (np.nanmedian(train[train[:, 1] == sex][:, 4]) for sex in (0, 1))
    out = []
    for part in (train, others):
        new = part.copy()
        new[:, 4] = np.where(np.isnan(part[:, 4]), np.where(part[:, 1] == 1, men, women), part[:, 4])
        out.append(new)
    return out[0], out[1]


def _filled_apart(train, others):
    return _fill_by_mask(train, train)[0], _fill_by_mask(others, others)[0]


def _filled_pooled(train, others):
    both = np.concatenate([train, others])
    filled = _fill_by_mask(both, both)[0]
    return filled[: len(train)], filled[len(train) :]


def _filled_without_sex(train, others):
    median = np.nanmedian(train[:, 4])
    out = []
    for part in (train, others):
        new = part.copy()
        new[np.isnan(new[:, 4]), 4] = median
        out.append(new)
    return out


def _filled_with_mean(train, others):
    filled = train.copy(), others.copy()
    for sex in (0, 1):
        mean = np.nanmean(train[train[:, 1] == sex, 4])
        for part in filled:
            part[(part[:, 1] == sex) & np.isnan(part[:, 4]), 4] = mean
    return filled


def _filled_swapped(train, others):
    filled = train.copy(), others.copy()
    for sex in (0, 1):
        median = np.nanmedian(train[train[:, 1] == 1 - sex, 4])
        for part in filled:
            part[(part[:, 1] == sex) & np.isnan(part[:, 4]), 4] = median
    return filled


def _filled_in_place(train, others):
    median = {sex: np.nanmedian(train[train[:, 1] == sex, 4]) for sex in (0, 1)}
    for part in (train, others):
        for sex in (0, 1):
            part[(part[:, 1] == sex) & np.isnan(part[:, 4]), 4] = median[sex]
    return train, others


def _filled_with_nan(train, others):
    filled = train.copy(), others.copy()
    for sex in (0, 1):
        median = np.median(train[train[:, 1] == sex, 4])
        for part in filled:
            part[(part[:, 1] == sex) & np.isnan(part[:, 4]), 4] = median
    return filled


def _train_without_sex(train, others):
    return _filled_without_sex(train, others)[0], _fill_by_mask(train, others)[1]


def _replaced_all(train, others):
    filled = train.copy(), others.copy()
    for sex in (0, 1):
        median = np.nanmedian(train[train[:, 1] == sex, 4])
        for part in filled:
            part[part[:, 1] == sex, 4] = median
    return filled


def _only_the_others(train, others):
    return _fill_by_mask(train, others)[1]


# --- 4.4-b: the risk of the next years, of somebody who has lived on ---------------------------------------------


def _later_risk(logits, lived, ahead):
    hazards = 1 / (1 + np.exp(-np.asarray(logits, dtype=float)))
    return 1 - np.prod(1 - hazards[:, lived : lived + ahead], axis=1)


def _later_by_ratio(logits, lived, ahead):
    alive = np.cumprod(1 - 1 / (1 + np.exp(-logits)), axis=1)
    before = alive[:, lived - 1] if lived else np.ones(len(logits))
    return 1 - alive[:, lived + ahead - 1] / before


def _later_by_loop(logits, lived, ahead):
    risks = []
    for row in logits:
        alive = 1.0
        for k in range(lived, lived + ahead):
            alive *= 1 - 1 / (1 + np.exp(-row[k]))
        risks.append(1 - alive)
    return risks


def _from_the_beginning(logits, lived, ahead):
    return _later_risk(logits, 0, ahead)


def _until_the_end(logits, lived, ahead):
    return _later_risk(logits, 0, lived + ahead)


def _not_given(logits, lived, ahead):
    alive = np.cumprod(1 - 1 / (1 + np.exp(-logits)), axis=1)
    before = alive[:, lived - 1] if lived else np.ones(len(logits))
    return before - alive[:, lived + ahead - 1]


def _one_late(logits, lived, ahead):
    return _later_risk(logits, lived + 1, ahead)


def _one_early(logits, lived, ahead):
    return _later_risk(logits, max(lived - 1, 0), ahead)


def _survival_not_risk(logits, lived, ahead):
    return 1 - _later_risk(logits, lived, ahead)


def _sum_of_hazards(logits, lived, ahead):
    return np.sum(1 / (1 + np.exp(-logits[:, lived : lived + ahead])), axis=1)


def _without_sigmoid(logits, lived, ahead):
    return 1 - np.prod(1 - logits[:, lived : lived + ahead], axis=1)


def _up_to_ahead(logits, lived, ahead):
    return 1 - np.prod(1 - 1 / (1 + np.exp(-logits[:, lived:ahead])), axis=1)


def _one_too_many(logits, lived, ahead):
    alive = np.cumprod(1 - 1 / (1 + np.exp(-logits)), axis=1)
    before = alive[:, lived - 1] if lived else np.ones(len(logits))
    return 1 - alive[:, lived + ahead] / before


def _wraps(logits, lived, ahead):
    alive = np.cumprod(1 - 1 / (1 + np.exp(-logits)), axis=1)
    return 1 - alive[:, lived + ahead - 1] / alive[:, lived - 1]


def _column(logits, lived, ahead):
    return _later_risk(logits, lived, ahead)[:, np.newaxis]


def _all_together(logits, lived, ahead):
    return 1 - np.prod(1 - 1 / (1 + np.exp(-logits[:, lived : lived + ahead])))


_LOGITS = np.random.default_rng(4).normal(-1.2, 0.8, size=(4, 12))

# --- 4.4-d: a model for GBSG2 ------------------------------------------------------------------------------------

LEAST_CONCORDANCE = 0.655

_NOT_SCORES = "One number for each test woman is asked for: a row of finite numbers."
_TURNED = "women with **higher** scores relapse later. Is your number a time or a survival? Then turn its sign."
_WEAK = (
    "that is below {:.3f}. Which columns are skewed, and what does a logarithm do? Does the scale of a column drown "
    "the others? A network: too few steps, or too many?"
)
_NOTHING = "that is about one half: the number knows nothing of relapse. Look at all eight columns."
_RANKS = (
    "These are places among the women tested together: with other women beside her the same woman gets another place. "
    "Return the score itself."
)
_NEIGHBOURS = (
    "A woman's score changes with the other women who are tested: something (a mean, a rank) is learned from "
    "`test_features`."
)


def _gbsg2_complaint(predict_gbsg2):
    from sklearn.model_selection import StratifiedKFold

    from course_utils import datasets, survival

    if not callable(predict_gbsg2):
        return "A function is asked for: give its name, without calling it."
    data = datasets.load_gbsg2()
    x, time, event = data.features, data.time, data.event
    found = []
    for inside, outside in StratifiedKFold(5, shuffle=True, random_state=44).split(x, event):
        known = x[inside].copy(), time[inside].copy(), event[inside].copy()
        scores, complaint = _scores_of(predict_gbsg2(*known, x[outside].copy()), len(outside))
        if complaint:
            return complaint
        found.append(survival.concordance_index(time[outside], event[outside], scores))
        if len(found) == 1:
            calls = []
            for rows in (outside[:40], outside):
                known = x[inside].copy(), time[inside].copy(), event[inside].copy()
                again, complaint = _scores_of(predict_gbsg2(*known, x[rows].copy()), len(rows))
                if complaint:
                    return complaint
                calls.append(again[:40])
                if np.allclose(again[:40], scores[:40], rtol=1e-4, atol=1e-6 + 1e-3 * np.std(scores)):
                    break
            # A network without a seed differs from call to call: then both differences are of one size.
            apart = [np.abs(call - scores[:40]).mean() for call in calls]
            if len(calls) == 2 and apart[0] > 3 * apart[1]:
                whole = np.array_equal(np.sort(scores), np.arange(len(scores)) + scores.min())
                return _RANKS if whole else _NEIGHBOURS
    mean = float(np.mean(found))
    if mean >= LEAST_CONCORDANCE:
        return Right(f"mean concordance {mean:.3f} over five folds, lowest {min(found):.3f}, highest {max(found):.3f}")
    result = f"The mean concordance over five folds is {mean:.3f}:"
    if mean < 0.56:
        return f"{result} {_TURNED if mean < 0.45 else _NOTHING}"
    return f"{result} {_WEAK.format(LEAST_CONCORDANCE)}"


def _scores_of(answer, n):
    if answer is None:
        return None, "Your function returns nothing: does it end with `return`?"
    try:
        scores = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        return None, _NOT_SCORES
    if scores.shape == (n, 1):
        scores = scores[:, 0]
    if scores.shape != (n,):
        return None, f"{_NOT_SCORES} {n} were expected, an array of shape {scores.shape} came."
    return (scores, "") if np.isfinite(scores).all() else (None, _NOT_SCORES)


def _logs(train, others):
    parts = []
    for x in (train, others):
        new = np.array(x, dtype=float)
        new[:, 5:] = np.log1p(new[:, 5:])
        parts.append(new)
    mean, std = parts[0].mean(axis=0), parts[0].std(axis=0)
    return [(part - mean) / std for part in parts]


def _beta(x, time, event):
    import pandas as pd
    from lifelines import CoxPHFitter

    frame = pd.DataFrame(x).add_prefix("x").assign(time=time, event=event)
    return CoxPHFitter().fit(frame, "time", "event").params_.to_numpy()


def _gbsg2_by_cox(train_features, train_time, train_event, test_features):
    x, rest = _logs(train_features, test_features)
    return rest @ _beta(x, train_time, train_event)


def _gbsg2_by_table(train_features, train_time, train_event, test_features):
    import pandas as pd
    from lifelines import CoxPHFitter

    frame = pd.DataFrame(np.sqrt(train_features)).add_prefix("x").assign(time=train_time, event=train_event)
    model = CoxPHFitter(penalizer=0.01).fit(frame, "time", "event")
    return model.predict_log_partial_hazard(pd.DataFrame(np.sqrt(test_features)).add_prefix("x"))


def _gbsg2_by_network(train_features, train_time, train_event, test_features):
    import keras

    from course_utils import survival

    x, rest = _logs(train_features, test_features)
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
    network.compile(optimizer=keras.optimizers.Adam(0.01), loss=survival.cox_loss())
    for _ in range(40):
        network.train_on_batch(x, np.column_stack([train_time, train_event]))
    return network(rest).numpy()


def _gbsg2_nodes(train_features, train_time, train_event, test_features):
    return test_features[:, 5]


def _gbsg2_turned(train_features, train_time, train_event, test_features):
    return -_gbsg2_by_cox(train_features, train_time, train_event, test_features)


def _gbsg2_ranks(train_features, train_time, train_event, test_features):
    scores = _gbsg2_by_cox(train_features, train_time, train_event, test_features)
    return np.argsort(np.argsort(scores))


def _gbsg2_standardised_apart(train_features, train_time, train_event, test_features):
    x = _logs(train_features, train_features)[0]
    rest = _logs(test_features, test_features)[0]
    return rest @ _beta(x, train_time, train_event)


def _gbsg2_age(train_features, train_time, train_event, test_features):
    return test_features[:, 1]


def _gbsg2_one_number(train_features, train_time, train_event, test_features):
    return 1.0


EXERCISES = [
    Exercise(
        id="4.4-a",
        requirement=_fill_complaint,
        solutions=(_fill_by_mask, _fill_by_loop, _fill_by_pandas, _fill_where),
        misconceptions=(
            Misconception(answer=_filled_apart, hint=_OWN_MEDIAN),
            Misconception(answer=_filled_pooled, hint=_POOLED),
            Misconception(answer=_filled_without_sex, hint=_NO_SEX),
            Misconception(answer=_filled_with_mean, hint=_MEAN),
            Misconception(answer=_filled_swapped, hint=_SWAPPED),
            Misconception(answer=_filled_in_place, hint=_CHANGED_INPUT),
            Misconception(answer=_filled_with_nan, hint=_WITH_MISSING),
            Misconception(answer=_train_without_sex, hint=_TRAIN_WRONG),
            Misconception(answer=_replaced_all, hint=_OTHER_COLUMNS),
            Misconception(answer=_only_the_others, hint=_TWO_ARRAYS),
        ),
        hint="Try it on four training people and one other, on paper.",
    ),
    Exercise(
        id="4.4-b",
        expected=_later_risk,
        cases=((_LOGITS, 3, 5), (_LOGITS, 1, 2), (_LOGITS, 0, 10), (_LOGITS, 6, 5)),  # one year more exists in each
        solutions=(_later_by_ratio, _later_by_loop),
        misconceptions=(
            Misconception(
                answer=_from_the_beginning,
                hint="These are the first years after the blood sample. Those years lie behind: the person lives.",
            ),
            Misconception(
                answer=_until_the_end,
                hint="This is the risk from the beginning to the end. Who died before year `lived` cannot ask.",
            ),
            Misconception(
                answer=_not_given,
                hint="This is the share of **all** who die in these years. Among those alive at `lived` it is more.",
            ),
            Misconception(answer=_one_late, hint="One year too late: in Python year `lived` + 1 is column `lived`."),
            Misconception(answer=_one_early, hint="One year too early: that year has been lived already."),
            Misconception(answer=_survival_not_risk, hint="This is the share that lives. A risk is asked for."),
            Misconception(
                answer=_sum_of_hazards,
                hint="Hazards were added. Each counts only those still alive: survivals are multiplied.",
            ),
            Misconception(answer=_without_sigmoid, hint="Logits are not hazards: which function is missing?"),
            Misconception(
                answer=_up_to_ahead, hint="`ahead` is a number of years, not the last year: where does the slice end?"
            ),
            Misconception(
                answer=_one_too_many,
                hint="One year too many at the end: the survival to the end of year k stands in column k - 1.",
            ),
            Misconception(
                answer=_wraps,
                hint="With `lived` = 0 column -1 is the **last** year. How many are alive before the first year?",
            ),
            Misconception(
                answer=_column,
                hint="The numbers are right, but stand in a column of shape (n, 1): a plain row of n is asked for.",
            ),
            Misconception(
                answer=_all_together, hint="All people were multiplied into one number. Which axis is the years?"
            ),
        ),
        hint="Which hazards still lie ahead? Multiply what is left of a person after each of them.",
    ),
    Exercise(
        id="4.4-c",
        expected=0.03125,
        tolerance=1e-4,
        solutions=(1 / 32, np.float64(0.03125), 0.0313, 0.0312),
        misconceptions=(
            Misconception(
                answer=0.0625,
                hint="You dropped the 20 who were censored. They lived for a while: what uses that time?",
                also=(0.05, 0.0526, 100 / 380 * 0.25),
            ),
            Misconception(
                answer=100 / 380 * 0.125,
                hint="You dropped the 20 who were censored from the 400. Each person of the 400 counts.",
                also=(0.0329, 0.025, 80 / 380 * 0.125),
            ),
            Misconception(answer=0.11, hint="The weight of a person who lives is an odds, not $\\tau$ itself."),
            Misconception(
                answer=-0.025, hint="You counted the 20 who were censored as alive at ten years. Nobody knows that."
            ),
            Misconception(answer=0.125, hint="Per person of all 400: what share of them is above the threshold?"),
            Misconception(
                answer=0.075, hint="A person left out who lives weighs $\\tau / (1 - \\tau)$, and at 0.6 that is not 1."
            ),
            Misconception(answer=0.25 * (0.65 - 0.35 * 2 / 3), hint="The weight is upside down.", also=(0.1042, 0.104)),
            Misconception(
                answer=0.25 * (0.35 - 0.65 * 1.5), hint="0.35 is the share that **lives**.", also=(-0.156, -0.1563)
            ),
        ),
        hint="Three numbers are needed: the share above the threshold, their survival, and the weight at 0.6.",
    ),
    Exercise(
        id="4.4-d",
        requirement=_gbsg2_complaint,
        solutions=(_gbsg2_by_cox, _gbsg2_by_table, _gbsg2_by_network),
        misconceptions=(
            Misconception(answer=_gbsg2_nodes, hint=_WEAK.format(LEAST_CONCORDANCE)),
            Misconception(answer=_gbsg2_turned, hint=_TURNED),
            Misconception(answer=_gbsg2_ranks, hint=_RANKS),
            Misconception(answer=_gbsg2_standardised_apart, hint=_NEIGHBOURS),
            Misconception(answer=_gbsg2_age, hint=_NOTHING),
            Misconception(answer=_gbsg2_one_number, hint=_NOT_SCORES),
        ),
        hint="Start with the Cox model of this lab and one logarithm.",
        seconds=180,
    ),
]
