"""Files of Hadoop data sources, which everybody may read, and uploads into them."""

from __future__ import annotations

import re

from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from alpine.sandbox.hdfs_imports import end_imports
from alpine.sandbox.presenters.data_sources import forbidden_source
from alpine.sandbox.presenters.hdfs import entry_object, file_statistics
from alpine.sandbox.state.hdfs import HdfsEntry, HdfsImport, Upload, children_of, root_of
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import Forbidden, Invalid, json_response
from alpine.sandbox.web.params import as_id, as_text

routes: Routes = Routes()

_FILES = "/hdfs_data_sources/<data_source_id>/files"


@routes.add("GET", _FILES)
def index(call: Call) -> Response:
    """Show the root, or with an ``id`` all that the server knows below a directory, with contents."""
    source = call.record(call.state.hdfs_sources, "data_source_id")
    _check_enabled(call, source.id)
    end_imports(call.state)
    root = root_of(call.state, source)
    if not call.params.text("id"):
        return envelope(entry_object(call.state, root, deep=True))
    directory = found(call.state.table(HdfsEntry).find(as_id(call.params.get("id"))))
    rows = children_of(call.state, directory)
    return json_response({"response": [entry_object(call.state, row, deep=True) for row in rows]})


@routes.add("GET", f"{_FILES}/<id>")
def show(call: Call) -> Response:
    """Show a directory with its entries, or a file with its first lines."""
    entry = _entry(call)
    if call.state.settings.databases_down:
        errors = {"record": "HDFS_CONTENTS_UNAVAILABLE"}
        return json_response({"response": entry_object(call.state, entry), "errors": errors}, 422)
    return envelope(entry_object(call.state, entry, deep=True))


@routes.add("GET", f"{_FILES}/<id>/statistics")
def statistics(call: Call) -> Response:
    """Show what the cluster knows of a file."""
    return envelope(file_statistics(_entry(call)))


@routes.add("POST", "/uploads")
def upload(call: Call) -> Response:
    """Take a file; nothing comes of it until it is imported."""
    contents = call.params.get("contents")
    if not isinstance(contents, FileStorage):
        raise Invalid.field("contents", "BLANK")
    name = re.split(r"[/\\]", contents.filename or "")[-1]
    path = call.state.files.keep(contents.stream)
    row = call.state.table(Upload).add(Upload(user_id=call.user.id, file_name=name, path=path))
    return envelope({"id": row.id, "file_name": row.file_name}, 201)


@routes.add("POST", f"{_FILES}/<id>/imports")
def start(call: Call) -> Response:
    """Begin to put an uploaded file into a directory, and say nothing of it."""
    directory = _entry(call)
    sent = call.params.resource("hdfs_import")
    row = found(call.state.table(Upload).find(as_id(sent.get("upload_id"))))
    if row.user_id != call.user.id:
        raise Forbidden
    # The server's context for these codes is null.
    if not directory.is_dir:
        raise Invalid({"hdfs_entry": {"DIRECTORY_REQUIRED": None}})
    name = as_text(sent.get("file_name")) or row.file_name
    if any(child.name == name for child in children_of(call.state, directory)):
        raise Invalid({"file_name": {"TAKEN": None}})
    due = call.state.clock() + call.state.settings.hdfs_import_seconds
    call.state.table(HdfsImport).add(HdfsImport(upload_id=row.id, directory_id=directory.id, file_name=name, due=due))
    return envelope({}, 201)


def _entry(call: Call) -> HdfsEntry:
    """The entry of the path; whether it belongs to the data source of the path is not looked at."""
    end_imports(call.state)
    entry = call.record(call.state.table(HdfsEntry))
    _check_enabled(call, entry.data_source_id)
    return entry


def _check_enabled(call: Call, source_id: int) -> None:
    source = found(call.state.hdfs_sources.find(source_id))
    if source.state == "disabled":
        raise Forbidden(forbidden_source(source))
