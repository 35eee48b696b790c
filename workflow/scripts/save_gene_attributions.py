"""What the prediction of one gene depends on, in marks and in DNA, and means over genes."""

import numpy as np
import torch

from markexpr.attribution import gradients, gradients_times_input
from markexpr.data.samples import load_cell, read_sequence
from markexpr.data.splits import shuffled
from markexpr.io.files import write_npz
from markexpr.io.jobs import InputError, log, run_job
from markexpr.models import load_model
from markexpr.models.layers import one_hot


def gene_shown(samples, name):
    """Position of the gene to show: the one that is named, or for `none` the held-out one with the
    highest target."""
    if name == "none":
        test = samples.index("test")
        if not test.size:
            raise InputError(
                f"{samples.cell[0]} has no test gene to show: name one in the study's "
                "gene_attributions.gene"
            )
        return test[samples.target[test].argmax()]
    found = np.flatnonzero(samples.gene_id == name)
    if not found.size:
        raise InputError(
            f"gene_attributions.gene: {name} is not among the genes of {samples.cell[0]} "
            f"({samples.gene_id[0]}…)"
        )
    return found[0]


def main(job):
    torch.set_num_threads(job.threads)
    setting = job.params.setting
    model, _ = load_model(job.input.params, job.input.weights)
    samples = load_cell(job.input.cell)
    shown = gene_shown(samples, setting["gene"])
    test = samples.index("test")
    chosen = np.r_[shown, test[np.sort(shuffled(samples.gene_id[test], 1)[: setting["genes"]])]]
    sequence = one_hot(torch.from_numpy(read_sequence(job.input.sequence, samples.gene_id[chosen])))
    inputs = {"marks": torch.from_numpy(samples.inputs["marks"][chosen]), "sequence": sequence}
    log.info(
        "gene %s of %s, and means over %d test genes",
        samples.gene_id[shown],
        samples.cell[0],
        len(chosen) - 1,
    )
    gradient, times_input = gradients(model, inputs), gradients_times_input(model, inputs)
    # marks are along the genome, DNA is on the gene's strand
    with np.load(job.input.cell) as file:
        bins = file["bins"]
    write_npz(
        job.output[0],
        gene_id=samples.gene_id[chosen],
        cell=samples.cell[:1],
        target=samples.target[chosen],
        bins=bins,
        marks=np.array(samples.mark_names),
        gene_marks=inputs["marks"][0].numpy(),
        gene_marks_attribution=times_input["marks"][0],
        gene_bases_gradient=gradient["sequence"][0],
        mean_marks_attribution=times_input["marks"][1:].mean(axis=0),
        mean_bases_gradient=np.abs(gradient["sequence"][1:]).mean(axis=0),
        mean_sequence_attribution=times_input["sequence"][1:].sum(axis=1).mean(axis=0),
    )


if __name__ == "__main__":
    run_job(main, snakemake)
