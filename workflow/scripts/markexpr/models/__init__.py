"""The registry of models: an architecture is a module of this folder with a function `build`, or a
user's own file (markexpr.own_model).

Nets: `build(n_marks, n_bins, **network)` returns a Net (markexpr.models.net); `network` is the
model's block of that name in its study file. A variant of an architecture is another block.

Estimators of scikit-learn (blocks with `estimator`): `build(n_marks, n_bins, seed, threads, labels,
**estimator)` returns one, of 0 and 1 if `labels` holds, and `features(**inputs)` what it is fitted
on; with `NEEDS_COUNTS`, inputs are counts whatever the study's normalisation. All genes pass
`features`, those that test too: what is learned from genes is a step of the estimator itself.
`size(estimator)`, if there is one, says how large it has become. These modules import no torch, and
are looked up in markexpr.estimators.
"""

# No torch until a net is asked for: the estimators' environment has none, and this file is imported
# before any module beside it.
import importlib

import yaml

from markexpr.io.jobs import InputError
from markexpr.own_model import check_same, is_own


def build_model(architecture, n_marks, n_bins, network):
    """Build a model by the name of its architecture, or the path of a user's own file. Raises
    InputError for hyperparameters that it does not know."""
    if is_own(architecture):
        from markexpr import own_net

        return own_net.build(architecture, n_marks, n_bins, network)
    module = importlib.import_module(f"markexpr.models.{architecture}")
    try:
        return module.build(n_marks=n_marks, n_bins=n_bins, **network)
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(
            f"architecture {architecture}: {error}; see the arguments of build() in "
            f"markexpr/models/{architecture}.py"
        ) from error


def build_seeded(block, samples, seed, unit):
    """The model of a study's block for some samples, its weights drawn from the seed; with
    `training.seed_by_unit` from seed and unit."""
    import torch

    from markexpr.data.batches import make_seed

    torch.manual_seed(make_seed(seed, unit) if block["training"].get("seed_by_unit") else seed)
    _, n_marks, n_bins = next(iter(samples.inputs.values())).shape
    net = build_model(block["architecture"], n_marks, n_bins, block["network"])
    if is_own(block["architecture"]):
        from markexpr.own_net import check_outputs

        check_outputs(net, block["architecture"], samples, block["training"]["loss"])
    return net


def predict(model, params, samples):
    """What a trained model predicts for samples, on the CPU, float64 [samples]. model, params: as
    load_model gives them."""
    import torch

    from markexpr.data.batches import Inputs
    from markexpr.losses import LOSSES

    outputs = model.outputs(Inputs(samples, torch.device("cpu")))
    return LOSSES[params["training"]["loss"]].predict(outputs).numpy()


def load_model(params, weights):
    """A trained model, ready to predict, and its parameters, from params.yaml and
    weights.safetensors of a run."""
    from safetensors.torch import load_file

    with open(params, encoding="utf-8") as file:
        content = yaml.safe_load(file)
    check_same(content, params)
    inputs = content["inputs"]
    model = build_model(
        content["architecture"], len(inputs["marks"]), inputs["bins"], content["network"]
    )
    model.load_state_dict(load_file(weights))
    return model.eval(), content
