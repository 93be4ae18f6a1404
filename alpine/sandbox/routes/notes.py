"""Notes, which are events, and the comments on events."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.activities import comment_object, event_object
from alpine.sandbox.routes.entities import NOTABLE, entity, workspace_of
from alpine.sandbox.state.collaboration import (
    NOTE,
    Attachment,
    Comment,
    Event,
    Notification,
    Target,
    comments_on,
    record_event,
)
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import Forbidden, Invalid, NotFound, json_response
from alpine.sandbox.web.params import as_bool, as_id, as_list, as_text

routes: Routes = Routes()

_KINDS = {"workspace": "NoteOnWorkspace", "workfile": "NoteOnWorkfile", "dataset": "NoteOnDataset"}
_SCRIPT = re.compile(r"<(script|style)\b.*?(</\1\s*>|\Z)|\son\w+\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.I | re.S)


@routes.add("POST", "/notes")
def create(call: Call) -> Response:
    """Write a note on something that the caller may see."""
    sent = call.params.resource("note")
    target = entity(call, sent.get("entity_type"), sent.get("entity_id"), NOTABLE)
    event = record_event(call.state, NOTE, call.user.id, *_subject(call, target, as_id(sent.get("workspace_id"))))
    event.body = _clean(sent.get("body"))
    if as_bool(sent.get("is_insight")):
        event.is_insight, event.promoter_id, event.promoted_at = True, call.user.id, call.state.clock()
    event.attachments = [
        Attachment(kind, entity(call, kind, number, (kind,))[1])
        for kind in ("workfile", "dataset")
        for number in as_list(sent.get(f"{kind}_ids"))
    ]
    _notify(call, {as_id(each) for each in as_list(sent.get("recipients"))}, event)
    return envelope(event_object(call.view, event), 201)


@routes.add("PUT", "/notes/<id>")
def update(call: Call) -> Response:
    """Change what a note says, which its author may."""
    event = _note(call)
    if event.actor_id != call.user.id:
        raise Forbidden
    event.body, event.updated_at = _clean(call.params.resource("note").get("body")), call.state.clock()
    return envelope(event_object(call.view, event))


@routes.add("DELETE", "/notes/<id>")
def delete(call: Call) -> Response:
    """Remove a note, which its author and the owner of the workspace may."""
    event = _note(call)
    workspace = call.state.workspaces.find(event.workspace_id)
    owns = call.view.owns(workspace) if workspace else call.user.admin
    if event.actor_id != call.user.id and not owns:
        raise Forbidden
    event.deleted = True
    return json_response({})


@routes.add("POST", "/comments")
def create_comment(call: Call) -> Response:
    """Comment on an event; of a note, its author and those who commented before are told."""
    sent = call.params.resource("comment")
    event = found(call.state.events.find(as_id(sent.get("event_id"))))
    _check_seen(call, event)
    if not as_text(sent.get("body")).strip():
        raise Invalid.field("body", "BLANK")
    before = comments_on(call.state, event)
    comment = call.state.table(Comment).add(
        Comment(event_id=event.id, author_id=call.user.id, body=_clean(sent.get("body")))
    )
    call.state.events.note_talk(event)
    if event.is_note:
        _notify(call, {event.actor_id, *(each.author_id for each in before)}, event, comment)
    return envelope(comment_object(call.view, comment), 201)


@routes.add("GET", "/comments/<id>")
def show_comment(call: Call) -> Response:
    """Show a comment."""
    comment = call.record(call.state.table(Comment))
    _check_seen(call, found(call.state.events.find(comment.event_id)))
    return envelope(comment_object(call.view, comment))


@routes.add("DELETE", "/comments/<id>")
def delete_comment(call: Call) -> Response:
    """Remove a comment, which its author and administrators may."""
    comment = call.record(call.state.table(Comment))
    _check_seen(call, found(call.state.events.find(comment.event_id)))
    if comment.author_id != call.user.id and not call.user.admin:
        raise Forbidden
    comment.deleted = True
    return json_response({})


def _subject(call: Call, target: Target, workspace_id: int | None) -> tuple[dict[str, Target], dict[str, Any]]:
    """What a note is about, and its kind; one on a dataset belongs to a workspace where one is named."""
    kind, _ = target
    name = "data_source" if kind.endswith("_data_source") else kind
    action_type = _KINDS.get(kind) or ("NoteOnHdfsDataSource" if kind.startswith("hdfs") else "NoteOnDataSource")
    number = workspace_of(call, target)
    if kind == "dataset" and workspace_id is not None:
        number, action_type = workspace_id, "NoteOnWorkspaceDataset"
    targets = {name: target}
    if number is not None:
        workspace = found(call.state.workspaces.find(number))
        if workspace.archived_at is not None:
            raise Invalid.field("workspace", "ARCHIVED")
        if not call.view.may_see(workspace):
            raise Invalid.field("workspace", "NOT_A_MEMBER")
        targets["workspace"] = ("workspace", number)
    return targets, {"action_type": action_type}


def _note(call: Call) -> Event:
    event = call.record(call.state.events)
    if not event.is_note:
        raise NotFound
    _check_seen(call, event)
    return event


def _check_seen(call: Call, event: Event) -> None:
    if not call.view.may_see_event(event):
        raise Forbidden


def _notify(call: Call, recipients: Iterable[int | None], event: Event, comment: Comment | None = None) -> None:
    for number in recipients:
        user = call.state.users.find(number)
        if user is not None and user is not call.user:
            call.state.table(Notification).add(
                Notification(recipient_id=user.id, event_id=event.id, comment_id=comment.id if comment else None)
            )


def _clean(body: Any) -> str:
    """What a note may hold: HTML without scripts."""
    return _SCRIPT.sub("", as_text(body))
