"""``python -m alpine.afm``: a workflow file as text, or what differs between two; for git and for the shell."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from alpine import afm
from alpine.exception import AlpineException

_EMPTY = b"<Process/>"
_GIT = 7


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a workflow or a comparison.

    :returns: 0; 1 where two workflows differ; 2 where a file cannot be read.
    """
    parser = argparse.ArgumentParser(prog="python -m alpine.afm", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="one workflow file, or the old and the new one")
    parser.add_argument(
        "--git", action="store_true", help="the seven arguments of git's external diff program; always ends with 0"
    )
    parser.add_argument("--json", action="store_true", help="a comparison as JSON")
    parser.add_argument("--svg", action="store_true", help="a drawing in place of text")
    given = parser.parse_args(arguments)
    files = given.files
    if given.git:
        if len(files) != _GIT:
            parser.error(f"--git takes the {_GIT} arguments of git: path, then file, id and mode of both versions")
        files = [files[1], files[4]]
    if len(files) > 2:
        parser.error("give one file, or two to compare")
    try:
        flows = [afm.read(_EMPTY if file == "/dev/null" else file) for file in files]
        found = afm.compare(*flows) if len(flows) == 2 else None
        if given.git:
            print(f"workflow {given.files[0]}")
        if found is None:
            print(flows[0].to_svg() if given.svg else flows[0].to_text(), end="")
        else:
            print(found.to_svg() if given.svg else found.to_json() if given.json else found)
    except AlpineException as failure:
        print(failure, file=sys.stderr)
        return 2
    return 1 if found and not given.git else 0


if __name__ == "__main__":
    sys.exit(main())
