"""The contents of plain files."""

from __future__ import annotations

from typing import IO

from alpine.sandbox.file_types import content_type
from alpine.sandbox.state.model import User, Workfile, WorkfileVersion
from alpine.sandbox.state.store import State


def add_version(
    state: State, user: User, workfile: Workfile, content: IO[bytes] | bytes, message: str | None = None
) -> WorkfileVersion:
    """Store a content as the newest version of a plain file.

    :param state: The records.
    :param user: Whose it is.
    :param workfile: The file.
    :param content: The content.
    :param message: The commit message.
    :returns: The version.
    """
    path = state.files.keep(content)
    version = WorkfileVersion(
        id=next(state.small_ids),
        version_num=len(workfile.versions) + 1,
        path=path,
        size=path.stat().st_size,
        owner_id=user.id,
        modifier_id=user.id,
        commit_message=message,
        created_at=state.clock(),
        updated_at=state.clock(),
    )
    workfile.versions.append(version)
    workfile.content_type = content_type(workfile.file_name, path)
    return version
