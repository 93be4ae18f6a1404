"""Files and results: memory above the idle client, and speed against curl and the limit."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from benchmarks.measure import PEAK, Result, in_a_process, seconds
from benchmarks.server import BareServer, running

_CLIENT = (
    PEAK
    + """
from alpine import APIClient
session = APIClient(sys.argv[1], token="benchmark-token-0001")
session.workfile.get(375)
idle, start = begin()
"""
)
_UPLOAD = (
    _CLIENT
    + """
session.workfile.upload(12, sys.argv[2], [{"data_source_type": "gpdb_data_source", "database_id": 1}])
report(idle, start)
"""
)
_UPLOAD_FILE = _CLIENT + "session.workfile.upload_file(12, sys.argv[2])\nreport(idle, start)\n"
_DOWNLOAD = _CLIENT + "session.workfile.download(int(sys.argv[3]), path=sys.argv[2])\nreport(idle, start)\n"
_RESULTS = _CLIENT + "session.workfile.process.download_results(375, 'p')\nreport(idle, start, decoding=True)\n"
_LIMIT = (
    PEAK
    + """
import urllib3
try:
    from orjson import loads
except ImportError:
    from json import loads
pool = urllib3.PoolManager()
pool.request("GET", sys.argv[1] + "/api/workfiles/375").data
idle, start = begin()
loads(loads(pool.request("GET", sys.argv[1] + "/alpinedatalabs/api/v1/json/workflows/375/results/p").data))
report(idle, start, decoding=True)
"""
)
_BEGIN = b'<?xml version="1.0"?><Process Description="" UserName="1" Version="6.3.0.0"><VariableModel/>'
_LINE = b'<Operator name="a"><Parameter key="script" value="' + b"x" * 1_000 + b'"/></Operator>\n'


def sending(short: bool) -> list[Result]:
    """Upload: memory, and speed against curl."""
    megabytes = 100 if short else 1024
    results = []
    with running(BareServer()) as url, tempfile.TemporaryDirectory() as folder:
        flow = Path(folder) / "big.afm"
        with flow.open("wb") as file:
            file.write(_BEGIN)
            block = _LINE * ((1 << 20) // len(_LINE))
            for _ in range(megabytes):
                file.write(block)
            file.write(b"</Process>")
        checked = in_a_process(_UPLOAD, url, flow)
        target = f"{url}/api/workspaces/12/workfiles"
        curl = ["curl", "-sS", "-o", "/dev/null", "-H", "Expect:", "-F", f"contents=@{flow}", target]
        speeds, memory = [], checked["memory"]
        for _ in range(3):
            ours = in_a_process(_UPLOAD_FILE, url, flow)
            memory = max(memory, ours["memory"])
            speeds.append(seconds(lambda: subprocess.run(curl, check=True)) / ours["seconds"])
        value = statistics.median(speeds)
    what = f"upload of {megabytes:,} MB"
    results.append(Result(f"{what}: memory above the idle client", f"{memory:.1f} MB", "at most 16 MB", memory, 16))
    note = f"a file is read once before it is sent, to check that it is a workflow: {checked['seconds']:.1f} s in total"
    results.append(Result(f"{what}: speed against curl", f"{value:.2f}", "at least 0.9", value, 0.9, True, 2.0, note))
    return results


def receiving(short: bool) -> list[Result]:
    """Download to a file: memory, and speed against curl."""
    megabytes = 100 if short else 1024
    with running(BareServer()) as url, tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "file"
        curl = ["curl", "-sS", "-o", str(target), f"{url}/api/workfiles/{megabytes}/download"]
        speeds, memory = [], 0.0
        for _ in range(3):
            ours = in_a_process(_DOWNLOAD, url, target, megabytes)
            memory = max(memory, ours["memory"])
            target.unlink()
            # The client asks the disk to keep the file before it replaces the old one; so must the other side.
            theirs = seconds(
                lambda: (subprocess.run(curl, check=True), subprocess.run(["sync", str(target)], check=True))
            )
            speeds.append(theirs / ours["seconds"])
            target.unlink()
        value = statistics.median(speeds)
    what = f"`download(path=...)` of {megabytes:,} MB"
    return [
        Result(f"{what}: memory above the idle client", f"{memory:.1f} MB", "at most 16 MB", memory, 16),
        Result(f"{what}: speed against curl and sync", f"{value:.2f}", "at least 0.9", value, 0.9, True, 2.0),
    ]


def reading(short: bool) -> list[Result]:
    """Results: time and memory against reading with urllib3 and decoding twice with the fastest JSON library."""
    results = []
    for megabytes in (20,) if short else (10, 100):
        with running(BareServer(results_bytes=megabytes << 20)) as url:
            times, memories = [], []
            for _ in range(3):
                ours, limit = in_a_process(_RESULTS, url), in_a_process(_LIMIT, url)
                times.append(ours["seconds"] / limit["seconds"])
                memories.append(ours["memory"] / limit["memory"])
        what = f"`download_results` of {megabytes} MB against urllib3 and the fastest JSON library"
        time, memory = statistics.median(times), statistics.median(memories)
        results.append(Result(f"{what}: time", f"{time:.2f}", "at most 1.15", time, 1.15))
        results.append(Result(f"{what}: memory", f"{memory:.2f}", "at most 1.5", memory, 1.5))
    return results


def has_curl() -> bool:
    return shutil.which("curl") is not None
