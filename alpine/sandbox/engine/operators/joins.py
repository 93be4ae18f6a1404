"""Operators that bring several tables together."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from alpine.sandbox.engine.context import Context, Output, unique
from alpine.sandbox.engine.database import PLACE, DatabaseTable
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator
from alpine.sandbox.engine.types import MAX_DIGITS

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
_LINKS = ("AND", "OR")
MIRRORED = {"LEFT JOIN": "RIGHT JOIN", "RIGHT JOIN": "LEFT JOIN"}


@operator(
    "datasource.TableJoinOperator",
    title="Join",
    fidelity="exact",
    remark="a sequence id is refused",
    test="tests/sandbox/test_differential_joins.py::test_table_join",
)
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
    for item, link in zip(conditions, links(conditions), strict=True):
        left, right = item.get("tableAlias1", ""), item.get("tableAlias2", "")
        sign = sign_of(item.get("condition", ""))
        on = context.compared(item.get("column1", ""), sign, item.get("column2", ""), tables)
        kind = join_kind(item.get("joinType", ""))
        fresh = [alias for alias in (right, left) if alias not in there]
        if len(fresh) > 1:
            raise NodeFailure(f"The Join's condition on {left!r} and {right!r} has no tie to the tables before it.")
        if fresh:
            kind = MIRRORED.get(kind, kind) if fresh[0] == left else kind
            sql += f" {kind} {_aliased(tables, fresh[0])} ON {on}"
            there.add(fresh[0])
        else:
            sql += f" {link} {on}"
    return sql


def links(conditions: list[Element]) -> list[str]:
    """What stands before each condition that narrows a join: AND or OR.

    A flow says it with the condition, or with the one before it.

    :raises NodeFailure: It says something else, or it leaves open which of the two it means.
    """
    said = [item.get("andOr", "").strip().upper() for item in conditions]
    for link in said:
        if link and link not in _LINKS:
            raise NodeFailure(f"The sandbox does not know the link {link!r} of a Join's conditions.")
    before = [said[-1], *said[:-1]]
    if all(said) and said[1:] != before[1:]:
        raise NodeFailure(f"It is left open which of a Join's conditions are linked by what: {', '.join(said)}.")
    return [link or "AND" for link in (before if said[0] and not said[-1] else said)]


@operator(
    "hadoop.HadoopJoinOperator",
    title="Join",
    fidelity="exact",
    remark="keys of different kinds (numbers, text, dates) do not match and are refused; more than two files are "
    "joined by an inner join alone",
    test="tests/sandbox/test_differential_joins.py::test_hadoop_join",
)
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
    how = join_kind(kinds[0] if kinds else "JOIN")
    for file in files:
        context.check_zeros(_table(tables, file), keys[file])
    if len(files) > 2 and how != "JOIN":
        raise NodeFailure("Pig joins more than two files by an inner join alone; join two of them first.")
    sql = _aliased(tables, files[0])
    for file in files[1:]:
        for left, right in zip(keys[files[0]], keys[file], strict=True):
            if len({kinship(_table(tables, name).type_of(key)) for name, key in ((files[0], left), (file, right))}) > 1:
                raise NodeFailure(f"The Join's keys {left!r} and {right!r} are of types that do not match.")
        pairs = zip(keys[files[0]], comparisons + ["="] * len(keys[file]), keys[file], strict=False)
        on = " AND ".join(
            f"{_column(tables, files[0], left)} {sign_of(sign)} {_column(tables, file, right)}"
            for left, sign, right in pairs
        )
        sql += f" {how} {_aliased(tables, file)} ON {on}"
    chosen = [
        (item.get("fileId", ""), item.get("columnName", ""), item.get("newColumnName", ""))
        for item in model.iter("JoinColumnModel")
    ]
    return _joined(context, tables, chosen, sql)


@operator(
    "hadoop.HadoopUnionOperator",
    title="Set Operations",
    fidelity="exact",
    remark="UNION and UNION ALL; columns of different kinds (numbers, text, dates) below each other are refused",
    test="tests/sandbox/test_differential_joins.py::test_union",
)
def hadoop_union(context: Context) -> Output:
    """Puts tables below each other, with or without rows that are the same."""
    model = context.required_element("HadoopUnionDefinition")
    kind = " ".join(model.get("setType", "UNION ALL").upper().split())
    if kind not in ("UNION", "UNION ALL"):
        raise NodeFailure(f"The sandbox does not know the set operation {kind!r}.")
    columns = list(model.iter("unionColumnModel"))
    fresh = [item.get("columnName", "") for item in columns]
    unique(fresh)
    inner = [f"c{i}" for i, _ in enumerate(fresh)]
    files = list(dict.fromkeys(s.get("operID", "") for c in columns for s in c.iter("unionSourceColumn")))
    if not files:
        raise NodeFailure("No table comes in.")
    tables = {file: _input(context, file, place) for place, file in enumerate(files)}
    parts = []
    for place, (file, table) in enumerate(tables.items()):
        chosen = (
            f"{_union_column(tables, column, file)} AS {name}" for name, column in zip(inner, columns, strict=True)
        )
        parts.append(f"SELECT {', '.join(chosen)}, {place} AS part, {PLACE} AS place FROM {table.rows}")
    everything, found = " UNION ALL ".join(parts), ", ".join(inner)
    named = ", ".join(f"{name} AS {quoted(column)}" for name, column in zip(inner, fresh, strict=True))
    if kind == "UNION":
        for file, table in tables.items():
            sources = (s for c in columns for s in c.iter("unionSourceColumn") if s.get("operID", "") == file)
            context.check_zeros(table, [s.get("column", "") for s in sources if s.get("column")])
    if kind == "UNION ALL":
        return Output(context.cursor.make(f"SELECT {named} FROM ({everything}) AS s ORDER BY s.part, s.place"))
    grouped = f"SELECT {found}, min((part, place)) AS first FROM ({everything}) GROUP BY {found}"
    return Output(context.cursor.make(f"SELECT {named} FROM ({grouped}) AS s ORDER BY s.first"))


def _union_column(tables: dict[str, DatabaseTable], column: Element, file: str) -> str:
    """What a table gives for a column of the union; nothing but nulls where the definition names no source.

    :raises NodeFailure: Another table gives values of another kind.
    """
    sources = {s.get("operID", ""): s.get("column", "") for s in column.iter("unionSourceColumn")}
    types = [tables[other].type_of(name) for other, name in sources.items() if name and other in tables]
    if len(set(map(kinship, types))) > 1:
        held = ", ".join(dict.fromkeys(types))
        raise NodeFailure(f"The column {column.get('columnName')!r} would hold values of different kinds: {held}.")
    source = sources.get(file, "")
    if not source:
        return "NULL"
    found = quoted(tables[file].find(source))
    scales = [int(kind.rstrip(")").rpartition(",")[2]) for kind in types if kind.startswith("DECIMAL")]
    if scales and len(set(types)) > 1 and not {"FLOAT", "DOUBLE"} & set(types):
        # DuckDB gives digits behind the point away for those that a larger integer may have before it.
        return f"CAST({found} AS DECIMAL({MAX_DIGITS},{max(scales)}))"
    return found


def kinship(kind: str) -> str:
    """What a type's values can be compared with: all numbers with each other, dates with times, text with text."""
    if kind_of(kind) == "number":
        return "number"
    return "datetime" if kind == "DATE" or kind.startswith("TIMESTAMP") else kind


def _joined(context: Context, tables: dict[str, DatabaseTable], chosen: list[tuple[str, str, str]], sql: str) -> Output:
    if not chosen:
        raise NodeFailure("The Join keeps no column.")
    unique([new or name for _, name, new in chosen])
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


def sign_of(sign: str) -> str:
    """The comparison of a Join's condition, as SQL writes it.

    :raises NodeFailure: It is not known.
    """
    plain = "=" if sign.strip() == "==" else sign.strip()
    if plain not in _COMPARISONS:
        raise NodeFailure(f"The sandbox does not know the condition {sign!r} of a Join.")
    return plain


def join_kind(kind: str) -> str:
    """A kind of join, as SQL writes it.

    :raises NodeFailure: It is not known.
    """
    found = _JOINS.get(" ".join(kind.upper().split()))
    if found is None:
        raise NodeFailure(f"The sandbox does not know the kind of join {kind!r}.")
    return found
