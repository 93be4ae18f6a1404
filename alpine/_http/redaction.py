"""What is hidden: tokens, passwords and cookies in texts that a person may read."""

from __future__ import annotations

import html
import json
import logging
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

MASK = "***"

_PARAMETERS = re.compile(
    r"(?i)\b(session_id|token|x-token|password(?:_\w+)?|authenticity_token)([\"']?\s*[=:]\s*(?:[\"']|(?![{\[])))[^&\s\"',;}<>)]+"
)
_COOKIES = re.compile(r"(?i)\b((?:set-)?cookie[\"']?\s*[=:]\s*)[^\r\n]+")
_SHORTEST_SECRET = 4


def clean(text: str, secrets: Iterable[str] = ()) -> str:
    """Take out of a text the secrets given, and whatever looks like one."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            for form in _forms(secret):
                text = text.replace(form, MASK)
    return _COOKIES.sub(rf"\1{MASK}", _PARAMETERS.sub(rf"\1\2{MASK}", text))


def _forms(secret: str) -> set[str]:
    """A secret as URLs, forms, JSON and HTML write it."""
    if secret.isalnum() and secret.isascii():
        return {secret}
    return {
        secret,
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
    }


class SecretFilter(logging.Filter):
    """Masks secrets in the arguments of a log record, which stay lazy."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg = clean(record.msg)
        if isinstance(record.args, Mapping):
            record.args = {key: _masked(value) for key, value in record.args.items()}
        elif record.args:
            record.args = tuple(_masked(value) for value in record.args)
        if record.exc_info and not record.exc_text:
            record.exc_text = clean(logging.Formatter().formatException(record.exc_info))
        return True


def _masked(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    return (
        clean(str(value)) if isinstance(value, Exception) or not isinstance(value, int | float | type(None)) else value
    )


_FILTER = SecretFilter()


def mask_logs() -> None:
    """Mask secrets in what urllib3 logs: its debug lines hold the whole URL, and with it the token."""
    for name in (
        "urllib3.connectionpool",
        "urllib3.connection",
        "urllib3.util.retry",
        "urllib3.poolmanager",
        "urllib3.response",
    ):
        logger = logging.getLogger(name)
        if _FILTER not in logger.filters:
            logger.addFilter(_FILTER)
