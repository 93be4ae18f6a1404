"""A download whose length nobody told warns of it, since an early end cannot be told from a whole file."""

from __future__ import annotations

import gzip
import socket
from pathlib import Path

import pytest

from alpine import APIClient
from tests.conftest import TOKEN
from tests.reliability.wire import Asked, WireServer


class Raw(WireServer):
    """Sends these bytes, and ends the connection."""

    def __init__(self, head: bytes, body: bytes) -> None:
        def answer(sock: socket.socket, _asked: Asked) -> bool:
            sock.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body)
            return False

        super().__init__(answer)


WITHOUT_LENGTH = [b"", b"Connection: close\r\n", b"Content-Length: nonsense\r\n", b"Content-Encoding: identity\r\n"]


@pytest.mark.parametrize("head", WITHOUT_LENGTH)
def test_a_download_without_a_length_warns_of_how_much_came(head: bytes, tmp_path: Path) -> None:
    server, target = Raw(head, b"x" * 1234), tmp_path / "x.csv"
    with APIClient(server.url, token=TOKEN) as session:
        for call in (lambda: session.workfile.download(5), lambda: session.workfile.download(5, path=target)):
            with pytest.warns(
                UserWarning, match=r"Workfile 5 came without a length and ended after 1,234 bytes"
            ) as told:
                call()
            assert [warning.filename for warning in told] == [__file__]
        assert target.read_bytes() == b"x" * 1234
        target.write_bytes(b"old")
        with pytest.raises(UserWarning, match="without a length"):
            session.workfile.download(5, path=target)
        assert target.read_bytes() == b"old"
        with pytest.warns(UserWarning, match=r"The response came without a length.* 1,234 bytes") as told:
            assert session.request("GET", "workfiles/5/download") == "x" * 1234
        assert [warning.filename for warning in told] == [__file__]
    assert list(tmp_path.iterdir()) == [target]
    server.close()


@pytest.mark.parametrize(
    ("head", "body", "in_memory"),
    [
        (b"Content-Length: 4\r\n", b"data", True),
        (b"Content-Length: 4, 4\r\n", b"data", True),
        (b"Transfer-Encoding: chunked\r\n", b"4\r\ndata\r\n0\r\n\r\n", True),
        (b"Content-Encoding: gzip\r\n", gzip.compress(b"data", mtime=0), False),
    ],
)
def test_a_download_that_tells_its_end_does_not_warn(head: bytes, body: bytes, in_memory: bool, tmp_path: Path) -> None:
    server = Raw(head, body)
    with APIClient(server.url, token=TOKEN) as session:
        assert session.workfile.download(5, path=tmp_path / "x").read_bytes() == b"data"
        if in_memory:
            assert session.workfile.download(5) == session.request("GET", "x").encode() == b"data"
        else:
            with pytest.warns(UserWarning, match="without a length and ended after 4 bytes"):
                session.workfile.download(5)
    server.close()


def test_json_without_a_length_does_not_warn_as_its_end_can_be_told() -> None:
    server = Raw(b"", b'{"response": {"id": 5}}')
    with APIClient(server.url, token=TOKEN) as session:
        assert session.workfile.get(5) == session.request("GET", "workfiles/5") == {"id": 5}
    server.close()
