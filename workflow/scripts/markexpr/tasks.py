"""The four tasks: what a study's models are trained on, from which files, and what they test.

A task is asked by the plan for the runs of a model. It says of each run which unit it is, how it
is made, which files it reads, and how its samples are made of them. Nothing else decides this.
Imported by the Snakefile: no torch, no numpy.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from markexpr.folds import N_FOLDS, split_unit, unit_in_fold
from markexpr.io.jobs import InputError
from markexpr.models.registry import ESTIMATORS
from markexpr.settings.models import Control, Estimator, Given, Net

# how a run is made, and by which rule (rules/train.smk)
HOW = ("train", "fit", "apply", "subtract", "average", "control", "given", "truth")
TRUTH = "simulator_truth"
RUNS = "results/runs/"
# what a fit leaves, by its kind of model: what jobs call it, and its file
FIT_FILES = {"net": ("weights", "weights.safetensors"), "estimator": ("model", "model.skops")}


def tensor_path(study, cell):
    """The tensors of one cell of a study."""
    return f"results/tensors/{study}/{cell}.npz"


def array_path(folder, study, model, unit, seed):
    """Arrays that were saved of a trained net: its `attention`, or its `attributions`."""
    return f"results/{folder}/{study}/{model}/{unit}/seed{seed}.npz"


def genes_path(study):
    """The genes of a study."""
    return f"results/annotation/genes.{study}.tsv"


def sequence_path(span):
    """The DNA of all genes, `span` bp around the TSS."""
    return f"results/sequence/{span}bp.npz"


@dataclass(frozen=True)
class Run:
    """One folder of results.

    how: one of HOW. needs: the files it reads, by name, with {seed} left open. samples: how its
    samples are made of them (markexpr.data.samples.load). scored: whether it stands beside other
    models' runs; a fit that serves other runs does not, nor does a fold of a cross-validation.
    fold: the fold of chromosomes that tests (0-3), where each does in turn, else None.
    """

    study: str
    model: str
    unit: str
    how: str
    kind: str  # net, estimator, control, given or truth
    needs: dict
    samples: dict = field(default_factory=dict)
    scored: bool = True
    fold: int | None = None
    seed: int | str = "{seed}"

    @property
    def folder(self):
        """Where its files are."""
        return run_folder(self.study, self.model, self.unit, self.seed)

    @property
    def inputs(self):
        """The files that it reads, by name."""
        return {name: _with_seed(paths, self.seed) for name, paths in self.needs.items() if paths}

    @property
    def cells(self):
        """The cells whose tensors it reads, each once, in the order of its inputs."""
        folder = tensor_path(self.study, "").removesuffix(".npz")
        paths = self._paths
        return list(dict.fromkeys(Path(path).stem for path in paths if path.startswith(folder)))

    @property
    def fits(self):
        """The runs whose files it reads, as (study, model, unit), each once."""
        folders = (Path(path).parts for path in self._paths if path.startswith(RUNS))
        return list(dict.fromkeys(parts[2:5] for parts in folders))

    @property
    def _paths(self):
        return [
            path
            for paths in self.inputs.values()
            for path in (paths if isinstance(paths, list) else [paths])
        ]

    @property
    def net_files(self):
        """The net that it leaves, by the names that rules call its files."""
        return {
            "weights": f"{self.folder}/weights.safetensors",
            "params": f"{self.folder}/params.yaml",
        }

    def with_seed(self, seed):
        """The same run with one seed."""
        return replace(self, seed=seed)

    def in_fold(self, fold):
        """The same run if a fold of chromosomes (0-3) tests. What it reads of other runs is of the
        same fold."""

        def move(paths):
            if isinstance(paths, list):
                return [move(path) for path in paths]
            parts = paths.split("/")
            if parts[:2] == ["results", "runs"]:
                parts[4] = unit_in_fold(parts[4], fold)
            return "/".join(parts)

        return replace(
            self,
            unit=unit_in_fold(self.unit, fold),
            needs={name: move(paths) for name, paths in self.needs.items()},
            samples={**self.samples, "test_fold": fold},
            fold=fold,
        )


def run_folder(study, model, unit, seed="{seed}"):
    """results/runs/{study}/{model}/{unit}/seed{seed}"""
    return f"{RUNS}{study}/{model}/{unit}/seed{seed}"


def _with_seed(paths, seed):
    if isinstance(paths, list):
        return [_with_seed(path, seed) for path in paths]
    return paths.replace("{seed}", str(seed))


class Task:
    """What all tasks share. A task is of one study.

    study: markexpr.settings.studies.Study, called `name`; built: the cells that the configuration
    builds; pairs: the pairs A-B that it builds; tissue_of: gives the tissue of a cell.
    """

    # which keys of a study and of its models a task takes; those of other tasks are refused
    study_keys = ()
    model_keys = ()
    kinds = (Net, Estimator, Control, Given)
    predicts = "value"  # what it asks of estimators, unless the target is a label
    pools_cells = False  # whether one model predicts all cells, and their rows are scored together

    def __init__(self, study, name, built, pairs, tissue_of):
        self.study, self.name, self.built, self.pairs = study, name, built, pairs
        self.tissue_of = tissue_of

    # ---- what it is made of ----

    @property
    def cells(self):
        """The cells whose tensors the study's runs read."""
        return self.built

    @property
    def split(self):
        """Which genes train, validate and test: what tensors hold, and z-scores are fitted by."""
        return self.study.data.split

    @property
    def held_out(self):
        """The cells that no model is trained on."""
        return self.study.data.held_out_cells

    @property
    def training_cells(self):
        """The cells that are built and not held out."""
        return [cell for cell in self.built if cell not in self.held_out]

    @property
    def data(self):
        """The study's `data` block as tensors are built by it, with the split that the task goes
        by, as plain values."""
        return {**self.study.data.plain(), "split": self.split.plain()}

    def runs(self, model):
        """All runs of a model, without seeds; of a study in which each fold of chromosomes tests in
        turn, those before they are multiplied by folds (in_folds)."""
        raise NotImplementedError

    def as_seen(self, run):
        """A run with what its model's `view` and `residual` need."""
        block = self.study.models.get(run.model)
        if run.how not in ("train", "fit"):
            return run
        needs, samples = dict(run.needs), dict(run.samples)
        train = [cell for cell in self.training_cells if cell not in samples.get("left_out", [])]
        if block.view:
            samples["view"] = self._view(block.view)
            if block.view.orientation == "transcription":
                needs["genes"] = genes_path(self.name)
            if block.view.normalise == "quantile":
                needs["reference"] = tensor_path(self.name, train[0])
        if block.residual:
            needs["others"] = self.tensors(train)
            tissues = {cell: self.tissue_of(cell) for cell in self.built}
            by_tissue = block.residual == "tissue_mean"
            samples["residual"] = {"tissues": tissues} if by_tissue else {}
        return replace(run, needs=needs, samples=samples)

    def _view(self, view):
        bins = count_bins(self.study.data.window, view.span)
        asked = {"normalise": view.normalise, "orientation": view.orientation}
        return {"bins": bins, **{key: value for key, value in asked.items() if value is not None}}

    def permuted(self, run):
        """A run with the files of the cells whose targets it is given, if its model is one of
        `permute: cell`; None if there is no other cell, or if it is no fit."""
        if getattr(self.study.models[run.model], "permute", None) != "cell":
            return run
        others = self.others_of(run) if run.how in ("train", "fit") else {}
        if not others:
            return None
        names = {role: f"targets_of_{role}" for role in others}
        needs = {**run.needs, **{names[role]: paths for role, paths in others.items()}}
        return replace(run, needs=needs, samples={**run.samples, "targets_of": names})

    def others_of(self, run):
        """The tensors of other cells in the place of those of a run, by their role; empty if there
        are none."""
        raise NotImplementedError

    def in_folds(self, runs):
        """Runs as often as there are folds of chromosomes that test in turn, or as they are."""
        if getattr(self.split, "fold", None) != "all":
            return runs
        return [run.in_fold(fold) for run in runs for fold in range(N_FOLDS)]

    def meetings(self):
        """Pairs of cells whose numbers come together in one sample, model or score."""
        raise NotImplementedError

    def truth(self, unit):
        """The best predictions that are possible, on the simulated mirror, for a scored unit."""
        raise NotImplementedError

    def tensors(self, cells):
        """The tensors of some cells."""
        return [tensor_path(self.name, cell) for cell in cells]

    def _run(self, model, unit, how, needs, samples=None, scored=True):
        kind = type(self.study.models[model]).__name__.lower()
        return Run(self.name, model, unit, how, kind, needs, samples or {}, scored)

    def _given(self, model, unit, needs, samples):
        """Predictions that were made elsewhere, of the rows that a fit would have."""
        return self._run(model, unit, "given", needs, samples)

    def _truth(self, unit, needs, samples):
        return Run(self.name, TRUTH, unit, "truth", "truth", needs, samples)

    def _how_made(self, model):
        """How a model that is trained comes about."""
        return "train" if isinstance(self.study.models[model], Net) else "fit"

    def _chosen(self, model, cells):
        """Of some cells, those that a model's key `cells` names."""
        named = self.study.models[model].cells
        return [cell for cell in cells if named is None or cell in named]

    def why_no_unit(self, listed_pairs):
        """Why the study has no unit, and what to do. listed_pairs: those of config/pairs.tsv."""
        built = ", ".join(self.built)
        named = [model.cells for model in self.study.models.values() if hasattr(model, "cells")]
        if self.held_out and not self.training_cells:
            return f"it holds {built} out, and no other cell is among 'cells' to train on: add one"
        if named and all(cells is not None for cells in named):
            wanted = ", ".join(dict.fromkeys(cell for cells in named for cell in cells))
            return f"its models take {wanted} alone (their key 'cells'), and 'cells' has {built}"
        return f"its models need more cells than {built}: add another to 'cells'"

    # ---- what it allows ----

    def check(self):
        """Raise InputError for keys of the study or of its models that do not fit the task."""
        for key, task in TASK_OF_STUDY_KEY.items():
            if getattr(self.study, key) is not None and key not in self.study_keys:
                self.refuse(f"'{key}' is for studies with task: {task}")
        if self.held_out and "held_out_cells" not in self.study_keys:
            self.refuse("data.split.held_out_cells is for tasks cells and pooled: take it away")
        drawn = getattr(self.study.data.split, "valid_drawn", "shared")
        if drawn != "shared" and "valid_drawn" not in self.study_keys:
            self.refuse("data.split.valid_drawn: per_model is for tasks cells and pooled")
        if self.leaves_tissues_out and "tissues" not in self.study_keys:
            self.refuse("split.scheme: tissue is for task pooled: choose another scheme")
        if TRUTH in self.study.models:
            self.refuse(f"a model may not be called {TRUTH}: that is the simulator's own")
        for name, model in self.study.models.items():
            self._check_keys(name, model)
            if isinstance(model, (Net, Estimator)):
                self._check_view(name, model)
            self.check_model(name, model)
        self.check_study()
        if getattr(self.split, "fold", None) == "all":
            self._check_folds()
        if self.study.models and not (self.held_out or _tests(self.split)):
            self.refuse(
                "no gene tests and no cell is held out, so that there is nothing to score: name a "
                "test part in the split, or held_out_cells"
            )

    @property
    def leaves_tissues_out(self):
        """Whether the cells of each tissue are left out in turn."""
        return self.study.data.split.scheme == "tissue"

    def _check_folds(self):
        if "folds" not in self.study_keys:
            self.refuse("split.fold: all is for tasks cells, pairs and pooled: name a fold, 0 to 3")
        if self.held_out:
            self.refuse("split.fold: all and held_out_cells do not go together: take one away")
        if self.study.cross_validation:
            self.refuse("split.fold: all and cross_validation do not go together: take one away")
        if self.study.data.zscore_genes == "train":
            self.refuse(
                "data.zscore_genes: train needs one fold, and split.fold is all: its tensors serve "
                "all folds; choose another normalise, and a `view` of a model"
            )

    def _check_keys(self, name, model):
        if not isinstance(model, self.kinds):
            kind = type(model).__name__.lower()
            article = "an" if kind == "estimator" else "a"
            self.refuse(f"{article} {kind} cannot do task {self.study.task}", name)
        for key, (task, default) in TASK_OF_MODEL_KEY.items():
            if getattr(model, key, default) != default and key not in self.model_keys:
                self.refuse(f"'{key}' is for studies with task: {task}", name)
        if isinstance(model, Estimator) and model.architecture in ESTIMATORS:
            self._check_predicts(name, model)
        training = getattr(model, "training", None)
        for key, (task, default) in TASK_OF_TRAINING_KEY.items():
            if training and getattr(training, key) != default and key not in self.model_keys:
                self.refuse(f"'training.{key}' is for studies with task: {task}", name)
        if getattr(model, "network", {}).get("dna") and not self.study.sequence:
            self.refuse(
                "network.dna reads DNA, and the study names no 'sequence' (its bp around the TSS)",
                name,
            )

    def _check_view(self, name, model):
        """A view is made when samples are loaded for a fit: not where fits serve other runs."""
        if not (model.view or model.residual):
            return
        if self.held_out or self.study.task not in ("cells", "pairs", "pooled"):
            self.refuse(
                "'view' and 'residual' are for studies of tasks cells, pairs and pooled that hold "
                "no cells out",
                name,
            )
        data = self.study.data
        if model.residual and (data.has_labels or self.study.task == "pairs"):
            self.refuse("'residual' is for values of cells, not for labels or changes", name)
        if model.view and data.normalise == "zscore":
            self.refuse("'view' needs data.normalise: none or log1p", name)
        if model.view and data.orientation == "transcription":
            self.refuse("'view' needs data.orientation: genomic, which it can turn", name)
        if model.view and data.window.endswith("_flanks"):
            self.refuse("'view' is for windows around the TSS alone", name)
        if model.view and count_bins(data.window, model.view.span) is None:
            self.refuse(
                f"view.span is {model.view.span} bp, and must be an even number of bins of "
                f"{data.window}, no more than that has",
                name,
            )

    def _check_predicts(self, name, model):
        asked = "label" if self.study.data.has_labels else self.predicts
        able = ESTIMATORS[model.architecture].predicts
        if asked not in able:
            others = [other for other, kind in ESTIMATORS.items() if asked in kind.predicts]
            self.refuse(
                f"{model.architecture} predicts a {' or a '.join(able)}, and the study asks for a "
                f"{asked}; use one of {', '.join(others)}",
                name,
            )

    def check_study(self):
        """Further checks of a task."""

    def check_model(self, name, model):
        """Further checks of a model."""

    def refuse(self, message, model=None):
        """Raise an InputError that names the study, and the model if there is one."""
        place = f"study {self.name}" + (f", model {model}" if model else "")
        raise InputError(f"{place}: {message}")


def next_of(name, names):
    """The name after one of some names, the first after the last; None if there is no other."""
    return names[(names.index(name) + 1) % len(names)] if len(names) > 1 else None


def count_bins(window, span=None):
    """Bins of a window ({span}bp_{bin}bp), or of its middle `span` bp; None if it has no such
    middle."""
    whole, width = (int(part.removesuffix("bp")) for part in window.split("_")[:2])
    span = span or whole
    even = span % width == 0 and (whole - span) // width % 2 == 0
    return span // width if even and span <= whole else None


def _tests(split):
    """Whether a split has a part that tests."""
    if split.scheme == "id_order":
        return "test" in split.parts
    return split.scheme != "random" or bool(split.test)


TASK_OF_STUDY_KEY = {
    "cells": "cells or pooled",
    "named_cells": "cells",
    "gaps": "cells",
    "transfer": "transfers",
    "cross_validation": "pooled",
    "gene_attributions": "pooled",
    "sequence": "pooled",
    "mark_attention": "pairs",
    "inputs": "pairs",
}
# with the value of a key that is not set
TASK_OF_MODEL_KEY = {
    "trained_on": ("transfers", None),
    "source_genes": ("transfers", "all"),
    "cell_by_cell": ("pairs", False),
    "cells": ("cells, transfers and pairs", None),
    "permute": ("cells, pairs and pooled", None),
}
TASK_OF_TRAINING_KEY = {
    "domain": ("transfers", None),
    "auxiliary": ("pairs", None),
    "stages": ("pooled", None),
    "sampler": ("pooled", "random"),
}


class Cells(Task):
    """Each cell alone: a model a cell. A held-out cell is predicted by the mean of all cells'
    models (DenseEnsemble, section 2)."""

    study_keys = ("cells", "held_out_cells", "named_cells", "valid_drawn", "folds", "gaps")
    model_keys = ("cells", "permute")

    def runs(self, model):
        block = self.study.models[model]
        cells = self._chosen(model, self.built)
        if isinstance(block, Control):
            found = (self._control(model, cell) for cell in cells)
        elif isinstance(block, Given):
            found = (
                self._given(model, cell, {"cell": tensor_path(self.name, cell)}, {"kind": "cell"})
                for cell in cells
            )
        else:
            members = [cell for cell in cells if cell not in self.held_out]
            found = (self._fit(model, cell, members) for cell in cells)
        return [run for run in found if run]

    def check_study(self):
        if self.study.gaps and not self.study.data.has_labels:
            self.refuse("'gaps' is for studies of labels")

    def meetings(self):
        # cells that are held out are predicted by the others' models, and scored together
        apart = not (self.held_out and self.training_cells)
        return [] if apart else [(self.built[0], other) for other in self.built[1:]]

    def others_of(self, run):
        other = next_of(run.unit, self._chosen(run.model, self.training_cells))
        return {"cell": tensor_path(self.name, other)} if other else {}

    def _control(self, model, cell):
        others = [other for other in self.training_cells if other != cell]
        needs = {"cells": self.tensors([cell]), "others": self.tensors(others)}
        return self._run(model, cell, "control", needs) if others else None

    def _fit(self, model, cell, members):
        tensors = tensor_path(self.name, cell)
        if cell not in self.held_out:
            needs, samples = {"cell": tensors}, {"kind": "cell"}
            return self._run(model, cell, self._how_made(model), needs, samples)
        if not members:
            return None
        part, file = FIT_FILES[type(self.study.models[model]).__name__.lower()]
        folders = [run_folder(self.name, model, member) for member in members]
        needs = {
            part: [f"{folder}/{file}" for folder in folders],
            "params": [f"{folder}/params.yaml" for folder in folders],
            "predictions": [f"{folder}/predictions.tsv.gz" for folder in folders],
            "cell": tensors,
        }
        return self._run(model, cell, "average", needs)

    def truth(self, unit):
        return self._truth(unit, {"cell": tensor_path(self.name, unit)}, {"kind": "cell"})


class Transfers(Task):
    """From a source cell, whose labels are known, to each of the other cells (TransferChrome,
    section 2.4). Units are {source}-to-{target}. One fit on the source serves all targets."""

    study_keys = ("transfer",)
    model_keys = ("cells", "trained_on", "source_genes", "domain")
    kinds = (Net, Given)

    @property
    def cells(self):
        return list(dict.fromkeys([*self.built, self.study.transfer.source]))

    def runs(self, model):
        source = self.study.transfer.source
        trained_on = getattr(self.study.models[model], "trained_on", None)
        targets = [cell for cell in self._chosen(model, self.built) if cell != source]
        if isinstance(self.study.models[model], Given):
            return [
                self._given(model, f"{source}-to-{target}", self._tested_in(target), self._tested)
                for target in targets
            ]
        if trained_on != "source":
            return [self._trained(model, f"{source}-to-{target}", target) for target in targets]
        needs = {**self._cell("source", source), "genes": genes_path(self.name)}
        fit = self._run(model, source, "train", needs, self._samples(model), scored=False)
        return [fit, *(self._applied(fit, target) for target in targets)] if targets else []

    def meetings(self):
        source = self.study.transfer.source
        return [(source, target) for target in self.built if target != source]

    def _trained(self, model, unit, target):
        needs = {**self._cell("target", target), "genes": genes_path(self.name)}
        if self.study.models[model].trained_on == "both":
            needs |= self._cell("source", self.study.transfer.source)
        return self._run(model, unit, "train", needs, self._samples(model))

    def _applied(self, fit, target):
        needs = {
            **fit.net_files,
            "predictions": f"{fit.folder}/predictions.tsv.gz",
            **self._tested_in(target),
        }
        return self._run(fit.model, f"{fit.unit}-to-{target}", "apply", needs, self._tested)

    def _cell(self, role, cell):
        return {role: tensor_path(self.name, cell)}

    def _tested_in(self, target):
        return {**self._cell("target", target), "genes": genes_path(self.name)}

    def _samples(self, model):
        block = self.study.models[model]
        return {
            "kind": "transfer",
            "trained_on": block.trained_on,
            "source_genes": block.source_genes,
            "split": self._split,
        }

    @property
    def _tested(self):
        """The test genes of the target alone."""
        return {"kind": "transfer", "trained_on": "none", "split": self._split}

    @property
    def split(self):
        return self.study.transfer.split

    @property
    def _split(self):
        return self.split.plain()

    def why_no_unit(self, listed_pairs):
        source = self.study.transfer.source
        if any(cell != source for cell in self.built):
            return super().why_no_unit(listed_pairs)
        return f"it needs a target cell other than its source {source}: add another to 'cells'"

    def truth(self, unit):
        target = unit.removeprefix(f"{self.study.transfer.source}-to-")
        return self._truth(unit, self._tested_in(target), self._tested)

    def check_study(self):
        if self.study.transfer is None:
            self.refuse("task: transfers needs the key 'transfer', its source and split")

    def check_model(self, name, model):
        if isinstance(model, Given):
            return
        if model.trained_on is None:
            self.refuse("task: transfers needs 'trained_on': target, source or both", name)
        both = model.trained_on == "both"
        if both and not model.network.get("domain_hidden"):
            self.refuse(
                "'trained_on: both' needs an architecture with a domain classifier and "
                "network.domain_hidden above 0",
                name,
            )
        if (model.training.domain is not None) != both:
            self.refuse(
                "'training.domain' and 'trained_on: both' go together: only there are samples of a "
                "second domain",
                name,
            )


class Pairs(Task):
    """The change of expression between two cells (DeepDiff). Units are A-B: B over A."""

    study_keys = ("mark_attention", "inputs", "folds")
    model_keys = ("cells", "cell_by_cell", "auxiliary", "permute")
    kinds = (Net, Estimator, Given)
    predicts = "change"

    @property
    def cells(self):
        return sorted({cell for pair in self.pairs for cell in pair.split("-")})

    def runs(self, model):
        block = self.study.models[model]
        pairs = [pair for pair in self.pairs if self._has_both(model, pair)]
        if isinstance(block, Given):
            samples = {"kind": "pair", "labels": False}
            return [self._given(model, pair, self.inputs_of(pair), samples) for pair in pairs]
        if getattr(block, "cell_by_cell", False):
            cells = sorted({cell for pair in pairs for cell in pair.split("-")})
            fits = [self._alone(model, cell) for cell in cells]
            return fits + [self._subtracted(model, pair) for pair in pairs]
        auxiliary = block.training.auxiliary if isinstance(block, Net) else None
        labels = auxiliary is not None and auxiliary.kind == "classification"
        samples, how = {"kind": "pair", "labels": labels}, self._how_made(model)
        return [self._run(model, pair, how, self.inputs_of(pair), samples) for pair in pairs]

    def meetings(self):
        return [tuple(pair.split("-")) for pair in self.pairs]

    def others_of(self, run):
        pairs = [pair for pair in self.pairs if self._has_both(run.model, pair)]
        other = next_of(run.unit, pairs)
        return self.inputs_of(other) if other else {}

    def _has_both(self, model, pair):
        return len(self._chosen(model, pair.split("-"))) == 2

    def why_no_unit(self, listed_pairs):
        if self.pairs:
            return (
                f"its models take the cells of their key 'cells' alone, and none both of "
                f"{', '.join(self.pairs)}"
            )
        near = [pair for pair in listed_pairs if set(pair.split("-")) & set(self.built)]
        needs = "it needs two cells that stand in config/pairs.tsv, or a pair in 'pairs'"
        if not near:
            return f"{needs}; no pair of that file has {' or '.join(self.built)}"
        missing = sorted({cell for pair in near for cell in pair.split("-")} - set(self.built))
        return f"{needs}; 'cells' has one alone of {', '.join(near)}: add {' or '.join(missing)}"

    def inputs_of(self, pair):
        """The tensors of the two cells of a pair."""
        a, b = pair.split("-")
        return {"a": tensor_path(self.name, a), "b": tensor_path(self.name, b)}

    def _alone(self, model, cell):
        needs = {"cell": tensor_path(self.name, cell)}
        return self._run(model, cell, "train", needs, {"kind": "cell"}, scored=False)

    def _subtracted(self, model, pair):
        folders = [run_folder(self.name, model, cell) for cell in pair.split("-")]
        a, b = (f"{folder}/predictions.tsv.gz" for folder in folders)
        needs = {"a": a, "b": b, "tensors": self.tensors(pair.split("-"))}
        return self._run(model, pair, "subtract", needs)

    def truth(self, unit):
        return self._truth(unit, self.inputs_of(unit), {"kind": "pair", "labels": False})

    def check_study(self):
        target = self.study.data.target
        if (target.kind, getattr(target, "transform", None)) != ("expression", "log2p1"):
            self.refuse(
                "a pair's target is a log2 fold change: data.target needs kind: expression and "
                "transform: log2p1"
            )
        attributions = self.study.attributions
        if attributions and self.study.models[attributions.model].cell_by_cell:
            self.refuse(f"attributions: {attributions.model} is not trained on pairs")

    def check_model(self, name, model):
        if getattr(model, "cell_by_cell", False) and model.training.auxiliary:
            self.refuse("'cell_by_cell' and 'training.auxiliary' do not go together", name)
        if getattr(model, "cell_by_cell", False) and model.permute == "cell":
            self.refuse("'cell_by_cell' and 'permute: cell' do not go together", name)


class Pooled(Task):
    """All cells at once: one model of all that are not held out (WakaWaka). The unit is `pooled`,
    and fold1, fold2, … of the model that `cross_validation` names. Where the cells of each tissue
    are left out in turn (split.scheme: tissue), it is `pooled-without-BRAIN` and the like."""

    study_keys = (
        "cells",
        "held_out_cells",
        "valid_drawn",
        "cross_validation",
        "gene_attributions",
        "sequence",
        "folds",
        "tissues",
    )
    model_keys = ("stages", "sampler", "permute")
    pools_cells = True

    @property
    def data(self):
        data = super().data
        if "valid_drawn" in data["split"]:
            data["split"]["valid_drawn"] = "shared"  # one model of all cells draws once
        return data

    @property
    def left_out(self):
        """The cells that each unit leaves out in turn; none of the unit `pooled`."""
        if not self.leaves_tissues_out:
            return {"pooled": []}
        found = {}
        for cell in self.built:
            found.setdefault(f"pooled-without-{self.tissue_of(cell)}", []).append(cell)
        return found if len(found) > 1 else {}

    def runs(self, model):
        block = self.study.models[model]
        if isinstance(block, Given):
            units = self.left_out.items()
            return [self._given_pooled(model, unit, left_out) for unit, left_out in units]
        crossed = self.study.cross_validation
        if crossed and crossed.model == model and self.training_cells:
            return [self._fold(model, which) for which in range(1, crossed.folds + 1)]
        make = self._control if isinstance(block, Control) else self._fit
        found = (make(model, unit, left_out) for unit, left_out in self.left_out.items())
        return [run for run in found if run]

    def _trains(self, left_out):
        """The cells that train where some are left out."""
        return [cell for cell in self.training_cells if cell not in left_out]

    def _control(self, model, unit, left_out):
        others = self._trains(left_out)
        needs = {"cells": self.tensors(self.built), "others": self.tensors(others)}
        samples = {"left_out": left_out} if left_out else {}
        # it needs another cell for each
        return self._run(model, unit, "control", needs, samples) if len(others) > 1 else None

    def _fit(self, model, unit, left_out):
        if not self._trains(left_out):
            return None
        needs = {"cells": self.tensors(self.built), **self._sequence(model)}
        return self._run(model, unit, self._how_made(model), needs, self._samples(left_out))

    def _given_pooled(self, model, unit, left_out):
        needs = {"cells": self.tensors(self.built)}
        return self._given(model, unit, needs, self._samples(left_out))

    def _samples(self, left_out):
        samples = {"kind": "pooled", "fold": None}
        return {**samples, "left_out": left_out} if left_out else samples

    def why_no_unit(self, listed_pairs):
        if self.built and not self.left_out:
            return (
                f"it leaves out one tissue after another, and {', '.join(self.built)} are all of "
                f"{self.tissue_of(self.built[0])}: add a cell of another tissue to 'cells'"
            )
        return super().why_no_unit(listed_pairs)

    def others_of(self, run):
        cells = [next_of(cell, self.built) for cell in self.built]
        return {"cells": self.tensors(cells)} if len(self.built) > 1 else {}

    def meetings(self):
        return [(self.built[0], other) for other in self.built[1:]]

    def _fold(self, model, which):
        crossed = self.study.cross_validation
        needs = {"cells": self.tensors(self.training_cells), **self._sequence(model)}
        fold = {"number": crossed.folds, "which": which, "over": crossed.over}
        samples = {"kind": "pooled", "fold": fold}
        how = self._how_made(model)
        return self._run(model, f"fold{which}", how, needs, samples, scored=False)

    def _sequence(self, model):
        reads_dna = getattr(self.study.models[model], "network", {}).get("dna")
        return {"sequence": sequence_path(self.study.sequence)} if reads_dna else {}

    def truth(self, unit):
        needs = {"cells": self.tensors(self.built)}
        return self._truth(unit, needs, self._samples(self.left_out[unit]))

    def check_study(self):
        if self.leaves_tissues_out:
            self._check_tissues()
        if self.study.data.has_labels:
            self.refuse(
                "task: pooled is for values, not for labels: set data.target.kind to expression"
            )
        shown = self.study.gene_attributions
        if shown:
            network = getattr(self.study.models[shown.model], "network", {})
            crossed = self.study.cross_validation
            folded = crossed is not None and crossed.model == shown.model
            if not (network.get("dna") and network.get("histone")) or folded:
                self.refuse(
                    f"gene_attributions: {shown.model} does not read both marks and DNA of all "
                    "cells"
                )

    def _check_tissues(self):
        for key in ("cross_validation", "gene_attributions"):
            if getattr(self.study, key) is not None:
                self.refuse(f"split.scheme: tissue and {key} do not go together: take one away")
        if self.study.data.zscore_genes == "train":
            self.refuse(
                "data.zscore_genes: train needs genes that train, and under split.scheme: tissue "
                "a cell has none where it is left out: choose all"
            )
        for cell in self.built:
            if split_unit(f"pooled-without-{self.tissue_of(cell)}")[1] is not None:
                self.refuse(
                    f"the tissue of {cell}, {self.tissue_of(cell)}, is called like a fold of "
                    "chromosomes: call it otherwise"
                )

    def check_model(self, name, model):
        network = getattr(model, "network", {})
        if network.get("dna") and network["span"] > self.study.sequence:
            self.refuse(
                f"network.span is {network['span']} bp, and the study's 'sequence' has "
                f"{self.study.sequence}",
                name,
            )


TASKS = {"cells": Cells, "transfers": Transfers, "pairs": Pairs, "pooled": Pooled}
