"""The main job, whole: log in, upload a workflow, run it with a variable, wait, read one operator.

It needs no server of yours: the sandbox that comes with the package is started for it.
"""

import re
from pathlib import Path

import alpine.sandbox
from alpine.sandbox import Sandbox

FLOW = Path(alpine.sandbox.__file__).parent / "examples" / "order_filter.afm"


def row_count(output):
    """How many rows an operator made; the results show 25 of them and tell the number."""
    table = output["visualData"]
    for message in table.get("errorMessages") or []:
        if found := re.search(r"columns and ([\d,]+) rows", message):
            return int(found.group(1).replace(",", ""))
    return len(table["items"])


def main():
    """Run the flow twice, with two values of its variable."""
    with Sandbox() as server, server.client() as session:
        print(f"Logged in as {session.username}; the server's version is {session.get_version()}.")
        workspace = session.workspace.create("Quick start")
        source = session.datasource.for_upload("Sandbox Database")
        workflow = session.workfile.upload(workspace["id"], FLOW, [source])
        print(f"Uploaded {FLOW.name} as workflow {workflow['file_name']!r}.")

        process = session.workfile.process
        for amount in (100, 200):
            process_id = process.run(workflow["id"], {"@min_amount": amount})
            status = process.wait_until_finished(workflow["id"], process_id)
            results = process.download_results(workflow["id"], process_id)
            kept = row_count(process.find_operator("Row Filter", results))
            print(f"@min_amount = {amount}: {status}, Row Filter keeps {kept} rows.")


if __name__ == "__main__":
    main()
