"""Whole tables: to a DataFrame against pandas and the file on the disk, to a file against curl."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pandas

from alpine.sandbox import Sandbox
from benchmarks.measure import PEAK, Result, in_a_process, seconds
from benchmarks.server import BareServer, answer, running

_TYPES = {
    "id": "bigint",
    "count": "integer",
    "share": "double precision",
    "size": "double precision",
    "price": "numeric(12,2)",
    "day": "date",
    "at": "timestamp without time zone",
    "name": "character varying(20)",
    "note": "text",
    "is_open": "boolean",
}
_CLIENT = (
    PEAK
    + """
from alpine import APIClient
session = APIClient(sys.argv[1], token="benchmark-token-0001")
session.workfile.get(375)
"""
)
_FRAME = (
    _CLIENT
    + """
import pandas, pyarrow, pyarrow.csv, pyarrow.compute
idle, start = begin()
frame = session.dataset.to_dataframe(1)
seconds = time.perf_counter() - start
time.sleep(0.02)
size = frame.memory_usage(deep=True).sum() / 2**20
print(json.dumps({"seconds": seconds, "memory": highest[0] - idle - size, "size": size, "rows": len(frame)}))
"""
)
_PANDAS = (
    PEAK
    + """
import pandas
idle, start = begin()
frame = pandas.read_csv(sys.argv[1])
print(json.dumps({"seconds": time.perf_counter() - start, "rows": len(frame)}))
"""
)
_FILE = _CLIENT + "idle, start = begin()\nsession.dataset.download(1, sys.argv[2])\nreport(idle, start)\n"
_LOAD = (
    PEAK
    + """
import numpy, pandas
import pyarrow, pyarrow.csv, pyarrow.compute
from decimal import Decimal
from alpine import APIClient
url, username, password, flow, rows = sys.argv[1:]
rows = int(rows)
chance, number = numpy.random.default_rng(1), numpy.arange(rows)
gap = number % 11 == 0
money, calendar = pyarrow.decimal128(18, 2), pyarrow.date32()
price = [None if n % 11 == 0 else Decimal(10**17 + 7919 * n).scaleb(-2) for n in range(rows)]
day = pyarrow.array(number % 9000, pyarrow.int32(), mask=gap).cast(calendar)
at = pandas.to_datetime("2000-01-01") + pandas.to_timedelta(number * 37_000_001, unit="us")
# A null of a text column is the one value that the wire does not tell from another: an empty string.
note = ["" if n % 9 == 0 else f'said "so", {n}\\nü€😀' if n % 10 == 0 else f" plain, {n}" for n in range(rows)]
frame = pandas.DataFrame({
    "id": pandas.array(number + 10**17, dtype="Int64"),
    "count": pandas.Series(number, dtype="Int32").mask(gap),
    "share": pandas.Series(chance.random(rows), dtype="Float64").mask(gap),
    "price": pandas.Series(pyarrow.array(price, money), dtype=pandas.ArrowDtype(money)),
    "day": pandas.Series(day, dtype=pandas.ArrowDtype(calendar)),
    "at": pandas.Series(at, dtype="datetime64[us]").mask(gap),
    "moment": pandas.Series(at.tz_localize("UTC"), dtype="datetime64[us, UTC]").mask(gap),
    "note": pandas.Series(note, dtype="string"),
    "code": pandas.Series([f"{n:08d}" for n in range(rows)], dtype="string"),
    "is_open": pandas.Series(number % 2 == 0, dtype="boolean").mask(gap),
})
session = APIClient(url, username=username, password=password)
idle, start = begin()
session.dataset.load_csv("Sandbox", frame, "round_trip", "replace")
loaded = time.perf_counter() - start
memory = highest[0] - idle
run = session.workfile.process.run(int(flow), {"@table": "round_trip"})
run.wait()
back = run.results().operators["Row Filter"].to_dataframe(all_rows=True, nulls="empty")
seconds = time.perf_counter() - start
differ = abs(len(back) - rows)
for name in frame.columns:
    # A value that came in a type that does not hold it has no way back.
    one, other = frame[name], back[name].astype(frame[name].dtype)
    differ += int(((one != other).fillna(True) & ~(one.isna() & other.isna())).sum())
print(json.dumps({"differ": differ, "memory": memory, "loaded": loaded, "seconds": seconds}))
"""
)
_FLOW = """<Process Version="6.3.0.0" UserName="1" Description="">
<Operator name="source" type="com.alpine.miner.gef.runoperator.datasource.DbTableOperator" uuid="1" X="1" Y="1">
<Parameter key="schemaName" value="public"/><Parameter key="tableName" value="@table"/></Operator>
<Operator name="Row Filter" type="com.alpine.miner.gef.runoperator.field.FilterOperator" uuid="2" X="2" Y="1">
<Parameter key="outputSchema" value="public"/><Parameter key="outputTable" value="kept"/>
<RowFilterConditionModel useAll="true" sqlType="sql" conditionValue="1 = 1"/></Operator>
<Link source="source" target="Row Filter"/>
<VariableModel><Variable><Name>@table</Name><Value>t</Value></Variable></VariableModel></Process>"""
_CHUNK = 64 * 1024


class TableServer(BareServer):
    """Sends a file as the download of dataset 1, in chunks of unknown number, as the real server does.

    :param path: The file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    async def write(self, writer: asyncio.StreamWriter, method: bytes, path: str) -> None:
        if path.startswith("/api/datasets/1/columns"):
            columns = [{"name": name, "data_type": kind} for name, kind in _TYPES.items()]
            page = {"page": 1, "per_page": 1000, "records": len(columns), "total": 1}
            writer.write(answer(json.dumps({"response": columns, "pagination": page}).encode()))
            await writer.drain()
        elif path.startswith("/api/datasets/1/download"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
            with self.path.open("rb") as file:
                while data := file.read(_CHUNK):
                    writer.write(b"%x\r\n%b\r\n" % (len(data), data))
                    await writer.drain()
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        else:
            await super().write(writer, method, path)


def write_table(path: Path, rows: int) -> None:
    """A table of ten columns as the server would send it."""
    chance, begin = random.Random(1), datetime(2000, 1, 1)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(_TYPES) + "\n")
        for number in range(rows):
            moment = begin + timedelta(seconds=37 * number)
            count = '""' if number % 7 == 0 else str(chance.randrange(10**9))
            note = f'"said ""so"", {number}"' if number % 10 == 0 else f"plain words {number}"
            file.write(
                f"{number},{count},{chance.random()},{chance.gauss(0, 1000)},{chance.randrange(10**6)}."
                f"{chance.randrange(100):02d},{moment:%Y-%m-%d},{moment:%Y-%m-%d %H:%M:%S},name {number % 5000},{note},"
                f"{'tf'[number % 2]}\n"
            )


def tables(short: bool) -> list[Result]:
    """The download of a dataset."""
    rows = 50_000 if short else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder) / "table.csv", Path(folder) / "download.csv"
        write_table(path, rows)
        with running(TableServer(path)) as url:
            frames = [(in_a_process(_FRAME, url), in_a_process(_PANDAS, path)) for _ in range(3)]
            curl = ["curl", "-sS", "-o", str(target), f"{url}/api/datasets/1/download"]
            speeds, memory = [], 0.0
            for _ in range(3):
                ours = in_a_process(_FILE, url, target)
                memory = max(memory, ours["memory"])
                assert target.read_bytes() == path.read_bytes()
                target.unlink()
                # The client asks the disk to keep the file before it replaces the old one; so must the other side.
                theirs = seconds(
                    lambda: (subprocess.run(curl, check=True), subprocess.run(["sync", str(target)], check=True))
                )
                speeds.append(theirs / ours["seconds"])
                target.unlink()
    assert all(ours["rows"] == theirs["rows"] == rows for ours, theirs in frames)
    time = statistics.median(ours["seconds"] / theirs["seconds"] for ours, theirs in frames)
    most, size = max(ours["memory"] for ours, _ in frames), frames[0][0]["size"]
    speed = statistics.median(speeds)
    what = f"`dataset.to_dataframe`, {rows:,} rows of 10 columns"
    to_file = f"`dataset.download(path=...)`, {rows:,} rows of 10 columns"
    note = f"the frame takes {size:.0f} MB"
    against = f"{what}, against `pandas.read_csv` of the file"
    reader = f"pandas {pandas.__version__}; from version 3 on it reads in several threads, and version 2 takes longer"
    return [
        # So far from the goal that only a further fall means something.
        Result(against, f"{time:.2f}", "at most 1.2", time, 1.2, gross=4.0, note=reader),
        Result(f"{what}: memory above the frame", f"{most:.0f} MB", "at most 64 MB", most, 64, note=note),
        Result(f"{to_file}: memory above the idle client", f"{memory:.1f} MB", "at most 16 MB", memory, 16),
        Result(f"{to_file}: speed against curl and sync", f"{speed:.2f}", "at least 0.9", speed, 0.9, True, 2.0),
    ]


def round_trips(short: bool) -> list[Result]:
    """A DataFrame that is loaded, read by a flow, and downloaded again."""
    rows = 20_000 if short else 1_000_000
    with tempfile.TemporaryDirectory() as folder, Sandbox() as server, server.client() as session:
        server.settings.csv_limit_mb = 4096
        path = Path(folder) / "keep.afm"
        path.write_text(_FLOW)
        places = [session.datasource.for_upload("Sandbox Database")]
        flow = session.workfile.upload("Sandbox", path, places)["id"]
        found = in_a_process(_LOAD, server.url, server.username, server.password, flow, rows)
    what = f"`dataset.load_csv`, a flow, and `to_dataframe(all_rows=True)`, {rows:,} rows of 10 columns"
    note = f"{found['loaded']:.0f} s to load, {found['seconds']:.0f} s in all"
    differ, memory = found["differ"], found["memory"]
    return [
        Result(f"{what}: values that differ", f"{differ:.0f}", "none", differ, 0, note=note),
        Result(f"{what}: memory above the frame while it is loaded", f"{memory:.0f} MB", "at most 64 MB", memory, 64),
    ]
