"""Time and memory of WakaWaka's models on made-up data, and what the table of k-mers gains.

    python tests/benchmarks/pooled.py [--models wakawaka,wakawaka_by_gene] [--cells 50]
    [--genes 1745] [--steps 10] [--repeats 3] [--threads 1] [--device cpu|cuda]

By default a tenth of the full scale: 50 cells of 1,745 genes. Of each model, samples a second in
training (in the mean of its stages) and in validation, twice: with the first convolution of DNA as
a convolution, and by a table of k-mers (markexpr.models.kmers) where the model takes one. Both take
turns in one run, and the best of the repeats counts. Beside them the largest difference of outputs
and, relative to the largest, of gradients of one batch; hours of an epoch at full scale (50 cells
of 16,513 genes train and 1,835 validate); and the peak memory of the process so far, which holds
the data as a run does.
"""

import argparse
import math
import resource
import sys
import time
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

import numpy as np
import torch
from shipped import read_studies
from train import keep_freed_memory, synchronise

from markexpr.data.samples import Samples
from markexpr.models import build_model
from markexpr.training import Trainer

# samples of an epoch at full scale: 19,795 genes without the 1,447 that test, in 50 cells
FULL = {"training": 50 * 16_513, "validation": 50 * 1835}
VALIDATED = 2048  # samples whose validation is timed


@cache
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


def make_trainer(block, samples, device):
    model = build_model(block["architecture"], 5, 100, block["network"])
    return Trainer(model, samples, block["training"], 1, device)


def time_steps(trainer, steps, device):
    """Samples a second over some steps of an epoch, after two that warm up; in the mean of the
    stages."""
    epochs, seconds = 0, 0.0
    for stage in trainer.settings.get("stages", [{"epochs": trainer.settings["epochs"]}]):
        epochs += stage["epochs"]
        trainer._enter_stage(epochs)
        batches = [index for index, _ in trainer.draw_batches(1)[: steps + 2]]
        trainer.model.train()
        for number, index in enumerate(batches):
            if number == 2:
                synchronise(device)
                start = time.perf_counter()
            trainer.step(trainer.batch(index), 0.0)
        synchronise(device)
        n = sum(len(index) for index in batches[2:])
        seconds += stage["epochs"] * (time.perf_counter() - start) / n
    return epochs / seconds


def time_validation(trainer, device):
    """Samples a second of predictions for validation genes, with all of their cells."""
    valid = trainer.index["valid"]
    index = valid[trainer.inputs.order(valid)][:VALIDATED]
    trainer.model.outputs(trainer.inputs, index[: len(index) // 4])
    synchronise(device)
    start = time.perf_counter()
    trainer.model.outputs(trainer.inputs, index)
    synchronise(device)
    return len(index) / (time.perf_counter() - start)


def one_batch(block, samples, device):
    """Output and gradients of the first batch, by the way that is set."""
    torch.manual_seed(1)
    trainer = make_trainer(block, samples, device)
    index = trainer.draw_batches(1)[0][0]
    output = trainer.model.train()(**trainer.batch(index).inputs)
    output.square().mean().backward()
    return output.detach(), [value.grad for value in trainer.model.parameters()]


def compare(block, samples, steps, repeats, device):
    """Speeds by way, {way: (training, validation)}, and the largest differences of outputs and of
    gradients."""
    from markexpr.models import kmers  # here: against.py lets older revisions time their steps

    ways = {
        "convolution": dict.fromkeys(kmers.PLACES_PER_KMER, math.inf),
        "table": kmers.PLACES_PER_KMER,
    }
    speeds, found = {way: (0.0, 0.0) for way in ways}, {}
    for repeat in range(repeats):
        for way, places in ways.items():
            kmers.PLACES_PER_KMER = places
            if not repeat:
                found[way] = one_batch(block, samples, device)
            trainer = make_trainer(block, samples, device)
            measured = time_steps(trainer, steps, device), time_validation(trainer, device)
            speeds[way] = tuple(map(max, speeds[way], measured))
    (output, gradients), (other, others) = found.values()
    relative = [
        ((one - two).abs().max() / one.abs().max().clamp(min=1e-30)).item()
        for one, two in zip(gradients, others)
    ]
    return speeds, (output - other).abs().max().item(), max(relative)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="wakawaka,wakawaka_by_gene")
    parser.add_argument("--cells", type=int, default=50)
    parser.add_argument("--genes", type=int, default=1745)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    keep_freed_memory()
    device = torch.device(arguments.device)
    models = read_studies()["wakawaka"]["models"]
    samples = made_up(arguments.cells, arguments.genes, 10_000)
    held = (
        sum(array.nbytes for array in (samples.inputs["marks"], samples.by_gene["sequence"])) / 1e9
    )
    print(f"{len(samples.target):,} samples, {held:.2f} GB of marks and sequences")
    for name in arguments.models.split(","):
        speeds, outputs, gradients = compare(
            models[name], samples, arguments.steps, arguments.repeats, device
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"{name}: outputs differ by {outputs:.1e}, gradients by {gradients:.1e}")
        for way, each in speeds.items():
            hours = sum(n / speed for n, speed in zip(FULL.values(), each)) / 3600
            print(
                f"  {way:12s}"
                + "".join(f"{speed:7.0f} samples/s in {part}," for part, speed in zip(FULL, each))
                + f"{hours:6.2f} h an epoch"
            )
        times = [new / old for old, new in zip(*speeds.values())]
        print(f"  {times[0]:.1f} and {times[1]:.1f} times as fast; peak memory {peak:.1f} GB")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
