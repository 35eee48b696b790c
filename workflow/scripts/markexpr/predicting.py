"""What the rules of `snakemake predict` ask: which models predict which samples, from what.

Imported by the Snakefile: no torch, no numpy.
"""

from functools import cached_property

from markexpr.bundle_files import file_of, list_parts
from markexpr.io.jobs import InputError
from markexpr.kinds import LABEL
from markexpr.lookup import by_content, one_line
from markexpr.origins import GENES
from markexpr.plan import match_any
from markexpr.predictors import find_predictor
from markexpr.tasks import tensor_path

FOLDER = "results/predictions"
CHECK = f"{FOLDER}/bundle_check.tsv"  # that a bundle gives the scores that it says
FILES_CHECKED = f"{FOLDER}/bundle_files.tsv"  # that its files are those of its manifest
AGAINST = "-vs-"
CONTROL = "control"  # the group that another is compared with
FITS_EXPLAINED = 10  # of an ensemble; each takes a second or so


class Predicting:
    """Answers for wildcards (sample, predictor, subject, …), each a function of them.

    config: Config; plan: Plan; origins: Origins; samples: those of the sheet by name
    (markexpr.settings.samples.Sample); sheet: its path; own: OwnData; bundle: where predictors come
    from in place of the plan (markexpr.bundle.Bundle), or None.
    """

    def __init__(self, config, plan, origins, samples, sheet, own, bundle=None):
        self.config, self.plan, self.origins = config, plan, origins
        self.samples, self.sheet, self.own, self.bundle = samples, sheet, own, bundle
        self._found = {}

    # ---- predictors ----

    def find(self, name, key="predict.models"):
        """The predictor of a name."""
        if self.bundle:
            return self.bundle.find(name, key)
        if name not in self._found:
            self._found[name] = find_predictor(self.plan, name, key)
        return self._found[name]

    @property
    def of_samples(self):
        """The predictors of values and labels."""
        return [self.find(name) for name in self.config.predict.models]

    @property
    def of_changes(self):
        """The predictors of the change between two samples."""
        return [self.find(name, "predict.changes") for name in self.config.predict.changes]

    def names(self, kind=None):
        """A pattern of the names of all predictors, or of those that are nets or estimators."""
        keys = {"predict.models": self.config.predict.models}
        keys["predict.changes"] = self.config.predict.changes
        names = [(name, key) for key, named in keys.items() for name in named]
        if kind is None:
            return match_any([name for name, _ in names])
        return match_any([name for name, _ in names if self._is(name, kind)])

    def _is(self, name, kind):
        if self.bundle:
            return self.bundle.manifest.predictors[name].kind == kind
        study, _, model = name.partition("/")
        models = self.plan.studies[study].models if study in self.plan.studies else {}
        return model in models and type(models[model]).__name__.lower() == kind

    def _predictor(self, wildcards):
        name = wildcards.predictor
        changes = name in self.config.predict.changes
        return self.find(name, "predict.changes" if changes else "predict.models")

    def data(self, wildcards):
        """The `data` block by which a predictor's inputs are built."""
        return self._predictor(wildcards).data

    def block(self, wildcards):
        """The block of a predictor's model."""
        return self._predictor(wildcards).block

    def metrics(self, wildcards):
        """What a predictor's members are scored by on their test genes."""
        return ["auc"] if self._predictor(wildcards).predicts == LABEL else ["pearson", "mse"]

    # ---- inputs of jobs ----

    @one_line
    def inputs_from(self, wildcards):
        """What a predictor's inputs of a sample are built from."""
        predictor = self._predictor(wildcards)
        return self._checked(
            {
                "counts": counts_path(predictor, wildcards.sample),
                "genes": predictor.genes,
                "reference": predictor.reference,
            }
        )

    @one_line
    def members(self, wildcards):
        """The predictions of a predictor's members for their own cells."""
        return self._predictor(wildcards).predictions

    @one_line
    def prediction_from(self, wildcards):
        """What a predictor predicts a sample, or the change between two, from."""
        predictor = self._predictor(wildcards)
        treated, _, control = wildcards.subject.partition(AGAINST)
        names = {"b": treated, "a": control} if control else {"sample": treated}
        found = {
            part: f"{FOLDER}/inputs/{predictor.name}/{name}.npz" for part, name in names.items()
        }
        if predictor.sequence:
            found["sequence"] = predictor.sequence
        return self._checked({**predictor.files, **found})

    @one_line
    def gathered_from(self, wildcards):
        """What the table of a sample is gathered from."""
        predictors = self.of_samples
        return self._checked(
            {
                "predictions": [self._of(one, wildcards.sample) for one in predictors],
                "trained": [one.trained for one in predictors],
                "genes": [one.genes for one in predictors],
                "params": [one.files["params"][0] for one in predictors],
                # so that what is unlike is told before any number
                "quality": f"{FOLDER}/{wildcards.sample}.quality.tsv",
            }
        )

    def _of(self, predictor, subject):
        return f"{FOLDER}/by_model/{predictor.name}/{subject}.tsv.gz"

    def described(self, wildcards):
        """What each predictor of samples predicts: name, kind of prediction, transform."""
        return [
            {
                "name": one.name,
                "predicts": one.predicts,
                "transform": one.data["target"].get("transform", "none"),
            }
            for one in self.of_samples
        ]

    @one_line
    def expression(self, wildcards):
        """The table of a sample's own expression, as a dict of input, empty if it has none."""
        paths = list(self.own.identify_expression(wildcards.sample))
        return {"expression": by_content(paths[0])} if paths else {}

    def own_expression(self, wildcards):
        """Its identity, by path."""
        return self.own.identify_expression(wildcards.sample)

    def source(self, wildcards):
        """The source of a sample, as plain values."""
        return self.origins.source(wildcards.sample).plain()

    # ---- two groups ----

    @one_line
    def compared_from(self, wildcards):
        """What the change between two groups is gathered from: predictions by model, and of each by
        pair of samples."""
        pairs = self.named_pairs(wildcards)
        return self._checked(
            {
                "predictions": [self._of(one, pair) for one in self.of_changes for pair in pairs],
                "genes": [one.genes for one in self.of_changes],
                "scores": [one.scores for one in self.of_changes],
            }
        )

    def change_models(self, wildcards):
        """The names of the models of changes."""
        return self.config.predict.changes

    def named_pairs(self, wildcards):
        """The pairs of samples that are compared, as names."""
        return [f"{a}{AGAINST}{b}" for a, b in self.pairs]

    # ---- a bundle ----

    def _checked(self, files):
        """Inputs of a job by name. Those of a bundle count by their content, and are read when the
        bundle has proved itself."""
        if not self.bundle:
            return files

        def take(path):
            return by_content(path) if self.bundle.has(path) else path

        taken = {
            name: [take(path) for path in paths] if isinstance(paths, list) else take(paths)
            for name, paths in files.items()
        }
        return {**taken, "check": CHECK}

    @property
    def simulated(self):
        """Whether the models know simulated data alone."""
        return self.bundle.manifest.simulated if self.bundle else self.config.simulated

    @property
    def annotation(self):
        """The table of all genes that can be counted, as an input."""
        return by_content(self.bundle.genes) if self.bundle else GENES

    @property
    def manifest(self):
        """The bundle's manifest, as an input of the job that checks its files."""
        return [by_content(self.bundle.files[0])] if self.bundle else []

    @one_line
    def identify_bundle(self, wildcards):
        """The identities of all files of the bundle, by path: another content, and the bundle is
        checked anew."""
        files = self.bundle.files if self.bundle else []
        return {path: self.own.files.identify(path) for path in files}

    def recomputed_from(self, wildcards):
        """What the predictions of a bundle's held-out rows are computed anew from."""
        predictor = self._predictor(wildcards)
        found = {
            part: self.bundle.file(file_of(predictor.name, f"held_out/{part}.npz"))
            for part in list_parts(predictor.predicts)
        }
        if predictor.sequence:
            found["sequence"] = predictor.sequence
        return {**self._checked({**predictor.files, **found}), "check": FILES_CHECKED}

    def recomputed(self, wildcards):
        """Those predictions, of all predictors that are asked for."""
        return [f"{FOLDER}/bundle/{one.name}.tsv.gz" for one in self.of_samples + self.of_changes]

    def recomputed_names(self, wildcards):
        """The names of these predictors."""
        return [one.name for one in self.of_samples + self.of_changes]

    # ---- is a sample like the training cells? ----

    @one_line
    def reference_from(self, wildcards):
        """What the looks of a predictor's training cells are taken from."""
        predictor = self._predictor(wildcards)
        return {
            "counts": [counts_path(predictor, cell) for cell in predictor.cells],
            "genes": predictor.genes,
            "tensors": [
                tensor_path(predictor.name.split("/")[0], cell) for cell in predictor.cells
            ],
        }

    def training_cells(self, wildcards):
        """The names of these cells."""
        return list(self._predictor(wildcards).cells)

    def trained_alike(self):
        """Predictors of samples, those together that were trained on the same cells, marks and
        window: lists."""
        groups = {}
        for one in self.of_samples:
            trained_on = one.cells or one.reference
            key = (one.data["window"], tuple(one.marks), trained_on, one.genes)
            groups.setdefault(key, []).append(one)
        return list(groups.values())

    @one_line
    def checked_from(self, wildcards):
        """What a sample's quality is measured on."""
        firsts = [group[0] for group in self.trained_alike()]
        files = {
            "references": [one.reference for one in firsts],
            "counts": [counts_path(one, wildcards.sample) for one in firsts],
            "genes": [one.genes for one in firsts],
        }
        if self.controls(wildcards):
            window = firsts[0].data["window"]
            files["controls"] = f"{FOLDER}/controls/{window}/{wildcards.sample}.npz"
        return self._checked(files)

    def models_compared(self, wildcards):
        """The names of the predictors that stand together, as lists."""
        return [[one.name for one in group] for group in self.trained_alike()]

    def window_of_controls(self, wildcards):
        """The window in which controls are looked at."""
        return self.trained_alike()[0][0].data["window"]

    # ---- controls: one file may be that of several marks, and is counted once ----

    @property
    def with_controls(self):
        """The samples that have any."""
        return [name for name, sample in self.samples.items() if sample.controls]

    def controls(self, wildcards):
        """From each mark that has a control to the first mark that has the same one, by which it is
        called."""
        cell = _sample(wildcards)
        identity = self.own.identify_controls(cell)
        first, named = {}, {}
        for mark, path in self.origins.own_controls(cell).items():
            named[mark] = first.setdefault(tuple(identity[path]), mark)
        return named

    def marks_of_controls(self, wildcards):
        """What the control files of a sample are called."""
        return list(dict.fromkeys(self.controls(wildcards).values()))

    def own_controls(self, wildcards):
        """Identities of the control files that are counted, by path."""
        paths = self.origins.own_controls(_sample(wildcards))
        identity = self.own.identify_controls(_sample(wildcards))
        return {paths[mark]: identity[paths[mark]] for mark in self.marks_of_controls(wildcards)}

    @one_line
    def controls_from(self, wildcards):
        """What the controls of a sample are counted from."""
        counted = self.origins.count_inputs(_sample(wildcards))
        return {
            "reads": [by_content(path) for path in self.own_controls(wildcards)],
            "genes": counted["genes"],
            "chrom_sizes": by_content(self.origins.chrom_sizes, self.config.chrom_sizes),
        }

    def source_of_controls(self, wildcards):
        """How they are counted: as the sample is."""
        source = self.origins.source(_sample(wildcards)).plain()
        return {
            key: value
            for key, value in source.items()
            if not key.startswith("expression") and key != "paths"
        }

    def controls_made_from(self, wildcards):
        """What the counts of controls are made from."""
        return {
            "source": self.source_of_controls(wildcards),
            "files": list(self.own_controls(wildcards).values()),
        }

    # asks for `resources` as twins_of_counts of markexpr.lookup does
    def twins_of_controls(self, wildcards, resources):
        """Controls with the content of a mark's own file: lists of mark and what is to be said."""
        cell = _sample(wildcards)
        marks = {
            tuple(self.own.identify_counts(cell)[path]): mark
            for mark, path in self.origins.own_counts(cell).items()
        }
        return [
            [
                mark,
                f"its control is the file of {marks[tuple(identity)]}: mend 'control' in the sheet",
            ]
            for mark, identity in zip(
                self.marks_of_controls(wildcards), self.own_controls(wildcards).values()
            )
            if tuple(identity) in marks
        ]

    # ---- what matching changes, on cells that were held out ----

    @property
    def trials(self):
        """Predictors of samples with each cell of the configuration that they were not trained on:
        tuples of predictor, cell and predict.match."""
        return [
            (one, cell, match)
            for one in self.of_samples
            for cell in one.held_out
            for match in ("none", "quantile")
        ]

    def held_out(self):
        """A pattern of the names of these cells."""
        return match_any(list(dict.fromkeys(cell for _, cell, _ in self.trials)))

    @one_line
    def trial_from(self, wildcards):
        """What a predictor predicts a held-out cell from."""
        predictor = self._predictor(wildcards)
        folder = f"{FOLDER}/held_out/{wildcards.match}/inputs/{predictor.name}"
        found = {"sample": f"{folder}/{wildcards.subject}.npz"}
        if predictor.sequence:
            found["sequence"] = predictor.sequence
        return {**predictor.files, **found}

    @one_line
    def trials_from(self, wildcards):
        """What the scores of all trials are taken from."""
        folder = f"{FOLDER}/held_out"
        return {
            "predictions": [
                f"{folder}/{match}/{one.name}/{cell}.tsv.gz" for one, cell, match in self.trials
            ],
            "tensors": [tensor_path(one.name.split("/")[0], cell) for one, cell, _ in self.trials],
        }

    def trials_described(self, wildcards):
        """What each of them is."""
        return [
            {
                "model": one.name,
                "cell": cell,
                "match": match,
                "kind": one.data["target"]["kind"],
            }
            for one, cell, match in self.trials
        ]

    # ---- the page ----

    @property
    def _explained(self):
        """The predictor whose attributions are shown: the first net that reads marks alone, or
        None."""
        nets = [one for one in self.of_samples if one.kind == "net" and not one.sequence]
        return nets[0] if nets else None

    @one_line
    def explained_from(self, wildcards):
        """What the attributions of a sample are taken from."""
        one = self._explained
        files = {part: _spread_out(paths, FITS_EXPLAINED) for part, paths in one.files.items()}
        return self._checked(
            {
                **files,
                "sample": f"{FOLDER}/inputs/{one.name}/{wildcards.sample}.npz",
                "counts": counts_path(one, wildcards.sample),
                "table": f"{FOLDER}/{wildcards.sample}.tsv",
                "genes": one.genes,
            }
        )

    def explained(self, wildcards):
        """What the attributions are of."""
        one = self._explained
        return {
            "name": one.name,
            "predicts": one.predicts,
            "orientation": one.data["orientation"],
            "window": one.data["window"],
            "members": len(one.members),
        }

    def unexplained(self, wildcards):
        """Why there are no attributions; empty if there are."""
        if self._explained:
            return ""
        reads_dna = [one.name for one in self.of_samples if one.kind == "net"]
        if reads_dna:
            return (
                f"{', '.join(reads_dna)} read DNA as well, of which this page shows no "
                "attributions: add a net of marks alone to predict.models."
            )
        return (
            "The models are estimators of scikit-learn, which have no gradients: add a net to "
            "predict.models to see attributions."
        )

    @one_line
    def shown_from(self, wildcards):
        """What the page of a sample shows."""
        place = f"{FOLDER}/{wildcards.sample}"
        files = {
            "table": f"{place}.tsv",
            "quality": f"{place}.quality.tsv",
            "quality_svg": f"{place}.quality.svg",
            "warnings": f"{place}.warnings.tsv",
            "references": [one.reference for one in self.of_samples],
            "inputs": [
                f"{FOLDER}/inputs/{one.name}/{wildcards.sample}.npz" for one in self.of_samples
            ],
        }
        if self.own.identify_expression(wildcards.sample):
            files["scores"] = f"{place}.scores.tsv"
        if self._explained:
            files["explained"] = f"{FOLDER}/explained/{wildcards.sample}.npz"
        return self._checked(files)

    # ---- targets ----

    @cached_property
    def groups(self):
        """The samples of each group of the sheet, `control` among them; empty without groups."""
        groups = {}
        for sample in self.samples.values():
            if sample.group:
                groups.setdefault(sample.group, []).append(sample.name)
        if groups and (len(groups) != 2 or CONTROL not in groups):
            raise InputError(
                f"sheet {self.sheet}: column 'group' has {', '.join(groups)}: name two groups, of "
                f"which one is {CONTROL!r}"
            )
        return groups

    @property
    def group_names(self):
        """The names of the sheet's groups, whatever they are."""
        return list(dict.fromkeys(one.group for one in self.samples.values() if one.group))

    @property
    def treated(self):
        """The name of the group that is compared with `control`, or None."""
        return next((name for name in self.groups if name != CONTROL), None)

    @property
    def pairs(self):
        """(treated, control) samples, each with each."""
        treated = self.groups.get(self.treated, [])
        return [(a, b) for a in treated for b in self.groups[CONTROL]]

    @one_line
    def targets(self, wildcards):
        """All that `snakemake predict` makes. Raises InputError for a sheet without samples."""
        if not self.samples:
            raise InputError(
                f"sheet {self.sheet} has no sample: fill it in (docs/own_samples.md), or name "
                "another by config key 'samples'"
            )
        files = [f"{FOLDER}/{sample}.tsv" for sample in self.samples]
        files += [
            f"{FOLDER}/{sample}.scores.tsv"
            for sample in self.samples
            if self.own.identify_expression(sample)
        ]
        if self.treated:
            compared = f"{FOLDER}/{self.treated}{AGAINST}{CONTROL}"
            files += [f"{compared}.tsv", f"{compared}.svg"]
        files += [f"{FOLDER}/{sample}.html" for sample in self.samples]
        return files + ([f"{FOLDER}/matching.tsv"] if self.trials else [])


def counts_path(predictor, sample):
    """The counts of a sample, or of a cell, in a predictor's window."""
    return f"results/counts/{predictor.data['window']}/{sample}.npz"


def _sample(wildcards):
    """The sample of a job that counts, which calls it a cell, or of another."""
    return wildcards.get("cell") or wildcards.sample


def _spread_out(paths, most):
    """Of some paths no more than `most`, evenly spaced, so that those of one unit are not alone."""
    number = min(len(paths), most)
    return [paths[place * len(paths) // number] for place in range(number)]
