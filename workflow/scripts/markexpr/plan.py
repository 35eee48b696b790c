"""The plan: all runs and outputs that a configuration amounts to, as plain objects.

What is trained on what is decided here and in markexpr.tasks, before the first job; rules and
scripts are told. Imported by the Snakefile: no torch, no numpy.
"""

import re

from markexpr.io.jobs import InputError
from markexpr.settings.models import attends_to
from markexpr.settings.reading import did_you_mean
from markexpr.tasks import HOW, TASKS, TRUTH

NOTHING = r"[^\s\S]"  # a pattern that no text has


class Plan:
    """All runs of all studies.

    studies: markexpr.settings.studies.Study by name; built, pairs: cells and pairs A-B that the
    configuration builds; seeds: of every fit; simulated: whether data are simulated, so that the
    best possible predictions are runs as well; listed_pairs: those of config/pairs.tsv; tissues:
    from a cell to its tissue, a cell that is missing being alone in its own; takes_all: whether the
    configuration takes all cells, so that a study's own choice counts. Raises InputError for
    a study that does not fit its task.
    """

    def __init__(
        self,
        studies,
        built,
        pairs,
        seeds,
        simulated=False,
        listed_pairs=(),
        tissues=None,
        takes_all=False,
    ):
        self.listed_pairs, self.tissues = listed_pairs, tissues or {}
        self.studies, self.built, self.pairs = studies, built, pairs
        self.seeds, self.simulated = seeds, simulated
        self.tasks = {
            name: TASKS[study.task](
                study, name, choose_cells(study, built, takes_all), pairs, self.tissue_of
            )
            for name, study in studies.items()
        }
        for task in self.tasks.values():
            task.check()
        self._runs = {name: self._runs_of(name) for name in studies}
        self._by_name = {
            (run.study, run.model, run.unit): run for runs in self._runs.values() for run in runs
        }

    def _runs_of(self, study):
        task = self.tasks[study]
        models = self.studies[study].models
        found = (task.permuted(run) for model in models for run in task.runs(model))
        runs = [run for run in found if run]
        if self.simulated:
            runs += [task.truth(unit) for unit in sorted({run.unit for run in runs if run.scored})]
        return task.in_folds([task.as_seen(run) for run in runs])

    # ---- runs ----

    def runs(self, study, model=None, scored=None, how=HOW):
        """The runs of a study that are as asked, without seeds."""
        return [
            run
            for run in self._runs[study]
            if model in (None, run.model) and scored in (None, run.scored) and run.how in how
        ]

    def run(self, study, model, unit, seed):
        """One run. Raises InputError, with what there is, if it is none of the plan's."""
        if (study, model, unit) in self._by_name:
            return self._by_name[study, model, unit].with_seed(seed)
        if study not in self.studies:
            raise InputError(f"unknown study {study!r}; {did_you_mean(study, self.studies)}")
        known = [*self.studies[study].models, *([TRUTH] if self.simulated else [])]
        if model not in known:
            raise InputError(
                f"unknown model {model!r} in study {study}; {did_you_mean(model, known)}"
            )
        units = [run.unit for run in self.runs(study, model)]
        raise InputError(
            f"model {model} of study {study} has no unit {unit}; "
            + (did_you_mean(unit, units) if units else self.why_no_unit(study))
        )

    def cells_behind(self, run):
        """The cells that a run predicts or that its model is trained on, each once: those whose
        tensors are read by it, or by the fits whose files it reads."""
        cells = list(run.cells)
        for study, model, unit in run.fits:
            cells += self._by_name[study, model, unit].cells
        return list(dict.fromkeys(cells))

    def tissues_behind(self, run):
        """The tissues of these cells, by cell."""
        return {cell: self.tissue_of(cell) for cell in self.cells_behind(run)}

    def tissue_of(self, cell):
        """The tissue of a cell."""
        return self.tissues.get(cell, cell)

    def why_no_unit(self, study):
        """Why a study has nothing to build."""
        why = self.tasks[study].why_no_unit(self.listed_pairs)
        return f"config keys 'cells' and 'pairs' leave study {study} no unit: {why}"

    def trained_units(self, study, model):
        """The units that a model is trained on, of those that are scored."""
        return [run.unit for run in self.runs(study, model, scored=True, how=("train", "fit"))]

    def files(self, runs, file, seeds=None):
        """One `file` of some runs, of all seeds or of those given."""
        return [
            f"{run.with_seed(seed).folder}/{file}" for run in runs for seed in seeds or self.seeds
        ]

    def predictions(self, study):
        """The predictions of all runs of a study that are scored."""
        return self.files(self.runs(study, scored=True), "predictions.tsv.gz")

    def first_fit(self, study, model):
        """params.yaml of one fit of a model, of the first seed, as a list; empty if it has none."""
        fits = self.runs(study, model, how=("train", "fit"))
        return self.files(fits[:1], "params.yaml", self.seeds[:1])

    def member_tables(self, study):
        """How each cell's model does alone on each held-out cell, of all models and seeds."""
        return self.files(self.runs(study, how=("average",)), "members.tsv")

    # ---- which rule makes a run ----

    def made_by(self, how, kind=None, pooled=None):
        """The wildcard constraint of a rule: the runs that are made in one way.

        kind: of which kind of model alone; pooled: of studies with task: pooled, or of the others.
        Returns {"study": pattern}. The pattern looks ahead to model and unit: study, model and
        unit of a run belong together.
        """
        groups = {}
        for name, task in self.tasks.items():
            if pooled is not None and pooled != task.pools_cells:
                continue
            units = {}
            for run in self.runs(name, how=(how,)):
                if kind in (None, run.kind):
                    units.setdefault(run.model, []).append(run.unit)
            for model, names in units.items():
                groups.setdefault((name, tuple(names)), []).append(model)
        if not groups:
            return {"study": NOTHING}
        ahead = "|".join(
            f"{re.escape(study)}/{match_any(models)}/{match_any(units)}/"
            for (study, units), models in groups.items()
        )
        return {"study": f"(?={ahead}){match_any(dict.fromkeys(study for study, _ in groups))}"}

    # ---- boards ----

    def board_of(self, study):
        """The Board that a study's models stand on; None if none names it."""
        for holder in self.studies.values():
            for task in holder.board.tasks.values() if holder.board else ():
                if study in task.studies.values():
                    return holder.board
        return None

    def kinds(self, study):
        """What kind each model of a study is, whose runs are scored: net, estimator, control or
        truth."""
        return {run.model: run.kind for run in self.runs(study, scored=True)}

    # ---- papers ----

    def of_paper(self, study):
        """A study and all others that have its paper by inheritance: what its target builds."""
        return [study, *(other for other in self.studies if self._descends(other, study))]

    def _descends(self, study, ancestor):
        """Whether a study has its paper from another."""
        base = self.studies[study].base
        if base is None or self.studies[study].paper != self.studies[base].paper:
            return False
        return base == ancestor or self._descends(base, ancestor)

    def settings(self, study):
        """A study and the variants of its paper, task and metric, which stand side by side."""
        own = self.studies[study]
        asked = (own.task, own.first_metric)
        return [
            name
            for name in self.of_paper(study)
            if (self.studies[name].task, self.studies[name].first_metric) == asked
        ]

    def compared(self, study):
        """What stands side by side over settings: the study's first table or, if it has none, the
        models that any variant has. A table as under `tables`, as a dict."""
        own = self.studies[study]
        if own.tables:
            return next(iter(own.tables.values())).plain()
        variants = [self.studies[name].models for name in self.settings(study)[1:]]
        models = [model for model in own.models if any(model in models for models in variants)]
        return {"title": own.title, "metric": own.first_metric, "models": models}

    def has_unit(self, study, models):
        """Whether each of some models has a unit that is scored or trained."""
        return all(self.runs(study, model) for model in models)

    def nets_with_attention(self, study, over):
        """The nets of a study whose attention is over `positions`, or over `marks`."""
        return [
            name
            for name, net in self.studies[study].nets.items()
            if attends_to(net) == over and not net.cell_by_cell
        ]


def choose_cells(study, built, takes_all):
    """The cells of a study: those of its key `cells` where the configuration takes all, else those
    that the configuration names."""
    if not (takes_all and study.cells):
        return built
    return [cell for cell in built if cell in study.cells]


def match_any(names):
    """A regular expression that some names match, and no other text."""
    return "(?:" + "|".join(map(re.escape, names)) + ")" if names else NOTHING


def only_if(condition):
    """The wildcard constraints of a rule that makes a cell's counts under a condition alone."""
    return {} if condition else {"cell": NOTHING}
