"""Aggregates and window functions in an expression: DISTINCT, ORDER BY, FILTER, WITHIN GROUP and OVER."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpine.sandbox.engine.sql.aggregates import (
    AGGREGATES,
    WINDOWS,
    WITHIN,
    Call,
    NoSuchAggregate,
    window,
    within_group,
)
from alpine.sandbox.engine.sql.casts import sortable
from alpine.sandbox.engine.sql.typed import Typed

if TYPE_CHECKING:
    from sqlglot import exp

    from alpine.sandbox.engine.sql.translator import Translator

_ENDS = ("UNBOUNDED", "CURRENT ROW")
_RANKS = frozenset({"rank", "dense_rank", "percent_rank", "cume_dist"})
"""Give equal rows the same number."""
_ONE_BY_ONE = frozenset({"row_number", "ntile", "lag", "lead", "first_value"})
"""Tell equal rows apart, whatever the frame."""


def aggregate(translator: Translator, node: exp.Expression, condition: str = "", over: str | None = None) -> Typed:
    """A call of an aggregate, or of a window function where there is an OVER.

    :param condition: The SQL of its FILTER.
    :param over: The SQL of its OVER; None where there is none.
    :raises NodeFailure: PostgreSQL does not have it so.
    """
    name = str(node.args["this"]).lower()
    call = _read(translator, node, name, condition, over or "")
    kinds = ", ".join("*" if call.is_star else value.type.shown for value in call.arguments or [])
    missing = f"The aggregate {name}({'*' if call.is_star else kinds}) does not exist; a cast may be missing"
    if any(value.aggregates == "window" for value in call.arguments):
        raise translator.failure(f"A call of {name} cannot hold a window function", node)
    if over is None and any(value.aggregates for value in call.arguments):
        raise translator.failure("Calls of aggregates cannot be nested", node)
    try:
        if name in WITHIN:
            raise translator.failure(f"WITHIN GROUP is missing after {name}", node)
        if name in WINDOWS:
            if over is None:
                raise translator.failure(f"The window function {name} needs an OVER clause", node)
            if condition or call.is_distinct or call.order:
                raise translator.failure(f"The sandbox does not know FILTER, DISTINCT or ORDER BY of {name}", node)
            return window(call)
        if over is not None and (call.is_distinct or call.order):
            raise translator.failure("DISTINCT and ORDER BY are not known of a window function", node)
        return AGGREGATES[name](call)
    except NoSuchAggregate:
        raise translator.failure(missing, node) from None


def _read(translator: Translator, node: exp.Expression, name: str, condition: str, over: str) -> Call:
    translator.parts(node, "this", "expressions")
    items = list(node.args.get("expressions", []))
    order, is_distinct = "", False
    sorted_by: list[exp.Expression] = []
    if items and type(items[-1]).__name__ == "Order":
        sorted_by = items[-1].args["expressions"]
        items[-1] = items[-1].args["this"]
    if items and type(items[0]).__name__ == "Distinct":
        translator.parts(items[0], "expressions")
        is_distinct = True
        items = [*items[0].args["expressions"], *items[1:]]
        if items and type(items[-1]).__name__ == "Order":
            sorted_by = items[-1].args["expressions"]
            items[-1] = items[-1].args["this"]
    is_star = len(items) == 1 and type(items[0]).__name__ == "Star"
    if is_star and (
        name != "count" or is_distinct or sorted_by or items[0].args.get("except_") or items[0].args.get("except")
    ):
        raise translator.failure(f"{name}(*) does not exist", node)
    arguments = [] if is_star else [translator.node(item) for item in items]
    if name in WINDOWS:
        arguments = _arguments_of_window(translator, node, name, arguments)
    if sorted_by:
        parts = [translator.node(part.args["this"]) for part in sorted_by]
        if any(part.aggregates for part in parts):
            raise translator.failure("Calls of aggregates cannot be nested", node)
        if is_distinct and any(part.sql not in [value.sql for value in arguments] for part in parts):
            raise translator.failure("With DISTINCT, an ORDER BY has to be of the arguments", node)
        order = order_by(translator, sorted_by, "" if is_distinct else translator.last_of_aggregates)
    elif translator.last_of_aggregates and not (over or is_distinct):
        order = f"ORDER BY {translator.last_of_aggregates}"
    if name not in ("string_agg", "array_agg"):
        order = ""
    place = translator.last_of_windows if over else translator.last_of_aggregates
    # Windows over groups have the keys of those in its stead.
    place = place if place == translator.last_of_aggregates else ""
    return Call(name, arguments, is_star, is_distinct, order, condition, over, place)


def _arguments_of_window(translator: Translator, node: exp.Expression, name: str, values: list[Typed]) -> list[Typed]:
    """The offsets as whole numbers, the default of LAG and LEAD as the type of the value."""
    from alpine.sandbox.engine.sql.casts import cast
    from alpine.sandbox.engine.sql.types import INT4, Modified

    found = list(values)
    for place in (0,) if name == "ntile" else (1,):
        if place < len(found):
            if found[place].type.name not in ("int2", "int4", "unknown"):
                raise translator.failure(f"The function {name} takes an integer there", node)
            found[place] = cast(found[place], Modified(INT4))
    if name in ("lag", "lead") and len(found) == 3:
        found[0], found[2] = translator.same([found[0], found[2]], node, name.upper())
    return found


def order_by(translator: Translator, items: list[exp.Expression], last: str = "") -> str:
    """``ORDER BY …`` with the nulls where PostgreSQL has them.

    :param last: SQL of one more key; empty for none.
    """
    keys = [*(_sorted(translator, item) for item in items), *([last] if last else [])]
    return f"ORDER BY {', '.join(keys)}" if keys else ""


def _sorted(translator: Translator, item: exp.Expression) -> str:
    translator.parts(item, "this", "desc", "nulls_first")
    own = translator.collated(item.args["this"])
    value = sortable(own)
    translator.beside.append(own)
    is_descending = bool(item.args.get("desc"))
    first = item.args.get("nulls_first")
    nulls = "FIRST" if (is_descending if first is None else first) else "LAST"
    return f"{value.sql} {'DESC' if is_descending else 'ASC'} NULLS {nulls}"


def filtered(translator: Translator, node: exp.Expression, over: str | None = None) -> Typed:
    """``aggregate(…) FILTER (WHERE …)``"""
    inner, where = translator.parts(node, "this", "expression")
    condition = translator.node(where.args["this"])
    test = translator.truth(condition, where, "FILTER")
    if test.aggregates == "window" or (test.aggregates and over is None):
        raise translator.failure("FILTER cannot hold an aggregate or a window function", node)
    translator.beside.append(test)
    filter_sql = f" FILTER (WHERE {test.sql})"
    if type(inner).__name__ == "WithinGroup":
        return within(translator, inner, filter_sql)
    if type(inner).__name__ != "Anonymous" or str(inner.args["this"]).lower() not in AGGREGATES:
        raise translator.failure("FILTER follows what is no aggregate", node)
    return aggregate(translator, inner, filter_sql, over)


def within(translator: Translator, node: exp.Expression, condition: str = "") -> Typed:
    """``percentile_cont(…) WITHIN GROUP (ORDER BY …)``"""
    call, order = translator.parts(node, "this", "expression")
    name = str(call.args.get("this", "")).lower() if type(call).__name__ == "Anonymous" else ""
    items = order.args["expressions"]
    if name not in WITHIN or len(items) != 1 or condition:
        raise translator.failure(f"The sandbox does not know WITHIN GROUP of {name or 'this'}", node)
    given = [translator.node(item) for item in call.args.get("expressions", [])]
    translator.beside += given
    if len(given) != (0 if name == "mode" else 1):
        raise translator.failure(f"The function {name} does not take {len(given)} arguments", node)
    value = translator.node(items[0].args["this"])
    if value.aggregates:
        raise translator.failure("Calls of aggregates cannot be nested", node)
    try:
        return within_group(name, given[0] if given else None, value, bool(items[0].args.get("desc")))
    except NoSuchAggregate:
        raise translator.failure(f"The function {name} does not exist for {value.type.shown}", node) from None


def over(translator: Translator, node: exp.Expression) -> Typed:
    """``function(…) OVER (…)``"""
    translator.parts(node, "this", "partition_by", "order", "spec", "over", "alias")
    if node.args.get("alias") is not None:
        raise translator.failure("The sandbox does not know the window", node)
    parts, count = [], len(translator.beside)
    own = [translator.node(key) for key in node.args.get("partition_by") or []]
    keys = [sortable(key) for key in own]
    translator.beside += own
    if any(key.aggregates == "window" for key in keys):
        raise translator.failure("A window cannot hold a window function", node)
    if keys:
        parts.append(f"PARTITION BY {', '.join(key.sql for key in keys)}")
    order, spec = node.args.get("order"), node.args.get("spec")
    last = translator.last_of_windows if _is_one_by_one(node.args["this"], spec) else ""
    if order is not None or last:
        parts.append(order_by(translator, order.args["expressions"] if order is not None else [], last))
    translator.windows += translator.beside[count:]
    del translator.beside[count:]
    if spec is not None:
        parts.append(_frame(translator, spec, order))
    sql = f" OVER ({' '.join(parts)})"
    inner = node.args["this"]
    if type(inner).__name__ == "Filter":
        return filtered(translator, inner, sql)
    name = str(inner.args.get("this", "")).lower() if type(inner).__name__ == "Anonymous" else ""
    if name not in AGGREGATES and name not in WINDOWS:
        raise translator.failure("OVER follows what is no aggregate and no window function", node)
    return aggregate(translator, inner, over=sql)


def _is_one_by_one(call: exp.Expression, spec: exp.Expression | None) -> bool:
    """Whether a window tells rows apart that are equal in its order, so that it matters which of them comes first."""
    call = call.args["this"] if type(call).__name__ == "Filter" else call
    name = str(call.args.get("this", "")).lower()
    if spec is None or str(spec.args.get("kind") or "").upper() != "ROWS":
        return spec is None and name in _ONE_BY_ONE
    exclude = str(getattr(spec.args.get("exclude"), "name", spec.args.get("exclude")) or "").upper()
    return name not in _RANKS and exclude not in ("GROUP", "TIES")


def _frame(translator: Translator, spec: exp.Expression, order: exp.Expression | None) -> str:
    translator.parts(spec, "kind", "start", "start_side", "end", "end_side", "exclude")
    kind = str(spec.args.get("kind") or "").upper()
    if kind not in ("ROWS", "RANGE", "GROUPS"):
        raise translator.failure(f"The sandbox does not know the frame {kind}", spec)
    start = _bound(translator, spec, "start", kind, order)
    end = _bound(translator, spec, "end", kind, order) if spec.args.get("end") is not None else "CURRENT ROW"
    if order is None and kind == "GROUPS":
        raise translator.failure("GROUPS needs an ORDER BY in its window", spec)
    exclude = str(getattr(spec.args.get("exclude"), "name", spec.args.get("exclude")) or "").upper()
    if exclude not in ("", "CURRENT ROW", "GROUP", "TIES", "NO OTHERS"):
        raise translator.failure(f"The sandbox does not know EXCLUDE {exclude}", spec)
    return f"{kind} BETWEEN {start} AND {end}" + (f" EXCLUDE {exclude}" if exclude else "")


def _bound(translator: Translator, spec: exp.Expression, key: str, kind: str, order: exp.Expression | None) -> str:
    value, side = spec.args.get(key), str(spec.args.get(f"{key}_side") or "").upper()
    if isinstance(value, str):
        word = value.upper()
        if word not in _ENDS or (word == "UNBOUNDED") != (side in ("PRECEDING", "FOLLOWING")):
            raise translator.failure(f"The sandbox does not know the bound {value} of a frame", spec)
        if word == "UNBOUNDED" and side != ("PRECEDING" if key == "start" else "FOLLOWING"):
            raise translator.failure(f"A frame cannot {key} with UNBOUNDED {side}", spec)
        return f"{word} {side}".strip()
    if value is not None and kind == "RANGE":
        return f"{_distance(translator, value, order, spec)} {side}"
    if value is None or type(value).__name__ != "Literal" or not str(value.args["this"]).isdigit():
        raise translator.failure("The sandbox takes a whole number as the bound of ROWS and GROUPS", spec)
    return f"{int(str(value.args['this']))} {side}"


def _distance(translator: Translator, node: exp.Expression, order: exp.Expression | None, spec: exp.Expression) -> str:
    """How far from the row's own value a frame of RANGE reaches, in the type that is added to it."""
    from alpine.sandbox.engine.sql.casts import cast
    from alpine.sandbox.engine.sql.types import FLOAT8, INT8, INTEGERS, INTERVAL, Modified

    keys = order.args["expressions"] if order is not None else []
    if len(keys) != 1:
        raise translator.failure("RANGE with a distance needs one ORDER BY column", spec)
    import duckdb

    if int(duckdb.__version__.partition(".")[0]) < 2:
        # There a stop does not break such a window off.
        raise translator.failure("RANGE with a distance needs DuckDB 2 or newer here", spec)
    key, distance = sortable(translator.node(keys[0].args["this"])).type, translator.node(node)
    name = key.name
    if name in INTEGERS or name == "numeric":
        wanted, fits = Modified(INT8 if name in INTEGERS else distance.type), distance.type.name in INTEGERS
        fits |= name == "numeric" and distance.type.name == "numeric" and not distance.type.is_text
    elif name in ("float4", "float8"):
        wanted, fits = Modified(FLOAT8), distance.type.category == "N"
    else:
        wanted, fits = Modified(INTERVAL), distance.type.name in ("interval", "unknown")
        fits &= name in ("date", "timestamp", "timestamptz")
    written = distance.constant or ""
    if not fits or not written or "-" in written or "ago" in written:
        raise translator.failure(f"The sandbox does not take this distance from a value of {key.shown}", spec)
    return cast(distance, wanted).sql
