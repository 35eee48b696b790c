"""A bundle for real: made in one folder, used in another without any data to train on, and not used
where it was tampered with."""

import hashlib
import json
import re
import shutil

import pandas as pd
import pytest
import yaml
from conftest import jobs_of, snakemake

CONFIG = ["--configfile", "tests/workflow/bundle.yaml"]
MARKS = ["H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"]
CHANGE = "results/predictions/by_model/deepdiff/ridge/two-vs-one.tsv.gz"
MADE = [
    "results/predictions/one.tsv",
    "results/predictions/two.tsv",
    "results/predictions/by_model/deepchrome/deepchrome/one.tsv.gz",
    "results/predictions/by_model/dense_ensemble/ridge/two.tsv.gz",
    CHANGE,
]
NOWHERE = "mirror=file:///there/is/no/mirror"


@pytest.fixture(scope="module")
def made(counted, tmp_path_factory):
    """The folder in which models were trained, a bundle made, and samples predicted."""
    folder = shutil.copytree(counted, tmp_path_factory.mktemp("bundles") / "made")
    alignments = folder / "results/raw/byFileType/alignments/consolidated"
    own = folder.parent / "own"
    own.mkdir()
    lines = ["sample\tmark\tpath"]
    for sample, cell in (("one", "E085"), ("two", "E116")):
        for mark in MARKS:
            path = shutil.copy(
                alignments / f"{cell}-{mark}.tagAlign.gz", own / f"{sample}-{mark}.bed.gz"
            )
            lines.append(f"{sample}\t{mark}\t{path}")
    (own / "samples.tsv").write_text("\n".join(lines) + "\n")
    samples = ["--config", f"samples={own / 'samples.tsv'}"]
    snakemake(*CONFIG, *samples, "--", "export", *MADE, directory=folder)
    return folder


def use(made, bundle, folder, *arguments, check=True, targets=MADE):
    """A run in another folder, of a user who has a bundle and samples alone."""
    samples = made.parent / "own/samples.tsv"
    given = [f"bundle={bundle}", f"samples={samples}", NOWHERE]
    return snakemake(
        *("--config", *given), *arguments, "--", *targets, directory=folder, check=check
    )


@pytest.fixture(scope="module")
def used(made):
    """The folder in which the bundle is used, as an archive."""
    packed = shutil.make_archive(made.parent / "packed", "gztar", made / "results", "bundle")
    folder = made.parent / "used"
    planned = use(made, packed, folder, "-n")
    folder.joinpath("planned").write_text(planned.printed)
    folder.joinpath("printed").write_text(use(made, packed, folder).printed)
    return folder


def test_nothing_is_downloaded_and_nothing_trained(used):
    jobs = jobs_of((used / "planned").read_text())
    assert jobs == {
        "verify_bundle": 1,
        "recompute_held_out": 1,
        "recompute_held_out_by_estimators": 2,
        "check_bundle": 1,
        "count_reads": 2,
        "build_inputs": 6,
        "predict_sample": 2,
        "predict_sample_by_estimators": 3,
        "check_sample": 2,
        "gather_predictions": 2,
        "total": 22,
    }
    assert not (used / "results/raw").exists() and not (used / "results/runs").exists()


def test_the_bundle_predicts_the_same_bytes(made, used):
    for path in MADE:
        assert (used / path).read_bytes() == (made / path).read_bytes(), path


def test_the_bundle_proves_itself(made, used):
    table = pd.read_csv(used / "results/predictions/bundle_check.tsv", sep="\t")
    manifest = yaml.safe_load((made / "results/bundle/bundle.yaml").read_text())
    for name, one in manifest["predictors"].items():
        for metric, value in one["held_out"]["scores"].items():
            (row,) = table[(table["model"] == name) & (table["metric"] == metric)].to_dict(
                "records"
            )
            assert row["found"] == pytest.approx(value, rel=1e-8) and row["n"] >= 30
    assert table["equal_to_the_bit"].all() and table["versions_equal"].all()
    assert set(table["model"]) == set(manifest["predictors"])
    printed = (used / "printed").read_text()
    assert re.search(r"bundle: dense_ensemble/ridge has .* \(equal to the bit\)", printed)
    assert "models were trained on simulated cells" in printed


def test_what_the_bundle_says_of_itself(made):
    folder = made / "results/bundle"
    manifest = yaml.safe_load((folder / "bundle.yaml").read_text())
    ridge = manifest["predictors"]["dense_ensemble/ridge"]
    assert ridge["held_out"]["cells"] == ["E123"] and ridge["held_out"]["unseen"]
    assert ridge["unit"] == "RPKM" and ridge["data"]["normalise"] == "log1p"
    change = manifest["predictors"]["deepdiff/ridge"]
    assert change["held_out"]["cells"] == ["E123", "E003"] and change["predicts"] == "change"
    assert manifest["marks"] == MARKS
    assert {"torch", "scikit-learn", "numpy", "markexpr"} <= set(manifest["versions"])
    for path, file in manifest["files"].items():
        content = (folder / path).read_bytes()
        assert len(content) == file["size"], path
        assert hashlib.sha256(content).hexdigest() == file["sha256"], path
    assert "probability of high" in (folder / "README.md").read_text()
    home = json.dumps(manifest) + (folder / "README.md").read_text()
    assert str(made) not in home


def test_a_second_run_has_nothing_to_do(made, used):
    assert "Nothing to be done" in use(made, made.parent / "packed.tar.gz", used, "-n").printed


# ---- refused ----


@pytest.fixture
def tampered(made, tmp_path):
    return shutil.copytree(made / "results/bundle", tmp_path / "bundle")


def refuse(made, used, tampered, message, *arguments):
    """The bundle is refused in one line, and nothing is predicted by it."""
    folder = tampered.parent / "run"
    counts = "results/counts/10000bp_100bp"
    # of the same genes and samples
    shutil.copytree(used / counts, folder / counts)
    result = use(made, tampered, folder, *arguments, check=False)
    assert result.returncode and "Traceback" not in result.printed
    assert re.search(rf"markexpr: ERROR: .*{message}", result.printed), result.printed[-3000:]
    assert not (folder / "results/predictions/by_model").exists()


def seal(folder, path):
    """Have the manifest say of a file what it is now, as one would who tampers with care."""
    place = folder / "bundle.yaml"
    manifest, content = yaml.safe_load(place.read_text()), (folder / path).read_bytes()
    manifest["files"][path] = {
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    place.write_text(yaml.safe_dump(manifest, sort_keys=False))


def test_a_changed_file_is_refused(made, used, tampered):
    path = tampered / "predictors/deepchrome/deepchrome/members/E003/seed1/weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    refuse(made, used, tampered, "weights.safetensors is not what bundle.yaml says")


def test_weights_that_are_cut_short_are_refused(made, used, tampered):
    path = "predictors/deepchrome/deepchrome/members/E003/seed1/weights.safetensors"
    (tampered / path).write_bytes((tampered / path).read_bytes()[:-1000])
    seal(tampered, path)
    refuse(made, used, tampered, "weights.safetensors cannot be read as a model")


def test_weights_of_another_model_are_found_by_the_held_out_rows(made, used, tampered):
    path = "predictors/deepchrome/deepchrome/members/{}/seed1/weights.safetensors"
    shutil.copy(tampered / path.format("E123"), tampered / path.format("E003"))
    seal(tampered, path.format("E003"))
    refuse(made, used, tampered, "deepchrome/deepchrome does not predict what the bundle says")
