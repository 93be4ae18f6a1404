"""The one holder of a login: every resource reads the token here, so a new login reaches all of them."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterable
from enum import IntEnum
from http.cookiejar import Cookie, CookieJar

from alpine._http import deadline
from alpine.exception import InvalidArgumentException, LoginFailureException, RequestTimeoutException

_REMEMBERED = 8
"""The old logins whose tokens and cookies are kept out of messages: responses to them may be on their way."""
_HOLDERS: weakref.WeakSet[TokenHolder] = weakref.WeakSet()
# One that its thread may take again: what the garbage collector ends while it is held may log.
_HOLDERS_LOCK = threading.RLock()


class Renewal(IntEnum):
    """How a refused token came to be replaced."""

    NONE = 0
    ANOTHERS = 1
    OWN = 2


class _Cookie(Cookie):
    def __repr__(self) -> str:
        return "<Cookie>"

    __str__ = __repr__


class _Jar(CookieJar):
    """Cookies that show nothing of themselves.

    :param cookies: What to take over.
    """

    def __init__(self, cookies: Iterable[Cookie] = ()) -> None:
        super().__init__()
        for cookie in cookies:
            silent = _Cookie.__new__(_Cookie)
            vars(silent).update(vars(cookie))
            self.set_cookie(silent)

    def clear_expired_cookies(self) -> None:
        """Leave them, as they are not sent anyway: what never changes can be read while other threads send."""

    def __repr__(self) -> str:
        return f"<{len(self)} cookies>"

    __str__ = __repr__


class TokenHolder:
    """A token, the cookies that came with it, and the way to get new ones.

    :param value: The token; None before a login.
    """

    def __init__(self, value: str | None = None) -> None:
        self.cookies: CookieJar = _Jar()
        self._value = checked(value)
        self._renewal: Callable[[], object] | None = None
        self._old: tuple[tuple[str, ...], ...] = ()
        # Held while a login is renewed, so that a logout comes after it and not in its middle.
        self._lock = threading.RLock()
        with _HOLDERS_LOCK:
            _HOLDERS.add(self)

    @property
    def value(self) -> str | None:
        return self._value

    def set(
        self, value: str | None, cookies: CookieJar | None = None, renewal: Callable[[], object] | None = None
    ) -> None:
        """Take a new login: its token, its cookies, and how to log in once more when it expires."""
        value = checked(value)
        with self._lock:
            self._old = (self._current(), *self._old)[:_REMEMBERED]
            self._value, self.cookies, self._renewal = value, _Jar(cookies or ()), renewal

    def forget(self, value: str) -> None:
        """Give up a token that was logged out, unless there is another by now."""
        with self._lock:
            if self._value == value:
                self.set(None)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not appear in any text: tokens and cookies, also the last ones before these."""
        return (*self._current(), *(secret for login in self._old for secret in login))

    def _current(self) -> tuple[str, ...]:
        # A cookie without a value is sent back by its name alone.
        cookies = [cookie.name if cookie.value is None else cookie.value for cookie in self.cookies]
        return tuple(secret for secret in (self._value, *cookies) if secret)

    def renew(self, refused: str | None) -> Renewal:
        """Replace a token that the server refused; threads that wait here share one login.

        :returns: Whether there is now another token than the refused one, and by whose login.
        :raises RequestTimeoutException: Another thread's login is not done by the deadline.
        """
        limit = deadline.current()
        if not self._lock.acquire(timeout=-1 if limit is None else max(0.0, limit.left)):
            raise RequestTimeoutException(f"Could not log in again: the login of another thread outlasts {limit}.")
        try:
            if self._value != refused:
                return Renewal.NONE if self._value is None else Renewal.ANOTHERS
            if self._renewal is None:
                return Renewal.NONE
            try:
                self._renewal()
            except LoginFailureException:
                # The password does not hold any more: asking again for every call could lock the account.
                self._renewal = None
                raise
            return Renewal.OWN
        finally:
            self._lock.release()

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
        raise InvalidArgumentException("The token must be a non-empty string of printable ASCII characters.")
    return token


def all_secrets() -> set[str]:
    """What must not appear in the log of a library that does not know whose request it is."""
    with _HOLDERS_LOCK:
        return {secret for holder in _HOLDERS for secret in holder.secrets}


def _after_fork() -> None:
    global _HOLDERS_LOCK  # noqa: PLW0603 - another thread may have held it
    _HOLDERS_LOCK = threading.RLock()
    for holder in _HOLDERS:
        holder._lock = threading.RLock()
        # A jar has a lock as well.
        holder.cookies = _Jar(holder.cookies)


# Windows has no fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
