"""SQL that writes values as the server does: what its drivers give as text, and as a field of a CSV."""

from __future__ import annotations

_FLOATS = ("FLOAT", "DOUBLE")
_PLAIN = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
"""Types whose texts need no quotes in a CSV."""
_LEAST_PLAIN, _LEAST_SCIENTIFIC = "1e-3", "1e7"
"""From where to where Java writes a number without an exponent."""


def as_text(expression: str, kind: str) -> str:
    """SQL for the text of a value; null stays null.

    :param expression: The value.
    :param kind: Its type, as DuckDB writes it.

    Example::

        >>> as_text("c0", "BIGINT")
        'CAST(c0 AS VARCHAR)'
    """
    text = f"CAST({expression} AS VARCHAR)"
    match kind:
        case "BOOLEAN":
            return f"CASE WHEN {expression} THEN 't' WHEN NOT {expression} THEN 'f' END"
        case "DOUBLE":
            return _java(expression, text)
        case "FLOAT":
            return _named(expression, text)
        case "BLOB":
            return f"'\\x' || lower(hex({expression}))"
        case "INTERVAL":
            return f"replace({text}, ' month', ' mon')"
    if kind.startswith(("DATE", "TIMESTAMP")):
        return f"replace({text}, '(BC)', 'BC')"
    return text


def as_field(expression: str, kind: str) -> str:
    """SQL for the field of a CSV: null and the empty text are both two quotes."""
    text = as_text(expression, kind)
    if kind in (*_PLAIN, *_FLOATS, "BOOLEAN", "DATE") or kind.startswith(("DECIMAL", "TIME")):
        return f"coalesce({text}, '\"\"')"
    return (
        f"CASE WHEN {text} IS NULL OR {text} = '' THEN '\"\"' "
        f"WHEN regexp_matches({text}, '[,\"\\r\\n]') THEN '\"' || replace({text}, '\"', '\"\"') || '\"' ELSE {text} END"
    )


def header(columns: tuple[str, ...]) -> str:
    """The first line of a CSV."""
    return ",".join(_quoted(name) for name in columns) + "\n"


def _quoted(name: str) -> str:
    if not name or any(sign in name for sign in ',"\r\n'):
        return '"' + name.replace('"', '""') + '"'
    return name


def _named(expression: str, text: str) -> str:
    return (
        f"CASE WHEN isnan({expression}) THEN 'NaN' WHEN isinf({expression}) "
        f"THEN CASE WHEN {expression} > 0 THEN 'Infinity' ELSE '-Infinity' END ELSE {text} END"
    )


def _java(expression: str, text: str) -> str:
    """A double as Java writes it: ``1.0E10`` from ten million up, ``1.0E-4`` below a thousandth."""
    size = f"abs({expression})"
    sign = f"CASE WHEN {expression} < 0 THEN '-' ELSE '' END"
    plain = f"CAST({size} AS VARCHAR)"
    mantissa, exponent = (f"split_part({plain}, 'e', {part})" for part in (1, 2))
    whole, fraction = (f"split_part({plain}, '.', {part})" for part in (1, 2))
    digits = f"rtrim(ltrim({whole} || {fraction}, '0'), '0')"
    shift = (
        f"CASE WHEN {size} >= 1 THEN length({whole}) - 1 "
        f"ELSE length(ltrim({fraction}, '0')) - length({fraction}) - 1 END"
    )
    scientific = (
        f"CASE WHEN contains({plain}, 'e') THEN {mantissa} || "
        f"CASE WHEN contains({mantissa}, '.') THEN '' ELSE '.0' END || 'E' || CAST(CAST({exponent} AS INTEGER) AS "
        f"VARCHAR) ELSE left({digits}, 1) || '.' || CASE WHEN length({digits}) > 1 THEN {digits}[2:] ELSE '0' END || "
        f"'E' || CAST({shift} AS VARCHAR) END"
    )
    is_plain = f"{size} = 0 OR ({size} >= {_LEAST_PLAIN} AND {size} < {_LEAST_SCIENTIFIC})"
    return (
        f"CASE WHEN {expression} IS NULL THEN NULL WHEN isnan({expression}) OR isinf({expression}) "
        f"THEN {_named(expression, text)} WHEN {is_plain} THEN {text} ELSE {sign} || {scientific} END"
    )
