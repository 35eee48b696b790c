"""Which labels depend on whether expression is compared with its median as number or as text."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from markexpr.data.measured import read_measured
from markexpr.data.tensors import is_high
from markexpr.evaluation.metrics import auc
from markexpr.io.files import write_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import HIGH, LOW, save


def compare_label_modes(path):
    """Compare the labels of one cell's tensors as number and as text.

    Returns a dict of cell, genes, median, differing (share of genes), text_prevalence (share of
    high labels as text), auc_of_expression (the AUC that the expression itself has against labels
    made as text) and agree. Of labels that came as published nothing is known: NaN, and not agree.
    """
    with np.load(path) as file:
        expression, provenance = file["expression"], json.loads(str(file["provenance"]))
    row = {
        "cell": provenance["cell"],
        "genes": len(expression),
        "median": provenance.get("median", np.nan),
        "differing": np.nan,
        "text_prevalence": np.nan,
        "auc_of_expression": np.nan,
        "agree": False,
    }
    if "median" not in provenance:
        return row
    numeric, text = (is_high(expression, row["median"], mode) for mode in ("numeric", "text"))
    # a gene at the median itself is high as number and not greater as text: a matter of ties, not
    # of text
    differing = float(np.mean((numeric != text) & (expression != row["median"])))
    return {
        **row,
        "differing": differing,
        "text_prevalence": text.mean(),
        "auc_of_expression": auc(text, expression),
        "agree": differing == 0,
    }


def draw(table, units):
    """Draw how many labels differ between the two label modes, by the median expression of the
    cell.

    table: cell, median, differing (share of genes), agree (bool), of cells with a median; units: of
    their expression.
    """
    figure, axis = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    for agree, colour, name in ((True, LOW, "both modes agree"), (False, HIGH, "they differ")):
        cells = table[table["agree"] == agree]
        axis.scatter(
            cells["median"],
            100 * cells["differing"],
            color=colour,
            s=22,
            alpha=0.8,
            lw=0,
            label=f"{name}: {len(cells)} cells",
        )
    named = table if len(table) <= 12 else table.iloc[:0]
    for row in named.itertuples():
        axis.annotate(
            row.cell,
            (row.median, 100 * row.differing),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=7,
        )
    axis.margins(x=0.08)
    axis.set_ylim(-1.5, 5 + 115 * np.nanmax([*table["differing"], 0]))
    axis.set(
        xlabel=f"median expression of the cell ({', '.join(units)})",
        ylabel="labels that differ (%)",
    )
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def main(job):
    table = pd.DataFrame([compare_label_modes(path) for path in job.input])
    write_tsv(job.output.table, table)
    title = "Labels that depend on how numbers are compared"
    published = table["median"].isna()
    if published.any():
        title += (
            f"\n{published.sum()} cells with labels as published, of which nothing is known, are "
            "not shown"
        )
    measured = [read_measured(path) for path in job.input]
    units = dict.fromkeys(
        cell.expression_unit for cell, hidden in zip(measured, published) if not hidden
    )
    save(draw(table[~published], units), title, job)


if __name__ == "__main__":
    run_job(main, snakemake)
