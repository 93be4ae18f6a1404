"""Runs the workflow ``weekly_sales`` for one region, and writes what it found to a CSV file.

Who logs in where is taken from ALPINE_HOST, ALPINE_USERNAME and ALPINE_PASSWORD.
"""

import argparse
import csv
import sys
from contextlib import nullcontext
from pathlib import Path

from alpine import AlpineException, APIClient

WORKSPACE, WORKFLOW = "Sandbox", "weekly_sales"


def report(session, region, least=100):
    """Run the workflow and give the sales of each product.

    :param session: A client that is logged in.
    :param region: The region.
    :param least: The smallest sale that counts.
    :returns: A row for each product, as a dict of strings.
    """
    workflow_id = session.workfile.get_id(WORKFLOW, WORKSPACE)
    run = session.workfile.process.run(workflow_id, {"@region": region, "@least": least})
    run.wait()
    return run.results().operators["By Product"]["visualData"]["items"]


def write(rows, path):
    """Write the rows to a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["product", "sales", "total"])
        writer.writeheader()
        writer.writerows(rows)


def main(argv=None, session=None):
    """Write a region's report.

    :param argv: The command line.
    :param session: A client to use instead of one from the environment.
    :returns: 0, or 1 when there is no report.
    """
    parser = argparse.ArgumentParser(description="The sales of a region, by product.")
    parser.add_argument("region")
    parser.add_argument("--to", type=Path, default=Path("report.csv"), help="file to write (%(default)s)")
    asked = parser.parse_args(argv)
    try:
        # A client that was handed in stays open for its owner.
        with APIClient() if session is None else nullcontext(session) as client:
            rows = report(client, asked.region)
    except AlpineException as error:
        print(f"No report: {error}", file=sys.stderr)
        return 1
    write(rows, asked.to)
    print(f"{len(rows)} products in {asked.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
