"""The settings of a client that may change while it is used: time-outs, deadline, retries, limits."""

from __future__ import annotations

from urllib3.util.retry import Retry

from alpine._arguments import number
from alpine._configuration import Timeout, checked_deadline, checked_on_request, checked_timeout
from alpine._http.observing import OnRequest
from alpine.alpineobject import AlpineObject
from alpine.exception import InvalidArgumentException


class ClientSettings(AlpineObject):
    """What holds for all calls of a client, from the next one on."""

    @property
    def timeout(self) -> Timeout:
        """Seconds for connecting, and for each wait for the server's next bytes."""
        return self._transport.timeout

    @timeout.setter
    def timeout(self, value: Timeout) -> None:
        self._transport.timeout = checked_timeout(value)

    @property
    def deadline(self) -> float | None:
        """Seconds that a request may take in total; None, the default, means no limit.

        This covers connecting, sending, all attempts and the pauses between them, the renewal of a login, and the
        whole response.

        A request that takes longer raises :class:`alpine.exception.RequestTimeoutException`, or
        :class:`alpine.exception.OutcomeUnknownException` if the server may have done something that must not be done
        twice. Looking up a host name, and a function that returns the password, cannot be interrupted; the deadline is
        checked when they return.
        """
        return self._transport.deadline

    @deadline.setter
    def deadline(self, value: float | None) -> None:
        self._transport.deadline = checked_deadline(value)

    @property
    def retries(self) -> Retry:
        """The retry policy, made by :func:`alpine.retry_policy`."""
        return self._transport.retries

    @retries.setter
    def retries(self, value: Retry) -> None:
        if not isinstance(value, Retry):
            raise InvalidArgumentException(f"retries must be made by alpine.retry_policy(...), not {value!r}.")
        self._transport.retries = value

    @property
    def on_request(self) -> OnRequest | None:
        """A function that is called with an :class:`alpine.RequestEvent` after each attempt to send a request.

        What it raises is logged. Requests that it makes itself are not told. Threads that share the client call it at
        the same time.
        """
        return self._transport.on_request

    @on_request.setter
    def on_request(self, value: OnRequest | None) -> None:
        self._transport.on_request = checked_on_request(value)

    @property
    def answer_limit(self) -> int:
        """The largest response that is read, in bytes; 64 MB by default. Downloads to a file have no limit."""
        return self._transport.answer_limit

    @answer_limit.setter
    def answer_limit(self, value: int) -> None:
        self._transport.answer_limit = number(value, "answer_limit", least=1, whole=True)

    @property
    def results_limit(self) -> int:
        """The largest results document that is read, in bytes; 2 GiB by default."""
        return self._transport.results_limit

    @results_limit.setter
    def results_limit(self, value: int) -> None:
        self._transport.results_limit = number(value, "results_limit", least=1, whole=True)
