"""Every exception this package raises.

::

    AlpineException
    ├── InvalidArgumentException (ValueError)        refused before anything was sent
    │   ├── DataSourceTypeNotFoundException          no such kind of data source
    │   ├── WorkflowFileException                    the file is not a workflow
    │   └── WorkflowVariableException                workflow variables in a wrong format
    ├── LocalFileException (OSError)                 a local file cannot be read or written
    │   └── LocalFileNotFoundException               also a FileNotFoundError
    ├── MissingExtraException (ImportError)          an optional package is not installed
    ├── NotPicklableException (TypeError)            a client cannot be pickled or copied
    ├── LoginFailureException                        the server refused user and password
    ├── AlpineSessionNotFoundException               401: no login, or it has expired
    ├── ServerConnectionException (ConnectionError)  the server could not be reached
    │   ├── TLSException                             its certificate cannot be trusted
    │   └── RunFlowConnectionException               it could not be reached at the end of a wait
    ├── RequestTimeoutException (TimeoutError)       the server did not respond in time
    ├── OutcomeUnknownException                      the outcome is not known
    ├── InvalidResponseException                     a response that makes no sense
    │   ├── DownloadFailureException                 a table that ended in an error
    │   ├── RedirectException                        a redirect that must not be followed
    │   ├── ResponseTooLargeException                a response larger than the limit
    │   └── InvalidResponseCodeException             an error status
    │       ├── ForbiddenException                   403: not permitted
    │       │   ├── DataSourceCredentialsException   403: refused by the data source
    │       │   ├── DemoModeException                403: not in demo mode
    │       │   └── NotLicensedException             403: the licence does not cover it
    │       ├── HadoopFileUnavailableException       422: the Hadoop cluster does not give it
    │       ├── RequestTooLargeException             413: too much was sent
    │       ├── ServerErrorException                 5xx: the server failed
    │       │   ├── LicenseExpiredException          503: the licence has expired
    │       │   └── ServiceUnavailableException      503: the server is not ready
    │       ├── TooManyRequestsException             429: too many requests
    │       └── ValidationException                  422: the server refuses what was sent
    ├── NotFoundException (LookupError)              404, or no such name
    │   ├── DataSourceNotFoundException
    │   ├── DatasetNotFoundException
    │   ├── FeatureNotFoundException                 the server has no such endpoint
    │   ├── JobNotFoundException
    │   ├── ResultsNotFoundException
    │   ├── SchemaNotFoundException
    │   ├── TaskNotFoundException
    │   ├── UserNotFoundException
    │   ├── WorkfileNotFoundException
    │   ├── WorkspaceMemberNotFoundException
    │   └── WorkspaceNotFoundException
    ├── LoadFailureException                         a table could not be loaded
    ├── FlowResultsMalformedException                results without the expected parts
    │   └── OperatorNotFoundException (LookupError)  results without that operator
    ├── RunFlowFailureException                      a run that could not start, or failed
    ├── RunFlowTimeoutException (TimeoutError)       a run that took too long
    ├── RunJobFailureException                       a job that could not start, or failed
    ├── RunJobTimeoutException (TimeoutError)        a job that took too long
    ├── StopFlowFailureException                     there is no such run to stop
    └── UploadFailureException                       a file that could not be put into a cluster
"""

from __future__ import annotations

import os
from errno import ENOENT
from typing import Any, ClassVar

from alpine._printable import printable

BODY_KEPT = 2_000
"""How many characters of an error's body an exception keeps."""


class AlpineException(Exception):
    """The base of every exception of this package.

    :param reason: What happened, to what, and what to do next.
    :type reason: str
    :param attributes: Attributes to set, such as ``status_code``.

    Exceptions can be pickled, and have the details of the request as attributes.
    """

    status_code: int | None = None
    """The HTTP status of the response, if there was one."""
    method: str | None = None
    """The HTTP method of the request."""
    url: str | None = None
    """The URL of the request, without secrets."""
    code: str | None = None
    """The server's code for the error (``NOT_LICENSED``, ``RUN_FAILED``, ...)."""
    server_message: str | None = None
    """The server's error message."""
    body: str | None = None
    """The beginning of the response's body, without secrets."""
    process_id: str | None = None
    """The run concerned."""
    web_url: str | None = None
    """The page of the server's web application about what is concerned, if it is known."""
    request_id: str | None = None
    """The ID that the server, or a proxy before it, gave the request, as in ``X-Request-Id``."""

    _advice: ClassVar[str] = ""

    def __init__(self, reason: str = "", *args: object, **attributes: object) -> None:
        reason = _shown(reason)
        super().__init__(reason, *args)
        self.reason = reason
        self.fields: dict[str, dict[str, Any]] = {}
        """For rejected values: field -> code -> details, as sent by the server."""
        for name, value in attributes.items():
            setattr(self, name, _shown(value))

    def __str__(self) -> str:
        return str(self.reason)

    def add_note(self, note: str, /) -> None:
        """Add a note, which a traceback shows below the message."""
        super().add_note(_shown(note))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, {**self.__dict__})


def _shown(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value


def _restore(kind: type[AlpineException], args: tuple[object, ...], state: dict[str, object]) -> AlpineException:
    exception = kind.__new__(kind)
    exception.args = args
    exception.__dict__.update(state)
    return exception


class InvalidArgumentException(AlpineException, ValueError):
    """An argument is wrong; nothing was sent."""


class DataSourceTypeNotFoundException(InvalidArgumentException):
    """There is no such kind of data source, or the method does not support it."""


class WorkflowFileException(InvalidArgumentException):
    """The file is not a workflow (``.afm``), or cannot be read as one."""


class WorkflowVariableException(InvalidArgumentException):
    """Workflow variables are in a wrong format."""


class LocalFileException(AlpineException, OSError):
    """A local file cannot be read or written."""


class LocalFileNotFoundException(LocalFileException, FileNotFoundError):
    """There is no such local file; ``filename`` is its path."""

    # Where OSError keeps them, they would be lost when the exception is pickled.
    errno: int | None = ENOENT
    strerror: str | None = os.strerror(ENOENT)
    filename: Any = None


class MissingExtraException(AlpineException, ImportError):
    """An optional package is not installed; the message names the extra."""


class NotPicklableException(AlpineException, TypeError):
    """A client, or a resource of one, can be neither pickled nor copied."""


class LoginFailureException(AlpineException):
    """The server rejected the user name and the password."""

    _advice = "Check user name and password."


class AlpineSessionNotFoundException(AlpineException):
    """There is no login, or it has expired (401)."""

    _advice = "Log in again with session.login(username, password)."


class ServerConnectionException(AlpineException, ConnectionError):
    """The server could not be reached, or the connection was lost."""


class TLSException(ServerConnectionException):
    """The server's certificate cannot be trusted, or the encrypted connection failed."""


class RunFlowConnectionException(ServerConnectionException):
    """A wait ended while the server could not be reached; the run may go on.

    ``process_id`` is the run, ``last_status`` its last known status and ``last_error`` the last failure.
    """

    last_status: str | None = None
    last_error: AlpineException | None = None


class RequestTimeoutException(AlpineException, TimeoutError):
    """The server did not respond in time."""


class OutcomeUnknownException(AlpineException):
    """The request was sent, but its response was lost: the server may have carried it out."""


class InvalidResponseException(AlpineException):
    """The server's response makes no sense to this client."""


class DownloadFailureException(InvalidResponseException):
    """The rows of a table did not arrive as a whole: the server sent an error in their place, or too few of them.

    ``rows`` is how many whole rows came before, and ``server_message`` what was sent in place of the others.
    """

    rows: int = 0
    _advice = "Nothing of it was kept; try again."


class RedirectException(InvalidResponseException):
    """The server responded with a redirect that must not be followed; ``location`` is its target."""

    location: str | None = None


class ResponseTooLargeException(InvalidResponseException):
    """The response is larger than the limit for such responses."""


class InvalidResponseCodeException(InvalidResponseException):
    """The server responded with an error status."""


class ForbiddenException(InvalidResponseCodeException):
    """The user may not do this (403)."""

    _advice = "Ask an administrator or the owner for the permission."


class NotLicensedException(ForbiddenException):
    """The server's licence does not cover this feature (403)."""

    _advice = "The licence of the server does not cover this feature; session.get_license() shows what it covers."


class DemoModeException(ForbiddenException):
    """The server is in demo mode, where only administrators may do this (403)."""

    _advice = "The server is in demo mode; log in as an administrator."


class DataSourceCredentialsException(ForbiddenException):
    """The data source rejects the credentials that the server has for this user (403)."""

    _advice = "Set valid credentials for the data source in the server's web pages."


class HadoopFileUnavailableException(InvalidResponseCodeException):
    """The Hadoop cluster does not give a file or a directory to the server: it does not respond, or cannot read it."""

    _advice = "Try again later; the log of the server says more."


class RequestTooLargeException(InvalidResponseCodeException):
    """The request is larger than the server accepts (413)."""

    _advice = "Send a smaller file, or have the server's limit raised."


class TooManyRequestsException(InvalidResponseCodeException):
    """There were too many requests (429); ``retry_after`` is the pause that the server requests, in seconds."""

    retry_after: float | None = None
    _advice = "Wait, then try again."


class ValidationException(InvalidResponseCodeException):
    """The server rejects a value (422); ``fields`` has the reasons for each field."""

    _advice = ""


class ServerErrorException(InvalidResponseCodeException):
    """The server failed (5xx)."""

    retry_after: float | None = None
    _advice = "Try again later; the log of the server says more."


class ServiceUnavailableException(ServerErrorException):
    """The server, or a service behind it, is not available (503)."""

    _advice = "Try again later."


class LicenseExpiredException(ServerErrorException):
    """The licence of the server has expired (503)."""

    _advice = "Ask the administrator to renew the licence of the server."


class NotFoundException(AlpineException, LookupError):
    """The object does not exist, was deleted, or is hidden from this user."""

    _advice = "It may have been deleted, or this user may not see it."
    by_name: ClassVar[str] = ""
    """The call that finds the id of such a thing by its name."""


class DataSourceNotFoundException(NotFoundException):
    """There is no such data source."""

    _advice = "session.datasource.get_list() shows those that this user sees."
    by_name = "session.datasource.get_id(name)"


class DatasetNotFoundException(NotFoundException):
    """There is no such dataset: no such table, view or file."""

    _advice = "session.dataset.get_list(schema_id) shows those of a schema."
    by_name = "session.dataset.get_id('schema.table', data_source)"


class FeatureNotFoundException(NotFoundException):
    """The server has no such endpoint: it is of a version, or an edition, without this feature."""

    _advice = "Versions of the server differ in this; session.get_version() shows which one it is."


class JobNotFoundException(NotFoundException):
    """There is no such job."""

    _advice = "session.job.get_list(workspace_id) shows those of a workspace."
    by_name = "session.job.get_id(workspace_id, job_name)"


class ResultsNotFoundException(NotFoundException):
    """There are no results of that run, or they do not have the expected structure."""


class SchemaNotFoundException(NotFoundException):
    """There is no such schema in the database."""

    _advice = "session.dataset.schema.get_list(data_source) shows those of a data source."
    by_name = "session.dataset.schema.get_id(name, data_source)"


class TaskNotFoundException(NotFoundException):
    """There is no such task in the job."""

    _advice = "session.job.task.get_list(workspace_id, job_id) shows those of a job."
    by_name = "session.job.task.get_id(workspace_id, job_id, task_name)"


class UserNotFoundException(NotFoundException):
    """There is no such user."""

    _advice = "session.user.get_list() shows those there are."
    by_name = "session.user.get_id(username)"


class WorkfileNotFoundException(NotFoundException):
    """There is no such workfile, or it is of the wrong kind for the call."""

    _advice = "session.workfile.get_list(workspace_id) shows those of a workspace."
    by_name = "session.workfile.get_id(workfile_name, workspace_id)"


class WorkspaceMemberNotFoundException(NotFoundException):
    """The user is not a member of the workspace."""

    by_name = "session.user.get_id(username)"


class WorkspaceNotFoundException(NotFoundException):
    """There is no such workspace."""

    _advice = (
        "session.workspace.get_list() shows those that this user sees. Digits are always an id, also as a string; "
        "session.workspace.get_id finds the id of a name."
    )
    by_name = "session.workspace.get_id(workspace_name)"


class LoadFailureException(AlpineException):
    """A table could not be loaded, or has another number of rows than were sent.

    ``server_message`` is why the import failed, and ``rows`` how many rows the table has, where they were counted.
    """

    rows: int | None = None


class FlowResultsMalformedException(AlpineException):
    """The results of a run lack a part that every result has."""


class OperatorNotFoundException(FlowResultsMalformedException, LookupError):
    """The results of a run contain no operator of that name."""


class RunFlowFailureException(AlpineException):
    """A workflow could not be started, or its run failed.

    ``errors`` maps the name of each failed operator to its message.
    """

    def __init__(self, reason: str = "", *args: object, **attributes: object) -> None:
        self.errors: dict[str, str] = {}
        super().__init__(reason, *args, **attributes)


class RunFlowTimeoutException(AlpineException, TimeoutError):
    """A run was still in progress when ``timeout`` had passed.

    ``process_id`` is the run, ``last_status`` its last known status, and ``stopped`` says whether it was stopped.
    """

    last_status: str | None = None
    stopped: bool = False


class RunJobFailureException(AlpineException):
    """A job could not be started, or its run failed."""


class RunJobTimeoutException(AlpineException, TimeoutError):
    """A job was still running when ``timeout`` had passed."""


class StopFlowFailureException(AlpineException):
    """The run cannot be stopped: it is over already, or never existed."""


class UploadFailureException(AlpineException):
    """A file could not be put into a Hadoop cluster: one of its name is there, or the server could not write it.

    ``server_message`` is why the import failed.
    """


__all__ = [
    "AlpineException",
    "AlpineSessionNotFoundException",
    "DataSourceCredentialsException",
    "DataSourceNotFoundException",
    "DataSourceTypeNotFoundException",
    "DatasetNotFoundException",
    "DemoModeException",
    "DownloadFailureException",
    "FeatureNotFoundException",
    "FlowResultsMalformedException",
    "ForbiddenException",
    "HadoopFileUnavailableException",
    "InvalidArgumentException",
    "InvalidResponseCodeException",
    "InvalidResponseException",
    "JobNotFoundException",
    "LicenseExpiredException",
    "LoadFailureException",
    "LocalFileException",
    "LocalFileNotFoundException",
    "LoginFailureException",
    "MissingExtraException",
    "NotFoundException",
    "NotLicensedException",
    "NotPicklableException",
    "OperatorNotFoundException",
    "OutcomeUnknownException",
    "RedirectException",
    "RequestTimeoutException",
    "RequestTooLargeException",
    "ResponseTooLargeException",
    "ResultsNotFoundException",
    "RunFlowConnectionException",
    "RunFlowFailureException",
    "RunFlowTimeoutException",
    "RunJobFailureException",
    "RunJobTimeoutException",
    "SchemaNotFoundException",
    "ServerConnectionException",
    "ServerErrorException",
    "ServiceUnavailableException",
    "StopFlowFailureException",
    "TLSException",
    "TaskNotFoundException",
    "TooManyRequestsException",
    "UploadFailureException",
    "UserNotFoundException",
    "ValidationException",
    "WorkfileNotFoundException",
    "WorkflowFileException",
    "WorkflowVariableException",
    "WorkspaceMemberNotFoundException",
    "WorkspaceNotFoundException",
]
