"""FILE.sha256 beside every download: its hash, noted on first arrival and checked ever after.

`sha256sum -c FILE.sha256`, in the file's folder, checks it too. The line before the hash, a comment
to sha256sum, is the URL that the file came from.
"""

import hashlib
import re
from pathlib import Path

from markexpr.io.files import atomic
from markexpr.io.jobs import InputError, log


def sha256(path):
    """Hash of a file's content, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def name_sidecar(path):
    """Where the hash of a file is noted."""
    return Path(f"{path}.sha256")


def record(part, destination, url):
    """Note the hash of a whole download `part` that is about to become `destination`, or compare
    it with what was noted before.

    Raises InputError if what was fetched from this URL before had another content.
    """
    destination, sidecar, digest = Path(destination), name_sidecar(destination), sha256(part)
    text = f"# {url}\n{digest}  {destination.name}\n"
    known = sidecar.read_text() if sidecar.exists() else ""
    if known != text and known.startswith(f"# {url}\n"):
        raise InputError(
            f"{url} is not what was fetched before (its sha256 is {digest[:12]}…, not the one in "
            f"{sidecar}); if the change is meant, delete that file"
        )
    with atomic(sidecar) as temporary:
        temporary.write_text(text)


def verify(path):
    """Compare a file with the hash beside it, before it is used.

    Raises InputError if it changed since. Files without a hash beside them, such as those that were
    put in place by hand, are not checked.
    """
    sidecar = name_sidecar(path)
    known = sidecar.exists() and re.search(r"\b[0-9a-f]{64}\b", sidecar.read_text())
    if not known:
        return
    if sha256(path) != known[0]:
        raise InputError(
            f"{path} is damaged: it has changed since it was fetched (its sha256 is not the one in "
            f"{sidecar}); delete it and run again"
        )
    log.info("%s is as it was fetched", Path(path).name)
