"""Whether what a server brought is the file, and all of it, by its content."""

import gzip
import os
import shutil
import zlib

from markexpr.io.files import GZIP, READ, atomic, check_gzip
from markexpr.io.jobs import InputError

BGZF = b"\x1f\x8b\x08\x04BC"  # bytes 0 to 3, 12 and 13 of a file in blocks
END_OF_BGZF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def unpack(path, encoding, gzipped):
    """Undo a Content-Encoding, which was not asked for. Returns what is wrong, or None.

    gzipped: whether the file itself is.
    """
    if encoding not in ("gzip", "x-gzip"):
        return None if encoding in ("", "identity") else f"it comes in Content-Encoding {encoding}"
    # many a server says so of a file that is gzipped by itself
    with open(path, "rb") as file:
        packed = file.read(2) == GZIP
    try:
        if packed and gzipped:
            with gzip.open(path, "rb") as file:
                packed = file.read(2) == GZIP
        if packed:
            with (
                atomic(path) as temporary,
                gzip.open(path, "rb") as file,
                open(temporary, "wb") as target,
            ):
                shutil.copyfileobj(file, target, READ)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        return f"what it serves is not whole: {error}"
    return None


def find_fault(path, gzipped):
    """What is wrong with the content of a file, or None."""
    with open(path, "rb") as file:
        start = file.read(512).removeprefix(b"\xef\xbb\xbf").lstrip()
    # every file of the tree is a table, FASTA or gzip
    if start[:1] in (b"<", b"{"):
        return (
            "what it serves is a web page or an error message "
            f"({start[:40].decode(errors='replace')!r}): does this network ask for a login?"
        )
    if gzipped:
        try:
            check_gzip(path)
        except InputError as error:
            return f"what it serves is not whole: {error.__cause__}"
        if _lacks_end_of_bgzf(path):
            return "what it serves is not whole: bgzip's mark at the end is missing"
    return None


def may_be_cut(path, gzipped):
    """Whether the content of a file cannot tell that something is missing at its end. That of a
    whole gzip file of one member can, and that of one in blocks as bgzip writes them."""
    if not gzipped:
        return True
    with open(path, "rb") as file:
        in_blocks = _is_bgzf(file.read(len(END_OF_BGZF)))
    try:
        return check_gzip(path) > 1 and not in_blocks
    except InputError:
        return True


def _lacks_end_of_bgzf(path):
    """Whether a file in blocks breaks off between two of them."""
    with open(path, "rb") as file:
        start = file.read(len(END_OF_BGZF))
        file.seek(-min(len(END_OF_BGZF), file.seek(0, os.SEEK_END)), os.SEEK_END)
        return _is_bgzf(start) and file.read() != END_OF_BGZF


def _is_bgzf(start):
    return start[:4] + start[12:14] == BGZF
