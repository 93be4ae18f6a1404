"""``python -m alpine.afm``: a workflow file as text, or what differs between two; for git and for the shell."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from alpine import afm
from alpine.exception import AlpineException, WorkflowFileException

_EMPTY = b"<Process/>"
_GIT = 7


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a workflow or a comparison.

    :returns: 0; 1 where two workflows differ; 2 where a file cannot be read.
    """
    parser = argparse.ArgumentParser(prog="python -m alpine.afm", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="one workflow file, or the old and the new one")
    parser.add_argument(
        "--git",
        action="store_true",
        help="called by git, with one file to convert to text, or with the seven arguments of its external diff "
        "program; a file that is no workflow is named, and does not end git",
    )
    parser.add_argument("--json", action="store_true", help="a comparison as JSON")
    parser.add_argument("--svg", action="store_true", help="a drawing in place of text")
    given = parser.parse_args(arguments)
    files = given.files
    if given.git:
        if len(files) not in (1, _GIT):
            parser.error(
                f"--git takes one file, or the {_GIT} arguments of git: path, then file, id and mode of both versions"
            )
    elif len(files) > 2:
        parser.error("give one file, or two to compare")
    try:
        if given.git:
            return _for_git(files)
        flows = [_read(file) for file in files]
        found = afm.compare(*flows) if len(flows) == 2 else None
        if found is None:
            print(flows[0].to_svg() if given.svg else flows[0].to_text(), end="")
        else:
            print(found.to_svg() if given.svg else found.to_json() if given.json else found)
    except AlpineException as failure:
        print(failure, file=sys.stderr)
        return 2
    return 1 if found else 0


def _for_git(arguments: Sequence[str]) -> int:
    """What git shows of a file, or of two versions of one."""
    files = arguments if len(arguments) == 1 else [arguments[1], arguments[4]]
    shown: list[afm.Workflow | str] = []
    for file in files:
        try:
            shown.append(_read(file))
        except WorkflowFileException as failure:
            # Git ends the whole diff where its program fails, as for one file that holds the marks of a conflict.
            reason = str(failure).removeprefix(f"{file} is ")
            digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()
            shown.append(f"{reason}\nSHA-256: {digest}\nIts lines: git diff --no-textconv --no-ext-diff\n")
    texts = [each if isinstance(each, str) else each.to_text() for each in shown]
    if len(shown) == 1:
        print(texts[0], end="")
        return 0
    print(f"workflow {arguments[0]}")
    old, new = shown
    if isinstance(old, afm.Workflow) and isinstance(new, afm.Workflow):
        print(afm.compare(old, new))
    elif texts[0] == texts[1]:
        print("no difference")
    else:
        for sign, version, text in (("-", old, texts[0]), ("+", new, texts[1])):
            lines = text.splitlines() if isinstance(version, str) else ["a workflow"]
            print("\n".join(f"{sign} {line}" for line in lines))
    return 0


def _read(file: str) -> afm.Workflow:
    return afm.read(_EMPTY if file == "/dev/null" else file)


if __name__ == "__main__":
    sys.exit(main())
