"""What to say when a package of an extra is not installed; the client and the sandbox say the same."""

from __future__ import annotations

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
        f"The extra {extra!r} brings it: pip install '.[{extra}]' in a checkout of alpine, or with a wheel "
        f"pip install '<path to the wheel>[{extra}]'.{alone}"
    )
