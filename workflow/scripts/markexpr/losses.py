"""All losses: the main ones, one for each kind of output, and those that some nets add to them.

A net says in `losses` (markexpr.models.net) which of them it is trained towards.
"""

import numpy as np
import torch
from torch.nn import functional

from markexpr.data.splits import UNLABELLED
from markexpr.evaluation import metrics
from markexpr.io.jobs import InputError

# ---- main losses: a loss of a net's outputs, what the outputs predict, and metrics to monitor ----


class CrossEntropy:
    """Two classes: logits [batch, 2] against labels 0 and 1; predicts the probability of class
    1."""

    monitors = {"auc": metrics.auc}

    @staticmethod
    def loss(logits, target):
        return functional.cross_entropy(logits, target.long())

    @staticmethod
    def predict(logits):
        return torch.softmax(logits.double(), dim=1)[:, 1]


class BinaryCrossEntropy:
    """Two classes: one logit a sample [batch] against labels 0 and 1; predicts the probability of
    class 1."""

    monitors = {"auc": metrics.auc}

    @staticmethod
    def loss(logit, target):
        return functional.binary_cross_entropy_with_logits(logit, target)

    @staticmethod
    def predict(logit):
        return torch.sigmoid(logit.double())


class MeanSquaredError:
    """Regression: one value a sample [batch]."""

    monitors = {"pearson": metrics.pearson}

    @staticmethod
    def loss(value, target):
        return functional.mse_loss(value, target)

    @staticmethod
    def predict(value):
        return value.double()


# by the name in a `training` block; each fits one kind of target
LOSSES = {
    "cross_entropy": CrossEntropy,
    "binary_cross_entropy": BinaryCrossEntropy,
    "mean_squared_error": MeanSquaredError,
}


# ---- the domain of a sample: source or target cell ----

# share of the maximum after a share p of all epochs. rising: Ganin and Lempitsky (2015), section
# 4.1, gamma 10
SCHEDULES = {"constant": lambda p: 1.0, "rising": lambda p: 2 / (1 + np.exp(-10 * p)) - 1}


def reversal_strength(setting, done):
    """Strength λ of the gradient reversal. setting: `training.domain` (maximum, schedule); done:
    share of all epochs."""
    return float(setting["maximum"] * SCHEDULES[setting["schedule"]](done))


def domain_loss(logits, n_source):
    """Loss of a domain classifier: the first n_source samples are of the source (1), the others of
    the target (0). logits: [batch, 2]."""
    domain = torch.zeros(len(logits), dtype=torch.long, device=logits.device)
    domain[:n_source] = 1
    return functional.cross_entropy(logits, domain)


# ---- pairs of cells ----

CELL_LOSSES = {
    "regression": functional.mse_loss,
    "classification": functional.binary_cross_entropy_with_logits,
}


def cells_loss(found, targets, kind):
    """Sum of the losses of both cells' own expression (auxiliary tasks). found, targets: by cell
    (`a`, `b`), [batch] each; kind: regression or classification (logits)."""
    return sum(CELL_LOSSES[kind](found[cell], targets[cell]) for cell in ("a", "b"))


def contrastive_loss(embedding_a, embedding_b, different, margin, form):
    """Contrastive loss on the embeddings of two cells (DeepDiff), mean over genes.

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


# ---- what a `training` block may ask of a net and its samples ----

NEEDED = {
    "domain": "training.domain needs a model with a domain classifier (network.domain_hidden) "
    "and a unit with unlabelled samples",
    "auxiliary": "training.auxiliary needs a model that predicts each cell as well "
    "(network.auxiliary) and a unit of two cells",
}


def check_losses(settings, net, samples):
    """Raise InputError if a `training` block asks for a loss that a net does not have, or whose
    targets the samples lack."""
    has = {"domain": len(samples.index(UNLABELLED)) > 0, "auxiliary": bool(samples.auxiliary)}
    for loss, message in NEEDED.items():
        if loss in settings and not (loss in net.further_losses() and has[loss]):
            raise InputError(message)
