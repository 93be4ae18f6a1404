"""Which addresses and host names mean this machine, and no other."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from functools import lru_cache
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether an address is one of this machine that no other reaches.

    :param host: A name or an IP address.
    """
    with suppress(ValueError):
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    return False


@lru_cache(maxsize=64)
def names_this_machine(header: str) -> bool:
    """Whether a ``Host`` header means this machine.

    :param header: The header, with or without a port.
    """
    with suppress(ValueError):
        name = (urlsplit(f"//{header}").hostname or "").rstrip(".")
        return name.endswith(".localhost") or is_loopback(name)
    return False
