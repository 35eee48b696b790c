"""What the paper says is better, tested on our runs."""

import pandas as pd

from markexpr.evaluation.claims import LEVEL, judge_claims
from markexpr.io.files import write_tsv
from markexpr.io.jobs import run_job
from markexpr.tables import write_html


def main(job):
    table = judge_claims(pd.read_csv(job.input[0], sep="\t"), job.params.claims, job.params.metric)
    write_tsv(job.output.tsv, table)
    note = (
        f"Paired one-sided Wilcoxon signed-rank tests of test {job.params.metric.upper()} "
        "over units, exact; units in which both models are equal say nothing and are left out "
        "(differ: those that are not). least_p is what the units that differ could show at best. "
        "failed: fits of either model that predict one constant and so have no score; such a fit "
        "loses its unit. p_holm is adjusted for the number of claims, "
        f"the paper's and ours apart. contradicted: the opposite reaches p_holm < {LEVEL}; "
        "not shown: neither does; too few units: those that "
        "differ could not. All units are tested on the same genes, pairs share cells, and all "
        "transfers of a model that is trained on the source share one fit per seed, so "
        "units are not independent: use several seeds, and take p as a lower bound."
    )
    write_html(table, f"Study {job.wildcards.study}: is it better?", job, note)


if __name__ == "__main__":
    run_job(main, snakemake)
