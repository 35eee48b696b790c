"""Genes that a study keeps, and why the others fell."""

import matplotlib.pyplot as plt
import pandas as pd

from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import log
from markexpr.plots import HIGH, LOW, TRUTH, save


def draw(table):
    """Draw numbers of genes as bars. table: what, genes."""
    figure, axis = plt.subplots(figsize=(7, 0.7 + 0.32 * len(table)), layout="constrained")
    colours = [
        {"kept": HIGH, "stated by the paper": TRUTH}.get(what, LOW) for what in table["what"]
    ]
    bars = axis.barh(table["what"], table["genes"], color=colours)
    axis.bar_label(bars, [f"{number:,}" for number in table["genes"]], padding=3, fontsize=8)
    axis.invert_yaxis()
    axis.margins(x=0.12)
    axis.set_xlabel("genes")
    return figure


def show(job):
    kept = len(read_tsv(job.input.genes))
    reasons = pd.concat(read_tsv(path) for path in (job.input.before, job.input.dropped))[
        "reason"
    ].value_counts()
    rows = [("kept", kept), *reasons.items()]
    if job.params.published and not job.params.simulated:
        rows.insert(0, ("stated by the paper", job.params.published))
        log.info("%d genes; the paper states %d", kept, job.params.published)
    table = pd.DataFrame(rows, columns=["what", "genes"])
    write_tsv(job.output.table, table)
    save(draw(table), f"Genes of study {job.wildcards.study}", job)
