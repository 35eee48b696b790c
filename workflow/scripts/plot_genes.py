"""Genes that a study keeps, and why the others fell."""

import pandas as pd

from markexpr.io.files import write_tsv
from markexpr.io.jobs import log, run_job
from markexpr.plots import save
from markexpr.plots.data import gene_numbers
from markexpr.tables import titled


def main(job):
    kept = len(pd.read_csv(job.input.genes, sep="\t"))
    reasons = pd.concat(
        pd.read_csv(path, sep="\t") for path in (job.input.before, job.input.dropped)
    )["reason"].value_counts()
    rows = [("kept", kept), *reasons.items()]
    if job.params.published and not job.params.simulated:
        rows.insert(0, ("stated by the paper", job.params.published))
        log.info("%d genes; the paper states %d", kept, job.params.published)
    table = pd.DataFrame(rows, columns=["what", "genes"])
    write_tsv(job.output.table, table)
    title = titled(f"Genes of study {job.wildcards.study}", job.params.simulated)
    save(gene_numbers(table, title), job.output.svg, job.output.png)


if __name__ == "__main__":
    run_job(main, snakemake)
