"""The pipeline through a real Slurm: the demo's first study by profiles/slurm, on one node with one
declared GPU."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import local_slurm
import pandas as pd
import pytest
import timeline
from conftest import ROOT, command, profile_with_shards, snakemake
from local_slurm import LocalSlurm

if local_slurm.missing() or os.geteuid():
    pytest.skip(
        f"needs root and Slurm (apt-get install {' '.join(local_slurm.PACKAGES)})",
        allow_module_level=True,
    )

RUNS = "results/runs/deepchrome/deepchrome"
CELLS = ["E003", "E116", "E123"]
# of the profile only what is of the machine: two cores and a local disk
HERE = [
    "--cores",
    "2",
    "--slurm-init-seconds-before-status-checks",
    "4",
    "--latency-wait",
    "5",
    "--configfile",
    "config/demo.yaml",
]


@pytest.fixture(scope="module")
def slurm():
    # not in pytest's own folder, which only its owner may enter: munged refuses that
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        Path(folder).chmod(0o755)
        with LocalSlurm(folder) as slurm:
            yield slurm


def submitted(slurm, folder, *arguments, profile=ROOT / "profiles/slurm"):
    """Command line and keywords that start the pipeline with the profile."""
    line = [
        sys.executable,
        "-m",
        "snakemake",
        "--workflow-profile",
        str(profile),
        "--directory",
        str(folder),
        *HERE,
        *map(str, arguments),
    ]
    return line, {"cwd": ROOT, "env": slurm.environment, "text": True}


def through_slurm(slurm, folder, *arguments, check=True, **keywords):
    line, keywords = submitted(slurm, folder, *arguments, **keywords)
    result = subprocess.run(line, capture_output=True, timeout=900, **keywords)
    result.printed = result.stdout + result.stderr
    if check and result.returncode:
        pytest.fail(f"snakemake failed:\n{result.printed[-6000:]}")
    return result


def accounted(slurm, after=0):
    """What Slurm's accounting says of its jobs from number `after` on: a table of job, state,
    start, end, resources, rule, gpus."""
    time.sleep(2)  # slurmdbd writes a little later
    printed = slurm.run(
        "sacct", "-X", "-P", "-n", "-D", "-o", "JobID,State,Start,End,AllocTRES,Comment%200"
    )
    table = pd.DataFrame(
        [line.split("|") for line in printed.splitlines()],
        columns=["job", "state", "start", "end", "resources", "rule"],
    )
    table["rule"] = table["rule"].str.removeprefix("rule_").str.split("_wildcards").str[0]
    table[["start", "end"]] = table[["start", "end"]].map(
        lambda when: datetime.fromisoformat(when) if when[0].isdigit() else None
    )
    table["gpus"] = table["resources"].str.extract(r"gres/gpu=(\d+)")[0].fillna("0").astype(int)
    return table[table["job"].str.extract(r"(\d+)")[0].astype(int) > after]


def latest(slurm):
    """The number of Slurm's last job."""
    return int(accounted(slurm)["job"].str.extract(r"(\d+)")[0].astype(int).max())


def without_runs(study, folder):
    """A copy of the study's folder with all but its fits."""
    shutil.copytree(study, folder)
    shutil.rmtree(folder / RUNS)
    return folder


@pytest.fixture(scope="module")
def study(slurm, tmp_path_factory):
    """The demo's first study, built through Slurm with a job for each fit. One of them is killed on
    its node."""
    folder = tmp_path_factory.mktemp("through slurm")
    line, keywords = submitted(slurm, folder)
    with (
        open(folder / "printed.txt", "w") as printed,
        subprocess.Popen(line, stdout=printed, stderr=printed, **keywords) as process,
    ):
        checkpoint = folder / "results/runs/.checkpoints/deepchrome/deepchrome/E116/seed1.pt"
        while not checkpoint.exists() and process.poll() is None:
            time.sleep(0.1)
        running = slurm.run(
            "squeue", "--noheader", "--states=RUNNING", "--Format=JobID:20,tres-alloc:80"
        ).splitlines()
        killed = [line.split()[0] for line in running if "gres/gpu" in line]
        for job in killed:
            slurm.run("scancel", "--signal=KILL", "--full", job)
        process.wait(900)
    (folder / "killed.txt").write_text("\n".join(killed))
    assert process.returncode == 0, (folder / "printed.txt").read_text()[-6000:]
    return folder


def test_every_output_of_the_study_is_there(study):
    metrics = pd.read_csv(study / "results/metrics/deepchrome.tsv", sep="\t")
    auc = metrics[
        (metrics["metric"] == "auc")
        & (metrics["split"] == "test")
        & (metrics["model"] == "deepchrome")
    ]
    assert sorted(auc["unit"]) == CELLS and (auc["ci_low"] > 0.7).all()
    for file in ("figures/deepchrome/roc.png", "tables/deepchrome/published.tsv"):
        assert (study / "results" / file).stat().st_size > 0


def test_a_killed_job_was_submitted_again_and_ends_in_the_same_bytes(slurm, study, tmp_path):
    assert (study / "killed.txt").read_text()
    table = accounted(slurm)
    assert table["state"].str.startswith("CANCELLED").sum() == 1
    # the same fit, here and undisturbed
    folder = without_runs(study, tmp_path / "local")
    local = ["--configfile", "config/demo.yaml", "--", f"{RUNS}/E116/seed1/predictions.tsv.gz"]
    subprocess.run(command(*local, directory=folder), cwd=ROOT, check=True, capture_output=True)
    for name in ("predictions.tsv.gz", "weights.safetensors", "history.tsv"):
        assert (folder / RUNS / "E116/seed1" / name).read_bytes() == (
            study / RUNS / "E116/seed1" / name
        ).read_bytes(), name
    assert not list((study / "results/runs/.checkpoints").rglob("*.*"))


def test_fits_held_the_gpu_one_at_a_time(slurm, study):
    table = accounted(slurm)
    held = table[table["gpus"] > 0].sort_values("start")
    print(held.to_string(index=False))  # pytest -s shows it
    assert len(held) >= len(CELLS) and (held["gpus"] == 1).all()
    assert (held["start"].iloc[1:].to_numpy() >= held["end"].iloc[:-1].to_numpy()).all()
    # and nothing but fits asked for it
    assert len(held) < len(table) / 2
    timeline.draw(table, study / "slurm.svg")
    if "SLURM_FIGURE" in os.environ:  # docs/slurm.svg is made so
        shutil.copy(study / "slurm.svg", os.environ["SLURM_FIGURE"])


SEEDS = [f"{RUNS}/E003/seed{seed}" for seed in (1, 2, 3)]
OF_SEEDS = ["--rerun-triggers", "input", "--", *[f"{run}/predictions.tsv.gz" for run in SEEDS]]


def log_of(folder, run):
    return (folder / run.replace("results/runs", "logs/train_model")).with_suffix(".log")


@pytest.fixture(scope="module")
def seeds(slurm, study, tmp_path_factory):
    """Three fits of one cell, of which one is killed when another has ended."""
    folder = without_runs(study, tmp_path_factory.mktemp("seeds") / "run")
    last = latest(slurm)
    line, keywords = submitted(slurm, folder, *OF_SEEDS)
    checkpoints = folder / "results/runs/.checkpoints"
    ended = []
    with (
        open(folder / "printed.txt", "w") as printed,
        subprocess.Popen(line, stdout=printed, stderr=printed, **keywords) as process,
    ):
        # the checkpoint of a fit stays for a moment when its run is there: wait for another fit's
        under_way = []
        while not (ended and under_way) and process.poll() is None:
            time.sleep(0.05)
            ended = [path.parent for path in (folder / RUNS).rglob("params.yaml")]
            gone = {(run.parent.name, run.name) for run in ended}
            under_way = [
                path
                for path in checkpoints.rglob("*.pt")
                if (path.parent.name, path.stem) not in gone
            ]
        running = slurm.run("squeue", "--noheader", "--states=RUNNING", "--Format=JobID:20").split()
        weights = ended[0] / "weights.safetensors"
        # not its time: Snakemake touches the outputs of a job when it hears that the job has ended
        before = weights.stat().st_ino
        slurm.run("scancel", "--signal=KILL", "--full", running[-1])
        process.wait(600)
    assert process.returncode == 0, (folder / "printed.txt").read_text()[-6000:]
    assert weights.stat().st_ino == before
    return folder, accounted(slurm, last)


def test_every_fit_is_a_job_of_its_own_and_a_killed_one_goes_on_alone(seeds, study):
    folder, table = seeds
    print(table.to_string(index=False))
    # three fits, and one of them again
    assert len(table) == 4 and table["gpus"].tolist() == [1] * 4
    assert table["state"].str.startswith("CANCELLED").sum() == 1
    logs = [log_of(folder, run).read_text() for run in SEEDS]
    assert sum("going on after epoch" in log for log in logs) == 1
    assert sum("epoch 1:" in log for log in logs) == 2
    target = f"{SEEDS[0]}/predictions.tsv.gz"
    assert (folder / target).read_bytes() == (study / target).read_bytes()
    assert not list((folder / "results/runs/.checkpoints").rglob("*.*"))


def test_fits_share_a_gpu_by_its_shards(slurm, seeds, study, tmp_path):
    folder = without_runs(study, tmp_path / "shared")
    last = latest(slurm)
    through_slurm(slurm, folder, *OF_SEEDS, profile=profile_with_shards(tmp_path))
    table = accounted(slurm, last).sort_values("start")
    print(table.to_string(index=False))
    assert len(table) == 3 and table["resources"].str.contains("gres/shard=1").all()
    assert (table["gpus"] == 0).all()
    # the second began before the first ended
    assert table["start"].iloc[1] < table["end"].iloc[0]
    for run in SEEDS:
        assert "was given a GPU but torch sees none" in log_of(folder, run).read_text()
        assert (folder / run / "predictions.tsv.gz").read_bytes() == (
            seeds[0] / run / "predictions.tsv.gz"
        ).read_bytes(), run


def test_a_dry_run_needs_no_slurm(tmp_path):
    printed = snakemake(
        "-n",
        "--workflow-profile",
        "profiles/slurm",
        "--configfile",
        "config/demo.yaml",
        directory=tmp_path,
    ).printed
    assert "Job stats" in printed
