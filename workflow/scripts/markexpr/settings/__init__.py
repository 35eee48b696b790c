"""The configuration and the studies as typed models, read, inherited and checked.

Imported by the Snakefile at every start: no torch, no numpy.
"""
