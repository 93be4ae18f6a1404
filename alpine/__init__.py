"""The Python client for Alpine, the data-science server (TIBCO / Spotfire Data Science - Team Studio).

>>> from alpine import APIClient
>>> session = APIClient(host, port, username, password)
"""

import logging

from alpine._http.retry import retry_policy
from alpine._version import __version__
from alpine.apiclient import APIClient
from alpine.datasource import DataSource
from alpine.exception import (
    AlpineException,
    AlpineSessionNotFoundException,
    DataSourceCredentialsException,
    DataSourceNotFoundException,
    DataSourceTypeNotFoundException,
    DemoModeException,
    FlowResultsMalformedException,
    ForbiddenException,
    InvalidArgumentException,
    InvalidResponseCodeException,
    InvalidResponseException,
    JobNotFoundException,
    LicenseExpiredException,
    LocalFileException,
    LoginFailureException,
    MissingExtraException,
    NotFoundException,
    NotLicensedException,
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
    ServerConnectionException,
    ServerErrorException,
    ServiceUnavailableException,
    StopFlowFailureException,
    TaskNotFoundException,
    TLSException,
    TooManyRequestsException,
    UserNotFoundException,
    ValidationException,
    WorkfileNotFoundException,
    WorkflowFileException,
    WorkflowVariableException,
    WorkspaceMemberNotFoundException,
    WorkspaceNotFoundException,
)
from alpine.job import Job
from alpine.results import FlowResults
from alpine.user import User
from alpine.workfile import Workfile
from alpine.workspace import Workspace

logging.getLogger("alpine").addHandler(logging.NullHandler())

__all__ = [
    "APIClient",
    "AlpineException",
    "AlpineSessionNotFoundException",
    "DataSource",
    "DataSourceCredentialsException",
    "DataSourceNotFoundException",
    "DataSourceTypeNotFoundException",
    "DemoModeException",
    "FlowResults",
    "FlowResultsMalformedException",
    "ForbiddenException",
    "InvalidArgumentException",
    "InvalidResponseCodeException",
    "InvalidResponseException",
    "Job",
    "JobNotFoundException",
    "LicenseExpiredException",
    "LocalFileException",
    "LoginFailureException",
    "MissingExtraException",
    "NotFoundException",
    "NotLicensedException",
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
    "ServerConnectionException",
    "ServerErrorException",
    "ServiceUnavailableException",
    "StopFlowFailureException",
    "TLSException",
    "TaskNotFoundException",
    "TooManyRequestsException",
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
    "retry_policy",
]
