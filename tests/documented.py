"""What the documentation's examples find ready: a sandbox, and names as the guides use them."""

from __future__ import annotations

import doctest
import inspect
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import alpine
import alpine.afm
import alpine.sandbox
from alpine.sandbox import Sandbox
from alpine.sandbox.golden.fixture import FlowRunner, GoldenTest, Place
from alpine.sandbox.golden.outputs import WholeEngine

EXAMPLES = Path(alpine.sandbox.__file__).parent / "examples"
NOTEBOOKS = Path(__file__).parents[1] / "docs" / "notebooks"
FLATS = "price,rooms,area,district\n" + "".join(
    f"{area * 4 + 30 * (area % 3)},{area // 25 + 1},{area},{('center', 'north', 'south')[area % 3]}\n"
    for area in range(40, 100)
)
CUSTOMERS = 'code,name,age\n007,Ann,51\n008,Bob,\n010,"Cid, jr.",33\n'
NOTES = "Amounts are in euro.\n"
ROW_FILTER = """\
<Process Version="6.3.0.0" UserName="1" Description="">
<Operator name="credit" type="com.alpine.miner.gef.runoperator.datasource.DbTableOperator" uuid="1" X="1" Y="1"/>
<Operator name="Row Filter" type="com.alpine.miner.gef.runoperator.field.FilterOperator" uuid="2" X="2" Y="1"/>
<Link source="credit" target="Row Filter"/>
<VariableModel><Variable><Name>@min_credit_line</Name><Value>10</Value></Variable></VariableModel>
</Process>
"""


class Shown(doctest.OutputChecker):
    """Compares output where an example shows some; an example that shows none only has to run."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return not want or super().check_output(want, got, optionflags)


@dataclass(frozen=True)
class Stage:
    """The servers that examples talk to.

    :param server: One that is quick.
    :param slow: One whose runs take two seconds.
    """

    server: Sandbox
    slow: Sandbox

    @contextmanager
    def names(self, source: str, folder: Path) -> Iterator[dict[str, Any]]:
        """Fresh values for the prepared names that a source uses.

        :param source: The example's code.
        :param folder: Its working directory, which gets the files that examples read.
        """
        if "APIClient()" in source:
            with login_in_the_environment(self.server):
                yield self._made(source, folder)
        elif "from_profile" in source:
            with in_the_environment(ALPINE_CONFIG=str(folder / "config.toml")):
                yield self._made(source, folder)
        elif uses(source, "server"):
            # What is loaded into a server outlives its reset.
            with Sandbox() as own:
                yield Stage(own, self.slow)._made(source, folder)
        else:
            server = self.slow if uses(source, "running_process_id") else self.server
            server.reset()
            yield Stage(server, self.slow)._made(source, folder)

    def _made(self, source: str, folder: Path) -> dict[str, Any]:
        self._files(folder)
        makers = {name: getattr(self, f"_{name}") for name in PREPARED}
        names: dict[str, Any] = {"os": os, "alpine": alpine, "afm": alpine.afm, "APIClient": alpine.APIClient}
        for name in PREPARED:
            if uses(source, name) or name == "session":
                self._add(name, names, makers)
        if "results.json" in source:
            self._add("results", names, makers)
            (folder / "results.json").write_text(json.dumps(names["results"]), "utf-8")
        return names

    def _add(self, name: str, names: dict[str, Any], makers: dict[str, Callable[..., Any]]) -> None:
        if name in names:
            return
        needed = [part for part in inspect.signature(makers[name]).parameters if part in PREPARED]
        for part in needed:
            self._add(part, names, makers)
        names[name] = makers[name](**{part: names[part] for part in needed})

    def _files(self, folder: Path) -> None:
        (folder / "afm").mkdir(exist_ok=True)
        flow = (EXAMPLES / "order_filter.afm").read_bytes()
        for name in ("afm/test.afm", "order_filter.afm"):
            (folder / name).write_bytes(flow)
        shutil.copytree(Path(__file__).parent / "flows", folder / "flows", dirs_exist_ok=True)
        for name in ("order_report.afm", "orders.csv"):
            (folder / name).write_bytes((EXAMPLES / name).read_bytes())
        (folder / "row_filter.afm").write_text(ROW_FILTER, "utf-8")
        (folder / "notes.txt").write_bytes(NOTES.encode())
        (folder / "customers.csv").write_text(CUSTOMERS, "utf-8")
        (folder / "flats.csv").write_text(FLATS, "utf-8")
        (folder / "predict.afm").write_bytes((NOTEBOOKS / "predict.afm").read_bytes())
        login = {"host": self.server.url, "username": self.server.username, "password": self.server.password}
        (folder / "alpine_login.json").write_text(json.dumps(login), "utf-8")
        (folder / "alpine_login.json").chmod(0o600)
        printing = [sys.executable, "-c", f"print({self.server.password!r})"]
        profile = {"host": self.server.url, "username": self.server.username, "password_command": printing}
        lines = ["[profiles.prod]", *(f"{name} = {json.dumps(value)}" for name, value in profile.items())]
        (folder / "config.toml").write_text("\n".join(lines), "utf-8")
        (folder / "config.toml").chmod(0o600)

    def _results_of(self) -> Callable[..., Any]:
        # The page on workflows defines it in its first block.
        page = Path(__file__).parents[1] / "docs" / "reference" / "flows.md"
        names: dict[str, Any] = {}
        exec(page.read_text("utf-8").partition("```python\n")[2].partition("```")[0], names)
        function: Callable[..., Any] = names["results_of"]
        return function

    def _server(self) -> Sandbox:
        return self.server

    def _session(self) -> alpine.APIClient:
        return self.server.client()

    def _host(self) -> str:
        return self.server.host

    def _port(self) -> int:
        return self.server.port

    def _username(self) -> str:
        return self.server.username

    def _password(self) -> str:
        return self.server.password

    def _token(self) -> str | None:
        return self.server.client().token

    def _workspace_id(self, session: alpine.APIClient) -> int:
        return session.workspace.get_id("Sandbox")

    def _workflow_id(self, session: alpine.APIClient) -> int:
        return session.workfile.get_id("order_filter", "Sandbox")

    def _workfile_id(self, session: alpine.APIClient, workspace_id: int) -> int:
        return int(session.workfile.upload_file(workspace_id, "notes.txt")["id"])

    def _schema_id(self, session: alpine.APIClient) -> int:
        return session.dataset.schema.get_id("demo", "Sandbox Database")

    def _dataset_id(self, session: alpine.APIClient) -> int:
        return session.dataset.get_id("demo.orders", "Sandbox Database")

    def _touchpoint_id(self, session: alpine.APIClient, workspace_id: int) -> int:
        workflow_id = session.workfile.get_id("order_filter", workspace_id)
        amount = [{"variable_name": "@min_amount", "data_type": "Number"}]
        return int(session.touchpoint.create(workspace_id, "Large orders", workflow_id, parameters=amount)["id"])

    def _job_id(self, session: alpine.APIClient, workspace_id: int) -> int:
        job_id = int(session.job.create(workspace_id, "report")["id"])
        session.job.task.create(workspace_id, job_id, session.workfile.get_id("order_report", workspace_id))
        return job_id

    def _process_id(self, session: alpine.APIClient, workflow_id: int) -> str:
        process_id = session.workfile.process.run(workflow_id)
        session.workfile.process.wait_until_finished(workflow_id, process_id)
        return process_id

    def _running_process_id(self, session: alpine.APIClient, workflow_id: int) -> str:
        return session.workfile.process.run(workflow_id)

    def _downloaded_flow_results(self, session: alpine.APIClient, workflow_id: int, process_id: str) -> Any:
        return session.workfile.process.download_results(workflow_id, process_id)

    def _results(self, downloaded_flow_results: Any) -> Any:
        return downloaded_flow_results


def login_in_the_environment(server: Sandbox) -> AbstractContextManager[None]:
    """What a client without arguments reads, for as long as an example runs."""
    login = {"ALPINE_HOST": server.url, "ALPINE_USERNAME": server.username, "ALPINE_PASSWORD": server.password}
    return in_the_environment(**login)


@contextmanager
def in_the_environment(**values: str) -> Iterator[None]:
    """Some variables of the environment, for as long as an example runs."""
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            del os.environ[name]


def uses(source: str, name: str) -> bool:
    """Whether a name is in a source, as a word."""
    return re.search(rf"\b{name}\b", source) is not None


def flow_fixtures(folder: Path) -> dict[str, Any]:
    """The fixtures that run flows, for a test in a folder with the examples; what is golden is recorded."""
    if not hasattr(flow_fixtures, "engine"):
        flow_fixtures.engine = WholeEngine()  # type: ignore[attr-defined]
    place = Place(folder / "test_flows.py", "test", "test_flows.py::test", folder)
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "orders.csv").write_bytes((EXAMPLES / "orders.csv").read_bytes())
    for flow in EXAMPLES.glob("*.afm"):
        (folder / flow.name).write_bytes(flow.read_bytes())
    runner = FlowRunner(flow_fixtures.engine, place)  # type: ignore[attr-defined]
    return {"alpine_outputs": runner, "alpine_golden": GoldenTest(runner, place, True, lambda _: None)}


_HELPERS = {"_add", "_files", "_made"}
PREPARED = tuple(
    name[1:]
    for name, value in vars(Stage).items()
    if name.startswith("_") and not name.startswith("__") and callable(value) and name not in _HELPERS
)
"""The names that an example may use without making them."""


def staged() -> Iterator[Stage]:
    """Both servers, for as long as they are needed."""
    with Sandbox() as server, Sandbox(pace=("timed", 0.5)) as slow:
        yield Stage(server, slow)


def run_doctest(test: doctest.DocTest) -> str:
    """Run one doctest.

    :returns: What went wrong; empty when nothing did.
    """
    report: list[str] = []
    runner = doctest.DocTestRunner(
        checker=Shown(), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.FAIL_FAST
    )
    failed = runner.run(test, out=report.append).failed
    return "".join(report) if failed else ""
