"""What a workflow file says: operators, links, data sources and variables."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

from alpine._display import html
from alpine._extras import missing_extra
from alpine.afm import changes, drawing
from alpine.afm.fields import fields_of
from alpine.afm.text import to_text
from alpine.exception import WorkflowFileException

if TYPE_CHECKING:
    from alpine.flows import Findings, Impact, Lineage


@dataclass(frozen=True)
class Link:
    """A link from one operator to the next.

    :param source: Name of the operator that produces the output.
    :param target: Name of the operator that takes it as input.
    """

    source: str
    target: str


@dataclass(frozen=True)
class DataSource:
    """A data source that a workflow was built for.

    :param name: Its name.
    :param type: ``Database`` or ``Hadoop``.
    :param parameters: Its settings, without secrets.
    """

    name: str
    type: str
    parameters: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Operator:
    """One operator (node) of a flow.

    :param name: Its name, unique in the flow and the key of its results.
    :param type: The full class name, as in the file.
    :param uuid: The operator's id in the file.
    :param x: Horizontal position on the canvas; None if the file has none.
    :param y: Vertical position on the canvas; None if the file has none.
    :param parameters: Its own parameters, without secrets.
    :param elements: Its other XML elements, for details beyond the parameters.
    """

    name: str
    type: str
    uuid: str = ""
    x: float | None = None
    y: float | None = None
    parameters: dict[str, str] = field(default_factory=dict, repr=False)
    elements: list[Element] = field(default_factory=list, repr=False, compare=False)

    @property
    def class_name(self) -> str:
        """The class name without its package, such as ``FilterOperator``."""
        return self.type.rpartition(".")[2]

    @property
    def is_note(self) -> bool:
        """Whether this is a note on the canvas, which is not run."""
        return self.class_name == "NoteOperator"


class _Operators(dict[str, Operator]):
    """Operators by name, which show themselves as a table in a notebook."""

    def _repr_html_(self) -> str:
        rows = [
            (name, operator.class_name.removesuffix("Operator"), _in_words(operator.parameters))
            for name, operator in self.items()
        ]
        table = html.table(("operator", "kind", "parameters"), rows) if rows else ""
        return html.block(html.heading(html.count(len(self), "operator")), table)


@dataclass(repr=False)
class Workflow:
    """A workflow file that was read.

    :param name: The file's name without its extension; None if it was not read from a named file.
    :param version: The version of the product that wrote the file.
    :param user_name: The user who wrote the file (a name or an id).
    :param description: Its description.
    :param operators: The operators by name, in the order of the file.
    :param links: The links, in the order of the file.
    :param variables: Default values of the workflow variables, by name (``@min_credit_line``).
    :param data_sources: The data sources that it was built for.
    :param source: What it was read from: a path, or bytes; None if it was neither.
    :param reread: What reads a changed file of it; :func:`read` sets it.
    """

    name: str | None = None
    version: str = ""
    user_name: str = ""
    description: str = ""
    operators: dict[str, Operator] = field(default_factory=_Operators)
    links: list[Link] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    data_sources: list[DataSource] = field(default_factory=list)
    source: Path | bytes | None = field(default=None, compare=False)
    reread: Callable[[bytes], Workflow] | None = field(default=None, repr=False, compare=False)

    def inputs_of(self, name: str) -> list[Operator]:
        """The operators that provide the input of an operator, in the order of the links.

        :param name: Name of an operator.
        :returns: Its inputs; an empty list for a source.
        """
        sources = (link.source for link in self.links if link.target == name)
        return [self.operators[source] for source in dict.fromkeys(sources) if source in self.operators]

    def execution_order(self) -> list[Operator]:
        """The operators in an order in which they can run: each after its inputs, otherwise as in the file; no notes.

        :returns: The operators in order.
        :raises WorkflowFileException: The links form a cycle.
        """
        missing = {name: 0 for name, operator in self.operators.items() if not operator.is_note}
        followers: dict[str, list[str]] = {name: [] for name in missing}
        for source, target in dict.fromkeys((link.source, link.target) for link in self.links):
            if source in missing and target in missing:
                missing[target] += 1
                followers[source].append(target)
        ready = [name for name, count in missing.items() if not count]
        for name in ready:
            for follower in followers[name]:
                missing[follower] -= 1
                if not missing[follower]:
                    ready.append(follower)
        if len(ready) < len(missing):
            circle = ", ".join(repr(name) for name, count in missing.items() if count)
            raise WorkflowFileException(
                f"The links of {self.name or 'this workflow'} form a cycle, so that these operators can never "
                f"start: {circle}. Remove a link between them."
            )
        return [self.operators[name] for name in ready]

    def fields(self, operator: str) -> dict[str, str]:
        """The values of an operator that can be set, by the names of their fields.

        A parameter is named by its key. A field of a model element is named by the path of its elements and, after a
        point, the attribute; a number in brackets says which of several elements is meant.

        :param operator: Name of an operator.
        :returns: The values, in the order of the file.
        :raises InvalidArgumentException: There is no such operator.

        Example::

            >>> flow = afm.read("order_filter.afm")
            >>> values = flow.fields("Row Filter")
            >>> values["RowFilterConditionModel/RowFilterConditionItem.firstValue"]
            '@min_amount'
        """
        return fields_of(changes.operator_of(self, operator))

    def with_variables(self, variables: Mapping[str, object]) -> Workflow:
        """The same workflow with other default values of variables.

        Nothing else in the file changes, not even its white space.

        :param variables: New values by the names of variables, which the workflow has to declare.
        :returns: A new workflow; this one stays as it is.
        :raises InvalidArgumentException: It declares no such variable, or the value cannot be in a file.
        :raises WorkflowFileException: It was not read from a path or bytes, or the file has changed since.

        Example::

            >>> flow = afm.read("order_filter.afm").with_variables({"@min_amount": 200})
            >>> flow.variables["@min_amount"]
            '200'
        """
        return changes.with_variables(self, variables)

    def set(self, operator: str, field: str, value: object) -> Workflow:
        """The same workflow with another value in one field of an operator.

        Nothing else in the file changes, not even its white space.

        :param operator: Name of an operator.
        :param field: The field, as :meth:`fields` names it.
        :param value: The new value, a string or a number.
        :returns: A new workflow; this one stays as it is.
        :raises InvalidArgumentException: There is no such operator or field, it needs a number to be the only one, or
            it is a secret.
        :raises WorkflowFileException: It was not read from a path or bytes, or the file has changed since.

        Example::

            >>> flow = afm.read("order_filter.afm")
            >>> flow = flow.set("Column Filter", "columnNames", "order_id,amount")
            >>> flow.operators["Column Filter"].parameters["columnNames"]
            'order_id,amount'
        """
        return changes.with_field(self, operator, field, value)

    def retarget(
        self, data_sources: Mapping[str, str] | None = None, *, schemas: Mapping[str, str] | None = None
    ) -> Workflow:
        """The same workflow on other data sources and schemas, by their names.

        Data sources are renamed in the operators and in the list of data sources; their addresses stay as they are,
        since a server takes the data sources that are named at the upload. Schemas are renamed in the operators, and in
        the default of ``@default_schema``; text within expressions and scripts stays as it is.

        :param data_sources: New names of data sources by their old ones.
        :param schemas: New names of schemas by their old ones.
        :returns: A new workflow; this one stays as it is.
        :raises InvalidArgumentException: It names no such data source or schema.
        :raises WorkflowFileException: It was not read from a path or bytes, or the file has changed since.

        Example::

            >>> flow = afm.read("order_filter.afm")
            >>> names = {"demo_greenplum": "prod_greenplum"}
            >>> flow = flow.retarget(names, schemas={"demo": "sales"})
            >>> flow.operators["orders"].parameters["schemaName"]
            'sales'
        """
        return changes.retargeted(self, data_sources, schemas)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the workflow to a file; an existing file is replaced once everything is written.

        What was not changed is written byte for byte as it was read, stored models and unknown parts included.

        :param path: The path of the file, or a directory, in which the file is named after the workflow.
        :returns: The path of the file.
        :raises LocalFileException: The file cannot be written.
        :raises WorkflowFileException: It was not read from a path or bytes, or the file has changed since.

        Example::

            >>> flow = afm.read("order_filter.afm").with_variables({"@min_amount": 5})
            >>> flow.save("small_orders.afm").name
            'small_orders.afm'
        """
        return changes.save(self, path)

    def check(self, tables: Any = None) -> Findings:
        """Look for what is wrong before anything runs, and without a server.

        Columns and types are followed through every operator, as the sandbox runs it. What cannot be known, such as
        the columns of a table that is neither given nor declared, is not guessed, and nothing is said of what depends
        on it.

        :param tables: The tables that the flow reads: a dict from names to DataFrames, to paths of files, or to dicts
            of columns and their types; a folder of text and Parquet files, each a table named like its file; a
            ``Sandbox``; or a session, whose server is asked for the columns. Without it, what the flow declares.
        :returns: A list of findings, errors first, which is shown as a table in a notebook.
        :raises InvalidArgumentException: ``tables`` is none of these, or a table cannot be read.
        :raises MissingExtraException: The extra ``sandbox`` is not installed.

        Example::

            >>> flow = afm.read("order_filter.afm")
            >>> flow = flow.set("Column Filter", "columnNames", "order_id,amont")
            >>> columns = {"order_id": "bigint", "region": "text", "amount": "numeric"}
            >>> [finding] = flow.check({"demo.orders": columns})
            >>> finding.operator, finding.field, finding.problem
            ('Column Filter', 'columnNames', "There is no column 'amont'.")
            >>> finding.advice
            "Did you mean 'amount'? The input has: order_id, region, amount."
        """
        findings: Findings = _flows().check(self, tables)
        return findings

    def lineage(self, operator: str, column: str, tables: Any = None) -> Lineage:
        """The columns and expressions that a column comes from, and the columns that decide which rows there are.

        :param operator: Name of an operator.
        :param column: A column of its output.
        :param tables: The tables that the flow reads, as for :meth:`check`.
        :returns: The lineage: ``sources``, ``rows``, ``steps`` and ``unknown``; in a notebook, a drawing.
        :raises InvalidArgumentException: There is no such operator or column.
        :raises MissingExtraException: The extra ``sandbox`` is not installed.

        Example::

            >>> flow = afm.read("order_filter.afm")
            >>> columns = {"order_id": "bigint", "region": "text", "amount": "numeric"}
            >>> found = flow.lineage("Column Filter", "region", {"demo.orders": columns})
            >>> [str(column) for column in found.sources]
            ['demo.orders.region']
            >>> [str(column) for column in found.rows]
            ["demo.orders.amount (filter of 'Row Filter')"]
        """
        found: Lineage = _flows().lineage(self, operator, column, tables)
        return found

    def impact(self, table: str, column: str, tables: Any = None) -> Impact:
        """The operators and columns that change with a column of a table.

        :param table: A table that the flow reads, as ``schema.table``; a file by its path; or the operator.
        :param column: A column of the table.
        :param tables: The tables that the flow reads, as for :meth:`check`.
        :returns: What changes, operator by operator; in a notebook, a drawing.
        :raises InvalidArgumentException: The flow reads no such table, or it has no such column.
        :raises MissingExtraException: The extra ``sandbox`` is not installed.

        Example::

            >>> flow = afm.read("order_filter.afm")
            >>> columns = {"order_id": "bigint", "region": "text", "amount": "numeric"}
            >>> print(flow.impact("demo.orders", "region", {"demo.orders": columns}))
            With demo.orders.region change
              'Row Filter': columns region
              'Column Filter': columns region
              'By Region': columns region; rows, by group of 'By Region'
        """
        found: Impact = _flows().impact(self, table, column, tables)
        return found

    def to_text(self) -> str:
        """The workflow as lines of text, sorted, without positions and stored models: for ``git diff`` and reviews.

        :returns: The text.

        Example::

            >>> afm.read("order_filter.afm").to_text().splitlines()[0]
            'variable @default_delimiter = ,'
        """
        return to_text(self)

    def to_sql(
        self,
        dialect: str = "postgresql",
        *,
        operator: str | None = None,
        tables: Mapping[str, Sequence[str]] | None = None,
    ) -> str:
        """The relational part of the workflow as one script: a query (CTE) for each operator, named after it.

        Sources, row and column filters, variables, aggregations, joins and null replacements of databases have SQL. An
        operator that has none, and what belongs to Hadoop, is named in a comment at the end, with what comes after it.
        Variables have their default values; :meth:`with_variables` gives them others.

        :param dialect: ``postgresql``, which Greenplum understands as well.
        :param operator: The operator whose rows the script gives; by default the last one that has SQL.
        :param tables: The columns of tables, by ``schema.table``, where a null replacement needs them.
        :returns: The script.
        :raises InvalidArgumentException: There is no such dialect or operator, or the operator has no SQL.
        :raises WorkflowFileException: The links form a cycle.
        :raises MissingExtraException: The extra ``sandbox`` is not installed.

        Example::

            >>> flow = afm.read("order_filter.afm")
            >>> print(flow.to_sql(operator="Row Filter"))
            -- order_filter: its operators as queries of PostgreSQL, by name
            WITH
            orders AS (
                SELECT *
                FROM demo.orders
            ),
            ...
        """
        try:
            export = importlib.import_module("alpine.flows.export")
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] in ("", "alpine"):
                raise
            raise missing_extra(str(error.name), "sandbox") from error
        script: str = export.to_sql(self, dialect, operator=operator, tables=tables)
        return script

    def to_svg(self) -> str:
        """A drawing of the workflow.

        :returns: The SVG document, as a string.
        """
        boxes = [drawing.Box(o.name, o.class_name, o.x, o.y) for o in self.operators.values() if not o.is_note]
        return drawing.svg(boxes, [(link.source, link.target) for link in self.links])

    def _repr_svg_(self) -> str:
        return self.to_svg()

    def _repr_html_(self) -> str:
        return self.to_svg()

    def __repr__(self) -> str:
        return (
            f"<Workflow {self.name or 'without a name'}: {len(self.operators)} operators, {len(self.links)} links, "
            f"{len(self.variables)} variables>"
        )


def _flows() -> Any:
    """What understands expressions and operators: it stands above the sandbox, which the client never imports.

    :raises MissingExtraException: The extra is not installed.
    """
    try:
        return importlib.import_module("alpine.flows")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "alpine"):
            raise
        raise missing_extra(package, "sandbox") from error


def _in_words(parameters: dict[str, str]) -> str:
    # Where the output goes is said last: it is seldom what somebody looks for.
    told = sorted(parameters.items(), key=lambda pair: pair[0].startswith(("output", "dropIfExist")))
    return ", ".join(f"{key}: {value}" for key, value in told if value)
