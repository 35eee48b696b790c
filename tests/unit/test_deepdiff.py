"""DeepDiff: layers of its variants, both levels of attention, its contrastive loss by hand, and
pairs of cells."""

import hashlib
import json

import numpy as np
import pytest
import torch
from conftest import build_net, shipped_studies

from markexpr.data.samples import load_cell, load_pair
from markexpr.io.jobs import InputError
from markexpr.losses import contrastive_loss
from markexpr.models.layers import MarkEncoder, draw_uniform
from markexpr.training import Trainer

STUDY = shipped_studies()["deepdiff"]
VARIANTS = [
    model for model, block in STUDY["models"].items() if block["architecture"] == "deepdiff"
]
DRAWN = torch.Generator().manual_seed(1)


def build(variant, **network):
    torch.manual_seed(1)
    return build_net("deepdiff", 5, 200, {**STUDY["models"][variant]["network"], **network})


def signals(n=3, bins=200):
    return {
        cell: torch.poisson(torch.full((n, 5, bins), 2.0), generator=DRAWN) for cell in ("a", "b")
    }


@pytest.mark.parametrize(
    ("variant", "lstms", "level_two", "head"),
    [
        ("raw_d", 5, 5, (1, 32)),
        ("raw_c", 10, 10, (1, 32)),
        ("raw", 15, 15, (1, 32)),
        ("raw_aux", 25, 25, (1, 32)),  # 15 raw, and 5 of each cell, on one Level II
        ("raw_aux_siamese", 20, 25, (1, 32)),  # the cells share 5
        ("aux", 10, None, (32, 64)),
        ("aux_siamese", 5, None, (32, 64)),
    ],
)
def test_the_variants_of_appendix_table_1(variant, lstms, level_two, head):
    model, inputs = build(variant), signals()
    encoders = [module for module in model.modules() if isinstance(module, MarkEncoder)]
    assert sum(len(encoder.lstms) for encoder in encoders) == lstms
    for encoder in encoders:
        assert (
            encoder.lstms[0].hidden_size,
            encoder.lstms[0].bidirectional,
            encoder.contexts.shape[1],
        ) == (32, True, 64)
    attention = model.attend(**inputs)
    if level_two:
        assert attention["marks_raw"].shape == (3, level_two)
    first = model.head if isinstance(model.head, torch.nn.Linear) else model.head[0]
    assert tuple(first.weight.shape) == head
    assert model(**inputs).shape == (3,)
    assert all(parameter.abs().max() <= 0.1 for parameter in model.parameters())


# sections 3.5, 3.6 and 4.2 and Appendix 1.5, word by word, as overrides of the study
PRINTED = {
    "raw_d": {"network": {"dropout": 0.5, "heads": "printed"}},
    "aux_siamese": {"training": {"contrastive": {"form": "printed", "weight": 1}}},
}


def weights_of(module):
    """All weights by name, in one array of bytes."""
    state = sorted(module.state_dict().items())
    return b"".join(name.encode() + value.numpy().tobytes() for name, value in state)


@pytest.mark.parametrize(
    ("variant", "begins"),
    [
        ("raw_d", "a5613613a6c0"),
        ("raw_c", "ce8aaea93dce"),
        ("raw", "7ecf5575e012"),
        ("aux", "dcd409565496"),
        ("raw_aux", "b8d99393b360"),
        ("aux_siamese", "a3a4203c12c5"),
        ("raw_aux_siamese", "a6cea56fd284"),
    ],
)
def test_weights_start_as_they_always_did(variant, begins):
    """Hashes of the weights, with their names, of the code before it had dropout and printed heads:
    earlier fits stay equal to the bit."""
    assert hashlib.sha256(weights_of(build(variant))).hexdigest().startswith(begins)


def test_without_dropout_training_draws_no_random_number():
    model, inputs = build("raw_aux_siamese").train(), signals()
    before = torch.get_rng_state()
    model(**inputs)
    assert torch.equal(torch.get_rng_state(), before)


def test_dropout_acts_in_training_alone():
    model, inputs = build("raw_aux", dropout=0.5), signals()
    assert not torch.equal(model.train()(**inputs), model(**inputs))
    assert torch.equal(model.eval()(**inputs), model(**inputs))
    # dropout has no weights
    assert torch.equal(model(**inputs), build("raw_aux").eval()(**inputs))


def test_dropout_is_behind_both_levels_and_spares_the_contrastive_loss():
    model, inputs = build("aux_siamese", dropout=0.5).train(), signals()
    seen = {}
    for name in ("marks_a", "cell_a", "head"):
        getattr(model, name).register_forward_hook(
            lambda module, given, _, name=name: seen.update({name: given[0]})
        )
    found = model.predict_all(**inputs)
    for name in seen:  # of what each is handed, about half is 0, the rest twice as large
        assert 0.2 < (seen[name] == 0).float().mean() < 0.8, name
    kept = seen["marks_a"] != 0
    assert torch.allclose(seen["marks_a"][kept], 2 * found["embedding_a"][kept])
    assert (found["embedding_a"] != 0).all()


@pytest.mark.parametrize("variant", VARIANTS)
def test_printed_heads_are_perceptrons_everywhere(variant):
    model = build(variant, heads="printed")
    both = 2 if model.raw else 4  # widths of the summaries that the change is predicted from
    heads = {"head": (32, 16 * both)}
    if model.auxiliary:
        heads |= {"cell_a": (32, 32), "cell_b": (32, 32)}
    for name, shape in heads.items():
        first, nonlinear, last = getattr(model, name)
        assert tuple(first.weight.shape) == shape and tuple(last.weight.shape) == (1, 32)
        assert isinstance(nonlinear, torch.nn.ReLU)
    if model.auxiliary:
        model.start_at({"a": 7.0, "b": 5.0})
        found = model.predict_all(**signals())
        assert found["a"].mean().item() == pytest.approx(7, abs=0.5)
        assert found["b"].mean().item() == pytest.approx(5, abs=0.5)


def train(block, samples, epochs):
    """The history of a small net of a model's block, trained at a large rate."""
    optimiser = {"name": "adam", "learning_rate": 0.03}
    settings = {**block["training"], "epochs": epochs, "optimiser": optimiser}
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = build_net("deepdiff", 2, 16, {**block["network"], "bin_width": 6, "mark_width": 4})
    return Trainer(model, samples, settings, 1, torch.device("cpu")).fit()


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_printed_form_trains_by_overrides(variant):
    """Every variant inherits the literally printed form from two blocks, and learns with it."""
    block = shipped_studies({"deepdiff": {"models": PRINTED}})["deepdiff"]["models"][variant]
    assert (block["network"]["dropout"], block["network"]["heads"]) == (0.5, "printed")
    contrastive = block["training"].get("contrastive")
    assert contrastive is None or (contrastive["form"], contrastive["weight"]) == ("printed", 1)
    history = train(block, made_up(), 60)
    assert min(row["train_loss"] for row in history) < 0.75 * history[0]["train_loss"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_attention_sums_to_one_over_bins_and_over_marks(variant):
    model = build(variant)
    attention, rows = (
        model.attend(**signals()),
        model.attention_rows(["m1", "m2", "m3", "m4", "m5"]),
    )
    assert set(attention) == set(rows)
    for name, weights in attention.items():
        assert torch.allclose(weights.sum(dim=-1), torch.ones(weights.shape[:-1]), atol=1e-5), name
        assert weights.shape[1] == len(rows[name]), name


def test_one_lstm_with_blocks_is_the_lstms_of_all_marks():
    """What a GPU is given equals what the CPU computes, to float tolerance, and so do its
    gradients."""
    encoder = MarkEncoder(3, 4)
    draw_uniform(encoder, 0.5)
    marks = torch.randn(2, 3, 20, generator=DRAWN)
    weight = torch.randn(2, 3, 8, generator=DRAWN)
    found = []
    for encode in (encoder.one_by_one, encoder.at_once):
        encoder.zero_grad()
        embeddings, weights = encode(marks)
        (embeddings * weight).sum().backward()
        gradients = [parameter.grad.clone() for parameter in encoder.parameters()]
        found.append([embeddings.detach(), weights.detach(), *gradients])
    for one, other in zip(*found, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_level_one_is_an_lstm_a_mark_with_attention_over_its_states():
    """Equation 2, by matrix products over the states of all marks."""
    encoder = MarkEncoder(3, 4)
    draw_uniform(encoder, 0.5)
    marks = torch.randn(2, 3, 20, generator=DRAWN)
    states = torch.stack(
        [lstm(marks[:, mark, :, None])[0] for mark, lstm in enumerate(encoder.lstms)], dim=1
    )
    expected = torch.softmax(torch.einsum("bmtw,mw->bmt", states, encoder.contexts), dim=2)
    embeddings, weights = encoder(marks)
    assert torch.allclose(weights, expected, atol=1e-7)
    assert torch.allclose(embeddings, torch.einsum("bmt,bmtw->bmw", expected, states), atol=1e-6)


def test_the_twins_share_level_one_and_not_level_two():
    model, inputs = build("aux_siamese"), signals()
    same = {"a": inputs["a"], "b": inputs["a"]}
    found = model.predict_all(**same)
    assert torch.equal(found["embedding_a"], found["embedding_b"]) and not torch.allclose(
        found["a"], found["b"]
    )
    assert not torch.allclose(
        *(build("aux").predict_all(**same)[f"embedding_{cell}"] for cell in "ab")
    )


def test_the_contrastive_loss_by_hand():
    # distances 5 and 1 over all marks together: sqrt(3² + 4²), and sqrt(0² + 1²)
    a = torch.tensor([[[3.0], [0.0]], [[1.0], [1.0]]])
    b = torch.tensor([[[0.0], [4.0]], [[1.0], [0.0]]])
    alike, different = torch.tensor([False, False]), torch.tensor([True, True])
    for form, near, apart in (
        ("squared", (25 + 1) / 2, (0 + 1) / 2),
        ("printed", (2.5 + 0.5) / 2, (0 + 0.5) / 2),
    ):
        assert contrastive_loss(a, b, alike, 2.0, form).item() == pytest.approx(near)
        assert contrastive_loss(a, b, different, 2.0, form).item() == pytest.approx(apart)
    assert contrastive_loss(
        a, b, torch.tensor([True, False]), 2.0, "squared"
    ).item() == pytest.approx((0 + 1) / 2)


def test_twins_of_one_gene_have_a_gradient():
    """The distance is not differentiable at 0, where the square root would give NaN."""
    a = torch.zeros(2, 2, 3, requires_grad=True)
    contrastive_loss(
        a, torch.zeros(2, 2, 3), torch.tensor([True, False]), 2.0, "printed"
    ).backward()
    assert torch.isfinite(a.grad).all()


# ---- pairs ----


def write(path, cell, target, split=None, genes=None, marks=("m1", "m2"), unit="read count"):
    n = len(target)
    np.savez(
        path,
        X=np.random.default_rng(n).poisson(2.0, (n, len(marks), 12)).astype(np.float32)
        + sum(map(ord, cell)) % 7,
        target=np.array(target, dtype=np.float32),
        split=np.array(split if split is not None else ["train"] * n),
        gene_id=np.array(genes if genes is not None else [f"G{i}" for i in range(n)]),
        marks=np.array(marks),
        provenance=np.array(
            json.dumps({"cell": cell, "expression_unit": unit, "counts_unit": "reads"})
        ),
    )
    return path


@pytest.fixture
def cells(tmp_path):
    return write(tmp_path / "x.npz", "X", [1.0, 2.0, 3.0, 4.0]), write(
        tmp_path / "y.npz", "Y", [5.0, 1.0, 3.5, 0.0]
    )


def test_swapping_the_cells_flips_the_sign_of_the_target_and_nothing_else(cells):
    one, other = load_pair(*cells), load_pair(*reversed(cells))
    assert one.target.tolist() == [4.0, -1.0, 0.5, -4.0]
    assert np.array_equal(one.target, -other.target)
    assert np.array_equal(one.inputs["a"], other.inputs["b"]) and np.array_equal(
        one.inputs["b"], other.inputs["a"]
    )
    assert np.array_equal(one.auxiliary["a"], other.auxiliary["b"]) and np.array_equal(
        one.split, other.split
    )
    assert one.gene_id.tolist() == other.gene_id.tolist() and one.cell[0] == "X-Y"
    # what Raw:d sees is the difference, whose sign is turned as well
    difference, turned = (samples.inputs["a"] - samples.inputs["b"] for samples in (one, other))
    assert np.array_equal(difference, -turned)


def test_a_pair_has_the_genes_that_both_cells_have(tmp_path):
    a = write(
        tmp_path / "a.npz",
        "A",
        [1.0, 2.0, 3.0],
        genes=["G2", "G0", "G1"],
        split=["test", "train", "train"],
    )
    b = write(tmp_path / "b.npz", "B", [9.0, 7.0], genes=["G1", "G2"], split=["train", "test"])
    pair = load_pair(a, b)
    assert (
        pair.gene_id.tolist() == ["G2", "G1"]
        and pair.target.tolist() == [6.0, 6.0]
        and pair.split.tolist() == ["test", "train"]
    )
    assert np.array_equal(pair.inputs["a"], load_cell(a).inputs["marks"][[0, 2]])
    other = write(tmp_path / "c.npz", "C", [9.0, 7.0], genes=["G1", "G2"], split=["train", "train"])
    with pytest.raises(InputError, match="put gene G2 in different splits"):
        load_pair(a, other)
    with pytest.raises(InputError, match="no gene in common"):
        load_pair(a, write(tmp_path / "d.npz", "D", [1.0], genes=["H"]))
    with pytest.raises(InputError, match="different marks"):
        load_pair(a, write(tmp_path / "e.npz", "E", [1.0], genes=["G2"], marks=("m2", "m1")))


def test_cells_in_different_units_are_not_subtracted(tmp_path, cells):
    other = write(tmp_path / "z.npz", "Z", [1.0, 2.0, 3.0, 4.0], unit="RPKM")
    with pytest.raises(
        InputError, match="expression unit is 'read count' in one and 'RPKM' in the other"
    ):
        load_pair(cells[0], other)


def test_auxiliary_labels_are_against_the_median_of_each_cell(cells):
    pair = load_pair(*cells, labels=True)
    assert pair.auxiliary["a"].tolist() == [0, 0, 1, 1] and pair.auxiliary["b"].tolist() == [
        1,
        0,
        1,
        0,
    ]
    assert load_pair(*cells).auxiliary["a"].tolist() == [1, 2, 3, 4]


def made_up(n=48):
    """A pair whose change shows in one mark: in A where expression falls, in B where it rises."""
    from markexpr.data.samples import Samples

    rng = np.random.default_rng(3)
    own = {cell: rng.normal(3, 2, n).astype(np.float32) for cell in "ab"}
    inputs = {cell: rng.poisson(0.3, (n, 2, 16)).astype(np.float32) for cell in "ab"}
    for cell in "ab":
        inputs[cell][:, 1, 6:10] += np.maximum(own[cell], 0)[:, None]
    split = np.array(["train", "valid", "test"])[np.arange(n) % 3]
    genes = np.array([f"G{i}" for i in range(n)])
    return Samples(inputs, own["b"] - own["a"], split, genes, np.full(n, "A-B"), ["m1", "m2"], own)


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_variant_learns_and_tells_its_losses(variant):
    block = STUDY["models"][variant]
    settings = block["training"]
    history = train(block, made_up(), 50)
    assert history[-1]["train_loss"] < 0.6 * history[0]["train_loss"]
    assert ("cells_loss" in history[0]) == ("auxiliary" in settings) and (
        "contrastive_loss" in history[0]
    ) == ("contrastive" in settings)
    if "auxiliary" in settings:
        assert history[-1]["cells_loss"] < history[0]["cells_loss"]


def test_untrained_predictions_of_the_cells_start_at_their_means():
    samples = made_up()
    settings = {**STUDY["models"]["aux"]["training"], "epochs": 1}
    for start, low, high in ((True, 0.0, 0.2), (False, 2.0, 4.5)):
        torch.manual_seed(1)
        model = build_net(
            "deepdiff",
            2,
            16,
            {**STUDY["models"]["aux"]["network"], "bin_width": 4, "mark_width": 3},
        )
        trainer = Trainer(
            model, samples, {**settings, "start_at_mean": start}, 1, torch.device("cpu")
        )
        found = model.predict_all(**trainer.inputs.own)
        for cell in "ab":
            mean = samples.auxiliary[cell][samples.index("train")].mean()
            assert low <= abs(found[cell].mean().item() - mean) <= high


def test_auxiliary_tasks_as_classification(cells):
    settings = {
        **STUDY["models"]["aux"]["training"],
        "epochs": 3,
        "auxiliary": {"kind": "classification", "weight": 1.0},
        "start_at_mean": False,
    }
    samples = made_up()
    for values in samples.auxiliary.values():
        values[:] = values >= np.median(values)
    torch.manual_seed(1)
    model = build_net(
        "deepdiff", 2, 16, {**STUDY["models"]["aux"]["network"], "bin_width": 4, "mark_width": 3}
    )
    history = Trainer(model, samples, settings, 1, torch.device("cpu")).fit()
    # two cross-entropies of one logit: ln 2 each where nothing is learned yet
    assert history[0]["cells_loss"] == pytest.approx(2 * np.log(2), abs=0.1)


def test_auxiliary_losses_need_a_model_and_a_unit_that_have_them():
    samples = made_up()
    with pytest.raises(InputError, match="needs a model that predicts each cell"):
        Trainer(
            build_net("deepdiff", 2, 16, STUDY["models"]["raw_d"]["network"]),
            samples,
            STUDY["models"]["aux"]["training"],
            1,
            torch.device("cpu"),
        )


def test_variants_that_make_no_sense_are_refused():
    for network, message in (
        ({"raw": []}, "models.raw_d.network: without raw it needs auxiliary"),
        ({"raw": ["c"]}, "models.raw_d.network.raw.0: 'c' is not one of 'a', 'b' or 'difference'"),
        ({"shared": True}, "models.raw_d.network: shared needs auxiliary"),
    ):
        with pytest.raises(InputError, match=message):
            shipped_studies({"deepdiff": {"models": {"raw_d": {"network": network}}}})
