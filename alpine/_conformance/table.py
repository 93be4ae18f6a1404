"""What the client expects of a server: the one table that the sandbox is tested with and live servers are tried with.

The order is that of trying: an id is found before it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping

from alpine._conformance.expectation import Answer, Expectation, Keep, Kind, Upload

PAGE = 20
"""Rows asked for in a list."""
_PAGE = {"per_page": PAGE}
_NOT_FOUND = Answer(Kind.ERROR, code="NOT_FOUND")
_ANYTHING = Answer(Kind.ANYTHING)
_UNKNOWN_RUN = "conformance-no-such-run"
_OVER = ("invalid processId or workflow already stopped.", "Workflow not started or already stopped.")

_USER = "id:integer username:string first_name?:string|null last_name?:string|null admin?:boolean roles?:list"
_WORKSPACE = "id:integer name:string owner?:object public?:boolean archived?:boolean summary?:string|null"
_WORKFILE = "id:integer file_name:string file_type?:string entity_subtype?:string|null status?:string|null"
_SOURCE = "id:integer name:string entity_type:string state?:string is_hawq?:boolean|null"
_HDFS_ENTRY = "id:integer name:string is_dir:boolean path?:string|null entity_type?:string"
_HADOOP = "id:integer name:string entity_type:string hdfs_version?:string is_hdfs_hive?:boolean|null"
_NAMED = "id:integer name:string"
_DATASET = "id:integer object_name:string entity_subtype?:string"
_COLUMN = "name:string data_type:string type_category?:string|null"
_EVENT = "id:integer action:string timestamp?:string actor?:object|null attachments?:list"
_JOB = "id:integer name:string status:string interval_unit:string next_run?:string|null last_run?:string|null"
_TASK = "id:integer name:string action?:string index?:integer"
_TOUCHPOINT = "id:integer file_name:string workflow_id:integer parameters?:list"
_PARAMETER = "id:integer variable_name:string data_type:string options?:list|null"
_MILESTONE = "id:integer name:string target_date:string|null state:string"
_VERSION = "id:integer version_info.id:integer version_info.version_num:integer"

_WITH_DATABASES = ("entity_type", ("gpdb_data_source", "pg_data_source"))
_FLOW = ("file_type", ("work_flow",))

GLOBAL = "it is outside of a workspace of its own"
FOR_ALL = "everybody would see it"
OTHERS = "it ends the login"
LOGIN = "the login has been tried"


def _object(keys: str) -> Answer:
    return Answer(Kind.OBJECT, keys)


def _list(keys: str) -> Answer:
    return Answer(Kind.LIST, keys)


def _paged(keys: str) -> Answer:
    return Answer(Kind.PAGED, keys)


def _unknown(
    endpoint: str,
    path: str,
    params: Mapping[str, object] | None = None,
    sends: Mapping[str, object] | None = None,
) -> Expectation:
    """An id that nothing has: it tells an endpoint that exists from one that does not."""
    return Expectation(endpoint, "an unknown id", path, _NOT_FOUND, 404, params or {}, sends)


def _never(endpoint: str, why: str) -> Expectation:
    return Expectation(endpoint, "", "", _ANYTHING, never=why)


READING = (
    Expectation("GET /VERSION", "the version", "VERSION", Answer(Kind.VERSION)),
    Expectation("GET /status", "the status", "status", Answer(Kind.BARE, "status:string")),
    Expectation(
        "GET /sessions", "the login", "sessions", _object("user.id:integer user.username:string"),
        keeps=(Keep("me", "user.id"),),
    ),
    Expectation("GET /users", "without a login", "users", Answer(Kind.STATUS_ONLY), 401, _PAGE, anonymous=True),
    Expectation(
        "GET /license", "the licence", "license",
        _object("expired?:boolean workflow_enabled?:boolean version?:string is_enabled_api?:boolean"),
    ),
    Expectation("GET /config", "the configuration", "config", _object("default_preview_row_limit?:integer")),
    Expectation("GET /users", "a list", "users", _paged(_USER), params=_PAGE),
    Expectation("GET /users/:id", "one", "users/{me}", _object(_USER)),
    _unknown("GET /users/:id", "users/0"),
    Expectation(
        "GET /workspaces", "a list", "workspaces", _paged(_WORKSPACE), params=_PAGE, keeps=(Keep("workspace"),)
    ),
    Expectation(
        "GET /workspaces", "beyond the last page", "workspaces", _paged(_WORKSPACE),
        params={"page": 1_000_000, **_PAGE},
    ),
    Expectation("GET /workspaces/:id", "one", "workspaces/{workspace}", _object(_WORKSPACE)),
    _unknown("GET /workspaces/:id", "workspaces/0"),
    Expectation(
        "GET /workspaces/:id/members", "a list", "workspaces/{workspace}/members",
        _paged(f"{_USER} role?:string|null"), params=_PAGE,
    ),
    Expectation(
        "GET /workspaces/:id/workfiles", "a list", "workspaces/{workspace}/workfiles", _paged(_WORKFILE), params=_PAGE,
        keeps=(Keep("workfile"), Keep("workflow", where=_FLOW), Keep("file", where=_FLOW, unless=True)),
    ),
    Expectation("GET /workfiles/:id", "one", "workfiles/{workfile}", _object(f"{_WORKFILE} workspace.id:integer")),
    _unknown("GET /workfiles/:id", "workfiles/0"),
    Expectation(
        "GET /workfiles/:id/versions", "a list", "workfiles/{file}/versions",
        _paged("id:integer version_num:integer created_at?:string"), params=_PAGE, keeps=(Keep("version"),),
    ),
    Expectation("GET /workfiles/:id/versions/:id", "one", "workfiles/{file}/versions/{version}", _object(_VERSION)),
    Expectation("GET /workfiles/:id/download", "a file", "workfiles/{file}/download", Answer(Kind.CONTENT)),
    Expectation(
        "GET /data_sources", "a list", "data_sources", _paged(_SOURCE), params=_PAGE,
        keeps=(
            Keep("data_source"),
            Keep("greenplum", where=_WITH_DATABASES),
            Keep("plain_source", where=_WITH_DATABASES, unless=True),
        ),
    ),
    Expectation("GET /data_sources/:id", "one", "data_sources/{data_source}", _object(_SOURCE)),
    _unknown("GET /data_sources/:id", "data_sources/0"),
    Expectation(
        "GET /hdfs_data_sources", "a list", "hdfs_data_sources", _paged(_HADOOP), params=_PAGE, keeps=(Keep("hadoop"),)
    ),
    Expectation("GET /hdfs_data_sources/:id", "one", "hdfs_data_sources/{hadoop}", _object(_HADOOP)),
    Expectation(
        "GET /hdfs_data_sources/:id/files", "the root", "hdfs_data_sources/{hadoop}/files", _object(_HDFS_ENTRY),
        keeps=(Keep("root"),),
    ),
    Expectation(
        "GET /hdfs_data_sources/:id/files/:id", "the root", "hdfs_data_sources/{hadoop}/files/{root}",
        _object(f"{_HDFS_ENTRY} entries:list"),
    ),
    _unknown("GET /hdfs_data_sources/:id/files/:id", "hdfs_data_sources/{hadoop}/files/0"),
    Expectation(
        "GET /hdfs_data_sources/:id/files/:id/statistics", "of the root",
        "hdfs_data_sources/{hadoop}/files/{root}/statistics",
        _object("owner?:string|null permissions?:string|null file_size?:integer|null"),
    ),
    Expectation(
        "GET /data_sources/:id/databases", "a list", "data_sources/{greenplum}/databases",
        _paged(f"{_NAMED} entity_type:string"), params=_PAGE,
        keeps=(Keep("database"), Keep("database_type", "entity_type")),
    ),
    Expectation(
        "GET /databases/:id/schemas", "a list", "databases/{database}/schemas", _paged(_NAMED), params=_PAGE,
        keeps=(Keep("schema"),),
    ),
    Expectation(
        "GET /data_sources/:id/schemas", "a list", "data_sources/{plain_source}/schemas", _list(_NAMED), params=_PAGE
    ),
    Expectation("GET /schemas/:id", "one", "schemas/{schema}", _object(_NAMED)),
    _unknown("GET /schemas/:id", "schemas/0"),
    Expectation(
        "GET /schemas/:id/datasets", "a list", "schemas/{schema}/datasets", _paged(_DATASET), params=_PAGE,
        keeps=(Keep("dataset"),),
    ),
    Expectation("GET /datasets/:id", "one", "datasets/{dataset}", _object(_DATASET)),
    Expectation("GET /datasets/:id/columns", "a list", "datasets/{dataset}/columns", _paged(_COLUMN), params=_PAGE),
    _unknown("GET /datasets/:id/columns", "datasets/0/columns", params=_PAGE),
    Expectation(
        "GET /datasets/:id/statistics", "the statistics", "datasets/{dataset}/statistics",
        _object("rows:integer|null columns:integer|null object_type?:string|null"),
    ),
    Expectation(
        "GET /datasets/:id/download", "one row", "datasets/{dataset}/download", Answer(Kind.CONTENT),
        params={"row_limit": 1},
    ),
    Expectation(
        "GET /workspaces/:id/datasets", "a list", "workspaces/{workspace}/datasets", _paged(_DATASET), params=_PAGE,
        keeps=(Keep("own_dataset"),),
    ),
    Expectation(
        "GET /workspaces/:id/datasets/:id", "one", "workspaces/{workspace}/datasets/{own_dataset}", _object(_DATASET)
    ),
    Expectation(
        "GET /workspaces/:id/jobs", "a list", "workspaces/{workspace}/jobs", _paged(_JOB), params=_PAGE,
        keeps=(Keep("job"),),
    ),
    Expectation(
        "GET /workspaces/:id/jobs/:id", "one", "workspaces/{workspace}/jobs/{job}", _object(f"{_JOB} tasks:list")
    ),
    Expectation(
        "GET /jobs/:id/job_results/latest", "the latest result", "jobs/{job}/job_results/latest",
        Answer(Kind.BARE, "response:object|null response.succeeded?:boolean response.job_task_results?:list"),
    ),
    Expectation(
        "GET /activities", "a list", "activities", _paged(_EVENT),
        params={"entity_type": "workspace", "entity_id": "{workspace}", **_PAGE}, keeps=(Keep("event"),),
    ),
    Expectation("GET /activities/:id", "one", "activities/{event}", _object(_EVENT)),
    _unknown("GET /activities/:id", "activities/0"),
    Expectation("GET /comments/:id", "one", "comments/{comment}", _object("id:integer body:string")),
    _unknown("GET /comments/:id", "comments/0"),
    Expectation(
        "GET /insights", "a list", "insights", _paged(_EVENT),
        params={"entity_type": "workspace", "entity_id": "{workspace}", **_PAGE},
    ),
    Expectation("GET /notifications", "a list", "notifications", _paged("id:integer"), params=_PAGE),
    Expectation(
        "GET /workspaces/:id/milestones", "a list", "workspaces/{workspace}/milestones", _paged(_MILESTONE),
        params=_PAGE,
    ),
    Expectation("GET /tags", "a list", "tags", _paged(_NAMED), params=_PAGE),
    Expectation(
        "GET /taggings", "the tags of a workspace", "taggings", _list(_NAMED),
        params={"entity_type": "workspace", "entity_id": "{workspace}"},
    ),
    Expectation(
        "GET /search", "a search", "search",
        _object("users?:object users.results?:list workspaces.results?:list workfiles.results?:list"),
        params={"query": "a", "per_type": 1},
    ),
    Expectation(
        "GET /search/type_ahead", "suggestions", "search/type_ahead", _object("type_ahead.results:list"),
        params={"query": "a", "per_page": 1},
    ),
    Expectation(
        "GET /workspaces/:id/search", "a search", "workspaces/{workspace}/search",
        _object("this_workspace.results:list"), params={"query": "a", "per_page": 1},
    ),
    Expectation(
        "GET /touchpoints", "a list", "touchpoints", _paged(_TOUCHPOINT), params=_PAGE, keeps=(Keep("public"),)
    ),
    Expectation("GET /touchpoints/:id", "one", "touchpoints/{public}", _object(_TOUCHPOINT)),
    _unknown("GET /touchpoints/:id", "touchpoints/0"),
    Expectation(
        "GET /workspaces/:id/touchpoints/:id", "one", "workspaces/{workspace}/touchpoints/{touchpoint}",
        _object(_TOUCHPOINT),
    ),
    Expectation(
        "GET /workspaces/:id/touchpoints/:id/parameters", "a list",
        "workspaces/{workspace}/touchpoints/{touchpoint}/parameters", _list(_PARAMETER),
        params={"workfile_id": "{touchpoint}"},
    ),
    _unknown("GET /worklet_parameter_versions", "worklet_parameter_versions", params={"event_id": 0}),
    Expectation(
        "GET /processes/:id/query", "a run", "processes/{run}/query",
        Answer(Kind.ENGINE, "meta.state:string meta.processId:string", _OVER), engine=True,
    ),
    Expectation(
        "GET /processes/:id/query", "an unknown run", f"processes/{_UNKNOWN_RUN}/query", Answer(Kind.TEXT, texts=_OVER),
        engine=True,
    ),
    Expectation(
        "GET /processes/:id/query", "without a login", f"processes/{_UNKNOWN_RUN}/query",
        Answer(
            Kind.TEXT, texts=("The resource requires authentication, which was not supplied with the request",)
        ),
        401, engine=True, anonymous=True,
    ),
    Expectation(
        "GET /workflows/:id/results/:process_id", "the results of an unknown run",
        f"workflows/{{workflow}}/results/{_UNKNOWN_RUN}", Answer(Kind.RESULTS, "flowMetaInfo:object outputs:list"),
        engine=True,
    ),
    Expectation(
        "GET /workflows/:id/results/:process_id", "the results of a run", "workflows/{workflow}/results/{run}",
        Answer(Kind.RESULTS, "flowMetaInfo.status:string outputs:list logs?:list"), engine=True,
    ),
)  # fmt: skip

_AFM = (
    b'<?xml version="1.0"?><Process Version="6.2.0.0" UserName="1"><VariableModel><Variable><Name>@x</Name>'
    b"<Value>1</Value></Variable></VariableModel></Process>"
)
_CONTENTS = "workfile[versions_attributes][0][contents]"
_WHERE = "workfile[execution_locations][0]"
_IN = "workspaces/{workspace}"
_TOUCHPOINTS = f"{_IN}/touchpoints/{{touchpoint}}"
_STOPPED = ("request accepted.", "Flow stopped.", "Invalid processId or Workflow already stopped.")

WRITING = (
    Expectation(
        "POST /workspaces", "create", "workspaces", _object(_WORKSPACE), 201,
        sends={"name": "{own_name}", "summary": "", "public": False}, keeps=(Keep("workspace"),),
    ),
    Expectation(
        "POST /workspaces", "a name that is taken", "workspaces", Answer(Kind.ERROR, code="fields.name.TAKEN"), 422,
        sends={"name": "{own_name}", "summary": "", "public": False},
    ),
    Expectation("PUT /workspaces/:id", "update", _IN, _object(_WORKSPACE), sends={"summary": "conformance"}),
    Expectation(
        "POST /workspaces/:id/members", "the members", f"{_IN}/members", _list(_USER),
        sends={"collection": {}, "members": [{"user_id": "{me}", "role": "Project Manager"}]},
    ),
    Expectation(
        "POST /workspaces/:id/workfiles", "upload a file", f"{_IN}/workfiles", _object(_WORKFILE), 201,
        sends=Upload({}, _CONTENTS, "conformance.txt", b"first"), keeps=(Keep("file"), Keep("workfile")),
    ),
    Expectation(
        "POST /workspaces/:id/workfiles", "upload a workflow", f"{_IN}/workfiles", _object(_WORKFILE), 201,
        sends=Upload(
            {
                "workfile[entity_subtype]": "alpine",
                f"{_WHERE}[entity_type]": "{database_type}",
                f"{_WHERE}[id]": "{database}",
            },
            _CONTENTS, "conformance.afm", _AFM,
        ),
        keeps=(Keep("workflow"),),
    ),
    Expectation(
        "POST /workfiles/:id/versions", "add", "workfiles/{file}/versions", _object(_VERSION), 201,
        sends=Upload({"workfile[commit_message]": "conformance"}, "workfile[content]", "conformance.txt", b"second"),
        keeps=(Keep("version", "version_info.id"),),
    ),
    Expectation("PUT /workfiles/:id", "update", "workfiles/{file}", _object(_WORKFILE),
                sends={"workfile": {"description": "conformance"}}),
    Expectation(
        "POST /workfiles/:id/copy", "copy", "workfiles/{file}/copy", _object(_WORKFILE), 201,
        sends={"workspace_id": "{workspace}", "file_name": "copy.txt"}, keeps=(Keep("copy"),),
    ),
    _unknown("POST /workspaces/:id/csv", "workspaces/0/csv", sends={"csv": {}}),
    _unknown("POST /workspaces/:id/csv/:id/imports", "workspaces/0/csv/0/imports", sends={"csv_import": {}}),
    Expectation(
        "POST /notes", "write", "notes", _object(_EVENT), 201,
        sends={"note": {"entity_type": "workspace", "entity_id": "{workspace}", "body": "conformance"}},
        keeps=(Keep("note"), Keep("event")),
    ),
    Expectation("PUT /notes/:id", "update", "notes/{note}", _object(_EVENT), sends={"note": {"body": "changed"}}),
    Expectation(
        "POST /comments", "write", "comments", _object("id:integer body:string"), 201,
        sends={"comment": {"event_id": "{note}", "body": "conformance"}}, keeps=(Keep("comment"),),
    ),
    Expectation(
        "POST /insights", "promote a note", "insights", _object(_EVENT), 201, sends={"insight": {"note_id": "{note}"}},
        keeps=(Keep("insight"),),
    ),
    Expectation(
        "POST /workspaces/:id/milestones", "create", f"{_IN}/milestones", _object(_MILESTONE), 201,
        sends={"milestone": {"name": "conformance", "target_date": "2037-01-31"}}, keeps=(Keep("milestone"),),
    ),
    Expectation(
        "PUT /workspaces/:id/milestones/:id", "update", f"{_IN}/milestones/{{milestone}}", _ANYTHING,
        sends={"milestone": {"name": "changed"}},
    ),
    Expectation(
        "POST /workspaces/:id/jobs", "create", f"{_IN}/jobs", _object(_JOB), 201,
        sends={"job": {"name": "conformance", "interval_unit": "on_demand", "interval_value": 0}}, keeps=(Keep("job"),),
    ),
    Expectation(
        "POST /workspaces/:id/jobs", "without a name", f"{_IN}/jobs", Answer(Kind.ERROR, code="fields.name.BLANK"), 422,
        sends={"job": {"name": "", "interval_unit": "on_demand", "interval_value": 0}},
    ),
    Expectation(
        "PUT /workspaces/:id/jobs/:id", "update", f"{_IN}/jobs/{{job}}", _object(_JOB),
        sends={"job": {"name": "conformance 2"}},
    ),
    Expectation(
        "POST /workspaces/:id/jobs/:id/job_tasks", "create", f"{_IN}/jobs/{{job}}/job_tasks", _object(_TASK), 201,
        sends={"job_task": {"action": "run_work_flow", "workfile_id": "{workflow}"}}, keeps=(Keep("task"),),
    ),
    Expectation("POST /jobs/:id/run", "run", "jobs/{job}/run", _object(_JOB), 202),
    Expectation("POST /jobs/:id/stop", "stop", "jobs/{job}/stop", _object(_JOB), 202),
    Expectation(
        "POST /workspaces/:id/touchpoints", "create", f"{_IN}/touchpoints", _object(_TOUCHPOINT), 201,
        sends={"workfile": {"file_name": "conformance touchpoint", "workflow_id": "{workflow}", "parameters": "[]"}},
        keeps=(Keep("touchpoint"),),
    ),
    Expectation(
        "POST /workspaces/:id/touchpoints/:id/parameters", "add", f"{_TOUCHPOINTS}/parameters", _object(_PARAMETER),
        201,
        sends={
            "worklet_parameter": {
                "workfile_id": "{touchpoint}", "variable_name": "@x", "label": "x", "data_type": "Text",
            }
        },
        keeps=(Keep("parameter"),),
    ),
    Expectation(
        "PUT /workspaces/:id/touchpoints/:id/parameters/:id", "update", f"{_TOUCHPOINTS}/parameters/{{parameter}}",
        _object(_PARAMETER), sends={"worklet_parameter": {"workfile_id": "{touchpoint}", "label": "y"}},
    ),
    Expectation(
        "PUT /workspaces/:id/touchpoints/:id", "update", _TOUCHPOINTS, _object(_TOUCHPOINT),
        sends={"workfile": {"description": "changed"}},
    ),
    Expectation(
        "POST /workspaces/:id/datasets", "associate", f"{_IN}/datasets", _ANYTHING, 201,
        sends={"dataset_ids": ["{dataset}"]},
    ),
    Expectation(
        "POST /workflows/:id/run", "run a workflow", "workflows/{workflow}/run",
        Answer(Kind.BARE, "meta.processId:string meta.state?:string meta.workflowId?:string"),
        params={"saveResult": "true"}, keeps=(Keep("run", "meta.processId"),), engine=True,
    ),
    Expectation(
        "POST /processes/:id/stop", "stop a run", "processes/{run}/stop",
        Answer(Kind.ENGINE, "status:string", _STOPPED), engine=True,
    ),
    Expectation(
        "POST /processes/:id/stop", "stop an unknown run", f"processes/{_UNKNOWN_RUN}/stop",
        Answer(Kind.TEXT, texts=_STOPPED[2:]), engine=True,
    ),
)  # fmt: skip

DELETING = (
    Expectation("DELETE /insights/:id", "demote", "insights/{insight}", _ANYTHING),
    Expectation("DELETE /comments/:id", "delete", "comments/{comment}", _ANYTHING),
    Expectation("DELETE /notes/:id", "delete", "notes/{note}", _ANYTHING),
    Expectation(
        "DELETE /workspaces/:id/milestones/:id", "delete", f"{_IN}/milestones/{{milestone}}", _ANYTHING
    ),
    Expectation(
        "DELETE /workspaces/:id/jobs/:id/job_tasks/:id", "delete", f"{_IN}/jobs/{{job}}/job_tasks/{{task}}", _ANYTHING
    ),
    _unknown("DELETE /workfiles/:id/executions/:id", "workfiles/0/executions/0"),
    Expectation("DELETE /workspaces/:id/jobs/:id", "delete", f"{_IN}/jobs/{{job}}", _ANYTHING),
    Expectation(
        "DELETE /workspaces/:id/touchpoints/:id/parameters/:id", "delete", f"{_TOUCHPOINTS}/parameters/{{parameter}}",
        _ANYTHING,
    ),
    Expectation("DELETE /workspaces/:id/touchpoints/:id", "delete", _TOUCHPOINTS, _ANYTHING),
    Expectation(
        "DELETE /workspaces/:id/datasets", "remove", f"{_IN}/datasets", _ANYTHING, params={"dataset_ids[]": "{dataset}"}
    ),
    Expectation(
        "DELETE /workfiles/:id/versions/:id", "delete", "workfiles/{file}/versions/{version}", _ANYTHING
    ),
    Expectation(
        "DELETE /workspaces/:id/workfiles", "delete several", f"{_IN}/workfiles", _ANYTHING,
        params={"workfile_ids[]": "{copy}"},
    ),
    Expectation("DELETE /workfiles/:id", "delete", "workfiles/{file}", _ANYTHING),
)  # fmt: skip

REMOVING = Expectation("DELETE /workspaces/:id", "delete", _IN, _ANYTHING)
"""What removes the workspace, whatever happened."""

NEVER = (
    _never("POST /sessions", LOGIN),
    _never("DELETE /sessions", OTHERS),
    *(
        _never(endpoint, GLOBAL)
        for endpoint in (
            "POST /users", "PUT /users/:id", "DELETE /users/:id", "POST /data_sources", "DELETE /data_sources/:id",
            "POST /hdfs_data_sources", "DELETE /hdfs_data_sources/:id", "POST /taggings", "PUT /tags/:id",
            "DELETE /tags/:id", "PUT /notifications/read", "DELETE /notifications/:id", "POST /datasets/:id/previews",
            "DELETE /datasets/:id/previews/:id", "POST /tables/:id/analyze", "PUT /touchpoints/:id/run",
            "POST /touchpoints/:id/stop", "POST /workspaces/:id/sandbox", "POST /workfiles/:id/executions",
            "POST /datasets/preview_sql", "POST /uploads", "POST /hdfs_data_sources/:id/files/:id/imports",
            "POST /hdfs_datasets", "PUT /hdfs_datasets/:id", "DELETE /hdfs_datasets/:id",
        )
    ),
    *(
        _never(endpoint, FOR_ALL)
        for endpoint in (
            "POST /insights/publish", "POST /insights/unpublish", "PUT /workspaces/:id/touchpoints/:id/publish",
            "PUT /workspaces/:id/touchpoints/:id/unpublish",
        )
    ),
    # A test run is a run on the databases of the touchpoint's workflow like any other.
    _never("PUT /workspaces/:id/touchpoints/:id/run", "a run of a workflow has been tried"),
    _never("POST /workspaces/:id/touchpoints/:id/stop", "a run of a workflow has been tried"),
)  # fmt: skip

EXPECTATIONS = (*READING, *WRITING, *DELETING, REMOVING, *NEVER)
