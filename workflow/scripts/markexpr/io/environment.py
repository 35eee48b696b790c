"""What jobs see of the user's environment. Figures and numbers depend on the project alone,
whatever a shell, a notebook's kernel or the home folder says.

The Snakefile's process settles its own environment, which all jobs inherit. Places (HOME, TMPDIR),
proxies and certificates, and which GPUs may be used stay the user's.
"""

import os
import site
import sys
from pathlib import Path

from markexpr.io.jobs import InputError

# Python's own variables: warnings made errors, asserts left out, an encoding, a prompt at the end.
# Those that say where Python and its files are stay
KEPT_OF_PYTHON = (
    "PYTHONHOME",
    "PYTHONPLATLIBDIR",
    "PYTHONEXECUTABLE",
    "PYTHONPYCACHEPREFIX",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
)
# other arithmetic: instructions that are left out, other precision, other threads
NUMERICAL = (
    "ATEN_CPU_CAPABILITY",
    "CUBLAS_WORKSPACE_CONFIG",
    "DNNL_DEFAULT_FPMATH_MODE",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_DEBUG_CPU_TYPE",
    "MKL_DYNAMIC",
    "MKL_ENABLE_INSTRUCTIONS",
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
    "NPY_PROMOTION_STATE",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_DYNAMIC",
    "OMP_SCHEDULE",
    "OMP_THREAD_LIMIT",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
    "SCIPY_ARRAY_API",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
)
# settings of drawing; a script that every shell of a job would begin with; memory that is filled
# before use, of which bedtools 2.30 then reads options that nobody gave
OTHERS = ("MATPLOTLIBRC", "SOURCE_DATE_EPOCH", "BASH_ENV", "MALLOC_PERTURB_", "GLIBC_TUNABLES")


def settle_environment(snakemake_file, folder):
    """Take out of this process's environment what could change results, and set what they need.

    snakemake_file: a file of the running Snakemake; folder: the working directory of the run, which
    holds matplotlib's settings and cache in place of the home folder.
    """
    ours = {
        # one encoding and one language, in any locale
        "PYTHONUTF8": "1",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "0",
        # no windows, no notebooks
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(Path(folder).resolve() / ".snakemake/matplotlib"),
    }
    # modules of another place are not used, unless Snakemake itself comes from there
    if not _is_below(snakemake_file, [site.getusersitepackages()]):
        ours["PYTHONNOUSERSITE"] = "1"
    path = os.environ.get("PYTHONPATH", "")
    kept = [*KEPT_OF_PYTHON]
    if _is_below(snakemake_file, filter(None, path.split(os.pathsep))):
        kept.append("PYTHONPATH")
    for name in list(os.environ):
        foreign = name.startswith("PYTHON") and name not in kept
        if foreign or name in NUMERICAL or name in OTHERS:
            del os.environ[name]
    os.environ.update(ours)


def _is_below(file, folders):
    file = Path(file).resolve()
    return any(file.is_relative_to(Path(folder).resolve()) for folder in folders)


def refuse_locale(names):
    """Raise InputError if some names (texts, in lists and dicts of any depth) have letters that the
    locale of this process cannot write, or would write in other bytes than jobs do."""
    if sys.getfilesystemencoding().replace("-", "") == "utf8":
        return
    for text in _texts(names):
        if not text.isascii():
            shown = text.encode("ascii", "backslashreplace").decode()
            raise InputError(
                f"'{shown}' cannot be used in a locale of {sys.getfilesystemencoding()}: "
                "set LC_ALL=C.UTF-8 (or PYTHONUTF8=1) and run again, or keep to plain letters"
            )


def _texts(value):
    """All texts in a nest of dicts and lists."""
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
