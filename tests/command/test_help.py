"""The help of each command has an example, and it runs; starting costs next to nothing."""

from __future__ import annotations

import ast
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from alpine import __version__
from alpine.sandbox import Sandbox
from tests.command.processes import PROGRAM, ROOT, alpine, environment
from tests.command.test_json import build, commands_of
from tests.documented import EXAMPLES

NAMES = sorted(commands_of(build()))


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of_the_help_run(running_sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    if name == "sandbox":
        # Its help is that of its own parser; that it starts is tried in test_json.py.
        assert "--port" in alpine(running_sandbox, "sandbox", "--help").out
        return
    shown = alpine(running_sandbox, *name.split(), "--help")
    assert shown.code == 0
    examples = re.findall(r"^  (alpine .*)$", shown.out.partition("example:\n")[2], re.MULTILINE)
    assert examples
    for file in ("order_filter.afm", "old.afm", "new.afm"):
        (tmp_path / file).write_bytes((EXAMPLES / "order_filter.afm").read_bytes())
    (tmp_path / "notes.txt").write_text("some notes", "utf-8")
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "order_totals.afm").write_bytes((EXAMPLES / "order_filter.afm").read_bytes())
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "orders.csv").write_bytes((EXAMPLES / "orders.csv").read_bytes())
    running_sandbox.reset()
    with running_sandbox.client() as client:
        client.workfile.upload_file("Sandbox", tmp_path / "notes.txt")
        run = client.run("order_filter", "Sandbox", wait=name != "stop")
        for example in examples:
            words = [each for word in shlex.split(example)[1:] for each in expanded(word, tmp_path)]
            words = [str(run) if word == "ID" else word for word in words]
            words = [running_sandbox.url if word == "http://127.0.0.1:8080" else word for word in words]
            more = {"ALPINE_CONFIG": str(tmp_path / "config.toml")} if name == "login" else {}
            done = alpine(running_sandbox, *words, cwd=tmp_path, stdin="alpine-demo\n", **more)
            # A run of this quick server may be over before it is stopped.
            assert done.code in ({0, 4} if name == "stop" else {0}), done.err


def expanded(word: str, folder: Path) -> list[str]:
    """What a shell makes of a word."""
    return [str(path.relative_to(folder)) for path in folder.glob(word)] if "*" in word else [word]


def test_the_help_and_the_version(running_sandbox: Sandbox) -> None:
    done = alpine(running_sandbox, "--help")
    assert done.code == 0
    assert "exit codes:" in done.out
    assert all(name.partition(" ")[0] in done.out for name in NAMES)
    assert alpine(running_sandbox, "--version").out == f"alpine {__version__}\n"


def last_line_of(code: str, server: Sandbox) -> str:
    """What a process of Python prints at its end."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(server),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["run"], ["completion", "bash"]])
def test_what_needs_no_server_loads_no_requests(running_sandbox: Sandbox, arguments: list[str]) -> None:
    heavy = ("requests", "urllib3", "pandas", "numpy", "duckdb", "werkzeug", "keyring", "http.client", "ssl")
    code = (
        f"import sys, atexit; sys.argv[1:] = {arguments!r}; from alpine._command.main import main; main(); "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    assert last_line_of(code, running_sandbox) == "[]"


def test_a_command_is_parsed_as_among_all_others() -> None:
    for name in NAMES:
        assert name in set(commands_of(build(name.partition(" ")[0])))
    assert set(commands_of(build("completion"))) == set(NAMES)


def test_only_the_module_of_a_command_is_loaded(running_sandbox: Sandbox) -> None:
    code = (
        "import sys; sys.argv[1:] = ['ls', '--help']; from alpine._command.main import main; main(); "
        "print(sorted(name for name in sys.modules if name.startswith('alpine._command.')))"
    )
    loaded = {name.rpartition(".")[2] for name in ast.literal_eval(last_line_of(code, running_sandbox))}
    assert loaded == {"context", "exits", "files", "main", "output", "parser", "signals"}


def test_it_is_installed_as_alpine() -> None:
    assert 'alpine = "alpine._command.main:main"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert PROGRAM[-1] == "alpine"


def documented_lines() -> list[str]:
    """What the pages show of the command."""
    lines = []
    for page in sorted((ROOT / "docs" / "guides").glob("*.md")):
        for block in re.findall(r"^```bash\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            lines += re.findall(r"^(?:id=\$\()?(alpine .*?)\)?$", block, re.MULTILINE)
    return lines


def test_what_the_pages_show_can_be_parsed() -> None:
    lines = documented_lines()
    assert lines
    for line in lines:
        assert build().parse_args(shlex.split(line.partition(" > ")[0])[1:]).command in NAMES


@pytest.mark.skipif(sys.platform == "win32", reason="the runner of the example has bash")
def test_the_workflow_for_continuous_integration_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "guides" / "ci.md").read_text("utf-8")
    workflow = page.partition("```yaml\n")[2].partition("```")[0]
    assert len(workflow.splitlines()) <= 15
    steps = re.findall(r"^ +- run: (.*)$", workflow, re.MULTILINE)
    # What installs the package would install another one.
    assert [step.partition(" ")[0] for step in steps] == ["pip", *("alpine",) * 4, "pytest"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flow = (EXAMPLES / "order_filter.afm").read_text("utf-8")
    files = {
        "flows/order_filter.afm": flow.replace("<Value>100</Value>", "<Value>50</Value>"),
        "tables/demo.orders.csv": (EXAMPLES / "orders.csv").read_text("utf-8"),
        "tests/test_flows.py": GOLDEN_TEST,
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    variables = dict(re.findall(r"(FLOW|ALPINE_\w+): ([^\s,}]+)", workflow.partition("steps:")[0]))
    own = environment(_At(f"http://127.0.0.1:{port}"), FLOW=variables["FLOW"], GIT_CONFIG_GLOBAL=os.devnull)
    assert {name: own[name] for name in variables if name != "ALPINE_HOST"} == {
        name: value for name, value in variables.items() if name != "ALPINE_HOST"
    }
    # Programs, and no functions of the shell: what is started in the background is what a signal goes to.
    programs = {"alpine": PROGRAM, "pytest": [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]}
    (tmp_path / "bin").mkdir()
    for name, words in programs.items():
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', "utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    own["PATH"] = f"{tmp_path / 'bin'}{os.pathsep}{own['PATH']}"

    def ran(step: str) -> subprocess.CompletedProcess[str]:
        # As the runner does: each step in a shell of its own, which the first failure ends.
        with (tmp_path / "out.txt").open("w+", encoding="utf-8") as out:
            done = subprocess.run(
                ["bash", "-e", "-c", step],
                env=own,
                cwd=tmp_path,
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=90,
            )
            out.seek(0)
            return subprocess.CompletedProcess(step, done.returncode, out.read())

    commit = "git add flows tables tests && git -c user.name=x -c user.email=x@y commit -qm 'a change'"
    assert ran(f"git init -q && {commit}").returncode == 0
    (tmp_path / variables["FLOW"]).write_text(flow, "utf-8")
    ran("pytest --alpine-record tests/test_flows.py")
    assert ran(commit).returncode == 0
    told = []
    try:
        for step in steps[1:]:
            done = ran(
                step.replace("alpine sandbox", f"alpine sandbox --port {port}").replace(
                    " & until", " & echo $! > sandbox.pid; until"
                )
            )
            assert done.returncode == 0, f"{step}\n{done.stdout}"
            told.append(done.stdout)
    finally:
        if (tmp_path / "sandbox.pid").exists():
            os.kill(int((tmp_path / "sandbox.pid").read_text()), signal.SIGTERM)
    assert told[0] == "flows/order_filter.afm: Nothing was found.\n"
    assert "@min_amount: '50' -> '100'" in told[1]
    assert re.search(r"^Run .*: SUCCESS$", told[3], re.MULTILINE)
    assert "1 passed" in told[4]


@pytest.mark.skipif(sys.platform == "win32", reason="the script is one of Unix")
def test_the_alert_of_the_nightly_run_is_sent_when_something_is_wrong_only(
    running_sandbox: Sandbox, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "guides" / "nightly.md").read_text("utf-8")
    programs = {
        "run.sh": "#!/bin/sh" + page.partition("#!/bin/sh")[2].partition("```")[0],
        "alpine": f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n',
        "mail": '#!/bin/sh\n(echo "$2"; cat) >mail.txt\n',
    }
    for name, content in programs.items():
        (tmp_path / name).write_text(content, "utf-8")
        (tmp_path / name).chmod(0o755)

    def ran(**more: str) -> subprocess.CompletedProcess[str]:
        own = environment(running_sandbox, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}", **more)
        return subprocess.run(
            [tmp_path / "run.sh"], env=own, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )

    well = ran()
    assert (well.returncode, well.stdout, well.stderr) == (0, "", "")
    assert not (tmp_path / "mail.txt").exists()
    assert (tmp_path / "out.json").is_file()
    rejected = ran(ALPINE_PASSWORD="expired")
    assert (rejected.returncode, rejected.stdout, rejected.stderr) == (3, "", "")
    subject, *told = (tmp_path / "mail.txt").read_text("utf-8").splitlines()
    assert subject == "order_filter: exit code 3"
    assert told[0].startswith("alpine: error: Could not log in as 'demo'")


GOLDEN_TEST = """\
def test_order_filter(alpine_golden):
    alpine_golden("../flows/order_filter.afm", tables="../tables")
"""


class _At:
    def __init__(self, url: str) -> None:
        self.url = url
