"""Estimators of scikit-learn: the modules of markexpr/models/ that build them. No torch."""

import importlib
import sys
from contextlib import contextmanager

import numpy as np

from markexpr.data.tensors import recover_counts
from markexpr.io.jobs import InputError
from markexpr.own_model import PREFIX, OwnEstimator, is_own

# what saved estimators hold besides what skops knows of scikit-learn
TRUSTED = {
    "sklearn.tree._tree.Tree",
    "markexpr.models.kernel_svm.KernelSVM",
    "markexpr.models.lightgbm.BoostedTrees",
    "markexpr.models.minirocket.MiniRocket",
    "markexpr.models.patternchrome.ShapeCounts",
    "markexpr.models.relief_forest.ReliefForest",
    "markexpr.models.shallowchrome.PeakHeights",
    "markexpr.models.signals.LogSums",
    "markexpr.models.svr.BinwiseSVR",
}


def find_module(architecture):
    """The module of an architecture, or what stands for it of a user's own file."""
    if is_own(architecture):
        return OwnEstimator(architecture)
    return importlib.import_module(f"markexpr.models.{architecture}")


def make_features(module, samples, settings):
    """What an estimator's module makes of samples. settings: keys of the model's `estimator`; one
    that reads counts does not where its key `logarithm` is false.

    Raises InputError for negative signals where counts are read.
    """
    inputs = samples.inputs
    if getattr(module, "NEEDS_COUNTS", False) and settings.get("logarithm", True):
        inputs = {
            name: recover_counts(values, samples.normalise) for name, values in inputs.items()
        }
        if any(values.min() < 0 for values in inputs.values()):
            raise InputError(
                f"{module.__name__.rpartition('.')[2]} takes logarithms of counts: it needs "
                "signals that are not negative"
            )
    return module.features(**inputs)


def fits_labels(measured):
    """Whether an estimator was, or is to be, fitted on labels, by how its cell was measured: as
    Measured, or as params.yaml holds it; None, of an old file, is of values."""
    if isinstance(measured, dict):
        return bool(measured.get("labels"))
    return bool(measured and measured.labels)


def predict(estimator, features, labels):
    """What a fitted estimator says of samples, float64 [samples]: values or, with `labels`, the
    probability of high (of `kernel_svm` a score from 0 to 1 that ranks).

    features: as make_features gives them; labels: whether it was fitted on labels.
    """
    if labels and hasattr(estimator, "predict_proba"):
        found = np.asarray(estimator.predict_proba(features))[:, 1]
    else:
        found = np.asarray(estimator.predict(features))
    # what a user's own model returns may be no number, of which own_model tells
    return found.astype(np.float64) if found.dtype.kind in "fiub" else found


def dump_estimator(estimator):
    """The bytes of an estimator as a skops file, which holds no code. Raises InputError for one of
    an own file that holds what could not be read back."""
    with _without_torch():
        import skops.io  # here: it loads half of scikit-learn

    if not _is_own(type(estimator).__module__):
        return skops.io.dumps(estimator)
    fix = (
        "keep numbers, text, lists, dicts, arrays and scikit-learn's estimators in its attributes, "
        "or give it __getstate__ and __setstate__ that do"
    )
    try:
        content = skops.io.dumps(estimator)
    except Exception as error:
        raise InputError(f"the fitted Model cannot be saved ({error}): {fix}") from error
    others = _list_others(skops.io.get_untrusted_types(data=content))
    if others:
        raise InputError(f"the fitted Model holds {others[0]}, which cannot be read back: {fix}")
    return content


def _is_own(module):
    """Whether a module is a user's own file, and this process has run it."""
    return module.startswith(PREFIX) and module in sys.modules


def _list_others(named):
    """Of the types that a file names, those that are not trusted."""
    own = [name for name in named if _is_own(name.rpartition(".")[0])]
    return sorted(set(named) - TRUSTED - {*own})


class _NoTorch:
    """Finds no PyTorch that is not loaded yet."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError(name)


@contextmanager
def _without_torch():
    """Have nothing load PyTorch in the block. skops looks through all of scikit-learn for what it
    may trust, and what it finds there on its way would load it where it is installed, for
    nothing."""
    sys.meta_path.insert(0, _NoTorch)
    try:
        yield
    finally:
        sys.meta_path.remove(_NoTorch)


def load_estimator(path):
    """A saved estimator. Nothing in the file is run as code: it may name scikit-learn's usual
    classes, those of TRUSTED, and those of the user's own file that this process has run.

    Raises InputError for a file that names anything else.
    """
    with _without_torch():
        import skops.io

    named = skops.io.get_untrusted_types(file=path)
    others = _list_others(named)
    if others:
        raise InputError(
            f"{path} names {others[0]}, which is no part of a model of this pipeline: it is "
            "not loaded; delete it to fit it anew"
        )
    return skops.io.load(path, trusted=named)
