"""The identity of a user's own files: what tells that one changed, and what is read again."""

import os
import shutil

import pytest

from markexpr import own_files
from markexpr.io.jobs import InputError
from markexpr.origins import Origins
from markexpr.own_data import OwnData
from markexpr.own_files import OwnFiles, unchanged
from markexpr.settings.config import load_config

MARKS = ["H3K4me3", "H3K27me3"]


@pytest.fixture
def notes(tmp_path):
    return tmp_path / "results/own_files.json"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.bed"
    path.write_text("one\n")
    return path


@pytest.fixture
def read(monkeypatch):
    """Which files were read for their hash."""
    found, sha256 = [], own_files.sha256
    monkeypatch.setattr(own_files, "sha256", lambda path: found.append(str(path)) or sha256(path))
    monkeypatch.setattr(own_files, "COARSEST_CLOCK", -1)  # as if the file had been there for long
    return found


def await_tick(file):
    """Wait until what is written now has another time stamp than a file."""
    clock = file.with_name("clock")
    clock.touch()
    while clock.stat().st_ctime_ns == file.stat().st_ctime_ns:
        clock.touch()


def test_a_file_is_read_once(file, notes, read):
    first = OwnFiles(notes).identify(file)
    assert first[0] == 4 and len(first[1]) == 64
    assert OwnFiles(notes).identify(file) == first and read == [str(file)]
    os.utime(file, (1, 1))
    assert OwnFiles(notes).identify(file) == first and len(read) == 2


def test_a_file_just_written_is_read_again(file, notes, monkeypatch):
    """It may change once more within the step of the file system's clock."""
    monkeypatch.setattr(own_files, "COARSEST_CLOCK", 3600 * 10**9)  # an hour: this test is faster
    OwnFiles(notes).identify(file)
    monkeypatch.setattr(own_files, "sha256", lambda path: "other")
    assert OwnFiles(notes).identify(file)[1] == "other"


@pytest.mark.parametrize("how", ["copied", "moved", "in place", "by its link"])
def test_another_content_of_the_same_size_and_an_older_stamp_is_seen(file, notes, read, how):
    link, other, stamp = file.with_name("link"), file.with_name("other"), file.stat()
    link.symlink_to(file)
    before = OwnFiles(notes).identify(link)
    other.write_text("two\n")
    os.utime(other, ns=(stamp.st_atime_ns, stamp.st_mtime_ns - 10**15))
    if how == "copied":
        shutil.copy2(other, file)
    elif how == "moved":
        other.rename(file)
    elif how == "in place":
        await_tick(file)
        file.write_text("two\n")
        os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    else:
        link.unlink()
        link.symlink_to(other)
    after = OwnFiles(notes).identify(link)
    assert after[0] == before[0] and after[1] != before[1]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"a": ["x", 1]}', "\x00"])
def test_damaged_notes_are_the_same_as_none(file, notes, text):
    notes.parent.mkdir()
    notes.write_text(text)
    assert OwnFiles(notes).identify(file)[0] == 4
    assert str(file) in notes.read_text()


def test_a_job_of_a_cluster_goes_by_what_was_found_before(file, notes, read):
    before = OwnFiles(notes).identify(file)
    file.write_text("another\n")
    assert OwnFiles(notes, trusting=True).identify(file) == before and len(read) == 1


def test_a_file_that_changes_while_it_is_read_is_refused(file, notes, monkeypatch):
    monkeypatch.setattr(own_files, "sha256", lambda path: path and file.write_text("longer"))
    with pytest.raises(InputError, match="changes while it is read"):
        OwnFiles(notes).identify(file)


def test_a_job_refuses_a_file_that_changed_since_the_start(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = {str(file): OwnFiles().identify(file)}
    with unchanged(own):
        os.utime(file)
    with pytest.raises(InputError, match="has changed since the run began"), unchanged(own):
        file.write_text("two\n")
    with pytest.raises(InputError, match="has changed since the run began"), unchanged(own):
        pytest.fail("the block must not begin")
    file.unlink()
    with pytest.raises(InputError, match="is gone since the run began"), unchanged(own):
        pass


# ---- the files of cells ----


def own_data(folder, cells=("x", "y"), **source):
    """OwnData of cells with own files in folder/{cell}/, and what it tells."""
    source = {"kind": "tagalign", "path": f"{folder}/{{cell}}/{{mark}}.bed", **source}
    config = load_config(
        {"cells": list(cells), "marks": MARKS, "sources": dict.fromkeys(cells, source)}
    )
    told = []
    origins = Origins(config, list(cells), "sizes")
    files = OwnFiles(folder / "notes.json")
    return OwnData(origins, files, tell=lambda *line: told.append(line)), told


@pytest.fixture
def cells(tmp_path):
    for cell in ("x", "y"):
        (tmp_path / cell).mkdir()
        for mark in MARKS:
            (tmp_path / cell / f"{mark}.bed").write_text(f"{cell} {mark}\n")
        (tmp_path / cell / "rpkm.tsv").write_text(f"{cell}\n")
    return tmp_path


def test_files_of_cells_that_are_not_built_are_not_read(cells, read):
    data, told = own_data(cells)
    assert list(data.identify_counts("x")) == [f"{cells}/x/{mark}.bed" for mark in MARKS]
    assert sorted(read) == sorted(f"{cells}/x/{mark}.bed" for mark in MARKS) and told == []


def test_one_file_under_two_names_is_told_once(cells):
    (cells / "x/H3K27me3.bed").write_text("x H3K4me3\n")
    (cells / "y/H3K4me3.bed").unlink()
    (cells / "y/H3K4me3.bed").symlink_to(cells / "x/H3K4me3.bed")
    data, told = own_data(cells)
    for _ in range(2):
        for cell in ("x", "y"):
            data.identify_counts(cell)
    assert [line[:2] for line in told] == [("x", "H3K27me3"), ("y", "H3K4me3")]
    assert told[0][2].startswith("has the same content as H3K4me3 (")
    assert told[1][2].startswith(f"is the same file as x H3K4me3 ({cells}/y/H3K4me3.bed)")
    own = data.identify_counts("x")
    assert [mark for mark, _ in data.list_twins("x", own)] == MARKS


def test_one_table_of_expression_for_two_cells_is_told(cells):
    data, told = own_data(cells, expression=f"{cells}/x/rpkm.tsv")
    for cell in ("x", "y"):
        data.identify_expression(cell)
    assert [line[:2] for line in told] == [("y", "expression")]
    data, told = own_data(cells, expression=f"{cells}/{{cell}}/rpkm.tsv")
    for cell in ("x", "y"):
        data.identify_expression(cell)
    assert told == []


def test_one_npz_holds_all_cells(cells):
    (cells / "train.npz").write_text("all cells")
    data, told = own_data(cells, kind="kaggle_npz", path=f"{cells}/train.npz")
    assert data.identify_counts("x") == data.identify_counts("y") and told == []


def test_a_job_of_a_cluster_knows_the_files_of_other_cells(cells):
    (cells / "y/H3K4me3.bed").write_text("x H3K4me3\n")
    data, _ = own_data(cells)
    for cell in ("x", "y"):
        data.identify_counts(cell)
    job, _ = own_data(cells)
    job.files = OwnFiles(cells / "notes.json", trusting=True)
    [(mark, what)] = job.list_twins("x", job.identify_counts("x"))
    assert mark == "H3K4me3" and "as y H3K4me3" in what


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            {"path": "{cell}/{mark}.bam"},
            r"x has no file x/H3K4me3.bam \(in /.*\); check its 'path'",
        ),
        ({"path": "/{sample}/{mark}"}, r"no file /{sample}/H3K4me3 \({sample} is no placeholder"),
        ({"path": "/$NOT_SET_7/{mark}"}, r"variable \$NOT_SET_7 is not set"),
        ({"path": "FOLDER/x/H{mark}/.."}, "x has no file"),
        ({"path": "FOLDER/a{y}b/{mark}"}, "Snakemake takes {y} in .*/a{y}b/H3K4me3 for a wildcard"),
        ({"expression": "FOLDER"}, "that is a folder; check its 'expression'"),
        ({"kind": "deepdiff_csv", "path": "FOLDER/x/rpkm.tsv"}, "x has no folder .*rpkm.tsv"),
        ({"kind": "kaggle_npz", "path": "FOLDER"}, "that is a folder; check its 'path'"),
    ],
)
def test_a_path_that_is_no_file_is_one_clear_line(cells, source, message):
    (cells / "a{y}b").mkdir()
    shutil.copy(cells / "x/H3K4me3.bed", cells / "a{y}b/H3K4me3")
    shutil.copy(cells / "x/H3K4me3.bed", cells / "a{y}b/H3K27me3")
    source = {key: value.replace("FOLDER", str(cells)) for key, value in source.items()}
    data, _ = own_data(cells, **source)
    with pytest.raises(InputError, match=message) as error:
        data.identify_counts("x")
        data.identify_expression("x")
    assert "\n" not in str(error.value)


def test_home_and_variables_in_paths(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("DATA", "/data")
    source = {"kind": "bam", "path": "~/{mark}.bam", "expression": "${DATA}/x.tsv"}
    config = load_config({"cells": ["x"], "sources": {"x": source}, "mirror": "$DATA/roadmap"})
    assert config.sources["x"].path == "/home/me/{mark}.bam"
    assert config.sources["x"].expression == "/data/x.tsv"
    assert config.mirror == "file:///data/roadmap"
