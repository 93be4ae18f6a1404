"""Events, with what they are about and what was said of them."""

from __future__ import annotations

from typing import Any

from alpine.sandbox.presenters.data_sources import short_source
from alpine.sandbox.presenters.datasets import dataset_object
from alpine.sandbox.presenters.hdfs import entry_object
from alpine.sandbox.presenters.jobs import job_result, short_job
from alpine.sandbox.presenters.people import short_user
from alpine.sandbox.presenters.view import View, moment
from alpine.sandbox.presenters.workfiles import workfile_object
from alpine.sandbox.presenters.workspaces import short_workspace
from alpine.sandbox.state.collaboration import (
    Attachment,
    Comment,
    Event,
    Milestone,
    Notification,
    Target,
    comments_on,
)
from alpine.sandbox.state.hdfs import HdfsEntry

_NO_COMMENTS = ("comments", "is_insight", "promoted_by", "promotion_time", "is_published")


def event_object(view: View, event: Event) -> dict[str, Any]:
    """An event.

    :param view: Who looks.
    :param event: The event.
    :returns: Its object.
    """
    users = view.state.users
    promoter = users.find_deleted(event.promoter_id) if event.promoter_id is not None else None
    shown: dict[str, Any] = {
        "id": event.id,
        "actor": short_user(users.find_deleted(event.actor_id)),
        "action": event.action,
        "timestamp": moment(event.created_at),
        **event.details,
        **{name: target_object(view, target) for name, target in event.targets.items()},
        "attachments": [_attachment(view, each) for each in event.attachments],
        "comments": [comment_object(view, comment) for comment in comments_on(view.state, event)],
        "is_insight": event.is_insight,
        "promoted_by": short_user(promoter),
        "promotion_time": moment(event.promoted_at),
        "is_published": event.is_published,
        "complete_json": True,
    }
    if event.is_note:
        shown["body"] = event.body
    if "job_result_id" in event.details:
        job = view.state.jobs.find_deleted(event.targets["job"][1])
        results = [row for row in (job.results if job else []) if row.id == event.details["job_result_id"]]
        shown["job_result"] = job_result(results[0]) if results else None
    return shown


def comment_object(view: View, comment: Comment) -> dict[str, Any]:
    """A comment.

    :param view: Who looks.
    :param comment: The comment.
    :returns: Its object.
    """
    return {
        "id": comment.id,
        "author": short_user(view.state.users.find_deleted(comment.author_id)),
        "body": comment.body,
        "action": "SUB_COMMENT",
        "timestamp": moment(comment.created_at),
        "entity_type": "comment",
        "complete_json": True,
    }


def notification_object(view: View, notification: Notification) -> dict[str, Any]:
    """A notification. Its ``unread`` is that of the day it came: the server does not make it anew when it is read.

    :param view: Who looks.
    :param notification: The notification.
    :returns: Its object.
    """
    state = view.state
    event = state.events.find_deleted(notification.event_id)
    comment = state.table(Comment).find(notification.comment_id)
    shown = event_object(view, event) if event else {}
    return {
        "id": notification.id,
        "recipient": short_user(state.users.find(notification.recipient_id)),
        "event": {key: value for key, value in shown.items() if key not in _NO_COMMENTS},
        "comment": comment_object(view, comment) if comment else None,
        "unread": True,
        "timestamp": moment(notification.created_at),
        "complete_json": True,
    }


def milestone_object(view: View, milestone: Milestone) -> dict[str, Any]:
    """A milestone.

    :param view: Who looks.
    :param milestone: The milestone; one that could not be made has no id.
    :returns: Its object.
    """
    workspace = view.state.workspaces.find_deleted(milestone.workspace_id)
    return {
        "id": milestone.id or None,
        "workspace": short_workspace(view, workspace) if workspace else None,
        "name": milestone.name,
        "target_date": milestone.target_date or None,
        "state": milestone.state,
    }


def target_object(view: View, target: Target) -> dict[str, Any] | None:
    """A record that an event is about, as the event's object shows it.

    :param view: Who looks.
    :param target: The record, which may be deleted.
    :returns: Its object; None when it is gone for good.
    """
    kind, number = target
    state = view.state
    shown: dict[str, Any] | None = None
    if kind == "workspace" and (workspace := state.workspaces.find_deleted(number)):
        shown = short_workspace(view, workspace)
    elif kind == "workfile" and (workfile := state.workfiles.find_deleted(number)):
        shown = workfile_object(view, workfile, listed=True)
    elif kind == "dataset" and (dataset := state.datasets.find_deleted(number)):
        shown = dataset_object(state, dataset)
    elif kind == "user":
        shown = short_user(state.users.find_deleted(number))
    elif kind == "job" and (job := state.jobs.find_deleted(number)):
        shown = short_job(view, job)
    elif kind == "milestone" and (milestone := state.table(Milestone).find_deleted(number)):
        shown = milestone_object(view, milestone)
    elif kind == "hdfs_file" and (entry := state.table(HdfsEntry).find_deleted(number)):
        shown = entry_object(state, entry)
    elif kind.endswith("_data_source") and (source := state.sources(kind).find_deleted(number)):
        shown = short_source(source)
    return shown


def _attachment(view: View, attachment: Attachment) -> dict[str, Any]:
    if isinstance(attachment.id, str):
        return {"id": attachment.id, "entity_type": attachment.entity_type, "workfile_id": attachment.workfile_id}
    return target_object(view, (attachment.entity_type, attachment.id)) or {"entity_type": attachment.entity_type}
