"""What rules ask for the page of a sample: what it shows, and the attributions of a net.

Imported by the Snakefile: no torch, no numpy.
"""

from markexpr.lookup import one_line
from markexpr.predict.predictors import FOLDER, counts_path

FITS_EXPLAINED = 10  # of an ensemble; each takes a second or so


class SamplePages:
    """Answers for wildcards, as markexpr.predict.predicting.Predicting, whose part it is."""

    def __init__(self, predicting):
        self._predicting = predicting

    @property
    def _explained(self):
        """The predictor whose attributions are shown: the first net that reads marks alone, or
        None."""
        nets = [
            one for one in self._predicting.of_samples if one.kind == "net" and not one.sequence
        ]
        return nets[0] if nets else None

    @one_line
    def explained_from(self, wildcards):
        """What the attributions of a sample are taken from."""
        one = self._explained
        files = {part: _spread_out(paths, FITS_EXPLAINED) for part, paths in one.files.items()}
        return self._predicting.checked(
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
        reads_dna = [one.name for one in self._predicting.of_samples if one.kind == "net"]
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
            "references": [one.reference for one in self._predicting.of_samples],
            "inputs": [
                f"{FOLDER}/inputs/{one.name}/{wildcards.sample}.npz"
                for one in self._predicting.of_samples
            ],
        }
        if self._predicting.own.identify_expression(wildcards.sample):
            files["scores"] = f"{place}.scores.tsv"
        if self._explained:
            files["explained"] = f"{FOLDER}/explained/{wildcards.sample}.npz"
        return self._predicting.checked(files)


def _spread_out(paths, most):
    """Of some paths no more than `most`, evenly spaced, so that those of one unit are not alone."""
    number = min(len(paths), most)
    return [paths[place * len(paths) // number] for place in range(number)]
