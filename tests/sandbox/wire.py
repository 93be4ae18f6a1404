"""A stranger's HTTP client: requests, a session id, and nothing of the project."""

from __future__ import annotations

import json
import time
from typing import Any

import requests

from alpine.sandbox import Sandbox

FLOW = b"""<?xml version="1.0" encoding="UTF-8"?>
<Process Description="" UserName="1" Version="6.3.0.0">
<Operator X="10" Y="10" name="people" type="com.alpine.miner.gef.runoperator.datasource.DbTableOperator" uuid="1">
<Parameter key="schemaName" value="demo"/><Parameter key="tableName" value="people"/>
<Parameter key="password" value="c2VjcmV0LXdvcmQ="/></Operator>
<Operator X="90" Y="10" name="Row Filter" type="com.alpine.miner.gef.runoperator.field.FilterOperator" uuid="2">
<Parameter key="outputType" value="TABLE"/><Parameter key="outputSchema" value="public"/>
<Parameter key="outputTable" value="out"/>
<RowFilterConditionModel useAll="true" sqlType="sql" conditionValue="age &gt; @age"/></Operator>
<Link source="people" target="Row Filter"/>
<VariableModel><Variable><Name>@age</Name><Value>30</Value></Variable></VariableModel></Process>"""
PEOPLE = "name,age\nann,20\nbob,40\ncid,60\n"


class Wire:
    """One logged-in caller."""

    def __init__(self, server: Sandbox, username: str = "demo", password: str = "alpine-demo") -> None:
        self.server = server
        self.http = requests.Session()
        self.http.trust_env = False
        answer = self.http.post(
            f"{server.base_url}/sessions?session_id=NULL", data={"username": username, "password": password}
        )
        assert answer.status_code == 201, answer.text
        self.http.cookies.clear()
        self.login = answer.json()["response"]
        self.token = self.login["session_id"]

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        options["params"] = {"session_id": self.token, **options.get("params", {})}
        return self.http.request(method, self.server.base_url + path, **options)

    def ok(self, method: str, path: str, **options: Any) -> Any:
        answer = self(method, path, **options)
        assert answer.status_code in (200, 201, 202), (answer.status_code, answer.text)
        return answer.json()["response"]

    def fields(self, method: str, path: str, **options: Any) -> Any:
        answer = self(method, path, **options)
        assert answer.status_code == 422, (answer.status_code, answer.text)
        return answer.json()["errors"]["fields"]

    def upload(self, name: str, content: bytes, workspace_id: int = 1, **fields: str) -> requests.Response:
        return self(
            "POST",
            f"/workspaces/{workspace_id}/workfiles",
            data=fields,
            files={"workfile[versions_attributes][0][contents]": (name, content)},
        )

    def upload_flow(self, name: str = "flow.afm", content: bytes = FLOW) -> Any:
        where = {"entity_type": "gpdb_database", "id": "1"}
        fields: dict[str, Any] = {f"workfile[execution_locations][0][{key}]": value for key, value in where.items()}
        answer = self.upload(name, content, **{**fields, "workfile[entity_subtype]": "alpine"})
        assert answer.status_code == 201, answer.text
        return answer.json()["response"]

    def engine(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("headers", {}).setdefault("x-token", self.token)
        return self.http.request(method, f"{self.server.url}/alpinedatalabs/api/v1/json{path}", **options)

    def run(self, workflow_id: int, variables: dict[str, str] | None = None) -> str:
        body = {"meta": {"version": 1}, "variables": [{"name": n, "value": v} for n, v in (variables or {}).items()]}
        answer = self.engine("POST", f"/workflows/{workflow_id}/run?saveResult=true", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["meta"]["processId"])

    def finished(self, workflow_id: int, process_id: str) -> Any:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if "already stopped" in self.engine("GET", f"/processes/{process_id}/query").text:
                return json.loads(self.engine("GET", f"/workflows/{workflow_id}/results/{process_id}").json())
            time.sleep(0.01)
        raise AssertionError("the run does not end")


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.01)
