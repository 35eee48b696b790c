"""The best predictions that are possible on the simulated mirror, given activity: the probability
of high expression, or the expected value."""

import json

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri  # not scipy.stats, which takes a second to load

from markexpr.data.annotation import read_genes
from markexpr.data.splits import split_by_gene
from markexpr.data.tensors import is_high
from markexpr.io.jobs import InputError, run_job
from markexpr.io.runs import write_predictions

NODES = 201  # quantiles at which labels that compare text are looked at


def probability_of_high(truth, median, label_mode):
    """Probability that a gene is labelled high, given what marks tell, float64 [genes].

    truth: log2_rpkm_mean and log2_rpkm_sd of each gene, a normal law; text labels are no step in
    expression, so they are averaged over the law's quantiles.
    """
    if label_mode == "numeric":
        return ndtr(
            ((truth["log2_rpkm_mean"] - np.log2(median + 1)) / truth["log2_rpkm_sd"]).to_numpy()
        )
    quantile = ndtri((np.arange(NODES) + 0.5) / NODES)
    level = (
        truth["log2_rpkm_mean"].to_numpy()[:, None]
        + truth["log2_rpkm_sd"].to_numpy()[:, None] * quantile
    )
    rpkm = 2 ** np.maximum(level, 0) - 1
    return is_high(rpkm.ravel(), median, label_mode).reshape(rpkm.shape).mean(axis=1)


def best_prediction(truth, provenance, study, sequence):
    """The best prediction of a cell's target that sees marks, and sequence if `sequence`, float64
    [genes]. truth: the rows of its genes."""
    target = provenance["data"]["target"]
    if target["kind"] == "median_label" and target["expression"] == "rpkm":
        return probability_of_high(truth, provenance["median"], target.get("label_mode", "numeric"))
    if target["kind"] == "expression" and target["transform"] == "log2p1":
        name = "expected_log2_rpkm" if target["expression"] == "rpkm" else "expected_log2_counts"
        return truth[name + "_dna" * sequence].to_numpy()
    raise InputError(
        f"study {study}: the simulator's best predictions are known for median labels of "
        "RPKM and for log2p1 of RPKM or counts"
    )


def main(job):
    study, sequence = job.wildcards.study, job.params.sequence
    truth, cells = pd.read_csv(job.input.truth, sep="\t"), []
    for path in job.input.tensors:
        with np.load(path) as file:
            provenance = json.loads(str(file["provenance"]))
            here = (
                truth[truth["cell"] == provenance["cell"]].set_index("gene_id").loc[file["gene_id"]]
            )
            columns = {
                "split": file["split"],
                "y_true": file["target"],
                "y_pred": best_prediction(here, provenance, study, sequence),
            }
            cells.append((provenance["cell"], pd.DataFrame(columns, index=file["gene_id"])))
    cell, table = cells[-1]
    if job.wildcards.unit == "pooled":  # all cells, one after the other
        cell, table = (
            np.repeat([name for name, _ in cells], [len(own) for _, own in cells]),
            pd.concat([own for _, own in cells]),
        )
    elif len(cells) == 2:  # a pair: the difference B - A, on the genes that both have
        cell, other = f"{cells[0][0]}-{cell}", cells[0][1]
        table = table.loc[other.index.intersection(table.index, sort=False)]
        table[["y_true", "y_pred"]] -= other.loc[table.index, ["y_true", "y_pred"]]
    if job.input.get("genes"):  # a transfer, whose test genes are others
        table["split"] = (
            split_by_gene(job.params.transfer["split"], read_genes(job.input.genes))
            .loc[table.index]
            .to_numpy(dtype=str)
        )
    write_predictions(
        job.output.predictions,
        table.index,
        cell,
        *(table[name].to_numpy() for name in ("split", "y_true", "y_pred")),
    )


if __name__ == "__main__":
    run_job(main, snakemake)
