"""Pages of a list, as will_paginate cuts them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from alpine.sandbox.web.errors import FrameworkError, Invalid
from alpine.sandbox.web.params import Params

T = TypeVar("T")

DEFAULT_PER_PAGE = 50


def page_of(rows: Sequence[T], params: Params) -> tuple[Sequence[T], dict[str, Any]]:
    """Cut the page that a request asks for.

    :param rows: All rows in order.
    :param params: The request's ``page`` and ``per_page``.
    :returns: The rows of the page, and the ``pagination`` object.
    :raises FrameworkError: 404 for a page that is no positive number.
    :raises Invalid: For a negative ``per_page``.
    """
    page = _page_number(params.text("page") or "1")
    per_page = _leading_number(params.text("per_page") or str(DEFAULT_PER_PAGE))
    if per_page < 0:
        raise Invalid.field("general", "GENERIC", {"message": "LIMIT must not be negative"})
    pagination: dict[str, Any] = {"page": page, "per_page": per_page, "records": len(rows), "total": None}
    if per_page == 0:
        return [], pagination
    pagination["total"] = max(1, -(-len(rows) // per_page))
    start = (page - 1) * per_page
    return rows[start : start + per_page], pagination


def _page_number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) == 0:
        raise FrameworkError(404)
    return int(text)


def _leading_number(text: str) -> int:
    match = re.match(r"\s*(-?[0-9]{1,9})", text)
    return int(match[1]) if match else 0
