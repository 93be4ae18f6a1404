"""Lists of datasets: read as a whole, though the server's pages may repeat some of them and skip others.

The server cuts its pages in another order than the one in which it looks the tables up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from alpine._arguments import page_size
from alpine._display.records import RecordList
from alpine._pager import Listing
from alpine.alpineobject import UNORDERED_PAGE, AlpineObject

FEATURE = "datasets"
"""What a server lacks that has none of these endpoints."""


def whole_list(resource: AlpineObject, listing: Listing, per_page: object) -> RecordList:
    """All datasets of a list, each once; those that the pages skipped are asked for again, all in one page."""
    return RecordList(each_once(resource, listing, per_page))


def each_once(resource: AlpineObject, listing: Listing, per_page: object) -> Iterator[dict[str, Any]]:
    """The datasets of a list, each once, page by page; in the end those that the pages skipped."""
    size = max(page_size(per_page), UNORDERED_PAGE)
    listing = replace(listing, ordered=False, feature=FEATURE)
    return _each_once(resource, listing, size)


def _each_once(resource: AlpineObject, listing: Listing, size: int) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    records: int | None = None
    fetch = resource._fetch(listing, size)
    number, is_last, is_repeated = 0, False, False
    while not is_last:
        number += 1
        page = fetch(number)
        records = page.records
        fresh = list(_fresh(page.rows, seen))
        is_repeated |= len(fresh) < len(page.rows)
        yield from fresh
        is_last = page.is_last(number) or not fresh
    if records is None or len(seen) >= records or not (is_repeated or number > 1):
        return
    yield from _fresh(resource._fetch(listing, max(records, size))(1).rows, seen)
    if len(seen) < records:
        resource.logger.warning(
            "Could not %s as a whole: the server has %d of them, and shows %d to this user.",
            listing.action,
            records,
            len(seen),
        )


def _fresh(rows: list[dict[str, Any]], seen: set[str]) -> Iterator[dict[str, Any]]:
    for row in rows:
        key = repr(row if row.get("id") is None else row["id"])
        if key not in seen:
            seen.add(key)
            yield row
