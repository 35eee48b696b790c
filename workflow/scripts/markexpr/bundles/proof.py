"""The proof of a bundle: what its held-out rows must give, and whether they do.

For jobs. The manifest is a dict here: what is in it was checked before the first job
(markexpr.settings.bundle).
"""

import json

import numpy as np
import yaml

from markexpr.bundles.files import MANIFEST, file_of, list_parts
from markexpr.data.windows import Window
from markexpr.evaluation import metrics
from markexpr.io.checksums import sha256
from markexpr.io.files import read_tsv, reading
from markexpr.io.jobs import InputError
from markexpr.predict.kinds import METRICS

# Predictions on another machine or with other versions differ in the last digits of float32, some
# 1e-6 of values of up to 15; what is off by more is another model.
TOLERANCE = 1e-4
# A score is made of predictions as they are written, of nine digits: on any machine it is the same.
SAME_SCORE = 1e-6
# Two genes that change their rank move an AUC by 1 / (high × low) of 300 genes.
SCORE_TOLERANCE = 1e-3

AGAIN = "copy the bundle again, or ask whoever made it for another"


def score(predicts, target, predicted):
    """Scores of held-out rows by name, without those that are undefined on them.

    target, predicted: float [rows].
    """
    target = np.asarray(target, dtype=np.float64)
    found = {name: getattr(metrics, name)(target, predicted) for name in METRICS[predicts]}
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}


def read_rows(path):
    """gene_id, target, marks and X (float32 [rows, marks, bins]) of held-out rows. Raises
    InputError for a file that is damaged, or holds objects, which are not read."""
    with reading(path, AGAIN):
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in ("X", "gene_id", "marks", "target")}
                cell = json.loads(str(file["provenance"]))["cell"]
        except (ValueError, KeyError) as error:
            raise InputError(f"{path} holds no held-out rows ({error}); {AGAIN}") from error
    X, target = arrays["X"], arrays["target"]
    if X.ndim != 3 or len(X) != len(target) or not (np.isfinite(X).all() and X.size):
        raise InputError(f"{path} holds no held-out rows (shape {X.shape}); {AGAIN}")
    return {**arrays, "cell": cell}


def check_content(manifest, folder):
    """Whether the files of a bundle are those that its manifest lists. Raises InputError for the
    first that is not."""
    for path, file in manifest["files"].items():
        found = sha256(f"{folder}/{path}")
        if found != file["sha256"]:
            raise InputError(
                f"bundle {folder}: {path} is not what {MANIFEST} says (its sha256 is "
                f"{found[:12]}…, not {file['sha256'][:12]}…): it was changed or damaged; {AGAIN}"
            )


def check_predictor(name, one, folder):
    """Whether the fits and rows of a predictor are what the manifest says of it.

    one: its part of the manifest. Raises InputError for other marks, another order of them,
    another window, unit or model, and for rows that do not fit.
    """
    for member in one["members"]:
        _check_params(name, one, f"{folder}/{file_of(name, f'members/{member}/params.yaml')}")
    expected = read_tsv(f"{folder}/{file_of(name, 'held_out/expected.tsv.gz')}")
    marks, bins = one["data"]["marks"], _n_bins(one)
    for part in list_parts(one["predicts"]):
        path = f"{folder}/{file_of(name, f'held_out/{part}.npz')}"
        rows = read_rows(path)
        if list(rows["marks"]) != marks:
            raise InputError(_orders(path, rows["marks"], name, marks))
        if rows["X"].shape[2] != bins:
            raise InputError(
                f"{path} has {rows['X'].shape[2]} bins, and window {one['data']['window']} of "
                f"{name} has {bins}; {AGAIN}"
            )
        genes = list(expected["gene_id"])
        if list(rows["gene_id"]) != genes or len(genes) != one["held_out"]["rows"]:
            raise InputError(f"{path} has other genes than the predictions beside it; {AGAIN}")


def _n_bins(one):
    return len(Window.parse(one["data"]["window"]).offsets)


def _orders(path, theirs, name, ours):
    return (
        f"{path} is of the marks {', '.join(map(str, theirs))}, and {MANIFEST} says of {name} "
        f"{', '.join(ours)}: with other marks, or in another order, it would predict nonsense; "
        f"{AGAIN}"
    )


def _check_params(name, one, path):
    params = read_settings(path)
    inputs, measured = params.get("inputs", {}), params.get("measured", {})
    if inputs.get("marks") != one["data"]["marks"]:
        raise InputError(_orders(path, inputs.get("marks") or ["none"], name, one["data"]["marks"]))
    study, _, model = name.partition("/")
    for what, theirs, ours in (
        ("study", params.get("study"), study),
        ("model", params.get("model"), model),
        ("architecture", params.get("architecture"), one["block"]["architecture"]),
        ("number of bins", inputs.get("bins"), _n_bins(one)),
        ("window", measured.get("window"), one["data"]["window"]),
        ("normalise", measured.get("normalise"), one["data"]["normalise"]),
        ("orientation", measured.get("orientation"), one["data"]["orientation"]),
        ("transform", measured.get("transform"), one["data"]["target"].get("transform", "")),
        ("expression unit", measured.get("expression_unit"), one["unit"]),
        # what a net or an estimator is built by
        ("network", params.get("network"), one["block"].get("network")),
        ("estimator", params.get("estimator"), one["block"].get("estimator")),
    ):
        if theirs != ours:
            raise InputError(
                f"{path}: its {what} is {theirs!r}, and {MANIFEST} says of {name} {ours!r}; {AGAIN}"
            )


def read_settings(path):
    """A YAML file as a dict: a manifest, or params.yaml of a fit. Raises InputError for what is
    none."""
    with reading(path, AGAIN), open(path, encoding="utf-8") as file:
        try:
            content = yaml.safe_load(file)
        except yaml.YAMLError as error:
            raise InputError(f"{path} is not valid YAML; {AGAIN}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold keys and values; {AGAIN}")
    return content


def compare(name, one, target, expected, found):
    """Whether predictions of held-out rows are the expected ones, and give the expected scores.

    one: its part of the manifest; target: float [rows]; expected, found: predictions, float64
    [rows]. Returns a list of dicts, one a score: metric, expected and found score, largest
    difference of predictions. Raises InputError if they are not the same within the tolerances
    above.
    """
    said, shipped = one["held_out"]["scores"], score(one["predicts"], target, expected)
    for metric in sorted({*said, *shipped}):
        if not np.isclose(
            said.get(metric, np.nan), shipped.get(metric, np.nan), rtol=0, atol=SAME_SCORE
        ):
            raise InputError(
                f"{MANIFEST} says that {name} has {metric} {said.get(metric, 'none')} on its "
                f"held-out rows, and its shipped predictions of them have "
                f"{shipped.get(metric, 'none')}: one of both was changed; {AGAIN}"
            )
    difference = np.abs(expected - found)
    largest = float(difference.max())
    off = difference > TOLERANCE * np.maximum(1, np.abs(expected))
    if off.any() or not np.isfinite(found).all():
        raise InputError(
            f"{name} does not predict what the bundle says: {off.sum()} of {len(off)} held-out "
            f"rows differ, by up to {largest:.3g} (more than {TOLERANCE:g}). Its models are not "
            f"those that were tested, or this installation computes otherwise (compare versions in "
            f"{MANIFEST}); {AGAIN}"
        )
    again = score(one["predicts"], target, found)
    rows = []
    for metric in said:
        if abs(said[metric] - again.get(metric, np.nan)) > SCORE_TOLERANCE:
            raise InputError(
                f"{name} has {metric} {again.get(metric)} on the held-out rows of the bundle, "
                f"which says {said[metric]}; {AGAIN}"
            )
        rows.append(
            {
                "model": name,
                "cell": "-".join(one["held_out"]["cells"]),
                "metric": metric,
                "expected": said[metric],
                "found": again[metric],
                "largest_difference": largest,
                "n": len(target),
            }
        )
    return rows
