"""What the database says of an error, in words for the user of a flow."""

from __future__ import annotations

import re

from alpine.sandbox.engine.sql import in_words

_KINDS = re.compile(r"^(\w+ )*Error: ", re.ASCII)
_WORDS: tuple[tuple[str, str], ...] = (
    (r'Referenced column "(?P<a>.*)" not found in FROM clause', "There is no column {a!r}."),
    (r'Referenced table "(?P<a>.*)" not found', "There is no table {a!r} among the inputs of the operator."),
    (r'Table "(?P<b>.*)" does not have a column named "(?P<a>.*)"', "The table {b!r} has no column {a!r}."),
    (r'Ambiguous reference to column name "(?P<a>[^"]*)"', "Several tables have a column {a!r}; say which is meant."),
    (r"(?:Scalar|Aggregate|Table|Window) Function with name (?P<a>\S+) does not exist", "There is no function {a}."),
    (r"No function matches the given name and argument types '(?P<a>.*?)'", "No function takes these types: {a}."),
    (r"Cannot compare values of type (?P<a>.*?) and (?:type )?(?P<b>[^-]*?) -", "A {a} cannot be compared to a {b}."),
    (r"Type with name (?P<a>\S+) does not exist", "There is no type {a}."),
    (r'column "(?P<a>.*)" must appear in the GROUP BY clause', "The column {a!r} is neither grouped nor aggregated."),
    (r"Could not convert string [\"'](?P<a>.*)[\"'] to '?(?P<b>\w+)'?", "The text {a!r} is no {b}."),
    (r"WHERE clause cannot contain aggregates", "A condition on rows cannot contain an aggregate."),
    (r"GROUP BY clause cannot contain", "A column to group by cannot contain an aggregate or a window."),
)
_TYPES = {
    "INT16": "smallint",
    "INT32": "integer",
    "INT64": "bigint",
    "VARCHAR": "text",
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "DECIMAL": "numeric",
}


def plain(error: BaseException) -> str:
    """The database's reason, without its kinds of errors, the picture of the statement, and its own names of types.

    >>> said = 'Binder Error: Referenced column "m" not found in FROM clause!'
    >>> plain(ValueError(said))
    "There is no column 'm'."
    """
    from alpine.sandbox.engine.pig.refusals import raised  # with the whole of Pig's grammar

    stopped = raised(str(error))
    if stopped:
        return stopped
    said = str(error).partition("\n\nLINE")[0].strip()
    text = in_words(said)
    if text != said:
        return text
    bare = _KINDS.sub("", text)
    for pattern, words in _WORDS:
        found = re.search(pattern, bare)
        if found:
            named = {key: _TYPES.get(value, value) for key, value in found.groupdict().items()}
            return words.format(**named)
    return re.sub(r"\b(INT16|INT32|INT64|VARCHAR)\b", lambda match: _TYPES[match.group()], bare.partition("\n")[0])
