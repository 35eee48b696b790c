"""What quantile matching changes: scores of held-out cells, predicted as samples are, without it
and with it."""

import numpy as np
import pandas as pd

from markexpr.evaluation.scorer import SCORERS
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import InputError, run_job


def score(path, tensors, kind, bootstrap):
    """Score predictions of a cell on its test genes. path: as write_ensemble writes; tensors: of
    the cell; kind: of target."""
    with np.load(tensors) as file:
        test = file["split"] == "test"
        truth = pd.Series(file["target"][test], index=file["gene_id"][test])
    predicted = read_tsv(path).set_index("gene_id")["mean"]
    shared = truth.index.intersection(predicted.index, sort=False)
    if not len(shared):
        raise InputError(f"{tensors} has no test gene that {path} predicts: nothing can be scored")
    return SCORERS[kind](truth.loc[shared], predicted.loc[shared], **bootstrap)


def main(job):
    rows = zip(job.params.rows, job.input.predictions, job.input.tensors, strict=True)
    tables = []
    for row, path, tensors in rows:
        scores = score(path, tensors, row["kind"], job.params.bootstrap)
        tables.append(scores.assign(model=row["model"], cell=row["cell"], setting=row["match"]))
    columns = ["model", "cell", "setting", "metric", "value", "ci_low", "ci_high", "n"]
    write_tsv(job.output[0], pd.concat(tables)[columns])


if __name__ == "__main__":
    run_job(main, snakemake)
