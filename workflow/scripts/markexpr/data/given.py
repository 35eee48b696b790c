"""Predictions that were made elsewhere, for the rows that all models are scored on."""

import zlib

import numpy as np
import pandas as pd

from markexpr.data.splits import SPLITS
from markexpr.io.jobs import InputError

NEEDED = ("gene_id", "y_pred")


def read_given(path, run, samples, named_by_path, labels, in_fold=False):
    """The predictions of a file for the rows of one run: the Samples that it has predictions of,
    and float64 [samples].

    run: has unit and seed; samples: markexpr.data.samples.Samples of the unit; named_by_path:
    whether the path names the unit; labels: whether the target is high or low; in_fold: whether it
    is one of several folds, or leaves out some cells of several. All test genes must be there, and
    of the other splits all or none. A file of several folds that does not say of which a row is has
    each gene as it is predicted where it tests: other splits are left out then.
    Raises InputError for a column that is missing, a gene that is missing, unknown or there twice,
    and for what is no number or, of labels, no probability.
    """
    table = _read(path)
    rows = _choose_rows(table, path, run, samples, named_by_path)
    keys = pd.MultiIndex.from_arrays([samples.cell.astype(str), samples.gene_id.astype(str)])
    cells = rows["cell"] if "cell" in rows else np.full(len(rows), keys[0][0])
    asked = pd.MultiIndex.from_arrays([cells, rows["gene_id"]])
    _refuse(path, asked[asked.duplicated()], "has {gene} of {cell} twice")
    scored = np.isin(samples.split, SPLITS)
    unknown = asked[~asked.isin(keys[scored])]
    if in_fold and not (named_by_path or "unit" in rows):
        scored = samples.split == "test"
    _refuse(path, unknown, "has {gene}, which is no gene of {cell} in this study")
    values = pd.Series(rows["y_pred"].to_numpy(), index=asked).reindex(keys).to_numpy()
    keep = scored & np.isfinite(values)
    for split in SPLITS:
        of_split = scored & (samples.split == split)
        if of_split.any() and (split == "test" or keep[of_split].any()):
            missing = keys[of_split & ~keep]
            _refuse(path, missing, "lacks {gene} of {cell}, which is one of the split " + split)
    predicted = values[keep]
    if labels and not ((predicted >= 0) & (predicted <= 1)).all():
        raise InputError(
            f"{path}: y_pred goes from {predicted.min():.3g} to {predicted.max():.3g}: of labels "
            "it must be the probability of high, from 0 to 1"
        )
    return samples.where(keep), predicted


def _read(path):
    """The table of a file as text, but for y_pred, float64."""
    options = {"sep": "\t", "dtype": str, "keep_default_na": False, "index_col": False}
    try:
        table = pd.read_csv(path, encoding="utf-8-sig", **options)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        why = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read as a table with tabs: {why}") from error
    for column in NEEDED:
        if column not in table:
            raise InputError(
                f"{path} has no column {column}: a table of predictions has gene_id and y_pred, "
                "separated by tabs, and cell or unit, and seed, where one file has several"
            )
    values = pd.to_numeric(table["y_pred"], errors="coerce")
    bad = table[~np.isfinite(values)]
    if len(bad):
        raise InputError(
            f"{path}, line {bad.index[0] + 2}: the prediction of {bad['gene_id'].iloc[0]} is "
            f"{bad['y_pred'].iloc[0] or 'empty'}, which is no number"
        )
    return table.assign(y_pred=values.astype(float))


def _choose_rows(table, path, run, samples, named_by_path):
    """The rows of a table that are of one run."""
    if "seed" in table:
        table = table[table["seed"] == str(run.seed)]
        if table.empty:
            raise InputError(
                f"{path} has no row of seed {run.seed}: add it, or leave it out of "
                "config key 'seeds'"
            )
    cells = np.unique(samples.cell.astype(str))
    if len(cells) > 1 and "cell" not in table:
        raise InputError(
            f"{path} does not say of which cell its rows are, and {run.unit} has {len(cells)}: add "
            "the column cell"
        )
    if "unit" in table:
        rows = table[table["unit"] == run.unit]
    elif "cell" in table:
        rows = table[table["cell"].isin(cells)]
    elif named_by_path:
        rows = table
    else:
        raise InputError(
            f"{path} does not say of which cell or unit its rows are: add the column cell or unit, "
            "or name one file a unit, by {unit} in its path"
        )
    if rows.empty:
        raise InputError(f"{path} has no row of {run.unit}")
    return rows


def _refuse(path, found, message):
    """Raise InputError if any gene was found. found: MultiIndex of cell and gene."""
    if len(found):
        cell, gene = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise InputError(f"{path} " + message.format(gene=gene, cell=cell) + more)
