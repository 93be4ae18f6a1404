"""Runs the workflow ``weekly_sales`` for one region, and writes what it found to a CSV file.

Who logs in where is taken from ALPINE_HOST, ALPINE_USERNAME and ALPINE_PASSWORD.
"""

import argparse
import csv
import sys
from pathlib import Path

from alpine import AlpineException, APIClient

WORKSPACE, WORKFLOW = "Sandbox", "weekly_sales"


def report(session, region, least=100):
    """Run the workflow and give the sales of each product.

    :param session: a client that is logged in.
    :param region: which region.
    :param least: the smallest sale that counts.
    :returns: a row for each product, as a dict of texts.
    """
    process = session.workfile.process
    workflow_id = session.workfile.get_id(WORKFLOW, WORKSPACE)
    process_id = process.run(workflow_id, {"@region": region, "@least": least})
    process.wait_until_finished(workflow_id, process_id)
    results = process.download_results(workflow_id, process_id)
    return process.find_operator("By Product", results)["visualData"]["items"]


def write(rows, path):
    """Write the rows to a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["product", "sales", "total"])
        writer.writeheader()
        writer.writerows(rows)


def main(argv=None, session=None):
    """Write a region's report.

    :param argv: the command line.
    :param session: a client to use instead of one from the environment.
    :returns: 0, or 1 when there is no report.
    """
    parser = argparse.ArgumentParser(description="The sales of a region, by product.")
    parser.add_argument("region")
    parser.add_argument("--to", type=Path, default=Path("report.csv"), help="file to write (%(default)s)")
    asked = parser.parse_args(argv)
    try:
        rows = report(session or APIClient(), asked.region)
    except AlpineException as error:
        print(f"No report: {error}", file=sys.stderr)
        return 1
    write(rows, asked.to)
    print(f"{len(rows)} products in {asked.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
