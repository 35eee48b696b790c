"""Every published number beside ours, of all studies that are built."""

from markexpr.evaluation.reproduction import count_outcomes, list_reproduced
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import log, run_job
from markexpr.tables import write_html


def main(job):
    published = read_tsv(job.input.published, comment="#")
    tables = [
        (*names, read_tsv(path))
        for names, path in zip(job.params.compared, job.input.get("tables", []))
    ]
    table = list_reproduced(published, tables, job.params.models, job.params.simulated)
    write_tsv(job.output.tsv, table, float_format="%.6g")
    counts = count_outcomes(table)
    log.info("%d published numbers: %s", len(published), counts)
    note = (
        f"{counts}. Reproduced: ours is within the tolerance of the published number, on real "
        "data, as many units and labels made alike. Intervals are of units, and of their seeds; "
        "they do not decide."
    )
    write_html(table.dropna(axis="columns", how="all"), "Published numbers and ours", job, note)


if __name__ == "__main__":
    run_job(main, snakemake)
