"""Controls and scores by regime: what they know, what they must not, and numbers by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from markexpr.data.samples import Samples
from markexpr.data.splits import split_genes
from markexpr.evaluation import controls, intervals, regimes, scorer
from markexpr.io.jobs import InputError


def cell(name, target, split, genes=None, signal=None):
    n = len(target)
    marks = (
        np.zeros((n, 2, 4), dtype=np.float32)
        if signal is None
        else np.repeat(np.asarray(signal, dtype=np.float32), 4).reshape(n, 2, 4)
    )
    genes = np.array(genes if genes is not None else [f"G{i}" for i in range(n)])
    return Samples(
        {"marks": marks},
        np.array(target, dtype=np.float32),
        np.array(split),
        genes,
        np.full(n, name),
        ["a", "b"],
    )


OTHERS = {
    "E003": cell("E003", [1, 2, 3, 100], ["train", "train", "valid", "test"]),
    "E004": cell("E004", [3, 4, 5, 200], ["train", "train", "valid", "test"]),
}


TISSUES = {"E003": "BRAIN", "E004": "SKIN", "E005": "BRAIN", "E071": "BRAIN"}


def test_controls_know_the_genes_that_train_and_no_others():
    target = cell("E071", [0, 0, 0, 0], ["test"] * 4)
    found, how = controls.predict("gene_mean", "E071", target, OTHERS, TISSUES)
    # the gene that validates (3 and 5) and the one that is held out (100 and 200) get the mean of
    # what trains: 1, 2, 3 and 4
    assert found.tolist() == [2, 3, 2.5, 2.5] and how == "mean of 2 cells"
    nearest = {"E004": OTHERS["E004"]}
    assert controls.predict("nearest_cell", "E071", target, nearest, TISSUES)[0].tolist() == [
        3,
        4,
        3.5,
        3.5,
    ]


def test_a_gene_that_validates_in_one_cell_and_trains_in_another_is_known_from_that_one():
    others = OTHERS | {"E005": cell("E005", [7, 8, 9, 300], ["valid", "train", "train", "test"])}
    target = cell("E071", [0, 0, 0, 0], ["test"] * 4)
    found, _ = controls.predict("gene_mean", "E071", target, others, TISSUES)
    # by gene: 1 and 3; 2, 4 and 8; 9 alone; the mean of these six
    assert found.tolist() == pytest.approx([2, 14 / 3, 9, 27 / 6])


def test_the_tissue_mean_is_of_the_other_training_cells_of_the_tissue():
    others = OTHERS | {"E005": cell("E005", [7, 8, 9, 300], ["train", "valid", "train", "test"])}
    target = cell("E071", [0, 0, 0, 0], ["test"] * 4)
    found, how = controls.predict("tissue_mean", "E071", target, others, TISSUES)
    # by gene, of E003 and E005: 1 and 7; 2, which trains in E003 alone; 9; none trains the last,
    # so that it is the mean of all that train: 1, 2, 3, 4, 7 and 9
    assert found.tolist() == pytest.approx([4, 2, 9, 26 / 6])
    assert how == "mean of 2 cells of tissue BRAIN"
    # a gene of which the tissue knows nothing is known from the cells of others
    apart = {"E003": cell("E003", [1, 2], ["train", "valid"]), "E004": OTHERS["E004"]}
    target = cell("E071", [0, 0], ["test"] * 2)
    found, _ = controls.predict("tissue_mean", "E071", target, apart, TISSUES)
    assert found.tolist() == pytest.approx([1, 4])


def test_a_cell_alone_in_its_tissue_has_the_gene_mean():
    target = cell("E071", [0, 0, 0, 0], ["test"] * 4)
    alone = TISSUES | {"E071": "LIVER"}
    found, how = controls.predict("tissue_mean", "E071", target, OTHERS, alone)
    assert np.array_equal(found, controls.predict("gene_mean", "E071", target, OTHERS, alone)[0])
    assert how == "mean of 0 cells of tissue LIVER: the mean of 2 others"


def test_what_is_predicted_is_never_looked_at():
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(4, 2))
    others = {
        name: cell(name, own.target, own.split, signal=signal + rng.normal(size=(4, 2)))
        for name, own in OTHERS.items()
    }
    for kind in ("gene_mean", "tissue_mean", "nearest_cell"):
        one, other = (
            cell("E071", target, ["test"] * 4, signal=signal)
            for target in ([0, 0, 0, 0], [9, -5, 3, 7])
        )
        assert np.array_equal(
            controls.predict(kind, "E071", one, others, TISSUES)[0],
            controls.predict(kind, "E071", other, others, TISSUES)[0],
        )


def test_the_nearest_cell_is_the_one_with_like_marks():
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(40, 2))
    split = ["train"] * 30 + ["test"] * 10
    near = cell("E003", np.arange(40), split, signal=3 * signal + 1 + rng.normal(0, 0.1, (40, 2)))
    far = cell("E004", np.zeros(40), split, signal=rng.normal(size=(40, 2)))
    found, how = controls.predict(
        "nearest_cell",
        "E071",
        cell("E071", np.zeros(40), ["test"] * 40, signal=signal),
        {"E003": near, "E004": far},
        TISSUES,
    )
    assert (
        how.startswith("E003 is nearest")
        and found[:30].tolist() == list(range(30))
        and set(found[30:]) == {14.5}
    )


def test_marks_of_genes_that_train_no_model_do_not_choose_the_nearest_cell():
    rng = np.random.default_rng(0)
    signal, other = rng.normal(size=(2, 40, 2))
    split = ["train"] * 20 + ["valid"] * 10 + ["test"] * 10
    # E003 is alike where genes train, E004 everywhere else
    like = np.where(np.arange(40)[:, None] < 20, signal, 9 * other)
    unlike = np.where(np.arange(40)[:, None] < 20, other, 9 * signal)
    others = {
        "E003": cell("E003", np.zeros(40), split, signal=like),
        "E004": cell("E004", np.zeros(40), split, signal=unlike),
    }
    own = cell("E071", np.zeros(40), ["test"] * 40, signal=np.r_[signal[:20], 9 * signal[20:]])
    _, how = controls.predict("nearest_cell", "E071", own, others, TISSUES)
    assert how == "E003 is nearest by its marks (correlation 1.000)"


def test_a_control_without_another_cell_says_so():
    with pytest.raises(InputError, match="gene_mean of E071 needs another training cell"):
        controls.predict("gene_mean", "E071", OTHERS["E003"], {}, TISSUES)


def test_leaving_one_out_by_hand():
    rpkm = pd.DataFrame({"E003": [0.0, 1, 3, 7], "E004": [0.0, 3, 3, 7], "E005": [1.0, 0, 7, 15]})
    values = np.log2(rpkm + 1)
    table = controls.leave_one_out(values, rpkm, TISSUES).set_index(["cell", "control"])
    mean = (values["E004"] + values["E005"]) / 2
    assert table.loc[("E003", "gene_mean"), "mse"] == pytest.approx(
        ((values["E003"] - mean) ** 2).mean()
    )
    assert table.loc[("E003", "gene_mean"), "pearson"] == pytest.approx(
        np.corrcoef(values["E003"], mean)[0, 1]
    )
    # genes 3 and 4 are high in E003: both above the two low ones by the other cells' mean
    assert table.loc[("E003", "gene_mean"), "auc"] == 1
    assert (
        table.loc[("E003", "nearest_cell"), "nearest"] == "E004"
        and table.loc[("E003", "gene_mean"), "nearest"] == ""
    )
    # E003 and E005 are of one tissue, and E004 is alone in its own
    assert table["company"].groupby("cell").first().tolist() == [1, 0, 1]
    assert table.loc[("E003", "tissue_mean"), "mse"] == pytest.approx(
        ((values["E003"] - values["E005"]) ** 2).mean()
    )
    scores = ["auc", "pearson", "spearman", "mse"]
    assert table.loc[("E004", "tissue_mean"), scores].equals(
        table.loc[("E004", "gene_mean"), scores]
    )
    assert table.loc[("E005", "gene_mean"), "variance"] == pytest.approx(values["E005"].var(ddof=0))


# ---- regimes ----


def score(rows, replicates):
    return regimes.score(rows, replicates, 1).table


GENES = [f"G{i:02}" for i in range(30)]
SPLIT = np.array(["train"] * 15 + ["valid"] * 5 + ["test"] * 10)


def study(seed=0):
    """Runs of three cells, of which E071 is held out: an exact model, the gene mean, and one that
    shifts it."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 2, 30)
    truth = {name: shared + rng.normal(0, 1, 30) for name in ("E003", "E004", "E071")}
    runs = []
    for name, values in truth.items():
        split = np.where(name == "E071", "test", SPLIT)
        others = np.mean([truth[other] for other in ("E003", "E004") if other != name], axis=0)
        known = np.where(SPLIT == "train", others, others[SPLIT == "train"].mean())
        for model, predicted in (
            ("half", (values + others) / 2),
            ("gene_mean", known),
            ("worse", known + 3),
        ):
            runs.append(
                (
                    model,
                    name,
                    1,
                    pd.DataFrame(
                        {"gene_id": GENES, "split": split, "y_true": values, "y_pred": predicted}
                    ),
                )
            )
    return truth, runs


def test_each_regime_has_its_rows_and_no_others():
    _, runs = study()
    table = score(regimes.gather(runs), 50).set_index(["regime", "model"])
    expected = {
        "valid_seen": 10,
        "test_seen": 20,
        "unseen": 30,
        "unseen_known": 15,  # validation genes train nowhere: they are not seen
        "unseen_valid": 5,
        "unseen_new": 10,
        "competition": 50,
    }
    assert {regime: table.loc[(regime, "half"), "rows"] for regime in expected} == expected
    assert (
        table.loc[("unseen", "half"), "cells"] == 1
        and table.loc[("test_seen", "half"), "genes"] == 10
    )


def test_a_gene_is_seen_if_it_trains_in_any_cell():
    _, runs = study()
    turned = SPLIT.copy()
    turned[:20] = np.r_[turned[15:20], turned[:15]]  # E004 has five other validation genes
    runs = [
        (model, unit, seed, own.assign(split=turned) if unit == "E004" else own)
        for model, unit, seed, own in runs
    ]
    table = score(regimes.gather(runs), 50).set_index(["regime", "model"])
    assert table.loc[("unseen_known", "half"), "rows"] == 20
    assert "unseen_valid" not in table.index.get_level_values("regime")


def test_controls_and_regimes_where_each_cell_draws_its_own_validation_genes():
    names = np.array([f"G{number:03}" for number in range(200)])
    setting = {"scheme": "random", "seed": 1, "test": 40, "valid": 0.1, "valid_drawn": "per_model"}
    setting["held_out_cells"] = ["E071"]
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 3, 200)
    cells = {}
    for name in ("E003", "E004", "E005", "E071"):
        split = split_genes(setting, names, np.full(200, "chr1"), name)
        values = shared + rng.normal(0, 0.1, 200)
        cells[name] = Samples({}, values, split, names, np.full(200, name), [])
    valid = {name: own.split == "valid" for name, own in cells.items()}
    assert [own.sum() for own in valid.values()] == [16, 16, 16, 0]
    runs = []
    for name, own in cells.items():
        others = {other: cells[other] for other in cells if other not in (name, "E071")}
        found, _ = controls.predict("gene_mean", name, own, others, TISSUES)
        # a gene is known from the other cells where it trains there, and from no others
        trains = np.stack([other.split == "train" for other in others.values()])
        values = np.stack([other.target for other in others.values()])
        mean = (values * trains).sum(axis=0) / np.maximum(trains.sum(axis=0), 1)
        assert np.allclose(found, np.where(trains.any(axis=0), mean, values[trains].mean()))
        # a validation gene of this cell trains in others
        assert trains.any(axis=0)[valid[name]].sum() >= 0.8 * valid[name].sum()
        table = pd.DataFrame(
            {"gene_id": names, "split": own.split, "y_true": own.target, "y_pred": found}
        )
        runs.append(("gene_mean", name, 1, table))
    rows = regimes.gather(runs)
    everywhere = valid["E003"] & valid["E004"] & valid["E005"]
    assert np.array_equal(rows.known, (cells["E003"].split != "test") & ~everywhere)
    assert np.array_equal(rows.validates, everywhere)
    table = score(rows, 20).set_index("regime")
    assert table.loc["valid_seen", ["cells", "rows"]].tolist() == [3, 48]
    assert table.loc["unseen_known", "rows"] == 160 - everywhere.sum()
    assert table.loc["unseen_new", "rows"] == 40
    # the gene tells its value in validation rows as well
    assert table.loc["valid_seen", "mse"] < 0.2 * table.loc["test_seen", "mse"]


def test_scores_of_a_regime_are_those_of_its_rows():
    truth, runs = study()
    table = score(regimes.gather(runs), 200).set_index(["regime", "model"])
    mean = (truth["E003"] + truth["E004"]) / 2
    half = (truth["E071"] + mean) / 2
    row = table.loc[("unseen", "half")]
    assert row["mse"] == pytest.approx(((truth["E071"] - half) ** 2).mean())
    assert row["pearson"] == pytest.approx(np.corrcoef(truth["E071"], half)[0, 1])
    # beyond the gene mean it is exact, but for its scale
    assert row["pearson_beyond_mean"] == pytest.approx(1)
    rest = [
        values - np.polyval(np.polyfit(mean, values, 1), mean) for values in (truth["E071"], half)
    ]
    assert row["partial_pearson"] == pytest.approx(np.corrcoef(*rest)[0, 1])
    assert row["mse_low"] < row["mse"] < row["mse_high"]
    held = np.concatenate(
        [
            (truth[name] - (truth[name] + truth[other]) / 2)[20:]
            for name, other in (("E003", "E004"), ("E004", "E003"))
        ]
    )
    assert table.loc[("test_seen", "half"), "mse"] == pytest.approx((held**2).mean())


def test_the_table_says_who_beats_the_gene_mean():
    _, runs = study()
    table = score(regimes.gather(runs), 300).set_index(["regime", "model"])
    assert table.loc[("unseen_known", "half"), "verdict"] == "beats the gene mean in this one cell"
    assert table.loc[("unseen", "worse"), "verdict"] == "worse than the gene mean in this one cell"
    assert table.loc[("unseen", "gene_mean"), "verdict"] == ""
    # the control itself leaves nothing beyond itself, and what is made of it by a straight line has
    # no partial correlation
    assert np.isnan(table.loc[("unseen_known", "worse"), "partial_pearson"])
    assert np.isnan(table.loc[("unseen_known", "gene_mean"), "pearson_beyond_mean"])
    same = [
        ("same", unit, seed, predicted)
        for model, unit, seed, predicted in runs
        if model == "gene_mean"
    ]
    assert (
        score(regimes.gather(runs + same), 50)
        .query("model == 'same'")["verdict"]
        .str.startswith("not told apart from the gene mean")
        .all()
    )


def test_seeds_are_averaged_and_partial_models_left_out():
    _, runs = study()
    again = [
        (model, unit, 2, table.assign(y_pred=table["y_true"]))
        for model, unit, _, table in runs
        if model == "half"
    ]
    only = [
        ("partial", unit, 1, table)
        for model, unit, _, table in runs
        if model == "half" and unit == "E003"
    ]
    table = score(regimes.gather(runs + again + only), 50).set_index(["regime", "model"])
    first = score(regimes.gather(runs), 50).set_index(["regime", "model"])
    assert table.loc[("unseen", "half"), "mse"] == pytest.approx(
        first.loc[("unseen", "half"), "mse"] / 2
    )
    assert "partial" not in table.index.get_level_values("model")


def test_regimes_and_metrics_score_the_same_rows_alike():
    _, runs = study()
    table = score(regimes.gather(runs), 200).set_index(["regime", "model"])
    half = pd.concat(own for model, unit, _, own in runs if model == "half" and unit != "E071")
    test = half[half["split"] == "test"]
    alone = scorer.score_regression(
        test["y_true"], test["y_pred"], 200, 1, genes=test["gene_id"]
    ).set_index("metric")
    row = table.loc[("test_seen", "half")]
    for name in ("mse", "pearson"):
        assert row[[name, f"{name}_low", f"{name}_high"]].tolist() == pytest.approx(
            alone.loc[name, ["value", "ci_low", "ci_high"]].tolist(), rel=1e-12
        )


def test_a_constant_is_scored_by_its_error_alone():
    _, runs = study()
    flat = [
        ("flat", unit, seed, own.assign(y_pred=1e8 + 0.1))
        for model, unit, seed, own in runs
        if model == "half"
    ]
    table = score(regimes.gather(runs + flat), 200).set_index("model").loc["flat"]
    for name in ("pearson", "partial_pearson"):
        assert table[[name, f"{name}_low", f"{name}_high"]].isna().all(axis=None)
    assert table["verdict"].str.startswith("worse than the gene mean").all()
    assert (table["mse_low"] <= table["mse"]).all() and (table["mse"] <= table["mse_high"]).all()


def test_without_another_seen_cell_there_is_no_gene_mean_to_go_beyond():
    _, runs = study()
    alone = [run for run in runs if run[1] == "E003" and run[0] == "half"]
    table = score(regimes.gather(alone), 50)
    assert table[["pearson_beyond_mean", "partial_pearson"]].isna().all(axis=None)
    assert table["pearson"].notna().all() and (table["verdict"] == "").all()


# ---- new cells ----


def unseen_cells(rng, n_cells, n_genes=60, effect=1.0):
    """Runs of two seen and n_cells unseen cells in which `model` and the gene mean are as good as
    each other over all cells that could be, and differ from cell to cell."""
    genes = [f"G{number:03}" for number in range(n_genes)]
    runs = []
    for place in range(n_cells + 2):
        seen = place < 2
        truth = rng.normal(0, 1, n_genes)
        for model, error in (("model", effect), ("gene_mean", -effect)):
            scale = np.exp(error * rng.normal(0, 0.3))
            predicted = truth + scale * rng.normal(0, 1, n_genes)
            split = np.where(np.arange(n_genes) < 40, "train", "test") if seen else "test"
            table = pd.DataFrame(
                {"gene_id": genes, "split": split, "y_true": truth, "y_pred": predicted}
            )
            runs.append((model, f"E{place:03}", 1, table))
    return runs


def test_cells_that_differ_make_no_verdict_of_new_cells():
    rng = np.random.default_rng(0)
    told = {"cells and genes": 0, "genes": 0}
    for _ in range(100):
        rows = regimes.gather(unseen_cells(rng, 6))
        table = score(rows, 200).set_index(["regime", "model"])
        verdict = table.loc[("unseen", "model"), "verdict"]
        assert verdict.endswith("on new cells (6 drawn)")
        told["cells and genes"] += not verdict.startswith("not told apart")
        # by genes alone, as if there were no other cells
        change = (
            (rows.predicted["model", 1] - rows.truth) ** 2
            - (rows.predicted["gene_mean", 1] - rows.truth) ** 2
        )[2:].mean(axis=0)
        told["genes"] += abs(change.mean()) > 1.96 * change.std() / np.sqrt(len(change))
    assert told["cells and genes"] <= 10 and told["genes"] >= 40


def test_what_holds_in_every_cell_is_told():
    rng = np.random.default_rng(1)
    runs = [
        (
            model,
            unit,
            seed,
            own.assign(y_pred=own["y_true"] + 0.3 * (own["y_pred"] - own["y_true"])),
        )
        if model == "model"
        else (model, unit, seed, own)
        for model, unit, seed, own in unseen_cells(rng, 6)
    ]
    found = regimes.score(regimes.gather(runs), 300, 1)
    row = found.table.set_index(["regime", "model"]).loc[("unseen", "model")]
    assert row["verdict"] == "beats the gene mean on new cells (6 drawn)"
    # and every cell is shown, with its own rows
    cells = found.cells[found.cells["model"] == "model"]
    assert cells["cell"].tolist() == [f"E{number:03}" for number in range(2, 8)]
    assert cells["mse"].mean() == pytest.approx(row["mse"])
    assert (cells["verdict"] == "beats the gene mean in this one cell").all()


def test_an_interval_over_cells_is_students():
    # errors that differ from cell to cell alone: the interval is that of a mean of six numbers
    rng = np.random.default_rng(2)
    runs, genes = [], [f"G{number}" for number in range(20)]
    own = rng.uniform(1, 2, 6)
    for place, size in enumerate([1.0, *own]):
        split = "test" if place else np.where(np.arange(20) < 10, "train", "test")
        truth = rng.normal(size=20)
        table = pd.DataFrame(
            {"gene_id": genes, "split": split, "y_true": truth, "y_pred": truth + np.sqrt(size)}
        )
        runs.append(("model", f"E{place}", 1, table))
    row = score(regimes.gather(runs), 4000).set_index("regime").loc["unseen"]
    reach = stats.t.ppf(0.975, 5) * own.std(ddof=1) / np.sqrt(6)
    assert row["mse"] == pytest.approx(own.mean())
    assert row["mse_high"] - row["mse"] == pytest.approx(reach, rel=0.05)
    assert row["mse"] - row["mse_low"] == pytest.approx(min(reach, own.mean()), rel=0.05)


def test_seen_cells_stay_as_they_are():
    # of the competition's rows those of seen cells are in every replicate
    rng = np.random.default_rng(3)
    rows = regimes.gather(unseen_cells(rng, 3))
    found = regimes.score(rows, 400, 1).errors["competition", "model"]
    assert found.cells == 3
    chosen = rows.select("competition")
    error = np.where(chosen, (rows.predicted["model", 1] - rows.truth) ** 2, 0)
    (weights,) = intervals.draws(60, 400, 1, cells=3, rest=True)
    groups = np.stack([*error[2:], error[:2].sum(axis=0)])
    numbers = np.stack([*chosen[2:], chosen[:2].sum(axis=0)])
    expected = (weights @ groups.ravel()) / (weights @ numbers.ravel())
    assert found.replicates == pytest.approx(expected)


def test_errors_are_read_back_as_written(tmp_path):
    errors = regimes.score(regimes.gather(unseen_cells(np.random.default_rng(0), 2)), 20, 1).errors
    regimes.write_errors(tmp_path / "regimes.npz", errors)
    found = regimes.read_errors(tmp_path / "regimes.npz")
    assert found.keys() == errors.keys() and found["unseen", "model"].cells == 2
    for key, one in errors.items():
        assert found[key].value == one.value
        assert np.array_equal(found[key].replicates, one.replicates)
