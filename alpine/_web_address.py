"""The addresses of the pages of the server's web application, for people to click on.

They are inferred: no response of the server contains one, and none was tried on a live server. The paths are those of
the web application of Chorus, the public part of the server. What has no page of its own has no address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_OF_THE_API = re.compile(r"(workspaces|users)/(\d+)(?![^/?])")
_OF_THE_ENGINE = re.compile(r"workflows/(\d+)(?![^/?])")


def workflow_page(root: str, workflow_id: int) -> str:
    """The page of a workflow.

    :param root: The server's root, below which the API is.
    """
    return f"{root}/#/work_flows/{workflow_id}"


def page_of_record(root: str, kind: str, record: Mapping[str, Any]) -> str | None:
    """The page of what a record is about, if it has one.

    :param kind: The kind of thing, as in ``workfile``.
    """
    number = _id_in(record)
    workspace = _id_in(record.get("workspace"))
    if number is None:
        return None
    if kind in {"workspace", "user"}:
        return f"{root}/#/{kind}s/{number}"
    if kind in {"workfile", "job"} and workspace is not None:
        return f"{root}/#/workspaces/{workspace}/{kind}s/{number}"
    return None


def page_of_path(root: str, path: str, *, engine: bool) -> str | None:
    """The page of what a request is about, as far as its path tells.

    :param path: The path below the root of the API, or of the engine.
    """
    if engine:
        workflow = _OF_THE_ENGINE.match(path)
        return workflow_page(root, int(workflow[1])) if workflow else None
    found = _OF_THE_API.match(path)
    return f"{root}/#/{found[1]}/{found[2]}" if found else None


def _id_in(record: object) -> int | None:
    number = record.get("id") if isinstance(record, Mapping) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else None
