"""What to say when the sandbox's own dependencies are not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_OURS = "alpine"


@contextmanager
def needed() -> Iterator[None]:
    """Turn the failed import of a dependency into advice.

    :raises ImportError: naming the extra to install.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or _OURS).split(".")[0] == _OURS:
            raise
        raise ModuleNotFoundError(
            f"The sandbox needs the package {error.name!r}, which is not installed. "
            "Install it with: pip install 'alpine[sandbox]'",
            name=error.name,
        ) from error
