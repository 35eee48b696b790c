"""Validation and test error of each model of a study."""

import matplotlib.pyplot as plt
import numpy as np

from markexpr.io.files import read_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import PALETTE, TRUTH, save
from markexpr.tables import counted

# the regimes that the figure shows, and what it calls them
SHOWN = {
    "valid_seen": "validation genes, seen cells",
    "test_seen": "held-out genes, seen cells",
    "unseen": "all genes, unseen cells",
    "unseen_new": "genes held out everywhere, unseen cells",
}


def draw(table):
    """Draw the error of each model in each regime as points with intervals; the control and, on
    simulated data, the best possible as lines.

    table: results/tables/{study}/regimes.tsv.
    """
    regimes = [regime for regime in SHOWN if (table["regime"] == regime).any()]
    models = [
        model
        for model in dict.fromkeys(table["model"])
        if model not in ("simulator_truth", "gene_mean")
    ]
    last = table[table["regime"] == regimes[-1]].set_index("model")
    order = last["mse"].reindex(models).sort_values().index
    figure, axes = plt.subplots(
        1,
        len(regimes),
        figsize=(1.6 + 2.2 * len(regimes), 1.5 + 0.27 * len(models)),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    y = np.arange(len(order))
    for axis, regime, colour in zip(axes[0], regimes, PALETTE):
        rows = table[table["regime"] == regime].set_index("model")
        shown = rows.reindex(order)
        axis.hlines(y, shown["mse_low"], shown["mse_high"], color=colour, lw=2, alpha=0.5)
        axis.scatter(shown["mse"], y, color=colour, s=26, zorder=3, lw=0)
        for model, label, style in (
            ("gene_mean", "gene mean", ":"),
            ("simulator_truth", "best possible", "--"),
        ):
            if model in rows.index:
                axis.axvline(rows.loc[model, "mse"], color=TRUTH, lw=1.1, ls=style, label=label)
        axis.set_title(
            f"{SHOWN[regime]}\n({counted(rows['cells'].iloc[0], 'cell')}, "
            f"{counted(rows['genes'].iloc[0], 'gene')})",
            fontsize=8,
        )
        axis.set_xlabel("MSE")
        axis.grid(axis="x", color="0.93")
    axes[0][0].set_yticks(range(len(order)), order)
    axes[0][0].invert_yaxis()
    handles, labels = axes[0][0].get_legend_handles_labels()
    if labels:
        figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8)
    return figure


def main(job):
    table = read_tsv(job.input[0])
    save(draw(table), f"{job.wildcards.study}: error by what was seen in training", job)


if __name__ == "__main__":
    run_job(main, snakemake)
