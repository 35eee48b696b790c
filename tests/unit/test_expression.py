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


# ---- a user's table ----

GOOD = "ENSG01\t3.5\nENSG02\t0\n"


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.replace("\t", ","),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        "\ufeff" + GOOD,
        "# gene and RPKM\n\n" + GOOD + "\n\n",
        '"ENSG01"\t"3.5"\n"ENSG02"\t"0"\n',
        " ENSG01 \t 3.5 \nENSG02\t0\t\n".replace("0\t", "0"),
        "ENSG01\t+3.5e0\nENSG02\t.0",
        GOOD + "__no_feature\t1234\n__ambiguous\t5\n",
    ],
)
@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("name", ["values.tsv", "values.tsv.gz"])
def test_a_table_in_many_hands_is_read_alike(tmp_path, content, pack, name):
    data = content.encode("utf-8")
    (tmp_path / name).write_bytes(gzip.compress(data) if pack else data)
    assert read_expression_csv(tmp_path / name).to_dict() == {"ENSG01": 3.5, "ENSG02": 0}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("ENSG01\t3\nENSG02\t1,5\n", r"line 2: .*'1,5'.*write numbers without commas"),
        ("ENSG01\t3\nENSG02\t1,234\n", r"line 2: .*'1,234'.*write numbers without commas"),
        ("ENSG01,3\nENSG02,1,5\n", r"line 2: 3 columns, or a number with a comma"),
        ("ENSG01;3\nENSG02;1\n", "line 1: fields are separated by semicolons"),
        ("ENSG01;3,5\nENSG02;1,5\n", "line 1: fields are separated by semicolons"),
        ("ENSG01 3\nENSG02 1\n", "line 1: 1 column, since fields are separated by blanks"),
        ("3.5\tENSG01\n", "line 1: .*the gene id comes first"),
        ("ENSG01\tTSPAN6\t3\n", "line 1: 3 columns; expected are two"),
        ("ENSG01\t3\nENSG02\tNA\n", r"line 2: .*ENSG02 is 'NA'.*it is missing"),
        ("ENSG01\t3\nENSG02\t\n", r"line 2: .*ENSG02 is ''.*it is missing"),
        ("ENSG01\t3\nENSG02\tnan\n", "line 2: .*it is missing"),
        ("ENSG01\t3\nENSG02\tinf\n", "line 2: expression of ENSG02 is 'inf', not a number"),
        ("ENSG01\t3\nENSG02\t1e400\n", "line 2: .*no computer's number is as large"),
        ("ENSG01\t3\nENSG02\t0x1A\n", "line 2: expression of ENSG02 is '0x1A', not a number"),
        ("ENSG01\t3\nENSG02\t1_000\n", "line 2: expression of ENSG02 is '1_000', not a number"),
        ("ENSG01\t3\nENSG02\t-1.5\n", "line 2: .*'-1.5'.*logarithms without"),
        ("ENSG01\t3\nENSG02\t#REF!\n", "line 2: expression of ENSG02 is '#REF!', not a number"),
        ("ENSG01\tInf\n", "line 1: .*'Inf', not a number >= 0: take the gene out$"),
        ("ENSG01\t1_000\n", "line 1: .*'1_000', not a number >= 0$"),
        ("gene\tE003\nENSG02\t3\n", "line 1: .*if this line is a header, take it away"),
        ("gene_id\tRPKM\nENSG02\t3\n", "line 1: .*if this line is a header, take it away"),
        ("MARCH1\t3\n1-Mar\t3\n", "line 2: the gene id '1-Mar' is a date"),
        ("\t3\n", "line 1: the gene id '' is missing"),
        ("ENSG01\t3\nENSG02\t1\nENSG01\t4\n", "ENSG01 stands twice, in lines 1 and 3"),
        ("TBCE\t3\nTBCE\t1\n", "TBCE stands twice.* ids are wanted, such as ENSG"),
        ('ENSG01\t"3\n', "line 1: a quote is not closed"),
        ("", "holds no gene"),
        ("# nothing\n", "holds no gene"),
    ],
)
def test_what_is_no_table_of_two_columns_is_named(tmp_path, content, message):
    (tmp_path / "values.tsv").write_text(content)
    with pytest.raises(InputError, match=f"values.tsv.*{message}|values.tsv, {message}"):
        read_expression_csv(tmp_path / "values.tsv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04....", "is a zip archive or workbook"),
        (b"BZh91AY", "is compressed by bzip2"),
        (GOOD.encode("utf-16"), "is text in UTF-16"),
        ("ENSG01\t3\nENSG0\xe9\t1\n".encode("latin-1"), "is not a text file in UTF-8"),
        (
            gzip.compress(b"".join(b"G%d\t%d\n" % (n, n) for n in range(9_000)))[:-9],
            "is truncated or corrupt",
        ),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, content, message):
    (tmp_path / "values.tsv").write_bytes(content)
    with pytest.raises(InputError, match=f"values.tsv {message}"):
        read_expression_csv(tmp_path / "values.tsv")
