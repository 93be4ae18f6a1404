"""The parameters of a request, read as Rails reads them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

from alpine.sandbox.web.errors import FrameworkError

_DEEPEST = 32


class Params(Mapping[str, Any]):
    """All parameters; a name in several places is taken from the query before the body.

    :param body: What the body says.
    :param query: What the query string says.
    :param wrappable: Whether flat keys of the body may stand for a wrapped resource.
    """

    def __init__(self, body: dict[str, Any], query: dict[str, Any], wrappable: bool) -> None:
        self._body = body
        self._all = {**body, **query}
        self._wrappable = wrappable

    def __getitem__(self, name: str) -> Any:
        return self._all[name]

    def __iter__(self) -> Any:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def text(self, name: str) -> str:
        """One parameter as text; anything that is no simple value counts as empty.

        :param name: Its name.
        :returns: The text.
        """
        return as_text(self._all.get(name))

    def resource(self, name: str, flat: Collection[str] | None = None) -> dict[str, Any]:
        """The attributes of the resource that the request is about.

        :param name: The wrapper, such as ``user``.
        :param flat: Which unwrapped keys count; None for all of them.
        :returns: The attributes sent.
        """
        wrapped = self._all.get(name)
        if isinstance(wrapped, dict):
            return wrapped
        if not self._wrappable:
            return {}
        return {key: value for key, value in self._body.items() if flat is None or key in flat}


def read_params(request: Request) -> Params:
    """Read query and body of a request.

    :param request: The request; its body is consumed.
    :returns: The parameters.
    :raises FrameworkError: 400 when a body is not what its type says.
    """
    query = nested(request.args.items(multi=True))
    kind = request.mimetype
    if kind == "application/json":
        return Params(_json_body(request), query, wrappable=True)
    if request.method == "GET":
        return Params({}, query, wrappable=False)
    try:
        pairs = [*request.form.items(multi=True), *request.files.items(multi=True)]
    except HTTPException:
        raise
    except ValueError as error:
        raise FrameworkError(400) from error
    return Params(nested(pairs), query, wrappable=kind != "multipart/form-data")


def nested(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Build what ``a[b][]=1`` spells.

    :param pairs: Names with brackets, and values.
    :returns: Dictionaries and lists; numbered keys stay dictionaries in order of appearance.
    :raises FrameworkError: 400 when names contradict each other.
    """
    tree: dict[str, Any] = {}
    for name, value in pairs:
        head, *rest = name.replace("]", "").split("[")
        if len(rest) > _DEEPEST:
            raise FrameworkError(400)
        _put(tree, [head, *rest], value)
    return tree


def _put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for depth, key in enumerate(path[:-1]):
        if path[depth + 1] == "":
            _put_in_list(tree, key, path[depth + 2 :], value)
            return
        branch = tree.setdefault(key, {})
        if not isinstance(branch, dict):
            raise FrameworkError(400)
        tree = branch
    tree[path[-1]] = value


def _put_in_list(tree: dict[str, Any], key: str, rest: list[str], value: Any) -> None:
    items = tree.setdefault(key, [])
    if not isinstance(items, list):
        raise FrameworkError(400)
    if not rest:
        items.append(value)
        return
    # Rails starts a new element when the last one already has this key.
    if not items or not isinstance(items[-1], dict) or rest[0] in items[-1]:
        items.append({})
    _put(items[-1], rest, value)


def _json_body(request: Request) -> dict[str, Any]:
    raw = request.get_data()
    # Werkzeug cuts a chunked body off at the limit, and only the next read says so.
    request.stream.read(1)
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise FrameworkError(400) from error
    body = _munged(body, 0)
    return body if isinstance(body, dict) else {"_json": body}


def _munged(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise FrameworkError(400)
    if isinstance(value, dict):
        return {key: _munged(item, depth + 1) for key, item in value.items()}
    if isinstance(value, str) and not value.isascii():
        _refuse_half_characters(value)
    if isinstance(value, list):
        kept = [_munged(item, depth + 1) for item in value if item is not None]
        return kept or None
    return value


def _refuse_half_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FrameworkError(400) from error


def as_text(value: Any) -> str:
    """Read a parameter as text.

    :param value: What was sent.
    :returns: The text; empty for null and for lists and objects.
    """
    if value is None or isinstance(value, (dict, list)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else ""


def as_bool(value: Any) -> bool:
    """Read a parameter as a truth value, as a Rails column does.

    :param value: What was sent.
    :returns: True for true, ``"true"``, ``"1"``, ``"t"``, ``"on"`` and 1.
    """
    return as_text(value).lower() in {"true", "1", "t", "on", "1.0"}


def as_id(value: Any) -> int | None:
    """Read a parameter as an id.

    :param value: What was sent.
    :returns: The number, or None when it is none.
    """
    text = as_text(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def as_list(value: Any) -> list[Any]:
    """Read a parameter that is a list, whether as JSON, ``x[]`` or ``x[0]``.

    :param value: What was sent.
    :returns: The elements.
    """
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
