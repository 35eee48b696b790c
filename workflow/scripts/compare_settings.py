"""One table of a study under several settings: other labels, another split, another
normalisation."""

import matplotlib.pyplot as plt

from markexpr.evaluation.comparisons import read_groups, summarise_settings
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import save
from markexpr.plots.panels import COLOURS
from markexpr.tables import counted, metric_name, write_html


def draw(table, metric):
    """Draw the mean of a metric over cells with its range, by setting, one colour a model, one
    panel a group of cells.

    table: setting, cells (group), model, units, min, mean, max (summarise_settings).
    """
    groups, settings, models = (
        list(dict.fromkeys(table[name])) for name in ("cells", "setting", "model")
    )
    figure, axes = plt.subplots(
        1,
        len(groups),
        figsize=(2.2 + 3.6 * len(groups), 1.2 + 0.75 * len(settings)),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, group in zip(axes[0], groups):
        of_group = table[table["cells"] == group]
        for number, model in enumerate(models):
            rows = of_group[of_group["model"] == model]
            shift = (number - (len(models) - 1) / 2) * 0.7 / len(models)
            y = rows["setting"].map(settings.index) + shift
            colour = COLOURS[number % len(COLOURS)]
            axis.hlines(y, rows["min"], rows["max"], color=colour, lw=1, alpha=0.6)
            axis.scatter(rows["mean"], y, color=colour, s=20, lw=0, label=model, zorder=3)
        axis.set_title(f"{group} ({counted(of_group['units'].max(), 'unit')})", fontsize=9)
        axis.set_xlabel(f"{metric_name(metric)} of test genes, mean and range")
        axis.grid(axis="x", color="0.93")
    axes[0][0].set_yticks(range(len(settings)), settings)
    axes[0][0].invert_yaxis()
    figure.legend(
        *axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8
    )
    return figure


def main(job):
    table = job.params.table
    metrics = {
        setting: read_tsv(path) for setting, path in zip(job.params.settings, job.input.metrics)
    }
    summary = summarise_settings(metrics, table, read_groups(job.input.get("labels")))
    write_tsv(job.output.tsv, summary)
    title = f"{table['title']}, in other settings"
    note = (
        f"{metric_name(table['metric'])} of test genes over units; seeds are averaged first. "
        "failed: fits that have no score; a mean that lacks them is not given. Settings may "
        "differ in test genes, targets or inputs: compare models within a setting, not settings."
    )
    seeds = min(one["seed"].nunique() for one in metrics.values())
    write_html(summary.dropna(axis="columns", how="all"), title, job, note, seeds=seeds)
    save(draw(summary, table["metric"]), title, job)


if __name__ == "__main__":
    run_job(main, snakemake)
