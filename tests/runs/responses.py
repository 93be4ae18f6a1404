"""The engine's responses, for the scripted server."""

from __future__ import annotations

import json
from typing import Any

from tests.scripted import Reply, ScriptedServer

ENGINE = "/alpinedatalabs/api/v1/json"
PID = "6f1e1f9c-1a9c-4d53-8a63-000000000001"
STARTED = {
    "meta": {"workflowId": "375", "processId": PID, "user": "7", "state": "STARTED"},
    "message": "workflow started",
    "results": "",
}
OVER = Reply("Workflow not started or already stopped.\n")
UNAUTHORIZED = Reply("The resource requires authentication, which was not supplied with the request", 401)
HTML_ERROR = Reply("<html><head><title>502 Bad Gateway</title></head></html>", 502, {"Content-Type": "text/html"})


def working(node: str | None = None, state: str = "NODE_STARTED") -> Reply:
    document: dict[str, Any] = {"meta": {**STARTED["meta"], "state": state}, "message": "", "results": ""}  # type: ignore[dict-item]
    if node:
        document["nodeInfo"] = {"nodeId": "1", "nodeName": node}
    return Reply(document)


def results(status: str = "SUCCESS", **more: Any) -> Reply:
    document = {
        "flowMetaInfo": {
            "processId": PID,
            "workflowId": "375",
            "status": status,
            "noOfError": 0,
            "noOfNodesProcessed": 1,
        },
        "logs": [],
        "outputs": [
            {"out_title": "Row Filter", "visualType": 0, "visualData": {"columns": ["a"], "items": [{"a": "1"}]}}
        ],
        **more,
    }
    return Reply(json.dumps(json.dumps(document)))


def on_query(server: ScriptedServer, *answers: Reply) -> None:
    server.on("GET", f"{ENGINE}/processes/{PID}/query", *answers)


def on_results(server: ScriptedServer, *answers: Reply) -> None:
    server.on("GET", f"{ENGINE}/workflows/375/results/{PID}", *answers)


def on_run(server: ScriptedServer, *answers: Reply) -> None:
    server.on("POST", f"{ENGINE}/workflows/375/run", *answers)


def on_stop(server: ScriptedServer, *answers: Reply) -> None:
    server.on("POST", f"{ENGINE}/processes/{PID}/stop", *answers)
