"""Saliency and integrated gradients of a model, one map of marks and bins a unit."""

import numpy as np

from markexpr.io.jobs import run_job
from markexpr.plots import save
from markexpr.plots.attributions import maps
from markexpr.tables import titled


def main(job):
    shown = {}
    for unit, path in zip(job.params.setting["units"], job.input, strict=True):
        with np.load(path) as file:
            arrays, marks, bins, genes = (
                dict(file),
                list(file["marks"]),
                file["bins"],
                len(file["gene_id"]),
            )
        for name in (
            key.removeprefix("saliency_")
            for key in arrays
            if key.startswith("saliency_") and not key.endswith("_turned")
        ):
            label = unit if name == "marks" else f"{unit}, cell {name.upper()}"
            shown[label] = {
                "saliency": arrays[f"saliency_{name}"],
                "integrated": arrays[f"integrated_gradients_{name}_turned"],
            }
    title = titled(
        f"{job.params.setting['model']}: what the prediction depends on, mean over {genes} "
        "test genes",
        job.params.simulated,
    )
    save(maps(shown, marks, bins, title), job.output.svg, job.output.png)


if __name__ == "__main__":
    run_job(main, snakemake)
