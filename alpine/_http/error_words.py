"""The words of an error's body: JSON, an HTML page, plain text or nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

LONGEST_BODY = 64 * 1024
"""Bytes of an error's body that are looked at: more is no message."""
_LONGEST = 1_000
_NOT_OF_API = frozenset({405, 501, 505})
"""What Alpine never answers to this client."""
_NO_ROUTE = "The requested resource could not be found"
"""What the engine says of a path that it does not have."""
_WANTS_TLS = re.compile(r"plain HTTP|HTTP request\b.{0,40}\bHTTPS", re.IGNORECASE)
"""What servers for https say to plain http, each in its own words."""


class ErrorWords:
    """What the body of an error says, whatever its form.

    :param body: The body as text.
    :param clean: Takes the secrets out of a string. It is used on what was decoded, too: JSON and HTML can write a
        character of a secret in many ways.
    """

    def __init__(self, body: str, clean: Callable[[str], str]) -> None:
        self.code: str | None = None
        self.fields: dict[str, dict[str, Any]] = {}
        self.message: str | None = None
        self.of_api = False
        """Whether it has the form of the API's errors."""
        self.of_no_route = False
        """Whether it says that there is no such endpoint, and not that there is no such thing at one."""
        self._text = text = clean(body).strip()
        for reader in (self._read_json, self._read_html, self._read_text):
            if reader(text):
                break
        self.code, self.message, self.fields = _cleaned((self.code, self.message, self.fields), clean)

    def advice(self, status: int, url: str, usual: str, *, alone: bool, may_be_of_others: bool) -> str:
        """What the user can do: the usual, or to look who answers at all.

        :param usual: What there is to do where an Alpine server answers.
        :param alone: Whether the status means nothing in particular.
        :param may_be_of_others: Whether other kinds of servers give it as well.
        """
        if status == 400 and _WANTS_TLS.search(self._text):
            return f"The port uses https: pass host={f'https://{urlsplit(url).netloc}'!r}, or is_secure=True."
        question = f"Is that an Alpine server? The request went to {url.partition('?')[0]}; check host and port."
        if not self.of_api and (status in _NOT_OF_API or alone):
            return question
        strange = may_be_of_others and not self.of_api and self._text not in {"", "{}"}
        return f"{usual} {question}" if strange else usual

    def _read_json(self, body: str) -> bool:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return False
        if isinstance(document, str):
            return self._read_text(document.strip())
        errors = document.get("errors", document) if isinstance(document, dict) else None
        self.of_api = errors is not document
        self.of_no_route = isinstance(document, dict) and not self.of_api and str(document.get("status")) == "404"
        if isinstance(errors, str):
            return self._read_text(errors)
        if not isinstance(errors, dict):
            return isinstance(document, list | dict)
        self.code = _first_text(errors, "license", "record", "service", "type")
        self.message = _first_text(errors, "message", "error")
        fields = errors.get("fields")
        if isinstance(fields, dict):
            self.fields = {str(field): _codes(codes) for field, codes in fields.items()}
        return True

    def _read_html(self, body: str) -> bool:
        if not body.startswith("<"):
            return False
        self.of_no_route = True
        import html  # a large table of names, which only an error page needs

        title = re.search(r"<(title|h1)[^>]{0,200}>([^<]{0,200})", body, re.IGNORECASE)
        self.message = html.unescape(title.group(2)).strip() if title else "an HTML page"
        return True

    def _read_text(self, body: str) -> bool:
        self.of_no_route = body.startswith(_NO_ROUTE)
        self.message = " ".join(body.split())[:500] or None
        return True

    def __str__(self) -> str:
        refusals = [
            f"{field}: {code}{_details(details)}"
            for field, codes in self.fields.items()
            for code, details in codes.items()
        ]
        said = "; ".join([*refusals, *(word for word in (self.code, self.message) if word)])
        return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    match value:
        case str():
            return clean(value)
        case list() | tuple():
            return [_cleaned(item, clean) for item in value]
        case dict():
            return {clean(key): _cleaned(item, clean) for key, item in value.items()}
    return value


def _first_text(errors: Mapping[str, Any], *keys: str) -> str | None:
    return next((errors[key] for key in keys if isinstance(errors.get(key), str) and errors[key].strip()), None)


def _codes(codes: object) -> dict[str, Any]:
    if isinstance(codes, dict):
        return {str(code): details for code, details in codes.items()}
    return {str(code): None for code in codes} if isinstance(codes, list) else {str(codes): None}


def _details(details: object) -> str:
    if not isinstance(details, dict) or not details:
        return ""
    return f" ({details['message']})" if set(details) == {"message"} else f" {details}"
