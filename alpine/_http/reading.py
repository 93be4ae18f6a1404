"""Reads a response to its known end, within limits, into memory or into a file."""

from __future__ import annotations

import http.client
import io
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import requests

from alpine._http.connection import tells_its_end, whole_body
from alpine._http.failure import READING_ERRORS, Failure
from alpine._http.observing import request_id_in
from alpine._http.request import Request, Response
from alpine.exception import InvalidResponseException, ResponseTooLargeException, ServerConnectionException

_CHUNK = 256 * 1024
_LONGEST_LENGTH = 20
_HTTP_1_1 = 11
_WITHOUT_BODY = frozenset({204, 304})


def read(
    request: Request, reply: requests.Response, attempt: int, most: int, clean: Callable[[str], str]
) -> Response | Failure:
    """Read what the server sent, whatever its status, into memory or into the request's sink.

    :param most: The largest body that is read into memory where the request does not say, in bytes.
    :param clean: Takes the secrets out of a string.
    :raises ResponseTooLargeException: The body is larger than the limit.
    """
    handled = sys.exception()
    if reply.status_code < HTTPStatus.OK:
        return Failure(ServerConnectionException, "the server sent an interim response only", True)
    if reply.status_code in _WITHOUT_BODY:
        # Not read, so that the connection is closed: a body that comes all the same would be the next response.
        return Response(reply.status_code, reply.headers, b"", request, attempt)
    good = reply.status_code < HTTPStatus.MULTIPLE_CHOICES
    sink: Any = io.BytesIO()
    limit: int | None = most if request.limit is None else request.limit
    if request.sink is not None and good:
        if reply.status_code == HTTPStatus.PARTIAL_CONTENT:
            return Failure(InvalidResponseException, "the server sent a part of the file only", True, False)
        request.sink.start(reply.headers)
        sink, limit = request.sink, None
    length = reply.headers.get("Content-Length", "")
    if limit is not None and length.isdecimal() and (len(length) > _LONGEST_LENGTH or int(length) > limit):
        raise _too_large(request, reply, limit, clean)
    told = tells_its_end(reply, unpacked=limit is not None)
    received = 0
    error: Exception
    try:
        for chunk in reply.iter_content(_CHUNK) if limit is not None else whole_body(reply, _CHUNK):
            received += len(chunk)
            if limit is not None and received > limit:
                raise _too_large(request, reply, limit, clean)
            sink.write(chunk)
    except READING_ERRORS as caught:
        error = caught
    except ValueError:
        # urllib3's, of a chunk with a negative size.
        error = http.client.IncompleteRead(b"")
    else:
        if not received and _is_cut_off(reply):
            return Failure(ServerConnectionException, "the response was cut off", True)
        body = b"" if sink is request.sink else sink.getvalue()
        return Response(
            reply.status_code,
            reply.headers,
            body,
            request,
            attempt,
            reply.cookies if request.anonymous else None,
            None if told else received,
        )
    return Failure.of(error, handled)


def _too_large(
    request: Request, reply: requests.Response, limit: int, clean: Callable[[str], str]
) -> ResponseTooLargeException:
    return ResponseTooLargeException(
        f"Could not {request.action}: the response is larger than the limit of {limit:,} bytes for such responses, "
        f"which session.answer_limit and session.results_limit set.{request.warning}",
        status_code=reply.status_code,
        method=request.method,
        url=clean(request.url),
        request_id=request_id_in(reply.headers, clean),
    )


def _is_cut_off(reply: requests.Response) -> bool:
    """Whether a response without a body was meant to have one: nothing in its head says where it ends."""
    told = {"Content-Length", "Transfer-Encoding", "Connection"} & reply.headers.keys()
    return not told and getattr(reply.raw, "version", 0) == _HTTP_1_1
