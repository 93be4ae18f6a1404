"""Names for the words and numbers that the server uses."""

from __future__ import annotations

from collections.abc import Iterator


class Constants:
    """A set of names; iterating over an instance gives what they stand for, in order."""

    def __iter__(self) -> Iterator[object]:
        return iter(self.values())

    @classmethod
    def values(cls) -> list[object]:
        """What the names stand for."""
        return [value for name, value in vars(cls).items() if not name.startswith("_")]
