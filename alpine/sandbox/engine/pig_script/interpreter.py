"""Goes through a script, statement by statement; a relation is made when something reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from alpine.sandbox.engine.database import PLACE, DatabaseTable
from alpine.sandbox.engine.pig.casts import convert, result
from alpine.sandbox.engine.pig.kinds import NUMBERS, Kind, wider
from alpine.sandbox.engine.pig.numbers import common
from alpine.sandbox.engine.pig.refusals import Refusal
from alpine.sandbox.engine.pig.syntax import Node
from alpine.sandbox.engine.pig.translate import Translator, check_aggregates
from alpine.sandbox.engine.pig.value import Value
from alpine.sandbox.engine.pig_script.expressions import GroupTranslator, ScriptTranslator, bare, read, stored_type
from alpine.sandbox.engine.pig_script.foreach import foreach
from alpine.sandbox.engine.pig_script.grammar import Alias, Assignment, Fragment, Operation, Source, Store, parse
from alpine.sandbox.engine.pig_script.relations import Field, Grouped, Relation, one_zero, without_twins
from alpine.sandbox.engine.pig_script.statements import Place, Statement, statements

_ONLY_GROUP = "it is grouped, and a FOREACH or a FILTER has to come next"


Step = tuple[Statement, Assignment | Store]


def parsed(text: str) -> list[Step]:
    """The statements of a script, each with its tree.

    :param text: The script.
    :raises NodeFailure: The sandbox does not have one of them; says where and why.
    """
    place, steps = Place(text), list[Step]()
    for statement in statements(text):
        try:
            steps.append((statement, parse(statement.text)))
        except Refusal as refusal:
            raise place.failure(statement, refusal) from None
    return steps


class Script:
    """A script that has been read, its relations by their names.

    :param text: The script.
    :param steps: Its statements.
    :param inputs: The tables that it reads, by their names.
    :param make: Keeps what a SELECT gives as a table.
    :raises NodeFailure: The sandbox cannot do it; says where and why.
    """

    def __init__(
        self,
        text: str,
        steps: Sequence[Step],
        inputs: Mapping[str, DatabaseTable],
        make: Callable[[str], DatabaseTable],
    ) -> None:
        self.relations: dict[str, Relation | Grouped] = {
            name: Relation.of(table, make) for name, table in inputs.items()
        }
        self.stored: list[tuple[str, Relation]] = []
        place = Place(text)
        for statement, tree in steps:
            try:
                self._take(tree)
            except Refusal as refusal:
                raise place.failure(statement, refusal) from None
            except RecursionError:
                raise place.failure(statement, Refusal("it is nested too deep")) from None

    def _take(self, tree: Assignment | Store) -> None:
        if isinstance(tree, Assignment):
            self.relations[tree.name] = self._relation(tree.relation)
        else:
            self.stored.append((tree.path, self._plain(tree.alias)))

    def _relation(self, source: Source) -> Relation | Grouped:
        if isinstance(source, Operation):
            made: Relation | Grouped = getattr(self, f"_{source.kind}")(source)
            return made
        if source.name not in self.relations:
            near = get_close_matches(source.name, self.relations, 1)
            hint = f", perhaps {near[0]}" if near else ""
            there = ", ".join(self.relations) or "none"
            raise Refusal(f"there is no relation {source.name}{hint}; there are: {there}", source.at)
        return self.relations[source.name]

    def _plain(self, source: Source) -> Relation:
        found = self._relation(source)
        if isinstance(found, Grouped):
            name = source.name if isinstance(source, Alias) else "what is in parentheses"
            raise Refusal(f"{name} cannot be read here: {_ONLY_GROUP}", source.at)
        return found

    def _foreach(self, operation: Operation) -> Relation:
        return foreach(operation, self._relation(operation.sources[0]))

    def _filter(self, operation: Operation) -> Relation | Grouped:
        source = self._relation(operation.sources[0])
        node = read(operation.more[0])
        if isinstance(source, Grouped):
            groups = GroupTranslator(source, node)
            value = groups.condition(node)
            check_aggregates(value, groups.keys)
            tests = (*source.tests, value.sql)
            return Grouped(source.source, source.bag, source.keys, source.written, tests)
        value = ScriptTranslator(source.fields, node).condition(node)
        check_aggregates(value, None)
        return source.derived(lambda rows: f"SELECT {_columns(source)} FROM {rows} WHERE {value.sql} ORDER BY {PLACE}")

    def _group(self, operation: Operation) -> Grouped:
        [given] = operation.sources
        source = self._plain(given)
        bag = given.name if isinstance(given, Alias) else ""
        if not operation.more:
            return Grouped(source, bag, (Field("", "k0", "VARCHAR"),), ("'all'",))
        values, names = self._keys(operation.more[0], source)
        fields = [
            Field(name, f"k{i}", stored_type(value)) for i, (name, value) in enumerate(zip(names, values, strict=True))
        ]
        written = (one_zero(result(value), own.type) for value, own in zip(values, fields, strict=True))
        return Grouped(source, bag, tuple(fields), tuple(written))

    def _keys(self, fragment: Fragment, source: Relation) -> tuple[list[Value], list[str]]:
        """The values of a key, one or several, and their names."""
        nodes = _parts(read(fragment))
        values, names = [], []
        for node in nodes:
            if node.kind == "star":
                raise Refusal("the sandbox has no * as a key; name the fields", node.at)
            translator = ScriptTranslator(source.fields, node)
            value = translator.value(node)
            check_aggregates(value, None)
            values.append(value)
            names.append(translator.name_of(node))
        return values, names

    def _join(self, operation: Operation) -> Relation:
        aliases = [source.name if isinstance(source, Alias) else "" for source in operation.sources]
        twin = next((name for name in aliases if name and aliases.count(name) > 1), None)
        if twin:
            raise Refusal(
                f"a JOIN reads {twin} twice; give it another name before: other = FOREACH {twin} GENERATE *;",
                operation.at,
            )
        sources = [self._plain(source) for source in operation.sources]
        sides = [side for _, side, _ in operation.more if side]
        if sides and (len(sources) > 2 or operation.more[1][1]):
            raise Refusal(
                "an outer JOIN has two relations, and LEFT, RIGHT or FULL stands behind the first", operation.at
            )
        keys = [self._keys(more[0], source)[0] for source, more in zip(sources, operation.more, strict=True)]
        for others in keys[1:]:
            if len(others) != len(keys[0]):
                raise Refusal(f"the keys of a JOIN have {len(keys[0])} and {len(others)} fields", operation.at)
        kinds = [_key_kind(values) for values in zip(*keys, strict=True)]
        same = [[convert(value, kind) for value, kind in zip(values, kinds, strict=True)] for values in keys]
        sqls = [[one_zero(result(value), stored_type(value)) for value in values] for values in same]
        renamed = [source.renamed(f"j{i}", own) for i, (source, own) in enumerate(zip(sources, sqls, strict=True))]
        fields = [
            Field(f"{alias}::{own.name}" if alias and own.name else own.name, own.column, own.type, own.kind, own.inner)
            for alias, (part, _) in zip(aliases, renamed, strict=True)
            for own in part
        ]
        without_twins(fields, operation.at)
        kind = f"{sides[0].upper()} JOIN" if sides else "JOIN"

        def select() -> str:
            joined = renamed[0][1]()
            for place, (_, rows) in enumerate(renamed[1:], 1):
                # A null in a key is the same as nothing.
                same = " AND ".join(f"j0k{i} = j{place}k{i}" for i, _ in enumerate(kinds))
                joined += f" {kind} {rows()} ON {same}"
            what = ", ".join(f"{own.column} AS f{i}" for i, own in enumerate(fields))
            order = ", ".join(f"j{i}place" for i, _ in enumerate(renamed))
            return f"SELECT {what} FROM {joined} ORDER BY {order}"

        made = [Field(own.name, f"f{i}", own.type, own.kind, own.inner) for i, own in enumerate(fields)]
        return Relation(tuple(made), select, sources[0].make)

    def _distinct(self, operation: Operation) -> Relation:
        source = self._plain(operation.sources[0])
        columns = _columns(source)
        keys = ", ".join(f"{one_zero(own.column, own.type)} AS {own.column}" for own in source.fields)
        return source.derived(
            lambda rows: (
                f"SELECT {columns} FROM (SELECT {keys}, {PLACE} FROM {rows}) GROUP BY {columns} ORDER BY min({PLACE})"
            )
        )

    def _order(self, operation: Operation) -> Relation:
        source = self._plain(operation.sources[0])
        keys: list[str] = []
        for fragment, is_down in operation.more:
            chosen = [Node("position", (), i, fragment.at + 1) for i, _ in enumerate(source.fields)]
            if fragment.text.strip() != "*":
                chosen = [bare(read(fragment))]
            for node in chosen:
                if node.kind not in {"column", "position"}:
                    raise Refusal("ORDER BY takes fields, and no expressions; make the field before", node.at)
                keys.append(_sorted(ScriptTranslator(source.fields, node).value(node), is_down, node.at))
        order = ", ".join([*keys, PLACE])
        return source.derived(lambda rows: f"SELECT {_columns(source)} FROM {rows} ORDER BY {order}")

    def _limit(self, operation: Operation) -> Relation:
        source = self._plain(operation.sources[0])
        node = read(operation.more[0])
        count = Translator({}, node).value(node)
        if not isinstance(count.constant, int) or isinstance(count.constant, bool) or count.constant < 0:
            raise Refusal("LIMIT takes a whole number that stands in the script", node.at)
        return source.derived(
            lambda rows: f"SELECT {_columns(source)} FROM {rows} ORDER BY {PLACE} LIMIT {count.constant}"
        )

    def _union(self, operation: Operation) -> Relation:
        sources = [self._plain(source) for source in operation.sources]
        parts = [list(source.fields) for source in sources]
        columns = _by_name(parts, operation.at) if operation.more[0] else _by_place(parts, operation.at)
        fields, written = [], [list[str]() for _ in sources]
        for place, members in enumerate(columns):
            values = [Translator({own.column: own.type}, _ANY).named(own.column) if own else None for own in members]
            own = next(member for member in members if member)
            name = next((member.name for member in members if member and member.name), "")
            kind = _common([value for value in values if value], name or f"${place}", operation.at)
            null = Value("NULL", Kind.BYTEARRAY, is_null=True)
            made = [convert(value or null, kind) for value in values]
            fields.append(Field(name, f"f{place}", stored_type(made[members.index(own)])))
            for sqls, value in zip(written, made, strict=True):
                sqls.append(result(value))

        def select() -> str:
            selects = [
                f"SELECT {', '.join(f'{sql} AS f{i}' for i, sql in enumerate(sqls))}, {i} AS part, {PLACE} AS own "
                f"FROM {source.rows}"
                for i, (source, sqls) in enumerate(zip(sources, written, strict=True))
            ]
            what = ", ".join(own.column for own in fields)
            return f"SELECT {what} FROM ({' UNION ALL '.join(selects)}) ORDER BY part, own"

        return Relation(without_twins(fields, operation.at), select, sources[0].make)


_ANY = Node("null", (), None, 0)


def _columns(source: Relation) -> str:
    return ", ".join(own.column for own in source.fields)


def _parts(node: Node) -> list[Node]:
    """The parts of a key: several in parentheses, or one."""
    node = bare(node)
    return list(node.parts) if node.kind == "tuple" else [node]


def _key_kind(values: Sequence[Value]) -> Kind:
    """The type in which the keys of a JOIN are compared.

    :raises Refusal: Pig does not compare them.
    """
    kind = values[0].kind
    for value in values[1:]:
        kind = common(replace(values[0], kind=kind), value, "JOIN")
    return kind


def _sorted(value: Value, is_down: bool, at: int) -> str:
    """One key of ORDER BY: nulls are the smallest, and texts stand in the order of Java."""
    if value.kind is Kind.BYTEARRAY:
        raise Refusal("the sandbox does not order by a bytearray; cast it before", at)
    sql = f"pig_units({value.sql})" if value.kind is Kind.CHARARRAY else result(value)
    return f"{sql} {'DESC NULLS LAST' if is_down else 'ASC NULLS FIRST'}"


def _by_place(parts: list[list[Field]], at: int) -> list[list[Field | None]]:
    counts = {len(fields) for fields in parts}
    if len(counts) > 1:
        shown = ", ".join(str(len(fields)) for fields in parts)
        raise Refusal(f"the relations of a UNION have {shown} fields; they should have as many", at)
    return [list(members) for members in zip(*parts, strict=True)]


def _by_name(parts: list[list[Field]], at: int) -> list[list[Field | None]]:
    if any(not own.name for fields in parts for own in fields):
        raise Refusal("UNION ONSCHEMA needs a name for each field", at)
    names = list(dict.fromkeys(own.name for fields in parts for own in fields))
    return [[next((own for own in fields if own.name == name), None) for fields in parts] for name in names]


def _common(values: list[Value], name: str, at: int) -> Kind:
    """The type of a column that comes from several relations."""
    kind = values[0].kind
    for value in values[1:]:
        if value.kind is not kind and not {value.kind, kind} <= set(NUMBERS):
            raise Refusal(f"the field {name} of the UNION is a {kind.value} and a {value.kind.value}; cast one", at)
        kind = kind if value.kind is kind else wider(kind, value.kind)
    return kind
