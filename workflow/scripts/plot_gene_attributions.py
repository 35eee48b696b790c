"""What the prediction of one gene depends on, in marks and in DNA, and means over genes aligned at
the TSS."""

import matplotlib.pyplot as plt
import numpy as np

from markexpr.io.jobs import run_job
from markexpr.plots import PALETTE, save
from markexpr.plots.panels import draw_map

BASE_COLOURS = dict(zip("ACGT", (PALETTE[2], PALETTE[0], PALETTE[4], PALETTE[1])))
SMOOTHED = 50  # bp over which lines of DNA are averaged


def find_read(values):
    """Find the positions that a model reads, as a slice: from the first to the last where anything
    is not 0. values: [rows, bp]."""
    positions = np.flatnonzero(np.abs(values).max(axis=0))
    return slice(positions[0], positions[-1] + 1) if positions.size else slice(None)


def list_kb(positions):
    """List the middles of `positions` steps of 1 bp around the TSS, in kb."""
    return (np.arange(positions) - positions / 2 + 0.5) / 1000


def smooth(values):
    """Take the running mean over SMOOTHED bp along the last axis."""
    return np.apply_along_axis(
        lambda row: np.convolve(row, np.full(SMOOTHED, 1 / SMOOTHED), mode="same"), -1, values
    )


def draw_marks(axis, values, arrays, title, around_zero):
    """Draw a map of marks × bins with its scale."""
    largest = np.abs(values).max() or 1
    style = (
        {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest}
        if around_zero
        else {"cmap": "viridis", "vmin": 0}
    )
    image = draw_map(axis, values, arrays["marks"], arrays["bins"], fontsize=8, **style)
    axis.set_title(title, fontsize=9)
    axis.set_xlabel("kb from TSS, along the genome")
    axis.figure.colorbar(image, ax=axis, pad=0.01)


def draw_gene_marks(arrays):
    """Draw the signals of one gene and the gradient × input of each (WakaWaka, Figure 4)."""
    figure, axes = plt.subplots(2, 1, figsize=(7.2, 4.6), layout="constrained")
    draw_marks(axes[0], arrays["gene_marks"], arrays, "A: input, ln(1 + count)", around_zero=False)
    draw_marks(
        axes[1], arrays["gene_marks_attribution"], arrays, "B: gradient × input", around_zero=True
    )
    return figure


def draw_gene_sequence(gradient):
    """Draw the gradient of the prediction with respect to each base at each position of one gene, a
    panel a base (WakaWaka, Figure 5).

    gradient: float [4, bp], in the order A, C, G, T.
    """
    figure, axes = plt.subplots(
        4, 1, figsize=(8.4, 5.2), sharex=True, sharey=True, layout="constrained"
    )
    read = find_read(gradient)
    for axis, base, values in zip(axes, "ACGT", gradient):
        axis.plot(list_kb(len(values))[read], values[read], color=BASE_COLOURS[base], lw=0.4)
        axis.margins(x=0)
        axis.axvline(0, color="0.6", lw=0.6, ls=":")
        axis.set_ylabel(base)
        axis.grid(axis="y", color="0.93")
    axes[-1].set_xlabel("kb from TSS, along transcription")
    figure.supylabel("gradient of the prediction", fontsize=9)
    return figure


def draw_means(arrays):
    """Draw means over genes, aligned at the TSS: gradient × input of marks, size of the gradients
    of the bases, and gradient × input of DNA."""
    figure, axes = plt.subplots(3, 1, figsize=(7.6, 6.6), layout="constrained")
    draw_marks(
        axes[0],
        arrays["mean_marks_attribution"],
        arrays,
        "marks: mean gradient × input",
        around_zero=True,
    )
    gradient = arrays["mean_bases_gradient"]
    read = find_read(gradient)
    kb = list_kb(gradient.shape[1])[read]
    for base, values in zip("ACGT", smooth(gradient[:, read])):
        axes[1].plot(kb, values, color=BASE_COLOURS[base], lw=1, label=base)
    axes[1].set_title(
        f"DNA: mean size of the gradient of each base (running mean over {SMOOTHED} bp)", fontsize=9
    )
    axes[1].legend(ncols=4, fontsize=8)
    axes[1].set_ylim(0, None)
    axes[2].plot(kb, smooth(arrays["mean_sequence_attribution"][read]), color="0.3", lw=1)
    axes[2].set_title(f"DNA: mean gradient × input (running mean over {SMOOTHED} bp)", fontsize=9)
    for axis in axes[1:]:
        axis.axvline(0, color="0.6", lw=0.6, ls=":")
        axis.set_xlabel("kb from TSS, along transcription")
        axis.set_xlim(kb[0], kb[-1])
        axis.grid(axis="y", color="0.93")
    return figure


def main(job):
    with np.load(job.input[0]) as file:
        arrays = dict(file)
    model, gene, cell = job.params.setting["model"], arrays["gene_id"][0], arrays["cell"][0]
    output = job.output
    title = f"{model}: {gene} in {cell}"
    save(draw_gene_marks(arrays), title, job, output.marks_svg, output.marks_png)
    sequence = draw_gene_sequence(arrays["gene_bases_gradient"])
    save(sequence, title, job, output.sequence_svg, output.sequence_png)
    title = f"{model}: means over {len(arrays['gene_id']) - 1} test genes of {cell}"
    save(draw_means(arrays), title, job, output.means_svg, output.means_png)


if __name__ == "__main__":
    run_job(main, snakemake)
