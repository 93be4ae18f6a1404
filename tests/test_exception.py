"""The tree of exceptions is true, and every answer that says no becomes one of them."""

from __future__ import annotations

import inspect
import json
import pickle
import re
from typing import Any

import pytest

import alpine
from alpine import exception
from alpine._http.refusal import exception_for
from alpine._http.request import Request, Response
from alpine.exception import AlpineException

CLASSES = [getattr(exception, name) for name in exception.__all__]
OLD_NAMES = [
    "AlpineException",
    "AlpineSessionNotFoundException",
    "DataSourceNotFoundException",
    "DataSourceTypeNotFoundException",
    "FlowResultsMalformedException",
    "InvalidResponseCodeException",
    "JobNotFoundException",
    "LoginFailureException",
    "ResultsNotFoundException",
    "RunFlowFailureException",
    "RunFlowTimeoutException",
    "RunJobFailureException",
    "StopFlowFailureException",
    "TaskNotFoundException",
    "UserNotFoundException",
    "WorkfileNotFoundException",
    "WorkflowVariableException",
    "WorkspaceMemberNotFoundException",
    "WorkspaceNotFoundException",
]


def make(status: int, body: str, **options: object) -> AlpineException:
    request = Request("GET", "x", "do x", root="http://h/api", **options)  # type: ignore[arg-type]
    return exception_for(Response(status, {}, body.encode(), request), str)


def test_the_names_of_the_old_client_are_all_here() -> None:
    assert set(OLD_NAMES) <= set(exception.__all__) <= set(alpine.__all__)


def test_the_list_of_public_names_is_true_and_sorted() -> None:
    defined = {n for n, c in vars(exception).items() if inspect.isclass(c) and issubclass(c, AlpineException)}
    assert exception.__all__ == sorted(defined)
    assert alpine.__all__ == sorted(alpine.__all__)
    assert all(hasattr(alpine, name) for name in alpine.__all__)


def test_the_drawn_tree_is_the_real_one() -> None:
    drawn: dict[str, str | None] = {}
    stack: list[tuple[int, str]] = []
    for line in (exception.__doc__ or "").splitlines():
        found = re.search(r"\w+Exception\b", line)
        if found:
            while stack and stack[-1][0] >= found.start():
                stack.pop()
            drawn[found.group()] = stack[-1][1] if stack else None
            stack.append((found.start(), found.group()))
    real = {c.__name__: c.__bases__[0].__name__ if c is not AlpineException else None for c in CLASSES}
    assert drawn == real


@pytest.mark.parametrize("kind", CLASSES)
def test_every_exception_pickles_and_is_no_key_error(kind: type[AlpineException]) -> None:
    error = kind("what happened", status_code=418, process_id="p")
    error.add_note("a note")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (str(copy), copy.reason, copy.status_code, copy.process_id) == ("what happened", "what happened", 418, "p")
    assert copy.__notes__ == ["a note"]
    assert not issubclass(kind, KeyError)
    assert kind.__doc__


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, " ", exception.AlpineSessionNotFoundException),
        (403, "{}", exception.ForbiddenException),
        (403, " ", exception.ForbiddenException),
        (403, '{"errors":{"license":"NOT_LICENSED"}}', exception.NotLicensedException),
        (403, '{"errors":{"record":"DEMO_FORBIDDEN"}}', exception.DemoModeException),
        (403, '{"errors":{"record":"INVALID_CREDENTIALS","model_data":{}}}', exception.DataSourceCredentialsException),
        (404, '{"errors":{"record":"NOT_FOUND"}}', exception.NotFoundException),
        (413, "<html><title>413 Request Entity Too Large</title></html>", exception.RequestTooLargeException),
        (422, '{"errors":{"record":"RUN_FAILED"}}', exception.ValidationException),
        (429, "", exception.TooManyRequestsException),
        (500, "<html><h1>We&#39;re sorry</h1></html>", exception.ServerErrorException),
        (502, "<html>", exception.ServerErrorException),
        (503, "", exception.ServiceUnavailableException),
        (503, '{"errors":{"service":"LICENSE_EXPIRED"}}', exception.LicenseExpiredException),
        (400, '{"errors":{"message":"LDAP says no"}}', exception.InvalidResponseCodeException),
        (418, "", exception.InvalidResponseCodeException),
    ],
)
def test_an_answer_becomes_its_exception(status: int, body: str, kind: type[AlpineException]) -> None:
    error = make(status, body)
    assert type(error) is kind
    assert (error.status_code, error.method, error.url) == (status, "GET", "http://h/api/x")
    assert str(error).startswith("Could not do x: ")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"errors":{"record":"HDFS_QUERY_ERROR","message":"no such path"}}', "HDFS_QUERY_ERROR; no such path"),
        ('{"errors":{"fields":{"name":{"TOO_LONG":{"count":64}}}}}', "name: TOO_LONG {'count': 64}"),
        ('{"errors":{"fields":{"owner":{"OWNER MUST BE A MEMBER":null}}}}', "owner: OWNER MUST BE A MEMBER"),
        ('{"errors":{"fields":{"general":{"GENERIC":{"message":"too long"}}}}}', "general: GENERIC (too long)"),
        ('{"status":"500","error":"Internal Server Error"}', "Internal Server Error"),
        ("<html><head><title>504 Gateway Time-out</title></head></html>", "504 Gateway Time-out"),
        ("<html><h1>We&#39;re sorry</h1></html>", "We're sorry"),
        ("invalid API version: 2", "invalid API version: 2"),
        ('"a text in json"', "a text in json"),
    ],
)
def test_the_servers_own_words_are_read_from_every_form(body: str, words: str) -> None:
    assert f"({words})" in str(make(422, body))


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "null",
        "3",
        '{"errors":[]}',
        '{"errors":{"fields":[]}}',
        '{"errors":{"fields":{"a":"b","c":["d"],"e":null}}}',
        "[" * 99999,
    ],
)
def test_strange_bodies_are_read_without_a_crash(body: str) -> None:
    assert make(422, body).status_code == 422


def test_several_codes_of_a_field_are_readable() -> None:
    body = {
        "errors": {
            "fields": {"username": {"BLANK": {}, "INVALID": {"value": None}}, "password": {"TOO_SHORT": {"count": 6}}}
        }
    }
    error = make(422, json.dumps(body))
    assert error.fields["username"].keys() == {"BLANK", "INVALID"}
    assert error.fields["password"]["TOO_SHORT"]["count"] == 6


def test_the_body_that_is_kept_is_bounded() -> None:
    assert len(make(500, "x" * 100_000).body or "") == exception.BODY_KEPT


def test_plain_words_of_the_engine_are_not_taken_for_another_servers() -> None:
    request = Request("POST", "workflows/1/run", "run workflow 1", engine=True, root="http://h/alpinedatalabs")
    said = str(exception_for(Response(403, {}, b"User has no permission.", request), str))
    assert "User has no permission" in said
    assert "Is that an Alpine server" not in said

    assert len(make(500, "x" * 100_000).body or "") == exception.BODY_KEPT == 2000


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"errors": "no such thing"}, None, "no such thing"),
        ("no such thing", None, "no such thing"),
        ({"errors": {"license": "A", "record": "B", "type": "C"}}, "A", None),
        ({"errors": {"service": "S", "type": "C"}}, "S", None),
        ({"errors": {"type": "C", "message": "m", "error": "e"}}, "C", "m"),
        ({"errors": {"error": "e"}}, None, "e"),
        ({"status": "500", "error": "e"}, None, "e"),
        ([1, 2], None, None),
    ],
)
def test_code_and_message_are_where_the_servers_write_them(body: Any, code: str | None, message: str | None) -> None:
    error = make(500, json.dumps(body))
    assert (error.code, error.server_message) == (code, message)


@pytest.mark.parametrize(("body", "doubted"), [('{"errors": {"record": "X"}}', False), ("<html>no", True), ("", False)])
def test_who_answers_is_asked_only_where_it_has_not_the_form_of_the_api(body: str, *, doubted: bool) -> None:
    for status in (403, 404):
        assert ("Is that an Alpine server? The request went to http://h/api/x" in str(make(status, body))) is doubted
    assert ("Is that an Alpine server?" in str(make(405, body))) is ("errors" not in body)
    assert ("Is that an Alpine server?" in str(make(418, body))) is ("errors" not in body)
    assert ("responded with status 404. " in str(make(404, body))) is (body == "")


def test_what_a_server_says_is_cut_after_a_thousand_characters() -> None:
    def said(length: int) -> str:
        body = {"errors": {"fields": {"name": {"WRONG": {"message": "x" * length}}}}}
        return str(make(422, json.dumps(body)))

    around = len("name: WRONG ()")
    assert f"(name: WRONG ({'x' * (1000 - around)}))." in said(1000 - around)
    assert f"(name: WRONG ({'x' * (1001 - around)}…)." in said(1001 - around)
