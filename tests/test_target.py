"""A target of a download is treated as ``cp`` treats it: mode, owner, links, special files, what was left beside it."""

from __future__ import annotations

import errno
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from alpine import APIClient, FlowResults
from alpine._files import FileSink
from alpine._target import Target, refused_by_windows
from alpine.exception import LocalFileException
from tests.platforms import needs_linux, needs_modes, needs_root, needs_signals
from tests.reliability.wire import Asked, WireServer, message
from tests.scripted import Reply, ScriptedServer, wait_until

ROOT = Path(__file__).parents[1]
DOWNLOAD = "/api/workfiles/1/download"
NOBODY = 65534


@pytest.fixture
def download(server: ScriptedServer, session: APIClient) -> Callable[[Path], Path]:
    server.on("GET", DOWNLOAD, Reply(b"content", headers={"Content-Disposition": 'attachment; filename="x"'}))
    return lambda path: session.workfile.download(1, path=path)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def parts(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if each.name.endswith(".part")]


@pytest.fixture
def umask() -> Iterator[Callable[[int], None]]:
    before = os.umask(0o022)
    yield lambda mask: (os.umask(mask), None)[1]
    os.umask(before)


@needs_modes
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666, 0o755])
def test_an_existing_file_keeps_its_mode(
    download: Callable[[Path], Path], tmp_path: Path, umask: Callable[[int], None], mode: int
) -> None:
    target = tmp_path / "x"
    target.write_bytes(b"before")
    target.chmod(mode)
    umask(0o077)
    assert download(target).read_bytes() == b"content"
    assert mode_of(target) == mode


@needs_modes
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002, 0o000])
def test_a_new_file_gets_what_the_umask_leaves(
    download: Callable[[Path], Path], tmp_path: Path, umask: Callable[[int], None], mask: int
) -> None:
    umask(mask)
    assert mode_of(download(tmp_path / "x")) == 0o666 & ~mask


@needs_modes
def test_the_part_of_a_private_file_is_never_readable_by_others(tmp_path: Path, umask: Callable[[int], None]) -> None:
    umask(0)
    target = tmp_path / "x"
    target.touch(0o644)
    part, file = Target(target).new_part()
    assert mode_of(part) == 0o600
    file.close()


@needs_modes
@pytest.mark.parametrize("was_there", [True, False])
def test_a_mode_that_changes_while_the_file_arrives_holds(tmp_path: Path, was_there: bool) -> None:
    target = tmp_path / "x"
    if was_there:
        target.touch(0o644)
    with FileSink(target, "default") as sink:
        sink.start({})
        sink.write(b"content")
        target.touch()
        target.chmod(0o600)
        sink.finish()
    assert target.read_bytes() == b"content"
    assert mode_of(target) == 0o600


@needs_modes
def test_a_file_that_is_run_with_its_owners_rights_is_not_replaced_by_one_that_is(
    download: Callable[[Path], Path], tmp_path: Path
) -> None:
    target = tmp_path / "x"
    target.touch()
    target.chmod(0o4755)
    assert mode_of(download(target)) == 0o755


@needs_modes
@needs_root
def test_owner_and_group_are_kept(download: Callable[[Path], Path], tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.touch(0o660)
    os.chown(target, 1234, 2345)
    target.chmod(0o660)
    download(target)
    found = target.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 2345, 0o660)


AS_ANOTHER = """
import os, sys, tempfile
from alpine import APIClient
from alpine.exception import LocalFileException

client = APIClient(sys.argv[1], token="a-token", proxies={})
# What is needed lies in directories that the other user may not enter: it is loaded before.
with tempfile.TemporaryDirectory() as folder:
    client.workfile.download(2, path=folder)
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
os.chdir("/")
try:
    print(client.workfile.download(1, path=sys.argv[2]))
except LocalFileException as error:
    print(error)
"""


def as_nobody(server: ScriptedServer, path: Path) -> str:
    """Download as a user without rights, and tell what is printed."""
    whole = Reply(b"content", headers={"Content-Disposition": 'attachment; filename="x"'})
    server.on("GET", "/api/workfiles/[12]/download", whole)
    done = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER, server.url, str(path)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A directory that everybody may write to; those of pytest lie below one that is its user's alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@needs_root
@needs_linux
def test_what_a_group_might_do_is_not_given_to_another(server: ScriptedServer, open_folder: Path) -> None:
    target = open_folder / "x"
    target.touch()
    os.chown(target, NOBODY, 2345)
    target.chmod(0o664)
    assert as_nobody(server, target) == str(target)
    assert target.read_bytes() == b"content"
    assert (target.stat().st_gid, mode_of(target)) == (NOBODY, 0o604)


@needs_root
@needs_linux
def test_a_file_that_may_only_be_read_is_not_replaced(server: ScriptedServer, open_folder: Path) -> None:
    target = open_folder / "x"
    target.write_bytes(b"before")
    target.chmod(0o444)
    assert as_nobody(server, target) == f"Could not write {target}: it exists and is read-only."
    assert target.read_bytes() == b"before"
    assert server.count("GET", DOWNLOAD) == 0


@needs_root
@needs_linux
@pytest.mark.parametrize("name", ["closed/x", "closed/sub/x", "link/x"])
def test_a_directory_that_may_not_be_entered_is_named(server: ScriptedServer, open_folder: Path, name: str) -> None:
    closed = open_folder / "closed"
    (closed / "sub").mkdir(parents=True)
    closed.chmod(0o600)
    (open_folder / "link").symlink_to(closed)
    told = as_nobody(server, open_folder / name)
    assert told == (
        f"Could not write {open_folder / name}: the directory {closed} may not be entered (Permission denied)."
    )
    assert server.count("GET", DOWNLOAD) == 0


@needs_root
@needs_linux
def test_a_directory_that_may_not_be_written_is_named(server: ScriptedServer, open_folder: Path) -> None:
    folder = open_folder / "mine"
    folder.mkdir(mode=0o755)
    reason = f"no file may be created in the directory {folder} (Permission denied)."
    assert as_nobody(server, folder / "x") == f"Could not write {folder / 'x'}: {reason}"
    assert as_nobody(server, folder) == f"Could not write {folder / 'x'}: {reason}"
    assert names(folder) == []


@needs_root
@needs_linux
def test_a_file_that_cannot_be_replaced_is_told_with_advice_and_stays(
    server: ScriptedServer, open_folder: Path
) -> None:
    # As one that another program has open on Windows: it is there, may be written, but not be moved away.
    open_folder.chmod(0o1777)
    target = open_folder / "x"
    target.write_bytes(b"before")
    target.chmod(0o666)
    told = as_nobody(server, target)
    assert told.startswith(f"Could not write {target}: it may not be replaced (Operation not permitted). ")
    assert told.endswith("If another program has it open, close it there; otherwise give another path.")
    assert target.read_bytes() == b"before"
    assert names(open_folder) == ["x"]


def access_list(*entries: tuple[int, int, int]) -> bytes:
    """An access list as Linux keeps it: tag, rights and id of each entry."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


@needs_linux
def test_an_access_list_is_kept_and_none_is_inherited(download: Callable[[Path], Path], tmp_path: Path) -> None:
    anyone = 0xFFFFFFFF
    lets_1234_read = access_list((1, 6, anyone), (2, 4, 1234), (4, 0, anyone), (16, 4, anyone), (32, 0, anyone))
    with_list, without = tmp_path / "with", tmp_path / "without"
    with_list.touch()
    without.touch()
    without.chmod(0o640)
    try:
        os.setxattr(with_list, "system.posix_acl_access", lets_1234_read)
        os.setxattr(tmp_path, "system.posix_acl_default", lets_1234_read)
    except OSError as error:
        pytest.skip(f"this file system keeps no access lists ({error.strerror})")
    download(with_list)
    download(without)
    assert os.getxattr(with_list, "system.posix_acl_access") == lets_1234_read
    with pytest.raises(OSError) as caught:
        os.getxattr(without, "system.posix_acl_access")
    assert caught.value.errno == errno.ENODATA
    assert mode_of(without) == 0o640


def test_other_names_of_a_file_keep_what_was_in_it(download: Callable[[Path], Path], tmp_path: Path) -> None:
    target, other = tmp_path / "x", tmp_path / "other"
    target.write_bytes(b"before")
    other.hardlink_to(target)
    download(target)
    assert (target.read_bytes(), other.read_bytes()) == (b"content", b"before")


@pytest.mark.parametrize("end", sorted({"/", os.sep}))
def test_a_path_that_ends_as_a_directory_is_none_of_a_file(
    download: Callable[[Path], Path], server: ScriptedServer, session: APIClient, tmp_path: Path, end: str
) -> None:
    (tmp_path / "file").touch()
    for name in ("none", "file"):
        with pytest.raises(LocalFileException, match=f"there is no directory .*{name}"):
            session.workfile.download(1, path=f"{tmp_path / name}{end}")
    assert server.asked == []
    assert session.workfile.download(1, path=f"{tmp_path}{end}") == tmp_path / "x"


def linked(link: Path, to: Path | str) -> Path:
    try:
        link.symlink_to(to)
    except OSError as error:
        pytest.skip(f"no symbolic link can be made here ({error.strerror})")
    return link


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("relative", [True, False])
def test_a_link_is_followed_and_stays(
    download: Callable[[Path], Path], tmp_path: Path, is_there: bool, relative: bool
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    real = folder / "real"
    if is_there:
        real.write_bytes(b"before")
    second = linked(tmp_path / "second", Path("folder") / "real" if relative else real)
    link = linked(tmp_path / "link", second)
    assert download(link) == link
    assert link.is_symlink()
    assert second.is_symlink()
    assert real.read_bytes() == b"content"
    assert not real.is_symlink()
    assert names(tmp_path) == ["folder", "link", "second"]
    assert names(folder) == ["real"]


def test_a_link_in_a_directory_is_followed_too(download: Callable[[Path], Path], tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    linked(folder / "x", tmp_path / "real")
    assert download(linked(tmp_path / "to_folder", folder)).name == "x"
    assert (folder / "x").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"content"


def test_a_link_into_a_directory_that_is_not_there_is_told(
    download: Callable[[Path], Path], server: ScriptedServer, tmp_path: Path
) -> None:
    link = linked(tmp_path / "link", tmp_path / "none" / "x")
    with pytest.raises(LocalFileException, match=r"link: there is no directory .*none"):
        download(link)
    assert server.asked == []


@needs_modes
def test_links_in_a_circle_are_refused(
    download: Callable[[Path], Path], server: ScriptedServer, tmp_path: Path
) -> None:
    linked(tmp_path / "a", "b")
    linked(tmp_path / "b", "a")
    with pytest.raises(LocalFileException, match=r"Could not write .*a: Too many levels of symbolic links"):
        download(tmp_path / "a")
    assert server.asked == []
    assert names(tmp_path) == ["a", "b"]


@needs_modes
@pytest.mark.parametrize("by_link", [False, True])
@pytest.mark.parametrize("kind", ["FIFO", "socket", "device"])
def test_what_is_no_file_is_refused_untouched(
    download: Callable[[Path], Path], server: ScriptedServer, tmp_path: Path, kind: str, by_link: bool
) -> None:
    special = Path("/dev/null") if kind == "device" else tmp_path / "special"
    listening = socket.socket(getattr(socket, "AF_UNIX", socket.AF_INET))
    if kind == "FIFO":
        os.mkfifo(special)
    elif kind == "socket":
        listening.bind(str(special))
    before = special.lstat()
    path = linked(tmp_path / "link", special) if by_link else special
    with pytest.raises(LocalFileException) as caught:
        download(path)
    with pytest.raises(LocalFileException):
        FlowResults(outputs=[], flowMetaInfo={}).save(path)
    listening.close()
    assert str(caught.value) == (
        f"Could not write {path}: it is a {kind}, which is left as it is; give the path of a file."
    )
    after = special.lstat()
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (before.st_ino, before.st_mode, before.st_mtime_ns)
    assert server.asked == []


DOWNLOADING = """
import sys
from alpine import APIClient
APIClient(sys.argv[1], token="a-token", proxies={}).workfile.download(1, path=sys.argv[2])
"""


class Halting:
    """A server that sends half of a file, and the rest when it is told to go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.server = WireServer(self._answer)

    def _answer(self, connection: socket.socket, _asked: Asked) -> bool:
        connection.sendall(message(200, b"", {"Content-Length": "2000000"}) + b"x" * 1_000_000)
        if self.go_on.wait(20):
            connection.sendall(b"x" * 1_000_000)
        return False


@pytest.fixture
def halting() -> Iterator[Halting]:
    halting = Halting()
    yield halting
    halting.go_on.set()
    halting.server.close()


@needs_signals
def test_what_a_killed_process_left_is_removed_by_the_next_download_to_that_name(
    download: Callable[[Path], Path], halting: Halting, tmp_path: Path
) -> None:
    for name in ("x", "y"):
        command = [sys.executable, "-c", DOWNLOADING, halting.server.url, str(tmp_path / name)]
        with subprocess.Popen(command, cwd=ROOT) as child:
            assert wait_until(lambda name=name: any(f".{name}." in part.name for part in parts(tmp_path)), 15)
            child.send_signal(signal.SIGKILL)
    assert len(parts(tmp_path)) == 2
    download(tmp_path / "x")
    assert [part.name[:3] for part in parts(tmp_path)] == [".y."]
    FlowResults(outputs=[], flowMetaInfo={}).save(tmp_path / "y")
    assert names(tmp_path) == ["x", "y"]


def test_a_download_that_goes_on_is_left_alone(
    download: Callable[[Path], Path], halting: Halting, tmp_path: Path
) -> None:
    other = APIClient(halting.server.url, token="a-token", proxies={})
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(other.workfile.download, 1, path=tmp_path / "x")
        assert wait_until(lambda: bool(parts(tmp_path)), 15)
        for _ in range(3):
            assert download(tmp_path / "x").read_bytes() == b"content"
        assert len(parts(tmp_path)) == 1
        halting.go_on.set()
        assert slow.result(20) == tmp_path / "x"
    other.session.close()
    assert (tmp_path / "x").stat().st_size == 2_000_000
    assert names(tmp_path) == ["x"]


def test_many_downloads_to_one_name_at_a_time_all_end_well(tmp_path: Path) -> None:
    target = tmp_path / "x"
    together = threading.Barrier(8)

    def write(number: int) -> None:
        together.wait(10)
        for _ in range(40):
            FlowResults(outputs=[number] * 100, flowMetaInfo={}).save(target)

    with ThreadPoolExecutor(8) as pool:
        for writing in [pool.submit(write, number) for number in range(8)]:
            writing.result(20)
    assert names(tmp_path) == ["x"]
    assert len(FlowResults.load(target)["outputs"]) == 100


def test_only_what_a_download_to_that_name_left_is_removed(download: Callable[[Path], Path], tmp_path: Path) -> None:
    mine = [
        ".x.part",
        ".x.0123abcd.part.txt",
        "x.0123abcd.part",
        ".y.0123abcd.part",
        ".x.0123ABCD.part",
        ".xx.01234567.part",
    ]
    for name in mine:
        (tmp_path / name).touch()
    (tmp_path / ".x.0123abcd.part").mkdir()
    download(tmp_path / "x")
    assert names(tmp_path) == sorted([*mine, ".x.0123abcd.part", "x"])


LEFT_ON_WINDOWS = """
import os, sys, time
from pathlib import Path
from alpine import FlowResults

folder = Path(sys.argv[1])
old, new = folder / ".x.00000000.part", folder / ".x.11111111.part"
for part in (old, new):
    part.touch()
os.utime(old, (time.time() - 100,) * 2)
FlowResults(outputs=[], flowMetaInfo={}).save(folder / "x")
print(sorted(path.name for path in folder.iterdir()))
"""


def test_without_locks_what_was_not_written_for_a_minute_is_removed(tmp_path: Path) -> None:
    program = tmp_path / "left.py"
    program.write_text(LEFT_ON_WINDOWS, encoding="utf-8")
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        [sys.executable, "-P", str(ROOT / "tests" / "windows.py"), str(program), str(tmp_path / "work")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.stderr, done.stdout.strip()) == ("", "['.x.11111111.part', 'x']")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("run 12:30.json", "Windows does not allow ':' in a file name"),
        ("why?.txt", "Windows does not allow '?' in a file name"),
        ("nul", "nul is a device name on Windows"),
        ("Con.txt", "Con.txt is a device name on Windows"),
        ("COM¹", "COM¹ is a device name on Windows"),
        ("aux .json", "aux .json is a device name on Windows"),
        ("results.json", ""),
        ("console.txt", ""),
        ("Größe 日本.csv", ""),
    ],
)
def test_the_names_that_windows_refuses_are_known(name: str, told: str) -> None:
    assert refused_by_windows(name) == told
    if os.name == "nt" and told:
        with pytest.raises(LocalFileException, match="Windows"):
            Target(Path(name))
