"""What is sent: each body knows its length and can be opened again for a second attempt."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlencode

from urllib3.fields import RequestField
from urllib3.filepost import choose_boundary

from alpine._files import open_file
from alpine.exception import InvalidArgumentException, LocalFileException


class Readable(Protocol):
    """What is read while it is sent."""

    def read(self, size: int = -1, /) -> bytes: ...

    def close(self) -> None: ...


class Body(Protocol):
    """A request's body."""

    content_type: str
    length: int

    def open(self) -> bytes | Readable:
        """The body from its beginning: bytes, or a file-like object that the sender closes."""
        ...


class BytesBody:
    """A body held in memory."""

    def __init__(self, data: bytes, content_type: str) -> None:
        self.content_type = content_type
        self.length = len(data)
        self._data = data

    def open(self) -> bytes:
        return self._data

    @classmethod
    def json(cls, document: object) -> BytesBody:
        try:
            text = json.dumps(document, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            reason = str(error)
        else:
            return cls(text.encode(), "application/json")
        raise InvalidArgumentException(f"This cannot be sent as JSON: {reason}.")

    @classmethod
    def form(cls, fields: Mapping[str, object]) -> BytesBody:
        return cls(urlencode(fields, doseq=True, errors="surrogatepass").encode(), "application/x-www-form-urlencoded")


class MultipartBody:
    """Fields and one file, read from disk while it is sent.

    :param fields: The names and values of the fields, in order.
    :param file_field: The name of the field that holds the file.
    :param path: The file.
    :param file_name: The name that is told of it; by default its own.
    """

    def __init__(
        self, fields: Iterable[tuple[str, object]], file_field: str, path: Path, file_name: str | None = None
    ) -> None:
        boundary = choose_boundary()
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._path = path
        self._size = _size_of(path)
        head = b"".join(_part(boundary, name, str(value)) for name, value in fields)
        self._head = head + _part(boundary, file_field, None, file_name or path.name)
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self.length = len(self._head) + self._size + len(self._tail)

    def open(self) -> Readable:
        return _Chain(self._head, open_file(self._path), self._size, self._tail)


def _size_of(path: Path) -> int:
    with open_file(path) as file:
        return file.seek(0, io.SEEK_END)


def _part(boundary: str, name: str, value: str | None, file_name: str | None = None) -> bytes:
    field = RequestField(name, "", filename=file_name)
    field.make_multipart(content_type="application/octet-stream" if file_name else None)
    end = "" if value is None else f"{value}\r\n"
    return f"--{boundary}\r\n{field.render_headers()}{end}".encode("utf-8", "surrogatepass")


class _Chain(io.RawIOBase):
    """The head, exactly the announced bytes of the file, then the tail, as one readable file."""

    def __init__(self, head: bytes, file: IO[bytes], size: int, tail: bytes) -> None:
        self._file = file
        self._pieces = self._read_pieces(head, size, tail)
        self._rest = memoryview(b"")
        self._asked = 64 * 1024

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            return b"".join([bytes(self._rest), *self._pieces])
        self._asked = size
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        data, self._rest = self._rest[:size], self._rest[size:]
        return bytes(data)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _read_pieces(self, head: bytes, size: int, tail: bytes) -> Iterator[bytes]:
        yield head
        while size:
            data = self._file.read(min(size, self._asked))
            if not data:
                raise LocalFileException(f"The file {self._file.name} became shorter while it was sent.")
            size -= len(data)
            yield data
        yield tail


def body_of(json_document: Any, form: Mapping[str, object] | bytes | None) -> Body | None:
    """The body for what a caller gave: a JSON document, the fields of a form, or bytes."""
    if json_document is not None and form is not None:
        raise InvalidArgumentException("Give either json or data, not both.")
    if json_document is not None:
        return BytesBody.json(json_document)
    if isinstance(form, bytes):
        return BytesBody(form, "application/octet-stream")
    if form is None:
        return None
    if not isinstance(form, Mapping):
        # What is in it stays untold: it may be a password.
        raise InvalidArgumentException(f"data must be a dict or bytes, not {type(form).__name__}.")
    return BytesBody.form(form)
