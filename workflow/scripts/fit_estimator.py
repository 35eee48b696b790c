"""One fit of a baseline of scikit-learn: one model on one unit with one seed."""

import numpy as np
import sklearn

from markexpr.data.samples import load
from markexpr.estimators import dump_estimator, find_module, fits_labels, make_features, predict
from markexpr.io.jobs import InputError, log, run_job
from markexpr.io.runs import describe, tabulate, write_run


def main(job):
    block, seed = job.params.model, int(job.wildcards.seed)
    samples = load(job.params.samples, job.input)
    module = find_module(block["architecture"])
    _, n_marks, n_bins = next(iter(samples.inputs.values())).shape
    labels = fits_labels(samples.measured)
    estimator = module.build(
        n_marks=n_marks,
        n_bins=n_bins,
        seed=seed,
        threads=job.threads,
        labels=labels,
        **block["estimator"],
    )
    features, train = make_features(module, samples), samples.index("train")
    if len(train) < 20:
        raise InputError(
            f"{samples.cell[0]} has {len(train)} training genes: too few for an estimator"
        )
    if labels and len(np.unique(samples.target[train])) < 2:
        raise InputError(
            f"the {len(train)} training genes of {samples.cell[0]} are all high or all low: there "
            "is nothing to tell apart"
        )
    log.info(
        "%s: %d training genes, features %s",
        job.wildcards.model,
        len(train),
        list(features.shape[1:]),
    )
    params = describe(job, samples, {"sklearn": sklearn.__version__})
    estimator.fit(features[train], samples.target[train])
    size = module.size(estimator) if hasattr(module, "size") else {}
    write_run(
        job.output,
        tabulate(samples, predict(estimator, features, labels)),
        model=dump_estimator(estimator),
        params={**params, **size},
    )


if __name__ == "__main__":
    run_job(main, snakemake)
