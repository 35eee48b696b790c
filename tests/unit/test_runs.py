"""The files of a run: who writes what, and what is refused when they are read."""

import gzip
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from markexpr.data.samples import Samples
from markexpr.data.splits import UNLABELLED
from markexpr.io.jobs import InputError
from markexpr.io.runs import (
    VALUES,
    describe,
    fingerprint,
    parse_run,
    read_predictions,
    tabulate,
    write_run,
)
from markexpr.seen import Trained, trained_on

TISSUES = {"E003": "ESC"}


def samples(n=6):
    return Samples(
        {"marks": np.zeros((n, 2, 4), np.float32)},
        np.arange(n, dtype=np.float32),
        np.array(["train", "valid", "test", UNLABELLED, "test", "train"]),
        np.array([f"G{i}" for i in range(n)]),
        np.full(n, "E003"),
        ["a", "b"],
    )


def test_a_run_is_written_and_read(tmp_path):
    output = {
        name: tmp_path / name for name in ("predictions.tsv.gz", "steps", "weights", "params")
    }
    output["predictions"] = output.pop("predictions.tsv.gz")
    write_run(
        output,
        tabulate(samples(), np.arange(6) / 3, trained_on(samples(), TISSUES)),
        steps=pd.DataFrame({"step": [1], "train_loss": [1 / 3]}),
        weights=b"\x00w",
        params={"study": "s", "best": {"auc": 0.5}},
    )
    table = read_predictions(output["predictions"])
    assert list(table) == [*VALUES, "gene_seen", "cell_seen", "tissue_seen"]
    assert table["gene_seen"].tolist() == [True, False, False, False, True]
    assert table["cell_seen"].all() and table["tissue_seen"].all()
    # what has no label is not scored
    assert table["gene_id"].tolist() == ["G0", "G1", "G2", "G4", "G5"]
    assert gzip.decompress(output["predictions"].read_bytes()).splitlines()[2] == (
        b"G1\tE003\tvalid\t1\t0.333333333\t0\t1\t1"
    )
    assert output["steps"].read_text() == "step\ttrain_loss\n1\t0.333333\n"
    assert output["weights"].read_bytes() == b"\x00w"
    assert yaml.safe_load(output["params"].read_text()) == {"study": "s", "best": {"auc": 0.5}}
    assert len(list(tmp_path.iterdir())) == 4


def test_predictions_that_are_no_numbers_are_named(tmp_path):
    path = tmp_path / "predictions.tsv.gz"
    predicted = np.array([0, 1, np.nan, 0, 0, 0])
    write_run({"predictions": path}, tabulate(samples(), predicted, Trained()))
    with pytest.raises(InputError, match="line 4: the prediction of G2 is no number"):
        read_predictions(path)


def test_predictions_of_an_earlier_version_are_refused(tmp_path):
    path = tmp_path / "predictions.tsv.gz"
    write_run({"predictions": path}, tabulate(samples(), np.arange(6.0), Trained()))
    table = pd.read_csv(path, sep="\t")
    table.drop(columns="gene_seen").to_csv(path, sep="\t", index=False)
    with pytest.raises(InputError, match="lacks the column gene_seen; delete it to train the run"):
        read_predictions(path)
    table.assign(cell_seen=[1, 0, 2, 1, 0]).to_csv(path, sep="\t", index=False)
    with pytest.raises(InputError, match="line 4: gene_seen, cell_seen, tissue_seen are 1 or 0"):
        read_predictions(path)


def job(**changes):
    wildcards = {"study": "s", "model": "m", "unit": "E003", "seed": "2"}
    params = {
        "model": {"architecture": "ridge"},
        "samples": {"kind": "cell"},
        "made_from": {"own": {}},
        "tissues": {"E003": "ESC"},
        "code": "c",
    }
    # a job's wildcards are read both ways
    named = type("Wildcards", (dict,), {"__getattr__": dict.__getitem__})(wildcards)
    return SimpleNamespace(
        wildcards=named, params=SimpleNamespace(**{**params, **changes}), threads=1
    )


def test_params_tell_what_went_into_a_fit():
    params = describe(job(), samples(), job().params.model, {"torch": "2"}, device="cpu")
    assert params.pop("versions").keys() == {"markexpr", "torch"}
    assert params == {
        "study": "s",
        "model": "m",
        "unit": "E003",
        "seed": 2,
        "architecture": "ridge",
        "samples_from": {"kind": "cell"},
        "made_from": {"own": {}},
        "tissues": {"E003": "ESC"},
        "inputs": {"marks": ["a", "b"], "bins": 4},
        "samples": {"train": 2, "valid": 1, "test": 2, "unlabelled": 1},
        "labels_of_unlabelled": 1,  # as these samples have it
        "threads": 1,
        "code": "c",
        "device": "cpu",
    }


def test_a_fingerprint_is_of_all_that_a_fit_depends_on():
    data = samples()
    first = fingerprint(describe(job(), data, job().params.model, {}), data)
    assert first == fingerprint(
        json.loads(json.dumps(describe(job(), data, job().params.model, {}))), samples()
    )
    for change in ({"code": "d"}, {"samples": {"kind": "pair"}}, {"model": {"architecture": "x"}}):
        assert (
            fingerprint(describe(job(**change), data, job(**change).params.model, {}), data)
            != first
        )
    data.target[0] += 1
    assert fingerprint(describe(job(), data, job().params.model, {}), data) != first


def test_a_run_is_known_by_its_path():
    path = "results/runs/s/m/E116-E003/seed2/predictions.tsv.gz"
    assert parse_run(path) == {"study": "s", "model": "m", "unit": "E116-E003", "seed": 2}
