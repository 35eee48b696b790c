"""docs/own_samples.md, followed by a new user: from BAM files of the simulator to the tables and
pages; then a bundle of the same models (docs/bundle.md)."""

import hashlib
import json
import re
import shlex
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from alignments import read_tagalign, write_bam
from conftest import ROOT, jobs_of, snakemake

MARKS = ["H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"]
OVERLAYS = ["tests/workflow/simulated.yaml", "tests/workflow/own_samples.yaml"]
SIZES = ROOT / "config/hg19.chrom.sizes"


def command_of_page():
    """The one command of the tutorial."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/own_samples.md").read_text(), re.S)
    words = shlex.split(blocks[0])
    assert words[0] == "snakemake"
    return [word for word in words[1:] if word not in ("--cores", "16", "--use-conda")]


@pytest.fixture(scope="module")
def run(counted, tmp_path_factory):
    """Two cells that no model is trained on, as samples of the sheet: E085 as BAM, with expression,
    and E116 as tagAlign."""
    folder = shutil.copytree(counted, tmp_path_factory.mktemp("own") / "samples")
    raw = folder / "results/raw/byFileType/alignments/consolidated"
    lines = ["sample\tmark\tpath\tgroup\texpression\texpression_unit"]
    rpkm = pd.read_csv(
        folder / "results/simulated/mirror/byDataType/rna/expression/57epigenomes.RPKM.pc.gz",
        sep="\t",
        index_col=False,
    )
    rpkm[["gene_id", "E085"]].to_csv(folder / "rpkm.tsv", sep="\t", header=False, index=False)
    for place, mark in enumerate(MARKS):
        reads = read_tagalign(raw / f"E085-{mark}.tagAlign.gz")
        write_bam(folder / f"{mark}.bam", reads, SIZES)
        known = f"{folder}/rpkm.tsv\tRPKM" if place == 0 else "\t"
        lines.append(f"liver1\t{mark}\t{folder}/{mark}.bam\tcontrol\t{known}")
        lines.append(f"liver2\t{mark}\t{raw}/E116-{mark}.tagAlign.gz\tdrug\t\t")
    (folder / "samples.tsv").write_text("\n".join(lines) + "\n")
    options = ["--configfile", *OVERLAYS, "--config", "samples=samples.tsv"]
    printed = snakemake(*options, *command_of_page(), directory=folder).printed
    return folder / "results", printed


def read(results, name):
    return pd.read_csv(results / f"predictions/{name}", sep="\t").set_index("gene_id")


def test_a_table_of_a_sample_has_every_gene_and_what_is_said_of_it(run):
    table = read(run[0], "liver1.tsv")
    assert len(table) == 300 and table.notna().all(axis=None)
    value, high = table["log2_rpkm_plus_1"], table["p_high"]
    models = table[["dense_ensemble/densenet", "dense_ensemble/ridge"]]
    np.testing.assert_allclose(value, models.mean(axis=1), atol=1e-4)
    np.testing.assert_allclose(high, table["deepchrome/deepchrome"], atol=1e-4)
    assert high.between(0, 1).all() and (table["spread"] > 0).all()
    assert set(table["trained_on"]) == {True, False}


def test_a_gene_was_trained_on_if_a_fit_was(run):
    table = read(run[0], "liver1.tsv")
    trained = set()
    runs = "runs/dense_ensemble/densenet", "runs/dense_ensemble/ridge", "runs/deepchrome/deepchrome"
    for folder in runs:
        for path in (run[0] / folder).glob("*/seed1/predictions.tsv.gz"):
            fit = pd.read_csv(path, sep="\t")
            trained |= set(fit.loc[fit["split"] == "train", "gene_id"])
    assert set(table.index[table["trained_on"]]) == trained


def test_a_bam_of_a_cells_reads_is_counted_as_that_cell(run):
    with (
        np.load(run[0] / "counts/10000bp_100bp/liver1.npz") as own,
        np.load(run[0] / "counts/10000bp_100bp/E085.npz") as cell,
    ):
        assert np.array_equal(own["counts"], cell["counts"])


def test_a_sample_is_in_no_study(run):
    assert not list((run[0] / "tensors").rglob("liver*"))
    assert not list((run[0] / "runs").rglob("liver*"))


def test_scores_are_added_where_expression_is_known(run):
    scores = pd.read_csv(run[0] / "predictions/liver1.scores.tsv", sep="\t")
    assert not (run[0] / "predictions/liver2.scores.tsv").exists()
    table = read(run[0], "liver1.tsv")
    rpkm = pd.read_csv(run[0].parent / "rpkm.tsv", sep="\t", header=None, index_col=0)[1]
    truth = np.log2(rpkm.loc[table.index] + 1)
    seen = scores.set_index(["model", "regime", "metric"])["value"]
    for regime, keep in (("all", slice(None)), ("not trained on", ~table["trained_on"])):
        expected = np.corrcoef(truth[keep], table["dense_ensemble/ridge"][keep])[0, 1]
        assert seen["dense_ensemble/ridge", regime, "pearson"] == pytest.approx(expected, abs=1e-4)
    assert ("deepchrome/deepchrome", "all", "auc") in seen.index
    assert ("mean of all", "all", "mse") in seen.index


def test_two_groups_are_compared_and_what_that_is_worth_is_told(run):
    table = read(run[0], "drug-vs-control.tsv")
    assert len(table) == 300 and table["deepdiff/ridge:change"].std() > 0
    assert table["deepdiff/ridge:spread_of_replicates"].isna().all()
    worth = pd.read_csv(run[0] / "predictions/drug-vs-control.worth.tsv", sep="\t")
    fit = pd.read_csv(
        run[0] / "runs/deepdiff/ridge/E123-E003/seed1/predictions.tsv.gz", sep="\t"
    ).query("split == 'test'")
    assert worth["mean"][0] == pytest.approx(fit["y_true"].corr(fit["y_pred"]), abs=1e-4)
    assert "take them as a ranking to follow up" in run[1]
    assert "have one sample each" in run[1]
    assert (run[0] / "predictions/drug-vs-control.png").read_bytes()[:4] == b"\x89PNG"


def test_each_sample_has_a_page_and_was_compared_before(run):
    folder = run[0] / "predictions"
    pages = {name: (folder / f"{name}.html").read_text() for name in ("liver1", "liver2")}
    for text in pages.values():
        # profiles, the distribution, and three genes with their signals
        assert text.count("data:image/svg+xml;base64,") == 5
        assert not re.search(r'(src|href)="(?!data:)', text)
    assert "<h2>Scores</h2>" in pages["liver1"] and "<h2>Scores</h2>" not in pages["liver2"]
    quality = pd.read_csv(folder / "liver1.quality.tsv", sep="\t")
    near = quality[quality["statistic"] == "distance of profile"]
    assert set(near["mark"]) == set(MARKS) and set(near["verdict"]) == {"like"}
    # one cell is as deep as the next
    depth = quality[quality["statistic"] == "mean reads per bin"]
    assert (depth["value"] < 2 * depth["highest"]).all()


def test_an_empty_sheet_says_what_to_do(run):
    options = ["--configfile", *OVERLAYS, "--", "predict"]
    result = snakemake(*options, directory=run[0].parent, check=False)
    assert result.returncode and "has no sample: fill it in (docs/own_samples.md)" in result.printed
    assert "Traceback" not in result.printed


# ---- a bundle: made in one folder, used in another, not used where it was tampered with ----

CHANGE = "results/predictions/by_model/deepdiff/ridge/liver2-vs-liver1.tsv.gz"
MADE = [
    "results/predictions/liver1.tsv",
    "results/predictions/liver2.tsv",
    "results/predictions/by_model/deepchrome/deepchrome/liver1.tsv.gz",
    "results/predictions/by_model/dense_ensemble/ridge/liver2.tsv.gz",
    CHANGE,
]
NOWHERE = "mirror=file:///there/is/no/mirror"


@pytest.fixture(scope="module")
def made(run):
    """The folder in which models were trained and samples predicted, and a bundle is made."""
    folder = run[0].parent
    options = ["--configfile", *OVERLAYS, "--config", "samples=samples.tsv"]
    snakemake(*options, "--", "export", directory=folder)
    return folder


def use(made, bundle, folder, *arguments, check=True, targets=MADE):
    """A run in another folder, of a user who has a bundle and samples alone."""
    samples = made / "samples.tsv"
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
        "recompute_held_out": 2,
        "recompute_held_out_by_estimators": 2,
        "check_bundle": 1,
        "count_reads": 2,
        "build_inputs": 8,
        "predict_sample": 4,
        "predict_sample_by_estimators": 3,
        "check_sample": 2,
        "gather_predictions": 2,
        "total": 27,
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
