"""The relational part of a flow as one script of PostgreSQL's: a named query (CTE) for each operator."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from alpine._arguments import choice, nearest
from alpine.exception import InvalidArgumentException
from alpine.flows.postgresql import (
    OF_THE_RUN,
    NoSQL,
    are_apart,
    check,
    cte_names,
    data_type,
    expression,
    filling,
    identifier,
    indented,
    script,
)
from alpine.sandbox.engine.expressions import literal
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.operators.joins import MIRRORED, join_kind, links, sign_of
from alpine.sandbox.engine.standins import declared_columns
from alpine.sandbox.engine.substitution import Substitution

if TYPE_CHECKING:
    from alpine.afm import Operator, Workflow

DIALECTS = ("postgresql",)
_COMPARISONS = frozenset({"=", "<>", "!=", "<", "<=", ">", ">="})
_FILLINGS = {"min": "min", "minimum": "min", "max": "max", "maximum": "max"}
_ATOM = re.compile(r"""[\w.]+|'[^']*'|"[^"]*"(\."[^"]*")?""")
_FIXED = frozenset({"", "value", "fixed"})
_JOINTS = {"true": "AND", "": "AND", "false": "OR"}


@dataclass
class Query:
    """What an operator computes.

    :param name: The name of its query, as the script writes it.
    :param columns: The names of its columns; None where they are not known.
    :param sql: The statement.
    :param why_not: Why there is none.
    """

    name: str
    columns: list[str] | None = None
    sql: str = ""
    why_not: str = ""


@dataclass
class Step:
    """An operator and what comes into it.

    :param operator: The operator, its variables replaced.
    :param inputs: The queries before it, in the order of the links.
    :param uuids: The ids of the operators before it.
    :param tables: The columns of tables that the caller knows.
    :param declared: For a source, the columns that the flow declares.
    """

    operator: Operator
    inputs: list[Query]
    uuids: list[str]
    tables: Mapping[str, Sequence[str]]
    declared: list[str] = field(default_factory=list)

    @property
    def input(self) -> Query:
        """The one query before it.

        :raises NoSQL: There is none, or more than one.
        """
        if len(self.inputs) != 1:
            raise NoSQL(f"it takes one table, and {len(self.inputs)} are linked to it")
        return self.inputs[0]

    def column(self, name: str) -> str:
        """A column of the input as the script writes it, in the table's own spelling where that is known."""
        return identifier(spelled(name, self.input.columns))

    def expression(self, text: str) -> str:
        """An expression over the input."""
        return expression(text, {"": self.input.columns})

    def all_columns(self) -> list[str]:
        """The columns of the input.

        :raises NoSQL: They are not known.
        """
        if self.input.columns is None:
            raise NoSQL(
                "it needs the columns of its input, which the flow does not say; give them with "
                "tables={'schema.table': [columns]}"
            )
        return self.input.columns

    def items(self, tag: str) -> list[Element]:
        """All elements of that tag."""
        return [item for element in self.operator.elements for item in element.iter(tag)]


def to_sql(
    flow: Workflow,
    dialect: str = "postgresql",
    *,
    operator: str | None = None,
    tables: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The relational part of a flow as a script; see :meth:`alpine.afm.Workflow.to_sql`."""
    choice(dialect, "dialect", DIALECTS)
    if operator is not None and operator not in flow.operators:
        raise InvalidArgumentException(
            f"The workflow has no operator {operator!r}.{nearest(str(operator), flow.operators)} "
            f"There are: {', '.join(flow.operators) or 'none'}."
        )
    queries = _queries(flow, tables or {})
    chosen = _chosen(flow, queries, operator)
    parts = [f"-- {_line(flow.name or 'workflow')}: its operators as queries of PostgreSQL, by name"]
    named = [f"{query.name} AS (\n{indented(query.sql)}\n)" for query in queries.values() if query.sql]
    if named and chosen is not None:
        parts += ["WITH", ",\n".join(named), f"SELECT * FROM {queries[chosen].name};"]
    if operator is None:
        others = [name for name in _ends(flow, queries) if name != chosen]
        parts += [f"-- Another end of the flow: SELECT * FROM {_line(queries[name].name)};" for name in others]
    parts += _remarks(flow, queries)
    return "\n".join(parts) + "\n"


def _queries(flow: Workflow, tables: Mapping[str, Sequence[str]]) -> dict[str, Query]:
    values = {name: value for name, value in flow.variables.items() if name not in OF_THE_RUN}
    substitution = Substitution({**values, "@flow_name": flow.name or "workflow"})
    steps = flow.execution_order()
    known = {name.lower(): list(columns) for name, columns in tables.items()}
    # A query of the name of a table without a schema would hide the table, but for a query of the whole table.
    bare = {o.parameters.get("tableName", "") for o in steps if not o.parameters.get("schemaName")}
    names = cte_names({o.name: bare - {o.parameters.get("tableName", "")} for o in steps})
    queries: dict[str, Query] = {}
    for operator in steps:
        before = [source for source in flow.inputs_of(operator.name) if source.name in queries]
        query = queries[operator.name] = Query(names[operator.name])
        filled = substitution.operator(operator)
        declared = [name for name, _ in declared_columns(flow, operator)]
        step = Step(filled, [queries[o.name] for o in before], [o.uuid for o in before], known, declared)
        try:
            columns, sql = _made(step)
            check(columns or [], sql)
            query.columns, query.sql = columns, sql
        except (NoSQL, NodeFailure) as error:
            query.why_not = str(error)
    return queries


def _made(step: Step) -> tuple[list[str] | None, str]:
    """The columns and the statement of an operator.

    :raises NoSQL: It has none.
    """
    kind = step.operator.class_name
    if ".hadoop." in step.operator.type or kind.startswith(("Hadoop", "Copyto")):
        raise NoSQL("it belongs to Hadoop, whose expressions are Pig's")
    made = _MAKERS.get(kind)
    if made is None:
        raise NoSQL("it has no SQL")
    missing = [query.name for query in step.inputs if not query.sql]
    if missing:
        raise NoSQL(f"its input {', '.join(missing)} is not in the script")
    return made(step)


def _table(step: Step) -> tuple[list[str] | None, str]:
    schema, table = (step.operator.parameters.get(name, "") for name in ("schemaName", "tableName"))
    if not table:
        raise NoSQL("it names no table")
    name = f"{schema}.{table}" if schema else table
    columns = step.tables.get(name.lower(), step.tables.get(table.lower())) or step.declared or None
    written = ".".join(identifier(part) for part in (schema, table) if part)
    return list(columns) if columns else None, f"SELECT *\nFROM {written}"


def _row_filter(step: Step) -> tuple[list[str] | None, str]:
    model = next(iter(step.items("RowFilterConditionModel")), None)
    head = f"SELECT *\nFROM {step.input.name}"
    if model is None:
        parameters = step.operator.parameters
        text = parameters.get("whereClause") or parameters.get("filterCondition") or ""
        return step.input.columns, "\n".join([head, *script(text, step.input.columns)])
    kind, use_all = (model.get(name, "").strip().lower() for name in ("sqlType", "useAll"))
    if kind == "sql":
        text = model.get("conditionValue", "")
        if not text.strip():
            raise NoSQL("its script is empty")
        return step.input.columns, "\n".join([head, *script(text, step.input.columns)])
    if kind not in ("", "nosql") or use_all not in _JOINTS:
        raise NoSQL(f"its kind (sqlType {kind!r}, useAll {use_all!r}) is not known")
    joint = _JOINTS[use_all]
    conditions = [_condition(step, item) for item in model.iter("RowFilterConditionItem")]
    if not conditions:
        return step.input.columns, head
    return step.input.columns, f"{head}\nWHERE " + f"\n  {joint} ".join(conditions)


def _condition(step: Step, item: Element) -> str:
    column, kind = step.column(item.get("columnName", "")), item.get("condition", "")
    kind = " ".join(kind.lower().replace("_", " ").split())
    kind = {"==": "=", "!=": "<>"}.get(kind, kind)
    first, second = item.get("firstValue", ""), item.get("secondValue", "")
    if kind in _COMPARISONS:
        return f"({column} {kind} {_value(step, first)})"
    match kind:
        case "is null" | "is not null":
            return f"({column} {kind.upper()})"
        case "is blank":
            return f"(coalesce(trim(CAST({column} AS text)), '') = '')"
        case "contains":
            stripped = first.strip()
            is_quoted = len(stripped) > 1 and stripped[0] == stripped[-1] == "'"
            text = stripped[1:-1].replace("''", "'") if is_quoted else first
            return f"(strpos({column}, {literal(text)}) > 0)"
        case "between":
            return f"({column} >= {_value(step, first)} AND {column} <= {_value(step, second)})"
    raise NoSQL(f"its condition {item.get('condition')!r} is not known")


def _value(step: Step, text: str) -> str:
    """The value of a condition, in parentheses where it could be torn apart."""
    return _whole(step.expression(text))


def _whole(found: str) -> str:
    return found if _ATOM.fullmatch(found) else f"({found})"


def _column_filter(step: Step) -> tuple[list[str] | None, str]:
    chosen = _listed(step, step.operator.parameters.get("columnNames", ""))
    if not chosen:
        raise NoSQL("it keeps no column")
    return chosen, _select([identifier(name) for name in chosen], step.input.name)


def _variable(step: Step) -> tuple[list[str] | None, str]:
    if any(len(model) for model in step.items("QuantileModel")):
        raise NoSQL("it makes quantile bins")
    parameters = step.operator.parameters
    named = [
        (item.text or "").strip() or next(iter(item.attrib.values()), "") for item in step.items("selectedColumnName")
    ]
    kept = _listed(step, parameters["columnNames"] if "columnNames" in parameters else ",".join(named))
    derived = step.items("DerivedFieldItem")
    several = next((item.get("columnName") for item in derived if item.get("multiVarColumn", "").strip()), None)
    if several is not None:
        raise NoSQL(f"its column {several!r} has an expression for several columns")
    what = [identifier(name) for name in kept] + [_typed(step, item, item.get("expression", "")) for item in derived]
    if not what:
        raise NoSQL("it keeps no column and derives none")
    return [*kept, *(item.get("columnName", "") for item in derived)], _select(what, step.input.name)


def _aggregation(step: Step) -> tuple[list[str] | None, str]:
    keys = list(
        dict.fromkeys(spelled(item.get("columnName", ""), step.input.columns) for item in step.items("groupBy"))
    )
    aggregates = [(item, item.get("expression", "")) for item in step.items("AggregateField")]
    windows = [
        (item, f"{item.get('function', '')} OVER ({item.get('specification', '')})")
        for item in step.items("WindowField")
    ]
    made = aggregates + windows
    if not made:
        raise NoSQL("it asks for neither an aggregate nor a window function")
    columns: list[str] | None = keys
    what = [identifier(key) for key in keys]
    if not keys and not aggregates:
        fields = ",".join(item.get("columnName") or item.text or "" for item in step.items("parentFieldList"))
        named = _listed(step, fields)
        columns = named or step.input.columns
        what = [identifier(name) for name in named] or ["*"]
    what += [_typed(step, item, text) for item, text in made]
    added = [_name(item) for item, _ in made]
    sql = _select(what, step.input.name)
    if keys:
        sql += f"\nGROUP BY {', '.join(identifier(key) for key in keys)}"
    return None if columns is None else [*columns, *added], sql


def _join(step: Step) -> tuple[list[str] | None, str]:
    if step.operator.parameters.get("createSequenceID", "").strip().lower() in ("true", "yes", "1"):
        raise NoSQL("it makes a sequence id")
    tables = {}
    for place, item in enumerate(step.items("JoinTableModel")):
        found = [query for query, uuid in zip(step.inputs, step.uuids, strict=True) if uuid == item.get("operID")]
        found = found or step.inputs[place : place + 1]
        if not found:
            raise NoSQL(f"its table {item.get('alias')!r} is not linked to it")
        tables[item.get("alias", "")] = found[0]
    conditions = step.items("JoinConditionModel")
    if not conditions:
        raise NoSQL("it has no condition")
    chosen = [
        (
            item.get("tableAlias", ""),
            item.get("columnName", ""),
            item.get("newColumnName", "") or item.get("columnName", ""),
        )
        for item in step.items("JoinColumnModel")
    ]
    if not chosen:
        raise NoSQL("it keeps no column")
    what = [
        f"{identifier(alias)}.{_as(spelled(name, _aliased(tables, alias).columns), new)}" for alias, name, new in chosen
    ]
    return [new for _, _, new in chosen], _select(what, _joined(tables, conditions))


def _joined(tables: Mapping[str, Query], conditions: list[Element]) -> str:
    """The tables after FROM: each condition brings in a new one, or narrows the join before it."""
    first = conditions[0].get("tableAlias1", "")
    there, sql = {first}, f"{_aliased(tables, first).name} AS {identifier(first)}"
    known = {alias: query.columns for alias, query in tables.items()}
    is_full = False
    for item, link in zip(conditions, links(conditions), strict=True):
        left, right = item.get("tableAlias1", ""), item.get("tableAlias2", "")
        sign, kind = sign_of(item.get("condition", "")), join_kind(item.get("joinType", ""))
        sides = [expression(item.get(key, ""), known) for key in ("column1", "column2")]
        on = f"{_whole(sides[0])} {sign} {_whole(sides[1])}"
        fresh = [alias for alias in (right, left) if alias not in there]
        if len(fresh) > 1:
            raise NoSQL(f"its condition on {left!r} and {right!r} has no tie to the tables before it")
        if fresh:
            kind = MIRRORED.get(kind, kind) if fresh[0] == left else kind
            is_full = kind == "FULL JOIN"
            sql += f"\n{kind} {_aliased(tables, fresh[0]).name} AS {identifier(fresh[0])} ON {on}"
            there.add(fresh[0])
        else:
            sql += f"\n  {link} {on}"
        is_equality = sign == "=" and left != right and (bool(fresh) or link == "AND")
        is_equality = is_equality and are_apart(item.get("column1", ""), item.get("column2", ""))
        if is_full and not is_equality:
            raise NoSQL("PostgreSQL makes a full join by equal values of the two tables alone")
    return sql


def _replace_nulls(step: Step) -> tuple[list[str] | None, str]:
    columns = step.all_columns()
    model = next(iter(step.items("NullReplacementModel")), None)
    if model is None:
        raise NoSQL("it says nothing of what to replace")
    items: dict[str, Element] = {}
    for item in model.iter("NullReplacementItem"):
        column = spelled(item.get("columnName", ""), columns)
        if column in items:
            raise NoSQL(f"it has two replacements of the column {column!r}")
        items[column] = item
    groups = _listed(step, model.get("groupBy", ""))
    over = f"PARTITION BY {', '.join(identifier(name) for name in groups)}" if groups else ""
    what = []
    for column in columns:
        name = identifier(column)
        if column not in items:
            what.append(name)
            continue
        item = items[column]
        kind = " ".join(item.get("nullType", "").lower().split())
        if kind in _FIXED:
            value = filling(item.get("nullValue", ""))
        elif kind in _FILLINGS:
            value = f"{_FILLINGS[kind]}({name}) OVER ({over})"
        else:
            raise NoSQL(
                f"its replacement {kind!r} of {column!r} depends on the type of the column, which the flow does not say"
            )
        what.append(f"coalesce({name}, {value}) AS {name}")
    return columns, _select(what, step.input.name)


_MAKERS: dict[str, Callable[[Step], tuple[list[str] | None, str]]] = {
    "DbTableOperator": _table,
    "FilterOperator": _row_filter,
    "ColumnFilterOperator": _column_filter,
    "VariableOperator": _variable,
    "AggregateOperator": _aggregation,
    "TableJoinOperator": _join,
    "ReplaceNullOperator": _replace_nulls,
}


def spelled(name: str, columns: Sequence[str] | None) -> str:
    """The table's own spelling of a column, where its columns are known.

    :raises NoSQL: There is no such column.
    """
    if not name.strip():
        raise NoSQL("a column of it has no name")
    if columns is None or name in columns:
        return name
    found = next((column for column in columns if column.lower() == name.lower()), None)
    if found is None:
        raise NoSQL(f"its input has no column {name!r}; it has {', '.join(columns)}")
    return found


def _listed(step: Step, text: str) -> list[str]:
    """The columns that a list parted by commas names."""
    names = [part.strip() for part in text.split(",") if part.strip()]
    return list(dict.fromkeys(spelled(name, step.input.columns) for name in names))


def _name(item: Element) -> str:
    name = item.get("columnName") or item.get("resultColumn")
    if not name:
        raise NoSQL("a column of it has no name")
    return name


def _typed(step: Step, item: Element, text: str) -> str:
    """A computed column in the type that the flow declares."""
    name = _name(item)
    try:
        found, kind = step.expression(text), data_type(item.get("dataType", ""))
    except (NoSQL, NodeFailure, ValueError) as error:
        raise NoSQL(f"its column {name!r}: {error}") from None
    return f"{f'CAST({found} AS {kind})' if kind else f'({found})'} AS {identifier(name)}"


def _as(name: str, new: str) -> str:
    return identifier(name) + (f" AS {identifier(new)}" if new != name else "")


def _aliased(tables: Mapping[str, Query], alias: str) -> Query:
    if alias not in tables:
        raise NoSQL(f"it names a table {alias!r} that it does not declare")
    return tables[alias]


def _select(what: Sequence[str], source: str) -> str:
    listed = ",\n    ".join(what)
    return f"SELECT\n    {listed}\nFROM {source}"


def _ends(flow: Workflow, queries: Mapping[str, Query]) -> Iterator[str]:
    """The operators with SQL after which no other has any."""
    read = {link.source for link in flow.links if link.target in queries and queries[link.target].sql}
    return (name for name, query in queries.items() if query.sql and name not in read)


def _chosen(flow: Workflow, queries: Mapping[str, Query], operator: str | None) -> str | None:
    if operator is None:
        return next(reversed(list(_ends(flow, queries))), None)
    query = queries.get(operator)
    if query is None or not query.sql:
        why = query.why_not if query else "it is a note"
        raise InvalidArgumentException(f"The operator {operator!r} is not in the script: {why}.")
    return operator


def _remarks(flow: Workflow, queries: Mapping[str, Query]) -> Iterator[str]:
    """A line for each operator where the script ends, with what comes after it."""
    for name, query in queries.items():
        before = [source.name for source in flow.inputs_of(name) if source.name in queries]
        if query.sql or (before and not any(queries[source].sql for source in before)):
            continue
        after = [repr(other) for other in _following(flow, name)]
        more = f" After it: {', '.join(after)}." if after else ""
        reads = f", which reads {', '.join(queries[source].name for source in before)}," if before else ""
        kind = flow.operators[name].class_name
        told = f"{name!r} ({kind}){reads} is not in this script: {query.why_not}.{more}"
        yield f"-- {_line(told)}"


def _following(flow: Workflow, name: str) -> list[str]:
    found: dict[str, None] = {}
    waiting = [name]
    for each in waiting:
        for link in flow.links:
            if link.source == each and link.target not in found and link.target != name:
                found[link.target] = None
                waiting.append(link.target)
    return list(found)


def _line(text: str) -> str:
    """A text that stays within its comment."""
    return " ".join(text.split())
