"""The columns of what is loaded: the types that they have, or are given, without a value being changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alpine.sandbox.engine.expressions import literal
from alpine.sandbox.engine.types import MAX_DIGITS, ColumnType

Query = Callable[[str], list[tuple[Any, ...]]]

_SURE_DIGITS = 15
"""A double gives back every decimal number of so many digits."""
_SAMPLE = 100
_WHOLE = "-?[1-9][0-9]*|0"
_NUMBER = r"-?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
_MOMENTS = {
    _DATE: "DATE",
    f"{_DATE}[ T]{_TIME}": "TIMESTAMP",
    f"{_DATE}[ T]{_TIME}(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)": "TIMESTAMP WITH TIME ZONE",
    _TIME: "TIME",
}
_WHOLE_TYPES = frozenset({"SMALLINT", "INTEGER", "BIGINT"})
_ENDLESS = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"})
_WHOLE_TEXT = "[+-]?[0-9]+"
_NUMBER_TEXT = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_NOT_FINITE = "[+-]?(nan|inf|infinity)"
_TRUE = ("t", "tr", "tru", "true", "y", "ye", "yes", "on", "1")
_FALSE = ("f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0")


@dataclass(frozen=True)
class Column:
    """One column of what is loaded.

    :param sql: What it is called in the data.
    :param name: Its own name.
    :param kind: Its Arrow type.
    :param view: Where the data are, after FROM.
    :param query: Runs a query.
    """

    sql: str
    name: str
    kind: str
    view: str
    query: Query

    def as_it_is(self) -> str:
        """The column in the type that it has; texts where it has none."""
        if self.kind == "null" or self.kind.startswith("dictionary"):
            return f"CAST({self.sql} AS VARCHAR)"
        if self.kind.startswith("timestamp"):
            return f"CAST({self.sql} AS TIMESTAMP{' WITH TIME ZONE' if 'tz=' in self.kind else ''})"
        return self.sql

    def inferred(self) -> str:
        """A column of a text file in the type that its texts have, if that type loses nothing of them."""
        x = self.sql
        if self._all("true|false"):
            return f"CAST({x} AS BOOLEAN)"
        if self._all(_WHOLE):
            return self._first(f"TRY_CAST({x} AS BIGINT)", f"TRY_CAST({x} AS DECIMAL({MAX_DIGITS},0))")
        if self._all(_NUMBER):
            decimals = f"TRY_CAST({x} AS DECIMAL({MAX_DIGITS},{self._scale(x)}))"
            exact = f"NOT regexp_matches({x}, '[eE]') AND {_behind_the_point(x)} <= {MAX_DIGITS}"
            return self._first(self._exact_double(), f"CASE WHEN {exact} THEN {decimals} END")
        kind = next((kind for pattern, kind in _MOMENTS.items() if self._all(pattern)), "")
        return self._first(f"TRY_CAST({x} AS {kind})") if kind else x

    def declared(self, kind: ColumnType) -> str:
        """The column in a type that the user gives it.

        :raises ValueError: A value is none of that type.
        """
        is_text = self.kind in ("string", "large_string", "string_view", "null")
        sql = _from_text(self.sql, kind) if is_text else self._from_value(kind)
        if not kind.sql:
            text = self.sql if is_text else f"CAST({self.sql} AS VARCHAR)"
            # A cast would round what has more digits.
            is_number = f"regexp_full_match(trim({text}), {literal(_NUMBER_TEXT)})"
            number = f"CASE WHEN {is_number} AND {_behind_the_point(text)} <= {MAX_DIGITS} THEN trim({text}) END"
            sql = f"TRY_CAST({number} AS DECIMAL({MAX_DIGITS},{self._scale(text)}))"
        wrong = self.query(
            f"SELECT n, CAST(x AS VARCHAR) FROM (SELECT row_number() OVER () AS n, {self.sql} AS x, {sql} AS y "
            f"FROM {self.view}) WHERE x IS NOT NULL AND y IS NULL ORDER BY n LIMIT 1"
        )
        for row, value in wrong:
            if kind.sql in _ENDLESS and "infinity" in value.lower():
                raise ValueError(
                    f"The column {self.name!r} has {value!r:.80} in row {row}: the sandbox has no infinite "
                    f"{kind.name}; replace it, or load the column as text."
                )
            if kind.is_padded and kind.length is not None and len(value.rstrip(" ")) < kind.length:
                raise ValueError(
                    f"The column {self.name!r} has {value!r:.80} in row {row}: the sandbox keeps no blanks that "
                    f"fill it up to {kind.name}; load the column as varchar({kind.length})."
                )
            if not kind.sql:
                raise ValueError(
                    f"The column {self.name!r} has {value!r:.80} in row {row}, which is no {kind.name} of the sandbox: "
                    f"these are numbers of up to {MAX_DIGITS} digits. Load the column as text."
                )
            raise ValueError(f"The column {self.name!r} has {value!r:.80} in row {row}, which is no {kind.name}.")
        return sql

    def _all(self, pattern: str) -> bool:
        """Whether there are values, and all look like that; most texts show with the first few that they do not."""
        looks = f"regexp_full_match({self.sql}, {literal(pattern)})"
        there = f"FROM {self.view} WHERE {self.sql} IS NOT NULL"
        sample = f"(SELECT {looks} AS looks {there} LIMIT {_SAMPLE})"
        return all(
            self.query(f"SELECT count(*) > 0 AND bool_and(looks) FROM {part}") == [(True,)]
            for part in (sample, f"(SELECT {looks} AS looks {there})")
        )

    def _first(self, *choices: str) -> str:
        """The first SQL that gives a value for each text, else the text."""
        for sql in choices:
            lost = f"SELECT count(*) FROM {self.view} WHERE {self.sql} IS NOT NULL AND {sql} IS NULL"
            if self.query(lost) == [(0,)]:
                return sql
        return self.sql

    def _exact_double(self) -> str:
        double = f"TRY_CAST({self.sql} AS DOUBLE)"
        digits = f"ltrim(regexp_replace(regexp_replace({self.sql}, '[eE].*', ''), '[^0-9]', '', 'g'), '0')"
        exact = f"length({digits}) <= {_SURE_DIGITS} OR CAST({double} AS VARCHAR) = {self.sql}"
        return f"CASE WHEN isfinite({double}) AND ({exact}) THEN {double} END"

    def _scale(self, text: str) -> int:
        """The most digits behind the point, as far as a decimal number can have them."""
        [(found,)] = self.query(f"SELECT max({_behind_the_point(text)}) FROM {self.view}")
        return min(max(int(found or 0), 0), MAX_DIGITS)

    def _from_value(self, kind: ColumnType) -> str:
        x = self.as_it_is()
        if kind.sql == "VARCHAR":
            text = f"CAST({x} AS VARCHAR)"
            if self.kind in ("float", "double", "halffloat"):
                # PostgreSQL writes 5 where DuckDB writes 5.0.
                text = f"regexp_replace({text}, '\\.0$', '')"
            return _characters(text, kind)
        if kind.sql in _WHOLE_TYPES and self.kind.startswith(("float", "double", "decimal")):
            return f"CASE WHEN {x} = trunc({x}) THEN TRY_CAST({x} AS {kind.sql}) END"
        if kind.sql.startswith("DECIMAL"):
            return f"TRY_CAST(CAST({x} AS VARCHAR) AS {kind.sql})"
        return f"TRY_CAST({x} AS {kind.sql})"


def _behind_the_point(text: str) -> str:
    """SQL for the number of digits behind the point of a number, which an exponent moves."""
    number = f"lower(trim({text}))"
    digits = f"length(split_part(split_part({number}, 'e', 1), '.', 2))"
    return f"({digits} - coalesce(TRY_CAST(split_part({number}, 'e', 2) AS INTEGER), 0))"


def _from_text(x: str, kind: ColumnType) -> str:
    cast = f"TRY_CAST(trim({x}) AS {kind.sql})"
    if kind.sql == "VARCHAR":
        return _characters(x, kind)
    if kind.sql == "BOOLEAN":
        word = f"lower(trim({x}))"
        return f"CASE WHEN {word} IN {_TRUE} THEN TRUE WHEN {word} IN {_FALSE} THEN FALSE END"
    if kind.sql == "BLOB":
        hexadecimal = f"regexp_full_match({x}, '\\\\x([0-9a-fA-F]{{2}})*')"
        return f"CASE WHEN {hexadecimal} THEN unhex(substr({x}, 3)) WHEN NOT contains({x}, '\\') THEN encode({x}) END"
    if kind.sql in _WHOLE_TYPES:
        return f"CASE WHEN regexp_full_match(trim({x}), {literal(_WHOLE_TEXT)}) THEN {cast} END"
    if kind.sql.startswith("DECIMAL"):
        return f"CASE WHEN regexp_full_match(trim({x}), {literal(_NUMBER_TEXT)}) THEN {cast} END"
    if kind.sql in ("FLOAT", "DOUBLE"):
        special = f"regexp_full_match(lower(trim({x})), {literal(_NOT_FINITE)})"
        number = f"regexp_full_match(trim({x}), {literal(_NUMBER_TEXT)}) AND isfinite({cast})"
        return f"CASE WHEN {special} OR ({number}) THEN {cast} END"
    if kind.sql in _ENDLESS:
        # Python has no such value: it would be shown as the last moment of the year 9999.
        return f"CASE WHEN isfinite({cast}) THEN {cast} END"
    return cast


def _characters(x: str, kind: ColumnType) -> str:
    """Texts that are not longer than they may be; PostgreSQL cuts no more than blanks where it stores one."""
    bare = f"rtrim({x}, ' ')"
    kept = bare if kind.is_padded else x if kind.length is None else f"left({x}, {kind.length})"
    if kind.length is None:
        return kept
    # With blanks at its end, which the sandbox drops, a value of char(n) is not matched as PostgreSQL does.
    sign = "=" if kind.is_padded else "<="
    return f"CASE WHEN length({bare}) {sign} {kind.length} THEN {kept} END"
