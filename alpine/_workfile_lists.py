"""How workfiles are found: by name, and as lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alpine._arguments import Id, nearest, page_size, sent_id, text
from alpine._display.records import RecordList
from alpine._named_workspace import workspace_id_beside
from alpine._pager import Listing
from alpine._workfile_names import listing_filters
from alpine.alpineobject import Resource
from alpine.exception import WorkfileNotFoundException, WorkspaceNotFoundException
from alpine.workspace import workspace_id_of

_IN_WORKSPACE = {404: WorkspaceNotFoundException}


class WorkfileLists(Resource):
    """The workfiles of a workspace."""

    def get_id(self, workfile_name: str, workspace_id: Id) -> int:
        """Return the ID of a workfile in a workspace. Calls ``GET /workspaces/:id/workfiles``.

        :param workfile_name: Name of the workfile on the server, where names of workflows do not end in ``.afm``.
        :type workfile_name: str
        :param workspace_id: ID of the workspace that contains the workfile, or its name.
        :type workspace_id: int
        :returns: ID of the workfile.
        :rtype: int
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises WorkfileNotFoundException: The workfile does not exist.

        Example:

        >>> session.workfile.get_id(
        ...     workfile_name="order_filter", workspace_id="Sandbox"
        ... ) == workflow_id
        True
        """
        name = text(workfile_name, "workfile_name")
        workflow: Mapping[str, Any] | None = None
        seen = []
        workspace = workspace_id_beside(self, workspace_id, name, WorkfileNotFoundException.by_name)
        for row in self.iterate(workspace, per_page=1000):
            if row.get("file_name") == name:
                return sent_id(row, "workfile")
            if row.get("file_type") == "work_flow" and row.get("file_name") == name.removesuffix(".afm"):
                workflow = row
            seen.append(str(row.get("file_name")))
        if workflow is not None:
            return sent_id(workflow, "workfile")
        raise WorkfileNotFoundException(
            f"There is no workfile {name!r} in workspace {workspace_id!r} among the {len(seen)} that this user sees."
            f"{nearest(name, seen)}"
        )

    def get_list(
        self,
        workspace_id: Id,
        per_page: int = 100,
        *,
        file_type: str | None = None,
        name_pattern: str | None = None,
    ) -> RecordList:
        """Return all workfiles in a workspace, ordered by name. Calls ``GET /workspaces/:id/workfiles``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :param file_type: Return only files of one kind: ``work_flow``, ``sql``, ``code``, ``text``, ``image``, ``xml``
            or ``other``.
        :type file_type: str
        :param name_pattern: Return only files with this in their name (case-sensitive); ``%`` and ``_`` are wildcards.
        :type name_pattern: str
        :returns: List of workfiles' metadata.
        :rtype: list of dict
        :raises WorkspaceNotFoundException: The workspace does not exist.

        Example:

        >>> workfiles = session.workfile.get_list(workspace_id=workspace_id)
        >>> workflows = session.workfile.get_list(
        ...     workspace_id, file_type="work_flow", name_pattern="order"
        ... )
        """
        filters, size = listing_filters(file_type, name_pattern), page_size(per_page)
        path, action = self._list_path(workspace_id)
        return self._list(Listing(path, action, params=filters, errors=_IN_WORKSPACE), size)

    def iterate(
        self,
        workspace_id: Id,
        per_page: int = 100,
        *,
        file_type: str | None = None,
        name_pattern: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Iterate over the workfiles of a workspace, page by page. Calls ``GET /workspaces/:id/workfiles``.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> for workfile in session.workfile.iterate(workspace_id):
        ...     name = workfile["file_name"]
        """
        filters, size = listing_filters(file_type, name_pattern), page_size(per_page)
        path, action = self._list_path(workspace_id)
        return self._iterate(Listing(path, action, params=filters, errors=_IN_WORKSPACE), size)

    def _list_path(self, workspace_id: Id) -> tuple[str, str]:
        number = workspace_id_of(self, workspace_id)
        return f"workspaces/{number}/workfiles", f"list the workfiles of workspace {number}"
