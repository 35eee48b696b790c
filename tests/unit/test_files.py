"""Writing that leaves nothing half-done, and the same bytes for the same content."""

import pandas as pd
import pytest

from markexpr.io.files import atomic, check_gzip, gzip_writer, write_npz, write_tsv
from markexpr.io.jobs import InputError


def test_a_block_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["out.txt"]


def test_the_same_content_gives_the_same_bytes(tmp_path):
    table = pd.DataFrame({"a": [1, 2], "b": [0.1, None]})
    for folder in ("one", "two"):
        write_tsv(tmp_path / folder / f"{folder}.tsv.gz", table)
        write_npz(tmp_path / folder / f"{folder}.npz", a=table["a"].to_numpy())
    for ending in ("tsv.gz", "npz"):
        assert (tmp_path / f"one/one.{ending}").read_bytes() == (
            tmp_path / f"two/two.{ending}"
        ).read_bytes()
    assert pd.read_csv(tmp_path / "one/one.tsv.gz", sep="\t").equals(table)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda whole: b"",
        lambda whole: whole[:-1],
        lambda whole: whole[:-3] + b"xxx",
        lambda whole: b"plain text",
    ],
)
def test_a_gzip_that_is_not_whole(tmp_path, spoil):
    path = tmp_path / "a.gz"
    with gzip_writer(path) as file:
        file.write(b"reads\n" * 1000)
    check_gzip(path)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(InputError, match="not a whole gzip file"):
        check_gzip(path)
