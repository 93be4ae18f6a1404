"""The functions that the sandbox knows: their parameters, their types, and who writes their SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alpine.sandbox.engine.pig.casts import convert
from alpine.sandbox.engine.pig.kinds import NUMBERS, Kind, fits
from alpine.sandbox.engine.pig.refusals import Refusal
from alpine.sandbox.engine.pig.value import Value, made

NAMES = {kind.value: kind for kind in Kind}
Writer = Callable[..., "str | Value"]


@dataclass(frozen=True)
class Overload:
    """One way to call a function.

    :param parameters: The types of its parameters.
    :param returns: The type of its value.
    :param write: Gives the SQL, or the value, for arguments that have these types.
    """

    parameters: tuple[Kind, ...]
    returns: Kind
    write: Writer


TABLE: dict[str, list[Overload]] = {}
"""By the function's name, as Pig spells it."""
ABSENT = {
    "POW": "multiply, or EXP(y * LOG(x))",
    "COALESCE": "(x is null ? y : x)",
    "NVL": "(x is null ? y : x)",
    "MOD": "x % y",
    "IF": "(c ? a : b)",
    "LENGTH": "SIZE",
    "CAST": "(int)x",
}
"""Names that Pig does not have, and what it has."""


def function(*signatures: str) -> Callable[[Writer], Writer]:
    """Put a function's writer into the table.

    :param signatures: As ``"SUBSTRING chararray int int -> chararray"``.
    """

    def enter(write: Writer) -> Writer:
        for signature in signatures:
            left, _, returns = signature.partition("->")
            name, *parameters = left.split()
            kinds = tuple(NAMES[parameter] for parameter in parameters)
            TABLE.setdefault(name, []).append(Overload(kinds, NAMES[returns.strip()], write))
        return write

    return enter


def simple(signature: str, template: str) -> None:
    """Put a function into the table that is a template of SQL."""
    function(signature)(lambda *arguments: template.format(*(argument.sql for argument in arguments)))


def call(name: str, arguments: Sequence[Value], at: int) -> Value:
    """A call of a function.

    :param name: The name, as it is written.
    :param arguments: The arguments.
    :param at: The place in the text.
    :raises Refusal: There is no such function, or not for such arguments.
    """
    overloads = TABLE.get(name)
    if overloads is None:
        raise Refusal(unknown(name), at)
    chosen = _chosen(overloads, arguments)
    if chosen is None:
        given = ", ".join(argument.kind.value for argument in arguments) or "nothing"
        ways = " or ".join(f"({', '.join(kind.value for kind in way.parameters)})" for way in overloads)
        raise Refusal(f"{name} takes {ways}, not ({given})", at)
    given_as = [convert(argument, kind) for argument, kind in zip(arguments, chosen.parameters, strict=True)]
    written = chosen.write(*given_as)
    if isinstance(written, Value):
        return made(written.sql, written.kind, at, *arguments, is_zoned=written.is_zoned, constant=written.constant)
    return made(written, chosen.returns, at, *arguments)


def unknown(name: str) -> str:
    """What to say of a function that is not in the table."""
    alike = next((known for known in [*TABLE, *_ELSEWHERE] if known.lower() == name.lower()), None)
    if alike and alike != name:
        return f"there is no function {name}; names are case-sensitive in Pig: {alike}"
    if name.upper() in ABSENT:
        return f"Pig has no function {name}; write {ABSENT[name.upper()]}"
    return f"the sandbox does not know the Pig function {name}"


_ELSEWHERE = ("CONCAT", "SPRINTF", "SIZE", "COUNT", "COUNT_STAR", "SUM", "AVG", "MIN", "MAX")


def _chosen(overloads: list[Overload], arguments: Sequence[Value]) -> Overload | None:
    kinds = tuple(argument.kind for argument in arguments)
    fitting = [
        overload
        for overload in overloads
        if len(overload.parameters) == len(kinds) and all(map(fits, kinds, overload.parameters))
    ]
    return min(fitting, key=lambda overload: sum(map(_distance, kinds, overload.parameters)), default=None)


def _distance(given: Kind, wanted: Kind) -> int:
    """How far a cast goes; what has no type goes to double first, as Pig takes it."""
    if given is wanted:
        return 0
    if given is Kind.BYTEARRAY:
        return 0 if wanted is Kind.DOUBLE else 1
    return NUMBERS.index(wanted) - NUMBERS.index(given)
