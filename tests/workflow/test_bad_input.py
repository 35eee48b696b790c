"""What users get wrong: one clear line that names the file and the fix, a failing exit, and nothing
half-written kept."""

import gzip
import re
import shutil
import subprocess

import numpy as np
import pytest
import yaml
from conftest import ROOT, snakemake

from markexpr.io.jobs import InputError
from markexpr.project import read_project

EXPRESSION = "byDataType/rna/expression"
ALIGNMENTS = "byFileType/alignments/consolidated"
COUNTS = "results/counts/10000bp_100bp/E003.npz"


@pytest.fixture(scope="module")
def whole_mirror(tmp_path_factory):
    """A small mirror of E003 in the server's layout."""
    folder = tmp_path_factory.mktemp("mirror")
    arguments = ["--configfile", "tests/workflow/smoke.yaml", "--config", "simulate={genes: 60}"]
    snakemake(
        *arguments,
        "--",
        f"results/simulated/mirror/{ALIGNMENTS}/E003-H3K4me3.tagAlign.gz",
        directory=folder,
    )
    return folder / "results/simulated/mirror"


@pytest.fixture
def mirror(whole_mirror, tmp_path):
    return shutil.copytree(whole_mirror, tmp_path / "mirror")


def failing(target, message, directory, *arguments):
    """Run and fail: the message stands on one line of the output, and no output of a failed job is
    left."""
    result = snakemake(
        *arguments, "--", *([target] if target else []), directory=directory, check=False
    )
    assert result.returncode != 0
    assert any(message in line for line in result.printed.splitlines()), result.printed[-3000:]
    return result


def left_in(folder):
    return (
        sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        if folder.exists()
        else []
    )


def run(mirror, tmp_path, target, message):
    failing(target, message, tmp_path / "run", "--config", f"mirror=file://{mirror}")
    return left_in(tmp_path / "run/results")


def test_a_truncated_gzip_on_the_mirror(mirror, tmp_path):
    path = mirror / ALIGNMENTS / "E003-H3K4me1.tagAlign.gz"
    path.write_bytes(path.read_bytes()[:-50])
    left = run(
        mirror,
        tmp_path,
        COUNTS,
        f"ERROR: file://{path} could not be fetched whole (what it serves is not whole",
    )
    assert not any("E003-H3K4me1" in name or name.endswith(".npz") for name in left)
    assert any("E003-H3K4me3" in name for name in left)  # whole downloads stay


def test_a_file_truncated_after_its_download(mirror, tmp_path):
    raw = tmp_path / "run/results/raw" / ALIGNMENTS / "E003-H3K4me3.tagAlign.gz"
    options = ["--config", f"mirror=file://{mirror}"]
    snakemake(*options, "--", COUNTS, directory=tmp_path / "run")
    raw.write_bytes(raw.read_bytes()[:-50])
    failing(
        COUNTS,
        f"results/raw/{ALIGNMENTS}/E003-H3K4me3.tagAlign.gz is damaged: it has changed since "
        "it was fetched",
        tmp_path / "run",
        *options,
        "--forcerun",
        "count_reads",
    )
    assert COUNTS not in left_in(tmp_path / "run/results")


def test_a_gene_table_that_changed_after_its_download(mirror, tmp_path):
    options = ["--config", f"mirror=file://{mirror}"]
    target = "results/annotation/genes.tsv"
    snakemake(*options, "--", target, directory=tmp_path / "run")
    raw = tmp_path / "run/results/raw" / EXPRESSION / "Ensembl_v65.Gencode_v10.ENSG.gene_info"
    raw.write_text("".join(raw.open().readlines()[:-10]))
    failing(
        target,
        "gene_info is damaged: it has changed since it was fetched",
        tmp_path / "run",
        *options,
        "--forcerun",
        "annotate_genes",
    )


def test_a_file_missing_on_the_mirror(mirror, tmp_path):
    (mirror / ALIGNMENTS / "E003-H3K9me3.tagAlign.gz").unlink()
    left = run(
        mirror,
        tmp_path,
        COUNTS,
        "E003-H3K9me3.tagAlign.gz cannot be had (no such file); check config keys 'mirror' "
        "and 'cells'",
    )
    assert not any(name.endswith(".npz") or "H3K9me3" in name for name in left)


def test_a_gene_table_without_the_expected_columns(mirror, tmp_path):
    path = mirror / EXPRESSION / "Ensembl_v65.Gencode_v10.ENSG.gene_info"
    path.write_text("".join(line.replace("\t", ",") for line in path.open()))
    message = (
        "Ensembl_v65.Gencode_v10.ENSG.gene_info, line 1: 1 columns where gene_id, chrom, start, "
        "end, strand"
    )
    left = run(mirror, tmp_path, "results/annotation/genes.tsv", message)
    assert not any("annotation" in name for name in left)


def test_an_expression_table_without_the_cell(mirror, tmp_path):
    path = mirror / EXPRESSION / "57epigenomes.RPKM.pc.gz"
    with gzip.open(path, "rt") as file:
        lines = file.readlines()
    with gzip.open(path, "wt") as file:
        file.writelines([lines[0].replace("E003", "E999"), *lines[1:]])
    left = run(
        mirror,
        tmp_path,
        "results/tensors/deepchrome/E003.npz",
        "has no column for cell 'E003'; it has E999, E004",
    )
    assert not any("tensors" in name for name in left)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            "mirror=http://example.org/data",
            "config key 'mirror': http://example.org/data is not https",
        ),
        (
            "genome_mirror=ftp://example.org",
            "config key 'genome_mirror': ftp://example.org is not https",
        ),
        ("cells=[E003; touch x]", "config: cells.0: 'E003; touch x' does not match"),
        ("miror=x", "config: unknown key 'miror'; did you mean 'mirror'?"),
        (
            "cells=[E003,E0123]",
            "config key 'cells' names 'E0123', which is not in config/cells.tsv or config "
            "key 'sources'; did you mean",
        ),
        ("cells=[]", "config: cells: "),
        (
            "pairs=[E003-E999]",
            "config key 'pairs' names 'E999', which is not in config/cells.tsv or config key "
            "'sources'",
        ),
        (
            "studies=[deepcrome]",
            "config key 'studies' names 'deepcrome', which is not in config/studies/; did "
            "you mean 'deepchrome'?",
        ),
        (
            "overrides={deepchrome: {data: {marks: [H3K4me33]}}}",
            "is of the marks H3K4me33 (its data.marks)",
        ),
        (
            "sources={E003: {kind: bamm, path: x}}",
            "config: sources.E003.kind: 'bamm' is not one of",
        ),
        (
            "sources={E03: {kind: deepdiff_csv, path: x}}",
            "config key 'sources' names 'E03', which is not in config/cells.tsv or config key "
            "'cells'; did you mean",
        ),
        (
            "sources={mine: {kind: bam, path: '/x/{mark}.bam'}}",
            "mine has data of its own, which do not mix with 'mirror: simulated'",
        ),
    ],
)
def test_a_wrong_config_key_or_name(config, message):
    key, value = config.split("=", 1)
    given = {key: yaml.safe_load(value)}
    if "mine" in value:
        given |= {"cells": ["mine"], "mirror": "simulated"}
    with pytest.raises(InputError, match=re.escape(message)) as error:
        read_project(ROOT, given)
    assert "\n" not in str(error.value)


def test_what_is_wrong_in_the_config_ends_a_run_by_one_line(tmp_path):
    message = "config: unknown key 'miror'; did you mean 'mirror'?"
    failing(None, message, tmp_path, "-n", "--config", "miror=x")
    assert left_in(tmp_path / "results") == []


def test_an_unknown_cell_as_target(tmp_path):
    failing(
        "results/counts/10000bp_100bp/E999.npz",
        "'E999', which is not in config/cells.tsv",
        tmp_path,
        "-n",
    )


def test_published_counts_that_are_not_there(tmp_path):
    source = f"sources={{E003: {{kind: deepdiff_csv, path: {tmp_path}}}}}"
    failing(COUNTS, f"{tmp_path}/E003.train.csv", tmp_path, "--config", source)


def test_two_cells_of_one_name_in_a_file(tmp_path):
    (tmp_path / "my.yaml").write_text(
        "sources:\n  E003: {kind: remc}\n  E003: {kind: deepdiff_csv, path: x}\n"
    )
    failing(
        None,
        "my.yaml, line 3: not valid YAML: key 'E003' stands twice",
        tmp_path,
        "-n",
        "--configfile",
        str(tmp_path / "my.yaml"),
    )


def test_a_mark_missing_for_a_cell(tmp_path):
    (tmp_path / "H3K4me3.bam").touch()
    config = [
        "--config",
        "cells=[mine]",
        f"sources={{mine: {{kind: bam, path: '{tmp_path}/{{mark}}.bam'}}}}",
    ]
    target = "results/counts/10000bp_100bp/mine.npz"
    failing(
        target,
        f"config key 'sources': mine has no file {tmp_path}/H3K4me1.bam; check its 'path' "
        "(kind bam)",
        tmp_path,
        "-n",
        *config,
    )


def test_alignments_that_lack_something_are_warned_of_by_sample_and_mark(mirror, tmp_path):
    path = mirror / ALIGNMENTS / "E003-{mark}.tagAlign.gz"
    for mark, change in (
        ("H3K9me3", lambda line: line.replace("chrX", "chr23")),
        ("H3K27me3", lambda line: "" if line.startswith(("chr8\t", "chrY\t")) else line),
    ):
        one = str(path).format(mark=mark)
        with gzip.open(one, "rt") as file:
            lines = [change(line) for line in file]
        with gzip.open(one, "wt") as file:
            file.writelines(lines)
    (tmp_path / "my.yaml").write_text(
        f"mirror: file://{mirror}\ncells: [mine]\n"
        f"sources: {{mine: {{kind: tagalign, path: '{path}'}}}}\n"
    )
    result = snakemake(
        "--configfile",
        tmp_path / "my.yaml",
        "--",
        "results/counts/10000bp_100bp/mine.npz",
        directory=tmp_path / "run",
    )
    told = [line for line in result.printed.splitlines() if "markexpr: WARNING" in line]
    assert len(told) == 3
    for mark, what in (
        ("H3K9me3", "rename 'chr23' to chrX"),
        ("H3K9me3", "has no read on chrX"),
        ("H3K27me3", "has no read on chr8: "),
    ):
        assert any(f"WARNING: mine {mark}: " in line and what in line for line in told), told


def test_alignments_of_another_assembly(mirror, tmp_path):
    path = mirror / ALIGNMENTS / "E003-H3K4me3.tagAlign.gz"
    with gzip.open(path, "rt") as file:
        rows = [line.split("\t") for line in file]
    for row in rows:  # promoters a megabase away
        row[1:3] = str(int(row[1]) + 1_000_000), str(int(row[2]) + 1_000_000)
    with gzip.open(path, "wt") as file:
        file.writelines("\t".join(row) for row in rows)
    left = run(
        mirror,
        tmp_path,
        COUNTS,
        "of different assemblies, or the marks are mixed up; if it is meant to be so, lower "
        "config key 'tss_check'",
    )
    assert not any(name.endswith(".npz") for name in left)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB; skipped where it cannot be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True
    ).returncode:
        pytest.skip("a small disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("full", ["results/raw", "results/counts"])
def test_a_disk_that_fills(mirror, tmp_path, small_disk, full):
    (tmp_path / "run/results").mkdir(parents=True)
    (tmp_path / "run" / full).symlink_to(small_disk)
    (small_disk / "ballast").write_bytes(
        b"x" * (1_040_000 if full == "results/counts" else 700_000)
    )
    result = failing(
        COUNTS, "the disk is full", tmp_path / "run", "--config", f"mirror=file://{mirror}"
    )
    assert "Traceback" not in result.printed.replace("traceback in", "")
    assert not any(name.endswith(".npz") for name in left_in(small_disk))
    assert not (tmp_path / "run" / COUNTS).exists()
    for path in small_disk.rglob("*.tagAlign.gz"):
        if not path.name.startswith("."):
            with gzip.open(path) as file:  # what is in place is whole
                file.read()
    # with space again, the next run goes on
    (small_disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    snakemake("--config", f"mirror=file://{mirror}", "--", COUNTS, directory=tmp_path / "run")
    with np.load(tmp_path / "run" / COUNTS) as file:
        assert file["counts"].sum() > 0
