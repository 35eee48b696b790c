"""Locks that a process holds until it ends, however it ends: one at a time fetches a file; runs of
other settings do not write into one folder of results at a time."""

import fcntl
import hashlib
import json
import os
import socket
from contextlib import contextmanager, suppress

from markexpr.io.jobs import PROGRESS, InputError, log

HELD = ".made_by/held"  # below the folder of results: by which run, and with what settings
# of the configuration: these change no file that both runs make
OF_NO_FILE = {"gpu", "fits_per_gpu", "partitions", "train_threads", "studies"}
_held = []  # open files of this process, whose locks end with it


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


def hold_results(results, settings):
    """Hold a folder of results to the end of this process. Snakemake's own lock is one of the
    working directory, and two of them may share their results by a link.

    settings: the configuration as a dict; runs of the same one may share the folder. Raises
    InputError if a run of another one holds it. Where no locks can be had, nothing is held.
    """
    kept = {key: value for key, value in settings.items() if key not in OF_NO_FILE}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True, default=str).encode()).hexdigest()
    try:
        path = results / HELD
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115
    except OSError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.truncate(0)
        where = f"process {os.getpid()} on {socket.gethostname()}, in {os.getcwd()}"
        file.write(json.dumps([digest, where]))
        file.flush()
        fcntl.flock(file, fcntl.LOCK_SH)
    except BlockingIOError:
        file.seek(0)
        with suppress(ValueError):
            other, where = json.loads(file.read())
            if other != digest:
                file.close()
                raise InputError(
                    f"{results.resolve()} is being written by a run of other settings ({where}): "
                    "wait for its end, or take another folder by --directory"
                ) from None
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return
    _held.append(file)
