"""The DAGs of the tests, as a user would write them."""

import os
from datetime import timedelta

from airflow.sdk import DAG, task

from alpine.airflow import AlpineRunSensor, AlpineRunWorkflowOperator

FLOW = {"workflow": "order_filter", "workspace": "Sandbox", "query_time": 1}


def both(dag_id, **options):
    """The same DAG with a worker that waits, and with a triggerer that does."""
    for deferrable in (False, True):
        with DAG(f"{dag_id}_{'deferred' if deferrable else 'waiting'}", schedule=None):
            yield AlpineRunWorkflowOperator(task_id="run_flow", deferrable=deferrable, **FLOW, **options)


for run in both(
    "good",
    variables={"@min_amount": "{{ dag_run.conf.get('amount', 200) }}"},
    operators=["By Region", "Row Filter"],
):

    @task
    def check(result):
        """Look at the values as another task of the DAG does."""
        assert result["status"] == "SUCCESS"
        assert {row["region"] for row in result["operators"]["By Region"]} >= {"north", "south"}
        return result["process_id"]

    check(run.output)
    run >> AlpineRunSensor(
        task_id="see_again",
        workflow_id="{{ ti.xcom_pull(task_ids='run_flow')['workflow_id'] }}",
        process_id="{{ ti.xcom_pull(task_ids='run_flow', key='process_id') }}",
        deferrable=run.deferrable,
    )

list(both("bad", variables={"@min_amount": "much"}))
list(both("slow", timeout=1))
# A machine that is busy may fail to start a task.
list(both("ended", retries=5, retry_delay=timedelta(seconds=1)))

with DAG("killed", schedule=None, max_active_tasks=100):
    AlpineRunWorkflowOperator.partial(
        task_id="run_flow",
        retries=5,
        retry_delay=timedelta(seconds=0),
        deferrable=False,
        **FLOW,
    ).expand(variables=[{"@min_amount": number} for number in range(int(os.environ.get("ALPINE_AIRFLOW_TASKS", "50")))])
