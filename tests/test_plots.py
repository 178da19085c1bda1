"""course_utils.plots: named axes, what is drawn where, no leaks, clear errors."""

import itertools

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from course_utils import plots
from course_utils.evaluation import DecisionCurve, Interval, ReliabilityCurve

INTERVALS = [Interval(0.9, 0.85, 0.93, 0.95), Interval(0.8, 0.7, 0.88, 0.95)]
RELIABILITY = ReliabilityCurve(
    mean_predicted=np.array([0.1, 0.5, 0.9]),
    observed=np.array([0.2, 0.5, 0.7]),
    counts=np.array([10, 10, 10]),
    low=np.array([0.1, 0.3, 0.5]),
    high=np.array([0.4, 0.7, 0.9]),
    level=0.95,
)
THRESHOLDS = np.array([0.1, 0.2, 0.3])
DECISION = DecisionCurve(
    THRESHOLDS, model=np.array([0.3, 0.25, 0.2]), treat_all=np.array([0.3, 0.1, -0.9]), treat_none=np.zeros(3)
)
HISTORY = {"loss": [1.0, 0.5, 0.2, 0.1], "val_loss": [1.1, 0.6, 0.4, 0.5]}

DRAW = {
    "interval_plot": lambda ax=None: plots.interval_plot(["network", "logistic"], INTERVALS, ax),
    "reliability_diagram": lambda ax=None: plots.reliability_diagram(RELIABILITY, ax, label="network"),
    "decision_curve_plot": lambda ax=None: plots.decision_curve_plot(DECISION, ax),
    "learning_curves": lambda ax=None: plots.learning_curves(HISTORY, ax),
}
BLOCKS = [("input", (28, 28, 1)), ("convolution 3 × 3", (26, 26, 8)), ("mean", 8), ("dense", "1")]
LAYERS, WEIGHTS = [[1, "z"], [0, 7], ["p"]], [[[2, -1], ["a", None]], np.array([[1.5], [3]])]
BIASES = [[-0.5, 1], None]
GRID = np.arange(12).reshape(3, 4)
DRAWINGS = {  # pictures without axes
    "network_blocks": lambda ax=None: plots.network_blocks(BLOCKS, columns=3, ax=ax),
    "network_units": lambda ax=None: plots.network_units(LAYERS, WEIGHTS, BIASES, ["in", "hidden", "out"], ax),
    "number_grid": lambda ax=None: plots.number_grid(GRID, (0, 1, 2, 3), [[1, 0, -1], [0.5, 0, -0.25]], ax=ax),
    "people_dots": lambda ax=None: plots.people_dots(0.9, 0.8, 0.1, ax),
}


@pytest.fixture(autouse=True)
def clean_matplotlib():
    with matplotlib.rc_context():
        plt.switch_backend("agg")
        yield
        plt.close("all")


def points(line):
    return line.get_xdata(), line.get_ydata()


def line_with_label(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


# --- what holds for every figure -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAW)
def test_axes_are_named(name):
    ax = DRAW[name]()
    assert ax.get_xlabel()
    assert ax.get_ylabel() or name == "interval_plot"  # its rows carry names instead


@pytest.mark.parametrize("name", [*DRAW, *DRAWINGS])
def test_figures_draw_into_the_given_axes_only(name):
    _, (left, right) = plt.subplots(1, 2)
    assert (DRAW | DRAWINGS)[name](left) is left
    assert plt.get_fignums() == [left.figure.number]
    assert not right.has_data()
    assert plt.gca() is right  # as it was before


@pytest.mark.parametrize("name", [*DRAW, *DRAWINGS, "image_grid"])
def test_figures_leave_the_settings_alone(name):
    before = dict(matplotlib.rcParams)
    if name == "image_grid":
        plots.image_grid(np.zeros((2, 3, 3)))
    else:
        (DRAW | DRAWINGS)[name]()
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", [*DRAW, *DRAWINGS])
def test_figures_are_drawn_without_a_warning_and_nothing_is_cut_off(name, recwarn):
    plots.use_course_style()
    ax = (DRAW | DRAWINGS)[name]()
    ax.figure.canvas.draw()
    drawn, figure = ax.get_tightbbox(), ax.figure.bbox
    assert drawn.x0 >= -1 and drawn.y0 >= -1 and drawn.x1 <= figure.x1 + 1 and drawn.y1 <= figure.y1 + 1
    assert not recwarn.list


# --- style -----------------------------------------------------------------------------------------------------------


def test_style_is_readable_and_uses_the_palette():
    plots.use_course_style()
    settings = matplotlib.rcParams
    assert settings["figure.dpi"] == 100
    assert min(settings[name] for name in ("axes.labelsize", "xtick.labelsize", "legend.fontsize")) >= 14
    assert [to_rgb(colour) for colour in settings["axes.prop_cycle"].by_key()["color"]] == list(plots.PALETTE)


def test_style_can_be_set_twice():
    plots.use_course_style()
    first = dict(matplotlib.rcParams)
    plots.use_course_style()
    assert dict(matplotlib.rcParams) == first


def as_seen_with_red_green_blindness(colour, missing):
    """The simulation of Viénot, Brettel and Mollon 1999 for missing "red" or "green" cones, in linear RGB."""
    colour = np.array(colour)
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    to_cones = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    red, green, blue = to_cones @ linear
    if missing == "red":
        red = 2.02344 * green - 2.52581 * blue
    else:
        green = 0.494207 * red + 1.24827 * blue
    return np.linalg.solve(to_cones, [red, green, blue])


@pytest.mark.parametrize("missing", ["red", "green"])
def test_the_first_colours_differ_for_colour_blind_readers(missing):
    seen = [as_seen_with_red_green_blindness(colour, missing) for colour in plots.PALETTE[:4]]
    assert min(np.abs(a - b).max() for a, b in itertools.combinations(seen, 2)) > 0.1


# --- each figure -----------------------------------------------------------------------------------------------------


def test_interval_plot_shows_the_first_on_top_with_its_numbers():
    ax = plots.interval_plot(["network", "logistic"], INTERVALS, xlabel="ROC-AUC")
    assert ax.get_xlabel() == "ROC-AUC"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["network", "logistic"]
    assert ax.yaxis_inverted()
    assert [text.get_text() for text in ax.texts] == ["0.900 [0.850, 0.930]", "0.800 [0.700, 0.880]"]
    (bars,) = ax.collections
    np.testing.assert_allclose([segment[:, 0] for segment in bars.get_segments()], [[0.85, 0.93], [0.7, 0.88]])


def test_interval_plot_says_the_level_by_itself():
    assert plots.interval_plot(["a"], [Interval(0.5, 0.4, 0.6, 0.9)]).get_xlabel() == "Estimate with 90 % interval"


def test_reliability_diagram_puts_predictions_on_the_x_axis():
    ax = plots.reliability_diagram(RELIABILITY)
    np.testing.assert_array_equal(points(line_with_label(ax, "perfect calibration")), [[0, 1], [0, 1]])
    line, _, (bars,) = ax.containers[0]
    np.testing.assert_array_equal(points(line), [RELIABILITY.mean_predicted, RELIABILITY.observed])
    limits = np.array([segment[:, 1] for segment in bars.get_segments()])
    np.testing.assert_allclose(limits, np.column_stack([RELIABILITY.low, RELIABILITY.high]))


def test_two_models_in_one_diagram_differ_in_more_than_colour():
    ax = plots.reliability_diagram(RELIABILITY, label="before")
    plots.reliability_diagram(RELIABILITY, ax, label="after")
    before, after = (container[0] for container in ax.containers)
    assert before.get_marker() != after.get_marker() and before.get_color() != after.get_color()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(labels) == ["after", "before", "perfect calibration"]  # the diagonal once

    ax = plots.decision_curve_plot(DECISION, label="one")
    plots.decision_curve_plot(DECISION, ax, label="two")
    one, two = line_with_label(ax, "one"), line_with_label(ax, "two")
    assert one.get_linestyle() != two.get_linestyle() and one.get_color() != two.get_color()
    assert len(ax.lines) == 4


def test_decision_curve_shows_the_model_beside_both_simple_rules():
    ax = plots.decision_curve_plot(DECISION)
    for label, values in [
        ("model", DECISION.model),
        ("treat everyone", DECISION.treat_all),
        ("treat no one", DECISION.treat_none),
    ]:
        np.testing.assert_array_equal(points(line_with_label(ax, label)), [THRESHOLDS, values])
    low, high = ax.get_ylim()
    assert -0.2 < low < 0 < 0.3 < high  # treating everyone, at -0.9, does not stretch the axis


def test_decision_curve_of_a_useless_model_is_still_visible(recwarn):
    useless = DecisionCurve(THRESHOLDS, model=-THRESHOLDS, treat_all=-2 * THRESHOLDS, treat_none=np.zeros(3))
    low, high = plots.decision_curve_plot(useless).get_ylim()
    assert low < 0 < high
    assert not recwarn.list


def test_learning_curves_count_epochs_from_one_and_mark_the_best():
    ax = plots.learning_curves(HISTORY)
    np.testing.assert_array_equal(points(line_with_label(ax, "training")), [[1, 2, 3, 4], HISTORY["loss"]])
    np.testing.assert_array_equal(points(line_with_label(ax, "validation")), [[1, 2, 3, 4], HISTORY["val_loss"]])
    assert line_with_label(ax, "training").get_linestyle() != line_with_label(ax, "validation").get_linestyle()
    np.testing.assert_array_equal(points(line_with_label(ax, "lowest validation")), [[3], [0.4]])
    ax.figure.canvas.draw()
    assert all(tick == int(tick) for tick in ax.get_xticks())


def test_learning_curves_take_what_fit_returns():
    class History:
        history = HISTORY

    assert len(plots.learning_curves(History()).lines) == 3
    assert len(plots.learning_curves({"loss": [0.3]}).lines) == 1
    assert len(plots.learning_curves({"loss": [0.3], "val_loss": [np.nan]}).lines) == 2  # no best epoch to mark


@pytest.mark.parametrize(
    ("shape", "columns", "grid"), [((5, 4, 6), 3, (2, 3)), ((2, 4, 6, 1), 6, (1, 2)), ((4, 4, 6, 3), 4, (1, 4))]
)
def test_image_grid_shows_every_image_once(shape, columns, grid):
    images = np.random.default_rng(0).random(shape)
    axes = plots.image_grid(images, titles=[str(i) for i in range(len(images))], columns=columns)
    assert axes[0].get_subplotspec().get_gridspec().get_geometry() == grid
    for i, ax in enumerate(axes):
        np.testing.assert_array_equal(np.squeeze(ax.images[0].get_array()), np.squeeze(images[i]))
        assert ax.get_title() == str(i)
    assert sum(ax.has_data() for ax in axes[0].figure.axes) == len(images)
    assert not any(ax.axison for ax in axes[0].figure.axes)


def test_image_grid_shares_one_grey_scale():
    axes = plots.image_grid(np.stack([np.zeros((2, 2)), np.full((2, 2), 7.0)]))
    assert {ax.images[0].get_clim() for ax in axes} == {(0, 7)}


# --- drawings --------------------------------------------------------------------------------------------------------


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_network_blocks_shows_every_block_in_order_with_an_arrow_to_the_next():
    ax = DRAWINGS["network_blocks"]()
    shapes = ["28 × 28 × 1", "26 × 26 × 8", "8", "1"]
    assert texts(ax)[::2] == ["input", "convolution\n3 × 3", "mean", "dense"] and texts(ax)[1::2] == shapes
    arrows = ax.figure.artists
    assert len(arrows) == 3
    boxes = [patch.get_window_extent() for patch in ax.patches]
    for i, patch in enumerate(arrows):  # each from the edge of its box to the edge of the next
        for point, box in ((patch.xy1, boxes[i]), (patch.xy2, boxes[i + 1])):
            x, y = ax.transData.transform(point)
            assert box.x0 - 1 <= x <= box.x1 + 1 and box.y0 - 1 <= y <= box.y1 + 1
    assert boxes[3].y1 < boxes[2].y0 and boxes[3].x0 == pytest.approx(boxes[2].x0)  # the second row runs back


def test_blocks_do_not_touch_and_hold_their_names():
    plots.use_course_style()
    ax = plots.network_blocks([("max pooling", (112, 112, 64)), ("convolution", (1, 2)), ("a very long name", 5)] * 3)
    ax.figure.canvas.draw()
    boxes = [patch.get_window_extent() for patch in ax.patches]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    for i, text in enumerate(ax.texts):
        words, box = text.get_window_extent(), boxes[i // 2]
        assert box.x0 <= words.x0 and words.x1 <= box.x1 and box.y0 <= words.y0 and words.y1 <= box.y1


def test_network_units_writes_every_number_where_it_belongs():
    ax = DRAWINGS["network_units"]()
    places = {text.get_text(): text.get_position() for text in ax.texts if text.get_text()}
    assert [places[unit] for unit in ("1", "z", "7", "p")] == [(0, 0.5), (0, -0.5), (1.8, -0.5), (3.6, 0)]
    assert places["$b$ = −0.5"][1] < 0.5 and places["$b$ = 1"][1] < -0.5  # each below its unit
    assert sum("$b$" in text for text in places) == 2
    for weight, start, end in [
        ("−1", (0, 0.5), (1.8, -0.5)),
        ("a", (0, -0.5), (1.8, 0.5)),
        ("1.5", (1.8, 0.5), (3.6, 0)),
    ]:
        (x, y), (x0, y0), (x1, y1) = places[weight], start, end
        assert x0 < x < (x0 + x1) / 2  # nearer to the unit it comes from
        assert (y - y0) * (x1 - x0) == pytest.approx((y1 - y0) * (x - x0))  # and on the line
    lines = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    assert len(lines) == 5  # None is no line
    assert len(ax.patches) == 5 and [places[title][0] for title in ("in", "hidden", "out")] == [0, 1.8, 3.6]


def test_units_do_not_touch_and_hold_their_labels():
    plots.use_course_style()
    ax = plots.network_units([["$x_1$\n116.3"] * 3, ["$z_1$\n−0.5"] * 2], [np.full((3, 2), 0.25)])
    ax.figure.canvas.draw()
    circles = [patch.get_window_extent() for patch in ax.patches]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(circles, 2))
    labels = [text.get_window_extent() for text in ax.texts if "\n" in text.get_text()]
    for circle, label in zip(circles, labels, strict=True):
        assert circle.x0 <= label.x0 and label.x1 <= circle.x1 and circle.y0 <= label.y0 and label.y1 <= circle.y1


def test_number_grid_writes_every_number_and_the_weights_of_its_window():
    ax = DRAWINGS["number_grid"]()
    places = {text.get_text(): text.get_position() for text in ax.texts if "×" not in text.get_text()}
    assert {name: (round(y), round(x)) for name, (x, y) in places.items()} == {str(v): divmod(v, 4) for v in range(12)}
    weights = [text.get_text() for text in ax.texts if "×" in text.get_text()]
    assert weights == ["× 1", "× 0", "× −1", "× 0.5", "× 0", "× −0.25"]
    frame = ax.patches[-1]
    assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((0.5, -0.5), 3, 2)
    assert ax.yaxis_inverted()
    tinted = [patch.get_xy() for patch in ax.patches[:-1] if patch.get_facecolor()[:3] == to_rgb(plots.PALETTE[0])]
    assert tinted == [(j - 0.5, i - 0.5) for i in (0, 1) for j in (1, 2, 3)]


def test_people_dots_draws_everybody_once_and_counts_the_four_groups():
    ax = DRAWINGS["people_dots"]()
    x, y = (np.concatenate([line.get_data()[i] for line in ax.lines]) for i in (0, 1))
    assert len(set(zip(x, y, strict=True))) == 1000
    counts = {line.get_label(): len(line.get_xdata()) for line in ax.lines}
    assert counts == {
        "90 ill, found": 90,
        "10 ill, missed": 10,
        "180 healthy, alarmed": 180,
        "720 healthy, left alone": 720,
    }
    filled = [line.get_markerfacecolor() != "none" for line in ax.lines]
    assert filled == [True, False, True, False]
    assert "90 of 270 positive results are right" in ax.get_title()


@pytest.mark.parametrize("where", [0, 1])
def test_people_dots_at_the_ends(where):
    ax = plots.people_dots(where, where, where)
    assert sum(len(line.get_xdata()) for line in ax.lines) == 1000


def test_number_grid_without_a_window_is_only_numbers():
    ax = plots.number_grid([[1234, -0.001], [1 / 3, -2]])
    assert texts(ax) == ["1234", "0", "0.33", "−2"] and len(ax.patches) == 4


def test_an_arrow_joins_two_pictures_and_leaves_them_where_they_are():
    plots.use_course_style()
    figure, (left, right) = plt.subplots(1, 2)
    figure.canvas.draw()
    before = left.get_position().bounds
    patch = plots.arrow(left, (1, 0.5), (0, 0.5), label="sum", end_ax=right)
    figure.canvas.draw()
    assert left.get_position().bounds == before
    ends = patch.get_path().vertices[[0, -1]]
    assert patch in figure.artists and len(ends) == 2
    reached = patch.get_window_extent()
    assert reached.x0 == pytest.approx(left.bbox.x1, abs=25) and reached.x1 == pytest.approx(right.bbox.x0, abs=25)
    (label,) = [text for text in left.texts if text.get_text() == "sum"]
    assert left.bbox.x1 < label.get_window_extent().x0 and label.get_window_extent().x1 < right.bbox.x0


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda: plots.interval_plot([], []), ValueError, "intervals must hold at least one"),
        (lambda: plots.interval_plot(["a"], INTERVALS), ValueError, "same length, got 1 and 2"),
        (lambda: plots.interval_plot(["a"], [0.9]), TypeError, "intervals must come from evaluation.Interval"),
        (lambda: plots.reliability_diagram(DECISION), TypeError, "curve must come from evaluation.ReliabilityCurve"),
        (lambda: plots.decision_curve_plot(RELIABILITY), TypeError, "curve must come from evaluation.DecisionCurve"),
        (lambda: plots.learning_curves([0.3, 0.2]), TypeError, "history must be .* got list"),
        (lambda: plots.learning_curves({"accuracy": [0.3]}), ValueError, r"under 'loss', got \['accuracy'\]"),
        (lambda: plots.learning_curves({"loss": []}), ValueError, "loss must not be empty"),
        (lambda: plots.learning_curves({"loss": 0.3}), ValueError, "loss must have one dimension"),
        (lambda: plots.learning_curves({"loss": ["a"]}), TypeError, "loss must be an array of numbers"),
        (lambda: plots.learning_curves({"loss": [1, 2], "val_loss": [1]}), ValueError, "same length, got 2 and 1"),
        (lambda: plots.image_grid(np.zeros((3, 3))), ValueError, r"images must have the shape .* got \(3, 3\)"),
        (lambda: plots.image_grid(np.zeros((2, 3, 3, 2))), ValueError, r"got \(2, 3, 3, 2\)"),
        (lambda: plots.image_grid(np.zeros((0, 3, 3))), ValueError, r"images must not be empty, got shape \(0, 3, 3\)"),
        (lambda: plots.image_grid(np.full((1, 2, 2), np.nan)), ValueError, "images must be finite"),
        (lambda: plots.image_grid(np.zeros((2, 3, 3)), ["a"]), ValueError, "same length, got 1 and 2"),
        (lambda: plots.network_blocks([]), ValueError, "blocks must hold at least one pair"),
        (lambda: plots.network_blocks([("dense", 8), "mean"]), TypeError, "blocks must hold pairs .*, got 'mean'"),
        (lambda: plots.network_blocks([(8, "dense")]), TypeError, "blocks must be pairs of a name and a shape, got 8"),
        (lambda: plots.network_blocks([("dense", 8.5)]), TypeError, "blocks must be an integer, got 8.5"),
        (lambda: plots.network_blocks(BLOCKS, columns=0), ValueError, "columns must be at least 1, got 0"),
        (lambda: plots.network_units([[1]], []), ValueError, "layers must hold two layers or more"),
        (lambda: plots.network_units([[1], []], [[[]]]), ValueError, "each with a unit"),
        (lambda: plots.network_units([[1], 2], [[[1]]]), TypeError, "layers must hold lists .*, got 2"),
        (lambda: plots.network_units([[1], [np.nan]], [[[1]]]), ValueError, "layers must be finite"),
        (lambda: plots.network_units([[1, 2], [3]], [[[1, 2]]]), ValueError, r"\[\[1, 1\]\], got \[\[2\]\]"),
        (lambda: plots.network_units([[1], [3]], [[[1]]], [[1, 2]]), ValueError, "biases must hold one number"),
        (lambda: plots.network_units([[1], [3]], [[[1]]], titles=["a"]), ValueError, "same length, got 1 and 2"),
        (lambda: plots.people_dots(0.9, 0.8, 1.5), ValueError, "prevalence must be between 0 and 1"),
        (lambda: plots.number_grid([1, 2]), ValueError, "values must have 2 dimensions"),
        (lambda: plots.number_grid(GRID, (0, 0, 3)), TypeError, r"window must be \(top, left, height, width\)"),
        (lambda: plots.number_grid(GRID, (0, 2, 3, 3)), ValueError, "window must lie on the grid of 3 x 4 cells"),
        (lambda: plots.number_grid(GRID, (0, 0, 0, 1)), ValueError, "window must lie on the grid"),
        (lambda: plots.number_grid(GRID, (0, -1, 1, 1)), ValueError, "window must be at least 0, got -1"),
        (lambda: plots.number_grid(GRID, (0, 0, 1, 1), [[1, 2]]), ValueError, r"weights must have .* got \(1, 2\)"),
        (lambda: plots.number_grid(GRID, weights=[[1]]), ValueError, "weights must have the shape of the window"),
        (lambda: plots.arrow(None, (0, 0, 0), (1, 1)), ValueError, "start must be a point"),
        (lambda: plots.arrow(None, (0, 0), (1, np.nan)), ValueError, "end must be finite"),
        (lambda: plots.image_grid(np.zeros((2, 3, 3)), columns=0), ValueError, "columns must be at least 1, got 0"),
    ],
)
def test_bad_arguments_are_one_clear_error_and_leave_no_figure(function, error, message):
    with pytest.raises(error, match=message):
        function()
    assert plt.get_fignums() == []
