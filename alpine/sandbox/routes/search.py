"""The search over everything that the caller may see. Rows of tables are not searched."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.data_sources import full_source
from alpine.sandbox.presenters.datasets import dataset_object
from alpine.sandbox.presenters.people import full_user
from alpine.sandbox.presenters.workfiles import workfile_object
from alpine.sandbox.presenters.workspaces import full_workspace
from alpine.sandbox.state.collaboration import Target, comments_on, tags_of
from alpine.sandbox.state.hdfs import HdfsDataset
from alpine.sandbox.state.model import StateRecord, Workspace
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import Invalid, Refused, json_response
from alpine.sandbox.web.params import as_id

routes: Routes = Routes()

_GROUPS = {
    "user": "users",
    "workspace": "workspaces",
    "workfile": "workfiles",
    "dataset": "datasets",
    "data_source": "data_sources",
    "hdfs_entry": "hdfs_entries",
    "attachment": "other_files",
}
_NAMES = ("name", "first_name", "last_name", "file_name", "object_name")


@dataclass(frozen=True)
class _Thing:
    """Something that can be found: its kind, its texts, and how it is shown."""

    kind: str
    target: Target
    texts: Mapping[str, str]
    workspace_id: int | None
    show: Callable[[], dict[str, Any]]


@routes.add("GET", "/search")
def everything(call: Call) -> Response:
    """Search everything that the caller may see."""
    things = _things(call)
    shown = _grouped(call, things)
    if workspace_id := as_id(call.params.get("workspace_id")):
        workspace = call.seen(found(call.state.workspaces.find(workspace_id)))
        shown["this_workspace"] = _page(call, _within(things, workspace))
    return envelope({**shown, "complete_json": True})


@routes.add("GET", "/search/workspaces")
def own_workspaces(call: Call) -> Response:
    """Search the workspaces that the caller is a member of."""
    own = {row.id for row in call.state.workspaces if call.user.id in row.members}
    return envelope(
        {**_grouped(call, (each for each in _things(call) if each.workspace_id in own)), "complete_json": True}
    )


@routes.add("GET", "/workspaces/<workspace_id>/search")
def one_workspace(call: Call) -> Response:
    """Search one workspace."""
    _check_licence(call)
    workspace = call.workspace()
    return envelope({"this_workspace": _page(call, _within(_things(call), workspace)), "complete_json": True})


@routes.add("GET", "/search/type_ahead")
def type_ahead(call: Call) -> Response:
    """Suggest things by the beginnings of the words of their names."""
    query = call.params.text("query").lower()
    limit = as_id(call.params.get("per_page")) or 3
    rows: list[dict[str, Any]] = []
    for thing in _things(call) if query.strip() else ():
        names = {name: text for name, text in thing.texts.items() if name in _NAMES}
        found_in = {name: _marked(text, query, r"\b") for name, text in names.items()}
        if len(rows) < limit and any(found_in.values()):
            rows.append(
                {**thing.show(), "highlighted_attributes": {key: [text] for key, text in found_in.items() if text}}
            )
    return envelope({"type_ahead": {"results": rows}})


@routes.add("POST", "/search/reindex")
def reindex(call: Call) -> Response:  # noqa: ARG001 - there is no index that could lag
    """Make the index anew; here there is none."""
    return json_response({})


def _check_licence(call: Call) -> None:
    if not call.state.settings.search_licensed:
        raise Refused(403, {"license": "NOT_LICENSED"})


def _grouped(call: Call, things: Iterable[_Thing]) -> dict[str, Any]:
    """What was found of each kind."""
    _check_licence(call)
    wanted = call.params.text("entity_type")
    if wanted and wanted not in _GROUPS:
        raise Invalid.field("entity_type", "INVALID_ENTITY_TYPE")
    rows = list(things)
    return {
        group: _page(call, [each for each in rows if each.kind == kind])
        for kind, group in _GROUPS.items()
        if not wanted or kind == wanted
    }


def _page(call: Call, things: Iterable[_Thing]) -> dict[str, Any]:
    query = call.params.text("query").lower()
    is_tag = call.params.text("tag") == "true"
    rows: list[tuple[_Thing, dict[str, list[str]], list[str]]] = []
    for thing in things if query.strip() else ():
        if is_tag:
            if any(tag.name.lower() == query for tag in tags_of(call.state, thing.target)):
                rows.append((thing, {}, []))
            continue
        marked = {name: [text] for name, each in thing.texts.items() if (text := _marked(each, query))}
        said = [text for each in _said(call, thing) if (text := _marked(each, query))]
        if marked or said:
            rows.append((thing, marked, said))
    limit = as_id(call.params.get("per_type")) or as_id(call.params.get("per_page")) or 50
    start = 0 if call.params.text("per_type") else ((as_id(call.params.get("page")) or 1) - 1) * limit
    shown = [
        {
            **thing.show(),
            "highlighted_attributes": marked,
            "comments": [{"highlighted_attributes": {"body": [text]}} for text in said],
        }
        for thing, marked, said in rows[start : start + limit]
    ]
    return {"results": shown, "numFound": len(rows)}


def _marked(text: str, query: str, start: str = "") -> str:
    """A text with what was looked for between ``<em>`` and ``</em>``; empty where it is not in it."""
    pattern = start + re.escape(query)
    if not re.search(pattern, text, re.I):
        return ""
    return re.sub(f"({pattern})", "<em>\\1</em>", html.escape(text, quote=False), flags=re.I)


def _said(call: Call, thing: _Thing) -> list[str]:
    """The notes and comments on a thing that the caller may see."""
    events = [event for event in call.state.events.talk_about(thing.target) if call.view.may_see_event(event)]
    notes = [event.body or "" for event in events if event.is_note]
    return notes + [comment.body for event in events for comment in comments_on(call.state, event)]


def _within(things: Iterable[_Thing], workspace: Workspace) -> list[_Thing]:
    return [each for each in things if each.workspace_id == workspace.id and each.kind != "workspace"]


def _things(call: Call) -> list[_Thing]:
    """Everything that the caller may see."""
    state, view = call.state, call.view

    def thing(
        kind: str,
        record: StateRecord,
        names: Iterable[str],
        show: Callable[[], dict[str, Any]],
        workspace: int | None = None,
    ) -> _Thing:
        texts = {("object_name" if kind == "dataset" else name): str(getattr(record, name)) for name in names}
        entity_type = getattr(record, "entity_type", kind)
        return _Thing(kind, (entity_type, record.id), texts, workspace, show)

    seen = {row.id for row in state.workspaces if view.may_see(row)}
    rows = [thing("user", row, ("first_name", "last_name", "username"), partial(full_user, row)) for row in state.users]
    rows += [
        thing("workspace", row, ("name", "summary"), partial(full_workspace, view, row), row.id)
        for row in state.workspaces
        if row.id in seen
    ]
    rows += [
        thing("workfile", row, ("file_name", "description"), partial(workfile_object, view, row), row.workspace_id)
        for row in state.workfiles
        if row.workspace_id in seen
    ]
    rows += [
        thing("dataset", row, ("name",), partial(dataset_object, state, row))
        for row in state.datasets
        # Datasets of files belong to a workspace, unlike tables.
        if not isinstance(row, HdfsDataset) or row.workspace_id in seen
    ]
    rows += [
        thing("data_source", row, ("name", "description"), partial(full_source, state, row))
        for row in (*state.sql_sources, *state.hdfs_sources)
    ]
    return rows
