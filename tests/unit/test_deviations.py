"""What is ours is declared beside its key, and no verdict is silent about it."""

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from conftest import ROOT

from markexpr.evaluation.published import Setting, beside_published
from markexpr.io.jobs import InputError
from markexpr.settings.blocks import validated
from markexpr.settings.config import MARKS
from markexpr.settings.deviations import deviations_of_models, list_deviations
from markexpr.settings.models import Control
from markexpr.settings.studies import load_studies

FILES = sorted(Path(ROOT / "config/studies").glob("*.yaml"))
MARKED = re.compile(r"\bours\b|\bnot printed\b", re.IGNORECASE)
SHARED = ("data", "transfer", "cross_validation")  # parts whose keys all models share


def marked_keys(path):
    """Paths of keys whose comment says that they are ours or not printed, with the line: those of a
    model below its name, and of parts that all models share. A model that is ours altogether has no
    number of the paper beside it."""
    text = path.read_text()
    lines = text.splitlines()
    found, models = [], set()

    def comment_of(line):
        """The comment at a line's end, and those that stand alone above it."""
        said = [lines[line].partition(" #")[2]]
        while line and lines[line - 1].lstrip().startswith("#"):
            line -= 1
            said.append(lines[line])
        return " ".join(said)

    def walk(node, way):
        for key, value in node.value:
            line = key.start_mark.line
            if key.value == "<<":  # keys of another block, as if they stood here
                walk(value, way)
                continue
            here = (*way, key.value)
            in_model = here[0] == "models" and len(here) > 2
            if here[0] == "models" and len(here) == 2:
                models.add(line)
            about = (in_model or here[0] in SHARED) and "in_paper" not in here
            if about and MARKED.search(comment_of(line)):
                found.append((here, line))
            if isinstance(value, yaml.MappingNode):
                walk(value, here)

    walk(yaml.compose(text), ())
    # keys of one line share its comment
    return {
        line: [way for way, other in found if other == line]
        for _, line in found
        if line not in models
    }


def verdicts(study, model):
    """All that the verdict of a number of a model says."""
    metrics = pd.DataFrame(
        [("s", model, "E1", seed, "test", "auc", 0.5) for seed in (1, 2)],
        columns=["study", "model", "unit", "seed", "split", "metric", "value"],
    )
    row = {"study": "s", "model": model, "split": "test", "metric": "auc", "statistic": "mean"}
    row |= {"against": None, "value": 0.5, "n_units": 1, "label_mode": "none", "source": "x"}
    setting = Setting("s", False, "none", deviations=deviations_of_models(study))
    return beside_published(metrics, pd.DataFrame([row]), setting)["verdict"][0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_marked_ours_is_named_in_verdicts(path):
    study = load_studies(path.parent, {}, MARKS)[path.stem]
    for line, ways in marked_keys(path).items():
        models = {way[1] for way in ways if way[0] == "models"} or set(study.models)
        for model in models:
            declared = {**study.in_paper, **study.models[model].in_paper}
            keys = [
                ".".join(way[2:] if way[0] == "models" else way)
                for way in ways
                if way[0] != "models" or way[1] == model
            ]
            near = [
                other
                for other in declared
                if any(f"{other}.".startswith(f"{key}.") for key in keys)
                or any(f"{key}.".startswith(f"{other}.") for key in keys)
            ]
            place = f"{path.name}, line {line + 1} ({', '.join(keys)}), model {model}"
            assert near, f"{place}: not in in_paper"
            said = verdicts(study, model)
            named = [key.removeprefix("training.").removeprefix("data.") for key in near]
            assert any(f"{key} " in said for key in named), f"{place}: no verdict names it: {said}"


def control(**in_paper):
    return validated(Control, {"control": "gene_mean", "in_paper": in_paper}, "m")


def test_what_is_as_in_the_paper_is_no_deviation():
    assert list_deviations(control(control="gene_mean")) == []
    assert list_deviations(control(control="nearest_cell")) == [
        "control gene_mean (paper: nearest_cell)"
    ]
    assert list_deviations(control(control="not printed")) == ["control gene_mean (not printed)"]
    assert list_deviations(control(cells=["E003"])) == ["cells none (paper: [E003])"]


def test_a_key_of_another_kind_of_block_says_nothing():
    # a chromosome's split has no seed
    chosen = {"transferchrome_cross_cell": {"transfer": {"split": {"scheme": "chromosome"}}}}
    chosen["transferchrome_cross_cell"]["transfer"]["split"]["fold"] = 1
    said = []
    for overrides in ({}, chosen):
        study = load_studies(FILES[0].parent, overrides, MARKS)["transferchrome_cross_cell"]
        said.append([line for line in list_deviations(study) if "split.seed" in line])
    assert said == [["transfer.split.seed 1 (not printed)"], []]


def test_a_key_that_is_not_there_is_named():
    expected = r"m: in_paper.contol: no such key; did you mean 'control'"
    with pytest.raises(InputError, match=expected):
        control(contol="x")
