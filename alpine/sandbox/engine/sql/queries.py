"""A SELECT of a user's: vetted part by part, and translated for DuckDB.

Each table is looked up among those that the user may read, and each expression goes through the translator, so that
nothing of the text reaches the database as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.sql import windows
from alpine.sandbox.engine.sql.casts import as_column, sortable
from alpine.sandbox.engine.sql.columns import Columns
from alpine.sandbox.engine.sql.parse import parse, refusal, shown
from alpine.sandbox.engine.sql.translator import Translator
from alpine.sandbox.engine.sql.typed import Typed

if TYPE_CHECKING:
    from sqlglot import exp

    from alpine.sandbox.engine.tables import DatabaseTable

Find = Callable[[str, str], "DatabaseTable | None"]
"""Finds a table by the names of its schema, which may be empty, and its own."""

_PARTS = frozenset({"expressions", "from", "from_", "joins", "where", "group", "having", "order", "limit", "offset"})
_ALLOWED = _PARTS | {"distinct", "kind", "hint"}
_OUTER = {"LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN"}


@dataclass(frozen=True)
class Query:
    """A SELECT for DuckDB.

    :param sql: The SELECT; its columns are called ``c0``, ``c1`` and so on.
    :param names: Their names in PostgreSQL, where two may have the same.
    """

    sql: str
    names: Sequence[str]


def query(text: str, find: Find) -> Query:
    """A SELECT of PostgreSQL's as one of DuckDB's.

    :param text: The SELECT.
    :param find: Finds its tables.
    :raises NodeFailure: PostgreSQL refuses it, or the sandbox does.
    """
    stripped = text.strip().removesuffix(";").rstrip()
    if not stripped:
        raise NodeFailure("There is no statement.")
    verb = stripped.split(None, 1)[0].upper()
    tree = parse(stripped, is_query=True) if verb in ("SELECT", "WITH", "(SELECT") else None
    if tree is None:
        raise NodeFailure(f"The sandbox runs SELECT only, not {shown(verb)}.")
    return _Select(stripped, tree, find).translated()


class _Select:
    """One SELECT on its way."""

    def __init__(self, text: str, tree: exp.Expression, find: Find) -> None:
        self._text, self._tree, self._find = text, tree, find
        self._tables: dict[str, list[tuple[str, str]]] = {}
        self._translator = Translator(text, Columns(self._tables))

    def translated(self) -> Query:
        args = self._tree.args
        given = {key for key, value in args.items() if value not in (None, False, [])}
        if type(self._tree).__name__ != "Select":
            raise self._unknown(type(self._tree).__name__.upper())
        if extra := sorted(given - _ALLOWED) or sorted(given & {"hint", "kind"}):
            raise self._unknown(extra[0].strip("_").upper())
        source = self._source()
        names, values = self._columns()
        columns = [as_column(value) for value in values]
        what = ", ".join(f"{value.sql} AS c{place}" for place, value in enumerate(columns))
        parts = [f"SELECT {self._distinct()}{what}", source]
        if args.get("where") is not None:
            parts.append(f"WHERE {self._translator.tested(args['where'].args['this']).sql}")
        if args.get("group") is not None:
            parts.append(self._group(names, values))
        if args.get("having") is not None:
            value = self._translator.whole(args["having"].args["this"])
            if value.aggregates == "window":
                raise self._translator.failure("HAVING cannot hold a window function", None)
            parts.append(f"HAVING {self._translator.truth(value, args['having'], 'HAVING').sql}")
        if args.get("order") is not None:
            keys = [self._sort_key(item, names, columns) for item in args["order"].args["expressions"]]
            parts.append(f"ORDER BY {', '.join(keys)}")
        parts += [self._number(args.get(key), key) for key in ("limit", "offset") if args.get(key) is not None]
        return Query(" ".join(filter(None, parts)), names)

    def _unknown(self, what: str) -> NodeFailure:
        return NodeFailure(f"The sandbox does not know {what} here: {shown(self._text)}")

    # Tables

    def _source(self) -> str:
        begin = self._tree.args.get("from") or self._tree.args.get("from_")
        if begin is None:
            return ""
        parts = [f"FROM {self._table(begin.args['this'])}"]
        for join in self._tree.args.get("joins") or []:
            given = {key for key, value in join.args.items() if value not in (None, False, [], "")}
            if extra := given - {"this", "on", "side", "kind"}:
                raise self._unknown(f"JOIN … {sorted(extra)[0].upper()}")
            side, kind = (str(join.args.get(key) or "").upper() for key in ("side", "kind"))
            table = self._table(join.args["this"])
            condition = join.args.get("on")
            if condition is None:
                if side or kind not in ("", "CROSS"):
                    raise refusal("A JOIN needs a condition after ON", self._text, None)
                parts.append(f"CROSS JOIN {table}")
                continue
            if kind not in ("", "INNER", "OUTER") or (side and side not in _OUTER):
                raise self._unknown(f"{side} {kind} JOIN".strip())
            parts.append(f"{_OUTER.get(side, 'JOIN')} {table} ON {self._translator.tested(condition).sql}")
        return " ".join(parts)

    def _table(self, node: exp.Expression) -> str:
        kind = type(node).__name__
        if kind == "Subquery":
            return self._subquery(node)
        extra = [key for key, value in node.args.items() if key not in ("this", "db", "alias") and value]
        name = node.args.get("this")
        if kind != "Table" or extra or type(name).__name__ != "Identifier":
            raise refusal("The sandbox takes a table here, by its name", self._text, None)
        schema = node.args.get("db")
        asked = [_folded(part) if part is not None else "" for part in (schema, name)]
        table = self._find(*asked)
        if table is None:
            raise NodeFailure(f'relation "{".".join(filter(None, asked))}" does not exist')
        alias = self._alias(node) or asked[1]
        return self._named(alias, table.sql, list(zip(table.columns, table.types, strict=True)))

    def _subquery(self, node: exp.Expression) -> str:
        extra = [key for key, value in node.args.items() if key not in ("this", "alias") and value]
        alias = self._alias(node)
        if extra or not alias:
            raise refusal("A SELECT after FROM needs a name of its own", self._text, None)
        inner = _Select(self._text, node.args["this"], self._find)
        found = inner.translated()
        if len(set(found.names)) < len(found.names):
            raise NodeFailure(f"Two columns of {alias!r} have the same name; give one of them another by AS.")
        what = ", ".join(f"c{place} AS {quoted(name)}" for place, name in enumerate(found.names))
        kinds = [value.type.duckdb for value in inner.values]
        return self._named(alias, f"(SELECT {what} FROM ({found.sql}))", list(zip(found.names, kinds, strict=True)))

    def _alias(self, node: exp.Expression) -> str:
        alias = node.args.get("alias")
        if alias is None:
            return ""
        if alias.args.get("columns"):
            raise self._unknown("names of columns after a table's")
        return _folded(alias.args["this"])

    def _named(self, alias: str, sql: str, columns: list[tuple[str, str]]) -> str:
        if alias in self._tables:
            raise NodeFailure(f'table name "{alias}" specified more than once')
        self._tables[alias] = columns
        return f"{sql} AS {quoted(alias)}"

    # Columns

    def _columns(self) -> tuple[list[str], list[Typed]]:
        names: list[str] = []
        self.values: list[Typed] = []
        for item in self._tree.args.get("expressions") or []:
            table = self._starred(item)
            if table is not None:
                for alias in [table] if table else self._tables:
                    for name, _ in self._tables[alias]:
                        names.append(name)
                        self.values.append(
                            as_column(Columns({alias: self._tables[alias]}).find(name, True, None, False))
                        )
                continue
            node, name = item, ""
            if type(item).__name__ == "Alias":
                node, name = item.args["this"], _folded(item.args["alias"])
            names.append(name or _name_of(node))
            self.values.append(as_column(self._translator.whole(node)))
        if not names:
            raise NodeFailure("There are no columns after SELECT.")
        return names, self.values

    def _starred(self, item: exp.Expression) -> str | None:
        """The table of a star; empty for all of them, None where it is no star."""
        star = item.args.get("this") if type(item).__name__ == "Column" else item
        if type(star).__name__ != "Star":
            return None
        if any(value for value in star.args.values()) or not self._tables:
            raise refusal("SELECT * needs tables, and nothing after the star", self._text, None)
        table = item.args.get("table") if star is not item else None
        if table is None:
            return ""
        name = _folded(table)
        if name not in self._tables:
            raise NodeFailure(f'missing FROM-clause entry for table "{name}"')
        return name

    def _distinct(self) -> str:
        distinct = self._tree.args.get("distinct")
        if not distinct:
            return ""
        if distinct.args.get("on"):
            raise self._unknown("DISTINCT ON")
        return "DISTINCT "

    def _group(self, names: list[str], values: list[Typed]) -> str:
        group = self._tree.args["group"]
        extra = [key for key, value in group.args.items() if key != "expressions" and value]
        if extra:
            raise self._unknown(f"GROUP BY {extra[0].upper()}")
        keys = []
        for item in group.args["expressions"]:
            place = self._place(item, names)
            if place is None and type(item).__name__ == "Column" and not self._has_column(item):
                place = self._by_name(item, names)
            value = values[place] if place is not None else sortable(self._translator.whole(item))
            if value.aggregates:
                raise self._translator.failure("GROUP BY cannot hold an aggregate", item)
            keys.append(value.sql)
        return f"GROUP BY {', '.join(keys)}"

    def _has_column(self, item: exp.Expression) -> bool:
        try:
            self._translator.node(item)
        except NodeFailure:
            return False
        return True

    def _sort_key(self, item: exp.Expression, names: list[str], columns: Sequence[Typed]) -> str:
        key = item.args["this"]
        place = self._place(key, names)
        if place is None:
            place = self._by_name(key, names)
        if place is None:
            return windows.order_by(self._translator, [item]).removeprefix("ORDER BY ")
        is_descending, first = bool(item.args.get("desc")), item.args.get("nulls_first")
        nulls = "FIRST" if (is_descending if first is None else first) else "LAST"
        return f"{columns[place].sql} {'DESC' if is_descending else 'ASC'} NULLS {nulls}"

    def _place(self, item: exp.Expression, names: list[str]) -> int | None:
        """The column that a number means."""
        if type(item).__name__ != "Literal":
            return None
        text = str(item.args["this"])
        if item.args.get("is_string") or not text.isdigit() or not 0 < int(text) <= len(names):
            raise refusal(f"There is no column at position {shown(text)} of the SELECT", self._text, None)
        return int(text) - 1

    def _by_name(self, item: exp.Expression, names: list[str]) -> int | None:
        """The column that has the name of a bare word."""
        if type(item).__name__ != "Column" or item.args.get("table") is not None:
            return None
        name = item.args["this"]
        wanted = _folded(name) if type(name).__name__ == "Identifier" else ""
        return names.index(wanted) if names.count(wanted) == 1 else None

    def _number(self, node: Any, key: str) -> str:
        count = node.args.get("expression")
        extra = [name for name, value in node.args.items() if name not in ("expression", "this") and value]
        is_plain = type(count).__name__ == "Literal" and str(count.args["this"]).isdigit()
        if type(node).__name__.lower() != key or extra or node.args.get("this") or not is_plain:
            raise refusal(f"{key.upper()} needs a whole number", self._text, None)
        return f"{key.upper()} {int(str(count.args['this']))}"


def _folded(identifier: Any) -> str:
    """A name as PostgreSQL reads it: in small letters, unless it is in quotes."""
    name = str(identifier.name)
    return name if identifier.args.get("quoted") else name.lower()


def _name_of(node: exp.Expression) -> str:
    """The name that PostgreSQL gives a column without one."""
    match type(node).__name__:
        case "Column":
            return str(node.name)
        case "Anonymous":
            return str(node.args["this"]).lower()
        case "Paren" | "Filter" | "Window" | "WithinGroup":
            return _name_of(node.args["this"])
        case "Cast":
            name = _name_of(node.args["this"])
            return str(node.args["to"].sql("postgres")).lower() if name == "?column?" else name
        case "Case":
            return "case"
    return "?column?"
