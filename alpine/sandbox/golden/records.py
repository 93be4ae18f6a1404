"""Recorded outputs: a CSV file for each result, and the types of the columns beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from alpine.sandbox.engine.text_files import TextFile
from alpine.sandbox.golden.outputs import OperatorResult, Row

INDEX = "golden.json"
_FORMAT = 1
_NOT_IN_NAMES = re.compile(r"[^\w.\-]+")
_NEEDS_QUOTES = re.compile(r'[",\r\n]')
_LONGEST_NAME = 80


class BadRecord(ValueError):
    """A record that cannot be read."""


def file_name(text: str) -> str:
    """A name as one of a file, on every system.

    >>> file_name("test_region[north / 1]")
    'test_region_north_1'
    """
    return _NOT_IN_NAMES.sub("_", text)[:_LONGEST_NAME].strip("_. ") or "_"


def read(folder: Path, owner: str) -> list[OperatorResult] | None:
    """The results that were recorded in a folder; None where there is no record.

    :param folder: The folder.
    :param owner: The test that the record has to belong to.
    :raises BadRecord: It cannot be read, or belongs to another test.
    """
    document = _index(folder, owner)
    return None if document is None else [_result(folder, entry) for entry in document["results"]]


def write(folder: Path, owner: str, flow: str, results: Sequence[OperatorResult]) -> list[str]:
    """Record results in a folder, in place of those that it has.

    :param folder: The folder.
    :param owner: The test that it belongs to.
    :param flow: The name of the flow.
    :param results: The results.
    :returns: A line for each file that was written, or is gone.
    :raises BadRecord: The folder has the record of another test.
    """
    before = {entry["file"] for entry in (_index(folder, owner) or {"results": []})["results"]}
    folder.mkdir(parents=True, exist_ok=True)
    said, entries = list[str](), list[dict[str, Any]]()
    for result, name in zip(results, _file_names(results), strict=True):
        state = _put(folder / name, _csv(result))
        said.append(f"{name}: {len(result.rows)} rows ({state})")
        columns = dict(zip(result.columns, result.types, strict=True))
        entries.append(
            {
                "operator": result.operator,
                "title": result.title,
                "file": name,
                "is_ordered": result.is_ordered,
                "columns": columns,
            }
        )
    for name in sorted(before - {entry["file"] for entry in entries}):
        (folder / name).unlink(missing_ok=True)
        said.append(f"{name} (removed)")
    document = {"format": _FORMAT, "test": owner, "flow": flow, "results": entries}
    _put(folder / INDEX, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return said


def _put(path: Path, text: str) -> str:
    """Write a file whole or not at all.

    :returns: What was done: ``new``, ``changed`` or ``unchanged``.
    """
    content = text.encode()
    state = "new" if not path.exists() else "unchanged" if path.read_bytes() == content else "changed"
    if state != "unchanged":
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(content)
        part.replace(path)
    return state


def _index(folder: Path, owner: str) -> dict[str, Any] | None:
    path = folder / INDEX
    if not path.is_file():
        return None
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
        known, test = document["format"], document["test"]
        names = [entry["file"] for entry in document["results"]]
    except (ValueError, KeyError, TypeError) as error:
        raise BadRecord(f"{path} cannot be read ({error}). Delete it, and record again.") from error
    if known != _FORMAT:
        raise BadRecord(f"{path} has the format {known}, and this version reads {_FORMAT}. Record again.")
    if test != owner:
        raise BadRecord(
            f"{folder} has the record of another test, {test}. Give this one a name=… of its own, or delete "
            "that record if the test has got another name."
        )
    if any(Path(name).name != name for name in names):
        raise BadRecord(f"{path} names files outside its folder. Delete it, and record again.")
    return document


def _result(folder: Path, entry: dict[str, Any]) -> OperatorResult:
    path = folder / entry["file"]
    try:
        columns, types = tuple(entry["columns"]), tuple(entry["columns"].values())
        if not path.is_file():
            raise BadRecord(f"{path} is missing from the record. Record again.")
        names, data = TextFile.read(path).table(header=True, columns=None, delimiter=",", null_values=())
        if tuple(names) != columns:
            raise BadRecord(f"{path} has other columns than {INDEX} says. Record again.")
        values = [data.column(place).to_pylist() for place in range(len(columns))]
        rows: list[Row] = list(zip(*values, strict=True))
        return OperatorResult(entry["operator"], entry["title"], columns, types, rows, bool(entry["is_ordered"]))
    except BadRecord:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRecord(f"{path} cannot be read as a record ({error}). Record again.") from error


def _file_names(results: Sequence[OperatorResult]) -> Iterator[str]:
    taken: set[str] = set()
    for result in results:
        stem = file_name(f"{result.operator} {result.title}".strip())
        name, number = stem, 1
        # Two names may differ in capitals, or in signs that no file name has.
        while name.lower() in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(name.lower())
        yield f"{name}.csv"


def _csv(result: OperatorResult) -> str:
    lines = [result.columns, *result.rows]
    return "".join(",".join(map(_field, line)) + "\n" for line in lines)


def _field(value: str | None) -> str:
    if value is None:
        return ""
    # An empty string is told from a null by its quotes.
    return '"' + value.replace('"', '""') + '"' if not value or _NEEDS_QUOTES.search(value) else value
