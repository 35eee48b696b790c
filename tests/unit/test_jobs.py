"""What a job says when it fails: of disks that are full."""

import errno
import logging
import tempfile
from types import SimpleNamespace

import pytest

from markexpr.io import jobs
from markexpr.io.files import atomic
from markexpr.io.jobs import explain_full_disk, run_job


@pytest.fixture
def folders(monkeypatch, tmp_path):
    """A working folder and a TMPDIR; the names given are those of full disks."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    full = []
    monkeypatch.setattr(jobs, "_is_full", lambda folder: str(folder) in full)
    return full


def test_a_full_tmpdir_is_named(folders, tmp_path):
    folders.append(f"{tmp_path}/tmp")
    told = explain_full_disk(OSError(errno.ENOSPC, "No space left on device"))
    assert told.startswith(f"the disk is full (TMPDIR, {tmp_path}/tmp): free some space (or, if")


def test_a_full_folder_of_results_is_named(folders, tmp_path):
    folders.append(f"{tmp_path}/work")
    told = explain_full_disk(OSError(errno.ENOSPC, "No space left on device"))
    assert told.startswith(f"the disk is full ({tmp_path}/work): ")


def test_where_it_cannot_be_told_both_are_named(folders, tmp_path):
    told = explain_full_disk(OSError(errno.EDQUOT, "Disk quota exceeded"))
    both = f"of {tmp_path}/work or TMPDIR, {tmp_path}/tmp"
    assert told.startswith(f"your quota is used up ({both}): ")


def test_what_was_written_is_named_if_it_is_known(folders, tmp_path, monkeypatch):
    # neither a thread nor handlers of signals that outlive this test
    monkeypatch.setattr(jobs, "die_with_scheduler", lambda: None)
    monkeypatch.setattr(jobs, "end_on_signals", lambda: None)

    def main(job):
        with atomic(tmp_path / "linked/out.npz"):
            raise OSError(errno.ENOSPC, "No space left on device")

    handlers, logger = [], logging.getLogger("markexpr")
    handlers[:] = logger.handlers
    with pytest.raises(SystemExit):
        run_job(main, SimpleNamespace(log=[tmp_path / "log.txt"]))
    logger.handlers[:] = handlers
    told = (tmp_path / "log.txt").read_text()
    assert f"the disk is full ({tmp_path}/linked/out.npz)" in told and "Traceback" not in told


def test_a_disk_that_is_not_full(tmp_path):
    assert not jobs._is_full(tmp_path) and not jobs._is_full(tmp_path / "nowhere")
