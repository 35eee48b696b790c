"""Folders for what a job writes on its way, which leave nothing behind: not even a job that was
killed, whose folder the next one removes."""

import hashlib
import os
import re
import shutil
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from markexpr.io.jobs import FULL, InputError, log
from markexpr.io.scheduler import UNKNOWN, name_machine, start_of


@contextmanager
def temporary_folder(parent):
    """Yield a folder of this job's own under `parent` (TMPDIR), removed with all it holds at last.

    All jobs of a user and a project have theirs in one place, and remove those of dead processes of
    this machine first. Raises InputError where the disk is full.
    """
    place = _place(Path(parent))
    try:
        if place is None:  # it is another user's: do without
            folder = Path(tempfile.mkdtemp(prefix="markexpr-", dir=parent))
        else:
            _remove_dead(place)
            folder = Path(tempfile.mkdtemp(prefix=f"{_own_name()}.", dir=place))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise InputError(
            f"the disk is full: {parent} (TMPDIR), where reads are sorted: free some space there, "
            "or set TMPDIR to a folder with more, and run again"
        ) from error


def has_space(folder, size):
    """Whether `size` more bytes can be written into a folder; by trying, since quotas do not show
    otherwise."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, max(1, size))
            else:
                file.write(bytes(max(1, size)))
    except OSError as error:
        return error.errno not in FULL
    return True


def _place(parent):
    """The folder of this user's and project's jobs; None if somebody else made it."""
    project = hashlib.sha256(os.path.realpath(".").encode()).hexdigest()[:8]
    place = parent / f"markexpr-{os.getuid()}-{project}"
    parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        place.mkdir(mode=0o700)
    found = place.lstat()
    # a link, or a folder of another user, who could put something else in its place
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return place if own and not found.st_mode & 0o022 else None


def _own_name():
    """Machine, process and the time when it started, which no other process shares."""
    return f"{_machine()}.{os.getpid()}.{start_of(os.getpid())}"


def _machine():
    return name_machine().replace("/", "_")


def _remove_dead(place):
    """Remove folders in `place` whose process was one of this machine, and is gone."""
    for folder in place.iterdir():
        match = re.fullmatch(r"(.+)\.(\d+)\.([^.]+)\.[^.]+", folder.name)
        if match and match[1] == _machine() and start_of(int(match[2])) not in (match[3], UNKNOWN):
            log.info("removing %s, which a job that was killed left behind", folder)
            shutil.rmtree(folder, ignore_errors=True)
