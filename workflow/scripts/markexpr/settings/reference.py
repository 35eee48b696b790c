"""Writes what stands in the typed models for people: config/config.yaml and docs/configuration.md.

python -m markexpr.settings.reference    # from workflow/scripts; `make docs` calls it
"""

import textwrap
from pathlib import Path
from typing import Annotated, Literal, Union, get_args, get_origin

import yaml
from pydantic_core import PydanticUndefined

from markexpr.models.registry import ESTIMATORS, NETS
from markexpr.settings import claims, config, data, models, outputs, studies, training
from markexpr.settings.blocks import Block

ROOT = Path(__file__).parents[4]
WIDTH = 100

CONFIG_HEAD = """\
# markexpr: what to build, and from where. Made by `make docs` from the models of
# workflow/scripts/markexpr/settings/config.py, which hold these defaults.
#
# Write your own small file with only the keys that differ and pass it,
# `snakemake --configfile my.yaml`, or give single keys, `--config seeds=[1,2,3]`.
# Unknown keys are refused. Relative paths start at the working directory (`--directory`).
"""


def write_config():
    """config/config.yaml: every key with its default, under a comment that explains it."""
    lines = [CONFIG_HEAD]
    for key, field in config.Config.model_fields.items():
        lines += _comment(field.description)
        value = _default(field)
        if isinstance(value, dict) and value and key in ("bootstrap", "predict", "simulate"):
            lines.append(f"{key}:")
            for inner, described in type(field.default).model_fields.items():
                lines += _comment(described.description, "  ")
                name = f"'{inner}'" if inner == "null" else inner  # a word of YAML
                lines.append(f"  {name}: {_flow(_default(described))}")
        else:
            lines.append(f"{key}: {_flow(value)}")
        lines.append("")
    return "\n".join(lines)


def _default(field):
    value = field.default
    return value.model_dump() if isinstance(value, Block) else value


def _flow(value):
    text = yaml.safe_dump(value, default_flow_style=True, width=1000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def _comment(text, indent=""):
    lines = []
    for paragraph in text.split("\n"):
        lines += textwrap.wrap(
            paragraph,
            WIDTH - len(indent) - 2,
            subsequent_indent=" " * (len(paragraph) - len(paragraph.lstrip())),
            break_long_words=False,
            break_on_hyphens=False,
        )
    return [f"{indent}# {line}" for line in lines]


# ---- docs/configuration.md ----

PAGE_HEAD = """\
# Configuration

Made by `make docs` from the typed models in `workflow/scripts/markexpr/settings/` and
`workflow/scripts/markexpr/models/registry.py`. A test holds it in step.

## Ways to inherit

There are two.

1. **`base`**. A study with `base: other` has all keys of the other that it does not name itself,
   but for `setting`, its name beside others.
   - Its models are those that it names, each laid over that of the same name in its base. If it
     has no key `models`, it has all of its base's.
   - An inherited table, figure, claim or the like that names a model which it does not have is
     left out.
   - A model with `base: other` has all keys of another model of its study, or of the base study.
2. **`overrides`**. The configuration's `overrides` change single keys of a study's file. Studies
   that have the study as `base` see the change.

Blocks are laid over each other key by key. `key: null` takes a key away. Three kinds of block are
replaced whole by one of another kind, since their keys would not fit: `split` (another `scheme`),
`target` (another `kind`) and `optimiser` (another `name`). `held_out_cells` is a key of the split:
with another `scheme`, name the cells again, or none is held out. A model of another `architecture`
has a `network` or `estimator` of its own.

A target, as `snakemake transferchrome`, builds a study and all studies that have its `paper` by
inheritance. Those of the same `task` stand side by side in the table `settings`.
"""

# blocks in the order of the page: heading and class
BLOCKS = [
    ("config/config.yaml", config.Config),
    ("config: sources", config.Source),
    ("config: partitions", config.Partitions),
    ("config: bootstrap", config.Bootstrap),
    ("config: simulate", config.Simulate),
    ("A study: config/studies/*.yaml", studies.Study),
    ("study: paper", data.Paper),
    ("study: data", data.Data),
    ("study: data.genes", data.Genes),
    ("study: data.target, kind: median_label", data.MedianLabel),
    ("study: data.target, kind: expression", data.Values),
    ("study: data.split, scheme: id_order", data.IdOrder),
    ("study: data.split, scheme: random", data.Random),
    ("study: data.split, scheme: chromosome", data.Chromosome),
    ("study: data.split, scheme: source", data.Source),
    ("study: data.split, scheme: tissue", data.LeaveTissueOut),
    ("study: transfer", studies.Transfer),
    ("study: cross_validation", studies.CrossValidation),
    ("study: models, a net", models.Net),
    ("study: models, an estimator", models.Estimator),
    ("study: models, a control", models.Control),
    ("study: models, given predictions", models.Given),
    ("model: view", models.View),
    ("study: grid", studies.Grid),
    ("model: training", training.Training),
    ("training: optimiser, name: sgd", training.Sgd),
    ("training: optimiser, name: adam", training.Adam),
    ("training: early_stopping", training.EarlyStopping),
    ("training: stages", training.Stage),
    ("training: domain", training.Domain),
    ("training: auxiliary", training.Auxiliary),
    ("training: contrastive", training.Contrastive),
    ("study: tables, figures", outputs.Comparison),
    ("study: claims, better", claims.Better),
    ("study: claims, ensemble", claims.Bagging),
    ("study: claims, equal", claims.Equal),
    ("study: claims, best or worst", claims.Extreme),
    ("study: attributions", outputs.Attributions),
    ("study: mark_attention", outputs.MarkAttention),
    ("study: inputs", outputs.Inputs),
    ("study: gene_attributions", outputs.GeneAttributions),
    ("study: named_cells", outputs.NamedCells),
    ("study: gaps", outputs.Gaps),
    ("study: gaps.printed", outputs.PrintedNumber),
]


def write_page():
    """docs/configuration.md: every key of every block with type, default and meaning."""
    parts = [PAGE_HEAD]
    parts += [_section(f"## {heading}", block) for heading, block in BLOCKS]
    parts.append("## Architectures\n\nA net's `network` and an estimator's `estimator`.\n")
    for title, registry in (("net", NETS), ("estimator", ESTIMATORS)):
        parts += [_section(f"### {name} ({title})", block) for name, block in registry.items()]
    return "\n".join(parts)


def _section(heading, block):
    text = " ".join(block.__doc__.split())
    lines = [heading, "", *textwrap.wrap(text, WIDTH), ""]
    for key, field in block.model_fields.items():
        default = "required" if field.default is PydanticUndefined else f"default {_shown(field)}"
        entry = f"- `{key}` ({_type_name(field.annotation)}; {default})"
        text = " ".join((field.description or "").split())
        lines += textwrap.wrap(
            f"{entry}: {text}" if text else entry,
            WIDTH,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines) + "\n"


def _shown(field):
    value = _default(field)
    if isinstance(value, list) and value and isinstance(value[0], Block):
        value = [block.model_dump() for block in value]
    return "none" if value is None else f"`{_flow(value)}`"


NAMES = {int: "whole number", float: "number", str: "text", bool: "true or false"}


def _type_name(type_):
    """What a reader calls a type."""
    origin, inside = get_origin(type_), get_args(type_)
    if origin is Annotated:
        return _type_name(inside[0])
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inside)
    if origin is list:
        return f"list of {_type_name(inside[0])}"
    if origin is dict:
        return f"{_type_name(inside[1])} by name"
    if origin is Union or str(origin) == "<class 'types.UnionType'>":
        named = [_type_name(part) for part in inside if part is not type(None)]
        return " or ".join(dict.fromkeys(named))
    if isinstance(type_, type) and issubclass(type_, Block):
        return "block"
    return NAMES.get(type_, "any")


if __name__ == "__main__":
    (ROOT / "config/config.yaml").write_text(write_config(), encoding="utf-8")
    (ROOT / "docs/configuration.md").write_text(write_page(), encoding="utf-8")
