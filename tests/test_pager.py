"""A list is complete, in order, without repetition, and it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from alpine._http import deadline
from alpine._pager import SIDE_BY_SIDE, Page, collect, read_in_turn, walk

Pages = Callable[[int], Page]


def rows(*ids: int) -> list[dict[str, Any]]:
    return [{"id": number, "entity_type": "workfile"} for number in ids]


def paged(total: int, size: int, *, pages: int | None = -1, records: int | None = -1) -> Pages:
    def fetch(number: int) -> Page:
        content = rows(*range(total))[(number - 1) * size : number * size]
        count = max(1, -(-total // size))
        return Page(content, count if pages == -1 else pages, total if records == -1 else records, True)

    return fetch


def ids(found: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in found]


@pytest.mark.parametrize("total", [0, 1, 2, 49, 50, 51, 120, 1000])
@pytest.mark.parametrize("size", [1, 2, 50, 1000])
def test_every_row_once_and_in_order(total: int, size: int) -> None:
    assert ids(list(walk(paged(total, size)))) == list(range(total))
    assert ids(collect(paged(total, size))[0]) == list(range(total))


@pytest.mark.parametrize("pages", [None, 1000])
def test_a_page_count_that_is_missing_or_wrong_is_no_trap(pages: int | None) -> None:
    assert ids(list(walk(paged(25, 10, pages=pages)))) == list(range(25))


def test_without_pagination_the_answer_is_complete() -> None:
    calls = []

    def fetch(number: int) -> Page:
        calls.append(number)
        return Page(rows(1, 2), None, None, False)

    assert ids(collect(fetch)[0]) == [1, 2]
    assert calls == [1]


def test_a_server_that_ignores_the_page_number_is_no_trap() -> None:
    assert ids(list(walk(lambda _number: Page(rows(1, 2), None, 2, True)))) == [1, 2]
    assert ids(collect(lambda _number: Page(rows(1, 2), 5, 2, True))[0]) == [1, 2]
    assert len(list(walk(lambda _number: Page([{"name": "x"}], None, None, True)))) == 1


@pytest.mark.parametrize("row", [{"id": None}, {"id": float("nan")}, {"id": None, "x": float("nan")}, {"id": {}}])
@pytest.mark.parametrize("pages", [None, 10**12])
def test_a_server_that_promises_pages_without_end_is_no_trap(row: dict[str, Any], pages: int | None) -> None:
    calls: list[int] = []

    def fetch(number: int) -> Page:
        calls.append(number)
        return Page([dict(row)], pages, 10**13, True)

    assert len(list(walk(fetch))) == 1
    assert len(collect(fetch)[0]) == 1
    assert len(calls) < 30


def test_rows_without_an_id_are_all_kept_unless_a_later_page_repeats_them() -> None:
    pages = {1: [{"name": "x"}, {"name": "x"}], 2: [{"name": "y"}], 3: [{"name": "x"}]}
    assert len(list(walk(lambda number: Page(pages.get(number, []), None, None, True)))) == 3


def test_rows_that_vanish_while_reading_end_the_list() -> None:
    def fetch(number: int) -> Page:
        return Page(rows(1, 2), 3, 6, True) if number == 1 else Page([], 1, 2, True)

    assert ids(list(walk(fetch))) == [1, 2]
    assert ids(collect(fetch)[0]) == [1, 2]


def test_a_list_that_grows_while_reading_is_read_to_its_end() -> None:
    def fetch(number: int) -> Page:
        pages = 4 if number == 1 else 6
        return Page(rows(number * 2, number * 2 + 1) if number <= 6 else [], pages, pages * 2, True)

    assert ids(collect(fetch)[0]) == list(range(2, 14))


def test_rows_that_moved_between_pages_are_found_in_a_second_reading() -> None:
    first_reading = {1: rows(0, 1), 2: rows(2, 3), 3: rows(4, 5), 4: rows(7)}
    second_reading = {1: rows(0, 1), 2: rows(2, 3), 3: rows(4, 5), 4: rows(6, 7)}
    calls: list[int] = []

    def fetch(number: int) -> Page:
        calls.append(number)
        reading = first_reading if len(calls) <= 4 else second_reading
        return Page(reading[number], 4, 8, True)

    assert ids(collect(fetch)[0]) == list(range(8))


def test_things_of_different_kinds_may_share_an_id() -> None:
    page = Page(
        [{"id": 1, "entity_type": "a"}, {"id": 1, "entity_type": "b"}, {"id": 1, "entity_type": "a"}], 1, 2, True
    )
    assert len(list(walk(lambda _number: page))) == 2


def test_pages_are_fetched_when_they_are_needed() -> None:
    calls: list[int] = []

    def fetch(number: int) -> Page:
        calls.append(number)
        return paged(30, 10)(number)

    walker = walk(fetch)
    next(walker)
    assert calls == [1]


class Counted:
    """Pages that remember by which threads they were asked for, and when the last page of all was."""

    def __init__(self, pages: Pages, together: int = 0) -> None:
        self.pages = pages
        self.numbers: list[int] = []
        self.threads: set[int] = set()
        self._meeting = threading.Barrier(together) if together else None

    def __call__(self, number: int) -> Page:
        self.numbers.append(number)
        self.threads.add(threading.get_ident())
        if self._meeting is not None and 2 <= number <= 1 + self._meeting.parties:
            # All of them are on their way before the first comes.
            self._meeting.wait(5)
        return self.pages(number)


@pytest.mark.parametrize("total", [0, 1, 10, 11, 20, 21, 30, 31, 120, 125])
def test_each_page_is_asked_for_once(total: int) -> None:
    fetch = Counted(paged(total, 10))
    assert ids(collect(fetch)[0]) == list(range(total))
    assert sorted(fetch.numbers) == list(range(1, max(1, -(-total // 10)) + 1))
    assert len(fetch.threads) == 1 or total > 20, "two pages need no helpers"


@pytest.mark.parametrize(("pages", "together"), [(3, 2), (11, 10), (40, 10)])
def test_as_many_as_ten_pages_are_asked_for_at_a_time(pages: int, together: int) -> None:
    fetch = Counted(paged(pages * 10, 10), together)
    assert ids(collect(fetch)[0]) == list(range(pages * 10))
    assert 2 <= len(fetch.threads) <= 11


def test_no_more_than_ten_pages_are_asked_for_beyond_the_end_of_a_list() -> None:
    fetch = Counted(lambda number: paged(50, 10, pages=1000)(number))
    assert ids(collect(fetch)[0]) == list(range(50))
    assert max(fetch.numbers) <= 6 + SIDE_BY_SIDE


def test_pages_that_came_while_a_list_was_read_are_asked_for_once_each() -> None:
    def growing(number: int) -> Page:
        pages = 4 if number == 1 else 7
        return Page(rows(number * 2, number * 2 + 1) if number <= 7 else [], pages, pages * 2, True)

    fetch = Counted(growing)
    assert ids(collect(fetch)[0]) == list(range(2, 16))
    assert sorted(fetch.numbers) == list(range(1, 8))


@pytest.mark.parametrize(("total", "records"), [(15, 15), (15, None), (25, 25), (25, None), (25, 24), (0, 0)])
def test_the_number_of_rows_that_the_server_promised_is_told(total: int, records: int | None) -> None:
    fetch = Counted(paged(total, 10, records=records))
    assert collect(fetch) == (rows(*range(total)), records)
    assert len(fetch.numbers) == max(1, -(-total // 10)), "nothing is missing, so nothing is read again"
    assert read_in_turn(paged(total, 10, records=records)) == (rows(*range(total)), records)


def test_a_deadline_holds_for_pages_that_are_asked_for_at_the_same_time() -> None:
    seen: set[str] = set()

    def fetch(number: int) -> Page:
        seen.add(str(deadline.current()))
        return paged(50, 10)(number)

    with deadline.limited(60):
        collect(fetch)
    assert seen == {"the deadline of 60 s"}
