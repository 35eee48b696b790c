"""Models of a study against each other, and against controls: differences, tests and verdicts."""

from markexpr.evaluation.equivalence import TOO_FEW
from markexpr.io.files import write_tsv
from markexpr.tables import write_html


def show(job):
    write_tsv(job.output.tsv, job.pairs)
    note = (
        "difference: of the first model's score to the other's, with its 95 % interval over cells, "
        "seeds and blocks of genes. p: two-sided, of that bootstrap and of Wilcoxon's signed-rank "
        "test over cells; p_holm: the larger of the two, each adjusted for all pairs of models, or "
        "for all pairs of a model and a control."
    )
    if (job.pairs["tested_by"] == TOO_FEW).any():
        note += " Too few cells to test: no result of theirs could be significant in so many tests."
    title = f"Study {job.wildcards.study}: models against each other"
    write_html(job.pairs, title, job, note, seeds=job.standing["seeds"].max())
