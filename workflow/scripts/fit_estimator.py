"""One fit of a baseline of scikit-learn: one model on one unit with one seed."""

import numpy as np
import sklearn

from markexpr import own_model
from markexpr.data.samples import load
from markexpr.estimators import dump_estimator, find_module, make_features
from markexpr.io.jobs import InputError, log, run_job
from markexpr.io.runs import describe, tabulate, write_run


def main(job):
    block, seed = job.params.model, int(job.wildcards.seed)
    samples = load(job.params.samples, job.input)
    architecture = block["architecture"]
    with own_model.unchanged(job.params):
        module = find_module(architecture)
    _, n_marks, n_bins = next(iter(samples.inputs.values())).shape
    estimator = module.build(
        n_marks=n_marks, n_bins=n_bins, seed=seed, threads=job.threads, **block["estimator"]
    )
    features, train = make_features(module, samples), samples.index("train")
    if len(train) < 20:
        raise InputError(
            f"{samples.cell[0]} has {len(train)} training genes: too few for an estimator"
        )
    log.info(
        "%s: %d training genes, features %s",
        job.wildcards.model,
        len(train),
        list(features.shape[1:]),
    )
    params = describe(job, samples, {"sklearn": sklearn.__version__})
    with own_model.running(architecture):
        estimator.fit(features[train], samples.target[train])
        predicted = estimator.predict(features)
    if own_model.is_own(architecture):
        labels = set(np.unique(samples.target)) <= {0, 1}
        predicted = own_model.check_predictions(architecture, predicted, len(features), labels)
    size = module.size(estimator) if hasattr(module, "size") else {}
    write_run(
        job.output,
        tabulate(samples, predicted.astype(float)),
        model=dump_estimator(estimator),
        params={**params, **size},
    )


if __name__ == "__main__":
    run_job(main, snakemake)
