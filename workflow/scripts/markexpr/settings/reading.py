"""Reading of YAML files and sheets, and the two ways in which settings inherit."""

import csv
import difflib
import re
from pathlib import Path

import yaml

from markexpr.io.jobs import InputError


def did_you_mean(word, known):
    """A hint at the nearest known word, or the list of all that are known if none is near."""
    words = [str(name) for name in known]
    near = [name for name in words if name.lower() == str(word).lower()]
    near += difflib.get_close_matches(str(word), words, n=1)
    return f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(map(str, known))


def choose(asked, known, key, where):
    """The names that a config `key` asks for (`all` or a list), each checked against the `known`.

    Raises InputError for a name that is not known.
    """
    if asked == "all":
        return list(known)
    for name in asked:
        if name not in known:
            raise InputError(
                f"config key {key!r} names {name!r}, which is not in {where}; "
                f"{did_you_mean(name, known)}"
            )
    return list(asked)


class _OneOfEach:
    """Refuses a key that stands twice in a block: YAML takes the last one without a word."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _fault_at(key, "a key must be one word")
            if key.value in seen:
                raise _fault_at(key, f"key {key.value!r} stands twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _fault_at(node, message):
    return yaml.constructor.ConstructorError(None, None, message, node.start_mark)


class _Plain(_OneOfEach, yaml.SafeLoader):
    """The loader in Python, whose messages name the right line."""


class _Fast(_OneOfEach, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """The loader in C, where there is one: ten times as fast, at every start of the pipeline."""


def _construct_date(loader, node):
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError as error:
        raise _fault_at(node, f"{node.value!r} looks like a date ({error})") from None


for loader in (_Plain, _Fast):
    loader.add_constructor("tag:yaml.org,2002:timestamp", _construct_date)


def read_yaml(path):
    """Read one YAML file as a dict.

    Raises InputError, with file and line, for a syntax error, a key that stands twice, or a file
    that is not text in UTF-8.
    """
    text = _read_text(path)
    try:
        try:
            content = yaml.load(text, _Fast)
        except yaml.MarkedYAMLError:
            content = yaml.load(text, _Plain)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1
        raise InputError(f"{path}, line {line}: not valid YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InputError(
            f"{path}, line {line}: not valid YAML: it holds the control character "
            f"{chr(error.character)!r}; delete that"
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold keys and values")
    return content


def _read_text(path):
    """The text of a file, without the mark that some editors put at the start. Raises InputError if
    it is not in UTF-8."""
    content = Path(path).read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, line {line}: not text in UTF-8: save it in that encoding"
        ) from error


def read_sheet(path, columns):
    """Read a commented TSV sheet as a list of dicts of text, as read_numbered_sheet."""
    return [row for _, row in read_numbered_sheet(path, columns)[1]]


def read_numbered_sheet(path, columns):
    """Read a commented TSV sheet. Returns the names of its columns, and its rows: lists of the
    number of the line and a dict of text.

    Raises InputError on missing columns, rows of another length, or a file that is not text in
    UTF-8.
    """
    lines = [
        (number, line)
        for number, line in enumerate(_read_text(path).splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]
    # line by line: a quote that nothing closes would take in all that follows
    rows = [next(csv.reader([line], delimiter="\t")) for _, line in lines]
    if not rows or any(column not in rows[0] for column in columns):
        raise InputError(
            f"{path}: the first line must name the columns {', '.join(columns)}, separated by tabs"
        )
    for (number, _), row in zip(lines, rows):
        if len(row) != len(rows[0]):
            raise InputError(
                f"{path}, line {number}: {len(row)} columns where the header has {len(rows[0])}"
            )
    numbers = [number for number, _ in lines[1:]]
    return rows[0], [(number, dict(zip(rows[0], row))) for number, row in zip(numbers, rows[1:])]


# keys of a study that name cells, of which one may be called 001 or true
NAMING = ("cell", "cells", "held_out_cells", "source", "unit", "units", "worst", "median", "best")


def retype(value, texts=()):
    """Give text from the command line its type: `--config` leaves every leaf a string.

    texts: keys whose values, or lists of values, stay text, whatever they look like.
    """
    if isinstance(value, dict):
        return {
            key: inner
            if key in texts and isinstance(inner, (str, list)) and inner != "null"
            else retype(inner, texts)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [retype(inner) for inner in value]
    if not isinstance(value, str):
        return value
    words = {"true": True, "false": False, "null": None}
    if value.lower() in words:
        return words[value.lower()]
    if re.fullmatch(r"[+-]?\d+", value):
        return int(value)
    # YAML 1.1 takes 1e-4 for text
    number = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", value)
    return float(value) if number else value


# ---- inheritance: `overrides` of the config, and `base` of a study or model ----

# Blocks that are one of several kinds, and the key that says which: a block of another kind takes
# the place of the whole block, since the keys of the old kind would not fit.
KIND_KEYS = {"split": "scheme", "target": "kind", "optimiser": "name"}


def merge(base, changes, name="", keep_none=False):
    """`base` with `changes` laid over it, key by key at every depth; neither is altered.

    A value of None takes a key away; with `keep_none` it stays, to take away in its turn what the
    result is laid over (but for a model, of which None says that it inherits all). A block of
    KIND_KEYS of another kind replaces the old one whole, and so does the `network` or `estimator`
    of a model of another `architecture`.
    """
    kind = KIND_KEYS.get(name)
    if kind in changes and changes[kind] != base.get(kind):
        return dict(changes)
    result = dict(base)
    architecture = changes.get("architecture", base.get("architecture"))
    if architecture != base.get("architecture"):
        for part in ("network", "estimator"):
            result.pop(part, None)
    for key, value in changes.items():
        if value is None and (name == "models" or not keep_none):
            result.pop(key, None)
        elif isinstance(value, dict):
            old = result.get(key)
            result[key] = merge(old if isinstance(old, dict) else {}, value, key, keep_none)
        else:
            result[key] = value
    return result


TUNED = ("network", "training", "estimator")  # what candidates of a model may change (`tune`)

# parts of a study that show models: an inherited one that names a model which the variant does not
# have is left out
NAMED_PARTS = ("tables", "figures")
LISTS_OF_MODELS = ("losses", "attention")
PARTS_OF_A_MODEL = (
    "named_cells",
    "attributions",
    "mark_attention",
    "gene_attributions",
    "cross_validation",
)
# what a variant says of itself alone
OWN = ("base", "setting", "models", "gaps", "board")


def resolve_study(name, written):
    """A study with all that it inherits, as a dict of plain values.

    written: all studies as in their files, with overrides laid over them, by name. A study with a
    `base` has all of its base's keys that it does not name. Its models are those that it names
    (all of the base's, if it names none), each laid over that of the same name.
    Raises InputError for an unknown base, or one that leads back to the study.
    """
    return _resolve(name, written, ())


def _resolve(name, written, way):
    study = written[name]
    base = study.get("base")
    if base is None:
        return {**study, "models": _resolve_models(study.get("models", {}), {}, name)}
    way = (*way, name)
    if base not in written or base in way:
        known = [other for other in written if other not in way]
        raise InputError(f"study {name}: unknown base {base!r}; {did_you_mean(base, known)}")
    parent = _resolve(base, written, way)
    inherited = {key: value for key, value in parent.items() if key not in OWN}
    own = {key: value for key, value in study.items() if key != "models"}
    models = _resolve_models(study.get("models", parent["models"]), parent["models"], name)
    return {**merge(_keep_shown(inherited, models), own), "models": models}


def _keep_shown(inherited, models):
    """What a variant inherits, without the parts that name a model which it does not have."""
    kept = dict(inherited)
    for part in NAMED_PARTS:
        blocks = kept.get(part, {})
        kept[part] = {
            key: block for key, block in blocks.items() if _models_named(block) <= set(models)
        }
    for part in LISTS_OF_MODELS:
        kept[part] = [model for model in kept.get(part, []) if model in models]
    kept["claims"] = [
        claim for claim in kept.get("claims", []) if set(list_models_of_claim(claim)) <= set(models)
    ]
    for part in PARTS_OF_A_MODEL:
        if part in kept and kept[part].get("model") not in models:
            del kept[part]
    # an empty block of controls asks for them as well
    return {key: value for key, value in kept.items() if value not in ({}, []) or key == "controls"}


def list_models_of_claim(claim):
    """The models that a claim, a dict of plain values, is about."""
    if "better" in claim:
        return [claim["better"], claim["than"]]
    if "ensemble" in claim:
        return [claim["ensemble"]]
    return claim.get("equal") or claim.get("among", [])


def _models_named(block):
    """All models of its own study that a table or figure names."""
    against = block.get("against", {})
    denominators = () if "relative_to_study" in block else block.get("relative_to", ())
    named = (block["models"], denominators, block.get("name_best", ()), against)
    return {model for part in (*named, against.values()) for model in part}


def _resolve_models(models, parents, study):
    """Blocks of models, each laid over the one that its key `base` names, a model of this study or
    of its base study, else over that of the same name in the base study."""

    def resolve(model, way):
        block = models[model] or {}
        base = block.get("base")
        own = {key: value for key, value in block.items() if key != "base"}
        if base is None:
            return merge(parents.get(model, {}), own)
        if base in models and base not in way:
            return merge(resolve(base, (*way, base)), own)
        if base in parents:
            return merge(parents[base], own)
        known = [other for other in (*models, *parents) if other != model]
        raise InputError(
            f"study {study}, model {model}: unknown base {base!r}; {did_you_mean(base, known)}"
        )

    return {model: resolve(model, (model,)) for model in models}
