"""What a test needs that not every system has: it is skipped where that is missing, and says so."""

from __future__ import annotations

import os
import signal
import sys

import pytest

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
needs_signals = pytest.mark.skipif(
    not hasattr(signal, "pthread_kill"), reason="on this system one program cannot send another a signal"
)
needs_modes = pytest.mark.skipif(
    not hasattr(os, "chown"), reason="this system's files have no owner and mode as on Unix"
)
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this")
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user, or give a file away"
)
