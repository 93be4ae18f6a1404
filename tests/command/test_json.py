"""``--json`` of every command is one document of the documented form, alone on stdout."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from alpine._command.main import build
from alpine.sandbox import Sandbox
from tests.command.processes import PROGRAM, SCHEMA, alpine, checked_document, environment
from tests.documented import EXAMPLES
from tests.platforms import needs_signals

COMMANDS = {
    "check": ["check", "-w", "Sandbox"],
    "check and conformance": ["check", "--conformance", "--write", "--report", "report.json"],
    "ls": ["ls"],
    "ls of a workspace": ["ls", "Sandbox"],
    "upload": ["upload", "flow.afm", "-w", "Sandbox", "--data-source", "Sandbox Database"],
    "upload of a file": ["upload", "notes.txt", "-w", "Sandbox", "--if-exists", "replace"],
    "download": ["download", "notes.txt", "-w", "Sandbox", "--out", "copy.txt"],
    "deploy": ["deploy", "flows", "-w", "Sandbox", "--data-source", "Sandbox Database", "--overwrite"],
    "deploy and nothing": ["deploy", "flows", "-w", "Sandbox", "--data-source", "Sandbox Database", "--dry-run"],
    "run": ["run", "order_filter", "-w", "Sandbox", "--var", "min_amount=200"],
    "run and wait": ["run", "order_filter", "-w", "Sandbox", "--wait", "--out", "results.json"],
    "status": ["status", "RUN"],
    "wait": ["wait", "RUN"],
    "stop": ["stop", "RUNNING"],
    "results": ["results", "RUN", "--operator", "By Region"],
    "flow show": ["flow", "show", "flow.afm", "--svg", "flow.svg"],
    "flow check": ["flow", "check", "flow.afm", "wrong.afm", "--data", "tables"],
    "flow compare": ["flow", "compare", "flow.afm", "other.afm", "--svg", "both.svg"],
    "completion": ["completion", "bash"],
    "login": ["login", "--host", "URL", "--username", "demo"],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("json")
    flow = (EXAMPLES / "order_filter.afm").read_text("utf-8")
    (folder / "flow.afm").write_text(flow, "utf-8")
    (folder / "other.afm").write_text(flow.replace("<Value>100</Value>", "<Value>200</Value>"), "utf-8")
    (folder / "wrong.afm").write_text(flow.replace("order_id,region,amount", "order_id,amont"), "utf-8")
    (folder / "tables").mkdir()
    (folder / "tables" / "orders.csv").write_bytes((EXAMPLES / "orders.csv").read_bytes())
    (folder / "flows").mkdir()
    (folder / "flows" / "deployed.afm").write_text(flow, "utf-8")
    (folder / "notes.txt").write_text("some notes", "utf-8")
    return folder


@pytest.fixture(scope="module")
def ids(running_sandbox: Sandbox, place: Path) -> Iterator[dict[str, str]]:
    with running_sandbox.client() as client, Sandbox(pace=("timed", 100)) as slow:
        run = client.run("order_filter", "Sandbox")
        client.workfile.upload_file("Sandbox", place / "notes.txt", if_exists="replace")
        running = slow.client().run("order_filter", "Sandbox", wait=False)
        yield {
            "RUN": f"{run.workflow_id}:{run}",
            "RUNNING": f"{running.workflow_id}:{running}",
            "URL": running_sandbox.url,
            "SLOW": slow.url,
        }


@pytest.mark.parametrize("case", COMMANDS)
def test_a_command_prints_one_document_of_the_documented_form(
    running_sandbox: Sandbox, place: Path, ids: dict[str, str], case: str
) -> None:
    arguments = [ids.get(each, each) for each in COMMANDS[case]]
    more = {"ALPINE_CONFIG": str(place / "config.toml")} if case == "login" else {}
    if "RUNNING" in COMMANDS[case]:
        more = {"ALPINE_HOST": ids["SLOW"]}
    done = alpine(running_sandbox, *arguments, "--json", cwd=place, **more)
    assert done.code == (1 if case in {"flow compare", "flow check"} else 0), done.err
    document = done.document
    assert document["command"] == case.partition(" of ")[0].partition(" and ")[0]
    assert document["result"]
    assert (document["error"], document["exit_code"]) == (None, done.code)


def test_what_is_inside(running_sandbox: Sandbox, place: Path, ids: dict[str, str]) -> None:
    result = alpine(running_sandbox, *("results", ids["RUN"], "--operator", "By Region", "--json")).document["result"]
    assert result["id"] == ids["RUN"]
    assert result["operators"][1] == {"name": "Row Filter", "rows": 141}
    assert {row["region"] for row in result["rows"]} == {"east", "north", "south", "west"}
    assert result["url"] == f"{running_sandbox.url}/#/work_flows/{result['workflow_id']}"
    compared = alpine(running_sandbox, "flow", "compare", "flow.afm", "other.afm", "--json", cwd=place).document[
        "result"
    ]
    assert compared["differ"]
    assert "@min_amount" in json.dumps(compared["variables"])


def test_what_a_check_of_files_and_a_deployment_have_inside(running_sandbox: Sandbox, place: Path) -> None:
    checked = alpine(running_sandbox, *COMMANDS["flow check"], "--json", cwd=place).document["result"]
    assert checked["errors"] == 1
    assert [(each["file"], len(each["findings"])) for each in checked["files"]] == [("flow.afm", 0), ("wrong.afm", 1)]
    assert checked["files"][1]["findings"][0]["field"] == "columnNames"
    arguments = ("deploy", "flows", "-w", "Sandbox", "--data-source", "Sandbox Database", "--overwrite", "--json")
    deployed = alpine(running_sandbox, *arguments, cwd=place).document["result"]
    assert deployed["done"]
    steps = {step["name"]: step for step in deployed["steps"]}
    assert steps["order_filter"]["action"] == "only on the server"
    assert isinstance(steps["deployed"]["workfile_id"], int)
    assert Path(deployed["record"]) == place / "flows.deployed.json"


@needs_signals
def test_the_sandbox_tells_its_address_as_a_document(tmp_path: Path) -> None:
    command = [*PROGRAM, "sandbox", "--json", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(_Anything)) as process:
        assert process.stdout is not None
        text = ""
        while not text.endswith("\n}\n"):
            text += process.stdout.readline()
        result = checked_document(text)["result"]
        assert alpine(_Anything, "ls", ALPINE_HOST=result["url"]).code == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


class _Anything:
    url = "http://localhost:1"


def commands_of(parser: argparse.ArgumentParser, name: str = "") -> Iterator[str]:
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below and name:
        yield name
    for action in below:
        for each, command in action.choices.items():
            yield from commands_of(command, f"{name} {each}".strip())


def test_every_command_has_a_schema_and_is_tried() -> None:
    names = set(commands_of(build()))
    assert names == set(SCHEMA["properties"]["command"]["enum"]) - {"", "flow"}
    assert {name.replace(" ", "_") for name in names} | {"error"} == set(SCHEMA["$defs"])
    tried = {case.partition(" of ")[0].partition(" and ")[0] for case in COMMANDS}
    assert tried | {"sandbox"} == names


@pytest.mark.parametrize("command", sorted(set(SCHEMA["$defs"]) - {"error"}))
def test_the_schema_refuses_a_result_that_lacks_something(command: str) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    document: dict[str, Any] = {
        "version": 1,
        "command": command.replace("_", " "),
        "ok": True,
        "exit_code": 0,
        "result": {},
        "error": None,
    }
    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate(document)
