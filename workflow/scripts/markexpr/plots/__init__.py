"""How figures look, and how they are saved. What several of them show is in panels.py; what one of
them shows is in the script that draws it."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.font_manager import fontManager

from markexpr.io.files import atomic
from markexpr.tables import titled

# Okabe and Ito's palette: told apart by readers with any colour vision
PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
HIGH, LOW, TRUTH = PALETTE[1], PALETTE[0], "#555555"

# whatever a matplotlibrc or installed fonts say: figures are the same everywhere
matplotlib.rcdefaults()
fontManager.ttflist = [
    font for font in fontManager.ttflist if font.fname.startswith(matplotlib.get_data_path())
]
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


def save(figure, title, job, svg=None, png=None):
    """Put the title on a figure and write it as SVG and PNG.

    The title stands over the panel if there is only one and it has no title of its own, else over
    all panels. It says so if the data are simulated. svg, png: paths, if they are not
    `job.output.svg` and `job.output.png`.
    """
    title = titled(title, job)
    if len(figure.axes) == 1 and not figure.axes[0].get_title():
        figure.axes[0].set_title(title, fontsize=10)
    else:
        figure.suptitle(title, fontsize=10)
    for path, options in (
        (svg or job.output.svg, {"format": "svg", "metadata": {"Date": None}}),
        (png or job.output.png, {"format": "png", "dpi": 150}),
    ):
        with atomic(path) as temporary:
            figure.savefig(temporary, **options)
    plt.close(figure)
