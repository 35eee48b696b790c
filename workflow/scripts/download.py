"""One file from the mirror."""

from markexpr.download import fetch
from markexpr.jobs import run_job


def main(job):
    fetch(job.params.url, job.output[0])


if __name__ == "__main__":
    run_job(main, snakemake)
