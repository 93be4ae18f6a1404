"""An Airflow of its own for a test: a home folder with a database, and the commands that use it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import alpine
from alpine.sandbox import Sandbox

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
    :param settings: More of Airflow's settings, by the names of their environment variables.
    """

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(Path(alpine.__file__).parents[1]),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            # On a busy machine the scheduler ends otherwise: its database "is locked" after five seconds.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db?timeout=120",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            **settings,
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self.command("db", "migrate")

    def knows(self, sandbox: Sandbox) -> None:
        """Make a sandbox the default connection."""
        connection = {
            "conn_type": "alpine",
            "host": sandbox.host,
            "port": sandbox.port,
            "login": sandbox.username,
            "password": sandbox.password,
        }
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

    def start(self, *words: str) -> None:
        """Start a part of Airflow as a process, with all of its children in a group."""
        with (self.home / f"{words[0]}.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "airflow", *words],
                    env=self.environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

    def stop(self) -> None:
        """End all that was started, and only that."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self.processes:
                try:
                    os.killpg(process.pid, number)
                    process.wait(10)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    continue

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read from Airflow's database."""
        connection = sqlite3.connect(self.home / "airflow.db", timeout=30)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def states(self, dag_id: str) -> dict[str, str]:
        """The states of the tasks of a DAG, by their ids."""
        return dict(self.ask("select task_id, state from task_instance where dag_id = ?", dag_id))

    def value(self, dag_id: str, task_id: str, key: str = "return_value") -> Any:
        """What a task left for others."""
        [(value,)] = self.ask(
            "select value from xcom where dag_id = ? and task_id = ? and key = ?", dag_id, task_id, key
        )
        return (
            json.loads(json.loads(value))
            if isinstance(json.loads(value), str) and key == "return_value"
            else json.loads(value)
        )
