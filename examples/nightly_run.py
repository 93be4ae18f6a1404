"""Run a workflow, log what happens, and tell by the exit code how it went.

0: success; 1: the workflow failed; 2: anything else.
Address and login are in ALPINE_HOST, ALPINE_USERNAME and ALPINE_PASSWORD.
"""

import logging
import sys

from alpine import AlpineException, APIClient, RunFlowFailureException

WORKSPACE, WORKFLOW = "Sandbox", "order_filter"
VARIABLES = {"@min_amount": 200}
OPERATOR = "By Region"
FOUR_HOURS = 4 * 3600

log = logging.getLogger("nightly_run")


def run_workflow():
    """Run the workflow and return the rows of one operator."""
    with APIClient() as session:
        workflow_id = session.workfile.get_id(WORKFLOW, WORKSPACE)
        run = session.workfile.process.run(workflow_id, VARIABLES)
        log.info("%s: started run %s", WORKFLOW, run.process_id)
        run.wait(timeout=FOUR_HOURS)
        return run.results().operators[OPERATOR]["visualData"]["items"]


def main():
    """Return the exit code."""
    line = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, format=line)
    try:
        rows = run_workflow()
    except RunFlowFailureException as failure:
        log.error("%s", failure)
        return 1
    except AlpineException as failure:
        log.error("%s: %s", type(failure).__name__, failure)
        return 2
    for row in rows:
        log.info("%s", row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
