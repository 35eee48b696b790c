"""Mean reads around the TSS of highly and of lowly expressed genes, per mark and cell."""

import numpy as np
import pandas as pd

from markexpr.data.oriented import measure_cells
from markexpr.io.files import write_tsv
from markexpr.plots import HIGH, LOW, save
from markexpr.plots.panels import draw_by_mark
from markexpr.tables import counted


def average_counts(cell, marks, offsets, counts, expression):
    """Average the counts of genes at or above the median expression, and of those below it.

    Takes what load_oriented returns. Returns a row a mark, class (high, low) and bin; mean_reads is
    NaN for a class without a gene.
    """
    high = expression >= np.median(expression)
    tables = []
    for level, genes in (("high", high), ("low", ~high)):
        mean = counts[genes].mean(axis=0) if genes.any() else np.full(counts.shape[1:], np.nan)
        for mark, values in zip(marks, mean):
            columns = {"cell": cell, "mark": mark, "expression": level, "genes": int(genes.sum())}
            tables.append(pd.DataFrame({**columns, "offset": offsets, "mean_reads": values}))
    return pd.concat(tables)


def show(job):
    table = measure_cells(average_counts, job)
    write_tsv(job.output.table, table)
    lines = [
        (table[table["expression"] == level], colour, f"{level} expression")
        for level, colour in (("high", HIGH), ("low", LOW))
    ]
    figure = draw_by_mark(lines, "mean_reads", "reads per bin and gene", from_zero=True)
    cells = counted(table["cell"].nunique(), "cell")
    title = f"Reads around the TSS, {cells}, direction of transcription to the right"
    save(figure, title, job)
