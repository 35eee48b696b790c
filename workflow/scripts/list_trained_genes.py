"""Of each fit of a model: which genes it was trained on, and how well it does on test genes."""

from collections import Counter

import numpy as np
import pandas as pd

from markexpr.evaluation import metrics
from markexpr.io.files import write_tsv
from markexpr.io.jobs import run_job
from markexpr.io.runs import parse_run, read_predictions


def score(table, metrics_asked):
    """Metrics of a fit on its test genes; NaN if it has none, or all are alike."""
    test = table[table["split"] == "test"]
    varied = test["y_true"].nunique() > 1
    return {
        name: getattr(metrics, name)(test["y_true"], test["y_pred"]) if varied else np.nan
        for name in metrics_asked
    }


def main(job):
    trained, known, rows = Counter(), Counter(), []
    for path in job.input:
        table = read_predictions(path)
        known.update(table["gene_id"].unique())
        trained.update(table.loc[table["split"] == "train", "gene_id"].unique())
        tested = int((table["split"] == "test").sum())
        run = parse_run(path)
        rows += [
            {
                "unit": run["unit"],
                "seed": run["seed"],
                "metric": metric,
                "value": value,
                "n": tested,
            }
            for metric, value in score(table, job.params.metrics).items()
        ]
    genes = sorted(known)
    table = pd.DataFrame({"gene_id": genes, "trained": [trained[gene] for gene in genes]})
    write_tsv(job.output.trained, table.assign(members=len(job.input)))
    write_tsv(job.output.scores, pd.DataFrame(rows))


if __name__ == "__main__":
    run_job(main, snakemake)
