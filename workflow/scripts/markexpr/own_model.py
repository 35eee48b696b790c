"""A model of a user's own: one Python file that a model's block names under `architecture`.

A net is a function `build(n_marks, n_bins, **network)` that returns a module of torch; an estimator
is a class `Model` with `fit` and `predict`, or a function `build` that returns such an object. The
Snakefile looks at the file without running it (check_file); jobs alone run it (load). No torch, no
numpy.
"""

import ast
import importlib.util
import inspect
import re
import sys
import traceback
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path

from markexpr import own_files
from markexpr.io.jobs import InputError
from markexpr.settings.reading import did_you_mean

HOME = Path(__file__).resolve().parents[3]  # beside the Snakefile
# under which name an own file is imported: saved estimators name their classes by it
PREFIX = "markexpr_own_model_"
GIVEN_TO_NETS = ("n_marks", "n_bins")
# what an estimator is given besides its keys, as far as it names it
OFFERED = ("n_marks", "n_bins", "seed", "threads", "labels")
PARTS = {"network": "net", "estimator": "estimator"}  # a block's key: what its model is
RULE = {
    "net": "a function build(n_marks, n_bins, …) that returns a net",
    "estimator": "a class Model with fit and predict, or a function build that returns such an "
    "object",
}


def is_own(architecture):
    """Whether `architecture` names a file and no module of markexpr/models/."""
    return architecture.endswith(".py")


def find_file(path):
    """A file that is looked up in the working directory, then beside the Snakefile; as it is if it
    is in neither."""
    beside = HOME / path
    return beside if not Path(path).exists() and beside.exists() else Path(path)


# ---- before the first job ----


def check_file(path, part, keys, place):
    """Raise InputError if a file cannot hold what a block asks for. Nothing of it is run.

    path: as in the block; part: `network` or `estimator`, and keys, what the block has under it;
    place: what names the block, for messages.
    """
    found = find_file(path)
    if not found.is_file():
        raise InputError(
            f"{place}: architecture names {path}, and there is no such file (a relative path is "
            "looked up in the working directory, then beside the Snakefile)"
        )
    kind = PARTS[part]
    names = _top_level(_parse(found))
    called = "Model" if kind == "estimator" and "Model" in names else "build"
    if called not in names:
        raise InputError(f"{found} has no {called}: {place} needs {RULE[kind]}")
    _check_methods(found, names[called], called, place)
    _check_keys(found, names[called], called, part, keys, place)


def _parse(path):
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise InputError(f"{path}, line {error.lineno}: not valid Python: {error.msg}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as Python: {error}") from None


def _top_level(tree):
    """What a file defines, by name: its node if it is a class or function, else None."""
    names = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names[node.name] = node
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update((alias.asname or alias.name, None) for alias in node.names)
        elif isinstance(node, ast.Assign):
            names.update((target.id, None) for target in node.targets if hasattr(target, "id"))
    return names


def _check_methods(path, node, called, place):
    """A class without a base has all of its methods in sight."""
    if called != "Model" or not isinstance(node, ast.ClassDef) or node.bases:
        return
    methods = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
    for method in ("fit", "predict"):
        if method not in methods:
            raise InputError(
                f"{path}, line {node.lineno}: class Model has no {method}: {place} needs "
                f"{RULE['estimator']}"
            )


def _check_keys(path, node, called, part, keys, place):
    """The keys of a block are arguments of what is called, and none that it needs is missing."""
    arguments = _arguments(node)
    if arguments is None:
        return
    names, needed, takes_all = arguments
    given = GIVEN_TO_NETS if part == "network" else OFFERED
    where = f"{called} of {path} (line {node.lineno})"
    for name in GIVEN_TO_NETS if part == "network" else ():
        if name not in names and not takes_all:
            raise InputError(f"{where} has no argument {name}, which it is given: add it")
    for key in keys:
        if key in given:
            raise InputError(f"{place}: {part}.{key} is what the pipeline gives: take it away")
        if key not in names and not takes_all:
            known = [name for name in names if name not in given]
            hint = did_you_mean(key, known) if known else "it has none of its own"
            raise InputError(f"{place}: {part}.{key} is no argument of {where}; {hint}")
    for name in needed:
        if name not in keys and name not in given:
            raise InputError(f"{place}: {part} lacks {name!r}, which {where} needs")


def _arguments(node):
    """The arguments of a function, or of a class's __init__: all names, those without a default,
    and whether it takes any other; None where that is not in sight."""
    if isinstance(node, ast.ClassDef):
        inits = [part for part in node.body if getattr(part, "name", "") == "__init__"]
        if not inits:
            return None if node.bases else ([], [], False)
        names, needed, takes_all = _arguments(inits[0])
        return names[1:], [name for name in needed if name != names[0]], takes_all
    if not isinstance(node, ast.FunctionDef):
        return None
    of = node.args
    placed = [argument.arg for argument in (*of.posonlyargs, *of.args)]
    needed = placed[: len(placed) - len(of.defaults)]
    named = [argument.arg for argument in of.kwonlyargs]
    needed += [name for name, default in zip(named, of.kw_defaults) if default is None]
    return placed + named, needed, of.kwarg is not None


# ---- in jobs ----


@cache
def load(path):
    """The module of an own file. It is run once a process, and no compiled copy of it is kept or
    taken.

    Raises InputError with the line of the file at which it fails.
    """
    found = find_file(path)
    if not found.is_file():
        raise InputError(f"{path} is gone since the run began: put it back and run again")
    name = PREFIX + re.sub(r"\W", "_", found.stem)
    module = importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, found))
    sys.modules[name] = module
    try:
        exec(compile(found.read_bytes(), str(found), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise InputError(describe_failure(found, error)) from error
    return module


def describe_failure(path, error):
    """One line on what an own file raised: where in it, and what."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    where = f"{path}, line {line}" if line else str(path)
    hint = ""
    if isinstance(error, ImportError):
        hint = "; a job has the packages of its environment (envs/) and not the files beside yours"
    return f"{where}: {type(error).__name__}: {error}{hint}"


@contextmanager
def running(path):
    """Have what an own file raises in the block end in one line. path: as in the block; nothing is
    done for an architecture that is none."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if not is_own(path):
            raise
        raise InputError(describe_failure(find_file(path), error)) from error


def unchanged(params):
    """A block in which a fit's own file must be what it was when the run began, as `unchanged` of
    markexpr.own_files. params: of the job."""
    identity = params.made_from.get("own_model")
    if not identity:
        return nullcontext()
    return own_files.unchanged({str(find_file(params.model["architecture"])): identity})


def check_same(params, place):
    """Raise InputError if a fit's own file is another one now. params: of its run, read from
    `place`."""
    identity = params.get("made_from", {}).get("own_model")
    if identity:
        path = find_file(params["architecture"])
        if own_files.OwnFiles().identify(path) != list(identity):
            raise InputError(f"{path} is not the file that {place} was fitted with: run again")


class OwnEstimator:
    """What a module of an estimator is asked for, of an own file."""

    NEEDS_COUNTS = False

    def __init__(self, path):
        self.path, self._module = path, load(path)

    def features(self, **inputs):
        """What fit and predict are given: what `features` of the file makes of the inputs, else
        marks as they are, float32 [samples, marks, bins], of a pair those of A and then of B."""
        import numpy as np

        if hasattr(self._module, "features"):
            with running(self.path):
                made = np.asarray(self._module.features(**inputs))
            n = len(next(iter(inputs.values())))
            if made.ndim < 2 or len(made) != n:
                raise InputError(
                    f"{self.path}: features returns an array {list(made.shape)}, and there are {n} "
                    "samples: its first axis is theirs, and it has another one"
                )
            return made
        return np.concatenate(list(inputs.values()), axis=1)

    def build(self, n_marks, n_bins, seed, threads, labels=False, **estimator):
        """The object that is fitted. labels: whether the target is high or low."""
        make = getattr(self._module, "Model", None) or self._module.build
        offered = dict(zip(OFFERED, (n_marks, n_bins, seed, threads, labels)))
        with running(self.path):
            known = inspect.signature(make).parameters
            named = {name: value for name, value in offered.items() if name in known}
            made = make(**named, **estimator)
        for method in ("fit", "predict"):
            if not hasattr(made, method):
                raise InputError(f"{self.path}: what build returns has no {method}")
        return made


def check_predictions(path, predicted, target):
    """Predictions of an own model as float64 [samples]. target: float [samples]; of labels, 0 and
    1, they must be probabilities.

    Raises InputError for another number of them, for what is no number, or no probability.
    """
    import numpy as np

    try:
        predicted = np.asarray(predicted, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: predict returns what are no numbers ({error})") from None
    if predicted.shape != target.shape:
        raise InputError(
            f"{path}: predict returns an array {list(predicted.shape)} for {len(target)} samples: "
            f"it must be [{len(target)}]"
        )
    if not np.isfinite(predicted).all():
        raise InputError(f"{path}: predict returns values that are not finite")
    labels = set(np.unique(target)) <= {0, 1}
    if labels and not ((predicted >= 0) & (predicted <= 1)).all():
        raise InputError(
            f"{path}: predict returns {predicted.min():.3g} to {predicted.max():.3g}: of labels it "
            "must be the probability of high, from 0 to 1"
        )
    return predicted
