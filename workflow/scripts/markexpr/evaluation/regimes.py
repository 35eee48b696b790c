"""Scores by what was seen in training: genes of seen cells, and cells that no model was trained on.
Reads predictions, never models.

A row is a gene in a cell. Rows of all cells of a regime are scored together, as the class
competition did that DenseEnsemble and WakaWaka took part in. Intervals are over genes, each drawn
with its rows of all cells, and compare models on the same draws.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from markexpr.evaluation.metrics import draws

# from a regime to what tables call it, in the order of how much is new
REGIMES = {
    "train_seen": "training genes, seen cells",
    "valid_seen": "validation genes, seen cells",
    "test_seen": "held-out genes, seen cells",
    "unseen": "all genes, unseen cells",
    "unseen_known": "– of them, genes that train in other cells",
    "unseen_new": "– of them, genes held out everywhere",
    "competition": "held-out genes of seen cells and all of unseen ones",
}
CONTROL = "gene_mean"  # what a model must beat to have learned more than which gene it looks at
ALPHA = 0.05


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
        """Whether a gene trains or validates in some seen cell, bool [genes]."""
        return (np.isin(self.split, ("train", "valid")) & self.seen[:, None]).any(axis=0)

    def of(self, regime):
        """Which rows a regime is made of, bool [cells, genes]."""
        seen, known, test = self.seen[:, None], self.known[None, :], self.split == "test"
        return {
            "train_seen": seen & (self.split == "train"),
            "valid_seen": seen & (self.split == "valid"),
            "test_seen": seen & test,
            "unseen": ~seen & test,
            "unseen_known": ~seen & test & known,
            "unseen_new": ~seen & test & ~known,
            "competition": test & np.ones_like(seen),
        }[regime]

    def gene_means(self):
        """Each gene's mean true value over seen cells but the row's own, [cells, genes]; NaN where
        there is no other."""
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


def _sums(true, predicted, mean, mask):
    """Per gene: number of rows, and sums of x (true), y (predicted), m (gene mean) and their
    products, and of (x - y)², float64 [11, genes]."""
    x, y, m = (np.where(mask, values, 0.0) for values in (true, predicted, mean))
    parts = (x, y, m, x * x, y * y, m * m, x * y, x * m, y * m, (x - y) ** 2)
    return np.stack([mask.sum(axis=0), *(part.sum(axis=0) for part in parts)])


def _correlation(covariance, variance, other):
    """Pearson correlation; NaN where one of both varies no more than rounding does."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(
            (variance > 1e-9) & (other > 1e-9), covariance / np.sqrt(variance * other), np.nan
        )


def _scores(sums):
    """MSE and Pearson correlation of sums over genes [11, …]; after subtracting the gene mean; and
    partial, given the gene mean. NaN: undefined."""
    n, x, y, m, xx, yy, mm, xy, xm, ym, error = (part.astype(np.float64) for part in sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        # variances and covariances
        xx, yy, mm = xx / n - (x / n) ** 2, yy / n - (y / n) ** 2, mm / n - (m / n) ** 2
        xy, xm, ym = xy / n - x * y / n**2, xm / n - x * m / n**2, ym / n - y * m / n**2
        return {
            "mse": error / n,
            "pearson": _correlation(xy, xx, yy),
            "pearson_beyond_mean": _correlation(
                xy - xm - ym + mm, xx - 2 * xm + mm, yy - 2 * ym + mm
            ),
            "partial_pearson": _correlation(xy - xm * ym / mm, xx - xm**2 / mm, yy - ym**2 / mm),
        }


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
    means, found = rows.gene_means(), []
    models = list(dict.fromkeys(model for model, _ in rows.predicted))
    for regime in REGIMES:
        whole = rows.of(regime) & np.isfinite(rows.truth)
        if not whole.any():
            continue
        beyond = whole & np.isfinite(means)
        here = {}
        for model in models:
            seeds = [predicted for (name, _), predicted in rows.predicted.items() if name == model]
            if all(np.isfinite(predicted[whole]).all() for predicted in seeds):
                here[model] = [
                    (_sums(rows.truth, one, means, whole), _sums(rows.truth, one, means, beyond))
                    for one in seeds
                ]
        genes = whole.any(axis=0)
        drawn = {model: [] for model in here}
        for weights in draws(int(genes.sum()), replicates, seed):
            for model, parts in here.items():
                drawn[model].append(
                    [[_scores((weights @ sums[:, genes].T).T) for sums in pair] for pair in parts]
                )
        table = {model: _summary(parts, drawn[model]) for model, parts in here.items()}
        for model, (values, replicated) in table.items():
            row = {
                "regime": regime,
                "model": model,
                "cells": int(whole.any(axis=1).sum()),
                "genes": int(genes.sum()),
                "rows": int(whole.sum()),
            }
            row |= _with_intervals(values, replicated)
            row |= (
                _against(values, replicated, *table[CONTROL])
                if CONTROL in table and model != CONTROL
                else {"verdict": ""}
            )
            found.append(row)
    return pd.DataFrame(found)


# the score and over which rows: all, or those that have a gene mean
SCORES = (("mse", 0), ("pearson", 0), ("pearson_beyond_mean", 1), ("partial_pearson", 1))


def _summary(parts, drawn):
    """Values and replicates of SCORES, means over seeds, ({name: value}, {name: float
    [replicates]})."""
    values, replicated = {}, {}
    for name, rows in SCORES:
        values[name] = float(np.mean([_scores(pair[rows].sum(axis=1))[name] for pair in parts]))
        replicated[name] = np.concatenate(
            [np.mean([pair[rows][name] for pair in chunk], axis=0) for chunk in drawn]
        )
    return values, replicated


def _with_intervals(values, replicated):
    row = {}
    for name, value in values.items():
        defined = replicated[name][np.isfinite(replicated[name])]
        low, high = (
            np.quantile(defined, [ALPHA / 2, 1 - ALPHA / 2])
            if defined.size and np.isfinite(value)
            else (np.nan, np.nan)
        )
        row |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return row


def _against(values, replicated, control, control_replicated):
    """Difference of a model's MSE to the control's, on the same draws of genes, and what it
    says."""
    difference = replicated["mse"] - control_replicated["mse"]
    low, high = np.quantile(difference, [ALPHA / 2, 1 - ALPHA / 2])
    verdict = (
        "beats the gene mean"
        if high < 0
        else "worse than the gene mean"
        if low > 0
        else "no different from the gene mean"
    )
    more = {
        "mse_minus_gene_mean": values["mse"] - control["mse"],
        "mse_minus_gene_mean_low": low,
        "mse_minus_gene_mean_high": high,
    }
    return {**more, "verdict": verdict}
