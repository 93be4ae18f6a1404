"""Passwords are kept as salted hashes only."""

import hashlib
import hmac
import os

# Few rounds on purpose: these are passwords of a test server, and each start hashes several.
_ROUNDS = 1_000


def hashed(password: str) -> str:
    """Hash a password with a salt of its own.

    :param password: The password as typed.
    :returns: Text to keep instead of the password.
    """
    salt = os.urandom(16)
    return f"{salt.hex()}${_digest(password, salt)}"


def matches(password: str, kept: str) -> bool:
    """Tell whether a password is the one that was hashed.

    :param password: The password as typed.
    :param kept: What :func:`hashed` made of the right one.
    :returns: True when they agree.
    """
    salt, _, digest = kept.partition("$")
    return hmac.compare_digest(_digest(password, bytes.fromhex(salt)), digest)


def _digest(password: str, salt: bytes) -> str:
    secret = password.encode("utf-8", "surrogatepass")
    return hashlib.pbkdf2_hmac("sha256", secret, salt, _ROUNDS).hex()
