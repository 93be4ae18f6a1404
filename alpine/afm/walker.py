"""Goes through workflow files piece by piece, and says what in them is a secret or a stored model."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from alpine._files import open_file
from alpine.exception import WorkflowFileException

Source = str | os.PathLike[str] | bytes | IO[bytes]

MAX_DEPTH = 100
MAX_TOKEN = 64 * 1024 * 1024
_BLOCK = 64 * 1024
_SECRET = re.compile(r"passw|passphrase|pwd|secret|access_?key|access_?token", re.IGNORECASE)
_MODEL = "Model"


class Walker:
    """Goes through a workflow file once and refuses what is not one."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.depth = 0
        self.parser: expat.XMLParserType = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype

    def feed(self, source: Source) -> None:
        fed = 0
        with _opened(source) as blocks:
            try:
                for block in blocks:
                    fed += len(block)
                    self.parser.Parse(block, False)
                    if fed - self.parser.CurrentByteIndex > MAX_TOKEN:
                        raise self.refusal(f"a single tag in it is larger than {MAX_TOKEN // 1024**2} MB")
                self.parser.Parse(b"", True)
            except expat.ExpatError as error:
                fault = str(error)
            except (LookupError, ValueError) as error:
                if isinstance(error, WorkflowFileException):
                    raise
                fault = f"its encoding cannot be read ({error})"
            else:
                return
        raise self.refusal(f"it is not well-formed XML: {fault}" if fed else "it is empty")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.refusal(f"its elements are nested deeper than {MAX_DEPTH}")
        if self.depth == 1:
            if tag != "Process":
                raise self.refusal(f"its first element is <{tag[:60]}>, not <Process>")
            self.opened_root(attributes)

    def end(self, tag: str) -> None:  # noqa: ARG002 - the signature is expat's
        self.depth -= 1

    def opened_root(self, attributes: dict[str, str]) -> None:
        """What a reader takes from the first element; nothing to do for a mere check."""

    def refusal(self, why: str) -> WorkflowFileException:
        return WorkflowFileException(f"{self.subject} is not a readable workflow file (.afm): {why}.")

    def _refuse_doctype(self, *_: object) -> None:
        raise self.refusal("it holds a DOCTYPE, which no workflow file has and which may be an attack")


def is_kept(tag: str, attributes: dict[str, str]) -> bool:
    """Whether an element is neither a stored model nor a secret."""
    names = (tag, attributes.get("key", ""), attributes.get("id", ""))
    return tag != _MODEL and not any(_SECRET.search(name) for name in names)


def is_secret(name: str) -> bool:
    """Whether a value of that name is taken for a secret."""
    return _SECRET.search(name) is not None


def subject_of(source: Any) -> str:
    return str(Path(source)) if isinstance(source, str | os.PathLike) else "This"


@contextmanager
def _opened(source: Source) -> Iterator[Iterator[bytes]]:
    if isinstance(source, bytes):
        yield (source[start : start + _BLOCK] for start in range(0, len(source), _BLOCK))
    elif isinstance(source, str | os.PathLike):
        with open_file(Path(source)) as file:
            yield _blocks(file)
    else:
        yield _blocks(source)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block
