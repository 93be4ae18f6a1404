"""Every way a request can end badly, each as the response the real server gives.

::

    ApiError                a response that is no success
    ├── NotFound            404 {"errors": {"record": "NOT_FOUND"}}
    ├── Invalid             422 {"errors": {"fields": {...}}}
    ├── Refused             any status with {"errors": {...}}
    ├── Blank               401 or 403 with a single space
    ├── FrameworkError      400, 404, 413, 500 ... as a page, or JSON for who asks for it
    └── EngineError         the engine's plain text
"""

from __future__ import annotations

import html
import json
from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Request, Response

JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
TEXT_TYPE = "text/plain;charset=UTF-8"


def json_response(body: object, status: int = 200) -> Response:
    """Make a JSON answer.

    :param body: What to send.
    :param status: The HTTP status.
    :returns: The response.
    """
    return Response(json.dumps(body, separators=(",", ":")), status, content_type=JSON_TYPE)


class ApiError(Exception):
    """A response that is no success; ``respond`` makes it.

    :param status: The HTTP status.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status

    def respond(self, request: Request) -> Response:  # noqa: ARG002 - the framework's errors look at it
        """Make the response.

        :param request: What was asked; some responses depend on its ``Accept``.
        :returns: The response.
        """
        return Response(" ", self.status, content_type=HTML_TYPE)


class Blank(ApiError):
    """401 and 403 without a word."""


class Refused(ApiError):
    """An ``errors`` object with any status.

    :param status: The HTTP status.
    :param errors: What stands below ``errors``.
    """

    def __init__(self, status: int, errors: dict[str, Any]) -> None:
        super().__init__(status)
        self.errors = errors

    def respond(self, request: Request) -> Response:  # noqa: ARG002
        """Make the response: the errors in their envelope."""
        return json_response({"errors": self.errors}, self.status)


class NotFound(Refused):
    """There is no such record."""

    def __init__(self) -> None:
        super().__init__(404, {"record": "NOT_FOUND"})


class Forbidden(Refused):
    """The caller may not do that to this record.

    :param model_data: The short form that the server adds for data sources.
    """

    def __init__(self, model_data: dict[str, Any] | None = None) -> None:
        super().__init__(403, {"model_data": model_data or {}})


class Invalid(Refused):
    """Validation failed.

    :param fields: Code and context of each field, ``{"name": {"TAKEN": {}}}``.
    """

    def __init__(self, fields: dict[str, dict[str, Any]]) -> None:
        super().__init__(422, {"fields": fields})

    @classmethod
    def field(cls, name: str, code: str, context: dict[str, Any] | None = None) -> Invalid:
        """One field with one code.

        :param name: The field.
        :param code: What is wrong with it.
        :param context: What the code refers to.
        :returns: The error to raise.
        """
        return cls({name: {code: context or {}}})


class FrameworkError(ApiError):
    """What the web framework or the proxy answers, outside the API's envelope."""

    def respond(self, request: Request) -> Response:
        """Make the response: JSON for who asks for it first, else a page."""
        phrase = HTTPStatus(self.status).phrase
        if first_accepted(request) == "application/json":
            return json_response({"status": str(self.status), "error": phrase}, self.status)
        return html_page(self.status)


class EngineError(ApiError):
    """What the workflow engine answers when it refuses: plain text.

    :param status: The HTTP status.
    :param text: The text.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status)
        self.text = text

    def respond(self, request: Request) -> Response:  # noqa: ARG002
        """Make the response: the text as it is."""
        return Response(self.text, self.status, content_type=TEXT_TYPE)


def html_page(status: int) -> Response:
    """Make the page that a proxy or the framework shows for an error.

    :param status: The HTTP status.
    :returns: The response.
    """
    try:
        title = html.escape(f"{status} {HTTPStatus(status).phrase}")
    except ValueError:
        title = str(status)
    page = f"<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n"
    return Response(page, status, content_type=HTML_TYPE)


def first_accepted(request: Request) -> str:
    """Tell the media type that stands first in ``Accept``, which decides some bodies.

    :param request: The request.
    :returns: The media type in small letters, or an empty string.
    """
    accept: str = request.headers.get("Accept", "")
    return accept.split(",", maxsplit=1)[0].split(";", maxsplit=1)[0].strip().lower()
