"""What the paper says of its models, judged on our runs."""

from markexpr.evaluation.claims import LEVEL, judge_claims
from markexpr.evaluation.regimes import read_errors
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import run_job
from markexpr.tables import write_html


def main(job):
    metrics = read_tsv(job.input.metrics)
    errors, ensembles = job.input.get("errors"), job.input.get("ensembles")
    table = judge_claims(
        metrics,
        job.params.claims,
        job.params.metric,
        errors=read_errors(errors) if errors else {},
        ensembles=read_tsv(ensembles) if ensembles else None,
        deviations=job.params.deviations,
    )
    write_tsv(job.output.tsv, table)
    note = (
        f"Over units: paired one-sided Wilcoxon signed-rank tests of test "
        f"{job.params.metric.upper()}, exact; units in which both models are equal say nothing and "
        "are left out (differ: those that are not). least_p is what the units that differ could "
        "show at best. Over genes and unseen cells: MSE on the rows of all cells, by a bootstrap "
        "that draws both; groups of rows are those of the table regimes (competition: held-out "
        "genes of seen cells, all genes of unseen ones). Equal within a margin: two one-sided "
        "tests against the margin either way. Counted: no test, the number of units beside the "
        "paper's. "
        "failed: fits of the models that predict one constant and so have no score; such a fit "
        "loses its unit. p_holm is adjusted for the number of claims, "
        f"the paper's and ours apart. contradicted: the opposite reaches p_holm < {LEVEL}; "
        "not shown: neither does; too few units: those that "
        "differ could not. All units are tested on the same genes, pairs share cells, and all "
        "transfers of a model that is trained on the source share one fit per seed, so "
        "units are not independent: use several seeds, and take p as a lower bound. "
        "deviations: where the models are not as in the paper."
    )
    title = f"Study {job.wildcards.study}: do the paper's statements hold?"
    write_html(table, title, job, note, seeds=metrics["seed"].nunique())


if __name__ == "__main__":
    run_job(main, snakemake)
