"""Walks a list that the server gives page by page, and ends on every response it may give."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from alpine.exception import AlpineException

if TYPE_CHECKING:
    from concurrent.futures import Future

SIDE_BY_SIDE = 10
"""How many pages of an ordered list are asked for at the same time."""


@dataclass(frozen=True)
class Listing:
    """A list on the server.

    :param path: Its path, already quoted.
    :param action: What is being done, as in "list workspaces", for messages.
    :param params: The query, without the pages.
    :param errors: The exceptions for status codes that mean something special here.
    :param ordered: Whether the server gives it in an order, so that pages can be asked for at the same time.
    :param feature: What the server lacks where it has no such list, as in "datasets".
    """

    path: str
    action: str
    params: Mapping[str, object] | None = None
    errors: Mapping[int, type[AlpineException]] | None = None
    ordered: bool = True
    feature: str = ""


@dataclass(frozen=True)
class Page:
    """One page of a list.

    :param rows: Its rows.
    :param pages: How many pages the server says there are; None where it does not say.
    :param records: How many rows the server says there are in all; None where it does not say.
    :param paged: Whether the response spoke of pages at all.
    """

    rows: list[dict[str, Any]]
    pages: int | None
    records: int | None
    paged: bool

    def is_last(self, number: int) -> bool:
        if not self.rows or not self.paged:
            return True
        return self.pages is not None and number >= self.pages


Fetch = Callable[[int], Page]


def walk(fetch: Fetch) -> Iterator[dict[str, Any]]:
    """One page after the other, each when it is needed; no row twice."""
    seen = _Seen()
    number, page = 1, fetch(1)
    while True:
        fresh = seen.fresh(page.rows)
        yield from fresh
        # A server that ignores the page number sends the same rows for ever.
        if page.is_last(number) or not fresh:
            return
        number += 1
        page = fetch(number)


def collect(fetch: Fetch) -> tuple[list[dict[str, Any]], int | None]:
    """The whole of an ordered list, its later pages several at a time; and the number of rows the server promised."""
    first = fetch(1)
    last = first.pages or 1
    if first.is_last(1) or last <= 2:
        return read_in_turn(fetch, first)
    seen = _Seen()
    rows = seen.fresh(first.rows)
    number, final = 1, first
    for page in _side_by_side(fetch, last):
        number, final = number + 1, page
        fresh = seen.fresh(page.rows)
        rows += fresh
        # The number of pages is only what a server says: it ends where nothing new comes.
        if not fresh:
            break
    while fresh and not final.is_last(number):
        # The list grew while it was read.
        number += 1
        final = fetch(number)
        fresh = seen.fresh(final.rows)
        rows += fresh
    if final.records is not None and len(rows) < final.records:
        return read_in_turn(fetch)
    return rows, final.records


def read_in_turn(fetch: Fetch, first: Page | None = None) -> tuple[list[dict[str, Any]], int | None]:
    """The whole of a list, one page after the other; and the number of rows the server promised."""
    records: int | None = None

    def fetch_and_note(number: int) -> Page:
        nonlocal records
        page = first if first is not None and number == 1 else fetch(number)
        records = page.records
        return page

    return list(walk(fetch_and_note)), records


def _side_by_side(fetch: Fetch, last: int) -> Iterator[Page]:
    """The pages from the second to the last, a few of them asked for ahead."""
    from concurrent.futures import ThreadPoolExecutor  # needed only for lists of more than two pages

    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="alpine-pages") as pool:

        def submit(number: int) -> Future[Page]:
            # In this thread's context: a deadline that holds here holds there.
            return pool.submit(copy_context().run, fetch, number)

        numbers = iter(range(2, last + 1))
        ahead = deque(map(submit, islice(numbers, SIDE_BY_SIDE)))
        try:
            while ahead:
                yield ahead.popleft().result()
                ahead.extend(map(submit, islice(numbers, 1)))
        finally:
            for asked in ahead:
                asked.cancel()


class _Seen:
    """Which things a list has already brought: those of equal kind and id are the same."""

    def __init__(self) -> None:
        self._keys: set[tuple[str, str]] = set()
        self._nameless: set[str] = set()

    def fresh(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        fresh = []
        nameless = set()
        for row in rows:
            if row.get("id") is None:
                # Nothing tells two of one page apart from one another; on a later page they are a repetition.
                looks = repr(row)
                nameless.add(looks)
                is_fresh = looks not in self._nameless
            else:
                key = repr(row.get("entity_type")), repr(row["id"])
                is_fresh = key not in self._keys
                self._keys.add(key)
            if is_fresh:
                fresh.append(row)
        self._nameless |= nameless
        return fresh
