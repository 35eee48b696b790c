"""What the models of one study see of a sample of a user's own."""

import json

import numpy as np

from markexpr import __version__
from markexpr.data.annotation import read_genes
from markexpr.data.likeness import read_reference
from markexpr.data.matching import match_counts
from markexpr.data.tensors import build_unseen
from markexpr.io.files import write_npz
from markexpr.io.jobs import list_warnings, run_job


def main(job):
    sample, data = job.wildcards.sample, job.params.data
    with np.load(job.input.counts) as file:
        counts = dict(file)
    genes, reference = read_genes(job.input.genes), read_reference(job.input.reference)
    listed = genes["gene_id"].to_numpy(dtype=str)
    counts, match = match_counts(sample, counts, reference, listed, job.params.match)
    arrays, how = build_unseen(sample, data, genes, counts)
    provenance = {
        "markexpr": __version__,
        "cell": sample,
        "data": data,
        "match": match,
        "warnings": list_warnings(),
        **how,
    }
    write_npz(job.output[0], **arrays, provenance=np.array(json.dumps(provenance, sort_keys=True)))


if __name__ == "__main__":
    run_job(main, snakemake)
