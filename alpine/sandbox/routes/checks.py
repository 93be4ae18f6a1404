"""Checks and assignments that several resources share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from alpine.sandbox.web.errors import Invalid
from alpine.sandbox.web.params import as_bool, as_text

Fields = dict[str, dict[str, Any]]

# The real server's code for it is this sentence, and its context is null.
OWNER_MISSING: Fields = {"owner": {"OWNER MUST BE A MEMBER": None}}


def complain(fields: Fields, name: str, code: str, context: dict[str, Any] | None = None) -> None:
    """Note what is wrong with a field.

    :param fields: The notes so far.
    :param name: The field.
    :param code: What is wrong.
    :param context: What the code refers to.
    """
    fields.setdefault(name, {})[code] = context or {}


def refuse(fields: Fields) -> None:
    """Refuse the request when something is wrong.

    :param fields: The notes.
    :raises Invalid: When there are any.
    """
    if fields:
        raise Invalid(fields)


def required(fields: Fields, sent: Mapping[str, Any], names: Iterable[str]) -> None:
    """Note the fields that are blank.

    :param fields: The notes so far.
    :param sent: What was sent.
    :param names: The fields that must not be blank.
    """
    for name in names:
        if not as_text(sent.get(name)).strip():
            complain(fields, name, "BLANK")


def at_most(fields: Fields, sent: Mapping[str, Any], limits: Mapping[str, int]) -> None:
    """Note the strings that are too long.

    :param fields: The notes so far.
    :param sent: What was sent.
    :param limits: The longest each may be.
    """
    for name, limit in limits.items():
        if len(as_text(sent.get(name))) > limit:
            complain(fields, name, "TOO_LONG", {"count": limit})


def taken(fields: Fields, field: str, name: str, others: Iterable[str]) -> None:
    """Note a name that somebody else has, capitals aside.

    :param fields: The notes so far.
    :param field: The field.
    :param name: The name wanted.
    :param others: The names there are.
    """
    if name.lower() in {other.lower() for other in others}:
        complain(fields, field, "TAKEN")


def choice(fields: Fields, field: str, value: str, allowed: Iterable[str]) -> None:
    """Note a value that is none of those allowed.

    :param fields: The notes so far.
    :param field: The field.
    :param value: The value.
    :param allowed: The values there are.
    """
    if value not in allowed:
        complain(fields, field, "INCLUSION", {"value": value})


def assign(record: object, sent: Mapping[str, Any], *, texts: Iterable[str] = (), flags: Iterable[str] = ()) -> None:
    """Set the attributes of a record that were sent.

    :param record: The record.
    :param sent: What was sent.
    :param texts: The attributes that are strings.
    :param flags: The attributes that are truth values.
    """
    for name in texts:
        if name in sent:
            setattr(record, name, as_text(sent[name]))
    for name in flags:
        if name in sent:
            setattr(record, name, as_bool(sent[name]))
