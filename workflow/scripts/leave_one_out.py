"""What other cells' expression tells of a left-out cell, over all cells of the expression table."""

import numpy as np
import pandas as pd

from markexpr.data.annotation import read_genes
from markexpr.data.expression import read_expressions
from markexpr.data.tensors import TRANSFORMS
from markexpr.evaluation.controls import leave_one_out
from markexpr.io.checksums import verify
from markexpr.io.files import write_tsv
from markexpr.io.jobs import run_job
from markexpr.tables import write_html


def average(table, which=""):
    """The mean score of each control over the cells of some rows, a row each. which: what the cells
    have in common."""
    numbers = ["auc", "pearson", "spearman", "mse", "variance"]
    found = table.groupby("control", sort=False)[numbers].mean().reset_index()
    return found.assign(cell=f"mean of {table['cell'].nunique()} {which}".rstrip(), nearest="")


def main(job):
    verify(job.input.expression)
    plain = read_expressions(job.input.expression, list(job.params.tissues))
    genes = read_genes(job.input.genes)["gene_id"]
    plain = plain.loc[plain.index.intersection(genes, sort=False)]
    values = TRANSFORMS[job.params.target["transform"]](plain)
    table = leave_one_out(values, plain, job.params.tissues)
    write_tsv(job.output.tsv, table, float_format="%.6g")
    shown = pd.concat([average(table), average(table[table["company"] > 0], "with company"), table])
    shown = shown[table.columns].replace({"nearest": {"": np.nan}})
    title = f"Study {job.wildcards.study}: expression of a left-out cell, told by the other cells"
    note = (
        f"{len(plain)} genes, {job.params.target['transform']} of "
        f"{job.params.target['expression']}, no histone mark and no model. "
        "gene_mean: mean of the other cells; tissue_mean: mean of those of its tissue, the gene "
        "mean where it has no such company; nearest_cell: the cell whose expression is most like "
        "the left-out one's. "
        "variance is the MSE of the cell's own mean."
    )
    write_html(shown, title, job, note)


if __name__ == "__main__":
    run_job(main, snakemake)
