"""The own files of all cells of a configuration: their identities, and files under two names.

Imported by the Snakefile: no torch, no numpy.
"""

import os
from concurrent.futures import ThreadPoolExecutor

from markexpr.io.jobs import InputError

# files of a cell that are read side by side for their sha256, on a core each: more than that no
# disk is glad of
AT_A_TIME = 4


class OwnData:
    """The own files of all cells of a configuration: identities, and files under two names.

    origins: markexpr.origins.Origins; files: OwnFiles; tell: called with sample, mark and what is
    to be told of files with the same content, once each; None tells nothing.
    """

    def __init__(self, origins, files, tell=None):
        self.origins, self.files, self.tell = origins, files, tell
        self._names = {}  # identity: all cells and marks (or parts) that it stands for, with path
        self._found = {}

    def identify_counts(self, cell):
        """{path: [size, sha256]} of the files that a cell's counts are made from. Raises InputError
        for a file that is not there or cannot be read."""
        return self._once("counts", cell, self.origins.own_counts)

    def identify_expression(self, cell):
        """{path: [size, sha256]} of the table of expression that a cell's source brings."""
        return self._once("expression", cell, self._expression)

    def identify_controls(self, cell):
        """{path: [size, sha256]} of the controls of a sample's marks, which may share one."""
        if ("controls", cell) not in self._found:
            paths = dict.fromkeys(self.origins.own_controls(cell).values())
            self._found["controls", cell] = {path: self.files.identify(path) for path in paths}
        return self._found["controls", cell]

    def _expression(self, cell):
        path = self.origins.own_expression(cell)
        return {"expression": path} if path else {}

    def _once(self, kind, cell, list_paths):
        # what was found when the run was planned holds to its end, also for a file that goes away
        # meanwhile: the job that needs it says so, and no other is stopped
        if (kind, cell) not in self._found:
            self._found[kind, cell] = self._identify(cell, list_paths(cell))
        return self._found[kind, cell]

    def _identify(self, cell, paths):
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            found = dict(zip(paths.values(), pool.map(self.files.identify, paths.values())))
        for what, path in paths.items():
            self._register(cell, what, path, found[path])
        return found

    def _register(self, cell, what, path, identity):
        if what == "npz":
            return  # one file of the class competition holds all cells
        name, names = (cell, what, path), self._names.setdefault(tuple(identity), [])
        if name not in names:
            names.append(name)
            if len(names) > 1 and self.tell:
                self.tell(cell, what, self._describe_twin(cell, path, *names[0]))

    def list_twins(self, cell, own):
        """Files of a cell that are those of another mark, part or cell as well: lists of mark and
        what is to be said. own: identities of the cell's files, by path."""
        if self.files.trusting:
            self._register_known()
        found = []
        for path, identity in own.items():
            names = self._names.get(tuple(identity), [])
            for what in [name[1] for name in names if name[::2] == (cell, path)]:
                others = [name for name in names if name != (cell, what, path)]
                found += [[what, self._describe_twin(cell, path, *other)] for other in others[:1]]
        return found

    def _register_known(self):
        """Have the files of all cells that are known, where not all of them are asked for."""
        for cell in (*self.origins.config.sources, *self.origins.of_sheet):
            try:
                paths = {**self.origins.own_counts(cell), **self._expression(cell)}
            except InputError:
                continue  # that is told by the job that needs it
            for what, path in paths.items():
                if identity := self.files.known(path):
                    self._register(cell, what, path, identity)

    def _describe_twin(self, cell, path, other_cell, other, other_path):
        other = f"{other_cell} {other}" if other_cell != cell else other
        if os.path.realpath(path) == os.path.realpath(other_path):
            same = f"is the same file as {other} ({path})"
        else:
            same = f"has the same content as {other} ({path} and {other_path})"
        place = "the sheet" if cell in self.origins.of_sheet else "'sources' in your configuration"
        return f"{same}: if that is a mistake, mend {place}"
