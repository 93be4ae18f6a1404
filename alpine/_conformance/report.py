"""What came of trying a server: one line for each expectation, without anything that the server holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from alpine._display import html


class Verdict(StrEnum):
    """What came of an expectation."""

    AS_EXPECTED = "as expected"
    DIFFERS = "differs"
    MISSING = "missing"
    NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Line:
    """What came of one expectation.

    :param endpoint: The endpoint.
    :param what: What was asked for.
    :param verdict: What came of it.
    :param expected: What was expected, where it differs.
    :param seen: What was seen instead.
    :param why: Why it was not tried.
    """

    endpoint: str
    what: str
    verdict: Verdict
    expected: str = ""
    seen: str = ""
    why: str = ""

    def __str__(self) -> str:
        more = f" (expected {self.expected}; seen {self.seen})" if self.expected else ""
        return f"{self.verdict}{more}{f' ({self.why})' if self.why else ''}"


@dataclass(frozen=True)
class ConformanceReport:
    """What came of trying a server.

    It holds types, statuses, and keys and texts of the client's own table: no name, data, host or secret.

    :param client: The version of the client.
    :param server: The first two numbers of the server's version.
    :param write: Whether creating and deleting was tried as well.
    :param lines: One line for each expectation.
    """

    client: str
    server: str
    write: bool
    lines: tuple[Line, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing differs and nothing is missing."""
        return not self.differences

    @property
    def differences(self) -> tuple[Line, ...]:
        """The lines that differ or whose endpoint is missing."""
        return tuple(line for line in self.lines if line.verdict in {Verdict.DIFFERS, Verdict.MISSING})

    def counts(self) -> dict[str, int]:
        """How many lines have each verdict."""
        return {str(verdict): sum(line.verdict is verdict for line in self.lines) for verdict in Verdict}

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        lines = [{key: str(value) for key, value in asdict(line).items()} for line in self.lines]
        return {
            "format": 1,
            "client": self.client,
            "server": self.server,
            "write": self.write,
            "counts": self.counts(),
            "lines": lines,
        }

    def to_json(self) -> str:
        """The report as JSON."""
        return json.dumps(self.to_dict(), indent=2)

    def to_html(self) -> str:
        """The report as a page of its own."""
        title = "Conformance of a server"
        return (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
            f'<body style="font-family:sans-serif">{self._repr_html_()}</body></html>\n'
        )

    def _repr_html_(self) -> str:
        rows = ""
        for line in self.lines:
            # In cells of its own, as those of other tables cut long texts.
            cells = (line.endpoint, line.what, line.verdict, line.expected, line.seen or line.why)
            rows += f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"
        head = "".join(f"<th>{name}</th>" for name in ("endpoint", "what", "verdict", "expected", "seen, or why not"))
        table = f'<table class="alpine"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        return html.block(html.heading("Conformance", *self._facts()), table)

    def _facts(self) -> Iterator[str]:
        yield f"client {self.client}"
        yield f"server {self.server}" if self.server else "server of an unknown version"
        yield "reading and writing" if self.write else "reading only"
        yield ", ".join(f"{number} {verdict}" for verdict, number in self.counts().items())

    def __str__(self) -> str:
        first = max((len(line.endpoint) for line in self.lines), default=0)
        second = max((len(line.what) for line in self.lines), default=0)
        rows = (f"{line.endpoint:<{first}}  {line.what:<{second}}  {line}" for line in self.lines)
        return "\n".join((", ".join(self._facts()), "", *rows))
