"""Every scheme of splitting genes."""

import numpy as np
import pytest

from markexpr.data.splits import (
    CHROMOSOME_FOLDS,
    at_random,
    by_chromosome,
    by_id_order,
    shuffled,
    split_genes,
)
from markexpr.io.jobs import InputError

IDS = np.array([f"ENSG{number:011d}" for number in range(19_795)])


def sizes(split):
    return [int((split == name).sum()) for name in ("train", "valid", "test")]


def test_thirds_in_the_order_of_ids_have_the_published_sizes():
    split = by_id_order(IDS, {"train": 6599, "valid": 6599, "test": 6597})
    assert sizes(split) == [6599, 6599, 6597]
    assert (split[0], split[6598], split[6599], split[-1]) == ("train", "train", "valid", "test")
    assert sizes(by_id_order(IDS[:100], {"train": 6599, "valid": 6599, "test": 6597})) == [
        34,
        33,
        33,
    ]


def test_deepdiffs_files_begin_with_the_test_genes():
    split = by_id_order(IDS[:18_460], {"test": 6100, "train": 10_000, "valid": 2360})
    assert sizes(split) == [10_000, 2360, 6100]
    assert (split[0], split[6100], split[16_100]) == ("test", "train", "valid")


def test_the_order_of_the_list_does_not_matter():
    order = np.random.default_rng(0).permutation(len(IDS))
    for scheme in (
        lambda ids: by_id_order(ids, {"train": 1, "test": 1}),
        lambda ids: at_random(ids, seed=3, test=100),
    ):
        assert np.array_equal(scheme(IDS[order]), scheme(IDS)[order])


def test_random_splits_are_the_same_on_any_machine():
    # by sha256 of seed and id, not by a library's generator: these are to stay for ever
    assert shuffled(IDS[:8], seed=1).tolist() == shuffled(IDS[:8], seed=1).tolist()
    assert shuffled(IDS[:8], seed=1).tolist() != shuffled(IDS[:8], seed=2).tolist()
    assert shuffled(np.array(["a", "b", "c", "d"]), seed=1).tolist() == EXPECTED_ORDER


EXPECTED_ORDER = [3, 0, 1, 2]


def test_a_gene_less_moves_no_other():
    all_genes, fewer = shuffled(IDS[:500], 1), shuffled(IDS[1:500], 1)
    assert [IDS[place] for place in all_genes if place != 0] == [
        IDS[1:500][place] for place in fewer
    ]


def test_the_competitions_genes_and_cells():
    setting = {
        "scheme": "random",
        "seed": 1,
        "test": 1447,
        "valid": 0.1,
        "held_out_cells": ["E071", "E084"],
    }
    chrom = np.full(17_447, "chr1")
    seen = split_genes(setting, IDS[:17_447], chrom, "E003")
    assert sizes(seen) == [14_400, 1600, 1447]
    assert np.array_equal(seen, split_genes(setting, IDS[:17_447], chrom, "E004"))
    assert sizes(split_genes(setting, IDS[:17_447], chrom, "E071")) == [0, 0, 17_447]


def test_each_model_draws_its_own_validation_genes_of_those_that_are_not_held_out():
    setting = {"scheme": "random", "seed": 1, "test": 1447, "held_out_cells": ["E071"]}
    own = {**setting, "valid": 0.1, "valid_drawn": "per_model"}
    chrom, genes = np.full(17_447, "chr1"), IDS[:17_447]
    shared = split_genes({**setting, "valid": 0.1}, genes, chrom, "E003")
    cells = [f"E{number:03}" for number in range(1, 51)]
    splits = np.stack([split_genes(own, genes, chrom, cell) for cell in cells])
    # the same genes are held out in all cells, and as many validate in each
    assert ((splits == "test") == (shared == "test")).all()
    assert [sizes(split) for split in splits] == [[14_400, 1600, 1447]] * 50
    assert sizes(split_genes(own, genes, chrom, "E071")) == [0, 0, 17_447]
    # two cells share a tenth of their validation genes, and every gene trains somewhere
    valid = splits == "valid"
    both = [(valid[a] & valid[b]).sum() / 1600 for a in range(50) for b in range(a)]
    assert np.mean(both) == pytest.approx(0.1, abs=0.003) and 0.05 < min(both) < max(both) < 0.16
    assert (splits == "train").any(axis=0).sum() == 16_000
    # a cell draws the same whatever the order of the list, and another seed draws others
    order = np.random.default_rng(0).permutation(len(genes))
    assert np.array_equal(split_genes(own, genes[order], chrom, "E003"), splits[2][order])
    other = split_genes({**own, "seed": 2}, genes, chrom, "E003")
    assert not np.array_equal(other == "valid", valid[2])
    folds = {name: value for name, value in own.items() if name != "valid"} | {"folds": 4}
    cut = [split_genes({**folds, "fold": fold}, genes, chrom, "E003") for fold in range(4)]
    assert [sizes(fold) for fold in cut] == [[12_000, 4000, 1447]] * 4
    assert (sum((fold == "valid").astype(int) for fold in cut) == (shared != "test")).all()


@pytest.mark.parametrize(("valid", "batches"), [(0.1, 144), (0.05, 152)])
def test_dense_ensembles_batches_an_epoch(valid, batches):
    """The report prints 152 batches of 100, which are those of its code's 95 %."""
    split = at_random(IDS[:17_447], seed=1, test=1447, valid=valid)
    assert -(-sizes(split)[0] // 100) == batches


def test_folds_take_turns():
    folds = [at_random(IDS[:1000], seed=1, test=200, folds=4, fold=fold) for fold in range(4)]
    assert all(sizes(split) == [600, 200, 200] for split in folds)
    assert (sum((split == "valid").astype(int) for split in folds) == (folds[0] != "test")).all()
    with pytest.raises(InputError, match="holds out 2000 genes"):
        at_random(IDS[:1000], seed=1, test=2000)
    with pytest.raises(InputError, match="there is no fold 4"):
        at_random(IDS[:1000], seed=1, folds=4, fold=4)


def test_whole_chromosomes_stay_together():
    chrom = np.array([f"chr{name}" for name in [*range(1, 23), "X", "Y"]] * 5)
    names = {fold: by_chromosome(chrom, fold) for fold in range(4)}
    for fold, split in names.items():
        assert set(chrom[split == "test"]) == set(CHROMOSOME_FOLDS[fold])
        assert not set(chrom[split == "test"]) & set(chrom[split != "test"])
        assert not set(chrom[split == "valid"]) & set(chrom[split == "train"])
    assert (
        sum(len(fold) for fold in CHROMOSOME_FOLDS)
        == 24
        == len({name for fold in CHROMOSOME_FOLDS for name in fold})
    )
    with pytest.raises(InputError, match="chrM is in no fold"):
        by_chromosome(["chrM"], 0)
