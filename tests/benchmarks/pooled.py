"""Time and memory of WakaWaka's final model on made-up data, by each sampler.

    python tests/benchmarks/pooled.py [--cells 50] [--genes 1745] [--steps 10] [--threads 1]
    [--device cpu|cuda] [--sampler random|by_gene]

By default a tenth of the full scale: 50 cells of 1,745 genes. Prints how many samples a second each
sampler trains, how long an epoch takes at full scale (50 cells of 16,000 genes), and the peak
memory of the process, which holds the data as a run does. One sampler alone for its own peak.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

import numpy as np
import torch
from shipped import read_studies
from train import synchronise

from markexpr.data.samples import Samples
from markexpr.models import build_model
from markexpr.training import Trainer

FULL = 50 * 16_000  # samples of an epoch at full scale


def made_up(cells, genes, span):
    """Samples of random counts and sequences; the last tenth of the genes validates."""
    rng = np.random.default_rng(1)
    marks = np.empty((cells * genes, 5, 100), dtype=np.float32)
    for cell in range(cells):
        marks[cell * genes : (cell + 1) * genes] = np.log1p(rng.poisson(2.0, (genes, 5, 100)))
    gene = np.tile(np.arange(genes), cells)
    sequence = rng.integers(0, 4, (genes, span), dtype=np.uint8)
    split = np.where(gene < genes * 0.9, "train", "valid")
    target = rng.normal(2, 2, len(gene)).astype(np.float32)
    return Samples(
        {"marks": marks},
        target,
        split,
        gene.astype("<U5"),
        gene.astype("<U5"),
        list("abcde"),
        by_gene={"sequence": sequence},
        gene=gene,
    )


def time_steps(trainer, steps, device):
    """Samples a second over some steps of an epoch, after two that warm up."""
    batches = [index for index, _ in trainer.draw_batches(1)[: steps + 2]]
    trainer.model.train()
    for number, index in enumerate(batches):
        if number == 2:
            synchronise(device)
            start = time.perf_counter()
        trainer.step(trainer.batch(index), 0.0)
    synchronise(device)
    return sum(len(index) for index in batches[2:]) / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=50)
    parser.add_argument("--genes", type=int, default=1745)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--sampler", choices=["random", "by_gene"])
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    models = read_studies()["wakawaka"]["models"]
    samples = made_up(arguments.cells, arguments.genes, 10_000)
    held = (
        sum(array.nbytes for array in (samples.inputs["marks"], samples.by_gene["sequence"])) / 1e9
    )
    print(f"{len(samples.target):,} samples, {held:.2f} GB of marks and sequences")
    speeds = {}
    for sampler, model in (("random", "wakawaka"), ("by_gene", "wakawaka_by_gene")):
        if arguments.sampler in (None, sampler):
            block = models[model]
            trainer = Trainer(
                build_model(block["architecture"], 5, 100, block["network"]),
                samples,
                block["training"],
                1,
                device,
            )
            speeds[sampler] = time_steps(trainer, arguments.steps, device)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            hours = FULL / speeds[sampler] / 3600
            print(
                f"{sampler:8s} {speeds[sampler]:8.0f} samples/s, {hours:6.2f} h an epoch at "
                f"full scale, peak memory {peak:.1f} GB",
                flush=True,
            )
    if len(speeds) == 2:
        print(f"by gene is {speeds['by_gene'] / speeds['random']:.1f} times as fast")


if __name__ == "__main__":
    main()
