"""TSS and strand of every gene that can be counted."""

from markexpr.data.annotation import countable_genes, read_chrom_sizes, read_gene_info
from markexpr.io.checksums import verify
from markexpr.io.files import write_tsv
from markexpr.io.jobs import log, run_job


def main(job):
    verify(job.input.gene_info)
    table = read_gene_info(job.input.gene_info)
    genes, dropped = countable_genes(table, read_chrom_sizes(job.input.chrom_sizes))
    log.info("%d rows, %d genes kept", len(table), len(genes))
    for reason, number in dropped["reason"].value_counts().items():
        log.info("dropped %d: %s", number, reason)
    write_tsv(job.output.genes, genes)
    write_tsv(job.output.dropped, dropped)


if __name__ == "__main__":
    run_job(main, snakemake)
