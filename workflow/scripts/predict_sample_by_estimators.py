"""What all estimators of a model predict for a sample, or for the change between two."""

import yaml

from markexpr.estimators import find_module, fits_labels, load_estimator, make_features, predict
from markexpr.io.jobs import run_job
from markexpr.predict.ensembles import load_subject, predict_by_all, reading_fit, write_ensemble


def main(job):
    samples = load_subject(job.input)
    module = find_module(job.params.block["architecture"])

    def load(place):
        with open(job.input.params[place], encoding="utf-8") as file:
            params = yaml.safe_load(file)
        with reading_fit(job.input.model[place]):
            estimator = load_estimator(job.input.model[place])
        labels = fits_labels(params.get("measured"))
        settings = params["estimator"]
        return params, lambda samples: predict(
            estimator, make_features(module, samples, settings), labels
        )

    write_ensemble(job.output[0], samples, *predict_by_all(samples, job.input.params, load))


if __name__ == "__main__":
    run_job(main, snakemake)
