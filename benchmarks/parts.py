"""``python -m benchmarks.parts``: what a small call costs where a part of ``alpine._http`` is left to requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from alpine import APIClient
from alpine._http.adapter import PoolAdapter
from alpine._http.request import Request
from alpine._http.transport import Transport
from benchmarks.client import TOKEN
from benchmarks.measure import ratio
from benchmarks.server import BareServer, running

CALLS, ROUNDS = 200, 15


@contextmanager
def replaced(kind: type, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """Put a function in the place of a method."""
    method = getattr(kind, name)
    setattr(kind, name, function)
    try:
        yield
    finally:
        setattr(kind, name, method)


def prepare(transport: Transport, request: Request, url: str, token: str | None, data: Any) -> requests.PreparedRequest:
    """Prepare a request as requests does."""
    headers = {"Accept": "application/json", **({"x-token": token} if token and request.engine else {})}
    return transport.session.prepare_request(requests.Request(request.method, url, headers=headers, data=data))


def send(adapter: PoolAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
    """Send a request as requests does."""
    return HTTPAdapter.send(adapter, request, **options)


def main() -> None:
    with running(BareServer()) as url:
        session, bare = APIClient(url, token=TOKEN), requests.Session()

        def ours() -> None:
            for _ in range(CALLS):
                session.workfile.get(375)

        def theirs() -> None:
            for _ in range(CALLS):
                bare.get(f"{url}/api/workfiles/375").json()

        print(f"this client: {ratio(ours, theirs, ROUNDS):.2f} of requests alone")
        with replaced(Transport, "_prepared", prepare):
            print(f"requests prepared by requests: {ratio(ours, theirs, ROUNDS):.2f}")
        with replaced(PoolAdapter, "exchange", send):
            print(f"sent and responses built by requests: {ratio(ours, theirs, ROUNDS):.2f}")
        with replaced(Transport, "_prepared", prepare), replaced(PoolAdapter, "exchange", send):
            print(f"both: {ratio(ours, theirs, ROUNDS):.2f}")


if __name__ == "__main__":
    main()
