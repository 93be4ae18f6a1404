"""Two operators whose classes the sandbox does not know, done by functions: a forest, and a script of SQL.

This needs no server: it starts the sandbox that comes with the package.
"""

import re
import tempfile
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from alpine.sandbox import Sandbox
from alpine.sandbox.engine import NodeFailure, Output
from alpine.sandbox.engine.classes import Classes
from alpine.sandbox.engine.context import tabulate
from alpine.sandbox.engine.models import ClassificationModel, Judged

FOREST = "com.example.ForestOperator"
SQL = "com.example.SqlExecuteOperator"
FLOW = """
<Process>
  <Operator name="orders" uuid="1"
    type="com.alpine.miner.gef.runoperator.datasource.DbTableOperator">
    <Parameter key="schemaName" value="demo"/>
    <Parameter key="tableName" value="orders"/>
  </Operator>
  <Operator name="Forest" uuid="2" type="com.example.ForestOperator">
    <Parameter key="dependentColumn" value="status"/>
    <Parameter key="columnNames" value="items,amount"/>
    <Parameter key="numberOfTrees" value="50"/>
  </Operator>
  <Operator name="Confusion Matrix" uuid="3"
    type="com.alpine.miner.gef.runoperator.model.evaluator.ConfusionMatrixOperator">
    <Parameter key="dependentColumn" value="status"/>
  </Operator>
  <Operator name="SQL" uuid="4" type="com.example.SqlExecuteOperator">
    <Parameter key="sqlScript" value="CREATE TABLE alpine_sql_output AS
      (SELECT region, sum(amount) AS total
       FROM alpine_sql_input_1 GROUP BY region ORDER BY region);"/>
  </Operator>
  <Link source="orders" target="Forest"/>
  <Link source="orders" target="Confusion Matrix"/>
  <Link source="Forest" target="Confusion Matrix"/>
  <Link source="orders" target="SQL"/>
</Process>
"""


class Forest(ClassificationModel):
    """A fitted forest; predictors and evaluators of the sandbox take it as any classification model."""

    short = "AFC"

    def __init__(self, context, fitted):
        """Keep what was fitted, with the columns that it needs."""
        self.name = context.operator.name
        self.target = context.column("dependentColumn")
        self.columns = context.columns("columnNames")
        self.classes = Classes(tuple(fitted.classes_), "text")
        self.positive = self.classes.names[-1]
        self.fitted = fitted

    def judge(self, cursor, table, label=None):
        """How likely each class is for the rows that have all numbers, and a class where one is asked for."""
        rows = cursor.dataframe(f"FROM {table.rows}")
        place = rows.columns[-1]
        known = rows.dropna(subset=[*self.columns, *([label] if label else [])])
        labels = known[label].astype(str).to_numpy(object) if label else known.index[:0].to_numpy(object)
        likely = np.empty((0, len(self.classes.names)))
        if len(known):
            likely = self.fitted.predict_proba(known[self.columns])
        return Judged(known[place].to_numpy(), labels, likely, left_out=len(rows) - len(known))


def forest(data, context):
    """Fit a forest, and show how much each column matters."""
    target, columns = context.column("dependentColumn"), context.columns("columnNames")
    known = data.dropna(subset=[target, *columns])
    trees = int(context.number("numberOfTrees", 100))
    fitted = RandomForestClassifier(trees, random_state=1).fit(known[columns], known[target].astype(str))
    weights = [[name, float(weight)] for name, weight in zip(columns, fitted.feature_importances_, strict=True)]
    return Output(model=Forest(context, fitted), view=tabulate(weights, ["Column", "Importance"]))


def sql_script(context):
    """Give what a script makes of its inputs: the one table that it creates, alpine_sql_output.

    The script is DuckDB's SQL here, which is not in all things that of the server.
    """
    script = context.parameter("sqlScript").strip().rstrip(";")
    found = re.fullmatch(r"create\s+table\s+alpine_sql_output\s+as\s*\((.*)\)", script, re.IGNORECASE | re.DOTALL)
    if found is None:
        raise NodeFailure("The script should be CREATE TABLE alpine_sql_output AS (SELECT ...).")
    inputs = [f"alpine_sql_input_{i} AS (FROM {table.sql})" for i, table in enumerate(context.tables(), 1)]
    return context.cursor.make(f"{'WITH ' if inputs else ''}{', '.join(inputs)} {found[1]}")


def main():
    """Register the functions, and run a workflow that has both operators."""
    with Sandbox() as server, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "own_operators.afm")
        path.write_text(FLOW, "utf-8")
        workflow_id = server.add_workflow(path)
        server.register(FOREST, forest)
        server.register(SQL, sql_script)

        run = server.client().workfile.process.run(workflow_id)
        run.wait()
        for name in ("Forest", "SQL"):
            print(name)
            print(run.results().operators[name].to_dataframe().to_string(index=False))


if __name__ == "__main__":
    main()
