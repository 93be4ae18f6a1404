"""A user of Windows gets the same: without what only Unix has, in a console's encoding, with names of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FIRST_DAY = """
import os
import sys
from pathlib import Path

import pytest

for module in ("fcntl", "grp", "pwd", "resource", "termios"):
    with pytest.raises(ImportError):
        __import__(module)
assert not [name for name in ("register_at_fork", "fork", "getuid", "chown", "sysconf") if hasattr(os, name)]

import alpine
from alpine import APIClient, FlowResults, retry_policy
from alpine.sandbox import Sandbox

folder = Path(sys.argv[1])
(folder / "notes.txt").write_bytes("Größe, 日本\\n".encode())
(folder / "old.txt").write_text("before", encoding="utf-8")
flow = Path(alpine.sandbox.__file__).parent / "examples" / "order_filter.afm"
with Sandbox() as server, APIClient(server.url, username=server.username, password=server.password) as session:
    notes = session.workfile.upload_file("Sandbox", folder / "notes.txt")
    for path in (folder / "new.txt", folder / "old.txt", folder / "new.txt"):
        assert session.workfile.download(notes["id"], path=path) == path
        assert path.read_bytes() == (folder / "notes.txt").read_bytes()
    workflow = session.workfile.upload("Sandbox", flow, [session.datasource.for_upload("Sandbox Database")])
    run = session.workfile.process.run(workflow["id"])
    print(run.wait(verbose=True))
    saved = run.results().save(folder)
    assert FlowResults.load(saved) == run.results()
    assert len(session.workfile.process.run_many(workflow["id"], [{"@min_amount": n} for n in (1, 2, 3)])) == 3
    session.job.create("Sandbox", "nightly", "days", 1, "2040-07-02T09:00:00", "US/Pacific")
assert not list(folder.glob(".*"))
print("all of it")
"""


def started(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    """A program as on Windows, whose output goes to a file there."""
    runner = [sys.executable, "-P", "-X", "warn_default_encoding", ROOT / "tests" / "windows.py"]
    on_windows = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [str(part) for part in (*runner, *arguments)],
        env={**os.environ, **on_windows, **environment},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="cp1252",
    )


def said(*arguments: object, **environment: str) -> str:
    program = started(*arguments, **environment)
    output, errors = program.communicate(timeout=120)
    assert (program.returncode, errors) == (0, "")
    return output


def test_the_quick_start_runs_without_what_only_unix_has() -> None:
    output = said(ROOT / "examples" / "quickstart.py")
    assert len(re.findall(r"SUCCESS, Row Filter keeps \d+ rows", output)) == 2


def test_a_first_day_without_what_only_unix_has(tmp_path: Path) -> None:
    program = tmp_path / "first_day.py"
    program.write_text(FIRST_DAY, encoding="utf-8")
    (tmp_path / "work").mkdir()
    assert said(program, tmp_path / "work").splitlines()[-1] == "all of it"


def test_the_sandboxs_command_shows_any_name_in_the_encoding_of_a_console(tmp_path: Path) -> None:
    flow = ROOT / "alpine" / "sandbox" / "examples" / "order_filter.afm"
    (tmp_path / "日本.afm").write_bytes(flow.read_bytes())
    with started("-m", "alpine.sandbox", "--port", "0", "--flows", tmp_path) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        lines = [program.stdout.readline() for _ in range(11)]
        assert lines[0].startswith("The sandbox is running at http://127.0.0.1:")
        assert r"\u65e5\u672c" in "".join(lines)
        if hasattr(signal, "SIGKILL"):
            program.send_signal(signal.SIGINT)
            assert program.wait(20) == 0
        else:
            program.kill()
        assert program.stderr.read() == ""


@pytest.mark.parametrize("shown", ["known", "unknown"])
def test_progress_shows_any_name_in_the_encoding_of_a_log(shown: str) -> None:
    code = (
        "from alpine._display.progress import Progress\n"
        f"with Progress(True, {'3' if shown == 'known' else 'None'}) as progress:\n"
        "    progress.update(1.0, 'Größe 日本', 1)\n"
        "    progress.finish(2.0, '日本 failed')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, b"")
    output = done.stdout.decode("cp1252")
    assert "Größe ??" in output
    assert "?? failed" in output


def test_progress_in_a_program_without_a_console_is_no_error() -> None:
    code = (
        "import sys\n"
        "sys.stdout = None\n"
        "from alpine._display.progress import Progress\n"
        "with Progress(True) as progress:\n"
        "    progress.update(1.0, 'x')\n"
        "    progress.finish(2.0, 'y')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("module", "content", "told"),
    [
        ("alpine.apiclient", "import os\nos.no_such_thing", "has no attribute 'no_such_thing'"),
        ("alpine.apiclient", "import no_such_module", "No module named 'no_such_module'"),
        ("alpine.apiclient", "", "has no attribute 'APIClient'"),
    ],
)
def test_an_error_in_a_module_that_is_loaded_later_is_told(
    tmp_path: Path, module: str, content: str, told: str
) -> None:
    """The package is copied with another content of one module."""
    package = tmp_path / "alpine"
    package.mkdir()
    for name in ("__init__.py", "_version.py"):
        (package / name).write_bytes((ROOT / "alpine" / name).read_bytes())
    (package / f"{module.partition('.')[2]}.py").write_text(content, encoding="utf-8")
    for statement in ("from alpine import APIClient", "import alpine; alpine.APIClient", "from alpine import *"):
        done = subprocess.run(
            [sys.executable, "-c", statement],
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 1
        last = done.stderr.splitlines()[-1]
        assert last.startswith(("ImportError", "ModuleNotFoundError")), done.stderr
        assert told in last


ZONES = """
import sys
sys.modules["tzdata"] = None
from datetime import UTC, datetime
from alpine._schedule import schedule_of
from alpine.exception import InvalidArgumentException

nine = datetime(2040, 7, 2, 9, tzinfo=UTC)
assert schedule_of(nine, None, None)["next_run"] == "2040-07-02T09:00:00+00:00"
assert schedule_of(nine, None, "UTC")["next_run"] == "2040-07-02T09:00:00+00:00"
assert schedule_of(nine.replace(tzinfo=None), None, "US/Pacific")["next_run"] == "2040-07-02T09:00:00"
try:
    schedule_of(nine, None, "US/Pacific")
except InvalidArgumentException as error:
    print(error)
"""


def test_without_a_database_of_time_zones_only_what_needs_one_is_refused() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONTZPATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", ZONES], env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.stderr == ""
    assert "no database of time zones (pip install tzdata adds one)" in done.stdout


def test_time_zones_work_with_the_package_alone() -> None:
    code = (
        "from datetime import UTC, datetime\n"
        "from alpine._schedule import schedule_of\n"
        "print(schedule_of(datetime(2040, 7, 2, 9, tzinfo=UTC), None, 'US/Pacific')['next_run'])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONTZPATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == "2040-07-02T02:00:00-07:00"
