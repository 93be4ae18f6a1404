"""The types of columns: PostgreSQL's and Pig's names for them, and what they are in DuckDB."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_DIGITS = 38
"""DuckDB keeps decimal numbers of up to so many digits."""
_MAX_LENGTH = 10_485_760
_MICROSECONDS = 6
_TIME_ZONE = re.compile(r"\s+(with|without)\s+time\s+zone$")
_NAME = re.compile(r"(?P<base>[a-z][a-z0-9_ ]*?)\s*(\(\s*(?P<arguments>[^()]*?)\s*\))?")

_POSTGRES = {
    "smallint": ("smallint", "SMALLINT"),
    "int2": ("smallint", "SMALLINT"),
    "smallserial": ("smallint", "SMALLINT"),
    "serial2": ("smallint", "SMALLINT"),
    "integer": ("integer", "INTEGER"),
    "int": ("integer", "INTEGER"),
    "int4": ("integer", "INTEGER"),
    "serial": ("integer", "INTEGER"),
    "serial4": ("integer", "INTEGER"),
    "bigint": ("bigint", "BIGINT"),
    "int8": ("bigint", "BIGINT"),
    "bigserial": ("bigint", "BIGINT"),
    "serial8": ("bigint", "BIGINT"),
    "real": ("real", "FLOAT"),
    "float4": ("real", "FLOAT"),
    "double precision": ("double precision", "DOUBLE"),
    "float8": ("double precision", "DOUBLE"),
    # PostgreSQL knows no "double" alone; flows have it.
    "double": ("double precision", "DOUBLE"),
    "text": ("text", "VARCHAR"),
    "boolean": ("boolean", "BOOLEAN"),
    "bool": ("boolean", "BOOLEAN"),
    "date": ("date", "DATE"),
    "interval": ("interval", "INTERVAL"),
    "uuid": ("uuid", "UUID"),
    "bytea": ("bytea", "BLOB"),
}
_DECIMALS = frozenset({"numeric", "decimal", "dec"})
_VARYING = frozenset({"varchar", "character varying", "char varying"})
_PADDED = frozenset({"char", "character", "bpchar"})
_MOMENTS = {
    ("timestamp", False): ("timestamp without time zone", "TIMESTAMP"),
    ("timestamp", True): ("timestamp with time zone", "TIMESTAMP WITH TIME ZONE"),
    ("time", False): ("time without time zone", "TIME"),
}
_SHORT_MOMENTS = {"timestamptz": ("timestamp", True)}
_PIG = {
    "int": "INTEGER",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "chararray": "VARCHAR",
    "bytearray": "VARCHAR",
    "boolean": "BOOLEAN",
    "datetime": "TIMESTAMP",
    "biginteger": "HUGEINT",
    "bigdecimal": "",
}
_SINGLE_DIGITS = 24
_DOUBLE_DIGITS = 53


class UnknownType(ValueError):
    """A type that the sandbox does not know, or cannot keep as it is meant."""


@dataclass(frozen=True)
class ColumnType:
    """The type of a column.

    :param name: Its full name, as PostgreSQL or Pig writes it.
    :param sql: The type in DuckDB; empty for numbers of any precision, which take the digits that the data need.
    :param length: The most characters of ``char(n)`` and ``varchar(n)``.
    :param is_padded: Whether it is ``char(n)``. It is kept without the blanks at its end, which PostgreSQL leaves out
        of comparisons, lengths and casts.
    :param pattern: The pattern of a Pig ``datetime``, where a flow declares one.
    """

    name: str
    sql: str
    length: int | None = None
    is_padded: bool = False
    pattern: str = ""

    def cast(self, expression: str) -> str:
        """An SQL expression, cast to the type.

        >>> postgres("varchar(3)").cast("x"), postgres("int8").cast("x")
        ('left(CAST(x AS VARCHAR), 3)', 'CAST(x AS BIGINT)')
        """
        if not self.sql:
            return expression
        cast = f"CAST({expression} AS {self.sql})"
        if self.length is not None:
            cast = f"left({cast}, {self.length})"
        return f"rtrim({cast}, ' ')" if self.is_padded else cast


def postgres(name: str) -> ColumnType:
    """The type that PostgreSQL means by a name.

    :param name: In any of its spellings and capitals: ``int4``, ``DECIMAL(10, 2)``, ``timestamp with time zone``.
    :raises UnknownType: It is no type of PostgreSQL, or one that the sandbox cannot keep.

    Example::

        >>> kind = postgres("DECIMAL( 10,2 )")
        >>> kind.name, kind.sql
        ('numeric(10,2)', 'DECIMAL(10,2)')
    """
    text = " ".join(name.lower().replace("(", " ( ").replace(")", " ) ").split()).removeprefix("pg_catalog.")
    zone = _TIME_ZONE.search(text)
    found = _NAME.fullmatch(text[: zone.start()] if zone else text)
    if found is None:
        raise _unknown(name)
    base = found["base"]
    arguments = _arguments(name, found["arguments"])
    if base in _SHORT_MOMENTS or base in ("timestamp", "time"):
        return _moment(name, base, bool(zone and zone[1] == "with"), arguments)
    if zone:
        raise _unknown(name)
    if base in _DECIMALS:
        return _numeric(name, arguments)
    if base in _VARYING | _PADDED:
        return _characters(name, base, arguments)
    if base == "float":
        return _floating(name, arguments)
    if base not in _POSTGRES or arguments:
        raise _unknown(name)
    return ColumnType(*_POSTGRES[base])


def pig(name: str) -> ColumnType:
    """The type that Pig means by a name.

    :param name: ``int``, ``long``, ``float``, ``double``, ``chararray``, ``boolean``, ``biginteger``, ``bigdecimal``,
        ``bytearray``, or ``datetime``, which a flow may write with a pattern behind it.
    :raises UnknownType: It is none of these.

    Example::

        >>> pig("datetime yyyy-MM-dd").pattern
        'yyyy-MM-dd'
    """
    base, _, rest = name.strip().partition(" ")
    kind = base.lower()
    if kind not in _PIG or (rest.strip() and kind != "datetime"):
        raise UnknownType(
            f"The sandbox does not know the type {name!r} of a Hadoop column; it knows {', '.join(_PIG)}."
        )
    return ColumnType(kind, _PIG[kind], pattern=rest.strip())


def of_flow(name: str, *, is_hadoop: bool) -> ColumnType:
    """The type of a column that a flow derives.

    :param name: As the flow writes it.
    :param is_hadoop: Whether the operator belongs to Hadoop, where Pig's names hold, besides those of databases.
    :raises UnknownType: It is not known.
    """
    if not is_hadoop:
        return postgres(name)
    try:
        return pig(name)
    except UnknownType:
        return postgres(name)


def _arguments(name: str, text: str | None) -> list[int]:
    if text is None:
        return []
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise _unknown(name)
    return [int(part) for part in parts]


def _numeric(name: str, arguments: list[int]) -> ColumnType:
    if not arguments:
        return ColumnType("numeric", "")
    precision, scale = arguments[0], arguments[1] if len(arguments) > 1 else 0
    if len(arguments) > 2 or precision < 1 or scale > precision:
        raise _unknown(name)
    if precision > MAX_DIGITS:
        raise UnknownType(f"The sandbox keeps numbers of up to {MAX_DIGITS} digits, so it has no type {name!r}.")
    return ColumnType(f"numeric({precision},{scale})", f"DECIMAL({precision},{scale})")


def _characters(name: str, base: str, arguments: list[int]) -> ColumnType:
    if len(arguments) > 1 or any(not 0 < length <= _MAX_LENGTH for length in arguments):
        raise _unknown(name)
    length = arguments[0] if arguments else None
    padded = base in _PADDED
    if padded and length is None and base != "bpchar":
        length = 1
    full = "character" if padded else "character varying"
    return ColumnType(full if length is None else f"{full}({length})", "VARCHAR", length, padded)


def _floating(name: str, arguments: list[int]) -> ColumnType:
    digits = arguments[0] if arguments else _DOUBLE_DIGITS
    if len(arguments) > 1 or not 1 <= digits <= _DOUBLE_DIGITS:
        raise _unknown(name)
    return ColumnType(*_POSTGRES["real" if digits <= _SINGLE_DIGITS else "double precision"])


def _moment(name: str, base: str, zoned: bool, arguments: list[int]) -> ColumnType:
    base, with_zone = _SHORT_MOMENTS.get(base, (base, zoned))
    if len(arguments) > 1 or (base, with_zone) not in _MOMENTS:
        raise _unknown(name)
    if arguments and arguments[0] != _MICROSECONDS:
        raise UnknownType(f"The sandbox keeps times to the microsecond, so it has no type {name!r}.")
    return ColumnType(*_MOMENTS[base, with_zone])


def _unknown(name: str) -> UnknownType:
    return UnknownType(
        f"The sandbox does not know the type {name!r}. It takes PostgreSQL's names, such as integer, bigint, "
        f"numeric(10,2), double precision, text, varchar(20), boolean, date and timestamp."
    )
