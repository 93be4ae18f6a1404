from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from alpine.sandbox import Sandbox
from alpine.sandbox.__main__ import main
from tests.sandbox.wire import FLOW, PEOPLE


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
        told = "".join(program.stdout.readline() for _ in range(8))
        assert f'APIClient("{url}", username="root"' in told
        login = {"username": "root", "password": "alpine-demo"}
        with requests.Session() as http:
            assert http.post(f"{url}/api/sessions?session_id=NULL", data=login).status_code == 201
        program.send_signal(number)
        assert program.wait(20) == 0
        assert program.stderr.read() == ""


def test_a_port_that_is_taken_is_told(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", str(sandbox.port)]) == 1
    assert "could not be started" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--pace", "slow"], ["--port", "x"]])
def test_a_wrong_option_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert "error" in capsys.readouterr().err
