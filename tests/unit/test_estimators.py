"""Estimators of scikit-learn on noise, where nothing can be learned: a score within the training
genes that says otherwise has seen the genes that it judges. And on signals, which must be found."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from markexpr.estimators import find_module, make_features, predict
from markexpr.evaluation.metrics import auc, pearson
from markexpr.io.jobs import InputError
from markexpr.models import svr
from markexpr.models.patternchrome import count_matches, decode
from markexpr.models.registry import ESTIMATORS
from markexpr.models.relief_forest import ReliefForest
from markexpr.models.shallowchrome import PeakHeights
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
    # these choose nothing
    "random_forest": ({"n_trees": 50}, ["marks"], 20, None, 1),
    "logistic": ({"summed_bins": 5}, ["marks"], 20, None, 1),
    "totals": ({}, "ab", 20, None, 1),
    "extra_trees": ({"n_trees": 50}, "ab", 20, None, 1),
    "lightgbm": ({"n_trees": 30, "min_genes": 5}, "ab", 20, None, 1),
    "kernel_svm": ({"averaged_bins": 5}, "ab", 20, None, 1),
    "minirocket": ({"n_features": 168}, "ab", 20, None, 1),
    "shallowchrome": ({}, "ab", 20, None, 1),
    # it chooses shapes, by other genes than those that it is judged by from outside
    "patternchrome": (
        {"max_shapes": 3, "width": 5, "particles": 4, "moves": 2, "n_trees": 30},
        "ab",
        20,
        None,
        1,
    ),
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


def build(architecture, settings, bins, seed, labels):
    """The module of an architecture, and an estimator of it."""
    module = find_module(architecture)
    settings = ESTIMATORS[architecture].model_validate(settings).plain()
    return module, module.build(
        n_marks=MARKS, n_bins=bins, seed=seed, threads=1, labels=labels, **settings
    )


def fit_on_noise(architecture, settings, names, bins, seed):
    """An estimator fitted on noise, the noise, and its correlation with genes it has not seen."""
    labels = ESTIMATORS[architecture].predicts == ("label",)
    module, estimator = build(architecture, settings, bins, seed, labels)
    inputs, y = draw(names, GENES, bins, seed)
    y = np.where(labels, y > 0, y)
    estimator.fit(module.features(**inputs), y)
    others, truth = draw(names, 1000, bins, 100 + seed)
    truth = np.where(labels, truth > 0, truth)
    return estimator, y, pearson(truth, predict(estimator, module.features(**others), labels))


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


def draw_signal(asked, genes, seed):
    """Counts and what they tell of genes: the first mark has a peak at one of several places, as
    high as the gene is expressed; of a pair, in both cells."""
    rng = np.random.default_rng(seed)
    names = "ab" if asked == "change" else ["marks"]
    inputs, levels = {}, []
    for name in names:
        level, places = rng.normal(2, 1, genes), rng.integers(4, 12, genes)
        counts = rng.poisson(1.0, (genes, MARKS, 20))
        for bin_ in range(3):
            counts[np.arange(genes), 0, places + bin_] += rng.poisson(np.exp(level))
        inputs[name] = counts.astype(np.float32)
        levels.append(level)
    value = levels[1] - levels[0] if asked == "change" else levels[0]
    return inputs, (value > 2).astype(float) if asked == "label" else value


def draw_shapes(asked, genes, seed):
    """Counts of which shapes alone tell: genes with more peaks of the first mark are higher, and
    elsewhere the same number of reads lies flat."""
    rng = np.random.default_rng(seed)
    names = "ab" if asked == "change" else ["marks"]
    inputs, numbers = {}, []
    for name in names:
        peaked = rng.uniform(size=(genes, 5)) < rng.uniform(size=(genes, 1))
        means = np.where(peaked[:, :, None], [2, 26, 2, 0], [10, 10, 10, 0]).reshape(genes, 20)
        counts = rng.poisson(1.0, (genes, MARKS, 20))
        counts[:, 0] = rng.poisson(means)
        inputs[name] = counts.astype(np.float32)
        numbers.append(peaked.sum(axis=1).astype(float))
    value = numbers[1] - numbers[0] if asked == "change" else numbers[0]
    return inputs, (value > 2).astype(float) if asked == "label" else value


QUICK = {
    "svr": {"costs": [1], "layers": 2, "inputs": "log1p"},
    "relief_forest": {"n_features": [20], "n_trees": [50], "neighbours": 10, "search_genes": 200},
    "ridge": {"summed_bins": 5},
    "random_forest": {"n_trees": 50},
    "logistic": {"summed_bins": 5, "strength": 1},
    "totals": {},
    "extra_trees": {"n_trees": 50},
    "lightgbm": {"n_trees": 100, "rate": 0.1, "min_genes": 5},
    "kernel_svm": {"averaged_bins": 5, "cost": 10},
    "minirocket": {"n_features": 420, "strength": 100},
    "shallowchrome": {},
    "patternchrome": {"max_shapes": 6, "width": 5, "particles": 6, "moves": 3, "n_trees": 100},
}
ASKED = [(name, asked) for name, kind in ESTIMATORS.items() for asked in kind.predicts]


def correlate_unseen(architecture, asked, draw):
    """The correlation of an estimator with what genes are that it was not fitted on."""
    labels = asked == "label"
    module, estimator = build(architecture, QUICK[architecture], 20, 1, labels)
    inputs, y = draw(asked, 300, 1)
    estimator.fit(module.features(**inputs), y)
    others, truth = draw(asked, 500, 2)
    predicted = predict(estimator, module.features(**others), labels)
    assert predicted.dtype == np.float64
    if labels:
        assert predicted.min() >= 0 and predicted.max() <= 1
    return pearson(truth, predicted)


@pytest.mark.parametrize(("architecture", "asked"), ASKED)
def test_every_estimator_finds_a_signal_in_all_that_it_predicts(architecture, asked):
    # one of shapes is blind to how high a peak is, and one of single bins to those beside them
    draw = draw_shapes if architecture == "patternchrome" else draw_signal
    least = 0.25 if architecture == "svr" else 0.5
    assert correlate_unseen(architecture, asked, draw) > least


@pytest.mark.parametrize("asked", ["value", "label", "change"])
def test_shapes_are_found_where_totals_tell_nothing(asked):
    assert abs(correlate_unseen("totals", asked, draw_shapes)) < 0.2
    assert correlate_unseen("minirocket", asked, draw_shapes) > 0.5


def assert_features_know_no_other_gene(features, names):
    """What estimators get of a gene, before they are fitted, is the same whatever other genes are:
    genes that test pass `features` as well."""
    inputs, _ = draw(names, 30, 20, 1)
    changed = {name: counts.copy() for name, counts in inputs.items()}
    for counts in changed.values():
        counts[20:] = 7 * counts[20:] + 3
    assert np.array_equal(features(**inputs)[:20], features(**changed)[:20])


@pytest.mark.parametrize(("architecture", "asked"), ASKED)
def test_nothing_is_learned_before_the_split(architecture, asked):
    names = "ab" if asked == "change" else ["marks"]
    assert_features_know_no_other_gene(find_module(architecture).features, names)


def test_features_that_are_scaled_by_all_genes_are_caught():
    def leaky(marks):
        return (marks - marks.mean(axis=0)) / marks.std(axis=0)

    with pytest.raises(AssertionError):
        assert_features_know_no_other_gene(leaky, ["marks"])


@pytest.mark.parametrize("architecture", ["minirocket", "shallowchrome", "patternchrome"])
def test_a_step_that_is_fitted_sees_what_it_is_fitted_on(architecture):
    # else the test above would say nothing of these: their features are raw counts
    (inputs, y), (others, _) = draw_signal("value", 60, 1), draw_signal("value", 60, 2)
    steps = []
    for marks in (inputs["marks"], 5 * others["marks"]):
        module, estimator = build(architecture, QUICK[architecture], 20, 1, False)
        estimator.fit(module.features(marks=marks), y)
        steps.append(estimator[0].transform(module.features(**inputs)))
    assert steps[0].shape != steps[1].shape or not np.array_equal(*steps)


@pytest.mark.parametrize("names", [["marks"], "ab"])
def test_ridge_of_windows_of_20_bins_is_what_it_was(names):
    # as studies have had it: windows of 20 bins, logarithms of their sums, cell by cell
    (inputs, y), (others, _) = draw(names, 80, 45, 1), draw(names, 50, 45, 2)

    def logs(inputs):
        sums = [v[:, :, :40].reshape(len(v), MARKS, 2, 20).sum(3) for v in inputs.values()]
        return np.concatenate([np.log1p(v.astype(float)).reshape(len(v), -1) for v in sums], axis=1)

    module, estimator = build("ridge", {}, 45, 1, False)
    before = make_pipeline(StandardScaler(), RidgeCV(alphas=[1, 10, 100, 1000, 10000]))
    before.fit(logs(inputs), y)
    estimator.fit(module.features(**inputs), y)
    predicted = predict(estimator, module.features(**others), False)
    assert np.array_equal(predicted, before.predict(logs(others)))


@pytest.mark.parametrize("architecture", ["ridge", "logistic", "extra_trees", "lightgbm"])
def test_a_window_of_fewer_bins_than_are_summed_is_refused(architecture):
    with pytest.raises(InputError, match=f"{architecture} needs 30 bins at least.*has 20"):
        build(architecture, {"summed_bins": 30}, 20, 1, False)


def test_negative_signals_have_no_logarithm():
    samples = SimpleNamespace(inputs={"marks": np.full((2, 3, 20), -1.0)}, normalise="none")
    module = find_module("ridge")
    with pytest.raises(InputError, match=r"ridge .*not negative"):
        make_features(module, samples, {"logarithm": True})
    assert make_features(module, samples, {"logarithm": False}).shape == (2, 1, 3, 20)


@pytest.mark.parametrize("architecture", ["ridge", "logistic", "extra_trees", "lightgbm"])
def test_without_logarithm_inputs_are_taken_as_they_are_normalised(architecture):
    # z-scores have no counts behind them that could be told
    signal = np.random.default_rng(1).normal(size=(40, MARKS, 20)).astype(np.float32)
    samples = SimpleNamespace(inputs={"marks": signal}, normalise="zscore")
    asked = {"summed_bins": 5, "logarithm": False}
    module, estimator = build(architecture, asked, 20, 1, False)
    features = make_features(module, samples, asked)
    sums = signal.reshape(40, MARKS, 4, 5).sum(axis=3, dtype=float).reshape(40, -1)
    assert np.array_equal(estimator[0].transform(features), sums)
    with pytest.raises(InputError, match="counts cannot be told"):
        make_features(module, samples, {"summed_bins": 5, "logarithm": True})


def test_totals_know_nothing_of_where_signals_lie():
    inputs, y = draw_signal("value", 60, 1)
    module, estimator = build("totals", {}, 20, 1, False)
    estimator.fit(module.features(**inputs), y)
    turned = module.features(marks=inputs["marks"][:, :, ::-1].copy())
    assert np.allclose(estimator.predict(module.features(**inputs)), estimator.predict(turned))


def test_what_a_kernel_machine_says_of_labels_ranks_as_its_distances_do():
    inputs, y = draw_signal("label", 80, 1)
    module, estimator = build("kernel_svm", QUICK["kernel_svm"], 20, 1, True)
    features = module.features(**inputs)
    estimator.fit(features, y)
    seen = estimator[:-1].transform(features)
    distances = estimator[-1].machine_.decision_function(seen)
    assert np.array_equal(np.argsort(distances), np.argsort(predict(estimator, features, True)))
    assert auc(y, distances) > 0.9  # and not turned round


def test_a_kernel_machine_takes_no_more_genes_than_it_may():
    inputs, y = draw_signal("value", 80, 1)
    module, estimator = build("kernel_svm", {"averaged_bins": 5, "max_genes": 30}, 20, 1, False)
    estimator.fit(module.features(**inputs), y)
    assert estimator[-1].machine_.shape_fit_[0] == 30


def test_peaks_are_the_highest_significant_bins():
    background = np.tile([0.0, 1, 2], 4)  # a mean of 1
    counts = np.stack([background, background, background]).reshape(3, 1, 1, 12)
    peaks = PeakHeights(0.01).fit(counts)
    # of a Poisson law of mean 1, P(5 or more) = 0.0037 and P(4 or more) = 0.019
    assert peaks.background_ == [[1]] and peaks.least_ == [[5]]
    genes = np.zeros((3, 1, 1, 12))
    genes[0, ..., 3], genes[1, ..., 9], genes[2, ..., 5] = 4, 5, 40
    assert np.allclose(peaks.transform(genes)[:, 0], [0, np.log(6), np.log(41)])


def test_a_mark_without_reads_has_no_peak():
    peaks = PeakHeights(0.01).fit(np.zeros((4, 1, 2, 12)))
    assert not peaks.transform(np.zeros((4, 1, 2, 12))).any()


def test_matches_of_a_shape_are_places_of_high_correlation():
    rng = np.random.default_rng(1)
    track, heights = rng.poisson(2.0, (40, 12)).astype(np.float32), rng.uniform(size=5)
    track[0], track[1, :8] = 3, 0  # flat: no form
    expected = [
        sum(
            gene[place : place + 5].std() > 0
            and np.corrcoef(gene[place : place + 5], heights)[0, 1] > 0.4
            for place in range(8)
        )
        for gene in track
    ]
    assert count_matches(track, 0.4, heights).tolist() == expected and max(expected) > 1
    assert np.array_equal(
        count_matches(track, 0.4, heights), count_matches(9 * track, 0.4, heights)
    )
    assert not count_matches(track, 0.4, np.full(5, 0.3)).any()


def test_places_of_the_swarm_are_shapes():
    heights = np.linspace(0.1, 0.9, 6)
    assert decode(np.array([0, 0, 0.5, *heights]), 5)[0] == 0
    channel, least, found = decode(np.array([1, 1, 0.5, *heights]), 5)
    assert (channel, least) == (4, 0.5) and np.array_equal(found, heights)
    assert len(decode(np.array([0.5, 0, 0.5, *heights]), 5)[2]) == 3


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
