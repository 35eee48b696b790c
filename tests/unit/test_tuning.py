"""Candidates of a model: which is chosen, and by which genes."""

import numpy as np
import pytest

from markexpr.data.samples import Samples
from markexpr.io.jobs import InputError
from markexpr.settings.studies import load_studies
from markexpr.tuning import Fit, choose, list_candidates

BLOCK = {
    "architecture": "ridge",
    "estimator": {"strengths": [1]},
    "tune": [{"estimator": {"strengths": [10]}}, {"estimator": {"strengths": [100]}}],
}


def make_samples(target):
    split = np.array(["train"] * 4 + ["valid"] * 4 + ["test"] * 4)
    return Samples(
        inputs={"marks": np.ones((12, 1, 1), dtype=np.float32)},
        target=np.asarray(target, dtype=np.float32),
        split=split,
        gene_id=np.array([f"g{i}" for i in range(12)]),
        cell=np.full(12, "E003"),
        mark_names=["a"],
    )


VALUES = np.arange(12.0)
LABELS = np.array([0, 1] * 6)


@pytest.mark.parametrize("target", [VALUES, LABELS])
def test_the_best_on_validation_genes_is_chosen_whatever_test_genes_say(target):
    samples = make_samples(target)
    noise = np.random.default_rng(1).normal(size=12)
    good = noise.copy()
    good[4:8] = target[4:8]  # right where it validates alone
    best_on_test = noise.copy()
    best_on_test[8:] = target[8:]
    predicted = [best_on_test, good]
    fitted, told = choose(BLOCK, samples, lambda block, number: Fit(block, predicted[number], None))
    assert told["chosen"] == 1
    assert fitted.block["estimator"] == {"strengths": [100]}
    assert len(told["tuning"]) == 2
    assert told["untuned"]["estimator"] == {"strengths": [1]}


def test_a_candidate_that_predicts_a_constant_is_not_chosen():
    samples = make_samples(VALUES)
    predicted = [np.zeros(12), -VALUES]
    _, told = choose(BLOCK, samples, lambda block, number: Fit(block, predicted[number], None))
    assert told["chosen"] == 1


def test_without_candidates_the_block_is_fitted_as_it_is():
    block = {key: value for key, value in BLOCK.items() if key != "tune"}
    fitted, told = choose(
        block, make_samples(VALUES), lambda block, number: Fit(block, VALUES, None)
    )
    assert fitted.block == block and told == {}
    assert list_candidates(BLOCK)[0] == {
        "architecture": "ridge",
        "estimator": {"strengths": [10]},
    }


def test_validation_genes_of_one_target_are_refused():
    with pytest.raises(InputError, match="nothing can be chosen"):
        choose(BLOCK, make_samples(np.zeros(12)), None)


@pytest.mark.parametrize(
    "candidate, said",
    [
        ({"estimator": {"strength": [1]}}, "tune.1.estimator.strength"),
        ({"trainings": {}}, "training"),
        ({"estimator": {"strengths": [-1]}}, "greater than 0"),
    ],
)
def test_a_misspelt_candidate_is_refused(root, candidate, said):
    tune = [{"estimator": {"strengths": [1]}}, candidate]
    overrides = {"deepdiff": {"models": {"ridge": {"tune": tune}}}}
    with pytest.raises(InputError, match=said):
        load_studies(root / "config/studies", overrides, ["H3K4me3"], [])
