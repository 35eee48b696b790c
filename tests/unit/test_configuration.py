"""Config, sheets, studies, and the digest of code."""

import pytest
import yaml

from markexpr import configuration, studies
from markexpr.configuration import code_digest, code_files
from markexpr.io.jobs import InputError


@pytest.fixture
def schema(root):
    return configuration.read_yaml(root / "workflow/schemas/config.schema.yaml")


@pytest.fixture
def config(root):
    return configuration.read_yaml(root / "config/config.yaml")


def check(config, schema, **changes):
    configuration.check(configuration.normalised({**config, **changes}), schema, "config")


def test_the_shipped_config_is_valid(config, schema):
    check(config, schema)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"miror": "x"}, r"config: unknown key 'miror'; did you mean 'mirror'\?"),
        (
            {"bootstrap": {"replicates": 1000, "sead": 1}},
            r"unknown key 'bootstrap.sead'; did you mean 'seed'\?",
        ),
        ({"seeds": ["one"]}, "config: seeds.0: 'one' is not of type 'integer'"),
        ({"seeds": []}, "config: seeds: "),
        (
            {"sources": {"E003": {"kind": "deepdif_csv", "path": "x"}}},
            "sources.E003.kind: 'deepdif_csv' is not one of",
        ),
        (
            {"sources": {"E003": {"kind": "deepdiff_csv"}}},
            "sources.E003: 'path' is a required property",
        ),
        ({"sources": {"E0;rm -rf": {"kind": "remc"}}}, "config: sources"),
        (
            {"sources": {"E003": {"kind": "remc", "path": "x"}}},
            "sources.E003: .*kind remc takes no other key",
        ),
        (
            {"sources": {"x": {"kind": "bam", "path": "/x.bam"}}},
            "sources.x.path: .*must name the place of the mark by",
        ),
        (
            {"sources": {"x": {"kind": "tagalign", "path": "{mark}", "drop_duplicates": True}}},
            "are of kind bam",
        ),
        ({"gpu": "perhaps"}, "config: gpu: 'perhaps' is not one of"),
    ],
)
def test_a_wrong_key_or_value_is_one_clear_line(config, schema, changes, message):
    with pytest.raises(InputError, match=message) as error:
        check(config, schema, **changes)
    assert "\n" not in str(error.value)


def test_values_from_the_command_line_get_their_types(config, schema):
    given = {
        "cells": "E003,E123",
        "seeds": ["1", "2"],
        "bootstrap": {"replicates": "200", "seed": "3"},
        "overrides": {"a": {"b": ["0.5", "x"]}},
    }
    result = configuration.normalised({**config, **given})
    configuration.check(result, schema, "config")
    assert result["cells"] == ["E003", "E123"]
    sources = {
        "x": {"kind": "bam", "path": "/1/{mark}", "expression": "12", "min_mapping_quality": "10"}
    }
    assert configuration.normalised({**config, "sources": sources})["sources"]["x"] == {
        **sources["x"],
        "min_mapping_quality": 10,
    }
    assert result["seeds"] == [1, 2]
    assert result["bootstrap"] == {"replicates": 200, "seed": 3}
    assert result["overrides"] == {"a": {"b": [0.5, "x"]}}
    assert configuration.normalised({**config, "seeds": 5})["seeds"] == [5]
    assert (
        configuration.normalised({**config, "mirror": "https://x/data/"})["mirror"]
        == "https://x/data"
    )


def test_switches_from_the_command_line_are_switches(config, schema):
    for key in ("gpu", "train_together"):
        for word, value in (("true", True), ("false", False)):
            given = configuration.normalised({**config, key: word})
            configuration.check(given, schema, "config")
            assert given[key] is value


def test_unknown_names_are_refused_with_the_nearest_known():
    assert configuration.choose("all", ["E003", "E004"], "cells", "the sheet") == ["E003", "E004"]
    with pytest.raises(
        InputError, match=r"'cells' names 'E03', which is not in the sheet; did you mean 'E003'\?"
    ):
        configuration.choose(["E03"], ["E003", "E128"], "cells", "the sheet")


def test_pairs_are_those_listed_or_any_two_cells():
    known, listed = ["E003", "E004", "E123", "liver1"], ["E123-E003", "E003-E004"]
    assert configuration.pairs_of("all", listed, known) == listed
    assert configuration.pairs_of("all", listed, known, built=["E003", "E004"]) == ["E003-E004"]
    assert configuration.pairs_of(["E003-liver1"], listed, known, built=["E123"]) == ["E003-liver1"]
    for pair, message in (
        ("E003-E03", "'E03', which is not in .*did you mean 'E003'"),
        ("E003-E003", "not two different cells"),
        ("E003", "not two"),
    ):
        with pytest.raises(InputError, match=message):
            configuration.pairs_of([pair], listed, known)


def load(root, overrides, folder=None):
    study_schema = configuration.read_yaml(root / "workflow/schemas/study.schema.yaml")
    marks = ["H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"]
    return studies.load_studies(folder or root / "config/studies", overrides, study_schema, marks)


def test_overrides_change_single_keys_and_are_checked(root):
    study = load(root, {"deepchrome": {"models": {"deepchrome": {"training": {"epochs": 3}}}}})[
        "deepchrome"
    ]
    plain = load(root, {})["deepchrome"]
    assert study["models"]["deepchrome"]["training"].pop("epochs") == 3
    assert plain["models"]["deepchrome"]["training"].pop("epochs") == 100
    assert study == plain
    for overrides, message in [
        ({"deepcrome": {}}, r"unknown study 'deepcrome'; did you mean 'deepchrome'\?"),
        (
            {"deepchrome": {"data": {"normalize": "none"}}},
            r"with 'overrides': unknown key 'data.normalize'; did you mean 'normalise'\?",
        ),
        (
            {"deepchrome": {"data": {"marks": ["H3K4me33"]}}},
            r"unknown mark 'H3K4me33'.*did you mean 'H3K4me3'\?",
        ),
        (
            {"deepchrome": {"models": {"deepchrome": {"architecture": "deepcrome"}}}},
            r"unknown architecture 'deepcrome'; did you mean 'deepchrome'\?",
        ),
    ]:
        with pytest.raises(InputError, match=message):
            load(root, overrides)


def test_a_variant_of_a_study_takes_all_but_what_it_changes(root):
    every = load(
        root, {"transferchrome": {"models": {"transferchrome": {"training": {"epochs": 3}}}}}
    )
    printed, text = every["transferchrome"], every["transferchrome_text"]
    assert text["data"]["target"] == {**printed["data"]["target"], "label_mode": "text"}
    assert {**text["data"], "target": None} == {**printed["data"], "target": None} and text[
        "paper"
    ] == printed["paper"]
    assert list(text["models"]) == ["deepchrome", "attentivechrome", "convchrome", "transferchrome"]
    # a change of the base's file reaches its variants, and the variants of its models
    for study, model in (
        ("transferchrome", "transferchrome_cross_unseen"),
        ("transferchrome_text", "transferchrome"),
    ):
        assert every[study]["models"][model]["training"]["epochs"] == 3
    assert "tables" not in text and every["transferchrome_chromosome"]["data"]["split"] == {
        "scheme": "chromosome",
        "fold": 0,
    }
    cross = printed["models"]["transferchrome_cross_unseen"]
    assert (
        cross["source_genes"] == "unseen"
        and cross["training"]["domain"]["schedule"] == "rising"
        and "base" not in cross
    )


@pytest.mark.parametrize(
    ("study", "change", "message"),
    [
        (
            "transferchrome_text",
            {"base": "transfercrome"},
            "study transferchrome_text: unknown base 'transfercrome'; did you mean "
            "'transferchrome'",
        ),
        (
            "transferchrome_text",
            {"base": "transferchrome_chromosome"},
            "unknown base 'transferchrome_chromosome'",
        ),
        (
            "transferchrome",
            {"models": {"transferchrome_1": {"base": "transferchrom"}}},
            "unknown base 'transferchrom'; did you mean 'transferchrome'",
        ),
        (
            "transferchrome",
            {"models": {"transferchrome": {"base": "transferchrome_1"}}},
            "unknown base 'transferchrome",
        ),
        (
            "transferchrome",
            {"tables": {"table2": {"models": ["deepchrom"]}}},
            "table2 names the unknown model 'deepchrom'; did you mean 'deepchrome'",
        ),
        (
            "transferchrome",
            {"claims": [{"better": "x", "than": "deepchrome", "source": "y"}]},
            "claims names the unknown model 'x'",
        ),
        (
            "transferchrome",
            {"attention": ["transferchrom"]},
            "attention names the unknown model 'transferchrom'",
        ),
        (
            "transferchrome",
            {"models": {"deepchrome": {"training": {"loss": "mean_squared_error"}}}},
            "'mean_squared_error' does not fit the target",
        ),
        (
            "transferchrome",
            {"models": {"deepchrome": {"training": {"early_stopping": {"monitor": "pearson"}}}}},
            "use auc, loss or none",
        ),
        (
            "transferchrome",
            {"models": {"deepchrome": {"regime": "origin"}}},
            "'units: transfers' and 'regime' go together",
        ),
        ("transferchrome", {"transfer": {"split": {"scheme": "source"}}}, "transfer.split"),
        (
            "deepdiff",
            {"data": {"target": {"transform": "log1p"}}},
            "a pair's target is a log2 fold change",
        ),
        (
            "deepdiff_flanks",
            {"data": {"orientation": "transcription"}},
            "are not turned: use orientation: genomic",
        ),
        (
            "deepdiff",
            {
                "models": {
                    "aux": {"training": {"auxiliary": {"kind": "classification", "weight": 1.0}}}
                }
            },
            "start_at_mean is for values",
        ),
        (
            "deepdiff",
            {"models": {"raw_d": {"network": {"auxiliary": True}}}},
            "'training.auxiliary' and 'network.auxiliary' go together",
        ),
        (
            "deepdiff",
            {"models": {"ridge": {"estimator": {"strength": [1]}}}},
            "unknown key 'estimator.strength'; did you mean 'strengths'",
        ),
        (
            "deepdiff",
            {"models": {"ridge": {"units": "cells"}}},
            "an estimator is trained on the units of its study",
        ),
        (
            "transferchrome",
            {"transfer": {"split": {"held_out_cells": ["E003"]}}},
            r"transfer\.split: a key with the value \['E003'\] does not belong here",
        ),
        ("dense_ensemble", {"models": {"gene_mean": {"control": "gene_means"}}}, "gene_means"),
        (
            "dense_ensemble",
            {"models": {"gene_mean": {"units": "cells"}}},
            "a control is of studies with units: cells or pooled, and has no other key",
        ),
        (
            "deepdiff",
            {"models": {"mean": {"control": "gene_mean"}}},
            "a control is of studies with units: cells or pooled",
        ),
        (
            "deepdiff",
            {"data": {"split": {"held_out_cells": ["E116"]}}},
            "held_out_cells is for studies of cells without transfers",
        ),
        ("dense_ensemble", {"attention": ["gene_mean"]}, "gene_mean has no self-attention"),
        ("dense_ensemble", {"losses": ["ridge"]}, "losses: ridge is no net"),
        (
            "dense_ensemble",
            {"losses": ["densnet"]},
            "losses names the unknown model 'densnet'; did you mean 'densenet'",
        ),
        (
            "dense_ensemble",
            {"attributions": {"model": "random_forest"}},
            "attributions: random_forest is no net",
        ),
        (
            "transferchrome",
            {"attributions": {"model": "transferchrome_cross"}},
            "is no net that is trained on the study's units",
        ),
        ("transferchrome", {"data": {"zscore_genes": "train"}}, "use zscore_genes: all"),
        ("transferchrome", {"attention": ["deepchrome"]}, "deepchrome has no self-attention"),
        (
            "transferchrome",
            {"models": {"transferchrome_cross": {"network": {"domain_hidden": 0}}}},
            "network.domain_hidden above 0",
        ),
        (
            "deepchrome",
            {"models": {"deepchrome": {"regime": "origin", "units": "transfers"}}},
            "need the study's key 'transfer'",
        ),
        (
            "transferchrome",
            {
                "models": {
                    "deepchrome": {"training": {"domain": {"maximum": 1, "schedule": "rising"}}}
                }
            },
            "'training.domain' and 'regime: cross' go together",
        ),
    ],
)
def test_variants_that_do_not_fit_are_refused(root, study, change, message):
    with pytest.raises(InputError, match=message):
        load(root, {study: change})


def test_each_loss_has_a_kind_of_target():
    from markexpr.training import LOSSES

    assert set(LOSSES) == set(studies.TARGET_OF_LOSS)


def test_broken_yaml_is_named_with_its_line(root, tmp_path):
    (tmp_path / "x.yaml").write_text("title: [\nunits: cells\n")
    with pytest.raises(InputError, match=r"x\.yaml, line 3: not valid YAML: expected"):
        load(root, {}, tmp_path)


def test_sheets(root, tmp_path):
    cells = configuration.read_sheet(root / "config/cells.tsv", ["cell", "name"])
    assert len(cells) == 56 and cells[0]["cell"] == "E003" and cells[-1]["cell"] == "E128"
    pairs = configuration.read_sheet(root / "config/pairs.tsv", ["cell_a", "cell_b"])
    assert len(pairs) == 10 and {row[side] for row in pairs for side in row} <= {
        row["cell"] for row in cells
    }
    (tmp_path / "cells.tsv").write_text("# a comment\ncell\tname\nE003\n")
    with pytest.raises(InputError, match=r"cells\.tsv, line 3: 1 columns where the header has 2"):
        configuration.read_sheet(tmp_path / "cells.tsv", ["cell", "name"])
    with pytest.raises(InputError, match="must name the columns epigenome"):
        configuration.read_sheet(root / "config/cells.tsv", ["epigenome"])


def test_every_published_number_has_a_source_and_a_study(root):
    columns = [
        "study",
        "model",
        "split",
        "metric",
        "statistic",
        "against",
        "value",
        "n_units",
        "label_mode",
        "own_paper",
        "source",
    ]
    rows = configuration.read_sheet(root / "config/published.tsv", columns)
    every = load(root, {})
    assert rows
    for row in rows:
        assert (row["statistic"].split("_")[-1] in ("drop", "relative")) == bool(row["against"])
        assert (
            row["study"] in every
            and row["source"]
            and 0 <= float(row["value"]) <= (5 if row["metric"] == "mse" else 2)
            and int(row["n_units"]) >= 0
        )


# ---- the digest of code ----


def forget(configuration):
    """Have what was read of the code read anew."""
    configuration._parsed.cache_clear()
    configuration.code_digest.cache_clear()


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    files = {
        "train.py": "from markexpr.training import fit\n",
        "markexpr/__init__.py": "",
        "markexpr/training.py": (
            '"""Trains."""\nfrom markexpr import metrics\n\n\ndef fit():\n    """Fit."""\n    '
            "return metrics.auc\n"
        ),
        "markexpr/metrics.py": "def auc():\n    return 1\n",
        "markexpr/plots.py": "import markexpr.metrics\n",
        "markexpr/models/__init__.py": "",
        "markexpr/models/a.py": "WIDTH = 1\n",
        "markexpr/models/b.py": "WIDTH = 2\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(configuration, "SCRIPTS", tmp_path)
    forget(configuration)
    yield tmp_path
    forget(configuration)


def edited(scripts, name, old, new):
    forget(configuration)
    path = scripts / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_the_digest_follows_imports_and_no_others(scripts):
    assert [path.name for path in code_files("train.py")] == [
        "metrics.py",
        "training.py",
        "train.py",
    ]
    before = code_digest("train.py")
    edited(scripts, "markexpr/plots.py", "import", "import sys, ")
    assert code_digest("train.py") == before
    edited(scripts, "markexpr/metrics.py", "1", "2")
    assert code_digest("train.py") != before


def test_the_digest_of_one_model_does_not_see_the_other(scripts):
    a, b = (
        code_digest("train.py", "markexpr/models/a.py"),
        code_digest("train.py", "markexpr/models/b.py"),
    )
    edited(scripts, "markexpr/models/a.py", "1", "3")
    assert code_digest("train.py", "markexpr/models/a.py") != a
    assert code_digest("train.py", "markexpr/models/b.py") == b


def test_comments_and_docstrings_do_not_count(scripts):
    before = code_digest("train.py")
    edited(scripts, "markexpr/training.py", '"""Fit."""', '"""Fit a model."""  # quickly')
    assert code_digest("train.py") == before


def test_the_training_job_depends_on_all_it_uses(root):
    names = {path.name for path in code_files("train_model.py", "markexpr/models/deepchrome.py")}
    assert {"train_model.py", "training.py", "samples.py", "metrics.py", "deepchrome.py"} <= names
    assert "plots.py" not in names and "counts.py" not in names


def test_every_yaml_of_the_project_parses(root):
    for path in [
        *root.glob("config/**/*.yaml"),
        *root.glob("envs/*.yaml"),
        *root.glob("profiles/**/*.yaml"),
        *root.glob("workflow/**/*.yaml"),
    ]:
        assert isinstance(yaml.safe_load(path.read_text()), dict), path
