"""Touchpoints: forms in front of workflows, which people fill in to run them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from alpine._arguments import Id, given, identifier, page_size, sent_id, text, words
from alpine._constants import Constants, flag
from alpine._display.records import Record, RecordList
from alpine._http.body import BytesBody
from alpine._http.request import Request
from alpine._http.transport import Transport
from alpine._pager import Listing
from alpine._restating import restated, restating
from alpine._runs.engine import Engine
from alpine._runs.handle import FlowRun
from alpine._runs.variables import Variables, checked_variables
from alpine._workfile_names import naming
from alpine.alpineobject import Resource
from alpine.exception import (
    AlpineException,
    ForbiddenException,
    InvalidArgumentException,
    NotFoundException,
    RunFlowFailureException,
    ServerErrorException,
    StopFlowFailureException,
    WorkfileNotFoundException,
    WorkflowVariableException,
)
from alpine.touchpoint_parameter import Parameter, checked_parameter
from alpine.workspace import workspace_id_of

FEATURE = "touchpoints"
_ERRORS: dict[int, type[NotFoundException]] = {404: NotFoundException}
_CHECK = "Check with session.touchpoint.get whether it is running before you run it again."


class RunPersona(Constants):
    """Whose account of the data sources a run of a touchpoint uses."""

    Creator = "creator"
    User = "user"


class Touchpoint(Resource):
    """A class for interacting with touchpoints. A touchpoint is a workfile, in the workspace of its workflow.

    Server version 5.8 is the first to have touchpoints, and an administrator may have switched them off.
    """

    Parameter = Parameter
    RunPersona = RunPersona

    def _bind(self, base_url: str, transport: Transport) -> None:
        super()._bind(base_url, transport)
        self.parameter: Parameter = Parameter._beside(self)
        """The parameters of touchpoints."""

    def get_list(self, name_pattern: str | None = None, per_page: int = 100) -> RecordList:
        """Return the published touchpoints, which are those of all users. Calls ``GET /touchpoints``.

        Those that are not published are workfiles of their workspaces, with the ``entity_subtype`` ``worklet``.

        :param name_pattern: Return only touchpoints with this in their name, in any capitals.
        :type name_pattern: str
        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: List of touchpoints' metadata.
        :rtype: list of dict
        :raises FeatureNotFoundException: The server has no touchpoints.

        Example:

        >>> session.touchpoint.get_list()
        []
        """
        params = {} if name_pattern is None else {"name_pattern": text(name_pattern, "name_pattern")}
        listing = Listing("touchpoints", "list the published touchpoints", params=params, feature=FEATURE)
        return self._list(listing, page_size(per_page))

    def get(self, touchpoint_id: Id, workspace_id: Id | None = None) -> Record:
        """Return metadata for a touchpoint. Calls ``GET /workspaces/:id/touchpoints/:id`` or ``GET /touchpoints/:id``.

        :param touchpoint_id: ID of the touchpoint.
        :type touchpoint_id: int
        :param workspace_id: ID of the workspace that it is in, or its name; not needed for a published touchpoint.
        :type workspace_id: int
        :returns: The touchpoint's metadata, with its ``parameters``.
        :rtype: dict
        :raises NotFoundException: The touchpoint does not exist.
        :raises ForbiddenException: It is not published, or the workspace is private and the user is not a member.
        :raises FeatureNotFoundException: The server has no touchpoints.

        Example:

        >>> session.touchpoint.get(touchpoint_id, "Sandbox")["file_name"]
        'Large orders'
        """
        return self._get(*self._path(touchpoint_id, workspace_id))

    def create(
        self,
        workspace_id: Id,
        name: str,
        workflow_id: Id,
        description: str | None = None,
        *,
        parameters: Iterable[Mapping[str, Any]] = (),
        output_table: Iterable[str] = (),
        run_persona: str = "creator",
    ) -> Record:
        """Create a touchpoint, which is not published at first. Calls ``POST /workspaces/:id/touchpoints``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param name: Name of the touchpoint: letters, digits, spaces and ``_ . ( ) -``.
        :type name: str
        :param workflow_id: ID of the workflow that it runs.
        :type workflow_id: int
        :param description: A description, up to 256 characters.
        :type description: str
        :param parameters: What people are asked: for each parameter a dict of the arguments of
            :meth:`Parameter.create`, of which ``variable_name`` is needed.
        :type parameters: list of dict
        :param output_table: Names of the operators whose results are shown.
        :type output_table: list
        :param run_persona: Whose account of the data sources a run uses, a value of ``Touchpoint.RunPersona``. That
            the server calls the other one ``user`` is inferred.
        :type run_persona: str
        :returns: The touchpoint's metadata.
        :rtype: dict
        :raises NotFoundException: The workspace or the workflow does not exist.
        :raises ForbiddenException: One of them is private, and the user is not a member.
        :raises ValidationException: The name is taken, or not allowed.
        :raises OutcomeUnknownException: The response was lost; the touchpoint may have been made.
        :raises FeatureNotFoundException: The server has no touchpoints.

        Example:

        >>> amount = {
        ...     "variable_name": "@min_amount",
        ...     "label": "From which amount?",
        ...     "data_type": session.touchpoint.parameter.DataType.Number,
        ... }
        >>> touchpoint = session.touchpoint.create(
        ...     "Sandbox", "Large orders", workflow_id, parameters=[amount]
        ... )
        >>> [parameter["label"] for parameter in touchpoint["parameters"]]
        ['From which amount?']
        """
        document = given(
            file_name=text(name, "name"),
            workflow_id=identifier(workflow_id, "workflow_id", WorkfileNotFoundException),
            description=words(description, "description"),
            run_persona=RunPersona.checked(run_persona, "run_persona"),
            output_table=_operators(output_table),
            # A JSON document inside of the JSON document, as the server reads it.
            parameters=json.dumps(_parameters(parameters)),
        )
        workspace = workspace_id_of(self, workspace_id)
        action = f"create the touchpoint {document['file_name']!r} in workspace {workspace}"
        request = Request(
            "POST",
            f"workspaces/{workspace}/touchpoints",
            action,
            body=BytesBody.json({"workfile": document}),
            errors=_ERRORS,
            how_to_check="Check with session.workfile.get_list whether it is there before you create it again.",
            feature=FEATURE,
        )
        with naming():
            return self._one(request)

    def update(
        self,
        workspace_id: Id,
        touchpoint_id: Id,
        name: str | None = None,
        description: str | None = None,
        *,
        output_table: Iterable[str] | None = None,
        run_persona: str | None = None,
    ) -> Record:
        """Change a touchpoint. Calls ``PUT /workspaces/:id/touchpoints/:id``.

        Its parameters are changed with :meth:`Parameter.update`. The other parameters are those of :meth:`create`.

        :param touchpoint_id: ID of the touchpoint.
        :type touchpoint_id: int
        :returns: The touchpoint's metadata after the change.
        :rtype: dict
        :raises NotFoundException: The workspace or the touchpoint does not exist.
        :raises ForbiddenException: The user is not a member of the workspace.
        :raises ValidationException: The name is taken, or not allowed.
        :raises FeatureNotFoundException: The server has no touchpoints.

        Example:

        >>> session.touchpoint.update("Sandbox", touchpoint_id, "Orders")["file_name"]
        'Orders'
        """
        document = given(
            file_name=None if name is None else text(name, "name"),
            description=words(description, "description"),
            run_persona=None if run_persona is None else RunPersona.checked(run_persona, "run_persona"),
            output_table=None if output_table is None else _operators(output_table),
        )
        path, what = self._path_in(workspace_id, touchpoint_id)
        if not document:
            return self._get(path, what)
        body, action = BytesBody.json({"workfile": document}), f"update {what}"
        with naming():
            return self._one(Request("PUT", path, action, body=body, idempotent=True, errors=_ERRORS, feature=FEATURE))

    def run(
        self,
        touchpoint_id: Id,
        variables: Variables | None = None,
        workspace_id: Id | None = None,
        *,
        test_run: bool = False,
    ) -> FlowRun:
        """Run a touchpoint. Calls ``PUT /workspaces/:id/touchpoints/:id/run`` or ``PUT /touchpoints/:id/run``.

        The touchpoint is read first, with the calls of :meth:`get`, for the ids of its parameters. What is not given
        keeps the value that the workflow has for it. The server does not check values.

        :param touchpoint_id: ID of the touchpoint.
        :type touchpoint_id: int
        :param variables: The values, by the names of the parameters' variables, as for
            :meth:`alpine.workfile.Workfile.Process.run`. Several options of one parameter are joined by commas, a day
            is written as ``2027-01-31``.
        :type variables: dict
        :param workspace_id: ID of the workspace that it is in, or its name; not needed for a published touchpoint.
        :type workspace_id: int
        :param test_run: Whether it is a trial of the touchpoint's author.
        :type test_run: bool
        :returns: The run, as :meth:`alpine.workfile.Workfile.Process.run` returns it.
        :rtype: FlowRun, which is a str
        :raises NotFoundException: The touchpoint does not exist.
        :raises ForbiddenException: It is not published, or the workspace is private and the user is not a member.
        :raises WorkflowVariableException: The variables have a wrong format, the touchpoint has no such parameter, or a
            required one is missing; nothing was run.
        :raises RunFlowFailureException: The server did not start a run that can be followed.
        :raises ValidationException: ``RUN_FAILED``, the engine refuses to start the run, or ``RUN_NO_DB_ACCESS``, the
            user has no account for the data source.
        :raises OutcomeUnknownException: The response was lost; the run may have started.
        :raises FeatureNotFoundException: The server has no touchpoints.

        Example:

        >>> amount = {"@min_amount": 150}
        >>> run = session.touchpoint.run(touchpoint_id, amount, "Sandbox")
        >>> run.wait()
        'SUCCESS'
        >>> run.results().operators["Row Filter"].row_count
        90
        """
        values = checked_variables(variables)
        is_test = bool(flag(test_run, "test_run"))
        path, what = self._path(touchpoint_id, workspace_id)
        touchpoint = self._get(path, what)
        fields = _fields(values, touchpoint.get("parameters"), what)
        body = BytesBody.json({"workfile": {"worklet_parameters": {"fields": fields}, "test_run": is_test}})
        request = Request(
            "PUT", f"{path}/run", f"run {what}", body=body, errors=_ERRORS, how_to_check=_CHECK, feature=FEATURE
        )
        started = self._one(request)
        process_id = started.get("killable_id")
        if not isinstance(process_id, str) or not process_id:
            raise RunFlowFailureException(
                f"Could not run {what}: the server names no process id, its killable_id is {process_id!r:.100}. It may "
                f"be running all the same. {_CHECK}"
            )
        workflow = started.get("workflow_id", touchpoint.get("workflow_id"))
        return FlowRun(Engine._beside(self), sent_id({"id": workflow}, "workflow"), process_id)

    def get_values(self, activity_id: Id) -> RecordList:
        """Return what the parameters were given in a run. Calls ``GET /worklet_parameter_versions``.

        :param activity_id: ID of the activity that tells of the run: ``activity_id`` in what
            :meth:`alpine.workfile.Workfile.runs` returns for a touchpoint.
        :type activity_id: int
        :returns: List of values: ``name``, ``label``, ``value`` and ``data_type``.
        :rtype: list of dict
        :raises NotFoundException: The activity does not exist.
        :raises FeatureNotFoundException: The server has no touchpoints.

        Example:

        >>> amount = {"@min_amount": 150}
        >>> run = session.touchpoint.run(touchpoint_id, amount, "Sandbox")
        >>> status = run.wait()
        >>> last = session.workfile.runs(touchpoint_id)[0]
        >>> values = session.touchpoint.get_values(last["activity_id"])
        >>> [(value["name"], value["value"]) for value in values]
        [('@min_amount', '150')]
        """
        number = identifier(activity_id, "activity_id", NotFoundException)
        action = f"read the parameters of the run of activity {number}"
        params = {"event_id": number}
        return self._rows(
            Request("GET", "worklet_parameter_versions", action, params=params, errors=_ERRORS, feature=FEATURE)
        )[0]

    def stop(self, touchpoint_id: Id, workspace_id: Id | None = None) -> Record:
        """Stop the run of a touchpoint.

        Calls ``POST /workspaces/:id/touchpoints/:id/stop`` or ``POST /touchpoints/:id/stop``.

        :param touchpoint_id: ID of the touchpoint.
        :type touchpoint_id: int
        :param workspace_id: ID of the workspace that it is in, or its name; not needed for a published touchpoint.
        :type workspace_id: int
        :returns: The touchpoint's metadata.
        :rtype: dict
        :raises NotFoundException: The touchpoint does not exist.
        :raises StopFlowFailureException: It is not running.
        :raises FeatureNotFoundException: The server has no touchpoints.

        Example:

        >>> run = session.touchpoint.run(touchpoint_id, workspace_id="Sandbox")
        >>> try:
        ...     touchpoint = session.touchpoint.stop(touchpoint_id, "Sandbox")
        ... except alpine.exception.StopFlowFailureException:
        ...     print("It is over.")
        """
        path, what = self._path(touchpoint_id, workspace_id)
        # The server reads the id from the body as well.
        body = BytesBody.json({"workfile": {"id": int(path.rpartition("/")[2])}})
        check = "Look with session.touchpoint.get whether it is running."
        request = Request(
            "POST", f"{path}/stop", f"stop {what}", body=body, errors=_ERRORS, how_to_check=check, feature=FEATURE
        )

        def tell_that_it_is_over(error: ServerErrorException) -> AlpineException | None:
            # The server has no better response than an internal error for a touchpoint that is not running.
            if self._get(path, what).get("running"):
                return None
            return StopFlowFailureException(f"Could not stop {what}: it is not running.", status_code=error.status_code)

        with restating(ServerErrorException, tell_that_it_is_over):
            return self._one(request)

    def publish(self, workspace_id: Id, touchpoint_id: Id) -> Record:
        """Publish a touchpoint for every user of the server. Calls ``PUT /workspaces/:id/touchpoints/:id/publish``.

        The published touchpoint is another one, with an id of its own; :meth:`get_list` has it.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param touchpoint_id: ID of the touchpoint.
        :type touchpoint_id: int
        :returns: What the server says of it. Whether that is the published touchpoint is not known of all versions.
        :rtype: dict
        :raises NotFoundException: The workspace or the touchpoint does not exist.
        :raises FeatureNotFoundException: The server has no touchpoints.

        Example:

        >>> published = session.touchpoint.publish("Sandbox", touchpoint_id)
        >>> [row["file_name"] for row in session.touchpoint.get_list()]
        ['Large orders']
        """
        return self._put("publish", workspace_id, touchpoint_id)

    def unpublish(self, workspace_id: Id, touchpoint_id: Id) -> Record:
        """Withdraw a touchpoint that was published. Calls ``PUT /workspaces/:id/touchpoints/:id/unpublish``.

        Parameters are those of :meth:`publish`.

        :returns: The touchpoint's metadata.
        :rtype: dict
        :raises NotFoundException: The workspace or the touchpoint does not exist.
        :raises ValidationException: ``CANNOT_UNPUBLISH``, the published touchpoint is running.
        :raises FeatureNotFoundException: The server has no touchpoints.

        Example:

        >>> published = session.touchpoint.publish("Sandbox", touchpoint_id)
        >>> touchpoint = session.touchpoint.unpublish("Sandbox", touchpoint_id)
        >>> session.touchpoint.get_list()
        []
        """
        return self._put("unpublish", workspace_id, touchpoint_id)

    def delete(self, workspace_id: Id, touchpoint_id: Id) -> None:
        """Delete a touchpoint that is not published. Calls ``DELETE /workspaces/:id/touchpoints/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param touchpoint_id: ID of the touchpoint.
        :type touchpoint_id: int
        :returns: None.
        :rtype: NoneType
        :raises NotFoundException: The workspace or the touchpoint does not exist.
        :raises ForbiddenException: The user is not a member of the workspace.
        :raises ValidationException: It is published.
        :raises FeatureNotFoundException: The server has no touchpoints.

        Example:

        >>> session.touchpoint.delete("Sandbox", touchpoint_id)
        """
        path, what = self._path_in(workspace_id, touchpoint_id)
        self._request(Request("DELETE", path, f"delete {what}", idempotent=True, errors=_ERRORS, feature=FEATURE))

    def _put(self, verb: str, workspace_id: Id, touchpoint_id: Id) -> Record:
        path, what = self._path_in(workspace_id, touchpoint_id)
        return self._one(
            Request("PUT", f"{path}/{verb}", f"{verb} {what}", idempotent=True, errors=_ERRORS, feature=FEATURE)
        )

    def _get(self, path: str, what: str) -> Record:
        def tell_of_the_workspace(error: ForbiddenException) -> AlpineException | None:
            more = "Or it is not published: then its workspace has to be named, with workspace_id=…."
            return restated(error, ForbiddenException, more) if path.startswith("touchpoints/") else None

        with restating(ForbiddenException, tell_of_the_workspace):
            return self._one(Request("GET", path, f"get {what}", errors=_ERRORS, feature=FEATURE))

    def _path(self, touchpoint_id: Id, workspace_id: Id | None) -> tuple[str, str]:
        """The path of a touchpoint, and what it is called in messages; without a workspace it is a published one."""
        if workspace_id is not None:
            return self._path_in(workspace_id, touchpoint_id)
        number = identifier(touchpoint_id, "touchpoint_id", NotFoundException)
        return f"touchpoints/{number}", f"touchpoint {number}"

    def _path_in(self, workspace_id: Id, touchpoint_id: Id) -> tuple[str, str]:
        number = identifier(touchpoint_id, "touchpoint_id", NotFoundException)
        workspace = workspace_id_of(self, workspace_id)
        return f"workspaces/{workspace}/touchpoints/{number}", f"touchpoint {number} of workspace {workspace}"


def _operators(names: object) -> list[str]:
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise InvalidArgumentException(f"output_table must be a list of names of operators, not {names!r:.200}.")
    return [text(name, "each of output_table") for name in names]


def _parameters(rows: object) -> list[dict[str, object]]:
    if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Iterable):
        raise InvalidArgumentException(f"parameters must be a list of dicts, not {rows!r:.200}.")
    checked = []
    for row in rows:
        if not isinstance(row, Mapping):
            raise InvalidArgumentException(f"Each of parameters must be a dict, not {row!r:.200}.")
        try:
            checked.append(checked_parameter(**row))
        except TypeError as error:
            reason = str(error).rpartition("() ")[2]
            raise InvalidArgumentException(
                f"Each of parameters must be a dict such as {{'variable_name': '@x'}}: {reason}."
            ) from None
    return checked


def _fields(values: list[dict[str, str]], parameters: object, what: str) -> list[dict[str, object]]:
    """What a run sends for the values: each with the id of its parameter."""
    rows = [row for row in parameters if isinstance(row, dict)] if isinstance(parameters, list) else []
    known = {str(row.get("variable_name")): row for row in rows}
    for value in values:
        if value["name"] not in known:
            names = ", ".join(known) or "none"
            raise WorkflowVariableException(
                f"{what.capitalize()} has no parameter {value['name']}; its parameters are: {names}."
            )
    given_names = {value["name"] for value in values}
    for name, row in known.items():
        if row.get("required") and not row.get("use_default") and name not in given_names:
            label = f" ({row['label']})" if row.get("label") else ""
            raise WorkflowVariableException(f"{what.capitalize()} requires a value for its parameter {name}{label}.")
    return [{"id": known[each["name"]].get("id"), "name": each["name"], "value": each["value"]} for each in values]
