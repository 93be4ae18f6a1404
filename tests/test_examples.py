"""The scripts that the README starts say what is true of the data."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

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
