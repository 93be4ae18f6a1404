"""What is hidden: tokens, passwords and cookies in strings that a person may read."""

from __future__ import annotations

import functools
import html
import json
import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar
from urllib.parse import quote, quote_plus

from alpine._printable import change_arguments

P = ParamSpec("P")
R = TypeVar("R")

MASK = "***"

_PARAMETERS = re.compile(
    r"(?i)\b(session_id|token|x-token|password(?:_\w+)?|authenticity_token)([\"']?\s*[=:]\s*(?:[\"']|(?![{\[])))[^&\s\"',;}<>)]+"
)
_HEADERS = re.compile(r"(?i)\b((?:(?:set-)?cookie|(?:proxy-)?authorization)[\"']?\s*[=:]\s*)[^\r\n]+")
_SHORTEST_SECRET = 4


def clean(text: str, secrets: Iterable[str] = ()) -> str:
    """Take out of a string the secrets given, and whatever looks like one."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            for form in _forms(secret):
                text = text.replace(form, MASK)
    return _HEADERS.sub(rf"\1{MASK}", _PARAMETERS.sub(rf"\1\2{MASK}", text))


def _forms(secret: str) -> list[str]:
    """A secret as URLs, forms, JSON and HTML write it, each in the ways that servers do."""
    if secret.isalnum() and secret.isascii():
        return [secret]
    json_texts = {secret, _in_json(secret, False), _in_json(secret, True)}
    json_texts |= {_in_cautious_json(text, kind) for text in json_texts for kind in "xX"}
    json_texts |= {text.replace("/", "\\/") for text in json_texts}
    # JSON inside of JSON, as the engine sends it.
    json_texts |= {_in_json(text, False) for text in json_texts}
    page = html.escape(secret)
    pages = {page, page.replace("&#x27;", "&#39;"), page.replace("&#x27;", "&#39;").replace("&quot;", "&#34;")}
    url = quote(secret, safe="", errors="replace")
    urls = {url, url.lower(), quote_plus(secret, errors="replace")}
    # The longest first: what is left of a form whose plain characters were taken out would still tell something.
    return sorted(json_texts | pages | urls, key=len, reverse=True)


def _in_json(text: str, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _in_cautious_json(text: str, kind: str) -> str:
    """JSON whose signs for HTML are escaped as well, as Rails writes it; "X" for capital digits."""
    return re.sub(r"[<>&'=]", lambda sign: f"\\u{ord(sign.group()):04{kind}}", text)


def hide_locals(error: BaseException, handled: BaseException | None) -> None:
    """Empty the frames that an error came through: tools that print local variables would show what is secret.

    Files and lines stay. What these errors were raised in the handling of is emptied as well.

    :param handled: What was being handled before all of this began: its frames are not ours.
    """
    waiting: list[BaseException | None] = [error]
    seen = {id(handled)}
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            traceback.clear_frames(each.__traceback__)
            waiting += [each.__cause__, each.__context__]


def keeps_secrets(function: Callable[P, R]) -> Callable[P, R]:
    """For what takes a secret, or reads one: no traceback of an error in it shows the arguments or local variables."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        handled = sys.exception()
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            del args, kwargs
            hide_locals(error, handled)
            raise

    return call


class SecretFilter(logging.Filter):
    """Masks secrets in log records.

    :param secrets: Gives the secrets that are known now.
    """

    def __init__(self, secrets: Callable[[], Iterable[str]]) -> None:
        super().__init__()
        self.secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        secrets = tuple(self.secrets())
        if isinstance(record.msg, str):
            record.msg = clean(record.msg, secrets)
        change_arguments(record, lambda text: clean(text, secrets))
        if record.exc_info:
            # The text stands for the exception, which handlers of all kinds would print with its secrets.
            record.exc_text = clean(record.exc_text or logging.Formatter().formatException(record.exc_info), secrets)
            record.exc_info = None
        return True


_LOGGERS = (
    "urllib3.connectionpool",
    "urllib3.connection",
    "urllib3.util.retry",
    "urllib3.poolmanager",
    "urllib3.response",
)


def mask_logs(secrets: Callable[[], Iterable[str]]) -> None:
    """Mask secrets in what urllib3 logs: its debug lines hold the whole URL, and with it the token."""
    for logger in map(logging.getLogger, _LOGGERS):
        if not any(isinstance(known, SecretFilter) for known in logger.filters):
            logger.addFilter(SecretFilter(secrets))
