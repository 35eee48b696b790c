"""Controls that can fail: each planted leak is caught, and without it all pass."""

import json
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from markexpr.data.permuting import permute_targets
from markexpr.data.samples import load_cell, load_transfer
from markexpr.data.splits import split_by_gene
from markexpr.data.tensors import Levels, build
from markexpr.evaluation import metrics, scorer, verdicts
from markexpr.evaluation.checking import check_study
from markexpr.evaluation.randomised import summarise
from markexpr.evaluation.together import Part, average, replicate
from markexpr.evaluation.verdicts import (
    ABOVE,
    AT,
    BELOW,
    FAIL,
    NOT_APPLICABLE,
    PASS,
    Measured,
    NotApplicable,
    settle,
)
from markexpr.io.files import write_npz
from markexpr.io.runs import describe
from markexpr.io.verdicts import (
    RED,
    draw_verdicts,
    gather_verdicts,
    summarise_verdicts,
    tell_verdicts,
)
from markexpr.randomising import randomise

CELLS = ["E003", "E004", "E005"]
N_GENES = 240
SPLIT = {"scheme": "random", "seed": 1, "test": 0.4, "valid": 0.1}
DATA = {
    "window": "400bp_100bp",
    "marks": ["a", "b"],
    "orientation": "genomic",
    "normalise": "zscore",
    "zscore_genes": "train",
    "target": {"kind": "expression", "expression": "rpkm", "transform": "log2p1"},
    "split": SPLIT,
}
BOOTSTRAP = {"replicates": 200, "seed": 1}
FITTED = {
    "kind": "estimator",
    "control": None,
    "permute": None,
    "own": None,
    "totals": False,
    "dna": False,
    "residual": False,
}


class Named(dict):
    """Inputs of a job, by attribute as well."""

    __getattr__ = dict.__getitem__


class Folder:
    """A small study of cells on disk, made by the pipeline's own functions; a test plants a leak in
    it and asks for the verdicts."""

    def __init__(self, path, data=DATA):
        self.path, self.data = path, data
        rng = np.random.default_rng(3)
        ids = [f"ENSG{number:06d}" for number in rng.permutation(N_GENES)]
        self.genes = pd.DataFrame(
            {"gene_id": ids, "chrom": "chr1", "tss": 1, "strand": "+", "name": "x"}
        )
        self.genes.to_csv(path / "genes.tsv", sep="\t", index=False)
        activity = rng.normal(size=(N_GENES, 1)) + 0.7 * rng.normal(size=(N_GENES, len(CELLS)))
        level = np.maximum(2 + activity + 0.3 * rng.normal(size=activity.shape), 0)
        self.rpkm = pd.DataFrame(np.round(2**level - 1, 3), index=ids, columns=CELLS)
        lines = ["\t".join(["gene_id", "E000", *CELLS])]
        # a tab more than the header, as REMC's
        lines += [
            "\t".join([gene, "0.000", *(f"{value:.3f}" for value in row), ""])
            for gene, row in zip(ids, self.rpkm.to_numpy())
        ]
        (path / "rpkm.tsv").write_text("\n".join(lines) + "\n")
        rate = np.exp(1.5 + np.stack([activity.T, -activity.T], axis=2) / 2)  # cells, genes, marks
        self.counts = {
            cell: rng.poisson(rate[place][:, :, None], (N_GENES, 2, 4)).astype(np.uint32)
            for place, cell in enumerate(CELLS)
        }
        self.tensors = {cell: self.write_tensors(cell) for cell in CELLS}
        self.runs, self.fits, self.randomised = {}, [], []

    def write_tensors(self, cell, change=lambda arrays: arrays, build_by=None):
        """Tensors of a cell, changed by a planted leak."""
        counts = {
            "counts": self.counts[cell],
            "gene_id": self.genes["gene_id"].to_numpy(dtype=str),
            "marks": np.array(["a", "b"]),
        }
        levels = Levels(self.rpkm[cell], "RPKM")
        arrays, how = build(cell, build_by or self.data, self.genes, counts, levels)
        path = self.path / f"{cell}.npz"
        provenance = json.dumps({"cell": cell, "data": self.data, **how})
        write_npz(path, **change(arrays), provenance=np.array(provenance))
        return str(path)

    def fit(self, model, cell, seed=1, permute=False, fit=None, change=lambda table: table):
        """A run: a fit of one cell's tensors, and what it predicts."""
        samples = load_cell(self.tensors[cell])
        if permute:
            samples = permute_targets(samples, f"{cell}:{seed}")
        train = samples.split == "train"
        inputs = samples.inputs["marks"].reshape(N_GENES, -1)
        predicted = (fit or fit_ridge)(inputs, samples.target, train)
        table = pd.DataFrame(
            {
                "gene_id": samples.gene_id,
                "cell": cell,
                "split": samples.split,
                "y_true": samples.target,
                "y_pred": predicted,
                "gene_seen": train.astype(int),
                "cell_seen": 1,
                "tissue_seen": 1,
            }
        )
        self.write_run(model, cell, seed, change(table))

    def write_run(self, model, unit, seed, table):
        path = self.path / f"results/runs/small/{model}/{unit}/seed{seed}/predictions.tsv.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, sep="\t", index=False)
        self.runs[model, unit, seed] = str(path)

    def randomise(self, model, cell, predict):
        """What a model predicts from randomised marks. predict: of Samples."""
        arrays = randomise(load_cell(self.tensors[cell]), predict, {"genes": 90, "draws": 2})
        path = self.path / f"results/randomised/small/{model}/{cell}/seed1.npz"
        write_npz(path, **arrays)
        self.randomised.append(str(path))

    def check(self, models, **params):
        """The verdicts, DataFrame."""
        given = {
            "models": models,
            "data": self.data,
            "bootstrap": BOOTSTRAP,
            "held_out": [],
            "left_out": {},
            "of_remc": CELLS,
            "simulated": False,
            "null": False,
        }
        job = SimpleNamespace(
            input=Named(
                predictions=list(self.runs.values()),
                tensors=list(self.tensors.values()),
                genes=str(self.path / "genes.tsv"),
                expression=str(self.path / "rpkm.tsv"),
                fits=self.fits,
                randomised=self.randomised,
            ),
            params=SimpleNamespace(**{**given, **params}),
            wildcards=SimpleNamespace(study="small"),
        )
        return check_study(job)


def fit_ridge(inputs, target, train):
    """Ridge regression by hand, float64 [genes]."""
    mean = target[train].mean()
    x, y = inputs[train].astype(float), target[train] - mean
    weights = np.linalg.solve(x.T @ x + 10 * np.eye(x.shape[1]), x.T @ y)
    return inputs @ weights + mean


def fit_neighbour(inputs, target, train):
    """The target of the most similar gene among those that train, by hand."""
    far = ((inputs[:, None, :] - inputs[None, train, :]) ** 2).sum(axis=2)
    return target[train][far.argmin(axis=1)].astype(float)


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def failing(table):
    """The controls that fail, by model."""
    rows = table[table["verdict"] == FAIL]
    return set(zip(rows["control"], rows["model"]))


def fit_all(folder, **options):
    for cell in CELLS:
        folder.fit("ridge", cell, **options)
    return {"ridge": FITTED}


# ---- planted leaks, each caught by a control, and nothing without it ----


def test_without_a_leak_all_pass(folder):
    models = fit_all(folder)
    for seed in (1, 2):
        for cell in CELLS:
            folder.fit("permuted", cell, seed, permute=True)
    table = folder.check({**models, "permuted": {**FITTED, "permute": "target"}})
    assert not failing(table)
    passed = table[table["verdict"] == PASS]
    assert set(passed["control"]) == {
        "test genes train nothing",
        "no test row was seen",
        "targets are those of their genes",
        "expression is that of its gene",
        "inputs are scaled by training genes",
        "permuted targets",
    }
    assert table[table["verdict"] == NOT_APPLICABLE]["why"].str.len().gt(10).all()


def test_test_genes_in_the_zscore(folder):
    models = fit_all(folder)
    leaking = {**DATA, "zscore_genes": "all"}
    folder.write_tensors("E004", build_by=leaking)
    folder.fit("ridge", "E004")
    assert failing(folder.check(models)) == {("inputs are scaled by training genes", "")}


def test_a_zscore_of_all_genes_that_the_study_asks_for_is_no_leak(tmp_path):
    folder = Folder(tmp_path, {**DATA, "zscore_genes": "all"})
    table = folder.check(fit_all(folder))
    row = table[table["control"] == "inputs are scaled by training genes"].iloc[0]
    assert row["verdict"] == NOT_APPLICABLE and "zscore_genes: all" in row["why"]


def samples_of_transfer(folder, leak):
    part = split_by_gene(SPLIT, folder.genes)
    source, target = folder.tensors["E003"], folder.tensors["E004"]
    samples = load_transfer("both", "all", part, source=source, target=target)
    if leak:
        hidden = samples.split == "unlabelled"
        own = load_cell(target)
        known = pd.Series(own.target, index=own.gene_id)
        samples.target[hidden] = known.loc[samples.gene_id[hidden]]
    return samples


@pytest.mark.parametrize("leak", [False, True])
def test_labels_in_the_unlabelled_half(folder, leak):
    models = fit_all(folder)
    job = SimpleNamespace(
        params=SimpleNamespace(samples={}, made_from={}, code="", model={}, tissues={}),
        wildcards=Named(study="small", model="ridge", unit="E003", seed=1),
        threads=1,
    )
    params = describe(job, samples_of_transfer(folder, leak), {}, {})
    path = folder.path / "results/runs/small/ridge/E003/seed1/params.yaml"
    path.write_text(yaml.safe_dump(params))
    folder.fits = [str(path)]
    table = folder.check(models)
    expected = {("unlabelled samples have no label", "ridge")} if leak else set()
    assert failing(table) == expected
    value = table.loc[table["control"] == "unlabelled samples have no label", "value"].iloc[0]
    assert (value > 0) == leak


def test_a_test_gene_in_training(folder):
    def move(arrays):
        split = arrays["split"].copy()
        split[np.flatnonzero(split == "test")[0]] = "train"
        return {**arrays, "split": split}

    folder.write_tensors("E004", change=move)
    table = folder.check(fit_all(folder))
    # it is scaled by one gene more as well
    assert ("test genes train nothing", "ridge") in failing(table)
    row = table[table["control"] == "test genes train nothing"].iloc[0]
    assert row["value"] == 1 and "is of train, and should be of test" in row["why"]


def test_a_test_row_that_was_seen(folder):
    def see(table):
        table.loc[table.index[table["split"] == "test"][0], "gene_seen"] = 1
        return table

    models = fit_all(folder)
    folder.fit("ridge", "E004", change=see)
    assert failing(folder.check(models)) == {("no test row was seen", "ridge")}


def test_a_model_of_residuals_has_seen_its_genes_in_other_cells_by_design(folder):
    fit_all(folder, change=lambda table: table.assign(gene_seen=1))
    assert failing(folder.check({"ridge": FITTED})) == {("no test row was seen", "ridge")}
    table = folder.check({"ridge": {**FITTED, "residual": True}})
    assert not failing(table)
    row = table[table["control"] == "no test row was seen"].iloc[0]
    assert row["verdict"] == NOT_APPLICABLE and "other cells" in row["why"]


@pytest.mark.parametrize("leak", [False, True])
def test_test_genes_in_the_fit_show_in_permuted_targets(folder, leak):
    """The fit is given all genes, whatever their split says: no table of splits shows it."""

    def fit(inputs, target, train):
        return fit_neighbour(inputs, target, np.full(len(train), True) if leak else train)

    for cell in CELLS:
        folder.fit("permuted", cell, permute=True, fit=fit)
    table = folder.check({"permuted": {**FITTED, "permute": "target"}})
    assert failing(table) == ({("permuted targets", "permuted")} if leak else set())


def test_targets_shifted_by_one_row_in_predictions(folder):
    def shift(table):
        return table.assign(y_true=np.roll(table["y_true"], 1))

    models = fit_all(folder)
    folder.fit("ridge", "E004", change=shift)
    table = folder.check(models)
    assert failing(table) == {("targets are those of their genes", "ridge")}
    assert "are rows shifted?" in table["why"].iloc[0]


@pytest.mark.parametrize("what", ["rows", "columns"])
def test_targets_shifted_before_the_tensors(folder, what):
    """Tensors and predictions agree, and both are wrong."""
    right = folder.rpkm
    folder.rpkm = (
        pd.DataFrame(np.roll(right, 1, axis=0), right.index, right.columns)
        if what == "rows"
        else right.rename(columns={"E003": "E004", "E004": "E005", "E005": "E003"})
    )
    for cell in CELLS:
        folder.write_tensors(cell)
    table = folder.check(fit_all(folder))
    assert failing(table) == {("expression is that of its gene", "")}


def test_targets_made_by_another_transform(folder):
    def change(arrays):
        return {**arrays, "target": np.log1p(arrays["expression"]).astype(np.float32)}

    folder.write_tensors("E005", change=change)
    assert failing(folder.check(fit_all(folder))) == {("expression is that of its gene", "")}


def test_labels_follow_from_the_table(tmp_path):
    target = {"kind": "median_label", "expression": "rpkm", "label_mode": "numeric"}
    folder = Folder(tmp_path, {**DATA, "target": target})
    assert not failing(folder.check(fit_all(folder)))
    folder.write_tensors("E004", change=lambda arrays: {**arrays, "target": 1 - arrays["target"]})
    assert failing(folder.check(fit_all(folder))) == {("expression is that of its gene", "")}


@pytest.mark.parametrize("leak", [False, True])
def test_a_model_that_knows_targets_without_marks(folder, leak):
    models = fit_all(folder)
    own = load_cell(folder.tensors["E003"])
    weights = np.array([1.0, -1.0])
    known = pd.Series(own.target, index=own.gene_id)

    def predict(samples):
        told = samples.inputs["marks"].mean(axis=2) @ weights
        return told + leak * known.loc[samples.gene_id].to_numpy()

    folder.randomise("ridge", "E003", predict)
    table = folder.check(models)
    assert failing(table) == ({("all marks randomised", "ridge")} if leak else set())
    dna = folder.check({"ridge": {**FITTED, "dna": True}})
    row = dna[dna["control"] == "all marks randomised"].iloc[0]
    assert row["verdict"] == NOT_APPLICABLE and "DNA" in row["why"]


# ---- models against something simple, and what is possible ----


def test_another_cells_targets_must_cost_something(folder):
    models = fit_all(folder)
    other = {**FITTED, "permute": "cell", "own": "ridge"}
    for cell, target in zip(CELLS, CELLS[1:] + CELLS[:1]):
        other_target = load_cell(folder.tensors[target]).target
        # the same predictions against another cell's targets
        folder.fit("other", cell, change=partial(pd.DataFrame.assign, y_true=other_target))
    table = folder.check({**models, "other": other})
    assert not failing(table)
    assert "permuted cell" in set(table.loc[table["verdict"] == PASS, "control"])
    for cell in CELLS:
        folder.fit("other", cell)  # as good as its own cell's
    assert failing(folder.check({**models, "other": other})) == {("permuted cell", "other")}
    lonely = folder.check({**models, "other": {**other, "own": None}})
    assert not failing(lonely)


def test_the_best_model_is_chosen_by_validation_and_must_beat_totals(folder):
    models = {**fit_all(folder), "totals": {**FITTED, "totals": True}, "tempting": FITTED}
    rng = np.random.default_rng(1)

    def blur(table, splits, size=2.0):
        noise = rng.normal(0, size, len(table)) * table["split"].isin(splits)
        return table.assign(y_pred=table["y_pred"] + noise)

    for cell in CELLS:
        folder.fit("totals", cell, change=lambda table: blur(table, ["valid", "test"]))
        # better on test genes, worse on validation genes: not chosen
        folder.fit(
            "tempting",
            cell,
            change=lambda table: (
                blur(table, ["valid"])
                .assign(y_pred=table["y_true"])
                .where(table["split"] == "test", blur(table, ["valid"]))
            ),
        )
    table = folder.check(models)
    row = table[table["control"] == "better than totals"].iloc[0]
    assert row["model"] == "ridge" and row["verdict"] == PASS and row["ci_low"] > 0
    for cell in CELLS:
        folder.fit("totals", cell)
    assert failing(folder.check(models)) == {("better than totals", "ridge")}


def unseen(folder, better):
    """Predictions of an unseen cell by a model and by the gene's mean."""
    own = load_cell(folder.tensors["E005"])
    mean = np.log2(folder.rpkm[CELLS[:2]] + 1).mean(axis=1).loc[own.gene_id].to_numpy()
    guess = own.target + np.random.default_rng(0).normal(0, 0.2, N_GENES)
    for model, predicted in (("model", guess if better else mean), ("mean", mean)):
        table = pd.DataFrame(
            {
                "gene_id": own.gene_id,
                "cell": "E005",
                "split": "test",
                "y_true": own.target,
                "y_pred": predicted,
                "gene_seen": 1,
                "cell_seen": 0,
                "tissue_seen": 0,
            }
        )
        folder.write_run(model, "E005", 1, table)
    return {"model": FITTED, "mean": {**FITTED, "kind": "control", "control": "gene_mean"}}


@pytest.mark.parametrize("better", [True, False])
def test_a_model_of_unseen_cells_must_beat_the_gene_mean(tmp_path, better):
    split = {**SPLIT, "held_out_cells": ["E005"]}
    folder = Folder(tmp_path, {**DATA, "split": split, "normalise": "log1p"})
    table = folder.check(unseen(folder, better), held_out=["E005"])
    assert failing(table) == (set() if better else {("better than gene mean", "model")})
    rows = table.set_index("control")["verdict"]
    assert rows["better than tissue mean"] == NOT_APPLICABLE


def test_genes_of_no_cell_have_no_gene_mean(folder):
    table = folder.check(fit_all(folder))
    row = table[table["control"] == "better than gene mean"].iloc[0]
    assert row["verdict"] == NOT_APPLICABLE and "trained in no cell" in row["why"]


@pytest.mark.parametrize("leak", [False, True])
def test_nothing_is_better_than_what_is_possible(folder, leak):
    models = fit_all(folder)
    rng = np.random.default_rng(2)
    for cell in CELLS:
        folder.fit(
            "simulator_truth",
            cell,
            change=lambda table: table.assign(y_pred=table["y_true"] + rng.normal(0, 0.3, N_GENES)),
        )
        if leak:
            folder.fit("ridge", cell, change=lambda table: table.assign(y_pred=table["y_true"]))
    table = folder.check(models, simulated=True)
    assert failing(table) == ({("simulator's truth", "ridge")} if leak else set())


@pytest.mark.parametrize("leak", [False, True])
def test_where_marks_tell_nothing_nothing_is_learned(folder, leak):
    rng = np.random.default_rng(4)
    for cell in CELLS:
        folder.fit(
            "ridge",
            cell,
            change=lambda table: table.assign(
                y_pred=rng.normal(size=N_GENES) + leak * table["y_true"]
            ),
        )
        folder.fit("simulator_truth", cell, change=lambda table: table.assign(y_pred=1.0))
    table = folder.check({"ridge": FITTED}, simulated=True, null=True)
    assert failing(table) == ({("simulator's null", "ridge")} if leak else set())


# ---- numbers ----


def test_one_fit_of_permuted_targets_is_judged_by_no_interval_over_genes():
    """Of a few inputs that follow the target, what is learned from permuted targets is a direction
    at random: single fits are far from chance, and their mean is not."""
    rng = np.random.default_rng(5)
    genes = np.arange(400).astype(str)
    truth = rng.normal(size=400)
    fits = []
    for _ in range(12):
        inputs = truth[:, None] + rng.normal(size=(400, 2))
        fits.append([Part(genes, truth, inputs @ rng.normal(size=2))])
    scores = [metrics.pearson(part.y_true, part.y_pred) for (part,) in fits]
    outside = np.abs(scores) > 4 / np.sqrt(400)
    assert outside.mean() > 0.5  # four standard errors over genes
    found = verdicts.judge_permuted_targets("model", fits, "12 units", "pearson", BOOTSTRAP)
    assert found.degrees == 11 and found.value == pytest.approx(np.mean(scores))
    assert found.spread == pytest.approx(np.std(scores, ddof=1) / np.sqrt(12))
    assert settle("study", [found])["verdict"].tolist() == [PASS]
    few = verdicts.judge_permuted_targets("model", fits[:2], "2 units", "pearson", BOOTSTRAP)
    assert isinstance(few, NotApplicable) and "2 fits" in few.why


def test_scores_of_weighted_genes_are_those_of_repeated_ones():
    rng = np.random.default_rng(6)
    weights = rng.integers(0, 3, 50)
    y_true, y_pred = rng.normal(size=50), rng.normal(size=50).round(1)
    repeated = [np.repeat(values, weights) for values in (y_true, y_pred)]
    for metric in ("pearson", "mse"):
        found = scorer.weigh(metric, y_true, y_pred)(weights[None].astype(float))
        assert found == pytest.approx(getattr(metrics, metric)(*repeated))
    label = (y_true > 0).astype(float)
    found = scorer.weigh("auc", label, y_pred)(weights[None].astype(float))
    assert found == pytest.approx(metrics.auc(np.repeat(label, weights), repeated[1]))


def test_a_gene_is_drawn_in_all_runs_at_once():
    rng = np.random.default_rng(7)
    genes = np.arange(300).astype(str)
    truth, guess = rng.normal(size=(2, 300))
    one = Part(genes, truth, truth + guess)
    values, replicated = replicate([one, one], "pearson", 300, 1)
    assert (replicated[0] == replicated[1]).all()
    _, spread = average(values, replicated)
    single = average(*replicate([one], "pearson", 300, 1))[1]
    assert spread == pytest.approx(single)  # the same run twice tells no more
    alone = scorer.bootstrap_regression(one.y_true, one.y_pred, 2000, 1)["pearson"].std()
    assert spread == pytest.approx(alone, rel=0.2)
    # other genes are drawn by themselves: the mean of two halves is that of the whole
    halves = [Part(genes[part], truth[part], (truth + guess)[part])
              for part in (slice(0, 150), slice(150, 300))]  # fmt: skip
    assert average(*replicate(halves, "pearson", 300, 1))[1] == pytest.approx(single, rel=0.25)


def test_one_value_for_all_genes_is_chance():
    part = Part(np.array(["a", "b", "c"]), np.array([1.0, 2.0, 3.0]), np.ones(3))
    assert average(*replicate([part], "pearson", 20, 1)) == (0.0, 0.0)
    alike = Part(part.gene_id, np.ones(3), part.y_true)
    assert np.isnan(average(*replicate([alike], "pearson", 20, 1))).all()


def measured(value, rule, spread=0.01, limit=0.5):
    return Measured("c", "m", "u", "auc", value, spread, limit, rule, "good", "bad")


@pytest.mark.parametrize(
    ("value", "rule", "verdict"),
    [
        (0.51, AT, PASS),
        (0.58, AT, FAIL),
        (0.42, AT, FAIL),
        (0.42, BELOW, PASS),
        (0.58, BELOW, FAIL),
        (0.51, ABOVE, FAIL),
        (0.58, ABOVE, PASS),
        (0.42, ABOVE, FAIL),
    ],
)
def test_the_three_rules(value, rule, verdict):
    row = settle("s", [measured(value, rule)]).iloc[0]
    assert row["verdict"] == verdict and row["why"] == ("good" if verdict == PASS else "bad")


def test_many_controls_at_their_limit_share_one_chance_to_fail():
    """2.7 standard errors are too many for one control, and not for a hundred."""
    one, many = [measured(0.527, AT)], [measured(0.527, AT)] * 100
    assert settle("s", one)["verdict"].tolist() == [FAIL]
    table = settle("s", many)
    assert set(table["verdict"]) == {PASS}
    # those that must be better than something are judged by themselves
    together = settle("s", [measured(0.5, AT)] * 100 + [measured(0.522, ABOVE)])
    assert together["verdict"].tolist() == [PASS] * 101
    assert together["ci_low"].iloc[-1] == pytest.approx(0.522 - 0.0196, abs=1e-4)
    rng = np.random.default_rng(8)
    wrong = [
        FAIL in set(settle("s", [measured(0.5 + error, AT) for error in errors])["verdict"])
        for errors in rng.normal(0, 0.01, (500, 20))
    ]
    assert np.mean(wrong) < 0.03  # 0.01 of studies; 0.64 by intervals of 95 %


def test_what_fails_stands_first_and_what_has_no_score_says_so():
    rows = [measured(0.5, AT), measured(np.nan, AT), NotApplicable("d", "m", "why not")]
    table = settle("s", [*rows, measured(0.9, AT)])
    assert table["verdict"].tolist() == [FAIL, PASS, NOT_APPLICABLE, NOT_APPLICABLE]
    assert "all alike" in table["why"].iloc[2] and table["why"].iloc[3] == "why not"


def test_what_a_mark_is_worth_to_a_fit(folder):
    folder.randomise("one", "E003", lambda samples: samples.inputs["marks"][:, 0].mean(axis=1))
    table = summarise(folder.randomised, "one", "pearson", BOOTSTRAP).set_index("randomised")
    assert table.index.tolist() == ["none", "a", "b", "all but a", "all but b", "all"]
    # it reads mark a alone
    assert (
        table.loc["none", "loss"] == table.loc["b", "loss"] == table.loc["all but a", "loss"] == 0
    )
    assert table.loc["a", "loss"] == pytest.approx(table.loc["all", "loss"])
    assert table.loc["a", "loss_low"] > 0 and table.loc["none", "value"] > 0.3
    assert table.loc["all", "ci_low"] < 0 < table.loc["all", "ci_high"]


# ---- what a run says at its end ----


def write_verdicts(results, study, *verdicts):
    found = [measured({PASS: 0.5, FAIL: 0.9}[verdict], AT) for verdict in verdicts]
    path = results / "tables" / study / "controls.tsv"
    path.parent.mkdir(parents=True)
    settle(study, found).to_csv(path, sep="\t", index=False)


def test_a_run_says_which_controls_fail(tmp_path, capsys):
    results = tmp_path / "results"
    write_verdicts(results, "one", PASS, PASS)
    tell_verdicts(results, ["one", "two", "three"], since=0)
    assert "markexpr: 2 controls PASS, none FAILS" in capsys.readouterr().err
    write_verdicts(results, "two", PASS, FAIL)
    write_verdicts(results, "gone", FAIL)  # a study that is no more
    tell_verdicts(results, ["one", "two", "three"], since=0)
    said = capsys.readouterr().err
    assert f"markexpr: 1 control FAILS, 3 PASS ({results}/controls.tsv)" in said
    assert "  - two, m: c: bad" in said
    table = pd.read_csv(results / "controls.tsv", sep="\t")
    assert table["verdict"].tolist() == [FAIL, PASS, PASS, PASS]
    assert table["study"].tolist() == ["two", "one", "one", "two"]


def test_the_first_page_of_the_report_is_red_where_a_control_fails(tmp_path):
    results = tmp_path / "results"
    assert draw_verdicts(results, ["one"]) == ""
    write_verdicts(results, "one", PASS)
    page = draw_verdicts(results, ["one"])
    assert RED not in page and "1 control PASSES" in page
    write_verdicts(results, "two", FAIL)
    page = draw_verdicts(results, ["one", "two"])
    assert RED in page and "<li>two, m: c: bad</li>" in page and "\n" not in page


def test_a_run_without_controls_says_nothing_of_them(tmp_path, capsys):
    results = tmp_path / "results"
    tell_verdicts(results, ["one"], since=0)
    write_verdicts(results, "one", PASS)
    tell_verdicts(results, ["one"], since=1e12)  # judged in an earlier run
    assert capsys.readouterr().err == ""
    assert len(gather_verdicts(results, ["one"])) == 1
    assert gather_verdicts(results, []) == [] and not (results / "controls.tsv").exists()


def test_a_long_list_of_failures_is_cut():
    row = {"verdict": FAIL, "study": "s", "model": "", "control": "c", "why": "w"}
    lines = summarise_verdicts([row] * 30, shown=2)
    assert lines == ["30 controls FAIL, 0 PASS", "  - s: c: w", "  - s: c: w", "  … and 28 more"]
