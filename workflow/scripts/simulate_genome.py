"""Genes, expression tables, sequence and truth of the simulated mirror."""

from markexpr import simulate
from markexpr.io.files import write_tsv
from markexpr.io.jobs import log, run_job


def main(job):
    settings, cells = job.params.simulate, job.params.cells
    genes = simulate.place_genes(settings["genes"], settings["seed"])
    truth, rpkm = simulate.draw_expression(
        genes, cells, settings["seed"], settings["null"], settings["dna"]
    )
    counts = simulate.draw_counts(genes, rpkm, settings["seed"], settings["null"])
    simulate.write_gene_info(job.output.gene_info, genes)
    simulate.write_expression(job.output.rpkm, genes, cells, rpkm, decimals=3)
    simulate.write_expression(job.output.counts, genes, cells, counts, decimals=0)
    simulate.write_fasta(job.output.fasta, simulate.draw_sequence(genes, truth, settings["seed"]))
    truth = simulate.add_expectations(genes, truth, settings["seed"], settings["null"])
    write_tsv(job.output.truth, truth)
    write_tsv(job.output.best, simulate.best_scores(truth, rpkm, counts, cells, job.params.pairs))
    log.info(
        "%d genes, expression in %d cells%s",
        len(genes),
        len(cells),
        " (null: marks tell nothing)" if settings["null"] else "",
    )


if __name__ == "__main__":
    run_job(main, snakemake)
