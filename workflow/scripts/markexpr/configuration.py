"""Reading and checking of the configuration, the sheets and the study files. Imported by the Snakefile: keep it light."""

import ast
import csv
import difflib
import hashlib
import re
from functools import cache
from pathlib import Path

import jsonschema
import yaml

from markexpr.jobs import InputError

PACKAGE = Path(__file__).parent
SCRIPTS = PACKAGE.parent

# the kind of target (a study's data.target.kind) that each loss of markexpr.training fits
TARGET_OF_LOSS = {"cross_entropy": "median_label", "binary_cross_entropy": "median_label", "mean_squared_error": "expression"}


def did_you_mean(word, known):
    """A hint at the nearest known word, or the list of all that are known if none is near."""
    near = difflib.get_close_matches(str(word), [str(name) for name in known], n=1)
    return f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(map(str, known))


class _OneOfEach(yaml.SafeLoader):
    """Refuses a key that stands twice in a block: YAML takes the last one without a word."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path):
    """Read one YAML file as a dict; InputError names the file and line of a syntax error or of a key that stands twice."""
    try:
        content = yaml.load(Path(path).read_text(), _OneOfEach)
    except yaml.MarkedYAMLError as error:
        raise InputError(f"{path}, line {error.problem_mark.line + 1}: not valid YAML: {error.problem}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold keys and values")
    return content


def check(values, schema, name):
    """Check `values` against a JSON `schema`.

    Raises InputError with one line that names the key, what is wrong with it and, for an unknown key, the nearest known.
    """
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(values))
    if error is None:
        return
    key = ".".join(map(str, error.absolute_path))
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema["properties"]
        for unknown in error.instance:
            if unknown not in known:
                place = f"{key}.{unknown}" if key else unknown
                raise InputError(f"{name}: unknown key {place!r}; {did_you_mean(unknown, known)}")
    if error.schema is False:
        # jsonschema names the block, not the key
        raise InputError(f"{name}: {key}: a key with the value {error.instance!r} does not belong here, beside the others of its block")
    raise InputError(f"{name}: {key or 'it'}: {error.message}" + (f" ({error.schema['description']})" if "description" in error.schema else ""))


def retyped(value, texts=()):
    """Give text from the command line its type: Snakemake's --config leaves every leaf of a list or dict a string.

    texts: keys whose values stay text, whatever they look like.
    """
    if isinstance(value, dict):
        return {key: inner if key in texts and isinstance(inner, str) else retyped(inner, texts) for key, inner in value.items()}
    if isinstance(value, list):
        return [retyped(inner) for inner in value]
    if not isinstance(value, str):
        return value
    words = {"true": True, "false": False, "null": None}
    if value.lower() in words:
        return words[value.lower()]
    if re.fullmatch(r"[+-]?\d+", value):
        return int(value)
    # YAML 1.1 takes 1e-4 for text
    return float(value) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", value) else value


def normalised(config):
    """The config with single names made lists (cells=E003,E123) and numbers from the command line made numbers."""
    config = dict(config)
    for key, value in config.items():
        if value is None or value == "":
            raise InputError(f"config key {key!r} is empty: give it a value, or remove its line to have the default of config/config.yaml")
    for key in ("cells", "pairs", "studies", "marks", "seeds"):
        value = config.get(key)
        if isinstance(value, str) and value != "all":
            value = [part.strip() for part in value.split(",") if part.strip()]
        elif isinstance(value, int):
            value = [value]
        config[key] = value
    for key in ("mirror", "genome_mirror"):
        place = str(config.get(key, "")).rstrip("/")
        # one spelling for one place: another would fetch everything again
        config[key] = f"file://{place}" if place.startswith("/") else place
    for key in ("seeds", "overrides", "bootstrap", "simulate", "gpu"):
        config[key] = retyped(config.get(key))
    config["sources"] = retyped(config.get("sources", {}), texts=("path", "expression"))
    return config


def merged(base, changes):
    """`base` with `changes` laid over it, key by key at every depth; neither is altered.

    A block that says what it is by `scheme`, `kind` or `name` is replaced whole by one of another: its keys would not fit.
    """
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        both = isinstance(value, dict) and isinstance(old, dict)
        other = both and any(word in value and value[word] != old.get(word) for word in ("scheme", "kind", "name"))
        result[key] = merged(old, value) if both and not other else value
    return result


def read_sheet(path, columns):
    """Read a commented TSV sheet as a list of dicts. Raises InputError on missing columns or rows of another length."""
    with open(path, newline="") as file:
        lines = [(number, line) for number, line in enumerate(file, 1) if line.strip() and not line.startswith("#")]
    rows = list(csv.reader((line for _, line in lines), delimiter="\t"))
    if not rows or any(column not in rows[0] for column in columns):
        raise InputError(f"{path}: the first line must name the columns {', '.join(columns)}, separated by tabs")
    for (number, _), row in zip(lines, rows):
        if len(row) != len(rows[0]):
            raise InputError(f"{path}, line {number}: {len(row)} columns where the header has {len(rows[0])}")
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def load_studies(folder, overrides, schema, marks, used=None):
    """All study files of a `folder`, by name, with the config's `overrides` laid over them, each checked.

    used: those that are to be built, whose marks must be among `marks`; all if None.
    """
    files = {path.stem: path for path in sorted(Path(folder).glob("*.yaml"))}
    for name in overrides:
        if name not in files:
            raise InputError(f"config key 'overrides' names the unknown study {name!r}; {did_you_mean(name, files)}")
    written = {name: retyped(merged(read_yaml(path), overrides.get(name, {}))) for name, path in files.items()}
    studies = {}
    for name, path in files.items():
        study = derived_study(name, written)
        check(study, schema, f"config/studies/{path.name}" + (" with 'overrides'" if name in overrides else ""))
        for mark in study["data"]["marks"]:
            if mark not in marks and (used is None or name in used):
                raise InputError(f"study {name}: unknown mark {mark!r}: it is not in config key 'marks'; {did_you_mean(mark, marks)}")
        for model, block in study["models"].items():
            check_model(block, study, f"study {name}, model {model}")
        for block, key in [(block, key) for part in ("tables", "figures") for key, block in study.get(part, {}).items()]:
            check_models_named(block["models"], study, f"study {name}, {key}")
        check_models_named(study.get("attention", []), study, f"study {name}, attention")
        for model in study.get("attention", []):
            if study["models"][model]["architecture"] != "transferchrome" or "regime" in study["models"][model]:
                raise InputError(f"study {name}, attention: {model} has no self-attention over the positions of one cell")
        for claim in study.get("claims", []):
            check_models_named([claim["better"], claim["than"]], study, f"study {name}, claims")
        studies[name] = study
    return studies


def derived_study(name, written):
    """A study as written, or laid over the one that its key `base` names.

    written: studies as in their files, by name. A derived study takes paper, data, units and transfer from its base, and those of
    its models that it names itself, each with its own changes.
    """
    study = written[name]
    base = study.get("base")
    if base is None:
        return {**study, "models": derived_models(study.get("models", {}), {}, name)}
    if base not in written or "base" in written[base]:
        known = [other for other in written if "base" not in written[other]]
        raise InputError(f"study {name}: unknown base {base!r}; {did_you_mean(base, known)}")
    parent = derived_study(base, written)
    inherited = {key: parent[key] for key in ("paper", "data", "units", "transfer") if key in parent}
    return {**merged(inherited, study), "models": derived_models(study.get("models", {}), parent["models"], name)}


def derived_models(models, parent, name):
    """Blocks of models, each laid over that of the same name in the parent study, or over the model that its key `base` names."""

    def resolve(model, seen):
        block = models[model] or {}
        base = block.get("base")
        if base is None:
            return merged(parent.get(model, {}), block)
        if base not in models or base in seen:
            raise InputError(
                f"study {name}, model {model}: unknown base {base!r}; {did_you_mean(base, [other for other in models if other != model])}"
            )
        return merged(resolve(base, [*seen, model]), {key: value for key, value in block.items() if key != "base"})

    return {model: resolve(model, [model]) for model in models}


def check_models_named(models, study, name):
    """Check that a study has the models that one of its tables, figures or claims names."""
    for model in models:
        if model not in study["models"]:
            raise InputError(f"{name} names the unknown model {model!r}; {did_you_mean(model, study['models'])}")


def check_model(block, study, name):
    """Check that a model's architecture exists and takes its hyperparameters, and that loss and units fit the study."""
    loss, kind = block["training"]["loss"], study["data"]["target"]["kind"]
    if TARGET_OF_LOSS[loss] != kind:
        fitting = [other for other, fits in TARGET_OF_LOSS.items() if fits == kind]
        raise InputError(f"{name}: training.loss {loss!r} does not fit the target {kind!r} of the study; use {' or '.join(fitting)}")
    monitor, fitting = block["training"]["early_stopping"]["monitor"], {"median_label": "auc", "expression": "pearson"}[kind]
    if monitor not in (fitting, "loss", "none"):
        raise InputError(f"{name}: early_stopping.monitor {monitor!r} does not fit the target {kind!r} of the study; use {fitting}, loss or none")
    if (block.get("units") == "transfers") != ("regime" in block) or ("regime" in block and "transfer" not in study):
        raise InputError(f"{name}: 'units: transfers' and 'regime' go together, and need the study's key 'transfer'")
    if "regime" in block and study["data"].get("zscore_genes") == "train":
        raise InputError(f"{name}: transfers split the genes anew, so their z-score cannot be of data.split's training genes: use zscore_genes: all")
    if block.get("regime") == "cross" and not block["network"].get("domain_hidden"):
        raise InputError(f"{name}: 'regime: cross' needs an architecture with a domain classifier and network.domain_hidden above 0")
    if ("domain" in block["training"]) != (block.get("regime") == "cross"):
        raise InputError(f"{name}: 'training.domain' and 'regime: cross' go together: only there are samples of a second domain")
    files = {file.stem: file for file in sorted((PACKAGE / "models").glob("[a-z]*.py"))}
    architecture = block["architecture"]
    if architecture not in files:
        raise InputError(f"{name}: unknown architecture {architecture!r}; {did_you_mean(architecture, files)}")
    known = build_arguments(files[architecture])
    for key in block["network"]:
        if key not in known:
            raise InputError(f"{name}: unknown key 'network.{key}'; {did_you_mean(key, known)}")


def build_arguments(path):
    """Hyperparameters of an architecture: the arguments of its build(), read without importing it."""
    build = next(node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef) and node.name == "build")
    return [argument.arg for argument in build.args.args if argument.arg not in ("n_marks", "n_bins")]


def choose(asked, known, key, where):
    """The names that a config `key` asks for (`all` or a list), each checked against the `known`."""
    if asked == "all":
        return list(known)
    for name in asked:
        if name not in known:
            raise InputError(f"config key {key!r} names {name!r}, which is not in {where}; {did_you_mean(name, known)}")
    return list(asked)


# ---- what a rule's result depends on besides its input files ----


def _without_docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return tree


@cache
def _parsed(path):
    """What a Python file does (its syntax tree without comments and docstrings) and the modules of markexpr it imports."""
    tree = ast.parse(path.read_text())
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "markexpr":
            imported.add(node.module)
            imported.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names if alias.name.split(".")[0] == "markexpr")
    return ast.dump(_without_docstrings(tree)), imported


def code_files(*names):
    """The Python files behind the given ones (relative to workflow/scripts): themselves and, by import, all of markexpr they use."""
    todo, found = [SCRIPTS / name for name in names], set()
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        for module in _parsed(path)[1]:
            candidate = SCRIPTS / Path(*module.split("."))
            for file in (candidate.with_suffix(".py"), candidate / "__init__.py"):
                # the package's own __init__ holds the version: a new one is no reason to run anything again
                if file.exists() and file != SCRIPTS / "markexpr/__init__.py":
                    todo.append(file)
    return sorted(found)


def code_digest(*names):
    """Short hash of what the given files and all they import from markexpr do.

    Snakemake sees edits of a rule's script but not of the modules that it imports; as a param, this hash makes
    such an edit rerun just the rules that use the module. Comments, docstrings and layout do not count.
    """
    content = "\n".join(_parsed(path)[0] for path in code_files(*names))
    return hashlib.sha256(content.encode()).hexdigest()[:12]
