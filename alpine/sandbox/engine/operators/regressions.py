"""Linear and logistic regression."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.classes import Classes
from alpine.sandbox.engine.context import Context, Output, tabulate
from alpine.sandbox.engine.designs import Design
from alpine.sandbox.engine.document import TableView, Tabs
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.model_rows import rows_to_classify, rows_to_fit
from alpine.sandbox.engine.models import quiet
from alpine.sandbox.engine.registry import operator
from alpine.sandbox.engine.regression_models import LinearModel, LogisticModel

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

_LEAST_ITERATIONS = 100
_TOLERANCE = 1e-12
_SURE = 1e-8
_MARGIN = 1e-5
_ROWS_AT_ONCE = 2000
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
_WITHOUT_PENALTY = frozenset({"", "ordinary", "none"})


@operator(
    "linearregression.LinearRegressionOperator",
    "hadoop.HadoopLinearRegressionOperator",
    title="Linear Regression",
    fidelity="equivalent",
    remark="ordinary least squares by statsmodels; the category that sorts first is the reference; no plots; stepwise, "
    "penalized and grouped fits and the mask of a variable selection are refused",
    test="tests/sandbox/test_differential_regressions.py::test_linear_regression",
)
def linear_regression(context: Context) -> Output:
    """Fits ordinary least squares."""
    _refuse_what_changes_the_fit(context, "penalizingParameter")
    target, columns = _target(context), _predictors(context)
    rows, values = rows_to_fit(context.cursor, context.table, columns, target)
    design = Design.of(context.table, columns, rows)
    import statsmodels.api as sm

    constant = bool((values == values[0]).all())
    with quiet():
        matrix = design.matrix(rows)
        fit = sm.OLS(values, matrix).fit()
        found = fit.t_test(design.contrasts)
        r2 = math.nan if constant else float(fit.rsquared)
        error = math.sqrt(fit.mse_resid)
        coefficients = _plain(found.effect)
        figures = [coefficients, _plain(found.sd), _plain(found.tvalue), _plain(found.pvalue)]
    terms = "".join(f" + {value:.4f} * {name}" for name, value in zip(design.names[1:], coefficients[1:], strict=True))
    warnings = [*_collinear(design), *([_CONSTANT] if constant else [])]
    summary = tabulate(
        [[f"{target} = {coefficients[0]:.4f}{terms}", r2, error]], ["Equation", "R2", "Standard Error"], warnings
    )
    table = _data(design, figures, ["Coefficient", "Standard Error", "T-statistics", "P-value"], warnings)
    model = LinearModel(context.operator.name, target, design, fit)
    return Output(view=Tabs([("Summary", summary), ("Data", table)]), model=model)


@operator(
    "logisticregression.LogisticRegressionOperator",
    "hadoop.HadoopLogisticRegressionOperator",
    title="Logistic Regression",
    fidelity="equivalent",
    remark="two classes, fitted by statsmodels to convergence whatever iterations and epsilon a flow sets; the "
    "category that sorts first is the reference; stepwise, penalized and grouped fits and the mask of a variable "
    "selection are refused",
    test="tests/sandbox/test_differential_regressions.py::test_logistic_regression",
)
def logistic_regression(context: Context) -> Output:
    """Fits the probability of the good value by maximum likelihood."""
    _refuse_what_changes_the_fit(context, "lorPenalizingParameter")
    target, columns = _target(context), _predictors(context)
    rows = rows_to_classify(context.cursor, context.table, columns, target)
    classes = Classes.of(rows.labels, context.table.type_of(target))
    if len(classes.names) != 2:
        raise NodeFailure(f"The column {target!r} should hold two classes, but it holds {len(classes.names)}.")
    positive = classes.find(context.parameter("goodValue")) or classes.names[1]
    design = Design.of(context.table, columns, rows)
    import statsmodels.api as sm

    rounds = max(int(context.number("max_generations", 0)), _LEAST_ITERATIONS)
    good = (rows.labels == positive).astype(float)
    with quiet():
        matrix = design.matrix(rows)
        fit = sm.GLM(good, matrix, family=sm.families.Binomial()).fit(maxiter=rounds, tol=_TOLERANCE)
        found = fit.t_test(design.contrasts, use_t=False)
        wald, coefficients = _plain(found.tvalue**2), _plain(found.effect)
        odds = [math.exp(value) if value < 700 else math.inf for value in coefficients]
        figures = [coefficients, _plain(found.sd), wald, _plain(found.pvalue), odds]
        separated = _is_separated(fit, matrix, good)
    warnings = _collinear(design)
    warnings += [_SEPARATED] if separated else [] if fit.converged else [_NOT_CONVERGED.format(rounds)]
    summary = tabulate(
        [[positive, len(rows), float(fit.deviance), float(fit.null_deviance), int(fit.fit_history["iteration"])]],
        ["Good Value", "Rows", "Deviance", "Null Deviance", "Iterations"],
        warnings,
    )
    titles = ["Coefficient", "Standard Error", "Wald", "P-value", "Odds Ratio"]
    table = _data(design, figures, titles, warnings)
    model = LogisticModel(context.operator.name, target, design, fit, classes, positive)
    return Output(view=Tabs([("Summary", summary), ("Data", table)]), model=model)


def _data(design: Design, values: list[list[float]], titles: list[str], warnings: list[str]) -> TableView:
    """A row for each coefficient."""
    rows = [[name, *figures] for name, *figures in zip(design.names, *values, strict=True)]
    for row, is_fitted in zip(rows, design.fitted, strict=True):
        row[2:] = row[2:] if is_fitted else [math.nan] * len(row[2:])
    return tabulate(rows, ["Attribute", *titles], warnings)


def _plain(values: Any) -> list[float]:
    import numpy as np

    return [float(value) for value in np.ravel(values)]


def _collinear(design: Design) -> list[str]:
    """A warning where some columns say what others do."""
    names = design.left_out
    shown = ", ".join(map(repr, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")
    return [_COLLINEAR.format(shown)] if names else []


def _is_separated(fit: Any, matrix: Array, good: Array) -> bool:
    """Whether some weights put no row on the wrong side, and some row on the right one, so that no maximum exists.

    A fit that is sure of no row has a maximum; for any other a linear program decides.
    """
    import numpy as np
    from scipy.optimize import linprog

    chance = np.asarray(fit.fittedvalues)
    if np.minimum(chance, 1 - chance).min() > _SURE:
        return False
    signed = matrix * np.where(good == 1, 1.0, -1.0)[:, None]
    # Few rows settle it; others join where the program has put them on the wrong side.
    among = np.zeros(len(signed), dtype=bool)
    among[:: max(len(signed) // _ROWS_AT_ONCE, 1)] = True
    while True:
        found = linprog(
            -signed.mean(axis=0), A_ub=-signed[among], b_ub=np.zeros(among.sum()), bounds=(-1, 1), method="highs"
        )
        if found.status != 0:
            return False
        margins = signed @ found.x
        if margins.max() <= _MARGIN:
            return False
        wrong = np.flatnonzero((margins < -_MARGIN / 10) & ~among)
        if not len(wrong):
            return True
        among[wrong[np.argsort(margins[wrong])[:_ROWS_AT_ONCE]]] = True


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
    if context.flag("isStepWise"):
        raise NodeFailure("The sandbox cannot fit stepwise (isStepWise).")
    # The old Hadoop regression names the kind of its penalty, the others say how strong it is.
    said = context.parameter(penalty).strip()
    try:
        is_penalized = said.lower() not in _WITHOUT_PENALTY and float(said) != 0
    except ValueError:
        is_penalized = True
    if is_penalized:
        raise NodeFailure(
            f"The sandbox cannot fit with the penalty {said!r} ({penalty}); it should be a number, 0 for none, "
            f"or 'ordinary'."
        )
    if context.parameter("splitModelGroupByColumn"):
        raise NodeFailure("The sandbox cannot fit a model for each group (splitModelGroupByColumn).")
    if context.parameter("varSelPath").strip():
        raise NodeFailure("The sandbox cannot read the mask of a variable selection (varSelPath).")
