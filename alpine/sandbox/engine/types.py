"""The types of columns: PostgreSQL's and Pig's names for them, and what they are in DuckDB."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_DIGITS = 38
"""DuckDB keeps decimal numbers of up to so many digits."""
_MAX_LENGTH = 10_485_760
_MICROSECONDS = 6
_MOST_PRECISION = 1000
_TIME_ZONE = re.compile(r"\s+(with|without)\s+time\s+zone$")
_NAME = re.compile(r"(?P<base>[a-z][a-z0-9_ ]*?)\s*(\(\s*(?P<arguments>[^()]*?)\s*\))?")

_SHORT = {
    "smallint": "int2",
    "smallserial": "serial2",
    "integer": "int4",
    "int": "int4",
    "serial": "serial4",
    "bigint": "int8",
    "bigserial": "serial8",
    "real": "float4",
    "double precision": "float8",
    # PostgreSQL knows no "double" alone; flows have it.
    "double": "float8",
    "boolean": "bool",
    "decimal": "numeric",
    "dec": "numeric",
    "character varying": "varchar",
    "char varying": "varchar",
    "char": "bpchar",
    "character": "bpchar",
}
"""PostgreSQL's short names, by the longer ones."""
_COLUMNS = {
    **dict.fromkeys(("int2", "serial2"), ("smallint", "SMALLINT")),
    **dict.fromkeys(("int4", "serial4"), ("integer", "INTEGER")),
    **dict.fromkeys(("int8", "serial8"), ("bigint", "BIGINT")),
    "float4": ("real", "FLOAT"),
    "float8": ("double precision", "DOUBLE"),
    "text": ("text", "VARCHAR"),
    "bool": ("boolean", "BOOLEAN"),
    "date": ("date", "DATE"),
    "time": ("time without time zone", "TIME"),
    "timestamp": ("timestamp without time zone", "TIMESTAMP"),
    "timestamptz": ("timestamp with time zone", "TIMESTAMP WITH TIME ZONE"),
    "interval": ("interval", "INTERVAL"),
    "uuid": ("uuid", "UUID"),
    "bytea": ("bytea", "BLOB"),
    "numeric": ("numeric", ""),
    "varchar": ("character varying", "VARCHAR"),
    "bpchar": ("character", "VARCHAR"),
}
"""The full name and DuckDB's type, by the short name."""
_MODIFIERS = {"numeric": 2, **dict.fromkeys(("varchar", "bpchar", "time", "timestamp", "timestamptz", "interval"), 1)}
"""How many numbers may stand behind a type."""
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
_OF_PIG = {
    **{sql: name for name, sql in _PIG.items() if sql and name != "bytearray"},
    **dict.fromkeys(("TINYINT", "SMALLINT"), "int"),
    **dict.fromkeys(("DATE", "TIMESTAMP WITH TIME ZONE"), "datetime"),
    "BLOB": "bytearray",
}
_NUMBERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE"})
_WORDS = (
    ("VARCHAR", "text"),
    ("BOOLEAN", "truth values"),
    ("DATE", "dates"),
    ("TIMESTAMP", "dates with times"),
    ("TIME", "times"),
    ("BLOB", "bytes"),
    ("INTERVAL", "intervals"),
)
_SINGLE_DIGITS = 24
_DOUBLE_DIGITS = 53


class UnknownType(ValueError):
    """A type that the sandbox does not know, or cannot keep as it is meant."""


@dataclass(frozen=True)
class Written:
    """The name of a type of PostgreSQL's, taken apart.

    :param base: Its short name, as ``int4``.
    :param modifiers: The numbers behind it, as those of ``numeric(10,2)``.
    :param is_array: Whether it is one of its arrays.
    """

    base: str
    modifiers: tuple[int, ...] = ()
    is_array: bool = False


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
    found = written(name)
    if found.is_array:
        raise _unknown(name)
    full, sql = _COLUMNS[found.base]
    if found.base == "numeric" and found.modifiers:
        precision, scale = found.modifiers[0], found.modifiers[1] if len(found.modifiers) > 1 else 0
        if precision > MAX_DIGITS:
            raise UnknownType(f"The sandbox keeps numbers of up to {MAX_DIGITS} digits, so it has no type {name!r}.")
        return ColumnType(f"numeric({precision},{scale})", f"DECIMAL({precision},{scale})")
    if found.base in ("varchar", "bpchar"):
        length = found.modifiers[0] if found.modifiers else None
        return ColumnType(full if length is None else f"{full}({length})", sql, length, found.base == "bpchar")
    if found.modifiers and found.modifiers[0] < _MICROSECONDS:
        raise UnknownType(f"The sandbox keeps times to the microsecond, so it has no type {name!r}.")
    return ColumnType(full, sql)


def written(name: str) -> Written:
    """A name of PostgreSQL's for a type, taken apart.

    :param name: In any of its spellings and capitals.
    :raises UnknownType: It is no type of PostgreSQL, or one that the sandbox does not know.

    Example::

        >>> written("Character Varying( 20 )")
        Written(base='varchar', modifiers=(20,), is_array=False)
    """
    text = " ".join(name.lower().replace("(", " ( ").replace(")", " ) ").split()).removeprefix("pg_catalog.")
    is_array = text.endswith("[]")
    text = text.removesuffix("[]").rstrip()
    zone = _TIME_ZONE.search(text)
    found = _NAME.fullmatch(text[: zone.start()] if zone else text)
    if found is None:
        raise _unknown(name)
    base = _SHORT.get(found["base"], found["base"])
    modifiers = _modifiers(name, found["arguments"])
    if base == "float" and len(modifiers) <= 1 and all(1 <= digits <= _DOUBLE_DIGITS for digits in modifiers):
        return Written("float4" if modifiers and modifiers[0] <= _SINGLE_DIGITS else "float8", (), is_array)
    if zone and base in ("time", "timestamp"):
        base += "tz" if zone[1] == "with" else ""
    elif zone:
        raise _unknown(name)
    if base not in _COLUMNS or len(modifiers) > _MODIFIERS.get(base, 0):
        raise _unknown(name)
    if base == "bpchar" and not modifiers and found["base"] != "bpchar":
        modifiers = (1,)
    is_wrong = base in ("varchar", "bpchar") and any(not 0 < length <= _MAX_LENGTH for length in modifiers)
    if base == "numeric" and modifiers:
        is_wrong = not 1 <= modifiers[0] <= _MOST_PRECISION or modifiers[-1] > modifiers[0]
    if is_wrong:
        raise _unknown(name)
    return Written(base, modifiers, is_array)


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


def in_words(sql: str) -> str:
    """What a column of a type of DuckDB holds, for the messages of databases and of Hadoop alike.

    >>> in_words("VARCHAR"), in_words("DECIMAL(10,2)"), in_words("TIMESTAMP")
    ('text', 'numbers', 'dates with times')
    """
    if sql in _NUMBERS or sql.startswith("DECIMAL"):
        return "numbers"
    return next((words for kind, words in _WORDS if sql.startswith(kind)), f"values of the type {sql.lower()}")


def called(sql: str, *, is_hadoop: bool) -> str:
    """What users call a type of DuckDB's.

    :param sql: The type.
    :param is_hadoop: Whether Pig's name is wanted, where it has one, and not PostgreSQL's.

    >>> called("BIGINT", is_hadoop=True), called("DECIMAL(10,2)", is_hadoop=False)
    ('long', 'numeric(10,2)')
    """
    is_decimal = sql.startswith("DECIMAL")
    if is_hadoop:
        found = "bigdecimal" if is_decimal else _OF_PIG.get(sql)
        if found:
            return found
    if is_decimal:
        return f"numeric{sql.removeprefix('DECIMAL')}"
    return next((full for full, kind in _COLUMNS.values() if kind == sql), sql.lower())


def _modifiers(name: str, text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise _unknown(name)
    return tuple(int(part) for part in parts)


def _unknown(name: str) -> UnknownType:
    return UnknownType(
        f"The sandbox does not know the type {name!r}. It takes PostgreSQL's names, such as integer, bigint, "
        f"numeric(10,2), double precision, text, varchar(20), boolean, date and timestamp."
    )
