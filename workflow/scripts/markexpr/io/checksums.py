"""FILE.sha256 beside every download: its hash, noted on first arrival and checked ever after.

`sha256sum -c FILE.sha256`, in the file's folder, checks it too. The line before the hash, a comment
to sha256sum, is the URL that the file came from.
"""

import hashlib
import re
from pathlib import Path

from markexpr.io.files import atomic
from markexpr.io.jobs import InputError, log, warn

# `HASH  name` or `HASH *name` as sha256sum writes it, or the hash alone; `SHA256 (name) = HASH` or
# `SHA2-256(name)= HASH` as BSD and openssl do
LINES = (
    re.compile(r"(?P<hash>[0-9a-f]{64})(?:[ \t]+\*?(?P<name>.+))?", re.IGNORECASE),
    re.compile(r"SHA2?-?256 ?\((?P<name>.+)\) ?= ?(?P<hash>[0-9a-f]{64})", re.IGNORECASE),
)


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

    Raises InputError if what was fetched from this URL before had another content, or if what was
    noted of it cannot be read.
    """
    destination, sidecar, digest = Path(destination), name_sidecar(destination), sha256(part)
    if sidecar.exists():
        known = _read_hashes(sidecar, destination.name)
        if _names_url(sidecar, url) and digest not in known:
            raise InputError(
                f"{url} is not what was fetched before (its sha256 is {digest[:12]}…, not the one "
                f"in {sidecar}); if the change is meant, delete that file"
            )
    with atomic(sidecar) as temporary:
        temporary.write_text(f"# {url}\n{digest}  {destination.name}\n", encoding="utf-8")


def is_as_noted(path, url):
    """Whether a file is there, whole as it was fetched from this URL."""
    path, sidecar = Path(path), name_sidecar(path)
    if not path.exists() or not sidecar.exists() or not _names_url(sidecar, url):
        return False
    return sha256(path) in _read_hashes(sidecar, path.name)


def verify(path):
    """Compare a file with the hash beside it, before it is used.

    Raises InputError if it changed since, or if the file with the hash is damaged. Files without a
    hash beside them, such as those that were put in place by hand, are not checked.
    """
    path, sidecar = Path(path), name_sidecar(path)
    if not sidecar.exists():
        return
    known = _read_hashes(sidecar, path.name)
    if not known:
        warn(
            f"{sidecar} holds no sha256, so that {path.name} was not checked; delete it, or put one"
        )
        return
    if sha256(path) not in known:
        raise InputError(
            f"{path} is damaged: it has changed since it was fetched (its sha256 is not the one in "
            f"{sidecar}); delete it and run again"
        )
    log.info("%s is as it was fetched", path.name)


def _names_url(sidecar, url):
    return sidecar.read_text(encoding="utf-8").startswith(f"# {url}\n")


def _read_hashes(sidecar, name):
    """The hash of a file of this `name`, as a list of one: a file that was renamed may be noted
    under another, if that is all there is. Empty for words without any hash, such as a remark.

    Raises InputError if the sidecar is empty, binary, cut short, or holds several hashes of which
    none or two are of this name.
    """
    fix = f"delete it, and run again to have {name} taken as it is"
    try:
        text = sidecar.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{sidecar} is damaged: it is not text; {fix}") from error
    except OSError as error:
        raise InputError(
            f"{sidecar} cannot be read ({error.strerror}); mend that, or {fix}"
        ) from error
    lines = [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]
    found = [match for line in lines for match in [_match(line)] if match]
    ours = [match for match in found if Path(match["name"] or name).name == name]
    hashes = sorted({match["hash"].lower() for match in ours or found})
    if len(hashes) > 1:
        what = "it has several hashes" + ("" if ours else f", none of them of {name}")
        raise InputError(f"{sidecar} is damaged: {what}; {fix}")
    # a remark is none of these; a hash that lacks some of its digits may be
    like_a_hash = any(re.search(r"\b[0-9a-f]{8,}\b", line, re.IGNORECASE) for line in lines)
    if not hashes and (like_a_hash or not lines or "\0" in text):
        why = "it is empty" if not text.strip() else "its hash is not whole"
        raise InputError(f"{sidecar} is damaged: {why}; {fix}")
    return hashes


def _match(line):
    return next((match for form in LINES if (match := form.fullmatch(line))), None)
