"""Scores of the test genes, one row a run."""

from markexpr.io.files import write_tsv
from markexpr.tables import scores_wide, write_html


def show(job):
    table = scores_wide(job.metrics, "test")
    write_tsv(job.output.tsv, table)
    shown = table.rename(columns={"n": "test_genes"}).replace(
        {"model": {"simulator_truth": "best possible (truth)"}}
    )
    title = f"Test genes of study {job.wildcards.study}"
    note = "In brackets: 95 % bootstrap intervals over genes."
    write_html(shown, title, job, note, seeds=shown["seed"].nunique())
