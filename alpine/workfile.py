"""Workfiles: workflows and other files of a workspace."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, overload

from alpine import exception
from alpine import process as _process
from alpine import workfile_version as _version
from alpine._arguments import Id, also_known_as, given, identifier, sent_id, text, words
from alpine._deployment import deploy as _deploy
from alpine._display.records import Record, RecordList
from alpine._files import FileSink, existing_file, target_path
from alpine._http.body import BytesBody, MultipartBody
from alpine._http.request import Request
from alpine._http.transport import Transport
from alpine._named_workspace import not_the_workspace
from alpine._restating import restated, restating
from alpine._workfile_lists import WorkfileLists
from alpine._workfile_names import checked_if_exists, naming, upload_name
from alpine._workfile_runs import runs_of
from alpine.alpineobject import AlpineObject, warn_of_open_end
from alpine.datasource import DataSource, execution_locations
from alpine.exception import *  # noqa: F403 - so does import * of this module, as in 1.0.14
from alpine.exception import (
    AlpineException,
    DataSourceNotFoundException,
    InvalidArgumentException,
    ServerErrorException,
    WorkfileNotFoundException,
    WorkspaceNotFoundException,
)
from alpine.workspace import workspace_exists, workspace_id_of

__all__ = ["AlpineObject", "DataSource", "Workfile"]
__all__ += exception.__all__

_ERRORS = {404: WorkfileNotFoundException}
_IN_WORKSPACE = {404: WorkspaceNotFoundException}


class Workfile(WorkfileLists):
    """A class for interacting with workfiles.

    The top-level methods deal with workfile management. The subclass :class:`Process` can be used to interact
    with individual workfiles, including running workflows with workflow variables.
    """

    Process = _process.Process
    Version = _version.Version
    deploy = _deploy

    def _bind(self, base_url: str, transport: Transport) -> None:
        super()._bind(base_url, transport)
        self.process: _process.Process = _process.Process._beside(self)
        """The runs of workflows."""
        self.version: _version.Version = _version.Version._beside(self)
        """The versions of other workfiles."""

    @overload
    def delete(self, workfile_id: Id) -> None: ...
    @overload
    def delete(self, *, workflow_id: Id) -> None: ...
    @also_known_as(workflow_id="workfile_id")
    def delete(self, workfile_id: Id) -> None:
        """Delete a workfile from a workspace. Calls ``DELETE /workfiles/:id``.

        :param workfile_id: ID of workfile to delete; ``workflow_id`` is another name for it.
        :type workfile_id: int
        :returns: None.
        :rtype: NoneType
        :raises WorkfileNotFoundException: The workfile does not exist.
        :raises ForbiddenException: The user is not a member of the workspace.

        Example:

        >>> session.workfile.delete(workflow_id=workflow_id)
        """
        number = identifier(workfile_id, "workfile_id", WorkfileNotFoundException)
        self._request(
            Request("DELETE", f"workfiles/{number}", f"delete workfile {number}", idempotent=True, errors=_ERRORS)
        )

    @overload
    def download(self, workfile_id: Id, *, path: None = None) -> bytes: ...
    @overload
    def download(self, workfile_id: Id, *, path: str | os.PathLike[str]) -> Path: ...
    def download(self, workfile_id: Id, *, path: str | os.PathLike[str] | None = None) -> bytes | Path:
        """Download an Alpine workfile. Will not download Alpine workflows. Calls ``GET /workfiles/:id/download``.

        :param workfile_id: ID of the workfile to download.
        :type workfile_id: int
        :param path: Where to write the file: the path of a file, which is replaced once everything has arrived and
            keeps its mode, or a directory, in which the server's file name is used. Symbolic links are followed.
            Without ``path``, the content is returned.
        :type path: str
        :returns: The content of the file, or the path that was written.
        :rtype: bytes, or pathlib.Path with ``path``
        :raises WorkfileNotFoundException: Workfile ID does not exist or is an Alpine workflow.
        :raises LocalFileException: The file cannot be written, or the path leads to something other than a file.

        If the server does not send the length, an incomplete download cannot be detected. A ``UserWarning`` then gives
        the number of bytes that arrived.

        Example:

        >>> operator_data = session.workfile.download(workfile_id=workfile_id)
        """
        number = identifier(workfile_id, "workfile_id", WorkfileNotFoundException)
        if path is None:
            return self._download(number, None)
        with FileSink(target_path(path, "path"), f"workfile_{number}") as sink:
            self._download(number, sink)
            return sink.finish()

    def _download(self, number: int, sink: FileSink | None) -> bytes:
        def tell_of_workflow(error: ServerErrorException) -> AlpineException | None:
            # The server has no better response than an internal error for a workflow.
            if self.get(number).get("file_type") != "work_flow":
                return None
            reason = f"Could not download workfile {number}: it is a workflow, which the server does not hand out."
            return WorkfileNotFoundException(
                reason,
                status_code=error.status_code,
                method=error.method,
                url=error.url,
                request_id=error.request_id,
            )

        path, action = f"workfiles/{number}/download", f"download workfile {number}"
        with restating(ServerErrorException, tell_of_workflow):
            response = self._request(Request("GET", path, action, errors=_ERRORS, sink=sink))
        # Before the file is in its place, so that one who makes an error of it has the old file.
        warn_of_open_end(response, f"Workfile {number}", 3)
        return response.body

    @overload
    def get(self, workfile_id: Id) -> Record: ...
    @overload
    def get(self, *, workflow_id: Id) -> Record: ...
    @also_known_as(workflow_id="workfile_id")
    def get(self, workfile_id: Id) -> Record:
        """Return metadata for a workfile. Calls ``GET /workfiles/:id``.

        The server records that the workfile was opened.

        :param workfile_id: ID of workfile; ``workflow_id`` is another name for it.
        :type workfile_id: str
        :returns: Selected workfile's metadata.
        :rtype: dict
        :raises WorkfileNotFoundException: The workfile does not exist.
        :raises ForbiddenException: It is in a private workspace, and the user is not a member.

        Example:

        >>> session.workfile.get(workflow_id=workflow_id)["file_type"]
        'work_flow'
        """
        number = identifier(workfile_id, "workfile_id", WorkfileNotFoundException)
        return self._one(Request("GET", f"workfiles/{number}", f"get workfile {number}", errors=_ERRORS))

    def upload(
        self,
        workspace_id: Id,
        afm_file: str | os.PathLike[str],
        data_sources_list: list[dict[str, Any]],
        *,
        if_exists: str = "rename",
        name: str | None = None,
    ) -> Record:
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
        :param if_exists: What to do if the name is taken: ``"rename"`` (the server adds a number), ``"error"``, or
            ``"replace"``, which deletes the old workfile after the new one has arrived; the id is new.
        :type if_exists: str
        :param name: The name on the server: letters, digits, spaces and ``_ . ( ) -``; by default that of the file.
        :type name: str
        :returns: The workfile's metadata. Its ``file_name`` has a number added if the name was taken.
        :rtype: dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises DataSourceNotFoundException: A data source or a database of the list does not exist.
        :raises LocalFileException: The file cannot be read; nothing was sent.
        :raises WorkflowFileException: The file is not a workflow; nothing was sent.
        :raises InvalidArgumentException: The list of data sources has a wrong format; nothing was sent.
        :raises ValidationException: The server rejects the file, or its name is taken and ``if_exists`` is ``"error"``.
        :raises OutcomeUnknownException: The response was lost; the file may have arrived.

        Example:

        >>> base_dir = os.getcwd()
        >>> afm_path = "{0}/afm/test.afm".format(base_dir)
        >>> datasource_info = [
        ...     {
        ...         "data_source_type": session.datasource.dsType.GreenplumDatabase,
        ...         "data_source_id": 1,
        ...         "database_id": 1,
        ...     }
        ... ]
        >>> workfile_info = session.workfile.upload(
        ...     workspace_id, afm_path, datasource_info
        ... )
        """
        file = existing_file(afm_file, "afm_file")
        chosen = upload_name(file.name, name).replace(".afm", "")
        locations, mode = execution_locations(data_sources_list), checked_if_exists(if_exists)
        from alpine import afm  # the XML parser is needed only here

        afm.check(file)
        fields: list[tuple[str, object]] = [("workfile[entity_subtype]", "alpine")]
        for position, (entity_type, number) in enumerate(locations):
            fields.append((f"workfile[execution_locations][{position}][entity_type]", entity_type))
            fields.append((f"workfile[execution_locations][{position}][id]", number))
        workspace = workspace_id_of(self, workspace_id)
        more = "The workspace is there, but not every data source or database of data_sources_list."
        with not_the_workspace(self, workspace, DataSourceNotFoundException, more):
            return self._create(workspace, file, f"{chosen}.afm", chosen, fields, mode)

    def upload_file(
        self,
        workspace_id: Id,
        path: str | os.PathLike[str],
        description: str | None = None,
        *,
        if_exists: str = "rename",
        name: str | None = None,
    ) -> Record:
        """Upload a file of any kind: a notebook, SQL, CSV, text. Calls ``POST /workspaces/:id/workfiles``.

        :param workspace_id: ID of workspace, or its name.
        :type workspace_id: int
        :param path: Local path of the file.
        :type path: str
        :param description: A description, up to 256 characters.
        :type description: str
        :param if_exists: What to do if the name is taken, as in :meth:`upload`.
        :type if_exists: str
        :param name: The name on the server, by default that of the file; its extension determines the kind of file.
        :type name: str
        :returns: The new workfile's metadata.
        :rtype: dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises LocalFileException: The file cannot be read; nothing was sent.
        :raises ValidationException: The server rejects the file, or its name is taken and ``if_exists`` is ``"error"``.
        :raises OutcomeUnknownException: The response was lost; the file may have arrived.

        Example:

        >>> session.workfile.upload_file(workspace_id, "afm/test.afm")["file_name"]
        'test.afm'
        """
        file, mode = existing_file(path, "path"), checked_if_exists(if_exists)
        chosen = upload_name(file.name, name)
        given_fields = given(**{"workfile[description]": words(description, "description")})
        return self._create(workspace_id_of(self, workspace_id), file, chosen, chosen, [*given_fields.items()], mode)

    def update(self, workfile_id: Id, name: str | None = None, description: str | None = None) -> Record:
        """Change the name or the description of a workfile. Calls ``PUT /workfiles/:id``.

        :param workfile_id: ID of the workfile.
        :type workfile_id: int
        :param name: A new name.
        :type name: str
        :param description: A new description; an empty string clears it.
        :type description: str
        :returns: The workfile's metadata after the change.
        :rtype: dict
        :raises WorkfileNotFoundException: The workfile does not exist.
        :raises ValidationException: The name is taken, or not allowed.

        Example:

        >>> session.workfile.update(
        ...     workflow_id, description="Orders above an amount"
        ... )["description"]
        'Orders above an amount'
        """
        number = identifier(workfile_id, "workfile_id", WorkfileNotFoundException)
        document = given(
            file_name=None if name is None else text(name, "name"), description=words(description, "description")
        )
        if not document:
            return self.get(number)
        body = BytesBody.json({"workfile": document})
        action = f"update workfile {number}"
        path = f"workfiles/{number}"
        with naming():
            return self._one(Request("PUT", path, action, body=body, idempotent=True, errors=_ERRORS))

    def copy(self, workfile_id: Id, workspace_id: Id | None = None, name: str | None = None) -> Record:
        """Copy a workfile. Calls ``POST /workfiles/:id/copy``.

        :param workfile_id: ID of the workfile.
        :type workfile_id: int
        :param workspace_id: ID of the workspace to copy to, or its name; by default that of the workfile.
        :type workspace_id: int
        :param name: The name of the copy; by default the old name, with a number added if it is taken.
        :type name: str
        :returns: The copy's metadata.
        :rtype: dict
        :raises WorkfileNotFoundException: The workfile does not exist.
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises ValidationException: The name is taken.

        Example:

        >>> session.workfile.copy(workflow_id)["file_name"]
        'order_filter_1'
        """
        number = identifier(workfile_id, "workfile_id", WorkfileNotFoundException)
        new_name = None if name is None else text(name, "name")
        workspace = None if workspace_id is None else workspace_id_of(self, workspace_id)
        body = BytesBody.json(given(workspace_id=workspace, file_name=new_name))
        path, action = f"workfiles/{number}/copy", f"copy workfile {number}"
        check = "Check with session.workfile.get_list whether it is there before you copy it again."

        def tell_what_is_missing(error: WorkfileNotFoundException) -> AlpineException | None:
            # The server's response does not say it.
            if workspace is None or workspace_exists(self, workspace):
                return None
            return restated(error, WorkspaceNotFoundException, f"There is no workspace {workspace}.")

        with restating(WorkfileNotFoundException, tell_what_is_missing), naming():
            return self._one(Request("POST", path, action, body=body, errors=_ERRORS, how_to_check=check))

    def delete_many(self, workspace_id: Id, workfile_ids: Iterable[Id]) -> None:
        """Delete several workfiles of a workspace at once. Calls ``DELETE /workspaces/:id/workfiles``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param workfile_ids: IDs of the workfiles.
        :type workfile_ids: list
        :returns: None.
        :rtype: NoneType
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises WorkfileNotFoundException: A workfile does not exist, or is in another workspace.
        :raises ForbiddenException: The user is not a member of the workspace.

        Example:

        >>> session.workfile.delete_many(workspace_id, [workflow_id, workfile_id])
        """
        if isinstance(workfile_ids, str | bytes) or not isinstance(workfile_ids, Iterable):
            raise InvalidArgumentException(f"workfile_ids must be a list of ids, not {workfile_ids!r}.")
        numbers = [identifier(each, "each of workfile_ids", WorkfileNotFoundException) for each in workfile_ids]
        if not numbers:
            return
        workspace = workspace_id_of(self, workspace_id)
        more = "The workspace is there, but not all of these workfiles."
        with not_the_workspace(self, workspace, WorkfileNotFoundException, more):
            action = f"delete workfiles {', '.join(map(str, numbers))} of workspace {workspace}"
            ids = {"workfile_ids[]": numbers}
            path = f"workspaces/{workspace}/workfiles"
            self._request(Request("DELETE", path, action, params=ids, idempotent=True, errors=_IN_WORKSPACE))

    def runs(self, workflow_id: Id) -> RecordList:
        """Return the earlier runs of a workflow that left results, the latest first. Calls ``GET /activities``.

        Also calls ``GET /jobs/:id/job_results/latest`` for each job of the workspace. What the server tells is not all:
        runs in progress and runs without results are missing, of each job only the last run is known, and
        ``started_at``, ``status`` and ``job_id`` are known only of runs of jobs.

        :param workflow_id: ID of the workflow, or of a touchpoint.
        :type workflow_id: int
        :returns: A record for each run: ``process_id``, ``finished_at``, ``started_at``, ``status``, ``user``,
            ``job_id`` and ``activity_id``; None for what is not known. That the server's id of a result is the
            ``process_id`` of its run is inferred. :meth:`alpine.workfile.Workfile.Process.attach` makes a run of it.
        :rtype: list of dict
        :raises WorkfileNotFoundException: The workflow does not exist.
        :raises ForbiddenException: It is in a private workspace, and the user is not a member.
        :raises FeatureNotFoundException: The server has no activities.

        Example:

        >>> process_id = session.workfile.process.run(workflow_id)
        >>> process_id.wait()
        'SUCCESS'
        >>> last = session.workfile.runs(workflow_id)[0]
        >>> run = session.workfile.process.attach(workflow_id, last["process_id"])
        >>> run.results().operators["Row Filter"].row_count
        141
        """
        number = identifier(workflow_id, "workflow_id", WorkfileNotFoundException)
        workspace = self.get(number).get("workspace")
        return runs_of(self, number, workspace.get("id") if isinstance(workspace, dict) else None)

    def _create(
        self, workspace: int, file: Path, told: str, name: str, fields: list[tuple[str, object]], if_exists: str
    ) -> Record:
        """Send a new workfile; of ``told``, the name of its file, the server makes ``name``, the workfile's."""
        replaced = self._taken(workspace, name) if if_exists == "replace" else None
        # The server refuses a name that is sent along and taken; without one it finds another.
        named = [("workfile[file_name]", name)] if if_exists == "error" else []
        body = MultipartBody([*fields, *named], "workfile[versions_attributes][0][contents]", file, told)
        taken = "Give another with name=…, or let if_exists='replace' replace the workfile."
        with naming("Give another with upload(…, name=…) or upload_file(…, name=…).", taken):
            path, action = f"workspaces/{workspace}/workfiles", f"upload {file.name} to workspace {workspace}"
            check = "Check with session.workfile.get_list whether it is there before you upload it again."
            record = self._one(Request("POST", path, action, body=body, errors=_IN_WORKSPACE, how_to_check=check))
        if replaced is not None:
            return self._put_in_place(sent_id(record, "workfile"), replaced, name)
        if record.get("file_name") != name:
            given_name = self._transport.clean(str(record.get("file_name")))[:300]
            self.logger.warning("%r is on the server as %r, with id %s.", name, given_name, record.get("id"))
        return record

    def _put_in_place(self, new: int, old: int, name: str) -> Record:
        """Delete the old workfile, and give its name to the new one."""
        try:
            self.delete(old)
            return self.update(new, name=name)
        except AlpineException as error:
            error.add_note(f"The new workfile is on the server, with id {new}; the old one has id {old}.")
            raise

    def _taken(self, workspace: int, name: str) -> int | None:
        """The id of the workfile that has exactly this name."""
        rows = self.iterate(workspace, per_page=1000)
        return next((sent_id(row, "workfile") for row in rows if row.get("file_name") == name), None)
