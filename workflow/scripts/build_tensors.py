"""What the models of one study see of one cell."""

import json

import numpy as np
import pandas as pd

from markexpr import __version__
from markexpr.data import expression
from markexpr.data.annotation import read_genes
from markexpr.data.tensors import INVERSES, Levels, build
from markexpr.io.checksums import verify
from markexpr.io.files import write_npz
from markexpr.io.jobs import InputError, run_job, warn
from markexpr.own_files import unchanged


def read_levels(job, counts):
    """Expression of the cell: the source's own if it brings some, else a column of REMC's table."""
    source, cell = job.params.source, job.wildcards.cell
    kind, path = source["kind"], job.input.expression
    # the competition's values are logarithms already (docs/data.md)
    scale = source.get("expression_scale", "log2p1" if kind == "kaggle_npz" else "none")
    if "source_label" in counts:
        return Levels(
            pd.Series(counts["source_label"], index=counts["gene_id"]),
            "published label",
            label_only=True,
        )
    if job.params.own_expression:
        values, unit = (
            expression.read_expression_csv(path),
            "read count" if "expression" not in source else "as given",
        )
    elif "source_expression" in counts:
        values, unit = (
            pd.Series(counts["source_expression"], index=counts["gene_id"]),
            "as published",
        )
    elif not path:
        raise InputError(
            f"the source of {cell} brings no expression: name a table under 'expression' of "
            "its entry in config key 'sources'"
        )
    else:
        verify(path)
        return Levels(
            expression.read_expression(path, cell), "RPKM" if ".RPKM." in path else "read count"
        )
    return Levels(INVERSES[scale](values), unit if scale == "none" else f"{unit}, from {scale}")


def main(job):
    cell, data = job.wildcards.cell, job.params.data
    for what, line in job.params.twins:
        warn(f"{what} {line}", cell)
    with np.load(job.input.counts) as file:
        counts = dict(file)
    try:
        with unchanged(job.params.own):
            levels = read_levels(job, counts)
        arrays, how = build(cell, data, read_genes(job.input.genes), counts, levels)
    except InputError as error:
        raise InputError(f"{error} [{job.input.counts}, {job.input.genes}]") from error
    provenance = {
        "markexpr": __version__,
        "study": job.wildcards.study,
        "cell": cell,
        "source": job.params.source["kind"],
        "data": data,
        "made_from": job.params.made_from,
        **how,
    }
    write_npz(job.output[0], **arrays, provenance=np.array(json.dumps(provenance, sort_keys=True)))


if __name__ == "__main__":
    run_job(main, snakemake)
