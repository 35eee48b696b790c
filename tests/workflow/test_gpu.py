"""Who gets a GPU and how many at once, on a machine that lists one (torch sees none here: the fits
run on the CPU and say so)."""

import os
import re
import shutil
import subprocess

import pytest
from conftest import ROOT, command

RUNS = [f"results/runs/deepchrome/deepchrome/E003/seed{seed}" for seed in (1, 2)]
SHORT = "overrides={deepchrome: {models: {deepchrome: {training: {epochs: 1}}}}}"


@pytest.fixture(scope="module")
def tensors(counted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("one gpu")
    shutil.copytree(counted, folder, dirs_exist_ok=True)
    line = command(
        "--configfile",
        "tests/workflow/simulated.yaml",
        "--",
        "results/tensors/deepchrome/E003.npz",
        directory=folder,
    )
    subprocess.run(line, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize(
    ("setting", "at_once"), [("fits_per_gpu=1", [1, 1]), ("fits_per_gpu=2", [2])]
)
def test_fits_take_turns_on_a_gpu_unless_they_may_share_it(tensors, tmp_path, setting, at_once):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "nvidia-smi").write_text(
        '#!/bin/sh\necho "GPU 0: a GPU that is none (UUID: GPU-0)"\n'
    )
    (programs / "nvidia-smi").chmod(0o755)
    folder = shutil.copytree(tensors, tmp_path / "run")
    arguments = [
        "--configfile",
        "tests/workflow/simulated.yaml",
        "--config",
        SHORT,
        setting,
        "--",
        *[f"{run}/predictions.tsv.gz" for run in RUNS],
    ]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("MARKEXPR")
    }
    environment["CUDA_VISIBLE_DEVICES"] = ""  # of a machine that has one
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    result = subprocess.run(
        command(*arguments, directory=folder),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr[-4000:]
    assert [
        int(number) for number in re.findall(r"Execute (\d+) jobs", result.stdout + result.stderr)
    ] == at_once
    for run in RUNS:
        log = folder / run.replace("results/runs", "logs/train_model")
        assert "was given a GPU but torch sees none" in log.with_suffix(".log").read_text()
