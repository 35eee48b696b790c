"""PyTorch without its compiler, which nothing here uses.

The first optimiser of a process loads torch._dynamo, for no more than to tell it to keep out of
optimisers. That takes longer than to load PyTorch itself, and each fit is a process.
"""

import sys
from types import ModuleType

NAME = "torch._dynamo"


def leave_out_compiler():
    """Have optimisers of this process find, in place of the compiler, the two functions that they
    ask of it. To be called before the first optimiser is made; a compiler that is loaded stays."""
    if NAME in sys.modules:
        return
    stand_in = ModuleType(NAME)
    stand_in.disable = lambda function, *arguments, **options: function
    stand_in.graph_break = lambda: None
    sys.modules[NAME] = stand_in
