"""The command as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "reference" / "command.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
PROGRAM = [sys.executable, "-W", "error", "-m", "alpine"]


@dataclass(frozen=True)
class Done:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What it printed, which is one JSON document of the documented form."""
        return checked_document(self.out)


def checked_document(text: str) -> dict[str, Any]:
    """A JSON document of the documented form."""
    document: dict[str, Any] = json.loads(text)
    VALIDATOR.validate(document)
    return document


def environment(server: Any, **more: str) -> dict[str, str]:
    """The environment of a process that may log in to a server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALPINE_")}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    login = {"ALPINE_HOST": server.url, "ALPINE_USERNAME": "demo", "ALPINE_PASSWORD": "alpine-demo"}
    return {**kept, "PYTHONPATH": path, "HOME": str(ROOT / "no-such-home"), "COLUMNS": "80", **login, **more}


def alpine(server: Any, *arguments: str, cwd: Path | None = None, stdin: str = "", **more: str) -> Done:
    """Run the command to its end."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        env=environment(server, **more),
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)
