"""What resources share: made with little, their session and token can be set, and old classes can be built on them."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from alpine import APIClient, DataSource, Workfile, retry_policy
from alpine.alpineobject import AlpineObject
from alpine.exception import (
    InvalidArgumentException,
    InvalidResponseException,
    RequestTimeoutException,
    UserNotFoundException,
    WorkfileNotFoundException,
)
from tests.scripted import Asked, Reply, ScriptedServer

OTHER = "another-token-0002"


class Milestones(AlpineObject):
    """A class as users of 1.0.14 wrote them for calls that it had not."""

    def get_list(self, workspace_id: int) -> Any:
        url = f"{self.base_url}/workspaces/{workspace_id}/milestones"
        return self.session.get(self._add_token_to_url(url)).json()["response"]


class OnItsOwn(Milestones):
    """One that does not call the constructor of its base."""

    def __init__(self, base_url: str, session: requests.Session, token: str) -> None:
        self.token = token
        self.session = session
        self.base_url = base_url


def tokens(server: ScriptedServer) -> list[str]:
    """The tokens of the requests that have arrived."""
    arrived = [asked.query.get("session_id", [asked.headers.get("x-token", "")])[0] for asked in server.asked]
    server.asked.clear()
    return arrived


@pytest.fixture
def marked() -> requests.Session:
    """A session that can be told by a header."""
    session = requests.Session()
    session.headers["X-Mine"] = "yes"
    return session


def marks(server: ScriptedServer) -> list[str | None]:
    arrived = [asked.headers.get("X-Mine") for asked in server.asked]
    server.asked.clear()
    return arrived


@pytest.fixture(autouse=True)
def answers(server: ScriptedServer) -> None:
    server.on("GET", r"/api/(users|workfiles|workspaces)/\d+", Reply({"response": {"id": 1}}))
    server.on("GET", r"/api/workspaces/\d+/milestones", Reply({"response": [{"name": "done"}]}))
    server.on("GET", r"/api/workfiles/\d+/versions", Reply({"response": []}))
    server.on("GET", r"/alpinedatalabs/.*/query", Reply("Already stopped"))


def test_a_session_set_on_the_client_reaches_all_its_resources(
    server: ScriptedServer, session: APIClient, marked: requests.Session
) -> None:
    kept, token = session.workfile.process, session.token
    session.session = marked
    assert (session.session, session.user.session, kept.session) == (marked, marked, marked)
    session.user.get(1)
    session.workfile.version.get_list(1)
    kept.query_status("p1")
    assert marks(server) == ["yes"] * 3
    session.workspace.get(1)
    assert tokens(server) == [token]


def test_what_is_set_on_the_client_afterwards_reaches_them_too(
    server: ScriptedServer, session: APIClient, marked: requests.Session
) -> None:
    session.session = marked
    session.timeout, session.retries = (5, 0.05), retry_policy(0)
    session.token = OTHER
    assert session.workfile.process.token == OTHER
    server.on("GET", ".*", Reply(delay=0.5))
    with pytest.raises(RequestTimeoutException):
        session.workfile.process.query_status("p1")


def test_a_session_set_on_a_resource_stays_with_it(
    server: ScriptedServer, session: APIClient, marked: requests.Session
) -> None:
    session.workfile.session = marked
    session.workfile.get(1)
    session.workfile.process.query_status("p1")
    session.user.get(1)
    assert marks(server) == ["yes", "yes", None]
    session.token = OTHER
    assert session.workfile.token == OTHER


def test_a_token_set_on_a_resource_is_a_login_of_its_own(server: ScriptedServer, session: APIClient) -> None:
    token = session.token
    session.workfile.token = OTHER
    session.workfile.get(1)
    session.workfile.process.query_status("p1")
    session.user.get(1)
    assert tokens(server) == [OTHER, OTHER, token]
    session.token = "a-third-token-0003"
    assert (session.workfile.token, session.user.token) == (OTHER, "a-third-token-0003")


def test_a_session_set_on_the_client_leaves_such_a_login(session: APIClient, marked: requests.Session) -> None:
    session.workfile.token = OTHER
    session.session = marked
    assert (session.workfile.session, session.workfile.process.token) == (marked, OTHER)
    assert session.user.token != OTHER


def test_the_token_of_the_client_joins_a_resource_to_its_login_again(session: APIClient) -> None:
    session.workfile.token = OTHER
    session.workfile.token = session.token
    # As scripts do after a login, when it is the same already.
    session.user.token = session.token
    session.token = "a-new-login-0003"
    assert session.workfile.process.token == session.user.token == "a-new-login-0003"


def test_what_cannot_be_a_session_or_token_is_refused(session: APIClient) -> None:
    session_, token = session.session, session.token
    with pytest.raises(InvalidArgumentException, match=r"session must be a requests\.Session, not str"):
        session.session = "x"  # type: ignore[assignment]
    with pytest.raises(InvalidArgumentException, match="token"):
        session.user.token = "with blanks in it"
    assert (session.session, session.user.session, session.user.token) == (session_, session_, token)


def test_the_user_id_can_be_set(server: ScriptedServer, session: APIClient) -> None:
    session.user_id = 77
    assert session.user_id == 77
    assert server.asked == []
    session.user_id = None
    server.on("GET", "/api/sessions", Reply({"response": {"user": {"id": 7}}}))
    assert session.user_id == 7
    with pytest.raises(UserNotFoundException):
        session.user_id = -1


def test_a_class_of_old_reads_with_the_token(server: ScriptedServer, session: APIClient) -> None:
    assert session.token is not None
    for kind in (Milestones, OnItsOwn):
        for http in (session.session, requests.Session()):
            assert kind(session.base_url, http, session.token).get_list(1) == [{"name": "done"}]
            assert tokens(server) == [session.token]


def test_the_token_joins_what_is_in_a_url() -> None:
    made = AlpineObject("http://h/api", requests.Session(), "a&b=c/X")
    assert made._add_token_to_url("http://h/api/users") == "http://h/api/users?session_id=a%26b%3Dc%2FX"
    assert made._add_token_to_url("http://h/api/users?page=1") == "http://h/api/users?page=1&session_id=a%26b%3Dc%2FX"
    assert AlpineObject()._add_token_to_url("http://h/api/users") == "http://h/api/users"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("http://h/api",),
        ("http://h/api", None, None),
        ("http://h/api", "x", "a-token"),
        (None, None, "a-token"),
        (5, "x", 7),
        ("nonsense", requests.Session(), "with blanks in it"),
    ],
)
def test_making_one_never_fails(arguments: Any) -> None:
    made = AlpineObject(*arguments)
    assert repr(made)
    assert isinstance(made.base_url, str)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((None, requests.Session(), "a-token"), "no server is given"),
        (("http://h/api", "x", "a-token"), r"session must be a requests\.Session"),
        (("http://h/api", requests.Session(), "with blanks"), "token must be"),
    ],
)
def test_the_first_call_says_what_is_missing(arguments: Any, words: str) -> None:
    made = Workfile(*arguments)
    for call in (lambda: made.get(1), lambda: made.process.query_status("p1")):
        with pytest.raises(InvalidArgumentException, match=words):
            call()


def test_what_was_missing_can_be_given_later(server: ScriptedServer, session: APIClient) -> None:
    late = DataSource()
    assert late.dsType.HAWQ == "hawq_data_source"
    late.base_url = server.base_url
    late.session = requests.Session()
    late.token = OTHER
    server.on("GET", "/api/data_sources/1", Reply({"response": {"id": 1, "entity_type": "gpdb_data_source"}}))
    assert late.get(1, "Database")["id"] == 1
    assert tokens(server) == [OTHER]


def test_without_a_session_one_is_made(server: ScriptedServer) -> None:
    workfile = Workfile(server.base_url, None, OTHER)  # type: ignore[arg-type]
    assert workfile.get(1)["id"] == 1
    workfile.session.close()


@pytest.mark.parametrize(("records", "times"), [(5, 1), (6, 2)])
def test_pages_are_asked_for_by_number_and_size_and_what_is_missing_is_looked_for_again(
    server: ScriptedServer, session: APIClient, records: int, times: int
) -> None:
    everybody = [{"id": number, "username": f"u{number}", "entity_type": "user"} for number in range(5)]

    def page(asked: Asked) -> Reply:
        number, size = int(asked.query["page"][0]), int(asked.query["per_page"][0])
        rows = everybody[(number - 1) * size : number * size]
        return Reply({"response": rows, "pagination": {"page": number, "total": 3, "records": records}})

    server.on("GET", "/api/users", page)
    assert session.user.get_list(per_page=2) == everybody
    asked = sorted((each.query["page"][0], each.query["per_page"][0]) for each in server.asked)
    assert asked == sorted([("1", "2"), ("2", "2"), ("3", "2")] * times)


def test_a_page_in_place_of_a_deletion_is_no_deletion_and_a_first_404_is_none_either(
    server: ScriptedServer, session: APIClient
) -> None:
    server.on("DELETE", "/api/workfiles/1", Reply("  <html>We will be back soon</html>"), Reply("", 404))
    with pytest.raises(InvalidResponseException, match="is an HTML page"):
        session.workfile.delete(1)
    with pytest.raises(WorkfileNotFoundException):
        session.workfile.delete(1)
    assert server.count("DELETE") == 2


def test_each_resource_logs_under_the_name_of_its_module(session: APIClient) -> None:
    resources = (session, session.user, session.workfile, session.workfile.process, session.job.task)
    names = ["apiclient", "user", "workfile", "process", "task"]
    assert [resource.logger.name for resource in resources] == [f"alpine.{name}" for name in names]


def test_pages_of_a_list_without_an_order_are_large(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/.*", Reply({"response": [], "pagination": {}}))
    assert list(session.user.iterate(per_page=2)) == []
    assert list(session.datasource.iterate(per_page=2)) == []
    sizes = [asked.query["per_page"] for asked in server.asked]
    assert sizes == [["2"], *[["1000"]] * (len(sizes) - 1)]
    assert len(sizes) > 1
