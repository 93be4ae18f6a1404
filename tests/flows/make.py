"""Writes the flows of this folder, and their tables: ``python -m tests.flows.make``.

The flows are made for this project, in the shape of the public ones of versions 3.0 to 6.4: the parameters that stand
together in them, their older spellings, models that were stored, descriptions of inputs, settings of Spark, notes.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

FOLDER = Path(__file__).parent
_PREFIX = "com.alpine.miner.gef.runoperator."
_DATABASE = {
    "dbConnectionName": "Warehouse",
    "url": "jdbc:postgresql://db.example.com:5432/shop",
    "userName": "miner",
    "password": "ZXhhbXBsZQ==",
    "system": "Greenplum",
    "useSSL": "false",
}
_HADOOP = {"connName": "Cluster", "hdfsHostname": "hdfs.example.com", "hdfsPort": "8020", "userName": "yarn"}
_PLACES = {
    "@default_schema": "public",
    "@default_prefix": "alp",
    "@default_tempdir": "/tmp",
    "@default_delimiter": ",",
}
CUSTOMER_TYPES = {
    "id": "int",
    "region": "chararray",
    "age": "int",
    "income": "double",
    "visits": "int",
    "segment": "chararray",
    "spent": "double",
    "churned": "chararray",
    "loyal": "int",
}
PURCHASE_TYPES = {"customer_id": "int", "product": "chararray", "amount": "double", "items": "int", "month": "int"}
PRODUCTS = ("Coffee Beans", "Tea", "Mug", "Filter", "Grinder", "Süßes")


class Flow:
    """A flow that is put together.

    :param version: The version that wrote it.
    """

    def __init__(self, version: str) -> None:
        self.version = version
        self.root = Xml.Element("Process", Description="", UserName="admin", Version=version)
        self._links: list[tuple[str, str]] = []
        self._ids: dict[str, str] = {}

    @property
    def is_old(self) -> bool:
        """Whether it is of version 3, which wrote some things in another way."""
        return self.version.startswith("3")

    def add(
        self,
        name: str,
        kind: str,
        parameters: Mapping[str, str],
        *elements: Xml.Element,
        after: Sequence[str] = (),
        is_model: bool = False,
    ) -> None:
        """Add an operator.

        :param after: The operators that it takes input from.
        :param is_model: Whether it keeps a model that was fitted.
        """
        uuid = (
            f"OP{len(self._ids)}" if self.version.startswith("6.4") else str(1_480_000_000_000 + 977 * len(self._ids))
        )
        self._ids[name] = uuid
        at = {"X": str(80 + 110 * len(self._ids)), "Y": str(60 + 40 * (len(self._ids) % 5))}
        operator = Xml.SubElement(self.root, "Operator", {**at, "name": name, "type": _PREFIX + kind, "uuid": uuid})
        Xml.SubElement(operator, "Note")
        for key, value in parameters.items():
            # Two writers, two orders.
            said = {"value": value, "key": key} if self.is_old else {"key": key, "value": value}
            Xml.SubElement(operator, "Parameter", said)
        operator.extend(elements)
        if is_model:
            Xml.SubElement(operator, "Model").text = "rO0ABXNyAA5ub3QgdG8gYmUgcmVhZA=="
        for source in after:
            inputs = Xml.SubElement(operator, "InPutFieldList", {} if self.is_old else {"id": self._ids[source]})
            Xml.SubElement(inputs, "Parameter", {"key": "dbConnectionName", "value": "Warehouse"})
            self._links.append((source, name))

    def id_of(self, name: str) -> str:
        """The id of an operator."""
        return self._ids[name]

    def write(self, name: str, variables: Mapping[str, str] | None = None) -> None:
        """Write the file."""
        for number, (source, target) in enumerate(self._links):
            ids = {"link-id": f"L{number}", "source-id": self._ids[source], "target-id": self._ids[target]}
            more = ids if self.version.startswith("6.4") else {}
            Xml.SubElement(self.root, "Link", {"source": source, "target": target, **more})
        declared = Xml.SubElement(self.root, "VariableModel")
        for key, value in {**_PLACES, **(variables or {})}.items():
            variable = Xml.SubElement(declared, "Variable")
            Xml.SubElement(variable, "Name").text = key
            Xml.SubElement(variable, "Value").text = value
        Xml.indent(self.root, "  ")
        text = Xml.tostring(self.root, "unicode", short_empty_elements=not self.is_old)
        (FOLDER / f"{name}.afm").write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n', "utf-8", newline="\n")

    def table(self, name: str) -> None:
        """Add a database table."""
        self.add(name, "datasource.DbTableOperator", {**_DATABASE, "schemaName": "shop", "tableName": name})

    def file(self, name: str, types: Mapping[str, str], **options: str) -> None:
        """Add a Hadoop file."""
        said = {"delimiter": "Comma", "escapChar": "\\", "includeHeader": "true", "other": "", "quoteChar": '"'}
        structure = element("HadoopFileStructureModel", **{**said, **options})
        for column, kind in types.items():
            if self.version < "6.2":
                structure.append(element("columnNames", columnName=column))
            else:
                structure.append(element("col", n=column, t=kind))
        if self.version < "6.2":
            structure.extend(element("columnTypes", columnType=kind) for kind in types.values())
        place = {"hadoopFileName": f"/data/shop/{name}.csv", "hadoopFileFormat": "Text File"}
        self.add(name, "hadoop.HadoopFileOperator", {**_HADOOP, **place}, structure)


def element(tag: str, *children: Xml.Element, **attributes: str) -> Xml.Element:
    """One XML element."""
    made = Xml.Element(tag, attributes)
    made.extend(children)
    return made


def into_table(name: str) -> dict[str, str]:
    """Where a database operator puts its output."""
    place = {"outputType": "TABLE", "outputSchema": "@default_schema"}
    return {**place, "outputTable": f"@default_prefix_{name}_0", "dropIfExist": "Yes"}


def into_file(name: str) -> dict[str, str]:
    """Where a Hadoop operator puts its output."""
    place = {"storeResults": "true", "resultsLocation": "@default_tempdir/alpine_out/@user_name/@flow_name"}
    return {**place, "resultsName": f"{name}_0", "override": "Yes"}


def storage() -> Xml.Element:
    """How a database stores a table."""
    return element("StorageParameters", appendOnly="false", columnarStorage="false", compression="false")


def spark() -> Xml.Element:
    """Settings of Spark, as version 6 writes them."""
    item = {"key": "numSparkWorkers", "value": "-1", "defaultValue": "", "displayName": "Number of Executors"}
    return element("advancedSettings", element("AdvancedParameterSubParameter", **item, overridden="false"))


def derived(items: Mapping[str, tuple[str, str]]) -> Xml.Element:
    """Derived columns: type and expression by name."""
    model = element("DerivedFieldsModel")
    for name, (kind, expression) in items.items():
        model.append(
            element("DerivedFieldItem", columnName=name, dataType=kind, expression=expression, multiVarColumn="")
        )
    return model


def conditions(*items: tuple[str, str, str], use_all: str = "true") -> Xml.Element:
    """The conditions of a row filter."""
    model = element("RowFilterConditionModel", sqlType="nosql", useAll=use_all, conditionValue="")
    for column, sign, value in items:
        said = {"columnName": column, "condition": sign, "firstValue": value, "secondValue": ""}
        model.append(element("RowFilterConditionItem", **said))
    return model


def aggregates(groups: Sequence[str], items: Mapping[str, tuple[str, str, str]]) -> Xml.Element:
    """Aggregates: kind, expression and type by name."""
    model = element("AggregateFieldsModel", *(element("groupBy", columnName=group) for group in groups))
    for name, (kind, expression, data_type) in items.items():
        said = {"columnName": name, "aggregateType": kind, "expression": expression, "dataType": data_type}
        model.append(element("AggregateField", **said))
    return model


def sizes(*shares: str) -> Xml.Element:
    """The sizes of samples."""
    numbers = [element("sampleIDs", sampleID=str(number)) for number, _ in enumerate(shares, 1)]
    return element("SampleSizeModel", *numbers, *(element("sampleSizes", sampleSize=share) for share in shares))


def baskets() -> None:
    """Retail baskets: pivot, then association rules; the charts of version 3 beside."""
    flow = Flow("3.0")
    flow.table("purchases")
    note = {"note": "Which products go together? A 1 says that the customer bought the product."}
    flow.add("About", "structual.NoteOperator", note)
    chart = {"categoryType": "product", "scopeDomain": "", "valueDomain": "amount"}
    flow.add("Sales by product", "field.BarChartAnalysisOperator", chart, after=["purchases"])
    flow.add("Frequency", "field.FrequencyAnalysisOperator", {"columnNames": "product,items"}, after=["purchases"])
    bins = {"type": "0", "width": "1", "min": "0", "max": "100", "isMin": "false", "isMax": "false"}
    wide = {**bins, "type": "1", "width": "20", "isMin": "true"}
    model = element(
        "ColumnBinsModel",
        element("ColumnBin", columnName="amount", bin="5", **bins),
        element("ColumnBin", columnName="amount", bin="10", **wide),
    )
    model[1].set("columnName", "items")
    model[1].set("width", "2")
    flow.add("Histogram", "field.HistogramOperator", {}, model, after=["purchases"])
    presence = {"pivotColumn": "product", "groupByColumn": "customer_id", "aggregateType": "max"}
    flow.add("Pivot", "field.PivotOperator", {**presence, **into_table("pivot")}, after=["purchases"])
    items = ",".join(f"product_{product}" for product in PRODUCTS)
    rules = {"columnNames": items, "minSupport": "0.1", "minConfidence": "0.5", "tableSizeThreshold": "10000000"}
    sign = element("Expression", expression="=", positiveValue="1")
    kind = "association.AssociationOperator"
    flow.add("Rules", kind, {**rules, "useArray": "false", **into_table("assoc")}, sign, after=["Pivot"])
    flow.write("baskets")


_TREE = {
    "dependentColumn": "churned",
    "columnNames": "region,age,income,visits",
    "maximal_depth": "5",
    "confidence": "0.25",
    "number_of_prepruning_alternatives": "3",
    "minimal_size_for_split": "4",
    "no_pruning": "false",
    "no_pre_pruning": "false",
    "size_threshold_load_data": "10000",
    "minimal_leaf_size": "2",
    "forceRetrain": "Yes",
}
_EVALUATORS = {"ROC": "ROCOperator", "Lift": "LIFTOperator", "Goodness of Fit": "GoodnessOfFitOperator"}


def churn_database() -> None:
    """Trees, naive Bayes and logistic regression on a database, judged by the same evaluators."""
    flow = Flow("3.0")
    flow.table("customers")
    model = element("NullReplacementModel")
    for column, value in (("age", "40"), ("income", "0"), ("region", "'none'")):
        model.append(element("NullReplacementItem", columnName=column, nullType="value", nullValue=value))
    flow.add("Nulls", "field.ReplaceNullOperator", into_table("nullrep"), model, storage(), after=["customers"])
    sample = {"sampleCount": "2", "sampleSizeType": "Percentage", "randomSeed": "0.2", "consistent": "true"}
    sample |= {"replacement": "false", "disjoint": "true", "keyColumnList": "id", "outputSchema": "public"}
    more = {**sample, "outputTable": "churn_samples", "dropIfExist": "Yes"}
    flow.add("Sampling", "sampling.RandomSamplingOperator", more, sizes("70", "30"), after=["Nulls"])
    for number, name in enumerate(("Train", "Test")):
        chosen = {"selectedTable": f"public.churn_samples_{number}"}
        flow.add(name, "sampling.SampleSelectorOperator", chosen, after=["Sampling"])
    kind = "decisiontree.DecisionTreeOperator"
    flow.add("Tree", kind, {**_TREE, "minimal_gain": "0.01"}, after=["Train"], is_model=True)
    flow.add("CART", "decisiontree.CartOperator", _TREE, after=["Train"], is_model=True)
    columns = {"dependentColumn": "churned", "columnNames": "region,age,income,visits", "forceRetrain": "Yes"}
    kind = "naivebayes.NaiveBayesOperator"
    flow.add("Bayes", kind, {**columns, "calculateDeviance": "true"}, after=["Train"], is_model=True)
    fit = {**columns, "goodValue": "yes", "max_generations": "25", "epsilon": "1.0E-8", "isStepWise": "false"}
    fit |= {"splitModelGroupByColumn": "", "stepWiseType": "", "criterionType": "", "checkValue": ""}
    kind = "logisticregression.LogisticRegressionOperator"
    flow.add("Logistic", kind, fit, after=["Train"], is_model=True)
    models = ["Tree", "CART", "Bayes", "Logistic"]
    for name, kind in _EVALUATORS.items():
        watched = {} if name == "Goodness of Fit" else {"columnValue": "yes"}
        said = {"dependentColumn": "churned", **watched, "useModel": "true"}
        flow.add(name, f"model.evaluator.{kind}", said, after=["Test", *models])
    said = {"dependentColumn": "churned", "useModel": "true"}
    flow.add("Confusion", "model.evaluator.ConfusionMatrixOperator", said, after=["Test", *models])
    kind = "decisiontree.TreePredictOperator"
    flow.add("Tree Prediction", kind, into_table("treepred"), storage(), after=["Test", "Tree"])
    kind = "model.DatabasePredictorOperator"
    flow.add("Predictor", kind, into_table("pred"), after=["Tree Prediction", "Bayes", "Logistic"])
    kind = "logisticregression.LogisticRegressionPredictOperator"
    flow.add("Logistic Prediction", kind, into_table("lorpred"), after=["Test", "Logistic"])
    kind = "model.DatabaseClassifierOperator"
    flow.add("Classifier", kind, into_table("class"), after=["Test", "CART", "Bayes"])
    flow.write("churn_database")


def churn_hadoop() -> None:
    """The same questions on Hadoop, in the spellings of version 3: the row filter's script, the samples' paths."""
    flow = Flow("3.0")
    flow.file("customers", CUSTOMER_TYPES)
    known = {"filterCondition": "age is not null and income is not null", **into_file("rowfil")}
    flow.add("Known", "hadoop.HadoopRowFilterOperator", known, after=["customers"])
    sample = {"sampleCount": "2", "sampleSizeType": "Percentage", "randomSeed": "", "consistent": "false"}
    sample |= {"replacement": "false", "disjoint": "true", **into_file("rsamp")}
    flow.add("Sampling", "hadoop.HadoopRandomSamplingOperator", sample, sizes("60", "40"), after=["Known"])
    for number, name in enumerate(("Train", "Test"), 1):
        chosen = {"selectedFile": f"/tmp/alpine_out/admin/churn/rsamp_0_{number}"}
        flow.add(name, "hadoop.HadoopSampleSelectorOperator", chosen, after=["Sampling"])
    tree = {"dependentColumn": "loyal", "columnNames": "age,income,visits,segment", "maximal_depth": "5"}
    tree |= {"minimal_gain": "0.01", "minimal_size_for_split": "4", "minimal_leaf_size": "2", "confidence": "0.25"}
    tree |= {"categoryLimit": "1000", "numericalGranularity": "1000000", "varSelPath": ""}
    flow.add("Tree", "hadoop.HadoopDecisionTreeOperator", tree, after=["Train"], is_model=True)
    bayes = {"dependentColumn": "loyal", "columnNames": "age,income,visits,segment", "forceRetrain": "Yes"}
    flow.add("Bayes", "hadoop.HadoopNaiveBayesOperator", {**bayes, "varSelPath": ""}, after=["Train"], is_model=True)
    fit = {"dependentColumn": "loyal", "columnNames": "age,visits", "goodValue": "1", "max_generations": "10"}
    fit |= {"epsilon": "0.00001", "lorPenalizingParameter": "0", "useApproximation": "false", "varSelPath": ""}
    kind = "hadoop.HadoopLogisticRegressionOperator"
    flow.add("Logistic", kind, {**fit, "forceRetrain": "Yes"}, after=["Train"], is_model=True)
    models = ["Tree", "Bayes", "Logistic"]
    watched = {"dependentColumn": "loyal", "columnValue": "1"}
    flow.add("ROC", "hadoop.HadoopROCOperator", watched, after=["Test", *models])
    flow.add("Lift", "hadoop.HadoopLiftOperator", watched, after=["Test", *models])
    target = {"dependentColumn": "loyal"}
    flow.add("Goodness of Fit", "hadoop.HadoopGoodnessOfFitOperator", target, after=["Test", *models])
    flow.add("Confusion", "hadoop.HadoopConfusionOperator", {}, after=["Test", *models])
    kind = "hadoop.HadoopDecisionTreePredictOperator"
    flow.add("Tree Prediction", kind, into_file("treepred"), after=["Test", "Tree"])
    kind = "hadoop.HadoopLogisticRegressionPredictOperator"
    flow.add("Logistic Prediction", kind, into_file("lorpred"), after=["Test", "Logistic"])
    kind = "hadoop.HadoopClassifierPredictOperator"
    flow.add("Classifier", kind, into_file("class"), after=["Test", "Bayes"])
    flow.write("churn_hadoop")


def customers_hadoop() -> None:
    """What the customers are like: summaries, charts, clusters, and which column says what of the money spent."""
    flow = Flow("5.7.0.0")
    flow.file("customers", CUSTOMER_TYPES)
    summary = {"columnNames": "age,income,region", "groupByColumnNames": "", "doDistinct": "Yes", "topN": "10"}
    flow.add("Summary", "hadoop.HadoopValueAnalysisOperator", {**summary, "useSpark": "Yes"}, after=["customers"])
    kind = "hadoop.HadoopFrequencyAnalysisOperator"
    flow.add("Frequency", kind, {"columnNames": "region,loyal"}, after=["customers"])
    chart = {"categoryType": "region", "scopeDomain": "segment", "valueDomain": "spent"}
    flow.add("Bars", "hadoop.HadoopBarChartOperator", chart, after=["customers"])
    box = {"typeDomain": "region", "seriesDomain": "", "analysisValueDomain": "spent", "useApproximation": "No"}
    flow.add("Boxes", "hadoop.HadoopBoxAndWiskerOperator", box, after=["customers"])
    bins = {"type": "0", "width": "1", "min": "0", "max": "100", "isMin": "false", "isMax": "false"}
    model = element("ColumnBinsModel", element("ColumnBin", columnName="spent", bin="10", **bins))
    flow.add("Histogram", "hadoop.HadoopHistogramOperator", {}, model, after=["customers"])
    kind = "hadoop.HadoopScatterPlotMatrixOperator"
    flow.add("Scatter", kind, {"columnNames": "visits,spent,loyal"}, after=["customers"])
    kind = "hadoop.HadoopVariableSelectionAnalysisOperator"
    flow.add(
        "Selection", kind, {"dependentColumn": "spent", "columnNames": "visits,region,segment"}, after=["customers"]
    )
    scale = {"columnNames": "visits,spent", "method": "Range-Transformation", "rangeMin": "0.0", "rangeMax": "1.0"}
    kind = "hadoop.HadoopNormalizationOperator"
    flow.add("Scaled", kind, {**scale, **into_file("norm")}, after=["customers"])
    k_means = {"idColumn": "id", "columnNames": "visits,spent", "k": "3", "distance": "Euclidean"}
    k_means |= {"split_Number": "5", "max_optimization_steps": "10", **into_file("km")}
    flow.add("Clusters", "hadoop.HadoopKmeansOperator", k_means, after=["Scaled"])
    flow.add("Assigned", "hadoop.HadoopPredictOperator", into_file("pred"), after=["Scaled", "Clusters"])
    flow.write("customers_hadoop")


def spending() -> None:
    """What customers spend: regressions of both families, exported and used for predictions."""
    flow = Flow("6.3.0.0")
    flow.table("customers")
    known = {**into_table("rowfil"), "whereClause": ""}
    model = conditions(("age", "is not null", ""), ("income", ">", "@least_income"))
    flow.add("Known", "field.FilterOperator", known, storage(), model, after=["customers"])
    fit = {"dependentColumn": "spent", "columnNames": "visits,income,region", "forceRetrain": "Yes"}
    fit |= {"isStepWise": "false", "stepWiseType": "", "criterionType": "", "checkValue": "0.05"}
    fit |= {"splitModelGroupByColumn": "", "addResidualPlot": "false"}
    kind = "linearregression.LinearRegressionOperator"
    flow.add("Spending", kind, fit, after=["Known"], is_model=True)
    said = {"exportFormat": "AM", "exportFileName": "@flow_name_model_0", "exportAncestryDepth": "1"}
    flow.add("Export", "export.ExportOperator", said, after=["Spending"])
    flow.add("Predictor", "model.DatabasePredictorOperator", into_table("pred"), after=["Known", "Spending"])
    flow.add("Scatter", "field.ScatterMatrixOperator", {"columnNames": "spent,PRED_LIR"}, after=["Predictor"])
    flow.write("spending", {"@least_income": "0"})


def spending_hadoop() -> None:
    """The same on Hadoop."""
    flow = Flow("6.1.1.0")
    flow.file("customers", CUSTOMER_TYPES)
    model = element("NullReplacementModel")
    for column, value in (("income", "0"), ("region", "'none'")):
        model.append(element("NullReplacementItem", columnName=column, nullType="value", nullValue=value))
    kind = "hadoop.HadoopReplaceNullOperator"
    flow.add("Nulls", kind, {"useSpark": "Yes", **into_file("nullrep")}, model, spark(), after=["customers"])
    fit = {"dependentColumn": "spent", "columnNames": "visits,income,region", "numberOfCrossValidation": "0"}
    fit |= {"penalizingParameter": "0", "varSelPath": "", "forceRetrain": "Yes"}
    flow.add("Spending", "hadoop.HadoopLinearRegressionOperator", fit, after=["Nulls"], is_model=True)
    flow.add("Predictor", "hadoop.HadoopPredictOperator", into_file("pred"), after=["Nulls", "Spending"])
    flow.add("Kept", "hadoop.HadoopColumnFilterOperator", {"columnNames": "id,spent,PRED_LIR"}, after=["Predictor"])
    copy = {**_DATABASE, "schemaName": "shop", "copyToTableName": "predictions", "ifDataExists": "Drop"}
    flow.add("To the database", "hadoop.CopyToDBOperator", copy, after=["Kept"])
    flow.write("spending_hadoop")


def months() -> None:
    """A year of a shop, month by month: join, variables, aggregates with windows over the groups."""
    flow = Flow("6.4.0.0")
    flow.table("purchases")
    flow.table("customers")
    model = element("TableJoinDefinition")
    for alias, name in (("p", "purchases"), ("c", "customers")):
        model.append(element("JoinTableModel", alias=alias, operID=flow.id_of(name), schema="shop", table=name))
    for alias, column, name in (
        ("p", "customer_id", "customer_id"),
        ("p", "month", "month"),
        ("p", "amount", "amount"),
        ("p", "items", "items"),
        ("c", "region", "region"),
        ("c", "id", "c.id"),
    ):
        model.append(element("JoinColumnModel", tableAlias=alias, columnName=column, newColumnName=name))
    said = {
        "column1": '"p"."customer_id"',
        "condition": "=",
        "column2": '"c"."id"',
        "joinType": "LEFT JOIN",
        "andOr": "",
    }
    model.append(element("JoinConditionModel", tableAlias1="p", tableAlias2="c", **said))
    joined = {"createSequenceID": "No", **into_table("join")}
    flow.add("Join", "datasource.TableJoinOperator", joined, storage(), model, after=["purchases", "customers"])
    variables = derived(
        {
            "area": ("TEXT", "coalesce(\"region\", 'none')"),
            "price": ("DOUBLE PRECISION", '"amount" / "items"'),
            "quarter": ("INTEGER", '("month" - 1) / 3 + 1'),
            "is_large": ("BOOLEAN", 'case when "amount" >= @large then True else False end'),
        }
    )
    quantiles = element("QuantileModel", element("QuantileItem", columnName="amount", numberOfBin="4"))
    kept = {"columnNames": "customer_id,month,amount,items", **into_table("var")}
    flow.add("Variable", "field.VariableOperator", kept, quantiles, variables, after=["Join"])
    model = aggregates(
        ["area", "month"],
        {
            "sum(amount)": ("sum", 'sum("amount")', "DOUBLE PRECISION"),
            "buyers": ("count", 'count(distinct "customer_id")', "BIGINT"),
        },
    )
    windows = element("WindowFieldsModel")
    for name, function, over, kind in (
        ("before", 'LAG(sum("amount"))', 'PARTITION BY "area" ORDER BY "month"', "DOUBLE PRECISION"),
        ("rank", "rank()", 'PARTITION BY "month" ORDER BY sum("amount") DESC', "BIGINT"),
    ):
        windows.append(element("WindowField", resultColumn=name, function=function, specification=over, dataType=kind))
    flow.add("Months", "field.AggregateOperator", into_table("agg"), model, windows, after=["Variable"])
    scale = {"columnNames": "sum(amount)", "method": "Z-Transformation", **into_table("norm")}
    flow.add("Scaled", "field.NormalizationOperator", scale, after=["Months"])
    columns = {"columnNames": "month,area,sum(amount)", **into_table("colfil")}
    flow.add("Kept", "field.ColumnFilterOperator", columns, after=["Scaled"])
    target = {**_HADOOP, "copyToFileName": "months", "resultsLocation": "/tmp", "ifFileExists": "Drop"}
    flow.add("To Hadoop", "hadoop.CopytoHadoopOperator", target, after=["Kept"])
    flow.write("months", {"@large": "40"})


def purchases_hadoop() -> None:
    """Purchases on Hadoop: join, variable, aggregation, union, pivot and collapse."""
    flow = Flow("6.2.0.0")
    flow.file("purchases", PURCHASE_TYPES)
    flow.file("customers", CUSTOMER_TYPES)
    model = element("HadoopJoinDefinition")
    for name in ("purchases", "customers"):
        model.append(element("JoinFileModel", file=f"/data/shop/{name}.csv", operID=flow.id_of(name)))
    columns = [("purchases", column) for column in PURCHASE_TYPES] + [("customers", "region"), ("customers", "age")]
    for name, column in columns:
        model.append(element("JoinColumnModel", columnName=column, fileId=flow.id_of(name), newColumnName=column))
    for name, column in (("purchases", "customer_id"), ("customers", "id")):
        model.append(element("JoinConditionModel", conditionList="=", fileId=flow.id_of(name), keyColumnList=column))
    model.append(element("joinType", joinTypeValue="JOIN"))
    model.append(element("usePig", usePig="true"))
    flow.add("Join", "hadoop.HadoopJoinOperator", into_file("join"), spark(), model, after=["purchases", "customers"])
    variables = derived(
        {
            "price": ("double", "amount / items"),
            "size": ("chararray", "(amount >= 40 ? 'large' : (amount >= 20 ? 'middle' : 'small'))"),
            "label": ("chararray", "CONCAT(UPPER(region), CONCAT('-', (chararray)month))"),
            "half": ("int", "(month - 1) / 6 + 1"),
        }
    )
    kept = {"columnNames": "customer_id,product,amount,items,month", **into_file("var")}
    flow.add("Variable", "hadoop.HadoopVariableOperator", kept, element("QuantileModel"), variables, after=["Join"])
    limit = {"useRowLimit": "false", "rowLimit": "", "useSpark": "No", **into_file("rowfil")}
    model = conditions(("size", "==", "'large'"), ("month", ">", "6"), use_all="false")
    flow.add("Large or late", "hadoop.HadoopRowFilterOperator", limit, model, after=["Variable"])
    model = aggregates(
        ["product", "size"],
        {
            "sales": ("sum", "SUM(amount)", "double"),
            "rows": ("count", "COUNT(amount)", "long"),
            "most": ("max", "MAX(items)", "int"),
        },
    )
    flow.add("By product", "hadoop.HadoopAggregateOperator", into_file("agg"), model, after=["Large or late"])
    model = element("HadoopUnionDefinition", setType="UNION ALL")
    for column in ("product", "amount"):
        said = element("unionColumnModel", columnName=column, columnType=PURCHASE_TYPES[column])
        said.extend(
            element("unionSourceColumn", column=column, operID=flow.id_of(s)) for s in ("Variable", "Large or late")
        )
        model.append(said)
    flow.add("Both", "hadoop.HadoopUnionOperator", into_file("union"), model, after=["Variable", "Large or late"])
    pivot = {"pivotColumn": "size", "groupByColumn": "product", "aggregateColumn": "amount", "aggregateType": "avg"}
    flow.add("Pivot", "hadoop.HadoopPivotOperator", {**pivot, **into_file("pivot")}, after=["Variable"])
    said = {"collapseColumnName": "product", "aggregationType": "sum", "aggregationColumnName": "items"}
    model = element("CollapseColumnModel", element("CollapseColumn", columnAliasName="basket", **said))
    model.append(element("CollapseColumn", **{**said, "aggregationType": "fixed", "aggregationColumnName": ""}))
    model[1].set("columnAliasName", "bought")
    collapse = {"groupByColumnNames": "customer_id", **into_file("collapse")}
    flow.add("Collapse", "hadoop.HadoopCollapseOperator", collapse, model, after=["Variable"])
    flow.write("purchases_hadoop")


def words() -> None:
    """Pig Execute, as the files of version 3 have it: a tab between fields, no header, STORE at the end."""
    flow = Flow("3.0")
    kinds = {"eventid": "int", "a": "chararray", "b": "chararray"}
    flow.file("log", kinds, delimiter="Tab", includeHeader="false")
    place = {"storeResults": "true", "resultsLocation": "/tmp/alpine_out", "resultsName": "words_0", "override": "Yes"}
    script = (
        "A = FOREACH alpine_pig_input_1 GENERATE eventid, TOKENIZE(CONCAT(CONCAT(a, ' '), b)) AS bagged;\n"
        "B = FOREACH A GENERATE eventid, FLATTEN(bagged);\n"
        "STORE B INTO '/tmp/alpine_out/words_0' USING PigStorage('\\t');"
    )
    pig = element("PigExecutableModel", pigScript=script)
    pig.append(element("PigInputMapItem", inputUuid=flow.id_of("log"), pigAlias="alpine_pig_input_1"))
    said = {"delimiter": "Tab", "escapChar": "\\", "quoteChar": '"', "includeHeader": "false", "other": ""}
    structure = element("HadoopFileStructureModel", **said)
    structure.extend(element("columnNames", columnName=name) for name in ("eventid", "word"))
    structure.extend(element("columnTypes", columnType=kind) for kind in ("int", "chararray"))
    flow.add("Words", "hadoop.HadoopPigExecuteOperator", place, pig, structure, after=["log"])
    model = aggregates(["word"], {"uses": ("count", "COUNT(eventid)", "long")})
    flow.add("Uses", "hadoop.HadoopAggregateOperator", into_file("agg"), model, after=["Words"])
    flow.write("words")


def tables() -> dict[str, list[list[Any]]]:
    """The rows of the tables, names of columns first."""
    chance = random.Random(15)
    customers: list[list[Any]] = [list(CUSTOMER_TYPES)]
    for number in range(1, 241):
        region = chance.choice(["north", "south", "Ost", "ost", ""])
        age = chance.randint(18, 80)
        income = round(chance.uniform(800, 6000), 2)
        visits = chance.randint(0, 30)
        segment = chance.choice(["A", "B", "Größe"])
        spent = round(12 * visits + income / 50 + (30 if region == "north" else 0) + chance.gauss(0, 15), 2)
        is_away = (visits < 8 and age > 30) or chance.random() < 0.12
        is_loyal = int((visits > 14 and segment != "B") or chance.random() < 0.1)
        missing = number % 19 == 0, number % 23 == 0
        row = [number, region, "" if missing[0] else age, "" if missing[1] else income, visits, segment, spent]
        customers.append([*row, "yes" if is_away else "no", is_loyal])
    purchases: list[list[Any]] = [list(PURCHASE_TYPES)]
    for _ in range(900):
        product = chance.choices(PRODUCTS, [5, 4, 2, 3, 1, 2])[0]
        customer = chance.randint(1, 250)
        items = chance.randint(1, 6)
        row = [customer, product, round(items * chance.uniform(2, 15), 2), items, chance.randint(1, 12)]
        purchases.append(row)
        if product == "Coffee Beans" and chance.random() < 0.7:
            purchases.append([customer, "Filter", 3.5, 1, row[-1]])
    words = ("login", "search tea", "buy", "pay, now", "Süßes", "", "logout")
    log = [[i, chance.choice(words), chance.choice(words)] for i in range(1, 61)]
    return {"customers": customers, "purchases": purchases, "log": log}


def _written(rows: Iterable[Sequence[Any]], delimiter: str) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return file.getvalue()


FLOWS = (
    baskets,
    churn_database,
    churn_hadoop,
    customers_hadoop,
    spending,
    spending_hadoop,
    months,
    purchases_hadoop,
    words,
)

if __name__ == "__main__":
    for make in FLOWS:
        make()
    for name, rows in tables().items():
        text = _written(rows, "\t" if name == "log" else ",")
        ending = "tsv" if name == "log" else "csv"
        (FOLDER / "data" / f"{name}.{ending}").write_text(text, "utf-8", newline="\n")
