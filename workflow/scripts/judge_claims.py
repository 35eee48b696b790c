"""What the paper says is better, tested on our runs."""

import pandas as pd

from markexpr.files import write_tsv
from markexpr.jobs import run_job
from markexpr.summary import FEWEST_UNITS, LEVEL, judge_claims
from markexpr.tables import titled, write_html


def main(job):
    table = judge_claims(pd.read_csv(job.input[0], sep="\t"), job.params.claims, job.params.metric)
    write_tsv(job.output.tsv, table)
    title = titled(f"Study {job.wildcards.study}: is it better?", job.params.simulated)
    note = (
        f"Paired one-sided Wilcoxon signed-rank tests of test {job.params.metric.upper()} over units, at least {FEWEST_UNITS}; p_holm is "
        f"adjusted for all claims. contradicted: the opposite reaches p_holm < {LEVEL}; not shown: neither does. All cells are tested on "
        "the same genes, so units are no independent samples of genes."
    )
    write_html(job.output.html, table, title, note)


if __name__ == "__main__":
    run_job(main, snakemake)
