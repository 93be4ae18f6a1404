from __future__ import annotations

import pytest

from tests.sandbox.wire import Wire


def page(wire: Wire, **params: object) -> tuple[int, dict[str, object]]:
    body = wire("GET", "/users", params=params).json()
    return len(body["response"]), body["pagination"]


def test_the_first_fifty_come_by_default(wire: Wire) -> None:
    for number in range(60):
        wire.ok("POST", "/workspaces", json={"name": f"w{number}"})
    body = wire("GET", "/workspaces").json()
    assert len(body["response"]) == 50
    assert body["pagination"] == {"page": 1, "per_page": 50, "records": 61, "total": 2}


def test_a_page_has_what_was_asked_for(wire: Wire) -> None:
    assert page(wire, per_page=3) == (3, {"page": 1, "per_page": 3, "records": 4, "total": 2})
    assert page(wire, per_page=3, page=2) == (1, {"page": 2, "per_page": 3, "records": 4, "total": 2})


def test_an_empty_list_has_one_page(wire: Wire) -> None:
    body = wire("GET", "/workspaces/1/jobs").json()
    assert body == {"response": [], "pagination": {"page": 1, "per_page": 50, "records": 0, "total": 1}}


def test_a_page_beyond_the_end_is_empty_and_echoed(wire: Wire) -> None:
    assert page(wire, page=9) == (0, {"page": 9, "per_page": 50, "records": 4, "total": 1})


def test_no_rows_for_each_page_make_the_total_null(wire: Wire) -> None:
    assert page(wire, per_page=0) == (0, {"page": 1, "per_page": 0, "records": 4, "total": None})


@pytest.mark.parametrize("number", ["0", "-1", "x"])
def test_a_page_that_is_none_is_a_404_of_the_framework(wire: Wire, number: str) -> None:
    answer = wire("GET", "/users", params={"page": number})
    assert answer.status_code == 404
    assert "<html>" in answer.text


def test_a_negative_page_size_is_refused(wire: Wire) -> None:
    assert "GENERIC" in wire.fields("GET", "/users", params={"per_page": "-1"})["general"]
