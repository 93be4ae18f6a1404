"""What a server says of itself: its status, its version, its licence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alpine._arguments import Id
from alpine._constants import flag
from alpine._http.request import Request
from alpine.alpineobject import AlpineObject

if TYPE_CHECKING:
    from alpine._conformance.report import ConformanceReport


class ServerInformation(AlpineObject):
    """The endpoints of no resource that describe the server."""

    def get_status(self) -> dict[str, Any]:
        """Return the status of the server. Calls ``GET /status``; needs no login.

        :returns: The status, such as ``{"status": "Chorus is running", ...}``.
        :rtype: dict

        Example:

        >>> session.get_status()["status"]
        'Chorus is running'
        """
        response = self._request(Request("GET", "status", "read the status of the server"))
        document = self._document(response)
        if not isinstance(document, dict):
            raise self._unusable(response, "the server's response is no object")
        return document

    def get_version(self) -> str:
        """Return the version of the server. Calls ``GET /VERSION``; needs no login.

        :returns: The version, such as ``"6.3.0.0.5410-4ef43d3c9"``.
        :rtype: str

        Example:

        >>> session.get_version().startswith("6.3")
        True
        """
        response = self._request(Request("GET", "VERSION", "read the version of the server"))
        version = response.body.decode("utf-8", "replace").strip()
        if not version or len(version.splitlines()) > 1 or version.startswith("<"):
            raise self._unusable(response, "the server's response is no version")
        return version

    def get_license(self) -> dict[str, Any]:
        """Return what the server's licence covers. Calls ``GET /license``.

        :returns: The licence.
        :rtype: dict

        Example:

        >>> session.get_license()["workflow_enabled"]
        True
        """
        return self._one(Request("GET", "license", "read the licence of the server"))

    def conformance(self, write: bool = False, workspace: Id | None = None) -> ConformanceReport:
        """Try what this client expects of a server, and report what is as expected and what differs.

        :param write: Also create and delete, in a workspace that is made for it and removed afterwards. By default
            nothing but GET requests is sent.
        :type write: bool
        :param workspace: ID or name of a workspace to read in; by default the first in the list of workspaces.
        :type workspace: int
        :returns: One line for each expectation: ``as expected``, ``differs``, ``missing`` or ``not tried``. It prints
            as a table, and has ``ok``, ``differences``, ``to_dict()``, ``to_json()`` and ``to_html()``. No name, data,
            host or secret is in it.
        :rtype: alpine._conformance.report.ConformanceReport
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises ServerConnectionException: The server does not respond at all.

        Warns if the workspace that was made may not be removed.

        Example:

        >>> report = session.conformance()
        >>> report.ok
        True
        """
        from alpine._conformance.trial import Trial

        return Trial._beside(self).run(write=bool(flag(write, "write")), workspace=workspace)
