"""Where a study is not as its paper, in words.

A study and each of its models say in `in_paper` what the paper has for the keys that are ours or
not printed. A verdict on a number of the paper names all of those in which ours is another.
"""


def list_paths(values):
    """The paths of all keys of nested dicts, dotted, those of blocks among them."""
    paths = []
    for key, value in values.items():
        paths.append(str(key))
        if isinstance(value, dict):
            paths += [f"{key}.{path}" for path in list_paths(value)]
    return paths


def list_deviations(block):
    """Where a block, a study or a model of markexpr.settings.studies, is not as its paper: a line
    a key, as "epochs 30 (paper: 120)"."""
    values = block.model_dump()
    lines = []
    for path, printed in block.in_paper.items():
        ours = values
        for key in path.split("."):
            ours = ours[key]
        if ours != printed:
            named = path.removeprefix("training.").removeprefix("data.")
            lines.append(f"{named} {_in_words(ours)} ({_of_paper(printed)})")
    return lines


def deviations_of_models(study):
    """Where each model of a study is not as its paper, the study's own deviations among them: from
    the model's name to a list of lines."""
    shared = list_deviations(study)
    return {name: shared + list_deviations(model) for name, model in study.models.items()}


def _in_words(value):
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, dict):
        return ", ".join(f"{key} {_in_words(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "[" + ", ".join(map(_in_words, value)) + "]"
    return str(value)


def _of_paper(printed):
    return printed if printed == "not printed" else f"paper: {_in_words(printed)}"
