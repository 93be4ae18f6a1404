"""Naive Bayes: a normal distribution for each class and column of numbers, relative frequencies for other columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.classes import Classes, class_names
from alpine.sandbox.engine.context import texts
from alpine.sandbox.engine.database import PLACE, Cursor, DatabaseTable
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.learning.centring import Centred, centred
from alpine.sandbox.engine.learning.chosen import is_number
from alpine.sandbox.engine.models import ClassificationModel, Judged
from alpine.sandbox.engine.types import in_words

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

_MAX_CLASSES = 200
_MAX_VALUES = 100_000
_NARROW = 1e-9
"""The variance of a class whose numbers are all the same, as a share of that of the column; as scikit-learn's."""
_FARTHEST = 1e300
_ROWS_AT_ONCE = 1 << 15
_SHOWN = 5


@dataclass(frozen=True)
class Normal:
    """How the numbers of a column are distributed in each class.

    :param column: The column, and what is taken off its numbers.
    :param rows: How many numbers each class has.
    :param means: Their means, less what is taken off.
    :param deviations: Their sample standard deviations; NaN for one number.
    :param widths: The standard deviations that are computed with.
    """

    column: Centred
    rows: Array
    means: Array
    deviations: Array
    widths: Array

    def sql(self, table: DatabaseTable) -> str:
        """The numbers of a table.

        :raises NodeFailure: The table has no such column, or holds other values in it.
        """
        column = table.find(self.column.column)
        if not is_number(table, column):
            raise NodeFailure(
                f"The model was fitted on numbers in the column {column!r}, but here it holds "
                f"{in_words(table.type_of(column))}."
            )
        return self.column.sql(table)

    def add(self, logs: Array, values: Array) -> None:
        """Add the logarithm of each number's density to that of each class; a number that is missing adds nothing.

        :param logs: A row for each class.
        """
        import numpy as np

        missing = ~np.isfinite(values)
        for row, mean, width in zip(logs, self.means, self.widths, strict=True):
            far = np.minimum(np.square((values - mean) / width), _FARTHEST)
            far *= -0.5
            far -= math.log(width)
            far[missing] = 0.0
            np.add(row, far, out=row)


@dataclass(frozen=True)
class Frequencies:
    """How often each value of a column occurs in each class.

    :param column: The column's name.
    :param values: The values, sorted.
    :param counts: A row for each value, a column for each class.
    """

    column: str
    values: tuple[str, ...]
    counts: Array

    @property
    def shares(self) -> Array:
        """The relative frequencies."""
        shares: Array = self.counts / self.counts.sum(axis=0)
        return shares

    def sql(self, table: DatabaseTable) -> str:
        """The values of a table, as text.

        :raises NodeFailure: The table has no such column.
        """
        return texts(table.find(self.column))

    def logs(self, codes: Array) -> Array:
        """The logarithms of the frequencies of values, a row for each class.

        A value that a class of n rows does not have counts there as 1 / (n + 1).

        :param codes: The places of the values; -1 for a missing one, which adds nothing, -2 for one of no class.
        """
        import numpy as np

        rare = 1 / (self.counts.sum(axis=0) + 1)
        known = np.log(np.where(self.counts > 0, self.shares, rare))
        table = np.vstack([known, np.log(rare), np.zeros(len(rare))])
        found: Array = table.T[:, codes]
        return found

    def codes(self, values: Any) -> tuple[Array, str]:
        """The places of values, and a warning where some occur in no class.

        :param values: A pandas Series of texts.
        """
        import numpy as np

        # The values of the column, each once: a table has far fewer of them than rows.
        places, different = values.factorize()
        known = {value: place for place, value in enumerate(self.values)}
        found = np.array([*(known.get(value, -2) for value in different), -1])[places]
        strange = int((found == -2).sum())
        if not strange:
            return found, ""
        fresh = sorted(value for value in different if value not in known)
        shown = ", ".join(map(repr, fresh[:_SHOWN])) + (", …" if len(fresh) > _SHOWN else "")
        return found, (
            f"Rows with a value of {self.column!r} that the model was not fitted on ({shown}): {strange:,}. "
            f"It counts as 1 of n + 1 rows in a class of n."
        )


@dataclass(frozen=True)
class BayesModel(ClassificationModel):
    """A fitted naive Bayes.

    :param name: The operator that fitted it.
    :param target: The column it predicts.
    :param classes: The classes.
    :param positive: The last of them.
    :param rows: How many rows each has.
    :param parts: What is known of each column; those that say nothing are left out.
    """

    name: str
    target: str
    classes: Classes
    positive: str
    rows: Array
    parts: tuple[Normal | Frequencies, ...]
    short = "NB"

    def judge(self, cursor: Cursor, table: DatabaseTable, label: str | None = None) -> Judged:
        import numpy as np

        places, labels, logs, warnings = self._posteriors(cursor, table, label)
        left_out = 0
        if label is not None:
            [(total,)] = cursor.fetch(f"SELECT count(*) FROM {table.sql}")
            left_out = total - len(places)
        return Judged(places, labels, np.exp(logs).T, left_out, warnings)

    def deviance(self, cursor: Cursor, table: DatabaseTable) -> float:
        """-2 times the sum of the logarithms of what the model thinks the rows' own classes are likely."""
        import numpy as np

        _, labels, logs, _ = self._posteriors(cursor, table, table.find(self.target))
        own = np.array(self.classes.names, dtype=object)[:, None] == labels
        return float(-2 * logs[own].sum()) + 0.0

    def _posteriors(
        self, cursor: Cursor, table: DatabaseTable, label: str | None
    ) -> tuple[Array, Array, Array, list[str]]:
        """Places of rows, their classes, the logarithms of probabilities (a row for each class), and warnings."""
        import numpy as np

        what = [f"{PLACE} AS place", *(f"{part.sql(table)} AS c{i}" for i, part in enumerate(self.parts))]
        where = ""
        if label is not None:
            what.append(f"{texts(label)} AS label")
            where = f"WHERE {quoted(label)} IS NOT NULL"
        inner = f"SELECT {', '.join(what)} FROM {table.rows} {where}"
        data = cursor.dataframe(f"SELECT * FROM ({inner}) ORDER BY place")
        logs, warnings = np.empty((len(self.rows), len(data))), list[str]()
        logs[:] = np.log(self.rows / self.rows.sum())[:, None]
        for i, part in enumerate(self.parts):
            if isinstance(part, Frequencies):
                codes, warning = part.codes(data[f"c{i}"])
                logs += part.logs(codes)
                warnings += [warning] if warning else []
                continue
            values = data[f"c{i}"].to_numpy(dtype=float)
            # Pieces that stay in the processor's memory.
            for start in range(0, len(values), _ROWS_AT_ONCE):
                piece = slice(start, start + _ROWS_AT_ONCE)
                part.add(logs[:, piece], values[piece])
        logs -= logs.max(axis=0, initial=-math.inf)
        logs -= np.log(np.exp(logs).sum(axis=0))
        labels = np.array([], dtype=object)
        if label is not None:
            labels = class_names(data["label"].to_numpy(dtype=object), table.type_of(label))
        return data["place"].to_numpy(), labels, logs, warnings


def fit(
    cursor: Cursor, table: DatabaseTable, target: str, columns: Sequence[str], name: str
) -> tuple[BayesModel, list[str]]:
    """Count classes and values, and compute means and deviations, in the database.

    :param target: The column of classes; rows without one are not used.
    :param columns: The columns to predict from; a row counts for those in which it has a value.
    :param name: The operator's name.
    :returns: The model, and warnings.
    :raises NodeFailure: There is no row with a class, there are too many classes, or a column cannot be used.
    """
    import numpy as np

    [(different,)] = cursor.fetch(f"SELECT count(DISTINCT {quoted(target)}) FROM {table.sql}")
    if not different:
        raise NodeFailure(f"No row has a value in the dependent column {target!r}.")
    if different > _MAX_CLASSES:
        raise NodeFailure(f"The column {target!r} has {different:,} values; {_MAX_CLASSES} can be classes.")
    numeric = centred(cursor, table, [column for column in columns if is_number(table, column)])
    shifted = [column.sql(table) for column in numeric]
    figures = "".join(f", count({x}), avg({x}), var_samp({x}), min({x}) < max({x})" for x in shifted)
    found = cursor.fetch(
        f"SELECT {texts(target)}, count(*){figures} FROM {table.sql} WHERE {quoted(target)} IS NOT NULL "
        f"GROUP BY {quoted(target)}"
    )
    kind = table.type_of(target)
    named = dict(zip(class_names(np.array([row[0] for row in found], dtype=object), kind), found, strict=True))
    classes = Classes.of(named, kind)
    rows = np.array([named[label][1] for label in classes.names])
    parts: list[Normal | Frequencies] = []
    warnings: list[str] = []
    at_number = {column.column: place for place, column in enumerate(numeric)}
    for column in columns:
        if column not in at_number:
            parts.append(_frequencies(cursor, table, target, column, classes))
            continue
        place = at_number[column]
        part, remark = _normal(numeric[place], [named[label][2 + 4 * place :][:4] for label in classes.names], classes)
        parts += [part] if part else []
        warnings += [remark] if remark else []
    return BayesModel(name, target, classes, classes.names[-1], rows, tuple(parts)), warnings


def _normal(column: Centred, figures: Sequence[Any], classes: Classes) -> tuple[Normal | None, str]:
    """A column's distributions, None where it says nothing, and a warning.

    :param figures: For each class the number of its numbers, their mean, their variance and whether they differ.
    """
    import numpy as np

    rows = np.array([row[0] for row in figures])
    _refuse_missing(column.column, rows, classes)
    means = np.array([row[1] for row in figures], dtype=float)
    variances = np.array(
        [math.nan if n == 1 else row[2] if row[3] else 0.0 for n, row in zip(rows, figures, strict=True)]
    )
    inner = np.where(rows > 1, variances * (rows - 1), 0.0).sum()
    between = (rows * np.square(means - (rows @ means) / rows.sum())).sum()
    differ = np.array([bool(row[3]) for row in figures])
    if not differ.any() and len(set(means.tolist())) == 1:
        return None, f"The column {column.column!r} has one value alone and says nothing of the class; it is left out."
    narrow = _NARROW * (inner + between) / max(rows.sum() - 1, 1)
    widths = np.sqrt(np.where(differ, variances, narrow))
    made = Normal(column, rows, means, np.sqrt(variances), widths)
    if differ.all():
        return made, ""
    alone = [name for name, does in zip(classes.names, differ, strict=True) if not does]
    shown = ", ".join(map(repr, alone[:_SHOWN])) + (", …" if len(alone) > _SHOWN else "")
    return made, (
        f"The column {column.column!r} has one value alone in {'a class' if len(alone) == 1 else 'classes'} ({shown}), "
        f"where a normal distribution has no width: {_NARROW:g} of the column's variance is used there."
    )


def _frequencies(cursor: Cursor, table: DatabaseTable, target: str, column: str, classes: Classes) -> Frequencies:
    import numpy as np

    there = f"{quoted(target)} IS NOT NULL AND {quoted(column)} IS NOT NULL"
    [(different,)] = cursor.fetch(f"SELECT count(DISTINCT {texts(column)}) FROM {table.sql} WHERE {there}")
    if different > _MAX_VALUES:
        raise NodeFailure(f"The column {column!r} has {different:,} values; {_MAX_VALUES:,} can be categories.")
    found = cursor.fetch(
        f"SELECT {texts(target)}, {texts(column)}, count(*) FROM {table.sql} WHERE {there} "
        f"GROUP BY {quoted(target)}, {texts(target)}, {texts(column)}"
    )
    labels = class_names(np.array([row[0] for row in found], dtype=object), table.type_of(target))
    values = sorted({row[1] for row in found})
    value_at = {value: place for place, value in enumerate(values)}
    class_at = {name: place for place, name in enumerate(classes.names)}
    counts = np.zeros((len(values), len(classes.names)), dtype=int)
    for label, (_, value, times) in zip(labels, found, strict=True):
        counts[value_at[value], class_at[label]] += times
    _refuse_missing(column, counts.sum(axis=0), classes)
    return Frequencies(column, tuple(values), counts)


def _refuse_missing(column: str, rows: Array, classes: Classes) -> None:
    for name, count in zip(classes.names, rows, strict=True):
        if not count:
            raise NodeFailure(
                f"The column {column!r} has no value in the class {name!r}, so that nothing is known of its "
                f"distribution there. Leave the column out, or filter the class out."
            )
