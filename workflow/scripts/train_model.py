"""One fit of a net: one model on one unit with one seed."""

import pandas as pd
import torch
from safetensors.torch import save

from markexpr import own_model
from markexpr.compiler import leave_out_compiler
from markexpr.data.samples import load
from markexpr.devices import choose_device, keep_freed_memory
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import describe, fingerprint, tabulate, write_run
from markexpr.models import build_seeded
from markexpr.training import Trainer


def main(job):
    block, seed, unit = job.params.model, int(job.wildcards.seed), job.wildcards.unit
    samples = load(job.params.samples, job.input)
    torch.set_num_threads(job.threads)
    leave_out_compiler()
    keep_freed_memory()
    device = choose_device(job.resources)
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
        {"torch": str(torch.__version__)},
        parameters=n_parameters,
        device=device.type,
    )
    trainer = Trainer(
        model,
        samples,
        block["training"],
        seed,
        device,
        job.params.checkpoint,
        fingerprint(params, samples),
        unit,
    )
    trainer.fit()
    progress = trainer.progress
    weights = {name: value.contiguous() for name, value in progress.best_state.items()}
    write_run(
        job.output,
        tabulate(samples, trainer.predict()),
        history=pd.DataFrame(progress.history),
        steps=pd.DataFrame(progress.steps),
        weights=save(weights),
        params={**params, **progress.best()},
    )
    trainer.remove_checkpoint()


if __name__ == "__main__":
    run_job(main, snakemake)
