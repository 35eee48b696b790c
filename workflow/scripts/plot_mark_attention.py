"""Mean attention over marks of genes that go up and of genes that go down between two cells."""

import numpy as np
import pandas as pd

from markexpr.io.files import write_tsv
from markexpr.io.jobs import InputError, log, run_job
from markexpr.plots import save
from markexpr.plots.attention import over_marks
from markexpr.tables import titled


def by_mark(file):
    """Attention over marks of each gene, summed over the rows of a mark and averaged over Level
    IIs, DataFrame [genes, marks]."""
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


def main(job):
    setting = job.params.setting
    with np.load(job.input[0]) as file:
        attention, change = by_mark(file), file["y_true"]
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
        here = attention[genes]
        for mark in here:
            rows.append(
                (
                    level,
                    int(genes.sum()),
                    mark,
                    here[mark].mean(),
                    here[mark].std(ddof=1) / np.sqrt(len(here)) if len(here) > 1 else np.nan,
                )
            )
    if not rows:
        raise InputError(
            f"no test gene of {setting['unit']} changes by more than {setting['up']} or less "
            f"than {setting['down']}: "
            "choose other thresholds in the study's mark_attention"
        )
    table = pd.DataFrame(rows, columns=["change", "genes", "mark", "attention", "standard_error"])
    write_tsv(job.output.table, table)
    title = titled(
        f"Attention of {setting['model']} over marks, test genes of {setting['unit']}",
        job.params.simulated,
    )
    save(over_marks(table, setting, title), job.output.svg, job.output.png)


if __name__ == "__main__":
    run_job(main, snakemake)
