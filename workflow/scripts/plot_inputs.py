"""The signals of one gene in two cells, and their difference."""

import numpy as np

from markexpr.data.samples import load_pair
from markexpr.io.jobs import InputError, log, run_job
from markexpr.plots import save
from markexpr.plots.data import gene_signals
from markexpr.tables import titled


def main(job):
    setting = job.params.setting
    samples = load_pair(job.input.a, job.input.b)
    if setting["gene"] == "none":
        test = samples.index("test")
        if not test.size:
            raise InputError(
                f"{setting['unit']} has no test gene to show: name one in the study's inputs.gene"
            )
        gene = test[np.abs(samples.target[test]).argmax()]
    else:
        found = np.flatnonzero(samples.gene_id == setting["gene"])
        if not found.size:
            raise InputError(
                f"study {job.wildcards.study}, inputs.gene: {setting['gene']} is not among "
                f"its genes ({samples.gene_id[0]}…)"
            )
        gene = found[0]
    with np.load(job.input.a) as file:
        bins = file["bins"]
    a, b = setting["unit"].split("-")
    log.info("gene %s, change %.2f", samples.gene_id[gene], samples.target[gene])
    title = titled(
        f"{samples.gene_id[gene]}: log2 fold change from {a} to {b} {samples.target[gene]:+.2f}",
        job.params.simulated,
    )
    signals = {a: samples.inputs["a"][gene], b: samples.inputs["b"][gene]}
    save(gene_signals(signals, samples.mark_names, bins, title), job.output.svg, job.output.png)


if __name__ == "__main__":
    run_job(main, snakemake)
