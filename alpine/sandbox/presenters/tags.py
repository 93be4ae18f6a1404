"""What is said of a record inside its object: its tags, and how much people wrote about it."""

from __future__ import annotations

from typing import Any

from alpine.sandbox.presenters.people import short_user
from alpine.sandbox.presenters.view import moment
from alpine.sandbox.state.collaboration import Comment, Event, Tag, Target, comments_on, tags_of
from alpine.sandbox.state.store import State


def tag_object(tag: Tag) -> dict[str, Any]:
    """A tag.

    :param tag: The tag.
    :returns: Its object.
    """
    return {"id": tag.id, "name": tag.name, "count": len(tag.uses), "entity_type": "tag"}


def tag_objects(state: State, target: Target) -> list[dict[str, Any]]:
    """The tags on a record.

    :param state: The records.
    :param target: The record.
    :returns: Their objects, by name.
    """
    return [tag_object(tag) for tag in tags_of(state, target)]


def comments_counted(state: State, target: Target) -> dict[str, Any]:
    """The number of notes and comments on a record, and the latest of them.

    :param state: The records.
    :param target: The record.
    :returns: Two keys of its object.
    """
    said: list[Event | Comment] = []
    for event in state.events.talk_about(target):
        said += [*([event] if event.is_note else []), *comments_on(state, event)]
    latest = max(said, key=lambda record: record.created_at, default=None)
    return {
        "recent_comments": [] if latest is None else [_remark(state, latest)],
        "comment_count": len(said),
    }


def _remark(state: State, record: Event | Comment) -> dict[str, Any]:
    author_id = record.actor_id if isinstance(record, Event) else record.author_id
    return {
        "body": record.body,
        "author": short_user(state.users.find(author_id)),
        "timestamp": moment(record.created_at),
        "complete_json": True,
    }
