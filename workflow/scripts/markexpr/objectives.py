"""What a model is trained towards: the loss of its predictions and, where a study asks for more,
further losses beside it.

Each objective is called with the batch's indices and the share of training that is done, and
returns losses by name, already weighted; their sum is minimised. The first is the loss of the main
task.
"""

import numpy as np
import torch
from torch.nn import functional

from markexpr.data.splits import UNLABELLED
from markexpr.io.jobs import InputError

# strength λ of the gradient reversal after a share p of all epochs. rising: Ganin and Lempitsky
# (2015), section 4.1, gamma 10
SCHEDULES = {"constant": lambda p: 1.0, "rising": lambda p: 2 / (1 + np.exp(-10 * p)) - 1}


class Supervised:
    """The loss of the task alone."""

    def __init__(self, trainer, settings):
        self.trainer = trainer

    def start_epoch(self, n, size):
        """Called before each epoch of n samples in batches of `size`; may draw random numbers."""

    def losses(self, number, batch, done):
        trainer = self.trainer
        return {
            "train_loss": trainer.task.loss(
                trainer.model(**trainer.batch(batch)), trainer.target[batch]
            )
        }

    def describe(self, done):
        """Further columns of the history."""
        return {}


class DomainAdversary(Supervised):
    """Beside the label loss, the loss of a domain classifier behind a gradient reversal
    (TransferChrome, equation 8).

    Labelled samples are of domain 1 (source), unlabelled ones of domain 0 (target), as many in a
    batch as labelled ones. Labels of
    unlabelled samples are never read: they are not in the samples
    (markexpr.data.samples.load_transfer).
    """

    def __init__(self, trainer, settings):
        super().__init__(trainer, settings)
        self.settings = settings["domain"]
        if getattr(trainer.model, "domain_classifier", None) is None or not len(
            trainer.index[UNLABELLED]
        ):
            raise InputError(
                "training.domain needs a model with a domain classifier "
                "(network.domain_hidden) and a unit with unlabelled samples"
            )

    def start_epoch(self, n, size):
        self.companions = self.trainer.shuffled(UNLABELLED, n).split(size)

    def strength(self, done):
        """λ of the gradient reversal after a share of all epochs."""
        return float(self.settings["maximum"] * SCHEDULES[self.settings["schedule"]](done))

    def losses(self, number, batch, done):
        trainer, unlabelled = self.trainer, self.companions[number]
        features = trainer.model.features(**trainer.batch(torch.cat([batch, unlabelled])))
        domain = torch.cat([torch.ones_like(batch), torch.zeros_like(unlabelled)])
        label_loss = trainer.task.loss(
            trainer.model.classifier(features[: len(batch)]), trainer.target[batch]
        )
        return {
            "train_loss": label_loss,
            "domain_loss": functional.cross_entropy(
                trainer.model.discriminate(features, self.strength(done)), domain
            ),
        }

    def describe(self, done):
        return {"lambda": self.strength(done)}


def contrastive(embedding_a, embedding_b, different, margin, form):
    """DeepDiff's loss on Level I embeddings of two cells, mean over genes.

    embedding_*: [batch, marks, width]; different: bool [batch], S of equation 8; R is their
    Euclidean distance over all marks (equation 9).
    form: `squared`, R² and max(0, margin - R)² (the authors' code), or `printed`, R/2 and max(0,
    margin - R)²/2 (equation 8).
    """
    distance = torch.linalg.vector_norm((embedding_a - embedding_b).flatten(1), dim=1)
    apart = functional.relu(margin - distance) ** 2
    if form == "squared":
        return torch.where(different, apart, distance**2).mean()
    return torch.where(different, apart / 2, distance / 2).mean()


class CellTasks(Supervised):
    """Beside the loss of the change between two cells, the losses of each cell's own expression
    and, if asked for, a contrastive one.

    settings: auxiliary (kind regression or classification, weight) and contrastive (form, weight,
    margin, threshold): genes whose log2 fold change is at least `threshold` either way are
    different.
    """

    def __init__(self, trainer, settings):
        super().__init__(trainer, settings)
        self.auxiliary, self.contrastive = settings["auxiliary"], settings.get("contrastive")
        if not getattr(trainer.model, "auxiliary", False) or not trainer.auxiliary:
            raise InputError(
                "training.auxiliary needs a model that predicts each cell as well "
                "(network.auxiliary) and a unit of two cells"
            )
        self.cell_loss = {
            "regression": functional.mse_loss,
            "classification": functional.binary_cross_entropy_with_logits,
        }[self.auxiliary["kind"]]

    def losses(self, number, batch, done):
        trainer = self.trainer
        found, target = trainer.model.tasks(**trainer.batch(batch)), trainer.target[batch]
        cells = sum(
            self.cell_loss(found[cell], trainer.auxiliary[cell][batch]) for cell in ("a", "b")
        )
        losses = {
            "train_loss": trainer.task.loss(found["change"], target),
            "cells_loss": self.auxiliary["weight"] * cells,
        }
        if self.contrastive:
            setting = self.contrastive
            loss = contrastive(
                found["embedding_a"],
                found["embedding_b"],
                target.abs() >= setting["threshold"],
                setting["margin"],
                setting["form"],
            )
            losses["contrastive_loss"] = setting["weight"] * loss
        return losses


def objective_for(trainer, settings):
    """The objective that a `training` block asks for."""
    kind = (
        DomainAdversary
        if "domain" in settings
        else CellTasks
        if "auxiliary" in settings
        else Supervised
    )
    return kind(trainer, settings)
