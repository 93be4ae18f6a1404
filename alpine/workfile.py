"""Workfiles: workflows and other files of a workspace."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, overload

from alpine import afm
from alpine import process as _process
from alpine._arguments import Id, also_known_as, identifier, nearest, text
from alpine._files import FileSink, local_path
from alpine._http.body import MultipartBody
from alpine._http.transport import Transport
from alpine.alpineobject import AlpineObject
from alpine.datasource import execution_locations
from alpine.exception import (
    LocalFileException,
    ServerErrorException,
    WorkfileNotFoundException,
    WorkspaceNotFoundException,
)
from alpine.workspace import workspace_id_of

_KINDS = {404: WorkfileNotFoundException}
_IN_WORKSPACE = {404: WorkspaceNotFoundException}


class Workfile(AlpineObject):
    """A class for interacting with workfiles.

    The top-level methods deal with workfile management. The subclass :class:`Process` can be used to interact
    with individual workfiles, including running workflows with workflow variables.
    """

    Process = _process.Process

    def _bind(self, base_url: str, transport: Transport) -> None:
        super()._bind(base_url, transport)
        self.process: _process.Process = _process.Process._beside(self)
        """The runs of workflows."""

    @also_known_as(workflow_id="workfile_id")
    def delete(self, workfile_id: Id) -> None:
        """Delete a workfile from a workspace. Calls ``DELETE /workfiles/:id``.

        :param workfile_id: ID of workfile to delete; ``workflow_id`` is another name for it.
        :type workfile_id: int
        :returns: None.
        :rtype: NoneType
        :raises WorkfileNotFoundException: The workfile does not exist.
        :raises ForbiddenException: The user is no member of the workspace.

        Example:

        >>> session.workfile.delete(workflow_id=workflow_id)
        """
        number = identifier(workfile_id, "workfile_id")
        self._request("DELETE", f"workfiles/{number}", f"delete workfile {number}", repeatable=True, kinds=_KINDS)

    @overload
    def download(self, workfile_id: Id, *, path: None = None) -> bytes: ...
    @overload
    def download(self, workfile_id: Id, *, path: str | os.PathLike[str]) -> Path: ...
    def download(self, workfile_id: Id, *, path: str | os.PathLike[str] | None = None) -> bytes | Path:
        """Download an Alpine workfile. Will not download Alpine workflows. Calls ``GET /workfiles/:id/download``.

        :param workfile_id: ID of the workfile to download.
        :type workfile_id: int
        :param path: Where to write it: a file, which is replaced when all has arrived, or a directory, in which the
            server's file name is used. Without it the content is returned.
        :type path: str
        :returns: file: its content, or the path that was written.
        :rtype: bytes, or pathlib.Path with ``path``
        :raises WorkfileNotFoundException: Workfile ID does not exist or is an Alpine workflow.
        :raises LocalFileException: The file cannot be written.

        Example:

        >>> operator_data = session.workfile.download(workfile_id=workfile_id)
        """
        number = identifier(workfile_id, "workfile_id")
        if path is None:
            return self._download(number, None)
        with FileSink(local_path(path, "path"), f"workfile_{number}") as sink:
            self._download(number, sink)
            return sink.finish()

    def _download(self, number: int, sink: FileSink | None) -> bytes:
        try:
            return self._request(
                "GET", f"workfiles/{number}/download", f"download workfile {number}", kinds=_KINDS, sink=sink
            ).body
        except ServerErrorException as error:
            failure = error
        # The server has no better answer than an internal error for a workflow.
        if self.get(number).get("file_type") == "work_flow":
            raise WorkfileNotFoundException(
                f"Could not download workfile {number}: it is a workflow, which the server does not hand out.",
                status_code=failure.status_code,
                method=failure.method,
                url=failure.url,
            )
        raise failure

    @also_known_as(workflow_id="workfile_id")
    def get(self, workfile_id: Id) -> dict[str, Any]:
        """Return metadata for a workfile. Calls ``GET /workfiles/:id``.

        The server notes that the workfile was opened.

        :param workfile_id: ID of workfile; ``workflow_id`` is another name for it.
        :type workfile_id: str
        :returns: Selected workfile's metadata.
        :rtype: dict
        :raises WorkfileNotFoundException: The workfile does not exist.
        :raises ForbiddenException: It is in a private workspace, and the user is no member.

        Example:

        >>> session.workfile.get(workflow_id=workflow_id)["file_type"]
        'work_flow'
        """
        number = identifier(workfile_id, "workfile_id")
        return self._one(self._request("GET", f"workfiles/{number}", f"get workfile {number}", kinds=_KINDS))

    def get_id(self, workfile_name: str, workspace_id: Id) -> int:
        """Return the ID of a workfile in a workspace. Calls ``GET /workspaces/:id/workfiles``.

        :param workfile_name: Name of the workfile, as the server has it: workflows are there without ``.afm``.
        :type workfile_name: str
        :param workspace_id: ID of the workspace that contains the workfile, or its name.
        :type workspace_id: int
        :returns: ID of the workfile.
        :rtype: int
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises WorkfileNotFoundException: The workfile does not exist.

        Example:

        >>> session.workfile.get_id(workfile_name="order_filter", workspace_id="Sandbox") == workflow_id
        True
        """
        name = text(workfile_name, "workfile_name")
        seen = []
        for row in self.iterate(workspace_id, per_page=1000):
            if row.get("file_name") in {name, name.removesuffix(".afm")}:
                return identifier(row.get("id"), "the id of the workfile")
            seen.append(str(row.get("file_name")))
        raise WorkfileNotFoundException(
            f"There is no workfile {name!r} among the {len(seen)} of workspace {workspace_id!r}.{nearest(name, seen)}"
        )

    def get_list(self, workspace_id: Id, per_page: int = 100) -> list[dict[str, Any]]:
        """Return all workfiles in a workspace. Calls ``GET /workspaces/:id/workfiles``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: List of workfiles' metadata.
        :rtype: list of dict
        :raises WorkspaceNotFoundException: The workspace does not exist.

        Example:

        >>> workfiles = session.workfile.get_list(workspace_id=workspace_id)
        """
        number = workspace_id_of(self, workspace_id)
        path, action = f"workspaces/{number}/workfiles", f"list the workfiles of workspace {number}"
        return self._list(path, action, per_page=per_page, kinds=_IN_WORKSPACE)

    def iterate(self, workspace_id: Id, per_page: int = 100) -> Iterator[dict[str, Any]]:
        """Walk the workfiles of a workspace, each page when it is needed. Calls ``GET /workspaces/:id/workfiles``.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> names = [workfile["file_name"] for workfile in session.workfile.iterate(workspace_id)]
        """
        number = workspace_id_of(self, workspace_id)
        path, action = f"workspaces/{number}/workfiles", f"list the workfiles of workspace {number}"
        return self._iterate(path, action, per_page=per_page, kinds=_IN_WORKSPACE)

    def upload(
        self, workspace_id: Id, afm_file: str | os.PathLike[str], data_sources_list: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Upload an Alpine workfile file (.afm format). Calls ``POST /workspaces/:id/workfiles``.

        Will alter the workfile to use the data source(s) chosen. Operators within a workflow must remain consistent
        with type of data source. A workflow built on a Hadoop data source can be converted to use a different Hadoop
        data source, but not to use a database.

        :param workspace_id: ID of workspace, or its name.
        :type workspace_id: int
        :param afm_file: Local path to the Alpine workfile (.afm).
        :type afm_file: str
        :param data_sources_list: A list of data source information with the following format:
            ``[{"data_source_type": DataSource.dsType.HadoopCluster, "data_source_id": "1", "database_id": ""},
            {"data_source_type": DataSource.dsType.JDBCDataSource, "data_source_id": "421", "database_id": ""},
            {"data_source_type": DataSource.dsType.GreenplumDatabase, "data_source_id": "1", "database_id": "42"}]``.
            :meth:`alpine.datasource.DataSource.for_upload` builds an entry from names.
        :type data_sources_list: list
        :returns: Selected workfile's metadata. Its ``file_name`` is the server's, which numbers a name that is taken.
        :rtype: dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises LocalFileException: The file cannot be read; nothing was sent.
        :raises WorkflowFileException: The file is not a workflow; nothing was sent.
        :raises InvalidArgumentException: The list of data sources has a wrong shape; nothing was sent.
        :raises ValidationException: The server refuses the file.
        :raises OutcomeUnknownException: The answer was lost; the file may have arrived.

        Example:

        >>> base_dir = os.getcwd()
        >>> afm_path = "{0}/afm/test.afm".format(base_dir)
        >>> datasource_info = [{"data_source_type": session.datasource.dsType.GreenplumDatabase,
        ...                     "data_source_id": 1,
        ...                     "database_id": 1}]
        >>> workfile_info = session.workfile.upload(workspace_id, afm_path, datasource_info)
        """
        file = _existing(afm_file, "afm_file")
        locations = execution_locations(data_sources_list)
        afm.check(file)
        fields: list[tuple[str, object]] = [("workfile[entity_subtype]", "alpine")]
        for position, (entity_type, number) in enumerate(locations):
            fields.append((f"workfile[execution_locations][{position}][entity_type]", entity_type))
            fields.append((f"workfile[execution_locations][{position}][id]", number))
        body = MultipartBody(fields, "workfile[versions_attributes][0][contents]", file)
        record = self._create(workspace_id, f"upload {file.name}", body)
        self._warn_of_new_name(file.name.replace(".afm", ""), record)
        return record

    def _create(self, workspace_id: Id, action: str, body: MultipartBody) -> dict[str, Any]:
        number = workspace_id_of(self, workspace_id)
        answer = self._request(
            "POST",
            f"workspaces/{number}/workfiles",
            f"{action} to workspace {number}",
            body=body,
            kinds=_IN_WORKSPACE,
            if_lost="Look with workfile.get_list whether it is there before you upload it again.",
        )
        return self._one(answer)

    def _warn_of_new_name(self, name: str, record: dict[str, Any]) -> None:
        if record.get("file_name") != name:
            self.logger.warning(
                "%r is on the server as %r, with id %s.", name, record.get("file_name"), record.get("id")
            )


def _existing(value: object, name: str) -> Path:
    path = local_path(value, name)
    if not path.is_file():
        raise LocalFileException(f"Could not read {name}: there is no file {path}.")
    return path
