"""Figures of DenseEnsemble and WakaWaka: errors on the competition's rows, training losses."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from plot_competition import draw, select_printed, share_unseen
from plot_losses import count_falls, describe_last
from plot_losses import draw as draw_losses

MODELS = ["densenet", "resnet", "ridge", "gene_mean"]
PUBLISHED = pd.read_csv(ROOT / "config/published.tsv", sep="\t", comment="#")


def regimes(models=MODELS):
    """Errors of models in four regimes: 50 seen cells and 6 unseen ones, as in the competition."""
    rows = {
        "valid_seen": 50 * 1600,
        "test_seen": 50 * 1447,
        "unseen": 6 * 17_447,
        "competition": 50 * 1447 + 6 * 17_447,
    }
    table = [
        (regime, model, number, 3 + place + position / 10)
        for place, (regime, number) in enumerate(rows.items())
        for position, model in enumerate(models)
    ]
    table = pd.DataFrame(table, columns=["regime", "model", "rows", "mse"])
    return table.assign(mse_low=table["mse"] - 0.1, mse_high=table["mse"] + 0.1)


def points(axis):
    """The points of a panel by their label: [number, (x, y)]."""
    return {group.get_label(): group.get_offsets() for group in axis.collections}


def test_59_of_100_rows_of_the_competition_are_of_unseen_cells():
    table = regimes()
    assert share_unseen(table) == pytest.approx(104_682 / 177_032)
    assert f"{share_unseen(table):.0%}" == "59%"


def test_figure_4_has_every_model_on_validation_and_competition_rows_and_no_others():
    # the order is the study's, not that of the table
    figure = draw(regimes(MODELS[::-1]), MODELS, select_printed(PUBLISHED, "dense_ensemble"))
    valid, test = figure.axes
    assert [label.get_text() for label in valid.get_yticklabels()] == MODELS
    assert np.allclose(points(valid)["ours"], [(3.3, 0), (3.2, 1), (3.1, 2), (3.0, 3)])
    assert np.allclose(points(test)["ours"], [(6.3, 0), (6.2, 1), (6.1, 2), (6.0, 3)])
    # what section 4 prints: one validation error, and a public and a private test error
    assert np.allclose(points(valid)["printed"], [(3.21, 0), (3.22, 1)])
    assert np.allclose(points(test)["printed"], [(3.40, 0), (3.45, 0), (3.50, 1)])
    assert "80,000 rows" in valid.get_title() and "unseen" not in valid.get_title()
    assert "177,032 rows, 59% of them of unseen cells" in test.get_title()
    plt.close(figure)


def test_figure_4_without_printed_numbers_and_with_the_best_possible():
    figure = draw(regimes(["ridge", "simulator_truth"]), MODELS, select_printed(PUBLISHED, None))
    for axis in figure.axes:
        assert "printed" not in points(axis) and len(points(axis)["ours"]) == 1
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["ours", "best possible"]
    plt.close(figure)


def steps(losses, parts=2):
    """steps.tsv of epochs of some mean losses, in parts around them."""
    rows = [
        (epoch * parts + part + 1, epoch + 1, loss + (0.5 - part) * 0.1)
        for epoch, loss in enumerate(losses)
        for part in range(parts)
    ]
    return pd.DataFrame(rows, columns=["step", "epoch", "train_loss"])


def test_the_loss_of_one_model_falls_in_so_many_epochs():
    assert count_falls(steps([4.0, 3.0, 2.0])) == (2, 2)
    assert count_falls(steps([4.0, 3.0, 3.5, 2.0])) == (2, 3)
    assert count_falls(steps([4.0])) == (0, 0)
    one = {"pooled": steps([4.0, 3.0, 3.5])}
    assert describe_last(one) == "last epoch 3.50\nbelow the epoch before in 1 of 2 epochs"
    two = {"E003": steps([4.0, 3.0]), "E004": steps([4.0, 2.0])}
    assert describe_last(two) == "last epoch 2.50 (E004 2.00 to E003 3.00)"


def test_losses_of_one_model_have_no_mean_over_cells():
    figure = draw_losses({("wakawaka", "pooled"): steps([4.0, 3.0, 3.5])})
    every, ends = figure.axes[0].lines
    assert len(every.get_xdata()) == 6
    assert np.allclose(ends.get_xydata(), [(2, 4.0), (4, 3.0), (6, 3.5)])
    assert ends.get_label() == "mean of each epoch"
    plt.close(figure)
    figure = draw_losses({("n", "E003"): steps([4.0, 3.0]), ("n", "E004"): steps([4.0, 2.0])})
    assert [line.get_label() for line in figure.axes[0].lines][-1] == "mean of 2 cells"
    assert np.allclose(figure.axes[0].lines[-1].get_ydata()[2:], [2.55, 2.45])
    plt.close(figure)
