"""The pipeline for real on a small simulated mirror, from a copy of the project, in a folder with a
space in its name."""

import gzip
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, jobs_of, snakemake
from safetensors.numpy import load_file

RUN = "results/runs/deepchrome/deepchrome/E003/seed1"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project, so that a test may edit it."""
    copy = tmp_path_factory.mktemp("a clone") / "markexpr"
    skip = shutil.ignore_patterns(
        ".git",
        ".venv",
        "demo",
        "results",
        ".snakemake",
        "logs",
        "benchmarks",
        "__pycache__",
        ".*_cache",
    )
    shutil.copytree(ROOT, copy, ignore=skip)
    return copy


@pytest.fixture(scope="module")
def smoke(project):
    """The working directory of a whole run with its report."""
    folder = project.parent / "smoke run"
    snakemake(
        "--configfile",
        "tests/workflow/smoke.yaml",
        "--report",
        "results/report.html",
        "--report-after-run",
        directory=folder,
        project=project,
    )
    return folder


def again(smoke, project, *arguments, check=True):
    return snakemake(
        "--configfile",
        "tests/workflow/smoke.yaml",
        *arguments,
        directory=smoke,
        project=project,
        check=check,
    )


def test_a_second_run_has_nothing_to_do(smoke, project):
    assert "Nothing to be done" in again(smoke, project).printed


def test_nothing_temporary_is_left(smoke):
    left = [
        path
        for path in smoke.rglob("*")
        if path.is_file()
        and (path.name.startswith(".") or path.suffix == ".pt")
        and ".snakemake" not in path.parts
    ]
    assert left == []


def test_contract_of_counts(smoke):
    with np.load(smoke / "results/counts/10000bp_100bp/E003.npz") as file:
        assert file["counts"].dtype == np.uint32
        assert file["counts"].shape == (len(file["gene_id"]), 5, 100)
        assert file["marks"].tolist() == ["H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"]
        assert file["counts"].sum() > 100_000


def test_sequence_and_count_tables_are_fetched_like_the_rest(smoke, project):
    paths = [
        "results/raw/hg19/hg19.fa.gz",
        "results/raw/byDataType/rna/expression/57epigenomes.N.pc.gz",
    ]
    again(smoke, project, "--", *paths)
    for path in paths:
        with gzip.open(smoke / path, "rt") as file:
            assert file.readline().strip().split("\t")[0] in (">chr1", "gene_id")


def test_contract_of_genes(smoke):
    genes = pd.read_csv(smoke / "results/annotation/genes.deepchrome.tsv", sep="\t")
    assert genes.columns.tolist() == ["gene_id", "chrom", "tss", "strand", "name"]
    assert genes["chrom"].str.startswith("chr").all() and set(genes["strand"]) == {"+", "-"}


def test_contract_of_tensors(smoke):
    with (
        np.load(smoke / "results/tensors/deepchrome/E003.npz") as file,
        np.load(smoke / "results/counts/10000bp_100bp/E003.npz") as counts,
    ):
        assert set(file.files) == {
            "X",
            "gene_id",
            "marks",
            "bins",
            "expression",
            "target",
            "split",
            "provenance",
        }
        n = len(file["gene_id"])
        assert file["X"].shape == (n, 5, 100) and file["X"].dtype == np.float32
        assert file["bins"].tolist() == list(range(-5000, 5000, 100))
        assert [(file["split"] == name).sum() for name in ("train", "valid", "test")] == [
            n // 3
        ] * 3
        assert abs(file["target"].mean() - 0.5) < 0.01
        assert np.array_equal(file["target"], file["expression"] >= np.median(file["expression"]))
        # the study's order of marks, the counts' values
        gene, mark = 7, 3
        assert file["marks"][mark] == "H3K4me3"
        row = counts["gene_id"].tolist().index(file["gene_id"][gene])
        assert np.allclose(
            file["X"][gene, mark],
            np.log1p(counts["counts"][row, counts["marks"].tolist().index("H3K4me3")]),
        )
        provenance = json.loads(str(file["provenance"]))
        assert provenance["cell"] == "E003" and provenance["median"] == np.median(
            file["expression"]
        )


def test_expression_is_of_the_right_cell(smoke):
    with gzip.open(
        smoke / "results/raw/byDataType/rna/expression/57epigenomes.RPKM.pc.gz", "rt"
    ) as file:
        header, *rows = (line.rstrip("\n").split("\t") for line in file)
    table = {row[0]: float(row[header.index("E123")]) for row in rows}
    with np.load(smoke / "results/tensors/deepchrome/E123.npz") as tensors:
        assert [table[gene] for gene in tensors["gene_id"]] == tensors["expression"].tolist()


def test_contract_of_a_run(smoke):
    predictions = pd.read_csv(smoke / RUN / "predictions.tsv.gz", sep="\t")
    seen = ["gene_seen", "cell_seen", "tissue_seen"]
    assert predictions.columns.tolist() == ["gene_id", "cell", "split", "y_true", "y_pred", *seen]
    assert predictions["gene_seen"].tolist() == (predictions["split"] == "train").tolist()
    assert (predictions[["cell_seen", "tissue_seen"]] == 1).all(axis=None)
    assert predictions["gene_id"].is_unique and predictions["y_pred"].between(0, 1).all()
    history = pd.read_csv(smoke / RUN / "history.tsv", sep="\t")
    assert history.columns.tolist() == ["epoch", "train_loss", "valid_loss", "valid_auc"]
    params = yaml.safe_load((smoke / RUN / "params.yaml").read_text())
    assert params["training"]["epochs"] == 8 and params["network"]["kernels"] == 50
    assert params["best_epoch"] == history.loc[history["valid_auc"].idxmax(), "epoch"]
    weights = load_file(smoke / RUN / "weights.safetensors")
    assert sum(value.size for value in weights.values()) == params["parameters"]


def test_saved_weights_give_the_saved_predictions(smoke):
    import torch
    from safetensors.torch import load_file as load_weights

    from markexpr.models import build_model

    params = yaml.safe_load((smoke / RUN / "params.yaml").read_text())
    model = build_model(
        params["architecture"],
        len(params["inputs"]["marks"]),
        params["inputs"]["bins"],
        params["network"],
    )
    model.load_state_dict(load_weights(smoke / RUN / "weights.safetensors"))
    with np.load(smoke / "results/tensors/deepchrome/E003.npz") as file, torch.no_grad():
        ours = torch.softmax(model.eval()(torch.from_numpy(file["X"])).double(), dim=1)[
            :, 1
        ].numpy()
    assert np.allclose(
        ours, pd.read_csv(smoke / RUN / "predictions.tsv.gz", sep="\t")["y_pred"], atol=1e-5
    )


def test_scores_are_of_the_predictions_and_learning_is_real(smoke):
    from sklearn.metrics import roc_auc_score

    metrics = pd.read_csv(smoke / "results/metrics/deepchrome.tsv", sep="\t")
    assert metrics.columns.tolist() == [
        "study",
        "model",
        "unit",
        "seed",
        "split",
        "metric",
        "value",
        "ci_low",
        "ci_high",
        "n",
    ]
    auc = metrics[(metrics["metric"] == "auc") & (metrics["split"] == "test")].set_index(
        ["model", "unit"]
    )
    predictions = pd.read_csv(smoke / RUN / "predictions.tsv.gz", sep="\t").query("split == 'test'")
    row = auc.loc[("deepchrome", "E003")]
    assert row["value"] == pytest.approx(
        roc_auc_score(predictions["y_true"], predictions["y_pred"]), abs=1e-5
    )
    assert row["ci_low"] < row["value"] < row["ci_high"] and row["n"] == len(predictions)
    for unit in ("E003", "E123"):
        assert auc.loc[("deepchrome", unit), "ci_low"] > 0.55  # well above chance
        assert (
            auc.loc[("simulator_truth", unit), "value"]
            > auc.loc[("deepchrome", unit), "value"] - 0.02
        )


def test_h3k4me3_peaks_at_the_tss_of_high_genes(smoke):
    table = pd.read_csv(smoke / "results/tables/deepchrome/profiles.tsv", sep="\t")
    table = table[(table["mark"] == "H3K4me3") & (table["cell"] == "E003")]
    near, far = table["offset"].abs() < 1_000, table["offset"].abs() > 4_000
    high = table["expression"] == "high"
    assert table[high & near]["mean_reads"].mean() > 4 * table[high & far]["mean_reads"].mean()
    assert table[high & near]["mean_reads"].mean() > 2 * table[~high & near]["mean_reads"].mean()


def test_published_numbers_are_not_compared_with_simulated_ones(smoke):
    table = pd.read_csv(smoke / "results/tables/deepchrome/published.tsv", sep="\t")
    ours = table[table["model"] == "deepchrome"]
    assert ours["verdict"].str.startswith("not comparable: simulated data (one seed)").all()
    assert ours["ours"].notna().all()
    assert (table[table["model"] == "random_forest"]["verdict"] == "not run").all()


def test_no_published_number_is_reproduced_by_simulated_data(smoke):
    table = pd.read_csv(smoke / "results/reproduction.tsv", sep="\t")
    published = pd.read_csv(ROOT / "config/published.tsv", sep="\t", comment="#")
    # all digits of what is printed
    assert table["published"].tolist() == published["value"].tolist()
    assert set(table["outcome"]) == {"not run"} and set(table["reason"]) == {"simulated data"}
    assert table[["ours", "difference", "units"]].isna().all(axis=None)


def test_the_report_opens_offline_and_holds_the_figures(smoke):
    html = (smoke / "results/report.html").read_text()
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']https?://", html)
    for expected in (
        "roc.png",
        "profiles.png",
        "All data in this report are simulated",
        "95 % bootstrap interval",
    ):
        assert expected in html, expected


def test_figures_are_written_twice_and_whole(smoke):
    for name in ("roc", "profiles"):
        png = (smoke / f"results/figures/deepchrome/{name}.png").read_bytes()
        assert png[:4] == b"\x89PNG" and len(png) > 20_000
        assert (
            (smoke / f"results/figures/deepchrome/{name}.svg")
            .read_text()
            .rstrip()
            .endswith("</svg>")
        )


# ---- other sources, other studies ----


def test_own_bam_and_bed_give_the_counts_of_the_same_reads(smoke, project, tmp_path):
    """From a user's own files through the pipeline: counts equal those of the simulated
    alignments."""
    import pysam

    raw = smoke / "results/raw/byFileType/alignments/consolidated"
    sizes = [line.split() for line in (ROOT / "config/hg19.chrom.sizes").read_text().splitlines()]
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": name, "LN": int(size)} for name, size in sizes]}
    marks = ["H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"]
    for mark in marks:
        reads = pd.read_csv(
            raw / f"E003-{mark}.tagAlign.gz", sep="\t", header=None, usecols=[0, 1, 2]
        )
        reads.to_csv(tmp_path / f"my {mark}.bed", sep="\t", header=False, index=False)
        with pysam.AlignmentFile(tmp_path / f"{mark}.bam", "wb", header=header) as bam:
            for chrom, start, end in reads.itertuples(index=False):
                read = pysam.AlignedSegment(bam.header)
                read.query_name, read.query_sequence, read.flag, read.mapping_quality = (
                    "r",
                    "A" * (end - start),
                    0,
                    40,
                )
                read.reference_id, read.reference_start, read.cigarstring = (
                    bam.get_tid(chrom),
                    start,
                    f"{end - start}M",
                )
                bam.write(read)
    with np.load(smoke / "results/tensors/deepchrome/E003.npz") as file:
        pd.DataFrame({"gene": file["gene_id"], "value": file["expression"]}).to_csv(
            tmp_path / "rpkm.tsv", sep="\t", header=False, index=False
        )
    config = {
        "mirror": f"{smoke}/results/simulated/mirror",
        "cells": ["bam1", "bed1"],
        "sources": {
            "bam1": {
                "kind": "bam",
                "path": f"{tmp_path}/{{mark}}.bam",
                "expression": f"{tmp_path}/rpkm.tsv",
            },
            "bed1": {
                "kind": "tagalign",
                "path": f"{tmp_path}/my {{mark}}.bed",
                "expression": f"{tmp_path}/rpkm.tsv",
            },
        },
    }
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(config))
    folder = tmp_path / "own"
    targets = [f"results/tensors/deepchrome/{cell}.npz" for cell in ("bam1", "bed1")]
    snakemake(
        "--configfile", tmp_path / "own.yaml", "--", *targets, directory=folder, project=project
    )
    with np.load(smoke / "results/tensors/deepchrome/E003.npz") as theirs:
        for target in targets:
            with np.load(folder / target) as ours:
                for name in ("X", "gene_id", "target", "split", "expression"):
                    assert np.array_equal(ours[name], theirs[name]), (target, name)


def test_every_studys_tensors_and_the_competitions_files(smoke, project):
    """Genes, normalisation, target and split of each study on the simulated cells, and the way out
    and back in."""
    studies = ["transferchrome", "dense_ensemble", "deepdiff"]
    exports = ["results/export/kaggle/dense_ensemble/train.npz", "results/sequence/10000bp.npz"]
    settings = "overrides={dense_ensemble: {data: {split: {test: 0.1, held_out_cells: [E123]}}}}"
    targets = [
        f"results/tensors/{study}/{cell}.npz" for study in studies for cell in ("E003", "E123")
    ]
    again(smoke, project, "--config", settings, "--", *targets, *exports)
    arrays = {}
    for target in targets:
        with np.load(smoke / target) as file:
            arrays[tuple(target.split("/")[2:])] = dict(file)
    zscored = arrays["transferchrome", "E003.npz"]
    assert np.allclose(zscored["X"].mean(axis=(0, 2)), 0, atol=1e-4) and np.allclose(
        zscored["X"].std(axis=(0, 2)), 1, atol=1e-4
    )
    dropped = pd.read_csv(smoke / "results/annotation/dropped.transferchrome.tsv", sep="\t")
    assert (dropped["reason"] == "TSS within 5000 bp of a kept gene's").sum() > 10
    assert len(zscored["gene_id"]) + len(dropped) == 300
    assert arrays["deepdiff", "E003.npz"]["X"].shape[1:] == (5, 200)
    counts = pd.read_csv(
        smoke / "results/raw/byDataType/rna/expression/57epigenomes.N.pc.gz",
        sep="\t",
        index_col=False,
    ).set_index("gene_id")["E003"]
    deepdiff = arrays["deepdiff", "E003.npz"]
    assert np.allclose(deepdiff["target"], np.log2(counts[deepdiff["gene_id"]] + 1))
    ensemble = arrays["dense_ensemble", "E003.npz"]
    assert np.allclose(ensemble["target"], np.log2(ensemble["expression"] + 1), atol=1e-5)
    assert [(ensemble["split"] == name).sum() for name in ("train", "valid", "test")] == [
        243,
        27,
        30,
    ]
    assert set(arrays["dense_ensemble", "E123.npz"]["split"]) == {"test"}

    with (
        np.load(smoke / exports[0]) as train,
        np.load(smoke / exports[0].replace("train", "eval")) as evaluation,
    ):
        assert train.files == ["E003"] and train["E003"].shape == (270, 100, 7)
        assert evaluation["E003"].shape[0] == 30 and evaluation["E123"].shape[0] == 300
    source = f"sources={{E003: {{kind: kaggle_npz, path: '{smoke}/{exports[0]}'}}}}"
    back = smoke.parent / "back"
    snakemake(
        "--config",
        source,
        "--",
        "results/counts/10000bp_100bp/E003.npz",
        directory=back,
        project=project,
    )
    with (
        np.load(back / "results/counts/10000bp_100bp/E003.npz") as ours,
        np.load(smoke / "results/counts/10000bp_100bp/E003.npz") as theirs,
    ):
        rows = [theirs["gene_id"].tolist().index(gene) for gene in ours["gene_id"]]
        assert len(rows) == 270 and np.array_equal(ours["counts"], theirs["counts"][rows])
    # the target comes back as it went: the file holds logarithms, which are not taken twice
    setting = ["--config", source, f"mirror={smoke}/results/simulated/mirror", settings]
    snakemake(
        *setting, "--", "results/tensors/dense_ensemble/E003.npz", directory=back, project=project
    )
    with np.load(back / "results/tensors/dense_ensemble/E003.npz") as ours:
        rows = [ensemble["gene_id"].tolist().index(gene) for gene in ours["gene_id"]]
        assert np.allclose(ours["target"], ensemble["target"][rows], atol=1e-5)

    with np.load(smoke / exports[1]) as file:
        assert file["sequence"].shape == (300, 10_000) and file["sequence"].dtype == np.uint8
        assert (file["sequence"] < 4).mean() > 0.99


# ---- what a change reruns ----


def test_real_data_are_not_mixed_with_simulated(smoke, project, tmp_path):
    printed = again(smoke, project, "-n", "--config", "mirror=/data/roadmap", check=False).printed
    assert (
        "holds simulated data, and config key 'mirror' is 'file:///data/roadmap': choose "
        "another folder with --directory" in printed
    )
    (tmp_path / "results/raw").mkdir(parents=True)
    assert "holds real data" in again(tmp_path, project, "-n", check=False).printed


def test_asking_for_a_gpu_or_a_share_of_one_reruns_nothing(smoke, project):
    assert (
        "Nothing to be done"
        in again(smoke, project, "-n", "--config", "gpu=true", "fits_per_gpu=4").printed
    )


def test_a_changed_training_key_reruns_training_and_what_follows(smoke, project):
    overrides = "overrides={deepchrome: {models: {deepchrome: {training: {epochs: 9}}}}}"
    jobs = jobs_of(again(smoke, project, "-n", "--config", overrides).printed)
    again_made = {
        "score_study",
        "compare_published",
        "plot_attributions",
        "all",
    }
    assert jobs == {
        "train_model": 2,
        "save_attributions": 2,
        **dict.fromkeys(again_made, 1),
        "total": 8,
    }


def test_a_further_seed_trains_that_seed_alone(smoke, project):
    jobs = jobs_of(again(smoke, project, "-n", "--config", "seeds=[1,2]").printed)
    assert jobs["train_model"] == 2 and "count_reads" not in jobs and "build_tensors" not in jobs


def test_an_edited_model_retrains_and_an_edited_figure_does_not(smoke, project):
    for name, old, new, expected in [
        (
            "models/deepchrome.py",
            "pooled < 1",
            "pooled < 2",
            {"train_model", "score_study", "compare_published"},
        ),
        ("plots/__init__.py", '"font.size": 9', '"font.size": 8', {"score_study", "show_data"}),
        (
            "data/reads.py",
            "1_000_000",
            "2_000_000",
            {
                "count_reads",
                "build_tensors",
                "train_model",
                "predict_truth",
                "show_data",
                "score_study",
            },
        ),
    ]:
        path = project / "workflow/scripts/markexpr" / name
        text = path.read_text()
        assert old in text
        try:
            path.write_text(text.replace(old, new))
            jobs = set(jobs_of(again(smoke, project, "-n").printed)) - {"all", "total"}
        finally:
            path.write_text(text)
        assert expected <= jobs, name
        assert "download" not in jobs and (name == "data/reads.py") == ("count_reads" in jobs)
        assert (name != "plots/__init__.py") == ("train_model" in jobs)
    assert "Nothing to be done" in again(smoke, project, "-n").printed


def test_a_touched_downloader_or_another_clone_fetches_nothing_again(smoke, project, tmp_path):
    target = "results/raw/byDataType/rna/expression/Ensembl_v65.Gencode_v10.ENSG.gene_info"
    arguments = ["--config", f"mirror={smoke}/results/simulated/mirror", "--", target]
    snakemake(*arguments, directory=tmp_path / "run", project=project)
    (project / "workflow/scripts/download.py").touch()
    shutil.copytree(project, tmp_path / "another clone")
    for clone in (project, tmp_path / "another clone"):
        assert (
            "Nothing to be done"
            in snakemake("-n", *arguments, directory=tmp_path / "run", project=clone).printed
        )


def test_another_clone_and_touched_files_rerun_nothing_and_other_content_does(
    smoke, project, tmp_path
):
    """Code counts by what it does and shipped files by their content, wherever the clone is."""
    clone = shutil.copytree(project, tmp_path / "fresh clone", copy_function=shutil.copy)
    train = clone / "workflow/scripts/train_model.py"
    train.write_text(train.read_text().replace('"""One fit', '"""Just one fit', 1))
    assert "Nothing to be done" in again(smoke, clone, "-n").printed

    published = clone / "config/published.tsv"
    published.write_text(published.read_text() + "# one more line\n")
    jobs = set(jobs_of(again(smoke, clone, "-n").printed))
    assert jobs == {"compare_published", "tabulate_reproduction", "all", "total"}


def test_results_without_snakemakes_folder_know_what_made_them(smoke, project, tmp_path):
    (tmp_path / "results").symlink_to(smoke / "results")
    assert "Nothing to be done" in again(tmp_path, project, "-n").printed
    epochs = "overrides={deepchrome: {models: {deepchrome: {training: {epochs: 9}}}}}"
    assert jobs_of(again(tmp_path, project, "-n", "--config", epochs).printed)["train_model"] == 2
