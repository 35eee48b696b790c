"""A sample's page: it needs nothing else, and text of a user's files is never HTML."""

import json
import re
import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import show_sample

from markexpr.io import jobs
from markexpr.io.files import write_npz, write_tsv
from markexpr.io.jobs import InputError
from markexpr.page import Markup, element, number, page, picture, table
from markexpr.plots.tracks import draw_tracks
from markexpr.predict.chosen_genes import choose_genes, find_predicted

EVIL = '<script>alert("1")</script>&"\''


def make_genes(**columns):
    table = pd.DataFrame(
        {
            "gene_id": [f"ENSG{place}.1" for place in range(6)],
            "name": ["MYC", "TP53", "ALB", "INS", "GCG", EVIL],
            "chrom": "chr1",
            "tss": np.arange(6) * 1000 + 5000,
            "strand": ["+", "-"] * 3,
            "log2_rpkm_plus_1": [9.0, 8, 7, 6, 5, 10],
            "spread": 0.5,
            "trained_on": [True, False, False, True, False, False],
        }
    )
    return table.assign(**columns)


def write_inputs(folder):
    """The files that a page shows, in which every text is hostile."""
    write_tsv(folder / "table.tsv", make_genes())
    row = {"lowest": 1.0, "highest": 2.0, "model": EVIL, "mark": "H3K4me3", "nearest": ""}
    quality = [
        {**row, "statistic": "mean reads per bin", "value": 9.0, "verdict": "unlike"},
        {**row, "statistic": "share of empty bins", "value": 1.5, "verdict": "like"},
    ]
    write_tsv(folder / "quality.tsv", pd.DataFrame(quality))
    write_tsv(folder / "warnings.tsv", pd.DataFrame({"mark": ["H3K4me3"], "what": [EVIL]}))
    provenance = json.dumps({"warnings": [["liver", "", EVIL], ["liver", "", "of inputs"]]})
    write_npz(folder / "inputs.npz", provenance=np.array(provenance))
    (folder / "quality.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>')
    scores = {"model": EVIL, "metric": "pearson", "value": [0.71234], "n": 5}
    write_tsv(folder / "scores.tsv", pd.DataFrame(scores))
    return {
        "table": folder / "table.tsv",
        "quality": folder / "quality.tsv",
        "quality_svg": folder / "quality.svg",
        "warnings": folder / "warnings.tsv",
        "references": [],
        "inputs": [folder / "inputs.npz"],
        "scores": folder / "scores.tsv",
    }


@pytest.fixture
def shown(tmp_path):
    inputs = write_inputs(tmp_path)

    class Inputs(dict):
        __getattr__ = dict.__getitem__

    job = SimpleNamespace(
        input=Inputs(inputs),
        output=[tmp_path / "page.html"],
        wildcards=SimpleNamespace(sample="liver"),
        params=SimpleNamespace(predictors=[], unexplained=EVIL, simulated=False),
    )
    show_sample.main(job)
    return tmp_path / "page.html"


def test_no_text_becomes_html(shown):
    text = shown.read_text(encoding="utf-8")
    assert "<script" not in text
    # in the warnings, quality, tables (highest and lowest), scores and the missing explanation
    assert text.count("&lt;script&gt;alert") == 7


def test_nothing_is_fetched(shown):
    text = shown.read_text(encoding="utf-8")
    sources = re.findall(r'(?:src|href)="([^"]*)', text)
    assert sources and all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert "default-src 'none'" in text and "url(" not in text and "@import" not in text


def test_what_is_unlike_stands_out(shown):
    text = shown.read_text(encoding="utf-8")
    assert '<td class="number unlike">9.00 unlike<small> (1.00 to 2.00)</small></td>' in text
    assert '<td class="number">1.50<small> (1.00 to 2.00)</small></td>' in text
    assert "3 warnings: read before any number" in text and "<li>of inputs</li>" in text
    assert "0.712" in text


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(shown, width, tmp_path):
    """Chromium's own measure of the page, in a frame as narrow as a telephone."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("no chromium")
    measured = tmp_path / "measured.html"
    # without the policy, which keeps this very script out
    text = re.sub(r"<meta http-equiv[^>]*>", "", shown.read_text(encoding="utf-8"))
    (tmp_path / "inner.html").write_text(text, encoding="utf-8")
    measured.write_text(
        f'<iframe id="page" src="inner.html" style="width:{width}px;height:900px"></iframe>'
        '<script>onload = () => { const root = document.getElementById("page").contentDocument'
        ".documentElement; document.title = `${root.scrollWidth} ${root.clientWidth}`; }</script>"
    )
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    options += [f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1400,1000"]
    found = subprocess.run(
        [browser, *options, "--dump-dom", measured.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout
    wide, window = map(int, re.search(r"<title>(\d+) (\d+)</title>", found).groups())
    assert 0.9 * width < window <= width
    assert wide <= window


def test_elements_escape_all_but_markup():
    assert element("p", "a<b", Markup("<i>c</i>"), class_='"') == (
        '<p class="&quot;">a&lt;b<i>c</i></p>'
    )
    assert "<td>&lt;b&gt;</td>" in table([["<b>"]], ["<h>"]) and "&lt;h&gt;" in table([], ["<h>"])
    assert "&lt;t&gt;" in page("<t>")
    assert 'alt="&lt;a&gt;"' in picture(b"<svg/>", "<a>", "")


def test_numbers_are_short():
    assert [number(value) for value in (np.nan, 0.123, 0.00123, 1e6)] == [
        "–",
        "0.12",
        "0.00",
        "1,000,000",
    ]
    assert number(0.00123, small=True) == "0.0012" and number(0, small=True) == "0.00"


def test_the_highest_genes_that_no_model_saw_are_chosen():
    table = make_genes()
    known = table["gene_id"].to_numpy(dtype=str)
    assert choose_genes(table, None, known)["name"].tolist() == [EVIL, "TP53", "ALB"]
    assert choose_genes(table, None, known[:4])["name"].tolist() == ["TP53", "ALB", "MYC"]
    high = table.drop(columns="log2_rpkm_plus_1").assign(p_high=np.arange(6) / 10)
    assert choose_genes(high, None, known)["name"].tolist() == [EVIL, "GCG", "ALB"]
    assert find_predicted(high) == "p_high"


def test_genes_are_found_by_name_and_id(monkeypatch):
    monkeypatch.setattr(jobs, "_warnings", [])
    table = make_genes()
    known = table["gene_id"].to_numpy(dtype=str)
    named = ["myc", "ENSG2.1", "ENSG3", "MYC"]
    assert choose_genes(table, named, known)["name"].tolist() == ["MYC", "ALB", "INS"]
    assert choose_genes(table, ["MYC", "INS"], known[:2])["name"].tolist() == ["MYC"]
    assert "INS of config key" in jobs.list_warnings()[0][2]
    with pytest.raises(InputError, match=r"'TP35' is neither.*did you mean 'TP53'"):
        choose_genes(table, ["TP35"], known)


def test_tracks_show_signal_and_attribution_of_each_mark():
    gene = {"name": "a$b$", "chrom": "chr1", "tss": 5000, "strand": "-"}
    signal = np.array([[1.0, 3, 0, 2], [0, 0, 0, 0]])
    attribution = np.array([[0.5, -1, 0, 0], [0, 0, 0, 0.25]])
    figure = draw_tracks(gene, ["a", "b"], np.array([-200, -100, 0, 100]), signal, attribution)
    heights = [[list(patch.get_data().values) for patch in axis.patches] for axis in figure.axes]
    assert heights[1] == [[1, 3, 0, 2]] and heights[3] == [[0, 0, 0, 0]]
    assert heights[2] == [[0.5, 0, 0, 0], [0, -1, 0, 0]]
    assert heights[4] == [[0, 0, 0, 0.25], [0, 0, 0, 0]]
    assert figure.axes[1].patches[0].get_data().edges.tolist() == [4800, 4900, 5000, 5100, 5200]
    # one scale for all attributions
    assert figure.axes[2].get_ylim() == figure.axes[4].get_ylim()
