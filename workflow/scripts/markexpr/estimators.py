"""Estimators of scikit-learn: the modules of markexpr/models/ that build them. No torch."""

import importlib

import skops.io

from markexpr.jobs import InputError
from markexpr.normalise import counts_of

TREES = {"sklearn.tree._tree.Tree"}  # of random forests; skops knows the rest of scikit-learn


def module_of(architecture):
    """The module of an architecture."""
    return importlib.import_module(f"markexpr.models.{architecture}")


def features_of(module, samples):
    """What an estimator's module makes of samples."""
    inputs = samples.inputs
    if getattr(module, "NEEDS_COUNTS", False):
        inputs = {name: counts_of(values, samples.normalise) for name, values in inputs.items()}
    return module.features(**inputs)


def load_estimator(path):
    """A saved estimator. Nothing in the file is run as code: it may name scikit-learn's usual classes and this package's models, and no others.

    Raises InputError for a file that names anything else.
    """
    named = skops.io.get_untrusted_types(file=path)
    trusted = [name for name in named if name.startswith("markexpr.models.") or name in TREES]
    others = sorted(set(named) - set(trusted))
    if others:
        raise InputError(f"{path} names {others[0]}, which is no part of a model of this pipeline: it is not loaded; delete it to fit it anew")
    return skops.io.load(path, trusted=trusted)
