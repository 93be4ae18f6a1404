"""Relations: tables that are made when they are first read, with the names that Pig gives to their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from alpine.sandbox.engine.database import PLACE, DatabaseTable
from alpine.sandbox.engine.expressions import literal, quoted
from alpine.sandbox.engine.pig.refusals import Refusal, marked

LIST = "VARCHAR[]"
"""How a bag or a tuple of texts is kept."""


@dataclass(frozen=True)
class Field:
    """A field of a relation.

    :param name: Its name in Pig, as ``x`` or ``A::x``; empty where it has none.
    :param column: The column that holds it.
    :param type: The column's type in DuckDB.
    :param kind: ``bag`` or ``tuple`` for a list of texts; empty for one value.
    :param inner: What the elements of a bag are called once they are flattened.
    """

    name: str
    column: str
    type: str
    kind: str = ""
    inner: str = ""


@dataclass
class Relation:
    """What a statement gives.

    :param fields: Its fields, in order; their columns are ``f0``, ``f1`` and so on.
    :param select: Gives the SQL of its rows, in order, once they are wanted.
    :param make: Keeps what a SELECT gives as a table.
    :param given: The table that it is, where it is an input; its columns have the users' names.
    """

    fields: tuple[Field, ...]
    select: Callable[[], str]
    make: Callable[[str], DatabaseTable]
    given: DatabaseTable | None = None
    _made: DatabaseTable | None = field(default=None, repr=False)

    @classmethod
    def of(cls, table: DatabaseTable, make: Callable[[str], DatabaseTable]) -> Relation:
        """The relation that a table is."""
        fields = [
            Field(name, f"f{i}", kind) for i, (name, kind) in enumerate(zip(table.columns, table.types, strict=True))
        ]
        return cls(tuple(fields), lambda: "", make, table)

    @property
    def rows(self) -> str:
        """The rows, to stand after FROM, with their places; made now, if they are not yet."""
        if self.given is not None:
            named = zip(self.fields, self.given.columns, strict=True)
            columns = _list(f"{quoted(name)} AS {own.column}" for own, name in named)
            return f"(SELECT {columns}, {PLACE} FROM {self.given.rows})"
        if self._made is None:
            self._made = self.make(self.select())
        return self._made.rows

    def renamed(self, prefix: str, keys: Sequence[str]) -> tuple[tuple[Field, ...], Callable[[], str]]:
        """The fields and the rows under other names of columns, so that two relations can stand side by side.

        :param prefix: What the columns begin with.
        :param keys: More columns, in SQL, which are called ``k0``, ``k1`` and so on behind the prefix.
        """
        fields = tuple(replace(own, column=prefix + own.column) for own in self.fields)
        names = [f"{own.column} AS {prefix}{own.column}" for own in self.fields]
        names += [f"{sql} AS {prefix}k{i}" for i, sql in enumerate(keys)]
        return fields, lambda: f"(SELECT {_list([*names, f'{PLACE} AS {prefix}place'])} FROM {self.rows})"

    def derived(self, select: Callable[[str], str]) -> Relation:
        """A relation with the same fields.

        :param select: Makes SQL of this one's rows.
        """
        return Relation(self.fields, lambda: select(self.rows), self.make)


@dataclass(frozen=True)
class Grouped:
    """What GROUP gives: for each group its key and the bag of its rows.

    :param source: What is grouped.
    :param bag: The name of the bag, which is that of the relation.
    :param keys: The fields of the key, whose columns are ``k0``, ``k1`` and so on.
    :param written: Their SQL.
    :param tests: Conditions that a group has to fulfil, in SQL.
    """

    source: Relation
    bag: str
    keys: tuple[Field, ...]
    written: tuple[str, ...]
    tests: tuple[str, ...] = ()

    @property
    def rows(self) -> str:
        """The rows of the source, each with the key of its group."""
        keys = [f"{sql} AS {key.column}" for sql, key in zip(self.written, self.keys, strict=True)]
        return f"(SELECT *, {_list(keys)} FROM {self.source.rows})"

    @property
    def clauses(self) -> str:
        """What follows the rows: GROUP BY, and HAVING where there are conditions."""
        having = f" HAVING {' AND '.join(f'({test})' for test in self.tests)}" if self.tests else ""
        return f"GROUP BY {_list(key.column for key in self.keys)}{having}"

    @property
    def order(self) -> str:
        """The order of the groups, after ORDER BY."""
        return _list(f"{key.column} NULLS FIRST" for key in self.keys)


def find(fields: Sequence[Field], name: str, at: int) -> Field | None:
    """A field by its name: the whole one, or what stands after ``::``.

    :param fields: The fields.
    :param name: The name.
    :param at: The place in the text.
    :returns: None where there is none.
    :raises Refusal: The name fits several.
    """
    found = [own for own in fields if own.name == name] or [own for own in fields if own.name.endswith(f"::{name}")]
    if len(found) > 1:
        raise Refusal(f"{name} can be each of {', '.join(own.name for own in found)}; say which is meant", at)
    return found[0] if found else None


def without_twins(fields: Sequence[Field], at: int) -> tuple[Field, ...]:
    """The fields of a new relation.

    :raises Refusal: Two have the same name.
    """
    names = [own.name for own in fields if own.name]
    twin = next((name for name in names if names.count(name) > 1), None)
    if twin:
        raise Refusal(f"two fields would be called {twin}; give one of them another name, with AS", at)
    return tuple(fields)


def one_zero(sql: str, type_name: str) -> str:
    """A key in SQL that stops the run at a -0.0: whether Pig takes it for the same key as 0.0 is not public.

    :param sql: The key.
    :param type_name: Its type in DuckDB.
    """
    if type_name not in ("FLOAT", "DOUBLE"):
        return sql
    reason = marked("a key is -0.0, and whether Pig takes it for the same as 0.0 is not public; add 0.0 to the key.")
    return f"CASE WHEN {sql} = 0 AND signbit({sql}) THEN error({literal(reason)}) ELSE {sql} END"


def _list(parts: Iterable[str]) -> str:
    return ", ".join(parts)
