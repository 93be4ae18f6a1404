"""An expression of a flow, in PostgreSQL's SQL, as an expression of DuckDB's that means the same.

Only what is listed here passes: each kind of node, each function with its arguments, each type. So an expression
sees the columns of the operator's input and nothing else: no other table, no file, no setting, no other run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from alpine.sandbox.engine.expressions import literal
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.sql import calls, conditions, folding, patterns, row_values
from alpine.sandbox.engine.sql.casts import (
    CannotCast,
    cast,
    constant,
    filled,
    made,
    number_constant,
    unified,
)
from alpine.sandbox.engine.sql.columns import Columns
from alpine.sandbox.engine.sql.exact import Refused
from alpine.sandbox.engine.sql.operators import OPERATORS, comparison
from alpine.sandbox.engine.sql.parse import parse, position, refusal, shown
from alpine.sandbox.engine.sql.resolve import NoneFits, Signature, choose
from alpine.sandbox.engine.sql.typed import NULL, TooLong, Typed, computed, together
from alpine.sandbox.engine.sql.types import (
    BOOL,
    BPCHAR,
    FLOAT8,
    INT4,
    INT8,
    UNKNOWN,
    Modified,
    Type,
    named,
)

if TYPE_CHECKING:
    from sqlglot import exp

LONGEST_TEXT = 10_000
"""Characters that all functions of one expression together may add to a text."""
MOST_JOINED = 500
MOST_COST = 500
"""Calls of the sandbox's own functions, where one of a logarithm counts as fifty: thousands of rows are computed
before a stop is seen, and it has to be within two seconds."""
_CALLS = re.compile(r"\bpg_(\w+)\(")
_COSTS = {"fail": 0, "divide": 5, **dict.fromkeys(("ln", "log", "exp", "power", "sqrt", "variance"), 50)}
_SIGNS = {
    "Add": "+",
    "Sub": "-",
    "Mul": "*",
    "Div": "/",
    "Mod": "%",
    "Pow": "^",
    "BitwiseAnd": "&",
    "BitwiseOr": "|",
    "BitwiseXor": "#",
    "BitwiseLeftShift": "<<",
    "BitwiseRightShift": ">>",
}
_ARTICLES = {"aggregate": "an aggregate", "window": "a window function"}
_PREFIXES = {"Neg": "neg", "BitwiseNot": "~ ", "Sqrt": "|/", "Cbrt": "||/"}
_COMPARISONS = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}


class Translator:
    """Translates one expression.

    :param text: The expression.
    :param columns: What it sees.
    :param lead: How many characters before it are not the flow's.
    :param last: What orders rows that an ORDER BY leaves equal, see :func:`alpine.sandbox.engine.sql.translate`.
    """

    def __init__(self, text: str, columns: Columns, lead: int = 0, last: tuple[str, str] = ("", "")) -> None:
        self.text = text
        self.columns = columns
        self._lead = lead
        self.last_of_aggregates: str = last[0]
        self.last_of_windows: str = last[1]
        self._joined = 0
        self.beside: list[Typed] = []
        """What stands in FILTER and ORDER BY of the node that is translated."""
        self.windows: list[Typed] = []
        """What windows are made of: PostgreSQL computes it even where it drops the function."""

    def translated(self, data_type: str = "", *, is_column: bool = False) -> Typed:
        """The whole expression.

        :param data_type: The type that it is cast to, as PostgreSQL names it; may be empty.
        :param is_column: Whether its values are kept in a table.
        :raises NodeFailure: PostgreSQL refuses it, or the sandbox does.
        """
        value = self.whole(parse(self.text))
        if not data_type.strip():
            if is_column and value.type == BPCHAR:
                raise self.failure("The sandbox keeps no column of character(n); cast it to text or varchar", None)
            return value
        kind = named(data_type)
        if kind is None:
            raise NodeFailure(f"The sandbox does not know the type {data_type!r} of the expression: {shown(self.text)}")
        try:
            found = cast(value, kind)
            self.look_at(found)
            return filled(found, kind) if is_column and kind.type == BPCHAR else found
        except (CannotCast, TooLong) as error:
            raise self.failure(_sentence(str(error) or "The expression becomes too long"), None) from None

    def condition(self) -> Typed:
        """The whole expression, where it chooses rows.

        :raises NodeFailure: It is no condition, or holds an aggregate or a window function.
        """
        return self.tested(parse(self.text))

    def tested(self, node: exp.Expression) -> Typed:
        """A tree that chooses rows.

        :raises NodeFailure: It is no condition, or holds an aggregate or a window function.
        """
        value = self.whole(node)
        if value.aggregates:
            raise self.failure(f"A condition on rows cannot hold {_ARTICLES[value.aggregates]}", node)
        return self.truth(value, node, "WHERE")

    def whole(self, node: exp.Expression) -> Typed:
        """A tree, from its root.

        :raises NodeFailure: PostgreSQL refuses it, or the sandbox does.
        """
        try:
            value = self.node(node)
        except RecursionError:
            raise NodeFailure(f"This expression is nested too deep: {shown(self.text)}") from None
        if value.made > LONGEST_TEXT:
            raise self.failure("The functions together make a text that is too long", None)
        called = _CALLS.findall(value.sql)
        if sum(_COSTS.get(name, 1) for name in called) > MOST_COST:
            raise self.failure("The expression computes too many exact numerics and dates", None)
        self.look_at(value)
        return value

    def look_at(self, value: Typed) -> None:
        """Fail where PostgreSQL does before it sees a row: in a part without a column.

        :raises NodeFailure: PostgreSQL refuses to compute such a part, or the sandbox does.
        """
        try:
            for part in (value, *self.windows):
                folding.look_at(part, self.columns.listed)
        except RecursionError:
            raise NodeFailure(f"This expression is nested too deep: {shown(self.text)}") from None
        except folding.Fails as error:
            raise self.failure(_sentence(error.reason), error.node) from None

    def failure(self, reason: str, node: exp.Expression | None, hint: str = "") -> NodeFailure:
        """A failure at a place of the expression."""
        place = None if node is None else position(node)
        return refusal(reason, self.text[self._lead :], None if place is None else place - self._lead, hint)

    def node(self, node: exp.Expression) -> Typed:
        """One node of the tree.

        :raises NodeFailure: It is not known, or not allowed.
        """
        name, count = type(node).__name__, len(self.beside)
        try:
            found = self._translated(name, node)
        except CannotCast as error:
            raise self.failure(_sentence(str(error)), node) from None
        except patterns.NotTheSame as error:
            raise self.failure(f"The sandbox cannot use this pattern: {error}", node) from None
        except TooLong:
            raise self.failure("The expression becomes too long", None) from None
        except (Refused, NotImplementedError) as error:
            raise self.failure(_sentence(str(error)), node) from None
        parts = (*found.parts, *self.beside[count:])
        del self.beside[count:]
        return replace(found, parts=parts, node=found.node or node)

    def _translated(self, name: str, node: exp.Expression) -> Typed:
        if name in _SIGNS:
            return self._binary(node, _SIGNS[name])
        if name in _COMPARISONS:
            return self._comparison(node, _COMPARISONS[name])
        if name in _PREFIXES:
            return self._prefix(node, _PREFIXES[name])
        handler = _NODES.get(name)
        if handler is None:
            raise self.failure(f"The sandbox does not know {_described(node)}", node)
        return handler(self, node)

    def parts(self, node: exp.Expression, *allowed: str) -> list[exp.Expression]:
        """The given arguments of a node, which may have no others.

        :raises NodeFailure: It has another one.
        """
        extra = [key for key, value in node.args.items() if key not in allowed and value not in (None, False, [])]
        if extra:
            raise self.failure(f"The sandbox does not know {extra[0]!r} of {_described(node)}", node)
        return [node.args[key] for key in allowed if node.args.get(key) is not None]

    # Values

    def column(self, node: exp.Expression) -> Typed:
        """A column, with or without its table."""
        self.parts(node, "this", "table")
        name, table = node.args["this"], node.args.get("table")
        if type(name).__name__ != "Identifier":
            raise self.failure(f"The sandbox does not know {_described(name)}", node)
        try:
            return self.columns.find(
                name.name,
                bool(name.args.get("quoted")),
                table.name if table else None,
                bool(table and table.args.get("quoted")),
            )
        except LookupError as error:
            raise self.failure(str(error.args[0]), node) from None

    def literal(self, node: exp.Expression) -> Typed:
        """A number, or a text in quotes, which has no type yet."""
        text = str(node.args["this"])
        if node.args.get("is_string"):
            return Typed(literal(text), UNKNOWN, constant=text)
        if text.isascii() and text.isdigit():
            number = int(text) if len(text) < 40 else 2**64
            for kind, limit in ((INT4, 2**31), (INT8, 2**63)):
                if number < limit:
                    return Typed(f"CAST({number} AS {kind.duckdb})", kind, constant=str(number))
        return constant(text, Type("numeric", is_text=True))

    def raw(self, node: exp.Expression) -> Typed:
        """``$$text$$`` and ``E'text'``"""
        text = str(node.args["this"])
        return Typed(literal(text), UNKNOWN, constant=text)

    def escaped(self, node: exp.Expression) -> Typed:
        """``E'text'``, whose escapes are read from the expression itself."""
        start, end = node.meta.get("start"), node.meta.get("end")
        written = self.text[start : end + 1] if isinstance(start, int) and isinstance(end, int) else ""
        text = calls.unescaped(written)
        if text is None:
            raise self.failure("The sandbox does not read this text", node)
        return Typed(literal(text), UNKNOWN, constant=text)

    def null(self, _: exp.Expression) -> Typed:
        """``NULL``"""
        return NULL

    def boolean(self, node: exp.Expression) -> Typed:
        """``TRUE`` and ``FALSE``"""
        return Typed("TRUE" if node.args["this"] else "FALSE", BOOL)

    def paren(self, node: exp.Expression) -> Typed:
        """An expression in parentheses."""
        (inner,) = self.parts(node, "this")
        return self.node(inner)

    # Types

    def cast(self, node: exp.Expression) -> Typed:
        """``CAST(… AS …)``, ``…::…`` and ``type '…'``"""
        self.parts(node, "this", "to")
        return cast(self.node(node.args["this"]), self.type(node.args["to"]))

    def type(self, node: exp.Expression) -> Modified:
        """A type's name.

        :raises NodeFailure: It is not known.
        """
        written = node.sql(dialect="postgres")
        found = named(written)
        if found is None:
            raise self.failure(f"The sandbox does not know the type {written!r}", node.parent or node)
        return found

    def same(self, values: list[Typed], node: exp.Expression, what: str) -> list[Typed]:
        """Values, all of the type that PostgreSQL finds for them.

        :raises NodeFailure: It finds none.
        """
        found = unified(values)
        if found is None:
            kinds = list(dict.fromkeys(value.type.shown for value in values if value.type.name != "unknown"))
            raise self.failure(f"{what} types {kinds[0]} and {kinds[1]} cannot be matched", node)
        return found

    def truth(self, value: Typed, node: exp.Expression, what: str) -> Typed:
        """A value that has to be a condition.

        :raises NodeFailure: It is none.
        """
        if value.type.name == "unknown":
            return cast(value, Modified(BOOL))
        if value.type.name != "bool":
            raise self.failure(f"The argument of {what} must be type boolean, not type {value.type.shown}", node)
        return value

    # Operators

    def chosen(self, signatures: Sequence[Signature], values: list[Typed]) -> Typed:
        """The call of the function that PostgreSQL would choose.

        :raises NoneFits: There is none.
        """
        signature = choose(signatures, values)
        given = [self.coerced(value, wanted) for value, wanted in zip(values, signature.arguments, strict=True)]
        if callable(signature.emit):
            result = signature.emit(given)
        else:
            result = made(signature.emit, given, Type(signature.result))
        if isinstance(result, str):
            result = made(result, given, Type(signature.result))
        extra = result.made + signature.made
        found = replace(result, made=extra, how=signature.how, parts=tuple(given))
        # Of constants, even a sum is not to be computed where what stands before it decides.
        return found if any(value.constant is None for value in given) else replace(found, can_fail=True)

    def coerced(self, value: Typed, wanted: str) -> Typed:
        """A value as an argument of the type that a function takes."""
        if value.type.name == wanted:
            return value
        kind = Type(wanted, is_text=wanted == "numeric")
        return cast(value, Modified(kind))

    def _binary(self, node: exp.Expression, sign: str) -> Typed:
        self.parts(node, "this", "expression", *(("typed", "safe") if sign == "/" else ()))
        values = [self.node(node.args["this"]), self.node(node.args["expression"])]
        return self._operation(sign, values, node)

    def _operation(self, sign: str, values: list[Typed], node: exp.Expression) -> Typed:
        try:
            return self.chosen(OPERATORS[sign], values)
        except NoneFits:
            raise self.no_operator(sign, values, node) from None

    def no_operator(self, sign: str, values: list[Typed], node: exp.Expression) -> NodeFailure:
        shown = {"neg": "-"}.get(sign, sign.strip())
        kinds = f" {shown} ".join(value.type.shown for value in values)
        return self.failure(
            f"The operator does not exist: {kinds if len(values) > 1 else f'{shown} {kinds}'}; a cast may be missing",
            node,
        )

    def _prefix(self, node: exp.Expression, sign: str) -> Typed:
        (inner,) = self.parts(node, "this")
        if sign == "neg" and type(inner).__name__ == "Literal" and not inner.args.get("is_string"):
            value = self.node(inner)
            if value.type.name != "numeric" and value.constant is not None:
                return _negative(value.constant)
            if value.constant in ("2147483648", "9223372036854775808"):
                return _negative(value.constant)
            if value.constant is not None:
                is_zero = not value.constant.strip("0.")
                return number_constant(value.constant if is_zero else f"-{value.constant}")
        return self._operation(sign, [self.node(inner)], node)

    def _comparison(self, node: exp.Expression, sign: str) -> Typed:
        self.parts(node, "this", "expression")
        right = node.args["expression"]
        quantified = calls.quantified(right)
        if quantified is not None:
            return conditions.over_array(self, node, sign, *quantified)
        if row_values.values(node.args["this"]) or row_values.values(right):
            return row_values.compared(self, sign, node, node.args["this"], right)
        return self.compared(sign, self.collated(node.args["this"]), self.collated(right), node)

    def collated(self, node: exp.Expression) -> Typed:
        """A value that is compared, perhaps with ``COLLATE "C"`` behind it, which is how the sandbox compares texts.

        :raises NodeFailure: It has another collation.
        """
        if type(node).__name__ != "Collate":
            return self.node(node)
        inner, collation = self.parts(node, "this", "expression")
        value = self.node(inner)
        if value.type.category not in "SX":
            raise self.failure(f"Collations are not supported by type {value.type.shown}", node)
        if collation.name not in ("C", "POSIX") or not collation.args.get("quoted"):
            raise self.failure(f'The sandbox knows the collation "C" only, not {collation.name}', node)
        return value

    def compared(self, sign: str, left: Typed, right: Typed, node: exp.Expression) -> Typed:
        """A comparison.

        :raises NodeFailure: PostgreSQL does not compare the two types.
        """
        kinds = {left.type.category, right.type.category} - {"X"}
        names = {left.type.name, right.type.name}
        if len(kinds) > 1 and names != {"time", "interval"}:
            raise self.no_operator(sign, [left, right], node)
        if "time" in names and names & {"date", "timestamp", "timestamptz"}:
            raise self.no_operator(sign, [left, right], node)
        if names & {"float4", "float8"} and len(names - {"unknown"}) > 1:
            values: list[Typed] | None = [cast(value, Modified(FLOAT8)) for value in (left, right)]
        elif kinds == {"N"} and "numeric" in names:
            values = [cast(value, Modified(Type("numeric", is_text=True))) for value in (left, right)]
        elif kinds == {"A"} and names & {"float4[]", "float8[]"}:
            values = None
        else:
            values = unified([left, right])
        if values is None:
            raise self.no_operator(sign, [left, right], node)
        return comparison(sign, *values)

    def joined(self, word: str, values: list[Typed]) -> Typed:
        """Conditions with AND or OR between them, looked at from left to right where one may fail."""
        if len(values) == 1:
            return values[0]
        ordered = values
        if any(value.can_fail for value in values):
            # PostgreSQL computes beforehand what has no column, and drops the others where it decides.
            ordered = sorted(values, key=lambda value: value.can_fail or not folding.is_known(value))
        result = ordered[-1]
        for value in reversed(ordered[:-1]):
            if not (value.can_fail or result.can_fail):
                result = made(f"({{0}} {word} {{1}})", [value, result], BOOL)
                continue
            # DuckDB promises no order of AND and OR; PostgreSQL looks at the left side first.
            stop, go_on = ("FALSE", "TRUE") if word == "AND" else ("TRUE", "FALSE")
            sql = (
                f"CASE WHEN coalesce({value.sql}, {go_on}) = {stop} THEN {stop} "
                f"ELSE ({value.sql} {word} {result.sql}) END"
            )
            result = together(sql, [value, result], BOOL)
        return computed(result, folding.AND if word == "AND" else folding.OR, values)

    def joins(self, count: int, node: exp.Expression) -> None:
        """Count texts that are put together.

        :raises NodeFailure: They are too many; a row of them could fill the memory.
        """
        self._joined += count
        if self._joined > MOST_JOINED:
            raise self.failure(f"The sandbox puts up to {MOST_JOINED} texts together", node)


def _negative(digits: str) -> Typed:
    """A whole number below 0; PostgreSQL takes the sign in before it looks for a type."""
    kind = INT4 if int(digits) <= 2**31 else INT8
    return Typed(f"CAST(-{digits} AS {kind.duckdb})", kind, constant=f"-{digits}")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _described(node: exp.Expression) -> str:
    words = {
        **dict.fromkeys(("Select", "Subquery", "Exists", "Union", "Values"), "a subquery"),
        "Star": "the sign *",
        "Alias": "an alias",
        "Tuple": "a row of values",
        "Bracket": "a subscript",
        "Placeholder": "a parameter",
        "Parameter": "a parameter",
        "JSONExtract": "an operator of JSON",
        "Collate": "COLLATE",
        "Kwarg": "an argument by name",
    }
    return words.get(type(node).__name__, f"the construct {type(node).__name__}")


Handler = Callable[[Translator, "exp.Expression"], Typed]
_NODES: dict[str, Handler] = {
    "Column": Translator.column,
    "Literal": Translator.literal,
    "RawString": Translator.raw,
    "ByteString": Translator.escaped,
    "Null": Translator.null,
    "Boolean": Translator.boolean,
    "Paren": Translator.paren,
    "Array": conditions.array,
    "Cast": Translator.cast,
    "And": conditions.logical,
    "Or": conditions.logical,
    "Not": conditions.negation,
    "Is": conditions.is_,
    "NullSafeEQ": conditions.distinct_from,
    "NullSafeNEQ": conditions.distinct_from,
    "Between": conditions.between,
    "In": conditions.in_,
    "DPipe": conditions.concatenation,
    "Case": conditions.case,
    **calls.NODES,
}
