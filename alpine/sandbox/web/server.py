"""cheroot, set up for many short calls on few connections."""

from __future__ import annotations

import logging
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

from cheroot import wsgi
from cheroot.server import HTTPConnection

log: logging.Logger = logging.getLogger("alpine.sandbox")

THREADS = 64
CONNECTION = "alpine.sandbox.connection"

_START_SECONDS = 30
_WAKE_SECONDS = 0.1
_LARGEST_HEAD = 256 * 1024


class Connection(HTTPConnection):
    """A connection that can also be torn down without the usual good-bye."""

    aborted = False

    def close(self) -> None:
        """Close the connection; an aborted one answers with a TCP reset instead of an end."""
        # A response that its client did not wait for would be written to the closed socket when it is collected.
        self.wfile.raw.close()
        if not self.aborted:
            super().close()
            return
        # No shutdown first: it would send an orderly end, and the reset would come too late.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.socket.close()


class Gateway(wsgi.Gateway_10):
    """Tells the application which connection it is talking to, which a fault may need."""

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]  # cheroot's stubs say None
        """Add the connection to the WSGI environment."""
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        environ[CONNECTION] = self.req.conn
        return environ


class HttpServer(wsgi.Server):
    """The HTTP server of a sandbox, running in threads that never keep a program alive.

    :param address: Host and port; port 0 takes a free one.
    :param application: The WSGI application.
    """

    ConnectionClass = Connection
    # How often the selector wakes up, and so the longest that a stop waits for it.
    expiration_interval = _WAKE_SECONDS
    # By default cheroot closes the connection after a response when ten others are idle.
    keep_alive_conn_limit: int | None = None  # type: ignore[assignment]  # None is how cheroot spells "no limit"

    def __init__(self, address: tuple[str, int], application: Callable[..., Any]) -> None:
        super().__init__(
            address, application, numthreads=THREADS, server_name="Apache-Coyote/1.1", timeout=60, shutdown_timeout=2
        )
        self.gateway = Gateway
        self.max_request_header_size = _LARGEST_HEAD
        self._bound = threading.Event()
        self._failure: OSError | None = None
        self._thread = threading.Thread(target=self._serve, name="sandbox server", daemon=True)

    def open(self) -> int:
        """Bind and begin to serve.

        :returns: The port.
        :raises OSError: When the address cannot be bound.
        """
        self._thread.start()
        self._bound.wait(_START_SECONDS)
        if self._failure is not None:
            # cheroot tells host, port and error number in brackets; the reason comes last.
            reason = str(self._failure).rpartition("] ")[2].rstrip(")")
            raise OSError(f"The sandbox cannot listen on {self.bind_addr[0]}:{self.bind_addr[1]}: {reason}.")
        return int(self.bind_addr[1])

    def shut(self) -> None:
        """Stop serving; the port and all threads are gone afterwards."""
        self.stop()
        self._thread.join()

    @staticmethod
    def bind_socket(socket_: socket.socket, bind_addr: tuple[str, int]) -> socket.socket:
        """Bind a socket; one that cannot be bound is closed, which cheroot leaves to chance.

        :param socket_: The socket.
        :param bind_addr: Host and port.
        :returns: The socket.
        """
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            # On Windows, another program could take over a port that is not bound so.
            socket_.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        try:
            socket_.bind(bind_addr)
        except OSError:
            socket_.close()
            raise
        return socket_

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Send cheroot's messages to the sandbox's logger.

        :param msg: The message.
        :param level: Its level.
        :param traceback: Whether an exception is being handled.
        """
        log.log(level, "%s", msg, exc_info=traceback)

    def _serve(self) -> None:
        # Bound in here because cheroot's worker threads inherit "daemon" from the thread that starts them.
        try:
            self.prepare()
        except OSError as error:
            self._failure = error
            return
        finally:
            self._bound.set()
        self.serve()
