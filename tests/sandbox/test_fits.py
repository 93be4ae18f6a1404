"""The computation of regressions, digit by digit: certified figures, statsmodels, and tables that are hard to fit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.datasets import longley

from alpine.sandbox.engine import Engine
from alpine.sandbox.engine.database import Cursor, Database
from alpine.sandbox.engine.designs import Design
from alpine.sandbox.engine.failures import NodeFailure, RunStopped
from alpine.sandbox.engine.fits import LinearFit, linear_fit
from alpine.sandbox.engine.logistic_fits import LogisticFit, logistic_fit
from alpine.sandbox.engine.model_rows import rows_to_classify, rows_to_fit
from alpine.sandbox.engine.separation import is_separated
from tests.sandbox.differential import differential
from tests.sandbox.differential_models import centred
from tests.sandbox.engine_flows import flow, node, source, start

# NIST's Statistical Reference Datasets, Filip: a polynomial of degree 10, y and x.
FILIP = """
0.8116,-6.860120914 0.9072,-4.324130045 0.9052,-4.358625055 0.9039,-4.358426747 0.8053,-6.955852379 0.8377,-6.661145254
0.8667,-6.355462942 0.8809,-6.118102026 0.7975,-7.115148017 0.8162,-6.815308569 0.8515,-6.519993057 0.8766,-6.204119983
0.8885,-5.853871964 0.8859,-6.109523091 0.8959,-5.79832982 0.8913,-5.482672118 0.8959,-5.171791386 0.8971,-4.851705903
0.9021,-4.517126416 0.909,-4.143573228 0.9139,-3.709075441 0.9199,-3.499489089 0.8692,-6.300769497 0.8872,-5.953504836
0.89,-5.642065153 0.891,-5.031376979 0.8977,-4.680685696 0.9035,-4.329846955 0.9078,-3.928486195 0.7675,-8.56735134
0.7705,-8.363211311 0.7713,-8.107682739 0.7736,-7.823908741 0.7775,-7.522878745 0.7841,-7.218819279 0.7971,-6.920818754
0.8329,-6.628932138 0.8641,-6.323946875 0.8804,-5.991399828 0.7668,-8.781464495 0.7633,-8.663140179 0.7678,-8.473531488
0.7697,-8.247337057 0.77,-7.971428747 0.7749,-7.676129393 0.7796,-7.352812702 0.7897,-7.072065318 0.8131,-6.774174009
0.8498,-6.478861916 0.8741,-6.159517513 0.8061,-6.835647144 0.846,-6.53165267 0.8751,-6.224098421 0.8856,-5.910094889
0.8919,-5.598599459 0.8934,-5.290645224 0.894,-4.974284616 0.8957,-4.64454848 0.9047,-4.290560426 0.9129,-3.885055584
0.9209,-3.408378962 0.9219,-3.13200249 0.7739,-8.726767166 0.7681,-8.66695597 0.7665,-8.511026475 0.7703,-8.165388579
0.7702,-7.886056648 0.7761,-7.588043762 0.7809,-7.283412422 0.7961,-6.995678626 0.8253,-6.691862621 0.8602,-6.392544977
0.8809,-6.067374056 0.8301,-6.684029655 0.8664,-6.378719832 0.8834,-6.065855188 0.8898,-5.752272167 0.8964,-5.132414673
0.8963,-4.811352704 0.9074,-4.098269308 0.9119,-3.66174277 0.9228,-3.2644011
"""
FILIP_COEFFICIENTS = [
    *(-1467.48961422980, -2772.17959193342, -2316.37108160893, -1127.97394098372, -354.478233703349),
    *(-75.1242017393757, -10.8753180355343, -1.06221498588947, -0.670191154593408e-01, -0.246781078275479e-02),
    -0.402962525080404e-04,
]
FILIP_ERRORS = [
    *(298.084530995537, 559.779865474950, 466.477572127796, 227.204274477751, 71.6478660875927),
    *(15.2897178747400, 2.23691159816033, 0.221624321934227, 0.142363763154724e-01, 0.535617408889821e-03),
    0.896632837373868e-05,
]
LONGLEY_COEFFICIENTS = [
    *(-3482258.63459582, 15.0618722713733, -0.358191792925910e-01, -2.02022980381683, -1.03322686717359),
    *(-0.511041056535807e-01, 1829.15146461355),
]
LONGLEY_ERRORS = [
    *(890420.383607373, 84.9149257747669, 0.334910077722432e-01, 0.488399681651699, 0.214274163161675),
    *(0.226073200069370, 455.478499142212),
]


class Bench:
    """A database, and fits to tables in it."""

    def __init__(self) -> None:
        self.database = Database()
        self.count = 0

    def cursor(self, data: pd.DataFrame) -> tuple[Cursor, Any]:
        self.count += 1
        self.database.load("demo.data", data)
        return self.database.open(f"run {self.count}"), self.database.find("demo.data")

    def linear(self, data: pd.DataFrame, target: str) -> LinearFit:
        cursor, table = self.cursor(data)
        columns = [name for name in data if name != target]
        rows, values = rows_to_fit(cursor, table, columns, target)
        fit = linear_fit(Design.of(table, columns, rows), rows, values, cursor.raise_if_stopped)
        cursor.close()
        return fit

    def logistic(self, data: pd.DataFrame, target: str) -> LogisticFit:
        cursor, table = self.cursor(data)
        columns = [name for name in data if name != target]
        rows = rows_to_classify(cursor, table, columns, target)
        design = Design.of(table, columns, rows)
        fit = logistic_fit(design, rows, rows.labels == "1", 100, cursor.raise_if_stopped)
        cursor.close()
        return fit


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.database.close()


def close(found: Any, expected: Any, digits: float = 1e-8) -> None:
    assert np.ravel(found) == pytest.approx(np.ravel(expected), rel=digits, abs=0)


def frame(matrix: np.ndarray[Any, Any], y: Sequence[Any] | np.ndarray[Any, Any]) -> pd.DataFrame:
    return pd.DataFrame(matrix, columns=[f"x{i}" for i in range(matrix.shape[1])]).assign(y=y)


def test_linear_regression_has_the_certified_digits_of_longleys_data(bench: Bench) -> None:
    fit = bench.linear(longley.load_pandas().data, "TOTEMP")
    close(fit.coefficients.values, LONGLEY_COEFFICIENTS, 1e-11)
    close(fit.coefficients.errors, LONGLEY_ERRORS, 1e-11)
    close([fit.r2, fit.error], [0.995479004577296, 304.854073561965], 1e-12)


def test_linear_regression_has_certified_digits_where_cross_products_lose_them_all(bench: Bench) -> None:
    """statsmodels gives the powers, as they are, other coefficients."""
    y, x = np.array([pair.split(",") for pair in FILIP.split()], dtype=float).T
    fit = bench.linear(frame(np.column_stack([x**power for power in range(1, 11)]), y), "y")
    assert fit.design.fitted.all()
    close(fit.coefficients.values, FILIP_COEFFICIENTS, 1e-6)
    close(fit.coefficients.errors, FILIP_ERRORS, 1e-6)
    close([fit.r2, fit.error], [0.996727416185620, 0.334801051324544e-02], 1e-8)


@differential
@given(seed=st.integers(0, 2**32), size=st.integers(20, 3000), width=st.integers(1, 6), exponent=st.integers(-100, 100))
def test_a_linear_fit_has_the_digits_of_statsmodels(
    bench: Bench, seed: int, size: int, width: int, exponent: int
) -> None:
    chance = np.random.default_rng(seed)
    plain = chance.normal(size=(size, width)) @ (np.eye(width) + 0.5 * chance.normal(size=(width, width)))
    scale = 10.0 ** chance.integers(-100, 100, width)
    y = plain.sum(axis=1) + chance.normal(size=size)
    fit = bench.linear(frame(plain * scale, y * 10.0**exponent), "y")
    judge = sm.OLS(y, sm.add_constant(plain, has_constant="add")).fit()
    unit = np.array([1.0, *(1 / scale)]) * 10.0**exponent
    assert fit.coefficients.values / unit == pytest.approx(judge.params, rel=1e-8, abs=1e-8 * judge.bse.min())
    close(fit.coefficients.errors / unit, judge.bse)
    assert fit.coefficients.ratios == pytest.approx(judge.tvalues, rel=1e-8, abs=1e-8)
    assert fit.p_values == pytest.approx(judge.pvalues, rel=1e-8, abs=1e-280)
    close([fit.r2, fit.error / 10.0**exponent], [judge.rsquared, np.sqrt(judge.mse_resid)])


@differential
@given(seed=st.integers(0, 2**32), size=st.integers(200, 3000), width=st.integers(1, 4), rare=st.booleans())
def test_a_logistic_fit_has_the_digits_of_statsmodels(
    bench: Bench, seed: int, size: int, width: int, rare: bool
) -> None:
    chance = np.random.default_rng(seed)
    plain = chance.normal(size=(size, width))
    good = plain.sum(axis=1) / 2 + chance.logistic(size=size) > (2 if rare else 0)
    scale, shift = 10.0 ** chance.integers(-9, 9, width), chance.integers(-9, 9, width)
    fit = bench.logistic(frame((plain + shift) * scale, good.astype(int)), "y")
    matrix, turned = centred(sm.add_constant((plain + shift) * scale, has_constant="add"))
    judge = sm.Logit(good.astype(float), matrix).fit(method="newton", maxiter=50, tol=1e-14, disp=False)
    found = judge.t_test(turned)
    assert fit.converged and fit.separated is False
    assert fit.coefficients.values == pytest.approx(found.effect, rel=1e-8, abs=1e-8 * found.sd.min())
    close(fit.coefficients.errors, found.sd)
    assert fit.coefficients.ratios == pytest.approx(found.tvalue, rel=1e-8, abs=1e-8)
    assert fit.p_values == pytest.approx(found.pvalue, rel=1e-7, abs=1e-280)
    close([fit.deviance, fit.null_deviance], [-2 * judge.llf, -2 * judge.llnull])


def test_columns_that_are_nearly_collinear_are_fitted(bench: Bench) -> None:
    chance = np.random.default_rng(5)
    x, z, noise = chance.normal(size=(3, 2000))
    good = (x + z + chance.logistic(size=2000) > 0).astype(int)
    near = np.column_stack([x, x + 1e-6 * z])
    apart = sm.add_constant(np.column_stack([x, z]))
    line, curve = bench.linear(frame(near, noise + x), "y"), bench.logistic(frame(near, good), "y")
    assert line.design.fitted.all() and curve.converged
    for fit, judge in (
        (line, sm.OLS(noise + x, apart).fit()),
        (curve, sm.GLM(good, apart, family=sm.families.Binomial()).fit(tol=1e-14)),
    ):
        # The weight of z is that of the nearly same column, in other units.
        assert fit.coefficients.values[2] * 1e-6 == pytest.approx(judge.params[2], abs=1e-6 * judge.bse[2])
        assert fit.coefficients.errors[2] * 1e-6 == pytest.approx(judge.bse[2], rel=1e-6)


def test_constant_and_perfect_columns(bench: Bench) -> None:
    x = np.arange(10.0)
    perfect = bench.linear(frame(np.column_stack([x, np.full(10, 0.1)]), 3 * x + 1), "y")
    assert perfect.coefficients.values.tolist() == pytest.approx([1, 3, 0])
    assert (perfect.r2, perfect.design.left_out) == (1.0, ["x1"])
    level = bench.linear(frame(x[:, None], [1e15] * 10), "y")
    assert level.coefficients.values.tolist() == [1e15, 0.0] and np.isnan(level.r2)
    far = bench.linear(frame(1e15 + x[:, None], x**2), "y")
    close(far.coefficients.values[1], np.polyfit(x, x**2, 1)[0])
    with pytest.raises(NodeFailure, match="'x0' are too large"):
        bench.linear(frame(np.array([[1e308], [-1e308]] * 5), x), "y")


@pytest.mark.parametrize("size", [2_000, 20_000])
def test_classes_that_many_categories_separate_are_told(bench: Bench, size: int) -> None:
    chance = np.random.default_rng(size)
    kind, other = chance.integers(0, 40, size), chance.integers(0, 30, size)
    good = chance.random(size) < 0.5
    data = pd.DataFrame({"kind": kind.astype(str), "other": other.astype(str), "x": chance.normal(size=size)})
    assert bench.logistic(data.assign(y=good.astype(int)), "y").separated is False
    assert bench.logistic(data.assign(y=(good | (kind == 7)).astype(int)), "y").separated is True
    # The category that stands for the intercept, too.
    assert bench.logistic(data.assign(y=(good | (kind == 0)).astype(int)), "y").separated is True
    assert bench.logistic(data.assign(y=((data["x"] > 0) | (kind == 7)).astype(int)), "y").separated is True


@differential
@given(seed=st.integers(0, 2**32), size=st.integers(20, 60), flips=st.integers(0, 2))
def test_linear_programs_tell_whether_classes_are_separated(bench: Bench, seed: int, size: int, flips: int) -> None:
    """Beside a search over all lines through two rows."""
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(size, 2))
    good = x[:, 0] > 0.5 * x[:, 1]
    for place in chance.integers(0, size, flips):
        good[place] = ~good[place]
    good[:2] = [True, False]
    cursor, table = bench.cursor(frame(x, good.astype(int)))
    rows = rows_to_classify(cursor, table, ["x0", "x1"], "y")
    signs = np.where(good, 1.0, -1.0)
    found = is_separated(Design.of(table, ["x0", "x1"], rows), rows, signs, cursor.raise_if_stopped)
    cursor.close()
    apart = x[:, None, :] - x[None, :, :]
    sides = (
        apart[..., None, 0] * (x[:, 1] - x[:, None, 1])[:, None, :]
        - apart[..., None, 1] * (x[:, 0] - x[:, None, 0])[:, None, :]
    )
    margins = np.round(sides * signs, 9)
    possible = (margins >= 0).all(axis=2) | (margins <= 0).all(axis=2)
    assert found is bool((possible & (margins != 0).any(axis=2)).any())


def test_a_stop_breaks_off_a_fit(bench: Bench) -> None:
    cursor, table = bench.cursor(frame(np.arange(30.0)[:, None], np.arange(30) % 2))
    rows = rows_to_classify(cursor, table, ["x0"], "y")
    design = Design.of(table, ["x0"], rows)
    cursor.stop()
    for work in (
        lambda: Design.of(table, ["x0"], rows, cursor.raise_if_stopped),
        lambda: linear_fit(design, rows, np.arange(30.0), cursor.raise_if_stopped),
        lambda: logistic_fit(design, rows, rows.labels == "1", 100, cursor.raise_if_stopped),
    ):
        with pytest.raises(RunStopped):
            work()
    cursor.close()


def test_a_run_is_stopped_amid_a_fit() -> None:
    """A fit of two columns of 200 categories each takes far longer than the stop may."""
    chance = np.random.default_rng(1)
    engine = Engine()
    data = {name: chance.integers(0, 200, 100_000).astype(str) for name in ("a", "b")}
    engine.load_table("demo.data", pd.DataFrame({**data, "y": chance.integers(0, 2, 100_000)}))
    model = node("model", "logisticregression.LogisticRegressionOperator", dependentColumn="y", columnNames="a,b")
    process = start(engine, flow(source("demo.data"), model, links="source > model"))
    while (status := engine.query(process)) and status["node"] is None:
        time.sleep(0.01)
    time.sleep(0.5)
    assert engine.stop(process, 20) is True
    engine.close()
