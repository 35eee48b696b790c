"""Speed of the nets against another revision of the project, side by side.

    python tests/benchmarks/against.py REVISION [--models deepdiff/raw_d,wakawaka/wakawaka]
    [--genes 200] [--repeats 5]

Checks the revision out into a temporary worktree and lets these benchmarks run there as well as
here, in turn, on one thread. Prints genes (samples) a second of the fastest of the repeats of each
side, before -> now, and their ratio: in training, in validation, and both together, an equal number
of genes each.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODELS = (
    "transferchrome/transferchrome,transferchrome_cross_cell/transferchrome_cross,"
    "transferchrome/attentivechrome,transferchrome/convchrome,deepchrome/deepchrome,"
    "deepdiff/raw_d,deepdiff/raw,deepdiff/aux,deepdiff/raw_aux,deepdiff/raw_aux_siamese,"
    "dense_ensemble/densenet,dense_ensemble/resnet,dense_ensemble/alexnet,"
    "dense_ensemble/transformer"
)


def measure():
    """Answer each line `study/model genes` by genes a second in training and in validation."""
    import hours
    import torch
    import train
    from shipped import read_studies

    torch.set_num_threads(1)
    train.keep_freed_memory()
    studies = read_studies()
    for line in sys.stdin:
        name, genes = line.split()
        study, model = name.split("/")
        block = studies[study]["models"][model]
        found = hours.speeds(studies[study], block, int(genes), torch.device("cpu"))
        print(json.dumps(found), flush=True)


def start(tree):
    """A process that measures in a tree of the project."""
    command = [sys.executable, str(tree / "tests/benchmarks/against.py"), "--measure"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(process, name, genes):
    process.stdin.write(f"{name} {genes}\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def compare(before, now, names, genes, repeats):
    """Print a line a model."""
    print(f"{'genes a second':46s} {'training':>24s} {'validation':>24s} {'both':>6s}")
    for name in names:
        found = [[ask(side, name, genes) for side in (before, now)] for _ in range(repeats)]
        # by side, the fastest of the repeats in training and in validation
        old, new = (tuple(map(max, zip(*side))) for side in zip(*found))
        shown = [f"{a:7.0f} -> {b:7.0f} ({b / a:4.2f})" for a, b in zip(old, new)]
        both = sum(1 / speed for speed in old) / sum(1 / speed for speed in new)
        print(f"{name:46s} {shown[0]:>24s} {shown[1]:>24s} {both:6.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("revision", nargs="?")
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--genes", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        return measure()
    root = HERE.parents[1]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "before"
        git = ["git", "-C", str(root), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", tree, arguments.revision], check=True)
        try:
            shutil.copytree(HERE, tree / "tests/benchmarks", dirs_exist_ok=True)
            sides = start(tree), start(root)
            compare(*sides, arguments.models.split(","), arguments.genes, arguments.repeats)
            for side in sides:
                side.communicate()
        finally:
            subprocess.run([*git, "remove", "--force", tree], check=True)


if __name__ == "__main__":
    main()
