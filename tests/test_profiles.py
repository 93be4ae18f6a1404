"""A profile gives address and login; argument, environment, profile, in that order; secrets stay where they are."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from alpine import APIClient
from alpine.exception import InvalidArgumentException, LocalFileException
from tests.platforms import needs_modes
from tests.scripted import Reply, ScriptedServer

ROOT = Path(__file__).parent.parent
SECRET = "correct horse battery"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config.toml"
    monkeypatch.setenv("ALPINE_CONFIG", str(file))
    return file


def write(file: Path, text: str) -> None:
    file.write_text(textwrap.dedent(text), "utf-8")
    file.chmod(0o600)


def printing(secret: str) -> str:
    """A command that prints a password, as TOML has it."""
    return json.dumps(printing_words(secret))


def logged_in(server: ScriptedServer) -> list[dict[str, str]]:
    """Who has logged in, with what."""
    return [
        dict(parse_qsl(asked.body.decode())) for asked in server.asked if (asked.method, asked.path) == LOGIN_REQUEST
    ]


LOGIN_REQUEST = ("POST", "/api/sessions")

# precedence

PAGE = (ROOT / "docs" / "guides" / "profiles.md").read_text("utf-8")
TABLE = re.search(r"^\| setting .*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
ROWS = [
    [named[0] if (named := re.findall(r"`(\w+)`", cell)) else cell.strip() for cell in line.strip("|").split("|")]
    for line in (TABLE[0].strip().splitlines()[2:] if TABLE else [])
]
"""The table of the page: the names of each setting as argument, in the environment, in a profile."""
VALUES = {
    "host": ("given.example.com", "environment.example.com", "profile.example.com"),
    "port": (81, 82, 83),
    "user name": ("given", "of_environment", "of_profile"),
    "password": ("given", "of environment", "of profile"),
    "token": ("given", "of_environment", ""),
    "profile": ("given", "environment", "default"),
}


def test_the_table_has_every_setting() -> None:
    assert [row[0] for row in ROWS] == list(VALUES)


@pytest.mark.filterwarnings("ignore:ALPINE_HOST")
@pytest.mark.parametrize("first", [0, 1, 2], ids=["argument", "environment", "profile"])
@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_argument_then_environment_then_profile(
    server: ScriptedServer, config: Path, monkeypatch: pytest.MonkeyPatch, row: list[str], first: int
) -> None:
    """Of those places that have a setting, from the first one on, the first wins."""
    server.on_login()
    setting = row[0]
    values = VALUES[setting]
    arguments: dict[str, Any] = {}
    settings = {"host": server.url, "username": "of_profile", "password_command": printing_words("of profile")}
    if setting in {"host", "port", "token", "profile"}:
        settings = {"host": "somewhere"}
    if setting == "port" and first < 2:
        monkeypatch.setenv("ALPINE_HOST", "somewhere")
    if first == 0:
        arguments[row[1]] = values[0]
    if setting == "user name" and first == 0:
        arguments["password"] = "of profile"
    if first <= 1:
        monkeypatch.setenv(row[2], str(values[1]))
    if setting == "user name" and first == 1:
        monkeypatch.setenv("ALPINE_PASSWORD", "of profile")
    if setting in {"host", "port"}:
        settings[row[3]] = values[2]
    if setting == "profile":
        profiles = "".join(f'[profiles.{name}]\nhost = "{name}"\n' for name in values)
        write(config, f'default = "default"\n{profiles}')
        assert APIClient.from_profile(**arguments).host == values[first]
        return
    write(config, "[profiles.prod]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
    session = APIClient.from_profile("prod", **arguments)
    if setting in {"host", "port"}:
        expected = f"http://{values[first]}/api" if setting == "host" else f"http://somewhere:{values[first]}/api"
        assert session.base_url == expected
    elif setting == "token":
        assert session.token == (values[first] or None)
    else:
        [login] = logged_in(server)
        expected_user = values[first] if setting == "user name" else "of_profile"
        assert login == {
            "username": expected_user,
            "password": values[first] if setting == "password" else "of profile",
        }


def printing_words(secret: str) -> list[str]:
    """A command that prints a password."""
    return [sys.executable, "-c", f"print({secret!r})"]


def test_the_host_of_the_environment_comes_first_and_gets_no_login_of_the_profile(
    server: ScriptedServer, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        config, f'[profiles.prod]\nhost = "http://192.0.2.1"\nusername = "x"\npassword_command = {printing(SECRET)}\n'
    )
    monkeypatch.setenv("ALPINE_HOST", server.url)
    with pytest.warns(UserWarning, match=r"ALPINE_HOST \(http.*\) takes precedence over the host of profile 'prod'"):
        session = APIClient.from_profile("prod")
    assert session.base_url == server.base_url
    assert session.token is None
    assert server.asked == []


def test_the_host_of_an_argument_gets_neither_login(
    server: ScriptedServer, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        config, f'[profiles.prod]\nhost = "http://192.0.2.1"\nusername = "x"\npassword_command = {printing(SECRET)}\n'
    )
    monkeypatch.setenv("ALPINE_USERNAME", "x")
    monkeypatch.setenv("ALPINE_PASSWORD", SECRET)
    assert APIClient.from_profile("prod", host=server.url).token is None
    assert server.asked == []


def test_a_login_for_https_never_goes_out_unencrypted(server: ScriptedServer, config: Path) -> None:
    write(
        config, f'[profiles.prod]\nhost = "https://127.0.0.1"\nusername = "x"\npassword_command = {printing(SECRET)}\n'
    )
    assert APIClient.from_profile("prod", host=server.url).token is None
    assert server.asked == []


def test_the_name_is_taken_from_the_environment_else_from_the_default(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(config, 'default = "test"\n[profiles.test]\nhost = "http://t"\n[profiles.prod]\nhost = "http://p"\nport = 81')
    assert APIClient.from_profile().base_url == "http://t/api"
    monkeypatch.setenv("ALPINE_PROFILE", "prod")
    assert APIClient.from_profile().base_url == "http://p:81/api"
    assert APIClient.from_profile("test").base_url == "http://t/api"
    assert APIClient.from_profile(port=82).base_url == "http://p:82/api"


def test_without_a_profile_the_environment_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path))
    monkeypatch.setenv("ALPINE_HOST", "alpine.example.com")
    assert APIClient.from_profile().base_url == "http://alpine.example.com/api"
    with pytest.raises(LocalFileException, match="so no profile 'prod': alpine login makes one"):
        APIClient.from_profile("prod")


def test_the_file_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path))
    folder = tmp_path / ("alpine" if sys.platform == "win32" else ".config/alpine")
    folder.mkdir(parents=True)
    write(folder / "config.toml", '[profiles.prod]\nhost = "http://p"')
    assert APIClient.from_profile("prod").base_url == "http://p/api"


def test_certificate_files_and_time_outs(config: Path, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    write(config, f"[profiles.prod]\nhost = 'https://p'\nca_certs = '{tmp_path / 'ca.pem'}'\ntimeout = [5, 120]\n")
    session = APIClient.from_profile("prod")
    assert session.session.verify == str(tmp_path / "ca.pem")
    assert session.timeout == (5, 120)


# what is refused

WRONG = {
    "password in clear": ('[profiles.prod]\nhost="h"\nusername="x"\npassword = "%s"', r"contains a password in clear"),
    "token in clear": ('[profiles.prod]\nhost="h"\ntoken = "%s"', r"contains a token in clear"),
    "no TOML": ('[profiles.prod\nhost="h" # %s', r"is not TOML: "),
    "another profile": ('[profiles.prd]\nhost="h" # %s', r"no profile 'prod'\. Did you mean 'prd'\?"),
    "no profile": ("# %s", r"Its profiles are none\."),
    "an unknown key": ('[profiles.prod]\nhots="%s"', r"unknown key 'hots'\. Did you mean 'host'\?"),
    "an unknown table": ('[prod]\nhost="%s"', r"tables such as \[profiles\.prod\], and not 'prod'"),
    "no host": ('[profiles.prod]\nusername="x" # %s', r"No server is given.*from profile 'prod'"),
    "a profile that is none": ('[profiles]\nprod="%s"', r"tables such as \[profiles\.prod\]"),
    "a flag": ('[profiles.prod]\nhost="h"\nis_secure="yes" # %s', r"is_secure of profile 'prod' .* True or False"),
    "a user": ('[profiles.prod]\nhost="h"\nusername=5 # %s', r"username of profile 'prod' .* string"),
    "a command": ('[profiles.prod]\nhost="h"\npassword_command=5 # %s', r"must be a command, such as"),
    "an open quote": ("[profiles.prod]\nhost='h'\npassword_command=\"echo '%s\"", r"must be a command, such as"),
    "a default": ('default=5\n[profiles.prod]\nhost="h" # %s', r"default in .* must be the name of a profile"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_in_the_file_is_told_without_its_secrets(config: Path, case: str) -> None:
    content, message = WRONG[case]
    write(config, content % SECRET)
    with pytest.raises(InvalidArgumentException, match=message) as caught:
        APIClient.from_profile("prod")
    assert SECRET not in str(caught.value)
    assert str(config) in str(caught.value) or "command" in message


def test_a_name_that_is_no_string_is_refused(config: Path) -> None:
    for name in (5, "", b"x"):
        with pytest.raises(InvalidArgumentException, match="profile must be a non-empty string"):
            APIClient.from_profile(name)  # type: ignore[arg-type]


COMMANDS = {
    "exit code": ("import sys; print('%s'); sys.exit(3)", "ended with exit code 3"),
    "nothing": ("pass # %s", "prints nothing"),
    "an empty line": ("print(); print('%s')", "prints nothing"),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_a_command_that_gives_no_password_is_told_without_what_it_printed(config: Path, case: str) -> None:
    code, message = COMMANDS[case]
    command = f'[{sys.executable!r}, "-c", "{code % SECRET}"]'
    write(config, f"[profiles.prod]\nhost = 'h'\nusername = 'x'\npassword_command = {command}")
    with pytest.raises(InvalidArgumentException, match=message) as caught:
        APIClient.from_profile("prod")
    assert SECRET not in str(caught.value)


def test_a_command_that_is_not_there(config: Path) -> None:
    write(config, "[profiles.prod]\nhost = 'h'\nusername = 'x'\npassword_command = 'no-such-program-here x'")
    with pytest.raises(InvalidArgumentException, match="cannot be started"):
        APIClient.from_profile("prod")


def test_a_command_is_asked_again_when_the_login_has_expired(server: ScriptedServer, config: Path) -> None:
    server.on_login()
    server.on("GET", "/api/license", Reply("", 401), Reply({"response": {"level": "x"}}))
    write(config, f"[profiles.prod]\nhost = '{server.url}'\nusername = 'x'\npassword_command = {printing(SECRET)}")
    assert APIClient.from_profile("prod").get_license() == {"level": "x"}
    assert [login["password"] for login in logged_in(server)] == [SECRET, SECRET]


@needs_modes
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_may_read_or_change_is_warned_of(config: Path, mode: int) -> None:
    write(config, "[profiles.prod]\nhost = 'h'")
    config.chmod(mode)
    with pytest.warns(UserWarning, match="Other users of this computer may read or change .*chmod 600") as caught:
        APIClient.from_profile("prod")
    assert caught[0].filename == __file__


# the keyring

BACK_END = """
from keyring.backend import KeyringBackend
import os
class Held(KeyringBackend):
    priority = 9
    def get_password(self, service, username):
        if os.environ.get("LOCKED"):
            raise RuntimeError("locked")
        return {("alpine %(url)s", "ada"): "%(secret)s"}.get((service, username))
    def set_password(self, service, username, password):
        raise RuntimeError(password)
    def delete_password(self, service, username):
        pass
"""


def in_python(code: str, folder: Path, **environment: str) -> str:
    """What a process prints whose keyring is made up."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder), os.environ.get("PYTHONPATH", "")]),
            "PYTHON_KEYRING_BACKEND": "held.Held",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert SECRET not in done.stdout + done.stderr
    assert done.returncode == 0, done.stderr
    return done.stdout


ASK = """
from alpine import APIClient
try:
    print(APIClient.from_profile("prod").token is not None)
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("key", ["", "keyring = true"])
def test_the_password_is_read_from_the_keyring(server: ScriptedServer, config: Path, tmp_path: Path, key: str) -> None:
    pytest.importorskip("keyring")
    server.on_login()
    (tmp_path / "held.py").write_text(BACK_END % {"url": server.url, "secret": SECRET})
    write(config, f"[profiles.prod]\nhost = '{server.url}'\nusername = 'ada'\n{key}")
    assert in_python(ASK, tmp_path) == "True\n"
    assert logged_in(server) == [{"username": "ada", "password": SECRET}]
    assert "There is a user name, 'ada', but no password" in in_python(ASK, tmp_path, LOCKED="1") or key


@pytest.mark.parametrize(("username", "locked"), [("bob", ""), ("ada", "1")])
def test_a_keyring_without_the_password_is_told(
    server: ScriptedServer, config: Path, tmp_path: Path, username: str, locked: str
) -> None:
    pytest.importorskip("keyring")
    (tmp_path / "held.py").write_text(BACK_END % {"url": server.url, "secret": SECRET})
    write(config, f"[profiles.prod]\nhost = '{server.url}'\nusername = '{username}'\nkeyring = true")
    said = in_python(ASK, tmp_path, LOCKED=locked)
    assert said.startswith("IncompleteLoginException The keyring gives no password: ")
    assert server.asked == []


def test_a_profile_that_wants_the_keyring_where_there_is_none(config: Path, tmp_path: Path) -> None:
    write(config, "[profiles.prod]\nhost = 'h'\nusername = 'ada'\nkeyring = true")
    (tmp_path / "keyring.py").write_text("raise ImportError('not here')")
    assert "The extra 'keyring' contains it" in in_python(ASK, tmp_path)
