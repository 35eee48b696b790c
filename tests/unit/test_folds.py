"""Folds of chromosomes that test in turn: of which runs a study then is, and what tests in each."""

import numpy as np
import pytest

from markexpr.data.samples import in_fold
from markexpr.data.splits import FOLDS, by_chromosome
from markexpr.folds import split_unit
from markexpr.io.jobs import InputError

CHROM = np.array(["chr1", "chr7", "chr2", "chr9", "chrX", "chr5"])


def test_fold_all_names_the_part_of_each_gene():
    assert list(by_chromosome(CHROM, "all")) == [
        "fold0",
        "fold1",
        "fold2",
        "fold3",
        "fold3",
        "fold0",
    ]


@pytest.mark.parametrize("fold", range(4))
def test_a_chosen_fold_splits_as_a_study_of_that_fold(samples_of, fold):
    samples = samples_of(by_chromosome(CHROM, "all"))
    assert list(in_fold(samples, fold).split) == list(by_chromosome(CHROM, fold))


def test_every_gene_tests_once(samples_of):
    samples = samples_of(by_chromosome(CHROM, "all"))
    tested = [in_fold(samples, fold).split == "test" for fold in range(len(FOLDS))]
    assert (np.sum(tested, axis=0) == 1).all()


@pytest.fixture
def samples_of():
    from markexpr.data.samples import Samples

    def make(split):
        n = len(split)
        return Samples(
            inputs={"marks": np.ones((n, 2, 4), dtype=np.float32)},
            target=np.arange(n, dtype=np.float32),
            split=split,
            gene_id=np.array([f"g{i}" for i in range(n)]),
            cell=np.full(n, "E003"),
            mark_names=["a", "b"],
        )

    return make


def folded(plan_of, study, split):
    return plan_of({study: {"data": {"split": split}}})


ALL = {"scheme": "chromosome", "fold": "all", "held_out_cells": None}


def test_every_run_stands_once_a_fold(plan_of):
    runs = folded(plan_of, "deepchrome", ALL).runs("deepchrome", "deepchrome")
    units = [split_unit(run.unit) for run in runs]
    assert {fold for _, fold in units} == {0, 1, 2, 3}
    assert len(units) == len(set(units)) == 4 * len({unit for unit, _ in units})
    assert all(run.samples["test_fold"] == run.fold for run in runs)


def test_a_run_reads_others_of_its_own_fold(plan_of):
    runs = folded(plan_of, "deepdiff", ALL).runs("deepdiff", "attentivechrome", how=("subtract",))
    for run in runs:
        assert run.needs["a"].split("/")[4].endswith(f"-fold{run.fold}")
        assert run.needs["tensors"][0].startswith("results/tensors/")


def test_folds_are_refused_where_they_cannot_be(plan_of):
    held = {**ALL, "held_out_cells": ["E003"]}
    with pytest.raises(InputError, match="held_out_cells do not go together"):
        folded(plan_of, "dense_ensemble", held)
    with pytest.raises(InputError, match="zscore_genes: train needs one fold"):
        plan_of(
            {"deepchrome": {"data": {"split": ALL, "normalise": "zscore", "zscore_genes": "train"}}}
        )
    with pytest.raises(InputError, match="name a fold, 0 to 3"):
        plan_of({"transferchrome_cross_cell": {"transfer": {"split": ALL}}})


@pytest.fixture
def plan_of(root):
    from markexpr.project import read_project

    def make(overrides):
        return read_project(root, {"cells": ["E003", "E116", "E123"], "overrides": overrides}).plan

    return make


@pytest.mark.parametrize("cells, found", [("all", ["E003", "E116"]), (["E123"], ["E123"])])
def test_a_studys_own_cells_count_where_the_configuration_takes_all(root, cells, found):
    from markexpr.project import read_project

    overrides = {"deepchrome": {"cells": ["E003", "E116"]}}
    plan = read_project(root, {"cells": cells, "overrides": overrides}).plan
    assert [run.unit for run in plan.runs("deepchrome", "deepchrome")] == found
