"""Genes per second of every net, training and predicting, as its study has it, on made-up counts.

    python tests/benchmarks/train.py [--study deepdiff] [--models raw_d,raw_aux] [--genes 200]
    [--repeats 3] [--threads 1] [--device cpu|cuda] [--batch-size N]

An epoch over `--genes` training genes and a pass over as many validation genes, the fastest of some
after one that warms up. For DeepDiff the encoder is also timed both ways, one LSTM a mark and all
marks as one, on the device.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

import numpy as np
import torch
from shipped import read_studies

from markexpr import devices
from markexpr.data.samples import Samples
from markexpr.data.splits import UNLABELLED
from markexpr.models import build_model
from markexpr.models.layers import MarkEncoder, draw_uniform
from markexpr.training import Trainer


def made_up(genes, n_bins, pair, labels, unlabelled=False):
    """Samples of random counts: `genes` to train and as many to validate, and as many without a
    label if asked."""
    rng = np.random.default_rng(1)
    splits = ["train", "valid", UNLABELLED][: 3 if unlabelled else 2]
    n = len(splits) * genes
    inputs = {
        name: rng.poisson(2.0, (n, 5, n_bins)).astype(np.float32)
        for name in (("a", "b") if pair else ("marks",))
    }
    own = {cell: rng.normal(6, 3, n).astype(np.float32) for cell in "ab"} if pair else {}
    target = (rng.permutation(n) % 2 if labels else rng.normal(0, 3, n)).astype(np.float32)
    return Samples(
        inputs,
        target,
        np.repeat(splits, genes),
        np.arange(n).astype(str),
        np.full(n, "E003"),
        [f"m{i}" for i in range(5)],
        own,
    )


def keep_freed_memory():
    """As a fit does; an older revision cannot."""
    getattr(devices, "keep_freed_memory", lambda: None)()


def make_trainer(study, block, genes, device, batch_size=None):
    """A fit of a net of a study that does not pool cells, as train_model makes it. A model that
    learns from a second cell (`trained_on: both`) has one."""
    span, width = (int(part.removesuffix("bp")) for part in study["data"]["window"].split("_"))
    pair = study["task"] == "pairs" and not block["cell_by_cell"]
    labels = study["data"]["target"]["kind"] == "median_label"
    samples = made_up(genes, span // width, pair, labels, "domain" in block["training"])
    settings = {**block["training"]}
    if batch_size:
        settings["batch_size"] = batch_size
    torch.manual_seed(1)
    model = build_model(block["architecture"], 5, span // width, block["network"])
    return Trainer(model, samples, settings, 1, device)


def synchronise(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def seconds(work, device, repeats):
    """The least of the seconds that some work takes, after once that warms up. On one thread of a
    CPU they are seconds of the processor, which other work on the machine disturbs less."""
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    clock, found = time.process_time if alone else time.perf_counter, []
    for _ in range(repeats + 1):
        synchronise(device)
        start = clock()
        work()
        synchronise(device)
        found.append(clock() - start)
    return min(found[1:])


def time_model(study, block, genes, device, batch_size=None, repeats=3):
    """Seconds of an epoch of training, and of a pass over the validation genes."""
    trainer = make_trainer(study, block, genes, device, batch_size)
    return (
        seconds(lambda: trainer.train_epoch(1), device, repeats),
        seconds(trainer.validate, device, repeats),
    )


def time_encoders(device, n_marks=25, batch=10, bins=200):
    """Milliseconds of a step forwards and backwards through Level I, one LSTM a mark and all marks
    as one."""
    encoder = MarkEncoder(n_marks, 32).to(device)
    draw_uniform(encoder, 0.1)
    marks = torch.rand(batch, n_marks, bins, device=device)
    return [
        1000 * seconds(lambda way=way: way(marks)[0].sum().backward(), device, 3)
        for way in (encoder.one_by_one, encoder.at_once)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", default="deepdiff")
    parser.add_argument("--models", help="comma-separated; all nets of the study by default")
    parser.add_argument("--genes", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch-size", type=int)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    keep_freed_memory()
    device = torch.device(arguments.device)
    study = read_studies()[arguments.study]
    blocks = {model: block for model, block in study["models"].items() if "network" in block}
    for model in arguments.models.split(",") if arguments.models else blocks:
        trained, validated = time_model(
            study, blocks[model], arguments.genes, device, arguments.batch_size, arguments.repeats
        )
        print(
            f"{model:32s} {arguments.genes / trained:9.0f} genes/s training  "
            f"{arguments.genes / validated:9.0f} genes/s predicting",
            flush=True,
        )
    if arguments.study == "deepdiff":
        one, whole = time_encoders(device)
        print(
            f"Level I of 25 marks, batch 10, on {device}: {one:.0f} ms a step with one LSTM "
            f"a mark, {whole:.0f} ms with all as one"
        )


if __name__ == "__main__":
    main()
