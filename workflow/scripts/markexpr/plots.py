"""How figures look, and the figures themselves. Each function takes plain tables and returns a matplotlib figure."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_curve

from markexpr.files import atomic

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


def profiles(table, title):
    """Mean reads per bin along the window, for high and low genes, one panel a mark.

    table: mark, cell, expression (high, low), offset (bp, centre of the bin, along transcription), mean_reads. One thin line a cell, a thick one
    for their mean.
    """
    marks = list(dict.fromkeys(table["mark"]))
    figure, axes = grid(len(marks), width=2.6, columns=5, sharex=True)
    n_cells = table["cell"].nunique()
    for axis, mark in zip(axes, marks):
        for level, colour in (("high", HIGH), ("low", LOW)):
            here = table[(table["mark"] == mark) & (table["expression"] == level)]
            lines = here.pivot(index="offset", columns="cell", values="mean_reads")
            if n_cells > 1:
                axis.plot(lines.index / 1000, lines, color=colour, lw=0.5, alpha=0.35)
            axis.plot(lines.index / 1000, lines.mean(axis=1), color=colour, lw=1.8, label=f"{level} expression")
        axis.set(title=mark, ylim=(0, None))
        axis.axvline(0, color="0.8", lw=0.8, zorder=0)
        axis.set_xlabel("distance to TSS (kb)")
    axes[0].set_ylabel("mean reads per bin")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    figure.suptitle(title, fontsize=10)
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
            axis.plot(*_mean_curve([run["curve"] for run in best]), color=TRUTH, lw=1.2, ls="--", label=f"best possible (truth)  {mean:.3f}")
        axis.plot([0, 1], [0, 1], color="0.8", lw=0.8, zorder=0)
        axis.set(xlabel="false positive rate", ylabel="true positive rate", title=model, xlim=(-0.01, 1), ylim=(0, 1.01), aspect="equal")
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), title="AUC", fontsize=8, title_fontsize=8)
    figure.suptitle(title, fontsize=10)
    return figure
