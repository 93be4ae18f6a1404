"""Users are made, found, changed and deleted; rights are given and taken, and only what is meant changes."""

from __future__ import annotations

import pytest

from alpine import APIClient
from alpine.exception import (
    ForbiddenException,
    InvalidArgumentException,
    UserNotFoundException,
    ValidationException,
)
from alpine.sandbox import Sandbox
from tests.scripted import Reply, ScriptedServer


def make(client: APIClient, username: str = "grace", **more: str) -> int:
    made = client.user.create(username, "a good password", "Grace", "Example", f"{username}@example.com", **more)
    return int(made["id"])


def test_a_new_user_has_what_was_given_and_can_log_in(client: APIClient, sandbox: Sandbox) -> None:
    number = make(client, title="Dr", dept="Research", notes="likes \N{SNOWMAN}", app_role="data_analyst")
    found = client.user.get(number)
    assert (found["title"], found["dept"], found["notes"]) == ("Dr", "Research", "likes \N{SNOWMAN}")
    assert (found["user_type"], found["admin"], found["roles"]) == ("data_analyst", False, [])
    assert sandbox.client("grace", "a good password").user_id == number


def test_an_administrator_is_one_and_stays_one_until_told(client: APIClient) -> None:
    roles = client.user.adminRole
    number = make(client, admin_role=roles.ApplicationAdministrator)
    rights = [client.user.get(number)]
    rights += [client.user.update(number, admin_role=role) for role in (roles.NonAdmin, roles.ApplicationAdministrator)]
    rights += [client.user.update(number, title="still one"), client.user.update(number, admin_role="data_admin")]
    assert [(one["admin"], one["roles"]) for one in rights] == [
        (True, ["admin"]),
        (False, []),
        (True, ["admin"]),
        (True, ["admin"]),
        (False, ["data_admin"]),
    ]


def test_the_last_administrator_stays_one(client: APIClient) -> None:
    assert client.user.update(1, admin_role=client.user.adminRole.NonAdmin)["admin"] is True


def test_an_update_sends_only_what_was_given(server: ScriptedServer, session: APIClient) -> None:
    server.on("PUT", "/api/users/7", Reply({"response": {"id": 7}}))
    server.on("GET", "/api/users/7", Reply({"response": {"id": 7}}))
    session.user.update("7", title="")
    session.user.update(7, email_notification=False, app_role=session.user.applicationRole.BusinessUser)
    session.user.update(7, admin_role=session.user.adminRole.ApplicationAdministrator)
    session.user.update(7)
    assert [asked.json for asked in server.asked if asked.method == "PUT"] == [
        {"title": ""},
        {"subscribed_to_emails": False, "user_type": "business_user"},
        {"admin": True, "roles": "admin"},
    ]


def test_a_field_can_be_emptied_and_the_others_stay(client: APIClient) -> None:
    number = make(client, title="Dr", dept="Research")
    assert client.user.update(number, title="")["title"] == ""
    assert client.user.get(number)["dept"] == "Research"


def test_names_are_found_in_any_capitals_and_the_nearest_is_named(client: APIClient) -> None:
    assert client.user.get_id("DEMO") == client.user_id == 1
    with pytest.raises(UserNotFoundException, match="Did you mean 'cleo'"):
        client.user.get_id("clio")


def test_refused_values_are_readable_by_field(client: APIClient) -> None:
    with pytest.raises(ValidationException, match="username: TAKEN") as caught:
        make(client, "DEMO")
    assert caught.value.fields == {"username": {"TAKEN": {}}}
    with pytest.raises(ValidationException) as caught:
        client.user.create("a b", "a good password", "", "", "nothing")
    assert set(caught.value.fields) == {"username", "first_name", "last_name", "email"}


@pytest.mark.parametrize("password", [None, "", 123456, b"secret-bytes"])
def test_a_password_that_is_none_is_refused_without_showing_it(client: APIClient, password: object) -> None:
    with pytest.raises(InvalidArgumentException, match=r"^password must be a non-empty string\.$"):
        client.user.create("grace", password, "Grace", "Example", "g@example.com")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [{"admin_role": "app_admin"}, {"app_role": "wizard"}, {"email_notification": "false"}, {"admin_role": True}],
)
def test_a_word_that_means_nothing_is_refused_before_anything_is_sent(
    server: ScriptedServer, session: APIClient, wrong: dict[str, str]
) -> None:
    with pytest.raises(InvalidArgumentException, match=next(iter(wrong))):
        make(session, **wrong)
    with pytest.raises(InvalidArgumentException, match=next(iter(wrong))):
        session.user.update(1, **wrong)  # type: ignore[arg-type]
    assert server.asked == []


@pytest.mark.parametrize("wrong", [None, True, 1.0, [1]])
def test_what_is_no_id_is_refused(session: APIClient, wrong: object) -> None:
    for call in (session.user.get, session.user.update, session.user.delete):
        with pytest.raises(InvalidArgumentException, match="user_id must be"):
            call(wrong)  # type: ignore[operator]


def test_an_unknown_id_raises(client: APIClient) -> None:
    for call in (client.user.get, client.user.update, client.user.delete):
        with pytest.raises(UserNotFoundException, match="user 99"):
            call(99)  # type: ignore[operator]


def test_others_may_only_change_themselves(ada: APIClient) -> None:
    mine = ada.user_id
    assert mine is not None
    assert ada.user.update(mine, title="Analyst")["title"] == "Analyst"
    for call in (lambda: make(ada), lambda: ada.user.update(1, title="Boss"), lambda: ada.user.delete(3)):
        with pytest.raises(ForbiddenException, match=r"Could not .* 403.*Ask an administrator"):
            call()


def test_a_deleted_user_is_gone_and_the_name_is_free(client: APIClient) -> None:
    assert client.user.delete(make(client)) is None
    with pytest.raises(UserNotFoundException):
        client.user.get_id("grace")
    make(client)


def test_who_owns_a_workspace_is_not_deleted_and_the_reason_is_told(client: APIClient, ada: APIClient) -> None:
    ada.workspace.create("Mine")
    with pytest.raises(ValidationException, match="workspace_count: EQUAL_TO") as caught:
        client.user.delete(ada.user_id or 0)
    assert caught.value.fields["workspace_count"]["EQUAL_TO"] == {"count": 1}
    with pytest.raises(ForbiddenException):
        client.user.delete(1)


def test_the_roles_are_the_servers_words() -> None:
    from alpine import User

    assert list(User.applicationRole) == ["analytics_developer", "data_analyst", "collaborator", "business_user"]
    assert list(User.adminRole) == ["admin", "data_admin", ""]
    assert (User.ApplicationRole.DataAnalyst, User.AdminRole.NonAdmin) == ("data_analyst", "")
