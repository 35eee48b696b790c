"""Test genes by which a bundle proves itself: what models see of them, and the truth."""

import json

import numpy as np

from markexpr.data.samples import load_cell, load_pair
from markexpr.data.windows import Window
from markexpr.io.files import read_tsv, write_npz
from markexpr.io.jobs import InputError, log, run_job

ROWS = 300  # enough to tell scores apart, and no MB of inputs
ENOUGH = 30  # rows of genes that no member was trained on, below which other test genes are taken
# of the provenance of tensors: what says how their numbers came about
KEPT = ("markexpr", "cell", "data", "expression_unit", "counts_unit", "labels")


def choose_rows(samples, trained):
    """Positions of up to ROWS test genes, spread over the genome, int64; such that no member was
    trained on where there are enough of them.

    samples: markexpr.data.samples.Samples; trained: DataFrame of gene_id and trained, the number of
    members. Raises InputError if no gene tests.
    """
    test = samples.index("test")
    if not test.size:
        raise InputError(
            f"{samples.cell[0]} has no test gene, by which a bundle could prove itself: name a "
            "test part in the study's split, or build a cell that it holds out"
        )
    known = trained.loc[trained["trained"] > 0, "gene_id"]
    new = test[~np.isin(samples.gene_id[test], known.to_numpy(dtype=str))]
    taken = new if len(new) >= ENOUGH else test
    return taken[np.unique(np.linspace(0, len(taken) - 1, min(ROWS, len(taken))).astype(np.int64))]


def read_provenance(path):
    """How the numbers of a cell's tensors came about, without what they were made from."""
    with np.load(path) as file:
        found = json.loads(str(file["provenance"]))
    return {key: found[key] for key in KEPT if key in found}


def main(job):
    paths, part = job.input.cells, job.wildcards.part
    samples = load_pair(*paths) if len(paths) == 2 else load_cell(paths[0])
    rows = choose_rows(samples, read_tsv(job.input.trained))
    log.info("%d of %d test genes", len(rows), len(samples.index("test")))
    own = paths[{"sample": 0, "a": 0, "b": 1}[part]]
    provenance = read_provenance(own)
    write_npz(
        job.output[0],
        X=samples.inputs["marks" if part == "sample" else part][rows],
        gene_id=samples.gene_id[rows],
        marks=np.array(samples.mark_names),
        bins=Window.parse(provenance["data"]["window"]).offsets,
        target=samples.target[rows],
        provenance=np.array(json.dumps(provenance, sort_keys=True)),
    )


if __name__ == "__main__":
    run_job(main, snakemake)
