"""What the models of one study see of one cell."""

import json

import numpy as np
import pandas as pd

from markexpr import __version__
from markexpr.data.annotation import read_genes
from markexpr.data.expression import read_expression
from markexpr.data.own_expression import as_plain, read_own_expression
from markexpr.data.parts import check_parts
from markexpr.data.scales import warn_of_unit
from markexpr.data.tensors import Levels, build, list_median_genes
from markexpr.io.checksums import verify
from markexpr.io.files import write_npz
from markexpr.io.jobs import InputError, list_warnings, run_job, warn
from markexpr.own_files import unchanged
from markexpr.settings.units import find_unit


def read_levels(job, counts, genes, wanted):
    """Expression of the cell: the source's own if it brings some, else a column of REMC's table.

    counts: the cell's arrays; genes: the gene table; wanted: those of it that the study takes.
    """
    unit = find_unit(job.params.source, job.params.data["target"]["expression"])
    if "source_label" in counts:
        labels = pd.Series(counts["source_label"], index=counts["gene_id"])
        return Levels(labels, unit, label_only=True)
    if job.params.own_expression or "source_expression" in counts:
        return _own_levels(job, counts, genes, wanted, unit)
    path, cell = job.input.expression, job.wildcards.cell
    if not path:
        raise InputError(
            f"the source of {cell} brings no expression: name a table under 'expression' of "
            "its entry in config key 'sources'"
        )
    verify(path)
    return Levels(read_expression(path, cell), unit)


def _own_levels(job, counts, genes, wanted, unit):
    """Expression that the cell's source brings, as plain values."""
    source, cell = job.params.source, job.wildcards.cell
    if job.params.own_expression:
        path = str(job.input.expression)
        plain = read_own_expression(path, source, unit, genes, wanted, cell)
    else:
        plain = as_plain(
            pd.Series(counts["source_expression"], index=counts["gene_id"]),
            # the competition's values are logarithms already (docs/data.md)
            source.get("expression_scale", "log2p1"),
            unit,
            genes,
            wanted,
            cell,
            source["path"],
            place=lambda gene: source["path"],
            stated="expression_scale" in source,
        )
    warn_of_unit(plain, unit, job.params.data["target"]["expression"], cell, job.wildcards.study)
    return Levels(plain, unit)


def main(job):
    cell, data = job.wildcards.cell, job.params.data
    for what, line in job.params.twins:
        warn(f"{what} {line}", cell)
    with np.load(job.input.counts) as file:
        counts = dict(file)
    table, genes = read_genes(job.input.annotation), read_genes(job.input.genes)
    all_genes = list_median_genes(table, data["genes"]["biotypes"])
    takes_all = data["target"].get("median_of") == "all_genes"
    with unchanged(job.params.own):
        levels = read_levels(job, counts, table, all_genes if takes_all else genes["gene_id"])
    try:
        arrays, how = build(cell, data, genes, counts, levels, all_genes)
        check_parts(arrays["split"], arrays["target"], data, cell)
    except InputError as error:
        named = "" if cell in str(error) else f"{cell}: "
        raise InputError(f"{named}{error} [{job.input.counts}, {job.input.genes}]") from error
    provenance = {
        "markexpr": __version__,
        "study": job.wildcards.study,
        "cell": cell,
        "source": job.params.source["kind"],
        "data": data,
        "made_from": job.params.made_from,
        **how,
        "warnings": list_warnings(),
    }
    write_npz(job.output[0], **arrays, provenance=np.array(json.dumps(provenance, sort_keys=True)))


if __name__ == "__main__":
    run_job(main, snakemake)
