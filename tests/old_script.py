"""A script as it was written for the 2017 client: each of its public methods, called as its users did.

It says for each call whether it did what it is for, as JSON. It runs under any client that is called ``alpine``::

    python old_script.py HOST PORT AFM_FILE ID_OF_A_TEXT_FILE
"""

import inspect
import json
import signal
import sys
from datetime import datetime

import requests

import alpine
from alpine.alpineobject import AlpineObject
from alpine.datasource import DataSource

SECONDS = 15
HOST, PORT, AFM_FILE, TEXT_FILE = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
outcomes = []


class Endless(BaseException):
    pass


def on_alarm(*_):
    raise Endless


def shape(value):
    plain = next(kind for kind in type(value).__mro__ if kind.__module__ in ("builtins", "requests.models"))
    return {"type": plain.__name__, "keys": sorted(value) if isinstance(value, dict) else None}


def step(name, call, check=lambda value: True, raises=None, seconds=SECONDS):
    """One call: `check` tells whether what it returned is right, `raises` is what should have been raised."""
    outcome = {"step": name, "good": False, "returned": None, "said": None}
    value = None
    signal.alarm(seconds)
    try:
        value = call()
        outcome["returned"] = shape(value)
        outcome["good"] = raises is None and bool(check(value))
        outcome["said"] = repr(value)[:80]
    except Endless:
        outcome["said"] = "does not end"
    except Exception as error:  # noqa: BLE001 - whatever a client raises is what is looked at
        outcome["said"] = type(error).__name__
        outcome["good"] = raises is not None and raises in [kind.__name__ for kind in type(error).__mro__]
    finally:
        signal.alarm(0)
    outcomes.append(outcome)
    return value


def whole(list_of_dicts, key, *values):
    return [row[key] for row in list_of_dicts] == list(values)


def about_the_client(session):
    step(
        "APIClient.login", lambda: session.login("demo", "alpine-demo"), lambda user: session.token and session.user_id
    )
    step(
        "APIClient.login: a wrong password",
        lambda: alpine.APIClient(HOST, PORT, "demo", "wrong"),
        raises="LoginFailureException",
    )
    step("APIClient: a token", lambda: alpine.APIClient(HOST, PORT, token=session.token).user.get_list())
    step(
        "APIClient: is_secure, and the server speaks plain http",
        lambda: alpine.APIClient(HOST, PORT, "demo", "alpine-demo", is_secure=True),
        raises="AlpineException",
    )
    step("APIClient.get_status", session.get_status)
    step("APIClient.get_version", session.get_version, lambda version: version.startswith("6."))
    step("APIClient.get_license", session.get_license, lambda licence: licence["workflow_enabled"])


def about_users(session):
    user = session.user
    admin, role = user.adminRole, user.applicationRole
    new = ("grace", "a good password", "Grace", "Example", "grace@example.com")
    step(
        "User.create",
        lambda: user.create(
            *new, title="Dr", dept="R", notes="n", admin_role=admin.NonAdmin, app_role=role.DataAnalyst
        ),
        lambda made: made["username"] == "grace",
    )
    step("User.create: a name that is taken", lambda: user.create(*new), raises="AlpineException")
    grace = step("User.get_id", lambda: user.get_id("grace"), lambda number: number == 5)
    step("User.get_id: nobody", lambda: user.get_id(username="nobody"), raises="UserNotFoundException")
    step("User.get", lambda: user.get(user_id=grace), lambda found: found["email"] == "grace@example.com")
    step("User.get: nobody", lambda: user.get(99), raises="UserNotFoundException")
    step("User.get_list", user.get_list, lambda rows: len(rows) == 5)
    step("User.get_list: small pages", lambda: user.get_list(per_page=2), lambda rows: len(rows) == 5)
    step("User.update", lambda: user.update(grace, title="Prof"), lambda found: found["title"] == "Prof")
    step("User.update: an empty title", lambda: user.update(grace, title=""), lambda found: found["title"] == "")
    step("User.update: app_role", lambda: user.update(grace, app_role=role.Collaborator)["user_type"] == "collaborator")
    step(
        "User.update: admin_role",
        lambda: user.update(grace, admin_role=admin.ApplicationAdministrator),
        lambda found: found["admin"] is True,
    )
    step("User.delete", lambda: user.delete(grace), lambda nothing: nothing is None)
    step("User.delete: nobody", lambda: user.delete(99), raises="UserNotFoundException")


def about_workspaces(session):
    workspace = session.workspace
    step("Workspace.create", lambda: workspace.create(workspace_name="Old", public=True, summary="made by a script"))
    step("Workspace.create: a name that is taken", lambda: workspace.create("Old"), raises="AlpineException")
    old = step("Workspace.get_id", lambda: workspace.get_id("Old"), lambda number: number == 2)
    step("Workspace.get_id: of a member", lambda: workspace.get_id("Old", user_id=1), lambda number: number == old)
    step("Workspace.get_id: no such", lambda: workspace.get_id("none"), raises="WorkspaceNotFoundException")
    step("Workspace.get", lambda: workspace.get(old), lambda found: found["summary"] == "made by a script")
    step("Workspace.get: no such", lambda: workspace.get(99), raises="WorkspaceNotFoundException")
    step("Workspace.get_list", workspace.get_list, lambda rows: whole(rows, "name", "Old", "Sandbox"))
    step("Workspace.get_list: filtered", lambda: workspace.get_list(user_id=1, active=True, per_page=1))
    step("Workspace.get_list: nobody", lambda: workspace.get_list(user_id=99), raises="UserNotFoundException")
    step("Workspace.update: is_public", lambda: workspace.update(old, is_public=False), lambda w: not w["public"])
    step("Workspace.update: archive", lambda: workspace.update(old, is_active=False), lambda w: w["archived"])
    step(
        "Workspace.get_list: archived",
        lambda: workspace.get_list(active=False),
        lambda rows: whole(rows, "name", "Old"),
    )
    step("Workspace.update: bring back", lambda: workspace.update(old, is_active=True), lambda w: not w["archived"])
    step("Workspace.update: name", lambda: workspace.update(old, name="Older"), lambda w: w["name"] == "Older")
    step("Workspace.update: summary", lambda: workspace.update(old, summary="s"), lambda w: w["summary"] == "s")
    step("Workspace.update: an empty summary", lambda: workspace.update(old, summary=""), lambda w: w["summary"] == "")
    stage = workspace.stage
    step("Workspace.update: stage", lambda: workspace.update(old, stage=stage.Model)["workspace_stage"]["id"] == 3)
    step("Workspace.stage", lambda: list(workspace.stage), lambda stages: stages == [1, 2, 3, 4, 5])
    step(
        "Workspace.update: an owner who is no member",
        lambda: workspace.update(old, owner_id=2),
        raises="WorkspaceMemberNotFoundException",
    )
    about_members(workspace.member, workspace.memberRole, old)
    step("Workspace.update: owner", lambda: workspace.update(old, owner_id=2)["owner"]["id"] == 2)
    step("Workspace.update: owner again", lambda: workspace.update(old, owner_id=1)["owner"]["id"] == 1)
    return old


def about_members(member, role, old):
    step("Member.get_list", lambda: member.get_list(old), lambda rows: whole(rows, "username", "demo"))
    step("Member.add", lambda: member.add(old, 2), lambda rows: len(rows) == 2)
    step("Member.add: with a role", lambda: member.add(old, 3, role=role.DataScientist), lambda rows: len(rows) == 3)
    step("Member.add: nobody", lambda: member.add(old, 99), raises="UserNotFoundException")
    step("Member.get_list: small pages", lambda: member.get_list(old, per_page=1), lambda rows: len(rows) == 3)
    step(
        "Member.update_role",
        lambda: member.update_role(old, 3, new_role=role.ProjectManager),
        lambda rows: next(row["role"] for row in rows if row["id"] == 3) == "Project Manager",
    )
    step("Member.remove", lambda: member.remove(old, 3), lambda rows: len(rows) == 2)
    step("Member.remove: the owner", lambda: member.remove(old, 1), raises="AlpineException")
    step("Member.remove: nobody", lambda: member.remove(old, 99), raises="UserNotFoundException")
    step("Member.remove: no member", lambda: member.remove(old, 4), raises="WorkspaceMemberNotFoundException")
    step(
        "Member.update_role: no member",
        lambda: member.update_role(old, 4, role.ProjectManager),
        raises="WorkspaceMemberNotFoundException",
    )


def about_data_sources(session):
    source = session.datasource
    kind = source.dsType
    step("DataSource: without a server", lambda: DataSource().dsType.HAWQ, lambda word: word == "hawq_data_source")
    step("DataSource.get_list", source.get_list, lambda rows: len(rows) == 4)
    step("DataSource.get_list: small pages", lambda: source.get_list(per_page=1), lambda rows: len(rows) == 4)
    step("DataSource.get_list: 'Database'", lambda: source.get_list("Database"), lambda rows: len(rows) == 3)
    step("DataSource.get_list: 'Hadoop'", lambda: source.get_list(type="Hadoop"), lambda rows: len(rows) == 1)
    step("DataSource.get_list: a DSType", lambda: source.get_list(kind.HadoopCluster), lambda rows: len(rows) == 1)
    step(
        "DataSource.get_list: no such type",
        lambda: source.get_list("mysql"),
        raises="DataSourceTypeNotFoundException",
    )
    step("DataSource.get: 'Database'", lambda: source.get(ds_id=1, type="Database")["name"] == "Sandbox Database")
    step("DataSource.get: 'Hadoop'", lambda: source.get(1, "Hadoop")["name"] == "Sandbox Hadoop")
    step("DataSource.get: a DSType", lambda: source.get(1, kind.GreenplumDatabase)["name"] == "Sandbox Database")
    step("DataSource.get: no such", lambda: source.get(99, "Hadoop"), raises="DataSourceNotFoundException")
    step("DataSource.get_id", lambda: source.get_id("Sandbox Database"), lambda number: number == 1)
    step("DataSource.get_id: 'Hadoop'", lambda: source.get_id("Sandbox Hadoop", "Hadoop"), lambda number: number == 1)
    step("DataSource.get_id: a DSType", lambda: source.get_id("Sandbox Hadoop", kind.HadoopCluster))
    step("DataSource.get_id: no such", lambda: source.get_id("none"), raises="DataSourceNotFoundException")
    step("DataSource.get_database_list", lambda: source.get_database_list(1, per_page=1)[0]["name"] == "sandbox")
    step(
        "DataSource.get_database_list: of a source without databases",
        lambda: source.get_database_list(3),
        raises="DataSourceNotFoundException",
    )


def about_workfiles(session):
    workfile, kind = session.workfile, session.datasource.dsType

    def entry(data_source_type, data_source_id, database_id):
        return [{"data_source_type": data_source_type, "data_source_id": data_source_id, "database_id": database_id}]

    for name, where in (
        ("GreenplumDatabase", entry(kind.GreenplumDatabase, 1, 1)),
        ("PostgreSQLDatabase", entry(kind.PostgreSQLDatabase, "2", "2")),
        ("HAWQ", entry(kind.HAWQ, 1, 1)),
        ("HadoopCluster", entry(kind.HadoopCluster, "1", "")),
        ("HadoopHive", entry(kind.HadoopHive, "1", "")),
        ("JDBCDataSource", entry(kind.JDBCDataSource, "3", "")),
    ):
        step(
            "Workfile.upload: " + name,
            lambda where=where: workfile.upload(1, AFM_FILE, where),
            lambda made: made["file_type"] == "work_flow",
        )
    step(
        "Workfile.upload: no such database",
        lambda: workfile.upload(workspace_id=1, afm_file=AFM_FILE, data_sources_list=entry(kind.HAWQ, 1, 99)),
        raises="AlpineException",
    )
    step(
        "Workfile.upload: no such file",
        lambda: workfile.upload(1, "no_such_file.afm", entry(kind.HAWQ, 1, 1)),
        raises="FileNotFoundError",
    )
    flow = step("Workfile.get_id", lambda: workfile.get_id("order_filter", 1), lambda number: number == 1)
    step("Workfile.get_id: no such", lambda: workfile.get_id("none", 1), raises="WorkfileNotFoundException")
    step("Workfile.get", lambda: workfile.get(flow))
    step("Workfile.get: no such", lambda: workfile.get(9999), raises="WorkfileNotFoundException")
    step("Workfile.get_list", lambda: workfile.get_list(1), lambda rows: len(rows) >= 8)
    step("Workfile.get_list: small pages", lambda: workfile.get_list(1, per_page=2), lambda rows: len(rows) >= 8)
    step("Workfile.get_list: no such workspace", lambda: workfile.get_list(99), raises="WorkspaceNotFoundException")
    step("Workfile.download", lambda: workfile.download(TEXT_FILE), lambda content: content == b"Amounts.\n")
    step("Workfile.download: a workflow", lambda: workfile.download(flow), raises="WorkfileNotFoundException")
    step("Workfile.delete", lambda: workfile.delete(TEXT_FILE), lambda nothing: nothing is None)
    step("Workfile.delete: no such", lambda: workfile.delete(TEXT_FILE), raises="WorkfileNotFoundException")
    return flow


def about_runs(session, flow):
    process = session.workfile.process
    variables = [{"name": "@min_amount", "value": "500"}]
    run = step("Process.run: with variables", lambda: process.run(flow, variables), lambda text: len(text) == 36)
    step(
        "Process.wait_until_finished",
        lambda: process.wait_until_finished(flow, run, verbose=False, query_time=1, timeout=60),
        lambda status: status == "SUCCESS",
    )
    step("Process.query_status", lambda: process.query_status(run), lambda status: status == "FINISHED")
    results = step("Process.download_results", lambda: process.download_results(flow, run))
    step("Process.get_metadata", lambda: process.get_metadata(results), lambda found: found["status"] == "SUCCESS")
    step(
        "Process.find_operator",
        lambda: process.find_operator("Row Filter", results),
        lambda found: found["out_title"] == "Row Filter",
    )
    step(
        "Process.find_operator: no such",
        lambda: process.find_operator("none", results),
        raises="FlowResultsMalformedException",
    )
    step("Process.run: no such", lambda: process.run(9999), raises="WorkfileNotFoundException")
    step("Process.run: wrong variables", lambda: process.run(flow, [{"a": 1}]), raises="WorkflowVariableException")
    step(
        "Process.download_results: no such",
        lambda: process.download_results(flow, "no-such-run"),
        raises="ResultsNotFoundException",
    )
    step("Process.stop: over already", lambda: process.stop(run), raises="StopFlowFailureException")
    again = process.run(flow)
    step("Process.stop", lambda: process.stop(again), lambda status: status == "STOPPED")


def about_jobs(session, workspace, flow):
    job, schedule = session.job, session.job.scheduleType
    moment = datetime(2040, 7, 1, 9, 30)
    step("Job.create", lambda: job.create(workspace, "J1"), lambda made: made["interval_unit"] == "on_demand")
    step("Job.create: a name that is taken", lambda: job.create(workspace, "J1"), raises="AlpineException")
    step(
        "Job.create: scheduled",
        lambda: job.create(workspace, "J2", schedule.Weekly, 2, moment, "US/Pacific"),
        lambda made: made["next_run"] == "2040-07-01T09:30:00-07:00",
    )
    step(
        "Job.create: scheduled by a text",
        lambda: job.create(workspace, "J3", schedule.Daily, 1, next_run="2040-07-01T09:30:00Z", time_zone="UTC"),
        lambda made: made["next_run"] == "2040-07-01T09:30:00Z",
    )
    step("Job.create: a schedule without an interval", lambda: job.create(workspace, "J4", "days"), raises="ValueError")
    number = step("Job.get_id", lambda: job.get_id(workspace, "J1"), lambda number: number == 1)
    step("Job.get_id: no such", lambda: job.get_id(workspace, "none"), raises="JobNotFoundException")
    step("Job.get", lambda: job.get(workspace, number), lambda found: found["name"] == "J1")
    step("Job.get: no such", lambda: job.get(workspace, 99), raises="JobNotFoundException")
    step("Job.get_list", lambda: job.get_list(workspace), lambda rows: len(rows) >= 3)
    about_tasks(job.task, job.TaskType, workspace, number, flow)
    step("Job.run", lambda: job.run(number), lambda started: started["status"] == "enqueued")
    step("Job.run: no such", lambda: job.run(99), raises="JobNotFoundException")
    step("Job.delete", lambda: job.delete(workspace, number), lambda nothing: nothing is None)
    step("Job.delete: no such", lambda: job.delete(workspace, number), raises="JobNotFoundException")
    for count in range(51):
        job.create(workspace, f"many {count}")
    step("Job.get_list: more than 50", lambda: job.get_list(workspace), lambda rows: len(rows) > 50, seconds=3)


def about_tasks(task, kind, workspace, job, flow):
    made = step("Task.create", lambda: task.create(workspace, job, flow, kind.RunWorkflow))
    step("Task.create: no such workfile", lambda: task.create(workspace, job, 9999), raises="WorkfileNotFoundException")
    step("Task.get_list", lambda: task.get_list(workspace, job), lambda rows: whole(rows, "name", "Run order_filter"))
    step("Task.get_list: no such job", lambda: task.get_list(workspace, 99), raises="JobNotFoundException")
    step("Task.get_id", lambda: task.get_id(workspace, job, "Run order_filter") == made["id"])
    step("Task.get_id: no such", lambda: task.get_id(workspace, job, "none"), raises="TaskNotFoundException")
    step("Task.get", lambda: task.get(workspace, job, made["id"]), lambda found: found["action"] == "run_work_flow")
    step("Task.get: no such", lambda: task.get(workspace, job, 99), raises="TaskNotFoundException")
    step("Task.delete", lambda: task.delete(workspace, job, made["id"]), lambda nothing: nothing is None)
    step("Task.delete: no such", lambda: task.delete(workspace, job, 99), raises="TaskNotFoundException")


class Milestones(AlpineObject):
    """A call that the client has not, as users added it."""

    def __init__(self, base_url, session, token):
        super().__init__(base_url, session, token)
        self.token = token

    def get_list(self, workspace_id):
        url = f"{self.base_url}/workspaces/{workspace_id}/members"
        return self.session.get(self._add_token_to_url(url)).json()["response"]


def set_and_read(thing, name, value):
    setattr(thing, name, value)
    return getattr(thing, name) is value


def about_what_scripts_set_and_build_on(session):
    own = Milestones(session.base_url, session.session, session.token)
    step("AlpineObject: a class of your own", lambda: own.get_list(1), lambda rows: whole(rows, "username", "demo"))
    step("AlpineObject: without arguments", lambda: AlpineObject().session is None)
    step("AlpineObject: without a session", lambda: AlpineObject("http://localhost/api", None, "t").token == "t")
    other = alpine.APIClient(HOST, PORT, "demo", "alpine-demo")
    step("APIClient.session: set", lambda: set_and_read(other, "session", requests.Session()))
    step("APIClient.session: a call after it", other.get_version, lambda version: version.startswith("6."))
    step("User.session: set", lambda: set_and_read(other.user, "session", requests.Session()))
    step("User.session: a call after it", lambda: len(other.user.get_list()) == 4)
    step("User.token: set", lambda: set_and_read(other.user, "token", session.token))
    step("User.token: a call after it", lambda: len(other.user.get_list()) == 4)
    step("APIClient.user_id: set", lambda: set_and_read(other, "user_id", 2))


def about_ids_that_nothing_has(session):
    for what in ("a name", "-1", -1):
        said = repr(what)
        step("User.get: " + said, lambda what=what: session.user.get(what), raises="UserNotFoundException")
        step("Workfile.get: " + said, lambda what=what: session.workfile.get(what), raises="WorkfileNotFoundException")
        step(
            "Workspace.get: " + said, lambda what=what: session.workspace.get(what), raises="WorkspaceNotFoundException"
        )
        step("Job.get: " + said, lambda what=what: session.job.get(1, what), raises="JobNotFoundException")
        step(
            "DataSource.get: " + said,
            lambda what=what: session.datasource.get(what, "Database"),
            raises="DataSourceNotFoundException",
        )


def about_import(modules):
    for module in modules:
        names = {}
        exec(f"from alpine.{module} import *", names)
        step(
            "import *: alpine." + module,
            lambda names=names: all(names[name].__name__ == name for name in EXCEPTIONS + ["AlpineObject"]),
        )
        step(
            "alpine: its modules: " + module,
            lambda module=module: getattr(alpine, module).__name__ == "alpine." + module,
        )


EXCEPTIONS = [
    "AlpineException",
    "AlpineSessionNotFoundException",
    "DataSourceNotFoundException",
    "DataSourceTypeNotFoundException",
    "FlowResultsMalformedException",
    "InvalidResponseCodeException",
    "JobNotFoundException",
    "LoginFailureException",
    "ResultsNotFoundException",
    "RunFlowFailureException",
    "RunFlowTimeoutException",
    "RunJobFailureException",
    "StopFlowFailureException",
    "TaskNotFoundException",
    "UserNotFoundException",
    "WorkfileNotFoundException",
    "WorkflowVariableException",
    "WorkspaceMemberNotFoundException",
    "WorkspaceNotFoundException",
]


def surface(session):
    """Every public method there is, as ``Class.method``."""
    workspace, workfile, job = session.workspace, session.workfile, session.job
    parts = [session, session.user, workspace, workspace.member, session.datasource, workfile, workfile.process]
    return sorted(
        f"{type(part).__name__}.{name}"
        for part in [*parts, job, job.task]
        for name, _ in inspect.getmembers(type(part), callable)
        if not name.startswith("_") and not inspect.isclass(getattr(type(part), name))
    )


signal.signal(signal.SIGALRM, on_alarm)
session = alpine.APIClient(HOST, PORT, "demo", "alpine-demo")
about_the_client(session)
about_what_scripts_set_and_build_on(session)
about_ids_that_nothing_has(session)
about_import(["apiclient", "datasource", "job", "user", "workfile", "workspace"])
about_users(session)
workspace = about_workspaces(session)
about_data_sources(session)
flow = about_workfiles(session)
about_runs(session, flow)
about_jobs(session, workspace, flow)
public_methods = surface(session)
step("Workspace.delete", lambda: session.workspace.delete(workspace), lambda nothing: nothing is None)
step("Workspace.delete: no such", lambda: session.workspace.delete(99), raises="WorkspaceNotFoundException")
step("APIClient.logout", session.logout)
step("APIClient.logout: once more", session.logout)
step("APIClient.logout: a call after it", lambda: session.user.get_list(), raises="AlpineSessionNotFoundException")
print(json.dumps({"steps": outcomes, "surface": public_methods}))
