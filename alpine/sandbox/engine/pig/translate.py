"""Walks an expression's tree and gives its SQL, from the leaves up."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from math import inf, isfinite

from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.pig import aggregates, text_functions
from alpine.sandbox.engine.pig import date_functions as dates
from alpine.sandbox.engine.pig import math_functions as _math_functions  # noqa: F401 - fills the table
from alpine.sandbox.engine.pig.casts import convert
from alpine.sandbox.engine.pig.functions import NAMES, call
from alpine.sandbox.engine.pig.kinds import Kind, kind_of_column
from alpine.sandbox.engine.pig.numbers import arithmetic, common, compare, negative
from alpine.sandbox.engine.pig.refusals import Refusal
from alpine.sandbox.engine.pig.syntax import Node
from alpine.sandbox.engine.pig.value import Value, made, text

_WATCHED_CONCAT = 64
_INT_END, _LONG_END = 1 << 31, 1 << 63
_COLUMN_SQL = {
    "DATE": "CAST({0} AS TIMESTAMP)",
    "TIMESTAMP_S": "CAST({0} AS TIMESTAMP)",
    "TIMESTAMP_MS": "CAST({0} AS TIMESTAMP)",
    "TIMESTAMP_NS": "CAST({0} AS TIMESTAMP)",
    "TIMESTAMP WITH TIME ZONE": "make_timestamp(1000 * epoch_ms({0}))",
}
_NOT_IN_EXPRESSIONS = frozenset({
    "STRSPLIT", "STRSPLITTOBAG", "TOKENIZE", "REGEX_EXTRACT_ALL", "REGEX_SEARCH", "TOTUPLE", "TOBAG", "TOMAP", "TOP",
    "INVERSEMAP", "VALUESET", "VALUELIST", "KEYSET", "FLATTEN", "BagToString", "BagToTuple", "DIFF", "SUBTRACT",
    "IsEmpty", "UniqueID", "PluckTuple",
})  # fmt: skip


class Translator:
    """Translates the nodes of one expression.

    :param columns: The columns' types, by name, as DuckDB writes them.
    :param tree: The whole expression.
    :param keys: The columns by which rows are grouped; None where they are not.
    """

    def __init__(self, columns: Mapping[str, str], tree: Node, keys: Collection[str] | None = None) -> None:
        self.columns = columns
        self.keys = keys
        self.arguments_joined = _joined(tree)

    def value(self, node: Node) -> Value:
        """The value of a node.

        :raises Refusal: It has none.
        """
        method: Callable[[Node], Value] = getattr(self, f"_{node.kind}")
        found = method(node)
        return replace(found, at=node.at)

    def condition(self, node: Node) -> Value:
        """The value of a node that has to be true or false."""
        found = self.value(node)
        if found.kind is not Kind.BOOLEAN and not found.is_null:
            raise Refusal(f"a condition is wanted here, and this is a {found.kind.value}", node.at)
        return convert(found, Kind.BOOLEAN)

    # Leaves.

    def _number(self, node: Node) -> Value:
        written = node.value.lower()
        if written.endswith("bi"):
            return Value(text(str(int(written[:-2]))), Kind.BIG_INTEGER, is_simple=True, is_never_null=True)
        if written.endswith("bd"):
            return Value(f"pig_to_big('bigdecimal', {text(written[:-2])})", Kind.BIG_DECIMAL, is_never_null=True)
        if written.isdigit() or written.endswith("l"):
            kind, end = (Kind.INT, _INT_END) if written.isdigit() else (Kind.LONG, _LONG_END)
            if not written.rstrip("l").isdigit():
                raise Refusal(f"{node.value} is no number of Pig", node.at)
            number = int(written.rstrip("l"))
            if number >= end:
                hint = "; write it with an L, as a long" if kind is Kind.INT else ""
                raise Refusal(f"{node.value} is too large for a {kind.value}{hint}", node.at)
            return _literal(f"CAST({number} AS {kind.sql})", kind, number)
        kind = Kind.FLOAT if written.endswith("f") else Kind.DOUBLE
        digits = written.rstrip("f")
        exact = float(digits)
        fraction = _as_float(exact) if kind is Kind.FLOAT else exact
        shown = digits if isfinite(fraction) else "Infinity"
        return _literal(f"CAST('{shown}' AS {kind.sql})", kind, fraction)

    def _string(self, node: Node) -> Value:
        return _literal(text(node.value), Kind.CHARARRAY, node.value)

    def _true(self, _: Node) -> Value:
        return _literal("TRUE", Kind.BOOLEAN, True)

    def _false(self, _: Node) -> Value:
        return _literal("FALSE", Kind.BOOLEAN, False)

    def _null(self, _: Node) -> Value:
        return Value("CAST(NULL AS BLOB)", Kind.BYTEARRAY, is_simple=True, is_null=True)

    def _column(self, node: Node) -> Value:
        # A relation's name before the column's says which side of a join it came from; a table here has each once.
        name = node.value if node.value in self.columns else node.value.rpartition("::")[2]
        if name == "group" and self.keys is not None and name not in self.columns:
            return self._key(node)
        return self.named(name, node)

    def _key(self, node: Node) -> Value:
        if len(self.keys or ()) != 1:
            raise Refusal("the group has not one column here; name the column", node.at)
        return self.named(next(iter(self.keys or ())), node)

    def _position(self, node: Node) -> Value:
        if self.keys is not None:
            if node.value == 0:
                return self._key(node)
            raise Refusal(f"${node.value} is no column of a group; name the column", node.at)
        return self._by_number(node)

    def _by_number(self, node: Node) -> Value:
        if node.value >= len(self.columns):
            raise Refusal(f"${node.value} is beyond the {len(self.columns)} columns, of which the first is $0", node.at)
        return self.named(list(self.columns)[node.value], node)

    def _member(self, node: Node) -> Value:
        (whole,) = node.parts
        if whole.kind != "column" or whole.value in self.columns:
            raise Refusal("the sandbox has no fields of tuples in an expression", node.at)
        if node.value.startswith("$"):
            return self._position(replace(node, value=int(node.value[1:])))
        return self.named(node.value, node)

    def named(self, name: str, node: Node | None = None) -> Value:
        """The value of a column.

        :param name: Its name.
        :param node: Where it is named.
        :raises Refusal: There is none of that name, or Pig has no such type.
        """
        at = node.at if node else 0
        if name not in self.columns:
            raise Refusal(self._no_column(name), at or None)
        stored = self.columns[name].strip().upper()
        kind = kind_of_column(stored)
        if kind is None:
            raise Refusal(f"the column {name} is a {stored}, which Pig does not have", at or None)
        sql = _COLUMN_SQL.get(stored, "{0}").replace("{0}", quoted(name))
        if kind is Kind.BIG_DECIMAL:
            # The scale of a table's column says nothing of how a value was written: it has the fewest digits.
            sql = (
                f"(CASE WHEN {sql} = 0 THEN '0' ELSE regexp_replace(CAST({sql} AS VARCHAR), '\\.?0*$', '') END)"
                if (not stored.endswith(",0)"))
                else f"CAST({sql} AS VARCHAR)"
            )
        elif kind is Kind.BIG_INTEGER or stored.startswith("ENUM"):
            sql = f"CAST({sql} AS VARCHAR)"
        elif kind.sql != stored and kind is not Kind.DATETIME:
            sql = f"CAST({sql} AS {kind.sql})"
        lacking = kind is Kind.BIG_DECIMAL and not stored.endswith(",0)")
        return Value(sql, kind, at, is_simple=True, columns=frozenset({name}), lacks_zeros=lacking)

    def _no_column(self, name: str) -> str:
        alike = [column for column in self.columns if column.lower() == name.lower()]
        if alike:
            return f"there is no column {name}; names are case-sensitive in Pig: {alike[0]}"
        near = get_close_matches(name, self.columns, 1)
        hint = f", perhaps {near[0]}" if near else ""
        there = ", ".join(self.columns) or "none"
        return f"there is no column {name}{hint}; the columns are: {there[:500]}"

    # Branches.

    def _group(self, node: Node) -> Value:
        return self.value(node.parts[0])

    def _bincond(self, node: Node) -> Value:
        test, yes, no = node.parts
        return self._branches([(self.condition(test), self.value(yes))], self.value(no), node.at)

    def _case(self, node: Node) -> Value:
        whens = [part for part in node.parts if part.kind == "when"]
        last = node.parts[-1]
        otherwise = self.value(last) if last.kind != "when" else self._null(node)
        choices = [(self.condition(when.parts[0]), self.value(when.parts[1])) for when in whens]
        return self._branches(choices, otherwise, node.at)

    def _simple_case(self, node: Node) -> Value:
        subject = self.value(node.parts[0])
        whens = [part for part in node.parts[1:] if part.kind == "when"]
        last = node.parts[-1]
        otherwise = self.value(last) if last.kind != "when" else self._null(node)
        choices = [
            (convert(compare(subject, "==", self.value(when.parts[0])), Kind.BOOLEAN), self.value(when.parts[1]))
            for when in whens
        ]
        return self._branches(choices, otherwise, node.at)

    def _branches(self, choices: Sequence[tuple[Value, Value]], otherwise: Value, at: int) -> Value:
        """Conditions one after the other: a null one gives null, and ends the search."""
        values = [*(value for _, value in choices), otherwise]
        kind = values[0].kind
        for value in values[1:]:
            kind = self._branch_kind(values, value, kind)
        is_zoned = kind is Kind.DATETIME and any(value.is_zoned for value in values)
        written = [self._branch(value, kind, is_zoned) for value in values]
        whens = ""
        for (test, _), sql in zip(choices, written, strict=False):
            stop = "" if test.is_never_null else f"WHEN ({test.sql}) IS NULL THEN NULL "
            whens += f"{stop}WHEN {test.sql} THEN {sql} "
        parts = [part for choice in choices for part in choice] + [otherwise]
        is_never_null = all(part.is_never_null for part in parts)
        is_null = all(value.is_null for value in values)
        return made(
            f"(CASE {whens}ELSE {written[-1]} END)", kind, at, *parts,
            is_zoned=is_zoned, is_never_null=is_never_null, is_null=is_null,
        )  # fmt: skip

    @staticmethod
    def _branch_kind(values: Sequence[Value], value: Value, kind: Kind) -> Kind:
        if all(other.is_null for other in values[: values.index(value)]):
            return value.kind
        return kind if value.is_null else common(replace(values[0], kind=kind), value, "a choice")

    @staticmethod
    def _branch(value: Value, kind: Kind, is_zoned: bool) -> str:
        if is_zoned:
            return "CAST(NULL AS VARCHAR)" if value.is_null else dates.with_zone(value)
        return convert(value, kind).sql

    # Conditions.

    def _logical(self, node: Node) -> Value:
        left, right = map(self.condition, node.parts)
        known = left.is_never_null and right.is_never_null
        return made(f"({left.sql} {node.value} {right.sql})", Kind.BOOLEAN, node.at, left, right, is_never_null=known)

    def _negation(self, node: Node) -> Value:
        inner = self.condition(node.parts[0])
        return inner.become(f"(NOT {inner.sql})", Kind.BOOLEAN, is_never_null=inner.is_never_null)

    def _compare(self, node: Node) -> Value:
        left, right = map(self.value, node.parts)
        return compare(left, node.value, right)

    def _matches(self, node: Node) -> Value:
        value, pattern = map(self.value, node.parts)
        return text_functions.matches(value, pattern, node.at)

    def _is_null(self, node: Node) -> Value:
        inner = self.value(node.parts[0])
        sql = f"({inner.sql} IS {'' if node.value else 'NOT '}NULL)"
        return inner.become(sql, Kind.BOOLEAN, is_never_null=True)

    def _is_in(self, node: Node) -> Value:
        subject, *choices = map(self.value, node.parts)
        tests = [compare(subject, "==", choice) for choice in choices]
        sql = " OR ".join(test.sql for test in tests)
        return made(f"({sql})", Kind.BOOLEAN, node.at, *tests, is_never_null=all(test.is_never_null for test in tests))

    # Computations.

    def _arithmetic(self, node: Node) -> Value:
        left, right = map(self.value, node.parts)
        return arithmetic(left, node.value, right)

    def _negative(self, node: Node) -> Value:
        return negative(self.value(node.parts[0]))

    def _cast(self, node: Node) -> Value:
        return convert(self.value(node.parts[0]), NAMES[node.value])

    def _call(self, node: Node) -> Value:
        name = node.value
        if name in aggregates.NAMES:
            return self._aggregate(node)
        if name in _NOT_IN_EXPRESSIONS:
            raise Refusal(f"the sandbox has no {name} in an expression: it has no tuples, bags and maps there", node.at)
        if name == "SIZE" and len(node.parts) == 1 and _is_bag(node.parts[0]):
            return aggregates.aggregate("COUNT_STAR", None, node.at)
        if any(part.kind == "star" for part in node.parts):
            raise Refusal("* stands for all columns, which this function does not take", node.at)
        arguments = [self.value(part) for part in node.parts]
        match name:
            case "CONCAT":
                return text_functions.concat(arguments, node.at, is_watched=self.arguments_joined > _WATCHED_CONCAT)
            case "SPRINTF":
                return text_functions.sprintf(arguments, node.at)
            case "SIZE":
                if len(arguments) != 1:
                    raise Refusal("SIZE takes one argument", node.at)
                return text_functions.size(arguments[0], node.at)
        return call(name, arguments, node.at)

    def _aggregate(self, node: Node) -> Value:
        if len(node.parts) != 1:
            raise Refusal(f"{node.value} takes one column", node.at)
        (of,) = node.parts
        if of.kind == "star":
            return aggregates.aggregate(node.value, None, node.at)
        if _is_bag(of):
            # COUNT counts the rows whose first field is not null.
            first = self._by_number(replace(of, value=0)) if node.value == "COUNT" else None
            return aggregates.aggregate(node.value, first, node.at)
        if of.kind == "member" and (_is_bag(of.parts[0]) or of.parts[0].kind == "column"):
            if of.value.startswith("$"):
                return aggregates.aggregate(node.value, self._by_number(replace(of, value=int(of.value[1:]))), node.at)
            return aggregates.aggregate(node.value, self.named(of.value, of), node.at)
        return aggregates.aggregate(node.value, self.value(of), node.at)

    def _star(self, node: Node) -> Value:
        raise Refusal("* cannot stand here", node.at)

    def _entry(self, node: Node) -> Value:
        raise Refusal("the sandbox has no maps in an expression", node.at)

    def _tuple(self, node: Node) -> Value:
        raise Refusal("the sandbox has no tuples in an expression", node.at)


def check_aggregates(value: Value, keys: Collection[str] | None) -> None:
    """Make sure that aggregates stand only where groups are, and columns beside them are keys.

    :param value: The whole expression.
    :param keys: The columns by which rows are grouped; None where they are not.
    :raises Refusal: They do not.
    """
    if keys is None and value.is_aggregate:
        raise Refusal("an aggregate needs groups; this operator has none")
    stray = sorted(value.columns - set(keys or ()))
    if keys is not None and stray:
        raise Refusal(f"the column {stray[0]} has many values in a group; put an aggregate around it")


def _is_bag(node: Node) -> bool:
    return node.kind == "position" and node.value == 1


def _literal(sql: str, kind: Kind, constant: object) -> Value:
    return Value(sql, kind, is_simple=True, constant=constant, is_never_null=True)


def _as_float(number: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return inf


def _joined(tree: Node) -> int:
    """How many texts an expression puts together, in all its calls of CONCAT."""
    count, waiting = 0, [tree]
    while waiting:
        node = waiting.pop()
        waiting.extend(node.parts)
        count += len(node.parts) if node.kind == "call" and node.value == "CONCAT" else 0
    return count
