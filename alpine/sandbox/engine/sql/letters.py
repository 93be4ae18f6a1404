"""Which characters are letters, digits and signs, and their capitals, as PostgreSQL has them of the C library."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right

_KNOWN = (
    # Latin, combining accents, Greek, Cyrillic, Armenian, Hebrew, Arabic, Devanagari and Georgian.
    *((0x01, 0x2AF), (0x300, 0x344), (0x346, 0x379), (0x37B, 0x52F), (0x531, 0x587), (0x5D0, 0x5EA), (0x5F0, 0x5F4)),
    *((0x621, 0x64A), (0x660, 0x669), (0x904, 0x939), (0x966, 0x96F), (0x10A0, 0x10FF), (0x1E00, 0x1FFF)),
    # Punctuation, currencies, signs and arrows.
    *((0x2000, 0x206F), (0x20A0, 0x20BF), (0x2100, 0x214F), (0x2190, 0x243F), (0x2500, 0x2775), (0x2794, 0x27BF)),
    # Chinese, Japanese and Korean.
    *((0x3000, 0x3006), (0x3008, 0x3020), (0x3030, 0x3037), (0x3041, 0x30FF), (0x3105, 0x318E), (0x3400, 0x4DB5)),
    *((0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0xFE00, 0xFE0F), (0xFF01, 0xFFEE), (0x1F300, 0x1F64F), (0x1F680, 0x1F6C5)),
)
"""Ranges of characters of which the C library and the sandbox say the same; of others their versions differ."""
_STARTS = [start for start, _ in _KNOWN]
_TITLES = r"\x{1c5}\x{1c8}\x{1cb}\x{1f2}"
_CAPITALS = r"\x{1f88}-\x{1f8f}\x{1f98}-\x{1f9f}\x{1fa8}-\x{1faf}\x{1fbc}\x{1fcc}\x{1ffc}"
_MARKS = r"\x{300}-\x{344}\x{346}-\x{36f}\x{483}-\x{489}\x{3099}\x{309a}\x{fe00}-\x{fe0f}"
_BLANKS = r"\x{a0}\x{ad}\x{2007}\x{200b}-\x{200f}\x{202a}-\x{202f}\x{2060}-\x{2064}\x{2066}-\x{206f}"
CLASSES = {
    "alpha": r"\pL\x{660}-\x{669}\x{966}-\x{96f}\x{ff10}-\x{ff19}",
    "alnum": r"\pL\p{Nd}",
    "upper": rf"\p{{Lu}}{_TITLES}{_CAPITALS}",
    "lower": rf"\p{{Ll}}\x{{aa}}\x{{ba}}{_TITLES}",
    "punct": rf"\pP\pS{_BLANKS}{_MARKS}\x{{b2}}\x{{b3}}\x{{b9}}\x{{bc}}-\x{{be}}",
}
"""What stands in brackets for each class, in RE2's words; they hold for known characters only."""
UNKNOWN = "".join(["[^", *(rf"\x{{{start:x}}}-\x{{{end:x}}}" for start, end in _KNOWN), "]"])
"""RE2's pattern of a character that is not known."""
NOT_KNOWN = "the sandbox does not know whether PostgreSQL takes a character of this text for a letter"
"""Why a value with such a character is refused."""


def is_known(sign: str) -> bool:
    """Whether the C library and the sandbox say the same of a character."""
    return ord(sign) <= _KNOWN[bisect_right(_STARTS, ord(sign)) - 1][1]


def is_word(sign: str) -> bool:
    """Whether a known character is a letter or a digit."""
    # Python counts signs such as ² and ½ in.
    return sign.isalnum() and unicodedata.category(sign) != "No"


def small(text: str) -> str:
    """``lower(text)``, of each character for itself."""
    return "".join(sign.lower()[0] for sign in text)


def capital(sign: str) -> str:
    """``upper`` of one character, which it is itself where there is no capital of one character."""
    return next((found for found in (sign.upper(), sign.title()) if len(found) == 1), sign)


def both_cases(start: str, end: str) -> list[str] | None:
    """A range of characters, and what else it stands for where capitals are the same as small letters.

    :returns: None where a character is not known.
    """
    signs = [chr(code) for code in range(ord(start), ord(end) + 1)] if ord(end) - ord(start) < 1000 else []
    if not signs or not all(map(is_known, signs)):
        return None
    found = {case for sign in signs for case in (small(sign), capital(sign))}
    return sorted(found if start == end else found.union(signs))
