"""One fit of a net: one model on one unit with one seed."""

import pandas as pd
import torch
from safetensors.torch import save

from markexpr import own_model
from markexpr.compiler import leave_out_compiler
from markexpr.data.permuting import load_to_fit
from markexpr.devices import choose_device, keep_freed_memory
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import describe, fingerprint, tabulate, write_run
from markexpr.models import build_seeded
from markexpr.seen import trained_on
from markexpr.training import Trainer
from markexpr.tuning import Fit, choose


def main(job):
    seed, unit = int(job.wildcards.seed), job.wildcards.unit
    permute, key = job.params.model.get("permute"), f"{unit}:{seed}"
    samples = load_to_fit(job.params.samples, job.input, permute, key)
    torch.set_num_threads(job.threads)
    leave_out_compiler()
    keep_freed_memory()
    device = choose_device(job.resources)
    trainers = []

    def fit(block, number):
        with own_model.unchanged(job.params):
            model = build_seeded(block, samples, seed, unit)
        n_parameters = sum(parameter.numel() for parameter in model.parameters())
        log.info(
            "%s: %d parameters, on %s with %d threads",
            job.wildcards.model,
            n_parameters,
            device,
            job.threads,
        )
        params = describe(
            job,
            samples,
            block,
            {"torch": str(torch.__version__)},
            parameters=n_parameters,
            device=device.type,
        )
        # a candidate that is done has its checkpoint as well: killed, the fit goes on behind it
        suffix = f".{number}" if number else ""
        trainer = Trainer(
            model,
            samples,
            block["training"],
            seed,
            device,
            f"{job.params.checkpoint}{suffix}",
            fingerprint(params, samples),
            unit,
        )
        trainers.append(trainer)
        trainer.fit()
        return Fit(block, trainer.predict(), trainer.progress, params)

    fitted, told = choose(job.params.model, samples, fit)
    progress = fitted.model
    weights = {name: value.contiguous() for name, value in progress.best_state.items()}
    write_run(
        job.output,
        tabulate(samples, fitted.predicted, trained_on(samples, job.params.tissues)),
        history=pd.DataFrame(progress.history),
        steps=pd.DataFrame(progress.steps),
        weights=save(weights),
        params={**fitted.params, **progress.best(), **told},
    )
    for trainer in trainers:
        trainer.remove_checkpoint()


if __name__ == "__main__":
    run_job(main, snakemake)
