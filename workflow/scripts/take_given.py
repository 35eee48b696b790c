"""Predictions that were made elsewhere, on the rows on which all models of a unit are scored."""

from markexpr.data.given import read_given
from markexpr.data.samples import load
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import tabulate, write_run
from markexpr.own_files import unchanged
from markexpr.seen import Trained, Unknown, trained_on


def main(job):
    samples = load(job.params.samples, job.input)
    (path,) = job.params.own
    with unchanged(job.params.own):
        kept, predicted = read_given(
            path,
            job.wildcards,
            samples,
            job.params.named_by_path,
            job.params.labels,
            not {"test_fold", "left_out"}.isdisjoint(job.params.samples),
        )
    log.info("%s: %d of %d rows have predictions", path, len(predicted), len(samples.target))
    trained = {
        "split": trained_on(samples, job.params.tissues),
        "nothing": Trained(tissue_of=job.params.tissues),
        "unknown": Unknown(),
    }[job.params.seen]
    write_run(job.output, tabulate(kept, predicted, trained))


if __name__ == "__main__":
    run_job(main, snakemake)
