"""The files of a run, results/runs/{study}/{model}/{unit}/seed{seed}/: what is in them, written and
read."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from markexpr import __version__
from markexpr.data.splits import SPLITS, UNLABELLED
from markexpr.io.files import atomic, read_tsv, write_tsv
from markexpr.io.jobs import InputError
from markexpr.seen import SEEN

VALUES = ["gene_id", "cell", "split", "y_true", "y_pred"]
COLUMNS = [*VALUES, *SEEN]


def parse_run(path):
    """Study, model, unit and seed of a run, from the path of one of its files."""
    study, model, unit, seed = Path(path).parts[-5:-1]
    return {"study": study, "model": model, "unit": unit, "seed": int(seed.removeprefix("seed"))}


def tabulate(samples, predicted, trained):
    """The predictions of samples, a DataFrame of COLUMNS. predicted: float [samples], of their
    targets; what was taken from these is added to both; trained: what the model was trained on,
    markexpr.seen.Trained."""
    target = samples.target
    if samples.offset is not None:
        target, predicted = target + samples.offset, predicted + samples.offset
    values = (samples.gene_id, samples.cell, samples.split, target, predicted)
    return trained.mark(pd.DataFrame(dict(zip(VALUES, values))))


def write_run(output, predictions, **others):
    """Write the files of one run.

    output: their paths by name; predictions: DataFrame of COLUMNS, of which samples of no split
    that is scored (unlabelled ones) are left out; others: by the name of its path, a DataFrame
    (TSV), a dict (YAML), or bytes.
    """
    scored = predictions.loc[predictions["split"].isin(SPLITS), COLUMNS]
    scored = scored.astype(dict.fromkeys(SEEN, int))
    write_tsv(output["predictions"], scored, float_format="%.9g")
    for name, content in others.items():
        if isinstance(content, pd.DataFrame):
            write_tsv(output[name], content)
            continue
        if isinstance(content, dict):
            content = yaml.safe_dump(content, sort_keys=False).encode()
        with atomic(output[name]) as temporary:
            temporary.write_bytes(content)


def read_predictions(path):
    """Predictions of one run as a DataFrame of COLUMNS, those of SEEN bool. Raises InputError if a
    column is missing, as in files of an earlier version, a number is not finite, or it is not said
    by 1 or 0 whether something was seen."""
    table = read_tsv(path)
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise InputError(f"{path} lacks the column {missing[0]}; delete it to train the run again")
    bad = table[~np.isfinite(table[["y_true", "y_pred"]]).all(axis=1)]
    if len(bad):
        line, gene = bad.index[0] + 2, bad["gene_id"].iloc[0]
        raise InputError(
            f"{path}, line {line}: the prediction of {gene} is no number; delete the file to "
            "train the run again"
        )
    unsaid = table[~table[SEEN].isin([0, 1]).all(axis=1)]
    if len(unsaid):
        raise InputError(
            f"{path}, line {unsaid.index[0] + 2}: {', '.join(SEEN)} are 1 or 0; delete the file to "
            "train the run again"
        )
    return table.astype(dict.fromkeys(SEEN, bool))


def subtract(a, b):
    """The change from cell A to cell B, on the genes that both have, in the order of A: DataFrame
    by gene_id of the other COLUMNS; split is A's, and seen is what either has seen. a, b: the same
    of each cell."""
    shared = a.index.intersection(b.index, sort=False)
    a, b = a.loc[shared], b.loc[shared]
    change = b[["y_true", "y_pred"]] - a[["y_true", "y_pred"]]
    change[SEEN] = a[SEEN] | b[SEEN]
    return change.assign(cell=a["cell"] + "-" + b["cell"], split=a["split"])


def describe(job, samples, block, versions, **more):
    """What goes into a fit, as params.yaml holds it.

    job: its params have how its samples are made, what from, the tissues of its cells, and the hash
    of its code; block: the model's, as it is fitted; versions: of the packages that fit; more:
    further entries.
    """
    _, _, n_bins = next(iter(samples.inputs.values())).shape
    return {
        **{name: job.wildcards[name] for name in ("study", "model", "unit")},
        "seed": int(job.wildcards.seed),
        **block,
        "samples_from": job.params.samples,
        "made_from": job.params.made_from,
        "tissues": job.params.tissues,
        "inputs": {"marks": samples.mark_names, "bins": n_bins},
        **({"measured": samples.measured.plain()} if samples.measured else {}),
        "samples": {
            split: len(samples.index(split))
            for split in (*SPLITS, UNLABELLED)
            if len(samples.index(split))
        },
        **_count_hidden_labels(samples),
        "threads": job.threads,
        "code": job.params.code,
        "versions": {"markexpr": __version__, **versions},
        **more,
    }


def _count_hidden_labels(samples):
    """How many samples that train without their label have one, which must be none: a control looks
    at it."""
    rows = samples.index(UNLABELLED)
    if not len(rows):
        return {}
    return {"labels_of_unlabelled": int(np.isfinite(samples.target[rows]).sum())}


def fingerprint(params, samples):
    """Hash of all that a fit depends on: what it was told and the samples it sees."""
    return hashlib.sha256(
        (json.dumps(params, sort_keys=True) + samples.digest()).encode()
    ).hexdigest()
