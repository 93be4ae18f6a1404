"""Trying a server: the requests of the table, one after another, and what came of each."""

from __future__ import annotations

import re
import secrets
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from urllib3 import encode_multipart_formdata

from alpine._arguments import Id, segment
from alpine._conformance.comparison import Difference, differences, form_of, is_enveloped, rows_of, value_at
from alpine._conformance.expectation import Expectation, Keep, Kind, Upload
from alpine._conformance.report import ConformanceReport, Line, Verdict
from alpine._conformance.table import DELETING, EXPECTATIONS, READING, REMOVING, WRITING
from alpine._http.body import Body, BytesBody
from alpine._http.refusal import exception_for
from alpine._http.request import Request, Response
from alpine._pager import Listing
from alpine._version import __version__
from alpine.alpineobject import ENGINE, AlpineObject
from alpine.exception import AlpineException, InvalidResponseException
from alpine.workspace import Workspace, workspace_id_of

_PATIENCE = 60.0
"""Seconds that a request may take; it is not sent again, so that what a server does at times is seen."""
_SILENCE = 3
"""So many requests in a row without a response mean that there is no server any more."""
_NAME = re.compile(r"\{(\w+)\}")
_NO_RECORD = "there is no record to try it with"
_READING_ONLY = "reading only"
_LOGIN = next(each for each in READING if each.endpoint == "GET /sessions")


class Trial(AlpineObject):
    """One trial of a server."""

    def run(self, *, write: bool, workspace: Id | None) -> ConformanceReport:
        """Try all that may be tried."""
        self._lines: dict[Expectation, Line] = {}
        self._silent, self._version = 0, ""
        self._without_rows: set[Expectation] = set()
        found: dict[str, Any] = {}
        if workspace is not None:
            found["workspace"] = self._number_of(workspace)
        self._try_all(READING, found)
        if write:
            self._write(found)
        for expectation in EXPECTATIONS:
            why = expectation.never or (_NO_RECORD if write else _READING_ONLY)
            self._lines.setdefault(expectation, _line(expectation, Verdict.NOT_TRIED, why=why))
        lines = tuple(self._lines[expectation] for expectation in EXPECTATIONS)
        return ConformanceReport(__version__, self._version, write, lines)

    def _number_of(self, workspace: Id) -> int:
        number = workspace_id_of(self, workspace)
        # That its response differs is for the report to say; that there is none is not a difference.
        with suppress(InvalidResponseException):
            Workspace._beside(self).get(number)
        return number

    def _write(self, found: Mapping[str, Any]) -> None:
        """Create and delete in a workspace that is removed whatever happens."""
        # What is written to and deleted is named by these alone, so that nothing of anybody else's is touched.
        own = {name: found[name] for name in ("me", "database", "database_type", "dataset") if name in found}
        own["own_name"] = f"conformance {secrets.token_hex(8)}"
        made = True
        try:
            made = self._create(own)
            if "workspace" in own:
                self._try_all(WRITING[1:], own)
                self._try_all([each for each in READING if self._may_show_more(each)], own)
                self._try_all(DELETING, own)
        finally:
            if made:
                self._remove(own)

    def _may_show_more(self, expectation: Expectation) -> bool:
        """Whether it was not tried, or has shown no row, for lack of the records that are there now."""
        line = self._lines[expectation]
        return line.why == _NO_RECORD or (line.verdict is Verdict.AS_EXPECTED and expectation in self._without_rows)

    def _create(self, own: dict[str, Any]) -> bool:
        """Create the workspace, and say whether it may be there now."""
        response = self._try(WRITING[0], own)
        rows = rows_of(response.body) if response is not None else []
        if not any(row.get("name") == own["own_name"] for row in rows):
            # What is not known to be the new one is not deleted by its number.
            own.pop("workspace", None)
        return response is None or not 400 <= response.status < 500

    def _remove(self, own: dict[str, Any]) -> None:
        name = own["own_name"]
        try:
            if "workspace" not in own:
                # The response that told its id was lost, or told none.
                listing = Listing("workspaces", "look for the workspace of the conformance check")
                named = (row.get("id") for row in self._iterate(listing, 1000) if row.get("name") == name)
                numbers = [number for number in named if isinstance(number, int)]
                own |= {"workspace": numbers[0]} if numbers else {}
            if "workspace" in own:
                self._silent = 0
                self._try(REMOVING, own)
                self._confirm(own["workspace"], name)
        except (AlpineException, OSError) as error:
            _warn(name, f"{type(error).__name__}")

    def _confirm(self, number: int, name: str) -> None:
        response = self._sent(Request("GET", f"workspaces/{number}", "look for the workspace"))
        if response.status != 404:
            _warn(name, f"status {response.status}")

    def _try_all(self, expectations: Iterable[Expectation], ids: dict[str, Any]) -> None:
        for expectation in expectations:
            self._try(expectation, ids)

    def _try(self, expectation: Expectation, ids: dict[str, Any]) -> Response | None:
        needed = _NAME.findall(f"{expectation.path} {expectation.params} {_shown(expectation.sends)}")
        if not all(name in ids for name in needed):
            self._lines[expectation] = _line(expectation, Verdict.NOT_TRIED, why=_NO_RECORD)
            return None
        params = _filled(expectation.params, ids)
        request = Request(
            expectation.method,
            _NAME.sub(lambda name: segment(ids[name[1]]), expectation.path),
            f"try {expectation.endpoint}",
            params=params,
            body=_body(expectation, ids),
            engine=expectation.engine,
            anonymous=expectation.anonymous,
        )
        try:
            response = self._sent(request)
        except AlpineException as error:
            self._silent += error.status_code is None
            if self._silent >= _SILENCE or len(self._lines) == 0:
                raise
            seen = "no response" if error.status_code is None else f"status {error.status_code}"
            self._lines[expectation] = _line(
                expectation, Verdict.DIFFERS, [Difference(f"status {expectation.status}", seen)]
            )
            return None
        self._silent = 0
        if response.status == 401 and not expectation.anonymous and (self.token is None or expectation is _LOGIN):
            if self.token is not None:
                # Nothing can be learnt with a login that has expired.
                raise exception_for(response, self._transport.clean)
            self._lines[expectation] = _line(expectation, Verdict.NOT_TRIED, why="nobody is logged in")
            return None
        self._lines[expectation] = _judged(expectation, params, response)
        if 200 <= response.status < 300:
            rows = rows_of(response.body)
            _keep(expectation.keeps, rows, ids)
            if not rows and expectation.answer.kind in {Kind.LIST, Kind.PAGED}:
                self._without_rows.add(expectation)
        if expectation is READING[0] and response.status == expectation.status:
            version = re.match(rb"\d{1,3}\.\d{1,3}(?=\D)", response.body)
            self._version = version[0].decode() if version else ""
        return response

    def _sent(self, request: Request) -> Response:
        root = f"{self._root}/{ENGINE}" if request.engine else self.base_url
        values = {name: getattr(request, name) for name in ("params", "body", "engine", "anonymous")}
        return self._transport.send(
            Request(request.method, request.path, request.action, root=root, deadline=_PATIENCE, **values)
        )


def _judged(expectation: Expectation, params: Mapping[str, object], response: Response) -> Line:
    status, body = response.status, response.body
    if status == expectation.status:
        is_missing = status == 404 and not is_enveloped(body)
        if not is_missing:
            found = list(differences(expectation, params, body))
            return _line(expectation, Verdict.DIFFERS if found else Verdict.AS_EXPECTED, found)
    wanted, form = f"status {expectation.status}", form_of(body)
    if status == 404 and not expectation.engine and not is_enveloped(body):
        return _line(expectation, Verdict.MISSING, [Difference(wanted, f"status 404, {form}, as of no endpoint")])
    if status == 403 and (is_enveloped(body) or form in {"nothing", "JSON: object"}):
        return _line(expectation, Verdict.NOT_TRIED, why="this user may not, or the licence does not cover it (403)")
    return _line(expectation, Verdict.DIFFERS, [Difference(wanted, f"status {status}, {form}")])


def _line(expectation: Expectation, verdict: Verdict, found: Iterable[Difference] = (), *, why: str = "") -> Line:
    pairs = list(found)
    expected, seen = ("; ".join(getattr(pair, name) for pair in pairs) for name in ("expected", "seen"))
    return Line(expectation.endpoint, expectation.what, verdict, expected, seen, why)


def _keep(keeps: Iterable[Keep], rows: list[dict[str, Any]], ids: dict[str, Any]) -> None:
    for keep in keeps:
        for row in rows:
            fits = keep.where is None or (row.get(keep.where[0]) in keep.where[1]) is not keep.unless
            value = value_at(row, keep.key)
            if fits and isinstance(value, int | str) and not isinstance(value, bool):
                ids.setdefault(keep.name, value)
                break


def _filled(document: Any, ids: Mapping[str, Any]) -> Any:
    """A document with the ids in their places."""
    if isinstance(document, Mapping):
        return {key: _filled(value, ids) for key, value in document.items()}
    if isinstance(document, list):
        return [_filled(value, ids) for value in document]
    name = _NAME.fullmatch(document) if isinstance(document, str) else None
    return ids[name[1]] if name else document


def _shown(sends: object) -> str:
    return str(sends.fields) if isinstance(sends, Upload) else str(sends)


def _body(expectation: Expectation, ids: Mapping[str, Any]) -> Body | None:
    sends = expectation.sends
    if isinstance(sends, Upload):
        fields = [(key, str(value)) for key, value in _filled(sends.fields, ids).items()]
        file = (sends.file_field, (sends.name, sends.content, "application/octet-stream"))
        return BytesBody(*encode_multipart_formdata([*fields, file]))
    return None if sends is None else BytesBody.json(_filled(sends, ids))


def _warn(name: str, why: str) -> None:
    warnings.warn(
        f"The workspace {name!r} of the conformance check may still be on the server ({why}): delete it there.",
        stacklevel=2,
    )
