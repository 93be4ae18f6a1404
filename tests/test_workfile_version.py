"""Versions of plain files are added, read and removed; workflows have none."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpine import APIClient
from alpine.exception import (
    LocalFileException,
    NotFoundException,
    ValidationException,
    WorkfileNotFoundException,
)


@pytest.fixture
def number(client: APIClient, note: Path) -> int:
    return int(client.workfile.upload_file(1, note)["id"])


def test_a_new_version_is_the_one_that_is_downloaded(client: APIClient, number: int, note: Path) -> None:
    content = b"second \xff\x00 \r\n"
    note.write_bytes(content)
    added = client.workfile.version.add(number, note, "a \N{SNOWMAN} message")
    assert (added["id"], added["version_info"]["version_num"]) == (number, 2)
    assert added["version_info"]["commit_message"] == "a \N{SNOWMAN} message"
    assert client.workfile.download(number) == content
    assert [version["version_num"] for version in client.workfile.version.get_list(number)] == [2, 1]


def test_an_older_version_is_read_with_its_content(client: APIClient, number: int, note: Path) -> None:
    first = client.workfile.version.get_list(number)[0]["id"]
    note.write_text("second")
    client.workfile.version.add(number, str(note))
    assert client.workfile.version.get(number, first)["version_info"]["content"] == "first"


def test_a_version_is_deleted_but_not_the_last(client: APIClient, number: int, note: Path) -> None:
    added = client.workfile.version.add(number, note)["version_info"]["id"]
    assert client.workfile.version.delete(number, added) is None
    left = client.workfile.version.get_list(number)
    with pytest.raises(ValidationException, match="ONLY_ONE_VERSION"):
        client.workfile.version.delete(number, left[0]["id"])


def test_many_versions_come_in_small_pages(client: APIClient, number: int, note: Path) -> None:
    for _ in range(4):
        client.workfile.version.add(number, note)
    rows = client.workfile.version.get_list(number, per_page=2)
    assert [row["version_num"] for row in rows] == [5, 4, 3, 2, 1]


def test_what_is_not_there_raises(client: APIClient, number: int, note: Path) -> None:
    version = client.workfile.version
    for call in (lambda: version.get_list(9999), lambda: version.add(9999, note)):
        with pytest.raises(WorkfileNotFoundException):
            call()
    for call in (lambda: version.get(number, 9999), lambda: version.delete(number, 9999), lambda: version.get(9999, 1)):
        with pytest.raises(NotFoundException, match="version"):
            call()
    with pytest.raises(LocalFileException):
        version.add(number, note.with_name("none.txt"))


def test_a_workflow_has_no_versions_and_the_message_says_what_to_do(client: APIClient, note: Path) -> None:
    flow = client.workfile.get_id("order_filter", 1)
    with pytest.raises(WorkfileNotFoundException, match="if_exists='replace'"):
        client.workfile.version.add(flow, note)
    assert client.workfile.version.get_list(flow) == []
