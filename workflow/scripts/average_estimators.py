"""Predictions for a cell that was held out: the mean of the estimators of all training cells."""

import yaml

from markexpr.averages import average, check_members
from markexpr.data.samples import load_cell
from markexpr.estimators import find_module, fits_labels, load_estimator, make_features
from markexpr.estimators import predict as predict_by
from markexpr.io.jobs import run_job
from markexpr.io.runs import read_predictions, tabulate, write_run
from markexpr.own_model import check_same
from markexpr.seen import trained_by


def main(job):
    samples = load_cell(job.input.cell)
    module = find_module(job.params.model["architecture"])

    def predict(place):
        with open(job.input.params[place], encoding="utf-8") as file:
            params = yaml.safe_load(file)
        check_members(samples, params, job.input.params[place])
        check_same(params, job.input.params[place])
        features = make_features(module, samples, params["estimator"])
        labels = fits_labels(params.get("measured"))
        return predict_by(load_estimator(job.input.model[place]), features, labels)

    mean, members = average(samples, job.input.params, predict)
    trained = trained_by(map(read_predictions, job.input.predictions), job.params.tissues)
    write_run(job.output, tabulate(samples, mean, trained), members=members)


if __name__ == "__main__":
    run_job(main, snakemake)
