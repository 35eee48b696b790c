"""Optimisers without PyTorch's compiler step as they do with it."""

import subprocess
import sys

STEPS = """
import sys
import torch

def step():
    torch.manual_seed(1)
    net = torch.nn.Linear(20, 3)
    for optimiser in (
        torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01),
        torch.optim.Adam(net.parameters(), lr=0.1, weight_decay=0.01),
    ):
        for _ in range(3):
            optimiser.zero_grad()
            net(torch.ones(4, 20)).square().sum().backward()
            optimiser.step()
        optimiser.load_state_dict(optimiser.state_dict())
    return net.weight.detach().numpy().tobytes().hex()
"""
WITHOUT = """
from markexpr.compiler import leave_out_compiler
leave_out_compiler()
print(step(), "torch._inductor" in sys.modules)
"""


def test_steps_are_equal_to_the_bit_and_nothing_of_the_compiler_is_loaded(root):
    space = {}
    exec(STEPS, space)
    ran = subprocess.run(
        [sys.executable, "-c", STEPS + WITHOUT],
        cwd=root / "workflow/scripts",
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split() == [space["step"](), "False"], ran.stderr
