"""What a job costs before it does anything, and what the scheduler needs for the full
configuration.

    python tests/benchmarks/overhead.py [--repeats 5] [--full] [--figure docs/start_up.svg]

CPU seconds: a bare Python, what Snakemake loads ahead of a script, each script with all that it
imports, and a fit until its first optimiser is made, with PyTorch's compiler and without; median
of the repeats. `--full` adds a dry run of all studies with three seeds:
jobs, seconds and peak memory.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow/scripts"
HEAVY = ("torch", "torch._dynamo", "sklearn", "scipy", "matplotlib", "pandas", "numpy")


def seconds_of(code, repeats):
    """Median CPU seconds that a new Python takes for some code, and what of HEAVY it loaded."""
    probe = f"import sys\n{code}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    times, loaded = [], ""
    for _ in range(repeats):
        with subprocess.Popen(
            [sys.executable, "-c", probe], stdout=subprocess.PIPE, text=True, cwd=SCRIPTS
        ) as process:
            loaded = process.stdout.read().strip()
            _, process.returncode, used = os.wait4(process.pid, 0)
        if process.returncode:
            sys.exit(f"this failed: {code}")
        times.append(used.ru_utime + used.ru_stime)
    return median(times), loaded


def read_workflow(repeats):
    """Median seconds of a dry run of one small target."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        target = "results/raw/byDataType/rna/expression/57epigenomes.N.pc.gz"
        for _ in range(repeats):
            start = time.perf_counter()
            command = [
                sys.executable,
                "-m",
                "snakemake",
                "-n",
                "--cores",
                "1",
                "--directory",
                folder,
                "--",
                target,
            ]
            subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
            times.append(time.perf_counter() - start)
    return median(times)


def full_run():
    """Jobs, seconds and peak MB of a dry run of all studies with three seeds, and its seconds
    without the list of jobs."""
    studies = ",".join(sorted(path.stem for path in (ROOT / "config/studies").glob("*.yaml")))
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "-n",
            "--cores",
            "2",
            "--directory",
            folder,
            "--config",
            f"studies=[{studies}]",
            "seeds=[1,2,3]",
        ]
        start = time.perf_counter()
        with (
            open(f"{folder}/printed", "w+") as printed,
            subprocess.Popen(
                command, stdout=printed, stderr=subprocess.DEVNULL, cwd=ROOT
            ) as process,
        ):
            _, process.returncode, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            printed.seek(0)
            jobs = next(int(line.split()[1]) for line in printed if line.startswith("total "))
        start = time.perf_counter()
        subprocess.run(
            [*command[:4], "--quiet", "all", *command[4:]],
            check=True,
            capture_output=True,
            cwd=ROOT,
        )
        return jobs, seconds, usage.ru_maxrss / 1024, time.perf_counter() - start


def draw(rows, bare, path):
    """Bars of what each script's start costs, those that load torch in another colour."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = sorted(rows, key=lambda row: row[1])
    figure, axes = pyplot.subplots(figsize=(7, 0.17 * len(rows) + 1), layout="constrained")
    for trains, colour, label in (
        (True, "#c44e52", "loads PyTorch"),
        (False, "#4c72b0", "does not"),
    ):
        chosen = [
            (place, row[1])
            for place, row in enumerate(rows)
            if ("torch" in row[2].split()) == trains
        ]
        axes.barh(
            [place for place, _ in chosen],
            [value for _, value in chosen],
            color=colour,
            label=label,
        )
    axes.axvline(bare, color="black", linewidth=0.8, label="bare Python")
    axes.set_yticks(range(len(rows)), [row[0] for row in rows], fontsize=7)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlabel("CPU seconds from the start of a job to its first line of work")
    axes.legend(loc="lower right", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--figure", type=Path)
    arguments = parser.parse_args()

    bare, _ = seconds_of("pass", arguments.repeats)
    preamble, _ = seconds_of("from snakemake import script", arguments.repeats)
    print(f"{'bare Python':24s} {bare:5.2f} s\n{'Snakemake for a script':24s} {preamble:5.2f} s")
    rows = []
    for path in sorted(SCRIPTS.glob("*.py")):
        seconds, loaded = seconds_of(
            f"from snakemake import script\nimport {path.stem}", arguments.repeats
        )
        rows.append((path.stem, seconds, loaded))
        print(f"{path.stem:24s} {seconds:5.2f} s  {loaded}", flush=True)
    for model in ("deepchrome", "transferchrome", "ridge"):
        seconds, loaded = seconds_of(
            f"import markexpr.models, markexpr.models.{model}", arguments.repeats
        )
        print(f"{'model ' + model:24s} {seconds:5.2f} s  {loaded}")

    step = "import torch\ntorch.optim.Adam([torch.zeros(1)])"
    without = f"from markexpr.compiler import leave_out_compiler\nleave_out_compiler()\n{step}"
    for name, code in (("a fit's optimiser", without), ("… with the compiler", step)):
        seconds, loaded = seconds_of(f"import train_model\n{code}", arguments.repeats)
        print(f"{name:24s} {seconds:5.2f} s  {loaded}")
    print(f"snakemake until it has read the workflow: {read_workflow(arguments.repeats):.2f} s")
    if arguments.full:
        jobs, seconds, memory, quiet = full_run()
        print(
            f"dry run of all studies, three seeds: {jobs} jobs, {seconds:.1f} s ({quiet:.1f} "
            f"s with --quiet), {memory:.0f} MB"
        )
    if arguments.figure:
        draw(rows, bare, arguments.figure)


if __name__ == "__main__":
    main()
