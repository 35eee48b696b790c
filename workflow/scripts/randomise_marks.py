"""What a trained net predicts for its test genes if their marks are those of other genes."""

import torch

from markexpr.data.samples import load
from markexpr.io.files import write_npz
from markexpr.io.jobs import run_job
from markexpr.models import load_model, predict
from markexpr.randomising import randomise


def main(job):
    torch.set_num_threads(job.threads)
    model, params = load_model(job.input.params, job.input.weights)
    samples = load(job.params.samples, job.input)
    arrays = randomise(samples, lambda some: predict(model, params, some), dict(job.params.setting))
    write_npz(job.output[0], **arrays)


if __name__ == "__main__":
    run_job(main, snakemake)
