"""What PostgreSQL computes while it plans, whatever rows there are: parts of an expression that hold no column.

PostgreSQL fails then, where such a part does: ``case when i = 0 then 1 / 0 else 1 end`` fails on a table without rows
as well. DuckDB fails where a row comes to it, or never. So the parts are computed here before a query has them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.sql.errors import in_words
from alpine.sandbox.engine.sql.typed import NULL, Typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot import exp

CALL = "call"
"""An immutable function: computed where all that it takes is known; null where one argument is."""
SAFE = "safe"
"""Such a function that fails for no argument."""
LAX = "lax"
"""One that takes a null as any other value."""
STABLE = "stable"
"""A function that depends on a setting of the session: it is not computed, unless it has to be null."""
ROW = "row"
"""Of a row, of many rows, or another one each time."""
ROWS_OF_VALUES = "rows"
"""AND of tests of rows of values, each of which is computed."""
CASE, COALESCE, AND, OR = "case", "coalesce", "and", "or"
"""Those that leave out what they do not come to; the parts of a CASE are its tests, each with its result, and ELSE."""

_UNSURE = frozenset({"B", "S"})
_PER_ROW = frozenset({ROW, STABLE})
_settings = (
    "SET GLOBAL integer_division = true",
    "SET TimeZone = 'UTC'",
    "SET memory_limit = '256MB'",
    "SET temp_directory = ''",
    # It would take what stands twice out of a branch that is not come to.
    "PRAGMA disable_optimizer",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


class Fails(Exception):
    """A part that PostgreSQL computes beforehand fails.

    :param reason: Why, in PostgreSQL's words.
    :param node: Where.
    """

    def __init__(self, reason: str, node: exp.Expression | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.node = node


def look_at(value: Typed, columns: Callable[[], list[tuple[str, str, str]]]) -> None:
    """Compute what PostgreSQL computes of an expression while it plans, where that could fail.

    :param value: The expression.
    :param columns: Gives what it sees: for each column its table's alias, its name and its type, as DuckDB writes them.
    :raises Fails: PostgreSQL fails, whatever rows there are.
    """
    if _Shape().can_fail_before(value):
        _Folding(_none_of(columns())).all_of(value)


def is_known(value: Typed) -> bool:
    """Whether no row has a say in a value, and no setting of the session."""
    return _Shape().is_fixed(value)


def sees_columns(value: Typed) -> bool:
    """Whether a column has a say in a value."""
    return _Shape().sees_columns(value)


def _is_leaf(value: Typed) -> bool:
    return value.constant is not None or not (value.parts or value.how)


def _is_constant(leaf: Typed) -> bool:
    return leaf.constant is not None or leaf.sql in ("NULL", "TRUE", "FALSE") or leaf.sql.startswith("CAST(NULL AS ")


def _may_fail(value: Typed) -> bool:
    """Whether a function fails for some arguments; of DuckDB's own, those that give a text or a truth do not."""
    if value.how not in ("", CALL, LAX):
        return False
    return value.can_fail or value.type.category not in _UNSURE


def _needs_all(value: Typed) -> bool:
    """Whether one argument alone is computed, and a null among the others does not hide its failure."""
    return value.how in ("", CALL) and sum(part.constant is None for part in value.parts) == 1


class _Shape:
    """What the kinds of functions tell of an expression, without a value of any of them."""

    def __init__(self) -> None:
        self._known: dict[int, bool] = {}
        self._fails: dict[int, bool] = {}
        self._fixed: dict[int, bool] = {}
        self._seeing: dict[int, bool] = {}

    def is_fixed(self, value: Typed) -> bool:
        """Whether it consists of constants and immutable functions alone."""
        if _is_leaf(value):
            return _is_constant(value)
        if id(value) not in self._fixed:
            self._fixed[id(value)] = value.how not in _PER_ROW and all(self.is_fixed(part) for part in value.parts)
        return self._fixed[id(value)]

    def sees_columns(self, value: Typed) -> bool:
        """Whether a column stands in it."""
        if not value.parts:
            return value.how == ROW
        if id(value) not in self._seeing:
            self._seeing[id(value)] = any(self.sees_columns(part) for part in value.parts)
        return self._seeing[id(value)]

    def may_be_known(self, value: Typed) -> bool:
        """Whether PostgreSQL could know it before it sees a row."""
        if _is_leaf(value):
            return _is_constant(value)
        if id(value) not in self._known:
            found = [self.may_be_known(part) for part in value.parts]
            if value.how in (CASE, COALESCE, AND, OR, ROWS_OF_VALUES):
                known = any(found)
            else:
                # A null among the arguments is enough.
                known = value.how != ROW and ((all(found) and value.how != STABLE) or any(self._nulls(value, found)))
            self._known[id(value)] = known
        return self._known[id(value)]

    def _nulls(self, value: Typed, found: list[bool]) -> Iterator[bool]:
        for part, known in zip(value.parts, found, strict=True):
            yield known and (not _is_leaf(part) or (part.constant is None and part.type.name != "bool"))

    def can_fail_before(self, value: Typed) -> bool:
        """Whether a part could fail while PostgreSQL plans."""
        if _is_leaf(value):
            return False
        if id(value) not in self._fails:
            # All parts: each of them is looked at but once, and a loop is not as deep.
            self._fails[id(value)] = any(self.can_fail_before(part) for part in value.parts) or (
                _may_fail(value) and all(self.may_be_known(part) for part in value.parts)
            )
        return self._fails[id(value)]


class _Folding:
    """Goes through an expression as PostgreSQL's planner does.

    :param rows: A FROM that gives each column, with a null.
    """

    def __init__(self, rows: str) -> None:
        self._rows = rows
        self._known: dict[int, bool] = {}
        self._shape = _Shape()
        self._kept: dict[int, Typed] = {}
        """What is left of those that leave parts out."""

    def all_of(self, value: Typed) -> None:
        """Compute what is known of a whole expression."""
        if self.known(value, None):
            self._settle(value, None)

    def known(self, value: Typed, node: exp.Expression | None) -> bool:
        """Whether PostgreSQL knows a value; what it has to compute to find out is computed."""
        if _is_leaf(value):
            return _is_constant(value)
        if id(value) not in self._known:
            self._known[id(value)] = self._look_at(value, value.node or node)
        return self._known[id(value)]

    def _look_at(self, value: Typed, node: exp.Expression | None) -> bool:
        if value.how == CASE:
            return self._case(value, node)
        if value.how == COALESCE:
            return self._coalesce(value, node)
        if value.how in (AND, OR):
            return self._joined(value, value.how, node)
        found = [part for part in value.parts if self.known(part, node)]
        is_whole = len(found) == len(value.parts)
        if not (is_whole and _needs_all(value)):
            for part in found:
                self._settle(part, node)
        if value.how == ROWS_OF_VALUES:
            # A row of constants is a constant, whose values PostgreSQL does not look at one by one.
            return not is_whole and self._joined(value, AND, node)
        if is_whole and value.how not in (ROW, STABLE):
            return True
        return value.how not in (ROW, LAX) and any(self._text(part, node) is None for part in found)

    def _case(self, value: Typed, node: exp.Expression | None) -> bool:
        parts, is_open = value.parts, False
        for test, result in zip(parts[:-1:2], parts[1::2], strict=True):
            truth = self._text(test, node) if self.known(test, node) else ""
            if truth in (None, "false"):
                continue
            is_open |= truth != "true"
            if self._keep(value, result, is_open, node) or truth == "true":
                return not is_open and id(value) in self._kept
        return self._keep(value, parts[-1], is_open, node)

    def _keep(self, value: Typed, result: Typed, is_open: bool, node: exp.Expression | None) -> bool:
        """Whether a result is the value of a CASE; where it only may be, it is computed here."""
        if not self.known(result, node):
            return False
        if is_open:
            self._settle(result, node)
            return False
        self._kept[id(value)] = result
        return True

    def _coalesce(self, value: Typed, node: exp.Expression | None) -> bool:
        is_open = False
        for part in value.parts:
            if not self.known(part, node):
                is_open = True
                continue
            self._kept[id(value)] = part
            if self._text(part, node) is not None:
                break
        return not is_open

    def _joined(self, value: Typed, word: str, node: exp.Expression | None) -> bool:
        stop, rest = ("FALSE", "TRUE") if word == AND else ("TRUE", "FALSE")
        is_open = has_null = False
        for part in value.parts:
            if not self.known(part, node):
                is_open = True
                continue
            truth = self._text(part, node)
            has_null |= truth is None
            if truth == stop.lower():
                self._kept[id(value)] = Typed(stop, value.type)
                return True
        self._kept[id(value)] = NULL if has_null else Typed(rest, value.type)
        return not is_open

    def _settle(self, value: Typed, node: exp.Expression | None) -> None:
        if self._shape.can_fail_before(value):
            self._text(value, node)

    def _text(self, value: Typed, node: exp.Expression | None) -> str | None:
        """The text of a value that is known; of one of a type that has no say, any."""
        if value.constant is not None or value.sql in ("TRUE", "FALSE"):
            return value.constant or value.sql.lower()
        if value.sql == "NULL" or value.sql.startswith("CAST(NULL AS "):
            return None
        if id(value) in self._kept:
            return self._text(self._kept[id(value)], node)
        rows = "" if self._shape.is_fixed(value) else self._rows
        text, reason = _computed(f"SELECT CAST({value.sql} AS VARCHAR){rows}")
        if reason is None:
            return text
        node = value.node or node
        if _needs_all(value):
            # The place of what fails inside of it.
            for part in value.parts:
                self._settle(part, node)
        raise Fails(reason, node)


def _none_of(columns: Sequence[tuple[str, str, str]]) -> str:
    tables: dict[str, list[str]] = {}
    for alias, name, kind in columns:
        tables.setdefault(alias, []).append(f"CAST(NULL AS {kind}) AS {name}")
    listed = (f"(SELECT {', '.join(names)}){f' AS {alias}' if alias else ''}" for alias, names in tables.items())
    return f" FROM {', '.join(listed)}" if tables else ""


_lock = threading.Lock()
_connections: list[Any] = []


@lru_cache(maxsize=500)
def _computed(query: str) -> tuple[str | None, str | None]:
    """The text that a query gives, and None; or None, and why it fails."""
    import duckdb

    with _lock:
        try:
            found = _connection().execute(query).fetchone()
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException):
            # What DuckDB does not take, the query of the rows refuses in its own words.
            return "", None
        except duckdb.Error as error:
            return None, in_words(str(error).partition("\n\nLINE")[0].strip())
        return (None if found is None else found[0]), None


def _connection() -> Any:
    """A database without tables, opened when it is first used."""
    if not _connections:
        import duckdb

        from alpine.sandbox.engine.sql.register import register

        connection = duckdb.connect(":memory:", config={"threads": 1})
        register(connection, by_row=True)
        for statement in _settings:
            connection.execute(statement)
        _connections.append(connection)
    return _connections[0]
