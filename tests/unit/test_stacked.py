"""Models of many cells trained at once are those trained one by one."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import ROOT

from markexpr import configuration, studies
from markexpr.data.samples import Samples
from markexpr.io.jobs import InputError
from markexpr.models import build_seeded
from markexpr.stacked import StackedTrainer
from markexpr.training import Trainer

CELLS = ["E003", "E004", "E005"]
CPU = torch.device("cpu")
TRAINING = {
    "loss": "mean_squared_error",
    "optimiser": {"name": "adam", "learning_rate": 0.001},
    "batch_size": 16,
    "epochs": 3,
    "seed_by_unit": True,
    "early_stopping": {"monitor": "none", "patience": 0},
}
NETS = {
    "densenet": {"transitions": 4},
    "resnet": {"stages": [1, 2], "features": 4},
    "alexnet": {"features": [8, 8, 8, 8, 8], "hidden": 16},
    "transformer": {"width": 8, "layers": 1},
    "deepchrome": {"outputs": 1, "kernels": 8, "hidden": [16]},
}


@pytest.fixture(autouse=True)
def double_precision():
    # Adam divides by the size of gradients: where that is next to nothing, rounding decides which
    # way a weight goes
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def cell(name, n=90, seed=None):
    rng = np.random.default_rng(int(name[1:]) if seed is None else seed)
    marks = rng.normal(0, 1, (n, 5, 100))
    target = marks[:, 0, 40:60].mean(axis=1) * 3 + rng.normal(0, 0.3, n)
    split = rng.permutation(np.repeat(["train", "valid", "test"], [n - 40, 20, 20]))
    return Samples(
        {"marks": marks},
        target,
        split,
        np.array([f"G{i}" for i in range(n)]),
        np.full(n, name),
        list("abcde"),
    )


def fit_both(architecture, network, training, cells, seed=1):
    torch.set_num_threads(1)
    block = {"architecture": architecture, "network": network, "training": training}
    alone = []
    for own in cells:
        trainer = Trainer(
            build_seeded(block, own, seed, own.cell[0]), own, training, seed, CPU, unit=own.cell[0]
        )
        trainer.fit()
        alone.append((trainer.progress, trainer.predict()))
    models = [build_seeded(block, own, seed, own.cell[0]) for own in cells]
    stacked = StackedTrainer(
        models, cells, training, seed, CPU, units=[own.cell[0] for own in cells]
    )
    stacked.fit()
    return alone, list(zip(stacked.fits, stacked.predict()))


def assert_equal(alone, together):
    for (one, one_predicted), (many, many_predicted) in zip(alone, together, strict=True):
        assert (one.epoch, one.best_epoch) == (many.epoch, many.best_epoch)
        assert list(one.best_state) == list(many.best_state)
        for name, value in one.best_state.items():
            assert torch.allclose(value, many.best_state[name], rtol=1e-6, atol=1e-8), name
        assert np.allclose(one_predicted, many_predicted, rtol=1e-6, atol=1e-8)
        assert [row.keys() for row in one.history] == [row.keys() for row in many.history]
        for ours, theirs in zip(one.history, many.history):
            assert ours == pytest.approx(theirs, rel=1e-6)
        assert [row["step"] for row in one.steps] == [row["step"] for row in many.steps]


@pytest.mark.parametrize("architecture", NETS)
def test_trained_together_as_alone(architecture):
    alone, together = fit_both(
        architecture, NETS[architecture], TRAINING, [cell(name) for name in CELLS]
    )
    assert_equal(alone, together)
    # and the cells' models are not the same one thrice
    assert not np.allclose(together[0][1], together[1][1], atol=0.05)


@pytest.mark.parametrize(
    "change",
    [
        {"seed_by_unit": False},
        {"clip_norm": 0.1},
        {
            "optimiser": {
                "name": "sgd",
                "learning_rate": 0.01,
                "momentum": 0.9,
                "weight_decay": 0.01,
            }
        },
        {"early_stopping": {"monitor": "pearson", "patience": 2}, "epochs": 14, "batch_size": 5},
    ],
)
def test_whatever_the_settings(change):
    cells = [cell(name) for name in CELLS]
    alone, together = fit_both("deepchrome", NETS["deepchrome"], {**TRAINING, **change}, cells)
    assert_equal(alone, together)
    if "epochs" in change:
        assert len({progress.epoch for progress, _ in alone}) > 1, (
            "some cell should stop before another"
        )


def every_net():
    """One block of each architecture of nets per cell that the studies train together, its layers
    made small."""
    schema, config = (
        configuration.read_yaml(ROOT / path)
        for path in ("workflow/schemas/study.schema.yaml", "config/config.yaml")
    )
    for study in studies.load_studies(
        ROOT / "config/studies", {}, schema, config["marks"]
    ).values():
        for block in study["models"].values():
            together = "network" in block and study["units"] == "cells" and "regime" not in block
            if together and block["architecture"] not in (*NETS, *studies.NOT_STACKED):
                yield block["architecture"], block["network"], block["training"]


@pytest.mark.parametrize(
    "block", {block[0]: block for block in every_net()}.values(), ids=lambda block: block[0]
)
def test_what_other_studies_have_can_be_trained_together(block):
    architecture, network, training = block
    cells = [
        replace(own, target=(own.target > np.median(own.target)).astype(float))
        for own in (cell("E003"), cell("E004"))
    ]
    settings = {**training, "batch_size": 25, "epochs": 2}
    alone, together = fit_both(architecture, network, settings, cells)
    assert_equal(alone, together)


def test_units_differ_in_start_and_order_only_if_asked():
    same = [cell("E003"), cell("E004", seed=3)]
    _, together = fit_both("deepchrome", NETS["deepchrome"], TRAINING, same)
    assert not np.allclose(together[0][1], together[1][1], atol=1e-3)
    _, together = fit_both(
        "deepchrome", NETS["deepchrome"], {**TRAINING, "seed_by_unit": False}, same
    )
    assert np.allclose(together[0][1], together[1][1], atol=1e-5)


def test_killed_it_goes_on_where_it_was(tmp_path):
    cells = [cell(name) for name in CELLS]
    block = {"architecture": "densenet", "network": {}, "training": TRAINING}

    def trainer(epochs, checkpoint):
        models = [build_seeded(block, own, 1, own.cell[0]) for own in cells]
        return StackedTrainer(
            models, cells, {**TRAINING, "epochs": epochs}, 1, CPU, checkpoint, "f", CELLS
        )

    whole = trainer(3, None)
    whole.fit()
    trainer(2, str(tmp_path / "c.pt")).fit()
    resumed = trainer(3, str(tmp_path / "c.pt"))
    resumed.fit()
    assert [fit.history for fit in resumed.fits] == [fit.history for fit in whole.fits]
    assert all(np.array_equal(a, b) for a, b in zip(resumed.predict(), whole.predict()))


def test_what_cannot_be_trained_together_is_refused():
    model = {"architecture": "deepchrome", "network": NETS["deepchrome"], "training": TRAINING}
    for cells, training, message in (
        (
            [cell("E003"), cell("E004", n=80)],
            TRAINING,
            "E003 has 90 .* E004 has 80 .* set train_together: false",
        ),
        (
            [cell("E003")],
            {**TRAINING, "start_at_mean": True},
            "start_at_mean are trained one by one",
        ),
    ):
        with pytest.raises(InputError, match=message):
            StackedTrainer(
                [build_seeded(model, own, 1, "") for own in cells], cells, training, 1, CPU
            )


def test_a_last_batch_of_one_does_not_break_batch_norm():
    # 50 training genes in batches of 7: the last has one, of one position after four transitions
    alone, together = fit_both(
        "densenet",
        NETS["densenet"],
        {**TRAINING, "batch_size": 7, "epochs": 1},
        [cell("E003"), cell("E004")],
    )
    assert alone[0][0].steps[-1]["step"] == 7
    assert_equal(alone, together)
