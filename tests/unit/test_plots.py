"""What figures share: where their title goes, and that it says where data are simulated."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest

from markexpr.plots import save
from markexpr.plots.panels import draw_map, make_grid


def a_job(folder, simulated):
    return SimpleNamespace(
        output=SimpleNamespace(svg=folder / "figure.svg", png=folder / "figure.png"),
        params=SimpleNamespace(simulated=simulated),
    )


@pytest.mark.parametrize(
    ("simulated", "title"), [(True, "Genes (simulated data)"), (False, "Genes")]
)
def test_the_title_stands_over_the_only_panel(tmp_path, simulated, title):
    figure, axis = plt.subplots()
    save(figure, "Genes", a_job(tmp_path, simulated))
    assert axis.get_title() == title and not figure.get_suptitle()
    assert (tmp_path / "figure.svg").exists() and (tmp_path / "figure.png").exists()


def test_the_title_stands_over_panels_that_have_their_own(tmp_path):
    figure, axes = make_grid(1)
    axes[0].set_title("a model")
    save(figure, "Genes", a_job(tmp_path, False), tmp_path / "other.svg", tmp_path / "other.png")
    assert axes[0].get_title() == "a model" and figure.get_suptitle() == "Genes"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.png", "other.svg"]


def test_equal_figures_give_equal_files(tmp_path):
    files = []
    for number in (1, 2):
        figure, axes = make_grid(3, columns=2)
        image = draw_map(axes[0], [[0, 1, 2, 3]], ["H3K4me3"], [-200, -100, 0, 100])
        assert image.get_extent() == [-0.2, 0.2, 0.5, -0.5]
        (tmp_path / str(number)).mkdir()
        save(figure, "Map", a_job(tmp_path / str(number), False))
        files.append((tmp_path / str(number) / "figure.svg").read_bytes())
    assert files[0] == files[1]
