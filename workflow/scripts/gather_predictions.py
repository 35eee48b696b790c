"""The table of a sample: all genes with what models predict of them, and how far they agree."""

import numpy as np
import pandas as pd
import yaml

from markexpr.data.annotation import read_places
from markexpr.data.tensors import INVERSES
from markexpr.io.files import read_tsv, write_tsv
from markexpr.io.jobs import InputError, log, run_job, warn
from markexpr.predict.ensembles import combine
from markexpr.predict.kinds import LABEL, VALUE
from markexpr.settings.units import name_of_value


def read_one(path, predictor):
    """Mean and spread of a predictor by gene, values as log2(value + 1)."""
    table = read_tsv(path).set_index("gene_id")
    if predictor["predicts"] == VALUE and predictor["transform"] != "log2p1":
        undo = INVERSES[predictor["transform"]]
        mean = np.log2(np.maximum(undo(table["mean"]), 0) + 1)
        end = np.log2(np.maximum(undo(table["mean"] + table["spread"]), 0) + 1)
        spread = end - mean
        table = pd.DataFrame({"mean": mean, "spread": spread})
    return table


def find_unit(paths, predictors):
    """The unit of the expression that the models of values were trained on. InputError if they
    differ."""
    units = {}
    for path, predictor in zip(paths, predictors):
        if predictor["predicts"] == VALUE:
            with open(path, encoding="utf-8") as file:
                measured = yaml.safe_load(file).get("measured", {})
            units[predictor["name"]] = measured.get("expression_unit", "")
    if len(set(units.values())) > 1:
        told = ", ".join(f"{name} {unit!r}" for name, unit in units.items())
        raise InputError(
            f"config key 'predict.models': the models were trained on expression in different "
            f"units ({told}), of which no mean can be taken: name models of one unit"
        )
    return next(iter(units.values()), "")


def main(job):
    predictors = job.params.predictors
    if job.params.simulated:
        warn(
            "its models were trained on simulated cells: what they predict says nothing of a real "
            "sample",
            job.wildcards.sample,
        )
    table = read_places(job.input.genes)
    tables = [read_one(*each) for each in zip(job.input.predictions, predictors)]
    predicted = set().union(*(one.index for one in tables))
    table = table[[gene in predicted for gene in table.index]]
    unit = name_of_value(find_unit(job.input.params, predictors))
    for kind, name in ((VALUE, f"log2_{unit}_plus_1"), (LABEL, "p_high")):
        some = [
            one.reindex(table.index)
            for one, predictor in zip(tables, predictors)
            if predictor["predicts"] == kind
        ]
        if some:
            spread = "spread" if kind == VALUE else "p_high_spread"
            table[name], table[spread] = combine(
                [one["mean"] for one in some], [one["spread"] for one in some]
            )
    trained = [read_tsv(path).set_index("gene_id")["trained"] for path in job.input.trained]
    by_any = sum(one.reindex(table.index).fillna(0) for one in trained) > 0
    table["trained_on"] = by_any
    for one, predictor in zip(tables, predictors):
        table[predictor["name"]] = one["mean"].reindex(table.index)
    log.info(
        "%s: %d genes, of which %d were trained on in other cells",
        job.wildcards.sample,
        len(table),
        by_any.sum(),
    )
    write_tsv(job.output[0], table.reset_index())


if __name__ == "__main__":
    run_job(main, snakemake)
