"""Profiles: servers by name in ``config.toml``, and where the password of each is kept."""

from __future__ import annotations

import os
import shlex
import stat
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpine._arguments import nearest, text
from alpine._configuration import Address, IncompleteLoginException, Password, same_server
from alpine._constants import flag
from alpine._extras import missing_extra
from alpine._files import local_path, open_file
from alpine.exception import InvalidArgumentException, LocalFileException, MissingExtraException

_CLIENT_KEYS = ("is_secure", "validate_certs", "ca_certs", "cert", "proxies", "timeout", "deadline")
"""Keys that are arguments of the client, as they are."""
_KEYS = ("host", "port", "username", "password_command", "keyring", *_CLIENT_KEYS)
_SECRET = ("password", "token")
_OF_OTHERS = stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH
_COMMAND_SECONDS = 120


@dataclass(frozen=True)
class Profile:
    """A server in the configuration file.

    :param name: Its name there.
    :param file: The file.
    :param settings: Its keys, all of them known.
    """

    name: str
    file: Path
    settings: Mapping[str, Any]

    @property
    def address(self) -> Address:
        """Where the server is.

        :raises InvalidArgumentException: Host and port are none.
        """
        with_port, secure = self.settings.get("port"), self.settings.get("is_secure", False)
        try:
            return Address.of(self.settings.get("host"), with_port, secure)
        except InvalidArgumentException as error:
            reason = f"{error} (from profile {self.name!r} in {self.file})"
        raise InvalidArgumentException(reason)

    @property
    def username(self) -> str | None:
        """The user, if the profile names one."""
        return self.settings.get("username")

    @property
    def client_arguments(self) -> dict[str, Any]:
        """What is given to the client as it is."""
        given = {name: self.settings[name] for name in _CLIENT_KEYS if name in self.settings}
        for name in ("ca_certs", "cert"):
            if isinstance(given.get(name), str):
                given[name] = os.path.expanduser(given[name])  # noqa: PTH111 - the client says what is no path
        for name in ("cert", "timeout"):
            if isinstance(given.get(name), list):
                given[name] = tuple(given[name])
        return given

    def password(self) -> Password | None:
        """A function that gets the password from where the profile keeps it; None where it keeps none."""
        command = self.settings.get("password_command")
        if command is not None:
            return lambda: password_from_command(command, f"password_command of profile {self.name!r}")
        if self.username is None or not self.settings.get("keyring", True):
            return None
        service, username = service_of(self.address), self.username
        wanted = self.settings.get("keyring") is True
        found = _keyring_of(required=wanted)
        return None if found is None else _from_keyring(found, service, username, required=wanted)


def config_file() -> Path:
    """The configuration file: ``ALPINE_CONFIG``, else that of the user, which need not be there."""
    named = os.environ.get("ALPINE_CONFIG")
    if named:
        return Path(named).expanduser()
    if os.name == "nt":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "alpine" / "config.toml"
    return Path.home() / ".config" / "alpine" / "config.toml"


def find_profile(name: str | None) -> Profile | None:
    """A profile by its name, else the one that ``ALPINE_PROFILE`` names, else the default one.

    :returns: The profile; None where none is named and there is no default.
    :raises InvalidArgumentException: There is none of that name, or it has a key that is not known.
    :raises LocalFileException: The configuration file cannot be read.
    """
    file = config_file()
    wanted = text(name, "profile") if name is not None else os.environ.get("ALPINE_PROFILE") or None
    if not os.path.exists(file):  # noqa: PTH110 - pathlib raises for a folder that may not be entered
        if wanted is None and not os.environ.get("ALPINE_CONFIG"):
            return None
        raise LocalFileException(
            f"There is no configuration file {file}{'' if wanted is None else f', and so no profile {wanted!r}'}: "
            "alpine login makes one.",
            filename=str(file),
        )
    profiles, default = read_config(file)
    wanted = wanted or default
    if wanted is None:
        return None
    if wanted not in profiles:
        raise InvalidArgumentException(
            f"{file} has no profile {wanted!r}.{nearest(wanted, profiles)} "
            f"Its profiles are {', '.join(map(repr, profiles)) or 'none'}."
        )
    return Profile(wanted, file, _checked(profiles[wanted], f"profile {wanted!r} in {file}"))


def read_config(file: Path) -> tuple[dict[str, Any], str | None]:
    """The profiles of a configuration file, and the name of the default one.

    :raises InvalidArgumentException: It is no TOML, or has another form.
    :raises LocalFileException: It cannot be read.
    """
    import tomllib  # needed only where there is a file

    with open_file(local_path(file, "the configuration file")) as opened:
        content = opened.read()
        mode = os.fstat(opened.fileno()).st_mode
    # On Windows the mode says nothing about who may read a file.
    if os.name == "posix" and mode & _OF_OTHERS:
        warnings.warn(f"Other users of this computer may read or change {file}: chmod 600 {file}", stacklevel=5)
    reason = ""
    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
    except ValueError as error:
        # The message names line and column, and quotes nothing.
        reason = f"{file} is not TOML: {error}"
    if reason:
        raise InvalidArgumentException(reason)
    profiles, default = document.pop("profiles", {}), document.pop("default", None)
    unknown = next(iter(document), None)
    if unknown is not None or not isinstance(profiles, dict) or not all(isinstance(p, dict) for p in profiles.values()):
        raise InvalidArgumentException(
            f"{file} must have the key 'default' and tables such as [profiles.prod]"
            f"{'' if unknown is None else f', and not {unknown!r}'}."
        )
    if default is not None and not isinstance(default, str):
        raise InvalidArgumentException(f"default in {file} must be the name of a profile.")
    return profiles, default


def _checked(settings: dict[str, Any], where: str) -> dict[str, Any]:
    for name in settings:
        if name in _SECRET:
            raise InvalidArgumentException(
                f"{where} contains a {name} in clear. Remove it: alpine login stores the password in the keyring; "
                "password_command names a program that prints it; ALPINE_PASSWORD holds it for one process."
            )
        if name not in _KEYS:
            raise InvalidArgumentException(
                f"{where} has the unknown key {name!r}.{nearest(name, _KEYS)} The known keys are {', '.join(_KEYS)}."
            )
    for name in settings.keys() & {"host", "username", "ca_certs"}:
        text(settings[name], f"{name} of {where}")
    for name in settings.keys() & {"is_secure", "validate_certs", "keyring"}:
        flag(settings[name], f"{name} of {where}")
    command = settings.get("password_command")
    if command is not None:
        command_words(command, f"password_command of {where}")
    return settings


def command_words(command: object, name: str) -> list[str]:
    """A command as the list of its words: no shell is asked.

    :raises InvalidArgumentException: It is neither a string nor a list of strings.
    """
    words: list[str] = []
    if isinstance(command, str):
        # What stands in quotes that do not end is refused below, unseen: it may hold a secret.
        try:
            words = shlex.split(command, posix=os.name == "posix")
        except ValueError:
            words = []
    elif isinstance(command, list) and all(isinstance(word, str) for word in command):
        words = command
    if not words:
        raise InvalidArgumentException(f'{name} must be a command, such as ["pass", "show", "alpine"].')
    return words


def password_from_command(command: object, name: str) -> str:
    """What a command prints on its first line; what it says on stderr, and what it asks, goes to the terminal."""
    import subprocess  # needed only here

    words, reason = command_words(command, name), ""
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command
            words, stdout=subprocess.PIPE, timeout=_COMMAND_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        reason = f"did not end within {_COMMAND_SECONDS} s"
    except OSError as error:
        reason = f"cannot be started: {error.strerror or type(error).__name__}"
    else:
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        if done.returncode == 0 and lines and lines[0]:
            return lines[0]
        reason = f"ended with exit code {done.returncode}" if done.returncode else "prints nothing"
    raise IncompleteLoginException(f"The {name} gives no password: it {reason}.")


def service_of(address: Address) -> str:
    """The name under which the keyring has the passwords of a server: another server never gets them."""
    return f"alpine {address.base_url.removesuffix('/api')}"


def _keyring_of(*, required: bool) -> Any:
    """The package keyring; None where it is not installed and need not be."""
    try:
        import keyring
    except ImportError:
        if required:
            raise missing_extra("keyring", "keyring") from None
        return None
    return keyring


def _from_keyring(keyring: Any, service: str, username: str, *, required: bool) -> Callable[[], str] | None:
    """A function that reads the password; None where the keyring has none."""

    def read() -> str:
        failure = ""
        try:
            found = keyring.get_password(service, username)
        except Exception as error:  # noqa: BLE001 - each back end has exceptions of its own
            found, failure = None, type(error).__name__
        if found:
            return str(found)
        why = f"it cannot be read ({failure})" if failure else f"it has none for {username!r} at {service!r}"
        raise IncompleteLoginException(f"The keyring gives no password: {why}. alpine login stores one.")

    if required:
        return read
    try:
        read()
    except IncompleteLoginException:
        # It may be in the environment, or the client is not to log in.
        return None
    return read


def store_password(address: Address, username: str, password: str) -> bool:
    """Keep a password in the keyring.

    :returns: Whether that could be done: no keyring may be installed, or none that can keep anything.
    """
    try:
        _keyring_of(required=True).set_password(service_of(address), username, password)
    except MissingExtraException:
        return False
    except Exception:  # noqa: BLE001 - each back end has exceptions of its own, which may tell the password
        return False
    return True


def arguments_for(profile: Profile | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a client: those given, then the environment, then the profile.

    A login goes only to the server that it was meant for: that of a profile to the host of the profile, that of the
    environment to ``ALPINE_HOST``, or where that is not set, to the host of the profile.
    """
    if profile is None:
        return dict(given)
    arguments = {**profile.client_arguments, **given}
    named = os.environ.get("ALPINE_HOST")
    home = profile.address
    if given.get("host") is None and not named:
        arguments["host"], arguments["port"] = profile.settings["host"], given.get("port", profile.settings.get("port"))
        own, of_environment = True, True
    else:
        target = _target(arguments, named)
        own, of_environment = same_server(home, target), given.get("host") is None
        if not own:
            # They are for the profile's server, as a private authority is.
            for name in profile.client_arguments.keys() - given.keys():
                del arguments[name]
        if not own and given.get("host") is None:
            warnings.warn(
                f"ALPINE_HOST ({named}) takes precedence over the host of profile {profile.name!r}: neither its login "
                "nor its other settings are used.",
                stacklevel=4,
            )
    return {**arguments, **_login(profile if own else None, given, of_environment=of_environment)}


def _target(arguments: Mapping[str, Any], named: str | None) -> Address:
    host = arguments.get("host") or named
    return Address.of(host, arguments.get("port"), arguments.get("is_secure", False) and "://" not in str(host))


def _login(profile: Profile | None, given: Mapping[str, Any], *, of_environment: bool) -> dict[str, Any]:
    """User name, password and token, each from the first place that has it and may give it."""
    environment: Mapping[str, str] = os.environ if of_environment else {}
    username, password, token = (given.get(name) for name in ("username", "password", "token"))
    if token is None and username is None and password is None:
        token = environment.get("ALPINE_TOKEN") or None
    if token is not None:
        return {"username": username, "password": password, "token": token}
    own_user = environment.get("ALPINE_USERNAME") or None
    profile_user = None if profile is None else profile.username
    if username is None:
        username = own_user or profile_user
    if password is None and username == (own_user or username):
        password = environment.get("ALPINE_PASSWORD") or None
    if password is None and profile is not None and username is not None and username == profile_user:
        password = profile.password()
    return {"username": username, "password": password, "token": None}
