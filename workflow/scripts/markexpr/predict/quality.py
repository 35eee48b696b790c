"""What rules ask of the quality of samples: are they like the cells that models were trained on?

Imported by the Snakefile: no torch, no numpy.
"""

from markexpr.lookup import by_content, one_line
from markexpr.plan import match_any
from markexpr.predict.predictors import FOLDER, counts_path
from markexpr.tasks import tensor_path


class SampleQuality:
    """Answers for wildcards, as markexpr.predict.predicting.Predicting, whose part it is."""

    def __init__(self, predicting):
        self._predicting = predicting

    # ---- is a sample like the training cells? ----

    @one_line
    def reference_from(self, wildcards):
        """What the looks of a predictor's training cells are taken from."""
        predictor = self._predicting.predictor(wildcards)
        return {
            "counts": [counts_path(predictor, cell) for cell in predictor.cells],
            "genes": predictor.genes,
            "tensors": [
                tensor_path(predictor.name.split("/")[0], cell) for cell in predictor.cells
            ],
        }

    def training_cells(self, wildcards):
        """The names of these cells."""
        return list(self._predicting.predictor(wildcards).cells)

    def trained_alike(self):
        """Predictors of samples, those together that were trained on the same cells, marks and
        window: lists."""
        groups = {}
        for one in self._predicting.of_samples:
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
        return self._predicting.checked(files)

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
        return [name for name, sample in self._predicting.samples.items() if sample.controls]

    def controls(self, wildcards):
        """From each mark that has a control to the first mark that has the same one, by which it is
        called."""
        cell = _sample(wildcards)
        identity = self._predicting.own.identify_controls(cell)
        first, named = {}, {}
        for mark, path in self._predicting.origins.own_controls(cell).items():
            named[mark] = first.setdefault(tuple(identity[path]), mark)
        return named

    def marks_of_controls(self, wildcards):
        """What the control files of a sample are called."""
        return list(dict.fromkeys(self.controls(wildcards).values()))

    def own_controls(self, wildcards):
        """Identities of the control files that are counted, by path."""
        paths = self._predicting.origins.own_controls(_sample(wildcards))
        identity = self._predicting.own.identify_controls(_sample(wildcards))
        return {paths[mark]: identity[paths[mark]] for mark in self.marks_of_controls(wildcards)}

    @one_line
    def controls_from(self, wildcards):
        """What the controls of a sample are counted from."""
        counted = self._predicting.origins.count_inputs(_sample(wildcards))
        return {
            "reads": [by_content(path) for path in self.own_controls(wildcards)],
            "genes": counted["genes"],
            "chrom_sizes": by_content(
                self._predicting.origins.chrom_sizes, self._predicting.config.chrom_sizes
            ),
        }

    def source_of_controls(self, wildcards):
        """How they are counted: as the sample is."""
        source = self._predicting.origins.source(_sample(wildcards)).plain()
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
            tuple(self._predicting.own.identify_counts(cell)[path]): mark
            for mark, path in self._predicting.origins.own_counts(cell).items()
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
            for one in self._predicting.of_samples
            for cell in one.held_out
            for match in ("none", "quantile")
        ]

    def held_out(self):
        """A pattern of the names of these cells."""
        return match_any(list(dict.fromkeys(cell for _, cell, _ in self.trials)))

    @one_line
    def trial_from(self, wildcards):
        """What a predictor predicts a held-out cell from."""
        predictor = self._predicting.predictor(wildcards)
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


def _sample(wildcards):
    """The sample of a job that counts, which calls it a cell, or of another."""
    return wildcards.get("cell") or wildcards.sample
