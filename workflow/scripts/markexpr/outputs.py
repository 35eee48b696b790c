"""Which tables and figures a study ends in: one table, one line each.

A new figure is a script with its rule (rules/), which says `**figure("its_name")`, and a line of
OUTPUTS here: the tests of the workflow then ask for it as well. A caption may stand in
workflow/report/{name}.rst. Imported by the Snakefile: no torch, no numpy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from markexpr.controlled import list_randomised
from markexpr.io.jobs import InputError
from markexpr.tasks import array_path


@dataclass(frozen=True)
class Subject:
    """A study, as the conditions of OUTPUTS look at it.

    plan: markexpr.plan.Plan; origins: markexpr.origins.Origins; published: names of the studies
    whose papers' numbers stand in config/published.tsv.
    """

    plan: object
    origins: object
    published: frozenset
    name: str

    @property
    def study(self):
        """Its markexpr.settings.studies.Study."""
        return self.plan.studies[self.name]

    @property
    def task(self):
        """Its markexpr.tasks.Task."""
        return self.plan.tasks[self.name]


# ---- conditions: whether a study has an output, or the names of those that it has ----


def has_own_data(subject):
    """Not those of its base, which shows them."""
    base = subject.study.base
    return base is None or subject.study.data != subject.plan.studies[base].data


def is_around_two_anchors(subject):
    """TSS and TTS: there is no one distance to draw along."""
    return subject.study.data.window.endswith("_flanks")


def is_around_one_anchor(subject):
    """The TSS alone."""
    return not is_around_two_anchors(subject)


def has_one_anchor(subject):
    """Data of its own around the TSS."""
    return has_own_data(subject) and is_around_one_anchor(subject)


def predicts_labels(subject):
    """High or low."""
    return subject.study.data.has_labels


def predicts_values(subject):
    """Expression values, or their change."""
    return has_models(subject) and not predicts_labels(subject)


def scores_labels(subject):
    """High or low, by models."""
    return has_models(subject) and predicts_labels(subject)


def has_models(subject):
    """Some studies show data alone."""
    return bool(subject.study.models)


def has_published(subject):
    """Numbers of its paper to compare with."""
    return has_models(subject) and published_as(subject) is not None


def has_regimes(subject):
    """It holds cells out, and others train."""
    task = subject.task
    return has_models(subject) and bool(task.held_out and task.training_cells)


def has_kinds_of_rows(subject):
    """Of some test rows more was seen in training than of others: cells or tissues are held out, a
    source tells of its targets, or controls, which know no cell, stand beside models."""
    if not has_models(subject):
        return False
    controls = subject.plan.runs(subject.name, how=("control",))
    apart = subject.study.transfer is not None or subject.task.leaves_tissues_out
    return has_regimes(subject) or bool(controls or apart)


def has_gene_mean(subject):
    """It holds cells out, and the gene's mean over other cells is among its models."""
    return has_regimes(subject) and "gene_mean" in subject.study.models


def competes(subject):
    """As has_regimes, with a model a cell: a pooled study has a figure of its own."""
    return has_regimes(subject) and not subject.task.pools_cells


def has_ablation(subject):
    """Models in the settings of a grid; a variant's stand beside those of its base."""
    base = subject.study.base
    return subject.study.grid is not None and (
        base is None or subject.plan.studies[base].grid is None
    )


def holds_out_remc(subject):
    """REMC's table of expression is fetched for REMC's cells alone."""
    kinds = subject.origins.kinds(subject.task.cells)
    return has_regimes(subject) and kinds == {"remc"} and not predicts_labels(subject)


def has_ensembles(subject):
    """Held-out cells are predicted by the mean of all cells' models."""
    return bool(subject.plan.member_tables(subject.name))


def draws_losses(subject):
    """Nets whose losses are drawn, all of them with a cell to train on."""
    nets = subject.study.losses
    return bool(nets) and all(_units(subject, net) for net in nets)


def has_folds(subject):
    """A cross-validation."""
    return subject.study.cross_validation is not None and bool(subject.task.training_cells)


def shows_a_gene(subject):
    """Attributions of one gene."""
    return subject.study.gene_attributions is not None and bool(subject.task.training_cells)


def has_attributions(subject):
    """Saliency of units that are built and have a model of their own."""
    return bool(list_attributed_units(subject))


def has_claims(subject):
    """Claims to test."""
    return bool(subject.study.claims)


def has_controls(subject):
    """Controls that can fail are asked for."""
    return has_models(subject) and subject.study.controls is not None


def randomises_marks(subject):
    """Of these, saved fits predict from randomised marks."""
    return has_controls(subject) and bool(list_randomised(subject.plan, subject.name))


def names_cells(subject):
    """Cells that the paper names by rank, and a unit of the model that ranks them."""
    named = subject.study.named_cells
    return named is not None and bool(_units(subject, named.model))


def has_settings(subject):
    """Variants of the same paper and task beside it, and models to compare."""
    compared = subject.plan.compared(subject.name)
    return bool(compared["models"]) and len(settings(subject)) > 1


def has_gaps(subject):
    """Printed numbers whose gaps are split, and each of their models with a unit in all data
    settings that this takes."""
    gaps = subject.study.gaps
    if gaps is None:
        return False
    there = {
        tuple(levels_of(subject.plan.studies[name].data).values()): name
        for name in settings(subject)
    }
    return all(
        corner in there and subject.plan.has_unit(there[corner], step)
        for step in gaps.steps
        for corner in product(*zip(*(_levels_printed(gaps.printed[model]) for model in step)))
    )


def levels_of(data):
    """The data setting of a study, as `gaps` tells settings apart: {factor: level}."""
    return {
        "labels": getattr(data.target, "label_mode", "none"),
        "split": data.split.scheme,
        "genes": "thinned" if data.genes.min_distance else "all",
    }


def _levels_printed(number):
    return number.labels, number.split, number.genes


def shows_mark_attention(subject):
    """The pair whose attention over marks is drawn is built."""
    return _shows_pair(subject, subject.study.mark_attention)


def shows_inputs(subject):
    """The pair whose inputs are drawn is built."""
    return _shows_pair(subject, subject.study.inputs)


def states_of_marks(subject):
    """The paper says something of the attention over marks that is drawn."""
    return shows_mark_attention(subject) and bool(subject.study.mark_attention.statements)


def tables_of_models(subject):
    """Tables of models side by side that have a unit each, as has the other study of those that
    are relative to one."""
    return [
        name
        for name, block in subject.study.tables.items()
        if _built(subject, block) and _has_denominators(subject, block)
    ]


def figures_of_models(subject):
    """Figures of models side by side that have a unit each."""
    return [name for name, block in subject.study.figures.items() if _built(subject, block)]


def is_on_board(subject):
    """A board names it, and it has a unit."""
    on_board = subject.plan.board_of(subject.name) is not None
    return on_board and bool(subject.plan.runs(subject.name, scored=True))


def has_board(subject):
    """It holds a board, and one of the studies on it has a unit."""
    return bool(boards_of_tasks(subject))


def boards_of_tasks(subject):
    """The tasks of its board of which a study has a unit."""
    tasks = subject.study.board.tasks if subject.study.board else []
    return [f"board_{task}" for task in tasks if studies_on_board(subject, task)]


def maps_of_attention(subject):
    """A map of self-attention a net that asks for one and has a unit."""
    nets = [net for net in subject.study.attention if _units(subject, net)]
    return [f"attention_{net}" for net in nets]


def _built(subject, block):
    return subject.plan.has_unit(subject.name, block.models)


def _has_denominators(subject, block):
    other = block.relative_to_study
    return other is None or bool(_served(subject, [other]))


def _units(subject, model):
    return subject.plan.trained_units(subject.name, model)


def _shows_pair(subject, setting):
    return setting is not None and setting.unit in subject.plan.pairs


# ---- what conditions and rules ask ----


def published_as(subject):
    """The study under which config/published.tsv has the numbers that a study compares with: its
    own name, or its base's if they differ in how labels are made alone; None for others."""
    base = subject.study.base
    if subject.name in subject.published:
        return subject.name
    if base not in subject.published or not predicts_labels(subject):
        return None
    own, other = (
        data.model_copy(update={"target": data.target.model_copy(update={"label_mode": "text"})})
        for data in (subject.study.data, subject.plan.studies[base].data)
    )
    same_task = subject.study.task == subject.plan.studies[base].task
    return base if own == other and same_task else None


def list_attributed_units(subject):
    """The units whose attributions a study draws: those that are built and trained on."""
    setting = subject.study.attributions
    if setting is None:
        return []
    trained = _units(subject, setting.model)
    return [unit for unit in setting.units if unit in trained]


def studies_on_board(subject, task):
    """The studies of a task of a board that have a unit and are served, {split: study}."""
    named = subject.study.board.tasks[task].studies
    served = _served(subject, named.values())
    return {
        split: name
        for split, name in named.items()
        if name in served and subject.plan.runs(name, scored=True)
    }


def settings(subject):
    """A study and its variants, as far as the cells' sources serve them."""
    return _served(subject, subject.plan.settings(subject.name))


def settings_of_grid(subject):
    """A study with a grid and its variants that have one, as far as the cells' sources serve
    them."""
    names = [
        name for name in subject.plan.of_paper(subject.name) if subject.plan.studies[name].grid
    ]
    return _served(subject, names)


def _served(subject, names):
    """Of some studies, this one and those for which the sources of their cells have what they ask
    for."""
    plan, origins = subject.plan, subject.origins
    return [
        name
        for name in names
        if name == subject.name
        or origins.can_serve(plan.tasks[name].cells, plan.studies[name].data)
    ]


# ---- the table ----

FIGURE, TABLE = "figure", "table"
DATA, SCORES, MODELS, INTERPRETATION = "Data", "Scores", "Models", "Interpretation"
CONTROLS = "Controls"  # a category of its own in the report, over all studies
BOARD = "Board"


@dataclass(frozen=True)
class Output:
    """A table or figure of studies.

    name: of its file, or the pattern of several; group, label: where the report has it and what
    it calls it; condition: whether a study has it, or the names of those that it has; caption: a
    file of workflow/report/, {name}.rst if not given.
    """

    kind: str
    name: str
    group: str
    label: str
    condition: Callable
    caption: str = ""

    def names(self, subject):
        """The names of the files of this line that a study has."""
        found = self.condition(subject)
        return found if isinstance(found, list) else [self.name] * bool(found)


# fmt: off
OUTPUTS = [
    Output(TABLE, "board", BOARD, "all tasks", has_board),
    Output(TABLE, "board_{task}", BOARD, "which model: {task}", boards_of_tasks, "board_task"),
    Output(FIGURE, "board_{task}", BOARD, "scores and intervals: {task}", boards_of_tasks,
           "board_figure"),
    Output(TABLE, "standing", BOARD, "where each model stands", is_on_board),
    Output(TABLE, "pairs", BOARD, "models against each other, tested", is_on_board),
    Output(FIGURE, "ranks", BOARD, "mean ranks over cells", is_on_board),
    Output(FIGURE, "wins", BOARD, "which model beats which", is_on_board),
    Output(FIGURE, "genes", DATA, "genes kept and dropped", has_own_data),
    Output(TABLE, "warnings", DATA, "warnings about the data", has_own_data),
    Output(FIGURE, "depth", DATA, "reads per cell and mark", has_own_data),
    Output(FIGURE, "profiles", DATA, "mean read profile, high and low genes", has_one_anchor),
    Output(FIGURE, "correlation", DATA, "correlation of marks with expression", has_one_anchor),
    Output(FIGURE, "labels", DATA, "labels as number and as text", predicts_labels),
    Output(FIGURE, "inputs", DATA, "inputs of one gene (Figure 1)", shows_inputs),
    Output(TABLE, "scores", SCORES, "scores of the test genes", has_models),
    Output(FIGURE, "roc", SCORES, "ROC curves of the test genes", scores_labels),
    Output(FIGURE, "predicted", SCORES, "predicted and true values", predicts_values),
    Output(TABLE, "published", SCORES, "published and ours", has_published),
    Output(TABLE, "regimes", SCORES, "seen and unseen genes and cells", has_regimes),
    Output(TABLE, "seen", SCORES, "by gene, cell and tissue seen", has_kinds_of_rows),
    Output(FIGURE, "regimes", SCORES, "seen and unseen genes and cells (figure)", has_regimes),
    Output(FIGURE, "competition", SCORES, "validation and test error (Figure 4)", competes),
    Output(FIGURE, "unseen_cells", SCORES, "every unseen cell, beside the gene mean",
           has_gene_mean),
    Output(TABLE, "leave_one_out", SCORES, "expression told by other cells", holds_out_remc),
    Output(FIGURE, "cross_validation", SCORES, "cross-validation (Figure 3)", has_folds),
    Output(TABLE, "sizes", MODELS, "sizes of models", has_models),
    Output(TABLE, "{table}", MODELS, "{table}", tables_of_models, "models_table"),
    Output(FIGURE, "{figure}", MODELS, "{figure}", figures_of_models, "models_figure"),
    Output(TABLE, "claims", MODELS, "claims of the paper, tested", has_claims),
    Output(TABLE, "controls", CONTROLS, "PASS or FAIL", has_controls),
    Output(TABLE, "randomised", CONTROLS, "marks randomised", randomises_marks),
    Output(FIGURE, "randomised", CONTROLS, "marks randomised (figure)", randomises_marks),
    Output(TABLE, "named_cells", MODELS, "worst, median and best cells", names_cells),
    Output(TABLE, "settings", MODELS, "in other settings", has_settings),
    Output(FIGURE, "settings", MODELS, "in other settings (figure)", has_settings),
    Output(TABLE, "gaps", MODELS, "where published gaps come from", has_gaps),
    Output(FIGURE, "gaps", MODELS, "where published gaps come from (figure)", has_gaps),
    Output(TABLE, "ablation", MODELS, "what each setting changes", has_ablation),
    Output(FIGURE, "ablation", MODELS, "what each setting changes (figure)", has_ablation),
    Output(TABLE, "ensemble", MODELS, "ensemble and its members", has_ensembles),
    Output(FIGURE, "ensemble", MODELS, "ensemble and its members (figure)", has_ensembles),
    Output(FIGURE, "losses", MODELS, "training loss of every fit (DenseEnsemble's Figure 3)",
           draws_losses),
    Output(FIGURE, "attention_{model}", INTERPRETATION, "self-attention of {model}",
           maps_of_attention, "attention"),
    Output(FIGURE, "mark_attention", INTERPRETATION, "attention over marks (Figure 5)",
           shows_mark_attention),
    Output(TABLE, "mark_statements", INTERPRETATION, "what the paper says of it, tested",
           states_of_marks),
    Output(FIGURE, "attributions", INTERPRETATION, "saliency and integrated gradients",
           has_attributions),
    Output(FIGURE, "gene_marks", INTERPRETATION, "marks of one gene, gradient × input (Figure 4)",
           shows_a_gene, "gene_attributions"),
    Output(FIGURE, "gene_sequence", INTERPRETATION,
           "gradients of the four bases of one gene (Figure 5)", shows_a_gene,
           "gene_attributions"),
    Output(FIGURE, "gene_attributions", INTERPRETATION, "marks and DNA, means over genes",
           shows_a_gene),
]
# fmt: on

FOLDERS = {FIGURE: ("figures", "png"), TABLE: ("tables", "html")}


def find(kind, name):
    """The line of OUTPUTS of a kind and name."""
    return next(output for output in OUTPUTS if (output.kind, output.name) == (kind, name))


def list_files(subject):
    """All tables and figures of one study, as paths; none if it has models and no unit."""
    plan, name = subject.plan, subject.name
    if subject.study.models and not plan.runs(name):
        return []
    files = []
    for output in OUTPUTS:
        folder, suffix = FOLDERS[output.kind]
        files += [f"results/{folder}/{name}/{one}.{suffix}" for one in output.names(subject)]
    return files + attention_files(subject)


def attention_files(subject):
    """Attention gene by gene of every net that has it over marks, of the first seed."""
    plan, name = subject.plan, subject.name
    return [
        array_path("attention", name, net, run.unit, plan.seeds[0])
        for net in plan.nets_with_attention(name, "marks")
        for run in plan.runs(name, net, how=("train",))
    ]


def served_of_paper(subject):
    """A study and all others of its paper, as far as the cells' sources serve them."""
    return _served(subject, subject.plan.of_paper(subject.name))


def list_files_of_paper(subject):
    """What the target of a study builds: all outputs of all studies of its paper.

    Raises InputError, with the reason, if there are none.
    """
    names = served_of_paper(subject)
    others = [Subject(subject.plan, subject.origins, subject.published, name) for name in names]
    files = [file for other in others for file in list_files(other)]
    if not files:
        why = subject.plan.why_no_unit(subject.name)
        raise InputError(f"study {subject.name} has nothing to build: {why}")
    return files
