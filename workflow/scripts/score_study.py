"""Every metric of every run of a study, by split, and what is shown of scores: the table of them,
sizes of models, and ROC curves or predicted against true values."""

import pandas as pd

from markexpr.data.measured import read_measured, warn_of_differences
from markexpr.data.splits import SPLITS
from markexpr.evaluation.scorer import SCORERS
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import parse_run, read_predictions
from markexpr.report import predicted, roc, scores, show_all, sizes

PARTS = {"scores": scores, "sizes": sizes, "roc": roc, "predicted": predicted}
COLUMNS = [
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


def score(run, predictions, params):
    """The metrics of one run by split, a DataFrame of COLUMNS a split."""
    for split in SPLITS:
        here = predictions[predictions["split"] == split]
        if len(here):
            # rows of a gene in several cells are drawn together
            genes = {"genes": here["gene_id"]} if params.pooled else {}
            found = SCORERS[params.kind](
                here["y_true"], here["y_pred"], **params.bootstrap, **genes
            )
            yield found.assign(**run, split=split)[COLUMNS]


def main(job):
    measured = [read_measured(path) for path in job.input.tensors]
    warn_of_differences(measured, "set side by side")
    tables, tested, paths = [], [], job.input.predictions
    for number, path in enumerate(paths, 1):
        run, predictions = parse_run(path), read_predictions(path)
        tables += score(run, predictions, job.params)
        test = predictions[predictions["split"] == "test"]
        values = {"y_true": test["y_true"], "y_pred": test["y_pred"]}
        tested.append({**run, "path": path, **values})
        if number % 50 == 0 or number == len(paths):
            log.info("%d of %d runs scored", number, len(paths))
    write_tsv(job.output.metrics, pd.concat(tables))
    # as all readers of the file see them, to its digits
    show_all(PARTS, job, metrics=read_tsv(job.output.metrics), tested=tested)


if __name__ == "__main__":
    run_job(main, snakemake)
