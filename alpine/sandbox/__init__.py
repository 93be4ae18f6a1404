"""A server to test against: it speaks Alpine's API and runs workflows on a local database.

Example::

    >>> from alpine.sandbox import Sandbox
    >>> with Sandbox() as server:
    ...     session = server.client()
"""

from alpine.sandbox.server import Sandbox

__all__ = ["Sandbox"]
