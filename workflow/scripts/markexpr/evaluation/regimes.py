"""Scores by what was seen, that is, trained on: genes of seen cells, and cells that no model was
trained on. Reads predictions, never models.

A row is a gene in a cell. Rows of all cells of a regime are scored together, as the class
competition did that DenseEnsemble and WakaWaka took part in. Intervals are over genes, each drawn
with its rows of all cells, and compare models on the same draws.
"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from markexpr.evaluation.intervals import bootstrap, difference, interval
from markexpr.evaluation.scorer import Sums

# from a regime to what tables call it, in the order of how much is new
REGIMES = {
    "train_seen": "training genes, seen cells",
    "valid_seen": "validation genes, seen cells",
    "test_seen": "held-out genes, seen cells",
    "unseen": "all genes, unseen cells",
    "unseen_known": "– of them, genes that train in other cells",
    "unseen_valid": "– of them, genes that only validate in other cells",
    "unseen_new": "– of them, genes held out everywhere",
    "competition": "held-out genes of seen cells and all of unseen ones",
}
CONTROL = "gene_mean"  # what a model must beat to have learned more than which gene it looks at


@dataclass
class Rows:
    """Predictions of a study as matrices [cells, genes]; NaN where a cell lacks a gene.

    truth: true values; split: str; predicted: from (model, seed) to predictions, of some cells only
    where a model was not run on all.
    """

    cells: list
    genes: np.ndarray
    truth: np.ndarray
    split: np.ndarray
    predicted: dict = field(default_factory=dict)

    @property
    def seen(self):
        """Whether a cell has training genes, bool [cells]."""
        return (self.split == "train").any(axis=1)

    @property
    def known(self):
        """Whether a gene trains in some cell, bool [genes]. One that only validates is not seen."""
        return (self.split == "train").any(axis=0)

    @property
    def validates(self):
        """Whether a gene validates in some seen cell and trains in none, bool [genes]: neither seen
        nor held out, since it may have a say in the choice of the epoch."""
        return ((self.split == "valid") & self.seen[:, None]).any(axis=0) & ~self.known

    def select(self, regime):
        """Which rows a regime is made of, bool [cells, genes]."""
        seen, test = self.seen[:, None], self.split == "test"
        known, validates = self.known[None, :], self.validates[None, :]
        return {
            "train_seen": seen & (self.split == "train"),
            "valid_seen": seen & (self.split == "valid"),
            "test_seen": seen & test,
            "unseen": ~seen & test,
            "unseen_known": ~seen & test & known,
            "unseen_valid": ~seen & test & validates,
            "unseen_new": ~seen & test & ~known & ~validates,
            "competition": test & np.ones_like(seen),
        }[regime]

    def gene_means(self):
        """Each gene's mean true value over seen cells but the row's own, [cells, genes]; NaN where
        there is no other.

        A yardstick of what the gene tells, of all genes alike. No control may predict by it.
        """
        seen = np.where(self.seen[:, None], self.truth, np.nan)
        total, number = np.nansum(seen, axis=0), np.isfinite(seen).sum(axis=0)
        own = np.nan_to_num(seen)
        others = number - np.isfinite(seen)
        return np.where(others > 0, (total - own) / np.maximum(others, 1), np.nan)


def gather(runs):
    """The Rows of a study's runs. runs: iterable of (model, unit, seed, predictions as
    markexpr.io.runs.read_predictions gives them)."""
    kept, lists, truth = [], {}, {}
    for model, unit, seed, table in runs:
        genes = table["gene_id"].to_numpy(dtype=str)
        # most runs have the same genes in the same order: one list serves all of them, of 1,700
        # runs at full scale
        genes = lists.setdefault(hash(genes.tobytes()), genes)
        kept.append((model, unit, seed, genes, table["y_pred"].to_numpy()))
        truth.setdefault(unit, {})[id(genes)] = (
            genes,
            table["y_true"].to_numpy(),
            table["split"].to_numpy(dtype="<U5"),
        )
    cells = sorted(truth)
    every = np.unique(np.concatenate(list(lists.values())))
    rows = Rows(
        cells,
        every,
        np.full((len(cells), len(every)), np.nan),
        np.full((len(cells), len(every)), "", dtype="<U5"),
    )
    for row, cell in enumerate(cells):
        for genes, values, split in truth[cell].values():
            column = np.searchsorted(every, genes)
            rows.truth[row, column], rows.split[row, column] = values, split
    for model, unit, seed, genes, values in kept:
        predicted = rows.predicted.setdefault((model, seed), np.full(rows.truth.shape, np.nan))
        predicted[cells.index(unit), np.searchsorted(every, genes)] = values
    return rows


def score(rows, replicates, seed):
    """Score each model in each regime. Returns a DataFrame, one row a regime and model; mean over
    seeds.

    mse, pearson; pearson_beyond_mean: after subtracting each gene's mean over the other seen cells
    from both true and predicted values. That mean is subtracted with its own error, more of it the
    fewer cells there are, which correlates what is left even for a constant prediction;
    partial_pearson, the correlation given the mean, does not have this fault. mse_minus_gene_mean:
    difference to the control, and `verdict`, whether its interval excludes 0. Columns *_low and
    *_high: 95 % bootstrap intervals over genes. A model that was not run on every cell of a regime
    is left out of it.
    """
    means, table = rows.gene_means(), []
    for regime in REGIMES:
        chosen = rows.select(regime) & np.isfinite(rows.truth)
        sums = _sum_models(rows, chosen, means)
        if not sums:
            continue
        counts = {
            "cells": int(chosen.any(axis=1).sum()),
            "genes": int(chosen.any(axis=0).sum()),
            "rows": int(chosen.sum()),
        }

        unweighted = _score_models(sums, np.ones((1, counts["genes"])))
        values = {key: float(value[0]) for key, value in unweighted.items()}
        replicated = bootstrap(partial(_score_models, sums), counts["genes"], replicates, seed)
        for model in sums:
            row = {"regime": regime, "model": model, **counts}
            for (own, name), value in values.items():
                if own == model:
                    low, high = interval(value, replicated[own, name])
                    row |= {name: value, f"{name}_low": low, f"{name}_high": high}
            table.append(row | _compare(model, values, replicated))
    return pd.DataFrame(table)


def _sum_models(rows, chosen, means):
    """Sums over the chosen rows of each model that was run on all of them, from a model to one pair
    a seed: of all rows, and of those that have a gene mean.

    chosen: bool [cells, genes]; means: float64 [cells, genes].
    """
    genes, known = chosen.any(axis=0), chosen & np.isfinite(means)
    place = np.broadcast_to(np.cumsum(genes) - 1, chosen.shape)  # of a gene among those with a row
    sums = {}
    for model in dict.fromkeys(model for model, _ in rows.predicted):
        seeds = [predicted for (name, _), predicted in rows.predicted.items() if name == model]
        if not genes.any() or not all(np.isfinite(one[chosen]).all() for one in seeds):
            continue
        sums[model] = [
            (
                Sums(rows.truth[chosen], one[chosen], None, place[chosen], int(genes.sum())),
                Sums(rows.truth[known], one[known], means[known], place[known], int(genes.sum())),
            )
            for one in seeds
        ]
    return sums


def _score_models(sums, weights):
    """Scores of models on genes so weighted, float64 [replicates, genes]; mean over seeds. Returns
    {(model, name): float64 [replicates]}.

    sums: as _sum_models gives them.
    """
    scores = {}
    for model, seeds in sums.items():
        found = []
        for of_all, of_known in seeds:
            moments, beyond = of_all.moments(weights), of_known.moments(weights)
            found.append(
                {
                    "mse": moments.mse(),
                    "pearson": moments.pearson(),
                    "pearson_beyond_mean": beyond.pearson_beyond_mean(),
                    "partial_pearson": beyond.partial_pearson(),
                }
            )
        for name in found[0]:
            scores[model, name] = np.mean([one[name] for one in found], axis=0)
    return scores


def _compare(model, values, replicated):
    """Difference of a model's MSE to the control's, on the same draws of genes, and what it
    says."""
    own, control = (model, "mse"), (CONTROL, "mse")
    if control not in values or model == CONTROL:
        return {"verdict": ""}
    change, low, high = difference(
        values[own], replicated[own], values[control], replicated[control]
    )
    verdict = (
        "beats the gene mean"
        if high < 0
        else "worse than the gene mean"
        if low > 0
        else "no different from the gene mean"
    )
    return {
        "mse_minus_gene_mean": change,
        "mse_minus_gene_mean_low": low,
        "mse_minus_gene_mean_high": high,
        "verdict": verdict,
    }
