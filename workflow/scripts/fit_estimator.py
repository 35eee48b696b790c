"""One fit of a baseline of scikit-learn: one model on one unit with one seed."""

import sklearn

from markexpr.data.samples import load_cell, load_pair, load_pooled
from markexpr.estimators import features_of, module_of, save_estimator
from markexpr.io.jobs import InputError, log, run_job
from markexpr.io.runs import describe, write_params, write_predictions


def main(job):
    block, seed = job.params.model, int(job.wildcards.seed)
    if job.input.get("cells"):
        samples = load_pooled(job.input.cells)
    else:
        samples = (
            load_pair(job.input.a, job.input.b) if job.input.get("a") else load_cell(job.input.cell)
        )
    module = module_of(block["architecture"])
    _, n_marks, n_bins = next(iter(samples.inputs.values())).shape
    estimator = module.build(
        n_marks=n_marks, n_bins=n_bins, seed=seed, threads=job.threads, **block["estimator"]
    )
    features, train = features_of(module, samples), samples.index("train")
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
    params = describe(job, dict(job.wildcards.items()), samples, {"sklearn": sklearn.__version__})
    estimator.fit(features[train], samples.target[train])
    write_predictions(
        job.output.predictions,
        samples.gene_id,
        samples.cell,
        samples.split,
        samples.target,
        estimator.predict(features).astype(float),
    )
    size = module.size(estimator) if hasattr(module, "size") else {}
    save_estimator(job.output.model, estimator)
    write_params(job.output.params, {**params, **size})


if __name__ == "__main__":
    run_job(main, snakemake)
