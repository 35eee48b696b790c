"""WakaWaka: layers as printed, one pass of DNA a gene, stages that freeze, folds, and batches by
gene."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import build_net, shipped_studies

from markexpr.data.batches import Inputs
from markexpr.data.samples import Samples, assign_fold, load_pooled
from markexpr.evaluation.scorer import score_regression
from markexpr.io.jobs import InputError
from markexpr.training import Trainer

CPU = torch.device("cpu")
STUDIES = shipped_studies()
MODELS = STUDIES["wakawaka"]["models"]
SMALL = {
    "histone": [{"kernels": 6, "width": 5, "pool": 4}],
    "histone_dense": [6],
    "dna": [{"kernels": 6, "width": 4, "pool": 8}],
    "dna_dense": [6],
    "joint": [8],
    "span": 60,
}
TRAINING = {
    "loss": "mean_squared_error",
    "optimiser": {"name": "adam", "learning_rate": 0.003},
    "batch_size": 12,
    "epochs": 4,
    "early_stopping": {"monitor": "none", "patience": 0},
}


def build(model):
    block = MODELS[model]
    return build_net(block["architecture"], 5, 100, block["network"])


def shapes(model):
    return [
        tuple(value.shape) for name, value in model.named_parameters() if name.endswith("weight")
    ]


def pooled(genes=40, cells=3, span=60, seed=0):
    """Samples of `genes` genes in each of some cells, whose target follows a mark and a base
    count."""
    rng = np.random.default_rng(seed)
    sequence = rng.integers(0, 5, (genes, span)).astype(np.uint8)
    gene = np.tile(np.arange(genes), cells)
    marks = rng.normal(0, 1, (genes * cells, 5, 40)).astype(np.float32)
    target = (marks[:, 0].mean(axis=1) * 4 + (sequence == 2).sum(axis=1)[gene] / 3).astype(
        np.float32
    )
    split = np.array(["train", "train", "train", "valid", "test"])[gene % 5]
    cell = np.repeat([f"E{number:03}" for number in range(1, cells + 1)], genes)
    names = np.array([f"G{number:02}" for number in gene])
    return Samples(
        {"marks": marks},
        target,
        split,
        names,
        cell,
        list("abcde"),
        by_gene={"sequence": sequence},
        gene=gene,
    )


def trainer(samples, training=TRAINING, network=SMALL, checkpoint=None):
    torch.set_num_threads(1)
    torch.manual_seed(1)
    return Trainer(
        build_net("wakawaka", 5, 40, network), samples, training, 1, CPU, checkpoint, "f"
    )


def test_the_final_model_has_the_printed_layers():
    model = build("wakawaka")
    # 100 bins: 91 behind 10, 18 pools of 5, 14 behind 5, 4 pools of 3; 10,000 bp: 9,995 behind 6,
    # 312 pools of 32
    assert shapes(model) == [
        (50, 5, 10),
        (50, 50, 5),
        (82, 50 * 4),
        (132, 4, 6),
        (82, 132 * 312),
        (100, 82 + 82),
        (1, 100),
    ]
    assert [
        layer.p for layer in (model.dropout, model.joint.input_dropout, model.joint.output[0])
    ] == [0.5, 0.0, 0.1]
    slopes = {
        layer.negative_slope for layer in model.modules() if isinstance(layer, torch.nn.LeakyReLU)
    }
    assert (
        slopes == {0.05} and sum(isinstance(layer, torch.nn.ReLU) for layer in model.modules()) == 1
    )
    assert sum(value.numel() for value in model.parameters()) == 3_428_653
    assert model(
        marks=torch.zeros(3, 5, 100), sequence=torch.zeros(3, 10_000, dtype=torch.uint8)
    ).shape == (3,)
    training = MODELS["wakawaka"]["training"]
    assert (
        training["optimiser"]["learning_rate"],
        training["batch_size"],
        training["epochs"],
        training["sampler"],
    ) == (0.0005, 100, 10, "random")


def test_weights_start_as_keras_draws_them():
    torch.manual_seed(0)
    model = build("wakawaka")
    # U(-r, r), r = √(6 / (inputs + outputs)); of a convolution both are channels times width
    fans = {
        "histone.0": (5 * 10, 50 * 10),
        "histone.3": (50 * 5, 50 * 5),
        "dna.0": (4 * 6, 132 * 6),
        "histone_dense.0": (200, 82),
        "dna_dense.0": (132 * 312, 82),
        "joint.layers.0": (164, 100),
        "joint.output.1": (100, 1),
    }
    named = dict(model.named_parameters())
    assert set(named) == {f"{layer}.{part}" for layer in fans for part in ("weight", "bias")}
    for layer, (inputs, outputs) in fans.items():
        weight, r = named[f"{layer}.weight"].detach(), (6 / (inputs + outputs)) ** 0.5
        assert (named[f"{layer}.bias"] == 0).all()
        assert 0.95 * r < weight.abs().max() <= r, layer
        # flat between the bounds: mean 0, spread r/√3, and a quarter of it in each quarter
        n = weight.numel()
        assert abs(weight.mean()) < 4 * r / (3 * n) ** 0.5
        assert weight.std() == pytest.approx(r / 3**0.5, rel=4 / n**0.5), layer
        quarters = torch.histc(weight, 4, -r, r) / n
        assert torch.allclose(quarters, torch.tensor(0.25), atol=2 / n**0.5), layer


def test_weights_can_start_as_torch_draws_them():
    block = MODELS["wakawaka"]["network"]
    torch.manual_seed(0)
    model = build_net("wakawaka", 5, 100, {**block, "initialisation": "torch"})
    # its bound of a linear layer is 1 / √inputs, of weights and of biases
    weight, bias = model.joint.layers[0].weight.detach(), model.joint.layers[0].bias.detach()
    assert 0.95 / 164**0.5 < weight.abs().max() <= 1 / 164**0.5 and bias.abs().min() > 0


def test_the_optimiser_is_keras():
    for name in ("wakawaka", "experiment5", "dna_only", "wakawaka_folds"):
        assert MODELS[name]["training"]["optimiser"]["epsilon"] == 1e-7
        assert MODELS[name]["network"]["initialisation"] == "keras"


def test_first_experiments_are_larger_than_the_last_ones():
    """The final model has "much less parameters than what we began with" (Results)."""
    found = {
        name: sum(value.numel() for value in build(name).parameters())
        for name in ("wakawaka", *(f"experiment{number}" for number in range(1, 7)))
    }
    # the table of docs/studies/wakawaka.md
    assert found == {
        "wakawaka": 3_428_653,
        "experiment1": 11_030_521,
        "experiment2": 11_102_197,
        "experiment3": 4_502_197,
        "experiment4": 22_060_747,
        "experiment5": 22_060_747,
        "experiment6": 4_157_001,
    }
    first = [found[f"experiment{number}"] for number in range(1, 6)]
    assert min(first) > found["experiment6"] > found["wakawaka"]
    # what each changes: a convolution more, less DNA, a joint layer more
    assert found["experiment3"] < found["experiment1"] < found["experiment2"]
    assert found["experiment2"] < found["experiment4"]
    # a wider pool of DNA would leave experiment 3 smaller than 6
    network = MODELS["experiment3"]["network"]
    wider = [{**network["dna"][0], "pool": 7}, network["dna"][1]]
    smaller = build_net("wakawaka", 5, 100, {**network, "dna": wider})
    assert sum(value.numel() for value in smaller.parameters()) < found["experiment6"]


@pytest.mark.parametrize(
    ("model", "convolutions", "joint"),
    [
        ("experiment1", [(50, 5, 10), (50, 50, 5), (50, 50, 3), (132, 4, 6)], [50, 10, 1]),
        (
            "experiment2",
            [(50, 5, 10), (50, 50, 5), (50, 50, 3), (132, 4, 6), (132, 132, 6)],
            [50, 10, 1],
        ),
        (
            "experiment3",
            [(50, 5, 10), (50, 50, 5), (50, 50, 3), (132, 4, 6), (132, 132, 6)],
            [50, 10, 1],
        ),
        ("experiment4", [(50, 5, 10), (50, 50, 5), (132, 4, 6), (132, 132, 6)], [100, 50, 10, 1]),
        ("experiment5", [(50, 5, 10), (50, 50, 5), (132, 4, 6), (132, 132, 6)], [100, 50, 10, 1]),
        ("experiment6", [(50, 5, 10), (50, 50, 5), (132, 4, 6)], [100, 1]),
        ("histone_only", [(50, 5, 10), (50, 50, 5)], [100, 1]),
        ("dna_only", [(132, 4, 6)], [100, 1]),
    ],
)
def test_experiments_differ_where_the_report_says(model, convolutions, joint):
    net = build(model)
    assert [shape for shape in shapes(net) if len(shape) == 3] == convolutions
    assert [
        len(value) for name, value in net.joint.named_parameters() if name.endswith("weight")
    ] == joint
    dilated = [layer.dilation[0] for layer in net.modules() if isinstance(layer, torch.nn.Conv1d)]
    assert (2 in dilated) == (model in ("experiment1", "experiment2", "experiment3"))
    assert net.span == (4000 if model == "experiment3" else 10_000)
    # dropout before the joint layers in the first five, in the modules afterwards
    assert (net.joint.input_dropout.p, net.dropout.p) == (
        (0.5, 0.0) if "experiment" in model and model != "experiment6" else (0.0, 0.5)
    )
    found = net(marks=torch.rand(2, 5, 100), sequence=torch.zeros(2, 10_000, dtype=torch.uint8))
    assert found.shape == (2,) and torch.isfinite(found).all()


def test_the_data_are_those_of_dense_ensemble():
    assert STUDIES["wakawaka"]["data"] == STUDIES["dense_ensemble"]["data"]
    changed = {
        "dense_ensemble": {"data": {"normalise": "none"}},
        "wakawaka": {"data": {"split": {"valid": 0.2}}},
    }
    here = shipped_studies(changed)
    assert (
        here["wakawaka"]["data"]["normalise"] == "none"
        and here["wakawaka"]["data"]["split"]["valid"] == 0.2
    )
    assert (
        here["dense_ensemble"]["data"]["split"]["valid"] == 0.1
        and len(here["wakawaka"]["data"]["split"]["held_out_cells"]) == 6
    )


def test_one_pass_of_dna_serves_all_cells_of_a_gene():
    torch.manual_seed(0)
    samples, model = pooled(), build_net("wakawaka", 5, 40, SMALL).eval()
    by_gene = model.outputs(Inputs(samples, CPU))
    own = model(
        marks=torch.from_numpy(samples.inputs["marks"]),
        sequence=torch.from_numpy(samples.by_gene["sequence"][samples.gene]),
    )
    assert torch.allclose(by_gene, own, atol=1e-6)
    some = torch.tensor([7, 90, 3, 50])
    assert torch.allclose(model.outputs(Inputs(samples, CPU), some), own[some], atol=1e-6)
    # and the gradient is the same
    gradients = []
    for batch in (
        Inputs(samples, CPU).take(some),
        {"marks": torch.from_numpy(samples.inputs["marks"])[some]},
    ):
        if "sequence" not in batch:
            batch["sequence"] = torch.from_numpy(samples.by_gene["sequence"])[samples.gene[some]]
        model.zero_grad()
        model(**batch).sum().backward()
        gradients.append(model.dna[0].weight.grad.clone())
    assert torch.allclose(*gradients, atol=1e-5)


def test_one_hot_sequences_give_the_same_as_indices():
    model, sequence = (
        build_net("wakawaka", 5, 40, SMALL).eval(),
        torch.randint(0, 4, (3, 80), dtype=torch.uint8),
    )
    one_hot = torch.nn.functional.one_hot(sequence.long(), 4).transpose(1, 2).float()
    marks = torch.rand(3, 5, 40)
    assert torch.allclose(
        model(marks=marks, sequence=sequence), model(marks=marks, sequence=one_hot), atol=1e-6
    )


def test_a_model_without_a_module_does_not_read_its_input():
    samples = pooled()
    for network, absent in (({"dna": []}, "sequence"), ({"histone": []}, "marks")):
        fit = trainer(samples, network={**SMALL, **network})
        assert absent not in fit.batch(torch.tensor([0, 1])).inputs
        before = fit.predict()
        name = {"sequence": "by_gene", "marks": "inputs"}[absent]
        changed = replace(
            samples, **{name: {absent: np.zeros_like(getattr(samples, name)[absent])}}
        )
        assert np.array_equal(before, trainer(changed, network={**SMALL, **network}).predict())


def test_batches_by_gene_take_each_sample_once_and_few_genes():
    fit = trainer(
        pooled(genes=40, cells=10),
        {**TRAINING, "sampler": "by_gene", "cells_per_gene": 5, "batch_size": 20},
    )

    def drawn(trainer, epoch):
        return [batch for batch, _ in trainer.draw_batches(epoch)]

    first = drawn(fit, 1)
    assert sorted(torch.cat(first).tolist()) == sorted(fit.index["train"].tolist())
    assert {len(fit.batch(batch).inputs["sequence"]) for batch in first} <= {2, 3, 4}
    assert all(torch.equal(a, b) for a, b in zip(first, drawn(fit, 1)))
    assert not torch.equal(torch.cat(first), torch.cat(drawn(fit, 2)))
    # which cells meet is drawn anew
    plain = trainer(pooled(genes=40, cells=10))
    genes = [len(plain.batch(batch).inputs["sequence"]) for batch in drawn(plain, 1)]
    assert np.mean(genes) > 9


def test_both_samplers_learn_the_same():
    samples = pooled(genes=100, cells=6)
    losses = {}
    for sampler in ("random", "by_gene"):
        network = {**SMALL, "module_dropout": 0.0, "joint_dropout": 0.0}
        settings = {
            **TRAINING,
            "epochs": 25,
            "batch_size": 24,
            "sampler": sampler,
            "cells_per_gene": 3,
        }
        losses[sampler] = trainer(samples, settings, network).fit()[-1]["valid_loss"]
    assert (
        losses["by_gene"] < 0.5 * samples.target.var()
        and abs(losses["by_gene"] / losses["random"] - 1) < 0.2
    ), losses


STAGES = {
    **TRAINING,
    "epochs": 5,
    "stages": [{"parts": ["histone", "dna"], "epochs": 3}, {"parts": ["joint"], "epochs": 2}],
}


def test_frozen_parts_do_not_move_by_a_bit():
    fit = trainer(pooled(), STAGES)
    start, states = {name: value.clone() for name, value in fit.model.state_dict().items()}, {}
    for epoch in range(1, 6):
        fit.train_epoch(epoch)
        states[epoch] = {name: value.clone() for name, value in fit.model.state_dict().items()}
    for name in start:
        joint = name.startswith("joint")
        moved = {
            "one": not torch.equal(start[name], states[3][name]),
            "two": not torch.equal(states[3][name], states[5][name]),
        }
        assert moved == {"one": not joint, "two": joint}, name


def test_unknown_parts_are_named():
    with pytest.raises(InputError, match="no part 'histon'; it has dna, histone, joint"):
        trainer(pooled(), {**STAGES, "stages": [{"parts": ["histon"], "epochs": 5}]}).fit()


def test_two_threads_train_to_the_same_bits():
    found = []
    for _ in range(3):
        fit = trainer(pooled(), {**TRAINING, "sampler": "by_gene", "cells_per_gene": 3})
        torch.set_num_threads(2)
        fit.fit()
        found.append(fit.predict())
    torch.set_num_threads(1)
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])


def test_a_fit_killed_in_either_stage_goes_on_as_if_it_was_not(tmp_path):
    whole = trainer(pooled(), STAGES)
    whole.fit()
    for epochs in (2, 3, 4):
        path = tmp_path / f"{epochs}.pt"
        cut = trainer(pooled(), {**STAGES, "epochs": epochs}, checkpoint=path)
        cut.fit()
        resumed = trainer(pooled(), STAGES, checkpoint=path)
        resumed.fit()
        assert resumed.progress.history == whole.progress.history
        assert np.array_equal(resumed.predict(), whole.predict())


@pytest.mark.parametrize("over", ["rows", "genes"])
def test_folds_cover_what_trains_and_leave_the_rest(over):
    samples = pooled(genes=200, cells=4)
    folds = [assign_fold(samples, 4, which, over) for which in (1, 2, 3, 4)]
    open_ = samples.split != "test"
    valid = np.stack([fold == "valid" for fold in folds])
    assert (valid.sum(axis=0) == open_).all() and all(
        (fold[~open_] == "test").all() for fold in folds
    )
    assert all(0.12 < mask.sum() / open_.sum() < 0.4 for mask in valid)
    # cells of a gene fall apart by themselves: no two cells always together
    if over == "rows":
        fold = valid.argmax(axis=0).reshape(
            4, -1
        )  # cells one after the other, each with the same genes
        assert all(0.1 < (fold[a] == fold[b]).mean() < 0.45 for a in range(4) for b in range(a))
    whole = [
        len(set(samples.gene_id[mask]) & set(samples.gene_id[open_ & ~mask])) == 0 for mask in valid
    ]
    assert all(whole) if over == "genes" else not any(whole)


def test_pooled_samples_are_the_cells_one_after_the_other(tmp_path):
    paths, rng = [], np.random.default_rng(0)
    for cell, genes in (("E003", ["G1", "G2", "G3"]), ("E004", ["G3", "G1"])):
        path = tmp_path / f"{cell}.npz"
        arrays = {
            "X": rng.random((len(genes), 2, 4), dtype=np.float32),
            "target": rng.random(len(genes), dtype=np.float32),
        }
        provenance = f'{{"cell": "{cell}", "data": {{"normalise": "log1p"}}}}'
        np.savez(
            path,
            **arrays,
            split=np.array(["train"] * len(genes)),
            gene_id=np.array(genes),
            marks=np.array(["a", "b"]),
            provenance=provenance,
        )
        paths.append(path)
    sequence = tmp_path / "10bp.npz"
    np.savez(
        sequence,
        gene_id=np.array(["G3", "G9", "G1", "G2"]),
        sequence=np.arange(40, dtype=np.uint8).reshape(4, 10) % 5,
    )
    samples = load_pooled(paths, sequence)
    assert samples.cell.tolist() == ["E003"] * 3 + ["E004"] * 2 and samples.gene_id.tolist() == [
        "G1",
        "G2",
        "G3",
        "G3",
        "G1",
    ]
    with np.load(paths[1]) as file:
        assert np.array_equal(samples.inputs["marks"][3:], file["X"])
    found = samples.by_gene["sequence"][samples.gene]
    assert (
        np.array_equal(found[0], np.arange(20, 30) % 5)
        and np.array_equal(found[2], found[3])
        and np.array_equal(found[0], found[4])
    )
    np.savez(sequence, gene_id=np.array(["G3", "G1"]), sequence=np.zeros((2, 10), dtype=np.uint8))
    with pytest.raises(InputError, match="no sequence of gene G2"):
        load_pooled(paths, sequence)


def test_intervals_are_over_genes_and_not_over_their_rows():
    rng = np.random.default_rng(1)
    genes = np.repeat(np.arange(60), 10)
    shared = rng.normal(size=60)[genes]
    true, predicted = shared + rng.normal(0, 0.1, 600), 0.5 * rng.normal(size=60)[genes] + shared
    by_gene = score_regression(true, predicted, 400, 1, genes).set_index("metric")
    by_row = score_regression(true, predicted, 400, 1).set_index("metric")
    assert np.allclose(by_gene["value"], by_row["value"])
    width = {
        name: table.loc["mse", "ci_high"] - table.loc["mse", "ci_low"]
        for name, table in (("gene", by_gene), ("row", by_row))
    }
    assert 2 < width["gene"] / width["row"] < 4.5  # about the square root of 10 rows a gene
    # one row a gene: the same as without genes, draw by draw
    alone = score_regression(true[::10], predicted[::10], 200, 1, genes[::10])
    assert np.allclose(
        alone["ci_low"].dropna(),
        score_regression(true[::10], predicted[::10], 200, 1)["ci_low"].dropna(),
    )
