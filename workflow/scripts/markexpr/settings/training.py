"""How a net is trained: the block `training` of a model."""

from typing import Annotated, Literal

from pydantic import (
    Field,
    model_validator,
)

from markexpr.settings.blocks import (
    Block,
    Count,
    Names,
    Number,
    Positive,
    Share,
    Whole,
)


class Sgd(Block):
    """Stochastic gradient descent."""

    name: Literal["sgd"]
    learning_rate: Positive = Field(..., description="step size")
    momentum: Share = Field(0.0, description="momentum")
    weight_decay: Annotated[Number, Field(ge=0)] = Field(0.0, description="L2 penalty")


class Adam(Block):
    """Adam (Kingma and Ba 2015)."""

    name: Literal["adam"]
    learning_rate: Positive = Field(..., description="step size")
    epsilon: Positive = Field(
        1e-8, description="ε of the denominator: 1e-8 in the paper and torch, 1e-7 in Keras"
    )
    weight_decay: Annotated[Number, Field(ge=0)] = Field(0.0, description="L2 penalty")


class EarlyStopping(Block):
    """Which epoch is kept, and when training ends."""

    monitor: Literal["auc", "pearson", "loss", "none"] = Field(
        ..., description="of the validation genes; none keeps the last epoch"
    )
    patience: Annotated[Whole, Field(ge=0)] = Field(
        ..., description="epochs without a better one before the end; 0: never"
    )


class Stage(Block):
    """A stage of training: some parts of the model train, the others are frozen."""

    parts: Names = Field(..., description="parts that train")
    epochs: Count = Field(..., description="epochs of the stage")


class Domain(Block):
    """A domain classifier behind a gradient reversal of strength λ, trained as an adversary."""

    maximum: Positive = Field(..., description="λ at its highest")
    schedule: Literal["constant", "rising"] = Field(
        ..., description="rising: from 0, as Ganin and Lempitsky 2015"
    )


class Auxiliary(Block):
    """Losses of each cell's own expression beside that of the change between two cells."""

    kind: Literal["regression", "classification"] = Field(..., description="of which target")
    weight: Positive = Field(..., description="weight of these losses")


class Contrastive(Block):
    """A loss on embeddings of two cells: close for like genes, apart for different ones."""

    form: Literal["squared", "printed"] = Field(
        ..., description="R² and max(0, m - R)², or R/2 and max(0, m - R)²/2"
    )
    weight: Positive = Field(..., description="weight of the loss")
    margin: Positive = Field(..., description="m: the distance beyond which nothing is gained")
    threshold: Positive = Field(..., description="least log2 fold change of a different gene")


class Training(Block):
    """How a net is trained."""

    loss: Literal["cross_entropy", "binary_cross_entropy", "mean_squared_error"] = Field(
        ..., description="loss of the task"
    )
    optimiser: Annotated[Sgd | Adam, Field(discriminator="name")] = Field(
        ..., description="optimiser"
    )
    batch_size: Count = Field(..., description="samples of a step")
    epochs: Count = Field(..., description="epochs at most")
    early_stopping: EarlyStopping = Field(..., description="which epoch is kept")
    sampler: Literal["random", "by_gene"] = Field(
        "random", description="by_gene: batches take cells_per_gene cells of a gene at once"
    )
    cells_per_gene: Count | None = Field(None, description="cells of a gene in a batch")
    stages: Annotated[list[Stage], Field(min_length=1)] | None = Field(
        None, description="stages of training, one after the other"
    )
    seed_by_unit: bool = Field(
        False, description="whether each unit draws weights and the order of genes anew"
    )
    start_at_mean: bool = Field(
        False, description="whether predictions start at the mean of the training genes"
    )
    clip_norm: Positive | None = Field(None, description="largest norm of the gradient")
    domain: Domain | None = Field(None, description="adversarial training on a second domain")
    auxiliary: Auxiliary | None = Field(None, description="losses of each cell")
    contrastive: Contrastive | None = Field(None, description="loss on embeddings")

    @model_validator(mode="after")
    def check_together(self):
        if self.stages and sum(stage.epochs for stage in self.stages) != self.epochs:
            total = sum(stage.epochs for stage in self.stages)
            raise ValueError(f"training.epochs is {self.epochs}, and its stages have {total}")
        if self.sampler == "by_gene" and self.cells_per_gene is None:
            raise ValueError("training.sampler: by_gene needs training.cells_per_gene")
        if self.contrastive and not self.auxiliary:
            raise ValueError("'training.contrastive' needs 'training.auxiliary'")
        return self
