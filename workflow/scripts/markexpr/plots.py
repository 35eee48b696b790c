"""How figures look, and the figures themselves. Each function takes plain tables and returns a matplotlib figure."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_curve

from markexpr.files import atomic
from markexpr.jobs import InputError

# Okabe and Ito's palette: told apart by readers with any colour vision
PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
HIGH, LOW, TRUTH = PALETTE[1], PALETTE[0], "#555555"
LABELLED = len(PALETTE)  # lines that a legend names; beyond that, a bundle of thin lines and their mean

plt.rcParams.update(
    {
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "figure.dpi": 150,
        "savefig.bbox": "tight",
        "svg.hashsalt": "markexpr",  # equal figures give equal files
    }
)


def save(figure, svg, png):
    """Write a figure as SVG and PNG."""
    for path, options in ((svg, {"format": "svg", "metadata": {"Date": None}}), (png, {"format": "png", "dpi": 150})):
        with atomic(path) as temporary:
            figure.savefig(temporary, **options)
    plt.close(figure)


def grid(panels, width=2.9, height=2.7, columns=5, **options):
    """A figure with a row-major grid of `panels` axes; those beyond the last panel are removed."""
    columns = min(columns, panels)
    rows = -(-panels // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(width * columns, height * rows), squeeze=False, layout="constrained", **options)
    for extra in axes.ravel()[panels:]:
        extra.remove()
    return figure, list(axes.ravel()[:panels])


def _by_mark(table, value, groups, title, ylabel, zero):
    """One panel a mark of `value` along the window: thin lines for cells, a thick one for their mean.

    groups: (column or None, [(level, colour, label)]); zero: whether the axis begins at 0.
    """
    marks = list(dict.fromkeys(table["mark"]))
    figure, axes = grid(len(marks), width=2.6, columns=5, sharex=True, sharey=not zero)
    n_cells = table["cell"].nunique()
    column, levels = groups
    for axis, mark in zip(axes, marks):
        for level, colour, label in levels:
            here = table[(table["mark"] == mark) & (True if column is None else table[column] == level)]
            lines = here.pivot(index="offset", columns="cell", values=value)
            if n_cells > 1:
                axis.plot(lines.index / 1000, lines, color=colour, lw=0.5, alpha=0.35)
            axis.plot(lines.index / 1000, lines.mean(axis=1), color=colour, lw=1.8, label=label)
        axis.set_title(mark)
        axis.axvline(0, color="0.8", lw=0.8, zorder=0)
        if zero:
            axis.set_ylim(0, None)
        else:
            axis.axhline(0, color="0.8", lw=0.8, zorder=0)
        axis.set_xlabel("distance to TSS (kb)")
    axes[0].set_ylabel(ylabel)
    handles, labels = axes[0].get_legend_handles_labels()
    if len(labels) > 1:
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    figure.suptitle(title, fontsize=10)
    return figure


def profiles(table, title):
    """Mean reads per bin along the window, for high and low genes, one panel a mark.

    table: mark, cell, expression (high, low), offset (bp, centre of the bin, along transcription), mean_reads.
    """
    levels = [("high", HIGH, "high expression"), ("low", LOW, "low expression")]
    return _by_mark(table, "mean_reads", ("expression", levels), title, "reads per bin and gene", zero=True)


def correlations(table, title):
    """Spearman correlation of a bin's count with expression along the window, one panel a mark.

    table: mark, cell, offset (bp), spearman.
    """
    return _by_mark(table, "spearman", (None, [(None, LOW, "mean")]), title, "Spearman correlation", zero=False)


def depth(table, title):
    """Mean reads per bin and share of empty bins, cells by marks, as two heat maps with their numbers.

    table: cell, mark, mean_per_bin, empty_bins.
    """
    n_cells = table["cell"].nunique()
    figure, axes = plt.subplots(1, 2, figsize=(9, 1.4 + 0.22 * n_cells), layout="constrained", sharey=True)
    for axis, column, label, style in (
        (axes[0], "mean_per_bin", "mean reads per bin", "{:.1f}"),
        (axes[1], "empty_bins", "share of empty bins", "{:.2f}"),
    ):
        values = table.pivot(index="cell", columns="mark", values=column)[list(dict.fromkeys(table["mark"]))]
        image = axis.imshow(values, aspect="auto", cmap="Blues", vmin=0)
        axis.set_xticks(range(values.shape[1]), values.columns)
        axis.set_yticks(range(n_cells), values.index, fontsize=7 if n_cells > 20 else 9)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        middle = np.nanmax(values.to_numpy()) / 2
        for row, column_number in np.ndindex(values.shape):
            value = values.iat[row, column_number]
            axis.text(column_number, row, style.format(value), ha="center", va="center", fontsize=7, color="white" if value > middle else "black")
        axis.set_title(label, fontsize=9)
        figure.colorbar(image, ax=axis, shrink=0.8)
    figure.suptitle(title, fontsize=10)
    return figure


def gene_numbers(table, title):
    """Numbers of genes as bars. table: what, genes."""
    figure, axis = plt.subplots(figsize=(7, 0.7 + 0.32 * len(table)), layout="constrained")
    colours = [{"kept": HIGH, "stated by the paper": TRUTH}.get(what, LOW) for what in table["what"]]
    bars = axis.barh(table["what"], table["genes"], color=colours)
    axis.bar_label(bars, [f"{number:,}" for number in table["genes"]], padding=3, fontsize=8)
    axis.invert_yaxis()
    axis.margins(x=0.12)
    axis.set_xlabel("genes")
    axis.set_title(title, fontsize=10)
    return figure


def _mean_curve(curves):
    """Mean true-positive rate of several ROC curves on one grid of false-positive rates."""
    at = np.linspace(0, 1, 201)
    mean = np.mean([np.interp(at, false_rate, true_rate) for false_rate, true_rate in curves], axis=0)
    return np.r_[0, at], np.r_[0, mean]


def roc(runs, title):
    """ROC curves of test genes, one panel a model.

    runs: list of dicts with model, label (unit, and seed if there are several), y_true, y_pred, auc, ci_low, ci_high. Up to LABELLED
    runs of a model are named with AUC and interval; more are drawn as a bundle with their mean. The model
    `simulator_truth` is no panel: it is the dashed line in each.
    """
    models = [model for model in dict.fromkeys(run["model"] for run in runs) if model != "simulator_truth"]
    if not models:
        raise InputError("no run has test genes of both classes: there is no ROC curve to draw")
    figure, axes = grid(len(models), width=3.9, height=4.2, columns=3)
    for run in runs:
        run["curve"] = roc_curve(run["y_true"], run["y_pred"])[:2]
    best = [run for run in runs if run["model"] == "simulator_truth"]
    for axis, model in zip(axes, models):
        here = [run for run in runs if run["model"] == model]
        for number, run in enumerate(here):
            named = len(here) <= LABELLED
            label = f"{run['label']}  {run['auc']:.3f} [{run['ci_low']:.3f}, {run['ci_high']:.3f}]" if named else None
            style = {"color": PALETTE[number], "lw": 1.6} if named else {"color": LOW, "lw": 0.4, "alpha": 0.4}
            axis.plot(*run["curve"], label=label, **style)
        if len(here) > LABELLED:
            scores = np.array([run["auc"] for run in here])
            label = f"mean of {len(here)} runs  {scores.mean():.3f} ({scores.min():.3f} to {scores.max():.3f})"
            axis.plot(*_mean_curve([run["curve"] for run in here]), color=HIGH, lw=2, label=label)
        if best:
            mean = np.mean([run["auc"] for run in best])
            axis.plot(
                *_mean_curve([run["curve"] for run in best]), color=TRUTH, lw=1.2, ls="--", label=f"best possible, mean of {len(best)}  {mean:.3f}"
            )
        axis.plot([0, 1], [0, 1], color="0.8", lw=0.8, zorder=0)
        axis.set(xlabel="false positive rate", ylabel="true positive rate", title=model, xlim=(-0.01, 1), ylim=(0, 1.01), aspect="equal")
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), title="AUC", fontsize=8, title_fontsize=8)
    figure.suptitle(title, fontsize=10)
    return figure
