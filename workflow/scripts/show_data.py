"""What the data of a study look like."""

from markexpr.io.jobs import run_job
from markexpr.report import correlation, depth, genes, profiles, show_all, warnings

PARTS = {
    "genes": genes,
    "warnings": warnings,
    "depth": depth,
    "profiles": profiles,
    "correlation": correlation,
}


def main(job):
    show_all(PARTS, job)


if __name__ == "__main__":
    run_job(main, snakemake)
