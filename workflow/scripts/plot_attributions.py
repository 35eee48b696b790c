"""Saliency and integrated gradients of a model, one map of marks and bins a unit."""

import matplotlib.pyplot as plt
import numpy as np

from markexpr.io.jobs import run_job
from markexpr.plots import save
from markexpr.plots.panels import draw_map


def draw(shown, marks, bins):
    """Draw two maps of marks × bins a unit: saliency |∂y/∂x| along the genome, and integrated
    gradients along transcription.

    shown: from unit to {saliency, integrated}, each float [marks, bins]; bins: offsets of left
    edges in bp [bins]. Saliency has a scale of its own in each unit, as in the paper's figure;
    integrated gradients share one, around 0.
    """
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
    around_zero = {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest}
    for row, (unit, values) in zip(axes, shown.items()):
        saliency = draw_map(
            row[0], values["saliency"], marks, bins, fontsize=7, cmap="viridis", vmin=0
        )
        figure.colorbar(saliency, ax=row[0], pad=0.01, format="%.2g")
        integrated = draw_map(row[1], values["integrated"], marks, bins, fontsize=7, **around_zero)
        row[0].set_ylabel(unit, fontsize=9)
        for axis in row:
            axis.axvline(0, color="0.5", lw=0.6, ls=":")
    axes[0][0].set_title("saliency |∂y/∂x|, along the genome", fontsize=9)
    axes[0][1].set_title("integrated gradients, along transcription", fontsize=9)
    figure.colorbar(
        integrated, ax=axes[:, 1].tolist(), pad=0.01, aspect=40, label="added to the prediction"
    )
    for axis in axes[-1]:
        axis.set_xlabel("kb from TSS")
    return figure


def main(job):
    shown = {}
    for unit, path in zip(job.params.setting["units"], job.input, strict=True):
        with np.load(path) as file:
            arrays = dict(file)
        signals = [
            name.removeprefix("saliency_")
            for name in arrays
            if name.startswith("saliency_") and not name.endswith("_turned")
        ]
        for signal in signals:
            label = unit if signal == "marks" else f"{unit}, cell {signal.upper()}"
            shown[label] = {
                "saliency": arrays[f"saliency_{signal}"],
                "integrated": arrays[f"integrated_gradients_{signal}_turned"],
            }
    title = (
        f"{job.params.setting['model']}: what the prediction depends on, mean over "
        f"{len(arrays['gene_id'])} test genes"
    )
    save(draw(shown, list(arrays["marks"]), arrays["bins"]), title, job)


if __name__ == "__main__":
    run_job(main, snakemake)
