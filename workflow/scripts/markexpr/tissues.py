"""Of which tissue each cell is: what cells have in common beyond being human.

Imported by the Snakefile: no torch, no numpy.
"""

from markexpr.io.jobs import InputError


def list_tissues(sheet, own):
    """The tissue of every cell, by cell. A cell of which none is told is alone in a tissue of its
    own, which is called as the cell.

    sheet: from each of REMC's cells to its tissue (config/cells.tsv); own: from the cells of config
    key `sources` and of the sheet of samples to their markexpr.settings.config.Source, whose
    `tissue` goes before that of REMC's cell of the same name. Raises InputError for a cell without
    a tissue whose name is the tissue of others: it would be taken for one of them.
    """
    told = {cell: tissue for cell, tissue in sheet.items() if tissue}
    told |= {cell: source.tissue for cell, source in own.items() if source.tissue}
    alone = [cell for cell in [*sheet, *own] if cell not in told]
    for cell in alone:
        others = [other for other, tissue in told.items() if tissue == cell]
        if others:
            raise InputError(
                f"{cell} is the name of a cell and the tissue of {others[0]}: say the tissue of "
                f"{cell} ('tissue' of its entry in config key 'sources', or the column of its "
                "sheet), or choose another name"
            )
    return told | {cell: cell for cell in alone}
