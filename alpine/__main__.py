"""``python -m alpine`` is the command ``alpine``."""

from __future__ import annotations

import sys

from alpine._command.main import main

if __name__ == "__main__":
    sys.exit(main())
