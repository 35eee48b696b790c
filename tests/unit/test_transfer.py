"""Transfers from a cell with labels to one without: which genes train, which labels can be reached,
and what the domain loss does."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import build_net

from markexpr.data.samples import joined, load_cell, load_transfer
from markexpr.data.splits import UNLABELLED, split_by_gene
from markexpr.data.tensors import Levels, build
from markexpr.io.jobs import InputError
from markexpr.training import Trainer

N = 60
PART = pd.Series(
    np.array(["test", "train", "valid"])[np.r_[[0] * 30, [1] * 24, [2] * 6]],
    index=[f"G{n}" for n in range(N)],
)
NETWORK = {
    "block": [4],
    "kernels": 4,
    "features": 8,
    "hidden": [6, 4],
    "domain_hidden": 5,
    "dropout": 0.2,
}
SETTINGS = {
    "loss": "cross_entropy",
    "optimiser": {"name": "sgd", "learning_rate": 0.05, "momentum": 0.85},
    "batch_size": 8,
    "epochs": 3,
    "early_stopping": {"monitor": "loss", "patience": 0},
    "domain": {"maximum": 1.0, "schedule": "rising"},
}


def write(path, cell, seed, flip=None, marks=("a", "b"), genes=PART.index):
    """Tensors of a made-up cell; `flip`: split of PART whose labels are turned around."""
    rng = np.random.default_rng(seed)
    target = rng.permutation(len(genes)) % 2
    X = rng.normal(0, 1, (len(genes), len(marks), 20)) + target[:, None, None] * 0.5
    if flip:
        target = np.where(PART[genes] == flip, 1 - target, target)
    np.savez(
        path,
        X=X.astype(np.float32),
        target=target.astype(np.float32),
        split=np.full(len(genes), "train"),
        gene_id=np.array(genes, dtype=str),
        marks=np.array(marks),
        provenance=np.array(json.dumps({"cell": cell})),
    )
    return path


@pytest.fixture
def cells(tmp_path):
    return {
        "source": write(tmp_path / "s.npz", "S", 1),
        "target": write(tmp_path / "t.npz", "T", 2),
    }


def counts(samples):
    return (
        pd.Series([f"{cell} {split}" for cell, split in zip(samples.cell, samples.split)])
        .value_counts()
        .to_dict()
    )


def test_which_genes_train_validate_and_test(cells):
    own = load_transfer("target", "all", PART, target=cells["target"])
    assert counts(own) == {"T test": 30, "T train": 24, "T valid": 6}
    assert counts(load_transfer("source", "all", PART, source=cells["source"])) == {
        "S train": 54,
        "S valid": 6,
    }
    assert counts(load_transfer("source", "unseen", PART, source=cells["source"])) == {
        "S train": 24,
        "S valid": 6,
    }
    both = load_transfer("both", "all", PART, **cells)
    assert counts(both) == {"S train": 54, "S valid": 6, "T unlabelled": 30, "T test": 30}
    unseen = load_transfer("both", "unseen", PART, **cells)
    assert counts(unseen) == {"S train": 24, "S valid": 6, "T unlabelled": 30, "T test": 30}


def test_unseen_genes_are_in_no_training_set(cells):
    for trained_on, roles in (("source", ["source"]), ("both", ["source", "target"])):
        samples = load_transfer(trained_on, "unseen", PART, **{role: cells[role] for role in roles})
        trained = set(samples.gene_id[np.isin(samples.split, ["train", "valid", UNLABELLED])])
        assert not trained & set(PART.index[PART == "test"])


def test_all_are_tested_on_the_same_genes_with_their_own_signal(cells):
    target = load_cell(cells["target"])
    for samples in (
        load_transfer("target", "all", PART, target=cells["target"]),
        load_transfer("both", "all", PART, **cells),
        load_transfer("none", "all", PART, target=cells["target"]),
    ):
        test = samples.index("test")
        assert samples.gene_id[test].tolist() == [f"G{n}" for n in range(30)] and set(
            samples.cell[test]
        ) == {"T"}
        assert np.array_equal(samples.inputs["marks"][test], target.inputs["marks"][:30])
        assert np.array_equal(samples.target[test], target.target[:30])


def test_labels_of_the_unlabelled_are_not_there(cells):
    samples = load_transfer("both", "all", PART, **cells)
    assert np.isnan(samples.target[samples.split == UNLABELLED]).all()
    assert not np.isnan(samples.target[samples.split != UNLABELLED]).any()


def build_cell(path, cell, counts, expression):
    """Tensors of a made-up cell as build_tensors.py writes them, with the z-score of the training
    genes of a transfer's split. counts: [genes, marks, bins]; expression: [genes]."""
    split = {"scheme": "random", "seed": 1, "test": 0.5, "valid": 0.2}
    genes = pd.DataFrame({"gene_id": [f"G{n:02d}" for n in range(N)], "chrom": "chr1"})
    data = {
        "window": "200bp_100bp",
        "marks": ["a", "b"],
        "orientation": "genomic",
        "normalise": "zscore",
        "zscore_genes": "train",
        "target": {"kind": "median_label"},
        "split": split,
    }
    ids = genes["gene_id"].to_numpy()
    found = {"gene_id": ids, "marks": np.array(["a", "b"]), "counts": counts}
    levels = Levels(pd.Series(expression, index=ids), "RPKM")
    arrays, how = build(cell, data, genes, found, levels)
    np.savez(path, **arrays, provenance=np.array(json.dumps({"cell": cell, **how})))
    return path, split_by_gene(split, genes), how["zscore"]


def test_z_scores_of_training_genes_know_no_test_gene(tmp_path):
    """Of source and of target; `unseen` and `all` see the same numbers."""
    rng = np.random.default_rng(1)
    counts = {cell: rng.poisson(5, (N, 2, 2)) for cell in ("S", "T")}
    expression = rng.random(N)

    def load_both(counts, source_genes="all"):
        built = {
            cell: build_cell(tmp_path / f"{cell}.npz", cell, counts[cell], expression)
            for cell in counts
        }
        part = built["S"][1]
        files = {"source": built["S"][0], "target": built["T"][0]}
        return load_transfer("both", source_genes, part, **files), part, built

    samples, part, built = load_both(counts)
    for cell in ("S", "T"):
        train = counts[cell][(part == "train").to_numpy()]
        fitted = built[cell][2]
        assert fitted["genes"] == len(train) == 24
        assert fitted["mean"] == pytest.approx(train.mean(axis=(0, 2)))
        assert fitted["sd"] == pytest.approx(train.std(axis=(0, 2)))
    # a thousand reads more in all genes that do not train, in both cells: nothing else moves
    other = {cell: values.copy() for cell, values in counts.items()}
    for values in other.values():
        values[(part != "train").to_numpy()] += 1000
    moved, _, _ = load_both(other)
    same = part.loc[samples.gene_id].to_numpy() == "train"
    marks, after = samples.inputs["marks"], moved.inputs["marks"]
    assert np.array_equal(marks[same], after[same]) and not (marks[~same] == after[~same]).any()
    assert set(samples.cell[same]) == {"S", "T"}
    # and a read more in training genes moves all of that cell
    other["T"] = counts["T"].copy()
    other["T"][(part == "train").to_numpy()] += 1
    moved, _, _ = load_both(other)
    test = samples.index("test")
    assert not (moved.inputs["marks"][test] == samples.inputs["marks"][test]).any()
    unseen, _, _ = load_both(counts, "unseen")
    of_source, kept = samples.cell == "S", unseen.cell == "S"
    rows = np.isin(samples.gene_id[of_source], unseen.gene_id[kept])
    assert np.array_equal(unseen.inputs["marks"][kept], marks[of_source][rows])


def fit(samples, settings=SETTINGS, network=NETWORK):
    torch.set_num_threads(1)
    torch.manual_seed(1)
    trainer = Trainer(
        build_net("transferchrome", 2, 20, network), samples, settings, 1, torch.device("cpu")
    )
    history = trainer.fit()
    return {name: value.numpy() for name, value in trainer.progress.best_state.items()}, history


@pytest.mark.parametrize("flip", ["train", "valid", "test"])
def test_flipping_labels_of_the_target_leaves_the_weights_as_they_are(tmp_path, cells, flip):
    """Neither the unlabelled half (train and valid part) nor the half that tests can be learned
    from, to the bit."""
    flipped = write(tmp_path / "flipped.npz", "T", 2, flip=flip)
    assert (
        load_cell(flipped).target != load_cell(cells["target"]).target
    ).sum() == PART.value_counts()[flip]
    first, history = fit(load_transfer("both", "all", PART, **cells))
    second, again = fit(load_transfer("both", "all", PART, source=cells["source"], target=flipped))
    assert history == again
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_signal_of_the_unlabelled_and_labels_of_the_source_do_matter(tmp_path, cells):
    """The counterpart of the test above: it would pass for a net that learns nothing."""
    first, _ = fit(load_transfer("both", "all", PART, **cells))
    for role, path in (
        ("target", write(tmp_path / "a.npz", "T", 3)),
        ("source", write(tmp_path / "b.npz", "S", 1, flip="train")),
    ):
        other, _ = fit(load_transfer("both", "all", PART, **{**cells, role: path}))
        assert any(not np.array_equal(first[name], other[name]) for name in first), role


def test_the_strength_of_the_reversal_follows_its_schedule(cells):
    samples = load_transfer("both", "all", PART, **cells)
    _, history = fit(samples, {**SETTINGS, "domain": {"maximum": 0.5, "schedule": "rising"}})
    # after a share p of all epochs: 0.5 · (2 / (1 + exp(-10 p)) - 1)
    assert [row["lambda"] for row in history] == pytest.approx(
        [0.5 * (2 / (1 + np.exp(-10 * p)) - 1) for p in (1 / 3, 2 / 3, 1)]
    )
    _, history = fit(samples, {**SETTINGS, "domain": {"maximum": 0.5, "schedule": "constant"}})
    assert [row["lambda"] for row in history] == [0.5] * 3


def test_the_gradient_of_a_step_is_label_loss_less_lambda_times_domain_loss(cells):
    """On the feature extractor; equation 8, from two losses differentiated apart without any
    reversal."""
    samples = load_transfer("both", "all", PART, **cells)
    torch.manual_seed(1)
    model = build_net("transferchrome", 2, 20, {**NETWORK, "dropout": 0.0})
    trainer = Trainer(model, samples, SETTINGS, 1, torch.device("cpu"))
    batch, unlabelled = trainer.index["train"][:8], trainer.index[UNLABELLED][:8]
    settings = {**SETTINGS, "domain": {"maximum": 0.3, "schedule": "constant"}}
    losses = model.losses(trainer.batch(batch, unlabelled), trainer.main_loss, settings, 0.0)
    sum(losses.values()).backward()
    found = model.feature.weight.grad.clone()
    marks = trainer.inputs.own["marks"]
    features = model.features(marks=marks[torch.cat([batch, unlabelled])])
    label = torch.nn.functional.cross_entropy(
        model.classifier(features[:8]), trainer.target[batch].long()
    )
    # 1 is the source, 0 the target, as the paper has it
    domain = torch.nn.functional.cross_entropy(
        model.domain_classifier(features), torch.tensor([1] * 8 + [0] * 8)
    )
    by_label, by_domain = (
        torch.autograd.grad(loss, model.feature.weight, retain_graph=True)[0]
        for loss in (label, domain)
    )
    assert torch.allclose(found, by_label - 0.3 * by_domain, atol=1e-7)


def test_a_domain_loss_needs_a_domain_classifier_and_unlabelled_samples(cells):
    for samples, network in (
        (load_transfer("both", "all", PART, **cells), {**NETWORK, "domain_hidden": 0}),
        (load_transfer("source", "all", PART, source=cells["source"]), NETWORK),
    ):
        with pytest.raises(InputError, match="needs a model with a domain classifier"):
            fit(samples, network=network)


def test_cells_with_other_marks_are_not_joined(tmp_path, cells):
    other = load_cell(write(tmp_path / "o.npz", "O", 1, marks=("b", "a")))
    with pytest.raises(InputError, match="S and O have different marks"):
        joined(load_cell(cells["source"]), other)
