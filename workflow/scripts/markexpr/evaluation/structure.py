"""Controls that no score shows: which genes train and test, what targets and inputs are made of.

What files say is compared with what follows from settings, gene list and expression table once
more, by another way than the pipeline's own where there is one.
"""

import numpy as np
import pandas as pd

from markexpr.data.tensors import TRANSFORMS, is_high
from markexpr.evaluation.verdicts import Counted, NotApplicable
from markexpr.io.files import open_text
from markexpr.io.jobs import InputError

# Inputs are float32 and up to some hundred standard deviations: their mean over 1e5 bins is exact
# to 1e-6. That of other genes than those it was fitted on is off by 1e-3 and more
ZSCORE_LIMIT = 1e-4
RELATIVE, ABSOLUTE = 1e-6, 1e-6  # of targets, which are float32 and written to nine digits


# ---- which genes train ----


def count_misplaced(table, expected):
    """How many rows of a run's predictions are of another split than the study's setting says, and
    the first of them in words.

    table: DataFrame of gene_id, cell and split; expected: from a cell to a Series of split by
    gene_id. A gene that the setting does not know is misplaced. Of a gene with several rows in a
    cell, all but the first are as well.
    """
    wrong, first = 0, ""
    for cell, rows in table.groupby("cell", sort=False):
        should = expected[cell].reindex(rows["gene_id"]).to_numpy()
        off = (rows["split"].to_numpy() != should) | rows["gene_id"].duplicated().to_numpy()
        if off.any() and not first:
            row = rows[off].iloc[0]
            said = should[np.flatnonzero(off)[0]]
            first = f"{row['gene_id']} in {cell} is of {row['split']}, and should be of {said}"
        wrong += int(off.sum())
    return wrong, first


def _over_runs(found):
    """How many rows of all runs are wrong, and the first that is, in words. found: the same of each
    run."""
    return sum(number for number, _ in found), next((words for _, words in found if words), "")


def judge_split(model, found, unit):
    """Every gene is where the setting of the split has it. found: of each run, what
    count_misplaced gives."""
    wrong, first = _over_runs(found)
    return Counted(
        "test genes train nothing",
        model,
        unit,
        "rows of another split",
        wrong,
        0,
        "every gene trains, validates or tests as the setting of the split says",
        f"{first}: a gene that tests may have been trained on",
    )


def judge_unlabelled(model, found, unit):
    """Samples that train without their label have none. found: of each fit, how many have one, or
    None if it has no such samples (params.yaml, `labels_of_unlabelled`)."""
    control = "unlabelled samples have no label"
    known = [number for number in found if number is not None]
    if not known:
        return NotApplicable(control, model, "it is trained on labelled samples alone", unit)
    return Counted(
        control,
        model,
        unit,
        "labels",
        sum(known),
        0,
        "no sample of the unlabelled half has a label that the fit could learn from",
        "the fit was given labels of samples that are said to have none",
    )


# ---- targets ----


def read_columns(path, cells):
    """The values of some cells in an expression table, DataFrame [genes, cells], read line by line
    by the names of the header.

    Not by the pipeline's own reader: REMC's rows end in one tab more than their header, which
    shifts all columns if one does not look. Raises InputError for a cell that the header lacks.
    """
    with open_text(path) as file:
        header = file.readline().rstrip("\n").split("\t")
        for cell in cells:
            if cell not in header:
                raise InputError(f"{path} has no column {cell}; it has {', '.join(header[1:])}")
        places = [header.index(cell) for cell in cells]
        genes, rows = [], []
        for line in file:
            fields = line.rstrip("\n").split("\t")
            genes.append(fields[0])
            rows.append([float(fields[place]) for place in places])
    return pd.DataFrame(rows, index=genes, columns=cells)


def make_targets(values, setting, median=None):
    """The targets of a cell, Series by gene_id, of its expression. values: Series of the study's
    genes; setting: its `target` block; median: that labels are made by, that of `values` if
    None."""
    if setting["kind"] == "expression":
        return TRANSFORMS[setting["transform"]](values)
    median = float(np.median(values)) if median is None else median
    labels = is_high(values.to_numpy(), median, setting.get("label_mode", "numeric"))
    return pd.Series(labels.astype(float), index=values.index)


def count_off(table, targets):
    """How many rows of predictions have another true value than the targets of their cell, and the
    first of them in words.

    table: DataFrame of gene_id, cell, y_true; targets: from a cell to a Series by gene_id. The
    target of a pair of cells, A-B, is that of B less that of A.
    """
    wrong, first = 0, ""
    for cell, rows in table.groupby("cell", sort=False):
        genes = rows["gene_id"]
        if cell in targets:
            should = targets[cell].reindex(genes).to_numpy()
        else:
            a, b = (targets[name].reindex(genes).to_numpy() for name in cell.split("-"))
            should = b - a
        # nine digits of each cell's: what is left of their difference has fewer
        same = np.isclose(rows["y_true"], should, rtol=RELATIVE, atol=20 * ABSOLUTE)
        if not same.all() and not first:
            row = rows[~same].iloc[0]
            first = (
                f"{row['gene_id']} in {cell} has {row['y_true']:.6g}, and "
                f"{should[np.flatnonzero(~same)[0]]:.6g} follows from its expression"
            )
        wrong += int((~same).sum())
    return wrong, first


def judge_targets(model, found, unit):
    """True values in predictions follow from the expression of their gene. found: of each run, what
    count_off gives."""
    wrong, first = _over_runs(found)
    return Counted(
        "targets are those of their genes",
        model,
        unit,
        "rows off",
        wrong,
        0,
        "every true value follows from the expression table by gene id",
        f"{first}: are rows shifted?",
    )


# ---- inputs ----


def measure_zscore(X, train):
    """How far the mean of a mark's inputs over some genes is from 0, or their spread from 1, at
    most. X: float [genes, marks, bins]; train: bool [genes]."""
    values = X[train].astype(np.float64)
    mean, sd = values.mean(axis=(0, 2)), values.std(axis=(0, 2))
    return float(max(np.abs(mean).max(), np.abs(sd - 1).max()))


def judge_zscore(found, data, unit):
    """Inputs were scaled by training genes alone. found: from a cell to what measure_zscore gives
    of its training genes; data: the study's block."""
    control = "inputs are scaled by training genes"
    if data["normalise"] != "zscore":
        why = f"inputs are not fitted to any gene (normalise: {data['normalise']})"
        return NotApplicable(control, "", why)
    if data["zscore_genes"] == "all":
        why = "the study scales by all genes, as its paper does (zscore_genes: all)"
        return NotApplicable(control, "", why)
    if not found:
        return NotApplicable(control, "", "no cell has training genes")
    worst = max(found, key=found.get)
    return Counted(
        control,
        "",
        unit,
        "mean off 0, or sd off 1",
        found[worst],
        ZSCORE_LIMIT,
        "mean and sd of each mark are those of the training genes",
        f"mean and sd of {worst} are those of other genes than its training genes",
    )
