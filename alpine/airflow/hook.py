"""Clients for the connections of Airflow."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseHook, Connection

from alpine.airflow.provider_info import get_provider_info
from alpine.apiclient import APIClient
from alpine.exception import AlpineException, InvalidArgumentException

_EXTRA = frozenset({"validate_certs", "ca_certs", "timeout", "deadline", "token", "cert", "proxies"})
"""The arguments of a client that the field "extra" of a connection may give."""
_SCHEMES = frozenset({"", "http", "https"})


class AlpineHook(BaseHook):
    """Gives clients that are logged in as a connection of Airflow says.

    :param alpine_conn_id: The ID of a connection of the type ``alpine``. Its host may be a URL; its schema is ``http``
        or ``https``; its extra is a JSON object with any of ``validate_certs``, ``ca_certs``, ``timeout``,
        ``deadline``, ``token``, ``cert`` and ``proxies``, as for :class:`alpine.APIClient`.
    :type alpine_conn_id: str
    """

    conn_name_attr = "alpine_conn_id"
    default_conn_name = "alpine_default"
    conn_type = "alpine"
    hook_name = "Alpine"

    def __init__(self, alpine_conn_id: str = default_conn_name, **options: Any) -> None:
        super().__init__(**options)
        self.alpine_conn_id = alpine_conn_id

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """How Airflow's page for connections names the fields."""
        fields = get_provider_info()["connection-types"][0]["ui-field-behaviour"]
        return {
            "hidden_fields": fields["hidden-fields"],
            "relabeling": fields["relabeling"],
            "placeholders": fields["placeholders"],
        }

    def get_conn(self) -> APIClient:
        """Return a client that is logged in. As a context manager it logs out.

        :raises InvalidArgumentException: The connection has wrong values; nothing was sent.
        :raises AlpineException: The login failed.
        """
        return client_of(self.get_connection(self.alpine_conn_id))

    def test_connection(self) -> tuple[bool, str]:
        """Log in, ask the server for its version, and log out.

        :returns: Whether that could be done, and what to show: the version, or what is wrong.
        :rtype: tuple
        """
        try:
            with self.get_conn() as session:
                version = session.get_version()
                # The version is told without a login, and a token may have expired.
                if session.user_id is None:
                    return False, "The connection has neither a user with a password nor a token."
                return True, f"Logged in to {session.base_url}, version {version}."
        except AlpineException as error:
            return False, str(error)


def client_of(connection: Connection) -> APIClient:
    """A client for a connection.

    :raises InvalidArgumentException: The connection has wrong values; nothing was sent.
    """
    extra = dict(connection.extra_dejson or {})
    unknown = sorted(extra.keys() - _EXTRA)
    scheme = (connection.schema or "").casefold()
    if not connection.host:
        raise InvalidArgumentException(f"The connection {connection.conn_id!r} has no host.")
    if unknown:
        raise InvalidArgumentException(
            f"The extra of the connection {connection.conn_id!r} has {', '.join(map(repr, unknown))}; it may have "
            f"{', '.join(sorted(_EXTRA))}."
        )
    if scheme not in _SCHEMES:
        raise InvalidArgumentException(
            f"The schema of the connection {connection.conn_id!r} must be http or https, not {connection.schema!r}."
        )
    if isinstance(extra.get("timeout"), list):
        extra["timeout"] = tuple(extra["timeout"])
    if isinstance(extra.get("cert"), list):
        extra["cert"] = tuple(extra["cert"])
    return APIClient(
        connection.host,
        connection.port,
        connection.login or None,
        connection.password or None,
        is_secure=scheme == "https" or connection.host.casefold().startswith("https:"),
        **extra,
    )
