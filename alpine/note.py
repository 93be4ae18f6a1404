"""Notes on workspaces, workfiles, datasets and data sources, and comments on them."""

from __future__ import annotations

from collections.abc import Iterable

from alpine._arguments import Id, given, identifier, text
from alpine._constants import flag
from alpine._display.records import Record, RecordList
from alpine._entities import EntityType, entity_of, ids_of
from alpine._http.body import BytesBody
from alpine._http.request import Request
from alpine._http.transport import Transport
from alpine.activity import activities_of
from alpine.alpineobject import Resource
from alpine.exception import (
    DatasetNotFoundException,
    NotFoundException,
    UserNotFoundException,
    WorkfileNotFoundException,
)
from alpine.workspace import workspace_id_of

_FEATURE = "notes"
_COMMENTS = "comments"
_ERRORS: dict[int, type[NotFoundException]] = {404: NotFoundException}
_CHECK = "Check with session.activity.get_list whether it is there before you write it again."


class Comment(Resource):
    """A class for interacting with the comments on notes and other activities."""

    def create(self, event_id: Id, body: str) -> Record:
        """Comment on a note, or on any other activity. Calls ``POST /comments``.

        The author of a note, and those who commented on it before, are notified.

        :param event_id: ID of the note or the activity.
        :type event_id: int
        :param body: The text, as HTML; the server removes scripts.
        :type body: str
        :returns: The comment.
        :rtype: dict
        :raises NotFoundException: The note does not exist.
        :raises ForbiddenException: It is in a private workspace, and the user is not a member.
        :raises OutcomeUnknownException: The response was lost; the comment may have been made.
        :raises FeatureNotFoundException: The server has no comments.

        Example:

        >>> note = session.note.create("workspace", "Sandbox", "Numbers are in euro.")
        >>> session.note.comment.create(note["id"], "Since when?")["body"]
        'Since when?'
        """
        number, said = identifier(event_id, "event_id", NotFoundException), text(body, "body")
        sent, action = BytesBody.json({"comment": {"event_id": number, "body": said}}), f"comment on note {number}"
        return self._one(
            Request("POST", "comments", action, body=sent, errors=_ERRORS, how_to_check=_CHECK, feature=_COMMENTS)
        )

    def get(self, comment_id: Id) -> Record:
        """Return a comment. Calls ``GET /comments/:id``.

        The comments on a note are in its key ``comments``, as :meth:`alpine.activity.Activity.get` returns it.

        :param comment_id: ID of the comment.
        :type comment_id: int
        :returns: The comment.
        :rtype: dict
        :raises NotFoundException: The comment does not exist.
        :raises ForbiddenException: It is in a private workspace, and the user is not a member.
        :raises FeatureNotFoundException: The server has no comments.

        Example:

        >>> note = session.note.create("workspace", "Sandbox", "Numbers are in euro.")
        >>> comment = session.note.comment.create(note["id"], "Since when?")
        >>> session.note.comment.get(comment["id"])["author"]["username"]
        'demo'
        """
        number = identifier(comment_id, "comment_id", NotFoundException)
        path, action = f"comments/{number}", f"get comment {number}"
        return self._one(Request("GET", path, action, errors=_ERRORS, feature=_COMMENTS))

    def delete(self, comment_id: Id) -> None:
        """Delete a comment. Calls ``DELETE /comments/:id``.

        :param comment_id: ID of the comment.
        :type comment_id: int
        :returns: None.
        :rtype: NoneType
        :raises NotFoundException: The comment does not exist.
        :raises ForbiddenException: The user is neither its author nor an administrator.
        :raises FeatureNotFoundException: The server has no comments.

        Example:

        >>> note = session.note.create("workspace", "Sandbox", "Numbers are in euro.")
        >>> comment = session.note.comment.create(note["id"], "Since when?")
        >>> session.note.comment.delete(comment["id"])
        """
        number = identifier(comment_id, "comment_id", NotFoundException)
        path, action = f"comments/{number}", f"delete comment {number}"
        self._request(Request("DELETE", path, action, idempotent=True, errors=_ERRORS, feature=_COMMENTS))


class Note(Resource):
    """A class for interacting with notes. The server keeps them as activities, whose ``action`` is ``NOTE``."""

    EntityType = EntityType
    Comment = Comment

    def _bind(self, base_url: str, transport: Transport) -> None:
        super()._bind(base_url, transport)
        self.comment: Comment = Comment._beside(self)
        """The comments on notes and other activities."""

    def get_list(self, entity_type: str, entity_id: Id, per_page: int = 100) -> RecordList:
        """Return the notes on a thing, the newest first. Calls ``GET /activities``.

        The notes on a workspace include those on its workfiles and datasets.

        :param entity_type: What kind of thing it is, a value of :class:`~alpine.tag.EntityType`.
        :type entity_type: str
        :param entity_id: ID of the thing; for a workspace, its name will do.
        :type entity_id: int
        :param per_page: Maximum number of activities to fetch with each API call.
        :type per_page: int
        :returns: List of notes, with their ``comments``.
        :rtype: list of dict
        :raises NotFoundException: The thing does not exist; the class says what it is.
        :raises ForbiddenException: It is in a private workspace, and the user is not a member.
        :raises FeatureNotFoundException: The server has no activities.

        Example:

        >>> note = session.note.create("workfile", workfile_id, "Amounts in euro.")
        >>> [note["body"] for note in session.note.get_list("workfile", workfile_id)]
        ['Amounts in euro.']
        """
        rows = activities_of(self, entity_type, entity_id, per_page)
        return RecordList(row for row in rows if row.get("action") == "NOTE")

    def create(
        self,
        entity_type: str,
        entity_id: Id,
        body: str,
        workspace_id: Id | None = None,
        *,
        is_insight: bool = False,
        recipients: Iterable[Id] = (),
        workfile_ids: Iterable[Id] = (),
        dataset_ids: Iterable[Id] = (),
    ) -> Record:
        """Write a note on a workspace, a workfile, a dataset or a data source. Calls ``POST /notes``.

        A note on a data source, or on a dataset without ``workspace_id``, is visible to every user of the server.

        :param entity_type: What kind of thing it is, a value of :class:`~alpine.tag.EntityType`.
        :type entity_type: str
        :param entity_id: ID of the thing; for a workspace, its name will do.
        :type entity_id: int
        :param body: The text, as HTML; the server removes scripts.
        :type body: str
        :param workspace_id: For a note on a dataset: ID of the workspace whose members see the note, or its name.
        :type workspace_id: int
        :param is_insight: Whether the note is an insight from the start.
        :type is_insight: bool
        :param recipients: IDs of users to notify.
        :type recipients: list
        :param workfile_ids: IDs of workfiles that the note refers to.
        :type workfile_ids: list
        :param dataset_ids: IDs of datasets that the note refers to.
        :type dataset_ids: list
        :returns: The note.
        :rtype: dict
        :raises NotFoundException: The thing does not exist; the class says what it is.
        :raises ForbiddenException: It is in a private workspace, and the user is not a member.
        :raises ValidationException: The workspace is archived, or the server has no notes on that kind.
        :raises OutcomeUnknownException: The response was lost; the note may have been made.
        :raises FeatureNotFoundException: The server has no notes.

        Example:

        >>> note = session.note.create("workfile", workfile_id, "Amounts in euro.")
        >>> note["body"]
        'Amounts in euro.'
        """
        said = text(body, "body")
        lists = {
            "recipients": ids_of(recipients, "recipients", UserNotFoundException),
            "workfile_ids": ids_of(workfile_ids, "workfile_ids", WorkfileNotFoundException),
            "dataset_ids": ids_of(dataset_ids, "dataset_ids", DatasetNotFoundException),
        }
        insight = flag(is_insight, "is_insight")
        thing = entity_of(self, entity_type, entity_id)
        workspace = None if workspace_id is None else workspace_id_of(self, workspace_id)
        more = given(workspace_id=workspace, is_insight=insight or None)
        note = {**thing.sent, "body": said, **more, **{name: ids for name, ids in lists.items() if ids}}
        request = Request(
            "POST",
            "notes",
            f"write a note on {thing}",
            body=BytesBody.json({"note": note}),
            errors=thing.errors,
            how_to_check=_CHECK,
            feature=_FEATURE,
        )
        return self._one(request)

    def update(self, note_id: Id, body: str) -> Record:
        """Change the text of a note. Calls ``PUT /notes/:id``.

        :param note_id: ID of the note.
        :type note_id: int
        :param body: The new text, as HTML.
        :type body: str
        :returns: The note after the change.
        :rtype: dict
        :raises NotFoundException: The note does not exist.
        :raises ForbiddenException: The user is not its author.
        :raises FeatureNotFoundException: The server has no notes.

        Example:

        >>> note = session.note.create("workfile", workfile_id, "Amounts in euro.")
        >>> session.note.update(note["id"], "Amounts in dollars.")["body"]
        'Amounts in dollars.'
        """
        number, said = identifier(note_id, "note_id", NotFoundException), text(body, "body")
        sent, path, action = BytesBody.json({"note": {"body": said}}), f"notes/{number}", f"update note {number}"
        return self._one(Request("PUT", path, action, body=sent, idempotent=True, errors=_ERRORS, feature=_FEATURE))

    def delete(self, note_id: Id) -> None:
        """Delete a note. Calls ``DELETE /notes/:id``.

        :param note_id: ID of the note.
        :type note_id: int
        :returns: None.
        :rtype: NoneType
        :raises NotFoundException: The note does not exist.
        :raises ForbiddenException: The user is neither its author nor the owner of the workspace.
        :raises FeatureNotFoundException: The server has no notes.

        Example:

        >>> note = session.note.create("workfile", workfile_id, "Amounts in euro.")
        >>> session.note.delete(note["id"])
        """
        number = identifier(note_id, "note_id", NotFoundException)
        path, action = f"notes/{number}", f"delete note {number}"
        self._request(Request("DELETE", path, action, idempotent=True, errors=_ERRORS, feature=_FEATURE))
