"""What a check finds, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from alpine._display import html
from alpine._display.html import RichList

Severity = Literal["error", "warning", "info"]

_ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class Finding:
    """Something that a check found.

    :param operator: The operator; empty for what is none's, such as a variable.
    :param field: The field, as :meth:`~alpine.afm.Workflow.fields` names it; empty where it is none.
    :param severity: ``error`` for what stops a run or changes what it means, ``warning`` for what should be looked at,
        ``info`` for what the sandbox cannot do.
    :param kind: ``column``, ``table``, ``type``, ``syntax``, ``setting``, ``variable``, ``unused``, ``link``,
        ``circle``, ``model``, ``credentials`` or ``refused``.
    :param problem: What is wrong.
    :param advice: What to do.
    """

    operator: str
    field: str
    severity: Severity
    kind: str
    problem: str
    advice: str = ""

    def __str__(self) -> str:
        place = " ".join(part for part in (repr(self.operator) if self.operator else "", self.field) if part)
        return f"{self.severity}: {f'{place}: ' if place else ''}{' '.join(filter(None, (self.problem, self.advice)))}"


class Findings(RichList[Finding]):
    """The findings of a check: a list, which is shown as a table in a notebook, and line by line by ``print``."""

    @property
    def errors(self) -> list[Finding]:
        """The errors alone."""
        return [finding for finding in self if finding.severity == "error"]

    def to_dict(self) -> list[dict[str, Any]]:
        """The findings as dicts, for JSON."""
        return [asdict(finding) for finding in self]

    def __str__(self) -> str:
        return "\n".join(map(str, self)) or "Nothing was found."

    def _in_short(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        if not self:
            return html.block(html.heading("Nothing was found"))
        # Not as other tables, whose long cells are cut: the place in an expression stands at the end.
        rows = "".join(
            f"<tr><td>{html.badge(f.severity)}</td>"
            + "".join(f"<td>{html.escape(text)}</td>" for text in (f.operator, f.field, f.problem, f.advice))
            + "</tr>"
            for f in self
        )
        head = "".join(f"<th>{name}</th>" for name in ("", "operator", "field", "what is wrong", "what to do"))
        table = f'<table class="alpine"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        counts = [
            html.count(number, word)
            for word in _ORDER
            if (number := sum(finding.severity == word for finding in self)) and word != "info"
        ]
        return html.block(html.heading(html.count(len(self), "finding"), *counts), f'<div class="wrap">{table}</div>')


def in_order(found: Sequence[Finding]) -> Findings:
    """Findings without repetitions, errors first."""
    return Findings(sorted(dict.fromkeys(found), key=lambda finding: _ORDER[finding.severity]))
