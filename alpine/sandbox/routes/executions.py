"""SQL that runs in the schema of a workfile, or in any schema of Greenplum."""

from __future__ import annotations

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.datasets import result_object
from alpine.sandbox.routes.data_sources import check_access
from alpine.sandbox.routes.schemas import check_connection, source_of
from alpine.sandbox.state.model import Workfile
from alpine.sandbox.web.call import Call, Routes, envelope
from alpine.sandbox.web.errors import Forbidden, FrameworkError, Invalid, NotFound, json_response
from alpine.sandbox.web.params import as_id, as_text

routes: Routes = Routes()


@routes.add("POST", "/workfiles/<id>/executions", locked=False)
def execute(call: Call) -> Response:
    """Run SQL in the schema of a workfile, whose own content is not looked at."""
    with call.state.lock:
        workfile = _editable(call)
        check_id = call.params.text("check_id")
        if not check_id:
            raise Invalid.field("check_id", "BLANK")
        schema = call.state.schemas.find(workfile.execution_schema_id)
        if schema is None:
            raise FrameworkError(500)
        check_access(call, source_of(call, schema))
        check_connection(call)
        limit, user_id = call.state.settings.preview_rows, call.user.id
    return envelope(
        result_object(*call.backend.queries.run(call.params.text("sql"), schema.name, limit, check_id, user_id))
    )


@routes.add("DELETE", "/workfiles/<id>/executions/<check_id>")
def cancel(call: Call) -> Response:
    """Break SQL off; nothing says whether there was any."""
    _editable(call)
    call.backend.queries.cancel(call.path["check_id"], call.user.id)
    return json_response({})


@routes.add("POST", "/datasets/preview_sql", locked=False)
def preview(call: Call) -> Response:
    """Run one SELECT in a schema of Greenplum."""
    with call.state.lock:
        sent = call.params.resource("task")
        schema = call.state.schemas.find(as_id(sent.get("schema_id")))
        if schema is None or source_of(call, schema).entity_type != "gpdb_data_source":
            raise NotFound
        check_access(call, source_of(call, schema))
        check_connection(call)
        limit, user_id = call.state.settings.preview_rows, call.user.id
    text, check_id = as_text(sent.get("query")).replace(";", ""), as_text(sent.get("check_id"))
    return envelope(result_object(*call.backend.queries.run(text, schema.name, limit, check_id, user_id)))


def _editable(call: Call) -> Workfile:
    workfile = call.record(call.state.workfiles)
    workspace = call.workspace_of(workfile)
    if not call.view.belongs(workspace):
        raise Forbidden
    if workspace.archived_at is not None:
        raise Invalid.field("workspace", "ARCHIVED")
    if workfile.is_workflow:
        raise NotFound
    return workfile
