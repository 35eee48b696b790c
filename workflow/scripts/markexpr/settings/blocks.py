"""What all blocks of settings share: unknown keys are refused, and what is wrong is one line."""

import datetime
import os
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from markexpr.io.jobs import InputError
from markexpr.settings.reading import did_you_mean

# keys of earlier versions, and what stands in their place
FORMER = {
    "units": "a study's is 'task' now, and a model is trained on folds by 'cross_validation'",
    "regime": "it is 'trained_on: target, source or both' now, and for pairs 'cell_by_cell: true'",
    "train_together": "it is gone: fits of a model run side by side (fits_per_gpu)",
}


class Block(BaseModel):
    """A block of keys. A key that it does not know is an error that names the nearest it knows."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def refuse_unknown_keys(cls, values):
        for key in values if isinstance(values, dict) else ():
            if key not in cls.model_fields:
                raise fault(FORMER.get(key) or did_you_mean(key, cls.model_fields), key, True)
        return values

    def plain(self):
        """The block as a dict of plain values, without what is not set; jobs get it as params."""
        return self.model_dump(exclude_none=True)


def fault(message, place="", unknown=False):
    """An error of a validator.

    place: the key below the block in which it is raised, dotted; unknown: whether it is that there
    is no such key.
    """
    context = {"message": message, "place": place, "unknown": unknown}
    return PydanticCustomError("fault", "{message}", context)


def _refuse_switch(value):
    if isinstance(value, bool):
        raise ValueError("is no number")
    return value


Whole = Annotated[int, BeforeValidator(_refuse_switch)]
Count = Annotated[Whole, Field(ge=1)]
Number = Annotated[float, BeforeValidator(_refuse_switch)]
Positive = Annotated[Number, Field(gt=0)]
Share = Annotated[Number, Field(ge=0, lt=1)]
NotEmpty = Annotated[str, Field(min_length=1)]


def expand_path(path):
    """A path with ~ and environment variables ($NAME) spelt out; a variable that is not set stays
    as it is."""
    return os.path.expanduser(os.path.expandvars(path))


OwnPath = Annotated[NotEmpty, AfterValidator(expand_path)]


def _require_text(value):
    if isinstance(value, (bool, int, float, datetime.date)):
        raise ValueError(
            "Input should be a valid string, and YAML reads this as none: put it in "
            "quotes, as '123' or 'NO'"
        )
    if value is None:
        raise ValueError("Input should be a valid string: an entry is empty")
    return value


def name(pattern):
    """A name that a pattern matches. What YAML takes for a number, a switch or a date is told to be
    put in quotes."""
    return Annotated[str, BeforeValidator(_require_text), Field(pattern=pattern)]


def names(pattern):
    """A list of at least one name, none of them twice."""
    return Annotated[list[name(pattern)], Field(min_length=1), BeforeValidator(once)]


def once(values):
    """Refuse a list in which a value stands twice."""
    if isinstance(values, list):
        for value in values:
            if values.count(value) > 1:
                raise ValueError(f"{value!r} stands twice")
    return values


NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Names = names(NAME)


def validated(model, values, name):
    """`values` as a Block of class `model`.

    Raises InputError with one line: where (`name` and the key), what is wrong, and the nearest
    known key for one that is unknown.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        place, message, unknown = first_fault(error, values)
        if unknown:
            raise InputError(f"{name}: unknown key {place!r}; {message}") from None
        raise InputError(f"{name}: {place}: {message}" if place else f"{name}: {message}") from None


def first_fault(error, values):
    """The first thing that is wrong: the key, dotted, what it is, and whether the key is unknown.

    error: pydantic's ValidationError for `values`.
    """
    found = [_read_fault(one, values) for one in error.errors(include_url=False)]
    # an unknown key explains what is missing beside it; of a union, the member that came furthest
    return max(found, key=lambda one: (one[2], one[0].count("."), "is not one of" not in one[1]))


def _read_fault(problem, values):
    kind, given = problem["type"], problem["input"]
    keys = _keys(problem["loc"], values, kind == "missing")
    context = problem.get("ctx", {})
    if kind == "fault":
        place = ".".join(filter(None, [*keys, context["place"]]))
        return place, context["message"], context["unknown"]
    if kind == "missing":
        return ".".join(keys[:-1]), f"{keys[-1]!r} is missing", False
    if kind == "union_tag_not_found":
        return ".".join(keys), f"{context['discriminator']} is missing", False
    if kind == "union_tag_invalid":
        key, known = context["discriminator"].strip("'"), context["expected_tags"]
        return ".".join([*keys, key]), f"{context['tag']!r} is not one of {known}", False
    message = {
        "literal_error": f"{given!r} is not one of {context.get('expected')}",
        "string_pattern_mismatch": f"{given!r} does not match {context.get('pattern')}",
        "kind_of_model": problem["msg"],
        "kind_of_claim": problem["msg"],
    }.get(kind)
    if message is None:
        message = problem["msg"].removeprefix("Value error, ")
        # of a whole block, its keys say nothing
        message = message if isinstance(given, (dict, Block)) else f"{given!r}: {message}"
    return ".".join(keys), message, False


def _keys(location, values, missing):
    """The keys of an error's location, without the names of union members, which are no keys.
    missing: whether the last one is of a key that is not there."""
    keys = []
    for place, part in enumerate(location):
        known = (isinstance(values, dict) and part in values) or (
            isinstance(values, list) and isinstance(part, int) and part < len(values)
        )
        if known:
            values = values[part]
        # what else is not found is the name of a union's member
        elif not (missing and isinstance(values, dict) and place == len(location) - 1):
            continue
        keys.append(str(part))
    return keys
