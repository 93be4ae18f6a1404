"""The predictions of fitted models, as columns of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.database import DatabaseTable
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.learning.clusters import ClusterModel
from alpine.sandbox.engine.models import ClassificationModel, Model, with_columns
from alpine.sandbox.engine.registry import operator

_REMARK = (
    "adds PRED, CONF and INFO columns, for K-Means the nearest cluster, its distance (DIST) and all distances; INFO is "
    "JSON text; where the table has such columns already, all get the next number (PRED_LOR_1); a row that lacks a "
    "value, or holds one that the fit has not seen, gets nulls, but for trees and naive Bayes"
)


@operator(
    "model.DatabasePredictorOperator",
    "hadoop.HadoopPredictOperator",
    title="Predictor",
    fidelity="equivalent",
    remark=_REMARK,
    test="tests/sandbox/test_differential_regressions.py::test_predictors",
)
def predictor(context: Context) -> Output:
    """Adds each model's predictions to the table."""
    return _scored(context, models_of(context))


@operator(
    "model.DatabaseClassifierOperator",
    "hadoop.HadoopClassifierPredictOperator",
    "logisticregression.LogisticRegressionPredictOperator",
    "hadoop.HadoopLogisticRegressionPredictOperator",
    title="Classifier",
    fidelity="equivalent",
    remark=_REMARK,
    test="tests/sandbox/test_differential_regressions.py::test_predictors",
)
def classifier(context: Context) -> Output:
    """Adds each classification model's predictions, and the clusters of each K-Means, to the table."""
    found = [model for model in models_of(context) if isinstance(model, ClassificationModel | ClusterModel)]
    return _scored(context, found or classifiers_of(context))


def models_of(context: Context) -> list[Model]:
    """The models that come in.

    :raises NodeFailure: None does.
    """
    found = [entry.model for entry in context.inputs if isinstance(entry.model, Model)]
    if not found:
        raise NodeFailure("The operator needs a model as input, but none is linked to it.")
    return found


def classifiers_of(context: Context) -> list[ClassificationModel]:
    """The classification models that come in.

    :raises NodeFailure: None does, or a model of another kind.
    """
    found = list[ClassificationModel]()
    for model in models_of(context):
        if not isinstance(model, ClassificationModel):
            raise NodeFailure(
                f"The operator takes classification models alone, but {model.name!r} predicts no classes. Remove the "
                f"link from it."
            )
        found.append(model)
    return found


def _scored(context: Context, models: Sequence[Model]) -> Output:
    given, warnings = _table(context), list[str]()
    table = given
    for model in models:
        scored = model.scored(context.cursor, given)
        warnings += [f"{model.name}: {remark}" for remark in scored.warnings]
        names = free_names(list(scored.columns), table.columns)
        added = dict(zip(names, scored.columns.values(), strict=True))
        table = with_columns(context.cursor, table, scored.places, added)
    view = context.show(table)
    return Output(table, replace(view, messages=[*view.messages, *warnings]))


def _table(context: Context) -> DatabaseTable:
    """The table to score: that of a model, such as K-Means has one, only where no other comes in."""
    others = [entry.table for entry in context.inputs if entry.table is not None and entry.model is None]
    return others[0] if len(others) == 1 else context.table


def free_names(wanted: list[str], there: Sequence[str]) -> list[str]:
    """Names for added columns, all with the same number where the table has such columns already.

    :param wanted: The names without a number.
    :param there: The columns of the table.
    """
    taken = {name.lower() for name in there}
    return next(names for names in _numbered(wanted) if taken.isdisjoint(name.lower() for name in names))


def _numbered(names: list[str]) -> Iterator[list[str]]:
    yield names
    for number in count(1):
        yield [f"{name}_{number}" for name in names]
