"""The training loop: learns, is repeatable, resumes where it was, stops early, and says what is
wrong."""

import numpy as np
import pytest
import torch

from markexpr.data.samples import Samples
from markexpr.evaluation.metrics import auc
from markexpr.io.jobs import InputError
from markexpr.models import build_model
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
    model = build_model("deepchrome", 2, 40, NETWORK)
    return Trainer(model, data, settings, seed, torch.device("cpu"), checkpoint, fingerprint)


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


def test_a_killed_fit_goes_on_where_it_was_and_ends_the_same(tmp_path, monkeypatch):
    data = samples()
    whole = trainer(data)
    history = whole.fit()

    checkpoint = tmp_path / "run.pt"
    killed = trainer(data, checkpoint=checkpoint)
    train_epoch = killed._train_epoch

    def dies_in_epoch_4(epoch):
        if epoch == 4:
            raise Killed
        return train_epoch(epoch)

    monkeypatch.setattr(killed, "_train_epoch", dies_in_epoch_4)
    with pytest.raises(Killed):
        killed.fit()

    resumed = trainer(data, checkpoint=checkpoint)
    epochs = []
    train_epoch_again = resumed._train_epoch
    monkeypatch.setattr(
        resumed, "_train_epoch", lambda epoch: epochs.append(epoch) or train_epoch_again(epoch)
    )
    assert resumed.fit() == history
    assert epochs == [4, 5, 6]
    assert np.array_equal(resumed.predict(), whole.predict())
    resumed.forget()
    assert not checkpoint.exists()


def test_in_a_clusters_job_a_finished_fit_is_not_trained_again(tmp_path, monkeypatch):
    # one of its group failed, so that Snakemake deleted the outputs of all
    data, checkpoint = samples(), tmp_path / "run.pt"
    first = trainer(data, checkpoint=checkpoint, fingerprint="a")
    history = first.fit()
    size = checkpoint.stat().st_size
    first.forget(keep_result=True)
    assert not checkpoint.exists() and (tmp_path / "run.finished").stat().st_size < size / 2
    again = trainer(data, checkpoint=checkpoint, fingerprint="a")
    monkeypatch.setattr(again, "_train_epoch", lambda epoch: pytest.fail("trained again"))
    assert again.fit() == history and np.array_equal(again.predict(), first.predict())
    # with other settings its result counts for nothing, and does not stand in the way of their
    # checkpoint
    trainer(data, {**SETTINGS, "epochs": 2}, checkpoint=checkpoint, fingerprint="b").fit()
    other = trainer(data, checkpoint=checkpoint, fingerprint="b")
    epochs = []
    train_epoch = other._train_epoch
    monkeypatch.setattr(
        other, "_train_epoch", lambda epoch: epochs.append(epoch) or train_epoch(epoch)
    )
    other.fit()
    assert epochs == [3, 4, 5, 6]
    other.forget()
    assert not list(tmp_path.iterdir())


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
    valid = fit._validate("loss")[0]["valid_loss"]
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


class Constant(torch.nn.Module):
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
