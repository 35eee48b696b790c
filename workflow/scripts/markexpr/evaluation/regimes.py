"""Scores by what was seen, that is, trained on: genes of seen cells, and cells that no model was
trained on. Reads predictions, never models.

A row is a gene in a cell. Rows of all cells of a regime are scored together, as the class
competition did that DenseEnsemble and WakaWaka took part in. Intervals are over genes, each drawn
with its rows of all cells, and over unseen cells, which are drawn as well: what is said of unseen
cells is said of more than those at hand. Seen cells are as they are. Models are compared on the
same draws.
"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from markexpr.evaluation.intervals import bootstrap, difference, interval
from markexpr.evaluation.scorer import Sums
from markexpr.io.files import write_npz

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
# where scores end; Student's intervals of a few cells may reach beyond
LEAST = {"mse": 0.0, "pearson": -1.0, "pearson_beyond_mean": -1.0, "partial_pearson": -1.0}
MOST = {"mse": np.inf, "pearson": 1.0, "pearson_beyond_mean": 1.0, "partial_pearson": 1.0}
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


@dataclass
class Scored:
    """What `score` finds.

    table: DataFrame, one row a regime and model; cells: DataFrame, one row an unseen cell and
    model; errors: from (regime, model) to Errors.
    """

    table: pd.DataFrame
    cells: pd.DataFrame
    errors: dict


@dataclass(frozen=True)
class Errors:
    """A model's MSE over the rows of a regime, `value`; float64 [replicates] of it, whose draws are
    those of all models of the regime; and how many `cells` were drawn."""

    value: float
    replicates: np.ndarray
    cells: int


def write_errors(path, errors):
    """Write what `score` found as `errors`, .npz."""
    keys = list(errors)
    write_npz(
        path,
        regime=[regime for regime, _ in keys],
        model=[model for _, model in keys],
        value=[errors[key].value for key in keys],
        cells=[errors[key].cells for key in keys],
        replicates=np.array([errors[key].replicates for key in keys]),
    )


def read_errors(path):
    """Read back what write_errors wrote."""
    with np.load(path) as held:
        columns = (held[name] for name in ("regime", "model", "value", "replicates", "cells"))
        return {
            (str(regime), str(model)): Errors(float(value), replicates, int(cells))
            for regime, model, value, replicates, cells in zip(*columns)
        }


def score(rows, replicates, seed):
    """Score each model in each regime, and on each unseen cell; mean over seeds. Returns Scored.

    mse, pearson; pearson_beyond_mean: after subtracting each gene's mean over the other seen cells
    from both true and predicted values. That mean is subtracted with its own error, more of it the
    fewer cells there are, which correlates what is left even for a constant prediction;
    partial_pearson, the correlation given the mean, does not have this fault. mse_minus_gene_mean:
    difference to the control, and `verdict`, whether its interval excludes 0. Columns *_low and
    *_high: 95 % bootstrap intervals over genes and unseen cells (markexpr.evaluation.intervals).
    A model that was not run on every cell of a regime is left out of it.
    """
    means, table, errors = rows.gene_means(), [], {}
    for regime in REGIMES:
        chosen = rows.select(regime) & np.isfinite(rows.truth)
        found, of_models = _score_regime(rows, chosen, means, replicates, seed)
        table += [{"regime": regime, **row} for row in found]
        errors |= {(regime, model): found for model, found in of_models.items()}
    return Scored(pd.DataFrame(table), _score_unseen(rows, means, replicates, seed), errors)


def _score_unseen(rows, means, replicates, seed):
    """Each unseen cell by itself, as `score` does; intervals over its genes."""
    table = []
    for place in np.flatnonzero(~rows.seen):
        chosen = np.zeros(rows.truth.shape, dtype=bool)
        chosen[place] = (rows.split[place] == "test") & np.isfinite(rows.truth[place])
        found, _ = _score_regime(rows, chosen, means, replicates, seed)
        table += [{"cell": rows.cells[place], **row} for row in found]
    return pd.DataFrame(table)


def _score_regime(rows, chosen, means, replicates, seed):
    """Score all models that were run on all of the chosen rows.

    chosen: bool [cells, genes]; means: float64 [cells, genes]. Returns a list of dicts, one a
    model, and from each model to its Errors.
    """
    new = ~rows.seen & chosen.any(axis=1)
    if new.sum() == 1:  # of one cell nothing follows for others: it is as it is
        new[:] = False
    sums = _sum_models(rows, chosen, means, new)
    if not sums:
        return [], {}
    genes, cells = int(chosen.any(axis=0).sum()), int(new.sum())
    counts = {"cells": int(chosen.any(axis=1).sum()), "genes": genes, "rows": int(chosen.sum())}
    rest = bool(cells) and bool(chosen[~new].any())
    whole = np.ones((1, genes * (cells + rest if cells else 1)))
    values = {key: float(value[0]) for key, value in _score_models(sums, whole).items()}
    replicated = bootstrap(partial(_score_models, sums), genes, replicates, seed, cells, rest)
    table = []
    for model, seeds in sums.items():
        row = {"model": model, **counts, "unseen_cells": cells, "seeds": len(seeds)}
        for (own, name), value in values.items():
            if own == model:
                low, high = interval(value, replicated[own, name], cells)
                low, high = np.clip([low, high], LEAST[name], MOST[name])
                row |= {name: value, f"{name}_low": low, f"{name}_high": high}
        table.append(row | _compare(model, values, replicated, counts["cells"], cells))
    return table, {
        model: Errors(values[model, "mse"], replicated[model, "mse"], cells) for model in sums
    }


def _sum_models(rows, chosen, means, new):
    """Sums over the chosen rows of each model that was run on all of them, from a model to one pair
    a seed: of all rows, and of those that have a gene mean.

    chosen: bool [cells, genes]; means: float64 [cells, genes]; new: bool [cells], those that are
    drawn. Sums are of each gene in each group of cells: each of those that are drawn, and the rest.
    """
    genes, known = chosen.any(axis=0), chosen & np.isfinite(means)
    group = np.where(new, np.cumsum(new) - 1, new.sum())
    n_genes = int(genes.sum())
    n_sums = n_genes * (int(group[chosen.any(axis=1)].max()) + 1) if n_genes else 0
    place = group[:, None] * n_genes + (np.cumsum(genes) - 1)  # of a row among the sums
    sums = {}
    for model in dict.fromkeys(model for model, _ in rows.predicted):
        seeds = [predicted for (name, _), predicted in rows.predicted.items() if name == model]
        if not genes.any() or not all(np.isfinite(one[chosen]).all() for one in seeds):
            continue
        sums[model] = [
            (
                Sums(rows.truth[chosen], one[chosen], None, place[chosen], n_sums),
                Sums(rows.truth[known], one[known], means[known], place[known], n_sums),
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


def _compare(model, values, replicated, cells, drawn):
    """Difference of a model's MSE to the control's, on the same draws, and what it says of what was
    sampled.

    cells: how many there are; drawn: how many of them are unseen and were drawn.
    """
    own, control = (model, "mse"), (CONTROL, "mse")
    if control not in values or model == CONTROL:
        return {"verdict": ""}
    change, low, high = difference(
        values[own], replicated[own], values[control], replicated[control], drawn
    )
    verdict = (
        "beats the gene mean"
        if high < 0
        else "worse than the gene mean"
        if low > 0
        else "not told apart from the gene mean"
    )
    about = "in this one cell" if cells == 1 else "in these cells"
    about = f"on new cells ({drawn} drawn)" if drawn else about
    return {
        "mse_minus_gene_mean": change,
        "mse_minus_gene_mean_low": low,
        "mse_minus_gene_mean_high": high,
        "verdict": f"{verdict} {about}",
    }
