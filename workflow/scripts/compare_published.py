"""The paper's numbers and ours side by side."""

import numpy as np

from markexpr.evaluation.published import Setting, beside_published
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import run_job
from markexpr.tables import write_html


def read_saliency(path):
    """The saliency of all marks of a unit, one under the other, float [marks, bins]: mean size of
    the gradient over genes, along the genome (save_attributions.py)."""
    with np.load(path) as file:
        names = [name for name in file if name.startswith("saliency_")]
        return np.concatenate([file[name] for name in names if not name.endswith("_turned")])


def main(job):
    metrics = read_tsv(job.input.metrics)
    published = read_tsv(job.input.published, comment="#")
    regimes = read_tsv(job.input.regimes) if job.input.get("regimes") else None
    saliency = [read_saliency(path) for path in job.input.get("attributions", [])]
    setting = Setting(
        job.params.published_as,
        job.params.simulated,
        job.params.label_mode,
        job.params.changed,
        job.params.deviations,
        job.params.bootstrap,
    )
    table = beside_published(metrics, published, setting, regimes, saliency)
    write_tsv(job.output.tsv, table, float_format="%.6g")
    note = job.params.paper
    if job.params.label_mode != "none":
        note += f" Labels here: {job.params.label_mode}."
    title = f"Study {job.wildcards.study}: published and ours"
    write_html(table, title, job, note, seeds=metrics["seed"].nunique())


if __name__ == "__main__":
    run_job(main, snakemake)
