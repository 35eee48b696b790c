"""One fit of a baseline of scikit-learn: one model on one unit with one seed."""

import importlib

import sklearn
import skops.io
import yaml

from markexpr import __version__
from markexpr.data import load_cell, load_pair
from markexpr.files import atomic
from markexpr.jobs import InputError, log, run_job
from markexpr.runs import write_predictions
from markexpr.splits import SPLITS


def main(job):
    block, seed = job.params.model, int(job.wildcards.seed)
    samples = load_pair(job.input.a, job.input.b) if job.input.get("a") else load_cell(job.input.cell)
    module = importlib.import_module(f"markexpr.models.{block['architecture']}")
    _, n_marks, n_bins = next(iter(samples.inputs.values())).shape
    estimator = module.build(n_marks=n_marks, n_bins=n_bins, seed=seed, threads=job.threads, **block["estimator"])
    features, train = module.features(**samples.inputs), samples.index("train")
    if len(train) < 20:
        raise InputError(f"{samples.cell[0]} has {len(train)} training genes: too few to cross-validate")
    log.info("%s: %d training genes, features %s", job.wildcards.model, len(train), list(features.shape[1:]))
    estimator.fit(features[train], samples.target[train])
    write_predictions(job.output.predictions, samples.gene_id, samples.cell, samples.split, samples.target, estimator.predict(features).astype(float))
    params = {
        "study": job.wildcards.study,
        "model": job.wildcards.model,
        "unit": job.wildcards.unit,
        "seed": seed,
        **block,
        "inputs": {"marks": samples.mark_names, "bins": n_bins},
        "samples": {split: len(samples.index(split)) for split in SPLITS},
        "threads": job.threads,
        "code": job.params.code,
        "versions": {"markexpr": __version__, "sklearn": sklearn.__version__},
    }
    with atomic(job.output.model) as temporary:
        skops.io.dump(estimator, temporary)
    with atomic(job.output.params) as temporary:
        temporary.write_text(yaml.safe_dump(params, sort_keys=False))


if __name__ == "__main__":
    run_job(main, snakemake)
