"""The rows that the models of a study are compared on: genes that test, in cells, the same for all.

Read from predictions, never from models. Rows are those that most models predict. A model that
lacks some of them is not compared, and it is said why; one that predicts more is compared on these.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from markexpr.evaluation.hierarchy import Draws, Replicated, score_fits
from markexpr.evaluation.metrics import is_constant
from markexpr.folds import split_unit
from markexpr.io.jobs import InputError


@dataclass(frozen=True)
class Part:
    """The test genes of one cell in one fold: what one fit is scored on. cell: its name, or that of
    a pair A-B; fold: 0 where there are no folds."""

    cell: str
    fold: int


@dataclass
class Tested:
    """Predictions of test genes.

    genes: from a Part to its gene ids [genes]; truth: to float64 [genes]; predicted: from a model,
    and a seed, and a Part, to float64 [genes]; left_out: from a model that is not compared to why.
    """

    genes: dict
    truth: dict
    predicted: dict
    left_out: dict = field(default_factory=dict)

    @property
    def cells(self):
        """The cells, in order of their names."""
        return sorted({part.cell for part in self.genes})

    def drop_alike(self):
        """Drop parts whose true values are all alike: no model has a score of them. Returns their
        names."""
        alike = [part for part, values in self.truth.items() if is_constant(values)]
        for part in alike:
            del self.genes[part], self.truth[part]
        return sorted({part.cell for part in alike})


def gather(runs):
    """The Tested of a study's runs.

    runs: iterable of (model, unit, seed, predictions as markexpr.io.runs.read_predictions gives
    them). Raises InputError if no test gene is predicted, if a gene stands twice in a cell, or if
    models were given another truth of a gene.
    """
    # most runs have the same genes: one list serves all of them, and a number stands for it
    found, numbers, lists, truth = {}, {}, [], {}
    for model, unit, seed, table in runs:
        fold = split_unit(unit)[1] or 0
        test = table[table["split"] == "test"]
        for cell, rows in test.groupby("cell", sort=False):
            rows = rows.sort_values("gene_id", kind="stable")
            genes = rows["gene_id"].to_numpy(dtype=str)
            key, part = numbers.setdefault(genes.tobytes(), len(lists)), Part(str(cell), fold)
            if key == len(lists):
                lists.append(genes)
            held = found.setdefault(model, {}).setdefault(seed, {})
            if part in held or (genes[1:] == genes[:-1]).any():
                raise InputError(
                    f"model {model}, seed {seed}: {part.cell} has a test gene twice, in one "
                    "file or in the files of two units"
                )
            held[part] = (key, rows["y_pred"].to_numpy(dtype=float))
            _keep_truth(truth, part, key, rows["y_true"].to_numpy(dtype=float), model)
    if not found:
        raise InputError("no run has a test gene: there is nothing to compare")
    return _align(found, lists, truth)


def _keep_truth(truth, part, key, values, model):
    """Hold the true values of the rows of a part, and check that all models have the same."""
    known, first = truth.setdefault((part, key), (values, model))
    unlike = np.flatnonzero(~np.isclose(known, values, rtol=1e-5, atol=1e-6))
    if unlike.size:
        raise InputError(
            f"models {first} and {model} have other true values of {unlike.size} test genes of "
            f"{part.cell}: they are not of the same data; delete the older predictions and run "
            "again"
        )


def _align(found, lists, truth):
    """Choose the rows, and set each model's predictions on them. found: from model, seed and Part
    to (the number of its list of genes, predictions); truth: from Part and number to (true values,
    the model that they are from)."""
    held = {
        model: Counter(frozenset((part, key) for part, (key, _) in one.items()) for one in seeds)
        for model, seeds in ((model, list(seeds.values())) for model, seeds in found.items())
    }
    votes = Counter(next(iter(of_seeds)) for of_seeds in held.values() if len(of_seeds) == 1)
    if not votes:
        raise InputError("each model has other rows from seed to seed: there is nothing to compare")
    chosen = max(votes, key=lambda rows: (votes[rows], sum(len(lists[key]) for _, key in rows)))
    keys = dict(sorted(chosen, key=lambda item: (item[0].cell, item[0].fold)))
    tested = Tested(
        {part: lists[key] for part, key in keys.items()},
        {part: truth[part, key][0] for part, key in keys.items()},
        {},
    )
    for model, seeds in found.items():
        aligned, lacks = {}, ""
        for seed, parts in seeds.items():
            aligned[seed], lacks = _take_rows(parts, keys, lists)
            if lacks:
                tested.left_out[model] = f"seed {seed} {lacks}"
                break
        else:
            _check_truth(model, seeds, keys, lists, truth)
            tested.predicted[model] = aligned
    return tested


def _check_truth(model, seeds, keys, lists, truth):
    """Raise InputError if a model with more rows was given another truth of those compared."""
    for parts in seeds.values():
        for part, wanted in keys.items():
            key = parts[part][0]
            if key != wanted:
                place = np.searchsorted(lists[key], lists[wanted])
                values = truth[part, key][0][place]
                _keep_truth(truth, part, wanted, values, model)


def _take_rows(parts, keys, lists):
    """The predictions of one seed on the rows that are compared, by Part; and what it lacks, in
    words, empty if nothing."""
    absent = sorted({part.cell for part in keys if part not in parts})
    if absent:
        some = f"{absent[0]} and {len(absent) - 1} more cells" if len(absent) > 1 else absent[0]
        return {}, f"has no predictions of test genes of {some}"
    aligned = {}
    for part, wanted in keys.items():
        key, predicted = parts[part]
        if key != wanted:
            missing = np.setdiff1d(lists[wanted], lists[key])
            if missing.size:
                return {}, f"lacks {missing.size} test genes of {part.cell}, as {missing[0]}"
            predicted = predicted[np.searchsorted(lists[key], lists[wanted])]
        aligned[part] = predicted
    return aligned, ""


# ---- blocks of neighbouring genes ----


@dataclass
class Blocks:
    """Blocks of neighbouring genes of a study's parts.

    of: from a Part to the block of each gene, int [genes]; strata: int [blocks], the same number
    for blocks that test in the same folds.
    """

    of: dict
    strata: np.ndarray


def find_blocks(genes_of_parts, places, size):
    """The Blocks of the genes of some Parts: stretches of `size` bp of a chromosome.

    places: DataFrame by gene_id of chrom and tss. A gene without a place is a block of its own.
    """
    genes = np.unique(np.concatenate(list(genes_of_parts.values())))
    known = places.reindex(genes)
    names = known["chrom"].astype(str) + ":" + (known["tss"] // size).astype(str)
    names = names.where(known["tss"].notna(), pd.Series(genes, index=genes))
    found, block = np.unique(names.to_numpy(dtype=str), return_inverse=True)
    of = {part: block[np.searchsorted(genes, own)] for part, own in genes_of_parts.items()}
    folds = [set() for _ in found]
    for part, own in of.items():
        for one in np.unique(own):
            folds[one].add(part.fold)
    kinds = sorted({tuple(sorted(one)) for one in folds})
    return Blocks(of, np.array([kinds.index(tuple(sorted(one))) for one in folds]))


# ---- scores ----


def draw(tested, blocks, replicates, seed, one_fit_of_all):
    """The Draws of the bootstrap of a study."""
    return Draws(blocks.strata, len(tested.cells), replicates, seed, one_fit_of_all)


def score_model(tested, model, blocks, draws, metric):
    """The Replicated of one model, cells in the order of tested.cells, seeds in that of their
    numbers."""
    parts = {cell: [part for part in tested.genes if part.cell == cell] for cell in tested.cells}
    scores = [
        [
            score_fits(
                [(tested.truth[part], one[part], blocks.of[part]) for part in parts[cell]],
                draws,
                metric,
            )
            for _, one in sorted(tested.predicted[model].items())
        ]
        for cell in tested.cells
    ]
    return Replicated(
        np.array([[value for value, _ in seeds] for seeds in scores]),
        np.array([[replicates for _, replicates in seeds] for seeds in scores]),
    )
