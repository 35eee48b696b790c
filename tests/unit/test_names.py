"""Samples whose names look like something else: from the configuration to tables and figures."""

import json
from types import SimpleNamespace

import compare_named_cells
import judge_claims
import numpy as np
import pandas as pd
import plot_models
import pytest
import score_study
import tabulate_models
import yaml
from conftest import ROOT

from markexpr.evaluation.metrics import auc
from markexpr.io.jobs import InputError
from markexpr.io.runs import parse_run, read_predictions, write_run
from markexpr.project import read_project
from markexpr.seen import Trained
from markexpr.settings.config import check_cell_names

CELLS = ["NA", "001", "1e5", "true"]
MODELS = ["one", "nan"]
STUDY = "deepchrome"


class Job(SimpleNamespace):
    """A job of the workflow, as its script sees it."""

    def __init__(self, inputs, output, **params):
        folder = {name: str(path) for name, path in output.items()}
        super().__init__(
            input=Inputs(inputs),
            output=Inputs(folder),
            params=SimpleNamespace(simulated=False, deviations={}, seed=1, **params),
            wildcards=SimpleNamespace(study=STUDY),
        )


class Inputs(dict):
    """Files by name or by place."""

    __getattr__ = dict.__getitem__

    def __getitem__(self, key):
        return list(self.values())[key] if isinstance(key, int) else super().__getitem__(key)


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Predictions of four samples by two models, scored: the folder, and each run's AUC."""
    folder, rng = tmp_path_factory.mktemp("names"), np.random.default_rng(0)
    paths, tensors, expected = [], [], {}
    for number, cell in enumerate(CELLS):
        tensors.append(folder / f"{cell}.npz")
        provenance = {"cell": cell, "expression_unit": "RPKM"}
        np.savez(tensors[-1], marks=["m"], bins=[0], provenance=json.dumps(provenance))
        for model in MODELS:
            path = folder / f"runs/{STUDY}/{model}/{cell}/seed1/predictions.tsv.gz"
            truth = np.tile([0, 1], 40)
            table = pd.DataFrame(
                {
                    "gene_id": [f"G{gene}" for gene in range(80)],
                    "cell": cell,
                    "split": "test",
                    "y_true": truth,
                    "y_pred": truth * 0.1 * number * (model == "one") + rng.random(80),
                }
            )
            write_run({"predictions": path}, Trained().mark(table))
            paths.append(str(path))
            expected[model, cell] = auc(truth, read_predictions(path)["y_pred"].to_numpy())
    shown = {
        f"{name}_{suffix}": folder / f"{name}.{suffix}"
        for name, suffixes in (("scores", ("tsv", "html")), ("roc", ("svg", "png")))
        for suffix in suffixes
    }
    job = Job(
        {"predictions": paths, "tensors": tensors},
        {"metrics": folder / "metrics.tsv", **shown},
        bootstrap={"replicates": 100, "seed": 1},
        kind="median_label",
        pooled=False,
    )
    score_study.main(job)
    return folder, paths, expected


def run(show, folder, inputs, **params):
    output = {part: folder / f"out.{part}" for part in ("tsv", "html", "svg", "png")}
    show(Job({"metrics": folder / "metrics.tsv", **inputs}, output, **params))
    return output


def test_predictions_keep_the_name(scored):
    for path in scored[1]:
        assert set(read_predictions(path)["cell"]) == {parse_run(path)["unit"]}


def test_every_sample_is_in_scores_and_means(scored):
    folder, _, expected = scored
    table = pd.read_csv(folder / "scores.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert len(table) == 8 and set(zip(table["model"], table["unit"])) == set(expected)
    page = (folder / "scores.html").read_text()
    assert all(f"<td>{name}</td>" in page for name in CELLS + MODELS)
    block = {"models": MODELS, "metric": "auc", "title": "t"}
    output = run(
        tabulate_models.main, folder, {"published": ROOT / "config/published.tsv"}, table=block
    )
    table = pd.read_csv(output["tsv"], sep="\t", keep_default_na=False).set_index("model")
    for model in MODELS:
        of_cells = [expected[model, cell] for cell in CELLS]
        assert table.loc[model, "units"] == 4
        assert table.loc[model, "mean"] == pytest.approx(np.mean(of_cells), abs=1e-5)


def test_claims_ranks_and_figures_know_every_sample(scored):
    folder = scored[0]
    claim = {"better": "one", "than": "nan", "source": "x"}
    output = run(judge_claims.main, folder, {}, claims=[claim], metric="auc")
    assert pd.read_csv(output["tsv"], sep="\t")["units"].tolist() == [4]
    named = {"worst": ["NA"], "median": ["001"], "best": ["true"], "among": 4, "model": "one"}
    output = run(
        compare_named_cells.main,
        folder,
        {},
        named_cells={**named, "source": "x"},
        metric="auc",
        label_mode="numeric",
    )
    assert pd.read_csv(output["tsv"], sep="\t")["cells"].tolist() == [4, 4, 4]
    figure = {"models": MODELS, "metric": "auc", "title": "t", "name_best": MODELS}
    output = run(plot_models.main, folder, {}, figure=figure)
    for path in (output["png"], folder / "roc.png"):
        assert path.stat().st_size > 10_000


def project(tmp_path, samples, **config):
    sources = {
        name: {"kind": "bam", "path": "/d/{mark}.bam", "expression": "/d/x.tsv"} for name in samples
    }
    return read_project(ROOT, {"cells": list(samples), "sources": sources, **config})


def test_the_plan_keeps_the_name(tmp_path):
    held_out = {"dense_ensemble": {"data": {"split": {"held_out_cells": ["001", "true"]}}}}
    found = project(
        tmp_path, CELLS, pairs=["NA-001"], studies=["dense_ensemble"], overrides=held_out
    )
    assert found.plan.built == CELLS
    assert found.plan.run("dense_ensemble", "densenet", "true", 1).how == "average"
    assert found.plan.run("deepdiff", "raw", "NA-001", 1).unit == "NA-001"
    assert found.plan.tasks["dense_ensemble"].training_cells == ["NA", "1e5"]


def test_names_survive_the_parameters_of_a_run():
    assert yaml.safe_load(yaml.safe_dump({"unit": CELLS}))["unit"] == CELLS


def test_names_that_cannot_stand_side_by_side(tmp_path):
    for samples, message in (
        (["liver", "Liver"], "liver and Liver differ in capitals alone"),
        (["e003"], "E003 and e003 differ in capitals alone"),
        (["a" * 61], "has 61 characters"),
    ):
        with pytest.raises(InputError, match=message):
            project(tmp_path, samples)
    check_cell_names(["seed1", "mean", "all", "pooled", "fold1", "a__b"])  # in use, in no conflict
