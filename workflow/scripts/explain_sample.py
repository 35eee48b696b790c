"""What the predictions of a few genes of a sample depend on: integrated gradients of a net, mean
over some of its fits, with the signals."""

import json

import numpy as np
import pandas as pd
import torch

from markexpr.attribution import integrated_gradients
from markexpr.data.annotation import read_genes
from markexpr.data.samples import load_unseen
from markexpr.data.tensors import orient, pick_counts
from markexpr.io.files import read_tsv, write_npz
from markexpr.io.jobs import InputError, log, run_job
from markexpr.models import load_model
from markexpr.predict.chosen_genes import choose_genes


def main(job):
    torch.set_num_threads(job.threads)
    samples = load_unseen(job.input.sample)
    genes = choose_genes(read_tsv(job.input.table), job.params.genes, samples.gene_id)
    if genes.empty:
        raise InputError(
            "config key 'predict.genes': none of them is a gene that "
            f"{job.params.predictor['name']} predicts: name others"
        )
    gene_id = genes["gene_id"].to_numpy(dtype=str)
    place = pd.Series(np.arange(len(samples.gene_id)), index=samples.gene_id)[gene_id].to_numpy()
    inputs = {"marks": torch.from_numpy(samples.inputs["marks"][place])}
    total = np.zeros(inputs["marks"].shape)
    for params, weights in zip(job.input.params, job.input.weights, strict=True):
        model, _ = load_model(params, weights)
        total += integrated_gradients(model, inputs)["marks"]
    log.info("integrated gradients of %d genes, %d fits", len(genes), len(job.input.params))
    attribution = total / len(job.input.params)
    if job.params.predictor["orientation"] == "transcription":
        strand = read_genes(job.input.genes).set_index("gene_id")["strand"].loc[gene_id]
        attribution = orient(attribution, (strand == "-").to_numpy())  # back to the genome
    with np.load(job.input.counts) as file:
        counts = dict(file)
    about = {
        "model": job.params.predictor["name"],
        "predicts": job.params.predictor["predicts"],
        "window": job.params.predictor["window"],
        "members": len(job.input.params),
        "of": job.params.predictor["members"],
        "unit": str(counts.get("unit", "reads")),
        "genes": json.loads(genes.to_json(orient="records")),
    }
    write_npz(
        job.output[0],
        about=np.array(json.dumps(about, sort_keys=True)),
        marks=np.array(samples.mark_names),
        signal=pick_counts(counts, gene_id, samples.mark_names, job.wildcards.sample),
        attribution=attribution.astype(np.float32),
    )


if __name__ == "__main__":
    run_job(main, snakemake)
