"""Plain types that show themselves in a notebook, and the HTML they do it with.

The HTML is escaped, brings no script and loads nothing; its colours are translucent, so that it reads on light and
on dark pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from alpine._printable import printable

T = TypeVar("T")

ROWS_SHOWN = 25
COLUMNS_SHOWN = 20
_LONGEST_CELL = 120
_KINDS = {
    "SUCCESS": "good",
    "OK": "good",
    "WORKING": "open",
    "FINISHED": "open",
    "WARNING": "warn",
    "INFO": "open",
    "NOT TRIED": "open",
}
"""How a status is coloured; any other is bad."""
_NO_CHARACTER = re.compile("[\ufffe\uffff]")
# The doubled class outweighs the notebook's own rules for tables, which put everything to the right.
_STYLE = (
    "<style>"
    "div.alpine{font-size:13px;line-height:1.45;max-width:100%;overflow-x:auto}"
    "div.alpine table.alpine{border-collapse:collapse;margin:4px 0 6px 0;border:none;font-size:inherit;width:auto}"
    "div.alpine table.alpine th,div.alpine table.alpine td{text-align:left;vertical-align:top;padding:3px 10px;"
    "border:none;border-bottom:1px solid rgba(128,128,128,.25);white-space:nowrap;max-width:32em;"
    "overflow:hidden;text-overflow:ellipsis}"
    "div.alpine table.alpine thead th{border-bottom:1.5px solid rgba(128,128,128,.6);font-weight:600}"
    "div.alpine table.alpine td{white-space:pre}"
    "div.alpine table.alpine tbody th{font-weight:400;opacity:.7}"
    "div.alpine table.alpine td.number,div.alpine table.alpine th.number{text-align:right;"
    "font-variant-numeric:tabular-nums}"
    "div.alpine .heading{margin:2px 0 4px 0}"
    "div.alpine .heading b{font-size:14px;margin-right:8px}"
    "div.alpine .fact{opacity:.75;margin-right:12px}"
    "div.alpine .note{opacity:.75;margin:2px 0}"
    "div.alpine .wrong{color:#d9433e;opacity:1}"
    "div.alpine .bar{display:inline-block;width:160px;height:8px;margin-right:12px;border-radius:4px;overflow:hidden;"
    "background:rgba(128,128,128,.25)}div.alpine .bar span{display:block;height:100%;background:currentColor}"
    "div.alpine .badge{border:1px solid currentColor;border-radius:9px;padding:0 8px;margin-right:12px;"
    "font-size:12px;font-weight:600}"
    "div.alpine .wrap table.alpine td{white-space:normal;overflow-wrap:anywhere;max-width:30em;min-width:4em}"
    "div.alpine .wrap table.alpine td .badge{white-space:nowrap;margin-right:0}"
    "div.alpine .warn{color:#ab6a10}"
    "div.alpine .good{color:#278a4e}div.alpine .bad{color:#d9433e}div.alpine .open{color:#2f7fbf}"
    "div.alpine details{margin:2px 0 6px 0}div.alpine details details{margin-left:16px}"
    "div.alpine summary{cursor:pointer;font-weight:600}"
    "</style>"
)


class RichDict(dict[str, Any]):
    """A dict that is copied, pickled and printed as a plain one; IPython shows it in short."""

    # There is no __repr__ on purpose: pprint lays out only what has the one of dict.
    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(self._in_short())

    def _in_short(self) -> str:
        raise NotImplementedError

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


class RichList(list[T]):
    """A list that is copied, pickled and printed as a plain one; IPython shows it in short."""

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(self._in_short())

    def _in_short(self) -> str:
        raise NotImplementedError

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)


class RichStr(str):
    """A string that is copied and pickled as a plain one."""

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str(self),)


class Status(str):
    """A status, which a table shows as a badge."""


def block(*parts: str) -> str:
    """A piece of HTML as a notebook takes it."""
    return f'{_STYLE}<div class="alpine">{"".join(parts)}</div>'


def heading(title: str, *facts: str, status: str = "", href: str | None = None) -> str:
    """A line with a title, a status and a few facts.

    :param href: Where the title leads to.
    """
    shown = escape(title)
    if href is not None:
        shown = f'<a href="{escape(href)}" target="_blank" rel="noopener">{shown}</a>'
    # The spaces matter where a notebook that is not trusted is shown without the styles.
    said = [badge(status), *map(fact, filter(None, facts))]
    return f'<div class="heading"><b>{shown}</b> {" ".join(filter(None, said))}</div>'


def fact(text: str) -> str:
    """A short remark in a heading."""
    return f'<span class="fact">{escape(text)}</span>'


def note(text: str, *, wrong: bool = False) -> str:
    """A remark in small letters."""
    return f'<div class="note{" wrong" if wrong else ""}">{escape(text)}</div>'


def folded(title: str, content: str, *, unfolded: bool) -> str:
    """A part that can be folded away."""
    return f"<details{' open' if unfolded else ''}><summary>{escape(title)}</summary>{content}</details>"


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    numbers: Collection[int] = (),
    shade: Callable[[int, int], float] | None = None,
) -> str:
    """A table.

    :param columns: The names above the columns.
    :param rows: The cells.
    :param numbers: The positions of the columns that hold numbers.
    :param shade: Tells how dark the field in a row and column is, from 0 to 1.
    """
    head = "".join(f"<th{_kind(i in numbers)}>{escape(name)}</th>" for i, name in enumerate(columns))
    body = ""
    for row, values in enumerate(rows):
        cells = (
            f"<td{_kind(column in numbers)}{_shade(shade, row, column)}>{cell(value)}</td>"
            for column, value in enumerate(values)
        )
        body += f"<tr>{''.join(cells)}</tr>"
    return f'<table class="alpine"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def pairs(rows: Iterable[tuple[str, object]]) -> str:
    """A table of names and values."""
    body = "".join(f"<tr><th>{escape(name)}</th><td>{cell(value)}</td></tr>" for name, value in rows)
    return f'<table class="alpine"><tbody>{body}</tbody></table>'


def escape(text: str) -> str:
    """A string as HTML; characters that nothing shows, and that a drawing could not hold, are written out."""
    import html  # its table of entities is large

    return html.escape(_NO_CHARACTER.sub(lambda sign: repr(sign.group())[1:-1], printable(text)))


def cell(value: object) -> str:
    """The content of one cell: escaped, and cut where it is too long to be read in a table."""
    if isinstance(value, Status):
        return badge(value)
    text = "" if value is None else {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    if len(text) <= _LONGEST_CELL:
        return escape(text)
    return escape(f"{text[:_LONGEST_CELL]}…")


def seconds(duration: timedelta | None) -> str:
    """A duration as people say it."""
    if duration is None:
        return ""
    total = duration.total_seconds()
    if total < 60:
        return f"{total:.1f} s" if total % 1 else f"{total:.0f} s"
    minutes, rest = divmod(round(total), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def count(number: int, thing: str) -> str:
    """A number of things: ``1 operator``, ``2,500 rows``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def badge(status: str) -> str:
    """A status in its colour; nothing for none."""
    if not status:
        return ""
    kind = _KINDS.get(status.upper(), "bad")
    return f'<span class="badge {kind}">{escape(status)}</span>'


def _kind(number: bool) -> str:
    return ' class="number"' if number else ""


def _shade(shade: Callable[[int, int], float] | None, row: int, column: int) -> str:
    dark = shade(row, column) if shade is not None else 0.0
    return f' style="background:rgba(59,143,208,{0.75 * dark:.2f})"' if dark else ""
