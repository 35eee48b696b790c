"""How figures look. The figures themselves are in the modules beside: each function takes plain
tables and returns a matplotlib figure."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from markexpr.io.files import atomic

# Okabe and Ito's palette: told apart by readers with any colour vision
PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
HIGH, LOW, TRUTH = PALETTE[1], PALETTE[0], "#555555"
LABELLED = len(
    PALETTE
)  # lines that a legend names; beyond that, a bundle of thin lines and their mean

plt.rcParams.update(
    {
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "figure.dpi": 150,
        "savefig.bbox": "tight",
        "svg.hashsalt": "markexpr",  # equal figures give equal files
    }
)


def save(figure, svg, png):
    """Write a figure as SVG and PNG."""
    for path, options in (
        (svg, {"format": "svg", "metadata": {"Date": None}}),
        (png, {"format": "png", "dpi": 150}),
    ):
        with atomic(path) as temporary:
            figure.savefig(temporary, **options)
    plt.close(figure)


def grid(panels, width=2.9, height=2.7, columns=5, **options):
    """A figure with a row-major grid of `panels` axes; those beyond the last panel are removed."""
    columns = min(columns, panels)
    rows = -(-panels // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(width * columns, height * rows),
        squeeze=False,
        layout="constrained",
        **options,
    )
    for extra in axes.ravel()[panels:]:
        extra.remove()
    return figure, list(axes.ravel()[:panels])
