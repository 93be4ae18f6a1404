"""What a flow has after WHERE: a condition, and the order and the limit that may follow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.sql import windows
from alpine.sandbox.engine.sql.columns import Columns
from alpine.sandbox.engine.sql.parse import parse, refusal, shown
from alpine.sandbox.engine.sql.translator import Translator

if TYPE_CHECKING:
    from sqlglot import exp

_LEAD = "SELECT 1 FROM t "
_ALLOWED = frozenset({"expressions", "from", "from_", "where", "order", "limit", "kind", "hint", "distinct"})


def rows(text: str, tables: Mapping[str, Sequence[tuple[str, str]]], last: str = "") -> str:
    """The SQL that stands after a table's name.

    :param last: SQL of the last key to sort by, where there is an ORDER BY; empty for none.
    :raises NodeFailure: PostgreSQL refuses it, or the sandbox does.
    """
    statement, lead, tree = read(text)
    stripped = statement[lead:]
    translator = Translator(statement, Columns(tables), lead)
    parts = []
    if tree.args.get("where") is not None:
        parts.append(f"WHERE {translator.tested(tree.args['where'].args['this']).sql}")
    order = tree.args.get("order")
    if order is not None:
        keys = order.args["expressions"]
        if any(type(key.args["this"]).__name__ == "Literal" for key in keys):
            raise refusal("ORDER BY needs a column or an expression, not a number", stripped, None)
        parts.append(windows.order_by(translator, keys, last))
        for key in translator.beside:
            translator.look_at(key)
    limit = tree.args.get("limit")
    if limit is not None:
        count = limit.args.get("expression")
        if (
            type(limit).__name__ != "Limit"
            or type(count).__name__ != "Literal"
            or not str(count.args["this"]).isdigit()
        ):
            raise refusal("LIMIT needs a whole number", stripped, None)
        parts.append(f"LIMIT {int(str(count.args['this']))}")
    return " ".join(parts)


def read(text: str) -> tuple[str, int, exp.Expression]:
    """A script as a statement, with how many characters before it are not the flow's, and its tree.

    :raises NodeFailure: PostgreSQL does not read it so, or there is more in it.
    """
    stripped = text.strip().removesuffix(";").rstrip()
    lead = _LEAD if stripped[:6].lower() in ("where ", "order ", "limit ") else f"{_LEAD}WHERE "
    statement = lead + stripped
    tree = parse(statement, len(lead))
    given = {key for key, value in tree.args.items() if value not in (None, False, [])}
    if type(tree).__name__ != "Select" or not given <= _ALLOWED or given & {"distinct", "hint"}:
        raise NodeFailure(f"A condition with ORDER BY and LIMIT is all that the sandbox takes here: {shown(stripped)}")
    return statement, len(lead), tree
