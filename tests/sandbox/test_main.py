from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from alpine.sandbox import Sandbox
from alpine.sandbox.__main__ import main
from tests.platforms import needs_signals
from tests.sandbox.wire import FLOW, PEOPLE


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, number: int) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "mine.afm").write_bytes(FLOW)
    command = [sys.executable, "-W", "error", "-m", "alpine.sandbox", "--port", "0", "--data", tmp_path]
    with subprocess.Popen(
        [*command, "--flows", tmp_path, "--username", "root"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        url = program.stdout.readline().split()[-1]
        told = "".join(program.stdout.readline() for _ in range(10))
        assert f'APIClient("{url}", username="root"' in told
        assert "order_report, mine\n" in told
        assert "tables: demo.orders, people\n" in told
        login = {"username": "root", "password": "alpine-demo"}
        with requests.Session() as http:
            assert http.post(f"{url}/api/sessions?session_id=NULL", data=login).status_code == 201
        program.send_signal(number)
        assert program.wait(20) == 0
        assert program.stderr.read() == ""


def test_a_port_that_is_taken_is_told(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", str(sandbox.port)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"alpine-sandbox: error: The sandbox cannot listen on 127.0.0.1:{sandbox.port}: ")
    # Windows says it in other words.
    assert told.endswith(": Address already in use.\n") or sys.platform == "win32"


@pytest.mark.parametrize("arguments", [["--pace", "slow"], ["--port", "x"]])
def test_a_wrong_option_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "error" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--port", "99999"], "A port is a number from 0 to 65535, not 99999"),
        (["--host", "192.0.2.1", "--port", "0"], "cannot listen on 192.0.2.1:0"),
        (["--pace", "-3"], "The pace is"),
        (["--pace", "nan"], "The pace is"),
        (["--username", ""], "needs a user name and a password"),
        (["--data", "{folder}/none"], "none is no folder"),
        (["--flows", "{folder}/none"], "none is no folder"),
        (["--data", "{folder}/ragged"], "people.csv cannot be read as a table"),
        (["--data", "{folder}/letters"], "people.csv cannot be read as a table"),
        (["--data", "{folder}/twice"], "would both be the table 'people'"),
        (["--flows", "{folder}/no_xml"], "mine.afm is not a readable workflow file"),
        (["--flows", "{folder}/doctype"], "mine.afm is not a readable workflow file"),
    ],
)
def test_what_can_not_be_served_is_told_in_one_sentence(
    arguments: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "ragged/people.csv": b"name,age\nann,1\nbob\n",
        "letters/people.csv": b"n\xff\xfeme\n1\n",
        "twice/people.csv": b"name\nann\n",
        "twice/people.parquet": b"",
        "no_xml/mine.afm": b"<Process",
        "doctype/mine.afm": b"<!DOCTYPE Process><Process/>",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    assert main([argument.format(folder=tmp_path) for argument in arguments]) == 2
    told = capsys.readouterr()
    assert reason in told.err
    assert told.err.startswith("alpine-sandbox: error: ")
    assert told.err.count("\n") == 1
    assert told.out == ""
