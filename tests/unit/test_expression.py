import gzip

import pytest

from markexpr.data.expression import read_expression, read_expression_csv, read_gene_ids
from markexpr.io.jobs import InputError

HEADER = ["gene_id", "E000", "E003", "E047", "E050"]
TSPAN6 = ["ENSG00000000003", "0.000", "43.985", "1.235", "5.544"]
OTHER = ["ENSG00000000005", "0.000", "1.642", "0.000", "0.000"]


def table(folder, *rows, tab="\t", name="57epigenomes.RPKM.pc.gz"):
    path = folder / name
    with gzip.open(path, "wt") as file:
        file.write("\t".join(HEADER) + "\n")
        file.writelines("\t".join(row) + tab + "\n" for row in rows)
    return path


@pytest.mark.parametrize("tab", ["\t", ""])
def test_a_tab_more_at_the_end_of_rows_shifts_nothing(tmp_path, tab):
    path = table(tmp_path, TSPAN6, OTHER, tab=tab)
    for cell, value in {"E003": 43.985, "E047": 1.235, "E050": 5.544}.items():
        assert read_expression(path, cell)["ENSG00000000003"] == value
    assert read_gene_ids(path).tolist() == ["ENSG00000000003", "ENSG00000000005"]


def test_shifted_columns_are_noticed_by_known_values(tmp_path):
    shifted = [TSPAN6[0], *TSPAN6[2:], "7.7"]
    path = table(tmp_path, shifted, OTHER)
    for cell in ("E003", "E050"):  # whichever cell is read, the known ones are looked at
        with pytest.raises(
            InputError, match=r"ENSG00000000003 in E003 is 1\.235, but 43\.985 in REMC's table"
        ):
            read_expression(path, cell)


def test_a_shifted_table_of_counts_is_noticed_too(tmp_path):
    path = table(tmp_path, ["ENSG00000000003", "0", "22128", "1", "2"], name="57epigenomes.N.pc.gz")
    with pytest.raises(
        InputError, match="ENSG00000000003 in E003 is 22128, but 22232 in REMC's table"
    ):
        read_expression(path, "E047")


def test_a_row_short_of_a_field_is_named(tmp_path):
    path = table(tmp_path, TSPAN6, OTHER[:-1], tab="")
    with pytest.raises(InputError, match="line 3: 4 fields where the header names 5 columns"):
        read_expression(path, "E003")


@pytest.mark.parametrize("cell", ["E999", "E000", "gene_id"])
def test_a_cell_without_a_column_is_named(tmp_path, cell):
    with pytest.raises(InputError, match=f"no column for cell '{cell}'; it has E003, E047, E050"):
        read_expression(table(tmp_path, TSPAN6), cell)


@pytest.mark.parametrize("bad", ["-1.0", "", "nan", "inf", "high"])
def test_a_value_that_is_no_expression_is_named_with_its_line(tmp_path, bad):
    row = [OTHER[0], "0", bad, "0", "0"]
    with pytest.raises(InputError, match="line 3: expression of ENSG00000000005"):
        read_expression(table(tmp_path, TSPAN6, row), "E003")


def test_a_gene_that_stands_twice_is_named(tmp_path):
    with pytest.raises(InputError, match="ENSG00000000005 stands twice"):
        read_expression(table(tmp_path, TSPAN6, OTHER, OTHER), "E003")


def test_a_truncated_table_is_named(tmp_path):
    rows = [[f"ENSG{number:011d}", "0", str(number / 7), "1", "2"] for number in range(5_000)]
    path = table(tmp_path, *rows)
    path.write_bytes(path.read_bytes()[:-2_000])
    with pytest.raises(InputError, match="truncated or corrupt"):
        read_expression(path, "E003")


def test_another_header_is_named(tmp_path):
    path = tmp_path / "57epigenomes.RPKM.pc.gz"
    with gzip.open(path, "wt") as file:
        file.write("id,E003\nENSG01,3\n")
    with pytest.raises(InputError, match="line 1: expected a header gene_id"):
        read_expression(path, "E003")


def test_published_counts_by_gene(tmp_path):
    (tmp_path / "E003.expr.csv").write_text("ENSG01,22232\nENSG02,0\n")
    assert read_expression_csv(tmp_path / "E003.expr.csv").to_dict() == {
        "ENSG01": 22232,
        "ENSG02": 0,
    }
    (tmp_path / "bad.csv").write_text("gene,count\nENSG02,0\n")
    with pytest.raises(InputError, match="line 1: expression of gene is 'count'"):
        read_expression_csv(tmp_path / "bad.csv")
