from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from alpine.sandbox import Sandbox
from tests.sandbox.wire import PEOPLE, Wire, wait_for

BAD = [b"{", b"[]", b"1", b'{"meta": 1}', b'{"meta": {"version": 1}}', b'{"meta": {"version": 1}, "variables": [1]}']


@pytest.fixture
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """A caller of a sandbox whose operators wait for a release."""
    table = tmp_path_factory.mktemp("data") / "people.csv"
    table.write_text(PEOPLE)
    with Sandbox(pace="step") as sandbox:
        sandbox.load_table("demo.people", table)
        wire = Wire(sandbox)
        yield wire
        wire.http.close()


def rows_of(document: dict[str, object], operator: str) -> list[str]:
    outputs = document["outputs"]
    assert isinstance(outputs, list)
    output = next(output for output in outputs if output["out_title"] == operator)
    return [item["name"] for item in output["visualData"]["items"]]


@pytest.mark.usefixtures("people")
def test_a_workflow_runs_with_its_variables(wire: Wire) -> None:
    number = wire.upload_flow()["id"]
    default = wire.finished(number, wire.run(number))
    assert default["flowMetaInfo"]["status"] == "SUCCESS"
    assert sorted(rows_of(default, "Row Filter")) == ["bob", "cid"]
    other = wire.finished(number, wire.run(number, {"@age": "50"}))
    assert rows_of(other, "Row Filter") == ["cid"]


@pytest.mark.usefixtures("people")
def test_the_answers_have_the_recorded_shape(wire: Wire) -> None:
    number = wire.upload_flow()["id"]
    answer = wire.engine("POST", f"/workflows/{number}/run")
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert answer.text.endswith("}\n")
    process_id = body["meta"].pop("processId")
    meta = {"workflowId": str(number), "user": "1", "state": "STARTED"}
    assert body == {"meta": meta, "message": "workflow started", "results": ""}
    wire.finished(number, process_id)
    over = wire.engine("GET", f"/processes/{process_id}/query")
    assert (over.status_code, over.text) == (200, "Workflow not started or already stopped.\n")
    stored = wire.engine("GET", f"/workflows/{number}/results/{process_id}")
    assert isinstance(stored.json(), str)
    assert set(json.loads(stored.json())) == {"flowMetaInfo", "logs", "outputs"}


def test_what_never_ran_answers_like_what_is_over(wire: Wire) -> None:
    query = wire.engine("GET", "/processes/nonsense/query")
    assert (query.status_code, query.text) == (200, "invalid processId or workflow already stopped.\n")
    stop = wire.engine("POST", "/processes/nonsense/stop")
    assert (stop.status_code, stop.text) == (200, "Invalid processId or Workflow already stopped.\n")
    assert wire.engine("GET", "/workflows/1/results/nonsense").text == '""'


def test_a_running_workflow_tells_its_operator_and_can_be_stopped(held: Wire) -> None:
    number = held.upload_flow()["id"]
    process_id = held.run(number)
    wait_for(lambda: "nodeInfo" in held.engine("GET", f"/processes/{process_id}/query").text)
    now = held.engine("GET", f"/processes/{process_id}/query").json()
    assert now["meta"]["workflowId"] == str(number)
    assert now["meta"]["state"] in ("STARTED", "NODE_STARTED", "NODE_FINISHED", "IN_PROGRESS")
    assert now["nodeInfo"]["nodeName"] == "people"
    assert held.engine("GET", f"/workflows/{number}/results/{process_id}").json() == ""
    stop = held.engine("POST", f"/processes/{process_id}/stop", params={"stopTimeOut": "5"})
    assert stop.json() == {"status": "Flow stopped.\n"}
    assert "already stopped" in held.engine("POST", f"/processes/{process_id}/stop").text


def test_the_documented_stop_answers_with_text(held: Wire) -> None:
    held.server.settings.stop_style = "text"
    process_id = held.run(held.upload_flow()["id"])
    assert held.engine("POST", f"/processes/{process_id}/stop").text == "request accepted.\n"


def test_a_release_lets_the_operators_go_on(held: Wire) -> None:
    number = held.upload_flow()["id"]
    process_id = held.run(number)
    held.server.release(2)
    assert held.finished(number, process_id)["flowMetaInfo"]["status"] == "SUCCESS"


@pytest.mark.usefixtures("people")
def test_results_that_were_not_to_be_saved_are_not_there(wire: Wire) -> None:
    number = wire.upload_flow()["id"]
    answer = wire.engine("POST", f"/workflows/{number}/run", params={"saveResult": "false"})
    process_id = answer.json()["meta"]["processId"]
    wait_for(lambda: "already stopped" in wire.engine("GET", f"/processes/{process_id}/query").text)
    assert wire.engine("GET", f"/workflows/{number}/results/{process_id}").json() == ""


@pytest.mark.parametrize("token", ["", "stale"])
def test_a_call_without_a_good_token_is_refused_in_plain_text(wire: Wire, token: str) -> None:
    answer = wire.engine("GET", "/processes/x/query", headers={"x-token": token})
    assert answer.status_code == 401
    assert answer.text == "The resource requires authentication, which was not supplied with the request"
    assert answer.headers["Content-Type"] == "text/plain;charset=UTF-8"


def test_the_token_may_be_a_parameter(wire: Wire) -> None:
    answer = wire.engine("GET", "/processes/x/query", headers={"x-token": ""}, params={"token": wire.token})
    assert answer.status_code == 200


def test_what_can_not_be_run_is_not_found(wire: Wire) -> None:
    text = wire.upload("a.txt", b"").json()["response"]["id"]
    for number in (999, "abc", text):
        answer = wire.engine("POST", f"/workflows/{number}/run")
        assert (answer.status_code, answer.text) == (404, "The requested resource could not be found.")
    assert wire.engine("GET", "/nothing").text == "The requested resource could not be found."


def test_a_wrong_verb_names_the_right_one(wire: Wire) -> None:
    answer = wire.engine("GET", "/workflows/1/run")
    assert (answer.status_code, answer.text) == (405, "HTTP method not allowed, supported methods: POST")


def test_a_wrong_version_is_refused(wire: Wire) -> None:
    number = wire.upload_flow()["id"]
    answer = wire.engine("POST", f"/workflows/{number}/run", json={"meta": {"version": 2}, "variables": []})
    assert (answer.status_code, answer.text) == (422, "invalid API version: 2")


@pytest.mark.parametrize("body", BAD)
def test_a_body_that_is_none_is_malformed(wire: Wire, body: bytes) -> None:
    number = wire.upload_flow()["id"]
    answer = wire.engine("POST", f"/workflows/{number}/run", data=body)
    assert answer.status_code == 400
    assert answer.text.startswith("The request content was malformed:\n")


def test_a_time_out_that_is_no_number_is_malformed(wire: Wire) -> None:
    answer = wire.engine("POST", "/workflows/1/run", params={"startTimeOut": "soon"})
    assert answer.status_code == 400
    assert "'startTimeOut' was malformed" in answer.text


def test_a_workflow_of_a_private_workspace_is_not_for_others(sandbox: Sandbox, wire: Wire) -> None:
    number = wire.upload_flow()["id"]
    wire.ok("PUT", "/workspaces/1", json={"public": False})
    ada = Wire(sandbox, "ada")
    assert ada.engine("POST", f"/workflows/{number}/run").status_code == 403
    ada.http.close()
