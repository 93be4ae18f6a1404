"""Things of any kind, as tags, notes and activities name them: by a kind and an id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from alpine._arguments import Id, identifier
from alpine._constants import Constants
from alpine.alpineobject import AlpineObject
from alpine.exception import (
    DatasetNotFoundException,
    DataSourceNotFoundException,
    InvalidArgumentException,
    JobNotFoundException,
    NotFoundException,
    UserNotFoundException,
    WorkfileNotFoundException,
    WorkspaceNotFoundException,
)
from alpine.workspace import workspace_id_of


class EntityType(Constants):
    """The kinds of things that tags, notes and activities are about. Not every kind has all of them."""

    Workspace = "workspace"
    Workfile = "workfile"
    Dataset = "dataset"
    User = "user"
    Job = "job"
    GreenplumDatabase = "gpdb_data_source"
    PostgreSQLDatabase = "pg_data_source"
    OracleDatabase = "oracle_data_source"
    JDBCDataSource = "jdbc_data_source"
    JDBCHiveDataSource = "jdbc_hive_data_source"
    HadoopCluster = "hdfs_data_source"
    HadoopFile = "hdfs_file"


_MISSING: dict[str, type[NotFoundException]] = {
    EntityType.Workspace: WorkspaceNotFoundException,
    EntityType.Workfile: WorkfileNotFoundException,
    EntityType.Dataset: DatasetNotFoundException,
    EntityType.User: UserNotFoundException,
    EntityType.Job: JobNotFoundException,
    EntityType.HadoopFile: NotFoundException,
}


@dataclass(frozen=True)
class Entity:
    """A thing on the server.

    :param entity_type: Its kind, as the server writes it.
    :param entity_id: Its id.
    """

    entity_type: str
    entity_id: int

    @property
    def sent(self) -> dict[str, object]:
        """Its two keys in a request."""
        return {"entity_type": self.entity_type, "entity_id": self.entity_id}

    @property
    def errors(self) -> dict[int, type[NotFoundException]]:
        """What a 404 means for it."""
        return {404: _MISSING.get(self.entity_type, DataSourceNotFoundException)}

    def __str__(self) -> str:
        return f"{self.entity_type.replace('_', ' ')} {self.entity_id}"


def entity_of(resource: AlpineObject, entity_type: object, entity_id: Id) -> Entity:
    """The thing that two arguments name; a workspace may be named by its name.

    A method calls it last, when all its other arguments have been checked: it may send requests.

    :raises InvalidArgumentException: There is no such kind, or the id is none.
    :raises NotFoundException: There is no workspace of that name, or nothing can have such an id.
    """
    kind: Any = EntityType.checked(entity_type, "entity_type")
    if kind == EntityType.Workspace:
        return Entity(kind, workspace_id_of(resource, entity_id))
    return Entity(kind, identifier(entity_id, "entity_id", _MISSING.get(kind, DataSourceNotFoundException)))


def ids_of(values: object, name: str, missing: type[NotFoundException]) -> list[int]:
    """A list of ids.

    :raises InvalidArgumentException: It is no list, or something in it is no id.
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InvalidArgumentException(f"{name} must be a list of ids, not {values!r}.")
    return [identifier(each, f"each of {name}", missing) for each in values]
