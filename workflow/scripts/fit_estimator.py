"""One fit of a baseline of scikit-learn: one model on one unit with one seed."""

import numpy as np
import sklearn

from markexpr import own_model
from markexpr.data.permuting import load_to_fit
from markexpr.estimators import dump_estimator, find_module, fits_labels, make_features, predict
from markexpr.io.jobs import InputError, log, run_job
from markexpr.io.runs import describe, tabulate, write_run
from markexpr.seen import trained_on
from markexpr.tuning import Fit, choose


def main(job):
    seed = int(job.wildcards.seed)
    permute, key = job.params.model.get("permute"), f"{job.wildcards.unit}:{seed}"
    samples = load_to_fit(job.params.samples, job.input, permute, key)
    train, labels = samples.index("train"), fits_labels(samples.measured)
    if len(train) < 20:
        raise InputError(
            f"{samples.cell[0]} has {len(train)} training genes: too few for an estimator"
        )
    if labels and len(np.unique(samples.target[train])) < 2:
        raise InputError(
            f"the {len(train)} training genes of {samples.cell[0]} are all high or all low: there "
            "is nothing to tell apart; change the study's data.split"
        )
    _, n_marks, n_bins = next(iter(samples.inputs.values())).shape

    def fit(block, number):
        architecture = block["architecture"]
        with own_model.unchanged(job.params):
            module = find_module(architecture)
        estimator = module.build(
            n_marks=n_marks,
            n_bins=n_bins,
            seed=seed,
            threads=job.threads,
            labels=labels,
            **block["estimator"],
        )
        features = make_features(module, samples, block["estimator"])
        log.info(
            "%s: %d training genes, features %s",
            job.wildcards.model,
            len(train),
            list(features.shape[1:]),
        )
        with own_model.running(architecture):
            estimator.fit(features[train], samples.target[train])
            predicted = predict(estimator, features, labels)
        if own_model.is_own(architecture):
            predicted = own_model.check_predictions(architecture, predicted, samples.target)
        return Fit(block, predicted, estimator)

    fitted, told = choose(job.params.model, samples, fit)
    module = find_module(fitted.block["architecture"])
    size = module.size(fitted.model) if hasattr(module, "size") else {}
    params = describe(job, samples, fitted.block, {"sklearn": sklearn.__version__}, **told)
    write_run(
        job.output,
        tabulate(samples, fitted.predicted, trained_on(samples, job.params.tissues)),
        model=dump_estimator(fitted.model),
        params={**params, **size},
    )


if __name__ == "__main__":
    run_job(main, snakemake)
