"""The files of a bundle of trained models: their names, alone.

Imported by the Snakefile and by jobs, whose environments have no pydantic: nothing else is
imported.
"""

LAYOUT = 1  # of the folder and its manifest; a version reads this and all before it

MANIFEST = "bundle.yaml"
README = "README.md"
LICENSE = "LICENSE"
CITATION = "CITATION.cff"
CHROM_SIZES = "chrom.sizes"
GENES = "genes.tsv"
COMMON = (README, LICENSE, CITATION, CHROM_SIZES, GENES)

MODEL_FILES = {"net": "weights.safetensors", "estimator": "model.skops"}


def list_parts(predicts):
    """What held-out rows of a predictor are called: `sample`, or `a` and `b` for a change."""
    return ("a", "b") if predicts == "change" else ("sample",)


def list_files_of(predictor, kind, members, parts):
    """The paths of the files of one predictor. members: {unit}/seed{seed}; parts: of its rows."""
    of_each = ("params.yaml", MODEL_FILES[kind])
    return [
        file_of(predictor, GENES),
        file_of(predictor, "trained.tsv"),
        file_of(predictor, "scores.tsv"),
        file_of(predictor, "reference.npz"),
        *(file_of(predictor, f"members/{member}/{file}") for member in members for file in of_each),
        *(file_of(predictor, f"held_out/{part}.npz") for part in parts),
        file_of(predictor, "held_out/expected.tsv.gz"),
    ]


def file_of(predictor, file):
    """The path of a predictor's file."""
    return f"predictors/{predictor}/{file}"


def sequence_file(span):
    """The path of the DNA of all genes."""
    return f"sequence/{span}bp.npz"
