"""What an operator's function is given, and what it gives back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine import document
from alpine.sandbox.engine.column_lists import columns_in
from alpine.sandbox.engine.database import PLACE, Cursor, Database, DatabaseTable
from alpine.sandbox.engine.expressions import condition, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.kept import Kept

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from alpine.afm import Operator

_PIG_COMPARISONS = {
    **{sign: (sign,) for sign in ("==", "!=", "<", "<=", ">", ">=")},
    "=": ("==",),
    "<>": ("!=",),
    "between": (">=", "<="),
}
_translations: Kept[str] = Kept()
_YES_OR_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}


@dataclass(frozen=True)
class Stored:
    """Where an output is kept.

    :param name: The table, ``schema.table``.
    :param is_view: Whether the flow calls it a view.
    """

    name: str
    is_view: bool


@dataclass
class Output:
    """What an operator left.

    :param table: What the next operators take as data.
    :param view: What the results show; the first rows of the table when left out.
    :param model: A model, for operators that take one.
    :param samples: The tables of a sampling, for the selectors that follow.
    :param meta: More lines for the results' meta information.
    :param has_meta: False where the server gives none.
    :param stored_as: The table that it is kept as; filled by the engine.
    :param name: The operator's name; filled by the engine.
    :param uuid: The operator's id in the file; filled by the engine.
    """

    table: DatabaseTable | None = None
    view: document.View | None = None
    model: Any = None
    samples: Sequence[DatabaseTable] = ()
    meta: list[list[str]] = field(default_factory=list)
    has_meta: bool = True
    stored_as: Stored | None = None
    name: str = ""
    uuid: str = ""


class Context:
    """One operator about to run: its parameters, its inputs and the run's database.

    :param operator: The operator, its variables replaced.
    :param inputs: What the operators before it left.
    :param cursor: The run's connection.
    :param database: Where loaded tables are found.
    :param data_source: Name of the data source that the flow is bound to.
    :param declared: For a source, the columns to make stand-in rows of; empty where there shall be none.
    :param on_file: Takes a file that the operator writes into the workspace.
    """

    def __init__(
        self,
        operator: Operator,
        inputs: Sequence[Output],
        cursor: Cursor,
        database: Database,
        data_source: str = "",
        declared: Sequence[tuple[str, str]] = (),
        on_file: Callable[[str, bytes], None] | None = None,
    ) -> None:
        self.operator = operator
        self._inputs = inputs
        self.database = database
        self.data_source = data_source
        self.declared = declared
        self.cursor = cursor
        self._on_file = on_file
        self.subject = ""
        """What the expression that comes next is for, as a failure begins with it, such as ``The column 'x':``."""
        self.is_hadoop: bool = operator.class_name.startswith(("Hadoop", "Copyto")) or ".hadoop." in operator.type

    @property
    def inputs(self) -> Sequence[Output]:
        """What the operators before it left."""
        return self._inputs

    def parameter(self, name: str, default: str = "") -> str:
        """A parameter, or the value of a field of a custom operator's dialog."""
        if name in self.operator.parameters:
            return self.operator.parameters[name]
        for element in self.operator.elements:
            for item in element.iter():
                if item.get("id") == name:
                    return _dialog_value(item, default)
        return default

    def flag(self, name: str) -> bool:
        """Whether a yes-or-no parameter says yes; one that is not there does not.

        :raises NodeFailure: It says neither.
        """
        text = self.parameter(name).strip()
        if text.lower() not in _YES_OR_NO:
            raise NodeFailure(f"The parameter {name} should be true or false, but it is {text!r}.")
        return _YES_OR_NO[text.lower()]

    def number(self, name: str, default: float) -> float:
        """A parameter that is a number.

        :raises NodeFailure: It is not.
        """
        text = self.parameter(name).strip()
        try:
            value = float(text) if text else default
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise NodeFailure(f"The parameter {name} should be a number, but it is {text!r}.")
        return value

    def whole(self, name: str, default: int, *, least: int = 0) -> int:
        """A parameter that is a whole number.

        :param least: The least that it can be.
        :raises NodeFailure: It is none, or less than that.
        """
        value = self.number(name, default)
        if value != int(value) or value < least:
            text = self.parameter(name).strip()
            raise NodeFailure(f"The parameter {name} should be a whole number from {least} on, but it is {text!r}.")
        return int(value)

    def listed(self, name: str) -> list[str]:
        """A parameter that is a list of names, parted by commas."""
        return [part.strip() for part in self.parameter(name).split(",") if part.strip()]

    def element(self, tag: str) -> Element | None:
        """The first model element of that tag."""
        return next((element for element in self.operator.elements if element.tag == tag), None)

    def required_element(self, tag: str) -> Element:
        """The first model element of that tag.

        :raises NodeFailure: There is none.
        """
        element = self.element(tag)
        if element is None:
            raise NodeFailure(f"The flow says nothing of what to do: <{tag}> is missing from the operator.")
        return element

    @property
    def planning(self) -> bool:
        """Whether the operator is only looked over, with tables that have no rows."""
        return False

    def needs_rows(self) -> None:
        """Say that what follows depends on the rows of the input; a look over the flow before it runs ends here.

        An operator calls it once its options and columns are checked, where the columns of its output depend on the
        rows, or where it refuses tables with too few of them.
        """

    def write_file(self, name: str, content: bytes) -> None:
        """Put a file into the workspace of the flow; nowhere, where the engine runs without a server.

        :param name: Its name.
        :param content: Its content.
        """
        if self._on_file is not None and not self.planning:
            self._on_file(name, content)

    def check_zeros(self, table: DatabaseTable, columns: Sequence[str]) -> None:
        """Make sure that it is certain which rows of Hadoop have the same values in some columns.

        Pig's operator ``==`` tells 0.0 from -0.0; whether GROUP, DISTINCT and JOIN do is not known.

        :param columns: The columns.
        :raises NodeFailure: One holds a -0.0.
        """
        if not self.is_hadoop or self.planning:
            return
        for column in columns:
            if table.type_of(column) not in ("FLOAT", "DOUBLE"):
                continue
            name = quoted(column)
            if self.cursor.fetch(f"SELECT 1 FROM {table.sql} WHERE {name} = 0 AND signbit({name}) LIMIT 1"):
                raise NodeFailure(
                    f"The column {column!r} holds -0.0, and whether Hadoop takes it for the same value as 0.0 is not "
                    f"public. Derive {column} + 0.0 before, which is 0.0 then."
                )

    def grouped_by(self, columns: Sequence[str]) -> DatabaseTable:
        """The input, where its rows are put into groups by some columns: a database has one zero, which is 0.0 here.

        PostgreSQL shows the zero of the group's first row, DuckDB that of whichever thread comes first.

        :param columns: The columns.
        :raises NodeFailure: Hadoop groups by a column that holds a -0.0.
        """
        table = self.table
        self.check_zeros(table, columns)
        zeros = [quoted(column) for column in self.with_two_zeros(table, columns)]
        if not zeros:
            return table
        replaced = ", ".join(f"CASE WHEN {name} = 0 THEN 0 ELSE {name} END AS {name}" for name in zeros)
        own = ", ".join(map(quoted, table.columns))
        return self.cursor.make(f"SELECT {own} FROM (SELECT * REPLACE ({replaced}) FROM {table.rows}) ORDER BY {PLACE}")

    def with_two_zeros(self, table: DatabaseTable, columns: Sequence[str]) -> list[str]:
        """Those of some columns that hold both 0.0 and -0.0."""
        doubles = [table.find(column) for column in columns if table.type_of(column) in ("FLOAT", "DOUBLE")]
        if not doubles or self.planning:
            return []
        signs = (f"count(DISTINCT signbit({name})) FILTER (WHERE {name} = 0)" for name in map(quoted, doubles))
        [found] = self.cursor.fetch(f"SELECT {', '.join(signs)} FROM {table.sql}")
        return [column for column, count in zip(doubles, found, strict=True) if count > 1]

    def tables(self) -> list[DatabaseTable]:
        """The tables that come in, in the order of the links."""
        return [entry.table for entry in self.inputs if entry.table is not None]

    @property
    def table(self) -> DatabaseTable:
        """The one table that comes in.

        :raises NodeFailure: None does, or more than one.
        """
        tables = self.tables()
        if len(tables) != 1:
            raise NodeFailure(f"The operator takes one table as input, but {len(tables)} are linked to it.")
        return tables[0]

    def columns(self, name: str = "columnNames") -> list[str]:
        """The columns of the input that a parameter names, in the table's own spelling."""
        return list(dict.fromkeys(columns_in(self.parameter(name), self.table)))

    def column(self, name: str) -> str:
        """The one column of the input that a parameter names; empty when it names none.

        :raises NodeFailure: It names several.
        """
        found = self.columns(name)
        if len(found) > 1:
            raise NodeFailure(f"The parameter {name} should name one column, but it names {len(found)}.")
        return found[0] if found else ""

    def expression(
        self,
        text: str,
        data_type: str = "",
        *,
        tables: Mapping[str, DatabaseTable] | None = None,
        keys: Sequence[str] | None = None,
    ) -> str:
        """An expression of the flow as SQL of the sandbox's database, which means what it means on the server.

        :param text: The expression: Pig where the operator belongs to Hadoop, else PostgreSQL's SQL.
        :param data_type: The type that it is cast to, as a flow writes it; may be empty.
        :param tables: The tables that it sees, by their aliases; the input's when left out.
        :param keys: For aggregates, the columns by which rows are grouped; None where they are not.
        :raises NodeFailure: It is not an expression the sandbox can take, or the type is not known.
        """
        if self.is_hadoop:
            return self._pig(text, data_type=data_type, keys=keys)
        from alpine.sandbox.engine import sql

        last = PLACE, PLACE if keys is None else ", ".join(map(quoted, keys))
        return f"({_translated(sql.column, text, self._seen(tables), data_type, last)})"

    def condition(self, text: str) -> str:
        """An expression that chooses rows.

        :param text: The expression.
        :raises NodeFailure: It is not an expression the sandbox can take, or no condition.
        """
        if self.is_hadoop:
            return self._pig(text, is_condition=True)
        from alpine.sandbox.engine import sql

        return f"({_translated(sql.condition, text, self._seen(None))})"

    def compared(
        self, left: str, comparison: str, right: str, tables: Mapping[str, DatabaseTable] | None = None
    ) -> str:
        """Two expressions with a comparison between them, as a condition; not for Hadoop.

        :param comparison: ``=``, ``<>``, ``<``, ``<=``, ``>`` or ``>=``.
        :param tables: The tables that they see, by their aliases; the input's when left out.
        :raises NodeFailure: PostgreSQL does not compare the two, or the sandbox cannot take one of them.
        """
        from alpine.sandbox.engine import sql

        return f"({_translated(sql.compared, left, comparison, right, self._seen(tables))})"

    def filtered(self, text: str) -> str:
        """A script that chooses rows, as the SQL that follows the table: WHERE, ORDER BY and LIMIT; not for Hadoop.

        :param text: What the flow has after WHERE.
        :raises NodeFailure: The sandbox cannot take it.
        """
        from alpine.sandbox.engine import sql

        # Threads would have rows that are equal in the order come in any.
        return sql.where(text, self._seen(None), PLACE)

    def _seen(self, tables: Mapping[str, DatabaseTable] | None) -> dict[str, list[tuple[str, str]]]:
        """The columns that an expression sees, with their types, by the alias of their table."""
        if tables is not None:
            return {alias: list(zip(table.columns, table.types, strict=True)) for alias, table in tables.items()}
        found = [entry.table for entry in self.inputs if entry.table is not None]
        return {"": [pair for table in found for pair in zip(table.columns, table.types, strict=True)]}

    def comparison(self, column: str, operator: str, first: str, second: str) -> str:
        """One condition of a row filter.

        :param column: The column.
        :param operator: The comparison, as the flow writes it.
        :param first: The value it compares to, as the flow writes it.
        :param second: The other value of a ``between``.
        :raises NodeFailure: The comparison is not known, or the two cannot be compared.
        """
        kind = " ".join(operator.lower().replace("_", " ").split())
        if not self.is_hadoop or kind not in _PIG_COMPARISONS:
            is_text = self.table.type_of(column) == "VARCHAR"
            compare = None if self.is_hadoop else self.compared
            return condition(quoted(column), operator, first, second, self.expression, compare, is_text=is_text)
        from alpine.sandbox.engine.pig import comparison

        signs = zip(_PIG_COMPARISONS[kind], (first, second), strict=False)
        return " AND ".join(_translated(comparison, column, sign, value, self._pig_columns()) for sign, value in signs)

    def _pig(self, text: str, **options: Any) -> str:
        from alpine.sandbox.engine.pig import to_sql

        return _translated(to_sql, text, self._pig_columns(), **options)

    def _pig_columns(self) -> dict[str, str]:
        tables = [entry.table for entry in self.inputs if entry.table is not None]
        return dict(zip(tables[0].columns, tables[0].types, strict=True)) if len(tables) == 1 else {}

    def select(self, what: str, rest: str = "", table: DatabaseTable | None = None) -> Output:
        """Keep ``SELECT what FROM`` the input as the output table.

        :param what: SQL after SELECT.
        :param rest: SQL after the table's name.
        :param table: What stands for the input; the input itself when left out.
        """
        table = table or self.table
        source = table.rows if PLACE in what + rest else table.sql
        return Output(self.cursor.make(f"SELECT {what} FROM {source} {rest}"))

    def dataframe(self) -> Any:
        """The input table as a pandas DataFrame.

        :raises NodeFailure: No table comes in, or more than one.
        """
        return self._frame(self.table)

    def dataframes(self) -> list[Any]:
        """All tables that come in, as pandas DataFrames, in the order of the links."""
        return [self._frame(table) for table in self.tables()]

    def show(self, table: DatabaseTable) -> document.TableView:
        """The first rows of a table, as a result shows them."""
        shown = ", ".join(map(_shown, table.columns, table.types))
        # A table's rows come in their order where nothing else is asked for; to sort them would read them all.
        rows = self.cursor.fetch(f"SELECT {shown} FROM {table.sql} LIMIT {document.PREVIEW}")
        # Pig's bigdecimals have as many places as they need, and the sandbox's columns of them have 18.
        bare = [self.is_hadoop and kind == "DECIMAL(38,18)" for kind in table.types]
        return document.TableView(
            table.columns,
            [document.kind_of(kind) for kind in table.types],
            [
                [
                    _without_zeros(value) if is_bare else document.cell(value)
                    for value, is_bare in zip(row, bare, strict=True)
                ]
                for row in rows
            ],
            document.limited(len(table.columns), table.count),
            self._table_name(),
        )

    def _frame(self, table: DatabaseTable) -> Any:
        return self.cursor.dataframe(f"SELECT * EXCLUDE ({PLACE}) FROM {table.rows} ORDER BY {PLACE}")

    def stored_as(self) -> Stored | None:
        """The table that the flow wants the output to be kept as; None where it does not say.

        :raises NodeFailure: It is there, and the flow does not want it dropped.
        """
        name = self._table_name()
        drop = self.parameter("dropIfExist").strip().lower() or "yes"
        if name and not _YES_OR_NO.get(drop, True) and self.database.find(name):
            raise NodeFailure(f"The table {name!r} exists already, and the operator's option dropIfExist says no.")
        return Stored(name, self.parameter("outputType").strip().upper() == "VIEW") if name else None

    def _table_name(self) -> str | None:
        schema, table = self.parameter("outputSchema"), self.parameter("outputTable")
        return f"{schema}.{table}" if schema and table else None


def _translated(function: Callable[..., str], *arguments: Any, **options: Any) -> str:
    """What a translation gives; a run asks for all that the look over its flow has asked for."""
    return _translations.get(
        f"{function.__module__}.{function.__name__}{arguments}{options}", lambda: function(*arguments, **options)
    )


def _shown(column: str, kind: str) -> str:
    """A column as a result shows it, where the text of its values in Python is another."""
    name = quoted(column)
    if kind.startswith(("TIME", "DATE")):
        # DuckDB 1 asks for pytz to give values with a zone away; Python has no infinity, no year before 1, and
        # writes all digits of a fraction of a second.
        return f"regexp_replace(CAST({name} AS VARCHAR), '^(.*) \\(BC\\)(.*)$', '\\1\\2 BC')"
    if kind == "INTERVAL":
        return f"regexp_replace(CAST({name} AS VARCHAR), '\\bmonth', 'mon')"
    return f"'\\x' || lower(hex({name}))" if kind == "BLOB" else name


def _without_zeros(value: Decimal | None) -> str:
    text = document.cell(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def texts(column: str) -> str:
    """A column as text, in SQL."""
    return f"CAST({quoted(column)} AS VARCHAR)"


def unique(columns: Sequence[str]) -> Sequence[str]:
    """The names of the columns of a table that is to be made.

    :raises NodeFailure: Two are the same; the database would give one of them another name.
    """
    seen: dict[str, str] = {}
    for column in columns:
        other = seen.get(column.lower())
        if other is not None:
            what = repr(column) if other == column else f"{other!r} and {column!r}, which differ in capitals alone"
            raise NodeFailure(f"Two columns of the output would be called {what}. Give one of them another name.")
        seen[column.lower()] = column
    return columns


def tabulate(rows: Sequence[Sequence[Any]], columns: Sequence[str], messages: Sequence[str] = ()) -> document.TableView:
    """Computed rows as a result shows them."""
    numeric = [all(isinstance(row[i], int | float) for row in rows) and bool(rows) for i in range(len(columns))]
    kinds = ["number" if is_number else "cate" for is_number in numeric]
    return document.TableView(columns, kinds, [[document.cell(value) for value in row] for row in rows], messages)


def _dialog_value(item: Element, default: str) -> str:
    if "value" in item.attrib or "selectedPath" in item.attrib:
        return item.get("value", item.get("selectedPath", default))
    chosen = [value.get("value", "") for value in item.iter("SelectedValue")]
    chosen += [value.get("value", "") for group in item.iter("SelectedValues") for value in group.iter("Value")]
    return ",".join(value for value in chosen if value) or default
