"""What is wrong with an argument is said before anything is sent, by every public method and for each parameter."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import pytest

from alpine import APIClient, exception
from alpine.exception import (
    AlpineException,
    InvalidArgumentException,
    NotFoundException,
    WorkspaceNotFoundException,
)
from tests.reliability.calls import CALLS, OFFLINE, public_names
from tests.scripted import ScriptedServer


@dataclass(frozen=True)
class Parameter:
    """What a parameter takes, and what it must refuse.

    :param valid: A value that is sent.
    :param wrong: Values that are refused.
    """

    valid: Any
    wrong: tuple[Any, ...]


class Odd:
    """Something of a type that nobody expects."""


ODD = Odd()
ARRAY = numpy.array([1, 2])
NUMBER = 5

NAME = Parameter("x", (None, NUMBER, "", "  ", ["x"], b"x", ODD))
NAME_OR_NONE = Parameter("x", (NUMBER, "", ["x"], b"x", ODD))
WORDS = Parameter("x", (NUMBER, ["x"], b"x", ODD, False))
IDENTIFIER = Parameter(1, (None, True, [1], {"id": 1}, 1.0, b"1", numpy.array([1, 2]), ODD))
IDENTIFIER_OR_NONE = Parameter(1, (True, [1], 1.0, b"1", ODD))
WORKSPACE_OR_NONE = Parameter("Sandbox", (True, [1], 1.0, b"1", ODD))
FLAG = Parameter(True, ("true", NUMBER, [True], ARRAY, ODD))
COUNT = Parameter(1, (0, -1, None, "x", 1.5, [1], True, ODD))
PORT_OR_NONE = Parameter(1, (0, -1, "x", 1.5, [1], True, ODD))
SECONDS = Parameter(2, (-1, None, "x", [1], True, float("nan"), ODD))
GAP = Parameter(2, (None, "x", [1], True, float("nan"), ODD))
MOMENT = Parameter("2099-01-01", (NUMBER, "soon", ["2099"], ODD))
VARIABLES = Parameter({"@min_amount": 1}, (NUMBER, "x", ["x"], [{"value": 1}], {"@x": [1]}, ODD))
FOLDER = Path(__file__).parent
FILE = Parameter(str(Path(__file__)), (None, NUMBER, "", "\ud800", ["x"], b"x", ODD))
FLOW = Path(inspect.getfile(APIClient)).parent / "sandbox" / "examples" / "order_filter.afm"
KIND = "gpdb_data_source"
HADOOP_PATH = Parameter("/data", (None, NUMBER, "", "data", "/a/../b", "hdfs://h/data", ["/data"], b"/data", ODD))
DATA_SOURCE_TYPE = Parameter(KIND, (NUMBER, "mysql", [KIND], ARRAY, ODD))


def one_of(valid: Any) -> Parameter:
    return Parameter(valid, (NUMBER + 100, "bogus", [valid], ARRAY, ODD))


BY_TYPE = {
    "Id": IDENTIFIER,
    "Id | None": IDENTIFIER_OR_NONE,
    "bool": FLAG,
    "bool | None": FLAG,
    "str": NAME,
    "str | None": WORDS,
}
"""What a parameter of that annotation takes, unless one of the next two tables says otherwise."""

PARAMETERS = {
    "admin_role": one_of("admin"),
    "afm_file": Parameter(str(FLOW), (NUMBER, "", "\ud800", ["x"], b"x", ODD)),
    "activity_id": IDENTIFIER,
    "app_role": one_of("data_analyst"),
    "columns": Parameter(["x"], (NUMBER, "x", [], [5], [""], ODD)),
    "commit_message": WORDS,
    "connection_parameters": Parameter({"a": "b"}, (NUMBER, "a", ["a"], {5: "b"}, {"a": ODD}, ODD)),
    "body": NAME,
    "data": Parameter({"a": 1}, (NUMBER, "a", ODD)),
    "data_sources_list": Parameter(
        [{"data_source_type": KIND, "data_source_id": 1, "database_id": 1}],
        (None, NUMBER, [], ["x"], [{}], [{"data_source_type": KIND, "database_id": [1]}], ODD),
    ),
    # By its name, as the workspace below.
    "data_source": Parameter("Sandbox Database", (None, True, [1], 1.0, b"1", ODD)),
    "database": NAME_OR_NONE,
    "data_type": one_of("Number"),
    "dataset_ids": Parameter([1], (None, NUMBER, "x", [None], [True], ODD)),
    "delimiter": Parameter(",", (None, NUMBER, "", ";;", '"', "\n", "é", [","], ODD)),
    "directory": Parameter("/data", (None, NUMBER, "", "data", "/a/../b", ["/data"], b"/data", ODD)),
    "email": WORDS,
    "end_run": MOMENT,
    "failure_notify": one_of("nobody"),
    "failure_recipients": Parameter([1], (NUMBER, "x", [None], [True], ODD)),
    "entity_type": one_of("workfile"),
    "entity_subtype": one_of("SOURCE_TABLE"),
    "file_mask": NAME,
    "file_type": NAME_OR_NONE,
    "first_name": WORDS,
    "folder": Parameter(str(FLOW.parent), (None, NUMBER, "", "\ud800", ["x"], b"x", ODD)),
    "if_exists": Parameter("rename", (None, NUMBER, "bogus", ["rename"], ARRAY, ODD)),
    "interval_value": Parameter(1, (-1, "x", 1.5, [1], True, ODD)),
    "job_tracker_port": PORT_OR_NONE,
    "json": Parameter({"a": 1}, (ODD, {"a": ODD}, float("nan"))),
    "last_name": WORDS,
    "limit": Parameter(1, (0, -1, "x", 1.5, [1], True, ODD)),
    "list_of_variables": Parameter([{"@min_amount": 1}], (None, NUMBER, "x", ["x"], {"@min_amount": 1}, ODD)),
    "max_concurrent": COUNT,
    "method": Parameter("GET", (None, NUMBER, "BOGUS", ODD)),
    "name": NAME,
    "name_pattern": NAME_OR_NONE,
    "new_role": Parameter("Data Scientist", (None, NUMBER, "bogus", ["Data Scientist"], ARRAY, ODD)),
    "next_run": MOMENT,
    "nulls": Parameter("missing", (None, NUMBER, "bogus", ["missing"], ARRAY, ODD)),
    "notification_ids": Parameter([1], (None, NUMBER, "x", [None], [True], ODD)),
    "options": Parameter(["x"], (NUMBER, "x", [5], [""], [{"value": "x"}], {"option": "x"}, ODD)),
    "output_table": Parameter(["x"], (NUMBER, "x", [5], [""], ODD)),
    "parameters": Parameter(
        [{"variable_name": "@x"}],
        (None, NUMBER, "x", ["x"], [{}], [{"variable_name": "x"}], [{"variable_name": "@x", "bogus": 1}], ODD),
    ),
    "on_finish": Parameter(print, (NUMBER, "x", ["x"], ODD)),
    "params": Parameter({"a": 1}, (NUMBER, "a", ["a"], ODD)),
    "password": Parameter("a password", (None, NUMBER, "", ["x"], ODD)),
    "path": FILE,
    "per_page": COUNT,
    "pick": Parameter(str, (None, NUMBER, "x", ODD)),
    "port": PORT_OR_NONE,
    "query_time": GAP,
    "query": NAME_OR_NONE,
    "recipients": Parameter([1], (None, NUMBER, "x", [None], [True], ODD)),
    "resume": Parameter(None, (NUMBER, "", "\ud800", ["x"], b"x", ODD)),
    "role": one_of("Data Scientist"),
    "rows": Parameter(0, (-1, "x", 1.5, [1], True, ODD)),
    "schedule_type": one_of("days"),
    "run_persona": one_of("creator"),
    "source": FILE,
    "stage": one_of(1),
    "state": one_of("achieved"),
    "table": Parameter("x", (*NAME.wrong, "a.b", '"a"', " a", "a" * 64)),
    "success_notify": one_of("nobody"),
    "success_recipients": Parameter([1], (NUMBER, "x", [None], [True], ODD)),
    "target_date": Parameter("2027-01-31", (NUMBER, "", "soon", "2027-02-30", ["2027-01-31"], ODD)),
    "task_type": one_of("run_work_flow"),
    "time_zone": Parameter("US/Pacific", (NUMBER, "", ["UTC"], ODD)),
    "timeout": SECONDS,
    "deadline": Parameter(2, (-1, 0, "x", [1], (1, 2), True, ODD)),
    "type": DATA_SOURCE_TYPE,
    "types": Parameter({"a": "text"}, (NUMBER, "x", ["x"], {5: "text"}, {"a": 5}, {"a": "text); drop"}, ODD)),
    "values": Parameter({"@x": [1]}, (None, NUMBER, "x", {}, {"@x": 5}, {"@x": "x"}, ODD)),
    "variable_name": Parameter("@x", (None, NUMBER, "", "x", ["@x"], ODD)),
    "variables": VARIABLES,
    # Anything is true or false here, as it was for scripts of 2017: it decides only what is printed.
    "verbose": Parameter(False, ()),
    "workfile_ids": Parameter([1], (None, NUMBER, "x", [None], [True], ODD)),
    # By their names; digits are an id.
    "workflow": Parameter("order_filter", (None, True, [1], 1.0, b"1", "", ODD)),
    "workspace": Parameter("Sandbox", (True, [1], 1.0, b"1", "", ODD)),
    # By its name, which has to be looked up: that comes after everything else was checked.
    "workspace_id": Parameter("Sandbox", (None, True, [1], 1.0, b"1", ODD)),
}
"""What the parameters of that name take, in whatever method."""

EXCEPT = {
    "dataset.get_id.name": Parameter("demo.orders", (None, NUMBER, "", "orders", ".x", "x.", ["x"], b"x", ODD)),
    "dataset.download.path": Parameter(str(Path(__file__).parent / "table.csv"), (None, NUMBER, "", ["x"], b"x", ODD)),
    "dataset.load_csv.if_exists": one_of("append"),
    "datasource.get.type": Parameter(KIND, (None, *DATA_SOURCE_TYPE.wrong)),
    "datasource.create_hadoop.port": COUNT,
    "datasource.create.type": Parameter(KIND, (None, *DATA_SOURCE_TYPE.wrong)),
    "conformance.workspace": WORKSPACE_OR_NONE,
    "hdfs.get.path": HADOOP_PATH,
    "hdfs.get_list.path": HADOOP_PATH,
    "hdfs.get_statistics.path": HADOOP_PATH,
    "hdfs.read_first_lines.path": HADOOP_PATH,
    "hdfs.upload.name": Parameter("x", (NUMBER, "", "/", "a/b", "..", ["x"], ODD)),
    "insight.get_list.workspace_id": WORKSPACE_OR_NONE,
    "insight.iterate.workspace_id": WORKSPACE_OR_NONE,
    "job.update.name": NAME_OR_NONE,
    "milestone.create.target_date": Parameter("2027-01-31", (None, NUMBER, "", "soon", "2027-1", ["2027-01-31"], ODD)),
    "milestone.update.name": NAME_OR_NONE,
    "note.create.workspace_id": WORKSPACE_OR_NONE,
    "request.path": Parameter("users", (None, NUMBER, "", "../x", ["x"], ODD)),
    "request.timeout": Parameter(2, (-1, 0, "x", [1], (1, 2, 3), True, ODD)),
    "search.find.limit": COUNT,
    "search.find.query": NAME,
    "search.find_in_workspace.limit": COUNT,
    "search.find_in_workspace.query": NAME,
    "search.type_ahead.limit": COUNT,
    "search.type_ahead.query": NAME,
    "tag.add.name": Parameter("x", (*NAME.wrong, "x" * 101, "x,y")),
    "tag.remove.name": Parameter("x", (*NAME.wrong, "x" * 101, "x,y")),
    "tag.update.name": Parameter("x", (*NAME.wrong, "x" * 101, "x,y")),
    "touchpoint.create.run_persona": Parameter("user", (None, NUMBER, "bogus", ["user"], ARRAY, ODD)),
    "touchpoint.get.workspace_id": WORKSPACE_OR_NONE,
    "touchpoint.run.workspace_id": WORKSPACE_OR_NONE,
    "touchpoint.stop.workspace_id": WORKSPACE_OR_NONE,
    "touchpoint.parameter.update.options": Parameter(["x"], (NUMBER, "x", [5], [""], ODD)),
    "touchpoint.update.name": NAME_OR_NONE,
    "sql.timeout": Parameter(2, (-1, 0, "x", [1], True, float("nan"), ODD)),
    "workfile.copy.name": NAME_OR_NONE,
    "workfile.copy.workspace_id": WORKSPACE_OR_NONE,
    "workfile.download.path": Parameter(None, (NUMBER, "", ["x"], b"x", ODD)),
    "workfile.update.name": NAME_OR_NONE,
    "workfile.upload.name": NAME_OR_NONE,
    "workfile.upload_file.name": NAME_OR_NONE,
    "workfile.upload.afm_file": Parameter(str(FLOW), (None, NUMBER, "", ["x"], b"x", ODD)),
    "workspace.update.name": NAME_OR_NONE,
}
"""Where a parameter takes something else in one method."""

MISSING: dict[str, type[NotFoundException]] = {
    "data_source": exception.DataSourceNotFoundException,
    "data_source_id": exception.DataSourceNotFoundException,
    "database_id": exception.DataSourceNotFoundException,
    "dataset_id": exception.DatasetNotFoundException,
    "ds_id": exception.DataSourceNotFoundException,
    "entity_id": exception.WorkfileNotFoundException,
    "job_id": exception.JobNotFoundException,
    "owner_id": exception.UserNotFoundException,
    "schema_id": exception.SchemaNotFoundException,
    "task_id": exception.TaskNotFoundException,
    "user_id": exception.UserNotFoundException,
    "workfile_id": exception.WorkfileNotFoundException,
    "workflow_id": exception.WorkfileNotFoundException,
    "workspace.member.update_role.user_id": exception.WorkspaceMemberNotFoundException,
    "workspace.update.owner_id": exception.WorkspaceMemberNotFoundException,
}
"""What is raised for an id that nothing can have; for any other id, ``NotFoundException``."""

# Those of a run that is attached, and those of one call in several forms.
METHODS = sorted({call.name.partition(" (")[0] for call in CALLS} - {"user_id", "workfile.process.attach.status"})


def found(session: APIClient, name: str) -> Callable[..., Any]:
    """A public method by its name."""
    thing: Any = session
    for part in name.split("."):
        thing = session.workfile.process.attach(1, "p1") if part == "attach" else getattr(thing, part)
    assert callable(thing)
    return thing


def parameters_of(method: Callable[..., Any]) -> dict[str, str]:
    """The parameters of a method, with their annotations."""
    return {
        name: str(parameter.annotation)
        for name, parameter in inspect.signature(method).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    }


def spec(method: str, parameter: str, annotation: str) -> Parameter:
    found = EXCEPT.get(f"{method}.{parameter}") or PARAMETERS.get(parameter) or BY_TYPE.get(annotation)
    assert found, f"PARAMETERS has to say what {parameter}: {annotation} of {method} takes"
    return found


def arguments(session: APIClient, name: str) -> dict[str, Any]:
    """Arguments that are valid, all of them given."""
    given = {each: spec(name, each, kind).valid for each, kind in parameters_of(found(session, name)).items()}
    if name == "request":
        # The body and the list are for different methods.
        given = {"method": "GET", "path": "users", "params": {"a": 1}, "timeout": 2, "idempotent": True}
    return given


def made(session: APIClient, name: str, given: dict[str, Any]) -> None:
    """Make a call, and go through what it gives."""
    value = found(session, name)(**given)
    if isinstance(value, Iterator):
        next(value, None)


def test_every_public_method_is_tried() -> None:
    assert public_names() <= set(METHODS) | set(OFFLINE) | {"user_id", "workfile.process.attach.status"}


def test_nothing_in_the_tables_is_out_of_date(session: APIClient) -> None:
    taken = {name: parameters_of(found(session, name)) for name in METHODS}
    assert set(PARAMETERS) <= {parameter for parameters in taken.values() for parameter in parameters}
    named = [key for key in (*EXCEPT, *MISSING) if "." in key]
    assert [key for key in named if key.rpartition(".")[2] not in taken[key.rpartition(".")[0]]] == []


@pytest.mark.parametrize("name", METHODS)
def test_the_valid_arguments_are_sent(server: ScriptedServer, session: APIClient, name: str) -> None:
    try:
        made(session, name, arguments(session, name))
    except InvalidArgumentException:
        raise
    except AlpineException:
        # The server knows nothing.
        pass
    assert server.asked


@pytest.mark.parametrize("name", METHODS)
def test_a_wrong_argument_is_refused_before_anything_is_sent(
    server: ScriptedServer, session: APIClient, name: str
) -> None:
    let_through = []
    for parameter, annotation in parameters_of(found(session, name)).items():
        for wrong in spec(name, parameter, annotation).wrong:
            try:
                made(session, name, {**arguments(session, name), parameter: wrong})
            except InvalidArgumentException:
                outcome = "refused"
            except AlpineException as error:
                outcome = type(error).__name__
            else:
                outcome = "accepted"
            if outcome != "refused" or server.asked:
                let_through.append((parameter, wrong, outcome, len(server.asked)))
                server.asked.clear()
    assert let_through == []


@pytest.mark.parametrize("name", METHODS)
def test_an_id_that_nothing_can_have_is_not_found(server: ScriptedServer, session: APIClient, name: str) -> None:
    for parameter, annotation in parameters_of(found(session, name)).items():
        # That of a workspace or of a data source may be a name.
        if parameter in ("workspace_id", "workspace", "data_source") or not annotation.startswith("Id"):
            continue
        kind = MISSING.get(f"{name}.{parameter}", MISSING.get(parameter, NotFoundException))
        for value in ("order_filter", "-1", "1.0", "", "9" * 30, -1, numpy.int64(-1)):
            with pytest.raises(kind, match="ids are numbers") as caught:
                made(session, name, {**arguments(session, name), parameter: value})
            assert type(caught.value) is kind
            assert kind is NotFoundException or ".get_id(" in str(caught.value)
            assert server.asked == []


def test_a_workspace_that_is_no_name_either_is_not_found(server: ScriptedServer, session: APIClient) -> None:
    for value in (-1, "", "  "):
        with pytest.raises(WorkspaceNotFoundException, match=r"session\.workspace\.get_id\(workspace_name\)"):
            session.workspace.get(value)
    assert server.asked == []
