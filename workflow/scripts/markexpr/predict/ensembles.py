"""What the members of an ensemble predict for a sample that none of them was trained on."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd

from markexpr.averages import EVERY, check_members
from markexpr.data.measured import from_plain
from markexpr.data.samples import load_unseen, pair_unseen
from markexpr.io.files import write_tsv
from markexpr.io.jobs import InputError, log


def predict_by_all(samples, paths, load):
    """Mean and standard deviation (of n - 1; NaN for one member) of all members' predictions,
    float64 [samples] each.

    samples: markexpr.data.samples.Samples without targets; paths: params.yaml of each member; load:
    a function of a member's place that gives its params and a function of samples that predicts.
    A change is half the difference of what a member says of it and of its reverse, so that it is 0
    between equal samples: a model of pairs learns the mean change of those that it was trained on.
    Raises InputError if a member was trained on other marks, bins or kinds of counts.
    """
    mean, squares = np.zeros(len(samples.gene_id)), np.zeros(len(samples.gene_id))
    for place, path in enumerate(paths):
        params, predict = load(place)
        check_members(_as_trained(samples, params), params, path)
        predicted = np.asarray(predict(samples), dtype=np.float64)
        if "b" in samples.inputs:
            predicted = (predicted - np.asarray(predict(_reverse(samples)), dtype=np.float64)) / 2
        difference = predicted - mean
        # by Welford's way: members are not held beside each other
        mean += difference / (place + 1)
        squares += difference**2 * place / (place + 1)
        if (place + 1) % EVERY == 0 or place + 1 == len(paths):
            log.info("%d of %d members have predicted", place + 1, len(paths))
    if len(paths) == 1:
        return mean, np.full(len(mean), np.nan)
    return mean, np.sqrt(squares / (len(paths) - 1))


def _reverse(samples):
    """The change from B to A, of samples of the change from A to B."""
    return replace(samples, inputs={"a": samples.inputs["b"], "b": samples.inputs["a"]})


def _as_trained(samples, params):
    """Samples as if they had the expression that a member was trained on: what is not known of
    them, the unit and how labels are made, is what the member predicts."""
    if "measured" not in params:
        return samples
    known = from_plain(params["measured"])
    return replace(
        samples,
        measured=replace(
            samples.measured, expression_unit=known.expression_unit, labels=known.labels
        ),
    )


def combine(means, spreads):
    """The mean of several ensembles, each of the same weight, and the standard deviation over all
    members as if each ensemble had as many.

    means, spreads: float64 [ensembles, genes]; a spread of NaN counts as 0, unless all are.
    """
    means, spreads = np.asarray(means), np.asarray(spreads)
    mean = means.mean(axis=0)
    if len(means) == 1:
        return mean, spreads[0]
    return mean, np.sqrt((np.nan_to_num(spreads) ** 2).mean(axis=0) + means.var(axis=0))


def load_subject(inputs):
    """The samples of a job: `sample`, with `sequence` if the model reads DNA, or the change from
    sample `a` to sample `b`."""
    if inputs.get("sample"):
        return load_unseen(inputs["sample"], inputs.get("sequence"))
    return pair_unseen(load_unseen(inputs["a"]), load_unseen(inputs["b"]))


def write_ensemble(path, samples, mean, spread):
    """Write what an ensemble predicts: gene_id, mean and spread."""
    table = pd.DataFrame({"gene_id": samples.gene_id, "mean": mean, "spread": spread})
    write_tsv(path, table, float_format="%.9g")


@contextmanager
def reading_fit(path):
    """Turn the error of a file that holds no fit into one line that names it."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # of safetensors, torch, skops or zip: each has its own
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{path} cannot be read as a model ({type(error).__name__}: {reason}); copy the bundle "
            "again or, if it was trained here, delete the file to train it anew"
        ) from error
