"""``alpine login`` tries a login and keeps it; the password is in no file, message or argument."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from alpine.sandbox import Sandbox
from tests.command.processes import Done, alpine
from tests.platforms import needs_modes

PASSWORD = "alpine-demo"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "config.toml"


def logged_in(server: Sandbox, config: Path, *arguments: str, stdin: str = f"{PASSWORD}\n", **more: str) -> Done:
    """Log in from nothing."""
    bare = {"ALPINE_HOST": "", "ALPINE_USERNAME": "", "ALPINE_PASSWORD": "", "ALPINE_CONFIG": str(config)}
    given = ["--host", server.url, "--username", "demo", "--password-stdin"]
    return alpine(server, "login", *given, *arguments, "--json", stdin=stdin, **{**bare, **more})


def used(server: Sandbox, config: Path, *arguments: str, **more: str) -> Done:
    """Use what was kept."""
    bare = {"ALPINE_HOST": "", "ALPINE_USERNAME": "", "ALPINE_PASSWORD": "", "ALPINE_CONFIG": str(config)}
    return alpine(server, "ls", *arguments, **{**bare, **more})


def test_a_login_is_kept_without_its_password(running_sandbox: Sandbox, config: Path) -> None:
    done = logged_in(running_sandbox, config, PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")
    assert done.code == 0, done.err
    assert PASSWORD not in config.read_text("utf-8") + done.out + done.err
    assert done.document["result"]["profile"] == "default"
    assert used(running_sandbox, config).code == 3
    assert used(running_sandbox, config, ALPINE_PASSWORD=PASSWORD).code == 0


@needs_modes
def test_the_file_is_for_its_owner_only(running_sandbox: Sandbox, config: Path) -> None:
    logged_in(running_sandbox, config, PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")
    assert config.stat().st_mode & 0o777 == 0o600
    assert config.parent.stat().st_mode & 0o777 == 0o700


def test_a_command_that_prints_the_password_is_kept(running_sandbox: Sandbox, config: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text(f"print({PASSWORD!r})")
    command = f"'{sys.executable}' '{tmp_path / 'secret.py'}'"
    bare = {"ALPINE_HOST": "", "ALPINE_USERNAME": "", "ALPINE_PASSWORD": "", "ALPINE_CONFIG": str(config)}
    given = ["--host", running_sandbox.url, "--username", "demo", "--password-command", command, "--profile", "prod"]
    done = alpine(running_sandbox, "login", *given, "--json", **bare)
    assert done.document["result"]["password"] == "command"
    assert used(running_sandbox, config, "--profile", "prod").code == 0
    assert used(running_sandbox, config).code == 0


def test_a_wrong_password_changes_nothing(running_sandbox: Sandbox, config: Path) -> None:
    done = logged_in(running_sandbox, config, stdin="wrong-password\n")
    assert done.code == 3
    assert "wrong-password" not in done.out + done.err
    assert not config.exists()


def test_without_a_terminal_what_is_missing_is_told(running_sandbox: Sandbox, config: Path) -> None:
    bare = {"ALPINE_HOST": "", "ALPINE_USERNAME": "", "ALPINE_PASSWORD": "", "ALPINE_CONFIG": str(config)}
    assert alpine(running_sandbox, "login", **bare).code == 2
    done = alpine(running_sandbox, "login", "--host", running_sandbox.url, "--username", "demo", **bare)
    assert done.code == 3
    assert "--password-stdin" in done.err


def test_the_rest_of_the_file_stays(running_sandbox: Sandbox, config: Path) -> None:
    config.parent.mkdir()
    other = '[profiles.other]\nhost = "h"\n'
    before = f'# mine\ndefault = "other"\n\n[profiles.default] # old\nhost = "http://old"\ntimeout = 5\n\n{other}'
    config.write_text(before, "utf-8")
    config.chmod(0o600)
    assert logged_in(running_sandbox, config, PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring").code == 0
    after = config.read_text("utf-8")
    assert after == (
        f'# mine\ndefault = "other"\n\n[profiles.default]\nhost = "{running_sandbox.url}"\ntimeout = 5\n'
        f'username = "demo"\n\n{other}'
    )
    logged_in(
        running_sandbox,
        config,
        "--default",
        "--profile",
        "third",
        PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring",
    )
    assert config.read_text("utf-8").startswith('default = "third"\n# mine\n\n[profiles.default]')
    assert config.read_text("utf-8").endswith(f'[profiles.third]\nhost = "{running_sandbox.url}"\nusername = "demo"\n')


def test_a_file_that_only_its_author_can_change_is_left_alone(running_sandbox: Sandbox, config: Path) -> None:
    config.parent.mkdir()
    before = 'profiles = { default = { host = "http://old" } }\n'
    config.write_text(before, "utf-8")
    config.chmod(0o600)
    done = logged_in(running_sandbox, config)
    assert done.code == 2
    assert config.read_text("utf-8") == before


BACK_END = """
import json, os, pathlib
from keyring.backend import KeyringBackend
FILE = pathlib.Path(__file__).with_suffix(".json")
class Held(KeyringBackend):
    priority = 9
    def get_password(self, service, username):
        return json.loads(FILE.read_text()).get(f"{service} {username}") if FILE.exists() else None
    def set_password(self, service, username, password):
        FILE.write_text(json.dumps({f"{service} {username}": password}))
    def delete_password(self, service, username):
        pass
"""


def test_the_keyring_keeps_the_password(running_sandbox: Sandbox, config: Path, tmp_path: Path) -> None:
    pytest.importorskip("keyring")
    (tmp_path / "held.py").write_text(BACK_END)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    held = {"PYTHON_KEYRING_BACKEND": "held.Held", "PYTHONPATH": path}
    done = logged_in(running_sandbox, config, **held)
    assert done.document["result"]["password"] == "keyring"
    assert PASSWORD not in config.read_text("utf-8")
    assert used(running_sandbox, config, **held).code == 0
    # Another server does not get it.
    assert used(running_sandbox, config, "--host", "http://localhost:1", **held).code == 3
