"""Every public call that talks to the server, with arguments that are valid."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pandas import DataFrame

from alpine import APIClient, Deployment, SQLResult
from alpine._conformance.report import ConformanceReport
from alpine.alpineobject import AlpineObject
from alpine.results import FlowResults
from tests.reliability.wire import PASSWORD, own_folder

FOLDER = own_folder("calls")
AFM = FOLDER / "flow.afm"
TEXT = FOLDER / "notes.txt"
CSV = FOLDER / "table.csv"
GPDB = "gpdb_data_source"
ROWS = [dict]
"""Stands for a list of dicts."""


# Loaded now: Python 3.11 cannot compile a module that is first imported after a stack has overflowed, as it does here.
for name in (
    "alpine._runs.many",
    "alpine._runs.kept",
    "alpine.afm",
    "alpine._results.tables",
    "pyarrow.csv",
    "pyarrow.compute",
):
    importlib.import_module(name)


def prepare_files() -> None:
    """Write the files that the calls upload."""
    AFM.write_text('<?xml version="1.0"?><Process Version="6.2.0.0" UserName="1"></Process>')
    TEXT.write_text("some notes\n" * 50)
    CSV.write_text("x\n1\n")


@dataclass(frozen=True)
class Call:
    """A public call.

    :param name: Its name below the client.
    :param make: Makes it.
    :param gives: The documented type; ``[dict]`` for a list of dicts, several types as a tuple.
    :param repeats_post: Whether its POST is declared to do no harm when it arrives twice.
    :param once: The end of the path of one that does, where others do not.
    """

    name: str
    make: Callable[[APIClient], Any]
    gives: Any
    repeats_post: bool = False
    once: str = ""

    @property
    def shown(self) -> str:
        return self.name

    def is_documented(self, value: object) -> bool:
        """Whether a value is of the documented type."""
        if self.gives is ROWS:
            return isinstance(value, list) and all(isinstance(row, dict) for row in value)
        return self.gives is object or (
            isinstance(value, self.gives) and not (self.gives is int and isinstance(value, bool))
        )


UPLOADED_TO = [{"data_source_type": GPDB, "data_source_id": 1, "database_id": 1}]
VARIABLES = {"@x": "1"}
NONE = type(None)


def _download_to_file(session: APIClient) -> Any:
    return session.workfile.download(1, path=FOLDER / f"download-{id(session)}.bin")


def _dataset_to_file(session: APIClient) -> Any:
    return session.dataset.download(1, FOLDER / f"table-{id(session)}.csv")


def _deploy(session: APIClient) -> Any:
    folder = FOLDER / f"flows-{id(session)}"
    folder.mkdir(exist_ok=True)
    (folder / AFM.name).write_bytes(AFM.read_bytes())
    # Another call of the session must find nothing on record.
    folder.with_name(f"{folder.name}.deployed.json").unlink(missing_ok=True)
    return session.workfile.deploy(folder, 1, UPLOADED_TO, overwrite=True)


def _output(session: APIClient) -> Any:
    return session.workfile.process.attach(1, "p1").results().operators["x"]


def _output_to_file(session: APIClient) -> Any:
    return _output(session).download(FOLDER / f"output-{id(session)}.csv")


def _sweep(session: APIClient) -> list[dict[str, Any]]:
    frame = session.workfile.process.sweep(1, {"@x": [1, 2]}, lambda results: results.status, timeout=3)
    return list(frame.to_dict("records"))


CALLS = (
    Call("login", lambda s: s.login("x", PASSWORD), dict, repeats_post=True),
    Call("logout", lambda s: s.logout(), dict),
    Call("user_id", lambda s: s.user_id, (int, NONE)),
    Call("get_status", lambda s: s.get_status(), dict),
    Call("get_version", lambda s: s.get_version(), str),
    Call("get_license", lambda s: s.get_license(), dict),
    Call("conformance", lambda s: s.conformance(), ConformanceReport),
    Call("request", lambda s: s.request("GET", "license"), object),
    Call("request (POST)", lambda s: s.request("POST", "workspaces/1/milestones", json={"name": "x"}), object),
    Call("request (all pages)", lambda s: s.request("GET", "users", all_pages=True), ROWS),
    Call("activity.get", lambda s: s.activity.get(1), dict),
    Call("activity.get_dashboard", lambda s: s.activity.get_dashboard(), ROWS),
    Call("activity.get_list", lambda s: s.activity.get_list("workfile", 1), ROWS),
    Call("activity.iterate", lambda s: list(s.activity.iterate("workspace", "x", results_only=True)), ROWS),
    Call("hdfs.get", lambda s: s.hdfs.get(1, "/x"), dict),
    Call("hdfs.get_list", lambda s: s.hdfs.get_list("x"), ROWS),
    Call("hdfs.get_statistics", lambda s: s.hdfs.get_statistics(1, "/x"), dict),
    Call("hdfs.read_first_lines", lambda s: s.hdfs.read_first_lines(1, "/x"), list),
    Call("hdfs.upload", lambda s: s.hdfs.upload(1, TEXT, timeout=2), dict, repeats_post=True),
    Call("hdfs.dataset.create", lambda s: s.hdfs.dataset.create(1, "x", "/x", 1), dict),
    Call("hdfs.dataset.delete", lambda s: s.hdfs.dataset.delete(1), NONE),
    Call("hdfs.dataset.update", lambda s: s.hdfs.dataset.update(1, "x", "/x"), dict),
    Call("insight.create", lambda s: s.insight.create(1), dict),
    Call("insight.delete", lambda s: s.insight.delete(1), NONE),
    Call("insight.get_list", lambda s: s.insight.get_list(1), ROWS),
    Call("insight.iterate", lambda s: list(s.insight.iterate()), ROWS),
    Call("insight.publish", lambda s: s.insight.publish(1), dict),
    Call("insight.unpublish", lambda s: s.insight.unpublish(1), dict),
    Call("milestone.create", lambda s: s.milestone.create(1, "x", "2027-01-31"), dict),
    Call("milestone.delete", lambda s: s.milestone.delete(1, 1), NONE),
    Call("milestone.get_list", lambda s: s.milestone.get_list(1), ROWS),
    Call("milestone.update", lambda s: s.milestone.update(1, 1, name="x"), dict),
    Call("note.create", lambda s: s.note.create("workfile", 1, "x", recipients=[1]), dict),
    Call("note.delete", lambda s: s.note.delete(1), NONE),
    Call("note.get_list", lambda s: s.note.get_list("workfile", 1), ROWS),
    Call("note.update", lambda s: s.note.update(1, "x"), dict),
    Call("note.comment.create", lambda s: s.note.comment.create(1, "x"), dict),
    Call("note.comment.delete", lambda s: s.note.comment.delete(1), NONE),
    Call("note.comment.get", lambda s: s.note.comment.get(1), dict),
    Call("notification.delete", lambda s: s.notification.delete(1), NONE),
    Call("notification.get_list", lambda s: s.notification.get_list(), ROWS),
    Call("notification.iterate", lambda s: list(s.notification.iterate(unread_only=True)), ROWS),
    Call("notification.mark_read", lambda s: s.notification.mark_read([1]), NONE),
    Call("search.find", lambda s: s.search.find("x"), dict),
    Call("search.find_in_workspace", lambda s: s.search.find_in_workspace(1, "x"), ROWS),
    Call("search.type_ahead", lambda s: s.search.type_ahead("x"), ROWS),
    Call("tag.add", lambda s: s.tag.add("workfile", 1, "x"), ROWS, repeats_post=True),
    Call("tag.delete", lambda s: s.tag.delete(1), NONE),
    Call("tag.get_id", lambda s: s.tag.get_id("x"), int),
    Call("tag.get_list", lambda s: s.tag.get_list("x"), ROWS),
    Call("tag.get_tags_of", lambda s: s.tag.get_tags_of("workfile", 1), ROWS),
    Call("tag.iterate", lambda s: list(s.tag.iterate()), ROWS),
    Call("tag.remove", lambda s: s.tag.remove("workfile", 1, "x"), ROWS, repeats_post=True),
    Call("tag.update", lambda s: s.tag.update(1, "x"), dict),
    Call("touchpoint.create", lambda s: s.touchpoint.create(1, "x", 1), dict),
    Call("touchpoint.delete", lambda s: s.touchpoint.delete(1, 1), NONE),
    Call("touchpoint.get", lambda s: s.touchpoint.get(1), dict),
    Call("touchpoint.get_list", lambda s: s.touchpoint.get_list(), ROWS),
    Call("touchpoint.get_values", lambda s: s.touchpoint.get_values(1), ROWS),
    Call("touchpoint.publish", lambda s: s.touchpoint.publish(1, 1), dict),
    Call("touchpoint.run", lambda s: s.touchpoint.run(1, VARIABLES), str),
    Call("touchpoint.stop", lambda s: s.touchpoint.stop(1, 1), dict),
    Call("touchpoint.unpublish", lambda s: s.touchpoint.unpublish(1, 1), dict),
    Call("touchpoint.update", lambda s: s.touchpoint.update(1, 1, "x"), dict),
    Call("touchpoint.parameter.create", lambda s: s.touchpoint.parameter.create(1, 1, "@x"), dict),
    Call("touchpoint.parameter.delete", lambda s: s.touchpoint.parameter.delete(1, 1, 1), NONE),
    Call("touchpoint.parameter.get_list", lambda s: s.touchpoint.parameter.get_list(1, 1), ROWS),
    Call("touchpoint.parameter.update", lambda s: s.touchpoint.parameter.update(1, 1, 1, label="x"), dict),
    Call("run", lambda s: s.run("x", 1, VARIABLES, timeout=2), str),
    Call("check", lambda s: s.check(1), ROWS),
    Call("dataset.analyze", lambda s: s.dataset.analyze(1), NONE, repeats_post=True),
    Call("dataset.download", _dataset_to_file, Path),
    Call("dataset.get", lambda s: s.dataset.get(1), dict),
    Call("dataset.get_columns", lambda s: s.dataset.get_columns(1), ROWS),
    Call("dataset.get_id", lambda s: s.dataset.get_id("x.x", "x"), int),
    Call("dataset.get_list", lambda s: s.dataset.get_list(1), ROWS),
    Call("dataset.get_statistics", lambda s: s.dataset.get_statistics(1), dict),
    Call("dataset.iterate", lambda s: list(s.dataset.iterate(1)), ROWS),
    Call("dataset.load_csv", lambda s: s.dataset.load_csv(1, CSV, "y"), dict, repeats_post=True, once="/imports"),
    Call("dataset.preview", lambda s: s.dataset.preview(1), SQLResult, repeats_post=True),
    Call("dataset.to_dataframe", lambda s: s.dataset.to_dataframe(1), DataFrame),
    Call("dataset.in_workspace.associate", lambda s: s.dataset.in_workspace.associate(1, [1]), NONE, repeats_post=True),
    Call(
        "dataset.in_workspace.create_sandbox",
        lambda s: s.dataset.in_workspace.create_sandbox(1, "x", "x"),
        dict,
        repeats_post=True,
    ),
    Call("dataset.in_workspace.get", lambda s: s.dataset.in_workspace.get(1, 1), dict),
    Call("dataset.in_workspace.get_list", lambda s: s.dataset.in_workspace.get_list(1), ROWS),
    Call("dataset.in_workspace.iterate", lambda s: list(s.dataset.in_workspace.iterate(1)), ROWS),
    Call("dataset.in_workspace.remove", lambda s: s.dataset.in_workspace.remove(1, [1]), NONE),
    Call("dataset.schema.get", lambda s: s.dataset.schema.get(1), dict),
    Call("dataset.schema.get_id", lambda s: s.dataset.schema.get_id("x", "x"), int),
    Call("dataset.schema.get_list", lambda s: s.dataset.schema.get_list("x"), ROWS),
    Call("dataset.schema.iterate", lambda s: list(s.dataset.schema.iterate(1)), ROWS),
    Call("datasource.create", lambda s: s.datasource.create("x", GPDB, "h", 1, "d", "u", PASSWORD), dict),
    Call("datasource.create_hadoop", lambda s: s.datasource.create_hadoop("x", "h", 1, "v", "u", "g"), dict),
    Call("datasource.delete", lambda s: s.datasource.delete(1, GPDB), NONE),
    Call("datasource.for_upload", lambda s: s.datasource.for_upload("x"), dict),
    Call("datasource.get", lambda s: s.datasource.get(1, GPDB), dict),
    Call("datasource.get_database_list", lambda s: s.datasource.get_database_list(1), ROWS),
    Call("datasource.get_id", lambda s: s.datasource.get_id("x"), int),
    Call("datasource.get_list", lambda s: s.datasource.get_list(), ROWS),
    Call("datasource.iterate", lambda s: list(s.datasource.iterate()), ROWS),
    Call("job.create", lambda s: s.job.create(1, "x"), dict),
    Call("job.delete", lambda s: s.job.delete(1, 1), NONE),
    Call("job.disable", lambda s: s.job.disable(1, 1), dict),
    Call("job.enable", lambda s: s.job.enable(1, 1), dict),
    Call("job.get", lambda s: s.job.get(1, 1), dict),
    Call("job.get_id", lambda s: s.job.get_id(1, "x"), int),
    Call("job.get_list", lambda s: s.job.get_list(1), ROWS),
    Call("job.iterate", lambda s: list(s.job.iterate(1)), ROWS),
    Call("job.last_result", lambda s: s.job.last_result(1), (dict, NONE)),
    Call("job.run", lambda s: s.job.run(1), dict),
    Call("job.stop", lambda s: s.job.stop(1), dict, repeats_post=True),
    Call("job.update", lambda s: s.job.update(1, 1, name="x"), dict),
    Call("job.wait_until_finished", lambda s: s.job.wait_until_finished(1, 1, timeout=2), dict),
    Call("job.task.create", lambda s: s.job.task.create(1, 1, 1), dict),
    Call("job.task.delete", lambda s: s.job.task.delete(1, 1, 1), NONE),
    Call("job.task.get", lambda s: s.job.task.get(1, 1, 1), dict),
    Call("job.task.get_id", lambda s: s.job.task.get_id(1, 1, "x"), int),
    Call("job.task.get_list", lambda s: s.job.task.get_list(1, 1), ROWS),
    Call("sql", lambda s: s.sql(1, "select 1"), SQLResult),
    Call("user.create", lambda s: s.user.create("x", PASSWORD, "a", "b", "a@example.com"), dict),
    Call("user.delete", lambda s: s.user.delete(1), NONE),
    Call("user.get", lambda s: s.user.get(1), dict),
    Call("user.get_id", lambda s: s.user.get_id("x"), int),
    Call("user.get_list", lambda s: s.user.get_list(), ROWS),
    Call("user.iterate", lambda s: list(s.user.iterate()), ROWS),
    Call("user.update", lambda s: s.user.update(1, title="x"), dict),
    Call("workfile.copy", lambda s: s.workfile.copy(1), dict),
    Call("workfile.delete", lambda s: s.workfile.delete(1), NONE),
    Call("workfile.delete_many", lambda s: s.workfile.delete_many(1, [1, 2]), NONE),
    Call("workfile.deploy", _deploy, Deployment),
    Call("workfile.download", lambda s: s.workfile.download(1), bytes),
    Call("workfile.download (to a file)", _download_to_file, Path),
    Call("workfile.get", lambda s: s.workfile.get(1), dict),
    Call("workfile.get_id", lambda s: s.workfile.get_id("x", 1), int),
    Call("workfile.get_list", lambda s: s.workfile.get_list(1), ROWS),
    Call("workfile.iterate", lambda s: list(s.workfile.iterate(1)), ROWS),
    Call("workfile.runs", lambda s: s.workfile.runs(1), ROWS),
    Call("workfile.update", lambda s: s.workfile.update(1, name="x"), dict),
    Call("workfile.upload", lambda s: s.workfile.upload(1, AFM, UPLOADED_TO), dict),
    Call("workfile.upload (replace)", lambda s: s.workfile.upload(1, AFM, UPLOADED_TO, if_exists="replace"), dict),
    Call("workfile.upload_file", lambda s: s.workfile.upload_file(1, TEXT), dict),
    Call("workfile.process.download_results", lambda s: s.workfile.process.download_results(1, "p1"), FlowResults),
    Call("workfile.process.query_status", lambda s: s.workfile.process.query_status("p1"), str),
    Call("workfile.process.run", lambda s: s.workfile.process.run(1, VARIABLES), str),
    Call("workfile.process.run_many", lambda s: s.workfile.process.run_many(1, [VARIABLES] * 2, timeout=2), list),
    Call(
        "workfile.process.iterate_many",
        lambda s: list(s.workfile.process.iterate_many(1, [None], timeout=2)),
        list,
    ),
    Call("workfile.process.sweep", _sweep, ROWS),
    Call("workfile.process.stop", lambda s: s.workfile.process.stop("p1"), str, repeats_post=True),
    Call(
        "workfile.process.wait_until_finished",
        lambda s: s.workfile.process.wait_until_finished(1, "p1", timeout=2),
        str,
        repeats_post=True,
    ),
    Call("workfile.process.attach.status", lambda s: s.workfile.process.attach(1, "p1").status, str),
    Call("workfile.process.attach.stop", lambda s: s.workfile.process.attach(1, "p1").stop(), str, repeats_post=True),
    Call("workfile.process.attach.results", lambda s: s.workfile.process.attach(1, "p1").results(), FlowResults),
    Call("workfile.process.attach.results (all rows)", lambda s: _output(s).to_dataframe(all_rows=True), DataFrame),
    Call("workfile.process.attach.results (all rows to a file)", _output_to_file, Path),
    Call(
        "workfile.process.attach.wait",
        lambda s: s.workfile.process.attach(1, "p1").wait(timeout=2),
        str,
        repeats_post=True,
    ),
    Call("workfile.version.add", lambda s: s.workfile.version.add(1, TEXT), dict),
    Call("workfile.version.delete", lambda s: s.workfile.version.delete(1, 1), NONE),
    Call("workfile.version.get", lambda s: s.workfile.version.get(1, 1), dict),
    Call("workfile.version.get_list", lambda s: s.workfile.version.get_list(1), ROWS),
    Call("workspace.create", lambda s: s.workspace.create("x"), dict),
    Call("workspace.delete", lambda s: s.workspace.delete(1), NONE),
    Call("workspace.get", lambda s: s.workspace.get("x"), dict),
    Call("workspace.get_id", lambda s: s.workspace.get_id("x"), int),
    Call("workspace.get_list", lambda s: s.workspace.get_list(), ROWS),
    Call("workspace.iterate", lambda s: list(s.workspace.iterate(active=True)), ROWS),
    Call("workspace.update", lambda s: s.workspace.update(1, name="x", owner_id=1), dict),
    Call("workspace.member.add", lambda s: s.workspace.member.add(1, 1), ROWS, repeats_post=True),
    Call("workspace.member.get_list", lambda s: s.workspace.member.get_list(1), ROWS),
    Call("workspace.member.iterate", lambda s: list(s.workspace.member.iterate(1)), ROWS),
    Call("workspace.member.remove", lambda s: s.workspace.member.remove(1, 1), ROWS, repeats_post=True),
    Call(
        "workspace.member.update_role",
        lambda s: s.workspace.member.update_role(1, 1, "Data Scientist"),
        ROWS,
        repeats_post=True,
    ),
)

OFFLINE = {
    "from_profile": "reads a file, then logs in as the constructor does",
    "from_file": "reads a file, then logs in as the constructor does",
    "answer_limit": "a setting",
    "deadline": "a setting",
    "on_request": "a setting",
    "results_limit": "a setting",
    "retries": "a setting",
    "timeout": "a setting",
    "token": "what is known already",
    "session": "what is known already",
    "workfile.process.attach": "sends nothing",
    "workfile.process.attach.url": "what is known already",
    "workfile.process.attach.process_id": "what is known already",
    "workfile.process.attach.verdict": "reads results as results does",
    "workfile.process.attach.following": "a step of wait",
    "workfile.process.attach.try_to_stop": "stop, with failures in the log",
    "workfile.process.find_operator": "reads results that are there",
    "workfile.process.get_metadata": "reads results that are there",
}
"""Public names that send nothing, or nothing of their own, and why."""


def public_names() -> set[str]:
    """The names of all public methods and properties of a client, its resources, and a run."""
    client = APIClient("localhost", token="not-used")
    names = set(_names_below(client, ""))
    run = client.workfile.process.attach(1, "p1")
    return names | {f"workfile.process.attach.{name}" for name in vars(type(run)) if _is_public(type(run), name)}


def _names_below(thing: AlpineObject, prefix: str) -> Iterator[str]:
    for name in dir(type(thing)):
        if _is_public(type(thing), name):
            yield name if name in {"session", "token"} else prefix + name
    for name, value in vars(thing).items():
        if not name.startswith("_") and isinstance(value, AlpineObject):
            yield from _names_below(value, f"{prefix}{name}.")


def _is_public(kind: type, name: str) -> bool:
    member = inspect.getattr_static(kind, name)
    return not name.startswith("_") and (
        isinstance(member, property | staticmethod | classmethod) or inspect.isfunction(member)
    )
