"""`--use-conda` by Snakemake's own code: environments made and activated, with a stand-in for
conda, which solves nothing."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT, command

STAND_IN = ROOT / "tests/workflow/conda"
# one target of each environment
TARGETS = {
    "data": "results/tensors/deepchrome/E003.npz",
    "train": "results/runs/deepchrome/deepchrome/E003/seed1/predictions.tsv.gz",
    "attribution": "results/attributions/deepchrome/deepchrome/E003/seed1.npz",
    "figures": "results/figures/deepchrome/genes.png",
    "estimators": "results/runs/dense_ensemble/ridge/E003/seed1/predictions.tsv.gz",
}
SETTINGS = {
    "cells": ["E003", "E123"],
    "overrides": {
        "deepchrome": {"models": {"deepchrome": {"training": {"epochs": 2}}}},
        "dense_ensemble": {"data": {"split": {"test": 0.1, "held_out_cells": ["E123"]}}},
    },
}


@pytest.fixture(scope="module")
def run(counted, tmp_path_factory):
    """A run with --use-conda: its folder, what it printed and the calls of conda."""
    folder = tmp_path_factory.mktemp("with conda")
    shutil.copytree(counted, folder, dirs_exist_ok=True)
    (folder / "few.yaml").write_text(yaml.safe_dump(SETTINGS))
    calls = folder / "calls.txt"
    environment = {
        **os.environ,
        "PATH": f"{STAND_IN}/bin:{os.environ['PATH']}",
        "CONDA_CALLS": str(calls),
        "CONDA_PYTHON": sys.executable,
    }
    arguments = [
        "--use-conda",
        "--conda-prefix",
        folder / "environments",
        "--configfile",
        "tests/workflow/simulated.yaml",
        folder / "few.yaml",
        "--",
    ]
    line = command(*arguments, *TARGETS.values(), directory=folder)
    result = subprocess.run(
        line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, (result.stdout + result.stderr)[-6000:]
    return folder, result.stdout + result.stderr, calls.read_text().splitlines()


def test_it_runs_to_the_end(run):
    folder, _, _ = run
    assert all((folder / target).exists() for target in TARGETS.values())


def test_every_environment_is_created_from_its_file(run):
    folder, _, calls = run
    created = [
        re.search(r'--file "?([^" ]+)', line.replace(str(folder), "F"))[1]
        for line in calls
        if line.startswith("conda env create")
    ]
    # Snakemake hands conda a copy of the file under a name of its own
    copies = [yaml.safe_load((folder / path.removeprefix("F/")).read_text()) for path in created]
    ours = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "envs").glob("*.yaml"))]
    assert sorted(map(str, copies)) == sorted(map(str, ours)) and len(ours) == len(TARGETS)


def test_each_environment_is_activated_by_jobs(run):
    folder, _, calls = run
    activated = {line for line in calls if line.startswith("activate")}
    assert len(activated) == len(TARGETS) and all(
        str(folder / "environments") in line for line in activated
    )


def test_without_conda_the_error_names_it(tmp_path):
    if shutil.which("conda"):
        pytest.skip("there is a conda here")
    line = command(
        "-n", "--use-conda", "--configfile", "tests/workflow/simulated.yaml", directory=tmp_path
    )
    result = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode and "Error running conda info" in (result.stdout + result.stderr)
