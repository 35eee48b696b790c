"""What a sample's quality and page are made from, its controls, and what is warned of once."""

from types import SimpleNamespace

import check_sample
import compare_matching
import numpy as np
import pandas as pd
import pytest

from markexpr.data.input_controls import Enrichment
from markexpr.io import jobs
from markexpr.io.files import write_npz, write_tsv
from markexpr.io.jobs import InputError
from markexpr.own_files import OwnFiles
from markexpr.predict.pages import _spread_out
from markexpr.project import read_project
from markexpr.settings.samples import read_samples

MARKS = ["H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"]
CELLS = ["E003", "E116", "E123"]
HELD_OUT = {"dense_ensemble": {"data": {"split": {"held_out_cells": ["E123"]}}}}


@pytest.fixture
def sheet(tmp_path):
    """Write a sheet of one sample, each mark with a control or None; files hold their own name."""

    def write(controls, name="liver", there=True):
        lines = ["sample\tmark\tpath\tcontrol"]
        for mark in MARKS:
            (tmp_path / f"{mark}.bam").write_text(mark)
            control = controls.get(mark)
            if control and there and not (tmp_path / control).exists():
                (tmp_path / control).write_text(control.split("_")[0])
            where = f"{tmp_path}/{control}" if control else ""
            lines.append(f"{name}\t{mark}\t{tmp_path}/{mark}.bam\t{where}")
        (tmp_path / "samples.tsv").write_text("\n".join(lines) + "\n")
        return tmp_path / "samples.tsv"

    return write


@pytest.fixture
def predicting(root, sheet, tmp_path):
    def read(controls=(), there=True, **config):
        path = sheet(dict(controls), there=there)
        given = {"samples": str(path), "cells": CELLS, "overrides": HELD_OUT, **config}
        own_files = OwnFiles(notes=tmp_path / "own_files.json")
        return read_project(root, given, own_files=own_files).predicting

    return read


class Wildcards(dict):
    """Named values, as Snakemake gives them."""

    __getattr__ = dict.__getitem__


def of(**named):
    return Wildcards(named)


def models(*names):
    return {"predict": {"models": list(names)}}


def test_the_reference_is_of_the_cells_trained_on_alone(predicting):
    found = predicting()
    files = found.quality.reference_from(of(predictor="dense_ensemble/densenet"))
    assert [path.split("/")[-1] for path in files["counts"]] == ["E003.npz", "E116.npz"]
    assert found.quality.training_cells(of(predictor="deepchrome/deepchrome")) == CELLS
    # tensors, not predictions: warnings need not wait until models are trained
    assert files["tensors"] == [f"results/tensors/dense_ensemble/{cell}.npz" for cell in CELLS[:2]]


def test_a_pooled_model_is_trained_on_cells_that_are_not_held_out(predicting):
    held_out = {"wakawaka": {"data": {"split": {"held_out_cells": ["E003"]}}}}
    found = predicting(**models("wakawaka/ridge"), overrides=held_out)
    assert found.quality.training_cells(of(predictor="wakawaka/ridge")) == ["E116", "E123"]
    assert [(cell, match) for _, cell, match in found.quality.trials] == [
        ("E003", "none"),
        ("E003", "quantile"),
    ]


def test_models_of_the_same_cells_are_compared_once(predicting):
    names = ["dense_ensemble/densenet", "deepchrome/deepchrome", "dense_ensemble/ridge"]
    found = predicting(**models(*names))
    assert found.quality.models_compared(of(sample="liver")) == [[names[0], names[2]], [names[1]]]
    files = found.quality.checked_from(of(sample="liver"))
    assert files["references"] == [
        f"results/predictions/reference/{name}.npz" for name in names[:2]
    ]
    assert "controls" not in files


def test_a_table_waits_for_the_check_of_its_sample(predicting):
    found = predicting().gathered_from(of(sample="liver"))
    assert found["quality"] == "results/predictions/liver.quality.tsv"


def test_matching_is_tried_on_held_out_cells(predicting):
    found = predicting()
    assert [(one.name, cell, match) for one, cell, match in found.quality.trials] == [
        ("dense_ensemble/densenet", "E123", "none"),
        ("dense_ensemble/densenet", "E123", "quantile"),
    ]
    assert "results/predictions/matching.tsv" in found.targets(None)
    files = found.quality.trial_from(
        of(predictor="dense_ensemble/densenet", subject="E123", match="none")
    )
    assert files["sample"] == (
        "results/predictions/held_out/none/inputs/dense_ensemble/densenet/E123.npz"
    )
    without = predicting(**models("deepchrome/deepchrome"))
    assert not without.quality.trials and "results/predictions/matching.tsv" not in without.targets(
        None
    )


# ---- controls ----


def test_a_control_of_several_marks_is_counted_once(predicting, tmp_path):
    # input_copy.bam has the content of input.bam
    names = {"H3K4me3": "input.bam", "H3K4me1": "input_copy.bam", "H3K9me3": "igg.bam"}
    names["H3K36me3"] = "input.bam"
    (tmp_path / "input.bam").write_text("input")
    found = predicting(names.items())
    (tmp_path / "igg.bam").write_text("igg")
    wildcards = of(cell="liver", window="10000bp_100bp")
    assert found.quality.controls(wildcards) == {
        "H3K4me3": "H3K4me3",
        "H3K4me1": "H3K4me3",
        "H3K36me3": "H3K4me3",
        "H3K9me3": "H3K9me3",
    }
    assert found.quality.marks_of_controls(wildcards) == ["H3K4me3", "H3K9me3"]
    assert list(found.quality.own_controls(wildcards)) == [
        f"{tmp_path}/input.bam",
        f"{tmp_path}/igg.bam",
    ]
    assert found.quality.twins_of_controls(wildcards, None) == []
    checked = found.quality.checked_from(of(sample="liver"))
    assert checked["controls"] == "results/predictions/controls/10000bp_100bp/liver.npz"


def test_a_marks_own_file_as_control_is_told(predicting):
    found = predicting({"H3K9me3": "H3K4me1.bam"}.items())
    ((mark, what),) = found.quality.twins_of_controls(of(cell="liver"), None)
    assert mark == "H3K9me3" and "its control is the file of H3K4me1" in what


def test_a_control_that_is_not_there_is_one_line(predicting):
    found = predicting({"H3K9me3": "nowhere.bam"}.items(), there=False)
    with pytest.raises(InputError, match=r"liver has no file .*nowhere.bam; check its 'control'"):
        found.quality.controls(of(sample="liver"))


def test_a_control_of_another_kind_is_refused(sheet):
    with pytest.raises(InputError, match=r"H3K9me3 is of kind bam and its control, .* bigwig"):
        read_samples(sheet({"H3K9me3": "input.bw"}))


@pytest.mark.parametrize("name", ["matching", "liver.quality", "liver.scores", "liver.warnings"])
def test_a_sample_is_not_called_as_another_file(sheet, name):
    with pytest.raises(InputError, match=f"sample '{name}': files of results/predictions/"):
        read_samples(sheet({}, name=name))


def test_marks_that_are_not_above_their_control_are_told(monkeypatch):
    monkeypatch.setattr(jobs, "_warnings", [])
    found = {"H3K4me3": Enrichment(4.0, 0.3), "H3K9me3": Enrichment(1.01, 0.0)}
    table = check_sample.tabulate_controls(found, "liver")
    assert table["verdict"].tolist() == ["above", "above", "not above", "not above"]
    assert table["value"].tolist() == [4.0, 0.3, 1.01, 0.0]
    ((sample, mark, what),) = jobs.list_warnings()
    assert (sample, mark) == ("liver", "H3K9me3") and "at the promoter of no gene" in what


# ---- words ----


def test_what_holds_of_all_models_is_said_once(monkeypatch):
    monkeypatch.setattr(jobs, "_warnings", [])
    reference = SimpleNamespace(marks=MARKS, cells=CELLS)
    lines = {
        "one": [["H3K4me3", "profile", "far by 1"], ["H3K9me3", "depth", "shallow"]],
        "two": [["H3K4me3", "profile", "far by 2"]],
    }
    monkeypatch.setattr(check_sample, "explain", lambda likeness, *_: lines[likeness])
    shown = [("a/b", None, reference, "one"), ("c/d", None, reference, "two")]
    check_sample.warn_of_unlike(shown, "liver", matched=False)
    assert [line[1:] for line in jobs.list_warnings()] == [
        ("H3K4me3", "far by 1"),
        ("H3K9me3", "shallow (compared with the cells of a/b)"),
    ]


# ---- attributions ----


def test_the_first_net_of_marks_is_explained(predicting):
    found = predicting(**models("dense_ensemble/ridge", "deepchrome/deepchrome"))
    assert found.pages.explained(of(sample="liver"))["name"] == "deepchrome/deepchrome"
    assert found.pages.unexplained(of(sample="liver")) == ""
    assert "explained" in found.pages.shown_from(of(sample="liver"))


@pytest.mark.parametrize(
    ("name", "why"),
    [("dense_ensemble/ridge", "have no gradients"), ("wakawaka/wakawaka", "read DNA as well")],
)
def test_where_nothing_is_explained_it_is_said_why(predicting, name, why):
    found = predicting(**models(name))
    assert why in found.pages.unexplained(of(sample="liver"))
    assert "explained" not in found.pages.shown_from(of(sample="liver"))


def test_fits_that_are_explained_are_spread_over_all():
    assert _spread_out(list("abc"), 10) == list("abc")
    assert _spread_out(list(range(100)), 10) == list(range(0, 100, 10))


# ---- matching.tsv ----


def test_held_out_cells_are_scored_on_their_test_genes(tmp_path):
    genes = np.array([f"g{place}" for place in range(40)])
    target = np.arange(40, dtype=np.float32)
    split = np.where(np.arange(40) % 2, "test", "train")
    write_npz(tmp_path / "E123.npz", gene_id=genes, target=target, split=split)
    # right on test genes and wrong on others, in another order, with a gene that has no truth
    said = pd.DataFrame({"gene_id": [*genes[::-1], "more"]})
    said["mean"] = [*np.where(split == "test", target, -target)[::-1], 7.0]
    write_tsv(tmp_path / "said.tsv.gz", said)
    inputs = {"predictions": [tmp_path / "said.tsv.gz"], "tensors": [tmp_path / "E123.npz"]}
    row = {"model": "a/b", "cell": "E123", "match": "none", "kind": "expression"}
    job = SimpleNamespace(
        input=SimpleNamespace(**inputs),
        output=[tmp_path / "matching.tsv"],
        params=SimpleNamespace(rows=[row], bootstrap={"replicates": 100, "seed": 1}),
    )
    compare_matching.main(job)
    table = pd.read_csv(tmp_path / "matching.tsv", sep="\t").set_index("metric")
    assert table["value"]["pearson"] == pytest.approx(1) and table["n"]["pearson"] == 20
    assert table["value"]["mse"] == 0 and table["setting"]["mse"] == "none"
    assert {"ci_low", "ci_high", "model", "cell"} <= set(table)
