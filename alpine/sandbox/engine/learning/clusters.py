"""K-Means: Lloyd's algorithm from a start that is always the same.

It is written out, and not scikit-learn's, because a row that is as near to two centres goes there to either, as the
machine rounds: the clusters of a table of whole numbers would depend on the versions of libraries.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from alpine.sandbox.engine.database import MAX_THREADS, PLACE, Cursor, DatabaseTable
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.learning.centring import Centred, centred
from alpine.sandbox.engine.learning.chosen import require_numbers
from alpine.sandbox.engine.models import Model, NumberTexts, Scored

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

T = TypeVar("T")

_SEED = 0
_BLOCK, _MOST_PIECE, _LEAST_PIECE = 1 << 16, 1 << 13, 1 << 9
_PRODUCT = 1 << 18
_SAMPLE = 1 << 17
"""Of how many rows the start is made, where there are more."""
_TIE = 1e-12
"""Distances that differ less, as a share of them, are the same."""
_INFO_DIGITS = 6


@dataclass(frozen=True)
class ClusterModel(Model):
    """Clusters of rows.

    :param name: The operator that found them.
    :param columns: The columns, and what is taken off their numbers.
    :param centres: A row for each cluster, less what is taken off.
    :param is_squared: Whether distances are squares of Euclidean ones.
    """

    name: str
    columns: tuple[Centred, ...]
    centres: Array
    is_squared: bool
    short = "KM"

    def scored(self, cursor: Cursor, table: DatabaseTable) -> Scored:
        """The nearest cluster of each row, its distance, and the distances of all clusters."""
        require_numbers(table, [table.find(column.column) for column in self.columns])
        places, values = _read(cursor, table, self.columns)
        labels = _labels(values, self.centres)
        everything = [
            _squares(values, centre) if self.is_squared else _squares(values, centre) ** 0.5 for centre in self.centres
        ]
        shown = [distances.round(_INFO_DIGITS) for distances in everything]
        columns = {
            f"PRED_{self.short}": labels,
            f"DIST_{self.short}": self.distances(values, labels),
            f"INFO_{self.short}": NumberTexts([str(cluster) for cluster in range(len(shown))], shown),
        }
        return Scored(places, columns)

    def distances(self, values: Array, labels: Array) -> Array:
        """How far rows are from the centres of clusters.

        :param values: A row for each column.
        """
        import numpy as np

        squares = np.empty(values.shape[1])
        for begin in range(0, len(squares), _MOST_PIECE):
            piece = slice(begin, begin + _MOST_PIECE)
            squares[piece] = np.square(values[:, piece] - self.centres.T[:, labels[piece]]).sum(axis=0)
        return squares if self.is_squared else np.sqrt(squares)


@dataclass(frozen=True)
class Clustering:
    """What a fit found.

    :param model: The clusters.
    :param places: The rows that were clustered.
    :param labels: The cluster of each.
    :param counts: How many rows each cluster has.
    :param means: The means of its rows, NaN for one without rows: a row for each cluster.
    :param distances: How far each is from its centre.
    :param rounds: How often the centres moved, or could have.
    :param is_settled: Whether they would not move again.
    """

    model: ClusterModel
    places: Array
    labels: Array
    counts: Array
    means: Array
    distances: Array
    rounds: int
    is_settled: bool


def cluster(
    cursor: Cursor,
    table: DatabaseTable,
    columns: Sequence[str],
    name: str,
    *,
    size: int,
    rounds: int,
    is_squared: bool,
) -> Clustering:
    """Find clusters of the rows that lack none of the columns.

    :param columns: Columns of numbers.
    :param name: The operator's name.
    :param size: How many clusters.
    :param rounds: How often the centres may move.
    :param is_squared: Whether distances are squares of Euclidean ones.
    :returns: The clusters, the largest first.
    :raises NodeFailure: There are fewer different rows than clusters, or numbers that are not finite.
    """
    import numpy as np

    parts = tuple(centred(cursor, table, columns))
    places, values = _read(cursor, table, parts)
    if not len(places):
        raise NodeFailure("There is no row that has a number in each of the columns.")
    centres, moved, is_settled = lloyd(
        values,
        _start(values, size),
        rounds,
        # Raises where the run was stopped.
        lambda: cursor.fetch("SELECT 1"),
    )
    labels = _labels(values, centres)
    counts = np.bincount(labels, minlength=size)
    order = sorted(range(size), key=lambda place: (-counts[place], centres[place].tolist()))
    renumbered = np.empty(size, dtype=np.int64)
    renumbered[order] = np.arange(size)
    labels, counts = renumbered[labels], counts[order]
    model = ClusterModel(name, parts, centres[order], is_squared)
    # One round more moves the centres to the means of the rows that are now nearest.
    means = centres if is_settled else lloyd(values, centres, 1)[0]
    means = np.where(counts[:, None] > 0, means[order], np.nan)
    shift = [column.centre for column in parts]
    distances = model.distances(values, labels)
    return Clustering(model, places, labels, counts, means + shift, distances, moved, is_settled)


def _start(values: Array, size: int) -> Array:
    """Rows to start from; of a sample where there are many, since each look at all of them costs as much as a round."""
    import numpy as np

    count = values.shape[1]
    if count > _SAMPLE:
        # Drawn, since rows at equal distances may all be of one kind.
        drawn = np.unique(np.random.RandomState(_SEED).randint(count, size=_SAMPLE))
        try:
            return start(np.ascontiguousarray(values[:, drawn]), size)
        except NodeFailure:
            # The sample has fewer different rows than there should be clusters; the table may have more.
            pass
    return start(values, size)


def start(values: Array, size: int) -> Array:
    """Rows to start from, by k-means++: each is likelier the farther it is, and the best of a few is taken.

    :param values: A row for each column.
    :returns: A row for each centre.
    :raises NodeFailure: There are fewer different rows.
    """
    import numpy as np

    def away(place: int) -> Array:
        centre = values[:, place]
        return np.concatenate(_in_blocks(values, lambda block: _squares(values[:, block], centre)))

    # The only generator of numpy whose numbers will stay the same.
    chance = np.random.RandomState(_SEED)
    tries = 2 + int(math.log(size))
    chosen = [int(chance.randint(values.shape[1]))]
    nearest = away(chosen[0])
    while len(chosen) < size:
        sums = nearest.cumsum()
        if not sums[-1]:
            raise NodeFailure(
                f"There should be {size:,} clusters (k), but there are only {len(chosen):,} different rows."
            )
        found = np.searchsorted(sums, chance.random_sample(tries) * sums[-1], side="right")
        options = [
            (place, np.minimum(nearest, away(place)))
            for place in np.minimum(found, np.flatnonzero(nearest)[-1]).tolist()
        ]
        place, nearest = min(options, key=lambda option: float(option[1].sum()))
        chosen.append(place)
    centres: Array = values[:, chosen].T.copy()
    return centres


def lloyd(
    values: Array, centres: Array, rounds: int, pause: Callable[[], object] = lambda: None
) -> tuple[Array, int, bool]:
    """Move each centre to the mean of the rows that are nearest to it, until none moves.

    A centre without rows stays where it is.

    :param values: A row for each column.
    :param centres: A row for each centre.
    :param rounds: How often at most.
    :param pause: Called before each round; what it raises ends the fit.
    :returns: The centres, the number of rounds, and whether none would move again.
    """
    import numpy as np

    lengths = np.square(values).sum(axis=0)

    def summed(block: slice) -> tuple[Array, Array]:
        sums, counts = np.zeros(centres.shape), np.zeros(len(centres))
        for piece, nearest in _nearest(values, centres, lengths, block):
            belongs = nearest.astype(float)
            sums += belongs @ values[:, piece].T
            counts += belongs.sum(axis=1)
        return sums, counts

    for done in range(rounds):
        pause()
        parts = _in_blocks(values, summed)
        # In order, so that rounding does not depend on the number of processors.
        sums, counts = (sum(part[i] for part in parts[1:]) + parts[0][i] for i in (0, 1))
        moved = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres)
        if np.array_equal(moved, centres):
            return centres, done + 1, True
        centres = moved
    return centres, rounds, False


def _labels(values: Array, centres: Array) -> Array:
    """The nearest centre of each row, the first of several."""
    import numpy as np

    lengths = np.square(values).sum(axis=0)

    def labelled(block: slice) -> Array:
        return np.concatenate([near.argmax(axis=0) for _, near in _nearest(values, centres, lengths, block)])

    return np.concatenate([np.empty(0, dtype=np.int64), *_in_blocks(values, labelled)]).astype(np.int64)


def _in_blocks(values: Array, function: Callable[[slice], T]) -> list[T]:
    """What a function makes of the rows, a block of them on each processor at a time; in the order of the rows."""
    blocks = [slice(begin, begin + _BLOCK) for begin in range(0, values.shape[1], _BLOCK)]
    if len(blocks) < 2:
        return [*map(function, blocks)]
    with ThreadPoolExecutor(min(os.cpu_count() or 1, MAX_THREADS)) as pool:
        return list(pool.map(function, blocks))


def _nearest(values: Array, centres: Array, lengths: Array, block: slice) -> Iterator[tuple[slice, Array]]:
    """Which centre is nearest to each row, a piece of the rows at a time: a row for each centre, one truth a column.

    :param lengths: The squares of the rows' distances from zero.
    :param block: Which rows.
    """
    import numpy as np

    own = np.square(centres).sum(axis=1)
    # What a distance may be wrong by, computed as the difference of large numbers.
    rounding = 8 * (values.shape[0] + 2) * float(np.finfo(float).eps)
    # Larger products of matrices start threads of their own, which get in the way of each other for so little.
    rows = min(max(_PRODUCT // centres.size, _LEAST_PIECE), _MOST_PIECE)
    for begin in range(block.start, min(block.stop, values.shape[1]), rows):
        piece = slice(begin, min(begin + rows, block.stop))
        part = values[:, piece]
        squares = (-2 * centres) @ part + own[:, None]
        nearest = squares <= squares.min(axis=0) + rounding * (lengths[piece] + own.max())
        if np.count_nonzero(nearest) > part.shape[1]:
            unsure = np.flatnonzero(nearest.sum(axis=0) > 1)
            exact = np.array([_squares(part[:, unsure], centre) for centre in centres])
            first = (exact <= exact.min(axis=0) * (1 + _TIE)).argmax(axis=0)
            nearest[:, unsure] = np.arange(len(centres))[:, None] == first
        yield piece, nearest


def _squares(values: Array, centre: Array) -> Array:
    """The squares of the distances of rows from a centre."""
    import numpy as np

    squares = np.empty(values.shape[1])
    for begin in range(0, len(squares), _MOST_PIECE):
        piece = slice(begin, begin + _MOST_PIECE)
        away = values[:, piece] - centre[:, None]
        np.einsum("ij,ij->j", away, away, out=squares[piece])
    return squares


def _read(cursor: Cursor, table: DatabaseTable, columns: Sequence[Centred]) -> tuple[Array, Array]:
    """The places of the rows that lack none of the columns, and a row of numbers for each column."""
    import numpy as np

    what = "".join(f", {column.sql(table)} AS c{i}" for i, column in enumerate(columns))
    data = cursor.arrays(f"SELECT {PLACE} AS place{what} FROM {table.rows}")
    places = np.asarray(data["place"])
    values = np.array([np.ma.filled(data[f"c{i}"], np.nan) for i in range(len(columns))])
    # To sort here what comes in order, as a rule, is faster than to let the database do it.
    if (places[1:] < places[:-1]).any():
        order = places.argsort()
        places, values = places[order], values[:, order]
    there = np.isfinite(values).all(axis=0)
    return (places, values) if there.all() else (places[there], np.ascontiguousarray(values[:, there]))
