"""The full run on REMC resolves without a network, and lists what it should."""

import shutil

import pytest
from conftest import ROOT, jobs_of, snakemake


def test_the_full_dry_run_lists_every_job(tmp_path):
    printed = snakemake("-n", directory=tmp_path).printed
    jobs = jobs_of(printed)
    # 56 cells × 5 marks, the RPKM table and the gene table
    assert jobs["download"] == 282
    assert jobs["count_reads"] == jobs["build_tensors"] == jobs["train_model"] == 56
    assert "simulate_reads" not in jobs and "predict_truth" not in jobs


def test_counts_need_nothing_but_reads_and_genes(tmp_path):
    printed = snakemake(
        "-n", "--", "results/counts/20000bp_100bp/E003.npz", directory=tmp_path
    ).printed
    assert jobs_of(printed) == {"annotate_genes": 1, "count_reads": 1, "download": 6, "total": 8}


def test_sequence_comes_from_the_genome_mirror(tmp_path):
    printed = snakemake("-n", "--", "results/raw/hg19/hg19.fa.gz", directory=tmp_path).printed
    assert jobs_of(printed) == {"download": 1, "total": 1}


@pytest.mark.parametrize(("study", "cells"), [("dense_ensemble", 56)])
def test_every_studys_data_resolve(tmp_path, study, cells):
    jobs = jobs_of(snakemake("-n", "--", study, directory=tmp_path).printed)
    assert jobs["count_reads"] == jobs["build_tensors"] == cells
    assert jobs["show_data"] == jobs["score_study_of_values"] == 1


VARIANT = """\
base: {base}
setting: by chromosome
data: {{split: {{scheme: chromosome, fold: 0, held_out_cells: [E071]}}}}
models: {{ridge: {{}}, gene_mean: {{}}}}
"""


def test_variants_of_any_paper_are_built_with_it_and_compared(tmp_path):
    skip = shutil.ignore_patterns(".git", ".venv", "demo*", "results", ".snakemake", "*cache*")
    project = shutil.copytree(ROOT, tmp_path / "clone", ignore=skip)
    for base in ("dense_ensemble", "wakawaka"):
        path = project / f"config/studies/{base}_chromosome.yaml"
        path.write_text(VARIANT.format(base=base))
    printed = snakemake(
        "-n",
        "--config",
        "cells=[E003,E004,E071]",
        "--",
        "dense_ensemble",
        "wakawaka",
        directory=tmp_path / "run",
        project=project,
    ).printed
    assert jobs_of(printed)["compare_settings"] == 2
    assert "results/runs/dense_ensemble_chromosome/ridge/E071/seed1/predictions.tsv.gz" in printed
    assert "results/runs/wakawaka_chromosome/ridge/pooled/seed1/predictions.tsv.gz" in printed
