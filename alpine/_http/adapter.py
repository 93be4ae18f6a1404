"""The connections: a pool as large as the threads that use it, dropped in a forked child."""

from __future__ import annotations

import os
import weakref
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

POOL_SIZE = 32
BLOCK = 128 * 1024
"""Bytes handed to the socket at a time when a file is sent."""

_ADAPTERS: weakref.WeakSet[PoolAdapter] = weakref.WeakSet()


class _QuietHTTPSPool(HTTPSConnectionPool):
    def _validate_conn(self, conn: Any) -> None:
        # The client warns once when certificates are not checked; urllib3 would warn for each request,
        # and silencing it through the warnings module would silence it for the whole process.
        if conn.is_closed:
            conn.connect()


class PoolAdapter(HTTPAdapter):
    """An adapter of requests whose pool suits a client that is shared by threads."""

    def __init__(self) -> None:
        super().__init__(pool_connections=4, pool_maxsize=POOL_SIZE)
        _ADAPTERS.add(self)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, blocksize=BLOCK, **pool_kwargs)
        self._quieten(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        self._quieten(manager)
        return manager

    @staticmethod
    def _quieten(manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": _QuietHTTPSPool}

    def drop_connections(self) -> None:
        """Forget the connections without closing them: in a forked child they belong to the parent."""
        self.proxy_manager = {}
        self.init_poolmanager(self._pool_connections, self._pool_maxsize, self._pool_block)  # type: ignore[attr-defined]


def _after_fork() -> None:
    for adapter in _ADAPTERS:
        adapter.drop_connections()


os.register_at_fork(after_in_child=_after_fork)
