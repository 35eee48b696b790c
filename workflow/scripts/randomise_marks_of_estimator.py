"""What a fitted estimator predicts for its test genes if their marks are those of other genes."""

import yaml

from markexpr import estimators
from markexpr.data.samples import load
from markexpr.io.files import write_npz
from markexpr.io.jobs import run_job
from markexpr.randomising import randomise


def main(job):
    with open(job.input.params, encoding="utf-8") as file:
        params = yaml.safe_load(file)  # of the candidate that was chosen
    module = estimators.find_module(params["architecture"])
    estimator = estimators.load_estimator(job.input.model)
    samples = load(job.params.samples, job.input)
    labels = estimators.fits_labels(samples.measured)

    def predict(some):
        features = estimators.make_features(module, some, params["estimator"])
        return estimators.predict(estimator, features, labels)

    write_npz(job.output[0], **randomise(samples, predict, dict(job.params.setting)))


if __name__ == "__main__":
    run_job(main, snakemake)
