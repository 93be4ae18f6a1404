"""Lets a plain function of DataFrames do the work of an operator."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.database import DatabaseTable
from alpine.sandbox.engine.failures import NodeFailure

_CONTEXT = "context"
_ONE_TABLE = inspect.signature(lambda data: data)
_IN_ORDER = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def as_handler(function: Callable[..., Any]) -> Callable[[Context], Output]:
    """Make an operator's function of a user's function.

    The function is called with a DataFrame for each table that is linked to the operator, in the order of the links.
    A parameter that is called ``context`` gets the :class:`Context` instead.

    :param function: The user's function; it returns a DataFrame, or an :class:`Output`.
    :returns: What the engine calls.
    :raises TypeError: It cannot be called.

    Example::

        >>> def multiplied(data, context):
        ...     return data * int(context.parameter("times"))
    """
    if not callable(function):
        raise TypeError(f"The work of an operator is done by a function, not by {function!r}.")
    signature = _signature(function)

    def handle(context: Context) -> Output:
        arguments = _arguments(signature, context)
        return _output(context, function(*arguments.args, **arguments.kwargs))

    return handle


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except ValueError:
        # Functions that are written in C may not tell theirs.
        return _ONE_TABLE


def _arguments(signature: inspect.Signature, context: Context) -> inspect.BoundArguments:
    takes_tables = set(signature.parameters) != {_CONTEXT}
    tables = context.dataframes() if takes_tables else []
    bound, left, missing = signature.bind_partial(), list(tables), False
    for name, parameter in signature.parameters.items():
        if name == _CONTEXT:
            bound.arguments[name] = context
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            bound.arguments[name], left = tuple(left), []
        elif parameter.kind in _IN_ORDER and left:
            bound.arguments[name] = left.pop(0)
        elif parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            missing = missing or parameter.default is inspect.Parameter.empty
    if left or missing:
        raise NodeFailure(
            f"{len(tables)} tables are linked to the operator, which do not fit the function's parameters: {signature}."
        )
    return bound


def _output(context: Context, made: Any) -> Output:
    if isinstance(made, Output):
        return made
    if isinstance(made, DatabaseTable):
        return Output(made)
    if not hasattr(made, "columns"):
        raise NodeFailure(f"The function should return a DataFrame or an Output, but it returned {made!r:.100}.")
    return Output(context.cursor.take(made))
