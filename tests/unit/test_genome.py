"""Of which genome a run is: chromosomes of an assembly, what is asked for of REMC, and which marks
studies are of."""

import pytest
import yaml
from conftest import build_net, with_studies

from markexpr.data import assembly
from markexpr.data.splits import by_chromosome
from markexpr.io.jobs import InputError
from markexpr.models.registry import NETS
from markexpr.origins import GENE_INFO, HG19_FASTA, RPKM
from markexpr.project import read_project
from markexpr.settings.config import MARKS
from markexpr.settings.studies import load_studies

# ---- chromosomes ----


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("NC_000067.7", "1"), ("NC_000085.7", "19"), ("NC_000086.8", "x"), ("NC_000087.8", "y"),
        ("CM000994.3", "1"), ("CM001013.3", "x"), ("CM001015.1", "cm001015.1"),
        ("NC_000001.11", "1"), ("NC_000024.10", "24"), ("chr2L", "2l"), ("chrXIV", "xiv"),
    ],
)  # fmt: skip
def test_spellings_of_chromosomes_of_man_and_mouse(name, plain):
    assert assembly.plain_name(name) == plain


def sizes(tmp_path, text):
    (tmp_path / "sizes").write_text(text)
    return assembly.read_chrom_sizes(tmp_path / "sizes")


def test_a_fasta_index_gives_main_chromosomes_and_mitochondria(tmp_path):
    index = "".join(
        f"{name}\t{length}\t6\t60\t61\n"
        for name, length in [
            ("1", 900), ("2", 800), ("X", 700), ("MT", 16), ("1_KI270706v1_random", 5),
            ("Un_GL000220", 5), ("GL000220.1", 5), ("KI270728.1", 5), ("EBV", 5), ("hs37d5", 5),
            ("HLA-A*01:01", 5), ("14_GL000009v2_random", 5), ("chrUn_KI270302v1", 5),
        ]
    )  # fmt: skip
    found = sizes(tmp_path, index)
    assert found == {"1": 900, "2": 800, "X": 700, "MT": 16}
    assert assembly.main_chromosomes(found) == ["1", "2", "X"]


def test_of_other_genomes_the_main_chromosomes_are_found(tmp_path):
    fly = sizes(tmp_path, "chr2L\t9\nchr2R\t9\nchr4\t9\nchrX\t9\nchrM\t9\nchrUn_CP007071v1\t9\n")
    assert assembly.main_chromosomes(fly) == ["chr2L", "chr2R", "chr4", "chrX"]
    worm = sizes(tmp_path, "I\t9\nII\t9\nIII\t9\nIV\t9\nV\t9\nX\t9\nMtDNA\t9\n")
    assert assembly.main_chromosomes(worm) == ["I", "II", "III", "IV", "V", "X"]
    # accessions of which nothing is known: all
    other = sizes(tmp_path, "NC_088853.1\t9\nNC_088854.1\t9\n")
    assert assembly.main_chromosomes(other) == ["NC_088853.1", "NC_088854.1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chr1\t10\nchr1\t10\n", "line 2: chr1 stands twice"),
        (">chr1 of a genome\nACGT\n", "line 1: expected .* samtools faidx"),
        ("chr1\t0\n", "line 1: expected"),
        ("", "is empty"),
    ],
)
def test_what_is_no_table_of_chromosomes_is_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=f"sizes.*{message}"):
        sizes(tmp_path, text)


def test_the_shipped_tables_are_what_they_are_called(root):
    pybedtools = pytest.importorskip("pybedtools")
    human = assembly.read_chrom_sizes(root / "config/hg38.chrom.sizes")
    assert assembly.name_assembly(human) == "hg38" and len(human) == 25
    theirs = pybedtools.chromsizes("hg38")
    assert all(theirs[name][1] == size for name, size in human.items())
    mouse = assembly.read_chrom_sizes(root / "config/mm39.chrom.sizes")
    assert assembly.name_assembly(mouse) == "mm39" and len(mouse) == 22
    # GRCm39 has 2,723,414,844 bp in its chromosomes
    main = assembly.main_chromosomes(mouse)
    assert len(main) == 21 and sum(mouse[name] for name in main) == 2_723_414_844


def test_whole_chromosomes_are_taken_apart_in_mouse_and_under_plain_names():
    mouse = [f"{name}" for name in [*range(1, 20), "X", "Y"]]
    split = by_chromosome(mouse, 0)
    assert split.tolist() == by_chromosome([f"chr{name}" for name in mouse], 0).tolist()
    assert set(split) == {"train", "valid", "test"}
    with pytest.raises(InputError, match=r"2L is in no fold .*scheme, as random"):
        by_chromosome(["2L"], 0)


# ---- what is asked for ----


@pytest.fixture
def own(tmp_path):
    """A configuration of one mouse tissue with all of its files, of whatever content."""
    for name in ("a.gtf", "genome.fa", "liver.tsv", *(f"{mark}.bam" for mark in MARKS)):
        (tmp_path / name).write_text("x")
    source = {"kind": "bam", "path": f"{tmp_path}/{{mark}}.bam", "expression": "liver.tsv"}
    source["expression"] = f"{tmp_path}/liver.tsv"
    return {
        "chrom_sizes": "config/mm39.chrom.sizes",
        "annotation": f"{tmp_path}/a.gtf",
        "cells": ["liver"],
        "sources": {"liver": source},
    }


def test_of_remc_nothing_is_asked_for_with_an_annotation_and_cells_of_ones_own(root, own):
    origins = read_project(root, own).lookup.sources
    assert origins.gene_table == own["annotation"] and origins.expressed == []
    files = origins.count_inputs("liver")
    assert not any("results/raw" in str(path) for path in files["reads"])
    remc = read_project(root, {}).lookup.sources
    assert (remc.gene_table, remc.expressed, remc.fasta) == (GENE_INFO, RPKM, HG19_FASTA)


def refused(root, config, ask):
    with pytest.raises(InputError) as error:
        ask(read_project(root, config).lookup.sources)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_of_hg19_is_refused_in_another_genome(root, own, tmp_path):
    said = refused(root, {**own, "annotation": "remc"}, lambda origins: origins.gene_table)
    assert said.startswith("REMC's gene table is of hg19, and config key 'chrom_sizes' (")
    assert "is of mm39: name a GTF or GFF3 of that under config key 'annotation'" in said
    said = refused(root, own, lambda origins: origins.count_inputs("E003"))
    assert said.startswith("REMC's alignments (E003) are of hg19") and "leave REMC's cells" in said
    said = refused(root, own, lambda origins: origins.fasta)
    assert "name a FASTA of that under config key 'genome_fasta'" in said
    fasta = {**own, "genome_fasta": f"{tmp_path}/genome.fa"}
    assert read_project(root, fasta).lookup.sources.fasta == fasta["genome_fasta"]
    # a genome that none is known of
    (tmp_path / "sizes").write_text("chr1\t5000000\n")
    other = {**own, "annotation": "remc", "chrom_sizes": f"{tmp_path}/sizes"}
    said = refused(root, other, lambda origins: origins.gene_table)
    assert "is of another assembly (chromosome 1 has 5,000,000 bp)" in said


def test_an_annotation_that_is_not_there_or_does_not_fit_is_refused(root, own, tmp_path):
    missing = {**own, "annotation": f"{tmp_path}/b.gtf"}
    said = refused(root, missing, lambda origins: origins.gene_table)
    assert said == f"config key 'annotation': there is no file {tmp_path}/b.gtf"
    with pytest.raises(InputError, match="'annotation': the simulated mirror brings a genome"):
        read_project(root, {"mirror": "simulated", "annotation": own["annotation"]})
    with pytest.raises(InputError, match="'tss': canonical is of transcripts"):
        read_project(root, {"tss": "canonical"})


# ---- marks ----

FOUR = ["H3K4me3", "H3K27ac", "H3K36me3", "H3K27me3"]


def test_every_study_is_of_the_marks_of_the_configuration_in_its_papers_order(root):
    studies = load_studies(root / "config/studies", {}, FOUR)
    assert all(set(study.data.marks) == set(FOUR) for study in studies.values())
    assert studies["deepchrome"].data.marks == ["H3K27me3", "H3K36me3", "H3K4me3", "H3K27ac"]
    # the same as its base, and what jobs are told does not have the order
    assert studies["wakawaka"].data.marks == studies["dense_ensemble"].data.marks
    assert "mark_order" not in studies["deepchrome"].data.plain()
    five = load_studies(root / "config/studies", {}, MARKS)
    assert five["deepdiff"].data.marks == ["H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3"]
    # of ranks among five marks, and of marks that are not there, nothing can be tested
    said = studies["deepdiff"].mark_attention.statements
    assert [(one.marks, one.ranks) for one in said] == [(["H3K27me3"], None)]
    assert len(five["deepdiff"].mark_attention.statements) == 6


def test_a_study_of_certain_marks_needs_them(root, tmp_path):
    fixed = {"base": "deepchrome", "data": {"marks": ["H3K9me3", "H3K4me3"]}}
    folder = with_studies(tmp_path, fixed=fixed)
    assert load_studies(folder, {}, MARKS)["fixed"].data.marks == ["H3K9me3", "H3K4me3"]
    with pytest.raises(InputError, match=r"^study fixed is of the marks H3K9me3, H3K4me3 .*and"):
        load_studies(folder, {}, FOUR)
    # a study that is not built may want others
    assert load_studies(folder, {}, FOUR, ["deepchrome"])["fixed"].data.marks[0] == "H3K9me3"
    # null takes away what the base fixes
    free = {"base": "fixed", "data": {"marks": None}}
    (folder / "free.yaml").write_text(yaml.safe_dump(free))
    assert len(load_studies(folder, {}, FOUR, ["free"])["free"].data.marks) == 4


def test_other_marks_than_the_papers_are_told(root):
    def changes(marks):
        project = read_project(root, {"marks": marks, "cells": ["E003"]})
        return project.lookup._changes("deepchrome")

    assert changes(MARKS) == ""
    assert changes(FOUR) == "marks H3K27me3 H3K36me3 H3K4me3 H3K27ac"


@pytest.mark.parametrize("architecture", NETS)
@pytest.mark.parametrize("marks", [1, 3, 4, 7])
def test_every_net_takes_any_number_of_marks(architecture, marks):
    build_net(architecture, marks, 100)
