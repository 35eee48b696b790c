"""The study of published gaps, from scores on: the rule finds the settings and splits the gaps."""

import pandas as pd
import pytest
import yaml
from conftest import ROOT, snakemake

CELLS = ["E003", "E116", "E123"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Scores as if numeric labels gave 0.1 more, and random splits 0.01, whatever the model."""
    folder = tmp_path_factory.mktemp("gaps")
    models = yaml.safe_load((ROOT / "config/studies/gaps.yaml").read_text())["models"]
    (folder / "results/metrics").mkdir(parents=True)
    for path in (ROOT / "config/studies").glob("gaps*.yaml"):
        more = 0.1 * ("numeric" in path.stem) + 0.01 * ("random" in path.stem)
        rows = [
            {
                "study": path.stem,
                "model": model,
                "unit": cell,
                "seed": 1,
                "split": "test",
                "metric": "auc",
                "value": 0.8 + more + 0.01 * place,
            }
            for model in models
            for place, cell in enumerate(CELLS)
        ]
        metrics = pd.DataFrame(rows).assign(ci_low=0.0, ci_high=1.0, n=100)
        metrics.to_csv(folder / f"results/metrics/{path.stem}.tsv", sep="\t", index=False)
    options = ["--allowed-rules", "split_gaps", "--config", f"cells={','.join(CELLS)}"]
    snakemake(*options, "--", "results/tables/gaps/gaps.html", directory=folder)
    for name in ("tables/gaps/gaps.html", "figures/gaps/gaps.svg", "figures/gaps/gaps.png"):
        assert (folder / "results" / name).stat().st_size > 1000
    return pd.read_csv(folder / "results/tables/gaps/gaps.tsv", sep="\t").set_index(
        ["step", "part"]
    )


def test_each_setting_is_found_by_its_data(table):
    effects = table["effect"].unstack()
    numeric = effects.index.str.endswith("to transferchrome")
    assert effects.loc[numeric, "labels"].tolist() == pytest.approx([0.1] * numeric.sum())
    assert numeric.sum() >= 2
    assert effects[["genes", "model"]].abs().max(axis=None) < 1e-9
    parts = effects[["labels", "split", "genes", "model"]].sum(axis=1)
    assert parts.tolist() == pytest.approx(effects["ours, together"].tolist())


def test_printed_numbers_stand_beside_ours(table):
    step = table.loc["deepchrome to attentivechrome"]
    assert step.loc["published", "effect"] == pytest.approx(0.0116)
    assert step.loc["published, beyond ours", "effect"] == pytest.approx(0.0116)
    assert (table["units"] == 3).all()
