"""What a fitted estimator predicts for its test genes if their marks are those of other genes."""

from markexpr.data.samples import load
from markexpr.estimators import find_module, load_estimator, make_features
from markexpr.io.files import write_npz
from markexpr.io.jobs import run_job
from markexpr.randomising import randomise


def main(job):
    module = find_module(job.params.architecture)
    estimator = load_estimator(job.input.model)
    samples = load(job.params.samples, job.input)

    def predict(some):
        return estimator.predict(make_features(module, some)).astype(float)

    write_npz(job.output[0], **randomise(samples, predict, dict(job.params.setting)))


if __name__ == "__main__":
    run_job(main, snakemake)
