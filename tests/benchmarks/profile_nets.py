"""Where a step of training goes, net by net, on one thread.

    python tests/benchmarks/profile_nets.py [--models deepdiff/raw_d,wakawaka/wakawaka]
    [--genes 200]

A line a model: GFLOP and MB of a sample in a step of training (forwards, backwards, optimiser),
samples a second of the fastest of some steps, GFLOP a second, its share of what a product of two
float32 matrices of 1,024 x 1,024 reaches in the same run, and what shares of the step's time are
convolutions, LSTMs, matrix products, random numbers and the optimiser; the rest is element by
element, pools, norms, copies and Python. GFLOP are those of convolutions, matrix products and LSTMs
(2 a multiplication with its addition). MB are counted as if each operation read its tensors from
memory and wrote its results there, once; views count nothing.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

import pooled
import torch
import train
from shipped import read_studies
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, register_flop_formula

from markexpr.models import build_model
from markexpr.training import Trainer

MODELS = (
    "transferchrome/transferchrome,deepdiff/raw_d,deepdiff/raw_aux,deepdiff/raw_aux_siamese,"
    "transferchrome/attentivechrome,deepchrome/deepchrome,transferchrome/convchrome,"
    "dense_ensemble/densenet,dense_ensemble/resnet,dense_ensemble/alexnet,"
    "dense_ensemble/transformer,wakawaka/wakawaka,wakawaka/wakawaka_by_gene"
)
# kinds of work by parts of the names of torch's operations
KINDS = {
    "convolution": ("conv",),
    "LSTM": ("rnn_layer", "lstm"),
    "matrix product": ("aten::mm", "addmm", "bmm", "linear"),
    "random numbers": ("bernoulli", "uniform_", "randperm", "random_"),
}


@register_flop_formula(torch.ops.aten.mkldnn_rnn_layer)
def lstm_flop(input_, weight, recurrent, *_, **__):
    positions, batch, _ = input_
    return 2 * positions * batch * weight[0] * (weight[1] + recurrent[1])


@register_flop_formula(torch.ops.aten.mkldnn_rnn_layer_backward)
def lstm_backward_flop(input_, weight, recurrent, *_, **__):
    return 2 * lstm_flop(input_, weight, recurrent)


class Bytes(TorchDispatchMode):
    """Bytes of the tensors that operations read and write."""

    total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        read, written = (
            [leaf for leaf in tree_leaves(value) if isinstance(leaf, torch.Tensor)]
            for value in ((args, kwargs), result)
        )
        sources = {tensor.untyped_storage().data_ptr() for tensor in read}
        view = not func._schema.is_mutable and all(
            tensor.untyped_storage().data_ptr() in sources for tensor in written
        )
        if not view:
            self.total += sum(tensor.nbytes for tensor in [*read, *written])
        return result


def make(study, block, genes):
    """A fit of a net, and the samples of one of its batches."""
    device = torch.device("cpu")
    if study["task"] != "pooled":
        trainer = train.make_trainer(study, block, genes, device)
    else:
        model = build_model(block["architecture"], 5, 100, block["network"])
        samples = pooled.made_up(50, 400, study["sequence"])
        trainer = Trainer(model, samples, block["training"], 1, device)
    return trainer, trainer.draw_batches(1)[0]


def shares(trainer, batch, steps):
    """Shares of the time of some steps by kind of work."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(steps):
            trainer.step(trainer.batch(*batch), 0.5)
    events = profiled.key_averages()
    whole = sum(event.self_cpu_time_total for event in events)
    found = {
        kind: sum(
            event.self_cpu_time_total
            for event in events
            if any(part in event.key for part in parts)
        )
        for kind, parts in KINDS.items()
    }
    optimiser = [event for event in events if event.key.startswith("Optimizer.")]
    found["optimiser"] = sum(event.cpu_time_total for event in optimiser)
    found["rest"] = whole - sum(found.values())
    return {kind: value / whole for kind, value in found.items()}


def profile_model(study, block, genes):
    """GFLOP and MB of a sample, samples a second, and shares of the time by kind of work."""
    trainer, batch = make(study, block, genes)
    trainer.model.train()

    def step():
        trainer.step(trainer.batch(*batch), 0.5)

    n = len(batch[0])
    steps = max(10, genes // n)
    fastest = train.seconds(step, torch.device("cpu"), 2 * steps)
    with FlopCounterMode(display=False) as flop:
        step()
    with Bytes() as moved:
        step()
    return (
        flop.get_total_flops() / n / 1e9,
        moved.total / n / 1e6,
        n / fastest,
        shares(trainer, batch, steps),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--genes", type=int, default=200)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    train.keep_freed_memory()
    matrix = torch.rand(1024, 1024)
    peak = 2 * 1.024**3 / train.seconds(lambda: matrix @ matrix, torch.device("cpu"), 10)
    print(f"A matrix product: {peak:.0f} GFLOP/s. Shares are of a step's time.\n")
    kinds = [*KINDS, "optimiser", "rest"]
    columns = ["model", "GFLOP", "MB", "samples/s", "GFLOP/s", "of peak", *kinds]
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    studies = read_studies()
    for name in arguments.models.split(","):
        study, model = name.split("/")
        block = studies[study]["models"][model]
        gflop, megabytes, speed, by_kind = profile_model(studies[study], block, arguments.genes)
        numbers = [f"{gflop:.4f}", f"{megabytes:.2f}", f"{speed:,.0f}", f"{gflop * speed:.1f}"]
        parts = [gflop * speed / peak, *(by_kind[kind] for kind in kinds)]
        print(f"| {name} | " + " | ".join([*numbers, *(f"{part:.0%}" for part in parts)]) + " |")


if __name__ == "__main__":
    main()
