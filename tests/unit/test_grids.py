"""Models in all settings of a grid, and what each setting changes."""

import numpy as np
import pandas as pd
import pytest

from markexpr.evaluation.ablation import average_folds, compare_levels, rank_settings, score_cells
from markexpr.settings.grids import expand_grid
from markexpr.settings.studies import load_studies

AXES = {
    "window": {"5kb": {"view": {"span": 10}}, "2kb": {"view": {"span": 4}}},
    "target": {"plain": None, "residual": {"residual": "gene_mean"}},
}
LEVELS = {axis: list(levels) for axis, levels in AXES.items()}


def test_a_grid_has_all_combinations_in_place_of_the_model():
    study = {
        "models": {"ridge": {"estimator": {}}, "mean": {"control": "gene_mean"}},
        "grid": {"models": ["ridge"], "axes": AXES},
    }
    models = expand_grid(study)["models"]
    assert list(models) == [
        "mean",
        "ridge_5kb_plain",
        "ridge_5kb_residual",
        "ridge_2kb_plain",
        "ridge_2kb_residual",
    ]
    assert models["ridge_2kb_residual"] == {
        "estimator": {},
        "view": {"span": 4},
        "residual": "gene_mean",
    }


def test_the_shipped_ablation_varies_what_its_page_says(root):
    marks = ["H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"]
    study = load_studies(root / "config/studies", {}, marks)["ablation"]
    assert len(study.models) == 3 * 5 * 4 * 2 * 2
    block = study.models["ridge_50kb_quantile_transcription_residual"]
    assert (block.view.span, block.view.normalise) == (100_000, "quantile")
    assert block.residual == "tissue_mean"


def made_up(effect=0.1, cells=("E003", "E116", "E123")):
    """Scores of one model in two folds: windows of 2 kb are worse by `effect`, in every cell."""
    rng = np.random.default_rng(1)
    rows = []
    for cell in cells:
        base = rng.uniform(0.6, 0.9)
        for window in LEVELS["window"]:
            for target in LEVELS["target"]:
                for fold in (0, 1):
                    value = base - effect * (window == "2kb") + 0.01 * fold
                    for split in ("valid", "test"):
                        unit = f"{cell}-fold{fold}"
                        setting = {"model": "ridge", "window": window, "target": target}
                        rows.append(
                            {**setting, "unit": unit, "seed": 1, "cell": cell, "split": split}
                            | {"value": value}
                        )
    return pd.DataFrame(rows)


def test_an_effect_is_found_within_cells_however_these_differ():
    changes = compare_levels(average_folds(made_up()), LEVELS)
    row = changes.query("axis == 'window' and level == '2kb' and split == 'test'").iloc[0]
    assert row["difference"] == pytest.approx(-0.1)
    assert row["ci_high"] < 0
    assert (row["cells"], row["settings"]) == (3, 2)
    none = changes.query("axis == 'target' and level == 'residual' and split == 'test'").iloc[0]
    assert none["difference"] == pytest.approx(0)


def test_settings_are_ranked_by_validation_genes():
    scores = average_folds(made_up())
    scores.loc[(scores["window"] == "2kb") & (scores["split"] == "test"), "value"] = 1.0
    assert rank_settings(scores, LEVELS)["window"].iloc[0] == "5kb"


def test_a_failed_fit_makes_its_setting_unknown():
    scores = made_up()
    scores.loc[0, "value"] = np.nan
    changes = compare_levels(average_folds(scores), LEVELS)
    split = scores.loc[0, "split"]
    row = changes.query("axis == 'window' and level == '5kb'").set_index("split").loc[split]
    assert np.isnan(row["value"])


def test_each_cell_of_a_pooled_run_has_a_score():
    predictions = pd.DataFrame(
        {
            "cell": ["E003"] * 4 + ["E116"] * 4,
            "split": ["test"] * 8,
            "y_true": [1.0, 2.0, 3.0, 4.0] * 2,
            "y_pred": [1.0, 2.0, 3.0, 4.0, 4.0, 3.0, 2.0, 1.0],
        }
    )
    scores = score_cells(predictions, labels=False).set_index("cell")["value"]
    assert scores["E003"] == pytest.approx(1) and scores["E116"] == pytest.approx(-1)
