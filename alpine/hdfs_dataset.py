"""Files of a Hadoop cluster as a dataset of a workspace."""

from __future__ import annotations

from typing import Any

from alpine._arguments import Id, identifier, sent_id, text
from alpine._display.records import Record
from alpine._http.body import BytesBody
from alpine._http.request import Request
from alpine.alpineobject import AlpineObject, Resource
from alpine.dataset_schema import source_number
from alpine.datasource import DataSource
from alpine.exception import DatasetNotFoundException, NotFoundException
from alpine.workspace import workspace_id_of

FEATURE = "HDFS datasets"
_ERRORS: dict[int, type[NotFoundException]] = {404: DatasetNotFoundException}
_CHECK = "session.dataset.in_workspace.get_list(workspace_id) shows whether it is there."


class HdfsDataset(Resource):
    """A class for interacting with HDFS datasets: the files of a cluster whose paths fit a mask, as one dataset.

    The datasets of a workspace list them as well, with ``entity_subtype`` ``"HDFS"``.
    """

    def create(self, workspace_id: Id, name: str, file_mask: str, data_source: Id) -> Record:
        """Make a dataset of files. Calls ``POST /hdfs_datasets``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param name: Name of the dataset.
        :type name: str
        :param file_mask: The paths of its files, as in ``"/data/orders*.csv"``. The server does not look for them.
        :type file_mask: str
        :param data_source: ID of the Hadoop data source, or its name.
        :type data_source: int
        :returns: The dataset's metadata.
        :rtype: dict
        :raises ValidationException: The name is taken, or the workspace is archived.
        :raises NotFoundException: There is no such workspace, or no such data source.
        :raises ForbiddenException: The user is not a member of the workspace.
        :raises FeatureNotFoundException: The server has no HDFS datasets.

        Example:

        >>> dataset, mask = session.hdfs.dataset, "/data/orders*.csv"
        >>> made = dataset.create("Sandbox", "orders", mask, "Sandbox Hadoop")
        >>> made["entity_subtype"], made["file_mask"]
        ('HDFS', '/data/orders*.csv')
        """
        document: dict[str, Any] = {"name": text(name, "name"), "file_mask": text(file_mask, "file_mask")}
        number = source_number(data_source)
        workspace = workspace_id_of(self, workspace_id)
        document |= {"data_source_id": hadoop_source(self, data_source, number), "workspace_id": workspace}
        return self._sent("POST", "hdfs_datasets", f"create the HDFS dataset {name!r}", document, NotFoundException)

    def update(self, dataset_id: Id, name: str, file_mask: str) -> Record:
        """Change the name and the files of a dataset. Calls ``PUT /hdfs_datasets/:id``.

        :param dataset_id: ID of the dataset.
        :type dataset_id: int
        :param name: Its name.
        :type name: str
        :param file_mask: The paths of its files.
        :type file_mask: str
        :returns: The dataset's metadata.
        :rtype: dict
        :raises DatasetNotFoundException: There is no such dataset.
        :raises ValidationException: The name is taken.
        :raises ForbiddenException: The user is not a member of its workspace.
        :raises FeatureNotFoundException: The server has no HDFS datasets.

        Example:

        >>> dataset, mask = session.hdfs.dataset, "/data/orders*.csv"
        >>> made = dataset.create("Sandbox", "orders", "/data/x", "Sandbox Hadoop")
        >>> dataset.update(made["id"], "orders", mask)["file_mask"]
        '/data/orders*.csv'
        """
        number = identifier(dataset_id, "dataset_id", DatasetNotFoundException)
        document = {"name": text(name, "name"), "file_mask": text(file_mask, "file_mask")}
        path, action = f"hdfs_datasets/{number}", f"update HDFS dataset {number}"
        return self._sent("PUT", path, action, document, DatasetNotFoundException)

    def delete(self, dataset_id: Id) -> None:
        """Delete a dataset; its files stay. Calls ``DELETE /hdfs_datasets/:id``.

        :param dataset_id: ID of the dataset.
        :type dataset_id: int
        :returns: None.
        :rtype: NoneType
        :raises DatasetNotFoundException: There is no such dataset.
        :raises ForbiddenException: The user is not a member of its workspace.
        :raises FeatureNotFoundException: The server has no HDFS datasets.

        Example:

        >>> dataset, mask = session.hdfs.dataset, "/data/orders*.csv"
        >>> made = dataset.create("Sandbox", "orders", mask, "Sandbox Hadoop")
        >>> dataset.delete(made["id"])
        """
        number = identifier(dataset_id, "dataset_id", DatasetNotFoundException)
        path, action = f"hdfs_datasets/{number}", f"delete HDFS dataset {number}"
        self._request(Request("DELETE", path, action, idempotent=True, errors=_ERRORS, feature=FEATURE))

    def _sent(
        self, method: str, path: str, action: str, document: dict[str, Any], missing: type[NotFoundException]
    ) -> Record:
        return self._one(
            Request(
                method,
                path,
                action,
                body=BytesBody.json({"hdfs_dataset": document}),
                idempotent=method == "PUT",
                errors={404: missing},
                how_to_check=_CHECK,
                feature=FEATURE,
            )
        )


def hadoop_source(resource: AlpineObject, data_source: Id, known: int | None = None) -> int:
    """The ID of a Hadoop data source, which may be given by its name.

    :param known: Its ID, where that was found already.
    """
    number = source_number(data_source) if known is None else known
    if number is not None:
        return number
    name = text(data_source, "data_source")
    return sent_id(DataSource._beside(resource)._named(name, "Hadoop"), "data source")
