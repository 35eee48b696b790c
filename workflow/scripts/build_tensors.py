"""What a model of one study sees of one cell."""

import json

import numpy as np
import pandas as pd

from markexpr import __version__, expression, splits
from markexpr.annotation import read_genes
from markexpr.files import write_npz
from markexpr.jobs import InputError, log, run_job
from markexpr.normalise import normalise
from markexpr.targets import median_label
from markexpr.windows import Window


def read_levels(job):
    """Expression of the cell by gene, and its unit."""
    if job.params.source == "deepdiff_csv":
        return expression.read_expression_csv(job.input.expression), "read count"
    return expression.read_expression(job.input.expression, job.wildcards.cell), "RPKM"


def main(job):
    cell, data = job.wildcards.cell, job.params.data
    genes = read_genes(job.input.genes)["gene_id"].to_numpy(dtype=str)
    levels, unit = read_levels(job)
    with np.load(job.input.counts) as file:
        counts = dict(file)

    # labels and splits are of the study's whole gene list; a source may hold counts of some of the genes only
    with_expression = genes[np.isin(genes, levels.index)]
    if not with_expression.size:
        raise InputError(f"{job.input.expression} and {job.input.genes} have no gene in common")
    label, median = median_label(levels.loc[with_expression].to_numpy())
    table = pd.DataFrame({"target": label, "expression": levels.loc[with_expression].to_numpy()}, index=with_expression)
    if data["split"]["scheme"] == "source":
        if "source_split" not in counts:
            raise InputError(f"split scheme 'source' needs a source that comes with a split (deepdiff_csv); {cell} is of kind {job.params.source}")
        table["split"] = pd.Series(counts["source_split"], index=counts["gene_id"]).reindex(table.index)
    else:
        table["split"] = pd.Series(splits.thirds(genes), index=genes)

    place = pd.Series(np.arange(len(counts["gene_id"])), index=counts["gene_id"])
    kept = table.index[table.index.isin(place.index)]
    if kept.empty:
        raise InputError(f"{job.input.counts} and {job.input.genes} have no gene in common")
    absent = [mark for mark in data["marks"] if mark not in counts["marks"]]
    if absent:
        raise InputError(f"{job.input.counts} has no mark {absent[0]}; it has {', '.join(counts['marks'])}")
    mark_index = [list(counts["marks"]).index(mark) for mark in data["marks"]]
    X = normalise(counts["counts"][place[kept].to_numpy()][:, mark_index], data["normalise"])
    table = table.loc[kept]

    sizes = {name: int((table["split"] == name).sum()) for name in splits.SPLITS}
    log.info("%s: %d of the study's %d genes have counts; %s", cell, len(kept), len(genes), ", ".join(f"{n} {name}" for name, n in sizes.items()))
    empty = [name for name, number in sizes.items() if number == 0]
    if empty:
        raise InputError(f"{cell} has no {empty[0]} gene under split scheme {data['split']['scheme']!r}: {sizes}")
    provenance = {
        "markexpr": __version__,
        "study": job.wildcards.study,
        "cell": cell,
        "source": job.params.source,
        "data": data,
        "expression_unit": unit,
        "median": median,
        "genes": {"study": len(genes), "with_expression": len(with_expression), "kept": len(kept), **sizes},
    }
    write_npz(
        job.output[0],
        X=X,
        gene_id=kept.to_numpy(dtype=str),
        marks=np.array(data["marks"]),
        bins=Window.parse(data["window"]).offsets,
        expression=table["expression"].to_numpy(),
        target=table["target"].to_numpy(dtype=np.float32),
        split=table["split"].to_numpy(dtype=str),
        provenance=np.array(json.dumps(provenance, sort_keys=True)),
    )


if __name__ == "__main__":
    run_job(main, snakemake)
