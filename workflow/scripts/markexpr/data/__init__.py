"""From files to what models see: genes, windows, reads, counts, expression, tensors, splits and
samples."""
