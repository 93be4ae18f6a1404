"""The connections: a pool as large as the threads that use it, dropped in a forked child."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
from requests.utils import get_encoding_from_headers, select_proxy
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout

from alpine._http.connection import Pool, TLSPool

POOL_SIZE = 32
BLOCK = 128 * 1024
"""Bytes handed to the socket at a time when a file is sent."""

_ONCE = Retry(0, read=False)

_SESSIONS: weakref.WeakSet[requests.Session] = weakref.WeakSet()


class _LeanResponse(requests.Response):
    """An answer whose cookies are looked for when somebody asks for them."""

    def __init__(self, request: requests.PreparedRequest, raw: BaseHTTPResponse) -> None:
        self._content: Any = False
        self._content_consumed = False
        self._next = None
        self._cookies: RequestsCookieJar | None = None
        self.status_code = raw.status
        self.headers = raw.headers  # type: ignore[assignment]  # case-insensitive too, and there already
        self.raw = raw
        self.reason = raw.reason or ""
        self.url = str(request.url)
        self.request = request
        self.encoding = get_encoding_from_headers(self.headers)
        self.history = []
        self.elapsed = timedelta(0)

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        """The body; one that is known to fit into a single chunk is read at once."""
        left = self.raw.length_remaining
        whole = chunk_size is not None and left is not None and left <= chunk_size and not self._content_consumed
        if not whole or decode_unicode or "Content-Encoding" in self.headers:
            return super().iter_content(chunk_size, decode_unicode)
        data = self.raw.read()
        self._content_consumed = True
        return iter((data,) if data else ())

    @property
    def cookies(self) -> RequestsCookieJar:  # type: ignore[override]
        if self._cookies is None:
            self._cookies = RequestsCookieJar()
            extract_cookies_to_jar(self._cookies, self.request, self.raw)  # type: ignore[no-untyped-call]
        return self._cookies


class PoolAdapter(HTTPAdapter):
    """An adapter of requests whose pool suits a client that is shared by threads."""

    def __init__(self) -> None:
        super().__init__(pool_connections=4, pool_maxsize=POOL_SIZE)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        self._pools: dict[Any, Any] = {}
        super().init_poolmanager(connections, maxsize, block, blocksize=BLOCK, **pool_kwargs)
        self._use_own_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        self._use_own_pools(manager)
        return manager

    @staticmethod
    def _use_own_pools(manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = {"http": Pool, "https": TLSPool}

    def close(self) -> None:
        """Close every connection; one that is in use is closed as soon as its answer was read.

        A call that comes later opens new ones.
        """
        # urllib3 leaves it to the garbage collector, which comes late where a traceback still knows the pool.
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - it cannot be iterated itself
                pool = manager.pools.get(key)
                if pool is not None:
                    pool.close()
        # Those too that urllib3 has given up for there being too many.
        for pool in list(self._pools.values()):
            pool.close()
        self._pools.clear()
        super().close()

    def exchange(
        self,
        request: requests.PreparedRequest,
        *,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
        stream: bool = True,
    ) -> requests.Response:
        """Send a request as :meth:`send` does, without what ``send`` looks up again for each one.

        It is a third of the cost of a small call. Errors are urllib3's.
        """
        url = str(request.url)
        if proxies and select_proxy(url, proxies):
            return self.send(request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=proxies)
        start = url.find("/", len("https://"))
        connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        raw = self._pool(request, url[:start], verify, cert).urlopen(
            request.method or "GET",
            url[start:],
            body=request.body,
            headers=request.headers,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            retries=_ONCE,
            timeout=Timeout(connect=connect, read=read),
        )
        response = _LeanResponse(request, raw)
        # Where an auth that answers a challenge sends its second request.
        response.connection = self
        return response

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        # Without the brackets, which requests takes off, urllib3 does not know the zone of a link-local address.
        if "%" in (host["host"] or ""):
            host["host"] = f"[{host['host']}]"
        return host, tls

    def _pool(self, request: requests.PreparedRequest, origin: str, verify: Any, cert: Any) -> Any:
        key = (origin, verify, tuple(cert) if isinstance(cert, list) else cert)
        pool = self._pools.get(key)
        # A pool that was closed has lost its queue.
        if pool is None or pool.pool is None:
            pool = self.get_connection_with_tls_context(request, verify, {}, cert)
            self.cert_verify(pool, str(request.url), verify, cert)  # type: ignore[no-untyped-call]
            self._pools[key] = pool
        return pool


def not_shared_by_fork(session: requests.Session) -> None:
    """Have a forked child begin with connections of its own: those that are open belong to the parent."""
    _SESSIONS.add(session)


def _after_fork() -> None:
    for session in _SESSIONS:
        for adapter in session.adapters.values():
            if isinstance(adapter, HTTPAdapter):
                # Forgotten, not closed: that could wait for a lock that another thread of the parent held.
                adapter.proxy_manager = {}
                adapter.init_poolmanager(adapter._pool_connections, adapter._pool_maxsize, adapter._pool_block)  # type: ignore[attr-defined]


# Windows has no fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
