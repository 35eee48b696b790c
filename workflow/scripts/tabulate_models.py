"""One of the paper's tables of models side by side, with the published values beside ours."""

import pandas as pd

from markexpr.evaluation.comparisons import read_groups, relative, summarise
from markexpr.io.files import write_tsv
from markexpr.io.jobs import run_job
from markexpr.tables import metric_name, titled, write_html


def main(job):
    metrics = pd.read_csv(job.input.metrics, sep="\t")
    published = pd.read_csv(job.input.published, sep="\t", comment="#")
    here = published[published["study"] == job.wildcards.study]
    if "relative_to" in job.params.table:
        table = relative(metrics, job.params.table, here)
    else:
        table = summarise(metrics, job.params.table, read_groups(job.input.get("labels")), here)
    write_tsv(job.output.tsv, table)
    title = titled(job.params.table["title"], job.params.simulated)
    note = (
        f"{metric_name(job.params.table['metric'])} of test genes over units; seeds are averaged "
        "first."
    )
    if "relative_to" in job.params.table:
        note += (
            " Columns with % are shares of another model's, unit by unit, where that is above 0."
        )
    write_html(job.output.html, table.dropna(axis="columns", how="all"), title, note)


if __name__ == "__main__":
    run_job(main, snakemake)
