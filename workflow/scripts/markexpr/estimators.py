"""Estimators of scikit-learn: the modules of markexpr/models/ that build them. No torch."""

import importlib

from markexpr.normalise import counts_of


def module_of(architecture):
    """The module of an architecture."""
    return importlib.import_module(f"markexpr.models.{architecture}")


def features_of(module, samples):
    """What an estimator's module makes of samples."""
    inputs = samples.inputs
    if getattr(module, "NEEDS_COUNTS", False):
        inputs = {name: counts_of(values, samples.normalise) for name, values in inputs.items()}
    return module.features(**inputs)
