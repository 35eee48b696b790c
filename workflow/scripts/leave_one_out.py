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


def main(job):
    verify(job.input.expression)
    plain = read_expressions(job.input.expression, job.params.cells)
    genes = read_genes(job.input.genes)["gene_id"]
    plain = plain.loc[plain.index.intersection(genes, sort=False)]
    values = TRANSFORMS[job.params.target["transform"]](plain)
    table = leave_one_out(values, plain)
    write_tsv(job.output.tsv, table, float_format="%.6g")
    numbers = ["auc", "pearson", "spearman", "mse", "variance"]
    means = (
        table.groupby("control", sort=False)[numbers]
        .mean()
        .reset_index()
        .assign(cell=f"mean of {len(job.params.cells)}", nearest="")
    )
    shown = pd.concat([means, table])[table.columns].replace({"nearest": {"": np.nan}})
    title = f"Study {job.wildcards.study}: expression of a left-out cell, told by the other cells"
    note = (
        f"{len(plain)} genes, {job.params.target['transform']} of "
        f"{job.params.target['expression']}, no histone mark and no model. "
        "gene_mean: mean of the other cells; nearest_cell: the cell whose expression is most "
        "like the left-out one's. "
        "variance is the MSE of the cell's own mean."
    )
    write_html(shown, title, job, note)


if __name__ == "__main__":
    run_job(main, snakemake)
