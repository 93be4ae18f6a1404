"""Whether two expressions of a flow say the same: white space, comments and the case of keywords do not count."""

from __future__ import annotations

import re
from collections.abc import Iterator

_OPERATORS = r"[-+*/<>=~!#%^&|`?:@]+"
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[A-Za-z]?"
_SQL = re.compile(
    r"(?P<space>\s+|--[^\n]*|/\*.*?\*/)"
    r"|(?P<text>[eE]'(?:''|\\.|[^'\\])*'|'(?:''|[^'])*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|\"(?:\"\"|[^\"])*\")"
    rf"|(?P<variable>@\w+)|(?P<number>{_NUMBER})|(?P<word>\w[\w$]*)|(?P<operator>{_OPERATORS})|(?P<other>.)",
    re.DOTALL,
)
_PIG = re.compile(
    r"(?P<space>\s+|--[^\n]*|/\*.*?\*/)"
    r"|(?P<text>'(?:\\.|[^'\\])*')"
    rf"|(?P<variable>@\w+)|(?P<number>{_NUMBER})|(?P<word>\w+)|(?P<operator>{_OPERATORS})|(?P<other>.)",
    re.DOTALL,
)
# Names of fields and functions keep their case in Pig.
_PIG_WORDS = frozenset(
    word
    for line in (
        "all and any as asc by case cross desc distinct else end filter flatten foreach full generate group if in",
        "inner into is join left limit load matches not null onschema or order outer parallel right split store then",
        "union using when",
    )
    for word in line.split()
)
_MAY_END_IN_SIGN = frozenset("~!#%^&|`?@")


def same(old: str, new: str, *, is_pig: bool = False) -> bool:
    """Whether two expressions say the same.

    :param old: An expression.
    :param new: Another.
    :param is_pig: Whether they are Pig's, where names keep their case; otherwise SQL's, where only quoted names do.
    """
    return old == new or list(_tokens(old, is_pig)) == list(_tokens(new, is_pig))


def _tokens(text: str, is_pig: bool) -> Iterator[str]:
    for match in (_PIG if is_pig else _SQL).finditer(text):
        found = match[0]
        kind = match.lastgroup if match.lastgroup != "tag" else "text"
        if kind == "space":
            continue
        if kind == "word":
            yield found.lower() if not is_pig or found.lower() in _PIG_WORDS else found
        elif kind == "number":
            yield found.lower() if not is_pig else found
        elif kind == "operator":
            yield from _operators(found)
        else:
            yield found


def _operators(run: str) -> Iterator[str]:
    """The operators of a run of signs: ``a<-1`` compares with a negative number, as PostgreSQL reads it."""
    signs = ""
    while len(run) > 1 and run[-1] in "+-" and not _MAY_END_IN_SIGN & set(run):
        run, signs = run[:-1], run[-1] + signs
    yield run
    yield from signs
