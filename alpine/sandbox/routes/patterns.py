"""The lists' ``name_pattern``, which the server hands to SQL's LIKE."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from glob import escape


def like(pattern: str) -> Callable[[str], bool]:
    """Make the test whether a name contains a pattern, as PostgreSQL's ``LIKE '%pattern%'`` has it.

    The server escapes nothing: ``%`` stands for any text, ``_`` for one character, and a backslash takes the meaning of
    the character behind it; at the end of the pattern that is the ``%`` which the server adds.

    :param pattern: The pattern; capitals count.
    :returns: Tells of a name whether it matches.

    Example::

        >>> [name for name in ("a_1", "ab1") if like("a\\\\_")(name)]
        ['a_1']
    """
    characters = iter(f"%{pattern}%")
    parts = []
    for character in characters:
        if character == "\\":
            parts.append(escape(next(characters)))
        else:
            parts.append({"%": "*", "_": "?"}.get(character) or escape(character))
    # fnmatch's own expressions do not go back and forth over many stars, which those of re would.
    translated = "".join(parts)
    return lambda name: fnmatchcase(name, translated)
