"""What the prediction of one gene depends on, in marks and in DNA, and means over genes aligned at
the TSS."""

import numpy as np

from markexpr.io.jobs import run_job
from markexpr.plots import save
from markexpr.plots.attributions import gene_marks, gene_sequence, over_genes
from markexpr.tables import titled


def main(job):
    with np.load(job.input[0]) as file:
        arrays = dict(file)
    what = f"{arrays['gene_id'][0]} in {arrays['cell'][0]}"
    title = titled(f"{job.params.setting['model']}: {what}", job.params.simulated)
    save(gene_marks(arrays, title), job.output.marks_svg, job.output.marks)
    save(
        gene_sequence(arrays["gene_bases_gradient"], title),
        job.output.sequence_svg,
        job.output.sequence,
    )
    genes = len(arrays["gene_id"]) - 1
    title = titled(
        f"{job.params.setting['model']}: means over {genes} test genes of {arrays['cell'][0]}",
        job.params.simulated,
    )
    save(over_genes(arrays, title), job.output.means_svg, job.output.means)


if __name__ == "__main__":
    run_job(main, snakemake)
