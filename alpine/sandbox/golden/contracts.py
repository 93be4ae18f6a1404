"""What an output has to be whatever it is: contracts, which need no record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from alpine.sandbox.golden.outputs import OperatorResult

_SHOWN = 5


def expect(output: Any) -> Contract:
    """Say what an output has to be; each part raises an AssertionError that tells what is otherwise.

    :param output: The result of an operator, or a DataFrame.
    :returns: The contract, whose methods can be chained.

    Example::

        expect(outputs["orders"]).rows(300).unique("order_id").not_null("amount")
    """
    return Contract(output if isinstance(output, OperatorResult) else _of_dataframe(output))


class Contract:
    """What an output has to be.

    :param result: The output.
    """

    def __init__(self, result: OperatorResult) -> None:
        self._result = result

    def rows(self, count: int | None = None, *, least: int | None = None, most: int | None = None) -> Self:
        """So many rows.

        :param count: How many, exactly.
        :param least: How many at least.
        :param most: How many at most.
        """
        __tracebackhide__ = True
        found = len(self._result.rows)
        if count is not None and found != count:
            self._fail(f"has {found} rows, not {count}")
        if least is not None and found < least:
            self._fail(f"has {found} rows, not {least} or more")
        if most is not None and found > most:
            self._fail(f"has {found} rows, not {most} or fewer")
        return self

    def columns(self, *names: str) -> Self:
        """These columns, in this order, and no other.

        :param names: Their names.
        """
        __tracebackhide__ = True
        found = self._result.columns
        missing = [name for name in names if name not in found]
        more = [name for name in found if name not in names]
        said = [*(f"lacks {name!r}" for name in missing), *(f"has {name!r} besides" for name in more)]
        if not said and found != names:
            said = [f"has its columns in the order {', '.join(found)}"]
        if said:
            self._fail(f"{', '.join(said)}; its columns should be {', '.join(names)}")
        return self

    def unique(self, *columns: str) -> Self:
        """No two rows with the same values in these columns; nulls are left out.

        :param columns: Their names.
        """
        __tracebackhide__ = True
        values = zip(*(self._result.column(name) for name in columns), strict=True)
        counts = Counter(value for value in values if None not in value)
        twice = [(value, count) for value, count in counts.items() if count > 1]
        if twice:
            said = _some([f"{', '.join(map(str, value))} ({count} rows)" for value, count in twice])
            self._fail(f"has values of {', '.join(columns)} in more than one row: {said}")
        return self

    def not_null(self, *columns: str) -> Self:
        """No nulls in these columns.

        :param columns: Their names.
        """
        __tracebackhide__ = True
        for name in columns:
            places = [place for place, value in enumerate(self._result.column(name), 1) if value is None]
            if places:
                self._fail(f"has {len(places)} nulls in {name!r}, in row {_some(list(map(str, places)))}")
        return self

    def between(self, column: str, low: float | None = None, high: float | None = None) -> Self:
        """Numbers within limits, which are allowed themselves; nulls are left out.

        :param column: The column's name.
        :param low: The least value.
        :param high: The greatest value.
        """
        __tracebackhide__ = True
        outside = []
        for place, value in enumerate(self._result.column(column), 1):
            if value is None:
                continue
            try:
                number = Decimal(value)
            except InvalidOperation:
                self._fail(f"has a value in {column!r} that is no number: {value!r} in row {place}")
            is_inside = (low is None or number >= Decimal(str(low))) and (high is None or number <= Decimal(str(high)))
            if number.is_nan() or not is_inside:
                outside.append(f"{value} in row {place}")
        if outside:
            limits = " and ".join(
                [*([f"at least {low}"] if low is not None else []), *([f"at most {high}"] if high is not None else [])]
            )
            self._fail(f"has values in {column!r} that are not {limits}: {_some(outside)}")
        return self

    def one_of(self, column: str, values: Collection[object]) -> Self:
        """No values but these; nulls are left out.

        :param column: The column's name.
        :param values: The values that are allowed.
        """
        __tracebackhide__ = True
        allowed = {_text(value) for value in values}
        others = [value for value in dict.fromkeys(self._result.column(column)) if value not in (*allowed, None)]
        if others:
            self._fail(f"has values in {column!r} that are not allowed: {_some([repr(value) for value in others])}")
        return self

    def _fail(self, what: str) -> None:
        __tracebackhide__ = True
        raise AssertionError(f"{self._result.name} {what}.")


def _of_dataframe(frame: Any) -> OperatorResult:
    if not hasattr(frame, "columns") or not hasattr(frame, "itertuples"):
        raise TypeError(
            f"expect takes the output of an operator or a DataFrame, not {type(frame).__name__}. Of a run's results, "
            "give expect(results.operators['name'].to_dataframe())."
        )
    import pandas

    rows = [
        tuple(None if pandas.isna(value) else _text(value) for value in row)
        for row in frame.itertuples(index=False, name=None)
    ]
    types = tuple(str(kind) for kind in frame.dtypes)
    return OperatorResult("The DataFrame", "", tuple(map(str, frame.columns)), types, rows)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _some(parts: list[str]) -> str:
    more = f" and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
    return ", ".join(parts[:_SHOWN]) + more
