"""Operators that judge classification models on a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.context import Context, Output, tabulate
from alpine.sandbox.engine.document import HeatMap, TableView, Tabs, View
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.models import ClassificationModel, Judged, quiet
from alpine.sandbox.engine.operators.predictors import classifiers_of
from alpine.sandbox.engine.registry import operator

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

_CHART = "the real shape of the chart is not public; its numbers come as a table"
_WATCHED = (
    "without a class to watch in the flow it is that of the fit (its good value, or the last class), with a warning; "
    "of more than two classes one has to be named"
)
_CURVE_POINTS = 21
_LIFT_STEPS = 10
_ROUNDING = 1e-12
_DIGITS = 12
_SHOWN = 5


@operator(
    "model.evaluator.ConfusionMatrixOperator",
    "hadoop.HadoopConfusionOperator",
    title="Confusion Matrix",
    fidelity="exact",
    remark="as the public results show it; the strength of colours in the heat map is assumed; rows that the model "
    "cannot predict are left out, with a warning; a table without any other row is refused",
    test="tests/sandbox/test_differential_evaluators.py::test_confusion_matrix",
)
def confusion_matrix(context: Context) -> Output:
    """Observed against predicted classes, for each model."""
    parts: list[tuple[str, View]] = []
    for model in _models(context):
        parts += _confusion(context, model)
    return Output(view=Tabs(parts), has_meta=False)


def _confusion(context: Context, model: ClassificationModel) -> list[tuple[str, View]]:
    import numpy as np

    found, warnings = _counted(context, model)
    counts, accuracy = found.counts, found.accuracy
    lines = [
        [f"Observed ({name})", *map(str, counts[i].tolist()), f"{found.recall(i):.4f}"]
        for i, name in enumerate(found.classes)
    ]
    precision = [f"{found.precision(i):.4f}" for i in range(len(found.classes))]
    lines.append(["Class Precision", *precision, f"Accuracy: {accuracy:.4f}"])
    columns = [" ", *(f"Predicted ({name})" for name in found.classes), "Class Recall"]
    table = TableView(columns, ["cate"] * len(columns), lines, warnings)
    heat = HeatMap(model.name, float(np.float32(accuracy)), found.classes, counts.tolist())
    return [(f"{model.name}: Data", table), (f"{model.name}: Heat Map", heat)]


@operator(
    "model.evaluator.ROCOperator",
    "hadoop.HadoopROCOperator",
    title="ROC",
    fidelity="shape only",
    remark=f"{_CHART}, at {_CURVE_POINTS} even steps; {_WATCHED}",
    test="tests/sandbox/test_differential_evaluators.py::test_roc",
)
def roc(context: Context) -> Output:
    """The ROC curve of each model, at even steps, and the area under it; no number where a class does not occur."""
    import numpy as np
    from sklearn.metrics import auc, roc_curve

    parts: list[tuple[str, View]] = []
    for model in _models(context):
        truth, chance, warnings = _truth(context, model)
        with quiet():
            false, true, _ = roc_curve(truth, chance, drop_intermediate=False)
        steps = np.linspace(0, 1, _CURVE_POINTS)
        # Where the curve rises straight up its top counts, also where a rate is a rounding error above the step.
        heights = np.interp(steps + _ROUNDING, false, true)
        rows = [[float(x), float(y)] for x, y in zip(steps, heights, strict=True)]
        parts.append((f"{model.name}: ROC", tabulate(rows, ["False Positive Rate", "True Positive Rate"], warnings)))
        parts.append((f"{model.name}: AUC", tabulate([[float(auc(false, true))]], ["AUC"], warnings)))
    return Output(view=Tabs(parts))


@operator(
    "model.evaluator.LIFTOperator",
    "hadoop.HadoopLiftOperator",
    title="Lift",
    fidelity="shape only",
    remark=f"{_CHART}; rows that the model thinks equally likely count in equal parts; {_WATCHED}",
    test="tests/sandbox/test_differential_evaluators.py::test_lift",
)
def lift(context: Context) -> Output:
    """For each tenth of the rows, the likeliest first: the share of the good value that it holds, and the lift."""
    parts: list[tuple[str, View]] = []
    for model in _models(context):
        truth, chance, warnings = _truth(context, model)
        rows = []
        for step, gain in enumerate(_gains(truth, chance), 1):
            share = step / _LIFT_STEPS
            rows.append([share, gain, gain / share])
        parts.append((f"{model.name}: Lift", tabulate(rows, ["Share of Rows", "Gain", "Lift"], warnings)))
    return Output(view=Tabs(parts))


def _gains(truth: Array, chance: Array) -> list[float]:
    """The share of the good rows within each tenth of the rows, with the mean over all orders of equally likely ones.

    :returns: No numbers where no row is good.
    """
    import numpy as np

    if not truth.any():
        return [float("nan")] * _LIFT_STEPS
    _, group = np.unique(-chance.round(_DIGITS), return_inverse=True)
    rows = np.cumsum(np.bincount(group))
    good = np.cumsum(np.bincount(group, weights=truth))
    ends = np.arange(1, _LIFT_STEPS + 1) * len(truth) / _LIFT_STEPS
    found: list[float] = (np.interp(ends, [0, *rows], [0, *good]) / good[-1]).tolist()
    return found


@operator(
    "model.evaluator.GoodnessOfFitOperator",
    "hadoop.HadoopGoodnessOfFitOperator",
    title="Goodness of Fit",
    fidelity="equivalent",
    remark="recall, precision, F1, specificity, sensitivity and accuracy by class, 0 where nothing is to be divided "
    "by; the real names and order of the columns are not public; a table without a row to judge is refused",
    test="tests/sandbox/test_differential_evaluators.py::test_goodness_of_fit",
)
def goodness_of_fit(context: Context) -> Output:
    """The usual figures of each model, by class."""
    lines: list[list[Any]] = []
    warnings: list[str] = []
    for model in _models(context):
        found, remarks = _counted(context, model)
        warnings += [f"{model.name}: {remark}" for remark in remarks]
        for i, name in enumerate(found.classes):
            recall, precision = found.recall(i), found.precision(i)
            f1 = _share(2 * precision * recall, precision + recall)
            lines.append([model.name, name, recall, precision, f1, found.specificity(i), found.accuracy, recall])
    columns = ["Model", "Class", "Recall", "Precision", "F1", "Specificity", "Accuracy", "Sensitivity"]
    return Output(view=tabulate(lines, columns, warnings))


@dataclass(frozen=True)
class _Counts:
    """How many rows are of each class, and predicted to be of each.

    :param classes: The classes, in order.
    :param counts: The rows by observed class (first index) and predicted class.
    """

    classes: Sequence[str]
    counts: Array

    @property
    def accuracy(self) -> float:
        return _share(self.counts.trace(), self.counts.sum())

    def recall(self, place: int) -> float:
        return _share(self.counts[place, place], self.counts[place].sum())

    def precision(self, place: int) -> float:
        return _share(self.counts[place, place], self.counts[:, place].sum())

    def specificity(self, place: int) -> float:
        others = self.counts.sum() - self.counts[place].sum()
        return _share(others - self.counts[:, place].sum() + self.counts[place, place], others)


def _counted(context: Context, model: ClassificationModel) -> tuple[_Counts, Sequence[str]]:
    """The rows by observed and predicted class, and warnings."""
    import numpy as np

    judged, warnings = _judged(context, model)
    classes = model.classes.joined(judged.labels)
    places = {name: place for place, name in enumerate(classes)}
    observed, predicted = (
        np.fromiter(map(places.__getitem__, names), np.intp, len(judged))
        for names in (judged.labels, model.predicted(judged))
    )
    counts = np.bincount(observed * len(classes) + predicted, minlength=len(classes) ** 2)
    return _Counts(classes, counts.reshape(len(classes), len(classes))), warnings


def _models(context: Context) -> list[ClassificationModel]:
    """The models to judge.

    :raises NodeFailure: None comes in, or one of another kind, or the flow has none judged.
    """
    if context.parameter("useModel").strip() and not context.flag("useModel"):
        raise NodeFailure(
            "The flow has the operator judge a column of the table (useModel is false), and what it would read there "
            "is not known. Set useModel to true, and link a model to the operator."
        )
    return classifiers_of(context)


def _judged(context: Context, model: ClassificationModel) -> tuple[Judged, list[str]]:
    """What a model says of the rows that it can judge and whose class is known, and warnings of those left out.

    :raises NodeFailure: There is no such row.
    """
    target = context.column("dependentColumn") or context.table.find(model.target)
    judged = model.judge(context.cursor, context.table, target)
    if not len(judged):
        [(there,)] = context.cursor.fetch(f"SELECT count(*) FROM {context.table.sql}")
        reason = f"none of its {there:,} rows has all the values that the model needs" if there else "it is empty"
        raise NodeFailure(f"The table holds no row to judge the model {model.name!r} by: {reason}.")
    judged = replace(judged, labels=model.classes.matched(judged.labels, context.table.type_of(target)))
    warnings = list(judged.warnings)
    if judged.left_out:
        remark = f"Rows left out, since they lack a value that the model needs, or a class: {judged.left_out:,}."
        warnings.insert(0, remark)
    there = set(judged.labels)
    if there.isdisjoint(model.classes.names):
        shown = ", ".join(map(repr, sorted(there)[:_SHOWN])) + (", …" if len(there) > _SHOWN else "")
        warnings.append(f"The column {target!r} holds none of the classes that the model knows, but {shown}.")
    return judged, warnings


def _truth(context: Context, model: ClassificationModel) -> tuple[Array, Array, Sequence[str]]:
    """Which rows hold the good value, how likely the model thinks it in each, and warnings."""
    good = model.classes.find(context.parameter("columnValue"))
    if good is None and len(model.classes.names) > 2:
        raise NodeFailure(
            f"The flow does not say which class to watch (columnValue), and the model {model.name!r} has "
            f"{len(model.classes.names)}: {', '.join(model.classes.names)}."
        )
    judged, warnings = _judged(context, model)
    if good is None:
        good = model.positive
        warnings.append(f"The flow does not say which class to watch (columnValue); this is of {good!r}.")
    # Rows that are the same can differ by a rounding error, which must not part equally likely ones.
    chance = judged.probabilities[:, model.classes.names.index(good)].round(_DIGITS)
    return judged.labels == good, chance, warnings


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
