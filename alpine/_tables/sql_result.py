"""The result of SQL, and of a preview: rows of strings, as the server sends them, and the table that they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from alpine._arguments import choice
from alpine._display.records import Record
from alpine._extras import extra
from alpine._tables.columns import NULLS, columns_of

if TYPE_CHECKING:
    from pandas import DataFrame


class SQLResult(Record):
    """The result of a SELECT: a dict with ``columns``, ``rows`` and ``warnings``, as the server sends it.

    Every cell of ``rows`` is a string; a null is an empty string there.
    """

    row_limit: int | None = None
    """The most rows that the server gives, where it was asked for; a result with as many may have been cut."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(document)
        for key in ("columns", "rows", "warnings"):
            if not isinstance(self.get(key), list):
                self[key] = []

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in order."""
        return [str(column.get("name")) for column in self["columns"]]

    def to_dataframe(self, nulls: str = "missing") -> DataFrame:
        """The rows as a table, typed by their columns as :meth:`alpine.dataset.Dataset.to_dataframe` does.

        :param nulls: What an empty string of a text column is, which may be a null: ``"missing"`` or ``"empty"``.
        :type nulls: str
        :returns: The table. Two columns of one name are told apart by a number, as in ``id`` and ``id_1``.
        :rtype: pandas.DataFrame
        :raises MissingExtraException: Pandas or pyarrow is not installed.

        Example:

        >>> len(session.dataset.preview(dataset_id).to_dataframe())
        300
        """
        from alpine._tables.frame import DoesNotFit, FrameSink  # needs threads and more, which only tables do

        meaning = choice(nulls, "nulls", NULLS)
        names = _told_apart(self.column_names)
        if not names:
            empty: DataFrame = extra("pandas").DataFrame()
            return empty
        columns = columns_of({**column, "name": name} for column, name in zip(self["columns"], names, strict=True))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(names)
        width = len(names)
        writer.writerows(
            ["" if cell is None else str(cell) for cell in [*row, *[""] * width][:width]] for row in self["rows"]
        )
        as_text: frozenset[str] = frozenset()
        while True:
            with FrameSink(columns, nulls=meaning, rows=len(self["rows"]), as_text=as_text) as sink:
                try:
                    sink.write(text.getvalue().encode("utf-8", "replace"))
                    return sink.finish()
                except DoesNotFit as found:
                    as_text |= found.names


def _told_apart(names: list[str]) -> list[str]:
    seen: dict[str, str] = {}
    for name in names:
        label, number = name, 0
        while label in seen:
            number += 1
            label = f"{name}_{number}"
        seen[label] = name
    return list(seen)
