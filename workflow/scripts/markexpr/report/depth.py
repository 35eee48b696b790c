"""Reads per bin and empty bins, by cell and mark."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from markexpr.io.files import write_tsv
from markexpr.io.jobs import warn
from markexpr.plots import save


def measure_depth(cell, file):
    """Measure the reads of a cell by mark.

    file: the arrays of results/counts. Returns a row a mark: total reads where known, mean per bin,
    share of empty bins, and dispersion, the variance of a bin's count over genes by its mean,
    averaged over bins: 1 for counts without any difference between genes.
    """
    counts = file["counts"].astype(np.float64)
    mean, variance = counts.mean(axis=0), counts.var(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.nanmean(np.where(mean > 0, variance / mean, np.nan), axis=1)
    return pd.DataFrame(
        {
            "cell": cell,
            "mark": file["marks"],
            "unit": str(file["unit"]),
            "total_reads": file.get("total_reads", pd.NA),
            "mean_per_bin": counts.mean(axis=(0, 2)),
            "empty_bins": (counts == 0).mean(axis=(0, 2)),
            "dispersion": ratio,
        }
    )


def draw(table):
    """Draw mean reads per bin and the share of empty bins, cells by marks, as heat maps with their
    numbers. table: cell, mark, mean_per_bin, empty_bins."""
    n_cells = table["cell"].nunique()
    figure, axes = plt.subplots(
        1, 2, figsize=(9, 1.4 + 0.22 * n_cells), layout="constrained", sharey=True
    )
    for axis, column, label, style in (
        (axes[0], "mean_per_bin", "mean reads per bin", "{:.1f}"),
        (axes[1], "empty_bins", "share of empty bins", "{:.2f}"),
    ):
        values = table.pivot(index="cell", columns="mark", values=column)[
            list(dict.fromkeys(table["mark"]))
        ]
        image = axis.imshow(values, aspect="auto", cmap="Blues", vmin=0)
        axis.set_xticks(range(values.shape[1]), values.columns)
        axis.set_yticks(range(n_cells), values.index, fontsize=7 if n_cells > 20 else 9)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        middle = np.nanmax(values.to_numpy()) / 2
        for row, column_number in np.ndindex(values.shape):
            value = values.iat[row, column_number]
            axis.text(
                column_number,
                row,
                style.format(value),
                ha="center",
                va="center",
                fontsize=7,
                color="white" if value > middle else "black",
            )
        axis.set_title(label, fontsize=9)
        figure.colorbar(image, ax=axis, shrink=0.8)
    return figure


def show(job):
    tables = []
    for path in job.input.counts:
        with np.load(path) as file:
            tables.append(measure_depth(Path(path).stem, dict(file)))
    table = pd.concat(tables, ignore_index=True)
    if table["unit"].nunique() > 1:
        signal = table.loc[table["unit"] != "reads", "cell"].unique()
        warn(f"mean signal of {', '.join(signal)} stands beside reads: they do not compare")
    write_tsv(job.output.table, table)
    save(draw(table), "Reads in the windows of all genes", job)
