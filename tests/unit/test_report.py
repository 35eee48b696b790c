"""Tables and figures that one job draws: each sees its own outputs, and those alone are drawn."""

from types import SimpleNamespace

from markexpr.report import show_all


def test_each_of_a_jobs_outputs_is_drawn_under_its_own_name():
    drawn = {}

    def part(name):
        return SimpleNamespace(show=lambda job: drawn.update({name: job}))

    outputs = {"depth_svg": "a.svg", "depth_png": "a.png", "genes_table": "b.tsv"}
    job = SimpleNamespace(input=["counts"], output=outputs, params=None, wildcards=None)
    show_all({name: part(name) for name in ("genes", "depth", "profiles")}, job, read=["rows"])
    assert {name: vars(seen.output) for name, seen in drawn.items()} == {
        "genes": {"table": "b.tsv"},
        "depth": {"svg": "a.svg", "png": "a.png"},
    }
    assert all((seen.input, seen.read) == (["counts"], ["rows"]) for seen in drawn.values())


def test_a_study_without_a_curve_has_a_figure_that_says_so():
    from markexpr.report.roc import draw

    assert "there is no ROC curve to draw" in draw([]).axes[0].texts[0].get_text()
