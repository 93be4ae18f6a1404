"""The one holder of a login: every resource reads the token here, so a new login reaches all of them."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable

from alpine.exception import InvalidArgumentException, LoginFailureException

_HOLDERS: weakref.WeakSet[TokenHolder] = weakref.WeakSet()


class TokenHolder:
    """A token, the cookie that came with it, and the way to get new ones.

    :param value: The token; None before a login.
    """

    def __init__(self, value: str | None = None) -> None:
        self.cookie: str | None = None
        self._value = checked(value)
        self._renewal: Callable[[], object] | None = None
        self._lock = threading.Lock()
        _HOLDERS.add(self)

    @property
    def value(self) -> str | None:
        return self._value

    def set(self, value: str | None, cookie: str | None = None, renewal: Callable[[], object] | None = None) -> None:
        """Take a new login: its token, its cookie, and how to log in once more when it expires."""
        self._value, self.cookie, self._renewal = checked(value), cookie, renewal

    def renew(self, refused: str | None) -> bool:
        """Replace a token that the server refused; threads that wait here share one login.

        :returns: Whether there is now another token than the refused one.
        """
        with self._lock:
            if self._value != refused:
                return self._value is not None
            if self._renewal is None:
                return False
            try:
                self._renewal()
            except LoginFailureException:
                # The password does not hold any more: asking again for every call could lock the account.
                self._renewal = None
                raise
            return True

    def __repr__(self) -> str:
        return f"<TokenHolder {'logged in' if self._value else 'empty'}>"


def checked(token: object) -> str | None:
    """Refuse a token that cannot travel in a header, before http.client would print it in its error."""
    if token is None:
        return None
    if (
        not isinstance(token, str)
        or not token.strip()
        or not token.isascii()
        or not token.isprintable()
        or " " in token
    ):
        raise InvalidArgumentException("The token must be a non-empty text of printable ASCII characters.")
    return token


def _after_fork() -> None:
    for holder in _HOLDERS:
        holder._lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
