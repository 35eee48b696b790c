"""The best predictions that are possible on the simulated mirror, given activity: the probability
of high expression, or the expected value."""

import json

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri  # not scipy.stats, which takes a second to load

from markexpr.data.annotation import read_genes
from markexpr.data.samples import list_tensors
from markexpr.data.splits import choose_fold, leave_out, split_by_gene
from markexpr.data.tensors import is_high
from markexpr.io.files import read_tsv
from markexpr.io.jobs import InputError, run_job
from markexpr.io.runs import subtract, write_run
from markexpr.seen import SEEN

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


def read_cell(path, truth, study, sequence):
    """What is true of the genes of one cell and what is best predicted: DataFrame by gene_id of
    cell, split, y_true, y_pred and SEEN: nothing is trained. path: its tensors."""
    with np.load(path) as file:
        provenance = json.loads(str(file["provenance"]))
        cell = provenance["cell"]
        rows = truth[truth["cell"] == cell].set_index("gene_id").loc[file["gene_id"]]
        columns = {
            "cell": cell,
            "split": file["split"],
            "y_true": file["target"],
            "y_pred": best_prediction(rows, provenance, study, sequence),
            **dict.fromkeys(SEEN, False),
        }
        return pd.DataFrame(columns, index=pd.Index(file["gene_id"], name="gene_id"))


def main(job):
    how = job.params.samples
    truth = read_tsv(job.input.truth)
    tables = [
        read_cell(path, truth, job.wildcards.study, job.params.sequence)
        for path in list_tensors(how, job.input)
    ]
    if how["kind"] == "pair":
        table = subtract(*tables)
    elif how["kind"] == "transfer":  # the target comes last; its test genes are others
        part = split_by_gene(how["split"], read_genes(job.input.genes))
        table = tables[-1].assign(split=part.loc[tables[-1].index].to_numpy(dtype=str))
    else:
        table = pd.concat(tables)
    if "test_fold" in how:
        split = choose_fold(table["split"].to_numpy(dtype=str), how["test_fold"])
        table = table.assign(split=split)
    if "left_out" in how:
        split, cell = (table[name].to_numpy(dtype=str) for name in ("split", "cell"))
        table = table.assign(split=leave_out(split, cell, how["left_out"]))
    write_run(job.output, table.reset_index())


if __name__ == "__main__":
    run_job(main, snakemake)
