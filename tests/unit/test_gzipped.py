"""Gzip files are read as Python's own module reads them, and refused where it refuses them."""

import gzip
import io
import random
import zlib

import pytest

from markexpr.io.gzipped import open_bytes

ROWS = [b"chr%d\t%d\t%d\tN\t1000\t+\n" % (at % 22 + 1, at * 7, at * 7 + 36) for at in range(3_000)]
TEXT = b"".join(ROWS)
ONE = gzip.compress(TEXT)
TWO = gzip.compress(TEXT[:50_000]) + gzip.compress(TEXT[50_000:])


def named():
    """A gzip file whose header has a name and a time."""
    out = io.BytesIO()
    with gzip.GzipFile("reads.bed", "wb", fileobj=out, mtime=5) as file:
        file.write(TEXT)
    return out.getvalue()


FILES = {
    "one member": ONE,
    "two members": TWO,
    "a name": named(),
    "not compressed": gzip.compress(TEXT, 0),
    "an empty member": gzip.compress(b"") + ONE,
    "zeros at the end": ONE + bytes(1_000),
    "zeros between members": ONE + bytes(9) + ONE,
    "other bytes at the end": ONE + b"and so on",
    "a second header alone": ONE + ONE[:2],
}


def in_python(content):
    """What Python's own module reads; None if it refuses the file."""
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return None


def ours(path):
    try:
        with open_bytes(path) as file:
            return b"".join(iter(lambda: file.read(1 << 14), b""))
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return None


@pytest.mark.parametrize("kind", FILES)
def test_a_file_is_read_or_refused_as_by_pythons_own_module(tmp_path, kind):
    (tmp_path / "a.gz").write_bytes(FILES[kind])
    assert ours(tmp_path / "a.gz") == in_python(FILES[kind])


@pytest.mark.parametrize("kind", ["one member", "two members", "a name", "not compressed"])
def test_a_file_that_is_cut_or_has_a_wrong_bit_is_told_as_by_pythons_own_module(tmp_path, kind):
    rng, content, path = random.Random(0), FILES[kind], tmp_path / "a.gz"
    places = [*range(20), *(rng.randrange(len(content)) for _ in range(40))]
    for at in [*places, *range(len(content) - 12, len(content))]:
        wrong = bytearray(content)
        wrong[at] ^= 1 << rng.randrange(8)
        for spoilt in (content[:at], bytes(wrong)):
            path.write_bytes(spoilt)
            if spoilt[:2] == ONE[:2]:  # else it is no gzip file, and read as it stands
                assert ours(path) == in_python(spoilt), at
