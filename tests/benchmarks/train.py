"""Genes per second of every net, training and predicting, as its study has it, on made-up counts.

    python tests/benchmarks/train.py [--study deepdiff] [--models raw_d,raw_aux] [--genes 200]
    [--threads 1] [--device cpu|cuda] [--batch-size N]

One epoch over `--genes` training genes and a pass over as many validation genes, after one that
warms up. For DeepDiff the encoder is also timed both ways, one LSTM a mark and all marks as one, on
the device. Prints a line a model; `--authors` sets beside it what the authors' code of DeepDiff
takes an epoch of 200 and 200 genes on one thread of a two-core machine (1.6, 7.4 and 7.7 s), a
guide only.
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

from markexpr.data.samples import Samples
from markexpr.models import build_model
from markexpr.models.layers import MarkEncoder, draw_uniform
from markexpr.training import Trainer

AUTHORS = {"raw_d": 1.6, "raw_aux": 7.4, "raw_aux_siamese": 7.7}  # seconds an epoch


def made_up(genes, n_bins, pair, labels):
    """Samples of random counts: `genes` to train and as many to validate."""
    rng = np.random.default_rng(1)
    n = 2 * genes
    inputs = {
        name: rng.poisson(2.0, (n, 5, n_bins)).astype(np.float32)
        for name in (("a", "b") if pair else ("marks",))
    }
    own = {cell: rng.normal(6, 3, n).astype(np.float32) for cell in "ab"} if pair else {}
    target = (rng.permutation(n) % 2 if labels else rng.normal(0, 3, n)).astype(np.float32)
    split = np.repeat(["train", "valid"], genes)
    return Samples(
        inputs,
        target,
        split,
        np.arange(n).astype(str),
        np.full(n, "E003"),
        [f"m{i}" for i in range(5)],
        own,
    )


def synchronise(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def time_model(study, block, arguments, device):
    """Seconds of one epoch of training, and of one pass over the validation genes."""
    span, width = (int(part.removesuffix("bp")) for part in study["data"]["window"].split("_"))
    pair = study["task"] == "pairs" and not block["cell_by_cell"]
    samples = made_up(
        arguments.genes, span // width, pair, study["data"]["target"]["kind"] == "median_label"
    )
    settings = {**block["training"]}
    settings.pop("domain", None)  # no second cell here
    if arguments.batch_size:
        settings["batch_size"] = arguments.batch_size
    torch.manual_seed(1)
    network = {
        **block["network"],
        **({"domain_hidden": 0} if "domain_hidden" in block["network"] else {}),
    }
    trainer = Trainer(
        build_model(block["architecture"], 5, span // width, network), samples, settings, 1, device
    )
    trainer.train_epoch(1)
    trainer.validate()
    synchronise(device)
    start = time.perf_counter()
    trainer.train_epoch(2)
    synchronise(device)
    trained = time.perf_counter()
    trainer.validate()
    synchronise(device)
    return trained - start, time.perf_counter() - trained, settings["batch_size"]


def time_encoders(device, n_marks=25, batch=10, bins=200):
    """Milliseconds of a step forwards and backwards through Level I, one LSTM a mark and all marks
    as one."""
    encoder = MarkEncoder(n_marks, 32).to(device)
    draw_uniform(encoder, 0.1)
    marks = torch.rand(batch, n_marks, bins, device=device)
    found = {}
    for name in ("states", "states_at_once"):
        for repeat in range(4):
            if repeat == 1:
                synchronise(device)
                start = time.perf_counter()
            getattr(encoder, name)(marks).sum().backward()
        synchronise(device)
        found[name] = 1000 * (time.perf_counter() - start) / 3
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", default="deepdiff")
    parser.add_argument("--models", help="comma-separated; all nets of the study by default")
    parser.add_argument("--genes", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--authors", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    study = read_studies()[arguments.study]
    blocks = {model: block for model, block in study["models"].items() if "network" in block}
    for model in arguments.models.split(",") if arguments.models else blocks:
        trained, validated, batch = time_model(study, blocks[model], arguments, device)
        line = (
            f"{model:32s} batch {batch:4d}  {arguments.genes / trained:9.0f} genes/s training  "
            f"{arguments.genes / validated:9.0f} genes/s predicting"
        )
        if arguments.authors and model in AUTHORS:
            line += (
                f"  {AUTHORS[model] / 400 / ((trained + validated) / (2 * arguments.genes)):.1f} "
                "times the authors' code"
            )
        print(line, flush=True)
    if arguments.study == "deepdiff":
        found = time_encoders(device)
        one, whole = found["states"], found["states_at_once"]
        print(
            f"Level I of 25 marks, batch 10, on {device}: {one:.0f} ms a step with one LSTM "
            f"a mark, {whole:.0f} ms with all as one"
        )


if __name__ == "__main__":
    main()
