"""Which columns say something of another one."""

from __future__ import annotations

import math

from alpine.sandbox.engine.context import Context, Output, tabulate
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.learning.chosen import is_number, predictors_of, require_numbers, target_of
from alpine.sandbox.engine.learning.selection import chosen_order, information_gain, r2
from alpine.sandbox.engine.registry import operator

_THRESHOLD = 0.1
_R2, _GAIN, _RATIO = "R2", "Information Gain", "Information Gain Ratio"
_SCORES = {
    **dict.fromkeys(("", "r2"), _R2),
    **dict.fromkeys(("informationgain", "infogain"), _GAIN),
    **dict.fromkeys(("informationgainratio", "infogainratio", "gainratio"), _RATIO),
}


@operator(
    "hadoop.HadoopVariableSelectionAnalysisOperator",
    title="Variable Selection",
    fidelity="equivalent",
    remark="R2 (the squared correlation; for a column that holds no numbers what the means of its values explain), or "
    "information gain in bits and its ratio, of the rows with both values; gains of numbers, which the server would "
    "cut in a way that is not public, transformed gains and power transforms are refused; no mask file is written; the "
    "columns are assumed",
    test="tests/sandbox/test_differential_selection.py::test_r2",
)
def variable_selection(context: Context) -> Output:
    """Scores each column by what it says of the dependent one, the highest first."""
    target, columns = target_of(context), predictors_of(context)
    score = _score(context)
    threshold = context.number("scoreThreshold", _THRESHOLD)
    if context.flag("powerTransform"):
        raise NodeFailure(
            "The sandbox cannot transform columns (powerTransform): which powers the server tries is not public."
        )
    if score == _R2:
        require_numbers(context.table, [target])
    else:
        _refuse_numbers(context, target, columns, score)
    context.needs_rows()
    if score == _R2:
        scores = r2(context.cursor, context.table, target, columns)
    else:
        scores = information_gain(context.cursor, context.table, target, columns, is_ratio=score == _RATIO)
    rows = [[columns[i], scores[i], "true" if scores[i] >= threshold else "false"] for i in chosen_order(scores)]
    return Output(view=tabulate(rows, ["Column", score, "Selected"], _remarks(context, target, columns, scores)))


def _remarks(context: Context, target: str, columns: list[str], scores: list[float]) -> list[str]:
    remarks = [
        f"The score of {column!r} is not defined: {target!r} has no two different values in its rows."
        for column, score in zip(columns, scores, strict=True)
        if math.isnan(score)
    ]
    if context.parameter("varSelMaskName").strip():
        remarks.append("The sandbox writes no file with the mask of the selection (varSelMaskName).")
    return remarks


def _score(context: Context) -> str:
    """The kind of score.

    :raises NodeFailure: It is not known.
    """
    said = context.parameter("scoreTypeHadoop").strip()
    found = _SCORES.get("".join(filter(str.isalnum, said.lower())))
    if found is None:
        raise NodeFailure(f"The sandbox does not know the score {said!r}; it knows {_R2}, {_GAIN} and {_RATIO}.")
    return found


def _refuse_numbers(context: Context, target: str, columns: list[str], score: str) -> None:
    table = context.table
    cut = [column for column in columns if is_number(table, column)]
    if is_number(table, target) and table.type_of(target).startswith(("DECIMAL", "DOUBLE", "FLOAT")):
        cut.append(target)
    if cut:
        raise NodeFailure(
            f"The score {score} needs categories. The server cuts numbers into intervals, in a way that is not public; "
            f"the sandbox does not: {', '.join(map(repr, cut))}."
        )
