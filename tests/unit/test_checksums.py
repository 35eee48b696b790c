import hashlib
import subprocess

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


def test_the_hash_is_noted_beside_the_file_as_sha256sum_reads_it(raw):
    fetch(str(mirror(raw)), raw / "hg19/a.txt")
    assert (raw / "hg19/a.txt.sha256").read_text() == (
        f"# {mirror(raw).as_uri()}\n"
        "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806  a.txt\n"
    )
    check = ["sha256sum", "--strict", "--warn", "-c", "a.txt.sha256"]
    result = subprocess.run(check, cwd=raw / "hg19", capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "a.txt: OK\n", "")


def test_without_a_checksum_nothing_is_noted(raw):
    # files of the simulated mirror change with its settings
    fetch(str(mirror(raw)), raw / "a.txt", checksum=False)
    assert [path.name for path in raw.iterdir()] == ["a.txt"]


def test_a_file_that_changed_on_the_server_is_not_taken_for_the_old_one(raw):
    fetch(str(mirror(raw)), raw / "a.txt")
    mirror(raw).write_text("two\n")
    (raw / "a.txt").unlink()
    with pytest.raises(
        InputError, match=r"is not what was fetched before .*a\.txt\.sha256.* delete that file"
    ):
        fetch(str(mirror(raw)), raw / "a.txt")
    assert not (raw / "a.txt").exists()
    (raw / "a.txt.sha256").unlink()
    fetch(str(mirror(raw)), raw / "a.txt")
    checksums.verify(raw / "a.txt")


def test_the_same_file_again_and_another_mirror_are_fine(raw):
    fetch(str(mirror(raw)), raw / "a.txt")
    fetch(str(mirror(raw)), raw / "a.txt")
    other = raw.parents[1] / "other.txt"
    other.write_text("another release\n")
    fetch(str(other), raw / "a.txt")
    assert (raw / "a.txt.sha256").read_text().count("  a.txt\n") == 1
    checksums.verify(raw / "a.txt")


def test_a_file_that_changed_on_disk_is_not_used(raw):
    fetch(str(mirror(raw)), raw / "a.txt")
    checksums.verify(raw / "a.txt")
    (raw / "a.txt").write_text("onf\n")
    with pytest.raises(InputError, match="is damaged: it has changed since it was fetched"):
        checksums.verify(raw / "a.txt")


def test_files_without_a_hash_are_not_checked(raw, tmp_path):
    (tmp_path / "own.bam").write_text("x")
    checksums.verify(tmp_path / "own.bam")
    # a list of something else beside it
    (tmp_path / "own.bam.sha256").write_text("see the paper\n")
    checksums.verify(tmp_path / "own.bam")


@pytest.mark.parametrize("form", ["{}  own.bam", "{}", "SHA256 (own.bam) = {}"])
def test_files_put_in_place_by_hand_with_their_hash_are_checked(tmp_path, form):
    (tmp_path / "own.bam").write_text("x")
    sidecar = tmp_path / "own.bam.sha256"
    sidecar.write_text(form.format(hashlib.sha256(b"x").hexdigest()))
    checksums.verify(tmp_path / "own.bam")
    sidecar.write_text(form.format(hashlib.sha256(b"y").hexdigest()))
    with pytest.raises(InputError, match="is damaged"):
        checksums.verify(tmp_path / "own.bam")
