"""A bundle is opened if it is whole and fits, and is refused in one line if not."""

import hashlib
import json
import shutil
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from markexpr.bundles.bundle import open_bundle
from markexpr.bundles.files import LAYOUT, list_files_of
from markexpr.bundles.proof import check_content, check_predictor, compare, score
from markexpr.io.files import write_npz, write_tsv
from markexpr.io.jobs import InputError
from markexpr.own_files import OwnFiles
from markexpr.project import read_project

MARKS = ["H3K4me1", "H3K4me3"]
NAME, CHANGES = "mine/ridge", "mine/ridge_change"
DATA = {
    "window": "400bp_100bp",
    "marks": MARKS,
    "genes": {"biotypes": ["protein_coding"], "downstream": "genome"},
    "orientation": "genomic",
    "normalise": "log1p",
    "target": {"kind": "expression", "expression": "rpkm", "transform": "log2p1"},
    "split": {"scheme": "random", "seed": 1, "test": 0.2, "valid": 0.1, "valid_drawn": "shared"},
}
BLOCK = {"architecture": "ridge", "estimator": {"strengths": [1.0]}}
GENES = [f"ENSG{number:011}" for number in range(6)]
TARGET = np.array([0, 1, 2, 3, 4, 5], dtype=np.float32)
PREDICTED = np.array([0.5, 1, 2, 2, 4, 6])


def write_rows(path, marks=MARKS, bins=4):
    write_npz(
        path,
        X=np.ones((6, len(marks), bins), dtype=np.float32),
        gene_id=np.array(GENES),
        marks=np.array(marks),
        target=TARGET,
        provenance=np.array(json.dumps({"cell": "E003", "data": DATA})),
    )


def params(name):
    return {
        "study": "mine",
        "model": name.split("/")[1],
        **BLOCK,
        "inputs": {"marks": MARKS, "bins": 4},
        "measured": {
            "window": "400bp_100bp",
            "normalise": "log1p",
            "orientation": "genomic",
            "transform": "log2p1",
            "expression_unit": "RPKM",
        },
    }


def predictor(predicts):
    return {
        "kind": "estimator",
        "predicts": predicts,
        "unit": "RPKM",
        "paper": "Nobody 2026",
        "data": DATA,
        "block": BLOCK,
        "members": ["E003/seed1"],
        "held_out": {
            "cells": ["E003", "E004"] if predicts == "change" else ["E003"],
            "unseen": False,
            "rows": 6,
            "trained": 0,
            "scores": score(predicts, TARGET, PREDICTED),
        },
    }


def seal(folder, **changes):
    """Write the manifest of what is in a folder."""
    manifest = {
        "layout": LAYOUT,
        "versions": {"markexpr": "0.1.0"},
        "simulated": True,
        "marks": MARKS,
        "predictors": {NAME: predictor("value"), CHANGES: predictor("change")},
        **changes,
    }
    manifest["files"] = {
        path.relative_to(folder).as_posix(): {
            "size": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "bundle.yaml"
    }
    (folder / "bundle.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))


@pytest.fixture
def folder(tmp_path):
    """A whole bundle."""
    folder = tmp_path / "bundle"
    for name, parts in ((NAME, ("sample",)), (CHANGES, ("a", "b"))):
        for path in list_files_of(name, "estimator", ["E003/seed1"], parts):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            if path.endswith("params.yaml"):
                (folder / path).write_text(yaml.safe_dump(params(name)))
            elif path.endswith(".npz"):
                write_rows(folder / path)
            elif path.endswith("expected.tsv.gz"):
                table = {"gene_id": GENES, "mean": PREDICTED, "spread": np.nan}
                write_tsv(folder / path, pd.DataFrame(table))
            else:
                (folder / path).write_text("content")
    for path in ("README.md", "LICENSE", "CITATION.cff", "genes.tsv"):
        (folder / path).write_text("content")
    (folder / "chrom.sizes").write_text("chr1\t249250621\nchr2\t243199373\n")
    seal(folder)
    return folder


def opened(path, tmp_path):
    return open_bundle(str(path), OwnFiles(tmp_path / "notes.json"), tmp_path / "unpacked")


def change(folder, **keys):
    path = folder / "bundle.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **keys}, sort_keys=False))


# ---- opening ----


def test_a_folder_a_file_in_it_and_archives_are_the_same_bundle(folder, tmp_path, monkeypatch):
    inside = folder / "predictors" / NAME / "trained.tsv"
    with tarfile.open(tmp_path / "whole.tar.gz", "w:gz") as file:
        file.add(folder, "some/bundle")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bundle.yaml").write_text("cells: [E003]")  # a configuration of a user's
    shutil.make_archive("flat", "zip", folder)
    for path in (folder, folder / "bundle.yaml", inside, "bundle", "bundle/bundle.yaml"):
        found = opened(path, tmp_path)
        assert found.manifest.marks == MARKS
        assert found.names(changes=False) == [NAME] and found.names(changes=True) == [CHANGES]
    for path in ("whole.tar.gz", "flat.zip"):
        found = opened(path, tmp_path)
        one = found.find(NAME, "predict.models")
        assert "unpacked" in found.folder and one.data == DATA and one.block == BLOCK
        for file in found.files:
            relative = file.removeprefix(found.folder)
            assert Path(file).read_bytes() == (folder / relative.strip("/")).read_bytes()
    assert not [path for path in (tmp_path / "unpacked").iterdir() if path.name.startswith(".")]


def test_what_is_no_bundle_is_refused(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "words.txt").write_text("words")
    # a configuration of a user's, of which nothing below it is a part
    (tmp_path / "bundle.yaml").write_text("cells: [E003]")
    for path, message in (
        (tmp_path / "nothing", "there is no file or folder"),
        (tmp_path / "empty", "is no bundle: it has no bundle.yaml; `snakemake export` makes one"),
        (folder.parent / "bundle.yaml", "is no manifest of a bundle: it has no key 'layout'"),
        (folder / "predictors", "is no bundle: it has no bundle.yaml"),
        (tmp_path / "words.txt", "is no bundle: name its folder, a file in it"),
    ):
        with pytest.raises(InputError, match=message):
            opened(path, tmp_path)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"layout": LAYOUT + 1}, "is of layout 2, and this version .* reads up to 1: update"),
        ({"layout": "1"}, "has no key 'layout'"),
        ({"layout": True}, "has no key 'layout'"),
        ({"marks": ["H3K4me3"]}, "reads H3K4me1, which is not among the marks"),
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"files": {}}, "README.md is not listed"),
        ({"files": {"../x": {"size": 1, "sha256": "0" * 64}}}, "is no path within the bundle"),
        ({"files": {"/etc/x": {"size": 1, "sha256": "0" * 64}}}, "is no path within the bundle"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_refused(folder, tmp_path, keys, message):
    change(folder, **keys)
    with pytest.raises(InputError, match=message):
        opened(folder, tmp_path)


def test_a_folder_above_the_bundle_is_told(folder, tmp_path):
    with pytest.raises(InputError, match=f"it has no bundle.yaml; did you mean {folder}"):
        opened(tmp_path, tmp_path)


def test_an_unknown_architecture_is_never_imported(folder, tmp_path):
    one = predictor("value")
    one["block"] = {"architecture": "..io.jobs", "estimator": {}}
    seal(folder, predictors={NAME: one, CHANGES: predictor("change")})
    with pytest.raises(InputError, match=r"has no estimator '..io.jobs': update it"):
        opened(folder, tmp_path)
    one["block"] = {"architecture": "ridge", "estimator": {"alpha": 1}}
    seal(folder, predictors={NAME: one, CHANGES: predictor("change")})
    with pytest.raises(InputError, match=r"unknown key '.*alpha'"):
        opened(folder, tmp_path)


def test_yaml_makes_no_objects(folder, tmp_path):
    path = folder / "bundle.yaml"
    path.write_text(path.read_text() + "x: !!python/object/apply:os.system [touch here]\n")
    with pytest.raises(InputError, match=r"not valid YAML"):
        opened(folder, tmp_path)


def test_missing_cut_and_further_files_are_refused(folder, tmp_path):
    skops = folder / "predictors" / NAME / "members/E003/seed1/model.skops"
    content = skops.read_bytes()
    skops.unlink()
    with pytest.raises(InputError, match=r"model.skops is missing; copy the bundle again"):
        opened(folder, tmp_path)
    skops.write_bytes(content[:3])
    with pytest.raises(InputError, match=r"has 3 bytes, and bundle.yaml says 7: it is cut short"):
        opened(folder, tmp_path)
    skops.write_bytes(content)
    (folder / ".DS_Store").write_text("x")
    with pytest.raises(InputError, match=r".DS_Store is no file of the bundle.*move it away"):
        opened(folder, tmp_path)


# ---- archives ----


def with_member(folder, path, **keys):
    """A tar of a bundle and one further member."""
    with tarfile.open(path, "w:gz") as file:
        file.add(folder, "bundle")
        member = tarfile.TarInfo(keys.pop("name"))
        for key, value in keys.items():
            setattr(member, key, value)
        file.addfile(member)
    return path


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"name": "../../outside"}, "leads out of the archive"),
        ({"name": "/outside"}, "leads out of the archive"),
        ({"name": "bundle/x", "type": tarfile.SYMTYPE, "linkname": "/etc"}, "is a link"),
        ({"name": "bundle/x", "type": tarfile.LNKTYPE, "linkname": "LICENSE"}, "is a link"),
        ({"name": "bundle/x", "type": tarfile.FIFOTYPE}, "is a link or a device"),
        ({"name": "bundle/genes.tsv"}, "stands twice"),
        ({"name": "bundle/extra"}, "extra is no file of the bundle"),
    ],
)
def test_archives_with_what_does_not_belong_are_not_unpacked(folder, tmp_path, keys, message):
    path = with_member(folder, tmp_path / "a.tar.gz", **keys)
    before = set(tmp_path.iterdir())
    with pytest.raises(InputError, match=message):
        opened(path, tmp_path)
    assert set(tmp_path.iterdir()) - before <= {tmp_path / "notes.json"}


def test_zips_with_links_or_ways_out_are_not_unpacked(folder, tmp_path):
    for number, (name, attributes) in enumerate((("../x", 0), ("bundle/x", 0o120777 << 16))):
        path = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(path, "w") as file:
            file.write(folder / "bundle.yaml", "bundle/bundle.yaml")
            member = zipfile.ZipInfo(name)
            member.external_attr = attributes
            file.writestr(member, "/etc")
        with pytest.raises(InputError, match=r"is not unpacked"):
            opened(path, tmp_path)
    assert not (tmp_path / "unpacked").exists()


def test_a_damaged_archive_is_refused(folder, tmp_path):
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as file:
        file.add(folder, "bundle")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"a.tar.gz is no (whole archive|bundle)"):
        opened(path, tmp_path)
    assert not list(tmp_path.glob("unpacked/*"))


# ---- content ----


def test_content_that_changed_is_refused(folder, tmp_path):
    manifest = opened(folder, tmp_path).manifest.plain()
    check_content(manifest, folder)
    path = folder / "predictors" / NAME / "members/E003/seed1/model.skops"
    path.write_text("CONTENT")  # as long as it was
    with pytest.raises(InputError, match=r"model.skops is not what bundle.yaml says"):
        check_content(manifest, folder)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("inputs", {"marks": MARKS[::-1], "bins": 4}, "H3K4me3, H3K4me1, .* in another order"),
        ("inputs", {"marks": MARKS, "bins": 5}, "its number of bins is 5"),
        ("model", "other", "its model is 'other'"),
        ("architecture", "svr", "its architecture is 'svr'"),
        ("measured", {"window": "800bp_100bp"}, "its window is '800bp_100bp'"),
        ("measured", {**params(NAME)["measured"], "expression_unit": "TPM"}, "unit is 'TPM'"),
        ("measured", {**params(NAME)["measured"], "normalise": "none"}, "normalise is 'none'"),
        ("estimator", {"strengths": [2.0]}, r"its estimator is {'strengths': \[2.0\]}"),
    ],
)
def test_a_fit_that_is_not_as_the_manifest_says_is_refused(folder, key, value, message):
    one = predictor("value")
    check_predictor(NAME, one, folder)
    path = folder / "predictors" / NAME / "members/E003/seed1/params.yaml"
    path.write_text(yaml.safe_dump({**params(NAME), key: value}))
    with pytest.raises(InputError, match=message):
        check_predictor(NAME, one, folder)


def test_rows_that_do_not_fit_are_refused(folder):
    one = predictor("value")
    path = folder / "predictors" / NAME / "held_out/sample.npz"
    write_rows(path, marks=MARKS[::-1])
    with pytest.raises(InputError, match=r"in another order"):
        check_predictor(NAME, one, folder)
    write_rows(path, bins=3)
    with pytest.raises(InputError, match=r"has 3 bins, and window 400bp_100bp"):
        check_predictor(NAME, one, folder)
    objects = np.array([{"a": 1}] * 6, dtype=object)
    np.savez(path, X=objects, gene_id=GENES, marks=MARKS, target=TARGET, provenance="{}")
    with pytest.raises(InputError, match=r"holds no held-out rows"):
        check_predictor(NAME, one, folder)


# ---- the proof ----


def test_equal_predictions_prove_a_bundle_and_others_do_not():
    one = predictor("value")
    rows = compare(NAME, one, TARGET, PREDICTED, PREDICTED)
    assert {row["metric"] for row in rows} == {"pearson", "mse"}
    assert all(row["expected"] == row["found"] and row["n"] == 6 for row in rows)
    # as on another machine
    (first, *_) = compare(NAME, one, TARGET, PREDICTED, PREDICTED + 5e-5)
    assert 4e-5 < first["largest_difference"] < 6e-5
    for found in (PREDICTED + [0, 0, 0, 0, 0, 2e-3], PREDICTED * np.nan):
        with pytest.raises(InputError, match=r"does not predict what the bundle says"):
            compare(NAME, one, TARGET, PREDICTED, found)


def test_a_score_that_was_changed_is_refused():
    said = predictor("value")
    said["held_out"]["scores"]["pearson"] += 1e-4
    with pytest.raises(InputError, match=r"says that mine/ridge has pearson .* one of both was"):
        compare(NAME, said, TARGET, PREDICTED, PREDICTED)
    del said["held_out"]["scores"]["pearson"]
    with pytest.raises(InputError, match=r"pearson none on its"):
        compare(NAME, said, TARGET, PREDICTED, PREDICTED)


def test_labels_are_scored_by_auc():
    high = np.array([0, 0, 1, 1], dtype=np.float32)
    assert score("label", high, np.array([0.1, 0.4, 0.35, 0.8])) == {"auc": 0.75}
    assert score("label", np.ones(4, dtype=np.float32), np.arange(4)) == {}


# ---- the configuration ----


@pytest.fixture
def sheet(tmp_path):
    """A sheet of one sample with both marks."""
    path = tmp_path / "samples.tsv"
    for mark in MARKS:
        (tmp_path / f"{mark}.bed").write_text("")
    lines = [f"liver\t{mark}\t{tmp_path / mark}.bed" for mark in MARKS]
    path.write_text("\n".join(["sample\tmark\tpath", *lines]) + "\n")
    return path


@pytest.fixture
def read(root, folder, sheet, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(**given):
        return read_project(root, {"bundle": str(folder), "samples": str(sheet), **given})

    return read


def wildcards(**values):
    return SimpleNamespace(**values)


def test_predictors_marks_genes_and_chromosomes_come_from_the_bundle(read, folder):
    project = read()
    assert project.config.marks == MARKS and project.config.predict.models == [NAME]
    assert project.chrom_sizes == folder / "chrom.sizes"
    predicting = project.predicting
    files = predicting.prediction_from(wildcards(predictor=NAME, subject="liver"))
    assert str(folder) in files["model"][0] and files["check"].endswith("bundle_check.tsv")
    counts = project.lookup.count_inputs(wildcards(cell="liver", window="400bp_100bp"))
    assert counts["genes"] == str(folder / "genes.tsv")
    assert predicting.simulated and not project.config.simulated
    # a study of this name is not shipped
    assert predicting.names("estimator") == "(?:mine/ridge|mine/ridge_change)"
    with pytest.raises(InputError, match=r"config key 'bundle'.*leave the key out"):
        project.check_targets(["deepchrome"])
    with pytest.raises(InputError, match=r"export needs data to train on"):
        project.check_targets(["export"])


def test_counts_are_made_anew_for_other_genes(read, folder):
    said = read().lookup.counts_made_from(wildcards(cell="liver"))
    (folder / "genes.tsv").write_text("CONTENT")
    other = read().lookup.counts_made_from(wildcards(cell="liver"))
    assert said["genes_of_bundle"] != other["genes_of_bundle"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"marks": MARKS[::-1]}, "config key 'marks' asks for H3K4me3, H3K4me1, and .* leave"),
        ({"marks": ["H3K4me3"]}, "config key 'marks' asks for H3K4me3, and the models"),
        ({"predict": {"models": ["mine/rigde"]}}, "no model mine/rigde; did you mean 'mine/ridge'"),
        ({"predict": {"models": [CHANGES]}}, "predicts a change: name it under 'predict.changes'"),
        ({"predict": {"changes": [NAME]}}, "predicts a value: name it under 'predict.models'"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(read, given, message):
    with pytest.raises(InputError, match=message):
        read(**given)


def test_other_chromosomes_are_refused(read, folder, tmp_path):
    own = tmp_path / "own.sizes"
    shutil.copy(folder / "chrom.sizes", own)
    assert read(chrom_sizes=str(own)).chrom_sizes == folder / "chrom.sizes"
    own.write_text("chr1\t248956422\nchr2\t243199373\n")
    message = "chr1 has 248956422 bp there and 249250621 bp in the bundle"
    with pytest.raises(InputError, match=message):
        read(chrom_sizes=str(own))


def test_overrides_that_a_trained_model_cannot_follow_are_refused(root, folder, tmp_path):
    one = predictor("value")
    one["block"] = {**BLOCK, "training": {"epochs": 4}}
    seal(folder, predictors={NAME: one, CHANGES: predictor("change")})
    bundle = opened(folder, tmp_path)

    def adopt(changes):
        config = read_config(root, overrides={"mine": changes})
        return bundle.adopt(config, {"overrides": {}}, root)

    adopt({"data": {"window": "400bp_100bp"}, "models": {"ridge": {"training": {"epochs": 4}}}})
    adopt({"title": "another", "models": {"other": {"training": {"epochs": 9}}}})
    with pytest.raises(InputError, match=r"mine.data.window asks for 800bp_100bp, and .* 400bp"):
        adopt({"data": {"window": "800bp_100bp"}})
    with pytest.raises(InputError, match=r"models.ridge.training.epochs asks for 5, and .* with 4"):
        adopt({"models": {"ridge": {"training": {"epochs": 5}}}})


def read_config(root, **given):
    from markexpr.settings.config import load_config

    return load_config(given)


def test_a_sample_that_lacks_a_mark_is_refused(read, sheet):
    lines = sheet.read_text().splitlines()
    sheet.write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(InputError, match=r"liver has no file of H3K4me3, which the models of the"):
        read().lookup.own_counts(wildcards(cell="liver"))


# ---- exporting ----


def test_everything_that_goes_into_a_bundle_is_known_before_a_job(root):
    given = {
        "mirror": "simulated",
        "cells": ["E003", "E116"],
        "pairs": ["E003-E116"],
        "predict": {"models": ["dense_ensemble/ridge"], "changes": ["deepdiff/ridge"]},
    }
    exporting = read_project(root, given).exporting
    files = exporting.files
    assert files[-1] == "results/bundle/bundle.yaml" and len(set(files)) == len(files)
    member = "predictors/deepdiff/ridge/members/E003-E116/seed1/model.skops"
    assert f"results/bundle/{member}" in files
    sources = dict(zip(exporting.places(None), exporting.sources(None)["content"]))
    assert sources[member] == "results/runs/deepdiff/ridge/E003-E116/seed1/model.skops"
    described = exporting.described(None)
    assert described["deepdiff/ridge"]["held_out"]["cells"] == ["E003", "E116"]
    assert not described["deepdiff/ridge"]["held_out"]["unseen"]


def test_rows_are_of_a_held_out_cell_where_there_is_one(root):
    given = {
        "mirror": "simulated",
        "cells": ["E003", "E116", "E123"],
        "predict": {
            "models": ["dense_ensemble/ridge", "wakawaka/ridge"],
            "changes": [],
        },
        "overrides": {
            "dense_ensemble": {"data": {"split": {"held_out_cells": ["E123"]}}},
            "wakawaka": {"data": {"split": {"held_out_cells": ["E116"]}}},
        },
    }
    exporting = read_project(root, given).exporting
    found = exporting.described(None)
    assert found["dense_ensemble/ridge"]["held_out"] == {"cells": ["E123"], "unseen": True}
    assert found["wakawaka/ridge"]["held_out"] == {"cells": ["E116"], "unseen": True}
    assert exporting.held_out_from(wildcards(predictor="wakawaka/ridge"))["cells"] == [
        "results/tensors/wakawaka/E116.npz"
    ]


def test_a_study_without_a_pair_says_how_to_leave_it_out(root):
    given = {"cells": ["E003"], "predict": {"models": ["deepchrome/deepchrome"]}}
    project = read_project(root, given)
    assert project.exporting.files == []
    with pytest.raises(InputError, match=r"has no cell to train on.*or leave it out"):
        project.predicting.find("deepdiff/raw_d", "predict.changes")


def test_test_genes_that_trained_no_fit_are_taken_where_there_are_enough():
    import export_held_out

    def rows(n_known):
        trained = pd.DataFrame({"gene_id": genes[:n_known], "trained": 1})
        return export_held_out.choose_rows(samples, trained)

    genes = np.array([f"g{number:04}" for number in range(1000)])
    split = np.where(np.arange(1000) % 2, "test", "train")
    samples = SimpleNamespace(
        gene_id=genes, cell=np.full(1000, "E003"), index=lambda name: np.flatnonzero(split == name)
    )
    found = rows(0)
    assert len(found) == 300 and found[0] == 1 and found[-1] == 999 and (found % 2 == 1).all()
    assert rows(900).min() >= 900 and len(rows(900)) == 50
    assert len(rows(990)) == 300
    split[:] = "train"
    with pytest.raises(InputError, match=r"E003 has no test gene"):
        rows(0)


def test_what_an_earlier_bundle_left_is_removed_and_nothing_else(tmp_path):
    import export_bundle

    old = tmp_path / "predictors/a/b/members/E001/seed1/model.skops"
    old.parent.mkdir(parents=True)
    old.write_text("x")
    (tmp_path / "genes.tsv").write_text("x")
    export_bundle.clear(tmp_path, {"genes.tsv"})
    assert not old.exists() and (tmp_path / "genes.tsv").exists()
    (tmp_path / "my_notes.txt").write_text("x")
    with pytest.raises(InputError, match=r"my_notes.txt is no file of a bundle: move it"):
        export_bundle.clear(tmp_path, {"genes.tsv"})
