"""markexpr: from histone-mark alignments to predicted gene expression.

Every rule of the pipeline calls one thin script of the same name beside this package; all logic is
here. Importing the package imports nothing else, so that a rule pays only for the modules it uses.
"""

__version__ = "0.1.0"
