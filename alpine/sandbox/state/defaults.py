"""What a fresh sandbox server holds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from alpine import afm
from alpine.sandbox.state.model import Location, Schema, User, Workfile, Workspace
from alpine.sandbox.state.passwords import hashed
from alpine.sandbox.state.sources import add_source
from alpine.sandbox.state.store import State
from alpine.sandbox.workflow_file import cleaned

EXAMPLES = Path(__file__).parent.parent / "examples"

_COLLEAGUES = (
    ("ada", "Ada", "Analyst", "analytics_developer"),
    ("ben", "Ben", "Builder", "data_analyst"),
    ("cleo", "Cleo", "Client", "business_user"),
)
_SOURCES = (
    ("Sandbox Database", "gpdb_data_source"),
    ("Sandbox PostgreSQL", "pg_data_source"),
    ("Sandbox JDBC", "jdbc_data_source"),
    ("Sandbox Hadoop", "hdfs_data_source"),
)


def fill(state: State, username: str, password: str, flows: Iterable[Path]) -> None:
    """Put the people, the sources, the workspace and the example workflows in.

    :param state: An empty state.
    :param username: The administrator's name.
    :param password: Everybody's password.
    :param flows: Workflow files for the workspace ``Sandbox``.
    """
    owner = _add_users(state, username, password)
    for name, kind in _SOURCES:
        add_source(state, name, kind)
    workspace = state.workspaces.add(
        Workspace(
            name="Sandbox",
            owner_id=owner.id,
            public=True,
            summary="Try things here.",
            members={owner.id: "Project Manager"},
            has_added_sandbox=True,
        )
    )
    database = next(iter(state.databases))
    for name in ("demo", "public"):
        state.schemas.add(Schema(name=name, data_source_id=database.data_source_id, database_id=database.id))
    workspace.sandbox_schema_id = next(schema.id for schema in state.schemas if schema.name == "public")
    for flow in flows:
        add_workflow(state, workspace, flow)


def add_workflow(state: State, workspace: Workspace, path: Path) -> Workfile:
    """Put a workflow file into a workspace, bound to the sandbox's own sources.

    :param state: The state.
    :param workspace: Where it goes.
    :param path: The ``.afm`` file.
    :returns: The new workfile; its name is the file's without ``.afm``, numbered when taken.
    :raises ValueError: When the file is no workflow.
    """
    # First by its path, so that a complaint names the file.
    afm.check(path)
    flow = cleaned(path.read_bytes())
    name = unused_name(path.name.replace(".afm", ""), {file.file_name for file in state.workfiles_of(workspace)})
    return state.workfiles.add(
        Workfile(
            workspace_id=workspace.id,
            file_name=name,
            owner_id=workspace.owner_id,
            entity_subtype="alpine",
            user_modified_at=state.clock(),
            locations=[Location("gpdb_database", 1), Location("hdfs_data_source", 1)],
            flow=state.files.keep(flow),
        )
    )


def unused_name(wanted: str, taken: set[str]) -> str:
    """Number a file name the way the server does when it is taken.

    :param wanted: The name asked for.
    :param taken: The names there are.
    :returns: The name itself, or ``name_1.ext``, ``name_2.ext`` and so on.
    """
    if wanted not in taken:
        return wanted
    stem, dot, extension = wanted.rpartition(".")
    if not dot:
        stem, extension = wanted, ""
    number = 1
    while (name := f"{stem}_{number}{dot}{extension}") in taken:
        number += 1
    return name


def _add_users(state: State, username: str, password: str) -> User:
    kept = hashed(password)
    owner = state.users.add(
        User(
            username=username,
            password_hash=kept,
            first_name="Demo",
            last_name="User",
            email=f"{username.replace('@', '.')}@example.com",
            admin=True,
            roles=["admin"],
            user_type="analytics_developer",
        )
    )
    for name, first, last, user_type in _COLLEAGUES:
        if name == username.lower():
            continue
        state.users.add(
            User(
                username=name,
                password_hash=kept,
                first_name=first,
                last_name=last,
                email=f"{name}@example.com",
                user_type=user_type,
            )
        )
    return owner
