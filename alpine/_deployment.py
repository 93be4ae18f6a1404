"""Deploying a folder of workflows: what would change on the server, and what was deployed before."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alpine._arguments import Id, sent_id
from alpine._constants import flag
from alpine._display import html
from alpine._files import FileSink, local_path, open_file, read_json
from alpine._workfile_names import upload_name
from alpine.datasource import execution_locations
from alpine.exception import AlpineException, InvalidArgumentException, LocalFileException
from alpine.workspace import workspace_id_of

if TYPE_CHECKING:
    from alpine.workfile import Workfile

_FORMAT = 1
_ENDING = ".afm"
_WORKFLOW = "work_flow"
_MODIFIED = "user_modified_at"
_SENT = frozenset({"upload", "replace", "overwrite"})


@dataclass(frozen=True)
class DeploymentStep:
    """What is to be done with one workflow.

    :param file: The name of the file in the folder; empty for a workflow that is only on the server.
    :param name: The name of the workfile on the server.
    :param action: ``upload``, ``replace``, ``overwrite``, ``unchanged``, ``only on the server``, or ``refused``.
    :param why: Why.
    :param workfile_id: The id of the workfile that is there; after the deployment, of the one that was sent.
    """

    file: str
    name: str
    action: str
    why: str
    workfile_id: int | None = None


@dataclass
class Deployment:
    """The plan of a deployment, and once it is done, what was done.

    It prints as a table, and shows itself as one in a notebook.

    :param workspace_id: The workspace.
    :param steps: A step for each workflow of the folder, and for each that is only on the server.
    :param done: Whether the steps were taken.
    :param record: The file that says what was deployed.
    """

    workspace_id: int
    steps: list[DeploymentStep]
    done: bool
    record: Path
    _texts: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)

    @property
    def changes(self) -> list[DeploymentStep]:
        """The steps that send something."""
        return [step for step in self.steps if step.action in _SENT]

    @property
    def refused(self) -> list[DeploymentStep]:
        """The steps that need ``overwrite=True``."""
        return [step for step in self.steps if step.action == "refused"]

    def diff(self, file: str) -> str:
        """How a file differs from what was deployed: as a unified diff of the workflows as text, without secrets.

        :param file: The name of the file in the folder.
        :returns: The difference; empty where there is none.
        :raises InvalidArgumentException: The folder has no such file.
        """
        if file not in self._texts:
            raise InvalidArgumentException(
                f"The deployment has no file {file!r}. It has: {', '.join(self._texts) or 'none'}."
            )
        import difflib  # it takes a while to load

        old, new = (text.splitlines() for text in self._texts[file])
        return "\n".join(difflib.unified_diff(old, new, f"{file} (deployed)", file, lineterm=""))

    def __str__(self) -> str:
        rows = [("file", "on the server", "action", "why"), *self._rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([self._heading(), *lines])

    def _repr_html_(self) -> str:
        return html.block(
            html.heading(self._heading()), html.table(("file", "on the server", "action", "why"), self._rows())
        )

    def _rows(self) -> list[tuple[str, str, str, str]]:
        return [
            (
                step.file or "-",
                f"{step.name} ({step.workfile_id})" if step.workfile_id else step.name,
                step.action,
                step.why,
            )
            for step in self.steps
        ]

    def _heading(self) -> str:
        what = "Deployed to" if self.done else "Plan of a deployment to"
        return f"{what} workspace {self.workspace_id}: {len(self.changes)} of {len(self.steps)} workflows change"


@dataclass(frozen=True)
class _File:
    """A workflow of the folder.

    :param path: Its path.
    :param name: The name of the workfile.
    :param digest: The hash of its content.
    :param text: The workflow as text, without secrets.
    """

    path: Path
    name: str
    digest: str
    text: str


def deploy(
    self: Workfile,
    folder: str | os.PathLike[str],
    workspace_id: Id,
    data_sources_list: list[dict[str, Any]],
    *,
    dry_run: bool = False,
    overwrite: bool = False,
) -> Deployment:
    """Upload the workflows of a folder that have changed since then. Calls ``POST /workspaces/:id/workfiles``.

    What was deployed is recorded in a JSON file beside the folder, such as ``flows.deployed.json``, by server and
    workspace: the hash of each file, the id of its workfile, and the workflow as text, without secrets. The plan comes
    from a comparison with that record and with the workspace, and is logged before anything is sent. A workfile is
    replaced as by :meth:`upload` with ``if_exists="replace"``: it keeps its name, and its id is new. Nothing else is
    deleted.

    :param folder: A local folder; its files that end in ``.afm`` are the workflows, without hidden ones (``.name``) and
        those of folders in it.
    :type folder: str
    :param workspace_id: ID of the workspace, or its name.
    :type workspace_id: int
    :param data_sources_list: The data sources of the workflows, as for :meth:`upload`.
    :type data_sources_list: list
    :param dry_run: Whether to make the plan only.
    :type dry_run: bool
    :param overwrite: Whether workfiles may be replaced that were changed on the server since, or that were not deployed
        from this folder.
    :type overwrite: bool
    :returns: The plan, and after it what was done: it prints as a table.
    :rtype: alpine.Deployment
    :raises WorkspaceNotFoundException: The workspace does not exist.
    :raises DataSourceNotFoundException: A data source or a database of the list does not exist.
    :raises LocalFileException: The folder, a file or the record cannot be read or written.
    :raises WorkflowFileException: A file is not a workflow; nothing was sent.
    :raises InvalidArgumentException: The plan needs ``overwrite=True``, or an argument is wrong; nothing was sent.

    Example:

    >>> source = session.datasource.for_upload("Sandbox Database")
    >>> plan = session.workfile.deploy(
    ...     "afm", workspace_id, [source], dry_run=True, overwrite=True
    ... )
    >>> [(step.file, step.action) for step in plan.changes]
    [('test.afm', 'upload')]
    """
    files, locations = _files_of(folder), [list(each) for each in execution_locations(data_sources_list)]
    is_plan, may_overwrite = bool(flag(dry_run, "dry_run")), bool(flag(overwrite, "overwrite"))
    path = Path(os.path.abspath(local_path(folder, "folder")))  # noqa: PTH100 - links stay as they are
    record = _Record(path.with_name(f"{path.name}.deployed.json"))
    workspace = workspace_id_of(self, workspace_id)
    known = record.of(self.base_url, workspace)
    there = {str(row.get("file_name")): row for row in self.iterate(workspace, per_page=1000)}
    steps = [_step(file, known.get(file.path.name), there.get(file.name), locations, may_overwrite) for file in files]
    steps += _only_there(files, known, there)
    texts = {file.path.name: (str(known.get(file.path.name, {}).get("text", "")), file.text) for file in files}
    plan = Deployment(workspace, steps, done=False, record=record.path, _texts=texts)
    if is_plan:
        return plan
    if plan.refused:
        raise InvalidArgumentException(
            "Nothing was deployed: the server has workfiles that this folder would overwrite. Look at the plan, and "
            f"deploy with overwrite=True if they may be lost.\n{plan}"
        )
    self.logger.info("%s", plan)
    by_name = {file.path.name: file for file in files}
    for place, step in enumerate(steps):
        if step.action in _SENT:
            steps[place] = _sent(self, plan, step, by_name[step.file], data_sources_list, locations, record)
    plan.done = True
    return plan


def _files_of(folder: object) -> list[_File]:
    """The workflows of a folder, by name.

    :raises InvalidArgumentException: It is no path, or two of its files would have one name on the server.
    :raises LocalFileException: There is no such folder.
    :raises WorkflowFileException: A file is no workflow.
    """
    from alpine import afm  # the XML parser is needed only here

    path = local_path(folder, "folder")
    if not os.path.isdir(path):  # noqa: PTH112 - it answers False where pathlib raises
        raise LocalFileException(f"Could not read folder: there is no directory {path}.", filename=str(path))
    files: dict[str, _File] = {}
    for file in sorted(each for each in path.iterdir() if _is_flow(each)):
        name = upload_name(file.name, None).replace(_ENDING, "")
        if name in files:
            raise InvalidArgumentException(f"{files[name].path} and {file} would both be {name!r} on the server.")
        with open_file(file) as opened:
            digest = hashlib.sha256(opened.read()).hexdigest()
        files[name] = _File(file, name, digest, afm.read(file).to_text())
    return list(files.values())


def _is_flow(path: Path) -> bool:
    # Names with a point before them are what editors and macOS put beside a file.
    return path.suffix == _ENDING and not path.name.startswith(".") and path.is_file()


def _step(
    file: _File,
    known: Mapping[str, Any] | None,
    row: Mapping[str, Any] | None,
    locations: list[list[Any]],
    may_overwrite: bool,
) -> DeploymentStep:
    """What is to be done with a file of the folder."""

    def step(action: str, why: str) -> DeploymentStep:
        return DeploymentStep(file.path.name, file.name, action, why, None if row is None else sent_id(row, "workfile"))

    if row is None:
        return step("upload", "it is new" if known is None else "it is no longer on the server")
    overwriting = "overwrite" if may_overwrite else "refused"
    if row.get("file_type", _WORKFLOW) != _WORKFLOW:
        return step(overwriting, "a file of that name is on the server, which is no workflow")
    if known is None:
        return step(overwriting, "it is on the server, and was not deployed from this folder")
    if (known.get("workfile_id"), known.get("modified")) != (sent_id(row, "workfile"), row.get(_MODIFIED)):
        return step(overwriting, "it was changed on the server since it was deployed")
    if known.get("sha256") != file.digest:
        return step("replace", "the file has changed")
    if known.get("data_sources") != locations:
        return step("replace", "the data sources are others")
    return step("unchanged", "it is as it was deployed")


def _only_there(
    files: list[_File], known: Mapping[str, Mapping[str, Any]], there: Mapping[str, Mapping[str, Any]]
) -> Iterator[DeploymentStep]:
    """The workflows that the folder does not have; they stay."""
    here = {file.name for file in files}
    ours = {entry.get("workfile_id") for entry in known.values()}
    for name, row in there.items():
        if row.get("file_type") == _WORKFLOW and name not in here:
            number = sent_id(row, "workfile")
            why = "it was deployed, and is no longer in the folder" if number in ours else "the folder does not have it"
            yield DeploymentStep("", name, "only on the server", why, number)


def _sent(
    workfiles: Workfile,
    plan: Deployment,
    step: DeploymentStep,
    file: _File,
    data_sources_list: list[dict[str, Any]],
    locations: list[list[Any]],
    record: _Record,
) -> DeploymentStep:
    """Send a workflow, and put it on record at once: what comes after it may fail."""
    # A name that was taken meanwhile is an error: with a number added, it would be another workflow.
    mode = "error" if step.action == "upload" else "replace"
    try:
        row = workfiles.upload(plan.workspace_id, file.path, data_sources_list, if_exists=mode)
    except AlpineException as error:
        sent = [each.file for each in plan.steps[: plan.steps.index(step)] if each.action in _SENT]
        error.add_note(f"Of the deployment, {', '.join(sent) or 'nothing'} was sent before {step.file}.")
        raise
    number = sent_id(row, "workfile")
    entry = {
        "sha256": file.digest,
        "workfile_id": number,
        "modified": row.get(_MODIFIED),
        "data_sources": locations,
        "text": file.text,
    }
    record.put(workfiles.base_url, plan.workspace_id, step.file, entry)
    return replace(step, workfile_id=number)


class _Record:
    """What was deployed from a folder, in a JSON file beside it: by server, workspace and file.

    :param path: The file.
    :raises LocalFileException: It is there, and is no such record.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        document = read_json(path) if path.exists() else {"format": _FORMAT, "servers": {}}
        if not isinstance(document, dict) or document.get("format") != _FORMAT or not _is_nested(document):
            raise LocalFileException(
                f"{path} is not the record of a deployment that this version writes. Move it away; what is on the "
                "server then counts as not deployed from this folder.",
                filename=str(path),
            )
        self._document = document

    def of(self, server: str, workspace: int) -> dict[str, dict[str, Any]]:
        """What was deployed to a workspace, by file."""
        files: dict[str, dict[str, Any]] = self._document["servers"].get(server, {}).get(str(workspace), {})
        return files

    def put(self, server: str, workspace: int, file: str, entry: dict[str, Any]) -> None:
        """Put a file on record."""
        files = self._document["servers"].setdefault(server, {}).setdefault(str(workspace), {})
        files[file] = entry
        with FileSink(self.path, self.path.name) as sink:
            sink.start({})
            sink.write((json.dumps(self._document, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode())
            sink.finish()


def _is_nested(document: Mapping[str, Any]) -> bool:
    """Whether a record has entries by server, workspace and file."""
    level: list[Any] = [document.get("servers")]
    for _ in range(3):
        if not all(isinstance(each, dict) for each in level):
            return False
        level = [inner for each in level for inner in each.values()]
    return all(isinstance(each, dict) for each in level)
