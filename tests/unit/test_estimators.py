"""Estimators of scikit-learn on noise, where nothing can be learned: a score within the training
genes that says otherwise has seen the genes that it judges."""

import numpy as np
import pytest
from sklearn.model_selection import KFold
from sklearn.svm import SVR

from markexpr.estimators import find_module
from markexpr.evaluation.metrics import pearson
from markexpr.models import svr
from markexpr.models.registry import ESTIMATORS
from markexpr.models.relief_forest import ReliefForest
from markexpr.models.svr import BinwiseSVR

GENES, MARKS, DRAWS = 120, 3, 3


def inner_r_of_ridge(estimator, y):
    # a correlation is at least the root of R²; RidgeCV keeps the negative squared error
    r2 = 1 + estimator[-1].best_score_ / np.var(y)
    return np.sqrt(max(r2, 0))


def kept(estimator, y):
    return estimator.inner_score_


# settings, what the estimator reads, bins, its inner score, and how many candidates it is best of
CASES = {
    "svr 1": ({"layers": 1, "costs": [1, 100]}, "ab", 20, kept, 40),
    "svr 2": ({"layers": 2, "costs": [1, 100]}, "ab", 20, kept, 2),
    "svr 2 scale": ({"layers": 2, "costs": [1, 100], "gamma": "scale"}, "ab", 20, kept, 2),
    "svr 2 log1p": ({"layers": 2, "costs": [1, 100], "inputs": "log1p"}, "ab", 20, kept, 2),
    "svr 1 standardised": ({"costs": [1, 100], "inputs": "standardised"}, "ab", 20, kept, 40),
    # few of many features, where ranks that have seen all genes do most harm
    "relief_forest": ({"n_features": [5], "n_trees": [50]}, "ab", 200, kept, 1),
    "ridge": ({}, "ab", 100, inner_r_of_ridge, 5),
    "random_forest": ({"n_trees": 50}, ["marks"], 20, None, 1),  # chooses nothing
}


def highest_by_chance(candidates):
    """A bound on the mean over DRAWS of the best correlation of candidates with noise.

    A correlation of n genes with noise has mean 0 and standard deviation 1/√n, and the best of m
    has a mean of at most √(2 ln m)/√n, whether or not they depend on each other. The best of
    several varies no more than one does, so a mean of DRAWS is beyond three times 1/√(n · DRAWS)
    above that in less than one case of 700. Cross-validation puts such correlations below 0, if
    anything.
    """
    return (np.sqrt(2 * np.log(candidates)) + 3 / np.sqrt(DRAWS)) / np.sqrt(GENES)


def draw(names, genes, bins, seed):
    rng = np.random.default_rng(seed)
    shape = (genes, MARKS, bins)
    inputs = {name: rng.poisson(3.0, shape).astype(np.float32) for name in names}
    return inputs, rng.normal(size=genes)


def fit_on_noise(architecture, settings, names, bins, seed):
    """An estimator fitted on noise, the noise, and its correlation with genes it has not seen."""
    module = find_module(architecture)
    settings = ESTIMATORS[architecture].model_validate(settings).plain()
    estimator = module.build(n_marks=MARKS, n_bins=bins, seed=seed, threads=1, **settings)
    inputs, y = draw(names, GENES, bins, seed)
    estimator.fit(module.features(**inputs), y)
    others, truth = draw(names, 1000, bins, 100 + seed)
    return estimator, y, pearson(truth, estimator.predict(module.features(**others)))


def test_every_estimator_is_tried_on_noise():
    assert {case.split()[0] for case in CASES} == set(ESTIMATORS)


@pytest.mark.parametrize("case", CASES)
def test_no_estimator_finds_anything_in_noise(case):
    settings, names, bins, inner_score, candidates = CASES[case]
    fits = [fit_on_noise(case.split()[0], settings, names, bins, seed) for seed in range(DRAWS)]
    # not a number: the prediction is the same for all genes, which is right
    assert np.nanmean([0, *(score for *_, score in fits)]) < 0.1
    if inner_score:
        scores = [inner_score(estimator, y) for estimator, y, _ in fits]
        assert np.mean(scores) < highest_by_chance(candidates), scores


@pytest.mark.parametrize(
    ("estimator", "shape", "more"),
    [
        (BinwiseSVR("counts", 2, [1, 100], "auto", 3, 60, 1, 1), (60, 2, 5), []),
        (ReliefForest([3], [10], 10, 3, 60, 1, 1), (60, 20), [[(3, 10)]]),
    ],
    ids=["svr", "relief_forest"],
)
def test_what_a_fold_is_predicted_does_not_depend_on_its_own_values(estimator, shape, more):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=shape), rng.normal(size=60)
    before = estimator._predict_folds(X, y, *more)
    for train, held_out in KFold(3, shuffle=True, random_state=1).split(X):
        other = y.copy()
        other[held_out] = rng.normal(5, 3, len(held_out))
        after = estimator._predict_folds(X, other, *more)
        assert np.array_equal(after[:, held_out], before[:, held_out])
        assert not np.array_equal(after[:, train], before[:, train])


def test_two_layers_weigh_bins_by_what_they_say_of_unseen_genes():
    # one bin of twenty says something; a cost of 100 lets every bin fit its own genes
    found = []
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        y = rng.normal(size=300)
        X = rng.normal(size=(300, 2, 20))
        X[:, 0, 7] += y
        train, test = slice(0, 150), slice(150, 300)
        both = svr.features(np.zeros_like(X), X)
        fitted = BinwiseSVR("counts", 2, [100], "auto", 3, 150, seed, 1)
        fitted.fit(both[train], y[train])
        first = np.stack(
            [model.predict(X[:, :, place]) for place, model in enumerate(fitted.first_)], axis=1
        )
        on_own_fits = SVR(C=100, gamma="auto").fit(first[train], y[train])
        found.append(
            (
                fitted.inner_score_,
                pearson(y[test], fitted.predict(both[test])),
                pearson(y[test], on_own_fits.predict(first[test])),
            )
        )
    inner, held_out, of_own_fits = np.mean(found, axis=0)
    assert held_out > of_own_fits + 0.05, found
    # what the search says of the second layer is what it can do
    assert abs(inner - held_out) < 0.2, found


@pytest.mark.parametrize(
    ("inputs", "make"),
    [
        ("counts", lambda a, b: b - a),
        ("log1p", lambda a, b: np.log((1 + b) / (1 + a))),
        (
            "standardised",
            lambda a, b: ((b - a) - (b - a)[:40].mean(0)) / np.maximum((b - a)[:40].std(0), 1e-9),
        ),
    ],
)
def test_what_kernels_see_of_the_counts_of_two_cells(inputs, make):
    rng = np.random.default_rng(1)
    a, b = rng.poisson(5.0, (2, 60, 3, 4)).astype(np.float32)
    b[:, 2, 3] = a[:, 2, 3]  # a difference that never varies
    y, both, expected = rng.normal(size=60), svr.features(a, b), make(a, b)
    fitted = BinwiseSVR(inputs, 2, [1], "auto", 3, 40, 1, 1).fit(both[:40], y[:40])
    assert np.allclose(fitted._subtract(both), expected, atol=1e-5)
    first = SVR(C=1, gamma="auto").fit(expected[:40, :, 1], y[:40])
    assert np.allclose(
        fitted.first_[1].predict(expected[40:, :, 1]), first.predict(expected[40:, :, 1]), atol=1e-3
    )
    # the mean and spread are those of the genes that train, whatever is predicted
    alone, together = fitted.predict(both[:1]), fitted.predict(both)[:1]
    assert np.allclose(alone, together)


def test_gamma_reaches_every_kernel():
    rng = np.random.default_rng(1)
    X, y = rng.normal(0, 10, (60, 2, 3)), rng.normal(size=60)
    for gamma, of_a_bin in (("auto", 1 / 2), ("scale", 1 / (2 * X[:, :, 0].var()))):
        both = svr.features(np.zeros_like(X), X)
        fitted = BinwiseSVR("counts", 2, [1], gamma, 3, 60, 1, 1).fit(both, y)
        assert fitted.first_[0]._gamma == pytest.approx(of_a_bin)
        assert {model.gamma for model in [*fitted.first_, fitted.second_]} == {gamma}
