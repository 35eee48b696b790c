"""The best predictions that are possible on the simulated mirror: the probability of high expression, given activity."""

import json

import numpy as np
import pandas as pd
from scipy.stats import norm

from markexpr.files import write_tsv
from markexpr.jobs import InputError, run_job


def main(job):
    with np.load(job.input.tensors) as file:
        gene_id, split, target = file["gene_id"], file["split"], file["target"]
        provenance = json.loads(str(file["provenance"]))
    target_of = provenance["data"]["target"]
    if target_of["kind"] != "median_label" or target_of["expression"] != "rpkm" or target_of.get("label_mode", "numeric") != "numeric":
        raise InputError(f"study {job.wildcards.study}: the simulator's best predictions are known for numeric median labels of RPKM only")
    truth = pd.read_csv(job.input.truth, sep="\t")
    truth = truth[truth["cell"] == provenance["cell"]].set_index("gene_id").loc[gene_id]
    level = np.log2(provenance["median"] + 1)
    probability = norm.sf(level, loc=truth["log2_rpkm_mean"], scale=truth["log2_rpkm_sd"])
    predictions = {"gene_id": gene_id, "cell": provenance["cell"], "split": split, "y_true": target, "y_pred": probability}
    write_tsv(job.output.predictions, pd.DataFrame(predictions), float_format="%.9g")


if __name__ == "__main__":
    run_job(main, snakemake)
