"""One look for every figure of the course, and the figures that several chapters share.

Each figure helper draws into `ax`, or into a new figure, and returns the Axes, so that a chapter can go on with it.
Nothing is told apart by colour alone: lines also differ in style, points in shape.
"""

import textwrap

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from IPython import get_ipython
from matplotlib.patches import Circle, ConnectionPatch, FancyBboxPatch, Rectangle
from matplotlib.ticker import MaxNLocator, PercentFormatter

from course_utils import _checks

__all__ = [
    "PALETTE",
    "arrow",
    "course_map",
    "decision_curve_plot",
    "image_grid",
    "interval_plot",
    "learning_curves",
    "network_blocks",
    "network_units",
    "number_grid",
    "people_dots",
    "reliability_diagram",
    "use_course_style",
]

# The ten colours of the course, told apart by readers with red-green blindness too.
PALETTE = tuple(sns.color_palette("colorblind"))

_MARKERS = ("o", "s", "^", "D", "v")
_LINE_STYLES = ("solid", "dashdot", (0, (6, 2)), (0, (2, 1)))  # dashes and dots alone are for reference lines
_REFERENCE_COLOUR = "0.45"  # grey, for lines to compare with
_RADIUS = 0.3  # of the circles of a network
_DARK_BLUE = "#00497a"  # the first colour of the palette, dark enough for small text


def use_course_style():
    """Give all following figures the course's look: colour-blind-safe, and readable from the last row.

    Changes matplotlib's settings for the whole session: to its defaults and the course's look, whatever stood in a
    matplotlibrc. Figures appear in the notebook; outside one they are drawn for files (backend "agg"). No other
    function of this module changes settings.

    Taught in: 00_start_here
    """
    shell = get_ipython()
    if hasattr(shell, "kernel"):
        shell.run_line_magic("matplotlib", "inline")
    else:
        matplotlib.use("agg")
    matplotlib.rcdefaults()
    sns.set_theme(
        context="notebook",
        style="ticks",
        palette="colorblind",
        rc={
            "figure.dpi": 100,
            "savefig.dpi": 100,
            "figure.figsize": (7.5, 4.8),
            "figure.constrained_layout.use": True,
            "font.size": 14,
            "axes.labelsize": 15,
            "axes.titlesize": 16,
            "axes.titlepad": 10,
            "xtick.labelsize": 14,
            "ytick.labelsize": 14,
            "legend.fontsize": 14,
            "legend.frameon": False,
            "lines.linewidth": 2.5,
            "lines.markersize": 8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "image.cmap": "gray",
            "image.interpolation": "nearest",  # pixels as they are: a smoothed image shows what is not there
        },
    )


def interval_plot(names, intervals, ax=None, xlabel=None):
    """Show estimates with their intervals, one row each, the first on top (forest plot).

    Parameters
    ----------
    names : list of k strings
    intervals : list of k `evaluation.Interval`
    ax : matplotlib Axes, optional
    xlabel : string, optional
        What is estimated, such as "ROC-AUC (95 % interval)".

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError, TypeError
        If there is nothing to show, the lengths differ, or the intervals are no intervals.

    Taught in: 00_start_here
    """
    names, intervals = list(names), list(intervals)
    if not intervals:
        raise ValueError("intervals must hold at least one interval, got none")
    _checks.same_length(names=names, intervals=intervals)
    for interval in intervals:
        _require_fields(interval, "intervals", "evaluation.Interval", ["estimate", "low", "high", "level"])
    ax = _new_axes((8.5, 1.3 + 0.6 * len(names))) if ax is None else ax

    rows = np.arange(len(names))
    low, high = [i.low for i in intervals], [i.high for i in intervals]
    ax.hlines(rows, low, high, color=PALETTE[0], linewidth=3)
    for ends in (low, high):  # taller than the point, which would else hide a narrow interval
        ax.plot(ends, rows, "|", color=PALETTE[0], markersize=18, markeredgewidth=3)
    ax.plot([i.estimate for i in intervals], rows, "o", color=PALETTE[0], markeredgecolor="white", markersize=10)
    for row, interval in zip(rows, intervals, strict=True):
        place = {"xy": (1.02, row), "xycoords": ("axes fraction", "data")}
        ax.annotate(str(interval), **place, verticalalignment="center", annotation_clip=False)
    ax.set_yticks(rows, names)
    ax.set_ylim(len(names) - 0.5, -0.5)  # downwards, so that the first is on top
    ax.set_xlabel(xlabel or f"Estimate with {intervals[0].level * 100:g} % interval")
    ax.tick_params(axis="y", length=0)
    ax.spines[["left", "top", "right"]].set_visible(False)
    ax.grid(axis="x", color="0.9")
    ax.set_axisbelow(True)
    return ax


def reliability_diagram(curve, ax=None, label=None):
    """Show predicted probability against observed frequency, bin by bin, with the interval of each frequency.

    A calibrated model lies on the diagonal; points below it mean that the predicted risks are too high. Call it again
    with the same Axes to compare two models.

    Parameters
    ----------
    curve : `evaluation.ReliabilityCurve`
    ax : matplotlib Axes, optional
    label : string, optional
        The model's name in the legend.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError
        If `curve` is no reliability curve.

    Taught in: 04_1_image_diagnosis_lab
    """
    _require_fields(curve, "curve", "evaluation.ReliabilityCurve", ["mean_predicted", "observed", "low", "high"])
    ax = _new_axes((6.2, 6.2)) if ax is None else ax
    number = len(ax.containers)  # of models already shown here
    if number == 0:
        ax.plot([0, 1], [0, 1], color=_REFERENCE_COLOUR, linestyle="dashed", linewidth=1.5, label="perfect calibration")
    ax.errorbar(
        curve.mean_predicted,
        curve.observed,
        yerr=[curve.observed - curve.low, curve.high - curve.observed],
        color=PALETTE[number % len(PALETTE)],
        marker=_MARKERS[number % len(_MARKERS)],
        linestyle=_LINE_STYLES[number % len(_LINE_STYLES)],
        linewidth=2,
        elinewidth=1.5,
        label=label,
    )
    ax.set(xlabel="Predicted probability", ylabel="Observed frequency", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.set_aspect("equal")
    ax.legend(loc="upper left")
    return ax


def decision_curve_plot(curve, ax=None, label="model"):
    """Show the net benefit of a model beside treating everyone and treating no one.

    A model is worth using at the thresholds where its line is the highest. Call it again with the same Axes to
    compare two models.

    Parameters
    ----------
    curve : `evaluation.DecisionCurve`
    ax : matplotlib Axes, optional
    label : string
        The model's name in the legend.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError
        If `curve` is no decision curve.

    Taught in: 04_1_image_diagnosis_lab
    """
    _require_fields(curve, "curve", "evaluation.DecisionCurve", ["thresholds", "model", "treat_all", "treat_none"])
    ax = _new_axes() if ax is None else ax
    if "treat everyone" not in ax.get_legend_handles_labels()[1]:
        reference = {"color": _REFERENCE_COLOUR, "linewidth": 1.8}
        ax.plot(curve.thresholds, curve.treat_all, linestyle="dashed", label="treat everyone", **reference)
        ax.plot(curve.thresholds, curve.treat_none, linestyle="dotted", label="treat no one", **reference)
    number = len(ax.get_legend_handles_labels()[1]) - 2  # of models already shown here
    ax.plot(
        curve.thresholds,
        curve.model,
        color=PALETTE[number % len(PALETTE)],
        linestyle=_LINE_STYLES[number % len(_LINE_STYLES)],
        label=label,
    )
    top = max(0.02, ax.dataLim.ymax)
    ax.set_ylim(-0.2 * top, 1.1 * top)  # treating everyone falls without end, and would flatten all the rest
    ax.set(xlabel="Threshold probability", ylabel="Net benefit per patient")
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    ax.legend()
    return ax


def learning_curves(history, ax=None):
    """Show the loss on training and validation data after each epoch, and where the validation loss is lowest.

    Parameters
    ----------
    history : what `model.fit` returns, or a dictionary of lists
        `loss` is needed; `val_loss` is shown if it is there.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError, TypeError
        If there is no loss, the two losses have different lengths, or `history` is something else.

    Taught in: 00_start_here
    """
    losses = getattr(history, "history", history)
    if not isinstance(losses, dict):
        raise TypeError(f"history must be what model.fit returns or a dictionary, got {type(history).__name__}")
    if "loss" not in losses:
        raise ValueError(f"history must hold the loss of each epoch under 'loss', got {sorted(losses)}")
    losses = {  # a loss that became NaN is drawn as a gap
        name: _checks.array(losses[name], name, axes=1, finite=False) for name in ("loss", "val_loss") if name in losses
    }
    _checks.same_length(**losses)
    ax = _new_axes() if ax is None else ax

    epochs = np.arange(1, len(losses["loss"]) + 1)
    marker = "o" if len(epochs) == 1 else None  # a line of one point is invisible
    ax.plot(epochs, losses["loss"], color=PALETTE[0], linestyle="dashed", marker=marker, label="training")
    if "val_loss" in losses:
        ax.plot(epochs, losses["val_loss"], color=PALETTE[1], marker=marker, label="validation")
        if np.isfinite(losses["val_loss"]).any():
            best = np.nanargmin(losses["val_loss"])
            ax.plot(
                epochs[best], losses["val_loss"][best], "D", color=PALETTE[1], markersize=10, label="lowest validation"
            )
    ax.set(xlabel="Epoch", ylabel="Loss")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.legend()
    return ax


def image_grid(images, titles=None, columns=6):
    """Show images side by side, all on the same grey scale so that they can be compared.

    Parameters
    ----------
    images : array, shape (n, height, width), (n, height, width, 1), or (n, height, width, 3) for colours
        Black and white are the smallest and the largest value in the whole array. Colours range from 0 to 1 (floats)
        or from 0 to 255 (8-bit integers).
    titles : list of n strings, optional
    columns : int
        Images in a row.

    Returns
    -------
    array of n matplotlib Axes

    Raises
    ------
    ValueError, TypeError
        If the shapes are others, values are not finite, or the lengths differ.

    Taught in: 04_1_image_diagnosis_lab
    """
    images = _checks.array(images, "images")
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] not in (1, 3)):
        raise ValueError(
            "images must have the shape (n, height, width), (n, height, width, 1) or (n, height, width, 3), "
            f"got {images.shape}"
        )
    if titles is not None:
        _checks.same_length(titles=titles, images=images)
    columns = min(_checks.integer(columns, "columns", least=1), len(images))
    rows = -(-len(images) // columns)  # rounded up
    inches = 10.6 / max(columns, 4)  # a full row stays below 1100 pixels
    title_inches = 0.0 if titles is None else 0.4
    figure, axes = plt.subplots(
        rows, columns, figsize=(inches * columns, (inches + title_inches) * rows), squeeze=False
    )
    axes = axes.ravel()
    for ax in axes:
        ax.set_axis_off()
    for i, image in enumerate(images):
        axes[i].imshow(image, cmap="gray", vmin=images.min(), vmax=images.max(), interpolation="nearest")
        if titles is not None:
            axes[i].set_title(titles[i], fontsize=14, pad=5)
    return axes[: len(images)]


def course_map(chapters, ax=None):
    """Draw the chapters of the course: one column for each part, one row for each field of medicine.

    Parameters
    ----------
    chapters : sequence of `course_utils.notebooks.Entry`
        In reading order. A chapter whose notebook exists is drawn in full colour, one to come in a pale one.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If `chapters` is empty.

    Taught in: 00_start_here
    """
    if not chapters:
        raise ValueError("chapters must not be empty")
    if ax is None:
        _, ax = plt.subplots(figsize=(10.6, 5.4))
    parts = list(dict.fromkeys(entry.part for entry in chapters))
    for column, part in enumerate(parts):
        ax.text(column + 0.5, 4.12, part, ha="center", va="bottom", fontsize=15, fontweight="bold")
        for row, entries in _map_rows([entry for entry in chapters if entry.part == part]).items():
            for place, entry in enumerate(entries):
                height = row[1] / len(entries)
                _map_box(ax, column, row[0] + row[1] - (place + 1) * height, height, entry, PALETTE[column])
    ax.set(xlim=(0, len(parts)), ylim=(0, 4.5))
    ax.axis("off")
    return ax


def network_blocks(blocks, columns=5, ax=None):
    """Draw the blocks of a network: a box with name and shape for each, and arrows from one to the next.

    Parameters
    ----------
    blocks : list of pairs (name, shape)
        From the input to the output. A shape is a tuple, such as (28, 28, 1), a whole number, or a string. Boxes of the
        same name have the same colour.
    columns : int
        Boxes in a row. Every second row runs from right to left.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError, TypeError
        If there is no block, or an argument is not as described.

    Taught in: 03_1_1_convolutional_networks
    """
    blocks = [_block(block) for block in blocks]
    if not blocks:
        raise ValueError("blocks must hold at least one pair (name, shape), got none")
    columns = min(_checks.integer(columns, "columns", least=1), len(blocks))
    rows = -(-len(blocks) // columns)  # rounded up
    ax = _new_axes((0.3 + 2.08 * columns, 1.8 * rows)) if ax is None else ax

    colours = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(dict.fromkeys(name for name, _ in blocks))}
    centres = []
    for i, (name, shape) in enumerate(blocks):
        row, place = divmod(i, columns)
        x, y = (place if row % 2 == 0 else columns - 1 - place), -row
        style = {"boxstyle": "round,pad=0,rounding_size=0.06", "facecolor": (*colours[name], 0.18), "linewidth": 2}
        ax.add_patch(FancyBboxPatch((x - 0.37, y - 0.32), 0.74, 0.64, edgecolor=colours[name], **style))
        ax.text(x, y + 0.09, textwrap.fill(name, 12), ha="center", va="center", fontsize=14, fontweight="bold")
        ax.text(x, y - 0.21, shape, ha="center", va="center", fontsize=14)
        centres.append((x, y))
    for (x, y), (next_x, next_y) in zip(centres[:-1], centres[1:], strict=True):
        side, down = 0.37 * (next_x - x), 0.32 * (next_y - y)  # from the edge of a box to the edge of the next
        arrow(ax, (x + side, y + down), (next_x - side, next_y - down))
    ax.set(xlim=(-0.45, columns - 0.55), ylim=(0.55 - rows, 0.45))
    ax.set_axis_off()
    return ax


def network_units(layers, weights, biases=None, titles=None, ax=None):
    """Draw the units of a small network as circles, one column for each layer, with its numbers: a network by hand.

    Parameters
    ----------
    layers : list of lists
        For each layer, from the input to the output, what stands in its circles: numbers or short strings.
    weights : list of tables
        For each layer but the first a table of numbers or strings, shape (units before, units of the layer), written
        on the lines between them. An empty string is a line without a number, None is no line.
    biases : list of lists, optional
        For each layer but the first its intercepts, written below its circles; None for a layer without.
    titles : list of strings, optional
        One above each column.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
        Unit i of n in layer k stands at the point (1.8 k, (n - 1) / 2 - i), counted from 0.

    Raises
    ------
    ValueError, TypeError
        If there are fewer than two layers, or the tables do not fit the layers.

    Taught in: 00_start_here
    """
    layers, tables, biases = _units(layers, weights, biases)
    if titles is not None:
        _checks.same_length(titles=titles, layers=layers)
    most = max(map(len, layers))
    ax = _new_axes((2.7 * len(layers), 0.6 + 1.5 * most)) if ax is None else ax

    places = [
        [np.array([1.8 * k, (len(layer) - 1) / 2 - i]) for i in range(len(layer))] for k, layer in enumerate(layers)
    ]
    for k, layer in enumerate(layers):
        for (x, y), label in zip(places[k], layer, strict=True):
            colour = PALETTE[1] if k else PALETTE[0]
            ax.add_patch(Circle((x, y), _RADIUS, facecolor="white", edgecolor=colour, linewidth=3, zorder=3))
            ax.text(x, y, label, ha="center", va="center", fontsize=16, zorder=4)
        for (x, y), bias in zip(places[k], (biases[k - 1] if k else None) or [], strict=False):
            ax.text(x, y - _RADIUS - 0.05, f"$b$ = {bias}", ha="center", va="top", fontsize=14, color=_DARK_BLUE)
    for k, table in enumerate(tables):
        for start, row in zip(places[k], table, strict=True):
            for end, weight in zip(places[k + 1], row, strict=True):
                if weight is not None:
                    _weight_line(ax, start, end, weight)
    for k, title in enumerate(titles if titles is not None else []):
        ax.text(1.8 * k, (most - 1) / 2 + 0.42, title, ha="center", va="bottom", fontsize=15)
    top = 0.75 if titles is not None else 0.35
    ax.set(xlim=(-0.7, 1.8 * len(layers) - 1.1), ylim=(-(most - 1) / 2 - 0.65, (most - 1) / 2 + top))
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


def number_grid(values, window=None, weights=None, ax=None):
    """Draw an array as a grid of numbers, with a window over it: what a convolution sees at one of its positions.

    Parameters
    ----------
    values : array of numbers, shape (height, width)
    window : (top, left, height, width), optional
        Row and column of its upper left cell, from 0, and its sides in cells.
    weights : array of numbers, shape of the window, optional
        What each number in the window is multiplied by; written below it.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
        One unit is one cell; the centre of the cell in row i and column j is the point (j, i).

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the window does not lie on the grid.

    Taught in: 03_1_1_convolutional_networks
    """
    values = _checks.array(values, "values", axes=2)
    height, width = values.shape
    top, left, rows, columns = _window(window, values.shape)
    if weights is not None:
        weights = _checks.array(weights, "weights", axes=2)
        if weights.shape != (rows, columns):
            raise ValueError(f"weights must have the shape of the window, {(rows, columns)}, got {weights.shape}")
    ax = _new_axes((0.75 * width + 0.3, 0.75 * height + 0.3)) if ax is None else ax

    for i in range(height):
        for j in range(width):
            inside = top <= i < top + rows and left <= j < left + columns
            face = (*PALETTE[0], 0.18) if inside else "white"
            ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=face, edgecolor="0.6", linewidth=1))
            raised = 0.12 if inside and weights is not None else 0
            ax.text(j, i - raised, _short_number(values[i, j]), ha="center", va="center", fontsize=16)
            if raised:
                text = f"× {_short_number(weights[i - top, j - left])}"
                ax.text(j, i + 0.3, text, ha="center", va="center", fontsize=12, color=_DARK_BLUE, fontweight="bold")
    if rows:
        frame = Rectangle((left - 0.5, top - 0.5), columns, rows, fill=False, edgecolor=PALETTE[0], linewidth=4)
        frame.set_zorder(3)
        ax.add_patch(frame)
    ax.set(xlim=(-0.56, width - 0.44), ylim=(height - 0.44, -0.56))  # downwards, as an array is printed
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


def people_dots(sensitivity, specificity, prevalence, ax=None):
    """Draw 1,000 people who are tested as dots: squares are ill, circles healthy; the filled ones test positive.

    Parameters
    ----------
    sensitivity, specificity, prevalence : numbers between 0 and 1
        The four groups are rounded to whole people.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
        Its title says how many positive results are right, its legend how many people each group has.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Taught in: 02_core_concepts
    """
    sensitivity = _checks.share(sensitivity, "sensitivity", ends_allowed=True)
    specificity = _checks.share(specificity, "specificity", ends_allowed=True)
    prevalence = _checks.share(prevalence, "prevalence", ends_allowed=True)
    ax = _new_axes((6, 6)) if ax is None else ax

    ill = round(1000 * prevalence)
    found, alarmed = round(sensitivity * ill), round((1 - specificity) * (1000 - ill))
    red, blue = PALETTE[1], PALETTE[0]
    groups = [
        ("ill, found", found, "s", red, red),
        ("ill, missed", ill - found, "s", red, "none"),
        ("healthy, alarmed", alarmed, "o", blue, blue),
        ("healthy, left alone", 1000 - ill - alarmed, "o", "0.75", "none"),
    ]
    start = 0
    for name, count, shape, edge, face in groups:
        place = np.arange(start, start + count)
        ax.plot(place // 25, -(place % 25), shape, color=edge, mfc=face, markersize=5, label=f"{count} {name}")
        start += count
    ax.set_title(f"prevalence {prevalence:.1%}: {found} of {found + alarmed} positive results are right", fontsize=12)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=2, fontsize=10)
    ax.set(xlim=(-1, 40), ylim=(-25, 1))
    ax.set_axis_off()
    return ax


def arrow(ax, start, end, label=None, end_ax=None):
    """Draw an arrow between two points, of one picture or of two.

    Parameters
    ----------
    ax : matplotlib Axes
    start, end : pairs of numbers (x, y)
        In the units of the axes.
    label : string, optional
        Stands above the middle of the arrow.
    end_ax : matplotlib Axes, optional
        Where `end` lies, if not in `ax`; of the same figure.

    Returns
    -------
    matplotlib patch

    Raises
    ------
    ValueError, TypeError
        If a point is no pair of finite numbers.

    Taught in: 03_1_1_convolutional_networks
    """
    start, end = (_point(point, name) for point, name in ((start, "start"), (end, "end")))
    end_ax = ax if end_ax is None else end_ax
    patch = ConnectionPatch(
        start, end, ax.transData, end_ax.transData, arrowstyle="-|>", mutation_scale=22, linewidth=2.5, color="0.25",
        shrinkA=2, shrinkB=2,
    )  # fmt: skip
    patch.set_in_layout(False)  # the pictures keep their places
    ax.figure.add_artist(patch)
    if label is not None:
        text = ax.annotate(
            label, (0.5, 0.5), xycoords=patch, xytext=(0, 8), textcoords="offset points",
            ha="center", va="bottom", fontsize=14, annotation_clip=False, zorder=5,
        )  # fmt: skip
        text.set_in_layout(False)
    return patch


def _block(block):
    if not isinstance(block, tuple | list) or len(block) != 2:
        raise TypeError(f"blocks must hold pairs (name, shape), got {block!r}")
    name, shape = block
    sizes = shape if isinstance(shape, tuple | list) else [shape]
    shown = [size if isinstance(size, str) else str(_checks.integer(size, "blocks", least=0)) for size in sizes]
    return _checks.text(name, "blocks", "pairs of a name and a shape"), " × ".join(shown)


def _units(layers, weights, biases):
    """Return labels, tables of weights and intercepts as strings, or say what does not fit."""
    layers, tables = _labels(layers, "layers", 2), _labels(weights, "weights", 3)
    if len(layers) < 2 or not all(layers):
        raise ValueError(f"layers must hold two layers or more, each with a unit, got {layers}")
    lengths = [[len(row) for row in table] for table in tables]
    wanted = [[len(after)] * len(before) for before, after in zip(layers[:-1], layers[1:], strict=True)]
    if lengths != wanted:
        raise ValueError(f"weights must be tables whose rows have the lengths {wanted}, got {lengths}")
    if biases is None:
        return layers, tables, [None] * len(tables)
    found = [layer if layer is None else _labels(layer, "biases", 1) for layer in biases]
    if len(found) != len(tables) or any(
        layer is not None and len(layer) != len(after) for layer, after in zip(found, layers[1:], strict=True)
    ):
        raise ValueError(f"biases must hold one number for each unit of each layer but the first, got {biases}")
    return layers, tables, found


def _labels(value, name, levels):
    """Return lists in lists, `levels` deep, whose numbers have become strings."""
    if levels:
        if not isinstance(value, list | tuple | np.ndarray):
            raise TypeError(f"{name} must hold lists of numbers or strings, got {value!r}")
        return [_labels(item, name, levels - 1) for item in value]
    return value if value is None or isinstance(value, str) else _short_number(_checks.number(value, name))


def _weight_line(ax, start, end, weight):
    """Draw a line between the middles of two circles; the weight stands on it, nearer to the first."""
    step = _RADIUS * (end - start) / np.hypot(*(end - start))
    style = {"arrowstyle": "-|>", "color": "0.45", "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 18}
    ax.annotate("", end - step, start + step, arrowprops=style)
    x, y = start + step + 0.3 * (end - start - 2 * step)
    box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"}
    ax.text(x, y, weight, ha="center", va="center", fontsize=14, color=_DARK_BLUE, fontweight="bold", bbox=box)


def _window(window, shape):
    if window is None:
        return 0, 0, 0, 0
    if not isinstance(window, tuple | list) or len(window) != 4:
        raise TypeError(f"window must be (top, left, height, width), got {window!r}")
    window = [_checks.integer(value, "window", least=0) for value in window]
    top, left, rows, columns = window
    if min(rows, columns) < 1 or top + rows > shape[0] or left + columns > shape[1]:
        raise ValueError(f"window must lie on the grid of {shape[0]} x {shape[1]} cells, got {tuple(window)}")
    return window


def _point(point, name):
    point = _checks.array(point, name, axes=1)
    if point.shape != (2,):
        raise ValueError(f"{name} must be a point (x, y), got {point.tolist()}")
    return tuple(point.astype(float))


def _short_number(value):
    return f"{round(float(value), 2) + 0.0:g}".replace("-", "\N{MINUS SIGN}")  # 0.0 makes 0 of -0


def _new_axes(figsize=None):
    return plt.subplots(figsize=figsize)[1]


def _require_fields(value, name, expected, fields):
    if not all(hasattr(value, field) for field in fields):
        raise TypeError(f"{name} must come from {expected}, got {type(value).__name__}")


def _map_rows(entries):
    """Bottom and height of each row, with its chapters. Chapters 3.x and 4.x stand in the row of their field x."""
    rows = {}
    for entry in entries:
        field = entry.number.split(".")[1:2] if entry.number[0] in "34" else []
        row = (4.0 - int(field[0]), 1.0) if field else (0.0, 4.0)
        rows.setdefault(row, []).append(entry)
    return rows


def _map_box(ax, left, bottom, height, entry, colour):
    exists = entry.path.exists()
    box = plt.Rectangle(
        (left + 0.03, bottom + 0.03), 0.94, height - 0.06, facecolor=colour, alpha=0.45 if exists else 0.12,
        edgecolor=colour, linewidth=2.5 if exists else 1,
    )  # fmt: skip
    ax.add_patch(box)
    title = entry.title.removeprefix("Lab: ")
    text = textwrap.fill(f"{entry.number}  {title[0].upper()}{title[1:]}", 22)
    ax.text(left + 0.5, bottom + height / 2, text, ha="center", va="center", fontsize=12)
