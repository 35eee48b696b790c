"""What is tried to break a run, beside bad input (test_bad_input.py), and what a rerun makes of it:
the same bytes as if nothing had happened."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT, command, snakemake

RUN = "results/runs/deepchrome/deepchrome/E003/seed1"
PREDICTIONS = f"{RUN}/predictions.tsv.gz"
COUNTS = "results/counts/10000bp_100bp/E003.npz"
TENSORS = "results/tensors/deepchrome/E003.npz"
EPOCHS = 30
LONG = 300  # seconds that no wait here takes, on however busy a machine
SIMULATED = ["--configfile", "tests/workflow/simulated.yaml"]


def wait_for(condition, process, seconds=LONG):
    """Wait until condition() is true or a process has ended; whether it was true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.02)
    return False


def started(*arguments, directory, printed=None, **keywords):
    """A run in the background, in a session of its own; what it prints goes to the folder's
    `printed.txt`, or to another file."""
    directory.mkdir(exist_ok=True)
    with open(printed or directory / "printed.txt", "w") as printed:
        return subprocess.Popen(
            command(*arguments, directory=directory),
            cwd=ROOT,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **keywords,
        )


def copied(folder, to):
    shutil.copytree(folder, to, dirs_exist_ok=True)
    return to


def settings(folder, epochs):
    """Arguments for a training of so many epochs of four genes a step, on E003."""
    training = {
        "epochs": epochs,
        "batch_size": 4,
        "early_stopping": {"monitor": "auc", "patience": 0},
    }
    overrides = {
        "cells": ["E003"],
        "overrides": {"deepchrome": {"models": {"deepchrome": {"training": training}}}},
    }
    path = folder / "epochs.yaml"
    path.write_text(yaml.safe_dump(overrides))
    return [*SIMULATED, path]


@pytest.fixture(scope="module")
def whole(counted, tmp_path_factory):
    """A run that nothing happened to, with its scores."""
    folder = copied(counted, tmp_path_factory.mktemp("whole"))
    snakemake(*settings(folder, EPOCHS), "--", "results/metrics/deepchrome.tsv", directory=folder)
    return folder


def assert_same_bytes(folder, whole, paths):
    for path in paths:
        assert (folder / path).read_bytes() == (whole / path).read_bytes(), path


FIT = [
    f"{RUN}/{name}"
    for name in (
        "predictions.tsv.gz",
        "weights.safetensors",
        "history.tsv",
        "steps.tsv",
        "params.yaml",
    )
]


# ---- kills ----


def pids(script, folder):
    """Processes of a rule's script in a working directory, the scheduler not among them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if (
                script in line
                and "-m snakemake" not in line
                and (entry / "cwd").resolve() == folder.resolve()
            ):
                found.append(int(entry.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_job_that_is_killed_fails_alone_and_goes_on_in_the_next_run(counted, whole, tmp_path):
    folder = copied(counted, tmp_path / "job killed")
    arguments = [*settings(folder, EPOCHS), "--", PREDICTIONS]
    process = started(*arguments, directory=folder)
    checkpoint = folder / "results/runs/.checkpoints/deepchrome/deepchrome/E003/seed1.pt"
    assert wait_for(checkpoint.exists, process), (folder / "printed.txt").read_text()
    for pid in pids("train_model", folder):
        os.kill(pid, signal.SIGKILL)
    assert process.wait(LONG) != 0
    assert not any((folder / path).exists() for path in FIT)
    snakemake(*arguments, directory=folder)  # the scheduler ended by itself: nothing to unlock
    assert (
        "going on after epoch"
        in (folder / "logs/train_model/deepchrome/deepchrome/E003/seed1.log").read_text()
    )
    assert_same_bytes(folder, whole, FIT)


def test_a_scheduler_that_is_killed_again_and_again(counted, whole, tmp_path):
    folder = copied(counted, tmp_path / "scheduler killed")
    arguments = [*settings(folder, EPOCHS), "--", "results/metrics/deepchrome.tsv"]
    for moment in (
        TENSORS,
        f"{RUN}/../../../../.checkpoints/deepchrome/deepchrome/E003/seed1.pt",
        PREDICTIONS,
    ):
        process = started(*arguments, directory=folder)
        assert wait_for(
            lambda moment=moment: Path(os.path.normpath(folder / moment)).exists(), process
        ), (folder / "printed.txt").read_text()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if moment == TENSORS:
            locked = snakemake(*arguments, directory=folder, check=False)
            assert locked.returncode and "cannot be locked" in locked.printed
        snakemake("--unlock", *arguments, directory=folder)
    snakemake(*arguments, directory=folder)
    assert_same_bytes(folder, whole, [TENSORS, *FIT, "results/metrics/deepchrome.tsv"])


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_job_ends_with_its_scheduler(counted, tmp_path):
    # or it would put old results in place once a rerun has other settings
    folder = copied(counted, tmp_path / "orphaned")
    process = started(*settings(folder, 5000), "--", PREDICTIONS, directory=folder)
    checkpoint = folder / "results/runs/.checkpoints/deepchrome/deepchrome/E003/seed1.pt"
    assert wait_for(checkpoint.exists, process)
    assert pids("train_model", folder)
    process.kill()  # the scheduler alone
    process.wait()
    deadline = time.monotonic() + LONG
    while pids("train_model", folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not pids("train_model", folder) and not (folder / PREDICTIONS).exists()


def test_a_run_that_is_interrupted_leaves_nothing_half_done(counted, whole, tmp_path):
    folder = copied(counted, tmp_path / "interrupted")
    arguments = [*settings(folder, EPOCHS), "--", PREDICTIONS]
    # a test run in the background may have the signal ignored
    process = started(
        *arguments,
        directory=folder,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    checkpoint = folder / "results/runs/.checkpoints/deepchrome/deepchrome/E003/seed1.pt"
    assert wait_for(checkpoint.exists, process)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal does
    assert process.wait(LONG)
    assert not [path for path in (folder / "results").rglob(".*.*") if path.is_file()]
    snakemake(*arguments, directory=folder)
    assert_same_bytes(folder, whole, FIT)


def test_a_bedtools_that_dies(counted, whole, tmp_path):
    # it is killed with half of its work done, by the system for its memory for example
    folder = copied(counted, tmp_path / "worker")
    (folder / COUNTS).unlink()
    programs = tmp_path / "bin"
    programs.mkdir()
    true = shutil.which("bedtools")
    (programs / "bedtools").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {true} --version\n{true} "$@" | head -c '
        "100003\nkill -KILL $$\n"
    )
    (programs / "bedtools").chmod(0o755)
    arguments = [*settings(folder, EPOCHS), "--", COUNTS]
    process = started(
        *arguments, directory=folder, env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    )
    assert process.wait(LONG) != 0
    printed = (folder / "printed.txt").read_text()
    assert (
        "bedtools was " in printed
        and "E003-H3K4me3.tagAlign.gz" in printed
        and not (folder / COUNTS).exists()
    )
    snakemake(*arguments, directory=folder)
    assert_same_bytes(folder, whole, [COUNTS])


# ---- a full disk ----


@pytest.fixture
def disk(tmp_path):
    """A disk of 96 MB."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("making a small disk needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk):
    """Fill a disk to its last byte."""
    with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 20))


def test_a_disk_that_is_full_in_training(counted, whole, disk, tmp_path):
    copied(counted, disk)
    arguments = [*settings(disk, EPOCHS), "--", PREDICTIONS]
    checkpoint = disk / "results/runs/.checkpoints/deepchrome/deepchrome/E003/seed1.pt"
    process = started(*arguments, directory=disk, printed=tmp_path / "printed.txt")
    assert wait_for(checkpoint.exists, process)
    fill(disk)
    assert process.wait(LONG)
    assert "disk is full" in (tmp_path / "printed.txt").read_text()
    assert not any((disk / path).exists() for path in FIT)
    (disk / "filler").unlink()
    snakemake(*arguments, directory=disk)
    assert_same_bytes(disk, whole, FIT)


# ---- the same to the bit ----


def test_counts_and_tensors_are_the_same_on_one_core_and_on_two(counted, whole, tmp_path):
    folder = copied(counted, tmp_path / "one core")
    (folder / COUNTS).unlink()
    line = command(*settings(folder, EPOCHS), "--", TENSORS, directory=folder)
    line[line.index("--cores") + 1] = "1"
    subprocess.run(line, cwd=ROOT, check=True, capture_output=True)
    assert_same_bytes(folder, whole, [COUNTS, TENSORS])


def test_a_rerun_of_two_seeds_gives_the_same_bits_and_the_seeds_differ(counted, tmp_path):
    folders = [copied(counted, tmp_path / name) for name in ("first", "second")]
    runs = [RUN.replace("seed1", f"seed{seed}") for seed in (1, 2)]
    for folder in folders:
        snakemake(
            *settings(folder, 2),
            "--",
            *[f"{run}/predictions.tsv.gz" for run in runs],
            directory=folder,
        )
    assert_same_bytes(
        *folders,
        [f"{run}/{name}" for run in runs for name in ("predictions.tsv.gz", "weights.safetensors")],
    )
    assert not np.array_equal(
        *[(folders[0] / run / "weights.safetensors").read_bytes() for run in runs]
    )
