"""One holder of the login: renewed once, never after a logout, told to nobody."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from requests.cookies import RequestsCookieJar, create_cookie

from alpine._http.token import Renewal, TokenHolder
from alpine.exception import InvalidArgumentException, LoginFailureException
from tests.scripted import wait_until


def test_a_refused_token_is_replaced_by_one_login_for_all_threads() -> None:
    holder = TokenHolder("old-token")
    logins: list[int] = []

    def login() -> None:
        logins.append(1)
        holder.set("new-token", None, login)

    holder.set("old-token", None, login)
    threads = [threading.Thread(target=holder.renew, args=("old-token",)) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert logins == [1]
    assert holder.value == "new-token"


def test_without_a_way_to_log_in_nothing_is_renewed() -> None:
    holder = TokenHolder("old-token")
    assert holder.renew("old-token") is Renewal.NONE
    assert holder.renew("an-older-token") is Renewal.ANOTHERS
    holder.set(None)
    assert holder.renew("old-token") is Renewal.NONE


def test_a_password_that_fails_is_not_tried_again() -> None:
    holder = TokenHolder()
    asked: list[int] = []

    def login() -> None:
        asked.append(1)
        raise LoginFailureException("no")

    holder.set("old-token", None, login)
    with pytest.raises(LoginFailureException):
        holder.renew("old-token")
    assert holder.renew("old-token") is Renewal.NONE
    assert asked == [1]


def test_a_logout_during_a_renewal_has_the_last_word() -> None:
    holder = TokenHolder()
    begun, go_on = threading.Event(), threading.Event()

    def login() -> None:
        begun.set()
        go_on.wait(5)
        holder.set("new-token", None, login)

    holder.set("old-token", None, login)
    renewing = threading.Thread(target=holder.renew, args=("old-token",))
    renewing.start()
    begun.wait(5)
    leaving = threading.Thread(target=holder.set, args=(None,))
    leaving.start()
    assert not wait_until(lambda: not leaving.is_alive(), 0.05)
    go_on.set()
    renewing.join()
    leaving.join()
    assert holder.value is None
    assert holder.renew("new-token") is Renewal.NONE


def test_the_holder_shows_no_secret_and_remembers_what_was_one() -> None:
    holder = TokenHolder("first-token")
    cookies = RequestsCookieJar()
    cookies.update({"_session_id": "value==", "other": "b="})
    cookies.set_cookie(create_cookie("a-secret-without-a-name", None))  # type: ignore[no-untyped-call]
    holder.set("second-token", cookies)
    assert repr(holder) == "<TokenHolder logged in>"
    assert set(holder.secrets) == {"first-token", "second-token", "value==", "b=", "a-secret-without-a-name"}
    holder.set(None)
    assert repr(holder) == "<TokenHolder empty>"
    assert "second-token" in holder.secrets
    holder.set("third-token", cookies)
    shown = f"{holder.cookies!r} {holder.cookies} {list(holder.cookies)} {next(iter(holder.cookies))}"
    assert not [secret for secret in holder.secrets if secret in shown]


def test_many_cookies_push_no_token_out_of_what_is_hidden() -> None:
    holder = TokenHolder()
    cookies = RequestsCookieJar()
    cookies.update({f"c{number}": f"cookie-{number}" for number in range(50)})
    for number in range(4):
        holder.set(f"token-{number}", cookies)
    assert {"token-0", "token-3", "cookie-0", "cookie-49"} <= set(holder.secrets)


def test_only_the_token_that_was_logged_out_is_forgotten() -> None:
    holder = TokenHolder("old-token")
    holder.set("new-token")
    holder.forget("old-token")
    assert holder.value == "new-token"
    holder.forget("new-token")
    assert holder.value is None


@pytest.mark.parametrize("token", ["", " ", "a b", "a\r\nb", "\x7f", "é", 1, b"x", "tab\t"])
def test_what_cannot_travel_is_no_token(token: Any) -> None:
    with pytest.raises(InvalidArgumentException):
        TokenHolder(token)
    holder = TokenHolder("good-token")
    with pytest.raises(InvalidArgumentException):
        holder.set(token)
    assert holder.value == "good-token"
