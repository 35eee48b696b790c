"""markexpr: from histone-mark alignments to predicted gene expression.

Every rule of the pipeline calls one script beside this package. What a script alone does, as
drawing a figure, stands in the script; what several share, or tests call, is here. Importing the
package imports nothing else, so that a rule pays only for the modules it uses.
"""

__version__ = "0.1.0"
