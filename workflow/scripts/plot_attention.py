"""Self-attention around the TSS, mean over cells."""

import numpy as np

from markexpr.io.jobs import run_job
from markexpr.plots import save
from markexpr.plots.attention import centres, self_attention
from markexpr.tables import titled


def main(job):
    maps = {"high": [], "low": []}
    for path in job.input:
        with np.load(path) as file:
            bins = file["bins"]
            for level, found in maps.items():
                found.append(file[f"positions_{level}"])
    mean = {level: np.mean(found, axis=0) for level, found in maps.items()}
    offsets = centres(bins, mean["high"].shape[1])
    cells = f"{len(job.input)} cell{'s' if len(job.input) > 1 else ''}"
    title = titled(
        f"Self-attention of {job.params.model}, test genes of {cells}, genomic direction",
        job.params.simulated,
    )
    save(self_attention(mean, offsets, title), job.output.svg, job.output.png)


if __name__ == "__main__":
    run_job(main, snakemake)
