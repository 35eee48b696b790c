"""One table of a study under several settings: other labels, another split, another
normalisation."""

import pandas as pd

from markexpr.evaluation.comparisons import across_settings, read_groups
from markexpr.io.files import write_tsv
from markexpr.io.jobs import run_job
from markexpr.plots import save
from markexpr.plots.scores import settings
from markexpr.tables import metric_name, titled, write_html


def main(job):
    table = job.params.table
    metrics = {
        title: pd.read_csv(path, sep="\t")
        for title, path in zip(job.params.settings, job.input.metrics)
    }
    summary = across_settings(metrics, table, read_groups(job.input.get("labels")))
    write_tsv(job.output.tsv, summary)
    title = titled(f"{table['title']}, in other settings", job.params.simulated)
    note = (
        f"{metric_name(table['metric'])} of test genes over units; seeds are averaged first. "
        "Settings may "
        "differ in test genes, targets or inputs: compare models within a setting, not settings."
    )
    write_html(job.output.html, summary.dropna(axis="columns", how="all"), title, note)
    save(settings(summary, table["metric"], title), job.output.svg, job.output.png)


if __name__ == "__main__":
    run_job(main, snakemake)
