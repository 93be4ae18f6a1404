"""What went wrong when there is no response: requests' errors, told apart and in words without the URL."""

from __future__ import annotations

import http.client
import signal
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

import requests
import urllib3.exceptions as urllib3_errors

from alpine._http import deadline
from alpine._http.request import Request, origin_of
from alpine.exception import (
    AlpineException,
    InvalidArgumentException,
    InvalidResponseException,
    OutcomeUnknownException,
    RequestTimeoutException,
    ServerConnectionException,
    TLSException,
)

READING_ERRORS = (requests.RequestException, urllib3_errors.HTTPError, OSError)
TRANSPORT_ERRORS = (*READING_ERRORS, ValueError)

_CLOSED_IN_THE_MIDDLE = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
_IN_THE_MIDDLE = frozenset({"DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "SSLV3_ALERT_BAD_RECORD_MAC", "BAD_RECORD_TYPE"})
"""What OpenSSL says of bytes that were spoilt after the handshake."""
_PLAIN_HTTP = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"})
_PLAIN_ADVICE = "The port does not seem to use https: pass is_secure=False, that is host='{other}', or its https port."
_HTTPS_ADVICE = "If the port uses https, pass is_secure=True, that is host='{other}'."
_STRANGER_ADVICE = "Is that an Alpine server?"
_PROXY_ADVICE = "Check the proxy settings (proxies=, HTTP_PROXY, HTTPS_PROXY); proxies={} uses no proxy."
_TLS_ADVICE = "For a server with a private CA, pass ca_certs='/path/to/ca.pem'."
_CLIENT_ADVICE = "The server requires a client certificate that it knows: pass cert=(certificate_file, key_file)."
_ALERTS_OF_A_CERTIFICATE = frozenset(
    {
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "TLSV1_ALERT_UNKNOWN_CA",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
    }
)
_NOTHING_SENT = (
    urllib3_errors.NewConnectionError,
    # The session was closed by another thread at this very moment.
    urllib3_errors.ClosedPoolError,
    socket.gaierror,
)
_TUNNEL = "Tunnel connection failed"


@dataclass(frozen=True)
class Failure:
    """A request without a response.

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
    def of(cls, error: Exception, handled: BaseException | None = None, *, encrypted: bool = True) -> Failure:
        """Tell what an error of the layers below means: that of the deadline, where it came when that was over.

        :param handled: What was being handled already when the request began: it is no cause.
        :param encrypted: Whether the request went to an https port.
        """
        failure = cls._without_deadline(error, handled, encrypted=encrypted)
        limit = deadline.current()
        if limit is None or not limit.is_over or not failure.retried:
            return failure
        reason = f"no {'response' if failure.sent else 'connection'} within {limit}"
        return cls(RequestTimeoutException, reason, failure.sent, False, limit.advice)

    @classmethod
    def _without_deadline(cls, error: Exception, handled: BaseException | None, *, encrypted: bool) -> Failure:
        chain = list(_causes(error, {id(handled)}))
        for cause in chain:
            if isinstance(cause, AlpineException):
                raise cause
        # The innermost: what urllib3 wraps around it has its traceback as well.
        signalled = next((cause for cause in reversed(chain) if of_a_signal(cause)), None)
        if signalled is not None:
            raise signalled
        for cause in chain:
            # Error and frame know each other, and both know the pool: its connections would stay open after
            # session.close() until the garbage collector comes by.
            cause.__traceback__ = None
        certificate = next((c for c in chain if isinstance(c, ssl.SSLError)), None)
        if certificate is not None and not isinstance(certificate, _CLOSED_IN_THE_MIDDLE):
            return cls._of_tls(certificate)
        tunnel = next((str(c) for c in chain if isinstance(c, OSError) and str(c).startswith(_TUNNEL)), None)
        if tunnel is not None:
            reason = f"the proxy refuses the connection ({tunnel.removeprefix(_TUNNEL).strip(': ')})"
            return cls(ServerConnectionException, reason, False, True, _host_advice())
        if any(isinstance(c, urllib3_errors.ProxyError) for c in chain):
            reason = f"the proxy cannot be reached: {_words(chain) or 'no connection'}"
            return cls(ServerConnectionException, reason, False, True, _PROXY_ADVICE)
        if any(isinstance(c, _NOTHING_SENT) for c in chain):
            return cls(ServerConnectionException, _words(chain) or "no connection", False, True, _host_advice())
        if any(isinstance(c, requests.ConnectTimeout | urllib3_errors.ConnectTimeoutError) for c in chain):
            return cls(RequestTimeoutException, "no connection within the time allowed", False, True, _host_advice())
        if any(isinstance(c, requests.ReadTimeout | urllib3_errors.ReadTimeoutError | TimeoutError) for c in chain):
            return cls(
                RequestTimeoutException, "no response within the time allowed", True, True, "A longer timeout may help."
            )
        if any(isinstance(c, urllib3_errors.DecodeError) for c in chain):
            return cls(InvalidResponseException, "the server's response cannot be decompressed", True, False)
        mistake = _mistake(error)
        if mistake:
            return cls(InvalidArgumentException, mistake, False, False)
        silent = any(isinstance(c, http.client.BadStatusLine | ConnectionResetError) for c in chain)
        strange = any(_is_strange(c) for c in chain)
        advice = (_STRANGER_ADVICE if strange else "", _HTTPS_ADVICE if silent and not encrypted else "")
        reason = _words(chain) or "the connection was lost"
        return cls(ServerConnectionException, reason, True, True, " ".join(advice).strip())

    @classmethod
    def _of_tls(cls, error: ssl.SSLError) -> Failure:
        said = getattr(error, "reason", None) or ""
        reason = f"the encrypted connection failed: {getattr(error, 'verify_message', '') or said or 'no reason known'}"
        advice = (
            _PLAIN_ADVICE
            if said in _PLAIN_HTTP
            else _CLIENT_ADVICE
            if said in _ALERTS_OF_A_CERTIFICATE
            else _TLS_ADVICE
        )
        return cls(TLSException, reason, said in _IN_THE_MIDDLE, False, advice)

    def to_exception(self, request: Request, url: str) -> AlpineException:
        """Make the exception for a request that ends with this failure.

        :param url: The URL without what is secret.
        """
        server = origin_of(request.root)
        if self.sent and not request.is_idempotent:
            reason = (
                f"Cannot tell whether the server did this: {request.action}. The request was sent, but {self.reason}. "
                f"{request.how_to_check}"
            )
            return OutcomeUnknownException(reason.strip(), method=request.method, url=url)
        advice = self.advice.replace("{other}", _other_scheme(server))
        reason = f"Could not {request.action} at {server}: {self.reason}. {advice}".strip()
        return self.kind(reason, method=request.method, url=url)


def _other_scheme(server: str) -> str:
    scheme, _, address = server.partition("://")
    return f"{'http' if scheme == 'https' else 'https'}://{address}"


def _is_strange(cause: BaseException) -> bool:
    """Whether something came back that is no HTTP."""
    return isinstance(cause, http.client.BadStatusLine) and not isinstance(cause, http.client.RemoteDisconnected)


def of_a_signal(error: BaseException) -> bool:
    """Whether a signal handler raised it.

    The TimeoutError of an alarm means the script. Taken for the network's, the alarm that was to end a wait is lost.
    """
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    codes = {getattr(getattr(handler, "__func__", handler), "__code__", None) for handler in handlers}
    interrupted: FrameType | None = None
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code in codes or (interrupted is not None and _was_given(frame, interrupted)):
            return True
        trace, interrupted = trace.tb_next, frame
    return False


def _was_given(frame: FrameType, caller: FrameType) -> bool:
    """Whether a function has its caller's frame, as only a signal handler is given it.

    That finds the handlers that Python does not name: objects with ``__call__``, ``functools.partial``, and those that
    take themselves off before they raise.
    """
    given = list(frame.f_locals.values())
    return any(
        value is caller or (isinstance(value, tuple) and any(part is caller for part in value)) for value in given
    )


def _host_advice() -> str:
    return "Check host and port, that the server is up, and the proxy settings."


def _mistake(error: Exception) -> str:
    """What the caller did wrong, where that is why nothing was sent."""
    if isinstance(
        error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema | urllib3_errors.LocationValueError
    ):
        return "the address of the host, or of its proxy, is not one that can be reached by http"
    if isinstance(error, requests.exceptions.InvalidProxyURL | urllib3_errors.ProxySchemeUnknown):
        return "the proxy's address is not valid"
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        if error.filename:
            return f"{error.strerror}: {error.filename}"
        # A file of certificates that is not there: requests says so without a number.
        if error.errno is None and error.args:
            return str(error)
    if isinstance(error, requests.exceptions.InvalidHeader) or (
        isinstance(error, ValueError) and not isinstance(error, requests.RequestException)
    ):
        return "a header, cookie or parameter cannot be sent over http"
    return ""


def _causes(error: BaseException, seen: set[int]) -> Iterator[BaseException]:
    seen.add(id(error))
    yield error
    for cause in (*error.args, getattr(error, "reason", None), error.__cause__, error.__context__):
        if isinstance(cause, BaseException) and id(cause) not in seen:
            yield from _causes(cause, seen)


def _words(chain: list[BaseException]) -> str:
    if any(isinstance(cause, _CLOSED_IN_THE_MIDDLE) for cause in chain):
        return "the server ended the encrypted connection"
    for cause in reversed(chain):
        if isinstance(cause, OSError) and cause.strerror and not isinstance(cause, requests.RequestException):
            return cause.strerror[0].lower() + cause.strerror[1:]
    if any(isinstance(cause, urllib3_errors.NameResolutionError) for cause in chain):
        return "the host name is not known"
    if any(isinstance(cause, http.client.IncompleteRead) for cause in chain):
        return "the response was cut off"
    if any(map(_is_strange, chain)):
        return "what came back is not HTTP"
    if any(isinstance(cause, urllib3_errors.ProtocolError) for cause in chain):
        return "the server closed the connection without a whole response"
    return ""
