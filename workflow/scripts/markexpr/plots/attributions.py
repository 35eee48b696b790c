"""Figures of attributions: what marks and bins a prediction depends on."""

import matplotlib.pyplot as plt
import numpy as np


def maps(shown, marks, bins, title):
    """Two maps of marks × bins a unit: saliency |∂y/∂x| along the genome, and integrated gradients along transcription.

    shown: from unit to {saliency, integrated}, each float [marks, bins]; bins: offsets of left edges in bp [bins]. Saliency has a scale of its own
    in each unit, as in the paper's figure; integrated gradients share one, around 0.
    """
    width = (bins[1] - bins[0]) / 1000
    extent = [bins[0] / 1000, bins[-1] / 1000 + width, len(marks) - 0.5, -0.5]
    largest = max(np.abs(values["integrated"]).max() for values in shown.values()) or 1
    figure, axes = plt.subplots(len(shown), 2, figsize=(9.6, 0.9 + 1.15 * len(shown)), squeeze=False, sharex=True, sharey=True, layout="constrained")
    for row, (unit, values) in zip(axes, shown.items()):
        saliency = row[0].imshow(values["saliency"], extent=extent, aspect="auto", cmap="viridis", interpolation="nearest", vmin=0)
        figure.colorbar(saliency, ax=row[0], pad=0.01, format="%.2g")
        integrated = row[1].imshow(
            values["integrated"], extent=extent, aspect="auto", cmap="RdBu_r", interpolation="nearest", vmin=-largest, vmax=largest
        )
        row[0].set_ylabel(unit, fontsize=9)
        for axis in row:
            axis.axvline(0, color="0.5", lw=0.6, ls=":")
            axis.set_yticks(range(len(marks)), marks, fontsize=7)
    axes[0][0].set_title("saliency |∂y/∂x|, along the genome", fontsize=9)
    axes[0][1].set_title("integrated gradients, along transcription", fontsize=9)
    figure.colorbar(integrated, ax=axes[:, 1].tolist(), pad=0.01, aspect=40, label="added to the prediction")
    for axis in axes[-1]:
        axis.set_xlabel("kb from TSS")
    figure.suptitle(title, fontsize=10)
    return figure
