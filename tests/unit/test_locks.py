"""Who may write into a folder of results at a time."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT

from markexpr.io import locks
from markexpr.io.jobs import InputError

HOLD = """
import sys, json, pathlib
sys.path.insert(0, sys.argv[1])
from markexpr.io.locks import hold_results
hold_results(pathlib.Path(sys.argv[2]), json.loads(sys.argv[3]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the results with the given settings."""
    started = []

    def start(**settings):
        line = [sys.executable, "-c", HOLD, ROOT / "workflow/scripts", tmp_path / "results"]
        started.append(
            subprocess.Popen(
                [*line, json.dumps(settings)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        )
        assert started[-1].stdout.readline() == b"held\n"
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_runs_of_other_settings_do_not_share_results(tmp_path, other, monkeypatch):
    monkeypatch.setattr(locks, "_held", [])
    results = tmp_path / "linked"
    results.symlink_to(tmp_path / "results")
    process = other(cells=["E003"], gpu=False)
    with pytest.raises(InputError, match=rf"other settings \(process {process.pid} on .*, in /"):
        locks.hold_results(results, {"cells": ["E123"]})
    locks.hold_results(results, {"cells": ["E003"], "gpu": True})
    assert len(locks._held) == 1
    locks._held.pop().close()
    process.kill()  # its lock ends with it, however it ends
    process.wait()
    locks.hold_results(results, {"cells": ["E123"]})
    locks._held.pop().close()


def test_a_folder_that_cannot_be_written_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "_held", [])
    (tmp_path / "results").write_text("a file")
    locks.hold_results(tmp_path / "results", {})
    assert locks._held == []
