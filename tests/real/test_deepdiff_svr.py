"""The support vector regressions beside DeepDiff, as the study has them and as tuned, on the
published counts of E123 and E003: 200 genes train, 100 test."""

import numpy as np
import pandas as pd
import pytest
from conftest import shipped_studies

from markexpr.data.sources import read_deepdiff_csv
from markexpr.data.windows import Window
from markexpr.evaluation.metrics import pearson
from markexpr.models import svr


def read_cell(folder, cell, data):
    """Counts, log2(N + 1) and split of the genes of a cell, by id."""
    paths = {part: folder / f"{cell}.{part}.csv.gz" for part in ("train", "valid", "test")}
    counts, genes, split = read_deepdiff_csv(paths, Window.parse(data["window"]), data["marks"])
    expression = pd.read_csv(folder / f"{cell}.expr.csv.gz", header=None, index_col=0)[1]
    order = np.argsort(genes)
    values = np.log2(expression[genes].to_numpy() + 1)
    return counts.astype(np.float32)[order], values[order], split[order]


@pytest.fixture(scope="module", params=["deepdiff", "deepdiff_tuned"])
def fits(real, request):
    """The name of a study, and of each of its regressions, by name, the inner score and the
    correlation with the test genes."""
    study = shipped_studies()[request.param]
    (a, of_a, split), (b, of_b, _) = (
        read_cell(real / "deepdiff", cell, study["data"]) for cell in ("E123", "E003")
    )
    inputs, change = svr.features(a, b), of_b - of_a
    train, test = split == "train", split == "test"
    assert (train.sum(), test.sum()) == (200, 100)
    found = {}
    for model in ("svr_best_bin", "svr_two_layer"):
        keys = study["models"][model]["estimator"]
        fitted = svr.build(5, inputs.shape[-1], seed=1, threads=2, labels=False, **keys)
        fitted.fit(inputs[train], change[train])
        found[model] = fitted.inner_score_, pearson(change[test], fitted.predict(inputs[test]))
    return request.param, found


def test_two_layers_are_above_the_best_bin(fits):
    # section 4.3
    _, found = fits
    assert found["svr_two_layer"][1] > found["svr_best_bin"][1]


def test_what_two_layers_reach(fits):
    # as tuned 0.45 to 0.55 here and in the order of tensors, whose folds are others
    study, found = fits
    assert found["svr_two_layer"][1] >= {"deepdiff": 0.2, "deepdiff_tuned": 0.4}[study]


def test_the_inner_score_does_not_promise_more_than_test_genes_keep(fits):
    # two standard errors of a correlation of 100 genes
    inner, on_test = fits[1]["svr_two_layer"]
    assert inner < on_test + 0.2
