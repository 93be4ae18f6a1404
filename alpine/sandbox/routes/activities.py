"""Activities: the events of a workspace, a workfile and so on, the newest first. Also insights and notifications."""

from __future__ import annotations

from werkzeug.wrappers import Response

from alpine.sandbox.hdfs_imports import end_imports
from alpine.sandbox.presenters.activities import event_object, notification_object
from alpine.sandbox.routes.entities import ACTIVE, entity
from alpine.sandbox.run_events import tell_of_runs
from alpine.sandbox.state.collaboration import Event, Notification
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import Forbidden, Invalid, NotFound, json_response
from alpine.sandbox.web.params import as_id, as_list

routes: Routes = Routes()

_RESULTS = ("work_flow_result", "worklet_result")


@routes.add("GET", "/activities")
def index(call: Call) -> Response:
    """List the events about one thing, or with ``dashboard`` those of the caller's workspaces."""
    tell_of_runs(call.backend)
    end_imports(call.state)
    rows = _of(call)
    if call.params.text("results_only"):
        rows = [row for row in rows if any(each.entity_type in _RESULTS for each in row.attachments)]
    if call.params.text("current_user_only"):
        rows = [row for row in rows if row.actor_id == call.user.id]
    return call.paged(rows, lambda row: event_object(call.view, row), in_full=True)


@routes.add("GET", "/activities/<id>")
def show(call: Call) -> Response:
    """Show an event; one that the caller may not see is not found."""
    event = call.record(call.state.events)
    if not call.view.may_see_event(event):
        raise NotFound
    return envelope(event_object(call.view, event))


@routes.add("GET", "/insights")
def index_insights(call: Call) -> Response:
    """List the insights of a workspace, or of all that the caller is in, and those that were published."""
    if call.params.text("entity_type") == "workspace":
        rows = _of(call)
    else:
        rows = [row for row in _newest_first(call) if row.is_published or _on_dashboard(call, row)]
    return call.paged([row for row in rows if row.is_insight], lambda row: event_object(call.view, row), in_full=True)


@routes.add("POST", "/insights")
def promote(call: Call) -> Response:
    """Make a note an insight."""
    event = _insight(call)
    if not event.is_note:
        raise Invalid.field("base", "GENERIC", {"message": "Event cannot become an insight"})
    event.is_insight, event.promoter_id, event.promoted_at = True, call.user.id, call.state.clock()
    return envelope(event_object(call.view, event), 201)


@routes.add("DELETE", "/insights/<id>")
def demote(call: Call) -> Response:
    """Make an insight a mere note again, which who promoted it and the owner of the workspace may."""
    event = call.record(call.state.events)
    _check_seen(call, event)
    workspace = call.state.workspaces.find(event.workspace_id)
    owns = call.view.owns(workspace) if workspace else call.user.admin
    if event.promoter_id != call.user.id and not owns:
        raise Forbidden
    event.is_insight = event.is_published = False
    event.promoter_id = event.promoted_at = None
    return envelope(event_object(call.view, event))


@routes.add("POST", "/insights/publish")
def publish(call: Call) -> Response:
    """Show an insight to everybody."""
    event = _insight(call)
    if not event.is_insight:
        raise Invalid.field("base", "GENERIC", {"message": "Only insights can be published"})
    event.is_published = True
    return envelope(event_object(call.view, event), 201)


@routes.add("POST", "/insights/unpublish")
def unpublish(call: Call) -> Response:
    """Show an insight to its workspace alone again."""
    event = _insight(call)
    if not event.is_published:
        raise Invalid.field("base", "GENERIC", {"message": "The insight is not published"})
    event.is_published = False
    return envelope(event_object(call.view, event), 201)


@routes.add("GET", "/notifications")
def index_notifications(call: Call) -> Response:
    """List what the caller is told of, the newest first."""
    tell_of_runs(call.backend)
    end_imports(call.state)
    rows = [row for row in call.state.table(Notification) if row.recipient_id == call.user.id]
    if call.params.text("type") == "unread":
        rows = [row for row in rows if row.unread]
    return call.paged(rows[::-1], lambda row: notification_object(call.view, row), in_full=True)


@routes.add("PUT", "/notifications/read")
def read_notifications(call: Call) -> Response:
    """Note that the caller has read some; those of others are ignored."""
    sent = call.params.resource("notification").get("notification_ids") or call.params.get("notification_ids")
    for number in as_list(sent):
        row = call.state.table(Notification).find(as_id(number))
        if row is not None and row.recipient_id == call.user.id:
            row.unread = False
    return call.done()


@routes.add("DELETE", "/notifications/<id>")
def delete_notification(call: Call) -> Response:
    """Remove a notification of the caller's."""
    row = call.record(call.state.table(Notification))
    if row.recipient_id != call.user.id:
        raise Forbidden
    row.deleted = True
    return json_response({})


def _of(call: Call) -> list[Event]:
    """The events about the thing that the query names."""
    kind = call.params.text("entity_type")
    if kind == "dashboard":
        return [row for row in _newest_first(call) if _on_dashboard(call, row)]
    target = entity(call, kind, call.params.get("entity_id"), ACTIVE)
    rows = call.state.events.about(target)
    return [row for row in sorted(rows, key=lambda row: -row.id) if call.view.may_see_event(row)]


def _newest_first(call: Call) -> list[Event]:
    return list(call.state.events)[::-1]


def _on_dashboard(call: Call, event: Event) -> bool:
    if event.workspace_id is None:
        return True
    workspace = call.state.workspaces.find(event.workspace_id)
    return workspace is not None and call.view.belongs(workspace)


def _insight(call: Call) -> Event:
    event = found(call.state.events.find(as_id(call.params.resource("insight").get("note_id"))))
    _check_seen(call, event)
    return event


def _check_seen(call: Call, event: Event) -> None:
    if not call.view.may_see_event(event):
        raise Forbidden
