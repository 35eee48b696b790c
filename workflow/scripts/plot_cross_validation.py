"""Training and validation loss by epoch of every fold of a cross-validation."""

import matplotlib.pyplot as plt

from markexpr.io.files import read_tsv
from markexpr.io.jobs import run_job
from markexpr.io.runs import parse_run
from markexpr.plots import HIGH, LOW, save


def draw(histories):
    """Draw training and validation loss by epoch: a thin line a fold, and the means.

    histories: from fold to its history (epoch, train_loss, valid_loss). Training losses are taken
    with dropout, while weights still change.
    """
    figure, axis = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    for name, label, colour in (
        ("train_loss", "training", LOW),
        ("valid_loss", "validation", HIGH),
    ):
        losses = [history.set_index("epoch")[name] for history in histories.values()]
        for loss in losses:
            axis.plot(loss.index, loss, color=colour, lw=0.7, alpha=0.4)
        mean = sum(losses) / len(losses)
        axis.plot(
            mean.index,
            mean,
            color=colour,
            lw=2,
            marker="o",
            ms=4,
            label=f"{label}, mean of {len(losses)} folds",
        )
    axis.set(xlabel="epoch", ylabel="MSE")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.grid(axis="y", color="0.93")
    axis.legend(fontsize=8)
    return figure


def main(job):
    setting = job.params.setting
    histories = {parse_run(path)["unit"]: read_tsv(path) for path in job.input}
    what = {"rows": "rows (a gene in a cell)", "genes": "genes with all of their cells"}[
        setting["over"]
    ]
    title = f"{setting['model']}: {setting['folds']}-fold cross-validation over {what}"
    save(draw(histories), title, job)


if __name__ == "__main__":
    run_job(main, snakemake)
