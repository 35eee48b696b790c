"""All controls of a study: which apply, what they are judged by, and the verdicts."""

import json
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import yaml

from markexpr.data.annotation import read_genes
from markexpr.data.splits import split_by_gene
from markexpr.evaluation import structure, verdicts
from markexpr.evaluation.randomised import read_parts
from markexpr.evaluation.together import list_parts, score
from markexpr.evaluation.verdicts import Counted, NotApplicable, settle
from markexpr.folds import split_unit
from markexpr.io.runs import parse_run, read_predictions
from markexpr.randomising import ALL
from markexpr.tables import counted

TRUTH = "simulator_truth"
# controls of other cells' expression (markexpr.evaluation.controls), and what they are called
OF_OTHER_CELLS = {
    "gene_mean": "the gene's mean over other cells",
    "tissue_mean": "the gene's mean over cells of the tissue",
    "nearest_cell": "the gene in the most similar cell",
}


OF_RESIDUAL = "what other cells say of the gene is added to its predictions, and no mark tells that"


@dataclass
class Study:
    """What the controls of a study are judged by.

    models: as markexpr.controlled.describe_models, and the simulator's truth; metric: auc or
    pearson; bootstrap: replicates and seed; unseen: whether cells test that no model is trained on;
    simulated, null: whether data are simulated, and marks tell nothing.
    parts: by model, from (unit, seed) to the Parts of its test rows; new, known: the same of genes
    that were trained in no cell, and of those trained in others than this cell; valid: by model,
    scores of validation genes, one a run and cell; misplaced, off, seen: by model, what the
    controls of structure found in each run.
    """

    models: dict
    metric: str
    bootstrap: dict
    unseen: bool
    simulated: bool = False
    null: bool = False
    parts: dict = field(default_factory=dict)
    new: dict = field(default_factory=dict)
    known: dict = field(default_factory=dict)
    valid: dict = field(default_factory=dict)
    misplaced: dict = field(default_factory=dict)
    off: dict = field(default_factory=dict)
    seen: dict = field(default_factory=dict)

    def fitted(self, permuted=False):
        """The models of marks that were run, with their own targets or with others'."""
        return [
            name
            for name, model in self.models.items()
            if model["kind"] not in ("control", "truth")
            and bool(model["permute"]) == permuted
            and name in self.parts
        ]

    def shared(self, one, other, rows="parts"):
        """The Parts of two models in the units and seeds that both have, and these in words."""
        first, second = (getattr(self, rows).get(name, {}) for name in (one, other))
        runs = [run for run in first if run in second and first[run] and second[run]]
        parts = [[part for run in runs for part in some[run]] for some in (first, second)]
        return *parts, in_words(runs)

    def of_model(self, name, rows="parts"):
        """All Parts of a model, and its runs in words."""
        found = getattr(self, rows).get(name, {})
        return [part for parts in found.values() for part in parts], in_words(
            [run for run, parts in found.items() if parts]
        )

    def choose_best(self):
        """The fitted model with the best mean score of validation genes, but for totals; None if
        none has one. Test genes have no say."""
        means = {
            name: np.nanmean(self.valid[name])
            for name in self.fitted()
            if not self.models[name]["totals"] and np.isfinite(self.valid.get(name, [])).any()
        }
        return max(means, key=means.get) if means else None


def in_words(runs):
    """Runs, tuples of unit and seed, in words: the unit itself if it is one, else their number."""
    units = list(dict.fromkeys(unit for unit, _ in runs))
    return units[0] if len(units) == 1 else counted(len(units), "unit")


def check_study(job):
    """The verdicts on all controls of a study, DataFrame. job: of the rule check_controls."""
    params, tensors = job.params, Tensors(job.input.tensors)
    study = Study(
        {**params.models, **({TRUTH: TRUE} if params.simulated else {})},
        "auc" if params.data["target"]["kind"] == "median_label" else "pearson",
        dict(params.bootstrap),
        bool(params.held_out or params.left_out),
        params.simulated,
        bool(params.simulated and params.null),
    )
    genes = read_genes(job.input.genes)
    expected = Expected(params.data["split"], genes, params.left_out)
    for path in job.input.predictions:
        read_run(study, path, expected, tensors.targets)
    found = [
        *judge_structure(study, job.input.get("fits", []), expected.why_not),
        *judge_tensors(params.data, tensors, genes, job.input.get("expression"), params.of_remc),
        *judge_scores(study),
        *judge_randomised(study, job.input.get("randomised", [])),
    ]
    return settle(job.wildcards.study, found)


TRUE = {"kind": "truth", "permute": None, "totals": False, "control": None}


# ---- what is read ----


class Tensors:
    """What tensors say, by cell. paths: results/tensors/{study}/{cell}.npz.

    targets, expression: Series by gene_id; zscore: how far inputs of training genes are from mean 0
    and sd 1; medians: that labels were made by.
    """

    def __init__(self, paths):
        self.targets, self.expression, self.zscore, self.medians = {}, {}, {}, {}
        for path in paths:
            with np.load(path) as file:
                provenance = json.loads(str(file["provenance"]))
                cell, train = provenance["cell"], file["split"] == "train"
                genes = file["gene_id"]
                self.targets[cell] = pd.Series(file["target"].astype(float), index=genes)
                self.expression[cell] = pd.Series(file["expression"], index=genes)
                if provenance.get("zscore") and train.any():
                    self.zscore[cell] = structure.measure_zscore(file["X"], train)
            self.medians[cell] = provenance.get("median")


class Expected:
    """Which split each gene of a cell is of, once more by the study's setting.

    setting: its `split` block; genes: its list; left_out: from a unit to the cells whose genes all
    test in it. Call it with a cell and a unit for a Series by gene_id. why_not: why that cannot be
    told, or empty.
    """

    def __init__(self, setting, genes, left_out):
        self.setting, self.genes, self.left_out, self.known = setting, genes, left_out, {}
        of_source = setting["scheme"] == "source"
        self.why_not = "the split comes with the cells' files" if of_source else ""

    def __call__(self, cell, unit):
        fold, first = split_unit(unit)[1], cell.split("-")[0]
        if first in self.left_out.get(unit, []):
            return pd.Series("test", index=self.genes["gene_id"])
        if (first, fold) not in self.known:
            setting = {**self.setting, **({} if fold is None else {"fold": fold})}
            self.known[first, fold] = split_by_gene(setting, self.genes, first)
        return self.known[first, fold]


def read_run(study, path, expected, targets):
    """Add what controls are judged by of one run to a Study. path: its predictions."""
    run, table = parse_run(path), read_predictions(path)
    name, place = run["model"], (run["unit"], run["seed"])
    model = study.models[name]
    study.parts.setdefault(name, {})[place] = list_parts(table)
    valid = [score(part, study.metric) for part in list_parts(table, "valid")]
    study.valid.setdefault(name, []).extend(valid)
    seen, cell_seen, tested = table["gene_seen"], table["cell_seen"], table["split"] == "test"
    study.new.setdefault(name, {})[place] = list_parts(table[~seen])
    study.known.setdefault(name, {})[place] = list_parts(table[seen & ~cell_seen])
    study.seen.setdefault(name, []).append(int((tested & seen & cell_seen).sum()))
    if not expected.why_not:
        # of a transfer, the target's: all genes of the source may train, as in the paper
        target = run["unit"].partition("-to-")[2]
        rows = table[table["cell"] == target] if target else table
        by_cell = {cell: expected(cell, run["unit"]) for cell in rows["cell"].unique()}
        found = structure.count_misplaced(rows, by_cell)
        study.misplaced.setdefault(name, []).append(found)
    if model["permute"] != "cell":
        # permuted targets are those of other genes, but for test genes
        rows = table[table["split"] == "test"] if model["permute"] else table
        study.off.setdefault(name, []).append(structure.count_off(rows, targets))


# ---- controls of structure ----


def judge_structure(study, fits, why_not):
    """Of each model: where its genes are, what its true values are, and labels that it must not
    have."""
    hidden = {}
    for path in fits:
        with open(path, encoding="utf-8") as file:
            params = yaml.safe_load(file)
        hidden.setdefault(parse_run(path)["model"], []).append(params.get("labels_of_unlabelled"))
    for name in study.parts:
        unit = study.of_model(name)[1]
        if why_not:
            yield NotApplicable("test genes train nothing", name, why_not, unit)
        else:
            yield structure.judge_split(name, study.misplaced[name], unit)
        if study.models[name].get("residual"):
            yield NotApplicable("no test row was seen", name, OF_RESIDUAL, unit)
        else:
            yield Counted(
                "no test row was seen",
                name,
                unit,
                "rows of which gene and cell were trained on",
                sum(study.seen[name]),
                0,
                "of every test row, the gene or the cell is new to the model",
                "the model was trained on genes that test in cells that it was trained on",
            )
        if name in study.off:
            yield structure.judge_targets(name, study.off[name], unit)
        if name in hidden:
            yield structure.judge_unlabelled(name, hidden[name], unit)
    if not hidden:
        why = "no model of the study trains on samples without their label"
        yield NotApplicable("unlabelled samples have no label", "", why)


def judge_tensors(data, tensors, genes, expression, cells):
    """Of all tensors: scaling, and expression by gene id. expression: REMC's table, or None; cells:
    those whose expression is read from it."""
    unit = counted(len(tensors.targets), "cell")
    yield structure.judge_zscore(tensors.zscore, data, unit)
    control = "expression is that of its gene"
    if not expression or not cells:
        why = "no cell's expression is read from REMC's table"
        yield NotApplicable(control, "", why)
        return
    table, off, first = structure.read_columns(expression, cells), 0, ""
    for cell in cells:
        own = tensors.expression[cell]
        in_table = table[cell].reindex(own.index)
        wrong = ~np.isclose(own, in_table, rtol=structure.RELATIVE, atol=structure.ABSOLUTE)
        of_study = table[cell].reindex(genes["gene_id"]).dropna()
        made = structure.make_targets(
            of_study, data["target"], _find_median(data["target"], tensors.medians[cell])
        ).reindex(own.index)
        target = tensors.targets[cell].reindex(own.index)
        wrong |= ~np.isclose(target, made, rtol=structure.RELATIVE, atol=structure.ABSOLUTE)
        if wrong.any() and not first:
            gene = own.index[np.flatnonzero(wrong)[0]]
            first = (
                f"{gene} in {cell} has expression {own[gene]:g}, and the table {in_table[gene]:g}"
            )
        off += int(wrong.sum())
    yield Counted(
        control,
        "",
        unit,
        "genes off",
        off,
        0,
        "expression and targets are those of the table by gene id and the name of the cell",
        f"{first}: are rows or columns shifted?",
    )


def _find_median(target, median):
    """The median that labels are made by: found once more where it is that of the study's genes,
    else the one that tensors say."""
    return median if target.get("median_of") == "all_genes" else None


# ---- controls of scores ----


def judge_scores(study):
    """Of each model: permuted targets and cells, five totals, other cells' expression, and the
    simulator's truth and null."""
    yield from _judge_permuted(study)
    yield from _judge_totals(study)
    yield from _judge_other_cells(study)
    yield from _judge_simulated(study)


def _judge_permuted(study):
    metric, bootstrap = study.metric, study.bootstrap
    permuted = {
        kind: [name for name in study.fitted(True) if study.models[name]["permute"] == kind]
        for kind in ("target", "cell")
    }
    for name in permuted["target"]:
        fits = [parts for parts in study.parts[name].values() if parts]
        unit = study.of_model(name)[1]
        yield verdicts.judge_permuted_targets(name, fits, unit, metric, bootstrap)
    if not permuted["target"]:
        why = "no model of the study has the key permute: target"
        yield NotApplicable("permuted targets", "", why)
    for name in permuted["cell"]:
        own = study.models[name]["own"]
        if study.null:
            yield NotApplicable("permuted cell", name, "marks of no cell tell anything (null)")
        elif own not in study.parts:
            why = "no model of the study is the same but for its key permute"
            yield NotApplicable("permuted cell", name, why)
        else:
            mine, other, unit = study.shared(own, name)
            yield verdicts.judge_permuted_cell(name, own, mine, other, unit, metric, bootstrap)
    if not permuted["cell"]:
        why = (
            "no model has the key permute: cell, or there is no other cell whose targets it could "
            "be given"
        )
        yield NotApplicable("permuted cell", "", why)


def _judge_totals(study):
    control = "better than totals"
    totals = [name for name in study.fitted() if study.models[name]["totals"]]
    best = study.choose_best()
    if study.null:
        yield NotApplicable(control, "", "marks tell nothing (null)")
    elif not totals:
        yield NotApplicable(control, "", "no model of the study is of architecture totals")
    elif best is None:
        yield NotApplicable(
            control, "", "there are no validation genes to choose the best model by"
        )
    else:
        fails = (
            "where marks are along the window adds nothing that is shown: a total of each mark "
            "does as well"
        )
        for name in totals:
            parts, other, unit = study.shared(best, name)
            yield verdicts.judge_gain(
                control, best, name, parts, other, unit, study.metric, study.bootstrap, fails
            )


def _judge_other_cells(study):
    if study.null:
        why = "marks tell nothing (null)"
        yield NotApplicable("better than other cells' expression", "", why)
        return
    for kind, words in OF_OTHER_CELLS.items():
        control = f"better than {kind.replace('_', ' ')}"
        names = [name for name in study.parts if study.models[name]["control"] == kind]
        if not study.unseen:
            why = (
                "test genes were trained in no cell, so that their values in other cells are known "
                "to no model: it is a control of unseen cells"
            )
            yield NotApplicable(control, "", why)
            continue
        if not names:
            yield NotApplicable(control, "", f"no model of the study is a control of kind {kind}")
            continue
        fails = (
            f"not better than {words}: nothing shows that the model knows more of an unseen cell "
            "than which gene it looks at"
        )
        for name in study.fitted():
            parts, other, unit = study.shared(name, names[0], "known")
            if not parts:
                why = "no test gene of an unseen cell was trained in another"
                yield NotApplicable(control, name, why)
                continue
            yield verdicts.judge_gain(
                control, name, names[0], parts, other, unit, study.metric, study.bootstrap, fails
            )


def _judge_simulated(study):
    truth, null = "simulator's truth", "simulator's null"
    if not study.simulated:
        why = "data are real: what is possible is not known"
        yield NotApplicable(truth, "", why)
        yield NotApplicable(null, "", why)
        return
    if study.null:
        yield NotApplicable(truth, "", "marks tell nothing: nothing is possible (null)")
        for name in study.fitted():
            if study.models[name]["residual"]:
                yield NotApplicable(null, name, OF_RESIDUAL)
                continue
            parts, unit = study.of_model(name)
            yield verdicts.judge_null(name, parts, unit, study.metric, study.bootstrap)
        return
    why = "marks tell of the targets (config key simulate.null is false)"
    yield NotApplicable(null, "", why)
    for name in study.fitted():
        if study.models[name]["residual"]:
            yield NotApplicable(truth, name, OF_RESIDUAL)
            continue
        parts, other, unit = study.shared(name, TRUTH, "new")
        if not parts:
            why = (
                "all test genes were trained in other cells: the strength of a promoter is a "
                "gene's own in all cells, and no mark tells it to the truth"
            )
            yield NotApplicable(truth, name, why)
            continue
        yield verdicts.judge_truth(name, TRUTH, parts, other, unit, study.metric, study.bootstrap)


def judge_randomised(study, paths):
    """Of each model with a saved fit: all marks randomised. paths:
    results/randomised/{study}/{model}/{unit}/seed{seed}.npz."""
    control, by_model = "all marks randomised", {}
    for path in paths:
        by_model.setdefault(parse_randomised(path)[0], []).append(path)
    for name in study.fitted():
        if name not in by_model:
            why = "no fit of its own predicts its units: they are a difference or mean of others"
            yield NotApplicable(control, name, why)
        elif study.models[name]["dna"]:
            yield NotApplicable(control, name, "it reads DNA, which stays as it is")
        else:
            parts = [part for path in by_model[name] for part in read_parts(path, ALL)]
            unit = in_words([parse_randomised(path)[1:] for path in by_model[name]])
            yield verdicts.judge_randomised_marks(name, parts, unit, study.metric, study.bootstrap)


def parse_randomised(path):
    """Model, unit and seed of results/randomised/{study}/{model}/{unit}/seed{seed}.npz."""
    model, unit, seed = str(path).removesuffix(".npz").split("/")[-3:]
    return model, unit, int(seed.removeprefix("seed"))
