"""ROC curves of the test genes of every run of a study."""

import numpy as np
import pandas as pd

from markexpr.evaluation.metrics import roc_curve
from markexpr.io.jobs import log
from markexpr.plots import HIGH, LOW, PALETTE, TRUTH, save
from markexpr.plots.panels import draw_nothing, make_grid

# runs of a model that its legend names; more are a bundle of thin lines and their mean
LABELLED = len(PALETTE)


def average_curves(curves):
    """Average the true-positive rates of several ROC curves on one grid of false-positive rates.

    curves: list of (false-positive rates, true-positive rates). Returns one such pair.
    """
    at = np.linspace(0, 1, 201)
    mean = np.mean(
        [np.interp(at, false_rate, true_rate) for false_rate, true_rate in curves], axis=0
    )
    return np.r_[0, at], np.r_[0, mean]


def draw(runs):
    """Draw ROC curves of test genes, one panel a model.

    runs: list of dicts with model, label (unit, and seed if there are several), y_true, y_pred,
    auc, ci_low, ci_high. Up to LABELLED runs of a model are named with AUC and interval; more are
    drawn as a bundle with their mean. The model `simulator_truth` is no panel: it is the dashed
    line in each.
    """
    models = [
        model for model in dict.fromkeys(run["model"] for run in runs) if model != "simulator_truth"
    ]
    if not models:
        return draw_nothing("no run has test genes of both classes: there is no ROC curve to draw")
    figure, axes = make_grid(len(models), width=3.9, height=4.2, columns=4)
    for run in runs:
        run["curve"] = roc_curve(run["y_true"], run["y_pred"])
    best = [run for run in runs if run["model"] == "simulator_truth"]
    for axis, model in zip(axes, models):
        of_model = [run for run in runs if run["model"] == model]
        if len(of_model) <= LABELLED:
            for run, colour in zip(of_model, PALETTE):
                label = (
                    f"{run['label']}  {run['auc']:.3f} [{run['ci_low']:.3f}, {run['ci_high']:.3f}]"
                )
                axis.plot(*run["curve"], label=label, color=colour, lw=1.6)
        else:
            for run in of_model:
                axis.plot(*run["curve"], color=LOW, lw=0.4, alpha=0.4)
            scores = np.array([run["auc"] for run in of_model])
            label = (
                f"mean of {len(of_model)} runs  {scores.mean():.3f} ({scores.min():.3f} to "
                f"{scores.max():.3f})"
            )
            mean = average_curves([run["curve"] for run in of_model])
            axis.plot(*mean, color=HIGH, lw=2, label=label)
        labels = {run["label"] for run in of_model}
        possible = [run for run in best if run["label"] in labels]
        if possible:
            score = np.mean([run["auc"] for run in possible])
            label = f"best possible, mean of {len(possible)}  {score:.3f}"
            mean = average_curves([run["curve"] for run in possible])
            axis.plot(*mean, color=TRUTH, lw=1.2, ls="--", label=label)
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
    return figure


def show(job):
    scores = job.metrics.query("metric == 'auc' and split == 'test'").set_index(
        ["model", "unit", "seed"]
    )
    several_seeds = job.metrics["seed"].nunique() > 1
    runs = []
    for run in job.tested:
        score = scores.loc[(run["model"], run["unit"], run["seed"])]
        if pd.isna(score["value"]):
            log.warning(
                "%s is left out of the figure: its test genes are all of one class", run["path"]
            )
            continue
        runs.append(
            {
                "model": run["model"],
                "label": f"{run['unit']} seed {run['seed']}" if several_seeds else run["unit"],
                "y_true": run["y_true"],
                "y_pred": run["y_pred"],
                "auc": score["value"],
                "ci_low": score["ci_low"],
                "ci_high": score["ci_high"],
            }
        )
    save(draw(runs), f"{job.wildcards.study}: high or low expression, test genes", job)
