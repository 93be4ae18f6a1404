"""Expressions in a script: names as Pig resolves them, bags and tuples where they can stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from alpine.sandbox.engine.pig import aggregates, text_functions
from alpine.sandbox.engine.pig.casts import convert
from alpine.sandbox.engine.pig.functions import NAMES
from alpine.sandbox.engine.pig.kinds import Kind, kind_of_column
from alpine.sandbox.engine.pig.refusals import Refusal
from alpine.sandbox.engine.pig.syntax import Node
from alpine.sandbox.engine.pig.syntax import parse as parse_expression
from alpine.sandbox.engine.pig.translate import Translator
from alpine.sandbox.engine.pig.value import Value, made
from alpine.sandbox.engine.pig_script import lists
from alpine.sandbox.engine.pig_script.grammar import Fragment
from alpine.sandbox.engine.pig_script.relations import Field, Grouped, find

_JAVA_NAME = re.compile(r"(?:[A-Za-z_]\w*\.)+[A-Za-z_]\w*\s*\(")
_STORED = {Kind.BIG_INTEGER: "HUGEINT", Kind.BIG_DECIMAL: "DECIMAL(38,18)"}
_BAGS_TAKE = "COUNT, COUNT_STAR and SIZE"


def read(fragment: Fragment) -> Node:
    """The tree of an expression, with its places in the statement.

    :raises Refusal: It is none.
    """
    foreign = _JAVA_NAME.search(re.sub(r"'(?:\\.|[^'\\])*'", lambda text: "'" * len(text.group()), fragment.text))
    if foreign:
        name = foreign.group().rstrip(" (")
        raise Refusal(f"the sandbox does not know the function {name} of Java", fragment.at + foreign.start() + 1)
    try:
        return _moved(parse_expression(fragment.text), fragment.at)
    except Refusal as refusal:
        raise Refusal(refusal.reason, fragment.at + (refusal.at or 1)) from None


def _moved(node: Node, by: int) -> Node:
    return replace(node, at=node.at + by, parts=tuple(_moved(part, by) for part in node.parts))


def bare(node: Node) -> Node:
    """An expression without the parentheses around it."""
    while node.kind == "group":
        node = node.parts[0]
    return node


def stored_type(value: Value) -> str:
    """The type of the column that holds a value."""
    return _STORED.get(value.kind, value.kind.sql)


def declared(value: Value, kind: str, at: int) -> Value:
    """A value in the type that an AS clause gives it.

    :raises Refusal: There is no such type, or no such cast.
    """
    if not kind:
        return value
    wanted = NAMES.get(kind.lower())
    if wanted is None:
        raise Refusal(f"the sandbox does not know the type {kind}; it has {', '.join(NAMES)}", at)
    return convert(replace(value, at=at), wanted)


@dataclass(frozen=True)
class Listed:
    """A bag or a tuple of texts.

    :param sql: The list.
    :param kind: ``bag`` or ``tuple``.
    :param inner: What the elements of a bag are called.
    """

    sql: str
    kind: str
    inner: str


class ScriptTranslator(Translator):
    """Translates the expressions of one relation.

    :param fields: The relation's fields.
    :param tree: The whole expression.
    """

    def __init__(self, fields: Sequence[Field], tree: Node) -> None:
        super().__init__({own.column: own.type for own in fields if not own.kind}, tree)
        self.fields = fields

    def name_of(self, node: Node) -> str:
        """The name of the field that an expression makes, where nothing gives it one."""
        node = bare(node)
        if node.kind == "cast":
            return self.name_of(node.parts[0])
        if node.kind not in {"column", "position"}:
            return ""
        return self.field(node).name

    def field(self, node: Node) -> Field:
        """The field that a name or a position means.

        :raises Refusal: There is none.
        """
        if node.kind == "position":
            if node.value >= len(self.fields):
                raise Refusal(
                    f"${node.value} is beyond the {len(self.fields)} fields, of which the first is $0", node.at
                )
            place: int = node.value
            return self.fields[place]
        found = find(self.fields, node.value, node.at)
        if found is None:
            raise Refusal(_no_field(node.value, self.fields), node.at)
        return found

    def listed(self, node: Node) -> Listed | None:
        """A bag or a tuple, where the expression is one.

        :raises Refusal: It is one that the sandbox does not make.
        """
        node = bare(node)
        if node.kind in {"column", "position"}:
            own = self.field(node)
            return Listed(own.column, own.kind, own.inner) if own.kind else None
        if node.kind != "call" or node.value not in {"TOKENIZE", "STRSPLIT"}:
            return None
        arguments = [self.value(part) for part in node.parts]
        if node.value == "STRSPLIT":
            return Listed(lists.split(arguments, node.at), "tuple", "")
        first = bare(node.parts[0]) if node.parts else node
        source = self.name_of(first) if first.kind in {"column", "position"} else "null"
        return Listed(lists.tokens(arguments, node.at), "bag", f"bag_of_tokenTuples_from_{source or 'null'}::token")

    def _column(self, node: Node) -> Value:
        return self._of(self.field(node), node)

    def _position(self, node: Node) -> Value:
        return self._of(self.field(node), node)

    def _of(self, own: Field, node: Node) -> Value:
        if own.kind:
            raise Refusal(f"a {own.kind} cannot stand here; FLATTEN makes fields of it", node.at)
        if kind_of_column(own.type) is None:
            raise Refusal(f"the field {own.name or own.column} is a {own.type}, which Pig does not have", node.at)
        return self.named(own.column, node)

    def _member(self, node: Node) -> Value:
        (whole,) = node.parts
        found = self.listed(whole) if whole.kind != "column" or find(self.fields, whole.value, whole.at) else None
        if found is None:
            raise Refusal("the sandbox has no such field of a tuple, bag or other relation", node.at)
        if found.kind != "tuple" or not node.value.startswith("$"):
            raise Refusal("a field of STRSPLIT is written $0, $1 and so on; FLATTEN makes rows of a bag", node.at)
        return Value(f"({found.sql})[{int(node.value[1:]) + 1}]", Kind.CHARARRAY, node.at)

    def _is_null(self, node: Node) -> Value:
        found = self.listed(node.parts[0])
        if found is None:
            return super()._is_null(node)
        sql = f"({found.sql} IS {'' if node.value else 'NOT '}NULL)"
        return Value(sql, Kind.BOOLEAN, node.at, is_never_null=True)

    def _call(self, node: Node) -> Value:
        if len(node.parts) == 1 and node.value in {"SIZE", "IsEmpty"}:
            found = self.listed(node.parts[0])
            if found is None and node.value == "SIZE":
                return text_functions.size(self.value(node.parts[0]), node.at)
            if found is not None and node.value == "SIZE":
                return Value(f"CAST(len({found.sql}) AS BIGINT)", Kind.LONG, node.at)
            if found is not None and found.kind == "bag":
                return Value(f"(len({found.sql}) = 0)", Kind.BOOLEAN, node.at)
        return super()._call(node)

    def _aggregate(self, node: Node) -> Value:
        found = self.listed(node.parts[0]) if len(node.parts) == 1 and node.parts[0].kind != "star" else None
        if found is None or found.kind != "bag":
            raise Refusal(f"{node.value} takes a bag; GROUP the relation first", node.at)
        if node.value not in {"COUNT", "COUNT_STAR"}:
            raise Refusal(f"of a bag of texts the sandbox has {_BAGS_TAKE}", node.at)
        return Value(f"CAST(len({found.sql}) AS BIGINT)", Kind.LONG, node.at)


class GroupTranslator(ScriptTranslator):
    """Translates the expressions of a grouped relation.

    :param grouped: The relation.
    :param tree: The whole expression.
    """

    def __init__(self, grouped: Grouped, tree: Node) -> None:
        super().__init__((*grouped.keys, *grouped.source.fields), tree)
        self.grouped = grouped
        self.keys: list[str] = [key.column for key in grouped.keys]

    def is_key(self, node: Node) -> bool:
        """Whether an expression is the key of the group, whole."""
        return (node.kind == "column" and node.value == "group") or (node.kind == "position" and node.value == 0)

    def is_bag(self, node: Node) -> bool:
        """Whether an expression is the bag of the group's rows."""
        if node.kind == "position":
            return bool(node.value == 1)
        return bool(node.kind == "column" and node.value == self.grouped.bag)

    def name_of(self, node: Node) -> str:
        """The name of the field that an expression makes, where nothing gives it one."""
        node = bare(node)
        if node.kind == "cast":
            return self.name_of(node.parts[0])
        if self.is_key(node):
            return "group"
        if node.kind == "member" and self.is_key(node.parts[0]):
            return self._part(node).name
        return ""

    def bag_fields(self, node: Node) -> list[Field] | None:
        """The fields of the bag that an expression is; None where it is none."""
        node = bare(node)
        if self.is_bag(node):
            return list(self.grouped.source.fields)
        if node.kind == "member" and self.is_bag(node.parts[0]):
            return [self._in_bag(node)]
        return None

    def listed(self, node: Node) -> Listed | None:
        """A tuple of STRSPLIT, or a bag of TOKENIZE."""
        return super().listed(node) if bare(node).kind == "call" else None

    def _column(self, node: Node) -> Value:
        return self._position(node)

    def _position(self, node: Node) -> Value:
        if self.is_bag(node):
            raise Refusal("a bag cannot stand here; put an aggregate around it, or FLATTEN", node.at)
        if not self.is_key(node):
            shown = f"${node.value}" if node.kind == "position" else node.value
            bag = self.grouped.bag or "$1"
            raise Refusal(f"a group has the fields group and {bag}, and none {shown}; see {bag}.x", node.at)
        if len(self.grouped.keys) != 1:
            raise Refusal("the group has several fields; use FLATTEN(group), or group.x", node.at)
        return self._of(self.grouped.keys[0], node)

    def _member(self, node: Node) -> Value:
        if self.is_key(node.parts[0]):
            return self._of(self._part(node), node)
        if self.is_bag(node.parts[0]):
            raise Refusal("a bag cannot stand here; put an aggregate around it, or FLATTEN", node.at)
        return super()._member(node)

    def _part(self, node: Node) -> Field:
        """The field of the key that ``group.x`` means."""
        keys = self.grouped.keys
        if len(keys) == 1:
            raise Refusal("the group is one value, and no tuple", node.at)
        if node.value.startswith("$"):
            at = int(node.value[1:])
            found = keys[at] if at < len(keys) else None
        else:
            found = find(keys, node.value, node.at)
        if found is None:
            raise Refusal(_no_field(node.value, keys), node.at)
        return found

    def _in_bag(self, node: Node) -> Field:
        """The field of the rows that ``A.x`` means."""
        if node.value.startswith("$"):
            inner = Node("position", (), int(node.value[1:]), node.at)
        else:
            inner = Node("column", (), node.value, node.at)
        return ScriptTranslator(self.grouped.source.fields, inner).field(inner)

    def _call(self, node: Node) -> Value:
        if len(node.parts) == 1 and self.bag_fields(node.parts[0]) is not None:
            if node.value == "SIZE":
                return aggregates.aggregate("COUNT_STAR", None, node.at)
            if node.value == "IsEmpty":
                return made("FALSE", Kind.BOOLEAN, node.at, is_never_null=True)
        return super()._call(node)

    def _aggregate(self, node: Node) -> Value:
        fields = self.bag_fields(node.parts[0]) if len(node.parts) == 1 else None
        if fields is None:
            bag = self.grouped.bag or "$1"
            raise Refusal(f"{node.value} takes a bag, as {node.value}({bag}.x)", node.at)
        if node.value == "COUNT_STAR":
            return aggregates.aggregate("COUNT_STAR", None, node.at)
        own = fields[0]
        if node.value == "COUNT":
            # Only whether there is a value counts, whatever it is.
            counted = Value(own.column, Kind.CHARARRAY, node.at)
            return aggregates.aggregate("COUNT", counted, node.at)
        if len(fields) != 1:
            raise Refusal(
                f"{node.value} takes a bag of one field, as {node.value}({self.grouped.bag or '$1'}.x)", node.at
            )
        return aggregates.aggregate(node.value, self._of(own, node), node.at)


def _no_field(name: str, fields: Sequence[Field]) -> str:
    alike = [own.name for own in fields if own.name.lower().rpartition("::")[2] == name.lower().rpartition("::")[2]]
    if alike:
        return f"there is no field {name}, but {', '.join(alike)}; names are case-sensitive in Pig"
    there = ", ".join(own.name or f"${i}" for i, own in enumerate(fields))
    return f"there is no field {name}; the fields are: {there[:500]}"
