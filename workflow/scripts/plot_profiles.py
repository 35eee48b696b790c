"""Mean reads around the TSS of highly and of lowly expressed genes, per mark and cell."""

import numpy as np
import pandas as pd

from markexpr import plots
from markexpr.annotation import read_genes
from markexpr.files import write_tsv
from markexpr.jobs import log, run_job
from markexpr.tables import titled


def cell_profile(counts_path, tensors_path, minus_strand):
    """Mean counts per mark, expression class and bin of one cell, bins in the direction of transcription."""
    with np.load(tensors_path) as file:
        gene_id, target, marks, bins = file["gene_id"], file["target"], file["marks"], file["bins"]
        cell = str(tensors_path).rsplit("/", 1)[1].removesuffix(".npz")
    with np.load(counts_path) as file:
        place = pd.Series(np.arange(len(file["gene_id"])), index=file["gene_id"])[gene_id].to_numpy()
        mark_index = [list(file["marks"]).index(mark) for mark in marks]
        counts = file["counts"][place][:, mark_index]
    turned = np.isin(gene_id, minus_strand)
    counts[turned] = counts[turned, :, ::-1]
    width = bins[1] - bins[0]
    tables = []
    for level, value in (("high", 1), ("low", 0)):
        mean = counts[target == value].mean(axis=0)
        for mark, profile in zip(marks, mean):
            columns = {"cell": cell, "mark": mark, "expression": level, "genes": int((target == value).sum())}
            tables.append(pd.DataFrame({**columns, "offset": bins + width / 2, "mean_reads": profile}))
    return pd.concat(tables)


def main(job):
    genes = read_genes(job.input.genes)
    minus_strand = genes.loc[genes["strand"] == "-", "gene_id"].to_numpy(dtype=str)
    tables = []
    for counts_path, tensors_path in zip(job.input.counts, job.input.tensors):
        tables.append(cell_profile(counts_path, tensors_path, minus_strand))
        log.info("%s", tensors_path)
    table = pd.concat(tables, ignore_index=True)
    write_tsv(job.output.table, table)
    n_cells = table["cell"].nunique()
    title = f"Reads around the TSS, {n_cells} cell{'s' if n_cells > 1 else ''}, direction of transcription to the right"
    figure = plots.profiles(table, titled(title, job.params.simulated))
    plots.save(figure, job.output.svg, job.output.png)


if __name__ == "__main__":
    run_job(main, snakemake)
