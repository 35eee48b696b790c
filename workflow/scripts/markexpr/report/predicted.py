"""Predicted against true values of the test genes of every model of a study."""

import numpy as np

from markexpr.plots import LOW, TRUTH, save
from markexpr.plots.panels import make_grid
from markexpr.tables import counted

FEW_GENES = 3_000  # are drawn one by one, more as densities


def draw(runs):
    """Draw predicted against true values of test genes, one panel a model, all units together.

    runs: list of dicts with model, y_true, y_pred and score (Pearson); the title of a panel has the
    mean score over runs.
    """
    models = list(dict.fromkeys(run["model"] for run in runs))
    figure, axes = make_grid(
        len(models), width=2.7, height=2.7, columns=5, sharex=True, sharey=True
    )
    for axis, model in zip(axes, models):
        of_model = [run for run in runs if run["model"] == model]
        true = np.concatenate([run["y_true"] for run in of_model])
        guess = np.concatenate([run["y_pred"] for run in of_model])
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
        scores = [run["score"] for run in of_model if not np.isnan(run["score"])]
        mean = np.mean(scores) if scores else float("nan")
        axis.set_title(f"{model}\nmean Pearson {mean:.3f}", fontsize=8)
        axis.set_xlim(low, high)
        axis.set_ylim(low, high)
    figure.supxlabel("true", fontsize=9)
    figure.supylabel("predicted", fontsize=9)
    return figure


def show(job):
    metrics = job.metrics.query("metric == 'pearson' and split == 'test'")
    score = metrics.set_index(["model", "unit", "seed"])["value"]
    runs = [
        {**run, "score": score[run["model"], run["unit"], run["seed"]]}
        for run in job.tested
        if len(run["y_true"])
    ]
    units = len({run["unit"] for run in runs})
    save(draw(runs), f"{job.wildcards.study}: test genes of {counted(units, 'unit')}", job)
