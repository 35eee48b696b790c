"""Scores of a study's models and their sizes, and ROC curves or predicted against true values."""

from markexpr.io.jobs import run_job
from markexpr.report import predicted, roc, scores, show_all, sizes

PARTS = {"scores": scores, "sizes": sizes, "roc": roc, "predicted": predicted}


def main(job):
    show_all(PARTS, job)


if __name__ == "__main__":
    run_job(main, snakemake)
