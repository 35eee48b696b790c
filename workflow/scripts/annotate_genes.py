"""TSS and strand of every gene that can be counted."""

from markexpr.data.annotation import countable_genes, read_gene_info
from markexpr.data.assembly import read_chrom_sizes
from markexpr.data.gene_models import read_annotation
from markexpr.io.checksums import verify
from markexpr.io.files import write_tsv
from markexpr.io.jobs import log, run_job
from markexpr.own_files import unchanged


def read_all_genes(job, sizes):
    """The gene table, from REMC's file or the user's annotation."""
    if job.params.own:
        with unchanged(job.params.own):
            return read_annotation(job.input.table, sizes, job.params.tss)
    verify(job.input.table)
    return read_gene_info(job.input.table)


def main(job):
    sizes = read_chrom_sizes(job.input.chrom_sizes)
    table = read_all_genes(job, sizes)
    genes, dropped = countable_genes(table, sizes)
    log.info("%d rows, %d genes kept", len(table), len(genes))
    for reason, number in dropped["reason"].value_counts().items():
        log.info("dropped %d: %s", number, reason)
    write_tsv(job.output.genes, genes)
    write_tsv(job.output.dropped, dropped)


if __name__ == "__main__":
    run_job(main, snakemake)
