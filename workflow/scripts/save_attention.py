"""What a trained model attends to: its attention over the test genes, mean over highly and over lowly expressed ones."""

import numpy as np
import torch

from markexpr.data import load_cell
from markexpr.files import write_npz
from markexpr.jobs import InputError, log, run_job
from markexpr.models import load_model
from markexpr.training import EVALUATION_BATCH


def main(job):
    torch.set_num_threads(job.threads)
    model, _ = load_model(job.input.params, job.input.weights)
    samples = load_cell(job.input.cell)
    test = samples.index("test")
    arrays = {}
    for level, genes in (("high", test[samples.target[test] == 1]), ("low", test[samples.target[test] == 0])):
        if not genes.size:
            raise InputError(f"{job.input.cell} has no {level} test gene to take the attention of")
        totals = {}
        for start in range(0, len(genes), EVALUATION_BATCH):
            batch = genes[start : start + EVALUATION_BATCH]
            with torch.no_grad():
                parts = model.attend(**{name: torch.from_numpy(values[batch]) for name, values in samples.inputs.items()})
            for name, values in parts.items():
                totals[name] = totals.get(name, 0) + values.double().sum(dim=0).numpy()
        arrays |= {f"{name}_{level}": (total / len(genes)).astype(np.float32) for name, total in totals.items()}
        arrays[f"genes_{level}"] = np.array(len(genes))
    log.info("%s", ", ".join(f"{name} {list(values.shape)}" for name, values in arrays.items()))
    with np.load(job.input.cell) as file:
        write_npz(job.output[0], **arrays, bins=file["bins"], marks=file["marks"])


if __name__ == "__main__":
    run_job(main, snakemake)
