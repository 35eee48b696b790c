import pandas as pd
import pytest

from markexpr.annotation import countable_genes, read_chrom_sizes, read_gene_info, study_genes
from markexpr.jobs import InputError
from markexpr.windows import Window

ROWS = [
    "ENSG01\t1\t20000\t30000\t1\tprotein_coding\tA\tfirst",
    "ENSG02\t1\t40000\t50000\t-1\tprotein_coding\tB\tits TSS is its end",
    "ENSG01\t1\t20000\t30000\t1\tprotein_coding\tA\tagain",
    "ENSG03\tMT\t100\t900\t1\tprotein_coding\tC\tmitochondrial",
    "ENSG04\t2\t2000\t9000\t1\tprotein_coding\tD\tat the left end",
    "ENSG05\t2\t70000\t90000\t1\tlincRNA\tE\tof another biotype",
    "ENSG06\t2\t70000\t90000\t1\tprotein_coding\tNA\tnot expressed, with a symbol that pandas takes for missing",
]
SIZES = {"chr1": 200_000, "chr2": 200_000, "chrM": 16_571}


def table(path, rows):
    path.write_text("".join(row + "\n" for row in rows))
    return path


def test_the_tss_is_the_start_on_plus_and_the_end_on_minus(tmp_path):
    genes = read_gene_info(table(tmp_path / "gene_info", ROWS))
    assert genes["tss"].tolist()[:2] == [20_000, 50_000]
    assert genes["strand"].tolist()[:2] == ["+", "-"]
    assert genes["chrom"].tolist()[3] == "chrMT"


def test_genes_fall_for_a_stated_reason(tmp_path):
    genes, dropped = countable_genes(read_gene_info(table(tmp_path / "gene_info", ROWS)), SIZES)
    assert genes["gene_id"].tolist() == ["ENSG01", "ENSG02", "ENSG04", "ENSG05", "ENSG06"]
    assert dict(zip(dropped["gene_id"], dropped["reason"])) == {"ENSG01": "repeated row of a gene", "ENSG03": "not on a standard chromosome"}
    kept, fell = study_genes(genes, ["protein_coding"], ["ENSG01", "ENSG02", "ENSG04"], Window.parse("10000bp_100bp"), SIZES)
    assert kept["gene_id"].tolist() == ["ENSG01", "ENSG02"]
    assert dict(zip(fell["gene_id"], fell["reason"])) == {
        "ENSG04": "window runs off the chromosome",
        "ENSG05": "biotype",
        "ENSG06": "not in the expression table",
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["gene_id\tchrom\tstart\tend\tstrand\tbiotype\tname\tdescription", *ROWS], "line 1: start and end .* no header"),
        (["ENSG01,1,20000,30000,1,protein_coding,A,x"], "line 1: 1 columns where gene_id, chrom, start"),
        ([ROWS[0], ROWS[1].replace("-1", "minus")], "line 2: strand .* must be 1 or -1, got 'minus'"),
        ([], "is empty"),
    ],
)
def test_a_table_without_the_expected_columns_is_named(tmp_path, rows, message):
    path = table(tmp_path / "gene_info", rows)
    with pytest.raises(InputError, match=message) as error:
        read_gene_info(path)
    assert str(path) in str(error.value)


def test_a_gene_beyond_its_chromosome_means_another_assembly(tmp_path):
    genes = read_gene_info(table(tmp_path / "gene_info", [ROWS[0].replace("20000", "900000").replace("30000", "950000")]))
    with pytest.raises(InputError, match=r"chr1:900000, beyond the chromosome's end .* different assemblies"):
        countable_genes(genes, SIZES)


def test_no_gene_left_says_why():
    genes = pd.DataFrame({"gene_id": ["A"], "chrom": ["chr1"], "tss": [50_000], "strand": ["+"], "biotype": ["lincRNA"], "name": ["a"]})
    with pytest.raises(InputError, match="no gene is left after the study's filter: 1 biotype"):
        study_genes(genes, ["protein_coding"], ["A"], Window.parse("10000bp_100bp"), SIZES)


def test_shipped_chromosome_sizes_are_hg19(root):
    pybedtools = pytest.importorskip("pybedtools")
    ours, theirs = read_chrom_sizes(root / "config/hg19.chrom.sizes"), pybedtools.chromsizes("hg19")
    assert len(ours) == 25
    assert all(theirs[name][1] == size for name, size in ours.items())


def test_chromosome_sizes_of_another_form_are_named(tmp_path):
    (tmp_path / "sizes").write_text("chr1\t100\nchr2\n")
    with pytest.raises(InputError, match="sizes, line 2"):
        read_chrom_sizes(tmp_path / "sizes")
