"""Scores of a study by what was seen in training: genes of seen cells, and unseen cells, beside the
gene mean."""

from markexpr.data.measured import check_all_alike, read_measured
from markexpr.evaluation.regimes import REGIMES, gather, score, write_errors
from markexpr.io.files import write_tsv
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import parse_run, read_predictions
from markexpr.tables import with_interval, write_html


def runs(paths):
    """Model, cell, seed and predictions of each cell of each run."""
    for number, path in enumerate(paths, 1):
        run = parse_run(path)
        if number % 50 == 0 or number == len(paths):
            log.info("%d of %d runs read", number, len(paths))
        for cell, table in read_predictions(path).groupby("cell", sort=False):
            yield run["model"], cell, run["seed"], table


def main(job):
    check_all_alike([read_measured(path) for path in job.input.tensors], "scored together")
    found = score(gather(runs(job.input.predictions)), **job.params.bootstrap)
    table = found.table
    write_tsv(job.output.tsv, table)
    write_tsv(job.output.cells, found.cells)
    write_errors(job.output.errors, found.errors)
    # what was trained on is in the table for the papers' training errors alone
    table = table[table["regime"] != "train_seen"].reset_index(drop=True)
    shown = table[["regime", "model", "cells", "rows"]].replace(
        {"regime": REGIMES, "model": {"simulator_truth": "best possible (truth)"}}
    )
    for name in ("mse", "pearson", "pearson_beyond_mean", "partial_pearson", "mse_minus_gene_mean"):
        if name in table:
            shown[name] = with_interval(table[name], table[f"{name}_low"], table[f"{name}_high"])
    note = (
        "A row is a gene in a cell; rows of all cells are scored together. In brackets: 95 % "
        "bootstrap intervals over genes and, where there are several, over unseen cells, with "
        "Student's t for so few of them: they speak of new cells like these. Seen cells are as "
        "they are. Beyond mean: after each gene's mean over the other training cells is "
        "subtracted from true and predicted values; partial: given that mean, which is 0 for a "
        "constant however few cells there are. gene_mean: that mean where the gene trains, else "
        "the mean of all that trains, since validation genes train no model; a model that is no "
        "better on unseen cells has learned which gene it looks at."
    )
    shown["than_gene_mean"] = table["verdict"]
    title = f"Study {job.wildcards.study}: seen and unseen genes and cells"
    write_html(shown, title, job, note, seeds=table["seeds"].max())


if __name__ == "__main__":
    run_job(main, snakemake)
