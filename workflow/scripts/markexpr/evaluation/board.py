"""The board: where each model of a study stands, with its score and its cost, and the boards of
tasks, with the splits side by side.

Models (nets, estimators, a user's own) are ranked. Controls and the simulator's truth are
references: they stand on the board, are told apart from models, and are not ranked.
"""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from markexpr.evaluation.equivalence import (
    AS_GOOD,
    BETTER,
    OPEN,
    WORSE,
    compare_all,
    rank_in_cells,
    rank_models,
    say_standing,
)
from markexpr.evaluation.hierarchy import judge, summarise
from markexpr.evaluation.tested import draw, find_blocks, score_model
from markexpr.io.jobs import log
from markexpr.tables import with_interval

REFERENCES = ("control", "truth")  # kinds that are not ranked
LEAST = {"auc": 0.0, "pearson": -1.0, "mse": 0.0}  # where scores end; Student's intervals do not
MOST = {"auc": 1.0, "pearson": 1.0, "mse": np.inf}
COLUMNS = [
    "model",
    "kind",
    "standing",
    "metric",
    "value",
    "ci_low",
    "ci_high",
    "mse",
    "mse_low",
    "mse_high",
    "mean_rank",
    "against_controls",
    "cells",
    "seeds",
    "failed",
    "candidates",
    "seconds",
    "memory_mb",
    "parameters",
    "file_kb",
]
COUNTS = ("cells", "seeds", "failed", "candidates", "parameters")  # whole numbers, or none


# ---- scores and verdicts of a study ----


def compare_models(tested, places, setting):
    """Score the models of a study, and compare them.

    tested: markexpr.evaluation.tested.Tested; places: DataFrame by gene_id of chrom and tss;
    setting: dict of metrics (models are compared by the first), margin, block (bp), bootstrap
    (replicates, seed), kinds (of each model) and one_fit_of_all. Returns (standing, a DataFrame
    with a row a model, of COLUMNS but for costs; pairs, as equivalence.compare_all gives them).
    """
    blocks = find_blocks(tested.genes, places, setting["block"])
    draws = draw(tested, blocks, *_bootstrap(setting), setting["one_fit_of_all"])
    log.info("%d cells, %d blocks of genes", len(tested.cells), len(blocks.strata))
    scores = {}
    for metric in setting["metrics"]:
        found = {
            model: score_model(tested, model, blocks, draws, metric) for model in tested.predicted
        }
        scores[metric] = found, {model: summarise(one, draws) for model, one in found.items()}
    references = [name for name in tested.predicted if setting["kinds"][name] in REFERENCES]
    summaries = {
        name: one
        for name, one in scores[setting["metrics"][0]][1].items()
        if setting["kinds"][name] != "truth"  # no model can be better: nothing to test
    }
    pairs = compare_all(summaries, references, draws, setting["margin"])
    return _tabulate(tested, scores, pairs, references, draws, setting), pairs


def _bootstrap(setting):
    return setting["bootstrap"]["replicates"], setting["bootstrap"]["seed"]


def _tabulate(tested, scores, pairs, references, draws, setting):
    first, *others = setting["metrics"]
    found, summaries = scores[first]
    ranked = rank_models(summaries, references)
    standing, ranks = say_standing(ranked, pairs), rank_in_cells(summaries, ranked)
    rows = []
    for model in [*ranked, *references]:
        row = {
            "model": model,
            "kind": setting["kinds"][model],
            "standing": standing.get(model, "reference"),
            "metric": first,
            **_with_ends(summaries[model], draws, first, ("value", "ci_low", "ci_high")),
            "mean_rank": ranks.get(model, np.nan),
            "against_controls": _say_against(model, references, pairs, setting["kinds"]),
            "cells": len(tested.cells),
            "seeds": found[model].values.shape[1],
            "failed": int(np.isnan(found[model].values).sum()),
        }
        for metric in others:
            names = (metric, f"{metric}_low", f"{metric}_high")
            row |= _with_ends(scores[metric][1][model], draws, metric, names)
        rows.append(row)
    rows += [
        {"model": model, "kind": setting["kinds"][model], "standing": f"not compared: {why}"}
        for model, why in tested.left_out.items()
    ]
    return pd.DataFrame(rows).reindex(columns=COLUMNS)


def _with_ends(summary, draws, metric, names):
    """A score with its interval, by names; NaN if a fit failed."""
    if not np.isfinite(summary.value):
        return dict.fromkeys(names, np.nan)
    low, high, _ = judge(summary, draws)
    ends = np.clip([low, high], LEAST[metric], MOST[metric])
    return dict(zip(names, (summary.value, *ends)))


def _say_against(model, references, pairs, kinds):
    """A model against each control, in words; empty for a reference."""
    ours = pairs[(pairs["model"] == model) & pairs["other"].isin(references)]
    of = {row.other: row.verdict for row in ours.itertuples() if kinds[row.other] == "control"}
    said = []
    for verdict, words in (
        (BETTER, "better than"),
        (AS_GOOD, "as good as"),
        (OPEN, "not told apart from"),
        (WORSE, "worse than"),
    ):
        names = [name for name, one in of.items() if one == verdict]
        said += [f"{words} {', '.join(names)}"] if names else []
    return "; ".join(said)


# ---- costs ----


def find_costs(study, params, fit_files, benchmarks="benchmarks"):
    """What a fit of each model costs, {model: dict of columns}.

    params: paths of params.yaml, of one fit of each model; fit_files: names of the files beside it,
    of which one is the fitted model; benchmarks: the folder of what Snakemake has measured of jobs.
    `candidates`: how many were tuned; `seconds`: of one fit with all its candidates, the median of
    those that were measured; `memory_mb`: the largest; `parameters`: of a net, or nodes of a
    forest; `file_kb`: of the fitted model. What is not known is left out.
    """
    costs = {}
    for path in map(Path, params):
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        cost = {"candidates": max(len(told.get("tuning", [])), 1)}
        size = told.get("parameters", told.get("nodes"))
        if size is not None:
            cost["parameters"] = size
        for file in fit_files:
            if path.with_name(file).exists():
                cost["file_kb"] = path.with_name(file).stat().st_size / 1000
        costs[told["model"]] = cost | measure_jobs(benchmarks, study, told["model"])
    return costs


def measure_jobs(folder, study, model):
    """Median seconds and largest memory (MB) of the fits of a model, of the files that Snakemake
    wrote; without what it did not measure."""
    seconds, memory = [], []
    for path in sorted(Path(folder).glob(f"*/{study}/{model}/*/seed*.tsv")):
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                seconds += _number(row.get("s"))
                memory += _number(row.get("max_rss"))
    found = {"seconds": float(np.median(seconds))} if seconds else {}
    return found | ({"memory_mb": max(memory)} if memory else {})


def _number(text):
    """A number as a list of one; empty for what was not measured (NA, -)."""
    try:
        value = float(text)
    except (TypeError, ValueError):
        return []
    return [value] if np.isfinite(value) else []


def add_costs(standing, costs):
    """The table of compare_models with what fits cost. costs: as find_costs gives them."""
    table = standing.copy()
    for place, model in zip(table.index, table["model"]):
        for name, value in costs.get(model, {}).items():
            table.loc[place, name] = value
    return table.astype({name: "Int64" for name in COUNTS})


# ---- boards of tasks ----


def join_splits(standings, task):
    """The board of a task in long form: a row a split and model.

    standings: from a split, in words, to (study, its table of compare_models with costs).
    """
    parts = [
        table.assign(task=task, split=split, study=study)
        for split, (study, table) in standings.items()
    ]
    whole = pd.concat(parts, ignore_index=True)
    return whole[["task", "split", "study", *COLUMNS]]


def set_side_by_side(long):
    """The board of a task for people: a row a model, with its score under each split, in the order
    of the first, where models that only other splits have come last.

    long: as join_splits gives it.
    """
    splits = list(dict.fromkeys(long["split"]))
    main = long[long["split"] == splits[0]]
    order = list(dict.fromkeys([*main["model"], *long["model"]]))
    table = pd.DataFrame({"model": order}).set_index("model")
    first = long.drop_duplicates("model").set_index("model")
    table["kind"] = first["kind"]
    for split in splits:
        here = long[long["split"] == split].set_index("model")
        name = _name_score(long)
        table[f"{name}, {split}"] = _say_scores(here, "value", "ci_low", "ci_high")
        table[f"standing, {split}"] = here["standing"]
    if long["mse"].notna().any():
        here = main.set_index("model")
        table[f"MSE, {splits[0]}"] = _say_scores(here, "mse", "mse_low", "mse_high")
    for name in ("mean_rank", "against_controls", "failed", "candidates", "seconds", "memory_mb"):
        table[name] = first[name]
    for name in ("parameters", "file_kb"):
        table[name] = first[name]
    return table.reset_index()


def _name_score(long):
    known = long.loc[long["metric"].fillna("") != "", "metric"]
    return {"auc": "AUC", "pearson": "r"}[known.iloc[0]] if len(known) else "score"


def _say_scores(table, value, low, high):
    return with_interval(table[value], table[low], table[high])
