"""Real reads of E003 as a user's BAM, CRAM, tagAlign and bigWig, predicted by models of E123."""

import pandas as pd
import pytest
import yaml
from alignments import read_tagalign, write_bam, write_bigwig
from conftest import ROOT, snakemake

MARKS = ["H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"]
FORMS = ["tagalign", "bam", "cram"]
SIZES = ROOT / "config/hg19.chrom.sizes"


def write_sample(folder, form, mark, path):
    """One mark of E003 in one form; returns its path."""
    if form == "tagalign":
        return path
    reads = read_tagalign(path).sort_values(["chrom", "start"])
    if form == "bigwig":
        write_bigwig(folder / f"{mark}.bw", reads, SIZES)
        return folder / f"{mark}.bw"
    write_bam(folder / f"{mark}.{form}", reads, SIZES, {"bam": "wb", "cram": "wc"}[form])
    return folder / f"{mark}.{form}"


@pytest.fixture(scope="module")
def run(real, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    lines = ["sample\tmark\tpath"]
    for form in FORMS:
        for mark in MARKS:
            path = real / f"mirror/byFileType/alignments/consolidated/E003-{mark}.tagAlign.gz"
            lines.append(f"{form}\t{mark}\t{write_sample(folder, form, mark, path)}")
    (folder / "samples.tsv").write_text("\n".join(lines) + "\n")
    config = {
        "mirror": f"file://{real}/mirror",
        "cells": ["E123"],
        "samples": f"{folder}/samples.tsv",
        "sources": {"E123": {"kind": "deepdiff_csv", "path": f"{real}/deepdiff"}},
        "predict": {"models": ["deepchrome/deepchrome"]},
        "overrides": {
            "deepchrome": {
                "data": {"split": {"scheme": "source"}},
                "models": {"deepchrome": {"training": {"epochs": 12}}},
            }
        },
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    snakemake("--configfile", folder / "config.yaml", "--", "predict", directory=folder)
    return folder / "results/predictions"


def test_predictions_are_the_same_from_alignments_of_any_form(run):
    first, *others = ((run / f"{form}.tsv").read_bytes() for form in FORMS)
    assert others == [first, first]


def test_real_reads_tell_high_from_low_genes(run, real):
    """By a net that saw 200 genes of another cell: of 49 loci, high ones get larger numbers."""
    loci = (real / "genes_with_reads.txt").read_text().split()
    table = pd.read_csv(run / "bam.tsv", sep="\t").set_index("gene_id")
    path = real / "mirror/byDataType/rna/expression/57epigenomes.RPKM.pc.gz"
    rpkm = pd.read_csv(path, sep="\t", index_col=False).set_index("gene_id")["E003"]
    found = table["p_high"].reindex(loci).dropna()
    high = rpkm[found.index] > 1
    assert len(found) == 49 and high.any() and (~high).any()
    assert found[high].mean() > found[~high].mean() + 0.2
