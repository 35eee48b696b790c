"""results/raw/checksums.tsv: size and sha256 of every download, recorded on first arrival and
checked ever after."""

import csv
import fcntl
import hashlib
from contextlib import contextmanager
from pathlib import Path

from markexpr.io.files import atomic
from markexpr.io.jobs import InputError, log

NAME = "checksums.tsv"
COLUMNS = ["file", "size", "sha256", "url"]


def sha256(path):
    """Hash of a file's content, in hex."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def _root_of(path):
    """The folder results/raw above a path, or None if it is no download."""
    parents = list(Path(path).parents)
    return next(
        (folder for folder in parents if folder.name == "raw" and folder.parent.name == "results"),
        None,
    )


def _read(ledger):
    if not ledger.exists():
        return {}
    with open(ledger, newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file, delimiter="\t")}


@contextmanager
def _locked(root):
    """Downloads run side by side: one at a time may change the ledger."""
    root.mkdir(parents=True, exist_ok=True)
    with open(root / f".{NAME}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield root / NAME


def record(part, destination, url):
    """Note a whole download `part` that is about to become `destination`, or compare it with what
    was noted before.

    Raises InputError if a file that was fetched from this URL before had another content then.
    """
    root = _root_of(destination)
    if root is None:
        return
    name = str(Path(destination).relative_to(root))
    row = {"file": name, "size": str(Path(part).stat().st_size), "sha256": sha256(part), "url": url}
    with _locked(root) as ledger:
        rows = _read(ledger)
        known = rows.get(name)
        if known and known["url"] == url and known["sha256"] != row["sha256"]:
            raise InputError(
                f"{url} is not what was fetched before ({row['size']} bytes, sha256 "
                f"{row['sha256'][:12]}…, against {known['size']} and "
                f"{known['sha256'][:12]}…); if the change is meant, delete the line of "
                f"{name} in {ledger}"
            )
        if known != row:
            rows[name] = row
            with atomic(ledger) as temporary, open(temporary, "w", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS, delimiter="\t", lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows[key] for key in sorted(rows))


def verify(path):
    """Compare a download with what was noted on its arrival, before it is used.

    Raises InputError if it changed since. Files that are no downloads, or were put in place by
    hand, are not checked.
    """
    root = _root_of(path)
    known = root and _read(root / NAME).get(str(Path(path).relative_to(root)))
    if not known:
        return
    size = Path(path).stat().st_size
    if str(size) != known["size"] or sha256(path) != known["sha256"]:
        raise InputError(
            f"{path} is damaged: it has changed since it was fetched ({size} bytes, "
            f"{known['size']} then); delete it and run again"
        )
    log.info("%s is as it was fetched", Path(path).name)
