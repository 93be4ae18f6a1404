"""How a response differs from what is expected, told without anything that the response holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alpine import _json
from alpine._conformance.expectation import Answer, Expectation, Kind

_PAGINATION = (("page", "integer"), ("per_page", "integer"), ("records", "integer"), ("total", "integer|null"))
_ENVELOPED = {Kind.OBJECT, Kind.LIST, Kind.PAGED}
_NO_KEY = "no such key"


@dataclass(frozen=True)
class Difference:
    """What was expected and what was seen: types, statuses and keys of the table, and never a value."""

    expected: str
    seen: str


def differences(expectation: Expectation, params: Mapping[str, object], body: bytes) -> Iterator[Difference]:
    """How a response with the expected status differs."""
    answer = expectation.answer
    match answer.kind:
        case Kind.STATUS_ONLY:
            return
        case Kind.ANYTHING | Kind.CONTENT | Kind.VERSION:
            yield from _of_content(answer.kind, body)
        case Kind.TEXT:
            yield from _of_text(answer, body)
        case Kind.ENGINE:
            yield from _of_engine(answer, params, body)
        case Kind.RESULTS:
            yield from _of_results(answer, body)
        case _:
            yield from _of_document(answer, params, body)


def is_enveloped(body: bytes) -> bool:
    """Whether a response that says no is the API's, and not the web framework's or a proxy's."""
    document = _document(body)
    return isinstance(document, dict) and isinstance(document.get("errors"), dict)


def rows_of(body: bytes) -> list[dict[str, Any]]:
    """The objects in a response, with or without an envelope."""
    document = _document(body)
    if isinstance(document, dict):
        document = document.get("response", document)
    return [row for row in (document if isinstance(document, list) else [document]) if isinstance(row, dict)]


def value_at(row: object, key: str) -> Any:
    """The value at a dotted key; None if there is none."""
    for name in key.split("."):
        row = row.get(name) if isinstance(row, dict) else None
    return row


def form_of(body: bytes) -> str:
    """What a body is, in words."""
    if not body.strip():
        return "nothing"
    if body.lstrip()[:1] == b"<":
        return "an HTML page"
    document = _document(body)
    return "a text" if document is None else f"JSON: {_type_of(document)}"


def _document(body: bytes) -> Any:
    try:
        return _json.loads(body)
    except (ValueError, RecursionError):
        return None


def _of_content(kind: Kind, body: bytes) -> Iterator[Difference]:
    form = form_of(body)
    wrong = form == "an HTML page" or (kind is Kind.CONTENT and form == "nothing")
    if kind is Kind.VERSION:
        wrong = not re.match(rb"\d+\.\d+[^\s<]*\s*$", body)
    if wrong:
        yield Difference(kind, form)


def _of_text(answer: Answer, body: bytes) -> Iterator[Difference]:
    said = body.decode("utf-8", "replace").strip().strip('"').casefold()
    if said not in {text.casefold() for text in answer.texts}:
        form = form_of(body)
        yield Difference(" or ".join(f'"{text}"' for text in answer.texts), form.replace("a text", "another text"))


def _of_engine(answer: Answer, params: Mapping[str, object], body: bytes) -> Iterator[Difference]:
    document = _document(body)
    said = document.get("status") if isinstance(document, dict) else None
    if isinstance(said, str):
        # Some versions put the text into an object.
        yield from _of_text(answer, said.encode("utf-8", "replace"))
    elif isinstance(document, dict):
        yield from _of_document(answer, params, body)
    else:
        yield from _of_text(answer, body)


def _of_results(answer: Answer, body: bytes) -> Iterator[Difference]:
    document = _document(body)
    if isinstance(document, str):
        if not document.strip():
            return
        document = _document(document.encode("utf-8", "surrogatepass"))
    if document is None and not body.strip():
        return
    if isinstance(document, dict):
        yield from _of_keys(_keys(answer.keys), document, "")
    else:
        yield Difference(answer.kind, form_of(body))


def _of_document(answer: Answer, params: Mapping[str, object], body: bytes) -> Iterator[Difference]:
    document = _document(body)
    if not isinstance(document, dict):
        yield Difference(answer.kind, form_of(body))
    elif answer.kind is Kind.ERROR:
        yield from _of_error(answer, document)
    elif answer.kind not in _ENVELOPED:
        yield from _of_keys(_keys(answer.keys), document, "")
    else:
        content: Any = document.get("response")
        wanted = "object" if answer.kind is Kind.OBJECT else "list"
        if _type_of(content) != wanted:
            yield Difference(f"response: {wanted}", f"response: {_seen(document, 'response')}")
            return
        found: dict[Difference, None] = {}
        for row in content if isinstance(content, list) else [content]:
            # Each difference once, however many rows have it.
            found |= dict.fromkeys(_of_row(answer, row))
        yield from found
        if answer.kind is Kind.PAGED:
            yield from _of_pages(document, content, params)


def _of_row(answer: Answer, row: object) -> Iterator[Difference]:
    if isinstance(row, dict):
        yield from _of_keys(_keys(answer.keys), row, "")
    else:
        yield Difference("rows: object", f"rows: {_type_of(row)}")


def _of_error(answer: Answer, document: dict[str, Any]) -> Iterator[Difference]:
    errors = document.get("errors")
    if not isinstance(errors, dict):
        yield Difference("errors: object", f"errors: {_seen(document, 'errors')}")
        return
    path, _, code = answer.code.rpartition(".")
    if path:
        codes = value_at(errors, path)
        right = isinstance(codes, dict) and code in codes
    else:
        right = errors.get("record") == code
    if not right:
        yield Difference(f"error {answer.code}", "another error")


def _of_pages(document: dict[str, Any], rows: list[Any], params: Mapping[str, object]) -> Iterator[Difference]:
    pagination = document.get("pagination")
    if not isinstance(pagination, dict):
        yield Difference("pagination: object", f"pagination: {_seen(document, 'pagination')}")
        return
    wrong = list(_of_keys(_PAGINATION, pagination, "pagination."))
    yield from wrong
    if wrong:
        return
    page, size = params.get("page", 1), params["per_page"]
    for key, sent in (("page", page), ("per_page", size)):
        if pagination[key] != sent:
            yield Difference(f"pagination.{key}: as asked for", f"pagination.{key}: another number")
    records, total = pagination["records"], pagination["total"]
    if isinstance(size, int) and total != max(1, -(-records // size)):
        yield Difference("pagination.total: the number of pages", "pagination.total: another number")
    if isinstance(size, int) and len(rows) > size:
        yield Difference("rows: at most per_page", "rows: more")
    if isinstance(page, int) and isinstance(total, int) and page > total and rows:
        yield Difference("rows: none beyond the last page", "rows: some")


def _of_keys(keys: tuple[tuple[str, str], ...], row: dict[str, Any], prefix: str) -> Iterator[Difference]:
    for name, types in keys:
        key, may_miss = name.removesuffix("?"), name.endswith("?")
        above, _, last = key.rpartition(".")
        holder = value_at(row, above) if above else row
        if not isinstance(holder, dict) or last not in holder:
            if not may_miss:
                yield Difference(f"{prefix}{key}: {types}", f"{prefix}{key}: {_NO_KEY}")
            continue
        seen = _type_of(holder[last])
        if seen not in types.split("|"):
            yield Difference(f"{prefix}{key}: {types}", f"{prefix}{key}: {seen}")


def _keys(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, types) for name, _, types in (each.partition(":") for each in text.split()))


def _seen(document: dict[str, Any], key: str) -> str:
    return _type_of(document[key]) if key in document else _NO_KEY


def _type_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {int: "integer", float: "number", str: "string", list: "list", dict: "object"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "null")
