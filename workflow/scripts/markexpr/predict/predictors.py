"""Trained models that predict samples of a user's own: all fits of a model, as one ensemble.

Imported by the Snakefile: no torch, no numpy.
"""

from dataclasses import dataclass

from markexpr.io.jobs import InputError
from markexpr.lookup import plain_model
from markexpr.own_model import is_own
from markexpr.predict.kinds import CHANGE, LABEL, VALUE
from markexpr.settings.models import Control, Given, Net
from markexpr.settings.reading import did_you_mean
from markexpr.tasks import FIT_FILES, Pairs, genes_path, sequence_path

SHARED = "predictions.tsv.gz"
FOLDER = "results/predictions"  # of all that is predicted of samples


@dataclass(frozen=True)
class Predictor:
    """All fits of one model of a study.

    name: study/model; kind: net or estimator; predicts: value, label or change; data: the study's
    `data` block as plain values; block: the model's; genes: path of the study's genes; members:
    folders of its fits; sequence: path of the DNA that it reads, or None; trained: path of the
    table of genes that its fits were trained on; scores: path of how each does on its test genes;
    reference: path of what its training cells' counts look like; cells: their names; held_out:
    cells of the configuration that it was not trained on, for trials.
    """

    name: str
    kind: str
    predicts: str
    data: dict
    block: dict
    genes: str
    members: tuple
    sequence: str | None = None
    trained: str | None = None
    scores: str | None = None
    reference: str | None = None
    cells: tuple = ()
    held_out: tuple = ()

    @property
    def marks(self):
        """The marks that it reads, in its order."""
        return self.data["marks"]

    @property
    def files(self):
        """The files of its members, by what they are to a job."""
        part, file = FIT_FILES[self.kind]
        return {
            part: [f"{folder}/{file}" for folder in self.members],
            "params": [f"{folder}/params.yaml" for folder in self.members],
        }

    @property
    def predictions(self):
        """The predictions of its members for the genes of their own cells."""
        return [f"{folder}/{SHARED}" for folder in self.members]


def trained_path(name):
    """Which genes a predictor's members were trained on."""
    return f"{FOLDER}/trained/{name}.tsv"


def reference_path(name):
    """What the counts of the cells look like that a predictor's members were trained on."""
    return f"{FOLDER}/reference/{name}.npz"


def scores_path(name):
    """How well each of a predictor's members does on its test genes."""
    return f"{FOLDER}/members/{name}.tsv"


def find_predictor(plan, name, key):
    """The predictor `study/model` of a plan. key: the config key that names it, for messages.

    Raises InputError for one that is none, or cannot predict a sample that it does not know.
    """
    place = f"config key '{key}': {name}"
    study, _, model = name.partition("/")
    if study not in plan.studies:
        raise InputError(f"{place}: unknown study {study!r}; {did_you_mean(study, plan.studies)}")
    models = plan.studies[study].models
    if model not in models:
        raise InputError(f"{place}: unknown model {model!r}; {did_you_mean(model, models)}")
    block, task = models[model], plan.tasks[study]
    if isinstance(block, Control):
        raise InputError(f"{place} is a control, which reads no marks: name a net or an estimator")
    if isinstance(block, Given):
        raise InputError(f"{place} is a file of predictions: name a net or an estimator")
    if is_own(block.architecture):
        raise InputError(
            f"{place} is of a file of your own, and samples are predicted by models of this "
            "project alone: their bundles hold no code"
        )
    if block.permute:
        raise InputError(
            f"{place} is a control, trained on targets that are not those of its genes (permute): "
            "name a model without this key"
        )
    if getattr(block, "cell_by_cell", False):
        raise InputError(
            f"{place} is trained on each cell apart: name one that is trained on pairs"
        )
    if getattr(block, "trained_on", "source") != "source" and plan.studies[study].transfer:
        raise InputError(
            f"{place} is trained for one target cell each: name one with trained_on: source"
        )
    if getattr(task.split, "fold", None) == "all":
        raise InputError(
            f"{place} is trained once for each fold of chromosomes: name a model of a study whose "
            "data.split has one"
        )
    if block.view or block.residual:
        raise InputError(
            f"{place} has a `view` or `residual`, which no sample of the sheet is given: name "
            "another"
        )
    predicts = LABEL if plan.studies[study].data.has_labels else VALUE
    predicts = CHANGE if isinstance(task, Pairs) else predicts
    if (predicts == CHANGE) != (key == "predict.changes"):
        other = "predict.changes" if predicts == CHANGE else "predict.models"
        raise InputError(f"{place} predicts a {predicts}: name it under '{other}'")
    runs = plan.runs(study, model, how=("train", "fit"))
    if not runs:
        raise InputError(
            f"{place} has no cell to train on: {plan.why_no_unit(study)}; or leave it out"
        )
    read = dict.fromkeys(cell for run in runs for cell in run.cells)
    reads_dna = isinstance(block, Net) and block.network.get("dna")
    return Predictor(
        name,
        runs[0].kind,
        predicts,
        task.data,
        plain_model(block),
        genes_path(study),
        tuple(run.with_seed(seed).folder for run in runs for seed in plan.seeds),
        sequence_path(plan.studies[study].sequence) if reads_dna else None,
        trained_path(name),
        scores_path(name),
        reference_path(name),
        tuple(cell for cell in read if cell not in task.held_out),
        tuple(cell for cell in plan.built if cell in task.held_out),
    )


def counts_path(predictor, sample):
    """The counts of a sample, or of a cell, in a predictor's window."""
    return f"results/counts/{predictor.data['window']}/{sample}.npz"
