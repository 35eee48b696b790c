"""Validation and test error of every model on the competition's rows, beside what is printed."""

import matplotlib.pyplot as plt
import numpy as np

from markexpr.io.files import read_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import PALETTE, TRUTH, save
from markexpr.tables import counted

# the regimes of the figure: their split in config/published.tsv, and what a panel calls them
SHOWN = {
    "valid_seen": ("valid", "validation: genes of seen cells"),
    "competition": ("test", "test: held-out genes of seen cells, all of unseen ones"),
}


def count_rows(table, regime):
    """How many rows (a gene in a cell) a regime has; 0 if it was not scored."""
    return int(table.loc[table["regime"] == regime, "rows"].max() or 0)


def share_unseen(table):
    """The share of the competition's rows that are of unseen cells."""
    return count_rows(table, "unseen") / count_rows(table, "competition")


def select_printed(published, study):
    """The errors over rows of all cells that a paper prints: model, split and value, in a table.

    published: config/published.tsv; study: the study under which the paper's numbers stand.
    """
    rows = published[
        (published["study"] == study)
        & (published["statistic"] == "pooled")
        & (published["metric"] == "mse")
    ]
    return rows[["model", "split", "value"]]


def draw(table, models, printed):
    """Draw the error of each model as points with intervals, a panel a regime; diamonds for printed
    values; on simulated data, the best possible as a line.

    table: results/tables/{study}/regimes.tsv; models: in the order of rows; printed: as
    select_printed gives them. Models without a score in either regime have no row.
    """
    shown = table[table["regime"].isin(SHOWN)]
    models = [model for model in models if (shown["model"] == model).any()]
    figure, axes = plt.subplots(
        1,
        len(SHOWN),
        figsize=(8.6, 1.6 + 0.3 * len(models)),
        sharey=True,
        layout="constrained",
    )
    y = np.arange(len(models))
    for axis, (regime, (split, title)), colour in zip(axes, SHOWN.items(), PALETTE):
        rows = shown[shown["regime"] == regime].set_index("model")
        own = rows.reindex(models)
        axis.hlines(y, own["mse_low"], own["mse_high"], color=colour, lw=2, alpha=0.5)
        axis.scatter(own["mse"], y, color=colour, s=26, zorder=3, lw=0, label="ours")
        there = printed[(printed["split"] == split) & printed["model"].isin(models)]
        if len(there):
            axis.scatter(
                there["value"],
                [models.index(model) for model in there["model"]],
                marker="D",
                s=26,
                facecolor="none",
                edgecolor="black",
                lw=1,
                zorder=4,
                label="printed",
            )
        if "simulator_truth" in rows.index:
            best = rows.loc["simulator_truth", "mse"]
            axis.axvline(best, color=TRUTH, lw=1.1, ls="--", label="best possible")
        size = counted(count_rows(table, regime), "row")
        if regime == "competition":
            size += f", {share_unseen(table):.0%} of them of unseen cells"
        axis.set_title(f"{title}\n({size})", fontsize=8)
        axis.set_xlabel("MSE")
        axis.grid(axis="x", color="0.93")
    axes[0].set_yticks(y, models)
    axes[0].invert_yaxis()
    handles = {}
    for axis in axes:
        handles |= dict(zip(*reversed(axis.get_legend_handles_labels())))
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=3, fontsize=8)
    return figure


def main(job):
    table = read_tsv(job.input.regimes)
    published = read_tsv(job.input.published, comment="#")
    # a printed error is of other data than the simulator's
    study = None if job.params.simulated else job.params.published_as
    figure = draw(table, job.params.models, select_printed(published, study))
    save(figure, f"{job.wildcards.study}: validation and test error of every model", job)


if __name__ == "__main__":
    run_job(main, snakemake)
