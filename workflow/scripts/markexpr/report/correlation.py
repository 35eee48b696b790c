"""Correlation of each bin's count with expression, per mark and cell."""

import numpy as np
import pandas as pd

from markexpr.data.oriented import measure_cells
from markexpr.io.files import write_tsv
from markexpr.plots import LOW, save
from markexpr.plots.panels import draw_by_mark
from markexpr.tables import counted


def correlate(cell, marks, offsets, counts, expression):
    """Correlate each bin's count with expression over genes, by Spearman's coefficient.

    Takes what load_oriented returns. Returns a row a mark and bin; NaN where all counts are equal.
    """
    ranks = pd.DataFrame(counts.reshape(len(counts), -1)).rank().to_numpy(copy=True)
    target = pd.Series(expression).rank().to_numpy()
    ranks -= ranks.mean(axis=0)
    target = target - target.mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = (target @ ranks) / np.sqrt((target**2).sum() * (ranks**2).sum(axis=0))
    rho = rho.reshape(counts.shape[1:])
    return pd.concat(
        pd.DataFrame({"cell": cell, "mark": mark, "offset": offsets, "spearman": values})
        for mark, values in zip(marks, rho)
    )


def show(job):
    table = measure_cells(correlate, job)
    write_tsv(job.output.table, table)
    figure = draw_by_mark(
        [(table, LOW, "mean")], "spearman", "Spearman correlation", from_zero=False
    )
    cells = counted(table["cell"].nunique(), "cell")
    title = (
        f"Correlation of marks with expression, {cells}, direction of transcription to the right"
    )
    save(figure, title, job)
