import pytest

from markexpr.io import checksums
from markexpr.io.downloads import fetch
from markexpr.io.jobs import InputError


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror/a.txt").write_text("one\n")
    return tmp_path / "results/raw"


def mirror(raw):
    return raw.parents[1] / "mirror/a.txt"


def test_size_and_hash_are_noted_on_first_arrival(raw):
    fetch(str(mirror(raw)), raw / "hg19/a.txt")
    header, row = (line.split("\t") for line in (raw / "checksums.tsv").read_text().splitlines())
    assert header == ["file", "size", "sha256", "url"]
    assert row[:3] == [
        "hg19/a.txt",
        "4",
        "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806",
    ]


def test_a_file_that_changed_on_the_server_is_not_taken_for_the_old_one(raw):
    fetch(str(mirror(raw)), raw / "a.txt")
    mirror(raw).write_text("two\n")
    (raw / "a.txt").unlink()
    with pytest.raises(
        InputError, match=r"is not what was fetched before .* delete the line of a.txt in"
    ):
        fetch(str(mirror(raw)), raw / "a.txt")
    assert not (raw / "a.txt").exists()


def test_the_same_file_again_and_another_mirror_are_fine(raw):
    fetch(str(mirror(raw)), raw / "a.txt")
    fetch(str(mirror(raw)), raw / "a.txt")
    other = raw.parents[1] / "other.txt"
    other.write_text("another release\n")
    fetch(str(other), raw / "a.txt")
    assert (raw / "checksums.tsv").read_text().count("a.txt\t") == 1
    checksums.verify(raw / "a.txt")


def test_a_file_that_changed_on_disk_is_not_used(raw):
    fetch(str(mirror(raw)), raw / "a.txt")
    checksums.verify(raw / "a.txt")
    (raw / "a.txt").write_text("onf\n")
    with pytest.raises(InputError, match="is damaged: it has changed since it was fetched"):
        checksums.verify(raw / "a.txt")


def test_files_that_are_no_downloads_are_not_checked(raw, tmp_path):
    (tmp_path / "own.bam").write_text("x")
    checksums.verify(tmp_path / "own.bam")
    raw.mkdir(parents=True)
    (raw / "by_hand.txt").write_text("x")
    checksums.verify(raw / "by_hand.txt")
