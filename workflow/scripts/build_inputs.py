"""What the models of one study see of a sample of a user's own."""

import json

import numpy as np

from markexpr import __version__
from markexpr.data.annotation import read_genes
from markexpr.data.tensors import build_unseen
from markexpr.io.files import write_npz
from markexpr.io.jobs import run_job


def main(job):
    sample, data = job.wildcards.sample, job.params.data
    with np.load(job.input.counts) as file:
        counts = dict(file)
    arrays, how = build_unseen(sample, data, read_genes(job.input.genes), counts)
    provenance = {"markexpr": __version__, "cell": sample, "data": data, **how}
    write_npz(job.output[0], **arrays, provenance=np.array(json.dumps(provenance, sort_keys=True)))


if __name__ == "__main__":
    run_job(main, snakemake)
