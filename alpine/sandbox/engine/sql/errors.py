"""What the database says of a row that an expression fails on, in PostgreSQL's words."""

from __future__ import annotations

import re

_UDF = re.compile(r"Python exception occurred while executing the UDF: \w+: (.*?)(?:\n\nAt:|$)", re.DOTALL)
_WORDS = (
    (
        re.compile(r"Overflow in \w+ of INT16|for the destination type INT16|to type INT16|INT16 is out of range"),
        "smallint out of range",
    ),
    (re.compile(r"Overflow in \w+ of (?:INT32|integer)|destination type INT32|to type INT32"), "integer out of range"),
    (re.compile(r"Overflow in \w+ of INT64|destination type INT64|to type INT64"), "bigint out of range"),
    (re.compile(r"Overflow in \w+ of DECIMAL|Could not cast value .* to DECIMAL"), "a numeric has too many digits"),
    (re.compile(r"[Dd]ivision by zero"), "division by zero"),
)


def in_words(message: str) -> str:
    """DuckDB's reason in PostgreSQL's words, or as it is where it has none of them."""
    if found := _UDF.search(message):
        return found[1].strip()
    for pattern, words in _WORDS:
        if pattern.search(message):
            return words
    return message.removeprefix("Invalid Input Error: ")
