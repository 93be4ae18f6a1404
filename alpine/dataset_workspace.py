"""The datasets of a workspace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from alpine._arguments import Id, given, identifier, page_size, text
from alpine._constants import Constants, flag
from alpine._dataset_lists import FEATURE, each_once, whole_list
from alpine._display.records import Record, RecordList
from alpine._http.body import BytesBody
from alpine._http.request import Request
from alpine._named_workspace import not_the_workspace
from alpine._pager import Listing
from alpine.alpineobject import Resource
from alpine.dataset_schema import Schema, source_number
from alpine.exception import (
    DatasetNotFoundException,
    DataSourceNotFoundException,
    InvalidArgumentException,
    ValidationException,
    WorkspaceNotFoundException,
)
from alpine.workspace import workspace_id_of

_IN_WORKSPACE = {404: WorkspaceNotFoundException}
_ASSOCIATED = "ALREADY_ASSOCIATED"


class Subtype(Constants):
    """The kinds of datasets that the list of a workspace can be limited to."""

    SandboxTable = "SANDBOX_TABLE"
    SandboxDataset = "SANDBOX_DATASET"
    ChorusView = "CHORUS_VIEW"
    SourceTable = "SOURCE_TABLE"
    NonChorusView = "NON_CHORUS_VIEW"


class InWorkspace(Resource):
    """A class for interacting with the datasets of a workspace.

    They are the tables that were associated with it, its own views and files, and the tables of its sandbox.
    """

    Subtype = Subtype

    def create_sandbox(
        self,
        workspace_id: Id,
        data_source: Id,
        schema: str,
        database: str | None = None,
        *,
        show_sandbox_datasets: bool = True,
    ) -> Record:
        """Give a workspace a sandbox: the schema of its own tables. Calls ``POST /workspaces/:id/sandbox``.

        Tables that are loaded go there. A workspace keeps its sandbox; it may get another one, but not lose it.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param data_source: ID of a Greenplum, HAWQ or PostgreSQL source, or its name.
        :type data_source: int
        :param schema: Name of the schema: ``public``, one that the server knows, or a new one, which is created.
        :type schema: str
        :param database: Name of the database, if the source has more than one.
        :type database: str
        :param show_sandbox_datasets: Whether its tables are in the list of the workspace's datasets.
        :type show_sandbox_datasets: bool
        :returns: The schema's metadata.
        :rtype: dict
        :raises WorkspaceNotFoundException: There is no such workspace.
        :raises DataSourceNotFoundException: There is no such data source or database.
        :raises ForbiddenException: The user is not a member of the workspace.
        :raises ValidationException: The schema cannot be created; the message is the database's.
        :raises FeatureNotFoundException: The server has no sandboxes.

        Example:

        >>> sandbox = session.dataset.in_workspace.create_sandbox(
        ...     workspace_id, "Sandbox Database", "scratch"
        ... )
        >>> sandbox["name"]
        'scratch'
        """
        name, is_shown = text(schema, "schema"), flag(show_sandbox_datasets, "show_sandbox_datasets")
        # Both may be names, which are looked up once all arguments were checked.
        source: Id = text(data_source, "data_source") if (found := source_number(data_source)) is None else found
        place = None if database is None else text(database, "database")
        workspace = workspace_id_of(self, workspace_id)
        schemas = Schema._beside(self).get_list(source, place)
        known = next((row for row in schemas if row.get("name") == name), None)
        where: dict[str, object] = {"schema_id": known.get("id")} if known else {"schema_name": name}
        if known is None:
            databases = [row["database"].get("id") for row in schemas if isinstance(row.get("database"), dict)]
            if not databases:
                raise DataSourceNotFoundException(
                    f"The data source {data_source!r} has no database that a schema could be made in; a sandbox is in "
                    "one of Greenplum, HAWQ or PostgreSQL."
                )
            where["database_id"] = databases[0]
        action = f"give workspace {workspace} the sandbox {name!r}"
        body = BytesBody.json({"sandbox": {**where, "show_sandbox_datasets": bool(is_shown)}})
        path = f"workspaces/{workspace}/sandbox"
        self._request(
            Request("POST", path, action, body=body, idempotent=True, errors=_IN_WORKSPACE, feature="sandboxes")
        )
        record = self._one(Request("GET", f"workspaces/{workspace}", action, errors=_IN_WORKSPACE))
        made = record.get("sandbox_info")
        return Record(made if isinstance(made, dict) else {})

    def get_list(
        self,
        workspace_id: Id,
        per_page: int = 100,
        *,
        name_pattern: str | None = None,
        entity_subtype: str | None = None,
        database_id: Id | None = None,
        tables_only: bool = False,
    ) -> RecordList:
        """Return the datasets of a workspace. Calls ``GET /workspaces/:id/datasets``.

        If the workspace has a sandbox whose database cannot be reached, its tables are left out.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param per_page: Accepted as for other lists; at least 1,000 rows are requested at a time.
        :type per_page: int
        :param name_pattern: Return only datasets with this in their name, in any capitals.
        :type name_pattern: str
        :param entity_subtype: Return only datasets of this kind, a value of ``InWorkspace.Subtype``.
        :type entity_subtype: str
        :param database_id: Return only datasets of this database.
        :type database_id: int
        :param tables_only: Leave out views.
        :type tables_only: bool
        :returns: List of datasets' metadata.
        :rtype: list of dict
        :raises WorkspaceNotFoundException: The workspace does not exist, or the user may not see it.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> session.dataset.in_workspace.associate("Sandbox", [dataset_id])
        >>> datasets = session.dataset.in_workspace.get_list("Sandbox")
        >>> [dataset["object_name"] for dataset in datasets]
        ['orders']
        """
        size, filters = page_size(per_page), _filters(name_pattern, entity_subtype, database_id, tables_only)
        return whole_list(self, self._listing(workspace_id, filters), size)

    def iterate(
        self,
        workspace_id: Id,
        per_page: int = 100,
        *,
        name_pattern: str | None = None,
        entity_subtype: str | None = None,
        database_id: Id | None = None,
        tables_only: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """Iterate over the datasets of a workspace, page by page.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> for dataset in session.dataset.in_workspace.iterate("Sandbox"):
        ...     name = dataset["object_name"]
        """
        size, filters = page_size(per_page), _filters(name_pattern, entity_subtype, database_id, tables_only)
        return each_once(self, self._listing(workspace_id, filters), size)

    def get(self, workspace_id: Id, dataset_id: Id) -> Record:
        """Return metadata for a dataset of a workspace. Calls ``GET /workspaces/:id/datasets/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param dataset_id: ID of the dataset.
        :type dataset_id: int
        :returns: The dataset's metadata, with its ``workspace``.
        :rtype: dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises DatasetNotFoundException: The workspace has no such dataset.
        :raises ValidationException: The table is gone from the database, or the database cannot be reached.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> session.dataset.in_workspace.associate("Sandbox", [dataset_id])
        >>> dataset = session.dataset.in_workspace.get("Sandbox", dataset_id)
        >>> dataset["workspace"]["name"]
        'Sandbox'
        """
        number = identifier(dataset_id, "dataset_id", DatasetNotFoundException)
        workspace = workspace_id_of(self, workspace_id)
        with not_the_workspace(self, workspace, DatasetNotFoundException, "The workspace is there."):
            path, action = f"workspaces/{workspace}/datasets/{number}", f"get dataset {number} of workspace {workspace}"
            return self._one(Request("GET", path, action, errors=_IN_WORKSPACE, feature=FEATURE))

    def associate(self, workspace_id: Id, dataset_ids: Iterable[Id]) -> None:
        """Associate tables with a workspace. Calls ``POST /workspaces/:id/datasets``.

        Tables that are associated already stay so. The server leaves out what cannot be associated without a word, so
        that the list is read afterwards.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param dataset_ids: IDs of the datasets.
        :type dataset_ids: list
        :returns: None.
        :rtype: NoneType
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises DatasetNotFoundException: A dataset does not exist.
        :raises ForbiddenException: The user is not a member of the workspace.
        :raises ValidationException: Not all of them were associated; the message says which were not.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> session.dataset.in_workspace.associate("Sandbox", [dataset_id])
        """
        numbers = _numbers(dataset_ids)
        workspace = workspace_id_of(self, workspace_id)
        if not numbers:
            return
        path, action = f"workspaces/{workspace}/datasets", f"associate {_listed(numbers)} with workspace {workspace}"
        body = BytesBody.json({"dataset_ids": numbers})
        request = Request("POST", path, action, body=body, errors=_IN_WORKSPACE, idempotent=True, feature=FEATURE)
        more = "The workspace is there, but not all of these datasets."
        try:
            with not_the_workspace(self, workspace, DatasetNotFoundException, more):
                self._request(request)
        except ValidationException as error:
            if _ASSOCIATED not in error.fields.get("dataset", {}) or len(numbers) > 1:
                raise
        if len(numbers) > 1:
            there = {row.get("id") for row in each_once(self, self._listing(workspace, {}), 1000)}
            left_out = [number for number in numbers if number not in there]
            if left_out:
                raise ValidationException(
                    f"Could not {action}: the server has left out {_listed(left_out)}. Only tables and views can be "
                    "associated, and those of one's own data sources.",
                    method="POST",
                )

    def remove(self, workspace_id: Id, dataset_ids: Iterable[Id]) -> None:
        """Remove datasets from a workspace; the tables stay in the database. Calls ``DELETE /workspaces/:id/datasets``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param dataset_ids: IDs of the datasets; those that are not associated are ignored.
        :type dataset_ids: list
        :returns: None.
        :rtype: NoneType
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises ForbiddenException: The user is not a member of the workspace.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> session.dataset.in_workspace.remove("Sandbox", [dataset_id])
        """
        numbers = _numbers(dataset_ids)
        workspace = workspace_id_of(self, workspace_id)
        if not numbers:
            return
        path, action = f"workspaces/{workspace}/datasets", f"remove {_listed(numbers)} from workspace {workspace}"
        ids = {"dataset_ids[]": numbers}
        self._request(
            Request("DELETE", path, action, params=ids, idempotent=True, errors=_IN_WORKSPACE, feature=FEATURE)
        )

    def _listing(self, workspace_id: Id, filters: dict[str, object]) -> Listing:
        number = workspace_id_of(self, workspace_id)
        action = f"list the datasets of workspace {number}"
        return Listing(f"workspaces/{number}/datasets", action, params=filters, errors=_IN_WORKSPACE)


def _filters(
    name_pattern: str | None, entity_subtype: str | None, database_id: Id | None, tables_only: bool
) -> dict[str, object]:
    return given(
        name_pattern=None if name_pattern is None else text(name_pattern, "name_pattern"),
        entity_subtype=None if entity_subtype is None else Subtype.checked(entity_subtype, "entity_subtype"),
        database_id=None
        if database_id is None
        else identifier(database_id, "database_id", DataSourceNotFoundException),
        # Whatever is sent means yes.
        tables_only="true" if flag(tables_only, "tables_only") else None,
    )


def _numbers(dataset_ids: object) -> list[int]:
    if isinstance(dataset_ids, str | bytes) or not isinstance(dataset_ids, Iterable):
        raise InvalidArgumentException(f"dataset_ids must be a list of ids, not {dataset_ids!r}.")
    return [identifier(each, "each of dataset_ids", DatasetNotFoundException) for each in dataset_ids]


def _listed(numbers: list[int]) -> str:
    return f"dataset{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
