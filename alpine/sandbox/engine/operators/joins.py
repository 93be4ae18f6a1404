"""Operators that bring several tables together."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.database import PLACE, DatabaseTable
from alpine.sandbox.engine.expressions import names, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator

_COMPARISONS = frozenset({"=", "<>", "!=", "<", "<=", ">", ">="})
_JOINS = {
    "JOIN": "JOIN",
    "INNER JOIN": "JOIN",
    "LEFT JOIN": "LEFT JOIN",
    "LEFT OUTER": "LEFT JOIN",
    "LEFT OUTER JOIN": "LEFT JOIN",
    "RIGHT JOIN": "RIGHT JOIN",
    "RIGHT OUTER": "RIGHT JOIN",
    "RIGHT OUTER JOIN": "RIGHT JOIN",
    "FULL OUTER": "FULL JOIN",
    "FULL JOIN": "FULL JOIN",
    "FULL OUTER JOIN": "FULL JOIN",
}
_MIRRORED = {"LEFT JOIN": "RIGHT JOIN", "RIGHT JOIN": "LEFT JOIN"}


@operator("datasource.TableJoinOperator", title="Join", fidelity="exact", remark="a sequence id is refused")
def table_join(context: Context) -> Output:
    """Joins database tables as the definition says."""
    if context.flag("createSequenceID"):
        raise NodeFailure("The sandbox cannot make the sequence id of a Join (createSequenceID).")
    model = context.required_element("TableJoinDefinition")
    tables = {
        item.get("alias", ""): _input(context, item.get("operID", ""), place)
        for place, item in enumerate(model.iter("JoinTableModel"))
    }
    chosen = [
        (item.get("tableAlias", ""), item.get("columnName", ""), item.get("newColumnName", ""))
        for item in model.iter("JoinColumnModel")
    ]
    return _joined(context, tables, chosen, _table_joins(context, tables, list(model.iter("JoinConditionModel"))))


def _table_joins(context: Context, tables: dict[str, DatabaseTable], conditions: list[Element]) -> str:
    """The tables after FROM: each condition brings in a new one, or narrows the join before it."""
    if not conditions:
        raise NodeFailure("The Join has no condition.")
    first = conditions[0].get("tableAlias1", "")
    there, sql = {first}, _aliased(tables, first)
    for item in conditions:
        left, right = item.get("tableAlias1", ""), item.get("tableAlias2", "")
        sign = _comparison(item.get("condition", ""))
        on = context.compared(item.get("column1", ""), sign, item.get("column2", ""), tables)
        fresh = [alias for alias in (right, left) if alias not in there]
        if len(fresh) > 1:
            raise NodeFailure(f"The Join's condition on {left!r} and {right!r} has no tie to the tables before it.")
        if fresh:
            kind = _join(item.get("joinType", ""))
            kind = _MIRRORED.get(kind, kind) if fresh[0] == left else kind
            sql += f" {kind} {_aliased(tables, fresh[0])} ON {on}"
            there.add(fresh[0])
        else:
            sql += f" {'OR' if item.get('andOr', '').upper() == 'OR' else 'AND'} {on}"
    return sql


@operator("hadoop.HadoopJoinOperator", title="Join", fidelity="exact")
def hadoop_join(context: Context) -> Output:
    """Joins Hadoop files on their keys, each file to the first."""
    model = context.required_element("HadoopJoinDefinition")
    files = [item.get("operID", "") for item in model.iter("JoinFileModel")]
    tables = {file: _input(context, file, place) for place, file in enumerate(files)}
    kinds = [item.get("joinTypeValue", "") for item in model.iter("joinType")]
    keys: dict[str, list[str]] = {}
    comparisons: list[str] = []
    for item in model.iter("JoinConditionModel"):
        listed = item.get("keyColumnList") or item.get("keyColumn") or ""
        keys.setdefault(item.get("fileId", ""), []).extend(part.strip() for part in listed.split(",") if part.strip())
        comparisons = comparisons or [part.strip() for part in item.get("conditionList", "=").split(",")]
    if len(files) < 2 or any(len(keys.get(file, [])) != len(keys[files[0]]) for file in files if files[0] in keys):
        raise NodeFailure("The Join needs two files or more, and as many keys for each.")
    if not keys.get(files[0]):
        raise NodeFailure("The Join has no keys.")
    sql = _aliased(tables, files[0])
    for file in files[1:]:
        pairs = zip(keys[files[0]], comparisons + ["="] * len(keys[file]), keys[file], strict=False)
        on = " AND ".join(
            f"{_column(tables, files[0], left)} {_comparison(sign)} {_column(tables, file, right)}"
            for left, sign, right in pairs
        )
        sql += f" {_join(kinds[0] if kinds else 'JOIN')} {_aliased(tables, file)} ON {on}"
    chosen = [
        (item.get("fileId", ""), item.get("columnName", ""), item.get("newColumnName", ""))
        for item in model.iter("JoinColumnModel")
    ]
    return _joined(context, tables, chosen, sql)


@operator("hadoop.HadoopUnionOperator", title="Set Operations", fidelity="exact", remark="UNION and UNION ALL")
def hadoop_union(context: Context) -> Output:
    """Puts tables below each other, with or without rows that are the same."""
    model = context.required_element("HadoopUnionDefinition")
    kind = " ".join(model.get("setType", "UNION ALL").upper().split())
    if kind not in ("UNION", "UNION ALL"):
        raise NodeFailure(f"The sandbox does not know the set operation {kind!r}.")
    columns = list(model.iter("unionColumnModel"))
    fresh = [item.get("columnName", "") for item in columns]
    parts = []
    for place, file in enumerate(
        dict.fromkeys(s.get("operID", "") for c in columns for s in c.iter("unionSourceColumn"))
    ):
        table = _input(context, file, place)
        chosen = ", ".join(f"{_union_column(table, column, file)}" for column in columns)
        parts.append(f"SELECT {chosen}, {place} AS part_, {PLACE} AS row_ FROM {table.rows}")
    if not parts:
        raise NodeFailure("No table comes in.")
    everything = " UNION ALL ".join(parts)
    if kind == "UNION ALL":
        return Output(context.cursor.make(f"SELECT {names(fresh)} FROM ({everything}) ORDER BY part_, row_"))
    grouped = f"SELECT {names(fresh)}, min((part_, row_)) AS first_ FROM ({everything}) GROUP BY {names(fresh)}"
    return Output(context.cursor.make(f"SELECT {names(fresh)} FROM ({grouped}) ORDER BY first_"))


def _union_column(table: DatabaseTable, column: Element, file: str) -> str:
    name = column.get("columnName", "")
    source = next((s.get("column", "") for s in column.iter("unionSourceColumn") if s.get("operID") == file), "")
    return f"{quoted(table.find(source)) if source else 'NULL'} AS {quoted(name)}"


def _joined(context: Context, tables: dict[str, DatabaseTable], chosen: list[tuple[str, str, str]], sql: str) -> Output:
    if not chosen:
        raise NodeFailure("The Join keeps no column.")
    what = ", ".join(f"{_column(tables, alias, name)} AS {quoted(new or name)}" for alias, name, new in chosen)
    order = ", ".join(f"{quoted(alias)}.{PLACE} NULLS LAST" for alias in tables)
    return Output(context.cursor.make(f"SELECT {what} FROM {sql} ORDER BY {order}"))


def _input(context: Context, uuid: str, place: int) -> DatabaseTable:
    """The input that a definition means: the operator of that id, else the one in that place."""
    tables = [entry for entry in context.inputs if entry.table is not None]
    found = [entry for entry in tables if entry.uuid == uuid] or tables[place : place + 1]
    if not found or found[0].table is None:
        raise NodeFailure(f"The table that comes from the operator {uuid!r} is not linked to this one.")
    return found[0].table


def _aliased(tables: dict[str, DatabaseTable], alias: str) -> str:
    return f"{_table(tables, alias).rows} AS {quoted(alias)}"


def _column(tables: dict[str, DatabaseTable], alias: str, name: str) -> str:
    return f"{quoted(alias)}.{quoted(_table(tables, alias).find(name))}"


def _table(tables: dict[str, DatabaseTable], alias: str) -> DatabaseTable:
    if alias not in tables:
        raise NodeFailure(f"The Join names a table {alias!r} that it does not declare.")
    return tables[alias]


def _comparison(sign: str) -> str:
    plain = "=" if sign.strip() == "==" else sign.strip()
    if plain not in _COMPARISONS:
        raise NodeFailure(f"The sandbox does not know the condition {sign!r} of a Join.")
    return plain


def _join(kind: str) -> str:
    found = _JOINS.get(" ".join(kind.upper().split()))
    if found is None:
        raise NodeFailure(f"The sandbox does not know the kind of join {kind!r}.")
    return found
