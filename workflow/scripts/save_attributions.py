"""What a trained model's predictions of its test genes depend on: saliency and integrated
gradients, means over genes."""

import numpy as np
import torch

from markexpr.attribution import integrated_gradients, means, saliency
from markexpr.data.annotation import read_genes
from markexpr.data.samples import list_tensors, load
from markexpr.data.splits import shuffled
from markexpr.io.files import write_npz
from markexpr.io.jobs import InputError, log, run_job
from markexpr.models import load_model


def main(job):
    torch.set_num_threads(job.threads)
    model, _ = load_model(job.input.params, job.input.weights)
    samples = load(job.params.samples, job.input)
    test = samples.index("test")
    if not test.size:
        raise InputError(f"{job.wildcards.unit} has no test gene to take attributions of")
    # the same genes in every unit, as far as they have them
    test = test[np.sort(shuffled(samples.gene_id[test], 1)[: job.params.genes])]
    inputs = {name: torch.from_numpy(values[test]) for name, values in samples.inputs.items()}
    with np.load(list_tensors(job.params.samples, job.input)[0]) as file:
        arrays = {"bins": file["bins"], "marks": file["marks"], "gene_id": samples.gene_id[test]}
    genes = read_genes(job.input.study_genes).set_index("gene_id")
    minus = (
        np.zeros(len(test), dtype=bool)
        if job.params.turned
        else (genes["strand"].loc[arrays["gene_id"]] == "-").to_numpy()
    )
    for name, method in (("saliency", saliency), ("integrated_gradients", integrated_gradients)):
        log.info("%s of %d test genes", name, len(test))
        for source, values in method(model, inputs).items():
            arrays[f"{name}_{source}"], arrays[f"{name}_{source}_turned"] = means(values, minus)
    write_npz(job.output[0], **arrays)


if __name__ == "__main__":
    run_job(main, snakemake)
