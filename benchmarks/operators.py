"""Operators at 1,000,000 rows of 20 columns, each beside the same work done directly, with the library it stands for.

``python -m benchmarks.operators --only linear`` measures one of them.

Both sides begin with the table in DuckDB. The sandbox's side is a whole run of its engine: the look over the flow, the
source, the operator, the previews and the results document.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow

from alpine.sandbox.engine import Engine
from alpine.sandbox.engine.registry import fidelity_table
from benchmarks.measure import Result, ratio, seconds, show
from benchmarks.tables import NUMBERS, element, flow, node, source, tables, wide

ROWS, SHORT_ROWS = 1_000_000, 100_000
PREDICTORS = (*NUMBERS, "n1", "n2", "c1")
SUMMARIZED = (*NUMBERS[:6], "n1", "n2", "n3", "c1", "c2", "c3")
TREE = ("x1", "x2", "x3", "n1", "n2")


@dataclass
class Bench:
    """The two sides: the engine, and a DuckDB of its own, with the same tables.

    :param folder: Where the tables are, as Parquet files.
    """

    folder: Path
    engine: Engine = field(default_factory=Engine)
    database: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)

    def load(self) -> None:
        """Load the tables on both sides."""
        for path in sorted(self.folder.glob("*.parquet")):
            self.engine.load_table(path.stem, path)
            self.database.execute(f"CREATE TABLE {path.stem} AS FROM read_parquet('{path}')")

    def run(self, text: bytes) -> dict[str, Any]:
        """Run a flow to its end."""
        process = self.engine.start(
            text, workflow_id=1, workflow_name="benchmark", user_id=1, user_name="ada", variables={}
        )
        self.engine.wait(process, None)
        document: dict[str, Any] = json.loads(self.engine.results(1, process))
        failures = [line["errMessage"] for line in document["logs"] if line["errMessage"] != "null"]
        if failures:
            raise RuntimeError("; ".join(failures))
        return document

    def table(self, sql: str) -> None:
        """Keep what a SELECT gives as a table."""
        self.database.execute(f"CREATE OR REPLACE TABLE made AS {sql}")

    def numbers(self, columns: Sequence[str]) -> Any:
        """Columns of numbers as a matrix."""
        found = self.database.execute(f"SELECT {', '.join(columns)} FROM wide").fetchnumpy()
        return np.column_stack([np.asarray(found[column], dtype=float) for column in columns])

    def design(self) -> Any:
        """The intercept, the numeric predictors, and a column for each further value of the text predictor."""
        matrix = self.numbers([name for name in PREDICTORS if name != "c1"])
        codes = self.database.execute("SELECT c1 FROM wide").df()["c1"].astype("category").cat.codes.to_numpy()
        dummies = [codes == code for code in range(1, codes.max() + 1)]
        return np.column_stack([np.ones(len(matrix)), matrix, *dummies])

    def values(self, column: str) -> Any:
        """One column."""
        return self.database.execute(f"SELECT {column} FROM wide").fetchnumpy()[column]

    def labels(self) -> Any:
        """1 where the label is yes."""
        return self.database.execute("SELECT (label = 'yes')::INTEGER AS yes FROM wide").fetchnumpy()["yes"]

    def close(self) -> None:
        """Close both sides."""
        self.engine.close()
        self.database.close()


def _statsmodels_linear(bench: Bench) -> None:
    import statsmodels.api as sm

    sm.OLS(bench.values("y"), bench.design()).fit().summary()


def _numpy_linear(bench: Bench) -> None:
    matrix, values = bench.design(), bench.values("y")
    found = np.linalg.lstsq(matrix, values, rcond=None)[0]
    residuals = values - matrix @ found
    np.sqrt(np.diag(np.linalg.inv(matrix.T @ matrix)) * (residuals @ residuals) / (len(values) - len(found)))


def _statsmodels_logistic(bench: Bench) -> None:
    import statsmodels.api as sm

    fit = sm.Logit(bench.labels(), bench.design()).fit(disp=False)
    fit.summary()


def _sklearn_logistic(bench: Bench) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    matrix = StandardScaler().fit_transform(bench.design()[:, 1:])
    LogisticRegression(C=np.inf, tol=1e-6, max_iter=1000).fit(matrix, bench.labels())


def _sklearn_kmeans(bench: Bench) -> None:
    from sklearn.cluster import KMeans

    matrix = bench.numbers(NUMBERS)
    found = KMeans(8, n_init=1, max_iter=10, tol=0, random_state=0).fit(matrix)
    distances = np.linalg.norm(matrix - found.cluster_centers_[found.labels_], axis=1)
    # The operator leaves its input with the cluster of each row, and its distance from the centre.
    added = pyarrow.table({"cluster": found.labels_, "distance": distances})
    bench.database.register("added", added)
    bench.table("SELECT * FROM wide POSITIONAL JOIN added")
    bench.database.unregister("added")


def _sklearn_bayes(bench: Bench) -> None:
    from sklearn.naive_bayes import GaussianNB

    GaussianNB().fit(bench.numbers(NUMBERS), bench.labels())


def _sklearn_tree(criterion: str) -> Callable[[Bench], None]:
    def fit(bench: Bench) -> None:
        from sklearn.tree import DecisionTreeClassifier

        tree = DecisionTreeClassifier(criterion=criterion, max_depth=5, min_samples_leaf=2, min_samples_split=4)
        tree.fit(bench.numbers(TREE), bench.labels())

    return fit


def _one_pass(bench: Bench) -> None:
    """What the operator shows of each column, but for the most common values, in one SELECT."""
    parts = []
    for column in SUMMARIZED:
        parts += ["count(*)", f"count({column})", f"count(DISTINCT {column})"]
        if column.startswith("c"):
            parts += [f"count(*) FILTER (WHERE {column} = '')"]
        else:
            parts += [f"{name}({column})" for name in ("min", "max", "avg", "stddev_samp")]
            parts += [f"quantile_cont({column}, [0.25, 0.5, 0.75])"]
            parts += [f"count(*) FILTER (WHERE {column} {sign} 0)" for sign in "<=>"]
    bench.database.execute(f"SELECT {', '.join(parts)} FROM wide").fetchall()


@dataclass(frozen=True)
class Case:
    """One operator beside the same work done directly.

    :param operator: Its class, without the prefix.
    :param step: The operator in the flow, called ``step``.
    :param direct: The same work, by who does it; the fastest counts.
    :param limit: How many times as long the operator may take.
    :param tables: The tables that are linked to it.
    :param gross: How far from the limit a short run may be.
    """

    operator: str
    step: str
    direct: dict[str, Callable[[Bench], None]]
    limit: float
    tables: tuple[str, ...] = ("wide",)
    gross: float = 4.0


def _condition(column: str, sign: str, value: str) -> str:
    return element("RowFilterConditionItem", columnName=column, condition=sign, firstValue=value)


FILTER = element("RowFilterConditionModel", _condition("n1", ">=", "4"), _condition("x1", "<", "1"), useAll="true")
_AGGREGATES = {"rows": "count(*)", "total": "sum(x1)", "mean": "avg(x2)", "least": "min(x3)", "most": "max(x4)"}
AGGREGATION = element(
    "AggregateFieldsModel",
    element("groupBy", columnName="c2"),
    element("groupBy", columnName="n2"),
    *(element("AggregateField", columnName=name, expression=text, dataType="") for name, text in _AGGREGATES.items()),
)
JOIN = element(
    "TableJoinDefinition",
    element("JoinTableModel", alias="a", operID="id of wide"),
    element("JoinTableModel", alias="b", operID="id of narrow"),
    *(
        element("JoinColumnModel", tableAlias=alias, columnName=name, newColumnName=name)
        for alias, name in [*(("a", name) for name in wide(1).column_names), ("b", "weight"), ("b", "name")]
    ),
    element(
        "JoinConditionModel",
        tableAlias1="a",
        column1='"a"."n3"',
        condition="=",
        tableAlias2="b",
        column2='"b"."key"',
        joinType="JOIN",
    ),
)
_MODEL = {"columnNames": ",".join(PREDICTORS)}
_LABEL = {"dependentColumn": "label", "forceRetrain": "Yes"}
_GROWTH = {
    "maximal_depth": "5",
    "minimal_size_for_split": "4",
    "minimal_leaf_size": "2",
    "confidence": "0.25",
    "number_of_prepruning_alternatives": "3",
    "no_pre_pruning": "false",
    "no_pruning": "false",
    "size_threshold_load_data": "10000000",
}
_CLUSTERS = {"k": "8", "distance": "Euclidean", "split_Number": "5", "max_optimization_steps": "10", "idColumn": ""}
_SQL_AGGREGATES = ", ".join(f'{text} AS "{name}"' for name, text in _AGGREGATES.items())

CASES = {
    "filter": Case(
        "field.FilterOperator",
        node("field.FilterOperator", FILTER),
        {"DuckDB": lambda bench: bench.table("SELECT * FROM wide WHERE n1 >= 4 AND x1 < 1")},
        1.5,
    ),
    "aggregation": Case(
        "field.AggregateOperator",
        node("field.AggregateOperator", AGGREGATION),
        {
            "DuckDB": lambda bench: bench.table(
                f"SELECT c2, n2, {_SQL_AGGREGATES} FROM wide GROUP BY 1, 2 ORDER BY 1, 2"
            )
        },
        1.5,
    ),
    "join": Case(
        "datasource.TableJoinOperator",
        node("datasource.TableJoinOperator", JOIN),
        {
            "DuckDB": lambda bench: bench.table(
                "SELECT a.*, b.weight, b.name FROM wide a JOIN narrow b ON a.n3 = b.key ORDER BY a.rowid, b.rowid"
            )
        },
        1.5,
        ("wide", "narrow"),
    ),
    "summary": Case(
        "hadoop.HadoopValueAnalysisOperator",
        node("hadoop.HadoopValueAnalysisOperator", columnNames=",".join(SUMMARIZED), topN="10"),
        {"DuckDB in one pass, without the most common values": _one_pass},
        2.0,
    ),
    "linear": Case(
        "linearregression.LinearRegressionOperator",
        node("linearregression.LinearRegressionOperator", dependentColumn="y", **_MODEL),
        {"statsmodels": _statsmodels_linear, "numpy": _numpy_linear},
        1.5,
    ),
    "logistic": Case(
        "logisticregression.LogisticRegressionOperator",
        node("logisticregression.LogisticRegressionOperator", goodValue="yes", **_LABEL, **_MODEL),
        {"statsmodels": _statsmodels_logistic, "scikit-learn": _sklearn_logistic},
        2.0,
    ),
    "kmeans": Case(
        "hadoop.HadoopKmeansOperator",
        node("hadoop.HadoopKmeansOperator", columnNames=",".join(NUMBERS), **_CLUSTERS),
        {"scikit-learn": _sklearn_kmeans},
        1.3,
    ),
    "bayes": Case(
        "naivebayes.NaiveBayesOperator",
        node("naivebayes.NaiveBayesOperator", columnNames=",".join(NUMBERS), calculateDeviance="false", **_LABEL),
        {"scikit-learn": _sklearn_bayes},
        1.3,
    ),
    "tree": Case(
        "decisiontree.DecisionTreeOperator",
        node(
            "decisiontree.DecisionTreeOperator",
            columnNames=",".join(TREE),
            minimal_gain="0.0001",
            **_LABEL,
            **_GROWTH,
        ),
        {"scikit-learn": _sklearn_tree("entropy")},
        5.0,
    ),
    "cart": Case(
        "decisiontree.CartOperator",
        node("decisiontree.CartOperator", columnNames=",".join(TREE), **_LABEL, **_GROWTH),
        {"scikit-learn": _sklearn_tree("gini")},
        5.0,
    ),
}


def is_done(operator: str) -> bool:
    """Whether the sandbox does the work of a class."""
    return any(operator in classes.split(", ") and kind != "unsupported" for _, classes, kind, _, _ in fidelity_table())


@contextmanager
def loaded(rows: int) -> Iterator[Bench]:
    """Both sides with the tables loaded."""
    with tables(rows) as folder:
        bench = Bench(folder)
        try:
            bench.load()
            yield bench
        finally:
            bench.close()


def measured(name: str, bench: Bench, rows: int, rounds: int) -> Result | None:
    """One operator against the fastest of those who do the same; None where the sandbox does not do it yet."""
    case = CASES[name]
    if not is_done(case.operator):
        print(f"{name}: not there yet, {case.operator} is not registered", flush=True)
        return None
    links = [(table, "step") for table in case.tables]
    text = flow([*map(source, case.tables), case.step], links)
    took: dict[str, float] = {}
    for who, work in case.direct.items():
        work(bench)
        took[who] = seconds(lambda work=work: work(bench))  # type: ignore[misc]
    best = min(took, key=lambda who: took[who])
    value = ratio(lambda: bench.run(text), lambda: case.direct[best](bench), rounds)
    others = [f"{who} takes {took[who] / took[best]:.1f} times that" for who in took if who != best]
    note = "; ".join([f"{best}: {took[best]:.2f} s", *others])
    what = f"{name}, {rows:,} rows of 20 columns, against {best}"
    return Result(what, f"{value:.2f}", f"at most {case.limit:g}", value, case.limit, gross=case.gross, note=note)


def working(short: bool, only: Sequence[str] = ()) -> list[Result]:
    """Each operator beside the same work done directly."""
    rows, rounds = (SHORT_ROWS, 3) if short else (ROWS, 5)
    with loaded(rows) as bench:
        found = [measured(name, bench, rows, rounds) for name in only or CASES]
    return [result for result in found if result]


def main() -> int:
    """Measure and print; 1 when a goal is not reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.operators", description=__doc__)
    parser.add_argument("--short", action="store_true", help=f"{SHORT_ROWS:,} rows in place of {ROWS:,}")
    parser.add_argument("--only", action="append", choices=[*CASES], default=[], help="can be given again")
    given = parser.parse_args()
    results = working(given.short, given.only)
    show(results)
    return int(not all(result.reached for result in results))


if __name__ == "__main__":
    sys.exit(main())
