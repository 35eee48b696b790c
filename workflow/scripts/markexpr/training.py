"""The one training loop that all models share.

Seeded: two fits with equal samples, settings, seed, device and threads are equal to the bit. Random
numbers of an epoch come from (seed, epoch) alone, so a fit that was killed and resumed is also
equal to one that was not. markexpr.stacked runs the same loop for many models at once.
"""

import copy
import io
import sys
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save
from torch.nn import functional
from tqdm import tqdm

from markexpr.data.splits import UNLABELLED
from markexpr.evaluation import metrics
from markexpr.io.files import atomic, write_tsv
from markexpr.io.jobs import InputError, log
from markexpr.io.runs import write_params, write_predictions
from markexpr.objectives import objective_for
from markexpr.optimisers import make_optimiser

WORST = -1e30  # score of an epoch whose predictions are all the same, still better than none
EVALUATION_BATCH = 512  # samples at once where no gradient is kept
STRETCHES = 5  # parts of an epoch whose training loss is kept


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


# each fits one kind of target (markexpr.studies.TARGET_OF_LOSS)
LOSSES = {
    "cross_entropy": CrossEntropy,
    "binary_cross_entropy": BinaryCrossEntropy,
    "mean_squared_error": MeanSquaredError,
}


@dataclass
class Progress:
    """How far a fit has come: all that it takes to go on, besides model and optimiser."""

    epoch: int = 0
    best_epoch: int = 0
    best_score: float = -np.inf  # larger is better; the negative of a monitored loss
    best_state: dict = field(default_factory=dict)
    history: list = field(default_factory=list)
    steps: list = field(
        default_factory=list
    )  # epoch, step and training loss of each of at most STRETCHES parts of each epoch

    def note(self, row, monitor, state):
        """Add an epoch to the history and keep its weights if it is the best so far. state:
        function that gives them."""
        self.epoch = row["epoch"]
        self.history.append(row)
        # without a monitor the last epoch is the best
        score = {"loss": -row["valid_loss"], "none": float(row["epoch"])}.get(
            monitor, row.get(f"valid_{monitor}")
        )
        score = WORST if np.isnan(score) else score
        if score > self.best_score:
            self.best_score, self.best_epoch, self.best_state = score, row["epoch"], state()

    def note_steps(self, epoch, losses):
        """Add the training loss of each step of an epoch, as means over parts of it. losses: float
        [steps]."""
        for part in np.array_split(np.arange(len(losses)), min(STRETCHES, len(losses))):
            step = (epoch - 1) * len(losses) + int(part[-1]) + 1
            self.steps.append(
                {"epoch": epoch, "step": step, "train_loss": float(np.mean(losses[part]))}
            )

    def is_over(self, stopping):
        """Whether there was no better epoch for as long as early stopping waits."""
        return 0 < stopping["patience"] <= self.epoch - self.best_epoch


def seed_of(*numbers):
    """A seed made of whole numbers and names."""
    entropy = [
        zlib.crc32(number.encode()) if isinstance(number, str) else number for number in numbers
    ]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def cut(order, size, model):
    """An order of samples, whose last axis is cut into batches. A last batch of one sample joins
    the one before it where a model has batch norms, which cannot take the variance of one."""
    batches = list(order.split(size, dim=-1))
    normed = any(
        isinstance(layer, torch.nn.modules.batchnorm._BatchNorm) for layer in model.modules()
    )
    if normed and len(batches) > 1 and batches[-1].shape[-1] == 1:
        batches[-2:] = [torch.cat(batches[-2:], dim=-1)]
    return batches


def check_finite(loss, when):
    """Raise InputError if a loss is not finite."""
    if not np.isfinite(loss):
        raise InputError(
            f"the {when} is not finite: lower `learning_rate` or choose another `normalise`"
        )


def validation_scores(task, monitor, values, target):
    """Loss of what a model says to the validation genes, and the monitored metric. values, target:
    first axis [genes].

    Raises InputError for a loss that is not finite, or where the metric is undefined whatever a
    model says.
    """
    scores = {"valid_loss": task.loss(values, target).item()}
    check_finite(scores["valid_loss"], "validation loss")
    if monitor in task.monitors:
        value = task.monitors[monitor](target.cpu().numpy(), task.predict(values).cpu().numpy())
        # undefined for all predictions, or for those of a net that says the same of every gene: the
        # latter may pass
        if np.isnan(value) and len(torch.unique(target)) < 2:
            raise InputError(
                f"{monitor} is undefined on the {len(target)} validation genes; set "
                "early_stopping.monitor: loss, or another split"
            )
        scores[f"valid_{monitor}"] = value
    return scores


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


class Inputs:
    """The inputs of samples on a device, from which batches are taken as the keyword arguments of a
    model.

    own: tensors by name, first axis [samples]; by_gene: those that are a gene's own, first axis
    [genes], of which a batch gets each of its genes once, and `gene`, the row in them of each
    sample. reads: which of them the model takes, by name; all if None.
    """

    def __init__(self, samples, device, reads=None):
        def kept(arrays):
            return {
                name: torch.from_numpy(array).to(device)
                for name, array in arrays.items()
                if (reads or {}).get(name, True)
            }

        self.own, self.by_gene = kept(samples.inputs), kept(samples.by_gene)
        self.gene = None if samples.gene is None else torch.from_numpy(samples.gene).to(device)
        self.n, self.device = len(samples.target), device

    def take(self, index):
        """The inputs of the samples at `index` (int64 tensor)."""
        batch = {name: values[index] for name, values in self.own.items()}
        if self.by_gene:
            genes, row = torch.unique(self.gene[index], return_inverse=True)
            batch |= {name: values[genes] for name, values in self.by_gene.items()} | {"gene": row}
        return batch

    def order(self, index):
        """Positions in `index` that put the samples of a gene side by side, so that a batch has few
        genes."""
        return (
            torch.arange(len(index), device=self.device)
            if self.gene is None
            else torch.argsort(self.gene[index], stable=True)
        )


@torch.no_grad()
def outputs(model, inputs, index=None):
    """What a model says, without training, to Inputs, in batches; to the samples `index` only.
    First axis [samples]."""
    model.eval()
    index = torch.arange(inputs.n, device=inputs.device) if index is None else index
    order = inputs.order(index)
    found = torch.cat(
        [model(**inputs.take(batch)) for batch in index[order].split(EVALUATION_BATCH)]
    )
    result = torch.empty_like(found)
    result[order] = found
    return result


class Trainer:
    """Fits one model to one set of samples.

    model: torch module, called with the samples' inputs by name
    samples: markexpr.data.samples.Samples; settings: the `training` block of a study's model
    seed: of the order of samples and of dropout; unit: its name, which with `seed_by_unit` has an
    order of its own
    checkpoint: file to resume from and to write after every epoch
    fingerprint: names data, settings and code; a checkpoint with another one is not resumed
    """

    def __init__(
        self, model, samples, settings, seed, device, checkpoint=None, fingerprint="", unit=""
    ):
        self.unit = unit
        self._keep(1, settings, seed, device, checkpoint, fingerprint)
        self.model = model.to(device)
        self.optimiser = make_optimiser(settings, self.model.parameters())
        self.inputs = Inputs(samples, device, getattr(model, "reads", None))
        self.stage = None
        self.target = torch.from_numpy(samples.target).to(device)
        self.index = {
            split: torch.from_numpy(samples.index(split)).to(device)
            for split in ("train", "valid", UNLABELLED)
        }
        check_splits(samples)
        self.auxiliary = {
            name: torch.from_numpy(values).to(device) for name, values in samples.auxiliary.items()
        }
        self.objective = objective_for(self, settings)
        if settings.get("start_at_mean"):
            if not hasattr(self.model, "start_at"):
                raise InputError(
                    "training.start_at_mean: this architecture cannot start at a mean; set "
                    "it to false"
                )
            train = self.index["train"]
            self.model.start_at(
                {
                    name: values[train].mean().item()
                    for name, values in {**self.auxiliary, "target": self.target}.items()
                }
            )

    def _keep(self, n_fits, settings, seed, device, checkpoint, fingerprint):
        """What all trainers need: settings, seed and device, the task, and the progress of each
        fit."""
        self.device, self.settings, self.seed = device, settings, seed
        self.checkpoint = Path(checkpoint) if checkpoint else None
        self.finished = self.checkpoint and self.checkpoint.with_suffix(".finished")
        self.fingerprint = fingerprint
        self.task = LOSSES[settings["loss"]]
        self.fits = [Progress() for _ in range(n_fits)]

    @property
    def progress(self):
        """Progress of the one fit."""
        return self.fits[0]

    def fit(self):
        """Train to the last epoch or until early stopping, and leave the model at its best epoch.

        Returns the history, a list of dicts with epoch, train_loss, valid_loss and the monitored
        metric. Raises InputError if the loss is no longer finite or the monitored metric is
        undefined on the validation genes.
        """
        self.run()
        self.model.load_state_dict(self.progress.best_state)
        log.info("best epoch %d of %d", self.progress.best_epoch, self.progress.epoch)
        return self.progress.history

    def run(self):
        """Train epoch by epoch until the last, or until all fits were stopped early."""
        self._resume()
        stopping = self.settings["early_stopping"]
        epochs = range(max(fit.epoch for fit in self.fits) + 1, self.settings["epochs"] + 1)
        start, n_genes = time.perf_counter(), 0
        bar = tqdm(
            epochs, desc="epochs", unit="epoch", leave=False, disable=not sys.stderr.isatty()
        )
        for epoch in bar:
            going = [not fit.is_over(stopping) for fit in self.fits]
            if not any(going):
                break
            rows = [
                {"epoch": epoch, **trained, **valid}
                for trained, valid in zip(
                    self._train_epoch(epoch), self._validate(stopping["monitor"])
                )
            ]
            for place, (fit, row) in enumerate(zip(self.fits, rows)):
                if going[place]:
                    fit.note(row, stopping["monitor"], lambda place=place: self._weights(place))
            self._save()
            n_genes += self.index["train"].numel()
            means = {
                name: np.mean([row[name] for row in rows]) for name in rows[0] if name != "epoch"
            }
            log.info(
                "epoch %d: %s",
                epoch,
                ", ".join(f"{name} {value:.4f}" for name, value in means.items()),
            )
            bar.set_postfix({name: f"{value:.3f}" for name, value in means.items()})
        if n_genes:
            log.info("%.0f training genes a second", n_genes / (time.perf_counter() - start))

    def predict(self):
        """Predictions of all samples, float64 [samples]."""
        return self.task.predict(outputs(self.model, self.inputs)).cpu().numpy()

    def forget(self, keep_result=False):
        """Remove the checkpoint: the fit's outputs are written.

        keep_result: the bare result stays in its place. On a cluster fits travel in groups, and
        Snakemake deletes the outputs of all of a group where
        one fails: the group's rerun has the result at once. Snakefile removes it when a run ends
        well.
        """
        if not self.checkpoint:
            return
        if keep_result:
            self._write(self.finished, {})
        else:
            self.finished.unlink(missing_ok=True)
        self.checkpoint.unlink(missing_ok=True)

    def shuffled(self, split, n):
        """Positions of n samples of a split in random order; if it has fewer, all of them as often
        as needed."""
        index = self.index[split]
        rounds = [
            index[torch.randperm(len(index), generator=self.generator).to(self.device)]
            for _ in range(-(-n // len(index)))
        ]
        return torch.cat(rounds)[:n]

    def _seed(self, epoch):
        """Seed torch's random numbers for one epoch, and the order of samples apart from them where
        it is the unit's own."""
        torch.manual_seed(seed_of(self.seed, epoch))
        self.generator = (
            torch.Generator().manual_seed(seed_of(self.seed, epoch, self.unit))
            if self.settings.get("seed_by_unit")
            else None
        )

    def _weights(self, place):
        """The weights of the fit at `place`, on the CPU."""
        return {
            name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()
        }

    def batch(self, index):
        """The inputs of the samples at `index`, by name."""
        return self.inputs.take(index)

    def batches(self):
        """The training samples of one epoch, cut into batches, as the `sampler` of the settings
        draws them."""
        n, size = len(self.index["train"]), self.settings["batch_size"]
        if self.settings.get("sampler", "random") == "random":
            return cut(self.shuffled("train", n), size, self.model)
        return cut(self._by_gene(self.settings["cells_per_gene"]), size, self.model)

    def _by_gene(self, cells):
        """Training samples in groups of `cells` of the same gene, a gene's last group smaller;
        which ones, and the order of groups, are random."""
        order = self.shuffled("train", len(self.index["train"]))
        gene = self.inputs.gene[order]
        by_gene = torch.argsort(gene, stable=True)
        gene = gene[by_gene]
        # each sample's place among its gene's, and with it its group
        first = torch.searchsorted(gene, gene)
        group = (torch.arange(len(gene), device=self.device) - first) // cells
        _, group = torch.unique(gene * (group.max() + 1) + group, return_inverse=True)
        key = torch.randperm(int(group.max()) + 1, generator=self.generator).to(self.device)[group]
        return order[by_gene[torch.argsort(key, stable=True)]]

    def _enter_stage(self, epoch):
        """Freeze the parts of the model that do not train in an epoch's stage, and start a new
        optimiser with each stage."""
        ends, stages = 0, self.settings.get("stages", [])
        for number, stage in enumerate(stages):
            ends += stage["epochs"]
            if epoch <= ends and number != self.stage:
                self.stage, parts = number, self.model.parts()
                unknown = [name for name in stage["parts"] if name not in parts]
                if unknown:
                    raise InputError(
                        f"training.stages: the model has no part {unknown[0]!r}; it has "
                        f"{', '.join(sorted(parts))}"
                    )
                # what is frozen has no gradient left to count
                self.model.zero_grad(set_to_none=True)
                for name, modules in parts.items():
                    for module in modules:
                        module.requires_grad_(name in stage["parts"])
                self.optimiser = make_optimiser(
                    self.settings,
                    [value for value in self.model.parameters() if value.requires_grad],
                )
                log.info("from epoch %d on %s trains", epoch, " and ".join(stage["parts"]))
            if epoch <= ends:
                return

    def _train_epoch(self, epoch):
        """Train one epoch. Returns for each fit the mean of each loss of the objective over
        samples, and what else it has to tell."""
        self._enter_stage(epoch)
        self._seed(epoch)
        self.model.train()
        n, batches = len(self.index["train"]), self.batches()
        self.objective.start_epoch(n, self.settings["batch_size"])
        totals, steps = {}, []
        for number, batch in enumerate(batches):
            self.optimiser.zero_grad(set_to_none=True)
            losses = self.objective.losses(
                number, batch, (epoch - 1 + number / len(batches)) / self.settings["epochs"]
            )
            sum(losses.values()).backward()
            if "clip_norm" in self.settings:
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings["clip_norm"])
            self.optimiser.step()
            for name, loss in losses.items():
                totals[name] = totals.get(name, 0) + loss.detach().double() * len(batch)
            steps.append(losses["train_loss"].detach())
        means = {name: total.item() / n for name, total in totals.items()}
        check_finite(sum(means.values()), f"training loss of epoch {epoch}")
        self.progress.note_steps(epoch, torch.stack(steps).cpu().numpy())
        return [{**means, **self.objective.describe(epoch / self.settings["epochs"])}]

    def _validate(self, monitor):
        """Scores of the validation genes, for each fit."""
        values = outputs(self.model, self.inputs, self.index["valid"])
        return [validation_scores(self.task, monitor, values, self.target[self.index["valid"]])]

    def _state(self):
        return self.model.state_dict()

    def _load_state(self, state):
        self.model.load_state_dict(state)

    def _save(self):
        if not self.checkpoint:
            return
        self._write(
            self.checkpoint, {"model": self._state(), "optimiser": self.optimiser.state_dict()}
        )

    def _write(self, path, states):
        # by way of memory: on a full disk torch's own writer says something else
        content = io.BytesIO()
        torch.save(
            {"fingerprint": self.fingerprint, **states, "fits": [vars(fit) for fit in self.fits]},
            content,
        )
        with atomic(path) as temporary:
            temporary.write_bytes(content.getbuffer())

    def _read(self, path):
        """What a checkpoint holds; None for one that is not there, cannot be read, or is of another
        fit."""
        if not path or not path.exists():
            return None
        try:
            # weights_only: nothing in the file is unpickled as code
            saved = torch.load(path, map_location=self.device, weights_only=True)
        except Exception as error:
            log.warning("%s cannot be read (%s): not going on from it", path, type(error).__name__)
            return None
        if saved.pop("fingerprint") != self.fingerprint:
            log.info("%s is of other data, settings or code: not going on from it", path)
            return None
        return saved

    def _resume(self):
        path, saved = next(
            (
                (path, saved)
                for path in (self.finished, self.checkpoint)
                if (saved := self._read(path))
            ),
            (None, None),
        )
        if saved is None:
            return
        if path == self.checkpoint:
            self._load_state(saved["model"])
            self._enter_stage(max(fit["epoch"] for fit in saved["fits"]))
            self.optimiser.load_state_dict(saved["optimiser"])
        self.fits = [Progress(**copy.deepcopy(fit)) for fit in saved["fits"]]
        for fit in self.fits:
            fit.best_state = {name: value.cpu() for name, value in fit.best_state.items()}
        log.info("going on after epoch %d from %s", max(fit.epoch for fit in self.fits), path)


def write_net(files, samples, params, progress, predicted):
    """Write the outputs of one fit of a net.

    files: paths by name (predictions, history, steps, weights, params); progress:
    markexpr.training.Progress; predicted: float [samples].
    """
    best = progress.history[progress.best_epoch - 1]
    params = {
        **params,
        "best_epoch": progress.best_epoch,
        "best": {name: value for name, value in best.items() if name != "epoch"},
    }
    write_predictions(
        files["predictions"],
        samples.gene_id,
        samples.cell,
        samples.split,
        samples.target,
        predicted,
    )
    write_tsv(files["history"], pd.DataFrame(progress.history))
    write_tsv(files["steps"], pd.DataFrame(progress.steps), float_format="%.6g")
    with atomic(files["weights"]) as temporary:
        temporary.write_bytes(
            save({name: value.contiguous() for name, value in progress.best_state.items()})
        )
    write_params(files["params"], params)
