"""What the README tells users to type resolves, and what it names exists."""

import re
import shlex

import pytest
from conftest import ROOT, snakemake


def commands():
    """Every snakemake command line of the README, with continued lines joined."""
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0] == "snakemake":
                yield words[1:]
    yield from (
        shlex.split(line)[1:]
        for line in re.findall(r"`(snakemake [^`]*--[^`]*)`", (ROOT / "README.md").read_text())
    )


COMMANDS = list(commands())


def test_there_are_commands():
    assert len(COMMANDS) >= 7


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_of_the_readme_resolves(words, tmp_path):
    if "--report" in words or "--unlock" in words:
        pytest.skip("needs results; the smoke run covers it")
    (tmp_path / "my.yaml").write_text("seeds: [1, 2]\n")
    for cell in ("E003", "E123"):
        for part in ("train", "valid", "test", "expr"):
            (tmp_path / f"{cell}.{part}.csv").touch()
    sheet = ["sample\tmark\tpath"]
    for mark in ("H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"):
        (tmp_path / f"{mark}.bam").touch()
        sheet.append(f"liver1\t{mark}\t{tmp_path}/{mark}.bam")
    (tmp_path / "samples.tsv").write_text("\n".join(sheet) + "\n")
    there = {
        "/data/deepdiff": tmp_path,
        "my.yaml": tmp_path / "my.yaml",
        "config/samples.tsv": tmp_path / "samples.tsv",
    }
    for name, path in there.items():
        words = [word.replace(name, str(path)) for word in words]
    # without conda on the PATH even a dry run with --use-conda fails
    words = [word for word in words if word not in ("--use-conda", "-n")]
    if not any(word.startswith("--config") for word in words):
        # as few cells as all studies take: what the full run lists is asked by test_full_run.py
        # and the tests of the studies
        words = ["--config", "cells=[E003,E071,E123]", *words]
    assert "dry-run" in snakemake("-n", *words, directory=tmp_path).printed


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_linked_file_and_heading_exists():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = page.read_text()
        links = re.findall(r"\]\((?!http)([^)]+)\)", text)
        links += re.findall(r"^\[\w+\]: (?!http)(\S+)", text, re.M)
        for link in links:
            path, _, heading = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), f"{page.name}: {link}"
            assert not heading or heading in anchors(target), f"{page.name}: {link}"
    for name in re.findall(
        r"`((?:config|rules|envs|profiles|docs|tests|workflow)/[\w./]*)`",
        (ROOT / "README.md").read_text(),
    ):
        assert (ROOT / name).exists(), name
