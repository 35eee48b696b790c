"""Warnings about the data: in the log, in the files that jobs make, and in one list at the end."""

import json
import os
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from markexpr.data.counts import write_counts
from markexpr.io import jobs
from markexpr.report import warnings

ROW = ("liver1", "H3K4me3", f"no read on chr9 of {'a' * 100}.bed; take the whole file")


@pytest.fixture
def warned(monkeypatch, tmp_path):
    monkeypatch.setattr(jobs, "_warnings", [])
    jobs.start_log(tmp_path / "logs/count_reads/liver1.log")
    for _ in range(2):
        jobs.warn(ROW[2], sample=ROW[0], mark=ROW[1])
    return tmp_path


def test_a_warning_is_kept_once_and_in_the_log(warned, capsys):
    assert jobs.list_warnings() == [ROW]
    log = (warned / "logs/count_reads/liver1.log").read_text()
    assert "WARNING liver1 H3K4me3: no read on chr9" in log


def test_counts_hold_their_warnings_and_the_report_has_them_once(warned):
    path = warned / "liver1.npz"
    write_counts(path, np.zeros((2, 1, 3)), ["a", "b"], ["H3K4me3"])
    tensors = warned / "tensors.npz"
    provenance = json.dumps({"warnings": jobs.list_warnings()})
    np.savez(tensors, provenance=np.array(provenance))
    table = warnings.collect([path], [tensors])
    assert table.to_numpy().tolist() == [list(ROW)]
    output = SimpleNamespace(tsv=warned / "w.tsv", html=warned / "w.html")
    files = SimpleNamespace(counts=[path], tensors=[tensors])
    params, wildcards = SimpleNamespace(simulated=False), SimpleNamespace(study="deepchrome")
    warnings.show(SimpleNamespace(input=files, output=output, params=params, wildcards=wildcards))
    assert pd.read_csv(output.tsv, sep="\t").to_numpy().tolist() == [list(ROW)]
    assert f"<td>{ROW[2]}</td>" in output.html.read_text()  # whole


def test_no_warning_is_said_as_well(monkeypatch, tmp_path):
    monkeypatch.setattr(jobs, "_warnings", [])
    write_counts(tmp_path / "a.npz", np.zeros((2, 1, 3)), ["a", "b"], ["H3K4me3"])
    assert warnings.collect([tmp_path / "a.npz"], []).empty


def test_the_end_of_a_run_lists_warnings_of_its_own_jobs_once(warned, capsys):
    logs = warned / "logs"
    (logs / "build_tensors").mkdir()
    for study in ("a", "b"):
        text = "10:00:00 INFO x\n10:00:01 WARNING liver1: 5 genes left out\n"
        (logs / f"build_tensors/{study}.log").write_text(text)
    (logs / "old.log").write_text("10:00:00 WARNING of an earlier run\n")
    os.utime(logs / "old.log", (1, 1))
    assert jobs.gather_warnings(logs, since=1000) == [
        ("liver1: 5 genes left out", 2),
        (f"liver1 H3K4me3: {ROW[2]}", 1),
    ]
    capsys.readouterr()
    jobs.list_at_end(logs, since=1000)
    said = capsys.readouterr().err
    assert "2 warnings in this run" in said and "5 genes left out (2 jobs)" in said
    jobs.list_at_end(logs, since=9e12)
    assert capsys.readouterr().err == ""
