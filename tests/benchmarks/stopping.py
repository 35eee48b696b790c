"""What early stopping costs and saves: the validation curve of a net over all its epochs.

    python tests/benchmarks/stopping.py TENSORS [TENSORS ...] [--study transferchrome]
        [--model transferchrome] [--epochs 200] [--figure docs/stopping.svg]

TENSORS: results/tensors/{study}/{cell}.npz. Trains the net of each cell to its last epoch, without
early stopping, and prints for each patience the epoch that it would have stopped after, and by how
much the best validation score so far lies below the best of all epochs. Test genes are not read.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

import numpy as np
import torch
from shipped import read_studies

from markexpr.data.samples import load_cell
from markexpr.models import build_seeded
from markexpr.plots import PALETTE, plt
from markexpr.training import Trainer

PATIENCES = (5, 10, 15, 20, 30, 50)


def curve(path, block, epochs):
    """The monitored validation score of every epoch of a fit, larger is better, float [epochs]."""
    monitor = block["training"]["early_stopping"]["monitor"]
    stopping = {"monitor": monitor, "patience": 0}
    settings = {**block["training"], "epochs": epochs, "early_stopping": stopping}
    samples = load_cell(path)
    torch.set_num_threads(1)
    model = build_seeded(block, samples, 1, Path(path).stem)
    trainer = Trainer(model, samples, settings, 1, torch.device("cpu"))
    history = trainer.fit()
    sign, column = (-1, "valid_loss") if monitor == "loss" else (1, f"valid_{monitor}")
    print(f"{path}: {(samples.split == 'train').sum()} training genes", flush=True)
    return sign * np.array([row[column] for row in history])


def stop_after(scores, patience):
    """The epoch that a fit with some patience ends after, from 1."""
    best, best_epoch = -np.inf, 0
    for epoch, score in enumerate(scores, 1):
        if score > best:
            best, best_epoch = score, epoch
        if epoch - best_epoch >= patience:
            return epoch
    return len(scores)


def draw(curves, patience, path):
    figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
    for (name, scores), colour in zip(curves.items(), PALETTE):
        epochs = np.arange(1, len(scores) + 1)
        axes.plot(epochs, scores, color=colour, linewidth=0.6, alpha=0.5)
        axes.plot(epochs, np.maximum.accumulate(scores), color=colour, label=name)
        end = stop_after(scores, patience)
        axes.plot(end, scores[:end].max(), "o", color=colour, markersize=5)
    low = min(np.quantile(scores, 0.1) for scores in curves.values())
    axes.set(xlabel="epoch", ylabel="AUC of the validation genes", ylim=(low - 0.01, None))
    axes.legend(title=f"best so far; dot: end with patience {patience}", loc="lower right")
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tensors", nargs="+", type=Path)
    parser.add_argument("--study", default="transferchrome")
    parser.add_argument("--model", default="transferchrome")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    block = read_studies()[options.study]["models"][options.model]
    epochs = options.epochs or block["training"]["epochs"]
    curves = {path.stem: curve(path, block, epochs) for path in options.tensors}
    print("patience" + "".join(f"  {name:>20s}" for name in curves))
    for patience in PATIENCES:
        ends = {name: stop_after(scores, patience) for name, scores in curves.items()}
        cells = [
            f"epoch {ends[name]:3d}, {scores[: ends[name]].max() - scores.max():+.4f}"
            for name, scores in curves.items()
        ]
        print(f"{patience:8d}" + "".join(f"  {cell:>20s}" for cell in cells))
    if options.figure:
        draw(curves, block["training"]["early_stopping"]["patience"], options.figure)


if __name__ == "__main__":
    main()
