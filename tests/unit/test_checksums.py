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


HASH = hashlib.sha256(b"x").hexdigest()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"\n \n", "it is empty"),
        (b"# https://h/own.bam\n", "its hash is not whole"),
        (f"# https://h/own.bam\n{HASH[:40]}".encode(), "its hash is not whole"),
        (f"{HASH[:63]}  own.bam\n".encode(), "its hash is not whole"),
        (f"{HASH}0  own.bam\n".encode(), "its hash is not whole"),
        (f"{HASH[:32]}  own.bam\n".encode(), "its hash is not whole"),  # an MD5
        (bytes(100), "its hash is not whole"),
        (b"\x1f\x8b\x08\xff\xfe", "it is not text"),
        (f"{HASH}  own.bam\n".encode("utf-16"), "it is not text"),
        (f"{HASH}  own.bam\n{'0' * 64}  own.bam\n".encode(), "it has several hashes;"),
        (f"{HASH}  a.bam\n{'0' * 64}  b.bam\n".encode(), "several hashes, none of them of own.bam"),
    ],
)
def test_a_damaged_checksum_file_is_said_to_be_that(tmp_path, content, why):
    (tmp_path / "own.bam").write_text("x")
    (tmp_path / "own.bam.sha256").write_bytes(content)
    with pytest.raises(InputError, match=rf"own\.bam\.sha256 is damaged: .*{why}.*delete it"):
        checksums.verify(tmp_path / "own.bam")


@pytest.mark.parametrize(
    "content",
    [
        f"{HASH}  own.bam\n{'0' * 64}  other.bam\n",
        f"{HASH.upper()} *./own.bam\r\n",
        f"SHA2-256(own.bam)= {HASH}\n",
        f"{HASH}  called_so_at_the_server.bam\n",
    ],
)
def test_checksum_files_of_other_tools_are_read(tmp_path, content):
    (tmp_path / "own.bam").write_text("x")
    (tmp_path / "own.bam.sha256").write_text(content)
    checksums.verify(tmp_path / "own.bam")
    (tmp_path / "own.bam").write_text("y")
    with pytest.raises(InputError, match=r"own\.bam is damaged"):
        checksums.verify(tmp_path / "own.bam")


def test_a_damaged_checksum_is_not_replaced_by_what_comes(raw):
    fetch(str(mirror(raw)), raw / "a.txt")
    sidecar = raw / "a.txt.sha256"
    sidecar.write_text(sidecar.read_text()[:60])
    mirror(raw).write_text("a stump\n")
    with pytest.raises(InputError, match=r"a\.txt\.sha256 is damaged: its hash is not whole; del"):
        fetch(str(mirror(raw)), raw / "a.txt")
    assert (raw / "a.txt").read_text() == "one\n"
