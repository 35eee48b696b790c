"""What rules ask: the plan's answers as functions of wildcards, for input and params.

A rule says `input: unpack(ask.run_inputs)` or `params: data=ask.setting("data")`. Imported by the
Snakefile: no torch, no numpy.
"""

import sys
from functools import cached_property, wraps
from pathlib import Path

from markexpr import controlled, origins, outputs, own_model
from markexpr.digest import code_digest
from markexpr.io.checksums import sha256
from markexpr.io.jobs import InputError, log
from markexpr.outputs import Subject
from markexpr.plan import match_any
from markexpr.settings.deviations import deviations_of_models
from markexpr.settings.grids import list_settings, name_in_grid
from markexpr.settings.reading import did_you_mean
from markexpr.tasks import FIT_FILES, array_path, genes_path, sequence_path, tensor_path

# which rule makes a run, but for means and fits on all cells
RULES = {
    "train": "train_model",
    "fit": "fit_estimator",
    "apply": "apply_model",
    "subtract": "subtract_cells",
    "control": "predict_control",
    "given": "take_given",
    "truth": "predict_truth",
}

# how cells are trained on, which is an axis of an ablation over studies of both tasks
POOLING = {"cells": "each alone", "pooled": "pooled"}


def one_line(ask):
    """Have a function for input end Snakemake by one line when it raises InputError. Snakemake
    would print wildcards and a traceback around it. No job runs and no lock is held yet: inputs are
    asked for before."""

    @wraps(ask)
    def give(*arguments):
        try:
            return ask(*arguments)
        except InputError as error:
            log.error("%s", error)
            sys.exit(1)

    return give


class Lookup:
    """Answers for wildcards (study, model, unit, seed, cell, …), each a function of them.

    config: Config; plan: Plan; sources: Origins; published: names of studies with published
    numbers; gradients: of those, the ones with a published range of gradients; own: OwnData.
    """

    def __init__(self, config, plan, sources, published, gradients=(), own=None):
        self.config, self.plan, self.sources, self.own = config, plan, sources, own
        self.unnoted = None  # markexpr.unnoted.Unnoted, to look at what is there without notes
        self.published, self.gradients = frozenset(published), frozenset(gradients)

    def subject(self, study):
        """A study, as the table of outputs looks at it."""
        return Subject(self.plan, self.sources, self.published, study)

    def studies_where(self, holds):
        """The wildcard constraint of the studies of which a condition of markexpr.outputs holds."""
        return match_any([name for name in self.plan.studies if holds(self.subject(name))])

    def _study(self, wildcards):
        return self.plan.studies[wildcards.study]

    def _task(self, wildcards):
        return self.plan.tasks[wildcards.study]

    # ---- settings ----

    def setting(self, *keys):
        """A function of wildcards that gives a key of the job's study, or one below it, as plain
        values."""

        def give(wildcards):
            value = self._study(wildcards)
            for key in keys:
                value = getattr(value, key)
            return _plain(value)

        return give

    def data(self, wildcards):
        """The `data` block by which a study's tensors are built."""
        return self._task(wildcards).data

    def first_metric(self, wildcards):
        """The metric that a study's comparisons are made in."""
        return self._study(wildcards).first_metric

    def member_metric(self, wildcards):
        """The metric in which members of an ensemble are compared."""
        return "auc" if self._study(wildcards).data.has_labels else "mse"

    def comparison(self, part):
        """A function of wildcards that gives a block of `tables` or `figures`, by its name."""

        def give(wildcards):
            blocks = getattr(self._study(wildcards), f"{part}s")
            name = wildcards[part]
            if name not in blocks:
                hint = did_you_mean(name, blocks) if blocks else f"it has no {part}s"
                raise InputError(f"study {wildcards.study} has no {name}; {hint}")
            return blocks[name].plain()

        return give

    def is_pooled(self, wildcards):
        """Whether rows of a gene in several cells are scored together."""
        return self._task(wildcards).pools_cells

    def label_mode(self, wildcards):
        """How labels are made; none for values."""
        return getattr(self._study(wildcards).data.target, "label_mode", "none")

    # ---- cells ----

    @one_line
    def count_inputs(self, wildcards):
        """The files that a cell's counts are made from."""
        own = self.own_counts(wildcards)
        if self.unnoted:
            path = f"results/counts/{wildcards.window}/{wildcards.cell}.npz"
            self.unnoted.check_counts(path, self.counts_made_from(wildcards))

        def take(path):
            if path == self.sources.chrom_sizes:
                return self.chrom_sizes
            of_bundle = self.sources.bundle and self.sources.bundle.has(path)
            return by_content(path) if path in own or of_bundle else path

        return {
            name: [take(path) for path in paths] if isinstance(paths, list) else take(paths)
            for name, paths in self.sources.count_inputs(wildcards.cell).items()
        }

    @property
    def chrom_sizes(self):
        """The table of chromosomes, as an input."""
        return by_content(self.sources.chrom_sizes, self.config.chrom_sizes)

    @cached_property
    def content_of_chrom_sizes(self):
        """The sha256 of the table of chromosomes."""
        return sha256(self.sources.chrom_sizes)

    # ---- the genome ----

    @one_line
    def gene_table(self, wildcards):
        """The file that genes are read from: REMC's, or an annotation of the user's."""
        path = self.sources.gene_table
        return by_content(path) if self.config.own_annotation else path

    @cached_property
    def annotation_content(self):
        """The identity of the user's annotation; none if REMC's gene table is read."""
        own = self.config.own_annotation
        return self.own.files.identify(self.sources.gene_table) if own else []

    def own_annotation(self, wildcards):
        """The same by path."""
        content = self.annotation_content
        return {self.config.annotation: content} if content else {}

    def expressed(self, wildcards):
        """The table of expression that a study's genes must be in; none for an annotation of the
        user's."""
        return self.sources.expressed

    @one_line
    def fasta(self, wildcards):
        """The sequence of the genome."""
        path = self.sources.fasta
        return by_content(path) if self.sources.own_fasta else path

    def own_fasta(self, wildcards):
        """The identity of the user's FASTA, by path; none for UCSC's hg19."""
        path = self.sources.fasta
        return {path: self.own.files.identify(path)} if self.sources.own_fasta else {}

    # ---- what results say of themselves: with the same, they are the same ----

    def counts_made_from(self, wildcards):
        """What a cell's counts are made from."""
        return self._made_from([wildcards.cell])

    def tensors_made_from(self, wildcards):
        """What a cell's tensors are made from, beside the study's data block."""
        return self._made_from([wildcards.cell], wildcards)

    def run_made_from(self, wildcards):
        """What the tensors that a run reads are made from, and the file of a model of the user's
        own."""
        cells = self.run(wildcards).cells
        found = {"data": self.data(wildcards), **self._made_from(cells, wildcards)}
        architecture = getattr(self._study(wildcards).models[wildcards.model], "architecture", "")
        if own_model.is_own(architecture):
            found["own_model"] = self.own.files.identify(own_model.find_file(architecture))
        return found

    def _made_from(self, cells, of_study=None):
        """By content and settings, and not by the names of files, which differ between machines."""
        own = {}
        for cell in cells:
            source = self.sources.source(cell)
            if source.kind != "remc":
                own[cell] = {
                    key: value
                    for key, value in source.plain().items()
                    if key not in ("path", "paths", "expression")
                    and (of_study or not key.startswith("expression"))
                }
                own[cell]["files"] = list(self.own.identify_counts(cell).values())
                if of_study:
                    own[cell]["expression"] = list(self.own.identify_expression(cell).values())
        found = {
            "marks": self.config.marks,
            "chrom_sizes": self.content_of_chrom_sizes,
            "own": own,
        }
        if self.config.own_annotation:
            found["genes_from"] = {"content": self.annotation_content, "tss": self.config.tss}
        if self.sources.bundle:
            found["genes_of_bundle"] = self.own.files.identify(self.sources.genes)
        if self.config.simulated:
            found["simulate"] = self.config.simulate.plain()
        if of_study:
            found["genes"] = list(self.gene_list_content(of_study).values())
        return found

    def own_counts(self, wildcards):
        """The identities of a user's own files that a cell's counts are made from, by path."""
        return self.own.identify_counts(wildcards.cell)

    def own_expression(self, wildcards):
        """The identity of a user's own table that a cell's expression is read from, by path."""
        return self.own.identify_expression(wildcards.cell)

    # that these ask for `resources` keeps them out of what Snakemake compares: which other cells
    # have the same files changes nothing in a cell's results

    def twins_of_counts(self, wildcards, resources):
        """Which of a cell's own files are those of another mark or cell as well: [mark, what]."""
        return self.own.list_twins(wildcards.cell, self.own_counts(wildcards))

    def twins_of_expression(self, wildcards, resources):
        """The same of its table of expression."""
        return self.own.list_twins(wildcards.cell, self.own_expression(wildcards))

    def source(self, wildcards):
        """The source of a cell, as plain values."""
        return self.sources.source(wildcards.cell).plain()

    def source_of_counts(self, wildcards):
        """The same without what is of expression, which counts do not depend on."""
        source = self.source(wildcards)
        return {key: value for key, value in source.items() if not key.startswith("expression")}

    def has_own_expression(self, wildcards):
        """Whether a cell's source brings its expression."""
        return bool(self.own_expression(wildcards))

    @one_line
    def expression(self, wildcards):
        """The table that a cell's expression is read from."""
        target = self._study(wildcards).data.target
        path = self.sources.expression(wildcards.cell, target)
        own = self.own_expression(wildcards)
        return by_content(path) if path and path in own else path

    def remc_expression(self, wildcards):
        """REMC's table of a study's expression."""
        return origins.remc_expression(self._study(wildcards).data.target)

    def mirrored(self, wildcards):
        """The file of the simulated mirror that a download copies."""
        return self.sources.mirrored(wildcards.file)

    def url(self, wildcards):
        """Where a download comes from."""
        return self.sources.url(wildcards.file)

    @one_line
    def gene_list(self, wildcards):
        """The file that limits a study's genes, if it names one."""
        return [by_content(path) for path in self.gene_list_content(wildcards)]

    def gene_list_content(self, wildcards):
        """The identity of that file, by path."""
        listed = self._study(wildcards).data.genes.list
        if listed and not Path(listed).is_file():
            raise InputError(
                f"study {wildcards.study}: data.genes.list names {listed}, and there is no such "
                f"file in {Path.cwd()}: give its whole path"
            )
        if not listed:
            return {}
        origins.refuse_braces(listed, f"study {wildcards.study}: data.genes.list")
        return {listed: self.own.files.identify(listed)}

    def cells(self, wildcards):
        """The cells of a study."""
        return self._task(wildcards).cells

    @one_line
    def counts_of_cell(self, wildcards):
        """The counts of a cell in the window of a study."""
        if self.unnoted:
            path = tensor_path(wildcards.study, wildcards.cell)
            made_from = self.tensors_made_from(wildcards)
            self.unnoted.check_tensors(path, self.data(wildcards), made_from)
        return self._counts(wildcards, wildcards.cell)

    def counts(self, wildcards):
        """The counts of all cells of a study."""
        return [self._counts(wildcards, cell) for cell in self.cells(wildcards)]

    def _counts(self, wildcards, cell):
        return f"results/counts/{self._study(wildcards).data.window}/{cell}.npz"

    def tensors(self, wildcards):
        """The tensors of all cells of a study."""
        return self._task(wildcards).tensors(self.cells(wildcards))

    # ---- runs ----

    def run(self, wildcards):
        """The run of a job."""
        return self.plan.run(wildcards.study, wildcards.model, wildcards.unit, wildcards.seed)

    @one_line
    def run_inputs(self, wildcards):
        """The files that a run reads, by what they are to it."""
        if self.unnoted:
            self._check_unnoted_run(wildcards)
        return self.run(wildcards).inputs

    def rule_of(self, run):
        """The rule that makes a run (rules/train.smk)."""
        if run.how == "average":
            return {"net": "average_models", "estimator": "average_estimators"}[run.kind]
        pooled = run.how in ("train", "fit") and self.plan.tasks[run.study].pools_cells
        return RULES[run.how] + ("_pooled" if pooled else "")

    def _check_unnoted_run(self, wildcards):
        run = self.run(wildcards)
        rule = self.rule_of(run)
        if run.how not in ("train", "fit"):
            self.unnoted.check_others(f"{run.folder}/predictions.tsv.gz", rule)
            return
        asked = {
            **self.model(wildcards),
            "samples_from": run.samples,
            "made_from": self.run_made_from(wildcards),
            "tissues": self.tissues(wildcards),
        }
        fields = type(self._study(wildcards).models[run.model]).model_fields
        keys = set(fields) - {"cells", "in_paper"}
        self.unnoted.check_fit(f"{run.folder}/params.yaml", rule, asked, keys)

    def samples(self, wildcards):
        """How the samples of a run are made of its files."""
        return self.run(wildcards).samples

    def tissues(self, wildcards):
        """The tissues of the cells that a run predicts or that its model is trained on, by cell."""
        return self.plan.tissues_behind(self.run(wildcards))

    def model(self, wildcards):
        """The block of a run's model. Which cells it has changes none of its runs, nor does what
        the paper has."""
        return plain_model(self._study(wildcards).models[wildcards.model])

    def model_names(self, wildcards):
        """The names of a study's models, in the order of its file."""
        return list(self._study(wildcards).models)

    def control(self, wildcards):
        """What kind of control a model is."""
        return self._study(wildcards).models[wildcards.model].control

    @one_line
    def given_file(self, wildcards):
        """The file of predictions that a user gives for a run."""
        return [by_content(path) for path in self.given_content(wildcards)]

    def given_content(self, wildcards):
        """The identity of that file, by path."""
        path = self._study(wildcards).models[wildcards.model].predictions
        place = f"study {wildcards.study}, model {wildcards.model}: predictions"
        path = path.replace("{unit}", wildcards.unit).replace("{seed}", str(wildcards.seed))
        found = own_model.find_file(path)
        if not found.is_file():
            raise InputError(
                f"{place} of {wildcards.unit}, seed {wildcards.seed}: there is no file {path} (if "
                "relative, it is looked up in the working directory, then beside the Snakefile)"
            )
        origins.refuse_braces(found, place)
        return {str(found): self.own.files.identify(found)}

    def seen_by_given(self, wildcards):
        """What its author says that a user's file of predictions was trained on."""
        return self._study(wildcards).models[wildcards.model].seen

    def unit_in_path(self, wildcards):
        """Whether there is one such file a unit."""
        return "{unit}" in self._study(wildcards).models[wildcards.model].predictions

    def has_labels(self, wildcards):
        """Whether a study is of high or low."""
        return self._study(wildcards).data.has_labels

    def model_code(self, script):
        """A function of wildcards that gives the hash of a script and of the one architecture that
        the job uses, so that an edit of it retrains that model alone."""

        def digest(wildcards):
            return self._code(script, wildcards.study, wildcards.model)

        return digest

    def _code(self, script, study, model):
        architecture = self.plan.studies[study].models[model].architecture
        if own_model.is_own(architecture):  # and what it imports of markexpr
            return code_digest(script, str(own_model.find_file(architecture).absolute()))
        return code_digest(script, f"markexpr/models/{architecture}.py")

    def predictions(self, wildcards):
        """The predictions of all runs of a study that are scored."""
        if self.unnoted:
            labels = self._study(wildcards).data.has_labels
            rule = "score_study" if labels else "score_study_of_values"
            self.unnoted.check_others(f"results/metrics/{wildcards.study}.tsv", rule)
        return self.plan.predictions(wildcards.study)

    def reads_sequence(self, wildcards):
        """Whether models of a study may read DNA."""
        return self._study(wildcards).sequence is not None

    # ---- tables and figures ----

    def labels(self, wildcards):
        """The table of label modes, for studies of labels."""
        if not self._study(wildcards).data.has_labels:
            return {}
        return {"labels": f"results/tables/{wildcards.study}/labels.tsv"}

    def denominators(self, wildcards):
        """The metrics of the study whose models a table's are set in relation to, if it is another
        one."""
        other = self.comparison("table")(wildcards).get("relative_to_study")
        return {"denominators": f"results/metrics/{other}.tsv"} if other else {}

    def regimes(self, wildcards):
        """Scores by regime, for studies that hold cells out."""
        if not outputs.has_regimes(self.subject(wildcards.study)):
            return {}
        return {"regimes": f"results/tables/{wildcards.study}/regimes.tsv"}

    def evidence(self, wildcards):
        """What claims are judged by beside metrics: errors on the rows of all cells, and ensembles,
        where claims are about them."""
        subject, claims = self.subject(wildcards.study), self._study(wildcards).claims
        folder, files = f"results/tables/{wildcards.study}", {}
        if outputs.has_regimes(subject) and any(
            getattr(claim, "rows", None) or getattr(claim, "gap", None) for claim in claims
        ):
            files["errors"] = f"{folder}/regimes.npz"
        if outputs.has_ensembles(subject) and any(hasattr(claim, "ensemble") for claim in claims):
            files["ensembles"] = f"{folder}/ensemble.tsv"
        return files

    def saliency(self, wildcards):
        """The attributions that a study draws, if its paper prints a range of gradients."""
        subject = self.subject(wildcards.study)
        if subject.name not in self.gradients or not outputs.has_attributions(subject):
            return {}
        return {"attributions": self.attributions(wildcards)}

    def published_as(self, wildcards):
        """The study under which a paper's numbers stand."""
        return outputs.published_as(self.subject(wildcards.study))

    def changes(self, wildcards):
        """What the config changes of a study's own setting, in words."""
        return self._changes(wildcards.study)

    def _changes(self, study):
        cells = self.plan.tasks[study].cells
        other = [cell for cell in cells if self.sources.source(cell).kind != "remc"]
        said = [f"{len(other)} cells of other sources"] if other else []
        if self.config.own_annotation:
            said.append("genes of another annotation")
        data = self.plan.studies[study].data
        if data.mark_order and set(data.mark_order) != set(data.marks):
            said.append(f"marks {' '.join(data.marks)}")
        while study is not None:
            if study in self.config.overrides:
                said.append("settings changed by overrides")
                break
            study = self.plan.studies[study].base
        return ", ".join(said)

    def deviations(self, wildcards):
        """Where each model of a study is not as its paper, in words."""
        return deviations_of_models(self._study(wildcards))

    def reproduced_studies(self):
        """The studies that are built and have numbers of their papers to compare with: pairs of
        their name and that under which those stand. None of simulated data, which compare with no
        published number."""
        if self.config.simulated:
            return []
        built = [
            name
            for study in self.config.studies
            for name in outputs.served_of_paper(self.subject(study))
        ]
        subjects = [self.subject(name) for name in dict.fromkeys(built)]
        return [
            [one.name, outputs.published_as(one)]
            for one in subjects
            if f"results/tables/{one.name}/published.html" in outputs.list_files(one)
        ]

    def reproduced(self, wildcards):
        """Their tables of published numbers."""
        found = [f"results/tables/{name}/published.tsv" for name, _ in self.reproduced_studies()]
        return {"tables": found} if found else {}

    def models_of_studies(self):
        """The names of the models of all studies."""
        return {name: list(study.models) for name, study in self.plan.studies.items()}

    def compared(self, wildcards):
        """The table of models that settings compare: the study's first, or one of the models that
        its variants have."""
        return self.plan.compared(wildcards.study)

    def settings_metrics(self, wildcards):
        """The metrics of a study and its variants."""
        return [f"results/metrics/{name}.tsv" for name in self._settings(wildcards)]

    def settings_names(self, wildcards):
        """What a study and its variants are called side by side."""
        return [
            ", ".join(filter(None, [self.plan.studies[name].setting or name, self._changes(name)]))
            for name in self._settings(wildcards)
        ]

    def settings_levels(self, wildcards):
        """The data settings of a study and its variants, {factor: level} each."""
        names = self._settings(wildcards)
        return [outputs.levels_of(self.plan.studies[name].data) for name in names]

    # ---- boards ----

    def kinds(self, wildcards):
        """What kind each model of a study is."""
        return self.plan.kinds(wildcards.study)

    @property
    def fit_files(self):
        """The names of the files that hold a fitted model."""
        return [file for _, file in FIT_FILES.values()]

    def board(self, wildcards):
        """The board that a study's models stand on: margins and blocks of genes."""
        board = self.plan.board_of(wildcards.study)
        return {"equivalence": board.equivalence.plain(), "block": board.block}

    def board_metrics(self, wildcards):
        """The metrics of a study on its board; models are compared by the first."""
        return ["auc"] if self._study(wildcards).data.has_labels else ["pearson", "mse"]

    def board_predictions(self, wildcards):
        """The predictions of the models on a board: of all that are scored, but for those that are
        fitted on targets of other genes or cells, which are controls."""
        models = self._study(wildcards).models
        runs = [
            run
            for run in self.plan.runs(wildcards.study, scored=True)
            if getattr(models.get(run.model), "permute", None) is None
        ]
        return self.plan.files(runs, "predictions.tsv.gz")

    def standings(self, wildcards):
        """Where models stand in the studies of a task of a board."""
        return [
            f"results/tables/{name}/standing.tsv" for name in self.board_studies(wildcards).values()
        ]

    def board_studies(self, wildcards):
        """The studies of a task of a board that have a unit, {split: study}."""
        return outputs.studies_on_board(self.subject(wildcards.study), wildcards.task)

    def board_title(self, wildcards):
        """What is asked in a task of a board."""
        return self._study(wildcards).board.tasks[wildcards.task].title

    def boards(self, wildcards):
        """The tables of all tasks of a board."""
        names = outputs.boards_of_tasks(self.subject(wildcards.study))
        return [f"results/tables/{wildcards.study}/{name}.tsv" for name in names]

    def _settings(self, wildcards):
        return outputs.settings(self.subject(wildcards.study))

    def _grids(self, study):
        """A study and its variants that have a grid, with the level of the axis `pooled`, which
        their tasks are, if there is more than one task."""
        names = [
            name for name in outputs.settings_of_grid(self.subject(study)) if self.plan.runs(name)
        ]
        tasks = {self.plan.studies[name].task for name in names}
        return {
            name: {"cells": POOLING[self.plan.studies[name].task]} if len(tasks) > 1 else {}
            for name in names
        }

    def ablation_axes(self, wildcards):
        """The axes of a study's grid with their levels, and how cells are trained on as one."""
        grids = self._grids(wildcards.study)
        axes = {axis: list(levels) for axis, levels in self._study(wildcards).grid.axes.items()}
        pooling = [level["cells"] for level in grids.values() if level]
        return {**axes, **({"cells": pooling} if pooling else {})}

    def ablation_settings(self, wildcards):
        """Study, model and setting of each model of the grids; a setting has the levels by axis,
        and the model."""
        found = []
        for name, pooling in self._grids(wildcards.study).items():
            grid = self.plan.studies[name].grid
            for model in grid.models:
                for setting in list_settings(grid.axes):
                    named = name_in_grid(model, setting)
                    found.append([name, named, {"model": model, **setting, **pooling}])
        return found

    def ablation_predictions(self, wildcards):
        """The predictions of all models of the grids."""
        models = [(study, model) for study, model, _ in self.ablation_settings(wildcards)]
        return [
            file
            for study, model in models
            for file in self.plan.files(
                self.plan.runs(study, model, scored=True), "predictions.tsv.gz"
            )
        ]

    def sizes(self, wildcards):
        """params.yaml of one fit of each model."""
        study = wildcards.study
        models = self.plan.studies[study].models
        return [file for model in models for file in self.plan.first_fit(study, model)]

    def members(self, wildcards):
        """How each cell's model does alone on held-out cells."""
        return self.plan.member_tables(wildcards.study)

    def losses(self, wildcards):
        """Training losses by step of the nets that a study draws, of the first seed."""
        nets = self._study(wildcards).losses
        return [
            file
            for net in nets
            for file in self._first_seed(wildcards.study, net, "steps.tsv", scored=True)
        ]

    def folds(self, wildcards):
        """The histories of a cross-validation's folds, of the first seed."""
        model = self._study(wildcards).cross_validation.model
        return self._first_seed(wildcards.study, model, "history.tsv")

    def _first_seed(self, study, model, file, scored=None):
        runs = self.plan.runs(study, model, scored=scored, how=("train",))
        return self.plan.files(runs, file, self.plan.seeds[:1])

    # ---- controls ----

    def fitted_inputs(self, wildcards):
        """A run's inputs, and the estimator that came of them."""
        run = self.run(wildcards)
        files = {"model": "model.skops", "params": "params.yaml"}
        return {**run.inputs, **{name: f"{run.folder}/{file}" for name, file in files.items()}}

    def controlled_models(self, wildcards):
        """What controls ask of the models of a study."""
        return controlled.describe_models(self._study(wildcards))

    def control_inputs(self, wildcards):
        """The files that controls are judged by, beside predictions, tensors and genes: predictions
        from randomised marks, the fits that train on samples without their label, and REMC's table
        of expression, if a cell is read from it."""
        name = wildcards.study
        fits = self.plan.files(controlled.list_labelled_in_part(self.plan, name), "params.yaml")
        files = {"randomised": self.randomised(wildcards), "fits": fits}
        if self._read_from_remc(name):
            files["expression"] = self.remc_expression(wildcards)
        return files

    def cells_of_remc(self, wildcards):
        """The cells of a study whose expression is read from REMC's table."""
        return self._read_from_remc(wildcards.study)

    def _read_from_remc(self, study):
        cells = self.plan.tasks[study].cells
        return [cell for cell in cells if self.sources.source(cell).kind == "remc"]

    def randomised(self, wildcards):
        """What models predict from randomised marks, of all that a study asks once more."""
        runs = controlled.list_randomised(self.plan, wildcards.study)
        return [
            controlled.randomised_path(run.study, run.model, run.unit, run.seed) for run in runs
        ]

    def left_out(self, wildcards):
        """From a unit to the cells whose genes all test in it, where units leave cells out."""
        runs = self.plan.runs(wildcards.study, scored=True)
        return {run.unit: run.samples["left_out"] for run in runs if run.samples.get("left_out")}

    def chance_metric(self, wildcards):
        """The metric of which it is known what chance scores: AUC of labels, correlation of
        values."""
        return "auc" if self._study(wildcards).data.has_labels else "pearson"

    def held_out(self, wildcards):
        """The cells that no model of a study is trained on."""
        return list(self._task(wildcards).held_out)

    # ---- interpretation ----

    def trained_inputs(self, wildcards):
        """A run's inputs, and the net that came of them."""
        run = self.run(wildcards)
        return {**run.inputs, **run.net_files}

    def attention_maps(self, wildcards):
        """The self-attention of a net in all units, of the first seed."""
        study, model = wildcards.study, wildcards.model
        units = self.plan.trained_units(study, model)
        return [self._array("attention", study, model, unit) for unit in units]

    def mark_attention(self, wildcards):
        """The attention over marks that a study draws, of all seeds."""
        setting = self._study(wildcards).mark_attention
        return [
            array_path("attention", wildcards.study, setting.model, setting.unit, seed)
            for seed in self.plan.seeds
        ]

    def attributions(self, wildcards):
        """The attributions that a study draws."""
        model = self._study(wildcards).attributions.model
        return [
            self._array("attributions", wildcards.study, model, unit)
            for unit in outputs.list_attributed_units(self.subject(wildcards.study))
        ]

    def _array(self, folder, study, model, unit):
        return array_path(folder, study, model, unit, self.plan.seeds[0])

    def attributions_setting(self, wildcards):
        """The setting of a study's attributions, with the units that are drawn."""
        setting = self._study(wildcards).attributions.plain()
        return {**setting, "units": outputs.list_attributed_units(self.subject(wildcards.study))}

    def is_turned(self, wildcards):
        """Whether windows run along transcription."""
        return self._study(wildcards).data.orientation == "transcription"

    def pair_shown(self, wildcards):
        """The tensors of the pair of cells of which a study shows one gene."""
        return self._task(wildcards).inputs_of(self._study(wildcards).inputs.unit)

    def gene_shown(self, wildcards):
        """The net of which a study shows one gene, the cell's tensors and the sequences."""
        study, task = self._study(wildcards), self._task(wildcards)
        setting = study.gene_attributions
        run = self.plan.run(wildcards.study, setting.model, "pooled", self.plan.seeds[0])
        # the cell that it names if it is built and trains, else the first that does
        named = [cell for cell in task.training_cells if cell == setting.cell]
        cell = (named + task.training_cells)[0]
        tensors, sequence = tensor_path(wildcards.study, cell), sequence_path(study.sequence)
        return {**run.net_files, "cell": tensors, "sequence": sequence}

    def gene_shown_code(self, wildcards):
        """The hash of what shows one gene."""
        model = self._study(wildcards).gene_attributions.model
        return self._code("save_gene_attributions.py", wildcards.study, model)

    def genes(self, wildcards):
        """The genes of a study."""
        return genes_path(wildcards.study)

    # ---- targets ----

    def paper(self, study):
        """A function of wildcards that gives all outputs of a study and of its paper's others."""

        @one_line
        def give(wildcards):
            self.sources.refuse_bundle(study)
            return outputs.list_files_of_paper(self.subject(study))

        return give


def _plain(value):
    """Settings as plain values, which Snakemake can compare and write down."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.plain() if hasattr(value, "plain") else value


def plain_model(block):
    """The block of a model as plain values, without what changes none of its runs."""
    return {key: value for key, value in block.plain().items() if key not in ("cells", "in_paper")}


def by_content(path, name=None):
    """An input of which the content counts, as a param of its job, and not its time stamp.

    name: what Snakemake notes of it in place of its path, for a file that is elsewhere in another
    clone of the project.
    """
    from snakemake.io import ancient, sourcecache_entry  # tests of the plan need no Snakemake

    path = ancient(str(path))
    return sourcecache_entry(path, name) if name else path
