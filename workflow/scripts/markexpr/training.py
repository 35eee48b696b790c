"""The one training loop that all nets share.

Seeded: two fits with equal samples, settings, seed, device and threads are equal to the bit. Random
numbers of an epoch come from (seed, epoch) alone, so a fit that was killed and resumed is also
equal to one that was not.
"""

import copy
import io
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from markexpr.data.batches import Batch, Inputs, cut, group_by_gene, make_seed, shuffle
from markexpr.data.splits import UNLABELLED
from markexpr.io.files import atomic
from markexpr.io.jobs import InputError, log
from markexpr.losses import LOSSES, check_losses

WORST = -1e30  # score of an epoch whose predictions are all the same, still better than none
STRETCHES = 5  # parts of an epoch whose training loss is kept
OPTIMISERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


class Trainer:
    """Fits one net to one set of samples.

    model: markexpr.models.net.Net; samples: markexpr.data.samples.Samples
    settings: the `training` block of a study's model
    seed: of the order of samples and of dropout; unit: its name, which with `seed_by_unit` has an
    order of its own
    checkpoint: file to resume from and to write after every epoch
    fingerprint: names data, settings and code; a checkpoint with another one is not resumed

    Raises InputError for samples or settings that do not fit the net.
    """

    def __init__(
        self, model, samples, settings, seed, device, checkpoint=None, fingerprint="", unit=""
    ):
        check_splits(samples)
        check_stages(settings, model)
        check_losses(settings, model, samples)
        self.model = model.to(device)
        self.settings, self.seed, self.unit, self.device = settings, seed, unit, device
        self.checkpoint = Path(checkpoint) if checkpoint else None
        self.fingerprint = fingerprint
        self.main_loss = LOSSES[settings["loss"]]
        self.stage, self.optimiser = None, make_optimiser(settings, self.model.parameters())
        self.progress = Progress()

        self.inputs = Inputs(samples, device, model.reads)
        self.target = torch.from_numpy(samples.target).to(device)
        self.targets = {
            name: torch.from_numpy(values).to(device) for name, values in samples.auxiliary.items()
        }
        self.index = {
            split: torch.from_numpy(samples.index(split)).to(device)
            for split in ("train", "valid", UNLABELLED)
        }
        if settings.get("start_at_mean"):
            train = self.index["train"]
            self.model.start_at(
                {
                    name: values[train].mean().item()
                    for name, values in {**self.targets, "target": self.target}.items()
                }
            )

    def fit(self):
        """Train to the last epoch or until early stopping, and leave the net at its best epoch.

        Returns the history, a list of dicts with epoch, train_loss, valid_loss and the monitored
        metric. Raises InputError if the loss is no longer finite or the monitored metric is
        undefined on the validation genes.
        """
        self._resume()
        stopping, progress = self.settings["early_stopping"], self.progress
        start, n_genes = time.perf_counter(), 0
        epochs = range(progress.epoch + 1, self.settings["epochs"] + 1)
        bar = tqdm(
            epochs, desc="epochs", unit="epoch", leave=False, disable=not sys.stderr.isatty()
        )
        for epoch in bar:
            if progress.is_over(stopping["patience"]):
                break
            row = {"epoch": epoch, **self.train_epoch(epoch), **self.validate()}
            progress.add(row, score(row, stopping["monitor"]), self.model)
            self._save()
            n_genes += len(self.index["train"])
            told = {name: value for name, value in row.items() if name != "epoch"}
            log.info("epoch %d: %s", epoch, ", ".join(f"{name} {told[name]:.4f}" for name in told))
            bar.set_postfix({name: f"{value:.3f}" for name, value in told.items()})
        if n_genes:
            log.info("%.0f training genes a second", n_genes / (time.perf_counter() - start))
        self.model.load_state_dict(progress.best_state)
        log.info("best epoch %d of %d", progress.best_epoch, progress.epoch)
        return progress.history

    def train_epoch(self, epoch):
        """Train one epoch. Returns the mean of each loss over samples, by name, and what else the
        net has to tell."""
        self._enter_stage(epoch)
        batches = self.draw_batches(epoch)
        self.model.train()
        totals, steps = {}, []
        for number, (index, companions) in enumerate(batches):
            done = (epoch - 1 + number / len(batches)) / self.settings["epochs"]
            losses = self.step(self.batch(index, companions), done)
            for name, loss in losses.items():
                totals[name] = totals.get(name, 0) + loss.double() * len(index)
            steps.append(losses["train_loss"])
        n = len(self.index["train"])
        means = {name: total.item() / n for name, total in totals.items()}
        check_finite(sum(means.values()), f"training loss of epoch {epoch}")
        self.progress.add_steps(epoch, torch.stack(steps).cpu().numpy())
        done = epoch / self.settings["epochs"]
        return {**means, **self.model.progress_columns(self.settings, done)}

    def draw_batches(self, epoch):
        """Draw the batches of an epoch: a list of the training samples of each, and of as many
        unlabelled ones where the net learns from them, else None. Seeds all that follows."""
        torch.manual_seed(make_seed(self.seed, epoch))
        generator = None
        if self.settings.get("seed_by_unit"):
            generator = torch.Generator().manual_seed(make_seed(self.seed, epoch, self.unit))
        n, size = len(self.index["train"]), self.settings["batch_size"]
        order = shuffle(self.index["train"], n, generator)
        if self.settings.get("sampler", "random") == "by_gene":
            cells = self.settings["cells_per_gene"]
            order = group_by_gene(order, self.inputs.gene[order], cells, generator)
        batches = cut(order, size, self.model)
        if "domain" not in self.settings:
            return [(batch, None) for batch in batches]
        # companions are drawn after the samples; of a batch that was joined, the last stay away
        companions = shuffle(self.index[UNLABELLED], n, generator).split(size)
        return list(zip(batches, companions))

    def batch(self, index, companions=None):
        """The training samples at `index`, and the unlabelled ones at `companions`, as a Batch."""
        return Batch(
            inputs=self.inputs.take(index),
            target=self.target[index],
            targets={name: values[index] for name, values in self.targets.items()},
            unlabelled=None if companions is None else self.inputs.take(companions),
        )

    def step(self, batch, done):
        """One step of the optimiser. Returns the losses of the batch by name, without their
        gradients."""
        self.optimiser.zero_grad(set_to_none=True)
        losses = self.model.losses(batch, self.main_loss, self.settings, done)
        sum(losses.values()).backward()
        if "clip_norm" in self.settings:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings["clip_norm"])
        self.optimiser.step()
        return {name: loss.detach() for name, loss in losses.items()}

    def validate(self):
        """Loss on the validation genes, and the monitored metric, by name."""
        valid, monitor = self.index["valid"], self.settings["early_stopping"]["monitor"]
        values = self.model.outputs(self.inputs, valid)
        return validation_scores(self.main_loss, monitor, values, self.target[valid])

    def predict(self):
        """Predictions of all samples, float64 [samples]."""
        return self.main_loss.predict(self.model.outputs(self.inputs)).cpu().numpy()

    def _enter_stage(self, epoch):
        """Freeze the parts of the net that do not train in an epoch's stage, and start a new
        optimiser with each stage."""
        ends, stages = 0, self.settings.get("stages", [])
        for number, stage in enumerate(stages):
            ends += stage["epochs"]
            if epoch <= ends and number != self.stage:
                self.stage = number
                self.model.train_only(stage["parts"])
                self.optimiser = make_optimiser(
                    self.settings,
                    [value for value in self.model.parameters() if value.requires_grad],
                )
                log.info("from epoch %d on %s trains", epoch, " and ".join(stage["parts"]))
            if epoch <= ends:
                return

    # ---- checkpoints ----

    def _save(self):
        if not self.checkpoint:
            return
        # by way of memory: on a full disk torch's own writer says something else
        content = io.BytesIO()
        torch.save(
            {
                "fingerprint": self.fingerprint,
                "model": self.model.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "progress": vars(self.progress),
            },
            content,
        )
        with atomic(self.checkpoint) as temporary:
            temporary.write_bytes(content.getbuffer())

    def _read_checkpoint(self):
        """What the checkpoint holds; None if it is not there, cannot be read, or is of another
        fit."""
        path = self.checkpoint
        if not path or not path.exists():
            return None
        try:
            # weights_only: nothing in the file is unpickled as code
            saved = torch.load(path, map_location=self.device, weights_only=True)
        except Exception as error:
            log.warning("%s cannot be read (%s): not going on from it", path, type(error).__name__)
            return None
        if saved["fingerprint"] != self.fingerprint:
            log.info("%s is of other data, settings or code: not going on from it", path)
            return None
        return saved

    def _resume(self):
        saved = self._read_checkpoint()
        if saved is None:
            return
        self.model.load_state_dict(saved["model"])
        self._enter_stage(saved["progress"]["epoch"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.progress = Progress(**copy.deepcopy(saved["progress"]))
        self.progress.best_state = {
            name: value.cpu() for name, value in self.progress.best_state.items()
        }
        log.info("going on after epoch %d from %s", self.progress.epoch, self.checkpoint)

    def remove_checkpoint(self):
        """Remove the checkpoint: the fit's outputs are written."""
        if self.checkpoint:
            self.checkpoint.unlink(missing_ok=True)


@dataclass
class Progress:
    """How far a fit has come: all that it takes to go on, besides net and optimiser.

    steps: epoch, step and training loss of each of at most STRETCHES parts of each epoch.
    """

    epoch: int = 0
    best_epoch: int = 0
    best_score: float = -np.inf  # larger is better
    best_state: dict = field(default_factory=dict)
    history: list = field(default_factory=list)
    steps: list = field(default_factory=list)

    def add(self, row, score, model):
        """Add an epoch to the history, and keep its weights if it is the best so far."""
        self.epoch = row["epoch"]
        self.history.append(row)
        if score > self.best_score:
            self.best_score, self.best_epoch = score, row["epoch"]
            self.best_state = {
                name: value.detach().cpu().clone() for name, value in model.state_dict().items()
            }

    def add_steps(self, epoch, losses):
        """Add the training loss of each step of an epoch, as means over parts of it. losses: float
        [steps]."""
        for part in np.array_split(np.arange(len(losses)), min(STRETCHES, len(losses))):
            step = (epoch - 1) * len(losses) + int(part[-1]) + 1
            self.steps.append(
                {"epoch": epoch, "step": step, "train_loss": float(np.mean(losses[part]))}
            )

    def is_over(self, patience):
        """Whether there was no better epoch for as long as early stopping waits; 0: it does not
        stop."""
        return 0 < patience <= self.epoch - self.best_epoch

    def best(self):
        """The best epoch and its scores, as params.yaml holds them."""
        row = self.history[self.best_epoch - 1]
        scores = {name: value for name, value in row.items() if name != "epoch"}
        return {"best_epoch": self.best_epoch, "best": scores}


def score(row, monitor):
    """How good an epoch is; larger is better.

    row: of the history; monitor: loss, a metric, or none, where the last epoch is the best.
    """
    if monitor == "none":
        return float(row["epoch"])
    value = -row["valid_loss"] if monitor == "loss" else row[f"valid_{monitor}"]
    return WORST if np.isnan(value) else value


def make_optimiser(settings, parameters):
    """The optimiser of a `training` block."""
    options = dict(settings["optimiser"])
    name, rate = options.pop("name"), options.pop("learning_rate")
    if name != "sgd":
        options.pop("momentum", None)
    if "epsilon" in options:
        options["eps"] = options.pop("epsilon")
    # one call for all parameters: on a CPU that gains with Adam, and loses with plain SGD
    return OPTIMISERS[name](parameters, lr=rate, fused=name == "adam", **options)


def validation_scores(main_loss, monitor, values, target):
    """Loss of what a net says of the validation genes, and the monitored metric. values, target:
    first axis [genes].

    Raises InputError for a loss that is not finite, or where the metric is undefined whatever a net
    says.
    """
    scores = {"valid_loss": main_loss.loss(values, target).item()}
    check_finite(scores["valid_loss"], "validation loss")
    if monitor in main_loss.monitors:
        value = main_loss.monitors[monitor](
            target.cpu().numpy(), main_loss.predict(values).cpu().numpy()
        )
        # undefined for all predictions, or for those of a net that says the same of every gene: the
        # latter may pass
        if np.isnan(value) and len(torch.unique(target)) < 2:
            raise InputError(
                f"{monitor} is undefined on the {len(target)} validation genes; set "
                "early_stopping.monitor: loss, or another split"
            )
        scores[f"valid_{monitor}"] = value
    return scores


def check_finite(loss, when):
    """Raise InputError if a loss is not finite."""
    if not np.isfinite(loss):
        raise InputError(
            f"the {when} is not finite: lower `learning_rate` or choose another `normalise`"
        )


def check_splits(samples):
    """Raise InputError if no gene trains, or none validates."""
    for split in ("train", "valid"):
        if not len(samples.index(split)):
            raise InputError(
                f"{samples.cell[0]} has no {split} gene: the study's data.split does not fit "
                "the genes of this source "
                "(for published files, set data.split to {scheme: source} by config key "
                "'overrides')"
            )


def check_stages(settings, model):
    """Raise InputError if a stage trains a part that the net does not have."""
    parts = model.parts()
    for stage in settings.get("stages", []):
        for name in stage["parts"]:
            if name not in parts:
                raise InputError(
                    f"training.stages: the model has no part {name!r}; it has "
                    f"{', '.join(sorted(parts)) or 'none'}"
                )
