"""The records of what people say and agree on: tags, events and notes, comments, notifications, milestones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alpine.sandbox.state.model import StateRecord, Workfile

if TYPE_CHECKING:
    from alpine.sandbox.state.store import State

Target = tuple[str, int]
"""A record of any kind: its ``entity_type`` and its id."""

NOTE = "NOTE"
RECENT_SECONDS = 7 * 24 * 3600


@dataclass(kw_only=True)
class Tag(StateRecord):
    """A tag, and what it is on, in the order in which that came."""

    name: str
    uses: dict[Target, None] = field(default_factory=dict)


@dataclass(frozen=True)
class Attachment:
    """What an event refers to besides its targets. The id of a result is that of its run."""

    entity_type: str
    id: int | str
    workfile_id: int | None = None


@dataclass(kw_only=True)
class Event(StateRecord):
    """Something that happened, or that somebody wrote: a row of the activities.

    ``targets`` are what it is about, by the keys under which its object shows them; ``details`` are further keys.
    """

    action: str
    actor_id: int
    targets: dict[str, Target] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)
    body: str | None = None
    is_insight: bool = False
    is_published: bool = False
    promoter_id: int | None = None
    promoted_at: float | None = None

    @property
    def workspace_id(self) -> int | None:
        """The workspace whose members see it; None for what everybody sees."""
        target = self.targets.get("workspace")
        return target[1] if target else None

    @property
    def is_note(self) -> bool:
        """Whether it is a note."""
        return self.action == NOTE


@dataclass(kw_only=True)
class Comment(StateRecord):
    """A comment on an event."""

    event_id: int
    author_id: int
    body: str


@dataclass(kw_only=True)
class Notification(StateRecord):
    """An event, or a comment on it, that a user is told of."""

    recipient_id: int
    event_id: int
    comment_id: int | None = None
    unread: bool = True


@dataclass(kw_only=True)
class Milestone(StateRecord):
    """A milestone of a workspace; its date is written as ``2015-11-14``."""

    workspace_id: int
    name: str
    target_date: str
    state: str = "planned"


@dataclass(kw_only=True)
class TouchpointParameter(StateRecord):
    """A parameter of a touchpoint: what a person is asked, and the variable of the workflow that gets the answer."""

    touchpoint_id: int
    variable_name: str
    label: str = ""
    description: str = ""
    data_type: str = "Text"
    required: bool = False
    use_default: bool = False
    options: list[Any] = field(default_factory=list)
    validations: Any = None


@dataclass(kw_only=True)
class ParameterValue(StateRecord):
    """The value of a parameter in one run of a touchpoint."""

    event_id: int
    parameter: TouchpointParameter
    process_id: str
    owner_id: int
    value: str


@dataclass(kw_only=True)
class Touchpoint(Workfile):
    """A form in front of a workflow. A published one is a second workfile, and knows which it was made from."""

    workflow_id: int
    run_persona: str = "creator"
    output_table: list[str] = field(default_factory=list)
    source_id: int | None = None

    @property
    def is_published(self) -> bool:
        """Whether it is the one that everybody sees."""
        return self.source_id is not None


def record_event(
    state: State,
    action: str,
    actor_id: int,
    targets: Mapping[str, Target],
    details: Mapping[str, Any] | None = None,
    *,
    attachments: list[Attachment] | None = None,
) -> Event:
    """Note that something happened.

    :param state: The records.
    :param action: The server's word for it, such as ``WorkfileCreated``.
    :param actor_id: Who did it.
    :param targets: What it is about, by the keys of its object; ``workspace`` decides who sees it.
    :param details: Further keys of its object.
    :param attachments: What it refers to besides.
    :returns: The event.
    """
    event = Event(
        action=action,
        actor_id=actor_id,
        targets=dict(targets),
        details=dict(details or {}),
        attachments=list(attachments or []),
    )
    return state.events.add(event)


def comments_on(state: State, event: Event) -> list[Comment]:
    """The comments on an event, the oldest first.

    :param state: The records.
    :param event: The event.
    :returns: The comments.
    """
    return [comment for comment in state.table(Comment) if comment.event_id == event.id]


def milestones_of(state: State, workspace_id: int) -> list[Milestone]:
    """The milestones of a workspace, by their date.

    :param state: The records.
    :param workspace_id: The workspace.
    :returns: The milestones.
    """
    rows = [row for row in state.table(Milestone) if row.workspace_id == workspace_id]
    return sorted(rows, key=lambda row: (row.target_date, row.id))


def tags_of(state: State, target: Target) -> list[Tag]:
    """The tags on a record, by name.

    :param state: The records.
    :param target: The record.
    :returns: The tags.
    """
    return sorted((tag for tag in state.table(Tag) if target in tag.uses), key=lambda tag: tag.name.lower())


def touchpoints_of(state: State, workflow_id: int) -> list[Touchpoint]:
    """The touchpoints that run a workflow.

    :param state: The records.
    :param workflow_id: The workflow.
    :returns: The touchpoints, the published ones among them.
    """
    return [row for row in state.workfiles if isinstance(row, Touchpoint) and row.workflow_id == workflow_id]
