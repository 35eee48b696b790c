"""The signals of one gene in two cells, and their difference."""

import matplotlib.pyplot as plt
import numpy as np

from markexpr.data.samples import load_pair
from markexpr.io.jobs import InputError, log, run_job
from markexpr.plots import save
from markexpr.plots.panels import draw_map


def draw(signals, marks, bins):
    """Draw the signals of one gene in two cells and their difference, marks by bins, as heat maps.

    signals: {cell: [marks, bins]}, two of them; bins: offsets of their left edges from the TSS in
    bp.
    """
    (a, first), (b, second) = signals.items()
    figure, axes = plt.subplots(3, 1, figsize=(8, 5.4), sharex=True, layout="constrained")
    top, apart = max(first.max(), second.max()), max(np.abs(first - second).max(), 1e-9)
    for axis, values, name, style in (
        (axes[0], first, f"{a}, reads per bin", {"cmap": "Blues", "vmin": 0, "vmax": top}),
        (axes[1], second, f"{b}, reads per bin", {"cmap": "Blues", "vmin": 0, "vmax": top}),
        (axes[2], first - second, f"{a} - {b}", {"cmap": "RdBu_r", "vmin": -apart, "vmax": apart}),
    ):
        image = draw_map(axis, values, marks, bins, **style)
        axis.set_title(name, fontsize=9)
        axis.axvline(0, color="0.4", lw=0.6, ls=":")
        figure.colorbar(image, ax=axis)
    axes[2].set_xlabel("distance to TSS (kb, genomic direction)")
    return figure


def choose_gene(samples, setting, study):
    """Choose the gene to show: the one that the study names, else the test gene that changes most.

    Returns its row. Raises InputError if there is no such gene.
    """
    if setting["gene"] == "none":
        test = samples.index("test")
        if not test.size:
            raise InputError(
                f"{setting['unit']} has no test gene to show: name one in the study's inputs.gene"
            )
        return test[np.abs(samples.target[test]).argmax()]
    rows = np.flatnonzero(samples.gene_id == setting["gene"])
    if not rows.size:
        raise InputError(
            f"study {study}, inputs.gene: {setting['gene']} is not among "
            f"its genes ({samples.gene_id[0]}…)"
        )
    return rows[0]


def main(job):
    setting = job.params.setting
    samples = load_pair(job.input.a, job.input.b)
    gene = choose_gene(samples, setting, job.wildcards.study)
    name, change = samples.gene_id[gene], samples.target[gene]
    with np.load(job.input.a) as file:
        bins = file["bins"]
    a, b = setting["unit"].split("-")
    log.info("gene %s, change %.2f", name, change)
    signals = {a: samples.inputs["a"][gene], b: samples.inputs["b"][gene]}
    title = f"{name}: log2 fold change from {a} to {b} {change:+.2f}"
    save(draw(signals, samples.mark_names, bins), title, job)


if __name__ == "__main__":
    run_job(main, snakemake)
