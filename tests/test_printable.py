"""Nothing that a server sends makes a terminal do something: not in a message, a note, a log line or progress."""

from __future__ import annotations

import json
import logging
import re
import traceback
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpine import APIClient
from alpine._files import safe_name
from alpine._printable import printable
from alpine.exception import AlpineException, OutcomeUnknownException, RunFlowFailureException
from tests.scripted import Reply, ScriptedServer

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\u2066\r\x00\x7f\ud800"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
ESCAPED = json.dumps(EVIL)[1:-1]
"""As JSON has it: what is decoded is the same again."""


def test_controls_are_written_out_and_all_else_is_left() -> None:
    assert printable("a\x1b[31mb\x9b\u202e\r") == r"a\x1b[31mb\x9b\u202e\r"
    text = "Zwölf Größen, 数据, 😀 é\tand\nlines\r\nof text"
    assert printable(text) == text.replace("\r\n", "\n")


@given(st.text())
def test_whatever_a_text_holds_it_can_be_printed(text: str) -> None:
    shown = printable(text)
    shown.encode()
    assert not {unicodedata.category(sign) for sign in shown if sign not in "\t\n"} & {"Cc", "Cs"}
    assert printable(shown) == shown


def text_of(error: BaseException) -> str:
    attributes = [value for value in vars(error).values() if isinstance(value, str)]
    return "".join([str(error), repr(error), *map(str, error.args), *attributes, *traceback.format_exception(error)])


ANSWERS = {
    "json": Reply(f'{{"errors": {{"message": "{ESCAPED}"}}}}', 422),
    "field": Reply(f'{{"errors": {{"fields": {{"na{ESCAPED}me": {{"{ESCAPED}": {{}}}}}}}}}}', 422),
    "details": Reply(f'{{"errors": {{"fields": {{"base": {{"GENERIC": {{"message": "{ESCAPED}"}}}}}}}}}}', 422),
    "code": Reply(f'{{"errors": {{"record": "{ESCAPED}"}}}}', 404),
    "text": Reply(EVIL.encode("utf-8", "surrogatepass"), 400),
    "page": Reply(f"<html><title>{EVIL}</title>".encode("utf-8", "surrogatepass"), 500),
    "entities": Reply("<html><title>&#27;[31m&#x9b;&#x202e;</title>", 403),
    "no json": Reply(EVIL.encode("utf-8", "surrogatepass"), 200),
    "no object": Reply(f'["{ESCAPED}"]', 200),
    "redirect": Reply("", 302, {"Location": "http://elsewhere.invalid/\x1b[31m\x9b"}),
    "id": Reply(f'{{"response": [{{"file_name": "n", "name": "n", "id": "{ESCAPED}"}}]}}'),
    "names": Reply(f'{{"response": [{{"file_name": "{ESCAPED}n", "name": "{ESCAPED}n", "id": 1}}]}}'),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_exception_shows_no_control_of_an_answer(
    server: ScriptedServer, session: APIClient, answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    session.retries = session.retries.new(total=0)
    for method in ("GET", "POST", "PUT"):
        server.on(method, ".*", ANSWERS[answer])
    calls: list[Callable[[], object]] = [
        lambda: session.user.get(1),
        lambda: session.workfile.get_id("n", 1),
        lambda: session.workspace.get_id("nn"),
        lambda: session.workfile.process.run(1),
        lambda: session.workfile.process.query_status("p"),
        lambda: session.workfile.process.download_results(1, "p"),
        lambda: session.login("ada", "a password"),
        session.get_status,
    ]
    caught = []
    with caplog.at_level(logging.DEBUG):
        for call in calls:
            try:
                call()
            except AlpineException as error:
                caught.append(error)
    assert caught
    for error in caught:
        assert not OBEYED.search(text_of(error)), text_of(error)
    assert not OBEYED.search(caplog.text)


def test_a_failed_run_shows_no_control_of_a_name_or_a_message(server: ScriptedServer, session: APIClient) -> None:
    log = {"nodeName": f"Row{EVIL}", "message": EVIL, "logLevel": "ERROR"}
    results = {"outputs": [], "logs": [log], "flowMetaInfo": {"status": f"FAILED{EVIL}", "processId": "p1"}}
    server.on("GET", ".*/query", Reply("invalid processId or workflow already stopped.\n"))
    server.on("GET", ".*/results/.*", Reply(results))
    with pytest.raises(RunFlowFailureException) as caught:
        session.workfile.process.wait_until_finished(1, "p1")
    assert not OBEYED.search(text_of(caught.value))
    assert r"\x1b" in str(caught.value)


def test_a_note_shows_none() -> None:
    error = AlpineException("x")
    error.add_note(f"The run {EVIL} goes on.")
    assert not OBEYED.search("".join(traceback.format_exception(error)))


def test_an_id_of_a_run_that_cannot_be_printed_is_none(server: ScriptedServer, session: APIClient) -> None:
    # It would be printed by itself, and is in the notes of exceptions of all kinds.
    server.on("POST", ".*", Reply({"meta": {"processId": f"p{EVIL}"}}))
    with pytest.raises(OutcomeUnknownException, match="names no process id") as caught:
        session.workfile.process.run(1)
    assert not OBEYED.search(text_of(caught.value))


def test_progress_shows_none(
    server: ScriptedServer, session: APIClient, capsys: pytest.CaptureFixture[str], fake_time: object
) -> None:
    working = {"meta": {"state": "WORKING"}, "nodeInfo": {"nodeName": f"Row\nFilter{EVIL}"}}
    server.on("GET", ".*/query", Reply(working), Reply("workflow already stopped"))
    results = {"outputs": [], "logs": [], "flowMetaInfo": {"status": f"ODD{EVIL}"}}
    server.on("GET", ".*/results/.*", Reply(results))
    with pytest.raises(RunFlowFailureException):
        session.workfile.process.wait_until_finished(1, "p1", verbose=True)
    shown = capsys.readouterr().out
    assert not OBEYED.search(shown)
    assert r"Row\nFilter\x1b]0;owned" in shown
    assert r"ODD\x1b]0;owned" in shown


def test_log_lines_show_none_and_other_arguments_stay_as_they_are(
    server: ScriptedServer, session: APIClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.on("POST", ".*/workfiles", Reply({"response": {"id": 7, "file_name": f"other{EVIL}"}}))
    path = tmp_path / "x.txt"
    path.write_text("x")
    session.workfile.upload_file(1, path)
    server.on("POST", ".*/stop", Reply(f"no {EVIL}".encode("utf-8", "surrogatepass")))
    assert session.workfile.process.stop("p1") == "STOP FAILED"
    assert "other" in caplog.text
    assert r"was not stopped: no \x1b]0;owned" in caplog.text
    assert not OBEYED.search(caplog.text)
    caplog.clear()
    session.logger.warning("%(a)s %(b)d", {"a": EVIL, "b": 7})
    assert caplog.messages == [f"{printable(EVIL)} 7"]


def test_the_name_of_a_download_holds_none(server: ScriptedServer, session: APIClient, tmp_path: Path) -> None:
    disposition = "attachment; filename*=UTF-8''a%1B%5B31m%C2%9B%E2%80%AE%D8%9Cb.txt"
    server.on("GET", ".*/download", Reply(b"x", headers={"Content-Disposition": disposition}))
    path = session.workfile.download(1, path=tmp_path)
    assert path.name == "a_[31m___b.txt"
    assert not OBEYED.search(safe_name(EVIL, "x"))


def test_a_file_of_ones_own_with_a_strange_name_is_named_in_print(session: APIClient, tmp_path: Path) -> None:
    with pytest.raises(AlpineException) as caught:
        session.workfile.upload_file(1, tmp_path / "a\x1b[31m\u202eb.txt")
    assert not OBEYED.search(text_of(caught.value))
