"""A workspace in a call that takes the name of something in it as well."""

from __future__ import annotations

from contextlib import AbstractContextManager

from alpine._arguments import Id
from alpine._restating import restated, restating
from alpine.alpineobject import AlpineObject
from alpine.exception import AlpineException, WorkspaceNotFoundException
from alpine.workspace import Workspace, workspace_exists, workspace_id_of


def workspace_id_beside(resource: AlpineObject, value: Id, name: object, usage: str) -> int:
    """The number of a workspace, as :func:`workspace_id_of` finds it, for a call that takes a name as well.

    :param name: The other argument.
    :param usage: How to write the call.
    :raises WorkspaceNotFoundException: There is none; where the other argument is one, the message says so.
    """

    def tell_of_the_other(error: WorkspaceNotFoundException) -> WorkspaceNotFoundException | None:
        if not isinstance(name, str) or not _is_workspace(resource, name):
            return None
        more = f"But there is a workspace {name!r}: are the arguments in the wrong order? Write {usage}."
        return restated(error, WorkspaceNotFoundException, more)

    with restating(WorkspaceNotFoundException, tell_of_the_other):
        return workspace_id_of(resource, value)


def _is_workspace(resource: AlpineObject, name: str) -> bool:
    try:
        Workspace._beside(resource).get_id(name)
    except AlpineException:
        return False
    return True


def not_the_workspace(
    resource: AlpineObject, workspace: int, kind: type[AlpineException], more: str
) -> AbstractContextManager[None]:
    """Say that something else is missing where the workspace is there: the server's response does not say what."""
    return restating(
        WorkspaceNotFoundException,
        lambda error: restated(error, kind, more) if workspace_exists(resource, workspace) else None,
    )
