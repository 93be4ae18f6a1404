"""Joda's date patterns in the codes of DuckDB, where it has the same ones."""

from __future__ import annotations

import re

from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.pig.joda import parts
from alpine.sandbox.engine.pig.refusals import RowFailure

_CODES = {
    "yyyy": "%Y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%-m", "dd": "%d", "d": "%-d", "HH": "%H", "H": "%-H",
    "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "SSS": "%g", "a": "%p", "EEEE": "%A",
    "EEE": "%a", "E": "%a", "DDD": "%j", "yy": "%y",
}  # fmt: skip
_READ = {
    **{letters: code.replace("-", "") for letters, code in _CODES.items() if letters != "yy"},
    "Z": "%z",
    "ZZ": "%z",
}
_PLAIN = {"yyyy": "[0-9]{4}", "MM": "[0-9]{2}", "dd": "[0-9]{2}", "HH": "([01][0-9]|2[0-3])", "mm": "[0-5][0-9]",
          "ss": "[0-5][0-9]"}  # fmt: skip


def strftime_format(pattern: str) -> str | None:
    """A pattern in the codes of DuckDB's strftime; None where one of its letters has no code."""
    return _coded(pattern, _CODES)


def strptime_format(pattern: str) -> str:
    """A pattern in the codes of DuckDB's strptime; ``loaded_datetime`` is nearer to Joda.

    :param pattern: The pattern.
    :raises NodeFailure: DuckDB has no code for one of its letters.
    """
    try:
        codes = _coded(pattern, _READ)
    except RowFailure as failure:
        raise NodeFailure(failure.reason) from None
    if codes is None:
        raise NodeFailure(f"The sandbox does not know all letters of the date pattern {pattern!r}.")
    return codes


def plain_format(pattern: str) -> tuple[str, str] | None:
    """For a pattern of four-digit years and two-digit numbers: the form of texts, and the codes to read them by.

    :returns: None for another pattern, or one without a year, month and day, which Joda fills in as DuckDB does not.
    """
    found = [(part.letter * part.times, part.text) for part in parts(pattern)]
    letters = [letter for letter, _ in found if letter]
    if not {"yyyy", "MM", "dd"} <= set(letters) or set(letters) - _PLAIN.keys() or len(set(letters)) < len(letters):
        return None
    form = "".join(_PLAIN[letter] if letter else re.escape(text) for letter, text in found)
    return form, _coded(pattern, _READ) or ""


def _coded(pattern: str, codes: dict[str, str]) -> str | None:
    written = ""
    for part in parts(pattern):
        letters = part.letter * part.times
        if letters and letters not in codes:
            return None
        written += codes[letters] if letters else part.text.replace("%", "%%")
    return written
