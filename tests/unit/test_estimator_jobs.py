"""The jobs of estimators on labels: a fit, the mean of fits on a held-out cell, and what fits say
of a sample. That they were fitted on labels is told by params.yaml alone."""

import json
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import average_estimators
import fit_estimator
import numpy as np
import pandas as pd
import predict_sample_by_estimators
import pytest
import yaml

from markexpr.evaluation.metrics import auc
from markexpr.io.jobs import InputError

GENES = [f"g{number:03}" for number in range(120)]
SPLIT = np.array(["train", "valid", "test"] * 40)
DATA = {
    "window": "2000bp_100bp",
    "marks": ["H3K4me3", "H3K9me3"],
    "orientation": "genomic",
    "normalise": "log1p",
    "target": {"kind": "median_label", "expression": "rpkm", "label_mode": "numeric"},
}
BLOCK = {"architecture": "logistic", "estimator": {"summed_bins": 5, "logarithm": True}}


class Files(dict):
    """Named files of a job, as Snakemake hands them over."""

    __getattr__ = dict.get


def write_cell(path, cell, seed, labels=None, of_test=1.0):
    """Tensors of a cell, where high genes have more of the first mark. of_test: what the counts of
    test genes are multiplied with."""
    rng = np.random.default_rng(seed)
    high = rng.uniform(size=len(GENES)) < 0.5
    counts = rng.poisson(2.0, (len(GENES), 2, 20))
    counts[:, 0, 5:15] += rng.poisson(np.where(high, 6.0, 1.0)[:, None], (len(GENES), 10))
    counts = np.where((SPLIT == "test")[:, None, None], of_test * counts, counts)
    np.savez(
        path,
        X=np.log1p(counts).astype(np.float32),
        target=(high if labels is None else labels).astype(np.float32),
        split=SPLIT,
        gene_id=np.array(GENES),
        marks=np.array(DATA["marks"]),
        bins=np.arange(20),
        provenance=np.array(json.dumps({"cell": cell, "data": DATA, "expression_unit": "RPKM"})),
    )
    return str(path)


def fit(folder, cell, tensors, block, unit=None):
    """Run the job of one fit; its files by name."""
    outputs = folder / f"results/runs/study/model/{unit or cell}/seed1"
    outputs.mkdir(parents=True)
    job = SimpleNamespace(
        input=Files(cell=tensors),
        output=Files(
            predictions=str(outputs / "predictions.tsv.gz"),
            model=str(outputs / "model.skops"),
            params=str(outputs / "params.yaml"),
        ),
        params=SimpleNamespace(
            model=block, samples={"kind": "cell"}, made_from={}, code="x", tissues={cell: "BLOOD"}
        ),
        wildcards=Wildcards(study="study", model="model", unit=cell, seed="1"),
        threads=1,
    )
    fit_estimator.main(job)
    return job.output


class Wildcards(SimpleNamespace):
    """Wildcards of a job, by attribute and by name."""

    def __getitem__(self, name):
        return getattr(self, name)


def with_strength(strength, **more):
    return {**BLOCK, "estimator": {**BLOCK["estimator"], "strength": strength}, **more}


def test_a_fit_on_labels_predicts_the_probability_of_high(tmp_path):
    output = fit(tmp_path, "E003", write_cell(tmp_path / "a.npz", "E003", 1), with_strength(1))
    table = pd.read_csv(output["predictions"], sep="\t")
    test = table[table["split"] == "test"]
    assert table["y_pred"].between(0, 1).all() and table["y_pred"].nunique() > 100
    assert auc(test["y_true"], test["y_pred"]) > 0.9


def test_a_fit_knows_nothing_of_test_genes(tmp_path):
    outputs = [
        fit(
            tmp_path,
            "E003",
            write_cell(tmp_path / f"{of_test}.npz", "E003", 1, of_test=of_test),
            {
                **BLOCK,
                "architecture": "shallowchrome",
                "estimator": {"p_value": 0.1, "strength": 1},
            },
            unit=f"E{of_test}",
        )
        for of_test in (1, 9)
    ]
    tables = [pd.read_csv(output["predictions"], sep="\t") for output in outputs]
    same = tables[0]["y_pred"] == tables[1]["y_pred"]
    assert same[SPLIT != "test"].all() and not same[SPLIT == "test"].all()


def test_of_candidates_the_one_is_written_that_validation_genes_choose(tmp_path):
    tune = [{"estimator": {"strength": 1e9}}, {"estimator": {"strength": 1}}]
    tensors = write_cell(tmp_path / "a.npz", "E003", 1)
    output = fit(tmp_path, "E003", tensors, with_strength(5, tune=tune))
    params = yaml.safe_load(Path(output["params"]).read_text(encoding="utf-8"))
    assert [set(row) for row in params["tuning"]] == [{"candidate", "valid_auc", "seconds"}] * 2
    chosen = params["chosen"]
    assert params["estimator"]["strength"] == tune[chosen]["estimator"]["strength"]


def test_genes_of_one_label_are_nothing_to_learn_from(tmp_path):
    tensors = write_cell(tmp_path / "a.npz", "E003", 1, labels=np.ones(len(GENES)))
    with pytest.raises(InputError, match="40 training genes of E003 are all high or all low"):
        fit(tmp_path, "E003", tensors, with_strength(1))


@pytest.fixture
def members(tmp_path):
    """Two fits on two cells."""
    return [
        fit(tmp_path, cell, write_cell(tmp_path / f"{cell}.npz", cell, seed), with_strength(1))
        for seed, cell in enumerate(("E003", "E004"))
    ]


def test_a_held_out_cell_has_the_mean_probability_of_all_fits(tmp_path, members):
    held_out = write_cell(tmp_path / "E005.npz", "E005", 5)
    job = SimpleNamespace(
        input=Files(
            cell=held_out,
            model=[member["model"] for member in members],
            params=[member["params"] for member in members],
            predictions=[member["predictions"] for member in members],
        ),
        output=Files(
            predictions=str(tmp_path / "mean.tsv.gz"), members=str(tmp_path / "members.tsv")
        ),
        params=SimpleNamespace(model=with_strength(1), tissues=defaultdict(lambda: "BLOOD")),
    )
    average_estimators.main(job)
    table = pd.read_csv(job.output["predictions"], sep="\t")
    assert table["y_pred"].between(0, 1).all() and table["y_pred"].nunique() > 100
    assert auc(table["y_true"], table["y_pred"]) > 0.9
    assert list(pd.read_csv(job.output["members"], sep="\t")) == ["member", "auc"]


def test_a_sample_has_the_mean_probability_of_all_fits(tmp_path, members):
    with np.load(write_cell(tmp_path / "mine.npz", "mine", 7)) as cell:
        arrays, high = {name: cell[name] for name in ("X", "gene_id", "marks")}, cell["target"]
    np.savez(
        tmp_path / "sample.npz",
        **arrays,
        provenance=np.array(json.dumps({"cell": "mine", "data": DATA})),
    )
    job = SimpleNamespace(
        input=Files(
            sample=str(tmp_path / "sample.npz"),
            model=[member["model"] for member in members],
            params=[member["params"] for member in members],
        ),
        output=[str(tmp_path / "said.tsv")],
        params=SimpleNamespace(block=with_strength(1)),
    )
    predict_sample_by_estimators.main(job)
    table = pd.read_csv(job.output[0], sep="\t")
    assert table["mean"].between(0, 1).all() and table["mean"].nunique() > 100
    assert auc(high, table["mean"]) > 0.9
