"""The optimisers of a `training` block, by name."""

import inspect

import torch


def _without_compiler(optimiser):
    """An optimiser of torch without its guards against torch.compile.

    The guards import the whole compiler on first use, a second of every job, and nothing here is
    compiled.
    """
    plain = {
        name: inspect.unwrap(getattr(optimiser, name))
        for name in ("add_param_group", "load_state_dict", "state_dict", "zero_grad")
    }
    return type(
        optimiser.__name__,
        (optimiser,),
        {**plain, "step": torch.no_grad()(inspect.unwrap(optimiser.step))},
    )


SGD, Adam = _without_compiler(torch.optim.SGD), _without_compiler(torch.optim.Adam)

OPTIMISERS = {
    "sgd": lambda parameters, learning_rate, **rest: SGD(parameters, lr=learning_rate, **rest),
    "adam": lambda parameters, learning_rate, **rest: Adam(parameters, lr=learning_rate, **rest),
}


def make_optimiser(settings, parameters):
    """The optimiser of a `training` block."""
    options = dict(settings["optimiser"])
    name = options.pop("name")
    if name != "sgd":
        options.pop("momentum", None)
    return OPTIMISERS[name](parameters, **options)
