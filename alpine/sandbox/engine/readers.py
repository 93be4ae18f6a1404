"""What the operators of a run left, for as long as an operator that follows may read it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from alpine.sandbox.engine.context import Output
from alpine.sandbox.engine.tables import DatabaseTable


class Readers:
    """The outputs of a run, and which of its tables are read no more.

    :param followers: The operators that read the output of each, by name.
    :param is_wanted: Whether the output of an operator is wanted after the run; its tables stay to the end of the run.
    """

    def __init__(self, followers: Mapping[str, Sequence[str]], is_wanted: Callable[[str], bool]) -> None:
        self.outputs: dict[str, Output] = {}
        self._followers = followers
        self._is_wanted = is_wanted
        self._lock = threading.Lock()
        self._finished: set[str] = set()
        self._made: list[DatabaseTable] = []
        self._of_models: dict[int, list[DatabaseTable]] = {}

    def finish(self, name: str, output: Output, made: Sequence[DatabaseTable]) -> list[DatabaseTable]:
        """Keep what an operator left.

        :param name: The operator.
        :param output: What it left.
        :param made: The tables that it made.
        :returns: Tables of the run that nobody reads any more; they are to be dropped.
        """
        with self._lock:
            self._finished.add(name)
            self._made += made
            if output.model is not None:
                # A model may read what was made with it.
                self._of_models.setdefault(id(output.model), [*made])
            self.outputs[name] = output
            self.outputs = {other: left for other, left in self.outputs.items() if self._is_read(other)}
            read = {table.name for left in self.outputs.values() for table in self._tables(left)}
            gone = [table for table in self._made if table.name not in read]
            self._made = [table for table in self._made if table.name in read]
            return gone

    def most_rows(self) -> int:
        """How many rows the largest of the tables has that are still read."""
        return max((table.count for left in self.outputs.values() for table in self._tables(left)), default=0)

    def _is_read(self, name: str) -> bool:
        return self._is_wanted(name) or not self._finished.issuperset(self._followers.get(name, ()))

    def _tables(self, output: Output) -> list[DatabaseTable]:
        tables = [*([output.table] if output.table else []), *output.samples]
        return tables + (self._of_models.get(id(output.model), []) if output.model is not None else [])
