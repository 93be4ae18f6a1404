"""One expectation: a request, the status of its response, and the form of what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """The forms that responses have."""

    OBJECT = "an object in an envelope"
    LIST = "a list in an envelope"
    PAGED = "a list in an envelope with pagination"
    BARE = "an object without an envelope"
    ERROR = "an error in an envelope"
    TEXT = "a known text"
    ENGINE = "an object, or a known text"
    RESULTS = "results, or none"
    VERSION = "a version"
    CONTENT = "any content that is no HTML page"
    ANYTHING = "anything that is no HTML page"
    STATUS_ONLY = "anything"


@dataclass(frozen=True)
class Answer:
    """What is in a response.

    :param keys: The keys of the object, or of each object in the list, with their types, as in
        ``"id:integer owner.id:integer summary?:string|null"``; with ``?`` those that may be missing.
    :param texts: The texts that the client knows, compared without regard to case.
    :param code: The code of an error, or the path to it below ``fields``.
    """

    kind: Kind
    keys: str = ""
    texts: tuple[str, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class Keep:
    """An id that later requests need.

    :param name: Its name in their paths.
    :param key: Where it is in the object.
    :param where: A key, and the values that it must have.
    :param unless: Whether it must have none of them instead.
    """

    name: str
    key: str = "id"
    where: tuple[str, tuple[str, ...]] | None = None
    unless: bool = False


@dataclass(frozen=True)
class Upload:
    """A form with a file."""

    fields: Mapping[str, str]
    file_field: str
    name: str
    content: bytes


@dataclass(frozen=True, eq=False)
class Expectation:
    """What is expected of one request.

    :param endpoint: The endpoint, as the docstrings of the client name it.
    :param what: What is asked for.
    :param path: The path, with the names of ids in braces.
    :param answer: What is in the response.
    :param status: The status of the response.
    :param params: The query.
    :param sends: A document to be sent as JSON, in which ``"{name}"`` is an id; or a form with a file.
    :param keeps: The ids that later requests need.
    :param engine: Whether the workflow engine is meant.
    :param anonymous: Whether it is sent without a login.
    :param never: Why it is not tried on a live server.
    """

    endpoint: str
    what: str
    path: str
    answer: Answer
    status: int = 200
    params: Mapping[str, object] = field(default_factory=dict)
    sends: Mapping[str, object] | Upload | None = None
    keeps: tuple[Keep, ...] = ()
    engine: bool = False
    anonymous: bool = False
    never: str = ""

    @property
    def method(self) -> str:
        return self.endpoint.partition(" ")[0]

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"
