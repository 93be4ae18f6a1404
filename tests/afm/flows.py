"""Workflow files to be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CORPUS = Path(os.environ.get("ALPINE_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")


needs_corpus = pytest.mark.skipif(
    not (CORPUS / "flows").is_dir(),
    reason="the real workflow files are neither in ALPINE_CORPUS nor beside the checkout",
)


FLOW = b"""<?xml version="1.0" encoding="UTF-8"?>
<Process Description="two steps" UserName="7" Version="6.3.0.0">
<DataSources>
<DataSource name="warehouse" type="Database">
<Parameter key="url" value="jdbc:postgresql://db.example/demo?user=u&amp;password=hunter2"/>
<Parameter key="password" value="aHVudGVyMg=="/>
<Parameter value="aHVudGVyMg==" key="trustStorePassword"/>
<Parameter key="system" value="Greenplum"/>
</DataSource>
</DataSources>
<Operator X="300" Y="100" name="Row &amp; Filter" type="com.example.field.FilterOperator" uuid="2">
<Note/>
<Parameter value="aHVudGVyMg==" key="password"></Parameter>
<Parameter key="outputTable" value="@default_prefix_0"/>
<RowFilterConditionModel sqlType="nosql" useAll="true">
<RowFilterConditionItem columnName="amount" condition="&gt;" firstValue="@min_amount" secondValue=""/>
<Parameter key="password" value="aHVudGVyMg=="/>
</RowFilterConditionModel>
<Model>ck8wQUJodW50ZXIy</Model>
<advancedSettings><Parameter key="outputTable" value="of spark"/></advancedSettings>
</Operator>
<Operator uuid="1" type="com.example.datasource.DbTableOperator" name="orders" Y="100" X="100"><Note></Note></Operator>
<Operator X="1" Y="1" name="A note" type="com.example.structual.NoteOperator" uuid="3"/>
<Link link-id="L0" source-id="1" target-id="2" source="orders" target="Row &amp; Filter"/>
<Counters next-link-index="1" next-op-index="3"/>
<VariableModel>
<Variable><Name>@min_amount</Name><Value>1</Value></Variable>
<Variable><Name>@min_amount</Name><Value>100</Value></Variable>
<Variable><Name>@ftp_password</Name><Value>hunter2</Value></Variable>
<Variable><Name>@outlook</Name><Value>'rain'</Value></Variable>
</VariableModel>
</Process>
"""


def flow_of(*links: tuple[str, str], operators: str = "abcd") -> bytes:
    nodes = "".join(f'<Operator name="{name}" type="t.{name.upper()}Operator"/>' for name in operators)
    lines = "".join(f'<Link source="{source}" target="{target}"/>' for source, target in links)
    return f"<Process>{nodes}{lines}</Process>".encode()
