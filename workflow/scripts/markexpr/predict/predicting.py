"""What the rules of `snakemake predict` ask: which models predict which samples, from what.

Imported by the Snakefile: no torch, no numpy.
"""

from functools import cached_property

from markexpr.bundles.files import file_of, list_parts
from markexpr.io.jobs import InputError
from markexpr.lookup import by_content, one_line
from markexpr.origins import GENES
from markexpr.plan import match_any
from markexpr.predict.kinds import METRICS
from markexpr.predict.pages import SamplePages
from markexpr.predict.predictors import FOLDER, counts_path, find_predictor
from markexpr.predict.quality import SampleQuality

CHECK = f"{FOLDER}/bundle_check.tsv"  # that a bundle gives the scores that it says
FILES_CHECKED = f"{FOLDER}/bundle_files.tsv"  # that its files are those of its manifest
AGAINST = "-vs-"
CONTROL = "control"  # the group that another is compared with


class Predicting:
    """Answers for wildcards (sample, predictor, subject, …), each a function of them.

    config: Config; plan: Plan; origins: Origins; samples: those of the sheet by name
    (markexpr.settings.samples.Sample); sheet: its path; own: OwnData; bundle: where predictors come
    from in place of the plan (markexpr.bundles.bundle.Bundle), or None. `quality` and `pages`
    answer for samples' quality and pages.
    """

    def __init__(self, config, plan, origins, samples, sheet, own, bundle=None):
        self.config, self.plan, self.origins = config, plan, origins
        self.samples, self.sheet, self.own, self.bundle = samples, sheet, own, bundle
        self._found = {}
        self.quality, self.pages = SampleQuality(self), SamplePages(self)

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

    def predictor(self, wildcards):
        name = wildcards.predictor
        changes = name in self.config.predict.changes
        return self.find(name, "predict.changes" if changes else "predict.models")

    def data(self, wildcards):
        """The `data` block by which a predictor's inputs are built."""
        return self.predictor(wildcards).data

    def block(self, wildcards):
        """The block of a predictor's model."""
        return self.predictor(wildcards).block

    def metrics(self, wildcards):
        """What a predictor's members are scored by on their test genes."""
        return list(METRICS[self.predictor(wildcards).predicts])

    # ---- inputs of jobs ----

    @one_line
    def inputs_from(self, wildcards):
        """What a predictor's inputs of a sample are built from."""
        predictor = self.predictor(wildcards)
        return self.checked(
            {
                "counts": counts_path(predictor, wildcards.sample),
                "genes": predictor.genes,
                "reference": predictor.reference,
            }
        )

    @one_line
    def members(self, wildcards):
        """The predictions of a predictor's members for their own cells."""
        return self.predictor(wildcards).predictions

    @one_line
    def prediction_from(self, wildcards):
        """What a predictor predicts a sample, or the change between two, from."""
        predictor = self.predictor(wildcards)
        treated, _, control = wildcards.subject.partition(AGAINST)
        names = {"b": treated, "a": control} if control else {"sample": treated}
        found = {
            part: f"{FOLDER}/inputs/{predictor.name}/{name}.npz" for part, name in names.items()
        }
        if predictor.sequence:
            found["sequence"] = predictor.sequence
        return self.checked({**predictor.files, **found})

    @one_line
    def gathered_from(self, wildcards):
        """What the table of a sample is gathered from."""
        predictors = self.of_samples
        return self.checked(
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
        return self.checked(
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

    def checked(self, files):
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
        predictor = self.predictor(wildcards)
        found = {
            part: self.bundle.file(file_of(predictor.name, f"held_out/{part}.npz"))
            for part in list_parts(predictor.predicts)
        }
        if predictor.sequence:
            found["sequence"] = predictor.sequence
        return {**self.checked({**predictor.files, **found}), "check": FILES_CHECKED}

    def recomputed(self, wildcards):
        """Those predictions, of all predictors that are asked for."""
        return [f"{FOLDER}/bundle/{one.name}.tsv.gz" for one in self.of_samples + self.of_changes]

    def recomputed_names(self, wildcards):
        """The names of these predictors."""
        return [one.name for one in self.of_samples + self.of_changes]

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
        return files + ([f"{FOLDER}/matching.tsv"] if self.quality.trials else [])
