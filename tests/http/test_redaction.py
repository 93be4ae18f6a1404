"""Secrets are not in any string, in whatever way they are written."""

from __future__ import annotations

import html
import io
import json
import logging
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpine._http.redaction import MASK, SecretFilter, clean, mask_logs

SECRET = 'pass "word" wörd/+&<77'


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        urlencode({"x": SECRET}),
        json.dumps({"x": SECRET}),
        json.dumps({"x": SECRET}, ensure_ascii=False),
        html.escape(SECRET),
        html.escape(SECRET).replace("&quot;", "&#34;"),
        "".join(f"\\u{ord(sign):04x}" if sign in "<>&" else sign for sign in json.dumps(SECRET)),
        "".join(f"\\u{ord(sign):04X}" if sign in "<>&" else sign for sign in json.dumps(SECRET, ensure_ascii=False)),
        json.dumps(json.dumps(SECRET)),
        json.dumps(SECRET).replace("/", "\\/"),
        quote(SECRET, safe="").lower(),
    ],
)
def test_a_secret_is_found_in_every_way_of_writing_it(written: str) -> None:
    cleaned = clean(f"before {written} after", [SECRET])
    assert MASK in cleaned
    assert "rd" not in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/users?session_id=abc123&page=1",
        "GET /api/users?page=1&session_id=abc123",
        '{"session_id": "abc123"}',
        "{'x-token': 'abc123'}",
        "x-token: abc123\r\nAccept: */*",
        "token=abc123",
        "password=abc123",
        "authenticity_token=abc123",
        "Set-Cookie: _session_id=abc123; path=/",
        "Cookie: a=1; _session_id=abc123",
        "Authorization: Basic abc123",
        "Proxy-Authorization: Bearer abc123",
    ],
)
def test_what_looks_like_a_secret_is_masked_where_nobody_knows_it(text: str) -> None:
    assert "abc123" not in clean(text)
    assert MASK in clean(text)


def test_other_text_is_left_alone() -> None:
    text = "GET http://host:8080/api/users?page=2&per_page=50 says 'tokens are nice'"
    assert clean(text) == text
    assert clean("a short one: abc", ["abc"]) == "a short one: abc"


@given(st.text(min_size=4, max_size=30), st.text(max_size=20), st.text(max_size=20))
def test_no_secret_survives(secret: str, before: str, after: str) -> None:
    for written in (secret, quote(secret, safe="", errors="replace"), json.dumps(secret)[1:-1]):
        if written not in before + after:
            assert written not in clean(before + written + after, [secret]) or secret in MASK * 3


@pytest.fixture
def told() -> Iterator[io.StringIO]:
    mask_logs(lambda: ())
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("urllib3.connectionpool")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_what_urllib3_logs_is_masked_in_arguments_message_and_traceback(told: io.StringIO) -> None:
    logger = logging.getLogger("urllib3.connectionpool")
    logger.debug("%s://%s %s %d", "http", "h", "/api?session_id=abc123", 7)
    logger.debug("%(url)s", {"url": "/api?session_id=abc123"})
    logger.debug("/api?session_id=abc123")
    logger.debug("%s", ValueError("/api?session_id=abc123"))
    try:
        raise ValueError("unparsed: Set-Cookie: _session_id=abc123")
    except ValueError:
        logger.warning("failed to parse headers", exc_info=True)
    assert "abc123" not in told.getvalue()
    assert told.getvalue().count(MASK) == 6
    assert "http://h /api?session_id=*** 7" in told.getvalue()
    assert "Traceback" in told.getvalue()


def test_handlers_of_other_formats_get_no_exception_that_holds_a_secret() -> None:
    record = logging.LogRecord("urllib3", logging.WARNING, "f", 1, "header: %s", (b"cookie-0001",), None)
    try:
        raise ValueError("cookie-0001")
    except ValueError as error:
        record.exc_info = (type(error), error, error.__traceback__)
    assert SecretFilter(lambda: ("cookie-0001",)).filter(record)
    assert record.exc_info is None
    assert "cookie-0001" not in f"{record.__dict__} {record.getMessage()}"
    assert "ValueError: ***" in (record.exc_text or "")


def test_the_filter_is_put_on_once() -> None:
    mask_logs(lambda: ())
    mask_logs(lambda: ())
    filters = logging.getLogger("urllib3.connectionpool").filters
    assert sum(isinstance(each, SecretFilter) for each in filters) == 1
