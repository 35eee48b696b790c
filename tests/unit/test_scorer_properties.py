"""The scorer against scikit-learn and SciPy on many random and degenerate inputs: constants, ties,
few genes, huge offsets, one class. A score that is undefined is NaN, never rounding."""

import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from markexpr.evaluation import metrics, scorer
from markexpr.evaluation.intervals import draws

SEEDS = range(60)
OFFSETS = (0, 0, 0, 1, -1e3, 1e6, 1e9)
SCALES = (1, 1, 1e-9, 1e-3, 1e4, 1e9)


def is_flat(values):
    return len(set(np.asarray(values).tolist())) == 1


def column(rng, n):
    """Random values [n] of a random kind: smooth, tied, nearly all alike, one outlier, all alike;
    of a random scale and offset."""
    kind = rng.choice(
        ["normal", "ties", "rare", "outlier", "constant"], p=[0.3, 0.3, 0.15, 0.1, 0.15]
    )
    values = rng.normal(size=n)
    if kind == "ties":
        values = np.round(values)
    elif kind == "rare":
        values = (np.arange(n) == rng.integers(n)).astype(float)
    elif kind == "outlier":
        values[rng.integers(n)] = rng.choice([1e3, 1e7])
    elif kind == "constant":
        values = np.full(n, rng.choice([0.0, 0.1, 1 / 3, -7.7, 1e8 + 0.1]))
    return values * rng.choice(SCALES) + rng.choice(OFFSETS)


def exactness(*columns):
    """What rounding of the columns themselves leaves of a correlation's digits: they are doubles,
    and their spread may be a small part of them."""
    lost = max(np.abs(values).max() / values.std() for values in columns)
    return 1e-10 + 1e-14 * lost


def expect(found, reference, columns, tolerance, undefined):
    """found is NaN where a score is undefined, else what the reference says of the columns."""
    if undefined:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(reference(*columns), rel=tolerance, abs=tolerance)


def pearson(x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.NearConstantInputWarning)
        return stats.pearsonr(x, y).statistic


def spearman(x, y):
    return stats.spearmanr(x, y).statistic


@pytest.mark.parametrize("seed", SEEDS)
def test_values_are_scipys_and_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.choice([1, 2, 3, 5, 30, 200]))
    x, y = column(rng, n), column(rng, n)
    flat = is_flat(x) or is_flat(y)
    tolerance = 0 if flat else exactness(x, y)
    expect(metrics.pearson(x, y), pearson, (x, y), tolerance, flat)
    expect(metrics.spearman(x, y), spearman, (x, y), 1e-10, flat)
    assert metrics.mse(x, y) == pytest.approx(sk.mean_squared_error(x, y), rel=1e-12)
    tolerance = 0 if is_flat(x) else exactness(x)
    expect(metrics.r2(x, y), sk.r2_score, (x, y), tolerance, is_flat(x))


@pytest.mark.parametrize("seed", SEEDS)
def test_replicates_of_values_are_those_of_the_drawn_genes(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.choice([1, 2, 3, 5, 30]))
    x, y = column(rng, n), column(rng, n)
    found = scorer.bootstrap_regression(x, y, 40, seed)
    ranked = stats.rankdata(x), stats.rankdata(y)
    (weights,) = draws(n, 40, seed)
    for place, weight in enumerate(weights):
        rows = np.repeat(np.arange(n), weight.astype(int))
        own = x[rows], y[rows]
        flat = [is_flat(values) for values in own]
        assert found["mse"][place] == pytest.approx(sk.mean_squared_error(*own), rel=1e-12)
        of_ranks = ranked[0][rows], ranked[1][rows]
        expect(found["spearman"][place], pearson, of_ranks, 1e-9, any(flat))
        # the spread of the rows that are drawn, beside that of all
        tolerance = 0 if any(flat) else 10 * exactness(*own)
        expect(found["pearson"][place], pearson, own, tolerance, any(flat))
        tolerance = 0 if flat[0] else 10 * exactness(own[0])
        expect(found["r2"][place], sk.r2_score, own, tolerance, flat[0])


@pytest.mark.parametrize("seed", SEEDS)
def test_labels_are_scored_as_scikit_learn_does(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.choice([1, 2, 3, 5, 30]))
    labels = (rng.random(n) < rng.choice([0, 0.1, 0.5, 1], p=[0.1, 0.3, 0.5, 0.1])).astype(float)
    # probabilities with ties, some of them all alike
    predicted = np.round(rng.random(n), int(rng.choice([0, 1, 8])))
    predicted = np.full(n, 0.3) if rng.random() < 0.2 else predicted
    found = scorer.bootstrap_classification(labels, predicted, 40, seed)
    order = np.argsort(-predicted, kind="stable")  # genes are drawn in the order of prediction
    labels, predicted = labels[order], predicted[order]
    (weights,) = draws(n, 40, seed)
    every = [np.arange(n)] + [np.repeat(np.arange(n), weight.astype(int)) for weight in weights]
    values = {name: [getattr(scorer, name)(labels, predicted), *found[name]] for name in found}
    for place, rows in enumerate(every):
        own = labels[rows], predicted[rows]
        one_class = is_flat(own[0])
        expect(values["auc"][place], sk.roc_auc_score, own, 1e-12, one_class)
        expect(values["auprc"][place], sk.average_precision_score, own, 1e-12, one_class)
        right = sk.accuracy_score(own[0], own[1] >= 0.5)
        assert values["accuracy"][place] == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_equal_numbers_but_for_their_last_digits_are_a_constant(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.choice([2, 5, 30]))
    # the mean of several members that agree, added up in different orders
    members = rng.normal(size=5) * rng.choice(SCALES[:3]) + rng.choice(OFFSETS)
    flat = np.array([rng.permutation(members).sum() / 5 for _ in range(n)])
    if np.ptp(flat) > 4 * np.finfo(float).eps * np.abs(flat).max():
        pytest.skip("members that cancel leave more than their last digits")
    truth = rng.normal(size=n)
    table = scorer.score_regression(truth, flat, 40, seed).set_index("metric")
    assert table.loc["pearson", ["value", "ci_low", "ci_high"]].isna().all()
    assert np.isnan(scorer.bootstrap_regression(truth, flat, 40, seed)["pearson"]).all()
    assert np.isnan(scorer.score_regression(flat, truth, 40, seed)["value"][3])  # R²


@pytest.mark.parametrize("offset", [1e3, -1e6, 1e9])
@pytest.mark.parametrize("scale", [1e-3, 1, 1e6])
def test_offset_and_scale_change_no_correlation(offset, scale):
    x, y = np.random.default_rng(0).normal(size=(2, 50))
    plain = scorer.bootstrap_regression(x, y, 40, 1)["pearson"]
    moved = scorer.bootstrap_regression(x, y * scale + offset, 40, 1)["pearson"]
    # a double of this size keeps no more of the spread
    kept = 10 * np.finfo(float).eps * abs(offset) / scale
    assert moved == pytest.approx(plain, abs=1e-12 + kept)
