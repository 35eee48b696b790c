"""Genes per second of the nets of study dense_ensemble, all cells one by one and all together, on
made-up counts.

    python tests/benchmarks/together.py [--models densenet,resnet] [--cells 10] [--genes 500]
    [--threads 1] [--device cpu|cuda]

One epoch each, after one that warms up, of the same fits: the same start, order and dropout. Prints
a line a model with both speeds, their ratio, how far apart the two ways' mean training losses are
(rounding alone), and how many operations torch runs for one epoch, each
of them a launch on a GPU: what a small net waits for there.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from train import synchronise

from markexpr import configuration, studies
from markexpr.data.samples import Samples
from markexpr.models import build_seeded
from markexpr.stacked import StackedTrainer
from markexpr.training import Trainer


def made_up(cell, genes):
    """Samples of random log counts: `genes` to train and a tenth to validate."""
    rng = np.random.default_rng(int(cell[1:]))
    n = genes + genes // 10
    marks = np.log1p(rng.poisson(2.0, (n, 5, 100))).astype(np.float32)
    target = (marks[:, 3, 45:55].sum(axis=1) / 4 + rng.normal(0, 1, n)).astype(np.float32)
    split = np.repeat(["train", "valid"], [genes, genes // 10])
    return Samples(
        {"marks": marks},
        target,
        split,
        np.arange(n).astype(str),
        np.full(n, cell),
        [f"m{i}" for i in range(5)],
    )


def seconds(trainers, device):
    """Of a second epoch of all trainers."""
    for trainer in trainers:
        trainer._train_epoch(1)
    synchronise(device)
    start = time.perf_counter()
    for trainer in trainers:
        trainer._train_epoch(2)
    synchronise(device)
    return time.perf_counter() - start


class Counter(TorchDispatchMode):
    """Counts the operations that torch runs."""

    number = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.number += 1
        return function(*args, **(kwargs or {}))


def operations(trainers):
    """Of a third epoch of all trainers."""
    with Counter() as counter:
        for trainer in trainers:
            trainer._train_epoch(3)
    return counter.number


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", help="comma-separated; all nets by default")
    parser.add_argument("--cells", type=int, default=10)
    parser.add_argument("--genes", type=int, default=500)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    schema, config = (
        configuration.read_yaml(ROOT / path)
        for path in ("workflow/schemas/study.schema.yaml", "config/config.yaml")
    )
    blocks = studies.load_studies(ROOT / "config/studies", {}, schema, config["marks"])[
        "dense_ensemble"
    ]["models"]
    samples = [
        made_up(f"E{number:03}", arguments.genes) for number in range(1, arguments.cells + 1)
    ]
    units = [str(own.cell[0]) for own in samples]
    for model in (
        arguments.models.split(",")
        if arguments.models
        else [name for name, block in blocks.items() if "network" in block]
    ):
        block = blocks[model]
        alone = [
            Trainer(build_seeded(block, own, 1, unit), own, block["training"], 1, device, unit=unit)
            for own, unit in zip(samples, units)
        ]
        together = StackedTrainer(
            [build_seeded(block, own, 1, unit) for own, unit in zip(samples, units)],
            samples,
            block["training"],
            1,
            device,
            units=units,
        )
        one, many = seconds(alone, device), seconds([together], device)
        losses = [
            np.array([row["train_loss"] for fit in fits for row in fit.steps])
            for fits in ([own.progress for own in alone], together.fits)
        ]
        apart = np.abs(losses[0] / losses[1] - 1).max()
        launches = operations(alone), operations([together])
        genes = arguments.cells * arguments.genes
        print(
            f"{model:16s} {arguments.cells} cells on {device}: one by one {genes / one:8.0f} "
            f"genes/s, together {genes / many:8.0f} genes/s, "
            f"{one / many:.2f} times as fast; losses at most {apart:.0e} apart; "
            f"{launches[0]:,} and {launches[1]:,} operations "
            f"({launches[0] / launches[1]:.0f} times fewer)",
            flush=True,
        )


if __name__ == "__main__":
    main()
