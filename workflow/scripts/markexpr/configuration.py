"""Reading and checking of the configuration, the sheets and the study files. Imported by the
Snakefile: keep it light."""

import ast
import csv
import difflib
import hashlib
import re
from functools import cache
from pathlib import Path

import jsonschema
import yaml

from markexpr.io.jobs import InputError

PACKAGE = Path(__file__).parent
SCRIPTS = PACKAGE.parent


def did_you_mean(word, known):
    """A hint at the nearest known word, or the list of all that are known if none is near."""
    near = difflib.get_close_matches(str(word), [str(name) for name in known], n=1)
    return f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(map(str, known))


class _OneOfEach:
    """Refuses a key that stands twice in a block: YAML takes the last one without a word."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key.value!r} stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class _Plain(_OneOfEach, yaml.SafeLoader):
    """The loader in Python, whose messages name the right line."""


class _Fast(_OneOfEach, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """The loader in C, where there is one: a tenth of the time, which every start of the pipeline
    would wait for."""


def read_yaml(path):
    """Read one YAML file as a dict; InputError names the file and line of a syntax error or of a
    key that stands twice."""
    text = Path(path).read_text()
    try:
        try:
            content = yaml.load(text, _Fast)
        except yaml.MarkedYAMLError:
            content = yaml.load(text, _Plain)
    except yaml.MarkedYAMLError as error:
        raise InputError(
            f"{path}, line {error.problem_mark.line + 1}: not valid YAML: {error.problem}"
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold keys and values")
    return content


def check(values, schema, name):
    """Check `values` against a JSON `schema`.

    Raises InputError with one line that names the key, what is wrong with it and, for an unknown
    key, the nearest known.
    """
    error = jsonschema.exceptions.best_match(
        jsonschema.Draft202012Validator(schema).iter_errors(values)
    )
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
        raise InputError(
            f"{name}: {key}: a key with the value {error.instance!r} does not belong here, "
            "beside the others of its block"
        )
    raise InputError(
        f"{name}: {key or 'it'}: {error.message}"
        + (f" ({error.schema['description']})" if "description" in error.schema else "")
    )


def retyped(value, texts=()):
    """Give text from the command line its type: Snakemake's --config leaves every leaf of a list or
    dict a string.

    texts: keys whose values stay text, whatever they look like.
    """
    if isinstance(value, dict):
        return {
            key: inner if key in texts and isinstance(inner, str) else retyped(inner, texts)
            for key, inner in value.items()
        }
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
    """The config with single names made lists (cells=E003,E123) and numbers from the command line
    made numbers."""
    config = dict(config)
    for key, value in config.items():
        if value is None or value == "":
            raise InputError(
                f"config key {key!r} is empty: give it a value, or remove its line to have "
                "the default of config/config.yaml"
            )
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
    for key in (
        "seeds",
        "overrides",
        "bootstrap",
        "simulate",
        "gpu",
        "fits_per_gpu",
        "partitions",
        "train_together",
        "allow_http",
    ):
        config[key] = retyped(config.get(key))
    config["sources"] = retyped(config.get("sources", {}), texts=("path", "expression"))
    return config


def merged(base, changes):
    """`base` with `changes` laid over it, key by key at every depth; neither is altered.

    A block that says what it is by `scheme`, `kind` or `name` is replaced whole by one of another:
    its keys would not fit.
    """
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        both = isinstance(value, dict) and isinstance(old, dict)
        other = both and any(
            word in value and value[word] != old.get(word) for word in ("scheme", "kind", "name")
        )
        result[key] = merged(old, value) if both and not other else value
    return result


def read_sheet(path, columns):
    """Read a commented TSV sheet as a list of dicts. Raises InputError on missing columns or rows
    of another length."""
    with open(path, newline="") as file:
        lines = [
            (number, line)
            for number, line in enumerate(file, 1)
            if line.strip() and not line.startswith("#")
        ]
    rows = list(csv.reader((line for _, line in lines), delimiter="\t"))
    if not rows or any(column not in rows[0] for column in columns):
        raise InputError(
            f"{path}: the first line must name the columns {', '.join(columns)}, separated by tabs"
        )
    for (number, _), row in zip(lines, rows):
        if len(row) != len(rows[0]):
            raise InputError(
                f"{path}, line {number}: {len(row)} columns where the header has {len(rows[0])}"
            )
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def choose(asked, known, key, where):
    """The names that a config `key` asks for (`all` or a list), each checked against the
    `known`."""
    if asked == "all":
        return list(known)
    for name in asked:
        if name not in known:
            raise InputError(
                f"config key {key!r} names {name!r}, which is not in {where}; "
                f"{did_you_mean(name, known)}"
            )
    return list(asked)


def pairs_of(asked, listed, known_cells, built=None):
    """The pairs A-B of cells that a config asks for: any two known cells, or for `all` those
    listed, of the cells that are built.

    built: cells that the config names, None if it takes all. Raises InputError for a pair that is
    none, or of an unknown cell.
    """
    if asked == "all":
        return [pair for pair in listed if built is None or set(pair.split("-")) <= set(built)]
    for pair in asked:
        cells = pair.split("-")
        if len(cells) != 2 or cells[0] == cells[1]:
            raise InputError(f"config key 'pairs': {pair!r} is not two different cells A-B")
        choose(cells, known_cells, "pairs", "config/cells.tsv or config key 'sources'")
    return list(asked)


# ---- what a rule's result depends on besides its input files ----


def _without_docstrings(tree):
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:]
    return tree


@cache
def _parsed(path):
    """What a Python file does (its syntax tree without comments and docstrings) and the modules of
    markexpr it imports."""
    tree = ast.parse(path.read_text())
    imported = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.split(".")[0] == "markexpr"
        ):
            imported.add(node.module)
            imported.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            imported.update(
                alias.name for alias in node.names if alias.name.split(".")[0] == "markexpr"
            )
    return ast.dump(_without_docstrings(tree)), imported


def code_files(*names):
    """The Python files behind the given ones (relative to workflow/scripts): themselves and, by
    import, all of markexpr they use."""
    todo, found = [SCRIPTS / name for name in names], set()
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        for module in _parsed(path)[1]:
            candidate = SCRIPTS / Path(*module.split("."))
            for file in (candidate.with_suffix(".py"), candidate / "__init__.py"):
                # the package's own __init__ holds the version: a new one is no reason to run
                # anything again
                if file.exists() and file != SCRIPTS / "markexpr/__init__.py":
                    todo.append(file)
    return sorted(found)


@cache
def code_digest(*names):
    """Short hash of what the given files and all they import from markexpr do.

    Snakemake sees edits of a rule's script but not of the modules that it imports; as a param, this
    hash makes such an edit rerun just the rules that use the module. Comments, docstrings and
    layout do not count.
    """
    content = "\n".join(_parsed(path)[0] for path in code_files(*names))
    return hashlib.sha256(content.encode()).hexdigest()[:12]
