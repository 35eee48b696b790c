"""Scores of a study by what was seen in training: genes of seen cells, and unseen cells, beside the
gene mean."""

from markexpr.evaluation.regimes import REGIMES, gather, score
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
    table = score(gather(runs(job.input)), **job.params.bootstrap)
    write_tsv(job.output.tsv, table)
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
        "bootstrap intervals over genes. Beyond mean: "
        "after each gene's mean over the other training cells is subtracted from true and "
        "predicted values; partial: given that mean, "
        "which is 0 for a constant however few cells there are. gene_mean: that mean where "
        "the gene trains, else the mean of all that trains, since validation genes train no "
        "model; a model that is no better on unseen cells "
        "has learned which gene it looks at."
    )
    short = {
        "beats the gene mean": "better",
        "worse than the gene mean": "worse",
        "no different from the gene mean": "no different",
    }
    shown["than_gene_mean"] = table["verdict"].replace(short)
    write_html(shown, f"Study {job.wildcards.study}: seen and unseen genes and cells", job, note)


if __name__ == "__main__":
    run_job(main, snakemake)
