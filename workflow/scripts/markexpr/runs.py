"""What runs leave: results/runs/{study}/{model}/{unit}/seed{seed}/predictions.tsv.gz, written and read."""

from pathlib import Path

import numpy as np
import pandas as pd

from markexpr.files import write_tsv
from markexpr.jobs import InputError
from markexpr.splits import SPLITS

COLUMNS = ["gene_id", "cell", "split", "y_true", "y_pred"]


def run_of(path):
    """Study, model, unit and seed of a run, from the path of one of its files."""
    study, model, unit, seed = Path(path).parts[-5:-1]
    return {"study": study, "model": model, "unit": unit, "seed": int(seed.removeprefix("seed"))}


def write_predictions(path, gene_id, cell, split, y_true, y_pred):
    """Write predictions, arrays [samples] each; samples of no split that is scored (unlabelled ones) are left out."""
    table = pd.DataFrame(dict(zip(COLUMNS, (gene_id, cell, split, y_true, y_pred))))
    write_tsv(path, table[table["split"].isin(SPLITS)], float_format="%.9g")


def read_predictions(path):
    """Predictions of one run as a DataFrame of COLUMNS. Raises InputError if a column is missing or a number is not finite."""
    table = pd.read_csv(path, sep="\t")
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise InputError(f"{path} lacks the column {missing[0]}; delete it to train the run again")
    bad = table[~np.isfinite(table[["y_true", "y_pred"]]).all(axis=1)]
    if len(bad):
        line, gene = bad.index[0] + 2, bad["gene_id"].iloc[0]
        raise InputError(f"{path}, line {line}: the prediction of {gene} is no number; delete the file to train the run again")
    return table
