import numpy as np
import pandas as pd
import pytest

from markexpr.data.annotation import (
    countable_genes,
    far_apart,
    find_neighbours,
    read_gene_info,
    read_gene_list,
    study_genes,
)
from markexpr.data.assembly import read_chrom_sizes
from markexpr.data.expression import read_gene_ids
from markexpr.data.windows import Window
from markexpr.io.files import open_text
from markexpr.io.jobs import InputError

ROWS = [
    "ENSG01\t1\t20000\t30000\t1\tprotein_coding\tA\tfirst",
    "ENSG02\t1\t40000\t50000\t-1\tprotein_coding\tB\tits TSS is its end",
    "ENSG01\t1\t20000\t30000\t1\tprotein_coding\tA\tagain",
    "ENSG03\tMT\t100\t900\t1\tprotein_coding\tC\tmitochondrial",
    "ENSG04\t2\t2000\t9000\t1\tprotein_coding\tD\tat the left end",
    "ENSG05\t2\t70000\t90000\t1\tlincRNA\tE\tof another biotype",
    "ENSG06\t2\t70000\t90000\t1\tprotein_coding\tNA\tnot expressed, with a symbol that "
    "pandas takes for missing",
]
WINDOW = Window.parse("10000bp_100bp")
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
    assert dict(zip(dropped["gene_id"], dropped["reason"])) == {
        "ENSG01": "repeated row of a gene",
        "ENSG03": "not on a standard chromosome",
    }
    kept, fell = study_genes(
        genes, ["ENSG01", "ENSG02", "ENSG04"], WINDOW, SIZES, ["protein_coding"]
    )
    assert kept["gene_id"].tolist() == ["ENSG01", "ENSG02"]
    assert dict(zip(fell["gene_id"], fell["reason"])) == {
        "ENSG04": "window runs off the chromosome",
        "ENSG05": "biotype",
        "ENSG06": "not in the expression table",
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ["gene_id\tchrom\tstart\tend\tstrand\tbiotype\tname\tdescription", *ROWS],
            "line 1: start and end .* no header",
        ),
        (
            ["ENSG01,1,20000,30000,1,protein_coding,A,x"],
            "line 1: 1 columns where gene_id, chrom, start",
        ),
        (
            [ROWS[0], ROWS[1].replace("-1", "minus")],
            "line 2: strand .* must be 1 or -1, got 'minus'",
        ),
        ([], "is empty"),
    ],
)
def test_a_table_without_the_expected_columns_is_named(tmp_path, rows, message):
    path = table(tmp_path / "gene_info", rows)
    with pytest.raises(InputError, match=message) as error:
        read_gene_info(path)
    assert str(path) in str(error.value)


def test_a_gene_beyond_its_chromosome_means_another_assembly(tmp_path):
    genes = read_gene_info(
        table(
            tmp_path / "gene_info", [ROWS[0].replace("20000", "900000").replace("30000", "950000")]
        )
    )
    with pytest.raises(
        InputError, match=r"chr1:900000, beyond the chromosome's end .* different assemblies"
    ):
        countable_genes(genes, SIZES)


def test_no_gene_left_says_why():
    genes = pd.DataFrame(
        {
            "gene_id": ["A"],
            "chrom": ["chr1"],
            "tss": [50_000],
            "strand": ["+"],
            "biotype": ["lincRNA"],
            "name": ["a"],
        }
    )
    with pytest.raises(InputError, match="no gene is left after the study's filter: 1 biotype"):
        study_genes(genes, ["A"], WINDOW, SIZES, ["protein_coding"])


def test_shipped_chromosome_sizes_are_hg19(root):
    pybedtools = pytest.importorskip("pybedtools")
    ours, theirs = read_chrom_sizes(root / "config/hg19.chrom.sizes"), pybedtools.chromsizes("hg19")
    assert len(ours) == 25
    assert all(theirs[name][1] == size for name, size in ours.items())


def test_chromosome_sizes_of_another_form_are_named(tmp_path):
    (tmp_path / "sizes").write_text("chr1\t100\nchr2\n")
    with pytest.raises(InputError, match="sizes, line 2"):
        read_chrom_sizes(tmp_path / "sizes")


def test_neighbours_downstream_of_a_kept_gene_fall():
    # 1000 is kept; 6000 is 5000 downstream and falls; 6001 is 5001 behind the last kept one and
    # stays; another chromosome begins anew
    tss = [1_000, 6_000, 6_001, 11_001, 11_002, 50]
    assert far_apart(["chr1"] * 5 + ["chr2"], tss, 5_000).tolist() == [
        True,
        False,
        True,
        False,
        True,
        True,
    ]


def test_downstream_is_in_the_genome_or_as_genes_are_transcribed():
    # plus: 1000 kept, 4000 falls, 7000 kept; minus, from right to left: 9000 kept, 5000 and 4500
    # fall, 2000 is 7000 downstream of 9000 and kept
    genes = pd.DataFrame(
        {
            "gene_id": list("abcdefg"),
            "chrom": "chr1",
            "tss": [1_000, 2_000, 4_000, 4_500, 5_000, 7_000, 9_000],
            "strand": list("+-+--+-"),
        },
        index=range(10, 17),
    )
    assert sorted(find_neighbours(genes, 5_000, "strand")) == [12, 13, 14]
    assert sorted(find_neighbours(genes, 5_000, "genome")) == [11, 12, 13, 14, 16]
    rest = genes.assign(biotype="x", name=genes["gene_id"], tss=genes["tss"] + 10_000)
    for downstream, kept in (("genome", "af"), ("strand", "abfg")):
        found, _ = study_genes(rest, list("abcdefg"), WINDOW, SIZES, ["x"], 5_000, downstream)
        assert "".join(found["gene_id"]) == kept
    # genes that face away from each other are downstream of neither
    pair = genes.loc[[11, 12]]
    assert not find_neighbours(pair, 5_000, "strand") and find_neighbours(pair, 5_000) == [12]


def test_strands_apart_never_leave_fewer_genes():
    rng = np.random.default_rng(1)
    for _ in range(20):
        genes = pd.DataFrame(
            {
                "gene_id": [f"G{n}" for n in range(200)],
                "chrom": rng.choice(["chr1", "chr2"], 200),
                "tss": rng.integers(1, 400_000, 200),
                "strand": rng.choice(["+", "-"], 200),
            }
        )
        by_strand = find_neighbours(genes, 5_000, "strand")
        assert len(by_strand) <= len(find_neighbours(genes, 5_000))


def test_a_study_can_be_limited_to_a_list_and_drop_neighbours(tmp_path):
    ids = [f"G{number}" for number in range(4)]
    genes = pd.DataFrame(
        {
            "gene_id": ids,
            "chrom": "chr1",
            "tss": [20_000, 23_000, 26_000, 60_000],
            "strand": "+",
            "biotype": "x",
            "name": ids,
        }
    )
    kept, dropped = study_genes(genes, ids, WINDOW, SIZES, ["x"], min_distance=5_000)
    assert kept["gene_id"].tolist() == ["G0", "G2", "G3"]
    assert dropped.values.tolist() == [["G1", "TSS within 5000 bp of a kept gene's"]]
    (tmp_path / "list.txt").write_text("# ours\nG1\tsymbol\n\nG3\n")
    # the rule looks at listed genes only
    kept, dropped = study_genes(
        genes,
        ids,
        WINDOW,
        SIZES,
        ["x"],
        min_distance=5_000,
        gene_list=read_gene_list(tmp_path / "list.txt"),
    )
    assert kept["gene_id"].tolist() == ["G1", "G3"]
    with pytest.raises(InputError, match="1 ids that are not in the gene table, for example G9"):
        study_genes(genes, ids, WINDOW, SIZES, ["x"], gene_list=["G9", "G1"])
    for text, message in (("", "holds no gene id"), ("G1\nG1\n", "gene G1 stands 2 times")):
        (tmp_path / "list.txt").write_text(text)
        with pytest.raises(InputError, match=message):
            read_gene_list(tmp_path / "list.txt")


@pytest.mark.parametrize("name", ["gene_info", "RPKM.pc.gz", "N.pc.gz"])
def test_a_cut_copy_of_a_real_table_is_refused(real, tmp_path, name):
    # at the end of a line, as a download without an announced length may be
    (path,) = (real / "mirror/byDataType/rna/expression").glob(f"*.{name}")
    with open_text(path) as file:
        lines = file.readlines()
    cut = tmp_path / path.name.removesuffix(".gz")
    read = read_gene_info if name == "gene_info" else read_gene_ids
    cut.write_text("".join(lines))
    assert len(read(cut)) == 19795
    kept = len(lines) * 97 // 100
    cut.write_text("".join(lines[:kept]))
    genes = f"{kept - (name != 'gene_info'):,}"
    with pytest.raises(InputError, match=f"{name[:4]}.* has {genes} genes where REMC's has 19,795"):
        read(cut)
    # a few real genes, as in a small mirror for tests
    cut.write_text("".join(lines[:150]))
    assert len(read(cut)) == 150 - (name != "gene_info")


@pytest.mark.parametrize("which", ["the gene table", "the expression table"])
def test_of_two_tables_one_that_ends_early_is_refused(which):
    ids = [f"ENSG{number:03d}" for number in range(150)]
    genes = annotated(ids if which == "the expression table" else ids[:145])
    expressed = ids if which == "the gene table" else ids[:145]
    with pytest.raises(InputError, match=f"^{which} ends with ENSG144, and .* has 5 genes after"):
        study_genes(genes, expressed, WINDOW, {"chr1": 10**9}, ["protein_coding"])
    # other genes that one of them lacks are no cut
    few = [gene for number, gene in enumerate(ids) if number % 30]
    study_genes(annotated(ids), few, WINDOW, {"chr1": 10**9}, ["protein_coding"])


def annotated(ids):
    return pd.DataFrame(
        {
            "gene_id": ids,
            "chrom": "chr1",
            "tss": [1_000_000 * (number + 1) for number in range(len(ids))],
            "strand": "+",
            "biotype": "protein_coding",
            "name": ids,
        }
    )
