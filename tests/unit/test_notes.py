"""What made the results that are there: Snakemake's notes, and what files say of themselves."""

import json
import os
import re
from base64 import urlsafe_b64encode
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from snakemake.settings.types import RerunTrigger

from markexpr.io.jobs import InputError
from markexpr.notes import Noted, keep_notes
from markexpr.unnoted import Unnoted, find_difference

FIT = "results/runs/s/m/E003/seed1/params.yaml"
BLOCK = {"architecture": "ridge", "training": {"epochs": 50}}
MADE_FROM = {"data": {"window": "w"}, "marks": ["H3K4me3"], "own": {}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def encode(path):
    return urlsafe_b64encode(path.encode()).decode()


def make(folder, path, note=True):
    """A file of results, with Snakemake's note unless it is to have none."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).touch()
    if note:
        name = encode(path)
        parts = [name[start : start + 254] for start in range(0, len(name), 254)]
        place = (folder / ".snakemake/metadata").joinpath(*(f"@{part}" for part in parts[:-1]))
        place.mkdir(parents=True, exist_ok=True)
        endtime = (folder / path).stat().st_mtime
        (place / parts[-1]).write_text(json.dumps({"endtime": endtime}))


def test_notes_stand_with_the_results(folder):
    keep_notes()
    link = folder / ".snakemake/metadata"
    assert link.is_symlink() and link.resolve() == folder / "results/.made_by"
    make(folder, "results/a")
    make(folder, "results/b", note=False)
    keep_notes()
    assert "results/a" in Noted() and "results/b" not in Noted()
    # another file in its place
    os.utime(folder / "results/a", (1, 1))
    assert "results/a" not in Noted()
    # results are removed, and the link leads nowhere: Snakemake would stop at it
    (folder / "results/.made_by" / encode("results/a")).unlink()
    (folder / "results/.made_by").rmdir()
    keep_notes()
    assert link.is_dir() and "results/a" not in Noted()


def test_notes_of_a_folder_move_to_its_results(folder):
    """As a copy of the folder has them that followed the link, or an earlier version."""
    long = f"results/{'c/' * 100}{'b' * 100}"
    for path in ("results/a", long):
        make(folder, path)
    (folder / ".snakemake/incomplete").mkdir()
    older = folder / "results/.made_by" / encode("results/a")
    older.parent.mkdir()
    older.write_text("{}")
    os.utime(older, (1, 1))
    keep_notes()
    assert (folder / ".snakemake/metadata").is_symlink()
    assert "results/a" in Noted() and long in Noted() and f"{long}b" not in Noted()


def unnoted(forcerun=(), forceall=False, triggers=tuple(RerunTrigger)):
    told = []
    options = SimpleNamespace(forcerun=forcerun, forceall=forceall, rerun_triggers=triggers)
    return Unnoted(Noted(), lambda: options, told.append), told


def write_fit(folder, **changes):
    path = folder / FIT
    path.parent.mkdir(parents=True, exist_ok=True)
    said = {"study": "s", "seed": 1, **BLOCK, "samples_from": {}, "made_from": MADE_FROM}
    path.write_text(yaml.safe_dump({**said, "code": "c", "parameters": 7, **changes}))


def check_fit(look, block=BLOCK, **changes):
    asked = {**block, "samples_from": {}, "made_from": {**MADE_FROM, **changes}}
    look.check_fit(FIT, "train_model", asked, {"architecture", "training", "trained_on"})


def test_a_fit_of_the_same_settings_is_taken(folder):
    look, told = unnoted()
    check_fit(look)  # there is none
    write_fit(folder)
    check_fit(unnoted()[0])
    assert told == []


@pytest.mark.parametrize(
    ("written", "asked", "message"),
    [
        ({"training": {"epochs": 2}}, {}, "training.epochs: 2, and 50 .*`--forcerun train_model`"),
        ({"trained_on": "both"}, {}, 'trained_on: "both", and nothing is asked for'),
        ({}, {"data": {"window": "v"}}, 'data.window: "w", and "v" .*`--forcerun build_tensors tr'),
        ({}, {"own": {"x": {"files": [[1, "ab"]]}}}, "own.x: nothing, .*`--forcerun count_reads b"),
        ({}, {"simulate": {"genes": 9}}, "simulate: nothing, .*`--forcerun simulate_genome sim"),
    ],
)
def test_a_fit_of_other_settings_is_refused_by_name(folder, written, asked, message):
    write_fit(folder, **written)
    with pytest.raises(InputError, match=f"^{re.escape(FIT)} was made with {message}") as error:
        check_fit(unnoted()[0], **asked)
    assert "\n" not in str(error.value)
    # with what it advises, it is made anew
    for forced in (re.search("--forcerun ([^`]+)`", str(error.value))[1].split(), [FIT]):
        check_fit(unnoted(forced)[0], **asked)
    check_fit(unnoted(forceall=True)[0], **asked)
    keep_notes()
    make(folder, FIT)
    check_fit(unnoted()[0], **asked)  # Snakemake sees the change itself


def test_a_fit_of_an_earlier_version_is_compared_by_its_model(folder):
    write_fit(folder)
    said = yaml.safe_load((folder / FIT).read_text())
    del said["made_from"]
    (folder / FIT).write_text(yaml.safe_dump(said))
    check_fit(unnoted()[0], marks=["H3K27me3"])
    with pytest.raises(InputError, match=r"training.epochs: 50, and 9"):
        check_fit(unnoted()[0], block={**BLOCK, "training": {"epochs": 9}})


def test_counts_and_tensors_say_what_they_were_made_from(folder):
    counts, tensors = "results/counts/w/x.npz", "results/tensors/s/x.npz"
    for path, name, said in (
        (counts, "made_from", MADE_FROM),
        (tensors, "provenance", {"cell": "x", "data": {"a": 1}, "made_from": MADE_FROM}),
    ):
        (folder / path).parent.mkdir(parents=True)
        np.savez(folder / path, **{name: np.array(json.dumps(said))})
    look, told = unnoted()
    look.check_counts(counts, MADE_FROM)
    look.check_tensors(tensors, {"a": 1}, MADE_FROM)
    other = {**MADE_FROM, "own": {"x": {"files": [[2, "cd"]]}}}
    with pytest.raises(InputError, match=r"x.npz was made with own.x: nothing, and .*count_reads`"):
        unnoted()[0].check_counts(counts, other)
    with pytest.raises(
        InputError, match=r"made with data.a: 1, and 2 .*`--forcerun build_tensors`"
    ):
        unnoted()[0].check_tensors(tensors, {"a": 2}, MADE_FROM)
    with pytest.raises(
        InputError, match=r"own.x: nothing, .*`--forcerun count_reads build_tensors`"
    ):
        unnoted()[0].check_tensors(tensors, {"a": 1}, other)
    assert told == []


def test_counts_that_were_cut_in_copying_are_named(folder):
    path = Path("results/counts/w/x.npz")
    path.parent.mkdir(parents=True)
    np.savez(path, made_from=np.array(json.dumps(MADE_FROM)))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"x\.npz is truncated or corrupt .*delete it to make"):
        unnoted()[0].check_counts(path, MADE_FROM)


def test_what_does_not_say_what_made_it_is_told_once(folder):
    look, told = unnoted()
    for seed in (1, 2):
        path = f"results/runs/s/m/a-to-b/seed{seed}/predictions.tsv.gz"
        (folder / path).parent.mkdir(parents=True)
        (folder / path).touch()
        look.check_others(path, "apply_model")
    assert len(told) == 1 and "`--forcerun apply_model` makes them anew" in told[0]


def test_a_run_that_is_not_to_compare_settings_says_so(folder):
    look, told = unnoted(triggers=[RerunTrigger.MTIME])
    for number in range(2):
        look.check_others(f"results/{number}", "score_study")
    assert len(told) == 1 and told[0].startswith("`--rerun-triggers` without params: ")


def test_the_first_difference_is_named_by_its_key():
    assert find_difference({"a": (1, 2)}, {"a": [1, 2]}) is None
    assert find_difference({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}) == ("a.c", "nothing", "2")
    assert find_difference({"a": {"b": 1}}, {"a": 3}) == ("a", '{"b": 1}', "3")
