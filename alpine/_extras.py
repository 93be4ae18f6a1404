"""Modules of the extras, loaded when first used; what is said where one is missing, by client and sandbox alike."""

from __future__ import annotations

import importlib
from typing import Any

from alpine.exception import MissingExtraException

_NAMES = {"sklearn": "scikit-learn"}
"""What a package is called on the index, where it is imported by another name."""


def missing_extra(package: str, extra: str) -> MissingExtraException:
    """Make the exception that says which extra brings a package that is not installed."""
    return MissingExtraException(f"{package} is not installed. {how_to_install(extra, package)}", name=package)


def how_to_install(extra: str, package: str | None = None) -> str:
    """The commands that bring an extra, or only one package of it.

    :param extra: The extra, such as ``notebook``.
    :param package: The package that is enough by itself.
    """
    alone = f" {package} alone is enough here: pip install {_NAMES.get(package, package)}" if package else ""
    # "pip install alpine[...]" would fetch the old client from the package index.
    return (
        f"The extra {extra!r} contains it: pip install '.[{extra}]' in a checkout of alpine, or with a wheel "
        f"pip install '<path to the wheel>[{extra}]'.{alone}"
    )


def extra(module: str) -> Any:
    """A module of the extra ``notebook``, loaded when it is first used.

    :raises MissingExtraException: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise missing_extra(module.partition(".")[0], "notebook") from error
