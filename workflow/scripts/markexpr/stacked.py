"""Many models of one architecture trained at once, one a unit, by the loop of markexpr.training.

A GPU waits for the launch of each small layer of a small net; here one launch serves the nets of
all units, whose weights are stacked along a first axis [units, …] (torch.func). Each model sees the
same genes in the same order, draws the same dropout and takes the same steps as if it
were trained alone: the loss is the sum of losses that share no weight, and optimisers work weight
by weight.
"""

import torch
from torch.func import functional_call, stack_module_state, vmap

from markexpr.io.jobs import InputError
from markexpr.optimisers import make_optimiser
from markexpr.training import (
    EVALUATION_BATCH,
    Trainer,
    check_finite,
    check_splits,
    cut,
    seed_of,
    validation_scores,
)

# blocks of `training` whose losses are not computed here
ALONE = ("domain", "auxiliary", "contrastive", "start_at_mean")


class StackedTrainer(Trainer):
    """Fits one model a unit to the unit's samples.

    models: list of torch modules of one architecture; samples: list of
    markexpr.data.samples.Samples, as many genes in each split of each (InputError if not); units:
    their names. The rest as for markexpr.training.Trainer.
    """

    def __init__(
        self, models, samples, settings, seed, device, checkpoint=None, fingerprint="", units=()
    ):
        alone = [name for name in ALONE if settings.get(name)]
        if alone:
            raise InputError(
                f"train_together: models with training.{alone[0]} are trained one by one; "
                "set train_together: false"
            )
        for own in samples:
            check_splits(own)
            for split in ("train", "valid"):
                sizes = [
                    len(samples[0].index(split)),
                    len(own.index(split)),
                    len(samples[0].split),
                    len(own.split),
                ]
                if sizes[0] != sizes[1] or sizes[2] != sizes[3]:
                    raise InputError(
                        "train_together needs as many genes in every cell: "
                        f"{samples[0].cell[0]} has {sizes[2]} ({sizes[0]} {split}), "
                        f"{own.cell[0]} has {sizes[3]} ({sizes[1]} {split}); set "
                        "train_together: false"
                    )
        self.units = list(units) or [""] * len(models)
        self._keep(len(models), settings, seed, device, checkpoint, fingerprint)
        # called with the weights of each in turn; has none of its own
        self.model = models[0].to(device)
        stacked = stack_module_state([model.to(device) for model in models])
        self.parameters, self.buffers = stacked
        self.optimiser = make_optimiser(settings, list(self.parameters.values()))
        self.inputs = {
            name: torch.stack([torch.from_numpy(own.inputs[name]) for own in samples]).to(device)
            for name in samples[0].inputs
        }
        self.target = torch.stack([torch.from_numpy(own.target) for own in samples]).to(device)
        self.index = {
            split: torch.stack([torch.from_numpy(own.index(split)) for own in samples]).to(device)
            for split in ("train", "valid")
        }
        self.unit_index = torch.arange(len(models), device=device)[:, None]

    def fit(self):
        """Train all. Returns the history of each, as markexpr.training.Trainer.fit; `fits` has the
        best weights."""
        self.run()
        for place, fit in enumerate(self.fits):
            self._set_weights(place, fit.best_state)
        return [fit.history for fit in self.fits]

    @torch.no_grad()
    def predict(self):
        """Predictions of all samples of each unit, list of float64 [samples]."""
        everything = torch.arange(self.target.shape[1], device=self.device).expand(
            len(self.fits), -1
        )
        return [self.task.predict(values).cpu().numpy() for values in self._outputs(everything)]

    def _call(self, parameters, buffers, inputs):
        return functional_call(self.model, (parameters, buffers), (), inputs)

    def _gather(self, index):
        """The inputs of each unit's samples at `index` [units, n], first axes [units, n]."""
        return {name: values[self.unit_index, index] for name, values in self.inputs.items()}

    @torch.no_grad()
    def _outputs(self, index):
        self.model.eval()
        call = vmap(self._call)
        # what is held at once is that of a few models alone, however many there are
        size = max(1, 8 * EVALUATION_BATCH // len(self.fits))
        return torch.cat(
            [
                call(self.parameters, self.buffers, self._gather(batch))
                for batch in index.split(size, dim=1)
            ],
            dim=1,
        )

    def _order(self, epoch):
        """The order of each unit's training samples, int64 [units, samples], as
        markexpr.training.Trainer.shuffled draws it."""
        torch.manual_seed(seed_of(self.seed, epoch))
        n = self.index["train"].shape[1]
        if not self.settings.get("seed_by_unit"):
            drawn = torch.randperm(n).expand(len(self.fits), -1)
        else:
            own = [
                torch.Generator().manual_seed(seed_of(self.seed, epoch, unit))
                for unit in self.units
            ]
            drawn = torch.stack([torch.randperm(n, generator=generator) for generator in own])
        return self.index["train"].gather(1, drawn.to(self.device))

    def _loss(self, parameters, buffers, inputs, target):
        return self.task.loss(self._call(parameters, buffers, inputs), target)

    def _train_epoch(self, epoch):
        batches = cut(self._order(epoch), self.settings["batch_size"], self.model)
        self.model.train()
        # same: dropout is that of a model trained alone
        losses_of = vmap(self._loss, randomness="same")
        steps, sizes = [], []
        for batch in batches:
            self.optimiser.zero_grad(set_to_none=True)
            losses = losses_of(
                self.parameters,
                self.buffers,
                self._gather(batch),
                self.target[self.unit_index, batch],
            )
            losses.sum().backward()
            if "clip_norm" in self.settings:
                self._clip(self.settings["clip_norm"])
            self.optimiser.step()
            steps.append(losses.detach())
            sizes.append(batch.shape[1])
        steps, sizes = torch.stack(steps), torch.tensor(sizes, device=self.device)
        means = ((steps.double() * sizes[:, None]).sum(dim=0) / sizes.sum()).cpu().numpy()
        for fit, unit, mean, losses in zip(self.fits, self.units, means, steps.cpu().numpy().T):
            # those that were stopped early are carried along, and nothing of them is kept
            if not fit.is_over(self.settings["early_stopping"]):
                check_finite(mean, f"training loss of epoch {epoch} ({unit})")
                fit.note_steps(epoch, losses)
        return [{"train_loss": mean} for mean in means.tolist()]

    def _clip(self, largest):
        """Scale the gradient of each model down to a norm of `largest`."""
        norm = sum(
            value.grad.flatten(1).square().sum(dim=1) for value in self.parameters.values()
        ).sqrt()
        factor = torch.clamp(largest / (norm + 1e-6), max=1.0)  # as torch.nn.utils.clip_grad_norm_
        for value in self.parameters.values():
            value.grad.mul_(factor.reshape(-1, *[1] * (value.dim() - 1)))

    def _validate(self, monitor):
        values, rows = self._outputs(self.index["valid"]), []
        for place, (fit, unit) in enumerate(zip(self.fits, self.units)):
            if fit.is_over(self.settings["early_stopping"]):
                rows.append(
                    {
                        name: value
                        for name, value in fit.history[-1].items()
                        if name.startswith("valid_")
                    }
                )
                continue
            try:
                rows.append(
                    validation_scores(
                        self.task,
                        monitor,
                        values[place],
                        self.target[place, self.index["valid"][place]],
                    )
                )
            except InputError as error:
                raise InputError(f"{unit}: {error}") from error
        return rows

    def _weights(self, place):
        stacked = self.parameters | self.buffers
        return {
            name: stacked[name][place].detach().cpu().clone() for name in self.model.state_dict()
        }

    @torch.no_grad()
    def _set_weights(self, place, state):
        stacked = self.parameters | self.buffers
        for name, value in state.items():
            stacked[name][place] = value.to(self.device)

    def _state(self):
        return {name: value.detach() for name, value in (self.parameters | self.buffers).items()}

    @torch.no_grad()
    def _load_state(self, state):
        for name, value in (self.parameters | self.buffers).items():
            value.copy_(state[name])
