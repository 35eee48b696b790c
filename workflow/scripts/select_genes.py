"""The genes of one study."""

from markexpr.data.annotation import read_gene_list, read_genes, study_genes
from markexpr.data.assembly import read_chrom_sizes
from markexpr.data.expression import read_gene_ids
from markexpr.data.windows import Window
from markexpr.io.checksums import verify
from markexpr.io.files import write_tsv
from markexpr.io.jobs import log, run_job


def main(job):
    expressed = None
    if job.input.rpkm:
        verify(job.input.rpkm)
        expressed = read_gene_ids(job.input.rpkm)
    settings = dict(job.params.filter)
    listed = settings.pop("list", None)
    genes, dropped = study_genes(
        read_genes(job.input.genes),
        expressed,
        Window.parse(job.params.window),
        read_chrom_sizes(job.input.chrom_sizes),
        gene_list=read_gene_list(job.input.list[0]) if listed else None,
        **settings,
    )
    log.info(
        "%d genes kept%s",
        len(genes),
        f"; the paper states {job.params.published}" if job.params.published else "",
    )
    for reason, number in dropped["reason"].value_counts().items():
        log.info("dropped %d: %s", number, reason)
    write_tsv(job.output.genes, genes[["gene_id", "chrom", "tss", "strand", "name"]])
    write_tsv(job.output.dropped, dropped)


if __name__ == "__main__":
    run_job(main, snakemake)
