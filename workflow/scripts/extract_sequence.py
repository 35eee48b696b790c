"""DNA around the TSS of every gene, for all cells and studies at once."""

import numpy as np

from markexpr.data.annotation import read_genes
from markexpr.data.assembly import read_chrom_sizes
from markexpr.data.sequence import BASES, extract
from markexpr.io.checksums import verify
from markexpr.io.files import write_npz
from markexpr.io.jobs import log, run_job
from markexpr.own_files import unchanged


def main(job):
    genes, own = read_genes(job.input.genes), job.params.own
    if not own:
        verify(job.input.fasta)
    with unchanged(own):
        sequence = extract(
            job.input.fasta,
            genes["chrom"].to_numpy(dtype=str),
            genes["tss"],
            genes["strand"] == "-",
            int(job.wildcards.span),
            # the simulated hg19 is shorter than hg19
            read_chrom_sizes(job.input.chrom_sizes) if own else {},
        )
    log.info(
        "%d genes; %.2f %% of bases are N", len(genes), 100 * (sequence == BASES.index("N")).mean()
    )
    write_npz(
        job.output[0],
        sequence=sequence,
        gene_id=genes["gene_id"].to_numpy(dtype=str),
        bases=np.array(list(BASES)),
    )


if __name__ == "__main__":
    run_job(main, snakemake)
