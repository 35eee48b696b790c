"""Models in all settings of a grid: blocks of keys in all combinations, laid over some models."""

from itertools import product

from markexpr.settings.reading import did_you_mean, merge


def expand_grid(study):
    """A study, as a dict of plain values, with each model of its `grid` in all settings in place of
    the model itself; a study without a grid as it is.

    Raises ValueError for a model that it does not have.
    """
    grid = study.get("grid")
    if not grid:
        return study
    models = dict(study["models"])
    found = {}
    for model in grid.get("models", []):
        if model not in models:
            raise ValueError(f"grid.models: {did_you_mean(model, models)}")
        block = models.pop(model)
        for setting in list_settings(grid.get("axes", {})):
            changed = block
            for axis, level in setting.items():
                changed = merge(changed, grid["axes"][axis][level] or {})
            found[name_in_grid(model, setting)] = changed
    return {**study, "models": {**models, **found}}


def list_settings(axes):
    """All combinations of levels, dicts from axis to level, in the order of the axes."""
    return [dict(zip(axes, levels)) for levels in product(*axes.values())]


def name_in_grid(model, setting):
    """The name of a model in a setting: ridge_5kb_log1p."""
    return "_".join([model, *setting.values()])
