"""SQL that the server runs for a workspace, and the count of a table's rows by it."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from alpine._arguments import sent_id
from alpine._cancelling import broken_off, new_check_id
from alpine._http.body import BytesBody
from alpine._http.request import Request
from alpine._tables.sql_result import SQLResult
from alpine.alpineobject import AlpineObject
from alpine.exception import (
    AlpineException,
    InvalidArgumentException,
    NotFoundException,
    SchemaNotFoundException,
    ValidationException,
    WorkfileNotFoundException,
    WorkspaceNotFoundException,
)

FEATURE = "SQL executions"
_USUAL_LIMIT = 500
_ERRORS = {404: WorkfileNotFoundException}


def run_sql(
    resource: AlpineObject, workspace: int, text: str, schema_id: int | None, timeout: float | None, stacklevel: int
) -> SQLResult:
    """Run SQL in the sandbox of a workspace, or in another schema.

    :param stacklevel: Whose line a warning names.
    """
    result = _executed(resource, workspace, text, schema_id, timeout)
    limit = _limit(resource)
    result.row_limit = limit
    if len(result["rows"]) >= (limit or _USUAL_LIMIT):
        warnings.warn(
            f"The result has {len(result['rows']):,} rows, which is the most that the server gives: there may be more. "
            "session.dataset.to_dataframe reads whole tables.",
            stacklevel=stacklevel + 1,
        )
    return result


def count_rows(resource: AlpineObject, workspace: int, schema: Mapping[str, Any], table: str) -> int | None:
    """How many rows a table has; None where the server does not tell.

    :param workspace: A workspace in which SQL can be run.
    :param schema: The schema that the table is in, as the server describes it.
    :raises FeatureNotFoundException: The server runs no SQL.
    """
    name = ".".join('"' + str(part).replace('"', '""') + '"' for part in (schema.get("name"), table))
    text = f"SELECT count(*) FROM {name}"  # noqa: S608 - the name is in quotes
    number = sent_id(schema, "schema")
    try:
        try:
            result = _previewed(resource, number, text)
        except NotFoundException:
            # Only schemas of Greenplum have it.
            result = _executed(resource, workspace, text, number, None)
        return int(result["rows"][0][0])
    except (ValidationException, IndexError, ValueError, TypeError) as error:
        resource.logger.warning("The rows of %s were not counted: %s", name, error)
        return None


def _previewed(resource: AlpineObject, schema_id: int, text: str) -> SQLResult:
    task = {"schema_id": schema_id, "query": text, "check_id": new_check_id()}
    body = BytesBody.json({"task": task})
    request = Request(
        "POST", "datasets/preview_sql", f"run SQL in schema {schema_id}", body=body, idempotent=True, feature=FEATURE
    )
    return SQLResult(resource._one(request))


def _executed(
    resource: AlpineObject, workspace: int, text: str, schema_id: int | None, timeout: float | None
) -> SQLResult:
    # Found out before a workfile is made for it.
    resource._require(
        Request(
            "DELETE", "workfiles/0/executions/0", f"run SQL in workspace {workspace}", idempotent=True, feature=FEATURE
        )
    )
    with _workfile(resource, workspace, schema_id) as number:
        path, check_id = f"workfiles/{number}/executions", new_check_id()
        cancel = Request("DELETE", f"{path}/{check_id}", "break off the SQL", idempotent=True)
        request = Request(
            "POST",
            path,
            f"run SQL in workspace {workspace}",
            body=BytesBody.json({"check_id": check_id, "sql": text}),
            errors=_ERRORS,
            feature=FEATURE,
            how_to_check="It was asked to stop; look what it has changed before you run it again.",
        )
        if timeout is not None:
            request = replace(request, timeout=(resource._transport.timeout[0], timeout))
        with broken_off(resource, cancel):
            return SQLResult(resource._one(request))


@contextmanager
def _workfile(resource: AlpineObject, workspace: int, schema_id: int | None) -> Iterator[int]:
    """A workfile of its own, which tells the server where SQL runs; it is removed in the end."""
    name = f"alpine_{secrets.token_hex(8)}.sql"
    body = BytesBody.json({"workfile": {"file_name": name}})
    action = f"make a workfile for SQL in workspace {workspace}"
    check = f"If the workfile {name} is in the workspace, delete it."
    made = resource._one(
        Request(
            "POST",
            f"workspaces/{workspace}/workfiles",
            action,
            body=body,
            errors={404: WorkspaceNotFoundException},
            how_to_check=check,
        )
    )
    number = sent_id(made, "workfile")
    try:
        if schema_id is not None:
            place = BytesBody.json({"workfile": {"execution_schema": {"id": schema_id}}})
            errors = {404: SchemaNotFoundException}
            resource._request(Request("PUT", f"workfiles/{number}", action, body=place, idempotent=True, errors=errors))
        elif "execution_schema" in made and made["execution_schema"] is None:
            raise InvalidArgumentException(
                f"Workspace {workspace} has no sandbox, so that the server does not know where to run SQL: give "
                "schema_id, which session.dataset.schema.get_id finds."
            )
        yield number
    finally:
        try:
            resource._request(
                Request("DELETE", f"workfiles/{number}", f"delete workfile {number}", idempotent=True, errors=_ERRORS)
            )
        except AlpineException as error:
            resource.logger.warning("The workfile %s was left in workspace %d: %s", name, workspace, error)


def _limit(resource: AlpineObject) -> int | None:
    """The most rows that the server gives; None where it does not say."""
    try:
        limit = resource._one(Request("GET", "config", "read the configuration")).get("default_preview_row_limit")
    except AlpineException:
        return None
    return limit if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0 else None
