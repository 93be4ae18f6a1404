"""A client and its resources say that they can be neither pickled nor copied, and what to do instead."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import requests

from alpine import APIClient, Workfile
from alpine.exception import NotPicklableException
from tests.conftest import TOKEN


@pytest.mark.parametrize(
    "part",
    [
        lambda client: client,
        lambda client: client.workfile,
        lambda client: client.workfile.process,
        lambda client: client.workspace.member,
        lambda client: client.job.task,
        lambda client: client.datasource,
        lambda client: client.user.get,
        lambda client: {"client": client},
    ],
)
def test_neither_pickled_nor_copied(session: APIClient, part: Callable[[APIClient], Any]) -> None:
    thing = part(session)
    ways = [copy.deepcopy] + [lambda it, to=protocol: pickle.dumps(it, to) for protocol in range(6)]
    for way in [*ways, *([] if isinstance(thing, dict) else [copy.copy])]:
        if callable(thing) and way in (copy.copy, copy.deepcopy):
            # A method is copied as the same one, or with its resource.
            continue
        with pytest.raises(NotPicklableException, match="Make a client in each process") as caught:
            way(thing)
        assert isinstance(caught.value, TypeError)
        assert TOKEN not in str(caught.value)


def test_nor_is_a_resource_that_was_made_by_hand() -> None:
    with pytest.raises(TypeError, match="<Workfile http://h/api>"):
        pickle.dumps(Workfile("http://h/api", requests.Session(), TOKEN))


def test_what_a_process_sends_back_can_be(session: APIClient) -> None:
    run = session.workfile.process.attach(1, "p1")
    assert pickle.loads(pickle.dumps(run)) == "p1"
    assert copy.deepcopy(run) == "p1"
