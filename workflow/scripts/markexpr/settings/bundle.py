"""The manifest of a bundle of trained models, bundle.yaml: what it holds and how it was made.

Imported by the Snakefile: no torch, no numpy.
"""

from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from markexpr.bundles.files import (
    COMMON,
    LAYOUT,
    list_files_of,
    list_parts,
    sequence_file,
)
from markexpr.models.registry import ESTIMATORS, NETS
from markexpr.settings.blocks import Block, Count, NotEmpty, Number, Whole, fault, name, names
from markexpr.settings.config import MARK
from markexpr.settings.data import Data

# the key of a block that has its hyperparameters, and what these may be
REGISTRIES = {"net": ("network", NETS), "estimator": ("estimator", ESTIMATORS)}

Member = r"^[A-Za-z0-9][A-Za-z0-9_.-]*/seed[0-9]+$"


class File(Block):
    """What a file of the bundle must be."""

    size: Annotated[Whole, Field(ge=0)] = Field(..., description="bytes")
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] = Field(..., description="its hash")


class HeldOut(Block):
    """The rows that come with a predictor, and what its members' mean gives on them."""

    cells: list[str] = Field(..., description="the cell, or the two of a pair, A then B")
    unseen: bool = Field(..., description="whether no member was trained on the cell")
    rows: Count = Field(..., description="test genes of the cells, one a row")
    trained: Annotated[Whole, Field(ge=0)] = Field(
        ..., description="rows whose gene trained a member in another cell"
    )
    scores: dict[str, Number] = Field(..., description="pearson and mse, or auc")


class Bundled(Block):
    """One predictor: all fits of a study's model."""

    kind: Literal["net", "estimator"] = Field(..., description="what its members are")
    predicts: Literal["value", "label", "change"] = Field(..., description="what it predicts")
    unit: str = Field(..., description="of the expression that it was trained on")
    paper: str = Field(..., description="as it is cited")
    data: dict[str, Any] = Field(..., description="the study's `data` block")
    block: dict[str, Any] = Field(..., description="the model's block of the study")
    cells: list[str] = Field([], description="those that its members were trained on")
    members: names(Member) = Field(..., description="{unit}/seed{seed}, in their order")
    sequence: Count | None = Field(None, description="bp of DNA that it reads")
    held_out: HeldOut = Field(..., description="rows by which it proves itself")

    @model_validator(mode="after")
    def check_settings(self):
        Data.model_validate(self.data)
        part, registry = REGISTRIES[self.kind]
        architecture = self.block.get("architecture")
        if architecture not in registry:
            raise fault(
                f"this version of markexpr has no {self.kind} {architecture!r}: update it",
                "block.architecture",
            )
        registry[architecture].model_validate(self.block.get(part) or {})
        return self

    @property
    def parts(self):
        """What its rows are called: `sample`, or `a` and `b` for a change."""
        return list_parts(self.predicts)


class Manifest(Block):
    """All of bundle.yaml."""

    layout: Annotated[Whole, Field(ge=1, le=LAYOUT)] = Field(..., description="of this folder")
    versions: dict[str, str] = Field(..., description="of what made the bundle")
    simulated: bool = Field(..., description="whether the models know simulated data alone")
    marks: names(MARK) = Field(..., description="marks to count, in their order")
    predictors: dict[name(r"^[a-z0-9_]+/[a-z0-9_]+$"), Bundled] = Field(
        ..., description="by study/model"
    )
    files: dict[NotEmpty, File] = Field(..., description="every other file, by its path")

    @field_validator("files")
    @classmethod
    def check_paths(cls, files):
        for path in files:
            parts = PurePosixPath(path).parts
            if path.startswith("/") or ".." in parts or "\\" in path or ":" in path:
                raise ValueError(f"{path!r} is no path within the bundle")
        return files

    @model_validator(mode="after")
    def check_together(self):
        for path in list_files(self):
            if path not in self.files:
                raise fault(f"{path} is not listed", "files")
        for name_, one in self.predictors.items():
            for mark in one.data["marks"]:
                if mark not in self.marks:
                    raise fault(f"{name_} reads {mark}, which is not among the marks", "marks")
        return self


def list_files(manifest):
    """The paths of all files that a bundle needs."""
    found = [*COMMON]
    for name_, one in manifest.predictors.items():
        found += list_files_of(name_, one.kind, one.members, one.parts)
        found += [sequence_file(one.sequence)] if one.sequence else []
    return list(dict.fromkeys(found))
