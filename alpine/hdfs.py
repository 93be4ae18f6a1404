"""Files of Hadoop clusters, as far as the server shows them."""

from __future__ import annotations

import os

from alpine import hdfs_dataset as _dataset
from alpine._arguments import Id, number, text
from alpine._constants import flag
from alpine._display.records import Record, RecordList
from alpine._files import existing_file
from alpine._hdfs_entries import Tree, parts_of
from alpine._hdfs_upload import Upload, upload
from alpine._http.transport import Transport
from alpine.alpineobject import Resource
from alpine.exception import InvalidArgumentException
from alpine.hdfs_dataset import hadoop_source

MOST_LINES = 200
"""The most lines of a file that the server gives."""


class Hdfs(Resource):
    """A class for interacting with the files of Hadoop data sources.

    A file is named by its path from the root of the cluster, as in ``"/data/orders.csv"``. The server finds a path by
    looking into one directory after the other, with a request for each.
    """

    HdfsDataset = _dataset.HdfsDataset

    def _bind(self, base_url: str, transport: Transport) -> None:
        super()._bind(base_url, transport)
        self.dataset: _dataset.HdfsDataset = _dataset.HdfsDataset._beside(self)
        """Files of a cluster as a dataset of a workspace."""

    def get_list(self, data_source: Id, path: str = "/") -> RecordList:
        """Return the entries of a directory, as they are now.

        Calls ``GET /hdfs_data_sources/:id/files`` for the root, and ``GET /hdfs_data_sources/:id/files/:id`` for each
        directory of the path.

        :param data_source: ID of the Hadoop data source, or its name.
        :type data_source: int
        :param path: Path of the directory.
        :type path: str
        :returns: List of entries: ``name``, ``full_path``, ``is_dir``, ``size`` in bytes and ``last_updated_stamp``.
        :rtype: list of dict
        :raises NotFoundException: There is no such directory; the message names what is like it.
        :raises DataSourceNotFoundException: There is no such data source.
        :raises HadoopFileUnavailableException: The cluster does not respond to the server.
        :raises DataSourceCredentialsException: The cluster refuses the user, as its rules for Kerberos say.
        :raises ForbiddenException: The data source is disabled.
        :raises FeatureNotFoundException: The server has no HDFS files.

        Example:

        >>> entries = session.hdfs.get_list("Sandbox Hadoop", "/data")
        >>> "orders.csv" in [entry["name"] for entry in entries]
        True
        """
        parts = parts_of(path, "path")
        tree = self._tree(data_source)
        return tree.children(tree.directory(parts), parts)

    def get(self, data_source: Id, path: str) -> Record:
        """Return metadata for a file or a directory. Calls ``GET /hdfs_data_sources/:id/files/:id``.

        :param data_source: ID of the Hadoop data source, or its name.
        :type data_source: int
        :param path: Its path.
        :type path: str
        :returns: The entry, as in :meth:`get_list`.
        :rtype: dict
        :raises NotFoundException: There is no such file or directory; the message names what is like it.
        :raises DataSourceNotFoundException: There is no such data source.
        :raises HadoopFileUnavailableException: The cluster does not respond to the server.
        :raises DataSourceCredentialsException: The cluster refuses the user, as its rules for Kerberos say.
        :raises FeatureNotFoundException: The server has no HDFS files.

        Example:

        >>> entry = session.hdfs.get("Sandbox Hadoop", "/data/orders.csv")
        >>> entry["is_dir"]
        False
        """
        parts = parts_of(path, "path")
        return self._tree(data_source).entry(parts)

    def get_statistics(self, data_source: Id, path: str) -> Record:
        """Return owner, permissions and times of a file. Calls ``GET /hdfs_data_sources/:id/files/:id/statistics``.

        :param data_source: ID of the Hadoop data source, or its name.
        :type data_source: int
        :param path: Its path.
        :type path: str
        :returns: ``owner``, ``group``, ``permissions``, ``modified_at``, ``accessed_at``, ``file_size`` and
            ``block_size`` in bytes, and ``replication``.
        :rtype: dict
        :raises NotFoundException: There is no such file or directory.
        :raises DataSourceNotFoundException: There is no such data source.
        :raises HadoopFileUnavailableException: The cluster does not respond to the server.
        :raises DataSourceCredentialsException: The cluster refuses the user, as its rules for Kerberos say.
        :raises FeatureNotFoundException: The server has no HDFS files.

        Example:

        >>> path = "/data/orders.csv"
        >>> session.hdfs.get_statistics("Sandbox Hadoop", path)["owner"]
        'hdfs'
        """
        parts = parts_of(path, "path")
        return self._tree(data_source).statistics(parts)

    def read_first_lines(self, data_source: Id, path: str) -> list[str]:
        """Return the first lines of a text file, at most 200. Calls ``GET /hdfs_data_sources/:id/files/:id``.

        The server gives no more of a file, and has no download of one: a workflow reads it whole.

        :param data_source: ID of the Hadoop data source, or its name.
        :type data_source: int
        :param path: Path of the file.
        :type path: str
        :returns: The lines, without their ends. If there are 200, the file may have more.
        :rtype: list of str
        :raises NotFoundException: There is no such file, or it is a directory.
        :raises DataSourceNotFoundException: There is no such data source.
        :raises HadoopFileUnavailableException: The cluster does not give the contents to the server.
        :raises DataSourceCredentialsException: The cluster refuses the user, as its rules for Kerberos say.
        :raises FeatureNotFoundException: The server has no HDFS files.

        Example:

        >>> path = "/data/orders.csv"
        >>> lines = session.hdfs.read_first_lines("Sandbox Hadoop", path)
        >>> lines[0], len(lines)
        ('order_id,customer,region,status,items,amount,ordered_on', 200)
        """
        parts = parts_of(path, "path")
        return self._tree(data_source).first_lines(parts)

    def upload(
        self,
        data_source: Id,
        path: str | os.PathLike[str],
        directory: str = "/",
        name: str | None = None,
        *,
        verbose: bool = False,
        timeout: float = 3600,
    ) -> Record:
        """Upload a local file into a directory of a cluster, and wait until it is there.

        Calls ``POST /uploads``, ``POST /hdfs_data_sources/:id/files/:id/imports`` and ``GET /notifications``, which
        tells how the import has ended. A file that is there is never overwritten. The server's limit for the size is
        ``file_sizes_mb_hd_upload`` of ``session.request("GET", "config")``, usually 4,096 MB.

        :param data_source: ID of the Hadoop data source, or its name.
        :type data_source: int
        :param path: The local file.
        :type path: str
        :param directory: Path of the directory in the cluster, which has to be there.
        :type directory: str
        :param name: The name that it gets there. Default: its own.
        :type name: str
        :param verbose: Show the progress.
        :type verbose: bool
        :param timeout: Seconds for all of it.
        :type timeout: float
        :returns: The entry of the new file, as in :meth:`get_list`.
        :rtype: dict
        :raises UploadFailureException: There is a file of that name, or the import failed; the message says why.
        :raises NotFoundException: There is no such directory.
        :raises DataSourceNotFoundException: There is no such data source.
        :raises RequestTimeoutException: It was not over in time. The import goes on at the server.
        :raises OutcomeUnknownException: The response to the import was lost; the message says how to find out.
        :raises HadoopFileUnavailableException: The cluster does not respond to the server.
        :raises DataSourceCredentialsException: The cluster refuses the user, as its rules for Kerberos say.
        :raises RequestTooLargeException: The file is larger than the server accepts.
        :raises LocalFileNotFoundException: There is no such local file.
        :raises FeatureNotFoundException: The server has no HDFS files, or no notifications.

        Example:

        >>> entry = session.hdfs.upload("Sandbox Hadoop", "notes.txt", "/data")
        >>> entry["full_path"], entry["size"]
        ('/data/notes.txt', 21)
        """
        file, parts = existing_file(path, "path"), parts_of(directory, "directory")
        wanted = file.name if name is None else text(name, "name")
        if len(parts_of(f"/{wanted}", "name")) != 1 or "/" in wanted:
            raise InvalidArgumentException(f"name must be the name of a file, without a directory, not {name!r:.200}.")
        shown, limit = bool(flag(verbose, "verbose")), number(timeout, "timeout")
        tree = self._tree(data_source)
        return upload(self, tree, Upload(tree.source, file, parts, wanted), shown, limit)

    def _tree(self, data_source: Id) -> Tree:
        return Tree(self, hadoop_source(self, data_source), data_source)
