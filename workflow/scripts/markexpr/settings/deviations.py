"""Where a study is not as its paper, in words.

A study and each of its models say in `in_paper` what the paper has for the keys that are ours or
not printed. A verdict on a number of the paper names all of those in which ours is another.
"""

ABSENT = object()  # a key that this block has not, since it is of another kind


def list_deviations(block):
    """Where a block, a study or one of its models, is not as its paper: a line
    a key, as "epochs 30 (paper: 120)"."""
    values = block.model_dump()
    lines = []
    for path, printed in block.in_paper.items():
        ours = _find(values, path.split("."))
        if ours not in (ABSENT, printed):
            named = path.removeprefix("training.").removeprefix("data.")
            lines.append(f"{named} {_in_words(ours)} ({_of_paper(printed)})")
    return lines


def deviations_of_models(study):
    """Where each model of a study is not as its paper, the study's own deviations among them: from
    the model's name to a list of lines."""
    shared = list_deviations(study)
    return {name: shared + list_deviations(model) for name, model in study.models.items()}


def _find(values, keys):
    """The value of a key below others in nested dicts; ABSENT if it is not there."""
    for key in keys:
        if not isinstance(values, dict) or key not in values:
            return ABSENT
        values = values[key]
    return values


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
