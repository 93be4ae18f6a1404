"""SQL that users run, and that can be broken off meanwhile."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

from alpine.sandbox.web.errors import Invalid

if TYPE_CHECKING:
    from alpine.sandbox.backend import Backend
    from alpine.sandbox.engine.catalogue import CatalogueColumn
    from alpine.sandbox.engine.database import Cursor

_FAILED = "The query could not be completed. Error: "


class Queries:
    """The queries that go on, by the names that their users gave them.

    :param backend: The engine.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._running: dict[tuple[str, int], Cursor] = {}
        self._numbers = itertools.count(1)

    def run(
        self, text: str, schema: str, limit: int, check_id: str, user_id: int
    ) -> tuple[list[CatalogueColumn], list[list[str]]]:
        """Run a SELECT.

        :param text: The SELECT.
        :param schema: The schema in which its tables are looked for first.
        :param limit: The most rows.
        :param check_id: The user's name for it.
        :param user_id: The user.
        :returns: The columns, and the rows as texts.
        :raises Invalid: It fails, or is broken off.
        """
        from alpine.sandbox.engine.failures import NodeFailure, RunStopped

        engine = self._backend.engine
        cursor = engine.open_query(f"query_{next(self._numbers)}")
        key = (check_id, user_id)
        with self._lock:
            self._running[key] = cursor
        try:
            return engine.catalogue.selected(text, schema, limit, cursor)
        except NodeFailure as failure:
            message = f"{_FAILED}ERROR: {failure}"
        except RunStopped:
            message = f"{_FAILED}ERROR: canceling statement due to user request"
        finally:
            with self._lock:
                if self._running.get(key) is cursor:
                    del self._running[key]
            cursor.close()
        raise Invalid.field("query", "INVALID", {"message": message})

    def cancel(self, check_id: str, user_id: int) -> None:
        """Break a query off, if it goes on.

        :param check_id: The user's name for it.
        :param user_id: The user.
        """
        with self._lock:
            cursor = self._running.get((check_id, user_id))
            if cursor is not None:
                cursor.stop()
