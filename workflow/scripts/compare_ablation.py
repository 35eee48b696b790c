"""What window, normalisation, direction, pooling and residuals change, for each model of a grid."""

import matplotlib.pyplot as plt
import pandas as pd

from markexpr.evaluation.ablation import average_folds, compare_levels, rank_settings, score_cells
from markexpr.io.files import write_tsv
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import parse_run, read_predictions
from markexpr.plots import save
from markexpr.plots.panels import COLOURS
from markexpr.tables import metric_name, write_html

MARKERS = "os^Dv"
EVERY = 100  # runs between two lines of progress


def read_scores(paths, settings, labels):
    """The score of every cell, fold and seed, with the setting of its model: DataFrame of the axes,
    model, unit, seed, cell, split, value.

    settings: from (study, model) to the axes' levels and, under `model`, the model without them.
    """
    parts = []
    for number, path in enumerate(paths, 1):
        run = parse_run(path)
        setting = settings[run["study"], run["model"]]
        scores = score_cells(read_predictions(path), labels)
        parts.append(scores.assign(unit=run["unit"], seed=run["seed"], **setting))
        if number % EVERY == 0 or number == len(paths):
            log.info("%d of %d runs read", number, len(paths))
    return pd.concat(parts, ignore_index=True)


def draw(changes, axes, metric):
    """Draw what each level changes against the first of its axis, on test genes, one panel an axis,
    one marker a model."""
    models = list(dict.fromkeys(changes["model"]))
    heights = [len(levels) for levels in axes.values()]
    figure, panels = plt.subplots(
        len(axes),
        1,
        figsize=(6.5, 1.2 + 0.42 * sum(heights)),
        gridspec_kw={"height_ratios": heights},
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for panel, (axis, levels) in zip(panels[:, 0], axes.items()):
        here = changes[(changes["axis"] == axis) & (changes["split"] == "test")]
        for number, model in enumerate(models):
            rows = here[here["model"] == model]
            y = rows["level"].map(levels.index) + (number - (len(models) - 1) / 2) * 0.2
            colour = COLOURS[number % len(COLOURS)]
            panel.hlines(y, rows["ci_low"], rows["ci_high"], color=colour, lw=1)
            marker = MARKERS[number % len(MARKERS)]
            panel.scatter(
                rows["difference"], y, color=colour, marker=marker, s=22, label=model, zorder=3
            )
        panel.axvline(0, color="0.7", lw=0.8, zorder=0)
        panel.set_yticks(range(len(levels)), levels)
        panel.set_ylim(len(levels) - 0.5, -0.5)
        panel.set_ylabel(axis)
    panels[-1, 0].set_xlabel(f"change of the {metric_name(metric)} of test genes")
    handles, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return figure


def main(job):
    axes, metric = job.params.axes, job.params.metric
    settings = {(study, model): setting for study, model, setting in job.params.settings}
    scores = average_folds(read_scores(job.input, settings, metric == "auc"))
    changes = compare_levels(scores, axes)
    ranked = rank_settings(scores, axes)
    write_tsv(job.output.tsv, changes)
    write_tsv(job.output.ranked, ranked)
    title = "Ablation: what each setting changes"
    best = ", ".join(
        f"{model}: {' '.join(str(row[axis]) for axis in axes)} ({row['valid']:.3f})"
        for model, row in ranked.groupby("model").first().iterrows()
    )
    note = (
        f"{metric_name(metric)}, a mean over cells, folds, seeds and all other settings. "
        "difference: from the first level of the axis, within a cell, with all else equal; its "
        f"95 % interval is over cells. The best setting of each model by validation genes: {best}."
    )
    write_html(changes, title, job, note)
    save(draw(changes, axes, metric), title, job)


if __name__ == "__main__":
    run_job(main, snakemake)
