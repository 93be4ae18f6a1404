"""Run a workflow, log what happens, and tell by the exit code how it went.

0: success; 1: the workflow failed; 2: anything else.
Address and login are in ALPINE_HOST, ALPINE_USERNAME and ALPINE_PASSWORD, or in the profile of ALPINE_PROFILE.
"""

import logging
import sys

from alpine import AlpineException, APIClient, RunFlowFailureException

line = "%(asctime)s %(levelname)s %(name)s: %(message)s"
logging.basicConfig(level=logging.INFO, format=line)
log = logging.getLogger("nightly_run")

try:
    with APIClient.from_profile() as session:
        variables = {"@min_amount": 200}
        run = session.run("order_filter", "Sandbox", variables, timeout=4 * 3600)
        for row in run.results().operators["By Region"]["visualData"]["items"]:
            log.info("%s", row)
except RunFlowFailureException as failure:
    log.error("%s", failure)
    sys.exit(1)
except AlpineException as failure:
    log.error("%s: %s", type(failure).__name__, failure)
    sys.exit(2)
