"""Ways in which a server may differ, given by a small proxy in front of the sandbox."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests

from tests.scripted import Asked, Reply, ScriptedServer

PAGE = "<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body></body></html>"


@dataclass(frozen=True)
class Difference:
    """One difference of a server.

    :param line: The endpoint of the line that it belongs to, and what is asked for there.
    :param path: The path, as a regular expression.
    :param change: Changes the response.
    :param expected: A part of what the report says was expected.
    :param seen: A part of what it says was seen.
    :param of: Tells the requests that it applies to.
    """

    line: tuple[str, str]
    path: str
    change: Callable[[Reply], None]
    expected: str
    seen: str
    of: Callable[[Asked], bool] = lambda asked: True

    def applies(self, asked: Asked) -> bool:
        method = self.line[0].partition(" ")[0]
        return asked.method == method and bool(re.fullmatch(self.path, asked.path)) and self.of(asked)


def edited(edit: Callable[[Any], Any]) -> Callable[[Reply], None]:
    """A change of the JSON of a response that is good."""

    def change(reply: Reply) -> None:
        if reply.status < 300:
            document = json.loads(reply.content)
            edit(document)
            reply.body = json.dumps(document)

    return change


def of_each(edit: Callable[[dict[str, Any]], Any]) -> Callable[[Reply], None]:
    return edited(lambda document: [edit(row) for row in document["response"]])


def of_one(edit: Callable[[dict[str, Any]], Any]) -> Callable[[Reply], None]:
    return edited(lambda document: edit(document["response"]))


def becomes(status: int | None = None, body: str | None = None, only: int | None = None) -> Callable[[Reply], None]:
    """Another status or another body; ``only`` where it had this status."""

    def change(reply: Reply) -> None:
        if only in {None, reply.status}:
            reply.status = status or reply.status
            reply.body = reply.body if body is None else body

    return change


API, RUNS = "/api", "/alpinedatalabs/api/v1/json"
UNKNOWN = f"{RUNS}/processes/conformance-no-such-run"
IN = rf"{API}/workspaces/\d+"

DIFFERENCES = (
    Difference(("GET /VERSION", "the version"), f"{API}/VERSION", becomes(body="<html></html>"), "a version", "HTML"),
    Difference(
        ("GET /status", "the status"), f"{API}/status", edited(lambda d: d.pop("status")), "status: string",
        "no such key",
    ),
    Difference(
        ("GET /users", "a list"), f"{API}/users", of_each(lambda row: row.pop("username")), "username: string",
        "no such key", lambda asked: "session_id" in asked.query,
    ),
    Difference(
        ("GET /users", "without a login"), f"{API}/users", becomes(200, "{}"), "status 401", "status 200",
        lambda asked: "session_id" not in asked.query,
    ),
    Difference(
        ("GET /users/:id", "one"), rf"{API}/users/[1-9]\d*", of_one(lambda user: user.update(admin="yes")),
        "admin: boolean", "admin: string",
    ),
    Difference(
        ("GET /workspaces/:id", "an unknown id"), f"{API}/workspaces/0", becomes(400), "status 404", "status 400"
    ),
    Difference(
        ("GET /workspaces/:id/members", "a list"), f"{IN}/members", edited(lambda d: d.pop("pagination")),
        "pagination: object", "no such key",
    ),
    Difference(
        ("GET /workspaces/:id/workfiles", "a list"), f"{IN}/workfiles",
        edited(lambda d: d["pagination"].update(total=77)), "the number of pages", "another number",
    ),
    Difference(("GET /license", "the licence"), f"{API}/license", becomes(body=PAGE), "an object", "an HTML page"),
    Difference(("GET /tags", "a list"), f"{API}/tags", becomes(404, PAGE), "status 200", "as of no endpoint"),
    Difference(
        ("GET /notifications", "a list"), f"{API}/notifications",
        becomes(404, '{"status":"404","error":"Not Found"}'), "status 200", "as of no endpoint",
    ),
    Difference(
        ("GET /search/type_ahead", "suggestions"), f"{API}/search/type_ahead",
        of_one(lambda found: found.update(type_ahead=[])), "type_ahead.results: list", "no such key",
    ),
    Difference(
        ("GET /processes/:id/query", "an unknown run"), f"{UNKNOWN}/query", becomes(body="no such process of ada\n"),
        "workflow already stopped", "another text", lambda asked: "x-token" in {name.lower() for name in asked.headers},
    ),
    Difference(
        ("GET /schemas/:id", "an unknown id"), f"{API}/schemas/0", becomes(body='{"errors":{"record":"GONE"}}'),
        "error NOT_FOUND", "another error",
    ),
    Difference(
        ("GET /datasets/:id/columns", "a list"), rf"{API}/datasets/[1-9]\d*/columns",
        of_each(lambda row: row.update(data_type=7)), "data_type: string", "data_type: integer",
    ),
    Difference(
        ("POST /workspaces", "a name that is taken"), f"{API}/workspaces",
        becomes(body='{"errors":{"fields":{"name":{"IN_USE":{}}}}}', only=422), "fields.name.TAKEN", "another error",
    ),
    Difference(
        ("POST /workfiles/:id/copy", "copy"), rf"{API}/workfiles/\d+/copy", becomes(200), "status 201", "status 200"
    ),
    Difference(
        ("POST /notes", "write"), f"{API}/notes", of_one(lambda note: note.pop("action")), "action: string",
        "no such key",
    ),
    Difference(
        ("POST /processes/:id/stop", "stop an unknown run"), f"{UNKNOWN}/stop", becomes(body='{"status":"Unknown."}'),
        "Workflow already stopped", "JSON: object",
    ),
    Difference(
        ("DELETE /comments/:id", "delete"), rf"{API}/comments/\d+", becomes(body=PAGE), "no HTML page", "an HTML page"
    ),
)  # fmt: skip


def faulty(fault: str) -> Callable[[Reply], None]:
    """A response that does not come whole."""

    def change(reply: Reply) -> None:
        reply.fault = fault

    return change


def elsewhere(reply: Reply) -> None:
    reply.status, reply.body, reply.headers = 302, "", {"Location": "http://quokka.internal.example/login"}


def cut(reply: Reply) -> None:
    reply.body = reply.content[: len(reply.content) // 2]


def without_envelope(reply: Reply) -> None:
    reply.body = json.dumps(json.loads(reply.content)["response"])


def asked_page(number: str) -> Callable[[Asked], bool]:
    return lambda asked: asked.query.get("page", ["1"])[0] == number


MORE = (
    Difference(
        ("GET /status", "the status"), f"{API}/status", edited(lambda d: d.update(status=1)), "status: string",
        "status: integer",
    ),
    Difference(
        ("GET /sessions", "the login"), f"{API}/sessions", of_one(lambda login: login["user"].update(username=None)),
        "user.username: string", "user.username: null",
    ),
    Difference(
        ("GET /workspaces", "a list"), f"{API}/workspaces", of_each(lambda row: row.update(archived=0)),
        "archived: boolean", "archived: integer", asked_page("1"),
    ),
    Difference(
        ("GET /workspaces", "beyond the last page"), f"{API}/workspaces",
        edited(lambda d: d.update(response=[{"id": 1, "name": "x"}])), "none beyond the last page", "some",
        asked_page("1000000"),
    ),
    Difference(
        ("GET /workfiles/:id", "one"), rf"{API}/workfiles/[1-9]\d*", of_one(lambda file: file.pop("workspace")),
        "workspace.id: integer", "no such key",
    ),
    Difference(
        ("GET /workfiles/:id/download", "a file"), rf"{API}/workfiles/\d+/download", becomes(body=""), "any content",
        "nothing",
    ),
    Difference(
        ("GET /data_sources", "a list"), f"{API}/data_sources", edited(lambda d: d["pagination"].update(per_page=50)),
        "per_page: as asked for", "another number",
    ),
    Difference(
        ("GET /data_sources/:id", "an unknown id"), f"{API}/data_sources/0", becomes(500, "boom"), "status 404",
        "status 500",
    ),
    Difference(
        ("GET /datasets/:id/statistics", "the statistics"), rf"{API}/datasets/\d+/statistics",
        of_one(lambda found: found.update(rows="300")), "rows: integer", "rows: string",
    ),
    Difference(
        ("GET /datasets/:id/download", "one row"), rf"{API}/datasets/\d+/download", becomes(body=PAGE),
        "no HTML page", "an HTML page",
    ),
    Difference(
        ("GET /workspaces/:id/jobs", "a list"), f"{IN}/jobs", edited(lambda d: d.update(response={})),
        "response: list", "response: object",
    ),
    Difference(
        ("GET /activities", "a list"), f"{API}/activities", without_envelope, "in an envelope", "JSON: list"
    ),
    Difference(
        ("GET /search", "a search"), f"{API}/search", becomes(body="[]"), "in an envelope", "JSON: list"
    ),
    Difference(
        ("GET /touchpoints/:id", "an unknown id"), f"{API}/touchpoints/0", becomes(200, "{}"), "status 404",
        "status 200",
    ),
    Difference(("GET /insights", "a list"), f"{API}/insights", faulty("close"), "status 200", "no response"),
    Difference(
        ("GET /tags", "a list"), f"{API}/tags", becomes(401, '{"errors":{"record":"X"}}'), "status 200", "status 401"
    ),
    Difference(
        ("GET /notifications", "a list"), f"{API}/notifications", becomes(404, '{"errors":{"record":"NOT_FOUND"}}'),
        "status 200", "status 404, JSON: object",
    ),
    Difference(("GET /license", "the licence"), f"{API}/license", elsewhere, "status 200", "status 302"),
    Difference(("GET /workspaces/:id/members", "a list"), f"{IN}/members", cut, "in an envelope", "a text"),
    Difference(
        ("GET /workspaces/:id/milestones", "a list"), f"{IN}/milestones", becomes(503, "busy"), "status 200",
        "status 503",
    ),
    Difference(
        ("GET /users", "a list"), f"{API}/users", edited(lambda d: d.update(response=d["response"] * 30)),
        "at most per_page", "more", lambda asked: "session_id" in asked.query,
    ),
    Difference(
        ("POST /workflows/:id/run", "run a workflow"), rf"{RUNS}/workflows/\d+/run", becomes(202), "status 200",
        "status 202",
    ),
    Difference(
        ("PUT /workspaces/:id", "update"), rf"{API}/workspaces/\d+", becomes(204, ""), "status 200", "status 204"
    ),
    Difference(
        ("POST /workspaces/:id/jobs", "without a name"), f"{IN}/jobs", becomes(201, '{"response":{}}', only=422),
        "status 422", "status 201",
    ),
    Difference(
        ("DELETE /workspaces/:id/datasets", "remove"), f"{IN}/datasets", faulty("reset"), "status 200", "no response"
    ),
    Difference(
        ("DELETE /workfiles/:id", "delete"), rf"{API}/workfiles/\d+", becomes(500, "x"), "status 200", "status 500"
    ),
)  # fmt: skip
"""Others, which are tried together: also of responses that do not come, or come from elsewhere."""


class DifferingServer(ScriptedServer):
    """A server as the sandbox is, but for some differences."""

    def __init__(self, url: str, differences: Iterable[Difference]) -> None:
        super().__init__()
        self._url, self._differences = url, tuple(differences)
        self._sandbox = requests.Session()
        self._sandbox.trust_env = False
        # The cookie of a login would log in those who sent none.
        self._sandbox.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for method in ("GET", "POST", "PUT", "DELETE"):
            self.on(method, ".*", self.forward)

    def forward(self, asked: Asked) -> Reply:
        """Ask the sandbox, and change what it says."""
        headers = {name: value for name, value in asked.headers.items() if name.lower() != "host"}
        answer = self._sandbox.request(
            asked.method, self._url + asked.path, params=asked.query, data=asked.body, headers=headers
        )
        reply = Reply(answer.content, answer.status_code, {"Content-Type": answer.headers.get("Content-Type", "")})
        for difference in self._differences:
            if difference.applies(asked):
                difference.change(reply)
        return reply

    def close(self) -> None:
        super().close()
        self._sandbox.close()
