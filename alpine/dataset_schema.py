"""The schemas of a database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alpine._arguments import Id, find_id, identifier, page_size, sent_id, text
from alpine._dataset_lists import FEATURE
from alpine._display.records import Record, RecordList
from alpine._http.request import Request
from alpine._pager import Listing
from alpine.alpineobject import Resource
from alpine.datasource import WITH_DATABASES, DataSource, kind_of
from alpine.exception import DataSourceNotFoundException, InvalidArgumentException, SchemaNotFoundException

_ERRORS = {404: SchemaNotFoundException}
_OF_SOURCE = {404: DataSourceNotFoundException}


class Schema(Resource):
    """A class for interacting with the schemas of databases.

    A data source is given by its id or its name. The server connects to it as the user who is logged in, so that the
    user needs an account for it, or the source has to be shared.
    """

    def get_list(self, data_source: Id, database: str | None = None, per_page: int = 100) -> RecordList:
        """Return the schemas of a database.

        Calls ``GET /databases/:id/schemas`` for Greenplum, HAWQ and PostgreSQL, else ``GET /data_sources/:id/schemas``.

        :param data_source: ID of the data source, or its name.
        :type data_source: int
        :param database: Name of its database, for a Greenplum, HAWQ or PostgreSQL source with more than one.
        :type database: str
        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: List of schemas' metadata. ``dataset_count`` is what the server knew when it last listed them.
        :rtype: list of dict
        :raises DataSourceNotFoundException: There is no such data source or database.
        :raises ForbiddenException: The source is disabled, or the user has no account for it.
        :raises ValidationException: The server cannot connect to it.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> schemas = session.dataset.schema.get_list("Sandbox Database")
        >>> [schema["name"] for schema in schemas]
        ['demo', 'public']
        """
        size = page_size(per_page)
        return self._list(self._listing(data_source, database), size)

    def iterate(self, data_source: Id, database: str | None = None, per_page: int = 100) -> Iterator[dict[str, Any]]:
        """Iterate over the schemas of a database, page by page.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> next(session.dataset.schema.iterate("Sandbox Database"))["name"]
        'demo'
        """
        size = page_size(per_page)
        return self._iterate(self._listing(data_source, database), size)

    def get(self, schema_id: Id) -> Record:
        """Return metadata for a schema. Calls ``GET /schemas/:id``.

        :param schema_id: ID of the schema.
        :type schema_id: int
        :returns: The schema's metadata. The server does not look whether it still exists in the database.
        :rtype: dict
        :raises SchemaNotFoundException: The server knows no such schema.
        :raises ForbiddenException: The source is disabled, or the user has no account for it.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> session.dataset.schema.get(schema_id)["name"]
        'demo'
        """
        number = identifier(schema_id, "schema_id", SchemaNotFoundException)
        return self._one(Request("GET", f"schemas/{number}", f"get schema {number}", errors=_ERRORS, feature=FEATURE))

    def get_id(self, name: str, data_source: Id, database: str | None = None) -> int:
        """Return the ID of a schema.

        :param name: Name of the schema.
        :type name: str
        :param data_source: ID of the data source, or its name.
        :type data_source: int
        :param database: Name of its database, as in :meth:`get_list`.
        :type database: str
        :returns: ID of the schema.
        :rtype: int
        :raises SchemaNotFoundException: There is no such schema.
        :raises DataSourceNotFoundException: There is no such data source or database.

        Example:

        >>> session.dataset.schema.get_id("demo", "Sandbox Database")
        1
        """
        wanted = text(name, "name")
        rows = self._iterate(self._listing(data_source, database), 1000)
        where = f" of data source {str(data_source)!r}"
        return find_id(rows, "name", wanted, "schema", SchemaNotFoundException, where=where)

    def _listing(self, data_source: Id, database: str | None) -> Listing:
        wanted = None if database is None else text(database, "database")
        number = source_number(data_source)
        sources = DataSource._beside(self)
        if number is None:
            source = sources._named(text(data_source, "data_source"), None)
        else:
            asked = Request("GET", f"data_sources/{number}", f"get data source {number}", errors=_OF_SOURCE)
            source = self._one(asked)
        name, source_id = str(source.get("name")), sent_id(source, "data source")
        path = f"data_sources/{source_id}/schemas"
        if kind_of(source) in WITH_DATABASES:
            path = f"databases/{sources._database_id(name, source_id, wanted)}/schemas"
        elif wanted is not None:
            raise InvalidArgumentException(f"The data source {name!r} has no databases to choose from.")
        return Listing(path, f"list the schemas of data source {name!r}", errors=_OF_SOURCE, feature=FEATURE)


def source_number(value: Id) -> int | None:
    """The id of a data source; None for what is the name of one."""
    if isinstance(value, str) and value.strip() and not value.strip().lstrip("-").isdecimal():
        return None
    return identifier(value, "data_source", DataSourceNotFoundException)
