"""Which of several functions of one name a call means: PostgreSQL's rules for overloaded functions and operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alpine.sandbox.engine.sql.folding import CALL
from alpine.sandbox.engine.sql.typed import Typed
from alpine.sandbox.engine.sql.types import PREFERRED, Type, converts

Emit = Callable[[Sequence[Typed]], "Typed | str"]


@dataclass(frozen=True)
class Signature:
    """One function of a name.

    :param arguments: Its arguments' types, by PostgreSQL's short names.
    :param result: Its result's type.
    :param emit: SQL with ``{0}`` … in the places of the arguments, or what makes it.
    :param made: How many characters the result can have beyond those of the arguments.
    :param how: How PostgreSQL's planner takes it, in a word of :mod:`folding`.
    """

    arguments: tuple[str, ...]
    result: str
    emit: str | Emit
    made: int = 0
    how: str = CALL


class NoneFits(Exception):
    """No function of the name takes such arguments, or PostgreSQL could not tell which."""


def choose(signatures: Sequence[Signature], arguments: Sequence[Typed]) -> Signature:
    """The function that PostgreSQL would call.

    :raises NoneFits: There is none, or more than one.
    """
    kinds = [argument.type.name for argument in arguments]
    fitting = [
        signature
        for signature in signatures
        if len(signature.arguments) == len(kinds)
        and all(converts(kind, wanted) for kind, wanted in zip(kinds, signature.arguments, strict=True))
    ]
    exact = [signature for signature in fitting if list(signature.arguments) == kinds]
    if exact:
        return exact[0]
    if len(kinds) == 2 and "unknown" in kinds:
        # An operator with one constant in quotes: first as if it had the other side's type.
        known = next((kind for kind in kinds if kind != "unknown"), "text")
        same = [signature for signature in fitting if list(signature.arguments) == [known, known]]
        if same:
            return same[0]
    for narrow in (_most_exact, _most_preferred, _by_unknown, _as_the_known):
        if len(fitting) > 1:
            fitting = narrow(fitting, kinds)
    if len(fitting) != 1:
        raise NoneFits
    return fitting[0]


def _best(signatures: list[Signature], score: Callable[[Signature], int]) -> list[Signature]:
    most = max(map(score, signatures))
    return [signature for signature in signatures if score(signature) == most]


def _most_exact(signatures: list[Signature], kinds: list[str]) -> list[Signature]:
    return _best(signatures, lambda s: sum(a == b for a, b in zip(s.arguments, kinds, strict=True)))


def _most_preferred(signatures: list[Signature], kinds: list[str]) -> list[Signature]:
    def score(signature: Signature) -> int:
        pairs = zip(signature.arguments, kinds, strict=True)
        return sum(kind != "unknown" and (wanted == kind or wanted in PREFERRED) for wanted, kind in pairs)

    return _best(signatures, score)


def _by_unknown(signatures: list[Signature], kinds: list[str]) -> list[Signature]:
    for place, kind in enumerate(kinds):
        if kind != "unknown":
            continue
        categories = {Type(signature.arguments[place]).category for signature in signatures}
        category = "S" if "S" in categories else next(iter(categories)) if len(categories) == 1 else ""
        if not category:
            return signatures
        kept = [s for s in signatures if Type(s.arguments[place]).category == category]
        preferred = [s for s in kept if s.arguments[place] in PREFERRED]
        signatures = preferred or kept
    return signatures


def _as_the_known(signatures: list[Signature], kinds: list[str]) -> list[Signature]:
    known = {kind for kind in kinds if kind != "unknown"}
    if len(known) != 1:
        return signatures
    (kind,) = known
    return [signature for signature in signatures if all(converts(kind, wanted) for wanted in signature.arguments)]
