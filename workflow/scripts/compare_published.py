"""The paper's numbers and ours side by side."""

import pandas as pd

from markexpr.compare import beside_published
from markexpr.files import write_tsv
from markexpr.jobs import run_job


def main(job):
    metrics = pd.read_csv(job.input.metrics, sep="\t")
    published = pd.read_csv(job.input.published, sep="\t", comment="#")
    table = beside_published(metrics, published, job.wildcards.study, job.params.units, job.params.simulated)
    write_tsv(job.output[0], table, float_format="%.4g")


if __name__ == "__main__":
    run_job(main, snakemake)
