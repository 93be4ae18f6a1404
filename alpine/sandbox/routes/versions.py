"""Versions of a plain file."""

from __future__ import annotations

from io import BytesIO
from typing import IO

from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from alpine.sandbox.file_types import content_type
from alpine.sandbox.presenters.workfiles import version_object, workfile_object
from alpine.sandbox.routes.uploads import add_version, checked_size
from alpine.sandbox.routes.workfiles import tell, visible, writable
from alpine.sandbox.state.model import Workfile, WorkfileVersion
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import Invalid, json_response
from alpine.sandbox.web.params import as_id, as_text

routes: Routes = Routes()


@routes.add("GET", "/workfiles/<id>/versions")
def index(call: Call) -> Response:
    """List the versions, the newest first."""
    workfile, _ = visible(call)
    rows = workfile.live_versions[::-1]
    return call.paged(rows, lambda row: version_object(call.view, workfile, row, content=False))


@routes.add("GET", "/workfiles/<id>/versions/<version_id>")
def show(call: Call) -> Response:
    """Show the file with the content of one version."""
    workfile, _ = visible(call)
    return _answer(call, workfile, _named(call, workfile), 200)


@routes.add("POST", "/workfiles/<id>/versions")
def create(call: Call) -> Response:
    """Add a version. For a workflow, which has none, nothing is stored."""
    workfile, _ = writable(call)
    if not workfile.live_versions:
        return envelope(workfile_object(call.view, workfile), 201)
    version = add_version(call, workfile, _content(call), _message(call))
    workfile.updated_at = workfile.user_modified_at = call.state.clock()
    details = {"version_num": version.version_num, "version_id": version.id, "commit_message": version.commit_message}
    tell(call, workfile, "WorkfileUpgradedVersion", **details)
    return _answer(call, workfile, version, 201)


@routes.add("PUT", "/workfiles/<id>/versions/<version_id>")
def update(call: Call) -> Response:
    """Write over the newest version."""
    workfile, _ = writable(call)
    version = _named(call, workfile)
    if version is not workfile.live_versions[-1]:
        raise Invalid.field("version", "INVALID")
    version.path = call.state.files.keep(_content(call))
    version.size = version.path.stat().st_size
    version.modifier_id, version.updated_at = call.user.id, call.state.clock()
    version.commit_message = _message(call) or version.commit_message
    workfile.content_type = content_type(workfile.file_name, version.path)
    workfile.user_modified_at = call.state.clock()
    return _answer(call, workfile, version, 200)


@routes.add("DELETE", "/workfiles/<id>/versions/<version_id>")
def delete(call: Call) -> Response:
    """Remove a version, unless it is the only one."""
    workfile, _ = writable(call)
    version = _named(call, workfile)
    if len(workfile.live_versions) == 1:
        raise Invalid.field("base", "ONLY_ONE_VERSION")
    version.deleted = True
    return json_response({})


def _named(call: Call, workfile: Workfile) -> WorkfileVersion:
    wanted = as_id(call.path["version_id"])
    return found(next((version for version in workfile.live_versions if version.id == wanted), None))


def _content(call: Call) -> IO[bytes]:
    sent = call.params.resource("workfile").get("content", call.params.get("content"))
    stream: IO[bytes] = sent.stream if isinstance(sent, FileStorage) else BytesIO(as_text(sent).encode())
    return checked_size(call, stream)


def _message(call: Call) -> str | None:
    sent = call.params.resource("workfile")
    return as_text(sent.get("commit_message") or call.params.get("commit_message")) or None


def _answer(call: Call, workfile: Workfile, version: WorkfileVersion, status: int) -> Response:
    shown = workfile_object(call.view, workfile)
    return envelope({**shown, "version_info": version_object(call.view, workfile, version, content=True)}, status)
