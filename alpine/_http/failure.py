"""What went wrong when there is no answer: requests' errors, told apart and in words without the URL."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import requests
import urllib3.exceptions as urllib3_errors

from alpine.exception import (
    AlpineException,
    InvalidArgumentException,
    OutcomeUnknownException,
    RequestTimeoutException,
    ServerConnectionException,
    TLSException,
)

TRANSPORT_ERRORS = (requests.RequestException, urllib3_errors.HTTPError, OSError, ValueError)

_CLOSED_IN_THE_MIDDLE = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
_TLS_ADVICE = (
    "For a server with a CA of its own give ca_certs='/path/to/ca.pem'; "
    "a server that speaks plain http is reached with is_secure=False."
)


@dataclass(frozen=True)
class Failure:
    """A request without an answer.

    :param kind: The exception that tells of it.
    :param reason: What happened, in words without the URL.
    :param sent: Whether the server may have seen the request.
    :param retried: Whether another attempt may do better.
    :param advice: What the user can do.
    """

    kind: type[AlpineException]
    reason: str
    sent: bool
    retried: bool = True
    advice: str = ""

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """Tell what an error of the layers below means."""
        chain = list(_causes(error))
        for cause in chain:
            if isinstance(cause, AlpineException):
                raise cause
        certificate = next((c for c in chain if isinstance(c, ssl.SSLError)), None)
        if certificate is not None and not isinstance(certificate, _CLOSED_IN_THE_MIDDLE):
            reason = (
                getattr(certificate, "verify_message", "") or certificate.reason or "the encrypted connection failed"
            )
            return cls(TLSException, f"the encrypted connection failed: {reason}", False, False, _TLS_ADVICE)
        if any(
            isinstance(c, urllib3_errors.NewConnectionError | urllib3_errors.ProxyError | socket.gaierror)
            for c in chain
        ):
            return cls(ServerConnectionException, _words(chain) or "no connection", False, True, _host_advice())
        if any(isinstance(c, requests.ConnectTimeout | urllib3_errors.ConnectTimeoutError) for c in chain):
            return cls(RequestTimeoutException, "no connection within the time allowed", False, True, _host_advice())
        if any(isinstance(c, requests.ReadTimeout | urllib3_errors.ReadTimeoutError | TimeoutError) for c in chain):
            return cls(
                RequestTimeoutException, "no answer within the time allowed", True, True, "A longer timeout may help."
            )
        if isinstance(
            error,
            requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema | urllib3_errors.LocationValueError,
        ):
            return cls(InvalidArgumentException, "the host is not one that can be reached by http", False, False)
        if isinstance(error, requests.exceptions.InvalidProxyURL | urllib3_errors.ProxySchemeUnknown):
            return cls(InvalidArgumentException, "the proxy's address is not valid", False, False)
        if isinstance(error, OSError) and not isinstance(error, requests.RequestException) and error.filename:
            return cls(InvalidArgumentException, f"{error.strerror}: {error.filename}", False, False)
        if isinstance(error, requests.exceptions.InvalidHeader) or (
            isinstance(error, ValueError) and not isinstance(error, requests.RequestException)
        ):
            return cls(InvalidArgumentException, "a header, cookie or parameter cannot be sent over http", False, False)
        return cls(ServerConnectionException, _words(chain) or "the connection was lost", True)

    def to_exception(self, action: str, *, repeatable: bool, if_lost: str, **attributes: object) -> AlpineException:
        """Make the exception for a call that ends with this failure."""
        if self.sent and not repeatable:
            reason = (
                f"Cannot tell whether the server did this: {action}. The request was sent, but {self.reason}. {if_lost}"
            )
            return OutcomeUnknownException(reason.strip(), **attributes)
        return self.kind(f"Could not {action}: {self.reason}. {self.advice}".strip(), **attributes)


def _host_advice() -> str:
    return "Check host and port, that the server is up, and the proxy settings."


def _causes(error: BaseException, depth: int = 12) -> Iterator[BaseException]:
    yield error
    if depth:
        inner = [*error.args, getattr(error, "reason", None), error.__cause__, error.__context__]
        for cause in inner:
            if isinstance(cause, BaseException) and cause is not error:
                yield from _causes(cause, depth - 1)


def _words(chain: list[BaseException]) -> str:
    for cause in reversed(chain):
        if isinstance(cause, OSError) and cause.strerror and not isinstance(cause, requests.RequestException):
            return cause.strerror[0].lower() + cause.strerror[1:]
    if any(isinstance(cause, urllib3_errors.NameResolutionError) for cause in chain):
        return "the host name is not known"
    if any(isinstance(cause, urllib3_errors.IncompleteRead) for cause in chain):
        return "the answer was cut off"
    if any(isinstance(cause, urllib3_errors.ProtocolError) for cause in chain):
        return "the server closed the connection without a whole answer"
    return ""
