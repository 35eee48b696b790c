"""The plan: what a configuration amounts to, without Snakemake."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from conftest import with_studies

from markexpr.controlled import describe_models, list_randomised
from markexpr.io.jobs import InputError
from markexpr.outputs import OUTPUTS, Subject, list_files, list_files_of_paper, published_as
from markexpr.plan import Plan
from markexpr.project import read_project
from markexpr.settings.studies import load_studies

MARKS = ["H3K4me3", "H3K4me1", "H3K36me3", "H3K9me3", "H3K27me3"]
CELLS = ["E003", "E085", "E116", "E123"]
TISSUES = {"E003": "ESC", "E085": "GI", "E116": "BLOOD", "E123": "BLOOD", "E071": "BRAIN"}


@pytest.fixture(scope="module")
def full(root):
    """The shipped configuration: 56 cells, ten pairs."""
    return read_project(root, {})


def plan_of(root, overrides=None, cells=CELLS, pairs=("E123-E003",), folder=None, simulated=False):
    folder = folder or root / "config/studies"
    studies = load_studies(folder, overrides or {}, MARKS)
    return Plan(studies, list(cells), list(pairs), [1], simulated, tissues=TISSUES)


FLANKS = ["svr_best_bin", "svr_two_layer", "relief_forest", "ridge"]
RULES = [
    {"how": "train", "pooled": False},
    {"how": "train", "pooled": True},
    {"how": "fit", "pooled": False},
    {"how": "fit", "pooled": True},
    {"how": "apply"},
    {"how": "subtract"},
    {"how": "average", "kind": "net"},
    {"how": "average", "kind": "estimator"},
    {"how": "control"},
    {"how": "given"},
    {"how": "truth"},
]


def makers(plan, run):
    """The rules of rules/train.smk whose patterns match a run's predictions."""
    path = f"results/runs/{run.study}/{run.model}/{run.unit}/seed1/predictions.tsv.gz"
    found = []
    for rule in RULES:
        study = plan.made_by(**rule)["study"]
        unit = "[A-Za-z0-9][A-Za-z0-9_.-]*"
        pattern = rf"results/runs/({study})/([a-z0-9_]+)/({unit})/seed(\d+)/predictions\.tsv\.gz"
        if re.fullmatch(pattern, path):
            found.append(rule["how"])
    return found


def test_every_run_is_made_by_exactly_one_rule(root, tmp_path):
    for plan in (plan_of(root), plan_of(root, simulated=True)):
        for study in plan.studies:
            assert plan.runs(study)
            for run in plan.runs(study):
                assert makers(plan, run) == [run.how], run


def test_a_net_called_ridge_is_trained(root):
    """It has the name of an estimator of other studies."""
    ridge = {"base": "deepchrome"}
    plan = plan_of(root, {"deepchrome": {"models": {"ridge": ridge}}})
    run = plan.run("deepchrome", "ridge", "E003", 1)
    assert run.how == "train" and makers(plan, run) == ["train"]
    other = plan.run("deepdiff", "ridge", "E123-E003", 1)
    assert other.how == "fit" and makers(plan, other) == ["fit"]


def test_one_name_of_a_model_is_made_in_two_ways_in_two_studies(root):
    """deepchrome is trained on each cell in one study, and applied from a source in another."""
    model = {"base": "deepchrome", "trained_on": "source"}
    plan = plan_of(root, {"transferchrome_cross_cell": {"models": {"deepchrome": model}}})
    within = plan.run("transferchrome", "deepchrome", "E123", 1)
    across = plan.run("transferchrome_cross_cell", "deepchrome", "E085-to-E123", 1)
    source = plan.run("transferchrome_cross_cell", "deepchrome", "E085", 1)
    for run, how in ((within, "train"), (across, "apply"), (source, "train")):
        assert run.how == how and makers(plan, run) == [how]
    assert source.folder in across.inputs["weights"]


def test_a_unit_may_be_named_like_a_seed(root):
    plan = plan_of(root, cells=["seed1", "E003"])
    run = plan.run("deepchrome", "deepchrome", "seed1", 1)
    assert run.folder == "results/runs/deepchrome/deepchrome/seed1/seed1"
    assert makers(plan, run) == ["train"]
    assert run.inputs == {"cell": "results/tensors/deepchrome/seed1.npz"}


def test_sets_are_not_crossed_freely(root):
    """A pair of one model that another has alone is no run of either."""
    models = {"raw": {"cells": ["E123", "E003"]}, "aux": {"cells": ["E116", "E003"]}}
    pairs = ["E123-E003", "E116-E003"]
    plan = plan_of(root, {"deepdiff": {"models": models}}, pairs=pairs)
    assert [run.unit for run in plan.runs("deepdiff", "raw")] == ["E123-E003"]
    stranger = replace(plan.run("deepdiff", "raw", "E123-E003", 1), unit="E116-E003")
    assert makers(plan, stranger) == []
    with pytest.raises(InputError, match="raw of study deepdiff has no unit E116-E003; did you"):
        plan.run("deepdiff", "raw", "E116-E003", 1)


# ---- the tasks ----


def test_cells_hold_some_out(root):
    plan = plan_of(root, cells=["E003", "E116", "E071"])
    how = {run.unit: run.how for run in plan.runs("dense_ensemble", "densenet")}
    assert how == {"E003": "train", "E116": "train", "E071": "average"}
    run = plan.run("dense_ensemble", "densenet", "E071", 2)
    folder = "results/runs/dense_ensemble/densenet"
    assert run.inputs == {
        "weights": [f"{folder}/{cell}/seed2/weights.safetensors" for cell in ("E003", "E116")],
        "params": [f"{folder}/{cell}/seed2/params.yaml" for cell in ("E003", "E116")],
        "predictions": [f"{folder}/{cell}/seed2/predictions.tsv.gz" for cell in ("E003", "E116")],
        "cell": "results/tensors/dense_ensemble/E071.npz",
    }
    assert "model" in plan.run("dense_ensemble", "ridge", "E071", 1).inputs
    control = plan.run("dense_ensemble", "gene_mean", "E003", 1)
    assert control.inputs["others"] == ["results/tensors/dense_ensemble/E116.npz"]
    alone = plan_of(root, cells=["E071"])
    assert alone.runs("dense_ensemble") == []
    assert "it holds E071 out, and no other cell" in alone.why_no_unit("dense_ensemble")


def test_transfers_say_what_trains_and_what_is_tested(root):
    plan = plan_of(root)
    study = "transferchrome_cross_cell"
    origin = plan.run(study, "transferchrome_origin", "E085-to-E003", 1)
    assert origin.how == "train" and set(origin.inputs) == {"target", "genes"}
    assert origin.samples["trained_on"] == "target"
    cross = plan.run(study, "transferchrome_cross_unseen", "E085-to-E003", 1)
    assert set(cross.inputs) == {"source", "target", "genes"}
    assert cross.samples["source_genes"] == "unseen" and cross.samples["split"]["test"] == 0.5
    uncross = plan.run(study, "transferchrome_uncross", "E085-to-E003", 1)
    assert uncross.how == "apply" and uncross.samples["trained_on"] == "none"
    fit = plan.run(study, "transferchrome_uncross", "E085", 1)
    assert fit.how == "train" and not fit.scored and set(fit.inputs) == {"source", "genes"}
    assert uncross.inputs["weights"] == f"{fit.folder}/weights.safetensors"
    # the source is no target of its own, and one fit serves all targets
    assert len(plan.runs(study, "transferchrome_uncross")) == len(CELLS)


def test_tensors_of_transfers_have_the_split_of_transfers(full):
    """Where z-scores are of training genes, it is this one that says which these are."""

    def split_of(study):
        return full.lookup.data(type("Wildcards", (), {"study": study}))["split"]

    crossed = full.plan.studies["transferchrome_cross_cell"]
    assert split_of("transferchrome_cross_cell") == crossed.transfer.split.plain()
    assert split_of("transferchrome_cross_cell_zscore_train")["scheme"] == "random"
    assert split_of("transferchrome_zscore_train")["scheme"] == "id_order"


def test_cross_is_run_to_its_last_epoch_on_the_nine_cells_of_the_ablations(full):
    study = full.plan.studies["transferchrome_cross_cell"]
    chosen, last = (study.models[f"transferchrome_cross{name}"].plain() for name in ("", "_last"))
    cells = full.plan.studies["transferchrome"].models["transferchrome_1"].cells
    assert last.pop("cells") == cells and len(cells) == 9
    assert last["training"].pop("early_stopping") == {"monitor": "none", "patience": 0}
    assert chosen["training"].pop("early_stopping") == {"monitor": "auc", "patience": 20}
    assert last == chosen
    for name in ("transferchrome_cross_cell", "transferchrome_cross_cell_zscore_train"):
        units = [run.unit for run in full.plan.runs(name, "transferchrome_cross_last")]
        assert units == ([f"E085-to-{cell}" for cell in sorted(cells)] if units else [])


def test_pairs_are_of_two_cells(root):
    plan = plan_of(root)
    run = plan.run("deepdiff", "raw_aux", "E123-E003", 1)
    tensors = "results/tensors/deepdiff"
    assert run.inputs == {"a": f"{tensors}/E123.npz", "b": f"{tensors}/E003.npz"}
    assert run.samples == {"kind": "pair", "labels": False}
    labels = plan.run("deepdiff_classification", "raw_aux", "E123-E003", 1)
    assert labels.samples["labels"]
    pair = plan.run("deepdiff", "attentivechrome", "E123-E003", 3)
    assert pair.how == "subtract"
    assert pair.inputs["a"].endswith("attentivechrome/E123/seed3/predictions.tsv.gz")
    assert plan.run("deepdiff", "attentivechrome", "E123", 1).samples == {"kind": "cell"}


def test_pooled_models_see_all_cells_and_folds_those_that_train(root):
    plan = plan_of(root, cells=["E003", "E116", "E071"])
    run = plan.run("wakawaka", "wakawaka", "pooled", 1)
    assert len(run.inputs["cells"]) == 3 and run.inputs["sequence"].endswith("10000bp.npz")
    assert "sequence" not in plan.run("wakawaka", "histone_only", "pooled", 1).inputs
    fold = plan.run("wakawaka", "wakawaka_folds", "fold4", 1)
    assert len(fold.inputs["cells"]) == 2 and not fold.scored
    assert fold.samples["fold"] == {"number": 4, "which": 4, "over": "rows"}
    assert all("fold" not in path for path in plan.predictions("wakawaka"))


WITHOUT = {"scheme": "tissue", "seed": 1}


def test_each_tissue_is_left_out_in_turn(root):
    """All runs of all models are made by one rule, and none is told to train on a cell of the
    tissue that it tests."""
    overrides = {
        "wakawaka": {
            "data": {"split": WITHOUT},
            "cross_validation": None,
            "gene_attributions": None,
        }
    }
    plan = plan_of(root, overrides, simulated=True)
    left_out = {
        "pooled-without-ESC": ["E003"],
        "pooled-without-GI": ["E085"],
        "pooled-without-BLOOD": ["E116", "E123"],
    }
    assert plan.tasks["wakawaka"].data["split"] == {**WITHOUT, "valid": 0.1}
    models = [*plan.studies["wakawaka"].models, "simulator_truth"]
    for model in models:
        runs = plan.runs("wakawaka", model)
        assert {run.unit: run.samples["left_out"] for run in runs} == left_out
        for run in runs:
            assert makers(plan, run) == [run.how] and run.scored
            assert plan.cells_behind(run) == CELLS  # those that are left out are predicted
            if run.how == "control":
                others = {path.split("/")[-1].removesuffix(".npz") for path in run.inputs["others"]}
                assert others == set(CELLS) - set(left_out[run.unit])
    # without another tissue there is nothing to train on
    plan = plan_of(root, overrides, cells=["E116", "E123"])
    assert not plan.runs("wakawaka")
    why = plan.why_no_unit("wakawaka")
    assert "E116, E123 are all of BLOOD: add a cell of another tissue" in why


def test_the_tissues_of_a_run_are_those_of_all_cells_behind_it(root):
    """Those of its fits as well; of no others, whose tissue makes no difference to it."""
    plan = plan_of(root, cells=["E003", "E116", "E071"])
    unseen = plan.run("dense_ensemble", "densenet", "E071", 1)
    assert plan.tissues_behind(unseen) == {"E071": "BRAIN", "E003": "ESC", "E116": "BLOOD"}
    alone = plan.run("dense_ensemble", "densenet", "E003", 1)
    assert plan.tissues_behind(alone) == {"E003": "ESC"}
    applied = plan_of(root).run(
        "transferchrome_cross_cell", "transferchrome_uncross", "E085-to-E003", 1
    )
    assert plan_of(root).tissues_behind(applied) == {"E003": "ESC", "E085": "GI"}
    # a cell of which none is told is alone in a tissue of its own
    plan = plan_of(root, cells=["liver1"])
    run = plan.run("deepchrome", "deepchrome", "liver1", 1)
    assert plan.tissues_behind(run) == {"liver1": "liver1"}


def test_one_model_of_all_cells_draws_its_validation_genes_once(root):
    plan = plan_of(root)
    drawn = {
        study: plan.tasks[study].data["split"]["valid_drawn"]
        for study in ("dense_ensemble", "wakawaka")
    }
    assert drawn == {"dense_ensemble": "per_model", "wakawaka": "shared"}
    # all else is the study's own, also under a split that draws nothing
    chromosome = {"scheme": "chromosome", "fold": 0, "held_out_cells": ["E123"]}
    plan = plan_of(root, {"dense_ensemble": {"data": {"split": chromosome}}})
    assert plan.tasks["wakawaka"].data == plan.studies["wakawaka"].data.plain()
    assert plan.tasks["wakawaka"].data["split"] == chromosome


def test_the_truth_is_of_every_scored_unit(root):
    plan = plan_of(root, simulated=True)
    truth = {run.unit for run in plan.runs("deepdiff", "simulator_truth")}
    assert truth == {"E123-E003"}
    assert not plan_of(root).runs("deepdiff", "simulator_truth")


@pytest.mark.parametrize(
    ("study", "change", "message"),
    [
        (
            "deepchrome",
            {"models": {"deepchrome": {"trained_on": "target"}}},
            "study deepchrome, model deepchrome: 'trained_on' is for studies with task: transfers",
        ),
        (
            "deepchrome",
            {"models": {"deepchrome": {"cell_by_cell": True}}},
            "'cell_by_cell' is for studies with task: pairs",
        ),
        (
            "deepchrome",
            {"models": {"simulator_truth": {"base": "deepchrome"}}},
            "a model may not be called simulator_truth",
        ),
        ("deepchrome", {"sequence": 100}, "'sequence' is for studies with task: pooled"),
        (
            "deepdiff",
            {"data": {"target": {"transform": "log1p"}}},
            "a pair's target is a log2 fold change",
        ),
        (
            "deepdiff",
            {"models": {"mean": {"control": "gene_mean"}}},
            "model mean: a control cannot do task pairs",
        ),
        (
            "deepdiff",
            {"data": {"split": {"held_out_cells": ["E116"]}}},
            "held_out_cells is for tasks cells and pooled",
        ),
        (
            "deepdiff",
            {"data": {"split": {"scheme": "random", "seed": 1, "valid_drawn": "per_model"}}},
            "valid_drawn: per_model is for tasks cells and pooled",
        ),
        (
            "transferchrome_cross_cell",
            {"models": {"x": {"base": "deepchrome"}}},
            "model x: task: transfers needs 'trained_on'",
        ),
        (
            "transferchrome_cross_cell",
            {"models": {"r": {"architecture": "ridge", "estimator": {}}}},
            "an estimator cannot do task transfers",
        ),
        (
            "transferchrome_cross_cell",
            {"models": {"transferchrome_cross": {"network": {"domain_hidden": 0}}}},
            "network.domain_hidden above 0",
        ),
        (
            "transferchrome_cross_cell",
            {
                "models": {
                    "deepchrome_origin": {
                        "training": {"domain": {"maximum": 1, "schedule": "rising"}}
                    }
                }
            },
            "'training.domain' and 'trained_on: both' go together",
        ),
        ("transferchrome_cross_cell", {"transfer": None}, "needs the key 'transfer'"),
        (
            "wakawaka",
            {"models": {"ridge": {"cells": ["E003"]}}},
            "'cells' is for studies with task: cells, transfers and pairs",
        ),
        (
            "dense_ensemble",
            {"models": {"densenet": {"training": {"sampler": "by_gene", "cells_per_gene": 2}}}},
            "'training.sampler' is for studies with task: pooled",
        ),
        ("wakawaka", {"sequence": 2000}, "network.span is 10000 bp, and the study's 'sequence'"),
        ("wakawaka", {"sequence": None}, "the study names no 'sequence'"),
        (
            "wakawaka",
            {"gene_attributions": {"model": "histone_only"}},
            "histone_only does not read both marks and DNA",
        ),
        (
            "dense_ensemble",
            {"data": {"split": WITHOUT}},
            "split.scheme: tissue is for task pooled",
        ),
        (
            "wakawaka",
            {"data": {"split": WITHOUT}, "cross_validation": None},
            "split.scheme: tissue and gene_attributions do not go together",
        ),
        (
            "wakawaka",
            {
                "data": {"split": WITHOUT, "normalise": "zscore", "zscore_genes": "train"},
                "cross_validation": None,
                "gene_attributions": None,
            },
            "a cell has none where it is left out: choose all",
        ),
    ],
)
def test_what_does_not_fit_a_task_is_refused(root, study, change, message):
    with pytest.raises(InputError, match=re.escape(message)) as error:
        plan_of(root, {study: change})
    assert "\n" not in str(error.value)


# ---- outputs ----


def subject(settings, name):
    return settings.lookup.subject(name)


def test_a_target_builds_all_studies_of_its_paper(full):
    names = {path.split("/")[2] for path in list_files_of_paper(subject(full, "transferchrome"))}
    assert names == {
        "transferchrome",
        "transferchrome_chromosome",
        "transferchrome_cross_cell",
        "transferchrome_cross_cell_zscore_train",
        "transferchrome_text",
        "transferchrome_zscore_train",
    }
    names = {path.split("/")[2] for path in list_files_of_paper(subject(full, "dense_ensemble"))}
    assert names == {"dense_ensemble"}  # wakawaka is on its data, and another paper's


def test_what_each_study_ends_in(full):
    def has(study, *names):
        files = set(list_files(subject(full, study)))
        return [name for name in names if f"results/{name}" not in {*map(str, files)}] == []

    assert has("deepchrome", "figures/deepchrome/roc.png", "tables/deepchrome/published.html")
    crossed = "transferchrome_cross_cell"
    assert has(crossed, f"tables/{crossed}/table3.html", f"figures/{crossed}/figure4.png")
    assert not has(crossed, f"figures/{crossed}/genes.png")  # its base shows them
    assert has("transferchrome", "tables/transferchrome/named_cells.html")
    assert has("transferchrome_text", "tables/transferchrome_text/named_cells.html")
    assert not has(crossed, f"tables/{crossed}/named_cells.html")
    assert has("deepdiff", "attention/deepdiff/raw_d/E116-E003/seed1.npz")
    assert has("deepdiff", "figures/deepdiff/inputs.png", "tables/deepdiff/settings.html")
    assert has("dense_ensemble", "tables/dense_ensemble/leave_one_out.html")
    assert has("wakawaka", "figures/wakawaka/cross_validation.png", "tables/wakawaka/regimes.html")
    assert not has("deepdiff_flanks", "figures/deepdiff_flanks/profiles.png")


def test_variants_stand_beside_their_base_in_settings(root, tmp_path):
    variants = {
        f"{base}_chromosome": {
            "base": base,
            "data": {"split": {"scheme": "chromosome", "fold": 0, "held_out_cells": ["E123"]}},
            "models": {"ridge": {}},
        }
        for base in ("dense_ensemble", "wakawaka")
    }
    folder = with_studies(tmp_path, **variants)
    plan = plan_of(root, folder=folder)
    for base in ("dense_ensemble", "wakawaka"):
        assert plan.settings(base) == [base, f"{base}_chromosome"]
        assert plan.compared(base)["models"] == ["ridge"]
        assert plan.studies[f"{base}_chromosome"].first_metric == "mse"


def test_published_numbers_are_those_of_the_paper(full):
    def published(name):
        return published_as(subject(full, name))

    assert published("transferchrome") == "transferchrome"
    assert published("transferchrome_text") == "transferchrome"  # labels alone differ
    assert published("transferchrome_chromosome") is None
    assert published("transferchrome_cross_cell") == "transferchrome_cross_cell"


def test_nothing_to_build_says_why(root):
    settings = read_project(root, {"cells": ["E003"]})
    with pytest.raises(InputError, match=r"deepdiff has nothing to build.*it needs two cells"):
        list_files_of_paper(subject(settings, "deepdiff"))


@pytest.mark.parametrize(
    ("study", "given", "why"),
    [
        ("deepdiff", {"cells": ["E116"]}, "one alone of .*E116-E003.*: add E003"),
        ("deepdiff", {"cells": ["E050"]}, "no pair of that file has E050"),
        ("transferchrome_cross_cell", {"cells": ["E085"]}, "other than its source E085: add"),
        ("wakawaka", {"cells": ["E071"]}, "it holds E071 out, and no other cell .*: add one"),
        (
            "deepchrome",
            {
                "cells": ["E003"],
                "overrides": {"deepchrome": {"models": {"deepchrome": {"cells": ["E004"]}}}},
            },
            "its models take E004 alone .*, and 'cells' has E003",
        ),
        (
            "deepdiff_flanks",
            {
                "cells": ["E003"],
                "pairs": ["E003-E005"],
                "overrides": {
                    "deepdiff_flanks": {"models": {key: {"cells": ["E004"]} for key in FLANKS}}
                },
            },
            "take the cells of their key 'cells' alone, and none both of E003-E005",
        ),
    ],
)
def test_a_study_without_a_unit_names_what_it_lacks(root, study, given, why):
    plan = read_project(root, given).plan
    assert not plan.runs(study)
    assert re.search(f"leave study {study} no unit: .*{why}", plan.why_no_unit(study))


def test_own_samples_may_be_named_in_pairs_alone(root):
    source = {"kind": "bam", "path": "/data/{cell}/{mark}.bam"}
    given = {"sources": {"liver1": source, "liver2": source}, "pairs": ["liver1-liver2"]}
    assert read_project(root, given).plan.tasks["deepdiff"].cells == ["liver1", "liver2"]
    given["pairs"] = ["liver1-E003"]
    with pytest.raises(InputError, match=r"'liver2', which is not in .*did you mean 'liver1'\?"):
        read_project(root, given)


def test_the_rule_that_makes_a_run_is_named(root):
    """A run without notes is refused with its rule."""
    given = {"deepchrome": {"models": {"given": {"predictions": "given.tsv"}}}}
    settings = read_project(
        root, {"cells": [*CELLS, "E071"], "mirror": "simulated", "overrides": given}
    )
    text = (root / "rules/train.smk").read_text()
    runs = [run for study in settings.plan.studies for run in settings.plan.runs(study)]
    rules = {settings.lookup.rule_of(run): run for run in runs}
    assert len(rules) == len(RULES)
    for rule, run in rules.items():
        start = re.search(rf"^(rule {rule}:|use rule \w+ as {rule} with:)$", text, re.M).start()
        constraint = re.search(r"plan.made_by\((.*)\)", text[start:])[1]
        assert f'"{run.how}"' in constraint
        assert ("pooled=True" in constraint) == rule.endswith("_pooled")
        assert run.how != "average" or f'kind="{run.kind}"' in constraint


@pytest.mark.parametrize(
    ("study", "unit"),
    [
        ("deepchrome", "E003"),
        ("dense_ensemble", "E116"),
        ("transferchrome_cross_cell", "E085-to-E003"),
        ("deepdiff", "E123-E003"),
        ("wakawaka", "pooled"),
    ],
)
def test_given_predictions_are_of_the_rows_that_a_model_has(root, study, unit):
    given = {"models": {"given": {"predictions": "given.tsv"}}}
    plan = plan_of(root, {study: given})
    run = plan.run(study, "given", unit, 1)
    assert run.scored and run.how == "given" and makers(plan, run) == ["given"]
    truth = plan_of(root, {study: given}, simulated=True).run(study, "simulator_truth", unit, 1)
    assert run.inputs == truth.inputs and run.samples == truth.samples


def test_every_output_has_a_rule(root):
    rules = "\n".join(path.read_text() for path in (root / "rules").glob("*.smk"))
    for output in OUTPUTS:
        assert f'{output.kind}("{output.name}"' in rules, output.name
        if output.caption:
            assert (root / f"workflow/report/{output.caption}.rst").exists()


def test_a_misspelt_run_as_target_is_refused_with_the_nearest(full):
    for path, message in (
        ("deepchrome/deepcrome/E003/seed1", "unknown model 'deepcrome'.*did you mean 'deepchrome'"),
        ("deepchrom/deepchrome/E003/seed1", "unknown study 'deepchrom'; did you mean"),
        ("deepchrome/deepchrome/E033/seed1", "has no unit E033; did you mean"),
        ("deepchrome/deepchrome/E003/1a", "a run's folder is called seed1"),
    ):
        with pytest.raises(InputError, match=message):
            full.check_targets([f"results/runs/{path}/predictions.tsv.gz"])
    full.check_targets(["results/runs/deepchrome/deepchrome/E003/seed7/predictions.tsv.gz"])


def test_the_full_configuration_is_planned_at_once(full):
    runs = [run for study in full.plan.studies for run in full.plan.runs(study)]
    assert len(runs) > 2000 and isinstance(full.plan, Plan)
    assert isinstance(subject(full, "deepchrome"), Subject)


# ---- controls ----


def controlled(tmp_path, root, models, base="dense_ensemble", cells=CELLS, pairs=(), **keys):
    """The plan of a study of some models on folds of chromosomes."""
    study = {
        "title": "x",
        "base": base,
        "models": models,
        "data": {"split": {"scheme": "chromosome", "fold": "all"}},
        "attributions": None,
        "losses": [],
        "controls": {},
        **keys,
    }
    folder = with_studies(tmp_path, controlled=study)
    return plan_of(root, folder=folder, cells=cells, pairs=pairs)


RIDGES = {
    "ridge": {},
    "permuted": {"base": "ridge", "permute": "target"},
    "other": {"base": "ridge", "permute": "cell"},
}


def test_a_model_is_given_the_targets_of_the_next_cell(root, tmp_path):
    plan = controlled(tmp_path, root, RIDGES)
    tensors = "results/tensors/controlled"
    for cell, target in zip(CELLS, CELLS[1:] + CELLS[:1]):
        run = plan.run("controlled", "other", f"{cell}-fold1", 1)
        assert run.inputs == {
            "cell": f"{tensors}/{cell}.npz",
            "targets_of_cell": f"{tensors}/{target}.npz",
        }
        assert run.samples["targets_of"] == {"cell": "targets_of_cell"} and run.cells == [
            cell,
            target,
        ]
        assert makers(plan, run) == ["fit"]
    run = plan.run("controlled", "permuted", "E003-fold1", 1)
    assert run.inputs == {"cell": f"{tensors}/E003.npz"}
    described = describe_models(plan.studies["controlled"])
    assert described["other"]["own"] == "ridge" and described["permuted"]["own"] is None
    # fits of these controls are not asked once more with randomised marks
    assert {run.model for run in list_randomised(plan, "controlled")} == {"ridge"}


def test_without_another_cell_there_is_no_run_of_its_targets(root, tmp_path):
    plan = controlled(tmp_path, root, RIDGES, cells=["E003"])
    assert not plan.runs("controlled", "other") and plan.runs("controlled", "permuted")


def test_pairs_and_pooled_cells_have_targets_of_others(root, tmp_path):
    pairs = ["E123-E003", "E116-E003"]
    plan = controlled(tmp_path, root, RIDGES, "deepdiff", pairs=pairs, mark_attention=None)
    run = plan.run("controlled", "other", "E123-E003-fold0", 1)
    assert run.inputs["targets_of_a"].endswith("E116.npz") and len(run.inputs) == 4
    (tmp_path / "pooled").mkdir()
    pooled = controlled(
        tmp_path / "pooled", root, RIDGES, "wakawaka", cross_validation=None, gene_attributions=None
    )
    run = pooled.run("controlled", "other", "pooled-fold0", 1)
    assert [path[-8:-4] for path in run.inputs["cells"]] == CELLS
    assert [path[-8:-4] for path in run.inputs["targets_of_cells"]] == CELLS[1:] + CELLS[:1]


def test_a_held_out_cell_has_no_model_of_another_cells_targets(root, tmp_path):
    split = {"scheme": "random", "seed": 1, "test": 0.1, "held_out_cells": ["E123"]}
    plan = controlled(tmp_path, root, RIDGES, data={"split": split})
    assert [run.unit for run in plan.runs("controlled", "other")] == CELLS[:3]
    assert {run.how for run in plan.runs("controlled", "permuted")} == {"fit", "average"}
    last = plan.run("controlled", "other", "E116", 1)
    assert last.inputs["targets_of_cell"].endswith("E003.npz")  # and not the held-out one


def test_models_that_cannot_be_permuted_are_refused(root, tmp_path):
    with pytest.raises(InputError, match="'permute' and 'residual' do not go together"):
        controlled(tmp_path, root, {"ridge": {"permute": "target", "residual": "gene_mean"}})
    model = {"base": "deepchrome", "permute": "target", "trained_on": "target"}
    with pytest.raises(InputError, match="'permute' is for studies with task: cells, pairs"):
        plan_of(root, {"transferchrome_cross_cell": {"models": {"deepchrome": model}}})


def test_the_outputs_of_controls_are_of_studies_that_ask_for_them(root, tmp_path):
    plan = controlled(tmp_path, root, RIDGES)
    origins = SimpleNamespace(kinds=lambda cells: {"remc"}, can_serve=lambda cells, data: True)
    files = list_files(Subject(plan, origins, frozenset(), "controlled"))
    for name in ("tables/controlled/controls.html", "figures/controlled/randomised.png"):
        assert f"results/{name}" in files
    others = list_files(Subject(plan, origins, frozenset(), "deepchrome"))
    assert not [name for name in others if "controls" in name or "randomised" in name]


def test_a_variant_inherits_an_empty_block_of_controls(root, tmp_path):
    first = {"base": "dense_ensemble", "title": "x", "models": RIDGES, "controls": {}}
    first |= {"attributions": None, "losses": []}
    variant = {"base": "first", "setting": "y"}
    plan = plan_of(root, folder=with_studies(tmp_path, first=first, variant=variant))
    assert plan.studies["variant"].controls == plan.studies["first"].controls is not None
