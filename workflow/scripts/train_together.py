"""The fits of one model on all of a study's cells with one seed, at once."""

import torch

from markexpr.data.samples import load_cell
from markexpr.devices import choose_device
from markexpr.io.jobs import log, run_job
from markexpr.io.runs import describe, fingerprint
from markexpr.models import build_seeded
from markexpr.stacked import StackedTrainer
from markexpr.training import write_net


def main(job):
    block, seed = job.params.model, int(job.wildcards.seed)
    samples = [load_cell(path) for path in job.input]
    units = [str(own.cell[0]) for own in samples]
    torch.set_num_threads(job.threads)
    device = choose_device(job.resources)
    models = [build_seeded(block, own, seed, unit) for own, unit in zip(samples, units)]
    n_parameters = sum(parameter.numel() for parameter in models[0].parameters())
    log.info(
        "%s: %d cells of %d parameters each, on %s with %d threads",
        job.params.names["model"],
        len(units),
        n_parameters,
        device,
        job.threads,
    )
    versions = {"torch": str(torch.__version__)}
    params = [
        describe(
            job,
            {**job.params.names, "unit": unit},
            own,
            versions,
            parameters=n_parameters,
            device=device.type,
            together=len(units),
        )
        for own, unit in zip(samples, units)
    ]
    trainer = StackedTrainer(
        models,
        samples,
        block["training"],
        seed,
        device,
        job.params.checkpoint,
        fingerprint(params, *samples),
        units,
    )
    trainer.fit()
    for place, (own, described, progress, predicted) in enumerate(
        zip(samples, params, trainer.fits, trainer.predict())
    ):
        write_net(
            {name: paths[place] for name, paths in job.output.items()},
            own,
            described,
            progress,
            predicted,
        )
    trainer.forget()


if __name__ == "__main__":
    run_job(main, snakemake)
