"""What counts as a change: the content of a user's own files, whatever their time stamps say, and
what made the results that are there."""

import os
import shutil

import numpy as np
from conftest import jobs_of, snakemake

COUNTS = "results/counts/10000bp_100bp/E003.npz"


def write(path, seed):
    """The class competition's file of three genes of E003, always of the same size in bytes: gene
    id, five marks that are high around the TSS, expression."""
    cell = np.random.default_rng(seed).integers(10, 20, (3, 100, 7)).astype(float)
    cell[:, 40:60, 1:6] += 80
    cell[:, :, 0] = np.arange(1, 4)[:, None]
    cell[:, :, 6] = 5
    np.savez(path, E003=cell)


def test_the_content_of_own_files_counts_and_not_their_time_stamps(tmp_path):
    own = tmp_path / "train.npz"
    write(own, 1)
    stamp, size = own.stat().st_mtime_ns, own.stat().st_size
    arguments = (
        *("--config", "cells=[E003]", f"sources={{E003: {{kind: kaggle_npz, path: {own}}}}}"),
        *("--", COUNTS),
    )

    def plan(folder="run"):
        return snakemake("-n", *arguments, directory=tmp_path / folder, check=False)

    snakemake(*arguments, directory=tmp_path / "run")
    # a copy of the counts by themselves, without notes
    (copy := tmp_path / "copy" / COUNTS).parent.mkdir(parents=True)
    shutil.copy2(tmp_path / "run" / COUNTS, copy)
    own.touch()
    for folder in ("run", "copy"):
        assert "Nothing to be done" in plan(folder).printed

    write(tmp_path / "other.npz", 2)
    os.utime(tmp_path / "other.npz", ns=(stamp, stamp - 10**15))
    shutil.copy2(tmp_path / "other.npz", own)
    assert own.stat().st_size == size and own.stat().st_mtime_ns < stamp
    assert jobs_of(plan().printed) == {"count_reads": 1, "total": 1}
    refused = plan("copy")
    assert refused.returncode and "Traceback" not in refused.printed
    assert f"markexpr: ERROR: {COUNTS} was made with own.E003.files" in refused.printed
