"""Linear and logistic regression."""

from __future__ import annotations

import math

from alpine.sandbox.engine.classes import Classes
from alpine.sandbox.engine.context import Context, Output, tabulate
from alpine.sandbox.engine.designs import Design
from alpine.sandbox.engine.document import TableView, Tabs
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.fits import linear_fit
from alpine.sandbox.engine.logistic_fits import logistic_fit
from alpine.sandbox.engine.model_rows import rows_to_classify, rows_to_fit
from alpine.sandbox.engine.registry import operator
from alpine.sandbox.engine.regression_models import LinearModel, LogisticModel

_LEAST_ITERATIONS, _MOST_ITERATIONS = 100, 1000
_SHOWN = 5
_COLLINEAR = (
    "The columns are collinear, so their coefficients are not unique: {} can be computed from those before, or from "
    "the intercept, and got the coefficient 0. Predictions do not depend on the choice."
)
_CONSTANT = "The dependent column has one value alone, so R2 is not defined."
_SEPARATED = (
    "The columns separate the classes, at least for some rows: the likelihood has no maximum, and coefficients, "
    "standard errors and odds ratios are those of the step where the fit stopped."
)
_NOT_CONVERGED = "The fit did not converge within {} iterations."
_LONGER = (
    "The flow allows {} iterations; these are the figures of the maximum, after {}. A server that ends earlier gives "
    "others."
)
_UNDECIDED = (
    "The fit did not converge within {} iterations, and whether the columns separate the classes, so that there is "
    "no maximum, could not be decided in time. Coefficients and standard errors are those of the last step."
)
_WITHOUT_PENALTY = frozenset({"", "ordinary", "none"})


@operator(
    "linearregression.LinearRegressionOperator",
    "hadoop.HadoopLinearRegressionOperator",
    title="Linear Regression",
    fidelity="equivalent",
    remark="ordinary least squares; the category that sorts first is the reference; no plots; stepwise, "
    "penalized and grouped fits and the mask of a variable selection are refused",
    test="tests/sandbox/test_differential_regressions.py::test_linear_regression",
)
def linear_regression(context: Context) -> Output:
    """Fits ordinary least squares."""
    _refuse_what_changes_the_fit(context, "penalizingParameter")
    target, columns = _target(context), _predictors(context)
    rows, values = rows_to_fit(context.cursor, context.table, columns, target)
    check = context.cursor.raise_if_stopped
    design = Design.of(context.table, columns, rows, check)
    fit = linear_fit(design, rows, values, check)
    coefficients = fit.coefficients.values.tolist()
    figures = [coefficients, fit.coefficients.errors.tolist(), fit.coefficients.ratios.tolist(), fit.p_values.tolist()]
    terms = "".join(f" + {value:.4f} * {name}" for name, value in zip(design.names[1:], coefficients[1:], strict=True))
    warnings = [*_collinear(design), *([_CONSTANT] if math.isnan(fit.r2) else [])]
    summary = tabulate(
        [[f"{target} = {coefficients[0]:.4f}{terms}", fit.r2, fit.error]],
        ["Equation", "R2", "Standard Error"],
        warnings,
    )
    table = _data(design, figures, ["Coefficient", "Standard Error", "T-statistics", "P-value"], warnings)
    model = LinearModel(context.operator.name, target, fit)
    return Output(view=Tabs([("Summary", summary), ("Data", table)]), model=model)


@operator(
    "logisticregression.LogisticRegressionOperator",
    "hadoop.HadoopLogisticRegressionOperator",
    title="Logistic Regression",
    fidelity="equivalent",
    remark="two classes, fitted to convergence whatever iterations and epsilon a flow sets, with a warning where that "
    "took more iterations; the category that sorts first is the reference; stepwise, penalized and grouped fits, "
    "approximations and the mask of a variable selection are refused",
    test="tests/sandbox/test_differential_regressions.py::test_logistic_regression",
)
def logistic_regression(context: Context) -> Output:
    """Fits the probability of the good value by maximum likelihood."""
    _refuse_what_changes_the_fit(context, "lorPenalizingParameter")
    target, columns = _target(context), _predictors(context)
    allowed = min(context.whole("max_generations", 0), _MOST_ITERATIONS)
    rows = rows_to_classify(context.cursor, context.table, columns, target)
    classes = Classes.of(rows.labels, context.table.type_of(target))
    if len(classes.names) != 2:
        raise NodeFailure(f"The column {target!r} should hold two classes, but it holds {len(classes.names)}.")
    positive = classes.find(context.parameter("goodValue")) or classes.names[1]
    check = context.cursor.raise_if_stopped
    rounds = max(allowed, _LEAST_ITERATIONS)
    design = Design.of(context.table, columns, rows, check)
    fit = logistic_fit(design, rows, rows.labels == positive, rounds, check)
    coefficients = fit.coefficients.values.tolist()
    odds = [math.exp(value) if value < 700 else math.inf for value in coefficients]
    wald = fit.coefficients.ratios**2
    figures = [coefficients, fit.coefficients.errors.tolist(), wald.tolist(), fit.p_values.tolist(), odds]
    warnings = _collinear(design)
    if fit.separated:
        warnings.append(_SEPARATED)
    elif fit.converged and 0 < allowed < fit.iterations:
        warnings.append(_LONGER.format(allowed, fit.iterations))
    elif not fit.converged:
        warnings.append((_NOT_CONVERGED if fit.separated is False else _UNDECIDED).format(fit.iterations))
    summary = tabulate(
        [[positive, len(rows), fit.deviance, fit.null_deviance, fit.iterations]],
        ["Good Value", "Rows", "Deviance", "Null Deviance", "Iterations"],
        warnings,
    )
    titles = ["Coefficient", "Standard Error", "Wald", "P-value", "Odds Ratio"]
    table = _data(design, figures, titles, warnings)
    model = LogisticModel(context.operator.name, target, fit, classes, positive)
    return Output(view=Tabs([("Summary", summary), ("Data", table)]), model=model)


def _data(design: Design, values: list[list[float]], titles: list[str], warnings: list[str]) -> TableView:
    """A row for each coefficient."""
    rows = [[name, *figures] for name, *figures in zip(design.names, *values, strict=True)]
    for row, is_fitted in zip(rows, design.fitted, strict=True):
        row[2:] = row[2:] if is_fitted else [math.nan] * len(row[2:])
    return tabulate(rows, ["Attribute", *titles], warnings)


def _collinear(design: Design) -> list[str]:
    """A warning where some columns say what others do."""
    names = design.left_out
    shown = ", ".join(map(repr, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")
    return [_COLLINEAR.format(shown)] if names else []


def _target(context: Context) -> str:
    target = context.column("dependentColumn")
    if not target:
        raise NodeFailure("No dependent column is chosen.")
    return target


def _predictors(context: Context) -> list[str]:
    columns = context.columns()
    if not columns:
        raise NodeFailure("No column to predict from is chosen.")
    return columns


def _refuse_what_changes_the_fit(context: Context, penalty: str) -> None:
    _check_what_does_not(context)
    if context.flag("isStepWise"):
        said = ", ".join(
            f"{name} {context.parameter(name)!r}" for name in ("stepWiseType", "criterionType", "checkValue")
        )
        raise NodeFailure(
            f"The sandbox cannot fit stepwise (isStepWise): how the server chooses the columns ({said}) is not public. "
            f"Set isStepWise to false, with the columns that the server has chosen."
        )
    # The old Hadoop regression names the kind of its penalty, the others say how strong it is.
    said = context.parameter(penalty).strip()
    try:
        is_penalized = said.lower() not in _WITHOUT_PENALTY and float(said) != 0
    except ValueError:
        is_penalized = True
    if is_penalized:
        raise NodeFailure(
            f"The sandbox cannot fit with the penalty {said!r} ({penalty}), since how the server weighs it is not "
            f"public; it should be a number, 0 for none, or 'ordinary'."
        )
    if not said and context.flag("useReg"):
        raise NodeFailure(
            f"The flow asks for a penalty (useReg), but does not say how strong it is ({penalty}). Set useReg to false."
        )
    if context.parameter("splitModelGroupByColumn"):
        raise NodeFailure(
            "The sandbox cannot fit a model for each group (splitModelGroupByColumn): what the server shows of the "
            "models, and what it predicts where a group is too small to fit or was not there, is not public. Filter "
            "the rows of each group, and fit one model on each."
        )
    if context.flag("useApproximation"):
        raise NodeFailure(
            "The sandbox cannot fit with approximations (useApproximation): which they are is not public."
        )
    if context.parameter("varSelPath").strip():
        raise NodeFailure("The sandbox cannot read the mask of a variable selection (varSelPath).")


def _check_what_does_not(context: Context) -> None:
    """Make sure that options without an effect here have values that could be meant.

    :raises NodeFailure: One has not.
    """
    for name in ("forceRetrain", "retrainWORegularization", "addResidualPlot"):
        context.flag(name)
    context.whole("numberOfCrossValidation", 0)
    for name in ("epsilon", "elasticParameter"):
        if context.number(name, 0) < 0:
            raise NodeFailure(f"The parameter {name} should be 0 or more, but it is {context.parameter(name)!r}.")
