"""The scripts that the README starts say what is true of the data."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

from alpine.sandbox import Sandbox

ROOT = Path(__file__).parent.parent
ORDERS = ROOT / "alpine" / "sandbox" / "examples" / "orders.csv"


def test_the_quick_start_prints_the_row_counts_that_the_data_has() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "quickstart.py")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    with ORDERS.open(encoding="utf-8", newline="") as file:
        amounts = [Decimal(row["amount"]) for row in csv.DictReader(file)]
    printed = re.findall(r"@min_amount = (\d+): SUCCESS, Row Filter keeps (\d+) rows", done.stdout)
    assert [(int(amount), int(kept)) for amount, kept in printed] == [
        (limit, sum(amount > limit for amount in amounts)) for limit in (100, 200)
    ]
    assert printed[0][1] != printed[1][1]
    assert done.stderr == ""


def test_the_operators_of_ones_own_give_what_the_data_has() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "own_operators.py")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    totals: dict[str, Decimal] = {}
    with ORDERS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            totals[row["region"]] = totals.get(row["region"], Decimal(0)) + Decimal(row["amount"])
    printed = re.findall(r"(\w+) +(\d+\.\d\d)$", done.stdout.partition("SQL")[2], re.MULTILINE)
    assert [(region, Decimal(total)) for region, total in printed] == sorted(totals.items())
    weights = re.findall(r"(items|amount) +(\d\.\d+)", done.stdout)
    assert [name for name, _ in weights] == ["items", "amount"]
    assert abs(sum(float(weight) for _, weight in weights) - 1) < 0.001


def nightly_run(server: Sandbox, **environment: str) -> subprocess.CompletedProcess[str]:
    login = {"ALPINE_HOST": server.url, "ALPINE_USERNAME": server.username, "ALPINE_PASSWORD": server.password}
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / "nightly_run.py")],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **login, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_nightly_run_tells_by_its_exit_code_how_it_went_and_logs_no_password() -> None:
    with Sandbox() as server:
        good = nightly_run(server)
        server.fault("node_failure", operator="Row Filter")
        failed = nightly_run(server)
        refused = nightly_run(server, ALPINE_PASSWORD="a wrong password")
    assert [good.returncode, failed.returncode, refused.returncode] == [0, 1, 2]
    assert "started run" in good.stderr
    assert "'region': 'west'" in good.stderr
    assert "Row Filter" in failed.stderr
    assert "LoginFailureException" in refused.stderr
    assert not any(secret in done.stderr for done in (good, failed, refused) for secret in ("alpine-demo", "a wrong"))


def sweep(**environment: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ALPINE_")}
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / "sweep.py")],
        cwd=ROOT,
        env={**inherited, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout


def test_the_sweep_runs_in_the_sandbox_and_on_the_server_that_a_variable_names() -> None:
    page = (ROOT / "docs" / "guides" / "one_machine.md").read_text(encoding="utf-8")
    with Sandbox() as server:
        login = {"ALPINE_USERNAME": server.username, "ALPINE_PASSWORD": server.password}
        alone = sweep(**login)
        assert f"```text\n{alone}```" in page
        assert sweep(**login, ALPINE_HOST=server.url) == alone
        with ORDERS.open(encoding="utf-8") as file:
            first = [next(file) for _ in range(2)]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "orders.csv"
            path.write_text("".join(first), encoding="utf-8")
            server.load_table("demo.orders", path)
        assert sweep(**login, ALPINE_HOST=server.url) != alone
