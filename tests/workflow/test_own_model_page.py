"""docs/own_model.md, followed by a new user: a net, an estimator and predictions of one's own."""

import re
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, jobs_of, snakemake

OWN = ["my_net", "my_estimator", "elsewhere"]
RUNS = "results/runs/deepchrome"


def blocks(language):
    """The blocks of a language in the page, in their order."""
    page = (ROOT / "docs/own_model.md").read_text()
    return re.findall(rf"```{language}\n(.*?)```", page, re.S)


def targets(number):
    """The targets of the page's command of this number."""
    words = shlex.split(blocks("sh")[number])
    return words[words.index("--") :]


def follow(folder, number, *arguments, check=True):
    overlays = [ROOT / "tests/workflow/own_model.yaml", *(["my.yaml"] if number else [])]
    options = ["--configfile", *(folder / path for path in overlays), *arguments]
    return snakemake(*options, *targets(number), directory=folder, check=check)


@pytest.fixture(scope="module")
def run(counted, tmp_path_factory):
    folder = shutil.copytree(counted, tmp_path_factory.mktemp("own") / "model")
    net, estimator, elsewhere = blocks("python")
    (folder / "my_net.py").write_text(net)
    (folder / "my_estimator.py").write_text(estimator)
    (folder / "my.yaml").write_text(blocks("yaml")[0])
    follow(folder, 0)
    subprocess.run([sys.executable, "-c", elsewhere], cwd=folder, check=True)
    follow(folder, 1)
    return folder


def predictions(folder, model, cell="E003"):
    return pd.read_csv(folder / RUNS / model / cell / "seed1/predictions.tsv.gz", sep="\t")


@pytest.mark.parametrize("model", OWN)
def test_rows_and_truth_are_those_of_all_models(run, model):
    for cell in ("E003", "E123"):
        shared = ["gene_id", "cell", "split", "y_true"]
        ours, theirs = (predictions(run, name, cell) for name in (model, "deepchrome"))
        pd.testing.assert_frame_equal(ours[shared], theirs[shared])
        assert ours["y_pred"].between(0, 1).all() and ours["y_pred"].std() > 0


def test_own_models_are_scored_beside_all_others(run):
    metrics = pd.read_csv(run / "results/metrics/deepchrome.tsv", sep="\t")
    test = metrics[(metrics["split"] == "test") & (metrics["metric"] == "auc")]
    assert test.groupby("model")["unit"].nunique()[["deepchrome", *OWN]].tolist() == [2] * 4
    # H3K4me3 tells high genes
    assert (test.set_index("model").loc["elsewhere", "value"] > 0.6).all()
    shown = (run / "results/tables/deepchrome/scores.html").read_text()
    assert all(name in shown for name in OWN)


def test_given_predictions_are_taken_as_they_are(run):
    given = pd.read_csv(run / "elsewhere/E123.tsv", sep="\t").set_index("gene_id")["y_pred"]
    taken = predictions(run, "elsewhere", "E123").set_index("gene_id")["y_pred"]
    np.testing.assert_allclose(taken, given[taken.index], rtol=1e-8)


def test_what_was_seen_is_what_the_author_says(run):
    seen = ["gene_seen", "cell_seen", "tissue_seen"]
    assert not predictions(run, "elsewhere")[seen].any(axis=None)
    for model in ("my_net", "my_estimator"):
        table = predictions(run, model)
        assert (table["gene_seen"] == (table["split"] == "train")).all()
        assert table["cell_seen"].all()


def test_an_edit_reruns_that_model_alone(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "edited", symlinks=True)
    path = folder / "my_estimator.py"
    path.write_text(path.read_text().replace("max_iter=1000", "max_iter=500"))
    jobs = jobs_of(follow(folder, 1, "-n").printed)
    assert jobs.pop("fit_estimator") == 2
    assert not any(rule.startswith(("train_", "build_", "count_", "take_")) for rule in jobs)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            ("my.yaml", "strength: 10.0", "strenght: 10.0"),
            r"estimator\.strenght is no argument of Model of .*my_estimator\.py .*'strength'",
        ),
        (("my.yaml", "my_net.py", "no_net.py"), "names no_net.py, and there is no such file"),
        (("my_net.py", "def build(", "def make("), r"my_net\.py has no build: .* needs a function"),
        (("my_net.py", "):", ")"), r"my_net\.py, line \d+: not valid Python"),
        (("my.yaml", "{unit}.tsv", "{unit}.txt"), r"there is no file elsewhere/E\d+\.txt"),
    ],
)
def test_what_is_wrong_is_told_before_the_first_job(run, edit, message):
    name, old, new = edit
    text = (run / name).read_text()
    assert old in text
    try:
        (run / name).write_text(text.replace(old, new))
        result = follow(run, 1, "-n", check=False)
    finally:
        (run / name).write_text(text)
    assert result.returncode and "Traceback" not in result.printed
    assert re.search(message, result.printed), result.printed[-2000:]


def test_a_missing_gene_ends_the_run_with_its_name(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "lacking", symlinks=True)
    test = predictions(run, "elsewhere").query("split == 'test'")["gene_id"].iloc[0]
    table = pd.read_csv(folder / "elsewhere/E003.tsv", sep="\t")
    table[table["gene_id"] != test].to_csv(folder / "elsewhere/E003.tsv", sep="\t", index=False)
    result = follow(folder, 1, check=False)
    assert result.returncode
    assert f"elsewhere/E003.tsv lacks {test} of E003" in result.printed
