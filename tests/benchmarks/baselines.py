"""Seconds that each baseline of DeepDiff takes to fit and to predict, on made-up counts of its full
size.

    python tests/benchmarks/baselines.py [--models svr_best_bin,relief_forest,ridge] [--genes 10000]
    [--bins 200] [--threads 1]

`--genes` train; 0.846 times as many more are predicted, as in the paper's 10,000 of 18,460. One
line a model.
"""

import argparse
import importlib
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

import numpy as np
from shipped import read_studies


def made_up(genes, bins):
    """Counts of two cells, whose promoters and bodies follow an activity, and the change of their
    expression."""
    rng = np.random.default_rng(1)
    activity = rng.normal(size=(2, genes))
    shape = 1 + 10 * np.exp(-0.5 * ((np.arange(bins) - bins / 2) / (bins / 20)) ** 2)
    rate = np.exp(0.8 * activity)[:, :, None, None] * shape
    counts = rng.negative_binomial(2, 2 / (2 + np.broadcast_to(rate, (2, genes, 5, bins)))).astype(
        np.float32
    )
    change = 3 * (activity[1] - activity[0]) + rng.normal(0, 2, genes)
    return {"a": counts[0], "b": counts[1]}, change.astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models")
    parser.add_argument("--genes", type=int, default=10_000)
    parser.add_argument("--bins", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    blocks = read_studies()["deepdiff"]["models"]
    blocks = {model: block for model, block in blocks.items() if "estimator" in block}
    inputs, change = made_up(round(1.846 * arguments.genes), arguments.bins)
    train = slice(0, arguments.genes)
    for model in arguments.models.split(",") if arguments.models else blocks:
        block = blocks[model]
        module = importlib.import_module(f"markexpr.models.{block['architecture']}")
        estimator = module.build(
            n_marks=5,
            n_bins=arguments.bins,
            seed=1,
            threads=arguments.threads,
            labels=False,
            **block["estimator"],
        )
        start = time.perf_counter()
        features = module.features(**inputs)
        estimator.fit(features[train], change[train])
        fitted = time.perf_counter()
        predicted = estimator.predict(features)
        held_out = np.corrcoef(predicted[arguments.genes :], change[arguments.genes :])[0, 1]
        done = time.perf_counter()
        print(
            f"{model:16s} fit {fitted - start:7.0f} s, predict {done - fitted:6.0f} s, "
            f"Pearson of genes held out {held_out:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
