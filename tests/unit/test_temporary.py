"""Temporary folders are in one place, and leave nothing behind."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from markexpr.io import temporary
from markexpr.io.jobs import InputError
from markexpr.io.temporary import has_space, temporary_folder

HOLD = """
import sys, time
sys.path.insert(0, "workflow/scripts")
from pathlib import Path
from markexpr.io.temporary import temporary_folder
with temporary_folder(Path(sys.argv[1])) as folder:
    (folder / "reads.bed").write_text("x")
    print(folder, flush=True)
    time.sleep(60)
"""


def hold(root, parent):
    """A process that has a temporary folder, and that folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(parent)], cwd=root, stdout=subprocess.PIPE, text=True
    )
    return process, process.stdout.readline().strip()


def test_what_a_killed_job_left_is_removed_by_the_next(root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    (killed, left), (living, used) = hold(root, tmp_path), hold(root, tmp_path)
    try:
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        assert os.listdir(left) == ["reads.bed"]
        elsewhere = tmp_path / os.path.dirname(left) / "other-host.1.1.abc"
        elsewhere.mkdir()
        with temporary_folder(tmp_path) as folder:
            assert folder.parent == elsewhere.parent and folder.is_dir()
            assert not os.path.exists(left) and os.path.exists(used) and elsewhere.exists()
        assert not folder.exists() and len(os.listdir(tmp_path)) == 1
    finally:
        living.kill()
        living.wait()


def test_a_place_that_is_somebody_elses_is_not_used(tmp_path):
    with temporary_folder(tmp_path) as folder:
        place = folder.parent
    place.rmdir()
    (tmp_path / "elsewhere").mkdir()
    place.symlink_to(tmp_path / "elsewhere")
    with temporary_folder(tmp_path) as folder:
        assert folder.parent == tmp_path
    place.unlink()
    place.mkdir()
    place.chmod(0o777)
    with temporary_folder(tmp_path) as folder:
        assert folder.parent == tmp_path


def test_a_full_disk_is_named_with_its_fix(tmp_path):
    with (
        pytest.raises(InputError, match=rf"the disk is full: {tmp_path} \(TMPDIR\)"),
        temporary_folder(tmp_path),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(PermissionError), temporary_folder(tmp_path):
        raise PermissionError("x")


def test_space_is_tried(tmp_path, monkeypatch):
    assert has_space(tmp_path, 1_000_000)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(temporary.os, "posix_fallocate", full)
    assert not has_space(tmp_path, 1_000_000)
    assert os.listdir(tmp_path) == []
