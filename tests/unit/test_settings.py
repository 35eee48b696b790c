"""Config, sheets and studies as typed models: what is taken, inherited and refused."""

import datetime
import subprocess
import sys
from typing import get_args

import pytest
import yaml
from conftest import with_studies

from markexpr.evaluation.regimes import REGIMES
from markexpr.io.jobs import InputError
from markexpr.models.registry import ESTIMATORS, NETS
from markexpr.settings import reference
from markexpr.settings.claims import Regime
from markexpr.settings.config import Config, choose_pairs, load_config
from markexpr.settings.reading import choose, read_sheet, read_yaml
from markexpr.settings.studies import TARGET_OF_LOSS, load_studies
from markexpr.training import LOSSES

MARKS = ["H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"]


def load(root, overrides, folder=None):
    return load_studies(folder or root / "config/studies", overrides, MARKS)


# ---- the configuration ----


def test_the_shipped_config_holds_the_defaults(root):
    assert load_config(read_yaml(root / "config/config.yaml")) == Config()


def test_files_made_from_the_models_are_in_step(root):
    made = "run `make docs`: it is made from markexpr/settings/ and models/registry.py"
    assert (root / "config/config.yaml").read_text() == reference.write_config(), made
    assert (root / "docs/configuration.md").read_text() == reference.write_page(), made


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"miror": "x"}, r"config: unknown key 'miror'; did you mean 'mirror'\?"),
        (
            {"bootstrap": {"replicates": 1000, "sead": 1}},
            r"unknown key 'bootstrap.sead'; did you mean 'seed'\?",
        ),
        ({"train_together": True}, "unknown key 'train_together'; it is gone"),
        ({"seeds": ["one"]}, "config: seeds.0: 'one': Input should be a valid integer"),
        ({"seeds": [True]}, "config: seeds.0: True: is no number"),
        ({"seeds": []}, "config: seeds: "),
        ({"cells": []}, "config: cells: "),
        ({"cells": [False]}, "config: cells.0: False: Input should be a valid string"),
        ({"cells": [123]}, "config: cells.0: 123: .*put it in quotes, as '123' or 'NO'"),
        ({"marks": ["H3K4me3", True]}, "config: marks.1: True: .*put it in quotes"),
        ({"pairs": [datetime.date(2020, 1, 1)]}, "config: pairs.0: .*put it in quotes"),
        ({"cells": ["E003", None]}, "config: cells.1: None: .*an entry is empty"),
        ({"sources": {1: {"kind": "remc"}}}, "config: sources.1: 1: .*put it in quotes"),
        ({"seeds": [1, 1.0]}, "config: seeds: .*1 stands twice"),
        ({"seeds": [1.5]}, "config: seeds.0: 1.5: Input should be a valid integer"),
        ({"cells": ["E003", "E003"]}, "config: cells: .*'E003' stands twice"),
        ({"cells": ["E0;rm -rf"]}, "config: cells.0: 'E0;rm -rf' does not match"),
        ({"mirror": ""}, "config key 'mirror' is empty"),
        ({"mirror": "http://x"}, "config key 'mirror': http://x is not https"),
        (
            {"sources": {"E003": {"kind": "deepdif_csv", "path": "x"}}},
            "sources.E003.kind: 'deepdif_csv' is not one of",
        ),
        ({"sources": {"E003": {"kind": "deepdiff_csv"}}}, "sources.E003: 'path' is missing"),
        ({"sources": {"E003": {"path": "x"}}}, "sources.E003: 'kind' is missing"),
        ({"sources": {"E0;rm -rf": {"kind": "remc"}}}, "config: sources"),
        (
            {"sources": {"E003": {"kind": "remc", "path": "x"}}},
            "sources.E003: .*kind remc takes no other key",
        ),
        (
            {"sources": {"x": {"kind": "bam", "path": "/x.bam"}}},
            "sources.x.path: .*must name the place of the mark by {mark}",
        ),
        (
            {"sources": {"x": {"kind": "tagalign", "path": "{mark}", "drop_duplicates": True}}},
            "are of kind bam",
        ),
        ({"gpu": "perhaps"}, "config: gpu: 'perhaps'"),
        ({"fits_per_gpu": 11}, "config: fits_per_gpu: 11: .*less than or equal to 10"),
    ],
)
def test_a_wrong_key_or_value_is_one_clear_line(changes, message):
    with pytest.raises(InputError, match=message) as error:
        load_config(changes)
    assert "\n" not in str(error.value)


def test_values_from_the_command_line_get_their_types():
    result = load_config(
        {
            "cells": "E003,E123",
            "seeds": ["1", "2"],
            "bootstrap": {"replicates": "200", "seed": "3"},
            "overrides": {"a": {"b": ["0.5", "1e-4", "x"]}},
            "mirror": "https://x/data/",
            "simulate": {"null": "true"},
        }
    )
    assert result.cells == ["E003", "E123"] and result.seeds == [1, 2]
    assert result.bootstrap.replicates == 200 and result.bootstrap.seed == 3
    assert result.overrides == {"a": {"b": [0.5, 1e-4, "x"]}}
    assert result.mirror == "https://x/data" and result.simulate.null is True
    assert load_config({"seeds": 5}).seeds == [5]
    assert [str(seed) for seed in load_config({"seeds": [1.0, "2e0"]}).seeds] == ["1", "2"]
    assert load_config({"mirror": "/data/roadmap"}).mirror == "file:///data/roadmap"
    source = {"kind": "bam", "path": "/1/{mark}", "expression": "12", "min_mapping_quality": "10"}
    given = load_config({"cells": ["x"], "sources": {"x": source}}).sources["x"].plain()
    assert given == {**source, "min_mapping_quality": 10}


def test_switches_from_the_command_line_are_switches():
    for word, value in (("true", True), ("false", False)):
        assert load_config({"gpu": word}).gpu is value
        assert load_config({"allow_http": word}).allow_http is value


def test_unknown_names_are_refused_with_the_nearest_known():
    assert choose("all", ["E003", "E004"], "cells", "the sheet") == ["E003", "E004"]
    with pytest.raises(InputError, match=r"did you mean 'E003'\?"):
        choose(["e003"], ["e0030", "E003"], "cells", "the sheet")
    message = r"'cells' names 'E03', which is not in the sheet; did you mean 'E003'\?"
    with pytest.raises(InputError, match=message):
        choose(["E03"], ["E003", "E128"], "cells", "the sheet")


def test_pairs_are_those_listed_or_any_two_cells():
    known, listed = ["E003", "E004", "E123", "liver1"], ["E123-E003", "E003-E004"]
    assert choose_pairs("all", listed, known) == listed
    assert choose_pairs("all", listed, known, built=["E003", "E004"]) == ["E003-E004"]
    assert choose_pairs(["E003-liver1"], listed, known, built=["E123"]) == ["E003-liver1"]
    for pair, message in (
        ("E003-E03", "'E03', which is not in .*did you mean 'E003'"),
        ("E003-E003", "not two different cells"),
        ("E003", "not two"),
    ):
        with pytest.raises(InputError, match=message):
            choose_pairs([pair], listed, known)


def test_settings_are_read_without_torch_or_numpy(root):
    code = (
        "import sys; import markexpr.project; "
        "sys.exit(bool({'torch', 'numpy', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    scripts = root / "workflow/scripts"
    assert subprocess.run([sys.executable, "-c", code], cwd=scripts).returncode == 0


# ---- inheritance ----


def test_null_in_overrides_takes_away_what_a_variant_inherits(root):
    overrides = {
        "attributions": None,
        "tables": {"table1": None, "table1b": None},
        "models": {"raw_c": None},
    }
    study = load(root, {"deepdiff_tuned": overrides})["deepdiff_tuned"]
    assert study.attributions is None and study.mark_attention is not None
    assert "raw_c" not in study.models and "raw_d" in study.models
    assert not study.tables


def test_overrides_change_single_keys_and_are_checked(root):
    change = {"deepchrome": {"models": {"deepchrome": {"training": {"epochs": 3}}}}}
    study, plain = load(root, change)["deepchrome"].plain(), load(root, {})["deepchrome"].plain()
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
            r"is of the marks H3K4me33 .*not in config key 'marks' .H3K4me3, .*: add it",
        ),
        (
            {"deepchrome": {"models": {"deepchrome": {"architecture": "deepcrome"}}}},
            r"unknown architecture 'deepcrome'; did you mean 'deepchrome'\?",
        ),
        ({"deepchrome": {"units": "cells"}}, "unknown key 'units'; a study's is 'task' now"),
        (
            {"deepchrome": {"models": {"deepchrome": {"network": {"kernel": 5}}}}},
            r"unknown key 'models.deepchrome.network.kernel'; did you mean 'kernels'\?",
        ),
        (
            {"deepchrome": {"models": {"deepchrome": {"network": {"kernels": "x"}}}}},
            "models.deepchrome.network.kernels: 'x': Input should be a valid integer",
        ),
        (
            {"deepchrome": {"models": {"deepchrome": {"training": {"epochs": True}}}}},
            "models.deepchrome.training.epochs: True: is no number",
        ),
    ]:
        with pytest.raises(InputError, match=message) as error:
            load(root, overrides)
        assert "\n" not in str(error.value)


def test_a_block_of_another_kind_takes_the_place_of_the_whole(root):
    split = {"data": {"split": {"scheme": "source"}}}
    studies = load(root, {"deepchrome": split})
    assert studies["deepchrome"].data.split.plain() == {"scheme": "source"}
    adam = {"training": {"optimiser": {"name": "adam", "learning_rate": 0.01}}}
    studies = load(root, {"deepchrome": {"models": {"deepchrome": adam}}})
    optimiser = studies["deepchrome"].models["deepchrome"].training.optimiser
    default = {"epsilon": 1e-8, "weight_decay": 0.0}
    assert optimiser.plain() == {"name": "adam", "learning_rate": 0.01, **default}


def test_a_variant_of_a_study_takes_all_but_what_it_changes(root):
    change = {"models": {"transferchrome": {"training": {"epochs": 3}}}}
    every = load(root, {"transferchrome": change})
    printed, text = every["transferchrome"], every["transferchrome_text"]
    assert text.data.target.label_mode == "text" and printed.data.target.label_mode == "numeric"
    own, other = text.data.plain(), printed.data.plain()
    assert {**own, "target": None} == {**other, "target": None} and text.paper == printed.paper
    assert list(text.models) == ["deepchrome", "attentivechrome", "convchrome", "transferchrome"]
    split = every["transferchrome_chromosome"].data.split
    assert split.plain() == {"scheme": "chromosome", "fold": 0}
    # a change of the base's file reaches its variants, and the variants of its models
    crossed = every["transferchrome_cross_cell"]
    for study, model in (
        (crossed, "transferchrome_cross_unseen"),
        (text, "transferchrome"),
        (printed, "transferchrome_1"),
    ):
        assert study.models[model].training.epochs == 3
    cross = crossed.models["transferchrome_cross_unseen"]
    assert cross.source_genes == "unseen" and cross.trained_on == "both"
    assert cross.training.domain.schedule == "rising"
    assert crossed.data == printed.data and crossed.paper == printed.paper


def test_what_is_inherited_names_no_model_that_is_not_there(root):
    every = load(root, {})
    assert list(every["transferchrome_text"].figures) == ["figure3"]
    assert list(every["transferchrome_text"].tables) == ["table2"]
    assert len(every["transferchrome_text"].claims) == 4
    assert every["transferchrome_text"].attention == []  # null in its file
    assert every["wakawaka"].losses == ["wakawaka"] and every["wakawaka"].attributions is None


@pytest.mark.parametrize("base", ["dense_ensemble", "wakawaka", "transferchrome", "deepdiff"])
def test_a_variant_inherits_metric_and_all_else(root, tmp_path, base):
    variant = {"base": base, "setting": "by chromosome"}
    variant["data"] = {"split": {"scheme": "chromosome", "fold": 1}}
    every = load(root, {}, with_studies(tmp_path, variant=variant))
    own, parent = every["variant"].plain(), every[base].plain()
    differing = {key for key in own if own[key] != parent.get(key)}
    assert differing == {"base", "setting", "data"} and set(parent) - set(own) <= {"base"}
    assert every["variant"].first_metric == every[base].first_metric
    # all data but the split, and of that the cells that are held out go with the scheme
    assert {**own["data"], "split": None} == {**parent["data"], "split": None}


def test_regimes_are_named_alike_in_settings_and_scores():
    assert get_args(Regime) == tuple(REGIMES)


def test_an_estimator_and_a_net_may_change_place(root):
    """A model of another architecture has hyperparameters of its own."""
    changes = {"models": {"resnet": {"network": {"features": 4}}}}
    resnet = load(root, {"dense_ensemble": changes})["dense_ensemble"].models["resnet"]
    assert resnet.network == {"stages": [2, 2, 2, 2], "features": 4}
    assert resnet.training.batch_size == 100 and resnet.training.seed_by_unit


REFUSED = [
    (
        "transferchrome_text",
        {"base": "transfercrome"},
        "study transferchrome_text: unknown base 'transfercrome'; did you mean 'transferchrome'",
    ),
    ("transferchrome_text", {"base": "transferchrome_text"}, "unknown base 'transferchrome_text'"),
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
        "table2: names the unknown model 'deepchrom'; did you mean 'deepchrome'",
    ),
    (
        "transferchrome",
        {"claims": [{"better": "x", "than": "deepchrome", "source": "y"}]},
        "claims: names the unknown model 'x'",
    ),
    (
        "transferchrome",
        {"claims": [{"equal": ["x", "deepchrome"], "margin": 0.01, "source": "y"}]},
        "claims: names the unknown model 'x'",
    ),
    (
        "transferchrome",
        {"claims": [{"beter": "deepchrome", "source": "y"}]},
        "claims.0: one of 'better', 'ensemble', 'equal', 'best' and 'worst' says what claim it is",
    ),
    (
        "transferchrome",
        {
            "claims": [
                {"best": "x", "among": ["deepchrome"], "in_units": 1, "of_units": 2, "source": "y"}
            ]
        },
        "claims.0: x is not in 'among'",
    ),
    (
        "transferchrome_cross_cell",
        {
            "claims": [
                {
                    "better": "deepchrome_origin",
                    "than": "deepchrome_uncross",
                    "rows": "unseen",
                    "source": "y",
                }
            ]
        },
        "claims: deepchrome_origin deepchrome_uncross: 'rows', 'gap' and 'ensemble' are about "
        "held-out cells, which task transfers has not",
    ),
    (
        "dense_ensemble",
        {"claims": [{"better": "densenet", "than": "resnet", "rows": "unsean", "source": "y"}]},
        "claims.0.rows: 'unsean' is not one of 'train_seen'",
    ),
    (
        "dense_ensemble",
        {
            "claims": [
                {
                    "better": "densenet",
                    "than": "resnet",
                    "rows": "unseen",
                    "cells": ["E003"],
                    "source": "y",
                }
            ]
        },
        "claims.0: of 'cells', 'rows' and 'gap' a claim has one at most",
    ),
    (
        "transferchrome",
        {"attention": ["transferchrom"]},
        "attention: names the unknown model 'transferchrom'",
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
    ("transferchrome_cross_cell", {"transfer": {"split": {"scheme": "source"}}}, "transfer.split"),
    (
        "transferchrome_cross_cell",
        {"transfer": {"split": {"held_out_cells": ["E003"]}}},
        "transfer.split: held_out_cells does not belong here",
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
                "aux": {
                    "training": {"auxiliary": {"kind": "classification"}, "start_at_mean": True}
                }
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
        "unknown key 'models.ridge.estimator.strength'; did you mean 'strengths'",
    ),
    ("deepdiff", {"models": {"new": {"cells": ["E003"]}}}, "says what model it is"),
    (
        "dense_ensemble",
        {"models": {"gene_mean": {"control": "gene_means"}}},
        "'gene_means' is not one of",
    ),
    ("dense_ensemble", {"attention": ["gene_mean"]}, "gene_mean has no self-attention"),
    (
        "transferchrome_cross_cell",
        {"transfer": {"split": {"valid_drawn": "per_model"}}},
        "transfer.split: one split serves all cells: use valid_drawn: shared",
    ),
    (
        "wakawaka",
        {"models": {"wakawaka": {"network": {"initialisation": "jax"}}}},
        "'jax' is not one of",
    ),
    ("dense_ensemble", {"losses": ["ridge"]}, "losses: ridge is no net"),
    (
        "dense_ensemble",
        {"losses": ["densnet"]},
        "losses: names the unknown model 'densnet'; did you mean 'densenet'",
    ),
    (
        "dense_ensemble",
        {"attributions": {"model": "random_forest"}},
        "attributions: random_forest is no net",
    ),
    ("transferchrome", {"attention": ["deepchrome"]}, "deepchrome has no self-attention"),
    ("deepdiff", {"mark_attention": {"model": "ridge"}}, "ridge has no attention over marks"),
    (
        "deepdiff",
        {
            "mark_attention": {
                "statements": [
                    {"change": "up", "marks": ["H3K4me"], "ranks": [1], "source": "somewhere"}
                ]
            }
        },
        "mark_attention.statements: names the mark 'H3K4me'; did you mean 'H3K4me3'",
    ),
    (
        "deepdiff",
        {
            "mark_attention": {
                "statements": [{"change": "up", "marks": ["H3K4me3"], "source": "somewhere"}]
            }
        },
        "needs 'ranks' or 'above_other'",
    ),
    (
        "deepdiff",
        {"tables": {"table1b": {"relative_to_study": "deepdiff_flank"}}},
        "names the unknown study 'deepdiff_flank'; did you mean 'deepdiff_flanks'",
    ),
    (
        "deepdiff",
        {"tables": {"table1b": {"relative_to": ["attentivechrome"]}}},
        "relative_to names 'attentivechrome', which study deepdiff_flanks lacks",
    ),
    (
        "deepdiff",
        {"tables": {"table1": {"relative_to": None, "relative_to_study": "deepdiff_flanks"}}},
        "'relative_to_study' needs 'relative_to'",
    ),
    (
        "wakawaka",
        {"models": {"wakawaka": {"training": {"sampler": "by_gene"}}}},
        "by_gene needs training.cells_per_gene",
    ),
    (
        "wakawaka",
        {"models": {"experiment5": {"training": {"epochs": 7}}}},
        "training.epochs is 7, and its stages have 20",
    ),
]


@pytest.mark.parametrize(("study", "change", "message"), REFUSED)
def test_studies_that_do_not_fit_are_refused(root, study, change, message):
    with pytest.raises(InputError, match=message) as error:
        load(root, {study: change})
    assert "\n" not in str(error.value)


# ---- the rest of config/ ----


def test_every_loss_has_a_kind_of_target():
    assert set(LOSSES) == set(TARGET_OF_LOSS)


def test_every_architecture_is_registered(root):
    modules = {path.stem for path in (root / "workflow/scripts/markexpr/models").glob("[a-z]*.py")}
    assert modules - {"registry", "layers", "kmers", "net", "signals", "linear"} == {
        *NETS,
        *ESTIMATORS,
    }


def test_broken_yaml_is_named_with_its_line(root, tmp_path):
    (tmp_path / "x.yaml").write_text("title: [\ntask: cells\n")
    with pytest.raises(InputError, match=r"x\.yaml, line 3: not valid YAML: expected"):
        load(root, {}, tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"# one\nname: liv\xe9r\n", "line 2: not text in UTF-8"),
        ("name: liver\n".encode("utf-16"), "line 1: not text in UTF-8"),
        (b"a: 1\nb: \x07\n", "line 2: .*control character"),
        (b"a: 1\n? [b, c]\n: 2\n", "line 2: .*a key must be one word"),
        (b"a: 1\nb: 2020-13-45\n", "line 2: .*'2020-13-45' looks like a date"),
    ],
)
def test_a_file_that_is_no_yaml_is_told_with_its_line(tmp_path, content, message):
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(InputError, match=rf"x\.yaml, {message}"):
        read_yaml(tmp_path / "x.yaml")


def test_what_editors_put_at_the_start_and_into_cells_of_sheets(tmp_path):
    (tmp_path / "x.tsv").write_bytes(b'\xef\xbb\xbfcell\tname\r\nE1\t"a, b\r\nE2\t"c"\r\n')
    found = read_sheet(tmp_path / "x.tsv", ["cell", "name"])
    assert found == [{"cell": "E1", "name": "a, b"}, {"cell": "E2", "name": "c"}]
    (tmp_path / "x.tsv").write_bytes(b"cell\tname\nE1\tliv\xe9r\n")
    with pytest.raises(InputError, match=r"x\.tsv, line 2: not text in UTF-8"):
        read_sheet(tmp_path / "x.tsv", ["cell", "name"])


def test_sheets(root, tmp_path):
    cells = read_sheet(root / "config/cells.tsv", ["cell", "name"])
    assert len(cells) == 56 and cells[0]["cell"] == "E003" and cells[-1]["cell"] == "E128"
    pairs = read_sheet(root / "config/pairs.tsv", ["cell_a", "cell_b"])
    named = {row[side] for row in pairs for side in row}
    assert len(pairs) == 10 and named <= {row["cell"] for row in cells}
    (tmp_path / "cells.tsv").write_text("# a comment\ncell\tname\nE003\n")
    with pytest.raises(InputError, match=r"cells\.tsv, line 3: 1 columns where the header has 2"):
        read_sheet(tmp_path / "cells.tsv", ["cell", "name"])
    with pytest.raises(InputError, match="must name the columns epigenome"):
        read_sheet(root / "config/cells.tsv", ["epigenome"])


def test_every_published_number_has_a_source_and_a_study(root):
    columns = ["study", "model", "split", "metric", "statistic", "against", "value", "n_units"]
    columns += ["label_mode", "own_paper", "source"]
    rows, every = read_sheet(root / "config/published.tsv", columns), load(root, {})
    assert rows
    for row in rows:
        assert (row["statistic"].split("_")[-1] in ("drop", "relative")) == bool(row["against"])
        largest = 5 if row["metric"] == "mse" else 2
        assert row["study"] in every and row["source"] and 0 <= float(row["value"]) <= largest
        assert int(row["n_units"]) >= 0


def test_drops_stand_as_absolute_and_as_relative(root):
    """The text of TransferChrome does not say which of the two it prints."""
    rows = [
        row
        for row in read_sheet(root / "config/published.tsv", ["study", "statistic"])
        if row["statistic"].endswith("drop")
    ]
    values = [
        {
            (row["model"], row["metric"], row["against"], row["value"])
            for row in rows
            if row["statistic"] == statistic
        }
        for statistic in ("mean_drop", "mean_relative_drop")
    ]
    assert values[0] == values[1] and len(rows) == 2 * len(values[0]) == 10
    printed = {(model, metric, value) for model, metric, _, value in values[0]}
    assert printed == {
        ("transferchrome_uncross", "auc", "0.029"),
        ("transferchrome_cross", "auc", "0.015"),
        ("deepchrome_uncross", "auc", "0.026"),
        ("convchrome_uncross", "auc", "0.029"),
        ("deepchrome_uncross", "accuracy", "0.023"),
    }


def test_every_yaml_of_the_project_parses(root):
    folders = ("config/**/*.yaml", "envs/*.yaml", "profiles/**/*.yaml", "workflow/**/*.yaml")
    for path in (path for folder in folders for path in root.glob(folder)):
        assert isinstance(yaml.safe_load(path.read_text()), dict), path


@pytest.mark.parametrize(
    ("given", "unit"),
    [
        ("rpkm", "RPKM"),
        ("Read counts", "read count"),
        ("read_count", "read count"),
        ("a.u.", "a.u."),
    ],
)
def test_a_unit_goes_by_its_usual_name(given, unit):
    source = {
        "kind": "bam",
        "path": "/d/{mark}.bam",
        "expression": "/d/x",
        "expression_unit": given,
    }
    assert load_config({"sources": {"mine": source}}).sources["mine"].expression_unit == unit


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"expression_unit": "TPM"}, "expression_unit is of a table of your own"),
        ({"expression_scale": "log2p1"}, "expression_scale is of a table of your own"),
        ({"kind": "kaggle_npz", "path": "/d/{mark}"}, "path: .* take {mark} away"),
        ({"expression": "/d/x", "expression_unit": " "}, "is no unit"),
        ({"expression": "/d/x", "expression_unit": "log2(TPM+1)"}, "is a logarithm.*_scale"),
    ],
)
def test_keys_of_a_table_that_is_not_there(source, message):
    source = {"kind": "bam", "path": "/d/{mark}.bam", **source}
    with pytest.raises(InputError, match=f"sources.mine.*{message}"):
        load_config({"sources": {"mine": source}})
