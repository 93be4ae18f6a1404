"""What is sent is whole, as long as announced, and can be sent again."""

from __future__ import annotations

import json
import re
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpine import APIClient
from alpine._http.body import BytesBody, MultipartBody, Readable, body_of
from alpine.exception import InvalidArgumentException, LocalFileException
from tests.scripted import LOGIN, Reply, ScriptedServer


def sent(body: MultipartBody, size: int = -1) -> bytes:
    opened = body.open()
    assert not isinstance(opened, bytes)
    with_size = b"".join(iter(lambda: opened.read(size), b"")) if size > 0 else opened.read()
    opened.close()
    return with_size


def parts(content_type: str, content: bytes) -> list[tuple[str | None, str | None, bytes]]:
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + content)
    return [
        (part.get_param("name", header="Content-Disposition"), part.get_filename(), part.get_payload(decode=True))  # type: ignore[union-attr, misc]
        for part in message.iter_parts()  # type: ignore[attr-defined]
    ]


@pytest.mark.parametrize("size", [-1, 1, 7, 4096, 1_000_000])
def test_fields_and_file_arrive_as_they_are(tmp_path: Path, size: int) -> None:
    path = tmp_path / 'a "b".txt'
    path.write_bytes(bytes(range(256)) * 40)
    body = MultipartBody([("workfile[x]", "wörd"), ("n", 3)], "file", path)
    content = sent(body, size)
    assert len(content) == body.length
    assert parts(body.content_type, content) == [
        ("workfile[x]", None, "wörd".encode()),
        ("n", None, b"3"),
        ("file", "a %22b%22.txt", path.read_bytes()),
    ]


@given(name=st.text(max_size=30), value=st.text(max_size=50), content=st.binary(max_size=300))
def test_any_field_and_any_content_is_one_part(tmp_path_factory: Any, name: str, value: str, content: bytes) -> None:
    path = tmp_path_factory.mktemp("body") / "file.bin"
    path.write_bytes(content)
    body = MultipartBody([(name, value)], "file", path)
    whole = sent(body, 50)
    assert len(whole) == body.length
    boundary = re.escape(body.content_type.partition("boundary=")[2].encode())
    assert len(re.findall(b"--" + boundary + b"\r\n", whole)) == 2


def test_a_body_is_opened_from_its_beginning_each_time(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"content")
    body = MultipartBody([], "file", path)
    first = body.open()
    assert not isinstance(first, bytes)
    first.read(10)
    assert len(sent(body)) == body.length
    first.close()


def test_a_file_that_shrinks_is_told_and_one_that_grows_is_sent_as_announced(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"content")
    body = MultipartBody([], "file", path)
    path.write_bytes(b"content and more")
    assert len(sent(body)) == body.length
    path.write_bytes(b"con")
    with pytest.raises(LocalFileException, match="shorter"):
        sent(body)


def test_an_upload_that_met_an_expired_login_is_sent_again_whole(server: ScriptedServer, tmp_path: Path) -> None:
    server.on_login()
    session = APIClient(server.url, username="ada", password="a password")
    server.on("POST", "/api/sessions", Reply({"response": {**LOGIN["response"], "session_id": "another-token"}}, 201))
    server.on("POST", "/api/workspaces/1/workfiles", Reply(" ", 401), Reply({"response": {"id": 5}}, 201))
    path = tmp_path / "notes.txt"
    path.write_bytes(b"0123456789" * 50_000)
    assert session.workfile.upload_file(1, path)["id"] == 5
    uploads = [asked for asked in server.asked if asked.path.endswith("/workfiles")]
    assert len(uploads) == 2
    assert uploads[0].body == uploads[1].body
    assert path.read_bytes() in uploads[1].body
    assert [asked.query["session_id"] for asked in uploads] == [["scripted-token-000001"], ["another-token"]]


def test_an_upload_passes_the_auth_of_the_session_unharmed(
    server: ScriptedServer, session: APIClient, tmp_path: Path
) -> None:
    server.on("POST", ".*", Reply({"response": {"id": 5}}, 201))
    path = tmp_path / "notes.txt"
    path.write_bytes(b"0123456789" * 5_000)
    session.session.auth = ("user", "proxy-secret")
    session.workfile.upload_file(1, path)
    asked = server.asked[-1]
    assert asked.headers["Content-Length"] == str(len(asked.body))
    assert "Transfer-Encoding" not in asked.headers
    assert path.read_bytes() in asked.body


@pytest.mark.parametrize("document", [{1, 2}, float("nan"), {"x": object()}, "\ud800", [[[]]]])
def test_json_is_sent_or_refused(document: Any) -> None:
    try:
        body = BytesBody.json(document)
    except InvalidArgumentException as error:
        assert "JSON" in str(error)
        assert error.__context__ is None
    else:
        assert json.loads(body.open()) == document


def test_a_document_without_end_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for document in (endless, deep):
        with pytest.raises(InvalidArgumentException):
            BytesBody.json(document)


def test_text_that_is_no_unicode_is_no_crash(tmp_path: Path) -> None:
    assert b"password=" in bytes(BytesBody.form({"password": "\ud800"}).open())
    path = tmp_path / "x"
    path.write_bytes(b"")
    assert MultipartBody([("x", "\ud800")], "file", path).length


def test_bytes_fields_or_a_document_make_a_body() -> None:
    assert body_of(None, None) is None
    assert getattr(body_of(None, b"x"), "content_type", "") == "application/octet-stream"
    assert getattr(body_of(None, {"a": 1}), "content_type", "").endswith("urlencoded")
    assert getattr(body_of({"a": 1}, None), "content_type", "") == "application/json"
    with pytest.raises(InvalidArgumentException, match="either"):
        body_of({"a": 1}, {"b": 2})


def test_a_readable_is_what_a_body_opens(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x")
    opened: bytes | Readable = MultipartBody([], "file", path).open()
    assert not isinstance(opened, bytes)
    opened.close()
