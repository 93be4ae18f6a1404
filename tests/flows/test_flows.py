"""Whole flows, each compared with what pandas, statsmodels and scikit-learn make of the same tables."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as Xml

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn import metrics
from sklearn.cluster import KMeans
from sklearn.naive_bayes import GaussianNB

from alpine import afm
from alpine.sandbox.engine import Context, Engine, Output
from alpine.sandbox.engine.registry import fidelity_table
from tests.flows.make import FLOWS, FOLDER, PRODUCTS, tables
from tests.sandbox.differential import assert_same, records
from tests.sandbox.engine_flows import run
from tests.sandbox.naive_trees import Leaf, Settings, Tree

DATA = FOLDER / "data"
CHURN = ["region", "age", "income", "visits"]


class Bench:
    """Runs the flows, and keeps the whole table that each operator left."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.engine.load_folder(DATA)
        self.engine.register("test.Keep", self._keep)
        self._kept: dict[str, pd.DataFrame] = {}

    def _keep(self, context: Context) -> Output:
        self._kept[context.parameter("of")] = context.dataframe()
        return Output(context.table)

    def run(self, name: str, wanted: Sequence[str], **variables: str) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
        """Run a flow.

        :param wanted: the operators whose tables are kept.
        :returns: the tables, and what the results show of each operator.
        """
        self._kept.clear()
        root = Xml.parse(FOLDER / f"{name}.afm").getroot()
        for operator in wanted:
            keep = Xml.SubElement(root, "Operator", {"name": f"keep {operator}", "type": "test.Keep", "uuid": operator})
            Xml.SubElement(keep, "Parameter", {"key": "of", "value": operator})
            Xml.SubElement(root, "Link", {"source": operator, "target": f"keep {operator}"})
        document = run(self.engine, Xml.tostring(root), {f"@{key}": value for key, value in variables.items()})
        assert document["flowMetaInfo"]["status"] == "SUCCESS", document["logs"]
        return dict(self._kept), {entry["out_title"]: entry["visualData"] for entry in document["outputs"]}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    return pd.read_csv(DATA / "customers.csv")


@pytest.fixture(scope="module")
def purchases() -> pd.DataFrame:
    return pd.read_csv(DATA / "purchases.csv")


def cells(view: Any) -> list[list[str]]:
    return [[item[column] for column in view["columns"]] for item in view["items"]]


def tab(views: dict[str, Any], operator: str, title: str) -> list[list[str]]:
    [found] = [part["visualData"] for part in views[operator] if part["out_title"] == title]
    return cells(found)


def shown(*values: float) -> list[str]:
    return [f"{value:.4f}" for value in values]


def test_the_files_are_those_that_the_script_writes(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr("tests.flows.make.FOLDER", tmp_path)
    for make in FLOWS:
        make()
    written = {path.name: path.read_bytes() for path in tmp_path.glob("*.afm")}
    assert written == {path.name: path.read_bytes() for path in FOLDER.glob("*.afm")}
    for name, rows in tables().items():
        [path] = DATA.glob(f"{name}.*")
        lines = path.read_text("utf-8").splitlines()
        assert len(lines) == len(rows)


def test_the_flows_hold_every_operator_whose_class_is_public() -> None:
    used = Counter(step.type for path in FOLDER.glob("*.afm") for step in afm.read(path).operators.values())
    short = {kind.rpartition("runoperator.")[2] for kind in used}
    known = {name for _, names, *_ in fidelity_table() for name in names.split(", ")}
    assert known - short == {"plugin10.Plugin10Operator"}
    assert len(short) >= 30


def test_baskets(bench: Bench, purchases: pd.DataFrame) -> None:
    made, views = bench.run("baskets", ["Pivot", "Rules"])
    there = pd.crosstab(purchases["customer_id"], purchases["product"]).clip(upper=1)
    pivot = made["Pivot"].set_index("customer_id")
    assert sorted(pivot.columns) == sorted(f"product_{name}" for name in PRODUCTS)
    for name in PRODUCTS:
        assert pivot[f"product_{name}"].tolist() == there[name].tolist()
    baskets = [set(there.columns[row == 1]) for _, row in there.iterrows()]
    expected = []
    for size in range(1, len(PRODUCTS)):
        for premises in itertools.combinations(PRODUCTS, size):
            for conclusion in set(PRODUCTS) - set(premises):
                having = sum(basket >= set(premises) for basket in baskets)
                both = sum(basket >= {*premises, conclusion} for basket in baskets)
                alone = sum(conclusion in basket for basket in baskets)
                total = len(baskets)
                if both / total >= 0.1 and both / having >= 0.5:
                    names = ", ".join(f"product_{name}" for name in premises)
                    row = [both / total, both / having, both * total / having / alone]
                    expected.append([names, f"product_{conclusion}", *row])
    assert_same(records(made["Rules"]), expected, ordered=False)
    sums = purchases.groupby("product")["amount"].sum()
    assert cells(views["Sales by product"]) == [[name, *shown(total)] for name, total in sums.items()]
    counts = purchases["product"].value_counts()
    found = {row[1]: row[2:] for row in cells(views["Frequency"]) if row[0] == "product"}
    assert found == {name: [str(n), *shown(100 * n / len(purchases))] for name, n in counts.items()}
    counted, edges = np.histogram(purchases["amount"], 5)
    assert [(row[1], row[3]) for row in tab(views, "Histogram", "amount")] == [
        (*shown(edge), str(count)) for edge, count in zip(edges[:-1], counted, strict=True)
    ]
    counted, _ = np.histogram(purchases["items"], [0, 2, 4, 6])
    assert [row[3] for row in tab(views, "Histogram", "items")] == [str(count) for count in counted]


def grown(train: pd.DataFrame, columns: Sequence[str], target: str, settings: Settings, *, binary: bool) -> Leaf:
    """The root of a tree, by a program that tries each split one by one."""
    kinds = ["text" if train[column].map(type).eq(str).any() else "number" for column in columns]
    rows = list(train[[*columns, target]].astype(object).itertuples(index=False, name=None))
    return Tree(columns, kinds, settings, sorted(train[target].unique()), binary).grow(rows)


def shares(root: Leaf, test: pd.DataFrame, columns: Sequence[str], name: Any) -> pd.Series:
    """The share of a class in the leaf that each row reaches."""
    reached = [root.reached(row) for row in test[list(columns)].astype(object).itertuples(index=False, name=None)]
    return pd.Series([leaf.targets.count(name) / len(leaf.targets) for leaf in reached])


def check_judged(views: dict[str, Any], model: str, truth: pd.Series, chance: pd.Series, predicted: pd.Series) -> None:
    """Compare what the evaluators say of a model with scikit-learn."""
    classes = sorted(truth.unique())
    counts = metrics.confusion_matrix(truth, predicted, labels=classes)
    found = tab(views, "Confusion", f"{model}: Data")
    assert [[int(cell) for cell in row[1:-1]] for row in found[:-1]] == counts.tolist()
    assert found[-1][-1] == f"Accuracy: {metrics.accuracy_score(truth, predicted):.4f}"
    watched = truth == classes[-1]
    assert tab(views, "ROC", f"{model}: AUC") == [shown(metrics.roc_auc_score(watched, chance))]
    fits = [row for row in cells(views["Goodness of Fit"]) if row[0] == model]
    scores = metrics.precision_recall_fscore_support(truth, predicted, labels=classes, zero_division=0)
    for place, row in enumerate(fits):
        precision, recall, f1, _ = (figure[place] for figure in scores)
        assert row[1:5] == [classes[place], *shown(recall, precision, f1)]
    gains = [float(row[1]) for row in tab(views, "Lift", f"{model}: Lift")]
    assert gains == sorted(gains)
    assert gains[-1] == 1


def chances(scored: pd.DataFrame, column: str, name: str) -> pd.Series:
    return scored[column].map(lambda text: json.loads(text)[name])


def test_churn_database(bench: Bench, customers: pd.DataFrame) -> None:
    wanted = ["Nulls", "Train", "Test", "Tree Prediction", "Predictor", "Logistic Prediction", "Classifier"]
    made, views = bench.run("churn_database", wanted)
    filled = customers.fillna({"age": 40, "income": 0, "region": "none"})
    assert_same(records(made["Nulls"]), records(filled))
    train, test = made["Train"], made["Test"]
    assert (len(train), len(test)) == (168, 72)
    assert set(train["id"]) | set(test["id"]) == set(customers["id"])
    given = filled.set_index("id").loc[test["id"]]
    assert given["churned"].tolist() == test["churned"].tolist()
    truth = test["churned"]

    # Naive Bayes: the numbers by scikit-learn's density with the sample's deviation, the texts by their shares.
    logs = {}
    for name in ("no", "yes"):
        part = train[train["churned"] == name]
        log = np.full(len(test), np.log(len(part) / len(train)))
        for column in ("age", "income", "visits"):
            log += stats.norm.logpdf(test[column].astype(float), part[column].mean(), part[column].std())
        texts = part["region"].value_counts(normalize=True)
        logs[name] = log + np.log(test["region"].map(texts).to_numpy())
    bayes = 1 / (1 + np.exp(logs["no"] - logs["yes"]))
    scored = made["Predictor"]
    assert np.allclose(chances(scored, "INFO_NB", "yes"), bayes, atol=1e-5)
    check_judged(views, "Bayes", truth, bayes, np.where(bayes > 0.5, "yes", "no"))

    # Logistic regression by statsmodels.
    def design(frame: pd.DataFrame) -> Any:
        dummies = pd.DataFrame({name: frame["region"] == name for name in ("none", "north", "ost", "south")})
        return sm.add_constant(pd.concat([dummies, frame[["age", "income", "visits"]]], axis=1).astype(float))

    fit = sm.Logit((train["churned"] == "yes").astype(float), design(train)).fit(disp=0, tol=1e-12)
    chance = fit.predict(design(test))
    assert np.allclose(chances(scored, "INFO_LOR", "yes"), chance, atol=1e-5)
    assert_same(records(made["Logistic Prediction"].iloc[:, -3:]), records(scored.iloc[:, -3:]))
    check_judged(views, "Logistic", truth, chance, np.where(chance > 0.5, "yes", "no"))

    for model, settings in (("Tree", Settings(gain=0.01)), ("CART", Settings(gain=None))):
        root = grown(train, CHURN, "churned", settings, binary=model == "CART")
        share = shares(root, test, CHURN, "yes")
        check_judged(views, model, truth, share, np.where(share > 0.5, "yes", "no"))
        table = made["Tree Prediction" if model == "Tree" else "Classifier"]
        assert np.allclose(chances(table, "INFO_DT", "yes"), share, atol=1e-5)


def test_churn_hadoop(bench: Bench, customers: pd.DataFrame) -> None:
    made, views = bench.run("churn_hadoop", ["Known", "Train", "Test", "Tree Prediction", "Classifier"])
    known = customers.dropna(subset=["age", "income"])
    assert made["Known"]["id"].tolist() == known["id"].tolist()
    train, test = made["Train"], made["Test"]
    assert (len(train), len(test)) == (round(0.6 * len(known)), len(known) - round(0.6 * len(known)))
    assert set(train["id"]).isdisjoint(test["id"])
    columns, truth = ["age", "income", "visits", "segment"], test["loyal"].astype(str)
    share = shares(grown(train, columns, "loyal", Settings(gain=0.01), binary=False), test, columns, 1)
    check_judged(views, "Tree", truth, share, np.where(share > 0.5, "1", "0"))
    assert np.allclose(chances(made["Tree Prediction"], "INFO_DT", "1"), share, atol=1e-5)

    # Numbers by scikit-learn, whose variances are the population's; the texts by their shares.
    numbers = GaussianNB(var_smoothing=0).fit(train[columns[:3]], train["loyal"])
    sizes = train["loyal"].value_counts().sort_index().to_numpy()
    numbers.var_ *= (sizes / (sizes - 1))[:, None]
    logs = numbers.predict_joint_log_proba(test[columns[:3]])
    for place in (0, 1):
        part = train.loc[train["loyal"] == place, "segment"].value_counts(normalize=True)
        logs[:, place] += np.log(test["segment"].map(part).to_numpy())
    chance = 1 / (1 + np.exp(logs[:, 0] - logs[:, 1]))
    assert np.allclose(chances(made["Classifier"], "INFO_NB", "1"), chance, atol=1e-5)
    check_judged(views, "Bayes", truth, chance, np.where(chance > 0.5, "1", "0"))
    fit = sm.Logit(train["loyal"], sm.add_constant(train[["age", "visits"]])).fit(disp=0, tol=1e-12)
    chance = fit.predict(sm.add_constant(test[["age", "visits"]]))
    check_judged(views, "Logistic", truth, chance, np.where(chance > 0.5, "1", "0"))


def test_customers_hadoop(bench: Bench, customers: pd.DataFrame) -> None:
    made, views = bench.run("customers_hadoop", ["Summary", "Bars", "Boxes", "Scaled", "Assigned"])
    summary = made["Summary"].set_index("column")
    for column in ("age", "income"):
        numbers, found = customers[column], summary.loc[column]
        expected = [
            numbers.nunique(),
            numbers.isna().sum(),
            numbers.mean(),
            numbers.std(),
            *numbers.quantile([0.25, 0.5]),
        ]
        names = ["unique", "null", "average", "standard deviation", "25%", "median"]
        assert found[names].tolist() == pytest.approx(expected)
    assert summary.loc["region", "unique"] == customers["region"].nunique()
    bars = customers.groupby(["region", "segment"], dropna=False)["spent"].sum().reset_index()
    assert_same(records(made["Bars"]), records(bars), ordered=False)
    boxes = customers.groupby("region", dropna=False)["spent"].quantile([0, 0.25, 0.5, 0.75, 1]).unstack().reset_index()
    assert_same(records(made["Boxes"]), records(boxes), ordered=False)
    counted, _ = np.histogram(customers["spent"], 10)
    assert [row[3] for row in tab(views, "Histogram", "spent")] == [str(count) for count in counted]
    regions = customers["region"].fillna("").value_counts()
    assert {row[1]: int(row[2]) for row in cells(views["Frequency"]) if row[0] == "region"} == regions.to_dict()
    matrix = customers[["visits", "spent", "loyal"]].corr()
    assert [row[1:] for row in cells(views["Scatter"])] == [shown(*row) for row in matrix.to_numpy()]
    groups = customers.dropna(subset=["region"])
    between = groups.groupby("region")["spent"].transform("mean").var() / groups["spent"].var()
    found = {row[0]: row[1] for row in cells(views["Selection"])}
    assert [found["visits"], found["region"]] == shown(matrix.loc["visits", "spent"] ** 2, between)
    scaled = made["Scaled"][["visits", "spent"]]
    numbers = customers[["visits", "spent"]]
    assert np.allclose(scaled, (numbers - numbers.min()) / (numbers.max() - numbers.min()))
    assigned = made["Assigned"]
    centres = np.array([[float(row[2]) for row in tab(views, "Clusters", "Center Point")]]).reshape(3, 2)
    # The rows go on from the centres that were found to no others, as scikit-learn does it.
    again = KMeans(3, init=centres, n_init=1, max_iter=1).fit(scaled)
    assert again.cluster_centers_ == pytest.approx(centres, abs=0.02)
    distances = np.linalg.norm(scaled.to_numpy()[:, None] - centres, axis=2)
    assert assigned["PRED_KM"].tolist() == distances.argmin(axis=1).tolist()
    assert np.allclose(assigned["DIST_KM"], distances.min(axis=1), atol=1e-3)
    sizes = [int(row[1]) for row in tab(views, "Clusters", "Cluster Profiles")]
    assert sizes == assigned["PRED_KM"].value_counts().sort_index().tolist()


def fitted(frame: pd.DataFrame, regions: Sequence[str]) -> tuple[Any, Any]:
    """Ordinary least squares of what customers spend."""
    dummies = pd.DataFrame({name: frame["region"] == name for name in regions})
    design = sm.add_constant(pd.concat([frame[["visits", "income"]], dummies], axis=1).astype(float))
    return sm.OLS(frame["spent"], design).fit(), design


@pytest.mark.parametrize("least", [0, 2000])
def test_spending(bench: Bench, customers: pd.DataFrame, least: int) -> None:
    made, views = bench.run("spending", ["Known", "Predictor"], least_income=str(least))
    known = customers[customers["age"].notna() & (customers["income"] > least)]
    assert made["Known"]["id"].tolist() == known["id"].tolist()
    complete = known.dropna(subset=["region"])
    fit, design = fitted(complete, ["north", "ost", "south"])
    assert [row[1:4] for row in tab(views, "Spending", "Data")] == [
        shown(*row) for row in zip(fit.params, fit.bse, fit.tvalues, strict=True)
    ]
    predicted = fit.predict(design).to_numpy()
    found = made["Predictor"].set_index("id")["PRED_LIR"]
    assert found.dropna().index.tolist() == complete["id"].tolist()
    assert np.allclose(found.dropna(), predicted)
    assert cells(views["Scatter"])[0][2] == f"{np.corrcoef(complete['spent'], predicted)[0, 1]:.4f}"
    assert cells(views["Export"]) == [["flow_model_0.am", "AM"]]


def test_spending_hadoop(bench: Bench, customers: pd.DataFrame) -> None:
    made, views = bench.run("spending_hadoop", ["Kept", "To the database"])
    filled = customers.fillna({"income": 0, "region": "none"})
    fit, design = fitted(filled, ["none", "north", "ost", "south"])
    assert tab(views, "Spending", "Summary")[0][1:] == shown(fit.rsquared, np.sqrt(fit.scale))
    assert list(made["Kept"].columns) == ["id", "spent", "PRED_LIR"]
    assert np.allclose(made["Kept"]["PRED_LIR"], fit.predict(design))
    assert_same(records(made["To the database"]), records(made["Kept"]))


@pytest.mark.parametrize("large", [40, 25.5])
def test_months(bench: Bench, customers: pd.DataFrame, purchases: pd.DataFrame, large: float) -> None:
    made, _ = bench.run("months", ["Join", "Variable", "Months", "To Hadoop"], large=str(large))
    joined = purchases.merge(customers[["id", "region"]], "left", left_on="customer_id", right_on="id")
    columns = ["customer_id", "month", "amount", "items", "region", "id"]
    assert_same(records(made["Join"]), records(joined[columns]))
    variable = made["Variable"]
    assert variable["area"].tolist() == joined["region"].fillna("none").tolist()
    assert np.allclose(variable["price"], joined["amount"] / joined["items"])
    assert variable["quarter"].tolist() == ((joined["month"] - 1) // 3 + 1).tolist()
    assert variable["is_large"].tolist() == (joined["amount"] >= large).tolist()
    ranks = joined["amount"].rank(method="first").astype(int) - 1
    sizes = [len(part) for part in np.array_split(np.arange(len(joined)), 4)]
    bounds = np.repeat([1, 2, 3, 4], sizes)[ranks]
    # Which of equal amounts is before the other is left open.
    edges = {amount for amount, n in Counter(joined["amount"]).items() if n > 1}
    sure = ~joined["amount"].isin(edges)
    assert variable["amount_bin"][sure].tolist() == bounds[sure].tolist()
    months = joined.assign(area=joined["region"].fillna("none")).groupby(["area", "month"])
    expected = months.agg(total=("amount", "sum"), buyers=("customer_id", "nunique")).reset_index()
    expected["before"] = expected.groupby("area")["total"].shift()
    expected["rank"] = expected.groupby("month")["total"].rank(ascending=False, method="min").astype(int)
    assert_same(records(made["Months"]), records(expected), ordered=False)
    scaled = (expected["total"] - expected["total"].mean()) / expected["total"].std()
    wanted = pd.DataFrame({"month": expected["month"], "area": expected["area"], "total": scaled})
    assert_same(records(made["To Hadoop"]), records(wanted), ordered=False)


def test_purchases_hadoop(bench: Bench, customers: pd.DataFrame, purchases: pd.DataFrame) -> None:
    names = ["Variable", "Large or late", "By product", "Both", "Pivot", "Collapse"]
    made, _ = bench.run("purchases_hadoop", names)
    joined = purchases.merge(customers[["id", "region", "age"]], left_on="customer_id", right_on="id")
    joined["price"] = joined["amount"] / joined["items"]
    joined["size"] = np.select([joined["amount"] >= 40, joined["amount"] >= 20], ["large", "middle"], "small")
    joined["label"] = joined["region"].str.upper() + "-" + joined["month"].astype(str)
    joined["half"] = (joined["month"] - 1) // 6 + 1
    columns = ["customer_id", "product", "amount", "items", "month", "price", "size", "label", "half"]
    assert_same(records(made["Variable"]), records(joined[columns]), ordered=False)
    some = joined[(joined["size"] == "large") | (joined["month"] > 6)]
    assert_same(records(made["Large or late"]), records(some[columns]), ordered=False)
    sums = some.groupby(["product", "size"]).agg(a=("amount", "sum"), b=("amount", "size"), c=("items", "max"))
    assert_same(records(made["By product"]), records(sums.reset_index()), ordered=False)
    both = pd.concat([joined, some])[["product", "amount"]]
    assert_same(records(made["Both"]), records(both), ordered=False)
    pivot = joined.pivot_table("amount", "product", "size", "mean")
    found = made["Pivot"].set_index("product")
    for size in ("large", "middle", "small"):
        assert_same(records(found[[f"size_{size}"]].sort_index()), records(pivot[[size]].sort_index()))
    for row in made["Collapse"].itertuples():
        own = joined[joined["customer_id"] == row.customer_id]
        assert json.loads(row.basket) == own.groupby("product")["items"].sum().to_dict()
        assert json.loads(row.bought) == dict.fromkeys(own["product"], 1)


def test_words(bench: Bench) -> None:
    made, _ = bench.run("words", ["Words", "Uses"])
    expected = []
    for number, *texts in tables()["log"]:
        if "" not in texts:
            # TOKENIZE parts at blanks, commas, brackets, quotes and stars.
            expected += [[number, word] for word in " ".join(texts).replace(",", " ").split()]
        else:
            # An empty field is a null, and so are the texts and the bag that are made of it: one row without a word.
            expected.append([number, None])
    assert_same(records(made["Words"]), expected)
    counts = Counter(word for _, word in expected)
    assert_same(records(made["Uses"]), [[word, count] for word, count in counts.items()], ordered=False)
