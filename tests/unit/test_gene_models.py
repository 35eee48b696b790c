"""Genes from GTF and GFF3: the same from each, whichever release wrote it, and what is refused."""

import gzip

import numpy as np
import pytest

from markexpr.data.annotation import countable_genes, read_gene_info
from markexpr.data.assembly import read_chrom_sizes
from markexpr.data.gene_models import read_annotation
from markexpr.io import jobs
from markexpr.io.jobs import InputError

SIZES = {"chr1": 200_000, "chr2": 150_000, "chrX": 90_000, "chrY": 60_000, "chrM": 16_299}
# id, chromosome, start, end, strand, name; and of its transcripts start, end, tags
GENES = [
    ("ENSMUSG00000000001.5", "chr1", 1_000, 9_000, "+", "Aaa",
     [(1_000, 9_000, "basic"), (2_000, 8_000, "basic,Ensembl_canonical")]),
    ("ENSMUSG00000000002.12", "chr2", 20_000, 30_000, "-", "Bbb",
     [(20_000, 30_000, ""), (21_000, 29_000, "basic"), (20_500, 29_500, "basic")]),
    ("ENSMUSG00000000003.1", "chrX", 5_000, 6_000, "+", "Ccc", [(5_000, 6_000, "")]),
]  # fmt: skip
TSS, CANONICAL = [1_000, 30_000, 5_000], [2_000, 29_500, 5_000]


def gtf_attributes(**values):
    return " ".join(
        f'{key} "{one}";'
        for key, value in values.items()
        for one in ([value] if key != "tag" else filter(None, value.split(",")))
    )


def line(chrom, feature, start, end, strand, attributes):
    return "\t".join(map(str, (chrom, "HAVANA", feature, start, end, ".", strand, ".", attributes)))


def gencode_gtf(genes=GENES):
    lines = ["##description: evidence-based annotation of the mouse genome (GRCm39), version M36"]
    for gene, chrom, start, end, strand, name, transcripts in genes:
        of_gene = {"gene_id": gene, "gene_type": "protein_coding", "gene_name": name}
        lines.append(line(chrom, "gene", start, end, strand, gtf_attributes(**of_gene)))
        for number, (first, last, tag) in enumerate(transcripts):
            both = gtf_attributes(**of_gene, transcript_id=f"T{number}", level="2", tag=tag)
            lines.append(line(chrom, "transcript", first, last, strand, both))
            lines.append(line(chrom, "exon", first, first + 50, strand, both))
    return lines


def ensembl_gtf():
    lines = ["#!genome-build GRCm39"]
    for gene, chrom, start, end, strand, name, transcripts in GENES:
        plain, version = gene.split(".")
        of_gene = {"gene_id": plain, "gene_version": version, "gene_biotype": "protein_coding"}
        chrom = chrom.removeprefix("chr")
        shown = gtf_attributes(**of_gene, gene_name=name)
        lines.append(line(chrom, "gene", start, end, strand, shown))
        for first, last, tag in transcripts:
            shown = gtf_attributes(**of_gene, tag=tag)
            lines.append(line(chrom, "transcript", first, last, strand, shown))
    return lines


def ensembl_gff3():
    lines = ["##gff-version 3", "##sequence-region   1 1 200000", "###"]
    for gene, chrom, start, end, strand, name, transcripts in GENES:
        plain = gene.split(".")[0]
        chrom = chrom.removeprefix("chr")
        shown = f"ID=gene:{plain};Name={name};biotype=protein_coding;gene_id={plain};version=5"
        lines.append(line(chrom, "gene", start, end, strand, shown))
        for number, (first, last, tag) in enumerate(transcripts):
            own = f"ID=transcript:T{number};Parent=gene:{plain};tag={tag}"
            lines.append(line(chrom, "mRNA", first, last, strand, own))
            part = f"Parent=transcript:T{number};tag={tag}"
            lines.append(line(chrom, "exon", first, first + 50, strand, part))
    return lines


def refseq_gff3():
    """Genes by symbol, on RefSeq's accessions of mouse."""
    accession = {"chr1": "NC_000067.7", "chr2": "NC_000068.8", "chrX": "NC_000086.8"}
    lines = ["##gff-version 3", "#!genome-build GRCm39"]
    for _, chrom, start, end, strand, name, transcripts in GENES:
        chrom = accession[chrom]
        shown = f"ID=gene-{name};Dbxref=GeneID:1;Name={name};gene_biotype=protein_coding"
        lines.append(line(chrom, "gene", start, end, strand, shown))
        for first, last, tag in transcripts:
            tag = tag.replace("basic,Ensembl_canonical", "RefSeq Select")
            own = f"ID=rna-1;Parent=gene-{name}" + f";tag={tag}" * bool(tag)
            lines.append(line(chrom, "mRNA", first, last, strand, own))
    return lines


def write(path, lines):
    text = "".join(f"{one}\n" for one in lines)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


@pytest.fixture(autouse=True)
def said(monkeypatch):
    """What is warned of."""
    monkeypatch.setattr(jobs, "_warnings", [])
    return lambda: "; ".join(what for _, _, what in jobs.list_warnings())


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (gencode_gtf(), "a.gtf"),
        (gencode_gtf(), "a.gtf.gz"),
        (ensembl_gtf(), "a.gtf"),
        (ensembl_gff3(), "a.gff3.gz"),
        (ensembl_gff3(), "a.gtf"),  # the content decides
        (refseq_gff3(), "a.gff"),
    ],
)
def test_every_release_gives_the_same_genes(tmp_path, lines, name, said):
    path = write(tmp_path / name, lines)
    table = read_annotation(path, SIZES)
    ids = [gene[5] if name == "a.gff" else gene[0].split(".")[0] for gene in GENES]
    assert table["gene_id"].tolist() == ids
    assert table["chrom"].tolist() == ["chr1", "chr2", "chrX"]
    assert table["tss"].tolist() == TSS and table["tts"].tolist() == [9_000, 20_000, 6_000]
    assert table["strand"].tolist() == ["+", "-", "+"]
    assert table["name"].tolist() == ["Aaa", "Bbb", "Ccc"]
    assert set(table["biotype"]) == {"protein_coding"} and set(table["reason"]) == {""}
    # of the longest with tag basic, on the minus strand its end
    assert read_annotation(path, SIZES, "canonical")["tss"].tolist() == CANONICAL
    assert "1 of 3 genes have no canonical transcript" in said()
    renamed = "names 3 chromosomes otherwise than config key 'chrom_sizes'"
    assert (renamed in said()) == (lines != gencode_gtf())


def test_mane_goes_before_ensembl_canonical(tmp_path):
    tags = [(1_100, 9_000, "Ensembl_canonical"), (1_300, 9_000, "basic,MANE_Select")]
    genes = [(*GENES[0][:6], tags)]
    path = write(tmp_path / "a.gtf", gencode_gtf(genes))
    assert read_annotation(path, SIZES, "canonical")["tss"].tolist() == [1_300]
    assert read_annotation(path, SIZES)["tss"].tolist() == [1_000]


def test_copies_repeats_and_genes_without_strand_are_dropped_for_a_reason(tmp_path, said):
    first = GENES[0]
    genes = [
        *GENES,
        first,  # the same line again
        ("ENSG00000182378.15", "chrX", 100, 900, "+", "PLCXD1", []),
        ("ENSG00000182378.15_PAR_Y", "chrY", 100, 900, "+", "PLCXD1", []),
        ("ENSG00000000009.1", "chrX", 2_000, 2_900, "+", "P", []),  # without the ending
        ("ENSG00000000009.1", "chrY", 1_000, 1_900, "+", "P", []),
        ("ENSG00000000008.1", "chr1", 50_000, 60_000, ".", "N", []),
        ("ENSG00000000007.1", "chr1", 70_000, 71_000, "+", "twice", []),
        ("ENSG00000000007.2", "chr2", 80_000, 81_000, "+", "twice", []),
        ("ENSG00000000006.1", "chrM", 10, 900, "+", "mt", []),
        ("ENSG00000000005.1", "chrUn_GL1", 10, 900, "+", "unplaced", []),
    ]
    path = write(tmp_path / "a.gtf", gencode_gtf(genes))
    kept, dropped = countable_genes(read_annotation(path, SIZES), SIZES)
    assert kept["gene_id"].tolist() == [
        "ENSMUSG00000000001", "ENSMUSG00000000002", "ENSG00000182378", "ENSG00000000009",
        "ENSMUSG00000000003",
    ]  # fmt: skip
    assert "reason" not in kept
    assert dropped["reason"].value_counts().to_dict() == {
        "copy on Y of a gene of X": 2,
        "at several places": 2,
        "not on a standard chromosome": 2,
        "repeated row of a gene": 1,
        "no strand, and so no TSS": 1,
    }
    assert "1 gene ids stand at several places (ENSG00000000007)" in said()


def test_chromosomes_without_genes_are_told(tmp_path, said):
    path = write(tmp_path / "a.gtf", gencode_gtf(GENES[:1]))
    read_annotation(path, SIZES)
    assert "a.gtf has no gene on chr2, chrX of config key 'chrom_sizes': is it cut" in said()


GTF = gencode_gtf()
FAULTS = [
    ([GTF[0], GTF[1].replace("\t", " ")], "line 2: 1 columns where 9 are expected"),
    (["chr1\t10\t900\tA\t0\t+"], "line 1: 6 columns where 9 are .*no GTF or GFF3"),
    ([*GTF[:6], GTF[6][:70]], "line 7: .* cannot be read from .*cut short"),
    ([GTF[1].replace("1000", "9001")], "line 1: start and end .*got '9001' and '9000'"),
    ([GTF[1].replace("1000", "0")], "line 1: start and end"),
    ([GTF[1].replace("\t+", "\tplus")], "line 1: strand .* must be [+] or -, got 'plus'"),
    ([GTF[1].replace("gene_id", "id")], "line 1: this gene has no gene_id"),
    ([GTF[1].replace("\tgene\t", "\texon\t")], "has no line of a gene .feature `gene`"),
    ([], "has no line of a gene"),
    ([GTF[1].replace("gene_type", "type")], "no gene has a biotype"),
    ([GTF[1].replace("9000", "200001")], "line 1: gene .* ends at chr1:200001, .*different asse"),
    ([GTF[1].replace("chr1", "III")], "are named like 'III', .* is in both: is it of another"),
    ([GTF[1].replace("chr1", "1"), GTF[1].replace("chr1", "Chr1")], "1, Chr1 are both chr1"),
    (["##sequence-region chr1 1 195", *GTF], "chr1 has 195 bp.*of another assembly"),
    (["#!genome-build GRCm38.p6", *GTF[1:]], r"says GRCm38 \(mm10\).*lengths of mm39"),
    (
        [
            "##description: mouse (GRCm39), version M36, mapped to GRCm38 with gencode-backmap",
            *GTF[1:],
        ],
        r"says GRCm38 \(mm10\).*lengths of mm39",
    ),
    (["chr1\tx\tgene\t1\t9\t.\t+\t.\tA"], "neither GTF's .* nor GFF3's"),
    ([">chr1", "ACGT"], "is FASTA, which goes under config key 'genome_fasta'"),
    (["PK\3\4"], "is a zip archive or workbook .* and no GTF"),
    (["<html>", "x"], "is a web page, and no GTF or GFF3"),
]


@pytest.mark.parametrize(("lines", "message"), FAULTS, ids=[fault[1] for fault in FAULTS])
def test_what_is_no_annotation_of_this_genome_is_refused(tmp_path, lines, message):
    sizes = SIZES
    if "mm39" in message:
        sizes = {**SIZES, "chr1": 195_154_279}
    path = write(tmp_path / "a.gtf", lines)
    with pytest.raises(InputError, match=message) as error:
        read_annotation(path, sizes)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_cut_gzip_and_a_missing_file_are_named(tmp_path):
    path = write(tmp_path / "a.gtf.gz", gencode_gtf() * 200)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"a\.gtf\.gz is truncated or corrupt .*must be whole"):
        read_annotation(path, SIZES)
    with pytest.raises(InputError, match=r"b\.gtf does not exist; check config key 'annotation'"):
        read_annotation(tmp_path / "b.gtf", SIZES)


def test_a_plain_file_that_was_cut_within_a_line_is_refused(tmp_path):
    path = write(tmp_path / "a.gtf", gencode_gtf())
    path.write_text(path.read_text()[:-20])
    with pytest.raises(InputError, match="ends within its last line: it is cut short"):
        read_annotation(path, SIZES)


def test_canonical_needs_tags_and_transcripts_within_their_genes(tmp_path):
    plain = [one.replace("tag", "mark") for one in gencode_gtf()]
    with pytest.raises(InputError, match=r"tags no transcript as MANE Select, .*gene_start"):
        read_annotation(write(tmp_path / "a.gtf", plain), SIZES, "canonical")
    out = [(*GENES[0][:6], [(500, 9_000, "basic")])]
    path = write(tmp_path / "b.gtf", gencode_gtf(out))
    with pytest.raises(InputError, match="line 3: a transcript at 500-9000 reaches beyond its"):
        read_annotation(path, SIZES, "canonical")


def test_of_many_genes_each_keeps_its_own_tss(tmp_path):
    rng = np.random.default_rng(1)
    genes, expected = [], []
    for number in range(300):
        start, strand = int(rng.integers(1, 80_000)), "+-"[number % 2]
        end = start + int(rng.integers(1, 9_000))
        chrom = ["chr1", "chr2", "chrX"][number % 3]
        genes.append((f"ENSMUSG{number:011d}.1", chrom, start, end, strand, "n", []))
        expected.append(start if strand == "+" else end)
    table = read_annotation(write(tmp_path / "a.gtf", gencode_gtf(genes)), SIZES)
    assert table["tss"].tolist() == expected


def test_remcs_genes_as_a_gtf_are_the_same_genes(real, root, tmp_path):
    (path,) = (real / "mirror/byDataType/rna/expression").glob("*.gene_info")
    sizes = read_chrom_sizes(root / "config/hg19.chrom.sizes")
    table = read_gene_info(path)
    genes = [
        (f"{row.gene_id}.{number % 20}", row.chrom.removeprefix("chr"),
         min(row.tss, row.tts), max(row.tss, row.tts), row.strand, row.name, [])
        for number, row in enumerate(table.itertuples(index=False))
    ]  # fmt: skip
    lines = [line.replace("protein_coding", "x") for line in gencode_gtf(genes)]
    lines[0] = "##description: of the human genome (GRCh37)"
    found, _ = countable_genes(read_annotation(write(tmp_path / "a.gtf.gz", lines), sizes), sizes)
    expected, _ = countable_genes(table, sizes)
    columns = ["gene_id", "chrom", "tss", "strand", "name", "tts"]
    assert len(expected) > 18_000 and found[columns].equals(expected[columns])
