"""Mean attention over marks of genes that go up and of genes that go down between two cells."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from markexpr.io.files import write_tsv
from markexpr.io.jobs import InputError, log, run_job
from markexpr.plots import HIGH, LOW, save


def sum_by_mark(file):
    """Sum the attention of each gene over the rows of a mark, and average it over Level IIs.

    file: the arrays of results/attention. Returns a DataFrame [genes, marks].
    """
    tables = []
    for name in ("marks_raw", "marks_a", "marks_b"):
        if name in file:
            marks = [str(row).split(" ", 1)[1] for row in file[f"rows_{name}"]]
            tables.append(
                pd.DataFrame(file[name].astype(np.float64), columns=marks)
                .T.groupby(level=0, sort=False)
                .sum()
                .T
            )
        if name == "marks_raw" and tables:
            break
    return tables[0] if len(tables) == 1 else sum(tables) / len(tables)


def tabulate(attention, change, setting):
    """Average attention over the genes that go up and over those that go down.

    attention: DataFrame [genes, marks]; change: log2 fold change [genes]; setting: thresholds up
    and down, unit. Returns a row a direction and mark: change (up, down), genes, mark, attention,
    standard_error. Raises InputError if no gene changes so much.
    """
    rows = []
    for level, genes in (("up", change > setting["up"]), ("down", change < setting["down"])):
        if not genes.any():
            log.warning(
                "no test gene of %s changes by %s %s: its bars are left out",
                setting["unit"],
                "more than" if level == "up" else "less than",
                setting[level],
            )
            continue
        n = int(genes.sum())
        for mark, values in attention[genes].items():
            error = values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
            rows.append((level, n, mark, values.mean(), error))
    if not rows:
        raise InputError(
            f"no test gene of {setting['unit']} changes by more than {setting['up']} or less "
            f"than {setting['down']}: "
            "choose other thresholds in the study's mark_attention"
        )
    return pd.DataFrame(rows, columns=["change", "genes", "mark", "attention", "standard_error"])


def draw(table, setting):
    """Draw the table as bars with standard errors. setting: thresholds up and down."""
    marks = list(dict.fromkeys(table["mark"]))
    figure, axis = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    for shift, level, colour, sign in ((-0.2, "up", HIGH, ">"), (0.2, "down", LOW, "<")):
        bars = table[table["change"] == level].set_index("mark").reindex(marks)
        if bars["genes"].notna().any():
            label = f"log2 fold change {sign} {setting[level]:g} ({bars['genes'].max():.0f} genes)"
            axis.bar(
                np.arange(len(marks)) + shift,
                bars["attention"],
                0.38,
                yerr=bars["standard_error"],
                color=colour,
                label=label,
                ecolor="0.3",
            )
    axis.axhline(1 / len(marks), color="0.6", lw=0.8, ls=":")
    axis.set_xticks(range(len(marks)), marks)
    axis.set_ylabel("mean attention (dotted: uniform)")
    figure.legend(loc="outside lower center", ncols=2, fontsize=8)
    return figure


def main(job):
    setting = job.params.setting
    with np.load(job.input[0]) as file:
        table = tabulate(sum_by_mark(file), file["y_true"], setting)
    write_tsv(job.output.table, table)
    title = f"Attention of {setting['model']} over marks, test genes of {setting['unit']}"
    save(draw(table, setting), title, job)


if __name__ == "__main__":
    run_job(main, snakemake)
