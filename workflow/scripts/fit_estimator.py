"""One fit of a baseline of scikit-learn: one model on one unit with one seed."""

import sklearn

from markexpr.data.samples import load
from markexpr.estimators import dump_estimator, find_module, make_features
from markexpr.io.jobs import InputError, log, run_job
from markexpr.io.runs import describe, tabulate, write_run
from markexpr.seen import trained_on


def main(job):
    block, seed = job.params.model, int(job.wildcards.seed)
    samples = load(job.params.samples, job.input)
    module = find_module(block["architecture"])
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
    estimator.fit(features[train], samples.target[train])
    size = module.size(estimator) if hasattr(module, "size") else {}
    predicted, trained = estimator.predict(features), trained_on(samples, job.params.tissues)
    write_run(
        job.output,
        tabulate(samples, predicted.astype(float), trained),
        model=dump_estimator(estimator),
        params={**params, **size},
    )


if __name__ == "__main__":
    run_job(main, snakemake)
