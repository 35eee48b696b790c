"""How well a sample is predicted, where its expression is known."""

import numpy as np
import pandas as pd

from markexpr.data.annotation import read_genes
from markexpr.data.own_expression import read_own_expression
from markexpr.data.tensors import median_label
from markexpr.evaluation.scorer import score_classification, score_regression
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import InputError, log, run_job, warn
from markexpr.own_files import unchanged
from markexpr.predict.kinds import LABEL, VALUE
from markexpr.settings.units import UNSTATED, find_unit, name_of_value

FEWEST = 20  # genes of which a score is worth something


def list_columns(table, predictors):
    """What is scored: names of columns, with how they are called and whether they are labels."""
    (value,) = [column for column in table if column.startswith("log2_")] or [None]
    found = [(one["name"], one["name"], one["predicts"] == LABEL) for one in predictors]
    kinds = [one["predicts"] for one in predictors]
    if kinds.count(VALUE) > 1:
        found.append((value, "mean of all", False))
    if kinds.count(LABEL) > 1:
        found.append(("p_high", "mean of all", True))
    return found


def warn_of_other_unit(unit, table, sample):
    """Warn of expression that is not in the unit that is predicted."""
    for column in table:
        if column.startswith("log2_") and column != f"log2_{name_of_value(unit)}_plus_1":
            what = "of no stated unit" if unit == UNSTATED else f"in {unit}"
            warn(
                f"its expression is {what}, and what is predicted is {column}: correlations can "
                "be read, errors (mse, r2) cannot",
                sample,
            )


def main(job):
    sample, setting = job.wildcards.sample, job.params.bootstrap
    genes, table = read_genes(job.input.annotation), read_tsv(job.input.predictions)
    table = table.set_index("gene_id")
    unit = find_unit(job.params.source, "rpkm")
    with unchanged(job.params.own):
        path = str(job.input.expression)
        values = read_own_expression(path, job.params.source, unit, genes, table.index, sample)
    warn_of_other_unit(unit, table, sample)
    table = table[table.index.isin(values.index)]
    known = values.loc[table.index].to_numpy()
    high, _ = median_label(known)
    parts = {
        "all": np.full(len(table), True),
        "trained on": table["trained_on"].to_numpy(dtype=bool),
        "not trained on": ~table["trained_on"].to_numpy(dtype=bool),
    }
    rows = []
    for column, name, is_label in list_columns(table, job.params.predictors):
        for part, keep in parts.items():
            keep = keep & table[column].notna().to_numpy()
            truth = high[keep] if is_label else np.log2(known[keep] + 1)
            if keep.sum() < FEWEST or len(set(truth)) < 2:
                log.info("%s: %d genes that are %s: no score", name, keep.sum(), part)
                continue
            score = score_classification if is_label else score_regression
            scores = score(truth, table.loc[keep, column], setting["replicates"], setting["seed"])
            rows.append(scores.assign(model=name, regime=part))
    if not rows:
        raise InputError(
            f"{path}: {len(table)} genes have both a prediction and expression, and a score needs "
            f"{FEWEST} of different expression"
        )
    scores = pd.concat(rows)[["model", "regime", "metric", "value", "ci_low", "ci_high", "n"]]
    write_tsv(job.output[0], scores)


if __name__ == "__main__":
    run_job(main, snakemake)
