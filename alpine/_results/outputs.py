"""The output of one operator: a plain dict, with attributes and methods."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from alpine._arguments import choice, names_of, nearest
from alpine._constants import flag
from alpine._display import html
from alpine._display.html import COLUMNS_SHOWN, ROWS_SHOWN, RichDict
from alpine._files import target_path
from alpine.exception import DatasetNotFoundException, FlowResultsMalformedException, InvalidArgumentException

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from alpine._results.tables import HeatMap, Table

_SIZE = re.compile(r"([\d.,' \u00a0\u202f]*\d)\s+columns?\s+and\s+([\d.,' \u00a0\u202f]*\d)\s+rows?\b")


class StoredTables(Protocol):
    """Reads the tables in which the operators of a run have left their outputs."""

    def dataframe(
        self, operator: str, table: str, columns: Sequence[str] | None, nulls: str, rows: int | None
    ) -> DataFrame: ...

    def download(self, operator: str, table: str, path: Path, rows: int | None) -> Path: ...


class OperatorOutput(RichDict):
    """The output of one operator, or one tab of it: ``out_title``, ``visualType``, ``visualData`` and more.

    If an output has several tabs, the attributes of a table are those of the first table.
    """

    # Not part of the dict: what is pickled, copied and printed does not have it.
    _stored: StoredTables | None = None

    @property
    def name(self) -> str:
        """The name of the operator, or of the tab."""
        return str(self.get("out_title"))

    @property
    def tabs(self) -> dict[str, OperatorOutput]:
        """The parts of an output that has several, by name; the name of a part within another is ``outer / inner``."""
        return dict(self._walk(""))

    @property
    def tables(self) -> dict[str, DataFrame]:
        """The tables as DataFrames, by the name of the tab; a single table has the name of the operator.

        :raises MissingExtraException: Pandas is not installed.
        """
        return {name: part.to_dataframe() for name, part in self._shown().items() if part._table is not None}

    def to_dataframe(
        self,
        tab: str | None = None,
        *,
        all_rows: bool = False,
        columns: Iterable[str] | None = None,
        nulls: str = "missing",
    ) -> DataFrame:
        """The rows of the output as a DataFrame, with numbers as numbers and missing values as missing.

        By default these are the rows in the results, which are at most 25: :attr:`row_count` is the total number, and
        :attr:`table_name` the table in the data source that contains all rows. The total number is also in
        ``attrs["row_count"]`` of the DataFrame.

        With ``all_rows=True``, the whole table is downloaded from the workflow's data source, and typed by its columns
        as :meth:`alpine.dataset.Dataset.to_dataframe` does. Its number of rows must be that of the results, and if it
        does not have the rows that the results show, there is a warning: a later run has written the table since.

        :param tab: The name of a tab; by default the first that contains a table.
        :type tab: str
        :param all_rows: Whether to download all rows.
        :type all_rows: bool
        :param columns: With ``all_rows=True``, the names of the columns to keep, in order.
        :type columns: list
        :param nulls: With ``all_rows=True``, what an empty field in a column of text is: ``"missing"`` or ``"empty"``,
            an empty string. The server sends both in the same way.
        :type nulls: str
        :returns: The table.
        :rtype: pandas.DataFrame
        :raises InvalidArgumentException: There is no such tab or column, or the results were read from a file, so that
            nothing is known of the server.
        :raises FlowResultsMalformedException: There is no table in the output.
        :raises DatasetNotFoundException: The output is not stored in a table; the message says what to do.
        :raises DownloadFailureException: The table did not arrive whole, or has another number of rows by now.
        :raises FeatureNotFoundException: The server has no datasets; the message has the SQL to run.
        :raises MissingExtraException: Pandas, or with ``all_rows=True`` pyarrow, is not installed.

        Example:

        >>> len(results.operators["Row Filter"].to_dataframe())
        25
        >>> whole = results.operators["Row Filter"].to_dataframe(all_rows=True)
        >>> len(whole) == results.operators["Row Filter"].row_count
        True
        """
        part = self._first(tab)
        wanted = None if columns is None else names_of(columns)
        meaning = choice(nulls, "nulls", ("missing", "empty"))
        if flag(all_rows, "all_rows"):
            stored, table = self._whole(part)
            frame = stored.dataframe(self.name, table, wanted, meaning, part._said_rows)
            part._warn_of_other_rows(table, frame)
            frame.attrs["row_count"] = len(frame)
            return frame
        if wanted is not None or meaning != "missing":
            raise InvalidArgumentException("columns and nulls are for all_rows=True only.")
        frame = self._the_table(tab).to_dataframe()
        frame.attrs["row_count"] = part.row_count
        return frame

    def download(self, path: str | os.PathLike[str], tab: str | None = None) -> Path:
        """Download all rows of the output into a CSV file, as :meth:`alpine.dataset.Dataset.download` does.

        :param path: Where to write it: the path of a file, which is replaced, or a directory.
        :type path: str
        :param tab: The name of a tab; by default the first that contains a table.
        :type tab: str
        :returns: The path that was written.
        :rtype: pathlib.Path
        :raises LocalFileException: The file cannot be written.

        Other exceptions are those of :meth:`to_dataframe` with ``all_rows=True``.

        Example:

        >>> results.operators["Row Filter"].download("large_orders.csv").name
        'large_orders.csv'
        """
        target, part = target_path(path, "path"), self._first(tab)
        stored, table = self._whole(part)
        return stored.download(self.name, table, target, part._said_rows)

    def _warn_of_other_rows(self, table: str, frame: DataFrame) -> None:
        from alpine._results.same_rows import unlike_row

        known = self._table
        if known is not None and (row := unlike_row(known, frame)) is not None:
            warnings.warn(
                f"The table {table} does not have row {row} of these results of {self.name!r}: another run, or an "
                "operator that stores its output under the same name, has written it since. Run the workflow again, "
                "or let it store its outputs under names of their own.",
                stacklevel=3,
            )

    def _whole(self, part: OperatorOutput) -> tuple[StoredTables, str]:
        """What reads the table that a part was stored in, and the table's name."""
        if self._stored is None:
            raise InvalidArgumentException(
                "All rows are on the server, and these results do not know which one: they were saved, copied or read "
                "from a file. Take those of session.workfile.process.download_results(workflow_id, process_id)."
            )
        # An operator that reads a table names it among its facts.
        table = part.table_name or self.meta.get("TableName")
        if not table:
            part._the_table(None)
            raise DatasetNotFoundException(
                f"The results name no table for the output of {self.name!r}, so that it is not stored: it belongs to "
                "Hadoop, or to an operator that stores none. In the workflow, let an operator store it as a table (its "
                "output type TABLE, with a schema and a name), and run it again; or read what it is made of, "
                "with session.sql or session.dataset.to_dataframe."
            )
        return self._stored, table

    @property
    def row_count(self) -> int:
        """The number of rows of the whole table, of which at most 25 are returned."""
        return self._size()[1]

    @property
    def column_count(self) -> int:
        """The number of columns of the table."""
        return self._size()[0]

    @property
    def table_name(self) -> str | None:
        """The table in the data source that contains all rows; None if the server does not name it."""
        name = self._first()._data.get("tableName")
        return str(name) if name else None

    @property
    def messages(self) -> list[str]:
        """The server's messages about the output, including those about its tabs."""
        messages = []
        for part in (self, *self.tabs.values()):
            for key in ("errorMessages", "errorMessage"):
                said = part._data.get(key)
                messages += [str(message) for message in (said if isinstance(said, list) else [said]) if message]
        return messages

    @property
    def duration(self) -> timedelta | None:
        """How long the operator ran, in whole seconds; None if the output does not say."""
        start, end = self._moment("start from"), self._moment("end to")
        return end - start if start and end else None

    def plot(
        self,
        x: str | None = None,
        y: str | Sequence[str] | None = None,
        *,
        kind: str | None = None,
        tab: str | None = None,
        ax: Axes | None = None,
        **options: Any,
    ) -> Axes:
        """Draw the output: a confusion matrix, a model, curves of an evaluator, or columns of a table.

        Without ``x``, ``y`` and ``kind``, a confusion matrix is a heat map, coefficients of a regression have
        intervals of 95 %, a decision tree is drawn from the top down, centres of clusters are shaded by column, and the
        ROC or lift curves of all models share one picture.

        :param x: The column for the horizontal axis; by default the first that contains text, or else the row number.
        :type x: str
        :param y: The column to draw, or several; by default all that contain numbers.
        :type y: str
        :param kind: ``"line"``, ``"bar"``, ``"scatter"`` or ``"hist"``; by default bars for text in ``x``,
            otherwise lines.
        :type kind: str
        :param tab: The name of a tab.
        :type tab: str
        :param ax: The axes to draw in; by default a new figure is created.
        :type ax: matplotlib.axes.Axes
        :param options: More options of matplotlib, such as ``color``.
        :returns: The axes.
        :rtype: matplotlib.axes.Axes
        :raises InvalidArgumentException: There is no such tab or column, or it holds no numbers.
        :raises MissingExtraException: Matplotlib or pandas is not installed.

        Example:

        >>> results.operators["By Region"].plot("region", "total", kind="bar")
        """
        from alpine._results.plots import draw_heat_map, draw_model, draw_table

        if x is None and y is None and kind is None:
            parts = self._shown() if tab is None else {tab: self._tab(tab)}
            heat = next((part._heat_map for part in parts.values() if part._heat_map is not None), None)
            if heat is not None:
                return draw_heat_map(heat, ax, options)
            tables = {name: table for name, part in parts.items() if (table := part._table) is not None}
            if (drawn := draw_model(tables, ax, options)) is not None:
                return drawn
        return draw_table(self._the_table(tab), x, y, kind, ax, options)

    def _in_short(self) -> str:
        return f"<OperatorOutput {self.name!r}: {self.summary}>"

    @property
    def summary(self) -> str:
        """A short description of the output."""
        if tabs := self.tabs:
            return f"tabs {', '.join(map(repr, tabs))}"
        if self._table is None:
            return f"visual type {self.get('visualType')}"
        if self._heat_map is not None:
            return f"heat map of {len(self._heat_map.classes)} classes"
        return f"{html.count(self.row_count, 'row')}, {html.count(self.column_count, 'column')}"

    def _repr_html_(self) -> str:
        algorithm = self.meta.get("Algorithm name", "")
        facts = (algorithm, "" if self.tabs else self.summary, html.seconds(self.duration), self.table_name or "")
        return html.block(html.heading(self.name, *facts), self._html())

    @property
    def meta(self) -> dict[str, str]:
        """The server's metadata about the operator, such as ``Algorithm name``; may be empty."""
        entries = self.get("node_meta_info")
        pairs = [entry for entry in entries if isinstance(entry, list)] if isinstance(entries, list) else []
        return {str(pair[0]).strip().rstrip(":"): str(pair[1]) for pair in pairs if len(pair) == 2}

    def _html(self) -> str:
        from alpine._results.models import Centres

        parts = list(self._children())
        if parts:
            return "".join(
                html.folded(name, part._html(), unfolded=position < 2) for position, (name, part) in enumerate(parts)
            )
        table, heat = self._table, self._heat_map
        if table is not None and heat is not None:
            accuracy = "" if heat.accuracy is None else html.note(f"accuracy {heat.accuracy:.4f}")
            return html.table(table.columns, table.rows, table.numeric, heat.shade_of_cell) + accuracy
        if table is None:
            return html.note(f"This kind of output (visual type {self.get('visualType')}) is not shown here.")
        if (centres := Centres.of(table)) is not None:
            wide = centres.table
            return html.table(wide.columns, wide.rows, wide.numeric, centres.shade_of_cell)
        columns = table.columns[:COLUMNS_SHOWN]
        rows = [row[:COLUMNS_SHOWN] for row in table.rows[:ROWS_SHOWN]]
        more = [] if len(columns) == len(table.columns) else [f"{len(table.columns) - len(columns)} more columns"]
        if (hidden := self.row_count - len(rows)) > 0:
            more.append(f"{hidden:,} more rows")
        notes = [html.note(f"… {' and '.join(more)}")] if more else []
        notes += [html.note(message) for message in self.messages if not _SIZE.search(message)]
        chart, shown = _chart(table), html.table(columns, rows, table.numeric) + "".join(notes)
        return chart + html.folded("Table", shown, unfolded="Coefficient" in columns) if chart else shown

    @property
    def _data(self) -> Mapping[str, Any]:
        data = self.get("visualData")
        return data if isinstance(data, dict) else {}

    @property
    def _heat_map(self) -> HeatMap | None:
        from alpine._results.tables import HeatMap

        data = self._data.get("heatMapTable")
        return HeatMap.of(data) if isinstance(data, dict) else None

    @property
    def _table(self) -> Table | None:
        from alpine._results.tables import Table

        if self._heat_map is not None:
            return self._heat_map.table
        return Table.of(self._data) if {"items", "columns"} & self._data.keys() else None

    def _children(self) -> Iterator[tuple[str, OperatorOutput]]:
        data = self.get("visualData")
        names: dict[str, int] = {}
        for entry in data if isinstance(data, list) else []:
            if isinstance(entry, dict):
                part = OperatorOutput(entry)
                part._stored = self._stored
                names[part.name] = names.get(part.name, 0) + 1
                yield part.name if names[part.name] == 1 else f"{part.name} ({names[part.name]})", part

    def _walk(self, above: str) -> Iterator[tuple[str, OperatorOutput]]:
        for name, part in self._children():
            yield above + name, part
            yield from part._walk(f"{above}{name} / ")

    def _shown(self) -> dict[str, OperatorOutput]:
        return self.tabs or {self.name: self}

    def _tab(self, name: str) -> OperatorOutput:
        parts = self._shown()
        if name not in parts:
            raise InvalidArgumentException(
                f"{self.name!r} has no tab {name!r}.{nearest(str(name), parts)} "
                f"There are: {', '.join(map(repr, parts))}."
            )
        return parts[name]

    def _first(self, tab: str | None = None) -> OperatorOutput:
        """The first part that holds a table."""
        part = self if tab is None else self._tab(tab)
        return next((shown for shown in part._shown().values() if shown._table is not None), part)

    def _the_table(self, tab: str | None) -> Table:
        part = self._first(tab)
        table = part._table
        if table is None:
            raise FlowResultsMalformedException(
                f"The output of {part.name!r} (visual type {part.get('visualType')}) holds no table."
            )
        return table

    def _size(self) -> tuple[int, int]:
        part = self._first()
        if said := part._said_size():
            return said
        table = part._table
        return (len(table.columns), len(table.rows)) if table else (0, 0)

    def _said_size(self) -> tuple[int, int] | None:
        """The numbers of columns and rows that the server tells; None where it tells none."""
        for message in self.messages:
            if found := _SIZE.search(message):
                columns, rows = (int(re.sub(r"\D", "", number)) for number in found.groups())
                return columns, rows
        return None

    @property
    def _said_rows(self) -> int | None:
        said = self._said_size()
        return said[1] if said else None

    def _moment(self, label: str) -> datetime | None:
        said = next((value for name, value in self.meta.items() if name.casefold().endswith(label)), "")
        try:
            # Newer versions of Java put a narrow space before AM and PM.
            return datetime.strptime(said.replace("\u202f", " "), "%b %d, %Y %I:%M:%S %p")
        except ValueError:
            return None


def _chart(table: Table) -> str:
    """What a table of a model or of an evaluator looks like; nothing for any other."""
    from alpine._display import charts
    from alpine._results.models import Coefficients, Curve, TreeNode

    if (tree := TreeNode.of(table)) is not None:
        return charts.tree(tree)
    if (curve := Curve.of(table)) is not None:
        return charts.curve(curve.points, curve.x_title, curve.y_title, curve.baseline)
    if (found := Coefficients.of(table)) is not None:
        return charts.intervals(found.names, found.values, found.intervals)
    return ""
