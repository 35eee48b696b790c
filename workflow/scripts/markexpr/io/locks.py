"""One at a time: a lock that a process holds until it ends, however it ends."""

import fcntl
import os
from contextlib import contextmanager, suppress

from markexpr.io.jobs import PROGRESS, log


@contextmanager
def locked(destination):
    """Hold the lock of a download, which runs that share a folder of results take one after
    another. Yields whether it had to be waited for."""
    path, waited = destination.with_name(f".{destination.name}.lock"), False
    while True:
        file = open(path, "ab")  # noqa: SIM115
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waited = True
                log.log(
                    PROGRESS, "another run is fetching %s: waiting for it (%s)", destination, path
                )
                fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            log.warning(
                "no locks can be had in %s (%s): start no other run that shares this folder while "
                "this one fetches files",
                path.parent,
                error.strerror,
            )
        # who held it has removed it: this is a file that nobody else sees
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                break
        file.close()
    try:
        yield waited
    finally:
        path.unlink(missing_ok=True)
        file.close()
