"""A server that lacks a feature is told from one that lacks a thing: the framework's 404 is no 404 of the API."""

from __future__ import annotations

import pytest

from alpine import APIClient
from alpine._http.request import Request
from alpine._pager import Listing
from alpine.exception import FeatureNotFoundException, NotFoundException, ValidationException
from tests.scripted import Reply, ScriptedServer

PAGE = Reply("<!DOCTYPE html><html><head><title>404</title></head></html>", 404, {"Content-Type": "text/html"})
FRAMEWORK = Reply({"status": "404", "error": "Not Found"}, 404)
ENGINE = Reply("The requested resource could not be found.", 404, {"Content-Type": "text/plain"})
ENVELOPE = Reply({"errors": {"record": "NOT_FOUND"}}, 404)
PROBE = Request("GET", "milestones/0", "read milestones", feature="milestones")


@pytest.mark.parametrize("reply", [PAGE, FRAMEWORK, ENGINE])
def test_a_missing_endpoint_names_the_feature_and_what_was_tried(
    server: ScriptedServer, session: APIClient, reply: Reply
) -> None:
    server.on("GET", "/api/milestones.*", reply)
    for ask in (
        lambda: session.user._one(PROBE),
        lambda: session.user._list(Listing("milestones", "list milestones", feature="milestones"), 10),
    ):
        with pytest.raises(
            FeatureNotFoundException, match=r"this server has no milestones \(tried GET /api/"
        ) as caught:
            ask()
        assert "get_version()" in str(caught.value)
        assert "session_id" not in str(caught.value)
        assert (caught.value.status_code, caught.value.method) == (404, "GET")


@pytest.mark.parametrize("reply", [ENVELOPE, Reply(" ", 404), Reply({"errors": {}}, 404)])
def test_an_endpoint_that_knows_no_such_thing_is_there(
    server: ScriptedServer, session: APIClient, reply: Reply
) -> None:
    server.on("GET", "/api/milestones/0", reply)
    with pytest.raises(NotFoundException) as caught:
        session.user._one(PROBE)
    assert type(caught.value) is NotFoundException


def test_without_a_feature_the_exception_is_that_of_the_call(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/milestones/0", FRAMEWORK)
    with pytest.raises(NotFoundException) as caught:
        session.user._one(Request("GET", "milestones/0", "read milestones"))
    assert type(caught.value) is NotFoundException


def test_a_feature_is_looked_for_once_for_all_resources_of_a_client(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/milestones/0", FRAMEWORK)
    for resource in (session, session.user, session.workspace.member):
        with pytest.raises(FeatureNotFoundException, match="this server has no milestones"):
            resource._require(PROBE)
    assert server.count("GET", "/api/milestones/0") == 1


@pytest.mark.parametrize("status", [200, 403, 404, 422])
def test_a_feature_that_is_there_is_looked_for_once(server: ScriptedServer, session: APIClient, status: int) -> None:
    server.on("GET", "/api/milestones/0", Reply({"response": {}} if status == 200 else {"errors": {}}, status))
    session._require(PROBE)
    session.job._require(PROBE)
    assert server.count("GET", "/api/milestones/0") == 1


def test_a_failure_says_nothing_of_a_feature(server: ScriptedServer, session: APIClient) -> None:
    session.retries = session.retries.new(total=0)
    server.on("GET", "/api/milestones/0", Reply("", 500), FRAMEWORK)
    with pytest.raises(Exception, match="500"):
        session._require(PROBE)
    with pytest.raises(FeatureNotFoundException):
        session._require(PROBE)
    assert issubclass(FeatureNotFoundException, NotFoundException)
    assert not issubclass(FeatureNotFoundException, ValidationException)
