"""An expression of a flow, in PostgreSQL's SQL, as an expression of DuckDB's that means the same.

Only what is listed here passes: each kind of node, each function with its arguments, each type. So an expression
sees the columns of the operator's input and nothing else: no other table, no file, no setting, no other run.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.sql import calls, patterns
from alpine.sandbox.engine.sql.casts import (
    CannotCast,
    as_text,
    cast,
    constant,
    made,
    number_constant,
    unified,
)
from alpine.sandbox.engine.sql.exact import Refused
from alpine.sandbox.engine.sql.operators import OPERATORS, comparison
from alpine.sandbox.engine.sql.parse import parse, position, refusal, shown
from alpine.sandbox.engine.sql.resolve import NoneFits, Signature, choose
from alpine.sandbox.engine.sql.typed import NULL, TooLong, Typed
from alpine.sandbox.engine.sql.types import (
    BOOL,
    FLOAT8,
    INT4,
    INT8,
    TEXT,
    UNKNOWN,
    Modified,
    Type,
    named,
    of_column,
)

if TYPE_CHECKING:
    from sqlglot import exp

LONGEST_TEXT = 100_000
"""Characters that all functions of one expression together may add to a text."""
MOST_JOINED = 500
MOST_COST = 500
"""Calls of the sandbox's own functions, where one of a logarithm counts as fifty: thousands of rows are computed
before a stop is seen, and it has to be within two seconds."""
_CALLS = re.compile(r"\bpg_(\w+)\(")
_COSTS = {"fail": 0, **dict.fromkeys(("ln", "log", "exp", "power", "sqrt", "variance"), 50)}
_SIGNS = {
    **{"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "Mod": "%", "Pow": "^", "BitwiseAnd": "&", "BitwiseOr": "|"},
    **{"BitwiseXor": "#", "BitwiseLeftShift": "<<", "BitwiseRightShift": ">>"},
}
_ARTICLES = {"aggregate": "an aggregate", "window": "a window function"}
_PREFIXES = {"Neg": "neg", "BitwiseNot": "~ ", "Sqrt": "|/", "Cbrt": "||/"}
_COMPARISONS = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}


class Columns:
    """The columns that an expression sees.

    :param tables: For each table its alias, or an empty text, with the names of its columns and DuckDB's types.
    """

    def __init__(self, tables: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        self._tables = tables

    def find(self, name: str, is_quoted: bool, table: str | None, table_is_quoted: bool) -> Typed:
        """A column, by its name in PostgreSQL's SQL.

        :raises LookupError: There is none, or more than one; the message says so.
        """
        found: list[tuple[str, str, str]] = []
        for alias, columns in self._tables.items():
            if table is None or _names(table, table_is_quoted, [alias]):
                hits = _names(name, is_quoted, [column for column, _ in columns])
                found += [(alias, column, kind) for column, kind in columns if column in hits]
        if not found:
            known = table is None or any(_names(table, table_is_quoted, [alias]) for alias in self._tables)
            raise LookupError(self._missing(name) if known else f"There is no table {table!r} in this expression")
        if len(found) > 1:
            raise LookupError(f"The column {name!r} is ambiguous: more than one table has it")
        alias, column, duckdb = found[0]
        kind = of_column(duckdb)
        if kind is None:
            raise LookupError(f"The column {column!r} has the type {duckdb}, which PostgreSQL does not have")
        sql = (f"{_quoted(alias)}." if alias else "") + _quoted(column)
        if kind.duckdb != duckdb:
            sql = f"CAST({sql} AS {kind.duckdb})"
        return Typed(sql, kind)

    def _missing(self, name: str) -> str:
        every = [column for columns in self._tables.values() for column, _ in columns]
        shown = ", ".join(every[:50]) + (", …" if len(every) > 50 else "")
        nearest = difflib.get_close_matches(name.lower(), [column.lower() for column in every], 1)
        hint = next((f"; did you mean {column!r}?" for column in every if [column.lower()] == nearest), ".")
        return f"There is no column {name!r}{hint} The columns are: {shown}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _names(name: str, is_quoted: bool, candidates: list[str]) -> set[str]:
    """Which of the names is meant: as it is, in small letters, or the only one that differs in capitals alone."""
    wanted = name if is_quoted else name.lower()
    if wanted in candidates:
        return {wanted}
    close = {candidate for candidate in candidates if candidate.lower() == name.lower()}
    return close if len(close) == 1 and not is_quoted else set()


class Translator:
    """Translates one expression.

    :param text: The expression.
    :param columns: What it sees.
    :param lead: How many characters before it are not the flow's.
    """

    def __init__(self, text: str, columns: Columns, lead: int = 0) -> None:
        self.text = text
        self.columns = columns
        self._lead = lead
        self._joined = 0

    def translated(self, data_type: str = "") -> Typed:
        """The whole expression.

        :param data_type: The type that it is cast to, as PostgreSQL names it; may be empty.
        :raises NodeFailure: PostgreSQL refuses it, or the sandbox does.
        """
        value = self.whole(parse(self.text))
        if not data_type.strip():
            return value
        kind = named(data_type)
        if kind is None:
            raise NodeFailure(f"The sandbox does not know the type {data_type!r} of the expression: {shown(self.text)}")
        try:
            return cast(value, kind)
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
        return self.bool(value, node, "WHERE")

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
        return value

    def failure(self, reason: str, node: exp.Expression | None, hint: str = "") -> NodeFailure:
        """A failure at a place of the expression."""
        place = None if node is None else position(node)
        return refusal(reason, self.text[self._lead :], None if place is None else place - self._lead, hint)

    def node(self, node: exp.Expression) -> Typed:
        """One node of the tree.

        :raises NodeFailure: It is not known, or not allowed.
        """
        name = type(node).__name__
        try:
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
        except CannotCast as error:
            raise self.failure(_sentence(str(error)), node) from None
        except patterns.NotTheSame as error:
            raise self.failure(f"The sandbox cannot use this pattern: {error}", node) from None
        except TooLong:
            raise self.failure("The expression becomes too long", None) from None
        except (Refused, NotImplementedError) as error:
            raise self.failure(_sentence(str(error)), node) from None

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
                name.name, bool(name.args.get("quoted")), table.name if table else None, bool(table and table.args.get("quoted"))
            )
        except LookupError as error:
            raise self.failure(str(error.args[0]), node) from None

    def literal(self, node: exp.Expression) -> Typed:
        """A number, or a text in quotes, which has no type yet."""
        text = str(node.args["this"])
        if node.args.get("is_string"):
            return Typed(calls.literal(text), UNKNOWN, constant=text)
        if text.isascii() and text.isdigit():
            number = int(text) if len(text) < 40 else 2**64
            for kind, limit in ((INT4, 2**31), (INT8, 2**63)):
                if number < limit:
                    return Typed(f"CAST({number} AS {kind.duckdb})", kind, constant=str(number))
        return constant(text, Type("numeric", is_text=True))

    def raw(self, node: exp.Expression) -> Typed:
        """``$$text$$`` and ``E'text'``"""
        text = str(node.args["this"])
        return Typed(calls.literal(text), UNKNOWN, constant=text)

    def escaped(self, node: exp.Expression) -> Typed:
        """``E'text'``, whose escapes are read from the expression itself."""
        start, end = node.meta.get("start"), node.meta.get("end")
        written = self.text[start : end + 1] if isinstance(start, int) and isinstance(end, int) else ""
        text = calls.unescaped(written)
        if text is None:
            raise self.failure("The sandbox does not read this text", node)
        return Typed(calls.literal(text), UNKNOWN, constant=text)

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

    def now(self, node: exp.Expression) -> Typed:
        """``current_date``, ``current_timestamp`` and ``localtimestamp``"""
        self.parts(node)
        return {
            "CurrentDate": Typed("CAST(timezone('UTC', now()) AS DATE)", Type("date")),
            "CurrentTimestamp": Typed("now()", Type("timestamptz")),
        }.get(type(node).__name__, Typed("timezone('UTC', now())", Type("timestamp")))

    def array(self, node: exp.Expression) -> Typed:
        """``ARRAY[…]``"""
        self.parts(node, "expressions", "bracket_notation")
        values = [self.node(part) for part in node.args["expressions"]]
        if not values or any(value.type.category == "A" for value in values):
            raise self.failure("The sandbox makes no empty array and no array of arrays", node)
        found = self.same(values, node, "ARRAY")
        template = f"[{', '.join(f'{{{i}}}' for i in range(len(found)))}]" if len(found) < 10 else None
        kind = Type(f"{found[0].type.name}[]")
        if found[0].type.name == "numeric":
            raise self.failure("The sandbox makes no array of numeric", node)
        if template:
            return made(template, found, kind)
        return Typed(f"[{', '.join(value.sql for value in found)}]", kind, can_fail=True)

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

    def bool(self, value: Typed, node: exp.Expression, what: str) -> Typed:
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
        if signature.made:
            from dataclasses import replace

            result = replace(result, made=result.made + signature.made)
        return result

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
            raise self._no_operator(sign, values, node) from None

    def _no_operator(self, sign: str, values: list[Typed], node: exp.Expression) -> NodeFailure:
        shown = {"neg": "-"}.get(sign, sign.strip())
        kinds = f" {shown} ".join(value.type.shown for value in values)
        return self.failure(
            f"The operator does not exist: {kinds if len(values) > 1 else f'{shown} {kinds}'}; a cast may be missing", node
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
            return self._over_array(node, sign, *quantified)
        return self.compared(sign, self.node(node.args["this"]), self.node(right), node)

    def _over_array(self, node: exp.Expression, sign: str, is_any: bool, array: exp.Expression) -> Typed:
        values = array.args.get("expressions") if type(array).__name__ == "Array" else None
        if not values:
            raise self.failure("The sandbox compares with ANY and ALL of an ARRAY[…] only", node)
        left = self.node(node.args["this"])
        tests = [self.compared(sign, left, self.node(value), node) for value in values]
        return self.joined("OR" if is_any else "AND", tests)

    def compared(self, sign: str, left: Typed, right: Typed, node: exp.Expression) -> Typed:
        """A comparison.

        :raises NodeFailure: PostgreSQL does not compare the two types.
        """
        kinds = {left.type.category, right.type.category} - {"X"}
        names = {left.type.name, right.type.name}
        if len(kinds) > 1 and names != {"time", "interval"}:
            raise self._no_operator(sign, [left, right], node)
        if "time" in names and names & {"date", "timestamp", "timestamptz"}:
            raise self._no_operator(sign, [left, right], node)
        if names & {"float4", "float8"} and len(names - {"unknown"}) > 1:
            values: list[Typed] | None = [cast(value, Modified(FLOAT8)) for value in (left, right)]
        elif kinds == {"N"} and "numeric" in names:
            values = [cast(value, Modified(Type("numeric", is_text=True))) for value in (left, right)]
        elif kinds == {"A"} and names & {"float4[]", "float8[]"}:
            values = None
        else:
            values = unified([left, right])
        if values is None:
            raise self._no_operator(sign, [left, right], node)
        return comparison(sign, *values)

    def joined(self, word: str, values: list[Typed]) -> Typed:
        """Conditions with AND or OR between them, looked at from left to right where one may fail."""
        result = values[-1]
        for value in reversed(values[:-1]):
            if not (value.can_fail or result.can_fail):
                result = made(f"({{0}} {word} {{1}})", [value, result], BOOL)
                continue
            # DuckDB promises no order of AND and OR; PostgreSQL looks at the left side first.
            stop, go_on = ("FALSE", "TRUE") if word == "AND" else ("TRUE", "FALSE")
            sql = f"CASE WHEN coalesce({value.sql}, {go_on}) = {stop} THEN {stop} ELSE ({value.sql} {word} {result.sql}) END"
            result = calls.together(sql, [value, result], BOOL)
        return result

    def logical(self, node: exp.Expression) -> Typed:
        """``AND`` and ``OR``"""
        name = type(node).__name__
        word = name.upper()
        items: list[exp.Expression] = []
        waiting = [node]
        while waiting:
            item = waiting.pop()
            if type(item).__name__ == name:
                left, right = self.parts(item, "this", "expression")
                waiting += [right, left]
            else:
                items.append(item)
        return self.joined(word, [self.bool(self.node(item), item, word) for item in items])

    def negation(self, node: exp.Expression) -> Typed:
        """``NOT``"""
        (inner,) = self.parts(node, "this")
        return made("(NOT {0})", [self.bool(self.node(inner), node, "NOT")], BOOL)

    def is_(self, node: exp.Expression) -> Typed:
        """``IS NULL``, ``IS TRUE`` and their kin"""
        self.parts(node, "this", "expression", "negate")
        value, what = self.node(node.args["this"]), node.args["expression"]
        word = "IS NOT" if node.args.get("negate") else "IS"
        kind = type(what).__name__
        if kind == "Null" and calls.is_unknown(self.text, node):
            return made(f"({{0}} {word} NULL)", [self.bool(value, node, "IS UNKNOWN")], BOOL)
        if kind == "Null":
            return made(f"({{0}} {word} NULL)", [value], BOOL)
        if kind == "Boolean":
            truth = "TRUE" if what.args["this"] else "FALSE"
            return made(f"({{0}} {word} NOT DISTINCT FROM {truth})".replace("IS NOT NOT", "IS"), [self.bool(value, node, "IS")], BOOL)
        raise self.failure("The sandbox does not know what follows IS", node)

    def distinct_from(self, node: exp.Expression) -> Typed:
        """``IS DISTINCT FROM`` and ``IS NOT DISTINCT FROM``"""
        left, right = self.parts(node, "this", "expression")
        a, b = self.node(left), self.node(right)
        test = self.compared("=", a, b, node)
        same = "NOT " if type(node).__name__ == "NullSafeEQ" else ""
        nulls = made("(({0} IS NULL) <> ({1} IS NULL))", [a, b], BOOL)
        different = made("coalesce(({0} OR NOT {1}), FALSE)", [nulls, test], BOOL)
        return made(f"({same}{{0}})", [different], BOOL)

    def between(self, node: exp.Expression) -> Typed:
        """``BETWEEN``"""
        self.parts(node, "this", "low", "high", "symmetric")
        value = self.node(node.args["this"])
        low, high = self.node(node.args["low"]), self.node(node.args["high"])
        ordered = self.joined("AND", [self.compared(">=", value, low, node), self.compared("<=", value, high, node)])
        if not node.args.get("symmetric"):
            return ordered
        turned = self.joined("AND", [self.compared(">=", value, high, node), self.compared("<=", value, low, node)])
        return self.joined("OR", [ordered, turned])

    def in_(self, node: exp.Expression) -> Typed:
        """``IN (…)``"""
        self.parts(node, "this", "expressions", "field", "is_global")
        items = node.args.get("expressions")
        if not items:
            raise self.failure("The sandbox allows no subquery after IN", node)
        left = self.node(node.args["this"])
        values = [self.node(item) for item in items]
        found = unified([left, *values]) if left.type.category in "SXBD" or len(values) == 1 else None
        if found is None or left.type.category == "D" and len({value.type.name for value in values}) > 1:
            return self.joined("OR", [self.compared("=", left, value, node) for value in values])
        if len(values) == 1:
            return self.compared("=", left, values[0], node)
        return calls.together(f"({found[0].sql} IN ({', '.join(value.sql for value in found[1:])}))", found, BOOL)

    def concatenation(self, node: exp.Expression) -> Typed:
        """``||``"""
        self.parts(node, "this", "expression", "safe")
        self.joins(1, node)
        values = [self.node(node.args["this"]), self.node(node.args["expression"])]
        if any(value.type.category == "A" for value in values):
            raise self.failure("The sandbox does not put arrays together", node)
        if not any(value.type.category in "SX" for value in values):
            raise self._no_operator("||", values, node)
        return made("({0} || {1})", [as_text(value) for value in values], TEXT)

    def joins(self, count: int, node: exp.Expression) -> None:
        """Count texts that are put together.

        :raises NodeFailure: They are too many; a row of them could fill the memory.
        """
        self._joined += count
        if self._joined > MOST_JOINED:
            raise self.failure(f"The sandbox puts up to {MOST_JOINED} texts together", node)

    def case(self, node: exp.Expression) -> Typed:
        """``CASE``"""
        self.parts(node, "this", "ifs", "default")
        subject = self.node(node.args["this"]) if node.args.get("this") is not None else None
        tests, results = [], []
        for branch in node.args["ifs"]:
            self.parts(branch, "this", "true")
            value = self.node(branch.args["this"])
            tests.append(self.compared("=", subject, value, branch) if subject else self.bool(value, branch, "CASE/WHEN"))
            results.append(self.node(branch.args["true"]))
        default = node.args.get("default")
        results.append(self.node(default) if default is not None else NULL)
        found = self.same(results, node, "CASE")
        return calls.case(tests, found)


def _negative(digits: str) -> Typed:
    """A whole number below 0; PostgreSQL takes the sign in before it looks for a type."""
    kind = INT4 if int(digits) <= 2**31 else INT8
    return Typed(f"CAST(-{digits} AS {kind.duckdb})", kind, constant=f"-{digits}")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _described(node: exp.Expression) -> str:
    words = {
        **dict.fromkeys(("Select", "Subquery", "Exists", "Union", "Values"), "a subquery"),
        **{"Star": "the sign *", "Alias": "an alias", "Tuple": "a row of values", "Bracket": "a subscript"},
        **{"Placeholder": "a parameter", "Parameter": "a parameter", "JSONExtract": "an operator of JSON"},
        **{"Collate": "COLLATE", "Kwarg": "an argument by name"},
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
    "CurrentDate": Translator.now,
    "CurrentTimestamp": Translator.now,
    "Localtimestamp": Translator.now,
    "Array": Translator.array,
    "Cast": Translator.cast,
    "And": Translator.logical,
    "Or": Translator.logical,
    "Not": Translator.negation,
    "Is": Translator.is_,
    "NullSafeEQ": Translator.distinct_from,
    "NullSafeNEQ": Translator.distinct_from,
    "Between": Translator.between,
    "In": Translator.in_,
    "DPipe": Translator.concatenation,
    "Case": Translator.case,
    **calls.NODES,
}
