"""Tags, and what they are on."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.tags import tag_object, tag_objects
from alpine.sandbox.routes.entities import TAGGABLE, entity
from alpine.sandbox.state.collaboration import Tag, Target
from alpine.sandbox.web.call import Call, Routes, by_name, envelope
from alpine.sandbox.web.errors import Forbidden, FrameworkError, Invalid, json_response
from alpine.sandbox.web.params import as_list, as_text

routes: Routes = Routes()

_LONGEST = 100


@routes.add("GET", "/tags")
def index(call: Call) -> Response:
    """List the tags by name, those with a part of it on request."""
    wanted = call.params.text("q").lower()
    rows = [tag for tag in call.state.table(Tag) if wanted in tag.name.lower()]
    return call.paged(by_name(rows, lambda tag: tag.name), tag_object)


@routes.add("GET", "/taggings")
def of_entity(call: Call) -> Response:
    """List the tags on one thing, without pages."""
    target = entity(call, call.params.get("entity_type"), call.params.get("entity_id"), TAGGABLE)
    return envelope(tag_objects(call.state, target))


@routes.add("POST", "/taggings")
def change(call: Call) -> Response:
    """Put one tag on things, or take it off; things before one that is refused keep the change."""
    sent = call.params.resource("tagging")
    if "add" not in sent and "remove" not in sent:
        raise FrameworkError(500)
    for each in as_list(sent.get("taggables")):
        asked: dict[str, Any] = each if isinstance(each, dict) else {}
        target = entity(call, asked.get("entity_type"), asked.get("entity_id"), TAGGABLE)
        if "add" in sent:
            _add(call, target, as_text(sent["add"]))
        else:
            _remove(call, target, as_text(sent["remove"]))
    return json_response({}, 201)


@routes.add("PUT", "/tags/<id>")
def update(call: Call) -> Response:
    """Rename a tag, which everybody may."""
    tag = call.record(call.state.table(Tag))
    name = as_text(call.params.resource("tag").get("name"))
    _check(name)
    other = _named(call, name)
    if other is not None and other is not tag:
        raise Invalid.field("name", "TAKEN")
    tag.name = name
    return envelope(tag_object(tag))


@routes.add("DELETE", "/tags/<id>")
def delete(call: Call) -> Response:
    """Remove a tag from everything that it is on."""
    tag = call.record(call.state.table(Tag))
    if not call.user.admin:
        raise Forbidden
    tag.deleted = True
    return call.done()


def _add(call: Call, target: Target, name: str) -> None:
    _check(name)
    tag = _named(call, name) or call.state.table(Tag).add(Tag(name=name))
    tag.uses.setdefault(target)


def _remove(call: Call, target: Target, name: str) -> None:
    tag = _named(call, name)
    if tag is not None:
        tag.uses.pop(target, None)


def _named(call: Call, name: str) -> Tag | None:
    return next((tag for tag in call.state.table(Tag) if tag.name.lower() == name.lower()), None)


def _check(name: str) -> None:
    if len(name) > _LONGEST:
        raise Invalid.field("base", "TOO_LONG", {"field": "Tag", "count": _LONGEST})
    if "," in name or not name.strip():
        raise Invalid.field("name", "INVALID")
