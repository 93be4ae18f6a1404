"""Who may do what: every route of the server, tried by everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from alpine.sandbox import Sandbox
from alpine.sandbox.routes import all_routes
from tests.sandbox.test_data_sources import GREENPLUM, HADOOP
from tests.sandbox.wire import FLOW, PEOPLE, Wire, wait_for

# In the names of what only those may see who may see the private workspace.
MARK = "confidential"
ENGINE = "/alpinedatalabs/api/v1/json"
# Nobody is logged in; cleo is an outsider to ben's private workspace, and a visitor of it when it is public; ada is a
# member, ben the owner of everything in it, demo an administrator and no member.
ROLES = ("nobody", "outsider", "visitor", "member", "owner", "admin")
NAMES = {"outsider": "cleo", "visitor": "cleo", "member": "ada", "owner": "ben", "admin": "demo"}

PERSON = {"username": "dora", "password": "secret-1", "first_name": "D", "last_name": "D", "email": "d@example.com"}
HIVE = {"name": "hive 2", "host": "jdbc:hive2://h"}
JOB = {"job": {"name": "other", "interval_unit": "on_demand", "interval_value": 0}}
TASK = {"job_task": {"action": "run_work_flow", "workfile_id": "{flow}"}}
FLOW_KIND = {"workfile[entity_subtype]": "alpine"}
NOTE = {"note": {"entity_type": "workfile", "entity_id": "{file}", "body": "x"}}
INSIGHT = {"insight": {"note_id": "{note}"}}
TAGGED = {"entity_type": "workfile", "entity_id": "{file}"}
INTO_HDFS = {"hdfs_import": {"upload_id": "{upload}", "file_name": "x.csv"}}
MASK = {"hdfs_dataset": {"name": "y", "file_mask": "/*", "data_source_id": "{hdfs}", "workspace_id": "{workspace}"}}
FORM = {"workfile": {"file_name": "form 2", "workflow_id": "{flow}"}}
FIELDS = {"workfile": {"worklet_parameters": {"fields": []}}}
IMPORT = {"to_table": "t", "column_names": ["a"], "types": ["text"], "delimiter": ",", "has_header": True}
PREVIEW = {"task": {"schema_id": "{schema}", "query": "select 1"}}
FILE = {"workfile": {"file_name": "new.txt"}}

ANYBODY = (200, 200, 200, 200, 200, 200)
USERS = (401, 200, 200, 200, 200, 200)
CREATES = (401, 201, 201, 201, 201, 201)
SEES = (401, 403, 200, 200, 200, 200)
WRITES = (401, 403, 403, 200, 200, 200)
ADDS = (401, 403, 403, 201, 201, 201)
STARTS = (401, 403, 403, 202, 202, 202)
OWNS = (401, 403, 403, 403, 200, 200)
TAKES_PART = (401, 403, 201, 201, 201, 201)
RUNS = (401, 403, 202, 202, 202, 202)
WROTE = (401, 403, 403, 403, 200, 200)
UPLOADED = (401, 403, 403, 403, 201, 403)
ADMINISTERS = (401, 403, 403, 403, 403, 200)

TABLE: list[tuple[str, str, Any, tuple[int, ...]]] = [
    ("GET", "/VERSION", None, ANYBODY),
    ("GET", "/status", None, ANYBODY),
    ("GET", "/license", None, USERS),
    ("GET", "/config", None, USERS),
    ("POST", "/sessions", {"username": "ada", "password": "alpine-demo"}, (201,) * 6),
    ("GET", "/sessions", None, USERS),
    ("DELETE", "/sessions", None, USERS),
    ("GET", "/users", None, USERS),
    ("GET", "/users/ldap", None, ADMINISTERS),
    ("GET", "/users/<id:ada>", None, USERS),
    ("POST", "/users", PERSON, (401, 403, 403, 403, 403, 201)),
    ("PUT", "/users/<id:ada>", {"title": "x"}, (401, 403, 403, 200, 403, 200)),
    ("DELETE", "/users/<id:spare>", None, ADMINISTERS),
    ("GET", "/workspaces", None, USERS),
    ("GET", "/workspaces/<workspace_id>", None, SEES),
    ("POST", "/workspaces", {"name": "new"}, CREATES),
    ("PUT", "/workspaces/<workspace_id>", {"summary": "x"}, WRITES),
    ("PUT", "/workspaces/<workspace_id>", {"workspace_stage_id": 2}, OWNS),
    ("DELETE", "/workspaces/<workspace_id>", None, OWNS),
    ("GET", "/workspaces/<workspace_id>/members", None, SEES),
    ("POST", "/workspaces/<workspace_id>/members", {"member_ids": ["{ben}", "{ada}"]}, OWNS),
    ("GET", "/workspaces/<workspace_id>/workfiles", None, SEES),
    ("POST", "/workspaces/<workspace_id>/workfiles", FILE, ADDS),
    ("DELETE", "/workspaces/<workspace_id>/workfiles", {"workfile_ids": ["{file}"]}, WRITES),
    ("GET", "/workfiles/<id:file>", None, SEES),
    ("PUT", "/workfiles/<id:file>", {"description": "x"}, WRITES),
    ("DELETE", "/workfiles/<id:file>", None, WRITES),
    ("GET", "/workfiles/<id:file>/download", None, SEES),
    ("POST", "/workfiles/<id:file>/copy", None, ADDS),
    ("POST", "/workfiles/<id:file>/copy", {"workspace_id": "{own}"}, (401, 403, 201, 201, 201, 201)),
    ("POST", "/workfiles/<id:flow>/run", None, STARTS),
    ("POST", "/workfiles/<id:flow>/stop", None, STARTS),
    ("GET", "/workfiles/<id:file>/versions", None, SEES),
    ("GET", "/workfiles/<id:file>/versions/<version_id>", None, SEES),
    ("POST", "/workfiles/<id:file>/versions", {"content": "x"}, ADDS),
    ("PUT", "/workfiles/<id:file>/versions/<version_id>", {"content": "x"}, WRITES),
    ("DELETE", "/workfiles/<id:file>/versions/<version_id>", None, WRITES),
    ("GET", "/data_sources", None, USERS),
    ("GET", "/jdbc_hive_data_sources", None, USERS),
    ("GET", "/hdfs_data_sources", None, USERS),
    ("GET", "/data_sources/<id:source>", None, USERS),
    ("GET", "/jdbc_hive_data_sources/<id:hive>", None, USERS),
    ("GET", "/hdfs_data_sources/<id:hdfs>", None, USERS),
    ("POST", "/data_sources", {**GREENPLUM, "name": "mine 2"}, CREATES),
    ("POST", "/jdbc_hive_data_sources", HIVE, CREATES),
    ("POST", "/hdfs_data_sources", {**HADOOP, "name": "hadoop 2"}, CREATES),
    ("PUT", "/data_sources/<id:source>", {"description": "x"}, OWNS),
    ("PUT", "/jdbc_hive_data_sources/<id:hive>", {"description": "x"}, OWNS),
    ("PUT", "/hdfs_data_sources/<id:hdfs>", {"description": "x"}, OWNS),
    ("DELETE", "/data_sources/<id:source>", None, OWNS),
    ("DELETE", "/jdbc_hive_data_sources/<id:hive>", None, OWNS),
    ("DELETE", "/hdfs_data_sources/<id:hdfs>", None, OWNS),
    # An administrator without an account of his own cannot connect to a source that is not shared.
    ("GET", "/data_sources/<id:source>/databases", None, (401, 403, 403, 403, 200, 403)),
    ("GET", "/databases/<id:database>", None, (401, 403, 403, 403, 200, 403)),
    ("GET", "/databases/<id:database>/schemas", None, (401, 403, 403, 403, 200, 403)),
    ("GET", "/data_sources/<id:hive>/schemas", None, (401, 403, 403, 403, 200, 403)),
    ("GET", "/schemas/<id:schema>", None, (401, 403, 403, 403, 200, 403)),
    ("GET", "/schemas/<id:schema>/datasets", None, (401, 403, 403, 403, 200, 403)),
    ("GET", "/datasets/<id:dataset>", None, (401, 403, 403, 403, 200, 403)),
    ("GET", "/datasets/<id:dataset>/columns", None, (401, 403, 403, 403, 200, 403)),
    ("GET", "/datasets/<id:dataset>/statistics", None, (401, 403, 403, 403, 200, 403)),
    ("GET", "/datasets/<id:dataset>/importability", None, USERS),
    ("POST", "/tables/<id:dataset>/analyze", None, (401, 403, 403, 403, 200, 403)),
    ("POST", "/datasets/<id:dataset>/previews", {"task": {"check_id": "1"}}, (401, 403, 403, 403, 201, 403)),
    ("DELETE", "/datasets/<id:dataset>/previews/<check_id>", None, (401, 403, 403, 403, 200, 403)),
    ("GET", "/datasets/<id:dataset>/download", None, (401, 403, 403, 403, 200, 403)),
    ("GET", "/datasets/<id:dataset>/download.csv", None, (401, 403, 403, 403, 200, 403)),
    # What is in the workspaces of others is not found.
    ("GET", "/workspaces/<workspace_id>/datasets", None, (401, 404, 200, 200, 200, 200)),
    ("GET", "/workspaces/<workspace_id>/datasets/<id:dataset>", None, (401, 404, 403, 403, 200, 403)),
    ("POST", "/workspaces/<workspace_id>/datasets", {"dataset_ids": ["{other}"]}, ADDS),
    ("DELETE", "/workspaces/<workspace_id>/datasets", {"dataset_ids": ["{dataset}"]}, WRITES),
    ("DELETE", "/workspaces/<workspace_id>/datasets/<id:dataset>", None, WRITES),
    ("POST", "/workspaces/<workspace_id>/sandbox", {"schema_id": "{schema}"}, ADDS),
    ("POST", "/workspaces/<workspace_id>/csv", {"csv": {}}, (401, 403, 403, 422, 422, 422)),
    # Whoever has uploaded a file imports it.
    ("POST", "/workspaces/<workspace_id>/csv/<id:csv>/imports", IMPORT, (401, 403, 403, 403, 201, 403)),
    ("GET", "/workspaces/<workspace_id>/datasets/<id:dataset>/imports", None, (401, 404, 200, 200, 200, 200)),
    ("PUT", "/imports", {"id": "{import}"}, OWNS),
    ("GET", "/activities/<id:event>", None, (401, 404, 200, 200, 200, 200)),
    ("POST", "/workfiles/<id:sql>/executions", {"check_id": "1", "sql": "select 1"}, (401, 403, 403, 403, 200, 403)),
    ("DELETE", "/workfiles/<id:sql>/executions/<check_id>", None, WRITES),
    ("POST", "/datasets/preview_sql", PREVIEW, (401, 403, 403, 403, 200, 403)),
    # The files of a cluster are everybody's; what was uploaded belongs to whoever did it.
    ("GET", "/hdfs_data_sources/<data_source_id:hdfs>/files", None, USERS),
    ("GET", "/hdfs_data_sources/<data_source_id:hdfs>/files/<id:entry>", None, USERS),
    ("GET", "/hdfs_data_sources/<data_source_id:hdfs>/files/<id:entry>/statistics", None, USERS),
    ("POST", "/uploads", None, (401, 422, 422, 422, 422, 422)),
    ("POST", "/hdfs_data_sources/<data_source_id:hdfs>/files/<id:entry>/imports", INTO_HDFS, UPLOADED),
    ("POST", "/hdfs_datasets", MASK, ADDS),
    ("PUT", "/hdfs_datasets/<id:mask>", {"hdfs_dataset": {"name": "x"}}, WRITES),
    ("DELETE", "/hdfs_datasets/<id:mask>", None, WRITES),
    ("GET", "/workspaces/<workspace_id>/jobs", None, SEES),
    ("GET", "/workspaces/<workspace_id>/jobs/<id:job>", None, SEES),
    ("POST", "/workspaces/<workspace_id>/jobs", {"job": {**JOB["job"], "name": "new"}}, ADDS),
    ("PUT", "/workspaces/<workspace_id>/jobs/<id:job>", {"job": {"enabled": True}}, WRITES),
    ("DELETE", "/workspaces/<workspace_id>/jobs/<id:job>", None, WRITES),
    ("POST", "/jobs/<id:job>/run", None, STARTS),
    ("POST", "/jobs/<id:job>/stop", None, STARTS),
    ("GET", "/jobs/<id:job>/job_results/<result_id>", None, SEES),
    ("POST", "/workspaces/<workspace_id>/jobs/<job_id:job>/job_tasks", TASK, ADDS),
    ("PUT", "/workspaces/<workspace_id>/jobs/<job_id:job>/job_tasks/<id:task>", {"job_task": {"index": 1}}, WRITES),
    ("PUT", "/job_tasks/<id:task>", {"job_task": {"index": 1}}, WRITES),
    ("DELETE", "/workspaces/<workspace_id>/jobs/<job_id:job>/job_tasks/<id:task>", None, WRITES),
    # The same routes through the path of a workspace of one's own: what counts is where the job is.
    ("GET", "/workspaces/<workspace_id:own>/jobs/<id:job>", None, SEES),
    ("PUT", "/workspaces/<workspace_id:own>/jobs/<id:job>", {"job": {"enabled": True}}, WRITES),
    ("DELETE", "/workspaces/<workspace_id:own>/jobs/<id:job>", None, WRITES),
    ("POST", "/workspaces/<workspace_id:own>/jobs/<job_id:job>/job_tasks", TASK, ADDS),
    ("DELETE", "/workspaces/<workspace_id:own>/jobs/<job_id:job>/job_tasks/<id:task>", None, WRITES),
    # A workflow through a job of one's own.
    ("POST", "/workspaces/<workspace_id:own>/jobs/<job_id:own_job>/job_tasks", TASK, (401, 403, 201, 201, 201, 201)),
    ("PUT", "/job_tasks/<id:own_task>", {"job_task": {"workfile_id": "{flow}"}}, SEES),
    ("GET", "/tags", None, USERS),
    ("GET", "/taggings", TAGGED, SEES),
    ("POST", "/taggings", {"tagging": {"taggables": [TAGGED], "add": "y"}}, TAKES_PART),
    ("PUT", "/tags/<id:tag>", {"tag": {"name": "z"}}, USERS),
    ("DELETE", "/tags/<id:tag>", None, ADMINISTERS),
    ("POST", "/notes", NOTE, TAKES_PART),
    ("PUT", "/notes/<id:note>", {"note": {"body": "y"}}, (401, 403, 403, 403, 200, 403)),
    ("DELETE", "/notes/<id:note>", None, WROTE),
    ("POST", "/comments", {"comment": {"event_id": "{note}", "body": "x"}}, TAKES_PART),
    ("GET", "/comments/<id:comment>", None, SEES),
    ("DELETE", "/comments/<id:comment>", None, WROTE),
    ("GET", "/activities", {"entity_type": "dashboard"}, USERS),
    ("GET", "/activities", {"entity_type": "workspace", "entity_id": "{workspace}"}, SEES),
    ("GET", "/activities/<id:note>", None, (401, 404, 200, 200, 200, 200)),
    ("GET", "/insights", None, USERS),
    ("GET", "/insights", {"entity_type": "workspace", "entity_id": "{workspace}"}, SEES),
    ("POST", "/insights", INSIGHT, TAKES_PART),
    ("DELETE", "/insights/<id:note>", None, WROTE),
    ("POST", "/insights/publish", INSIGHT, TAKES_PART),
    ("POST", "/insights/unpublish", INSIGHT, (401, 403, 422, 422, 422, 422)),
    ("GET", "/notifications", None, USERS),
    ("PUT", "/notifications/read", {"notification_ids": ["{notification}"]}, USERS),
    ("DELETE", "/notifications/<id:notification>", None, (401, 403, 403, 200, 403, 403)),
    ("GET", "/search", {"query": MARK}, USERS),
    ("GET", "/search/workspaces", {"query": MARK}, USERS),
    ("GET", "/search/type_ahead", {"query": MARK}, USERS),
    ("GET", "/workspaces/<workspace_id>/search", {"query": MARK}, SEES),
    ("POST", "/search/reindex", {"all": True}, USERS),
    ("GET", "/workspaces/<workspace_id>/milestones", None, SEES),
    ("POST", "/workspaces/<workspace_id>/milestones", {"name": "x", "target_date": "2026-01-01"}, ADDS),
    ("PUT", "/workspaces/<workspace_id>/milestones/<id:milestone>", {"name": "y"}, WRITES),
    ("DELETE", "/workspaces/<workspace_id>/milestones/<id:milestone>", None, WRITES),
    # Who sees a touchpoint may run it, and everybody may run a published one, which is in another private workspace.
    ("GET", "/touchpoints", None, USERS),
    ("GET", "/touchpoints/<id:published>", None, USERS),
    ("PUT", "/touchpoints/<id:published>/run", FIELDS, (401, 202, 202, 202, 202, 202)),
    ("POST", "/touchpoints/<id:published>/stop", {"workfile": {"id": 1}}, (401, 500, 500, 500, 500, 500)),
    ("POST", "/workspaces/<workspace_id>/touchpoints", FORM, TAKES_PART),
    ("GET", "/workspaces/<workspace_id>/touchpoints/<id:form>", None, SEES),
    ("PUT", "/workspaces/<workspace_id>/touchpoints/<id:form>", {"workfile": {"description": "x"}}, WRITES),
    ("DELETE", "/workspaces/<workspace_id>/touchpoints/<id:form>", None, WRITES),
    ("PUT", "/workspaces/<workspace_id>/touchpoints/<id:form>/run", FIELDS, RUNS),
    ("POST", "/workspaces/<workspace_id>/touchpoints/<id:form>/stop", {"workfile": {"id": 1}}, (401, 403, *[500] * 4)),
    ("PUT", "/workspaces/<workspace_id>/touchpoints/<id:form>/publish", None, RUNS),
    ("PUT", "/workspaces/<workspace_id>/touchpoints/<id:form>/unpublish", None, RUNS),
    ("GET", "/workspaces/<workspace_id>/touchpoints/<touchpoint_id:form>/parameters", {"workfile_id": "{form}"}, SEES),
    ("POST", "/workspaces/<workspace_id>/touchpoints/<touchpoint_id:form>/parameters", None, ADDS),
    ("PUT", "/workspaces/<workspace_id>/touchpoints/<touchpoint_id:form>/parameters/<parameter_id>", None, WRITES),
    ("DELETE", "/workspaces/<workspace_id>/touchpoints/<touchpoint_id:form>/parameters/<parameter_id>", None, WRITES),
    ("GET", "/worklet_parameter_versions", {"event_id": "{note}"}, SEES),
    ("POST", f"{ENGINE}/workflows/<workflow_id:flow>/run", None, SEES),
    ("GET", f"{ENGINE}/processes/<process_id>/query", None, SEES),
    ("POST", f"{ENGINE}/processes/<process_id>/stop", None, SEES),
    ("GET", f"{ENGINE}/workflows/<workflow_id:flow>/results/<process_id>", None, SEES),
]  # fmt: skip


def plain(path: str) -> str:
    """The path of a row as the route spells it."""
    pieces = [
        piece.partition(":")[0] + ">" if piece.startswith("<") and ":" in piece else piece for piece in split(path)
    ]
    return "".join(pieces)


def split(path: str) -> list[str]:
    return path.replace("<", "\0<").replace(">", ">\0").split("\0")


class World:
    """A server with everything that the table names, and the callers."""

    def __init__(self, server: Sandbox) -> None:
        self.server = server
        self.callers: dict[str, Wire] = {}

    def build(self) -> None:
        """Begin anew."""
        self.close()
        self.server.reset()
        self.callers = {name: Wire(self.server, name) for name in ("demo", "ada", "ben", "cleo")}
        demo, ben = self.callers["demo"], self.callers["ben"]
        ids: dict[str, Any] = {user["username"]: user["id"] for user in demo.ok("GET", "/users")}
        ids["spare"] = demo.ok("POST", "/users", json={**PERSON, "username": "spare"})["id"]
        ids["workspace"] = ben.ok("POST", "/workspaces", json={"name": f"{MARK} workspace"})["id"]
        members = {"member_ids": [ids["ben"], ids["ada"]]}
        ben.ok("POST", f"/workspaces/{ids['workspace']}/members", json=members)
        ids["file"] = ben.upload(f"{MARK}.txt", b"one", ids["workspace"]).json()["response"]["id"]
        ben.ok("POST", f"/workfiles/{ids['file']}/versions", json={"content": "two"})
        ids["version"] = ben.ok("GET", f"/workfiles/{ids['file']}/versions")[0]["id"]
        ids["flow"] = ben.upload(f"{MARK}.afm", FLOW, ids["workspace"], **FLOW_KIND).json()["response"]["id"]
        ids["job"], ids["task"] = self.job_of(ben, ids["workspace"], ids["flow"])
        ids |= {"result": "latest", "process": ben.run(ids["flow"])}
        ids["source"] = ben.ok("POST", "/data_sources", json=GREENPLUM)["id"]
        ids["database"] = ben.ok("GET", f"/data_sources/{ids['source']}/databases")[0]["id"]
        ids["hive"] = ben.ok("POST", "/jdbc_hive_data_sources", json={"name": "hive", "host": "jdbc:hive2://h"})["id"]
        ids["hdfs"] = ben.ok("POST", "/hdfs_data_sources", json=HADOOP)["id"]
        schemas = ben.ok("GET", f"/databases/{ids['database']}/schemas")
        ids["schema"] = schemas[0]["id"]
        tables = ben.ok("GET", f"/schemas/{ids['schema']}/datasets")
        ids |= {"other": tables[0]["id"], "dataset": tables[1]["id"], "check": "1"}
        associated = {"dataset_ids": [ids["dataset"]]}
        assert ben("POST", f"/workspaces/{ids['workspace']}/datasets", json=associated).status_code == 201
        self.add_files(ids)
        self.add_talk(ids)
        self.add_import(ids)
        self.ids = ids

    def add_files(self, ids: dict[str, Any]) -> None:
        """The root of a cluster, an uploaded file, and a dataset of files."""
        ben = self.callers["ben"]
        ids["entry"] = ben.ok("GET", f"/hdfs_data_sources/{ids['hdfs']}/files")["id"]
        ids["upload"] = ben.ok("POST", "/uploads", files={"contents": ("x.csv", b"1")})["id"]
        sent = {"hdfs_dataset": {**MASK["hdfs_dataset"], "name": MARK}}
        ids["mask"] = ben.ok("POST", "/hdfs_datasets", json=filled(sent, ids))["id"]

    def add_talk(self, ids: dict[str, Any]) -> None:
        """A tag, a note that is an insight, a comment and a milestone, and two touchpoints."""
        ben, workspace, target = (
            self.callers["ben"],
            ids["workspace"],
            {"entity_type": "workfile", "entity_id": ids["file"]},
        )
        assert ben("POST", "/taggings", json={"tagging": {"taggables": [target], "add": "x"}}).status_code == 201
        ids["tag"] = ben.ok("GET", "/tags")[0]["id"]
        ids["note"] = ben.ok("POST", "/notes", json={"note": {**target, "body": MARK, "is_insight": True}})["id"]
        ids["comment"] = ben.ok("POST", "/comments", json={"event_id": ids["note"], "body": MARK})["id"]
        ids["notification"] = self.callers["ada"].ok("GET", "/notifications")[0]["id"]
        day = {"name": MARK, "target_date": "2026-01-01"}
        ids["milestone"] = ben.ok("POST", f"/workspaces/{workspace}/milestones", json=day)["id"]
        other = ben.ok("POST", "/workspaces", json={"name": f"{MARK} too"})["id"]
        for name, where in (("form", workspace), ("published", other)):
            flow = ben.upload("form.afm", FLOW, where, **FLOW_KIND).json()["response"]["id"]
            sent = {"file_name": "a form", "workflow_id": flow, "parameters": '[{"variable_name": "@age"}]'}
            form = ben.ok("POST", f"/workspaces/{where}/touchpoints", json={"workfile": sent})
            ids |= {name: form["id"], "parameter": ids.get("parameter", form["parameters"][0]["id"])}
        ids["published"] = ben.ok("PUT", f"/workspaces/{other}/touchpoints/{ids['published']}/publish")["id"]

    def add_import(self, ids: dict[str, Any]) -> None:
        """A schema for imports, a CSV file that waits and one that was imported, and a file of SQL."""
        ben, workspace = self.callers["ben"], ids["workspace"]
        made = {"schema_name": "own", "database_id": ids["database"]}
        assert ben("POST", f"/workspaces/{workspace}/sandbox", json=made).status_code == 201
        ids["csv"] = self.csv_of(ben, workspace)
        ben.ok("POST", f"/workspaces/{workspace}/csv/{self.csv_of(ben, workspace)}/imports", json=IMPORT)
        events = ben.ok("GET", "/activities", params={"entity_type": "workspace", "entity_id": workspace})
        ids["event"], ids["import"] = next((e["id"], e["reference_id"]) for e in events if "reference_id" in e)
        ids["sql"] = ben.upload(f"{MARK}.sql", b"select 1", workspace).json()["response"]["id"]

    @staticmethod
    def csv_of(caller: Wire, workspace: int) -> int:
        files = {"csv[contents]": ("x.csv", b"a\n1\n")}
        return int(caller("POST", f"/workspaces/{workspace}/csv", files=files).json()["response"]["id"])

    @staticmethod
    def job_of(caller: Wire, workspace: int, flow: int) -> tuple[int, int]:
        job = caller.ok("POST", f"/workspaces/{workspace}/jobs", json=JOB)["id"]
        task = {"job_task": {"action": "run_work_flow", "workfile_id": flow}}
        return job, caller.ok("POST", f"/workspaces/{workspace}/jobs/{job}/job_tasks", json=task)["id"]

    def with_own(self, role: str) -> dict[str, Any]:
        """The ids, and those of a workspace that the caller owns, with a job that runs a workflow in it."""
        if role == "nobody":
            return {**self.ids, "own": 1, "own_job": 1, "own_task": 1}
        caller = self.callers[NAMES[role]]
        own = caller.ok("POST", "/workspaces", json={"name": f"of {role}"})["id"]
        job, task = self.job_of(caller, own, caller.upload("own.afm", FLOW, own, **FLOW_KIND).json()["response"]["id"])
        return {**self.ids, "own": own, "own_job": job, "own_task": task}

    def call(self, role: str, method: str, path: str, body: Any) -> requests.Response:
        """What a caller gets."""
        if role == "visitor":
            self.callers["ben"].ok("PUT", f"/workspaces/{self.ids['workspace']}", json={"public": True})
        needs_own = ":own" in path or "{own" in str(body)
        ids = self.with_own(role) if needs_own else self.ids
        caller = self.callers[NAMES.get(role, "demo")]
        token = "stale" if role == "nobody" else caller.token
        url = self.server.url + ("" if path.startswith(ENGINE) else "/api")
        for piece in split(path):
            name, _, given = piece.strip("<>").partition(":")
            url += str(ids[given or name.removesuffix("_id")]) if piece.startswith("<") else piece
        return caller.http.request(
            method, url, params={"session_id": token}, headers={"x-token": token}, json=filled(body, ids)
        )

    def close(self) -> None:
        for caller in self.callers.values():
            caller.http.close()


def filled(body: Any, ids: dict[str, Any]) -> Any:
    """The body with the ids that it names."""
    if isinstance(body, dict):
        return {key: filled(value, ids) for key, value in body.items()}
    if isinstance(body, list):
        return [filled(value, ids) for value in body]
    return ids[body[1:-1]] if isinstance(body, str) and body.startswith("{") else body


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    table = tmp_path_factory.mktemp("data") / "people.csv"
    table.write_text(PEOPLE)
    with Sandbox() as server:
        server.load_table("demo.people", table)
        world = World(server)
        yield world
        world.close()


def test_the_table_has_every_route() -> None:
    served = {(route.method, route.path) for route in all_routes()}
    assert {(method, plain(path)) for method, path, _, _ in TABLE} == served


@pytest.mark.parametrize(("method", "path", "body", "expected"), TABLE)
def test_a_route_is_open_to_those_who_may(
    world: World, method: str, path: str, body: Any, expected: tuple[int, ...]
) -> None:
    world.ids = {}
    seen = []
    world.build()
    for role in ROLES:
        answer = world.call(role, method, path, body)
        seen.append(answer.status_code)
        assert role not in ("nobody", "outsider") or MARK not in answer.text
        if role == "visitor" or (method != "GET" and seen[-1] < 300):
            world.build()
    assert dict(zip(ROLES, seen, strict=True)) == dict(zip(ROLES, expected, strict=True))


def test_the_results_of_a_run_stay_with_those_who_may_see_its_workspace(world: World) -> None:
    world.build()
    ben, ada, cleo, demo = (world.callers[name] for name in ("ben", "ada", "cleo", "demo"))
    flow, process = world.ids["flow"], world.ids["process"]
    ben.finished(flow, process)
    path = f"/workflows/{flow}/results/{process}"

    def statuses() -> list[int]:
        return [caller.engine("GET", path).status_code for caller in (ben, ada, cleo, demo)]

    assert statuses() == [200, 200, 403, 200]
    refused = cleo.engine("GET", path)
    assert refused.text == "The supplied authentication is not authorized to access this resource"
    ben.ok("POST", f"/workspaces/{world.ids['workspace']}/members", json={"member_ids": [world.ids["ben"]]})
    assert statuses() == [200, 403, 403, 200]
    assert ben("DELETE", f"/workfiles/{flow}").status_code == 200
    assert statuses() == [200, 403, 403, 200]
    assert ben("DELETE", f"/workspaces/{world.ids['workspace']}").status_code == 200
    assert statuses() == [200, 403, 403, 200]


def test_a_job_stops_running_a_workflow_that_its_owner_may_not_see_any_more(world: World) -> None:
    world.build()
    ben, ada = world.callers["ben"], world.callers["ada"]
    own = ada.ok("POST", "/workspaces", json={"name": "ada's"})["id"]
    job, _ = world.job_of(ada, own, world.ids["flow"])
    shown = ada.ok("GET", f"/workspaces/{own}/jobs/{job}")["tasks"][0]
    assert shown["work_flow"]["id"] == world.ids["flow"]
    assert result_of(ada, job)["succeeded"] is True
    ben.ok("POST", f"/workspaces/{world.ids['workspace']}/members", json={"member_ids": [world.ids["ben"]]})
    shown = ada.ok("GET", f"/workspaces/{own}/jobs/{job}")["tasks"][0]
    assert (shown["work_flow"], shown["is_valid"]) == (None, True)
    result = result_of(ada, job)
    assert result["succeeded"] is False
    assert result["job_task_results"][0]["message"] == f"The job's owner 'ada' may not see the workspace of '{MARK}'."


def test_a_job_is_given_to_nobody_whose_rights_would_run_what_its_owner_may_not_see(world: World) -> None:
    world.build()
    ben, ada, demo = (world.callers[name] for name in ("ben", "ada", "demo"))
    own = ada.ok("POST", "/workspaces", json={"name": "ada's"})["id"]
    job, _ = world.job_of(ada, own, world.ids["flow"])
    path, given = f"/workspaces/{own}/jobs/{job}", {"job": {"owner_id": 1}}
    ben.ok("POST", f"/workspaces/{world.ids['workspace']}/members", json={"member_ids": [world.ids["ben"]]})
    assert ada("PUT", path, json=given).status_code == 403
    assert ada.ok("GET", path)["owner"]["username"] == "ada"
    assert ada("PUT", path, json={"job": {"owner_id": world.ids["ada"], "description": "d"}}).status_code == 200
    # The administrator may take it.
    assert demo.ok("PUT", path, json=given)["owner"]["username"] == "demo"


def result_of(caller: Wire, job: int) -> Any:
    before = caller.ok("GET", f"/jobs/{job}/job_results/latest")
    assert caller("POST", f"/jobs/{job}/run").status_code == 202
    wait_for(lambda: caller.ok("GET", f"/jobs/{job}/job_results/latest") != before)
    return caller.ok("GET", f"/jobs/{job}/job_results/latest")
