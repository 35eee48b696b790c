"""What a saved fit predicts if marks of its test genes are those of other genes (the randomisation
tests of DrEval, in which models are fitted anew; here they are not)."""

from dataclasses import replace

import numpy as np

from markexpr.data.permuting import draw_order, randomise_marks
from markexpr.data.splits import shuffled
from markexpr.io.jobs import log

NONE, ALL = "none", "all"  # what is randomised
OTHERS = "all but "  # and the name of a mark


def list_variants(names):
    """What is randomised, {name: places of marks}: nothing, each mark alone, all but each, all. Of
    one mark: nothing, and all. names: of marks."""
    places = range(len(names))
    if len(names) == 1:
        return {NONE: [], ALL: [0]}
    return {
        NONE: [],
        **{name: [place] for place, name in enumerate(names)},
        **{OTHERS + name: [other for other in places if other != place]
           for place, name in enumerate(names)},
        ALL: list(places),
    }  # fmt: skip


def take_test_genes(samples, number):
    """The samples of test genes, of `number` genes at most, drawn by a hash of their ids."""
    samples = samples.where(samples.split == "test")
    genes = np.unique(samples.gene_id)
    if len(genes) > number:
        drawn = genes[shuffled(genes, "randomised genes")[:number]]
        samples = samples.where(np.isin(samples.gene_id, drawn))
    return samples


def randomise(samples, predict, setting):
    """The arrays of results/randomised/{study}/{model}/{unit}/seed{seed}.npz.

    samples: markexpr.data.samples.Samples; predict: function from Samples to float64 [samples];
    setting: the study's `controls` block. `predicted` is float32 [variants, draws, samples], of
    `variants` as list_variants names them; gene_id, cell and target are of the samples.
    """
    samples = take_test_genes(samples, setting["genes"])
    variants = list_variants(samples.mark_names)
    orders = [draw_order(samples, draw) for draw in range(setting["draws"])]
    predicted = np.empty((len(variants), len(orders), len(samples.target)), dtype=np.float32)
    whole = predict(samples)
    for place, marks in enumerate(variants.values()):
        for draw, order in enumerate(orders):
            if not marks:
                predicted[place, draw] = whole
                continue
            inputs = randomise_marks(samples.inputs, marks, len(samples.mark_names), order)
            predicted[place, draw] = predict(replace(samples, inputs=inputs))
    log.info("%d test samples, %d variants of marks", len(samples.target), len(variants))
    return {
        "variants": np.array(list(variants)),
        "predicted": predicted,
        "gene_id": samples.gene_id,
        "cell": samples.cell,
        "target": samples.target,
    }
