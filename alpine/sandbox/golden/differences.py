"""How two results of an operator differ: by row and column, whatever the order of the rows where it does not count."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import chain, combinations

from alpine.sandbox.golden.outputs import FLOATS, WHOLE_NUMBERS, FlowOutputs, OperatorResult, Row

_REL = 1e-9
_SHOWN = 10
_LONGEST = 60
_COLUMNS_IN_PAIRS = 8
_MOST_PAIRED = 500
"""Rows without a key are paired by what they have in common only where there are no more: it takes the square."""


@dataclass(frozen=True)
class Tolerance:
    """How far two numbers may be apart.

    :param rel: Relative; 1e-9 for floating point numbers and 0 for others when left out.
    :param abs: Absolute; 0 when left out.
    """

    rel: float | None = None
    abs: float | None = None

    def holds_for(self, kind: str) -> bool:
        """Whether two values of a type may be apart."""
        return kind in FLOATS or (_is_number(kind) and (self.rel is not None or self.abs is not None))

    def same(self, kind: str, old: str | None, new: str | None) -> bool:
        """Whether two values of a type count as the same."""
        if old == new:
            return True
        if old is None or new is None or not _is_number(kind):
            return False
        is_float = kind in FLOATS
        try:
            if not is_float and self.rel is None and self.abs is None:
                return Decimal(old) == Decimal(new)
            rel = self.rel if self.rel is not None else _REL if is_float else 0.0
            return math.isclose(float(old), float(new), rel_tol=rel, abs_tol=self.abs or 0.0)
        except (InvalidOperation, ValueError, OverflowError):
            # A cell of a view may say nothing, or NaN.
            return False


def differences(
    recorded: Sequence[OperatorResult],
    outputs: FlowOutputs,
    tolerance: Tolerance,
    keys: Mapping[str, Sequence[str]],
) -> dict[str, list[str]]:
    """What differs, for each operator, in the order in which they run.

    :param recorded: The results that were recorded.
    :param outputs: What the flow leaves now.
    :param tolerance: How far numbers may be apart.
    :param keys: The columns by which the rows of an operator are told apart; found out when left out.
    """
    old = {(result.operator, result.title): result for result in recorded}
    new = {(result.operator, result.title): result for result in outputs.results}
    found: dict[str, list[str]] = {}
    for place in dict.fromkeys([*new, *old]):
        operator, title = place
        before, after = old.get(place), new.get(place)
        if before is None:
            lines = ["is not in the record" if not title else f"{title} is not in the record"]
        elif after is None:
            lines = ["is in the record, and no more in the flow" if not title else f"{title} is only in the record"]
        else:
            said = f"{title}: " if title and title != "shown" else ""
            lines = [f"{said}{line}" for line in compared(before, after, tolerance, keys.get(operator, ()))]
        if lines:
            found[operator] = found.get(operator, []) + lines
    return found


def told(found: Mapping[str, Sequence[str]], outputs: FlowOutputs) -> str:
    """Differences as text: the first operators in full, and those that come after one of them in a line."""
    flow = outputs.flow
    after: dict[str, str] = {}
    for operator in flow.execution_order():
        for source in flow.inputs_of(operator.name):
            first = source.name if source.name in found and source.name not in after else after.get(source.name)
            if first is not None:
                after.setdefault(operator.name, first)
    lines = []
    for name, said in found.items():
        if name in after:
            continue
        lines.append(f"{name!r}: {said[0]}" if len(said) == 1 else f"{name!r}: {len(said)} differences")
        lines += [f"    {line}" for line in said[:_SHOWN]] if len(said) > 1 else []
        lines += [f"    … and {len(said) - _SHOWN} more"] if len(said) > _SHOWN else []
        folded = [repr(other) for other in found if after.get(other) == name]
        if folded:
            verb = "differs" if len(folded) == 1 else "differ"
            lines.append(f"    After it, {', '.join(folded)} {verb} as well.")
    return "\n".join(lines)


def compared(old: OperatorResult, new: OperatorResult, tolerance: Tolerance, key: Sequence[str] = ()) -> list[str]:
    """How two results differ, a line for each difference; none where they are the same."""
    lines = list(_of_columns(old, new))
    shared = [column for column in old.columns if column in new.columns]
    one, other = _with_columns(old, shared), _with_columns(new, shared)
    if one.rows == other.rows:
        return lines
    if not old.is_ordered and Counter(one.rows) == Counter(other.rows):
        return lines
    kinds = one.types
    chosen = _key(one, other, key)
    rows = list(_by_key(one, other, chosen, tolerance) if chosen else _without_key(one, other, tolerance))
    if len(old.rows) != len(new.rows):
        lines.append(f"{len(old.rows)} rows -> {len(new.rows)} rows")
    lines += rows
    if old.is_ordered and not lines:
        for place, (before, after) in enumerate(zip(one.rows, other.rows, strict=True), 1):
            if not _same_rows(kinds, before, after, tolerance):
                lines.append(f"the rows come in another order: row {place} is {_row(shared, after)}")
                break
    return lines


def _is_number(kind: str) -> bool:
    return kind == "number" or (kind.startswith((*FLOATS, *WHOLE_NUMBERS, "DECIMAL")) and not kind.endswith("]"))


def _of_columns(old: OperatorResult, new: OperatorResult) -> Iterator[str]:
    for column in old.columns:
        if column not in new.columns:
            yield f"the column {column!r} is only in the record"
    for column in new.columns:
        if column not in old.columns:
            yield f"the column {column!r} is not in the record"
    shared = [column for column in old.columns if column in new.columns]
    order = [column for column in new.columns if column in old.columns]
    if shared != order:
        yield f"the columns come in another order: {', '.join(shared)} -> {', '.join(order)}"
    kinds = dict(zip(new.columns, new.types, strict=True))
    for column, kind in zip(old.columns, old.types, strict=True):
        if column in kinds and kinds[column] != kind:
            yield f"the type of {column!r}: {kind} -> {kinds[column]}"


def _with_columns(result: OperatorResult, columns: Sequence[str]) -> OperatorResult:
    if tuple(columns) == result.columns:
        return result
    places = [result.columns.index(column) for column in columns]
    return replace(
        result,
        columns=tuple(columns),
        types=tuple(result.types[place] for place in places),
        rows=[tuple(row[place] for place in places) for row in result.rows],
    )


def _key(old: OperatorResult, new: OperatorResult, wanted: Sequence[str]) -> tuple[int, ...]:
    """The places of the columns that tell rows apart in both results; none where nothing does."""
    if wanted:
        missing = [column for column in wanted if column not in old.columns]
        if missing:
            raise ValueError(
                f"The key of {old.operator!r} names {', '.join(missing)}, which is not in both the record and the "
                f"output. Columns of both: {', '.join(old.columns)}."
            )
        chosen = tuple(old.columns.index(column) for column in wanted)
        if _values(old, chosen) is None or _values(new, chosen) is None:
            raise ValueError(f"The key of {old.operator!r}, {', '.join(wanted)}, does not tell its rows apart.")
        return chosen
    exact = [place for place, kind in enumerate(old.types) if kind not in FLOATS]
    best: tuple[int, ...] = ()
    most = -1
    for places in chain(((place,) for place in exact), combinations(exact[:_COLUMNS_IN_PAIRS], 2)):
        if best and len(places) > len(best):
            break
        before = _values(old, places)
        after = _values(new, places) if before else None
        if before and after and len(before & after) > most:
            best, most = places, len(before & after)
    return best


def _values(result: OperatorResult, places: Sequence[int]) -> set[Row] | None:
    """The values of a key; None where it is none."""
    seen: set[Row] = set()
    for row in result.rows:
        value = tuple(row[place] for place in places)
        if value in seen or None in value:
            return None
        seen.add(value)
    return seen


def _by_key(old: OperatorResult, new: OperatorResult, key: tuple[int, ...], tolerance: Tolerance) -> Iterator[str]:
    now = {tuple(row[place] for place in key): row for row in new.rows}
    for row in old.rows:
        value = tuple(row[place] for place in key)
        name = ", ".join(f"{old.columns[place]}={_said(row[place])}" for place in key)
        other = now.pop(value, None)
        if other is None:
            yield f"{name}: only in the record: {_row(old.columns, row)}"
        else:
            yield from _of_cells(name, old, row, other, tolerance)
    for row in now.values():
        name = ", ".join(f"{old.columns[place]}={_said(row[place])}" for place in key)
        yield f"{name}: not in the record: {_row(old.columns, row)}"


def _of_cells(name: str, result: OperatorResult, old: Row, new: Row, tolerance: Tolerance) -> Iterator[str]:
    for column, kind, before, after in zip(result.columns, result.types, old, new, strict=True):
        if not tolerance.same(kind, before, after):
            yield f"{name}: {column}: {_said(before)} -> {_said(after)}"


def _without_key(old: OperatorResult, new: OperatorResult, tolerance: Tolerance) -> Iterator[str]:
    """Rows are the same as often as they are there; what is left is paired by what it has in common."""
    left = Counter(old.rows) & Counter(new.rows)
    gone, fresh = _taken_out(old.rows, left), [row for _, row in _taken_out(new.rows, left)]
    # Numbers that may be apart are compared within the rows that are the same otherwise.
    exact = [place for place, kind in enumerate(old.types) if not tolerance.holds_for(kind)]
    groups: dict[Row, tuple[list[tuple[int, Row]], list[Row]]] = defaultdict(lambda: ([], []))
    for number, row in gone:
        groups[tuple(row[place] for place in exact)][0].append((number, row))
    for row in fresh:
        groups[tuple(row[place] for place in exact)][1].append(row)
    gone, fresh = [], []
    for before, after in groups.values():
        rest = _unmatched(old.types, before, after, tolerance)
        gone += rest[0]
        fresh += rest[1]
    for number, row in gone:
        partner = _most_alike(row, fresh) if len(gone) <= _MOST_PAIRED and len(fresh) <= _MOST_PAIRED else None
        if partner is None:
            yield f"row {number} of the record: only there: {_row(old.columns, row)}"
        else:
            fresh.remove(partner)
            yield from _of_cells(f"row {number} of the record", old, row, partner, tolerance)
    for row in fresh:
        yield f"a row is not in the record: {_row(old.columns, row)}"


def _taken_out(rows: Sequence[Row], shared: Mapping[Row, int]) -> list[tuple[int, Row]]:
    """Rows with their numbers, without those that both results have."""
    left = dict(shared)
    kept = []
    for number, row in enumerate(rows, 1):
        if left.get(row, 0):
            left[row] -= 1
        else:
            kept.append((number, row))
    return kept


def _unmatched(
    kinds: Sequence[str], old: list[tuple[int, Row]], new: list[Row], tolerance: Tolerance
) -> tuple[list[tuple[int, Row]], list[Row]]:
    """What is left of two groups of rows without those that are the same within the tolerance."""
    places = [place for place, kind in enumerate(kinds) if tolerance.holds_for(kind)]

    def size(row: Row) -> list[float]:
        return [_number(row[place]) for place in places]

    old, new = sorted(old, key=lambda pair: size(pair[1])), sorted(new, key=size)
    if len(old) == len(new) and all(
        _same_rows(kinds, row, other, tolerance) for (_, row), other in zip(old, new, strict=True)
    ):
        return [], []
    if max(len(old), len(new)) > _MOST_PAIRED:
        return _walked(kinds, old, new, tolerance, size)
    gone = []
    for number, row in old:
        same = next((place for place, other in enumerate(new) if _same_rows(kinds, row, other, tolerance)), None)
        if same is None:
            gone.append((number, row))
        else:
            del new[same]
    return sorted(gone), new


def _walked(
    kinds: Sequence[str],
    old: list[tuple[int, Row]],
    new: list[Row],
    tolerance: Tolerance,
    size: Callable[[Row], list[float]],
) -> tuple[list[tuple[int, Row]], list[Row]]:
    """The same for many rows, which come sorted by size: one way through both."""
    gone, fresh, place = list[tuple[int, Row]](), list[Row](), 0
    for number, row in old:
        while place < len(new) and not _same_rows(kinds, row, new[place], tolerance) and size(new[place]) < size(row):
            fresh.append(new[place])
            place += 1
        if place < len(new) and _same_rows(kinds, row, new[place], tolerance):
            place += 1
        else:
            gone.append((number, row))
    return sorted(gone), fresh + new[place:]


def _number(value: str | None) -> float:
    try:
        number = math.inf if value is None else float(value)
    except ValueError:
        return math.inf
    # NaN has no place in an order.
    return math.inf if math.isnan(number) else number


def _most_alike(row: Row, others: Sequence[Row]) -> Row | None:
    def alike(other: Row) -> int:
        return sum(map(str.__eq__, map(repr, row), map(repr, other)))

    best = max(others, key=alike, default=None)
    return best if best is not None and 2 * alike(best) >= len(row) else None


def _same_rows(kinds: Sequence[str], old: Row, new: Row, tolerance: Tolerance) -> bool:
    return all(map(tolerance.same, kinds, old, new))


def _row(columns: Sequence[str], row: Row) -> str:
    return ", ".join(f"{column}={_said(value)}" for column, value in zip(columns, row, strict=True))


def _said(value: str | None) -> str:
    if value is None:
        return "null"
    text = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
    return text if text and text == text.strip() and text.isprintable() and "," not in text else repr(text)
