"""Estimators of scikit-learn: the modules of markexpr/models/ that build them. No torch."""

import importlib
import sys

from markexpr.data.tensors import counts_of
from markexpr.io.files import atomic
from markexpr.io.jobs import InputError

# what saved estimators hold besides what skops knows of scikit-learn
TRUSTED = {
    "sklearn.tree._tree.Tree",
    "markexpr.models.relief_forest.ReliefForest",
    "markexpr.models.svr.BinwiseSVR",
}


def module_of(architecture):
    """The module of an architecture."""
    return importlib.import_module(f"markexpr.models.{architecture}")


def features_of(module, samples):
    """What an estimator's module makes of samples."""
    inputs = samples.inputs
    if getattr(module, "NEEDS_COUNTS", False):
        inputs = {name: counts_of(values, samples.normalise) for name, values in inputs.items()}
    return module.features(**inputs)


def _skops():
    """skops.io. It looks through all of scikit-learn, whose adapters load PyTorch where it is
    installed (1.4 s of a job): hidden from them here."""
    hidden = "torch" not in sys.modules
    if hidden:
        sys.modules["torch"] = None
    try:
        return importlib.import_module("skops.io")
    finally:
        if hidden:
            del sys.modules["torch"]


def save_estimator(path, estimator):
    """Write an estimator as a skops file, which holds no code."""
    with atomic(path) as temporary:
        _skops().dump(estimator, temporary)


def load_estimator(path):
    """A saved estimator. Nothing in the file is run as code: it may name scikit-learn's usual
    classes and those of TRUSTED.

    Raises InputError for a file that names anything else.
    """
    skops = _skops()
    named = skops.get_untrusted_types(file=path)
    others = sorted(set(named) - TRUSTED)
    if others:
        raise InputError(
            f"{path} names {others[0]}, which is no part of a model of this pipeline: it is "
            "not loaded; delete it to fit it anew"
        )
    return skops.load(path, trusted=named)
