"""Files as Hadoop sources read them: by the columns and the options that the flow declares.

The rules of a value are those of Pig's loader for text; what it cannot read is null, and the row stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from alpine.sandbox.engine.expressions import literal, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.types import MAX_DIGITS, ColumnType, UnknownType, pig

_TEXT = "HadoopFileStructureModel"
_DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";", "pipe": "|", "space": " ", "ctrl-a": "\x01"}
_BLANKS = "".join(map(chr, range(1, 33)))
"""What Java trims, but for the character 0, which ends a statement in DuckDB 1."""
_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[dDfF]?"
_SPECIAL = "[+-]?(NaN|Infinity)"
_LIMITS = {"INTEGER": ("-2147483648", "2147483647"), "BIGINT": ("-9223372036854775808", "9223372036854775807")}


@dataclass(frozen=True)
class FileStructure:
    """What a flow declares of a Hadoop file.

    :param columns: Names and types of its columns, as the flow writes them.
    :param is_text: Whether it is a text file, to which the rest belongs.
    :param delimiter: What parts the fields.
    :param quote: What stands around fields; may be empty.
    :param escape: What escapes a character; may be empty.
    :param header: Whether the first line is no row.
    """

    columns: tuple[tuple[str, str], ...]
    is_text: bool
    delimiter: str = ","
    quote: str = ""
    escape: str = ""
    header: bool = False

    @property
    def types(self) -> list[ColumnType]:
        """The types of the columns.

        :raises NodeFailure: One of them is not known.
        """
        found = []
        for name, kind in self.columns:
            try:
                found.append(pig(kind))
            except UnknownType as error:
                raise NodeFailure(f"The column {name!r}: {error}") from None
        return found


def structure_of(elements: list[Element]) -> FileStructure | None:
    """What the model elements of a Hadoop source declare; None where they declare no columns.

    :raises NodeFailure: The delimiter, the quote or the escape character is not known.
    """
    for element in elements:
        columns = tuple(declared(element))
        if columns and element.tag != _TEXT:
            return FileStructure(columns, is_text=False)
        if columns:
            return FileStructure(
                columns,
                is_text=True,
                delimiter=_delimiter(element),
                quote=_sign(element, "quoteChar"),
                escape=_sign(element, "escapChar"),
                header=_header(element),
            )
    return None


def declared(element: Element) -> Iterator[tuple[str, str]]:
    """The columns that an element declares: names and types, as written there.

    :raises NodeFailure: There are not as many types as names.
    """
    yield from ((item.get("n", ""), item.get("t", "")) for item in element.iter("col"))
    names = [item.get("columnName", "") for item in element.iter("columnNames")]
    types = [item.get("columnType", "") for item in element.iter("columnTypes")]
    if len(names) != len(types):
        raise NodeFailure(f"The Hadoop file declares {len(names)} names of columns, but {len(types)} types.")
    yield from zip(names, types, strict=True)


def select_texts(structure: FileStructure, view: str) -> str:
    """SQL that gives the columns of a text file, whose fields are the columns ``c0``, ``c1`` and so on of a view.

    :raises NodeFailure: A type is not known.
    """
    parts = [
        f"{_loaded(f'c{place}', kind)} AS {quoted(name)}"
        for place, ((name, _), kind) in enumerate(zip(structure.columns, structure.types, strict=True))
    ]
    return f"SELECT {', '.join(parts)} FROM {view}"


def select_values(structure: FileStructure, columns: tuple[str, ...], types: tuple[str, ...], table: str) -> str:
    """SQL that gives the columns of a table that was not loaded from a text file, by position.

    :param columns: The table's columns.
    :param types: Their types in DuckDB.
    :param table: The table, to stand after FROM.
    :raises NodeFailure: A type is not known.
    """
    parts = []
    for place, ((name, _), kind) in enumerate(zip(structure.columns, structure.types, strict=True)):
        if place < len(columns):
            sql = _cast(quoted(columns[place]), types[place], kind)
        else:
            sql = f"CAST(NULL AS {kind.sql or 'DECIMAL(38,0)'})"
        parts.append(f"{sql} AS {quoted(name)}")
    return f"SELECT {', '.join(parts)} FROM {table}"


def _delimiter(element: Element) -> str:
    said = element.get("delimiter", "").strip()
    if not said:
        return ","
    if said.lower() == "other":
        sign = _sign(element, "other")
        if not sign:
            raise NodeFailure("The delimiter of the Hadoop file is 'Other', but the flow does not say which.")
        return sign
    if len(said) == 1:
        return said
    if said.lower() not in _DELIMITERS:
        raise NodeFailure(f"The sandbox does not know the delimiter {said!r} of a Hadoop file.")
    return _DELIMITERS[said.lower()]


def _header(element: Element) -> bool:
    said = element.get("includeHeader", "").strip()
    if said.lower() not in ("true", "false", ""):
        raise NodeFailure(f"includeHeader of a Hadoop file should be true or false, but it is {said!r}.")
    return said.lower() == "true"


def _sign(element: Element, name: str) -> str:
    said = element.get(name, "")
    said = {"\\t": "\t"}.get(said, said)
    if len(said) > 1:
        raise NodeFailure(f"{name} of a Hadoop file should be one character, not {said!r}.")
    return said


def _loaded(x: str, kind: ColumnType) -> str:
    """A field of a text file in the type of its column."""
    text = f"trim({x}, {literal(_BLANKS)})"
    bare = f"rtrim({text}, 'dDfF')"
    is_number = f"regexp_full_match({text}, {literal(_NUMBER)})"
    number = f"CASE WHEN {is_number} THEN {bare} END"
    if kind.sql in _LIMITS:
        return _whole(text, number, kind.sql)
    if kind.sql in ("FLOAT", "DOUBLE"):
        double = f"TRY_CAST({number} AS {kind.sql})"
        return f"CASE WHEN regexp_full_match({text}, '{_SPECIAL}') THEN CAST({text} AS {kind.sql}) ELSE {double} END"
    if kind.sql == "BOOLEAN":
        return f"CASE lower({text}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"
    if kind.sql == "TIMESTAMP":
        return _moment(x, kind)
    if kind.sql == "HUGEINT":
        return f"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]+') THEN TRY_CAST({text} AS HUGEINT) END"
    if not kind.sql:
        raise NodeFailure(f"The sandbox cannot read a Hadoop file's column of the type {kind.name}.")
    return x


def _whole(text: str, number: str, kind: str) -> str:
    low, high = _LIMITS[kind]
    exact = f"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]+') THEN TRY_CAST({text} AS DECIMAL({MAX_DIGITS},0)) END"
    # 3.7 gives 3; what has a fraction or an exponent goes through a double in Pig, too.
    fraction = f"trunc(TRY_CAST({number} AS DOUBLE))"
    return (
        f"CASE WHEN {exact} BETWEEN {low} AND {high} THEN CAST({exact} AS {kind}) "
        f"WHEN NOT regexp_full_match({text}, '[+-]?[0-9]+') THEN TRY_CAST({fraction} AS {kind}) END"
    )


def _moment(x: str, kind: ColumnType) -> str:
    from alpine.sandbox.engine.pig import loaded_datetime

    return loaded_datetime(x, kind.pattern)


def _cast(x: str, source: str, kind: ColumnType) -> str:
    """A value in the type of its column."""
    if source == "VARCHAR":
        return _loaded(f"nullif({x}, '')", kind)
    if kind.sql == "VARCHAR":
        if source in ("FLOAT", "DOUBLE"):
            return java_text(x)
        return f"CAST({x} AS VARCHAR)"
    if not kind.sql:
        if source.startswith("DECIMAL"):
            return x
        if not source.endswith("INT") and source != "INTEGER":
            raise NodeFailure(f"The sandbox cannot read a {source} as a Hadoop file's column of the type {kind.name}.")
        return f"CAST({x} AS DECIMAL({MAX_DIGITS},0))"
    if kind.sql in (*_LIMITS, "HUGEINT"):
        # A decimal number or a double loses its fraction, as the text of it would.
        x = f"trunc({x})" if source.startswith(("FLOAT", "DOUBLE", "DECIMAL")) else x
    if kind.sql == "FLOAT" and source == "DOUBLE":
        # Java's text of such a number is read as infinity.
        large = f"{x} IS NOT NULL AND isfinite({x}) AND TRY_CAST({x} AS FLOAT) IS NULL"
        return f"CASE WHEN {large} THEN CAST(sign({x}) * 'Infinity'::DOUBLE AS FLOAT) ELSE CAST({x} AS FLOAT) END"
    return f"TRY_CAST({x} AS {kind.sql})"


def java_text(x: str) -> str:
    """SQL of a double's text as Java writes it: ``5.0``, ``1.0E7``, ``1.0E-4``.

    :param x: SQL of a float or a double.
    """
    # DuckDB's text has the same digits: 1e+16, 12345678.9, 0.0001.
    shortest = f"CAST(abs({x}) AS VARCHAR)"
    plain = f"split_part({shortest}, 'e', 1)"
    whole, fraction = f"split_part({plain}, '.', 1)", f"split_part({plain}, '.', 2)"
    digits = f"rtrim(ltrim({whole} || {fraction}, '0'), '0')"
    mantissa = f"left({digits}, 1) || '.' || coalesce(nullif(substr({digits}, 2), ''), '0')"
    exponent = (
        f"CASE WHEN contains({shortest}, 'e') THEN CAST(split_part({shortest}, 'e', 2) AS INTEGER) "
        f"WHEN {x} > -1 AND {x} < 1 THEN length(ltrim({fraction}, '0')) - length({fraction}) - 1 "
        f"ELSE length({whole}) - 1 END"
    )
    sign = f"CASE WHEN {x} < 0 THEN '-' ELSE '' END"
    return (
        f"CASE WHEN isnan({x}) THEN 'NaN' WHEN isinf({x}) THEN {sign} || 'Infinity' "
        f"WHEN {x} = 0 OR (abs({x}) >= 0.001 AND abs({x}) < 10000000) THEN CAST({x} AS VARCHAR) "
        f"ELSE {sign} || {mantissa} || 'E' || ({exponent}) END"
    )
