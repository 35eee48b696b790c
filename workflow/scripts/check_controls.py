"""Controls that can fail, judged for all models of a study: PASS or FAIL with the number."""

from markexpr.evaluation.checking import check_study
from markexpr.evaluation.verdicts import FAIL, FAMILY, PASS
from markexpr.io.files import write_tsv
from markexpr.io.jobs import log, run_job
from markexpr.tables import write_html


def main(job):
    table = check_study(job)
    write_tsv(job.output.tsv, table)
    number = {word: int((table["verdict"] == word).sum()) for word in (FAIL, PASS)}
    log.info("%d controls FAIL, %d PASS", number[FAIL], number[PASS])
    note = (
        f"{number[FAIL]} controls FAIL, {number[PASS]} PASS. A FAIL says that something is wrong "
        "with a model, its data or its score, or that nothing shows what the study asks: see why. "
        "Intervals are over genes, those of permuted targets over fits. Where a control is at its "
        f"limit if all is well, they are so wide that any fails by chance in {FAMILY:.0%} of "
        "studies at most (Bonferroni); where a model must be better than something, they are of "
        "95 %."
    )
    title = f"Controls of study {job.wildcards.study}"
    shown = table.drop(columns="study")
    write_html(shown, title, job, note, fold=False, row_class=mark_failing)


def mark_failing(row):
    """The style of a row of the page."""
    return "failing" if row.verdict == FAIL else ""


if __name__ == "__main__":
    run_job(main, snakemake)
