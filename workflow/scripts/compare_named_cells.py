"""The cells that the paper names as worst, median and best, beside ours."""

from markexpr.evaluation.named_cells import compare_named_cells
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import run_job
from markexpr.tables import write_html


def main(job):
    setting, metric = job.params.named_cells, job.params.metric
    metrics = read_tsv(job.input[0])
    table = compare_named_cells(metrics, setting, metric, job.params.simulated)
    write_tsv(job.output.tsv, table, float_format="%.4g")
    note = (
        f"Cells by the test {metric.upper()} of {setting['model']}, 1 the worst; seeds are "
        "averaged first. shared: cells that stand in both lists. p: of so many or more, were the "
        "paper's cells drawn at random; p_holm is adjusted for the three groups. "
        f"Labels here: {job.params.label_mode}."
    )
    title = f"Study {job.wildcards.study}: worst, median and best cells"
    write_html(table, title, job, note, seeds=metrics["seed"].nunique())


if __name__ == "__main__":
    run_job(main, snakemake)
