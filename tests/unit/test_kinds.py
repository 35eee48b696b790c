"""Scores by what was seen, by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from markexpr.evaluation.kinds import score_cells, summarise
from markexpr.outputs import list_files
from markexpr.project import read_project


def run_of(model, rows, seed=1):
    """Scores of one run. rows: (cell, split, gene_seen, cell_seen, tissue_seen, y_true, y_pred)."""
    names = ["cell", "split", "gene_seen", "cell_seen", "tissue_seen", "y_true", "y_pred"]
    table = pd.DataFrame(rows, columns=names).assign(gene_id="G")
    return score_cells({"model": model, "seed": seed}, table, "expression")


def rows_of(cell, seen, error, n=3, split="test"):
    return [(cell, split, *seen, float(value), value + error) for value in range(n)]


KNOWN, NEW = (True, False, True), (False, False, True)


def test_rows_of_one_kind_are_scored_by_cell():
    rows = rows_of("E003", KNOWN, 1) + rows_of("E003", NEW, 2, n=2) + rows_of("E004", KNOWN, 3)
    table = run_of("m", rows + rows_of("E003", KNOWN, 9, split="train"))
    table = table.set_index(["cell", "gene_seen"])
    assert table["rows"].to_dict() == {("E003", 1): 3, ("E003", 0): 2, ("E004", 1): 3}
    assert table["mse"].to_dict() == {("E003", 1): 1, ("E003", 0): 4, ("E004", 1): 9}
    assert np.allclose(table["pearson"], 1)


def test_the_mean_is_over_cells_and_seeds():
    cells = pd.concat(
        run_of("m", rows_of(cell, KNOWN, error + seed), seed)
        for error, cell in enumerate(("E003", "E004", "E005"))
        for seed in (0, 1)
    )
    table = summarise(cells, "expression")
    mse = np.array([(0 + 1) / 2, (1 + 4) / 2, (4 + 9) / 2])
    row = table.iloc[0]
    assert len(table) == 1 and row[["cells", "rows", "seeds"]].tolist() == [3, 9, 2]
    assert row["mse"] == pytest.approx(mse.mean())
    low, high = stats.t.interval(0.95, 2, mse.mean(), stats.sem(mse))
    assert row[["mse_low", "mse_high"]].tolist() == pytest.approx([low, high])


def test_what_was_seen_most_stands_first_and_few_cells_have_no_interval():
    rows = rows_of("E003", NEW, 2) + rows_of("E003", KNOWN, 1) + rows_of("E004", (True,) * 3, 0)
    table = summarise(run_of("m", rows), "expression")
    assert table[["gene_seen", "cell_seen", "tissue_seen"]].values.tolist() == [
        [1, 1, 1],
        [1, 0, 1],
        [0, 0, 1],
    ]
    assert table["mse"].tolist() == [0, 1, 4] and table["mse_low"].isna().all()


def test_a_score_that_is_not_defined_leaves_the_others():
    rows = rows_of("E003", KNOWN, 1, n=1) + rows_of("E004", KNOWN, 2)
    row = summarise(run_of("m", rows), "expression").iloc[0]
    assert row["pearson"] == pytest.approx(1) and row["mse"] == pytest.approx(2.5)


def test_labels_are_scored_by_auc():
    table = pd.DataFrame(
        {
            "gene_id": list("abcd"),
            "cell": "E003",
            "split": "test",
            "gene_seen": False,
            "cell_seen": True,
            "tissue_seen": True,
            "y_true": [0, 1, 0, 1],
            "y_pred": [0.1, 0.9, 0.5, 0.4],
        }
    )
    found = score_cells({"model": "m", "seed": 1}, table, "median_label")
    assert found["auc"].tolist() == [0.75]


def test_studies_whose_test_rows_are_of_several_kinds_have_the_table(root):
    settings = read_project(root, {})

    def has(study):
        path = f"results/tables/{study}/seen.html"
        return path in map(str, list_files(settings.lookup.subject(study)))

    assert has("dense_ensemble") and has("wakawaka") and has("transferchrome_cross_cell")
    # one cell, test genes of its own
    assert not has("deepchrome") and not has("deepdiff")
