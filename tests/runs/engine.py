"""An engine for the scripted server, whose runs go on and end by the client's clock."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.documents import document, log, table
from tests.runs.responses import OVER
from tests.scripted import Asked, FakeTime, Reply


@dataclass
class Engine:
    """Runs that take two seconds of the client's clock; the value of ``@n`` says how each ends."""

    time: FakeTime
    started: dict[str, tuple[float, str]] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    most: int = 0
    lasts: float = 2

    def run(self, asked: Asked) -> Reply:
        value = asked.json["variables"][0]["value"] if asked.body else "0"
        if value == "refused":
            return Reply("no such thing", 400)
        if value == "lost":
            return Reply(fault="close")
        process_id = f"run-{len(self.started)}"
        self.started[process_id] = self.time.time, value
        self.most = max(self.most, sum(not self.over(run) for run in self.started))
        return Reply({"meta": {"processId": process_id, "state": "STARTED"}})

    def over(self, run: str) -> bool:
        begun, value = self.started[run]
        return value != "endless" and self.time.time >= begun + self.lasts

    def query(self, asked: Asked) -> Reply:
        run = asked.path.split("/")[-2]
        if self.started[run][1] == "expired":
            return Reply("", 401)
        return OVER if self.over(run) else Reply({"meta": {"state": "NODE_STARTED"}, "nodeInfo": {"nodeName": "x"}})

    def results(self, asked: Asked) -> Reply:
        value = self.started[asked.path.split("/")[-1]][1]
        if value == "lost results":
            return Reply('""')
        if value == "malformed":
            return Reply(json.dumps(json.dumps({"outputs": []})))
        outputs = [table("Filter", {"n": "number"}, (value,))]
        logs = [log("Filter", "failed", "1", f"no column <{value}>")] if value == "told" else []
        status = "FAILURE" if value in ("bad", "told") else "SUCCESS"
        return Reply(json.dumps(json.dumps(document(status, outputs=outputs, logs=logs))))

    def stop(self, asked: Asked) -> Reply:
        self.stopped.append(asked.path.split("/")[-2])
        return Reply({"status": "Flow stopped.\n"})


def specs(*values: object) -> list[dict[str, object]]:
    return [{"@n": value} for value in values]
