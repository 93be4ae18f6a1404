"""What the environment says about reaching a server: proxies and certificate authorities, looked up once."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from requests.utils import get_environ_proxies


@dataclass(frozen=True)
class Environment:
    """Proxies and CA file for one server."""

    proxies: dict[str, str] = field(default_factory=dict)
    ca_file: str | None = None

    @classmethod
    def of(cls, base_url: str) -> Environment:
        """Read ``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE`` and their like, for this server."""
        ca_file = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None
        return cls(dict(get_environ_proxies(base_url, no_proxy=None)), ca_file)
