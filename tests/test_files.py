"""Files are read with errors of ours, and written whole or not at all, inside their directory."""

from __future__ import annotations

import errno
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpine import APIClient
from alpine._files import FileSink, existing_file, local_path, open_file, safe_name, sent_name
from alpine.exception import (
    AlpineException,
    InvalidArgumentException,
    LocalFileException,
    LocalFileNotFoundException,
    ServerConnectionException,
)
from tests.platforms import needs_linux, needs_root, needs_signals
from tests.reliability.wire import Asked, WireServer, message
from tests.scripted import FakeTime, Reply, ScriptedServer, wait_until

DOWNLOAD = "/api/workfiles/1/download"


@pytest.mark.parametrize("value", [None, 3, b"bytes", "", "a\0b", ["x"]])
def test_what_is_no_path_is_refused(value: object) -> None:
    with pytest.raises(InvalidArgumentException, match="a_path"):
        local_path(value, "a_path")


@pytest.mark.parametrize("name", ["missing", "x" * 300, "a/b/c"])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(LocalFileNotFoundException, match="there is no file"):
        existing_file(tmp_path / name, "a_path")
    with pytest.raises(LocalFileException, match="Could not read the file"):
        open_file(tmp_path / name)


def test_a_missing_file_is_what_python_calls_it_too(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        open_file(tmp_path / "missing")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy)) == (LocalFileNotFoundException, str(caught.value))
    assert (copy.errno, copy.filename, copy.strerror) == (errno.ENOENT, str(tmp_path / "missing"), os.strerror(2))


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    for read in (lambda: existing_file(tmp_path, "a_path"), lambda: open_file(tmp_path)):
        with pytest.raises(LocalFileException) as caught:
            read()
        assert not isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../../x",
        "..\\..\\x",
        "C:\\x",
        "a/../../x",
        "..",
        ".",
        "",
        " ",
        "a\0b",
        "x" * 400,
        "/",
        "é" * 300,
    ],
)
def test_a_name_of_the_server_stays_in_its_directory(
    server: ScriptedServer, session: APIClient, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    encoded = name.encode().decode("latin-1").replace("\0", "%00")
    server.on("GET", DOWNLOAD, Reply(b"content", headers={"Content-Disposition": f'attachment; filename="{encoded}"'}))
    path = session.workfile.download(1, path=folder)
    assert path.parent == folder
    assert path.read_bytes() == b"content"
    assert list(tmp_path.iterdir()) == [folder]
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize(
    ("sent", "safe"),
    [
        (".bashrc", "bashrc"),
        ("...x", "x"),
        ("x. . ", "x"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("console.txt", "console.txt"),
        ("\u202egpj.exe", "_gpj.exe"),
        ("table.v1.csv", "table.v1.csv"),
        (". .", "default"),
    ],
)
def test_a_name_is_no_hidden_file_no_device_and_reads_as_it_is(sent: str, safe: str) -> None:
    assert safe_name(sent, "default") == safe


@given(st.text())
def test_no_name_leaves_its_directory(name: str) -> None:
    safe = safe_name(name, "default")
    assert safe not in {"", ".", ".."}
    assert not {"/", "\\", "\0", "\n"} & set(safe)
    assert len(safe.encode()) <= 200
    assert Path("folder", safe).parent == Path("folder")


@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
@given(
    st.text("abc;=\"'*/\\.%0F \x00é\r\n", max_size=40)
    | st.builds(
        lambda charset, name: f"attachment; filename*={charset}''{name}",
        st.sampled_from(["utf-8", "utf-16", "unicode_escape", "idna", "punycode", "zlib", "nonsense", "", "undefined"]),
        st.text("\\uxd80%ECafé.-/", max_size=20),
    )
)
def test_no_header_is_a_trap(value: str) -> None:
    with tempfile.TemporaryDirectory() as folder, FileSink(Path(folder), "default") as sink:
        sink.start({"Content-Disposition": value})
        sink.write(b"x")
        assert sink.finish().parent == Path(folder)


@pytest.mark.parametrize("name", ["é" * 120, "x" * 255])
def test_a_target_may_have_the_longest_name_there_is(tmp_path: Path, name: str) -> None:
    with FileSink(tmp_path / name, "default") as sink:
        sink.start({})
        sink.write(b"x")
        assert sink.finish().name == name


@pytest.mark.parametrize("target", ["no/such/folder/x", "x" * 300, "x" * 300 + "/y"])
def test_a_target_that_cannot_be_is_told_before_or_after(
    session: APIClient, server: ScriptedServer, tmp_path: Path, target: str
) -> None:
    server.on("GET", DOWNLOAD, Reply(b"content"))
    with pytest.raises(LocalFileException, match="Could not write"):
        session.workfile.download(1, path=tmp_path / target)


def test_a_directory_in_the_way_is_told(session: APIClient, server: ScriptedServer, tmp_path: Path) -> None:
    (tmp_path / "x.txt").mkdir()
    server.on("GET", DOWNLOAD, Reply(b"content", headers={"Content-Disposition": 'attachment; filename="x.txt"'}))
    with pytest.raises(LocalFileException, match="directory"):
        session.workfile.download(1, path=tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["x.txt"]


@pytest.mark.parametrize("status", [404, 500, 300])
def test_an_answer_that_says_no_touches_nothing(
    server: ScriptedServer, session: APIClient, tmp_path: Path, status: int
) -> None:
    target = tmp_path / "x"
    target.write_text("before")
    server.on("GET", DOWNLOAD, Reply("no", status))
    with pytest.raises(AlpineException):
        session.workfile.download(1, path=target)
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_download_that_broke_off_is_begun_again(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime, tmp_path: Path
) -> None:
    whole = b"0123456789" * 100_000
    server.on("GET", DOWNLOAD, Reply(whole, fault="truncate"), Reply(whole, fault="truncate"), Reply(whole))
    assert session.workfile.download(1, path=tmp_path / "x").read_bytes() == whole
    assert [each.name for each in tmp_path.iterdir()] == ["x"]


def test_a_download_that_always_breaks_off_leaves_what_was_there(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime, tmp_path: Path
) -> None:
    target = tmp_path / "x"
    target.write_text("before")
    server.on("GET", DOWNLOAD, Reply(b"0123456789" * 100_000, fault="truncate"))
    with pytest.raises(ServerConnectionException, match="cut off"):
        session.workfile.download(1, path=target)
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_download_is_asked_for_as_it_is_so_that_its_length_can_be_checked(
    server: ScriptedServer, session: APIClient, tmp_path: Path
) -> None:
    server.on("GET", DOWNLOAD, Reply(b"content"))
    session.workfile.download(1, path=tmp_path / "x")
    assert server.asked[-1].headers["Accept-Encoding"] == "identity"


DOWNLOADING = """
import sys
from alpine import APIClient
APIClient(sys.argv[1], token="a-token", proxies={}).workfile.download(1, path=sys.argv[2])
"""


@needs_signals
def test_a_download_that_is_killed_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.write_text("before")

    def half(connection: socket.socket, _asked: Asked) -> bool:
        connection.sendall(message(200, b"", {"Content-Length": "2000000"}) + b"x" * 1_000_000)
        connection.settimeout(20)
        connection.recv(1)
        return False

    server = WireServer(half)
    child = subprocess.Popen(
        [sys.executable, "-c", DOWNLOADING, server.url, str(target)], cwd=Path(__file__).parents[1]
    )
    try:
        assert wait_until(lambda: any(each.stat().st_size > 500_000 for each in tmp_path.iterdir()), 15)
        child.send_signal(signal.SIGKILL)
        assert child.wait(10) == -signal.SIGKILL
    finally:
        child.kill()
        server.close()
    assert target.read_text() == "before"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A directory with a megabyte of room."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("no small disk can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@needs_linux
@needs_root
def test_a_full_disk_is_told_and_left_tidy(server: ScriptedServer, session: APIClient, small_disk: Path) -> None:
    server.on("GET", DOWNLOAD, Reply(b"x" * 3_000_000))
    target = small_disk / "x"
    target.write_text("before")
    with pytest.raises(LocalFileException, match=r"Could not write .*x: No space left on device"):
        session.workfile.download(1, path=target)
    assert target.read_text() == "before"
    assert list(small_disk.iterdir()) == [target]
    assert server.count("GET") == 1


def test_a_limit_on_the_size_of_files_is_told(server: ScriptedServer, session: APIClient, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="this system has no such limits")
    server.on("GET", DOWNLOAD, Reply(b"x" * 3_000_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(LocalFileException, match="Could not write"):
            session.workfile.download(1, path=tmp_path / "x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


@needs_linux
def test_no_permission_is_told(server: ScriptedServer, session: APIClient, tmp_path: Path) -> None:
    server.on("GET", DOWNLOAD, Reply(b"content"))
    # Even root may not make files among those of the kernel.
    folder = Path("/sys/kernel") if os.geteuid() == 0 else tmp_path / "locked"
    if os.geteuid() != 0:
        folder.mkdir(mode=0o500)
    with pytest.raises(LocalFileException, match=r"Permission denied|not permitted|Read-only"):
        session.workfile.download(1, path=folder / "x")
    with pytest.raises(LocalFileException):
        session.workfile.download(1, path=folder)


def test_a_sink_that_received_nothing_has_nothing_to_finish(tmp_path: Path) -> None:
    with FileSink(tmp_path / "x", "default") as sink, pytest.raises(LocalFileException, match="nothing was received"):
        sink.finish()
    assert sent_name({}) is None
    assert list(tmp_path.iterdir()) == []
