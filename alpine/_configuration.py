"""How a client is configured: address, credentials, certificates; argument, then environment, then default."""

from __future__ import annotations

import ipaddress
import logging
import os
import stat
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alpine._arguments import nearest, number
from alpine._constants import flag
from alpine._files import local_path, read_json
from alpine._http.environment import Environment
from alpine._http.observing import OnRequest
from alpine._http.request import Timeouts
from alpine.exception import InvalidArgumentException, LocalFileException

Timeout = float | tuple[float | None, float | None] | None
"""Seconds for connecting and for each wait for the next bytes: two numbers, or one for both; None for no limit."""
Password = str | Callable[[], str]
"""A password, or a function that returns it each time it is needed."""

_IN_FILE = ("host", "port", "username", "password", "token", "is_secure", "validate_certs", "ca_certs")
_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH
_DEFAULT_PORTS = {"http": 80, "https": 443}


class IncompleteLoginException(InvalidArgumentException):
    """Half of a login, or a password that cannot be had from where it is kept."""


@dataclass(frozen=True)
class Address:
    """Where the server is."""

    scheme: str
    host: str
    port: int | None
    prefix: str

    @classmethod
    def of(cls, host: object, port: object, is_secure: bool) -> Address:
        """Take the address apart.

        :raises InvalidArgumentException: It is none.
        """
        if not isinstance(host, str) or not host.strip():
            raise InvalidArgumentException("No server is given: pass host, or set ALPINE_HOST.")
        given = _in_brackets(host.strip())
        try:
            parts = urlsplit(given if "://" in given else f"{'https' if is_secure else 'http'}://{given}")
            name, own_port = parts.hostname, parts.port
        except ValueError:
            parts, name, own_port = urlsplit(""), None, None
        if (
            not name
            or not name.isprintable()
            or " " in name
            or parts.scheme not in _DEFAULT_PORTS
            # So is 'https:/alpine.example.com' read, with the host 'https'.
            or parts.netloc.endswith(":")
            or parts.username is not None
            or parts.query
            or parts.fragment
        ):
            raise InvalidArgumentException(
                "host must be a host name, an IP address, or a URL such as https://alpine.example.com:8443 or "
                "https://[::1]:8443, without user or password."
            )
        if is_secure and parts.scheme == "http":
            raise InvalidArgumentException(
                "host says http and is_secure says https: the password would not be encrypted."
            )
        chosen = own_port if port is None else _port(port)
        if own_port not in (None, chosen):
            raise InvalidArgumentException(f"host says port {own_port} and port says {chosen}: give one of them.")
        prefix = parts.path.rstrip("/").removesuffix("/api")
        if ":" in name:
            # So a URL has it before the zone of a link-local address.
            name = name.replace("%25", "%", 1)
        return cls(parts.scheme, name, None if chosen == _DEFAULT_PORTS[parts.scheme] else chosen, prefix)

    @property
    def base_url(self) -> str:
        """The root of the API."""
        host = f"[{self.host.replace('%', '%25')}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{f':{self.port}' if self.port else ''}{self.prefix}/api"


def _in_brackets(host: str) -> str:
    """An IPv6 address as a URL has it, where it was given alone; anything else as it is."""
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host


def _port(value: object) -> int:
    try:
        port = int(value) if isinstance(value, str) else number(value, "port", least=1, whole=True)
    except ValueError:
        port = 0
    if not 1 <= port <= 65535:
        raise InvalidArgumentException(f"port must be a number from 1 to 65535, not {value!r}.")
    return port


def address_of(host: object, port: object, is_secure: bool) -> tuple[Address, bool]:
    """Where the server is, and whether that is the server that the environment names.

    :raises InvalidArgumentException: The argument, or the environment, names none.
    """
    named, named_port = os.environ.get("ALPINE_HOST"), os.environ.get("ALPINE_PORT") or None
    if not host:
        return _of_environment(named, named_port if port is None else port, is_secure), True
    address = Address.of(host, port, is_secure)
    try:
        other = Address.of(named, named_port, address.scheme == "https" and "://" not in str(named))
    except InvalidArgumentException:
        # Nobody asked for the environment's host.
        return address, False
    same = same_server(other, address)
    if same and port is None and address.port is None and "://" not in str(host):
        address = Address.of(host, named_port, is_secure)
    return address, same


def same_server(own: Address, other: Address) -> bool:
    """Whether a login for one address may go to another: to the same host, and never in clear if it was encrypted."""
    return own.host == other.host and not (own.scheme == "https" and other.scheme == "http")


def _of_environment(named: str | None, port: object, is_secure: bool) -> Address:
    try:
        return Address.of(named, None if named and "://" in named and urlsplit(named).port else port, is_secure)
    except (InvalidArgumentException, ValueError) as error:
        reason = f"{error} (from ALPINE_HOST and ALPINE_PORT)" if named else str(error)
    raise InvalidArgumentException(reason)


def completed(
    username: str | None, password: Password | None, token: str | None
) -> tuple[str | None, Password | None, str | None]:
    """The credentials given, completed from the environment; one kind that is given switches the other kind off."""
    environment = os.environ
    if token is None and username is None and password is None:
        token = environment.get("ALPINE_TOKEN") or None
    if token is None:
        if username is None:
            username = environment.get("ALPINE_USERNAME") or None
        if password is None and username == (environment.get("ALPINE_USERNAME") or username):
            password = environment.get("ALPINE_PASSWORD") or None
    return username, password, token


def whole_or_none(username: str | None, password: Password | None, token: str | None) -> None:
    """Refuse half of a login, with which the client would silently not be logged in.

    :raises InvalidArgumentException: There is a user without a password, or the other way round.
    """
    if username is not None and password is None and token is None:
        raise IncompleteLoginException(
            f"There is a user name, {username!r}, but no password: pass password (for from_file: the key 'password'; "
            "for a profile: store it with alpine login, or set password_command), or set ALPINE_PASSWORD, which is "
            "used only for the host in ALPINE_HOST and the user in ALPINE_USERNAME."
        )
    if username is None and password is not None:
        raise IncompleteLoginException(
            "There is a password, but no user name: pass username (for from_file: the key 'username'), or "
            "set ALPINE_USERNAME as well as ALPINE_PASSWORD."
        )


def settings_in(file: Path) -> dict[str, Any]:
    """The arguments of a client that a JSON file holds.

    :raises LocalFileException: It cannot be read.
    :raises InvalidArgumentException: It is no JSON object, names no host, or has a key that is not known.
    """
    settings = read_json(file)
    if not isinstance(settings, dict):
        raise InvalidArgumentException(f"{file} must be a JSON object with host, port, username and password.")
    unknown = next((name for name in settings if name not in _IN_FILE), None)
    if unknown is not None:
        raise InvalidArgumentException(
            f"{file} has the unknown key {unknown!r}.{nearest(unknown, _IN_FILE)} "
            f"The known keys are {', '.join(_IN_FILE)}."
        )
    given = {name: value for name, value in settings.items() if value is not None}
    if not given.get("host"):
        raise InvalidArgumentException(f"{file} names no server: its key 'host' is missing.")
    for name in given.keys() & {"is_secure", "validate_certs"}:
        flag(given[name], f"{name} in {file}")
    # On Windows the mode says nothing about who may read a file.
    if os.name == "posix" and {"password", "token"} & given.keys() and file.stat().st_mode & _BY_OTHERS:
        warnings.warn(
            f"{file} holds a password or a token, and other users of this computer may read it: chmod 600 {file}",
            stacklevel=4,
        )
    return given


def verification(validate: bool, ca_certs: str | os.PathLike[str] | None, environment: Environment) -> bool | str:
    """What requests calls verify: the argument beats the environment."""
    if not validate:
        return False
    if ca_certs is None:
        return environment.ca_file or True
    path = local_path(ca_certs, "ca_certs")
    if not path.exists():
        raise LocalFileException(f"Could not read ca_certs: there is no file {path}.")
    return str(path)


def checked_proxies(proxies: object) -> dict[str, str]:
    """The proxies by scheme."""
    if not isinstance(proxies, Mapping) or not all(isinstance(text, str) for pair in proxies.items() for text in pair):
        # A proxy's address may hold a password.
        raise InvalidArgumentException('proxies must be a dict such as {"https": "http://proxy.example.com:3128"}.')
    return dict(proxies)


def certificate(cert: object) -> Any:
    """The client certificate, whose files are there."""
    for part in cert if isinstance(cert, tuple) else (cert,):
        if part is not None and not local_path(part, "cert").exists():
            raise LocalFileException(f"Could not read cert: there is no file {part}.")
    return tuple(map(os.fspath, cert)) if isinstance(cert, tuple) else cert and os.fspath(cert)  # type: ignore[call-overload]


def checked_timeout(timeout: object) -> Timeouts:
    """Time-outs for connecting and reading."""
    parts = timeout if isinstance(timeout, tuple) and len(timeout) == 2 else (timeout, timeout)
    connect, read = (None if part is None else number(part, "timeout", least=0.001) for part in parts)
    return connect, read


def checked_deadline(deadline: object) -> float | None:
    """The seconds that a call may take in all."""
    return None if deadline is None else number(deadline, "deadline", least=0.001)


def checked_on_request(on_request: Any) -> OnRequest | None:
    """The function that is told of each request."""
    if on_request is None or callable(on_request):
        return on_request  # type: ignore[no-any-return]
    raise InvalidArgumentException(f"on_request must be a function of a RequestEvent, not {on_request!r:.200}.")


def set_level(level: str | int) -> None:
    """Set the level of this package's logger, and of no other."""
    try:
        logging.getLogger("alpine").setLevel(level.upper() if isinstance(level, str) else level)
    except (ValueError, TypeError):
        raise InvalidArgumentException(f"logging_level must be a level such as 'DEBUG', not {level!r}.") from None
