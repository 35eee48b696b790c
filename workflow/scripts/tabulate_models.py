"""One of the paper's tables of models side by side, with the published values beside ours."""

from markexpr.evaluation.comparisons import read_groups, summarise, summarise_shares
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import run_job
from markexpr.tables import metric_name, write_html


def main(job):
    block = job.params.table
    metrics = read_tsv(job.input.metrics)
    published = read_tsv(job.input.published, comment="#")
    published = published[published["study"] == job.wildcards.study]
    note = f"{metric_name(block['metric'])} of test genes over units; seeds are averaged first. "
    note += (
        "failed: fits that predict one constant and so have no score. They count as worse than "
        "any score, and a mean that lacks them is not given."
    )
    if "relative_to" in block:
        other = job.input.get("denominators")
        denominators = read_tsv(other) if other else None
        table = summarise_shares(metrics, block, published, denominators)
        note += (
            " Columns with % are shares of another model's, unit by unit, where that is above 0."
        )
    else:
        table = summarise(metrics, block, read_groups(job.input.get("labels")), published)
    write_tsv(job.output.tsv, table)
    seeds = metrics["seed"].nunique()
    write_html(table.dropna(axis="columns", how="all"), block["title"], job, note, seeds=seeds)


if __name__ == "__main__":
    run_job(main, snakemake)
