"""Whether a client can work with its server: address, TLS, version, clock, login, and the rights in a workspace."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from alpine._arguments import Id
from alpine._display import html
from alpine._display.html import RichList
from alpine._http.request import Request, Response
from alpine._printable import printable
from alpine._server_information import ServerInformation
from alpine.exception import AlpineException, AlpineSessionNotFoundException, TLSException
from alpine.workspace import Workspace

OK: Final = "ok"
WARNING: Final = "warning"
FAILED: Final = "failed"
NOT_TRIED: Final = "not tried"

OLDEST, NEWEST = (6, 2), (7, 1)
"""The versions of the server that the client is written for."""
CLOCKS_DIFFER = 60.0
"""Seconds from which on two clocks are said to differ: schedules and dates in names of tables go wrong by then."""

_COLUMNS = ("check", "status", "found", "advice")
_TLS_ADVICE = "Use https: pass is_secure=True, or a host that begins with https://."


class ConnectionChecks(RichList[dict[str, str]]):
    """What :meth:`alpine.APIClient.check` found: a list of dicts, which prints as a table."""

    @property
    def ok(self) -> bool:
        """Whether nothing failed; warnings do not count."""
        return not any(row["status"] in (FAILED, NOT_TRIED) for row in self)

    def __str__(self) -> str:
        shown = [(row["check"], row["status"], " ".join(filter(None, (row["found"], row["advice"])))) for row in self]
        widths = [max((len(row[i]) for row in shown), default=0) for i in (0, 1)]
        return "\n".join(f"{name:<{widths[0]}}  {status:<{widths[1]}}  {said}".rstrip() for name, status, said in shown)

    def _in_short(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        rows = [[row["check"], html.Status(row["status"]), row["found"], row["advice"]] for row in self]
        return html.block(html.heading("Connection"), html.table(_COLUMNS, rows))


def checked(client: ServerInformation, workspace: Id | None) -> ConnectionChecks:
    """Look at everything; what cannot be looked at because of something else is "not tried".

    :param workspace: The workspace in which the rights are looked at, if any.
    """
    names = ["address", "TLS", "version", "clock", "login", *([] if workspace is None else ["workspace"])]
    found = {name: (status, said, advice) for name, status, said, advice in _findings(client, workspace)}
    return ConnectionChecks(
        dict(zip(_COLUMNS, (name, *map(printable, found.get(name, (NOT_TRIED, "", "")))), strict=True))
        for name in names
    )


def _findings(client: ServerInformation, workspace: Id | None) -> Iterator[tuple[str, str, str, str]]:
    server = client.base_url.removesuffix("/api")
    try:
        response = client._request(Request("GET", "status", "read the status of the server"))
        _refuse_other_servers(client, response)
    except TLSException as error:
        yield "address", OK, server, ""
        yield "TLS", FAILED, "", str(error)
        return
    except AlpineException as error:
        yield "address", FAILED, server, str(error)
        return
    yield "address", OK, server, ""
    yield ("TLS", *_encryption(client))
    yield ("version", *_version(client))
    yield ("clock", *_clock(response))
    login = _login(client)
    yield ("login", *login)
    if workspace is not None and login[0] == OK:
        yield ("workspace", *_rights(client, workspace))


def _refuse_other_servers(client: ServerInformation, response: Response) -> None:
    document = client._document(response)
    if not isinstance(document, dict) or "status" not in document:
        raise client._unusable(response, "the server's response is no status of Alpine")


def _encryption(client: ServerInformation) -> tuple[str, str, str]:
    parts = urlsplit(client.base_url)
    if parts.scheme == "https":
        if client.session.verify is False:
            advice = "Anybody in between can read the password: pass ca_certs instead of validate_certs=False."
            return WARNING, "encrypted, the certificate is not verified", advice
        return OK, "encrypted, the certificate is verified", ""
    if _is_this_computer(parts.hostname or ""):
        return OK, "not encrypted, on this computer", ""
    return WARNING, "not encrypted: anybody in between can read the password", _TLS_ADVICE


def _is_this_computer(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _version(client: ServerInformation) -> tuple[str, str, str]:
    try:
        version = client.get_version()
    except AlpineException as error:
        return FAILED, "", str(error)
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if len(numbers) == 2 and OLDEST <= numbers <= NEWEST:
        return OK, version, ""
    known = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    return WARNING, version, f"This client is written for versions {known}: some calls may fail."


def _clock(response: Response) -> tuple[str, str, str]:
    try:
        server = parsedate_to_datetime(response.header("Date") or "").timestamp()
    except (ValueError, OverflowError):
        return OK, "the server does not tell its time", ""
    # The header has whole seconds.
    ahead = server - time.time()
    if abs(ahead) < CLOCKS_DIFFER:
        return OK, "the same as here, within a minute", ""
    said = f"the server is {abs(ahead):,.0f} s {'ahead' if ahead > 0 else 'behind'}"
    return WARNING, said, "Set the clock of this computer, or of the server: schedules go by the server's."


def _login(client: ServerInformation) -> tuple[str, str, str]:
    if client.token is None:
        return FAILED, "not logged in", "Pass a user name and a password, or a token."
    try:
        user: Any = client._one(Request("GET", "sessions", "read the session")).get("user")
    except AlpineSessionNotFoundException:
        return FAILED, "the login has expired, or the token is wrong", AlpineSessionNotFoundException._advice
    except AlpineException as error:
        return FAILED, "", str(error)
    name = user.get("username") if isinstance(user, dict) else None
    if not isinstance(name, str):
        return FAILED, "", "The server's response names no user."
    return OK, f"{name}{', an administrator' if user.get('admin') is True else ''}", ""


def _rights(client: ServerInformation, workspace: Id) -> tuple[str, str, str]:
    try:
        record = Workspace._beside(client).get(workspace)
    except AlpineException as error:
        return FAILED, "", str(error)
    sent = record.get("permission")
    rights = [str(right) for right in sent] if isinstance(sent, list) else []
    said = f"{record.get('name')!r}: {', '.join(rights) or 'the server does not tell the rights'}"
    if record.get("archived") is True:
        return WARNING, said, "The workspace is archived: nothing in it can be changed."
    if rights and not {"admin", "update"} & set(rights):
        return WARNING, said, "The user is not a member: ask the owner for a membership to run or change something."
    return OK, said, ""
