"""Every unseen cell: how far each model's error is from that of the gene mean."""

import matplotlib.pyplot as plt
import numpy as np

from markexpr.io.files import read_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import TRUTH, save
from markexpr.plots.panels import COLOURS

DIFFERENCE = "mse_minus_gene_mean"


def draw(regimes, cells):
    """Draw the MSE of each model less that of the gene mean, a dot an unseen cell with its interval
    over genes; the diamond is over all of them, with its interval for new cells.

    regimes: results/tables/{study}/regimes.tsv; cells: results/tables/{study}/unseen_cells.tsv.
    """
    whole = regimes[regimes["regime"] == "unseen"].set_index("model")
    whole = whole[whole[DIFFERENCE].notna()].sort_values(DIFFERENCE)
    names = sorted(cells["cell"].unique())
    figure, axis = plt.subplots(
        figsize=(7.5, 1.4 + (0.32 + 0.05 * len(names)) * len(whole)), layout="constrained"
    )
    shifts = np.linspace(-0.3, 0.3, len(names)) if len(names) > 1 else [0.2]
    for number, (cell, shift) in enumerate(zip(names, shifts)):
        rows = cells[cells["cell"] == cell].set_index("model").reindex(whole.index)
        y, colour = np.arange(len(whole)) + shift, COLOURS[number % len(COLOURS)]
        low, high = rows[f"{DIFFERENCE}_low"], rows[f"{DIFFERENCE}_high"]
        axis.hlines(y, low, high, color=colour, lw=1, alpha=0.6)
        axis.scatter(rows[DIFFERENCE], y, s=12, lw=0, color=colour, label=cell, zorder=3)
    y = np.arange(len(whole))
    if len(names) > 1:
        low, high = whole[f"{DIFFERENCE}_low"], whole[f"{DIFFERENCE}_high"]
        axis.hlines(y, low, high, color="0.25", lw=2.5, alpha=0.35)
        label = "all of them, and what new cells would give"
        axis.scatter(whole[DIFFERENCE], y, marker="D", s=30, color="0.25", zorder=4, label=label)
    axis.axvline(0, color=TRUTH, lw=1, ls=":")
    axis.set_yticks(y, whole.rename({"simulator_truth": "best possible"}).index)
    axis.invert_yaxis()
    axis.grid(axis="x", color="0.93")
    axis.set_xlabel("MSE less that of the gene mean (below 0: better than it)")
    figure.legend(
        *axis.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8
    )
    return figure


def main(job):
    regimes, cells = (read_tsv(path) for path in (job.input.regimes, job.input.cells))
    title = f"{job.wildcards.study}: every unseen cell beside the gene mean"
    save(draw(regimes, cells), title, job)


if __name__ == "__main__":
    run_job(main, snakemake)
