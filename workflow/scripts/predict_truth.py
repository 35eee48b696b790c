"""The best predictions that are possible on the simulated mirror: the probability of high expression, given activity."""

import json

import numpy as np
import pandas as pd
from scipy.stats import norm

from markexpr.annotation import read_genes
from markexpr.jobs import InputError, run_job
from markexpr.runs import write_predictions
from markexpr.splits import split_by_gene
from markexpr.targets import is_high

NODES = 201  # quantiles at which labels that compare text are looked at


def probability_of_high(truth, median, label_mode):
    """Probability that a gene is labelled high, given what marks tell, float64 [genes].

    truth: log2_rpkm_mean and log2_rpkm_sd of each gene, a normal law; text labels are no step in expression, so they are averaged
    over the law's quantiles.
    """
    if label_mode == "numeric":
        return norm.sf(np.log2(median + 1), loc=truth["log2_rpkm_mean"], scale=truth["log2_rpkm_sd"])
    quantile = norm.ppf((np.arange(NODES) + 0.5) / NODES)
    level = truth["log2_rpkm_mean"].to_numpy()[:, None] + truth["log2_rpkm_sd"].to_numpy()[:, None] * quantile
    rpkm = 2 ** np.maximum(level, 0) - 1
    return is_high(rpkm.ravel(), median, label_mode).reshape(rpkm.shape).mean(axis=1)


def main(job):
    with np.load(job.input.tensors) as file:
        gene_id, split, target = file["gene_id"], file["split"], file["target"]
        provenance = json.loads(str(file["provenance"]))
    target_of = provenance["data"]["target"]
    if target_of["kind"] != "median_label" or target_of["expression"] != "rpkm":
        raise InputError(f"study {job.wildcards.study}: the simulator's best predictions are known for median labels of RPKM only")
    truth = pd.read_csv(job.input.truth, sep="\t")
    truth = truth[truth["cell"] == provenance["cell"]].set_index("gene_id").loc[gene_id]
    probability = probability_of_high(truth, provenance["median"], target_of.get("label_mode", "numeric"))
    if job.input.get("genes"):  # a transfer, whose test genes are others
        split = split_by_gene(job.params.transfer["split"], read_genes(job.input.genes)).loc[gene_id].to_numpy(dtype=str)
    write_predictions(job.output.predictions, gene_id, provenance["cell"], split, target, probability)


if __name__ == "__main__":
    run_job(main, snakemake)
