"""The change between two cells as the difference of one model's predictions for each."""

import pandas as pd

from markexpr.io.jobs import InputError, run_job
from markexpr.io.runs import read_predictions, write_run


def main(job):
    a, b = (read_predictions(path).set_index("gene_id") for path in (job.input.a, job.input.b))
    shared = a.index.intersection(b.index, sort=False)
    if not len(shared):
        raise InputError(f"{job.input.a} and {job.input.b} have no gene in common")
    a, b = a.loc[shared], b.loc[shared]
    if not a["split"].equals(b["split"]):
        raise InputError(
            f"{job.input.a} and {job.input.b} put a gene in different splits: a pair needs "
            "one split for both cells"
        )
    difference = pd.DataFrame(
        {
            "cell": a["cell"] + "-" + b["cell"],
            "split": a["split"],
            "y_true": b["y_true"] - a["y_true"],
            "y_pred": b["y_pred"] - a["y_pred"],
        }
    )
    write_run(job.output, difference.reset_index())


if __name__ == "__main__":
    run_job(main, snakemake)
