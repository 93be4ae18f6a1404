"""Run a workflow with several values of a variable, and print one number of each run.

Without ALPINE_HOST this runs in the sandbox. With ALPINE_HOST (and ALPINE_USERNAME and ALPINE_PASSWORD) the same runs
on that server, in its own database or Hadoop cluster.
"""

import os
from contextlib import contextmanager

from alpine import APIClient

WORKSPACE, WORKFLOW = "Sandbox", "order_filter"
AMOUNTS = (50, 100, 200)
AT_ONCE = 3


@contextmanager
def connect():
    """A client of the server in ALPINE_HOST, or of a sandbox."""
    if os.environ.get("ALPINE_HOST"):
        with APIClient() as session:
            yield session
    else:
        from alpine.sandbox import Sandbox

        with Sandbox() as server, server.client() as session:
            yield session


def main():
    """Print how many rows the filter keeps for each value."""
    with connect() as session:
        workflow_id = session.workfile.get_id(WORKFLOW, WORKSPACE)
        variables = [{"@min_amount": amount} for amount in AMOUNTS]
        process = session.workfile.process
        outcomes = process.run_many(workflow_id, variables, max_concurrent=AT_ONCE, stop_on_interrupt=True)
    for amount, outcome in zip(AMOUNTS, outcomes, strict=True):
        if outcome.error is not None:
            print(f"{amount}: {outcome.error}")
        else:
            print(f"{amount}: {outcome.results.operators['Row Filter'].row_count} rows")


if __name__ == "__main__":
    main()
