"""The client: one login, and the resources that share it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from alpine import exception
from alpine._arguments import METHODS, choice, identifier, path_below, text
from alpine._configuration import (
    Password,
    Timeout,
    address_of,
    certificate,
    checked_deadline,
    checked_on_request,
    checked_proxies,
    checked_timeout,
    completed,
    set_level,
    settings_in,
    verification,
    whole_or_none,
)
from alpine._constants import flag
from alpine._files import local_path
from alpine._http.body import BytesBody, body_of
from alpine._http.deadline import limited
from alpine._http.environment import Environment
from alpine._http.observing import OnRequest
from alpine._http.redaction import keeps_secrets
from alpine._http.request import Request
from alpine._http.token import TokenHolder
from alpine._http.transport import HTTPSession, Transport
from alpine._one_call import OneCall
from alpine._pager import Listing
from alpine.activity import Activity
from alpine.alpineobject import ENGINE, AlpineObject, unwrapped
from alpine.dataset import Dataset
from alpine.datasource import DataSource
from alpine.exception import *  # noqa: F403 - so does import * of this module, as in 1.0.14
from alpine.exception import (
    AlpineException,
    AlpineSessionNotFoundException,
    InvalidArgumentException,
    InvalidResponseCodeException,
    LoginFailureException,
    UserNotFoundException,
)
from alpine.hdfs import Hdfs
from alpine.insight import Insight
from alpine.job import Job
from alpine.milestone import Milestone
from alpine.note import Note
from alpine.notification import Notification
from alpine.search import Search
from alpine.tag import Tag
from alpine.touchpoint import Touchpoint
from alpine.user import User
from alpine.workfile import Workfile
from alpine.workspace import Workspace

__all__ = ["APIClient", "AlpineObject", "DataSource", "Dataset", "Job", "User", "Workfile", "Workspace"]
__all__ += exception.__all__


class APIClient(OneCall):
    """A session with an Alpine server.

    :param host: The server: a host name, or a URL such as ``https://alpine.example.com:8443``. Default:
        ``ALPINE_HOST``.
    :type host: str
    :param port: The port. Default: ``ALPINE_PORT``, else that of the scheme.
    :type port: int
    :param username: The user to log in. Default: ``ALPINE_USERNAME``.
    :type username: str
    :param password: The password, or a function that returns it. Default: ``ALPINE_PASSWORD``.
    :type password: str
    :param is_secure: Whether to use https.
    :type is_secure: bool
    :param validate_certs: Whether to verify the server's certificate.
    :type validate_certs: bool
    :param ca_certs: A file (or directory) of certificate authorities to trust, instead of the default ones.
    :type ca_certs: str
    :param token: The token of a login made elsewhere; this client does not log it out. Default: ``ALPINE_TOKEN``.
    :type token: str
    :param logging_level: The level of the logger ``alpine``, such as ``"DEBUG"``.
    :type logging_level: str
    :param timeout: Seconds for connecting, and for each wait for the server's next bytes.
    :type timeout: tuple
    :param deadline: Seconds that a request may take in total, with all its attempts; None for no limit.
    :type deadline: float
    :param cert: A client certificate: a file, or a pair of certificate file and key file.
    :type cert: str
    :param proxies: The proxies by scheme, as in requests. Default: those in the environment.
    :type proxies: dict
    :param on_request: A function that is called with an :class:`alpine.RequestEvent` after each attempt to send a
        request. What it raises is logged.
    :type on_request: function
    :raises InvalidArgumentException: An argument is wrong; nothing was sent.
    :raises LoginFailureException: The server rejects the user name and password.

    Arguments that are not given are read from the environment; credentials are used only for the host that is given
    there. With a user name and a password the client logs in; otherwise nothing is sent yet.

    Example:

    >>> from alpine import APIClient
    >>> with APIClient(host, port, username, password) as session:
    ...     session.get_version()
    """

    @keeps_secrets
    def __init__(
        self,
        host: str | None = None,
        port: int | str | None = None,
        username: str | None = None,
        password: Password | None = None,
        is_secure: bool = False,
        validate_certs: bool = True,
        ca_certs: str | os.PathLike[str] | None = None,
        token: str | None = None,
        logging_level: str | int | None = None,
        *,
        timeout: Timeout = (10, 60),
        deadline: float | None = None,
        cert: str | tuple[str, str] | None = None,
        proxies: Mapping[str, str] | None = None,
        on_request: OnRequest | None = None,
    ) -> None:
        address, from_environment = address_of(host, port, is_secure)
        if from_environment:
            username, password, token = completed(username, password, token)
        whole_or_none(username, password, token)
        if logging_level is not None:
            set_level(logging_level)
        session = HTTPSession()
        environment = Environment.of(address.base_url)
        session.proxies.update(environment.proxies if proxies is None else checked_proxies(proxies))
        session.verify = verification(validate_certs, ca_certs, environment)
        session.cert = certificate(cert)
        transport = Transport(session, address.base_url, TokenHolder(token))
        transport.timeout = checked_timeout(timeout)
        transport.deadline = checked_deadline(deadline)
        transport.on_request = checked_on_request(on_request)
        session.transport = transport
        self.username = username
        self._user_id: int | None = None
        self._opened = False
        self.host: str = address.host
        self.protocol: str = address.scheme
        self.is_secure: bool = address.scheme == "https"
        self.validate_certs: bool = validate_certs
        self.ca_certs: str | os.PathLike[str] | None = ca_certs
        self._bind(address.base_url, transport)
        if self.is_secure and not validate_certs:
            warnings.warn(
                f"The certificate of {address.host} is not verified: anyone in between can read the password.",
                stacklevel=3,
            )
        if username is not None and password is not None:
            self.login(username, password)

    def _bind(self, base_url: str, transport: Transport) -> None:
        super()._bind(base_url, transport)
        self.workfile: Workfile = Workfile._beside(self)
        """Workfiles, and in ``workfile.process`` the runs of workflows."""
        self.workspace: Workspace = Workspace._beside(self)
        """The workspaces."""
        self.datasource: DataSource = DataSource._beside(self)
        """The data sources."""
        self.dataset: Dataset = Dataset._beside(self)
        """The tables of the databases: their columns and their rows."""
        self.hdfs: Hdfs = Hdfs._beside(self)
        """The files of Hadoop clusters, and in ``hdfs.dataset`` those that are datasets of workspaces."""
        self.user: User = User._beside(self)
        """The users."""
        self.job: Job = Job._beside(self)
        """Jobs, and in ``job.task`` their tasks."""
        self.activity: Activity = Activity._beside(self)
        """What happened: in a workspace, to a workfile, and so on."""
        self.insight: Insight = Insight._beside(self)
        """Notes that were promoted."""
        self.milestone: Milestone = Milestone._beside(self)
        """The milestones of workspaces."""
        self.note: Note = Note._beside(self)
        """Notes, and in ``note.comment`` the comments on them."""
        self.notification: Notification = Notification._beside(self)
        """What the server tells the user of."""
        self.search: Search = Search._beside(self)
        """The search for things by name, description and notes."""
        self.tag: Tag = Tag._beside(self)
        """The tags of things."""
        self.touchpoint: Touchpoint = Touchpoint._beside(self)
        """Touchpoints, and in ``touchpoint.parameter`` their parameters."""

    @classmethod
    @keeps_secrets
    def from_file(cls, path: str | os.PathLike[str], **arguments: Any) -> Self:
        """Make a client from a JSON file that holds ``host``, ``port``, ``username`` and ``password``.

        :param path: The file.
        :type path: str
        :param arguments: More arguments of the client, which override those in the file.
        :returns: The client, logged in.
        :rtype: APIClient
        :raises LocalFileException: The file cannot be read.
        :raises InvalidArgumentException: It is not a JSON object with a ``host`` and a login, or has an unknown key;
            nothing was sent.

        Warns if the file contains a password and other users of the computer may read it.

        Example:

        >>> session = APIClient.from_file("alpine_login.json")
        """
        file = local_path(path, "path")
        client = cls(**{**settings_in(file), **arguments})
        if client.token is None:
            raise InvalidArgumentException(
                f"{file} holds no login: its keys 'username' and 'password', or 'token', are missing. They can also be "
                "given as arguments, or in ALPINE_USERNAME and ALPINE_PASSWORD where ALPINE_HOST names the same host."
            )
        return client

    @classmethod
    @keeps_secrets
    def from_profile(cls, name: str | None = None, **arguments: Any) -> Self:
        """Make a client from a profile in the user's configuration file.

        :param name: The name of the profile. Default: ``ALPINE_PROFILE``, else the profile that the file names as
            ``default``. If there is none, the client is made from arguments and environment alone.
        :type name: str
        :param arguments: More arguments of the client. They take precedence over the environment, and the environment
            over the profile.
        :returns: The client; logged in if there is a login.
        :rtype: APIClient
        :raises InvalidArgumentException: There is no such profile, it has an unknown key or a password in clear, or
            its password cannot be read; nothing was sent.
        :raises LocalFileException: The configuration file cannot be read.
        :raises LoginFailureException: The server rejects the user name and password.

        Warns if other users of the computer may read or change the file.

        Example:

        >>> session = APIClient.from_profile("prod")
        """
        from alpine._profiles import arguments_for, find_profile  # needed only here

        return cls(**arguments_for(find_profile(name), arguments))

    @keeps_secrets
    def login(self, username: str, password: Password) -> dict[str, Any]:
        """Log in. Calls ``POST /sessions``.

        :param username: The user.
        :type username: str
        :param password: The password, or a function that returns it, which is called again when the login expires.
        :type password: str
        :returns: The user's metadata.
        :rtype: dict
        :raises LoginFailureException: The server rejects the user name and password.

        Example:

        >>> session.login("demo", "alpine-demo")["username"]
        'demo'
        """
        name = text(username, "username")
        user = self._log_in(name, password)
        self._opened = True
        return user

    def _log_in(self, username: str, password: Password) -> dict[str, Any]:
        secret: object = password() if callable(password) else password
        if not isinstance(secret, str) or not secret:
            # What it is instead stays untold.
            raise InvalidArgumentException("The password must be a non-empty string.")
        response = self._request(
            Request(
                "POST",
                "sessions?session_id=NULL",
                f"log in as {username!r}",
                body=BytesBody.form({"username": username, "password": secret}),
                errors={401: LoginFailureException, 400: LoginFailureException, 404: InvalidResponseCodeException},
                secrets=(secret,),
                idempotent=True,
                anonymous=True,
            )
        )
        session = self._object_in(response)
        token = session.get("session_id")
        if not isinstance(token, str) or not token:
            raise self._unusable(response, "the server's response names no session id")
        self._transport.holder.set(token, response.cookies, lambda: self._log_in(username, password))
        self.username = username
        user = session.get("user")
        record = user if isinstance(user, dict) else {}
        self._user_id = _id_in(record)
        return record

    @keeps_secrets
    def logout(self) -> dict[str, Any]:
        """Log out: the token is no longer valid, here and on the server. Calls ``DELETE /sessions``.

        :returns: The server's response.
        :rtype: dict

        Logging out without being logged in does nothing.

        Example:

        >>> session.logout()
        {}
        """
        holder = self._transport.holder
        self._opened, self._user_id = False, None
        token = holder.value
        if token is None:
            return {}
        holder.set(token, holder.cookies)
        try:
            self._request(Request("DELETE", "sessions", "log out", idempotent=True))
        except AlpineSessionNotFoundException:
            self.logger.debug("The login had expired already.")
        finally:
            holder.forget(token)
        return {}

    @property
    def token(self) -> str | None:
        """The token of the login; None if there is none. Setting it replaces the login of all resources."""
        return self._transport.holder.value

    @token.setter
    @keeps_secrets
    def token(self, value: str | None) -> None:
        self._transport.holder.set(value)
        self._user_id, self._opened = None, False

    @property
    def user_id(self) -> int | None:
        """The id of the user who is logged in; unless it was set or is known from the login, it is requested once."""
        if self._user_id is None and self.token is not None:
            user = self._one(Request("GET", "sessions", "read the session")).get("user")
            self._user_id = _id_in(user)
        return self._user_id

    @user_id.setter
    def user_id(self, value: int | None) -> None:
        self._user_id = None if value is None else identifier(value, "user_id", UserNotFoundException)

    @keeps_secrets
    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: object = None,
        data: Mapping[str, object] | bytes | None = None,
        timeout: Timeout = None,
        idempotent: bool | None = None,
        all_pages: bool = False,
        deadline: float | None = None,
    ) -> Any:
        """Call any endpoint, such as one that has no method here.

        The login, errors, retries and time-outs are those of every other call.

        :param method: The HTTP method.
        :type method: str
        :param path: The path below the API, such as ``"workspaces/1/milestones"``, or one of the engine, which begins
            with ``"/alpinedatalabs/api/v1/json/"``.
        :type path: str
        :param params: Parameters for the query.
        :type params: dict
        :param json: A document to send as JSON.
        :type json: dict
        :param data: Fields to send as a form, or bytes.
        :type data: dict
        :param timeout: Seconds for connecting and for each wait for the next bytes, in this call.
        :type timeout: tuple
        :param idempotent: Whether doing it twice does no harm; by default only for GET.
        :type idempotent: bool
        :param all_pages: Read all pages of a list.
        :type all_pages: bool
        :param deadline: Seconds that this call may take in total, with all its attempts and pages, instead of the
            client's :attr:`deadline`.
        :type deadline: float
        :returns: The ``response`` in the server's JSON, or else the whole JSON, or else the text; None if it is empty.
        :rtype: dict, list, str or None
        :raises RequestTimeoutException: It took longer than the time-outs or the deadline allow.
        :raises AlpineException: The server refuses the request; the class says why.

        Example:

        >>> session.request(
        ...     "GET", "users", params={"order": "last_name"}, all_pages=True
        ... )[0]["entity_type"]
        'user'
        """
        verb = choice(text(method, "method").upper(), "method", METHODS)
        url, action = path_below(path), self._transport.clean(f"{verb} {path}")
        if url.startswith("alpinedatalabs/") and not url.startswith(f"{ENGINE}/"):
            raise InvalidArgumentException(f"Only the engine's paths below {ENGINE}/ can be called.")
        if params is not None and not isinstance(params, Mapping):
            raise InvalidArgumentException(f"params must be a dict, not {type(params).__name__}.")
        body, may_repeat = body_of(json, data), flag(idempotent, "idempotent")
        if flag(all_pages, "all_pages"):
            if verb != "GET" or json is not None or data is not None or url.startswith(ENGINE):
                raise InvalidArgumentException("all_pages=True is only for a GET of the API without a body.")
            with limited(checked_deadline(deadline)):
                return self._list(Listing(url, action, params=params, ordered=False), 100)
        with limited(checked_deadline(deadline)):
            response = self._request(
                Request(
                    verb,
                    url.removeprefix(f"{ENGINE}/"),
                    action,
                    engine=url.startswith(ENGINE),
                    params=params,
                    body=body,
                    timeout=None if timeout is None else checked_timeout(timeout),
                    idempotent=may_repeat,
                )
            )
        return unwrapped(response)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._opened:
                self.logout()
        except AlpineException as failure:
            # What ended the block matters more than a logout that came too late.
            if error is None:
                raise
            self.logger.warning("Could not log out: %s", failure)
        finally:
            self.session.close()

    def __repr__(self) -> str:
        who = f" as {self.username!r}" if self.username else ""
        return f"<APIClient {self.base_url}{who if self.token else ', not logged in'}>"


def _id_in(user: object) -> int | None:
    number = user.get("id") if isinstance(user, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None
