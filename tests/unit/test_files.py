"""Writing that leaves nothing half-done, and the same bytes for the same content."""

import re

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from markexpr.io.files import atomic, check_gzip, gzip_writer, read_tsv, write_npz, write_tsv
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


def test_names_are_text_whatever_they_look_like(tmp_path):
    names = ["NA", "nan", "None", "null", "N/A", "-nan", "inf", "true", "001", "1e5", "", '"x'] * 2
    table = pd.DataFrame({"model": names, "unit": names[::-1], "seed": 1, "value": np.nan})
    table.loc[0, "value"] = 0.5
    for path in (tmp_path / "a.tsv", tmp_path / "a.tsv.gz"):
        write_tsv(path, table)
        found = read_tsv(path)
        assert found["model"].tolist() == names and found["unit"].tolist() == names[::-1]
        assert found["value"].tolist()[0] == 0.5 and found["value"].isna().sum() == len(names) - 1
        assert found["seed"].dtype == np.int64


def test_a_name_that_is_missing_is_not_one_called_na(tmp_path):
    write_tsv(tmp_path / "a.tsv", pd.DataFrame({"chosen_member": ["NA", None], "auc": [1, 2]}))
    assert read_tsv(tmp_path / "a.tsv")["chosen_member"].tolist() == ["NA", ""]


def test_a_table_by_its_content_and_not_its_name(tmp_path):
    (tmp_path / "plain.gz").write_text("cell\tagree\n001\tTrue\n")
    found = read_tsv(tmp_path / "plain.gz")
    assert found["cell"].tolist() == ["001"] and found["agree"].tolist() == [True]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("cell\tvalue\nE003\thigh\n", "column value holds 'high', which is no number"),
        ("cell\tvalue\nE003\t99999999999999999999\n", "holds '9{20}', which is no number"),
        ("", "is no table"),
        ("cell\tvalue\nE003\t1\t2\n", "has rows with more columns than its header"),
        ("a\tb\n1\t2\t3\t4\n1\t2\t3\t4\t5\t6\n", "is no table"),
        (None, "does not exist"),
    ],
)
def test_a_table_that_cannot_be_read(tmp_path, content, message):
    if content is not None:
        (tmp_path / "a.tsv").write_text(content)
    with pytest.raises(InputError, match=f"a.tsv.*{message}"):
        read_tsv(tmp_path / "a.tsv")


# what others wrote: reads, BEDTools' counts, published counts, tables of expression
FOREIGN = {f"data/{name}.py" for name in ("reads", "counts", "sources", "expression", "given")}


def test_tables_have_one_reader():
    scripts = ROOT / "workflow/scripts"
    for path in [*scripts.glob("*.py"), *scripts.rglob("markexpr/**/*.py")]:
        name = str(path.relative_to(scripts)).removeprefix("markexpr/")
        if name not in FOREIGN | {"io/files.py"}:
            assert not re.search(r"read_(csv|table|fwf)\(", path.read_text()), path
