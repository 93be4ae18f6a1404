"""Operators that judge classification models on a table."""

from __future__ import annotations

from typing import Any

from alpine.sandbox.engine.context import Context, Output, tabulate
from alpine.sandbox.engine.document import HeatMap, TableView, Tabs, View
from alpine.sandbox.engine.models import LABEL, LogisticModel, complete_rows, quiet
from alpine.sandbox.engine.operators.regressions import classifiers_of, matching_class
from alpine.sandbox.engine.registry import operator

_CHART = "the real shape of the chart is not public; its numbers come as a table"
_CURVE_POINTS = 21
_LIFT_STEPS = 10


@operator(
    "model.evaluator.ConfusionMatrixOperator",
    "hadoop.HadoopConfusionOperator",
    title="Confusion Matrix",
    fidelity="exact",
    remark="as the public results show it; the strength of colours in the heat map is assumed",
)
def confusion_matrix(context: Context) -> Output:
    """Observed against predicted classes, for each model."""
    parts: list[tuple[str, View]] = []
    for model in classifiers_of(context):
        parts += _confusion(context, model)
    return Output(view=Tabs(parts), has_meta=False)


def _confusion(context: Context, model: LogisticModel) -> list[tuple[str, View]]:
    import numpy as np
    from sklearn.metrics import accuracy_score
    from sklearn.metrics import confusion_matrix as counted

    data = _rows(context, model)
    predicted = model.predicted(data)
    classes = sorted({*model.classes, *data[LABEL]})
    counts = counted(data[LABEL], predicted, labels=classes)
    accuracy = float(accuracy_score(data[LABEL], predicted)) if len(data) else 0.0
    rows = [
        [f"Observed ({name})", *map(str, counts[i].tolist()), f"{_share(counts[i, i], counts[i].sum()):.4f}"]
        for i, name in enumerate(classes)
    ]
    precision = [f"{_share(counts[i, i], counts[:, i].sum()):.4f}" for i in range(len(classes))]
    rows.append(["Class Precision", *precision, f"Accuracy: {accuracy:.4f}"])
    columns = [" ", *(f"Predicted ({name})" for name in classes), "Class Recall"]
    table = TableView(columns, ["cate"] * len(columns), rows)
    heat = HeatMap(model.name, float(np.float32(accuracy)), classes, counts.tolist())
    return [(f"{model.name}: Data", table), (f"{model.name}: Heat Map", heat)]


@operator("model.evaluator.ROCOperator", "hadoop.HadoopROCOperator", title="ROC", fidelity="shape only", remark=_CHART)
def roc(context: Context) -> Output:
    """The ROC curve of each model, at even steps, and the area under it; no number where a class does not occur."""
    import numpy as np
    from sklearn.metrics import auc, roc_curve

    parts: list[tuple[str, View]] = []
    for model in classifiers_of(context):
        truth, chance = _truth(context, model)
        with quiet():
            false, true, _ = roc_curve(truth, chance)
        steps = np.linspace(0, 1, _CURVE_POINTS)
        rows = [[float(x), float(y)] for x, y in zip(steps, np.interp(steps, false, true), strict=True)]
        parts.append((f"{model.name}: ROC", tabulate(rows, ["False Positive Rate", "True Positive Rate"])))
        parts.append((f"{model.name}: AUC", tabulate([[float(auc(false, true))]], ["AUC"])))
    return Output(view=Tabs(parts))


@operator(
    "model.evaluator.LIFTOperator", "hadoop.HadoopLiftOperator", title="Lift", fidelity="shape only", remark=_CHART
)
def lift(context: Context) -> Output:
    """For each tenth of the rows, the likeliest first: the share of the good value that it holds, and the lift."""
    parts: list[tuple[str, View]] = []
    for model in classifiers_of(context):
        truth, chance = _truth(context, model)
        ranked = truth.loc[chance.sort_values(ascending=False, kind="stable").index]
        total, good = len(ranked), int(ranked.sum())
        rows = []
        for step in range(1, _LIFT_STEPS + 1):
            first = round(total * step / _LIFT_STEPS)
            gain = _share(int(ranked.iloc[:first].sum()), good)
            rows.append([step / _LIFT_STEPS, gain, _share(gain, first / total) if total else 0.0])
        parts.append((f"{model.name}: Lift", tabulate(rows, ["Share of Rows", "Gain", "Lift"])))
    return Output(view=Tabs(parts))


@operator(
    "model.evaluator.GoodnessOfFitOperator",
    "hadoop.HadoopGoodnessOfFitOperator",
    title="Goodness of Fit",
    fidelity="shape only",
    remark="recall, precision, F1, specificity and sensitivity by class; the real names of the columns are not public",
)
def goodness_of_fit(context: Context) -> Output:
    """The usual figures of each model, by class."""
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support, recall_score

    rows: list[list[Any]] = []
    for model in classifiers_of(context):
        data = _rows(context, model)
        predicted, classes = model.predicted(data), list(model.classes)
        accuracy = float(accuracy_score(data[LABEL], predicted))
        precision, recall, f1, _ = precision_recall_fscore_support(
            data[LABEL], predicted, labels=classes, zero_division=0
        )
        for i, name in enumerate(classes):
            others = recall_score(data[LABEL] != name, predicted != name, zero_division=0)
            rows.append([model.name, name, *map(float, (recall[i], precision[i], f1[i], others, accuracy))])
    columns = ["Model", "Class", "Recall", "Precision", "F1", "Specificity", "Accuracy"]
    return Output(view=tabulate(rows, columns))


def _rows(context: Context, model: LogisticModel) -> Any:
    target = context.column("dependentColumn") or context.table.find(model.target)
    return complete_rows(context.cursor, context.table, model.features.columns, label=target)


def _truth(context: Context, model: LogisticModel) -> tuple[Any, Any]:
    """Which rows hold the good value, and how likely the model thinks it in each."""
    data = _rows(context, model)
    good = matching_class(list(model.classes), context.parameter("columnValue")) or model.positive
    chance = model.probabilities(data)
    return data[LABEL] == good, chance if good == model.positive else 1 - chance


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
