"""The search for things by what they are called and what was written about them."""

from __future__ import annotations

from typing import Any

from alpine._arguments import Id, number, text
from alpine._constants import Constants, flag
from alpine._display.records import Record, RecordList
from alpine._http.request import Request
from alpine.alpineobject import Resource
from alpine.exception import WorkspaceNotFoundException
from alpine.workspace import workspace_id_of

_FEATURE = "search"


class SearchType(Constants):
    """The kinds of things that a search can be limited to."""

    User = "user"
    Workspace = "workspace"
    Workfile = "workfile"
    Dataset = "dataset"
    DataSource = "data_source"
    HadoopFile = "hdfs_entry"
    Attachment = "attachment"


class Search(Resource):
    """A class for searching the server: names, descriptions, notes and comments. The rows of tables are not searched.

    The server makes an index of what it knows, so that something new may be found a little later.
    """

    Type = SearchType

    def find(self, query: str, entity_type: str | None = None, limit: int = 50, *, by_tag: bool = False) -> Record:
        """Search everything that the user may see. Calls ``GET /search``.

        :param query: What to look for.
        :type query: str
        :param entity_type: Search only one kind of thing, a value of ``Search.Type``.
        :type entity_type: str
        :param limit: How many things of each kind to return at most.
        :type limit: int
        :param by_tag: Whether ``query`` is the name of a tag, and the things that have it are wanted.
        :type by_tag: bool
        :returns: What was found, by kind: ``users``, ``workspaces``, ``workfiles``, ``datasets``, ``data_sources``,
            ``hdfs_entries`` and ``other_files``, each with ``results`` and ``numFound``, how many there are in all.
        :rtype: dict
        :raises NotLicensedException: The licence does not cover the search.
        :raises ServiceUnavailableException: The search is down.
        :raises FeatureNotFoundException: The server has no search.

        Example:

        >>> found = session.search.find("order")
        >>> [workfile["file_name"] for workfile in found["workfiles"]["results"]]
        ['order_filter', 'order_report']
        """
        params: dict[str, object] = {"query": text(query, "query"), "per_type": _limit(limit)}
        if entity_type is not None:
            params["entity_type"] = SearchType.checked(entity_type, "entity_type")
        if flag(by_tag, "by_tag"):
            params["tag"] = "true"
        return self._one(Request("GET", "search", "search the server", params=params, feature=_FEATURE))

    def find_in_workspace(self, workspace_id: Id, query: str, limit: int = 50) -> RecordList:
        """Search a workspace. Calls ``GET /workspaces/:id/search``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param query: What to look for.
        :type query: str
        :param limit: How many things to return at most.
        :type limit: int
        :returns: The things of the workspace; ``entity_type`` tells of which kind each is.
        :rtype: list of dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises ForbiddenException: It is private, and the user is not a member.
        :raises NotLicensedException: The licence does not cover the search.
        :raises ServiceUnavailableException: The search is down.
        :raises FeatureNotFoundException: The server has no search.

        Example:

        >>> found = session.search.find_in_workspace("Sandbox", "filter")
        >>> [thing["file_name"] for thing in found]
        ['order_filter']
        """
        params = {"query": text(query, "query"), "per_page": _limit(limit)}
        workspace = workspace_id_of(self, workspace_id)
        path, action = f"workspaces/{workspace}/search", f"search workspace {workspace}"
        errors = {404: WorkspaceNotFoundException}
        return self._results(
            Request("GET", path, action, params=params, errors=errors, feature=_FEATURE), "this_workspace"
        )

    def type_ahead(self, query: str, limit: int = 10) -> RecordList:
        """Return things whose names begin with something, as suggestions. Calls ``GET /search/type_ahead``.

        :param query: The beginning of a word in the name.
        :type query: str
        :param limit: How many things to return at most.
        :type limit: int
        :returns: The things; ``entity_type`` tells of which kind each is.
        :rtype: list of dict
        :raises ServiceUnavailableException: The search is down.
        :raises FeatureNotFoundException: The server has no search.

        Example:

        >>> [thing["name"] for thing in session.search.type_ahead("sand", limit=1)]
        ['Sandbox']
        """
        params = {"query": text(query, "query"), "per_page": _limit(limit)}
        action = "ask the search for suggestions"
        return self._results(Request("GET", "search/type_ahead", action, params=params, feature=_FEATURE), "type_ahead")

    def _results(self, request: Request, group: str) -> RecordList:
        response = self._request(request)
        found = self._object_in(response).get(group)
        rows = found.get("results") if isinstance(found, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._unusable(response, "the server's response holds no results")
        return RecordList(rows)


def _limit(value: Any) -> int:
    return number(value, "limit", least=1, whole=True)
