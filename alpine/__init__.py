"""The Python client for Alpine, the data-science server (TIBCO / Spotfire Data Science - Team Studio).

>>> from alpine import APIClient
>>> session = APIClient(host, port, username, password)
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

from alpine._version import __version__

if TYPE_CHECKING:
    from alpine import afm as afm
    from alpine import exception as exception
    from alpine import sandbox as sandbox
    from alpine._deployment import Deployment
    from alpine._display.records import Record, RecordList
    from alpine._http.observing import RequestEvent
    from alpine._http.retry import retry_policy
    from alpine._results.outputs import OperatorOutput
    from alpine._runs.handle import FlowRun
    from alpine._runs.outcome import RunOutcome
    from alpine._tables.sql_result import SQLResult
    from alpine.activity import Activity
    from alpine.apiclient import APIClient
    from alpine.dataset import Dataset
    from alpine.datasource import DataSource
    from alpine.exception import (
        AlpineException,
        AlpineSessionNotFoundException,
        DatasetNotFoundException,
        DataSourceCredentialsException,
        DataSourceNotFoundException,
        DataSourceTypeNotFoundException,
        DemoModeException,
        DownloadFailureException,
        FeatureNotFoundException,
        FlowResultsMalformedException,
        ForbiddenException,
        HadoopFileUnavailableException,
        InvalidArgumentException,
        InvalidResponseCodeException,
        InvalidResponseException,
        JobNotFoundException,
        LicenseExpiredException,
        LoadFailureException,
        LocalFileException,
        LocalFileNotFoundException,
        LoginFailureException,
        MissingExtraException,
        NotFoundException,
        NotLicensedException,
        NotPicklableException,
        OperatorNotFoundException,
        OutcomeUnknownException,
        RedirectException,
        RequestTimeoutException,
        RequestTooLargeException,
        ResponseTooLargeException,
        ResultsNotFoundException,
        RunFlowConnectionException,
        RunFlowFailureException,
        RunFlowTimeoutException,
        RunJobFailureException,
        RunJobTimeoutException,
        SchemaNotFoundException,
        ServerConnectionException,
        ServerErrorException,
        ServiceUnavailableException,
        StopFlowFailureException,
        TaskNotFoundException,
        TLSException,
        TooManyRequestsException,
        UploadFailureException,
        UserNotFoundException,
        ValidationException,
        WorkfileNotFoundException,
        WorkflowFileException,
        WorkflowVariableException,
        WorkspaceMemberNotFoundException,
        WorkspaceNotFoundException,
    )
    from alpine.hdfs import Hdfs
    from alpine.insight import Insight
    from alpine.job import Job
    from alpine.milestone import Milestone
    from alpine.note import Note
    from alpine.notification import Notification
    from alpine.results import FlowResults
    from alpine.search import Search
    from alpine.tag import Tag
    from alpine.touchpoint import Touchpoint
    from alpine.user import User
    from alpine.workfile import Workfile
    from alpine.workspace import Workspace

logging.getLogger("alpine").addHandler(logging.NullHandler())

_HOMES = {
    "APIClient": "alpine.apiclient",
    "Activity": "alpine.activity",
    "DataSource": "alpine.datasource",
    "Dataset": "alpine.dataset",
    "Deployment": "alpine._deployment",
    "FlowResults": "alpine.results",
    "FlowRun": "alpine._runs.handle",
    "Hdfs": "alpine.hdfs",
    "Insight": "alpine.insight",
    "Job": "alpine.job",
    "Milestone": "alpine.milestone",
    "Note": "alpine.note",
    "Notification": "alpine.notification",
    "OperatorOutput": "alpine._results.outputs",
    "Record": "alpine._display.records",
    "RecordList": "alpine._display.records",
    "RequestEvent": "alpine._http.observing",
    "RunOutcome": "alpine._runs.outcome",
    "SQLResult": "alpine._tables.sql_result",
    "Search": "alpine.search",
    "Tag": "alpine.tag",
    "Touchpoint": "alpine.touchpoint",
    "User": "alpine.user",
    "Workfile": "alpine.workfile",
    "Workspace": "alpine.workspace",
    "retry_policy": "alpine._http.retry",
}
_OLD_MODULES = ("alpineobject", "apiclient", "datasource", "job", "user", "workfile", "workspace")
_MODULES = ("afm", "exception", "sandbox", *_OLD_MODULES)


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: importing the package costs next to nothing."""
    if name not in __all__ and name not in _MODULES:
        raise AttributeError(f"module 'alpine' has no attribute {name!r}")
    home = f"alpine.{name}" if name in _MODULES else _HOMES.get(name, "alpine.exception")
    try:
        module = importlib.import_module(home)
        value = module if name in _MODULES else getattr(module, name)
    except AttributeError as error:
        # As it is, "from alpine import ..." would take it for a name that is not there, and hide it.
        raise ImportError(f"{home} cannot be loaded: {error}", name=home) from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})


__all__ = [
    "APIClient",
    "Activity",
    "AlpineException",
    "AlpineSessionNotFoundException",
    "DataSource",
    "DataSourceCredentialsException",
    "DataSourceNotFoundException",
    "DataSourceTypeNotFoundException",
    "Dataset",
    "DatasetNotFoundException",
    "DemoModeException",
    "Deployment",
    "DownloadFailureException",
    "FeatureNotFoundException",
    "FlowResults",
    "FlowResultsMalformedException",
    "FlowRun",
    "ForbiddenException",
    "HadoopFileUnavailableException",
    "Hdfs",
    "Insight",
    "InvalidArgumentException",
    "InvalidResponseCodeException",
    "InvalidResponseException",
    "Job",
    "JobNotFoundException",
    "LicenseExpiredException",
    "LoadFailureException",
    "LocalFileException",
    "LocalFileNotFoundException",
    "LoginFailureException",
    "Milestone",
    "MissingExtraException",
    "NotFoundException",
    "NotLicensedException",
    "NotPicklableException",
    "Note",
    "Notification",
    "OperatorNotFoundException",
    "OperatorOutput",
    "OutcomeUnknownException",
    "Record",
    "RecordList",
    "RedirectException",
    "RequestEvent",
    "RequestTimeoutException",
    "RequestTooLargeException",
    "ResponseTooLargeException",
    "ResultsNotFoundException",
    "RunFlowConnectionException",
    "RunFlowFailureException",
    "RunFlowTimeoutException",
    "RunJobFailureException",
    "RunJobTimeoutException",
    "RunOutcome",
    "SQLResult",
    "SchemaNotFoundException",
    "Search",
    "ServerConnectionException",
    "ServerErrorException",
    "ServiceUnavailableException",
    "StopFlowFailureException",
    "TLSException",
    "Tag",
    "TaskNotFoundException",
    "TooManyRequestsException",
    "Touchpoint",
    "UploadFailureException",
    "User",
    "UserNotFoundException",
    "ValidationException",
    "Workfile",
    "WorkfileNotFoundException",
    "WorkflowFileException",
    "WorkflowVariableException",
    "Workspace",
    "WorkspaceMemberNotFoundException",
    "WorkspaceNotFoundException",
    "__version__",
    "afm",
    "exception",
    "retry_policy",
]
