"""On the simulator, DNA tells what marks do not: a model of both beats those of one, and under the
null none knows anything."""

import numpy as np
import pytest
import torch
from conftest import build_net

from markexpr import simulate
from markexpr.data.samples import Samples
from markexpr.data.sequence import _COMPLEMENT, _INDEX
from markexpr.training import Trainer

GENES, CELLS, SPAN, DNA = 2_400, ["E003", "E004"], 1_000, 0.3
NETWORK = {
    "histone": [{"kernels": 16, "width": 10, "pool": 5}],
    "histone_dense": [16],
    "dna": [{"kernels": 16, "width": 8, "pool": 16}],
    "dna_dense": [16],
    "joint": [16],
    "module_dropout": 0.2,
    "joint_dropout": 0.0,
    "span": SPAN,
}
TRAINING = {
    "loss": "mean_squared_error",
    "optimiser": {"name": "adam", "learning_rate": 0.003},
    "batch_size": 40,
    "sampler": "by_gene",
    "cells_per_gene": 2,
    "early_stopping": {"monitor": "loss", "patience": 0},
}


def simulated(null):
    """Samples of H3K4me3 counts and DNA around the TSS, and the best errors that are possible from
    marks and from both."""
    genes = simulate.place_genes(GENES, seed=1)
    truth, rpkm = simulate.draw_expression(genes, CELLS, 1, null, DNA)
    truth = simulate.add_expectations(genes, truth, 1, null)
    chromosomes, tss = dict(simulate.draw_sequence(genes, truth, 1)), simulate.find_tss(genes)
    sequence = np.stack(
        [
            _INDEX[chromosomes[chrom][place - SPAN // 2 : place + SPAN // 2]]
            for chrom, place in zip(genes["chrom"], tss)
        ]
    )
    minus = (genes["strand"] == -1).to_numpy()
    sequence[minus] = _COMPLEMENT[sequence[minus]][:, ::-1]
    rng, marks = np.random.default_rng(0), []
    for cell in CELLS:
        activity = truth.loc[truth["cell"] == cell, "activity"].to_numpy()
        rate = simulate.mark_rates("H3K4me3", activity, np.full(GENES, 20_000), rng)[
            :, 70:170
        ] * rng.gamma(1, 1, (GENES, 100))
        marks.append(np.log1p(rng.poisson(rate + 0.8)).astype(np.float32)[:, None])
    gene = np.tile(np.arange(GENES), len(CELLS))
    split = np.where(gene % 5 == 4, "test", np.where(gene % 5 == 3, "valid", "train"))
    target = np.log2(rpkm + 1).T.ravel().astype(np.float32)
    cells, names = np.repeat(CELLS, GENES), genes["gene_id"].to_numpy(dtype=str)[gene]
    samples = Samples(
        {"marks": np.concatenate(marks)},
        target,
        split,
        names,
        cells,
        ["H3K4me3"],
        by_gene={"sequence": sequence},
        gene=gene,
    )
    test = samples.index("test")
    best = {
        sees: ((target[test] - truth[f"expected_log2_rpkm{sees}"].to_numpy()[test]) ** 2).mean()
        for sees in ("", "_dna")
    }
    return samples, best


def error(samples, epochs, **network):
    torch.set_num_threads(1)
    torch.manual_seed(1)
    fit = Trainer(
        build_net("wakawaka", 1, 100, {**NETWORK, **network}),
        samples,
        {**TRAINING, "epochs": epochs},
        1,
        torch.device("cpu"),
    )
    fit.fit()
    test = samples.index("test")
    return ((samples.target[test] - fit.predict()[test]) ** 2).mean()


@pytest.mark.parametrize("null", [False, True])
def test_the_joint_model_beats_both_single_ones_unless_nothing_is_told(null):
    samples, best = simulated(null)
    variance = samples.target[samples.index("test")].var()
    epochs = 3 if null else 11
    joint, marks, dna = (
        error(samples, epochs),
        error(samples, epochs, dna=[]),
        error(samples, epochs, histone=[]),
    )
    if null:
        assert best["_dna"] == pytest.approx(variance, rel=0.02)
        assert min(joint, marks, dna) > 0.97 * variance
        return
    assert best["_dna"] < best[""] < variance
    assert marks > best[""] and dna < 1.03 * variance
    assert joint < 0.9 * marks and joint < 0.6 * dna and joint > best["_dna"]
