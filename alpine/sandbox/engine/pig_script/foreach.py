"""FOREACH ... GENERATE: a row for each row, or for each group; FLATTEN makes more of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from alpine.sandbox.engine.database import PLACE
from alpine.sandbox.engine.pig.casts import result
from alpine.sandbox.engine.pig.kinds import Kind
from alpine.sandbox.engine.pig.refusals import Refusal
from alpine.sandbox.engine.pig.syntax import Node
from alpine.sandbox.engine.pig.translate import check_aggregates
from alpine.sandbox.engine.pig.value import Value, failing
from alpine.sandbox.engine.pig_script.expressions import (
    GroupTranslator,
    Listed,
    ScriptTranslator,
    declared,
    read,
    stored_type,
)
from alpine.sandbox.engine.pig_script.grammar import Declared, Fragment, Item, Operation
from alpine.sandbox.engine.pig_script.relations import LIST, Field, Grouped, Relation, without_twins

_RANGE = ".."


@dataclass
class _Generated:
    """What GENERATE makes so far.

    :param fields: The fields.
    :param written: Their SQL.
    :param bags: Which of them are bags whose elements become rows.
    :param lists: The SQL of lists, which are columns ``l0``, ``l1`` and so on of what the fields are made of.
    """

    fields: list[Field] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    bags: list[int] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)

    def add(self, name: str, sql: str, kind: str, complex_kind: str = "", inner: str = "") -> None:
        """One more field."""
        self.fields.append(Field(name, f"f{len(self.fields)}", kind, complex_kind, inner))
        self.written.append(sql)

    def value(self, value: Value, name: str, as_said: Sequence[Declared]) -> None:
        """One more field that is one value."""
        if len(as_said) > 1:
            raise Refusal(f"AS names {len(as_said)} fields, and this is one", as_said[1].at)
        if as_said:
            name, value = as_said[0].name, declared(value, as_said[0].kind, as_said[0].at)
        self.add(name, result(value), stored_type(value))

    def listed(self, listed: Listed) -> str:
        """The column of a list."""
        self.lists.append(listed.sql)
        return f"l{len(self.lists) - 1}"


def foreach(operation: Operation, source: Relation | Grouped) -> Relation:
    """The relation that FOREACH gives.

    :param operation: The statement.
    :param source: What it reads.
    :raises Refusal: The sandbox cannot do it.
    """
    if isinstance(source, Grouped):
        return _of_groups(operation, source)
    made = _Generated()
    for place, item in enumerate(operation.more):
        is_last = place == len(operation.more) - 1
        if _all_fields(item, source.fields, made):
            continue
        node = read(item.of)
        translator = ScriptTranslator(source.fields, node)
        listed = translator.listed(node)
        if listed is None:
            made.value(_checked(translator.value(node), None), translator.name_of(node), item.declared)
        else:
            _list(made, listed, item, node, translator.name_of(node), is_last)
    fields = without_twins(made.fields, operation.at)
    return Relation(fields, lambda: _select(made, f"{source.rows}", PLACE), source.make)


def _checked(value: Value, keys: Collection[str] | None) -> Value:
    check_aggregates(value, keys)
    return value


def _all_fields(item: Item, fields: Sequence[Field], made: _Generated) -> bool:
    """Take over the fields that ``*`` or a range means.

    :returns: Whether the item is one of these.
    """
    text = item.of.text.strip()
    if text == "*":
        chosen = list(fields)
    elif _RANGE in text and "'" not in text:
        first, _, last = (part.strip() for part in text.partition(_RANGE))
        start = _place(first, fields, item.of) if first else 0
        end = _place(last, fields, item.of) if last else len(fields) - 1
        if end < start:
            raise Refusal(f"the range {text} has no fields", item.of.at + 1)
        chosen = list(fields[start : end + 1])
    else:
        return False
    if item.declared and len(item.declared) != len(chosen):
        raise Refusal(f"AS names {len(item.declared)} fields, and these are {len(chosen)}", item.declared[0].at)
    for place, own in enumerate(chosen):
        said = item.declared[place] if item.declared else None
        name = said.name if said else own.name
        if said and said.kind:
            node = Node("position", (), fields.index(own), item.of.at + 1)
            made.value(ScriptTranslator(fields, node).value(node), name, [said])
        else:
            made.add(name, own.column, own.type, own.kind, own.inner)
    return True


def _place(text: str, fields: Sequence[Field], whole: Fragment) -> int:
    node = read(Fragment(text, whole.at + whole.text.index(text)))
    if node.kind not in {"column", "position"}:
        raise Refusal("a range goes from a field to a field", node.at)
    return list(fields).index(ScriptTranslator(fields, node).field(node))


def _list(made: _Generated, listed: Listed, item: Item, node: Node, name: str, is_last: bool) -> None:
    """One more bag or tuple, whole or flattened."""
    if not item.is_flattened:
        if len(item.declared) > 1 or (item.declared and item.declared[0].kind):
            raise Refusal("the sandbox has no types of bags and tuples in AS", item.declared[0].at)
        kept = item.declared[0].name if item.declared else name
        inner = listed.inner if name else (f"{kept}::token" if kept else listed.inner)
        made.add(kept, listed.sql, LIST, listed.kind, inner if listed.kind == "bag" else "")
        return
    column = made.listed(listed)
    if listed.kind == "bag":
        made.bags.append(len(made.fields))
        # A null bag is one row with a null; an empty one is none.
        whole = f"(CASE WHEN {column} IS NULL THEN [CAST(NULL AS VARCHAR)] ELSE {column} END)"
        said = item.declared
        if len(said) > 1:
            raise Refusal(f"AS names {len(said)} fields, and the bag has one", said[1].at)
        if said and said[0].kind:
            cast = declared(Value("piece", Kind.CHARARRAY, is_simple=True), said[0].kind, said[0].at)
            made.add(said[0].name, f"list_transform({whole}, lambda piece: {result(cast)})", stored_type(cast))
        else:
            made.add(said[0].name if said else listed.inner, whole, "VARCHAR")
        return
    if not item.declared:
        raise Refusal("how many fields STRSPLIT makes is known only with AS (a, b)", node.at)
    count = len(item.declared)
    wrong = f"len({column}) > {count}" if is_last else f"len({column}) <> {count}"
    stop = failing(
        f"STRSPLIT makes another number of fields than the {count} that AS names; give it a limit, as "
        f"STRSPLIT(x, ',', {count})."
    )
    for place, own in enumerate(item.declared, 1):
        piece = f"(CASE WHEN {wrong} THEN {stop} ELSE {column}[{place}] END)"
        made.value(Value(piece, Kind.CHARARRAY, node.at), own.name, [own])


def _select(made: _Generated, rows: str, order: str) -> str:
    """The SQL of what is generated, a row for each element of its bags."""
    if made.lists:
        lists = ", ".join(f"{sql} AS l{i}" for i, sql in enumerate(made.lists))
        rows = f"(SELECT *, {lists} FROM {rows})"
    columns = ", ".join(f"{sql} AS {own.column}" for sql, own in zip(made.written, made.fields, strict=True))
    names = ", ".join(own.column for own in made.fields)
    if not made.bags:
        return f"SELECT {columns} FROM {rows} ORDER BY {order}"
    # Two bags give each pair of their elements, so one is taken apart after the other.
    sql = f"SELECT {columns}, row_number() OVER (ORDER BY {order}) AS o FROM {rows}"
    for bag in made.bags:
        sql = f"SELECT * REPLACE (unnest(f{bag}) AS f{bag}), generate_subscripts(f{bag}, 1) AS o{bag} FROM ({sql})"
    return f"SELECT {names} FROM ({sql}) ORDER BY {', '.join(['o', *(f'o{bag}' for bag in made.bags)])}"


def _of_groups(operation: Operation, grouped: Grouped) -> Relation:
    """FOREACH over groups: keys and aggregates; FLATTEN of the bag gives a row for each row of the group."""
    made = _Generated()
    opened: list[tuple[int, Field]] = []
    has_bag = False
    for item in operation.more:
        if item.of.text.strip() == "*" or _RANGE in item.of.text:
            raise Refusal("a bag cannot be a field in the sandbox; put an aggregate around it", item.of.at + 1)
        node = read(item.of)
        translator = GroupTranslator(grouped, node)
        inner = translator.bag_fields(node)
        if inner is not None and item.is_flattened:
            if has_bag:
                raise Refusal("the sandbox flattens a bag once in a statement", node.at)
            has_bag = True
            _check_count(item, len(inner), node.at)
            for place, own in enumerate(inner):
                opened.append((len(made.fields), own))
                said = item.declared[place] if item.declared else None
                prefixed = f"{grouped.bag}::{own.name}" if grouped.bag and own.name else own.name
                if said and said.kind:
                    at = Node("position", (), len(grouped.keys) + grouped.source.fields.index(own), said.at)
                    value = ScriptTranslator(translator.fields, at).value(at)
                    made.value(value, prefixed, [said])
                else:
                    made.add(said.name if said else prefixed, own.column, own.type, own.kind, own.inner)
        elif item.is_flattened and translator.is_key(node) and len(grouped.keys) > 1:
            _check_count(item, len(grouped.keys), node.at)
            for place, key in enumerate(grouped.keys):
                said = [item.declared[place]] if item.declared else []
                at = Node("position", (), place, node.at)
                value = ScriptTranslator(grouped.keys, at).value(at)
                made.value(value, f"group::{key.name}" if key.name else "", said)
        elif translator.listed(node) is not None:
            raise Refusal("the sandbox makes no bags and tuples of groups; use a FOREACH of its own", node.at)
        else:
            value = _checked(translator.value(node), translator.keys)
            made.value(value, translator.name_of(node), item.declared)
    fields = without_twins(made.fields, operation.at)
    if not has_bag:
        columns = [f"{sql} AS {own.column}" for sql, own in zip(made.written, made.fields, strict=True)]
        return Relation(
            fields,
            lambda: f"SELECT {', '.join(columns)} FROM {grouped.rows} {grouped.clauses} ORDER BY {grouped.order}",
            grouped.source.make,
        )
    places = {place for place, _ in opened}
    return Relation(fields, lambda: _with_rows(made, grouped, places), grouped.source.make)


def _with_rows(made: _Generated, grouped: Grouped, opened: set[int]) -> str:
    """The SQL of groups that stand beside each of their rows."""
    keys = [key.column for key in grouped.keys]
    figures = [f"{sql} AS a{i}" for i, sql in enumerate(made.written) if i not in opened]
    groups = f"SELECT {', '.join([f'{key} AS g{key}' for key in keys] + figures)} FROM {grouped.rows} {grouped.clauses}"
    same = " AND ".join(f"{key} IS NOT DISTINCT FROM g{key}" for key in keys)
    columns = [f"{sql if i in opened else f'a{i}'} AS f{i}" for i, sql in enumerate(made.written)]
    order = ", ".join([*(f"{key} NULLS FIRST" for key in keys), PLACE])
    return (
        f"SELECT {', '.join(f'f{i}' for i in range(len(columns)))} FROM (SELECT {', '.join(columns)}, "
        f"row_number() OVER (ORDER BY {order}) AS o FROM {grouped.rows} JOIN ({groups}) ON {same}) ORDER BY o"
    )


def _check_count(item: Item, count: int, at: int) -> None:
    if item.declared and len(item.declared) != count:
        raise Refusal(f"AS names {len(item.declared)} fields, and FLATTEN makes {count}", item.declared[0].at or at)
