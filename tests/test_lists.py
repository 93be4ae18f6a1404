"""Every list is complete, in order, without duplicates, and ends, whatever the size of its pages."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from alpine import APIClient
from alpine.sandbox import Sandbox
from tests.scripted import Asked, Reply, ScriptedServer

JOBS, WORKFILES, USERS, WORKSPACES, SOURCES, MEMBERS = 120, 1000, 60, 55, 53, 57
PAGE_SIZES = [1, 2, 50, 1000]
NAMES = ["{} mixed Case", "{} lower", "{} UPPER"]


@pytest.fixture(scope="module")
def full() -> Iterator[APIClient]:
    """A server with long lists, which the tests only read."""
    with Sandbox() as server, server.client() as client:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda call: call(), fillings(client)))
        others = [user["id"] for user in client.user.get_list() if user["id"] != client.user_id]
        people = [client.user_id, *others][:MEMBERS]
        members = [{"user_id": number, "role": "Project Member"} for number in people]
        client.request("POST", "workspaces/1/members", json={"collection": {}, "members": members})
        yield client


def fillings(client: APIClient) -> Iterator[Callable[[], Any]]:
    def name(number: int) -> str:
        return NAMES[number % 3].format(number)

    def post(path: str, document: dict[str, Any]) -> Callable[[], Any]:
        return lambda: client.request("POST", path, json=document)

    there = len(client.workfile.get_list(1))
    yield from (post("workspaces/1/workfiles", {"workfile": {"file_name": name(n)}}) for n in range(WORKFILES - there))
    for number in range(JOBS):
        document = {"name": name(number), "interval_unit": "on_demand", "interval_value": 0}
        yield post("workspaces/1/jobs", {"job": document})
    yield from (post("workspaces", {"name": name(number)}) for number in range(WORKSPACES - 1))
    for number in range(USERS - 4):
        person = {"username": f"u{number}", "first_name": name(number % 7), "last_name": "L", "password": "password"}
        yield post("users", {**person, "email": "u@example.com", "user_type": "collaborator"})
    kind = client.datasource.dsType.PostgreSQLDatabase
    for number in range(SOURCES - 4):
        yield lambda number=number: client.datasource.create(name(number), kind, "db.example.com", 5432, "d", "u", "pw")  # type: ignore[misc]


LISTS: dict[str, tuple[int, str | None, Callable[[APIClient, int], Any], Callable[[APIClient, int], Any]]] = {
    "jobs": (JOBS, "name", lambda c, n: c.job.get_list(1, n), lambda c, n: c.job.iterate(1, n)),
    "workfiles": (
        WORKFILES,
        "file_name",
        lambda c, n: c.workfile.get_list(1, n),
        lambda c, n: c.workfile.iterate(1, n),
    ),
    "workspaces": (
        WORKSPACES,
        "name",
        lambda c, n: c.workspace.get_list(per_page=n),
        lambda c, n: c.workspace.iterate(per_page=n),
    ),
    "users": (USERS, "first_name", lambda c, n: c.user.get_list(n), lambda c, n: c.user.iterate(n)),
    "members": (
        MEMBERS,
        None,
        lambda c, n: c.workspace.member.get_list(1, n),
        lambda c, n: c.workspace.member.iterate(1, n),
    ),
    "sources": (SOURCES, None, lambda c, n: c.datasource.get_list(None, n), lambda c, n: c.datasource.iterate(None, n)),
}


@pytest.mark.parametrize("per_page", PAGE_SIZES)
@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_complete_and_in_order(full: APIClient, name: str, per_page: int) -> None:
    count, key, get_list, _ = LISTS[name]
    rows = get_list(full, per_page)
    assert isinstance(rows, list)
    assert len({(row.get("entity_type"), row["id"]) for row in rows}) == len(rows) == count
    if key:
        assert rows == sorted(rows, key=lambda row: (row[key].lower(), row["id"]))


@pytest.mark.parametrize("name", LISTS)
def test_walking_a_list_gives_the_same(full: APIClient, name: str) -> None:
    _, _, get_list, iterate = LISTS[name]
    assert list(iterate(full, 50)) == get_list(full, 1000)


def test_walking_asks_only_for_the_pages_that_are_needed(full: APIClient) -> None:
    asked: list[str] = []
    full.session.hooks["response"].append(lambda answer, **_: asked.append(answer.url))
    try:
        assert len(list(itertools.islice(full.workfile.iterate(1, 10), 25))) == 25
    finally:
        full.session.hooks["response"].clear()
    assert len(asked) == 3


def test_a_filtered_list_is_complete_too(full: APIClient) -> None:
    flows = full.workfile.get_list(1, 1, file_type="work_flow")
    assert [row["file_name"] for row in flows] == ["order_filter", "order_report"]
    assert len(full.workfile.get_list(1, 50, name_pattern="UPPER")) == (WORKFILES - len(flows)) // 3


@pytest.mark.parametrize("per_page", PAGE_SIZES)
def test_an_empty_list_is_empty(full: APIClient, per_page: int) -> None:
    number = full.workspace.get_id("0 mixed Case")
    assert full.job.get_list(number, per_page) == full.workfile.get_list(number, per_page) == []
    assert list(full.job.iterate(number, per_page)) == list(full.workfile.iterate(number, per_page)) == []
    assert full.workspace.get_list(active=False, per_page=per_page) == []


@pytest.mark.parametrize("pagination", [{"page": 1, "per_page": 50, "records": 0, "total": 1}, {"total": None}, None])
@pytest.mark.parametrize("per_page", PAGE_SIZES)
def test_nobody_is_a_member(
    server: ScriptedServer, session: APIClient, pagination: dict[str, int] | None, per_page: int
) -> None:
    server.on("GET", "/api/workspaces/1/members", Reply({"response": [], "pagination": pagination}))
    assert session.workspace.member.get_list(1, per_page) == []
    assert len(server.asked) == 1


def test_a_list_that_loses_rows_while_it_is_read_ends(server: ScriptedServer, session: APIClient) -> None:
    def vanishing(asked: Asked) -> Reply:
        page = int(asked.query["page"][0])
        rows = [{"id": page, "name": str(page)}] if page < 3 else []
        return Reply({"response": rows, "pagination": {"page": page, "per_page": 1, "records": 2, "total": 5 - page}})

    server.on("GET", "/api/workspaces/1/jobs", vanishing)
    assert [row["id"] for row in session.job.get_list(1, 1)] == [1, 2]
    assert [row["id"] for row in session.job.iterate(1, 1)] == [1, 2]


@pytest.mark.parametrize("per_page", [0, -1, "2", 1.5, None, True])
def test_a_page_of_no_size_is_refused(server: ScriptedServer, session: APIClient, per_page: Any) -> None:
    for _, _, get_list, iterate in LISTS.values():
        for call in (get_list, lambda c, n, iterate=iterate: list(iterate(c, n))):
            with pytest.raises(ValueError, match="per_page must be a whole number"):
                call(session, per_page)
    assert server.asked == []
