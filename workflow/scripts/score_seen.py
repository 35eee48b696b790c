"""Scores of the test genes of a study by what was seen: gene, cell and tissue."""

import pandas as pd

from markexpr.data.measured import check_all_alike, read_measured
from markexpr.evaluation.kinds import SCORES, score_cells, summarise
from markexpr.io.files import write_tsv
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import parse_run, read_predictions
from markexpr.seen import SEEN
from markexpr.tables import with_interval, write_html


def main(job):
    check_all_alike([read_measured(path) for path in job.input.tensors], "scored together")
    kind, paths, cells = job.params.kind, job.input.predictions, []
    for number, path in enumerate(paths, 1):
        cells.append(score_cells(parse_run(path), read_predictions(path), kind))
        if number % 50 == 0 or number == len(paths):
            log.info("%d of %d runs scored", number, len(paths))
    table = summarise(pd.concat(cells), kind)
    write_tsv(job.output.tsv, table, float_format="%.6g")
    shown = table[["model", *SEEN, "cells", "rows"]].replace(
        {"model": {"simulator_truth": "best possible (truth)"}}
    )
    shown[SEEN] = shown[SEEN].replace({1: "yes", 0: "no"})
    for name in SCORES[kind]:
        shown[name] = with_interval(table[name], table[f"{name}_low"], table[f"{name}_high"])
    note = (
        "Test genes, each cell scored by itself; means over cells, in brackets 95 % intervals over "
        "cells (Student's t, of 3 cells or more). Seen: trained on, the gene in some cell, the "
        "cell on some gene, the tissue in some cell of it. Rows of another kind are other genes or "
        "cells, so that scores of two kinds differ by these as well."
    )
    title = f"Study {job.wildcards.study}: test genes by what was seen"
    write_html(shown, title, job, note, seeds=table["seeds"].max())


if __name__ == "__main__":
    run_job(main, snakemake)
