"""Figures of attributions: what marks and bins a prediction depends on."""

import matplotlib.pyplot as plt
import numpy as np

from markexpr.plots import PALETTE


def _extent(bins, rows):
    """Where a map of `rows` marks × bins lies, in kb from the TSS. bins: offsets of left edges in
    bp [bins]."""
    return [bins[0] / 1000, (2 * bins[-1] - bins[-2]) / 1000, rows - 0.5, -0.5]


def maps(shown, marks, bins, title):
    """Two maps of marks × bins a unit: saliency |∂y/∂x| along the genome, and integrated gradients
    along transcription.

    shown: from unit to {saliency, integrated}, each float [marks, bins]; bins: offsets of left
    edges in bp [bins]. Saliency has a scale of its own in each unit, as in the paper's figure;
    integrated gradients share one, around 0.
    """
    extent = _extent(bins, len(marks))
    largest = max(np.abs(values["integrated"]).max() for values in shown.values()) or 1
    figure, axes = plt.subplots(
        len(shown),
        2,
        figsize=(9.6, 0.9 + 1.15 * len(shown)),
        squeeze=False,
        sharex=True,
        sharey=True,
        layout="constrained",
    )
    for row, (unit, values) in zip(axes, shown.items()):
        saliency = row[0].imshow(
            values["saliency"],
            extent=extent,
            aspect="auto",
            cmap="viridis",
            interpolation="nearest",
            vmin=0,
        )
        figure.colorbar(saliency, ax=row[0], pad=0.01, format="%.2g")
        integrated = row[1].imshow(
            values["integrated"],
            extent=extent,
            aspect="auto",
            cmap="RdBu_r",
            interpolation="nearest",
            vmin=-largest,
            vmax=largest,
        )
        row[0].set_ylabel(unit, fontsize=9)
        for axis in row:
            axis.axvline(0, color="0.5", lw=0.6, ls=":")
            axis.set_yticks(range(len(marks)), marks, fontsize=7)
    axes[0][0].set_title("saliency |∂y/∂x|, along the genome", fontsize=9)
    axes[0][1].set_title("integrated gradients, along transcription", fontsize=9)
    figure.colorbar(
        integrated, ax=axes[:, 1].tolist(), pad=0.01, aspect=40, label="added to the prediction"
    )
    for axis in axes[-1]:
        axis.set_xlabel("kb from TSS")
    figure.suptitle(title, fontsize=10)
    return figure


BASE_COLOURS = dict(zip("ACGT", (PALETTE[2], PALETTE[0], PALETTE[4], PALETTE[1])))
SMOOTHED = 50  # bp over which lines of DNA are averaged


def _read(values):
    """The positions that a model reads, as a slice: from the first to the last where anything is
    not 0. values: [rows, bp]."""
    found = np.flatnonzero(np.abs(values).max(axis=0))
    return slice(found[0], found[-1] + 1) if found.size else slice(None)


def _kb(positions):
    """Positions around the TSS, in kb, of the middles of `positions` equal steps of 1 bp."""
    return (np.arange(positions) - positions / 2 + 0.5) / 1000


def _smooth(values):
    """Running mean over SMOOTHED bp along the last axis."""
    return np.apply_along_axis(
        lambda row: np.convolve(row, np.full(SMOOTHED, 1 / SMOOTHED), mode="same"), -1, values
    )


def _map(axis, values, arrays, title, diverging):
    """A map of marks × bins."""
    extent = _extent(arrays["bins"], len(values))
    largest = np.abs(values).max() or 1
    limits = (
        {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest}
        if diverging
        else {"cmap": "viridis", "vmin": 0}
    )
    image = axis.imshow(values, extent=extent, aspect="auto", interpolation="nearest", **limits)
    axis.set_yticks(range(len(values)), arrays["marks"], fontsize=8)
    axis.set_title(title, fontsize=9)
    axis.set_xlabel("kb from TSS, along the genome")
    axis.figure.colorbar(image, ax=axis, pad=0.01)


def gene_marks(arrays, title):
    """Signals of one gene and gradient × input of each, maps of marks × bins (WakaWaka, Figure
    4)."""
    figure, axes = plt.subplots(2, 1, figsize=(7.2, 4.6), layout="constrained")
    _map(axes[0], arrays["gene_marks"], arrays, "A: input, ln(1 + count)", diverging=False)
    _map(axes[1], arrays["gene_marks_attribution"], arrays, "B: gradient × input", diverging=True)
    figure.suptitle(title, fontsize=10)
    return figure


def gene_sequence(gradient, title):
    """Gradient of the prediction with respect to each base at each place of one gene, a panel a
    base (WakaWaka, Figure 5).

    gradient: float [4, bp], in the order A, C, G, T.
    """
    figure, axes = plt.subplots(
        4, 1, figsize=(8.4, 5.2), sharex=True, sharey=True, layout="constrained"
    )
    read = _read(gradient)
    for axis, base, values in zip(axes, "ACGT", gradient):
        axis.plot(_kb(len(values))[read], values[read], color=BASE_COLOURS[base], lw=0.4)
        axis.margins(x=0)
        axis.axvline(0, color="0.6", lw=0.6, ls=":")
        axis.set_ylabel(base)
        axis.grid(axis="y", color="0.93")
    axes[-1].set_xlabel("kb from TSS, along transcription")
    figure.supylabel("gradient of the prediction", fontsize=9)
    figure.suptitle(title, fontsize=10)
    return figure


def over_genes(arrays, title):
    """Means over genes, aligned at the TSS: gradient × input of marks, and of DNA, and how large
    the gradients of the bases are."""
    figure, axes = plt.subplots(3, 1, figsize=(7.6, 6.6), layout="constrained")
    _map(
        axes[0],
        arrays["mean_marks_attribution"],
        arrays,
        "marks: mean gradient × input",
        diverging=True,
    )
    read = _read(arrays["mean_bases_gradient"])
    place = _kb(arrays["mean_bases_gradient"].shape[1])[read]
    for base, values in zip("ACGT", _smooth(arrays["mean_bases_gradient"][:, read])):
        axes[1].plot(place, values, color=BASE_COLOURS[base], lw=1, label=base)
    axes[1].set_title(
        f"DNA: mean size of the gradient of each base (running mean over {SMOOTHED} bp)", fontsize=9
    )
    axes[1].legend(ncols=4, fontsize=8)
    axes[1].set_ylim(0, None)
    axes[2].plot(place, _smooth(arrays["mean_sequence_attribution"][read]), color="0.3", lw=1)
    axes[2].set_title(f"DNA: mean gradient × input (running mean over {SMOOTHED} bp)", fontsize=9)
    for axis in axes[1:]:
        axis.axvline(0, color="0.6", lw=0.6, ls=":")
        axis.set_xlabel("kb from TSS, along transcription")
        axis.set_xlim(place[0], place[-1])
        axis.grid(axis="y", color="0.93")
    figure.suptitle(title, fontsize=10)
    return figure
