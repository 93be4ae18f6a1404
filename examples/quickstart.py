"""Log in, upload a workflow, run it with a variable, wait, read one operator.

This needs no server: it starts the sandbox that comes with the package.
"""

from pathlib import Path

import alpine.sandbox
from alpine import APIClient
from alpine.sandbox import Sandbox

FLOW = Path(alpine.sandbox.__file__).parent / "examples" / "order_filter.afm"


def main():
    """Run the flow twice, with two values of its variable."""
    with (
        Sandbox() as server,
        APIClient(server.url, username=server.username, password=server.password) as session,
    ):
        print(f"Logged in as {session.username}; the server's version is {session.get_version()}.")
        workspace = session.workspace.create("Quick start")
        source = session.datasource.for_upload("Sandbox Database")
        workflow = session.workfile.upload(workspace["id"], FLOW, [source])
        print(f"Uploaded {FLOW.name} as workflow {workflow['file_name']!r}.")

        for amount in (100, 200):
            run = session.workfile.process.run(workflow["id"], {"@min_amount": amount})
            status = run.wait()
            kept = run.results().operators["Row Filter"].row_count
            print(f"@min_amount = {amount}: {status}, Row Filter keeps {kept} rows.")


if __name__ == "__main__":
    main()
