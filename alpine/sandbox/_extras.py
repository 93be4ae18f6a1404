"""What to say when the sandbox's own dependencies are not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

_OURS = "alpine"
_HOW_TO_INSTALL = (
    "The extra 'sandbox' brings it: pip install '.[sandbox]' in a checkout of alpine, or with a wheel "
    "pip install '<path to the wheel>[sandbox]'."
)
_PACKAGES = ("werkzeug", "cheroot", "duckdb", "pandas", "pyarrow", "statsmodels", "sklearn", "lark", "sqlglot")


def require_all() -> None:
    """Make sure that the extra is installed as a whole, without loading any of it.

    A package that is missing would otherwise show in the middle of a run.

    :raises ModuleNotFoundError: Naming the first package that is missing, and the extra to install.
    """
    for package in _PACKAGES:
        if find_spec(package) is None:
            raise _missing(package)


@contextmanager
def needed() -> Iterator[None]:
    """Turn the failed import of a dependency into advice.

    :raises ImportError: Naming the extra to install.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or _OURS).split(".")[0] == _OURS:
            raise
        raise _missing(error.name) from error


def _missing(package: str | None) -> ModuleNotFoundError:
    return ModuleNotFoundError(
        f"The sandbox needs the package {package!r}, which is not installed. {_HOW_TO_INSTALL}",
        name=package,
    )
