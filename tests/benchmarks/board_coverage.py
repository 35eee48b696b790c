"""How often the 95 % intervals of the board hold the truth, and how often equal models are called
better: simulated boards, of which the truth is the mean over all of them.

    python tests/benchmarks/board_coverage.py [boards] [replicates]

Every board has new cells, new seeds and new genes. A model's correlation with the truth varies by
cell, seed and block of genes, and half of the noise of a gene is the same in all cells. Two
settings: models differ from cell to cell little (spread of 0.01 in r) or much (0.03). Prints a line
a number of cells: coverage of a score, of the difference of two equal models, and how often one of
these is told to be better; widths are medians. Then, of six equal models, on how many boards any is
told to be better than another.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow/scripts"))

from markexpr.evaluation import hierarchy
from markexpr.evaluation.equivalence import BETTER, WORSE, compare_all

BLOCKS, GENES, SEEDS = 40, 10, 3  # in all; of a block; of a model


def simulate(rng, cells, models, spread, margin=0.0):
    """What some models predict on a new board: from a model to its fits, of each cell and seed, as
    hierarchy.score_fits takes them.

    models: how many; the first correlates by `margin` more; spread: of correlations over cells.
    """
    block = np.repeat(np.arange(BLOCKS), GENES)
    of_genes = rng.normal(0, 1, len(block))
    truth = np.sqrt(0.7) * of_genes + np.sqrt(0.3) * rng.normal(0, 1, (cells, len(block)))
    return {
        f"m{number}": _simulate_model(rng, truth, block, spread, margin * (number == 0))
        for number in range(models)
    }


def _simulate_model(rng, truth, block, spread, gain):
    of_block, of_gene = rng.normal(0, 0.05, BLOCKS)[block], rng.normal(0, 1, len(block))
    fits = []
    for of_cell in truth:
        cell_gain = rng.normal(gain, spread)
        in_cell = np.sqrt(0.5) * of_gene + np.sqrt(0.5) * rng.normal(0, 1, len(block))
        seeds = []
        for _ in range(SEEDS):
            r = np.clip(0.7 + cell_gain + of_block + rng.normal(0, 0.01), 0, 0.98)
            noise = np.sqrt(0.9) * in_cell + np.sqrt(0.1) * rng.normal(0, 1, len(block))
            seeds.append((of_cell, r * of_cell + np.sqrt(1 - r**2) * noise, block))
        fits.append(seeds)
    return fits


def score(fits, draws):
    """Replicated of one model. fits: of each cell and seed, as hierarchy.score_fits takes them."""
    found = [[hierarchy.score_fits([fit], draws, "pearson") for fit in cell] for cell in fits]
    return hierarchy.Replicated(
        np.array([[value for value, _ in cell] for cell in found]),
        np.array([[replicates for _, replicates in cell] for cell in found]),
    )


def run_board(seed, cells, spread, replicates, models=2, margin=0.0):
    """One board: its Summaries by name, and its Draws."""
    rng = np.random.default_rng(seed)
    draws = hierarchy.Draws(np.zeros(BLOCKS, dtype=int), cells, replicates, seed)
    fits = simulate(rng, cells, models, spread, margin)
    found = {name: score(one, draws) for name, one in fits.items()}
    return {name: hierarchy.summarise(one, draws) for name, one in found.items()}, draws


def measure(cells, spread, boards, replicates):
    scores, differences, called = [], [], 0
    for seed in range(boards):
        summaries, draws = run_board(1000 * cells + seed, cells, spread, replicates)
        one, other = summaries["m0"], summaries["m1"]
        scores.append((one.value, *hierarchy.judge(one, draws)[:2]))
        change = hierarchy.subtract(one, other)
        differences.append((change.value, *hierarchy.judge(change, draws)[:2]))
        verdict = compare_all(summaries, [], draws, 1e-9)["verdict"].iloc[0]
        called += verdict in (BETTER, WORSE)
    scores, differences = np.array(scores), np.array(differences)
    truth = scores[:, 0].mean()
    held = ((scores[:, 1] <= truth) & (truth <= scores[:, 2])).mean()
    held_difference = ((differences[:, 1] <= 0) & (differences[:, 2] >= 0)).mean()
    width = np.median(differences[:, 2] - differences[:, 1])
    return held, held_difference, called / boards, width


def measure_family(cells, spread, boards, replicates, models=6):
    """Share of boards of equal models on which any is told to be better than another."""
    called = 0
    for seed in range(boards):
        summaries, draws = run_board(1000 * cells + seed, cells, spread, replicates, models)
        verdicts = compare_all(summaries, [], draws, 1e-9)["verdict"]
        called += verdicts.isin([BETTER, WORSE]).any()
    return called / boards


def main():
    boards = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    replicates = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    print("cells\tspread\tscore\tdifference\tcalled better\twidth")
    for spread in (0.01, 0.03):
        for cells in (1, 2, 3, 6, 12, 56):
            some = boards if cells < 56 else max(boards // 4, 50)
            found = measure(cells, spread, some, replicates)
            print(cells, spread, *(f"{one:.3f}" for one in found), sep="\t", flush=True)
    print("cells\tspread\tany of six equal models called better")
    for cells in (1, 2, 4, 12):
        found = measure_family(cells, 0.01, max(boards // 2, 1), replicates)
        print(cells, 0.01, f"{found:.3f}", sep="\t", flush=True)


if __name__ == "__main__":
    main()
