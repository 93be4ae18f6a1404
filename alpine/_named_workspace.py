"""A workspace in a call that takes the name of something in it as well."""

from __future__ import annotations

from alpine._arguments import Id
from alpine.alpineobject import AlpineObject
from alpine.exception import AlpineException, WorkspaceNotFoundException
from alpine.workspace import Workspace, restated, workspace_id_of


def workspace_id_beside(resource: AlpineObject, value: Id, name: object, usage: str) -> int:
    """The number of a workspace, as :func:`workspace_id_of` finds it, for a call that takes a name as well.

    :param name: The other argument.
    :param usage: How to write the call.
    :raises WorkspaceNotFoundException: There is none; where the other argument is one, the message says so.
    """
    try:
        return workspace_id_of(resource, value)
    except WorkspaceNotFoundException as error:
        missing = error
    if not isinstance(name, str) or not _is_workspace(resource, name):
        raise missing
    raise restated(
        missing,
        WorkspaceNotFoundException,
        f"But there is a workspace {name!r}: have the arguments changed places? Write {usage}.",
    )


def _is_workspace(resource: AlpineObject, name: str) -> bool:
    try:
        Workspace._beside(resource).get_id(name)
    except AlpineException:
        return False
    return True
