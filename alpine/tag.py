"""Tags of workfiles, workspaces, datasets, data sources and users."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alpine._arguments import Id, find_id, identifier, page_size, text
from alpine._display.records import Record, RecordList
from alpine._entities import EntityType, entity_of
from alpine._http.body import BytesBody
from alpine._http.request import Request
from alpine._pager import Listing
from alpine.alpineobject import Resource
from alpine.exception import InvalidArgumentException, NotFoundException

_FEATURE = "tags"
_ERRORS: dict[int, type[NotFoundException]] = {404: NotFoundException}
_LONGEST = 100


class Tag(Resource):
    """A class for interacting with tags. A tag has a name, which means the same in any capitals."""

    EntityType = EntityType

    def get_list(self, query: str | None = None, per_page: int = 100) -> RecordList:
        """Return the tags of the server, ordered by name. Calls ``GET /tags``.

        :param query: Return only tags with this in their name, in any capitals.
        :type query: str
        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: List of tags: ``id``, ``name`` and ``count``, how many things have it.
        :rtype: list of dict
        :raises FeatureNotFoundException: The server has no tags.

        Example:

        >>> tags = session.tag.add("workfile", workfile_id, "reviewed")
        >>> [(tag["name"], tag["count"]) for tag in session.tag.get_list()]
        [('reviewed', 1)]
        """
        return self._list(_listing(query), page_size(per_page))

    def iterate(self, query: str | None = None, per_page: int = 100) -> Iterator[dict[str, Any]]:
        """Iterate over the tags, page by page. Calls ``GET /tags``.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> for tag in session.tag.iterate("review"):
        ...     print(tag["name"])
        """
        return self._iterate(_listing(query), page_size(per_page))

    def get_id(self, name: str) -> int:
        """Return the ID of a tag. Calls ``GET /tags``.

        :param name: Name of the tag (case-insensitive).
        :type name: str
        :returns: ID of the tag.
        :rtype: int
        :raises NotFoundException: There is no such tag.
        :raises FeatureNotFoundException: The server has no tags.

        Example:

        >>> tags = session.tag.add("workfile", workfile_id, "reviewed")
        >>> session.tag.get_id("reviewed") == tags[0]["id"]
        True
        """
        return find_id(self.iterate(per_page=1000), "name", text(name, "name"), "tag", NotFoundException)

    def get_tags_of(self, entity_type: str, entity_id: Id) -> RecordList:
        """Return the tags of a thing. Calls ``GET /taggings``.

        :param entity_type: What kind of thing it is, a value of :class:`~alpine.tag.EntityType`.
        :type entity_type: str
        :param entity_id: ID of the thing; for a workspace, its name will do.
        :type entity_id: int
        :returns: List of tags.
        :rtype: list of dict
        :raises NotFoundException: The thing does not exist; the class says what it is.
        :raises ForbiddenException: It is in a private workspace, and the user is not a member.
        :raises ValidationException: The server has no tags for that kind.
        :raises FeatureNotFoundException: The server has no tags.

        Example:

        >>> session.tag.get_tags_of("workspace", "Sandbox")
        []
        """
        thing = entity_of(self, entity_type, entity_id)
        action = f"list the tags of {thing}"
        return self._rows(Request("GET", "taggings", action, params=thing.sent, errors=thing.errors, feature=_FEATURE))[
            0
        ]

    def add(self, entity_type: str, entity_id: Id, name: str) -> RecordList:
        """Add a tag to a thing. Calls ``POST /taggings`` and ``GET /taggings``.

        A tag of a new name is created. A tag that is there already stays.

        :param entity_type: What kind of thing it is, a value of :class:`~alpine.tag.EntityType`.
        :type entity_type: str
        :param entity_id: ID of the thing; for a workspace, its name will do.
        :type entity_id: int
        :param name: Name of the tag: up to 100 characters, without a comma.
        :type name: str
        :returns: The tags that the thing has now.
        :rtype: list of dict
        :raises NotFoundException: The thing does not exist; the class says what it is.
        :raises ForbiddenException: It is in a private workspace, and the user is not a member.
        :raises ValidationException: The server has no tags for that kind, or refuses the name.
        :raises FeatureNotFoundException: The server has no tags.

        Example:

        >>> tags = session.tag.add("workfile", workfile_id, "reviewed")
        >>> [tag["name"] for tag in tags]
        ['reviewed']
        """
        return self._tag("add", entity_type, entity_id, _checked_name(name))

    def remove(self, entity_type: str, entity_id: Id, name: str) -> RecordList:
        """Remove a tag from a thing. Calls ``POST /taggings`` and ``GET /taggings``.

        A tag that the thing does not have is ignored. Parameters and exceptions are those of :meth:`add`.

        :returns: The tags that the thing has now.
        :rtype: list of dict

        Example:

        >>> tags = session.tag.add("workfile", workfile_id, "reviewed")
        >>> session.tag.remove("workfile", workfile_id, "reviewed")
        []
        """
        return self._tag("remove", entity_type, entity_id, _checked_name(name))

    def _tag(self, verb: str, entity_type: str, entity_id: Id, name: str) -> RecordList:
        thing = entity_of(self, entity_type, entity_id)
        # One thing in each call: the server does not undo what it did before it refused another.
        body = BytesBody.json({"tagging": {"taggables": [thing.sent], verb: name}})
        action = f"{verb} the tag {name!r} {'to' if verb == 'add' else 'from'} {thing}"
        self._request(
            Request("POST", "taggings", action, body=body, idempotent=True, errors=thing.errors, feature=_FEATURE)
        )
        return self.get_tags_of(thing.entity_type, thing.entity_id)

    def update(self, tag_id: Id, name: str) -> Record:
        """Rename a tag, for everything that has it. Calls ``PUT /tags/:id``.

        :param tag_id: ID of the tag.
        :type tag_id: int
        :param name: The new name: up to 100 characters, without a comma.
        :type name: str
        :returns: The tag after the change.
        :rtype: dict
        :raises NotFoundException: The tag does not exist.
        :raises ValidationException: The name is taken.
        :raises FeatureNotFoundException: The server has no tags.

        Example:

        >>> tags = session.tag.add("workfile", workfile_id, "reviewd")
        >>> session.tag.update(tags[0]["id"], "reviewed")["name"]
        'reviewed'
        """
        number, new_name = identifier(tag_id, "tag_id", NotFoundException), _checked_name(name)
        body, action = BytesBody.json({"tag": {"name": new_name}}), f"rename tag {number}"
        return self._one(
            Request("PUT", f"tags/{number}", action, body=body, idempotent=True, errors=_ERRORS, feature=_FEATURE)
        )

    def delete(self, tag_id: Id) -> None:
        """Delete a tag, from everything that has it. Calls ``DELETE /tags/:id``.

        :param tag_id: ID of the tag.
        :type tag_id: int
        :returns: None.
        :rtype: NoneType
        :raises NotFoundException: The tag does not exist.
        :raises ForbiddenException: The user is not an administrator.
        :raises FeatureNotFoundException: The server has no tags.

        Example:

        >>> tags = session.tag.add("workfile", workfile_id, "reviewed")
        >>> session.tag.delete(tags[0]["id"])
        """
        number = identifier(tag_id, "tag_id", NotFoundException)
        path, action = f"tags/{number}", f"delete tag {number}"
        self._request(Request("DELETE", path, action, idempotent=True, errors=_ERRORS, feature=_FEATURE))


def _listing(query: str | None) -> Listing:
    params = {} if query is None else {"q": text(query, "query")}
    return Listing("tags", "list the tags", params=params, feature=_FEATURE)


def _checked_name(value: object) -> str:
    name = text(value, "name")
    if len(name) > _LONGEST or "," in name:
        raise InvalidArgumentException(
            f"name must be the name of a tag, up to {_LONGEST} characters without a comma, not {name!r:.200}."
        )
    return name
