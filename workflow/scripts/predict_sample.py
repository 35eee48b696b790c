"""What all nets of a model predict for a sample, or for the change between two."""

import torch

from markexpr.compiler import leave_out_compiler
from markexpr.devices import keep_freed_memory
from markexpr.io.jobs import run_job
from markexpr.models import load_model, predict
from markexpr.predict.ensembles import load_subject, predict_by_all, reading_fit, write_ensemble


def main(job):
    torch.set_num_threads(job.threads)
    leave_out_compiler()
    keep_freed_memory()
    samples = load_subject(job.input)

    def load(place):
        with reading_fit(job.input.weights[place]):
            model, params = load_model(job.input.params[place], job.input.weights[place])
        return params, lambda samples: predict(model, params, samples)

    write_ensemble(job.output[0], samples, *predict_by_all(samples, job.input.params, load))


if __name__ == "__main__":
    run_job(main, snakemake)
