"""Predicted changes between two groups: the two models side by side, and the genes that change
most."""

import numpy as np
import pandas as pd

from markexpr.io.files import read_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import HIGH, LOW, TRUTH, plt, save

MOST = 12  # genes of either direction that are named


def draw_models(axis, table, names):
    """One model's changes against the other's, or their distribution if there is one model."""
    first = table[f"{names[0]}:change"]
    axis.axvline(0, color=TRUTH, lw=0.5)
    axis.locator_params(axis="x", nbins=6)
    axis.set_xlabel(f"log2 fold change by {names[0]}")
    if len(names) == 1:
        axis.hist(first, bins=60, color=LOW)
        axis.set_ylabel("genes")
        return
    second = table[f"{names[1]}:change"]
    axis.axhline(0, color=TRUTH, lw=0.5)
    axis.plot(first, second, ".", ms=2, color=LOW, alpha=0.4, rasterized=True)
    axis.set_ylabel(f"log2 fold change by {names[1]}")
    axis.set_title(f"two models, r = {np.corrcoef(first, second)[0, 1]:.2f}")


def draw_most(axis, table, name):
    """The genes that change most, with the spread over replicates and over the model's fits."""
    changes = table.sort_values(f"{name}:change")
    shown = pd.concat([changes.head(MOST), changes.tail(MOST)])
    shown = shown[~shown.index.duplicated()]
    place, value = np.arange(len(shown)), shown[f"{name}:change"]
    axis.axvline(0, color=TRUTH, lw=0.5)
    axis.errorbar(
        value,
        place,
        xerr=shown[f"{name}:spread_of_models"].fillna(0),
        fmt="none",
        ecolor="#bbbbbb",
        lw=3,
        label="fits of the model",
    )
    axis.errorbar(
        value,
        place,
        xerr=shown[f"{name}:spread_of_replicates"].fillna(0),
        fmt="none",
        ecolor=TRUTH,
        lw=1,
        label="replicates",
    )
    axis.scatter(value, place, c=np.where(value > 0, HIGH, LOW), s=14, zorder=3)
    labels = shown["name"].where(shown["name"] != "", shown["gene_id"])
    axis.set_yticks(place, labels, fontsize=7)
    axis.set(xlabel=f"log2 fold change by {name}", title="genes that change most")
    axis.locator_params(axis="x", nbins=6)
    axis.figure.legend(
        *axis.get_legend_handles_labels(),
        title="standard deviation of",
        fontsize=7,
        title_fontsize=7,
        loc="outside lower right",
        ncols=2,
    )


def main(job):
    table, names = read_tsv(job.input[0]), job.params.models
    figure, axes = plt.subplots(1, 2, figsize=(9, 4.6), layout="constrained")
    draw_models(axes[0], table, names)
    draw_most(axes[1], table, names[0])
    save(figure, f"Predicted changes, {job.wildcards.group} against control", job)


if __name__ == "__main__":
    run_job(main, snakemake)
