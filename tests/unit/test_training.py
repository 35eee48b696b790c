"""The training loop: learns, is repeatable, resumes where it was, stops early, and says what is
wrong."""

import numpy as np
import pytest
import torch
from conftest import build_net

from markexpr.data.samples import Samples
from markexpr.evaluation.metrics import auc
from markexpr.io.jobs import InputError
from markexpr.losses import LOSSES
from markexpr.models import build_seeded
from markexpr.models.net import Net
from markexpr.models.registry import NETS
from markexpr.training import Trainer

SETTINGS = {
    "loss": "cross_entropy",
    "optimiser": {"name": "sgd", "learning_rate": 0.01, "momentum": 0.9},
    "batch_size": 8,
    "epochs": 6,
    "early_stopping": {"monitor": "auc", "patience": 0},
}
NETWORK = {"kernels": 8, "hidden": [16]}


def samples(n=96, signal=2.0, seed=0):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, n).astype(np.float32)
    marks = rng.normal(0, 1, (n, 2, 40)).astype(np.float32)
    marks[:, 0, 15:25] += signal * target[:, None]
    split = np.array(["train", "valid", "test"])[np.arange(n) % 3]
    return Samples(
        {"marks": marks},
        target,
        split,
        np.array([f"G{i}" for i in range(n)]),
        np.full(n, "E003"),
        ["a", "b"],
    )


def trainer(data, settings=SETTINGS, seed=1, checkpoint=None, fingerprint="f"):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    model = build_net("deepchrome", 2, 40, NETWORK)
    return Trainer(model, data, settings, seed, torch.device("cpu"), checkpoint, fingerprint)


def test_the_optimiser_has_the_epsilon_of_the_setting():
    adam = {"name": "adam", "learning_rate": 0.01}
    for given, eps in (({}, 1e-8), ({"epsilon": 1e-7}, 1e-7)):
        group = trainer(samples(), {**SETTINGS, "optimiser": {**adam, **given}}).optimiser
        assert group.param_groups[0]["eps"] == eps and group.param_groups[0]["lr"] == 0.01


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_steps_are_those_of_torchs_plain_optimiser(name):
    """One call for all parameters (fused) moves them as one call each, within rounding."""
    optimiser = {"name": name, "learning_rate": 0.01, "weight_decay": 0.1}
    found = trainer(samples(), {**SETTINGS, "optimiser": optimiser})
    plain = trainer(samples(), {**SETTINGS, "optimiser": optimiser})
    kind = type(plain.optimiser)
    plain.optimiser = kind(plain.model.parameters(), lr=0.01, weight_decay=0.1, foreach=False)
    for fit in (found, plain):
        for _ in range(5):
            torch.manual_seed(1)
            fit.step(fit.batch(fit.index["train"]), 0.0)
    for one, other in zip(found.model.parameters(), plain.model.parameters()):
        assert torch.allclose(one, other, atol=1e-6)


def test_it_overfits_a_few_genes():
    data = samples(96, signal=0.0)
    fit = trainer(
        data, {**SETTINGS, "epochs": 60, "early_stopping": {"monitor": "loss", "patience": 0}}
    )
    assert fit.fit()[-1]["train_loss"] < 0.1


def test_it_learns_what_is_there_and_nothing_else():
    for signal, low, high in ((2.0, 0.97, 1.0), (0.0, 0.25, 0.75)):
        data = samples(240, signal)
        fit = trainer(data)
        fit.fit()
        test = data.index("test")
        assert low <= auc(data.target[test], fit.predict()[test]) <= high


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    data = samples()
    first, second, other = trainer(data), trainer(data), trainer(data, seed=2)
    assert first.fit() == second.fit()
    assert np.array_equal(first.predict(), second.predict())
    other.fit()
    assert not np.array_equal(first.predict(), other.predict())


class Killed(Exception):
    pass


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_a_killed_fit_goes_on_where_it_was_and_ends_the_same(tmp_path, monkeypatch, optimiser):
    data = samples()
    settings = {**SETTINGS, "optimiser": {"name": optimiser, "learning_rate": 0.01}}
    whole = trainer(data, settings)
    history = whole.fit()

    checkpoint = tmp_path / "run.pt"
    killed = trainer(data, settings, checkpoint=checkpoint)
    train_epoch = killed.train_epoch

    def dies_in_epoch_4(epoch):
        if epoch == 4:
            raise Killed
        return train_epoch(epoch)

    monkeypatch.setattr(killed, "train_epoch", dies_in_epoch_4)
    with pytest.raises(Killed):
        killed.fit()

    resumed = trainer(data, settings, checkpoint=checkpoint)
    epochs = []
    train_epoch_again = resumed.train_epoch
    monkeypatch.setattr(
        resumed, "train_epoch", lambda epoch: epochs.append(epoch) or train_epoch_again(epoch)
    )
    assert resumed.fit() == history
    assert epochs == [4, 5, 6]
    assert np.array_equal(resumed.predict(), whole.predict())
    resumed.remove_checkpoint()
    assert not list(tmp_path.iterdir())


def test_a_fit_killed_before_its_files_are_written_is_not_trained_again(tmp_path, monkeypatch):
    data, checkpoint = samples(), tmp_path / "run.pt"
    first = trainer(data, checkpoint=checkpoint)
    history = first.fit()
    again = trainer(data, checkpoint=checkpoint)
    monkeypatch.setattr(again, "train_epoch", lambda epoch: pytest.fail("trained again"))
    assert again.fit() == history and np.array_equal(again.predict(), first.predict())


def test_a_checkpoint_of_other_settings_or_a_broken_one_is_not_resumed(tmp_path):
    data, checkpoint = samples(), tmp_path / "run.pt"
    history = trainer(data, checkpoint=checkpoint, fingerprint="old settings").fit()
    assert trainer(data, checkpoint=checkpoint, fingerprint="new settings").fit() == history
    checkpoint.write_bytes(b"no checkpoint")
    assert trainer(data, checkpoint=checkpoint).fit() == history


def test_it_stops_early_and_keeps_the_best_epoch():
    data = samples(96, signal=0.0)
    fit = trainer(
        data, {**SETTINGS, "epochs": 200, "early_stopping": {"monitor": "loss", "patience": 5}}
    )
    history = fit.fit()
    losses = [row["valid_loss"] for row in history]
    best = int(np.argmin(losses))
    assert len(history) == best + 1 + 5 < 200
    assert fit.progress.best_epoch == best + 1
    valid = fit.validate()["valid_loss"]
    assert valid == pytest.approx(losses[best])


def test_a_loss_that_is_no_longer_finite_is_an_error():
    with pytest.raises(InputError, match="training loss of epoch 1 is not finite"):
        trainer(samples(), {**SETTINGS, "optimiser": {"name": "sgd", "learning_rate": 1e30}}).fit()


def test_validation_genes_of_one_class_are_an_error():
    data = samples()
    data.target[data.split == "valid"] = 1
    with pytest.raises(InputError, match="auc is undefined on the 32 validation genes"):
        trainer(data).fit()


def test_samples_of_other_data_have_another_digest():
    data, other = samples(), samples()
    assert data.digest() == other.digest()
    other.target[0] = 1 - other.target[0]
    assert data.digest() != other.digest()


class Constant(Net):
    """Says the same of every gene, whatever it has learned."""

    def __init__(self):
        super().__init__()
        self.value = torch.nn.Parameter(torch.zeros(1))

    def forward(self, marks):
        return self.value.expand(len(marks))


def test_a_net_that_says_the_same_of_every_gene_is_a_bad_one_and_no_error():
    settings = {
        **SETTINGS,
        "loss": "mean_squared_error",
        "early_stopping": {"monitor": "pearson", "patience": 0},
    }
    fit = Trainer(Constant(), samples(), settings, 1, torch.device("cpu"))
    history = fit.fit()
    assert len(history) == 6 and all(np.isnan(row["valid_pearson"]) for row in history)
    assert fit.progress.best_epoch == 1 and np.isfinite(fit.predict()).all()


def test_starting_at_the_mean_needs_a_net_that_can():
    settings = {
        **SETTINGS,
        "loss": "mean_squared_error",
        "start_at_mean": True,
        "early_stopping": {"monitor": "pearson", "patience": 0},
    }
    with pytest.raises(InputError, match="cannot start at a mean"):
        Trainer(Constant(), samples(), settings, 1, torch.device("cpu"))


def test_a_net_is_asked_for_its_losses_columns_and_parts():
    """What one net needs beside the task's loss is its own: the loop takes any net's."""

    class Wide(Net):
        def __init__(self):
            super().__init__()
            self.output, self.shift = torch.nn.Linear(80, 2), torch.nn.Linear(1, 2)

        def forward(self, marks):
            return self.output(marks.flatten(1)) + self.shift(torch.ones(1))

        def losses(self, batch, task, settings, done):
            weights = settings["decay"] * self.output.weight.square().sum()
            return {**super().losses(batch, task, settings, done), "weight_loss": weights}

        def progress_columns(self, settings, done):
            return {"done": done}

        def parts(self):
            return {"output": [self.output], "shift": [self.shift]}

    stages = [{"parts": ["output"], "epochs": 4}, {"parts": ["shift"], "epochs": 2}]
    torch.manual_seed(1)
    fit = Trainer(
        Wide(), samples(), {**SETTINGS, "decay": 0.5, "stages": stages}, 1, torch.device("cpu")
    )
    history = fit.fit()
    assert [row["done"] for row in history] == pytest.approx([n / 6 for n in range(1, 7)])
    assert history[3]["weight_loss"] < history[0]["weight_loss"]
    # then the weights are frozen
    assert history[4]["weight_loss"] == pytest.approx(history[5]["weight_loss"])


def test_the_loss_of_each_task_and_what_it_predicts():
    target = torch.tensor([0.0, 1.0])
    logits = torch.tensor([[np.log(3.0), 0.0], [0.0, np.log(3.0)]]).float()
    for loss, outputs, value, predicted in (
        ("cross_entropy", logits, np.log(4 / 3), [0.25, 0.75]),
        ("binary_cross_entropy", logits[:, 1] - logits[:, 0], np.log(4 / 3), [0.25, 0.75]),
        ("mean_squared_error", torch.tensor([2.0, 1.0]), 2.0, [2.0, 1.0]),
    ):
        assert LOSSES[loss].loss(outputs, target).item() == pytest.approx(value)
        assert LOSSES[loss].predict(outputs).tolist() == pytest.approx(predicted)


def test_what_a_net_cannot_do_is_refused_before_it_trains():
    for more, message in (
        ({"domain": {"maximum": 1.0, "schedule": "constant"}}, "needs a model with a domain"),
        ({"auxiliary": {"kind": "regression", "weight": 1.0}}, "needs a model that predicts each"),
        ({"stages": [{"parts": ["joint"], "epochs": 6}]}, "has no part 'joint'; it has none"),
    ):
        with pytest.raises(InputError, match=message):
            Trainer(Constant(), samples(), {**SETTINGS, **more}, 1, torch.device("cpu"))


@pytest.mark.parametrize("split", ["train", "valid"])
def test_samples_without_genes_to_train_or_validate_are_refused(split):
    data = samples()
    data.split[data.split == split] = "test"
    with pytest.raises(InputError, match=f"E003 has no {split} gene"):
        trainer(data)


def test_units_differ_in_start_and_order_only_if_asked():
    data, found = samples(), {}
    for by_unit in (False, True):
        for unit in ("E003", "E004"):
            settings = {**SETTINGS, "epochs": 2, "seed_by_unit": by_unit}
            block = {"architecture": "deepchrome", "training": settings}
            block["network"] = NETS["deepchrome"].model_validate(NETWORK).plain()
            model = build_seeded(block, data, 1, unit)
            fit = Trainer(model, data, settings, 1, torch.device("cpu"), unit=unit)
            order = torch.cat([batch for batch, _ in fit.draw_batches(1)]).tolist()
            found[by_unit, unit] = (order, fit.model.state_dict()["features.0.bias"].tolist())
    assert found[False, "E003"] == found[False, "E004"]
    assert all(a != b for a, b in zip(found[True, "E003"], found[True, "E004"]))


def test_a_last_batch_of_one_does_not_break_batch_norm():
    # 33 training genes in batches of 8: the last would have one
    data = samples(99)
    torch.manual_seed(1)
    model = build_net("densenet", 2, 40, {"blocks": [2], "transitions": 0})
    settings = {**SETTINGS, "loss": "mean_squared_error", "epochs": 1}
    settings["early_stopping"] = {"monitor": "none", "patience": 0}
    fit = Trainer(model, data, settings, 1, torch.device("cpu"))
    assert [len(batch) for batch, _ in fit.draw_batches(1)] == [8, 8, 8, 9]
    assert np.isfinite(fit.fit()[0]["train_loss"]) and fit.progress.steps[-1]["step"] == 4
    # a net without batch norm takes it as it is
    plain = trainer(data).draw_batches(1)
    assert [len(batch) for batch, _ in plain] == [8, 8, 8, 8, 1]


def test_steps_are_clipped_to_a_norm():
    fit = trainer(samples(), {**SETTINGS, "clip_norm": 1e-3})
    fit.step(fit.batch(fit.index["train"]), 0.0)
    norms = [value.grad.norm() for value in fit.model.parameters()]
    assert torch.stack(norms).norm().item() == pytest.approx(1e-3, rel=1e-3)
