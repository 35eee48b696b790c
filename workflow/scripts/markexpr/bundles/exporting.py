"""What the rules of `snakemake export` ask: what goes into a bundle, and from which files.

Imported by the Snakefile: no torch, no numpy.
"""

from functools import cached_property

from markexpr.bundles.files import (
    CHROM_SIZES,
    CITATION,
    GENES,
    LICENSE,
    MANIFEST,
    MODEL_FILES,
    README,
    list_files_of,
    list_parts,
    sequence_file,
)
from markexpr.folds import split_unit
from markexpr.io.jobs import InputError
from markexpr.lookup import by_content, one_line
from markexpr.origins import GENES as ANNOTATION
from markexpr.predict.kinds import CHANGE
from markexpr.tasks import tensor_path

BUNDLE = "results/bundle"
PREPARED = "results/export"  # what is made for a bundle alone


class Exporting:
    """Answers for wildcards (predictor, part), each a function of them.

    config: Config; plan: Plan; predicting: Predicting; home: the project's folder.
    """

    def __init__(self, config, plan, predicting, home):
        self.config, self.plan, self.predicting, self.home = config, plan, predicting, home

    # ---- held-out rows ----

    @one_line
    def held_out_from(self, wildcards):
        """What a predictor's held-out rows are chosen from."""
        predictor = self.predicting.predictor(wildcards)
        study = predictor.name.partition("/")[0]
        cells = [tensor_path(study, cell) for cell in self._held_out(predictor)["cells"]]
        return {"cells": cells, "trained": predictor.trained}

    def _held_out(self, predictor):
        """The cells whose rows are held out: one that no member was trained on if there is one;
        two for a change."""
        study, _, model = predictor.name.partition("/")
        task = self.plan.tasks[study]
        units = [run.unit for run in self.plan.runs(study, model, how=("train", "fit"))]
        if predictor.predicts == CHANGE:
            return {"cells": split_unit(units[0])[0].split("-"), "unseen": False}
        trained = [self.plan.studies[study].transfer.source] if self._transfers(study) else units
        if task.pools_cells:
            trained = task.training_cells
        named = set(task.held_out) if not self._transfers(study) else set(task.cells) - {*trained}
        unseen = [cell for cell in task.cells if cell in named]
        return {"cells": (unseen or trained)[:1], "unseen": bool(unseen)}

    def _transfers(self, study):
        return self.plan.studies[study].transfer is not None

    @one_line
    def predicted_from(self, wildcards):
        """What the predictions of a predictor's held-out rows are made from."""
        predictor = self.predicting.predictor(wildcards)
        folder = f"{PREPARED}/{predictor.name}"
        found = {part: f"{folder}/{part}.npz" for part in list_parts(predictor.predicts)}
        if predictor.sequence:
            found["sequence"] = predictor.sequence
        return {**predictor.files, **found}

    # ---- the bundle ----

    @cached_property
    def _content(self):
        """The bundle's files but for those that the job writes itself, {path: from where}."""
        found = {GENES: ANNOTATION}
        for one in self.predicting.of_samples + self.predicting.of_changes:
            folder = f"{PREPARED}/{one.name}"
            parts = list_parts(one.predicts)
            sources = [
                one.genes,
                one.trained,
                one.scores,
                one.reference,
                *(f"{path}/{file}" for path in one.members for file in files_of(one)),
                *(f"{folder}/{part}.npz" for part in parts),
                f"{folder}/expected.tsv.gz",
            ]
            paths = list_files_of(one.name, one.kind, list_members(one), parts)
            found.update(zip(paths, sources))
            if one.sequence:
                found[sequence_file(self._span(one))] = one.sequence
        return found

    def _span(self, predictor):
        return self.plan.studies[predictor.name.partition("/")[0]].sequence

    @property
    def files(self):
        """All files of the bundle, which one job writes; none while there is no such bundle, which
        `sources` tells of."""
        try:
            if self.predicting.bundle:
                return []
            paths = [README, LICENSE, CITATION, CHROM_SIZES, *self._content, MANIFEST]
        except InputError:
            return []
        return [f"{BUNDLE}/{path}" for path in paths]

    @one_line
    def sources(self, wildcards):
        """What these files are copied from, by what they are."""
        self.predicting.origins.refuse_bundle("export")
        return {
            "license": by_content(self.home / LICENSE, LICENSE),
            "citation": by_content(self.home / CITATION, CITATION),
            "content": list(self._content.values()),
        }

    def places(self, wildcards):
        """Where `content` goes, in the same order."""
        return list(self._content)

    def described(self, wildcards):
        """What the manifest says of each predictor, as far as it is known before the job."""
        predictors = self.predicting.of_samples + self.predicting.of_changes
        return {one.name: self._describe(one) for one in predictors}

    def _describe(self, predictor):
        study = self.plan.studies[predictor.name.partition("/")[0]]
        return {
            "kind": predictor.kind,
            "predicts": predictor.predicts,
            "paper": study.paper.citation,
            "data": predictor.data,
            "block": predictor.block,
            "cells": list(predictor.cells),
            "members": list_members(predictor),
            **({"sequence": self._span(predictor)} if predictor.sequence else {}),
            "held_out": self._held_out(predictor),
        }

    @one_line
    def targets(self, wildcards):
        """What `snakemake export` makes."""
        self.sources(wildcards)
        return f"{BUNDLE}/{MANIFEST}"


def list_members(predictor):
    """Its members as {unit}/seed{seed}."""
    return ["/".join(folder.split("/")[-2:]) for folder in predictor.members]


def files_of(predictor):
    """The files of each member that go into a bundle."""
    return ("params.yaml", MODEL_FILES[predictor.kind])
