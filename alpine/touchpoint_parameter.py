"""The parameters of touchpoints: what people are asked before the workflow runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from alpine._arguments import Id, given, identifier, text, words
from alpine._constants import Constants, flag
from alpine._display.records import Record, RecordList
from alpine._http.body import BytesBody
from alpine._http.request import Request
from alpine.alpineobject import Resource
from alpine.exception import InvalidArgumentException, NotFoundException
from alpine.workspace import workspace_id_of

_FEATURE = "touchpoints"
_ERRORS: dict[int, type[NotFoundException]] = {404: NotFoundException}


class DataType(Constants):
    """What kind of answer a parameter takes."""

    Text = "Text"
    Number = "Number"
    SingleSelect = "Select Single Option"
    MultipleSelect = "Select Multiple Options"
    Date = "Date/time - Calendar"


class Parameter(Resource):
    """A class for interacting with the parameters of touchpoints. Each sets a variable of the workflow."""

    DataType = DataType

    def get_list(self, workspace_id: Id, touchpoint_id: Id) -> RecordList:
        """Return the parameters of a touchpoint. Calls ``GET /workspaces/:id/touchpoints/:id/parameters``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param touchpoint_id: ID of the touchpoint.
        :type touchpoint_id: int
        :returns: List of parameters.
        :rtype: list of dict
        :raises NotFoundException: The workspace or the touchpoint does not exist.
        :raises FeatureNotFoundException: The server has no touchpoints.

        Example:

        >>> rows = session.touchpoint.parameter.get_list("Sandbox", touchpoint_id)
        >>> [parameter["variable_name"] for parameter in rows]
        ['@min_amount']
        """
        number, path = self._path(workspace_id, touchpoint_id)
        action, params = f"list the parameters of touchpoint {number}", {"workfile_id": number}
        return self._rows(Request("GET", path, action, params=params, errors=_ERRORS, feature=_FEATURE))[0]

    def create(
        self,
        workspace_id: Id,
        touchpoint_id: Id,
        variable_name: str,
        label: str | None = None,
        data_type: str = "Text",
        *,
        description: str | None = None,
        required: bool = False,
        use_default: bool = False,
        options: Iterable[Any] = (),
    ) -> Record:
        """Add a parameter to a touchpoint. Calls ``POST /workspaces/:id/touchpoints/:id/parameters``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param touchpoint_id: ID of the touchpoint.
        :type touchpoint_id: int
        :param variable_name: The variable of the workflow that it sets, as ``"@min_amount"``.
        :type variable_name: str
        :param label: What people are asked; by default the name of the variable.
        :type label: str
        :param data_type: The kind of answer, a value of ``Parameter.DataType``.
        :type data_type: str
        :param description: More about it.
        :type description: str
        :param required: Whether there is no run without a value.
        :type required: bool
        :param use_default: Whether the workflow's own value is used where none is given.
        :type use_default: bool
        :param options: What can be selected: strings, or dicts with ``option``, which is shown, and ``value``, which is
            sent.
        :type options: list
        :returns: The parameter.
        :rtype: dict
        :raises NotFoundException: The workspace or the touchpoint does not exist.
        :raises ForbiddenException: The user is not a member of the workspace.
        :raises OutcomeUnknownException: The response was lost; the parameter may have been added.
        :raises FeatureNotFoundException: The server has no touchpoints.

        Example:

        >>> parameter = session.touchpoint.parameter.create(
        ...     "Sandbox", touchpoint_id, "@region", options=["north", "south"],
        ...     data_type=session.touchpoint.parameter.DataType.SingleSelect,
        ... )
        >>> [option["value"] for option in parameter["options"]]
        ['north', 'south']
        """
        sent = checked_parameter(
            variable_name,
            label,
            data_type,
            description=description,
            required=required,
            use_default=use_default,
            options=options,
        )
        number, path = self._path(workspace_id, touchpoint_id)
        action = f"add the parameter {variable_name} to touchpoint {number}"
        check = "Check with session.touchpoint.parameter.get_list whether it is there before you add it again."
        body = BytesBody.json({"worklet_parameter": {"workfile_id": number, **sent}})
        return self._one(Request("POST", path, action, body=body, errors=_ERRORS, how_to_check=check, feature=_FEATURE))

    def update(
        self,
        workspace_id: Id,
        touchpoint_id: Id,
        parameter_id: Id,
        *,
        label: str | None = None,
        description: str | None = None,
        data_type: str | None = None,
        required: bool | None = None,
        use_default: bool | None = None,
        options: Iterable[Any] | None = None,
    ) -> Record:
        """Change a parameter of a touchpoint. Calls ``PUT /workspaces/:id/touchpoints/:id/parameters/:id``.

        Then calls ``GET /workspaces/:id/touchpoints/:id/parameters``. The other parameters are those of :meth:`create`.

        :param parameter_id: ID of the parameter.
        :type parameter_id: int
        :returns: The parameter after the change.
        :rtype: dict
        :raises NotFoundException: The workspace, the touchpoint or the parameter does not exist.
        :raises ForbiddenException: The user is not a member of the workspace.
        :raises FeatureNotFoundException: The server has no touchpoints.

        Example:

        >>> parameter = session.touchpoint.parameter
        >>> row = parameter.get_list("Sandbox", touchpoint_id)[0]
        >>> changed = parameter.update(
        ...     "Sandbox", touchpoint_id, row["id"], required=True
        ... )
        >>> changed["required"]
        True
        """
        row = identifier(parameter_id, "parameter_id", NotFoundException)
        sent = given(
            label=words(label, "label"),
            description=words(description, "description"),
            data_type=None if data_type is None else DataType.checked(data_type, "data_type"),
            required=flag(required, "required"),
            use_default=flag(use_default, "use_default"),
            options=None if options is None else _options(options),
        )
        number, path = self._path(workspace_id, touchpoint_id)
        action = f"update parameter {row} of touchpoint {number}"
        if sent:
            body = BytesBody.json({"worklet_parameter": {"workfile_id": number, **sent}})
            self._request(
                Request("PUT", f"{path}/{row}", action, body=body, idempotent=True, errors=_ERRORS, feature=_FEATURE)
            )
        listing = Request("GET", path, action, params={"workfile_id": number}, errors=_ERRORS, feature=_FEATURE)
        for parameter in self._rows(listing)[0]:
            if parameter.get("id") == row:
                return Record(parameter)
        raise NotFoundException(f"Could not {action}: the touchpoint has no such parameter.")

    def delete(self, workspace_id: Id, touchpoint_id: Id, parameter_id: Id) -> None:
        """Remove a parameter from a touchpoint. Calls ``DELETE /workspaces/:id/touchpoints/:id/parameters/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param touchpoint_id: ID of the touchpoint.
        :type touchpoint_id: int
        :param parameter_id: ID of the parameter.
        :type parameter_id: int
        :returns: None.
        :rtype: NoneType
        :raises NotFoundException: The workspace, the touchpoint or the parameter does not exist.
        :raises ForbiddenException: The user is not a member of the workspace.
        :raises FeatureNotFoundException: The server has no touchpoints.

        Example:

        >>> parameter = session.touchpoint.parameter
        >>> row = parameter.get_list("Sandbox", touchpoint_id)[0]
        >>> parameter.delete("Sandbox", touchpoint_id, row["id"])
        """
        row = identifier(parameter_id, "parameter_id", NotFoundException)
        number, path = self._path(workspace_id, touchpoint_id)
        action = f"remove parameter {row} from touchpoint {number}"
        self._request(Request("DELETE", f"{path}/{row}", action, idempotent=True, errors=_ERRORS, feature=_FEATURE))

    def _path(self, workspace_id: Id, touchpoint_id: Id) -> tuple[int, str]:
        number = identifier(touchpoint_id, "touchpoint_id", NotFoundException)
        return number, f"workspaces/{workspace_id_of(self, workspace_id)}/touchpoints/{number}/parameters"


def checked_parameter(
    variable_name: str,
    label: str | None = None,
    data_type: str = DataType.Text,
    *,
    description: str | None = None,
    required: bool = False,
    use_default: bool = False,
    options: Iterable[Any] = (),
) -> dict[str, object]:
    """A parameter as the server reads it.

    :raises InvalidArgumentException: Something about it is wrong.
    """
    name = text(variable_name, "variable_name")
    if not name.startswith("@"):
        raise InvalidArgumentException(f"variable_name must be a variable of the workflow such as '@x', not {name!r}.")
    return {
        "variable_name": name,
        "label": words(label, "label") or name,
        "description": words(description, "description") or "",
        "data_type": DataType.checked(data_type, "data_type"),
        "required": bool(flag(required, "required")),
        "use_default": bool(flag(use_default, "use_default")),
        "options": _options(options),
    }


def _options(values: object) -> list[dict[str, str]]:
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise InvalidArgumentException(f"options must be a list, not {values!r:.200}.")
    return [_option(value) for value in values]


def _option(value: object) -> dict[str, str]:
    if isinstance(value, Mapping):
        shown = text(value.get("option"), "the key 'option' of each of options")
        return {"option": shown, "value": text(value.get("value", shown), "the key 'value' of each of options")}
    shown = text(value, "each of options")
    return {"option": shown, "value": shown}
