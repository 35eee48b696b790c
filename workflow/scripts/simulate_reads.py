"""The simulated reads of one cell, one tagAlign a mark."""

from markexpr import simulate
from markexpr.data.annotation import GENE_INFO_COLUMNS
from markexpr.data.assembly import read_chrom_sizes
from markexpr.io.files import read_tsv
from markexpr.io.jobs import log, run_job


def main(job):
    settings, cell = job.params.simulate, job.wildcards.cell
    genes = read_tsv(job.input.gene_info, names=GENE_INFO_COLUMNS).astype({"strand": int})
    genes["chrom"] = "chr" + genes["chrom"]
    activity = simulate.find_activity(read_tsv(job.input.truth), cell, genes)
    sizes = read_chrom_sizes(job.input.chrom_sizes)
    for mark, path in zip(job.params.marks, job.output):
        reads = simulate.draw_reads(
            genes,
            activity,
            mark,
            cell,
            settings["seed"],
            settings["depth"],
            settings["shift"],
            sizes,
        )
        simulate.write_tagalign(path, reads)
        log.info("%s: %d reads", mark, len(reads))


if __name__ == "__main__":
    run_job(main, snakemake)
