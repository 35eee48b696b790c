"""Figures of scores: ROC curves, and models side by side."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb

from markexpr.io.jobs import InputError
from markexpr.plots import HIGH, LABELLED, LOW, PALETTE, TRUTH, grid
from markexpr.tables import metric_name


def _mean_curve(curves):
    """Mean true-positive rate of several ROC curves on one grid of false-positive rates."""
    at = np.linspace(0, 1, 201)
    mean = np.mean(
        [np.interp(at, false_rate, true_rate) for false_rate, true_rate in curves], axis=0
    )
    return np.r_[0, at], np.r_[0, mean]


def roc(runs, title):
    """ROC curves of test genes, one panel a model.

    runs: list of dicts with model, label (unit, and seed if there are several), y_true, y_pred,
    auc, ci_low, ci_high. Up to LABELLED runs of a model are named with AUC and interval; more are
    drawn as a bundle with their mean. The model `simulator_truth` is no panel: it is the dashed
    line in each.
    """
    models = [
        model for model in dict.fromkeys(run["model"] for run in runs) if model != "simulator_truth"
    ]
    if not models:
        raise InputError("no run has test genes of both classes: there is no ROC curve to draw")
    figure, axes = grid(len(models), width=3.9, height=4.2, columns=4)
    from sklearn.metrics import (
        roc_curve,
    )  # here: it takes a second to load, and most figures do without

    for run in runs:
        run["curve"] = roc_curve(run["y_true"], run["y_pred"])[:2]
    best = [run for run in runs if run["model"] == "simulator_truth"]
    for axis, model in zip(axes, models):
        here = [run for run in runs if run["model"] == model]
        for number, run in enumerate(here):
            named = len(here) <= LABELLED
            label = (
                f"{run['label']}  {run['auc']:.3f} [{run['ci_low']:.3f}, {run['ci_high']:.3f}]"
                if named
                else None
            )
            style = (
                {"color": PALETTE[number], "lw": 1.6}
                if named
                else {"color": LOW, "lw": 0.4, "alpha": 0.4}
            )
            axis.plot(*run["curve"], label=label, **style)
        if len(here) > LABELLED:
            scores = np.array([run["auc"] for run in here])
            label = (
                f"mean of {len(here)} runs  {scores.mean():.3f} ({scores.min():.3f} to "
                f"{scores.max():.3f})"
            )
            axis.plot(*_mean_curve([run["curve"] for run in here]), color=HIGH, lw=2, label=label)
        possible = [run for run in best if run["label"] in {other["label"] for other in here}]
        if possible:
            mean = np.mean([run["auc"] for run in possible])
            label = f"best possible, mean of {len(possible)}  {mean:.3f}"
            axis.plot(
                *_mean_curve([run["curve"] for run in possible]),
                color=TRUTH,
                lw=1.2,
                ls="--",
                label=label,
            )
        axis.plot([0, 1], [0, 1], color="0.8", lw=0.8, zorder=0)
        axis.set(
            xlabel="false positive rate",
            ylabel="true positive rate",
            title=model,
            xlim=(-0.01, 1),
            ylim=(0, 1.01),
            aspect="equal",
        )
        axis.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, -0.18),
            title="AUC",
            fontsize=8,
            title_fontsize=8,
        )
    figure.suptitle(title, fontsize=10)
    return figure


# more models than the palette has colours: each again, lighter
COLOURS = PALETTE + [tuple(0.45 + 0.55 * part for part in to_rgb(colour)) for colour in PALETTE]
MANY_UNITS = 16  # beyond, units are drawn without intervals and their names upright


def side_by_side(table, metric, title, name_best=(), split="test"):
    """One metric of several models unit by unit, and its distribution over units at the right.

    table: model, unit, value, ci_low, ci_high (NaN for none), in the order of models; the model
    `simulator_truth` is a grey dash. Units run from the highest mean over models to the lowest.
    name_best: models of which the best is named above each unit.
    """
    models = [model for model in dict.fromkeys(table["model"]) if model != "simulator_truth"]
    if table["unit"].nunique() == 1:
        return one_unit(table, models, metric, title, split)
    values = table[table["model"].isin(models)].pivot(
        index="unit", columns="model", values="value"
    )[models]
    units = values.mean(axis=1).sort_values(ascending=False).index
    place = {unit: number for number, unit in enumerate(units)}
    many = len(units) > MANY_UNITS
    width = (
        max(4.2, 0.17 * len(units) + 1.2) if many else max(3.2, 0.26 * len(models) * len(units) + 1)
    )
    beside_width = 0.4 + min(0.5, 3 / len(models)) * len(models)
    figure, (axis, beside) = plt.subplots(
        1,
        2,
        figsize=(width + beside_width + 0.4, 3.8 + (0.5 if name_best else 0)),
        sharey=True,
        layout="constrained",
        width_ratios=[width, beside_width],
    )
    step = 0.0 if many else 0.8 / len(models)
    for number, model in enumerate(models):
        here = table[table["model"] == model]
        x = here["unit"].map(place) + (number - (len(models) - 1) / 2) * step
        colour = COLOURS[number % len(COLOURS)]
        if not many:
            axis.vlines(x, here["ci_low"], here["ci_high"], color=colour, lw=1, alpha=0.6)
        axis.scatter(
            x,
            here["value"],
            color=colour,
            marker="osD^vPX*p<>h"[number % 12],
            s=16 if many else 24,
            lw=0,
            label=model,
            zorder=3,
        )
        beside.boxplot(
            here["value"],
            positions=[number],
            widths=0.6,
            showmeans=True,
            medianprops={"color": colour},
            boxprops={"color": colour},
            whiskerprops={"color": colour},
            capprops={"color": colour},
            flierprops={"markersize": 3, "markeredgecolor": colour},
            meanprops={
                "marker": "D",
                "markersize": 4,
                "markerfacecolor": colour,
                "markeredgecolor": colour,
            },
        )
    best = table[table["model"] == "simulator_truth"]
    best = best[best["unit"].isin(units)]
    if len(best):
        x = best["unit"].map(place)
        axis.hlines(
            best["value"], x - 0.4, x + 0.4, color=TRUTH, lw=1.2, ls="--", label="best possible"
        )
    named = values[[model for model in name_best if model in values]]
    if len(named.columns):
        for unit, model in named.idxmax(axis=1).items():
            axis.text(
                place[unit],
                1.01,
                model,
                transform=axis.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=7,
                rotation=30 if len(units) > 4 else 0,
            )
    for edge in np.arange(len(units) - 1) + 0.5:
        axis.axvline(edge, color="0.93", lw=0.8, zorder=0)
    axis.set_xticks(
        range(len(units)),
        units,
        rotation=90 if many or len(units[0]) > 6 else 0,
        fontsize=7 if many else 8,
    )
    axis.set_xlim(-0.7, len(units) - 0.3)
    axis.set_ylabel(f"{metric_name(metric)} of {'validation' if split == 'valid' else split} genes")
    axis.grid(axis="y", color="0.93")
    beside.grid(axis="y", color="0.93")
    beside.set_xticks([])
    beside.set_xlabel(f"{len(units)} unit{'s' if len(units) > 1 else ''}\n(◆ mean)", fontsize=8)
    figure.suptitle(title, fontsize=10)
    figure.legend(
        *axis.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=min(4, len(models) + bool(len(best))),
        fontsize=8,
    )
    return figure


def one_unit(table, models, metric, title, split):
    """One metric of several models on the one unit that there is, a row a model with its interval;
    arguments as of side_by_side."""
    figure, axis = plt.subplots(figsize=(6.4, 1.3 + 0.28 * len(models)), layout="constrained")
    here = table.set_index("model").reindex(models)
    y = np.arange(len(models))
    axis.hlines(y, here["ci_low"], here["ci_high"], color=LOW, lw=2, alpha=0.5)
    axis.scatter(here["value"], y, color=LOW, s=28, lw=0, zorder=3)
    for place, value in zip(y, here["value"]):
        axis.annotate(
            f"{value:.2f}",
            (value, place),
            (0, 5),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=7,
        )
    best = table[table["model"] == "simulator_truth"]
    if len(best):
        axis.axvline(best["value"].iloc[0], color=TRUTH, lw=1.2, ls="--", label="best possible")
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), fontsize=8)
    axis.set_yticks(y, models)
    axis.set_ylim(len(models) - 0.5, -0.7)
    axis.set_xlabel(
        f"{metric_name(metric)} of {'validation' if split == 'valid' else split} genes "
        f"({table['unit'].iloc[0]})"
    )
    axis.grid(axis="x", color="0.93")
    axis.set_title(title, fontsize=10)
    return figure


def settings(table, metric, title):
    """The mean of a metric over cells with its range, by setting, one colour a model, one panel a
    group of cells.

    table: setting, cells (group), model, units, min, mean, max
    (markexpr.evaluation.comparisons.across_settings).
    """
    groups, names = list(dict.fromkeys(table["cells"])), list(dict.fromkeys(table["setting"]))
    models = list(dict.fromkeys(table["model"]))
    figure, axes = plt.subplots(
        1,
        len(groups),
        figsize=(2.2 + 3.6 * len(groups), 1.2 + 0.75 * len(names)),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, group in zip(axes[0], groups):
        for number, model in enumerate(models):
            here = table[(table["cells"] == group) & (table["model"] == model)]
            y = here["setting"].map(names.index) + (number - (len(models) - 1) / 2) * 0.7 / len(
                models
            )
            axis.hlines(
                y, here["min"], here["max"], color=COLOURS[number % len(COLOURS)], lw=1, alpha=0.6
            )
            axis.scatter(
                here["mean"],
                y,
                color=COLOURS[number % len(COLOURS)],
                s=20,
                lw=0,
                label=model,
                zorder=3,
            )
        units = table[table["cells"] == group]["units"].max()
        axis.set_title(f"{group} ({units} unit{'s' if units > 1 else ''})", fontsize=9)
        axis.set_xlabel(f"{metric_name(metric)} of test genes, mean and range")
        axis.grid(axis="x", color="0.93")
    axes[0][0].set_yticks(range(len(names)), names)
    axes[0][0].invert_yaxis()
    figure.suptitle(title, fontsize=10)
    figure.legend(
        *axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8
    )
    return figure


FEW_GENES = 3_000  # are drawn one by one, more as densities


def predicted(runs, score_name, title):
    """Predicted against true values of test genes, one panel a model, all units together.

    runs: list of dicts with model, y_true, y_pred, score; the title of a panel has the mean score
    over runs.
    """
    models = list(dict.fromkeys(run["model"] for run in runs))
    figure, axes = grid(len(models), width=2.7, height=2.7, columns=5, sharex=True, sharey=True)
    for axis, model in zip(axes, models):
        here = [run for run in runs if run["model"] == model]
        true, guess = (np.concatenate([run[name] for run in here]) for name in ("y_true", "y_pred"))
        low, high = np.quantile(true, [0.001, 0.999])
        if len(true) <= FEW_GENES:
            axis.scatter(true, guess, s=4, lw=0, alpha=0.4, color=LOW)
        else:
            axis.hexbin(
                true,
                guess,
                gridsize=45,
                extent=(low, high, low, high),
                bins="log",
                cmap="Blues",
                mincnt=1,
                vmin=0.3,
                linewidths=0.1,
            )
        axis.plot([low, high], [low, high], color=TRUTH, lw=0.8, ls="--")
        scores = [run["score"] for run in here if not np.isnan(run["score"])]
        axis.set_title(
            f"{model}\n{score_name} {np.mean(scores) if scores else float('nan'):.3f}", fontsize=8
        )
        axis.set_xlim(low, high)
        axis.set_ylim(low, high)
    figure.supxlabel("true", fontsize=9)
    figure.supylabel("predicted", fontsize=9)
    figure.suptitle(title, fontsize=10)
    return figure
