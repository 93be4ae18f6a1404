"""The versions of workfiles other than workflows."""

from __future__ import annotations

import os

from alpine._arguments import Id, identifier, words
from alpine._display.records import Record, RecordList
from alpine._files import existing_file
from alpine._http.body import MultipartBody
from alpine._http.request import Request
from alpine._pager import Listing
from alpine.alpineobject import Resource
from alpine.exception import NotFoundException, WorkfileNotFoundException

_ERRORS = {404: WorkfileNotFoundException}
_VERSION_ERRORS: dict[int, type[NotFoundException]] = {404: NotFoundException}


class Version(Resource):
    """A class for interacting with the versions of workfiles. Workflows have no versions."""

    def get_list(self, workfile_id: Id, per_page: int = 100) -> RecordList:
        """Return the versions of a workfile. Calls ``GET /workfiles/:id/versions``.

        :param workfile_id: ID of the workfile.
        :type workfile_id: int
        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: List of versions' metadata.
        :rtype: list of dict
        :raises WorkfileNotFoundException: The workfile does not exist.

        Example:

        >>> len(session.workfile.version.get_list(workfile_id))
        1
        """
        workfile = identifier(workfile_id, "workfile_id", WorkfileNotFoundException)
        path, action = f"workfiles/{workfile}/versions", f"list the versions of workfile {workfile}"
        return self._list(Listing(path, action, errors=_ERRORS), per_page)

    def get(self, workfile_id: Id, version_id: Id) -> Record:
        """Return a version of a workfile, with its content. Calls ``GET /workfiles/:id/versions/:id``.

        :param workfile_id: ID of the workfile.
        :type workfile_id: int
        :param version_id: ID of the version.
        :type version_id: int
        :returns: The workfile's metadata with that version; text is truncated to 131,072 bytes.
        :rtype: dict
        :raises NotFoundException: The workfile or the version does not exist.

        Example:

        >>> version = session.workfile.version.get_list(workfile_id)[0]
        >>> found = session.workfile.version.get(workfile_id, version["id"])
        """
        workfile = identifier(workfile_id, "workfile_id", WorkfileNotFoundException)
        version = identifier(version_id, "version_id", NotFoundException)
        action = f"get version {version} of workfile {workfile}"
        return self._one(Request("GET", f"workfiles/{workfile}/versions/{version}", action, errors=_VERSION_ERRORS))

    def add(self, workfile_id: Id, path: str | os.PathLike[str], commit_message: str = "") -> Record:
        """Add a new version of a workfile. Calls ``POST /workfiles/:id/versions``.

        :param workfile_id: ID of the workfile.
        :type workfile_id: int
        :param path: Local path of the new content.
        :type path: str
        :param commit_message: A description of the change.
        :type commit_message: str
        :returns: The workfile's metadata with the new version.
        :rtype: dict
        :raises LocalFileException: The file cannot be read; nothing was sent.
        :raises WorkfileNotFoundException: The workfile does not exist, or is a workflow.

        Example:

        >>> added = session.workfile.version.add(
        ...     workfile_id, "afm/test.afm", "a second one"
        ... )
        >>> len(session.workfile.version.get_list(workfile_id))
        2
        """
        workfile = identifier(workfile_id, "workfile_id", WorkfileNotFoundException)
        file = existing_file(path, "path")
        fields = [("workfile[commit_message]", words(commit_message, "commit_message") or "")]
        record = self._one(
            Request(
                "POST",
                f"workfiles/{workfile}/versions",
                f"add a version to workfile {workfile}",
                body=MultipartBody(fields, "workfile[content]", file),
                errors=_ERRORS,
                how_to_check="Check with session.workfile.version.get_list before you add it again.",
            )
        )
        if record.get("file_type") == "work_flow":
            # The server answers as if it had stored something.
            raise WorkfileNotFoundException(
                f"Could not add a version to workfile {workfile}: a workflow has none, and nothing was stored; "
                "session.workfile.upload with if_exists='replace' puts a new one in its place."
            )
        return record

    def delete(self, workfile_id: Id, version_id: Id) -> None:
        """Delete a version of a workfile. Calls ``DELETE /workfiles/:id/versions/:id``.

        :param workfile_id: ID of the workfile.
        :type workfile_id: int
        :param version_id: ID of the version.
        :type version_id: int
        :returns: None.
        :rtype: NoneType
        :raises NotFoundException: The workfile or the version does not exist.
        :raises ValidationException: It is the only version.

        Example:

        >>> added = session.workfile.version.add(
        ...     workfile_id, "afm/test.afm", "a second one"
        ... )
        >>> session.workfile.version.delete(workfile_id, added["version_info"]["id"])
        """
        workfile = identifier(workfile_id, "workfile_id", WorkfileNotFoundException)
        version = identifier(version_id, "version_id", NotFoundException)
        path, action = f"workfiles/{workfile}/versions/{version}", f"delete version {version} of workfile {workfile}"
        self._request(Request("DELETE", path, action, idempotent=True, errors=_VERSION_ERRORS))
