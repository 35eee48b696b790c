"""The sheet of a user's samples: what it may say, and how it is refused."""

import pytest

from markexpr.io.jobs import InputError
from markexpr.origins import Origins
from markexpr.project import read_project
from markexpr.settings.config import load_config
from markexpr.settings.samples import read_samples

HEADER = "sample\tmark\tpath\tcontrol\tgroup\texpression\tfragments"


@pytest.fixture
def sheet(tmp_path):
    def write(*rows, header=HEADER, comment=""):
        path = tmp_path / "samples.tsv"
        columns = header.count("\t") + 1
        lines = ["\t".join([*row.split(), *[""] * columns][:columns]) for row in rows]
        path.write_text(comment + "\n".join([header, *lines]) + "\n")
        return path

    return write


def test_a_sheet_is_read_by_sample(sheet):
    path = sheet(
        "liver1 H3K4me3 /data/a.bam /data/input.bam control /data/x.tsv true",
        "liver1 H3K27me3 /data/b.cram",
        "liver2 H3K4me3 ~/c.tagAlign.gz",
        comment="# mine\n",
    )
    samples = read_samples(path)
    liver1 = samples["liver1"]
    assert liver1.paths == {"H3K4me3": "/data/a.bam", "H3K27me3": "/data/b.cram"}
    assert liver1.controls == {"H3K4me3": "/data/input.bam"} and liver1.group == "control"
    assert liver1.source.kind == "bam" and liver1.source.fragments is True
    assert liver1.source.expression == "/data/x.tsv" and liver1.line == 3
    assert samples["liver2"].source.kind == "tagalign" and samples["liver2"].group is None
    assert not samples["liver2"].paths["H3K4me3"].startswith("~")


def test_the_shipped_sheet_has_no_sample_and_all_columns(root):
    assert read_samples(root / "config/samples.tsv") == {}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["liver-1 H3K4me3 a.bam"], r"line 2: sample 'liver-1': a name .* call it 'liver_1'"),
        (["_x H3K4me3 a.bam"], "call it 's_x'"),
        (["a H3K4me3/b a.bam"], "line 2: mark 'H3K4me3/b': a name has letters"),
        (["a H3K4me3"], "line 2: column 'path' is empty"),
        (["a H3K4me3 a.bam", "a H3K4me3 b.bam"], "line 3: a has H3K4me3 twice"),
        (["a H3K4me3 a.txt"], "its name does not say what it is; it must end in .bam"),
        (["a H3K4me3 a.bam.bai"], "does not say what it is"),
        (
            ["a H3K4me3 a.bam", "a H3K9me3 b.bw"],
            "H3K4me3 is of kind bam and H3K9me3 of kind bigwig",
        ),
        (
            ["a H3K4me3 a.bam in.bam control", "a H3K9me3 b.bam in.bam treated"],
            "line 3: group of a is 'treated' here and 'control' on a line before",
        ),
        (["a H3K4me3 a.bam in.bam no-go"], "group 'no-go': a name has"),
        (["a H3K4me3 a.bed in.bam x y.tsv true"], "fragments are of kind bam"),
        (["a H3K4me3 a.bam in.bam x y.tsv maybe"], "fragments: 'maybe'"),
    ],
)
def test_what_is_wrong_is_one_line(sheet, rows, message):
    with pytest.raises(InputError, match=message):
        read_samples(sheet(*rows))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("sample\tmark\tpath\tgrup", "unknown column 'grup'; did you mean 'group'"),
        ("sample\tmark\tfile", "must name the columns sample, mark, path"),
        ("sample\tmark\tpath\tpath", "column 'path' stands twice"),
    ],
)
def test_a_wrong_header_is_told(sheet, header, message):
    with pytest.raises(InputError, match=message):
        read_samples(sheet("a H3K4me3 a.bam x", header=header))


@pytest.fixture
def project(root, sheet):
    def read(*rows, **config):
        path = sheet(*rows)
        return read_project(root, {"samples": str(path), "cells": ["E003", "E123"], **config})

    return read


def test_a_sample_is_a_cell_that_no_study_builds(project):
    found = project("liver1 H3K4me3 a.bam")
    assert "liver1" in found.known_cells and found.plan.built == ["E003", "E123"]
    assert found.plan.tasks["deepchrome"].cells == ["E003", "E123"]
    assert found.lookup.sources.source("liver1").kind == "bam"


def test_a_sample_may_not_have_the_name_of_a_cell(project):
    with pytest.raises(InputError, match="line 2: E003 is the name of another cell"):
        project("E003 H3K4me3 a.bam")


def test_a_sample_is_not_drawn_by_the_simulator(project):
    with pytest.raises(InputError, match="no reads are counted, so that samples of the sheet"):
        project("liver1 H3K4me3 a.bam", mirror="simulated", simulate={"level": "counts"})


def test_a_mark_that_no_model_reads_is_told(root, sheet):
    path, told = sheet("liver1 H3K4me3 a.bam", "liver1 H3K27ac b.bam"), []
    read_project(root, {"samples": str(path)}, tell=lambda *line: told.append(line))
    assert [line[:2] for line in told] == [("liver1", "H3K27ac")]
    assert told[0][2].startswith("is not used: models read H3K4me3, H3K4me1")


def test_two_lines_of_one_file_are_told_by_the_sheet(project, tmp_path):
    (tmp_path / "a.bam").write_text("reads")
    rows = [f"liver1 {mark} {tmp_path}/a.bam" for mark in ("H3K4me3", "H3K9me3")]
    found = project(*rows, marks=["H3K4me3", "H3K9me3"])
    own = found.lookup.own
    twins = own.list_twins("liver1", own.identify_counts("liver1"))
    assert len(twins) == 2 and all(what.endswith("mend the sheet") for _, what in twins)


def test_a_sheet_that_is_not_there_is_told(root):
    with pytest.raises(InputError, match=r"config key 'samples': there is no file nowhere\.tsv"):
        read_project(root, {"samples": "nowhere.tsv"})


def test_a_mark_or_file_that_is_missing_is_told(project, tmp_path):
    (tmp_path / "a.bam").touch()
    found = project(f"liver1 H3K4me3 {tmp_path}/a.bam", f"liver1 H3K9me3 {tmp_path}/b.bam")
    of_sheet, sheet = found.lookup.sources.of_sheet, found.lookup.sources.sheet
    config = load_config({"marks": ["H3K4me3", "H3K9me3"]})
    origins = Origins(config, [], "sizes", of_sheet, sheet)
    with pytest.raises(InputError, match=r"sheet .*samples.tsv: liver1 has no file .*/b.bam"):
        origins.own_counts("liver1")
    (tmp_path / "b.bam").touch()
    assert list(origins.own_counts("liver1")) == ["H3K4me3", "H3K9me3"]
    with pytest.raises(InputError, match="liver1 has no file of H3K4me1, and config key 'marks'"):
        found.lookup.sources.own_counts("liver1")


def test_predictors_have_all_fits_of_a_model(project):
    found = project(
        "liver1 H3K4me3 a.bam",
        seeds=[1, 2],
        predict={"models": ["deepchrome/deepchrome", "wakawaka/ridge"]},
    )
    net, ridge = found.predicting.of_samples
    folders = [
        f"results/runs/deepchrome/deepchrome/{cell}/seed{seed}"
        for cell, seed in [("E003", 1), ("E003", 2), ("E123", 1), ("E123", 2)]
    ]
    assert list(net.members) == folders and (net.kind, net.predicts) == ("net", "label")
    assert net.files["weights"][0] == f"{folders[0]}/weights.safetensors"
    assert (ridge.kind, ridge.predicts) == ("estimator", "value")
    assert ridge.files["model"][0].endswith("wakawaka/ridge/pooled/seed1/model.skops")


@pytest.mark.parametrize(
    ("predict", "message"),
    [
        ({"models": ["depchrome/deepchrome"]}, "unknown study 'depchrome'; did you mean"),
        ({"models": ["deepchrome/depchrome"]}, "unknown model 'depchrome'; did you mean"),
        ({"models": ["dense_ensemble/gene_mean"]}, "is a control, which reads no marks"),
        ({"models": ["deepdiff/raw_d"]}, "predicts a change: name it under 'predict.changes'"),
        (
            {"models": ["transferchrome_cross_cell/transferchrome_cross"]},
            "is trained for one target cell each: name one with trained_on: source",
        ),
    ],
)
def test_a_model_that_cannot_predict_samples_is_told(project, predict, message):
    predicting = project("liver1 H3K4me3 a.bam", predict=predict).predicting
    with pytest.raises(InputError, match=message):
        predicting.of_samples  # noqa: B018


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("deepdiff/attentivechrome", "is trained on each cell apart"),
        ("dense_ensemble/ridge", "predicts a value: name it under 'predict.models'"),
    ],
)
def test_a_model_that_cannot_predict_changes_is_told(project, changes, message):
    predicting = project("liver1 H3K4me3 a.bam", predict={"changes": [changes]}).predicting
    with pytest.raises(InputError, match=message):
        predicting.of_changes  # noqa: B018


def test_two_groups_are_compared_each_with_each(project):
    rows = [
        "a H3K4me3 a.bam in.bam control",
        "b H3K4me3 b.bam in.bam drug",
        "c H3K4me3 c.bam in.bam control",
        "d H3K4me3 d.bam",
    ]
    predicting = project(*rows).predicting
    assert predicting.treated == "drug" and predicting.pairs == [("b", "a"), ("b", "c")]


@pytest.mark.parametrize("groups", [["control"], ["a", "b"], ["control", "a", "b"]])
def test_other_groups_are_refused(project, groups):
    rows = [f"s{name} H3K4me3 a.bam in.bam {name}" for name in groups]
    with pytest.raises(InputError, match="name two groups, of which one is 'control'"):
        project(*rows).predicting.pairs  # noqa: B018
