"""The one training loop that all models share.

Seeded: two fits with equal samples, settings, seed, device and threads are equal to the bit. Random numbers of an epoch come
from (seed, epoch) alone, so a fit that was killed and resumed is also equal to one that was not.
"""

import copy
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from markexpr import metrics
from markexpr.data import UNLABELLED
from markexpr.files import atomic
from markexpr.jobs import InputError, log
from markexpr.objectives import objective_for

WORST = -1e30  # score of an epoch whose predictions are all the same, still better than none
EVALUATION_BATCH = 512  # samples at once where no gradient is kept


class CrossEntropy:
    """Two classes: logits [batch, 2] against labels 0 and 1; predicts the probability of class 1."""

    monitors = {"auc": metrics.auc}

    @staticmethod
    def loss(logits, target):
        return functional.cross_entropy(logits, target.long())

    @staticmethod
    def predict(logits):
        return torch.softmax(logits.double(), dim=1)[:, 1]


class BinaryCrossEntropy:
    """Two classes: one logit a sample [batch] against labels 0 and 1; predicts the probability of class 1."""

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


# each fits one kind of target (markexpr.studies.TARGET_OF_LOSS)
LOSSES = {"cross_entropy": CrossEntropy, "binary_cross_entropy": BinaryCrossEntropy, "mean_squared_error": MeanSquaredError}

OPTIMISERS = {
    "sgd": lambda parameters, learning_rate, **rest: torch.optim.SGD(parameters, lr=learning_rate, **rest),
    "adam": lambda parameters, learning_rate, **rest: torch.optim.Adam(parameters, lr=learning_rate, **rest),
}


@dataclass
class Progress:
    """How far a fit has come: all that it takes to go on, besides model and optimiser."""

    epoch: int = 0
    best_epoch: int = 0
    best_score: float = -np.inf  # larger is better; the negative of a monitored loss
    best_state: dict = field(default_factory=dict)
    history: list = field(default_factory=list)


def choose_device(gpus):
    """The first GPU if the job was given one (`gpus` > 0) and torch sees it, else the CPU."""
    if gpus and torch.cuda.is_available():
        # the same bits on every run, at some cost in speed; cuBLAS asks for the variable
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        return torch.device("cuda")
    if gpus:
        log.warning("the job was given a GPU but torch sees none: training on the CPU")
    return torch.device("cpu")


def seed_epoch(seed, epoch):
    """Seed all of torch's random numbers for one epoch."""
    torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]))


@torch.no_grad()
def outputs(model, inputs, index=None):
    """What a model says, without training, to `inputs` (by name, first axis samples), in batches; of the samples `index` only."""
    model.eval()
    index = torch.arange(len(next(iter(inputs.values()))), device=next(iter(inputs.values())).device) if index is None else index
    return torch.cat([model(**{name: values[batch] for name, values in inputs.items()}) for batch in index.split(EVALUATION_BATCH)])


class Trainer:
    """Fits one model to one set of samples.

    model: torch module, called with the samples' inputs by name
    samples: markexpr.data.Samples; settings: the `training` block of a study's model
    seed: of the order of samples and of dropout; checkpoint: file to resume from and to write after every epoch
    fingerprint: names data, settings and code; a checkpoint with another one is not resumed
    """

    def __init__(self, model, samples, settings, seed, device, checkpoint=None, fingerprint=""):
        self.device, self.samples, self.settings, self.seed = device, samples, settings, seed
        self.model = model.to(device)
        self.task = LOSSES[settings["loss"]]
        optimiser = dict(settings["optimiser"])
        name = optimiser.pop("name")
        if name != "sgd":
            optimiser.pop("momentum", None)
        self.optimiser = OPTIMISERS[name](self.model.parameters(), **optimiser)
        self.inputs = {name: torch.from_numpy(array).to(device) for name, array in samples.inputs.items()}
        self.target = torch.from_numpy(samples.target).to(device)
        self.index = {split: torch.from_numpy(samples.index(split)).to(device) for split in ("train", "valid", UNLABELLED)}
        for split in ("train", "valid"):
            if not len(self.index[split]):
                raise InputError(
                    f"{samples.cell[0]} has no {split} gene: the study's data.split does not fit the genes of this source "
                    "(for published files, set data.split to {scheme: source} by config key 'overrides')"
                )
        self.auxiliary = {name: torch.from_numpy(values).to(device) for name, values in samples.auxiliary.items()}
        self.objective = objective_for(self, settings)
        if settings.get("start_at_mean"):
            if not hasattr(self.model, "start_at"):
                raise InputError("training.start_at_mean: this architecture cannot start at a mean; set it to false")
            train = self.index["train"]
            self.model.start_at({name: values[train].mean().item() for name, values in {**self.auxiliary, "target": self.target}.items()})
        self.checkpoint = Path(checkpoint) if checkpoint else None
        self.fingerprint = fingerprint
        self.progress = Progress()

    def fit(self):
        """Train to the last epoch or until early stopping, and leave the model at its best epoch.

        Returns the history, a list of dicts with epoch, train_loss, valid_loss and the monitored metric.
        Raises InputError if the loss is no longer finite or the monitored metric is undefined on the validation genes.
        """
        self._resume()
        stopping = self.settings["early_stopping"]
        epochs = range(self.progress.epoch + 1, self.settings["epochs"] + 1)
        bar = tqdm(epochs, desc="epochs", unit="epoch", leave=False, disable=not sys.stderr.isatty())
        for epoch in bar:
            if self._patience_is_over(stopping):
                break
            row = {"epoch": epoch, **self._train_epoch(epoch), **self._validate(stopping["monitor"])}
            self._note(row, stopping["monitor"])
            self._save()
            log.info("epoch %d: %s", epoch, ", ".join(f"{name} {value:.4f}" for name, value in row.items() if name != "epoch"))
            bar.set_postfix({name: f"{value:.3f}" for name, value in row.items() if name != "epoch"})
        self.model.load_state_dict(self.progress.best_state)
        log.info("best epoch %d of %d", self.progress.best_epoch, self.progress.epoch)
        return self.progress.history

    def predict(self):
        """Predictions of all samples, float64 [samples]."""
        return self.task.predict(outputs(self.model, self.inputs)).cpu().numpy()

    def forget(self):
        """Remove the checkpoint: the fit's outputs are written."""
        if self.checkpoint:
            self.checkpoint.unlink(missing_ok=True)

    def shuffled(self, split, n):
        """Positions of n samples of a split in random order; if it has fewer, all of them as often as needed."""
        index = self.index[split]
        rounds = [index[torch.randperm(len(index)).to(self.device)] for _ in range(-(-n // len(index)))]
        return torch.cat(rounds)[:n]

    def batch(self, index):
        """The inputs of the samples at `index`, by name."""
        return {name: values[index] for name, values in self.inputs.items()}

    def _train_epoch(self, epoch):
        """Train one epoch. Returns the mean of each loss of the objective over samples, and what else it has to tell."""
        seed_epoch(self.seed, epoch)
        self.model.train()
        n, size = len(self.index["train"]), self.settings["batch_size"]
        batches = self.shuffled("train", n).split(size)
        self.objective.start_epoch(n, size)
        totals = {}
        for number, batch in enumerate(batches):
            self.optimiser.zero_grad(set_to_none=True)
            losses = self.objective.losses(number, batch, (epoch - 1 + number / len(batches)) / self.settings["epochs"])
            sum(losses.values()).backward()
            if "clip_norm" in self.settings:
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings["clip_norm"])
            self.optimiser.step()
            for name, loss in losses.items():
                totals[name] = totals.get(name, 0) + loss.detach().double() * len(batch)
        means = {name: total.item() / n for name, total in totals.items()}
        if not np.isfinite(sum(means.values())):
            raise InputError(f"the training loss is no longer finite in epoch {epoch}: lower `learning_rate` or choose another `normalise`")
        return {**means, **self.objective.describe(epoch / self.settings["epochs"])}

    def _validate(self, monitor):
        values, target = outputs(self.model, self.inputs, self.index["valid"]), self.target[self.index["valid"]]
        scores = {"valid_loss": self.task.loss(values, target).item()}
        if not np.isfinite(scores["valid_loss"]):
            raise InputError("the validation loss is not finite: lower `learning_rate` or choose another `normalise`")
        if monitor in self.task.monitors:
            value = self.task.monitors[monitor](target.cpu().numpy(), self.task.predict(values).cpu().numpy())
            # undefined for all predictions, or for those of a net that says the same of every gene: the latter may pass
            if np.isnan(value) and len(torch.unique(target)) < 2:
                raise InputError(f"{monitor} is undefined on the {len(target)} validation genes; set early_stopping.monitor: loss, or another split")
            scores[f"valid_{monitor}"] = value
        return scores

    def _note(self, row, monitor):
        progress = self.progress
        progress.epoch = row["epoch"]
        progress.history.append(row)
        # without a monitor the last epoch is the best
        score = {"loss": -row["valid_loss"], "none": float(row["epoch"])}.get(monitor, row.get(f"valid_{monitor}"))
        score = WORST if np.isnan(score) else score
        if score > progress.best_score:
            progress.best_score, progress.best_epoch = score, row["epoch"]
            progress.best_state = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}

    def _patience_is_over(self, stopping):
        return 0 < stopping["patience"] <= self.progress.epoch - self.progress.best_epoch

    def _save(self):
        if not self.checkpoint:
            return
        content = {"fingerprint": self.fingerprint, "model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}
        with atomic(self.checkpoint) as temporary:
            torch.save({**content, **vars(self.progress)}, temporary)

    def _resume(self):
        if not self.checkpoint or not self.checkpoint.exists():
            return
        try:
            # weights_only: nothing in the file is unpickled as code
            saved = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        except Exception as error:
            log.warning("%s cannot be read (%s): starting anew", self.checkpoint, type(error).__name__)
            return
        if saved.pop("fingerprint") != self.fingerprint:
            log.info("%s is of other data, settings or code: starting anew", self.checkpoint)
            return
        self.model.load_state_dict(saved.pop("model"))
        self.optimiser.load_state_dict(saved.pop("optimiser"))
        self.progress = Progress(**copy.deepcopy(saved))
        self.progress.best_state = {name: value.cpu() for name, value in self.progress.best_state.items()}
        log.info("going on after epoch %d from %s", self.progress.epoch, self.checkpoint)
