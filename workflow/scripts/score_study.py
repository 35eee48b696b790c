"""Every metric of every run of a study, by split."""

import pandas as pd

from markexpr.data.measured import read_measured, warn_of_differences
from markexpr.data.splits import SPLITS
from markexpr.evaluation.scorer import SCORERS
from markexpr.io.files import write_tsv
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import parse_run, read_predictions


def main(job):
    measured = [read_measured(path) for path in job.input.tensors]
    warn_of_differences(measured, "set side by side")
    tables, paths = [], job.input.predictions
    for number, path in enumerate(paths, 1):
        predictions = read_predictions(path)
        for split in SPLITS:
            here = predictions[predictions["split"] == split]
            if len(here):
                # rows of a gene in several cells are drawn together
                genes = {"genes": here["gene_id"]} if job.params.pooled else {}
                scores = SCORERS[job.params.kind](
                    here["y_true"], here["y_pred"], **job.params.bootstrap, **genes
                )
                tables.append(scores.assign(**parse_run(path), split=split))
        if number % 50 == 0 or number == len(paths):
            log.info("%d of %d runs scored", number, len(paths))
    columns = [
        "study",
        "model",
        "unit",
        "seed",
        "split",
        "metric",
        "value",
        "ci_low",
        "ci_high",
        "n",
    ]
    write_tsv(job.output[0], pd.concat(tables)[columns])


if __name__ == "__main__":
    run_job(main, snakemake)
