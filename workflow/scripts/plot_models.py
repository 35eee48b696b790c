"""One of the paper's figures of models side by side, unit by unit."""

import matplotlib.pyplot as plt
import numpy as np

from markexpr.evaluation.comparisons import average_seeds
from markexpr.io.files import read_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import LOW, TRUTH, save
from markexpr.plots.panels import COLOURS
from markexpr.tables import counted, metric_name

MANY_UNITS = 16  # beyond, units are drawn without intervals and their names upright


def select(metrics, models, metric, split):
    """Select what the figure shows: one metric on the units that all models have.

    metrics: results/metrics/{study}.tsv. Returns a table of model, unit, value, ci_low, ci_high, in
    the order of models, the best possible last. Of several seeds: their mean, NaN if one failed,
    and the widest interval. A failed fit has none.
    """
    units = average_seeds(metrics, models, metric, split)[0].index
    shown = [*models, "simulator_truth"]
    rows = metrics[
        (metrics["metric"] == metric)
        & (metrics["split"] == split)
        & metrics["model"].isin(shown)
        & metrics["unit"].isin(units)
    ]
    table = (
        rows.groupby(["model", "unit"])
        .agg(value=("value", mean_of_all), ci_low=("ci_low", "min"), ci_high=("ci_high", "max"))
        .reset_index()
    )
    table.loc[table["value"].isna(), ["ci_low", "ci_high"]] = np.nan
    return table.sort_values("model", key=lambda column: column.map(shown.index))


def mean_of_all(values):
    """The mean of a model's seeds; NaN if a fit failed."""
    return values.mean(skipna=False)


def draw_units(table, axis_name, name_best):
    """Draw several models unit by unit, and their distribution over units at the right.

    table: model, unit, value (NaN where a fit failed: a cross at the lower edge), ci_low, ci_high
    (NaN for none), in the order of models; the model `simulator_truth` is a grey dash. Units run
    from the highest mean over models to the lowest. name_best: models of which the best is named
    above each unit.
    """
    models = [model for model in dict.fromkeys(table["model"]) if model != "simulator_truth"]
    values = table[table["model"].isin(models)].pivot(
        index="unit", columns="model", values="value"
    )[models]
    units = values.mean(axis=1).sort_values(ascending=False).index
    x_of = {unit: number for number, unit in enumerate(units)}
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
        rows = table[table["model"] == model]
        x = rows["unit"].map(x_of) + (number - (len(models) - 1) / 2) * step
        colour = COLOURS[number % len(COLOURS)]
        if not many:
            axis.vlines(x, rows["ci_low"], rows["ci_high"], color=colour, lw=1, alpha=0.6)
        axis.scatter(
            x,
            rows["value"],
            color=colour,
            marker="osD^vPX*p<>h"[number % 12],
            s=16 if many else 24,
            lw=0,
            label=model,
            zorder=3,
        )
        failed = rows["value"].isna()
        axis.scatter(
            x[failed],
            np.full(failed.sum(), 0.015),
            transform=axis.get_xaxis_transform(),
            color=colour,
            marker="x",
            s=24,
            clip_on=False,
        )
        beside.boxplot(
            rows["value"].dropna(),
            positions=[number],
            widths=0.6,
            showmeans=not failed.any(),
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
    best = table[(table["model"] == "simulator_truth") & table["unit"].isin(units)]
    if len(best):
        x = best["unit"].map(x_of)
        axis.hlines(
            best["value"], x - 0.4, x + 0.4, color=TRUTH, lw=1.2, ls="--", label="best possible"
        )
    named = values[[model for model in name_best if model in values]]
    if len(named.columns):
        for unit, model in named.dropna(how="all").idxmax(axis=1).items():
            axis.text(
                x_of[unit],
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
    axis.set_ylabel(axis_name)
    axis.grid(axis="y", color="0.93")
    beside.grid(axis="y", color="0.93")
    beside.set_xticks([])
    beside.set_xlabel(f"{counted(len(units), 'unit')}\n(◆ mean)", fontsize=8)
    figure.legend(
        *axis.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=min(4, len(models) + bool(len(best))),
        fontsize=8,
    )
    return figure


def draw_one_unit(table, axis_name):
    """Draw several models on the one unit that there is, a row a model with its interval; table as
    for draw_units."""
    models = [model for model in dict.fromkeys(table["model"]) if model != "simulator_truth"]
    figure, axis = plt.subplots(figsize=(6.4, 1.3 + 0.28 * len(models)), layout="constrained")
    rows = table.set_index("model").reindex(models)
    y = np.arange(len(models))
    axis.hlines(y, rows["ci_low"], rows["ci_high"], color=LOW, lw=2, alpha=0.5)
    axis.scatter(rows["value"], y, color=LOW, s=28, lw=0, zorder=3)
    middle = np.mean(axis.get_xlim())
    for point in zip(rows["value"], y):
        axis.annotate(
            f"{point[0]:.2f}" if np.isfinite(point[0]) else "failed",
            point if np.isfinite(point[0]) else (middle, point[1]),
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
    axis.set_xlabel(f"{axis_name} ({table['unit'].iloc[0]})")
    axis.grid(axis="x", color="0.93")
    return figure


def main(job):
    block = job.params.figure
    split = block.get("split", "test")
    table = select(read_tsv(job.input[0]), block["models"], block["metric"], split)
    genes = "validation" if split == "valid" else split
    axis_name = f"{metric_name(block['metric'])} of {genes} genes"
    if table["unit"].nunique() == 1:
        figure = draw_one_unit(table, axis_name)
    else:
        figure = draw_units(table, axis_name, block.get("name_best", ()))
    save(figure, block["title"], job)


if __name__ == "__main__":
    run_job(main, snakemake)
