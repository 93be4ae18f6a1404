"""Naive Bayes."""

from __future__ import annotations

from alpine.sandbox.engine.context import Context, Output, tabulate
from alpine.sandbox.engine.document import TableView, Tabs, View
from alpine.sandbox.engine.learning.bayes import BayesModel, Frequencies, Normal, fit
from alpine.sandbox.engine.learning.chosen import predictors_of, refuse_mask, target_of
from alpine.sandbox.engine.registry import operator

_ROWS_SHOWN = 1000


@operator(
    "naivebayes.NaiveBayesOperator",
    "hadoop.HadoopNaiveBayesOperator",
    title="Naive Bayes",
    fidelity="equivalent",
    remark="numbers have a normal distribution in each class, with the sample standard deviation; other columns their "
    "relative frequencies, and a value that a class of n rows lacks counts there as 1 / (n + 1); a missing value adds "
    "nothing; where a class has one number alone, 1e-9 of the column's variance is used, with a warning; a column "
    "without any value in a class, and the mask of a variable selection, are refused; the tabs are assumed",
    test="tests/sandbox/test_differential_bayes.py::test_normal_distributions",
)
def naive_bayes(context: Context) -> Output:
    """Fits the distribution of each column in each class."""
    refuse_mask(context)
    context.flag("forceRetrain")
    target, columns = target_of(context), predictors_of(context)
    context.needs_rows()
    model, warnings = fit(context.cursor, context.table, target, columns, context.operator.name)
    total = int(model.rows.sum())
    priors = [[name, int(n), float(n / total)] for name, n in zip(model.classes.names, model.rows, strict=True)]
    parts: list[tuple[str, View]] = [("Class Priors", tabulate(priors, ["Class", "Rows", "Probability"], warnings))]
    if any(isinstance(part, Normal) for part in model.parts):
        parts.append(("Numeric Columns", _numbers(model)))
    if any(isinstance(part, Frequencies) for part in model.parts):
        parts.append(("Text Columns", _texts(model)))
    if context.flag("calculateDeviance"):
        parts.append(
            ("Deviance", tabulate([[total, model.deviance(context.cursor, context.table)]], ["Rows", "Deviance"]))
        )
    return Output(view=Tabs(parts), model=model)


def _numbers(model: BayesModel) -> TableView:
    rows = [
        [part.column.column, name, int(n), float(mean + part.column.centre), float(deviation)]
        for part in model.parts
        if isinstance(part, Normal)
        for name, n, mean, deviation in zip(model.classes.names, part.rows, part.means, part.deviations, strict=True)
    ]
    return tabulate(rows, ["Column", "Class", "Rows", "Mean", "Standard Deviation"])


def _texts(model: BayesModel) -> TableView:
    rows = [
        [part.column, value, name, int(part.counts[i, j]), float(part.shares[i, j])]
        for part in model.parts
        if isinstance(part, Frequencies)
        for i, value in enumerate(part.values)
        for j, name in enumerate(model.classes.names)
    ]
    messages = [f"The first {_ROWS_SHOWN:,} of {len(rows):,} rows are shown."] if len(rows) > _ROWS_SHOWN else []
    return tabulate(rows[:_ROWS_SHOWN], ["Column", "Value", "Class", "Rows", "Probability"], messages)
