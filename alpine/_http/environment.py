"""What the environment says about reaching a server: proxies and certificate authorities, looked up once."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field

from requests.utils import get_environ_proxies

from alpine.exception import InvalidArgumentException


@dataclass(frozen=True)
class Environment:
    """Proxies and CA file for one server."""

    proxies: dict[str, str] = field(default_factory=dict)
    ca_file: str | None = None

    @classmethod
    def of(cls, base_url: str) -> Environment:
        """Read ``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE`` and their like, for this server."""
        proxies: dict[str, str] | None = None
        with suppress(ValueError):
            proxies = dict(get_environ_proxies(base_url, no_proxy=None))
        if proxies is None:
            raise InvalidArgumentException("base_url is not the address of a server.")
        ca_file = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None
        return cls(proxies, ca_file)
