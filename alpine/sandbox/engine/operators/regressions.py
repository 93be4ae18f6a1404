"""Linear and logistic regression, and the predictions of fitted models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from alpine.sandbox.engine.context import Context, Output, tabulate
from alpine.sandbox.engine.document import Tabs
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.models import (
    LABEL,
    Features,
    LinearModel,
    LogisticModel,
    Model,
    complete_rows,
    quiet,
    with_columns,
)
from alpine.sandbox.engine.registry import operator

_LEAST_ITERATIONS = 100
_TOLERANCE = 1e-12
_TRUTHS = {"t": "true", "f": "false"}


@operator(
    "linearregression.LinearRegressionOperator",
    "hadoop.HadoopLinearRegressionOperator",
    title="Linear Regression",
    fidelity="equivalent",
    remark="ordinary least squares by statsmodels; no plots; stepwise and penalized fits are refused",
)
def linear_regression(context: Context) -> Output:
    """Fits ordinary least squares."""
    _refuse_what_changes_the_fit(context, "penalizingParameter")
    target, columns = _target(context), context.columns()
    data = complete_rows(context.cursor, context.table, [*columns, target])
    features = _features(context, columns, data)
    import statsmodels.api as sm

    with quiet():
        fit = sm.OLS(data[target].astype(float), features.matrix(data)).fit()
        error = math.sqrt(fit.mse_resid) if fit.df_resid > 0 else 0.0
        terms = " + ".join(f"{value:.4f} * {name}" for name, value in fit.params.items() if name != "Intercept")
        equation = f"{target} = {fit.params['Intercept']:.4f} + {terms}"
        summary = tabulate([[equation, float(fit.rsquared), error]], ["Equation", "R2", "Standard Error"])
        rows = [
            [name, *map(float, (fit.params[name], fit.bse[name], fit.tvalues[name], fit.pvalues[name]))]
            for name in fit.params.index
        ]
    table = tabulate(rows, ["Attribute", "Coefficient", "Standard Error", "T-statistics", "P-value"])
    model = LinearModel(context.operator.name, target, features, fit)
    return Output(view=Tabs([("Summary", summary), ("Data", table)]), model=model)


@operator(
    "logisticregression.LogisticRegressionOperator",
    "hadoop.HadoopLogisticRegressionOperator",
    title="Logistic Regression",
    fidelity="equivalent",
    remark="two classes, fitted by statsmodels to convergence; stepwise and penalized fits are refused",
)
def logistic_regression(context: Context) -> Output:
    """Fits the probability of the good value by maximum likelihood."""
    _refuse_what_changes_the_fit(context, "lorPenalizingParameter")
    target, columns = _target(context), context.columns()
    data = complete_rows(context.cursor, context.table, columns, label=target)
    classes = sorted(data[LABEL].unique())
    if len(classes) != 2:
        raise NodeFailure(f"The column {target!r} should hold two classes, but it holds {len(classes)}.")
    positive = matching_class(classes, context.parameter("goodValue")) or classes[1]
    features = _features(context, columns, data)
    import statsmodels.api as sm

    rounds = max(int(context.number("max_generations", 0)), _LEAST_ITERATIONS)
    with quiet():
        matrix = features.matrix(data)
        fit = sm.GLM((data[LABEL] == positive).astype(float), matrix, family=sm.families.Binomial()).fit(
            maxiter=rounds, tol=_TOLERANCE
        )
        wald = (fit.params / fit.bse) ** 2
        rows = [
            [
                name,
                *map(float, (fit.params[name], fit.bse[name], wald[name], fit.pvalues[name], _exp(fit.params[name]))),
            ]
            for name in fit.params.index
        ]
        summary = tabulate(
            [[positive, len(data), float(fit.deviance), float(fit.null_deviance), int(fit.fit_history["iteration"])]],
            ["Good Value", "Rows", "Deviance", "Null Deviance", "Iterations"],
        )
    table = tabulate(rows, ["Attribute", "Coefficient", "Standard Error", "Wald", "P-value", "Odds Ratio"])
    model = LogisticModel(context.operator.name, target, features, fit, (classes[0], classes[1]), positive)
    return Output(view=Tabs([("Summary", summary), ("Data", table)]), model=model)


@operator(
    "model.DatabasePredictorOperator",
    "hadoop.HadoopPredictOperator",
    title="Predictor",
    fidelity="equivalent",
    remark="adds PRED, CONF and INFO columns; INFO is JSON text",
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
    remark="adds PRED, CONF and INFO columns; INFO is JSON text",
)
def classifier(context: Context) -> Output:
    """Adds each classification model's predictions to the table."""
    return _scored(context, classifiers_of(context))


def _scored(context: Context, models: Sequence[Model]) -> Output:
    import pandas as pd

    added: dict[str, Any] = {}
    for model in models:
        data = complete_rows(context.cursor, context.table, model.features.columns)
        for name, values in model.score(data).items():
            unique = name if name not in added else f"{name}_{sum(key.startswith(name) for key in added)}"
            added[unique] = pd.Series(values, index=data.index)
    return Output(with_columns(context.cursor, context.table, pd.DataFrame(added)))


def models_of(context: Context) -> list[Model]:
    """The models that come in.

    :raises NodeFailure: None does.
    """
    found = [entry.model for entry in context.inputs if isinstance(entry.model, LinearModel | LogisticModel)]
    if not found:
        raise NodeFailure("The operator needs a model as input, but none is linked to it.")
    return found


def classifiers_of(context: Context) -> list[LogisticModel]:
    """The classification models that come in.

    :raises NodeFailure: None does.
    """
    found = [model for model in models_of(context) if isinstance(model, LogisticModel)]
    if not found:
        raise NodeFailure("The operator needs a classification model as input, but none is linked to it.")
    return found


def matching_class(classes: Sequence[str], wanted: str) -> str | None:
    """The class that a flow means: ``t`` is how a database writes true. None when it names none.

    :raises NodeFailure: It names one that does not occur.
    """
    name = wanted.strip().strip("'")
    for spelling in (name, _TRUTHS.get(name.lower(), name.lower())):
        if spelling in classes:
            return spelling
    if not name:
        return None
    raise NodeFailure(f"The value {name!r} does not occur; there are {', '.join(classes)}.")


def _target(context: Context) -> str:
    target = context.column("dependentColumn")
    if not target:
        raise NodeFailure("No dependent column is chosen.")
    return target


def _features(context: Context, columns: Sequence[str], data: Any) -> Features:
    features = Features.of(context.table, columns, data)
    if not columns:
        raise NodeFailure("No column to predict from is chosen.")
    if len(data) <= len(features.columns):
        raise NodeFailure(f"There are only {len(data)} rows without missing values; that is too few to fit.")
    return features


def _refuse_what_changes_the_fit(context: Context, penalty: str) -> None:
    if context.flag("isStepWise"):
        raise NodeFailure("The sandbox cannot fit stepwise (isStepWise).")
    if context.number(penalty, 0.0):
        raise NodeFailure(f"The sandbox cannot fit with a penalty ({penalty}).")
    if context.parameter("splitModelGroupByColumn"):
        raise NodeFailure("The sandbox cannot fit a model for each group (splitModelGroupByColumn).")


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf
