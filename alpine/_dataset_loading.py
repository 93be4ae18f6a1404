"""A table that is loaded into the sandbox of a workspace: uploaded as CSV, imported, waited for, counted."""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpine._arguments import nearest, sent_id
from alpine._cancelling import broken_off
from alpine._display.progress import Progress
from alpine._display.records import Record
from alpine._http.body import BytesBody, MultipartBody
from alpine._http.deadline import limited
from alpine._http.request import Request
from alpine._runs.polling import LAST_LOOK, time_for, wait_for
from alpine._sql import count_rows
from alpine._tables import frame_file, proposal
from alpine._tables.frame_file import is_frame
from alpine._tables.proposal import FileFacts
from alpine.alpineobject import AlpineObject
from alpine.exception import (
    AlpineException,
    DatasetNotFoundException,
    FeatureNotFoundException,
    InvalidArgumentException,
    LoadFailureException,
    OutcomeUnknownException,
    RequestTimeoutException,
    WorkspaceNotFoundException,
)

__all__ = ["IF_EXISTS", "Load", "checked_table", "checked_types", "is_frame", "load"]

FEATURE = "CSV import"
IF_EXISTS = ("error", "append", "replace")
_LONGEST_NAME = 63
_OTHER_DELIMITERS = (";", "\t", "|", ",")
_TYPE = re.compile(r"[A-Za-z_][\w ]*(\(\s*\d+\s*(,\s*\d+\s*)?\))?[\w ]*(\[\])*")
_STARTED, _FAILED = "FileImportCreated", "FileImportFailed"
_FOUND_WITHIN = 30.0
"""Seconds within which the event of an import has to be there, which the server notes before it responds."""
_GAP = 10.0


@dataclass(frozen=True)
class Load:
    """What is loaded, and where.

    :param workspace: The workspace.
    :param table: The table.
    :param if_exists: What happens to rows that are there.
    :param types: Types that the user gives to columns.
    :param names: Names of the columns of a file, in place of those in its header.
    :param delimiter: What parts the fields of a file.
    :param header: Whether the first row of a file holds names.
    """

    workspace: int
    table: str
    if_exists: str = "error"
    types: Mapping[str, str] | None = None
    names: Sequence[str] | None = None
    delimiter: str = ","
    header: bool = True


def checked_table(name: str) -> str:
    """A name that a table of a sandbox can have.

    :raises InvalidArgumentException: It cannot.
    """
    if "." in name or '"' in name or not name.isprintable() or name != name.strip():
        raise InvalidArgumentException(
            f"table must be the name of a table, without schema and quotes, not {name!r}: it is made in the "
            "workspace's sandbox."
        )
    if len(name.encode()) > _LONGEST_NAME:
        raise InvalidArgumentException(f"table must have at most {_LONGEST_NAME} bytes, as databases cut the rest off.")
    return name


def checked_types(types: object) -> dict[str, str]:
    """Types of columns, by PostgreSQL's names.

    :raises InvalidArgumentException: They are none.
    """
    if not isinstance(types, Mapping):
        raise InvalidArgumentException(f"types must be a dict of column and type, not {type(types).__name__}.")
    for column, kind in types.items():
        # The server puts it into its SQL as it is.
        if not isinstance(column, str) or not isinstance(kind, str) or not _TYPE.fullmatch(kind.strip()):
            raise InvalidArgumentException(
                f"types must name types as PostgreSQL does, such as 'numeric(10,2)', not {column!r}: {kind!r}."
            )
    return {str(column): str(kind).strip() for column, kind in types.items()}


def load(resource: AlpineObject, source: Any, wanted: Load, verbose: bool, timeout: float) -> Record:
    """Load a file, a DataFrame or an Arrow table; gives the dataset."""
    return _Loading(resource, wanted, timeout).load(source, verbose)


class _Loading:
    """One load on its way."""

    def __init__(self, resource: AlpineObject, wanted: Load, timeout: float) -> None:
        self._resource, self._wanted, self._timeout = resource, wanted, timeout
        self._clock = resource._transport.clock
        self._action = f"load the table {wanted.table!r} into workspace {wanted.workspace}"
        self._began = self._clock.now()

    def load(self, source: Any, verbose: bool) -> Record:
        with Progress(verbose) as progress:

            def tell(words: str) -> None:
                return progress.update(self._elapsed, words)

            tell("reading")
            with _file(source, self._wanted) as (path, facts):
                self._check_names(facts)
                schema = self._schema()
                there = self._existing()
                has_rows = there is not None and self._wanted.if_exists == "append"
                before = self._counted(schema) if has_rows else 0
                types = self._types(facts, there)
                tell(f"uploading {facts.rows:,} rows")
                name = f"{self._wanted.table}_{secrets.token_hex(8)}.csv"
                csv_id = self._upload(path, name)
            tell("importing")
            event = self._started(csv_id, name, facts, types, there is not None)
            dataset_id = self._ended(event, name, facts, progress)
            tell("counting")
            self._compare(schema, facts.rows, before)
            record = self._dataset(dataset_id)
            progress.finish(self._elapsed, f"{facts.rows:,} rows are in {self._wanted.table}")
        record["loaded_rows"] = facts.rows
        return record

    @property
    def _elapsed(self) -> float:
        return self._clock.now() - self._began

    @property
    def _left(self) -> float:
        return self._timeout - self._elapsed

    def _check_names(self, facts: FileFacts) -> None:
        if not facts.columns:
            raise InvalidArgumentException(f"Could not {self._action}: there are no columns.")
        seen: set[str] = set()
        for place, name in enumerate(facts.columns, 1):
            if not name or "\x00" in name:
                raise InvalidArgumentException(f"Could not {self._action}: column {place} has no name. Give it one.")
            if name in seen:
                raise InvalidArgumentException(
                    f"Could not {self._action}: two columns are called {name!r}. Rename one of them."
                )
            if len(name.encode()) > _LONGEST_NAME:
                raise InvalidArgumentException(
                    f"Could not {self._action}: the name of column {place}, {name!r}, is longer than {_LONGEST_NAME} "
                    "bytes, and databases cut the rest off. Shorten it."
                )
            seen.add(name)
        for name in self._wanted.types or {}:
            if name not in seen:
                raise InvalidArgumentException(
                    f"types names a column {name!r} that there is not.{nearest(name, seen)} The columns are: "
                    f"{', '.join(facts.columns[:50])}."
                )

    def _schema(self) -> Mapping[str, Any]:
        """The schema of the workspace's own tables."""
        path = f"workspaces/{self._wanted.workspace}"
        action = f"get workspace {self._wanted.workspace}"
        workspace = self._resource._one(Request("GET", path, action, errors={404: WorkspaceNotFoundException}))
        schema = workspace.get("sandbox_info")
        if not isinstance(schema, dict):
            raise LoadFailureException(
                f"Could not {self._action}: the workspace has no sandbox, which is the schema of its own tables. Give "
                f"it one: session.dataset.in_workspace.create_sandbox({self._wanted.workspace}, data_source, schema)."
            )
        self._resource._require(
            Request(
                "POST",
                "workspaces/0/csv",
                self._action,
                body=BytesBody.json({"csv": {}}),
                idempotent=True,
                feature=FEATURE,
            )
        )
        return schema

    def _existing(self) -> int | None:
        """The number of the table, if it is there."""
        params = {"entity_subtype": "SANDBOX_DATASET", "name_pattern": self._wanted.table, "per_page": 1000}
        path = f"workspaces/{self._wanted.workspace}/datasets"
        rows, _ = self._resource._rows(Request("GET", path, self._action, params=params, feature="datasets"))
        number = next((sent_id(row, "dataset") for row in rows if row.get("object_name") == self._wanted.table), None)
        if number is not None and self._wanted.if_exists == "error":
            raise LoadFailureException(
                f"Could not {self._action}: it is there already. Nothing was sent; if_exists='append' adds the rows to "
                "it, 'replace' empties it first."
            )
        return number

    def _types(self, facts: FileFacts, there: int | None) -> list[str]:
        """The types of the columns: those of a table that is there, those that are given, those of the data."""
        known: dict[str, str] = {}
        if there is not None:
            path = f"datasets/{there}/columns"
            rows, _ = self._resource._rows(
                Request("GET", path, self._action, params={"per_page": 1000}, feature="datasets")
            )
            known = {str(row.get("name")): str(row.get("data_type")) for row in rows}
            for name in facts.columns:
                if name not in known:
                    raise LoadFailureException(
                        f"Could not {self._action}: the table has no column {name!r}.{nearest(name, known)} Its "
                        f"columns are: {', '.join(list(known)[:50])}. Nothing was sent."
                    )
        types = dict(zip(facts.columns, facts.types, strict=True)) | (dict(self._wanted.types or {})) | known
        return [types[name] for name in facts.columns]

    def _upload(self, path: Path, name: str) -> int:
        with limited(max(self._left, LAST_LOOK), advice="Pass a longer timeout to give it more time."):
            record = self._resource._one(
                Request(
                    "POST",
                    f"workspaces/{self._wanted.workspace}/csv",
                    self._action,
                    body=MultipartBody([], "csv[contents]", path, name),
                    errors={404: WorkspaceNotFoundException},
                    # A file that nobody imports is forgotten after a day.
                    idempotent=True,
                    feature=FEATURE,
                )
            )
        return sent_id(record, "CSV file")

    def _started(self, csv_id: int, name: str, facts: FileFacts, types: list[str], is_there: bool) -> Mapping[str, Any]:
        """Begin the import, and find the event that tells its number: the response does not."""
        document = {
            "to_table": self._wanted.table,
            "new_table": self._wanted.if_exists == "error",
            "truncate": self._wanted.if_exists == "replace" and is_there,
            "column_names": facts.columns,
            "types": types,
            "delimiter": self._wanted.delimiter,
            "has_header": self._wanted.header,
        }
        path = f"workspaces/{self._wanted.workspace}/csv/{csv_id}/imports"
        check = f"Look whether the table {self._wanted.table!r} is there, and whole, before you load it again."
        request = Request(
            "POST",
            path,
            self._action,
            body=BytesBody.json({"csv_import": document}),
            how_to_check=check,
            feature=FEATURE,
        )
        lost: AlpineException | None = None
        try:
            self._resource._request(request)
        except OutcomeUnknownException as error:
            # The event tells whether it has begun.
            lost = error

        def ask(_: float) -> Mapping[str, Any] | None:
            return next(
                (event for event in self._events() if event.get("action") == _STARTED and self._is_of(event, name)),
                None,
            )

        found = wait_for(ask, self._clock, longest_gap=1, timeout=min(max(self._left, 0), _FOUND_WITHIN))
        if found.value is None:
            raise (
                lost
                or found.last_error
                or LoadFailureException(
                    f"Could not find out how the import of {self._wanted.table!r} goes: the server tells nothing of it "
                    f"in the activities of workspace {self._wanted.workspace}. {check}"
                )
            )
        return found.value

    def _ended(self, event: Mapping[str, Any], name: str, facts: FileFacts, progress: Progress) -> int | None:
        """Wait for the end of the import, and give the table's number where the server tells it."""
        event_id, import_id = sent_id(event, "event"), event.get("reference_id")
        cancel = Request(
            "PUT",
            "imports",
            f"break off the import of {self._wanted.table!r}",
            body=BytesBody.json({"id": [import_id], "dataset_import": {"message": "broken off by the client"}}),
            idempotent=True,
        )
        old = event.get("dataset")
        known = sent_id(old, "dataset") if isinstance(old, dict) and old.get("id") is not None else None

        def ask(elapsed: float) -> int | None:
            progress.update(self._elapsed, "importing")
            with limited(time_for(left - elapsed), advice=""):
                if known is None:
                    return self._made(event_id, name)
                return known if self._is_over(known, import_id, name) else None

        left = max(self._left, 0)
        try:
            with broken_off(self._resource, cancel):
                over = wait_for(ask, self._clock, longest_gap=_GAP, timeout=left)
                if over.value is None:
                    more = f" The last error: {over.last_error}" if over.last_error else ""
                    raise RequestTimeoutException(
                        f"The import of {facts.rows:,} rows into {self._wanted.table!r} was not over after "
                        f"{self._timeout:g} s; it was asked to stop, and may go on. Pass a longer timeout to give it "
                        f"more time.{more}"
                    )
        except BaseException as error:
            if not isinstance(error, AlpineException):
                error.add_note(
                    f"The import into the table {self._wanted.table!r} was asked to stop. Look whether the table is "
                    "there before you load it again."
                )
            raise
        return over.value

    def _made(self, event_id: int, name: str) -> int | None:
        """The number of a table that the import makes; its event names it once the import has succeeded."""
        event = self._resource._one(Request("GET", f"activities/{event_id}", self._action, feature="activities"))
        dataset = event.get("dataset")
        if isinstance(dataset, dict) and dataset.get("id") is not None:
            return sent_id(dataset, "dataset")
        self._raise_failure(name, is_there=False)
        return None

    def _is_over(self, dataset: int, import_id: object, name: str) -> bool:
        """Whether the import into a table that was there before is over, and went well."""
        path = f"workspaces/{self._wanted.workspace}/datasets/{dataset}/imports"
        rows, _ = self._resource._rows(Request("GET", path, self._action, params={"per_page": 100}, feature=FEATURE))
        row = next((row for row in rows if row.get("id") == import_id), None)
        if row is None or row.get("completed_stamp") is None:
            return False
        if row.get("success"):
            return True
        self._raise_failure(name, is_there=True)
        raise self._failed("the server does not say why", is_there=True)

    def _raise_failure(self, name: str, *, is_there: bool) -> None:
        for event in self._events():
            if event.get("action") == _FAILED and self._is_of(event, name):
                message = str(event.get("error_message") or event.get("error_objects") or "")
                raise self._failed(message or "the server does not say why", is_there=is_there)

    def _failed(self, message: str, *, is_there: bool) -> LoadFailureException:
        advice = "The table keeps its own types: load the rows into another table to give them other types."
        if not is_there:
            outcome = "No table was made."
            advice = "Types that fit can be given by types={'column': 'text'}."
        elif self._wanted.if_exists == "replace":
            outcome = "The table was emptied before, and has no rows now."
        else:
            outcome = "None of the rows was added."
        reason = message.rstrip(". ")
        return LoadFailureException(
            f"Could not {self._action}: {reason}. {outcome} {advice}", server_message=message or None
        )

    def _events(self) -> list[dict[str, Any]]:
        params = {"entity_type": "workspace", "entity_id": self._wanted.workspace, "page": 1, "per_page": 50}
        rows, _ = self._resource._rows(Request("GET", "activities", self._action, params=params, feature="activities"))
        return rows

    def _is_of(self, event: Mapping[str, Any], name: str) -> bool:
        """Whether an event is about this import; the name of the file is like no other."""
        told = event.get("file_name")
        return event.get("destination_table") == self._wanted.table and told in (None, name)

    def _counted(self, schema: Mapping[str, Any]) -> int | None:
        try:
            return count_rows(self._resource, self._wanted.workspace, schema, self._wanted.table)
        except FeatureNotFoundException:
            return None

    def _compare(self, schema: Mapping[str, Any], rows: int, before: int | None) -> None:
        """Make sure that the table has as many rows as were sent."""
        now = self._counted(schema)
        if now is None or before is None:
            self._resource.logger.warning(
                "The rows of %r were not counted: this server runs no SQL. %d were sent.", self._wanted.table, rows
            )
        elif now != before + rows:
            more = f", and had {before:,} before" if before else ""
            raise LoadFailureException(
                f"The table {self._wanted.table!r} has {now:,} rows{more}, but {rows:,} were sent: the server has read "
                "the file in another way, or somebody else has written to the table. Look at its rows before "
                "you use them; if_exists='replace' loads it anew.",
                rows=now,
            )

    def _dataset(self, number: int | None) -> Record:
        return self._resource._one(
            Request(
                "GET",
                f"datasets/{number}",
                f"get dataset {number}",
                errors={404: DatasetNotFoundException},
                feature="datasets",
            )
        )


@contextmanager
def _file(source: Any, wanted: Load) -> Iterator[tuple[Path, FileFacts]]:
    """The CSV file that travels, and what is in it."""
    if isinstance(source, Path):
        facts = proposal.look_at(source, wanted.delimiter, wanted.names, header=wanted.header)
        if wanted.names is None and wanted.header:
            _check_delimiter(source, wanted.delimiter, facts.columns)
        yield source, facts
        return
    with tempfile.TemporaryDirectory(prefix="alpine-load-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "table.csv"
        yield path, frame_file.write(source, path)


def _check_delimiter(path: Path, delimiter: str, columns: Sequence[str]) -> None:
    """Refuse a header that would be several columns with another delimiter: each row would be one text."""
    other = next((sign for sign in _OTHER_DELIMITERS if len(columns) == 1 and sign in columns[0]), None)
    if other is not None:
        raise InvalidArgumentException(
            f"With the delimiter {delimiter!r} {path} has one column, {columns[0]!r}. Pass delimiter={other!r}; or "
            "columns=['name'], if it is one column."
        )
