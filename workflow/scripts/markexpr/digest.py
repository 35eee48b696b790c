"""What a rule's result depends on besides its input files: a hash of the code that it runs."""

import ast
import hashlib
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).parents[1]

# the version, and defaults of hyperparameters, which reach jobs as params: an edit of these files
# alone is no reason to run anything again
AS_PARAMS = ("markexpr/__init__.py", "markexpr/models/registry.py")


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
    tree = ast.parse(path.read_text(encoding="utf-8"))
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
                if file.exists() and str(file.relative_to(SCRIPTS)) not in AS_PARAMS:
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
