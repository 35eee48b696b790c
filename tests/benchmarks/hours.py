"""Hours of training that each paper costs at full scale on this machine, its fits one by one and
packed onto one device.

    python tests/benchmarks/hours.py [--device cpu|cuda] [--packed 4] [--genes 500] [--studies
    deepdiff,wakawaka]

Measures genes a second of every net as its study trains it, on made-up counts, alone and by
`--packed` processes at once on the same device (their speeds added up; a slow one may end alone, so
that the sum is a little too high). The fits are those of the plan of the full configuration with
one seed; a fit takes all of its epochs here, though most stop earlier. The default studies are
those of the papers without their variants (as deepdiff_tuned, transferchrome_text), which
`--studies` may name. Scoring, baselines and figures are not in it.
"""

import argparse
import multiprocessing
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

import pooled
import torch
import train
from shipped import count_fits, read_studies

# genes (or samples) that train and validate in one fit of the full run
SIZES = {
    "deepchrome": (6599, 6599),  # data.split
    # thirds of the 17,609 that the neighbour rule leaves (docs/studies/transferchrome.md)
    "transferchrome": (5870, 5870),
    "transferchrome_cross_cell": None,  # TRANSFERS
    "deepdiff": (10_000, 2360),  # data.split
    # 19,795 genes without the 1,447 that test, by 90 and 10 %
    "dense_ensemble": (16_513, 1835),
    "wakawaka": tuple(pooled.FULL.values()),  # the same of 50 cells at once
}
# by what a transfer is trained on, of the same 17,609: the half of a cell that does not test, or
# all of a source; a tenth validates. Beside `both` goes an unlabelled gene for each that trains
TRANSFERS = {"target": (7924, 880), "source": (15_848, 1761), "both": (15_848, 1761)}
VARIANTS = {
    "transferchrome": ("_chromosome", "_text", "_zscore_train"),
    "transferchrome_cross_cell": ("_zscore_train",),
    "deepdiff": ("_classification", "_tuned"),
}
SIZES |= {base + more: SIZES[base] for base, all_ in VARIANTS.items() for more in all_}
PAPERS = [name for name in SIZES if not any(name.endswith(m) for v in VARIANTS.values() for m in v)]


def speeds(study, block, genes, device):
    """Genes (samples, where a study pools cells) a second in training and in validation."""
    if study["task"] != "pooled":
        trained, validated = train.time_model(study, block, genes, device)
        return genes / trained, genes / validated
    trainer = pooled.make_trainer(block, pooled.made_up(50, 1745, study["sequence"]), device)
    return pooled.time_steps(trainer, 6, device), pooled.time_validation(trainer, device)


def measure(names, arguments, barrier=None):
    """Speeds of all nets of some studies, {(study, model): (training, validation)}. Processes with
    one barrier measure the same net at once."""
    torch.set_num_threads(1)
    train.keep_freed_memory()
    device, found = torch.device(arguments.device), {}
    for study, content in read_studies().items():
        for model, block in content["models"].items():
            if study in names and "network" in block:
                if barrier:
                    barrier.wait(600)  # ends in an error where another process died
                found[study, model] = speeds(content, block, arguments.genes, device)
    return found


def _work(names, arguments, barrier, results):
    results.put(measure(names, arguments, barrier))


def packed(names, arguments):
    """The same, added up over processes that measure side by side."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(arguments.packed), context.Queue()
    processes = [
        context.Process(target=_work, args=(names, arguments, barrier, results))
        for _ in range(arguments.packed)
    ]
    for process in processes:
        process.start()
    found = [results.get(timeout=3600) for _ in processes]
    for process in processes:
        process.join()
    return {net: [sum(one[net][part] for one in found) for part in (0, 1)] for net in found[0]}


def hours(number, study, block, speed):
    """Hours of so many fits of a model."""
    train_genes, valid_genes = TRANSFERS.get(block.get("trained_on")) or SIZES[study]
    epochs = block["training"]["epochs"]
    return number * epochs * (train_genes / speed[0] + valid_genes / speed[1]) / 3600


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--packed", type=int, default=0)
    parser.add_argument("--genes", type=int, default=500)
    parser.add_argument("--studies", default=",".join(PAPERS))
    arguments = parser.parse_args()
    names = arguments.studies.split(",")
    alone = measure(names, arguments)
    together = packed(names, arguments) if arguments.packed else {}
    contents = read_studies()
    totals = Counter()
    print(
        f"{'study':16s} {'model':26s} {'fits':>5s} {'genes/s':>9s} {'hours':>8s}"
        + (f" {'packed':>9s} {'hours':>8s}" if together else "")
    )
    for (study, model), speed in alone.items():
        block, number = contents[study]["models"][model], count_fits(study, model)
        cost = hours(number, study, block, speed)
        totals[study] += cost
        line = f"{study:16s} {model:26s} {number:5d} {speed[0]:9.0f} {cost:8.1f}"
        if together:
            speed = together[study, model]
            cost = hours(number, study, block, speed)
            totals[study, "packed"] += cost
            line += f" {speed[0]:9.0f} {cost:8.1f}"
        print(line, flush=True)
    for study in names:
        print(
            f"{study}: {totals[study]:.0f} hours"
            + (
                f", {totals[study, 'packed']:.0f} with {arguments.packed} fits at once"
                if together
                else ""
            )
        )
    print(
        f"all: {sum(totals[study] for study in names):.0f} hours"
        + (f", {sum(totals[study, 'packed'] for study in names):.0f} packed" if together else "")
    )


if __name__ == "__main__":
    main()
