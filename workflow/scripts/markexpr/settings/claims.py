"""What a paper says of its models, as a study's `claims` have it."""

from typing import Annotated, Literal

from pydantic import (
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from markexpr.settings.blocks import (
    Block,
    Count,
    Names,
    Positive,
)

Regime = Literal[
    "train_seen",
    "valid_seen",
    "test_seen",
    "unseen",
    "unseen_known",
    "unseen_valid",
    "unseen_new",
    "competition",
]


class Claim(Block):
    """What the paper says of its models; tested."""

    source: str = Field(..., description="where the paper says so")
    cells: Names | None = Field(None, description="cells that the claim is about")
    ours: bool = Field(False, description="not a claim of the paper")


class Better(Claim):
    """One model is better than another: over units or, where rows are named, over genes and unseen
    cells."""

    better: str = Field(..., description="model that is said to be better")
    than: str = Field(..., description="than this one")
    rows: Regime | None = Field(
        None, description="rows of all cells together on which it has the smaller MSE"
    )
    gap: Annotated[list[Regime], Field(min_length=2, max_length=2)] | None = Field(
        None, description="rows from the first to the second of which its MSE rises less"
    )

    @model_validator(mode="after")
    def check_rows(self):
        if sum(part is not None for part in (self.cells, self.rows, self.gap)) > 1:
            raise ValueError("of 'cells', 'rows' and 'gap' a claim has one at most")
        return self


class Bagging(Claim):
    """The mean of all cells' models is better on unseen cells than one of them."""

    ensemble: str = Field(..., description="model whose mean over cells is said to be better")
    than: Literal["chosen", "mean"] = Field(
        ..., description="the member with the best validation score, or the mean of all members"
    )


class Equal(Claim):
    """Two models are as good as each other."""

    equal: Annotated[list[str], Field(min_length=2, max_length=2)] = Field(
        ..., description="models that are said to be as good as each other"
    )
    margin: Positive = Field(..., description="difference of the metric that is still none")


class Extreme(Claim):
    """A model is the best, or the worst, in some number of units."""

    best: str | None = Field(None, description="model that is said to be the best of all")
    worst: str | None = Field(None, description="model that is said to be the worst of all")
    among: Names = Field(..., description="all that are compared")
    in_units: Count = Field(..., description="units in which it is said to be")
    of_units: Count = Field(..., description="units of the paper")

    @model_validator(mode="after")
    def check_among(self):
        if self.best and self.worst:
            raise ValueError("a claim has 'best' or 'worst'")
        if (self.best or self.worst) not in self.among:
            raise ValueError(f"{self.best or self.worst} is not in 'among'")
        return self


CLAIMS = {
    "better": Better,
    "ensemble": Bagging,
    "equal": Equal,
    "best": Extreme,
    "worst": Extreme,
}


def _kind_of_claim(claim):
    """What kind of claim a block is: by the first key of CLAIMS that it has."""
    if isinstance(claim, Claim):  # when it is written
        return type(claim).__name__
    kinds = {kind.__name__ for key, kind in CLAIMS.items() if key in claim}
    return kinds.pop() if len(kinds) == 1 else None


AnyClaim = Annotated[
    Annotated[Better, Tag("Better")]
    | Annotated[Bagging, Tag("Bagging")]
    | Annotated[Equal, Tag("Equal")]
    | Annotated[Extreme, Tag("Extreme")],
    Discriminator(
        _kind_of_claim,
        custom_error_type="kind_of_claim",
        custom_error_message="one of 'better', 'ensemble', 'equal', 'best' and 'worst' says what "
        "claim it is",
    ),
]
