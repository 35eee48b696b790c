"""The change between two cells as the difference of one model's predictions for each."""

from markexpr.data.measured import check_all_alike, read_measured
from markexpr.io.jobs import InputError, run_job
from markexpr.io.runs import read_predictions, subtract, write_run


def main(job):
    check_all_alike([read_measured(path) for path in job.input.tensors], "subtracted")
    a, b = (read_predictions(path).set_index("gene_id") for path in (job.input.a, job.input.b))
    change = subtract(a, b)
    if change.empty:
        raise InputError(f"{job.input.a} and {job.input.b} have no gene in common")
    if not change["split"].equals(b.loc[change.index, "split"]):
        raise InputError(
            f"{job.input.a} and {job.input.b} put a gene in different splits: a pair needs "
            "one split for both cells"
        )
    write_run(job.output, change.reset_index())


if __name__ == "__main__":
    run_job(main, snakemake)
