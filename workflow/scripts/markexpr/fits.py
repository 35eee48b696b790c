"""What params.yaml of a run says: all that went into a fit.

Needs no torch: estimators are described by it as well.
"""

import hashlib
import json

import yaml

from markexpr import __version__
from markexpr.data import UNLABELLED
from markexpr.files import atomic
from markexpr.splits import SPLITS


def describe(job, names, samples, versions, **more):
    """What went into a fit, as params.yaml holds it.

    job: its params have the model's block and the hash of its code; names: study, model and unit; versions: of the packages that fit; more:
    further entries.
    """
    _, _, n_bins = next(iter(samples.inputs.values())).shape
    return {
        **{name: names[name] for name in ("study", "model", "unit")},
        "seed": int(job.wildcards.seed),
        **job.params.model,
        **({"transfer": job.params.transfer} if job.params.get("transfer") else {}),
        "inputs": {"marks": samples.mark_names, "bins": n_bins},
        "samples": {split: len(samples.index(split)) for split in (*SPLITS, UNLABELLED) if len(samples.index(split))},
        "threads": job.threads,
        "code": job.params.code,
        "versions": {"markexpr": __version__, **versions},
        **more,
    }


def fingerprint(params, *samples):
    """Hash of all that a fit depends on: what it was told and the samples it sees."""
    return hashlib.sha256((json.dumps(params, sort_keys=True) + "".join(own.digest() for own in samples)).encode()).hexdigest()


def write_params(path, params):
    """Write params.yaml."""
    with atomic(path) as temporary:
        temporary.write_text(yaml.safe_dump(params, sort_keys=False))
