"""What fits ask a cluster for: by the partitions that Slurm lists (a stand-in for sinfo), and by
config."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT, profile_with_shards

ONE = "work* gpu:a100:4\n"  # one partition for all
APART = "cpu* (null)\nbig gpu:a100:4\n"


def asked(tmp_path, sinfo, *config, smi=None, profile="profiles/slurm"):
    """What a fit asks for, and what Snakemake printed."""
    programs = tmp_path / "bin"
    programs.mkdir()
    # the plugin wants a squeue wherever there is a sinfo
    for name, printed in (("sinfo", sinfo), ("squeue", ""), ("nvidia-smi", smi)):
        if printed is not None:
            (programs / name).write_text(
                f"#!/bin/sh\nprintf '{printed}'\n" if printed != "fail" else "#!/bin/sh\nexit 1\n"
            )
            (programs / name).chmod(0o755)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("MARKEXPR")
    }
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    line = [
        sys.executable,
        ROOT / "tests/workflow/resources_of_a_fit.py",
        "--workflow-profile",
        profile,
        "--directory",
        tmp_path,
    ]
    result = subprocess.run(
        [*line, *(["--config", *config] if config else [])],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    fits = [
        json.loads(row.removeprefix("FIT "))
        for row in result.stdout.splitlines()
        if row.startswith("FIT ")
    ]
    return (fits or [None])[0], result.stdout + result.stderr


@pytest.mark.parametrize(
    ("sinfo", "config", "expected"),
    [
        # that fits may share a GPU concerns one machine
        (ONE, ["fits_per_gpu=4"], {"gpu": 1, "runtime": 45, "mem_mb": 4000}),
        (
            APART,
            ["partitions={cpu: cpu, gpu: big, network: null}"],
            {"gpu": 1, "slurm_partition": "big", "runtime": 45, "mem_mb": 4000},
        ),
        (
            APART,
            ["partitions={cpu: cpu, gpu: big, network: null}", "gpu=false"],
            {"slurm_partition": "cpu", "runtime": 240, "mem_mb": 4000},
        ),
        (None, ["gpu=true"], {"gpu": 1, "runtime": 45, "mem_mb": 4000}),
    ],
)
def test_what_a_fit_asks_for(tmp_path, sinfo, config, expected):
    # the machine that submits has a GPU of its own, which says nothing of the cluster
    found, printed = asked(tmp_path, sinfo or "", *config, smi="GPU 0: mine\n")
    assert found == expected, printed[-3000:]


def test_with_the_profiles_lines_for_it_a_fit_asks_for_a_share_of_a_gpu(tmp_path):
    profile = profile_with_shards(tmp_path)
    found, printed = asked(tmp_path, "work* gpu:a100:1,shard:4\n", profile=profile)
    expected = {"gpu": 0, "gres": "shard:1", "runtime": 45, "mem_mb": 4000}
    assert found == expected, printed[-3000:]


def test_gpus_that_no_key_names_are_told_of(tmp_path):
    found, printed = asked(tmp_path, APART)
    assert (
        found == {"runtime": 240, "mem_mb": 4000}
        and "GPUs are in partition big, which is not the default: set config key partitions.gpu"
        in printed
    )


def test_a_partition_without_a_gpu_is_refused(tmp_path):
    found, printed = asked(tmp_path, APART, "partitions={cpu: cpu, gpu: bigg, network: null}")
    assert (
        found is None
        and (
            "sinfo lists no GPU in gpu partition 'bigg', but in ['big']; name one that has, or "
            "set gpu: false"
        )
        in printed
    )


def test_a_slurm_that_does_not_answer_is_told_of(tmp_path):
    found, printed = asked(tmp_path, "fail")
    assert found == {"runtime": 240, "mem_mb": 4000}
    assert (
        "sinfo does not say what GPUs there are" in printed
        and "unless you set config key gpu to true" in printed
    )
